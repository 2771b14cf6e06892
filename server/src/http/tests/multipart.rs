use actix_web::dev::ServiceResponse;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, web};
use serde::Deserialize;

use super::{json_body, problem_of};
use crate::http::Problem;
use crate::http::extract::BodyLimits;
use crate::http::metrics::Metrics;
use crate::http::multipart::{Content, METADATA_BYTES_MAX, Room, Upload};

const LIMIT: u64 = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    title: String,
}

async fn read_all(
    mut content: Content,
) -> Result<(Vec<u8>, Option<String>, Option<String>), Problem> {
    let mut all = vec![];
    while let Some(piece) = content.piece().await {
        all.extend_from_slice(&piece?);
    }
    let name = content
        .file_name
        .as_ref()
        .map(|name| name.as_str().to_owned());
    Ok((
        all,
        name,
        content.media_type.as_ref().map(ToString::to_string),
    ))
}

async fn receive(upload: Upload) -> Result<HttpResponse, Problem> {
    let received = upload
        .read::<Metadata, _>(async |early, content| {
            let early = early.map(|metadata| metadata.title.clone());
            Ok((early, read_all(content).await?))
        })
        .await?;
    let (early, (bytes, name, media)) = received.content;
    Ok(HttpResponse::Created().json(serde_json::json!({
        "title": received.metadata.title, "early": early, "name": name, "media": media,
        "content": String::from_utf8_lossy(&bytes),
    })))
}

async fn lazy(upload: Upload) -> Result<HttpResponse, Problem> {
    upload
        .read::<Metadata, _>(async |_, _content| Ok(()))
        .await?;
    Ok(HttpResponse::Created().finish())
}

fn part(head: &str, body: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
}

fn content(body: &str) -> String {
    part(
        "name=\"content\"; filename=\"Antrag.pdf\"\r\nContent-Type: application/pdf",
        body,
    )
}

fn metadata(body: &str) -> String {
    part("name=\"metadata\"\r\nContent-Type: application/json", body)
}

async fn send(path: &str, parts: &[String]) -> ServiceResponse {
    send_into(Room::new(|| None, 100), path, parts).await
}

async fn send_into(room: Room, path: &str, parts: &[String]) -> ServiceResponse {
    let limits = BodyLimits {
        json_bytes_max: 10,
        upload_bytes_max: LIMIT,
    };
    let app = init_service(
        App::new()
            .app_data(Data::new(limits))
            .app_data(Data::new(room))
            .route("/", web::post().to(receive))
            .route("/lazy", web::post().to(lazy)),
    )
    .await;
    let request = TestRequest::post()
        .uri(path)
        .insert_header(("content-type", "multipart/form-data; boundary=XX"))
        .insert_header(("content-length", parts.concat().len()))
        .set_payload(parts.concat());
    call_service(&app, request.to_request()).await
}

const END: &str = "--XX--\r\n";

#[actix_web::test]
async fn content_without_room_is_refused_before_it_begins() {
    let parts = [
        metadata(r#"{"title":"T"}"#),
        content("%PDF"),
        END.to_owned(),
    ];
    let length = u64::try_from(parts.concat().len()).expect("small");
    let into = async |free: Option<u64>| {
        let answer = send_into(Room::new(move || free, 100), "/", &parts).await;
        answer.status().as_u16()
    };
    assert_eq!(into(None).await, 201, "nobody knows");
    assert_eq!(into(Some(100 + length)).await, 201);
    assert_eq!(into(Some(100 + length - 1)).await, 507);
    assert_eq!(into(Some(0)).await, 507);
}

#[actix_web::test]
async fn metadata_may_come_before_or_after_the_content() {
    let title = metadata(r#"{"title":"T"}"#);
    let before = send(
        "/",
        &[title.clone(), content("%PDF\r\n--X"), END.to_owned()],
    )
    .await;
    assert_eq!(before.status(), 201);
    let before = json_body(before).await;
    assert_eq!(before["early"], "T");
    let after = json_body(send("/", &[content("%PDF\r\n--X"), title, END.to_owned()]).await).await;
    assert_eq!(after["early"], serde_json::Value::Null);
    for answer in [before, after] {
        assert_eq!(answer["title"], "T");
        assert_eq!(answer["content"], "%PDF\r\n--X");
        assert_eq!(answer["name"], "Antrag.pdf");
        assert_eq!(answer["media"], "application/pdf");
    }
}

#[actix_web::test]
async fn parts_that_are_missing_doubled_or_unknown_are_named() {
    let title = metadata(r#"{"title":"T"}"#);
    let cases = [
        (vec![title.clone()], "content", "required"),
        (
            vec![title.clone(), title.clone(), content("x")],
            "metadata",
            "duplicate",
        ),
        (
            vec![content("x"), content("y"), title.clone()],
            "content",
            "duplicate",
        ),
        (
            vec![title.clone(), part("name=\"extra\"", "x")],
            "extra",
            "unknown",
        ),
    ];
    for (mut parts, name, code) in cases {
        parts.push(END.to_owned());
        let (status, slug, body) = problem_of(send("/", &parts).await).await;
        assert_eq!(
            (status, slug.as_str()),
            (400, "malformed-multipart"),
            "{name} {code}"
        );
        assert_eq!(body["errors"][0]["part"], name);
        assert_eq!(body["errors"][0]["code"], code);
    }
}

#[actix_web::test]
async fn missing_metadata_counts_as_an_empty_object() {
    let (status, _, body) = problem_of(send("/", &[content("x"), END.to_owned()]).await).await;
    assert_eq!(status, 422);
    assert_eq!(body["errors"][0]["pointer"], "/title");
}

#[actix_web::test]
async fn wrong_metadata_is_pointed_at() {
    let parts = [metadata(r#"{"title":1}"#), content("x"), END.to_owned()];
    let (status, _, body) = problem_of(send("/", &parts).await).await;
    assert_eq!(
        (status, &body["errors"][0]["pointer"]),
        (422, &"/title".into())
    );
    let parts = [metadata("{"), content("x"), END.to_owned()];
    assert_eq!(
        problem_of(send("/", &parts).await).await.1,
        "malformed-json"
    );
}

#[actix_web::test]
async fn content_and_metadata_have_limits() {
    let title = metadata(r#"{"title":"T"}"#);
    let exactly = "x".repeat(1000);
    let answer = send("/", &[title.clone(), content(&exactly), END.to_owned()]).await;
    assert_eq!(answer.status(), 201);
    let more = "x".repeat(1001);
    let (status, _, body) =
        problem_of(send("/", &[title, content(&more), END.to_owned()]).await).await;
    assert_eq!((status, &body["limit"]), (413, &LIMIT.into()));
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(METADATA_BYTES_MAX));
    let (status, _, body) =
        problem_of(send("/", &[metadata(&long), content("x"), END.to_owned()]).await).await;
    assert_eq!(
        (status, &body["errors"][0]["part"]),
        (413, &"metadata".into())
    );
}

#[actix_web::test]
async fn an_upload_that_ends_early_is_refused() {
    let title = metadata(r#"{"title":"T"}"#);
    let open = content("half").trim_end().to_owned();
    for parts in [
        vec![title.clone(), open],
        vec![title.clone(), content("x")],
        vec![],
    ] {
        let answer = send("/", &parts).await;
        // A last boundary that is missing after a complete part is forgiven by the parser.
        if answer.status() != 201 {
            assert_eq!(
                problem_of(answer).await.1,
                "malformed-multipart",
                "{parts:?}"
            );
        } else {
            assert_eq!(parts.len(), 2);
            assert!(parts[1].ends_with("x\r\n"));
        }
    }
}

#[actix_web::test]
async fn content_that_nobody_read_is_our_own_fault() {
    let parts = [metadata(r#"{"title":"T"}"#), content("x"), END.to_owned()];
    assert_eq!(problem_of(send("/lazy", &parts).await).await.1, "internal");
}

#[actix_web::test]
async fn only_form_data_is_taken() {
    let app = init_service(App::new().route("/", web::post().to(receive))).await;
    for media in [
        "application/json",
        "multipart/mixed; boundary=XX",
        "nonsense",
    ] {
        let request = TestRequest::post()
            .insert_header(("content-type", media))
            .to_request();
        let answer = call_service(&app, request).await;
        assert_eq!(
            problem_of(answer).await.1,
            "unsupported-media-type",
            "{media}"
        );
    }
    let request = TestRequest::post().insert_header(("content-type", "multipart/form-data"));
    let answer = call_service(&app, request.to_request()).await;
    assert_eq!(problem_of(answer).await.1, "malformed-multipart");
}

#[actix_web::test]
async fn the_bytes_of_uploads_are_counted() {
    let metrics = Data::new(Metrics::new());
    let app = init_service(
        App::new()
            .app_data(metrics.clone())
            .route("/", web::post().to(receive)),
    )
    .await;
    let parts = [
        metadata(r#"{"title":"T"}"#),
        content("12345"),
        END.to_owned(),
    ];
    let request = TestRequest::post()
        .insert_header(("content-type", "multipart/form-data; boundary=XX"))
        .set_payload(parts.concat());
    assert_eq!(call_service(&app, request.to_request()).await.status(), 201);
    assert_eq!(metrics.upload_bytes.get(), 5);
}

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, web};
use serde::Deserialize;

use super::problem_of;
use crate::http::extract::{BodyLimits, Json, json_of};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
struct Wire {
    title: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    size: Option<u32>,
    #[serde(default)]
    channel: Option<Channel>,
    #[serde(default)]
    inner: Option<Inner>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Channel {
    Mail,
    Counter,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Inner {
    #[serde(rename = "a/b")]
    odd: u8,
}

/// Kind, pointer and code of what is wrong with a body.
fn fault(body: &str) -> (String, String, String) {
    let problem = json_of::<Wire>(body.as_bytes(), "").expect_err("it is wrong");
    let body = problem.body(crate::http::Language::English, None);
    let first = body.errors.into_iter().next();
    let (pointer, code) = first
        .map(|fault| (fault.pointer.unwrap_or_default(), fault.code))
        .unwrap_or_default();
    (problem.kind().slug().to_owned(), pointer, code)
}

#[test]
fn a_fault_is_pointed_at() {
    let check = |body: &str, kind: &str, pointer: &str, code: &str| {
        assert_eq!(
            fault(body),
            (kind.to_owned(), pointer.to_owned(), code.to_owned()),
            "{body}"
        );
    };
    check(r"{", "malformed-json", "", "");
    check(r#"{"title":"a"} x"#, "malformed-json", "", "");
    check(r#"{"title":"a\u0000b"}"#, "malformed-json", "", "");
    check(r"{}", "validation", "/title", "required");
    check(r#"{"title":3}"#, "validation", "/title", "wrong-type");
    check(
        r#"{"title":"a","titel":"b"}"#,
        "validation",
        "/titel",
        "unknown",
    );
    check(
        r#"{"title":"a","title":"b"}"#,
        "validation",
        "/title",
        "duplicate",
    );
    check(
        r#"{"title":"a","tags":["x",4]}"#,
        "validation",
        "/tags/1",
        "wrong-type",
    );
    check(
        r#"{"title":"a","size":-1}"#,
        "validation",
        "/size",
        "wrong-type",
    );
    check(
        r#"{"title":"a","channel":"pigeon"}"#,
        "validation",
        "/channel",
        "not-one-of",
    );
    check(
        r#"{"title":"a","inner":{"a/b":300}}"#,
        "validation",
        "/inner/a~1b",
        "wrong-type",
    );
    check(
        r#"{"title":"a","inner":{}}"#,
        "validation",
        "/inner/a~1b",
        "required",
    );
    check(r"[1]", "validation", "", "wrong-type");
    check(r"null", "validation", "", "wrong-type");
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Square { side: u8 },
    Inner(Inner),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Deep {
    many: Vec<Inner>,
    #[serde(default)]
    by_name: std::collections::BTreeMap<String, Inner>,
    #[serde(default)]
    shape: Option<Shape>,
    #[serde(default)]
    any: Option<serde_json::Value>,
}

#[test]
fn an_array_is_no_object_however_deep() {
    for (body, at) in [
        (r"[]", ""),
        (r#"[["a"]]"#, ""),
        (r#"{"many":[[1]]}"#, "/many/0"),
        (r#"{"many":[],"by_name":{"x":[1]}}"#, "/by_name/x"),
        (r#"{"many":[],"shape":{"square":[1]}}"#, "/shape"),
        (r#"{"many":[],"shape":{"inner":[1]}}"#, "/shape"),
    ] {
        let problem = json_of::<Deep>(body.as_bytes(), "").expect_err(body);
        let said = problem.body(crate::http::Language::German, None);
        let first = said.errors.first().expect("there is one");
        assert_eq!(first.pointer.as_deref(), Some(at), "{body}");
        assert_eq!(first.code, "wrong-type", "{body}");
    }
    let body = r#"{"many":[{"a/b":1}],"by_name":{"x":{"a/b":2}},"shape":{"square":{"side":3}},"any":[1,{"b":[null]}]}"#;
    let read = json_of::<Deep>(body.as_bytes(), "").expect("it is fine");
    assert_eq!(read, serde_json::from_str(body).expect("it is JSON"));
}

#[test]
fn an_unknown_field_names_the_near_one() {
    let problem = json_of::<Wire>(br#"{"titel":"b"}"#, "").expect_err("it is wrong");
    let body = problem.body(crate::http::Language::German, None);
    let first = body.errors.first().expect("there is one");
    assert_eq!(
        first.detail,
        "Diese Angabe gibt es hier nicht. Gemeint war vielleicht „title“."
    );
}

#[test]
fn an_escaped_backslash_before_u0000_is_not_the_character() {
    let wire: Wire = json_of(br#"{"title":"\\u0000"}"#, "").expect("it is fine");
    assert_eq!(wire.title, "\\u0000");
}

async fn echo(body: Json<Wire>) -> HttpResponse {
    HttpResponse::Ok().body(body.into_inner().title)
}

#[actix_web::test]
async fn a_body_has_a_type_and_a_limit() {
    let limits = BodyLimits {
        json_bytes_max: 64,
        upload_bytes_max: 64,
    };
    let app = init_service(
        App::new()
            .app_data(Data::new(limits))
            .route("/", web::post().to(echo)),
    )
    .await;
    let post = |media: &'static str, body: String| {
        TestRequest::post()
            .insert_header(("content-type", media))
            .set_payload(body)
            .to_request()
    };
    let small = r#"{"title":"ä"}"#.to_owned();
    for media in [
        "application/json",
        "application/json; charset=utf-8",
        "application/merge-patch+json",
    ] {
        let answer = call_service(&app, post(media, small.clone())).await;
        assert_eq!(answer.status(), 200, "{media}");
    }
    for media in ["text/plain", "application/json; charset=latin1", ""] {
        let answer = call_service(&app, post(media, small.clone())).await;
        assert_eq!(
            problem_of(answer).await.1,
            "unsupported-media-type",
            "{media}"
        );
    }
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(80));
    let (status, slug, body) =
        problem_of(call_service(&app, post("application/json", large)).await).await;
    assert_eq!((status, slug.as_str()), (413, "payload-too-large"));
    assert_eq!(body["limit"], 64);
    let mut compressed = post("application/json", small);
    compressed.headers_mut().insert(
        actix_web::http::header::CONTENT_ENCODING,
        actix_web::http::header::HeaderValue::from_static("gzip"),
    );
    let answer = call_service(&app, compressed).await;
    assert_eq!(problem_of(answer).await.1, "unsupported-media-type");
}

use std::cell::Cell;

use actix_web::body::{BodySize, MessageBody, to_bytes};
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::http::content::Download;
use crate::http::extract::Span;
use crate::http::name::{Disposition, FileName};
use crate::http::{Kind, Problem};

const BYTES: &[u8] = b"0123456789";

fn download() -> Download {
    Download {
        sha256: [1; 32],
        sha512: Some([2; 64]),
        length_bytes: 10,
        media_type: "application/pdf".to_owned(),
        file_name: FileName::clean("Größe.pdf"),
        disposition: Disposition::Attachment,
    }
}

async fn answer(request: &HttpRequest) -> (Result<HttpResponse, Problem>, bool) {
    let opened = Cell::new(false);
    let answer = download()
        .respond(request, async |span: Span| {
            opened.set(true);
            let from = usize::try_from(span.start).expect("small");
            let to = from + usize::try_from(span.length).expect("small");
            let bytes = Bytes::from_static(&BYTES[from..to]);
            Ok(stream::iter([Ok::<_, std::io::Error>(bytes)]))
        })
        .await;
    assert_eq!(opened.get(), download().needs_bytes(request));
    let unchanged = answer
        .as_ref()
        .is_ok_and(|answer| answer.status() == StatusCode::NOT_MODIFIED);
    assert_eq!(unchanged, download().is_unchanged(request));
    (answer, opened.get())
}

fn get(headers: &[(&'static str, &str)]) -> HttpRequest {
    let mut request = TestRequest::get();
    for header in headers {
        request = request.insert_header(*header);
    }
    request.to_http_request()
}

fn header(response: &HttpResponse, name: &str) -> String {
    let value = response.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

#[actix_web::test]
async fn the_whole_comes_with_tag_digest_and_name() {
    let (response, _) = answer(&get(&[])).await;
    let response = response.expect("it is sent");
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "etag"),
        format!("\"sha256-{}\"", "01".repeat(32))
    );
    let digest = header(&response, "repr-digest");
    assert!(digest.starts_with("sha-256=:AQEBAQ") && digest.contains(", sha-512=:AgICAg"));
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    assert!(
        header(&response, "content-disposition").contains("filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf")
    );
    assert!(header(&response, "content-security-policy").starts_with("sandbox"));
    assert_eq!(response.body().size(), BodySize::Sized(10));
    assert_eq!(to_bytes(response.into_body()).await.expect("bytes"), BYTES);
}

#[actix_web::test]
async fn a_part_says_where_it_lies() {
    let (response, _) = answer(&get(&[("range", "bytes=2-4")])).await;
    let response = response.expect("it is sent");
    assert_eq!(response.status(), 206);
    assert_eq!(header(&response, "content-range"), "bytes 2-4/10");
    assert_eq!(to_bytes(response.into_body()).await.expect("bytes"), "234");
}

#[actix_web::test]
async fn conditions_come_before_the_range() {
    let current = download().etag().to_string();
    let (response, opened) =
        answer(&get(&[("if-none-match", &current), ("range", "bytes=2-4")])).await;
    let response = response.expect("it is answered");
    assert_eq!((response.status().as_u16(), opened), (304, false));
    assert_eq!(header(&response, "etag"), current);
    let (response, _) = answer(&get(&[("if-range", "\"old\""), ("range", "bytes=2-4")])).await;
    assert_eq!(response.expect("it is sent").status(), 200);
    let (response, _) = answer(&get(&[("if-range", &current), ("range", "bytes=2-4")])).await;
    assert_eq!(response.expect("it is sent").status(), 206);
    let (response, opened) = answer(&get(&[("if-match", "\"old\"")])).await;
    let problem = response.expect_err("it is refused");
    assert_eq!((problem.kind(), opened), (Kind::PreconditionFailed, false));
}

#[actix_web::test]
async fn a_range_behind_the_end_is_refused_with_the_length() {
    let (response, opened) = answer(&get(&[("range", "bytes=10-")])).await;
    let problem = response.expect_err("it is refused");
    assert_eq!((problem.kind(), opened), (Kind::RangeNotSatisfiable, false));
    let response = problem.respond(crate::http::Language::German, None);
    assert_eq!(header(&response, "content-range"), "bytes */10");
}

#[actix_web::test]
async fn head_has_the_length_and_opens_nothing() {
    let request = TestRequest::default()
        .method(Method::HEAD)
        .to_http_request();
    let (response, opened) = answer(&request).await;
    let response = response.expect("it is answered");
    assert_eq!((response.status().as_u16(), opened), (200, false));
    assert_eq!(response.body().size(), BodySize::Sized(10));
    // A range is of what is sent.
    let request = TestRequest::default()
        .method(Method::HEAD)
        .insert_header(("range", "bytes=2-4"));
    let (response, opened) = answer(&request.to_http_request()).await;
    let response = response.expect("it is answered");
    assert_eq!((response.status().as_u16(), opened), (200, false));
    assert_eq!(response.body().size(), BodySize::Sized(10));
}

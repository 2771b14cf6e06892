//! Tests of the edge.

mod conditions;
mod content;
mod documents;
mod edge;
mod fields;
mod json;
mod multipart;
mod name;
mod page;
mod problem;
mod reference;
mod socket;
mod watch;

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::test::read_body;
use serde_json::Value;

/// The body of an answer, as JSON.
async fn json_body<B: MessageBody>(response: ServiceResponse<B>) -> Value {
    let body = read_body(response).await;
    serde_json::from_slice(&body).expect("the answer is JSON")
}

/// The slug of the problem that an answer is.
async fn problem_of<B: MessageBody>(response: ServiceResponse<B>) -> (u16, String, Value) {
    let status = response.status().as_u16();
    let media = header(&response, "content-type");
    assert_eq!(media, super::problem::MEDIA_TYPE, "status {status}");
    let body = json_body(response).await;
    assert_eq!(body["status"], status);
    let kind = body["type"].as_str().expect("a problem has a type");
    let slug = kind.rsplit(':').next().unwrap_or_default().to_owned();
    (status, slug, body)
}

fn header<B>(response: &ServiceResponse<B>, name: &str) -> String {
    let value = response.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, web};
use uuid::Uuid;

use super::{header, problem_of};
use crate::http::edge::{Edge, edge};
use crate::http::extract::{Json, RequestId};
use crate::http::limits::{RateLimits, Rates};
use crate::http::metrics::Metrics;
use crate::http::{Fault, Kind, Problem};

pub(super) const UNLIMITED: Rates = Rates {
    address_per_second: 0,
    principal_per_second: 0,
    sign_in_per_minute: 0,
};

pub(super) fn settings(rates: Rates) -> Edge {
    Edge {
        idle: Duration::from_secs(30),
        total: Duration::from_secs(60),
        trusted_proxies: vec![],
        https: true,
        limits: Arc::new(RateLimits::new(rates)),
        metrics: Arc::new(Metrics::new()),
    }
}

fn app(
    edge_data: Data<Edge>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(edge_data)
        .service(
            web::resource("/api/v1/things/{id}")
                .get(|id: RequestId| async move { HttpResponse::Ok().body(id.to_string()) })
                .patch(|_: Json<String>| async { HttpResponse::Ok().finish() }),
        )
        .route(
            "/api/v1/wrong",
            web::get().to(|| async { Err::<String, _>(wrong()) }),
        )
        .route(
            "/api/v1/broken",
            web::get().to(|| async { Err::<String, _>(broken()) }),
        )
        .route("/api/v1/panics", web::get().to(panics))
        .route(
            "/api/v1/hangs",
            web::get().to(std::future::pending::<HttpResponse>),
        )
        .route(
            "/api/v1/bare",
            web::get().to(|| async { HttpResponse::Conflict().finish() }),
        )
        .route(
            "/api/v1/foreign",
            web::get().to(|| async { Err::<String, _>(foreign()) }),
        )
        .route(
            "/api/v1/streams",
            web::get().to(|| async {
                let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
                HttpResponse::Ok().streaming(never)
            }),
        )
        .service(web::resource("/api/v1/made").post(|| async { HttpResponse::Created().finish() }))
        .route("/health/live", web::get().to(HttpResponse::Ok))
        .route("/page", web::get().to(HttpResponse::Ok))
        .wrap(from_fn(edge))
}

/// What the client gets, whether it left the service as an answer or as an error.
async fn ask<S, R>(app: &S, request: R) -> ServiceResponse
where
    S: Service<R, Response = ServiceResponse, Error = actix_web::Error>,
{
    app.call(request).await.unwrap_or_else(|error| {
        let request = TestRequest::default().to_http_request();
        ServiceResponse::new(request, error.as_response_error().error_response())
    })
}

fn wrong() -> Problem {
    Problem::new(Kind::Validation).field("/title", Fault::Required)
}

fn broken() -> Problem {
    Problem::internal(std::io::Error::other("the secret cause"))
}

fn foreign() -> actix_web::Error {
    actix_web::error::ErrorUnsupportedMediaType("some text of the framework")
}

async fn panics() -> HttpResponse {
    unreachable!("this handler panics")
}

#[actix_web::test]
async fn every_answer_carries_id_and_security_headers() {
    let app = init_service(app(Data::new(settings(UNLIMITED)))).await;
    for uri in [
        "/api/v1/things/1",
        "/api/v1/wrong",
        "/page",
        "/nowhere",
        "/api/v1/panics",
    ] {
        let answer = ask(&app, TestRequest::with_uri(uri).to_request()).await;
        Uuid::parse_str(&header(&answer, "x-request-id")).expect("a request id");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            (
                "permissions-policy",
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(header(&answer, name), value, "{uri}: {name}");
        }
        assert!(header(&answer, "content-security-policy").contains("frame-ancestors 'none'"));
    }
    let page = ask(&app, TestRequest::with_uri("/page").to_request()).await;
    assert!(header(&page, "content-security-policy").contains("script-src 'self'"));
    let api = ask(&app, TestRequest::with_uri("/api/v1/wrong").to_request()).await;
    assert!(!header(&api, "content-security-policy").contains("script-src"));
}

#[actix_web::test]
async fn the_callers_request_id_comes_back_and_reaches_the_handler() {
    let app = init_service(app(Data::new(settings(UNLIMITED)))).await;
    let id = "0190a0f0-0000-7000-8000-000000000001";
    let request = TestRequest::with_uri("/api/v1/things/1").insert_header(("x-request-id", id));
    let answer = ask(&app, request.to_request()).await;
    assert_eq!(header(&answer, "x-request-id"), id);
    assert_eq!(actix_web::test::read_body(answer).await, id);
}

#[actix_web::test]
async fn a_problem_is_in_the_readers_language_and_names_the_request() {
    let app = init_service(app(Data::new(settings(UNLIMITED)))).await;
    let request = TestRequest::with_uri("/api/v1/wrong").insert_header(("accept-language", "en"));
    let answer = ask(&app, request.to_request()).await;
    let id = header(&answer, "x-request-id");
    assert_eq!(header(&answer, "content-language"), "en");
    let (_, _, body) = problem_of(answer).await;
    assert_eq!(body["title"], "Invalid fields");
    assert_eq!(body["instance"], format!("urn:uuid:{id}"));
    let (_, _, body) =
        problem_of(ask(&app, TestRequest::with_uri("/api/v1/wrong").to_request()).await).await;
    assert_eq!(body["title"], "Angaben unvollständig oder falsch");
}

#[actix_web::test]
async fn whatever_happens_leaves_as_a_problem() {
    let app = init_service(app(Data::new(settings(UNLIMITED)))).await;
    let cases = [
        ("/nowhere", 404, "not-found"),
        ("/api/v1/broken", 500, "internal"),
        ("/api/v1/panics", 500, "internal"),
        ("/api/v1/bare", 409, "conflict"),
        ("/api/v1/foreign", 415, "unsupported-media-type"),
    ];
    for (uri, status, slug) in cases {
        let (got, kind, body) =
            problem_of(ask(&app, TestRequest::with_uri(uri).to_request()).await).await;
        assert_eq!((got, kind.as_str()), (status, slug), "{uri}");
        assert!(!body.to_string().contains("secret cause"));
        assert!(!body.to_string().contains("panics"));
        assert!(!body.to_string().contains("framework"));
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = init_service(app(Data::new(settings(UNLIMITED)))).await;
    let request = TestRequest::delete().uri("/api/v1/things/1").to_request();
    let answer = ask(&app, request).await;
    let allow = header(&answer, "allow");
    assert!(allow.contains("GET") && allow.contains("PATCH"), "{allow}");
    assert!(allow.contains("HEAD"), "{allow}");
    let (_, kind, body) = problem_of(answer).await;
    assert_eq!(kind, "method-not-allowed");
    let said = format!("Diese Methode gibt es unter dieser Adresse nicht. Möglich: {allow}.");
    assert_eq!(body["detail"], said);
    let request = TestRequest::with_uri("/api/v1/made").to_request();
    assert_eq!(header(&ask(&app, request).await, "allow"), "POST");
}

#[actix_web::test]
async fn where_nothing_is_it_is_said_where_to_look() {
    let app = init_service(app(Data::new(settings(UNLIMITED)))).await;
    for uri in ["/api/v1", "/api/v1/", "/api/v1/nowhere", "/nowhere"] {
        let answer = ask(&app, TestRequest::with_uri(uri).to_request()).await;
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
        let (status, kind, body) = problem_of(answer).await;
        assert_eq!((status, kind.as_str()), (404, "not-found"), "{uri}");
        let said = body["detail"].as_str().unwrap_or_default().to_owned();
        assert!(said.ends_with("steht unter /api."), "{uri}: {said}");
    }
    // Clients of the other interface read its own words.
    let answer = ask(&app, TestRequest::with_uri("/api/nowhere/").to_request()).await;
    assert_eq!(header(&answer, "content-type"), "application/json");
}

#[actix_web::test]
async fn whatever_may_be_got_may_be_asked_for_its_head() {
    let data = Data::new(settings(UNLIMITED));
    let app = init_service(app(data.clone())).await;
    let head = |uri: &str| TestRequest::with_uri(uri).method(Method::HEAD).to_request();
    let answer = ask(&app, head("/api/v1/things/1")).await;
    assert_eq!(answer.status(), 200);
    assert!(!header(&answer, "content-security-policy").is_empty());
    // As long as an id of a request, and not one byte of it.
    assert_eq!(answer.response().body().size(), BodySize::Sized(36));
    assert!(actix_web::test::read_body(answer).await.is_empty());
    // What never ends is not waited for.
    let answer = ask(&app, head("/api/v1/streams")).await;
    assert_eq!(answer.status(), 200);
    assert!(actix_web::test::read_body(answer).await.is_empty());
    for (uri, status) in [
        ("/api/v1/bare", 409),
        ("/nowhere", 404),
        ("/api/v1/made", 405),
    ] {
        let answer = ask(&app, head(uri)).await;
        assert_eq!(answer.status(), status, "{uri}");
        assert!(header(&answer, "content-type").contains("problem"), "{uri}");
    }
    let text = data.metrics.text().expect("text");
    let line = "papierlos_http_requests_total{method=\"HEAD\",route=\"/api/v1/things/{id}\",status=\"200\"} 1";
    assert!(text.contains(line), "{text}");
}

#[actix_web::test]
async fn an_answer_that_never_comes_is_a_timeout() {
    let edge = Edge {
        idle: Duration::from_millis(1),
        ..settings(UNLIMITED)
    };
    let app = init_service(app(Data::new(edge))).await;
    let answer = ask(&app, TestRequest::with_uri("/api/v1/hangs").to_request()).await;
    assert!(!header(&answer, "retry-after").is_empty());
    assert_eq!(problem_of(answer).await.1, "timeout");
}

#[actix_web::test]
async fn a_body_that_never_comes_is_the_clients_timeout() {
    let edge = Edge {
        idle: Duration::from_millis(1),
        ..settings(UNLIMITED)
    };
    let app = init_service(app(Data::new(edge))).await;
    let request = TestRequest::patch()
        .uri("/api/v1/things/1")
        .insert_header(("content-type", "application/json"))
        .to_request();
    let silent: Payload = Payload::Stream {
        payload: Box::pin(futures_util::stream::pending()),
    };
    let (request, _) = request.replace_payload(silent);
    let answer = ask(&app, request).await;
    assert_eq!(problem_of(answer).await.1, "request-timeout");
}

#[actix_web::test]
async fn too_many_requests_are_refused_but_health_checks_are_not() {
    let rates = Rates {
        address_per_second: 1,
        ..UNLIMITED
    };
    let app = init_service(app(Data::new(settings(rates)))).await;
    for _ in 0..2 {
        assert_eq!(
            ask(&app, TestRequest::with_uri("/api/v1/things/1").to_request())
                .await
                .status(),
            200
        );
    }
    let answer = ask(&app, TestRequest::with_uri("/api/v1/things/1").to_request()).await;
    assert_eq!(header(&answer, "retry-after"), "1");
    assert_eq!(problem_of(answer).await.1, "too-many-requests");
    assert_eq!(
        ask(&app, TestRequest::with_uri("/health/live").to_request())
            .await
            .status(),
        200
    );
}

#[actix_web::test]
async fn requests_are_counted_by_the_template_of_their_route() {
    let data = Data::new(settings(UNLIMITED));
    let app = init_service(app(data.clone())).await;
    for uri in [
        "/api/v1/things/1",
        "/api/v1/things/2?q=secret",
        "/nowhere/17",
    ] {
        ask(&app, TestRequest::with_uri(uri).to_request()).await;
    }
    let text = data.metrics.text().expect("text");
    let line = "papierlos_http_requests_total{method=\"GET\",route=\"/api/v1/things/{id}\",status=\"200\"} 2";
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains("route=\"unmatched\",status=\"404\"} 1"),
        "{text}"
    );
    assert!(!text.contains("secret") && !text.contains("nowhere"));
}

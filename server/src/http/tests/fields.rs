use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use super::{json_body, problem_of};
use crate::http::extract::{ListQuery, Path, Query, pairs};

#[derive(Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    tag: Vec<String>,
    year: Option<i32>,
    sort: Option<Sort>,
    id: Option<Uuid>,
    #[serde(default)]
    closed: bool,
}

#[derive(Debug, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    Newest,
    Oldest,
}

async fn query(query: Query<Filter>) -> HttpResponse {
    HttpResponse::Ok().json(query.into_inner())
}

async fn list(query: ListQuery<Filter>) -> HttpResponse {
    HttpResponse::Ok().json((query.page.limit, query.page.cursor, query.filter))
}

async fn one(id: Path<Uuid>) -> HttpResponse {
    HttpResponse::Ok().json(id.into_inner())
}

async fn two(path: Path<(Uuid, u32)>) -> HttpResponse {
    HttpResponse::Ok().json(path.into_inner())
}

#[derive(Deserialize)]
struct Named {
    word: String,
}

async fn named(path: Path<Named>) -> HttpResponse {
    HttpResponse::Ok().json(path.into_inner().word)
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/query", web::get().to(query))
        .route("/list", web::get().to(list))
        .route("/one/{id}", web::get().to(one))
        .route("/two/{id}/pages/{page}", web::get().to(two))
        .route("/named/{word}", web::get().to(named));
}

#[actix_web::test]
async fn a_query_reads_lists_numbers_and_words() {
    let app = init_service(App::new().configure(routes)).await;
    let uri = "/query?tag=a%20b&tag=c+d&year=-5&sort=oldest&closed=true&id=0190a0f0-0000-7000-8000-000000000001";
    let body = json_body(call_service(&app, TestRequest::with_uri(uri).to_request()).await).await;
    assert_eq!(
        body,
        serde_json::json!({"tag": ["a b", "c d"], "year": -5, "sort": "oldest", "closed": true,
            "id": "0190a0f0-0000-7000-8000-000000000001"})
    );
    let body =
        json_body(call_service(&app, TestRequest::with_uri("/query").to_request()).await).await;
    assert_eq!(body["tag"], serde_json::json!([]));
}

#[actix_web::test]
async fn a_wrong_parameter_is_named() {
    let app = init_service(App::new().configure(routes)).await;
    let cases = [
        ("/query?yaer=1", "yaer", "unknown"),
        ("/query?year=x", "year", "wrong-type"),
        ("/query?year=1&year=2", "year", "duplicate"),
        ("/query?sort=sideways", "sort", "not-one-of"),
        ("/query?id=7", "id", "wrong-format"),
        ("/query?limit=3", "limit", "unknown"),
        ("/list?limit=0", "limit", "too-small"),
        ("/list?limit=101", "limit", "too-large"),
        ("/list?limit=99999999999999999999", "limit", "wrong-type"),
        ("/list?limit=1&limit=2", "limit", "duplicate"),
    ];
    for (uri, parameter, code) in cases {
        let answer = call_service(&app, TestRequest::with_uri(uri).to_request()).await;
        let (status, slug, body) = problem_of(answer).await;
        assert_eq!((status, slug.as_str()), (400, "query-invalid"), "{uri}");
        assert_eq!(body["errors"][0]["parameter"], parameter, "{uri}");
        assert_eq!(body["errors"][0]["code"], code, "{uri}");
    }
}

#[actix_web::test]
async fn paging_and_filter_are_refused_together() {
    let app = init_service(App::new().configure(routes)).await;
    let request = TestRequest::with_uri("/list?limit=0&year=x").to_request();
    let (_, _, body) = problem_of(call_service(&app, request).await).await;
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(2));
    let request = TestRequest::with_uri("/list?limit=7&cursor=abc&tag=x").to_request();
    let body = json_body(call_service(&app, request).await).await;
    assert_eq!((&body[0], &body[1]), (&7.into(), &"abc".into()));
}

#[actix_web::test]
async fn a_path_that_names_nothing_is_not_found() {
    let app = init_service(App::new().configure(routes)).await;
    let id = "0190a0f0-0000-7000-8000-000000000001";
    let get = |uri: String| TestRequest::with_uri(&uri).to_request();
    let answer = call_service(&app, get(format!("/one/{id}"))).await;
    assert_eq!(json_body(answer).await, id);
    let answer = call_service(&app, get(format!("/two/{id}/pages/3"))).await;
    assert_eq!(json_body(answer).await, serde_json::json!([id, 3]));
    let answer = call_service(&app, get("/named/M%C3%BCller%2FS+%C3%B6hne".to_owned())).await;
    assert_eq!(json_body(answer).await, "Müller/S+öhne");
    for uri in [
        "/one/7",
        "/one/%00",
        "/two/x/pages/3",
        "/two/0190a0f0-0000-7000-8000-000000000001/pages/-1",
    ] {
        let answer = call_service(&app, get(uri.to_owned())).await;
        assert_eq!(problem_of(answer).await.1, "not-found", "{uri}");
    }
}

#[test]
fn a_query_that_is_not_text_is_refused() {
    for query in ["a=%ff", "a=%0", "a=%zz", "a=%00", "%", "a=%+1"] {
        assert!(pairs(query).is_err(), "{query}");
    }
    let many = "a=1&".repeat(201);
    assert!(pairs(&many).is_err());
    assert_eq!(
        pairs("a&b=&=c&&d=e=f").expect("it is fine"),
        [("a", ""), ("b", ""), ("", "c"), ("d", "e=f")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

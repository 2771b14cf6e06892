use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use utoipa::openapi::{InfoBuilder, OpenApiBuilder};
use utoipa::{Modify, OpenApi};

use super::{header, problem_of};
use crate::http::Problem;
use crate::http::extract::Json;
use crate::http::openapi::{
    ChangeProblems, EdgeParts, IdempotencyParam, IfMatchParam, SearchProblems,
};
use crate::http::page::PageRequest;
use crate::http::reference::{Reference, routes};

fn reference() -> Data<Reference> {
    Data::new(Reference::new(|| {
        OpenApiBuilder::new()
            .info(InfoBuilder::new().title("T").version("1").build())
            .build()
    }))
}

#[actix_web::test]
async fn the_page_loads_only_files_that_are_served() {
    let app = init_service(App::new().configure(routes(reference()))).await;
    let page = call_service(&app, TestRequest::with_uri("/api").to_request()).await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let page = read_body(page).await;
    let page = String::from_utf8_lossy(&page);
    let linked: Vec<&str> = page
        .split('"')
        .filter(|text| text.starts_with('/') || text.contains("://"))
        .collect();
    assert!(linked.len() >= 4, "{linked:?}");
    for uri in linked {
        let answer = call_service(&app, TestRequest::with_uri(uri).to_request()).await;
        assert_eq!(answer.status(), 200, "{uri}");
        assert!(!read_body(answer).await.is_empty(), "{uri}");
    }
}

#[test]
fn the_page_has_no_inline_script_or_style() {
    let page = include_str!("../reference.html");
    for tag in page.split('<').filter(|tag| tag.starts_with("script")) {
        let (head, body) = tag.split_once('>').expect("a tag ends");
        assert!(head.contains("src=") && body.trim().is_empty(), "{tag}");
    }
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains(" on"));
}

#[actix_web::test]
async fn the_contract_is_served_and_cached() {
    let app = init_service(App::new().configure(routes(reference()))).await;
    let get = |uri: &str| TestRequest::with_uri(uri);
    let json = call_service(&app, get("/api/openapi.json").to_request()).await;
    let etag = header(&json, "etag");
    let body = read_body(json).await;
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["info"]["title"], "T");
    let request = get("/api/openapi.json")
        .insert_header(("if-none-match", etag))
        .to_request();
    assert_eq!(call_service(&app, request).await.status(), 304);
    let yaml = call_service(&app, get("/api/openapi.yaml").to_request()).await;
    assert_eq!(header(&yaml, "content-type"), "application/yaml");
    for uri in [
        "/api/reference/index.html",
        "/api/reference/swagger-initializer.js",
    ] {
        assert_eq!(
            problem_of(call_service(&app, get(uri).to_request()).await)
                .await
                .0,
            404
        );
    }
}

#[utoipa::path(
    patch,
    path = "/api/v1/things/{id}",
    params(IfMatchParam, IdempotencyParam),
    responses((status = 200, description = "Changed"), ChangeProblems)
)]
#[expect(dead_code, reason = "only its contract is looked at")]
async fn patch_thing(_: Json<String>) -> Result<Json<String>, Problem> {
    std::future::pending().await
}

#[utoipa::path(
    get,
    path = "/api/v1/search",
    params(PageRequest),
    responses((status = 200, description = "Found"), SearchProblems)
)]
#[expect(dead_code, reason = "only its contract is looked at")]
async fn get_search() -> Result<Json<String>, Problem> {
    std::future::pending().await
}

#[derive(OpenApi)]
#[openapi(paths(patch_thing, get_search), modifiers(&EdgeParts))]
struct Contract;

#[test]
fn shared_parts_reach_the_contract() {
    let contract = serde_json::to_value(Contract::openapi()).expect("JSON");
    let patch = &contract["paths"]["/api/v1/things/{id}"]["patch"];
    for status in [
        "200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429", "500",
        "503",
    ] {
        let response = &patch["responses"][status];
        assert!(
            response["headers"]["X-Request-Id"].is_object(),
            "{status}: {response}"
        );
    }
    let refused = &patch["responses"]["412"];
    assert_eq!(
        refused["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/Problem"
    );
    assert_eq!(patch["parameters"][0]["name"], "If-Match");
    assert_eq!(patch["parameters"][0]["required"], true);
    assert_eq!(patch["parameters"][1]["name"], "Idempotency-Key");
    assert_eq!(patch["parameters"][1]["required"], false);
    let search = &contract["paths"]["/api/v1/search"]["get"];
    assert_eq!(search["parameters"][0]["name"], "limit");
    assert_eq!(search["parameters"][0]["required"], false, "{search}");
    assert_eq!(search["parameters"][0]["schema"]["maximum"], 100);
    assert!(search["responses"]["503"]["headers"]["Retry-After"].is_object());
    let schemas = &contract["components"]["schemas"];
    assert!(
        schemas["Problem"].is_object() && schemas["Fault"].is_object(),
        "{schemas}"
    );
    let text = contract.to_string();
    for kind in crate::http::Kind::ALL {
        assert!(
            schemas["Problem"].to_string().contains(kind.uri()),
            "{}",
            schemas["Problem"]
        );
    }
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(
            schemas[name].is_object(),
            "{name} is referred to but not there"
        );
    }
}

#[test]
fn the_edge_adds_itself_once() {
    let mut contract = Contract::openapi();
    let before = serde_json::to_value(&contract).expect("JSON");
    EdgeParts.modify(&mut contract);
    assert_eq!(serde_json::to_value(&contract).expect("JSON"), before);
}

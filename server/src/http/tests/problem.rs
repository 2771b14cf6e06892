use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;

use crate::base::db::{Access, DbError, connect};
use crate::http::problem::pointer;
use crate::http::{Fault, Kind, Language, Problem, text};

#[test]
fn each_kind_has_a_slug_of_its_own_and_reads_back() {
    let slugs: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
    assert_eq!(slugs.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.uri()), Some(*kind));
        assert!(
            kind.slug()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        );
        assert_ne!(kind.title().get(Language::German), "");
        assert_ne!(kind.title().get(Language::English), "");
    }
    assert_eq!(Kind::parse("urn:papierlos:problem:unheard-of"), None);
}

#[test]
fn the_kinds_stand_in_the_order_of_their_status() {
    let statuses: Vec<u16> = Kind::ALL
        .iter()
        .map(|kind| kind.status().as_u16())
        .collect();
    assert!(statuses.iter().all(|status| (400..600).contains(status)));
    let position = |kind: Kind| Kind::ALL.iter().position(|known| *known == kind);
    assert!(position(Kind::NotFound) < position(Kind::Internal));
}

#[test]
fn a_bare_status_has_a_kind() {
    let kind = |status: u16| {
        Kind::of_status(actix_web::http::StatusCode::from_u16(status).expect("a status"))
    };
    assert_eq!(kind(404), Kind::NotFound);
    assert_eq!(kind(418), Kind::BadRequest);
    assert_eq!(kind(500), Kind::Internal);
    assert_eq!(kind(599), Kind::Internal);
    assert_eq!(kind(503), Kind::Unavailable);
}

#[test]
fn a_pointer_escapes_what_it_must() {
    assert_eq!(pointer(["a/b", "m~n", "0"]), "/a~1b/m~0n/0");
    assert_eq!(pointer([]), "");
}

#[test]
fn the_body_speaks_the_readers_language_and_never_shows_the_cause() {
    let problem = Problem::new(Kind::Validation)
        .detail(text("Bitte ergänzen.", "Please complete."))
        .field("/title", Fault::TooLong { max: 200 })
        .header("If-Match", Fault::Required)
        .source(std::io::Error::other("password is hunter2"));
    let german = serde_json::to_value(problem.body(Language::German, None)).expect("JSON");
    assert_eq!(
        german,
        serde_json::json!({
            "type": "urn:papierlos:problem:validation",
            "title": "Angaben unvollständig oder falsch",
            "status": 422,
            "detail": "Bitte ergänzen.",
            "errors": [
                {"pointer": "/title", "code": "too-long", "detail": "Zu lang; höchstens 200 Zeichen.", "limit": 200},
                {"header": "If-Match", "code": "required", "detail": "Diese Angabe fehlt."},
            ],
        })
    );
    let english = serde_json::to_value(problem.body(Language::English, None)).expect("JSON");
    assert_eq!(english["title"], "Invalid fields");
    assert_eq!(
        english["errors"][0]["detail"],
        "Too long; at most 200 characters."
    );
    assert!(!english.to_string().contains("hunter2"));
    assert_eq!(problem.chain(), "password is hunter2");
}

#[test]
fn the_chain_names_every_cause() {
    #[derive(Debug, thiserror::Error)]
    #[error("the blob is unreadable")]
    struct Outer {
        source: std::io::Error,
    }
    let problem = Problem::internal(Outer {
        source: std::io::Error::other("disk on fire"),
    });
    assert_eq!(problem.chain(), "the blob is unreadable: disk on fire");
}

#[test]
fn extras_become_members_and_headers() {
    let problem = Problem::new(Kind::IndexBehind)
        .index(7, 9)
        .retry_after_seconds(0);
    let body = serde_json::to_value(problem.body(Language::German, None)).expect("JSON");
    assert_eq!(
        (&body["index_seq"], &body["min_seq"]),
        (&7.into(), &9.into())
    );
    let response = problem.respond(Language::German, None);
    assert_eq!(
        response.headers().get("retry-after").expect("it is set"),
        "1"
    );
    let response = Problem::new(Kind::RangeNotSatisfiable)
        .content_bytes(10)
        .respond(Language::German, None);
    assert_eq!(
        response.headers().get("content-range").expect("it is set"),
        "bytes */10"
    );
    let response = Problem::new(Kind::Unauthenticated).respond(Language::German, None);
    assert!(response.headers().contains_key("www-authenticate"));
}

#[test]
fn the_language_is_the_best_that_we_speak() {
    let language = |value: &'static str| {
        let request =
            actix_web::test::TestRequest::default().insert_header(("accept-language", value));
        Language::of(request.to_http_request().headers())
    };
    assert_eq!(language("en-GB,en;q=0.9,de;q=0.8"), Language::English);
    assert_eq!(language("de-AT, en;q=0.9"), Language::German);
    assert_eq!(language("fr, en;q=0.2"), Language::English);
    assert_eq!(language("en;q=0"), Language::German);
    assert_eq!(language("fr"), Language::German);
    assert_eq!(language("*"), Language::German);
    assert_eq!(language("de;q=0.3, en;q=0.4"), Language::English);
    assert_eq!(language(";;;,q=en"), Language::German);
}

#[tokio::test]
async fn what_somebody_else_was_faster_with_is_no_fault_of_ours() {
    let database = connect("sqlite::memory:", Access::Write).await;
    let database = database.expect("a database");
    let failed = async |text: &str| -> DbError {
        let failed = database.execute_unprepared(text).await;
        failed.expect_err("it is refused").into()
    };
    let table = "CREATE TABLE name (word TEXT UNIQUE)";
    database.execute_unprepared(table).await.expect("a table");
    let word = "INSERT INTO name VALUES ('a')";
    database.execute_unprepared(word).await.expect("a row");
    assert_eq!(
        Problem::from(failed(word).await).kind(),
        Kind::Conflict,
        "it is there already"
    );
    let folder = tempfile::TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let first = connect(&url, Access::Write).await.expect("a database");
    let second = connect(&url, Access::Write).await.expect("a database");
    first
        .execute_unprepared("BEGIN IMMEDIATE")
        .await
        .expect("the lock");
    second
        .execute_unprepared("PRAGMA busy_timeout = 0")
        .await
        .expect("a setting");
    let busy = second.execute_unprepared("BEGIN IMMEDIATE").await;
    let busy = DbError::from(busy.expect_err("the first has it"));
    let problem = Problem::from(busy);
    assert_eq!(problem.kind(), Kind::Unavailable);
    let response = problem.respond(Language::German, None);
    assert!(response.headers().contains_key("retry-after"));
    let broken = failed("SELECT * FROM missing").await;
    assert_eq!(Problem::from(broken).kind(), Kind::Internal);
}

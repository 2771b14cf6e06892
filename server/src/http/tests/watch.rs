use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use actix_web::{App, web};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use governor::clock::FakeRelativeClock;
use uuid::Uuid;

use super::{header, json_body};
use crate::http::health::{Health, Probe, get_live, get_ready};
use crate::http::limits::{RateLimits, Rates};
use crate::http::metrics::{DatabaseCounts, MEDIA_TYPE, Metrics, get_metrics, resident_bytes};

struct Fixed(&'static str, Result<&'static str, &'static str>);

impl Probe for Fixed {
    fn name(&self) -> &'static str {
        self.0
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let found = self.1.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
        std::future::ready(found).boxed()
    }
}

async fn ready(health: &Data<Health>) -> (u16, serde_json::Value) {
    let app = init_service(
        App::new()
            .app_data(health.clone())
            .route("/health/ready", web::get().to(get_ready))
            .route("/health/live", web::get().to(get_live)),
    )
    .await;
    let live = call_service(&app, TestRequest::with_uri("/health/live").to_request()).await;
    assert_eq!(live.status(), 200);
    let answer = call_service(&app, TestRequest::with_uri("/health/ready").to_request()).await;
    (answer.status().as_u16(), json_body(answer).await)
}

#[actix_web::test]
async fn one_failing_check_makes_the_server_not_ready() {
    let fine: Arc<dyn Probe> = Arc::new(Fixed("database", Ok("writable")));
    let health = Data::new(Health::new(vec![fine.clone()]));
    assert_eq!(ready(&health).await.0, 200);
    let full: Arc<dyn Probe> = Arc::new(Fixed("disk", Err("1 % free")));
    let health = Data::new(Health::new(vec![fine, full]));
    let (status, body) = ready(&health).await;
    assert_eq!((status, &body["ready"]), (503, &false.into()));
    assert_eq!(
        body["checks"][1],
        serde_json::json!({"name": "disk", "ok": false, "detail": "1 % free"})
    );
}

#[actix_web::test]
async fn a_draining_server_is_alive_but_not_ready() {
    let health = Data::new(Health::default());
    health.drain();
    let (status, body) = ready(&health).await;
    assert_eq!((status, &body["draining"]), (503, &true.into()));
}

#[actix_web::test]
async fn the_exposition_is_openmetrics_and_ends_properly() {
    let counts = DatabaseCounts::default();
    let metrics = Data::new(Metrics::of(&counts));
    counts.units.inc_by(3);
    metrics.queue("extract", 3, Duration::from_millis(1500));
    metrics.index_seq.set(41);
    let app = init_service(
        App::new()
            .app_data(metrics)
            .route("/metrics", web::get().to(get_metrics)),
    )
    .await;
    let answer = call_service(&app, TestRequest::with_uri("/metrics").to_request()).await;
    assert_eq!(header(&answer, "content-type"), MEDIA_TYPE);
    let body = actix_web::test::read_body(answer).await;
    let text = String::from_utf8_lossy(&body);
    assert!(
        text.contains("papierlos_queue_depth{queue=\"extract\"} 3"),
        "{text}"
    );
    assert!(
        text.contains("papierlos_queue_age_seconds{queue=\"extract\"} 1.5"),
        "{text}"
    );
    assert!(text.contains("papierlos_index_seq 41"), "{text}");
    assert!(text.contains("papierlos_units_total 3\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));
    let resident = text
        .lines()
        .find_map(|line| line.strip_prefix("papierlos_process_resident_memory_bytes "))
        .and_then(|value| value.parse::<u64>().ok());
    assert!(resident.is_some_and(|bytes| bytes > 1024 * 1024), "{text}");
}

/// What the exposition says of a figure: its `TYPE` or its `UNIT`.
fn said<'a>(text: &'a str, what: &str, name: &str) -> Option<&'a str> {
    let head = format!("# {what} {name} ");
    text.lines().find_map(|line| line.strip_prefix(&*head))
}

/// The labels of a figure, as its first line has them.
fn labels(text: &str, name: &str) -> String {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    let labels = lines.find_map(|rest| rest.split_once('{')?.1.split_once('}'));
    let pairs = labels.map_or("", |(pairs, _)| pairs).split(',');
    let names = pairs.filter_map(|pair| Some(pair.split_once('=')?.0));
    let names: Vec<&str> = names.filter(|name| *name != "le").collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", names.join(","))
    }
}

/// All figures, as `docs/operations.md` shows them.
fn table(text: &str) -> String {
    let mut table = "| figure | kind | unit | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    for (name, help) in helps.filter_map(|line| line.split_once(' ')) {
        let kind = said(text, "TYPE", name).expect("a kind");
        let unit = said(text, "UNIT", name).unwrap_or("–");
        let total = if kind == "counter" { "_total" } else { "" };
        let labels = labels(text, name);
        let help = help.trim_end_matches('.');
        table.push_str(&format!(
            "| `{name}{total}{labels}` | {kind} | {unit} | {help} |\n"
        ));
    }
    table
}

#[test]
fn the_document_lists_every_figure() {
    let metrics = Metrics::new();
    metrics.request(&Method::GET, "/", StatusCode::OK, Duration::ZERO);
    metrics.queue("extract", 1, Duration::ZERO);
    metrics.disk("data", 1, 2);
    metrics.seals("B-T", 1);
    metrics.certificate("seal", 1);
    metrics.witness("zeuge.example", 1, Duration::ZERO, 0);
    let table = table(&metrics.text().expect("a text"));
    assert!(table.lines().count() > 25, "{table}");
    let document = include_str!("../../../../docs/operations.md");
    assert!(
        document.contains(&table),
        "docs/operations.md must contain:\n{table}"
    );
}

#[test]
fn resident_memory_is_read_from_the_kernels_text() {
    assert_eq!(
        resident_bytes("VmPeak:\t 1 kB\nVmRSS:\t   2048 kB\n"),
        Some(2048 * 1024)
    );
    assert_eq!(resident_bytes("VmRSS: many"), None);
    assert_eq!(resident_bytes(""), None);
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn a_client_that_asks_too_often_waits_and_then_may_again() {
    let clock = FakeRelativeClock::default();
    let rates = Rates {
        address_per_second: 2,
        principal_per_second: 1,
        sign_in_per_minute: 2,
    };
    let limits = RateLimits::with_clock(rates, &clock);
    let client = address("192.0.2.1");
    for _ in 0..4 {
        limits.address(client).expect("the burst is twice the rate");
    }
    assert!(limits.address(client).is_err());
    limits
        .address(address("192.0.2.2"))
        .expect("another client");
    clock.advance(Duration::from_millis(500));
    limits
        .address(client)
        .expect("one more after half a second");
    assert!(limits.address(client).is_err());
    let person = Uuid::from_u128(1);
    for _ in 0..2 {
        limits.principal(person).expect("the burst");
    }
    assert!(limits.principal(person).is_err());
    limits
        .principal(Uuid::from_u128(2))
        .expect("another person");
}

#[test]
fn attempts_to_sign_in_are_counted_by_address() {
    let clock = FakeRelativeClock::default();
    let rates = Rates {
        address_per_second: 0,
        principal_per_second: 0,
        sign_in_per_minute: 2,
    };
    let limits = RateLimits::with_clock(rates, &clock);
    for _ in 0..2 {
        limits.sign_in(address("192.0.2.1")).expect("the burst");
    }
    let problem = limits.sign_in(address("192.0.2.1")).expect_err("third");
    let body = problem.body(crate::http::Language::German, None);
    assert_eq!(body.extras.retry_after, Some(30));
    limits
        .sign_in(address("192.0.2.2"))
        .expect("another address");
    clock.advance(Duration::from_secs(30));
    limits
        .sign_in(address("192.0.2.1"))
        .expect("after half a minute");
}

#[test]
fn a_network_of_ipv6_counts_as_one_client() {
    let clock = FakeRelativeClock::default();
    let rates = Rates {
        address_per_second: 1,
        principal_per_second: 0,
        sign_in_per_minute: 0,
    };
    let limits = RateLimits::with_clock(rates, &clock);
    limits.address(address("2001:db8:1:2::1")).expect("first");
    limits
        .address(address("2001:db8:1:2:ffff::1"))
        .expect("second");
    assert!(limits.address(address("2001:db8:1:2::3")).is_err());
    limits
        .address(address("2001:db8:1:3::1"))
        .expect("another network");
    assert!(limits.address(address("::ffff:192.0.2.1")).is_ok());
}

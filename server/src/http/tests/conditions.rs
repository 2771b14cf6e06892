use actix_web::HttpRequest;
use actix_web::test::TestRequest;

use crate::http::extract::{
    ClientAddress, ETag, IdempotencyKey, IfMatch, IfNoneMatch, IfRange, RequestId, Span,
    TraceParent, Wanted, wanted,
};

fn with(name: &'static str, value: &str) -> HttpRequest {
    TestRequest::default()
        .insert_header((name, value))
        .to_http_request()
}

fn tag(text: &str) -> ETag {
    ETag::new(text).expect("a tag")
}

#[test]
fn if_match_compares_strongly() {
    let passes = |value: &str| {
        let condition = IfMatch::read(&with("if-match", value))
            .expect("readable")
            .expect("sent");
        condition.check(&tag("v3")).is_ok()
    };
    assert!(passes("\"v3\""));
    assert!(passes("\"v1\" , \"v3\""));
    assert!(passes("*"));
    assert!(!passes("W/\"v3\""));
    assert!(!passes("\"v2\""));
    let named = |value: &str| {
        let condition = IfMatch::read(&with("if-match", value));
        condition.expect("readable").expect("sent").version()
    };
    assert_eq!(named("\"v3\""), Some(3));
    for other in ["*", "W/\"v3\"", "\"v1\", \"v3\"", "\"v03\"", "\"a\""] {
        assert_eq!(named(other), None, "{other}");
    }
    let problem = IfMatch::read(&with("if-match", "\"v2\""))
        .expect("readable")
        .expect("sent")
        .check(&tag("v3"))
        .expect_err("it is stale");
    let body = problem.body(crate::http::Language::German, None);
    assert_eq!(body.extras.current_etag.as_deref(), Some("\"v3\""));
}

#[test]
fn a_malformed_list_of_tags_is_refused() {
    for value in [
        "v3",
        "\"v3",
        "\"v3\" \"v4\"",
        "",
        ",",
        "w/\"v3\"",
        "\"a b\"",
    ] {
        assert!(
            IfMatch::read(&with("if-match", value)).is_err(),
            "{value:?}"
        );
    }
    assert!(
        IfMatch::read(&TestRequest::default().to_http_request())
            .expect("fine")
            .is_none()
    );
}

#[test]
fn if_none_match_compares_weakly() {
    let has = |value: &str| {
        IfNoneMatch::read(&with("if-none-match", value))
            .expect("readable")
            .has(&tag("v3"))
    };
    assert!(has("W/\"v3\""));
    assert!(has("*"));
    assert!(!has("\"v4\""));
    let none = IfNoneMatch::read(&TestRequest::default().to_http_request()).expect("fine");
    assert!(!none.has(&tag("v3")));
}

#[test]
fn if_range_needs_one_strong_tag() {
    let allows = |value: &str| IfRange::read(&with("if-range", value)).allows(&tag("v3"));
    assert!(allows("\"v3\""));
    assert!(!allows("W/\"v3\""));
    assert!(!allows("\"v4\""));
    assert!(!allows("\"v3\", \"v4\""));
    assert!(!allows("Wed, 21 Oct 2015 07:28:00 GMT"));
    assert!(IfRange::read(&TestRequest::default().to_http_request()).allows(&tag("v3")));
}

#[test]
fn a_tag_knows_its_version() {
    assert_eq!(ETag::of_version(12).version(), Some(12));
    assert_eq!(ETag::of_version(12).to_string(), "\"v12\"");
    assert_eq!(tag("vx").version(), None);
    assert_eq!(tag("v").version(), None);
    assert_eq!(ETag::of_sha256("ab").version(), None);
    assert!(ETag::new("a\"b").is_none() && ETag::new("").is_none() && ETag::new("ä").is_none());
}

#[test]
fn one_range_is_read_and_others_mean_the_whole() {
    let part = |start, length| Wanted::Part(Span { start, length });
    let cases = [
        ("bytes=0-0", part(0, 1)),
        ("bytes=2-4", part(2, 3)),
        ("bytes=7-", part(7, 3)),
        ("bytes=-3", part(7, 3)),
        ("bytes=-30", part(0, 10)),
        ("bytes=5-99999999999999999999999", part(5, 5)),
        ("BYTES = 1-2", part(1, 2)),
        ("bytes=10-", Wanted::Nothing),
        ("bytes=-0", Wanted::Nothing),
        ("bytes=99999999999999999999999-", Wanted::Nothing),
        ("bytes=4-2", Wanted::Whole),
        ("bytes=0-1,3-4", Wanted::Whole),
        ("bytes=a-b", Wanted::Whole),
        ("bytes=-", Wanted::Whole),
        ("bytes=+1-2", Wanted::Whole),
        ("pages=1-2", Wanted::Whole),
        ("nonsense", Wanted::Whole),
    ];
    for (value, expected) in cases {
        assert_eq!(wanted(&with("range", value), 10), expected, "{value}");
    }
    assert_eq!(wanted(&with("range", "bytes=0-"), 0), Wanted::Nothing);
}

#[test]
fn an_idempotency_key_is_visible_ascii_of_bounded_length() {
    let read = |value: &str| IdempotencyKey::read(&with("idempotency-key", value));
    assert_eq!(read("k-1").expect("fine").expect("sent").as_str(), "k-1");
    assert!(read(&"k".repeat(255)).is_ok());
    for value in [
        String::new(),
        "k".repeat(256),
        "a b".to_owned(),
        "ä".to_owned(),
    ] {
        assert!(read(&value).is_err(), "{value}");
    }
    let twice = TestRequest::default()
        .append_header(("idempotency-key", "a"))
        .append_header(("idempotency-key", "b"))
        .to_http_request();
    assert!(IdempotencyKey::read(&twice).is_err());
    assert!(
        IdempotencyKey::read(&TestRequest::default().to_http_request())
            .expect("ok")
            .is_none()
    );
}

#[test]
fn a_request_id_is_kept_only_where_it_is_a_uuid() {
    let id = |value: &str| RequestId::incoming(with("x-request-id", value).headers()).0;
    let sent = "0190a0f0-0000-7000-8000-000000000001";
    assert_eq!(id(sent).to_string(), sent);
    for value in [
        "",
        "x",
        "00000000-0000-0000-0000-000000000000",
        "0190a0f0000070008000000000000001",
    ] {
        let made = id(value);
        assert_eq!(made.get_version_num(), 7, "{value}");
        assert_ne!(made.to_string(), value);
    }
}

#[test]
fn a_trace_is_read_where_it_is_well_formed() {
    let trace = |value: &str| TraceParent::incoming(with("traceparent", value).headers());
    let fine = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let read = trace(fine).expect("well-formed");
    assert_eq!(read.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(read.header(), fine);
    for value in [
        "",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-4bf92f35-00f067aa0ba902b7-01",
    ] {
        assert!(trace(value).is_none(), "{value}");
    }
}

#[test]
fn only_a_trusted_proxy_may_name_the_client() {
    let proxy = "10.0.0.1".parse().expect("an address");
    let other = "10.0.0.2".parse().expect("an address");
    let client = |peer: &str, forwarded: &str, trusted: &[std::net::IpAddr]| {
        let request = TestRequest::default()
            .peer_addr(format!("{peer}:1").parse().expect("an address"))
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        ClientAddress::of(&request, trusted).0.to_string()
    };
    assert_eq!(client("10.0.0.9", "1.2.3.4", &[proxy]), "10.0.0.9");
    assert_eq!(client("10.0.0.1", "1.2.3.4", &[proxy]), "1.2.3.4");
    assert_eq!(client("10.0.0.1", "6.6.6.6, 1.2.3.4", &[proxy]), "1.2.3.4");
    assert_eq!(
        client("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", &[proxy, other]),
        "1.2.3.4"
    );
    assert_eq!(client("10.0.0.1", "nonsense", &[proxy]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", "", &[proxy]), "10.0.0.1");
}

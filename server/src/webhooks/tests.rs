//! The rules of webhooks: signatures, patience, addresses.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Rules;
use super::model::{
    BACK_OFF_SECONDS, Delivery, EventTypes, Health, OffReason, State, Status, Thing, Told,
};
use super::sign::{Secret, signatures};
use super::target::TargetFault;
use crate::base::{CaseId, DeliveryId, DocumentId, Timestamp, WebhookId};
use crate::config::{Config, Sources};
use crate::holds::Object;

#[test]
fn a_signature_is_the_one_of_the_scheme() {
    // The example of the scheme's own libraries.
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = signatures(
        &[Secret::of(key)],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_new_secret_has_the_form_of_the_scheme() {
    let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    let text = one.text();
    let bytes = STANDARD
        .decode(text.strip_prefix("whsec_").unwrap())
        .unwrap();
    assert_eq!(bytes, one.expose());
    assert!((24..=64).contains(&bytes.len()));
    assert_ne!(text, other.text());
}

fn delivery(told: Told, attempts: i64) -> Delivery {
    Delivery {
        id: DeliveryId::new(),
        webhook: WebhookId::new(),
        told,
        action: "document.receive".to_owned(),
        status: Status::Pending,
        attempts,
        created_at: Timestamp::of_micros(0),
        last_at: None,
        duration_ms: None,
        next_at: None,
        response_status: None,
        error: None,
    }
}

#[test]
fn the_pauses_grow_to_three_days_and_end() {
    let change = Told::Change {
        seq: 1,
        thing: Thing::Object(Object::Document(DocumentId::new())),
    };
    let start = Timestamp::of_micros(0);
    let mut now = start;
    for (attempts, seconds) in (0..).zip(BACK_OFF_SECONDS) {
        let exactly = delivery(change, attempts).next_attempt(now, 0).unwrap();
        assert_eq!(exactly, now.plus_seconds(seconds));
        let late = delivery(change, attempts).next_attempt(now, 255).unwrap();
        let spread = late.micros() - exactly.micros();
        assert_eq!(spread, seconds * 100_000, "after {attempts}");
        now = exactly;
    }
    let days = (now.micros() - start.micros()) / 86_400_000_000;
    assert_eq!(days, 3);
    assert_eq!(delivery(change, 9).next_attempt(now, 0), None);
    let test = Told::Test(uuid::Uuid::nil());
    assert_eq!(delivery(test, 0).next_attempt(now, 0), None);
}

#[test]
fn a_receiver_is_failing_when_a_message_was_given_up_and_beyond_patience_after_days() {
    let day = |day: i64| Timestamp::of_micros(0).plus_seconds(day * 86_400);
    let once = Health::default().failed(day(0), false);
    assert_eq!(
        (once.first_failure_at, once.given_up_at),
        (Some(day(0)), None)
    );
    let given_up = once.failed(day(3), true);
    assert_eq!(given_up.first_failure_at, Some(day(0)));
    assert_eq!(given_up.given_up_at, Some(day(3)));
    assert!(!given_up.is_beyond_patience(day(4)));
    assert!(given_up.is_beyond_patience(day(5)));
    let well = Health::succeeded(day(6));
    assert!(!well.is_beyond_patience(day(60)));
    assert_eq!(well.given_up_at, None);
}

#[test]
fn states_and_statuses_are_read_as_they_were_written() {
    for state in [
        State::Active,
        State::Paused,
        State::SwitchedOff(OffReason::Failing),
        State::SwitchedOff(OffReason::Gone),
        State::Ended(Timestamp::of_micros(7)),
    ] {
        let (reason, ended_at) = match state {
            State::Active | State::Paused => (None, None),
            State::SwitchedOff(reason) => (Some(reason.code()), None),
            State::Ended(at) => (None, Some(at.micros())),
        };
        assert_eq!(State::parse(state.code(), reason, ended_at), Some(state));
    }
    assert_eq!(State::parse("switched_off", None, None), None);
    assert_eq!(Status::parse("withheld"), Some(Status::Withheld));
    assert_eq!(Status::parse(""), None);
}

#[test]
fn only_what_happens_to_documents_cases_and_files_can_be_subscribed_to() {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let all = EventTypes::parse(&words(&["*", "*"])).unwrap();
    assert_eq!(all.words(), ["*"]);
    for told in [
        "document.change",
        "document.register",
        "case.close",
        "file.refile",
        "workflow.start",
    ] {
        assert!(all.matches(told), "{told}");
    }
    assert!(!all.matches("hold.place"));
    assert!(!all.matches("account.create") && !all.matches("webhook.create"));
    let one = EventTypes::parse(&words(&["document.text"])).unwrap();
    assert!(one.matches("document.text") && !one.matches("document.change"));
    assert_eq!(EventTypes::parse(&words(&["*", "account.create"])), Err(1));
}

#[test]
fn what_goes_on_in_a_workflow_is_told_of_its_case() {
    let case = Thing::Object(Object::Case(CaseId::new()));
    let document = Thing::Object(Object::Document(DocumentId::new()));
    assert!(case.is_told_by("workflow.start") && case.is_told_by("case.close"));
    assert!(!case.is_told_by("workflow_definition.adopt"));
    assert!(!document.is_told_by("workflow.complete"));
    assert!(document.is_told_by("document.register"));
}

fn rules(variables: &[(&str, &str)]) -> Rules {
    let env: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| (format!("PAPIERLOS_WEBHOOKS_{name}"), (*value).to_owned()))
        .collect();
    let sources = Sources {
        file: None,
        env: &env,
        arguments: &[],
        read: &|path| std::fs::read_to_string(path),
    };
    Rules::of(&Config::load(&sources).unwrap().webhooks)
}

#[test]
fn only_public_addresses_are_allowed_unless_the_configuration_names_them() {
    let strict = rules(&[]);
    let open = rules(&[("ALLOW_PRIVATE", "10.20.0.0/16, fd12::/16")]);
    let check = |address: &str, public: bool| {
        let address = address.parse().unwrap();
        assert_eq!(strict.allows(address), public, "{address}");
    };
    for public in [
        "8.8.8.8",
        "100.63.0.1",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
    ] {
        check(public, true);
    }
    for public in ["2001:4860:4860::8888", "2a01:4f8::1", "3fff:1000::1"] {
        check(public, true);
    }
    for special in [
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::808:808",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        check(special, false);
    }
    for named in ["10.20.255.1", "fd12::1"] {
        assert!(open.allows(named.parse().unwrap()), "{named}");
    }
    for other in ["10.21.0.1", "fd13::1", "::ffff:10.20.0.1"] {
        assert!(!open.allows(other.parse().unwrap()), "{other}");
    }
}

#[test]
fn an_address_is_refused_for_the_first_reason_there_is() {
    let strict = rules(&[]);
    let check = |url: &str, fault: TargetFault| {
        assert_eq!(strict.target(url).unwrap_err(), fault, "{url}");
    };
    check("", TargetFault::NoUrl);
    check("https://", TargetFault::NoUrl);
    check("http://example.org/", TargetFault::Scheme);
    check("file:///etc/passwd", TargetFault::Scheme);
    check("https://a@example.org/", TargetFault::Credentials);
    check("https://:b@example.org/", TargetFault::Credentials);
    check("https://example.org:22/", TargetFault::Port);
    check("https://127.1/", TargetFault::Private);
    check("https://0x7f000001/", TargetFault::Private);
    check("https://[::1]/", TargetFault::Private);
    assert!(strict.target("https://example.org/a?b=c").is_ok());
    assert!(strict.target("https://8.8.8.8/").is_ok());
    let open = rules(&[("ALLOW_HTTP", "true"), ("PORTS", "80, 8000-8999")]);
    assert!(open.target("http://example.org/").is_ok());
    assert!(open.target("http://example.org:8080/").is_ok());
    assert_eq!(
        open.target("https://example.org/").unwrap_err(),
        TargetFault::Port
    );
}

//! The contract and what ran: every operation succeeds for who may, is refused to who may not, and leaves a
//! record where it writes. What does not fit stands in `tests/data/coverage.txt`, with its reason; that list
//! may only shrink.

mod calls;
mod describing;
mod inbox;
mod inspecting;
mod people;
mod signing;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::Authority;
use tests::app::Start;
use tests::clamd::{self, FakeClamd};
use tests::contract::{self, Operation, contract, operations};
use tests::town::Town;

use calls::{By, Call, People, call_of, lift};

const EXCEPTIONS: &str = include_str!("../../data/coverage.txt");

#[tokio::test]
async fn the_committed_contract_is_the_one_of_the_code() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let output = std::process::Command::new(tests::app::binary())
        .arg("openapi")
        .current_dir(folder.path())
        .output()
        .expect("the binary starts");
    assert!(output.status.success());
    let committed = std::fs::read(contract::path()).expect("openapi.yaml");
    assert!(
        committed == output.stdout,
        "openapi.yaml is not current: papierlos openapi >openapi.yaml"
    );
}

#[test]
fn readers_of_an_older_yaml_take_no_word_and_no_day_of_the_contracts_for_something_else() {
    for path in [contract::path(), contract::foreign_path()] {
        let text = std::fs::read_to_string(path).expect("a contract");
        for line in text.lines() {
            let words = line.trim().trim_start_matches("- ");
            let value = words.split_once(": ").map_or(words, |(_, value)| value);
            let truth = matches!(
                value.trim_end_matches(':'),
                "on" | "off" | "yes" | "no" | "y" | "n"
            );
            let day = value.len() >= 10
                && value
                    .bytes()
                    .take(10)
                    .enumerate()
                    .all(|(at, byte)| match at {
                        4 | 7 => byte == b'-',
                        _ => byte.is_ascii_digit(),
                    });
            assert!(!truth && !day, "{}: {line}", path.display());
        }
    }
}

/// The places within a contract to which it refers.
fn references(of: &Value, found: &mut Vec<String>) {
    match of {
        Value::Object(members) => {
            let place = members.get("$ref").and_then(Value::as_str);
            found.extend(
                place
                    .and_then(|place| place.strip_prefix('#'))
                    .map(str::to_owned),
            );
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn what_the_contracts_refer_to_stands_in_them() {
    for contract in [contract(), contract::foreign_contract()] {
        let mut found = Vec::new();
        references(contract, &mut found);
        assert!(found.len() > 20, "only {} references", found.len());
        found.retain(|place| contract.pointer(place).is_none());
        assert!(found.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn the_server_shows_the_contract_that_is_committed() {
    let Some(app) = tests::TestApp::start().await else {
        return;
    };
    let shown = app
        .anonymous()
        .get("/api/openapi.json")
        .await
        .is(200)
        .json();
    assert_eq!(shown, *contract());
    let page = app.anonymous().get("/api").await.is(200);
    assert_eq!(page.media_type(), Some("text/html"));
}

fn exceptions() -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for line in EXCEPTIONS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (what, reason) = line.split_once(": ").expect("an exception has a reason");
        let (operation, rule) = what.split_once(' ').expect("an operation and a rule");
        found.insert((operation.to_owned(), rule.to_owned()), reason.to_owned());
    }
    found
}

/// Gathers what does not hold and is no exception, and which exceptions were needed.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    needed: BTreeSet<(String, String)>,
}

impl Findings {
    fn rule(&mut self, operation: &Operation, rule: &str, holds: bool, seen: &str) {
        if holds {
            return;
        }
        let key = (operation.id.clone(), rule.to_owned());
        if exceptions().contains_key(&key) {
            self.needed.insert(key);
        } else {
            self.wrong.push(format!("{} {rule}: {seen}", operation.id));
        }
    }
}

#[tokio::test]
async fn every_operation_succeeds_is_refused_and_is_recorded() {
    let clamd = FakeClamd::start().await;
    let start = Start::new()
        .with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0")
        .with(clamd::VARIABLE, clamd.address());
    // The log is stamped by whoever can be asked; without openssl this is not tried.
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let start = authority.stamps_log(tests::tablet::sealed(start));
    let Some(town) = Town::of(start).await else {
        return;
    };
    let people = People::of(&town).await;
    let mut findings = Findings::default();
    let all = operations();
    assert!(
        all.len() >= 30,
        "only {} operations in openapi.yaml",
        all.len()
    );
    // Last come new roles, with which others see more, and whoever signs out: the token ends.
    let (last, first): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|one| matches!(one.id.as_str(), "setRoles" | "signOut"));
    for operation in first.into_iter().chain(last) {
        let call = match operation.id.as_str() {
            "liftHold" => Some(lift(&people, &town).await),
            other => call_of(&town, other).await,
        };
        let Some(call) = call else {
            findings
                .wrong
                .push(format!("{}: nobody here calls it", operation.id));
            continue;
        };
        cover((&town, &people), operation, &call, &mut findings).await;
    }
    for known in exceptions()
        .into_keys()
        .filter(|known| !findings.needed.contains(known))
    {
        findings
            .wrong
            .push(format!("{} {}: no exception any more", known.0, known.1));
    }
    assert!(
        findings.wrong.is_empty(),
        "\n{}\n",
        findings.wrong.join("\n")
    );
}

async fn cover(
    (town, people): (&Town, &People),
    operation: &Operation,
    call: &Call,
    findings: &mut Findings,
) {
    let method = operation.method.as_str();
    // Those who may not come first: the success may change what they are refused.
    let nobody = call.send(method, &town.app.anonymous()).await;
    let refused = nobody.status == 401;
    findings.rule(operation, "anonymous", refused, nobody.status.as_str());
    let stranger = call.send(method, &town.other()).await;
    let hidden = stranger.status == 404;
    findings.rule(
        operation,
        "other-department",
        hidden,
        stranger.status.as_str(),
    );
    let mut used_up = false;
    if call.by != By::Admin {
        let admin = call.send(method, &town.admin()).await;
        let refused = matches!(admin.status.as_u16(), 403 | 404);
        findings.rule(operation, "admin", refused, admin.status.as_str());
        used_up = admin.status.is_success();
    }
    // Where the administrator may as well, there is nothing left to do.
    let again = if used_up {
        call_of(town, &operation.id).await
    } else {
        None
    };
    let call = again.as_ref().unwrap_or(call);
    let client = match call.by {
        By::Clerk => town.clerk(),
        By::Head => people.head.clone(),
        By::Admin => town.admin(),
        By::Auditor => town.auditor(),
        By::Registrar => town.registrar().await,
        By::Device => town.app.anonymous(),
        By::Integrator => people.integrator.clone(),
    };
    let done = call.send_along(method, &client).await;
    findings.rule(operation, "success", done.status.is_success(), &done.text());
    if method != "GET" {
        let audited = done.header("papierlos-log-seq").is_some();
        findings.rule(operation, "audited", audited, "no receipt");
        if audited {
            let record = town.record_of(&done).await;
            assert!(record["action"].is_string(), "{}: {record}", operation.id);
        }
    }
}

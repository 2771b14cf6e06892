//! Several people do what comes to their minds, while versions come, clocks jump and the server is killed: every
//! invariant is kept, and the log verifies. What was thrown is printed, so that it can be thrown again.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::faketime::{days_later, has_faketime};
use tests::town::{OTHER, OWN, add, id_of, send, token_of};
use tests::{Answer, Client, Town, fixtures};

use super::{LIMITS, Office, WORKFLOWS, begun, case, post};
use crate::inspections::in_time;
use crate::invariants::{told, with};

/// How long people go on, before and after the server was killed.
const GO_ON: Duration = Duration::from_secs(2);
/// The fewest commands of each part, however slow the machine is.
const COMMANDS_MIN: usize = 30;
/// The most.
const COMMANDS_MAX: usize = 400;

/// `SplitMix64`: the same seed, the same throws.
struct Dice(u64);

impl Dice {
    /// By the variable, or by the clock.
    fn thrown() -> Dice {
        let said = std::env::var("PAPIERLOS_TEST_SEED").ok();
        let seed = said.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            let now = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
            u64::try_from(now & i128::from(u64::MAX)).unwrap_or(1)
        });
        eprintln!("PAPIERLOS_TEST_SEED={seed}");
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len());
        &all[at]
    }
}

/// What is done at random with.
struct Play {
    dice: Dice,
    /// Login and token.
    people: Vec<(&'static str, String)>,
    flows: Vec<String>,
    documents: Vec<String>,
    done: usize,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A day so many days from now.
fn day(days: i64) -> String {
    let day = time::OffsetDateTime::now_utc().date() + time::Duration::days(days);
    day.to_string()
}

/// How a step of a business trip, which comes with the program, may end, and what is said with it.
fn trip(key: &str, dice: &mut Dice) -> Option<(&'static str, Value)> {
    let approved = ["approved", "approved", "approved", "rejected"];
    Some(match key {
        "request" if dice.below(8) == 0 => ("withdrawn", json!({})),
        "request" => {
            let wish = json!({"purpose": "Schulung", "destination": "Münster", "begins_on": day(0),
                "ends_on": day(0), "transport": "train", "digital_checked": true, "cost": "120.00"});
            ("requested", wish)
        }
        "approve_superior" | "approve_deputy" => {
            let outcome = *dice.pick(&approved);
            let said = match outcome {
                "approved" => json!({"budget_holder": "l.heide"}),
                _ => json!({}),
            };
            (outcome, said)
        }
        "approve_budget" => (*dice.pick(&approved), json!({})),
        "travel" => ("travelled", json!({"returned_on": day(0)})),
        "submit_claim" => ("no_claim", json!({})),
        _ => return None,
    })
}

/// The key of a step.
fn key_of(shown: &Value, number: usize) -> String {
    let mut steps = shown["slip"].as_array().into_iter().flatten();
    let found = steps.find(|step| step["number"].as_u64() == u64::try_from(number).ok());
    found.map(|step| text(&step["key"])).unwrap_or_default()
}

impl Play {
    fn client(&mut self, town: &Town) -> (&'static str, Client) {
        let (login, token) = self.dice.pick(&self.people).clone();
        (login, town.app.with_token(&token))
    }

    /// A command for a step, or for the whole, with what it needs.
    async fn command(&mut self, town: &Town, shown: &Value) -> (String, Value) {
        let number = self.dice.below(6) + 1;
        let other = self.dice.pick(&self.people).0;
        let days = i64::try_from(self.dice.below(40)).unwrap_or_default();
        let reason = "So soll es sein";
        let kinds = ["consult", "statement", "task", "information"];
        match self.dice.below(17) {
            0 => (format!("steps/{number}/claim"), json!({})),
            1 => (format!("steps/{number}/release"), json!({})),
            2 => (
                format!("steps/{number}/return"),
                json!({"to": "work", "reason": reason}),
            ),
            3 => (format!("steps/{number}/skip"), json!({"reason": reason})),
            4 => (
                format!("steps/{number}/delegate"),
                json!({"to": other, "reason": reason}),
            ),
            5 => {
                let (kind, holds) = (*self.dice.pick(&kinds), self.dice.below(2) == 0);
                let body = json!({"kind": kind, "to": [other], "text": reason, "holds": holds});
                (format!("steps/{number}/insert"), body)
            }
            6 => (
                format!("steps/{number}/withdraw"),
                json!({"reason": reason}),
            ),
            7 => (format!("steps/{number}/hold"), json!({"until": day(days)})),
            8 => (format!("steps/{number}/resume"), json!({})),
            9 => (
                format!("steps/{number}/extend"),
                json!({"until": day(days), "reason": reason}),
            ),
            10 if self.dice.below(6) == 0 => (
                "exclude".to_owned(),
                json!({"person": other, "reason": reason}),
            ),
            11 => (
                "editorial".to_owned(),
                json!({"document": shown["fields"]["letter"]}),
            ),
            12 if self.dice.below(8) == 0 => ("cancel".to_owned(), json!({"reason": reason})),
            _ => {
                let ends = trip(&key_of(shown, number), &mut self.dice);
                let (outcome, fields) = match ends {
                    Some(ends) => ends,
                    None if self.dice.below(12) == 0 => ("dropped", json!({})),
                    None => ("done", json!({})),
                };
                let letter = text(&shown["fields"]["letter"]);
                let auditor = town.auditor();
                let document = auditor.get(&format!("/api/v1/documents/{letter}")).await;
                let seen = text(&document.json()["content"]["sha512"]);
                let mut body = json!({"outcome": outcome, "note": reason, "fields": fields});
                if !seen.is_empty() {
                    body["seen"] = json!(seen);
                }
                (format!("steps/{number}/complete"), body)
            }
        }
    }

    /// One thing that somebody does.
    async fn one(&mut self, town: &Town) {
        let (login, client) = self.client(town);
        if self.dice.below(10) == 0 {
            self.version(&client).await;
            return;
        }
        let flow = self.dice.pick(&self.flows).clone();
        let shown = town.auditor().get(&format!("{WORKFLOWS}/{flow}")).await;
        let (what, body) = self.command(town, &shown.is(200).json()).await;
        let path = format!("{WORKFLOWS}/{flow}/{what}");
        let in_stead = login == "c.kollegin" && self.dice.below(3) == 0;
        let headers: &[(&str, &str)] = if in_stead {
            &[("papierlos-on-behalf-of", "m.brandt")]
        } else {
            &[]
        };
        let answer = send(&client, Method::POST, &path, headers, Some(&body)).await;
        self.answered(login, &answer);
    }

    fn answered(&mut self, login: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        let fits = matches!(status, 200..=299 | 403 | 404 | 409 | 412 | 422);
        assert!(
            fits,
            "{login}: {}: {status} {}",
            answer.request,
            answer.text()
        );
        self.done += usize::from(status < 300);
    }

    /// Another version of one of the letters.
    async fn version(&mut self, client: &Client) {
        let document = self.dice.pick(&self.documents).clone();
        let path = format!("/api/v1/documents/{document}");
        let read = client.get(&path).await;
        if read.status != 200 {
            return;
        }
        let content = fixtures::unique_pdf(&format!("Fassung {}", self.dice.next()));
        let part = reqwest::multipart::Part::bytes(content).file_name("brief.pdf");
        let form = reqwest::multipart::Form::new().part("content", part);
        let request = client
            .request(Method::POST, &format!("{path}/versions"))
            .header("if-match", read.etag())
            .multipart(form);
        let answer = client.send(request).await;
        self.answered("a version", &answer);
    }

    /// People go on for a while.
    async fn go_on(&mut self, town: &Town) {
        let begin = Instant::now();
        for number in 0..COMMANDS_MAX {
            if number >= COMMANDS_MIN && begin.elapsed() > GO_ON {
                return;
            }
            self.one(town).await;
        }
    }
}

/// Six letters, two invoices and two business trips, and the people who work on them.
async fn begin(office: &Office) -> Play {
    let town = office.town();
    let colleague = add(&town.app, "c.kollegin", "clerk", Some(OWN)).await;
    let second = add(&town.app, "z.weite", "admin", None).await;
    let until = in_time(390 * 86_400);
    let deputy = json!({"deputy": "c.kollegin", "valid_until": until, "reason": "Urlaub"});
    town.clerk()
        .post("/api/v1/deputations", &deputy)
        .await
        .is(201);
    let limit = json!({"who": "l.heide", "amount": "1000.00", "reason": "Dienstanweisung"});
    let given = town.admin().post(LIMITS, &limit).await.is(201);
    let path = format!("{LIMITS}/{}/approve", id_of(&given));
    post(&town.app.with_token(&second), &path, None)
        .await
        .is(200);
    let (mut flows, mut documents) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let (flow, document, _) = begun(town, "brief").await;
        flows.push(id_of(&flow));
        documents.push(id_of(&document));
    }
    for gross in ["999.99", "1000.01"] {
        let case = case(town, "rechnung").await;
        let body =
            json!({"definition": "rechnung", "case": id_of(&case), "fields": {"gross": gross}});
        flows.push(id_of(&town.clerk().post(WORKFLOWS, &body).await.is(201)));
    }
    for _ in 0..2 {
        let case = case(town, "business_trip").await;
        let body = json!({"definition": "business-trip", "case": id_of(&case)});
        flows.push(id_of(&town.clerk().post(WORKFLOWS, &body).await.is(201)));
    }
    let other = add(&town.app, "a.nders", "clerk", Some(OTHER)).await;
    let people = vec![
        ("m.brandt", token_of(&town.app, "m.brandt").await),
        ("l.heide", token_of(&town.app, "l.heide").await),
        ("c.kollegin", colleague),
        ("a.nders", other),
    ];
    Play {
        dice: Dice::thrown(),
        people,
        flows,
        documents,
        done: 0,
    }
}

#[tokio::test]
async fn whatever_people_do_every_invariant_is_kept() {
    let Some(mut office) = Office::open().await else {
        return;
    };
    let mut play = Box::pin(begin(&office)).await;
    Box::pin(play.go_on(office.town())).await;
    // In the middle of a sentence, and what was answered stays.
    let app = &mut office.registry.town.app;
    app.kill();
    app.resume();
    Box::pin(play.go_on(office.town())).await;
    if has_faketime() {
        for days in [9, 2] {
            days_later(&mut office.registry.town.app, days);
            Box::pin(play.go_on(office.town())).await;
        }
    }
    assert!(play.done > 0, "nobody did anything");
    let report = told(office.town()).await;
    assert!(with(&report, "broken").is_empty(), "{report:#}");
    assert_eq!(report["verdict"], "kept", "{report:#}");
    let verified = office.town().app.command(&["verify"]).await;
    assert!(verified.status.success(), "{verified:?}");
}

//! Closing, the clock of retention, holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::plan::damage;
use tests::town::id_of;
use tests::{Answer, fixtures};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime};

use super::{Registry, act, act_on, register, text, year_of};

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn nothing_closes_over_what_is_open_and_what_is_closed_is_read_only() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let file_at = format!("/api/v1/files/{}", id_of(&file));
    let case_at = format!("/api/v1/cases/{}", id_of(&case));
    let new = json!({"title": "Bescheid", "case": id_of(&case)});
    let draft = clerk
        .file("b.pdf", &fixtures::unique_pdf("Bescheid"), &new)
        .await
        .is(201);
    act_on(&clerk, &format!("{file_at}/close"), &file.etag())
        .await
        .is_problem(409, "state-conflict");
    act_on(&clerk, &format!("{case_at}/close"), &case.etag())
        .await
        .is_problem(409, "state-conflict");
    let document = register(&clerk, &draft, &case).await.is(200);
    let closed = act_on(&clerk, &format!("{case_at}/close"), &case.etag())
        .await
        .is(200);
    let again = act_on(&clerk, &format!("{case_at}/close"), &closed.etag()).await;
    assert_eq!(
        text(&again.is_problem(409, "state-conflict"), "current_state"),
        "closed"
    );
    let document_at = format!("/api/v1/documents/{}", id_of(&document));
    let tags = json!({"tags": ["Nachtrag"]});
    let late = clerk.patch(&document_at, &document.etag(), &tags).await;
    assert_eq!(
        text(&late.is_problem(409, "state-conflict"), "current_state"),
        "closed"
    );
    let late = registry.town.letter("Nachzügler", "Zu spät").await;
    let late = register(&clerk, &late, &case)
        .await
        .is_problem(409, "state-conflict");
    assert_eq!(text(&late, "current_state"), "closed");
    clerk
        .patch(&case_at, &closed.etag(), &tags)
        .await
        .is_problem(409, "state-conflict");
    let shut = act_on(&clerk, &format!("{file_at}/close"), &file.etag())
        .await
        .is(200);
    clerk
        .patch(&file_at, &shut.etag(), &tags)
        .await
        .is_problem(409, "state-conflict");
    let new = json!({"file": id_of(&file), "subject": "Zu spät"});
    clerk
        .post("/api/v1/cases", &new)
        .await
        .is_problem(409, "state-conflict");
    // A case is not opened again within a closed file.
    let reason = json!({"reason": "Widerspruch"});
    let refused = act(
        &registry.head,
        &format!("{case_at}/reopen"),
        &closed.etag(),
        &reason,
    )
    .await;
    refused.is_problem(409, "state-conflict");
    act(&clerk, &format!("{file_at}/reopen"), &shut.etag(), &reason)
        .await
        .is_problem(403, "forbidden");
    let open = act(
        &registry.head,
        &format!("{file_at}/reopen"),
        &shut.etag(),
        &reason,
    )
    .await
    .is(200);
    assert_eq!(text(&open, "reason"), "Widerspruch");
    assert_eq!(open.json()["retention"]["until"], json!(null));
    act(
        &registry.head,
        &format!("{case_at}/reopen"),
        &closed.etag(),
        &reason,
    )
    .await
    .is(200);
    let two = registry.town.letter("Widerspruch", "Widerspruch").await;
    register(&clerk, &two, &case).await.is(200);
}

/// The day of an instant by German clocks: summer time is from the last Sunday of March to the last of
/// October, each at 1:00 UTC (Directive 2000/84/EC).
fn german_day(instant: &str) -> String {
    let at = OffsetDateTime::parse(instant, &Rfc3339).expect("an instant");
    let turn = |month: Month| {
        let last = Date::from_calendar_date(at.year(), month, 31).expect("a day");
        let back = i64::from(last.weekday().number_days_from_sunday());
        let sunday = last - Duration::days(back);
        sunday.with_hms(1, 0, 0).expect("a time").assume_utc()
    };
    let summer = turn(Month::March) <= at && at < turn(Month::October);
    let local = at + Duration::hours(if summer { 2 } else { 1 });
    local.date().to_string()
}

#[tokio::test]
async fn a_closed_file_is_kept_until_the_last_day_of_the_year() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    for (unit, years, transfer) in [
        ("02.1", Some(10), Some(3)),
        ("02.2", Some(5), Some(1)),
        ("03", None, None),
    ] {
        let file = registry.file(unit, "Parken").await;
        let path = format!("/api/v1/files/{}", id_of(&file));
        let closed = act_on(&clerk, &format!("{path}/close"), &file.etag())
            .await
            .is(200)
            .json();
        let kept = &closed["retention"];
        let day = german_day(closed["closed_at"].as_str().expect("a time"));
        let year = year_of(&day);
        assert_eq!(kept["from"], day);
        let until = years.map(|years| format!("{}-12-31", year + years));
        assert_eq!(kept["until"].as_str(), until.as_deref(), "{unit}");
        let moved = transfer.map(|years| year + years);
        assert_eq!(kept["transfer_on"].as_str().map(year_of), moved, "{unit}");
        assert_eq!(kept["disposable"], false);
        let expected = if years.is_some() {
            "retention_runs"
        } else {
            "kept_forever"
        };
        assert_eq!(kept["reasons"], json!([expected, "no_archive_decision"]));
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_hold_stops_everything_in_it_and_around_it() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, head) = (registry.town.clerk(), &registry.head);
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let document = registry.registered(&case, "Antrag").await;
    let on_file = json!({"file": id_of(&file), "reason": "Klage 4 K 17/26"});
    clerk
        .post("/api/v1/holds", &on_file)
        .await
        .is_problem(403, "forbidden");
    registry
        .town
        .other()
        .post("/api/v1/holds", &on_file)
        .await
        .is_problem(404, "not-found");
    head.post("/api/v1/holds", &json!({"reason": "Wozu"}))
        .await
        .is_problem(422, "validation");
    let first = head.post("/api/v1/holds", &on_file).await.is(201);
    let on_document = json!({"document": id_of(&document), "reason": "Akteneinsicht"});
    let second = registry
        .manager
        .post("/api/v1/holds", &on_document)
        .await
        .is(201);
    let shown = async |path: String| {
        let one = clerk.get(&path).await.is(200).json();
        let holds = one["retention"]["holds"].as_array().map_or(0, Vec::len);
        let has = |reason: &str| {
            let all = one["retention"]["reasons"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            all.iter().any(|one| one == reason)
        };
        (holds, has("hold"), has("hold_inside"))
    };
    let paths = [
        format!("/api/v1/files/{}", id_of(&file)),
        format!("/api/v1/cases/{}", id_of(&case)),
        format!("/api/v1/documents/{}", id_of(&document)),
    ];
    assert_eq!(shown(paths[0].clone()).await, (1, true, true));
    assert_eq!(shown(paths[1].clone()).await, (1, true, true));
    assert_eq!(shown(paths[2].clone()).await, (2, true, false));
    let lift = format!("/api/v1/holds/{}/lift", id_of(&first));
    let why = json!({"reason": "Klage zurückgenommen"});
    act(&clerk, &lift, &first.etag(), &why)
        .await
        .is_problem(403, "forbidden");
    act(head, &lift, "\"v7\"", &why)
        .await
        .is_problem(412, "precondition-failed");
    act(head, &lift, &first.etag(), &why).await.is(200);
    act(head, &lift, &first.etag(), &why)
        .await
        .is_problem(409, "state-conflict");
    assert_eq!(shown(paths[0].clone()).await, (0, false, true));
    let history = clerk
        .get(&format!("{}/history", paths[2]))
        .await
        .is(200)
        .text();
    assert!(
        history.contains("hold.place") && history.contains("Akteneinsicht"),
        "{history}"
    );
    drop(second);
}

#[tokio::test]
async fn the_check_names_what_the_program_never_does() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    registry.registered(&case, "Antrag").await;
    registry.town.settle().await;
    let app = &registry.town.app;
    let codes = async || {
        let output = app.command(&["check", "--json"]).await;
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let counts = said["counts"].as_object().cloned().unwrap_or_default();
        counts.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(codes().await, Vec::<String>::new());
    damage(
        app,
        "UPDATE reference_counter SET last = 0 WHERE scope LIKE 'case:%'",
    )
    .await;
    assert_eq!(codes().await, ["counter-behind"]);
    damage(
        app,
        "UPDATE reference_counter SET last = 1 WHERE scope LIKE 'case:%'",
    )
    .await;
    let twice = "INSERT INTO reference_alias (reference, kind, object_id, since) \
                 SELECT reference, 'file', id, 0 FROM record_case";
    damage(app, twice).await;
    assert_eq!(codes().await, ["reference-doubled"]);
    let lost =
        "UPDATE document SET case_id = NULL, version = version + 1 WHERE state = 'registered'";
    damage(app, lost).await;
    assert_eq!(codes().await, ["reference-doubled", "without-case"]);
}

#[tokio::test]
async fn a_list_tells_of_each_what_is_held_in_it_and_of_no_other() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, head) = (registry.town.clerk(), &registry.head);
    let (outer, other) = (
        registry.file("02.1", "Parken").await,
        registry.file("02.1", "Halten").await,
    );
    let inner = json!({"parent": id_of(&outer), "subject": "Anwohner"});
    let inner = clerk.post("/api/v1/files", &inner).await.is(201);
    let case = registry.case(&inner, "Beispiel").await;
    let part = json!({"file": id_of(&inner), "parent": id_of(&case), "subject": "Teil"});
    let part = clerk.post("/api/v1/cases", &part).await.is(201);
    let free = registry.case(&other, "Frei").await;
    let document = registry.registered(&part, "Antrag").await;
    let new = json!({"document": id_of(&document), "reason": "Akteneinsicht"});
    let hold = head.post("/api/v1/holds", &new).await.is(201);
    let held = async |list: &str| {
        let page = clerk.get(list).await.is(200).json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let inside = |one: &&Value| {
            let reasons = one["retention"]["reasons"].as_array();
            reasons.is_some_and(|all| all.iter().any(|reason| reason == "hold_inside"))
        };
        let id = |one: &Value| one["id"].as_str().unwrap_or_default().to_owned();
        let held: BTreeSet<String> = items.iter().filter(inside).map(id).collect();
        (held, items.len())
    };
    let named = |all: &[&Answer]| all.iter().map(|one| id_of(one)).collect::<BTreeSet<_>>();
    let files = held("/api/v1/files").await;
    assert_eq!(files, (named(&[&outer, &inner]), 3));
    let cases = held("/api/v1/cases").await;
    assert_eq!(cases, (named(&[&case, &part]), 3));
    assert!(!cases.0.contains(&id_of(&free)));
    let lift = format!("/api/v1/holds/{}/lift", id_of(&hold));
    let why = json!({"reason": "Eingesehen"});
    act(head, &lift, &hold.etag(), &why).await.is(200);
    assert_eq!(held("/api/v1/files").await.0, BTreeSet::new());
    assert_eq!(held("/api/v1/cases").await.0, BTreeSet::new());
}

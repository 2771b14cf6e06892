//! W4: a letter to the mayor goes through the house, and its answer leaves it.

use reqwest::Method;
use serde_json::{Value, json};
use tests::tablet::sealed;
use tests::town::{OTHER, OWN, id_of, send};
use tests::{Start, fixtures};

use super::{CLERK, CONFLICT, FORBIDDEN, Hall, OPEN, Story, with};
use crate::signing::add_version;
use crate::workflows::{WORKFLOWS, post};

const OFFICE: &str = "b.buero";
const MAYOR: &str = "bm.oberland";

async fn hall() -> Option<Hall> {
    let people = [
        (OFFICE, "clerk", OWN),
        (MAYOR, "mayor", OWN),
        ("l.heide", "head", OWN),
        ("s.zwei", "clerk", OWN),
        ("kaem", "clerk", OTHER),
    ];
    let functions: [(&str, &[&str]); 5] = [
        ("bueroleitung", &[OFFICE]),
        ("poststelle", &[OFFICE]),
        ("bm", &[MAYOR]),
        ("kaemmerei", &["kaem"]),
        ("recht", &["kaem"]),
    ];
    Hall::open(sealed(Start::new()), (&people, &functions), None).await
}

async fn received(hall: &Hall) -> Story<'_> {
    let case = hall.case(OFFICE, OPEN, "mayors_post").await;
    let said = json!({"title": "Brief an den Bürgermeister", "correspondent": "A. Bürger"});
    let letter = hall.document(OFFICE, &said).await;
    let of = (case.as_str(), Some(letter.as_str()));
    hall.begin(OFFICE, "mayors-post", of, json!({})).await
}

async fn screened(hall: &Hall) -> Story<'_> {
    let mut story = received(hall).await;
    let open = json!({"confidential": false});
    story.does(OFFICE, "receive", "opened", open).await;
    story
        .does(OFFICE, "register_letter", "registered", json!({}))
        .await;
    story.does(OFFICE, "screen", "mayors_post", json!({})).await;
    story
}

/// The lead has the clerk, who accepts it; whoever is named takes part.
async fn assigned<'h>(hall: &'h Hall, participants: Value) -> Story<'h> {
    let mut story = screened(hall).await;
    let by = hall.day(OFFICE, &story.case, 14).await;
    // Statements were due before the letter was assigned: whoever is asked is late at once.
    let late = hall.day(OFFICE, &story.case, -1).await;
    let how = json!({"lead": CLERK, "final_signer": "function:bm", "reply_by": by,
        "statements_by": late, "participants": participants});
    story.does(OFFICE, "assign", "assigned", how).await;
    story
        .does(CLERK, "accept_lead", "accepted", json!({}))
        .await;
    story
}

fn drafted(reply: &str, cost: bool) -> Value {
    json!({"reply": reply, "co_signers": ["s.zwei"], "cost": cost, "legal_question": false})
}

/// A draft that is co-signed.
async fn co_signing(hall: &Hall) -> (Story<'_>, String) {
    let mut story = assigned(hall, json!([])).await;
    let reply = hall.draft(CLERK, &story.case, "Antwort").await;
    story
        .does(CLERK, "draft_reply", "drafted", drafted(&reply, true))
        .await;
    (story, reply)
}

async fn new_version(hall: &Hall, who: &str, reply: &str) {
    let content = fixtures::unique_pdf("Eine andere Fassung");
    add_version(hall.by(who), reply, &content).await.is(201);
}

/// Sends what was signed and sealed.
async fn sent(story: &mut Story<'_>) {
    story.past("seal_reply").await;
    let unseen = with("sent", json!({"channel": "post"}));
    let fault = story.faults((OFFICE, "send_reply"), unseen).await;
    assert_eq!(fault, ("/seen".to_owned(), "required".to_owned()));
    let seen = story.seen(&story.paper("reply")).await;
    let body = json!({"outcome": "sent", "seen": seen, "fields": {"channel": "post"}});
    story.completes(OFFICE, "send_reply", body).await;
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_letter_is_answered_by_many_hands_and_goes_to_the_files() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = assigned(&hall, json!(["s.zwei", "k.sommer"])).await;
    // An interim reply runs beside the statements, whose places stay.
    story.begins_not("s.zwei", "interim", FORBIDDEN).await;
    story.begins_beside(CLERK, "interim").await;
    story.begins_not(CLERK, "interim", CONFLICT).await;
    let interim = story.made("interim", None).await;
    assert_eq!(story.state(), "statements");
    story
        .does(CLERK, "draft_interim", "drafted", json!({}))
        .await;
    story
        .signs(OFFICE, "sign_interim", ("signed", "interim"))
        .await;

    // More time is given by whoever asked, and by nobody else.
    let path = story.at("statement", "extend");
    let until = hall.day(OFFICE, &story.case, 3).await;
    let more = json!({"until": until, "reason": "Ortstermin"});
    let other = post(hall.by(CLERK), &path, Some(&more)).await;
    other.is_problem(403, "forbidden");
    post(hall.by(OFFICE), &path, Some(&more)).await.is(200);
    story.look().await;

    // One states what he thinks, and adds a document of the case; the other is late and skipped.
    let path = story.at("statement", "complete");
    let own = hall.draft("s.zwei", &story.case, "Stellungnahme").await;
    // Nobody states nothing.
    let empty = json!({"outcome": "given"});
    let refused = post(hall.by("s.zwei"), &path, Some(&empty));
    refused.await.is_problem(422, "validation");
    let given = json!({"outcome": "given", "note": "Keine Bedenken", "documents": [own]});
    post(hall.by("s.zwei"), &path, Some(&given)).await.is(200);
    story.look().await;
    let path = story.at("statement", "skip");
    let late = json!({"reason": "Nicht eingegangen"});
    let other = post(hall.by(OFFICE), &path, Some(&late)).await;
    other.is_problem(403, "forbidden");
    post(hall.by(CLERK), &path, Some(&late)).await.is(200);
    story.look().await;
    assert_eq!(story.state(), "draft");
    let skipped = &story.last("statement")["done"];
    assert_eq!(skipped["outcome"], "skipped");
    assert_eq!(skipped["note"], "Nicht eingegangen");
    assert_eq!(skipped["by"]["who"], CLERK);
    // The interim reply has come along, and leaves the house while the answer is drafted.
    story
        .signs(OFFICE, "send_interim", ("sent", "interim"))
        .await;
    assert_eq!(story.state(), "draft");
    let filed = hall.standing(CLERK, &interim).await;
    assert_eq!(filed["state"], "registered");

    let reply = hall.draft(CLERK, &story.case, "Antwort").await;
    // Who took part co-signs, whomever the drafter names.
    let mut alone = drafted(&reply, false);
    alone["co_signers"] = json!([]);
    story.does(CLERK, "draft_reply", "drafted", alone).await;
    for participant in ["s.zwei", "k.sommer"] {
        story.agrees(participant, "co_sign_participant").await;
    }
    // As long as it is not signed there may be another one; then it is asked for no more.
    story.begins_beside(OFFICE, "interim").await;
    story.made("interim", Some(&interim)).await;
    let seen = story.seen(&reply).await;
    let drafter = json!({"outcome": "signed", "seen": seen});
    story.refuses((CLERK, "sign"), drafter, FORBIDDEN).await;
    story.signs(MAYOR, "sign", ("signed", "reply")).await;
    assert_eq!(story.last("draft_interim")["status"], "withdrawn");
    story.begins_not(CLERK, "interim", CONFLICT).await;
    sent(&mut story).await;
    story.does(CLERK, "follow_up", "settled", json!({})).await;
    story.is_filed().await;
    // Again it is opened by the head alone, who says why.
    for (who, reason, expected) in [
        (CLERK, "Widerspruch", 403),
        ("l.heide", "", 422),
        ("l.heide", "Widerspruch", 200),
    ] {
        story.reopens(who, reason, expected).await;
    }
    // The statement was a draft still: it goes to the files with the case.
    let filed = hall.standing("s.zwei", &own).await;
    assert_eq!(filed["state"], "registered");
    let slip = story.slip();
    assert_eq!(
        slip[..4],
        [
            "receive opened b.buero",
            "register_letter registered b.buero",
            "screen mayors_post b.buero",
            "assign assigned b.buero",
        ]
    );
    assert_eq!(
        slip[5..],
        [
            "statement given s.zwei",
            "statement (skipped)",
            "draft_interim drafted m.brandt",
            "sign_interim signed b.buero",
            "send_interim sent b.buero",
            "draft_reply drafted m.brandt",
            "co_sign_participant agreed s.zwei",
            "co_sign_participant agreed k.sommer",
            "sign signed bm.oberland",
            "draft_interim (withdrawn)",
            "sign_interim (withdrawn)",
            "send_interim (withdrawn)",
            "seal_reply done system",
            "send_reply sent b.buero",
            "follow_up settled m.brandt",
        ]
    );
    assert_eq!(story.recorded("workflow.skip").await, 1);
    assert_eq!(story.recorded("workflow.extend").await, 1);
    assert_eq!(story.recorded("workflow.insert").await, 2);
}

async fn send_it(by: &tests::Client, path: &str, headers: &[(&str, &str)], body: &Value) {
    send(by, Method::POST, path, headers, Some(body))
        .await
        .is(200);
}

#[tokio::test]
async fn a_letter_that_does_not_belong_here_goes_on_elsewhere() {
    let Some(hall) = hall().await else {
        return;
    };
    for (outcome, why) in [
        ("unopened", "Persönlich"),
        ("forwarded", "Falsche Anschrift"),
    ] {
        let mut story = received(&hall).await;
        let unsaid = json!({"outcome": outcome, "note": why});
        let fault = story.faults((OFFICE, "receive"), unsaid).await;
        assert_eq!(fault.0, "/fields/forwarded_to");
        let on =
            json!({"outcome": outcome, "note": why, "fields": {"forwarded_to": "Kreisverwaltung"}});
        story.completes(OFFICE, "receive", on).await;
        story.is_dropped("handed_on").await;
        assert_eq!(story.field("forwarded_to"), "Kreisverwaltung");
    }
    let first = received(&hall).await.paper("letter");
    let mut story = received(&hall).await;
    let open = json!({"confidential": false});
    story.does(OFFICE, "receive", "opened", open).await;
    // A duplicate is related to the first one, and says where that is.
    let related = json!({"kind": "duplicate_of", "source": story.paper("letter"), "target": first});
    let office = hall.by(OFFICE);
    office.post("/api/v1/relations", &related).await.is(201);
    let twice = json!({"outcome": "duplicate", "note": "Schon gestern eingegangen",
        "fields": {"duplicate_of": "01.1.1-2026/0001"}});
    story.completes(OFFICE, "register_letter", twice).await;
    story.is_dropped("handed_on").await;

    // What is a complaint goes its own way, in the same case and with the same letter.
    let mut story = received(&hall).await;
    let open = json!({"confidential": false});
    story.does(OFFICE, "receive", "opened", open).await;
    story
        .does(OFFICE, "register_letter", "registered", json!({}))
        .await;
    story.does(OFFICE, "screen", "complaint", json!({})).await;
    story.is_dropped("other_way").await;
    story.becomes("complaint").await;
    let of = (story.case.as_str(), Some(story.paper("letter")));
    let of = (of.0, of.1.as_deref());
    let complaint = hall.begin(OFFICE, "complaint", of, json!({})).await;
    assert_eq!(complaint.state(), "received");

    let mut story = screened(&hall).await;
    let day = hall.day(OFFICE, &story.case, 5).await;
    let later = hall.day(OFFICE, &story.case, 6).await;
    let whole = json!({"lead": CLERK, "final_signer": "function:bm", "reply_by": day});
    let mut past = whole.clone();
    past["reply_by"] = json!("2026-01-02");
    let mut undated = whole.clone();
    undated["participants"] = json!(["s.zwei"]);
    let mut after = whole.clone();
    after["statements_by"] = json!(later);
    for wrong in [past, undated, after] {
        let fault = story.faults((OFFICE, "assign"), with("assigned", wrong));
        assert_eq!(fault.await.1, "requirement");
    }
    story.does(OFFICE, "assign", "assigned", whole).await;
    // Whoever is not competent says who is.
    let why = ("declined", "Zuständig ist die Kämmerei");
    story.says(CLERK, "accept_lead", why).await;
    assert_eq!(story.state(), "assigned");
    let why = ("no_reply", "Nur zur Kenntnis");
    story.says(OFFICE, "assign", why).await;
    story.is_filed().await;
}

#[tokio::test]
async fn another_version_makes_marks_void_unless_it_was_announced() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, reply) = co_signing(&hall).await;
    story.signs("s.zwei", "co_sign", ("agreed", "reply")).await;
    let sign = ("agreed_with_change", "reply");
    story.signs("kaem", "co_sign_treasury", sign).await;
    assert_eq!(story.state(), "draft");
    new_version(&hall, CLERK, &reply).await;
    story
        .does(CLERK, "draft_reply", "drafted", drafted(&reply, true))
        .await;
    story.signs("s.zwei", "co_sign", ("agreed", "reply")).await;
    let before = story.seen(&reply).await;
    new_version(&hall, CLERK, &reply).await;
    let stale = json!({"outcome": "agreed", "seen": before});
    story
        .refuses(("kaem", "co_sign_treasury"), stale, CONFLICT)
        .await;
    // It is noticed by itself, and all are asked again.
    let voided = format!("{WORKFLOWS}/{}", story.id);
    let client = hall.by(CLERK);
    tests::wait_until("the mark is asked for again", async || {
        let shown = client.get(&voided).await.is(200).json();
        let steps = shown["slip"].as_array().cloned().unwrap_or_default();
        let mut marks = steps.iter().filter(|step| step["key"] == "co_sign");
        marks.any(|step| step["status"] == "open")
    })
    .await;
    story.look().await;
    story.signs("s.zwei", "co_sign", ("agreed", "reply")).await;
    story
        .signs("kaem", "co_sign_treasury", ("agreed", "reply"))
        .await;
    assert_eq!(story.state(), "final_sign");

    // The mayor talks to the clerk first, and sends it back once.
    let path = story.at("sign", "insert");
    let consult = json!({"kind": "consult", "to": [CLERK], "text": "Bitte Rücksprache"});
    post(hall.by(MAYOR), &path, Some(&consult)).await.is(200);
    story.look().await;
    let seen = story.seen(&reply).await;
    let waits = json!({"outcome": "signed", "seen": seen});
    let refused = story.refuses((MAYOR, "sign"), waits, CONFLICT).await;
    assert_eq!(refused["current_state"], "waiting");
    story.says(CLERK, "adhoc", ("done", "Ist besprochen")).await;
    let why = ("draft", "Etwas freundlicher");
    story.returns(MAYOR, "sign", why).await;
    new_version(&hall, CLERK, &reply).await;
    story
        .does(CLERK, "draft_reply", "drafted", drafted(&reply, false))
        .await;
    story.signs("s.zwei", "co_sign", ("agreed", "reply")).await;

    // What he announces as editorial voids nothing.
    let path = format!("{WORKFLOWS}/{}/editorial", story.id);
    let announced = json!({"document": reply});
    post(hall.by(MAYOR), &path, Some(&announced)).await.is(200);
    new_version(&hall, MAYOR, &reply).await;
    story.signs(MAYOR, "sign", ("signed", "reply")).await;
    sent(&mut story).await;
    story
        .does(CLERK, "follow_up", "undeliverable", json!({}))
        .await;
    story.does(CLERK, "find_address", "found", json!({})).await;
    sent(&mut story).await;
    let day = hall.day(CLERK, &story.case, 30).await;
    let again = json!({"resubmit_on": day});
    story.does(CLERK, "follow_up", "again", again).await;
    story.does(CLERK, "resubmit", "settled", json!({})).await;
    story.is_filed().await;
    assert_eq!(story.recorded("workflow.editorial").await, 1);
    assert_eq!(story.recorded("workflow.return").await, 1);
}

#[tokio::test]
async fn whoever_is_away_is_stood_in_for_and_whoever_is_biased_takes_no_part() {
    let Some(hall) = hall().await else {
        return;
    };
    let (mut story, reply) = co_signing(&hall).await;
    let path = format!("{WORKFLOWS}/{}/exclude", story.id);
    let biased = json!({"person": "s.zwei", "reason": "Angehörige, § 20 VwVfG"});
    post(hall.by("s.zwei"), &path, Some(&biased)).await.is(200);
    story.look().await;
    let seen = story.seen(&reply).await;
    let own = json!({"outcome": "agreed", "seen": seen});
    story.refuses(("s.zwei", "co_sign"), own, FORBIDDEN).await;
    assert!(story.asked("co_sign").contains(&"role:head"));
    // He does not say who does it in his place either: the head does.
    let path = story.at("co_sign", "delegate");
    let other = json!({"to": "kaem", "reason": "Befangenheit"});
    let given = post(hall.by("s.zwei"), &path, Some(&other)).await;
    given.is_problem(403, "forbidden");
    post(hall.by("l.heide"), &path, Some(&other)).await.is(200);
    story.look().await;
    story.signs("kaem", "co_sign", ("agreed", "reply")).await;
    story
        .signs("kaem", "co_sign_treasury", ("agreed", "reply"))
        .await;

    let until = hall.day(CLERK, &story.case, 30).await;
    let deputy = json!({"deputy": OFFICE, "valid_until": format!("{until}T00:00:00Z")});
    let named = hall.by(MAYOR).post("/api/v1/deputations", &deputy).await;
    named.is(201);
    let path = story.at("sign", "complete");
    let seen = story.seen(&reply).await;
    let signed = json!({"outcome": "signed", "seen": seen});
    let alone = post(hall.by(OFFICE), &path, Some(&signed)).await;
    alone.is_problem(403, "forbidden");
    let stead = [("papierlos-on-behalf-of", MAYOR)];
    send_it(hall.by(OFFICE), &path, &stead, &signed).await;
    story.look().await;
    let by = &story.last("sign")["done"]["by"];
    assert_eq!(by["who"], OFFICE);
    assert_eq!(by["on_behalf_of"], MAYOR);
    // What could not be sealed is no reply.
    let story = assigned(&hall, json!([])).await;
    let said = json!({"title": "Antwort", "case": story.case});
    let text = br"{\rtf1 Sehr geehrte Frau Beispiel}";
    let filed = hall.by(CLERK).file("antwort.rtf", text, &said).await;
    let plain = drafted(&id_of(&filed.is(201)), false);
    let fault = story.faults((CLERK, "draft_reply"), with("drafted", plain));
    let expect = ("/fields/reply".to_owned(), "not-pdf".to_owned());
    assert_eq!(fault.await, expect);
}

//! W1: an identity card is handed over. Nothing of the card itself is in the file, and nobody gets one who has not signed.

use serde_json::{Value, json};
use tests::tablet::{FakeTablet, request, sealed};
use tests::town::{OWN, id_of};
use tests::{Start, fixtures};

use super::{CLERK, CONFLICT, FORBIDDEN, Hall, INSIDE, INVALID, OPEN, Story, is_proven, with};
use crate::signing::add_version;
use crate::workflows::{WORKFLOWS, post};

const CARDS: &str = "f.ausweis";

async fn hall() -> Option<Hall> {
    let people = [("team", "clerk", OWN), (CARDS, "integrator", OWN)];
    let functions: [(&str, &[&str]); 2] = [
        ("teamleitung-buergerbuero", &["team"]),
        ("datenschutz", &["team"]),
    ];
    let hall = Hall::open(sealed(Start::new()), (&people, &functions), Some("AUSWEIS")).await?;
    hall.admit(&[CLERK, "team", CARDS]).await;
    Some(hall)
}

fn citizen() -> Value {
    json!({"family_name": "Ostermann", "given_names": "Lilli", "born_on": "1990-02-03"})
}

/// A card has arrived, and the citizen is told.
async fn ready(hall: &Hall) -> Story<'_> {
    let case = hall.case(CLERK, INSIDE, "id_handover").await;
    let card = (case.as_str(), None);
    let mut story = hall.begin(CLERK, "id-handover", card, citizen()).await;
    let told = json!({"pin_exempt": "no", "valid_until": "2036-11-01"});
    story.does(CLERK, "notify_citizen", "done", told).await;
    story
}

async fn identified(hall: &Hall) -> Story<'_> {
    let mut story = ready(hall).await;
    let who = json!({"collected_by": "applicant", "identity_checked": "old_card"});
    story.does(CLERK, "identify", "identified", who).await;
    story
}

fn collected(letter: &str) -> Value {
    json!({"pin_letter": letter, "old_card": "returned", "handed_over_on": "2026-03-02",
        "handed_over_at": "10:15"})
}

/// The receipt is made and can be signed.
async fn shown(hall: &Hall) -> Story<'_> {
    let mut story = identified(hall).await;
    let by_post = collected("by_post");
    story.does(CLERK, "confirm_pin", "confirmed", by_post).await;
    story.made("receipt", None).await;
    story
}

/// Signed on paper: the scan is another version of the receipt.
async fn on_paper(hall: &Hall, story: &mut Story<'_>) {
    let scan = fixtures::unique_pdf("Empfang, von Hand unterschrieben");
    let receipt = story.paper("receipt");
    add_version(hall.by(CLERK), &receipt, &scan).await.is(201);
    story
        .says(CLERK, "sign_receipt", ("paper", "Das Tablett ist gestört"))
        .await;
    story.past("seal_receipt").await;
}

/// The team lead says what happened and what was done about it, and must.
async fn recorded(story: &mut Story<'_>) {
    let unsaid = with(
        "recorded",
        json!({"incident": "Ein Bekannter kam mit dem Abholschein"}),
    );
    let fault = story.faults(("team", "record_incident"), unsaid).await;
    let pointer = "/fields/incident_measures".to_owned();
    assert_eq!(fault, (pointer, "required".to_owned()));
    let said = json!({"incident": "Ein Bekannter kam mit dem Abholschein",
        "incident_measures": "Ausweis zurückgelegt, Datenschutz unterrichtet"});
    story
        .does("team", "record_incident", "recorded", said)
        .await;
}

fn handed_over(fee_settled: bool) -> Value {
    json!({"fee_settled": fee_settled, "handed_over_on": "2026-03-02", "handed_over_at": "10:20"})
}

/// From the signature to the files.
async fn to_the_files(story: &mut Story<'_>) {
    let none = json!({"verified": "not_wanted"});
    story.does(CLERK, "verify", "done", none).await;
    let unpaid = with("handed_over", handed_over(false));
    let fault = story.faults((CLERK, "hand_over"), unpaid).await;
    assert_eq!(fault.1, "requirement");
    story
        .does(CLERK, "hand_over", "handed_over", handed_over(true))
        .await;
    let deleted = json!({"fingerprints_deleted_on": "2026-03-02"});
    let by_hand = story.tell(CLERK, "fingerprints_deleted", "done", deleted.clone());
    by_hand.await.is_problem(403, "forbidden");
    let unsaid = story.tell(CARDS, "fingerprints_deleted", "done", json!({}));
    unsaid.await.is_problem(422, "validation");
    story
        .hears(CARDS, "fingerprints_deleted", "done", deleted)
        .await;
}

#[tokio::test]
async fn a_card_is_handed_over_to_whoever_has_signed_on_the_tablet() {
    let Some(hall) = hall().await else {
        return;
    };
    let tablet = FakeTablet::paired(&hall.town).await;
    let mut story = shown(&hall).await;
    let receipt = story.paper("receipt");
    // The form that was made is not signed, whatever is said.
    let unsigned = with("signed", json!({}));
    let fault = story.faults((CLERK, "sign_receipt"), unsigned).await;
    assert_eq!(fault.1, "requirement");

    let path = format!("/api/v1/documents/{receipt}/signing-jobs");
    let sent = hall.by(CLERK).post(&path, &request(&tablet.id)).await;
    let job = tablet.show(&id_of(&sent.is(201))).await;
    let signed = tablet.tell(&job, "signature", &job.signature()).await;
    assert_eq!(signed.is(200).json()["state"], "done");
    story.does(CLERK, "sign_receipt", "signed", json!({})).await;
    assert_eq!(story.state(), "handover");
    to_the_files(&mut story).await;
    story.is_filed().await;
    assert_eq!(
        story.slip(),
        [
            "notify_citizen done m.brandt",
            "identify identified m.brandt",
            "confirm_pin confirmed m.brandt",
            "sign_receipt signed m.brandt",
            "verify done m.brandt",
            "hand_over handed_over m.brandt",
            "fingerprints_deleted done f.ausweis",
        ]
    );
    let mut records = vec!["case.open", "workflow.start"];
    records.extend(["workflow.complete"; 3]);
    records.push("workflow.effected");
    records.extend(["workflow.complete"; 3]);
    records.extend(["case.close", "workflow.event"]);
    assert_eq!(story.records().await, records);
    let filed = hall.standing(CLERK, &receipt).await;
    assert_eq!(filed["state"], "registered");
    is_proven(&hall.town).await;
}

#[tokio::test]
async fn a_receipt_is_corrected_and_signed_on_paper_by_whoever_collects_for_another() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = ready(&hall).await;
    let who = json!({"collected_by": "authorised", "identity_checked": "passport"});
    let without = with("identified", who.clone());
    let fault = story.faults((CLERK, "identify"), without).await;
    assert_eq!(fault.1, "requirement");
    let proxy = hall.draft(CLERK, &story.case, "Vollmacht").await;
    let mut whole = who;
    whole["collector"] = json!("Karl Ostermann");
    whole["proxy"] = json!(proxy);
    story.does(CLERK, "identify", "identified", whole).await;
    assert_eq!(hall.standing(CLERK, &proxy).await["state"], "registered");

    let untimed = with("confirmed", collected("handed_over"));
    story
        .refuses((CLERK, "confirm_pin"), untimed, INVALID)
        .await;
    let mut timed = collected("handed_over");
    timed["pin_letter_at"] = json!("10:12");
    story
        .does(CLERK, "confirm_pin", "confirmed", timed.clone())
        .await;
    let first = story.made("receipt", None).await;
    let why = ("corrected", "Der Name ist falsch geschrieben");
    story.says(CLERK, "sign_receipt", why).await;
    story.does(CLERK, "confirm_pin", "confirmed", timed).await;
    let second = story.made("receipt", Some(&first)).await;
    // What was shown stays in the file.
    assert_eq!(hall.standing(CLERK, &first).await["state"], "registered");
    let seen = story.seen(&second).await;
    let scan = fixtures::unique_pdf("Empfang, von Hand unterschrieben");
    add_version(hall.by(CLERK), &second, &scan).await.is(201);
    let other = json!({"outcome": "paper", "note": "Tablett gestört", "seen": seen});
    let refused = story
        .refuses((CLERK, "sign_receipt"), other, CONFLICT)
        .await;
    assert_eq!(refused["current_state"], "other_version");
    let why = ("paper", "Das Tablett ist gestört");
    story.says(CLERK, "sign_receipt", why).await;
    story.past("seal_receipt").await;
    to_the_files(&mut story).await;
    story.is_filed().await;
    assert_eq!(story.recorded("workflow.effected").await, 3);
}

#[tokio::test]
async fn a_card_that_nobody_collects_or_the_wrong_person_wants_is_not_handed_over() {
    let Some(hall) = hall().await else {
        return;
    };
    // Only in the compartment, and only with what must be known.
    let outside = hall.case(CLERK, OPEN, "id_handover").await;
    let inside = hall.case(CLERK, INSIDE, "id_handover").await;
    for (case, fields) in [(&outside, citizen()), (&inside, json!({}))] {
        let new = json!({"definition": "id-handover", "case": case, "fields": fields});
        let refused = post(hall.by(CLERK), WORKFLOWS, Some(&new)).await;
        refused.is_problem(422, "validation");
    }

    let mut story = ready(&hall).await;
    story
        .does(CLERK, "identify", "not_collected", json!({}))
        .await;
    let by_clerk = json!({"outcome": "expired", "note": "Nie abgeholt"});
    story
        .refuses((CLERK, "decide_uncollected"), by_clerk, FORBIDDEN)
        .await;
    story
        .says("team", "decide_uncollected", ("wait", "Im Urlaub"))
        .await;
    // Who was told once is not told again.
    assert_eq!(story.state(), "ready");
    story
        .does(CLERK, "identify", "not_collected", json!({}))
        .await;
    story
        .says("team", "decide_uncollected", ("expired", "Nie abgeholt"))
        .await;
    story.is_dropped("expired").await;
    story.closes_by_hand().await;

    let mut story = ready(&hall).await;
    let why = ("wrong_person", "Der Ausweis gehört jemand anderem");
    story.says(CLERK, "identify", why).await;
    recorded(&mut story).await;
    story.is_dropped("aborted").await;
}

#[tokio::test]
async fn without_the_pin_letter_or_the_signature_the_pin_is_set_anew_first() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = identified(&hall).await;
    for letter in ["none", "not_received"] {
        let missing = with("confirmed", collected(letter));
        let fault = story.faults((CLERK, "confirm_pin"), missing).await;
        assert_eq!(fault.1, "requirement");
    }
    let why = ("postponed", "Der Brief ist noch nicht da");
    story.says(CLERK, "confirm_pin", why).await;
    assert_eq!(story.state(), "ready");
    let who = json!({"collected_by": "applicant", "identity_checked": "passport"});
    story.does(CLERK, "identify", "identified", who).await;
    assert_eq!(story.state(), "pin");

    let mut story = identified(&hall).await;
    let mut lost = collected("by_post");
    lost.as_object_mut().expect("values").remove("pin_letter");
    story.does(CLERK, "confirm_pin", "not_received", lost).await;
    assert_eq!(story.field("pin_letter"), "not_received");
    story.does(CLERK, "reset_pin", "reset", json!({})).await;
    story.made("receipt", None).await;
    let why = ("refused", "Will nicht unterschreiben");
    story.says(CLERK, "sign_receipt", why).await;
    // Whose PIN is set anew may get his card with a note; what was refused is sealed by nobody.
    let why = ("noted", "Verweigert jede Unterschrift");
    story.says("team", "decide_refused", why).await;
    assert_eq!(story.state(), "handover");
    to_the_files(&mut story).await;
    story.is_filed().await;

    // Whose PIN is not is shown the receipt again when it was.
    let mut story = shown(&hall).await;
    let first = story.paper("receipt");
    let why = ("refused", "Den Brief gab es nie");
    story.says(CLERK, "sign_receipt", why).await;
    let too_early = json!({"outcome": "noted", "note": "Geht auch so"});
    story
        .refuses(("team", "decide_refused"), too_early, INVALID)
        .await;
    let why = ("pin_reset", "Ohne Bestätigung nur mit neuer Geheimnummer");
    story.says("team", "decide_refused", why).await;
    story.does(CLERK, "reset_pin", "reset", json!({})).await;
    assert_eq!(story.state(), "form_shown");
    assert_eq!(story.field("pin_letter"), "not_received");
    story.made("receipt", Some(&first)).await;
    assert_eq!(hall.standing(CLERK, &first).await["state"], "registered");
    on_paper(&hall, &mut story).await;
    to_the_files(&mut story).await;
    story.is_filed().await;
}

#[tokio::test]
async fn a_card_that_does_not_match_or_does_not_work_stays_here() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = shown(&hall).await;
    on_paper(&hall, &mut story).await;
    let glossed = with("done", json!({"verified": "mismatch"}));
    story.refuses((CLERK, "verify"), glossed, INVALID).await;
    let mismatch = json!({"outcome": "mismatch", "note": "Fingerabdruck stimmt nicht",
        "fields": {"verified": "mismatch"}});
    story.completes(CLERK, "verify", mismatch).await;
    recorded(&mut story).await;
    story.is_dropped("aborted").await;
    story.closes_by_hand().await;

    let mut story = shown(&hall).await;
    on_paper(&hall, &mut story).await;
    // A version that nobody has signed makes the signature void, sealed or not.
    let other = fixtures::unique_pdf("Ein anderer Text");
    let receipt = story.paper("receipt");
    add_version(hall.by(CLERK), &receipt, &other).await.is(201);
    let none = with("done", json!({"verified": "ok"}));
    story.refuses((CLERK, "verify"), none, CONFLICT).await;
    story.made("receipt", Some(&receipt)).await;
    assert_eq!(story.state(), "form_shown");

    let mut story = shown(&hall).await;
    on_paper(&hall, &mut story).await;
    let fine = json!({"verified": "ok"});
    story.does(CLERK, "verify", "done", fine).await;
    let why = ("defective", "Der Chip antwortet nicht");
    story.says(CLERK, "hand_over", why).await;
    assert_eq!(story.state(), "reordering");
    let next = follow_up(&hall, &story).await;
    let ordered = json!({"reordered_on": "2026-03-03"});
    story
        .does(CLERK, "reorder_card", "reordered", ordered)
        .await;
    story.is_dropped("reordered").await;
    story.closes_by_hand().await;

    // When the new card comes, it is handed over there.
    let card = (next.as_str(), None);
    let story = hall.begin(CLERK, "id-handover", card, citizen()).await;
    assert_eq!(story.state(), "ready");
    is_proven(&hall.town).await;
}

/// The case that was opened with the outcome: beside the old one, for those who see that, and it says whence it comes.
async fn follow_up(hall: &Hall, story: &Story<'_>) -> String {
    let all = story.shown["opened"].as_array();
    let opened = all.and_then(|all| all.first()).expect("a case");
    let next = opened["id"].as_str().expect("an id").to_owned();
    let case = |id: &str| format!("/api/v1/cases/{id}");
    let old = hall.by(CLERK).get(&case(&story.case)).await.is(200).json();
    let new = hall.by(CLERK).get(&case(&next)).await.is(200).json();
    assert_eq!(new["reference"], opened["reference"]);
    assert_eq!(new["subject"], "Neubestellung: Eine Geschichte");
    assert_eq!(new["type"], "id_handover");
    assert_eq!((&new["state"], new.get("parent")), (&json!("open"), None));
    for same in ["file", "department", "compartment"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    let reference = old["reference"].as_str().expect("a reference");
    let note = new["note"].as_str().unwrap_or_default();
    assert!(
        note.contains(reference) && note.contains(&story.id),
        "{note}"
    );
    let outside = hall.by("k.sommer").get(&case(&next)).await;
    outside.is_problem(404, "not-found");
    next
}

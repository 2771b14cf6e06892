//! W9: something comes into a personnel file, or out of it, by two people of the personnel office, and never in one's own.

use serde_json::{Value, json};
use tests::tablet::{FakeTablet, request};
use tests::town::{OWN, id_of};
use tests::{Authority, Client, Start, fixtures, wait_until};

use super::{CLERK, CONFLICT, FORBIDDEN, Hall, INSIDE, OPEN, PERSONNEL, Story, with};
use crate::at_rest::verdict;
use crate::components::{components, mail};
use crate::records::{act, year_of};
use crate::withheld::{PROPOSALS, WITHHELD, decide, propose};
use crate::workflows::{WORKFLOWS, post};

/// Two of the personnel office, and one of its own who is the employee at times.
pub(super) const FIRST: &str = "pers1";
pub(super) const SECOND: &str = "pers2";

pub(super) async fn hall() -> Option<Hall> {
    hall_of(Start::new()).await
}

async fn hall_of(start: Start) -> Option<Hall> {
    let people = [
        (FIRST, "clerk", OWN),
        (SECOND, "clerk", OWN),
        ("l.heide", "head", OWN),
        ("l.zwei", "head", OWN),
    ];
    let functions: [(&str, &[&str]); 2] = [
        ("personal", &[FIRST, SECOND]),
        ("datenschutz", &["l.heide"]),
    ];
    let hall = Hall::open(start, (&people, &functions), Some("PERSONAL")).await?;
    hall.admit(&[FIRST, SECOND, "l.heide", "l.zwei"]).await;
    Some(hall)
}

/// Something that shall come into the file of an employee.
async fn entry<'h>(hall: &'h Hall, employee: &str) -> Story<'h> {
    let case = hall.case(FIRST, INSIDE, "personnel_file").await;
    let document = hall.draft(FIRST, &case, "Abmahnung").await;
    let of = (case.as_str(), Some(document.as_str()));
    let fields = json!({"employee": employee});
    hall.begin(FIRST, "personnel-entry", of, fields).await
}

/// Something that shall leave it.
async fn removal<'h>(hall: &'h Hall, filed_on: &str) -> Story<'h> {
    let case = hall.case(FIRST, INSIDE, "personnel_file").await;
    let document = hall.draft(FIRST, &case, "Abmahnung").await;
    let of = (case.as_str(), Some(document.as_str()));
    let fields = json!({"employee": CLERK, "filed_on": filed_on});
    hall.begin(FIRST, "personnel-removal", of, fields).await
}

/// A second person approves that a document is destroyed; waits until that is done.
async fn destroyed(hall: &Hall, document: &str) {
    let head = hall.by("l.heide");
    let all = head.get(WITHHELD).await.is(200).json();
    let mut all = all["items"].as_array().into_iter().flatten();
    let line = all.find(|one| one["document"] == document);
    let line = line.unwrap_or_else(|| unreachable!("it is not withheld"));
    assert_eq!(line["found"], "removal");
    let proposal = line["proposal"]["id"].as_str().expect("a proposal");
    decide(head, proposal, "approve").await.is(200);
    let at = format!("/api/v1/documents/{document}/content");
    let client = hall.by(FIRST);
    wait_until("the content is gone", async || {
        client.get(&at).await.status.as_u16() == 410
    })
    .await;
}

pub(super) fn sorted(unfavourable: bool) -> Value {
    json!({"part": "main", "unfavourable": unfavourable})
}

#[tokio::test]
async fn what_is_favourable_is_sorted_decided_and_filed() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = entry(&hall, CLERK).await;
    story
        .does(FIRST, "classify", "classified", sorted(false))
        .await;
    let own = with("approved", json!({}));
    story.refuses((FIRST, "decide"), own, FORBIDDEN).await;
    story.does(SECOND, "decide", "approved", json!({})).await;
    let dated = with("filed_unfavourable", json!({}));
    let fault = story.faults((FIRST, "file_document"), dated).await;
    assert_eq!(fault.1, "no-outcome");
    story.does(FIRST, "file_document", "filed", json!({})).await;
    assert_eq!(story.state(), "closed");
    assert_eq!(
        story.slip(),
        [
            "classify classified pers1",
            "decide approved pers2",
            "file_document filed pers1",
        ]
    );
    let mut records = vec!["case.open", "workflow.start"];
    records.extend(["workflow.complete"; 3]);
    assert_eq!(story.records().await, records);
    let filed = hall.standing(FIRST, &story.paper("document")).await;
    assert_eq!(filed["state"], "registered");
    // Nobody else knows of it, the employee neither. The file of somebody who works here stays open.
    let path = format!("{WORKFLOWS}/{}", story.id);
    for outside in [hall.by(CLERK), &hall.town.auditor()] {
        outside.get(&path).await.is_problem(404, "not-found");
    }
    story.closes_by_hand().await;
}

#[tokio::test]
async fn what_is_unfavourable_is_filed_after_a_hearing_and_what_is_unfounded_destroyed() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = entry(&hall, CLERK).await;
    story
        .does(FIRST, "classify", "classified", sorted(true))
        .await;
    assert_eq!(story.state(), "hearing");
    // Nobody is silent before his time is over.
    let early = with("silent", json!({}));
    let fault = story.faults((FIRST, "hear"), early).await;
    assert_eq!(fault.1, "requirement");
    let empty = with("given", json!({}));
    let fault = story.faults((FIRST, "hear"), empty).await;
    assert_eq!(fault.1, "requirement");
    let said = hall.draft(FIRST, &story.case, "Äußerung").await;
    let given = json!({"said": said});
    story.does(FIRST, "hear", "given", given).await;
    assert!(story.field("heard_on").is_string());
    assert_eq!(hall.standing(FIRST, &said).await["state"], "registered");
    story.does(SECOND, "decide", "approved", json!({})).await;
    let undated = with("filed", json!({}));
    let fault = story.faults((FIRST, "file_document"), undated).await;
    assert_eq!(fault.1, "requirement");
    story
        .does(FIRST, "file_document", "filed_unfavourable", json!({}))
        .await;
    assert!(story.field("remove_on").is_string());
    // For two years it is kept in sight; then it is asked whether it shall be removed.
    assert_eq!(story.state(), "kept");
    let early = json!({"outcome": "no_request", "note": "Kein Antrag"});
    let fault = story.faults((FIRST, "ask_removal"), early).await;
    assert_eq!(fault.1, "requirement");
    let why = ("interrupted", "Ein neuer Vorwurf");
    story.says(FIRST, "ask_removal", why).await;
    assert_eq!(story.state(), "kept");
    story.does(FIRST, "ask_removal", "removal", json!({})).await;
    assert_eq!(story.state(), "closed");

    let mut story = entry(&hall, CLERK).await;
    story
        .does(FIRST, "classify", "classified", sorted(true))
        .await;
    story.does(FIRST, "hear", "waived", json!({})).await;
    let why = ("unfounded", "Der Vorwurf traf nicht zu");
    story.says(SECOND, "decide", why).await;
    let early = with("confirmed", json!({}));
    story
        .refuses((SECOND, "destroy"), early.clone(), FORBIDDEN)
        .await;
    // It is withheld from everybody, and there until another person has approved it.
    let fault = story.faults((FIRST, "destroy"), early).await;
    assert_eq!(fault.1, "requirement");
    let document = story.paper("document");
    let at = format!("/api/v1/documents/{document}/content");
    let read = hall.by(FIRST).get(&at).await;
    read.is_problem(451, "content-withheld");
    destroyed(&hall, &document).await;
    story.does(FIRST, "destroy", "confirmed", json!({})).await;
    story.is_dropped("not_filed").await;

    let mut story = entry(&hall, CLERK).await;
    let why = ("not_relevant", "Privat");
    story.says(FIRST, "classify", why).await;
    story.is_dropped("not_filed").await;
}

/// Two people give a document out again that was to be destroyed.
async fn released(hall: &Hall, document: &str) {
    let head = hall.by("l.heide");
    let all = head.get(WITHHELD).await.is(200).json();
    let all = all["items"].as_array().into_iter().flatten();
    let lines: Vec<&Value> = all.filter(|one| one["document"] == document).collect();
    let mut asked = lines.iter().map(|one| &one["proposal"]["id"]);
    let waiting = asked.find_map(Value::as_str).expect("a proposal");
    decide(head, waiting, "end").await.is(200);
    for line in lines {
        let version = line["version"].as_str().expect("a version");
        let proposed = propose(head, version, "release").await;
        // One decision may be about several of them.
        if proposed.status.as_u16() == 201 {
            let by = hall.by("l.zwei");
            decide(by, &id_of(&proposed), "approve").await.is(200);
        }
    }
}

#[tokio::test]
async fn a_seal_waits_while_its_document_is_withheld_and_is_raised_when_that_is_over() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.keep_silent(true);
    let Some(hall) = hall_of(authority.seals(Start::new(), "b-lt")).await else {
        return;
    };
    let tablet = FakeTablet::paired(&hall.town).await;
    let case = hall.case(FIRST, INSIDE, "personnel_file").await;
    let document = hall.draft(FIRST, &case, "Abmahnung").await;
    let jobs = format!("/api/v1/documents/{document}/signing-jobs");
    let sent = hall.by(FIRST).post(&jobs, &request(&tablet.id)).await;
    let job = id_of(&sent.is(201));
    let shown = tablet.show(&job).await;
    let signed = tablet.tell(&shown, "signature", &shown.signature()).await;
    signed.is(200);
    let job = format!("/api/v1/signing-jobs/{job}");
    let told = async || hall.by(FIRST).get(&job).await.is(200).json();
    wait_until("the seal is at B-T", async || {
        told().await["outcome"]["level"] == "B-T"
    })
    .await;
    let of = (case.as_str(), Some(document.as_str()));
    let fields = json!({"employee": CLERK});
    let mut story = hall.begin(FIRST, "personnel-entry", of, fields).await;
    story
        .does(FIRST, "classify", "classified", sorted(true))
        .await;
    story.does(FIRST, "hear", "waived", json!({})).await;
    let why = ("unfounded", "Der Vorwurf traf nicht zu");
    story.says(SECOND, "decide", why).await;
    wait_until("it was tried in vain", async || {
        let waits = "a seal waits: its document is withheld";
        hall.town.app.log().contains(waits)
    })
    .await;
    assert!(told().await["reason"].is_null());
    released(&hall, &document).await;
    authority.keep_silent(false);
    wait_until("the seal is at B-LT", async || {
        told().await["outcome"]["level"] == "B-LT"
    })
    .await;
}

/// What is proposed about a document, as somebody sees it.
async fn proposed(client: &Client, document: &str) -> Option<Value> {
    let all = client.get(WITHHELD).await.is(200).json();
    let mut all = all["items"].as_array().into_iter().flatten();
    let line = all.find(|one| one["document"] == document);
    line.map(|line| line["proposal"].clone())
}

#[tokio::test]
async fn whose_file_it_is_decides_nothing_on_it_and_who_proposed_takes_it_back() {
    let Some(hall) = hall().await else {
        return;
    };
    // The head of the department is the employee; she has the right `purge`.
    let mut story = entry(&hall, "l.heide").await;
    story
        .does(FIRST, "classify", "classified", sorted(true))
        .await;
    story.does(FIRST, "hear", "waived", json!({})).await;
    let why = ("unfounded", "Der Vorwurf traf nicht zu");
    story.says(SECOND, "decide", why).await;
    let document = story.paper("document");
    let (head, second) = (hall.by("l.heide"), hall.by(SECOND));
    let seen = proposed(head, &document).await.expect("it is withheld");
    let said = verdict(&hall.town.app.command(&["check", "--json"]).await);
    assert!(said.codes.contains("removal-waits"), "{}", said.json);
    assert_eq!(
        (&seen["may_approve"], &seen["may_end"]),
        (&json!(false), &json!(false))
    );
    let proposal = seen["id"].as_str().expect("a proposal");
    for how in ["approve", "end"] {
        let refused = decide(head, proposal, how).await;
        refused.is_problem(403, "forbidden");
    }
    // Who decided by the workflow has no such right: he sees what he proposed, and takes it back.
    let own = proposed(second, &document).await.expect("he is told");
    assert_eq!(
        (&own["may_approve"], &own["may_end"]),
        (&json!(false), &json!(true))
    );
    let at = format!("{PROPOSALS}/{proposal}");
    second.get(&at).await.is(200);
    hall.by(FIRST).get(&at).await.is_problem(404, "not-found");
    decide(hall.by(FIRST), proposal, "end")
        .await
        .is_problem(404, "not-found");
    let ended = decide(second, proposal, "end").await.is(200).json();
    assert_eq!(ended["standing"], "ended");
    // Nor does she propose anything about it.
    let version = ended["object"].as_str().expect("a version");
    let refused = propose(head, version, "release").await;
    refused.is_problem(403, "forbidden");
}

#[tokio::test]
async fn an_attachment_that_others_have_keeps_nothing_from_being_removed() {
    let Some(hall) = hall().await else {
        return;
    };
    let first = hall.by(FIRST);
    let pdf = fixtures::unique_pdf("Merkblatt zum Datenschutz");
    let letter = mail("Abmahnung", "anbei das Merkblatt", &pdf);
    let case = hall.case(FIRST, INSIDE, "personnel_file").await;
    let said = json!({"title": "Abmahnung", "case": case});
    let document = id_of(&first.file("brief.eml", &letter, &said).await.is(201));
    let other = hall.case(FIRST, INSIDE, "personnel_file").await;
    let said = json!({"title": "Merkblatt", "case": other});
    let leaflet = id_of(&first.file("merkblatt.pdf", &pdf, &said).await.is(201));
    wait_until("it is taken apart", async || {
        components(first, &document).await.len() == 2
    })
    .await;
    let of = (case.as_str(), Some(document.as_str()));
    let fields = json!({"employee": CLERK});
    let mut story = hall.begin(FIRST, "personnel-entry", of, fields).await;
    story
        .does(FIRST, "classify", "classified", sorted(true))
        .await;
    story.does(FIRST, "hear", "waived", json!({})).await;
    let why = ("unfounded", "Der Vorwurf traf nicht zu");
    story.says(SECOND, "decide", why).await;
    destroyed(&hall, &document).await;
    // Who has the leaflet in another file reads it still; here it is withheld.
    let content = |id: &str| format!("/api/v1/documents/{id}/content");
    first.get(&content(&leaflet)).await.is(200);
    let mut statuses = Vec::new();
    for part in components(first, &document).await {
        let id = part["id"].as_str().expect("an id");
        statuses.push(first.get(&content(id)).await.status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [410, 451]);
}

#[tokio::test]
async fn what_was_filed_elsewhere_meanwhile_is_not_removed() {
    let Some(hall) = hall().await else {
        return;
    };
    let case = hall.case(FIRST, INSIDE, "personnel_file").await;
    let arrived = json!({"title": "Abmahnung"});
    let document = hall.document(FIRST, &arrived).await;
    let of = (case.as_str(), Some(document.as_str()));
    let employee = json!({"employee": CLERK});
    let mut story = hall.begin(FIRST, "personnel-entry", of, employee).await;
    story
        .does(FIRST, "classify", "classified", sorted(false))
        .await;
    let other = hall.case(FIRST, OPEN, "personnel_file").await;
    let at = format!("/api/v1/documents/{document}");
    let first = hall.by(FIRST);
    let etag = first.get(&at).await.is(200).etag();
    let there = json!({"case": other});
    act(first, &format!("{at}/register"), &etag, &there)
        .await
        .is(200);
    let gone = json!({"outcome": "unfounded", "note": "Der Vorwurf traf nicht zu"});
    story
        .refuses((SECOND, "decide"), gone, (409, "conflict"))
        .await;
    first.get(&format!("{at}/content")).await.is(200);
}

#[tokio::test]
async fn nobody_keeps_his_own_file() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = entry(&hall, FIRST).await;
    let own = with("classified", sorted(true));
    let fault = story.faults((FIRST, "classify"), own).await;
    assert_eq!(fault.1, "requirement");
    story
        .does(SECOND, "classify", "classified", sorted(true))
        .await;
    let own = with("given", json!({}));
    let fault = story.faults((FIRST, "hear"), own).await;
    assert_eq!(fault.1, "requirement");
    story.does(SECOND, "hear", "waived", json!({})).await;
    let own = with("approved", json!({}));
    story.refuses((FIRST, "decide"), own, FORBIDDEN).await;
    let other = story.at("decide", "delegate");
    let to = json!({"to": "l.heide", "reason": "Alle anderen sind befangen"});
    post(hall.by("l.heide"), &other, Some(&to)).await.is(200);
}

/// Each document has its own: one that waits for its destruction holds no other up.
#[tokio::test]
async fn of_one_case_several_documents_are_removed_at_once_and_each_only_once() {
    let Some(hall) = hall().await else {
        return;
    };
    let first = removal(&hall, "2024-01-01").await;
    let other = hall.draft(FIRST, &first.case, "Zweite Abmahnung").await;
    let of = (first.case.as_str(), Some(other.as_str()));
    let fields = json!({"employee": CLERK, "filed_on": "2024-01-01"});
    let second = hall.begin(FIRST, "personnel-removal", of, fields.clone());
    let second = second.await;
    assert_ne!(first.id, second.id);
    let again = json!({"definition": "personnel-removal", "case": first.case,
        "document": other, "fields": fields});
    let refused = hall.by(SECOND).post(WORKFLOWS, &again).await;
    let problem = refused.is_problem(409, "state-conflict").json();
    assert_eq!(problem["current_state"], "begun");
    // Nor is it named by one that begins with another document.
    let third = hall.draft(FIRST, &first.case, "Dritte Abmahnung").await;
    let strange = json!({"definition": "personnel-removal", "case": first.case, "document": third,
        "fields": {"employee": CLERK, "filed_on": "2024-01-01", "document": other}});
    let refused = hall.by(SECOND).post(WORKFLOWS, &strange).await;
    let problem = refused.is_problem(422, "validation").json();
    assert_eq!(problem["errors"][0]["pointer"], "/fields/document");
    // Without a document with which it begins, one runs in the case already.
    let unnamed = json!({"definition": "personnel-removal", "case": first.case,
        "fields": {"employee": CLERK, "filed_on": "2024-01-01", "document": other}});
    let refused = hall.by(SECOND).post(WORKFLOWS, &unnamed).await;
    refused.is_problem(409, "already-exists");
}

/// A file of somebody, from his hiring to the day from which its five years run.
#[tokio::test]
async fn a_file_is_opened_at_hiring_and_closed_for_good_and_its_five_years_run() {
    let Some(hall) = hall().await else {
        return;
    };
    let case = hall.case(FIRST, PERSONNEL, "personnel_file").await;
    let hired = json!({"employee": CLERK, "personnel_number": "30417", "hired_on": "2026-01-01"});
    let place = (case.as_str(), None);
    let mut story = hall
        .begin(FIRST, "personnel-opening", place, hired.clone())
        .await;
    // One file for each employment.
    let other = hall.case(FIRST, PERSONNEL, "personnel_file").await;
    let mut twice = hired;
    twice["employee"] = json!("l.heide");
    let twice = json!({"definition": "personnel-opening", "case": other, "fields": twice});
    let refused = hall.by(FIRST).post(WORKFLOWS, &twice).await;
    refused.is_problem(409, "already-exists");
    story.does(FIRST, "open_file", "opened", json!({})).await;
    let own = with("complete", json!({}));
    story.refuses((FIRST, "check_file"), own, FORBIDDEN).await;
    let why = ("incomplete", "Das Führungszeugnis fehlt");
    story.says(SECOND, "check_file", why).await;
    story.does(FIRST, "open_file", "opened", json!({})).await;
    story
        .does(SECOND, "check_file", "complete", json!({}))
        .await;
    assert_eq!(story.state(), "closed");

    // Years later, in the same file.
    let path = format!("/api/v1/cases/{case}");
    let file = hall.by(FIRST).get(&path).await.is(200).json();
    let file = file["file"]["id"].as_str().expect("a file").to_owned();
    let new = json!({"file": file, "subject": "Abschluss", "type": "personnel_file"});
    let last = id_of(&hall.by(FIRST).post("/api/v1/cases", &new).await.is(201));
    let whose = json!({"employee": CLERK});
    let place = (last.as_str(), None);
    let mut closing = hall.begin(FIRST, "personnel-closure", place, whose).await;
    let today = hall.day(FIRST, &last, 0).await;
    let left = json!({"ended_on": today, "ground": "left", "closes_on": "2026-01-01"});
    let fault = closing.faults((FIRST, "note_end"), with("noted", left));
    assert_eq!(fault.await.1, "requirement");
    let tomorrow = hall.day(FIRST, &last, 3).await;
    let left = json!({"ended_on": today, "ground": "left", "closes_on": tomorrow});
    closing.does(FIRST, "note_end", "noted", left).await;
    let early = with("reached", json!({}));
    let fault = closing.faults((FIRST, "await_closure"), early).await;
    assert_eq!(fault.1, "requirement");
    let moved = json!({"outcome": "moved", "note": "Keine Versorgung",
        "fields": {"closes_on": today}});
    closing.completes(FIRST, "await_closure", moved).await;
    closing
        .does(FIRST, "await_closure", "reached", json!({}))
        .await;
    let approve = with("approved", json!({}));
    let refused = (FIRST, "approve_closure");
    closing.refuses(refused, approve.clone(), FORBIDDEN).await;
    // Another case of the file is open: nothing has happened.
    let refused = (SECOND, "approve_closure");
    closing.refuses(refused, approve, CONFLICT).await;
    story.closes_by_hand().await;
    closing
        .does(SECOND, "approve_closure", "approved", json!({}))
        .await;
    closing.is_filed().await;
    let path = format!("/api/v1/files/{file}");
    let shown = hall.by(FIRST).get(&path).await.is(200).json();
    assert_eq!(shown["state"], "closed");
    let kept = &shown["retention"];
    // After that it is offered to the archive, and nothing is destroyed without its word.
    assert_eq!(kept["disposal"], "B");
    assert_eq!(kept["from"], today);
    assert_eq!(kept["until"], format!("{}-12-31", year_of(&today) + 5));
    let against = json!(["retention_runs", "no_archive_decision"]);
    assert_eq!(kept["reasons"], against);
}

#[tokio::test]
async fn what_leaves_a_file_is_due_approved_by_another_and_removed() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = removal(&hall, "2024-01-01").await;
    let unfavourable = json!({"ground": "unfavourable"});
    let unasked = with("due", unfavourable.clone());
    let fault = story.faults((FIRST, "check_removal"), unasked).await;
    assert_eq!(fault.1, "requirement");
    let why = ("held", "Ein Verfahren läuft");
    story.says(FIRST, "check_removal", why).await;
    story
        .does(FIRST, "await_proceedings", "ended", json!({}))
        .await;
    let mut asked = unfavourable;
    asked["requested_on"] = json!("2026-11-01");
    story
        .does(FIRST, "check_removal", "due", asked.clone())
        .await;
    let own = with("approved", json!({}));
    story
        .refuses((FIRST, "decide_removal"), own, FORBIDDEN)
        .await;
    story
        .does(SECOND, "decide_removal", "approved", json!({}))
        .await;
    let own = with("removed", json!({}));
    story
        .refuses((SECOND, "remove"), own.clone(), FORBIDDEN)
        .await;
    let fault = story.faults((FIRST, "remove"), own).await;
    assert_eq!(fault.1, "requirement");
    destroyed(&hall, &story.paper("document")).await;
    // Nothing is left to decide.
    let again = json!({"outcome": "again", "note": "Noch einmal"});
    let fault = story.faults((FIRST, "remove"), again).await;
    assert_eq!(fault.1, "no-outcome");
    let record = json!({"destruction_record": "Papier vernichtet, 8/2026"});
    story.does(FIRST, "remove", "removed", record).await;
    assert!(story.field("removed_on").is_string());
    assert_eq!(
        story.slip(),
        [
            "check_removal held pers1",
            "await_proceedings ended pers1",
            "check_removal due pers1",
            "decide_removal approved pers2",
            "remove removed pers1",
        ]
    );
    let mut records = vec!["case.open", "workflow.start"];
    records.extend(["workflow.complete"; 5]);
    assert_eq!(story.records().await, records);

    let lately = hall.day(FIRST, &story.case, -100).await;
    let mut story = removal(&hall, &lately).await;
    let early = with("due", asked);
    let fault = story.faults((FIRST, "check_removal"), early).await;
    assert_eq!(fault.1, "requirement");
    let why = ("not_due", "Zwei Jahre sind nicht vorbei");
    story.says(FIRST, "check_removal", why).await;
    story.is_dropped("refused").await;

    let mut story = removal(&hall, &lately).await;
    let mut ground = json!({"ground": "unfounded"});
    let unasked = with("due", ground.clone());
    let fault = story.faults((FIRST, "check_removal"), unasked).await;
    assert_eq!(fault.1, "requirement");
    ground["consented_on"] = json!("2026-11-02");
    story.does(FIRST, "check_removal", "due", ground).await;
    let why = ("rejected", "Doch begründet");
    story.says(SECOND, "decide_removal", why).await;
    story.is_dropped("refused").await;
}

//! W5: inquiries and complaints. What it is sets the clock, and whom it is about takes no part.

use serde_json::{Value, json};
use tests::Start;
use tests::tablet::sealed;
use tests::town::{OTHER, OWN};

use super::{CLERK, CONFLICT, FORBIDDEN, Hall, INVALID, OPEN, Story, with};
use crate::workflows::{WORKFLOWS, post};

const OFFICE: &str = "b.buero";
const MAYOR: &str = "bm.oberland";

async fn hall() -> Option<Hall> {
    let people = [
        (OFFICE, "clerk", OWN),
        (MAYOR, "mayor", OWN),
        ("s.zwei", "clerk", OWN),
        ("l.heide", "head", OWN),
        ("recht1", "clerk", OTHER),
    ];
    let functions: [(&str, &[&str]); 6] = [
        ("bueroleitung", &[OFFICE]),
        ("poststelle", &[OFFICE]),
        ("bm", &[MAYOR]),
        ("ratsbuero", &["s.zwei"]),
        ("personal", &["s.zwei"]),
        ("recht", &["recht1"]),
    ];
    let start = sealed(Start::new());
    let hall = Hall::open(start, (&people, &functions), Some("PERSONAL")).await?;
    hall.admit(&["s.zwei", "l.heide"]).await;
    Some(hall)
}

async fn received(hall: &Hall) -> Story<'_> {
    let case = hall.case(OFFICE, OPEN, "complaint").await;
    // What no font here has stands in no way of the forms that the system makes.
    let said = json!({"title": "Beschwerde", "correspondent": "A. Bürger 🌻"});
    let letter = hall.document(OFFICE, &said).await;
    let of = (case.as_str(), Some(letter.as_str()));
    hall.begin(OFFICE, "complaint", of, json!({})).await
}

/// What was received is this, and the clerk has the lead unless something else is said.
async fn classified<'h>(hall: &'h Hall, class: &str, more: Value) -> Story<'h> {
    let mut story = received(hall).await;
    let mut how = json!({"anonymous": false});
    if class != "suggestion" {
        how["lead"] = json!(CLERK);
    }
    for (key, value) in more.as_object().into_iter().flatten() {
        how[key] = value.clone();
    }
    story.does(OFFICE, "classify", class, how).await;
    story
}

/// A form that the system has made is signed by the lead and sent.
async fn goes_out(story: &mut Story<'_>, who: &str, (field, key): (&str, &str)) {
    story.made(field, None).await;
    let sign = ("signed", field);
    story.signs(who, &format!("sign_{key}"), sign).await;
    let off = ("sent", field);
    story.signs(OFFICE, &format!("send_{key}"), off).await;
}

async fn acknowledged(story: &mut Story<'_>, who: &str) {
    goes_out(story, who, ("acknowledgement", "acknowledgement")).await;
}

/// From the draft of the answer to the files.
async fn answered(hall: &Hall, story: &mut Story<'_>, (who, signers): (&str, &[(&str, &str)])) {
    let answer = hall.draft(who, &story.case, "Antwort").await;
    let drafted = json!({"answer": answer});
    story.does(who, "draft_answer", "drafted", drafted).await;
    for (signer, key) in signers {
        story.signs(signer, key, ("agreed", "answer")).await;
    }
    story.signs(MAYOR, "sign", ("signed", "answer")).await;
    story.past("seal_answer").await;
    let seen = story.seen(&answer).await;
    let sent = json!({"outcome": "sent", "seen": seen, "fields": {"channel": "post"}});
    story.completes(OFFICE, "send_answer", sent).await;
    story.does(who, "follow_up", "settled", json!({})).await;
    story.is_filed().await;
}

#[tokio::test]
async fn an_inquiry_is_acknowledged_answered_and_filed() {
    let Some(hall) = hall().await else {
        return;
    };
    let more = json!({"participants": ["s.zwei"]});
    let mut story = classified(&hall, "ordinary", more).await;
    let in_two_weeks = hall.day(OFFICE, &story.case, 14).await;
    assert_eq!(story.field("answer_by"), &json!(in_two_weeks));
    acknowledged(&mut story, CLERK).await;
    // Who is not late is not skipped.
    let path = story.at("statement", "skip");
    let reason = json!({"reason": "Dauert zu lange"});
    let skipped = post(hall.by(CLERK), &path, Some(&reason)).await;
    skipped.is_problem(409, "state-conflict");
    // What belongs to a step goes to the files with the case, draft or not.
    let paper = hall.draft("s.zwei", &story.case, "Stellungnahme").await;
    let given = json!({"outcome": "given", "documents": [paper]});
    story.completes("s.zwei", "statement", given).await;
    // It takes longer: that is said beside the draft, whose own deadline follows.
    let before = story.last("draft_answer")["due"]["on"].clone();
    story.begins_beside(CLERK, "interim").await;
    let why = json!({"delay_reason": "Wir fragen noch nach"});
    let longer = with("interim_gdpr", why.clone());
    let fault = story.faults((CLERK, "prolong"), longer).await;
    assert_eq!(fault.1, "no-outcome");
    story.does(CLERK, "prolong", "interim", why).await;
    assert_eq!(story.state(), "draft");
    let due = &story.last("draft_answer")["due"];
    assert_ne!(due["on"], before);
    assert_eq!(due["extended"][0]["from"], before);
    let in_four_weeks = hall.day(OFFICE, &story.case, 28).await;
    assert_eq!(story.field("answer_by"), &json!(in_four_weeks));
    goes_out(&mut story, CLERK, ("interim", "interim")).await;
    let signers = [("s.zwei", "co_sign")];
    answered(&hall, &mut story, (CLERK, &signers)).await;
    assert_eq!(hall.standing(CLERK, &paper).await["state"], "registered");
    assert_eq!(
        story.slip(),
        [
            "classify ordinary b.buero",
            "make_acknowledgement done system",
            "sign_acknowledgement signed m.brandt",
            "send_acknowledgement sent b.buero",
            "statement given s.zwei",
            "draft_answer drafted m.brandt",
            "prolong interim m.brandt",
            "make_interim done system",
            "sign_interim signed m.brandt",
            "send_interim sent b.buero",
            "co_sign agreed s.zwei",
            "sign signed bm.oberland",
            "seal_answer done system",
            "send_answer sent b.buero",
            "follow_up settled m.brandt",
        ]
    );
    let mut records = vec!["case.open", "workflow.start", "workflow.complete"];
    records.push("workflow.effected");
    records.extend(["workflow.complete"; 3]);
    records.extend(["workflow.insert", "workflow.complete"]);
    records.push("workflow.effected");
    records.extend(["workflow.complete"; 5]);
    records.extend(["workflow.effected", "workflow.complete"]);
    records.extend(["case.close", "workflow.complete"]);
    assert_eq!(story.records().await, records);
}

#[tokio::test]
async fn what_the_law_sets_a_month_for_may_take_longer_only_where_it_says_so() {
    let Some(hall) = hall().await else {
        return;
    };
    let why = json!({"delay_reason": "Sehr viele Unterlagen"});
    let mut story = classified(&hall, "ifg", json!({})).await;
    acknowledged(&mut story, CLERK).await;
    story.begins_not(CLERK, "interim", CONFLICT).await;
    let signers = [("recht1", "co_sign_legal")];
    answered(&hall, &mut story, (CLERK, &signers)).await;

    let mut story = classified(&hall, "gdpr", json!({})).await;
    let before = story.field("answer_by").clone();
    acknowledged(&mut story, CLERK).await;
    story.begins_beside(CLERK, "interim").await;
    story.does(CLERK, "prolong", "interim_gdpr", why).await;
    assert_ne!(story.field("answer_by"), &before);
    goes_out(&mut story, CLERK, ("interim", "interim")).await;
    // The legal office is not content at first.
    let answer = hall.draft(CLERK, &story.case, "Antwort").await;
    let drafted = json!({"answer": answer});
    story
        .does(CLERK, "draft_answer", "drafted", drafted.clone())
        .await;
    let sign = ("refused", "answer");
    story.signs("recht1", "co_sign_legal", sign).await;
    assert_eq!(story.state(), "draft");
    story.does(CLERK, "draft_answer", "drafted", drafted).await;
    story
        .signs("recht1", "co_sign_legal", ("agreed", "answer"))
        .await;
    let why = ("draft", "Bitte einfacher");
    story.returns(MAYOR, "sign", why).await;
    assert_eq!(story.state(), "draft");
}

#[tokio::test]
async fn a_suggestion_goes_to_the_committee_and_who_is_anonymous_gets_no_answer() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = classified(&hall, "suggestion", json!({})).await;
    assert_eq!(story.field("lead"), "function:ratsbuero");
    acknowledged(&mut story, "s.zwei").await;
    let later = hall.day(OFFICE, &story.case, 40).await;
    let agenda = json!({"committee": "Hauptausschuss", "committee_on": later});
    story
        .does("s.zwei", "put_on_agenda", "listed", agenda.clone())
        .await;
    let why = ("adjourned", "Keine Zeit");
    story.says("s.zwei", "note_result", why).await;
    story
        .does("s.zwei", "put_on_agenda", "listed", agenda)
        .await;
    let result = json!({"committee_result": "Angenommen"});
    story.does("s.zwei", "note_result", "decided", result).await;
    answered(&hall, &mut story, ("s.zwei", &[])).await;

    let nobody = json!({"anonymous": true});
    let mut story = classified(&hall, "ordinary", nobody).await;
    assert_eq!(story.state(), "anonymous");
    let why = ("acted", "Die Baustelle ist gesichert");
    story.says(CLERK, "decide_anonymous", why).await;
    story.is_filed().await;

    // So it is with a suggestion without a sender, once the committee has dealt with it.
    let nobody = json!({"anonymous": true});
    let mut story = classified(&hall, "suggestion", nobody).await;
    story.begins_not("s.zwei", "interim", CONFLICT).await;
    let agenda = json!({"committee": "Hauptausschuss", "committee_on": later});
    story
        .does("s.zwei", "put_on_agenda", "listed", agenda)
        .await;
    let result = json!({"committee_result": "Abgelehnt"});
    story.does("s.zwei", "note_result", "decided", result).await;
    assert_eq!(story.state(), "anonymous");
    let why = ("nothing", "Abgelehnt");
    story.says("s.zwei", "decide_anonymous", why).await;
    story.is_filed().await;
}

#[tokio::test]
async fn whom_a_complaint_is_about_takes_no_part_in_it() {
    let Some(hall) = hall().await else {
        return;
    };
    let story = received(&hall).await;
    let unsaid = json!({"anonymous": false, "lead": CLERK});
    let whole = with("technical", unsaid);
    story.refuses((OFFICE, "classify"), whole, INVALID).await;
    for accused in [CLERK, OFFICE] {
        let how = json!({"anonymous": false, "lead": CLERK, "accused": accused});
        let wrong = with("technical", how);
        let fault = story.faults((OFFICE, "classify"), wrong).await;
        assert_eq!(fault.1, "requirement");
    }
    let among = json!({"anonymous": false, "lead": CLERK, "accused": "s.zwei",
        "participants": ["l.heide", "s.zwei"]});
    let wrong = with("technical", among);
    let fault = story.faults((OFFICE, "classify"), wrong).await;
    assert_eq!(fault.1, "requirement");

    let more = json!({"accused": "s.zwei", "participants": ["l.heide"]});
    let mut story = classified(&hall, "technical", more).await;
    acknowledged(&mut story, CLERK).await;
    let findings = json!({"findings": "Der Bescheid war falsch"});
    story.does(CLERK, "examine", "founded", findings).await;
    // He is not asked, and may not.
    assert_eq!(story.asked("statement"), ["l.heide"]);
    let own = with("given", json!({}));
    story.refuses(("s.zwei", "statement"), own, FORBIDDEN).await;
    story.does("l.heide", "statement", "none", json!({})).await;
    let path = story.at("draft_answer", "claim");
    let claimed = post(hall.by("s.zwei"), &path, None).await;
    claimed.is_problem(403, "forbidden");
    let signers = [("l.heide", "co_sign")];
    answered(&hall, &mut story, (CLERK, &signers)).await;
}

#[tokio::test]
async fn what_is_about_conduct_goes_into_the_compartment_of_personnel() {
    let Some(hall) = hall().await else {
        return;
    };
    let story = received(&hall).await;
    let letter = story.paper("letter");
    let about = json!({"anonymous": false, "accused": CLERK});
    let mut among = about.clone();
    among["participants"] = json!(["l.heide"]);
    let fault = story
        .faults((OFFICE, "classify"), with("personal", among))
        .await;
    assert_eq!(fault.0, "/fields/participants");
    let case = format!("/api/v1/cases/{}", story.case);
    let before = hall.by(OFFICE).get(&case).await.is(200).json();
    let path = story.at("classify", "complete");
    let body = with("personal", about);
    post(hall.by(OFFICE), &path, Some(&body)).await.is(200);
    // From this moment on it is there for nobody outside, whoever has begun it.
    let flow = format!("{WORKFLOWS}/{}", story.id);
    let paper = format!("/api/v1/documents/{letter}");
    for outside in [OFFICE, CLERK, MAYOR] {
        for hidden in [&flow, &case, &paper] {
            hall.by(outside)
                .get(hidden)
                .await
                .is_problem(404, "not-found");
        }
        let inbox = hall.by(outside).get("/api/v1/inbox").await.is(200).json();
        assert_eq!(inbox["items"], json!([]), "{outside}");
    }
    let after = hall.by("s.zwei").get(&case).await.is(200).json();
    assert_ne!(after["reference"], before["reference"]);
    assert_ne!(after["file"], before["file"]);
    hall.by("s.zwei").get(&paper).await.is(200);

    let named = (story.id.as_str(), story.case.as_str());
    let mut story = hall.watched("s.zwei", named).await;
    assert_eq!(story.state(), "acknowledged");
    assert_eq!(story.field("lead"), "function:personal");
    story.made("acknowledgement", None).await;
    let sign = ("signed", "acknowledgement");
    story.signs("s.zwei", "sign_acknowledgement", sign).await;
    let sent = ("sent", "acknowledgement");
    story
        .signs("s.zwei", "send_acknowledgement_inside", sent)
        .await;
    let findings = json!({"findings": "Unbegründet"});
    story.does("s.zwei", "examine", "unfounded", findings).await;
    let answer = hall.draft("s.zwei", &story.case, "Antwort").await;
    let drafted = json!({"answer": answer});
    story
        .does("s.zwei", "draft_answer", "drafted", drafted)
        .await;
    let sign = ("signed", "answer");
    story.signs("l.heide", "sign_inside", sign).await;
    story.past("seal_answer").await;
    let seen = story.seen(&answer).await;
    let sent = json!({"outcome": "sent", "seen": seen, "fields": {"channel": "post"}});
    story.completes("s.zwei", "send_answer_inside", sent).await;
    story
        .does("s.zwei", "follow_up", "settled", json!({}))
        .await;
    story.is_filed().await;
    let moved = story.records().await;
    assert!(moved.iter().any(|one| one == "case.refile"), "{moved:?}");
}

#[tokio::test]
async fn what_nobody_could_read_any_more_is_not_moved() {
    let people = [(OFFICE, "clerk", OWN), ("s.zwei", "clerk", OTHER)];
    let functions: [(&str, &[&str]); 5] = [
        ("bueroleitung", &[OFFICE]),
        ("poststelle", &[OFFICE]),
        ("bm", &[OFFICE]),
        ("personal", &["s.zwei"]),
        ("recht", &[OFFICE]),
    ];
    let with_people = (&people[..], &functions[..]);
    let Some(hall) = Hall::open(Start::new(), with_people, Some("PERSONAL")).await else {
        return;
    };
    let mut story = received(&hall).await;
    let about = with("personal", json!({"anonymous": false, "accused": CLERK}));
    story.refuses((OFFICE, "classify"), about, FORBIDDEN).await;
    // Nothing of it has happened.
    story.look().await;
    assert_eq!(story.state(), "received");
    let case = format!("/api/v1/cases/{}", story.case);
    hall.by(OFFICE).get(&case).await.is(200);
}

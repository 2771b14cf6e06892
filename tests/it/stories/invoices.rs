//! W7: an invoice comes in as an `XRechnung`, is attested by some, ordered by others, and paid elsewhere.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::Start;
use tests::faketime::has_faketime;
use tests::tablet::sealed;
use tests::town::{OTHER, OWN, id_of};

use super::{CLERK, FORBIDDEN, Hall, INVALID, OPEN, Story, is_proven, with};
use crate::workflows::post;

const XML: &str = include_str!("../../data/xrechnung/01.01a-INVOICE_ubl.xml");
/// The program of the treasury.
pub(super) const CASH: &str = "f.kasse";

async fn hall() -> Option<Hall> {
    hall_of(Start::new()).await
}

pub(super) async fn hall_of(start: Start) -> Option<Hall> {
    let people = [
        ("k.stelle", "clerk", OWN),
        ("anord", "clerk", OTHER),
        ("kaem", "clerk", OTHER),
        ("bm.oberland", "mayor", OWN),
        (CASH, "integrator", OWN),
    ];
    let functions: [(&str, &[&str]); 8] = [
        ("rechnungseingang", &[CLERK]),
        ("poststelle", &[CLERK]),
        ("kst-10", &["kaem"]),
        ("kst-20", &["k.stelle", "anord"]),
        ("anordnung", &["anord", "k.stelle", "k.sommer"]),
        ("kaemmerei", &["kaem"]),
        ("bm", &["bm.oberland"]),
        ("finanzbuchhaltung", &["k.sommer"]),
    ];
    let hall = Hall::open(sealed(start), (&people, &functions), None).await?;
    let registrar = hall.town.registrar().await;
    let fields = [
        ("rechnungsnummer", "text"),
        ("betrag", "money"),
        ("faellig_am", "date"),
        ("skonto_bis", "date"),
        ("skonto_tage", "number"),
        ("leitweg_id", "text"),
        ("verkaeufer_id", "text"),
    ];
    for (code, kind) in fields {
        let new = json!({"code": code, "label": code, "kind": kind});
        registrar.post("/api/v1/fields", &new).await.is(201);
    }
    let carried = fields.map(|(code, _)| json!({"field": code}));
    let new = json!({"code": "Rechnung", "name": "Eingangsrechnung", "fields": carried});
    registrar.post("/api/v1/document-types", &new).await.is(201);
    Some(hall)
}

/// An `XRechnung` with this Leitweg-ID is filed, and its workflow begins.
async fn received<'h>(hall: &'h Hall, leitweg: &str) -> Story<'h> {
    let case = hall.case(CLERK, OPEN, "invoice").await;
    let said = json!({"title": "Rechnung 123456XX", "type": "Rechnung",
        "document_date": "2016-04-04", "correspondent": "[Seller name]",
        "fields": {"rechnungsnummer": "123456XX", "betrag": "336.90", "faellig_am": "2199-12-31",
            "leitweg_id": leitweg, "verkaeufer_id": "DE123456789"}});
    // Each says another number in its XML: the house would know it again.
    let content = XML.replacen("123456XX", &case, 1);
    let part = |text: String, kind: &str| Part::text(text).mime_str(kind).expect("a type");
    let form = Form::new()
        .part("metadata", part(said.to_string(), "application/json"))
        .part(
            "content",
            part(content, "application/xml").file_name("rechnung.xml"),
        );
    let clerk = hall.by(CLERK);
    let request = clerk.request(Method::POST, "/api/v1/documents");
    let filed = clerk.send(request.multipart(form)).await;
    let invoice = id_of(&filed.is(201));
    let of = (case.as_str(), Some(invoice.as_str()));
    let mut story = hall.begin(CLERK, "incoming-invoice", of, json!({})).await;
    assert_eq!(story.field("gross"), "336.90");
    story.does(CLERK, "take_in", "accepted", json!({})).await;
    story
}

fn valid(gross: &str) -> Value {
    json!({"invoice_number": "123456XX", "gross": gross})
}

const KNOWN: &str = "04011000-12345-03";

/// An invoice of a cost centre that is known.
pub(super) async fn routed(hall: &Hall) -> Story<'_> {
    let mut story = received(hall, KNOWN).await;
    let found = valid("336.90");
    story.hears(CASH, "invoice_validated", "valid", found).await;
    assert_eq!(story.field("cost_centre"), "function:kst-20");
    story
}

pub(super) fn attested() -> Value {
    json!({"account": "524100", "tax_ok": true})
}

/// Attested by the cost centre.
pub(super) async fn attest(story: &mut Story<'_>, (factual, arithmetic): (&str, &str)) {
    story
        .does(factual, "attest_factual", "approved", json!({}))
        .await;
    story
        .does(arithmetic, "attest_arithmetic", "approved", attested())
        .await;
}

pub(super) fn budget() -> Value {
    json!({"budget_ok": true})
}

fn released(releases: i64) -> Value {
    json!({"paid_on": "2026-03-02", "releases": releases})
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn an_xrechnung_is_validated_attested_ordered_exported_and_paid() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = routed(&hall).await;
    let own = with("approved", json!({}));
    story
        .refuses((CLERK, "attest_factual"), own, FORBIDDEN)
        .await;
    story
        .does("k.stelle", "attest_factual", "approved", json!({}))
        .await;
    let wrong = json!({"account": "524100", "tax_ok": false});
    let wrong = with("approved", wrong);
    let fault = story.faults(("k.stelle", "attest_arithmetic"), wrong).await;
    assert_eq!(fault.1, "requirement");
    story
        .does("k.stelle", "attest_arithmetic", "approved", attested())
        .await;
    // Whoever attested does not order, with whatever limit; others not beyond theirs.
    hall.limit("k.stelle", "1000.00").await;
    let order = with("approved", budget());
    story
        .refuses(("k.stelle", "order_payment"), order.clone(), FORBIDDEN)
        .await;
    let fault = story
        .faults(("anord", "order_payment"), order.clone())
        .await;
    assert_eq!(fault.1, "requirement");
    hall.limit("anord", "336.89").await;
    story
        .refuses(("anord", "order_payment"), order, INVALID)
        .await;
    hall.limit("anord", "336.90").await;
    let without = with("approved", json!({"budget_ok": false}));
    story
        .refuses(("anord", "order_payment"), without, INVALID)
        .await;
    story
        .does("anord", "order_payment", "approved", budget())
        .await;
    story.past("export").await;
    let folder = hall.exports.path().join("finance");
    let written: Vec<_> = std::fs::read_dir(folder).expect("a folder").collect();
    assert_eq!(written.len(), 1);

    let due = story.last("payment")["due"]["on"].clone();
    story.hears(CASH, "invoice_paid", "dunned", json!({})).await;
    assert_eq!(story.field("dunned"), true);
    // A reminder of the seller begins no term anew.
    assert_eq!(story.last("payment")["due"]["on"], due);
    let alone = story.tell(CASH, "invoice_paid", "paid", released(1)).await;
    alone.is_problem(422, "validation");
    story.hears(CASH, "invoice_paid", "paid", released(2)).await;
    story.is_filed().await;
    assert_eq!(
        story.slip(),
        [
            "take_in accepted m.brandt",
            "validator valid f.kasse",
            "validate (withdrawn)",
            "attest_factual approved k.stelle",
            "attest_arithmetic approved k.stelle",
            "order_payment approved anord",
            "export accepted system",
            "payment dunned f.kasse",
            "payment paid f.kasse",
        ]
    );
    let mut records = vec!["case.open", "workflow.start", "workflow.complete"];
    records.push("workflow.event");
    records.extend(["workflow.complete"; 3]);
    records.extend(["workflow.effected", "workflow.event"]);
    records.extend(["case.close", "workflow.event"]);
    assert_eq!(story.records().await, records);
    let invoice = hall.standing(CLERK, &story.paper("invoice")).await;
    assert_eq!(invoice["state"], "registered");
    is_proven(&hall.town).await;
}

#[tokio::test]
async fn what_is_unreadable_invalid_or_a_duplicate_is_not_paid() {
    let Some(hall) = hall().await else {
        return;
    };
    for why in [
        ("unreadable", "Die Datei ist beschädigt"),
        ("harmful", "Der Virenscanner des Postfachs hat sie gemeldet"),
    ] {
        let case = hall.case(CLERK, OPEN, "invoice").await;
        let invoice = hall.draft(CLERK, &case, "Unlesbar").await;
        let of = (case.as_str(), Some(invoice.as_str()));
        let mut story = hall.begin(CLERK, "incoming-invoice", of, json!({})).await;
        story.says(CLERK, "take_in", why).await;
        story.is_dropped("refused").await;
    }

    // Who checks it says that it came before.
    let mut twice = valid("336.90");
    twice["duplicate"] = json!(true);
    let mut story = received(&hall, KNOWN).await;
    story.does(CLERK, "validate", "valid", twice.clone()).await;
    let why = ("duplicate", "Schon bezahlt");
    story.says(CLERK, "check_duplicate", why).await;
    story.is_dropped("blocked").await;
    let mut story = received(&hall, KNOWN).await;
    story.hears(CASH, "invoice_validated", "valid", twice).await;
    let why = ("not_duplicate", "Eine Teilrechnung");
    story.says(CLERK, "check_duplicate", why).await;
    assert_eq!(story.state(), "factual_check");

    let mut story = received(&hall, KNOWN).await;
    let faults = json!({"faults": "BR-01"});
    story
        .hears(CASH, "invoice_validated", "invalid", faults)
        .await;
    let letter = story.made("return_letter", None).await;
    story
        .does(CLERK, "draft_return", "drafted", json!({}))
        .await;
    let seen = story.seen(&letter).await;
    let own = json!({"outcome": "signed", "seen": seen});
    story.refuses((CLERK, "sign_return"), own, FORBIDDEN).await;
    let sign = ("signed", "return_letter");
    story.signs("kaem", "sign_return", sign).await;
    let off = ("sent", "return_letter");
    story.signs(CLERK, "send_return", off).await;
    story.is_dropped("returned").await;
    story.closes_by_hand().await;
}

#[tokio::test]
async fn an_invoice_finds_its_cost_centre_and_whoever_may_order_it() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = received(&hall, "04011000-99999-99").await;
    // A discount that was over before the invoice came is none.
    let mut over = valid("50000.00");
    over["discount_until"] = json!("2016-04-18");
    story.does(CLERK, "validate", "valid", over).await;
    assert!(story.field("discount_until").is_null());
    assert_eq!(story.field("pay_by"), "2199-12-31");
    let unsaid = with("routed", json!({}));
    story.refuses((CLERK, "route"), unsaid, INVALID).await;
    let first = json!({"cost_centre": "function:kst-10"});
    story.does(CLERK, "route", "routed", first).await;
    let why = ("not_ours", "Gehört zu kst-20");
    story.says("kaem", "attest_factual", why).await;
    let second = json!({"cost_centre": "function:kst-20"});
    story.does(CLERK, "reroute", "routed", second).await;
    attest(&mut story, ("k.stelle", "anord")).await;
    assert_eq!(story.state(), "ordered");
    // Two have attested, each by one of the steps: neither orders, though both hold that function.
    hall.limit("k.stelle", "100000.00").await;
    hall.limit("anord", "100000.00").await;
    for attested in ["k.stelle", "anord"] {
        let order = with("approved", budget());
        story
            .refuses((attested, "order_payment"), order, FORBIDDEN)
            .await;
    }
    // Whoever may not gives it on to a deputy who may.
    let other = story.at("order_payment", "delegate");
    let to = json!({"to": "bm.oberland", "reason": "Selbst festgestellt"});
    post(hall.by("anord"), &other, Some(&to)).await.is(200);
    hall.limit("bm.oberland", "50000.00").await;
    story.look().await;
    story
        .does("bm.oberland", "order_payment", "approved", budget())
        .await;
    story.past("export").await;
    assert_eq!(story.state(), "paid");
}

#[tokio::test]
async fn what_is_beyond_a_limit_goes_to_the_next_and_what_fails_is_looked_at_again() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = routed(&hall).await;
    attest(&mut story, ("k.stelle", "anord")).await;
    let none = json!({});
    story
        .does("k.sommer", "order_payment", "over_limit", none.clone())
        .await;
    let beyond = with("approved", budget());
    let fault = story.faults(("kaem", "order_high"), beyond).await;
    assert_eq!(fault.1, "requirement");
    story
        .does("kaem", "order_high", "over_limit", none.clone())
        .await;
    hall.limit("bm.oberland", "100000.00").await;
    let why = ("rejected", "Warum so viel?");
    story.says("bm.oberland", "order_mayor", why).await;
    assert_eq!(story.state(), "factual_check");
    attest(&mut story, ("k.stelle", "anord")).await;
    story
        .does("k.sommer", "order_payment", "over_limit", none.clone())
        .await;
    story.does("kaem", "order_high", "over_limit", none).await;
    story
        .does("bm.oberland", "order_mayor", "approved", budget())
        .await;
    story.past("export").await;
    // The other program refuses what it was given.
    story.hears(CASH, "invoice_paid", "failed", json!({})).await;
    assert_eq!(story.state(), "arithmetic_check");
    let why = ("factual_check", "Die Lieferung prüfen");
    story.returns("anord", "attest_arithmetic", why).await;
    assert_eq!(story.state(), "factual_check");
}

/// An invoice that is not valid is checked by nobody before it is validated anew and has a cost centre.
#[tokio::test]
async fn what_was_invalid_is_validated_anew() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = received(&hall, KNOWN).await;
    let faults = json!({"faults": "BT-1 fehlt"});
    story.does(CLERK, "validate", "invalid", faults).await;
    story.made("return_letter", None).await;
    // Its terms rest until it is complete, and run from that day then.
    assert!(story.field("suspended_on").is_string());
    let settled = json!({"outcome": "settled", "note": "Hat sich erledigt"});
    let fault = story.faults((CLERK, "draft_return"), settled).await;
    assert_eq!(fault.1, "no-outcome");
    let why = ("completed", "Die Angaben kamen nach");
    story.says(CLERK, "draft_return", why).await;
    assert_eq!(story.state(), "validated");
    assert!(story.field("suspended_on").is_null());
    let completed = hall.day(CLERK, &story.case, 0).await;
    assert_eq!(*story.field("runs_from"), completed);
    let credit = with("valid", valid("-336.90"));
    let fault = story.faults((CLERK, "validate"), credit).await;
    assert_eq!(fault.1, "requirement");
    // The discount runs from then, and it is checked before it is over.
    let mut soon = valid("336.90");
    soon["discount_days"] = json!(3);
    story.does(CLERK, "validate", "valid", soon).await;
    assert_eq!(story.state(), "factual_check");
    let until = hall.day(CLERK, &story.case, 3).await;
    assert_eq!(*story.field("discount_until"), until);
    let due = story.last("attest_factual")["due"]["on"].as_str();
    assert!(due.is_some_and(|due| due <= until.as_str()), "{due:?}");
}

#[tokio::test]
async fn what_was_objected_to_and_is_settled_is_paid_and_its_letters_stay_in_the_file() {
    let Some(hall) = hall().await else {
        return;
    };
    let mut story = routed(&hall).await;
    let half = json!({"faults": "Nur die Hälfte geliefert"});
    story
        .does("k.stelle", "attest_factual", "partial", half)
        .await;
    let first = story.made("return_letter", None).await;
    let why = ("settled", "Ist nachgeliefert");
    story.says(CLERK, "draft_return", why).await;
    story
        .does("k.stelle", "attest_factual", "approved", json!({}))
        .await;
    let wrong = json!({"faults": "Summe falsch"});
    story
        .does("k.stelle", "attest_arithmetic", "rejected", wrong)
        .await;
    let second = story.made("return_letter", Some(&first)).await;
    // What was wrong is corrected by a credit note, never in the invoice.
    let without = with("credited", json!({}));
    let fault = story.faults((CLERK, "draft_return"), without).await;
    assert_eq!(
        fault,
        ("/fields/credit_note".to_owned(), "required".to_owned())
    );
    let note = hall.draft(CLERK, &story.case, "Gutschrift").await;
    let credited = json!({"credit_note": note});
    story
        .does(CLERK, "draft_return", "credited", credited)
        .await;
    attest(&mut story, ("k.stelle", "k.stelle")).await;
    hall.limit("anord", "500.00").await;
    story
        .does("anord", "order_payment", "approved", budget())
        .await;
    story.past("export").await;
    story.hears(CASH, "invoice_paid", "paid", released(2)).await;
    story.is_filed().await;
    for letter in [first, second, note] {
        let filed = hall.standing(CLERK, &letter).await;
        assert_eq!(filed["state"], "registered");
    }
}

/// While it lies with the seller its terms rest: they move by as many days.
#[tokio::test]
async fn what_is_returned_has_as_much_more_time_as_it_was_away() {
    if !has_faketime() {
        return;
    }
    let Some(mut hall) = hall().await else {
        return;
    };
    let (id, case) = {
        let mut story = received(&hall, KNOWN).await;
        let mut known = valid("336.90");
        known["due_on"] = json!("2199-06-20");
        known["discount_until"] = json!("2199-06-10");
        story.does(CLERK, "validate", "valid", known).await;
        let faults = json!({"faults": "Nur die Hälfte geliefert"});
        story
            .does("k.stelle", "attest_factual", "partial", faults)
            .await;
        (story.id, story.case)
    };
    hall.days_later(10, &[CLERK]).await;
    let mut story = hall.watched(CLERK, (&id, &case)).await;
    story.made("return_letter", None).await;
    let why = ("settled", "Ist nachgeliefert");
    story.says(CLERK, "draft_return", why).await;
    assert_eq!(story.state(), "factual_check");
    for (key, moved) in [
        ("due_on", "2199-06-30"),
        ("pay_by", "2199-06-30"),
        ("discount_until", "2199-06-20"),
    ] {
        assert_eq!(story.field(key), moved, "{key}");
    }
    assert!(story.field("suspended_on").is_null());
}

/// An `XRechnung` as it came: nothing is said of it but its title.
async fn bare(hall: &Hall, mark: &str, case: &str) -> String {
    let content = XML.replacen("</", &format!("<!-- {mark} -->\n</"), 1);
    let said = json!({"title": "Rechnung", "case": case}).to_string();
    let part = |text: String, kind: &str| Part::text(text).mime_str(kind).expect("a type");
    let form = Form::new()
        .part("metadata", part(said, "application/json"))
        .part(
            "content",
            part(content, "application/xml").file_name("rechnung.xml"),
        );
    let clerk = hall.by(CLERK);
    let request = clerk.request(Method::POST, "/api/v1/documents");
    let id = id_of(&clerk.send(request.multipart(form)).await.is(201));
    let path = format!("/api/v1/documents/{id}");
    tests::wait_until("the invoice is read", async || {
        let shown = clerk.get(&path).await.is(200).json();
        shown["invoice"].is_object()
    })
    .await;
    id
}

#[tokio::test]
async fn an_invoice_says_itself_what_nobody_has_said_and_is_known_again() {
    let Some(hall) = hall().await else {
        return;
    };
    let case = hall.case(CLERK, OPEN, "invoice").await;
    let invoice = bare(&hall, "first", &case).await;
    let of = (case.as_str(), Some(invoice.as_str()));
    let story = hall.begin(CLERK, "incoming-invoice", of, json!({})).await;
    for (key, said) in [
        ("invoice_number", json!("123456XX")),
        ("seller", json!("[Seller name]")),
        ("seller_id", json!("DE123456789")),
        ("issued_on", json!("2016-04-04")),
        ("gross", json!("336.90")),
        ("leitweg_id", json!(KNOWN)),
        ("duplicate", json!(false)),
    ] {
        assert_eq!(*story.field(key), said, "{key}");
    }

    // The same once more, in another case: it is known, whatever is said in beginning.
    let case = hall.case(CLERK, OPEN, "invoice").await;
    let again = bare(&hall, "second", &case).await;
    let of = (case.as_str(), Some(again.as_str()));
    let said = json!({"duplicate": false});
    let story = hall.begin(CLERK, "incoming-invoice", of, said).await;
    assert_eq!(story.field("duplicate"), true);
}

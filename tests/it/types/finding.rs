//! Documents are found by what stands in their fields: in lists, by parameters and by words.

use serde_json::{Value, json};
use tests::Client;
use tests::town::{OWN, id_of};

use super::{FIELDS, file, town};

/// The titles that a list or a search has.
async fn titles(client: &Client, path: &str, query: &[(&str, &str)]) -> Vec<String> {
    let found = client.get_with(path, query).await.is(200).json();
    let items = found["items"].as_array().cloned().unwrap_or_default();
    // A list has titles in one piece, a search in several.
    let title = |one: &Value| {
        let whole = one["title"].as_str().map(str::to_owned);
        whole.unwrap_or_else(|| {
            let pieces = one["title"].as_array().into_iter().flatten();
            pieces.filter_map(|piece| piece["text"].as_str()).collect()
        })
    };
    let mut all: Vec<String> = items.iter().map(title).collect();
    all.sort();
    if let Some(total) = found["total"].as_u64() {
        assert_eq!(total, u64::try_from(all.len()).expect("few"), "{query:?}");
    }
    all
}

#[expect(clippy::too_many_lines, reason = "one archive, asked in every way")]
#[tokio::test]
async fn lists_and_searches_are_narrowed_by_fields() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    for (title, said) in [
        (
            "Eins",
            json!({"nummer": "R-1", "betrag": "99.99", "faellig_am": "2026-01-15",
                "stand": "offen", "merkmale": ["eilt"], "bezahlt": true, "stueck": "-1"}),
        ),
        (
            "Zwei",
            json!({"nummer": "R-2", "betrag": "100", "faellig_am": "2026-02-15",
                "stand": "fertig", "merkmale": ["eilt", "skonto"], "bezahlt": false, "stueck": "10"}),
        ),
        (
            "Drei",
            json!({"nummer": "R-3", "betrag": "1500.00", "stueck": "0.5"}),
        ),
    ] {
        file(&clerk, title, "Rechnung", &said).await.is(201);
    }
    file(&clerk, "Vier", "Antrag", &json!({"nummer": "R-1"}))
        .await
        .is(201);
    town.settle().await;
    for (asked, expected) in [
        (&[("field.nummer", "R-1")][..], &["Eins", "Vier"][..]),
        (&[("field.nummer", "R-1"), ("type", "Antrag")], &["Vier"]),
        (
            &[("field.nummer", "R-1"), ("field.nummer", "R-3")],
            &["Drei", "Eins", "Vier"],
        ),
        (&[("field.betrag", "100")], &["Zwei"]),
        (&[("field.betrag", "100.00..")], &["Drei", "Zwei"]),
        (&[("field.betrag", "..100")], &["Eins", "Zwei"]),
        (&[("field.betrag", "99.99..100")], &["Eins", "Zwei"]),
        (&[("field.stueck", "..0")], &["Eins"]),
        (&[("field.stueck", "-2..1")], &["Drei", "Eins"]),
        (&[("field.faellig_am", "2026-02-01..2026-12-31")], &["Zwei"]),
        (&[("field.faellig_am", "2026-01-15")], &["Eins"]),
        (&[("field.stand", "offen")], &["Eins"]),
        (&[("field.merkmale", "eilt")], &["Eins", "Zwei"]),
        (&[("field.bezahlt", "false")], &["Zwei"]),
        (
            &[("field.merkmale", "eilt"), ("field.bezahlt", "true")],
            &["Eins"],
        ),
        (&[("field.nummer", "R-4")], &[]),
    ] {
        assert_eq!(
            titles(&clerk, "/api/v1/documents", asked).await,
            expected,
            "{asked:?}"
        );
        assert_eq!(
            titles(&clerk, "/api/v1/search", asked).await,
            expected,
            "{asked:?}"
        );
        assert!(
            titles(&town.other(), "/api/v1/documents", asked)
                .await
                .is_empty()
        );
        assert!(
            titles(&town.other(), "/api/v1/search", asked)
                .await
                .is_empty()
        );
    }
    for path in ["/api/v1/documents", "/api/v1/search"] {
        for (name, value, code) in [
            ("field.gibtsnicht", "1", "unknown"),
            ("field.betrag", "viel", "wrong-format"),
            ("field.betrag", "..", "wrong-format"),
            ("field.faellig_am", "gestern", "wrong-format"),
            ("field.stand", "verloren", "not-one-of"),
            ("field.bezug", "keine Kennung", "wrong-format"),
        ] {
            let refused = clerk.get_with(path, &[(name, value)]).await;
            let refused = refused.is_problem(400, "query-invalid").json();
            assert_eq!(refused["errors"][0]["parameter"], name);
            assert_eq!(refused["errors"][0]["code"], code, "{name}={value}");
        }
    }
    let nearly = clerk.get("/api/v1/documents?field.Betrag=1").await;
    let nearly = nearly.is_problem(400, "query-invalid");
    assert!(nearly.text().contains("„betrag“"), "{}", nearly.text());
    // A page goes on only with the fields that it began with.
    let first = clerk
        .get("/api/v1/documents?limit=1&field.nummer=R-1")
        .await
        .is(200)
        .json();
    let cursor = first["next_cursor"]
        .as_str()
        .expect("a next page")
        .to_owned();
    let next = [
        ("limit", "1"),
        ("field.nummer", "R-1"),
        ("cursor", cursor.as_str()),
    ];
    assert_eq!(titles(&clerk, "/api/v1/documents", &next).await, ["Eins"]);
    let other = format!("/api/v1/documents?limit=1&field.nummer=R-2&cursor={cursor}");
    clerk.get(&other).await.is_problem(400, "query-invalid");
}

#[tokio::test]
async fn what_stands_in_a_field_is_found_by_words_and_by_its_name() {
    let Some(town) = town().await else { return };
    let (clerk, registrar) = (town.clerk(), town.registrar().await);
    let said = json!({"nummer": "R-4711", "betrag": "1234.5", "faellig_am": "2026-03-31",
        "stand": "offen", "stueck": "12"});
    let first = file(&clerk, "Erste", "Rechnung", &said).await.is(201);
    let said = json!({"nummer": "R-4712", "betrag": "12.5", "faellig_am": "2025-12-31"});
    file(&clerk, "Zweite", "Rechnung", &said).await.is(201);
    town.settle().await;
    let found = async |question: &str| titles(&clerk, "/api/v1/search", &[("q", question)]).await;
    for (question, expected) in [
        ("R-4711", &["Erste"][..]),
        ("1.234,50", &["Erste"]),
        ("1234,50", &["Erste"]),
        ("31.03.2026", &["Erste"]),
        ("Unbearbeitet", &["Erste"]),
        ("nummer:R-4711", &["Erste"]),
        ("feld.nummer:R-4711", &["Erste"]),
        ("nummer:R-47*", &["Erste", "Zweite"]),
        ("betrag:12,50", &["Zweite"]),
        ("betrag:12.5", &["Zweite"]),
        // A number is a number: not one that begins so, and not one in another field.
        ("betrag:12", &[]),
        ("stueck:12", &["Erste"]),
        ("betrag:1.000..2.000", &["Erste"]),
        ("betrag:>=12,5", &["Erste", "Zweite"]),
        ("-betrag:>100 Rechnung", &["Zweite"]),
        ("faellig_am:2026", &["Erste"]),
        ("faellig_am:2025-12..2026-03", &["Erste", "Zweite"]),
        ("faellig_am:<2026", &["Zweite"]),
        ("stand:unbearbeitet", &["Erste"]),
        ("titel:Unbearbeitet", &[]),
    ] {
        assert_eq!(found(question).await, expected, "{question}");
    }
    assert!(
        titles(&town.other(), "/api/v1/search", &[("q", "betrag:>1")])
            .await
            .is_empty()
    );
    // A new label finds what the old one found.
    let list = registrar.get(FIELDS).await.is(200).json();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let choice = items
        .iter()
        .find(|one| one["code"] == "stand")
        .expect("a field");
    let at = format!("{FIELDS}/{}", choice["id"].as_str().expect("an id"));
    let labels = json!({"entries": [{"code": "offen", "label": "Klärungsbedürftig"},
        {"code": "fertig", "label": "Abgeschlossen"}]});
    registrar.patch(&at, "\"v1\"", &labels).await.is(200);
    town.settle().await;
    assert_eq!(found("Klärungsbedürftig").await, ["Erste"]);
    assert!(found("Unbearbeitet").await.is_empty());
    // What was changed is found as it is now.
    let path = format!("/api/v1/documents/{}", id_of(&first));
    let change = json!({"fields": {"betrag": "99", "nummer": null}});
    clerk.patch(&path, &first.etag(), &change).await.is(200);
    town.settle().await;
    assert_eq!(found("betrag:99").await, ["Erste"]);
    assert!(found("betrag:1234,5").await.is_empty());
    assert!(found("nummer:R-4711").await.is_empty());
    let explained = [("q", "betrag:99"), ("explain", "true")];
    let explained = clerk
        .get_with("/api/v1/search", &explained)
        .await
        .is(200)
        .text();
    assert!(explained.contains("betrag"), "{explained}");
    let narrowed = [("department", OWN), ("field.betrag", "99")];
    assert_eq!(
        titles(&clerk, "/api/v1/documents", &narrowed).await,
        ["Erste"]
    );
}

#[tokio::test]
async fn a_number_below_nothing_is_asked_for_with_its_sign() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    for (title, number) in [("Erste", "12"), ("Zweite", "-3"), ("Dritte", "-12")] {
        let said = json!({"stueck": number});
        file(&clerk, title, "Rechnung", &said).await.is(201);
    }
    town.settle().await;
    for (question, expected) in [
        ("stueck:-12", &["Dritte"][..]),
        ("stueck:-3", &["Zweite"]),
        ("stueck:-4", &[]),
        ("stueck:-5..15", &["Erste", "Zweite"]),
        ("stueck:-20..-3", &["Dritte", "Zweite"]),
        ("Rechnung -stueck:-3", &["Dritte", "Erste"]),
    ] {
        let found = titles(&clerk, "/api/v1/search", &[("q", question)]).await;
        assert_eq!(found, expected, "{question}");
    }
}

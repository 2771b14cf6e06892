//! Types and fields as records: who makes them, what never changes, and what is retired.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::town::{id_of, send};
use tests::{Answer, Town, fixtures};

use super::{FIELDS, TYPES, fault, faults, file, town};

fn codes(list: &Answer) -> Vec<String> {
    let list = list.json();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let code = |one: &Value| one["code"].as_str().unwrap_or_default().to_owned();
    items.iter().map(code).collect()
}

#[expect(clippy::too_many_lines, reason = "one life of a type")]
#[tokio::test]
async fn the_registry_makes_types_and_fields_and_everybody_lists_them() {
    let Some(town) = town().await else { return };
    let (clerk, registrar) = (town.clerk(), town.registrar().await);
    for client in [&clerk, &town.other(), &town.auditor(), &town.admin()] {
        // By what people read: Antrag, Eingangsrechnung.
        assert_eq!(
            codes(&client.get(TYPES).await.is(200)),
            ["Antrag", "Rechnung"]
        );
        assert_eq!(codes(&client.get(FIELDS).await.is(200)).len(), 8);
        let refused = client.post(TYPES, &json!({"code": "Bescheid"})).await;
        refused.is_problem(403, "forbidden");
    }
    let wrong = async |path: &str, body: Value| {
        let answer = registrar.post(path, &body).await;
        faults(&answer.is_problem(422, "validation"))
    };
    let date = |code: &str, label: &str| json!({"code": code, "label": label, "kind": "date"});
    assert_eq!(
        wrong(FIELDS, date("betrag", "Neu")).await,
        fault("/code", "taken")
    );
    assert_eq!(
        wrong(FIELDS, date("neu", "FAELLIG AM")).await,
        fault("/label", "taken")
    );
    assert_eq!(
        wrong(FIELDS, date("titel", "Neu")).await,
        fault("/code", "reserved")
    );
    assert_eq!(
        wrong(FIELDS, date("Neu Es", "Neu")).await,
        fault("/code", "wrong-format")
    );
    let choice = json!({"code": "wahl", "label": "Wahl", "kind": "choice", "min": "1"});
    let both = [fault("/min", "not-of-kind"), fault("/entries", "required")].concat();
    assert_eq!(wrong(FIELDS, choice).await, both);
    let pattern = json!({"code": "neu", "label": "Neu", "kind": "text", "pattern": "[a"});
    assert_eq!(
        wrong(FIELDS, pattern).await,
        fault("/pattern", "wrong-format")
    );
    let bounds = json!({"code": "neu", "label": "Neu", "kind": "number", "min": "2", "max": "1"});
    assert_eq!(wrong(FIELDS, bounds).await, fault("/max", "empty-range"));
    assert_eq!(
        wrong(TYPES, json!({"code": "Rechnung"})).await,
        fault("/code", "taken")
    );
    let named = json!({"code": "Anderes", "name": "eingangsrechnung"});
    assert_eq!(wrong(TYPES, named).await, fault("/name", "taken"));
    let unknown = json!({"code": "Anderes", "fields": [{"field": "gibtsnicht"}]});
    assert_eq!(
        wrong(TYPES, unknown).await,
        fault("/fields/0/field", "not-found")
    );
    let twice = json!({"code": "Anderes", "fields": [{"field": "stand"}, {"field": "stand"}]});
    assert_eq!(
        wrong(TYPES, twice).await,
        fault("/fields/1/field", "duplicate")
    );
    // A key makes it once.
    let new = json!({"code": "Bescheid"});
    let key = [("idempotency-key", "\"einmal-bitte-0001\"")];
    let first = send(&registrar, Method::POST, TYPES, &key, Some(&new))
        .await
        .is(201);
    let again = send(&registrar, Method::POST, TYPES, &key, Some(&new))
        .await
        .is(201);
    assert_eq!(id_of(&first), id_of(&again));
    let record = town.record_of(&first).await;
    assert_eq!(record["action"], "document_type.create");
    let output = town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_pattern_is_told_in_the_language_of_the_reader_with_its_place() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let new = json!({"code": "neu", "label": "Neu", "kind": "text", "pattern": "R-(a|b"});
    for (language, told) in [
        (
            "de",
            "R-[0-9]{4}; doch bei Zeichen 3 öffnet eine runde Klammer, die nicht geschlossen wird.",
        ),
        (
            "en",
            "for instance; but at character 3 a round bracket opens that is not closed.",
        ),
    ] {
        let headers = [("accept-language", language)];
        let refused = send(&registrar, Method::POST, FIELDS, &headers, Some(&new)).await;
        let refused = refused.is_problem(422, "validation").json();
        let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default();
        assert!(detail.ends_with(told), "{detail}");
    }
}

#[expect(clippy::too_many_lines, reason = "one life of a field")]
#[tokio::test]
async fn what_documents_depend_on_never_changes_and_is_retired_instead() {
    let Some(town) = town().await else { return };
    let (clerk, registrar) = (town.clerk(), town.registrar().await);
    let id = async |path: &str, code: &str| {
        let list = clerk.get(path).await.is(200).json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let found = items
            .iter()
            .find(|one| one["code"] == code)
            .expect("it is there");
        format!("{path}/{}", found["id"].as_str().expect("an id"))
    };
    let said = json!({"nummer": "R-1", "betrag": "1", "stand": "offen"});
    let document = file(&clerk, "Rechnung", "Rechnung", &said).await.is(201);
    let choice = id(FIELDS, "stand").await;
    let open = registrar.get(&choice).await.is(200);
    let left_out = json!({"entries": [{"code": "fertig", "label": "Abgeschlossen"}]});
    let refused = registrar.patch(&choice, &open.etag(), &left_out).await;
    assert_eq!(faults(&refused.is(422)), fault("/entries", "fixed"));
    let unchanged = registrar
        .patch(&choice, &open.etag(), &json!({"label": "Stand"}))
        .await;
    assert_eq!(faults(&unchanged.is(422)), fault("", "unchanged"));
    let retired = json!({"entries": [{"code": "offen", "label": "Neu", "retired": true},
        {"code": "fertig", "label": "Abgeschlossen"}]});
    let changed = registrar
        .patch(&choice, &open.etag(), &retired)
        .await
        .is(200);
    registrar
        .patch(&choice, &open.etag(), &retired)
        .await
        .is_problem(412, "precondition-failed");
    send(&registrar, Method::PATCH, &choice, &[], Some(&retired))
        .await
        .is(428);
    // Who has it keeps it, and nobody gets it.
    let chosen = json!({"nummer": "R-2", "stand": "offen"});
    let refused = file(&clerk, "Rechnung", "Rechnung", &chosen).await.is(422);
    assert_eq!(faults(&refused), fault("/fields/stand", "not-one-of"));
    let path = format!("/api/v1/documents/{}", id_of(&document));
    let kept = json!({"fields": {"stand": "offen", "betrag": "2"}});
    let kept = clerk.patch(&path, &document.etag(), &kept).await.is(200);
    assert_eq!(kept.json()["fields"]["stand"], "offen");
    // A field that was retired takes nothing new.
    let gone = json!({"retired": true});
    let gone = registrar
        .patch(&choice, &changed.etag(), &gone)
        .await
        .is(200);
    assert_eq!(town.record_of(&gone).await["action"], "field.retire");
    let again = json!({"fields": {"stand": "fertig"}});
    let again = clerk.patch(&path, &kept.etag(), &again).await.is(422);
    assert_eq!(faults(&again), fault("/fields/stand", "retired"));
    let only = clerk.get(&format!("{FIELDS}?retired=true")).await.is(200);
    assert_eq!(codes(&only), ["stand"]);
    // A type that was retired stays on the document, and is given no more.
    let invoice = id(TYPES, "Rechnung").await;
    let before = registrar.get(&invoice).await.is(200);
    let over = json!({"retired": true});
    let over = registrar
        .patch(&invoice, &before.etag(), &over)
        .await
        .is(200);
    let refused = file(&clerk, "Rechnung", "Rechnung", &json!({}))
        .await
        .is(422);
    assert_eq!(faults(&refused), fault("/type", "retired"));
    // Nothing is kept of what is refused for it, in whichever way it comes.
    town.settle().await;
    let stored = crate::at_rest::blobs(town.app.data());
    let kinds = clerk.get("/api/document_types/").await.is(200).json();
    let mut all = kinds["results"].as_array().into_iter().flatten();
    let kind = all.find(|one| one["name"] == "Rechnung");
    let kind = kind.expect("it stands on a document")["id"].to_string();
    let part = Part::bytes(fixtures::unique_pdf("Rechnung")).file_name("scan.pdf");
    let form = Form::new()
        .part("document", part)
        .text("document_type", kind);
    let request = clerk.request(Method::POST, "/api/documents/post_document/");
    clerk.send(request.multipart(form)).await.is(400);
    assert_eq!(crate::at_rest::blobs(town.app.data()), stored);
    let tagged = json!({"tags": ["Bleibt"], "fields": {"betrag": "3"}});
    clerk.patch(&path, &kept.etag(), &tagged).await.is(200);
    // Taken up again, it is as before; its history says so.
    let back = json!({"retired": false});
    registrar.patch(&invoice, &over.etag(), &back).await.is(200);
    file(&clerk, "Rechnung", "Rechnung", &json!({}))
        .await
        .is(201);
    let history = clerk
        .get(&format!("{invoice}/history"))
        .await
        .is(200)
        .json();
    let actions: Vec<&Value> = history["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["action"])
        .collect();
    assert_eq!(
        actions,
        [
            "document_type.create",
            "document_type.retire",
            "document_type.change"
        ]
    );
    let output = town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_word_on_documents_becomes_a_type_and_documents_are_not_touched() {
    let Some(town) = town().await else { return };
    let (clerk, registrar) = (town.clerk(), town.registrar().await);
    let document = file(&clerk, "Mahnung", "Mahnung", &json!({})).await.is(201);
    assert_eq!(document.json()["type"], "Mahnung");
    let path = format!("/api/v1/documents/{}", id_of(&document));
    let said = json!({"fields": {"nummer": "R-9"}});
    let refused = clerk.patch(&path, &document.etag(), &said).await.is(422);
    assert_eq!(faults(&refused), fault("/fields/nummer", "not-of-type"));
    let new = json!({"code": "Mahnung", "fields": [{"field": "nummer"}]});
    registrar.post(TYPES, &new).await.is(201);
    assert_eq!(clerk.get(&path).await.is(200).etag(), document.etag());
    clerk.patch(&path, &document.etag(), &said).await.is(200);
}

#[tokio::test]
async fn clients_of_paperless_see_types_and_fields() {
    let Some(town) = town().await else { return };
    let clerk = town.clerk();
    let said =
        json!({"nummer": "R-1", "betrag": "5", "merkmale": ["skonto", "eilt"], "stand": "offen"});
    file(&clerk, "Rechnung", "Rechnung", &said).await.is(201);
    let kinds = clerk.get("/api/document_types/").await.is(200).json();
    let all = kinds["results"].as_array().cloned().unwrap_or_default();
    let counted: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap_or_default(),
                one["document_count"].as_i64(),
            )
        })
        .collect();
    assert_eq!(counted, [("Antrag", Some(0)), ("Rechnung", Some(1))]);
    let one = format!("/api/document_types/{}/", all[0]["id"]);
    assert_eq!(clerk.get(&one).await.is(200).json()["name"], "Antrag");
    let fields = clerk.get("/api/custom_fields/").await.is(200).json();
    let fields = fields["results"].as_array().cloned().unwrap_or_default();
    let number = |name: &str| {
        let found = fields.iter().find(|one| one["name"] == name);
        found.expect("a field")["id"].clone()
    };
    assert_eq!(fields.len(), 7, "no reference");
    let settings = clerk.get("/api/ui_settings/").await.is(200).json();
    let may = settings["permissions"].as_array().cloned();
    assert!(may.is_some_and(|may| may.contains(&json!("view_customfield"))));
    let document = clerk.get("/api/documents/").await.is(200).json();
    let mut values = document["results"][0]["custom_fields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut expected = vec![
        json!({"field": number("Rechnungsnummer"), "value": "R-1"}),
        json!({"field": number("Betrag"), "value": "EUR5.00"}),
        json!({"field": number("Merkmale"), "value": "Eilig, Skontofähig"}),
        json!({"field": number("Stand"), "value": "offen"}),
    ];
    values.sort_by_key(|one| one["field"].as_i64());
    expected.sort_by_key(|one| one["field"].as_i64());
    assert_eq!(values, expected);
}

#[tokio::test]
async fn a_file_brings_types_and_fields_once() {
    let Some(town) = town().await else { return };
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let sheet = folder.path().join("types.toml");
    let text = "[[field]]\ncode = \"kasse\"\nlabel = \"Kassenzeichen\"\nkind = \"text\"\n\
        [[field]]\ncode = \"betrag\"\nlabel = \"Summe\"\nkind = \"money\"\nmin = \"0\"\n\
        [[type]]\ncode = \"Gebührenbescheid\"\nfields = [{ field = \"kasse\", required = true }]\n";
    std::fs::write(&sheet, text).expect("a file");
    let sheet = sheet.to_str().expect("a path").to_owned();
    let run = async |sheet: &str| town.app.command(&["types", "import", sheet]).await;
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let brought = run(&sheet).await;
    assert!(brought.status.success(), "{brought:?}");
    assert_eq!(
        said(&brought),
        "kasse: angelegt\nbetrag: geändert\nGebührenbescheid: angelegt\n"
    );
    assert_eq!(said(&run(&sheet).await), "es ändert sich nichts\n");
    let listed = town.app.command(&["types", "list"]).await;
    assert!(
        said(&listed).contains("Gebührenbescheid: Dokumenttyp\n"),
        "{listed:?}"
    );
    let wrong = text.replace("money", "date");
    std::fs::write(&sheet, wrong).expect("a file");
    let refused = run(&sheet).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "[[feld]]\n").expect("a file");
    let broken = run(broken.to_str().expect("a path")).await;
    assert_eq!(broken.status.code(), Some(3), "{broken:?}");
    let all = town.clerk().get(FIELDS).await.is(200).text();
    assert!(
        all.contains("Summe") && !all.contains("\"Betrag\""),
        "{all}"
    );
}

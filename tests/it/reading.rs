//! Formats of offices, end to end: filed, read by the worker, found by what stands in them.

use indexer::extract::Format;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tests::faketime::{days_later, has_faketime};
use tests::town::id_of;
use tests::{Answer, Town, wait_until};

/// A docx with a compound in a paragraph and a word in a cell of a table.
pub(crate) fn letter() -> Vec<u8> {
    use std::io::{Cursor, Write as _};
    let office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let types = format!(
        "<Types><Override PartName='/word/document.xml' ContentType='{office}.main+xml'/></Types>"
    );
    let body = "<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>Der Größen</w:t></w:r><w:r>\
        <w:t>nachweis liegt bei.</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Gemarkung</w:t>\
        </w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Oberflur</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
        </w:body></w:document>";
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [
        ("[Content_Types].xml", &*types),
        ("word/document.xml", body),
    ] {
        zip.start_file(name, options).expect("a member");
        zip.write_all(content.as_bytes())
            .expect("a vector takes all");
    }
    zip.finish().expect("a vector takes all").into_inner()
}

pub(crate) async fn file(town: &Town, media_type: &str, content: &[u8], title: &str) -> Answer {
    let part = |bytes: Vec<u8>, kind: &str| Part::bytes(bytes).mime_str(kind).expect("a type");
    let metadata = json!({ "title": title }).to_string();
    let form = Form::new()
        .part("metadata", part(metadata.into_bytes(), "application/json"))
        .part(
            "content",
            part(content.to_vec(), media_type).file_name("anlage.bin"),
        );
    let clerk = town.clerk();
    let request = clerk.request(Method::POST, "/api/v1/documents");
    clerk.send(request.multipart(form)).await.is(201)
}

/// The ids of what is found.
async fn found(town: &Town, query: &str) -> Vec<Value> {
    let answer = town
        .clerk()
        .get_with("/api/v1/search", &[("q", query)])
        .await;
    let items = answer.is(200).json()["items"].as_array().cloned();
    items
        .unwrap_or_default()
        .iter()
        .map(|hit| hit["id"].clone())
        .collect()
}

#[tokio::test]
async fn a_letter_is_found_by_a_cell_and_by_a_part_of_a_compound() {
    let Some(town) = Town::start().await else {
        return;
    };
    let filed = file(&town, Format::Docx.media_type(), &letter(), "Schreiben").await;
    town.settle().await;
    let id = json!(id_of(&filed));
    for word in ["Oberflur", "Größennachweis", "groessennachweis", "Nachweis"] {
        assert_eq!(
            found(&town, word).await,
            std::slice::from_ref(&id),
            "{word}"
        );
    }
    let path = format!("/api/v1/documents/{}", id_of(&filed));
    let shown = town.clerk().get(&path).await.is(200).json();
    assert_eq!(shown["text"]["state"], "readable");
    assert_eq!(shown["text"]["engine"], "docx 1");
    assert!(shown.get("invoice").is_none());
    let text = town
        .clerk()
        .get(&format!("{path}/text"))
        .await
        .is(200)
        .json();
    assert_eq!(
        text["pages"][0]["text"],
        "Der Größennachweis liegt bei.\nGemarkung\tOberflur\n"
    );
}

#[tokio::test]
async fn an_invoice_is_found_by_its_number_and_shows_its_facts() {
    let Some(town) = Town::start().await else {
        return;
    };
    let xml = include_bytes!("../data/xrechnung/01.01a-INVOICE_ubl.xml");
    let filed = file(&town, "application/xml", xml, "Eingang").await;
    town.settle().await;
    let id = json!(id_of(&filed));
    for word in [
        "123456XX",
        "04011000-12345-03",
        "Zeitschrift",
        "aktenzeichen:123456XX",
    ] {
        assert_eq!(
            found(&town, word).await,
            std::slice::from_ref(&id),
            "{word}"
        );
    }
    let path = format!("/api/v1/documents/{}", id_of(&filed));
    let shown = town.clerk().get(&path).await.is(200).json();
    assert_eq!(
        shown["invoice"],
        json!({
            "number": "123456XX", "kind": "380", "seller": "[Seller name]", "seller_id": "DE123456789",
            "buyer": "[Buyer name]",
            "issued": "2016-04-04", "gross": "336.9", "currency": "EUR",
            "buyer_reference": "04011000-12345-03", "ibans": ["DE79000000001234567890"]
        })
    );
}

#[tokio::test]
async fn an_invoice_whose_facts_are_lost_is_shown_without_them() {
    let Some(town) = Town::start().await else {
        return;
    };
    let xml = include_bytes!("../data/xrechnung/01.01a-INVOICE_ubl.xml");
    let filed = file(&town, "application/xml", xml, "Eingang").await;
    town.settle().await;
    let path = format!("/api/v1/documents/{}", id_of(&filed));
    let whole = town.clerk().get(&path).await.is(200).json();
    assert!(whole["invoice"].is_object(), "{whole}");
    let text = "SELECT blob_name FROM rendition WHERE kind = 'invoice'";
    let rows = crate::key_domains::rows(&town, text, Vec::new()).await;
    let name: Vec<u8> = rows[0].try_get_by_index(0).expect("a name");
    let name = hex::encode(name);
    let blobs = town.app.data().join("blobs/blobs");
    let blob = blobs.join(name.split_at(2).0).join(&name);
    let mut bytes = std::fs::read(&blob).expect("a blob");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&blob, bytes).expect("a blob");
    let mut less = town.clerk().get(&path).await.is(200).json();
    assert_eq!(less["invoice"], json!(null), "{less}");
    less["invoice"] = whole["invoice"].clone();
    assert_eq!(less, whole, "all else is told");
    std::fs::remove_file(&blob).expect("a blob");
    let less = town.clerk().get(&path).await.is(200).json();
    assert_eq!(less["invoice"], json!(null), "{less}");
    assert!(
        town.app
            .log()
            .contains("what an invoice is about could not be read")
    );
}

#[tokio::test]
async fn whatever_the_format_a_browser_saves_it_and_runs_nothing() {
    let Some(town) = Town::start().await else {
        return;
    };
    for format in Format::ALL {
        let media = format.media_type();
        let content = format!("<script>alert('{}')</script>", format.as_str());
        let filed = file(&town, media, content.as_bytes(), format.as_str()).await;
        let path = format!("/api/v1/documents/{}/content", id_of(&filed));
        let answer = town.clerk().get(&path).await.is(200);
        let starts = |name: &str, value: &str| {
            answer
                .header(name)
                .is_some_and(|said| said.starts_with(value))
        };
        assert!(starts("content-disposition", "attachment"), "{media}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{media}"
        );
        let csp = answer.header("content-security-policy").unwrap_or_default();
        assert!(csp.contains("sandbox"), "{media}: {csp}");
    }
    town.settle().await;
}

/// Makes texts stand as in an archive of before: the guards of the database are taken down by hand. The server
/// does not run.
pub(crate) async fn as_before(town: &Town, statement: &str) {
    past_guards(town, "rendition", statement).await;
}

/// Changes a table as its guards forbid it.
pub(crate) async fn past_guards(town: &Town, table: &str, statement: &str) {
    let database = Database::connect(town.app.database_url()).await;
    let database = database.expect("the database");
    let names =
        format!("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'");
    if database.get_database_backend() == sea_orm::DbBackend::Sqlite {
        let named = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, names);
        let rows = database.query_all_raw(named).await;
        for row in rows.expect("the triggers") {
            let name: String = row.try_get_by_index(0).expect("a name");
            let drop = format!("DROP TRIGGER {name}");
            database.execute_unprepared(&drop).await.expect("a trigger");
        }
    } else {
        let off = format!("ALTER TABLE {table} DISABLE TRIGGER ALL");
        let done = database.execute_unprepared(&off).await;
        done.expect("the triggers");
    }
    let done = database.execute_unprepared(statement).await;
    done.expect("the row");
    database.close().await.expect("closed");
}

#[tokio::test]
async fn what_an_older_program_could_not_read_is_read_at_the_next_start() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let filed = file(&town, Format::Docx.media_type(), &letter(), "Schreiben").await;
    town.settle().await;
    town.app.stop();
    let old = "UPDATE rendition SET engine = 'none 0', state = 'unreadable', \
               reason = 'unknown_format'";
    as_before(&town, old).await;
    town.app.resume();
    let path = format!("/api/v1/documents/{}", id_of(&filed));
    wait_until("it is read again", async || {
        let shown = town.clerk().get(&path).await.is(200).json();
        shown["text"]["engine"] == "docx 1" && shown["text"]["state"] == "readable"
    })
    .await;
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_put_off_is_done_when_it_is_right_again() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    if !has_faketime() {
        return;
    }
    days_later(&mut town.app, 9);
    for number in 0..12 {
        let content = tests::fixtures::unique_pdf(&format!("Vorauseilender Brief {number}"));
        file(&town, "application/pdf", &content, "Vorauseilender Brief").await;
    }
    // What is not read by now was due in nine days.
    town.app.kill();
    town.app.set("FAKETIME", "+1d");
    town.app.resume();
    town.settle().await;
    assert_eq!(found(&town, "vorauseilender").await.len(), 12);
}

//! The guard: biometric records stay outside, what holds one is withheld, and nobody finds anything by the
//! serial number of an identity document.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::town::{OWN, Town, id_of};
use tests::{Answer, Client, fixtures, wait_until};

use crate::at_rest::verdict;
use crate::components::{components, found, mail, zip};
use crate::reading::as_before;

/// Minutiae of fingers (ISO/IEC 19794-2), a finger as a picture (WSQ), a face (ISO/IEC 19794-5).
const RECORDS: [&[u8]; 3] = [
    b"FMR\x00030\0\0\0\x01\x40 and what belongs to it",
    b"\xff\xa0\xff\xa8\x00\x7aNIST_COM 9\nPIX_WIDTH 500\n",
    b"FAC\x00010\0\0\0\x40\0\0\x01 and what belongs to it",
];
/// A name that must stand nowhere.
const NAME: &str = "fingerabdruck-mustermann.bin";

async fn add_version(client: &Client, filed: &Answer, content: &[u8]) -> Answer {
    let part = Part::bytes(content.to_vec()).file_name(NAME);
    let path = format!("/api/v1/documents/{}/versions", id_of(filed));
    let request = client
        .request(Method::POST, &path)
        .multipart(Form::new().part("content", part))
        .header("if-match", filed.etag());
    client.send(request).await
}

/// The records of an action.
async fn records(town: &Town, action: &str) -> Vec<Value> {
    let all = town.records(0).await.into_iter();
    let all = all.map(|(_, _, record)| record);
    all.filter(|record| record["action"] == action).collect()
}

#[tokio::test]
async fn biometric_records_are_refused_at_every_door_and_nothing_of_them_stays() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let filed = town.letter("Empfangsbestätigung", "Ausweis erhalten").await;
    for content in RECORDS {
        let refused = clerk.file(NAME, content, &json!({"department": OWN})).await;
        let refused = refused.is_problem(422, "biometric-content");
        assert!(refused.json()["detail"].is_string(), "{}", refused.text());
        let refused = add_version(&clerk, &filed, content).await;
        refused.is_problem(422, "biometric-content");
        let part = Part::bytes(content.to_vec()).file_name(NAME);
        let form = Form::new().part("document", part);
        let request = clerk.request(Method::POST, "/api/documents/post_document/");
        // What is wrong with content is 400 there.
        let refused = clerk.send(request.multipart(form)).await.is(400);
        assert!(refused.json()["detail"].is_string(), "{}", refused.text());
    }
    let told = records(&town, "document.refuse_biometric").await;
    assert_eq!(told.len(), RECORDS.len() * 3);
    for record in &told {
        assert_eq!(record["subj"], json!([]), "{record}");
        assert!(record["dept"].is_string(), "{record}");
        assert!(!record.to_string().contains("fingerabdruck"), "{record}");
    }
    town.settle().await;
    let all = town.documents().await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["content"]["number"], 1);
    assert!(town.app.stop().success(), "{}", town.app.log());
    let log = town.app.log();
    assert!(!log.contains("fingerabdruck"), "{log}");
    let output = town.app.command(&["check", "--deep", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

/// What is withheld answers so, and nothing of its text is found.
async fn is_withheld(town: &Town, id: &str) {
    let at = format!("/api/v1/documents/{id}");
    let shown = town.clerk().get(&at).await.is(200).json();
    assert_eq!(shown["text"]["state"], "unreadable", "{shown}");
    assert_eq!(shown["text"]["reason"], "biometric", "{shown}");
    for path in [
        "content",
        "versions/1/content",
        "copy",
        "versions/1/copy",
        "text",
        "suggestions",
    ] {
        let refused = town.clerk().get(&format!("{at}/{path}")).await;
        refused.is_problem(451, "content-withheld");
    }
    // There is no text that could be compared.
    let told = town.clerk().get(&format!("{at}/duplicates")).await;
    let told = told.is(200).json();
    assert_eq!(told, json!({"text": "short", "items": []}));
}

#[tokio::test]
async fn what_holds_a_biometric_record_is_withheld_with_all_in_which_it_lies() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let archive = zip(&[
        ("notiz.txt", "Kastanienallee".as_bytes()),
        (NAME, RECORDS[0]),
    ]);
    let content = mail("Unterlagen", "anbei die Lindenblüte", &archive);
    let title = json!({"title": "Unterlagen"});
    let filed = clerk.file("unterlagen.eml", &content, &title).await.is(201);
    town.settle().await;
    let id = id_of(&filed);
    is_withheld(&town, &id).await;
    // The archive is a component, and the record is none.
    let parts = components(&clerk, &id).await;
    assert_eq!(parts.len(), 2, "{parts:?}");
    let inner = parts[0]["id"].as_str().expect("an id").to_owned();
    is_withheld(&town, &inner).await;
    let shown = clerk.get(&format!("/api/v1/documents/{inner}")).await;
    let shown = shown.is(200).json();
    assert_eq!(shown["left_out"][0]["name"], "Anlage 2", "{shown}");
    let members = components(&clerk, &inner).await;
    assert_eq!(members.len(), 1, "{members:?}");
    assert_eq!(members[0]["title"], "notiz");
    // What lies beside it is read as ever.
    assert_eq!(found(&clerk, "Kastanienallee").await.len(), 1);
    assert_eq!(found(&clerk, "Kreuzungsvermerk").await.len(), 1);
    assert_eq!(found(&clerk, "Lindenblüte").await.len(), 0);
    let told = records(&town, "document.withhold").await;
    assert_eq!(told.len(), 2, "{told:?}");
    for record in &told {
        assert!(!record.to_string().contains("fingerabdruck"), "{record}");
    }
    // A version without it is in force and is read; the other stays withheld.
    let now = clerk.get(&format!("/api/v1/documents/{id}")).await.is(200);
    let clean = fixtures::unique_pdf("Ahornweg");
    let part = Part::bytes(clean.clone()).file_name("neu.pdf");
    let path = format!("/api/v1/documents/{id}/versions");
    let request = clerk
        .request(Method::POST, &path)
        .multipart(Form::new().part("content", part))
        .header("if-match", now.etag());
    clerk.send(request).await.is(201);
    town.settle().await;
    let at = format!("/api/v1/documents/{id}");
    let read = clerk.get(&format!("{at}/content")).await.is(200);
    assert_eq!(read.body, clean);
    let old = clerk.get(&format!("{at}/versions/1/content")).await;
    old.is_problem(451, "content-withheld");
    assert_eq!(found(&clerk, "Ahornweg").await.len(), 1);
    // The check names both until they are gone, and nothing else.
    assert!(town.app.stop().success(), "{}", town.app.log());
    for arguments in [&["check", "--json"][..], &["check", "--deep", "--json"]] {
        let said = verdict(&town.app.command(arguments).await);
        assert_eq!(said.exit, 1, "{}", said.json);
        let codes: Vec<_> = said.codes.iter().collect();
        assert_eq!(codes, ["biometric-withheld"], "{}", said.json);
        assert_eq!(said.json["open"], 2, "{}", said.json);
    }
    let output = town.app.command(&["verify", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn nothing_is_found_by_the_serial_number_of_an_identity_document() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let text = "Frau Muster wies sich aus: Personalausweis Nr. L01X00T471, Kastanienweg.\n\
                Maschinenlesbar:\n\
                IDD<<L01X00T471<<<<<<<<<<<<<<<\n\
                6408125F2702283D<<<<<<<<<<<<<4\n\
                MUSTER<<ERIKA<<<<<<<<<<<<<<<<<\n\
                Rechnung R20240017, IBAN DE89 3704 0044 0532 0130 00\n";
    let metadata =
        json!({"title": "Vermerk zum Reisepass C01X00T478", "references": ["32.4-2024/117"]});
    let filed = clerk.file("vermerk.txt", text.as_bytes(), &metadata).await;
    let id = id_of(&filed.is(201));
    town.settle().await;
    for serial in [
        "L01X00T471",
        "l01x00t471",
        "L01X00T47",
        "L01X*",
        "C01X00T478",
    ] {
        let hits = found(&clerk, serial).await;
        assert_eq!(hits.len(), 0, "{serial}: {hits:?}");
    }
    for ordinary in [
        "R20240017",
        "DE89370400440532013000",
        "\"32.4-2024/117\"",
        "Kastanienweg",
    ] {
        let hits = found(&clerk, ordinary).await;
        assert_eq!(hits.len(), 1, "{ordinary}: {hits:?}");
        assert!(!json!(hits).to_string().contains("L01X00T47"), "{hits:?}");
    }
    let suggested = clerk.get("/api/v1/search/suggest?q=l01x").await;
    assert_eq!(suggested.is(200).json()["words"], json!([]));
    // The original keeps every byte, and so does what was read of it.
    let at = format!("/api/v1/documents/{id}");
    let read = clerk.get(&format!("{at}/content")).await.is(200);
    assert_eq!(read.body, text.as_bytes());
    let pages = clerk.get(&format!("{at}/text")).await.is(200).json();
    assert!(pages["pages"][0]["text"].to_string().contains("L01X00T471"));
    assert!(!town.app.log().contains("L01X00T47"), "{}", town.app.log());
}

#[tokio::test]
async fn what_is_withheld_is_not_asked_to_be_read_again() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let archive = zip(&[(NAME, RECORDS[0])]);
    let content = mail("Unterlagen", "anbei die Lindenblüte", &archive);
    let title = json!({"title": "Unterlagen"});
    let withheld = clerk.file("unterlagen.eml", &content, &title).await.is(201);
    let archive = zip(&[("notiz.txt", "Kastanienallee".as_bytes())]);
    let content = mail("Notiz", "anbei die Notiz", &archive);
    let title = json!({"title": "Notiz"});
    let other = clerk.file("notiz.eml", &content, &title).await.is(201);
    town.settle().await;
    is_withheld(&town, &id_of(&withheld)).await;
    assert!(town.app.stop().success());
    let old = "UPDATE rendition SET engine = 'mail-parser 0' WHERE engine LIKE 'mail-parser %'";
    as_before(&town, old).await;
    town.app.resume();
    let path = format!("/api/v1/documents/{}", id_of(&other));
    wait_until("the other one is read again", async || {
        let shown = town.clerk().get(&path).await.is(200).json();
        shown["text"]["engine"] != "mail-parser 0"
    })
    .await;
    is_withheld(&town, &id_of(&withheld)).await;
    let log = town.app.log();
    let asked = log.lines().find(|line| line.contains("of older engines"));
    let asked = asked.expect("it was asked for");
    assert!(asked.contains("versions=1"), "{asked}");
}

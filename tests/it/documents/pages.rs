//! Pages of what has none: by an office program where there is one, else the text on sheets of paper.

use std::io::{Cursor, Write as _};

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::Start;
use tests::libreoffice::{PROGRAM, VARIABLE, has_libreoffice};
use tests::town::id_of;
use tests::{Client, Town, wait_until, wait_until_within};

use super::pictures::{dots, hits, page};
use super::{file, path};

/// A conversion gives way to everything else.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(240);

/// A docx of these pages, as small as an office program takes it; without the first relation it takes none.
fn letter(pages: &[&str], is_whole: bool) -> Vec<u8> {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let types = format!(
        "<Types xmlns='{PACKAGE}/content-types'><Default Extension='rels' \
         ContentType='application/vnd.openxmlformats-package.relationships+xml'/><Override \
         PartName='/word/document.xml' ContentType='application/\
         vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/></Types>"
    );
    let relations = format!(
        "<Relationships xmlns='{PACKAGE}/relationships'><Relationship Id='rId1' \
         Type='{OFFICE}/officeDocument' Target='word/document.xml'/></Relationships>"
    );
    let breaks = "<w:p><w:r><w:br w:type='page'/></w:r></w:p>";
    let pages: Vec<String> = pages
        .iter()
        .map(|text| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"))
        .collect();
    let body = pages.join(breaks);
    let document = format!("<w:document xmlns:w='{WORD}'><w:body>{body}</w:body></w:document>");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let mut parts = vec![
        ("[Content_Types].xml", types),
        ("word/document.xml", document),
    ];
    if is_whole {
        parts.push(("_rels/.rels", relations));
    }
    for (name, content) in parts {
        zip.start_file(name, options).expect("a member");
        zip.write_all(content.as_bytes())
            .expect("a vector takes all");
    }
    zip.finish().expect("a vector takes all").into_inner()
}

fn words(page: &Value) -> String {
    let words = page["words"].as_array().into_iter().flatten();
    let words: Vec<&str> = words.filter_map(|word| word["text"].as_str()).collect();
    words.join(" ")
}

/// What is told of the first page once there is something to say of its words.
async fn first(client: &Client, id: &str, query: &str) -> Value {
    page(client, &format!("{}/pages/1", path(id)), &[("q", query)]).await
}

#[tokio::test]
async fn what_has_no_pages_is_drawn_from_its_text_and_says_so() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let html = "<html><head><title>Antrag</title></head><body><h1>Genehmigung</h1>\
                <script>document.write('GEHEIM')</script><img src='http://192.0.2.1/x.png'>\
                <p>Der Antrag liegt bei.</p></body></html>";
    let mail = "From: Ulla <ulla@example.org>\r\nTo: amt@example.org\r\n\
                Subject: Genehmigung gesucht\r\n\
                Date: Mon, 2 Mar 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
                Content-Type: text/plain; charset=utf-8\r\n\r\nDer Antrag liegt bei.\r\n";
    let samples: [(&str, &str); 5] = [
        ("Text", "Genehmigung\nDer Antrag liegt bei.\n"),
        (
            "Tabelle",
            "Art;Stand\nGenehmigung;offen\nAntrag;liegt\nBrief;da\n",
        ),
        ("Seite", html),
        ("Mail", mail),
        (
            "Brief",
            "{\\rtf1\\ansi Genehmigung\\par Der Antrag liegt bei.\\par}",
        ),
    ];
    for (title, content) in samples {
        let id = id_of(&file(&town, title, content.as_bytes()).await);
        town.read(&id).await;
        let told = first(&clerk, &id, "Genehmigungen").await;
        assert_eq!(told["drawn_from"], "text", "{title}: {told}");
        assert_eq!(told["text_page"], 1, "{title}: {told}");
        assert_eq!(told["size"]["width"], 595.28, "{title}: {told}");
        assert_eq!(hits(&told), ["Genehmigung"], "{title}: {told}");
        let shown = words(&told);
        assert!(shown.contains("Antrag"), "{title}: {shown}");
        for hidden in ["GEHEIM", "192.0.2.1", "Gezeichnet"] {
            assert!(!shown.contains(hidden), "{title}: {shown}");
        }
        let read = told["text"]["text"].as_str().unwrap_or_default();
        assert!(read.contains("Antrag"), "{title}: {told}");
        let href = told["pictures"][1]["href"].as_str().expect("an address");
        let drawn = clerk.get(href).await.is(200);
        assert_eq!(dots(&drawn.body), (800, 1131), "{title}");
        let thumbnail = clerk.get(&format!("{}/thumbnail", path(&id))).await;
        assert_eq!(dots(&thumbnail.is(200).body).0, 320, "{title}");
        // What was shown can be named.
        let told = first(&clerk, &id, "").await;
        let sha256 = told["pictures"][1]["sha256"].as_str().expect("a digest");
        assert_eq!(drawn.etag(), format!("\"sha256-{sha256}\""));
        let other = town.other().get(href).await;
        other.is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_page_of_text_begins_a_sheet_and_goes_on_overleaf() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let mut text: String = (1..=200).map(|line| format!("Zeile {line}\n")).collect();
    text.push_str("\u{c}Die zweite Seite\n");
    let id = id_of(&file(&town, "Lang", text.as_bytes()).await);
    town.read(&id).await;
    let at = |number: u32| format!("{}/pages/{number}", path(&id));
    let told = page(&clerk, &at(2), &[]).await;
    assert_eq!((&told["pages"], &told["text_page"]), (&json!(5), &json!(1)));
    assert!(words(&told).starts_with("Zeile 53 "), "{told}");
    let last = page(&clerk, &at(5), &[]).await;
    assert_eq!(last["text_page"], 2);
    assert_eq!(words(&last), "Die zweite Seite");
    assert_eq!(
        last["text"]["text"].as_str().map(str::trim),
        Some("Die zweite Seite")
    );
    // As a search counts.
    let same = page(&clerk, &at(2), &[("by_text", "true")]).await;
    assert_eq!(same["number"], 5);
    assert_eq!(same["words"], last["words"]);
    for (number, query) in [(6, ""), (0, ""), (3, "?by_text=true"), (6, "/picture")] {
        let at = format!("{}{query}", at(number));
        clerk.get(&at).await.is_problem(404, "not-found");
    }
    let picture = clerk.get(&format!("{}/picture?width=320", at(5))).await;
    assert_eq!(dots(&picture.is(200).body).0, 320);
}

#[tokio::test]
async fn another_text_is_drawn_anew_and_each_version_by_itself() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let filed = file(&town, "Notiz", "Erste Fassung".as_bytes()).await;
    let id = id_of(&filed);
    town.read(&id).await;
    assert_eq!(words(&first(&clerk, &id, "").await), "Erste Fassung");
    let part = reqwest::multipart::Part::bytes("Zweite Fassung".as_bytes());
    let part = part.file_name("notiz.txt");
    let form = reqwest::multipart::Form::new().part("content", part);
    let request = clerk
        .request(Method::POST, &format!("{}/versions", path(&id)))
        .header("if-match", filed.etag())
        .multipart(form);
    clerk.send(request).await.is(201);
    wait_until("the second is read", async || {
        words(&first(&clerk, &id, "").await) == "Zweite Fassung"
    })
    .await;
    let old = format!("{}/pages/1?version=1", path(&id));
    assert_eq!(words(&page(&clerk, &old, &[]).await), "Erste Fassung");
}

/// What the server says of the office program.
async fn said(town: &Town) -> String {
    let ready = town.app.anonymous().get("/health/ready").await.json();
    let checks = ready["checks"].as_array().cloned().unwrap_or_default();
    let office = checks.iter().find(|check| check["name"] == "office");
    let detail = office.and_then(|check| check["detail"].as_str());
    detail.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_letter_is_shown_as_an_office_program_shows_it() {
    if !has_libreoffice() {
        return;
    }
    let start = Start::new().with(VARIABLE, PROGRAM);
    let Some(town) = Town::of(start).await else {
        return;
    };
    let clerk = town.clerk();
    let content = letter(
        &[
            "Antrag auf Anwohnerparkausweis",
            "Die Genehmigung liegt bei.",
        ],
        true,
    );
    let id = id_of(&file(&town, "Antrag", &content).await);
    wait_until_within(PATIENCE, "it is converted", async || {
        let told = first(&clerk, &id, "").await;
        told["drawn_from"] == "converted"
    })
    .await;
    let at = |number: u32| format!("{}/pages/{number}", path(&id));
    let told = page(&clerk, &at(2), &[("q", "Genehmigungen")]).await;
    assert_eq!(told["pages"], 2, "{told}");
    assert!(
        told["conversion"].is_null() && told["text_page"].is_null(),
        "{told}"
    );
    assert_eq!(hits(&told), ["Genehmigung"], "{told}");
    assert_eq!(told["text"]["text"], "Die Genehmigung liegt bei.");
    let href = told["pictures"][0]["href"].as_str().expect("an address");
    assert_eq!(dots(&clerk.get(href).await.is(200).body).0, 320);
    clerk.get(&at(3)).await.is_problem(404, "not-found");
    assert!(said(&town).await.starts_with("libreoffice "));
}

#[tokio::test]
async fn what_cannot_be_converted_says_why_and_is_drawn_from_its_text() {
    if !has_libreoffice() {
        return;
    }
    let start = Start::new().with(VARIABLE, PROGRAM);
    let Some(town) = Town::of(start).await else {
        return;
    };
    wait_until_within(PATIENCE, "the program is found", async || {
        said(&town).await.contains("libreoffice ")
    })
    .await;
    let clerk = town.clerk();
    let broken = id_of(&file(&town, "Kaputt", &letter(&["Antrag"], false)).await);
    wait_until_within(PATIENCE, "it was tried", async || {
        first(&clerk, &broken, "").await["conversion"]["state"] == "failed"
    })
    .await;
    let told = first(&clerk, &broken, "Antrag").await;
    assert_eq!(told["conversion"]["reason"], "damaged", "{told}");
    assert!(told["conversion"]["explanation"].is_string());
    assert_eq!(told["drawn_from"], "text");
    assert_eq!(hits(&told), ["Antrag"]);
    // The next one is converted all the same, and nothing is left where they were.
    let sound = id_of(&file(&town, "Heil", &letter(&["Antrag"], true)).await);
    wait_until_within(PATIENCE, "the other is converted", async || {
        first(&clerk, &sound, "").await["drawn_from"] == "converted"
    })
    .await;
    assert!(!town.app.log().contains("a job failed"));
}

#[tokio::test]
async fn letters_of_a_time_without_an_office_program_are_converted_when_there_is_one() {
    if !has_libreoffice() {
        return;
    }
    let Some(mut town) = Town::start().await else {
        return;
    };
    let id = id_of(&file(&town, "Antrag", &letter(&["Antrag"], true)).await);
    town.read(&id).await;
    let told = first(&town.clerk(), &id, "Antrag").await;
    assert_eq!(told["drawn_from"], "text", "{told}");
    assert!(told["conversion"].is_null(), "{told}");
    wait_until("the server says so", async || {
        said(&town).await.contains("their text is shown")
    })
    .await;
    assert!(town.app.stop().success());
    town.app.set(VARIABLE, PROGRAM);
    town.app.resume();
    let clerk = town.clerk();
    wait_until_within(PATIENCE, "it is converted", async || {
        first(&clerk, &id, "").await["drawn_from"] == "converted"
    })
    .await;
}

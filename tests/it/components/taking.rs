//! What is taken out, how it is shown and found, and what is left where it is.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::town::{Town, id_of};
use tests::{Start, fixtures, wait_until};

use super::{Member, components, family, filed, found, mail, zip};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn a_mail_is_shown_with_its_fields_and_its_attachments_are_documents() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (filed, pdf) = filed(&town).await;
    let (clerk, id) = (town.clerk(), id_of(&filed));
    let whole = town.read(&id).await;
    assert_eq!(whole["text"]["state"], "readable", "{whole}");
    assert_eq!(whole["components"], 2);
    assert_eq!(whole["left_out"], json!(null));
    assert_eq!(
        whole["mail"],
        json!({
            "from": [{"name": "Jörg Müller", "address": "joerg@stadtwerke.example"}],
            "to": [{"address": "buergerbuero@hollerfurt.example"}], "cc": [],
            "subject": "Straßenaufbruch", "sent_at": "2026-03-02T08:15:00.000000Z",
            "message_id": "2026.0815@stadtwerke.example",
            "in_reply_to": ["frage-7@hollerfurt.example"],
        })
    );
    let path = format!("/api/v1/documents/{id}/components");
    let first = clerk
        .get(&format!("{path}?limit=1&count=true"))
        .await
        .is(200)
        .json();
    assert_eq!(
        (&first["total"], first["items"].as_array().map(Vec::len)),
        (&json!(2), Some(1))
    );
    let cursor = first["next_cursor"].as_str().expect("another page");
    let rest = clerk
        .get(&format!("{path}?limit=1&count=true&cursor={cursor}"))
        .await
        .is(200)
        .json();
    assert_eq!(rest["next_cursor"], json!(null));
    let (plan, inner) = (&first["items"][0], &rest["items"][0]);
    assert_eq!(
        (
            &plan["title"],
            &plan["content"]["media_type"],
            &plan["content"]["file_name"]
        ),
        (
            &json!("Lageplan"),
            &json!("application/pdf"),
            &json!("Lageplan.pdf")
        ),
        "by its content, whatever it was declared"
    );
    assert_eq!(
        plan["parent"],
        json!({
            "id": id, "title": "Straßenaufbruch", "version": 1, "position": 1,
            "path": "Lageplan.pdf",
        })
    );
    assert_eq!(
        (&inner["title"], &inner["content"]["media_type"]),
        (&json!("Nachfrage"), &json!("message/rfc822"))
    );
    let of = |one: &Value| format!("/api/v1/documents/{}", one["id"].as_str().expect("an id"));
    let content = clerk.get(&format!("{}/content", of(plan))).await.is(200);
    assert_eq!(content.body, pdf, "byte for byte");
    let notes = components(&clerk, inner["id"].as_str().expect("an id")).await;
    assert_eq!(notes.len(), 1, "a mail in a mail has its own");
    assert_eq!(notes[0]["title"], "notiz");
    assert_eq!(
        components(&clerk, plan["id"].as_str().expect("an id"))
            .await
            .len(),
        0
    );
    // The list is of what came by itself; asked for, it is of everything.
    let total = async |query: &str| {
        let path = format!("/api/v1/documents?count=true{query}");
        clerk.get(&path).await.is(200).json()["total"].clone()
    };
    assert_eq!(
        (total("").await, total("&components=true").await),
        (json!(1), json!(4))
    );
    // One record for each.
    let made: Vec<_> = town
        .records(0)
        .await
        .into_iter()
        .filter(|(_, _, record)| record["action"] == "document.component")
        .map(|(_, _, record)| record["subj"][0]["id"].clone())
        .collect();
    let mut known = family(&clerk, &filed).await;
    known.remove(0);
    assert_eq!(made.len(), 3);
    assert!(
        known.iter().all(|id| made.contains(&json!(id))),
        "{made:?} {known:?}"
    );
}

#[tokio::test]
async fn text_in_an_attachment_finds_the_attachment_and_tells_whose_it_is() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (filed, _) = filed(&town).await;
    let (clerk, id) = (town.clerk(), id_of(&filed));
    for (words, title, parent) in [
        ("Mühlengasse", "Straßenaufbruch", json!(null)),
        ("joerg@stadtwerke.example", "Straßenaufbruch", json!(null)),
        ("Sperrzone", "Lageplan", json!("Straßenaufbruch")),
        ("Kreuzungsvermerk", "notiz", json!("Nachfrage")),
    ] {
        let hits = found(&clerk, words).await;
        assert_eq!(hits.len(), 1, "{words}: {hits:?}");
        let shown: String = hits[0]["title"]
            .as_array()
            .expect("pieces")
            .iter()
            .filter_map(|piece| piece["text"].as_str())
            .collect();
        assert_eq!(
            (shown.as_str(), &hits[0]["parent"]["title"]),
            (title, &parent),
            "{words}"
        );
    }
    let plan = &found(&clerk, "Sperrzone").await[0];
    assert_eq!(plan["parent"]["id"], json!(id));
    // Clients that know only documents are told whose it is by its title.
    let titles = async |query: &[(&str, &str)]| {
        let page = clerk
            .get_with("/api/documents/", query)
            .await
            .is(200)
            .json();
        let all = page["results"].as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|one| one["title"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(titles(&[]).await, [json!("Straßenaufbruch")]);
    assert_eq!(
        titles(&[("query", "Sperrzone")]).await,
        [json!("Lageplan (Anlage zu: Straßenaufbruch)")]
    );
    let outside = town.other();
    for words in ["Mühlengasse", "Sperrzone", "Kreuzungsvermerk"] {
        assert_eq!(found(&outside, words).await.len(), 0, "{words}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn an_archive_is_taken_apart_as_far_as_it_may() {
    let limits = Start::new()
        .with("PAPIERLOS_EXTRACT_PARTS_MAX", "20")
        .with("PAPIERLOS_EXTRACT_PARTS_DEPTH_MAX", "3")
        .with("PAPIERLOS_EXTRACT_PARTS_BYTES_MAX", "8 MiB");
    let Some(town) = Town::of(limits).await else {
        return;
    };
    let clerk = town.clerk();
    let file = async |name: &str, content: &[u8]| {
        let filed = clerk
            .file(name, content, &json!({"title": name}))
            .await
            .is(201);
        town.settle().await;
        let read = town.read(&id_of(&filed)).await;
        (read, components(&clerk, &id_of(&filed)).await)
    };
    let pdf = fixtures::unique_pdf("Bescheid aus dem Archiv");
    let (read, parts) = file(
        "unterlagen.zip",
        &zip(&[
            ("Unterlagen/Bescheid.pdf", &pdf),
            ("../../etc/cron.d/boese.txt", b"x"),
            ("/absolut.txt", b"y"),
            ("leer.txt", b""),
        ]),
    )
    .await;
    assert_eq!(
        (&read["text"]["state"], &read["components"]),
        (&json!("readable"), &json!(4))
    );
    let named = |one: &Value| {
        (
            one["content"]["file_name"].clone(),
            one["parent"]["path"].clone(),
        )
    };
    let named: Vec<_> = parts.iter().map(named).collect();
    assert_eq!(
        named,
        [
            (json!("Bescheid.pdf"), json!("Unterlagen/Bescheid.pdf")),
            (json!("boese.txt"), json!("etc/cron.d/boese.txt")),
            (json!("absolut.txt"), json!("absolut.txt")),
            (json!("leer.txt"), json!("leer.txt")),
        ]
    );
    assert_eq!(found(&clerk, "\"Bescheid aus dem Archiv\"").await.len(), 1);
    // More than there may be: the rest is named.
    let names: Vec<String> = (0..30).map(|number| format!("{number:02}.txt")).collect();
    let members: Vec<Member<'_>> = names
        .iter()
        .map(|name| (name.as_str(), b"z".as_slice()))
        .collect();
    let (read, parts) = file("viele.zip", &zip(&members)).await;
    assert_eq!(parts.len(), 20);
    assert_eq!(
        (&read["text"]["state"], &read["text"]["reason"]),
        (&json!("partly_readable"), &json!("parts_over_limit"))
    );
    let said = read["text"]["explanation"].as_str().unwrap_or_default();
    assert!(said.contains("steht nur im Original"), "{said}");
    assert_eq!(read["left_out"].as_array().map(Vec::len), Some(10));
    assert_eq!(read["left_out"][0]["name"], "20.txt");
    // A bomb, with something honest beside it.
    let zeros = vec![0; 6 << 20];
    let (read, parts) = file(
        "bombe.zip",
        &zip(&[("null.bin", &zeros), ("gut.txt", b"gut")]),
    )
    .await;
    assert_eq!(parts.len(), 1, "{read}");
    assert_eq!(read["left_out"][0]["name"], "null.bin");
    // Archives in archives: the fourth stays closed.
    let deep = (0..6).fold(zip(&[("kern.txt", b"Kern")]), |inner, _| {
        zip(&[("innen.zip", &inner)])
    });
    let filed = clerk
        .file("tief.zip", &deep, &json!({"title": "tief"}))
        .await
        .is(201);
    town.settle().await;
    let all = family(&clerk, &filed).await;
    assert_eq!(all.len(), 4, "three in one");
    let last = town.read(&all[3]).await;
    assert_eq!(
        (
            &last["text"]["state"],
            &last["text"]["reason"],
            &last["components"]
        ),
        (
            &json!("partly_readable"),
            &json!("parts_too_deep"),
            &json!(0)
        )
    );
    // What an office writes is no archive to us.
    let (read, parts) = file("brief.docx", &zip(&[("[Content_Types].xml", b"<x/>")])).await;
    assert_eq!(parts.len(), 0);
    assert_eq!(read["components"], json!(null));
    // The end of it: all that is left is a document that cannot be read.
    let mut cut = zip(&[("a.txt", b"a"), ("b.txt", b"b")]);
    cut.truncate(cut.len() / 2);
    let (read, parts) = file("halb.zip", &cut).await;
    assert_eq!(
        (&read["text"]["reason"], parts.len()),
        (&json!("damaged"), 0)
    );
}

#[tokio::test]
async fn a_new_version_has_the_room_that_the_one_before_had() {
    let limit = Start::new().with("PAPIERLOS_EXTRACT_PARTS_MAX", "20");
    let Some(town) = Town::of(limit).await else {
        return;
    };
    let clerk = town.clerk();
    let names: Vec<String> = (0..30).map(|number| format!("{number:02}.txt")).collect();
    let members: Vec<Member<'_>> = names
        .iter()
        .map(|name| (name.as_str(), b"z".as_slice()))
        .collect();
    let filed = clerk
        .file(
            "viele.zip",
            &zip(&members[..15]),
            &json!({"title": "Viele"}),
        )
        .await
        .is(201);
    town.settle().await;
    let id = id_of(&filed);
    assert_eq!(components(&clerk, &id).await.len(), 15);
    let next = Part::bytes(zip(&members[10..])).file_name("viele.zip");
    let request = clerk
        .request(Method::POST, &format!("/api/v1/documents/{id}/versions"))
        .header("if-match", filed.etag())
        .multipart(Form::new().part("content", next));
    clerk.send(request).await.is(201);
    town.settle().await;
    let read = town.read(&id).await;
    assert_eq!(
        (&read["components"], &read["left_out"]),
        (&json!(20), &json!(null))
    );
}

#[tokio::test]
async fn an_import_files_a_mail_once_with_what_is_in_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let pdf = fixtures::unique_pdf("Sperrzone im Import");
    let content = mail("Aus dem Postfach", "kommt aus einem Ordner", &pdf);
    std::fs::write(folder.path().join("anfrage.eml"), &content).expect("written");
    let path = folder.path().to_str().expect("a path").to_owned();
    let import = async || {
        let arguments = ["import", "--json", &path, "--department", tests::town::OWN];
        let output = town.app.command(&arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(import().await.contains("\"filed\""));
    wait_until("the mail is read", async || {
        let all = town.documents().await;
        all.iter()
            .filter(|one| one["text"]["state"] != "pending")
            .count()
            == 4
    })
    .await;
    town.settle().await;
    let clerk = town.clerk();
    assert_eq!(found(&clerk, "\"Sperrzone im Import\"").await.len(), 1);
    // The attachment is in the archive and was not put in: a file of its name and content is.
    std::fs::write(folder.path().join("Lageplan.pdf"), &pdf).expect("written");
    let again = import().await;
    assert!(again.contains("\"outcome\":\"duplicate\""), "{again}");
    assert!(again.contains("\"outcome\":\"already\""), "{again}");
    let third = import().await;
    assert_eq!(
        third.matches("\"outcome\":\"already\"").count(),
        2,
        "{third}"
    );
    let alone = clerk
        .get("/api/v1/documents?count=true")
        .await
        .is(200)
        .json();
    assert_eq!(alone["total"], 2);
}

//! Mails and archives, through the front door: what is in them becomes documents that go where the
//! whole goes.

mod alive;
mod following;
mod taking;

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tests::town::{Town, id_of};
use tests::{Answer, Client, fixtures};
use zip::write::SimpleFileOptions;

/// A member of an archive: its name and its bytes.
pub(crate) type Member<'a> = (&'a str, &'a [u8]);

pub(crate) fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default();
        writer.start_file(*name, options).expect("a member");
        writer.write_all(bytes).expect("a vector takes all");
    }
    writer.finish().expect("an archive").into_inner()
}

/// A mail with a PDF, and a mail inside that has a note.
pub(crate) fn mail(subject: &str, body: &str, pdf: &[u8]) -> Vec<u8> {
    let inner = "From: anke@hollerfurt.example\r\nTo: stadtwerke@example.net\r\n\
        Subject: Nachfrage\r\nDate: Sun, 1 Mar 2026 08:00:00 +0100\r\n\
        Content-Type: multipart/mixed; boundary=drin\r\n\r\n\
        --drin\r\nContent-Type: text/plain\r\n\r\nWann ist die Gasse frei?\r\n\
        --drin\r\nContent-Type: text/plain; name=notiz.txt\r\n\
        Content-Disposition: attachment\r\n\r\nKreuzungsvermerk\r\n--drin--\r\n";
    let subject = BASE64.encode(subject);
    let pdf = BASE64.encode(pdf);
    let mail = format!(
        "From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <joerg@stadtwerke.example>\r\n\
         To: buergerbuero@hollerfurt.example\r\n\
         Subject: =?utf-8?B?{subject}?=\r\n\
         Date: Mon, 2 Mar 2026 09:15:00 +0100\r\n\
         Message-ID: <2026.0815@stadtwerke.example>\r\n\
         In-Reply-To: <frage-7@hollerfurt.example>\r\n\
         Content-Type: multipart/mixed; boundary=aussen\r\n\r\n\
         --aussen\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n\
         --aussen\r\nContent-Type: application/octet-stream; name=\"Lageplan.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{pdf}\r\n\
         --aussen\r\nContent-Type: message/rfc822\r\n\r\n{inner}--aussen--\r\n"
    );
    mail.into_bytes()
}

/// A mail that was filed in [`tests::town::OWN`] and taken apart, as far as it goes.
pub(crate) async fn filed(town: &Town) -> (Answer, Vec<u8>) {
    let pdf = fixtures::unique_pdf("Lageplan der Sperrzone");
    let content = mail("Straßenaufbruch", "die Mühlengasse wird gesperrt", &pdf);
    let filed = town
        .clerk()
        .file(
            "anfrage.eml",
            &content,
            &json!({"title": "Straßenaufbruch", "channel": "email"}),
        )
        .await
        .is(201);
    town.settle().await;
    (filed, pdf)
}

pub(crate) async fn components(client: &Client, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/documents/{id}/components");
    let page = client.get(&path).await.is(200).json();
    page["items"].as_array().cloned().expect("a list")
}

/// A document with all that was taken out of it, however deep: its id first.
pub(crate) async fn family(client: &Client, filed: &Answer) -> Vec<String> {
    let mut all = vec![id_of(filed)];
    let mut at = 0;
    while let Some(id) = all.get(at).cloned() {
        for one in components(client, &id).await {
            all.push(one["id"].as_str().expect("an id").to_owned());
        }
        at += 1;
    }
    all
}

/// What is found by a search: the ids.
pub(crate) async fn found(client: &Client, words: &str) -> Vec<Value> {
    let answer = client.get_with("/api/v1/search", &[("q", words)]).await;
    let items = answer.is(200).json()["items"].clone();
    items.as_array().cloned().expect("a list")
}

//! What is built to do harm is filed like everything else: it costs its own text, and nobody notices but
//! whoever looks at it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use indexer::extract::Reason;
use serde_json::{Value, json};
use tests::town::id_of;
use tests::{Start, Town, wait_until_within};

use crate::components::{Member, found, zip};

/// Each of those that use up their time takes two seconds of a core.
const PATIENCE: Duration = Duration::from_secs(240);

/// A PDF without a table of its objects, which readers find all the same. Object 1 is the catalogue.
fn rough_pdf(objects: &[&str]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.7\n");
    for (object, number) in objects.iter().zip(1..) {
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    file.push_str("trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n");
    file.into_bytes()
}

/// A PDF of one page that shows this, with these objects from 5 on.
fn page(resources: &str, contents: &str, more: &[&str]) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << {resources} >> >>"
    );
    let contents = format!(
        "<< /Length {} >>\nstream\n{contents}\nendstream",
        contents.len()
    );
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2147483647 >>",
        &page,
        &contents,
    ];
    objects.extend(more);
    rough_pdf(&objects)
}

/// A form that draws the one behind it ten times.
fn form(next: usize) -> String {
    let draws = "/F Do ".repeat(10);
    format!(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length {} \
         /Resources << /XObject << /F {next} 0 R >> >> >>\nstream\n{draws}\nendstream",
        draws.len()
    )
}

fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let forms: Vec<String> = (6..16).map(form).collect();
    let mut forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    forms.push(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 3 >>\nstream\nq Q\nendstream",
    );
    let itself = form(5);
    let drawn = "/XObject << /F 5 0 R >>";
    let brackets = format!("{}{}", "[".repeat(300_000), "]".repeat(300_000));
    vec![
        ("zeit.pdf", page(drawn, "/F Do", &forms)),
        ("selbst.pdf", page(drawn, "/F Do", &[&itself])),
        ("klammern.pdf", page("", "", &[&brackets])),
        ("kopf.pdf", b"%PDF-1.7\n".to_vec()),
    ]
}

fn containers() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = vec![0; 4 << 20];
    let deep = (0..12).fold(b"Kern".to_vec(), |inner, _| zip(&[("innen.zip", &inner)]));
    let names: [Member<'_>; 4] = [
        ("../../../etc/cron.d/x", b"eins"),
        ("C:\\boot.ini", b"zwei"),
        ("rechnung\u{202e}fdp.exe", b"drei"),
        ("a\r\n\tb.txt", b"vier"),
    ];
    let types = "<Types><Override PartName='/word/document.xml' ContentType='application/\
        vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/></Types>";
    let entities = "<!DOCTYPE d [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY f SYSTEM \
        'file:///etc/passwd'>]><w:document xmlns:w='w'><w:body>&b;&f;</w:body></w:document>";
    let office = zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("word/document.xml", entities.as_bytes()),
    ]);
    let mut half = zip(&[("a.txt", b"Text"), ("b.txt", b"mehr Text")]);
    half.truncate(half.len() - 30);
    vec![
        (
            "bombe.zip",
            zip(&[("gross.bin", &zeros), ("klein.txt", b"klein")]),
        ),
        ("tief.zip", deep),
        ("pfade.zip", zip(&names)),
        ("brief.docx", office),
        ("halb.zip", half),
    ]
}

fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let mail = "From: a@b.example\r\nTo: c@d.example\r\n";
    let mails = format!(
        "{mail}{}",
        "Content-Type: message/rfc822\r\n\r\n".repeat(3_000)
    );
    let invoice = "<!DOCTYPE i [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><Invoice xmlns='urn:oasis:\
        names:specification:ubl:schema:xsd:Invoice-2'><ID>&f;</ID></Invoice>";
    let compound = BASE64.decode("0M8R4KGxGuEAAAAAAAAAAAAAAAAAAAAA");
    vec![
        ("mails.eml", mails.into_bytes()),
        ("rechnung.xml", invoice.into()),
        (
            "gruppen.rtf",
            format!("{{\\rtf1 {}", "{".repeat(200_000)).into_bytes(),
        ),
        (
            "seite.html",
            format!("<html>{}", "<div>".repeat(50_000)).into_bytes(),
        ),
        (
            "tabelle.csv",
            [b"a;b\n1;2\n\"".to_vec(), vec![b'x'; 8 << 20]].concat(),
        ),
        ("outlook.msg", compound.expect("base64")),
        ("nichts.bin", vec![0xfe; 4_096]),
    ]
}

fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    // A directory that names itself as the next.
    let circle = b"II*\0\x08\0\0\0\0\0\x08\0\0\0".to_vec();
    let mut promised = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    promised.extend([
        0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 2, 0, 0, 0,
    ]);
    promised.extend([0; 16]);
    vec![
        ("kreis.tif", circle),
        ("gross.png", promised),
        ("kurz.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec()),
        ("leer.webp", b"RIFF\x04\0\0\0WEBP".to_vec()),
    ]
}

/// The largest memory that the server ever had, in kibibytes.
fn peak_kib(town: &Town) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", town.app.pid()));
    let status = status.expect("a running server");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
    kib.expect("a number")
}

/// Each ends in a state; where text is missing, a German sentence says why.
fn is_told(name: &str, text: &Value) {
    let said = |key: &str| text[key].as_str().unwrap_or_default();
    let (state, reason) = (said("state"), Reason::from_name(said("reason")));
    let known = ["readable", "partly_readable", "unreadable"];
    assert!(known.contains(&state), "{name}: {text}");
    assert_eq!(state == "readable", reason.is_none(), "{name}: {text}");
    assert_eq!(
        said("explanation"),
        reason.map_or("", Reason::german),
        "{name}"
    );
}

#[tokio::test]
async fn hostile_content_costs_its_own_text_and_nothing_else() {
    let start = Start::new()
        .with("PAPIERLOS_EXTRACT_SECONDS_MAX", "2")
        .with("PAPIERLOS_EXTRACT_MEMORY_BYTES_MAX", "256 MiB")
        .with("PAPIERLOS_EXTRACT_WORKERS", "2");
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let clerk = town.clerk();
    let before = town.letter("Vorher", "der Zaunkönig brütet").await;
    town.settle().await;
    let memory = peak_kib(&town);
    let hostile: Vec<_> = [documents(), containers(), texts(), pictures()].concat();
    let mut filed = Vec::new();
    for (name, content) in &hostile {
        let metadata = json!({"title": format!("Feindlich: {name}")});
        let answer = clerk.file(name, content, &metadata).await.is(201);
        filed.push((*name, id_of(&answer), content));
    }
    let behind = town.letter("Danach", "die Rohrdommel ruft").await;
    wait_until_within(PATIENCE, "every text is read", async || {
        let all = town.documents().await;
        all.iter().all(|one| one["text"]["state"] != "pending")
    })
    .await;
    town.settle().await;

    for (name, id, content) in &filed {
        let path = format!("/api/v1/documents/{id}");
        is_told(name, &clerk.get(&path).await.is(200).json()["text"]);
        let kept = clerk.get(&format!("{path}/content")).await.is(200);
        assert!(kept.body == **content, "{name}: other bytes came back");
    }
    // What was taken out is told of in the same way, and none of it has a name that leads elsewhere.
    for one in town.documents().await {
        let title = one["title"].as_str().unwrap_or_default();
        is_told(title, &one["text"]);
        let file_name = one["content"]["file_name"].as_str().unwrap_or_default();
        assert!(!file_name.contains(['/', '\\', '\u{202e}', '\r']), "{one}");
    }
    for (word, answer) in [("Zaunkönig", &before), ("Rohrdommel", &behind)] {
        let hits = found(&clerk, word).await;
        let ids: Vec<&Value> = hits.iter().map(|hit| &hit["id"]).collect();
        assert_eq!(ids, [&json!(id_of(answer))], "{word}");
    }
    let grown = peak_kib(&town) - memory;
    assert!(grown < 100 * 1024, "the server grew by {grown} KiB");

    assert!(town.app.stop().success(), "{}", town.app.log());
    for arguments in [
        ["check", "--deep", "--json"],
        ["verify", "--blobs", "--json"],
    ] {
        let output = town.app.command(&arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}

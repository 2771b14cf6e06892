//! Taking in: what is kept, what is refused, what happens when it is sent twice or breaks off.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::town::{OTHER, id_of};
use tests::{Answer, Client, Start, Town, fixtures, wait_until};

use super::{faults, file, path};

#[tokio::test]
async fn a_filed_document_is_durable_and_has_a_receipt() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let content = fixtures::unique_pdf("Straßenschäden in der Größenstraße");
    let metadata = json!({
        "title": "  Straßenschäden\n in der Größenstraße ", "type": "Meldung", "channel": "email",
        "correspondent": "Erika Beispiel", "document_date": "2026-03-02",
        "received_at": "2026-03-03T09:15:00+01:00", "tags": ["Straße", "Eilt", "Straße"],
        "references": ["02.1.4-2026/0007"],
    });
    let filed = town
        .clerk()
        .file("meldung.pdf", &content, &metadata)
        .await
        .is(201);
    let id = id_of(&filed);
    assert_eq!(filed.header("location"), Some(&*path(&id)));
    assert_eq!(filed.etag(), "\"v1\"");
    let document = filed.json();
    assert_eq!(document["title"], "Straßenschäden in der Größenstraße");
    assert_eq!(document["tags"], json!(["Eilt", "Straße"]));
    assert_eq!(document["received_at"], "2026-03-03T08:15:00.000000Z");
    assert_eq!(
        (&document["state"], &document["direction"]),
        (&json!("incoming"), &json!("incoming"))
    );
    assert_eq!(document["duplicates"], json!([]));
    assert_eq!(document["content"]["file_name"], "meldung.pdf");
    // Nothing is flushed, nothing is finished.
    town.app.kill();
    town.app.resume();
    let record = town.record_of(&filed).await;
    assert_eq!(
        (&record["action"], &record["role"]),
        (&json!("document.receive"), &json!("clerk"))
    );
    assert_eq!(record["subj"][0]["id"], json!(id));
    let read = town
        .clerk()
        .get(&format!("{}/content", path(&id)))
        .await
        .is(200);
    assert_eq!(read.body, content);
    let mut now = town.clerk().get(&path(&id)).await.is(200).json();
    let mut then = document.clone();
    // The text may have been read meanwhile.
    for one in [&mut now, &mut then] {
        one["text"] = json!(null);
    }
    assert_eq!(now, then);
}

#[tokio::test]
async fn the_parts_come_in_either_order_and_a_missing_title_is_the_file_name() {
    let Some(town) = Town::start().await else {
        return;
    };
    let metadata = || Part::text(json!({"type": "Antrag"}).to_string());
    let content = || Part::bytes(fixtures::unique_pdf("Antrag")).file_name("Prüfbericht 7 €.pdf");
    let content_first = Form::new()
        .part("content", content())
        .part("metadata", metadata());
    let metadata_first = Form::new()
        .part("metadata", metadata())
        .part("content", content());
    let content_alone = Form::new().part("content", content());
    for (form, kind) in [
        (content_first, json!("Antrag")),
        (metadata_first, json!("Antrag")),
        (content_alone, json!(null)),
    ] {
        let client = town.clerk();
        let request = client
            .request(Method::POST, "/api/v1/documents")
            .multipart(form);
        let document = client.send(request).await.is(201).json();
        assert_eq!(document["title"], "Prüfbericht 7 €");
        assert_eq!(document["content"]["file_name"], "Prüfbericht 7 €.pdf");
        assert_eq!(document["type"], kind);
    }
}

/// Sends a form that was written by hand.
async fn send_raw(client: &Client, body: impl Into<Vec<u8>>) -> Answer {
    let request = client
        .request(Method::POST, "/api/v1/documents")
        .header("content-type", "multipart/form-data; boundary=XX")
        .body(body.into());
    client.send(request).await
}

fn raw(disposition: &str) -> String {
    format!(
        "--XX\r\ncontent-disposition: form-data; name=\"content\"; {disposition}\r\n\r\nInhalt\r\n--XX--\r\n"
    )
}

#[tokio::test]
async fn file_names_come_in_every_spelling_and_leave_by_the_rules() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    for (sent, kept) in [
        (
            "filename=\"a.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20%E2%82%AC.pdf",
            "Übersicht €.pdf",
        ),
        ("filename*=ISO-8859-1''%DCbersicht.pdf", "Übersicht.pdf"),
        ("filename=\"Übersicht.pdf\"", "Übersicht.pdf"),
        ("filename=\"C:\\\\Akten\\\\..\\\\geheim.pdf\"", "geheim.pdf"),
        ("filename=\"../../etc/passwd\"", "passwd"),
        ("filename=\"U\u{308}bersicht.pdf\"", "Übersicht.pdf"),
    ] {
        let filed = send_raw(&clerk, raw(sent)).await.is(201);
        assert_eq!(filed.json()["content"]["file_name"], kept, "{sent}");
        let read = clerk
            .get(&format!("{}/content", path(&id_of(&filed))))
            .await
            .is(200);
        let disposition = read
            .header("content-disposition")
            .unwrap_or_default()
            .to_owned();
        assert!(
            disposition.starts_with("attachment; filename=\""),
            "{disposition}"
        );
        assert!(disposition.is_ascii(), "{disposition}");
        assert_eq!(
            kept.is_ascii(),
            !disposition.contains("filename*=UTF-8''"),
            "{disposition}"
        );
    }
    // In Latin-1 it could be read wrongly: whoever sends it is told how it is written.
    let latin: Vec<u8> = raw("filename=\"\u{dc}bersicht.pdf\"")
        .chars()
        .filter_map(|one| u8::try_from(u32::from(one)).ok())
        .collect();
    let refused = send_raw(&clerk, latin).await;
    let refused = refused.is_problem(400, "malformed-multipart");
    let said = refused.text();
    assert!(
        said.contains("Dateinamen") && said.contains("UTF-8"),
        "{said}"
    );
}

#[tokio::test]
async fn all_faults_come_at_once_and_nothing_is_kept() {
    let Some(town) = Town::start().await else {
        return;
    };
    let metadata = json!({
        "title": "x".repeat(301), "type": " ", "document_date": "31.02.2026",
        "received_at": "gestern", "tags": ["gut", "", "x".repeat(61)], "department": OTHER,
    });
    let clerk = town.clerk();
    let without = json!({"title": "x".repeat(301), "type": " ", "document_date": "31.02.2026",
        "received_at": "gestern", "tags": ["gut", "", "x".repeat(61)]});
    let refused = clerk
        .file("a.pdf", b"Inhalt", &without)
        .await
        .is_problem(422, "validation");
    let mut found = faults(&refused);
    found.sort();
    let expected = [
        ("/document_date", "wrong-format"),
        ("/received_at", "wrong-format"),
        ("/tags/1", "too-short"),
        ("/tags/2", "too-long"),
        ("/title", "too-long"),
        ("/type", "too-short"),
    ];
    assert_eq!(
        found,
        expected.map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
    // What nobody sees is told by its number and place.
    let unseen = json!({"title": "Rechnung \u{202e}fdp", "correspondent": "Erika\u{200b}Beispiel"});
    let refused = clerk.file("a.pdf", b"Inhalt", &unseen).await;
    let refused = refused.is_problem(422, "validation");
    let mut found = faults(&refused);
    found.sort();
    assert_eq!(
        found,
        ["/correspondent", "/title"].map(|at| (at.to_owned(), "wrong-format".to_owned()))
    );
    assert!(refused.text().contains("Zeichen 10 U+202E"));
    // A department that is not one's own is as unknown as one that does not exist.
    for department in [OTHER, "gibt-es-nicht"] {
        let metadata = json!({"title": "x", "department": department});
        let refused = clerk
            .file("a.pdf", b"Inhalt", &metadata)
            .await
            .is_problem(422, "validation");
        assert_eq!(
            faults(&refused),
            [("/department".to_owned(), "not-found".to_owned())]
        );
    }
    clerk.file("a.pdf", b"Inhalt", &metadata).await.is(422);
    let unknown = json!({"title": "x", "titel": "y"});
    clerk.file("a.pdf", b"Inhalt", &unknown).await.is(422);
    assert!(town.documents().await.is_empty());
    assert_eq!(blobs(&town), 0, "content of refused uploads is left over");
}

/// How many blobs lie in the store.
fn blobs(town: &Town) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map_while(Result::ok);
        entries
            .map(|entry| {
                if entry.path().is_dir() {
                    count(&entry.path())
                } else {
                    1
                }
            })
            .sum()
    }
    count(&town.app.data().join("blobs/blobs"))
}

#[tokio::test]
async fn content_that_is_too_large_is_refused_and_leaves_nothing() {
    let start = Start::new().with("PAPIERLOS_LIMITS_UPLOAD_BYTES_MAX", "1 MiB");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let clerk = town.clerk();
    let metadata = json!({"title": "Zu groß"});
    let whole = vec![7; 1 << 20];
    clerk.file("a.bin", &whole, &metadata).await.is(201);
    let before = blobs(&town);
    let mut larger = whole;
    larger.push(7);
    let refused = clerk
        .file("a.bin", &larger, &metadata)
        .await
        .is_problem(413, "payload-too-large");
    assert_eq!(refused.json()["limit"], 1 << 20);
    assert_eq!(town.documents().await.len(), 1);
    assert_eq!(blobs(&town), before);
}

/// What is answered to a request of which the bytes of the content never come.
fn answer_before_the_bytes(
    town: &Town,
    token: &str,
    path: &str,
    headers: &str,
    begun: &str,
) -> String {
    let address = town.app.address().trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).expect("it listens");
    write!(
        socket,
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary=XX\r\ncontent-length: 900000\r\n{headers}\r\n\
         {begun}--XX\r\ncontent-disposition: form-data; name=\"content\"; filename=\"a.bin\"\r\n\r\n"
    )
    .expect("a head");
    let mut answer = [0; 4096];
    let read = socket.read(&mut answer).expect("an answer");
    let answer = answer.get(..read).unwrap_or_default();
    String::from_utf8_lossy(answer).into_owned()
}

#[tokio::test]
async fn a_refusal_does_not_wait_for_the_bytes() {
    let Some(town) = Town::start().await else {
        return;
    };
    let token = town.token("full").await;
    let begun = |metadata: &str| {
        format!(
            "--XX\r\ncontent-disposition: form-data; name=\"metadata\"\r\n\
             content-type: application/json\r\n\r\n{metadata}\r\n"
        )
    };
    let filing = "/api/v1/documents";
    for (metadata, pointer) in [
        (r#"{"department": "gibt-es-nicht"}"#, "/department"),
        (r#"{"department": "finanzen"}"#, "/department"),
        (r#"{"document_date": "gestern"}"#, "/document_date"),
    ] {
        let answer = answer_before_the_bytes(&town, &token, filing, "", &begun(metadata));
        assert!(answer.starts_with("HTTP/1.1 422"), "{metadata}: {answer}");
        assert!(answer.contains(pointer), "{metadata}: {answer}");
    }
    let filed = file(&town, "Bescheid", b"Inhalt").await;
    let versions = format!("{}/versions", path(&id_of(&filed)));
    let try_version = |token: &str, etag: &str| {
        let based_on = format!("if-match: {etag}\r\n");
        answer_before_the_bytes(&town, token, &versions, &based_on, "")
    };
    let stale = try_version(&token, "\"v9\"");
    assert!(stale.starts_with("HTTP/1.1 412"), "{stale}");
    let issued = town
        .auditor()
        .post(
            "/api/v1/tokens",
            &json!({"label": "Prüfung", "scope": "full", "days": 1}),
        )
        .await
        .is(201)
        .json();
    let auditor = issued["secret"].as_str().expect("a secret");
    let forbidden = try_version(auditor, "\"v1\"");
    assert!(forbidden.starts_with("HTTP/1.1 403"), "{forbidden}");
    let nowhere = answer_before_the_bytes(&town, auditor, filing, "", "");
    assert!(nowhere.starts_with("HTTP/1.1 403"), "{nowhere}");
    let reason = json!({"reason": "Werbung"});
    let request = town
        .clerk()
        .request(Method::POST, &format!("{}/discard", path(&id_of(&filed))));
    let request = request.header("if-match", filed.etag()).json(&reason);
    let aside = town.clerk().send(request).await.is(200);
    let discarded = try_version(&token, &aside.etag());
    assert!(discarded.starts_with("HTTP/1.1 409"), "{discarded}");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let Some(town) = Town::start().await else {
        return;
    };
    let address = town.app.address().trim_start_matches("http://").to_owned();
    let token = town.token("full").await;
    for announced in [true, false] {
        let mut socket = TcpStream::connect(&address).expect("it listens");
        let length = if announced {
            "content-length: 900000"
        } else {
            "transfer-encoding: chunked"
        };
        write!(
            socket,
            "POST /api/v1/documents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: multipart/form-data; boundary=XX\r\n{length}\r\n\r\n"
        )
        .expect("a head");
        let part = raw("filename=\"a.bin\"").replace("\r\n--XX--\r\n", &"x".repeat(200_000));
        if announced {
            socket.write_all(part.as_bytes()).expect("a part");
        } else {
            write!(socket, "{:x}\r\n{part}\r\n", part.len()).expect("a chunk");
        }
        socket.shutdown(std::net::Shutdown::Write).expect("an end");
        let mut answer = String::new();
        // The server may answer or just hang up; it must not say that it took the document.
        socket.read_to_string(&mut answer).ok();
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    wait_until("what arrived is thrown away", async || blobs(&town) == 0).await;
    assert!(town.documents().await.is_empty());
    // The server is as well as before.
    file(&town, "Danach", b"Inhalt").await;
}

#[tokio::test]
async fn content_without_a_byte_is_refused_and_nothing_is_kept() {
    let Some(town) = Town::start().await else {
        return;
    };
    let refused = town
        .clerk()
        .file("a.pdf", b"", &json!({"title": "Leer"}))
        .await;
    let refused = refused.is_problem(422, "validation");
    let error = &refused.json()["errors"][0];
    assert_eq!(
        (&error["part"], &error["code"]),
        (&json!("content"), &json!("empty"))
    );
    assert!(refused.text().contains("leer"), "{}", refused.text());
    assert!(town.documents().await.is_empty());
    wait_until("nothing is kept", async || blobs(&town) == 0).await;
}

#[tokio::test]
async fn the_same_content_is_linked_and_never_told_to_another_department() {
    let Some(town) = Town::start().await else {
        return;
    };
    // Without a text, which would be a blob of its own.
    let content = b"\x00\x01Rundschreiben".repeat(1_000);
    let first = file(&town, "Rundschreiben", &content).await;
    let metadata = json!({"title": "Rundschreiben (Finanzen)"});
    let foreign = town
        .other()
        .file("b.pdf", &content, &metadata)
        .await
        .is(201);
    assert_eq!(
        foreign.json()["duplicates"],
        json!([]),
        "another department's document"
    );
    let second = file(&town, "Rundschreiben, noch einmal", &content).await;
    let named = |answer: &Answer| {
        let all = answer.json()["duplicates"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut ids: Vec<_> = all
            .iter()
            .map(|one| one["id"].as_str().unwrap_or_default().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(named(&second), [id_of(&first)]);
    let again = town.clerk().get(&path(&id_of(&first))).await.is(200);
    assert_eq!(named(&again), [id_of(&second)]);
    let foreign = town.other().get(&path(&id_of(&foreign))).await.is(200);
    assert!(named(&foreign).is_empty());
    assert_eq!(
        named(&town.auditor().get(&path(&id_of(&first))).await.is(200)).len(),
        2
    );
    // Written once more where the time it took would tell, and taken away again.
    wait_until("the same content is stored once", async || {
        blobs(&town) == 1
    })
    .await;
}

/// Files with this key.
async fn keyed(client: &Client, key: &str, content: &[u8]) -> Answer {
    let form = tests::client::document_form("a.pdf", content, &json!({"title": "Einmal"}));
    let request = client
        .request(Method::POST, "/api/v1/documents")
        .multipart(form);
    client.send(request.header("idempotency-key", key)).await
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_again() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let content = fixtures::unique_pdf("Einmal");
    let first = keyed(&town.clerk(), "scan-1", &content).await.is(201);
    town.app.kill();
    town.app.resume();
    let again = keyed(&town.clerk(), "scan-1", &content).await.is(201);
    assert_eq!(
        (again.json(), again.receipt(), again.etag()),
        (first.json(), first.receipt(), first.etag())
    );
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    keyed(&town.clerk(), "scan-1", b"anderer Inhalt")
        .await
        .is_problem(422, "idempotency-key-reused");
    // A key is the account's own.
    let other = keyed(&town.other(), "scan-1", &content).await.is(201);
    assert_ne!(id_of(&other), id_of(&first));
    assert_eq!(town.documents().await.len(), 2);
}

#[tokio::test]
async fn eight_requests_with_one_key_make_one_document() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = fixtures::unique_pdf("Einmal");
    let clients: Vec<_> = (0..8).map(|_| town.clerk()).collect();
    let answers = join_all(
        clients
            .iter()
            .map(|client| keyed(client, "gleichzeitig", &content)),
    )
    .await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.is(201)).collect();
    for answer in &answers {
        assert_eq!(id_of(answer), id_of(&answers[0]));
        assert_eq!(answer.receipt(), answers[0].receipt());
    }
    assert_eq!(town.documents().await.len(), 1);
}

/// The largest memory that the process ever had, in kibibytes.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running server");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a peak");
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .expect("a number")
}

#[tokio::test]
async fn a_large_upload_and_its_download_pass_through_little_memory() {
    let Some(town) = Town::start().await else {
        return;
    };
    const PIECE: usize = 1 << 20;
    const PIECES: u32 = 300;
    file(&town, "Klein", b"Inhalt").await;
    let before = peak_kib(town.app.pid());
    let pieces = (0..PIECES).map(|number| {
        let first = number.to_be_bytes();
        let piece: Vec<u8> = first.into_iter().cycle().take(PIECE).collect();
        Ok::<_, std::io::Error>(bytes::Bytes::from(piece))
    });
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let form = Form::new().part("content", Part::stream(body).file_name("gross.bin"));
    let clerk = town.clerk();
    let request = clerk
        .request(Method::POST, "/api/v1/documents")
        .multipart(form);
    let filed = clerk.send(request).await.is(201);
    assert_eq!(filed.json()["content"]["bytes"], u64::from(PIECES) << 20);
    let read = clerk
        .get(&format!("{}/content", path(&id_of(&filed))))
        .await
        .is(200);
    let right = read.body.chunks(PIECE).zip(0_u32..).all(|(piece, number)| {
        piece.len() == PIECE && piece.chunks(4).all(|four| four == number.to_be_bytes())
    });
    assert!(
        right && read.body.len() == PIECE * 300,
        "other bytes came back"
    );
    let grown = peak_kib(town.app.pid()) - before;
    assert!(grown < 100 * 1024, "the server grew by {grown} KiB");
}

//! What people try on files, cases and what goes into them, for the table of who may do what.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, id_of, send};
use tests::{Answer, Client, fixtures};

/// What is tried on a fresh file with a fresh case.
pub(crate) const FILED: &[&str] = &[
    "open file",
    "list files",
    "read file",
    "file history",
    "file label",
    "change file",
    "refile file",
    "close file",
    "reopen file",
    "open case",
    "list cases",
    "read case",
    "case history",
    "case label",
    "change case",
    "refile case",
    "close case",
    "reopen case",
    "place hold",
    "lift hold",
    "reference",
];

/// A fresh file of [`OWN`] with a fresh case.
pub(crate) async fn file_and_case(town: &Town) -> (Answer, Answer) {
    let new = json!({"plan_unit": "02.1", "subject": "Parken"});
    let file = town.clerk().post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Antrag"});
    let case = town.clerk().post("/api/v1/cases", &new).await.is(201);
    (file, case)
}

async fn act(client: &Client, path: &str, etag: &str, body: Option<Value>) -> Answer {
    let headers = [("if-match", etag)];
    send(client, Method::POST, path, &headers, body.as_ref()).await
}

/// What is tried on a document that goes into a case.
pub(crate) async fn filing(town: &Town, client: &Client, what: &str) -> Answer {
    let (file, case) = file_and_case(town).await;
    if what == "draft in case" {
        let new = json!({"title": "Bescheid", "case": id_of(&case)});
        return client
            .file("b.pdf", &fixtures::unique_pdf("Bescheid"), &new)
            .await;
    }
    let document = town.letter("Antrag", "Antrag").await;
    let at = format!("/api/v1/documents/{}", id_of(&document));
    let into = json!({"case": id_of(&case)});
    match what {
        "register" => {
            act(
                client,
                &format!("{at}/register"),
                &document.etag(),
                Some(into),
            )
            .await
        }
        "route" => {
            let to = json!({"department": OTHER});
            act(client, &format!("{at}/route"), &document.etag(), Some(to)).await
        }
        "undo a route" => {
            let to = json!({"department": OWN, "inbox": "m.brandt"});
            let path = format!("{at}/route");
            let moved = act(&town.clerk(), &path, &document.etag(), Some(to)).await;
            let moved = moved.is(200);
            let seq = json!({"seq": moved.receipt().0});
            act(client, &format!("{at}/undo"), &moved.etag(), Some(seq)).await
        }
        "recipients" => client.get(&format!("{at}/recipients")).await,
        _ => {
            let path = format!("{at}/register");
            let done = act(&town.clerk(), &path, &document.etag(), Some(into))
                .await
                .is(200);
            let new = json!({"file": id_of(&file), "subject": "Anderer"});
            let other = town.clerk().post("/api/v1/cases", &new).await.is(201);
            let to = json!({"case": id_of(&other), "reason": "Irrtum"});
            act(client, &format!("{at}/refile"), &done.etag(), Some(to)).await
        }
    }
}

/// What is tried on files and cases.
#[expect(
    clippy::too_many_lines,
    reason = "one line for each thing that is tried"
)]
pub(crate) async fn filed(town: &Town, client: &Client, what: &str) -> Answer {
    let (file, case) = file_and_case(town).await;
    let file_at = format!("/api/v1/files/{}", id_of(&file));
    let case_at = format!("/api/v1/cases/{}", id_of(&case));
    let clerk = town.clerk();
    let reason = Some(json!({"reason": "Widerspruch"}));
    let close = async |at: &str, etag: &str| {
        act(&clerk, &format!("{at}/close"), etag, None)
            .await
            .is(200)
            .etag()
    };
    match what {
        "open file" => {
            let new = json!({"plan_unit": "02.1", "subject": "Parken", "department": OWN});
            client.post("/api/v1/files", &new).await
        }
        "open case" => {
            let new = json!({"file": id_of(&file), "subject": "Antrag"});
            client.post("/api/v1/cases", &new).await
        }
        "list files" => client.get("/api/v1/files").await,
        "list cases" => client.get("/api/v1/cases").await,
        "read file" => client.get(&file_at).await,
        "file history" => client.get(&format!("{file_at}/history")).await,
        "file label" => client.get(&format!("{file_at}/label")).await,
        "case label" => client.get(&format!("{case_at}/label")).await,
        "case history" => client.get(&format!("{case_at}/history")).await,
        "read case" => client.get(&case_at).await,
        "change file" => {
            client
                .patch(&file_at, &file.etag(), &json!({"subject": "Neu"}))
                .await
        }
        "change case" => {
            client
                .patch(&case_at, &case.etag(), &json!({"subject": "Neu"}))
                .await
        }
        "refile file" => {
            let to = json!({"plan_unit": "02.2", "reason": "Umzug"});
            act(client, &format!("{file_at}/refile"), &file.etag(), Some(to)).await
        }
        "refile case" => {
            let (other, _) = file_and_case(town).await;
            let to = json!({"file": id_of(&other), "reason": "Irrtum"});
            act(client, &format!("{case_at}/refile"), &case.etag(), Some(to)).await
        }
        "close case" => act(client, &format!("{case_at}/close"), &case.etag(), None).await,
        "reopen case" => {
            let etag = close(&case_at, &case.etag()).await;
            act(client, &format!("{case_at}/reopen"), &etag, reason).await
        }
        "close file" => {
            close(&case_at, &case.etag()).await;
            act(client, &format!("{file_at}/close"), &file.etag(), None).await
        }
        "reopen file" => {
            close(&case_at, &case.etag()).await;
            let etag = close(&file_at, &file.etag()).await;
            act(client, &format!("{file_at}/reopen"), &etag, reason).await
        }
        "reference" => {
            let reference = file.json()["reference"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let encoded = reference.replace('/', "%2F");
            client.get(&format!("/api/v1/references/{encoded}")).await
        }
        _ => {
            let new = json!({"file": id_of(&file), "reason": "Klage"});
            if what == "place hold" {
                return client.post("/api/v1/holds", &new).await;
            }
            let hold = town
                .registrar()
                .await
                .post("/api/v1/holds", &new)
                .await
                .is(201);
            let path = format!("/api/v1/holds/{}/lift", id_of(&hold));
            act(client, &path, &hold.etag(), reason).await
        }
    }
}

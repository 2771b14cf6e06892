//! What is told of files and cases, and to whom.

use serde_json::json;
use tests::Receiver;
use tests::plan::{plan, unit};
use tests::town::{add, id_of};

use super::*;

/// What a receiver was told: the type, and the id under the name of its kind.
fn told(receiver: &Receiver) -> Vec<(String, String, String)> {
    let mut all: Vec<_> = receiver
        .letters()
        .iter()
        .map(|letter| {
            let message = letter.json();
            let data = message["data"].as_object().cloned().unwrap_or_default();
            let names = ["document", "case", "file"];
            let named: Vec<_> = names
                .iter()
                .filter(|name| data.contains_key(**name))
                .collect();
            assert_eq!(named.len(), 1, "{message}");
            let id = data[*named[0]].as_str().unwrap_or_default().to_owned();
            let kind = message["type"].as_str().unwrap_or_default().to_owned();
            (data["seq"].as_u64(), kind, (*named[0]).to_owned(), id)
        })
        .collect();
    all.sort();
    all.into_iter()
        .map(|(_, kind, name, id)| (kind, name, id))
        .collect()
}

async fn act(client: &Client, path: &str, based_on: &Answer, body: Option<&Value>) -> Answer {
    let etag = based_on.etag();
    let headers = [("if-match", etag.as_str())];
    send(client, Method::POST, path, &headers, body)
        .await
        .is(200)
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn what_happens_to_files_and_cases_is_told_to_whoever_may_see_them() {
    let Some(town) = town().await else { return };
    let units = vec![unit("02.1").kept(10, 3), unit("02.2")];
    plan(&town, "2020", ("2020-01-01", None), units).await;
    let head = add(&town.app, "l.heide", "head", Some("buergerbuero")).await;
    let (head, clerk) = (town.app.with_token(&head), town.clerk());
    let manager = town.registrar().await;
    let (all, closing, others) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let created = subscribe(&clerk, &all.url(), &["*"]).await;
    subscribe(&clerk, &closing.url(), &["case.close", "file.close"]).await;
    subscribe(&town.other(), &others.url(), &["*"]).await;
    let new = json!({"plan_unit": "02.1", "subject": "Geheimer Betreff"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Beispiel"});
    let case = clerk.post("/api/v1/cases", &new).await.is(201);
    let letter = town.letter("Antrag", "Antrag").await;
    town.read(&id_of(&letter)).await;
    let (file_at, case_at, letter_at) = (
        format!("/api/v1/files/{}", id_of(&file)),
        format!("/api/v1/cases/{}", id_of(&case)),
        format!("/api/v1/documents/{}", id_of(&letter)),
    );
    let into = json!({"case": id_of(&case)});
    act(
        &clerk,
        &format!("{letter_at}/register"),
        &letter,
        Some(&into),
    )
    .await;
    let changed = clerk
        .patch(&case_at, &case.etag(), &json!({"tags": ["Eilt"]}))
        .await
        .is(200);
    let shut = act(&clerk, &format!("{case_at}/close"), &changed, None).await;
    let to = json!({"plan_unit": "02.2", "reason": "Zuständigkeit"});
    let refiled = act(&manager, &format!("{file_at}/refile"), &file, Some(&to)).await;
    let closed = act(&clerk, &format!("{file_at}/close"), &refiled, None).await;
    let reason = json!({"reason": "Widerspruch"});
    act(&head, &format!("{file_at}/reopen"), &closed, Some(&reason)).await;
    act(&head, &format!("{case_at}/reopen"), &shut, Some(&reason)).await;
    all.has(11).await;
    let expected: Vec<_> = [
        ("file.open", "file", &file),
        ("case.open", "case", &case),
        ("document.receive", "document", &letter),
        ("document.text", "document", &letter),
        ("document.register", "document", &letter),
        ("case.change", "case", &case),
        ("case.close", "case", &case),
        ("file.refile", "file", &file),
        ("file.close", "file", &file),
        ("file.reopen", "file", &file),
        ("case.reopen", "case", &case),
    ]
    .into_iter()
    .map(|(kind, name, one)| (kind.to_owned(), name.to_owned(), id_of(one)))
    .collect();
    assert_eq!(told(&all), expected);
    closing.has(2).await;
    let types: Vec<_> = told(&closing)
        .into_iter()
        .map(|(kind, _, _)| kind)
        .collect();
    assert_eq!(types, ["case.close", "file.close"]);
    let bodies = all
        .letters()
        .iter()
        .map(|one| one.body.clone())
        .collect::<Vec<_>>();
    assert!(!String::from_utf8_lossy(&bodies.concat()).contains("Geheimer"));
    // The list of deliveries names the same; whoever sees nothing was told nothing.
    let listed = deliveries(&clerk, &path_of(&created)).await;
    let of_file = listed
        .iter()
        .filter(|one| one["file"] == id_of(&file))
        .count();
    assert_eq!((listed.len(), of_file), (11, 4));
    let theirs = town.letter("Nichts", "Nichts").await;
    all.has(12).await;
    assert_eq!(id_of(&theirs), told(&all)[11].2);
    assert_eq!(others.letters().len(), 0);
    let verified = town.app.command(&["verify"]).await;
    assert!(verified.status.success());
}

#[tokio::test]
async fn a_case_that_went_out_of_sight_is_told_and_listed_no_more() {
    let Some(town) = town().await else { return };
    let secret = tests::plan::compartment(&town.app, "PERSONAL").await;
    let units = vec![unit("02.1"), unit("11.1").within("PERSONAL")];
    plan(&town, "2020", ("2020-01-01", None), units).await;
    let (clerk, manager) = (town.clerk(), town.registrar().await);
    tests::plan::admit(&town.app, secret, "g.aktuar").await;
    let receiver = Receiver::start().await;
    let created = subscribe(&clerk, &receiver.url(), &["*"]).await;
    let new = json!({"plan_unit": "02.1", "subject": "Beispiel"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    receiver.has(1).await;
    newest_is(&clerk, &path_of(&created), "delivered").await;
    let to = json!({"plan_unit": "11.1", "reason": "Personalsache"});
    let path = format!("/api/v1/files/{}/refile", id_of(&file));
    act(&manager, &path, &file, Some(&to)).await;
    // What comes after the move in the log has been looked at too.
    let letter = town.letter("Danach", "Danach").await;
    wait_until("the letter is told", async || {
        told(&receiver)
            .iter()
            .any(|(_, _, id)| *id == id_of(&letter))
    })
    .await;
    let types: Vec<_> = told(&receiver)
        .into_iter()
        .map(|(kind, _, _)| kind)
        .collect();
    assert!(!types.contains(&"file.refile".to_owned()), "{types:?}");
    let listed = deliveries(&clerk, &path_of(&created)).await;
    assert!(listed.iter().all(|one| one["file"].is_null()), "{listed:?}");
}

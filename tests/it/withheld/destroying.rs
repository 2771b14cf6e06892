//! Destroying what is withheld, by two people.

use reqwest::Method;
use serde_json::json;
use tests::town::{OTHER, Town, add, id_of, send};

use super::{
    KEYS, PROPOSALS, WITHHELD, decide, decided, head, holding, is_sound, propose, records, seen,
    version_of, withheld,
};
use crate::at_rest::{blobs, verdict};
use crate::components::{components, found, mail};
use crate::inspections::in_time;
use crate::key_domains::rows;

/// The blobs with the contents of the versions of a document.
async fn contents(town: &Town, id: &str) -> Vec<String> {
    let id: uuid::Uuid = id.parse().expect("an id");
    let text = "SELECT blob_name FROM document_version WHERE document_id = $1";
    let found = rows(town, text, vec![id.into()]).await;
    let name = |row: &sea_orm::QueryResult| row.try_get_by_index::<Vec<u8>>(0).expect("a name");
    found.iter().map(|row| hex::encode(name(row))).collect()
}

/// Whether a blob lies in the store, and whether it has its key.
async fn lies(town: &Town, name: &str) -> (bool, bool) {
    let stored = blobs(town.app.data());
    let stored = stored.iter().any(|path| path.ends_with(name));
    let keys = rows(town, KEYS, Vec::new()).await;
    let key = |row: &sea_orm::QueryResult| {
        hex::encode(row.try_get_by_index::<Vec<u8>>(0).expect("a name")) == name
    };
    (stored, keys.iter().any(key))
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn what_two_people_destroy_is_gone_and_all_else_stays_true() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let (clerk, head) = (town.clerk(), head(&town).await);
    let registrar = town.registrar().await;
    let content = mail("Unterlagen", "anbei die Lindenblüte", &holding());
    let (id, version) = withheld(&town, "unterlagen.eml", &content).await;
    town.settle().await;
    let parts = components(&clerk, &id).await;
    let inner = parts[0]["id"].as_str().expect("an id").to_owned();
    let names = [
        contents(&town, &id).await.remove(0),
        contents(&town, &inner).await.remove(0),
    ];
    for name in &names {
        assert_eq!(lies(&town, name).await, (true, true));
    }

    // Not one alone, and not whoever does not decide.
    propose(&clerk, &version, "destroy")
        .await
        .is_problem(403, "forbidden");
    propose(&town.other(), &version, "destroy")
        .await
        .is_problem(404, "not-found");
    let made = propose(&registrar, &version, "destroy").await.is(201);
    assert_eq!(town.record_of(&made).await["action"], "proposal.make");
    let shown = made.json();
    // The archive lies in the mail: both go.
    assert_eq!(shown["versions"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&shown["may_approve"], &shown["may_end"]),
        (&json!(false), &json!(true))
    );
    let proposal = id_of(&made);
    propose(&head, &version, "release")
        .await
        .is_problem(409, "conflict");
    decide(&registrar, &proposal, "approve")
        .await
        .is_problem(403, "forbidden");
    decide(&clerk, &proposal, "approve")
        .await
        .is_problem(404, "not-found");
    let at = format!("/api/v1/documents/{id}");
    clerk
        .get(&format!("{at}/content"))
        .await
        .is_problem(451, "content-withheld");
    let listed = head.get(WITHHELD).await.is(200).json();
    let line = listed["items"].as_array().expect("a list");
    let line = line.iter().find(|one| one["version"] == *version);
    let line = line.expect("it is listed");
    assert_eq!(line["found"], "finger_minutiae");
    assert_eq!(line["proposal"]["id"], *proposal);
    assert_eq!(line["proposal"]["may_approve"], true);

    decide(&head, &proposal, "approve").await.is(200);
    tests::wait_until("it is done", async || {
        seen(&town, &proposal).await["standing"] == "done"
    })
    .await;
    decide(&head, &proposal, "end")
        .await
        .is_problem(409, "conflict");
    for id in [&id, &inner] {
        let at = format!("/api/v1/documents/{id}");
        clerk.get(&at).await.is(200);
        for path in ["content", "versions/1/content", "text"] {
            let refused = clerk.get(&format!("{at}/{path}")).await;
            refused.is_problem(410, "content-destroyed");
        }
    }
    for name in &names {
        assert_eq!(lies(&town, name).await, (false, false), "{name}");
    }
    // What lies beside the record is a document of its own, and stays.
    town.settle().await;
    assert_eq!(found(&clerk, "Kastanienallee").await.len(), 1);
    assert_eq!(found(&clerk, "Lindenblüte").await.len(), 0);
    let listed = head.get(WITHHELD).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
    let listed = head.get(&format!("{WITHHELD}?over=true")).await.is(200);
    let listed = listed.json()["items"].clone();
    let standing = |one: &serde_json::Value| one["standing"] == "destroyed";
    assert!(listed.as_array().expect("a list").iter().all(standing));
    // The history says it, and no record says of what.
    let history = clerk.get(&format!("{at}/history")).await.is(200);
    assert!(history.text().contains("content.destroy"));
    assert!(records(&town, "content.destroy").await.len() >= 2);
    assert!(!records(&town, "privacy.erase").await.is_empty());
    assert_eq!(records(&town, "proposal.done").await.len(), 1);
    // The same once more is withheld once more: nobody has released it.
    let again = clerk
        .file(
            "noch-einmal.eml",
            &content,
            &json!({"title": "Noch einmal"}),
        )
        .await;
    let again = id_of(&again.is(201));
    let second = version_of(&town, &again).await;
    decided(&town, &head, &second, "destroy").await;
    is_sound(&mut town).await;
}

#[tokio::test]
async fn bytes_that_come_back_out_of_a_backup_are_named_and_deleted_again() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let head = head(&town).await;
    let (id, version) = withheld(&town, "ordner.zip", &holding()).await;
    town.settle().await;
    let name = contents(&town, &id).await.remove(0);
    let mut stored = blobs(town.app.data()).into_iter();
    let path = stored.find(|path| path.ends_with(&name)).expect("a blob");
    let bytes = std::fs::read(&path).expect("a blob");
    decided(&town, &head, &version, "destroy").await;
    is_sound(&mut town).await;
    assert!(!path.exists(), "it is destroyed");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, bytes).expect("a blob");
    for (arguments, exit) in [
        (&["check", "--json"][..], 1),
        (&["check", "--json", "--repair"][..], 0),
    ] {
        let said = verdict(&town.app.command(arguments).await);
        let codes: Vec<_> = said.codes.iter().collect();
        assert_eq!(codes, ["blob-not-destroyed"], "{}", said.json);
        assert_eq!(said.exit, exit, "{}", said.json);
    }
    assert!(!path.exists(), "it is deleted again");
    let output = town.app.command(&["check", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn the_same_content_goes_for_all_that_have_it() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let head = head(&town).await;
    let elsewhere = add(&town.app, "o.leitung", "head", Some(OTHER)).await;
    let elsewhere = town.app.with_token(&elsewhere);
    let content = holding();
    let (own, version) = withheld(&town, "eins.zip", &content).await;
    let other = town.other();
    let filed = other
        .file("zwei.zip", &content, &json!({"title": "Zwei"}))
        .await;
    let theirs = id_of(&filed.is(201));
    version_of(&town, &theirs).await;
    // A head decides on what is his, and one of another department does not even know of it.
    propose(&elsewhere, &version, "destroy")
        .await
        .is_problem(404, "not-found");
    propose(&head, &version, "destroy")
        .await
        .is_problem(403, "forbidden");
    let registrar = town.registrar().await;
    let made = propose(&registrar, &version, "destroy").await.is(201);
    assert_eq!(made.json()["versions"].as_array().map(Vec::len), Some(2));
    let proposal = id_of(&made);
    decide(&head, &proposal, "approve")
        .await
        .is_problem(403, "forbidden");
    // Whose version it names is told of it, and does not decide on it.
    let listed = elsewhere.get(WITHHELD).await.is(200).json();
    let line = &listed["items"][0];
    assert_eq!(line["document"], *theirs, "{listed}");
    assert_eq!(line["proposal"]["may_approve"], false);
    assert_eq!(line["proposal"]["may_end"], false);
    decide(&elsewhere, &proposal, "end")
        .await
        .is_problem(404, "not-found");
    let second = add(&town.app, "h.akte", "records_manager", None).await;
    let second = town.app.with_token(&second);
    decide(&second, &proposal, "approve").await.is(200);
    tests::wait_until("it is done", async || {
        seen(&town, &proposal).await["standing"] == "done"
    })
    .await;
    for (client, id) in [(town.clerk(), &own), (town.other(), &theirs)] {
        let read = client.get(&format!("/api/v1/documents/{id}/content")).await;
        read.is_problem(410, "content-destroyed");
    }
    is_sound(&mut town).await;
}

#[tokio::test]
async fn a_hold_stands_against_it_at_every_step() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let (head, registrar) = (head(&town).await, town.registrar().await);
    let (id, version) = withheld(&town, "ordner.zip", &holding()).await;
    let hold = async || {
        let new = json!({"document": id, "reason": "Klage"});
        head.post("/api/v1/holds", &new).await.is(201)
    };
    let placed = hold().await;
    propose(&registrar, &version, "destroy")
        .await
        .is_problem(409, "conflict");
    let path = format!("/api/v1/holds/{}/lift", id_of(&placed));
    let etag = placed.etag();
    let headers = [("if-match", etag.as_str())];
    let why = json!({"reason": "Klage zurückgenommen"});
    send(&head, Method::POST, &path, &headers, Some(&why))
        .await
        .is(200);
    let proposal = id_of(&propose(&registrar, &version, "destroy").await.is(201));
    hold().await;
    decide(&head, &proposal, "approve")
        .await
        .is_problem(409, "conflict");
    assert_eq!(seen(&town, &proposal).await["standing"], "waiting");
    // Whoever made it withdraws it.
    let ended = decide(&registrar, &proposal, "end").await.is(200);
    assert_eq!(town.record_of(&ended).await["action"], "proposal.end");
    assert_eq!(ended.json()["standing"], "ended");
    let read = town
        .clerk()
        .get(&format!("/api/v1/documents/{id}/content"))
        .await;
    read.is_problem(451, "content-withheld");
    assert!(town.app.stop().success(), "{}", town.app.log());
    let output = town.app.command(&["verify", "--blobs", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn nobody_decides_in_anothers_stead() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (head, registrar) = (head(&town).await, town.registrar().await);
    let (_, version) = withheld(&town, "ordner.zip", &holding()).await;
    let named = json!({"deputy": "k.sommer", "valid_until": in_time(86_400)});
    head.post("/api/v1/deputations", &named).await.is(201);
    let proposal = id_of(&propose(&registrar, &version, "destroy").await.is(201));
    let deputy = town.other();
    let stead = |method, path: &str| {
        let request = deputy.request(method, path);
        request.header("papierlos-on-behalf-of", "l.heide")
    };
    let listed = deputy.send(stead(Method::GET, WITHHELD)).await.is(200);
    assert_eq!(listed.json()["items"][0]["may_propose"], false);
    let path = format!("{PROPOSALS}/{proposal}/approve");
    deputy
        .send(stead(Method::POST, &path))
        .await
        .is_problem(403, "forbidden");
    let new = json!({"act": "release", "reason": "Irrtum"});
    let path = format!("{WITHHELD}/{version}/proposals");
    deputy
        .send(stead(Method::POST, &path).json(&new))
        .await
        .is_problem(403, "forbidden");
    assert_eq!(seen(&town, &proposal).await["standing"], "waiting");
}

#[tokio::test]
async fn what_more_have_than_one_step_takes_is_destroyed_for_all_of_them() {
    /// More than are spoken of in one unit of work.
    const COPIES: usize = 203;
    let Some(mut town) = Town::start().await else {
        return;
    };
    let (head, registrar) = (head(&town).await, town.registrar().await);
    let content = holding();
    let (first, version) = withheld(&town, "rundschreiben.zip", &content).await;
    let clerk = town.clerk();
    let mut last = first.clone();
    for copy in 1..COPIES {
        let title = json!({"title": format!("Rundschreiben {copy}")});
        let filed = clerk.file("rundschreiben.zip", &content, &title).await;
        last = id_of(&filed.is(201));
    }
    // What was filed is withheld as soon as it was read, and until then it stands against it.
    let mut made = None;
    let patience = std::time::Duration::from_secs(240);
    tests::wait_until_within(patience, "all of them are withheld", async || {
        let answer = propose(&registrar, &version, "destroy").await;
        made = (answer.status.as_u16() == 201).then_some(answer);
        made.is_some()
    })
    .await;
    let made = made.expect("a proposal");
    assert_eq!(
        made.json()["versions"].as_array().map(Vec::len),
        Some(COPIES)
    );
    let proposal = id_of(&made);
    decide(&head, &proposal, "approve").await.is(200);
    tests::wait_until_within(patience, "it is done", async || {
        seen(&town, &proposal).await["standing"] == "done"
    })
    .await;
    for id in [&first, &last] {
        let read = clerk.get(&format!("/api/v1/documents/{id}/content")).await;
        read.is_problem(410, "content-destroyed");
    }
    let said = records(&town, "content.destroy").await;
    assert!(said.len() >= COPIES, "{} records", said.len());
    is_sound(&mut town).await;
}

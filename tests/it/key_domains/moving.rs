//! Content follows its document under the keys of another place.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tests::fixtures;
use tests::plan::damage;
use tests::town::id_of;

use super::{House, act, page, read, rows};

#[tokio::test]
async fn content_that_nobody_else_has_is_wrapped_for_the_new_place() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Krankmeldung");
    let letter = house.letter(&content).await;
    let before = house.lies(&id_of(&letter)).await;
    let inside = house.hide(&letter).await.is(200);
    house.moved().await;
    let after = house.lies(&id_of(&letter)).await;
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.0, new.0, "no blob is written anew");
        assert_eq!((old.1.as_str(), new.1.as_str()), ("general", "personal"));
    }
    house.reads(&id_of(&letter), &content).await;
    let again = house.refile(&inside, &house.outside).await.is(200);
    house.moved().await;
    assert_eq!(house.lies(&id_of(&again)).await, before);
    house.reads(&id_of(&letter), &content).await;
    // Content and text, there and back.
    assert_eq!(house.records_of_moves().await, [0; 4]);
    house.is_sound().await;
}

#[tokio::test]
async fn pictures_of_pages_follow_their_document() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Krankmeldung");
    let letter = house.letter(&content).await;
    let (id, clerk) = (id_of(&letter), house.town.clerk());
    let at = format!("/api/v1/documents/{id}/pages/1");
    clerk.get(&at).await.is(200);
    let before = clerk.get(&format!("{at}/picture")).await.is(200);
    // Content, text, the sizes of the pages, the words of this one, its picture.
    assert_eq!(house.domains(&id).await, ["general"; 5]);
    house.hide(&letter).await.is(200);
    house.moved().await;
    assert_eq!(house.domains(&id).await, ["personal"; 5]);
    let after = clerk.get(&format!("{at}/picture")).await.is(200);
    assert!(after.body == before.body && after.etag() == before.etag());
    // What is drawn there lies there from the first byte.
    clerk.get(&format!("{at}/picture?width=320")).await.is(200);
    assert_eq!(house.domains(&id).await, ["personal"; 6]);
    house.reads(&id, &content).await;
    house.is_sound().await;
}

#[tokio::test]
async fn content_that_others_keep_is_stored_anew_for_who_moves() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Rundschreiben");
    let (stays, goes) = (house.letter(&content).await, house.letter(&content).await);
    let shared = house.lies(&id_of(&stays)).await;
    assert_eq!(shared, house.lies(&id_of(&goes)).await);
    house.hide(&goes).await.is(200);
    house.moved().await;
    let own = house.lies(&id_of(&goes)).await;
    assert_eq!(house.lies(&id_of(&stays)).await, shared);
    assert_eq!(house.domains(&id_of(&goes)).await, ["personal"; 2]);
    for (old, new) in shared.iter().zip(&own) {
        assert_ne!(old.0, new.0, "a blob of its own");
    }
    for letter in [&stays, &goes] {
        house.reads(&id_of(letter), &content).await;
    }
    // The other one follows: what is there already is not stored twice, and the old keys are gone.
    house.hide(&stays).await.is(200);
    house.moved().await;
    assert_eq!(house.lies(&id_of(&stays)).await, own);
    for (blob, _) in &shared {
        assert_eq!(house.domain_of(blob).await, None, "nobody opens it again");
    }
    for letter in [&stays, &goes] {
        house.reads(&id_of(letter), &content).await;
    }
    // Each record names the version or the text that names another blob since.
    assert_eq!(house.records_of_moves().await, [1; 4]);
    // It is known for what it is, wherever it lies.
    let title = json!({"title": "Noch einmal"});
    let third = house.town.clerk().file("b.pdf", &content, &title).await;
    let third = third.is(201).json();
    let named = third["duplicates"].as_array().expect("a list").len();
    assert_eq!(named, 2, "{third}");
    house.is_sound().await;
}

#[tokio::test]
async fn a_file_takes_its_content_along_and_so_does_a_unit_of_the_plan() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Bewerbung");
    let letter = house.letter(&content).await;
    let document = crate::records::register(&house.town.clerk(), &letter, &house.outside).await;
    let document = document.is(200);
    let manager = house.town.registrar().await;
    let file = house.outside.json()["file"]["id"].clone();
    let file = file.as_str().expect("a file").to_owned();
    let at = format!("/api/v1/files/{file}");
    let now = manager.get(&at).await.is(200);
    let body = json!({"plan_unit": "11", "reason": "Personalsache"});
    let refiled = act(&manager, &format!("{at}/refile"), &now.etag(), &body).await;
    refiled.is(200);
    house.moved().await;
    assert_eq!(house.domains(&id_of(&document)).await, ["personal"; 2]);
    house.reads(&id_of(&document), &content).await;

    // The unit gets another compartment, and all that stands in it.
    let other = tests::plan::compartment(&house.town.app, "GENERAL").await;
    let wanted = "SELECT id FROM plan_unit WHERE code = '11'";
    let found = rows(&house.town, wanted, Vec::new()).await;
    let id: uuid::Uuid = found[0].try_get_by_index(0).expect("an id");
    let path = format!("/api/v1/plan-units/{id}");
    let etag = manager.get(&path).await.is(200).etag();
    let within = json!({"compartment": "GENERAL"});
    manager.patch(&path, &etag, &within).await.is(200);
    house.moved().await;
    // What is called like the general domain is not that domain.
    assert_eq!(house.domains(&id_of(&document)).await, ["0-general"; 2]);
    let clerk = house.town.clerk();
    let hidden = format!("/api/v1/documents/{}/content", id_of(&document));
    clerk.get(&hidden).await.is_problem(404, "not-found");
    let token = tests::town::add(&house.town.app, "n.eu", "clerk", Some(tests::town::OWN)).await;
    tests::plan::admit(&house.town.app, other, "n.eu").await;
    let reads = house.town.app.with_token(&token).get(&hidden).await.is(200);
    assert!(reads.body == content);
    house.is_sound().await;
}

#[tokio::test]
async fn until_content_has_followed_it_is_read_as_before() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Abmahnung");
    let letter = house.letter(&content).await;
    hold_back(&house, &id_of(&letter)).await;
    house.hide(&letter).await.is(200);
    assert_eq!(house.domains(&id_of(&letter)).await, ["general"; 2]);
    house.reads(&id_of(&letter), &content).await;
    tests::wait_until("it is told that one waits", async || {
        let metrics = house.town.app.anonymous().get("/metrics").await.is(200);
        let told = "papierlos_queue_depth{queue=\"moves\"} 1";
        metrics.text().lines().any(|line| line == told)
    })
    .await;
    let listed = house.town.app.command(&["keys", "list"]).await;
    let listed = super::said(&listed);
    assert!(listed.contains("noch umzuschlüsseln ist: 1"), "{listed}");
    // A job waits for it: that is no finding.
    assert_eq!(house.check(&[]).await.codes.len(), 0);
    let free = "UPDATE job SET claimed_until = 0 WHERE kind = 'move_content'";
    damage(&house.town.app, free).await;
    house.moved().await;
    assert_eq!(house.domains(&id_of(&letter)).await, ["personal"; 2]);
    read(&house.town.clerk(), &id_of(&letter)).await;
    house.reads(&id_of(&letter), &content).await;
    house.is_sound().await;
}

/// As after a kill between the last step and the end of the job.
#[tokio::test]
async fn a_job_that_finds_nothing_left_to_do_ends_and_says_nothing() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let letter = house.letter(&page("Schon dort")).await;
    house.hide(&letter).await.is(200);
    house.moved().await;
    let (lies, told) = (
        house.lies(&id_of(&letter)).await,
        house.records_of_moves().await,
    );
    hold_back(&house, &id_of(&letter)).await;
    let free = "UPDATE job SET claimed_until = 0 WHERE kind = 'move_content'";
    damage(&house.town.app, free).await;
    house.moved().await;
    assert_eq!(house.lies(&id_of(&letter)).await, lies);
    assert_eq!(house.records_of_moves().await, told);
    house.is_sound().await;
}

/// Where the store keeps a blob.
fn stored(house: &House, blob: &str) -> PathBuf {
    let blobs = house.town.app.data().join("blobs/blobs");
    blobs.join(blob.split_at(2).0).join(blob)
}

/// Two documents with this content: one that lies within already, and one that does not yet.
async fn twins(house: &House, content: &[u8]) -> (String, String) {
    let there = house.letter(content).await;
    house.hide(&there).await.is(200);
    house.moved().await;
    let comes = house.letter(content).await;
    assert_eq!(house.domains(&id_of(&comes)).await, ["general"; 2]);
    (id_of(&there), id_of(&comes))
}

#[tokio::test]
async fn what_is_damaged_where_content_goes_is_not_taken_for_it_however_large() {
    let Some(mut house) = House::start().await else {
        return;
    };
    // More than what is read to its end when it is merely brought again.
    let content = fixtures::heavy_pdf("Bauakte", 3 << 19);
    let (there, comes) = twins(&house, &content).await;
    let (lies, old) = (house.lies(&there).await, house.lies(&comes).await);
    let path = stored(&house, &lies[0].0);
    let sound = fs::read(&path).expect("a blob");
    let mut damaged = sound.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(&path, damaged).expect("a blob");

    let clerk = house.town.clerk();
    let letter = clerk.get(&format!("/api/v1/documents/{comes}")).await;
    house.hide(&letter.is(200)).await.is(200);
    house.moved().await;
    assert_eq!(house.domains(&comes).await, ["personal"; 2]);
    assert_ne!(
        house.lies(&comes).await[0].0,
        lies[0].0,
        "a blob of its own"
    );
    assert_eq!(house.domain_of(&old[0].0).await, None);
    house.reads(&comes, &content).await;

    fs::write(&path, sound).expect("a blob");
    house.reads(&there, &content).await;
    house.is_sound().await;
}

#[tokio::test]
async fn what_is_lost_where_content_goes_does_not_keep_it_back() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Beihilfe");
    let (there, comes) = twins(&house, &content).await;
    let lost = house.lies(&there).await.remove(0).0;
    let path = stored(&house, &lost);
    let sound = fs::read(&path).expect("a blob");
    fs::remove_file(&path).expect("a blob");

    let clerk = house.town.clerk();
    let letter = clerk.get(&format!("/api/v1/documents/{comes}")).await;
    house.hide(&letter.is(200)).await.is(200);
    house.moved().await;
    assert_eq!(house.domains(&comes).await, ["personal"; 2]);
    assert_ne!(house.lies(&comes).await[0].0, lost, "a blob of its own");
    house.reads(&comes, &content).await;

    fs::write(&path, sound).expect("a blob");
    house.reads(&there, &content).await;
    house.is_sound().await;
}

/// Lets it look as if another process were about to move the content of a document, for years.
pub(super) async fn hold_back(house: &House, id: &str) {
    let bytes = id.replace('-', "");
    let uuid = match house.town.app.database() {
        Some(_) => format!("'{id}'"),
        None => format!("x'{bytes}'"),
    };
    let text = format!(
        "INSERT INTO job (id, kind, subject, created_at, due_at, attempts, claimed_until) \
         VALUES ({uuid}, 'move_content', {uuid}, 0, 0, 0, 9000000000000000)"
    );
    damage(&house.town.app, &text).await;
}

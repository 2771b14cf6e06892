//! Content under the wrong keys is named, and moved when that is asked for.

use std::fs;

use tests::plan::damage;
use tests::town::id_of;

use super::moving::hold_back;
use super::{House, key_file, page, without};

/// Makes it an archive from before there were keys for compartments: the schema and the key file know of
/// none. The server is ended.
async fn aged(house: &House) {
    for statement in [
        "DROP INDEX rendition_blob",
        "ALTER TABLE blob_key DROP COLUMN domain",
        "DELETE FROM seaql_migrations WHERE version = 'm0019_key_domains'",
    ] {
        damage(&house.town.app, statement).await;
    }
    let path = house.town.app.data().join("keys/domains.toml");
    let old = without(&key_file(&house.town), "personal");
    fs::write(path, old).expect("the key file");
}

/// What stands in a compartment lies under the general keys, and no job waits.
#[tokio::test]
async fn content_from_before_there_were_keys_for_compartments_is_named_and_moved() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Dienstvertrag");
    let letter = house.letter(&content).await;
    let copy = house.letter(&content).await;
    let lies = house.lies(&id_of(&letter)).await;
    hold_back(&house, &id_of(&letter)).await;
    house.hide(&letter).await.is(200);
    damage(
        &house.town.app,
        "DELETE FROM job WHERE kind = 'move_content'",
    )
    .await;
    house.town.settle().await;
    assert!(house.town.app.stop().success());
    aged(&house).await;
    house.town.app.resume();
    assert!(key_file(&house.town).contains("[[domain.personal]]"));

    let found = house.check(&[]).await;
    assert_eq!(found.exit, 1, "{}", found.json);
    assert_eq!(found.codes.iter().collect::<Vec<_>>(), ["blob-astray"]);
    let named = found.json["findings"].to_string();
    for (blob, _) in &lies {
        let line = format!("{blob} {} in general, not in personal", id_of(&letter));
        assert!(named.contains(&line), "{named}");
    }
    assert!(!named.contains(&id_of(&copy)), "{named}");
    let mended = house.check(&["--repair"]).await;
    assert_eq!(mended.exit, 0, "{}", mended.json);
    house.moved().await;
    assert_eq!(house.domains(&id_of(&letter)).await, ["personal"; 2]);
    assert_eq!(house.domains(&id_of(&copy)).await, ["general"; 2]);
    for one in [&letter, &copy] {
        house.reads(&id_of(one), &content).await;
    }
    house.is_sound().await;
}

#[tokio::test]
async fn content_that_lies_too_deep_is_named_as_well() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Aushang");
    let letter = house.letter(&content).await;
    let inside = house.hide(&letter).await.is(200);
    house.moved().await;
    hold_back(&house, &id_of(&letter)).await;
    house.refile(&inside, &house.outside).await.is(200);
    damage(
        &house.town.app,
        "DELETE FROM job WHERE kind = 'move_content'",
    )
    .await;
    let found = house.check(&["--repair"]).await;
    assert_eq!(found.codes.iter().collect::<Vec<_>>(), ["blob-astray"]);
    let named = found.json["findings"].to_string();
    assert!(named.contains("in personal, not in general"), "{named}");
    // The server that runs takes the job.
    house.moved().await;
    assert_eq!(house.domains(&id_of(&letter)).await, ["general"; 2]);
    house.is_sound().await;
}

#[tokio::test]
async fn a_key_that_is_gone_is_a_finding_while_its_content_is_named() {
    let Some(house) = House::start().await else {
        return;
    };
    let letter = house.letter(&page("Verlust")).await;
    let (blob, _) = house.lies(&id_of(&letter)).await.remove(0);
    let literal = match house.town.app.database() {
        Some(_) => format!("'\\x{blob}'::bytea"),
        None => format!("x'{blob}'"),
    };
    let gone = format!("DELETE FROM blob_key WHERE name = {literal}");
    damage(&house.town.app, &gone).await;
    let found = house.check(&[]).await;
    assert_eq!(found.codes.iter().collect::<Vec<_>>(), ["blob-key-missing"]);
}

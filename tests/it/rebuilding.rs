//! A running server builds its index anew: found is what was found before, and what is filed meanwhile.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{Town, send};
use tests::{Answer, wait_until};

use crate::at_rest::{blobs, verdict};

const INDEX: &str = "/api/v1/index";

async fn rebuild(town: &Town) -> Answer {
    let path = format!("{INDEX}/rebuild");
    send(&town.admin(), Method::POST, &path, &[], None).await
}

async fn standing(town: &Town) -> Value {
    town.admin().get(INDEX).await.is(200).json()
}

/// Waits until the rebuild has ended; it ended well.
async fn rebuilt(town: &Town) -> Value {
    let mut ended = Value::Null;
    wait_until("the index is rebuilt", async || {
        ended = standing(town).await["last_rebuild"].take();
        !ended.is_null()
    })
    .await;
    assert_eq!(ended["outcome"], "done", "{ended}");
    ended
}

/// How many documents are found, by an index that knows this record.
async fn found(town: &Town, question: &str, seq: u64) -> Option<u64> {
    let path = format!("/api/v1/search?q={question}&min_seq={seq}");
    let mut total = None;
    wait_until("the index is there", async || {
        let asked = town.clerk().get(&path).await;
        if asked.status == 503 {
            return false;
        }
        total = asked.is(200).json()["total"].as_u64();
        true
    })
    .await;
    total
}

/// The generations in the folder of the index.
fn generations(town: &Town) -> usize {
    let entries = fs::read_dir(town.app.data().join("index")).expect("a folder");
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("gen-"))
        .count()
}

async fn is_in_order(town: &mut Town) {
    town.app.stop();
    let checked = town.app.command(&["check", "--json", "--deep"]).await;
    assert_eq!(verdict(&checked).exit, 0, "{checked:?}");
}

#[tokio::test]
async fn a_running_server_rebuilds_its_index_while_documents_are_filed() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    for number in 0..12 {
        town.letter(&format!("Bestand {number}"), "Bewohnerparkausweis")
            .await;
    }
    town.settle().await;
    let before = standing(&town).await;
    assert_eq!(before["entries"], 12, "{before}");
    assert!(before["rebuild"].is_null() && before["last_rebuild"].is_null());

    let begun = rebuild(&town).await.is(202);
    assert_eq!(begun.header("location"), Some(INDEX));
    let record = town.record_of(&begun).await;
    assert_eq!(record["action"], "index.rebuild", "{record}");
    let mut filed = 0;
    let mut last = 0;
    wait_until("some are filed and the index is rebuilt", async || {
        let answer = town.letter("Neuzugang", "Wasserrohrbruch").await;
        (last, _) = answer.receipt();
        filed += 1;
        assert_eq!(found(&town, "Neuzugang", last).await, Some(filed));
        assert_eq!(found(&town, "Bestand", 0).await, Some(12));
        assert_eq!(found(&town, "Parkausweis", 0).await, Some(12));
        filed >= 5 && !standing(&town).await["last_rebuild"].is_null()
    })
    .await;
    let ended = rebuilt(&town).await;
    assert!(ended["documents"].as_u64() >= Some(12), "{ended}");
    town.settle().await;
    assert_eq!(found(&town, "Wasserrohrbruch", last).await, Some(filed));
    let after = standing(&town).await;
    assert_eq!(after["entries"].as_u64(), Some(12 + filed), "{after}");
    assert!(after["rebuild"].is_null(), "{after}");
    assert_eq!(generations(&town), 1);
    // It can be had as often as it is wanted.
    rebuild(&town).await.is(202);
    is_in_order(&mut town).await;
}

/// Where a blob is put meanwhile.
fn aside(blob: &Path) -> PathBuf {
    blob.with_extension("aside")
}

/// Whoever reads one of these waits.
fn hold(blobs: &[PathBuf]) {
    for blob in blobs {
        fs::rename(blob, aside(blob)).expect("it is moved");
        let made = Command::new("mkfifo").arg(blob).status();
        assert!(made.expect("mkfifo").success(), "{}", blob.display());
    }
}

fn release(blobs: &[PathBuf]) {
    for blob in blobs {
        fs::rename(aside(blob), blob).expect("it is moved back");
    }
}

#[tokio::test]
async fn one_rebuild_runs_at_a_time_and_a_kill_in_the_middle_of_it_loses_nothing() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    town.letter("Bestand", "Bewohnerparkausweis").await;
    town.settle().await;
    let held = blobs(town.app.data());
    if held.is_empty() {
        eprintln!("the blobs lie elsewhere; nothing is tried");
        return;
    }
    // The disk does not answer: the rebuild stands still in the middle.
    hold(&held);
    rebuild(&town).await.is(202);
    wait_until("the new index has a folder", async || {
        generations(&town) == 2
    })
    .await;
    let refused = rebuild(&town).await.is_problem(409, "state-conflict");
    assert_eq!(refused.json()["current_state"], "rebuilding");
    let running = standing(&town).await;
    assert!(running["rebuild"]["begun_at"].is_string(), "{running}");
    assert!(running["last_rebuild"].is_null(), "{running}");
    let filed = town.letter("Neuzugang", "Wasserrohrbruch").await;
    let (seq, _) = filed.receipt();
    assert_eq!(found(&town, "Neuzugang", seq).await, Some(1));
    assert_eq!(found(&town, "Parkausweis", seq).await, Some(1));

    town.app.kill();
    release(&held);
    town.app.resume();
    town.settle().await;
    for word in ["Neuzugang", "Wasserrohrbruch", "Bestand", "Parkausweis"] {
        assert_eq!(found(&town, word, seq).await, Some(1), "{word}");
    }
    // Nobody asks again: it goes on by itself, and comes to its end.
    rebuilt(&town).await;
    let resumed = standing(&town).await;
    assert_eq!(resumed["entries"], 2, "{resumed}");
    assert!(resumed["rebuild"].is_null(), "{resumed}");
    for word in ["Neuzugang", "Wasserrohrbruch", "Bestand", "Parkausweis"] {
        assert_eq!(found(&town, word, seq).await, Some(1), "{word}");
    }
    assert_eq!(generations(&town), 1);
    is_in_order(&mut town).await;
}

#[tokio::test]
async fn a_token_that_only_reads_is_told_how_the_index_stands_and_has_none_rebuilt() {
    let Some(town) = Town::start().await else {
        return;
    };
    let new = json!({"label": "Leser", "scope": "read", "days": 1});
    let issued = town.admin().post("/api/v1/tokens", &new).await.is(201);
    let issued = issued.json();
    let secret = issued["secret"].as_str().expect("text");
    let reader = town.app.with_token(secret);
    reader.get(INDEX).await.is(200);
    let path = format!("{INDEX}/rebuild");
    send(&reader, Method::POST, &path, &[], None)
        .await
        .is_problem(403, "forbidden");
    let after = standing(&town).await;
    assert!(after["rebuild"].is_null() && after["last_rebuild"].is_null());
}

#[tokio::test]
async fn a_store_that_does_not_answer_for_a_moment_does_not_end_a_rebuild() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    town.letter("Bestand", "Bewohnerparkausweis").await;
    town.settle().await;
    let held = blobs(town.app.data());
    if held.is_empty() {
        eprintln!("the blobs lie elsewhere; nothing is tried");
        return;
    }
    // There is something, and it cannot be opened.
    for blob in &held {
        fs::rename(blob, aside(blob)).expect("it is moved");
        symlink(blob, blob).expect("a circle");
    }
    rebuild(&town).await.is(202);
    wait_until("the rebuild is cut off", async || {
        town.app.log().contains("it goes on at its last mark")
    })
    .await;
    release(&held);
    rebuilt(&town).await;
    assert_eq!(found(&town, "Parkausweis", 0).await, Some(1));
    assert_eq!(generations(&town), 1);
    is_in_order(&mut town).await;
}

#[tokio::test]
async fn where_the_disk_has_no_room_for_a_second_index_none_is_begun() {
    let Some(town) = Town::start().await else {
        return;
    };
    // As long as no disk has room for, and nothing of it lies there.
    let long = town.app.data().join("index/gen-0001/.long");
    let file = fs::File::create(&long).expect("a file");
    file.set_len(1 << 43).expect("a length");
    let refused = rebuild(&town).await;
    refused.is_problem(507, "insufficient-storage");
    let after = standing(&town).await;
    assert!(after["rebuild"].is_null() && after["last_rebuild"].is_null());
    assert_eq!(generations(&town), 1);
    fs::remove_file(&long).expect("removed");
    rebuild(&town).await.is(202);
    rebuilt(&town).await;
}

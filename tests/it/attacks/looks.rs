//! The attacks of `docs/trust.md` on the log of looks of a real archive, and a server over one that was set back.

use std::fs;

use sea_orm::ConnectionTrait as _;
use tests::{Engine, Start, wait_until};

use super::{expect, expect_with, status_in, with};
use crate::at_rest::{AtRest, Copy, Forge, clerk, connect, field, genesis, own_key, secret};

/// The two codes of looks under a checkpoint that are not those that were signed: their records are not published.
const REWRITTEN: [&str; 2] = ["checkpoint-root-mismatch", "tile-mismatch"];

const SOMEBODY: &str = "01890000-0000-7000-8000-000000000001";

/// Over how many looks the checkpoint in the lock stands.
fn signed(copy: &Copy) -> usize {
    let note = fs::read_to_string(copy.data().join("lock/access-checkpoint")).expect("a lock");
    let size = note.lines().nth(1).and_then(|size| size.parse().ok());
    size.expect("a size")
}

/// The newest checkpoint of looks, as an auditor keeps it.
fn kept(copy: &Copy) -> std::path::PathBuf {
    copy.data().join("lock/access-checkpoint")
}

/// Takes a look out of the command line, which no server has signed.
fn look_unsigned(copy: &Copy) {
    let bundle = copy.data().join("../bundle");
    let bundle = bundle.to_str().expect("a path");
    let output = copy.papierlos(&["export", "--log", bundle]);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn looks_that_are_edited_deleted_or_linked_anew_are_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };

    let copy = archive.copy().await;
    look_unsigned(&copy);
    expect(&archive, &copy, "a look beyond the checkpoint", &[]);
    copy.sql(&[
        "UPDATE access SET leaf = CAST(replace({leaf}, '\"clerk\"', '\"admin\"') AS {blob}) \
                WHERE seq = (SELECT min(seq) FROM access WHERE {leaf} LIKE '%\"clerk\"%')",
    ])
    .await;
    let edited = with(&REWRITTEN, &["chain-link-broken", "leaf-hash-mismatch"]);
    expect(&archive, &copy, "a look edited", &edited);

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    let seq = forge.find("document.read");
    forge.edit(seq, "actor", SOMEBODY);
    forge.write(&database).await;
    let broken = with(&REWRITTEN, &["chain-link-broken"]);
    expect(&archive, &copy, "a look edited, its hash too", &broken);
    forge.relink();
    forge.write(&database).await;
    drop(database);
    let attack = "a look edited, all linked anew";
    expect(&archive, &copy, attack, &REWRITTEN);

    let copy = archive.copy().await;
    copy.sql(&[&format!("DELETE FROM access WHERE seq = {seq}")])
        .await;
    let deleted = ["checkpoint-root-mismatch", "seq-gap"];
    expect(&archive, &copy, "a look deleted", &deleted);
}

#[tokio::test]
async fn what_the_key_signed_anew_of_looks_only_a_kept_checkpoint_finds() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let before = archive.copy().await;
    let (signed, kept) = (signed(&before), kept(&before));
    let since = ["--since", kept.to_str().expect("a path")];

    let copy = archive.copy().await;
    expect_with(&archive, &copy, "nothing", &since, &[]);
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    let seq = forge.find("document.read");
    forge.edit(seq, "actor", SOMEBODY);
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, signed, &secret(&copy));
    drop(database);
    let attack = "who looked, consistently and with the key";
    expect(&archive, &copy, attack, &[]);
    let fork = ["fork-against-kept-checkpoint"];
    expect_with(&archive, &copy, attack, &since, &fork);

    let copy = archive.copy().await;
    look_unsigned(&copy);
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    let last = forge.leaves.len() - 1;
    assert_eq!(last, signed, "one look is not signed");
    forge.edit(last, "actor", SOMEBODY);
    forge.relink();
    forge.write(&database).await;
    let attack = "who looked, where it is not signed yet";
    expect_with(&archive, &copy, attack, &since, &[]);
    forge.leaves.truncate(last);
    forge.write(&database).await;
    drop(database);
    let attack = "the look cut off that is not signed yet";
    expect_with(&archive, &copy, attack, &since, &[]);

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    forge.edit(signed - 1, "ts", "2020-01-01T00:00:00.000000Z");
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, signed, &secret(&copy));
    drop(database);
    let attack = "looks dated back with the key";
    expect(&archive, &copy, attack, &["time-regress"]);
}

#[tokio::test]
async fn looks_under_another_key_are_not_signed_by_the_one_on_paper() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };

    let copy = archive.copy().await;
    let size = signed(&copy);
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    let origin = field(&forge.leaves[0], "log").trim_matches('"').to_owned();
    let of_changes = origin.strip_suffix("/access").expect("a log of looks");
    let (secret, public) = own_key(of_changes);
    forge.publish(&copy, size, &secret);
    expect(&archive, &copy, "signed by an own key", &["key-unknown"]);
    forge.edit(0, "prev", &genesis(&origin, &public));
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, size, &secret);
    drop(database);
    let attack = "all looks written for an own key";
    let codes = ["genesis-mismatch", "key-unknown"];
    expect(&archive, &copy, attack, &codes);

    // That of the log of changes is signed by the same key, and is none of this log.
    let copy = archive.copy().await;
    let lock = |name: &str| copy.data().join("lock").join(name);
    fs::copy(lock("checkpoint"), lock("access-checkpoint")).expect("a lock");
    let verdict = copy.verify(&["--key", &archive.key]);
    assert!(verdict.codes.contains("key-unknown"), "{}", verdict.json);

    let copy = archive.copy().await;
    let note = fs::read_to_string(kept(&copy)).expect("a lock");
    let other = note.replace(&format!("\n{size}\n"), &format!("\n{}\n", size - 1));
    fs::write(kept(&copy), other).expect("a lock");
    let verdict = copy.verify(&["--key", &archive.key]);
    let code = "checkpoint-signature-invalid";
    assert!(verdict.codes.contains(code), "{}", verdict.json);
}

#[tokio::test]
async fn looks_that_were_cut_off_are_found_by_the_lock_or_a_kept_checkpoint() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let before = archive.copy().await;
    let (signed, kept_then) = (signed(&before), kept(&before));

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    forge.leaves.truncate(signed - 2);
    forge.write(&database).await;
    drop(database);
    let attack = "looks cut off below the checkpoint";
    expect(&archive, &copy, attack, &["log-shorter-than-checkpoint"]);

    // The administrator of the whole machine takes lock and published checkpoint away, too.
    fs::remove_file(copy.object("access/checkpoint")).expect("a checkpoint");
    fs::remove_file(kept(&copy)).expect("a lock");
    let verdict = copy.verify(&["--key", &archive.key]);
    let found = (verdict.exit, verdict.codes.len());
    assert_eq!(found, (2, 0), "{}", verdict.json);
    let of_looks = &verdict.json["access"];
    assert_eq!(status_in(of_looks, "signature"), "not-checked");
    let since = ["--since", kept_then.to_str().expect("a path")];
    let memory = [["--key", archive.key.as_str()], since].concat();
    let verdict = copy.verify(&memory);
    assert_eq!(verdict.exit, 1, "{}", verdict.json);
    let code = "log-shorter-than-kept-checkpoint";
    assert!(verdict.codes.contains(code), "{}", verdict.json);
}

#[tokio::test]
async fn tiles_of_looks_that_were_damaged_or_lost_are_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let copy = archive.copy().await;
    let tile = copy.object(&format!("access/tile/0/000.p/{}", signed(&copy)));
    let entries = copy.object("access/tile/entries");
    assert!(!entries.exists(), "looks are published themselves");
    let mut bytes = fs::read(&tile).expect("a tile");
    bytes[7] ^= 1;
    fs::write(&tile, bytes).expect("a tile");
    expect(&archive, &copy, "a tile damaged", &["tile-mismatch"]);
    fs::remove_file(&tile).expect("a tile");
    expect(&archive, &copy, "a tile missing", &["tile-missing"]);
}

/// Takes all looks behind the first one out of the database of a server at rest.
async fn set_back(data: &std::path::Path) {
    let database = connect(&data.join("papierlos.db")).await;
    for sql in [
        "DROP TRIGGER access_no_delete",
        "DELETE FROM access WHERE seq > 0",
        "UPDATE access_head SET seq = 0, noted = 0, h = (SELECT h FROM access WHERE seq = 0)",
    ] {
        database.execute_unprepared(sql).await.expect("done");
    }
    database.close().await.expect("a connection closes");
}

#[tokio::test]
async fn over_looks_that_were_set_back_a_server_shows_nothing_that_must_be_recorded_first() {
    let start = Start::new().on(Engine::Sqlite);
    let start = start.with("PAPIERLOS_ACCESS_LOG_CLASSES", "*:all:refuse");
    let Some(mut app) = start.start().await else {
        return;
    };
    let token = clerk(&app).await;
    for _ in 0..3 {
        let client = app.with_token(&token);
        drop(client.get("/api/v1/documents").await.is(200));
    }
    app.stop();
    set_back(app.data()).await;
    app.resume();
    let client = app.with_token(&token);
    // At once: what nobody has looked at yet is waited for.
    let list = client.get("/api/v1/documents").await;
    drop(list.is_problem(503, "access-log-unavailable"));
    wait_until("the server says so", async || {
        let metrics = app.anonymous().get("/metrics").await.is(200).text();
        metrics.contains("\npapierlos_access_log_contradicts 1\n")
    })
    .await;
    let list = client.get("/api/v1/documents").await;
    drop(list.is_problem(503, "access-log-unavailable"));
    // Whoever changes something is not kept from it.
    let new = serde_json::json!({"label": "Scanner", "scope": "intake", "days": 30});
    drop(client.post("/api/v1/tokens", &new).await.is(201));
    let ready = app.anonymous().get("/health/ready").await.json();
    let checks = ready["checks"].as_array().expect("checks");
    let of_looks = checks.iter().find(|one| one["name"] == "access_log");
    let of_looks = of_looks.expect("a look at it");
    assert_eq!(of_looks["ok"], true, "{ready}");
    let said = of_looks["detail"].as_str().expect("a detail");
    assert!(said.contains("set back"), "{said}");
    assert!(app.log().contains("the log could not be published"));
    app.stop();
    // And by the command line no more.
    let bundle = app.data().join("bundle");
    let exported = app
        .command(&["export", "--log", bundle.to_str().expect("a path")])
        .await;
    assert_eq!(exported.status.code(), Some(2), "{exported:?}");
    let said = String::from_utf8_lossy(&exported.stderr);
    assert!(said.contains("nicht das signierte"), "{said}");
    assert!(!bundle.exists(), "it was written all the same");
}

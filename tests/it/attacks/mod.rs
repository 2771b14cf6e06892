//! The attacks of `docs/trust.md` on a real archive: each is carried out by hand, and exactly the named
//! codes are found. What only outside memory finds is said so, and found with it.

mod looks;
mod printed;
mod stores;

use std::collections::BTreeSet;
use std::fs;

use tests::Engine;

use crate::at_rest::{AtRest, Copy, Forge, Verdict, field, genesis, own_key, secret};

/// The three codes of records under a checkpoint that are not what was signed and published.
const REWRITTEN: [&str; 3] = [
    "checkpoint-root-mismatch",
    "entries-mismatch",
    "tile-mismatch",
];

/// Verifies with the key from paper and expects these codes, no other.
fn expect(archive: &AtRest, copy: &Copy, attack: &str, codes: &[&str]) {
    expect_with(archive, copy, attack, &[], codes);
}

fn expect_with(archive: &AtRest, copy: &Copy, attack: &str, memory: &[&str], codes: &[&str]) {
    let verdict = copy.verify(&[&["--key", &archive.key], memory].concat());
    let wanted: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(verdict.codes, wanted, "{attack}: {}", verdict.json);
    let missing = codes
        .iter()
        .all(|code| code.ends_with("-missing") && code.starts_with("tile"));
    let exit = match (codes.is_empty(), missing) {
        (true, _) => 0,
        (false, true) => 2,
        (false, false) => 1,
    };
    assert_eq!(verdict.exit, exit, "{attack}: {}", verdict.json);
}

fn since(archive: &AtRest) -> [&str; 2] {
    ["--since", archive.early.to_str().expect("a path")]
}

fn receipts(archive: &AtRest) -> [&str; 2] {
    ["--receipts", archive.receipts.to_str().expect("a path")]
}

fn with<'a>(codes: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [codes, more].concat()
}

/// Status of a check in the report.
fn status(verdict: &Verdict, check: &str) -> String {
    status_in(&verdict.json, check)
}

/// The same in the report on one of the two logs.
fn status_in(report: &serde_json::Value, check: &str) -> String {
    let checks = report["checks"].as_array().expect("checks");
    let found = checks
        .iter()
        .find(|one| one["check"] == check)
        .expect("the check");
    found["status"].as_str().expect("a status").to_owned()
}

#[tokio::test]
async fn an_untouched_archive_is_clean_at_every_level() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let copy = archive.copy().await;
    let memory = [since(&archive), receipts(&archive)].concat();
    let all = [&["--blobs", "--key", &archive.key], memory.as_slice()].concat();
    let verdict = copy.verify(&all);
    assert_eq!(
        (verdict.exit, verdict.codes.len()),
        (0, 0),
        "{}",
        verdict.json
    );
    for check in [
        "signature",
        "chain",
        "tree",
        "proofs",
        "openings",
        "states",
        "blobs",
        "kept-checkpoints",
        "receipts",
    ] {
        assert_eq!(status(&verdict, check), "ok", "{check}: {}", verdict.json);
    }
    // Twelve entities at least: four documents, versions and texts; then people.
    assert!(
        verdict.json["states"]
            .as_u64()
            .is_some_and(|states| states >= 12),
        "{}",
        verdict.json
    );
    assert!(
        verdict.json["tail"].as_u64().is_some_and(|tail| tail >= 2),
        "{}",
        verdict.json
    );
    let looks = &verdict.json["access"];
    for check in ["signature", "chain", "tree", "proofs"] {
        let of_looks = status_in(looks, check);
        assert_eq!(of_looks, "ok", "{check}: {}", verdict.json);
    }
    // Four documents were looked at, and all looks were signed at the end of the server.
    assert!(
        looks["records"].as_u64().is_some_and(|records| records > 4),
        "{}",
        verdict.json
    );
    assert_eq!(looks["tail"], 0, "{}", verdict.json);
}

#[tokio::test]
async fn records_that_are_edited_deleted_or_linked_anew_are_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };

    let copy = archive.copy().await;
    copy.sql(&[
        "UPDATE audit SET leaf = CAST(replace({leaf}, '\"clerk\"', '\"admin\"') AS {blob}) \
                WHERE seq = (SELECT min(seq) FROM audit WHERE {leaf} LIKE '%\"clerk\"%')",
    ])
    .await;
    let edited = with(&REWRITTEN, &["chain-link-broken", "leaf-hash-mismatch"]);
    expect(&archive, &copy, "a record edited", &edited);

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    let seq = forge.find("document.change");
    forge.edit(seq, "role", "admin");
    forge.write(&database).await;
    drop(database);
    expect(
        &archive,
        &copy,
        "a record edited, its hash too",
        &with(&REWRITTEN, &["chain-link-broken"]),
    );

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    forge.edit(seq, "role", "admin");
    forge.relink();
    forge.write(&database).await;
    drop(database);
    expect(
        &archive,
        &copy,
        "a record edited, all linked anew",
        &REWRITTEN,
    );

    let copy = archive.copy().await;
    copy.sql(&[&format!("DELETE FROM audit WHERE seq = {seq}")])
        .await;
    let deleted = [
        "checkpoint-root-mismatch",
        "opening-unrecorded",
        "row-mismatch",
        "seq-gap",
        "state-row-unrecorded",
    ];
    expect(
        &archive,
        &copy,
        "a record deleted, what belongs to it kept",
        &deleted,
    );

    let copy = archive.copy().await;
    copy.sql(&["UPDATE audit_head SET seq = seq - 1"]).await;
    expect(&archive, &copy, "the head moved back", &["head-mismatch"]);
}

#[tokio::test]
async fn what_the_key_signed_anew_only_outside_memory_finds() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    let seq = forge.find("document.receive");
    forge.edit(seq, "actor", "01890000-0000-7000-8000-000000000001");
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, archive.signed, &secret(&copy));
    drop(database);
    let attack = "who acted, consistently and with the key";
    expect(&archive, &copy, attack, &[]);
    expect_with(
        &archive,
        &copy,
        attack,
        &since(&archive),
        &["fork-against-kept-checkpoint"],
    );
    expect_with(
        &archive,
        &copy,
        attack,
        &receipts(&archive),
        &["receipt-not-in-log"],
    );

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    let last = forge.leaves.len() - 1;
    forge.edit(last, "actor", "01890000-0000-7000-8000-000000000001");
    forge.relink();
    forge.write(&database).await;
    drop(database);
    let attack = "who acted, in the tail that is not signed yet";
    expect(&archive, &copy, attack, &[]);
    expect_with(&archive, &copy, attack, &since(&archive), &[]);
    expect_with(
        &archive,
        &copy,
        attack,
        &receipts(&archive),
        &["receipt-not-in-log"],
    );

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    forge.edit(seq, "ts", "2020-01-01T00:00:00.000000Z");
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, archive.signed, &secret(&copy));
    drop(database);
    expect(
        &archive,
        &copy,
        "dated back with the key",
        &["time-regress"],
    );
}

#[tokio::test]
async fn another_key_is_not_the_one_on_paper() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };

    let copy = archive.copy().await;
    let database = copy.database().await;
    let forge = Forge::open(&database, "audit").await;
    let origin = field(&forge.leaves[0], "log").trim_matches('"').to_owned();
    let (secret, _) = own_key(&origin);
    forge.publish(&copy, archive.signed, &secret);
    drop(database);
    expect(&archive, &copy, "signed with an own key", &["key-unknown"]);

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    let (secret, public) = own_key(&origin);
    forge.edit(0, "prev", &genesis(&origin, &public));
    forge.relink();
    forge.write(&database).await;
    forge.publish(&copy, archive.signed, &secret);
    drop(database);
    expect(
        &archive,
        &copy,
        "all written for an own key",
        &["genesis-mismatch", "key-unknown"],
    );
    // Without the key from paper, the archive's own signing key says the same.
    let verdict = copy.verify(&[]);
    assert_eq!(verdict.exit, 1, "{}", verdict.json);
    assert!(verdict.codes.contains("key-unknown"), "{}", verdict.json);
}

/// Cuts off everything from record `size` on, with the states that came after.
async fn cut(copy: &Copy, size: usize) {
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    forge.leaves.truncate(size);
    forge.write(&database).await;
    drop(database);
    let behind = format!("(SELECT entity_id FROM audit_subject WHERE seq >= {size})");
    let tables = [
        "note",
        "relation",
        "rendition",
        "document_version",
        "document",
        "role_grant",
        "access_token",
        "account",
    ];
    let database = copy.database().await;
    for table in tables {
        use sea_orm::ConnectionTrait as _;
        let sql = format!("DELETE FROM {table} WHERE id IN {behind}");
        database.execute_unprepared(&sql).await.expect("rows");
    }
    for sql in [
        format!("DELETE FROM audit_subject WHERE seq >= {size}"),
        format!("DELETE FROM audit_private WHERE seq >= {size}"),
    ] {
        use sea_orm::ConnectionTrait as _;
        database.execute_unprepared(&sql).await.expect("rows");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_or_set_back_is_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let signed = archive.signed;

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    forge.leaves.truncate(signed);
    forge.write(&database).await;
    drop(database);
    copy.sql(&[
        &format!("DELETE FROM audit_private WHERE seq >= {signed}"),
        &format!("DELETE FROM audit_subject WHERE seq >= {signed}"),
    ])
    .await;
    expect(
        &archive,
        &copy,
        "the tail cut off, states kept",
        &["state-row-unrecorded"],
    );

    let copy = archive.copy().await;
    cut(&copy, signed).await;
    let attack = "the tail cut off, states set back";
    expect(&archive, &copy, attack, &[]);
    expect_with(&archive, &copy, attack, &since(&archive), &[]);
    expect_with(
        &archive,
        &copy,
        attack,
        &receipts(&archive),
        &["receipt-not-in-log"],
    );

    // Before the first document: the states that came later all go.
    let copy = archive.copy().await;
    let early = fs::read_to_string(&archive.early).expect("a checkpoint");
    let early: usize = early
        .lines()
        .nth(1)
        .and_then(|size| size.parse().ok())
        .expect("a size");
    let database = copy.database().await;
    let first = Forge::open(&database, "audit")
        .await
        .find("document.receive");
    drop(database);
    assert!(first < early && early <= signed);
    cut(&copy, first).await;
    let attack = "cut below the checkpoint";
    expect(&archive, &copy, attack, &["log-shorter-than-checkpoint"]);

    // The administrator of the whole machine takes lock and published checkpoint away, too.
    fs::remove_file(copy.object("checkpoint")).expect("a checkpoint");
    fs::remove_file(copy.data().join("lock/checkpoint")).expect("a lock");
    let verdict = copy.verify(&["--key", &archive.key]);
    assert_eq!(
        (verdict.exit, verdict.codes.len()),
        (2, 0),
        "{}",
        verdict.json
    );
    assert_eq!(status(&verdict, "signature"), "not-checked");
    let memory = [["--key", archive.key.as_str()], since(&archive)].concat();
    let verdict = copy.verify(&memory);
    assert_eq!(verdict.exit, 1, "{}", verdict.json);
    assert!(
        verdict.codes.contains("log-shorter-than-kept-checkpoint"),
        "{}",
        verdict.json
    );
}

#[tokio::test]
async fn a_database_that_was_set_back_does_not_start() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let copy = archive.copy().await;
    let database = copy.database().await;
    let first = Forge::open(&database, "audit")
        .await
        .find("document.receive");
    drop(database);
    cut(&copy, first).await;
    let output = copy.papierlos(&["serve", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("set back"), "{said}");
}

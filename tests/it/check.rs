//! `papierlos check`: what was broken by hand is named by its code, and repaired where that is allowed.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use tests::{Start, fixtures, wait_until};

use crate::at_rest::{AtRest, Copy, Forge, Verdict, clerk, field, locked, own_key, verdict};

fn check(copy: &Copy, arguments: &[&str]) -> Verdict {
    verdict(&copy.papierlos(&[&["check", "--json"], arguments].concat()))
}

fn expect(copy: &Copy, what: &str, arguments: &[&str], codes: &[&str]) -> Verdict {
    let found = check(copy, arguments);
    let wanted: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(found.codes, wanted, "{what}: {}", found.json);
    let open = found.json["open"].as_u64().expect("a number");
    assert_eq!(found.exit, i32::from(open > 0), "{what}: {}", found.json);
    found
}

/// The finding is there, `--repair` mends it, and then nothing is left.
fn repaired(copy: &Copy, what: &str, code: &str) {
    expect(copy, what, &[], &[code]);
    let mended = expect(copy, what, &["--repair"], &[code]);
    assert_eq!(mended.exit, 0, "{what}: {}", mended.json);
    expect(copy, what, &[], &[]);
}

#[tokio::test]
async fn an_untouched_archive_is_clean() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let copy = archive.copy().await;
    let clean = expect(&copy, "untouched", &["--deep"], &[]);
    assert_eq!(
        clean.json["not_checked"],
        serde_json::json!([]),
        "{}",
        clean.json
    );
    let shallow = expect(&copy, "untouched", &[], &[]);
    assert_eq!(
        shallow.json["not_checked"],
        serde_json::json!(["blob digests"])
    );
    let output = copy.papierlos(&["check"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "nicht geprüft: Prüfsummen der Inhalte\nohne Befund\n"
    );
}

#[tokio::test]
async fn blobs_that_are_missing_short_altered_or_stray_are_named() {
    let Some(archive) = AtRest::new().await else {
        return;
    };

    let copy = archive.copy().await;
    let lost = copy.blobs().remove(0);
    fs::remove_file(&lost).expect("a blob");
    let found = expect(&copy, "missing", &["--repair"], &["blob-missing"]);
    let name = lost
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    assert_eq!(found.json["findings"][0]["what"], name);

    let copy = archive.copy().await;
    let blob = copy.blobs().remove(0);
    let bytes = fs::read(&blob).expect("a blob");
    fs::write(&blob, &bytes[..bytes.len() - 1]).expect("a blob");
    expect(&copy, "short", &[], &["blob-length"]);

    let copy = archive.copy().await;
    let blob = copy.blobs().remove(0);
    let mut bytes = fs::read(&blob).expect("a blob");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&blob, bytes).expect("a blob");
    expect(&copy, "altered, unread", &[], &[]);
    expect(&copy, "altered, read", &["--deep"], &["blob-damaged"]);

    let copy = archive.copy().await;
    copy.sql(&[
        "UPDATE blob_key SET wrapped = (SELECT wrapped FROM blob_key ORDER BY name DESC LIMIT 1) \
                WHERE name = (SELECT min(name) FROM blob_key)",
    ])
    .await;
    expect(&copy, "another's key", &["--deep"], &["blob-damaged"]);

    let copy = archive.copy().await;
    copy.sql(&["DELETE FROM blob_key WHERE name = (SELECT min(name) FROM blob_key)"])
        .await;
    expect(&copy, "no key", &[], &["blob-key-missing"]);
}

#[tokio::test]
async fn what_nobody_names_is_removed_after_its_time_and_not_before() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let copy = archive.copy().await;
    let stray = copy
        .data()
        .join(format!("blobs/blobs/00/{}", "0".repeat(64)));
    let begun = copy.data().join("blobs/staging/begun");
    for path in [&stray, &begun] {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, b"left over").expect("a file");
    }
    expect(&copy, "too young", &["--repair"], &[]);
    assert!(stray.exists() && begun.exists());
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for path in [&stray, &begun] {
        let file = fs::File::options().write(true).open(path).expect("a file");
        file.set_modified(old).expect("a time");
    }
    let codes = ["blob-unreferenced", "staging-leftover"];
    expect(&copy, "left over", &[], &codes);
    assert!(stray.exists() && begun.exists(), "only repair removes");
    let mended = expect(&copy, "left over", &["--repair"], &codes);
    assert_eq!(mended.exit, 0, "{}", mended.json);
    assert!(!stray.exists() && !begun.exists());
    expect(&copy, "swept", &[], &[]);
}

#[tokio::test]
async fn what_nobody_names_stays_while_the_database_may_be_the_older_one() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let stray = |copy: &Copy| {
        let path = copy
            .data()
            .join(format!("blobs/blobs/00/{}", "0".repeat(64)));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, b"left over").expect("a file");
        let file = fs::File::options().write(true).open(&path).expect("a file");
        file.set_modified(old).expect("a time");
        path
    };
    let lock = |copy: &Copy| copy.data().join("lock/checkpoint");

    let copy = archive.copy().await;
    let left = stray(&copy);
    copy.sql(&["UPDATE audit_head SET h = randomblob(32)"])
        .await;
    let codes = ["blob-unreferenced", "log-head"];
    expect(&copy, "another head", &["--repair"], &codes);
    assert!(left.exists(), "deleted beside another head");

    let copy = archive.copy().await;
    let left = stray(&copy);
    fs::remove_file(lock(&copy)).expect("a lock");
    let codes = ["blob-unreferenced", "lock-missing"];
    expect(&copy, "no lock", &["--repair"], &codes);
    assert!(left.exists(), "deleted without a lock");

    let copy = archive.copy().await;
    let left = stray(&copy);
    fs::copy(&archive.early, lock(&copy)).expect("a lock");
    let codes = ["blob-unreferenced", "lock-behind"];
    expect(&copy, "an old lock", &["--repair"], &codes);
    assert!(left.exists(), "deleted beside an old lock");
}

#[tokio::test]
async fn tags_texts_and_jobs_are_mended_and_gaps_are_named() {
    let Some(archive) = AtRest::new().await else {
        return;
    };

    let copy = archive.copy().await;
    copy.sql(&["DELETE FROM document_tag WHERE tag = 'Bau'"])
        .await;
    repaired(&copy, "tags lost", "tags-astray");

    let copy = archive.copy().await;
    copy.sql(&["INSERT INTO document_tag SELECT id, 'Fremd' FROM document"])
        .await;
    repaired(&copy, "tags added", "tags-astray");

    let copy = archive.copy().await;
    copy.sql(&["INSERT INTO document_field SELECT id, 'fremd', 0, 'x', NULL FROM document"])
        .await;
    repaired(&copy, "values added", "fields-astray");

    let copy = archive.copy().await;
    copy.sql(&["DELETE FROM correspondent_name"]).await;
    repaired(&copy, "names lost", "name-astray");

    let copy = archive.copy().await;
    copy.sql(&["INSERT INTO correspondent_name (spelling, correspondent_id) SELECT 'fremd', id FROM correspondent"])
        .await;
    repaired(&copy, "names added", "name-astray");

    let copy = archive.copy().await;
    copy.sql(&["DELETE FROM rendition WHERE id = (SELECT min(id) FROM rendition)"])
        .await;
    repaired(&copy, "a text lost", "text-missing");

    let copy = archive.copy().await;
    copy.sql(&[
        "INSERT INTO job SELECT randomblob(16), 'extract_text', id, 0, 0, 8, 0, 1, 'no' \
                FROM document_version LIMIT 1",
    ])
    .await;
    repaired(&copy, "a job put aside", "job-failed");

    let copy = archive.copy().await;
    copy.sql(&[
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) \
         INSERT INTO job SELECT randomblob(16), 'kind ' || i, randomblob(16), 0, 0, 8, 0, 1, 'no' FROM n",
    ])
    .await;
    let found = expect(&copy, "many jobs put aside", &[], &["job-failed"]);
    assert_eq!(found.json["counts"]["job-failed"]["found"], 600);

    let copy = archive.copy().await;
    copy.sql(&[
        "UPDATE document_version SET number = 3 WHERE id = (SELECT min(id) FROM document_version)",
    ])
    .await;
    expect(&copy, "a gap", &["--repair"], &["version-gap"]);
}

#[tokio::test]
async fn a_row_that_does_not_read_is_named_and_left_as_it_is() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let one = "(SELECT min(id) FROM document)";
    for (what, statement, code) in [
        (
            "values that do not read",
            format!("UPDATE document SET field_values = 'x' WHERE id = {one}"),
            "fields-astray",
        ),
        (
            "tags that do not read",
            format!("UPDATE document SET tags = 'x' WHERE id = {one}"),
            "tags-astray",
        ),
        (
            "names that do not read",
            "UPDATE correspondent SET aliases = 'x'".to_owned(),
            "name-astray",
        ),
    ] {
        let copy = archive.copy().await;
        copy.sql(&[&statement]).await;
        let found = expect(&copy, what, &["--repair"], &[code]);
        assert_eq!(found.exit, 1, "{what}: it cannot be repaired");
        expect(&copy, what, &[], &[code]);
    }
    // A field of which nobody knows what it is: what was found by it stays findable.
    let copy = archive.copy().await;
    copy.sql(&[
        "INSERT INTO field (id, version, code, label, kind, rules, created_at, created_by, changed_at, changed_by) \
         SELECT id, version, 'fremd', 'Fremd', 'text', 'x', 0, id, 0, id FROM document LIMIT 1",
        &format!("UPDATE document SET field_values = '{{\"fremd\":\"x\"}}' WHERE id = {one}"),
        &format!("INSERT INTO document_field VALUES ({one}, 'fremd', 0, 'x', NULL)"),
    ])
    .await;
    let what = "a field that does not read";
    let found = expect(&copy, what, &["--repair"], &["fields-astray"]);
    assert_eq!(found.exit, 1, "{what}: it cannot be repaired");
    expect(&copy, what, &[], &["fields-astray"]);
}

#[tokio::test]
async fn values_that_were_lost_or_altered_are_found_by_again() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let one = "(SELECT min(id) FROM document)";
    let said = [
        "INSERT INTO field (id, version, code, label, kind, rules, created_at, created_by, changed_at, changed_by) \
         SELECT id, version, 'nummer', 'Nummer', 'text', '{\"max_length\":20}', 0, id, 0, id FROM document LIMIT 1"
            .to_owned(),
        format!("UPDATE document SET field_values = '{{\"nummer\":\"R-1\"}}' WHERE id = {one}"),
    ];
    let copy = archive.copy().await;
    copy.sql(&[&said[0], &said[1]]).await;
    repaired(&copy, "a value lost", "fields-astray");

    let copy = archive.copy().await;
    let other = format!("INSERT INTO document_field VALUES ({one}, 'nummer', 0, 'R-2', NULL)");
    copy.sql(&[&said[0], &said[1], &other]).await;
    repaired(&copy, "a value altered", "fields-astray");
}

#[tokio::test]
async fn an_index_that_does_not_fit_the_rows_is_built_anew() {
    let Some(archive) = AtRest::new().await else {
        return;
    };

    let copy = archive.copy().await;
    copy.sql(&[
        "UPDATE document SET version = 9 WHERE id = (SELECT max(id) FROM document)",
        "INSERT INTO audit_subject SELECT id, 9, 1, 9, 'document', id FROM document WHERE version = 9",
    ])
    .await;
    repaired(&copy, "an older version in the index", "index-stale");

    let copy = archive.copy().await;
    let one = "(SELECT max(id) FROM document)";
    copy.sql(&[
        &format!(
            "DELETE FROM rendition WHERE document_version_id IN \
                  (SELECT id FROM document_version WHERE document_id = {one})"
        ),
        &format!("DELETE FROM document_version WHERE document_id = {one}"),
        &format!("DELETE FROM document_tag WHERE document_id = {one}"),
        &format!("DELETE FROM document WHERE id = {one}"),
    ])
    .await;
    repaired(&copy, "a document that is gone", "index-extra");

    let copy = archive.copy().await;
    let new = "x'0189000000007000800000000000beef'";
    copy.sql(&[
        &format!(
            "INSERT INTO document (id, version, department_id, state, title, kind, direction, channel, \
             correspondent, document_date, received_at, doc_references, tags, content_version, reason, \
             created_at, created_by, changed_at, changed_by) \
             SELECT {new}, 1, department_id, state, title, kind, direction, channel, \
             correspondent, document_date, received_at, doc_references, tags, content_version, reason, \
             created_at, created_by, changed_at, changed_by FROM document LIMIT 1"
        ),
        &format!("INSERT INTO document_tag SELECT {new}, value FROM json_each('[\"Bau\",\"Akte\"]')"),
        &format!(
            "INSERT INTO document_version SELECT randomblob(16), 1, {new}, 1, blob_name, media_type, file_name, \
             created_at, created_by FROM document_version LIMIT 1"
        ),
        &format!(
            "INSERT INTO rendition SELECT randomblob(16), 1, (SELECT id FROM document_version \
             WHERE document_id = {new}), kind, engine, state, reason, pages, blob_name, created_at, NULL, NULL \
             FROM rendition LIMIT 1"
        ),
        &format!("INSERT INTO audit_subject VALUES ({new}, 1, 1, 9, 'document', {new})"),
    ])
    .await;
    repaired(&copy, "a document that the index lacks", "index-missing");
}

#[tokio::test]
async fn heads_and_lock_are_held_against_the_log() {
    let Some(archive) = AtRest::new().await else {
        return;
    };

    let copy = archive.copy().await;
    copy.sql(&["UPDATE audit_head SET h = randomblob(32)"])
        .await;
    expect(&copy, "another head", &["--repair"], &["log-head"]);

    let copy = archive.copy().await;
    copy.sql(&["UPDATE access_head SET h = randomblob(32)"])
        .await;
    let what = "another head of the access log";
    expect(&copy, what, &["--repair"], &["access-head"]);

    let copy = archive.copy().await;
    fs::remove_file(copy.data().join("lock/checkpoint")).expect("a lock");
    expect(&copy, "no lock", &[], &["lock-missing"]);

    let copy = archive.copy().await;
    fs::copy(&archive.early, copy.data().join("lock/checkpoint")).expect("a lock");
    expect(&copy, "an old lock", &[], &["lock-behind"]);

    let copy = archive.copy().await;
    fs::write(copy.data().join("lock/checkpoint"), "nothing").expect("a lock");
    expect(
        &copy,
        "no checkpoint in the lock",
        &[],
        &["lock-unreadable"],
    );

    let copy = archive.copy().await;
    let database = copy.database().await;
    let forge = Forge::open(&database, "audit").await;
    drop(database);
    let signed = locked(&copy.data()).expect("a checkpoint");
    let (lock, newest) = (
        copy.data().join("lock/checkpoint"),
        copy.object("checkpoint"),
    );
    let public = fs::read(&newest).expect("a checkpoint");
    forge.publish(&copy, signed, &foreign(&forge));
    expect(&copy, "all by a foreign key", &[], &["lock-unreadable"]);
    fs::write(&newest, public).expect("a checkpoint");
    let what = "a lock of a foreign key";
    let found = expect(&copy, what, &["--repair"], &["lock-unreadable"]);
    assert_eq!(found.exit, 1, "nothing is repaired beside such a lock");
    assert!(lock.exists());

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "audit").await;
    forge.edit(signed - 1, "actor", "01890000-0000-7000-8000-000000000001");
    forge.relink();
    forge.write(&database).await;
    drop(database);
    let found = check(&copy, &[]);
    assert!(found.codes.contains("log-forked"), "{}", found.json);
    assert_eq!(found.exit, 1, "{}", found.json);
}

/// The secret of a key that this log never had.
fn foreign(forge: &Forge) -> String {
    let origin = field(&forge.leaves[0], "log");
    let origin = origin.trim_matches('"');
    let of_changes = origin.strip_suffix("/access").unwrap_or(origin);
    own_key(of_changes).0
}

#[tokio::test]
async fn the_log_of_looks_is_held_against_its_lock_and_what_was_signed() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let lock = |copy: &Copy| copy.data().join("lock/access-checkpoint");

    let copy = archive.copy().await;
    fs::remove_file(lock(&copy)).expect("a lock");
    expect(&copy, "no lock", &["--repair"], &["access-lock-missing"]);
    assert!(!lock(&copy).exists(), "a new lock was made");

    let copy = archive.copy().await;
    fs::copy(&archive.early_looks, lock(&copy)).expect("a lock");
    expect(&copy, "an old lock", &[], &["access-lock-behind"]);

    let copy = archive.copy().await;
    fs::write(lock(&copy), "nothing").expect("a lock");
    let what = "no checkpoint in the lock";
    expect(&copy, what, &[], &["access-lock-unreadable"]);

    let copy = archive.copy().await;
    let note = fs::read_to_string(lock(&copy)).expect("a lock");
    let signed = note.lines().nth(1).and_then(|size| size.parse().ok());
    let database = copy.database().await;
    let forge = Forge::open(&database, "access").await;
    drop(database);
    let newest = copy.object("access/checkpoint");
    let public = fs::read(&newest).expect("a checkpoint");
    forge.publish(&copy, signed.expect("a size"), &foreign(&forge));
    let foreign_lock = ["access-lock-unreadable"];
    expect(&copy, "all by a foreign key", &[], &foreign_lock);
    fs::write(&newest, public).expect("a checkpoint");
    expect(&copy, "a lock of a foreign key", &[], &foreign_lock);

    // Only the database knows that there was one.
    let copy = archive.copy().await;
    fs::remove_file(lock(&copy)).expect("a lock");
    fs::remove_file(copy.object("access/checkpoint")).expect("a checkpoint");
    let what = "neither lock nor checkpoint";
    expect(&copy, what, &[], &["access-lock-missing"]);

    let copy = archive.copy().await;
    copy.sql(&[
        "DELETE FROM access WHERE seq > 0",
        "UPDATE access_head SET seq = 0, h = (SELECT h FROM access WHERE seq = 0)",
    ])
    .await;
    expect(&copy, "looks set back", &[], &["access-lock-ahead"]);

    let copy = archive.copy().await;
    let database = copy.database().await;
    let mut forge = Forge::open(&database, "access").await;
    let seq = forge.find("document.read");
    forge.edit(seq, "role", "admin");
    forge.relink();
    forge.write(&database).await;
    drop(database);
    expect(&copy, "looks written anew", &[], &["access-forked"]);
}

/// Puts the log back to the records under a checkpoint.
async fn set_back(copy: &Copy, size: usize) {
    let last = size - 1;
    copy.sql(&[
        &format!("DELETE FROM audit WHERE seq > {last}"),
        &format!(
            "UPDATE audit_head SET seq = {last}, h = (SELECT h FROM audit WHERE seq = {last})"
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_database_that_was_set_back_is_told_by_the_lock_and_by_the_index() {
    let Some(archive) = AtRest::new().await else {
        return;
    };
    let set_back_lock = archive.copy().await;
    let lock = set_back_lock.data().join("lock/checkpoint");
    fs::copy(&archive.early, lock).expect("a lock");
    let early = locked(&set_back_lock.data()).expect("a checkpoint");

    let copy = archive.copy().await;
    set_back(&copy, early).await;
    let codes = ["index-ahead", "lock-ahead"];
    let found = expect(&copy, "a log set back", &["--repair"], &codes);
    assert_eq!(found.exit, 1, "nothing is repaired beside such a lock");

    // All was set back but the index.
    let copy = set_back_lock;
    set_back(&copy, early).await;
    copy.sql(&[&format!("DELETE FROM checkpoint WHERE size > {early}")])
        .await;
    fs::copy(&archive.early, copy.object("checkpoint")).expect("a checkpoint");
    repaired(&copy, "an index of a later day", "index-ahead");
}

#[tokio::test]
async fn a_running_server_checks_itself_and_leaves_the_index_to_itself() {
    let Some(mut app) = Start::new().start().await else {
        return;
    };
    let client = app.with_token(&clerk(&app).await);
    let filed = client
        .file(
            "a.pdf",
            &fixtures::unique_pdf("Text"),
            &serde_json::json!({}),
        )
        .await;
    drop(filed.is(201));
    wait_until("the quick check has run", async || {
        app.log().contains("check: clean")
    })
    .await;
    let output = app.command(&["check", "--json"]).await;
    let found = verdict(&output);
    assert_eq!(
        found.json["not_checked"],
        serde_json::json!(["blob digests", "index"]),
        "{output:?}"
    );
    assert_eq!(found.exit, 0, "{output:?}");
    let output = app.command(&["reindex"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("in use") && said.contains("zuerst den Server beenden"),
        "{said}"
    );
    assert!(said.contains("/api/v1/index/rebuild"), "{said}");
    app.stop();
    let output = app.command(&["reindex"]).await;
    assert!(output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).starts_with("1 Dokumente"),
        "{output:?}"
    );
    assert_eq!(
        verdict(&app.command(&["check", "--json", "--deep"]).await).exit,
        0
    );
}

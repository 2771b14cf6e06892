//! Attacks on what the log speaks of: states, content, openings, published tiles.

use std::fs;

use super::{expect, expect_with};
use tests::Engine;

use crate::at_rest::{AtRest, Copy};

/// States changed behind the log's back.
const CHANGED: [(&str, &str); 9] = [
    (
        "a title changed",
        "UPDATE document SET title = 'Anders' WHERE id = (SELECT id FROM document ORDER BY id DESC LIMIT 1)",
    ),
    (
        "a right widened",
        "UPDATE role_grant SET role = 'admin' WHERE role = 'clerk'",
    ),
    (
        "a password set",
        "UPDATE account SET password = 'x' WHERE login = 'anna'",
    ),
    (
        "a token that lives longer",
        "UPDATE access_token SET expires_at = expires_at + 1",
    ),
    (
        "another content under a version",
        "UPDATE document_version SET blob_name = (SELECT blob_name FROM rendition \
         WHERE blob_name IS NOT NULL LIMIT 1) WHERE number = 1",
    ),
    (
        "the digest in a blob's row",
        "UPDATE blob SET sha256 = {bytes} WHERE name IN \
         (SELECT blob_name FROM document_version)",
    ),
    (
        "a rendition called unreadable",
        "UPDATE rendition SET state = 'unreadable'",
    ),
    (
        "a note that says otherwise",
        "UPDATE note SET body = 'Nein'",
    ),
    (
        "a relation of another kind",
        "UPDATE relation SET kind = 'supersedes'",
    ),
];

/// Rows of states deleted.
const DELETED: [(&str, &str); 3] = [
    (
        "a document's row deleted",
        "DELETE FROM document WHERE id = (SELECT id FROM document ORDER BY id DESC LIMIT 1)",
    ),
    (
        "a right's row deleted",
        "DELETE FROM role_grant WHERE role = 'clerk'",
    ),
    (
        "a version deleted",
        "DELETE FROM document_version WHERE id = (SELECT id FROM document_version ORDER BY id DESC LIMIT 1)",
    ),
];

#[tokio::test]
async fn states_that_no_record_explains_are_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    for (attack, sql) in CHANGED {
        let copy = archive.copy().await;
        copy.sql(&[sql]).await;
        expect(&archive, &copy, attack, &["state-mismatch"]);
    }
    for (attack, sql) in DELETED {
        let copy = archive.copy().await;
        copy.sql(&[sql]).await;
        expect(&archive, &copy, attack, &["state-row-missing"]);
    }

    let copy = archive.copy().await;
    let invent = "INSERT INTO role_grant (id, version, account_id, role, granted_at) \
                  SELECT {id}, 1, account_id, 'admin', granted_at FROM role_grant WHERE role = 'clerk'";
    copy.sql(&[invent]).await;
    let attack = "a right invented without a record";
    expect(&archive, &copy, attack, &["state-row-unrecorded"]);

    let copy = archive.copy().await;
    let cite = "INSERT INTO audit_subject (entity_id, version, seq, slot, kind, root_id) \
                SELECT id, 1, 1, 9, 'role_grant', id FROM role_grant WHERE role = 'admin'";
    copy.sql(&[invent, cite]).await;
    let attack = "a right invented that cites another's record";
    let codes = ["row-mismatch", "state-row-unrecorded"];
    expect(&archive, &copy, attack, &codes);

    // A document put back to its first version, as it was then.
    let copy = archive.copy().await;
    copy.sql(&["UPDATE document SET version = 1, title = 'Bescheid 0', changed_at = created_at WHERE version = 2"])
        .await;
    expect(
        &archive,
        &copy,
        "a document put back",
        &["state-row-outdated"],
    );
}

#[tokio::test]
async fn content_that_was_swapped_or_lost_is_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };

    let copy = archive.copy().await;
    let blobs = copy.blobs();
    fs::copy(&blobs[0], &blobs[1]).expect("a swap");
    let attack = "content swapped on the disk";
    expect_with(
        &archive,
        &copy,
        attack,
        &["--blobs"],
        &["blob-digest-mismatch"],
    );
    // A look at presence alone does not see it, and says that it was no more than that.
    let verdict = copy.verify(&["--key", &archive.key]);
    assert_eq!(
        (verdict.exit, verdict.json["blobs"].as_str()),
        (0, Some("presence"))
    );

    let copy = archive.copy().await;
    fs::remove_file(&copy.blobs()[0]).expect("a blob");
    expect(&archive, &copy, "content deleted", &["blob-missing"]);
    expect_with(
        &archive,
        &copy,
        "content deleted",
        &["--blobs"],
        &["blob-missing"],
    );
}

#[tokio::test]
async fn openings_that_were_erased_or_changed_are_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let one = "(SELECT min(seq) FROM audit_private WHERE slots = 'state:0')";
    let cases: [(&str, String, &[&str]); 6] = [
        (
            "an opening erased without a record",
            format!("DELETE FROM audit_private WHERE seq = {one}"),
            &["opening-missing"],
        ),
        (
            "an opening changed",
            format!("UPDATE audit_private SET sealed = {{sealed}} WHERE seq = {one}"),
            &["opening-malformed"],
        ),
        (
            "an opening put into another slot",
            format!("UPDATE audit_private SET slots = 'state:7' WHERE seq = {one}"),
            &["opening-malformed", "opening-missing"],
        ),
        (
            "an opening added",
            "INSERT INTO audit_private SELECT seq, {nil}, 'more', sealed FROM audit_private LIMIT 1".to_owned(),
            &["opening-unrecorded"],
        ),
        (
            "a person's key destroyed without a record",
            "DELETE FROM subject_key WHERE owner_id = (SELECT id FROM account WHERE login = 'anna')".to_owned(),
            &["opening-missing"],
        ),
        (
            "a person's key damaged",
            "UPDATE subject_key SET wrapped = {wrapped} \
             WHERE owner_id = (SELECT id FROM account WHERE login = 'anna')"
                .to_owned(),
            &["opening-malformed"],
        ),
    ];
    for (attack, sql, codes) in cases {
        let copy = archive.copy().await;
        copy.sql(&[&sql]).await;
        expect(&archive, &copy, attack, codes);
    }
}

#[tokio::test]
async fn published_material_that_was_damaged_is_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let (tile, entries) = (
        format!("tile/0/000.p/{}", archive.signed),
        format!("tile/entries/000.p/{}", archive.signed),
    );
    let flip = |copy: &Copy, name: &str| {
        let mut bytes = fs::read(copy.object(name)).expect("an object");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(copy.object(name), bytes).expect("an object");
    };

    let copy = archive.copy().await;
    flip(&copy, &tile);
    expect(&archive, &copy, "a tile damaged", &["tile-mismatch"]);

    let copy = archive.copy().await;
    flip(&copy, &entries);
    expect(
        &archive,
        &copy,
        "published records damaged",
        &["entries-mismatch"],
    );

    let copy = archive.copy().await;
    fs::remove_file(copy.object(&tile)).expect("a tile");
    expect(&archive, &copy, "a tile missing", &["tile-missing"]);

    let copy = archive.copy().await;
    let note = fs::read_to_string(copy.data().join("lock/checkpoint")).expect("a lock");
    let size = format!("\n{}\n", archive.signed);
    fs::write(
        copy.data().join("lock/checkpoint"),
        note.replace(&size, "\n3\n"),
    )
    .expect("a lock");
    let verdict = copy.verify(&["--key", &archive.key]);
    assert!(
        verdict.codes.contains("checkpoint-signature-invalid"),
        "{}",
        verdict.json
    );
    assert_eq!(verdict.exit, 1);
}

#[tokio::test]
async fn rows_beside_the_records_that_were_changed_are_found() {
    let Some(archive) = AtRest::on(Engine::of_this_run()).await else {
        return;
    };
    let cases = [
        (
            "the time beside a record",
            "UPDATE audit SET ts = ts + 1 WHERE seq = 3",
        ),
        (
            "the unit of work beside a record",
            "UPDATE audit SET uow = {id} WHERE seq = 3",
        ),
        (
            "the document that a version belongs to",
            "UPDATE audit_subject SET root_id = (SELECT id FROM account ORDER BY id DESC LIMIT 1) \
             WHERE entity_id = (SELECT id FROM document_version ORDER BY id LIMIT 1)",
        ),
        (
            "the note of an older version deleted",
            "DELETE FROM audit_subject WHERE kind = 'document' AND version = 1 AND entity_id IN \
             (SELECT entity_id FROM audit_subject WHERE version = 2)",
        ),
        (
            "the note of an older version moved to another record",
            "UPDATE audit_subject SET seq = seq + 1 WHERE kind = 'document' AND version = 1 AND \
             entity_id IN (SELECT entity_id FROM audit_subject WHERE version = 2)",
        ),
        (
            "the kind of an older version",
            "UPDATE audit_subject SET kind = 'account' WHERE kind = 'document' AND version = 1 AND \
             entity_id IN (SELECT entity_id FROM audit_subject WHERE version = 2)",
        ),
        (
            "a note of what was never recorded",
            "INSERT INTO audit_subject SELECT {id}, 1, 2, 7, 'document', root_id \
             FROM audit_subject LIMIT 1",
        ),
        (
            "the time of a look",
            "UPDATE access SET ts = ts + 1 WHERE seq = 0",
        ),
    ];
    for (attack, sql) in cases {
        let copy = archive.copy().await;
        copy.sql(&[sql]).await;
        expect(&archive, &copy, attack, &["row-mismatch"]);
    }
}

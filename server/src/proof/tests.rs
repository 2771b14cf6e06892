//! What the documents say of findings, and what is found that came in before anybody looked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::check::{Checked, Code, Depth, Mode, check};
use crate::archive::Archive;
use crate::base::{Actor, ManualClock, Timestamp};
use crate::config::{Config, Sources};
use crate::departments::{self, Slug};
use crate::documents::{self, Arriving, NewDocument};
use crate::unit::Unit;

#[test]
fn every_code_of_the_check_stands_in_the_manual_with_its_meaning() {
    let manual = include_str!("../../../docs/operations.md");
    for code in Code::ALL {
        let line = format!(
            "| `{}` | {} |",
            code.name(),
            code.english().trim_end_matches('.')
        );
        assert!(manual.contains(&line), "docs/operations.md lacks: {line}");
        assert!(code.german().ends_with('.'), "{}: a sentence", code.name());
    }
}

/// The settings of an archive in this folder.
pub(super) fn settings(folder: &Path) -> Config {
    let arguments = [("data_dir", folder.display().to_string())];
    let sources = Sources {
        file: None,
        env: &BTreeMap::new(),
        arguments: &arguments,
        read: &|path: &Path| std::fs::read_to_string(path),
    };
    Config::load(&sources).expect("settings")
}

/// Files content as it was filed before anybody looked at what it is.
async fn file_unseen(archive: &Archive, bytes: &'static [u8]) {
    let system = Actor::system();
    let made = archive.db.write(&system, async move |unit: &mut Unit| {
        let slug = Slug::parse("buergerbuero").expect("a short name");
        departments::create_department(unit, slug, "Bürgerbüro".to_owned()).await
    });
    let department = made.await.expect("a department").value.id;
    let mut arriving = Arriving::begin(&archive.storage).await.expect("begun");
    let pushed = arriving.push(Bytes::from_static(bytes)).await;
    pushed.expect("taken");
    let arrived = arriving.finish("application/octet-stream".to_owned(), None);
    let content = arrived.await.expect("stored").keep(&archive.db).await;
    let content = content.expect("kept");
    let new = NewDocument {
        title: Some("Von früher".to_owned()),
        ..NewDocument::default()
    };
    let metadata = new.metadata(None, archive.db.now()).expect("metadata");
    let filed = archive.db.write(&system, async move |unit: &mut Unit| {
        documents::receive(unit, department, metadata, content).await
    });
    filed.await.expect("filed");
}

#[tokio::test]
async fn a_biometric_record_from_before_the_guard_is_found_and_withheld() {
    let folder = TempDir::new().expect("a temporary folder");
    let config = settings(folder.path());
    let now = Timestamp::parse("2026-11-25T10:00:00Z").expect("a time");
    let clock = Arc::new(ManualClock::at(now));
    let archive = Archive::open_at(&config, clock).await.expect("an archive");
    file_unseen(&archive, b"FMR\x00030\0\0\0\x01\x40 and so on").await;
    let on = Checked {
        db: archive.db.clone(),
        storage: archive.storage.clone(),
        index: None,
        lock: archive.publication.lock.clone(),
        now: archive.db.now().utc().into(),
        rights: config.rights,
        certificates: crate::signing::Ends::default(),
    };
    let found = async |depth, mode| {
        let outcome = check(&on, depth, mode).await.expect("checked");
        let (found, withheld) = (Code::BiometricFound, Code::BiometricWithheld);
        (outcome.has(found), outcome.has(withheld), outcome.open())
    };
    // Only who reads contents sees it, and only who repairs changes anything.
    assert_eq!(found(Depth::Whole, Mode::Look).await, (false, false, 0));
    for _ in 0..2 {
        assert_eq!(found(Depth::Deep, Mode::Look).await, (true, false, 1));
    }
    assert_eq!(found(Depth::Deep, Mode::Repair).await, (true, false, 0));
    for depth in [Depth::Whole, Depth::Deep] {
        assert_eq!(found(depth, Mode::Repair).await, (false, true, 1));
    }
    archive.db.close().await;
}

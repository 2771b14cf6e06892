//! Keys: the file, its refusals, rotation, wrapping, sealing.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::conformance::domain;
use crate::key_file::{KeyFile, KeyFileError};
use crate::keys::{DataKey, KeyDomain, KeyError, Kms, WrappedKey, open, seal};

const CREATED: &str = "2026-11-22T20:00:00Z";

struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    /// A key file for two domains.
    fn new() -> (Self, KeyFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.toml");
        let domains = [domain("documents"), domain("personnel")];
        let keys = KeyFile::create(&path, &domains, CREATED).expect("a key file");
        (
            Self {
                _folder: folder,
                path,
            },
            keys,
        )
    }

    /// Changes the text and tries to open it.
    fn edited(&self, edit: impl FnOnce(String) -> String) -> Result<KeyFile, KeyError> {
        let text = std::fs::read_to_string(&self.path).expect("the file can be read");
        std::fs::write(&self.path, edit(text)).expect("the file can be written");
        KeyFile::open(&self.path, &[])
    }
}

/// The value of the first line that sets `name`.
fn value(text: &str, name: &str) -> String {
    let line = text
        .lines()
        .find(|line| line.starts_with(name))
        .expect("the line is there");
    line.split('"').nth(1).expect("a quoted value").into()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}

fn refusal(opened: Result<KeyFile, KeyError>) -> KeyFileError {
    match opened.map(drop) {
        Err(KeyError::File(error)) => error,
        other => unreachable!("expected a refused file, got {other:?}"),
    }
}

#[tokio::test]
async fn a_created_file_opens_with_the_same_keys() {
    let (file, created) = File::new();
    assert_eq!(mode(&file.path), 0o600, "only the owner reads it");
    let opened = KeyFile::open(&file.path, &created.domains()).expect("it opens");
    let documents = domain("documents");
    let key = DataKey::generate().expect("a key");
    let wrapped = created.wrap(&documents, &key).await.expect("it wraps");
    let unwrapped = opened
        .unwrap(&documents, &wrapped)
        .await
        .expect("it unwraps");
    assert_eq!(unwrapped.expose(), key.expose());
    assert_eq!(opened.active_kek(&documents).expect("active"), wrapped.kek);
    let again = KeyFile::create(&file.path, &created.domains(), CREATED);
    assert!(
        matches!(refusal(again), KeyFileError::AlreadyThere { .. }),
        "never overwritten"
    );
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (file, _) = File::new();
    for bits in [0o640, 0o604, 0o660, 0o622] {
        let permissions = std::fs::Permissions::from_mode(bits);
        std::fs::set_permissions(&file.path, permissions).expect("the mode can be set");
        let refused = refusal(KeyFile::open(&file.path, &[]));
        assert!(matches!(refused, KeyFileError::Permissions { mode, .. } if mode == bits));
    }
}

#[test]
fn a_wrong_key_is_refused_by_name() {
    let (file, keys) = File::new();
    let id = keys.active_kek(&domain("documents")).expect("active");
    let refused = refusal(file.edited(|text| {
        let old = value(&text, "key =");
        let other = if old.starts_with('A') { "B" } else { "A" };
        let rest: String = old.chars().skip(1).collect();
        text.replace(&old, &format!("{other}{rest}"))
    }));
    assert!(matches!(&refused, KeyFileError::WrongKey { id: named, .. } if *named == id));
    assert!(
        refused.to_string().contains(&id),
        "the message names it: {refused}"
    );
}

#[test]
fn a_key_moved_to_another_domain_is_refused() {
    let (file, _) = File::new();
    let refused = refusal(file.edited(|text| text.replace("domain.documents", "domain.taxes")));
    assert!(matches!(refused, KeyFileError::WrongKey { domain, .. } if domain.as_str() == "taxes"));
}

#[test]
fn keys_of_another_file_never_pass_for_ours() {
    let (_file, ours) = File::new();
    let (_other, theirs) = File::new();
    let documents = domain("documents");
    let needed = [(
        documents.clone(),
        ours.active_kek(&documents).expect("active"),
    )];
    assert!(ours.check(&needed).is_ok());
    let refused = theirs.check(&needed);
    assert!(
        matches!(&refused, Err(KeyError::MissingKek { kek, .. }) if *kek == needed[0].1),
        "{refused:?}"
    );
    let refused = ours.check(&[(domain("taxes"), "k-0".into())]);
    assert!(
        matches!(refused, Err(KeyError::UnknownDomain { .. })),
        "{refused:?}"
    );
}

#[test]
fn broken_files_are_refused_each_by_its_fault() {
    type Edit = fn(String) -> String;
    type Fits = fn(&KeyFileError) -> bool;
    let table: [(&str, Edit, Fits); 8] = [
        (
            "short key",
            |text| text.replace(&value(&text, "key ="), "AAAA"),
            |error| matches!(error, KeyFileError::KeyLength { .. }),
        ),
        (
            "no base64",
            |text| text.replace(&value(&text, "key ="), "!!!"),
            |error| matches!(error, KeyFileError::KeyLength { .. }),
        ),
        (
            "duplicate id",
            |text| {
                let second = text.find("\n[[domain.personnel").expect("two domains");
                let first = text.find("\n[[domain.documents").expect("two domains");
                let entry = text.get(first..second).expect("an entry").to_owned();
                text + &entry
            },
            |error| matches!(error, KeyFileError::DuplicateId { .. }),
        ),
        (
            "no active key",
            |text| text.replacen("active = true", "active = false", 1),
            |error| matches!(error, KeyFileError::NoActiveKey { .. }),
        ),
        (
            "other format",
            |text| text.replace("format = 1", "format = 2"),
            |error| matches!(error, KeyFileError::Syntax { .. }),
        ),
        (
            "unknown setting",
            |text| text + "colour = \"red\"\n",
            |error| matches!(error, KeyFileError::Syntax { .. }),
        ),
        (
            "no toml",
            |text| text.replace("id = ", "id : "),
            |error| matches!(error, KeyFileError::Syntax { line: 6, .. }),
        ),
        (
            "empty",
            |_| String::new(),
            |error| matches!(error, KeyFileError::Syntax { .. }),
        ),
    ];
    for (what, edit, fits) in table {
        let (file, _) = File::new();
        let refused = refusal(file.edited(edit));
        assert!(fits(&refused), "{what}: {refused:?}");
    }
}

#[test]
fn a_refusal_never_shows_a_key() {
    let (file, _) = File::new();
    let text = std::fs::read_to_string(&file.path).expect("the file can be read");
    let key = value(&text, "key =");
    // The quote is lost, so the parser stumbles over the line of the key itself.
    let refused = file
        .edited(|text| text.replace(&format!("\"{key}\""), &key))
        .map(drop);
    let shown = format!("{refused:?}");
    assert!(
        matches!(refused, Err(KeyError::File(KeyFileError::Syntax { .. }))),
        "{shown}"
    );
    assert!(!shown.contains(&key), "{shown}");
}

#[test]
fn two_active_keys_are_refused() {
    let (file, _) = File::new();
    KeyFile::rotate(&file.path, &domain("documents"), CREATED).expect("it rotates");
    let refused = refusal(file.edited(|text| text.replace("active = false", "active = true")));
    assert!(matches!(refused, KeyFileError::SeveralActiveKeys { ids, .. } if ids.len() == 2));
}

#[test]
fn a_required_domain_must_be_there() {
    let (file, _) = File::new();
    let refused = KeyFile::open(&file.path, &[domain("documents"), domain("taxes")]).map(drop);
    assert!(
        matches!(refused, Err(KeyError::UnknownDomain { ref domain }) if domain.as_str() == "taxes"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn rotation_in_the_file_keeps_old_keys_until_they_are_removed() {
    let (file, keys) = File::new();
    let documents = domain("documents");
    let old = keys.active_kek(&documents).expect("active");
    let key = DataKey::generate().expect("a key");
    let wrapped = keys.wrap(&documents, &key).await.expect("it wraps");

    let new = KeyFile::rotate(&file.path, &documents, CREATED).expect("it rotates");
    assert_eq!(mode(&file.path), 0o600, "still only the owner's");
    let keys = KeyFile::open(&file.path, &[]).expect("it opens");
    assert_eq!(keys.key_ids(&documents), [old.clone(), new.clone()]);
    assert_eq!(keys.active_kek(&documents).expect("active"), new);
    let rewrapped = keys.rewrap(&documents, &wrapped).await.expect("it rewraps");
    assert_eq!(rewrapped.kek, new);

    let refused = KeyFile::remove(&file.path, &documents, &new).map(drop);
    assert!(
        matches!(refused, Err(KeyError::File(KeyFileError::ActiveKey { .. }))),
        "{refused:?}"
    );
    KeyFile::remove(&file.path, &documents, &old).expect("the old key goes");
    let keys = KeyFile::open(&file.path, &[]).expect("it opens");
    let refused = keys.unwrap(&documents, &wrapped).await.map(drop);
    assert!(
        matches!(&refused, Err(KeyError::MissingKek { kek, .. }) if *kek == old),
        "{refused:?}"
    );
    let unwrapped = keys
        .unwrap(&documents, &rewrapped)
        .await
        .expect("the new one reads");
    assert_eq!(unwrapped.expose(), key.expose());
}

#[test]
fn a_change_that_was_cut_off_stands_in_nobodys_way() {
    let (file, keys) = File::new();
    let (documents, taxes) = (domain("documents"), domain("taxes"));
    let beside = file.path.with_extension("toml.new");
    let cut_off = || std::fs::write(&beside, "half").expect("it can be written");
    let before = keys.active_kek(&documents).expect("active");

    cut_off();
    assert!(keys.add_missing(&taxes, CREATED).expect("it is added"));
    cut_off();
    KeyFile::rotate(&file.path, &documents, CREATED).expect("it rotates");
    cut_off();
    KeyFile::remove(&file.path, &documents, &before).expect("the old key goes");
    assert!(!beside.exists(), "nothing is left of it");
    assert_eq!(mode(&file.path), 0o600, "still only the owner's");
    let opened = KeyFile::open(&file.path, &[taxes]).expect("it opens");
    assert_eq!(opened.key_ids(&documents).len(), 1);

    let other = file.path.with_file_name("other.toml");
    std::fs::write(other.with_extension("toml.new"), "half").expect("it can be written");
    KeyFile::create(&other, &[documents], CREATED).expect("a key file");
    assert_eq!(mode(&other), 0o600);
}

#[tokio::test]
async fn a_domain_is_added_once_and_found_by_whoever_has_the_file_open() {
    let (file, other) = File::new();
    let taxes = domain("taxes");
    assert!(other.active_kek(&taxes).is_err());
    let open = || KeyFile::open(&file.path, &[]).expect("it opens");
    let adders: Vec<_> = (0..8).map(|_| open()).collect();
    let made = std::thread::scope(|scope| {
        let all = adders
            .iter()
            .map(|keys| scope.spawn(|| keys.add_missing(&taxes, CREATED).expect("it is added")));
        let all: Vec<_> = all.collect();
        all.into_iter()
            .map(|one| one.join().expect("it ends"))
            .filter(|made| *made)
            .count()
    });
    assert_eq!(made, 1, "one key, whoever comes first");
    let id = open().active_kek(&taxes).expect("it is in the file");
    for keys in adders.iter().chain([&other]) {
        assert_eq!(keys.active_kek(&taxes).expect("it is found"), id);
        assert_eq!(keys.key_ids(&taxes), std::slice::from_ref(&id));
    }
    let key = DataKey::generate().expect("a key");
    let wrapped = other.wrap(&taxes, &key).await.expect("it wraps");
    let unwrapped = open().unwrap(&taxes, &wrapped).await.expect("it unwraps");
    assert_eq!(unwrapped.expose(), key.expose());
    assert_eq!(mode(&file.path), 0o600, "still only the owner's");
    assert!(
        !open()
            .add_missing(&domain("documents"), CREATED)
            .expect("it is there")
    );
}

#[test]
fn what_was_read_of_a_domain_stays_as_it_was() {
    let (file, keys) = File::new();
    let documents = domain("documents");
    let before = keys.key_ids(&documents);
    KeyFile::rotate(&file.path, &documents, CREATED).expect("it rotates");
    assert!(
        keys.add_missing(&domain("taxes"), CREATED)
            .expect("it is added")
    );
    assert_eq!(
        keys.key_ids(&documents),
        before,
        "a rotation is for whoever opens it next"
    );
    let opened = KeyFile::open(&file.path, &[domain("taxes")]).expect("it opens");
    assert_eq!(opened.key_ids(&documents).len(), 2, "and is not lost");
}

#[test]
fn no_domain_is_rotated_or_added_that_cannot_be() {
    let (file, keys) = File::new();
    let refused = KeyFile::rotate(&file.path, &domain("taxes"), CREATED);
    assert!(
        matches!(refused, Err(KeyError::UnknownDomain { .. })),
        "{refused:?}"
    );
    std::fs::create_dir(file.path.with_extension("toml.new")).expect("a folder");
    let refused = keys.add_missing(&domain("taxes"), CREATED);
    assert!(
        matches!(refused, Err(KeyError::File(KeyFileError::Io { .. }))),
        "{refused:?}"
    );
    assert!(
        keys.active_kek(&domain("taxes")).is_err(),
        "a key that is in no file wraps nothing"
    );
}

#[test]
fn names_of_domains_are_checked() {
    for good in ["a", "documents", "identity-cards-2", &"x".repeat(32)] {
        assert_eq!(KeyDomain::parse(good).expect("a good name").as_str(), good);
    }
    for bad in ["", "A", "a b", "ä", "a/b", "a_b", "a\n", &"x".repeat(33)] {
        assert!(
            matches!(KeyDomain::parse(bad), Err(KeyError::DomainFormat { .. })),
            "{bad:?}"
        );
    }
}

#[test]
fn secrets_are_not_shown() {
    let key = DataKey::from_bytes([0xab; 32]);
    assert_eq!(format!("{key:?}"), "DataKey(..)");
    let (_file, keys) = File::new();
    assert!(format!("{keys:?}").contains("k-"), "ids are no secret");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_only_as_it_was(
        value in proptest::collection::vec(any::<u8>(), 0..200),
        context in proptest::collection::vec(any::<u8>(), 0..40),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let key = DataKey::generate().expect("a key");
        let sealed = seal(&key, &context, &value).expect("it seals");
        prop_assert_eq!(sealed.len(), value.len() + 28);
        prop_assert_eq!(open(&key, &context, &sealed).expect("it opens"), value);
        let mut altered = sealed.clone();
        altered[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(matches!(open(&key, &context, &altered), Err(KeyError::Sealed)));
        let cut = &sealed[..at.index(sealed.len())];
        prop_assert!(matches!(open(&key, &context, cut), Err(KeyError::Sealed)));
        let mut elsewhere = context.clone();
        elsewhere.push(0);
        prop_assert!(matches!(open(&key, &elsewhere, &sealed), Err(KeyError::Sealed)));
        let other = DataKey::generate().expect("a key");
        prop_assert!(matches!(open(&other, &context, &sealed), Err(KeyError::Sealed)));
    }
}

#[tokio::test]
async fn a_wrapped_key_is_bound_to_domain_and_wrapping_key() {
    let documents = domain("documents");
    let key = DataKey::generate().expect("a key");
    let keys = KeyFile::generate(&[documents.clone(), domain("personnel")], CREATED).expect("keys");
    let wrapped = keys.wrap(&documents, &key).await.expect("it wraps");
    let personnel = domain("personnel");
    let moved = WrappedKey {
        kek: keys.active_kek(&personnel).expect("active"),
        ..wrapped.clone()
    };
    let refused = keys.unwrap(&personnel, &moved).await.map(drop);
    assert!(
        matches!(refused, Err(KeyError::Refused { .. })),
        "{refused:?}"
    );
    for bytes in [
        Vec::new(),
        wrapped.bytes[1..].to_vec(),
        [&wrapped.bytes[..], &[0]].concat(),
    ] {
        let cut = WrappedKey {
            bytes,
            ..wrapped.clone()
        };
        let refused = keys.unwrap(&documents, &cut).await.map(drop);
        assert!(
            matches!(refused, Err(KeyError::Refused { .. })),
            "{refused:?}"
        );
    }
}

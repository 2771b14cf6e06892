//! What lies beside the key file when a rotation begins, of one that was cut off or of others: no key that somebody else
//! may have is put in force without being said, and no file is touched that is not ours.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::Path;

use super::Archive;
use super::rotating::{
    add, all_within_their_eras, back_up, beside, chain, kept, key_file, locked, logs, lying_about,
    lying_beside, publish, publish_looks, restore, turn, turn_upto,
};
use super::tests::Place;
use crate::audit::NoteSigner;
use crate::ledger::keys::KeysError;
use crate::ledger::publisher::PublishError;
use crate::ledger::rotation::{Gone, Next, OldKey, RotateError, Step, Unfit, rotate_through};

/// What may lie where a new key is made, and was given no log.
#[derive(Debug, Clone, Copy)]
enum Lying {
    /// Of a rotation that was cut off when it had made it.
    CutOff,
    /// One that nobody here has made.
    Foreign,
    /// One that had the logs, and handed them over.
    Former,
    /// A copy of the key in force.
    InForce,
    /// No key.
    Rubbish,
}

#[tokio::test]
async fn a_key_that_no_log_was_given_is_not_put_in_force() {
    for lying in [
        Lying::CutOff,
        Lying::Foreign,
        Lying::Former,
        Lying::InForce,
        Lying::Rubbish,
    ] {
        let place = Place::new();
        let archive = place.open().await.expect("an archive");
        publish(&archive).await.expect("published");
        let path = key_file(&place);
        let next = beside(&path, ".next");
        match lying {
            Lying::CutOff => drop(turn_upto(&archive, Step::Made).await),
            Lying::Foreign => {
                let own = NoteSigner::from_seed(&archive.publication.origin, &[66; 32]);
                own.save(&next).expect("saved");
            }
            Lying::Former => {
                let rotated = turn(&archive, OldKey::Kept).await.expect("rotated");
                fs::rename(&rotated.kept[0], &next).expect("moved");
            }
            Lying::InForce => {
                fs::copy(&path, &next).expect("copied");
            }
            Lying::Rubbish => fs::write(&next, "rubbish").expect("written"),
        }
        let known = NoteSigner::load(&next).ok().map(|key| key.verifier());
        // Shows what becomes of the bytes.
        let seen = path.with_file_name("seen");
        fs::hard_link(&next, &seen).expect("a link");
        let old = archive.publication.verifier();
        let before = chain(&archive).handovers().len();
        let rotated = turn(&archive, OldKey::Destroyed).await.expect("rotated");
        assert_eq!(rotated.number, before + 1, "{lying:?}");
        assert_eq!(rotated.old, old, "{lying:?}");
        assert!(!rotated.resumed && !rotated.cleared, "{lying:?}");
        let new = archive.publication.verifier();
        assert!(rotated.new == new && new != old, "{lying:?}");
        assert_ne!(known, Some(new.clone()), "{lying:?}");
        assert_eq!(archive.looks.verifier(), new.named(&archive.looks.origin));
        assert_eq!(lying_about(&place), Vec::<String>::new(), "{lying:?}");
        let left = fs::read(&seen).expect("a file");
        let overwritten = !left.is_empty() && left.iter().all(|byte| *byte == 0);
        assert!(overwritten, "{lying:?}");
        add(&archive).await;
        publish(&archive).await.expect("published");
        assert_eq!(locked(&archive).1, new, "{lying:?}");
        all_within_their_eras(&archive).await;
        archive.db.close().await;
    }
}

#[tokio::test]
async fn a_key_that_looks_were_given_gets_the_rest_and_the_next_call_makes_another() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    turn_upto(&archive, Step::LooksHandedOver).await;
    let given = NoteSigner::load(&beside(&key_file(&place), ".next")).expect("a key");
    let rotated = turn(&archive, OldKey::Destroyed).await.expect("rotated");
    assert_eq!((rotated.number, rotated.resumed), (1, true));
    assert_eq!(rotated.new, given.verifier());
    let again = turn(&archive, OldKey::Destroyed).await.expect("rotated");
    assert_eq!((again.number, again.resumed), (2, false));
    assert_eq!(again.old, given.verifier());
    assert_ne!(again.new, given.verifier());
    all_within_their_eras(&archive).await;
}

#[tokio::test]
async fn a_key_that_looks_were_given_is_not_overwritten_by_a_database_that_was_set_back() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let before = back_up(&place, "before").await;
    turn_upto(&archive, Step::LooksHandedOver).await;
    publish_looks(&archive).await;
    let newer = back_up(&place, "newer").await;
    archive.db.close().await;
    let next = beside(&key_file(&place), ".next");
    let given = NoteSigner::load(&next).expect("a key").verifier();

    restore(&place, &before);
    let archive = place.open().await.expect("changes are as they were");
    let refused = turn(&archive, OldKey::Destroyed).await;
    let refused = refused.expect_err("looks were set back");
    let RotateError::Publish { gone, source } = refused else {
        unreachable!("{refused:?}");
    };
    assert_eq!(gone, Gone::Neither);
    let unknown = matches!(*source, PublishError::HandoverUnknown { number: 1 });
    assert!(unknown, "{source:?}");
    archive.db.close().await;
    let lying = NoteSigner::load(&next).expect("a key").verifier();
    assert_eq!(lying, given);

    restore(&place, &newer);
    let archive = place.open().await.expect("an archive");
    let rotated = turn(&archive, OldKey::Destroyed).await.expect("rotated");
    assert_eq!((rotated.new, rotated.resumed), (given, true));
    all_within_their_eras(&archive).await;
}

#[tokio::test]
async fn an_old_key_that_was_left_is_done_away_with_and_then_the_keys_are_rotated() {
    for old in [OldKey::Destroyed, OldKey::Kept] {
        let place = Place::new();
        let archive = place.open().await.expect("an archive");
        publish(&archive).await.expect("published");
        let first = archive.publication.verifier();
        turn_upto(&archive, Step::Replaced).await;
        let second = archive.publication.verifier();
        assert_ne!(first, second);
        assert_eq!(lying_about(&place), ["log.key.retired"]);
        archive.db.close().await;
        // Much later somebody takes the key in force.
        place.pass(10_000);
        let again = place.open().await.expect("an archive");
        let rotated = turn(&again, old).await.expect("rotated");
        assert_eq!((rotated.number, rotated.resumed), (2, false));
        assert!(rotated.cleared);
        assert_eq!(rotated.old, second);
        assert!(rotated.new != first && rotated.new != second);
        let lying = NoteSigner::load(&key_file(&place)).expect("a key");
        assert_eq!(lying.verifier(), rotated.new);
        let keeps = match old {
            OldKey::Destroyed => Vec::new(),
            OldKey::Kept => vec![first, second],
        };
        assert_eq!(lying_about(&place).len(), keeps.len());
        assert_eq!(kept(&rotated), keeps);
        all_within_their_eras(&again).await;
        again.db.close().await;
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_a_key_is_refused_before_anything_is_handed_over() {
    for ending in ["", ".next", ".retired"] {
        let place = Place::new();
        let archive = place.open().await.expect("an archive");
        publish(&archive).await.expect("published");
        let path = key_file(&place);
        let target = path.with_file_name("elsewhere");
        fs::copy(&path, &target).expect("copied");
        let link = beside(&path, ending);
        fs::remove_file(&link).ok();
        symlink(&target, &link).expect("a link");
        let refused = turn(&archive, OldKey::Destroyed).await;
        let refused = refused.expect_err("it is a link");
        let RotateError::Unfit { path: of, what } = refused else {
            unreachable!("{refused:?}");
        };
        assert_eq!((of, what), (link, Unfit::NoFile));
        nothing_was_done(&archive, &path);
        assert!(NoteSigner::load(&target).is_ok(), "{ending}");
        add(&archive).await;
        publish(&archive).await.expect("published");
    }
}

/// Neither log was handed over, and no file was made.
fn nothing_was_done(archive: &Archive, path: &Path) {
    for to in [&archive.publication, &archive.looks] {
        assert!(to.keys.chain(&to.origin).handovers().is_empty());
    }
    for ending in [".rotating", ".making"] {
        assert!(!beside(path, ending).exists(), "{ending}");
    }
    assert!(NoteSigner::load(path).is_ok());
}

#[tokio::test]
async fn a_key_of_another_account_is_refused_before_anything_is_handed_over() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    publish(&archive).await.expect("published");
    let path = key_file(&place);
    let own = fs::metadata(&path).expect("a key").uid();
    let owner = own + 1;
    if chown(&path, Some(owner), None).is_err() {
        // Only the administrator may give files away, and only he reads what belongs to another account.
        eprintln!("skipped: a key file of another account: not the administrator");
        return;
    }
    let refused = turn(&archive, OldKey::Destroyed).await;
    let refused = refused.expect_err("it belongs to another account");
    let RotateError::Unfit { what, .. } = refused else {
        unreachable!("{refused:?}");
    };
    assert_eq!(what, Unfit::Owner { owner, own });
    nothing_was_done(&archive, &path);
    assert_eq!(lying_about(&place), Vec::<String>::new());
    chown(&path, Some(own), None).expect("given back");
    turn(&archive, OldKey::Destroyed).await.expect("rotated");
}

/// Another machine rotates, from beginning to end, while this one stands still.
fn by_another_machine(place: &Place) {
    let rotate = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let archive = place.open().await.expect("an archive");
            turn(&archive, OldKey::Destroyed).await.expect("rotated");
            archive.db.close().await;
        });
    };
    std::thread::scope(|scope| scope.spawn(rotate).join().expect("it ended"));
}

#[tokio::test]
async fn of_two_machines_at_once_one_rotates_and_the_key_of_the_other_is_never_used() {
    let place = Place::new();
    let begun = place.open().await.expect("an archive");
    publish(&begun).await.expect("published");
    begun.db.close().await;
    let path = key_file(&place);
    let folder = path.parent().expect("a folder").with_file_name("keys-2");
    fs::create_dir(&folder).expect("a folder");
    let own = folder.join("log.key");
    fs::copy(&path, &own).expect("copied");
    let mut config = place.config();
    config.log.signing_key_file.clone_from(&own);

    let second = place.open_by(&config).await.expect("an archive");
    let meanwhile = |step: Step| {
        if step == Step::Made {
            by_another_machine(&place);
        }
        Next::Go
    };
    let (db, storage, both) = (&second.db, &second.storage, logs(&second));
    let refused = rotate_through(db, storage, &both, OldKey::Destroyed, meanwhile).await;
    let refused = refused.expect_err("the other one was first");
    let RotateError::Publish { gone, source } = refused else {
        unreachable!("{refused:?}");
    };
    assert_eq!(gone, Gone::Neither);
    let retired = matches!(*source, PublishError::Keys(KeysError::Retired { .. }));
    assert!(retired, "{source:?}");
    let unused = NoteSigner::load(&beside(&own, ".next")).expect("a key");
    // Nor does it go on while it has the old key.
    let refused = turn(&second, OldKey::Destroyed).await;
    let retired = matches!(&refused, Err(RotateError::Keys(KeysError::Retired { .. })));
    assert!(retired, "{refused:?}");
    second.db.close().await;

    // The new file is brought, and years later it is this machine that rotates.
    fs::copy(&path, &own).expect("copied");
    let second = place.open_by(&config).await.expect("an archive");
    let old = second.publication.verifier();
    let rotated = turn(&second, OldKey::Destroyed).await.expect("rotated");
    assert_eq!((rotated.number, rotated.resumed), (2, false));
    assert_eq!(rotated.old, old);
    assert_ne!(rotated.new, unused.verifier());
    assert_eq!(lying_beside(&own), Vec::<String>::new());
    all_within_their_eras(&second).await;
}

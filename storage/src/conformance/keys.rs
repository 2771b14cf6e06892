//! Keys open what they are for and nothing else, and can be changed without touching a blob.

use std::sync::Arc;

use object_store::ObjectStore;

use super::{Bench, CREATED, domain, pieces};
use crate::cipher::CHUNK_BYTES;
use crate::digest::Sha256Digest;
use crate::key_file::KeyFile;
use crate::keys::{KeyError, Kms};
use crate::store::{Blob, Damage, StoreError};

pub(super) async fn keys_are_bound(bench: &Bench) {
    let one = bench.keep(b"one").await;
    let two = bench.keep(b"two").await;
    assert_ne!(one.key, two.key, "each blob has a key of its own");
    let again = bench.keep(b"one").await;
    assert_ne!(
        one.name, again.name,
        "the same content is stored under another key"
    );

    let crossed = Blob {
        key: two.key.clone(),
        ..one.clone()
    };
    let refused = bench.read(&crossed).await;
    assert!(
        matches!(
            refused,
            Err(StoreError::Damaged {
                damage: Damage::Chunk { number: 0 },
                ..
            })
        ),
        "another blob's key does not open it, instead of {refused:?}"
    );
    let moved = Blob {
        domain: domain("personnel"),
        ..one.clone()
    };
    let refused = bench.read(&moved).await;
    assert!(
        matches!(refused, Err(StoreError::Key(KeyError::MissingKek { ref domain, .. })) if *domain == moved.domain),
        "another domain has no such key, instead of {refused:?}"
    );
    let mut altered = one.clone();
    altered
        .key
        .bytes
        .iter_mut()
        .take(1)
        .for_each(|byte| *byte ^= 1);
    let refused = bench.read(&altered).await;
    assert!(
        matches!(refused, Err(StoreError::Key(KeyError::Refused { .. }))),
        "an altered wrapped key is refused, instead of {refused:?}"
    );
    let unknown = bench
        .storage
        .stage(&domain("nobody"), pieces(b"x"), 10)
        .await;
    assert!(
        matches!(
            unknown,
            Err(StoreError::Key(KeyError::UnknownDomain { .. }))
        ),
        "a domain without keys takes nothing in"
    );
    let lost = Blob {
        name: Sha256Digest([7; 32]),
        ..one
    };
    let refused = bench.read(&lost).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { name }) if name == lost.name),
        "a missing blob is named, instead of {refused:?}"
    );
}

pub(super) async fn keys_rotate(raw: Arc<dyn ObjectStore>) {
    let documents = domain("documents");
    let mut keys =
        KeyFile::generate(std::slice::from_ref(&documents), CREATED).expect("keys can be made");
    let old = keys.active_kek(&documents).expect("there is a key");
    let bench = Bench::with_keys(Arc::clone(&raw), Arc::new(keys.copy()));
    let blob = bench.keep(b"kept under the old key").await;
    assert_eq!(blob.key.kek, old, "the row names the key");
    let before = bench.stored(&blob).await;

    let new = keys
        .add_active(&documents, CREATED)
        .expect("a key can be added");
    assert_ne!(old, new, "the new key has a new id");
    let bench = Bench::with_keys(Arc::clone(&raw), Arc::new(keys.copy()));
    assert!(bench.read(&blob).await.is_ok(), "the old key still reads");
    let kms = bench.storage.kms();
    let rewrapped = kms
        .rewrap(&documents, &blob.key)
        .await
        .expect("a key can be rewrapped");
    assert_eq!(rewrapped.kek, new, "rewrapping takes the active key");
    let again = kms
        .rewrap(&documents, &rewrapped)
        .await
        .expect("twice is fine");
    assert_eq!(again, rewrapped, "what is under the active key stays");
    let fresh = Blob {
        key: rewrapped,
        ..blob.clone()
    };

    keys.take(&documents, &old).expect("the old key can go");
    let bench = Bench::with_keys(raw, Arc::new(keys));
    let read = bench.read(&fresh).await.expect("the rewrapped key reads");
    assert_eq!(read, b"kept under the old key");
    assert_eq!(
        bench.stored(&fresh).await,
        before,
        "the blob was not touched"
    );
    let refused = bench.read(&blob).await;
    assert!(
        matches!(refused, Err(StoreError::Key(KeyError::MissingKek { ref kek, .. })) if *kek == old),
        "the missing key is named, instead of {refused:?}"
    );
}

pub(super) async fn keys_follow_into_another_domain(bench: &Bench) {
    let (documents, personnel) = (domain("documents"), domain("personnel"));
    let blob = bench.keep(b"moved from one to the other").await;
    let before = bench.stored(&blob).await;
    let kms = bench.storage.kms();
    let key = kms.transfer(&documents, &personnel, &blob.key).await;
    let key = key.expect("a key can be wrapped for another domain");
    let moved = Blob {
        domain: personnel.clone(),
        key: key.clone(),
        ..blob.clone()
    };
    let read = bench.read(&moved).await.expect("it reads there");
    assert_eq!(read, b"moved from one to the other");
    assert_eq!(
        bench.stored(&moved).await,
        before,
        "the blob was not touched"
    );
    // Neither key says anything in the other domain.
    for (domain, key) in [(documents.clone(), key), (personnel, blob.key.clone())] {
        let crossed = Blob {
            domain,
            key,
            ..blob.clone()
        };
        let refused = bench.read(&crossed).await;
        assert!(
            matches!(refused, Err(StoreError::Key(KeyError::MissingKek { .. }))),
            "a key opens in its own domain only, instead of {refused:?}"
        );
    }
    let nowhere = kms.transfer(&documents, &domain("nobody"), &blob.key).await;
    assert!(
        matches!(nowhere, Err(KeyError::UnknownDomain { .. })),
        "a domain without keys takes nothing over"
    );
}

pub(super) async fn what_is_staged_may_still_go_elsewhere(bench: &Bench) {
    let personnel = domain("personnel");
    let kms = bench.storage.kms();
    // In memory, and already on its way into the store.
    for content in [super::sample(1_000), super::sample(9 * CHUNK_BYTES)] {
        let staged = bench
            .storage
            .stage(&bench.domain, pieces(&content), u64::MAX);
        let staged = staged.await.expect("content can be staged");
        let name = staged.name;
        let staged = staged.within(kms.as_ref(), &personnel).await;
        let staged = staged.expect("it goes elsewhere");
        assert_eq!(staged.domain(), &personnel);
        let blob = staged.keep().await.expect("staged content can be kept");
        assert_eq!((blob.name, &blob.domain), (name, &personnel));
        assert_eq!(bench.read(&blob).await.expect("it reads"), content);
        let crossed = Blob {
            domain: bench.domain.clone(),
            ..blob
        };
        let refused = bench.read(&crossed).await;
        assert!(
            matches!(refused, Err(StoreError::Key(KeyError::MissingKek { .. }))),
            "it never was under the first domain, instead of {refused:?}"
        );
    }
    let staged = bench.storage.stage(&bench.domain, pieces(b"x"), 10).await;
    let staged = staged.expect("content can be staged");
    let refused = staged.within(kms.as_ref(), &domain("nobody")).await;
    assert!(
        matches!(
            refused,
            Err(StoreError::Key(KeyError::UnknownDomain { .. }))
        ),
        "a domain without keys takes nothing in"
    );
}

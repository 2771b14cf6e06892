//! Damage to stored bytes is found, named, and never read as content.

use super::{Bench, sample};
use crate::cipher::{CHUNK_BYTES, HEADER, SEALED_CHUNK_BYTES};
use crate::digest::Sha256Digest;
use crate::store::{Blob, Damage, StoreError};

/// The ways a blob of two full chunks and a short one is spoilt, and what must be said of each.
fn spoilt(sound: &[u8]) -> Vec<(&'static str, Vec<u8>, Damage)> {
    let flip = |at: usize| {
        let mut bytes = sound.to_vec();
        bytes
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|byte| *byte ^= 1);
        bytes
    };
    let second = HEADER.len() + SEALED_CHUNK_BYTES;
    let third = second + SEALED_CHUNK_BYTES;
    let part = |range: std::ops::Range<usize>| sound.get(range).unwrap_or_default();
    let swapped = [
        part(0..HEADER.len()),
        part(second..third),
        part(HEADER.len()..second),
        part(third..sound.len()),
    ];
    let full = sound.len() as u64;
    let length = |found: usize| Damage::Length {
        expected: full,
        found: found as u64,
    };
    let cut = |bytes: usize| part(0..bytes).to_vec();
    let chunk = |number: u64| Damage::Chunk { number };
    vec![
        ("a bit of the header", flip(3), Damage::Header),
        ("a bit of the version", flip(10), Damage::Header),
        ("a bit of the first chunk", flip(HEADER.len() + 7), chunk(0)),
        ("a bit of a tag", flip(third - 1), chunk(1)),
        ("the last bit", flip(sound.len() - 1), chunk(2)),
        ("swapped chunks", swapped.concat(), chunk(0)),
        ("cut after a chunk", cut(third), length(third)),
        ("cut within a chunk", cut(third + 9), length(third + 9)),
        ("cut within the header", cut(5), length(5)),
        ("nothing left", Vec::new(), length(0)),
        (
            "longer by a byte",
            [sound, &[0]].concat(),
            length(sound.len() + 1),
        ),
    ]
}

pub(super) async fn damage_is_found(bench: &Bench) {
    let content = sample(2 * CHUNK_BYTES + 100);
    let blob = bench.keep(&content).await;
    let sound = bench.stored(&blob).await;
    for (what, bytes, expected) in spoilt(&sound) {
        let digest = Sha256Digest::of(&bytes);
        bench.tamper(&blob, bytes).await;
        let whole = 0..content.len() as u64;
        for refused in [
            bench.read(&blob).await,
            bench.range(&blob, whole.clone()).await,
        ] {
            assert!(
                matches!(refused, Err(StoreError::Damaged { damage, .. }) if damage == expected),
                "{what} is found when read, instead of {refused:?}"
            );
        }
        let refused = bench.storage.verify_stored(&blob.name).await;
        assert!(
            matches!(
                refused,
                Err(StoreError::Damaged { name, damage: Damage::Digest { found } })
                    if name == blob.name && found == digest
            ),
            "{what} is found without a key, instead of {refused:?}"
        );
    }
    a_cut_blob_is_said_to_be_cut(bench, blob, &sound).await;
}

async fn a_cut_blob_is_said_to_be_cut(bench: &Bench, blob: Blob, sound: &[u8]) {
    let two_chunks = HEADER.len() + 2 * SEALED_CHUNK_BYTES;
    bench
        .tamper(&blob, sound.iter().copied().take(two_chunks).collect())
        .await;
    let tail = bench
        .range(&blob, blob.content_bytes - 5..blob.content_bytes)
        .await;
    assert!(
        matches!(
            tail,
            Err(StoreError::Damaged {
                damage: Damage::Length { .. },
                ..
            })
        ),
        "a range in the lost part says that the blob is cut, instead of {tail:?}"
    );
    // A cut blob with a row that was made to fit: the mark of the last chunk gives it away.
    let shorter = Blob {
        content_bytes: 2 * CHUNK_BYTES as u64,
        ..blob
    };
    let refused = bench.read(&shorter).await;
    assert!(
        matches!(
            refused,
            Err(StoreError::Damaged {
                damage: Damage::Chunk { number: 1 },
                ..
            })
        ),
        "a cut blob fails even where the length was made to fit, instead of {refused:?}"
    );
}

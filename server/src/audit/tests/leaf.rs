use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::fixture::{Archive, draft, origin};
use crate::audit::canonical;
use crate::audit::commitment::commit;
use crate::audit::leaf::{LEAF_LINE, LeafError, format_micros};
use crate::audit::{
    BlobClaim, Commitment, Hash, Leaf, LeafDraft, LeafView, Opening, Outcome, Slot, Subject, Tag,
    Target,
};

prop_compose! {
    fn any_uuid()(bytes in any::<[u8; 16]>()) -> Uuid {
        Uuid::from_bytes(bytes)
    }
}

prop_compose! {
    fn any_subject()(
        kind in "[a-z][a-z0-9._-]{0,63}", id in any_uuid(), version in 0_u64..1 << 53,
        state in prop::option::of(any::<[u8; 32]>()), blob in prop::option::of(any::<[u8; 32]>()),
    ) -> Subject {
        let (state, blob) = (state.map(Commitment), blob.map(Commitment));
        Subject { kind: kind.into(), id, version, state, blob }
    }
}

fn any_slot() -> impl Strategy<Value = Slot> {
    prop_oneof![
        (0_u16..10_000).prop_map(Slot::State),
        (0_u16..10_000).prop_map(Slot::Blob),
        "[a-z][a-z0-9_]{0,31}".prop_map(|name| Slot::Private(name.into())),
    ]
}

prop_compose! {
    fn any_draft()(
        action in "[a-z][a-z0-9._-]{0,63}", role in "[a-z][a-z0-9._-]{0,63}",
        ids in (any_uuid(), any_uuid()), obo in prop::option::of(any_uuid()),
        dept in prop::option::of(any_uuid()), req in prop::option::of(any_uuid()), ok in any::<bool>(),
        subjects in prop::collection::vec(any_subject(), 0..5),
        private in prop::collection::btree_map("[a-z][a-z0-9_]{0,31}", any::<[u8; 32]>(), 0..4),
        targets in prop::collection::btree_set((0_u64..1 << 53, any_slot()), 0..4),
    ) -> LeafDraft {
        let outcome = if ok { Outcome::Ok } else { Outcome::Refused };
        let action = if targets.is_empty() { action } else { "privacy.erase".to_owned() };
        let mut targets: Vec<_> =
            targets.into_iter().map(|(seq, slot)| Target { seq, slot }).collect();
        targets.sort_by_key(|target| (target.seq, target.slot.to_string()));
        let private: BTreeMap<_, _> =
            private.into_iter().map(|(name, it)| (name.into(), Commitment(it))).collect();
        LeafDraft {
            action: action.into(), actor: ids.0, obo, role: role.into(), dept, outcome, req,
            uow: ids.1, subjects, private, targets,
        }
    }
}

prop_compose! {
    fn any_leaf()(
        draft in any_draft(), seq in 0_u64..1 << 53, prev in any::<[u8; 32]>(),
        ts_micros in 0_i64..253_402_300_800_000_000, clk_ms in -1_000_000_i64..1_000_000,
    ) -> Leaf {
        Leaf { seq, prev: Hash(prev), ts_micros, clk_ms, origin: origin(), draft }
    }
}

proptest! {
    #[test]
    fn a_leaf_reads_back_as_it_was_written(leaf in any_leaf()) {
        let bytes = leaf.to_bytes().expect("fits");
        prop_assert_eq!(Leaf::parse(&bytes), Ok(leaf));
        let json = bytes.strip_prefix(LEAF_LINE.as_bytes()).expect("the line");
        prop_assert_eq!(canonical::check(json), Ok(()));
    }

    #[test]
    fn whatever_is_accepted_is_written_again_byte_for_byte(
        leaf in any_leaf(), place in any::<prop::sample::Index>(), byte in 0_u8..128, kind in 0..3,
    ) {
        let mut bytes = leaf.to_bytes().expect("fits");
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = byte,
            1 => drop(bytes.remove(place)),
            _ => bytes.insert(place, byte),
        }
        if let Ok(parsed) = Leaf::parse(&bytes) {
            prop_assert_eq!(parsed.to_bytes(), Ok(bytes));
        }
    }

    #[test]
    fn times_stand_in_the_leaf_and_read_back(micros in 0_i64..253_402_300_800_000_000) {
        let text = format_micros(micros).expect("in range");
        let leaf = Leaf {
            seq: 0, prev: Hash([0; 32]), ts_micros: micros, clk_ms: 0, origin: origin(),
            draft: draft("a", 1),
        };
        let bytes = leaf.to_bytes().expect("fits");
        prop_assert!(std::str::from_utf8(&bytes).expect("text").contains(&text));
        prop_assert_eq!(LeafView::parse(&bytes).expect("valid").ts_micros, micros);
    }
}

#[test]
fn times_have_their_known_texts() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (1_795_368_600_123_456, "2026-11-22T17:30:00.123456Z"),
        (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(format_micros(micros).as_deref(), Some(text));
    }
    assert_eq!(format_micros(-1), None);
    assert_eq!(format_micros(253_402_300_800_000_000), None);
}

/// Replaces a text in a valid leaf.
#[track_caller]
fn refused(from: &str, to: &str, field: &'static str) {
    let leaf = Archive::build(30, 0).leaves.swap_remove(27);
    let text = String::from_utf8(leaf).expect("text");
    assert!(text.contains(from), "{from} is not in {text}");
    let changed = text.replacen(from, to, 1);
    assert_eq!(
        LeafView::parse(changed.as_bytes()).err(),
        Some(LeafError::Field(field)),
        "{changed}"
    );
}

#[test]
fn what_is_not_a_leaf_is_refused_with_its_field() {
    refused("papierlos.audit/v1\n", "papierlos.audit/v2\n", "domain");
    refused("{\"action\"", " {\"action\"", "action");
    refused("document.update", "Document.update", "action");
    refused("\"clk\":0", "\"clk\":-0", "clk");
    refused("\"clk\":0", "\"clk\":00", "clk");
    refused("\"clk\":0", "\"clk\":0.0", "log");
    refused("\"outcome\":\"ok\"", "\"outcome\":\"no\"", "outcome");
    refused("\"seq\":27", "\"seq\":9007199254740992", "seq");
    refused("\"seq\":27", "\"seq\":\"27\"", "seq");
    refused("\"ver\":", "\"ver\":0", "subj");
    refused("\"v\":1}", "\"v\":2}", "v");
    refused("\"v\":1}", "\"v\":1,\"x\":1}", "v");
    refused("\"v\":1}", "\"v\":1}\n", "v");
    refused(".750027Z", ".75002Z", "ts");
    refused("2026-11-22", "2026-02-30", "ts");
    refused("2026-11-22", "2026-13-22", "ts");
}

#[test]
fn a_leaf_above_the_limit_must_be_split() {
    let mut large = draft("document.update", 1);
    let subject = Subject {
        kind: "document".into(),
        id: Uuid::nil(),
        version: 1,
        state: Some(Commitment([1; 32])),
        blob: None,
    };
    large.subjects = vec![subject; 60];
    let result = large.seal(1, Hash([0; 32]), 0, 0, &origin());
    assert!(
        matches!(result, Err(LeafError::TooLarge { .. })),
        "{result:?}"
    );
}

#[test]
fn names_have_no_place_in_a_leaf() {
    let mut named = draft("document.update", 1);
    named.role = "Frau Müller".into();
    assert_eq!(
        named.seal(1, Hash([0; 32]), 0, 0, &origin()),
        Err(LeafError::Field("role"))
    );
    for bad in ["", "mit leer", "a+b", "a\"b", "a\\b", "ä"] {
        assert!(bad.parse::<crate::audit::Origin>().is_err(), "{bad}");
    }
    let mut targets = draft("document.update", 1);
    targets.targets.push(Target {
        seq: 1,
        slot: Slot::context(),
    });
    assert_eq!(
        targets.seal(1, Hash([0; 32]), 0, 0, &origin()),
        Err(LeafError::Field("targets"))
    );
}

#[test]
fn a_commitment_is_bound_to_tag_salt_length_and_bytes() {
    let base = commit(Tag::Private, &[1; 32], b"ab");
    assert_ne!(base, commit(Tag::State, &[1; 32], b"ab"));
    assert_ne!(base, commit(Tag::Private, &[2; 32], b"ab"));
    assert_ne!(base, commit(Tag::Private, &[1; 32], b"abc"));
    let fresh = || {
        Opening::new(b"ab".to_vec())
            .expect("randomness")
            .commitment(Tag::Private)
    };
    assert_ne!(fresh(), fresh());
}

#[test]
fn slots_and_claims_have_one_writing() {
    for text in ["state:0", "blob:17", "ctx", "p_1", "state", "state:9999"] {
        assert_eq!(text.parse::<Slot>().expect("a slot").to_string(), text);
    }
    for text in [
        "",
        "state:",
        "state:00",
        "state:+1",
        "state:10000",
        "Ctx",
        "ctx:1",
        "1a",
        "ä",
    ] {
        assert!(text.parse::<Slot>().is_err(), "{text}");
    }
    let claim = BlobClaim {
        content: [1; 32],
        length: 7,
        stored: [2; 32],
    };
    let bytes = claim.to_bytes();
    assert_eq!(BlobClaim::parse(&bytes), Some(claim));
    let spaced = String::from_utf8(bytes).expect("text").replace(":7", ": 7");
    assert_eq!(BlobClaim::parse(spaced.as_bytes()), None);
}

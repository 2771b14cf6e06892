use proptest::prelude::*;

use super::key::{PublicKey, Said};
use super::model::{Code, Lease, Presence, Tablet};
use crate::base::{AccountId, DepartmentId, TabletId, Timestamp};

fn tablet(leased: Option<Lease>, presence: Presence) -> Tablet {
    Tablet {
        id: TabletId::new(),
        version: 1,
        name: "Tablet 2".to_owned(),
        counter: "Schalter 2".to_owned(),
        department: DepartmentId::new(),
        key: PublicKey::of_bytes(&[4; 65]).expect("a point"),
        token_sha256: None,
        paired_at: Timestamp::of_micros(0),
        paired_by: AccountId::new(),
        revoked: None,
        leased,
        presence,
    }
}

#[test]
fn a_lease_ends_when_nothing_is_heard_of_its_clerk() {
    let at = |seconds| Timestamp::of_micros(0).plus_seconds(seconds);
    let lease = Lease {
        by: AccountId::new(),
        since: at(100),
    };
    let heard = |lease_seen| Presence {
        seen: None,
        lease_seen,
    };
    let holds = |lease_seen, now| {
        tablet(Some(lease), heard(lease_seen))
            .lease_at(now)
            .is_some()
    };
    assert!(holds(None, at(144)));
    assert!(!holds(None, at(145)));
    assert!(holds(Some(at(130)), at(174)));
    assert!(!holds(Some(at(130)), at(175)));
    // What was heard of the clerk before is nothing that was heard of this one.
    assert!(holds(Some(at(10)), at(144)));
    assert!(
        tablet(None, heard(Some(at(130))))
            .lease_at(at(131))
            .is_none()
    );
}

#[test]
fn a_signature_counts_for_one_request_only() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as CODE;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let random = ring::rand::SystemRandom::new();
    let with = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let der = EcdsaKeyPair::generate_pkcs8(with, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(with, der.as_ref(), &random).expect("a key");
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(32);
    let key = PublicKey::of_coordinates(&CODE.encode(x), &CODE.encode(y)).expect("a key");
    assert_eq!(key.bytes(), point);
    let said = Said {
        path: "/api/v1/tablet/jobs/1/refusal",
        nonce: "n",
        body: b"{}",
    };
    let signature = pair.sign(&random, &said.bytes()).expect("a signature");
    let signature = CODE.encode(signature.as_ref());
    assert!(key.has_signed(&signature, &said));
    for other in [
        Said { nonce: "m", ..said },
        Said {
            body: b"{ }",
            ..said
        },
        Said {
            path: "/api/v1/tablet/jobs/2/refusal",
            ..said
        },
    ] {
        assert!(!key.has_signed(&signature, &other), "{other:?}");
    }
    assert!(!key.has_signed("", &said));
    assert!(!key.has_signed("!", &said));
}

#[test]
fn what_is_no_key_is_none() {
    let short = "AAAA";
    let fits = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(PublicKey::of_coordinates(fits, fits).is_some());
    for (x, y) in [(short, fits), (fits, short), ("", ""), (fits, "*")] {
        assert!(PublicKey::of_coordinates(x, y).is_none(), "{x} {y}");
    }
}

#[test]
fn a_code_is_read_as_people_type_it() {
    let code = |text| Code::parse(text).map(|code| code.as_str().to_owned());
    assert_eq!(code("abcd-ef01").as_deref(), Some("ABCDEF01"));
    assert_eq!(code(" ABCD EFOI ").as_deref(), Some("ABCDEF01"));
    for wrong in ["", "ABCD", "ABCDEFGHJ", "ABCD-EFGU", "ÄBCDEFGH"] {
        assert_eq!(code(wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_code_reads_back(chance in any::<[u8; 8]>()) {
        let code = Code::of_chance(chance);
        prop_assert_eq!(Code::parse(&code.shown()), Some(code.clone()));
        prop_assert_eq!(Code::parse(&code.shown().to_lowercase()), Some(code));
    }
}

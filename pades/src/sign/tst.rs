//! What a timestamp authority is asked and what it answers, as RFC 3161 writes it.

use const_oid::ObjectIdentifier;
use der::asn1::{Int, OctetString, Uint};
use der::{Any, Enumerated, Sequence};
use spki::AlgorithmIdentifierOwned;

#[derive(Sequence, Clone, Debug, PartialEq, Eq)]
pub(super) struct MessageImprint {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) hash: OctetString,
}

#[derive(Sequence)]
pub(super) struct TimeStampReq {
    pub(super) version: u8,
    pub(super) imprint: MessageImprint,
    #[asn1(optional = "true")]
    pub(super) policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Uint>,
    #[asn1(default = "no")]
    pub(super) cert_req: bool,
}

fn no() -> bool {
    false
}

/// What an authority did with a request. Other numbers than these are not read.
#[derive(Enumerated, Clone, Copy, Debug, PartialEq, Eq)]
#[asn1(type = "INTEGER")]
#[repr(u8)]
pub(super) enum Status {
    Granted = 0,
    GrantedWithMods = 1,
    Rejection = 2,
    Waiting = 3,
    RevocationWarning = 4,
    RevocationNotification = 5,
}

#[derive(Sequence)]
pub(super) struct StatusInfo {
    pub(super) status: Status,
    #[asn1(optional = "true")]
    pub(super) text: Option<Vec<String>>,
    #[asn1(optional = "true")]
    pub(super) fail_info: Option<der::asn1::BitString>,
}

#[derive(Sequence)]
pub(super) struct TimeStampResp {
    pub(super) status: StatusInfo,
    #[asn1(optional = "true")]
    pub(super) token: Option<Any>,
}

#[derive(Sequence)]
pub(super) struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<Int>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<Int>,
}

impl Accuracy {
    /// In microseconds; what is negative counts as none, what is too large as the largest number.
    pub(super) fn in_micros(&self) -> u64 {
        let parts = [
            (&self.seconds, 1_000_000),
            (&self.millis, 1_000),
            (&self.micros, 1),
        ];
        let parts = parts
            .into_iter()
            .filter_map(|(part, unit)| Some(small(part.as_ref()?).saturating_mul(unit)));
        parts.fold(0, u64::saturating_add)
    }
}

fn small(number: &Int) -> u64 {
    let bytes = number.as_bytes();
    let is_negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    if is_negative {
        return 0;
    }
    bytes.iter().fold(0, |all: u64, byte| {
        all.checked_mul(256)
            .and_then(|all| all.checked_add(u64::from(*byte)))
            .unwrap_or(u64::MAX)
    })
}

#[derive(Sequence)]
pub(super) struct TstInfo {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) imprint: MessageImprint,
    pub(super) serial_number: Int,
    /// A `GeneralizedTime`, which may have a fraction here and nowhere else.
    pub(super) time: Any,
    #[asn1(optional = "true")]
    pub(super) accuracy: Option<Accuracy>,
    #[asn1(default = "no")]
    pub(super) ordering: bool,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Uint>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) tsa: Option<Any>,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(super) extensions: Option<Vec<Any>>,
}

//! Tablets on the wire, and how what comes in becomes a command: all faults at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::key::PublicKey;
use super::model::{Code, NAME_CHARS_MAX, New, Pairing, REASON_CHARS_MAX, Tablet};
use crate::base::{Actor, Timestamp};
use crate::codes;
use crate::http::gather::Fields;
use crate::http::{Fault, Problem, text};

/// Longest short name of a department.
const DEPARTMENT_CHARS_MAX: usize = 64;
/// Longest address of an archive.
const ORIGIN_CHARS_MAX: usize = 200;
/// Longest ticket.
const TICKET_CHARS_MAX: usize = 100;

/// The public key of a tablet, as `crypto.subtle.exportKey("jwk", …)` gives it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(super) struct TabletKey {
    /// `EC`.
    #[schema(example = "EC")]
    kty: String,
    /// `P-256`.
    #[schema(example = "P-256")]
    crv: String,
    /// The first coordinate, base64url without padding.
    #[schema(min_length = 43, max_length = 43)]
    x: String,
    /// The second one.
    #[schema(min_length = 43, max_length = 43)]
    y: String,
}

/// A tablet asks to be paired.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PairingRequest {
    /// Its public key. The private one is made on the tablet and never leaves it.
    public_key: TabletKey,
    /// Where the tablet found this archive: its code in a picture is an address there. `https://archiv.stadt.de`.
    #[serde(default)]
    #[schema(max_length = 200)]
    origin: Option<String>,
    /// The ticket from the address that the demo prints: with it the tablet is paired at once, once. Any other is
    /// as none.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub(super) ticket: Option<String>,
}

impl PairingRequest {
    pub(super) fn read(&self) -> Result<PublicKey, Problem> {
        let mut fields = Fields::new();
        let TabletKey { kty, crv, x, y } = &self.public_key;
        let known = kty == "EC" && crv == "P-256";
        let key = PublicKey::of_coordinates(x, y).filter(|_| known);
        if key.is_none() {
            let expected = text(
                "ein öffentlicher Schlüssel auf P-256 als JWK",
                "a public key on P-256 as a JWK",
            );
            fields.fault("/public_key", Fault::WrongFormat { expected });
        }
        let is_origin = |origin: &str| {
            let known = origin.starts_with("https://") || origin.starts_with("http://");
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/[]".contains(c);
            known && origin.len() <= ORIGIN_CHARS_MAX && origin.chars().all(plain)
        };
        if self
            .origin
            .as_deref()
            .is_some_and(|origin| !is_origin(origin))
        {
            let expected = text(
                "eine Adresse wie https://archiv.stadt.de",
                "an address such as https://archiv.stadt.de",
            );
            fields.fault("/origin", Fault::WrongFormat { expected });
        }
        if self
            .ticket
            .as_deref()
            .is_some_and(|ticket| ticket.len() > TICKET_CHARS_MAX)
        {
            let max = u64::try_from(TICKET_CHARS_MAX).unwrap_or(u64::MAX);
            fields.fault("/ticket", Fault::TooLong { max });
        }
        let key = fields.done(key)?;
        key.ok_or_else(|| Problem::internal("a key without a fault is there"))
    }

    /// What a picture of the code says: the page on which it is typed in, with the code; the code alone, where it is
    /// not known where that is.
    pub(super) fn in_picture(&self, pairing: &Pairing) -> String {
        let code = pairing.code.shown();
        match &self.origin {
            Some(origin) => format!("{}/#/tablets?code={code}", origin.trim_end_matches('/')),
            None => code,
        }
    }
}

/// A tablet that asks to be paired.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PairingView {
    /// Its id: with it the tablet asks what became of it.
    id: Uuid,
    /// What the tablet shows, and whoever pairs it types in.
    #[schema(example = "7K2M-Q9XD")]
    code: String,
    /// Until when.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The same as a QR code, row by row from above: `1` is dark, `0` is light. It says the address of the page on
    /// which the code is typed in. Left out where that is too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    qr: Option<Vec<String>>,
}

impl PairingView {
    pub(super) fn of(pairing: &Pairing, in_picture: &str) -> Self {
        Self {
            id: pairing.id.raw(),
            code: pairing.code.shown(),
            expires_at: pairing.expires_at.to_string(),
            qr: codes::rows(in_picture),
        }
    }
}

/// What became of a pairing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PairingOutcome {
    /// Whether it was confirmed: then the answer sets the cookie of the tablet.
    pub(super) paired: bool,
}

/// A tablet to pair.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "7K2M-Q9XD", "name": "Tablet 2", "counter": "Schalter 2",
    "department": "buergerbuero"}))]
pub(super) struct TabletRequest {
    /// The code that the tablet shows. In any case, with or without the dash.
    #[schema(min_length = 8, max_length = 20)]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// At which counter it stands.
    #[schema(min_length = 1, max_length = 100)]
    counter: String,
    /// The department whose clerks work with it: its short name or its id.
    #[schema(min_length = 1, max_length = 64)]
    department: String,
}

impl TabletRequest {
    pub(super) fn read(&self) -> Result<New, Problem> {
        let mut fields = Fields::new();
        let code = Code::parse(&self.code);
        if code.is_none() {
            let expected = text("ein Code wie 7K2M-Q9XD", "a code such as 7K2M-Q9XD");
            fields.fault("/code", Fault::WrongFormat { expected });
        }
        let name = fields.line("/name", &self.name, NAME_CHARS_MAX);
        let counter = fields.line("/counter", &self.counter, NAME_CHARS_MAX);
        let department = fields.line("/department", &self.department, DEPARTMENT_CHARS_MAX);
        let read = || {
            Some(New {
                code: code?,
                name: name?,
                counter: counter?,
                department: department?,
            })
        };
        fields
            .done(read())?
            .ok_or_else(|| Problem::internal("fields without a fault are there"))
    }
}

/// Why a tablet is revoked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Gerät verloren"}))]
pub(crate) struct TabletRevocation {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

impl TabletRevocation {
    pub(crate) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// Who works with a tablet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TabletLease {
    /// The account.
    by: Uuid,
    /// Whether that is you.
    mine: bool,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

/// That a tablet was revoked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TabletRevoked {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom.
    by: Uuid,
    /// Why.
    reason: String,
}

/// A tablet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TabletView {
    /// Its id.
    id: Uuid,
    /// Counts every change.
    version: u64,
    /// What it is called.
    name: String,
    /// At which counter it stands.
    counter: String,
    /// The department whose clerks work with it.
    department: Uuid,
    /// SHA-256 of its public key, in hexadecimal digits.
    key: String,
    /// When it was paired.
    #[schema(format = DateTime)]
    paired_at: String,
    /// By whom.
    paired_by: Uuid,
    /// When it was last heard of it, within a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    seen_at: Option<String>,
    /// Who works with it. Absent where nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lease: Option<TabletLease>,
    /// That it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoked: Option<TabletRevoked>,
}

impl TabletView {
    pub(crate) fn of(tablet: &Tablet, actor: &Actor, now: Timestamp) -> Self {
        let lease = tablet.lease_at(now).map(|lease| TabletLease {
            by: lease.by.raw(),
            mine: lease.by == actor.account,
            since: lease.since.to_string(),
        });
        let revoked = tablet.revoked.as_ref().map(|it| TabletRevoked {
            at: it.at.to_string(),
            by: it.by.raw(),
            reason: it.reason.clone(),
        });
        Self {
            id: tablet.id.raw(),
            version: tablet.version,
            name: tablet.name.clone(),
            counter: tablet.counter.clone(),
            department: tablet.department.raw(),
            key: tablet.key_thumbprint(),
            paired_at: tablet.paired_at.to_string(),
            paired_by: tablet.paired_by.raw(),
            seen_at: tablet.presence.seen.map(|at| at.to_string()),
            lease,
            revoked,
        }
    }
}

/// The tablets that you may work with or pair.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TabletList {
    /// By name, those that were revoked last.
    pub(super) items: Vec<TabletView>,
}

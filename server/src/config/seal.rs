//! The seal of the house, and what is signed at its counters, as settings name them.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use super::network::{Network, Ports};
use super::read::Reader;

const DAY: u64 = 86_400;

/// The seal of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Where its key is.
    pub key: SealKey,
    /// The PEM with its certificates, that of the key first.
    pub certificates: PathBuf,
    /// What the seal is called in a document; empty: what its certificate says.
    pub name: String,
    /// Who says when it was put on, where anybody does.
    pub tsa: Option<String>,
    /// How long that one is waited for, and whoever is asked about certificates.
    pub patience: Duration,
    /// How far seals are raised.
    pub level: SealLevel,
    /// How long before the end of its certificate an archive timestamp gets another one behind it.
    pub renew_before: Duration,
    /// Networks that are not public and may be asked about certificates all the same.
    pub allow_private: Vec<Network>,
    /// Ports at which those who are asked about certificates may listen.
    pub ports: Vec<Ports>,
}

/// How far seals are raised (PAdES).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealLevel {
    /// B-B: they are put on.
    Basic,
    /// B-T: with a timestamp, where an authority is named.
    Timestamped,
    /// B-LT: with the data by which they are checked in years to come.
    LongTerm,
    /// B-LTA: with a timestamp over all of that, which is renewed.
    Archived,
}

/// Where the key of the seal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealKey {
    /// In PEM, for demonstrations and tests.
    Pem(PathBuf),
    /// In a PKCS #11 module.
    Module {
        /// The library of the module.
        module: PathBuf,
        /// The label of the token.
        token: String,
        /// The label of the key.
        label: String,
        /// The PIN.
        pin: Secret,
    },
    /// With a service elsewhere.
    Remote {
        /// Where it is asked: what its paths are added to.
        url: String,
        /// By which name it knows the key.
        credential: String,
        /// What shows that the house asks.
        token: Secret,
        /// How long it is waited for.
        patience: Duration,
    },
}

/// What is signed at the counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// How long a document is shown at most.
    pub time_max: Duration,
    /// The certificate of whom strokes are sealed to; none: no strokes are kept.
    pub notary_certificate: Option<PathBuf>,
    /// How long before its end a certificate of the seal or of the notary is warned of.
    pub warn_before: Duration,
}

fn some(text: String) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

pub(super) fn read(reader: &mut Reader) -> Option<Seal> {
    let key = read_key(reader);
    let certificates = some(reader.text("seal.certificates"));
    let name = reader.text("seal.name");
    let tsa = Some(reader.text("seal.tsa")).filter(|url| !url.is_empty());
    let patience = Duration::from_secs(reader.number("seal.tsa_seconds_max"));
    let level = match reader.text("seal.level").as_str() {
        "b-b" => SealLevel::Basic,
        "b-lt" => SealLevel::LongTerm,
        "b-lta" => SealLevel::Archived,
        _ => SealLevel::Timestamped,
    };
    let renew_before = Duration::from_secs(reader.number("seal.renew_before_days") * DAY);
    let allow_private = reader.networks("seal.allow_private");
    let ports = reader.ports("seal.ports");
    let key = key?;
    if tsa.is_none() && matches!(level, SealLevel::LongTerm | SealLevel::Archived) {
        reader.missing("seal.tsa", "seal.level");
    }
    let Some(certificates) = certificates else {
        reader.missing(
            "seal.certificates",
            "seal.key, seal.module oder seal.remote",
        );
        return None;
    };
    Some(Seal {
        key,
        certificates,
        name,
        tsa,
        patience,
        level,
        renew_before,
        allow_private,
        ports,
    })
}

/// Where the key is, in one place only.
fn read_key(reader: &mut Reader) -> Option<SealKey> {
    let key = some(reader.text("seal.key"));
    let module = some(reader.text("seal.module"));
    let (token, label) = (reader.text("seal.token"), reader.text("seal.key_label"));
    let pin = reader.secret("seal.pin");
    let remote = read_remote(reader);
    match (key, module, remote) {
        (None, None, remote) => remote,
        (Some(key), None, None) => Some(SealKey::Pem(key)),
        (None, Some(module), None) => {
            if token.is_empty() {
                reader.missing("seal.token", "seal.module");
            }
            if label.is_empty() {
                reader.missing("seal.key_label", "seal.module");
            }
            Some(SealKey::Module {
                module,
                token,
                label,
                pin,
            })
        }
        (Some(_), Some(module), _) => {
            let module = module.display().to_string();
            reader.refuse("seal.module", &module, "nichts, wo seal.key gesetzt ist");
            None
        }
        (_, _, Some(_)) => {
            let url = reader.text("seal.remote");
            let allowed = "nichts, wo seal.key oder seal.module gesetzt ist";
            reader.refuse("seal.remote", &url, allowed);
            None
        }
    }
}

/// A service elsewhere. What is sealed there goes by TLS, but for one on this machine.
fn read_remote(reader: &mut Reader) -> Option<SealKey> {
    let url = reader.text("seal.remote");
    let credential = reader.text("seal.remote_credential");
    let token = reader.secret("seal.remote_token");
    let patience = Duration::from_secs(reader.number("seal.remote_seconds_max"));
    if url.is_empty() {
        return None;
    }
    let is_here = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"];
    let is_safe = url.starts_with("https://") || is_here.iter().any(|start| url.starts_with(start));
    // A name before the host would hide which host it is.
    if !is_safe || url.contains('@') {
        let allowed = "eine Adresse, die mit https:// beginnt (http:// nur auf diesem Rechner)";
        reader.refuse("seal.remote", &url, allowed);
    }
    if credential.is_empty() {
        reader.missing("seal.remote_credential", "seal.remote");
    }
    if token.is_empty() {
        reader.missing("seal.remote_token", "seal.remote");
    }
    Some(SealKey::Remote {
        url: url.trim_end_matches('/').to_owned(),
        credential,
        token,
        patience,
    })
}

pub(super) fn read_signing(reader: &mut Reader) -> Signing {
    Signing {
        time_max: Duration::from_secs(reader.number("signing.job_seconds_max")),
        notary_certificate: some(reader.text("signing.notary_certificate")),
        warn_before: Duration::from_secs(reader.number("signing.warn_days") * DAY),
    }
}

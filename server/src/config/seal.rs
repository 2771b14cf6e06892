//! The seal of the house, and what is signed at its counters, as settings name them.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use super::read::Reader;

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
    /// How long that one is waited for.
    pub patience: Duration,
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
}

/// What is signed at the counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// How long a document is shown at most.
    pub time_max: Duration,
    /// The certificate of whom strokes are sealed to; none: no strokes are kept.
    pub notary_certificate: Option<PathBuf>,
}

fn some(text: String) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

pub(super) fn read(reader: &mut Reader) -> Option<Seal> {
    let key = some(reader.text("seal.key"));
    let module = some(reader.text("seal.module"));
    let certificates = some(reader.text("seal.certificates"));
    let (token, label) = (reader.text("seal.token"), reader.text("seal.key_label"));
    let pin = reader.secret("seal.pin");
    let name = reader.text("seal.name");
    let tsa = Some(reader.text("seal.tsa")).filter(|url| !url.is_empty());
    let patience = Duration::from_secs(reader.number("seal.tsa_seconds_max"));
    let key = match (key, module) {
        (None, None) => return None,
        (Some(key), None) => SealKey::Pem(key),
        (None, Some(module)) => {
            if token.is_empty() {
                reader.missing("seal.token", "seal.module");
            }
            if label.is_empty() {
                reader.missing("seal.key_label", "seal.module");
            }
            SealKey::Module {
                module,
                token,
                label,
                pin,
            }
        }
        (Some(_), Some(module)) => {
            let module = module.display().to_string();
            reader.refuse("seal.module", &module, "nichts, wo seal.key gesetzt ist");
            return None;
        }
    };
    let Some(certificates) = certificates else {
        reader.missing("seal.certificates", "seal.key oder seal.module");
        return None;
    };
    Some(Seal {
        key,
        certificates,
        name,
        tsa,
        patience,
    })
}

pub(super) fn read_signing(reader: &mut Reader) -> Signing {
    Signing {
        time_max: Duration::from_secs(reader.number("signing.job_seconds_max")),
        notary_certificate: some(reader.text("signing.notary_certificate")),
    }
}

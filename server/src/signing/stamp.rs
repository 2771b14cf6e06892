//! What puts a signature and the seal of the house on a document: the key, by the settings.
//!
//! Invariant: what was shown is an exact prefix of what is sealed.

use std::path::Path;
use std::time::Duration;

use pades::sign::{
    Appearance, At, Chain, ChainError, FieldName, Instant, Kind, ModuleKey, NewField, Pdf,
    PemSigner, Pkcs11Signer, Place, PrepareError, Prepared, RESERVE_BYTES, Rect, Request, Signer,
    SignerError, Statement,
};
use pades::strokes::{Bound, Recipient, Strokes, StrokesSealError};
use thiserror::Error;
use zeroize::Zeroizing;

use super::model::{SigningError, Spot};
use crate::base::Timestamp;
use crate::config::{Seal, SealKey, Signing};

/// What a field is called that is made for a signature.
const FIELD: &str = "Unterschrift";
/// Why the seal is on a document, as it says itself.
const REASON: &str = "Handschriftliche elektronische Unterschrift am Schalter";
/// The same, where a program reads it to people.
const DESCRIPTION: &str = "Handschriftliche elektronische Unterschrift";

/// Why there is no seal, though the settings name one.
#[derive(Debug, Error)]
pub enum StampError {
    /// Something cannot be read.
    #[error("{setting}: {path} cannot be read")]
    Read {
        /// Which setting names it.
        setting: &'static str,
        /// What.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("seal.certificates: the certificates cannot be used")]
    Chain(#[from] ChainError),
    /// The key cannot be used.
    #[error("seal: the key cannot be used")]
    Key(#[from] SignerError),
    /// The certificate of the notary cannot be used.
    #[error("signing.notary_certificate: the certificate cannot be used")]
    Notary(#[from] StrokesSealError),
}

type AnySigner = Box<dyn Signer + Send + Sync>;

/// The seal of the house, the notary, and how long a document is shown.
pub struct Stamp {
    signer: Option<AnySigner>,
    name: String,
    recipient: Option<(Recipient, [u8; 32])>,
    time_max: Duration,
    tsa: Option<(String, Duration)>,
}

impl std::fmt::Debug for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stamp")
            .field("name", &self.name)
            .field("has_key", &self.signer.is_some())
            .finish_non_exhaustive()
    }
}

async fn bytes_of(setting: &'static str, path: &Path) -> Result<Vec<u8>, StampError> {
    let read = tokio::fs::read(path).await;
    read.map_err(|source| StampError::Read {
        setting,
        path: path.display().to_string(),
        source,
    })
}

async fn signer_of(seal: &Seal) -> Result<AnySigner, StampError> {
    let chain = bytes_of("seal.certificates", &seal.certificates).await?;
    let chain = Chain::from_pem(&chain)?;
    let signer: AnySigner = match &seal.key {
        SealKey::Pem(path) => {
            let key = Zeroizing::new(bytes_of("seal.key", path).await?);
            Box::new(PemSigner::new(&key, chain)?)
        }
        SealKey::Module {
            module,
            token,
            label,
            pin,
        } => {
            let place = ModuleKey {
                module: module.clone(),
                token_label: token.clone(),
                key_label: label.clone(),
            };
            let pin = Zeroizing::new(pin.expose().to_owned());
            Box::new(Pkcs11Signer::open(place, pin, chain)?)
        }
    };
    Ok(signer)
}

impl Stamp {
    /// By the settings; without a key nothing is signed, and the rest works.
    ///
    /// # Errors
    /// [`StampError`].
    pub async fn open(seal: Option<&Seal>, signing: &Signing) -> Result<Self, StampError> {
        let signer = match seal {
            Some(seal) => Some(signer_of(seal).await?),
            None => None,
        };
        let recipient = match &signing.notary_certificate {
            Some(path) => {
                let pem = bytes_of("signing.notary_certificate", path).await?;
                let recipient = Recipient::from_pem(&pem)?;
                let sha256 = recipient.certificate_sha256()?;
                Some((recipient, sha256))
            }
            None => None,
        };
        let said = seal.map(|seal| seal.name.clone()).unwrap_or_default();
        let of_certificate = || signer.as_ref().map(|signer| signer.chain().name());
        let name = if said.is_empty() {
            of_certificate().unwrap_or_default()
        } else {
            said
        };
        let tsa = seal.and_then(|seal| Some((seal.tsa.clone()?, seal.patience)));
        Ok(Self {
            signer,
            name,
            recipient,
            time_max: signing.time_max,
            tsa,
        })
    }

    /// Whether anything can be signed here.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.signer.is_some()
    }

    /// How long a document is shown at most, in seconds.
    pub(super) fn seconds_max(&self) -> i64 {
        i64::try_from(self.time_max.as_secs()).unwrap_or(i64::MAX)
    }

    /// The timestamp authority, and how long it is waited for.
    #[must_use]
    pub fn tsa(&self) -> Option<(&str, Duration)> {
        let (url, patience) = self.tsa.as_ref()?;
        Some((url.as_str(), *patience))
    }

    /// Refuses what cannot be signed there, before anybody is asked to. It takes a while: not for a thread that
    /// serves others.
    pub(super) fn try_on(&self, content: Vec<u8>, spot: &Spot) -> Result<(), SigningError> {
        let pdf = Pdf::open(content).map_err(|error| SigningError::Unfit(error.into()))?;
        self.prepare(&pdf, spot, (Appearance::Nothing, None))?;
        Ok(())
    }

    fn prepare(
        &self,
        pdf: &Pdf,
        spot: &Spot,
        (appearance, time): (Appearance<'_>, Option<Instant>),
    ) -> Result<(Prepared, String), SigningError> {
        let field;
        let (at, name) = match spot {
            Spot::Field(name) => (At::Existing(name), name.clone()),
            Spot::On {
                page,
                left,
                bottom,
                width,
                height,
            } => {
                let name =
                    FieldName::new(FIELD).map_err(|error| SigningError::Seal(error.into()))?;
                let name = name.free_in(pdf);
                let known = name.as_str().to_owned();
                field = NewField {
                    name,
                    place: Place::On {
                        page: usize::try_from(*page).unwrap_or(usize::MAX),
                        rect: Rect {
                            left: *left,
                            bottom: *bottom,
                            width: *width,
                            height: *height,
                        },
                    },
                    description: DESCRIPTION.to_owned(),
                };
                (At::New(&field), known)
            }
        };
        let statement = Statement {
            time,
            name: Some(self.name.clone()).filter(|name| !name.is_empty()),
            reason: Some(REASON.to_owned()),
            location: None,
            contact: None,
        };
        let request = Request {
            at,
            kind: Kind::Signature,
            appearance,
            statement: &statement,
            reserve_bytes: RESERVE_BYTES,
        };
        let prepared = Prepared::new(pdf, &request).map_err(refusal)?;
        Ok((prepared, name))
    }

    /// Puts the strokes and the seal on a document. It takes a while: not for a thread that serves others.
    pub(super) fn put_on(
        &self,
        content: Vec<u8>,
        spot: &Spot,
        (strokes, now): (&Strokes, Timestamp),
    ) -> Result<Stamped, SigningError> {
        let signer = self.signer.as_ref().ok_or(SigningError::NoSeal)?;
        let pdf = Pdf::open(content).map_err(|error| SigningError::Unfit(error.into()))?;
        let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or_default();
        let time = Some(Instant::from_unix_seconds(seconds));
        let look = (Appearance::Strokes(strokes), time);
        let (prepared, field) = self.prepare(&pdf, spot, look)?;
        let cms = pades::sign::sign(&prepared, signer.as_ref())
            .map_err(|error| SigningError::Seal(error.into()))?;
        let signed = prepared
            .complete(&cms)
            .map_err(|error| SigningError::Seal(error.into()))?;
        if !signed.bytes().starts_with(pdf.bytes()) {
            let why = "what was shown is no prefix of what was sealed";
            return Err(SigningError::Seal(why.into()));
        }
        Ok(Stamped {
            content: signed.into_bytes(),
            field,
        })
    }

    /// The strokes as only the notary opens them, with the digest of his certificate; nothing where there is
    /// none.
    pub(super) fn seal_strokes(
        &self,
        document_sha256: [u8; 32],
        strokes: Strokes,
    ) -> Result<Option<(Vec<u8>, [u8; 32])>, SigningError> {
        let Some((recipient, certificate)) = &self.recipient else {
            return Ok(None);
        };
        let bound = Bound {
            document_sha256,
            strokes,
        };
        let sealed = recipient
            .seal(&bound)
            .map_err(|error| SigningError::Seal(error.into()))?;
        Ok(Some((sealed.der, *certificate)))
    }
}

fn refusal(error: PrepareError) -> SigningError {
    let of_the_place = matches!(
        error,
        PrepareError::NoSuchPage { .. }
            | PrepareError::OutsidePage { .. }
            | PrepareError::NoSuchField { .. }
            | PrepareError::FieldSigned { .. }
            | PrepareError::FieldLocked { .. }
            | PrepareError::FieldRules { .. }
    );
    if of_the_place {
        SigningError::NoPlace(error.into())
    } else {
        SigningError::Unfit(error.into())
    }
}

/// A document with a signature and the seal on it.
#[derive(Debug)]
pub(super) struct Stamped {
    /// Its content.
    pub(super) content: Vec<u8>,
    /// The field in which the signature stands.
    pub(super) field: String,
}

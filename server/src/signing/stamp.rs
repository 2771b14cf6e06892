//! What puts a signature and the seal of the house on a document: the key, by the settings.
//!
//! Invariant: what was shown is an exact prefix of what is sealed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pades::sign::{
    Chain, ChainError, CmsError, Dtbs, ModuleKey, PemSigner, Pkcs11Signer, SignerError,
};
use pades::strokes::{Bound, Recipient, Strokes, StrokesSealError};
use thiserror::Error;
use zeroize::Zeroizing;

use super::apart::{self, Ready};
use super::ends::Ends;
use super::house::SealPlace;
use super::key::{Here, Remote, SealingKey};
use super::model::{Level, SigningError, Spot};
use super::outside::Reach;
use crate::base::Timestamp;
use crate::config::{Seal, SealKey, Signing};

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

type AnyKey = Box<dyn SealingKey>;

/// The seal of the house, the notary, and how long a document is shown.
pub struct Stamp {
    key: Option<AnyKey>,
    name: String,
    recipient: Option<(Recipient, [u8; 32])>,
    time_max: Duration,
    tsa: Option<(String, Duration)>,
    level: Level,
    renew_before: Duration,
    reach: Option<Arc<Reach>>,
    ends: Ends,
}

impl std::fmt::Debug for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stamp")
            .field("name", &self.name)
            .field("has_key", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

pub(super) async fn bytes_of(setting: &'static str, path: &Path) -> Result<Vec<u8>, StampError> {
    let read = tokio::fs::read(path).await;
    read.map_err(|source| StampError::Read {
        setting,
        path: path.display().to_string(),
        source,
    })
}

async fn key_of(seal: &Seal) -> Result<AnyKey, StampError> {
    let chain = bytes_of("seal.certificates", &seal.certificates).await?;
    let chain = Chain::from_pem(&chain)?;
    let key: AnyKey = match &seal.key {
        SealKey::Pem(path) => {
            let key = Zeroizing::new(bytes_of("seal.key", path).await?);
            Box::new(Here(Arc::new(PemSigner::new(&key, chain)?)))
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
            Box::new(Here(Arc::new(Pkcs11Signer::open(place, pin, chain)?)))
        }
        SealKey::Remote {
            url,
            credential,
            token,
            patience,
        } => Box::new(Remote {
            url: url.clone(),
            credential: credential.clone(),
            token: token.clone(),
            patience: *patience,
            chain,
        }),
    };
    Ok(key)
}

/// Strokes as only the notary opens them, and SHA-256 of his certificate.
type SealedStrokes = (Vec<u8>, [u8; 32]);

impl Stamp {
    /// By the settings; without a key nothing is signed, and the rest works.
    ///
    /// # Errors
    /// [`StampError`].
    pub async fn open(seal: Option<&Seal>, signing: &Signing) -> Result<Self, StampError> {
        let key = match seal {
            Some(seal) => Some(key_of(seal).await?),
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
        let of_certificate = || key.as_ref().map(|key| key.chain().name());
        let name = if said.is_empty() {
            of_certificate().unwrap_or_default()
        } else {
            said
        };
        let ends = Ends::read(seal, signing).await?;
        let tsa = seal.and_then(|seal| Some((seal.tsa.clone()?, seal.patience)));
        Ok(Self {
            key,
            name,
            recipient,
            time_max: signing.time_max,
            tsa,
            level: seal.map_or(Level::Basic, |seal| Level::from(seal.level)),
            renew_before: seal.map(|seal| seal.renew_before).unwrap_or_default(),
            reach: seal.map(|seal| Arc::new(Reach::of(seal))),
            ends,
        })
    }

    /// Whether anything can be signed here.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.key.is_some()
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

    /// How far seals are raised: no further than they are put on, where there is no authority.
    pub(super) fn level(&self) -> Level {
        match self.tsa {
            Some(_) => self.level,
            None => Level::Basic,
        }
    }

    /// How long before its end an archive timestamp gets another one, in seconds.
    pub(super) fn renew_seconds(&self) -> i64 {
        i64::try_from(self.renew_before.as_secs()).unwrap_or(i64::MAX)
    }

    /// Until when certificates hold.
    #[must_use]
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// Which addresses that certificates name may be asked.
    pub(super) fn reach(&self) -> Option<&Arc<Reach>> {
        self.reach.as_ref()
    }

    /// Refuses what cannot be signed there, before anybody is asked to.
    pub(super) async fn try_on(&self, content: &[u8], spot: &Spot) -> Result<(), SigningError> {
        apart::prepare(content, spot, &self.name, None).await?;
        Ok(())
    }

    /// Everything is put into a document but the signature itself.
    pub(super) async fn prepare(
        &self,
        content: &[u8],
        spot: &Spot,
        (strokes, now): (&Strokes, Timestamp),
    ) -> Result<Ready, SigningError> {
        let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or_default();
        apart::prepare(content, spot, &self.name, Some((strokes, seconds))).await
    }

    /// Puts the seal into its place.
    pub(super) async fn put_on(&self, ready: Ready) -> Result<Stamped, SigningError> {
        let key = self.key.as_ref().ok_or(SigningError::NoSeal)?;
        let failed = |error: CmsError| SigningError::Seal(error.into());
        let chain = key.chain();
        let with = chain.algorithm().digest();
        // Off the thread that serves others.
        let done = tokio::task::spawn_blocking(move || {
            let digest = with.of(&[ready.before.as_slice(), ready.behind.as_slice()]);
            (ready, digest)
        });
        let (ready, digest) = done.await.map_err(|gone| SigningError::Seal(gone.into()))?;
        let dtbs = Dtbs::new(chain, &digest).map_err(failed)?;
        let signature = key.sign(&dtbs).await;
        let signature = signature.map_err(|error| SigningError::Seal(error.into()))?;
        // Only what the key of the certificate has signed goes any further.
        let cms = dtbs.complete(&signature).map_err(failed)?;
        let place = filled(cms.der(), ready.gap)?;
        Ok(Stamped {
            gap: (ready.before.len(), ready.gap),
            content: [ready.before, place, ready.behind].concat(),
            field: ready.field,
        })
    }

    /// The strokes as only the notary opens them, with the digest of his certificate; nothing where there is
    /// none.
    pub(super) fn seal_strokes(
        &self,
        document_sha256: [u8; 32],
        strokes: Strokes,
    ) -> Result<Option<SealedStrokes>, SigningError> {
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

/// Puts the seal of the house on a PDF, without anybody's strokes: what was there stays to the byte. Says where it stands,
/// for whoever raises it later.
///
/// # Errors
/// [`SigningError::NoSeal`] where the house has none, [`SigningError::Unfit`] where the PDF takes none.
pub async fn seal(
    stamp: &Arc<Stamp>,
    content: &[u8],
    now: Timestamp,
) -> Result<(Vec<u8>, SealPlace), SigningError> {
    if !stamp.has_key() {
        return Err(SigningError::NoSeal);
    }
    let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or_default();
    let ready = apart::prepare_seal(content, &stamp.name, seconds).await?;
    let stamped = stamp.put_on(ready).await?;
    apart::check(&stamped.content, &stamped.field).await?;
    let place = SealPlace::of(&stamped);
    Ok((stamped.content, place))
}

/// A container in its place: in digits, with zeros behind it, between brackets.
pub(super) fn filled(der: &[u8], gap: usize) -> Result<Vec<u8>, SigningError> {
    let digits = hex::encode(der).into_bytes();
    if digits.len() + 2 > gap {
        return Err(SigningError::Seal("the place is too small".into()));
    }
    let mut place = vec![b'<'];
    place.extend(digits);
    place.resize(gap - 1, b'0');
    place.push(b'>');
    Ok(place)
}

/// A document with a signature and the seal on it.
#[derive(Debug)]
pub(super) struct Stamped {
    /// Its content.
    pub(super) content: Vec<u8>,
    /// The field in which the signature stands.
    pub(super) field: String,
    /// Where the container stands in it, with its brackets: from which byte on, and how many.
    pub(super) gap: (usize, usize),
}

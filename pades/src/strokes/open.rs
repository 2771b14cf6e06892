//! The other end: whoever has the private key opens what was sealed. Never where it was sealed.

use aes_kw::{KeyInit as _, KwAes256};
use cms::authenveloped_data::AuthEnvelopedData;
use cms::content_info::ContentInfo;
use cms::enveloped_data::{KeyAgreeRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo};
use const_oid::db::rfc5911::{ID_AES_256_GCM, ID_AES_256_WRAP, ID_CT_AUTH_ENVELOPED_DATA};
use der::asn1::OctetString;
use der::{Decode as _, Encode as _};
use elliptic_curve::ecdh::diffie_hellman;
use elliptic_curve::pkcs8::DecodePrivateKey as _;
use ring::aead;
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::model::StrokesError;
use super::seal::{Bound, Curve, GcmParameters, KEY_BYTES, SharedInfo, derive};

/// Most bytes of a container: a record twice, and what stands around it.
pub const SEALED_BYTES_MAX: usize = 2 << 20;
/// How long the authentication of the content is.
const TAG_BYTES: usize = 16;

/// Why sealed strokes cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StrokesOpenError {
    /// The private key is none in PEM (PKCS #8, not encrypted) on P-256 or P-384.
    #[error("the key is none in PEM (PKCS #8, not encrypted) on P-256 or P-384")]
    Key,
    /// It is no container as strokes are sealed in.
    #[error("these are no sealed strokes")]
    Container,
    /// It is sealed to another key, or a byte of it is another one.
    #[error("the key does not open it: it is sealed to another one, or was changed")]
    Locked,
    /// What is inside are no strokes.
    #[error("what is inside are no strokes")]
    Inside(#[source] StrokesError),
}

/// A private key that opens what was sealed to its certificate.
pub struct Opener(Private);

enum Private {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opener").finish_non_exhaustive()
    }
}

impl Opener {
    /// By a key in PEM (PKCS #8, not encrypted) on P-256 or P-384.
    ///
    /// # Errors
    ///
    /// [`StrokesOpenError::Key`].
    pub fn from_pem(pem: &str) -> Result<Self, StrokesOpenError> {
        if let Ok(key) = p256::SecretKey::from_pkcs8_pem(pem) {
            return Ok(Self(Private::P256(key)));
        }
        let key = p384::SecretKey::from_pkcs8_pem(pem);
        key.map(|key| Self(Private::P384(key)))
            .map_err(|_unread| StrokesOpenError::Key)
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    ///
    /// [`StrokesOpenError`].
    pub fn open(&self, der: &[u8]) -> Result<Bound, StrokesOpenError> {
        if der.len() > SEALED_BYTES_MAX {
            return Err(StrokesOpenError::Container);
        }
        let enveloped = read(der).ok_or(StrokesOpenError::Container)?;
        let content = enveloped.auth_encrypted_content_info;
        let algorithm = content.content_enc_alg;
        let gcm = algorithm
            .parameters
            .filter(|_| algorithm.oid == ID_AES_256_GCM);
        let gcm = gcm.and_then(|it| it.decode_as::<GcmParameters>().ok());
        let gcm = gcm.filter(|gcm| usize::from(gcm.tag_bytes) == TAG_BYTES);
        let (Some(gcm), Some(content)) = (gcm, content.encrypted_content) else {
            return Err(StrokesOpenError::Container);
        };
        let nonce = aead::Nonce::try_assume_unique_for_key(gcm.nonce.as_bytes())
            .map_err(|_length| StrokesOpenError::Container)?;
        let recipients = enveloped.recip_infos.0.iter().filter_map(|one| match one {
            RecipientInfo::Kari(one) => Some(one),
            RecipientInfo::Ktri(_)
            | RecipientInfo::Kekri(_)
            | RecipientInfo::Pwri(_)
            | RecipientInfo::Ori(_) => None,
        });
        let mut keys = recipients.filter_map(|one| self.unwrap(one));
        let key = keys.next().ok_or(StrokesOpenError::Locked)?;
        let locked = |_unspecified| StrokesOpenError::Locked;
        let cipher = aead::UnboundKey::new(&aead::AES_256_GCM, &*key).map_err(locked)?;
        let sealed = [content.as_bytes(), enveloped.mac.as_bytes()].concat();
        let mut sealed = Zeroizing::new(sealed);
        let opened = aead::LessSafeKey::new(cipher)
            .open_in_place(nonce, aead::Aad::empty(), &mut sealed)
            .map_err(locked)?;
        Bound::parse(opened).map_err(StrokesOpenError::Inside)
    }

    /// The key of the content, where it was wrapped for this one.
    fn unwrap(&self, recipient: &KeyAgreeRecipientInfo) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let OriginatorIdentifierOrKey::OriginatorKey(theirs) = &recipient.originator else {
            return None;
        };
        let theirs = theirs.public_key.as_bytes()?;
        let (curve, shared) = match &self.0 {
            Private::P256(key) => {
                let theirs = p256::PublicKey::from_sec1_bytes(theirs).ok()?;
                let shared = diffie_hellman(key.to_nonzero_scalar(), theirs.as_affine());
                let shared = Zeroizing::new(shared.raw_secret_bytes().to_vec());
                (Curve::P256, shared)
            }
            Private::P384(key) => {
                let theirs = p384::PublicKey::from_sec1_bytes(theirs).ok()?;
                let shared = diffie_hellman(key.to_nonzero_scalar(), theirs.as_affine());
                let shared = Zeroizing::new(shared.raw_secret_bytes().to_vec());
                (Curve::P384, shared)
            }
        };
        let (scheme, kdf) = curve.scheme();
        let named = recipient.key_enc_alg.parameters.as_ref()?;
        let wrapping: AlgorithmIdentifierOwned = named.decode_as().ok()?;
        if recipient.key_enc_alg.oid != scheme
            || wrapping.oid != ID_AES_256_WRAP
            || recipient.ukm.is_some()
        {
            return None;
        }
        let info = SharedInfo {
            key_info: wrapping,
            bits: OctetString::new(256_u32.to_be_bytes()).ok()?,
        };
        let agreed = derive(kdf, &shared, &info.to_der().ok()?);
        let cipher = KwAes256::new_from_slice(&*agreed).ok()?;
        recipient.recipient_enc_keys.iter().find_map(|wrapped| {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            let found = cipher.unwrap_key(wrapped.enc_key.as_bytes(), &mut *key);
            found.is_ok_and(|it| it.len() == KEY_BYTES).then_some(key)
        })
    }
}

fn read(der: &[u8]) -> Option<AuthEnvelopedData> {
    let outside = ContentInfo::from_der(der).ok()?;
    if outside.content_type != ID_CT_AUTH_ENVELOPED_DATA {
        return None;
    }
    let enveloped: AuthEnvelopedData = outside.content.decode_as().ok()?;
    // What stood beside the content would have to be authenticated along with it.
    enveloped.auth_attrs.is_none().then_some(enveloped)
}

//! A key in a module (PKCS #11): a smart card, an HSM, or SoftHSM in the tests.
//!
//! The digest is made here, and the module signs it: mechanisms that make it themselves are missing in some
//! modules (SoftHSM refuses `CKM_ECDSA_SHA256`).

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use der::asn1::{OctetString, Uint};
use der::{Encode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::certificates::Chain;
use super::public_key::SignatureAlgorithm;
use super::signer::{Signer, SignerError};

/// Where a key is.
#[derive(Debug, Clone)]
pub struct ModuleKey {
    /// The library of the module.
    pub module: PathBuf,
    /// What the token is called.
    pub token_label: String,
    /// What the key is called there, by its `CKA_LABEL`.
    pub key_label: String,
}

/// A key in a module. It keeps one session, opens another when that is lost, and signs one thing at a time.
pub struct Pkcs11Signer {
    chain: Chain,
    place: ModuleKey,
    pin: Zeroizing<String>,
    module: Pkcs11,
    open: Mutex<Option<Open>>,
}

struct Open {
    session: Session,
    key: ObjectHandle,
}

impl std::fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pkcs11Signer")
            .field("place", &self.place)
            .field("name", &self.chain.name())
            .finish_non_exhaustive()
    }
}

impl Pkcs11Signer {
    /// Opens the module, signs in and finds the key.
    ///
    /// A module may be opened several times in a process. The PIN is kept, to sign in again, and overwritten
    /// when this goes.
    ///
    /// # Errors
    ///
    /// [`SignerError`]; [`SignerError::Pin`] is not tried again, for it would lock the token.
    pub fn open(
        place: ModuleKey,
        pin: Zeroizing<String>,
        chain: Chain,
    ) -> Result<Self, SignerError> {
        let module = Pkcs11::new(&place.module).map_err(SignerError::Module)?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match module.initialize(arguments) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(SignerError::Module(error)),
        }
        let signer = Self {
            chain,
            place,
            pin,
            module,
            open: Mutex::new(None),
        };
        let open = signer.connect()?;
        *signer.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(signer)
    }

    fn connect(&self) -> Result<Open, SignerError> {
        let failed = SignerError::Module;
        let slots = self.module.get_slots_with_token().map_err(failed)?;
        let slot = slots
            .into_iter()
            .find(|slot| {
                self.module
                    .get_token_info(*slot)
                    .is_ok_and(|info| info.label() == self.place.token_label)
            })
            .ok_or_else(|| SignerError::NoToken {
                label: self.place.token_label.clone(),
            })?;
        let session = self.module.open_ro_session(slot).map_err(failed)?;
        let pin = AuthPin::new(self.pin.as_str().into());
        match session.login(UserType::User, Some(&pin)) {
            // Sessions of one process share the state of their token.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinLocked
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired,
                _,
            )) => return Err(SignerError::Pin),
            Err(error) => return Err(failed(error)),
        }
        let template = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Label(self.place.key_label.clone().into_bytes()),
        ];
        let keys = session.find_objects(&template).map_err(failed)?;
        match keys.as_slice() {
            [key] => {
                let key = *key;
                Ok(Open { session, key })
            }
            others => Err(SignerError::NotOneKey {
                found: others.len(),
            }),
        }
    }

    fn try_sign(&self, open: &Open, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let algorithm = self.chain.algorithm();
        let digest = algorithm.digest().of(&[bytes]);
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 | SignatureAlgorithm::EcdsaP384Sha384 => {
                open.session.sign(&Mechanism::Ecdsa, open.key, &digest)
            }
            SignatureAlgorithm::RsaSha256 => {
                let info = DigestInfo {
                    algorithm: algorithm.digest().identifier_with_null(),
                    digest: OctetString::new(digest).map_err(|_long| Error::InvalidValue)?,
                };
                let info = info.to_der().map_err(|_long| Error::InvalidValue)?;
                open.session.sign(&Mechanism::RsaPkcs, open.key, &info)
            }
        }
    }
}

/// `DigestInfo` of PKCS #1: what is padded and signed.
#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

#[derive(Sequence)]
struct EcdsaSignature {
    r: Uint,
    s: Uint,
}

/// A module answers with both halves one behind the other; a container holds them in ASN.1.
fn ecdsa_in_asn1(raw: &[u8]) -> Result<Vec<u8>, SignerError> {
    let unusable = SignerError::Unusable {
        what: "the module answered with something else than a signature",
    };
    let in_asn1 = || {
        let (r, s) = raw.split_at_checked(raw.len() / 2)?;
        let signature = EcdsaSignature {
            r: Uint::new(r).ok()?,
            s: Uint::new(s).ok()?,
        };
        signature.to_der().ok()
    };
    in_asn1().ok_or(unusable)
}

/// Whether another session may do better.
fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::TokenNotPresent
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid,
            _
        )
    )
}

impl Signer for Pkcs11Signer {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let first = match open.as_ref() {
            Some(open) => self.try_sign(open, bytes),
            None => Err(Error::Pkcs11(
                RvError::SessionClosed,
                cryptoki::context::Function::Sign,
            )),
        };
        let raw = match first {
            Ok(raw) => raw,
            Err(error) if is_lost(&error) => {
                *open = None;
                let again = self.connect()?;
                let raw = self.try_sign(&again, bytes).map_err(SignerError::Module)?;
                *open = Some(again);
                raw
            }
            Err(error) => return Err(SignerError::Module(error)),
        };
        match self.chain.algorithm() {
            SignatureAlgorithm::EcdsaP256Sha256 | SignatureAlgorithm::EcdsaP384Sha384 => {
                ecdsa_in_asn1(&raw)
            }
            SignatureAlgorithm::RsaSha256 => Ok(raw),
        }
    }
}

//! Who signs: a key in memory, a key in a module, or a service elsewhere.

use super::certificates::Chain;
use super::cms::{Cms, CmsError, Dtbs};
use super::prepare::Prepared;

/// Why a key did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The key cannot be read, or is not one that signs here.
    #[error("the key cannot be used: {what}")]
    Unusable {
        /// Why not.
        what: &'static str,
    },
    /// The certificate is that of another key.
    #[error("the certificate is that of another key")]
    OtherKey,
    /// There is no such key, or more than one.
    #[error("{found} keys go by that name")]
    NotOneKey {
        /// How many do.
        found: usize,
    },
    /// There is no such token.
    #[error("no token of the module is called {label:?}")]
    NoToken {
        /// What was asked for.
        label: String,
    },
    /// The PIN is wrong, or locked.
    #[error("the module does not take the PIN")]
    Pin,
    /// The module does not answer as it should.
    #[error("the module failed")]
    Module(#[source] cryptoki::error::Error),
    /// The container around the signature could not be made, or the signature does not hold.
    #[error("there is no signature")]
    Container(#[from] CmsError),
}

/// A key that signs at once. A service that is asked over a network does not fit in here: it is given
/// [`Dtbs::bytes`] or [`Dtbs::digest`], and its answer goes to [`Dtbs::complete`].
pub trait Signer {
    /// The certificate of the key, and those that vouch for it.
    fn chain(&self) -> &Chain;

    /// Signs these bytes (not their digest) by the algorithm of the chain: ECDSA in ASN.1, or RSA.
    ///
    /// # Errors
    ///
    /// [`SignerError`].
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// Signs what was prepared.
///
/// # Errors
///
/// [`SignerError`].
pub fn sign(prepared: &Prepared, signer: &dyn Signer) -> Result<Cms, SignerError> {
    let chain = signer.chain();
    let dtbs = Dtbs::new(chain, &prepared.digest(chain.algorithm().digest()))?;
    let signature = signer.sign(dtbs.bytes())?;
    Ok(dtbs.complete(&signature)?)
}

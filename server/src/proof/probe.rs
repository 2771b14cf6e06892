//! A look into the content store for the verifier.

use storage::{Sha256Digest, Storage, StoreError};
use tokio::runtime::Handle;

use crate::audit::verify::{BlobProbe, BlobState, SourceError};

/// How closely content is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Whether it is there.
    Presence,
    /// Every byte: whether its digest is its name.
    Digest,
}

/// The content store. Used outside of the runtime that its handle belongs to.
#[derive(Debug)]
pub struct Blobs {
    handle: Handle,
    storage: Storage,
    look: Look,
}

impl Blobs {
    /// A look into this store.
    #[must_use]
    pub const fn new(handle: Handle, storage: Storage, look: Look) -> Self {
        Self {
            handle,
            storage,
            look,
        }
    }
}

impl BlobProbe for Blobs {
    fn probe(&self, stored: &[u8; 32]) -> Result<BlobState, SourceError> {
        let name = Sha256Digest(*stored);
        match self.look {
            Look::Presence => match self.handle.block_on(self.storage.exists(&name))? {
                true => Ok(BlobState::Sound),
                false => Ok(BlobState::Missing),
            },
            Look::Digest => match self.handle.block_on(self.storage.verify_stored(&name)) {
                Ok(_) => Ok(BlobState::Sound),
                Err(StoreError::NotFound { .. }) => Ok(BlobState::Missing),
                Err(StoreError::Damaged { .. }) => Ok(BlobState::Altered),
                Err(error) => Err(Box::new(error)),
            },
        }
    }
}

//! Content by digest on an object store, encrypted from the first byte.
//!
//! Content is streamed in ([`Storage::stage`]), hashed and encrypted on the way, and kept as a *blob*
//! ([`Staged::keep`]), named by the SHA-256 of what is stored. What [`Staged::keep`] has returned is
//! durable. A blob is read back as a stream or in ranges ([`Storage::open`]), checked
//! ([`Storage::verify_stored`], [`Storage::verify_content`]), listed and deleted.
//!
//! Beside blobs there are plain objects ([`Storage::put_object`]): small, public, not encrypted, with
//! names of their own.
//!
//! A store lives in a folder or in an S3 bucket ([`Backend`]). A process that uses S3 first installs
//! `rustls::crypto::ring` as its default provider.
//!
//! This crate knows no SQL, no HTTP and no word of the domain.

pub mod backend;
mod cipher;
#[cfg(any(test, feature = "faults"))]
pub mod conformance;
pub mod digest;
mod disk;
#[cfg(any(test, feature = "faults"))]
pub mod faults;
mod folder;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod key_file;
mod key_hold;
mod key_ring;
pub mod keys;
mod objects;
mod read;
mod stage;
mod store;
#[cfg(test)]
mod tests;

pub use backend::{Backend, BackendError, Format, Opened, Secret, Space};
pub use cipher::CHUNK_BYTES;
pub use digest::{
    ContentDigests, ContentHasher, DigestFormatError, Sha256Digest, Sha256Hasher, Sha512Digest,
};
pub use key_file::{KeyFile, KeyFileError};
pub use key_hold::{KeyHold, KeyHoldError};
pub use keys::{DataKey, KeyDomain, KeyError, Kms, WrappedKey, open, seal};
pub use objects::{ObjectName, PutOutcome, PutRule, StoredObject};
pub use read::ContentStream;
pub use stage::{Staged, Stager};
pub use store::{Blob, Damage, Limits, Storage, StoreError, StoredBlob, Swept};

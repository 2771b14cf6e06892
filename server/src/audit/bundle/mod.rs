//! The log as files: what an auditor takes home and checks without us.
//!
//! A bundle is a `BagIt` bag (RFC 8493), so that archives can check the transport with their own
//! tools. What it proves rests on none of that: the signed checkpoint covers every record.
//!
//! ```text
//! bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt
//! VERIFY.txt  verify.sh  verify.py           how to check it, and two independent judges
//! data/log/policy                            the public keys of the log and of its witnesses
//! data/log/keys/<n>                          by what the log went over from key to key
//! data/log/checkpoint                        the newest signed checkpoint
//! data/log/witnessed                         the newest that witnesses cosigned, if any did
//! data/log/tile/<L>/<N>                      C2SP tiles of the tree under the checkpoint
//! data/log/tile/entries/<N>                  C2SP bundles of the records under it
//! data/log/tail                              records after it: chained, not yet signed
//! data/log/anchors/<size>.checkpoint         a checkpoint that was stamped, to the byte
//! data/log/anchors/<size>.tsr                the timestamp over it (RFC 3161, TimeStampResp)
//! data/log/private/openings.jsonl            the openings this reader may see
//! ```

pub(crate) mod openings;
mod read;
mod write;

pub use read::Bundle;
pub use write::{BundleHead, BundleSummary, BundleWriter, OpeningsPart, RootOfExport};

/// The folder of a bag that holds what is transported.
const PAYLOAD: &str = "data";
/// The folder of the log in the payload.
const LOG: &str = "data/log";
const CHECKPOINT: &str = "checkpoint";
const POLICY: &str = "policy";
const WITNESSED: &str = "witnessed";
/// The folder of handovers, numbered from 1.
const KEYS: &str = "keys";
const TAIL: &str = "tail";
const OPENINGS: &str = "private/openings.jsonl";
/// Says that a folder is a bag; no bag is without it.
const DECLARATION: &str = "bagit.txt";
const MANIFEST: &str = "manifest-sha256.txt";
const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";

/// The independent judge in Python: standard library only.
pub const VERIFY_PY: &str = include_str!("../../../../tests/data/audit/verify.py");
/// The independent judge in shell: bash, openssl, xxd and coreutils.
pub const VERIFY_SH: &str = include_str!("../../../../tests/data/audit/verify.sh");
/// How to check a bundle by hand.
const VERIFY_TXT: &str = include_str!("../../../../tests/data/audit/VERIFY.txt");

/// Why a bundle could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file could not be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Its path.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The folder for a new bundle is not empty.
    #[error("{0} exists and is not empty")]
    NotEmpty(String),
    /// The folder is no bundle.
    #[error("{0} is not an exported log: there is no data/log in it")]
    NotABundle(String),
    /// A record is longer than any record can be.
    #[error("a record of {0} bytes")]
    LeafTooLarge(usize),
}

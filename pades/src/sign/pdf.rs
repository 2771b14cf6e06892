//! A PDF that can be signed, and why another cannot.

use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::acroform::{self, Field};

/// Larger PDFs are not signed: one is held in memory a few times over.
pub const PDF_BYTES_MAX: usize = 256 << 20;

/// What one stream of a PDF may inflate to while its structure is read.
const STREAM_BYTES_MAX: usize = 64 << 20;

/// How deep trees of fields, pages and structure are followed.
pub(super) const DEPTH_MAX: usize = 64;

/// Why a PDF is not signed. What was wrong can be mended by writing the PDF anew, never here: a signature
/// over a PDF that each program repairs in its own way covers nothing that can be named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitError {
    /// The first bytes are not those of a PDF. Something before them shifts every offset.
    #[error("the content does not begin as a PDF does")]
    NotAPdf,
    /// The PDF is larger than [`PDF_BYTES_MAX`].
    #[error("the PDF has {bytes} bytes, more than {PDF_BYTES_MAX}")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// It is encrypted, if only by an empty password.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// Its structure cannot be read as it is written.
    #[error("the PDF is damaged and must be written anew before it is signed")]
    Damaged {
        /// What the reader stumbled over.
        #[source]
        source: lopdf::Error,
    },
    /// A promise of the format is broken that signing relies on.
    #[error("the PDF cannot be signed: {what}")]
    Broken {
        /// Which one.
        what: &'static str,
    },
    /// It has two tables of its objects, for older and for newer programs, and each may show something else.
    #[error("the PDF is a hybrid: older programs read something else than newer ones")]
    Hybrid,
    /// Its form is XFA: what is shown is not what is signed.
    #[error("the form of the PDF is XFA")]
    Xfa,
}

/// A PDF that was read strictly and found fit to be signed.
#[derive(Debug)]
pub struct Pdf {
    bytes: Vec<u8>,
    document: Document,
    pages: Vec<ObjectId>,
}

impl Pdf {
    /// Reads `bytes` and checks that they can be signed. Nothing is repaired.
    ///
    /// # Errors
    ///
    /// [`UnfitError`] says why not.
    pub fn open(bytes: Vec<u8>) -> Result<Self, UnfitError> {
        if bytes.len() > PDF_BYTES_MAX {
            return Err(UnfitError::TooLarge { bytes: bytes.len() });
        }
        if !bytes.starts_with(b"%PDF-") {
            return Err(UnfitError::NotAPdf);
        }
        let options = LoadOptions {
            strict: true,
            max_decompressed_size: Some(STREAM_BYTES_MAX),
            ..LoadOptions::default()
        };
        let document = Document::load_mem_with_options(&bytes, options).map_err(|source| {
            // An encrypted PDF that cannot be opened is first of all encrypted.
            if has_encrypt_key(&bytes) {
                UnfitError::Encrypted
            } else {
                UnfitError::Damaged { source }
            }
        })?;
        if document.is_encrypted() || document.was_encrypted() || document.trailer.has(b"Encrypt") {
            return Err(UnfitError::Encrypted);
        }
        if document.xref_recovery.is_some() || document.xref_start == 0 {
            return Err(UnfitError::Broken {
                what: "its cross-reference table does not lead anywhere",
            });
        }
        let pages: Vec<ObjectId> = document.page_iter().collect();
        let pdf = Self {
            bytes,
            document,
            pages,
        };
        pdf.check()?;
        Ok(pdf)
    }

    fn check(&self) -> Result<(), UnfitError> {
        self.catalog_id()?;
        self.check_offsets()?;
        if self.pages.is_empty() {
            return Err(UnfitError::Broken {
                what: "it has no page",
            });
        }
        let counted = self
            .catalog()
            .ok()
            .and_then(|catalog| self.dictionary(catalog.get(b"Pages").ok()?))
            .and_then(|root| self.resolve(root.get(b"Count").ok()?).as_i64().ok());
        if counted.and_then(|count| usize::try_from(count).ok()) != Some(self.pages.len()) {
            return Err(UnfitError::Broken {
                what: "the tree of its pages does not hold what it counts",
            });
        }
        let form = self.form();
        if form.is_some_and(|form| form.has(b"XFA")) {
            return Err(UnfitError::Xfa);
        }
        if acroform::has_doubles(self) {
            return Err(UnfitError::Broken {
                what: "two fields of its form go by one name",
            });
        }
        Ok(())
    }

    /// The reader takes an object where it finds one; others look whether it is the one that was meant.
    fn check_offsets(&self) -> Result<(), UnfitError> {
        if self.bytes.windows(8).any(|window| window == b"/XRefStm") {
            return Err(UnfitError::Hybrid);
        }
        for (number, entry) in &self.document.reference_table.entries {
            let XrefEntry::Normal { offset, generation } = entry else {
                continue;
            };
            let header = usize::try_from(*offset)
                .ok()
                .and_then(|offset| self.bytes.get(offset..))
                .unwrap_or_default();
            if !is_header(header, *number, *generation) {
                return Err(UnfitError::Broken {
                    what: "an object is not where its table says",
                });
            }
        }
        Ok(())
    }

    /// The bytes as they are.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, given back.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How many pages there are.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// The signature fields, signed or not, in the order of the form.
    #[must_use]
    pub fn signature_fields(&self) -> Vec<Field> {
        acroform::signature_fields(self)
    }

    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// The pages by their order.
    pub(super) fn pages(&self) -> &[ObjectId] {
        &self.pages
    }

    pub(super) fn catalog_id(&self) -> Result<ObjectId, UnfitError> {
        let broken = UnfitError::Broken {
            what: "its catalog is not an object of its own",
        };
        let Ok(id) = self
            .document
            .trailer
            .get(b"Root")
            .and_then(Object::as_reference)
        else {
            return Err(broken);
        };
        match self.document.get_dictionary(id) {
            Ok(_) => Ok(id),
            Err(_) => Err(broken),
        }
    }

    pub(super) fn catalog(&self) -> Result<&Dictionary, UnfitError> {
        let id = self.catalog_id()?;
        self.document
            .get_dictionary(id)
            .map_err(|source| UnfitError::Damaged { source })
    }

    /// The form, wherever it stands.
    pub(super) fn form(&self) -> Option<&Dictionary> {
        self.dictionary(self.catalog().ok()?.get(b"AcroForm").ok()?)
    }

    /// What `object` refers to, or itself; `null` where a reference leads nowhere.
    pub(super) fn resolve<'a>(&'a self, object: &'a Object) -> &'a Object {
        match self.document.dereference(object) {
            Ok((_, found)) => found,
            Err(_) => &Object::Null,
        }
    }

    pub(super) fn dictionary<'a>(&'a self, object: &'a Object) -> Option<&'a Dictionary> {
        self.resolve(object).as_dict().ok()
    }

    pub(super) fn array<'a>(&'a self, object: &'a Object) -> Option<&'a Vec<Object>> {
        self.resolve(object).as_array().ok()
    }
}

/// Whether an object of that number begins here: `12 0 obj`, with any white space in between.
fn is_header(bytes: &[u8], number: u32, generation: u16) -> bool {
    let mut rest = bytes.trim_ascii_start();
    for word in [number.to_string(), generation.to_string(), "obj".to_owned()] {
        let Some(behind) = rest.strip_prefix(word.as_bytes()) else {
            return false;
        };
        // What follows a number is white space.
        if word != "obj" && !behind.first().is_some_and(u8::is_ascii_whitespace) {
            return false;
        }
        rest = behind.trim_ascii_start();
    }
    true
}

/// Whether the end of the PDF speaks of encryption; only to say why a PDF could not be read.
fn has_encrypt_key(bytes: &[u8]) -> bool {
    bytes.windows(9).any(|window| window == b"/Encrypt ")
}

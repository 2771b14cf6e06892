//! A signature that is prepared: everything is in the PDF but the signature itself.

use std::ops::Range;

use lopdf::{Dictionary, Object, ObjectId, StringFormat, text_string};

use super::acroform;
use super::appearance::{self, Appearance, AppearanceError};
use super::certification::{self, Permission};
use super::check::{self, CheckError};
use super::digest::Digest;
use super::field::{self, Lie, NewField};
use super::instant::Instant;
use super::pdf::{Pdf, UnfitError};
use super::update::Update;

/// What is set aside for a signature and its timestamp where nothing else is asked for, in bytes.
pub const RESERVE_BYTES: usize = 16 << 10;

/// No signature needs more.
pub const RESERVE_BYTES_MAX: usize = 1 << 20;

/// What a claim in the signature dictionary may have, in characters.
pub const STATEMENT_CHARS_MAX: usize = 300;

/// More of what a PDF says of itself is not read.
const METADATA_BYTES_MAX: usize = 4 << 20;

/// Why a signature cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The PDF is not one to be signed.
    #[error(transparent)]
    Unfit(#[from] UnfitError),
    /// There is no such page.
    #[error("there is no page {page}: the PDF has {pages}")]
    NoSuchPage {
        /// What was asked for.
        page: usize,
        /// How many there are.
        pages: usize,
    },
    /// The field would not lie wholly on what is seen of the page, or is smaller than it may be.
    #[error("the field does not lie on what is seen of page {page}")]
    OutsidePage {
        /// Which page.
        page: usize,
    },
    /// Another field is called that.
    #[error("another field is called {name:?}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// There is no signature field of that name.
    #[error("there is no signature field {name:?}")]
    NoSuchField {
        /// The name.
        name: String,
    },
    /// Somebody signed it.
    #[error("the field {name:?} is signed")]
    FieldSigned {
        /// The name.
        name: String,
    },
    /// A signature of the PDF locks the field.
    #[error("the field {name:?} is locked by a signature")]
    FieldLocked {
        /// The name.
        name: String,
    },
    /// The field says how it is to be signed (`Lock`, `SV`), which is not kept here.
    #[error("the field {name:?} has rules of its own for its signature")]
    FieldRules {
        /// The name.
        name: String,
    },
    /// The PDF is certified, and that permits no more than this.
    #[error("the certification of the PDF does not permit it")]
    Certified {
        /// What it permits.
        permission: Permission,
    },
    /// Only the first signature of a PDF can certify it.
    #[error("the PDF is signed: only a first signature certifies")]
    CertifiesLate,
    /// A claim is longer than [`STATEMENT_CHARS_MAX`].
    #[error("{what} has more than {STATEMENT_CHARS_MAX} characters")]
    StatementTooLong {
        /// Which one.
        what: &'static str,
    },
    /// More is set aside than [`RESERVE_BYTES_MAX`], or nothing.
    #[error("{bytes} bytes cannot be set aside for a signature")]
    Reserve {
        /// How much.
        bytes: usize,
    },
    /// What it should look like cannot be drawn.
    #[error("the appearance cannot be drawn")]
    Appearance(#[from] AppearanceError),
    /// The PDF that was made does not hold up.
    #[error("the prepared PDF does not hold up")]
    Check(#[from] CheckError),
}

/// What kind of signature it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A signature or a seal.
    Signature,
    /// The first signature, which says what may follow.
    Certification(Permission),
    /// A timestamp over the whole PDF: B-LTA, and its renewal.
    DocumentTimestamp,
}

impl Kind {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Signature | Self::Certification(_) => ("Sig", "ETSI.CAdES.detached"),
            Self::DocumentTimestamp => ("DocTimeStamp", "ETSI.RFC3161"),
        }
    }
}

/// In which field it stands.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// In one that is made for it.
    New(&'a NewField),
    /// In an empty one that is there, by its whole name.
    Existing(&'a str),
}

/// What the signer claims of itself; none of it is proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// When it signs.
    pub time: Option<Instant>,
    /// What it is called.
    pub name: Option<String>,
    /// Why it signs.
    pub reason: Option<String>,
    /// Where.
    pub location: Option<String>,
    /// How it can be asked.
    pub contact: Option<String>,
}

/// A signature that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In which field.
    pub at: At<'a>,
    /// Of which kind.
    pub kind: Kind,
    /// What it looks like.
    pub appearance: Appearance<'a>,
    /// What it claims.
    pub statement: &'a Statement,
    /// How many bytes are set aside for it and its timestamp; [`RESERVE_BYTES`] is plenty for most.
    pub reserve_bytes: usize,
}

/// A PDF with a place for a signature, and the digest that has to be signed.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) bytes: Vec<u8>,
    /// The place with its brackets: all else is signed.
    pub(super) gap: Range<usize>,
    /// How long the PDF was before.
    pub(super) before: usize,
    pub(super) pages: usize,
    pub(super) kind: Kind,
}

impl Prepared {
    /// Puts everything into the PDF but the signature itself.
    ///
    /// # Errors
    ///
    /// [`PrepareError`].
    pub fn new(pdf: &Pdf, request: &Request<'_>) -> Result<Self, PrepareError> {
        check_request(pdf, request)?;
        let mut update = Update::new(pdf);
        let (field, widget, lie) = place(&mut update, request)?;
        let value = update.reserve();
        if request.kind != Kind::DocumentTimestamp || is_pdf_a_1(pdf) {
            let form = update.add(appearance::draw(request.appearance, lie)?);
            update.edit(widget)?.set("AP", field::appearances(form));
        }
        update.edit(field)?.set("V", Object::Reference(value));
        let added = match request.at {
            At::New(_) => vec![field],
            At::Existing(_) => Vec::new(),
        };
        acroform::add_to_form(&mut update, &added)?;
        if let Kind::Certification(_) = request.kind {
            certify(&mut update, value)?;
        }
        name_extension(&mut update)?;
        update.set(value, dictionary(request));
        let written = update.write();
        let gap = written
            .offsets
            .get(&value.0)
            .and_then(|offset| find_gap(&written.bytes, *offset, request.reserve_bytes))
            .ok_or(CheckError::NoGap)?;
        let mut bytes = written.bytes;
        fill_byte_range(&mut bytes, &gap).ok_or(CheckError::NoGap)?;
        let checked = check::increment(pdf, bytes)?;
        Ok(Self {
            bytes: checked.into_bytes(),
            gap,
            before: pdf.bytes().len(),
            pages: pdf.page_count(),
            kind: request.kind,
        })
    }

    /// What is signed: all but the place of the signature.
    #[must_use]
    pub fn signed_pieces(&self) -> [&[u8]; 2] {
        let (before, rest) = self.bytes.split_at(self.gap.start);
        let (_, behind) = rest.split_at(self.gap.len());
        [before, behind]
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self, digest: Digest) -> Vec<u8> {
        digest.of(&self.signed_pieces())
    }
}

/// Whether the PDF says that it is PDF/A-1: there every field has an appearance, even one without a size.
///
/// Elsewhere a document timestamp has none: with it, a judge takes the change for one of the form, which a
/// certification may forbid.
fn is_pdf_a_1(pdf: &Pdf) -> bool {
    let metadata = pdf
        .catalog()
        .ok()
        .and_then(|catalog| pdf.resolve(catalog.get(b"Metadata").ok()?).as_stream().ok())
        .and_then(|stream| stream.get_plain_content_with_limit(METADATA_BYTES_MAX).ok())
        .unwrap_or_default();
    [b"pdfaid:part>1<".as_slice(), b"pdfaid:part=\"1\""]
        .into_iter()
        .any(|claim| find(&metadata, claim).is_some())
}

fn check_request(pdf: &Pdf, request: &Request<'_>) -> Result<(), PrepareError> {
    if request.reserve_bytes == 0 || request.reserve_bytes > RESERVE_BYTES_MAX {
        return Err(PrepareError::Reserve {
            bytes: request.reserve_bytes,
        });
    }
    let statement = request.statement;
    for (what, claim) in [
        ("the name", &statement.name),
        ("the reason", &statement.reason),
        ("the location", &statement.location),
        ("the contact", &statement.contact),
    ] {
        if claim
            .as_ref()
            .is_some_and(|claim| claim.chars().count() > STATEMENT_CHARS_MAX)
        {
            return Err(PrepareError::StatementTooLong { what });
        }
    }
    match request.kind {
        // Permitted to a PDF whatever its certification says (ISO 32000-2, 12.8.2.2.2).
        Kind::DocumentTimestamp => Ok(()),
        Kind::Signature => {
            let needed = match request.at {
                At::New(_) => Permission::Annotations,
                At::Existing(_) => Permission::Forms,
            };
            field::refuse_by_certification(pdf, needed)
        }
        Kind::Certification(_) => {
            let is_signed = pdf.signature_fields().iter().any(|field| field.signed);
            if is_signed || certification::of(pdf).is_some() {
                Err(PrepareError::CertifiesLate)
            } else {
                Ok(())
            }
        }
    }
}

/// The field and its widget, made or found.
fn place(
    update: &mut Update<'_>,
    request: &Request<'_>,
) -> Result<(ObjectId, ObjectId, Lie), PrepareError> {
    match request.at {
        At::New(new) => {
            let (id, lie) = field::add(update, new)?;
            Ok((id, id, lie))
        }
        At::Existing(name) => {
            let pdf = update.base();
            let field = pdf
                .signature_fields()
                .into_iter()
                .find(|field| field.name == name)
                .ok_or_else(|| PrepareError::NoSuchField {
                    name: name.to_owned(),
                })?;
            let name = || name.to_owned();
            if field.signed {
                return Err(PrepareError::FieldSigned { name: name() });
            }
            if certification::locks(pdf, &field.name) {
                return Err(PrepareError::FieldLocked { name: name() });
            }
            let has_rules = pdf
                .document()
                .get_dictionary(field.id)
                .is_ok_and(|dictionary| dictionary.has(b"Lock") || dictionary.has(b"SV"));
            if has_rules {
                return Err(PrepareError::FieldRules { name: name() });
            }
            Ok((field.id, field.widget, field::lie(pdf, field.widget)))
        }
    }
}

fn certify(update: &mut Update<'_>, signature: ObjectId) -> Result<(), UnfitError> {
    let catalog = update.base().catalog_id()?;
    let old = update
        .edit(catalog)?
        .get(b"Perms")
        .ok()
        .cloned()
        .and_then(|old| update.resolve(&old).as_dict().ok().cloned());
    let permissions = certification::permissions(old.as_ref(), signature);
    update.edit(catalog)?.set("Perms", permissions);
    Ok(())
}

/// Says in a PDF before PDF 2.0 that it uses what ETSI added to it.
fn name_extension(update: &mut Update<'_>) -> Result<(), UnfitError> {
    let catalog = update.base().catalog_id()?;
    let version = update.base().document().version.as_str();
    if version >= "2.0" {
        return Ok(());
    }
    let old = update
        .edit(catalog)?
        .get(b"Extensions")
        .ok()
        .cloned()
        .and_then(|old| update.resolve(&old).as_dict().ok().cloned());
    if old.as_ref().is_some_and(|old| old.has(b"ESIC")) {
        return Ok(());
    }
    let mut extension = Dictionary::new();
    extension.set("BaseVersion", "1.7");
    extension.set("ExtensionLevel", 1);
    let mut extensions = old.unwrap_or_default();
    extensions.set("ESIC", extension);
    update.edit(catalog)?.set("Extensions", extensions);
    Ok(())
}

/// Ten digits that are overwritten: no PDF is that long.
const RANGE_DIGITS: i64 = 9_999_999_999;

/// The signature dictionary. What is overwritten later comes first, behind nothing but names of ours.
fn dictionary(request: &Request<'_>) -> Dictionary {
    let (kind, format) = request.kind.names();
    let mut dictionary = Dictionary::new();
    dictionary.set("Type", kind);
    dictionary.set("Filter", "Adobe.PPKLite");
    dictionary.set("SubFilter", format);
    dictionary.set(
        "ByteRange",
        vec![
            0.into(),
            RANGE_DIGITS.into(),
            RANGE_DIGITS.into(),
            RANGE_DIGITS.into(),
        ],
    );
    dictionary.set(
        "Contents",
        Object::String(vec![0; request.reserve_bytes], StringFormat::Hexadecimal),
    );
    if let Kind::Certification(permission) = request.kind {
        dictionary.set("Reference", certification::reference(permission));
    }
    if request.kind == Kind::DocumentTimestamp {
        return dictionary;
    }
    let statement = request.statement;
    if let Some(time) = statement.time {
        dictionary.set("M", Object::string_literal(time.pdf_date()));
    }
    for (key, claim) in [
        ("Name", &statement.name),
        ("Reason", &statement.reason),
        ("Location", &statement.location),
        ("ContactInfo", &statement.contact),
    ] {
        if let Some(claim) = claim {
            dictionary.set(key, text_string(claim));
        }
    }
    dictionary
}

/// Where the place begins and ends, brackets and all, in the object at `offset`.
fn find_gap(bytes: &[u8], offset: usize, reserve_bytes: usize) -> Option<Range<usize>> {
    let object = bytes.get(offset..)?;
    let key = find(object, b"/Contents")?;
    let start = offset + key + find(object.get(key..)?, b"<")?;
    let end = start + 2 * reserve_bytes + 2;
    let place = bytes.get(start..end)?;
    let zeros = place.strip_prefix(b"<")?.strip_suffix(b">")?;
    zeros.iter().all(|byte| *byte == b'0').then_some(start..end)
}

/// Writes what is signed over the digits that hold its place; it is never longer than they are.
fn fill_byte_range(bytes: &mut [u8], gap: &Range<usize>) -> Option<()> {
    let length = bytes.len();
    // The nearest one before the gap is that of the same object.
    let key = b"/ByteRange";
    let start = bytes
        .get(..gap.start)?
        .windows(key.len())
        .rposition(|window| window == key)?
        + key.len();
    let place = bytes.get_mut(start..gap.start)?;
    let open = find(place, b"[")?;
    let close = find(place, b"]")?;
    let numbers = format!("0 {} {} {}", gap.start, gap.end, length - gap.end);
    let room = place.get_mut(open + 1..close)?;
    if numbers.len() > room.len() {
        return None;
    }
    room.fill(b' ');
    room.get_mut(..numbers.len())?
        .copy_from_slice(numbers.as_bytes());
    Some(())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

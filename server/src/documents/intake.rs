//! Content on its way in: in the store, but not named by any row yet.

use bytes::Bytes;
use indexer::extract::{Format, Password, TAIL_BYTES};
use indexer::guard::{Biometric, HEAD_BYTES};
use sea_orm::ConnectionTrait;
use storage::{KeyDomain, Sha256Digest, Staged, Stager, Storage, StoreError};

use super::model::{DocumentError, Kept};
use super::ops::Content;
use super::passwords;
use super::same::{self, Known};
use crate::base::{Actor, CaseId, CompartmentId, Tasks};
use crate::cases::{self, CaseError};
use crate::departments;
use crate::unit::Db;

/// Content that is arriving, piece by piece.
#[derive(Debug)]
pub struct Arriving {
    stager: Stager,
    storage: Storage,
    head: Vec<u8>,
    /// Of archives only: there they say what they hold.
    tail: Vec<u8>,
}

impl Arriving {
    /// Begins to take content, which stands in no compartment unless it is put in one
    /// ([`Arrived::within`]).
    pub async fn begin(storage: &Storage) -> Result<Self, StoreError> {
        Self::begin_in(storage, &KeyDomain::parse(departments::GENERAL)?).await
    }

    /// Begins to take content under the keys of `domain`.
    pub async fn begin_in(storage: &Storage, domain: &KeyDomain) -> Result<Self, StoreError> {
        Ok(Self {
            stager: storage.begin(domain, u64::MAX).await?,
            storage: storage.clone(),
            head: Vec::new(),
            tail: Vec::new(),
        })
    }

    /// Takes the next piece. After an error only discarding is left.
    pub async fn push(&mut self, piece: Bytes) -> Result<(), StoreError> {
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(piece.iter().take(missing));
        if is_archive(&self.head) {
            let begin = piece.len().saturating_sub(TAIL_BYTES);
            self.tail
                .extend_from_slice(piece.get(begin..).unwrap_or_default());
            // Seldom: each time all that stays is moved, and pieces may be small.
            if self.tail.len() > 2 * TAIL_BYTES {
                let spare = self.tail.len().saturating_sub(TAIL_BYTES);
                self.tail.drain(..spare);
            }
        }
        self.stager.push(piece).await
    }

    /// Forgets what came so far.
    pub async fn discard(self) {
        self.stager.discard().await;
    }

    /// That was all.
    pub async fn finish(
        self,
        media_type: String,
        file_name: Option<String>,
    ) -> Result<Arrived, StoreError> {
        Ok(Arrived {
            staged: self.stager.finish().await?,
            storage: self.storage,
            biometric: Biometric::of(&self.head),
            media_type: told(&self.head, last(&self.tail), media_type),
            file_name,
        })
    }
}

/// As much of an end as says what an archive holds.
fn last(tail: &[u8]) -> &[u8] {
    let begin = tail.len().saturating_sub(TAIL_BYTES);
    tail.get(begin..).unwrap_or_default()
}

/// Whether content may be an archive in the manner of zip; also while less than its first four bytes are there.
fn is_archive(head: &[u8]) -> bool {
    const FIRST: &[u8] = b"PK\x03\x04";
    head.starts_with(FIRST) || FIRST.starts_with(head)
}

/// The media type of content that begins with `head`, and of an archive that ends with `tail`: what was said of it,
/// unless its bytes leave no doubt that it is something else.
fn told(head: &[u8], tail: &[u8], said: String) -> String {
    let essence = said.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let format = Format::unmistakable(head).or_else(|| {
        let packed = Format::packed(tail).filter(|_| is_archive(head));
        packed.filter(|format| {
            if *format == Format::Archive {
                // Many kinds of files are archives inside: whoever says which one knows more.
                SAYS_NOTHING.contains(&essence.as_str())
            } else {
                !is_kin(&essence)
            }
        })
    });
    match format {
        Some(format) if essence != format.media_type() => format.media_type().to_owned(),
        Some(_) | None => said,
    }
}

/// What is said of content of which nothing is known.
const SAYS_NOTHING: [&str; 3] = ["", "application/octet-stream", "binary/octet-stream"];

/// Templates, shows and documents with macros have types of their own and are made of the same parts.
fn is_kin(essence: &str) -> bool {
    let is_office = essence.starts_with("application/vnd.");
    is_office
        && (essence.contains("macroenabled")
            || essence.ends_with(".template")
            || essence.ends_with(".slideshow"))
}

/// Content that has arrived whole.
#[derive(Debug)]
pub struct Arrived {
    pub(super) staged: Staged,
    storage: Storage,
    biometric: Option<Biometric>,
    media_type: String,
    pub(super) file_name: Option<String>,
}

impl Arrived {
    /// The store in which it is.
    pub(super) fn storage(&self) -> Storage {
        self.storage.clone()
    }

    /// SHA-256 of the content.
    #[must_use]
    pub const fn sha256(&self) -> Sha256Digest {
        self.staged.content.sha256
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.staged.content.bytes
    }

    /// What it is, where it is a biometric record.
    #[must_use]
    pub const fn biometric(&self) -> Option<Biometric> {
        self.biometric
    }

    /// The name under which it came.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// The same for the compartment in which it will stand: nobody opens it without its key.
    pub async fn within(
        self,
        on: &impl ConnectionTrait,
        compartment: Option<CompartmentId>,
    ) -> Result<Self, DocumentError> {
        let domain = departments::key_domain(on, compartment).await?;
        let kms = self.storage.kms().as_ref();
        Ok(Self {
            staged: self.staged.within(kms, &domain).await?,
            ..self
        })
    }

    /// The same for a case that the actor sees. Whoever files in another one is refused later.
    pub(super) async fn within_case(
        self,
        db: &Db,
        actor: &Actor,
        case: Option<CaseId>,
    ) -> Result<Self, DocumentError> {
        let Some(case) = case else { return Ok(self) };
        match cases::read(db.read(), actor, case).await {
            Ok(case) => self.within(db.read(), case.compartment).await,
            Err(CaseError::NotFound) => Ok(self),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the content durable under the keys of `domain`, as a blob that no other content shares; and
    /// says what it is called to be.
    pub(super) async fn keep_apart(
        self,
        domain: &KeyDomain,
    ) -> Result<(Kept, String), DocumentError> {
        let staged = self
            .staged
            .within(self.storage.kms().as_ref(), domain)
            .await?;
        let (content, stored_bytes) = (staged.content, staged.stored_bytes);
        let kept = Kept {
            blob: staged.keep().await?,
            content,
            stored_bytes,
            instead_of: None,
        };
        Ok((kept, self.media_type))
    }

    /// Makes the content durable, unless the same content is already.
    pub async fn keep(self, db: &Db) -> Result<Content, DocumentError> {
        Ok(self.keep_for(db, None).await?.0)
    }

    /// Like [`Arrived::keep`], with the password by which the content opens.
    pub async fn keep_with(
        self,
        db: &Db,
        password: Option<&Password>,
    ) -> Result<Content, DocumentError> {
        let storage = self.storage.clone();
        let content = self.keep(db).await?;
        passwords::with(db, &storage, content, password).await
    }

    /// Like [`Arrived::keep`], for someone who must not learn by the time it takes whether others
    /// have the same content: where the actor sees no document that has it, it is written all the
    /// same and taken away again later.
    pub async fn keep_as(
        self,
        db: &Db,
        actor: &Actor,
        tasks: &Tasks,
    ) -> Result<Content, DocumentError> {
        let storage = self.storage.clone();
        let (content, spare) = self.keep_for(db, Some(actor)).await?;
        if let Some(spare) = spare {
            tasks.start("spare blob", |_end| take_away(storage, spare));
        }
        Ok(content)
    }

    /// The content as it is kept, and what was written beside it for the sake of time.
    async fn keep_for(
        self,
        db: &Db,
        actor: Option<&Actor>,
    ) -> Result<(Content, Option<Sha256Digest>), DocumentError> {
        let Self {
            staged,
            storage,
            biometric: _,
            media_type,
            file_name,
        } = self;
        let (content, stored_bytes) = (staged.content, staged.stored_bytes);
        let known = same::known_content(db.read(), &storage, &content, staged.domain()).await?;
        let instead_of = match known {
            Known::Stored(kept) => {
                let sees = match actor {
                    Some(actor) => same::sees_blob(db.read(), actor, &kept.blob).await?,
                    None => true,
                };
                let spare = if sees {
                    staged.discard().await;
                    None
                } else {
                    Some(staged.keep().await?.name)
                };
                let content = Content {
                    kept,
                    media_type,
                    file_name,
                    password: None,
                };
                return Ok((content, spare));
            }
            // What cannot be read any more is healed by whoever brings it again.
            Known::Lost(name) => Some(name),
            Known::New => None,
        };
        let kept = Kept {
            blob: staged.keep().await?,
            content,
            stored_bytes,
            instead_of,
        };
        let content = Content {
            kept,
            media_type,
            file_name,
            password: None,
        };
        Ok((content, None))
    }

    /// Forgets it.
    pub async fn discard(self) {
        self.staged.discard().await;
    }
}

/// Deletes a blob that no row names.
pub(super) async fn take_away(storage: Storage, name: Sha256Digest) {
    if let Err(error) = storage.delete(&name).await {
        tracing::warn!(%error, "a blob that nobody names stays; `papierlos check` will name it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

    /// The end of an archive with these members.
    fn end(names: &[&str]) -> Vec<u8> {
        let mut directory = Vec::new();
        for name in names {
            let length = u16::try_from(name.len()).expect("short").to_le_bytes();
            let fixed = [&b"PK\x01\x02"[..], &[0; 24], &length, &[0; 16]].concat();
            directory.extend([&fixed[..], name.as_bytes()].concat());
        }
        let bytes = u32::try_from(directory.len()).expect("short").to_le_bytes();
        let last = [&b"PK\x05\x06"[..], &[0; 8], &bytes, &[0; 6]].concat();
        [directory, last].concat()
    }

    #[test]
    fn content_is_called_what_its_bytes_leave_no_doubt_about() {
        let letter = end(&["[Content_Types].xml", "word/document.xml"]);
        let packed = end(&["Anlage.pdf"]);
        let check = |head: &[u8], tail: &[u8], said: &str, expect: &str| {
            assert_eq!(told(head, tail, said.to_owned()), expect, "{said}");
        };
        let (zip, nothing) = (&b"PK\x03\x04"[..], "application/octet-stream");
        check(b"%PDF-1.7", &[], nothing, "application/pdf");
        check(
            b"%PDF-1.7",
            &[],
            "Application/PDF; a=b",
            "Application/PDF; a=b",
        );
        check(zip, &letter, nothing, DOCX);
        check(zip, &letter, "application/zip", DOCX);
        check(zip, &letter, "", DOCX);
        check(zip, &letter, "text/plain", DOCX);
        let template = "application/vnd.openxmlformats-officedocument.wordprocessingml.template";
        check(zip, &letter, template, template);
        check(zip, &packed, nothing, "application/zip");
        check(
            zip,
            &packed,
            "application/java-archive",
            "application/java-archive",
        );
        // The end of anything may look like the end of an archive.
        check(b"Text", &letter, "text/plain", "text/plain");
        check(zip, b"cut off", nothing, nothing);
    }
}

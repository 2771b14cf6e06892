//! Reading a version: by a worker, with the passwords that open it; and how what was read is stored.

use bytes::Bytes;
use futures_util::TryStreamExt;
use indexer::extract::{
    Extraction, Format, PageState, Password, Passwords, Reason, Room, TextState,
};
use indexer::likeness::Sketch;
use storage::{Blob, KeyDomain};
use tokio::sync::mpsc;
use tokio_util::io::StreamReader;

use super::beside::Beside;
use super::parts::{self, Apart};
use super::runner::{JobError, Runner, TEXT_MEDIA_TYPE};
use crate::documents::{self, Arriving, Details, Kept, Page, Pages, ReadText, TextInfo, Version};

/// What an invoice is about: JSON.
const INVOICE_MEDIA_TYPE: &str = "application/json";
/// Pieces of parts that wait for the store, beside that which it takes.
const PIECES_WAITING_MAX: usize = 4;

impl Runner {
    /// Reads a version, stores what lies in it, and looks for codes beside its text. Where it is locked and no password of its own opens it,
    /// those of the house are tried, and the one that fits is given: no worker is told of them before its
    /// document is known to be locked.
    pub(super) async fn read(
        &self,
        of: (&Version, &Blob),
        within: (documents::Room, bool),
        domain: &KeyDomain,
        own: &Passwords,
    ) -> Result<(Extraction, Apart, Option<Password>, Beside), JobError> {
        let (extraction, apart) = self.take_apart(of, within, domain, own).await?;
        let locked = extraction.format == Format::Pdf
            && extraction.state.reason() == Some(Reason::Encrypted);
        if !locked || self.tried.is_empty() {
            let (apart, beside) = self.and_beside(of.1, (&extraction, apart), own).await?;
            return Ok((extraction, apart, None, beside));
        }
        apart.forget(&self.db, &self.storage).await;
        let (extraction, apart) = self.take_apart(of, within, domain, &self.tried).await?;
        let fits = extraction.opened.and_then(|at| self.tried.get(at)).cloned();
        let read = (&extraction, apart);
        let (apart, beside) = self.and_beside(of.1, read, &self.tried).await?;
        Ok((extraction, apart, fits, beside))
    }

    /// Looks for codes beside the text that was read. Where that fails, what was taken out is forgotten: the
    /// next try stores it anew.
    async fn and_beside(
        &self,
        blob: &Blob,
        (extraction, apart): (&Extraction, Apart),
        passwords: &Passwords,
    ) -> Result<(Apart, Beside), JobError> {
        match Box::pin(self.look_beside(blob, extraction, passwords)).await {
            Ok(beside) => Ok((apart, beside)),
            Err(error) => {
                apart.forget(&self.db, &self.storage).await;
                Err(error)
            }
        }
    }

    /// Stores a password that opened a version, where one did.
    pub(super) async fn keep_password(
        &self,
        password: Option<Password>,
        domain: &KeyDomain,
    ) -> Result<Option<Kept>, JobError> {
        let Some(password) = password else {
            return Ok(None);
        };
        let kept = documents::store_password(&self.db, &self.storage, domain, &password).await?;
        Ok(Some(kept))
    }

    /// Reads a version, and stores what lies in it.
    async fn take_apart(
        &self,
        (version, blob): (&Version, &Blob),
        (left, last): (documents::Room, bool),
        domain: &KeyDomain,
        passwords: &Passwords,
    ) -> Result<(Extraction, Apart), JobError> {
        let department = documents::department_of_version(self.db.read(), version).await?;
        let content = self.storage.open(blob, None).await?;
        let content = StreamReader::new(content.map_err(std::io::Error::other));
        let (taker, taken) = mpsc::channel(PIECES_WAITING_MAX);
        let fits = Room {
            parts: u32::try_from(left.parts).unwrap_or(u32::MAX),
            bytes: left.bytes,
        };
        let media_type = Some(version.media_type.as_str());
        let opening = self.extractor.opening(passwords);
        let reading = opening.take_apart(content, media_type, fits, taker);
        let store = (&self.entrance, domain);
        let place = (&self.db, &self.storage);
        let keeping = parts::keep(store, place, department, last, taken);
        let (extraction, apart) = tokio::join!(Box::pin(reading), Box::pin(keeping));
        // Where parts cannot be kept, nobody takes them: that is the reason, not the other.
        let apart = apart?;
        let extraction = match extraction {
            Ok(extraction) => extraction,
            Err(error) => {
                apart.forget(&self.db, &self.storage).await;
                return Err(error.into());
            }
        };
        if extraction.stumbled {
            tracing::warn!(
                document.version = %version.id,
                text.engine = extraction.engine.name,
                "a reader panicked at a document, which counts as damaged"
            );
        }
        Ok((extraction, apart))
    }

    pub(super) async fn pack(
        &self,
        extraction: Option<Extraction>,
        beside: Beside,
        domain: &KeyDomain,
    ) -> Result<ReadText, JobError> {
        let Some(extraction) = extraction else {
            let info = TextInfo {
                state: "unreadable".to_owned(),
                reason: Some("too_large".to_owned()),
                pages: 0,
                engine: "none".to_owned(),
                components: None,
                details: Details::default(),
            };
            return Ok(ReadText::plain(info, None));
        };
        let invoice = match &extraction.invoice {
            Some(invoice) => {
                let facts = Bytes::from(serde_json::to_vec(invoice)?);
                Some(self.store(facts, INVOICE_MEDIA_TYPE, domain).await?)
            }
            None => None,
        };
        let invoice_key = extraction.invoice.as_ref().and_then(documents::invoice_key);
        let state = match extraction.state {
            TextState::Readable => "readable",
            TextState::PartlyReadable { .. } => "partly_readable",
            TextState::Unreadable { .. } => "unreadable",
        };
        let info = TextInfo {
            state: state.to_owned(),
            reason: extraction
                .state
                .reason()
                .map(|reason| reason.as_str().to_owned()),
            pages: u64::try_from(extraction.pages.len()).unwrap_or(u64::MAX),
            engine: format!("{} {}", extraction.engine.name, extraction.engine.version),
            components: parts::counted(&extraction),
            details: parts::details(&extraction),
        };
        let mut texts = extraction.pages.iter().map(|page| page.text.trim());
        if texts.all(str::is_empty) && beside.is_empty() {
            return Ok(ReadText {
                invoice,
                invoice_key,
                ..ReadText::plain(info, None)
            });
        }
        let sketch = Sketch::of(extraction.pages.iter().map(|page| page.text.as_str()));
        let pages = extraction.pages.into_iter().map(|page| {
            let state = match page.state {
                PageState::Read => "read",
                PageState::NeedsOcr => "needs_ocr",
                PageState::Cut => "cut",
                PageState::Damaged => "damaged",
            };
            Page {
                text: page.text,
                state: state.to_owned(),
                ..Page::default()
            }
        });
        let mut pages: Vec<Page> = pages.collect();
        beside.tell(&mut pages);
        let packed = Bytes::from(Pages::of(pages).pack()?);
        let pages = self.store(packed, TEXT_MEDIA_TYPE, domain).await?;
        Ok(ReadText {
            sketch,
            invoice,
            invoice_key,
            ..ReadText::plain(info, Some(pages))
        })
    }

    /// Stores what was read. Copies of a document have the same text: it is stored once, like their
    /// content.
    pub(super) async fn store(
        &self,
        bytes: Bytes,
        media_type: &str,
        domain: &KeyDomain,
    ) -> Result<Kept, JobError> {
        let mut arriving = Arriving::begin_in(&self.storage, domain).await?;
        arriving.push(bytes).await?;
        let arrived = arriving.finish(media_type.to_owned(), None).await?;
        Ok(arrived.keep(&self.db).await?.kept)
    }
}

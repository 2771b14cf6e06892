//! Pages of one version, for whoever shows it to somebody under a right of its own: a signing job.

use actix_web::{HttpRequest, HttpResponse};
use storage::{Blob, Storage};

use super::ground::Ground;
use super::http::text_of;
use super::{Easel, MEDIA_TYPE, Painter, no_picture};
use crate::base::{AccountId, VersionId};
use crate::documents::guard;
use crate::documents::http::store_problem;
use crate::documents::looking::LOOKS_MAX;
use crate::documents::model::{DocumentError, Version};
use crate::documents::rows;
use crate::http::Problem;
use crate::http::content::Download;
use crate::http::name::Disposition;
use crate::unit::Db;

/// The width in which whoever signs is shown a page, in dots.
const SHOWN_WIDTH: u16 = 1600;

/// A version that is shown.
pub(crate) struct Showing<'a> {
    easel: Easel<'a>,
    version: Version,
    content: Blob,
    /// What is signed is a PDF: its pages are drawn from the content itself.
    ground: Ground,
}

impl<'a> Showing<'a> {
    /// Opens a version, for an account that may read it: the caller has looked.
    pub(crate) async fn open(
        (db, storage, painter): (&'a Db, &'a Storage, &'a Painter),
        account: AccountId,
        id: VersionId,
    ) -> Result<Self, Problem> {
        guard::require_open(db.read(), id).await?;
        // Between looking for the blob and for its key it may have followed its document.
        for _ in 0..LOOKS_MAX {
            let found = rows::version(db.read(), id).await?;
            let (version, name) = found.ok_or(DocumentError::NoVersion)?;
            if let Some(content) = rows::blob_to_open(db.read(), &name).await? {
                let easel = Easel {
                    db,
                    storage,
                    painter,
                    account,
                };
                return Ok(Self {
                    easel,
                    version,
                    ground: Ground::Content(content.clone()),
                    content,
                });
            }
        }
        Err(DocumentError::NoVersion.into())
    }

    /// The whole content, where it is not larger than `bytes_max`.
    pub(crate) async fn content(&self, bytes_max: u64) -> Result<Vec<u8>, Problem> {
        let read = self.easel.storage.read(&self.content, bytes_max).await;
        read.map_err(store_problem)
    }

    /// How wide and how high each page is, in points, as it is looked at.
    ///
    /// # Errors
    /// 404, where it is not drawn.
    pub(crate) async fn sizes(&self) -> Result<Vec<(f64, f64)>, Problem> {
        match self.easel.shapes(&self.version, &self.ground).await? {
            Ok(shapes) => {
                let points = |hundredths: u32| f64::from(hundredths) / 100.0;
                let size = |shape: &indexer::extract::PageShape| {
                    (points(shape.size.width), points(shape.size.height))
                };
                Ok(shapes.pages.iter().map(size).collect())
            }
            Err(reason) => Err(no_picture(reason)),
        }
    }

    /// The text of each page, as far as it was read.
    pub(crate) async fn texts(&self) -> Result<Vec<String>, Problem> {
        let on = self.easel.db.read();
        let read = text_of(on, self.easel.storage, &self.version).await?;
        let pages = read.map(|(_, pages)| pages).unwrap_or_default();
        Ok(pages.into_iter().map(|page| page.text).collect())
    }

    /// SHA-256 of the picture of a page, where it was shown.
    pub(crate) async fn shown(&self, page: u32) -> Result<Option<[u8; 32]>, Problem> {
        let wanted = (page, SHOWN_WIDTH);
        let drawn = self.easel.drawn_before(&self.version, &self.ground, wanted);
        Ok(drawn.await?)
    }

    /// Sends the picture of a page.
    pub(crate) async fn respond(
        &self,
        request: &HttpRequest,
        page: u32,
    ) -> Result<HttpResponse, Problem> {
        let wanted = (page, SHOWN_WIDTH);
        let (blob, sha256) = self
            .easel
            .picture(&self.version, &self.ground, wanted)
            .await?;
        let download = Download {
            sha256,
            sha512: None,
            length_bytes: blob.content_bytes,
            media_type: MEDIA_TYPE.to_owned(),
            file_name: None,
            disposition: Disposition::Inline,
        };
        download
            .respond(request, async |span| {
                let range = span.start..span.start + span.length;
                let opened = self.easel.storage.open(&blob, Some(range)).await;
                opened.map_err(store_problem)
            })
            .await
    }
}

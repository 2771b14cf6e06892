//! Documents that may be locked: what is asked of a worker, with the passwords that it tries.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;

use super::detect::{self, HEAD_BYTES};
use super::host::{ExtractError, Extractor};
use super::marks::{self, LOOKED_AT_ONCE_MAX};
use super::password::Passwords;
use super::sandbox::Layers;
use super::several::{self, DrawnPage, PageWish};
use super::wire::{End, Task};
use super::{
    Extraction, Format, Limits, PageShape, Picture, PictureState, PlacedPage, Reason, Room, Seen,
    Taken, TextState, Want,
};

/// An [`Extractor`] with passwords. They go to the worker of a document that can be locked, and to no other.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    extractor: &'a Extractor,
    passwords: &'a Passwords,
}

/// Whether passwords open a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlocked {
    /// The password at this place does.
    By(usize),
    /// It is open without one, or nothing that can be locked.
    NotLocked,
    /// None of them does, or it is locked in an unknown way.
    Wrong,
    /// It could not be looked at, for this reason.
    Unread(Reason),
}

/// What a worker drew, or told of what would be drawn.
#[derive(Debug)]
pub(super) struct Drawn {
    /// What it drew.
    pub(super) state: PictureState<Vec<u8>>,
    /// The place of the password that opened the document.
    opened: Option<usize>,
    /// What was seen on the page beside its words.
    seen: Option<Seen>,
}

impl Drawn {
    const fn refused(reason: Reason) -> Self {
        Self {
            state: PictureState::Refused(reason),
            opened: None,
            seen: None,
        }
    }
}

impl<'a> Opening<'a> {
    pub(super) const fn new(extractor: &'a Extractor, passwords: &'a Passwords) -> Self {
        Self {
            extractor,
            passwords,
        }
    }

    /// See [`Extractor::extract`].
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn extract(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        declared: Option<&str>,
    ) -> Result<Extraction, ExtractError> {
        let limits = self.extractor.limits();
        let room = Room {
            parts: limits.parts_max,
            bytes: limits.parts_bytes_max,
        };
        self.extract_dyn(&mut content, declared, room, None).await
    }

    /// See [`Extractor::take_apart`].
    ///
    /// # Errors
    ///
    /// See [`Extractor::take_apart`].
    pub async fn take_apart(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        declared: Option<&str>,
        room: Room,
        taker: mpsc::Sender<Taken>,
    ) -> Result<Extraction, ExtractError> {
        self.extract_dyn(&mut content, declared, room, Some(taker))
            .await
    }

    /// See [`Extractor::picture`].
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn picture(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        page: u32,
        want: Want,
    ) -> Result<PictureState<Picture>, ExtractError> {
        let drawn = self
            .drawn(&mut content, |format| Some(Task::Draw(format, want, page)))
            .await?;
        Ok(drawn.state.and_then(|packed| Picture::unpack(packed, want)))
    }

    /// See [`Extractor::sheet`].
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn sheet(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        page: u32,
    ) -> Result<PictureState<(Picture, Option<Seen>)>, ExtractError> {
        let want = Want::Recognition;
        let drawn = self
            .drawn(&mut content, |format| Some(Task::Draw(format, want, page)))
            .await?;
        let seen = drawn.seen;
        let unpack = |packed: Vec<u8>| Some((Picture::unpack(packed, want)?, seen));
        Ok(drawn.state.and_then(unpack))
    }

    /// See [`Extractor::shapes`].
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn shapes(
        self,
        mut content: impl AsyncRead + Send + Unpin,
    ) -> Result<PictureState<Vec<PageShape>>, ExtractError> {
        let shapes = |format: Format| Some(Task::Shapes(format));
        let drawn = self.drawn(&mut content, shapes).await?;
        Ok(drawn
            .state
            .and_then(|packed| PageShape::unpack_all(&packed)))
    }

    /// See [`Extractor::words`].
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn words(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        page: u32,
    ) -> Result<PictureState<PlacedPage>, ExtractError> {
        let words = |format: Format| (format == Format::Pdf).then_some(Task::Words(page));
        let drawn = self.drawn(&mut content, words).await?;
        Ok(drawn.state.and_then(|packed| PlacedPage::unpack(&packed)))
    }

    /// Whether one of the passwords opens a document.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn unlock(
        self,
        mut content: impl AsyncRead + Send + Unpin,
    ) -> Result<Unlocked, ExtractError> {
        let shapes = |format: Format| (format == Format::Pdf).then_some(Task::Shapes(format));
        let drawn = self.drawn(&mut content, shapes).await?;
        Ok(match (drawn.state, drawn.opened) {
            (PictureState::Drawn(_) | PictureState::NoPage, Some(by)) => Unlocked::By(by),
            (
                PictureState::Drawn(_)
                | PictureState::NoPage
                | PictureState::Refused(Reason::UnknownFormat | Reason::UnreadPicture),
                _,
            ) => Unlocked::NotLocked,
            (PictureState::Refused(Reason::Encrypted), _) => Unlocked::Wrong,
            (PictureState::Refused(reason), _) => Unlocked::Unread(reason),
        })
    }

    /// Looks for codes on pages of a PDF, beginning with page 0: at so many of the first of these as there is
    /// time for, and not at more than [`LOOKED_AT_ONCE_MAX`]. Nothing of a page that could not be looked at.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn look(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        pages: &[u32],
    ) -> Result<PictureState<Vec<Option<Seen>>>, ExtractError> {
        let pages = pages.get(..LOOKED_AT_ONCE_MAX).unwrap_or(pages);
        let head = head_of(&mut content).await?;
        if detect::format(&head) != Format::Pdf {
            return Ok(PictureState::Refused(Reason::UnknownFormat));
        }
        let mut front = marks::pack(pages);
        let before = u64::try_from(front.len()).unwrap_or(u64::MAX);
        front.extend(head);
        let limits = self.extractor.limits();
        let seconds = limits.cpu_seconds_max.min(marks::CPU_SECONDS_MAX);
        let by_the_clock = Duration::from_secs(u64::from(marks::CPU_SECONDS_MAX) * 3);
        let limits = Limits {
            content_bytes_max: limits.content_bytes_max.saturating_add(before),
            cpu_seconds_max: seconds,
            wall_time_max: limits.wall_time_max.min(by_the_clock),
            ..limits.clone()
        };
        let told = self
            .answer_within(Task::Look, &limits, front, &mut content)
            .await?;
        let many = pages.len();
        Ok(told
            .state
            .and_then(|packed| marks::unpack_seen(&packed, many)))
    }

    /// Draws pages of a document in one worker and gives them away in their order, as far as there is time, and
    /// not more than [`super::PAGES_AT_ONCE_MAX`]; tells how many it were. Where it is none, the first of them is to be
    /// asked for alone ([`Opening::picture`]): that tells why.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn several(
        self,
        mut content: impl AsyncRead + Send + Unpin,
        wishes: &[PageWish],
        want: Want,
        give: mpsc::Sender<DrawnPage>,
    ) -> Result<u32, ExtractError> {
        let by = (self.extractor, self.passwords);
        several::several(by, &mut content, (wishes, want), give).await
    }

    /// The passwords, where the task is about something that can be locked.
    fn of_use(self, task: Task) -> &'a Passwords {
        match task {
            Task::Pdf
            | Task::Look
            | Task::Several(Format::Pdf, _)
            | Task::Words(_)
            | Task::Shapes(Format::Pdf)
            | Task::Draw(Format::Pdf, _, _) => self.passwords,
            Task::Text
            | Task::Leaves(_)
            | Task::Shapes(_)
            | Task::Draw(..)
            | Task::Package
            | Task::Xml
            | Task::Html
            | Task::Rtf
            | Task::Csv
            | Task::Mail
            | Task::Outlook
            | Task::Sheets
            | Task::DrawSheet(..)
            | Task::SheetWords(_)
            | Task::Several(..)
            | Task::Cut(_)
            | Task::Given
            | Task::SelfTest(_) => Passwords::none(),
        }
    }

    async fn extract_dyn(
        self,
        content: &mut (dyn AsyncRead + Send + Unpin),
        declared: Option<&str>,
        room: Room,
        taker: Option<mpsc::Sender<Taken>>,
    ) -> Result<Extraction, ExtractError> {
        let head = head_of(content).await?;
        let format = detect::format(&head);
        let task = match format {
            Format::Pdf => Task::Pdf,
            Format::Text => Task::Text,
            Format::Html => Task::Html,
            Format::Rtf => Task::Rtf,
            Format::Csv => Task::Csv,
            Format::Mail => Task::Mail,
            Format::Outlook => Task::Outlook,
            Format::Archive => Task::Package,
            Format::Jpeg | Format::Png | Format::Tiff | Format::Webp => Task::Leaves(format),
            // Told from within only.
            Format::Docx
            | Format::Xlsx
            | Format::Pptx
            | Format::Odt
            | Format::Ods
            | Format::Odp
            | Format::Ubl
            | Format::Cii
            | Format::Unknown => match detect::to_open(&head) {
                Some(task) => task,
                None => return Ok(refusal(&head, declared)),
            },
        };
        let limits = Limits {
            parts_max: room.parts,
            parts_bytes_max: room.bytes,
            ..self.extractor.limits().clone()
        };
        let task = (task, self.of_use(task));
        let talk = self
            .extractor
            .talk(task, &limits, head, content, taker)
            .await?;
        if talk.carried.not_taken {
            return Err(ExtractError::NotTaken);
        }
        if !talk.held().suffice() {
            return Err(ExtractError::Unprotected { held: talk.held() });
        }
        Ok(talk.into_extraction(format, self.extractor.limits()))
    }

    async fn drawn(
        self,
        content: &mut (dyn AsyncRead + Send + Unpin),
        task: impl FnOnce(Format) -> Option<Task>,
    ) -> Result<Drawn, ExtractError> {
        let head = head_of(content).await?;
        let format = detect::format(&head);
        if !format.is_drawn() {
            let reason = if detect::is_heif(&head) {
                Reason::UnreadPicture
            } else {
                Reason::UnknownFormat
            };
            return Ok(Drawn::refused(reason));
        }
        let Some(task) = task(format) else {
            return Ok(Drawn::refused(Reason::UnknownFormat));
        };
        self.answer(task, head, content).await
    }

    /// What a worker draws, or tells of what would be drawn.
    pub(super) async fn answer(
        self,
        task: Task,
        head: Vec<u8>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Drawn, ExtractError> {
        let limits = self.extractor.limits();
        self.answer_within(task, limits, head, content).await
    }

    async fn answer_within(
        self,
        task: Task,
        limits: &Limits,
        head: Vec<u8>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Drawn, ExtractError> {
        let is_looked_at = matches!(task, Task::Draw(_, Want::Recognition, _));
        let task = (task, self.of_use(task));
        let talk = self
            .extractor
            .talk(task, limits, head, content, None)
            .await?;
        if talk.held.is_some() && !talk.held().suffice() {
            return Err(ExtractError::Unprotected { held: talk.held() });
        }
        let beyond = talk.end == Some(End::Pages);
        // Whoever died of what stands on the page had drawn it: that costs what was to be seen there.
        let died_looking = is_looked_at && talk.end.is_none() && !talk.broken && !talk.too_long;
        let opened = talk.opened.map(usize::from);
        let state = match (talk.fell_short(), talk.drawn) {
            (None, Some(packed)) => PictureState::Drawn(packed),
            (Some(_), Some(packed)) if died_looking => PictureState::Drawn(packed),
            (None, None) => PictureState::Refused(Reason::Crashed),
            (Some(_), _) if beyond => PictureState::NoPage,
            (Some(reason), _) => PictureState::Refused(reason),
        };
        Ok(Drawn {
            state,
            opened,
            seen: talk.seen,
        })
    }
}

impl<T> PictureState<T> {
    /// What a worker packed wrongly is worth nothing.
    pub(super) fn and_then<U>(self, unpack: impl FnOnce(T) -> Option<U>) -> PictureState<U> {
        match self {
            Self::Drawn(packed) => match unpack(packed) {
                Some(picture) => PictureState::Drawn(picture),
                None => PictureState::Refused(Reason::Crashed),
            },
            Self::Refused(reason) => PictureState::Refused(reason),
            Self::NoPage => PictureState::NoPage,
        }
    }
}

/// The first bytes of a content, by which its format is told.
pub(super) async fn head_of(
    content: &mut (dyn AsyncRead + Send + Unpin),
) -> Result<Vec<u8>, ExtractError> {
    let mut head = Vec::new();
    let head_bytes = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    content
        .take(head_bytes)
        .read_to_end(&mut head)
        .await
        .map_err(ExtractError::Source)?;
    Ok(head)
}

/// What is said of content that no worker reads.
fn refusal(head: &[u8], declared: Option<&str>) -> Extraction {
    let is_text = declared.is_some_and(|media| media.trim_start().starts_with("text/"));
    let reason = if head.is_empty() {
        Reason::Empty
    } else if is_text && !detect::is_text(head) {
        Reason::NotText
    } else if detect::is_heif(head) {
        Reason::UnreadPicture
    } else {
        Reason::UnknownFormat
    };
    Extraction {
        state: TextState::Unreadable { reason },
        format: Format::Unknown,
        pages: Vec::new(),
        engine: Format::Unknown.engine(),
        limits_hit: Vec::new(),
        invoice: None,
        sandbox: Layers::NONE,
        stumbled: false,
        mail: None,
        parts: 0,
        left_out: Vec::new(),
        opened: None,
        portfolio: false,
        marked: Vec::new(),
    }
}

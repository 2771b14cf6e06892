//! The server's side: starts a worker for each document and ends it.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, mpsc};

use super::detect::{self, HEAD_BYTES};
use super::sandbox::Layers;
use super::talk::{Feeding, Talk, converse};
use super::wire::{End, Header, Task};
use super::{
    Extraction, Format, Limits, PageShape, Picture, PictureState, PlacedPage, Probe, Reason, Room,
    Taken, TextState, WORKER_COMMAND, Want,
};

/// Extraction itself failed, not the document: each is worth another try later.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// No process could be started from the binary.
    #[error("cannot start the extraction worker {exe}")]
    Start {
        /// The binary.
        exe: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The process that was started is no worker of this version.
    #[error("{exe} did not answer as an extraction worker ({status})")]
    NotAWorker {
        /// The binary.
        exe: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
    /// The system does not allow enough layers; no document is read without them.
    #[error("the extraction worker is not held well enough: only {held:?}")]
    Unprotected {
        /// The layers that were in force.
        held: Layers,
    },
    /// The worker could not become the program that recognises: that is gone, or may not be run.
    #[error("the program that recognises cannot be run: {said}")]
    NoProgram {
        /// What the worker said.
        said: String,
    },
    /// The pipes or the end of the worker failed.
    #[error("the extraction worker cannot be spoken to")]
    Worker(#[source] io::Error),
    /// The content could not be read.
    #[error("the content cannot be read")]
    Source(#[source] io::Error),
    /// The content did not come in time.
    #[error("the content did not come in time")]
    SourceStalled,
    /// Whoever wanted the parts does not take them any more.
    #[error("the parts were not taken")]
    NotTaken,
}

/// Gets the text of documents, each in a worker of its own.
///
/// A document can make its own extraction fail, and that is part of the answer; it can neither
/// make an error nor hold up others for longer than its limits.
#[derive(Debug)]
pub struct Extractor {
    exe: PathBuf,
    command: &'static str,
    limits: Limits,
    slots: Semaphore,
}

impl Extractor {
    /// Workers are started as `exe extract-worker`. For the running binary, `/proc/self/exe` also
    /// works after an update has replaced the file.
    pub fn new(exe: PathBuf, limits: Limits) -> Self {
        Self::of_command(exe, WORKER_COMMAND, limits)
    }

    /// Workers are started as `exe command`, which must lead to [`super::given_main`]: for
    /// [`Extractor::give`], and for nothing else.
    pub fn of_command(exe: PathBuf, command: &'static str, limits: Limits) -> Self {
        let slots = Semaphore::new(limits.workers_max.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            exe,
            command,
            limits,
            slots,
        }
    }

    /// What one document may cost.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Gets the text of a document.
    ///
    /// The format is told from the content; `declared`, a media type, only words the refusal. A
    /// dropped future kills its worker.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn extract(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
        declared: Option<&str>,
    ) -> Result<Extraction, ExtractError> {
        let room = Room {
            parts: self.limits.parts_max,
            bytes: self.limits.parts_bytes_max,
        };
        self.extract_dyn(&mut content, declared, room, None).await
    }

    /// Gets the text of a document, and hands over what is in it: as far as there is room.
    ///
    /// What is handed over comes from strangers by way of a worker that may have been taken over: names
    /// are data, and nothing but that. Whoever takes it slowly takes of the worker's time.
    ///
    /// # Errors
    ///
    /// See [`Extractor::extract`]; and where `taker` is closed before the end.
    pub async fn take_apart(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
        declared: Option<&str>,
        room: Room,
        taker: mpsc::Sender<Taken>,
    ) -> Result<Extraction, ExtractError> {
        self.extract_dyn(&mut content, declared, room, Some(taker))
            .await
    }

    async fn extract_dyn(
        &self,
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
            ..self.limits.clone()
        };
        let talk = self.talk(task, &limits, head, content, taker).await?;
        if talk.carried.not_taken {
            return Err(ExtractError::NotTaken);
        }
        if !talk.held().suffice() {
            return Err(ExtractError::Unprotected { held: talk.held() });
        }
        Ok(talk.into_extraction(format, &self.limits))
    }

    /// Draws a page of a document, beginning with page 0.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn picture(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
        page: u32,
        want: Want,
    ) -> Result<PictureState<Picture>, ExtractError> {
        let drawn = self
            .drawn(&mut content, |format| Some(Task::Draw(format, want, page)))
            .await?;
        Ok(drawn.and_then(|packed| Picture::unpack(&packed, want)))
    }

    /// How large the pages of a document are, and how they are turned.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn shapes(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
    ) -> Result<PictureState<Vec<PageShape>>, ExtractError> {
        let shapes = |format: Format| Some(Task::Shapes(format));
        let drawn = self.drawn(&mut content, shapes).await?;
        Ok(drawn.and_then(|packed| PageShape::unpack_all(&packed)))
    }

    /// Where the words of a page stand that it brings itself, beginning with page 0. Only a PDF has such.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn words(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
        page: u32,
    ) -> Result<PictureState<PlacedPage>, ExtractError> {
        let words = |format: Format| (format == Format::Pdf).then_some(Task::Words(page));
        let drawn = self.drawn(&mut content, words).await?;
        Ok(drawn.and_then(|packed| PlacedPage::unpack(&packed)))
    }

    /// Gives a worker of another command what it is there for: `head`, and the content behind it.
    ///
    /// # Errors
    ///
    /// Never for what the content is; see [`ExtractError`].
    pub async fn give(
        &self,
        head: Vec<u8>,
        mut content: impl AsyncRead + Send + Unpin,
    ) -> Result<PictureState<Vec<u8>>, ExtractError> {
        let limits = &self.limits;
        let talk = self
            .talk(Task::Given, limits, head, &mut content, None)
            .await?;
        said(talk)
    }

    async fn drawn(
        &self,
        content: &mut (dyn AsyncRead + Send + Unpin),
        task: impl FnOnce(Format) -> Option<Task>,
    ) -> Result<PictureState<Vec<u8>>, ExtractError> {
        let head = head_of(content).await?;
        let format = detect::format(&head);
        if !format.is_drawn() {
            return Ok(PictureState::Refused(Reason::UnknownFormat));
        }
        let Some(task) = task(format) else {
            return Ok(PictureState::Refused(Reason::UnknownFormat));
        };
        let talk = self.talk(task, &self.limits, head, content, None).await?;
        said(talk)
    }

    /// Lets a worker behind these layers try what must not succeed, and tells what came of it.
    ///
    /// # Errors
    ///
    /// If no worker can be started.
    pub async fn self_test(&self, layers: Layers) -> Result<(Layers, Vec<Probe>), ExtractError> {
        let talk = self
            .talk(
                Task::SelfTest(layers),
                &self.limits,
                Vec::new(),
                &mut tokio::io::empty(),
                None,
            )
            .await?;
        Ok((talk.held(), talk.probes))
    }

    /// Starts a worker, hands it the content, takes its frames and sees it end.
    async fn talk(
        &self,
        task: Task,
        limits: &Limits,
        head: Vec<u8>,
        content: &mut (dyn AsyncRead + Send + Unpin),
        taker: Option<mpsc::Sender<Taken>>,
    ) -> Result<Talk, ExtractError> {
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|closed| ExtractError::Worker(io::Error::other(closed)))?;
        let mut child = self.start()?;
        let mut talk = Talk::default();
        talk.carried.taker = taker;
        let time_is_up = {
            let header = Header::new(task, limits);
            let talking = async {
                converse(&mut child, header, head, content, limits, &mut talk).await;
                // How it died matters only if it did not say how it ended.
                if talk.end.is_none() && !talk.broken {
                    talk.status = child.wait().await.ok();
                }
            };
            tokio::time::timeout(limits.wall_time_max, talking)
                .await
                .is_err()
        };
        if time_is_up && talk.feeding == Feeding::WaitsForSource {
            return Err(ExtractError::SourceStalled);
        }
        if let Some(source) = talk.source_error.take() {
            return Err(ExtractError::Source(source));
        }
        talk.timed_out = time_is_up;
        // An error says that the worker has ended in the meantime.
        child.start_kill().ok();
        let status = child.wait().await.map_err(ExtractError::Worker)?;
        if talk.held.is_none() && !time_is_up {
            return Err(ExtractError::NotAWorker {
                exe: self.exe.clone(),
                status,
            });
        }
        Ok(talk)
    }

    fn start(&self) -> Result<Child, ExtractError> {
        Command::new(&self.exe)
            .arg(self.command)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A signal to the server's group, such as Ctrl-C, leaves the worker to its document.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| ExtractError::Start {
                exe: self.exe.clone(),
                source,
            })
    }
}

/// What a worker said that says one thing.
fn said(talk: Talk) -> Result<PictureState<Vec<u8>>, ExtractError> {
    if talk.held.is_some() && !talk.held().suffice() {
        return Err(ExtractError::Unprotected { held: talk.held() });
    }
    let beyond = talk.end == Some(End::Pages);
    Ok(match (talk.fell_short(), talk.drawn) {
        (None, Some(packed)) => PictureState::Drawn(packed),
        (None, None) => PictureState::Refused(Reason::Crashed),
        (Some(_), _) if beyond => PictureState::NoPage,
        (Some(reason), _) => PictureState::Refused(reason),
    })
}

impl<T> PictureState<T> {
    /// What a worker packed wrongly is worth nothing.
    fn and_then<U>(self, unpack: impl FnOnce(T) -> Option<U>) -> PictureState<U> {
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
async fn head_of(content: &mut (dyn AsyncRead + Send + Unpin)) -> Result<Vec<u8>, ExtractError> {
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
    }
}

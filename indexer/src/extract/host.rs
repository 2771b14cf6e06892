//! The server's side: starts a worker for each document and ends it.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncRead;
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, mpsc};

use super::sandbox::Layers;
use super::talk::{Feeding, Talk, converse};
use super::wire::{Header, Task};
use super::{
    Extraction, Format, Limits, Opening, PageRange, PageShape, Passwords, Picture, PictureState,
    PlacedPage, Probe, Reason, Room, Seen, Taken, WORKER_COMMAND, Want, detect, opening, sheets,
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
    /// Others have taken the room in which something is converted; that passes.
    #[error("there is no room left below {folder}")]
    NoRoom {
        /// The folder.
        folder: PathBuf,
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

    /// The same extractor, with passwords that are tried at a document that is locked.
    #[must_use]
    pub const fn opening<'a>(&'a self, passwords: &'a Passwords) -> Opening<'a> {
        Opening::new(self, passwords)
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
        content: impl AsyncRead + Send + Unpin,
        declared: Option<&str>,
    ) -> Result<Extraction, ExtractError> {
        let opening = self.opening(Passwords::none());
        opening.extract(content, declared).await
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
        content: impl AsyncRead + Send + Unpin,
        declared: Option<&str>,
        room: Room,
        taker: mpsc::Sender<Taken>,
    ) -> Result<Extraction, ExtractError> {
        let opening = self.opening(Passwords::none());
        opening.take_apart(content, declared, room, taker).await
    }

    /// Draws a page of a document, beginning with page 0.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn picture(
        &self,
        content: impl AsyncRead + Send + Unpin,
        page: u32,
        want: Want,
    ) -> Result<PictureState<Picture>, ExtractError> {
        let opening = self.opening(Passwords::none());
        opening.picture(content, page, want).await
    }

    /// Draws a page of a document for recognition, beginning with page 0, and tells what was seen on it
    /// beside its words: nothing where looking cost too much.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn sheet(
        &self,
        content: impl AsyncRead + Send + Unpin,
        page: u32,
    ) -> Result<PictureState<(Picture, Option<Seen>)>, ExtractError> {
        self.opening(Passwords::none()).sheet(content, page).await
    }

    /// Makes a document of each of these ranges of pages and hands them over, in their order. `Err`: why it
    /// could not; what was handed over until then is worth nothing.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`]; and where `taker` is closed before the end.
    pub async fn cut(
        &self,
        mut content: impl AsyncRead + Send + Unpin,
        ranges: &[PageRange],
        taker: mpsc::Sender<Taken>,
    ) -> Result<Result<(), Reason>, ExtractError> {
        let head = opening::head_of(&mut content).await?;
        let format = detect::format(&head);
        if !matches!(format, Format::Pdf | Format::Tiff) {
            return Ok(Err(Reason::UnknownFormat));
        }
        let mut front = PageRange::pack_all(ranges);
        let before = u64::try_from(front.len()).unwrap_or(u64::MAX);
        front.extend(head);
        let limits = Limits {
            content_bytes_max: self.limits.content_bytes_max.saturating_add(before),
            parts_max: u32::try_from(ranges.len()).unwrap_or(u32::MAX),
            ..self.limits.clone()
        };
        let task = Task::Cut(format);
        let talk = self
            .talk(
                (task, Passwords::none()),
                &limits,
                front,
                &mut content,
                Some(taker),
            )
            .await?;
        if talk.carried.not_taken {
            return Err(ExtractError::NotTaken);
        }
        if talk.held.is_some() && !talk.held().suffice() {
            return Err(ExtractError::Unprotected { held: talk.held() });
        }
        let whole = usize::try_from(talk.carried.parts) == Ok(ranges.len());
        let left_out = talk.carried.left_out.first().map(|one| one.reason);
        Ok(match talk.fell_short().or(left_out) {
            Some(reason) => Err(reason),
            None if whole => Ok(()),
            None => Err(Reason::Crashed),
        })
    }

    /// How large the pages of a document are, and how they are turned.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn shapes(
        &self,
        content: impl AsyncRead + Send + Unpin,
    ) -> Result<PictureState<Vec<PageShape>>, ExtractError> {
        self.opening(Passwords::none()).shapes(content).await
    }

    /// Where the words of a page stand that it brings itself, beginning with page 0. Only a PDF has such.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn words(
        &self,
        content: impl AsyncRead + Send + Unpin,
        page: u32,
    ) -> Result<PictureState<PlacedPage>, ExtractError> {
        self.opening(Passwords::none()).words(content, page).await
    }

    /// Whether pages are drawn from such content itself.
    ///
    /// # Errors
    ///
    /// If the content cannot be read.
    pub async fn draws(mut content: impl AsyncRead + Send + Unpin) -> Result<bool, ExtractError> {
        let head = opening::head_of(&mut content).await?;
        Ok(detect::format(&head).is_drawn())
    }

    /// Parts a text among sheets of paper: for each sheet the number of the page of the text that stands on
    /// it, beginning with 1. Pages are parted by form feeds.
    ///
    /// # Errors
    ///
    /// Never for what the text is; see [`ExtractError`].
    pub async fn sheets(&self, text: &str) -> Result<PictureState<Vec<u32>>, ExtractError> {
        let told = self.drawn_of_text(text, Task::Sheets).await?;
        Ok(told.and_then(|packed| sheets::unpack_leaves(&packed)))
    }

    /// Draws a sheet of a text, beginning with sheet 0.
    ///
    /// # Errors
    ///
    /// Never for what the text is; see [`ExtractError`].
    pub async fn sheet_picture(
        &self,
        text: &str,
        sheet: u32,
        want: Want,
    ) -> Result<PictureState<Picture>, ExtractError> {
        let drawn = self
            .drawn_of_text(text, Task::DrawSheet(want, sheet))
            .await?;
        Ok(drawn.and_then(|packed| Picture::unpack(packed, want)))
    }

    /// Where the words of a sheet of a text stand, beginning with sheet 0.
    ///
    /// # Errors
    ///
    /// Never for what the text is; see [`ExtractError`].
    pub async fn sheet_words(
        &self,
        text: &str,
        sheet: u32,
    ) -> Result<PictureState<PlacedPage>, ExtractError> {
        let drawn = self.drawn_of_text(text, Task::SheetWords(sheet)).await?;
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
        let opening = self.opening(Passwords::none());
        let said = opening.answer(Task::Given, head, &mut content).await?;
        Ok(said.state)
    }

    async fn drawn_of_text(
        &self,
        text: &str,
        task: Task,
    ) -> Result<PictureState<Vec<u8>>, ExtractError> {
        let opening = self.opening(Passwords::none());
        let drawn = opening
            .answer(task, Vec::new(), &mut text.as_bytes())
            .await?;
        Ok(drawn.state)
    }

    /// Lets a worker behind these layers try what must not succeed, and tells what came of it.
    ///
    /// # Errors
    ///
    /// If no worker can be started.
    pub async fn self_test(&self, layers: Layers) -> Result<(Layers, Vec<Probe>), ExtractError> {
        let talk = self
            .talk(
                (Task::SelfTest(layers), Passwords::none()),
                &self.limits,
                Vec::new(),
                &mut tokio::io::empty(),
                None,
            )
            .await?;
        Ok((talk.held(), talk.probes))
    }

    /// Starts a worker, hands it the content, takes its frames and sees it end.
    pub(super) async fn talk(
        &self,
        (task, passwords): (Task, &Passwords),
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
            let packed = passwords.pack();
            let header = Header {
                password_bytes: u32::try_from(packed.len()).unwrap_or(u32::MAX),
                ..Header::new(task, limits)
            };
            let front = (header, packed.as_slice());
            let talking = async {
                converse(&mut child, front, head, content, limits, &mut talk).await;
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

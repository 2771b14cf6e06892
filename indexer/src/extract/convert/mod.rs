//! The server's side of conversion: LibreOffice, one process and one folder for each document.
//!
//! A document of an office has no pages before somebody breaks its lines. The program that does so is large, and
//! what it reads may have been written to break it; what it makes is a PDF, and is read by workers as any other.

mod cage;
mod program;
mod room;
mod worker;

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::ocr::{all_of, died_of};
use super::sandbox::Layers;
use super::{ExtractError, Format, Reason};
pub use program::{Office, OfficeError};
use room::{Room, Taken, is_full};
pub use worker::{CONVERT_COMMAND, convert_main};
use worker::{GREETING, MADE, Order, PROFILE, content_name};

/// Ours of what is built on the program; counted up when pages come out differently.
const OWN_VERSION: u32 = 1;

/// What it may do: no macros, no links, German as the language of what is silent about it.
const SETTINGS: &str = include_str!("settings.xcu");
/// What folders of conversions are called.
const PREFIX: &str = "papierlos-office-";
/// A folder that is so old belongs to nobody: no conversion takes as long.
const STALE: Duration = Duration::from_secs(3 * 3_600);
/// With new settings the program makes itself at home and asks to be started again, in this way.
const START_AGAIN: i32 = 81;
/// It is started so often at most.
const STARTS_MAX: u32 = 3;
/// The most of what it says that is looked at, in bytes.
const SAID_BYTES_MAX: u64 = 16 << 10;
/// How often it is looked how much it has written.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many times what one file may have all that it writes may take.
const SCRATCH_FILES: u64 = 4;

/// What one conversion may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionLimits {
    /// The longest content that is converted at all.
    pub content_bytes_max: u64,
    /// The longest PDF that may come of it, and any file that is written on the way.
    pub made_bytes_max: u64,
    /// Address space of the program.
    pub memory_bytes_max: u64,
    /// Processor time of the program.
    pub cpu_seconds_max: u32,
    /// From the start of the program to its end.
    pub wall_time_max: Duration,
    /// Programs that run at the same time.
    pub workers_max: usize,
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// The PDF that was made of it.
    Made(Vec<u8>),
    /// None could be, for this reason.
    Failed(Reason),
}

/// Makes pages of documents of an office.
#[derive(Debug)]
pub struct Converter {
    exe: PathBuf,
    limits: ConversionLimits,
    /// Where the folders are made, one for each document.
    folder: PathBuf,
    slots: Semaphore,
}

/// How one start of the program ended.
enum Ended {
    /// By itself.
    With(ExitStatus),
    /// It was ended, for this reason.
    Stopped(Reason),
    /// It was ended: others have taken the room in which it works.
    Crowded,
}

impl Converter {
    /// Workers are started as `exe convert-worker`, and become the program. What they work on lies below
    /// `folder` for as long, in the clear: it should be one in memory.
    #[must_use]
    pub fn new(exe: PathBuf, limits: ConversionLimits, folder: PathBuf) -> Self {
        let slots = Semaphore::new(limits.workers_max.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            exe,
            limits,
            folder,
            slots,
        }
    }

    /// What one conversion may cost.
    #[must_use]
    pub fn limits(&self) -> &ConversionLimits {
        &self.limits
    }

    /// Makes a PDF of a document of that format. A dropped future ends its process and takes its folder away.
    ///
    /// # Errors
    ///
    /// Never for what the document is; see [`ExtractError`].
    pub async fn convert(
        &self,
        office: &Office,
        format: Format,
        content: impl AsyncRead + Send + Unpin,
    ) -> Result<Conversion, ExtractError> {
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|closed| ExtractError::Worker(io::Error::other(closed)))?;
        let scratch = self.scratch().await.map_err(|error| self.lack(error))?;
        let whole = self.furnish(scratch.path(), format, content).await?;
        let made = if whole {
            self.run(office, format, scratch.path()).await
        } else {
            Ok(Conversion::Failed(Reason::TooLarge))
        };
        let gone = tokio::task::spawn_blocking(move || scratch.close());
        // What could not be taken away is taken away when it is stale.
        let _left = gone.await.is_ok_and(|gone| gone.is_ok());
        made
    }

    /// Takes away what conversions left that were killed with their server.
    pub async fn sweep(&self) {
        let folder = self.folder.clone();
        let swept = tokio::task::spawn_blocking(move || sweep(&folder));
        // Another time.
        let _swept = swept.await.is_ok_and(|swept| swept.is_ok());
    }

    /// A folder that nobody else may look into.
    async fn scratch(&self) -> io::Result<TempDir> {
        let folder = self.folder.clone();
        let made = tokio::task::spawn_blocking(move || {
            tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(std::fs::Permissions::from_mode(0o700))
                .tempdir_in(folder)
        });
        made.await.map_err(io::Error::other)?
    }

    /// Lays settings and content ready; false: it is longer than may be.
    async fn furnish(
        &self,
        scratch: &Path,
        format: Format,
        content: impl AsyncRead + Send + Unpin,
    ) -> Result<bool, ExtractError> {
        let user = scratch.join(PROFILE).join("user");
        let made = tokio::fs::create_dir_all(&user).await;
        made.map_err(|error| self.lack(error))?;
        let settings = user.join("registrymodifications.xcu");
        let written = tokio::fs::write(settings, SETTINGS).await;
        written.map_err(|error| self.lack(error))?;
        let file = tokio::fs::File::create(scratch.join(content_name(format))).await;
        let mut file = file.map_err(|error| self.lack(error))?;
        let most = self.limits.content_bytes_max;
        let mut content = content.take(most.saturating_add(1));
        let mut part = vec![0; 64 << 10];
        let mut sent: u64 = 0;
        loop {
            let read = content
                .read(&mut part)
                .await
                .map_err(ExtractError::Source)?;
            let Some(read) = part.get(..read).filter(|read| !read.is_empty()) else {
                break;
            };
            sent = sent.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
            if let Err(error) = file.write_all(read).await {
                return self.too_large_for_room(scratch, error).await;
            }
        }
        if let Err(error) = file.flush().await {
            return self.too_large_for_room(scratch, error).await;
        }
        Ok(sent <= most)
    }

    /// What a write that failed comes to: false where the content alone takes most of the room there is.
    async fn too_large_for_room(
        &self,
        scratch: &Path,
        error: io::Error,
    ) -> Result<bool, ExtractError> {
        let taken = match is_full(&error) {
            true => self.taken(scratch).await,
            false => None,
        };
        match taken {
            Some(Taken::ByItself) => Ok(false),
            Some(Taken::ByOthers) | None => Err(self.lack(error)),
        }
    }

    /// Why something could not be written: that there is no room passes.
    fn lack(&self, error: io::Error) -> ExtractError {
        if is_full(&error) {
            ExtractError::NoRoom {
                folder: self.folder.clone(),
            }
        } else {
            ExtractError::Worker(error)
        }
    }

    /// Who has taken the room, where it is taken.
    async fn taken(&self, scratch: &Path) -> Option<Taken> {
        let most = self.limits.made_bytes_max.saturating_mul(SCRATCH_FILES);
        Room::of(scratch).await?.taken(most)
    }

    fn crowded(&self) -> ExtractError {
        ExtractError::NoRoom {
            folder: self.folder.clone(),
        }
    }

    /// Starts the program, again where it asks for it, and reads what it made.
    async fn run(
        &self,
        office: &Office,
        format: Format,
        scratch: &Path,
    ) -> Result<Conversion, ExtractError> {
        let made = scratch.join(MADE);
        // With no room to work in it would fail, and nothing would say that this was why.
        if self.taken(scratch).await == Some(Taken::ByOthers) {
            return Err(self.crowded());
        }
        for _ in 0..STARTS_MAX {
            let (ended, last_words) = self.start(office, format, scratch).await?;
            let status = match ended {
                Ended::Stopped(reason) => return Ok(Conversion::Failed(reason)),
                Ended::Crowded => return Err(self.crowded()),
                Ended::With(status) => status,
            };
            if status.code() == Some(START_AGAIN) {
                continue;
            }
            let made = if status.success() {
                self.made(&made).await?
            } else {
                let no_memory = says(&last_words, "bad_alloc");
                Conversion::Failed(died_of(status, no_memory))
            };
            if matches!(made, Conversion::Made(_)) {
                return Ok(made);
            }
            return match self.taken(scratch).await {
                Some(Taken::ByItself) => Ok(Conversion::Failed(Reason::TooLarge)),
                Some(Taken::ByOthers) => Err(self.crowded()),
                None => Ok(made),
            };
        }
        Ok(Conversion::Failed(Reason::Crashed))
    }

    /// What lies there. Where nothing does, the program could not make sense of the document.
    async fn made(&self, made: &Path) -> Result<Conversion, ExtractError> {
        let opened = match tokio::fs::symlink_metadata(made).await {
            Ok(about) if about.is_file() => tokio::fs::File::open(made).await,
            Ok(_) => return Ok(Conversion::Failed(Reason::Crashed)),
            Err(error) => Err(error),
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Conversion::Failed(Reason::Damaged));
            }
            Err(error) => return Err(ExtractError::Worker(error)),
        };
        let most = self.limits.made_bytes_max;
        let mut bytes = Vec::new();
        let mut file = file.take(most.saturating_add(1));
        let read = file.read_to_end(&mut bytes).await;
        read.map_err(ExtractError::Worker)?;
        Ok(if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
            Conversion::Failed(Reason::TooLarge)
        } else if bytes.starts_with(b"%PDF-") {
            Conversion::Made(bytes)
        } else {
            Conversion::Failed(Reason::Crashed)
        })
    }

    async fn start(
        &self,
        office: &Office,
        format: Format,
        scratch: &Path,
    ) -> Result<(Ended, Vec<u8>), ExtractError> {
        let order = Order {
            memory_bytes: self.limits.memory_bytes_max,
            cpu_seconds: u64::from(self.limits.cpu_seconds_max.max(1)),
            file_bytes: self.limits.made_bytes_max,
            program: office.path().to_owned(),
            scratch: scratch.to_owned(),
            format,
        };
        let mut child = Command::new(&self.exe)
            .args(order.to_arguments())
            .current_dir(scratch)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| ExtractError::Start {
                exe: self.exe.clone(),
                source,
            })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let listening = async {
            tokio::join!(
                all_of(stdout, SAID_BYTES_MAX),
                all_of(stderr, SAID_BYTES_MAX)
            )
        };
        let ending = self.ending(&mut child, scratch);
        let (ended, (said, last_words)) = tokio::join!(ending, listening);
        let ended = ended.map_err(ExtractError::Worker)?;
        self.judge(&ended, &said, &last_words)?;
        Ok((ended, last_words))
    }

    /// Waits for the program, no longer than it may take, and while there is room.
    async fn ending(&self, child: &mut Child, scratch: &Path) -> io::Result<Ended> {
        let until = tokio::time::Instant::now() + self.limits.wall_time_max;
        let ended = loop {
            tokio::select! {
                status = child.wait() => return Ok(Ended::With(status?)),
                () = tokio::time::sleep_until(until) => break Ended::Stopped(Reason::TimedOut),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match self.taken(scratch).await {
                Some(Taken::ByItself) => break Ended::Stopped(Reason::TooLarge),
                Some(Taken::ByOthers) => break Ended::Crowded,
                None => {}
            }
        };
        // It can make no other process; should it have, that one goes with it.
        if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(group)
        {
            let kill = rustix::process::Signal::KILL;
            let _gone = rustix::process::kill_process_group(group, kill).is_err();
        }
        child.start_kill().ok();
        child.wait().await?;
        Ok(ended)
    }

    /// Whether what ended was the program, and held well enough.
    fn judge(&self, ended: &Ended, said: &[u8], last_words: &[u8]) -> Result<(), ExtractError> {
        let Ended::With(status) = ended else {
            return Ok(());
        };
        let Some((&GREETING, [held, ..])) = said.split_first_chunk::<4>() else {
            return Err(ExtractError::NotAWorker {
                exe: self.exe.clone(),
                status: *status,
            });
        };
        let held = Layers::from_bits(*held);
        if !held.suffice_for_program() {
            return Err(ExtractError::Unprotected { held });
        }
        if says(last_words, "cannot become the program") {
            let said = String::from_utf8_lossy(last_words).trim().to_owned();
            return Err(ExtractError::NoProgram { said });
        }
        Ok(())
    }
}

fn says(last_words: &[u8], words: &str) -> bool {
    let words = words.as_bytes();
    last_words.windows(words.len()).any(|it| it == words)
}

/// Takes away folders of conversions that nobody can be working in any more.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX));
        if !is_ours || !entry.file_type()?.is_dir() {
            continue;
        }
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > STALE {
            // Another account's is left to it.
            let _not_ours = std::fs::remove_dir_all(entry.path()).is_err();
        }
    }
    Ok(())
}

/// Looks for the office program.
///
/// # Errors
///
/// Where it is not there.
pub async fn office_program(path: &Path) -> Result<Office, OfficeError> {
    Office::find(path).await
}

/// The names of the engines that read what an office program can make pages of.
pub fn office_engines() -> Vec<&'static str> {
    let formats = Format::ALL.into_iter();
    let office = formats.filter(|format| format.is_of_office());
    office.map(|format| format.engine().name).collect()
}

/// The format of a text that names this engine, with its version behind a space, where an office program can
/// make pages of it.
pub fn office_format(engine: &str) -> Option<Format> {
    let name = engine.split(' ').next().unwrap_or_default();
    let mut formats = Format::ALL.into_iter();
    formats.find(|format| format.is_of_office() && format.engine().name == name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::super::sandbox::Layer;
    use super::*;

    fn converter(folder: &Path) -> Converter {
        let limits = ConversionLimits {
            content_bytes_max: 10,
            made_bytes_max: 20,
            memory_bytes_max: 1 << 20,
            cpu_seconds_max: 1,
            wall_time_max: Duration::from_secs(1),
            workers_max: 1,
        };
        Converter::new("/nonexistent".into(), limits, folder.to_owned())
    }

    #[test]
    fn nothing_is_taken_from_a_program_that_is_not_held() {
        use Layer::{GivesWay, Landlock, LandlockInPart, Limits, SystemCalls};
        let converter = converter(Path::new("/nonexistent"));
        let judged = |layers: &[Layer], last_words: &str| {
            let held = layers.iter().fold(Layers::NONE, |all, one| all.with(*one));
            let said = [&GREETING[..], &[held.bits()], b"convert ..."].concat();
            let ended = Ended::With(ExitStatus::from_raw(0));
            converter.judge(&ended, &said, last_words.as_bytes())
        };
        for held in [&[Limits, SystemCalls, GivesWay][..], &[Limits, Landlock]] {
            let judged = judged(held, "");
            assert!(matches!(judged, Err(ExtractError::Unprotected { .. })));
        }
        for landlock in [Landlock, LandlockInPart] {
            let held = [Limits, SystemCalls, landlock];
            assert!(judged(&held, "").is_ok());
            let gone = judged(&held, "cannot become the program: No such file");
            assert!(matches!(gone, Err(ExtractError::NoProgram { .. })));
        }
        let ended = Ended::With(ExitStatus::from_raw(0));
        let strange = converter.judge(&ended, b"hello", b"");
        assert!(matches!(strange, Err(ExtractError::NotAWorker { .. })));
    }

    #[test]
    fn only_what_an_office_wrote_is_converted() {
        assert_eq!(office_format("docx 1"), Some(Format::Docx));
        assert_eq!(office_format("rtf 1"), Some(Format::Rtf));
        for other in ["hayro 0.9.0+2", "plain 1", "none 4", "docx2 1", ""] {
            assert_eq!(office_format(other), None, "{other}");
        }
        assert_eq!(office_engines().len(), 7);
    }

    #[tokio::test]
    async fn what_is_made_is_a_pdf_and_no_longer_than_may_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let converter = converter(folder.path());
        let at = folder.path().join(MADE);
        let made = async || converter.made(&at).await.expect("a folder of our own");
        assert_eq!(made().await, Conversion::Failed(Reason::Damaged));
        for (bytes, expect) in [
            (&b"%PDF-1.6"[..], Conversion::Made(b"%PDF-1.6".to_vec())),
            (&b"<html>"[..], Conversion::Failed(Reason::Crashed)),
            (&[b'%'; 21][..], Conversion::Failed(Reason::TooLarge)),
        ] {
            tokio::fs::write(&at, bytes).await.expect("a file");
            assert_eq!(made().await, expect);
        }
        // A link leads out of the folder.
        tokio::fs::remove_file(&at).await.expect("the file");
        tokio::fs::symlink("/etc/hostname", &at)
            .await
            .expect("a link");
        assert_eq!(made().await, Conversion::Failed(Reason::Crashed));
    }

    #[tokio::test]
    async fn content_that_is_too_long_is_not_converted() {
        let folder = tempfile::tempdir().expect("a folder");
        let converter = converter(folder.path());
        for (content, expect) in [(&[b'x'; 10][..], true), (&[b'x'; 11][..], false)] {
            let scratch = converter.scratch().await.expect("a folder");
            let about = tokio::fs::metadata(scratch.path()).await.expect("it");
            assert_eq!(about.permissions().mode() & 0o777, 0o700);
            let whole = converter
                .furnish(scratch.path(), Format::Odt, content)
                .await;
            assert_eq!(whole.expect("a folder"), expect);
        }
        converter.sweep().await;
    }
}

//! The protocol of clamd, as far as it is needed: `INSTREAM` and `VERSION` over a socket.

use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::config::{Clamd, Virus};

/// Bytes of one chunk at most.
const CHUNK_BYTES_MAX: usize = 256 * 1024;
/// Bytes of an answer at most; one is a line.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// Characters of the name of a signature at most.
const SIGNATURE_CHARS_MAX: usize = 200;
/// How long it is waited for what clamd says of itself: whoever asks watches, and does not wait.
const VERSION_PATIENCE: Duration = Duration::from_millis(500);
/// The answer to content that is larger than clamd takes.
const OVER_LIMIT: &str = "INSTREAM size limit exceeded. ERROR";

/// Why nothing is known of content.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Nobody listens.
    #[error("clamd cannot be reached")]
    Unreachable(#[source] std::io::Error),
    /// It took too long.
    #[error("clamd did not answer in {} seconds", .0.as_secs())]
    Slow(Duration),
    /// The connection broke off.
    #[error("the connection to clamd broke off")]
    Broken(#[source] std::io::Error),
    /// It ended the connection without an answer.
    #[error("clamd gave no answer")]
    Silent,
    /// What it answers is no verdict.
    #[error("clamd answered {0:?}")]
    Answer(String),
    /// The content is larger than what is shown.
    #[error("the content is larger than the {limit_bytes} bytes that clamd is shown")]
    TooLarge {
        /// What is shown.
        limit_bytes: u64,
    },
    /// The content is larger than what clamd takes (`StreamMaxLength`), and smaller than what is shown.
    #[error("clamd takes less than the settings say: its StreamMaxLength is below virus.bytes_max")]
    Refused,
}

/// What clamd says of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It knows nothing against it.
    Clean,
    /// The name of the signature that fits.
    Infected(String),
}

/// Something to talk through.
trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// Where clamd is.
#[derive(Debug, Clone)]
pub struct Scanner {
    settings: Virus,
}

impl Scanner {
    /// The one that the settings name.
    #[must_use]
    pub fn new(settings: &Virus) -> Self {
        Self {
            settings: settings.clone(),
        }
    }

    async fn connect(&self, patience: Duration) -> Result<Box<dyn Line>, ScanError> {
        let connect = async {
            Ok::<Box<dyn Line>, std::io::Error>(match &self.settings.clamd {
                Clamd::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Clamd::Tcp(address) => Box::new(TcpStream::connect(address.as_str()).await?),
            })
        };
        match timeout(patience, connect).await {
            Ok(connected) => connected.map_err(ScanError::Unreachable),
            Err(_elapsed) => Err(ScanError::Slow(patience)),
        }
    }

    /// Begins to show content.
    pub async fn begin(&self) -> Result<Scan, ScanError> {
        let mut scan = Scan {
            line: self.connect(self.settings.patience).await?,
            patience: self.settings.patience,
            limit_bytes: self.settings.bytes_max,
            bytes: 0,
        };
        scan.send(b"zINSTREAM\0").await?;
        Ok(scan)
    }

    /// What it says that it is.
    pub async fn version(&self) -> Result<String, ScanError> {
        let patience = self.settings.patience.min(VERSION_PATIENCE);
        let mut scan = Scan {
            line: self.connect(patience).await?,
            patience,
            limit_bytes: 0,
            bytes: 0,
        };
        scan.send(b"zVERSION\0").await?;
        scan.answer().await
    }
}

/// Content that is being shown, piece by piece.
pub struct Scan {
    line: Box<dyn Line>,
    patience: Duration,
    limit_bytes: u64,
    bytes: u64,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scan({} bytes)", self.bytes)
    }
}

impl Scan {
    /// Shows the next piece. After an error nothing is left to do.
    pub async fn push(&mut self, piece: &[u8]) -> Result<(), ScanError> {
        self.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if self.bytes > self.limit_bytes {
            return Err(ScanError::TooLarge {
                limit_bytes: self.limit_bytes,
            });
        }
        // An empty chunk is the end: there is none among these.
        for chunk in piece.chunks(CHUNK_BYTES_MAX) {
            let length = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            self.told(&length.to_be_bytes()).await?;
            self.told(chunk).await?;
        }
        Ok(())
    }

    /// That was all: what clamd says of it.
    pub async fn finish(mut self) -> Result<Verdict, ScanError> {
        self.told(&0_u32.to_be_bytes()).await?;
        verdict(&self.answer().await?)
    }

    /// Sends bytes. Whoever does not take them may have said why before.
    async fn told(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        let Err(error) = self.send(bytes).await else {
            return Ok(());
        };
        if matches!(error, ScanError::Broken(_))
            && let Ok(answer) = self.answer().await
            && let Err(told) = verdict(&answer)
        {
            return Err(told);
        }
        Err(error)
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        let sending = async {
            self.line.write_all(bytes).await?;
            self.line.flush().await
        };
        match timeout(self.patience, sending).await {
            Ok(sent) => sent.map_err(ScanError::Broken),
            Err(_elapsed) => Err(ScanError::Slow(self.patience)),
        }
    }

    /// One answer: what comes before a zero byte, or before the end.
    async fn answer(&mut self) -> Result<String, ScanError> {
        let mut answer = Vec::new();
        let reading = async {
            let mut buffer = [0; 512];
            loop {
                let read = self.line.read(&mut buffer).await?;
                let piece = buffer.get(..read).unwrap_or_default();
                let end = piece.iter().position(|byte| *byte == 0);
                answer.extend_from_slice(piece.get(..end.unwrap_or(read)).unwrap_or_default());
                if end.is_some() || read == 0 || answer.len() > ANSWER_BYTES_MAX {
                    return Ok::<(), std::io::Error>(());
                }
            }
        };
        match timeout(self.patience, reading).await {
            Ok(read) => read.map_err(ScanError::Broken)?,
            Err(_elapsed) => return Err(ScanError::Slow(self.patience)),
        }
        if answer.is_empty() {
            return Err(ScanError::Silent);
        }
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(ScanError::Answer(plain(&answer)));
        }
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    }
}

/// What of a stranger's words can be shown.
fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .take(SIGNATURE_CHARS_MAX)
        .collect()
}

/// What an answer means.
pub(super) fn verdict(answer: &str) -> Result<Verdict, ScanError> {
    if answer == OVER_LIMIT {
        return Err(ScanError::Refused);
    }
    let unknown = || ScanError::Answer(plain(answer.as_bytes()));
    let said = answer.strip_prefix("stream: ").ok_or_else(unknown)?;
    if said == "OK" {
        return Ok(Verdict::Clean);
    }
    let name = said
        .strip_suffix(" FOUND")
        .map(|name| plain(name.as_bytes()));
    let name = name.filter(|name| !name.trim().is_empty());
    name.map(Verdict::Infected).ok_or_else(unknown)
}

//! A worker tries what must not succeed. Behind no layer the same attempts do succeed, so that a
//! refusal proves the layer and not a mistake in the attempt.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Something that no document may make a worker do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attempt {
    /// Open a file that everybody may read.
    ReadFile,
    /// List a folder.
    ListFolder,
    /// Open a network connection; a refusal by the other side counts as success.
    Connect,
    /// Open a socket for datagrams.
    Datagram,
    /// Start a process.
    Fork,
    /// Start a thread.
    Thread,
    /// Take four times the memory of the limit.
    Memory,
    /// Become another program. Last, because it would not come back.
    Exec,
}

impl Attempt {
    /// Every attempt in the order in which they are made.
    pub const ALL: [Self; 8] = [
        Self::ReadFile,
        Self::ListFolder,
        Self::Connect,
        Self::Datagram,
        Self::Fork,
        Self::Thread,
        Self::Memory,
        Self::Exec,
    ];

    fn make(self, memory_bytes: u64) -> Outcome {
        let result = match self {
            Self::ReadFile => std::fs::File::open("/etc/passwd").map(drop),
            Self::ListFolder => std::fs::read_dir("/").map(drop),
            Self::Connect => TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], 9))).map(drop),
            Self::Datagram => UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).map(drop),
            Self::Fork => Command::new("/nonexistent").spawn().map(drop),
            Self::Thread => std::thread::Builder::new().spawn(|| {}).map(drop),
            Self::Memory => {
                let bytes = usize::try_from(memory_bytes.saturating_mul(4)).unwrap_or(usize::MAX);
                Vec::<u8>::new()
                    .try_reserve_exact(bytes)
                    .map_err(|_full| io::Error::from(io::ErrorKind::PermissionDenied))
            }
            Self::Exec => Err(Command::new("/nonexistent").exec()),
        };
        match result.map_err(|error| error.kind()) {
            Ok(()) | Err(io::ErrorKind::ConnectionRefused) => Outcome::Succeeded,
            // The attempt got as far as looking for the program.
            Err(io::ErrorKind::NotFound) => Outcome::Succeeded,
            Err(io::ErrorKind::PermissionDenied) => Outcome::Refused,
            Err(_) => Outcome::Failed,
        }
    }
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The kernel refused.
    Refused,
    /// It worked.
    Succeeded,
    /// It failed for another reason, such as too few descriptors.
    Failed,
}

const OUTCOMES: [Outcome; 3] = [Outcome::Refused, Outcome::Succeeded, Outcome::Failed];

/// One attempt of a self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What was tried.
    pub attempt: Attempt,
    /// What it came to.
    pub outcome: Outcome,
}

impl Probe {
    /// Makes every attempt.
    pub(super) fn make_all(memory_bytes: u64) -> impl Iterator<Item = Self> {
        Attempt::ALL.into_iter().map(move |attempt| Self {
            attempt,
            outcome: attempt.make(memory_bytes),
        })
    }

    pub(super) fn to_numbers(self) -> (u8, u8) {
        let place = |at: Option<usize>| at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX);
        (
            place(Attempt::ALL.iter().position(|it| *it == self.attempt)),
            place(OUTCOMES.iter().position(|it| *it == self.outcome)),
        )
    }

    pub(super) fn from_numbers(attempt: u8, outcome: u8) -> Option<Self> {
        Some(Self {
            attempt: *Attempt::ALL.get(usize::from(attempt))?,
            outcome: *OUTCOMES.get(usize::from(outcome))?,
        })
    }
}

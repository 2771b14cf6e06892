//! The virus scanner: the real one where this machine has it, and one in this process that misbehaves as it
//! is told. Both know one signature, of our own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use crate::wait::wait_until;

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/clamd";
/// What is infected: content that holds these words.
pub const INFECTED: &str = "papierlos-signatur-7d1f0c1e";
/// What the signature is called in the real one's own list.
const NAME: &str = "Papierlos.Probe";
/// What is told of it: the real one marks what is not from its makers.
pub const SIGNATURE: &str = "Papierlos.Probe.UNOFFICIAL";
/// The most bytes that the real one takes here.
pub const STREAM_BYTES_MAX: usize = 1 << 20;

/// The variable that names the scanner to the server.
pub const VARIABLE: &str = "PAPIERLOS_VIRUS_CLAMD";

/// Whether viruses can be looked for here. Where not, a line says so; in CI that is a failure.
///
/// # Panics
/// In CI when clamd is missing.
#[must_use]
pub fn has_clamd() -> bool {
    if Path::new(PROGRAM).exists() {
        return true;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "in CI nothing is skipped: {PROGRAM} is missing"
    );
    eprintln!("skipped: clamd: {PROGRAM} is missing");
    false
}

/// A real clamd with our signature and no other. Ends with this value.
#[derive(Debug)]
pub struct Clamd {
    process: Child,
    folder: TempDir,
}

impl Clamd {
    /// Starts it on a socket in a folder of its own. None where it is not installed (outside CI).
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Option<Clamd> {
        if !has_clamd() {
            return None;
        }
        let folder = TempDir::new().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let signatures = at("signatures");
        std::fs::create_dir(&signatures).expect("a folder");
        // In any content, at any place.
        let signature = format!("{NAME}:0:*:{}\n", hex::encode(INFECTED));
        std::fs::write(signatures.join("papierlos.ndb"), signature).expect("a signature");
        let settings = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nTemporaryDirectory {}\nForeground yes\n\
             StreamMaxLength {STREAM_BYTES_MAX}\n",
            signatures.display(),
            at("clamd.ctl").display(),
            folder.path().display(),
        );
        std::fs::write(at("clamd.conf"), settings).expect("settings");
        let log = std::fs::File::create(at("clamd.log")).expect("a log");
        let process = Command::new(PROGRAM)
            .arg("--config-file")
            .arg(at("clamd.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("clamd starts");
        let clamd = Clamd { process, folder };
        wait_until("clamd answers", async || clamd.answers().await).await;
        Some(clamd)
    }

    /// Where it listens, as the settings of the server say it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.ctl")
    }

    async fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(self.socket()).await else {
            return false;
        };
        let mut answer = Vec::new();
        stream.write_all(b"zPING\0").await.is_ok()
            && stream.read_to_end(&mut answer).await.is_ok()
            && answer == b"PONG\0"
    }

    /// Ends it, as if nobody had started it again.
    pub fn kill(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How the one in this process behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// As the real one: it knows our signature, and looks into nothing.
    Looks,
    /// As the real one for the next content; from then on it breaks off.
    LooksOnce,
    /// It takes the content and says nothing.
    Silent,
    /// It ends the connection in the middle of the content.
    BreaksOff,
    /// Its answer has no end.
    Babbles,
    /// It says that the content is too large for it.
    TakesLess,
    /// As the real one, but content that begins so is too large for it.
    TakesLessOf(&'static str),
    /// As the real one, but at content that begins so it breaks off.
    BreaksOffAt(&'static str),
}

/// A scanner in this process. Ends with this value.
#[derive(Debug)]
pub struct FakeClamd {
    address: String,
    mind: Arc<Mind>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Mind {
    behaviour: Mutex<Behaviour>,
    broken: AtomicUsize,
}

impl Mind {
    /// How it behaves to the content that comes now.
    fn behaviour(&self) -> Behaviour {
        let mut behaviour = self
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = *behaviour;
        if now == Behaviour::LooksOnce {
            *behaviour = Behaviour::BreaksOff;
            return Behaviour::Looks;
        }
        now
    }
}

impl FakeClamd {
    /// Starts it on a free port of loopback; it looks.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> FakeClamd {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mind = Arc::new(Mind {
            behaviour: Mutex::new(Behaviour::Looks),
            broken: AtomicUsize::new(0),
        });
        let its = Arc::clone(&mind);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mind = Arc::clone(&its);
                tokio::spawn(async move {
                    // A client that goes away is its own affair.
                    serve(stream, &mind).await.ok();
                });
            }
        });
        FakeClamd {
            address,
            mind,
            server,
        }
    }

    /// Where it listens, as the settings of the server say it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From the next content on it behaves like this.
    pub fn behaves(&self, behaviour: Behaviour) {
        let mut now = self
            .mind
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *now = behaviour;
    }

    /// How often it has broken off.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.mind.broken.load(Ordering::SeqCst)
    }
}

impl Drop for FakeClamd {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, mind: &Mind) -> std::io::Result<()> {
    let mut command = Vec::new();
    loop {
        match stream.read_u8().await? {
            0 => break,
            byte => command.push(byte),
        }
    }
    if command == b"zVERSION" {
        return stream.write_all(b"Fake 1.0\0").await;
    }
    assert_eq!(command, b"zINSTREAM");
    let behaviour = mind.behaviour();
    let mut content = Vec::new();
    loop {
        let length = usize::try_from(stream.read_u32().await?).expect("it fits");
        if length == 0 {
            break;
        }
        if behaviour == Behaviour::BreaksOff {
            mind.broken.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        let start = content.len();
        content.resize(start + length, 0);
        let chunk = content.get_mut(start..).expect("it was made");
        stream.read_exact(chunk).await?;
    }
    let infected = content
        .windows(INFECTED.len())
        .any(|window| window == INFECTED.as_bytes());
    let begins = |with: &str| content.starts_with(with.as_bytes());
    let behaviour = match behaviour {
        Behaviour::TakesLessOf(with) if begins(with) => Behaviour::TakesLess,
        Behaviour::BreaksOffAt(with) if begins(with) => {
            mind.broken.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        Behaviour::TakesLessOf(_) | Behaviour::BreaksOffAt(_) => Behaviour::Looks,
        Behaviour::Looks
        | Behaviour::LooksOnce
        | Behaviour::Silent
        | Behaviour::BreaksOff
        | Behaviour::Babbles
        | Behaviour::TakesLess => behaviour,
    };
    match behaviour {
        Behaviour::Looks if infected => {
            let answer = format!("stream: {SIGNATURE} FOUND\0");
            stream.write_all(answer.as_bytes()).await
        }
        Behaviour::Looks => stream.write_all(b"stream: OK\0").await,
        Behaviour::TakesLess => {
            let answer = b"INSTREAM size limit exceeded. ERROR\0";
            stream.write_all(answer).await
        }
        Behaviour::Babbles => loop {
            stream.write_all(&[b'x'; 4096]).await?;
        },
        // Until the other side has had enough.
        Behaviour::Silent
        | Behaviour::LooksOnce
        | Behaviour::BreaksOff
        | Behaviour::TakesLessOf(_)
        | Behaviour::BreaksOffAt(_) => stream.read_u8().await.map(drop),
    }
}

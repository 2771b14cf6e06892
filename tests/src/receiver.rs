//! A receiver of webhooks in the test process: keeps what comes and answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wait::wait_until;

/// Listens on a port of its own. Ends with this value.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: VecDeque<String>,
    letters: Vec<Letter>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its headers, by small letters.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Letter {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    /// A header.
    ///
    /// # Panics
    /// When it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.get(name);
        found.unwrap_or_else(|| unreachable!("no header {name} in {:?}", self.headers))
    }
}

impl Receiver {
    /// Starts to listen.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (held, holding) = watch::channel(false);
        let inside = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&inside), holding.clone()));
            }
        });
        Receiver {
            address,
            kept,
            held,
            task,
        }
    }

    /// Its address, by number.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Its address, by name.
    #[must_use]
    pub fn named_url(&self) -> String {
        format!("http://localhost:{}/hook", self.address.port())
    }

    /// How the next request that is not answered yet will be answered; without any word it is 204.
    pub fn answer(&self, status: u16) {
        self.answer_with(status, "");
    }

    /// The same, with further lines of the head, each ended by CR LF.
    pub fn answer_with(&self, status: u16, head: &str) {
        let answer = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\nconnection: close\r\n{head}\r\n"
        );
        self.kept().answers.push_back(answer);
    }

    /// Takes requests, and answers none until it is told to.
    pub fn hold(&self, holds: bool) {
        self.held.send_replace(holds);
    }

    /// What has come so far.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.kept().letters.clone()
    }

    /// Waits until so many have come; gives all of them.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn has(&self, count: usize) -> Vec<Letter> {
        wait_until(&format!("{count} messages have come"), async || {
            self.kept().letters.len() >= count
        })
        .await;
        self.letters()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panicked")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Kept>>, mut holding: watch::Receiver<bool>) {
    let Some(letter) = read(&mut stream).await else {
        return;
    };
    let answer = {
        let mut kept = kept.lock().expect("nobody panicked");
        kept.letters.push(letter);
        kept.answers.pop_front()
    };
    if holding.wait_for(|held| !held).await.is_err() {
        return;
    }
    let answer =
        answer.unwrap_or_else(|| "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned());
    // The sender may have been killed meanwhile.
    stream.write_all(answer.as_bytes()).await.ok();
    stream.shutdown().await.ok();
}

async fn read(stream: &mut TcpStream) -> Option<Letter> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length")?.parse::<usize>().ok()?;
    while bytes.len() < end + 4 + length {
        more(stream, &mut bytes).await?;
    }
    let body = bytes[end + 4..end + 4 + length].to_vec();
    Some(Letter { headers, body })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(bytes).await.ok()?;
    (read > 0).then_some(())
}

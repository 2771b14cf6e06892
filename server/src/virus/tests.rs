//! What is understood of clamd, and what happens when it misbehaves: a listener of our own plays it.

#![expect(
    clippy::disallowed_methods,
    reason = "what listens in a test ends with it"
)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::clamd::verdict;
use super::{ScanError, Scanner, Verdict};
use crate::config::{Clamd, Virus};

/// A scanner that talks to whatever `serve` does with its connection.
async fn scanner<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> Scanner
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        serve(stream).await;
    });
    scanner_at(Clamd::Tcp(address), Duration::from_secs(30))
}

fn scanner_at(clamd: Clamd, patience: Duration) -> Scanner {
    Scanner::new(&Virus {
        clamd,
        patience,
        bytes_max: 1 << 20,
    })
}

/// Reads a whole `INSTREAM`; gives the content.
async fn received(stream: &mut TcpStream) -> Vec<u8> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.expect("a command");
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let length = stream.read_u32().await.expect("a length");
        if length == 0 {
            return content;
        }
        let mut chunk = vec![0; usize::try_from(length).expect("it fits")];
        stream.read_exact(&mut chunk).await.expect("a chunk");
        content.extend_from_slice(&chunk);
    }
}

async fn scanned(scanner: &Scanner, pieces: &[&[u8]]) -> Result<Verdict, ScanError> {
    let mut scan = scanner.begin().await?;
    for piece in pieces {
        scan.push(piece).await?;
    }
    scan.finish().await
}

#[test]
fn only_what_clamd_says_in_its_words_is_a_verdict() {
    let found = verdict("stream: Eicar-Test-Signature FOUND").expect("a verdict");
    assert_eq!(found, Verdict::Infected("Eicar-Test-Signature".to_owned()));
    assert_eq!(verdict("stream: OK").expect("a verdict"), Verdict::Clean);
    assert!(matches!(
        verdict("INSTREAM size limit exceeded. ERROR"),
        Err(ScanError::Refused)
    ));
    for unknown in [
        "",
        "OK",
        "stream: ok",
        "stream: OK, more or less",
        "stream:  FOUND",
        "stream: Eicar ERROR",
        "UNKNOWN COMMAND",
    ] {
        assert!(
            matches!(verdict(unknown), Err(ScanError::Answer(_))),
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn content_arrives_whole_whatever_its_pieces() {
    let (told, seen) = tokio::sync::oneshot::channel();
    let scanner = scanner(move |mut stream: TcpStream| async move {
        let content = received(&mut stream).await;
        stream.write_all(b"stream: OK\0").await.expect("an answer");
        told.send(content).expect("somebody listens");
    })
    .await;
    let large = vec![7; 600_000];
    let found = scanned(&scanner, &[b"ab", b"", &large, b"c"]).await;
    assert_eq!(found.expect("a verdict"), Verdict::Clean);
    let content = seen.await.expect("the content");
    assert_eq!(content.len(), 600_003);
    assert!(content.starts_with(b"ab\x07") && content.ends_with(b"\x07c"));
}

#[tokio::test]
async fn a_name_is_found_even_where_it_comes_in_pieces() {
    let scanner = scanner(move |mut stream: TcpStream| async move {
        received(&mut stream).await;
        for piece in [&b"stream: Ei"[..], b"car", b" FOUND\0"] {
            stream.write_all(piece).await.expect("a piece");
            stream.flush().await.expect("sent");
        }
    })
    .await;
    let found = scanned(&scanner, &[b"x"]).await.expect("a verdict");
    assert_eq!(found, Verdict::Infected("Eicar".to_owned()));
}

#[tokio::test]
async fn nobody_who_listens_is_no_verdict() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let tcp = scanner_at(Clamd::Tcp(address), Duration::from_secs(30));
    assert!(matches!(tcp.begin().await, Err(ScanError::Unreachable(_))));
    let folder = tempfile::TempDir::new().expect("a folder");
    let socket = Clamd::Unix(folder.path().join("clamd.ctl"));
    let unix = scanner_at(socket, Duration::from_secs(30));
    assert!(matches!(unix.begin().await, Err(ScanError::Unreachable(_))));
}

#[tokio::test]
async fn a_silent_one_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    // It takes the connection and says nothing.
    let kept = tokio::spawn(async move { listener.accept().await });
    let scanner = scanner_at(Clamd::Tcp(address), Duration::from_millis(50));
    let found = scanned(&scanner, &[b"x"]).await;
    assert!(matches!(found, Err(ScanError::Slow(_))), "{found:?}");
    drop(kept);
}

#[tokio::test]
async fn one_that_breaks_off_gives_no_verdict() {
    let early = scanner(move |mut stream: TcpStream| async move {
        received(&mut stream).await;
    })
    .await;
    let found = scanned(&early, &[b"x"]).await;
    assert!(
        matches!(found, Err(ScanError::Silent | ScanError::Broken(_))),
        "{found:?}"
    );
    let half = scanner(move |mut stream: TcpStream| async move {
        received(&mut stream).await;
        stream.write_all(b"stream: O").await.expect("half of it");
    })
    .await;
    let found = scanned(&half, &[b"x"]).await;
    assert!(
        matches!(found, Err(ScanError::Answer(_) | ScanError::Broken(_))),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_without_end() {
    let scanner = scanner(move |mut stream: TcpStream| async move {
        received(&mut stream).await;
        let noise = [b'x'; 1024];
        while stream.write_all(&noise).await.is_ok() {}
    })
    .await;
    let found = scanned(&scanner, &[b"x"]).await;
    match found {
        Err(ScanError::Answer(said)) => assert_eq!(said.len(), 200),
        other => assert!(matches!(other, Err(ScanError::Broken(_))), "{other:?}"),
    }
}

#[tokio::test]
async fn what_is_larger_than_what_is_shown_is_not_shown() {
    let scanner = scanner(move |mut stream: TcpStream| async move {
        let mut all = Vec::new();
        drop(stream.read_to_end(&mut all).await);
    })
    .await;
    let large = vec![0; 1 << 20];
    let found = scanned(&scanner, &[&large, b"x"]).await;
    assert!(matches!(
        found,
        Err(ScanError::TooLarge {
            limit_bytes: 1_048_576
        })
    ));
}

#[tokio::test]
async fn that_clamd_takes_less_is_said_of_clamd() {
    let scanner = scanner(move |mut stream: TcpStream| async move {
        received(&mut stream).await;
        let answer = b"INSTREAM size limit exceeded. ERROR\0";
        stream.write_all(answer).await.expect("an answer");
    })
    .await;
    let found = scanned(&scanner, &[b"x"]).await;
    assert!(matches!(found, Err(ScanError::Refused)), "{found:?}");
}

#[tokio::test]
async fn it_says_what_it_is() {
    let scanner = scanner(move |mut stream: TcpStream| async move {
        let mut command = [0; 9];
        stream.read_exact(&mut command).await.expect("a command");
        assert_eq!(&command, b"zVERSION\0");
        stream
            .write_all(b"ClamAV 1.4.6\0")
            .await
            .expect("an answer");
    })
    .await;
    assert_eq!(scanner.version().await.expect("words"), "ClamAV 1.4.6");
}

//! What only a real connection shows.

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpServer, web};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::edge::{UNLIMITED, settings};
use crate::http::Problem;
use crate::http::content::Download;
use crate::http::edge::edge;
use crate::http::extract::{BodyLimits, Span};
use crate::http::multipart::Upload;
use crate::http::name::Disposition;

async fn send(request: HttpRequest) -> Result<actix_web::HttpResponse, Problem> {
    let download = Download {
        sha256: [0; 32],
        sha512: None,
        length_bytes: 5,
        media_type: "text/plain".to_owned(),
        file_name: None,
        disposition: Disposition::Inline,
    };
    download
        .respond(&request, async |_: Span| {
            Ok(stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(
                b"hello",
            ))]))
        })
        .await
}

async fn receive(upload: Upload) -> Result<String, Problem> {
    let received = upload
        .read::<serde_json::Value, _>(async |_, mut content| {
            let mut bytes = 0_usize;
            while let Some(piece) = content.piece().await {
                bytes += piece?.len();
            }
            Ok(bytes)
        })
        .await?;
    Ok(received.content.to_string())
}

fn serve(upload_bytes_max: u64) -> (std::net::SocketAddr, ServerHandle) {
    let data = Data::new(settings(UNLIMITED));
    let limits = Data::new(BodyLimits {
        json_bytes_max: 1000,
        upload_bytes_max,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(limits.clone())
            .service(web::resource("/file").get(send))
            .route("/upload", web::post().to(receive))
            .wrap(from_fn(edge))
    })
    .workers(1)
    .bind(("127.0.0.1", 0))
    .expect("a port is free");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (address, handle)
}

async fn exchange(address: std::net::SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream
        .write_all(request)
        .await
        .expect("it takes the request");
    let mut answer = vec![];
    stream
        .read_to_end(&mut answer)
        .await
        .expect("it answers and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn head_sends_the_length_and_no_body() {
    let (address, handle) = serve(1000);
    let head = b"HEAD /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = exchange(address, head).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let get = b"GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = exchange(address, get).await;
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn an_upload_that_is_too_large_is_refused_before_it_is_sent() {
    let (address, handle) = serve(1000);
    let head = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: 999999999\r\n\r\n";
    let answer = exchange(address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(
        answer.contains("urn:papierlos:problem:payload-too-large"),
        "{answer}"
    );
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_large_upload_streams_through() {
    const BYTES: usize = 3_000_000;
    let (address, handle) = serve(10_000_000);
    let head = "--XX\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\n";
    let end = "\r\n--XX--\r\n";
    let length = head.len() + BYTES + end.len();
    let mut request = format!("POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: {length}\r\n\r\n{head}").into_bytes();
    request.extend(std::iter::repeat_n(b'\r', BYTES));
    request.extend(end.as_bytes());
    let answer = exchange(address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n3000000"), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn an_upload_of_unknown_length_is_cut_at_the_limit() {
    const PIECES: usize = 200;
    let (address, handle) = serve(100_000);
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=XX\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream
        .write_all(head.as_bytes())
        .await
        .expect("it takes the head");
    let part = "--XX\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\n";
    let chunk = |bytes: &str| format!("{:x}\r\n{bytes}\r\n", bytes.len());
    stream
        .write_all(chunk(part).as_bytes())
        .await
        .expect("it takes the part");
    let (mut from, mut to) = stream.split();
    let piece = chunk(&"x".repeat(10_000));
    let sending = async {
        for _ in 0..PIECES {
            // The server may close as soon as it has answered.
            if to.write_all(piece.as_bytes()).await.is_err() {
                break;
            }
        }
        to.write_all(b"0\r\n\r\n").await.is_ok()
    };
    let reading = async {
        let mut answer = vec![];
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..bytes]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    let (_, answer) = futures_util::future::join(sending, reading).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"limit\":100000"), "{answer}");
    handle.stop(false).await;
}

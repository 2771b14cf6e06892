//! A client that costs next to nothing, so that what is measured is the server: HTTP/1.1 over one kept
//! connection, requests as bytes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// One connection.
#[derive(Debug)]
pub(crate) struct Http {
    address: String,
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn is(self, status: u16) -> Self {
        let said = String::from_utf8_lossy(&self.body);
        assert!(
            self.status == status,
            "expected {status}, got {}: {said}",
            self.status
        );
        self
    }
}

impl Http {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .expect("a socket");
        Self {
            address: address.to_owned(),
            stream: BufReader::with_capacity(64 << 10, stream),
        }
    }

    pub(crate) fn get(&mut self, path: &str, token: Option<&str>) -> Reply {
        let bearer = token.map_or_else(String::new, |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        let host = &self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{bearer}\r\n");
        self.send(request.as_bytes())
    }

    /// POST of JSON; nothing is sent along where there is nothing to say.
    pub(crate) fn post(&mut self, path: &str, token: &str, body: &serde_json::Value) -> Reply {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = [("Authorization", format!("Bearer {token}"))];
        self.post_with(path, &headers, body.as_bytes())
    }

    /// POST of JSON with these headers.
    pub(crate) fn post_with(
        &mut self,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Reply {
        let host = &self.address;
        let mut request = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str("Content-Type: application/json\r\n");
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        self.send(&request)
    }

    /// GET with the cookie of a device.
    pub(crate) fn get_as(&mut self, path: &str, cookie: &str) -> Reply {
        let host = &self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
        self.send(request.as_bytes())
    }

    /// Sends a whole request and reads the whole answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> Reply {
        self.write(request);
        self.read()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream
            .get_mut()
            .write_all(bytes)
            .expect("the server reads");
    }

    pub(crate) fn read(&mut self) -> Reply {
        let mut line = String::new();
        self.stream
            .read_line(&mut line)
            .expect("the server answers");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| unreachable!("no status: {line:?}"));
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a head");
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
            let chunked = name.eq_ignore_ascii_case("transfer-encoding");
            assert!(!chunked, "this client reads no chunks");
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        Reply { status, body }
    }
}

const BOUNDARY: &str = "papierlos-bench-7f3a9c";

/// The bytes around the content of an upload: the head of the request with the first part, and the end.
pub(crate) fn upload_frame(
    address: &str,
    token: &str,
    metadata: &str,
    file: (&str, &str),
    content_bytes: u64,
) -> (Vec<u8>, Vec<u8>) {
    let (name, media) = file;
    let parts = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
         Content-Type: application/json\r\n\r\n{metadata}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"content\"; filename=\"{name}\"\r\n\
         Content-Type: {media}\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let bytes = u64::try_from(parts.len() + end.len()).unwrap_or_default() + content_bytes;
    let head = format!(
        "POST /api/v1/documents HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {bytes}\r\n\r\n{parts}"
    );
    (head.into_bytes(), end.into_bytes())
}

/// Files a PDF.
pub(crate) fn upload(http: &mut Http, token: &str, title: &str, content: &[u8]) -> Reply {
    let metadata = serde_json::json!({
        "title": title, "type": "Schreiben", "channel": "post", "correspondent": "Erika Beispiel",
        "document_date": "2026-03-02", "tags": ["Messung", "Eingang"], "references": ["02.1.4-2026/0007"],
    });
    let bytes = u64::try_from(content.len()).unwrap_or_default();
    let file = ("schreiben.pdf", "application/pdf");
    let (mut request, end) = upload_frame(
        &http.address.clone(),
        token,
        &metadata.to_string(),
        file,
        bytes,
    );
    request.extend_from_slice(content);
    request.extend_from_slice(&end);
    http.send(&request)
}

/// The address of a search.
pub(crate) fn search_path(query: &str, rest: &str) -> String {
    let mut path = "/api/v1/search?q=".to_owned();
    for byte in query.bytes() {
        if byte.is_ascii_alphanumeric() {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path.push_str(rest);
    path
}

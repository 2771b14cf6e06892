//! A host that takes mail: a real one (aiosmtpd) in a process of its own, where this machine has it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use serde_json::Value;

use crate::python::python_with;
use crate::wait::PATIENCE;

/// The variables that name a host to the server.
const HOST: &str = "PAPIERLOS_MAIL_HOST";
const PORT: &str = "PAPIERLOS_MAIL_PORT";
const TLS: &str = "PAPIERLOS_MAIL_TLS";
const FROM: &str = "PAPIERLOS_MAIL_FROM";
const URL: &str = "PAPIERLOS_MAIL_PUBLIC_URL";

/// What links in mails begin with here.
pub const LINKS: &str = "https://archiv.example";

/// Says its port, then each mail that it has taken, a line of JSON each. It knows nobody called `unbekannt`, and to
/// whoever is called `stumm` it takes a mail and breaks off before it says so.
const SCRIPT: &str = r#"
import asyncio, email, email.policy, json
from aiosmtpd.smtp import SMTP

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('unbekannt@'):
            return '550 5.1.1 unknown'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            'from': envelope.mail_from,
            'to': envelope.rcpt_tos,
            'subject': str(mail['Subject']),
            'id': str(mail['Message-ID']),
            'auto': str(mail['Auto-Submitted']),
            'text': mail.get_content(),
        }), flush=True)
        if envelope.rcpt_tos[0].startswith('stumm@'):
            server.transport.abort()
        return '250 OK'

async def main():
    loop = asyncio.get_running_loop()
    handler = Handler()
    server = await loop.create_server(lambda: SMTP(handler, hostname='sink.example'), '127.0.0.1', 0)
    print(json.dumps({'port': server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// A host that takes mail. Ends with this value.
#[derive(Debug)]
pub struct Sink {
    process: Child,
    port: u64,
    mails: Arc<Mutex<Vec<Value>>>,
}

impl Sink {
    /// Starts it. None where it is not installed (outside CI).
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Option<Sink> {
        let mut process = python_with("aiosmtpd")?
            .args(["-c", SCRIPT])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdout = process.stdout.take().expect("a pipe");
        let mails = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = mpsc::channel();
        let kept = Arc::clone(&mails);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).expect("a line of JSON");
                match said["port"].as_u64() {
                    Some(port) => {
                        // Whoever asked may have given up.
                        sender.send(port).ok();
                    }
                    None => kept
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(said),
                }
            }
        });
        let port = receiver.recv_timeout(PATIENCE).expect("a port");
        Some(Sink {
            process,
            port,
            mails,
        })
    }

    /// What the server must know of it.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            (HOST, "127.0.0.1".to_owned()),
            (PORT, self.port.to_string()),
            (TLS, "none".to_owned()),
            (FROM, "Papierlos <papierlos@stadt.example>".to_owned()),
            (URL, LINKS.to_owned()),
        ]
    }

    /// What it has taken so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Value> {
        let mails = self.mails.lock();
        mails.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

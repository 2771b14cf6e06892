//! A small authority of certificates, made by openssl for one test: it issues a seal and timestamps, and answers
//! over HTTP who it is, what it has revoked, and what time it is. Ends with this value.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::app::Start;
use crate::faketime::library;

const TSA_CONFIG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../pades/tests/data/pki/tsa.cnf"
);

/// Where its certificates say that its own lies, and where that has gone since.
const NAMED: &str = "/ca.cer";
const MOVED: &str = "/moved.cer";

/// An authority.
#[derive(Debug)]
pub struct Authority {
    inside: Arc<Inside>,
    address: String,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inside {
    folder: TempDir,
    /// Whether it says nothing of certificates now.
    silent: AtomicBool,
    /// Where its certificate lies, as whoever asks for it is told.
    certificate: Mutex<String>,
    /// How many timestamps it was asked for.
    asked: AtomicUsize,
    /// So many of those are by a certificate that ends soon.
    soon: usize,
    /// Whether it gives no timestamps now.
    away: AtomicBool,
    /// By how much its clock differs, as libfaketime is told.
    clock: Mutex<String>,
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Authority {
    /// Makes one. Its first `soon` timestamps are by a certificate that ends in thirty days. None where openssl
    /// is missing (outside CI).
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn start(soon: usize) -> Option<Authority> {
        if Command::new("openssl").arg("version").output().is_err() {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "in CI nothing is skipped: openssl is missing"
            );
            eprintln!("skipped: openssl is missing");
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let folder = TempDir::new().expect("a temporary folder");
        make(folder.path(), &address);
        let inside = Arc::new(Inside {
            folder,
            silent: AtomicBool::new(false),
            certificate: Mutex::new(format!("http://{address}{MOVED}")),
            asked: AtomicUsize::new(0),
            soon,
            away: AtomicBool::new(false),
            clock: Mutex::default(),
        });
        let shared = Arc::clone(&inside);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Some(Authority {
            inside,
            address,
            task,
        })
    }

    /// A file of it: `root.pem`, `seal.pem`, `seal.key` …
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.inside.folder.path().join(name)
    }

    /// The folder in which only its root is.
    #[must_use]
    pub fn trust(&self) -> PathBuf {
        self.path("trust")
    }

    /// A server whose seal it issued, which it timestamps, and which asks it, up to that level.
    #[must_use]
    pub fn seals(&self, start: Start, level: &str) -> Start {
        let path = |name: &str| self.path(name).to_string_lossy().into_owned();
        start
            .with("PAPIERLOS_SEAL_KEY", path("seal.key"))
            .with("PAPIERLOS_SEAL_CERTIFICATES", path("seal.pem"))
            .with("PAPIERLOS_SEAL_TSA", format!("http://{}/tsa", self.address))
            .with("PAPIERLOS_SEAL_LEVEL", level)
            .with("PAPIERLOS_SEAL_ALLOW_PRIVATE", "127.0.0.1")
            .with("PAPIERLOS_SEAL_PORTS", "1-65535")
            .with("PAPIERLOS_SIGNATURES_TRUST", path("trust"))
    }

    /// A server whose log it stamps.
    #[must_use]
    pub fn stamps_log(&self, start: Start) -> Start {
        start.with("PAPIERLOS_LOG_TSA", self.tsa())
    }

    /// Where it is asked for timestamps.
    #[must_use]
    pub fn tsa(&self) -> String {
        format!("http://{}/tsa", self.address)
    }

    /// Gives no timestamps from now on, or gives them again.
    pub fn stay_away(&self, away: bool) {
        self.inside.away.store(away, Ordering::SeqCst);
    }

    /// Lets its clock differ from now on, such as by `+2d`. Only where [`crate::faketime::has_faketime`].
    pub fn set_clock(&self, offset: &str) {
        let clock = self.inside.clock.lock();
        offset.clone_into(&mut clock.unwrap_or_else(PoisonError::into_inner));
    }

    /// Says nothing of certificates from now on, or speaks again.
    pub fn keep_silent(&self, silent: bool) {
        self.inside.silent.store(silent, Ordering::SeqCst);
    }

    /// Tells from now on that its certificate lies there.
    pub fn move_certificate(&self, to: &str) {
        let place = self.inside.certificate.lock();
        to.clone_into(&mut place.unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells the truth about that again.
    pub fn move_certificate_back(&self) {
        self.move_certificate(&format!("http://{}{MOVED}", self.address));
    }

    /// How many timestamps it was asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.inside.asked.load(Ordering::SeqCst)
    }

    /// Revokes the certificate of the seal.
    ///
    /// # Panics
    /// When it cannot be written down.
    pub fn revoke_seal(&self) {
        let index = self.path("index.txt");
        let text = std::fs::read_to_string(&index).expect("an index");
        let lines = text.lines().map(|line| {
            if line.ends_with("/CN=Siegel") {
                line.replace("V\t400101000000Z\t", "R\t400101000000Z\t260101000000Z")
            } else {
                line.to_owned()
            }
        });
        let text: Vec<String> = lines.collect();
        std::fs::write(&index, text.join("\n") + "\n").expect("an index");
        revocation_list(self.inside.folder.path());
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    run_at(folder, arguments, "")
}

/// As [`run`], by a clock that differs so.
fn run_at(folder: &Path, arguments: &[&str], clock: &str) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command
        .current_dir(folder)
        .args(arguments)
        .env("TSA_SERIAL", folder.join("tsa-serial"));
    if !clock.is_empty() {
        command.env("LD_PRELOAD", library().unwrap_or_default());
        command.env("FAKETIME", clock);
    }
    let output = command.output().expect("openssl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    output.stdout
}

fn revocation_list(folder: &Path) {
    let list = [
        "ca", "-gencrl", "-name", "db", "-config", "ca.cnf", "-keyfile",
    ];
    let rest = [
        "root.key", "-cert", "root.pem", "-md", "sha256", "-out", "list.pem",
    ];
    run(folder, &[&list[..], &rest[..]].concat());
    run(
        folder,
        &[
            "crl", "-in", "list.pem", "-outform", "DER", "-out", "ca.crl",
        ],
    );
}

/// What its certificates say, and where it is asked about them.
fn configuration(address: &str) -> String {
    let sources = format!(
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
         crlDistributionPoints=URI:http://{address}/ca.crl\n\
         authorityInfoAccess=OCSP;URI:http://{address}/ocsp,caIssuers;URI:http://{address}/ca.cer\n"
    );
    let leaf = "basicConstraints=critical,CA:FALSE\n";
    format!(
        "[req]\ndistinguished_name=dn\n[dn]\n\
         [ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n\
         subjectKeyIdentifier=hash\n\
         [seal]\n{leaf}keyUsage=critical,nonRepudiation\n{sources}\
         [tsa]\n{leaf}keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n{sources}\
         [ocsp]\n{leaf}keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,OCSPSigning\nnoCheck=yes\n\
         subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
         [db]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n"
    )
}

fn key(folder: &Path, name: &str) {
    let curve = "ec_paramgen_curve:P-256";
    let out = format!("{name}.key");
    let kind = ["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", curve];
    run(folder, &[&kind[..], &["-out", out.as_str()]].concat());
}

/// A certificate of it: which files, of which section, for how many days, by which number.
fn issue(folder: &Path, name: &str, called: &str, (section, days, serial): (&str, &str, &str)) {
    key(folder, name);
    let (secret, asked) = (format!("{name}.key"), format!("{name}.csr"));
    let (subject, made) = (format!("/CN={called}"), format!("{name}.pem"));
    let number = format!("0x{serial}");
    let request = ["req", "-new", "-key", secret.as_str(), "-subj"];
    let rest = [
        subject.as_str(),
        "-config",
        "ca.cnf",
        "-out",
        asked.as_str(),
    ];
    run(folder, &[&request[..], &rest[..]].concat());
    let sign = ["x509", "-req", "-in", asked.as_str(), "-CA", "root.pem"];
    let by = ["-CAkey", "root.key", "-set_serial", number.as_str()];
    let how = ["-days", days, "-extfile", "ca.cnf", "-extensions", section];
    let rest = ["-out", made.as_str()];
    run(folder, &[&sign[..], &by[..], &how[..], &rest[..]].concat());
}

fn make(folder: &Path, address: &str) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    write("ca.cnf", &configuration(address));
    write("crlnumber", "01\n");
    key(folder, "root");
    let root = [
        "req",
        "-x509",
        "-new",
        "-key",
        "root.key",
        "-subj",
        "/CN=Wurzel",
    ];
    let rest = [
        "-days",
        "3650",
        "-config",
        "ca.cnf",
        "-extensions",
        "ca",
        "-out",
        "root.pem",
    ];
    run(folder, &[&root[..], &rest[..]].concat());
    let mut index = String::new();
    let issued = [
        ("seal", "Siegel", ("seal", "365", "1001")),
        ("soon", "Zeit", ("tsa", "30", "1002")),
        ("tsa", "Zeit", ("tsa", "3000", "1003")),
        ("ocsp", "Auskunft", ("ocsp", "3000", "1004")),
    ];
    for (name, called, how) in issued {
        issue(folder, name, called, how);
        let serial = how.2;
        writeln!(index, "V\t400101000000Z\t\t{serial}\tunknown\t/CN={called}").expect("text");
    }
    write("index.txt", &index);
    write("index.txt.attr", "unique_subject = no\n");
    revocation_list(folder);
    let root = [
        "x509", "-in", "root.pem", "-outform", "DER", "-out", "ca.cer",
    ];
    run(folder, &root);
    let trust = folder.join("trust");
    std::fs::create_dir(&trust).expect("a folder");
    std::fs::copy(folder.join("root.pem"), trust.join("root.pem")).expect("copied");
}

impl Inside {
    fn certificate_place(&self) -> String {
        let place = self.certificate.lock();
        place.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, path: &str, body: &[u8]) -> Option<Vec<u8>> {
        let folder = self.folder.path();
        let place = tempfile::tempdir().ok()?;
        let asked = place.path().join("question");
        std::fs::write(&asked, body).ok()?;
        let asked = asked.to_str()?;
        match path {
            "/tsa" if self.away.load(Ordering::SeqCst) => None,
            "/tsa" => {
                let number = self.asked.fetch_add(1, Ordering::SeqCst);
                let name = if number < self.soon { "soon" } else { "tsa" };
                let (signer, secret) = (format!("{name}.pem"), format!("{name}.key"));
                let what = [
                    "ts",
                    "-reply",
                    "-section",
                    "tsa_config",
                    "-config",
                    TSA_CONFIG,
                ];
                let how = [
                    "-queryfile",
                    asked,
                    "-signer",
                    signer.as_str(),
                    "-inkey",
                    secret.as_str(),
                ];
                let clock = self.clock.lock();
                let clock = clock.unwrap_or_else(PoisonError::into_inner).clone();
                Some(run_at(folder, &[&what[..], &how[..]].concat(), &clock))
            }
            _ if self.silent.load(Ordering::SeqCst) => None,
            "/ocsp" => {
                let said = place.path().join("answer");
                let out = said.to_str()?;
                let who = ["ocsp", "-index", "index.txt", "-CA", "root.pem", "-rsigner"];
                let how = [
                    "ocsp.pem", "-rkey", "ocsp.key", "-ndays", "1", "-reqin", asked,
                ];
                run(folder, &[&who[..], &how[..], &["-respout", out]].concat());
                std::fs::read(&said).ok()
            }
            "/ca.crl" => std::fs::read(folder.join("ca.crl")).ok(),
            MOVED => std::fs::read(folder.join("ca.cer")).ok(),
            _ => None,
        }
    }
}

async fn serve(mut stream: TcpStream, inside: Arc<Inside>) {
    let Some((head, body)) = request(&mut stream).await else {
        return;
    };
    let path = path_of(&head).to_owned();
    if path == NAMED {
        let place = inside.certificate_place();
        let head = format!(
            "HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.ok();
        stream.shutdown().await.ok();
        return;
    }
    let answer = tokio::task::spawn_blocking(move || inside.answer(&path, &body)).await;
    let (status, answer) = match answer.ok().flatten() {
        Some(answer) => ("200 OK", answer),
        None => ("503 Service Unavailable", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(head.as_bytes()).await.ok();
    stream.write_all(&answer).await.ok();
    stream.shutdown().await.ok();
}

/// The path that the head of a request names.
pub(crate) fn path_of(head: &str) -> &str {
    head.split_whitespace().nth(1).unwrap_or_default()
}

/// The head of one request, and its body up to the length that it says.
pub(crate) async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut all = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let many = stream.read(&mut piece).await.ok()?;
        all.extend_from_slice(&piece[..many]);
        let head = all.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&all[..head]).into_owned();
            let small = text.to_lowercase();
            let length = small
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.unwrap_or("0").trim().parse().ok()?;
            if all.len() >= head + 4 + length {
                return Some((text, all[head + 4..head + 4 + length].to_vec()));
            }
        }
        if many == 0 {
            return None;
        }
    }
}

//! A provider of identities in the test process: says what it is told to say, true or not.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const KEY: &[u8] = include_bytes!("../data/oidc/rsa.pk8");
/// What a token says that ends sessions.
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Listens on a port of its own. Ends with this value.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// What the keys are called that are published.
    keys: Vec<String>,
    /// Whether it refuses to publish them.
    keeps_keys: bool,
    issuer: Option<String>,
    token: Option<String>,
    challenge: Option<String>,
    more: Option<Value>,
    asked: Vec<String>,
}

/// Bytes as tokens have them.
#[must_use]
pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(KEY).expect("a key")
}

/// The public number of the key, as it is published.
#[must_use]
pub fn public_number() -> String {
    encoded(&PublicKeyComponents::<Vec<u8>>::from(key().public()).n)
}

/// A token that the key signed, with this head.
#[must_use]
pub fn signed_with(head: &Value, claims: &Value) -> String {
    let text = unsigned(head, claims);
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .expect("a signature");
    format!("{text}.{}", encoded(&signature))
}

/// Head and claims of a token that nobody signed.
#[must_use]
pub fn unsigned(head: &Value, claims: &Value) -> String {
    let (head, claims) = (head.to_string(), claims.to_string());
    format!(
        "{}.{}",
        encoded(head.as_bytes()),
        encoded(claims.as_bytes())
    )
}

/// A token as it should be.
#[must_use]
pub fn signed(claims: &Value) -> String {
    signed_with(&json!({"alg": "RS256", "kid": "one"}), claims)
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

impl Provider {
    /// Starts to listen.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let kept = Arc::new(Mutex::new(Kept {
            keys: vec!["one".to_owned()],
            ..Kept::default()
        }));
        let (held, holding) = watch::channel(false);
        let inside = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, address, Arc::clone(&inside), holding.clone()));
            }
        });
        Provider {
            address,
            kept,
            held,
            task,
        }
    }

    /// Who it is.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next code is worth this token, for whoever knows what this challenge was made of.
    pub fn issues(&self, token: String, challenge: &str) {
        let mut kept = self.kept();
        kept.token = Some(token);
        kept.challenge = Some(challenge.to_owned());
    }

    /// What it says of somebody when it is asked; nothing: it does not offer that.
    pub fn says(&self, more: Option<Value>) {
        self.kept().more = more;
    }

    /// What its keys are called from now on.
    pub fn calls_its_keys(&self, names: &[&str]) {
        self.kept().keys = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Refuses to say what its keys are, until it is told to say it.
    pub fn keeps_its_keys(&self, keeps: bool) {
        self.kept().keeps_keys = keeps;
    }

    /// Whom it says it is.
    pub fn poses_as(&self, issuer: &str) {
        self.kept().issuer = Some(issuer.to_owned());
    }

    /// Takes requests, and answers none until it is told to.
    pub fn hold(&self, holds: bool) {
        self.held.send_replace(holds);
    }

    /// The paths that were asked for.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.kept().asked.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panicked")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Path and body of a request.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is = name.eq_ignore_ascii_case("content-length");
                is.then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or_default() {
                let path = head.split(' ').nth(1)?.to_owned();
                return Some((path, body.to_owned()));
            }
        }
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(piece.get(..count)?),
            Ok(_) | Err(_) => return None,
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    mut holding: watch::Receiver<bool>,
) {
    let Some((path, body)) = read(&mut stream).await else {
        return;
    };
    // Asked is asked, whether it answers or not.
    let asked = path.clone();
    kept.lock().expect("nobody panicked").asked.push(asked);
    if holding.wait_for(|holds| !holds).await.is_err() {
        return;
    }
    let answer = answer(
        address,
        &mut kept.lock().expect("nobody panicked"),
        &path,
        &body,
    );
    let (status, body) = match answer {
        Some(body) => (200, body.to_string()),
        None => (400, json!({"error": "invalid_grant"}).to_string()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
    drop(stream.shutdown().await);
}

fn answer(address: SocketAddr, kept: &mut Kept, path: &str, body: &str) -> Option<Value> {
    let at = |path: &str| format!("http://{address}{path}");
    match path {
        "/.well-known/openid-configuration" => {
            let mut all = json!({
                "issuer": kept.issuer.clone().unwrap_or_else(|| at("")),
                "authorization_endpoint": at("/authorize?tenant=1"),
                "token_endpoint": at("/token"),
                "jwks_uri": at("/keys"),
                "end_session_endpoint": at("/end"),
            });
            if kept.more.is_some() {
                all["userinfo_endpoint"] = json!(at("/userinfo"));
            }
            Some(all)
        }
        "/keys" if kept.keeps_keys => None,
        "/keys" => {
            let jwk = |kid: &String| json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": public_number(), "e": "AQAB"});
            let keys: Vec<Value> = kept.keys.iter().map(jwk).collect();
            Some(json!({"keys": keys}))
        }
        "/token" => {
            let verifier = body
                .split('&')
                .find_map(|field| field.strip_prefix("code_verifier="))?;
            let challenge = encoded(&Sha256::digest(verifier.as_bytes()));
            // A code is worth one token.
            let token = kept.token.take()?;
            let knows = kept.challenge.as_deref() == Some(challenge.as_str());
            knows.then(|| json!({"id_token": token, "access_token": "at", "token_type": "Bearer"}))
        }
        "/userinfo" => kept.more.clone(),
        _ => None,
    }
}

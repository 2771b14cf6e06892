//! A tablet at a counter, played: a key of its own, a cookie, and strokes that somebody wrote.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as CODE;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::Start;
use crate::client::{Answer, Client};
use crate::fixtures;
use crate::town::{OWN, Town, id_of};

/// What everything begins with that a tablet signs.
const DOMAIN: &str = "papierlos-tablet-1";
const SIGNATURE: &str = "papierlos-tablet-signature";
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pades/tests/data/pki");

/// A server with a seal: that of the tests of `pades`.
#[must_use]
pub fn sealed(start: Start) -> Start {
    start
        .with("PAPIERLOS_SEAL_KEY", format!("{KEYS}/seal.key"))
        .with("PAPIERLOS_SEAL_CERTIFICATES", format!("{KEYS}/seal.pem"))
        .with("PAPIERLOS_SEAL_NAME", "Stadt Musterstadt")
}

/// The certificate of a notary to whom strokes are sealed.
#[must_use]
pub fn notary() -> String {
    format!("{KEYS}/notary.pem")
}

/// A tablet.
pub struct FakeTablet {
    key: EcdsaKeyPair,
    random: SystemRandom,
    client: Client,
    cookie: String,
    /// Its id; none before it is paired.
    pub id: String,
}

impl FakeTablet {
    /// A tablet with a key, not paired.
    ///
    /// # Panics
    /// When there is no chance to be had.
    #[must_use]
    pub fn new(client: Client) -> FakeTablet {
        let random = SystemRandom::new();
        let with = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(with, &random).expect("a key");
        FakeTablet {
            key: EcdsaKeyPair::from_pkcs8(with, der.as_ref(), &random).expect("a key"),
            random,
            client,
            cookie: String::new(),
            id: String::new(),
        }
    }

    /// A tablet that is paired for [`OWN`] by the administrator.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn paired(town: &Town) -> FakeTablet {
        let mut tablet = FakeTablet::new(town.app.anonymous());
        let (pairing, code) = tablet.ask().await;
        let paired = town
            .admin()
            .post("/api/v1/tablets", &named(&code))
            .await
            .is(201);
        tablet.id = id_of(&paired);
        assert!(tablet.claim(&pairing).await.is(200).json()["paired"] == true);
        tablet
    }

    /// Its public key as a JWK.
    #[must_use]
    pub fn public_key(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": CODE.encode(x), "y": CODE.encode(y)})
    }

    /// Asks to be paired: the id of that, and the code that it shows.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn ask(&self) -> (String, String) {
        let body = json!({"public_key": self.public_key()});
        let asked = self.client.post("/api/v1/tablets/pairings", &body).await;
        let asked = asked.is(201);
        let code = asked.json()["code"].as_str().map(str::to_owned);
        (id_of(&asked), code.expect("a code"))
    }

    /// Asks what became of that; keeps the cookie that it gets.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn claim(&mut self, pairing: &str) -> Answer {
        let path = format!("/api/v1/tablets/pairings/{pairing}/claim");
        let answer = self.post(&path, pairing, &json!({})).await;
        let set = answer.header("set-cookie").unwrap_or_default();
        if let Some((cookie, _)) = set.split_once(';') {
            self.cookie = cookie.to_owned();
        }
        answer
    }

    /// The headers by which it is known, for a request with this body.
    ///
    /// # Panics
    /// When there is no chance to be had.
    #[must_use]
    pub fn headers(&self, path: &str, nonce: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        let digest = hex::encode(Sha256::digest(body));
        let said = format!("{DOMAIN}\nPOST {path}\n{nonce}\n{digest}");
        let signature = self.key.sign(&self.random, said.as_bytes());
        let signature = CODE.encode(signature.expect("a signature").as_ref());
        vec![("cookie", self.cookie.clone()), (SIGNATURE, signature)]
    }

    /// GET with its cookie.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> Answer {
        let request = self.client.request(Method::GET, path);
        self.client
            .send(request.header("cookie", &self.cookie))
            .await
    }

    /// POST of JSON, signed.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn post(&self, path: &str, nonce: &str, body: &Value) -> Answer {
        let bytes = body.to_string().into_bytes();
        let mut request = self.client.request(Method::POST, path);
        for (name, value) in self.headers(path, nonce, &bytes) {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "application/json");
        self.client.send(request.body(bytes)).await
    }

    /// Sends something in for a job, signed along with the nonce that the job has.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn tell(&self, job: &Shown, what: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/tablet/jobs/{}/{what}", job.id);
        self.post(&path, &job.nonce, body).await
    }

    /// Fetches a job and tells that it is shown.
    ///
    /// # Panics
    /// When it cannot be shown.
    pub async fn show(&self, id: &str) -> Shown {
        let path = format!("/api/v1/tablet/jobs/{id}");
        let found = self.get(&path).await.is(200).json();
        let shown = Shown {
            id: id.to_owned(),
            nonce: found["nonce"].as_str().expect("a nonce").to_owned(),
            sentence: found["sentence"].as_str().expect("a sentence").to_owned(),
            pages: found["pages"].as_array().cloned().unwrap_or_default(),
        };
        let seen = json!({"pages": [], "signing": false});
        self.tell(&shown, "seen", &seen).await.is(200);
        shown
    }

    /// The same after the server has started anew.
    pub fn follow(&mut self, client: Client) {
        self.client = client;
    }

    /// Forgets its cookie.
    pub fn forget(&mut self) {
        self.cookie.clear();
    }
}

/// How a tablet is paired.
#[must_use]
pub fn named(code: &str) -> Value {
    json!({"code": code, "name": "Tablet 2", "counter": "Schalter 2", "department": OWN})
}

/// A job as a tablet has it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// What is signed along.
    pub nonce: String,
    /// What is confirmed.
    pub sentence: String,
    /// The pages.
    pub pages: Vec<Value>,
}

impl Shown {
    /// A signature for it.
    #[must_use]
    pub fn signature(&self) -> Value {
        json!({"strokes": strokes(), "pages": [{"page": 1, "seconds": 12}], "sentence": self.sentence,
            "language": "de", "zoom": 100, "restarts": 1})
    }
}

/// Three strokes of a pen.
#[must_use]
pub fn strokes() -> Value {
    let mut at = 0.0_f64;
    let mut strokes = Vec::new();
    for stroke in 0..3 {
        let mut points = Vec::new();
        for step in 0..60 {
            let (along, angle) = (f64::from(step), f64::from(step) / 6.0);
            let x = 120.0 + f64::from(stroke) * 170.0 + along * 1.9;
            let y = 160.0 + angle.sin() * (60.0 - along * 0.4);
            points.push(
                json!({"x": two(x), "y": two(y), "t": two(at), "p": 0.5, "tx": 12, "ty": -7}),
            );
            at += 5.0;
        }
        at += 120.0;
        strokes.push(json!({"pts": points}));
    }
    json!({"v": 1, "unit": "css-px", "w": 900, "h": 320, "dpr": 2, "pointerType": "pen",
        "started": {"client": 1_772_452_799_310_u64, "server": 1_772_452_800_000_u64}, "strokes": strokes})
}

fn two(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Files a PDF of the clerk that nobody else has; gives the answer.
///
/// # Panics
/// When it is not filed.
pub async fn form(town: &Town) -> (Answer, Vec<u8>) {
    let text = format!("Empfangsbestätigung {}", uuid::Uuid::now_v7());
    let content = fixtures::pdf(&[&text, "Seite zwei"]);
    let said = json!({"title": "Empfangsbestätigung"});
    let filed = town.clerk().file("form.pdf", &content, &said).await;
    (filed.is(201), content)
}

/// What sends a document to a tablet.
#[must_use]
pub fn request(tablet: &str) -> Value {
    json!({"tablet": tablet, "version": 1, "purpose": "Aushändigung",
        "sentence": "Ich habe den Ausweis erhalten.", "language": "de",
        "place": {"page": 1, "left": 60.0, "bottom": 60.0, "width": 220.0, "height": 70.0}})
}

/// Sends a document to a tablet; gives the id of the job.
///
/// # Panics
/// When it is not sent.
pub async fn send(town: &Town, document: &str, tablet: &FakeTablet) -> String {
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let sent = town.clerk().post(&path, &request(&tablet.id)).await;
    id_of(&sent.is(201))
}

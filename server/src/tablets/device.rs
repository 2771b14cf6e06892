//! Who asks, where a tablet does: its cookie, and its signature.

use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use sha2::{Digest, Sha256};

use super::key::{PublicKey, Said};
use super::model::Tablet;
use super::{ops, rows};
use crate::departments::cookie_of;
use crate::http::extract::body_within;
use crate::http::limits::RateLimits;
use crate::http::{Kind, Problem, text};
use crate::unit::Db;

/// The name of the cookie. The prefix is kept by browsers: only with TLS (or on the same machine), only for
/// this host, only with `Path=/`.
const NAME: &str = "__Host-papierlos-tablet";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
/// How long a browser keeps it: as long as any keeps one. Each start of the page begins it anew.
const LIFE: Duration = Duration::from_secs(400 * 86_400);
/// Where a tablet puts its signature.
const SIGNATURE: HeaderName = HeaderName::from_static("papierlos-tablet-signature");
/// The largest body that a tablet sends: a record of strokes, and what goes with it.
const BODY_BYTES_MAX: usize = 640 << 10;

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// The cookie that holds a token.
pub(super) fn cookie(token: &str) -> String {
    format!("{NAME}={token}; Max-Age={}; {ATTRIBUTES}", LIFE.as_secs())
}

/// A paired tablet that is not revoked.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// The tablet.
    pub(crate) tablet: Tablet,
    token: String,
}

impl Device {
    /// Its cookie once more: so that it does not come to its end while the tablet is used.
    pub(crate) fn cookie(&self) -> String {
        cookie(&self.token)
    }
}

async fn device_of(request: HttpRequest) -> Result<Device, Problem> {
    let missing = || {
        Problem::new(Kind::Unauthenticated).detail(text(
            "Dieses Gerät ist nicht gekoppelt, oder seine Kopplung wurde aufgehoben.",
            "This device is not paired, or it was revoked.",
        ))
    };
    let db = request
        .app_data::<Data<Db>>()
        .ok_or_else(|| Problem::internal("no database"))?;
    let token = cookie_of(&request, NAME).ok_or_else(missing)?.to_owned();
    let sha256: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let found = rows::with_token(db.read(), sha256).await?;
    let tablet = found.ok_or_else(missing)?;
    if let Some(limits) = request.app_data::<Data<RateLimits>>() {
        limits.principal(tablet.id.raw())?;
    }
    ops::seen(db, &tablet).await?;
    Ok(Device { tablet, token })
}

impl FromRequest for Device {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        Box::pin(device_of(request.clone()))
    }
}

/// What a tablet sends in, with a signature that is still to be looked at.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The body, byte by byte.
    pub(crate) body: Bytes,
    /// The signature as it was sent.
    pub(crate) signature: String,
    path: String,
}

impl Signed {
    /// Refuses what the tablet did not sign, with what it was given for this.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require(&self, tablet: &Tablet, nonce: &str) -> Result<(), Problem> {
        self.require_key(&tablet.key, nonce)
    }

    /// SHA-256 of the body: the last of the four lines that were signed, in hexadecimal digits.
    pub(crate) fn body_sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.body))
    }

    pub(super) fn require_key(&self, key: &PublicKey, nonce: &str) -> Result<(), Problem> {
        let said = Said {
            path: &self.path,
            nonce,
            body: &self.body,
        };
        if key.has_signed(&self.signature, &said) {
            return Ok(());
        }
        Err(Problem::new(Kind::Forbidden).detail(text(
            "Die Anfrage trägt keine gültige Unterschrift dieses Geräts.",
            "The request has no valid signature of this device.",
        )))
    }
}

impl FromRequest for Signed {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let signature = request.headers().get(&SIGNATURE);
            let signature = signature.and_then(|value| value.to_str().ok());
            let signature = signature.unwrap_or_default().to_owned();
            Ok(Self {
                path: request.path().to_owned(),
                signature,
                body: body_within(&request, payload, BODY_BYTES_MAX).await?,
            })
        })
    }
}

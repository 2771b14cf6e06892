//! The provider, as it is asked: what it says of itself, its keys, a token for a code, more about somebody.
//!
//! What it says of itself and its keys are kept for a while; nothing else is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::flow::Begun;
use super::jose::{JoseError, Jwks, Signed};
use super::model::OidcError;
use crate::config::Oidc;

/// The most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 512 << 10;
/// How long what the provider says of itself, and its keys, are taken for granted.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How long nobody asks again after it has not answered.
const PAUSE: Duration = Duration::from_secs(5);
/// How often in a minute its keys are asked for because a token names one that is not known.
const KEYS_PER_MINUTE_MAX: usize = 4;

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    fn addresses(&self) -> impl Iterator<Item = &str> {
        let sure = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.jwks_uri,
        ];
        let maybe = [&self.userinfo_endpoint, &self.end_session_endpoint];
        let sure = sure.into_iter().map(String::as_str);
        sure.chain(maybe.into_iter().filter_map(Option::as_deref))
    }

    /// Whether an answer that says it comes from `issuer`, or does not say, may be that of this provider.
    pub(super) fn answers_as(&self, issuer: Option<&str>) -> bool {
        match issuer {
            Some(issuer) => issuer == self.issuer,
            None => !self.authorization_response_iss_parameter_supported,
        }
    }
}

/// What was read of the provider.
#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys: Option<(Arc<Jwks>, Instant)>,
    /// When keys were asked for again before their time.
    again: Vec<Instant>,
    failed: Option<Instant>,
}

/// A token for a code.
#[derive(Deserialize)]
pub(super) struct Issued {
    pub(super) id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

/// The provider of identities of this house.
#[derive(Debug)]
pub(super) struct Provider {
    config: Oidc,
    redirect: String,
    client: OnceCell<Client>,
    known: Mutex<Known>,
}

impl Provider {
    /// The provider of these settings; `public_url` is the address that people use.
    pub(super) fn new(config: Oidc, public_url: &str) -> Self {
        Self {
            config,
            redirect: format!("{public_url}/oidc/callback"),
            client: OnceCell::new(),
            known: Mutex::default(),
        }
    }

    pub(super) const fn config(&self) -> &Oidc {
        &self.config
    }

    /// What it says of itself.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let mut known = self.known.lock().await;
        self.metadata_of(&mut known).await
    }

    async fn metadata_of(&self, known: &mut Known) -> Result<Arc<Metadata>, OidcError> {
        if let Some((metadata, at)) = &known.metadata
            && at.elapsed() < KEPT
        {
            return Ok(Arc::clone(metadata));
        }
        known.may_ask()?;
        let issuer = self.config.issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let read: Result<Metadata, OidcError> = self.get(&address, None).await;
        let checked = read.and_then(|metadata| self.checked(metadata));
        match checked {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.failed = None;
                known.metadata = Some((Arc::clone(&metadata), Instant::now()));
                Ok(metadata)
            }
            Err(error) => {
                known.failed = Some(Instant::now());
                Err(error)
            }
        }
    }

    /// It is who it was set to be, and everything that it names may be asked.
    fn checked(&self, metadata: Metadata) -> Result<Metadata, OidcError> {
        let allowed = |address: &str| {
            Url::parse(address).is_ok_and(|url| {
                url.scheme() == "https" || (url.scheme() == "http" && self.config.allow_http)
            })
        };
        if metadata.issuer == self.config.issuer && metadata.addresses().all(allowed) {
            Ok(metadata)
        } else {
            Err(OidcError::Answer)
        }
    }

    async fn keys(&self, known: &mut Known) -> Result<Arc<Jwks>, OidcError> {
        if let Some((keys, at)) = &known.keys
            && at.elapsed() < KEPT
        {
            return Ok(Arc::clone(keys));
        }
        self.keys_anew(known).await
    }

    async fn keys_anew(&self, known: &mut Known) -> Result<Arc<Jwks>, OidcError> {
        let metadata = self.metadata_of(known).await?;
        known.may_ask()?;
        let read: Result<Jwks, OidcError> = self.get(&metadata.jwks_uri, None).await;
        known.failed = read.is_err().then(Instant::now);
        let keys = Arc::new(read?);
        known.keys = Some((Arc::clone(&keys), Instant::now()));
        Ok(keys)
    }

    /// What a token says that one of the provider's keys signed. Where it names a key that is not known, the
    /// keys are asked for again, though not at will of whoever sends tokens.
    pub(super) async fn verified(&self, token: &Signed<'_>) -> Result<Vec<u8>, OidcError> {
        let mut known = self.known.lock().await;
        let keys = self.keys(&mut known).await?;
        match token.verified(&keys) {
            Ok(payload) => Ok(payload.to_vec()),
            Err(JoseError::NoKey) if known.may_read_keys_again() => {
                let keys = self.keys_anew(&mut known).await?;
                Ok(token.verified(&keys)?.to_vec())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the browser goes to sign in.
    pub(super) async fn sign_in_at(&self, begun: &Begun) -> Result<Url, OidcError> {
        let metadata = self.metadata().await?;
        let mut url =
            Url::parse(&metadata.authorization_endpoint).map_err(|_wrong| OidcError::Answer)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &self.config.scopes)
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &begun.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Where the browser goes to sign out there too, if there is such a place.
    pub(super) async fn sign_out_at(&self) -> Result<Option<Url>, OidcError> {
        let metadata = self.metadata().await?;
        let Some(address) = &metadata.end_session_endpoint else {
            return Ok(None);
        };
        let mut url = Url::parse(address).map_err(|_wrong| OidcError::Answer)?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("post_logout_redirect_uri", &self.config.post_logout);
        Ok(Some(url))
    }

    /// Gives a code for a token.
    pub(super) async fn redeem(&self, code: &str, begun: &Begun) -> Result<Issued, OidcError> {
        let metadata = self.metadata().await?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", &begun.verifier),
        ];
        let (client, secret) = (&self.config.client_id, &self.config.client_secret);
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let supports = |method: &str| methods.is_some_and(|all| all.iter().any(|it| it == method));
        // Without a word of it the standard means this one.
        let basic = methods.is_none() || supports("client_secret_basic");
        let mut authorization = None;
        if secret.is_empty() {
            fields.push(("client_id", client));
        } else if basic || !supports("client_secret_post") {
            let pair = format!("{}:{}", encoded(client), encoded(secret.expose()));
            authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
        } else {
            fields.push(("client_id", client));
            fields.push(("client_secret", secret.expose()));
        }
        let mut request = self
            .client()
            .await?
            .post(&metadata.token_endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form(&fields));
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        read(request).await
    }

    /// What it says about the one to whom a token was issued, where it says anything.
    pub(super) async fn more(
        &self,
        issued: &Issued,
    ) -> Result<Option<BTreeMap<String, Value>>, OidcError> {
        let metadata = self.metadata().await?;
        match (&metadata.userinfo_endpoint, &issued.access_token) {
            (Some(address), Some(token)) => Ok(Some(self.get(address, Some(token)).await?)),
            (_, _) => Ok(None),
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        address: &str,
        token: Option<&str>,
    ) -> Result<T, OidcError> {
        let client = self.client().await?;
        let mut request = client.get(address).header(ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        read(request).await
    }

    /// One client: the certificates that count are those of the machine; no redirects, so that nothing goes to
    /// an address that the provider did not name.
    async fn client(&self) -> Result<&Client, OidcError> {
        let patience = self.config.patience;
        self.client
            .get_or_try_init(async || {
                Client::builder()
                    .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
                    .redirect(Policy::none())
                    .referer(false)
                    .no_proxy()
                    .connect_timeout(patience)
                    .timeout(patience)
                    .build()
            })
            .await
            .map_err(OidcError::Unreachable)
    }
}

impl Known {
    /// Whoever did not answer a moment ago is not asked again: nobody waits for it in a row.
    fn may_ask(&self) -> Result<(), OidcError> {
        match self.failed {
            Some(at) if at.elapsed() < PAUSE => Err(OidcError::Silent),
            Some(_) | None => Ok(()),
        }
    }

    fn may_read_keys_again(&mut self) -> bool {
        self.again
            .retain(|at| at.elapsed() < Duration::from_secs(60));
        let may = self.again.len() < KEYS_PER_MINUTE_MAX;
        if may {
            self.again.push(Instant::now());
        }
        may
    }
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, OidcError> {
    let mut response = request.send().await.map_err(OidcError::Unreachable)?;
    let status = response.status();
    if !status.is_success() {
        return Err(OidcError::Status {
            status: status.as_u16(),
        });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(OidcError::Unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(OidcError::Answer);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_wrong| OidcError::Answer)
}

/// Fields as forms are sent.
fn form(fields: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://form.invalid/") else {
        return String::new();
    };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    let field = form(&[("a", text)]);
    field.strip_prefix("a=").unwrap_or_default().to_owned()
}

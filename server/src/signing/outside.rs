//! Addresses that certificates name. They were written by whoever made the certificate: only HTTP, only ports and
//! networks that the settings allow, no more than so many bytes, and no longer than so long. The same holds for where
//! an answer leads to.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use thiserror::Error;

use crate::base::outbound::{Resolver, is_public};
use crate::config::{Network, Ports, Seal};

/// How often an answer may lead elsewhere.
const REDIRECTS_MAX: usize = 3;
/// Most characters of an address.
const URL_CHARS_MAX: usize = 2_000;

/// Why an address gave nothing.
#[derive(Debug, Error)]
pub(super) enum OutsideError {
    /// It is none, or not one that may be asked.
    #[error("{url}: this address may not be asked")]
    Refused {
        /// The address.
        url: String,
    },
    /// Nobody answers there, or with an error.
    #[error("{url}: no answer")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// Nobody answered there in this round: it is not asked again in it.
    #[error("{url}: no answer, a moment ago")]
    Silent {
        /// The address.
        url: String,
    },
    /// The answer is longer than it may be.
    #[error("{url}: the answer is longer than {most} bytes")]
    TooLong {
        /// The address.
        url: String,
        /// What it may have.
        most: usize,
    },
}

/// Where a connection may go.
#[derive(Debug)]
pub(super) struct Reach {
    private: Vec<Network>,
    ports: Vec<Ports>,
}

impl Reach {
    pub(super) fn of(seal: &Seal) -> Self {
        Self {
            private: seal.allow_private.clone(),
            ports: seal.ports.clone(),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.private.iter().any(|one| one.contains(address))
    }

    /// An address that may be tried. Whether its name leads to an allowed one is seen only when the connection is
    /// made.
    pub(super) fn url(&self, text: &str) -> Option<Url> {
        if text.chars().count() > URL_CHARS_MAX {
            return None;
        }
        let url = Url::parse(text).ok()?;
        if !matches!(url.scheme(), "http" | "https")
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return None;
        }
        let port = url.port_or_known_default()?;
        if !self.ports.iter().any(|ports| ports.contains(port)) {
            return None;
        }
        // A name is looked up by our resolver; an address never comes there.
        let host = url.host_str()?;
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => None,
            Ok(_) | Err(_) => Some(url),
        }
    }
}

/// What is asked in one round. What was answered in it is not asked again, and where nobody answers many documents
/// wait for that once.
#[derive(Debug)]
pub(super) struct Outside {
    reach: Arc<Reach>,
    client: Client,
    answers: HashMap<(String, Vec<u8>), Vec<u8>>,
    silent: HashSet<String>,
}

impl Outside {
    /// The certificates that count are those of the machine; a proxy would connect to addresses that were not
    /// looked at, so there is none.
    pub(super) fn open(
        reach: &Arc<Reach>,
        patience: std::time::Duration,
    ) -> Result<Self, reqwest::Error> {
        let (rules, ways) = (Arc::clone(reach), Arc::clone(reach));
        let client = Client::builder()
            .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Resolver::new(move |address| rules.allows(address)))
            .redirect(Policy::custom(move |attempt| {
                // What a certificate may not name, an answer may not lead to.
                let far = attempt.previous().len() > REDIRECTS_MAX;
                if far || ways.url(attempt.url().as_str()).is_none() {
                    return attempt.error("it leads to where nobody may be asked");
                }
                attempt.follow()
            }))
            .referer(false)
            .no_proxy()
            .connect_timeout(patience)
            .timeout(patience)
            .build()?;
        Ok(Self {
            reach: Arc::clone(reach),
            client,
            answers: HashMap::new(),
            silent: HashSet::new(),
        })
    }

    /// What lies there, at most so many bytes.
    pub(super) async fn get(&mut self, url: &str, most: usize) -> Result<Vec<u8>, OutsideError> {
        let get = |client: &Client, url: Url| client.get(url);
        self.answer(url, most, Vec::new(), get).await
    }

    /// What a responder answers to a question.
    pub(super) async fn ask(
        &mut self,
        url: &str,
        (question, media_type): (&[u8], &'static str),
        most: usize,
    ) -> Result<Vec<u8>, OutsideError> {
        let body = question.to_vec();
        let post = |client: &Client, url: Url| {
            client
                .post(url)
                .header(CONTENT_TYPE, media_type)
                .body(question.to_vec())
        };
        self.answer(url, most, body, post).await
    }

    async fn answer(
        &mut self,
        url: &str,
        most: usize,
        question: Vec<u8>,
        request: impl FnOnce(&Client, Url) -> RequestBuilder + Send,
    ) -> Result<Vec<u8>, OutsideError> {
        let key = (url.to_owned(), question);
        if let Some(known) = self.answers.get(&key) {
            return Ok(known.clone());
        }
        if self.silent.contains(url) {
            return Err(OutsideError::Silent {
                url: url.to_owned(),
            });
        }
        let target = self.reach.url(url).ok_or_else(|| OutsideError::Refused {
            url: url.to_owned(),
        })?;
        let unreachable = |source| OutsideError::Unreachable {
            url: url.to_owned(),
            source,
        };
        let sent = request(&self.client, target).send().await;
        let mut response = match sent.and_then(Response::error_for_status) {
            Ok(response) => response,
            Err(error) => {
                self.silent.insert(url.to_owned());
                return Err(unreachable(error));
            }
        };
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(unreachable)? {
            if body.len() + piece.len() > most {
                return Err(OutsideError::TooLong {
                    url: url.to_owned(),
                    most,
                });
            }
            body.extend_from_slice(&piece);
        }
        self.answers.insert(key, body.clone());
        Ok(body)
    }
}

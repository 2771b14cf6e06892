//! Signing in at a provider of identities that says what it is told to say, true or not.

mod attacks;
mod people;
mod provider;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tests::app::Start;
use tests::provider::{Provider, now, signed};
use tests::town::{OWN, Town, send};

/// An answer to a browser that goes where it is sent only when it is told to.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) place: Option<String>,
    pub(super) cookies: Vec<String>,
    pub(super) text: String,
}

impl Page {
    /// The value of a cookie that is set here, with its name.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let begins = format!("{name}=");
        let found = self.cookies.iter().find(|one| one.starts_with(&begins))?;
        found.split(';').next()
    }

    fn session(&self) -> &str {
        let cookie = self.cookie("__Host-papierlos");
        cookie.unwrap_or_else(|| unreachable!("no session: {} {}", self.status, self.text))
    }

    /// Nobody was signed in, and a page says why.
    #[track_caller]
    fn refuses(&self, status: u16, says: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(says), "{says} in {}", self.text);
        assert!(self.text.contains("<html lang=\"de\">"), "{}", self.text);
        assert_eq!(self.cookie("__Host-papierlos"), None);
    }
}

/// As a browser asks: with the cookies that it has.
pub(super) async fn browse(address: &str, cookie: &str) -> Page {
    let asked = tests::client::browser()
        .get(address)
        .header("cookie", cookie);
    let asked = asked.header("accept-language", "de");
    let answer = asked.send().await.expect("an answer");
    let headers = answer.headers();
    let words = |name: &str| {
        let all = headers.get_all(name).iter();
        all.map(|value| value.to_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    Page {
        status: answer.status().as_u16(),
        place: words("location").pop(),
        cookies: words("set-cookie"),
        text: answer.text().await.expect("text"),
    }
}

/// An attempt that a browser has begun.
struct Begun<'a> {
    town: &'a Town,
    provider: &'a Provider,
    cookie: String,
    state: String,
    nonce: String,
    challenge: String,
}

impl<'a> Begun<'a> {
    async fn at(town: &'a Town, provider: &'a Provider) -> Begun<'a> {
        Begun::with_cookie(town, provider, "").await
    }

    /// In a browser that has this cookie.
    async fn with_cookie(town: &'a Town, provider: &'a Provider, cookie: &str) -> Begun<'a> {
        let page = browse(&format!("{}/oidc/start", town.app.address()), cookie).await;
        assert_eq!(page.status, 303, "{}", page.text);
        let place = page.place.as_deref().expect("a place");
        let url = Url::parse(place).expect("an address");
        assert!(place.starts_with(&format!("{}/authorize?tenant=1&", provider.issuer())));
        let said = |name: &str| {
            let found = url.query_pairs().find(|(known, _)| known == name);
            found.expect("a parameter").1.into_owned()
        };
        assert_eq!(said("response_type"), "code");
        assert_eq!(said("client_id"), "archiv");
        assert_eq!(said("scope"), "openid profile");
        assert_eq!(said("code_challenge_method"), "S256");
        assert!(said("redirect_uri").ends_with("/oidc/callback"));
        Begun {
            town,
            provider,
            cookie: page
                .cookie("__Host-papierlos-oidc")
                .expect("a cookie")
                .to_owned(),
            state: said("state"),
            nonce: said("nonce"),
            challenge: said("code_challenge"),
        }
    }

    /// What a good token says of this person.
    fn claims(&self, login: &str) -> Value {
        json!({"iss": self.provider.issuer(), "sub": format!("sub-{login}"), "aud": "archiv",
            "nonce": self.nonce, "iat": now(), "exp": now() + 300, "sid": format!("sid-{login}"),
            "preferred_username": login, "name": "Person des Anbieters"})
    }

    /// The browser comes back, and the code is worth this token.
    async fn with(&self, token: String) -> Page {
        self.provider.issues(token, &self.challenge);
        self.back(&format!("code=c&state={}", self.state)).await
    }

    async fn back(&self, query: &str) -> Page {
        let address = self.town.app.address();
        let page = browse(&format!("{address}/oidc/callback?{query}"), &self.cookie).await;
        let cleared = page.cookies.iter();
        assert_eq!(
            cleared
                .filter(|one| one.starts_with("__Host-papierlos-oidc=; Max-Age=0"))
                .count(),
            1,
            "the attempt is over"
        );
        page
    }
}

/// A town whose people come from this provider.
async fn town_with(provider: &Provider, more: &[(&str, &str)]) -> Option<Town> {
    let mut start = Start::new()
        .with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0")
        .with("PAPIERLOS_OIDC_ISSUER", provider.issuer())
        .with("PAPIERLOS_OIDC_CLIENT_ID", "archiv")
        .with("PAPIERLOS_OIDC_CLIENT_SECRET", "nur fuer den Test geheim")
        .with("PAPIERLOS_OIDC_ALLOW_HTTP", "true")
        .with(
            "PAPIERLOS_OIDC_ROLES",
            format!("archiv=clerk@{OWN}; CN=Revision,OU=Gruppen=auditor"),
        );
    for (name, value) in more {
        start = start.with(&format!("PAPIERLOS_OIDC_{name}"), *value);
    }
    Town::of(start).await
}

const MADE: [(&str, &str); 1] = [("CREATE_ACCOUNTS", "true")];

/// Somebody signs in, of whom the token says this too; gives the cookie of the session.
async fn enters(town: &Town, provider: &Provider, login: &str, more: &Value) -> String {
    let begun = Begun::at(town, provider).await;
    let mut claims = begun.claims(login);
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let page = begun.with(signed(&claims)).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert_eq!(page.place.as_deref(), Some("/#/angemeldet"));
    page.session().to_owned()
}

async fn by(town: &Town, cookie: &str, path: &str) -> tests::Answer {
    let anonymous = town.app.anonymous();
    send(&anonymous, Method::GET, path, &[("cookie", cookie)], None).await
}

/// The roles that are shown to somebody who is signed in.
async fn roles(town: &Town, cookie: &str) -> Vec<String> {
    let me = by(town, cookie, "/api/v1/me").await.is(200).json();
    let roles = me["roles"].as_array().cloned().unwrap_or_default();
    let name = |one: &Value| one["role"].as_str().unwrap_or_default().to_owned();
    roles.iter().map(name).collect()
}

/// The number that the next record of the log gets.
async fn next(town: &Town) -> u64 {
    let all = town.records(0).await;
    all.last().map_or(0, |(seq, _, _)| seq + 1)
}

/// What happened from this number on.
async fn actions(town: &Town, since: u64) -> Vec<String> {
    let all = town.records(since).await;
    let action = |(_, _, record): (u64, String, Value)| {
        record["action"].as_str().unwrap_or_default().to_owned()
    };
    all.into_iter().map(action).collect()
}

//! A provider of identities that others wrote: oidc-provider from npm, with a browser that goes where it is sent.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::Method;
use tests::app::Start;
use tests::town::{OWN, Town, send};
use tests::wait_until;

use super::oidc::browse;

/// What the script ends with where the provider cannot be had.
const ABSENT: i32 = 75;
/// The address that people use; what is sent there the test takes to where the server listens.
const PUBLIC: &str = "http://papierlos.example";
const SECRET: &str = "nur fuer den Test: geheim+100%";

/// The provider, for as long as this value lives.
struct Peer {
    child: Child,
    /// It still says a little: nobody closes the pipe before its end.
    _said: BufReader<ChildStdout>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn peer(port: u16, back_channel: String) -> Option<Peer> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/oidc-provider.sh");
    let begin = move || {
        let mut child = Command::new(script)
            .arg(port.to_string())
            .arg(format!("{PUBLIC}/oidc/callback"))
            .arg(back_channel)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let mut said = BufReader::new(child.stdout.take().expect("its output"));
        if said
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .any(|line| line == "up")
        {
            return Ok(Peer { child, _said: said });
        }
        let mut why = String::new();
        let said = child
            .stderr
            .take()
            .map(|mut it| it.read_to_string(&mut why));
        drop(said);
        Err((child.wait().expect("its end").code(), why))
    };
    let begun = tokio::task::spawn_blocking(begin).await.expect("a thread");
    match begun {
        Ok(peer) => Some(peer),
        Err((code, why)) => {
            assert_eq!(code, Some(ABSENT), "oidc-provider: {why}");
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "in CI nothing is skipped: oidc-provider: {why}"
            );
            eprintln!("skipped: oidc-provider: {why}");
            None
        }
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A browser at the provider: it has its cookies and goes where it is sent, as long as that is there.
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Browser {
        Browser {
            http: tests::client::browser(),
            cookies: BTreeMap::new(),
        }
    }

    /// Asks, and follows until it is sent elsewhere (`Err`) or a page comes (`Ok`, with its address).
    async fn go(
        &mut self,
        issuer: &str,
        address: &str,
        form: Option<&str>,
    ) -> Result<(String, String), String> {
        let (mut address, mut form) = (address.to_owned(), form);
        loop {
            let kept: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = match form.take() {
                Some(form) => self
                    .http
                    .post(&address)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.to_owned()),
                None => self.http.get(&address),
            };
            let request = request.header("cookie", kept.join("; "));
            let answer = request.send().await.expect("an answer");
            for set in answer.headers().get_all("set-cookie") {
                let set = set.to_str().expect("text");
                let pair = set.split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').expect("a cookie");
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let Some(place) = answer.headers().get("location") else {
                return Ok((address, answer.text().await.expect("a page")));
            };
            let place = place.to_str().expect("text");
            let place = match place.strip_prefix('/') {
                Some(rest) => format!("{issuer}/{rest}"),
                None => place.to_owned(),
            };
            if !place.starts_with(issuer) {
                return Err(place);
            }
            address = place;
        }
    }
}

/// Signs in as `name` at the provider and comes back; gives the browser and the cookie of the session.
async fn enters(town: &Town, issuer: &str, name: &str) -> (Browser, String) {
    let address = town.app.address();
    let begun = browse(&format!("{address}/oidc/start"), "").await;
    let place = begun.place.clone().expect("a place");
    assert!(place.starts_with(issuer), "{place}");
    let mut browser = Browser::new();
    let (at, _) = browser.go(issuer, &place, None).await.expect("a page");
    let login = format!("prompt=login&login={name}&password=x");
    let (at, _) = browser.go(issuer, &at, Some(&login)).await.expect("a page");
    let back = browser.go(issuer, &at, Some("prompt=consent")).await;
    let back = back.expect_err("the way back");
    let rest = back.strip_prefix(PUBLIC).expect("our address");
    let cookie = begun.cookie("__Host-papierlos-oidc").expect("a cookie");
    let page = browse(&format!("{address}{rest}"), cookie).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert_eq!(page.place.as_deref(), Some("/#/angemeldet"));
    let session = page.cookie("__Host-papierlos").expect("a session");
    (browser, session.to_owned())
}

#[tokio::test]
async fn oidc_provider_signs_people_in_and_out() {
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    let start = Start::new()
        .with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0")
        .with("PAPIERLOS_SERVER_PUBLIC_URL", PUBLIC)
        .with("PAPIERLOS_OIDC_ISSUER", issuer.as_str())
        .with("PAPIERLOS_OIDC_CLIENT_ID", "archiv")
        .with("PAPIERLOS_OIDC_CLIENT_SECRET", SECRET)
        .with("PAPIERLOS_OIDC_SCOPES", "openid profile groups")
        .with("PAPIERLOS_OIDC_ALLOW_HTTP", "true")
        .with("PAPIERLOS_OIDC_CREATE_ACCOUNTS", "true")
        .with("PAPIERLOS_OIDC_ROLES", format!("archiv-anna=clerk@{OWN}"));
    let Some(town) = Town::of(start).await else {
        return;
    };
    let told_at = format!("{}/oidc/back-channel", town.app.address());
    let Some(_peer) = peer(port, told_at).await else {
        return;
    };
    let anonymous = town.app.anonymous();
    let me = async |session: &str| {
        let headers = [("cookie", session)];
        send(&anonymous, Method::GET, "/api/v1/me", &headers, None).await
    };
    let (mut browser, anna) = enters(&town, &issuer, "anna").await;
    let said = me(&anna).await.is(200).json();
    assert_eq!(said["login"], "anna");
    assert_eq!(said["name"], "Person anna");
    assert_eq!(said["identity"]["issuer"], issuer.as_str());
    assert_eq!(said["roles"][0]["role"], "clerk", "{said}");
    for name in ["otto", "uwe"] {
        let (_, session) = enters(&town, &issuer, name).await;
        let said = me(&session).await.is(200).json();
        assert_eq!(said["roles"].as_array().map(Vec::len), Some(0), "{said}");
    }
    // Signing out there ends the session here, and the browser is sent back.
    let out = browse(&format!("{}/oidc/sign-out", town.app.address()), "").await;
    let place = out.place.expect("a place");
    let (_, page) = browser.go(&issuer, &place, None).await.expect("a page");
    let (_, after) = page.split_once("name=\"xsrf\" value=\"").expect("a form");
    let (word, _) = after.split_once('"').expect("its word");
    let form = format!("xsrf={word}&logout=yes");
    let confirm = format!("{issuer}/session/end/confirm");
    let back = browser.go(&issuer, &confirm, Some(&form)).await;
    assert!(back.expect_err("the way back").starts_with(PUBLIC));
    wait_until("the session is over", async || {
        me(&anna).await.status == 401
    })
    .await;
}

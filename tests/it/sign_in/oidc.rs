//! Signing in at a provider of identities that says what it is told to say, true or not.

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tests::app::Start;
use tests::provider::{
    LOGOUT_EVENT, Provider, encoded, now, public_number, signed, signed_with, unsigned,
};
use tests::town::{OWN, Town, add, send};
use tests::wait_until;

use super::attempts::account;

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
        let page = browse(&format!("{}/oidc/start", town.app.address()), "").await;
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

#[tokio::test]
async fn somebody_comes_with_the_account_of_the_town_and_has_what_the_groups_mean() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let ways = town.app.anonymous().get("/api/v1/sign-in").await;
    assert_eq!(ways.is(200).json()["provider"], "/oidc/start");
    let before = next(&town).await;
    let both = json!({"groups": ["archiv", "sonst", "CN=Revision,OU=Gruppen"]});
    let cookie = enters(&town, &provider, "n.neu", &both).await;
    let made = actions(&town, before).await;
    for action in ["account.create", "role.grant", "token.issue"] {
        assert!(made.iter().any(|one| one == action), "{action} in {made:?}");
    }
    let me = by(&town, &cookie, "/api/v1/me").await.is(200).json();
    assert_eq!(me["name"], "Person des Anbieters");
    assert_eq!(me["has_password"], false);
    assert_eq!(me["identity"]["subject"], "sub-n.neu");
    assert_eq!(roles(&town, &cookie).await, ["clerk", "auditor"]);
    let here = by(&town, &cookie, "/api/v1/session").await.is(200).json();
    assert_eq!(here["session"]["by_provider"], true);
    // Nobody signs in to that account with a password.
    let guess = json!({"login": "n.neu", "password": "Person des Anbieters"});
    let refused = town.app.anonymous().post("/api/v1/sessions", &guess).await;
    refused.is(401);
    // What an administrator gives is not the provider's to take.
    let id = account(&town, "n.neu").await;
    let path = format!("/api/v1/accounts/{id}/role-grants");
    let given = json!({"role": "archive", "reason": "Vertretung"});
    town.admin().post(&path, &given).await.is(201);
    // No word of groups: all stays. An empty list: what came of them ends.
    let again = enters(&town, &provider, "n.neu", &json!({})).await;
    assert_eq!(roles(&town, &again).await, ["clerk", "auditor", "archive"]);
    let again = enters(&town, &provider, "n.neu", &json!({"groups": null})).await;
    assert_eq!(roles(&town, &again).await.len(), 3);
    let one = json!({"groups": ["archiv"]});
    let again = enters(&town, &provider, "n.neu", &one).await;
    assert_eq!(roles(&town, &again).await, ["clerk", "archive"]);
    let again = enters(&town, &provider, "n.neu", &json!({"groups": []})).await;
    assert_eq!(roles(&town, &again).await, ["archive"]);
    let listed = town.admin().get(&path).await.is(200).json();
    assert_eq!(listed["items"][0]["from_provider"], false, "{listed}");
    let accounts = town.admin().get("/api/v1/accounts").await.is(200).json();
    let known = accounts["items"].as_array().expect("accounts").iter();
    assert_eq!(known.filter(|one| one["login"] == "n.neu").count(), 1);
    let verified = town.app.command(&["verify", "--json"]).await;
    let verdict = crate::at_rest::verdict(&verified);
    assert!(verdict.codes.is_empty(), "{:?}", verdict.codes);
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_token_that_is_not_what_it_must_be_lets_nobody_in() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let head = json!({"alg": "RS256", "kid": "one"});
    let before = next(&town).await;
    for what in [
        "nonce",
        "audience",
        "party",
        "expired",
        "early",
        "issuer",
        "none",
        "keyed",
        "bent",
        "other key",
        "nobody",
        "words",
    ] {
        let begun = Begun::at(&town, &provider).await;
        let mut claims = begun.claims("n.neu");
        let token = match what {
            "nonce" => {
                claims["nonce"] = json!("another");
                signed(&claims)
            }
            "audience" => {
                claims["aud"] = json!("another");
                signed(&claims)
            }
            "party" => {
                claims["aud"] = json!(["archiv", "another"]);
                claims["azp"] = json!("another");
                signed(&claims)
            }
            "expired" => {
                claims["exp"] = json!(now() - 3_600);
                signed(&claims)
            }
            "early" => {
                claims["iat"] = json!(now() + 3_600);
                signed(&claims)
            }
            "issuer" => {
                claims["iss"] = json!("https://anderswo.example");
                signed(&claims)
            }
            "none" => format!("{}.", unsigned(&json!({"alg": "none"}), &claims)),
            "keyed" => {
                let text = unsigned(&json!({"alg": "HS256", "kid": "one"}), &claims);
                let secret = public_number();
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
                let tag = ring::hmac::sign(&key, text.as_bytes());
                format!("{text}.{}", encoded(tag.as_ref()))
            }
            "bent" => {
                let good = signed(&claims);
                let (_, signature) = good.rsplit_once('.').expect("a signature");
                claims["sub"] = json!("sub-admin");
                format!("{}.{signature}", unsigned(&head, &claims))
            }
            "other key" => signed_with(&json!({"alg": "RS256", "kid": "nobody's"}), &claims),
            "nobody" => {
                claims["sub"] = json!("");
                signed(&claims)
            }
            _ => "words".to_owned(),
        };
        let page = begun.with(token).await;
        page.refuses(502, "hat die Prüfung nicht bestanden");
    }
    // The same with a token that is good, so that it is not all refused.
    enters(&town, &provider, "n.neu", &json!({})).await;
    let made = actions(&town, before).await;
    let created = made.iter().filter(|one| *one == "account.create");
    assert_eq!(created.count(), 1, "{made:?}");
}

#[tokio::test]
async fn an_attempt_counts_once_and_only_in_the_browser_that_began_it() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let begun = Begun::at(&town, &provider).await;
    let other = Begun::at(&town, &provider).await;
    let good = signed(&begun.claims("n.neu"));
    provider.issues(good, &begun.challenge);
    let query = format!("code=c&state={}", begun.state);
    let stale = "nicht in diesem Browser begonnen";
    other.back(&query).await.refuses(400, stale);
    let address = format!("{}/oidc/callback?{query}", town.app.address());
    browse(&address, "").await.refuses(400, stale);
    let bent = begun.cookie.replace('.', "x.");
    browse(&address, &bent).await.refuses(400, stale);
    begun.back("code=c&state=x").await.refuses(400, stale);
    begun.back("code=c").await.refuses(400, stale);
    begun
        .back(&format!("{query}&state=x"))
        .await
        .refuses(400, stale);
    begun
        .back(&format!("{query}&code=d"))
        .await
        .refuses(400, stale);
    assert_eq!(begun.back(&query).await.status, 303);
    provider.issues(signed(&begun.claims("n.neu")), &begun.challenge);
    begun
        .back(&query)
        .await
        .refuses(400, "wurde schon verwendet");
    // Whoever has the code of another cannot redeem it: the provider holds it against the challenge.
    let another = Begun::at(&town, &provider).await;
    provider.issues(signed(&another.claims("n.neu")), "another");
    let query = format!("code=c&state={}", another.state);
    let page = another.back(&query).await;
    page.refuses(502, "antwortet zurzeit nicht");
    // An answer that names another issuer is not an answer to this.
    let mixed = Begun::at(&town, &provider).await;
    let from = format!(
        "code=c&state={}&iss=https%3A%2F%2Fanderswo.example",
        mixed.state
    );
    mixed
        .back(&from)
        .await
        .refuses(502, "hat die Prüfung nicht bestanden");
}

#[tokio::test]
async fn what_the_provider_says_is_no_markup_and_leads_nowhere() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &[]).await else {
        return;
    };
    let begun = Begun::at(&town, &provider).await;
    let said = "error=%3Cscript%3E&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E&error_uri=https%3A%2F%2Fanderswo.example";
    let page = begun.back(&format!("{said}&state={}", begun.state)).await;
    page.refuses(403, "nicht abgeschlossen (error)");
    assert!(!page.text.contains("script") && !page.text.contains("anderswo"));
    let begun = Begun::at(&town, &provider).await;
    let denied = format!("error=access_denied&state={}", begun.state);
    begun.back(&denied).await.refuses(403, "(access_denied)");
    // Nobody is known here; who it is stands on the page, as text.
    let begun = Begun::at(&town, &provider).await;
    let mut claims = begun.claims("n.neu");
    claims["sub"] = json!("<script>alert(1)</script>");
    let page = begun.with(signed(&claims)).await;
    page.refuses(403, "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert!(!page.text.contains("<script"));
    // Neither the way there nor the way back takes an address along.
    let address = town.app.address();
    let start = format!(
        "{address}/oidc/start?next=https://anderswo.example&redirect_uri=https://anderswo.example"
    );
    let place = browse(&start, "").await.place.expect("a place");
    assert!(!place.contains("anderswo"), "{place}");
    let out = browse(&format!("{address}/oidc/sign-out"), "").await;
    let place = out.place.expect("a place");
    let ours = format!(
        "{}/end?client_id=archiv&post_logout_redirect_uri=",
        provider.issuer()
    );
    assert!(place.starts_with(&ours), "{place}");
    for path in ["/oidc/start", "/oidc/callback", "/oidc/sign-out"] {
        let without = town.app.anonymous();
        send(&without, Method::POST, path, &[], None).await.is(405);
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_name_is_no_proof_and_an_administrator_says_who_it_is() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let taken = "gehört hier schon einem anderen Konto";
    let begun = Begun::at(&town, &provider).await;
    let groups = json!(["archiv"]);
    let mut claims = begun.claims("k.sommer");
    claims["groups"] = groups.clone();
    begun.with(signed(&claims)).await.refuses(403, taken);
    for unfit in [json!("Ä Ö"), json!("function:kasse"), json!(7), json!(null)] {
        let begun = Begun::at(&town, &provider).await;
        let mut claims = begun.claims("k.sommer");
        claims["preferred_username"] = unfit;
        let page = begun.with(signed(&claims)).await;
        page.refuses(403, "nennt keinen Anmeldenamen");
    }
    // Deliberately, by an administrator and by nobody else.
    let id = account(&town, "k.sommer").await;
    let at = format!("/api/v1/accounts/{id}");
    let identity = json!({"issuer": provider.issuer(), "subject": "sub-k.sommer"});
    let path = format!("{at}/identity");
    let etag = town.admin().get(&at).await.is(200).etag();
    let headers = [("if-match", etag.as_str())];
    for client in [town.clerk(), town.other(), town.auditor()] {
        send(&client, Method::PUT, &path, &headers, Some(&identity))
            .await
            .is_problem(403, "forbidden");
    }
    let linked = send(&town.admin(), Method::PUT, &path, &headers, Some(&identity)).await;
    let linked = linked.is(200);
    assert_eq!(town.record_of(&linked).await["action"], "account.link");
    let cookie = enters(&town, &provider, "k.sommer", &json!({"groups": groups})).await;
    assert!(roles(&town, &cookie).await.contains(&"clerk".to_owned()));
    // Whoever is somebody else there does not come in by the same name.
    let begun = Begun::at(&town, &provider).await;
    let mut claims = begun.claims("k.sommer");
    claims["sub"] = json!("sub-another");
    begun.with(signed(&claims)).await.refuses(403, taken);
    // An identity belongs to one account.
    let clerk = account(&town, "m.brandt").await;
    let at_clerk = format!("/api/v1/accounts/{clerk}");
    let etag = town.admin().get(&at_clerk).await.is(200).etag();
    let headers = [("if-match", etag.as_str())];
    let twice = format!("{at_clerk}/identity");
    send(
        &town.admin(),
        Method::PUT,
        &twice,
        &headers,
        Some(&identity),
    )
    .await
    .is_problem(409, "already-exists");
    // What came of it ends with it.
    let etag = town.admin().get(&at).await.is(200).etag();
    let headers = [("if-match", etag.as_str())];
    let parted = send(&town.admin(), Method::DELETE, &path, &headers, None).await;
    parted.is(200);
    by(&town, &cookie, "/api/v1/me").await.is(401);
    let listed = town
        .admin()
        .get(&format!("{at}/role-grants"))
        .await
        .is(200)
        .json();
    let listed = listed["items"].as_array().cloned().unwrap_or_default();
    assert!(listed.iter().all(|one| one["from_provider"] == false));
    let begun = Begun::at(&town, &provider).await;
    begun
        .with(signed(&begun.claims("k.sommer")))
        .await
        .refuses(403, taken);
    // From the machine itself.
    let linked = ["user", "link", "k.sommer", "--subject", "sub-k.sommer"];
    let done = town.app.command(&linked).await;
    assert!(done.status.success(), "{done:?}");
    let cookie = enters(&town, &provider, "k.sommer", &json!({})).await;
    let done = town.app.command(&["user", "unlink", "k.sommer"]).await;
    assert!(done.status.success(), "{done:?}");
    by(&town, &cookie, "/api/v1/me").await.is(401);
}

#[tokio::test]
async fn where_the_settings_say_so_a_name_is_enough_but_not_to_administer() {
    let provider = Provider::start().await;
    let more = [("LINK_BY_LOGIN", "true")];
    let Some(town) = town_with(&provider, &more).await else {
        return;
    };
    let cookie = enters(&town, &provider, "k.sommer", &json!({})).await;
    let me = by(&town, &cookie, "/api/v1/me").await.is(200).json();
    assert_eq!(me["identity"]["subject"], "sub-k.sommer");
    let login = town.admin().get("/api/v1/me").await.is(200).json()["login"].clone();
    let login = login.as_str().expect("a login");
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims(login))).await;
    page.refuses(403, "gehört hier schon einem anderen Konto");
    // Whoever has no account gets none here.
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims("n.neu"))).await;
    page.refuses(403, "noch kein Konto");
    // Whoever is switched off stays so.
    let id = account(&town, "k.sommer").await;
    let at = format!("/api/v1/accounts/{id}");
    let etag = town.admin().get(&at).await.is(200).etag();
    let off = json!({"disabled": true});
    town.admin().patch(&at, &etag, &off).await.is(200);
    by(&town, &cookie, "/api/v1/me").await.is(401);
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims("k.sommer"))).await;
    page.refuses(403, "ist abgeschaltet");
}

#[tokio::test]
async fn where_it_takes_two_a_role_of_the_provider_waits_for_an_administrator() {
    let provider = Provider::start().await;
    let Some(mut town) = town_with(&provider, &MADE).await else {
        return;
    };
    town.app.stop();
    town.app.set("PAPIERLOS_RIGHTS_ROLE_GRANTS_BY_TWO", "true");
    town.app.resume();
    let groups = json!({"groups": ["archiv"]});
    let cookie = enters(&town, &provider, "n.neu", &groups).await;
    let waiting = town.admin().get("/api/v1/role-grants").await.is(200).json();
    let one = waiting["items"][0].clone();
    assert_eq!(one["from_provider"], true, "{waiting}");
    let may_file = async || {
        let listed = by(&town, &cookie, "/api/v1/departments").await.is(200);
        listed.json()["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(may_file().await, 0, "nothing holds yet");
    // It is asked for once, not at each time that somebody comes.
    enters(&town, &provider, "n.neu", &groups).await;
    let waiting = town.admin().get("/api/v1/role-grants").await.is(200).json();
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1));
    let id = one["id"].as_str().expect("an id");
    let path = format!("/api/v1/role-grants/{id}/approve");
    send(&town.admin(), Method::POST, &path, &[], None)
        .await
        .is(200);
    assert_eq!(may_file().await, 1);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_keeps_nobody_waiting_and_nobody_out() {
    let provider = Provider::start().await;
    let more = [("SECONDS_MAX", "1")];
    let Some(town) = town_with(&provider, &more).await else {
        return;
    };
    let start = format!("{}/oidc/start", town.app.address());
    provider.hold(true);
    let silent = "antwortet zurzeit nicht";
    browse(&start, "").await.refuses(502, silent);
    // It is not asked by each who comes.
    for _ in 0..5 {
        browse(&start, "").await.refuses(502, silent);
    }
    assert_eq!(provider.asked().len(), 0);
    let new = json!({"login": "b.lang", "name": "B. Lang", "password": "ein langer Satz"});
    town.admin().post("/api/v1/accounts", &new).await.is(201);
    let who = json!({"login": "b.lang", "password": "ein langer Satz"});
    let opened = town.app.anonymous().post("/api/v1/sessions", &who).await;
    opened.is(201);
    provider.hold(false);
    wait_until("the provider is asked again", async || {
        browse(&start, "").await.status == 303
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_another_one_is_not_asked_for_anything() {
    let provider = Provider::start().await;
    provider.poses_as("https://anderswo.example");
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let start = format!("{}/oidc/start", town.app.address());
    let page = browse(&start, "").await;
    page.refuses(502, "hat die Prüfung nicht bestanden");
    assert_eq!(provider.asked(), ["/.well-known/openid-configuration"]);
}

#[tokio::test]
async fn the_provider_changes_its_keys() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    enters(&town, &provider, "n.neu", &json!({})).await;
    let asked = |provider: &Provider| {
        let all = provider.asked();
        all.iter().filter(|path| *path == "/keys").count()
    };
    assert_eq!(asked(&provider), 1);
    provider.calls_its_keys(&["two"]);
    let begun = Begun::at(&town, &provider).await;
    let token = signed_with(
        &json!({"alg": "RS256", "kid": "two"}),
        &begun.claims("n.neu"),
    );
    assert_eq!(begun.with(token).await.status, 303);
    assert_eq!(asked(&provider), 2);
    // The old one counts no more, and names that nobody has do not make it ask without end.
    for _ in 0..8 {
        let begun = Begun::at(&town, &provider).await;
        let page = begun.with(signed(&begun.claims("n.neu"))).await;
        page.refuses(502, "hat die Prüfung nicht bestanden");
    }
    assert!(asked(&provider) <= 6, "{}", asked(&provider));
}

#[tokio::test]
async fn what_the_token_does_not_say_is_asked_for() {
    let provider = Provider::start().await;
    provider.says(Some(json!({"sub": "sub-n.neu", "groups": ["archiv"]})));
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let cookie = enters(&town, &provider, "n.neu", &json!({})).await;
    assert_eq!(roles(&town, &cookie).await, ["clerk"]);
    // It speaks of somebody else, or not at all: that is no empty list.
    provider.says(Some(json!({"sub": "sub-another", "groups": []})));
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims("n.neu"))).await;
    page.refuses(502, "hat die Prüfung nicht bestanden");
    assert_eq!(roles(&town, &cookie).await, ["clerk"]);
}

#[tokio::test]
async fn whoever_signs_out_at_the_provider_is_signed_out_here() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let desk = enters(&town, &provider, "n.neu", &json!({"sid": "s1"})).await;
    let home = enters(&town, &provider, "n.neu", &json!({"sid": "s2"})).await;
    let other = enters(&town, &provider, "o.neu", &json!({"sid": "s3"})).await;
    let message = |id: &str, more: Value| {
        let mut claims = json!({"iss": provider.issuer(), "aud": "archiv", "iat": now(),
            "exp": now() + 120, "jti": id, "events": {LOGOUT_EVENT: {}}});
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    };
    let tell = async |token: String| {
        let client = town.app.anonymous();
        let request = client
            .request(Method::POST, "/oidc/back-channel")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("logout_token={token}"));
        client.send(request).await
    };
    for wrong in [
        message("a", json!({"sub": "sub-n.neu", "nonce": "n"})),
        message("b", json!({"sub": "sub-n.neu", "aud": "another"})),
        message("c", json!({"sub": "sub-n.neu", "events": {}})),
        message("d", json!({})),
    ] {
        tell(signed(&wrong)).await.is(400);
    }
    let keyless = format!(
        "{}.",
        unsigned(
            &json!({"alg": "none"}),
            &message("e", json!({"sub": "sub-n.neu"}))
        )
    );
    tell(keyless).await.is(400);
    by(&town, &desk, "/api/v1/me").await.is(200);
    let one = signed(&message("f", json!({"sub": "sub-n.neu", "sid": "s1"})));
    tell(one.clone()).await.is(200);
    by(&town, &desk, "/api/v1/me").await.is(401);
    by(&town, &home, "/api/v1/me").await.is(200);
    tell(one).await.is(400);
    tell(signed(&message("g", json!({"sub": "sub-n.neu"}))))
        .await
        .is(200);
    by(&town, &home, "/api/v1/me").await.is(401);
    by(&town, &other, "/api/v1/me").await.is(200);
    // Of somebody who is not here there is nothing to end.
    tell(signed(&message("h", json!({"sub": "sub-nobody"}))))
        .await
        .is(200);
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let Some(town) = Town::start().await else {
        return;
    };
    let ways = town.app.anonymous().get("/api/v1/sign-in").await.is(200);
    assert!(ways.json()["provider"].is_null());
    for path in ["/oidc/start", "/oidc/callback", "/oidc/sign-out"] {
        town.app.anonymous().get(path).await.is(404);
    }
    // An administrator is not made by a group unless that is said.
    let provider = Provider::start().await;
    let mut app = town.app;
    app.stop();
    app.set("PAPIERLOS_OIDC_ISSUER", &provider.issuer());
    app.set("PAPIERLOS_OIDC_CLIENT_ID", "archiv");
    app.set("PAPIERLOS_OIDC_ROLES", "leitung=admin");
    let said = app.refuses_to_start();
    for wrong in ["oidc.issuer", "oidc.allow_http", "oidc.may_give_admin"] {
        assert!(said.contains(wrong), "{wrong} in {said}");
    }
    // Whoever administers is not linked by a name.
    app.set("PAPIERLOS_OIDC_ALLOW_HTTP", "true");
    app.set("PAPIERLOS_OIDC_MAY_GIVE_ADMIN", "true");
    app.resume();
    add(&app, "z.weit", "admin", None).await;
}

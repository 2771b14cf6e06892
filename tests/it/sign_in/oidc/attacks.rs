//! What somebody may try who is not who they say: tokens, attempts, words.

use reqwest::Method;
use serde_json::json;
use tests::provider::{Provider, encoded, now, public_number, signed, signed_with, unsigned};
use tests::town::send;

use super::{Begun, MADE, actions, browse, enters, next, town_with};

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

#[tokio::test]
async fn what_others_send_uses_up_no_attempts_and_too_many_are_told_as_a_page() {
    let provider = Provider::start().await;
    let Some(mut town) = town_with(&provider, &MADE).await else {
        return;
    };
    town.app.stop();
    town.app.set("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "1");
    town.app.resume();
    // A page of elsewhere that sends people here: this browser began nothing.
    let address = format!("{}/oidc/callback?code=c&state=x", town.app.address());
    for _ in 0..5 {
        let page = browse(&address, "").await;
        page.refuses(400, "nicht in diesem Browser begonnen");
    }
    enters(&town, &provider, "n.neu", &json!({})).await;
    let mut refused = None;
    for _ in 0..20 {
        let begun = Begun::at(&town, &provider).await;
        let page = begun.with(signed(&begun.claims("n.neu"))).await;
        if page.status != 303 {
            refused = Some(page);
            break;
        }
    }
    let refused = refused.expect("too many");
    refused.refuses(429, "zu viele Anmeldungen");
}

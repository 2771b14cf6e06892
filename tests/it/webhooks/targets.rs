//! Where nothing is sent to.

use super::*;

async fn refused(town: &Town, url: &str, code: &str) {
    let new = json!({"url": url, "events": ["*"]});
    let answer = town.clerk().post("/api/v1/webhooks", &new).await;
    let problem = answer.is_problem(422, "validation").json();
    assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
    assert_eq!(problem["errors"][0]["code"], code, "{url}");
    let detail = problem["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(!detail.is_empty(), "{url}: nothing is said");
}

#[tokio::test]
async fn an_address_that_is_not_public_is_refused() {
    let start = Start::new()
        .with("PAPIERLOS_WEBHOOKS_ALLOW_HTTP", "true")
        .with("PAPIERLOS_WEBHOOKS_PORTS", "1-65535");
    let Some(town) = Town::of(start).await else {
        return;
    };
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://[64:ff9b::a00:1]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.31.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://224.0.0.1/",
        "https://255.255.255.255/",
    ] {
        refused(&town, url, "url-private").await;
    }
    refused(&town, "ftp://example.org/", "url-scheme").await;
    refused(&town, "https://ich:geheim@example.org/", "url-credentials").await;
    refused(&town, "fachverfahren", "wrong-format").await;
    refused(
        &town,
        &format!("https://example.org/{}", "a".repeat(2_000)),
        "too-long",
    )
    .await;
}

#[tokio::test]
async fn http_and_other_ports_are_refused_unless_they_are_allowed() {
    let Some(town) = Town::start().await else {
        return;
    };
    refused(&town, "http://example.org/", "url-scheme").await;
    refused(&town, "https://example.org:8443/", "url-port").await;
    subscribe(&town.clerk(), "https://example.org/", &["*"]).await;
}

#[tokio::test]
async fn a_name_that_leads_to_an_address_that_is_not_public_gets_nothing() {
    let start = Start::new()
        .with("PAPIERLOS_WEBHOOKS_ALLOW_HTTP", "true")
        .with("PAPIERLOS_WEBHOOKS_PORTS", "1-65535");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.named_url(), &["*"]).await;
    let path = path_of(&created);
    post(&town.clerk(), &format!("{path}/test")).await.is(202);
    let failed = newest_is(&town.clerk(), &path, "failed").await;
    assert_eq!(failed["error"], "address-refused");
    assert_eq!(receiver.letters().len(), 0);
}

#[tokio::test]
async fn what_was_allowed_once_is_looked_at_again_at_each_attempt() {
    let Some(mut town) = town().await else { return };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.url(), &["*"]).await;
    let path = path_of(&created);
    town.app.stop();
    town.app.set("PAPIERLOS_WEBHOOKS_ALLOW_PRIVATE", "");
    town.app.resume();
    post(&town.clerk(), &format!("{path}/test")).await.is(202);
    let failed = newest_is(&town.clerk(), &path, "failed").await;
    assert_eq!(failed["error"], "url-refused");
    assert_eq!(receiver.letters().len(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let Some(town) = town().await else { return };
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    receiver.answer_with(307, &format!("location: {}\r\n", elsewhere.url()));
    let created = subscribe(&town.clerk(), &receiver.url(), &["*"]).await;
    let path = path_of(&created);
    post(&town.clerk(), &format!("{path}/test")).await.is(202);
    let failed = newest_is(&town.clerk(), &path, "failed").await;
    assert_eq!(failed["error"], "redirect");
    assert_eq!(failed["response_status"], 307);
    assert_eq!(
        (receiver.letters().len(), elsewhere.letters().len()),
        (1, 0)
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let Some(town) = town().await else { return };
    // What listens there speaks no TLS at all.
    let receiver = Receiver::start().await;
    let https = receiver.url().replace("http://", "https://");
    let created = subscribe(&town.clerk(), &https, &["*"]).await;
    let path = path_of(&created);
    receiver.hold(true);
    post(&town.clerk(), &format!("{path}/test")).await.is(202);
    wait_until("it is tried", async || {
        let all = deliveries(&town.clerk(), &path).await;
        all.first().is_some_and(|one| one["status"] != "pending")
    })
    .await;
    let failed = newest_is(&town.clerk(), &path, "failed").await;
    assert!(failed["response_status"].is_null());
    assert_eq!(receiver.letters().len(), 0);
}

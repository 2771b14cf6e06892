//! What a server counts of itself, and what reading something costs by that.

use crate::app::TestApp;
use crate::client::Client;

/// How often something is read to learn what it costs.
const TIMES: usize = 8;

/// A figure of `/metrics` that has no labels.
///
/// # Panics
/// When it is not told.
pub async fn figure(app: &TestApp, name: &str) -> u64 {
    let text = app.anonymous().get("/metrics").await.is(200).text();
    let told = text.lines().find_map(|line| line.strip_prefix(name));
    let told = told.and_then(|value| value.trim().parse().ok());
    told.unwrap_or_else(|| unreachable!("no {name} in\n{text}"))
}

/// How many queries it takes to answer `GET` of `path`. The server reads for itself now and then: the least of several
/// times counts.
///
/// # Panics
/// When it is not answered.
pub async fn queries(app: &TestApp, client: &Client, path: &str) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..TIMES {
        let before = figure(app, "papierlos_queries_total").await;
        client.get(path).await.is(200);
        let after = figure(app, "papierlos_queries_total").await;
        least = least.min(after - before);
    }
    least
}

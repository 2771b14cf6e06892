//! A small town hall: two departments and the people that tests act as.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::{Start, TestApp};
use crate::client::{Answer, Client};
use crate::fixtures;
use crate::mould::Mould;
use crate::wait::wait_until;

/// The department of [`Town::clerk`].
pub const OWN: &str = "buergerbuero";
/// The department of [`Town::other`].
pub const OTHER: &str = "finanzen";

/// A server with people.
#[derive(Debug)]
pub struct Town {
    /// The server.
    pub app: TestApp,
    tokens: Tokens,
    registrar: tokio::sync::OnceCell<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Tokens {
    admin: String,
    clerk: String,
    other: String,
    auditor: String,
}

impl Town {
    /// An ordinary server on the database of this run.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Option<Town> {
        Town::of(Start::new()).await
    }

    /// A server that starts this way.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn of(start: Start) -> Option<Town> {
        let engine = start.engine();
        if start.may_be_copied() {
            let mould =
                Mould::of_this_run(engine, async || Town::made(Start::new().on(engine)).await);
            if let Some(mould) = mould.await {
                let (data, database) = mould.copy().await;
                let app = start.on_data(data, database);
                return Some(Town::with(app, mould.noted));
            }
        }
        let (app, tokens) = Town::made(start).await?;
        Some(Town::with(app, tokens))
    }

    /// A new server and its people, added one by one.
    async fn made(start: Start) -> Option<(TestApp, Tokens)> {
        let app = start.start().await?;
        let tokens = Tokens {
            admin: add(&app, "chef", "admin", None).await,
            clerk: add(&app, "m.brandt", "clerk", Some(OWN)).await,
            other: add(&app, "k.sommer", "clerk", Some(OTHER)).await,
            auditor: add(&app, "r.pruefer", "auditor", None).await,
        };
        Some((app, tokens))
    }

    fn with(app: TestApp, tokens: Tokens) -> Town {
        Town {
            app,
            tokens,
            registrar: tokio::sync::OnceCell::new(),
        }
    }

    /// Technical administration: no content.
    #[must_use]
    pub fn admin(&self) -> Client {
        self.app.with_token(&self.tokens.admin)
    }

    /// Who files and reads in [`OWN`].
    #[must_use]
    pub fn clerk(&self) -> Client {
        self.app.with_token(&self.tokens.clerk)
    }

    /// Who files and reads in [`OTHER`].
    #[must_use]
    pub fn other(&self) -> Client {
        self.app.with_token(&self.tokens.other)
    }

    /// Who reads everything and changes nothing.
    #[must_use]
    pub fn auditor(&self) -> Client {
        self.app.with_token(&self.tokens.auditor)
    }

    /// Who maintains the file plan. Added when a test first asks for it.
    ///
    /// # Panics
    /// When it cannot be added.
    pub async fn registrar(&self) -> Client {
        let token = self
            .registrar
            .get_or_init(async || add(&self.app, "g.aktuar", "records_manager", None).await);
        self.app.with_token(token.await)
    }

    /// A token of the clerk of [`OWN`] with this scope.
    ///
    /// # Panics
    /// When it is not issued.
    pub async fn token(&self, scope: &str) -> String {
        token(&self.app, "m.brandt", scope).await
    }

    /// Files a document of [`OWN`] of one page with this text under this title; gives the answer.
    ///
    /// # Panics
    /// When it is not filed.
    pub async fn letter(&self, title: &str, text: &str) -> Answer {
        let content = fixtures::unique_pdf(text);
        self.clerk()
            .file("brief.pdf", &content, &json!({"title": title}))
            .await
            .is(201)
    }

    /// Every record of the log from `first` on, as the auditor reads it: number, hash, line of JSON.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub async fn records(&self, first: u64) -> Vec<(u64, String, Value)> {
        let auditor = self.auditor();
        let mut found = Vec::new();
        let mut after = first.checked_sub(1);
        loop {
            let place = after.map_or_else(String::new, |after| format!("&after={after}"));
            let path = format!("/api/v1/log/records?limit=1000{place}");
            let page = auditor.get(&path).await.is(200).json();
            let items = page["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                return found;
            }
            for item in items {
                let leaf = item["leaf"].as_str().unwrap_or_default();
                let line = leaf.split_once('\n').map_or("", |(_, line)| line);
                let seq = item["seq"].as_u64().expect("a number");
                let hash = item["hash"].as_str().unwrap_or_default().to_owned();
                found.push((
                    seq,
                    hash,
                    serde_json::from_str(line).expect("a line of JSON"),
                ));
            }
            after = page["next_after"].as_u64();
        }
    }

    /// Whether the receipt of an answer stands in the log; gives the record.
    ///
    /// # Panics
    /// When it does not.
    pub async fn record_of(&self, answer: &Answer) -> Value {
        let (seq, hash) = answer.receipt();
        let found = self.records(seq).await.into_iter().next();
        let (number, found_hash, record) = found.expect("a record");
        assert_eq!(
            (number, found_hash),
            (seq, hash),
            "{}: the receipt",
            answer.request
        );
        record
    }

    /// Waits until the text of a document has been read; gives the document.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn read(&self, id: &str) -> Value {
        let clerk = self.auditor();
        let path = format!("/api/v1/documents/{id}");
        wait_until("the text is read", async || {
            clerk.get(&path).await.is(200).json()["text"]["state"] != "pending"
        })
        .await;
        clerk.get(&path).await.is(200).json()
    }

    /// Waits until every text has been read and the index knows everything that the log knows.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn settle(&self) {
        let auditor = self.auditor();
        wait_until("every text is read", async || {
            // What a text brought along is listed the second time at the latest.
            let read = |all: &[Value]| all.iter().all(|one| one["text"]["state"] != "pending");
            read(&self.documents().await) && read(&self.documents().await)
        })
        .await;
        wait_until("the index knows what the log knows", async || {
            let path = format!("/api/v1/search?limit=1&min_seq={}", self.head().await);
            auditor.get(&path).await.status == 200
        })
        .await;
    }

    /// Every document and whatever was taken out of one, as the auditor sees it.
    ///
    /// # Panics
    /// When they cannot be listed.
    pub async fn documents(&self) -> Vec<Value> {
        walk(
            &self.auditor(),
            "/api/v1/documents?limit=100&components=true",
        )
        .await
    }

    /// The number of the last record.
    ///
    /// # Panics
    /// When the change feed cannot be read.
    pub async fn head(&self) -> u64 {
        let auditor = self.auditor();
        let mut after = 0;
        loop {
            let path = format!("/api/v1/changes?limit=1000&after={after}");
            let page = auditor.get(&path).await.is(200).json();
            after = page["next_after"].as_u64().expect("a number");
            if page["more"] == false {
                return after;
            }
        }
    }
}

/// All entries of a list, page by page; `path` has a query already.
///
/// # Panics
/// When a page cannot be read.
pub async fn walk(client: &Client, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = client.get(&next).await.is(200).json();
        all.extend(page["items"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return all,
        }
    }
}

/// The id of a document that an answer is about.
///
/// # Panics
/// When it is about none.
#[must_use]
pub fn id_of(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Sends JSON with further headers.
///
/// # Panics
/// When no answer comes.
pub async fn send(
    client: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Answer {
    let mut request = client.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    client.send(request).await
}

/// Adds an account without a password and gives a token of it.
///
/// # Panics
/// When it cannot be added.
pub async fn add(app: &TestApp, login: &str, role: &str, department: Option<&str>) -> String {
    let mut arguments = vec![
        "user",
        "add",
        login,
        "--name",
        login,
        "--role",
        role,
        "--no-password",
    ];
    if let Some(department) = department {
        arguments.extend(["--department", department]);
    }
    run(app, &arguments).await;
    token(app, login, "full").await
}

/// A full token of an account that there is.
///
/// # Panics
/// When it is not issued.
pub async fn token_of(app: &TestApp, login: &str) -> String {
    token(app, login, "full").await
}

async fn token(app: &TestApp, login: &str, scope: &str) -> String {
    run(app, &["user", "token", login, "--scope", scope]).await
}

async fn run(app: &TestApp, arguments: &[&str]) -> String {
    let output = app.command(arguments).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "papierlos {}: {said}",
        arguments.join(" ")
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

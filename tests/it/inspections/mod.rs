//! Something is opened to an account by itself, for reading and for a time.

mod asking;
pub(crate) mod attempts;
mod crossing;
mod emergencies;
mod looking;
mod reading;

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{admit, compartment, plan, unit};
use tests::town::{OWN, Town, add, id_of, send};
use tests::{Answer, Client, Start};

use crate::records::register;

/// A personnel file with a case and a document in it, in a compartment that three people enter.
pub(crate) struct Personnel {
    pub(crate) town: Town,
    /// Heads the department and enters the compartment.
    pub(crate) head: Client,
    /// Enters it too.
    pub(crate) second: Client,
    /// The compartment.
    pub(crate) hidden: uuid::Uuid,
    pub(crate) file: String,
    pub(crate) case: String,
    pub(crate) document: String,
}

impl Personnel {
    pub(crate) async fn start() -> Option<Personnel> {
        Self::of(Start::new()).await
    }

    pub(crate) async fn of(start: Start) -> Option<Personnel> {
        let town = Town::of(start).await?;
        let hidden = compartment(&town.app, "PERSONAL").await;
        let units = vec![
            unit("02"),
            unit("11").within("PERSONAL"),
            unit("11.1").below("11"),
        ];
        plan(&town, "2020", ("2020-01-01", None), units).await;
        let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
        let second = add(&town.app, "p.ersonal", "clerk", Some(OWN)).await;
        for login in ["m.brandt", "l.heide", "p.ersonal"] {
            admit(&town.app, hidden, login).await;
        }
        let clerk = town.clerk();
        let new = json!({"plan_unit": "11.1", "subject": "Personalakte Geheimniskram"});
        let file = clerk.post("/api/v1/files", &new).await.is(201);
        let (case, document) = papers(&town, &file, "Geheimniskram").await;
        town.settle().await;
        Some(Personnel {
            head: town.app.with_token(&head),
            second: town.app.with_token(&second),
            hidden,
            file: id_of(&file),
            case,
            document,
            town,
        })
    }

    /// Asks for the auditor to read the file, and approves it by two.
    pub(crate) async fn opened(&self, reason: &str, seconds: i64) -> String {
        let ask = json!({"account": "r.pruefer", "file": self.file, "reason": reason,
            "purpose": "Prüfung der Stellenbesetzung", "valid_until": in_time(seconds)});
        let asked = self.town.clerk().post(ASK, &ask).await.is(201);
        let id = id_of(&asked);
        for client in [&self.head, &self.second] {
            post(client, &format!("{ASK}/{id}/approve")).await.is(200);
        }
        id
    }
}

/// A case in a file, and a document registered in it.
pub(crate) async fn papers(town: &Town, file: &Answer, words: &str) -> (String, String) {
    let clerk = town.clerk();
    let new = json!({"file": id_of(file), "subject": format!("Vorgang {words}")});
    let case = clerk.post("/api/v1/cases", &new).await.is(201);
    let content = tests::fixtures::unique_pdf(&format!("{words} im Text"));
    let named = json!({"title": words, "tags": [words], "correspondent": words});
    let filed = clerk.file("g.pdf", &content, &named).await.is(201);
    let document = register(&clerk, &filed, &case).await.is(200);
    tests::wait_until("the text is read", async || {
        let path = format!("/api/v1/documents/{}", id_of(&document));
        clerk.get(&path).await.is(200).json()["text"]["state"] != "pending"
    })
    .await;
    (id_of(&case), id_of(&document))
}

pub(crate) const ASK: &str = "/api/v1/inspections";
pub(crate) const EMERGENCY: &str = "/api/v1/break-glass";

pub(crate) async fn post(client: &Client, path: &str) -> Answer {
    send(client, Method::POST, path, &[], None).await
}

/// So many seconds from now.
pub(crate) fn in_time(seconds: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    at.format(&time::format_description::well_known::Rfc3339)
        .expect("a time")
}

/// Everything that a client can ask for without naming anything.
pub(crate) async fn everything(client: &Client, words: &str) -> String {
    let mut all = String::new();
    for path in [
        "/api/v1/documents?limit=100&count=true".to_owned(),
        "/api/v1/files?limit=100&count=true".to_owned(),
        "/api/v1/cases?limit=100&count=true".to_owned(),
        "/api/v1/correspondents?limit=100".to_owned(),
        format!("/api/v1/search?q={words}&facets=true"),
        "/api/v1/search?q=&facets=true&sort=received".to_owned(),
        format!("/api/v1/search/suggest?q={words}"),
        "/api/v1/changes?limit=1000".to_owned(),
    ] {
        let answer = client.get(&path).await.is(200).json();
        all.push_str(&answer.to_string());
        all.push('\n');
    }
    all
}

/// Every record of the access log, as a line of JSON.
pub(crate) async fn looks(town: &Town) -> Vec<Value> {
    use sea_orm::{ConnectionTrait, Statement};
    let database = match town.app.database() {
        Some(database) => database.connect().await,
        None => crate::at_rest::connect(&town.app.data().join("papierlos.db")).await,
    };
    let backend = database.get_database_backend();
    let all = Statement::from_string(backend, "SELECT leaf FROM access ORDER BY seq");
    let rows = database.query_all_raw(all).await.expect("rows");
    let line = |row: &sea_orm::QueryResult| -> Value {
        let leaf: Vec<u8> = row.try_get_by_index(0).expect("a leaf");
        let leaf = String::from_utf8_lossy(&leaf).into_owned();
        let line = leaf
            .split_once('\n')
            .map_or("", |(_, line)| line)
            .to_owned();
        serde_json::from_str(&line).expect("a line of JSON")
    };
    rows.iter().map(line).collect()
}

/// Whether a record is about a thing.
pub(crate) fn is_about(record: &Value, kind: &str, id: &str) -> bool {
    let subjects = record["subj"].as_array().into_iter().flatten();
    subjects
        .into_iter()
        .any(|one| one["t"] == kind && one["id"] == id)
}

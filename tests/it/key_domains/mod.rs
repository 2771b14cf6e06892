//! Each compartment has keys of its own, and content lies under those of the place of its document.

mod checking;
mod filing;
mod keys;
mod kills;
mod moving;

use std::fs;
use std::process::Output;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, QueryResult, Statement};
use serde_json::{Value, json};
use tests::plan::{admit, compartment, plan, unit};
use tests::town::{OWN, Town, id_of};
use tests::{Answer, Client, Start, fixtures, wait_until};

use crate::at_rest::{Verdict, verdict};
use crate::records::{act, register};

/// A town with a case in a compartment and one outside of it; the clerk enters it.
pub(crate) struct House {
    pub(crate) town: Town,
    /// Within `PERSONAL`.
    pub(crate) inside: Answer,
    /// In no compartment.
    pub(crate) outside: Answer,
}

impl House {
    pub(crate) async fn start() -> Option<House> {
        Self::of(Start::new()).await
    }

    pub(crate) async fn of(start: Start) -> Option<House> {
        let town = Town::of(start).await?;
        let hidden = compartment(&town.app, "PERSONAL").await;
        town.registrar().await;
        for login in ["m.brandt", "g.aktuar"] {
            admit(&town.app, hidden, login).await;
        }
        let units = vec![unit("02"), unit("11").within("PERSONAL")];
        plan(&town, "2020", ("2020-01-01", None), units).await;
        let (inside, outside) = (case(&town, "11").await, case(&town, "02").await);
        Some(House {
            town,
            inside,
            outside,
        })
    }

    /// Files a draft with this content in the case within the compartment.
    pub(crate) async fn draft(&self, content: &[u8]) -> Answer {
        let metadata = json!({"title": "Vermerk", "direction": "internal", "draft": true,
            "case": id_of(&self.inside)});
        self.town.clerk().file("v.pdf", content, &metadata).await
    }

    /// Files a document in the inbox and waits until its text is read.
    pub(crate) async fn letter(&self, content: &[u8]) -> Answer {
        let metadata = json!({"title": "Brief"});
        let clerk = self.town.clerk();
        let filed = clerk.file("b.pdf", content, &metadata).await.is(201);
        read(&clerk, &id_of(&filed)).await;
        filed
    }

    /// Registers it within the compartment.
    pub(crate) async fn hide(&self, letter: &Answer) -> Answer {
        register(&self.town.clerk(), letter, &self.inside).await
    }

    /// Puts a registered document into another case.
    pub(crate) async fn refile(&self, document: &Answer, case: &Answer) -> Answer {
        let path = format!("/api/v1/documents/{}", id_of(document));
        let manager = self.town.registrar().await;
        let etag = manager.get(&path).await.is(200).etag();
        let body = json!({"case": id_of(case), "reason": "Umgelegt"});
        act(&manager, &format!("{path}/refile"), &etag, &body).await
    }

    /// The content as the clerk reads it, and whether its text can be read too.
    pub(crate) async fn reads(&self, id: &str, content: &[u8]) {
        let clerk = self.town.clerk();
        let path = format!("/api/v1/documents/{id}");
        let found = clerk.get(&format!("{path}/content")).await.is(200);
        assert!(found.body == content, "{id}: other bytes came back");
        clerk.get(&format!("{path}/text")).await.is(200);
    }

    /// The content and the text of a document: in which blob each lies, and in which key domain.
    pub(crate) async fn lies(&self, id: &str) -> Vec<(String, String)> {
        let text = "SELECT v.blob_name, k.domain, 1 AS place FROM document_version v \
            LEFT JOIN blob_key k ON k.name = v.blob_name WHERE v.document_id = $1 UNION ALL \
            SELECT r.blob_name, k.domain, 2 AS place FROM rendition r \
            JOIN document_version v ON v.id = r.document_version_id \
            LEFT JOIN blob_key k ON k.name = r.blob_name WHERE v.document_id = $1 ORDER BY place";
        let id: uuid::Uuid = id.parse().expect("an id");
        let found = rows(&self.town, text, vec![id.into()]).await;
        let lies = found.iter().map(|row| {
            let name: Vec<u8> = row.try_get_by_index(0).expect("a name");
            let domain: Option<String> = row.try_get_by_index(1).expect("a domain");
            (hex::encode(name), domain.unwrap_or_default())
        });
        lies.collect()
    }

    /// The key domains in which content and text of a document lie.
    pub(crate) async fn domains(&self, id: &str) -> Vec<String> {
        let lies = self.lies(id).await.into_iter();
        lies.map(|(_, domain)| domain).collect()
    }

    /// In which key domain a blob has its key; nothing where that was destroyed.
    pub(crate) async fn domain_of(&self, blob: &str) -> Option<String> {
        let name = hex::decode(blob).expect("a name");
        let text = "SELECT domain FROM blob_key WHERE name = $1";
        let found = rows(&self.town, text, vec![name.into()]).await;
        found
            .first()
            .map(|row| row.try_get_by_index(0).expect("a domain"))
    }

    /// Waits until no content is under way to other keys.
    pub(crate) async fn moved(&self) {
        wait_until("all content has followed", async || {
            let text = "SELECT 1 FROM job WHERE kind = 'move_content'";
            rows(&self.town, text, Vec::new()).await.is_empty()
        })
        .await;
    }

    /// What `papierlos check --json` says.
    pub(crate) async fn check(&self, arguments: &[&str]) -> Verdict {
        let arguments = [&["check", "--json"], arguments].concat();
        verdict(&self.town.app.command(&arguments).await)
    }

    /// Ends the server; check and verify find nothing.
    pub(crate) async fn is_sound(&mut self) {
        self.town.settle().await;
        assert!(self.town.app.stop().success(), "{}", self.town.app.log());
        for arguments in [
            ["check", "--deep", "--json"],
            ["verify", "--blobs", "--json"],
        ] {
            let output = self.town.app.command(&arguments).await;
            assert!(output.status.success(), "{arguments:?} {output:?}");
        }
    }

    /// What the records of moved content say of their subjects: how many each has.
    pub(crate) async fn records_of_moves(&self) -> Vec<usize> {
        let records = self.town.records(0).await.into_iter();
        let moves = records.filter(|(_, _, record)| record["action"] == "content.move");
        moves
            .map(|(_, _, record)| record["subj"].as_array().map_or(0, Vec::len))
            .collect()
    }
}

/// A case of [`OWN`] in a new file of this unit of the plan.
async fn case(town: &Town, unit: &str) -> Answer {
    let clerk = town.clerk();
    let new = json!({"plan_unit": unit, "subject": "Akte"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Vorgang"});
    clerk.post("/api/v1/cases", &new).await.is(201)
}

/// Waits until the text of a document is read.
pub(crate) async fn read(client: &Client, id: &str) -> Value {
    let path = format!("/api/v1/documents/{id}");
    wait_until("the text is read", async || {
        client.get(&path).await.is(200).json()["text"]["state"] != "pending"
    })
    .await;
    client.get(&path).await.is(200).json()
}

/// What someone with the database's password reads.
pub(crate) async fn rows(town: &Town, text: &str, values: Vec<sea_orm::Value>) -> Vec<QueryResult> {
    let mut options = ConnectOptions::new(town.app.database_url());
    options.max_connections(1).sqlx_logging(false);
    let database = Database::connect(options).await.expect("the database");
    let backend = database.get_database_backend();
    let found = database
        .query_all_raw(Statement::from_sql_and_values(backend, text, values))
        .await
        .expect("rows");
    database.close().await.expect("an idle connection closes");
    found
}

/// The key file as it stands.
pub(crate) fn key_file(town: &Town) -> String {
    fs::read_to_string(town.app.data().join("keys/domains.toml")).expect("the key file")
}

/// The key file without the keys of a domain.
pub(crate) fn without(text: &str, domain: &str) -> String {
    let mark = format!("[[domain.{domain}]]");
    let (before, rest) = text.split_once(&mark).expect("the domain has a key");
    let after = rest
        .split_once("\n[[")
        .map_or(String::new(), |(_, after)| format!("[[{after}"));
    format!("{before}{after}")
}

/// What a command said on both channels.
pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// A page that no other test has.
pub(crate) fn page(words: &str) -> Vec<u8> {
    fixtures::unique_pdf(words)
}

/// Who files in [`OWN`] and enters no compartment.
pub(crate) async fn outsider(town: &Town) -> Client {
    let token = tests::town::add(&town.app, "f.nebenan", "clerk", Some(OWN)).await;
    town.app.with_token(&token)
}

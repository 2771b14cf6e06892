//! The interface of paperless-ngx, as scanners and phones call it.

mod contract;
mod intake;
mod lookup;
mod peer;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::town::Town;
use tests::{Answer, Client};

const UPLOAD: &str = "/api/documents/post_document/";

/// A token of a clerk by the interface of the house, with what else is said about it.
async fn issue(town: &Town, more: Value) -> String {
    let mut new = json!({"label": "Scanner", "scope": "intake", "days": 30});
    for (name, value) in more.as_object().into_iter().flatten() {
        new[name] = value.clone();
    }
    let issued = town.clerk().post("/api/v1/tokens", &new).await.is(201);
    let secret = issued.json()["secret"].as_str().map(str::to_owned);
    secret.expect("a secret")
}

/// A GET in one form of the interface.
async fn get_as(client: &Client, path: &str, version: u32) -> Answer {
    let accept = format!("application/json; version={version}");
    let request = client.request(Method::GET, path).header("accept", accept);
    client.send(request).await
}

/// An upload as a scanner sends it.
async fn upload(client: &Client, content: Vec<u8>, fields: &[(&str, &str)]) -> Answer {
    let part = Part::bytes(content).file_name("scan-0001.pdf");
    let part = part.mime_str("application/pdf").expect("a type");
    let mut form = Form::new().part("document", part);
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    let request = client.request(Method::POST, UPLOAD).multipart(form);
    client.send(request).await
}

/// What became of an upload, in the ninth form.
async fn task(client: &Client, uploaded: &Answer) -> Value {
    let id = uploaded.json().as_str().expect("an id").to_owned();
    let path = format!("/api/tasks/?task_id={id}");
    let found = get_as(client, &path, 9).await.is(200).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    found[0].clone()
}

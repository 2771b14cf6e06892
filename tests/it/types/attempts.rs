//! What people try on types and fields, for the table of who may do what.

use serde_json::json;
use tests::town::{Town, id_of};
use tests::{Answer, Client};

use super::{FIELDS, TYPES};

/// What is tried on fresh types and fields.
pub(crate) const TYPED: &[&str] = &[
    "list types",
    "read type",
    "history of type",
    "create type",
    "change type",
    "list fields",
    "read field",
    "history of field",
    "create field",
    "change field",
];

/// What happens when `client` tries it.
pub(crate) async fn type_attempt(town: &Town, client: &Client, what: &str) -> Answer {
    let all = if what.contains("field") {
        FIELDS
    } else {
        TYPES
    };
    let number = uuid::Uuid::now_v7().simple().to_string();
    let new = if all == FIELDS {
        json!({"code": format!("f{number}"), "label": number, "kind": "date"})
    } else {
        json!({"code": number})
    };
    if what.starts_with("create") {
        return client.post(all, &new).await;
    }
    if what.starts_with("list") {
        return client.get(all).await;
    }
    let made = town.registrar().await.post(all, &new).await.is(201);
    let at = format!("{all}/{}", id_of(&made));
    if what.starts_with("read") {
        client.get(&at).await
    } else if what.starts_with("history") {
        client.get(&format!("{at}/history")).await
    } else {
        let change = json!({"retired": true});
        client.patch(&at, &made.etag(), &change).await
    }
}

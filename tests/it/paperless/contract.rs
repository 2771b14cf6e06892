//! `openapi-paperless.yaml`, in both directions.

use serde_json::json;
use tests::contract::{foreign_operations, foreign_path};
use tests::fixtures;
use tests::town::{OWN, Town};

use super::{issue, task, upload};

#[tokio::test]
async fn the_committed_foreign_contract_is_the_one_of_the_code() {
    let output = std::process::Command::new(tests::app::binary())
        .args(["openapi", "--paperless"])
        .output()
        .expect("the binary starts");
    assert!(output.status.success());
    let committed = std::fs::read(foreign_path()).expect("openapi-paperless.yaml");
    assert!(
        committed == output.stdout,
        "openapi-paperless.yaml is not current: papierlos openapi --paperless >openapi-paperless.yaml"
    );
}

#[tokio::test]
async fn every_foreign_operation_succeeds_and_is_refused_to_strangers_and_scanners() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, anonymous) = (town.clerk(), town.app.anonymous());
    let scanner = town
        .app
        .with_token(&issue(&town, json!({"department": OWN})).await);
    let metadata = json!({"title": "Bescheid", "tags": ["Parken"], "type": "Bescheid",
        "correspondent": "Erika Beispiel"});
    clerk
        .file("a.pdf", &fixtures::unique_pdf("Bescheid"), &metadata)
        .await
        .is(201);
    let uploaded = upload(&scanner, fixtures::unique_pdf("Scan"), &[])
        .await
        .is(200);
    let own = task(&scanner, &uploaded).await;
    let all = foreign_operations();
    assert!(all.len() >= 20, "only {} operations", all.len());
    for operation in all {
        // Putting in and signing in have tests of their own.
        if operation.method == "POST" {
            continue;
        }
        let list = operation.path.split_once("{id}").map(|(list, _)| list);
        let path = match list {
            None => operation.path.clone(),
            Some("/api/tasks/") => operation.path.replace("{id}", &own["id"].to_string()),
            Some(list) => {
                let page = clerk.get(list).await.is(200).json();
                let number = page["results"][0]["id"].to_string();
                operation.path.replace("{id}", &number)
            }
        };
        clerk.get(&path).await.is(200);
        anonymous.get(&path).await.is(401);
        let open = path.starts_with("/api/tasks/");
        scanner.get(&path).await.is(if open { 200 } else { 403 });
        if list.is_some() {
            town.other().get(&path).await.is(404);
        }
    }
}

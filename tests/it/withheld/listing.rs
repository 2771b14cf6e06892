//! What the list of what is withheld costs.

use tests::figures::queries;
use tests::town::Town;

use super::{WITHHELD, head, holding, propose, withheld};

/// Withholds something, and proposes to destroy it.
async fn proposed(town: &Town, name: &str) {
    let (_, version) = withheld(town, name, &holding()).await;
    let registrar = town.registrar().await;
    propose(&registrar, &version, "destroy").await.is(201);
}

#[tokio::test]
async fn a_page_takes_as_many_queries_for_many_proposals_as_for_one() {
    let Some(town) = Town::start().await else {
        return;
    };
    let head = head(&town).await;
    proposed(&town, "ordner-1.zip").await;
    town.settle().await;
    let for_one = queries(&town.app, &head, WITHHELD).await;
    for name in ["ordner-2.zip", "ordner-3.zip", "ordner-4.zip"] {
        proposed(&town, name).await;
    }
    town.settle().await;
    assert_eq!(queries(&town.app, &head, WITHHELD).await, for_one);
    // All of them stand on it, and each may be approved.
    let listed = head.get(WITHHELD).await.is(200).json();
    let items = listed["items"].as_array().expect("a list");
    let may = |one: &&serde_json::Value| one["proposal"]["may_approve"] == true;
    assert_eq!((items.len(), items.iter().filter(may).count()), (4, 4));
}

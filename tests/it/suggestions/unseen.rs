//! Nobody learns by a suggestion what he may not know: not of a case, not of a correspondent, not by a count.

use serde_json::json;
use tests::Town;
use tests::town::{OWN, add, id_of};

use super::{BILL, arrived, each, file_many, suggested};
use crate::key_domains::House;
use crate::records::{Registry, register, text};

const LAWYER: &str = "Kanzlei Schweiger";

#[tokio::test]
async fn what_another_department_files_changes_no_suggestion() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let (clerk, other) = (town.clerk(), town.other());
    let new = json!({"plan_unit": "02.1", "subject": "Klagen"});
    let file = other.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Klage"});
    let case = other.post("/api/v1/cases", &new).await.is(201);
    let reference = text(&case, "reference");

    let mine = ("Rechnung", "Gärtnerei Immergrün OHG");
    file_many(&clerk, 3, BILL, mine).await;
    let letter = format!("{LAWYER}\nIhr Zeichen: {reference}\n{BILL}\n{LAWYER}");
    let id = arrived(town, &letter).await;
    let before = suggested(&clerk, &id).await;
    assert_eq!(each(&before, "type", "value"), ["Rechnung"], "{before}");

    file_many(&other, 6, &letter, ("Geheimsache", LAWYER)).await;
    town.settle().await;
    let after = suggested(&clerk, &id).await;
    assert_eq!(after, before, "neither values nor scores nor counts");
    assert_eq!(after["case"], json!([]), "{after}");
    assert!(
        !after["correspondent"].to_string().contains(LAWYER),
        "{after}"
    );

    // They are told: the same letter, in the other department.
    let metadata = json!({"title": "scan_0815"});
    let theirs = super::file(&other, &letter, &metadata).await;
    town.settle().await;
    let found = suggested(&other, &theirs).await;
    assert_eq!(found["case"][0]["id"], id_of(&case), "{found}");
    assert_eq!(found["correspondent"][0]["name"], LAWYER, "{found}");
    assert_eq!(found["type"][0]["value"], "Geheimsache", "{found}");
}

#[tokio::test]
async fn what_stands_in_a_compartment_is_suggested_to_whom_it_is_open() {
    let Some(house) = House::start().await else {
        return;
    };
    let town: &Town = &house.town;
    let clerk = town.clerk();
    let reference = text(&house.inside, "reference");
    let colleague = add(&town.app, "n.neu", "clerk", Some(OWN)).await;
    let colleague = town.app.with_token(&colleague);
    let letter = format!("{LAWYER}\nIhr Zeichen: {reference}\n{BILL}");
    let id = arrived(town, &letter).await;
    let before = suggested(&colleague, &id).await;

    let hiding = file_many(&clerk, 3, &letter, ("Abmahnung", LAWYER)).await;
    town.settle().await;
    for hidden in hiding {
        let at = format!("/api/v1/documents/{hidden}");
        let filed = clerk.get(&at).await.is(200);
        register(&clerk, &filed, &house.inside).await.is(200);
    }
    town.settle().await;
    assert_eq!(suggested(&colleague, &id).await, before, "{before}");
    assert_eq!(before["case"], json!([]), "{before}");

    let found = suggested(&clerk, &id).await;
    assert_eq!(found["case"][0]["id"], id_of(&house.inside), "{found}");
    assert_eq!(found["correspondent"][0]["name"], LAWYER, "{found}");
    assert_eq!(found["type"][0]["value"], "Abmahnung", "{found}");
}

//! What a department has filed speaks for a type and a correspondent, as it stands now.

use serde_json::json;
use tests::Town;
use tests::town::id_of;

use super::{BILL, NOTICE, arrived, each, file, file_many, suggested};

const NURSERY: &str = "Gärtnerei Immergrün OHG";

#[tokio::test]
async fn what_a_department_files_speaks_for_a_type() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let alone = arrived(&town, BILL).await;
    let found = suggested(&clerk, &alone).await;
    assert_eq!(found["type"], json!([]), "nothing was filed: {found}");

    let bills = file_many(&clerk, 4, BILL, ("Rechnung", NURSERY)).await;
    file_many(&clerk, 4, NOTICE, ("Bescheid", "Kreis Altenrode")).await;
    town.settle().await;
    let found = suggested(&clerk, &alone).await;
    let best = &found["type"][0];
    assert_eq!(best["value"], "Rechnung", "{found}");
    let why = best["reason"].as_str().unwrap_or_default();
    let begins = "ähnlich wie 4 Dokumente dieser Art in dieser Abteilung: ";
    assert!(why.starts_with(begins), "{found}");
    let told = why.strip_prefix(begins).unwrap_or_default();
    for word in told.split(", ") {
        assert!(BILL.contains(word), "{word} stands in the letter: {found}");
    }
    assert_eq!(found["correspondent"][0]["name"], NURSERY, "{found}");
    assert_eq!(suggested(&clerk, &alone).await, found, "the same each time");

    // Whatever is said of them later counts at once, before the index has followed.
    for id in &bills {
        let at = format!("/api/v1/documents/{id}");
        let etag = clerk.get(&at).await.is(200).etag();
        let change = json!({"type": "Beleg"});
        clerk.patch(&at, &etag, &change).await.is(200);
    }
    let found = suggested(&clerk, &alone).await;
    assert_eq!(found["type"][0]["value"], "Beleg", "{found}");
    assert!(!each(&found, "type", "value").contains(&"Rechnung".to_owned()));

    // What was put aside counts no more.
    for id in &bills {
        let at = format!("/api/v1/documents/{id}");
        let etag = clerk.get(&at).await.is(200).etag();
        let aside = json!({"reason": "Doppelt"});
        crate::records::act(&clerk, &format!("{at}/discard"), &etag, &aside)
            .await
            .is(200);
    }
    let found = suggested(&clerk, &alone).await;
    assert!(
        !each(&found, "type", "value").contains(&"Beleg".to_owned()),
        "{found}"
    );
}

#[tokio::test]
async fn an_account_speaks_for_whom_it_stood_on_letters_of_before() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let iban = "Bitte zahlen Sie auf DE89 3704 0044 0532 0130 00";
    for number in 1..=2 {
        let metadata = json!({"title": format!("Rechnung {number}"), "correspondent": NURSERY});
        file(&clerk, &format!("Lieferung {number}\n{iban}"), &metadata).await;
    }
    let id = arrived(&town, &format!("Unsere Forderung vom Frühjahr\n{iban}")).await;
    let found = suggested(&clerk, &id).await;
    let who = &found["correspondent"][0];
    assert_eq!(who["name"], NURSERY, "{found}");
    let why = who["reason"].as_str().unwrap_or_default();
    assert!(
        why.contains("DE89370400440532013000 steht auch auf 2 Dokumenten"),
        "{found}"
    );
}

#[tokio::test]
async fn a_correspondent_that_was_merged_is_suggested_as_what_it_became() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    file_many(&clerk, 3, BILL, ("Rechnung", "Immergrün")).await;
    let survivor = json!({"name": NURSERY});
    let survivor = clerk
        .post("/api/v1/correspondents", &survivor)
        .await
        .is(201);
    let mine = clerk
        .get_with("/api/v1/correspondents", &[("q", "Immergrün")])
        .await;
    let mine = mine.is(200).json();
    let all = mine["items"].as_array().cloned().unwrap_or_default();
    let before = all
        .iter()
        .find(|one| one["name"] == "Immergrün")
        .expect("it");
    let merge = format!(
        "/api/v1/correspondents/{}/merge",
        before["id"].as_str().unwrap_or_default()
    );
    let into = json!({"into": id_of(&survivor)});
    let etag = format!("\"v{}\"", before["version"]);
    crate::records::act(&clerk, &merge, &etag, &into)
        .await
        .is(200);
    let id = arrived(&town, BILL).await;
    let found = suggested(&clerk, &id).await;
    assert_eq!(each(&found, "correspondent", "name"), [NURSERY], "{found}");
    assert_eq!(found["correspondent"][0]["id"], id_of(&survivor));
}

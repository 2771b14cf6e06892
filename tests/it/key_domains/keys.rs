//! The key of a compartment: made with it, missed by name, rotated by itself.

use std::fs;

use serde_json::json;
use tests::Town;
use tests::plan::{admit, compartment, plan, unit};
use tests::town::id_of;

use super::{House, case, key_file, page, read, said, without};

#[tokio::test]
async fn a_missing_key_is_named_at_the_start_only_where_content_needs_it() {
    let Some(mut house) = House::start().await else {
        return;
    };
    compartment(&house.town.app, "AUSWEIS").await;
    let draft = house.draft(&page("Gehalt")).await.is(201);
    read(&house.town.clerk(), &id_of(&draft)).await;
    assert!(house.town.app.stop().success());
    let path = house.town.app.data().join("keys/domains.toml");
    let whole = key_file(&house.town);

    fs::write(&path, without(&whole, "personal")).expect("the key file");
    let refused = house.town.app.refuses_to_start();
    assert!(refused.contains("personal"), "{refused}");
    assert_eq!(
        key_file(&house.town),
        without(&whole, "personal"),
        "no other key is made in its place"
    );
    let output = house.town.app.command(&["check"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");

    // Nothing was ever filed in the other one: it gets a key again.
    fs::write(&path, without(&whole, "ausweis")).expect("the key file");
    house.town.app.resume();
    assert!(key_file(&house.town).contains("[[domain.ausweis]]"));
    assert!(house.town.app.log().contains("back up the key file"));
    house.is_sound().await;
}

#[tokio::test]
async fn where_no_key_can_be_made_nothing_is_filed_and_nothing_goes_under_another() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let hidden = compartment(&town.app, "PERSONAL").await;
    admit(&town.app, hidden, "m.brandt").await;
    let units = vec![unit("02"), unit("11").within("PERSONAL")];
    let units = plan(&town, "2020", ("2020-01-01", None), units).await;
    assert!(town.app.stop().success());
    let path = town.app.data().join("keys/domains.toml");
    fs::write(&path, without(&key_file(&town), "personal")).expect("the key file");
    // A folder where the file is written first does not go away by itself: so no key is made.
    let beside = town.app.data().join("keys/domains.toml.new");
    fs::create_dir(&beside).expect("a folder");
    town.app.resume();
    let mut house = House {
        inside: case(&town, "11").await,
        outside: case(&town, "02").await,
        town,
    };
    let content = page("Nirgends");
    house.draft(&content).await.is_problem(503, "key-missing");
    let letter = house.letter(&content).await;
    house.hide(&letter).await.is_problem(503, "key-missing");
    assert_eq!(house.domains(&id_of(&letter)).await, ["general"; 2]);
    // Nor does a unit of the plan take along what stands in it.
    let document = crate::records::register(&house.town.clerk(), &letter, &house.outside).await;
    document.is(200);
    let manager = house.town.registrar().await;
    let path = format!("/api/v1/plan-units/{}", units["02"]);
    let etag = manager.get(&path).await.is(200).etag();
    let within = json!({"compartment": "PERSONAL"});
    let refused = manager.patch(&path, &etag, &within).await;
    refused.is_problem(503, "key-missing");
    let admin = house.town.admin();
    let new = json!({"code": "AUSWEIS", "name": "Ausweise"});
    let refused = admin.post("/api/v1/compartments", &new).await;
    refused.is_problem(503, "key-missing");
    let found = house.check(&[]).await;
    assert_eq!(
        found.codes.iter().collect::<Vec<_>>(),
        ["domain-without-key"]
    );
    assert_eq!(found.json["findings"][0]["what"], "personal");
    let listed = house.town.app.command(&["keys", "list"]).await;
    assert!(said(&listed).contains("personal ohne Schlüssel"));

    // The key is added beside the server, which finds it when it needs it.
    fs::remove_dir(&beside).expect("it goes");
    // What was cut off while it was written stands in nobody's way.
    fs::write(&beside, "half").expect("a file");
    let added = house.town.app.command(&["keys", "add", "personal"]).await;
    assert!(added.status.success(), "{added:?}");
    let again = house.town.app.command(&["keys", "add", "personal"]).await;
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    assert!(!beside.exists(), "nothing is left of it");
    let draft = house.draft(&content).await.is(201);
    read(&house.town.clerk(), &id_of(&draft)).await;
    assert_eq!(house.domains(&id_of(&draft)).await, ["personal"; 2]);
    let etag = manager.get(&path).await.is(200).etag();
    manager.patch(&path, &etag, &within).await.is(200);
    house.moved().await;
    assert_eq!(house.domains(&id_of(&letter)).await, ["personal"; 2]);
    house.reads(&id_of(&letter), &content).await;
    house.is_sound().await;
}

#[tokio::test]
async fn the_keys_of_a_compartment_are_rotated_by_themselves() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Rotation");
    let draft = house.draft(&content).await.is(201);
    read(&house.town.clerk(), &id_of(&draft)).await;
    assert!(house.town.app.stop().success());
    let app = &house.town.app;
    let line = |listed: &str, mark: &str| {
        let found = listed
            .lines()
            .find(|line| line.starts_with("personal ") && line.contains(mark));
        found.unwrap_or_else(|| unreachable!("{listed}")).to_owned()
    };
    let before = said(&app.command(&["keys", "list"]).await);
    let old = line(&before, "aktiv");
    assert!(old.ends_with("Inhalte 2 Öffnungen 0"), "{before}");
    let old = old.split(' ').nth(1).expect("an id").to_owned();
    let rotated = app
        .command(&["keys", "rotate", "--domain", "personal"])
        .await;
    assert!(rotated.status.success(), "{rotated:?}");
    assert!(said(&rotated).contains("2 Inhalte, 0 Öffnungen"));
    let after = said(&app.command(&["keys", "list"]).await);
    assert!(line(&after, &old).ends_with("alt Inhalte 0 Öffnungen 0"));
    let general = |listed: &str| {
        let lines = listed.lines().filter(|line| line.starts_with("general "));
        lines
            .map(|line| line.split(' ').nth(1).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(general(&before), general(&after), "the others stay");
    let remove = ["keys", "remove", &old, "--domain", "personal"];
    let removed = app.command(&remove).await;
    assert!(removed.status.success(), "{removed:?}");
    for unknown in [
        ["keys", "rotate", "--domain", "nirgends"].as_slice(),
        &["keys", "add", "Nirgends"],
        &["keys", "add", "nirgends"],
    ] {
        let refused = app.command(unknown).await;
        assert!(!refused.status.success(), "{refused:?}");
    }
    house.town.app.resume();
    house.reads(&id_of(&draft), &content).await;
    house.is_sound().await;
}

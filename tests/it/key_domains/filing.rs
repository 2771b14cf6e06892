//! What is filed within a compartment is stored under its keys, once.

use serde_json::json;
use tests::town::id_of;

use super::{House, key_file, outsider, page, read};

#[tokio::test]
async fn what_is_filed_within_a_compartment_lies_under_its_keys() {
    let Some(mut house) = House::start().await else {
        return;
    };
    assert!(key_file(&house.town).contains("[[domain.personal]]"));
    let content = page("Beurteilung");
    let draft = house.draft(&content).await.is(201);
    read(&house.town.clerk(), &id_of(&draft)).await;
    assert_eq!(
        house.domains(&id_of(&draft)).await,
        ["personal", "personal"],
        "content and text"
    );
    house.reads(&id_of(&draft), &content).await;

    // A further version too.
    let second = page("Beurteilung, zweite Fassung");
    let path = format!("/api/v1/documents/{}/versions", id_of(&draft));
    let form = reqwest::multipart::Form::new().part(
        "content",
        reqwest::multipart::Part::bytes(second.clone()).file_name("v.pdf"),
    );
    let clerk = house.town.clerk();
    let request = clerk
        .request(reqwest::Method::POST, &path)
        .header("if-match", draft.etag())
        .multipart(form);
    clerk.send(request).await.is(201);
    read(&clerk, &id_of(&draft)).await;
    assert_eq!(house.domains(&id_of(&draft)).await, ["personal"; 4]);
    house.reads(&id_of(&draft), &second).await;
    house.is_sound().await;
}

#[tokio::test]
async fn the_same_content_is_stored_once_within_a_key_domain() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let content = page("Zeugnis");
    let letter = house.letter(&content).await;
    let first = house.draft(&content).await.is(201);
    let second = house.draft(&content).await.is(201);
    for draft in [&first, &second] {
        read(&house.town.clerk(), &id_of(draft)).await;
    }
    let (outside, inside) = (
        house.lies(&id_of(&letter)).await,
        house.lies(&id_of(&first)).await,
    );
    assert_eq!(inside, house.lies(&id_of(&second)).await);
    assert_eq!(house.domains(&id_of(&letter)).await, ["general"; 2]);
    assert_eq!(house.domains(&id_of(&first)).await, ["personal"; 2]);
    for (one, other) in outside.iter().zip(&inside) {
        assert_ne!(one.0, other.0, "another blob in another domain");
    }
    // Whoever sees both is told of both; whoever does not enter learns nothing of what is inside.
    let named = |answer: &tests::Answer| {
        let all = answer.json()["duplicates"].clone();
        let all = all.as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(named(&first), [id_of(&letter)]);
    assert_eq!(named(&second), [id_of(&letter), id_of(&first)]);
    let title = json!({"title": "Gleich"});
    let same = outsider(&house.town)
        .await
        .file("g.pdf", &content, &title)
        .await;
    assert_eq!(named(&same.is(201)), [id_of(&letter)]);
    house.is_sound().await;
}

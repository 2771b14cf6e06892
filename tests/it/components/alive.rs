//! What becomes of families when the process is killed, and when rows are lost.

use std::time::Duration;

use serde_json::json;
use tests::plan::damage;
use tests::town::{Town, id_of};
use tests::wait_until;

use super::{Member, components, family, filed, zip};
use crate::key_domains::rows;

#[tokio::test]
async fn a_kill_at_any_moment_takes_nothing_out_twice() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let names: Vec<String> = (0..7)
        .map(|number| format!("Anlage {number:02}.txt"))
        .collect();
    let texts: Vec<String> = names
        .iter()
        .map(|name| format!("Text von {name}"))
        .collect();
    let members: Vec<Member<'_>> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    let mut filed = Vec::new();
    for round in 0_u64..6 {
        let marker = format!("{round}").repeat(40);
        let mut members = members.clone();
        members.push(("Kennung.txt", marker.as_bytes()));
        let content = zip(&members);
        let answer = town
            .clerk()
            .file(
                "anlagen.zip",
                &content,
                &json!({"title": format!("Runde {round}")}),
            )
            .await
            .is(201);
        filed.push(id_of(&answer));
        tokio::time::timeout(
            Duration::from_millis(80 + 130 * round),
            std::future::pending::<()>(),
        )
        .await
        .expect_err("never ready");
        town.app.kill();
        town.app.resume();
    }
    town.settle().await;
    let clerk = town.clerk();
    for id in &filed {
        let path = format!("/api/v1/documents/{id}/components?count=true&limit=100");
        let page = clerk.get(&path).await.is(200).json();
        assert_eq!(page["total"], 8, "{id}");
        let read = town.read(id).await;
        assert_eq!(
            (&read["components"], &read["text"]["state"]),
            (&json!(8), &json!("readable"))
        );
    }
    let all = clerk
        .get("/api/v1/documents?components=true&count=true")
        .await
        .is(200)
        .json();
    assert_eq!(all["total"], 6 * 9);
    let output = town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_reading_that_takes_nothing_out_leaves_what_an_earlier_one_took_out() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let (filed, _) = filed(&town).await;
    let id = id_of(&filed);
    assert_eq!(town.read(&id).await["components"], json!(2));
    assert!(town.app.stop().success());
    // As where it takes too long the second time.
    town.app.set("PAPIERLOS_EXTRACT_PARTS_MAX", "0");
    let new = match town.app.database() {
        Some(_) => "gen_random_uuid()",
        None => "randomblob(16)",
    };
    let of_the_mail = "FROM document_version v JOIN document d ON d.id = v.document_id \
                       AND d.parent_id IS NULL";
    let again = format!(
        "INSERT INTO job (id, kind, subject, created_at, due_at, attempts, claimed_until) \
         SELECT {new}, 'extract_text', v.id, 0, 0, 0, 0 {of_the_mail}"
    );
    damage(&town.app, &again).await;
    town.app.resume();
    let texts = format!(
        "SELECT 1 {of_the_mail} JOIN rendition r ON r.document_version_id = v.id \
         WHERE r.kind = 'text'"
    );
    wait_until("it is read again", async || {
        rows(&town, &texts, Vec::new()).await.len() == 2
    })
    .await;
    assert_eq!(town.read(&id).await["components"], json!(2));
    assert_eq!(components(&town.clerk(), &id).await.len(), 2);
    let output = town.app.command(&["check", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn components_that_are_missing_are_named_and_taken_out_again() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (filed, _) = filed(&town).await;
    let (clerk, id) = (town.clerk(), id_of(&filed));
    let family = family(&clerk, &filed).await;
    let codes = async |more: &[&str]| {
        let output = town
            .app
            .command(&[&["check", "--json"], more].concat())
            .await;
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let counts = said["counts"].as_object().cloned().unwrap_or_default();
        counts.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]).await, Vec::<String>::new());
    // One of them is none any more, by someone who has the database.
    let lost = "UPDATE document SET parent_id = NULL, family_id = NULL, taken_from = NULL, \
                position = NULL, depth = NULL, part_path = NULL, version = version + 1 \
                WHERE part_path = 'Lageplan.pdf'";
    damage(&town.app, lost).await;
    let found = codes(&[]).await;
    assert!(
        found.contains(&"components-missing".to_owned()),
        "{found:?}"
    );
    codes(&["--repair"]).await;
    wait_until("it is taken out again", async || {
        components(&clerk, &id).await.len() == 2
    })
    .await;
    let now = components(&clerk, &id).await;
    assert_eq!(now[0]["title"], "Lageplan");
    assert_eq!(now[1]["id"], json!(family[2]), "what was there stays");
    let stray = "UPDATE document SET department_id = (SELECT id FROM department \
         WHERE id <> department_id LIMIT 1), version = version + 1 WHERE part_path = 'Nachfrage.eml'";
    damage(&town.app, stray).await;
    let found = codes(&[]).await;
    assert!(found.contains(&"component-astray".to_owned()), "{found:?}");
}

//! A workflow from its beginning to its end, and what the log knows of it.

use serde_json::{Value, json};
use tests::town::{id_of, walk};

use super::{Office, WORKFLOWS, post, seen, step};

fn step_of(flow: &Value, number: usize) -> &Value {
    &flow["slip"][number - 1]
}

#[tokio::test]
async fn a_letter_goes_from_its_draft_to_the_files() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, document, case) = office.begun().await;
    let shown = flow.json();
    assert_eq!(shown["state"]["id"], "work");
    assert_eq!(shown["fields"]["letter"], id_of(&document));
    assert_eq!(shown["initiator"]["who"], "m.brandt");
    let first = step_of(&shown, 1);
    assert_eq!(first["status"], "open");
    assert_eq!(first["assigned"][0]["who"], "role:clerk");
    let may = first["may"].as_array().expect("a list");
    assert!(
        may.contains(&json!("claim")) && may.contains(&json!("complete")),
        "{may:?}"
    );
    assert_eq!(first["inserts"], json!(["consult", "statement", "task"]));
    assert!(first["binds"].is_null());
    assert!(first["due"]["rule"].is_string());
    assert_eq!(town.record_of(&flow).await["action"], "workflow.start");

    let claimed = post(&town.clerk(), &step(&flow, 1, "claim"), None)
        .await
        .is(200);
    assert_eq!(step_of(&claimed.json(), 1)["claimed"]["who"], "m.brandt");
    let done = json!({"outcome": "done", "fields": {"remark": "Ohne Anlage"}, "note": "Gelesen"});
    let done = post(&town.clerk(), &step(&flow, 1, "complete"), Some(&done))
        .await
        .is(200);
    assert_eq!(town.record_of(&done).await["action"], "workflow.complete");
    let shown = done.json();
    assert_eq!(shown["state"]["id"], "sign");
    assert_eq!(shown["fields"]["remark"], "Ohne Anlage");
    assert_eq!(step_of(&shown, 1)["done"]["note"], "Gelesen");

    let path = format!("{WORKFLOWS}/{}", id_of(&flow));
    let asked = office.head().get(&path).await.is(200).json();
    assert_eq!(step_of(&asked, 2)["binds"], id_of(&document));
    let signed = json!({"seen": seen(office.head(), &document).await});
    let signed = post(office.head(), &step(&flow, 2, "complete"), Some(&signed))
        .await
        .is(200);
    let shown = signed.json();
    assert_eq!(shown["ended"]["how"], "done");
    assert_eq!(
        step_of(&shown, 2)["done"]["bound"]["document"],
        id_of(&document)
    );
    // The letter is registered, and the case is closed, by the same unit of work.
    let path = format!("/api/v1/documents/{}", id_of(&document));
    let filed = town.clerk().get(&path).await.is(200).json();
    assert_eq!(filed["state"], "registered");
    let path = format!("/api/v1/cases/{}", id_of(&case));
    assert_eq!(
        town.clerk().get(&path).await.is(200).json()["state"],
        "closed"
    );
    let verified = town.app.command(&["verify"]).await;
    assert!(verified.status.success(), "{verified:?}");
}

#[tokio::test]
async fn the_log_tells_what_the_history_tells() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, case) = office.begun().await;
    let dropped = json!({"outcome": "dropped", "note": "Hat sich erledigt"});
    post(&town.clerk(), &step(&flow, 1, "complete"), Some(&dropped))
        .await
        .is(200);
    let path = format!("{WORKFLOWS}/{}/history", id_of(&flow));
    let told = town.clerk().get(&path).await.is(200).json();
    let told = told["items"].as_array().cloned().expect("entries");
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["command"], "complete");
    assert_eq!(told[1]["by"]["who"], "m.brandt");
    // The same in pages.
    let first = town.clerk().get(&format!("{path}?limit=1")).await;
    let first = first.is(200).json();
    assert_eq!(first["items"], json!([told[0]]));
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let next = format!("{path}?limit=1&cursor={cursor}");
    let next = town.clerk().get(&next).await.is(200).json();
    assert_eq!(
        (&next["items"], &next["next_cursor"]),
        (&json!([told[1]]), &Value::Null)
    );

    let path = format!("/api/v1/cases/{}/history", id_of(&case));
    let log = town.clerk().get(&path).await.is(200).json();
    let log = log["items"].as_array().cloned().expect("records");
    let is_own = |one: &&Value| {
        let action = one["action"].as_str().unwrap_or_default();
        action.starts_with("workflow.")
    };
    let own: Vec<&Value> = log.iter().filter(is_own).collect();
    assert_eq!(own.len(), told.len());
    for (record, entry) in own.iter().zip(&told) {
        let details = &record["details"];
        assert_eq!(details["number"], entry["number"]);
        let words = |list: &Value| -> Vec<String> {
            let all = list.as_array().into_iter().flatten();
            all.map(|one| one["event"].as_str().unwrap_or_default().to_owned())
                .collect()
        };
        assert_eq!(words(&details["events"]), words(&entry["events"]));
        assert!(!words(&entry["events"]).contains(&String::new()));
    }
}

#[tokio::test]
async fn lists_and_timers_show_what_runs() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, case) = office.begun().await;
    let path = format!("{WORKFLOWS}/{}/timers", id_of(&flow));
    let timers = town.clerk().get(&path).await.is(200).json();
    let kinds: Vec<&str> = timers["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["remind", "remind", "escalate"]);
    let path = format!("{WORKFLOWS}?case={}&open=true", id_of(&case));
    let listed = walk(&town.clerk(), &path).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], id_of(&flow));
    assert!(walk(&town.other(), &path).await.is_empty());
    assert!(
        walk(&town.clerk(), &format!("{WORKFLOWS}?open=false"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_private_stands_in_no_list() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let case = office.case("brief").await;
    let document = town.letter("Entwurf", "Vertraulich").await;
    let body = json!({"definition": "brief", "case": id_of(&case), "document": id_of(&document),
        "fields": {"secret": "Geheimnis"}});
    let flow = town.clerk().post(WORKFLOWS, &body).await.is(201);
    assert_eq!(flow.json()["fields"]["secret"], "Geheimnis");
    let listed = town.clerk().get(WORKFLOWS).await.is(200);
    assert!(!listed.text().contains("Geheimnis"));
    // An auditor sees the workflow, and not what is private in it.
    let path = format!("{WORKFLOWS}/{}", id_of(&flow));
    let shown = town.auditor().get(&path).await.is(200);
    assert!(!shown.text().contains("Geheimnis"));
    // Nor in the history of the case, which he sees as well.
    let path = format!("/api/v1/cases/{}/history", id_of(&case));
    let told = town.auditor().get(&path).await.is(200);
    assert!(told.text().contains("workflow.start"));
    assert!(!told.text().contains("Geheimnis"));
}

//! Which steps lie in whose inbox, and how they are counted.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::Client;
use tests::plan::admit;
use tests::town::send;
use tests::wait_until;

use super::{
    BY_FIELD, BY_ROLE, Office, colleagues, deputy, function, in_stead, inbox, on_step, workflows,
};
use crate::invariants::{told, with};

const COUNTS: &str = "/api/v1/inbox/counts";

/// The counts of an inbox.
fn counts(answer: &Value, name: &str) -> Value {
    let all = answer["items"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["box"] == name);
    found.unwrap_or_else(|| unreachable!("no {name} in {answer}"))
}

/// Holds each count of each inbox against the list that it counts, and gives how much there is in all.
async fn agreed(client: &Client) -> usize {
    let counted = client.get(COUNTS).await.is(200).json();
    let mut all = 0;
    for inbox in counted["items"].as_array().cloned().unwrap_or_default() {
        let name = inbox["box"].as_str().unwrap_or_default().to_owned();
        let listed = async |query: &str| {
            let query = format!("&box={name}{query}");
            json!(workflows(client, &query).await.len())
        };
        assert_eq!(inbox["total"], listed("").await, "{name}");
        assert_eq!(inbox["held"], listed("&held=true").await, "{name}");
        for due in ["overdue", "today", "week", "later", "none"] {
            let query = format!("&due={due}");
            assert_eq!(inbox[due], listed(&query).await, "{name}: {due}");
        }
        for (definition, count) in inbox["definitions"].as_object().into_iter().flatten() {
            let query = format!("&definition={definition}");
            assert_eq!(count, &listed(&query).await, "{name}: {definition}");
            all += usize::try_from(count.as_u64().unwrap_or_default()).unwrap_or_default();
        }
    }
    all
}

#[tokio::test]
async fn what_is_asked_by_name_lies_in_the_inbox_of_that_person_alone() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let (colleague, stranger) = colleagues(&office.town).await;
    let workflow = office.begin("Baum", Some("s.kollege")).await;
    assert_eq!(
        workflows(&colleague, "&box=me").await,
        std::slice::from_ref(&workflow)
    );
    assert_eq!(
        workflows(&colleague, "").await,
        std::slice::from_ref(&workflow)
    );
    for other in [&office.town.clerk(), &stranger, &office.head] {
        assert!(workflows(other, "").await.is_empty());
    }
    let item = inbox(&colleague, "").await.remove(0);
    assert_eq!(item["boxes"], json!(["me"]));
    assert_eq!(item["case"]["subject"], "Baum");
    assert_eq!(item["definition"]["title"], "Prüfung");
    assert_eq!(item["label"], "ansehen");
    assert_eq!(item["asked"][0]["person"]["login"], "s.kollege");
    assert!(item["due_on"].is_string() && item["overdue"] == false);
    // Whoever is asked from another department, outside of compartments, is asked all the same.
    let there = office.begin("Strauch", Some("f.fremd")).await;
    assert_eq!(workflows(&stranger, "").await, std::slice::from_ref(&there));
    on_step(&stranger, &there, "complete", &json!({"outcome": "done"}))
        .await
        .is(200);
    assert!(workflows(&stranger, "").await.is_empty());
}

#[tokio::test]
async fn a_function_has_an_inbox_and_whoever_acts_for_it_sees_that_alone() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    function(&office.town, "kst-20", "s.kollege").await;
    let for_function = office.begin("Baum", Some("function:kst-20")).await;
    let own = office.begin("Strauch", Some("s.kollege")).await;
    let held = workflows(&colleague, "&box=function:kst-20").await;
    assert_eq!(held, std::slice::from_ref(&for_function));
    assert_eq!(
        workflows(&colleague, "&box=me").await,
        std::slice::from_ref(&own)
    );
    assert_eq!(workflows(&colleague, "").await.len(), 2);
    let path = "/api/v1/inbox";
    let page = in_stead(&colleague, "function:kst-20", path).await.is(200);
    let items = page.json()["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["workflow"], json!(for_function));
    assert_eq!(items[0]["asked"][0]["function"], "kst-20");
    // Another's function is none of one's inboxes.
    let clerk = office.town.clerk();
    assert!(workflows(&clerk, "&box=function:kst-20").await.is_empty());
    let longer = format!("/api/v1/inbox?kind={}", "0".repeat(41));
    for path in ["/api/v1/inbox?box=alle", &longer] {
        let refused = clerk.get(path).await;
        refused.is_problem(400, "query-invalid");
    }
}

#[tokio::test]
async fn what_is_asked_of_a_role_lies_with_all_who_have_it_there() {
    let Some(office) = Office::open(BY_ROLE).await else {
        return;
    };
    let (colleague, stranger) = colleagues(&office.town).await;
    let workflow = office.begin("Baum", None).await;
    for one in [&office.town.clerk(), &colleague] {
        assert_eq!(
            workflows(one, "&box=unit").await,
            std::slice::from_ref(&workflow)
        );
        assert!(workflows(one, "&box=me").await.is_empty());
    }
    // A head is asked by its own role alone.
    for one in [&stranger, &office.head, &office.town.auditor()] {
        assert!(workflows(one, "").await.is_empty());
    }
    on_step(&colleague, &workflow, "claim", &json!({}))
        .await
        .is(200);
    let by = |query: &'static str| workflows_of(&office, query);
    assert_eq!(by("&claimed=others").await, std::slice::from_ref(&workflow));
    assert!(by("&claimed=nobody").await.is_empty());
    assert!(by("&claimed=me").await.is_empty());
    assert_eq!(workflows(&colleague, "&claimed=me").await, [workflow]);
    let item = inbox(&office.town.clerk(), "").await.remove(0);
    assert_eq!(item["claimed_by"]["login"], "s.kollege");
    assert_eq!(item["asked"][0]["role"], "clerk");
}

async fn workflows_of(office: &Office, query: &str) -> Vec<String> {
    workflows(&office.town.clerk(), query).await
}

#[tokio::test]
async fn a_deputy_sees_what_lies_with_whom_he_stands_in_for_and_others_see_his_name() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    let workflow = office.begin("Baum", Some("m.brandt")).await;
    let path = "/api/v1/inbox?box=me";
    let refused = in_stead(&colleague, "m.brandt", path).await;
    refused.is_problem(403, "forbidden");
    deputy(&office.town, "m.brandt", "s.kollege").await;
    let page = in_stead(&colleague, "m.brandt", path).await.is(200).json();
    assert_eq!(page["items"][0]["workflow"], json!(workflow));
    assert!(
        workflows(&colleague, "").await.is_empty(),
        "in his own name"
    );
    let item = inbox(&office.town.clerk(), "").await.remove(0);
    assert_eq!(item["asked"][0]["person"]["deputy"], "s.kollege");
    let headers = [("papierlos-on-behalf-of", "m.brandt")];
    let done = format!("/api/v1/workflows/{workflow}/steps/1/complete");
    let body = json!({"outcome": "done"});
    let done = send(&colleague, Method::POST, &done, &headers, Some(&body)).await;
    done.is(200);
    assert!(workflows(&office.town.clerk(), "").await.is_empty());
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_walked_and_counts_agree_with_them() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let clerk = office.town.clerk();
    let mut all = Vec::new();
    for subject in ["Linde", "Eiche", "Buche", "Ahorn", "Esche"] {
        all.push(office.begin(subject, Some("m.brandt")).await);
    }
    // In the order in which they were opened.
    for sort in ["opened", "due"] {
        let query = format!("&sort={sort}");
        let found = inbox(&clerk, &query).await;
        assert_eq!(found.len(), all.len(), "each once: {sort}");
        let opened: Vec<&str> = found
            .iter()
            .filter_map(|one| one["opened_at"].as_str())
            .collect();
        assert!(sort == "due" || opened.is_sorted(), "{opened:?}");
    }
    assert_eq!(workflows(&clerk, "&q=Eiche").await, [all[1].clone()]);
    assert_eq!(workflows(&clerk, "&definition=pruefung").await.len(), 5);
    assert!(workflows(&clerk, "&definition=andere").await.is_empty());
    assert_eq!(workflows(&clerk, "&kind=task").await.len(), 5);
    assert!(workflows(&clerk, "&kind=order").await.is_empty());
    let until = time::OffsetDateTime::now_utc().date() + time::Duration::days(30);
    let rest = json!({"until": until.to_string(), "reason": "Laub"});
    on_step(&clerk, &all[0], "hold", &rest).await.is(200);
    assert_eq!(workflows(&clerk, "").await.len(), 4);
    assert_eq!(workflows(&clerk, "&held=true").await, [all[0].clone()]);
    let counted = clerk.get(COUNTS).await.is(200).json();
    let me = counts(&counted, "me");
    assert_eq!((&me["total"], &me["held"]), (&json!(4), &json!(1)));
    assert_eq!(me["definitions"], json!({"pruefung": 4}));
    assert_eq!(agreed(&clerk).await, 4);
    let other = office.town.other().get(COUNTS).await.is(200).json();
    assert_eq!(counts(&other, "me")["total"], 0);
}

#[tokio::test]
async fn of_a_compartment_nothing_is_listed_or_counted_to_whoever_stays_outside() {
    let Some(office) = Office::open(BY_ROLE).await else {
        return;
    };
    let town = &office.town;
    let (outsider, _) = colleagues(town).await;
    admit(&town.app, office.hidden, "m.brandt").await;
    let begun = office.begin_inside("Geheim", None).await;
    assert_eq!(workflows(&town.clerk(), "").await, [begun]);
    assert!(workflows(&outsider, "").await.is_empty());
    let counted = outsider.get(COUNTS).await.is(200).json();
    assert_eq!(counts(&counted, "unit")["total"], 0);
    assert_eq!(agreed(&town.clerk()).await, 1);
    assert_eq!(agreed(&outsider).await, 0);
    let told = outsider.get("/api/v1/notifications").await.is(200).json();
    assert_eq!(told["items"], json!([]));
}

#[tokio::test]
async fn who_is_asked_follows_a_case_into_a_compartment() {
    let Some(office) = Office::open(BY_ROLE).await else {
        return;
    };
    let town = &office.town;
    let (outsider, _) = colleagues(town).await;
    admit(&town.app, office.hidden, "m.brandt").await;
    let clerk = town.clerk();
    let begun = office.begin("Wandert", None).await;
    assert_eq!(workflows(&outsider, "").await, std::slice::from_ref(&begun));
    let at = format!("/api/v1/workflows/{begun}");
    let before = clerk.get(&at).await.is(200).etag();
    // Its unit of the plan gets a compartment: nobody does anything with the workflow.
    let files = clerk.get("/api/v1/files").await.is(200).json();
    let unit = &files["items"][0]["plan_unit"]["id"];
    let unit = format!("/api/v1/plan-units/{}", unit.as_str().expect("an id"));
    let manager = town.registrar().await;
    let etag = manager.get(&unit).await.is(200).etag();
    let within = json!({"compartment": "PERSONAL"});
    manager.patch(&unit, &etag, &within).await.is(200);
    wait_until("the workflow is where its case is", async || {
        clerk.get(&at).await.is(200).etag() != before
    })
    .await;
    assert!(workflows(&outsider, "").await.is_empty());
    assert_eq!(workflows(&clerk, "").await, [begun]);
    assert_eq!(agreed(&outsider).await, 0);
    assert_eq!(agreed(&clerk).await, 1);
    let report = told(town).await;
    assert_eq!(with(&report, "broken"), BTreeSet::new(), "{report:#}");
}

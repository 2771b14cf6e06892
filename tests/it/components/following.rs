//! Components go where the whole goes, and nowhere by themselves.

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{admit, compartment, damage};
use tests::town::{OTHER, OWN, Town, add, id_of, send};
use tests::{Answer, Client};

use super::{family, filed, found};
use crate::records::{Registry, act, fault, register};

/// How much of a family `client` is told of, in every place that tells of documents.
async fn told(client: &Client, family: &[String]) -> Vec<usize> {
    let mut seen = 0;
    for id in family {
        seen += usize::from(client.get(&format!("/api/v1/documents/{id}")).await.status == 200);
    }
    let total = async |path: &str| {
        let answer = client.get(path).await.is(200).json();
        let total = answer["total"].as_u64().unwrap_or_default();
        usize::try_from(total).expect("a small number")
    };
    let changes = client
        .get("/api/v1/changes?limit=1000")
        .await
        .is(200)
        .text();
    let suggested = client
        .get("/api/v1/search/suggest?q=Kreuzungsverm")
        .await
        .is(200)
        .text();
    vec![
        seen,
        total("/api/v1/documents?count=true&components=true").await,
        total("/api/v1/search?q=&facets=true").await,
        found(client, "Sperrzone").await.len(),
        found(client, "Kreuzungsvermerk").await.len(),
        usize::from(
            suggested.contains("kreuzungsvermerk") || suggested.contains("Kreuzungsvermerk"),
        ),
        family
            .iter()
            .filter(|id| changes.contains(id.as_str()))
            .count(),
        usize::from(
            client
                .get(&format!("/api/v1/documents/{}/components", family[0]))
                .await
                .status
                == 200,
        ),
    ]
}

fn at(id: &str) -> String {
    format!("/api/v1/documents/{id}")
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn a_family_is_handed_on_put_aside_and_taken_back_as_one() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (filed, _) = filed(&town).await;
    let (clerk, other) = (town.clerk(), town.other());
    let family = family(&clerk, &filed).await;
    assert_eq!(family.len(), 4);
    let all = vec![4, 4, 4, 1, 1, 1, 4, 1];
    let nothing = vec![0; 8];
    assert_eq!(
        (told(&clerk, &family).await, told(&other, &family).await),
        (all.clone(), nothing.clone())
    );
    let routed = act(
        &clerk,
        &format!("{}/route", at(&family[0])),
        &filed.etag(),
        &json!({"department": OTHER}),
    )
    .await
    .is(200);
    town.settle().await;
    assert_eq!(
        (told(&clerk, &family).await, told(&other, &family).await),
        (nothing, all.clone())
    );
    // Each has a record of its own, and that of the whole is the one of the receipt.
    let (seq, _) = routed.receipt();
    let records = town.records(seq.saturating_sub(3)).await;
    let mut moved: Vec<String> = Vec::new();
    for (number, _, record) in &records {
        if *number <= seq {
            assert_eq!(record["action"], "document.route");
            moved.push(record["subj"][0]["id"].as_str().expect("an id").to_owned());
        }
    }
    assert_eq!(moved.last(), Some(&family[0]));
    moved.sort();
    let mut sorted = family.clone();
    sorted.sort();
    assert_eq!(moved, sorted);
    let states = async |client: &Client| -> Vec<Value> {
        let mut states = Vec::new();
        for id in &family {
            states.push(client.get(&at(id)).await.is(200).json()["state"].clone());
        }
        states
    };
    let aside = act(
        &other,
        &format!("{}/discard", at(&family[0])),
        &routed.etag(),
        &json!({"reason": "Irrläufer"}),
    )
    .await
    .is(200);
    assert_eq!(states(&other).await, vec![json!("discarded"); 4]);
    let back = send(
        &other,
        Method::POST,
        &format!("{}/restore", at(&family[0])),
        &[("if-match", &aside.etag())],
        None,
    )
    .await
    .is(200);
    assert_eq!(states(&other).await, vec![json!("incoming"); 4]);
    // Undone as one, by the number of the receipt.
    let (seq, _) = routed.receipt();
    act(
        &other,
        &format!("{}/undo", at(&family[0])),
        &back.etag(),
        &json!({"seq": seq}),
    )
    .await
    .is_problem(409, "conflict");
    let output = town.app.command(&["check", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_move_of_a_family_is_undone_by_its_receipt() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (filed, _) = filed(&town).await;
    let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
    let both = town.app.with_token(&head);
    let clerk = town.clerk();
    let family = family(&clerk, &filed).await;
    let inbox = json!({"department": OWN, "inbox": "l.heide"});
    let routed = act(
        &clerk,
        &format!("{}/route", at(&family[0])),
        &filed.etag(),
        &inbox,
    )
    .await
    .is(200);
    let lies = async |client: &Client| -> Vec<Value> {
        let mut inboxes = Vec::new();
        for id in &family {
            inboxes.push(client.get(&at(id)).await.is(200).json()["inbox"].clone());
        }
        inboxes
    };
    let there = lies(&both).await;
    assert!(
        there.iter().all(|one| one.is_string() && *one == there[0]),
        "{there:?}"
    );
    let (seq, _) = routed.receipt();
    act(
        &clerk,
        &format!("{}/undo", at(&family[0])),
        &routed.etag(),
        &json!({"seq": seq}),
    )
    .await
    .is(200);
    assert_eq!(lies(&both).await, vec![json!(null); 4]);
}

#[tokio::test]
async fn a_family_is_registered_as_one_and_follows_its_case_into_a_compartment() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let hidden = compartment(&town.app, "PERSONAL").await;
    let inside = add(&town.app, "h.personal", "clerk", Some(OWN)).await;
    admit(&town.app, hidden, "h.personal").await;
    let inside = town.app.with_token(&inside);
    let clerk = town.clerk();
    let (filed, _) = filed(town).await;
    let family = family(&clerk, &filed).await;
    let file = registry.file("02.1", "Sperrungen").await;
    let (one, two) = (
        registry.case(&file, "Mühlengasse").await,
        registry.case(&file, "Anderes").await,
    );
    let registered = register(&clerk, &filed, &one).await.is(200);
    let reference = registered.json()["reference"].clone();
    for id in &family[1..] {
        let view = clerk.get(&at(id)).await.is(200).json();
        assert_eq!(
            (&view["state"], &view["case"]["id"], &view["reference"]),
            (&json!("registered"), &one.json()["id"], &json!(null))
        );
        assert_eq!(view["parent"]["reference"], reference);
    }
    let again = register(&clerk, &registered, &one).await;
    again.is_problem(409, "state-conflict");
    town.settle().await;
    let quoted = format!("\"{}\"", reference.as_str().expect("a reference"));
    assert_eq!(
        found(&clerk, &quoted).await.len(),
        4,
        "found by the reference of the whole"
    );
    let refiled = act(
        &registry.manager,
        &format!("{}/refile", at(&family[0])),
        &registered.etag(),
        &json!({"case": id_of(&two), "reason": "Falsch zugeordnet"}),
    )
    .await
    .is(200);
    for id in &family {
        let view = clerk.get(&at(id)).await.is(200).json();
        assert_eq!(view["case"]["id"], two.json()["id"]);
    }
    drop(refiled);
    // The unit of the plan gets a compartment.
    let file = file.json();
    let unit = file["plan_unit"]["id"].as_str().expect("an id");
    let path = format!("/api/v1/plan-units/{unit}");
    let etag = registry.manager.get(&path).await.is(200).etag();
    registry
        .manager
        .patch(&path, &etag, &json!({"compartment": "PERSONAL"}))
        .await
        .is(200);
    town.settle().await;
    assert_eq!(told(&clerk, &family).await, vec![0; 8]);
    assert_eq!(told(&inside, &family).await[..5], [4, 4, 4, 1, 1]);
    let output = town.app.command(&["check", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_component_takes_no_step_alone() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let clerk = town.clerk();
    let (filed, _) = filed(town).await;
    let family = family(&clerk, &filed).await;
    let file = registry.file("02.1", "Sperrungen").await;
    let case = registry.case(&file, "Mühlengasse").await;
    let component = clerk.get(&at(&family[1])).await.is(200);
    let refused = |answer: Answer| {
        let answer = answer.is_problem(409, "state-conflict");
        assert_eq!(
            answer.json()["current_state"],
            "component",
            "{}",
            answer.text()
        );
    };
    let etag = component.etag();
    let path = at(&family[1]);
    refused(register(&clerk, &component, &case).await);
    for (step, body) in [
        ("route", json!({"department": OTHER})),
        ("discard", json!({"reason": "Werbung"})),
    ] {
        refused(act(&clerk, &format!("{path}/{step}"), &etag, &body).await);
    }
    let form = tests::client::document_form("neu.pdf", b"neu", &json!(null));
    let request = clerk
        .request(Method::POST, &format!("{path}/versions"))
        .header("if-match", &etag)
        .multipart(form);
    let answer = clerk.send(request).await;
    assert!(
        answer.status == 409 || answer.status == 422,
        "{}",
        answer.text()
    );
    // It is inspected with the whole.
    let (from, until) = ("2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    let inspection = json!({
        "document": family[1], "account": "k.sommer", "reason": "other", "purpose": "Anlage",
        "valid_from": from, "valid_until": until,
    });
    let answer = registry.head.post("/api/v1/inspections", &inspection).await;
    let answer = answer.is_problem(422, "validation");
    assert_eq!(
        fault(&answer),
        ("/document".to_owned(), "component".to_owned())
    );
    // What is said about it is its own.
    let said = clerk
        .patch(
            &path,
            &etag,
            &json!({"title": "Plan der Sperrzone", "tags": ["Plan"]}),
        )
        .await
        .is(200);
    assert_eq!(said.json()["parent"]["id"], json!(family[0]));
    register(&clerk, &filed, &case).await.is(200);
    let view = clerk.get(&path).await.is(200).json();
    assert_eq!(
        (&view["title"], &view["state"]),
        (&json!("Plan der Sperrzone"), &json!("registered"))
    );
}

#[tokio::test]
async fn a_hold_holds_what_was_taken_out_and_the_disposal_of_what_it_was_taken_out_of() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let clerk = town.clerk();
    let (filed, _) = filed(town).await;
    let family = family(&clerk, &filed).await;
    let file = registry.file("02.1", "Sperrungen").await;
    let case = registry.case(&file, "Mühlengasse").await;
    register(&clerk, &filed, &case).await.is(200);
    // How many holds each shows, and what stands against its disposal because of one.
    let shown = async || {
        let mut all = Vec::new();
        for id in &family {
            let view = clerk.get(&at(id)).await.is(200).json();
            let holds = view["retention"]["holds"].as_array().map_or(0, Vec::len);
            let reasons = view["retention"]["reasons"].to_string();
            all.push((
                holds,
                reasons.contains("\"hold\""),
                reasons.contains("hold_inside"),
            ));
        }
        all
    };
    let (free, held, around) = ((0, false, false), (1, true, false), (0, false, true));
    assert_eq!(shown().await, [free; 4]);
    // The mail in the mail: its note lies in it, the plan beside it.
    let inner = clerk.get(&at(&family[2])).await.is(200).json();
    assert_eq!(inner["title"], "Nachfrage");
    let hold = json!({"document": family[2], "reason": "Klage"});
    registry.head.post("/api/v1/holds", &hold).await.is(201);
    assert_eq!(shown().await, [around, free, (1, true, false), held]);
    // On the note: both mails are around it, the inner one bears its own as well.
    let hold = json!({"document": family[3], "reason": "Klage"});
    registry.head.post("/api/v1/holds", &hold).await.is(201);
    assert_eq!(
        shown().await,
        [around, free, (1, true, true), (2, true, false)]
    );
}

/// Lets it look as if so many more documents had been taken out of one.
async fn crowd(town: &Town, id: &str, many: u32) {
    let (id, new) = match town.app.database() {
        Some(_) => (format!("'{id}'::uuid"), "gen_random_uuid()"),
        None => (format!("x'{}'", id.replace('-', "")), "randomblob(16)"),
    };
    let text = format!(
        "INSERT INTO document (id, version, department_id, state, title, direction, received_at, \
         doc_references, tags, content_version, created_at, created_by, changed_at, changed_by, \
         parent_id, family_id, taken_from, position, depth) \
         WITH RECURSIVE numbers(n) AS (\
         SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {many}) \
         SELECT {new}, 1, d.department_id, d.state, 'Anlage', d.direction, d.received_at, \
         '[]', '[]', 1, d.created_at, d.created_by, d.changed_at, d.changed_by, \
         d.id, d.id, v.id, 1000 + n, 1 \
         FROM document d JOIN document_version v ON v.document_id = d.id CROSS JOIN numbers \
         WHERE d.id = {id}"
    );
    damage(&town.app, &text).await;
}

#[tokio::test]
async fn what_takes_more_along_than_one_unit_of_work_moves_is_refused_before_it_begins() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (filed, _) = filed(&town).await;
    let (clerk, id) = (town.clerk(), id_of(&filed));
    let preview = "/api/v1/documents/bulk/preview";
    let change = json!({"inbox": "m.brandt"});
    let handed_on = json!({"ids": [id], "change": change});
    let seen = clerk.post(preview, &handed_on).await.is(200).json();
    assert_eq!(seen["documents"][0]["id"], json!(id));
    // With the mail itself and the three that were taken out of it one more than the most.
    crowd(&town, &id, 19_997).await;
    let refused = clerk.post(preview, &handed_on).await;
    refused.is_problem(409, "conflict");
    // What was previewed before they came is refused as well.
    let late = json!({"token": seen["token"], "documents": seen["documents"], "change": change,
        "mode": "each"});
    let apply = "/api/v1/documents/bulk/apply";
    clerk.post(apply, &late).await.is_problem(409, "conflict");
    // What is said about a document takes nothing along.
    let said = json!({"ids": [id], "change": {"add_tags": ["Eilt"]}});
    clerk.post(preview, &said).await.is(200);
}

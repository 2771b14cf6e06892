//! An administrator reads in an emergency: never alone, for some hours, and every look is in the report.

use serde_json::json;
use tests::Start;
use tests::town::{OTHER, OWN, Town, add, id_of};

use super::{ASK, EMERGENCY, Personnel, is_about, looks, post};

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn in_an_emergency_one_administrator_reads_when_another_approved() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, admin, auditor) = (&it.town, it.town.admin(), it.town.auditor());
    let second = add(&town.app, "chefin", "admin", None).await;
    let second = town.app.with_token(&second);
    let outside = id_of(&town.letter("Antrag", "Antrag").await);
    let (letter, file) = (
        format!("/api/v1/documents/{outside}"),
        format!("/api/v1/files/{}", it.file),
    );
    let ask = json!({"department": OWN, "reason": "Wiederherstellung", "hours": 2});
    // Nobody but an administrator asks, and nobody approves what he asked for.
    for client in [town.clerk(), it.head.clone(), town.auditor()] {
        client
            .post(EMERGENCY, &ask)
            .await
            .is_problem(403, "forbidden");
    }
    let asked = admin.post(EMERGENCY, &ask).await.is(201);
    assert_eq!(
        town.record_of(&asked).await["action"],
        "break_glass.request"
    );
    let one = format!("{EMERGENCY}/{}", id_of(&asked));
    let approve = format!("{one}/approve");
    admin.get(&letter).await.is_problem(404, "not-found");
    for client in [&admin, &auditor, &it.head] {
        post(client, &approve).await.is_problem(403, "forbidden");
    }
    // It is none of the ordinary ones.
    let ordinary = format!("{ASK}/{}", id_of(&asked));
    admin.get(&ordinary).await.is_problem(404, "not-found");
    post(&it.head, &format!("{ordinary}/approve"))
        .await
        .is_problem(404, "not-found");
    let approved = post(&second, &approve).await.is(200);
    assert_eq!(approved.json()["standing"], "in_force");
    assert_eq!(
        town.record_of(&approved).await["action"],
        "break_glass.approve"
    );
    // Content of the department, outside of compartments, for the one who asked.
    admin.get(&letter).await.is(200);
    admin.get(&format!("{letter}/content")).await.is(200);
    assert_eq!(
        admin
            .get("/api/v1/documents?count=true")
            .await
            .is(200)
            .json()["total"],
        1
    );
    admin.get(&file).await.is_problem(404, "not-found");
    second.get(&letter).await.is_problem(404, "not-found");
    let etag = admin.get(&letter).await.is(200).etag();
    admin
        .patch(&letter, &etag, &json!({"title": "Anders"}))
        .await
        .is_problem(403, "forbidden");
    town.settle().await;
    let found = admin.get("/api/v1/search?q=Antrag").await.is(200).json();
    assert_eq!(found["total"], 1, "{found}");
    // Those whose department it is know of it, others do not; the figure says that there is one.
    it.head.get(&one).await.is(200);
    town.other().get(&one).await.is_problem(404, "not-found");
    let listed = auditor.get(EMERGENCY).await.is(200).json();
    assert_eq!(
        listed["items"].as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
    tests::wait_until("the figure says so", async || {
        let metrics = town.app.anonymous().get("/metrics").await.is(200).text();
        metrics
            .lines()
            .any(|line| line == "papierlos_break_glass_active 1")
    })
    .await;
    let warned = town.app.log();
    assert!(
        warned.contains("break-glass: an administrator asks to read"),
        "{warned}"
    );
    assert!(
        warned.contains("break-glass: an administrator may read"),
        "{warned}"
    );
    // Every look names the emergency, and the report has it. Who did it reads no report.
    let report = auditor
        .get(&format!("{one}?limit=100"))
        .await
        .is(200)
        .json();
    let looked = report["looks"].as_array().expect("looks");
    let said = |action: &str| {
        looked
            .iter()
            .any(|look| look["action"] == action && look["objects"].to_string().contains(&outside))
    };
    for action in [
        "document.read",
        "content.read",
        "documents.list",
        "documents.search",
    ] {
        assert!(said(action), "{action}: {report}");
    }
    assert_eq!(admin.get(&one).await.is(200).json()["looks"], json!([]));
    let recorded = looks(town).await;
    let under = recorded
        .iter()
        .filter(|look| is_about(look, "inspection", &id_of(&asked)));
    assert_eq!(under.count(), looked.len(), "{recorded:?}");
    // A compartment is another emergency; it is ended at once.
    let ask = json!({"compartment": "PERSONAL", "reason": "Wiederherstellung"});
    let inside = admin.post(EMERGENCY, &ask).await.is(201);
    assert_eq!(inside.json()["hours"], 4);
    let inside = format!("{EMERGENCY}/{}", id_of(&inside));
    post(&second, &format!("{inside}/approve")).await.is(200);
    admin.get(&file).await.is(200);
    let found = admin
        .get("/api/v1/search?q=Geheimniskram")
        .await
        .is(200)
        .json();
    assert_eq!(found["total"], 1, "{found}");
    let ended = post(&second, &format!("{inside}/end")).await.is(200);
    assert_eq!(town.record_of(&ended).await["action"], "break_glass.end");
    admin.get(&file).await.is_problem(404, "not-found");
    admin.get(&letter).await.is(200);
}

#[tokio::test]
async fn an_emergency_that_cannot_be_is_refused_with_its_reason() {
    let start = Start::new().with("PAPIERLOS_RIGHTS_BREAK_GLASS_HOURS_MAX", "2");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let admin = town.admin();
    let refused = async |body: serde_json::Value, pointer: &str| {
        let refused = admin.post(EMERGENCY, &body).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    };
    refused(
        json!({"department": OWN, "reason": "A", "hours": 3}),
        "/hours",
    )
    .await;
    refused(
        json!({"department": "gibt-es-nicht", "reason": "A"}),
        "/department",
    )
    .await;
    refused(
        json!({"compartment": "NICHTS", "reason": "A"}),
        "/compartment",
    )
    .await;
    refused(
        json!({"department": OWN, "compartment": "NICHTS", "reason": "A"}),
        "",
    )
    .await;
    refused(json!({"reason": "A"}), "").await;
    let nothing = uuid::Uuid::now_v7();
    refused(json!({"file": nothing, "reason": "A"}), "").await;
    let ask = json!({"department": OTHER, "reason": "A"});
    assert_eq!(admin.post(EMERGENCY, &ask).await.is(201).json()["hours"], 2);
}

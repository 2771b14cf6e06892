//! In which order rows are locked on PostgreSQL: from the outside to the inside, so that nobody waits for another who
//! waits for him. On SQLite there is one writer.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::json;
use tests::town::id_of;
use tests::{Answer, Engine, Start, TestApp, Town, wait_until};

use crate::records::{Registry, act, act_on};
use crate::workflows::{approve, begun, letter, post, seen, step};

async fn registry() -> Option<Registry> {
    let town = Town::of(Start::new().on(Engine::Postgres)).await?;
    Some(Registry::of(town).await)
}

/// Whether anybody waits for a row.
async fn somebody_waits(on: &DatabaseConnection) -> bool {
    let text = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let asked = Statement::from_string(on.get_database_backend(), text);
    let row = on.query_one_raw(asked).await.expect("an answer");
    let count = row.expect("a row").try_get_by_index::<i64>(0);
    count.expect("a number") > 0
}

/// Asks for something while another server holds the outer row: it waits for that, and has not locked the inner one.
async fn waits_outside(
    app: &TestApp,
    (outer, inner): ((&str, &str), (&str, &str)),
    asked: impl Future<Output = Answer>,
) -> Answer {
    let database = app.database().expect("a database of its own");
    let (other, beside) = (database.connect().await, database.connect().await);
    let lock = |(table, id): (&str, &str), how: &str| {
        format!("SELECT id FROM {table} WHERE id = '{id}' FOR UPDATE {how}")
    };
    for statement in ["BEGIN".to_owned(), lock(outer, "")] {
        other.execute_unprepared(&statement).await.expect("held");
    }
    let look = async {
        wait_until("it waits for what is around", async || {
            somebody_waits(&beside).await
        })
        .await;
        let free = other.execute_unprepared(&lock(inner, "NOWAIT")).await;
        other.execute_unprepared("ROLLBACK").await.expect("let go");
        free.expect("what is inside is not locked yet");
    };
    let (answer, ()) = tokio::join!(asked, look);
    for one in [other, beside] {
        one.close().await.expect("an idle connection closes");
    }
    answer
}

#[tokio::test]
async fn a_sub_file_is_opened_again_behind_its_file() {
    let Some(registry) = registry().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let new = json!({"parent": id_of(&file), "subject": "Anlagen"});
    let part = clerk.post("/api/v1/files", &new).await.is(201);
    let (file, part_id) = (id_of(&file), id_of(&part));
    let close = format!("/api/v1/files/{part_id}/close");
    let etag = act_on(&clerk, &close, &part.etag()).await.is(200).etag();
    let (path, why) = (
        format!("/api/v1/files/{part_id}/reopen"),
        json!({"reason": "Nachtrag"}),
    );
    let rows = (("record_file", &*file), ("record_file", &*part_id));
    let asked = act(&registry.head, &path, &etag, &why);
    let opened = waits_outside(&registry.town.app, rows, asked).await;
    assert_eq!(opened.is(200).json()["state"], "open");
}

#[tokio::test]
async fn a_sub_case_is_opened_again_behind_its_case() {
    let Some(registry) = registry().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Familie Beispiel").await;
    let new = json!({"file": id_of(&file), "parent": id_of(&case), "subject": "Widerspruch"});
    let part = clerk.post("/api/v1/cases", &new).await.is(201);
    let (case, part_id) = (id_of(&case), id_of(&part));
    let close = format!("/api/v1/cases/{part_id}/close");
    let etag = act_on(&clerk, &close, &part.etag()).await.is(200).etag();
    let (path, why) = (
        format!("/api/v1/cases/{part_id}/reopen"),
        json!({"reason": "Nachtrag"}),
    );
    let rows = (("record_case", &*case), ("record_case", &*part_id));
    let asked = act(&registry.head, &path, &etag, &why);
    let opened = waits_outside(&registry.town.app, rows, asked).await;
    assert_eq!(opened.is(200).json()["state"], "open");
}

#[tokio::test]
async fn a_workflow_that_closes_the_file_locks_it_before_the_case() {
    let Some(registry) = registry().await else {
        return;
    };
    let (town, head) = (&registry.town, &registry.head);
    let source = letter("akte").replace("close_case = true", "close_file = true");
    approve(town, head, &source).await;
    let (flow, document, case) = begun(town, "akte").await;
    let done = json!({"outcome": "done"});
    post(&town.clerk(), &step(&flow, 1, "complete"), Some(&done))
        .await
        .is(200);
    let file = case.json()["file"]["id"].as_str().map(str::to_owned);
    let (file, case) = (file.expect("a file"), id_of(&case));
    let signed = json!({"seen": seen(head, &document).await});
    let path = step(&flow, 2, "complete");
    let rows = (("record_file", &*file), ("record_case", &*case));
    let asked = post(head, &path, Some(&signed));
    let ended = waits_outside(&town.app, rows, asked).await.is(200).json();
    assert_eq!(ended["ended"]["how"], "done");
    let shown = town.clerk().get(&format!("/api/v1/files/{file}")).await;
    assert_eq!(shown.is(200).json()["state"], "closed");
}

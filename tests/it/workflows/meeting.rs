//! Two people at the same instant.

use serde_json::json;
use tests::town::{OWN, add};

use super::{Office, post, step};

#[tokio::test]
async fn of_two_who_take_the_same_step_one_wins_and_the_other_is_told_who() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, _) = office.begun().await;
    let second = add(&town.app, "c.kollegin", "clerk", Some(OWN)).await;
    let (one, other) = (town.clerk(), town.app.with_token(&second));
    let path = step(&flow, 1, "complete");
    let body = json!({"outcome": "done"});
    let (first, second) = tokio::join!(
        post(&one, &path, Some(&body)),
        post(&other, &path, Some(&body))
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.text(), second.text());
    let (winner, loser) = if first.status.as_u16() == 200 {
        ("m.brandt", second)
    } else {
        ("c.kollegin", first)
    };
    let told = loser.is_problem(409, "state-conflict").json();
    assert_eq!(told["current_state"], "done");
    assert!(
        told["detail"]
            .as_str()
            .is_some_and(|it| it.contains(winner)),
        "{told}"
    );
}

#[tokio::test]
async fn the_same_attempt_twice_has_its_effect_once() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, _) = office.begun().await;
    let path = step(&flow, 1, "complete");
    let body = json!({"outcome": "done"});
    let headers = [("idempotency-key", "einmal")];
    let clerk = town.clerk();
    let post = reqwest::Method::POST;
    let first = tests::town::send(&clerk, post.clone(), &path, &headers, Some(&body)).await;
    let again = tests::town::send(&clerk, post, &path, &headers, Some(&body)).await;
    let (first, again) = (first.is(200), again.is(200));
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

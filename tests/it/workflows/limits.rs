//! Who orders how much.

use serde_json::json;
use tests::town::{add, id_of};

use super::{LIMITS, Office, WORKFLOWS, post, step};
use crate::records::fault;

#[tokio::test]
async fn nobody_orders_more_than_two_others_have_said() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let case = office.case("rechnung").await;
    let body =
        json!({"definition": "rechnung", "case": id_of(&case), "fields": {"gross": "1250.00"}});
    let flow = town.clerk().post(WORKFLOWS, &body).await.is(201);
    assert_eq!(flow.json()["fields"]["gross"], "1250.00");
    post(&town.clerk(), &step(&flow, 1, "complete"), Some(&json!({})))
        .await
        .is(200);
    let order = step(&flow, 2, "complete");
    let refused = post(office.head(), &order, Some(&json!({}))).await;
    let refused = refused.is_problem(422, "validation");
    assert_eq!(fault(&refused).1, "requirement");

    let limit = json!({"who": "l.heide", "amount": "1250.00", "reason": "Dienstanweisung"});
    post(&town.clerk(), LIMITS, Some(&limit))
        .await
        .is_problem(403, "forbidden");
    let given = town.admin().post(LIMITS, &limit).await.is(201);
    assert_eq!(given.json()["state"], "waiting");
    // It does not hold yet, and whoever gave it does not approve it.
    post(office.head(), &order, Some(&json!({}))).await.is(422);
    let approve = format!("{LIMITS}/{}/approve", id_of(&given));
    post(&town.admin(), &approve, None)
        .await
        .is_problem(403, "forbidden");
    let second = add(&town.app, "z.weite", "admin", None).await;
    let second = town.app.with_token(&second);
    post(&second, &approve, None).await.is(200);
    let settled = post(&second, &approve, None)
        .await
        .is_problem(409, "state-conflict");
    assert_eq!(settled.json()["current_state"], "approved");
    post(office.head(), &order, Some(&json!({}))).await.is(200);

    let end = format!("{LIMITS}/{}/end", id_of(&given));
    let ended = post(&second, &end, None).await.is(200);
    assert_eq!(ended.json()["state"], "ended");
    let listed = town.admin().get(LIMITS).await.is(200).json();
    assert_eq!(listed["items"][0]["amount"], "1250.00");
    town.clerk().get(LIMITS).await.is_problem(403, "forbidden");
}

#[tokio::test]
async fn what_is_wrong_with_a_limit_names_its_field() {
    let Some(office) = Office::open().await else {
        return;
    };
    let admin = office.town().admin();
    let whole = json!({"who": "l.heide", "amount": "10.00", "reason": "Dienstanweisung"});
    for (key, value, pointer) in [
        ("amount", json!("10,00"), "/amount"),
        ("amount", json!("-1.00"), "/amount"),
        ("who", json!("nie.gesehen"), "/who"),
        ("valid_from", json!("2020-01-01"), "/valid_from"),
        ("reason", json!(""), "/reason"),
    ] {
        let mut body = whole.clone();
        body[key] = value;
        let refused = admin
            .post(LIMITS, &body)
            .await
            .is_problem(422, "validation");
        assert_eq!(fault(&refused).0, pointer, "{body}");
    }
}

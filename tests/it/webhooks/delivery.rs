//! What is sent, how often, and what becomes of it.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tests::town::{OTHER, id_of};
use tests::{Engine, Receiver, Town, wait_until};

use super::*;

#[tokio::test]
async fn a_change_is_told_with_its_receipt_and_nothing_else() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.named_url(), &["document.receive"]).await;
    let filed = town.letter("Geheimer Betreff", "Vertraulicher Text").await;
    let letter = receiver.has(1).await.remove(0);
    assert_eq!(
        letter.header("webhook-signature"),
        signature(&secret_of(&created), &letter)
    );
    assert_eq!(letter.header("content-type"), "application/json");
    let (seq, hash) = filed.receipt();
    let record = town.record_of(&filed).await;
    assert_eq!(
        letter.json(),
        json!({"type": "document.receive", "timestamp": record["ts"], "data": {
            "seq": seq, "hash": hash, "action": "document.receive", "document": id_of(&filed)}})
    );
    let delivered = newest_is(&town.clerk(), &path_of(&created), "delivered").await;
    assert_eq!(delivered["id"], letter.header("webhook-id"));
    assert_eq!(delivered["response_status"], 204);
    assert_eq!(delivered["attempts"], 1);
    assert_eq!(delivered["seq"], seq);
    let now = town.clerk().get(&path_of(&created)).await.is(200).json();
    assert_eq!(now["failing"], false);
    assert!(now["delivered_at"].is_string() && now["secret"].is_null());
}

#[tokio::test]
async fn everything_that_happens_to_a_document_is_told_once_and_other_types_are_not() {
    let Some(town) = town().await else { return };
    let (all, texts) = (Receiver::start().await, Receiver::start().await);
    subscribe(&town.clerk(), &all.url(), &["*"]).await;
    subscribe(&town.clerk(), &texts.url(), &["document.text"]).await;
    let filed = town.letter("Antrag", "Antrag").await;
    let path = format!("/api/v1/documents/{}", id_of(&filed));
    town.read(&id_of(&filed)).await;
    let now = town.clerk().get(&path).await.is(200);
    let change = json!({"title": "Antrag (neu)"});
    town.clerk()
        .patch(&path, &now.etag(), &change)
        .await
        .is(200);
    let letters = all.has(3).await;
    let mut told: Vec<_> = letters
        .iter()
        .map(|one| {
            (
                one.json()["data"]["seq"].as_u64(),
                one.json()["type"].clone(),
            )
        })
        .collect();
    told.sort_by_key(|(seq, _)| *seq);
    let types: Vec<_> = told.into_iter().map(|(_, what)| what).collect();
    assert_eq!(
        types,
        ["document.receive", "document.text", "document.change"]
    );
    assert_eq!(texts.has(1).await.remove(0).json()["type"], "document.text");
    // The test message comes after everything that came before it.
    let clerk = town.clerk();
    let list = clerk.get("/api/v1/webhooks").await.is(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    assert_eq!((all.letters().len(), texts.letters().len()), (3, 1));
}

#[tokio::test]
async fn a_receiver_that_fails_is_asked_again_with_the_same_message() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    town.letter("Antrag", "Antrag").await;
    receiver.has(1).await;
    wait_until("the failure is written down", async || {
        let all = deliveries(&town.clerk(), &path_of(&created)).await;
        all.first().is_some_and(|one| one["attempts"] == 1)
    })
    .await;
    let waits = deliveries(&town.clerk(), &path_of(&created))
        .await
        .remove(0);
    assert_eq!(waits["status"], "pending");
    assert_eq!(
        (&waits["response_status"], &waits["error"]),
        (&json!(500), &json!("status"))
    );
    assert!(waits["next_attempt_at"].is_string());
    let letters = receiver.has(2).await;
    assert_eq!(
        letters[0].header("webhook-id"),
        letters[1].header("webhook-id")
    );
    assert_eq!(letters[0].body, letters[1].body);
    let secret = secret_of(&created);
    assert_eq!(
        letters[1].header("webhook-signature"),
        signature(&secret, &letters[1])
    );
    let delivered = newest_is(&town.clerk(), &path_of(&created), "delivered").await;
    assert_eq!(
        (&delivered["attempts"], &delivered["error"]),
        (&json!(2), &json!(null))
    );
}

#[tokio::test]
async fn a_message_is_sent_once_more_when_it_is_asked_for() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    town.letter("Antrag", "Antrag").await;
    let delivered = newest_is(&town.clerk(), &path_of(&created), "delivered").await;
    let id = delivered["id"].as_str().expect("an id");
    let replay = format!("{}/deliveries/{id}/replay", path_of(&created));
    post(&town.other(), &replay).await.is(404);
    let asked = post(&town.clerk(), &replay).await.is(202);
    assert_eq!(town.record_of(&asked).await["action"], "webhook.replay");
    let letters = receiver.has(2).await;
    assert_eq!(
        letters[0].header("webhook-id"),
        letters[1].header("webhook-id")
    );
    assert_eq!(letters[0].body, letters[1].body);
    newest_is(&town.clerk(), &path_of(&created), "delivered").await;
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_time() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.url(), &["*"]).await;
    let path = path_of(&created);
    let rotate = format!("{path}/rotate");
    post(&town.clerk(), &rotate).await.is(428);
    let etag = created.etag();
    let headers = [("if-match", etag.as_str())];
    let rotated = send(&town.clerk(), Method::POST, &rotate, &headers, None)
        .await
        .is(200);
    let (old, new) = (secret_of(&created), secret_of(&rotated));
    assert_ne!(old, new);
    assert!(rotated.json()["old_secret_until"].is_string());
    let asked = post(&town.clerk(), &format!("{path}/test")).await.is(202);
    let letter = receiver.has(1).await.remove(0);
    let both = format!("{} {}", signature(&new, &letter), signature(&old, &letter));
    assert_eq!(letter.header("webhook-signature"), both);
    let (seq, hash) = asked.receipt();
    let told = letter.json();
    assert_eq!(told["type"], "webhook.test");
    assert_eq!(
        told["data"],
        json!({"seq": seq, "hash": hash, "action": "webhook.test"})
    );
    // A second rotation within that time drops the first.
    let etag = rotated.etag();
    let headers = [("if-match", etag.as_str())];
    let third = send(&town.clerk(), Method::POST, &rotate, &headers, None).await;
    let third = secret_of(&third.is(200));
    post(&town.clerk(), &format!("{path}/test")).await.is(202);
    let letter = receiver.has(2).await.remove(1);
    let both = format!(
        "{} {}",
        signature(&third, &letter),
        signature(&new, &letter)
    );
    assert_eq!(letter.header("webhook-signature"), both);
}

#[tokio::test]
async fn a_right_that_is_taken_away_before_delivery_keeps_the_message_back() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    town.letter("Antrag", "Antrag").await;
    receiver.has(1).await;
    let me = town.clerk().get("/api/v1/me").await.is(200).json();
    let account = format!("/api/v1/accounts/{}", me["id"].as_str().expect("an id"));
    let roles = format!("{account}/roles");
    let admin = town.admin();
    let work_in = async |department: &str| {
        let etag = admin.get(&account).await.is(200).etag();
        let roles_wanted = json!({"roles": [{"role": "clerk", "department": department}]});
        let based_on = [("if-match", &*etag)];
        send(&admin, Method::PUT, &roles, &based_on, Some(&roles_wanted))
            .await
            .is(200);
    };
    work_in(OTHER).await;
    // Neither the list nor a replay knows of what may not be seen.
    assert_eq!(
        deliveries(&town.clerk(), &path_of(&created)).await,
        Vec::<Value>::new()
    );
    // Nobody who may look at it is there: its row tells when the second attempt has had its turn.
    let database = match town.app.database() {
        Some(database) => database.connect().await,
        None => crate::at_rest::connect(&town.app.data().join("papierlos.db")).await,
    };
    let backend = database.get_database_backend();
    wait_until("the second attempt is kept back", async || {
        let withheld = "SELECT 1 FROM webhook_delivery WHERE status = 'withheld'";
        let withheld = Statement::from_string(backend, withheld);
        database
            .query_one_raw(withheld)
            .await
            .expect("a row")
            .is_some()
    })
    .await;
    work_in(tests::town::OWN).await;
    let seen = deliveries(&town.clerk(), &path_of(&created)).await;
    assert_eq!(seen[0]["status"], "withheld");
    assert_eq!(receiver.letters().len(), 1);
}

#[tokio::test]
async fn what_one_may_not_see_is_never_told() {
    let Some(town) = town().await else { return };
    let (own, other, admin) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    subscribe(&town.clerk(), &own.url(), &["document.receive"]).await;
    let others = subscribe(&town.other(), &other.url(), &["document.receive"]).await;
    let admins = subscribe(&town.admin(), &admin.url(), &["*"]).await;
    town.letter("Antrag", "Antrag").await;
    own.has(1).await;
    // A test message of each comes behind what the record before it has led to.
    for (client, webhook, receiver) in [
        (town.other(), &others, &other),
        (town.admin(), &admins, &admin),
    ] {
        post(&client, &format!("{}/test", path_of(webhook)))
            .await
            .is(202);
        let letters = receiver.has(1).await;
        assert_eq!(letters[0].json()["type"], "webhook.test");
        assert_eq!(deliveries(&client, &path_of(webhook)).await.len(), 1);
    }
    // The auditor sees everything.
    let auditor = Receiver::start().await;
    subscribe(&town.auditor(), &auditor.url(), &["document.receive"]).await;
    town.letter("Antrag", "Antrag").await;
    auditor.has(1).await;
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_delivers_delivers_again() {
    let Some(mut town) = town().await else { return };
    let receiver = Receiver::start().await;
    receiver.hold(true);
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    let filed = town.letter("Antrag", "Antrag").await;
    receiver.has(1).await;
    town.app.kill();
    receiver.hold(false);
    town.app.resume();
    let letters = receiver.has(2).await;
    assert_eq!(
        letters[0].header("webhook-id"),
        letters[1].header("webhook-id")
    );
    assert_eq!(letters[1].json()["data"]["document"], id_of(&filed));
    newest_is(&town.clerk(), &path_of(&created), "delivered").await;
    // What is filed afterwards is told as well.
    town.letter("Antrag", "Antrag").await;
    receiver.has(3).await;
}

#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_a_receiver() {
    let Some(mut town) = town().await else { return };
    let receiver = Receiver::start().await;
    receiver.hold(true);
    subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    town.letter("Antrag", "Antrag").await;
    receiver.has(1).await;
    assert!(town.app.stop().success());
    receiver.hold(false);
    town.app.resume();
    receiver.has(2).await;
}

#[tokio::test]
async fn two_servers_lose_nothing_when_one_of_them_is_killed() {
    let Some(mut town) = Town::of(open().on(Engine::Postgres)).await else {
        return;
    };
    let receiver = Receiver::start().await;
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    let mut second = town.app.second();
    let mut filed = Vec::new();
    for _ in 0..12 {
        filed.push(id_of(&town.letter("Antrag", "Antrag").await));
    }
    town.app.kill();
    wait_until("each document is told", async || {
        let letters = receiver.letters();
        filed.iter().all(|id| {
            letters
                .iter()
                .any(|one| one.json()["data"]["document"] == id.as_str())
        })
    })
    .await;
    second.kill().expect("a child of ours can be killed");
    second.wait().expect("a killed child ends");
    town.app.resume();
    wait_until("each delivery is over", async || {
        let all = deliveries(&town.clerk(), &path_of(&created)).await;
        all.len() == filed.len() && all.iter().all(|one| one["status"] == "delivered")
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_switched_off_and_can_be_taken_up_again() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    receiver.answer(410);
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    let path = path_of(&created);
    town.letter("Antrag", "Antrag").await;
    wait_until("it is switched off", async || {
        town.clerk().get(&path).await.is(200).json()["state"] == "switched_off"
    })
    .await;
    let off = town.clerk().get(&path).await.is(200);
    assert_eq!(
        (&off.json()["reason"], &off.json()["active"]),
        (&json!("gone"), &json!(false))
    );
    assert_eq!(
        recorded(&town).await,
        ["webhook.create", "webhook.switch_off"]
    );
    let failed = newest_is(&town.clerk(), &path, "failed").await;
    let replay = format!(
        "{path}/deliveries/{}/replay",
        failed["id"].as_str().expect("an id")
    );
    post(&town.clerk(), &replay)
        .await
        .is_problem(409, "state-conflict");
    // Nothing is told while it is off, and what happened meanwhile is not told afterwards.
    town.letter("Ungehört", "Antrag").await;
    let on = town
        .clerk()
        .patch(&path, &off.etag(), &json!({"active": true}))
        .await
        .is(200);
    assert_eq!(
        (&on.json()["state"], &on.json()["failing"]),
        (&json!("active"), &json!(false))
    );
    let heard = id_of(&town.letter("Gehört", "Antrag").await);
    let letters = receiver.has(2).await;
    assert_eq!(letters[1].json()["data"]["document"], heard.as_str());
    post(&town.clerk(), &replay).await.is(202);
    receiver.has(3).await;
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_switched_off_with_a_record() {
    let Some(town) = town().await else { return };
    let receiver = Receiver::start().await;
    for _ in 0..3 {
        receiver.answer(503);
    }
    let created = subscribe(&town.clerk(), &receiver.url(), &["document.receive"]).await;
    let path = path_of(&created);
    town.letter("Antrag", "Antrag").await;
    wait_until("the first failure is written down", async || {
        let all = deliveries(&town.clerk(), &path).await;
        all.first().is_some_and(|one| one["attempts"] == 1)
    })
    .await;
    // Three days later: the last attempt.
    sql(&town, "UPDATE webhook_delivery SET attempts = 9").await;
    newest_is(&town.clerk(), &path, "failed").await;
    let failing = town.clerk().get(&path).await.is(200).json();
    assert_eq!(
        (&failing["failing"], &failing["state"]),
        (&json!(true), &json!("active"))
    );
    assert!(failing["failing_since"].is_string());
    // Six days later: the next failure.
    sql(
        &town,
        "UPDATE webhook_health SET first_failure_at = first_failure_at - 518400000000",
    )
    .await;
    town.letter("Antrag", "Antrag").await;
    wait_until("it is switched off", async || {
        town.clerk().get(&path).await.is(200).json()["state"] == "switched_off"
    })
    .await;
    let off = town.clerk().get(&path).await.is(200).json();
    assert_eq!(off["reason"], "failing");
    assert_eq!(
        recorded(&town).await,
        ["webhook.create", "webhook.switch_off"]
    );
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_leaves_the_others_their_places() {
    let start = open().with("PAPIERLOS_WEBHOOKS_AT_ONCE_MAX", "2");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let (silent, sound) = (Receiver::start().await, Receiver::start().await);
    silent.hold(true);
    subscribe(&town.clerk(), &silent.url(), &["document.receive"]).await;
    subscribe(&town.clerk(), &sound.url(), &["document.receive"]).await;
    let mut filed = Vec::new();
    for _ in 0..8 {
        filed.push(id_of(&town.letter("Antrag", "Antrag").await));
    }
    silent.has(1).await;
    // Each message to the silent one takes its place for twenty seconds: with both places it would keep the
    // eighth of the other waiting for longer than anybody waits here.
    let letters = sound.has(filed.len()).await;
    let told: Vec<_> = letters
        .iter()
        .map(|one| one.json()["data"]["document"].clone())
        .collect();
    for id in filed {
        assert!(told.contains(&json!(id)), "{id}: {told:?}");
    }
}

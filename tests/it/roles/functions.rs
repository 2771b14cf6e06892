//! Functions: their inbox, their holders, their roles, and who acts in their name.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, add, id_of, send};
use tests::{Answer, Client, fixtures, wait_until};

use super::giving::in_time;
use crate::records::act;

async fn create(town: &Town, code: &str) -> String {
    let new = json!({"code": code, "name": "Standesbeamtin", "department": OWN});
    let made = town.admin().post("/api/v1/functions", &new).await.is(201);
    id_of(&made)
}

async fn give(town: &Town, function: &str, new: Value) -> Answer {
    let path = format!("/api/v1/functions/{function}/holders");
    town.admin().post(&path, &new).await
}

async fn for_function(client: &Client, code: &str, path: &str) -> Answer {
    let request = client
        .request(Method::GET, path)
        .header("papierlos-on-behalf-of", format!("function:{code}"));
    client.send(request).await
}

async fn rename(client: &Client, at: &str, etag: &str, who: &str, title: &str) -> Answer {
    let request = client
        .request(Method::PATCH, at)
        .header("papierlos-on-behalf-of", who)
        .header("if-match", etag)
        .json(&json!({"title": title}));
    client.send(request).await
}

async fn delete(client: &Client, path: &str) -> Answer {
    send(client, Method::DELETE, path, &[], None).await
}

async fn total(client: &Client, path: &str) -> u64 {
    let answer = client.get(path).await.is(200).json();
    answer["total"].as_u64().expect("a number")
}

async fn account(town: &Town, login: &str) -> Value {
    let all = town.admin().get("/api/v1/accounts").await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["login"] == login);
    found.expect("an account")["id"].clone()
}

const LISTED: &str = "/api/v1/documents?count=true&inbox=function:standesbeamtin";
const SEARCHED: &str = "/api/v1/search?q=Aufgebot&inbox=function:standesbeamtin";

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_document_is_handed_to_whoever_holds_the_function() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (admin, clerk, other) = (town.admin(), town.clerk(), town.other());
    let new = json!({"code": "standesbeamtin", "name": "Standesbeamtin", "department": OWN});
    clerk.post("/api/v1/functions", &new).await.is(403);
    let function = create(&town, "standesbeamtin").await;
    admin
        .post("/api/v1/functions", &new)
        .await
        .is_problem(409, "already-exists");
    for (field, wrong) in [
        ("department", "gibt-es-nicht"),
        ("code", "Groß"),
        ("name", " "),
    ] {
        let mut body = json!({"code": "zweite", "name": "Zweite", "department": OWN});
        body[field] = json!(wrong);
        let refused = admin.post("/api/v1/functions", &body).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"));
    }
    // It is no account.
    let all = admin.get("/api/v1/accounts").await.is(200).text();
    assert!(!all.contains(&function), "{all}");
    admin
        .get(&format!("/api/v1/accounts/{function}"))
        .await
        .is(404);
    // Handed on, in its own department only.
    let letter = town.letter("Aufgebot", "Aufgebot").await;
    let at = format!("/api/v1/documents/{}", id_of(&letter));
    let route = format!("{at}/route");
    for (department, inbox) in [
        (OTHER, "function:standesbeamtin"),
        (OWN, "function:gibt-es-nicht"),
    ] {
        let to = json!({"department": department, "inbox": inbox});
        let refused = act(&clerk, &route, &letter.etag(), &to).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], "/inbox");
    }
    let to = json!({"department": OWN, "inbox": "function:standesbeamtin"});
    let handed = act(&clerk, &route, &letter.etag(), &to).await.is(200);
    assert_eq!(handed.json()["inbox"], function);
    town.settle().await;
    assert_eq!(
        (total(&clerk, LISTED).await, total(&clerk, SEARCHED).await),
        (1, 1)
    );
    assert_eq!(
        total(&clerk, "/api/v1/documents?count=true&inbox=me").await,
        0
    );
    for wrong in ["function:gibt-es-nicht", "unbekannt"] {
        for list in ["/api/v1/documents?", "/api/v1/search?q=a&"] {
            let path = format!("{list}inbox={wrong}");
            let refused = clerk.get(&path).await;
            let refused = refused.is_problem(400, "query-invalid").json();
            assert_eq!(refused["errors"][0]["parameter"], "inbox", "{path}");
        }
    }
    // Whoever holds it has what it carries, for that time.
    let roles = format!("/api/v1/accounts/{function}/role-grants");
    admin
        .post(&roles, &json!({"role": "clerk", "department": OWN}))
        .await
        .is(201);
    for role in ["admin", "integrator"] {
        let new = match role {
            "admin" => json!({"role": role}),
            _ => json!({"role": role, "department": OWN}),
        };
        let refused = admin.post(&roles, &new).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["code"], "not-for-functions");
    }
    other.get(&at).await.is(404);
    assert_eq!(
        (total(&other, LISTED).await, total(&other, SEARCHED).await),
        (0, 0)
    );
    let short = json!({"account": "k.sommer", "valid_until": in_time(15)});
    give(&town, &function, short).await.is(201);
    other.get(&at).await.is(200);
    assert_eq!(
        (total(&other, LISTED).await, total(&other, SEARCHED).await),
        (1, 1)
    );
    let held = other.get("/api/v1/functions").await.is(200).json();
    assert_eq!(held["items"][0]["held"], true, "{held}");
    // Who holds it is told in the list to whoever may ask for its holders, in the same words.
    let holders = format!("/api/v1/functions/{function}/holders");
    let asked = other.get(&holders).await.is(200).json();
    assert_eq!(
        asked["items"][0]["account"],
        account(&town, "k.sommer").await
    );
    let one = create(&town, "zweite").await;
    for (client, knows) in [(&other, false), (&admin, true), (&town.auditor(), true)] {
        let listed = client.get("/api/v1/functions").await.is(200).json();
        assert_eq!(listed["items"][0]["holders"], asked["items"], "{listed}");
        assert_eq!(listed["items"][1]["id"], one, "{listed}");
        let nobody = if knows { json!([]) } else { Value::Null };
        assert_eq!(listed["items"][1]["holders"], nobody, "{listed}");
    }
    let listed = clerk.get("/api/v1/functions").await.is(200).json();
    assert!(listed["items"][0].get("holders").is_none(), "{listed}");
    wait_until("the function is over", async || {
        other.get(&at).await.status == 404
    })
    .await;
    let held = other.get("/api/v1/functions").await.is(200).json();
    assert_eq!(held["items"][0]["held"], false, "{held}");
    let over = admin.get("/api/v1/functions").await.is(200).json();
    assert_eq!(over["items"][0]["holders"], json!([]), "{over}");
    let verified = town.app.command(&["verify"]).await;
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{said}");
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_holder_and_his_deputy_act_and_the_record_names_the_function() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (admin, other) = (town.admin(), town.other());
    let function = create(&town, "standesbeamtin").await;
    let roles = format!("/api/v1/accounts/{function}/role-grants");
    let role = json!({"role": "clerk", "department": OWN});
    admin.post(&roles, &role).await.is(201);
    let letter = town.letter("Aufgebot", "Aufgebot").await;
    let at = format!("/api/v1/documents/{}", id_of(&letter));
    let to = json!({"department": OWN, "inbox": "function:standesbeamtin"});
    let path = format!("{at}/route");
    act(&town.clerk(), &path, &letter.etag(), &to).await.is(200);
    // Nobody acts in the name of what he does not hold, whether it is there or not.
    for code in ["standesbeamtin", "gibt-es-nicht"] {
        for_function(&other, code, &at)
            .await
            .is_problem(403, "forbidden");
    }
    let given = give(&town, &function, json!({"account": "k.sommer"}))
        .await
        .is(201);
    give(&town, &function, json!({"account": "k.sommer"}))
        .await
        .is_problem(409, "already-exists");
    let holders = format!("/api/v1/functions/{function}/holders");
    other.get(&holders).await.is(200);
    town.clerk().get(&holders).await.is(403);
    let seen = for_function(&other, "standesbeamtin", &at).await.is(200);
    let mine = "/api/v1/documents?count=true&inbox=me";
    let mine = for_function(&other, "standesbeamtin", mine).await.is(200);
    assert_eq!(mine.json()["total"], 1);
    let changed = rename(
        &other,
        &at,
        &seen.etag(),
        "function:standesbeamtin",
        "Aufgebot 2",
    )
    .await
    .is(200);
    let record = town.record_of(&changed).await;
    assert_eq!(record["actor"], account(&town, "k.sommer").await);
    assert_eq!(record["obo"], function);
    // In its name one has what it carries and nothing else.
    let new = json!({"title": "Rechnung", "department": OTHER});
    let own = other
        .file("r.pdf", &fixtures::unique_pdf("Rechnung"), &new)
        .await
        .is(201);
    let own = format!("/api/v1/documents/{}", id_of(&own));
    other.get(&own).await.is(200);
    for_function(&other, "standesbeamtin", &own).await.is(404);
    // Whoever stands in for the holder.
    let deputy = add(&town.app, "v.ertreter", "clerk", Some(OTHER)).await;
    let deputy = town.app.with_token(&deputy);
    deputy.get(&at).await.is(404);
    let new = json!({"deputy": "v.ertreter", "valid_until": in_time(86_400)});
    other.post("/api/v1/deputations", &new).await.is(201);
    let now = town.clerk().get(&at).await.is(200).etag();
    let changed = rename(&deputy, &at, &now, "k.sommer", "Aufgebot 3")
        .await
        .is(200);
    let record = town.record_of(&changed).await;
    assert_eq!(record["obo"], account(&town, "k.sommer").await);
    rename(
        &deputy,
        &at,
        &changed.etag(),
        "function:standesbeamtin",
        "Aufgebot 4",
    )
    .await
    .is_problem(403, "forbidden");
    // Taken away, from the next request on.
    let holder = format!("/api/v1/function-holders/{}", id_of(&given));
    delete(&other, &holder).await.is(403);
    delete(&admin, &holder).await.is(204);
    other.get(&at).await.is(404);
    for_function(&other, "standesbeamtin", &at).await.is(403);
    delete(&admin, &holder).await.is_problem(404, "not-found");
    // What ends is held by nobody, and nothing is handed to it; its short name stays its own.
    give(&town, &function, json!({"account": "k.sommer"}))
        .await
        .is(201);
    other.get(&at).await.is(200);
    delete(&admin, &format!("/api/v1/functions/{function}"))
        .await
        .is(204);
    other.get(&at).await.is(404);
    let none = other.get("/api/v1/functions").await.is(200).json();
    assert_eq!(none["items"], json!([]));
    give(&town, &function, json!({"account": "k.sommer"}))
        .await
        .is(404);
    let again = json!({"code": "standesbeamtin", "name": "Neu", "department": OWN});
    admin
        .post("/api/v1/functions", &again)
        .await
        .is_problem(409, "already-exists");
    town.clerk().get(&at).await.is(200);
}

#[tokio::test]
async fn what_lies_with_a_function_that_ended_is_handed_on_by_its_department() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (admin, clerk, other) = (town.admin(), town.clerk(), town.other());
    let function = create(&town, "standesbeamtin").await;
    let letter = town.letter("Aufgebot", "Aufgebot").await;
    let id = id_of(&letter);
    let route = format!("/api/v1/documents/{id}/route");
    let to = json!({"department": OWN, "inbox": "function:standesbeamtin"});
    let handed = act(&clerk, &route, &letter.etag(), &to).await.is(200);
    // While the function stands, it is the function's.
    let units = "/api/v1/documents?count=true&inbox=units";
    assert_eq!(total(&clerk, units).await, 0);
    let ended = format!("/api/v1/functions/{function}");
    delete(&admin, &ended).await.is(204);
    admin.get(&format!("{ended}/holders")).await.is(404);
    let listed = clerk.get(units).await.is(200).json();
    assert_eq!(listed["total"], 1, "{listed}");
    assert_eq!(listed["items"][0]["id"], id);
    assert_eq!(listed["items"][0]["inbox"], function, "it stays there");
    assert_eq!(total(&other, units).await, 0);
    // Searches find it there too, and whoever asks by its name finds what still lies there.
    town.settle().await;
    let searched = "/api/v1/search?q=Aufgebot&inbox=units";
    for path in [searched, LISTED, SEARCHED] {
        assert_eq!(total(&clerk, path).await, 1, "{path}");
        assert_eq!(total(&other, path).await, 0, "{path}");
    }
    for (state, count) in [("incoming", 1), ("discarded", 0), ("registered", 0)] {
        let path = format!("{searched}&state={state}");
        assert_eq!(total(&clerk, &path).await, count, "{path}");
    }
    clerk
        .get("/api/v1/documents?inbox=function:niemand")
        .await
        .is_problem(400, "query-invalid");
    // Handed on to a person it is that person's.
    let to = json!({"department": OWN, "inbox": "m.brandt"});
    act(&clerk, &route, &handed.etag(), &to).await.is(200);
    assert_eq!(total(&clerk, units).await, 0);
    let mine = "/api/v1/documents?count=true&inbox=me";
    assert_eq!(total(&clerk, mine).await, 1);
}

#[tokio::test]
async fn what_lies_with_somebody_who_was_switched_off_is_found_by_his_department() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (admin, clerk, other) = (town.admin(), town.clerk(), town.other());
    add(&town.app, "v.ormals", "clerk", Some(OWN)).await;
    let letter = town.letter("Aufgebot", "Aufgebot").await;
    let route = format!("/api/v1/documents/{}/route", id_of(&letter));
    let to = json!({"department": OWN, "inbox": "v.ormals"});
    act(&clerk, &route, &letter.etag(), &to).await.is(200);
    town.settle().await;
    let (listed, searched) = (
        "/api/v1/documents?count=true&inbox=units",
        "/api/v1/search?q=Aufgebot&inbox=units",
    );
    let id = account(&town, "v.ormals").await;
    let path = format!("/api/v1/accounts/{}", id.as_str().expect("an id"));
    for (disabled, count) in [(false, 0), (true, 1), (false, 0)] {
        let now = admin.get(&path).await.is(200);
        if now.json()["disabled"] != disabled {
            let wanted = json!({"disabled": disabled});
            admin.patch(&path, &now.etag(), &wanted).await.is(200);
        }
        assert_eq!(total(&clerk, listed).await, count, "{disabled}");
        assert_eq!(total(&clerk, searched).await, count, "{disabled}");
        assert_eq!(total(&other, listed).await, 0);
        assert_eq!(total(&other, searched).await, 0);
    }
}

#[tokio::test]
async fn an_application_acts_for_a_function_and_gets_nothing_by_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let function = create(&town, "standesbeamtin").await;
    let roles = format!("/api/v1/accounts/{function}/role-grants");
    let role = json!({"role": "clerk", "department": OWN});
    town.admin().post(&roles, &role).await.is(201);
    let application = add(&town.app, "f.verfahren", "integrator", Some(OTHER)).await;
    let application = town.app.with_token(&application);
    give(&town, &function, json!({"account": "f.verfahren"}))
        .await
        .is(201);
    let letter = town.letter("Aufgebot", "Aufgebot").await;
    let at = format!("/api/v1/documents/{}", id_of(&letter));
    application.get(&at).await.is(404);
    for_function(&application, "standesbeamtin", &at)
        .await
        .is(404);
    let own = json!({"title": "Kassenzeichen"});
    let own = application
        .file("k.pdf", &fixtures::unique_pdf("Kasse"), &own)
        .await
        .is(201);
    let at = format!("/api/v1/documents/{}", id_of(&own));
    let who = "function:standesbeamtin";
    let changed = rename(&application, &at, &own.etag(), who, "Kassenzeichen 2")
        .await
        .is(200);
    let record = town.record_of(&changed).await;
    assert_eq!(record["actor"], account(&town, "f.verfahren").await);
    assert_eq!(record["obo"], function);
    assert_eq!(record["role"], "integrator");
}

#[tokio::test]
async fn a_function_takes_two_people_where_a_role_does() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let second = add(&town.app, "chefin", "admin", None).await;
    let function = create(&town, "standesbeamtin").await;
    let roles = format!("/api/v1/accounts/{function}/role-grants");
    let role = json!({"role": "clerk", "department": OWN});
    town.admin().post(&roles, &role).await.is(201);
    town.app.set("PAPIERLOS_RIGHTS_ROLE_GRANTS_BY_TWO", "true");
    assert!(town.app.stop().success());
    town.app.resume();
    let second = town.app.with_token(&second);
    let (admin, other) = (town.admin(), town.other());
    let letter = town.letter("Aufgebot", "Aufgebot").await;
    let at = format!("/api/v1/documents/{}", id_of(&letter));
    let asked = give(&town, &function, json!({"account": "k.sommer"}))
        .await
        .is(201);
    assert_eq!(asked.json()["standing"], "waiting");
    other.get(&at).await.is(404);
    for_function(&other, "standesbeamtin", &at).await.is(403);
    let approve = format!("/api/v1/function-holders/{}/approve", id_of(&asked));
    for client in [&admin, &other] {
        send(client, Method::POST, &approve, &[], None)
            .await
            .is(403);
    }
    let approved = send(&second, Method::POST, &approve, &[], None)
        .await
        .is(200);
    assert_eq!(approved.json()["standing"], "in_force");
    other.get(&at).await.is(200);
    send(&second, Method::POST, &approve, &[], None)
        .await
        .is_problem(409, "conflict");
}

//! Roles for a time, and roles that take two people.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, add, id_of, send};
use tests::{Answer, Client, wait_until};

pub(super) fn in_time(seconds: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let format = &time::format_description::well_known::Rfc3339;
    at.format(format).expect("a time")
}

/// The account with this login.
async fn account(town: &Town, login: &str) -> Value {
    let all = town.admin().get("/api/v1/accounts").await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["login"] == login);
    found.expect("an account")
}

async fn grants_of(town: &Town, login: &str) -> String {
    let one = account(town, login).await;
    let id = one["id"].as_str().expect("an id");
    format!("/api/v1/accounts/{id}/role-grants")
}

async fn post(client: &Client, path: &str) -> Answer {
    send(client, Method::POST, path, &[], None).await
}

async fn delete(client: &Client, path: &str) -> Answer {
    send(client, Method::DELETE, path, &[], None).await
}

async fn standings(client: &Client, path: &str) -> Vec<String> {
    let all = client.get(path).await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value| one["standing"].as_str().unwrap_or_default().to_owned();
    all.iter().map(text).collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_role_begins_and_ends_by_the_clock_and_can_be_ended_before() {
    let Some(town) = Town::start().await else {
        return;
    };
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let at = format!("/api/v1/documents/{id}");
    let (admin, other) = (town.admin(), town.other());
    let path = grants_of(&town, "k.sommer").await;
    let role = |from: Option<String>, until: Option<String>| {
        let mut new = json!({"role": "clerk", "department": OWN, "reason": "Aushilfe"});
        if let Some(from) = from {
            new["valid_from"] = json!(from);
        }
        if let Some(until) = until {
            new["valid_until"] = json!(until);
        }
        new
    };
    // What cannot be.
    for (body, pointer) in [
        (role(None, Some(in_time(-5))), "/valid_until"),
        (role(Some(in_time(60)), Some(in_time(30))), "/valid_until"),
        (role(Some("morgen".to_owned()), None), "/valid_from"),
        (
            json!({"role": "clerk", "department": "gibt-es-nicht"}),
            "/department",
        ),
        (json!({"role": "clerk"}), "/department"),
        (json!({"role": "auditor", "reason": " "}), "/reason"),
    ] {
        let refused = admin.post(&path, &body).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    other.post(&path, &role(None, None)).await.is(403);
    town.clerk().get(&path).await.is(403);
    // Later, and then by the clock.
    let later = admin.post(&path, &role(Some(in_time(86_400)), None)).await;
    let later = later.is(201);
    assert_eq!(later.json()["standing"], "upcoming");
    assert_eq!(town.record_of(&later).await["action"], "role.grant");
    other.get(&at).await.is(404);
    // The same role for a time in which it would hold twice is refused, before it is not.
    admin
        .post(&path, &role(None, None))
        .await
        .is_problem(409, "already-exists");
    let short = admin.post(&path, &role(None, Some(in_time(15)))).await;
    let short = short.is(201);
    assert_eq!(short.json()["standing"], "in_force");
    other.get(&at).await.is(200);
    assert_eq!(
        standings(&other, &path).await,
        ["in_force", "upcoming", "in_force"]
    );
    wait_until("the role is over", async || {
        other.get(&at).await.status == 404
    })
    .await;
    assert_eq!(
        standings(&town.auditor(), &path).await,
        ["in_force", "upcoming", "over"]
    );
    let over = format!("/api/v1/role-grants/{}", id_of(&short));
    delete(&admin, &over).await.is_problem(409, "conflict");
    // What is over is no role of the account any more; what is to come is one.
    let shown = account(&town, "k.sommer").await;
    let shown = shown["roles"].as_array().expect("roles");
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().any(|one| one["valid_from"].is_string()));
    // Setting the roles that are shown changes nothing, setting fewer ends what is to come.
    let one = account(&town, "k.sommer").await;
    let set = format!(
        "/api/v1/accounts/{}/roles",
        one["id"].as_str().expect("an id")
    );
    let etag = format!("\"v{}\"", one["version"]);
    let put = async |roles: Value| {
        let headers = [("if-match", etag.as_str())];
        send(
            &admin,
            Method::PUT,
            &set,
            &headers,
            Some(&json!({"roles": roles})),
        )
        .await
    };
    let same = put(one["roles"].clone()).await.is(200);
    assert_eq!(same.etag(), etag, "nothing has changed");
    let fewer = json!([{"role": "clerk", "department": OTHER}]);
    let left = put(fewer).await.is(200).json();
    assert_eq!(left["roles"].as_array().map(Vec::len), Some(1), "{left}");
    // Ended before its time.
    let new = role(None, Some(in_time(86_400)));
    let given = admin.post(&path, &new).await.is(201);
    other.get(&at).await.is(200);
    let one = format!("/api/v1/role-grants/{}", id_of(&given));
    delete(&other, &one).await.is(403);
    let ended = delete(&admin, &one).await.is(204);
    assert_eq!(town.record_of(&ended).await["action"], "role.revoke");
    other.get(&at).await.is(404);
    delete(&admin, &one).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn an_application_never_administers() {
    let Some(town) = Town::start().await else {
        return;
    };
    add(&town.app, "f.verfahren", "integrator", Some(OWN)).await;
    let path = grants_of(&town, "f.verfahren").await;
    let refused = town.admin().post(&path, &json!({"role": "admin"})).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "not-together");
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn where_it_takes_two_nobody_gives_a_role_alone() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let second = add(&town.app, "chefin", "admin", None).await;
    town.app.set("PAPIERLOS_RIGHTS_ROLE_GRANTS_BY_TWO", "true");
    assert!(town.app.stop().success());
    town.app.resume();
    let second = town.app.with_token(&second);
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let at = format!("/api/v1/documents/{id}");
    let (admin, other) = (town.admin(), town.other());
    let path = grants_of(&town, "k.sommer").await;
    let new = json!({"role": "clerk", "department": OWN, "reason": "Versetzung"});
    let asked = admin.post(&path, &new).await.is(201);
    assert_eq!(asked.json()["standing"], "waiting");
    assert_eq!(town.record_of(&asked).await["action"], "role.propose");
    other.get(&at).await.is_problem(404, "not-found");
    admin
        .post(&path, &new)
        .await
        .is_problem(409, "already-exists");
    let shown = account(&town, "k.sommer").await;
    assert_eq!(shown["roles"][1]["waiting"], true, "{shown}");
    // It is found by whoever may approve it, and approved by nobody else.
    assert_eq!(standings(&second, "/api/v1/role-grants").await, ["waiting"]);
    other.get("/api/v1/role-grants").await.is(403);
    let grant = format!("/api/v1/role-grants/{}", id_of(&asked));
    let approve = format!("{grant}/approve");
    post(&other, &approve).await.is_problem(403, "forbidden");
    post(&admin, &approve).await.is_problem(403, "forbidden");
    let approved = post(&second, &approve).await.is(200);
    assert_eq!(approved.json()["standing"], "in_force");
    assert_eq!(town.record_of(&approved).await["action"], "role.approve");
    other.get(&at).await.is(200);
    post(&second, &approve).await.is_problem(409, "conflict");
    assert_eq!(standings(&second, "/api/v1/role-grants").await.len(), 0);
    // Nobody approves what is for oneself, whoever asked for it.
    let own = grants_of(&town, "chefin").await;
    let auditor = admin.post(&own, &json!({"role": "auditor"})).await.is(201);
    let auditor = format!("/api/v1/role-grants/{}", id_of(&auditor));
    post(&second, &format!("{auditor}/approve"))
        .await
        .is_problem(403, "forbidden");
    // Turning down takes one, taking away too.
    delete(&second, &auditor).await.is(204);
    delete(&admin, &grant).await.is(204);
    other.get(&at).await.is(404);
    // Setting roles and new accounts go the same way.
    let one = account(&town, "k.sommer").await;
    let set = format!(
        "/api/v1/accounts/{}/roles",
        one["id"].as_str().expect("an id")
    );
    let etag = format!("\"v{}\"", one["version"]);
    let headers = [("if-match", etag.as_str())];
    let roles = json!({"roles": [{"role": "clerk", "department": OWN}]});
    let set = send(&admin, Method::PUT, &set, &headers, Some(&roles)).await;
    assert_eq!(set.is(200).json()["roles"][0]["waiting"], true);
    let list = other.get("/api/v1/documents?count=true").await.is(200);
    assert_eq!(
        list.json()["total"],
        0,
        "the old role is gone, the new one waits"
    );
    let new = json!({"login": "n.neu", "name": "N. Neu", "roles": [{"role": "auditor"}]});
    let made = admin.post("/api/v1/accounts", &new).await.is(201).json();
    assert_eq!(made["roles"][0]["waiting"], true, "{made}");
    // From the machine it waits too; `check` names what holds without a second person.
    let said = command(&town, &["user", "grant", "n.neu", "--role", "admin"]).await;
    assert!(
        said.ends_with(
            "die Rolle wartet auf die Freigabe durch eine zweite Person der Administration\n"
        ),
        "{said}"
    );
    let said = command(&town, &["user", "roles", "n.neu"]).await;
    assert_eq!(
        said.lines()
            .filter(|line| line.contains(" wartet "))
            .count(),
        2,
        "{said}"
    );
    let named = by_one(&town).await;
    for login in ["chef", "chefin", "m.brandt", "r.pruefer"] {
        let id = account(&town, login).await["id"].clone();
        let id = id.as_str().expect("an id").to_owned();
        assert!(
            named.iter().any(|line| line.ends_with(&id)),
            "{login}: {named:?}"
        );
    }
    assert_eq!(named.len(), 4, "what waits does not hold: {named:?}");
    // Confirming mends it.
    let brandt = grants_of(&town, "m.brandt").await;
    let brandt = second.get(&brandt).await.is(200).json()["items"][0]["id"].clone();
    let approve = format!(
        "/api/v1/role-grants/{}/approve",
        brandt.as_str().expect("an id")
    );
    post(&second, &approve).await.is(200);
    assert_eq!(by_one(&town).await.len(), 3);
    let until = in_time(86_400);
    let alone = [
        "user", "grant", "n.neu", "--role", "archive", "--until", &until, "--alone",
    ];
    let said = command(&town, &alone).await;
    let id = said.lines().next().expect("an id").to_owned();
    assert_eq!(by_one(&town).await.len(), 4);
    command(&town, &["user", "end-role", &id]).await;
    assert_eq!(by_one(&town).await.len(), 3);
}

async fn command(town: &Town, arguments: &[&str]) -> String {
    let output = town.app.command(arguments).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The roles that `check` names.
async fn by_one(town: &Town) -> Vec<String> {
    let output = town.app.command(&["check", "--json"]).await;
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let all = found["findings"].as_array().cloned().unwrap_or_default();
    let ours = all.iter().filter(|one| one["code"] == "role-by-one");
    let text = |one: &Value| one["what"].as_str().unwrap_or_default().to_owned();
    ours.map(text).collect()
}

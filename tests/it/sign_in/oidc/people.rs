//! Who comes, what they are here, and what they may.

use reqwest::Method;
use serde_json::{Value, json};
use tests::provider::{Provider, signed};
use tests::town::{OWN, Town, send};

use super::{Begun, MADE, actions, by, enters, next, roles, town_with};
use crate::sign_in::attempts::account;

#[tokio::test]
async fn somebody_comes_with_the_account_of_the_town_and_has_what_the_groups_mean() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let ways = town.app.anonymous().get("/api/v1/sign-in").await;
    assert_eq!(ways.is(200).json()["provider"], "/oidc/start");
    let before = next(&town).await;
    let both = json!({"groups": ["archiv", "sonst", "CN=Revision,OU=Gruppen"]});
    let cookie = enters(&town, &provider, "n.neu", &both).await;
    let made = actions(&town, before).await;
    for action in ["account.create", "role.grant", "token.issue"] {
        assert!(made.iter().any(|one| one == action), "{action} in {made:?}");
    }
    let me = by(&town, &cookie, "/api/v1/me").await.is(200).json();
    assert_eq!(me["name"], "Person des Anbieters");
    assert_eq!(me["has_password"], false);
    assert_eq!(me["identity"]["subject"], "sub-n.neu");
    assert_eq!(roles(&town, &cookie).await, ["clerk", "auditor"]);
    let here = by(&town, &cookie, "/api/v1/session").await.is(200).json();
    assert_eq!(here["session"]["by_provider"], true);
    // Nobody signs in to that account with a password.
    let guess = json!({"login": "n.neu", "password": "Person des Anbieters"});
    let refused = town.app.anonymous().post("/api/v1/sessions", &guess).await;
    refused.is(401);
    // What an administrator gives is not the provider's to take.
    let id = account(&town, "n.neu").await;
    let path = format!("/api/v1/accounts/{id}/role-grants");
    let given = json!({"role": "archive", "reason": "Vertretung"});
    town.admin().post(&path, &given).await.is(201);
    // No word of groups: all stays. An empty list: what came of them ends.
    let again = enters(&town, &provider, "n.neu", &json!({})).await;
    assert_eq!(roles(&town, &again).await, ["clerk", "auditor", "archive"]);
    let again = enters(&town, &provider, "n.neu", &json!({"groups": null})).await;
    assert_eq!(roles(&town, &again).await.len(), 3);
    let one = json!({"groups": ["archiv"]});
    let again = enters(&town, &provider, "n.neu", &one).await;
    assert_eq!(roles(&town, &again).await, ["clerk", "archive"]);
    let again = enters(&town, &provider, "n.neu", &json!({"groups": []})).await;
    assert_eq!(roles(&town, &again).await, ["archive"]);
    let listed = town.admin().get(&path).await.is(200).json();
    assert_eq!(listed["items"][0]["from_provider"], false, "{listed}");
    let accounts = town.admin().get("/api/v1/accounts").await.is(200).json();
    let known = accounts["items"].as_array().expect("accounts").iter();
    assert_eq!(known.filter(|one| one["login"] == "n.neu").count(), 1);
    let verified = town.app.command(&["verify", "--json"]).await;
    let verdict = crate::at_rest::verdict(&verified);
    assert!(verdict.codes.is_empty(), "{:?}", verdict.codes);
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_name_is_no_proof_and_an_administrator_says_who_it_is() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let taken = "gehört hier schon einem anderen Konto";
    let begun = Begun::at(&town, &provider).await;
    let groups = json!(["archiv"]);
    let mut claims = begun.claims("k.sommer");
    claims["groups"] = groups.clone();
    let page = begun.with(signed(&claims)).await;
    page.refuses(403, taken);
    page.refuses(403, "sub-k.sommer");
    for unfit in [json!("Ä Ö"), json!("function:kasse"), json!(7), json!(null)] {
        let begun = Begun::at(&town, &provider).await;
        let mut claims = begun.claims("k.sommer");
        claims["preferred_username"] = unfit;
        let page = begun.with(signed(&claims)).await;
        page.refuses(403, "nennt keinen Anmeldenamen");
        page.refuses(403, "sub-k.sommer");
    }
    // Deliberately, by an administrator and by nobody else.
    let id = account(&town, "k.sommer").await;
    let at = format!("/api/v1/accounts/{id}");
    let identity = json!({"issuer": provider.issuer(), "subject": "sub-k.sommer"});
    let path = format!("{at}/identity");
    let etag = town.admin().get(&at).await.is(200).etag();
    let headers = [("if-match", etag.as_str())];
    for client in [town.clerk(), town.other(), town.auditor()] {
        send(&client, Method::PUT, &path, &headers, Some(&identity))
            .await
            .is_problem(403, "forbidden");
    }
    let linked = send(&town.admin(), Method::PUT, &path, &headers, Some(&identity)).await;
    let linked = linked.is(200);
    assert_eq!(town.record_of(&linked).await["action"], "account.link");
    // Who is linked already is not linked again: no version, no record.
    let etag = linked.etag();
    let again = [("if-match", etag.as_str())];
    let same = send(&town.admin(), Method::PUT, &path, &again, Some(&identity)).await;
    let same = same.is(200);
    assert_eq!((same.etag(), same.json()), (linked.etag(), linked.json()));
    assert_eq!(same.header("papierlos-log-seq"), None);
    let links = async || {
        let records = town.records(0).await;
        let links = records
            .iter()
            .filter(|(_, _, record)| record["action"] == "account.link");
        links.count()
    };
    assert_eq!(links().await, 1);
    let cookie = enters(&town, &provider, "k.sommer", &json!({"groups": groups})).await;
    assert!(roles(&town, &cookie).await.contains(&"clerk".to_owned()));
    // Whoever is somebody else there does not come in by the same name.
    let begun = Begun::at(&town, &provider).await;
    let mut claims = begun.claims("k.sommer");
    claims["sub"] = json!("sub-another");
    begun.with(signed(&claims)).await.refuses(403, taken);
    // An identity belongs to one account.
    let clerk = account(&town, "m.brandt").await;
    let at_clerk = format!("/api/v1/accounts/{clerk}");
    let etag = town.admin().get(&at_clerk).await.is(200).etag();
    let headers = [("if-match", etag.as_str())];
    let twice = format!("{at_clerk}/identity");
    send(
        &town.admin(),
        Method::PUT,
        &twice,
        &headers,
        Some(&identity),
    )
    .await
    .is_problem(409, "already-exists");
    // What came of it ends with it.
    let etag = town.admin().get(&at).await.is(200).etag();
    let headers = [("if-match", etag.as_str())];
    let parted = send(&town.admin(), Method::DELETE, &path, &headers, None).await;
    parted.is(200);
    by(&town, &cookie, "/api/v1/me").await.is(401);
    let listed = town
        .admin()
        .get(&format!("{at}/role-grants"))
        .await
        .is(200)
        .json();
    let listed = listed["items"].as_array().cloned().unwrap_or_default();
    assert!(listed.iter().all(|one| one["from_provider"] == false));
    let begun = Begun::at(&town, &provider).await;
    begun
        .with(signed(&begun.claims("k.sommer")))
        .await
        .refuses(403, taken);
    // From the machine itself.
    let linked = ["user", "link", "k.sommer", "--subject", "sub-k.sommer"];
    for _ in 0..2 {
        let done = town.app.command(&linked).await;
        assert!(done.status.success(), "{done:?}");
        assert_eq!(links().await, 2);
    }
    let cookie = enters(&town, &provider, "k.sommer", &json!({})).await;
    let done = town.app.command(&["user", "unlink", "k.sommer"]).await;
    assert!(done.status.success(), "{done:?}");
    by(&town, &cookie, "/api/v1/me").await.is(401);
}

#[tokio::test]
async fn where_the_settings_say_so_a_name_is_enough_but_not_to_administer() {
    let provider = Provider::start().await;
    let more = [("LINK_BY_LOGIN", "true")];
    let Some(town) = town_with(&provider, &more).await else {
        return;
    };
    let cookie = enters(&town, &provider, "k.sommer", &json!({})).await;
    let me = by(&town, &cookie, "/api/v1/me").await.is(200).json();
    assert_eq!(me["identity"]["subject"], "sub-k.sommer");
    let login = town.admin().get("/api/v1/me").await.is(200).json()["login"].clone();
    let login = login.as_str().expect("a login");
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims(login))).await;
    page.refuses(403, "gehört hier schon einem anderen Konto");
    // Whoever has no account gets none here.
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims("n.neu"))).await;
    page.refuses(403, "noch kein Konto");
    // Whoever is switched off stays so.
    let id = account(&town, "k.sommer").await;
    let at = format!("/api/v1/accounts/{id}");
    let etag = town.admin().get(&at).await.is(200).etag();
    let off = json!({"disabled": true});
    town.admin().patch(&at, &etag, &off).await.is(200);
    by(&town, &cookie, "/api/v1/me").await.is(401);
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims("k.sommer"))).await;
    page.refuses(403, "ist abgeschaltet");
}

#[tokio::test]
async fn where_it_takes_two_a_role_of_the_provider_waits_for_an_administrator() {
    let provider = Provider::start().await;
    let Some(mut town) = town_with(&provider, &MADE).await else {
        return;
    };
    town.app.stop();
    town.app.set("PAPIERLOS_RIGHTS_ROLE_GRANTS_BY_TWO", "true");
    town.app.resume();
    let groups = json!({"groups": ["archiv"]});
    let cookie = enters(&town, &provider, "n.neu", &groups).await;
    let waiting = town.admin().get("/api/v1/role-grants").await.is(200).json();
    let one = waiting["items"][0].clone();
    assert_eq!(one["from_provider"], true, "{waiting}");
    let may_file = async || {
        let listed = by(&town, &cookie, "/api/v1/departments").await.is(200);
        listed.json()["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(may_file().await, 0, "nothing holds yet");
    // It is asked for once, not at each time that somebody comes.
    enters(&town, &provider, "n.neu", &groups).await;
    let waiting = town.admin().get("/api/v1/role-grants").await.is(200).json();
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1));
    let id = one["id"].as_str().expect("an id");
    let path = format!("/api/v1/role-grants/{id}/approve");
    send(&town.admin(), Method::POST, &path, &[], None)
        .await
        .is(200);
    assert_eq!(may_file().await, 1);
}

/// The roles of this account that came of the provider.
async fn from_provider(town: &Town, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/accounts/{id}/role-grants");
    let listed = town.admin().get(&path).await.is(200).json();
    let mut listed = listed["items"].as_array().cloned().unwrap_or_default();
    listed.retain(|one| one["from_provider"] == true);
    listed
}

#[tokio::test]
async fn whoever_is_linked_with_another_person_keeps_nothing_of_the_one_before() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let id = account(&town, "k.sommer").await;
    let at = format!("/api/v1/accounts/{id}");
    let link = async |subject: &str| {
        let etag = town.admin().get(&at).await.is(200).etag();
        let identity = json!({"issuer": provider.issuer(), "subject": subject});
        let headers = [("if-match", etag.as_str())];
        let path = format!("{at}/identity");
        let linked = send(&town.admin(), Method::PUT, &path, &headers, Some(&identity)).await;
        linked.is(200);
    };
    link("sub-k.sommer").await;
    let groups = json!({"groups": ["CN=Revision,OU=Gruppen"]});
    let cookie = enters(&town, &provider, "k.sommer", &groups).await;
    assert_eq!(from_provider(&town, &id).await.len(), 1);
    // The same once more is the same person.
    link("sub-k.sommer").await;
    by(&town, &cookie, "/api/v1/me").await.is(200);
    assert_eq!(from_provider(&town, &id).await.len(), 1);
    link("sub-another").await;
    by(&town, &cookie, "/api/v1/me").await.is(401);
    assert_eq!(from_provider(&town, &id).await.len(), 0);
}

#[tokio::test]
async fn the_session_that_a_browser_had_ends_when_it_comes_from_the_provider() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let first = enters(&town, &provider, "n.neu", &json!({})).await;
    let elsewhere = enters(&town, &provider, "n.neu", &json!({})).await;
    let begun = Begun::with_cookie(&town, &provider, &first).await;
    by(&town, &first, "/api/v1/me").await.is(200);
    let page = begun.with(signed(&begun.claims("o.neu"))).await;
    assert_eq!(page.status, 303, "{}", page.text);
    by(&town, page.session(), "/api/v1/me").await.is(200);
    by(&town, &first, "/api/v1/me").await.is(401);
    by(&town, &elsewhere, "/api/v1/me").await.is(200);
}

#[tokio::test]
async fn a_group_gives_admin_where_that_is_said_and_the_rules_of_roles_hold() {
    let provider = Provider::start().await;
    let meant = format!("leitung=admin; fach=integrator@{OWN}; revision=auditor");
    let more = [
        ("CREATE_ACCOUNTS", "true"),
        ("LINK_BY_LOGIN", "true"),
        ("MAY_GIVE_ADMIN", "true"),
        ("ROLES", meant.as_str()),
    ];
    let Some(town) = town_with(&provider, &more).await else {
        return;
    };
    let groups = |all: &[&str]| json!({"groups": all});
    let cookie = enters(&town, &provider, "n.neu", &groups(&["revision"])).await;
    assert_eq!(roles(&town, &cookie).await, ["auditor"]);
    let cookie = enters(&town, &provider, "n.neu", &groups(&["leitung"])).await;
    assert_eq!(roles(&town, &cookie).await, ["admin"]);
    // What must not be together is not given, and keeps nobody out.
    let both = groups(&["leitung", "fach"]);
    let cookie = enters(&town, &provider, "n.neu", &both).await;
    assert_eq!(roles(&town, &cookie).await, ["admin"]);
    // With that setting an administrator is linked by a name, too.
    let me = town.admin().get("/api/v1/me").await.is(200).json();
    let login = me["login"].as_str().expect("a login");
    let linked = enters(&town, &provider, login, &json!({})).await;
    assert_eq!(roles(&town, &linked).await, ["admin"]);
    // Where another one administers, the role ends with the group; the last one keeps it.
    let cookie = enters(&town, &provider, "n.neu", &groups(&[])).await;
    assert_eq!(roles(&town, &cookie).await.len(), 0);
    let cookie = enters(&town, &provider, "n.neu", &groups(&["leitung"])).await;
    assert_eq!(roles(&town, &cookie).await, ["admin"]);
    let id = me["id"].as_str().expect("an id");
    let given = format!("/api/v1/accounts/{id}/role-grants");
    let given = town.admin().get(&given).await.is(200).json();
    let one = given["items"][0]["id"].as_str().expect("an id");
    let one = format!("/api/v1/role-grants/{one}");
    let ended = send(&town.admin(), Method::DELETE, &one, &[], None).await;
    ended.is(204);
    by(&town, &cookie, "/api/v1/accounts").await.is(200);
    let cookie = enters(&town, &provider, "n.neu", &groups(&[])).await;
    assert_eq!(roles(&town, &cookie).await, ["admin"]);
}

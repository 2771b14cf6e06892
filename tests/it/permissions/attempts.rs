//! What each role tries, once each: a call of its own on something of its own.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, id_of, send};
use tests::{Answer, Client, fixtures};

use crate::describing::attempts::{DESCRIBED, describe};
use crate::forms;
use crate::inspections::attempts::{INSPECTED, inspect};
use crate::locked;
use crate::records::attempts::{FILED, filed, filing};
use crate::sign_in::attempts as sign_in;
use crate::types::attempts::{TYPED, type_attempt};
use crate::virus::attempts::{self as virus, QUARANTINED};
use crate::withheld::attempts::{self as withheld, ENDED};
use crate::workflows::attempts::{RULED, RUN, rule, run};

async fn upload(
    client: &Client,
    path: &str,
    etag: Option<&str>,
    department: Option<&str>,
) -> Answer {
    let metadata = department.map_or_else(|| json!({}), |one| json!({"department": one}));
    let part = reqwest::multipart::Part::bytes(b"Inhalt".to_vec()).file_name("a.txt");
    let mut form = reqwest::multipart::Form::new().part("content", part);
    if department.is_some() {
        form = form.text("metadata", metadata.to_string());
    }
    let mut request = client.request(Method::POST, path).multipart(form);
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    client.send(request).await
}

/// What happens when `client` tries `what` on a fresh document of [`OWN`].
#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
pub(super) async fn attempt(town: &Town, client: &Client, what: &str, round: &str) -> Answer {
    const NAMING: &[&str] = &[
        "read",
        "content",
        "copy",
        "text",
        "page",
        "picture",
        "thumbnail",
        "signatures",
        "versions",
        "components",
        "parts",
        "duplicates",
        "history",
        "what to say",
        "change",
        "unlock",
        "add version",
        "split up",
        "discard",
        "restore",
    ];
    if !NAMING.contains(&what) {
        return attempt_without(town, client, what, round).await;
    }
    let filed = town
        .letter("Antrag", "Antrag auf Bewohnerparkausweis")
        .await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let mut etag = filed.etag();
    let post = async |path: String, etag: &str, body: Option<Value>| {
        send(
            client,
            Method::POST,
            &path,
            &[("if-match", etag)],
            body.as_ref(),
        )
        .await
    };
    match what {
        "read" => client.get(&at).await,
        "content" => client.get(&format!("{at}/content")).await,
        "copy" => {
            // Of a scan; it is still to be made.
            let metadata = json!({"title": "Scan"});
            let white = fixtures::white_page();
            let scan = town.clerk().file("scan.png", &white, &metadata).await;
            let id = id_of(&scan.is(201));
            client.get(&format!("/api/v1/documents/{id}/copy")).await
        }
        "text" => {
            town.read(&id_of(&filed)).await;
            client.get(&format!("{at}/text")).await
        }
        "page" => client.get(&format!("{at}/pages/1")).await,
        "picture" => client.get(&format!("{at}/pages/1/picture")).await,
        "thumbnail" => client.get(&format!("{at}/thumbnail")).await,
        "signatures" => client.get(&format!("{at}/signatures")).await,
        "versions" => client.get(&format!("{at}/versions")).await,
        "components" => client.get(&format!("{at}/components")).await,
        "parts" => client.get(&format!("{at}/split")).await,
        "split up" => {
            town.read(&id_of(&filed)).await;
            let parts = json!({"parts": [{"first_page": 1, "last_page": 1}]});
            post(format!("{at}/split"), &etag, Some(parts)).await
        }
        "duplicates" => client.get(&format!("{at}/duplicates")).await,
        "history" => client.get(&format!("{at}/history")).await,
        "what to say" => client.get(&format!("{at}/suggestions")).await,
        "unlock" => {
            let id = locked::filed(town).await;
            let path = format!("/api/v1/documents/{id}/versions/1/unlock");
            let body = json!({"password": locked::PASSWORD});
            client.post(&path, &body).await
        }
        "change" => {
            client
                .patch(&at, &etag, &json!({"title": "Geändert"}))
                .await
        }
        "add version" => upload(client, &format!("{at}/versions"), Some(&etag), None).await,
        "discard" => {
            post(
                format!("{at}/discard"),
                &etag,
                Some(json!({"reason": "Werbung"})),
            )
            .await
        }
        "restore" => {
            let reason = json!({"reason": "Werbung"});
            let path = format!("{at}/discard");
            let clerk = town.clerk();
            let aside = send(
                &clerk,
                Method::POST,
                &path,
                &[("if-match", &etag)],
                Some(&reason),
            )
            .await;
            etag = aside.is(200).etag();
            post(format!("{at}/restore"), &etag, None).await
        }
        other => unreachable!("{other} names no document"),
    }
}

/// As [`attempt`], for what names no document.
async fn attempt_without(town: &Town, client: &Client, what: &str, round: &str) -> Answer {
    match what {
        "file in own" => upload(client, "/api/v1/documents", None, Some(OWN)).await,
        "file in other" => upload(client, "/api/v1/documents", None, Some(OTHER)).await,
        "list" => client.get("/api/v1/documents").await,
        "mail" | "mail history" => {
            let mail = format!(
                "From: joerg@stadtwerke.example\r\nTo: amt@hollerfurt.example\r\n\
                 Subject: Anfrage {}\r\nDate: Mon, 2 Mar 2026 09:15:00 +0100\r\n\r\nGuten Tag\r\n",
                uuid::Uuid::now_v7()
            );
            let title = json!({"title": "Anfrage"});
            let filed = town.clerk().file("a.eml", mail.as_bytes(), &title).await;
            let id = id_of(&filed.is(201));
            town.read(&id).await;
            let rest = if what == "mail" { "" } else { "/history" };
            client.get(&format!("/api/v1/documents/{id}{rest}")).await
        }
        "search" => client.get("/api/v1/search?q=Antrag").await,
        "suggest" => client.get("/api/v1/search/suggest?q=Antr").await,
        "changes" => client.get("/api/v1/changes").await,
        "log records" | "log stamps" | "stamp log" | "checkpoint" | "access checkpoint"
        | "identity" => of_log(client, what).await,
        "own inbox" => client.get("/api/v1/inbox").await,
        "count inbox" => client.get("/api/v1/inbox/counts").await,
        "do in inbox" => {
            let step = json!({"workflow": "01922f3c-0000-7000-8000-000000000000", "step": 1});
            let body = json!({"command": "claim", "items": [step]});
            client.post("/api/v1/inbox/bulk", &body).await
        }
        "own notices" => client.get("/api/v1/notifications").await,
        "read notices" => {
            let until = json!({"until": "2026-01-01T00:00:00Z"});
            client.post("/api/v1/notifications/read", &until).await
        }
        "mail settings" => client.get("/api/v1/notification-settings").await,
        "set mail" => {
            let off = json!({"mail": "off"});
            let path = "/api/v1/notification-settings";
            send(client, Method::PUT, path, &[], Some(&off)).await
        }
        "own calendars" => client.get("/api/v1/calendar-feeds").await,
        "create calendar" => {
            let label = json!({"label": "Telefon"});
            client.post("/api/v1/calendar-feeds", &label).await
        }
        "own webhooks" => client.get("/api/v1/webhooks").await,
        "create webhook" => {
            let new = json!({"url": "https://fachverfahren.invalid/", "events": ["*"]});
            client.post("/api/v1/webhooks", &new).await
        }
        "read webhook" | "change webhook" | "end webhook" | "rotate webhook" | "test webhook"
        | "deliveries" => attempt_on_webhook(town, client, what).await,
        "draft in case" | "register" | "route" | "recipients" | "refile document"
        | "undo a route" => filing(town, client, what).await,
        what if forms::TRIED.contains(&what) => forms::attempt(town, client, what).await,
        what if FILED.contains(&what) => filed(town, client, what).await,
        what if TYPED.contains(&what) => type_attempt(town, client, what).await,
        what if DESCRIBED.contains(&what) => describe(town, client, what).await,
        what if INSPECTED.contains(&what) => inspect(town, client, what).await,
        what if QUARANTINED.contains(&what) => virus::attempt(town, client, what).await,
        what if ENDED.contains(&what) => withheld::attempt(town, client, what).await,
        what if RULED.contains(&what) => Box::pin(rule(town, client, what)).await,
        what if RUN.contains(&what) => Box::pin(run(town, client, what)).await,
        what if sign_in::TRIED.contains(&what) => sign_in::attempt(town, client, what).await,
        other => administer(town, client, other, round).await,
    }
}

/// What is asked of the log.
async fn of_log(client: &Client, what: &str) -> Answer {
    let path = match what {
        "log records" => "/api/v1/log/records?limit=1",
        "log stamps" => "/api/v1/log/timestamps",
        // Nobody is asked here: whoever may is told so.
        "stamp log" => {
            return send(client, Method::POST, "/api/v1/log/timestamps", &[], None).await;
        }
        "checkpoint" => "/api/v1/log/checkpoint",
        "access checkpoint" => "/api/v1/log/access/checkpoint",
        _ => "/api/v1/log/identity",
    };
    client.get(path).await
}

/// What happens on a subscription of the clerk of [`OWN`].
async fn attempt_on_webhook(town: &Town, client: &Client, what: &str) -> Answer {
    let new = json!({"url": "https://fachverfahren.invalid/", "events": ["*"]});
    let created = town.clerk().post("/api/v1/webhooks", &new).await.is(201);
    let at = format!("/api/v1/webhooks/{}", id_of(&created));
    let etag = created.etag();
    let headers = [("if-match", etag.as_str())];
    let answer = match what {
        "read webhook" => client.get(&at).await,
        "change webhook" => client.patch(&at, &etag, &json!({"active": false})).await,
        "end webhook" => send(client, Method::DELETE, &at, &headers, None).await,
        "rotate webhook" => {
            send(
                client,
                Method::POST,
                &format!("{at}/rotate"),
                &headers,
                None,
            )
            .await
        }
        "test webhook" => send(client, Method::POST, &format!("{at}/test"), &[], None).await,
        _ => client.get(&format!("{at}/deliveries")).await,
    };
    // An account may have only so many.
    let now = town.clerk().get(&at).await.is(200);
    let etag = now.etag();
    let headers = [("if-match", etag.as_str())];
    send(&town.clerk(), Method::DELETE, &at, &headers, None).await;
    answer
}

#[expect(clippy::too_many_lines, reason = "an arm for each thing that is tried")]
async fn administer(town: &Town, client: &Client, what: &str, round: &str) -> Answer {
    let account_of = async |login: &str| {
        let all = town.admin().get("/api/v1/accounts").await.is(200).json();
        let all = all["items"].as_array().cloned().unwrap_or_default();
        let one = all
            .into_iter()
            .find(|one| one["login"] == login)
            .expect("an account");
        (
            one["id"].as_str().unwrap_or_default().to_owned(),
            format!("\"v{}\"", one["version"]),
        )
    };
    let someone = async || account_of("k.sommer").await;
    match what {
        "me" => client.get("/api/v1/me").await,
        "index" => client.get("/api/v1/index").await,
        "rebuild index" => {
            let path = "/api/v1/index/rebuild";
            send(client, Method::POST, path, &[], None).await
        }
        "own tokens" => client.get("/api/v1/tokens").await,
        "issue token" => {
            let new = json!({"label": "Scanner", "scope": "full", "days": 1});
            client.post("/api/v1/tokens", &new).await
        }
        "departments" => client.get("/api/v1/departments").await,
        "create department" => {
            let new = json!({"slug": format!("amt-{}", round.replace('_', "-")), "name": "Amt"});
            client.post("/api/v1/departments", &new).await
        }
        "accounts" => client.get("/api/v1/accounts").await,
        "create account" => {
            let new = json!({"login": format!("neu-{round}"), "name": "Neu"});
            client.post("/api/v1/accounts", &new).await
        }
        "account" => {
            let (id, _) = someone().await;
            client.get(&format!("/api/v1/accounts/{id}")).await
        }
        "end token" => {
            // Another one of the same account, wherever it may issue one; else one of the clerk.
            let new = json!({"label": "Scanner", "scope": "read", "days": 1});
            let mut issued = client.post("/api/v1/tokens", &new).await;
            if issued.status != 201 {
                issued = town.clerk().post("/api/v1/tokens", &new).await.is(201);
            }
            let id = issued.json()["token"]["id"].as_str().map(str::to_owned);
            let path = format!("/api/v1/tokens/{}", id.unwrap_or_default());
            send(client, Method::DELETE, &path, &[], None).await
        }
        "change account" => {
            let (id, etag) = someone().await;
            let change = json!({"name": format!("K. Sommer {round}")});
            client
                .patch(&format!("/api/v1/accounts/{id}"), &etag, &change)
                .await
        }
        "set roles" => {
            let (id, etag) = someone().await;
            let path = format!("/api/v1/accounts/{id}/roles");
            let roles = json!({"roles": [{"role": "clerk", "department": OTHER}]});
            let based_on = [("if-match", &*etag)];
            send(client, Method::PUT, &path, &based_on, Some(&roles)).await
        }
        "functions" => client.get("/api/v1/functions").await,
        "create function" | "holders" | "give function" | "end function" => {
            let new = json!({"code": format!("f-{}", uuid::Uuid::now_v7()), "name": "Stelle",
                "department": OWN});
            if what == "create function" {
                return client.post("/api/v1/functions", &new).await;
            }
            let made = town.admin().post("/api/v1/functions", &new).await.is(201);
            let path = format!("/api/v1/functions/{}", id_of(&made));
            let holders = format!("{path}/holders");
            match what {
                "holders" => client.get(&holders).await,
                "give function" => client.post(&holders, &json!({"account": "k.sommer"})).await,
                _ => send(client, Method::DELETE, &path, &[], None).await,
            }
        }
        "waiting roles" => client.get("/api/v1/role-grants").await,
        "roles of another" => {
            let (id, _) = account_of("m.brandt").await;
            client
                .get(&format!("/api/v1/accounts/{id}/role-grants"))
                .await
        }
        "give role" | "end role" => {
            let (id, _) = someone().await;
            let path = format!("/api/v1/accounts/{id}/role-grants");
            let new = json!({"role": "archive"});
            let given = if what == "give role" {
                client.post(&path, &new).await
            } else {
                town.admin().post(&path, &new).await.is(201)
            };
            let Some(one) = given.json()["id"].as_str().map(str::to_owned) else {
                return given;
            };
            let one = format!("/api/v1/role-grants/{one}");
            let who = if what == "give role" {
                &town.admin()
            } else {
                client
            };
            let ended = send(who, Method::DELETE, &one, &[], None).await;
            send(&town.admin(), Method::DELETE, &one, &[], None).await;
            if what == "give role" { given } else { ended }
        }
        other => maintain(town, client, other).await,
    }
}

/// As [`attempt`], for an edition of a file plan and a unit of it.
async fn maintain(town: &Town, client: &Client, what: &str) -> Answer {
    let plans = "/api/v1/file-plans";
    let name = uuid::Uuid::now_v7();
    let new = json!({"name": name, "edition": "1", "valid_from": "2026-01-01"});
    let unit = json!({"code": "1", "title": "Eins", "retention_years": 10, "disposal": "B"});
    let registrar = town.registrar().await;
    let made = registrar.post(plans, &new).await.is(201);
    let at = format!("{plans}/{}", id_of(&made));
    let units = format!("{at}/units");
    let added = registrar.post(&units, &unit).await.is(201);
    let one = format!("/api/v1/plan-units/{}", id_of(&added));
    let etag = added.etag();
    match what {
        "plans" => client.get(plans).await,
        "plan units" => client.get(&units).await,
        "export plan" => client.get(&format!("{at}/export")).await,
        "create plan" => {
            let new =
                json!({"name": uuid::Uuid::now_v7(), "edition": "1", "valid_from": "2026-01-01"});
            client.post(plans, &new).await
        }
        "change plan" => {
            let end = json!({"valid_until": "2026-12-31"});
            client.patch(&at, &made.etag(), &end).await
        }
        "import plan" => {
            let path = format!("{plans}/import?name={name}&edition=1");
            let table = "code;title;retention_years;disposal\n2;Zwei;10;B\n";
            let request = client.request(Method::POST, &path);
            let request = request.header("content-type", "text/csv").body(table);
            client.send(request).await
        }
        "add unit" => {
            let unit =
                json!({"code": "2", "title": "Zwei", "retention_years": 10, "disposal": "B"});
            client.post(&units, &unit).await
        }
        "change unit" => client.patch(&one, &etag, &json!({"title": "Zwei"})).await,
        "retire unit" => {
            let path = format!("{one}/retire");
            send(client, Method::POST, &path, &[("if-match", &etag)], None).await
        }
        other => unreachable!("nobody knows how to try {other}"),
    }
}

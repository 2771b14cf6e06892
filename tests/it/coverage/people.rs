//! Calls on people, what was given to them, and the log.

use super::calls::{By, Call, account, call, compartment};
use crate::sign_in::attempts;
use serde_json::json;
use tests::town::{OWN, Town, add, id_of};

/// A function of its own.
async fn function(town: &Town) -> String {
    let code = format!("stelle-{}", uuid::Uuid::now_v7());
    let new = json!({"code": code, "name": "Stelle", "department": OWN});
    let made = town.admin().post("/api/v1/functions", &new).await;
    id_of(&made.is(201))
}

/// Waits until a checkpoint covers this record.
async fn signed_beyond(town: &Town, seq: u64) {
    tests::wait_until("a checkpoint covers it", async || {
        let answer = town.clerk().get("/api/v1/log/checkpoint").await;
        let size = answer.text().lines().nth(1).map(str::to_owned);
        size.and_then(|size| size.parse::<u64>().ok())
            .is_some_and(|size| size > seq)
    })
    .await;
}

#[expect(clippy::too_many_lines, reason = "an arm for each operation")]
pub(super) async fn people_and_log(town: &Town, operation: &str) -> Option<Call> {
    Some(match operation {
        "readChanges" => call("/api/v1/changes", By::Clerk),
        "readInvariants" => call("/api/v1/audit/invariants?only=I-1", By::Auditor),
        "readIndex" => call("/api/v1/index", By::Admin),
        "rebuildIndex" => call("/api/v1/index/rebuild", By::Admin),
        "readLog" => call("/api/v1/log/records", By::Auditor),
        "readCheckpoint" => {
            tests::wait_until("a checkpoint is published", async || {
                town.clerk().get("/api/v1/log/checkpoint").await.status == 200
            })
            .await;
            call("/api/v1/log/checkpoint", By::Clerk)
        }
        "readAccessCheckpoint" => call("/api/v1/log/access/checkpoint", By::Auditor),
        "readLogReport" => {
            tests::wait_until("a checkpoint is published", async || {
                town.clerk().get("/api/v1/log/checkpoint").await.status == 200
            })
            .await;
            call("/api/v1/log/report", By::Auditor)
        }
        "readLogWitnesses" => call("/api/v1/log/witnesses", By::Auditor),
        "listLogTimestamps" => call("/api/v1/log/timestamps", By::Auditor),
        "stampLog" => {
            // Not the one that is stamped already.
            let new = json!({"label": "Scanner", "scope": "intake", "days": 30});
            let issued = town.clerk().post("/api/v1/tokens", &new).await;
            let (seq, _) = issued.is(201).receipt();
            signed_beyond(town, seq).await;
            call("/api/v1/log/timestamps", By::Auditor)
        }
        "readLogTimestamp" => {
            let list = "/api/v1/log/timestamps";
            tests::wait_until("the log is stamped", async || {
                let all = town.auditor().get(list).await.is(200).json();
                all["items"].as_array().is_some_and(|all| !all.is_empty())
            })
            .await;
            let all = town.auditor().get(list).await.is(200).json();
            let size = all["items"][0]["size"].as_u64().unwrap_or_default();
            call(format!("{list}/{size}"), By::Auditor)
        }
        "readLogIdentity" => call("/api/v1/log/identity", By::Clerk),
        "whoAmI" => call("/api/v1/me", By::Clerk),
        "listTokens" => call("/api/v1/tokens", By::Clerk),
        "issueToken" => call("/api/v1/tokens", By::Clerk)
            .json(json!({"label": "Scanner", "scope": "intake", "days": 30})),
        "revokeToken" => {
            let new = json!({"label": "Scanner", "scope": "intake", "days": 30});
            let issued = town
                .clerk()
                .post("/api/v1/tokens", &new)
                .await
                .is(201)
                .json();
            let id = issued["token"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            call(format!("/api/v1/tokens/{id}"), By::Clerk)
        }
        "listDepartments" => call("/api/v1/departments", By::Clerk),
        "createDepartment" => call("/api/v1/departments", By::Admin)
            .json(json!({"slug": "standesamt", "name": "Standesamt"})),
        "listCompartments" => call("/api/v1/compartments", By::Clerk),
        "createCompartment" => call("/api/v1/compartments", By::Admin)
            .json(json!({"code": "AUSWEIS", "name": "Ausweise"})),
        "listCompartmentGrants" | "grantCompartment" => {
            let path = format!("/api/v1/compartments/{}/grants", compartment(town).await);
            let ask = json!({"account": "k.sommer", "reason": "Vertretung"});
            let call = call(path, By::Admin);
            if operation == "grantCompartment" {
                call.json(ask)
            } else {
                call
            }
        }
        "approveCompartmentGrant" | "revokeCompartmentGrant" => {
            let path = format!("/api/v1/compartments/{}/grants", compartment(town).await);
            let ask = json!({"account": "k.sommer", "reason": "Vertretung"});
            let login = format!("chefin-{}", uuid::Uuid::now_v7());
            let second = add(&town.app, &login, "admin", None).await;
            let second = town.app.with_token(&second);
            let asked = second.post(&path, &ask).await.is(201).json();
            let id = asked["id"].as_str().unwrap_or_default().to_owned();
            let rest = if operation == "approveCompartmentGrant" {
                "/approve"
            } else {
                ""
            };
            call(format!("/api/v1/compartment-grants/{id}{rest}"), By::Admin)
        }
        "changeDepartment" => {
            let all = town.admin().get("/api/v1/departments").await.is(200).json();
            let one = all["items"][0].clone();
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            call(format!("/api/v1/departments/{id}"), By::Admin)
                .based_on(format!("\"v{}\"", one["version"]))
                .json(json!({"name": "Bürgerbüro"}))
        }
        "listDeputations" => call("/api/v1/deputations", By::Clerk),
        "nameDeputy" => call("/api/v1/deputations", By::Clerk).json(
            json!({"deputy": "r.pruefer", "valid_until": "2199-01-01T00:00:00Z",
                "valid_from": "2198-12-01T00:00:00Z"}),
        ),
        "endDeputation" => {
            let new = json!({"deputy": "r.pruefer", "valid_until": "2199-01-01T00:00:00Z",
                "valid_from": "2198-12-01T00:00:00Z"});
            let named = town.clerk().post("/api/v1/deputations", &new).await;
            let id = named.is(201).json()["id"].clone();
            let id = id.as_str().unwrap_or_default().to_owned();
            call(format!("/api/v1/deputations/{id}/end"), By::Clerk)
        }
        "listAccounts" => call("/api/v1/accounts", By::Admin),
        "createAccount" => call("/api/v1/accounts", By::Admin).json(json!({
            "login": "a.neumann", "name": "A. Neumann", "password": "ein langer Satz",
            "roles": [{"role": "clerk", "department": OWN}],
        })),
        "readAccount" => {
            let one = account(town, "k.sommer").await;
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            call(format!("/api/v1/accounts/{id}"), By::Admin)
        }
        "changeAccount" => {
            let one = account(town, "k.sommer").await;
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            call(format!("/api/v1/accounts/{id}"), By::Admin)
                .based_on(format!("\"v{}\"", one["version"]))
                .json(json!({"name": "K. Sommer"}))
        }
        "setRoles" => {
            let one = account(town, "k.sommer").await;
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            let both = json!({"roles": [
                {"role": "clerk", "department": "finanzen"}, {"role": "auditor"}]});
            call(format!("/api/v1/accounts/{id}/roles"), By::Admin)
                .based_on(format!("\"v{}\"", one["version"]))
                .json(both)
        }
        "unlockAccount" => {
            attempts::lock(&town.app.anonymous(), "k.sommer").await;
            let id = attempts::account(town, "k.sommer").await;
            call(format!("/api/v1/accounts/{id}/unlock"), By::Admin)
        }
        "listRoles" | "giveRole" => {
            let one = account(town, "k.sommer").await;
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            let call = call(format!("/api/v1/accounts/{id}/role-grants"), By::Admin);
            if operation == "giveRole" {
                call.json(json!({"role": "archive", "reason": "Vertretung"}))
            } else {
                call
            }
        }
        "listFunctions" => call("/api/v1/functions", By::Clerk),
        "createFunction" => call("/api/v1/functions", By::Admin)
            .json(json!({"code": "sachgebiet", "name": "Sachgebiet", "department": OWN})),
        "endFunction" | "listHolders" | "giveFunction" => {
            let id = function(town).await;
            let path = format!("/api/v1/functions/{id}");
            match operation {
                "endFunction" => call(path, By::Admin),
                "listHolders" => call(format!("{path}/holders"), By::Admin),
                _ => call(format!("{path}/holders"), By::Admin)
                    .json(json!({"account": "k.sommer", "reason": "Vertretung"})),
            }
        }
        "approveHolder" | "takeFunction" => {
            let id = function(town).await;
            let login = format!("leitung-{}", uuid::Uuid::now_v7());
            let second = add(&town.app, &login, "admin", None).await;
            let second = town.app.with_token(&second);
            let path = format!("/api/v1/functions/{id}/holders");
            let ask = json!({"account": "k.sommer"});
            let given = id_of(&second.post(&path, &ask).await.is(201));
            let rest = if operation == "approveHolder" {
                "/approve"
            } else {
                ""
            };
            call(format!("/api/v1/function-holders/{given}{rest}"), By::Admin)
        }
        "listWaitingRoles" => call("/api/v1/role-grants", By::Admin),
        "approveRole" | "endRole" => {
            // Given from the machine: any administrator may confirm it.
            let login = format!("aushilfe-{}", uuid::Uuid::now_v7());
            add(&town.app, &login, "archive", None).await;
            let one = account(town, &login).await;
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            let path = format!("/api/v1/accounts/{id}/role-grants");
            let given = town.admin().get(&path).await.is(200).json();
            let id = given["items"][0]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let rest = if operation == "approveRole" {
                "/approve"
            } else {
                ""
            };
            call(format!("/api/v1/role-grants/{id}{rest}"), By::Admin)
        }
        "readWaysIn" => call("/api/v1/sign-in", By::Clerk),
        "linkAccount" | "unlinkAccount" => {
            let id = attempts::account(town, "k.sommer").await;
            let path = format!("/api/v1/accounts/{id}/identity");
            let who = attempts::somebody();
            if operation == "linkAccount" {
                let etag = attempts::etag(town, &id).await;
                call(path, By::Admin).based_on(etag).json(who)
            } else {
                attempts::link(town, &town.admin(), &id, &who).await.is(200);
                let etag = attempts::etag(town, &id).await;
                call(path, By::Admin).based_on(etag)
            }
        }
        "readSession" => call("/api/v1/session", By::Clerk),
        "listSessions" | "endOtherSessions" => call("/api/v1/sessions", By::Clerk),
        "openSession" => {
            attempts::open(town).await;
            let who = json!({"login": "b.lang", "password": "ein langer Satz"});
            call("/api/v1/sessions", By::Clerk).json(who)
        }
        "endSession" => {
            let id = attempts::open(town).await;
            call(format!("/api/v1/sessions/{id}"), By::Admin)
        }
        "endAccountSessions" => {
            attempts::open(town).await;
            let id = attempts::account(town, "b.lang").await;
            call(format!("/api/v1/accounts/{id}/sessions"), By::Admin)
        }
        "signIn" => {
            let new = json!({"login": "b.lang", "name": "B. Lang", "password": "ein langer Satz"});
            // It is there already when this is asked for again.
            town.admin().post("/api/v1/accounts", &new).await;
            let who = json!({"login": "b.lang", "password": "ein langer Satz"});
            call("/api/v1/session", By::Clerk).json(who)
        }
        "signOut" => call("/api/v1/session", By::Clerk),
        "isAlive" => call("/health/live", By::Clerk),
        "isReady" => call("/health/ready", By::Clerk),
        "readMetrics" => call("/metrics", By::Clerk),
        _ => return None,
    })
}

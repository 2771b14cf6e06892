//! For each operation of the contract, a call that succeeds.

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{plan, unit};
use tests::town::{OWN, Town, add, id_of, send};
use tests::{Answer, Client, fixtures};

use super::{describing, inbox, inspecting, people, signing, workflows};
use crate::forms::{self, FORMS};
use crate::{locked, virus, withheld};

/// What a test knows of an operation: the request by which it succeeds.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
    pub(super) by: By,
    /// What whoever may sends along: the cookie and the signature of a device.
    device: Vec<(&'static str, String)>,
}

#[derive(Clone)]
pub(super) enum Body {
    None,
    Json(Value),
    Upload,
    Table(String),
}

/// Who may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Clerk,
    Head,
    Admin,
    Auditor,
    Registrar,
    /// A tablet: no account.
    Device,
    /// An application of the own department.
    Integrator,
}

/// People beyond those of the town.
pub(super) struct People {
    pub(super) head: Client,
    pub(super) integrator: Client,
}

impl People {
    pub(super) async fn of(town: &Town) -> People {
        let units = vec![unit("02.1").kept(10, 3), unit("02.2")];
        plan(town, "2020", ("2020-01-01", None), units).await;
        let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
        let integrator = add(&town.app, "fachverfahren", "integrator", Some(OWN)).await;
        People {
            head: town.app.with_token(&head),
            integrator: town.app.with_token(&integrator),
        }
    }
}

pub(super) fn call(path: impl Into<String>, by: By) -> Call {
    Call {
        path: path.into(),
        headers: Vec::new(),
        body: Body::None,
        by,
        device: Vec::new(),
    }
}

impl Call {
    pub(super) fn json(mut self, body: Value) -> Call {
        self.body = Body::Json(body);
        self
    }

    pub(super) fn device(mut self, headers: Vec<(&'static str, String)>) -> Call {
        self.device = headers;
        self
    }

    fn upload(mut self) -> Call {
        self.body = Body::Upload;
        self
    }

    fn table(mut self, body: &str) -> Call {
        self.body = Body::Table(body.to_owned());
        self
    }

    pub(super) fn based_on(mut self, etag: impl Into<String>) -> Call {
        self.headers.push(("If-Match", etag.into()));
        self
    }

    pub(super) async fn send(&self, method: &str, client: &Client) -> Answer {
        self.send_with(method, client, &[]).await
    }

    /// With what a device sends along.
    pub(super) async fn send_along(&self, method: &str, client: &Client) -> Answer {
        self.send_with(method, client, &self.device).await
    }

    async fn send_with(
        &self,
        method: &str,
        client: &Client,
        more: &[(&'static str, String)],
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let headers: Vec<_> = self
            .headers
            .iter()
            .chain(more)
            .map(|(name, value)| (*name, &**value))
            .collect();
        match &self.body {
            Body::None => send(client, method, &self.path, &headers, None).await,
            Body::Json(body) => send(client, method, &self.path, &headers, Some(body)).await,
            Body::Table(table) => {
                let request = client.request(method, &self.path);
                let request = request.header("content-type", "text/csv");
                client.send(request.body(table.clone())).await
            }
            Body::Upload => {
                let content = fixtures::unique_pdf("Bescheid");
                let part = reqwest::multipart::Part::bytes(content).file_name("bescheid.pdf");
                let form = reqwest::multipart::Form::new().part("content", part);
                let mut request = client.request(method, &self.path).multipart(form);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                client.send(request).await
            }
        }
    }
}

/// A document of its own for each operation, so that none is in another's way.
pub(super) async fn document(town: &Town) -> (String, String) {
    let filed = town
        .letter("Antrag", "Antrag auf Bewohnerparkausweis")
        .await;
    (id_of(&filed), filed.etag())
}

/// The account with this login, as the administrator sees it.
pub(super) async fn account(town: &Town, login: &str) -> Value {
    let all = town.admin().get("/api/v1/accounts").await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    all.into_iter()
        .find(|one| one["login"] == login)
        .expect("an account")
}

/// The id of a compartment, created where it is not there yet.
pub(super) async fn compartment(town: &Town) -> String {
    let admin = town.admin();
    let new = json!({"code": "PERSONAL", "name": "Personalakten"});
    admin.post("/api/v1/compartments", &new).await;
    let all = admin.get("/api/v1/compartments").await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["code"] == "PERSONAL");
    let found = found.expect("a compartment");
    found["id"].as_str().unwrap_or_default().to_owned()
}

#[expect(clippy::too_many_lines, reason = "one arm for each operation")]
pub(super) async fn call_of(town: &Town, operation: &str) -> Option<Call> {
    let documents = "/api/v1/documents";
    Some(match operation {
        "fileDocument" => call(documents, By::Clerk).upload(),
        "listDocuments" => call(documents, By::Clerk),
        "readDocument" | "readContent" | "listVersions" | "readText" | "readHistory"
        | "listRecipients" | "listComponents" | "readPage" | "readPicture" | "readThumbnail"
        | "suggestMetadata" | "listDuplicates" | "readSplit" | "checkSignatures" => {
            let (id, _) = document(town).await;
            let rest = match operation {
                "readContent" => "/content",
                "listVersions" => "/versions",
                "readText" => "/text",
                "readHistory" => "/history",
                "listRecipients" => "/recipients",
                "listComponents" => "/components",
                "readPage" => "/pages/1",
                "readPicture" => "/pages/1/picture",
                "readThumbnail" => "/thumbnail",
                "suggestMetadata" => "/suggestions",
                "listDuplicates" => "/duplicates",
                "readSplit" => "/split",
                "checkSignatures" => "/signatures",
                _ => "",
            };
            if operation == "readText" {
                town.read(&id).await;
            }
            call(format!("{documents}/{id}{rest}"), By::Clerk)
        }
        "readCopy" | "readVersionCopy" => {
            let metadata = json!({"title": "Scan"});
            let white = fixtures::white_page();
            let filed = town.clerk().file("scan.png", &white, &metadata).await;
            let id = id_of(&filed.is(201));
            let rest = match operation {
                "readVersionCopy" => "/versions/1/copy",
                _ => "/copy",
            };
            call(format!("{documents}/{id}{rest}"), By::Clerk)
        }
        "readVersionContent" | "checkVersionSignatures" => {
            let (id, _) = document(town).await;
            let what = match operation {
                "readVersionContent" => "content",
                _ => "signatures",
            };
            call(format!("{documents}/{id}/versions/1/{what}"), By::Clerk)
        }
        "unlockVersion" => {
            let id = locked::filed(town).await;
            call(format!("{documents}/{id}/versions/1/unlock"), By::Clerk)
                .json(json!({"password": locked::PASSWORD}))
        }
        "changeDocument" => {
            let (id, etag) = document(town).await;
            let change = json!({"title": "Antrag (Verlängerung)"});
            call(format!("{documents}/{id}"), By::Clerk)
                .based_on(etag)
                .json(change)
        }
        "addVersion" => {
            let (id, etag) = document(town).await;
            call(format!("{documents}/{id}/versions"), By::Clerk)
                .based_on(etag)
                .upload()
        }
        "splitDocument" => {
            let (id, etag) = document(town).await;
            town.read(&id).await;
            let parts = json!({"parts": [{"first_page": 1, "last_page": 1}]});
            call(format!("{documents}/{id}/split"), By::Clerk)
                .based_on(etag)
                .json(parts)
        }
        "printSeparatorSheet" => call("/api/v1/separator-sheets", By::Clerk),
        "discardDocument" => {
            let (id, etag) = document(town).await;
            let reason = json!({"reason": "Werbung"});
            call(format!("{documents}/{id}/discard"), By::Clerk)
                .based_on(etag)
                .json(reason)
        }
        "restoreDocument" => {
            let (id, etag) = document(town).await;
            let path = format!("{documents}/{id}");
            let aside = call(format!("{path}/discard"), By::Clerk).based_on(etag);
            let aside = aside.json(json!({"reason": "Werbung"}));
            let aside = aside.send("POST", &town.clerk()).await.is(200);
            call(format!("{path}/restore"), By::Clerk).based_on(aside.etag())
        }
        "createWebhook" | "listWebhooks" | "readWebhook" | "changeWebhook" | "endWebhook"
        | "rotateWebhook" | "testWebhook" | "listDeliveries" | "replayDelivery" => {
            return Some(webhooks(town, operation).await);
        }
        "registerDocument" => {
            let (id, etag) = document(town).await;
            let (_, case) = file_and_case(town).await;
            call(format!("{documents}/{id}/register"), By::Clerk)
                .based_on(etag)
                .json(json!({"case": id_of(&case)}))
        }
        "routeDocument" => {
            let (id, etag) = document(town).await;
            let to = json!({"department": OWN, "inbox": "m.brandt"});
            call(format!("{documents}/{id}/route"), By::Clerk)
                .based_on(etag)
                .json(to)
        }
        "previewBulk" | "applyBulk" => {
            let (id, _) = document(town).await;
            let change = json!({"type": "Antrag"});
            let bulk = format!("{documents}/bulk");
            let preview = call(format!("{bulk}/preview"), By::Clerk)
                .json(json!({"ids": [id], "change": change}));
            if operation == "previewBulk" {
                return Some(preview);
            }
            let seen = preview.send("POST", &town.clerk()).await.is(200).json();
            let apply = json!({"mode": "each", "change": change, "token": seen["token"],
                "documents": seen["documents"]});
            call(format!("{bulk}/apply"), By::Clerk).json(apply)
        }
        "undoMove" => {
            let (id, etag) = document(town).await;
            let to = json!({"department": OWN, "inbox": "m.brandt"});
            let path = format!("{documents}/{id}");
            let route = call(format!("{path}/route"), By::Clerk)
                .based_on(etag)
                .json(to);
            let moved = route.send("POST", &town.clerk()).await.is(200);
            call(format!("{path}/undo"), By::Clerk)
                .based_on(moved.etag())
                .json(json!({"seq": moved.receipt().0}))
        }
        "refileDocument" => {
            let (id, etag) = document(town).await;
            let (file, case) = file_and_case(town).await;
            let path = format!("{documents}/{id}");
            let register = call(format!("{path}/register"), By::Clerk).based_on(etag);
            let register = register.json(json!({"case": id_of(&case)}));
            let registered = register.send("POST", &town.clerk()).await.is(200);
            let other = case_in(town, &file).await;
            call(format!("{path}/refile"), By::Registrar)
                .based_on(registered.etag())
                .json(json!({"case": id_of(&other), "reason": "Falsch zugeordnet"}))
        }
        "listForms" => call(FORMS, By::Clerk),
        "readForm" => call(format!("{FORMS}/ausweis-empfang"), By::Clerk),
        "fillForm" | "previewForm" => {
            let act = if operation == "fillForm" {
                "documents"
            } else {
                "preview"
            };
            call(format!("{FORMS}/einwilligung/{act}"), By::Clerk).json(forms::consent())
        }
        "listQuarantine" => call("/api/v1/quarantine", By::Admin),
        "proposeOnQuarantined" => {
            let entry = virus::attempts::quarantined(town).await;
            call(format!("{entry}/proposals"), By::Admin)
                .json(json!({"act": "destroy", "reason": "Absender ist unterrichtet"}))
        }
        "listWithheld" => call(withheld::WITHHELD, By::Head),
        "proposeOnWithheld" => {
            let version = withheld::attempts::version(town).await;
            call(
                format!("{}/{version}/proposals", withheld::WITHHELD),
                By::Head,
            )
            .json(json!({"act": "destroy", "reason": "Fund geprüft"}))
        }
        "readProposal" | "approveProposal" | "endProposal" => {
            let id = withheld::attempts::proposed(town).await;
            let rest = match operation {
                "approveProposal" => "/approve",
                "endProposal" => "/end",
                _ => "",
            };
            call(format!("{}/{id}{rest}", withheld::PROPOSALS), By::Head)
        }
        "search" => call("/api/v1/search?q=Antrag", By::Clerk),
        "suggest" => call("/api/v1/search/suggest?q=Antr", By::Clerk),
        other if workflows::OPERATIONS.contains(&other) => {
            return Box::pin(workflows::workflows(town, other)).await;
        }
        other
            if ["Inbox", "Notification", "CalendarFeed"]
                .iter()
                .any(|word| other.contains(word)) =>
        {
            return inbox::inbox(town, other).await;
        }
        other
            if [
                "Tablet",
                "Signing",
                "Pairing",
                "ToShow",
                "Signature",
                "IdentityCheck",
                "OnPaper",
            ]
            .iter()
            .any(|word| other.contains(word))
                || other.starts_with("report") =>
        {
            return signing::signing(town, other).await;
        }
        other
            if other.contains("Inspection")
                || other.contains("Emergenc")
                || other.ends_with("Looks") =>
        {
            return inspecting::inspecting(town, other).await;
        }
        other if other.contains("Correspondent") => {
            return describing::correspondents(town, other).await;
        }
        other
            if other.contains("Note") || other.contains("Relat") || other == "relateDocuments" =>
        {
            return describing::described(town, other).await;
        }
        other if other.contains("Field") || other.contains("DocumentType") => {
            return describing::types(town, other).await;
        }
        other if other.contains("Plan") => return file_plans(town, other).await,
        other => match records(town, other).await {
            Some(call) => call,
            None => return people::people_and_log(town, other).await,
        },
    })
}

/// A case in a file.
async fn case_in(town: &Town, file: &Answer) -> Answer {
    let new = json!({"file": id_of(file), "subject": "Antrag"});
    town.clerk().post("/api/v1/cases", &new).await.is(201)
}

/// A file of its own, and a case in it.
async fn file_and_case(town: &Town) -> (Answer, Answer) {
    let new = json!({"plan_unit": "02.1", "subject": "Parken"});
    let file = town.clerk().post("/api/v1/files", &new).await.is(201);
    let case = case_in(town, &file).await;
    (file, case)
}

/// What is closed, with the address below which it is.
async fn closed(town: &Town, path: String, etag: String) -> (String, String) {
    let close = call(format!("{path}/close"), By::Clerk).based_on(etag);
    let closed = close.send("POST", &town.clerk()).await.is(200);
    (path, closed.etag())
}

async fn records(town: &Town, operation: &str) -> Option<Call> {
    let reason = json!({"reason": "Widerspruch"});
    let (file, case) = file_and_case(town).await;
    let file_at = format!("/api/v1/files/{}", id_of(&file));
    let case_at = format!("/api/v1/cases/{}", id_of(&case));
    Some(match operation {
        "openFile" => {
            call("/api/v1/files", By::Clerk).json(json!({"plan_unit": "02.1", "subject": "Parken"}))
        }
        "listFiles" => call("/api/v1/files", By::Clerk),
        "readFile" => call(file_at, By::Clerk),
        "printFileLabel" => call(format!("{file_at}/label"), By::Clerk),
        "printCaseLabel" => call(format!("{case_at}/label"), By::Clerk),
        "readFileHistory" => call(format!("{file_at}/history"), By::Clerk),
        "exportCaseHistory" => call(format!("{case_at}/history.pdf"), By::Clerk),
        "readCaseHistory" => call(format!("{case_at}/history"), By::Clerk),
        "changeFile" => call(file_at, By::Clerk)
            .based_on(file.etag())
            .json(json!({"subject": "Parken und Halten"})),
        "refileFile" => call(format!("{file_at}/refile"), By::Registrar)
            .based_on(file.etag())
            .json(json!({"plan_unit": "02.2", "reason": "Umzug"})),
        "closeFile" => {
            let (_, etag) = closed(town, case_at, case.etag()).await;
            drop(etag);
            call(format!("{file_at}/close"), By::Clerk).based_on(file.etag())
        }
        "reopenFile" => {
            closed(town, case_at, case.etag()).await;
            let (path, etag) = closed(town, file_at, file.etag()).await;
            call(format!("{path}/reopen"), By::Head)
                .based_on(etag)
                .json(reason)
        }
        "openCase" => call("/api/v1/cases", By::Clerk)
            .json(json!({"file": id_of(&file), "subject": "Antrag"})),
        "listCases" => call("/api/v1/cases", By::Clerk),
        "readCase" => call(case_at, By::Clerk),
        "changeCase" => call(case_at, By::Clerk)
            .based_on(case.etag())
            .json(json!({"subject": "Antrag und Widerspruch"})),
        "refileCase" => {
            let (other, _) = file_and_case(town).await;
            call(format!("{case_at}/refile"), By::Registrar)
                .based_on(case.etag())
                .json(json!({"file": id_of(&other), "reason": "Falsch zugeordnet"}))
        }
        "closeCase" => call(format!("{case_at}/close"), By::Clerk).based_on(case.etag()),
        "reopenCase" => {
            let (path, etag) = closed(town, case_at, case.etag()).await;
            call(format!("{path}/reopen"), By::Head)
                .based_on(etag)
                .json(reason)
        }
        "placeHold" => {
            call("/api/v1/holds", By::Head).json(json!({"file": id_of(&file), "reason": "Klage"}))
        }
        "resolveReference" => {
            let reference = file.json()["reference"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let encoded = reference.replace('/', "%2F");
            call(format!("/api/v1/references/{encoded}"), By::Clerk)
        }
        _ => return None,
    })
}

/// A hold of its own, to be lifted.
pub(super) async fn lift(people: &People, town: &Town) -> Call {
    let (file, _) = file_and_case(town).await;
    let new = json!({"file": id_of(&file), "reason": "Klage"});
    let hold = people.head.post("/api/v1/holds", &new).await.is(201);
    call(format!("/api/v1/holds/{}/lift", id_of(&hold)), By::Head)
        .based_on(hold.etag())
        .json(json!({"reason": "Klage zurückgenommen"}))
}

/// A subscription of its own for each operation. Nobody listens there, and it is told of next to nothing: what
/// waits to be sent to all of them would hold up the one message that is waited for.
async fn webhooks(town: &Town, operation: &str) -> Call {
    let all = "/api/v1/webhooks";
    let new = json!({"url": "https://fachverfahren.invalid/", "events": ["case.reopen"]});
    if operation == "createWebhook" {
        return call(all, By::Clerk).json(new);
    }
    if operation == "listWebhooks" {
        return call(all, By::Clerk);
    }
    let clerk = town.clerk();
    let created = clerk.post(all, &new).await.is(201);
    let path = format!("{all}/{}", id_of(&created));
    match operation {
        "changeWebhook" => call(path, By::Clerk)
            .based_on(created.etag())
            .json(json!({"active": false})),
        "endWebhook" => call(path, By::Clerk).based_on(created.etag()),
        "rotateWebhook" => call(format!("{path}/rotate"), By::Clerk).based_on(created.etag()),
        "testWebhook" => call(format!("{path}/test"), By::Clerk),
        "listDeliveries" => call(format!("{path}/deliveries"), By::Clerk),
        "replayDelivery" => {
            send(&clerk, Method::POST, &format!("{path}/test"), &[], None)
                .await
                .is(202);
            let deliveries = format!("{path}/deliveries");
            tests::wait_until("the test message is given up", async || {
                let page = clerk.get(&deliveries).await.is(200).json();
                page["items"][0]["status"] == "failed"
            })
            .await;
            let page = clerk.get(&deliveries).await.is(200).json();
            let id = page["items"][0]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            call(format!("{deliveries}/{id}/replay"), By::Clerk)
        }
        _ => call(path, By::Clerk),
    }
}

/// An edition of its own for each operation on a file plan.
async fn file_plans(town: &Town, operation: &str) -> Option<Call> {
    let plans = "/api/v1/file-plans";
    let registrar = town.registrar().await;
    let new =
        json!({"name": operation, "edition": uuid::Uuid::now_v7(), "valid_from": "2026-01-01"});
    let unit = json!({"code": "1", "title": "Eins", "retention_years": 10, "disposal": "B"});
    match operation {
        "listPlans" => return Some(call(plans, By::Registrar)),
        "createPlan" => return Some(call(plans, By::Registrar).json(new)),
        "importPlan" => {
            let table = "code;title;retention_years;disposal\n1;Eins;10;B\n";
            let path = format!("{plans}/import?name=Plan&edition=1");
            return Some(call(path, By::Registrar).table(table));
        }
        _ => {}
    }
    let new = json!({"name": uuid::Uuid::now_v7(), "edition": "1", "valid_from": "2026-01-01"});
    let made = registrar.post(plans, &new).await.is(201);
    let at = format!("{plans}/{}", id_of(&made));
    let units = format!("{at}/units");
    if operation == "createPlanUnit" {
        return Some(call(units, By::Registrar).json(unit));
    }
    let added = registrar.post(&units, &unit).await.is(201);
    let one = format!("/api/v1/plan-units/{}", id_of(&added));
    Some(match operation {
        "readPlan" => call(at, By::Registrar),
        "changePlan" => call(at, By::Registrar)
            .based_on(made.etag())
            .json(json!({"valid_until": "2026-12-31"})),
        "listPlanUnits" => call(units, By::Registrar),
        "exportPlan" => call(format!("{at}/export?format=csv"), By::Registrar),
        "readPlanUnit" => call(one, By::Registrar),
        "changePlanUnit" => call(one, By::Registrar)
            .based_on(added.etag())
            .json(json!({"title": "Zwei"})),
        "retirePlanUnit" => call(format!("{one}/retire"), By::Registrar).based_on(added.etag()),
        _ => return None,
    })
}

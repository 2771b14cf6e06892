//! Putting in, with a token that does nothing else.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::fixtures;
use tests::town::{OTHER, OWN, Town, add, walk};

use super::{UPLOAD, get_as, issue, task, upload};

#[tokio::test]
async fn an_upload_is_durable_when_it_is_answered_and_lies_where_the_token_says() {
    let Some(town) = Town::start().await else {
        return;
    };
    let secret = issue(&town, json!({"department": OWN, "inbox": "m.brandt"})).await;
    let scanner = town.app.with_token(&secret);
    let content = fixtures::unique_pdf("Antrag auf Bewohnerparkausweis");
    let fields = [
        ("title", "Antrag"),
        ("created", "2026-03-02T08:00:00+01:00"),
    ];
    let answer = upload(&scanner, content.clone(), &fields).await.is(200);
    assert_eq!(answer.media_type(), Some("application/json"));
    let record = town.record_of(&answer).await;
    assert_eq!(record["action"], "document.receive");
    let done = task(&scanner, &answer).await;
    assert_eq!(done["status"], "SUCCESS");
    assert_eq!(done["task_file_name"], "scan-0001.pdf");
    let number = done["related_document"].as_i64().expect("a number");
    assert_eq!(
        done["result"],
        format!("Success. New document id {number} created")
    );
    let mine = walk(&town.clerk(), "/api/v1/documents?inbox=me").await;
    assert_eq!(mine.len(), 1, "in the inbox that the token names");
    assert_eq!(mine[0]["title"], "Antrag");
    assert_eq!(mine[0]["department"], OWN);
    assert_eq!(mine[0]["channel"], "scan");
    assert_eq!(mine[0]["document_date"], "2026-03-02");
    let path = format!("/api/documents/{number}/download/");
    let read = town.clerk().get(&path).await.is(200);
    assert_eq!(read.body, content);
}

#[tokio::test]
async fn a_token_for_intake_reads_nothing_but_what_became_of_its_own_uploads() {
    let Some(town) = Town::start().await else {
        return;
    };
    let first = town
        .app
        .with_token(&issue(&town, json!({"department": OWN})).await);
    let second = town
        .app
        .with_token(&issue(&town, json!({"department": OWN})).await);
    let content = fixtures::unique_pdf("Fundanzeige");
    let uploaded = upload(&first, content.clone(), &[]).await.is(200);
    let done = task(&first, &uploaded).await;
    let number = done["related_document"].as_i64().expect("a number");
    let upload_number = done["id"].as_i64().expect("a number");
    let closed = [
        "/api/".to_owned(),
        "/api/documents/".to_owned(),
        format!("/api/documents/{number}/"),
        format!("/api/documents/{number}/download/"),
        format!("/api/documents/{number}/preview/"),
        format!("/api/documents/{number}/thumb/"),
        format!("/api/documents/{number}/metadata/"),
        "/api/tags/".to_owned(),
        "/api/correspondents/".to_owned(),
        "/api/statistics/".to_owned(),
        "/api/search/autocomplete/?term=F".to_owned(),
        "/api/ui_settings/".to_owned(),
    ];
    for path in &closed {
        let refused = first.get(path).await.is(403);
        assert!(refused.json()["detail"].is_string(), "{path}");
        // Clients look for what they speak to on refusals too.
        assert_eq!(refused.header("x-api-version"), Some("10"), "{path}");
        assert!(refused.header("x-version").is_some(), "{path}");
    }
    let id = uploaded.json().as_str().expect("an id").to_owned();
    let by_id = format!("/api/tasks/?task_id={id}");
    let own = get_as(&first, &by_id, 10).await.is(200).json();
    assert_eq!(own["count"], 1);
    assert_eq!(own["results"][0]["status"], "success");
    assert_eq!(own["results"][0]["result_data"]["document_id"], number);
    // Another scanner of the same account learns nothing of it.
    let others = get_as(&second, &by_id, 10).await.is(200).json();
    assert_eq!(others["count"], 0);
    assert_eq!(
        get_as(&second, "/api/tasks/", 9).await.is(200).json(),
        json!([])
    );
    let by_number = format!("/api/tasks/{upload_number}/");
    first.get(&by_number).await.is(200);
    second.get(&by_number).await.is(404);
    // The same content from the other scanner: accepted, and not told that it was there.
    let again = upload(&second, content.clone(), &[]).await.is(200);
    let told = task(&second, &again).await;
    assert_eq!(told["duplicate_documents"], json!([]));
    // From the same one: accepted, and told what it knows already.
    let twice = upload(&first, content, &[]).await.is(200);
    let told = task(&first, &twice).await;
    assert_eq!(told["status"], "SUCCESS");
    assert_eq!(told["duplicate_documents"][0]["id"], number);
    assert_eq!(
        told["duplicate_documents"][0]["title"],
        serde_json::Value::Null
    );
    // Whoever reads there is told the titles, where one upload is asked for.
    let seen = get_as(&town.clerk(), "/api/tasks/", 9).await.is(200).json();
    let seen = seen.as_array().expect("a list");
    assert_eq!(seen.len(), 3, "those of all tokens of the account");
    let twice = twice.json().as_str().expect("an id").to_owned();
    let one = get_as(&town.clerk(), &format!("/api/tasks/?task_id={twice}"), 9).await;
    let told = &one.is(200).json()[0]["duplicate_documents"];
    assert_eq!(told.as_array().map(Vec::len), Some(2), "all that are alike");
    assert!(told[0]["title"].is_string());
}

#[tokio::test]
async fn a_token_files_into_its_own_department_only() {
    let Some(town) = Town::start().await else {
        return;
    };
    let admin = town.admin();
    add(&town.app, "p.poststelle", "mail_room", Some(OWN)).await;
    let accounts = admin.get("/api/v1/accounts").await.is(200).json();
    let all = accounts["items"].as_array().expect("accounts");
    let account = all.iter().find(|one| one["login"] == "p.poststelle");
    let id = account.expect("an account")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let at = format!("/api/v1/accounts/{id}");
    let roles = json!({"roles": [
        {"role": "mail_room", "department": OWN}, {"role": "mail_room", "department": OTHER}]});
    let etag = admin.get(&at).await.is(200).etag();
    let request = admin
        .request(Method::PUT, &format!("{at}/roles"))
        .header("if-match", etag)
        .json(&roles);
    admin.send(request).await.is(200);
    // Without a department of its own nobody knows where it should go.
    let command = ["user", "token", "p.poststelle", "--scope", "intake"];
    let output = town.app.command(&command).await;
    let open = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let refused = upload(&town.app.with_token(&open), fixtures::unique_pdf("a"), &[]).await;
    assert!(refused.is(403).json()["detail"].is_string());
    // By the command line, with one.
    let command = [command.as_slice(), &["--department", OTHER]].concat();
    let output = town.app.command(&command).await;
    let bound = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let bound = town.app.with_token(&bound);
    upload(&bound, fixtures::unique_pdf("b"), &[]).await.is(200);
    assert_eq!(town.documents().await[0]["department"], OTHER);
    // By our own interface it files there too, and nowhere else.
    let here = json!({"title": "Hier"});
    let filed = bound
        .file("c.pdf", &fixtures::unique_pdf("c"), &here)
        .await
        .is(201);
    assert_eq!(filed.json()["department"], OTHER);
    let there = json!({"title": "Dort", "department": OWN});
    bound
        .file("d.pdf", &fixtures::unique_pdf("d"), &there)
        .await
        .is_problem(422, "validation");
}

#[tokio::test]
async fn a_destination_must_be_open_to_the_account_and_its_inbox_read_there() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let try_it = async |more: serde_json::Value| {
        let mut new = json!({"label": "Scanner", "scope": "intake", "days": 30});
        for (name, value) in more.as_object().into_iter().flatten() {
            new[name] = value.clone();
        }
        clerk.post("/api/v1/tokens", &new).await
    };
    for (more, pointer) in [
        (json!({"department": OTHER}), "/department"),
        (json!({"department": "gibt-es-nicht"}), "/department"),
        (json!({"department": OWN, "inbox": "k.sommer"}), "/inbox"),
        (json!({"department": OWN, "inbox": "niemand"}), "/inbox"),
        (json!({"inbox": "m.brandt"}), "/department"),
        (json!({"scope": "full", "department": OWN}), "/department"),
    ] {
        let refused = try_it(more.clone())
            .await
            .is_problem(422, "validation")
            .json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{more}");
    }
    let issued = try_it(json!({"department": OWN, "inbox": "m.brandt"}))
        .await
        .is(201);
    let listed = clerk.get("/api/v1/tokens").await.is(200).json();
    let listed = listed["items"].as_array().expect("tokens");
    let known = listed
        .iter()
        .find(|one| one["id"] == issued.json()["token"]["id"]);
    let known = known.expect("the token");
    assert!(known["department"].is_string() && known["inbox"].is_string());
    town.record_of(&issued).await;
    let verified = town.app.command(&["verify"]).await;
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{said}");
}

#[tokio::test]
async fn signing_in_gives_a_token_in_the_words_of_the_client() {
    let Some(town) = Town::start().await else {
        return;
    };
    let admin = town.admin();
    let new = json!({"login": "e.beispiel", "name": "E. Beispiel", "password": "lang-genug-2026",
        "roles": [{"role": "clerk", "department": OWN}]});
    admin.post("/api/v1/accounts", &new).await.is(201);
    let anonymous = town.app.anonymous();
    let credentials = json!({"username": "e.beispiel", "password": "lang-genug-2026"});
    let entered = anonymous.post("/api/token/", &credentials).await.is(200);
    let token = entered.json()["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let body = "username=e.beispiel&password=lang-genug-2026";
    let form = anonymous
        .request(Method::POST, "/api/token/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    anonymous.send(form).await.is(200);
    let wrong = json!({"username": "e.beispiel", "password": "falsch"});
    let refused = anonymous.post("/api/token/", &wrong).await.is(400).json();
    assert_eq!(
        refused,
        json!({"non_field_errors": ["Name oder Passwort stimmen nicht."]})
    );
    let missing = anonymous
        .post("/api/token/", &json!({"username": "x"}))
        .await
        .is(400);
    assert!(missing.json()["password"].is_array());
    let with = async |scheme: &str, path: &str| {
        let header = format!("{scheme} {token}");
        let request = anonymous
            .request(Method::GET, path)
            .header("authorization", header);
        anonymous.send(request).await
    };
    with("Token", "/api/documents/").await.is(200);
    with("Bearer", "/api/documents/").await.is(200);
    // Our own interface knows one word for it.
    with("Token", "/api/v1/me").await.is(401);
    let nobody = anonymous.get("/api/documents/").await.is(401);
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Token realm=\"papierlos\"")
    );
    assert_eq!(nobody.header("x-version"), None, "strangers are not told");
}

#[tokio::test]
async fn what_is_wrong_with_an_upload_is_said_by_field() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let pdf = || fixtures::unique_pdf("Rechnung");
    for (field, value) in [
        ("correspondent", "4711"),
        ("document_type", "x"),
        ("tags", "1"),
        ("created", "gestern"),
        ("archive_serial_number", "7"),
        ("title", &*"x".repeat(301)),
    ] {
        let refused = upload(&clerk, pdf(), &[(field, value)])
            .await
            .is(400)
            .json();
        assert!(refused[field].is_array(), "{field}: {refused}");
    }
    let send = async |form: Form| {
        let request = clerk.request(Method::POST, UPLOAD).multipart(form);
        clerk.send(request).await
    };
    let none = send(Form::new().text("title", "Ohne")).await.is(400).json();
    assert!(none["document"].is_array(), "{none}");
    let twice = Form::new()
        .part("document", Part::bytes(pdf()).file_name("a.pdf"))
        .part("document", Part::bytes(pdf()).file_name("b.pdf"));
    let twice = send(twice).await.is(400).json();
    assert!(twice["document"].is_array(), "{twice}");
    clerk.post(UPLOAD, &json!({})).await.is(415);
    let reader = town.app.with_token(&town.token("read").await);
    upload(&reader, pdf(), &[]).await.is(403);
    upload(&town.auditor(), pdf(), &[]).await.is(403);
    assert_eq!(town.documents().await.len(), 0, "nothing was filed");
    // Words are taken that one sees.
    let metadata = json!({"title": "Bescheid", "type": "Bescheid", "correspondent": "Erika Beispiel",
        "tags": ["Parken", "Eilt"]});
    clerk.file("a.pdf", &pdf(), &metadata).await.is(201);
    let first = async |path: &str| {
        let page = clerk.get(path).await.is(200).json();
        page["results"][0]["id"]
            .as_i64()
            .expect("a number")
            .to_string()
    };
    let (kind, correspondent) = (
        first("/api/document_types/").await,
        first("/api/correspondents/").await,
    );
    let tag = first("/api/tags/?name__iexact=parken").await;
    let fields = [
        ("document_type", &*kind),
        ("correspondent", &*correspondent),
        ("tags", &*tag),
    ];
    upload(&town.other(), pdf(), &fields).await.is(400);
    let done = upload(&clerk, pdf(), &fields).await.is(200);
    let number = task(&clerk, &done).await["related_document"].clone();
    let filed = clerk
        .get(&format!("/api/documents/{number}/"))
        .await
        .is(200)
        .json();
    assert_eq!(filed["title"], "scan-0001");
    assert_eq!(
        filed["tags"],
        json!([tag.parse::<i64>().expect("a number")])
    );
    assert_eq!(filed["correspondent"].to_string(), correspondent);
    assert_eq!(filed["document_type"].to_string(), kind);
}

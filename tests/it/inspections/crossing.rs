//! What others have in the same place: whoever opens something opens what is theirs, and whoever learns who
//! looked learns it of what is theirs.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fixtures;
use tests::plan::{plan, unit};
use tests::town::{OTHER, OWN, Town, add, id_of};
use tests::{Answer, Client};

use super::{ASK, EMERGENCY, in_time, is_about, looks, papers, post};
use crate::components::filed;
use crate::records::{act, register};

/// A town with a plan of one unit, and the head of [`OWN`].
async fn start() -> Option<(Town, Client)> {
    let town = Town::start().await?;
    plan(&town, "2020", ("2020-01-01", None), vec![unit("02")]).await;
    let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
    let head = town.app.with_token(&head);
    Some((town, head))
}

/// Asks as the clerk that something is opened to an account.
async fn ask(town: &Town, account: &str, (kind, id): (&str, &str)) -> Answer {
    let mut ask = json!({"account": account, "reason": "other", "purpose": "Rückfrage",
        "valid_until": in_time(86_400)});
    ask[kind] = json!(id);
    town.clerk().post(ASK, &ask).await.is(201)
}

/// The same, approved; gives the id of the inspection.
async fn opened(town: &Town, head: &Client, account: &str, object: (&str, &str)) -> String {
    let id = id_of(&ask(town, account, object).await);
    post(head, &format!("{ASK}/{id}/approve")).await.is(200);
    id
}

/// A case of [`OTHER`] with a document, which the registry puts into a file of [`OWN`].
async fn refiled_into(town: &Town, file: &Answer) -> (String, String) {
    let (other, registrar) = (town.other(), town.registrar().await);
    let new = json!({"plan_unit": "02", "subject": "Akte der anderen"});
    let theirs = other.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&theirs), "subject": "Vorgang der anderen"});
    let case = other.post("/api/v1/cases", &new).await.is(201);
    let content = fixtures::unique_pdf("Grundsteuer im Text");
    let filed = other
        .file("f.pdf", &content, &json!({"title": "Grundsteuer"}))
        .await
        .is(201);
    let document = register(&other, &filed, &case).await.is(200);
    let at = format!("/api/v1/cases/{}", id_of(&case));
    let etag = registrar.get(&at).await.is(200).etag();
    let to = json!({"file": id_of(file), "reason": "Gehört hierher"});
    act(&registrar, &format!("{at}/refile"), &etag, &to)
        .await
        .is(200);
    (id_of(&case), id_of(&document))
}

#[tokio::test]
async fn what_another_department_has_in_a_file_is_not_opened_with_it_and_its_looks_are_not_told() {
    let Some((town, head)) = start().await else {
        return;
    };
    let new = json!({"plan_unit": "02", "subject": "Akte der eigenen"});
    let file = town.clerk().post("/api/v1/files", &new).await.is(201);
    let (_, own) = papers(&town, &file, "Parkausweis").await;
    let (case, foreign) = refiled_into(&town, &file).await;
    let (case_at, foreign_at) = (
        format!("/api/v1/cases/{case}"),
        format!("/api/v1/documents/{foreign}"),
    );
    let file = id_of(&file);
    let file_at = format!("/api/v1/files/{file}");
    town.settle().await;
    let guest = add(&town.app, "g.ast", "archive", None).await;
    let guest = town.app.with_token(&guest);
    opened(&town, &head, "g.ast", ("file", &file)).await;
    town.other().get(&foreign_at).await.is(200);
    guest.get(&file_at).await.is(200);
    let own_at = format!("/api/v1/documents/{own}");
    guest.get(&own_at).await.is(200);
    for hidden in [&case_at, &foreign_at] {
        guest.get(hidden).await.is_problem(404, "not-found");
    }
    for (path, total) in [
        ("/api/v1/documents?count=true", 1),
        ("/api/v1/cases?count=true", 1),
        ("/api/v1/search?q=", 1),
        ("/api/v1/search?q=Parkausweis", 1),
        ("/api/v1/search?q=Grundsteuer", 0),
    ] {
        let found = guest.get(path).await.is(200).json();
        assert_eq!(found["total"], total, "{path}: {found}");
    }
    // Those who looked at it are told to those whose it is: the look is there, and auditors see it.
    let path = format!("{file_at}/looks?limit=100");
    let all = town.auditor().get(&path).await.is(200).text();
    assert!(all.contains(&own) && all.contains(&foreign), "{all}");
    let told = head.get(&path).await.is(200).text();
    assert!(told.contains(&own), "{told}");
    assert!(!told.contains(&foreign) && !told.contains(&case), "{told}");
}

#[tokio::test]
async fn what_comes_to_another_department_is_opened_no_longer_and_not_by_those_there() {
    let Some((town, head)) = start().await else {
        return;
    };
    let guest = add(&town.app, "g.ast", "archive", None).await;
    let guest = town.app.with_token(&guest);
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let at = format!("/api/v1/documents/{id}");
    opened(&town, &head, "g.ast", ("document", &id)).await;
    let waiting = id_of(&ask(&town, "r.pruefer", ("document", &id)).await);
    guest.get(&at).await.is(200);
    let clerk = town.clerk();
    let etag = clerk.get(&at).await.is(200).etag();
    let to = json!({"department": OTHER});
    act(&clerk, &format!("{at}/route"), &etag, &to)
        .await
        .is(200);
    guest.get(&at).await.is_problem(404, "not-found");
    town.settle().await;
    let found = guest.get("/api/v1/search?q=Antrag").await.is(200).json();
    assert_eq!(found["total"], 0, "{found}");
    // What was asked for in one department is not approved in another one.
    post(&town.other(), &format!("{ASK}/{waiting}/approve"))
        .await
        .is_problem(409, "conflict");
}

#[tokio::test]
async fn what_else_a_reader_saw_is_told_to_auditors_only() {
    let Some((town, head)) = start().await else {
        return;
    };
    let letter = id_of(&town.letter("Antrag", "Antrag").await);
    let other = town.other();
    let content = fixtures::unique_pdf("Eigenes der anderen");
    let theirs = other
        .file("e.pdf", &content, &json!({"title": "Eigenes"}))
        .await
        .is(201);
    let theirs = id_of(&theirs);
    let id = opened(&town, &head, "k.sommer", ("document", &letter)).await;
    let seen = other.get("/api/v1/documents").await.is(200).text();
    assert!(seen.contains(&letter) && seen.contains(&theirs), "{seen}");
    let path = format!("{ASK}/{id}/looks?limit=100");
    let told = head.get(&path).await.is(200).text();
    assert!(told.contains("documents.list"), "{told}");
    assert!(told.contains(&letter), "{told}");
    assert!(!told.contains(&theirs), "{told}");
    let all = town.auditor().get(&path).await.is(200).text();
    assert!(all.contains(&letter) && all.contains(&theirs), "{all}");
}

#[tokio::test]
async fn content_that_only_an_inspection_opens_is_recorded_under_it_though_a_role_knows_of_it() {
    let Some((town, head)) = start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let letter = id_of(&town.letter("Antrag", "Antrag").await);
    let content = format!("/api/v1/documents/{letter}/content");
    assert!(registrar.get(&content).await.status.is_client_error());
    let id = opened(&town, &head, "g.aktuar", ("document", &letter)).await;
    registrar.get(&content).await.is(200);
    let recorded = looks(&town).await;
    let under = recorded.iter().any(|look| {
        look["action"] == "content.read"
            && look["outcome"] == "ok"
            && is_about(look, "document", &letter)
            && is_about(look, "inspection", &id)
    });
    assert!(under, "{recorded:?}");
}

#[tokio::test]
async fn what_a_mail_and_an_invoice_say_of_themselves_is_told_and_recorded_as_content() {
    let Some((town, head)) = start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let (mail, _) = filed(&town).await;
    let clerk = town.clerk();
    let xml = include_bytes!("../../data/xrechnung/01.01a-INVOICE_ubl.xml");
    let bill = crate::reading::file(&town, "application/xml", xml, "Rechnung").await;
    let bill = id_of(&bill);
    town.settle().await;
    for (id, told) in [(id_of(&mail), "mail"), (bill, "invoice")] {
        let at = format!("/api/v1/documents/{id}");
        let recorded = async |under: &str| {
            let all = looks(&town).await;
            let is = |look: &&Value| {
                look["action"] == "content.read"
                    && is_about(look, "document", &id)
                    && is_about(look, "inspection", under)
            };
            all.iter().filter(is).count()
        };
        // The registry knows of it and reads no content.
        let known = registrar.get(&at).await.is(200);
        assert_eq!(known.json()[told], json!(null), "{told}");
        let history = registrar.get(&format!("{at}/history")).await.is(200);
        assert!(!history.text().contains("rendition.details"), "{told}");
        assert!(!history.text().contains("joerg@"), "{told}");
        let own = clerk.get(&at).await.is(200);
        assert!(own.json()[told].is_object(), "{told}");

        let under = opened(&town, &head, "g.aktuar", ("document", &id)).await;
        assert_eq!(recorded(&under).await, 0, "{told}");
        assert!(registrar.get(&at).await.is(200).json()[told].is_object());
        assert_eq!(recorded(&under).await, 1, "{told}");
        let history = registrar.get(&format!("{at}/history")).await.is(200);
        assert!(history.text().contains("rendition.details"), "{told}");
        assert_eq!(recorded(&under).await, 2, "{told}");
    }
}

#[tokio::test]
async fn nobody_asks_or_approves_in_the_stead_of_another() {
    let Some((town, head)) = start().await else {
        return;
    };
    let letter = id_of(&town.letter("Antrag", "Antrag").await);
    let deputy = add(&town.app, "v.ertreter", "clerk", Some(OWN)).await;
    let deputy = town.app.with_token(&deputy);
    let name = json!({"deputy": "v.ertreter", "valid_until": in_time(86_400)});
    head.post("/api/v1/deputations", &name).await.is(201);
    let in_stead = |path: &str| {
        deputy
            .request(Method::POST, path)
            .header("papierlos-on-behalf-of", "l.heide")
    };
    let ask_for = json!({"account": "k.sommer", "document": letter, "reason": "other",
        "purpose": "Rückfrage", "valid_until": in_time(3_600)});
    let asked = deputy.send(in_stead(ASK).json(&ask_for)).await;
    asked.is_problem(403, "forbidden");
    let id = id_of(&ask(&town, "k.sommer", ("document", &letter)).await);
    let approve = format!("{ASK}/{id}/approve");
    let approved = deputy.send(in_stead(&approve)).await;
    approved.is_problem(403, "forbidden");
    // In the own name it is as with any other.
    post(&deputy, &approve).await.is(200);
}

#[tokio::test]
async fn whoever_names_what_he_may_not_know_of_is_recorded() {
    let Some((town, head)) = start().await else {
        return;
    };
    let letter = id_of(&town.letter("Antrag", "Antrag").await);
    let id = opened(&town, &head, "r.pruefer", ("document", &letter)).await;
    let other = town.other();
    let me = other.get("/api/v1/me").await.is(200).json()["id"].clone();
    let tried = [
        format!("{ASK}/{id}"),
        format!("{ASK}/{id}/looks"),
        format!("{EMERGENCY}/{id}"),
        format!("/api/v1/documents/{letter}/looks"),
    ];
    for path in &tried {
        other.get(path).await.is_problem(404, "not-found");
    }
    let done = [
        format!("{ASK}/{id}/approve"),
        format!("{ASK}/{id}/end"),
        format!("{EMERGENCY}/{id}/end"),
    ];
    for path in &done {
        post(&other, path).await.is_problem(404, "not-found");
    }
    let ask_for = json!({"account": "k.sommer", "document": letter, "reason": "other",
        "purpose": "Neugier", "valid_until": in_time(3_600)});
    other
        .post(ASK, &ask_for)
        .await
        .is_problem(422, "validation");
    tests::wait_until("each of them is recorded", async || {
        let all = looks(&town).await;
        let own = all
            .iter()
            .filter(|one| one["actor"] == me && one["action"] == "request.refused");
        let named = own.clone().any(|one| is_about(one, "document", &letter));
        named && own.count() == tried.len() + done.len() + 1
    })
    .await;
}

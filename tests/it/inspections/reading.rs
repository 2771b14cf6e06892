//! What an inspection shows: exactly what it covers, in lists, counts, searches and the change feed alike.

use serde_json::{Value, json};
use tests::plan::{admit, damage};
use tests::town::{OWN, add, id_of};
use tests::{Answer, Client, fixtures};

use super::{ASK, Personnel, everything, in_time, papers, post};
use crate::components::{components, zip};
use crate::records::{act, register};

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn an_inspection_shows_what_it_covers_everywhere_and_nothing_else() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    // Another personnel file, of which nothing may show.
    let new = json!({"plan_unit": "11", "subject": "Personalakte Verschlusssache"});
    let hidden = clerk.post("/api/v1/files", &new).await.is(201);
    let (hidden_case, hidden_document) = papers(town, &hidden, "Verschlusssache").await;
    // Somebody without any role: whoever comes to inspect.
    let account = json!({"login": "g.ast", "name": "G. Ast", "password": "ein langer Satz"});
    town.admin()
        .post("/api/v1/accounts", &account)
        .await
        .is(201);
    let sign_in = json!({"login": "g.ast", "password": "ein langer Satz"});
    let session = town.app.anonymous().post("/api/v1/session", &sign_in).await;
    let session = session.is(201).json();
    let guest = town
        .app
        .with_token(session["secret"].as_str().expect("a secret"));
    town.settle().await;
    let before = everything(&guest, "Geheimniskram").await;
    for told in [&it.file, &it.case, &it.document] {
        assert!(
            !before.contains(told.as_str()),
            "{told} before it is opened: {before}"
        );
    }
    let ask = json!({"account": "g.ast", "file": it.file, "reason": "data_subject",
        "purpose": "Art. 15 DSGVO", "valid_until": in_time(86_400)});
    let id = id_of(&clerk.post(ASK, &ask).await.is(201));
    for client in [&it.head, &it.second] {
        post(client, &format!("{ASK}/{id}/approve")).await.is(200);
    }
    for (path, total) in [
        ("/api/v1/documents?count=true", 1),
        ("/api/v1/files?count=true", 1),
        ("/api/v1/cases?count=true", 1),
        ("/api/v1/search?q=", 1),
        ("/api/v1/search?q=Geheimniskram", 1),
        ("/api/v1/search?q=Verschlusssache", 0),
    ] {
        let found = guest.get(path).await.is(200).json();
        assert_eq!(found["total"], total, "{path}: {found}");
    }
    let seen = everything(&guest, "Geheimniskram").await;
    for told in [&it.file, &it.case, &it.document] {
        assert!(seen.matches(told.as_str()).count() >= 2, "{told} in {seen}");
    }
    let hidden_ids = [id_of(&hidden), hidden_case, hidden_document];
    let seen = seen + &everything(&guest, "Verschlusssache").await;
    for told in hidden_ids
        .iter()
        .map(String::as_str)
        .chain(["Verschlusssache"])
    {
        // The question itself is not repeated in these answers.
        assert!(!seen.contains(told), "{told} in {seen}");
    }
    let suggested = guest
        .get("/api/v1/search/suggest?q=Geheimn")
        .await
        .is(200)
        .json();
    assert_eq!(
        suggested["titles"].as_array().map(Vec::len),
        Some(1),
        "{suggested}"
    );
    let facets = guest
        .get("/api/v1/search?q=&facets=true")
        .await
        .is(200)
        .json();
    assert!(
        facets["facets"].to_string().contains("Geheimniskram"),
        "{facets}"
    );
    let at = format!("/api/v1/documents/{}", it.document);
    for rest in [
        "",
        "/content",
        "/text",
        "/duplicates",
        "/versions",
        "/versions/1/content",
        "/history",
        "/looks",
    ] {
        guest.get(&format!("{at}{rest}")).await.is(200);
    }
    guest
        .get(&format!("/api/v1/notes?document={}", it.document))
        .await
        .is(200);
    // What comes in later is covered too, without waiting for anything but the index.
    let content = fixtures::unique_pdf("Nachtrag im Text");
    let late = clerk
        .file("n.pdf", &content, &json!({"title": "Nachtrag"}))
        .await
        .is(201);
    let late_path = format!("/api/v1/documents/{}", id_of(&late));
    guest.get(&late_path).await.is_problem(404, "not-found");
    let case = clerk
        .get(&format!("/api/v1/cases/{}", it.case))
        .await
        .is(200);
    let late = register(&clerk, &late, &case).await.is(200);
    guest.get(&late_path).await.is(200);
    town.settle().await;
    tests::wait_until("the late document is found", async || {
        guest.get("/api/v1/search?q=Nachtrag").await.is(200).json()["total"] == 1
    })
    .await;
    // What moves away is not covered with that very request, whether the index knows it or not.
    let other = json!({"file": id_of(&hidden), "subject": "Anderswo"});
    let other = clerk.post("/api/v1/cases", &other).await.is(201);
    let refile = json!({"case": id_of(&other), "reason": "Falsch veraktet"});
    let manager = add(&town.app, "r.egistratur", "records_manager", None).await;
    admit(&town.app, it.hidden, "r.egistratur").await;
    let manager = town.app.with_token(&manager);
    act(
        &manager,
        &format!("{late_path}/refile"),
        &late.etag(),
        &refile,
    )
    .await
    .is(200);
    guest.get(&late_path).await.is_problem(404, "not-found");
    let found = guest.get("/api/v1/search?q=Nachtrag").await.is(200).json();
    assert_eq!(found["total"], 0, "{found}");
    post(&it.head, &format!("{ASK}/{id}/end")).await.is(200);
    let after = everything(&guest, "Geheimniskram").await;
    for told in [&it.file, &it.case, &it.document] {
        assert!(
            !after.contains(told.as_str()),
            "{told} after the end: {after}"
        );
    }
}

#[tokio::test]
async fn a_party_is_shown_no_drafts_no_older_versions_and_not_how_it_came_about() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    let new = json!({"plan_unit": "02", "subject": "Bauantrag Beispiel"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let case = json!({"file": id_of(&file), "subject": "Bauantrag"});
    let case = clerk.post("/api/v1/cases", &case).await.is(201);
    // A document that got a second version before it was registered, and a draft within the case.
    let content = fixtures::unique_pdf("Erste Fassung");
    let filed = clerk
        .file("a.pdf", &content, &json!({"title": "Bescheid"}))
        .await
        .is(201);
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let second = fixtures::unique_pdf("Zweite Fassung");
    let part = reqwest::multipart::Part::bytes(second).file_name("a.pdf");
    let request = clerk
        .request(reqwest::Method::POST, &format!("{at}/versions"))
        .multipart(reqwest::multipart::Form::new().part("content", part))
        .header("if-match", filed.etag());
    let second = clerk.send(request).await;
    assert!(second.status.is_success(), "{}", second.text());
    register(&clerk, &second, &case).await.is(200);
    let draft = json!({"title": "Entwurf", "case": id_of(&case)});
    let draft = clerk
        .file("e.pdf", &fixtures::unique_pdf("Entwurf"), &draft)
        .await
        .is(201);
    let ask = json!({"account": "k.sommer", "file": id_of(&file), "reason": "party",
        "purpose": "§ 29 VwVfG", "valid_until": in_time(86_400)});
    let id = id_of(&clerk.post(ASK, &ask).await.is(201));
    let head = &it.head;
    post(head, &format!("{ASK}/{id}/approve")).await.is(200);
    let party = town.other();
    party.get(&at).await.is(200);
    party.get(&format!("{at}/content")).await.is(200);
    party.get(&format!("{at}/versions/2/content")).await.is(200);
    party.get(&format!("{at}/versions/1/content")).await.is(404);
    let versions = party.get(&format!("{at}/versions")).await.is(200).json();
    assert_eq!(
        versions["items"].as_array().map(Vec::len),
        Some(1),
        "{versions}"
    );
    party
        .get(&format!("{at}/history"))
        .await
        .is_problem(403, "forbidden");
    let path = format!("/api/v1/documents/{}", id_of(&draft));
    party.get(&path).await.is_problem(404, "not-found");
    let listed = party
        .get("/api/v1/documents?count=true")
        .await
        .is(200)
        .json();
    assert_eq!(listed["total"], 1, "{listed}");
    town.settle().await;
    for (words, total) in [("Bescheid", 1), ("Entwurf", 0)] {
        let found = party
            .get(&format!("/api/v1/search?q={words}"))
            .await
            .is(200)
            .json();
        assert_eq!(found["total"], total, "{words}: {found}");
    }
}

/// A new version of a document.
async fn next_version(clerk: &Client, document: &Answer, content: Vec<u8>) -> Answer {
    let path = format!("/api/v1/documents/{}/versions", id_of(document));
    let part = reqwest::multipart::Part::bytes(content).file_name("unterlagen.zip");
    let request = clerk
        .request(reqwest::Method::POST, &path)
        .multipart(reqwest::multipart::Form::new().part("content", part))
        .header("if-match", document.etag());
    let answer = clerk.send(request).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer
}

/// The members of a document in force: their ids.
async fn members(client: &Client, document: &str) -> Vec<String> {
    let all = components(client, document).await;
    let id = |one: &Value| one["id"].as_str().expect("an id").to_owned();
    all.iter().map(id).collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_party_is_shown_nothing_that_was_taken_out_of_an_older_version() {
    let Some(mut it) = Personnel::start().await else {
        return;
    };
    let (clerk, party) = (it.town.clerk(), it.town.other());
    let new = json!({"plan_unit": "02", "subject": "Bauantrag Beispiel"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let case = json!({"file": id_of(&file), "subject": "Bauantrag"});
    let case = clerk.post("/api/v1/cases", &case).await.is(201);
    // An archive with an archive in it, of which each version has other members.
    let inner = zip(&[("innen.txt", b"Wetterfahne")]);
    let first = zip(&[("aussen.txt", b"Quittungsblock"), ("innen.zip", &inner)]);
    let filed = clerk
        .file("unterlagen.zip", &first, &json!({"title": "Unterlagen"}))
        .await
        .is(201);
    let id = id_of(&filed);
    it.town.settle().await;
    let mut old = members(&clerk, &id).await;
    assert_eq!(old.len(), 2);
    let nested = members(&clerk, &old[1]).await;
    old.extend(nested);
    assert_eq!(old.len(), 3);
    let now = clerk.get(&format!("/api/v1/documents/{id}")).await.is(200);
    let registered = register(&clerk, &now, &case).await.is(200);
    let ask = json!({"account": "k.sommer", "file": id_of(&file), "reason": "party",
        "purpose": "§ 29 VwVfG", "valid_until": in_time(86_400)});
    let asked = id_of(&clerk.post(ASK, &ask).await.is(201));
    post(&it.head, &format!("{ASK}/{asked}/approve"))
        .await
        .is(200);
    it.town.settle().await;
    let total = async |client: &Client, path: &str| {
        let answer = client.get(path).await.is(200).json();
        answer["total"].as_u64().unwrap_or_default()
    };
    let listed = "/api/v1/documents?count=true&components=true";
    // How much the party is told of what was taken out of the first version.
    let told = async || {
        let mut seen = 0;
        for one in &old {
            for rest in ["", "/content", "/text", "/versions"] {
                let path = format!("/api/v1/documents/{one}{rest}");
                seen += u64::from(party.get(&path).await.status == 200);
            }
        }
        (seen, total(&party, "/api/v1/search?q=Quittungsblock").await)
    };
    assert_eq!(told().await, (12, 1), "in force");
    assert_eq!(total(&party, listed).await, 4);

    let second = zip(&[("neu.txt", b"Dachrinne")]);
    next_version(&clerk, &registered, second).await;
    // At once, whatever the index knows.
    assert_eq!(told().await, (0, 0), "in force no longer");
    it.town.settle().await;
    assert_eq!(told().await, (0, 0));
    assert_eq!(
        total(&party, listed).await,
        2,
        "itself, and what is in it now"
    );
    for (words, many) in [("Dachrinne", 1), ("Wetterfahne", 0)] {
        let path = format!("/api/v1/search?q={words}");
        assert_eq!(total(&party, &path).await, many, "{words}");
        let path = format!("{path}&state=registered");
        assert_eq!(total(&clerk, &path).await, 1, "{words}");
    }
    // Those who work with it see how it came about.
    for one in &old {
        let path = format!("/api/v1/documents/{one}");
        clerk.get(&path).await.is(200);
        let history = clerk.get(&format!("{path}/history")).await.is(200);
        assert!(history.text().contains("\"superseded\""), "{one}");
    }
    let checked = async |it: &Personnel| {
        for command in ["verify", "check"] {
            let output = it.town.app.command(&[command]).await;
            assert!(output.status.success(), "{output:?}");
        }
    };
    checked(&it).await;

    // An archive from before that was kept: it is found out from the versions.
    assert!(it.town.app.stop().success());
    for statement in [
        "ALTER TABLE document DROP COLUMN superseded",
        "DELETE FROM seaql_migrations WHERE version = 'm0025_superseded'",
    ] {
        damage(&it.town.app, statement).await;
    }
    it.town.app.resume();
    let (clerk, party) = (it.town.clerk(), it.town.other());
    let mut seen = Vec::new();
    for one in members(&clerk, &id).await.iter().chain(&old) {
        let path = format!("/api/v1/documents/{one}");
        seen.push(party.get(&path).await.status.as_u16());
    }
    assert_eq!(seen, [200, 404, 404, 404]);
}

#[tokio::test]
async fn an_inspection_begins_and_ends_by_the_clock_and_no_deputy_has_it() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, auditor) = (&it.town, it.town.auditor());
    let at = format!("/api/v1/files/{}", it.file);
    let ask = json!({"account": "r.pruefer", "file": it.file, "reason": "audit", "purpose": "Prüfung",
        "valid_from": in_time(10), "valid_until": in_time(20)});
    let id = id_of(&town.clerk().post(ASK, &ask).await.is(201));
    for client in [&it.head, &it.second] {
        post(client, &format!("{ASK}/{id}/approve")).await.is(200);
    }
    // The token is known by now with what it may: nobody acts at the instants at which that changes.
    auditor.get(&at).await.is_problem(404, "not-found");
    tests::wait_until("it begins", async || auditor.get(&at).await.status == 200).await;
    let standing = auditor.get(&format!("{ASK}/{id}")).await.is(200).json();
    assert_eq!(standing["standing"], "in_force");
    let deputy = add(&town.app, "v.ertreter", "clerk", Some(OWN)).await;
    let deputy = town.app.with_token(&deputy);
    let name = json!({"deputy": "v.ertreter", "valid_until": in_time(86_400)});
    auditor.post("/api/v1/deputations", &name).await.is(201);
    let request = deputy
        .request(reqwest::Method::GET, &at)
        .header("papierlos-on-behalf-of", "r.pruefer");
    deputy.send(request).await.is_problem(404, "not-found");
    tests::wait_until("it ends", async || auditor.get(&at).await.status == 404).await;
    let found = auditor
        .get("/api/v1/search?q=Geheimniskram")
        .await
        .is(200)
        .json();
    assert_eq!(found["total"], 0, "{found}");
    let standing = auditor.get(&format!("{ASK}/{id}")).await.is(200).json();
    assert_eq!(standing["standing"], "over");
}

#[tokio::test]
async fn a_party_is_told_of_no_changes_in_what_is_opened_to_it() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk, party) = (&it.town, it.town.clerk(), it.town.other());
    let new = json!({"plan_unit": "02", "subject": "Bauantrag Beispiel"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let (case, document) = papers(town, &file, "Bauantrag").await;
    let all = [id_of(&file), case, document];
    let new = json!({"url": "https://fachverfahren.invalid/", "events": ["*"]});
    let hook = id_of(&party.post("/api/v1/webhooks", &new).await.is(201));
    for (reason, told) in [("party", false), ("court", true)] {
        let ask = json!({"account": "k.sommer", "file": all[0], "reason": reason,
            "purpose": "Akteneinsicht", "valid_until": in_time(86_400)});
        let id = id_of(&clerk.post(ASK, &ask).await.is(201));
        post(&it.head, &format!("{ASK}/{id}/approve")).await.is(200);
        let at = format!("/api/v1/documents/{}", all[2]);
        party.get(&at).await.is(200);
        let changes = party.get("/api/v1/changes?limit=1000").await;
        let changes = changes.is(200).text();
        for one in &all {
            assert_eq!(changes.contains(one.as_str()), told, "{reason}: {changes}");
        }
        // Webhooks tell the same. What is filed last is told last.
        let (later, _) = papers(town, &file, reason).await;
        let own = json!({"title": format!("Notiz {reason}")});
        let own = party
            .file("n.pdf", &fixtures::unique_pdf(reason), &own)
            .await;
        let own = id_of(&own.is(201));
        let path = format!("/api/v1/webhooks/{hook}/deliveries?limit=100");
        let deliveries = async || party.get(&path).await.is(200).text();
        tests::wait_until("what is one's own is told", async || {
            deliveries().await.contains(&own)
        })
        .await;
        let deliveries = deliveries().await;
        assert_eq!(deliveries.contains(&later), told, "{reason}: {deliveries}");
    }
}

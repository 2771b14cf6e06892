//! Who asks, who approves, who ends.

use serde_json::json;
use tests::Start;
use tests::town::{OTHER, OWN, Town, add, id_of};

use super::{ASK, Personnel, in_time, post};

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn in_a_compartment_it_takes_two_who_enter_it_and_nobody_decides_for_himself() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk, auditor) = (&it.town, it.town.clerk(), it.town.auditor());
    let at = format!("/api/v1/files/{}", it.file);
    let ask = json!({"account": "r.pruefer", "file": it.file, "reason": "audit",
        "purpose": "Prüfung der Stellenbesetzung", "valid_until": in_time(86_400)});
    // Whoever may not know of it names nothing; whoever may not decide is refused.
    for client in [town.other(), town.admin(), town.auditor()] {
        client.post(ASK, &ask).await.is_problem(422, "validation");
    }
    let asked = clerk.post(ASK, &ask).await.is(201);
    let record = town.record_of(&asked).await;
    assert_eq!(record["action"], "inspection.request");
    let view = asked.json();
    assert_eq!(view["standing"], "waiting");
    assert_eq!(view["approvals_needed"], 2);
    let one = format!("{ASK}/{}", id_of(&asked));
    let approve = format!("{one}/approve");
    auditor.get(&at).await.is_problem(404, "not-found");
    // The one who asked, the one it is for, who stands outside, who administers.
    post(&clerk, &approve).await.is_problem(403, "forbidden");
    post(&auditor, &approve).await.is_problem(403, "forbidden");
    post(&town.admin(), &approve)
        .await
        .is_problem(403, "forbidden");
    post(&town.other(), &approve)
        .await
        .is_problem(404, "not-found");
    let outside = add(&town.app, "f.nebenan", "clerk", Some(OWN)).await;
    let outside = town.app.with_token(&outside);
    post(&outside, &approve).await.is_problem(404, "not-found");
    outside.get(&one).await.is_problem(404, "not-found");
    // The first approval is not enough, and nobody gives both.
    let first = post(&it.head, &approve).await.is(200);
    assert_eq!(first.json()["standing"], "waiting");
    auditor.get(&at).await.is_problem(404, "not-found");
    post(&it.head, &approve).await.is_problem(403, "forbidden");
    let second = post(&it.second, &approve).await.is(200);
    assert_eq!(second.json()["standing"], "in_force");
    let record = town.record_of(&second).await;
    assert_eq!(record["action"], "inspection.approve");
    auditor.get(&at).await.is(200);
    post(&it.second, &approve).await.is_problem(409, "conflict");
    // I-21: who does not enter learns that there is one, not about what.
    let seen = town.admin().get(&one).await.is(200).json();
    assert_eq!(seen["object"]["kind"], "file");
    assert!(seen["object"].get("id").is_none(), "{seen}");
    // Nor by asking with the id in hand.
    let about = format!("{ASK}?object={}", it.file);
    for (client, count) in [(town.admin(), 0), (town.auditor(), 1)] {
        let listed = client.get(&about).await.is(200).json();
        let listed = listed["items"].as_array().map(Vec::len);
        assert_eq!(listed, Some(count), "{about}");
    }
    assert_eq!(
        auditor.get(&one).await.is(200).json()["object"]["id"],
        it.file.as_str()
    );
    // Anybody who has to do with it ends it, at once.
    let end = format!("{one}/end");
    post(&town.other(), &end).await.is_problem(404, "not-found");
    let ended = post(&it.head, &end).await.is(200);
    assert_eq!(ended.json()["standing"], "over");
    assert_eq!(town.record_of(&ended).await["action"], "inspection.end");
    auditor.get(&at).await.is_problem(404, "not-found");
    post(&it.head, &end).await.is_problem(409, "conflict");
    // An administrator ends one, and the one who reads by it gives it up.
    for client in [town.admin(), town.auditor()] {
        let id = it.opened("audit", 86_400).await;
        auditor.get(&at).await.is(200);
        post(&client, &format!("{ASK}/{id}/end")).await.is(200);
        auditor.get(&at).await.is_problem(404, "not-found");
    }
    let listed = auditor.get(ASK).await.is(200).json();
    assert_eq!(listed["items"], json!([]), "what is over is left out");
    let listed = auditor
        .get(&format!("{ASK}?over=true&limit=2"))
        .await
        .is(200)
        .json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    let next = listed["next_cursor"].as_str().expect("more");
    let rest = auditor
        .get(&format!("{ASK}?over=true&limit=2&cursor={next}"))
        .await
        .is(200);
    assert_eq!(rest.json()["items"].as_array().map(Vec::len), Some(1));
    let none = outside
        .get(&format!("{ASK}?over=true"))
        .await
        .is(200)
        .json();
    assert_eq!(none["items"], json!([]), "nobody outside lists them");
}

#[tokio::test]
async fn outside_of_compartments_one_other_person_is_enough() {
    let Some(town) = Town::start().await else {
        return;
    };
    let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
    let head = town.app.with_token(&head);
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let at = format!("/api/v1/documents/{id}");
    let ask = json!({"account": "k.sommer", "document": id, "reason": "other",
        "purpose": "Rückfrage", "valid_until": in_time(3_600)});
    let asked = town.clerk().post(ASK, &ask).await.is(201);
    let one = format!("{ASK}/{}", id_of(&asked));
    let waiting = head
        .get(&format!("{ASK}?waiting=true&object={id}"))
        .await
        .is(200);
    assert_eq!(waiting.json()["items"][0]["id"], asked.json()["id"]);
    let other = town.other();
    other.get(&at).await.is(404);
    post(&other, &format!("{one}/approve"))
        .await
        .is_problem(403, "forbidden");
    post(&head, &format!("{one}/approve")).await.is(200);
    other.get(&at).await.is(200);
    // It reads, and that is all.
    let etag = other.get(&at).await.is(200).etag();
    other
        .patch(&at, &etag, &json!({"title": "Anders"}))
        .await
        .is_problem(403, "forbidden");
    other
        .get(&format!("{at}/looks"))
        .await
        .is_problem(403, "forbidden");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_reason() {
    let start = Start::new()
        .with("PAPIERLOS_RIGHTS_INSPECTION_DAYS_MAX", "10")
        .with("PAPIERLOS_RIGHTS_INSPECTION_DAYS_INSIDE_MAX", "2");
    let Some(it) = Personnel::of(start).await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    let outside = id_of(&town.letter("Antrag", "Antrag").await);
    let day = 86_400;
    let ask = async |object: (&str, &str), account: &str, from: Option<i64>, until: i64| {
        let mut body = json!({"account": account, "reason": "court", "purpose": "Anforderung",
            "valid_until": in_time(until)});
        body[object.0] = json!(object.1);
        if let Some(from) = from {
            body["valid_from"] = json!(in_time(from));
        }
        clerk.post(ASK, &body).await
    };
    let (file, letter) = (("file", it.file.as_str()), ("document", outside.as_str()));
    for (object, from, until) in [
        (letter, None, -5),
        (letter, None, 10 * day + 60),
        (letter, Some(60), 30),
        (letter, Some(11 * day), 12 * day),
        (file, None, 2 * day + 60),
    ] {
        let refused = ask(object, "k.sommer", from, until).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], "/valid_until", "{refused}");
    }
    ask(letter, "k.sommer", None, 10 * day - 60).await.is(201);
    ask(file, "k.sommer", None, 2 * day - 60).await.is(201);
    let unknown = ask(letter, "gibt.es.nicht", None, day).await;
    let unknown = unknown.is_problem(422, "validation").json();
    assert_eq!(unknown["errors"][0]["pointer"], "/account");
    // Administration gets no content this way, the mayor none of a compartment.
    add(&town.app, "o.haupt", "mayor", Some(OTHER)).await;
    ask(letter, "chef", None, day)
        .await
        .is_problem(409, "conflict");
    ask(file, "o.haupt", None, day)
        .await
        .is_problem(409, "conflict");
    ask(letter, "o.haupt", None, day).await.is(201);
    let two = json!({"account": "k.sommer", "file": it.file, "document": outside,
        "reason": "court", "purpose": "Anforderung", "valid_until": in_time(day)});
    clerk.post(ASK, &two).await.is_problem(422, "validation");
    let emergency = json!({"account": "k.sommer", "document": outside,
        "reason": "emergency", "purpose": "Anforderung", "valid_until": in_time(day)});
    assert!(clerk.post(ASK, &emergency).await.status.is_client_error());
}

#[tokio::test]
async fn who_becomes_an_administrator_sees_no_content_by_it_any_more() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    it.opened("audit", 86_400).await;
    let at = format!("/api/v1/files/{}", it.file);
    let auditor = it.town.auditor();
    auditor.get(&at).await.is(200);
    let accounts = it.town.admin().get("/api/v1/accounts").await.is(200).json();
    let accounts = accounts["items"].as_array().expect("accounts");
    let account = accounts.iter().find(|one| one["login"] == "r.pruefer");
    let id = account.expect("an account")["id"].as_str().expect("an id");
    let path = format!("/api/v1/accounts/{id}/role-grants");
    let given = it
        .town
        .admin()
        .post(&path, &json!({"role": "admin"}))
        .await
        .is(201);
    auditor.get(&at).await.is(404);
    let end = format!("/api/v1/role-grants/{}", id_of(&given));
    tests::town::send(&it.town.admin(), reqwest::Method::DELETE, &end, &[], None)
        .await
        .is(204);
    auditor.get(&at).await.is(200);
}

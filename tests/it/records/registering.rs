//! Opening files and cases, handing on, registering.

use serde_json::json;
use tests::figures::queries;
use tests::town::{OTHER, OWN, id_of, send};
use tests::{Town, fixtures};

use super::{Registry, act, by_reference, fault, register, text, year_of};

#[tokio::test]
async fn references_come_from_the_pattern_and_lead_back() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let first = registry.file("02.1", "Parkausweise Altstadt").await;
    let second = registry.file("02.1", "Parkausweise Vorstadt").await;
    let year = year_of(&text(&first, "opened_on"));
    assert_eq!(text(&first, "reference"), format!("02.1-{year}/0001"));
    assert_eq!(text(&second, "reference"), format!("02.1-{year}/0002"));
    assert_eq!(
        text(&registry.file("03", "Eigenes Muster").await, "reference"),
        "Az. 1"
    );
    let case = registry.case(&first, "Familie Beispiel").await;
    assert_eq!(text(&case, "reference"), format!("02.1-{year}/0001-1"));
    let part = json!({"file": id_of(&first), "parent": id_of(&case), "subject": "Widerspruch"});
    let part = clerk.post("/api/v1/cases", &part).await.is(201);
    assert_eq!(text(&part, "reference"), format!("02.1-{year}/0001-1-T1"));
    let part = json!({"parent": id_of(&first), "subject": "Anlagen"});
    let part = clerk.post("/api/v1/files", &part).await.is(201);
    assert_eq!(text(&part, "reference"), format!("02.1-{year}/0001-T1"));
    let document = registry.registered(&case, "Antrag").await;
    let reference = text(&document, "reference");
    assert_eq!(reference, format!("02.1-{year}/0001-1-1 {OWN}"));
    for (answer, kind) in [(&first, "file"), (&case, "case"), (&document, "document")] {
        let named = clerk
            .get(&by_reference(&text(answer, "reference")))
            .await
            .is(200);
        assert_eq!(text(&named, "kind"), kind);
        assert_eq!(text(&named, "id"), id_of(answer));
        assert_eq!(named.json()["alias"], false);
    }
    clerk
        .get(&by_reference("02.1-1900/0001"))
        .await
        .is_problem(404, "not-found");
    let other = registry.town.other();
    other
        .get(&by_reference(&reference))
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn a_page_of_files_takes_as_many_queries_for_many_units_of_the_plan_as_for_one() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (app, clerk) = (&registry.town.app, registry.town.clerk());
    registry.file("02.1", "Parken").await;
    registry.town.settle().await;
    let for_one = queries(app, &clerk, "/api/v1/files").await;
    for unit in ["02", "02.2", "03"] {
        registry.file(unit, "Anderes").await;
    }
    registry.town.settle().await;
    assert_eq!(queries(app, &clerk, "/api/v1/files").await, for_one);
    let listed = clerk.get("/api/v1/files").await.is(200).json();
    let items = listed["items"].as_array().expect("a list");
    let units: Vec<_> = items.iter().map(|one| &one["plan_unit"]["code"]).collect();
    assert_eq!(units, ["03", "02.2", "02", "02.1"]);
}

#[tokio::test]
async fn a_file_is_opened_only_where_the_plan_and_the_archive_allow() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    for (change, pointer, code) in [
        (
            json!({"plan_unit": "02.9"}),
            "/plan_unit",
            "plan-unit-retired",
        ),
        (json!({"plan_unit": "1990"}), "/plan_unit", "not-found"),
        (json!({"plan_unit": "77"}), "/plan_unit", "not-found"),
        (json!({"subject": " "}), "/subject", "too-short"),
        (json!({"department": OTHER}), "/department", "not-found"),
        (
            json!({"confidentiality": "vertraulich"}),
            "/confidentiality",
            "confidentiality-too-high",
        ),
        (
            json!({"opened_on": "gestern"}),
            "/opened_on",
            "wrong-format",
        ),
    ] {
        let mut new = json!({"plan_unit": "02.1", "subject": "Parken"});
        for (key, value) in change.as_object().into_iter().flatten() {
            new[key] = value.clone();
        }
        let refused = clerk
            .post("/api/v1/files", &new)
            .await
            .is_problem(422, "validation");
        assert_eq!(
            fault(&refused),
            (pointer.to_owned(), code.to_owned()),
            "{new}"
        );
    }
    let file = registry.file("02.1", "Parken").await.json();
    assert_eq!(
        file["retention"]["retention_years"], 10,
        "the period of the unit above"
    );
    assert_eq!(file["retention"]["reasons"][0], "not_closed");
    // A repeated request opens nothing twice.
    let new = json!({"plan_unit": "02.1", "subject": "Einmal"});
    let once = [("idempotency-key", "a-1")];
    let method = reqwest::Method::POST;
    let one = send(&clerk, method.clone(), "/api/v1/files", &once, Some(&new))
        .await
        .is(201);
    let two = send(&clerk, method, "/api/v1/files", &once, Some(&new))
        .await
        .is(201);
    assert_eq!(one.json(), two.json());
    let all = clerk
        .get("/api/v1/files?count=true&q=einmal")
        .await
        .is(200)
        .json();
    assert_eq!(all["total"], 1);
}

#[tokio::test]
async fn files_and_cases_are_found_by_what_is_said_about_them() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Straßenbäume am Markt").await;
    registry.file("02.2", "Gebühren").await;
    let case = registry.case(&file, "Fällung Müllerstraße 3").await;
    let tags = json!({"tags": ["Baum \"100%\"", "Eilt"]});
    let path = format!("/api/v1/files/{}", id_of(&file));
    let changed = clerk.patch(&path, &file.etag(), &tags).await.is(200);
    clerk
        .patch(&path, &file.etag(), &tags)
        .await
        .is_problem(412, "precondition-failed");
    clerk
        .patch(&path, &changed.etag(), &tags)
        .await
        .is_problem(422, "validation");
    for (query, expected) in [
        ("plan_unit=02", 2),
        ("plan_unit=02.1", 1),
        ("plan_unit=03", 0),
        ("q=STRASSENBAEUME", 1),
        ("q=markt%20baeume", 1),
        ("q=markt%20wald", 0),
        ("q=100%25", 0),
        ("tag=Eilt", 1),
        ("tag=Baum%20%22100%25%22", 1),
        ("tag=Baum", 0),
        ("state=open", 2),
        ("state=closed", 0),
        ("department=finanzen", 0),
        ("year=1999", 0),
    ] {
        let list = format!("/api/v1/files?count=true&limit=1&{query}");
        let found = clerk.get(&list).await.is(200).json();
        assert_eq!(found["total"], expected, "{query}");
        let walked = tests::town::walk(&clerk, &list).await;
        assert_eq!(
            u64::try_from(walked.len()).ok(),
            found["total"].as_u64(),
            "{query}"
        );
    }
    for (query, expected) in [
        (format!("file={}", id_of(&file)), 1),
        ("q=muellerstrasse".to_owned(), 1),
        (format!("parent={}", id_of(&case)), 0),
    ] {
        let found = clerk
            .get(&format!("/api/v1/cases?count=true&{query}"))
            .await
            .is(200)
            .json();
        assert_eq!(found["total"], expected, "{query}");
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn what_is_registered_stays_registered_and_grows_only() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let filed = registry
        .town
        .letter("Antrag", "Antrag auf Parkausweis")
        .await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let done = register(&clerk, &filed, &case).await.is(200);
    assert_eq!(text(&done, "state"), "registered");
    assert_eq!(done.json()["case"]["id"], case.json()["id"]);
    assert_eq!(done.json()["file"]["reference"], file.json()["reference"]);
    let record = registry.town.record_of(&done).await;
    assert_eq!(record["action"], "document.register");
    for etag in [filed.etag(), done.etag()] {
        let body = json!({"case": id_of(&case)});
        let again = act(&clerk, &format!("{at}/register"), &etag, &body).await;
        let again = again.is_problem(409, "state-conflict");
        assert_eq!(text(&again, "current_state"), "registered");
    }
    let etag = done.etag();
    clerk
        .patch(&at, &etag, &json!({"title": "Anders"}))
        .await
        .is_problem(409, "state-conflict");
    act(
        &clerk,
        &format!("{at}/discard"),
        &etag,
        &json!({"reason": "Irrtum"}),
    )
    .await
    .is_problem(409, "state-conflict");
    act(
        &clerk,
        &format!("{at}/route"),
        &etag,
        &json!({"department": OTHER}),
    )
    .await
    .is_problem(409, "state-conflict");
    let tagged = clerk
        .patch(&at, &etag, &json!({"tags": ["Parken"]}))
        .await
        .is(200);
    let part = reqwest::multipart::Part::bytes(fixtures::unique_pdf("Zweite")).file_name("b.pdf");
    let form = reqwest::multipart::Form::new().part("content", part);
    let request = clerk
        .request(reqwest::Method::POST, &format!("{at}/versions"))
        .header("if-match", tagged.etag())
        .multipart(form);
    let grown = clerk.send(request).await.is(201);
    assert_eq!(grown.json()["content"]["number"], 2);
    assert_eq!(text(&grown, "reference"), text(&done, "reference"));
    clerk.get(&format!("{at}/versions/1/content")).await.is(200);
    let one = clerk.get(&at).await.is(200).json();
    assert_eq!(one["retention"]["disposable"], false);
    for (query, expected) in [
        (format!("case={}", id_of(&case)), 1),
        (format!("file={}", id_of(&file)), 1),
        (format!("file={}", id_of(&case)), 0),
        ("registered=true".to_owned(), 1),
        ("registered=false".to_owned(), 0),
        ("state=registered".to_owned(), 1),
    ] {
        let found = clerk
            .get(&format!("/api/v1/documents?count=true&{query}"))
            .await;
        assert_eq!(found.is(200).json()["total"], expected, "{query}");
    }
    registry.town.settle().await;
    for reference in [text(&file, "reference"), text(&case, "reference")] {
        let query = [("q", format!("\"{reference}\""))];
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let found = clerk
            .get_with("/api/v1/search", &query)
            .await
            .is(200)
            .json();
        assert_eq!(found["total"], 1, "{reference}");
        assert_eq!(found["items"][0]["case"]["id"], case.json()["id"]);
    }
}

#[tokio::test]
async fn of_two_who_register_at_the_same_instant_one_is_told() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let file = registry.file("02.1", "Parken").await;
    let one = registry.case(&file, "Eins").await;
    let two = registry.case(&file, "Zwei").await;
    let (clerk, head) = (registry.town.clerk(), registry.head.clone());
    for _ in 0..3 {
        let filed = registry.town.letter("Antrag", "Antrag").await;
        let (first, second) = tokio::join!(
            register(&clerk, &filed, &one),
            register(&head, &filed, &two)
        );
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", first.text(), second.text());
    }
    // Numbers that were asked for in vain are not lost.
    let counted = async |case: &tests::Answer| {
        let list = format!("/api/v1/documents?count=true&case={}", id_of(case));
        let found = clerk.get(&list).await.is(200).json();
        let mut numbers: Vec<String> = Vec::new();
        for item in found["items"].as_array().into_iter().flatten() {
            numbers.push(item["reference"].as_str().unwrap_or_default().to_owned());
        }
        numbers.sort();
        for (at, number) in (1..).zip(&numbers) {
            assert!(number.contains(&format!("-{at} ")), "{numbers:?}");
        }
        numbers.len()
    };
    assert_eq!(counted(&one).await + counted(&two).await, 3);
}

#[tokio::test]
async fn who_may_hand_on_is_told_to_whom() {
    let Some(town) = Town::start().await else {
        return;
    };
    let filed = town.letter("Rechnung", "Rechnung 17").await;
    let path = format!("/api/v1/documents/{}/recipients", id_of(&filed));
    let told = town.clerk().get(&path).await.is(200).json();
    let people = |slug: &str| -> Vec<String> {
        let all = told["items"].as_array().expect("departments");
        let found = all.iter().find(|one| one["slug"] == slug);
        let people = found.expect("a department")["people"].as_array();
        let logins = people.expect("people").iter();
        logins
            .map(|one| one["login"].as_str().expect("a login").to_owned())
            .collect()
    };
    // Only those who read there, and each where he works: not the one who keeps the whole house in order.
    assert_eq!(people(OWN), ["m.brandt"]);
    assert_eq!(people(OTHER), ["k.sommer"]);
    town.auditor().get(&path).await.is_problem(403, "forbidden");
    town.other().get(&path).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn what_is_handed_on_is_out_of_sight_and_its_way_is_known() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, other) = (town.clerk(), town.other());
    let filed = town.letter("Rechnung", "Rechnung 17").await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let path = format!("{at}/route");
    let units = clerk
        .get("/api/v1/documents?inbox=units&count=true")
        .await
        .is(200)
        .json();
    assert_eq!(units["total"], 1);
    for (body, pointer) in [
        (json!({"department": "nirgends"}), "/department"),
        (json!({"department": OTHER, "inbox": "niemand"}), "/inbox"),
        (json!({"department": OTHER, "inbox": "m.brandt"}), "/inbox"),
    ] {
        let refused = act(&clerk, &path, &filed.etag(), &body)
            .await
            .is_problem(422, "validation");
        assert_eq!(fault(&refused).0, pointer, "{body}");
    }
    let body = json!({"department": OTHER, "inbox": "k.sommer", "note": "Bitte prüfen"});
    let routed = act(&clerk, &path, &filed.etag(), &body).await.is(200);
    assert_eq!(town.record_of(&routed).await["action"], "document.route");
    clerk.get(&at).await.is_problem(404, "not-found");
    let mine = other
        .get("/api/v1/documents?inbox=me&count=true")
        .await
        .is(200)
        .json();
    assert_eq!(mine["total"], 1);
    assert_eq!(mine["items"][0]["id"], filed.json()["id"]);
    let history = other.get(&format!("{at}/history")).await.is(200).json();
    let last = history["items"].as_array().and_then(|all| {
        all.iter()
            .rev()
            .find(|one| one["action"] == "document.route")
    });
    let last = last.expect("the way");
    assert_eq!(last["details"]["note"], "Bitte prüfen");
    town.settle().await;
    assert_eq!(
        clerk.get("/api/v1/search?q=Rechnung").await.is(200).json()["total"],
        0
    );
    assert_eq!(
        other.get("/api/v1/search?q=Rechnung").await.is(200).json()["total"],
        1
    );
}

#[tokio::test]
async fn a_draft_is_made_here_and_may_stand_in_a_case() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let content = fixtures::unique_pdf("Bescheid");
    let wrong = json!({"title": "Eingang", "draft": true, "direction": "incoming"});
    let refused = clerk
        .file("b.pdf", &content, &wrong)
        .await
        .is_problem(422, "validation");
    assert_eq!(fault(&refused).1, "no-draft");
    let unknown = json!({"title": "Bescheid", "case": uuid::Uuid::now_v7()});
    let refused = clerk
        .file("b.pdf", &content, &unknown)
        .await
        .is_problem(422, "validation");
    assert_eq!(fault(&refused).0, "/case");
    let new = json!({"title": "Bescheid", "case": id_of(&case), "direction": "outgoing"});
    let draft = clerk.file("b.pdf", &content, &new).await.is(201);
    assert_eq!(text(&draft, "state"), "draft");
    assert_eq!(draft.json()["reference"], json!(null));
    let path = format!("/api/v1/documents/{}", id_of(&draft));
    let (aside, why) = (format!("{path}/discard"), json!({"reason": "Überholt"}));
    let aside = act(&clerk, &aside, &draft.etag(), &why).await.is(200);
    let back = super::act_on(&clerk, &format!("{path}/restore"), &aside.etag())
        .await
        .is(200);
    assert_eq!(text(&back, "state"), "draft");
    register(&clerk, &back, &case).await.is(200);
}

#[tokio::test]
async fn references_are_unique_and_without_gaps_whatever_the_order() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let mut seed = 7_u64;
    let mut chance = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut files, mut cases) = (vec![registry.file("02.1", "Erste").await], Vec::new());
    let mut named = std::collections::BTreeSet::from([text(&files[0], "reference")]);
    let mut within = std::collections::BTreeMap::<String, u64>::new();
    for round in 0..40 {
        let made = match chance(4) {
            0 => {
                let unit = ["02", "02.1", "02.2", "03"][usize::try_from(chance(4)).expect("small")];
                let file = registry.file(unit, &format!("Akte {round}")).await;
                files.push(file.clone());
                file
            }
            1 => {
                // Refused: the number is not lost.
                let new = json!({"plan_unit": "02.1", "subject": "Nicht", "department": OTHER});
                clerk.post("/api/v1/files", &new).await.is(422);
                continue;
            }
            2 => {
                let at = usize::try_from(chance(u64::try_from(files.len()).expect("few")))
                    .expect("small");
                let case = registry.case(&files[at], "Vorgang").await;
                let number = within.entry(id_of(&files[at])).or_default();
                *number += 1;
                let expected = format!("{}-{number}", text(&files[at], "reference"));
                assert_eq!(text(&case, "reference"), expected);
                cases.push(case.clone());
                case
            }
            _ if cases.is_empty() => continue,
            _ => {
                let at = usize::try_from(chance(u64::try_from(cases.len()).expect("few")))
                    .expect("small");
                let document = registry.registered(&cases[at], "Brief").await;
                let number = within.entry(id_of(&cases[at])).or_default();
                *number += 1;
                let expected = format!("{}-{number} {OWN}", text(&cases[at], "reference"));
                assert_eq!(text(&document, "reference"), expected);
                document
            }
        };
        assert!(named.insert(text(&made, "reference")), "{}", made.text());
    }
}

#[tokio::test]
async fn search_keeps_to_a_case_a_file_or_an_inbox() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let clerk = town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let one = registry.case(&file, "Eins").await;
    let two = registry.case(&file, "Zwei").await;
    let elsewhere = registry.file("02.2", "Gebühren").await;
    let three = registry.case(&elsewhere, "Drei").await;
    for case in [&one, &one, &two, &three] {
        registry.registered(case, "Antrag").await;
    }
    let handed = town.letter("Antrag", "Für mich").await;
    let at = format!("/api/v1/documents/{}/route", id_of(&handed));
    let to = json!({"department": OWN, "inbox": "m.brandt"});
    act(&clerk, &at, &handed.etag(), &to).await.is(200);
    town.letter("Antrag", "Für niemand").await;
    town.settle().await;
    let (file, one, three) = (id_of(&file), id_of(&one), id_of(&three));
    for (query, expected) in [
        (format!("case={one}"), 2),
        (format!("file={file}"), 3),
        (format!("file={file}&case={one}"), 2),
        (format!("file={file}&case={three}"), 0),
        (format!("case={}", uuid::Uuid::now_v7()), 0),
        ("inbox=me".to_owned(), 1),
        ("inbox=units".to_owned(), 1),
    ] {
        let path = format!("/api/v1/search?q=Antrag&facets=true&{query}");
        let found = clerk.get(&path).await.is(200).json();
        assert_eq!(found["total"], expected, "{query}");
        let seen = town.other().get(&path).await.is(200).json();
        assert_eq!(seen["total"], 0, "{query}");
    }
    // A case that moves takes its documents along.
    let to = json!({"file": id_of(&elsewhere), "reason": "Gehört hierher"});
    let at = format!("/api/v1/cases/{one}/refile");
    let case = clerk.get(&format!("/api/v1/cases/{one}")).await.is(200);
    act(&registry.manager, &at, &case.etag(), &to).await.is(200);
    town.settle().await;
    let path = format!("/api/v1/search?file={}", id_of(&elsewhere));
    assert_eq!(clerk.get(&path).await.is(200).json()["total"], 3);
}

#[tokio::test]
async fn the_mark_of_a_unit_with_files_stays() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let file = registry.file("02.1", "Parken").await;
    let at = format!(
        "/api/v1/plan-units/{}",
        file.json()["plan_unit"]["id"].as_str().expect("an id")
    );
    let manager = &registry.manager;
    let unit = manager.get(&at).await.is(200);
    manager
        .patch(&at, &unit.etag(), &json!({"code": "02.7"}))
        .await
        .is_problem(409, "conflict");
    let title = json!({"title": "Parken", "retention_years": 1});
    manager.patch(&at, &unit.etag(), &title).await.is(200);
    // What was opened before keeps its period.
    let path = format!("/api/v1/files/{}", id_of(&file));
    let kept = registry.town.clerk().get(&path).await.is(200).json();
    assert_eq!(kept["retention"]["retention_years"], 10);
    let new = registry.file("02.1", "Halten").await.json();
    assert_eq!(new["retention"]["retention_years"], 1);
    for pattern in ["{unit}", "{seq}-{seq}", "{case}-{seq}", "{nichts}-{seq}"] {
        let now = manager.get(&at).await.is(200);
        manager
            .patch(&at, &now.etag(), &json!({"file_pattern": pattern}))
            .await
            .is_problem(422, "validation");
    }
}

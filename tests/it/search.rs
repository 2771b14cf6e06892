//! Finding, end to end: filed, read by the worker, indexed, asked for.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, id_of, send, walk};
use tests::{Client, fixtures, wait_until};

/// Asks, and asks again while the index is behind, as a client does on a busy machine.
async fn ask(client: &Client, query: &[(&str, &str)]) -> Value {
    let mut answer = None;
    wait_until("the index is there", async || {
        let asked = client.get_with("/api/v1/search", query).await;
        if asked.status.as_u16() == 503
            && asked.json()["type"] == "urn:papierlos:problem:index-behind"
        {
            return false;
        }
        answer = Some(asked);
        true
    })
    .await;
    answer.expect("an answer").is(200).json()
}

/// Titles of the hits, in their order.
fn titles(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().into_iter().flatten();
    items.map(|hit| whole(&hit["title"])).collect()
}

/// A text in pieces, put together.
fn whole(pieces: &Value) -> String {
    let pieces = pieces.as_array().into_iter().flatten();
    pieces.filter_map(|piece| piece["text"].as_str()).collect()
}

/// What is marked in a text in pieces.
fn marked(pieces: &Value) -> Vec<String> {
    let pieces = pieces
        .as_array()
        .into_iter()
        .flatten()
        .filter(|piece| piece["mark"] == true);
    pieces
        .filter_map(|piece| piece["text"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_filed_document_is_found_by_a_word_inside() {
    let Some(town) = Town::start().await else {
        return;
    };
    let pages = [
        "Sehr geehrte Damen und Herren,",
        "die Straßenschäden in der Größenstraße\nsind zu beheben.",
    ];
    let content = fixtures::pdf(&pages);
    let filed = town
        .clerk()
        .file("a.pdf", &content, &json!({"title": "Meldung"}))
        .await
        .is(201);
    // By its metadata at once, and by its text as soon as that has been read.
    let (seq, _) = filed.receipt();
    let found = ask(
        &town.clerk(),
        &[("q", "Meldung"), ("min_seq", &seq.to_string())],
    )
    .await;
    assert_eq!(titles(&found), ["Meldung"]);
    assert!(
        found["index_seq"]
            .as_u64()
            .is_some_and(|index| index >= seq)
    );
    town.settle().await;
    for word in [
        "Straßenschäden",
        "strassenschaden",
        "Schaden",
        "Größenstraße",
        "groessenstrasse",
        "beheben",
    ] {
        let found = ask(&town.clerk(), &[("q", word)]).await;
        assert_eq!(titles(&found), ["Meldung"], "{word}: {found}");
        let snippet = &found["items"][0]["snippets"][0];
        assert_eq!(snippet["page"], 2, "{word}: {found}");
        assert!(!marked(&snippet["text"]).is_empty(), "{word}: {found}");
        assert!(
            whole(&snippet["text"]).contains("Größenstraße"),
            "{word}: {found}"
        );
    }
    let marks = ask(&town.clerk(), &[("q", "Straßenschäden")]).await;
    assert_eq!(
        marked(&marks["items"][0]["snippets"][0]["text"]),
        ["Straßenschäden"]
    );
    assert_eq!(
        ask(&town.clerk(), &[("q", "Wasserrohrbruch")]).await["total"],
        0
    );
    let answer = town.clerk().get("/api/v1/search?q=Meldung").await.is(200);
    assert!(answer.header("papierlos-index-seq").is_some());
    assert_eq!(answer.json()["items"][0]["id"], json!(id_of(&filed)));
}

#[tokio::test]
async fn a_next_page_may_ask_for_other_trimmings_than_the_first() {
    let Some(town) = Town::start().await else {
        return;
    };
    for number in 0..5 {
        town.letter(&format!("Parkausweis {number}"), "Antrag")
            .await;
    }
    town.settle().await;
    let clerk = town.clerk();
    // As the staff page does: facets for the first page only.
    let first =
        "/api/v1/search?q=Parkausweis&limit=2&facets=true&explain=true&snippets=false&min_seq=1";
    let first = clerk.get(first).await.is(200);
    let page = first.json();
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let path = format!("/api/v1/search?q=Parkausweis&limit=3&cursor={cursor}");
    let second = clerk.get(&path).await.is(200).json();
    let mut all = [titles(&page), titles(&second)].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5, "{page} {second}");
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(second["facets"], Value::Null);
    // What decides which documents are found is another list.
    for other in [
        "q=Antrag",
        "q=Parkausweis&sort=newest",
        "q=Parkausweis&tag=Geld",
    ] {
        let path = format!("/api/v1/search?{other}&cursor={cursor}");
        clerk.get(&path).await.is_problem(400, "query-invalid");
    }
    let link = first.header("link").expect("a link to the next page");
    let next = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        .expect("one link");
    assert_eq!(titles(&clerk.get(next).await.is(200).json()).len(), 2);
    // The same holds for the list, where the first page alone is counted.
    let list = clerk.get("/api/v1/documents?limit=2&count=true").await;
    let list = list.is(200).json();
    let cursor = list["next_cursor"].as_str().expect("a second page");
    let path = format!("/api/v1/documents?limit=2&cursor={cursor}");
    clerk.get(&path).await.is(200);
}

#[tokio::test]
async fn a_changed_document_is_found_as_it_is_now() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let filed = town.letter("Hundesteuer", "Bescheid").await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let changed = clerk
        .patch(&at, &filed.etag(), &json!({"title": "Zweitwohnungsteuer"}))
        .await
        .is(200);
    let seq = changed.receipt().0.to_string();
    let gone = ask(&clerk, &[("q", "title:Hundesteuer"), ("min_seq", &seq)]).await;
    let there = ask(&clerk, &[("q", "Zweitwohnungsteuer"), ("min_seq", &seq)]).await;
    assert_eq!(
        (&gone["total"], &there["total"]),
        (&json!(0), &json!(1)),
        "{gone}"
    );
    let reason = json!({"reason": "Werbung"});
    let etag = changed.etag();
    let request = clerk.request(reqwest::Method::POST, &format!("{at}/discard"));
    let aside = clerk
        .send(request.header("if-match", etag).json(&reason))
        .await
        .is(200);
    let seq = aside.receipt().0.to_string();
    let found = ask(
        &clerk,
        &[
            ("q", "Zweitwohnungsteuer"),
            ("state", "discarded"),
            ("min_seq", &seq),
        ],
    )
    .await;
    assert_eq!(found["items"][0]["state"], "discarded");
    assert_eq!(ask(&clerk, &[("state", "incoming")]).await["total"], 0);
}

#[tokio::test]
async fn an_index_that_cannot_follow_says_so_and_recovers() {
    let Some(town) = Town::start().await else {
        return;
    };
    town.letter("Vorher", "Antrag").await;
    town.settle().await;
    let (folder, aside) = (town.app.data().join("index"), town.app.data().join("aside"));
    std::fs::rename(&folder, &aside).expect("the index is taken away");
    let seq = town.letter("Nachher", "Antrag").await.receipt().0;
    let behind = town
        .clerk()
        .get(&format!("/api/v1/search?q=Nachher&min_seq={seq}"))
        .await;
    let behind = behind.is_problem(503, "index-behind");
    assert_eq!(behind.json()["min_seq"], json!(seq));
    assert_eq!(behind.header("retry-after"), Some("1"));
    // Who does not insist gets what is there, and how far that reaches.
    let found = ask(&town.clerk(), &[("q", "Vorher")]).await;
    assert!(found["index_seq"].as_u64().is_some_and(|index| index < seq));
    let ready = town.app.anonymous().get("/health/ready").await.is(503);
    assert!(ready.text().contains("index"), "{}", ready.text());
    std::fs::rename(&aside, &folder).expect("the index comes back");
    wait_until("the index follows again", async || {
        let found = town
            .clerk()
            .get(&format!("/api/v1/search?q=Nachher&min_seq={seq}"))
            .await;
        found.status == 200 && found.json()["total"] == 1
    })
    .await;
    wait_until("ready again", async || {
        town.app.anonymous().get("/health/ready").await.status == 200
    })
    .await;
    // A record that does not exist is nobody's delay.
    let never = town.clerk().get("/api/v1/search?min_seq=900000").await;
    never.is_problem(400, "query-invalid");
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn facets_and_totals_are_exact_for_the_one_who_asks() {
    let Some(town) = Town::start().await else {
        return;
    };
    for number in 0..5_u8 {
        let kind = if number < 3 { "Antrag" } else { "Rechnung" };
        let metadata = json!({"title": format!("Parkausweis {number}"), "type": kind,
            "tags": ["Parken"], "document_date": format!("202{number}-01-01"), "correspondent": "Beispiel"});
        town.clerk()
            .file("a.txt", &[number], &metadata)
            .await
            .is(201);
    }
    for number in 10..13_u8 {
        let metadata =
            json!({"title": format!("Parkausweis {number}"), "type": "Antrag", "tags": ["Geld"]});
        town.other()
            .file("a.txt", &[number], &metadata)
            .await
            .is(201);
    }
    town.settle().await;
    let facet = |answer: &Value, name: &str| {
        let counts = answer["facets"][name]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut counts: Vec<_> = counts
            .iter()
            .map(|one| {
                (
                    one["value"].as_str().unwrap_or_default().to_owned(),
                    one["count"].as_u64().unwrap_or_default(),
                )
            })
            .collect();
        counts.sort();
        counts
    };
    let pairs = |list: &[(&str, u64)]| -> Vec<_> {
        list.iter()
            .map(|(value, count)| ((*value).to_owned(), *count))
            .collect()
    };
    let question = [("q", "Parkausweis"), ("facets", "true"), ("limit", "2")];
    let clerk = ask(&town.clerk(), &question).await;
    assert_eq!(clerk["total"], 5);
    assert_eq!(
        facet(&clerk, "type"),
        pairs(&[("Antrag", 3), ("Rechnung", 2)])
    );
    assert_eq!(facet(&clerk, "department"), pairs(&[(OWN, 5)]));
    assert_eq!(facet(&clerk, "tag"), pairs(&[("Parken", 5)]));
    assert_eq!(facet(&clerk, "year").len(), 5);
    let auditor = ask(&town.auditor(), &question).await;
    assert_eq!(auditor["total"], 8);
    assert_eq!(
        facet(&auditor, "department"),
        pairs(&[(OWN, 5), (OTHER, 3)])
    );
    assert_eq!(
        facet(&auditor, "type"),
        pairs(&[("Antrag", 6), ("Rechnung", 2)])
    );
    let some = ask(
        &town.clerk(),
        &[("q", "Parkausweis"), ("type", "Rechnung"), ("year", "2024")],
    )
    .await;
    assert_eq!(titles(&some), ["Parkausweis 4"]);
    for (sort, first) in [
        ("newest", "Parkausweis 4"),
        ("oldest", "Parkausweis 0"),
        ("received", "Parkausweis 4"),
    ] {
        let found = ask(&town.clerk(), &[("q", "Parkausweis"), ("sort", sort)]).await;
        assert_eq!(titles(&found)[0], first, "{sort}");
        let walked = walk(
            &town.clerk(),
            &format!("/api/v1/search?q=Parkausweis&sort={sort}&limit=2"),
        )
        .await;
        let mut walked: Vec<_> = walked.iter().map(|hit| whole(&hit["title"])).collect();
        assert_eq!(walked, titles(&found), "{sort}: page by page");
        walked.dedup();
        assert_eq!(walked.len(), 5);
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_question_is_explained_completed_and_corrected() {
    let Some(town) = Town::start().await else {
        return;
    };
    town.letter(
        "Bewohnerparkausweis",
        "Antrag auf Erteilung eines Bewohnerparkausweises",
    )
    .await;
    town.letter("Hundesteuerbescheid", "Die Hundesteuer ist fällig.")
        .await;
    town.settle().await;
    let clerk = town.clerk();
    let part = ask(&clerk, &[("q", "Parkausweis"), ("explain", "true")]).await;
    assert_eq!(titles(&part), ["Bewohnerparkausweis"]);
    let explained = &part["explain"][0];
    assert_eq!(
        (&explained["written"], &explained["documents"]),
        (&json!("Parkausweis"), &json!(1)),
        "{part}"
    );
    assert!(
        explained["reading"]
            .as_str()
            .is_some_and(|reading| !reading.is_empty())
    );
    let typo = ask(&clerk, &[("q", "Hundesteurbescheid")]).await;
    assert_eq!(titles(&typo), ["Hundesteuerbescheid"]);
    assert!(typo["corrected"].is_string(), "{typo}");
    let without = ask(
        &clerk,
        &[("q", "(Antrag OR Hundesteuer) -Bewohnerparkausweis")],
    )
    .await;
    assert_eq!(titles(&without), ["Hundesteuerbescheid"]);
    let phrase = ask(
        &clerk,
        &[("q", "\"Erteilung eines Bewohnerparkausweises\"")],
    )
    .await;
    assert_eq!(titles(&phrase), ["Bewohnerparkausweis"]);
    assert_eq!(
        ask(&clerk, &[("q", "\"eines Erteilung\"")]).await["total"],
        0
    );
    let suggested = clerk
        .get("/api/v1/search/suggest?q=Bewohnerp")
        .await
        .is(200)
        .json();
    assert_eq!(suggested["words"][0]["word"], "Bewohnerparkausweis");
    assert_eq!(
        whole(&suggested["titles"][0]["title"]),
        "Bewohnerparkausweis"
    );
    let nothing = clerk.get("/api/v1/search/suggest?q=").await.is(200).json();
    assert!(nothing["words"].is_array());
    let long = "x".repeat(2_001);
    let refused = clerk.get_with("/api/v1/search", &[("q", &long)]).await;
    refused.is_problem(400, "query-invalid");
    // Nothing that is typed is an error.
    for odd in [
        "\"",
        "((",
        "AND",
        "-",
        "*",
        "a:b:c",
        "datum:",
        "[",
        "NOT NOT",
        "💥",
        "' OR 1=1 --",
    ] {
        ask(&clerk, &[("q", odd)]).await;
    }
    // U+0000 cannot be typed.
    let refused = clerk.get_with("/api/v1/search", &[("q", "\u{0}x")]).await;
    refused.is_problem(400, "query-invalid");
}

#[tokio::test]
async fn a_scan_is_found_by_what_is_said_about_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let pixels = vec![7_u8; 64];
    let metadata =
        json!({"title": "Bauakte Lindenweg", "references": ["01.4.1-2026/0042"], "tags": ["Scan"]});
    let filed = town
        .clerk()
        .file("scan.bin", &pixels, &metadata)
        .await
        .is(201);
    let document = town.read(&id_of(&filed)).await;
    assert_eq!(document["text"]["state"], "unreadable", "{document}");
    assert!(
        document["text"]["explanation"]
            .as_str()
            .is_some_and(|why| !why.is_empty()),
        "{document}"
    );
    // In the language asked for, and German where none is.
    let english = [("accept-language", "en")];
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let asked = send(&town.clerk(), Method::GET, &at, &english, None).await;
    let asked = asked.is(200).json();
    assert_ne!(
        asked["text"]["explanation"],
        document["text"]["explanation"]
    );
    assert_eq!(asked["text"]["reason"], document["text"]["reason"]);
    town.settle().await;
    let path = "/api/v1/search?q=Lindenweg&explain=true";
    let explained = send(&town.clerk(), Method::GET, path, &english, None).await;
    let explained = explained.is(200).json();
    assert_eq!(
        explained["explain"][0]["reading"],
        "“Lindenweg” in all its forms, also as a part of compounds: 1 hit"
    );
    for question in ["Lindenweg", "01.4.1-2026/0042", "tag:Scan"] {
        let found = ask(&town.clerk(), &[("q", question)]).await;
        assert_eq!(titles(&found), ["Bauakte Lindenweg"], "{question}");
        assert_eq!(found["items"][0]["snippets"], json!([]));
    }
}

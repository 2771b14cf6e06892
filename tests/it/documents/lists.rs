//! Lists: every filter, the order, the walk by cursors.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::town::{OTHER, OWN, id_of, send, walk};
use tests::{Client, Town};

/// Titles of a list, in its order.
async fn titles(client: &Client, query: &str) -> Vec<String> {
    let found = walk(client, &format!("/api/v1/documents?{query}")).await;
    found
        .iter()
        .map(|one| one["title"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn each_filter_keeps_what_it_names() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let documents = [
        json!({"title": "A", "type": "Antrag", "tags": ["Eilt", "Parken"], "channel": "post",
            "correspondent": "Beispiel GmbH", "document_date": "2026-01-31",
            "received_at": "2026-02-01T08:00:00Z", "direction": "incoming"}),
        json!({"title": "B", "type": "Bescheid", "tags": ["Parken"], "channel": "email",
            "correspondent": "Erika Beispiel", "document_date": "2026-02-01",
            "received_at": "2026-02-02T08:00:00Z", "direction": "outgoing"}),
        json!({"title": "C", "received_at": "2026-02-03T08:00:00Z"}),
    ];
    for metadata in &documents {
        clerk
            .file("a.pdf", metadata.to_string().as_bytes(), metadata)
            .await
            .is(201);
    }
    town.other()
        .file("d.pdf", b"D", &json!({"title": "D", "type": "Antrag"}))
        .await
        .is(201);
    for (query, expected) in [
        ("order=oldest", "ABC"),
        ("order=newest", "CBA"),
        ("type=Antrag", "A"),
        ("type=Antrag&type=Bescheid", "BA"),
        ("type=antrag", ""),
        ("tag=Parken", "BA"),
        ("tag=Eilt&tag=nie", "A"),
        ("correspondent=Erika%20Beispiel", "B"),
        ("direction=outgoing", "B"),
        ("channel=post&channel=email", "BA"),
        ("date_from=2026-02-01", "B"),
        ("date_to=2026-01-31", "A"),
        ("date_from=2026-01-31&date_to=2026-02-01", "BA"),
        ("received_from=2026-02-02T08:00:00Z", "CB"),
        ("received_before=2026-02-02T09:00:00%2B01:00", "A"),
        ("state=incoming&tag=Parken&type=Antrag", "A"),
        ("state=discarded", ""),
        (&format!("department={OWN}"), "CBA"),
        (&format!("department={OTHER}"), ""),
        ("department=gibt-es-nicht", ""),
    ] {
        assert_eq!(titles(&clerk, query).await.concat(), expected, "{query}");
        let counted = clerk
            .get(&format!("/api/v1/documents?{query}&count=true&limit=1"))
            .await;
        assert_eq!(counted.is(200).json()["total"], expected.len(), "{query}");
    }
    for wrong in [
        "date_from=1.2.2026",
        "received_from=gestern",
        "state=x",
        "titel=A",
        "limit=0",
        "limit=101",
        "cursor=abc",
        "count=ja",
    ] {
        let refused = clerk.get(&format!("/api/v1/documents?{wrong}")).await;
        let refused = refused.is_problem(400, "query-invalid");
        let name = wrong.split('=').next();
        assert_eq!(
            refused.json()["errors"][0]["parameter"].as_str(),
            name,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_walk_sees_each_document_once_though_others_come_and_go() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let file = async |number: u32, minute: u32| {
        // Five share each minute: the time alone is no order.
        let received = format!("2026-02-01T08:{minute:02}:00Z");
        let metadata = json!({"title": format!("{number:03}"), "received_at": received});
        id_of(
            &clerk
                .file("a.pdf", &number.to_be_bytes(), &metadata)
                .await
                .is(201),
        )
    };
    let mut before = BTreeSet::new();
    for number in 0..23 {
        before.insert(file(number, 10 + number / 5).await);
    }
    for order in ["newest", "oldest"] {
        let mut seen: Vec<Value> = Vec::new();
        let mut next = format!("/api/v1/documents?order={order}&limit=4");
        let first = next.clone();
        loop {
            let answer = clerk.get(&next).await.is(200);
            let page = answer.json();
            seen.extend(page["items"].as_array().cloned().unwrap_or_default());
            let Some(cursor) = page["next_cursor"].as_str() else {
                assert_eq!(answer.header("link"), None);
                break;
            };
            assert!(
                answer
                    .header("link")
                    .is_some_and(|link| link.contains("rel=\"next\""))
            );
            next = format!("{first}&cursor={cursor}");
            // Behind and before the walk, and one that is set aside under it.
            let number = 100 + u32::try_from(seen.len()).expect("few");
            file(number, 1).await;
            file(number + 200, 59).await;
        }
        let ids: Vec<_> = seen.iter().filter_map(|one| one["id"].as_str()).collect();
        let once: BTreeSet<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(once.len(), ids.len(), "a document came twice");
        assert!(once.is_superset(&before), "a document was left out");
        let times: Vec<_> = seen
            .iter()
            .filter_map(|one| one["received_at"].as_str())
            .collect();
        let rising = times.is_sorted();
        let falling = times.iter().rev().is_sorted();
        assert!(
            if order == "oldest" { rising } else { falling },
            "{order}: {times:?}"
        );
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let Some(town) = Town::start().await else {
        return;
    };
    let theirs = json!({"title": "Fremd", "type": "Antrag"});
    town.other().file("b.pdf", b"B", &theirs).await.is(201);
    let clerk = town.clerk();
    for number in 0_u8..3 {
        clerk
            .file("a.pdf", &[number], &json!({"title": "A", "type": "Antrag"}))
            .await
            .is(201);
    }
    let page = clerk
        .get("/api/v1/documents?limit=1&type=Antrag")
        .await
        .is(200)
        .json();
    let cursor = page["next_cursor"]
        .as_str()
        .expect("a next page")
        .to_owned();
    clerk
        .get(&format!(
            "/api/v1/documents?limit=2&type=Antrag&cursor={cursor}"
        ))
        .await
        .is(200);
    let mut edited = cursor.clone();
    let last = if edited.ends_with('A') { "B" } else { "A" };
    edited.replace_range(edited.len() - 1.., last);
    for wrong in [
        format!("type=Bescheid&cursor={cursor}"),
        format!("type=Antrag&cursor={edited}"),
    ] {
        let refused = clerk.get(&format!("/api/v1/documents?{wrong}")).await;
        refused.is_problem(400, "query-invalid");
    }
    // It opens nothing: whoever else has it goes on in what is his own.
    let path = format!("/api/v1/documents?limit=3&type=Antrag&cursor={cursor}");
    let page = town.other().get(&path).await.is(200).json();
    let found = page["items"].as_array().cloned().unwrap_or_default();
    let found: Vec<_> = found.iter().map(|one| one["title"].as_str()).collect();
    assert_eq!(found, [Some("Fremd")], "{page}");
}

#[tokio::test]
async fn the_change_feed_misses_nothing_while_others_write() {
    let Some(town) = Town::start().await else {
        return;
    };
    const WRITERS: usize = 4;
    const EACH: usize = 12;
    let writer = async |writer: usize| {
        let clerk = town.clerk();
        let mut ids = Vec::new();
        for number in 0..EACH {
            let metadata = json!({"title": format!("{writer}-{number}")});
            ids.push(id_of(
                &clerk.file("a.txt", b"Inhalt", &metadata).await.is(201),
            ));
        }
        ids
    };
    let follower = async {
        let clerk = town.clerk();
        let (mut after, mut seen, mut asked) = (None, Vec::new(), 0);
        while seen.len() < WRITERS * EACH {
            let place = after.map_or_else(String::new, |after: u64| format!("&after={after}"));
            let page = clerk
                .get(&format!("/api/v1/changes?limit=7{place}"))
                .await
                .is(200)
                .json();
            let items = page["items"].as_array().cloned().unwrap_or_default();
            let seqs: Vec<_> = items.iter().filter_map(|one| one["seq"].as_u64()).collect();
            assert!(
                seqs.is_sorted()
                    && seqs
                        .iter()
                        .all(|seq| after.is_none_or(|after| *seq > after))
            );
            let received = items
                .iter()
                .filter(|one| one["action"] == "document.receive");
            seen.extend(received.filter_map(|one| one["document"].as_str().map(str::to_owned)));
            after = page["next_after"].as_u64();
            asked += 1;
            assert!(asked < 20_000, "only {} documents came", seen.len());
        }
        seen
    };
    let (a, b, c, d, mut seen) = tokio::join!(writer(0), writer(1), writer(2), writer(3), follower);
    let mut filed = [a, b, c, d].concat();
    filed.sort();
    seen.sort();
    assert_eq!(seen, filed);
}

#[tokio::test]
async fn a_method_that_is_not_there_is_refused_with_those_that_are() {
    let Some(town) = Town::start().await else {
        return;
    };
    let refused = send(
        &town.clerk(),
        reqwest::Method::DELETE,
        "/api/v1/documents",
        &[],
        None,
    )
    .await;
    let refused = refused.is_problem(405, "method-not-allowed");
    let allowed = refused.header("allow").unwrap_or_default().to_owned();
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
}

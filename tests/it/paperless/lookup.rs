//! Looking up: what one may see, by numbers that tell nothing.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::Client;
use tests::fixtures;
use tests::town::{Town, id_of, send};

use super::get_as;

async fn file(client: &Client, metadata: Value) -> String {
    let content = fixtures::unique_pdf(metadata["title"].as_str().unwrap_or_default());
    id_of(&client.file("brief.pdf", &content, &metadata).await.is(201))
}

fn titles(page: &Value) -> Vec<String> {
    let results = page["results"].as_array().into_iter().flatten();
    results
        .filter_map(|one| one["title"].as_str().map(str::to_owned))
        .collect()
}

/// The number by which a client calls the document with this title.
async fn number(client: &Client, title: &str) -> i64 {
    let page = client
        .get_with("/api/documents/", &[("title__icontains", title)])
        .await;
    let page = page.is(200).json();
    assert_eq!(page["count"], 1, "{title}");
    page["results"][0]["id"].as_i64().expect("a number")
}

#[tokio::test]
async fn a_number_leads_whoever_may_see_and_nobody_else_to_a_document() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, other) = (town.clerk(), town.other());
    let tagged = json!({"title": "Bescheid", "tags": ["Parken"], "type": "Bescheid",
        "correspondent": "Erika Beispiel"});
    file(&clerk, tagged).await;
    let number = number(&clerk, "bescheid").await;
    let word = async |path: &str| {
        let page = clerk.get(path).await.is(200).json();
        assert_eq!(page["count"], 1, "{path}");
        page["results"][0]["id"].as_i64().expect("a number")
    };
    let paths = [
        format!("/api/documents/{number}/"),
        format!("/api/documents/{number}/download/"),
        format!("/api/documents/{number}/preview/"),
        format!("/api/documents/{number}/thumb/"),
        format!("/api/documents/{number}/metadata/"),
        format!("/api/documents/{number}/notes/"),
        format!("/api/tags/{}/", word("/api/tags/").await),
        format!(
            "/api/correspondents/{}/",
            word("/api/correspondents/").await
        ),
        format!(
            "/api/document_types/{}/",
            word("/api/document_types/").await
        ),
    ];
    for path in &paths {
        clerk.get(path).await.is(200);
        // There is nothing by which a number of others differs from one that nobody has.
        let hidden = other.get(path).await.is(404).json();
        let unknown = path.replace(|c: char| c.is_ascii_digit(), "9");
        let none = other.get(&unknown).await.is(404).json();
        assert_eq!(hidden, none, "{path}");
        town.app.anonymous().get(path).await.is(401);
    }
    for list in ["documents", "tags", "correspondents", "document_types"] {
        let page = get_as(&other, &format!("/api/{list}/"), 9)
            .await
            .is(200)
            .json();
        assert_eq!(
            (&page["count"], &page["all"]),
            (&json!(0), &json!([])),
            "{list}"
        );
    }
    let none = other.get("/api/statistics/").await.is(200).json();
    for count in [
        "documents_total",
        "documents_inbox",
        "tag_count",
        "correspondent_count",
    ] {
        assert_eq!(none[count], 0, "{count}");
    }
    // To whoever may not read content, what stands outside: no text, no bytes.
    let registrar = town.registrar().await;
    let outside = registrar.get(&paths[0]).await.is(200).json();
    assert_eq!(
        (&outside["title"], &outside["content"]),
        (&json!("Bescheid"), &json!(""))
    );
    registrar.get(&paths[1]).await.is(403);
}

#[tokio::test]
async fn numbers_stay_and_tell_neither_how_many_nor_in_which_order() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    for at in 0..12 {
        file(&clerk, json!({"title": format!("Brief {at:02}")})).await;
    }
    let list = async || {
        let query = [("ordering", "added"), ("page_size", "100")];
        let page = clerk
            .get_with("/api/documents/", &query)
            .await
            .is(200)
            .json();
        let ids = page["results"].as_array().expect("documents").iter();
        ids.map(|one| one["id"].as_i64().expect("a number"))
            .collect::<Vec<_>>()
    };
    let first = list().await;
    assert_eq!(first.len(), 12);
    assert_eq!(list().await, first, "the same numbers again");
    assert_eq!(
        first.iter().collect::<BTreeSet<_>>().len(),
        12,
        "each its own"
    );
    assert!(
        first
            .iter()
            .all(|number| (1..=0x7fff_ffff).contains(number))
    );
    // Twelve in a row by chance: one in half a thousand million.
    let sorted = first.windows(2).all(|two| two[0] < two[1]);
    assert!(!sorted, "they do not say which came first: {first:?}");
    assert!(
        first.iter().any(|number| *number > 1_000_000),
        "nor how many there are"
    );
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_list_is_paged_filtered_and_sorted_as_clients_ask() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let parked = json!({"title": "Übersicht Parken", "tags": ["Parken", "Eilt"], "type": "Antrag",
        "correspondent": "Stadtwerke", "document_date": "2024-05-01"});
    file(&clerk, parked).await;
    let bill = json!({"title": "Rechnung 100%", "tags": ["Parken"], "type": "Rechnung",
        "document_date": "2025-05-01"});
    file(&clerk, bill).await;
    let plain = file(
        &clerk,
        json!({"title": "Ohne alles", "document_date": "2026-05-01"}),
    )
    .await;
    let ask = async |query: &[(&str, &str)]| {
        titles(
            &clerk
                .get_with("/api/documents/", query)
                .await
                .is(200)
                .json(),
        )
    };
    let word = async |list: &str, name: &str| {
        let query = [("name__iexact", name)];
        let page = clerk
            .get_with(&format!("/api/{list}/"), &query)
            .await
            .is(200)
            .json();
        page["results"][0]["id"].to_string()
    };
    let (parken, eilt) = (word("tags", "Parken").await, word("tags", "Eilt").await);
    let both = format!("{parken},{eilt}");
    let (kind, from) = (
        word("document_types", "Rechnung").await,
        word("correspondents", "Stadtwerke").await,
    );
    let (first, second, third) = ("Übersicht Parken", "Rechnung 100%", "Ohne alles");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (&[], &[third, second, first]),
        (&[("ordering", "created")], &[first, second, third]),
        (&[("ordering", "title")], &[third, second, first]),
        (
            &[("ordering", "-document_type__name")],
            &[second, first, third],
        ),
        (&[("title__icontains", "übersicht")], &[first]),
        (&[("title__icontains", "0%")], &[second]),
        (&[("title__icontains", "_")], &[]),
        (&[("tags__id__all", &both)], &[first]),
        (&[("tags__id__in", &both)], &[second, first]),
        (&[("tags__id__none", &eilt)], &[third, second]),
        (&[("tags__id__all", "4711")], &[]),
        (&[("is_tagged", "false")], &[third]),
        (&[("document_type__id", &kind)], &[second]),
        (&[("document_type__id__none", &kind)], &[third, first]),
        (&[("document_type__isnull", "1")], &[third]),
        (&[("correspondent__id__in", &from)], &[first]),
        (&[("correspondent__isnull", "false")], &[first]),
        (&[("created__date__gte", "2025-05-01")], &[third, second]),
        (&[("created__date__gt", "2025-05-01")], &[third]),
        (
            &[("created__lt", "2025-05-01"), ("tags__id__all", &eilt)],
            &[first],
        ),
        (&[("added__date__lt", "2020-01-01")], &[]),
        (
            &[("added__gt", "2020-01-01T00:00:00Z"), ("is_tagged", "0")],
            &[third],
        ),
        (&[("is_in_inbox", "true"), ("is_tagged", "false")], &[third]),
        (&[("is_in_inbox", "false")], &[]),
        (
            &[
                ("archive_serial_number__isnull", "true"),
                ("is_tagged", "0"),
            ],
            &[third],
        ),
        (&[("archive_serial_number", "7")], &[]),
        (&[("storage_path__id__in", "1")], &[]),
        (&[("mime_type", "image/png")], &[]),
        (
            &[
                ("title__icontains", ""),
                ("truncate_content", "true"),
                ("is_tagged", "0"),
            ],
            &[third],
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(ask(query).await, *expected, "{query:?}");
    }
    // A filter that is not understood is not passed over: it would show what was not asked for.
    for query in [
        ("more_like_id", "1"),
        ("title__regex", "a"),
        ("created__date__gte", "gestern"),
    ] {
        let refused = clerk
            .get_with("/api/documents/", &[query])
            .await
            .is(400)
            .json();
        assert!(refused[query.0].is_array(), "{query:?}: {refused}");
    }
    let page = get_as(&clerk, "/api/documents/?page_size=2&ordering=created", 9)
        .await
        .is(200);
    let page = page.json();
    assert_eq!(
        (&page["count"], &page["previous"]),
        (&json!(3), &Value::Null)
    );
    assert_eq!(
        page["all"].as_array().map(Vec::len),
        Some(3),
        "the numbers of all pages"
    );
    let next = page["next"].as_str().expect("a next page").to_owned();
    let rest = next.split_once("/api/").expect("an address").1;
    let last = clerk.get(&format!("/api/{rest}")).await.is(200).json();
    assert_eq!(
        (titles(&last), &last["next"]),
        (vec![third.to_owned()], &Value::Null)
    );
    assert!(last["previous"].is_string() && last.get("all").is_none());
    let beyond = clerk.get("/api/documents/?page=4").await.is(404).json();
    assert_eq!(beyond, json!({"detail": "Diese Seite gibt es nicht."}));
    // What is put aside is not shown.
    let etag = clerk
        .get(&format!("/api/v1/documents/{plain}"))
        .await
        .is(200)
        .etag();
    let gone = number(&clerk, third).await;
    let path = format!("/api/v1/documents/{plain}/discard");
    let reason = json!({"reason": "Werbung"});
    send(
        &clerk,
        Method::POST,
        &path,
        &[("if-match", &etag)],
        Some(&reason),
    )
    .await
    .is(200);
    assert_eq!(ask(&[]).await, [second, first]);
    clerk.get(&format!("/api/documents/{gone}/")).await.is(404);
}

#[tokio::test]
async fn a_question_is_answered_by_our_own_search_under_the_same_right() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    town.letter("Antrag", "Antrag auf Bewohnerparkausweis")
        .await;
    town.letter("Fundsache", "Ein Regenschirm wurde gefunden")
        .await;
    town.settle().await;
    let query = [("query", "Parkausweis")];
    let found = clerk
        .get_with("/api/documents/", &query)
        .await
        .is(200)
        .json();
    assert_eq!(
        (titles(&found), &found["count"]),
        (vec!["Antrag".to_owned()], &json!(1))
    );
    assert_eq!(found["results"][0]["__search_hit__"]["rank"], 0);
    let number = found["results"][0]["id"].as_i64().expect("a number");
    let one = clerk
        .get(&format!("/api/documents/{number}/"))
        .await
        .is(200)
        .json();
    let text = one["content"].as_str().expect("a text");
    assert!(text.contains("Bewohnerparkausweis"), "{text}");
    assert_eq!(one["page_count"], 1);
    let others = town
        .other()
        .get_with("/api/documents/", &query)
        .await
        .is(200)
        .json();
    assert_eq!(others["count"], 0);
    let words = clerk
        .get("/api/search/autocomplete/?term=Bewohnerp")
        .await
        .is(200)
        .json();
    assert_eq!(words, json!(["Bewohnerparkausweis"]));
    let none = town
        .other()
        .get("/api/search/autocomplete/?term=Bewohnerp")
        .await
        .is(200)
        .json();
    assert_eq!(none, json!([]));
    let long = "x ".repeat(1_500);
    let refused = clerk
        .get_with("/api/documents/", &[("query", &*long)])
        .await
        .is(400)
        .json();
    assert!(refused["query"].is_array(), "{refused}");
}

#[tokio::test]
async fn a_form_that_is_not_spoken_is_refused_before_anything_else() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    file(
        &clerk,
        json!({"title": "Brief", "document_date": "2026-03-02"}),
    )
    .await;
    for version in [1, 11] {
        let refused = get_as(&clerk, "/api/documents/", version).await.is(406);
        assert!(refused.json()["detail"].is_string());
        get_as(&town.app.anonymous(), "/api/tags/", version)
            .await
            .is(406);
    }
    let created = async |version| {
        let page = get_as(&clerk, "/api/documents/", version)
            .await
            .is(200)
            .json();
        page["results"][0]["created"]
            .as_str()
            .expect("a date")
            .to_owned()
    };
    assert_eq!(created(10).await, "2026-03-02");
    assert_eq!(created(9).await, "2026-03-02");
    assert_eq!(created(2).await, "2026-03-02T00:00:00Z");
    // What does not exist here is told in the same words.
    let none = clerk.get("/api/workflows/").await.is(404).json();
    assert_eq!(none, json!({"detail": "Nicht gefunden"}));
    let request = clerk
        .request(Method::GET, "/api/workflows/")
        .header("accept-language", "en");
    assert_eq!(
        clerk.send(request).await.is(404).json(),
        json!({"detail": "Not found"})
    );
    let request = clerk.request(Method::DELETE, "/api/documents/1/");
    clerk.send(request).await.is(405);
}

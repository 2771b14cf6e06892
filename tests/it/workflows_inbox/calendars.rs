//! Calendars to subscribe to, judged by another reader.

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::admit;
use tests::town::send;
use tests::{Client, ical};

use super::{BY_FIELD, Office, colleagues, on_step};

const FEEDS: &str = "/api/v1/calendar-feeds";

/// A new calendar: its id and the path of its address.
async fn feed(client: &Client) -> (String, String) {
    let made = client
        .post(FEEDS, &json!({"label": "Telefon"}))
        .await
        .is(201)
        .json();
    let url = made["url"].as_str().expect("an address").to_owned();
    let at = url.find("/api/").expect("a path");
    let id = made["id"].as_str().expect("an id").to_owned();
    (id, url.split_at(at).1.to_owned())
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one calendar, from its address to its end"
)]
async fn a_calendar_holds_the_days_of_a_person_and_is_read_without_signing_in() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let town = &office.town;
    let (colleague, stranger) = colleagues(town).await;
    for login in ["m.brandt", "s.kollege"] {
        admit(&town.app, office.hidden, login).await;
    }
    let (_, path) = feed(&colleague).await;
    let workflow = office
        .begin("Baum der Familie Heimlich", Some("s.kollege"))
        .await;
    office.begin("Strauch", Some("m.brandt")).await;
    let hidden = office.begin_inside("Geheim", Some("s.kollege")).await;
    let reader = town.app.anonymous();
    let answer = reader.get(&path).await.is(200);
    assert_eq!(answer.media_type(), Some("text/calendar"));
    let text = answer.text();
    assert!(
        text.contains(&format!("UID:{workflow}-1-due@papierlos\r\n")),
        "{text}"
    );
    for word in ["Heimlich", "Geheim", hidden.as_str()] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert_eq!(answer.text(), reader.get(&path).await.is(200).text());
    let tasks = reader
        .get(&format!("{path}?tasks=true"))
        .await
        .is(200)
        .text();
    assert!(
        tasks.contains(&format!("UID:{workflow}-1-due@papierlos\r\n")),
        "{tasks}"
    );
    assert!(
        tasks.contains("BEGIN:VTODO\r\n") && tasks.contains("DUE;VALUE=DATE:"),
        "{tasks}"
    );
    for word in ["VEVENT", "Heimlich", "Geheim"] {
        assert!(!tasks.contains(word), "{word}: {tasks}");
    }
    reader
        .get(&format!("{path}?task=true"))
        .await
        .is_problem(400, "query-invalid");
    let until = time::OffsetDateTime::now_utc().date() + time::Duration::days(14);
    let hold = json!({"until": until.to_string()});
    on_step(&colleague, &workflow, "hold", &hold).await.is(200);
    let text = reader.get(&path).await.is(200).text();
    if let Some(events) = ical::events(&text) {
        assert_eq!(events.len(), 2, "{events:?}");
        let of = |word: &str| -> Value {
            let mut all = events.iter();
            let found = all.find(|one| {
                one["summary"]
                    .as_str()
                    .is_some_and(|it| it.starts_with(word))
            });
            found
                .cloned()
                .unwrap_or_else(|| unreachable!("no {word} in {events:?}"))
        };
        assert_eq!(of("Frist")["summary"], "Frist: ansehen – Prüfung");
        assert_eq!(of("Wiedervorlage")["day"], until.to_string());
    }
    let (_, empty) = feed(&stranger).await;
    let text = reader.get(&empty).await.is(200).text();
    assert!(!text.contains("VEVENT"), "{text}");
    on_step(&colleague, &workflow, "resume", &json!({}))
        .await
        .is(200);
    on_step(
        &colleague,
        &workflow,
        "complete",
        &json!({"outcome": "done"}),
    )
    .await
    .is(200);
    let text = reader.get(&path).await.is(200).text();
    assert!(!text.contains("VEVENT"), "{text}");
}

#[tokio::test]
async fn an_address_is_told_once_and_names_nothing_after_its_end() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let clerk = office.town.clerk();
    let reader = office.town.app.anonymous();
    let (id, path) = feed(&clerk).await;
    let listed = clerk.get(FEEDS).await.is(200);
    assert_eq!(listed.json()["items"][0]["label"], "Telefon");
    let secret = path.rsplit('/').next().unwrap_or_default();
    let secret = secret.trim_end_matches(".ics").to_owned();
    assert!(secret.len() > 40 && !listed.text().contains(&secret));
    // The secret opens nothing else.
    let other = office.town.app.with_token(&secret);
    other.get("/api/v1/inbox").await.is(401);
    let of = format!("{FEEDS}/{id}");
    send(&office.town.other(), Method::DELETE, &of, &[], None)
        .await
        .is(404);
    reader.get(&path).await.is(200);
    let ended = send(&clerk, Method::DELETE, &of, &[], None).await.is(204);
    let record = office.town.record_of(&ended).await;
    assert_eq!(record["action"], "calendar_feed.end");
    reader.get(&path).await.is_problem(404, "not-found");
    assert_eq!(clerk.get(FEEDS).await.is(200).json()["items"], json!([]));
    for _ in 0..10 {
        feed(&clerk).await;
    }
    let one_more = clerk.post(FEEDS, &json!({"label": "Uhr"})).await;
    one_more.is_problem(403, "forbidden");
}

#[tokio::test]
async fn whoever_guesses_addresses_waits() {
    let start = tests::Start::new().with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "3");
    let Some(office) = Office::of(start, BY_FIELD).await else {
        return;
    };
    let reader = office.town.app.anonymous();
    let mut answers = Vec::new();
    for _ in 0..5 {
        let answer = reader.get(&format!("{FEEDS}/plc_geraten.ics")).await;
        answers.push(answer.status.as_u16());
    }
    assert_eq!(answers, [404, 404, 404, 429, 429]);
    // Whoever knows an address is not held up by that.
    let (_, path) = feed(&office.town.clerk()).await;
    reader.get(&path).await.is(200);
}

//! A scanner that does not do what it should: nothing comes in, and nothing hangs.

use reqwest::Method;
use tests::Town;
use tests::app::Start;
use tests::clamd::{Behaviour, FakeClamd, VARIABLE};

use super::{blobs, documents, file, form, infected, lies, town};

#[tokio::test]
async fn whatever_it_does_instead_of_answering_nothing_comes_in() {
    let clamd = FakeClamd::start().await;
    let start = Start::new()
        .with(VARIABLE, clamd.address())
        .with("PAPIERLOS_VIRUS_SECONDS_MAX", "1");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let clerk = town.clerk();
    for behaviour in [
        Behaviour::Silent,
        Behaviour::BreaksOff,
        Behaviour::Babbles,
        Behaviour::TakesLess,
    ] {
        clamd.behaves(behaviour);
        let refused = file(&clerk, "brief.txt", b"Antrag").await;
        assert_eq!(refused.status, 503, "{behaviour:?}: {}", refused.text());
        let refused = refused.is_problem(503, "scanner-unavailable");
        assert!(refused.header("retry-after").is_some(), "{behaviour:?}");
        // It gives up in the middle of a large one; then its answer may find nobody who listens.
        let large = clerk.request(Method::POST, "/api/v1/documents");
        let large = large.multipart(form("content", "gross.txt", vec![b'a'; 3 << 20]));
        if let Ok(answer) = clerk.try_send(large).await {
            answer.is_problem(503, "scanner-unavailable");
        }
        // Whether or not it was told, nothing of it is there.
        assert_eq!(blobs(&town).await, (0, 0), "{behaviour:?}");
        assert_eq!(documents(&town).await, 0, "{behaviour:?}");
    }
    assert_eq!(documents(&town).await, 0);
    assert!(lies(&town).await.is_empty());
    clamd.behaves(Behaviour::Looks);
    file(&clerk, "brief.txt", b"Antrag").await.is(201);
    file(&clerk, "brief.txt", &infected())
        .await
        .is_problem(422, "infected");
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_request_may_stand_still() {
    let clamd = FakeClamd::start().await;
    let start = Start::new()
        .with(VARIABLE, clamd.address())
        .with("PAPIERLOS_TIMEOUTS_IDLE_SECONDS", "1")
        .with("PAPIERLOS_VIRUS_SECONDS_MAX", "3");
    let Some(town) = Town::of(start).await else {
        return;
    };
    clamd.behaves(Behaviour::Silent);
    // It is the scanner that took too long, and not the request.
    file(&town.clerk(), "brief.txt", b"Antrag")
        .await
        .is_problem(503, "scanner-unavailable");
}

#[tokio::test]
async fn what_is_larger_than_what_it_is_shown_is_too_large() {
    let clamd = FakeClamd::start().await;
    let start = Start::new()
        .with(VARIABLE, clamd.address())
        .with("PAPIERLOS_VIRUS_BYTES_MAX", "2 KiB");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let clerk = town.clerk();
    file(&clerk, "genau.txt", &[b'a'; 2048]).await.is(201);
    let refused = file(&clerk, "mehr.txt", &[b'a'; 2049]).await;
    let refused = refused.is_problem(413, "payload-too-large").json();
    assert_eq!(refused["limit"], 2048);
}

#[tokio::test]
async fn an_import_stops_where_nothing_can_be_looked_at() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "Antrag").expect("a file");
    let path = folder.path().to_str().expect("a path");
    let import = ["import", path, "--department", tests::town::OWN];
    clamd.behaves(Behaviour::BreaksOff);
    let output = town.app.command(&import).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(documents(&town).await, 0);
    clamd.behaves(Behaviour::Looks);
    let output = town.app.command(&import).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(documents(&town).await, 1);
}

//! What is true after the server was killed while content followed its documents.

use std::time::Duration;

use futures_util::future::{join_all, pending};
use tests::town::id_of;

use super::{House, page, read};

/// Rounds; each ends with a kill.
const KILLS: u64 = 6;

/// A time from nearly nothing to a fifth of a second, another each time.
fn moment() -> Duration {
    let chance = uuid::Uuid::new_v4().as_u128() % 200_000;
    Duration::from_micros(u64::try_from(chance).expect("small"))
}

/// Every other document shares its content with one that stays outside: it is stored anew, the others are
/// wrapped anew.
#[tokio::test]
async fn content_that_is_under_way_when_the_server_is_killed_is_neither_lost_nor_left_behind() {
    let Some(mut house) = House::start().await else {
        return;
    };
    let mut moving = Vec::new();
    let mut staying = Vec::new();
    for number in 0..12_u64 {
        let content = page(&format!("Unterwegs {number}"));
        if number.is_multiple_of(2) {
            let letter = house.letter(&content).await;
            staying.push((id_of(&letter), content.clone()));
        }
        let letter = house.letter(&content).await;
        let document = house.hide(&letter).await.is(200);
        moving.push((document, content));
    }
    for round in 0..KILLS {
        let there = if round.is_multiple_of(2) {
            &house.outside
        } else {
            &house.inside
        };
        let back = join_all(moving.iter().map(async |(document, _)| {
            house.refile(document, there).await.is(200);
        }));
        back.await;
        tokio::time::timeout(moment(), pending::<()>())
            .await
            .expect_err("never ready");
        house.town.app.kill();
        house.town.app.resume();
        // It is read at any time, whichever keys it is under.
        for (document, content) in &moving {
            house.reads(&id_of(document), content).await;
        }
    }
    house.moved().await;
    for (document, content) in &moving {
        read(&house.town.clerk(), &id_of(document)).await;
        house.reads(&id_of(document), content).await;
        assert_eq!(house.domains(&id_of(document)).await, ["personal"; 2]);
    }
    for (id, content) in &staying {
        house.reads(id, content).await;
        assert_eq!(house.domains(id).await, ["general"; 2]);
    }
    house.is_sound().await;
}

//! What is true after the server was killed while something was being destroyed.

use std::time::Duration;

use futures_util::future::pending;
use tests::Town;
use tests::town::{OWN, add, id_of};

use super::{decide, holding, is_sound, propose, seen, withheld};
use crate::components::mail;

/// Rounds; each ends with a kill.
const KILLS: u64 = 6;

/// A time from nearly nothing to a tenth of a second, another each time.
fn moment() -> Duration {
    let chance = uuid::Uuid::new_v4().as_u128() % 100_000;
    Duration::from_micros(u64::try_from(chance).expect("small"))
}

#[tokio::test]
async fn what_is_being_destroyed_when_the_server_is_killed_is_destroyed_by_the_next_one() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let token = add(&town.app, "l.heide", "head", Some(OWN)).await;
    let mut approved = Vec::new();
    for round in 0..KILLS {
        let content = mail("Unterlagen", &format!("Lindenblüte {round}"), &holding());
        let (id, version) = withheld(&town, "unterlagen.eml", &content).await;
        let registrar = town.registrar().await;
        let proposal = id_of(&propose(&registrar, &version, "destroy").await.is(201));
        let head = town.app.with_token(&token);
        decide(&head, &proposal, "approve").await.is(200);
        tokio::time::timeout(moment(), pending::<()>())
            .await
            .expect_err("never ready");
        town.app.kill();
        town.app.resume();
        approved.push((id, proposal));
    }
    for (id, proposal) in approved {
        tests::wait_until("it is done", async || {
            seen(&town, &proposal).await["standing"] == "done"
        })
        .await;
        let read = town
            .clerk()
            .get(&format!("/api/v1/documents/{id}/content"))
            .await;
        read.is_problem(410, "content-destroyed");
    }
    is_sound(&mut town).await;
}

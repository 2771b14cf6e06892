//! What is opened to an account by itself, at the instants at which that begins and ends.

use sea_orm::{ConnectionTrait as _, QueryResult};

use super::tests::Place;
use crate::audit::event::Action;
use crate::base::db::sql;
use crate::base::sight::{Covers, Extent};
use crate::base::{AccountId, Actor, FileId, InspectionId, Role, Timestamp};
use crate::departments::{self, Giving, Login, NewRole};
use crate::holds::Object;
use crate::inspections::{self, Inspection, InspectionError, Reason, Step, Target};
use crate::unit::{Db, Unit};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn an_account_inspects_at_the_instants_at_which_it_stands_and_at_no_other() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let (db, system) = (archive.db.clone(), Actor::system());
    let made = db
        .write(&system, async move |unit: &mut Unit| {
            let login = Login::parse("r.pruefer").expect("a login");
            departments::create_account(unit, login, "R. Prüfer".to_owned(), None).await
        })
        .await
        .expect("an account");
    let account = made.value.id;
    let (file, by) = (FileId::new(), AccountId::new());
    let inspection = |reason| {
        let asked = Step {
            at: at("2026-11-25T10:00:00Z"),
            by,
        };
        Inspection {
            id: InspectionId::new(),
            version: 1,
            reason,
            account,
            target: Target::Object(Object::File(file)),
            department: None,
            compartment: None,
            purpose: "Zweck".to_owned(),
            hours: (reason == Reason::Emergency).then_some(2),
            asked,
            first: None,
            approved: Some(asked),
            valid_from: Some(at("2026-11-25T12:00:00Z")),
            valid_until: Some(at("2026-11-25T14:00:00Z")),
            ended: None,
        }
    };
    let (ordinary, emergency) = (inspection(Reason::Party), inspection(Reason::Emergency));
    let both = [ordinary.clone(), emergency.clone()];
    let written = db.write(&system, async move |unit: &mut Unit| {
        for one in &both {
            inspections::insert(unit, one).await?;
            unit.record(Action::InspectionRequest, None);
        }
        Ok::<_, InspectionError>(())
    });
    written.await.expect("written");
    let seen = async |text: &str| {
        let actor = departments::actor(db.read(), account, at(text), None).await;
        actor.expect("an actor").inspections
    };
    for (text, wanted) in [
        ("2026-11-25T11:59:59.999999Z", 0),
        ("2026-11-25T12:00:00Z", 1),
        ("2026-11-25T13:59:59.999999Z", 1),
        ("2026-11-25T14:00:00Z", 0),
    ] {
        assert_eq!(seen(text).await.len(), wanted, "{text}");
    }
    // Who does not administer has the ordinary one, who does has the other.
    let now = "2026-11-25T13:00:00Z";
    let open = seen(now).await;
    let of_file = open.first().map(|one| (one.id, one.covers, one.extent));
    assert_eq!(
        of_file,
        Some((ordinary.id, Covers::File(file), Extent::Registered))
    );
    let given = db.write(&system, async move |unit: &mut Unit| {
        let role = NewRole::of(Role::Admin, None);
        departments::grant(unit, account, role, Giving::ByOne).await
    });
    given.await.expect("given");
    let open = seen(now).await;
    assert_eq!(open.first().map(|one| one.id), Some(emergency.id));
    assert_eq!(
        inspections::emergencies_now(db.read(), at(now))
            .await
            .expect("a count"),
        1
    );
    let end = at("2026-11-25T14:00:00Z");
    assert_eq!(
        inspections::emergencies_now(db.read(), end)
            .await
            .expect("a count"),
        0
    );
    db.close().await;
}

/// How many records of the log name this action.
async fn recorded(db: &Db, action: Action) -> usize {
    let asked = sql(db.read(), "SELECT leaf FROM audit ORDER BY seq", []);
    let rows = db.read().query_all_raw(asked).await.expect("rows");
    let names = |row: &QueryResult| {
        let leaf: Vec<u8> = row.try_get_by_index(0).expect("a leaf");
        let line = crate::audit::record_line(&leaf).expect("a line of JSON");
        line.get("action").and_then(serde_json::Value::as_str) == Some(action.code())
    };
    rows.iter().filter(|row| names(row)).count()
}

#[tokio::test]
async fn that_the_hours_of_an_emergency_are_over_is_recorded_once_also_after_a_restart() {
    let place = Place::new();
    let archive = place.open().await.expect("an archive");
    let (db, system) = (archive.db.clone(), Actor::system());
    let made = db.write(&system, async move |unit: &mut Unit| {
        let login = Login::parse("chef").expect("a login");
        departments::create_account(unit, login, "C. Hef".to_owned(), None).await
    });
    let account = made.await.expect("an account").value.id;
    let asked = Step {
        at: at("2026-11-25T10:00:00Z"),
        by: AccountId::new(),
    };
    let inspection = |reason, approved: Option<Step>| Inspection {
        id: InspectionId::new(),
        version: 1,
        reason,
        account,
        target: Target::Object(Object::File(FileId::new())),
        department: None,
        compartment: None,
        purpose: "Zweck".to_owned(),
        hours: (reason == Reason::Emergency).then_some(2),
        asked,
        first: None,
        approved,
        valid_from: approved.map(|step| step.at),
        valid_until: approved.map(|_| at("2026-11-25T12:00:00Z")),
        ended: None,
    };
    let mut ended = inspection(Reason::Emergency, Some(asked));
    ended.ended = Some(asked);
    let all = [
        inspection(Reason::Emergency, Some(asked)),
        // Nobody approved it, somebody ended it, it is no emergency: of these nothing is said.
        inspection(Reason::Emergency, None),
        ended,
        inspection(Reason::Court, Some(asked)),
    ];
    let written = db.write(&system, async move |unit: &mut Unit| {
        for one in &all {
            inspections::insert(unit, one).await?;
            unit.record(Action::InspectionRequest, None);
        }
        Ok::<_, InspectionError>(())
    });
    written.await.expect("written");
    let told = async |db: &Db| {
        inspections::tell_expired(db).await.expect("told");
        recorded(db, Action::EmergencyExpire).await
    };
    place.pass(2 * 3_600 - 1);
    assert_eq!(told(&db).await, 0, "a second before its end");
    place.pass(1);
    assert_eq!(told(&db).await, 1);
    assert_eq!(told(&db).await, 1, "once");
    db.close().await;
    let again = place.open().await.expect("an archive");
    assert_eq!(told(&again.db).await, 1, "also after a restart");
    again.db.close().await;
}

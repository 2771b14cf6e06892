//! How a look is recorded: not at all, within a second, or before anything is served.
//!
//! It goes by the protection class of the unit of the plan in which something stands, as the configuration
//! says. Never less than everything is recorded of what stands in a guarded compartment, of auditors and of
//! whoever looks under an inspection; what stands there and what is opened by itself is served only when the
//! look is durable.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::looks::Looked;
use crate::audit::event::Look;
use crate::base::db::{DbError, sql};
use crate::base::{CompartmentId, DepartmentId, Place, Right, Role, Sight, Table};
use crate::config::{AccessLog, Rule, Unwritable, What};

/// How one look is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not.
    NotAtAll,
    /// Within a second; nobody waits.
    Gathered,
    /// Before anything is served.
    First,
}

/// What of a thing decides about it.
struct Facts {
    place: Place,
    guarded: bool,
    class: Option<String>,
}

/// The table of what a look is at, where it is one whose things stand in the plan.
const fn table_of(look: Look) -> Option<Table> {
    match look {
        Look::ReadFile | Look::TellFile => Some(Table::File),
        Look::ReadCase | Look::TellCase | Look::ExportCase => Some(Table::Case),
        Look::ReadDocument
        | Look::ReadContent
        | Look::ReadText
        | Look::ReadHistory
        | Look::TellChange => Some(Table::Document),
        Look::SignIn
        | Look::SignInByProvider
        | Look::SignInRefused
        | Look::ReadCorrespondent
        | Look::List
        | Look::Search
        | Look::ReadChanges
        | Look::ReadLog
        | Look::ExportLog
        | Look::ReadLooks
        | Look::Refused => None,
    }
}

/// Where something stands, in which class, and whether its compartment is guarded.
async fn facts(
    on: &impl ConnectionTrait,
    table: Table,
    id: Uuid,
) -> Result<Option<Facts>, DbError> {
    let file = match table {
        Table::Document => {
            "LEFT JOIN record_case k ON k.id = t.case_id LEFT JOIN record_file f ON f.id = k.file_id"
        }
        Table::Case => "LEFT JOIN record_file f ON f.id = t.file_id",
        Table::File => "LEFT JOIN record_file f ON f.id = t.id",
    };
    let text = format!(
        "SELECT t.department_id, t.compartment_id, c.guarded, u.protection FROM {} t \
         LEFT JOIN compartment c ON c.id = t.compartment_id {file} \
         LEFT JOIN plan_unit u ON u.id = f.plan_unit_id WHERE t.id = $1",
        table.name()
    );
    let Some(row) = on.query_one_raw(sql(on, text, [id.into()])).await? else {
        return Ok(None);
    };
    let guarded: Option<i64> = row.try_get_by_index(2)?;
    let compartment: Option<Uuid> = row.try_get_by_index(1)?;
    let unit = DepartmentId::of(row.try_get_by_index(0)?);
    Ok(Some(Facts {
        place: Place::settled(unit, compartment.map(CompartmentId::of)),
        guarded: guarded.is_some_and(|guarded| guarded != 0),
        class: row.try_get_by_index(3)?,
    }))
}

fn recorded(rule: Rule) -> Way {
    match rule.unwritable {
        Unwritable::Refuse => Way::First,
        Unwritable::GoOn => Way::Gathered,
    }
}

/// Whether content is shown: it, its text, or passages of it.
const fn shows_content(look: Look) -> bool {
    matches!(look, Look::ReadContent | Look::ReadText | Look::Search)
}

/// How a rule has a look recorded; of auditors everything is, and that somebody read who looked.
fn by_rule(rule: Rule, looked: &Looked) -> Way {
    match rule.what {
        _ if looked.actor.is(Role::Auditor) || looked.look == Look::ReadLooks => recorded(rule),
        What::All => recorded(rule),
        What::Content if shows_content(looked.look) => recorded(rule),
        What::Content | What::Nothing => Way::NotAtAll,
    }
}

/// How a look is recorded, and the look with the inspections under which it was made.
pub(super) async fn weigh(
    on: &impl ConnectionTrait,
    policy: &AccessLog,
    mut looked: Looked,
) -> Result<(Looked, Way), DbError> {
    let actor = &looked.actor;
    let inspects = !actor.inspections.is_empty();
    let (Some(table), Some((id, _))) = (table_of(looked.look), looked.document) else {
        return Ok(weigh_lists(policy, looked));
    };
    let plain = policy.classes.is_empty() && actor.compartments.is_empty() && !inspects;
    let facts = if plain {
        None
    } else {
        facts(on, table, id).await?
    };
    let (guarded, class) = match &facts {
        Some(facts) => (facts.guarded, facts.class.as_deref()),
        None => (false, None),
    };
    let rule = policy.rule(class);
    if inspects && let Some(facts) = &facts {
        // Whoever may know of it by a role and not read it reads it by an inspection.
        let right = if shows_content(looked.look) {
            Right::ReadContent
        } else {
            Right::Read
        };
        let sight = actor.sight(right);
        if !sight.reaches(facts.place) {
            looked.under = sight.opened_by(on, table, id).await?;
        }
    }
    if guarded || !looked.under.is_empty() {
        return Ok((looked, Way::First));
    }
    let way = by_rule(rule, &looked);
    Ok((looked, way))
}

/// The same of what names no single thing: lists, searches, sessions, refusals. Of what a list showed each
/// thing is named that an auditor was shown, or somebody to whom something is opened by itself, and what stands
/// in a compartment. Under all of his inspections: counts and facets in the same answer speak of what they open,
/// and name nothing.
fn weigh_lists(policy: &AccessLog, mut looked: Looked) -> (Looked, Way) {
    let actor = &looked.actor;
    let shows = matches!(
        looked.look,
        Look::List | Look::Search | Look::ReadChanges | Look::ReadLooks
    );
    if !shows {
        looked.shown.clear();
        return (looked, Way::Gathered);
    }
    let Sight::Some { inspected, .. } = actor.sight(Right::Read) else {
        return (looked, Way::Gathered);
    };
    looked.under = inspected.iter().map(|one| one.id).collect();
    if !actor.is(Role::Auditor) && looked.under.is_empty() {
        looked.shown.retain(|one| one.hidden);
    }
    let first = !looked.under.is_empty() || looked.shown.iter().any(|one| one.hidden);
    let way = if first {
        Way::First
    } else {
        by_rule(policy.otherwise, &looked)
    };
    (looked, way)
}

//! What is opened to an account by itself. The rows are those of the room `inspections`, which knows what can
//! be inspected; here they are read like the other rights of an account.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::base::db::{DbError, sql};
use crate::base::rights::{Compartment, OrgUnit};
use crate::base::sight::{Covers, Inspected, Reason};
use crate::base::{
    AccountId, CaseId, CompartmentId, DepartmentId, DocumentId, FileId, InspectionId, Timestamp,
};

/// What is opened to an account at `now`.
pub(in crate::departments) async fn inspections_open(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Inspected>, DbError> {
    let text = "SELECT i.id, i.kind, i.object_kind, i.object_id, c.id, c.number, d.number, \
        i.department_id, u.number \
        FROM inspection i LEFT JOIN compartment c ON c.id = i.compartment_id \
        LEFT JOIN department d ON d.id = i.object_id \
        LEFT JOIN department u ON u.id = i.department_id \
        WHERE i.account_id = $1 AND i.approved_at IS NOT NULL AND i.ended_at IS NULL \
        AND i.valid_from <= $2 AND i.valid_until > $2 ORDER BY i.id";
    let values = [account.raw().into(), now.micros().into()];
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let kind: String = row.try_get_by_index(1)?;
        let object_kind: String = row.try_get_by_index(2)?;
        let object: Uuid = row.try_get_by_index(3)?;
        let id: Option<Uuid> = row.try_get_by_index(4)?;
        let (compartment, department): (Option<i64>, Option<i64>) =
            (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
        let number = |raw: Option<i64>| raw.and_then(|raw| u64::try_from(raw).ok());
        let inside = match (id, number(compartment)) {
            (Some(id), Some(number)) => Some(Compartment {
                id: CompartmentId::of(id),
                number,
            }),
            (_, _) => None,
        };
        let covers = match (object_kind.as_str(), number(department)) {
            ("document", _) => Covers::Document(DocumentId::of(object)),
            ("case", _) => Covers::Case(CaseId::of(object)),
            ("file", _) => Covers::File(FileId::of(object)),
            ("department", Some(number)) => Covers::Unit(OrgUnit {
                id: DepartmentId::of(object),
                number,
            }),
            ("compartment", _) => Covers::Compartment,
            // What cannot be read opens nothing.
            (_, _) => continue,
        };
        let stays: Option<Uuid> = row.try_get_by_index(7)?;
        let unit = match (stays, number(row.try_get_by_index(8)?)) {
            (None, _) => None,
            (Some(id), Some(number)) => Some(OrgUnit {
                id: DepartmentId::of(id),
                number,
            }),
            (Some(_), None) => continue,
        };
        let Some(reason) = Reason::parse(&kind) else {
            continue;
        };
        found.push(Inspected {
            id: InspectionId::of(row.try_get_by_index(0)?),
            covers,
            unit,
            inside,
            extent: reason.extent(),
            tells_looks: reason.tells_looks(),
            emergency: reason == Reason::Emergency,
        });
    }
    Ok(found)
}

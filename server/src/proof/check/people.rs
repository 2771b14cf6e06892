//! What was given to people, and by what the people on documents are found.

use uuid::Uuid;

use super::{CheckError, Checked, Code, Mode, Outcome};
use crate::base::CorrespondentId;
use crate::base::db::DbError;
use crate::correspondents;
use crate::departments::roles;
use crate::unit::Unit;

/// Correspondents looked at together.
const STEP: u64 = 500;

/// Roles that one person gave, where it shall take two.
pub(super) async fn roles(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    if !on.rights.role_grants_by_two {
        return Ok(());
    }
    for one in roles::given_by_one(on.db.read(), on.db.now()).await? {
        let what = format!("{} {} {}", one.id, one.role.code(), one.account);
        outcome.push(Code::RoleByOne, what, false);
    }
    Ok(())
}

/// By what correspondents are found against their names.
pub(super) async fn names(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let mut after = Uuid::nil();
    loop {
        let (last, astray) = correspondents::with_names_astray(on.db.read(), after, STEP).await?;
        for id in astray {
            if !is_astray(on, id).await? {
                continue;
            }
            let mut mended = false;
            if mode == Mode::Repair {
                let done: Result<bool, DbError> = on
                    .db
                    .keep_house(async move |unit: &mut Unit| {
                        correspondents::mend_names(unit, id).await
                    })
                    .await;
                mended = done?;
            }
            outcome.push(Code::NameAstray, id, mended);
        }
        let Some(last) = last else { return Ok(()) };
        after = last;
    }
}

/// Looks a second time: between the two statements of the first it may have changed.
async fn is_astray(on: &Checked, id: CorrespondentId) -> Result<bool, DbError> {
    let before = Uuid::from_u128(id.raw().as_u128().saturating_sub(1));
    let (_, astray) = correspondents::with_names_astray(on.db.read(), before, 1).await?;
    Ok(astray.contains(&id))
}

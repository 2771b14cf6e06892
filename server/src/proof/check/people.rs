//! What was given to people, what they were not told, and by what the people on documents are found.

use uuid::Uuid;

use super::{CheckError, Checked, Code, Mode, Outcome};
use crate::base::CorrespondentId;
use crate::base::db::DbError;
use crate::correspondents;
use crate::departments::roles;
use crate::unit::Unit;
use crate::workflows;

/// Correspondents looked at together.
const STEP: u64 = 500;
/// For how many days a mail that was given up is named.
const MAILS_DAYS: i64 = 7;

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

/// Mails that were given up lately. Older ones can be helped by nobody, and stay in the figures.
pub(super) async fn mails(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    let since = on.db.now().plus_seconds(-MAILS_DAYS * 86_400);
    for id in workflows::mails_given_up_since(on.db.read(), since).await? {
        outcome.push(Code::MailGivenUp, id, false);
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

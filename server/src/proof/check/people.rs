//! What was given to people.

use super::{CheckError, Checked, Code, Outcome};
use crate::departments::roles;

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

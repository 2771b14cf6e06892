//! What came of an attempt to sign in at the provider, and which roles its groups stand for.

use thiserror::Error;

use super::claims::{ClaimsError, Groups};
use super::jose::JoseError;
use crate::base::DepartmentId;
use crate::base::db::DbError;
use crate::config::GroupRole;
use crate::departments::{Department, NewRole, PeopleError};

/// Why the provider does not count.
#[derive(Debug, Error)]
pub(super) enum OidcError {
    /// It cannot be reached, or not in time.
    #[error("the provider cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It did not answer a moment ago and is not asked again.
    #[error("the provider did not answer a moment ago")]
    Silent,
    /// It refuses.
    #[error("the provider answered with {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// It answers something else than it must.
    #[error("the provider answered something else than it must")]
    Answer,
    /// A token is not signed as it must be.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// A token says what it must not.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

/// Why somebody is not signed in.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    /// The browser did not begin this, or too long ago.
    #[error("the attempt was not begun by this browser, or too long ago")]
    Stale,
    /// It came back before.
    #[error("the attempt came back before")]
    Used,
    /// The person or the provider said no.
    #[error("the provider said no: {code}")]
    Declined {
        /// The code of the standard.
        code: &'static str,
    },
    /// The provider does not count.
    #[error("the provider does not count")]
    Provider(#[from] OidcError),
    /// It does not say a name that one can have here.
    #[error("the provider says no login")]
    NoLogin {
        /// Who it is, for the provider.
        subject: String,
    },
    /// Nobody is known here by this identity.
    #[error("there is no account of this identity")]
    Unknown {
        /// Who it is, for the provider.
        subject: String,
    },
    /// The login belongs to another one.
    #[error("the login belongs to another identity")]
    Taken {
        /// Who it is, for the provider.
        subject: String,
    },
    /// The account is switched off.
    #[error("the account is switched off")]
    Off,
    /// Too many come back from there at once.
    #[error("too many attempts came from one address")]
    TooMany {
        /// When the next may come.
        seconds: u64,
    },
    /// It cannot be recorded.
    #[error("the attempt cannot be recorded")]
    Unrecorded,
    /// Something of our own.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The roles that are meant for somebody in these groups. `None`: nothing is said, and nothing changes.
pub(super) fn roles_of(
    groups: &Groups,
    meant: &[GroupRole],
    departments: &[Department],
) -> Option<Vec<NewRole>> {
    let Groups::Said(groups) = groups else {
        return None;
    };
    let mut found: Vec<NewRole> = Vec::new();
    for one in meant.iter().filter(|one| groups.contains(&one.group)) {
        let department = match one.department.as_deref() {
            Some(wanted) => match department(wanted, departments) {
                Some(department) => Some(department),
                None => {
                    tracing::warn!(
                        oidc.department = wanted,
                        "oidc.roles names a department that there is not"
                    );
                    continue;
                }
            },
            None => None,
        };
        let known = |it: &NewRole| it.role == one.role && it.department == department;
        if !found.iter().any(known) {
            found.push(NewRole {
                reason: Some(format!("Anmeldedienst, Gruppe {}", one.group)),
                ..NewRole::of(one.role, department)
            });
        }
    }
    Some(found)
}

fn department(wanted: &str, all: &[Department]) -> Option<DepartmentId> {
    let found = all.iter().find(|one| one.is(wanted));
    found.map(|one| one.id)
}

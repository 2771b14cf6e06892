//! Who is who: departments, accounts, roles, sign-in, tokens.
//!
//! Invariants: a password is never kept, only its argon2id hash; a token is never kept, only its
//! SHA-256; whether an account exists is not told to who cannot sign in; a change of rights holds
//! from the next request on.

mod accounts;
mod attempts;
pub mod compartments;
mod cookie;
mod deputies;
mod evidence;
mod http;
mod known;
mod model;
pub(crate) mod ops;
mod password;
mod refusals;
mod rows;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;
mod units;

pub use attempts::Attempts;
pub use cookie::Browsers;
pub use evidence::{KINDS, roots_astray, states};
pub use http::{ApiDoc, Intake, SignedIn, routes};
pub use known::{KnownPeople, departments_of};
pub use model::{
    Account, Carrier, Department, Login, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PeopleError, Slug,
    Token, Use,
};
pub(crate) use ops::account;
pub use ops::{
    NewAccount, account_of_login, actor, compartment_codes, compartment_numbers, create_account,
    create_department, department, departments, grant, has_accounts,
};
pub use password::PasswordDigest;
pub use refusals::refusals;
pub(crate) use tokens::end_sessions;
pub use tokens::{NewToken, Secret, issue_token, note_uses, sweep_uses};

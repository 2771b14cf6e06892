//! Who is who: departments, accounts, roles, sign-in, tokens.
//!
//! Invariants: a password is never kept, only its argon2id hash; a token is never kept, only its
//! SHA-256; whether an account exists is not told to who cannot sign in; a change of rights holds
//! from the next request on.

mod evidence;
mod http;
mod model;
pub(crate) mod ops;
mod rows;
mod session;
#[cfg(test)]
mod tests;

pub use evidence::{KINDS, states};
pub use http::{ApiDoc, Intake, SignedIn, routes};
pub use model::{
    Account, Department, Login, NAME_CHARS_MAX, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN,
    PeopleError, Slug, Token,
};
pub(crate) use ops::account;
pub use ops::{
    NewAccount, NewToken, PasswordDigest, Secret, account_of_login, actor, authenticate,
    compartment_codes, compartment_numbers, create_account, create_department, department,
    departments, grant, has_accounts, issue_token, sign_in,
};

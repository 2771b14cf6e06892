//! Who is who: departments, accounts, roles, sign-in, tokens.
//!
//! Invariants: a password is never kept, only its argon2id hash; a token is never kept, only its
//! SHA-256; whether an account exists is not told to who cannot sign in; a change of rights holds
//! from the next request on.

mod accounts;
mod acting;
mod attempts;
pub mod compartments;
mod cookie;
mod deputies;
mod domains;
mod evidence;
mod function_http;
pub mod functions;
mod http;
mod identities;
mod identity_http;
mod known;
mod model;
mod named;
pub(crate) mod ops;
mod password;
mod readers;
mod refusals;
mod role_grants;
mod role_wire;
pub(crate) mod roles;
mod rows;
mod session;
mod sessions;
mod signed_in;
mod telling;
#[cfg(test)]
mod tests;
mod tokens;
mod units;

pub use acting::actor;
pub(crate) use acting::deputy_for;
pub use attempts::Attempts;
pub use cookie::Browsers;
pub(crate) use cookie::cookie_of;
pub(crate) use deputies::{NewDeputation, name_deputy};
pub use domains::{GENERAL, key_domain, key_domains, make_key, make_missing_keys};
pub use evidence::{KINDS, roots_astray, states};
pub use http::{ApiDoc, routes};
pub(crate) use identities::{
    Arrival, ArrivalError, Comes, Entered, arrive, end_provider_sessions, enter_by_provider,
    set_identity,
};
pub(crate) use known::people_seq;
pub use known::{KnownPeople, departments_of};
pub use model::{
    Account, Begun, Carrier, Department, Identity, Login, NAME_CHARS_MAX, NewRole, Origin,
    PASSWORD_CHARS_MAX, PeopleError, RoleGiven, Slug, Standing, Token, Use,
};
pub use named::{Named, named};
pub(crate) use ops::account;
pub use ops::{
    NewAccount, account_of_login, compartment_codes, compartment_numbers, create_account,
    create_department, department, departments, destination, has_accounts, reads_in,
};
pub use password::PasswordDigest;
pub use readers::{Reader, readers};
pub use refusals::refusals;
pub use roles::{Giving, end as end_role, grant, has_administrator, has_role, unit_of_role};
pub(crate) use session::{Door, enter};
pub(crate) use sessions::{agent_of, session_before, session_cookie};
pub use signed_in::{AnyToken, Intake, OnBehalfOf, SignedIn};
pub(crate) use telling::{Listener, Whom, away, functions_of, listeners, mail_of, set_mail};
pub(crate) use tokens::end_sessions;
pub use tokens::{NewToken, Secret, issue_token, note_uses, sweep_uses};

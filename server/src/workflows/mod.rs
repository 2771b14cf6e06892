//! Workflows (Umläufe): definitions, what runs by them in cases, and up to which amount somebody orders.
//!
//! Invariants: a workflow is what its events made of it, and those stand in the log; it runs by the definition with
//! which it began, unless a migration says otherwise; what was done never changes; effects and the step that asked
//! for them are one unit of work; what a definition knows again begins only once; a definition holds when two have
//! approved it who did not propose it.

mod asking;
mod beginning;
mod billed;
mod calendar_feed;
mod caller;
mod catalog;
mod definition_http;
mod definition_wire;
mod definitions;
mod effects;
mod evidence;
mod facts;
mod following;
mod handing;
mod history;
mod http;
mod inbox;
mod keyed;
mod limit_http;
mod limits;
mod links;
mod looking;
mod may;
mod model;
mod moving;
mod naming;
mod notices;
mod of_case;
mod ops;
mod own_matter;
mod people;
mod reading;
mod refusals;
mod requests;
mod rows;
mod said;
mod sealable;
mod sealing;
mod step_http;
mod timers;
mod values;
mod wire;
mod work;

pub(crate) use asking::{Asked, ask};
pub use beginning::{New as NewFlow, start};
pub use catalog::{Listed, Rules, Shipped, calendar, shipped};
pub use definitions::Missing;
pub use evidence::{KINDS, roots_astray, states};
pub use following::Follower;
pub use handing::{Handed, Handing, HandsOver, Parcel};
pub use http::{ApiDoc, routes};
pub use inbox::{Bell, Figures};
pub(crate) use limits::{
    New as NewLimit, approve as approve_limit, give as give_limit, page as page_of_limits,
};
pub use links::Links;
pub use model::{Flow, Kept, OrderLimit, Refused, Standing, Step, Told, WorkflowError, Wrong};
pub use notices::{Backlog as MailBacklog, Mailer, MailerError, sweep as sweep_notices};
pub(crate) use notices::{
    Begun as BegunMail, begin as begin_mail, conclude as conclude_mail,
    given_up_since as mails_given_up_since,
};
pub use of_case::of_case;
pub use ops::{Commanded, GOES_ON, command};
pub(crate) use ops::{any_in, find};
pub use own_matter::OWN_MATTER;
pub use people::{figures, people_contract, people_routes};
pub use sealing::{raise as raise_seals, seals_ended, seals_long_waiting, seals_waiting};
pub use timers::Timers;
pub use work::{Bench, WorkError};

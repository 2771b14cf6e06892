//! How what a step exports comes to an application of the house. The room that delivers it stands to the right, and
//! says so.

use std::future::Future;
use std::pin::Pin;

use crate::base::db::DbError;
use crate::base::{CaseId, WorkId};
use crate::unit::Unit;

/// What is handed over for a step.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The login of the application that gets it.
    pub login: String,
    /// What the system does for the step: for the same it is handed over once, as it was the first time.
    pub work: WorkId,
    /// The case, which the application must see.
    pub case: CaseId,
    /// What is sent: JSON.
    pub body: String,
}

/// How it stands with a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// There is no such application, or it takes no exports.
    Nobody,
    /// It is on its way.
    UnderWay,
    /// The application has taken it; whether it accepts it, it says by an event.
    Taken,
    /// It was given up or kept back, and begins anew.
    Again,
}

/// See [`HandsOver`].
pub type Handing<'a> = Pin<Box<dyn Future<Output = Result<Handed, DbError>> + 'a>>;

/// Hands something over, or says how it stands with what was handed over.
#[derive(Debug, Clone, Copy)]
pub struct HandsOver(pub for<'a> fn(&'a mut Unit, Parcel) -> Handing<'a>);

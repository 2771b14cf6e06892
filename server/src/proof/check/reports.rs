//! Whether the report of the day lies where the settings want it.

use std::path::Path;

use super::{Code, Outcome};
use crate::base::Timestamp;
use crate::ledger::report;

/// Names the daily report of the log that should lie in its folder by now; nothing where the settings name none.
pub fn reports(folder: Option<&Path>, now: Timestamp, outcome: &mut Outcome) {
    if let Some(missing) = folder.and_then(|folder| report::is_missing(folder, now)) {
        outcome.push(Code::ReportMissing, missing, false);
    }
}

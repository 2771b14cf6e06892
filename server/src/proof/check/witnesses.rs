//! Whether the witnesses of the log still cosign it.

use super::{CheckError, Checked, Code, Outcome};
use crate::ledger::witnesses::cosigned_last;

/// How long one may be silent: a log that is silent itself is cosigned each hour.
const SILENT_SECONDS: i64 = 24 * 3_600;

/// Names those that have cosigned nothing for a day, or never.
pub(super) async fn silent(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    for key in on.witnesses.keys() {
        let what = match cosigned_last(&on.storage, key).await? {
            Some((_, at)) if at.plus_seconds(SILENT_SECONDS) > on.db.now() => continue,
            Some((size, at)) => format!("{}: {size}, {at}", key.name()),
            None => format!("{}: never", key.name()),
        };
        outcome.push(Code::WitnessSilent, what, false);
    }
    Ok(())
}

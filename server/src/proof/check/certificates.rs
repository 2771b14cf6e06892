//! Whether the certificates by which the house seals hold, and for long enough; and whether seals get as far as they shall.

use super::{CheckError, Checked, Code, Outcome};
use crate::signing;
use crate::workflows;

/// Names those that have ended, or end before there is time to get others.
pub(super) fn check(on: &Checked, outcome: &mut Outcome) {
    for (what, end) in on.certificates.soon(on.db.now()) {
        outcome.push(Code::CertificateEnds, format_args!("{what}: {end}"), false);
    }
}

/// Names documents whose seal is raised no further, and those whose seal has waited for days.
pub(super) async fn seals(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    let (db, now) = (on.db.read(), on.db.now());
    let mut ended = signing::seals_ended(db).await?;
    ended.extend(workflows::seals_ended(db).await?);
    for seal in ended {
        let what = format!("{}: {}, {}", seal.document, seal.level, seal.why);
        outcome.push(Code::SealEnded, what, false);
    }
    let mut waiting = signing::seals_long_waiting(db, &on.certificates, now).await?;
    waiting.extend(workflows::seals_long_waiting(db, &on.certificates, now).await?);
    for seal in waiting {
        let what = format!("{}: {}", seal.document, seal.level);
        outcome.push(Code::SealWaits, what, false);
    }
    Ok(())
}

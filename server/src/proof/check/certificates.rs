//! Whether the certificates by which the house seals hold, and for long enough.

use super::{Checked, Code, Outcome};

/// Names those that have ended, or end before there is time to get others.
pub(super) fn check(on: &Checked, outcome: &mut Outcome) {
    for (what, end) in on.certificates.soon(on.db.now()) {
        outcome.push(Code::CertificateEnds, format_args!("{what}: {end}"), false);
    }
}

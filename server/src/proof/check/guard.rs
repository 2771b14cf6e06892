//! Biometric records that are there all the same: what came in before there was a guard, and what is
//! withheld since.

use storage::StoreError;
use uuid::Uuid;

use super::{CheckError, Checked, Code, Depth, Mode, Outcome};
use crate::base::Actor;
use crate::documents::{self, DocumentError, evidence};
use crate::unit::Unit;

/// Versions that are looked at in one step.
const STEP: u64 = 500;
/// Withheld versions that are named by the database at once.
const NAMED_MAX: u64 = 1_000;

pub(super) async fn check(
    on: &Checked,
    depth: Depth,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    for one in evidence::withheld(on.db.read(), NAMED_MAX).await? {
        let what = format!("{} {} {}", one.document, one.version, one.kind);
        let code = if one.is_removal {
            Code::RemovalWaits
        } else {
            Code::BiometricWithheld
        };
        outcome.push(code, what, false);
    }
    if depth == Depth::Deep {
        contents(on, mode, outcome).await?;
    }
    Ok(())
}

/// The beginning of every content in which nothing was found yet; repair withholds what must not be there.
async fn contents(on: &Checked, mode: Mode, outcome: &mut Outcome) -> Result<(), CheckError> {
    let mut after = Uuid::nil();
    loop {
        let step = evidence::contents(on.db.read(), after, STEP).await?;
        let Some(last) = step.last() else {
            return Ok(());
        };
        after = last.version.raw();
        for one in step {
            // What has no key is named elsewhere, and so is what cannot be read.
            let Some(blob) = one.open.filter(|_| !one.judged) else {
                continue;
            };
            let found = match documents::biometric_in(&on.storage, &blob).await {
                Ok(found) => found,
                Err(
                    StoreError::NotFound { .. } | StoreError::Damaged { .. } | StoreError::Key(_),
                ) => None,
                Err(error) => return Err(error.into()),
            };
            let Some(kind) = found else { continue };
            if evidence::is_released(on.db.read(), one.version).await? {
                continue;
            }
            if mode == Mode::Repair {
                let version = one.version;
                let done: Result<_, DocumentError> = on
                    .db
                    .write(&Actor::system(), async move |unit: &mut Unit| {
                        documents::withhold_version(unit, version, kind).await
                    })
                    .await;
                done?;
            }
            let what = format!("{} {} {}", one.document, one.version, kind.as_str());
            outcome.push(Code::BiometricFound, what, mode == Mode::Repair);
        }
    }
}

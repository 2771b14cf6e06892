//! The index against the rows: which documents it has, in which version.

use indexer::{Index, Key};
use uuid::Uuid;

use super::{CheckError, Checked, Code, Mode, Outcome, Part};
use crate::audit::log::last_seq;
use crate::documents::evidence;
use crate::search;

/// Documents that are read at once.
const STEP: u64 = 1_000;
const CODES: [Code; 4] = [
    Code::IndexAhead,
    Code::IndexMissing,
    Code::IndexStale,
    Code::IndexExtra,
];

pub(super) async fn check(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let Some(index) = &on.index else {
        outcome.skip(Part::Index);
        return Ok(());
    };
    compare(on, index, outcome).await?;
    if mode == Mode::Repair && CODES.iter().any(|code| outcome.has(*code)) {
        // What an interrupted rebuild left may be of another log, too.
        let old = index.clone();
        let discarded = tokio::task::spawn_blocking(move || old.discard_rebuild());
        discarded.await.map_err(|_source| CheckError::GivenUp)??;
        search::rebuild(on.db.read(), &on.storage, index, |_, _| {}).await?;
        let mut again = Outcome::default();
        ahead(on, &mut again).await?;
        compare(on, index, &mut again).await?;
        let mended: Vec<Code> = CODES.into_iter().filter(|code| !again.has(*code)).collect();
        outcome.mend(&mended);
    }
    Ok(())
}

/// Whether the index knows records that the log does not have.
pub(super) async fn ahead(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    // What it has applied is asked first: whatever comes later is not held against it. Others
    // write to the log, too: the database knows its end, this process may not.
    let applied = on.index.as_ref().and_then(Index::applied);
    let head = last_seq(on.db.read()).await?.unwrap_or_default();
    if let Some(applied) = applied.filter(|applied| *applied > head) {
        outcome.push(Code::IndexAhead, format!("{applied} of {head}"), false);
    }
    Ok(())
}

async fn compare(on: &Checked, index: &Index, outcome: &mut Outcome) -> Result<(), CheckError> {
    // What it has applied is asked first: whatever comes later is not held against it.
    let applied = index.applied();
    let mut entries = entries(index.clone()).await?.into_iter().peekable();
    let mut after = Uuid::nil();
    loop {
        let step = evidence::with_records(on.db.read(), after, STEP).await?;
        let Some((last, _, _)) = step.last() else {
            break;
        };
        after = last.raw();
        for (id, version, seq) in step {
            let key = id.raw().as_u128();
            while let Some((extra, _)) = entries.next_if(|(entry, _)| *entry < key) {
                outcome.push(Code::IndexExtra, Uuid::from_u128(extra), false);
            }
            let entry = entries.next_if(|(entry, _)| *entry == key);
            let due = seq.is_some_and(|seq| applied.is_some_and(|applied| seq <= applied));
            match entry {
                None if due => outcome.push(Code::IndexMissing, id, false),
                Some((_, known)) if due && known < version => {
                    outcome.push(
                        Code::IndexStale,
                        format!("{id} {known} of {version}"),
                        false,
                    );
                }
                Some((_, known)) if known > version => {
                    outcome.push(
                        Code::IndexStale,
                        format!("{id} {known} of {version}"),
                        false,
                    );
                }
                None | Some(_) => {}
            }
        }
    }
    for (extra, _) in entries {
        outcome.push(Code::IndexExtra, Uuid::from_u128(extra), false);
    }
    Ok(())
}

/// All entries in the order of their keys: 32 bytes each, a million documents are 32 MB.
async fn entries(index: Index) -> Result<Vec<(u128, u64)>, CheckError> {
    let read = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        index.entries(|Key(key), version| all.push((key, version)))?;
        all.sort_unstable();
        Ok::<_, indexer::IndexError>(all)
    });
    Ok(read.await.map_err(|_source| CheckError::GivenUp)??)
}

//! What somebody kept of the log: a checkpoint as a file, or a daily report as it was printed, with the checkpoint in
//! its code.

use std::path::Path;

use indexer::extract::{Extractor, Format, Limits, PictureState, Reason, Seen};

use super::{Failure, MISSING, runtime};
use crate::audit::note::Checkpoint;
use crate::config::Config;

/// Largest checkpoint that is read, in bytes.
const CHECKPOINT_BYTES_MAX: u64 = 64 << 10;
/// Largest report or scan of reports that is read, in bytes.
const SHEETS_BYTES_MAX: u64 = 256 << 20;
/// Most pages of a scan that are looked at: the reports of a year, and some.
const PAGES_MAX: u32 = 400;
/// By so many first bytes it is told what a file is.
const HEAD_BYTES: usize = 1 << 10;

/// The checkpoints that a file holds: one; of a scan of several reports one for each.
pub(super) fn kept(path: &Path, config: &Config) -> Result<Vec<Vec<u8>>, Failure> {
    // Read once: what comes through a pipe does not come again.
    let note = read(path, CHECKPOINT_BYTES_MAX)?;
    let head = note.get(..HEAD_BYTES).unwrap_or(&note);
    if Format::unmistakable(head).is_some_and(Format::is_drawn) {
        return runtime()?.block_on(printed(path, config));
    }
    Ok(vec![note])
}

/// Reads a file, and no more of it than this.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let wrong = |error: std::io::Error| Failure::of_path(path, &error);
    let file = std::fs::File::open(path).map_err(wrong)?;
    let mut bytes = Vec::new();
    file.take(bytes_max)
        .read_to_end(&mut bytes)
        .map_err(wrong)?;
    Ok(bytes)
}

/// The checkpoints in the codes on the pages of a PDF or a picture. A worker looks at each page: whoever brings a
/// file may have built it to break its reader.
async fn printed(path: &Path, config: &Config) -> Result<Vec<Vec<u8>>, Failure> {
    let limits = Limits {
        content_bytes_max: SHEETS_BYTES_MAX,
        memory_bytes_max: config.extract.memory_bytes_max,
        wall_time_max: config.extract.time_max,
        workers_max: 1,
        ..Limits::default()
    };
    let extractor = Extractor::new("/proc/self/exe".into(), limits);
    let mut all = Vec::new();
    for page in 0..PAGES_MAX {
        let content = tokio::fs::File::open(path).await;
        let content = content.map_err(|error| Failure::of_path(path, &error))?;
        match Box::pin(extractor.sheet(content, page)).await? {
            PictureState::Drawn((_, seen)) => all.extend(seen.iter().flat_map(notes)),
            PictureState::Refused(reason) => return Err(refused(path, reason)),
            PictureState::NoPage => break,
        }
    }
    if all.is_empty() {
        return Err(nothing(path));
    }
    Ok(all)
}

/// The checkpoints among the codes of a page; whether they are signed is asked later.
fn notes(seen: &Seen) -> impl Iterator<Item = Vec<u8>> {
    // What a code says comes without the end of its last line.
    let notes = seen.codes.iter().map(|code| format!("{}\n", code.text));
    notes
        .filter(|note| Checkpoint::claimed(note.as_bytes()).is_ok())
        .map(String::into_bytes)
}

fn refused(path: &Path, reason: Reason) -> Failure {
    let said = format!(
        "--since: {} lässt sich nicht als Bericht lesen: {}",
        path.display(),
        reason.german()
    );
    Failure::new(MISSING, said)
}

fn nothing(path: &Path) -> Failure {
    let said = format!(
        "--since: Auf {} ist kein Code mit einem Prüfpunkt zu lesen. Bitte den Bericht gerade, ganz und mit mindestens \
         200 dpi scannen. Ist der Code beschädigt, den Prüfpunkt, der daneben steht, in eine Textdatei abschreiben \
         und diese nennen.",
        path.display()
    );
    Failure::new(MISSING, said)
}

#[cfg(test)]
mod tests {
    use indexer::extract::{Code, CodeKind};

    use super::*;
    use crate::audit::merkle::Hash;
    use crate::audit::note::NoteSigner;

    #[test]
    fn checkpoints_are_told_from_other_codes_and_given_back_byte_for_byte() {
        let origin: crate::audit::Origin = "archiv.example/audit".parse().expect("a name");
        let signer = NoteSigner::from_seed(&origin, &[7; 32]);
        let checkpoint = Checkpoint {
            origin,
            size: 7,
            root: Hash([1; 32]),
        };
        let note = checkpoint.sign(&signer).expect("a note");
        let code = |text: &str| Code {
            kind: CodeKind::Qr,
            text: text.trim().to_owned(),
            place: [0; 4],
        };
        let printed = std::str::from_utf8(&note).expect("UTF-8");
        let seen = Seen {
            bare: false,
            codes: vec![code("PL1:T"), code(printed), code("https://example.org")],
        };
        let found: Vec<Vec<u8>> = notes(&seen).collect();
        assert_eq!(found, [note]);
    }
}

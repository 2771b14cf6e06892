//! A PDF comes from a stranger: its structure is read by a process of its own, behind every layer of a worker,
//! and never here. What comes back is bytes with a place in them; what they are worth is for the server to say.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use indexer::extract::{Limits, behind_layers};
use pades::sign::{
    Appearance, At, FieldName, Instant, Kind, NewField, Pdf, Place, PrepareError, Prepared,
    RESERVE_BYTES, Rect, Request, Seal, Statement,
};
use pades::strokes::Strokes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::model::{CONTENT_BYTES_MAX, SigningError, Spot};

/// The hidden subcommand of the binary that must lead to [`prepare_main`] before anything of the server is
/// set up.
pub const PREPARE_COMMAND: &str = "prepare-worker";

/// What a field is called that is made for a signature.
const FIELD: &str = "Unterschrift";
/// Why the seal is on a document, as it says itself.
const REASON: &str = "Handschriftliche elektronische Unterschrift am Schalter";
/// The same, where a program reads it to people.
const DESCRIPTION: &str = "Handschriftliche elektronische Unterschrift";
/// A PDF is held a few times over.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
const CPU_SECONDS_MAX: u32 = 20;
const WALL_TIME_MAX: Duration = Duration::from_secs(30);
/// What comes back is no more than what was sent, with a signature and its field.
const ADDED_BYTES_MAX: u64 = 8 << 20;
/// Before each message stands how long it is.
const LENGTH_BYTES: usize = 8;
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// The place of a signature: two digits for each byte, and the brackets.
const GAP_BYTES: usize = RESERVE_BYTES * 2 + 2;

/// What is asked of the process.
#[derive(Debug, Serialize, Deserialize)]
enum Ask {
    /// That everything is put into the PDF but the signature itself.
    Prepare {
        spot: Spot,
        /// Who signs.
        name: String,
        /// When, in seconds since 1970; nothing where it is only tried.
        seconds: Option<u64>,
        /// The record of the strokes; nothing where it is only tried.
        strokes: Option<String>,
    },
    /// Whether a PDF that was sealed reads as one.
    Check { field: String },
}

/// What comes back, before the bytes.
#[derive(Debug, Serialize, Deserialize)]
enum Told {
    Prepared {
        /// Bytes before the place of the signature; those behind it follow on them.
        before: usize,
        field: String,
    },
    Checked,
    Unfit(String),
    NoPlace(String),
}

/// A PDF with a place for a signature.
#[derive(Debug)]
pub(super) struct Ready {
    /// What stands before the place.
    pub(super) before: Vec<u8>,
    /// What stands behind it.
    pub(super) behind: Vec<u8>,
    /// How long the place is, with its brackets.
    pub(super) gap: usize,
    /// The field in which the signature will stand.
    pub(super) field: String,
}

/// Has everything put into a PDF but the signature itself. Without strokes it is only tried.
pub(super) async fn prepare(
    content: &[u8],
    spot: &Spot,
    name: &str,
    written: Option<(&Strokes, u64)>,
) -> Result<Ready, SigningError> {
    let ask = Ask::Prepare {
        spot: spot.clone(),
        name: name.to_owned(),
        seconds: written.map(|(_, seconds)| seconds),
        strokes: written.map(|(strokes, _)| strokes.canonical()),
    };
    match talk(&ask, content).await? {
        (Told::Prepared { before, field }, mut bytes) if before <= bytes.len() => {
            let behind = bytes.split_off(before);
            // Nothing that was shown is changed, whatever came back.
            if !bytes.starts_with(content) {
                return Err(broken("what was shown is no prefix of what was prepared"));
            }
            Ok(Ready {
                before: bytes,
                behind,
                gap: GAP_BYTES,
                field,
            })
        }
        (Told::Unfit(why), _) => Err(SigningError::Unfit(why.into())),
        (Told::NoPlace(why), _) => Err(SigningError::NoPlace(why.into())),
        (Told::Prepared { .. } | Told::Checked, _) => Err(broken("an answer to something else")),
    }
}

/// Has a PDF read again that was sealed.
pub(super) async fn check(content: &[u8], field: &str) -> Result<(), SigningError> {
    let ask = Ask::Check {
        field: field.to_owned(),
    };
    match talk(&ask, content).await? {
        (Told::Checked, _) => Ok(()),
        (Told::Unfit(why) | Told::NoPlace(why), _) => Err(SigningError::Seal(why.into())),
        (Told::Prepared { .. }, _) => Err(broken("an answer to something else")),
    }
}

fn broken(why: &'static str) -> SigningError {
    SigningError::Seal(why.into())
}

async fn talk(ask: &Ask, content: &[u8]) -> Result<(Told, Vec<u8>), SigningError> {
    let failed = |error: io::Error| SigningError::Seal(error.into());
    let message = serde_json::to_vec(ask).map_err(|error| SigningError::Seal(error.into()))?;
    // This name also works after an update has replaced the binary.
    let mut child = Command::new("/proc/self/exe")
        .arg(PREPARE_COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(broken("the process has no ends"));
    };
    let most = CONTENT_BYTES_MAX + ADDED_BYTES_MAX;
    let mut answer = Vec::new();
    let mut output = output.take(most);
    let asking = async {
        let length = u64::try_from(message.len())
            .unwrap_or(u64::MAX)
            .to_le_bytes();
        input.write_all(&length).await?;
        input.write_all(&message).await?;
        input.write_all(content).await?;
        input.shutdown().await?;
        drop(input);
        Ok::<_, io::Error>(())
    };
    let both = async { tokio::join!(asking, output.read_to_end(&mut answer)) };
    let ended = tokio::time::timeout(WALL_TIME_MAX, both).await;
    let (asked, read) = ended.map_err(|_late| SigningError::Unfit("it took too long".into()))?;
    read.map_err(failed)?;
    let told = split(&answer)
        .and_then(|(message, bytes)| Some((serde_json::from_slice(message).ok()?, bytes.to_vec())));
    match told {
        Some(told) => Ok(told),
        // It fell over, as at a PDF that was made for that.
        None => Err(SigningError::Unfit(match asked {
            Ok(()) => "its structure cannot be read".into(),
            Err(error) => error.into(),
        })),
    }
}

/// A message, and the bytes behind it.
fn split(all: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = all.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    if length > MESSAGE_BYTES_MAX {
        return None;
    }
    rest.split_at_checked(length)
}

/// Prepares one PDF from standard input, behind every layer. Only the server can make sense of what it says.
pub fn prepare_main() -> ExitCode {
    let limits = Limits {
        memory_bytes_max: MEMORY_BYTES_MAX,
        cpu_seconds_max: CPU_SECONDS_MAX,
        ..Limits::default()
    };
    behind_layers(&limits, serve)
}

fn serve(input: File, mut output: File) -> io::Result<()> {
    let mut all = Vec::new();
    // Not of the descriptor itself: it would be asked how long it is, which is not allowed here.
    let most = CONTENT_BYTES_MAX + ADDED_BYTES_MAX;
    input.take(most).read_to_end(&mut all)?;
    let (message, content) = split(&all).ok_or(io::ErrorKind::InvalidData)?;
    let ask: Ask = serde_json::from_slice(message)?;
    let content = content.to_vec();
    drop(all);
    let done = catch_unwind(AssertUnwindSafe(|| done(ask, content)));
    let (told, pieces) = done.unwrap_or_else(|_panic| {
        let why = "its structure cannot be read".to_owned();
        (Told::Unfit(why), Vec::new())
    });
    let message = serde_json::to_vec(&told)?;
    let length = u64::try_from(message.len()).unwrap_or(u64::MAX);
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&message)?;
    output.write_all(&pieces)
}

fn done(ask: Ask, content: Vec<u8>) -> (Told, Vec<u8>) {
    let pdf = match Pdf::open(content) {
        Ok(pdf) => pdf,
        Err(error) => return (Told::Unfit(error.to_string()), Vec::new()),
    };
    match ask {
        Ask::Check { field } => match Seal::find(&pdf, &field) {
            Ok(_) => (Told::Checked, Vec::new()),
            Err(error) => (Told::Unfit(error.to_string()), Vec::new()),
        },
        Ask::Prepare {
            spot,
            name,
            seconds,
            strokes,
        } => {
            let strokes = strokes.map(|record| Strokes::parse(record.as_bytes()));
            let look = match &strokes {
                Some(Ok(strokes)) => Appearance::Strokes(strokes),
                Some(Err(error)) => return (Told::Unfit(error.to_string()), Vec::new()),
                None => Appearance::Nothing,
            };
            let time = seconds.map(Instant::from_unix_seconds);
            prepared(&pdf, &spot, (name, time), look)
        }
    }
}

fn prepared(
    pdf: &Pdf,
    spot: &Spot,
    (name, time): (String, Option<Instant>),
    appearance: Appearance<'_>,
) -> (Told, Vec<u8>) {
    let made;
    let (at, field) = match spot {
        Spot::Field(name) => (At::Existing(name), name.clone()),
        Spot::On { .. } => match new_field(pdf, spot) {
            Some(field) => {
                let known = field.name.as_str().to_owned();
                made = field;
                (At::New(&made), known)
            }
            None => {
                return (
                    Told::NoPlace("there is no such place".to_owned()),
                    Vec::new(),
                );
            }
        },
    };
    let statement = Statement {
        time,
        name: Some(name).filter(|name| !name.is_empty()),
        reason: Some(REASON.to_owned()),
        location: None,
        contact: None,
    };
    let request = Request {
        at,
        kind: Kind::Signature,
        appearance,
        statement: &statement,
        reserve_bytes: RESERVE_BYTES,
    };
    match Prepared::new(pdf, &request) {
        Ok(prepared) => {
            let [before, behind] = prepared.signed_pieces();
            let told = Told::Prepared {
                before: before.len(),
                field,
            };
            (told, [before, behind].concat())
        }
        Err(error) => (refusal(&error), Vec::new()),
    }
}

/// The field that is made for a signature.
fn new_field(pdf: &Pdf, spot: &Spot) -> Option<NewField> {
    let Spot::On {
        page,
        left,
        bottom,
        width,
        height,
    } = spot
    else {
        return None;
    };
    Some(NewField {
        name: FieldName::new(FIELD).ok()?.free_in(pdf),
        place: Place::On {
            page: usize::try_from(*page).ok()?,
            rect: Rect {
                left: *left,
                bottom: *bottom,
                width: *width,
                height: *height,
            },
        },
        description: DESCRIPTION.to_owned(),
    })
}

fn refusal(error: &PrepareError) -> Told {
    let of_the_place = matches!(
        error,
        PrepareError::NoSuchPage { .. }
            | PrepareError::OutsidePage { .. }
            | PrepareError::NoSuchField { .. }
            | PrepareError::FieldSigned { .. }
            | PrepareError::FieldLocked { .. }
            | PrepareError::FieldRules { .. }
    );
    if of_the_place {
        Told::NoPlace(error.to_string())
    } else {
        Told::Unfit(error.to_string())
    }
}

//! A PDF comes from a stranger: its structure is read by a process of its own, behind every layer of a worker,
//! and never here. What comes back is bytes with a place in them; what they are worth is for the server to say.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use indexer::extract::{Limits, behind_layers};
use pades::sign::{
    Appearance, At, Certificate, DocumentTimestamp, FieldName, Instant, Kind, NewField, Pdf, Place,
    PrepareError, Prepared, RESERVE_BYTES, Rect, Request, Seal, Statement, ValidationData,
    Witnesses, add_validation_data, read_certificate, write_certificate,
};
use pades::strokes::Strokes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::model::{SEALED_BYTES_MAX, SigningError, Spot};

/// The hidden subcommand of the binary that must lead to [`prepare_main`] before anything of the server is
/// set up.
pub const PREPARE_COMMAND: &str = "prepare-worker";

/// What a field is called that is made for a signature.
const FIELD: &str = "Unterschrift";
/// What a field is called that is made for a timestamp over the whole document.
const ARCHIVE_FIELD: &str = "Zeitstempel";
/// What it is, where a program reads it to people.
const ARCHIVE_DESCRIPTION: &str = "Zeitstempel über das ganze Dokument";
/// Why the seal is on a document, as it says itself.
const REASON: &str = "Handschriftliche elektronische Unterschrift am Schalter";
/// The same, where a program reads it to people.
const DESCRIPTION: &str = "Handschriftliche elektronische Unterschrift";
/// What the field of a seal is called.
const SEAL_FIELD: &str = "Siegel";
/// Why it is there, as it says itself.
const SEAL_REASON: &str = "Siegel der Behörde";
/// The same, where a program reads it to people.
const SEAL_DESCRIPTION: &str = "Elektronisches Siegel der Behörde";
/// A PDF is held a few times over.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
const CPU_SECONDS_MAX: u32 = 20;
const WALL_TIME_MAX: Duration = Duration::from_secs(30);
/// What comes back is no more than what was sent, with a signature and its field, or what it is checked by.
const ADDED_BYTES_MAX: u64 = 24 << 20;
/// Before each message stands how long it is.
const LENGTH_BYTES: usize = 8;
/// What is known of certificates goes in it, two digits for each byte.
const MESSAGE_BYTES_MAX: usize = 20 << 20;

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
    /// The same for the seal of the house alone, which is not seen.
    Seal {
        /// Whose seal it is.
        name: String,
        /// When, in seconds since 1970.
        seconds: u64,
    },
    /// Whether a PDF that was sealed reads as one.
    Check { field: String },
    /// On whose certificates a seal rests.
    Collect { field: String },
    /// That what is known of them is put into the PDF.
    Extend {
        certificates: Vec<String>,
        crls: Vec<String>,
        ocsps: Vec<String>,
    },
    /// That everything is put into the PDF but the timestamp over it.
    PrepareArchive,
    /// Whether a timestamp over a PDF reads as one.
    CheckArchive { field: String },
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
    Collected {
        signers: Vec<String>,
        certificates: Vec<String>,
    },
    Extended,
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
    ready(content, talk(&ask, content).await?)
}

/// Has everything put into a PDF but the timestamp over all of it.
pub(super) async fn prepare_archive(content: &[u8]) -> Result<Ready, SigningError> {
    ready(content, talk(&Ask::PrepareArchive, content).await?)
}

/// Has everything put into a PDF but the seal of the house itself, without anybody's strokes.
pub(super) async fn prepare_seal(
    content: &[u8],
    name: &str,
    seconds: u64,
) -> Result<Ready, SigningError> {
    let ask = Ask::Seal {
        name: name.to_owned(),
        seconds,
    };
    ready(content, talk(&ask, content).await?)
}

fn ready(content: &[u8], told: (Told, Vec<u8>)) -> Result<Ready, SigningError> {
    match told {
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
        (told, _) => Err(refused(told)),
    }
}

/// An answer that is none to what was asked.
fn refused(told: Told) -> SigningError {
    match told {
        Told::Unfit(why) => SigningError::Unfit(why.into()),
        Told::NoPlace(why) => SigningError::NoPlace(why.into()),
        Told::Prepared { .. } | Told::Checked | Told::Collected { .. } | Told::Extended => {
            broken("an answer to something else")
        }
    }
}

/// Has a PDF read again that was sealed.
pub(super) async fn check(content: &[u8], field: &str) -> Result<(), SigningError> {
    let field = field.to_owned();
    checked(&Ask::Check { field }, content).await
}

/// Has a PDF read again that got a timestamp over all of it.
pub(super) async fn check_archive(content: &[u8], field: &str) -> Result<(), SigningError> {
    let field = field.to_owned();
    checked(&Ask::CheckArchive { field }, content).await
}

async fn checked(ask: &Ask, content: &[u8]) -> Result<(), SigningError> {
    match talk(ask, content).await? {
        (Told::Checked, _) => Ok(()),
        (Told::Unfit(why) | Told::NoPlace(why), _) => Err(SigningError::Seal(why.into())),
        (Told::Prepared { .. } | Told::Collected { .. } | Told::Extended, _) => {
            Err(broken("an answer to something else"))
        }
    }
}

/// On whose certificates a seal rests.
#[derive(Debug)]
pub(super) struct Collected {
    /// By which it was signed and timestamped.
    pub(super) signers: Vec<Certificate>,
    /// All that the PDF brings along for them.
    pub(super) certificates: Vec<Certificate>,
}

/// Has it told on whose certificates a seal rests.
pub(super) async fn collect(content: &[u8], field: &str) -> Result<Collected, SigningError> {
    let ask = Ask::Collect {
        field: field.to_owned(),
    };
    let read = |all: Vec<String>| -> Result<Vec<Certificate>, SigningError> {
        let one = |digits: String| read_certificate(&hex::decode(digits).ok()?);
        let all: Option<Vec<_>> = all.into_iter().map(one).collect();
        all.ok_or_else(|| broken("a certificate that is none"))
    };
    match talk(&ask, content).await? {
        (
            Told::Collected {
                signers,
                certificates,
            },
            _,
        ) => Ok(Collected {
            signers: read(signers)?,
            certificates: read(certificates)?,
        }),
        (told, _) => Err(refused(told)),
    }
}

/// Has what is known of certificates put into a PDF.
pub(super) async fn extend(content: &[u8], data: &ValidationData) -> Result<Vec<u8>, SigningError> {
    let digits = |all: &[Vec<u8>]| -> Vec<String> { all.iter().map(hex::encode).collect() };
    let ask = Ask::Extend {
        certificates: digits(&data.certificates),
        crls: digits(&data.crls),
        ocsps: digits(&data.ocsps),
    };
    match talk(&ask, content).await? {
        (Told::Extended, bytes) if bytes.starts_with(content) => Ok(bytes),
        (Told::Extended, _) => Err(broken("what was there is no prefix of what came back")),
        (told, _) => Err(refused(told)),
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
    let most = SEALED_BYTES_MAX + ADDED_BYTES_MAX;
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
    let most = SEALED_BYTES_MAX + ADDED_BYTES_MAX;
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
        Ask::CheckArchive { field } => match DocumentTimestamp::find(&pdf, &field) {
            Ok(_) => (Told::Checked, Vec::new()),
            Err(error) => (Told::Unfit(error.to_string()), Vec::new()),
        },
        Ask::Collect { field } => (collected(&pdf, &field), Vec::new()),
        Ask::Extend {
            certificates,
            crls,
            ocsps,
        } => extended(&pdf, [certificates, crls, ocsps]),
        Ask::PrepareArchive => prepared_archive(&pdf),
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
        Ask::Seal { name, seconds } => {
            let Ok(field) = FieldName::new(SEAL_FIELD) else {
                return (Told::Unfit("it has no name".to_owned()), Vec::new());
            };
            let made = NewField {
                name: field.free_in(&pdf),
                place: Place::Nowhere,
                description: SEAL_DESCRIPTION.to_owned(),
            };
            let known = made.name.as_str().to_owned();
            let time = Some(Instant::from_unix_seconds(seconds));
            let says = (name, time, SEAL_REASON);
            put(&pdf, (At::New(&made), known), says, Appearance::Nothing)
        }
    }
}

fn collected(pdf: &Pdf, field: &str) -> Told {
    let witnesses = match Witnesses::of(pdf, field) {
        Ok(witnesses) => witnesses,
        Err(error) => return Told::Unfit(error.to_string()),
    };
    let digits = |all: &[Certificate]| -> Vec<String> {
        all.iter()
            .filter_map(write_certificate)
            .map(hex::encode)
            .collect()
    };
    Told::Collected {
        signers: digits(witnesses.signers()),
        certificates: digits(witnesses.certificates()),
    }
}

fn extended(pdf: &Pdf, all: [Vec<String>; 3]) -> (Told, Vec<u8>) {
    let read = |some: Vec<String>| -> Option<Vec<Vec<u8>>> {
        some.into_iter().map(|one| hex::decode(one).ok()).collect()
    };
    let [certificates, crls, ocsps] = all.map(read);
    let (Some(certificates), Some(crls), Some(ocsps)) = (certificates, crls, ocsps) else {
        return (Told::Unfit("what is added is none".to_owned()), Vec::new());
    };
    let data = ValidationData {
        certificates,
        crls,
        ocsps,
    };
    match add_validation_data(pdf, &data) {
        Ok(extended) => (Told::Extended, extended.bytes().to_vec()),
        Err(error) => (Told::Unfit(error.to_string()), Vec::new()),
    }
}

fn prepared_archive(pdf: &Pdf) -> (Told, Vec<u8>) {
    let Ok(name) = FieldName::new(ARCHIVE_FIELD) else {
        return (
            Told::NoPlace("there is no such name".to_owned()),
            Vec::new(),
        );
    };
    let field = NewField {
        name: name.free_in(pdf),
        place: Place::Nowhere,
        description: ARCHIVE_DESCRIPTION.to_owned(),
    };
    let statement = Statement {
        time: None,
        name: None,
        reason: None,
        location: None,
        contact: None,
    };
    let request = Request {
        at: At::New(&field),
        kind: Kind::DocumentTimestamp,
        appearance: Appearance::Nothing,
        statement: &statement,
        reserve_bytes: RESERVE_BYTES,
    };
    made(pdf, &request, field.name.as_str())
}

/// A PDF with a place for a signature, as it is told.
fn made(pdf: &Pdf, request: &Request<'_>, field: &str) -> (Told, Vec<u8>) {
    match Prepared::new(pdf, request) {
        Ok(prepared) => {
            let [before, behind] = prepared.signed_pieces();
            let told = Told::Prepared {
                before: before.len(),
                field: field.to_owned(),
            };
            (told, [before, behind].concat())
        }
        Err(error) => (refusal(&error), Vec::new()),
    }
}

fn prepared(
    pdf: &Pdf,
    spot: &Spot,
    (name, time): (String, Option<Instant>),
    appearance: Appearance<'_>,
) -> (Told, Vec<u8>) {
    let new;
    let (at, field) = match spot {
        Spot::Field(name) => (At::Existing(name), name.clone()),
        Spot::On { .. } => match new_field(pdf, spot) {
            Some(field) => {
                let known = field.name.as_str().to_owned();
                new = field;
                (At::New(&new), known)
            }
            None => {
                return (
                    Told::NoPlace("there is no such place".to_owned()),
                    Vec::new(),
                );
            }
        },
    };
    put(pdf, (at, field), (name, time, REASON), appearance)
}

fn put(
    pdf: &Pdf,
    (at, field): (At<'_>, String),
    (name, time, reason): (String, Option<Instant>, &str),
    appearance: Appearance<'_>,
) -> (Told, Vec<u8>) {
    let statement = Statement {
        time,
        name: Some(name).filter(|name| !name.is_empty()),
        reason: Some(reason.to_owned()),
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
    made(pdf, &request, &field)
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

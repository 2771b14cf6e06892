//! A page as it is told over HTTP.

use indexer::extract::{Code, PageShape, Reason, Size};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words::Sheet;
use crate::documents::converting::Unconverted;
use crate::documents::scans::WaitingState;
use crate::http::{Language, Text, text};

/// A page of a version of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageOfDocument {
    /// The number of the version.
    pub version: u64,
    /// 1, 2, 3 …
    pub number: u32,
    /// How many pages there are.
    pub pages: u64,
    /// What the pictures are drawn from: `content`, the document itself; `converted`, what an office program
    /// made of it; `text`, only the text that was read, which does not look as the original does. Absent where
    /// there is no picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "content")]
    pub drawn_from: Option<&'static str>,
    /// The page of the text that stands on it, as it is counted where the text is told and by searches. Absent
    /// where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text_page: Option<u32>,
    /// How large the page is as it is looked at. Absent where there is no picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub size: Option<PageSize>,
    /// By how many degrees the content of the page is turned for that, clockwise: 0, 90, 180 or 270.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rotation: Option<u16>,
    /// What it looks like, in several widths. Empty where there is no picture.
    pub pictures: Vec<PictureLink>,
    /// Why there is no picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub no_picture: Option<NoPicture>,
    /// What there is to say of its conversion by an office program, where it is drawn from its text for as
    /// long. Absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conversion: Option<PageConversion>,
    /// Its text. Absent while nobody has read it, and where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<PageText>,
    /// Its words with where they stand, in reading order. Absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub words: Option<Vec<PageWord>>,
    /// The codes on it (QR, Data Matrix, Code 128), from top to bottom, with about where they stand. Absent where
    /// nobody has looked, and where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<PageCode>,
    /// How the words were recognised. Absent where the page brings them itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recognition: Option<PageRecognition>,
}

/// Why a document of an office is not shown as an office program shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageConversion {
    /// `waiting`, `running`, or `failed`.
    #[schema(example = "waiting")]
    pub state: &'static str,
    /// Its place among all that wait, beginning with 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub place: Option<u64>,
    /// Why it failed, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "timed_out")]
    pub reason: Option<&'static str>,
    /// What that means, for people.
    pub explanation: String,
}

/// The size of a page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageSize {
    /// From left to right, in points (1/72 inch).
    #[schema(example = 595.28)]
    pub width: f64,
    /// From top to bottom, in points.
    #[schema(example = 841.89)]
    pub height: f64,
}

/// Where a picture of a page is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PictureLink {
    /// Dots from left to right: what was asked for, or fewer where the page is a very long strip.
    #[schema(example = 800)]
    pub width: u32,
    /// Dots from top to bottom.
    #[schema(example = 1131)]
    pub height: u32,
    /// Where it is.
    #[schema(
        example = "/api/v1/documents/0190a0f0-0000-7000-8000-000000000001/pages/1/picture?width=800&version=1"
    )]
    pub href: String,
    /// SHA-256 of the picture, where it was drawn before: what is there comes back with just these bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sha256: Option<String>,
}

/// Why there is no picture of a page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoPicture {
    /// For programs.
    #[schema(example = "unknown_format")]
    pub reason: &'static str,
    /// For people.
    pub explanation: String,
}

/// The text of a page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageText {
    /// `read`, `recognised` (from a picture of the page), `needs_ocr` (it is a picture), `cut` or `damaged`.
    pub state: String,
    /// `true`, where the page was looked at as a picture and nothing stands on it. It stays in the original.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blank: bool,
    /// The text.
    pub text: String,
}

/// A word on a page. Its place is in fractions of the page as it is looked at, from its upper left corner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageWord {
    /// The word.
    pub text: String,
    /// Its left edge, from 0 to 1.
    #[schema(example = 0.10084)]
    pub x: f64,
    /// Its upper edge, from 0 to 1.
    #[schema(example = 0.0639)]
    pub y: f64,
    /// From left to right.
    #[schema(example = 0.0512)]
    pub width: f64,
    /// From top to bottom.
    #[schema(example = 0.0133)]
    pub height: f64,
    /// How sure it was recognised, from 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub confidence: Option<u8>,
    /// Whether it is one of those that `q` asks for. Absent where nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mark: Option<bool>,
}

/// A code on a page. Its place is in fractions of the page as it is looked at, from its upper left corner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageCode {
    /// `qr`, `data_matrix` or `code_128`.
    #[schema(example = "qr")]
    pub kind: &'static str,
    /// What it says. Nobody has checked it.
    #[schema(max_length = 1000, example = "PL1:T?type=Antrag")]
    pub text: String,
    /// Its left edge, from 0 to 1.
    #[schema(example = 0.3)]
    pub x: f64,
    /// Its upper edge, from 0 to 1.
    #[schema(example = 0.2)]
    pub y: f64,
    /// From left to right.
    #[schema(example = 0.2)]
    pub width: f64,
    /// From top to bottom.
    #[schema(example = 0.15)]
    pub height: f64,
}

/// How words were recognised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageRecognition {
    /// What recognised them, with its version.
    pub engine: String,
    /// The languages with which the page was read, as the engine calls them.
    #[schema(example = "deu")]
    pub languages: String,
}

impl PageOfDocument {
    /// Of which nothing is known yet.
    pub(super) fn of(version: u64, number: u32) -> Self {
        Self {
            version,
            number,
            pages: 0,
            drawn_from: None,
            text_page: None,
            size: None,
            rotation: None,
            pictures: Vec::new(),
            no_picture: None,
            conversion: None,
            text: None,
            words: None,
            codes: Vec::new(),
            recognition: None,
        }
    }
}

impl PageConversion {
    pub(super) fn of(found: &Unconverted, language: Language) -> Self {
        let (state, place, reason) = match found {
            Unconverted::Waits(waiting) => (waiting.state.code(), Some(waiting.place), None),
            Unconverted::Failed(reason) => ("failed", None, Some(*reason)),
        };
        let explanation = match found {
            Unconverted::Waits(waiting) => match waiting.state {
                WaitingState::Waiting | WaitingState::Running => text(
                    "Die Seiten werden noch aufbereitet. Bis dahin wird der gelesene Text gezeigt.",
                    "The pages are being prepared. Until then the text that was read is shown.",
                ),
                WaitingState::Failed => not_converted(),
            },
            Unconverted::Failed(Reason::TimedOut | Reason::OutOfMemory | Reason::TooLarge) => text(
                "Die Datei ist zu aufwendig, um als Seiten gezeigt zu werden. Gezeigt wird der gelesene \
                 Text; das Original ist unversehrt gespeichert.",
                "The file is too costly to be shown as pages. The text that was read is shown; the \
                 original is stored unharmed.",
            ),
            Unconverted::Failed(_) => not_converted(),
        };
        Self {
            state,
            place,
            reason: reason.map(Reason::as_str),
            explanation: explanation.get(language).to_owned(),
        }
    }
}

/// Where an office program could not make sense of a document.
fn not_converted() -> Text {
    text(
        "Die Datei konnte nicht als Seiten aufbereitet werden. Gezeigt wird der gelesene Text; das \
         Original ist unversehrt gespeichert.",
        "The file could not be prepared as pages. The text that was read is shown; the original is \
         stored unharmed.",
    )
}

impl PageSize {
    pub(super) fn of(shape: &PageShape) -> Self {
        let points = |hundredths: u32| f64::from(hundredths) / 100.0;
        Self {
            width: points(shape.size.width),
            height: points(shape.size.height),
        }
    }
}

impl PictureLink {
    pub(super) fn of(
        (document, version, page): (Uuid, u64, u32),
        shape: &PageShape,
        (width, sha256): (u16, Option<[u8; 32]>),
    ) -> Self {
        let (wide, high) = shape.size.shown(width);
        Self {
            width: wide,
            height: high,
            href: format!(
                "/api/v1/documents/{document}/pages/{page}/picture?width={width}&version={version}"
            ),
            sha256: sha256.map(hex::encode),
        }
    }
}

impl PageWord {
    pub(super) fn all(sheet: Sheet, marks: Option<Vec<bool>>) -> Vec<Self> {
        let across = |at: i64| fraction(at, sheet.width);
        let down = |at: i64| fraction(at, sheet.height);
        let words = sheet.words.into_iter().enumerate();
        let words = words.map(|(at, word)| {
            let (x, y) = (across(word.left), down(word.top));
            Self {
                x,
                y,
                width: rounded(across(word.left + word.width) - x),
                height: rounded(down(word.top + word.height) - y),
                confidence: word.confidence,
                mark: marks.as_ref().and_then(|marks| marks.get(at).copied()),
                text: word.text,
            }
        });
        words.collect()
    }
}

impl PageCode {
    pub(super) fn all(codes: &[Code], size: Size) -> Vec<Self> {
        let codes = codes.iter().map(|code| {
            let [left, top, wide, high] = code.place;
            let (x, y) = (fraction(left, size.width), fraction(top, size.height));
            Self {
                kind: code.kind.as_str(),
                text: code.text.clone(),
                x,
                y,
                width: rounded(fraction(left.saturating_add(wide), size.width) - x),
                height: rounded(fraction(top.saturating_add(high), size.height) - y),
            }
        });
        codes.collect()
    }
}

/// A place on a page as a part of its side; what stands out is at the edge.
fn fraction(hundredths: i64, side: u32) -> f64 {
    let side = i64::from(side.max(1));
    #[expect(clippy::cast_precision_loss, reason = "hundredths of points on a page")]
    let part = hundredths.clamp(0, side) as f64 / side as f64;
    rounded(part)
}

/// To a hundred thousandth: less than a dot of any picture here.
fn rounded(part: f64) -> f64 {
    (part * 100_000.0).round() / 100_000.0
}

impl NoPicture {
    pub(super) fn of(reason: Reason, language: Language) -> Self {
        Self {
            reason: reason.as_str(),
            explanation: explained(reason).get(language).to_owned(),
        }
    }
}

/// Why a page is not shown as a picture.
pub(in crate::documents) fn explained(reason: Reason) -> Text {
    match reason {
        Reason::UnknownFormat | Reason::NoText | Reason::NotText | Reason::PartsElsewhere => text(
            "Von Dateien dieses Formats gibt es kein Seitenbild; der Text ist lesbar, soweit er gelesen \
             wurde.",
            "There are no pictures of pages of this file format; its text can be read as far as it was \
             read.",
        ),
        Reason::UnreadPicture => text(reason.german(), reason.english()),
        Reason::Empty => text(
            "Die Datei ist leer; von ihr gibt es kein Bild.",
            "The file is empty; there is no picture of it.",
        ),
        Reason::Encrypted | Reason::PartsEncrypted => text(
            "Die Datei ist mit einem Kennwort geschützt; ohne das Kennwort können ihre Seiten nicht gezeichnet \
             werden.",
            "The file is protected by a password; without it its pages cannot be drawn.",
        ),
        Reason::Damaged | Reason::PartsDamaged => text(
            "Die Datei ist beschädigt; diese Seite kann nicht gezeichnet werden.",
            "The file is damaged; this page cannot be drawn.",
        ),
        Reason::TimedOut => text(
            "Das Zeichnen dieser Seite hat zu lange gedauert und wurde abgebrochen: Der Server hatte viel zu tun, \
             oder die Seite ist sehr aufwendig. In fünf Minuten kann es noch einmal versucht werden. Das Original \
             ist unversehrt gespeichert.",
            "Drawing this page took too long and was stopped: the server was busy, or the page is very costly. It \
             can be tried again in five minutes. The original is stored unharmed.",
        ),
        Reason::TooLarge | Reason::OutOfMemory | Reason::PartsOverLimit | Reason::PartsTooDeep => {
            text(
                "Diese Seite ist zu aufwendig, um gezeichnet zu werden. Das Original ist unversehrt gespeichert.",
                "This page is too costly to be drawn. The original is stored unharmed.",
            )
        }
        Reason::Crashed | Reason::Unsafe => text(
            "Das Zeichnen ist an dieser Datei gescheitert. Das Original ist unversehrt gespeichert.",
            "Drawing failed on this file. The original is stored unharmed.",
        ),
        Reason::Biometric | Reason::Withheld => text(
            "Der Inhalt ist gesperrt; von ihm gibt es kein Bild.",
            "The content is withheld; there is no picture of it.",
        ),
        Reason::PartsInfected => text(
            "Die Datei enthält Schadsoftware; ihre Seiten werden nicht gezeichnet.",
            "The file contains infected content; its pages are not drawn.",
        ),
        Reason::PartsUnscanned => text(
            "Die Datei enthält Inhalte, die nicht auf Schadsoftware geprüft werden konnten; ihre Seiten werden \
             nicht gezeichnet.",
            "The file contains what could not be scanned for viruses; its pages are not drawn.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Standing;
    use super::*;

    #[test]
    fn places_are_fractions_of_the_page_and_end_at_its_edge() {
        let word = |left, top| Standing {
            text: "Wort".to_owned(),
            left,
            top,
            width: 1_000,
            height: 200,
            confidence: Some(91),
        };
        let sheet = Sheet {
            width: 10_000,
            height: 20_000,
            words: vec![word(2_500, 5_000), word(9_500, -100)],
            recognised: None,
        };
        let all = PageWord::all(sheet, Some(vec![true, false]));
        let places: Vec<_> = all
            .iter()
            .map(|word| ([word.x, word.y, word.width, word.height], word.mark))
            .collect();
        let expected = [
            ([0.25, 0.25, 0.1, 0.01], Some(true)),
            ([0.95, 0.0, 0.05, 0.005], Some(false)),
        ];
        assert_eq!(places, expected);
    }
}

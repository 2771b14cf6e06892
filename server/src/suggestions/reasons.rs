//! Why something is suggested, in words that a clerk understands.

use indexer::letter::{Clue, Zone};

use crate::http::{Text, text};

fn documents(count: usize) -> String {
    match count {
        1 => "1 Dokument".to_owned(),
        count => format!("{count} Dokumente"),
    }
}

fn in_english(count: usize) -> String {
    match count {
        1 => "1 document".to_owned(),
        count => format!("{count} documents"),
    }
}

/// `: Wort, Wort`; nothing where there is none.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        words => format!(": {}", words.join(", ")),
    }
}

/// What stands where.
pub(super) fn clue(clue: Clue) -> Text {
    match clue {
        Clue::SubjectLine => text("steht in der Betreffzeile", "stands in the subject line"),
        Clue::AboveSalutation => text("steht über der Anrede", "stands above the salutation"),
        Clue::BelowDate => text("steht unter dem Datum", "stands below the date"),
        Clue::FirstHeading => text("erste Überschrift", "first heading"),
        Clue::LabelledDate => text("als Datum bezeichnet", "called the date"),
        Clue::PlaceAndDate => text(
            "Ort und Datum des Schreibens",
            "place and date of the letter",
        ),
        Clue::DateInHead => text("steht im Kopf des Schreibens", "stands in the letterhead"),
        Clue::DateAtClosing => text(
            "Ort und Datum über der Unterschrift",
            "place and date above the signature",
        ),
        Clue::DateInText => text("Datum im oberen Teil", "a date in the upper part"),
    }
}

pub(super) fn mail_subject() -> Text {
    text("Betreff der E-Mail", "subject of the mail")
}

pub(super) fn mail_sent() -> Text {
    text("Sendedatum der E-Mail", "when the mail was sent")
}

pub(super) fn mail_sender() -> Text {
    text("Absender der E-Mail", "sender of the mail")
}

pub(super) fn invoice() -> Text {
    text("Angabe der E-Rechnung", "stated by the e-invoice")
}

pub(super) fn address(address: &str) -> Text {
    text(
        format!("E-Mail-Adresse {address}"),
        format!("e-mail address {address}"),
    )
}

/// A name that stands somewhere.
pub(super) fn name(zone: Zone, name: &str) -> Text {
    match zone {
        Zone::Head => text(
            format!("„{name}“ im Kopf des Schreibens"),
            format!("“{name}” in the letterhead"),
        ),
        Zone::Closing => text(
            format!("„{name}“ am Ende des Schreibens"),
            format!("“{name}” at the end of the letter"),
        ),
        Zone::Body => text(format!("„{name}“ im Text"), format!("“{name}” in the text")),
    }
}

/// A code that stands on other documents of the same correspondent.
pub(super) fn code(code: &str, count: usize) -> Text {
    text(
        format!(
            "{code} steht auch auf {} mit diesem Korrespondenten",
            // "auf 3 Dokumenten": the dative.
            match count {
                1 => "1 Dokument".to_owned(),
                count => format!("{count} Dokumenten"),
            }
        ),
        format!(
            "{code} also stands on {} with this correspondent",
            in_english(count)
        ),
    )
}

/// Documents of the same type that the text is like.
pub(super) fn like_of_kind(count: usize, words: &[String]) -> Text {
    text(
        format!(
            "ähnlich wie {} dieser Art in dieser Abteilung{}",
            documents(count),
            listed(words)
        ),
        format!(
            "like {} of this type in this department{}",
            in_english(count),
            listed(words)
        ),
    )
}

/// Documents with the same correspondent that the text is like.
pub(super) fn like_of_correspondent(count: usize, words: &[String]) -> Text {
    text(
        format!(
            "ähnlich wie {} mit diesem Korrespondenten{}",
            documents(count),
            listed(words)
        ),
        format!(
            "like {} with this correspondent{}",
            in_english(count),
            listed(words)
        ),
    )
}

pub(super) fn word_in_title(word: &str) -> Text {
    text(
        format!("„{word}“ im Betreff"),
        format!("“{word}” in the title"),
    )
}

/// A label on a page, of a case or of its file.
pub(super) fn label(of_file: bool, reference: &str, page: u32) -> Text {
    if of_file {
        text(
            format!("QR-Code der Akte {reference} auf Seite {page}"),
            format!("QR code of the file {reference} on page {page}"),
        )
    } else {
        text(
            format!("QR-Code auf Seite {page}"),
            format!("QR code on page {page}"),
        )
    }
}

/// Of what a reference in the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Referred {
    /// The case.
    Case,
    /// The case, which has another reference now.
    Former,
    /// A document in it.
    Document,
}

/// A reference that stands in the text.
pub(super) fn reference(what: Referred, reference: &str, label: Option<&str>, page: u32) -> Text {
    let (german, english) = match what {
        Referred::Case => ("Aktenzeichen", "reference"),
        Referred::Former => ("früheres Aktenzeichen", "former reference"),
        Referred::Document => (
            "Geschäftszeichen eines Dokuments in diesem Vorgang:",
            "reference of a document in this case:",
        ),
    };
    match label {
        Some(label) => text(
            format!("{german} {reference} in der Zeile „{label}“"),
            format!("{english} {reference} in the line “{label}”"),
        ),
        None => text(
            format!("{german} {reference} auf Seite {page}"),
            format!("{english} {reference} on page {page}"),
        ),
    }
}

//! What a protocol says: sentences and tables, of what was found out. No async, no IO, no clock.

use paper::Moment;
use paper::report::{Block, Column, Head, Lang, Report, Row, Table, Tone};
use serde_json::Value;

use crate::base::{CivilDate, Timestamp, german_instant};
use crate::signing::identity::Check;
use crate::signing::model::{Level, Outcome, SigningJob, Tongue};

/// What a protocol is made of besides the job.
pub(super) struct Facts<'a> {
    pub(super) town: &'a str,
    pub(super) office: &'a str,
    pub(super) reference: Option<String>,
    pub(super) title: &'a str,
    pub(super) purpose: &'a str,
    pub(super) sentence: &'a str,
    pub(super) clerk: String,
    /// How the identity was checked, and who did.
    pub(super) check: Option<(Check, String)>,
    /// What was found out, as it is kept.
    pub(super) evidence: Value,
    pub(super) now: Timestamp,
}

const INTRODUCTION: &str = "Dieses Protokoll hält fest, was bei einer handschriftlichen elektronischen Unterschrift am \
                            Schalter festgestellt wurde. Es ist selbst keine Unterschrift: Maßgeblich sind das \
                            gesiegelte Dokument und das fortlaufende Protokoll des Archivs, in dem dieselben Angaben \
                            gebunden sind.";
const CHECKING: &str = "Das gesiegelte Dokument beginnt Byte für Byte mit dem gezeigten: Wer die ersten Bytes bis zu \
                        dessen Länge abschneidet, erhält den SHA-256-Wert des gezeigten Dokuments. Das Siegel prüft jedes \
                        Programm, das Unterschriften in PDF-Dateien prüft. Die Angaben oben stehen im Archiv beim \
                        Unterschriftsvorgang und sind durch das Protokoll des Archivs an ihren Zeitpunkt gebunden.";
const NO_MOVEMENT: &str = "Gespeichert ist das Bild der Unterschrift. Der Bewegungsverlauf des Stifts wurde nicht \
                           aufbewahrt; sein SHA-256-Wert steht oben.";
const SEALED_MOVEMENT: &str = "Der Bewegungsverlauf des Stifts ist verschlüsselt für eine Stelle außerhalb des Hauses \
                               aufbewahrt und kann hier von niemandem geöffnet werden.";

/// The protocol of a job that was signed.
pub(super) fn report(job: &SigningJob, outcome: &Outcome, facts: &Facts<'_>) -> Report {
    let mut blocks = vec![Block::Paragraph(INTRODUCTION.to_owned())];
    let mut part = |title: &str, rows: Vec<Row>| {
        blocks.push(heading(title));
        blocks.push(Block::Rows(rows));
    };
    part("Dokument", document(job, facts));
    part("Bestätigt wurde", confirmed(facts));
    part("Beteiligte und Gerät", people(job, facts));
    part("Identitätsprüfung", checked(facts));
    part("Unterschrift", strokes(&facts.evidence));
    let sealed = facts.evidence["sealed_strokes"].is_object();
    let movement = if sealed { SEALED_MOVEMENT } else { NO_MOVEMENT };
    blocks.push(Block::Notice {
        tone: Tone::Plain,
        title: None,
        text: movement.to_owned(),
    });
    blocks.push(heading("Angezeigte Seiten"));
    blocks.push(pages(&facts.evidence));
    blocks.push(heading("Zeiten"));
    blocks.push(Block::Rows(times(job, facts)));
    blocks.push(heading("Siegel"));
    blocks.push(Block::Rows(seal(outcome, &facts.evidence)));
    blocks.push(heading("Nachprüfen"));
    blocks.push(Block::Paragraph(CHECKING.to_owned()));
    Report {
        title: super::TYPE.to_owned(),
        lang: Lang::German,
        head: head(job, facts),
        blocks,
    }
}

fn head(job: &SigningJob, facts: &Facts<'_>) -> Head {
    Head {
        town: facts.town.to_owned(),
        office: facts.office.to_owned(),
        to: Vec::new(),
        reference: facts.reference.clone(),
        date: CivilDate::on(facts.now).map(german_day),
        foot: format!("Unterschriftsvorgang {}", job.id),
        about: format!(
            "Unterschriftsprotokoll, Vorgang {}, Dokument {}, SHA-256 {}",
            job.id,
            job.document,
            hex::encode(job.sha256)
        ),
        creator: "Papierlos".to_owned(),
        made: moment(facts.now),
    }
}

fn german_day(day: CivilDate) -> String {
    let (year, month, day) = day.date().to_calendar_date();
    format!("{day:02}.{:02}.{year:04}", u8::from(month))
}

fn moment(at: Timestamp) -> Moment {
    let at = at.utc();
    Moment {
        year: u16::try_from(at.year()).unwrap_or(u16::MAX),
        month: u8::from(at.month()),
        day: at.day(),
        hour: at.hour(),
        minute: at.minute(),
        second: at.second(),
    }
}

fn heading(text: &str) -> Block {
    Block::Heading {
        level: 2,
        text: text.to_owned(),
    }
}

/// What stands at a place of what was found out; nothing where there is none.
fn said(evidence: &Value, pointer: &str) -> String {
    match evidence.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            String::new()
        }
    }
}

/// The same with what it is counted in.
fn counted(evidence: &Value, pointer: &str, unit: &str) -> String {
    let number = said(evidence, pointer);
    if number.is_empty() {
        return number;
    }
    format!("{number} {unit}")
}

/// An instant in what was found out, by the clocks of Germany.
fn when(evidence: &Value, pointer: &str) -> String {
    let text = said(evidence, pointer);
    Timestamp::parse(&text).map_or(text, german_instant)
}

fn document(job: &SigningJob, facts: &Facts<'_>) -> Vec<Row> {
    let evidence = &facts.evidence;
    vec![
        Row::new("Titel", facts.title),
        Row::new("Kennung", job.document.to_string()),
        Row::new("Zeichen", facts.reference.clone().unwrap_or_default()),
        Row::new("Gezeigte Fassung", job.number.to_string()),
        Row::new("SHA-256 des gezeigten Dokuments", hex::encode(job.sha256)),
        Row::new(
            "SHA-256 des gesiegelten Dokuments",
            said(evidence, "/signed_sha256"),
        ),
    ]
}

fn confirmed(facts: &Facts<'_>) -> Vec<Row> {
    let evidence = &facts.evidence;
    let language = match Tongue::parse(&said(evidence, "/language")) {
        Some(Tongue::German) => "Deutsch",
        Some(Tongue::English) => "Englisch",
        None => "",
    };
    vec![
        Row::new("Zweck", facts.purpose),
        Row::new("Satz", facts.sentence),
        Row::new("Sprache der Anzeige", language),
        Row::new("Vergrößerung", counted(evidence, "/zoom", "%")),
    ]
}

fn people(job: &SigningJob, facts: &Facts<'_>) -> Vec<Row> {
    let evidence = &facts.evidence;
    vec![
        Row::new("Sachbearbeitung", facts.clerk.as_str()),
        Row::new("Konto", job.clerk.to_string()),
        Row::new("Unterschriftsvorgang", job.id.to_string()),
        Row::new("Tablet", said(evidence, "/device/name")),
        Row::new("Schalter", said(evidence, "/device/counter")),
        Row::new(
            "SHA-256 des Tablet-Schlüssels",
            said(evidence, "/device/key_sha256"),
        ),
        Row::new(
            "Öffentlicher Schlüssel des Tablets (P-256)",
            said(evidence, "/device/key"),
        ),
        Row::new("Signatur des Tablets", said(evidence, "/device/signature")),
        Row::new(
            "SHA-256 der signierten Anfrage",
            said(evidence, "/device/body_sha256"),
        ),
        Row::new("Mitsignierte Zufallszahl", job.nonce.as_str()),
        Row::new(
            "Programm auf dem Tablet",
            said(evidence, "/device/user_agent"),
        ),
    ]
}

fn checked(facts: &Facts<'_>) -> Vec<Row> {
    let Some((check, clerk)) = &facts.check else {
        return vec![Row::new(
            "Ergebnis",
            "Zu diesem Vorgang ist keine eingetragen.",
        )];
    };
    vec![
        Row::new("Ergebnis", check.outcome.german()),
        Row::new("Festgestellt durch", check.method.german()),
        Row::new("Geprüft von", clerk.as_str()),
        Row::new("Geprüft am", german_instant(check.created_at)),
        Row::new("Kennung", check.id.to_string()),
    ]
}

fn strokes(evidence: &Value) -> Vec<Row> {
    let with = match said(evidence, "/strokes/pointer").as_str() {
        "pen" => "Stift",
        "touch" => "Finger",
        "mouse" => "Maus",
        _ => "",
    };
    let size = match (
        said(evidence, "/strokes/width").as_str(),
        said(evidence, "/strokes/height").as_str(),
    ) {
        ("", _) | (_, "") => String::new(),
        (width, height) => format!("{width} × {height} Bildpunkte"),
    };
    let mut rows = vec![
        Row::new("Geschrieben mit", with),
        Row::new("Striche", said(evidence, "/strokes/count")),
        Row::new("Messpunkte", said(evidence, "/strokes/points")),
        Row::new(
            "Dauer",
            counted(evidence, "/strokes/milliseconds", "Millisekunden"),
        ),
        Row::new("Größe", size),
        Row::new("Neu begonnen", counted(evidence, "/restarts", "Mal")),
        Row::new("SHA-256 des Schriftzugs", said(evidence, "/strokes/sha256")),
    ];
    if evidence["sealed_strokes"].is_object() {
        rows.push(Row::new(
            "SHA-256 des verschlüsselten Schriftzugs",
            said(evidence, "/sealed_strokes/sha256"),
        ));
        rows.push(Row::new(
            "SHA-256 des Zertifikats der Stelle",
            said(evidence, "/sealed_strokes/certificate_sha256"),
        ));
    }
    rows
}

/// The pages that were seen, as a table; where none was told of, that.
fn pages(evidence: &Value) -> Block {
    let all = evidence["pages"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        let text = "Vom Tablet wurde keine Seite gemeldet.";
        return Block::Paragraph(text.to_owned());
    }
    let row = |page: &Value| {
        vec![
            said(page, "/page"),
            said(page, "/seconds"),
            said(page, "/picture_sha256"),
        ]
    };
    Block::Table(Table {
        columns: vec![
            Column::of_numbers("Seite", 2),
            Column::of_numbers("Sekunden", 3),
            Column::new("SHA-256 des gezeigten Bildes", 15),
        ],
        rows: all.iter().map(row).collect(),
    })
}

fn times(job: &SigningJob, facts: &Facts<'_>) -> Vec<Row> {
    let evidence = &facts.evidence;
    vec![
        Row::new("An das Tablet gesendet", when(evidence, "/times/sent")),
        Row::new("Angezeigt", when(evidence, "/times/shown")),
        Row::new("Unterschriftsfeld geöffnet", when(evidence, "/times/pad")),
        Row::new(
            "Eingegangen und gesiegelt",
            when(evidence, "/times/received"),
        ),
        Row::new(
            "Vorgang beendet",
            job.ended_at.map(german_instant).unwrap_or_default(),
        ),
        Row::new("Protokoll erstellt", german_instant(facts.now)),
    ]
}

fn seal(outcome: &Outcome, evidence: &Value) -> Vec<Row> {
    let level = outcome.level.code();
    let level = if outcome.level == Level::Basic {
        format!(
            "PAdES {level}, noch ohne Zeitstempel. Kommt er hinzu, steht er in einer weiteren Fassung."
        )
    } else {
        format!("PAdES {level}")
    };
    let place = match (said(evidence, "/gap/0"), said(evidence, "/gap/1")) {
        (first, length) if !first.is_empty() && !length.is_empty() => {
            format!("ab Byte {first}, {length} Bytes")
        }
        (_, _) => String::new(),
    };
    vec![
        Row::new("Stufe zu diesem Zeitpunkt", level),
        Row::new("Unterschriftsfeld", said(evidence, "/field")),
        Row::new("Platz in der Datei", place),
    ]
}

//! The plan as a table: CSV with a head, one line for each unit.

use std::collections::HashMap;

use super::cells::{FOREVER, code};
use super::draft::{Above, Column, Draft, Drafting, Entry, Finding, Findings, Raw, Spot};
use crate::http::Fault;
use crate::http::extract::nearest;

/// What a table begins with, so that spreadsheets read it as UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Most columns that a head is read to.
const COLUMNS_MAX: usize = 64;
/// Longest name of a column that is looked at, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The text of bytes that may be UTF-8 or, from older spreadsheets, Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> String {
    let bytes = bytes
        .strip_prefix(BYTE_ORDER_MARK.as_bytes())
        .unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_no_utf8) => {
            let (text, _lossless) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
            text.into_owned()
        }
    }
}

/// The separator that the head of a table uses.
fn separator(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    if head.matches(';').count() >= head.matches(',').count() {
        b';'
    } else {
        b','
    }
}

/// Reads a table.
pub(super) fn read(bytes: &[u8]) -> Result<Draft, Findings> {
    let text = decode(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(&text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut drafting = Drafting::default();
    let mut records = reader.records();
    let head = match records.next() {
        Some(Ok(head)) => head,
        Some(Err(_)) | None => csv::StringRecord::new(),
    };
    let columns = columns(&head, &mut drafting.findings);
    if !drafting.findings.is_empty() {
        return Err(drafting.findings);
    }
    let mut lines = Lines::of(&text);
    let with_parent = columns.contains(&Column::Parent);
    for record in records {
        // Nothing but a broken read can end here, and there is none: the text is in memory.
        let Ok(record) = record else { break };
        let line = lines.at(record.position().map_or(0, csv::Position::byte));
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != columns.len() {
            let expected = columns.len();
            drafting.findings.add(Finding {
                line: Some(line),
                path: None,
                fault: super::cells::rule(
                    "wrong-number-of-cells",
                    format!(
                        "Die Zeile hat {} Felder, der Kopf {expected}.",
                        record.len()
                    ),
                    format!("The line has {} cells, the head {expected}.", record.len()),
                ),
            });
            continue;
        }
        drafting.push(raw(line, &columns, &record, with_parent));
    }
    drafting.finish()
}

/// Counts the lines of a text. Where the reader says that a record begins, empty lines may come
/// first: it does not count them.
struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    const fn of(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            counted: 0,
            line: 1,
        }
    }

    /// The line of the first byte of a record that begins from `start` on. Records come in order.
    fn at(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = self.text.get(start..).unwrap_or_default();
        let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let begins = start.saturating_add(empty.count());
        let passed = self.text.get(self.counted..begins).unwrap_or_default();
        let ends = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self
            .line
            .saturating_add(u64::try_from(ends).unwrap_or(u64::MAX));
        self.counted = begins;
        self.line
    }
}

fn raw(line: u64, columns: &[Column], record: &csv::StringRecord, with_parent: bool) -> Raw {
    let cells: HashMap<Column, String> = columns
        .iter()
        .copied()
        .zip(record.iter().map(str::to_owned))
        .collect();
    let above = match cells.get(&Column::Parent).map(|cell| cell.trim()) {
        Some("") => Above::Nothing,
        // One that is no mark is not in the content either, and said so.
        Some(parent) => Above::Code(code(parent).unwrap_or_else(|_fault| parent.to_owned())),
        None if with_parent => Above::Nothing,
        None => Above::Prefix,
    };
    Raw {
        spot: Spot::Line(line),
        above,
        cells,
    }
}

/// What the head names; unknown, doubled and missing columns are findings.
fn columns(head: &csv::StringRecord, findings: &mut Findings) -> Vec<Column> {
    let known = || {
        let german = Column::ALL.into_iter().map(Column::german);
        german.chain(Column::ALL.into_iter().map(Column::english))
    };
    let mut found = Vec::new();
    if head.len() > COLUMNS_MAX {
        let max = u64::try_from(COLUMNS_MAX).unwrap_or(u64::MAX);
        findings.add(Finding {
            line: Some(1),
            path: None,
            fault: Fault::TooMany { max },
        });
        return found;
    }
    let mut wrong = |name: &str, fault: Fault| {
        findings.add(Finding {
            line: Some(1),
            path: Some(name.chars().take(NAME_BYTES_MAX).collect()),
            fault,
        });
    };
    for name in head {
        let name = name.trim().to_lowercase();
        let column = Column::ALL
            .into_iter()
            .find(|column| column.german() == name || column.english() == name);
        match column {
            Some(column) if found.contains(&column) => wrong(&name, Fault::Duplicate),
            Some(column) => found.push(column),
            None => {
                // What is no name at all resembles none, and comparing it would take for ever.
                let short = Some(&name).filter(|name| name.len() <= NAME_BYTES_MAX);
                let near = short.and_then(|name| nearest(name, known()));
                let near = near.map(str::to_owned);
                wrong(&name, Fault::Unknown { near });
            }
        }
    }
    for column in [
        Column::Code,
        Column::Title,
        Column::Retention,
        Column::Disposal,
    ] {
        if !found.contains(&column) {
            wrong(column.german(), Fault::Required);
        }
    }
    found
}

/// The cell of an entry.
fn cell(entry: &Entry, column: Column) -> String {
    let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
    let years = |years: Option<u32>| years.map(|years| years.to_string());
    match column {
        Column::Code => entry.code.clone(),
        Column::Title => entry.title.clone(),
        Column::Retention => years(entry.retention_years).unwrap_or_else(|| FOREVER.to_owned()),
        Column::Disposal => entry.disposal.code().to_owned(),
        Column::Protection => maybe(&entry.protection),
        Column::Note => maybe(&entry.note),
        Column::Parent => maybe(&entry.parent),
        Column::FilePattern => maybe(&entry.file_pattern),
        Column::CasePattern => maybe(&entry.case_pattern),
        Column::DocumentPattern => maybe(&entry.document_pattern),
        Column::Transfer => years(entry.transfer_years).unwrap_or_default(),
        Column::Compartment => maybe(&entry.compartment),
        Column::LegalBasis => maybe(&entry.legal_basis),
        Column::Retired => u8::from(entry.retired).to_string(),
    }
}

/// Writes a table: UTF-8 with a byte order mark, semicolons, CRLF.
pub(super) fn write(draft: &Draft) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    writer.write_record(Column::ALL.map(Column::german))?;
    for entry in &draft.entries {
        writer.write_record(Column::ALL.map(|column| cell(entry, column)))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|unfinished| csv::Error::from(unfinished.into_error()))?;
    // Only text went in.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

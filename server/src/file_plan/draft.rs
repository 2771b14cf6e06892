//! A plan as it came in, whatever the format: what is said about each unit, and everything
//! that is wrong with it.

use std::collections::HashMap;
use std::fmt;

use super::cells::{code, disposal, line, pattern, retention, rule, transfer, yes};
use super::model::{
    DEPTH_MAX, Disposal, Misplaced, TEXT_CHARS_MAX, Tree, UNITS_MAX, WORD_CHARS_MAX,
};
use crate::base::CivilDate;
use crate::base::pattern::Level;
use crate::http::{Fault, Language};

/// Most findings that are named one by one.
pub(super) const FINDINGS_MAX: usize = 1000;
/// A plan as it stands in content that came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its name, where the content says it.
    pub name: Option<String>,
    /// Its edition, where the content says it.
    pub edition: Option<String>,
    /// The first day on which it is in force, where the content says it.
    pub valid_from: Option<CivilDate>,
    /// The last day.
    pub valid_until: Option<CivilDate>,
    /// The units.
    pub entries: Vec<Entry>,
}

/// A unit as it stands there: units and compartments go by their marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its mark.
    pub code: String,
    /// The mark of the unit that it is part of.
    pub parent: Option<String>,
    /// What it is about.
    pub title: String,
    /// How references of its files are made.
    pub file_pattern: Option<String>,
    /// How references of cases in them are made.
    pub case_pattern: Option<String>,
    /// How references of documents in those are made.
    pub document_pattern: Option<String>,
    /// Years that its files are kept; none: for ever.
    pub retention_years: Option<u32>,
    /// Years after which a closed file leaves the daily work.
    pub transfer_years: Option<u32>,
    /// What becomes of them.
    pub disposal: Disposal,
    /// The protection class.
    pub protection: Option<String>,
    /// The short name of the compartment.
    pub compartment: Option<String>,
    /// The law that asks for it.
    pub legal_basis: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// Whether it is retired.
    pub retired: bool,
}

/// What is said about a unit, by its name in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Column {
    Code,
    Title,
    Retention,
    Disposal,
    Protection,
    Note,
    Parent,
    FilePattern,
    CasePattern,
    DocumentPattern,
    Transfer,
    Compartment,
    LegalBasis,
    Retired,
}

impl Column {
    /// All of them, in the order of a table.
    pub(super) const ALL: [Self; 14] = [
        Self::Code,
        Self::Title,
        Self::Retention,
        Self::Disposal,
        Self::Protection,
        Self::Note,
        Self::Parent,
        Self::FilePattern,
        Self::CasePattern,
        Self::DocumentPattern,
        Self::Transfer,
        Self::Compartment,
        Self::LegalBasis,
        Self::Retired,
    ];

    /// Its head in a table.
    pub(super) const fn german(self) -> &'static str {
        match self {
            Self::Code => "kennzeichen",
            Self::Title => "bezeichnung",
            Self::Retention => "aufbewahrung_jahre",
            Self::Disposal => "aussonderungsart",
            Self::Protection => "schutzstufe",
            Self::Note => "hinweis",
            Self::Parent => "uebergeordnet",
            Self::FilePattern => "muster_akte",
            Self::CasePattern => "muster_vorgang",
            Self::DocumentPattern => "muster_dokument",
            Self::Transfer => "transfer_jahre",
            Self::Compartment => "abschottung",
            Self::LegalBasis => "rechtsgrundlage",
            Self::Retired => "stillgelegt",
        }
    }

    /// The same in English: the name in the HTTP contract.
    pub(super) const fn english(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Title => "title",
            Self::Retention => "retention_years",
            Self::Disposal => "disposal",
            Self::Protection => "protection",
            Self::Note => "note",
            Self::Parent => "parent",
            Self::FilePattern => "file_pattern",
            Self::CasePattern => "case_pattern",
            Self::DocumentPattern => "document_pattern",
            Self::Transfer => "transfer_years",
            Self::Compartment => "compartment",
            Self::LegalBasis => "legal_basis",
            Self::Retired => "retired",
        }
    }
}

/// Where something stands in the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spot {
    /// In a line of a table, from 1.
    Line(u64),
    /// At a place of a tree.
    Path(String),
}

impl Spot {
    fn finding(&self, column: Option<Column>, fault: Fault) -> Finding {
        match self {
            Self::Line(line) => Finding {
                line: Some(*line),
                path: column.map(|column| column.german().to_owned()),
                fault,
            },
            Self::Path(path) => Finding {
                line: None,
                path: Some(match column {
                    Some(column) => format!("{path}/{}", super::xdomea::element(column)),
                    None => path.clone(),
                }),
                fault,
            },
        }
    }
}

/// One thing that is wrong with the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1.
    pub line: Option<u64>,
    /// The column of a table, or the place in a tree.
    pub path: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl Finding {
    /// Where and what, in a sentence.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let what = self.fault.sentence();
        let line = |word: &str| self.line.map(|line| format!("{word} {line}"));
        let at = [
            line(match language {
                Language::German => "Zeile",
                Language::English => "Line",
            }),
            self.path.clone(),
        ];
        let at: Vec<String> = at.into_iter().flatten().collect();
        if at.is_empty() {
            return what.get(language).to_owned();
        }
        format!("{}: {}", at.join(", "), what.get(language))
    }
}

/// Everything that is wrong with the content, up to a thousand one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    more: usize,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} findings", self.list.len() + self.more)
    }
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// Those that are named.
    #[must_use]
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// How many there are beyond.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.more
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Of which unit another is part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Above {
    /// Of none.
    Nothing,
    /// Of the one with this mark.
    Code(String),
    /// Of the one that stands at this place of the content.
    Place(usize),
    /// Of the one whose mark is the longest beginning of its own: `01.4` for `01.4.1`.
    Prefix,
}

/// A unit before it is understood.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) spot: Spot,
    pub(super) above: Above,
    pub(super) cells: HashMap<Column, String>,
}

/// Gathers the units of a plan that comes in, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Drafting {
    pub(super) draft: Draft,
    pub(super) findings: Findings,
    raws: Vec<Raw>,
}

impl Drafting {
    /// Adds a unit; gives its place.
    pub(super) fn push(&mut self, raw: Raw) -> usize {
        self.raws.push(raw);
        self.raws.len() - 1
    }

    /// Says something about the unit at this place.
    pub(super) fn say(&mut self, place: usize, column: Column, cell: String) {
        if let Some(raw) = self.raws.get_mut(place) {
            raw.cells.insert(column, cell);
        }
    }

    /// The same, where nothing was said yet.
    pub(super) fn say_if_silent(&mut self, place: usize, column: Column, cell: String) {
        if let Some(raw) = self.raws.get_mut(place) {
            let said = raw.cells.entry(column).or_default();
            if said.trim().is_empty() {
                *said = cell;
            }
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.raws.len()
    }

    /// The plan, or everything that is wrong with it.
    pub(super) fn finish(mut self) -> Result<Draft, Findings> {
        if self.raws.is_empty() && self.findings.is_empty() {
            self.findings.add(Finding {
                line: None,
                path: None,
                fault: rule(
                    "no-units",
                    "Die Datei enthält keine Einheit eines Aktenplans.",
                    "The content holds no unit of a file plan.",
                ),
            });
        }
        if self.raws.len() > UNITS_MAX {
            self.findings.add(Finding {
                line: None,
                path: None,
                fault: Fault::TooMany {
                    max: u64::try_from(UNITS_MAX).unwrap_or(u64::MAX),
                },
            });
            return Err(self.findings);
        }
        let codes = self.codes();
        self.place(&codes);
        for (place, raw) in self.raws.iter().enumerate() {
            let parent = parent_of(raw, place, &codes);
            if let Some(entry) = entry(raw, parent, &mut self.findings) {
                self.draft.entries.push(entry);
            }
        }
        if self.findings.is_empty() {
            Ok(self.draft)
        } else {
            Err(self.findings)
        }
    }

    /// The mark of each unit; those that are none, or come twice, are findings.
    fn codes(&mut self) -> Codes {
        let mut codes = Codes::default();
        for (place, raw) in self.raws.iter().enumerate() {
            let cell = raw.cells.get(&Column::Code);
            match code(cell.map_or("", String::as_str)) {
                Ok(code) => {
                    if codes.places.insert(code.clone(), place).is_some() {
                        let finding = raw.spot.finding(Some(Column::Code), Fault::Duplicate);
                        self.findings.add(finding);
                    }
                    codes.list.push(Some(code));
                }
                Err(fault) => {
                    self.findings
                        .add(raw.spot.finding(Some(Column::Code), fault));
                    codes.list.push(None);
                }
            }
        }
        codes
    }

    /// Whether each unit hangs where it can.
    fn place(&mut self, codes: &Codes) {
        let mut parents: HashMap<usize, Option<usize>> = HashMap::new();
        for (place, raw) in self.raws.iter().enumerate() {
            let parent = match &raw.above {
                Above::Code(code) => match codes.places.get(code) {
                    Some(parent) => Some(*parent),
                    None => {
                        let fault = rule(
                            "parent-missing",
                            format!("Die übergeordnete Einheit {code} steht nicht in der Datei."),
                            format!("The parent {code} does not stand in the content."),
                        );
                        self.findings
                            .add(raw.spot.finding(Some(Column::Parent), fault));
                        None
                    }
                },
                Above::Place(parent) => Some(*parent),
                Above::Prefix => codes.above(place),
                Above::Nothing => None,
            };
            parents.insert(place, parent);
        }
        let levels = Tree::of(&parents).levels();
        for (place, raw) in self.raws.iter().enumerate() {
            if let Some(Err(misplaced)) = levels.get(&place).copied() {
                let fault = misplaced_fault(misplaced);
                self.findings
                    .add(raw.spot.finding(Some(Column::Parent), fault));
            }
        }
    }
}

pub(super) fn misplaced_fault(misplaced: Misplaced) -> Fault {
    match misplaced {
        Misplaced::Loop => rule(
            "parent-loop",
            "Die Einheit wäre sich selbst untergeordnet.",
            "The unit would hang below itself.",
        ),
        Misplaced::Deep => rule(
            "too-deep",
            format!("Ein Aktenplan hat höchstens {DEPTH_MAX} Ebenen."),
            format!("A file plan has at most {DEPTH_MAX} levels."),
        ),
    }
}

/// The marks of a plan that comes in, by place and back.
#[derive(Debug, Default)]
struct Codes {
    list: Vec<Option<String>>,
    places: HashMap<String, usize>,
}

impl Codes {
    fn at(&self, place: usize) -> Option<&str> {
        self.list.get(place).and_then(Option::as_deref)
    }

    /// The unit whose mark is the longest beginning of the mark at `place`, up to a separator.
    fn above(&self, place: usize) -> Option<usize> {
        let mut rest = self.at(place)?;
        while let Some((at, _)) = rest.char_indices().rfind(|(_, c)| !c.is_alphanumeric()) {
            rest = rest.get(..at).unwrap_or_default();
            if let Some(found) = self.places.get(rest) {
                return Some(*found);
            }
        }
        None
    }
}

fn parent_of(raw: &Raw, place: usize, codes: &Codes) -> Option<String> {
    let parent = match &raw.above {
        Above::Nothing => None,
        Above::Code(code) => return Some(code.clone()),
        Above::Place(parent) => Some(*parent),
        Above::Prefix => codes.above(place),
    };
    parent
        .and_then(|parent| codes.at(parent))
        .map(str::to_owned)
}

/// The unit that is meant; nothing where something is wrong with it.
fn entry(raw: &Raw, parent: Option<String>, findings: &mut Findings) -> Option<Entry> {
    let mut reader = Cells { raw, findings };
    let text = |raw: &str| line(raw, TEXT_CHARS_MAX);
    let word = |raw: &str| line(raw, WORD_CHARS_MAX);
    // The mark was looked at before, with all others.
    let code = code(raw.cells.get(&Column::Code).map_or("", String::as_str)).ok();
    let title = reader.read(Column::Title, |raw| text(raw)?.ok_or(Fault::Required));
    let retention_years = reader.read(Column::Retention, retention);
    let disposal = reader.read(Column::Disposal, disposal);
    let protection = reader.read(Column::Protection, word);
    let note = reader.read(Column::Note, text);
    let file_pattern = reader.read(Column::FilePattern, |raw| pattern(Level::File, raw));
    let case_pattern = reader.read(Column::CasePattern, |raw| pattern(Level::Case, raw));
    let document_pattern =
        reader.read(Column::DocumentPattern, |raw| pattern(Level::Document, raw));
    let transfer_years = reader.read(Column::Transfer, transfer);
    let compartment = reader.read(Column::Compartment, word);
    let legal_basis = reader.read(Column::LegalBasis, text);
    let retired = reader.read(Column::Retired, yes);
    Some(Entry {
        code: code?,
        parent,
        title: title?,
        file_pattern: file_pattern?,
        case_pattern: case_pattern?,
        document_pattern: document_pattern?,
        retention_years: retention_years?,
        transfer_years: transfer_years?,
        disposal: disposal?,
        protection: protection?,
        compartment: compartment?,
        legal_basis: legal_basis?,
        note: note?,
        retired: retired?,
    })
}

struct Cells<'a> {
    raw: &'a Raw,
    findings: &'a mut Findings,
}

impl Cells<'_> {
    fn read<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Fault>) -> Option<T> {
        let cell = self.raw.cells.get(&column).map_or("", String::as_str);
        match read(cell) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.findings
                    .add(self.raw.spot.finding(Some(column), fault));
                None
            }
        }
    }
}

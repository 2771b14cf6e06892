//! The plan as an xdomea message 0301: reading it, element by element, without a tree of the whole.
//!
//! No document type and no entity is followed; what is not known is skipped.

use std::collections::HashMap;

use quick_xml::NsReader;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::ResolveResult;

use super::cells::{line, rule};
use super::draft::{Above, Column, Draft, Drafting, Finding, Findings, Raw, Spot};
use super::model::{DEPTH_MAX, NAME_CHARS_MAX, UNITS_MAX};
use crate::base::CivilDate;
use crate::http::{Fault, text};

/// The message.
pub(super) const MESSAGE: &str = "Aktenplan.Aktenplan.0301";
/// By what our own words are recognised among those of others.
pub(super) const OWN: &str = "urn:papierlos:aktenplan";

/// An edition of xdomea that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Xdomea {
    /// 3.1.0.
    V310,
    /// 4.0.0.
    V400,
}

impl Xdomea {
    /// The namespace of its elements.
    pub(super) const fn namespace(self) -> &'static str {
        match self {
            Self::V310 => "urn:xoev-de:xdomea:schema:3.1.0",
            Self::V400 => "urn:xoev-de:xdomea:schema:4.0.0",
        }
    }
}

/// The element that says this about a unit.
pub(super) const fn element(column: Column) -> &'static str {
    match column {
        Column::Code => "Kennzeichen",
        Column::Title => "Inhaltsangabe",
        Column::Retention => "Aufbewahrungsdauer",
        Column::Disposal => "Aussonderungsart",
        Column::Retired => "Stillgelegt",
        Column::Parent => "Einheit",
        Column::Protection => "AnwendungsspezifischeErweiterung/Feld[schutzstufe]",
        Column::Note => "AnwendungsspezifischeErweiterung/Feld[hinweis]",
        Column::FilePattern => "AnwendungsspezifischeErweiterung/Feld[muster_akte]",
        Column::CasePattern => "AnwendungsspezifischeErweiterung/Feld[muster_vorgang]",
        Column::DocumentPattern => "AnwendungsspezifischeErweiterung/Feld[muster_dokument]",
        Column::Transfer => "AnwendungsspezifischeErweiterung/Feld[transfer_jahre]",
        Column::Compartment => "AnwendungsspezifischeErweiterung/Feld[abschottung]",
        Column::LegalBasis => "AnwendungsspezifischeErweiterung/Feld[rechtsgrundlage]",
    }
}

/// What xdomea has no element for, and our extension says.
pub(super) const EXTENDED: [Column; 8] = [
    Column::Protection,
    Column::Note,
    Column::FilePattern,
    Column::CasePattern,
    Column::DocumentPattern,
    Column::Transfer,
    Column::Compartment,
    Column::LegalBasis,
];

/// Most elements within each other; a plan of [`DEPTH_MAX`] levels needs less than half.
const OPEN_MAX: usize = 64;

/// Why reading went no further.
struct Stop(Fault);

/// Reads a message.
pub(super) fn read(bytes: &[u8]) -> Result<Draft, Findings> {
    let Ok(input) = std::str::from_utf8(bytes) else {
        let mut findings = Findings::default();
        findings.add(Finding {
            line: None,
            path: None,
            fault: Fault::WrongFormat {
                expected: text("XML in UTF-8", "XML in UTF-8"),
            },
        });
        return Err(findings);
    };
    let mut xml = NsReader::from_str(input);
    xml.config_mut().expand_empty_elements = true;
    let mut reading = Reading {
        input,
        xml,
        path: Vec::new(),
        open: 0,
        drafting: Drafting::default(),
    };
    if let Err(Stop(fault)) = reading.message() {
        let line = reading.line();
        let path = Some(reading.path()).filter(|path| !path.is_empty());
        reading.drafting.findings.add(Finding {
            line: Some(line),
            path,
            fault,
        });
        return Err(reading.drafting.findings);
    }
    reading.drafting.finish()
}

struct Reading<'a> {
    input: &'a str,
    xml: NsReader<&'a [u8]>,
    path: Vec<String>,
    open: usize,
    drafting: Drafting,
}

impl<'a> Reading<'a> {
    /// Up to which line was read.
    fn line(&self) -> u64 {
        let at = usize::try_from(self.xml.buffer_position()).unwrap_or(usize::MAX);
        let read = self.input.as_bytes().get(..at);
        let ends = read.map_or(0, |read| read.iter().filter(|byte| **byte == b'\n').count());
        u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn path(&self) -> String {
        self.path.iter().map(|step| format!("/{step}")).collect()
    }

    fn wrong(&mut self, fault: Fault) {
        let path = Some(self.path());
        let line = None;
        self.drafting.findings.add(Finding { line, path, fault });
    }

    fn event(&mut self) -> Result<Event<'a>, Stop> {
        match self.xml.read_event() {
            Ok(Event::DocType(_)) => Err(Stop(rule(
                "document-type",
                "Eine Dokumenttyp-Deklaration (DTD) wird nicht angenommen.",
                "A document type declaration (DTD) is not accepted.",
            ))),
            Ok(Event::Eof) => Err(Stop(cut_off())),
            Ok(Event::Start(_)) if self.open >= OPEN_MAX => Err(Stop(rule(
                "too-nested",
                format!(
                    "Mehr als {OPEN_MAX} ineinander verschachtelte Elemente werden nicht angenommen."
                ),
                format!("More than {OPEN_MAX} elements within each other are not accepted."),
            ))),
            Ok(event) => {
                match event {
                    Event::Start(_) => self.open += 1,
                    Event::End(_) => self.open = self.open.saturating_sub(1),
                    Event::Empty(_)
                    | Event::Text(_)
                    | Event::CData(_)
                    | Event::Comment(_)
                    | Event::Decl(_)
                    | Event::PI(_)
                    | Event::DocType(_)
                    | Event::GeneralRef(_)
                    | Event::Eof => {}
                }
                Ok(event)
            }
            Err(error) => {
                tracing::debug!(%error, "the plan is no XML");
                Err(Stop(Fault::WrongFormat {
                    expected: text("wohlgeformtes XML", "well-formed XML"),
                }))
            }
        }
    }

    /// The name of the next element within the open one; nothing at its end. Text is passed over.
    fn child(&mut self) -> Result<Option<String>, Stop> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    let name = start.local_name();
                    return Ok(Some(String::from_utf8_lossy(name.as_ref()).into_owned()));
                }
                Event::End(_) => return Ok(None),
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_)
                | Event::Eof => {}
            }
        }
    }

    /// Passes over the open element.
    fn skip(&mut self) -> Result<(), Stop> {
        let mut open: usize = 1;
        while open > 0 {
            match self.event()? {
                Event::Start(_) => open += 1,
                Event::End(_) => open -= 1,
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_)
                | Event::Eof => {}
            }
        }
        Ok(())
    }

    /// The text of the open element; elements within it are passed over.
    fn text(&mut self) -> Result<String, Stop> {
        let mut found = String::new();
        let mut within: usize = 0;
        loop {
            match self.event()? {
                Event::Start(_) => within += 1,
                Event::End(_) if within == 0 => return Ok(found),
                Event::End(_) => within -= 1,
                Event::Text(piece) if within == 0 => {
                    found.push_str(&piece.decode().map_err(|_source| Stop(cut_off()))?);
                }
                Event::CData(piece) if within == 0 => {
                    found.push_str(&piece.decode().map_err(|_source| Stop(cut_off()))?);
                }
                Event::GeneralRef(named) if within == 0 => found.push(character(&named)?),
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_)
                | Event::Eof => {}
            }
        }
    }

    /// The whole message: finds the plan in it.
    fn message(&mut self) -> Result<(), Stop> {
        self.root()?;
        let mut plans = 0_usize;
        self.path.push(MESSAGE.to_owned());
        while let Some(name) = self.child()? {
            match name.as_str() {
                "Aktenplan" => {
                    plans += 1;
                    self.path.push("Aktenplan".to_owned());
                    if plans > 1 {
                        self.wrong(rule(
                            "several-plans",
                            "Die Nachricht enthält mehrere Aktenpläne; eingelesen wird jeweils einer.",
                            "The message holds several file plans; one is read at a time.",
                        ));
                        self.skip()?;
                    } else {
                        self.plan()?;
                    }
                    self.path.pop();
                }
                _ => self.skip()?,
            }
        }
        if plans == 0 {
            self.path.push("Aktenplan".to_owned());
            self.wrong(Fault::Required);
            self.path.pop();
        }
        Ok(())
    }

    /// Reads up to the start of the message; anything else is refused.
    fn root(&mut self) -> Result<(), Stop> {
        loop {
            let event = self.event()?;
            let Event::Start(start) = event else { continue };
            let name = start.name().as_ref().to_vec();
            let name = quick_xml::name::QName(&name);
            let (space, local) = self.xml.resolver().resolve_element(name);
            let known = match space {
                ResolveResult::Bound(space) => [Xdomea::V310, Xdomea::V400]
                    .iter()
                    .any(|one| one.namespace().as_bytes() == space.as_ref()),
                ResolveResult::Unbound | ResolveResult::Unknown(_) => false,
            };
            if known && local.as_ref() == MESSAGE.as_bytes() {
                return Ok(());
            }
            return Err(Stop(Fault::WrongFormat {
                expected: text(
                    "eine Nachricht Aktenplan.Aktenplan.0301 von xdomea 3.1.0 oder 4.0.0",
                    "a message Aktenplan.Aktenplan.0301 of xdomea 3.1.0 or 4.0.0",
                ),
            }));
        }
    }

    fn plan(&mut self) -> Result<(), Stop> {
        let mut units = 0_usize;
        while let Some(name) = self.child()? {
            match name.as_str() {
                "Bezeichnung" => self.drafting.draft.name = self.named(&name)?,
                "Version" => self.drafting.draft.edition = self.named(&name)?,
                "Gueltigkeit" => self.validity()?,
                "Einheit" => {
                    units += 1;
                    self.unit(units, Above::Nothing, 1)?;
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    fn named(&mut self, element: &str) -> Result<Option<String>, Stop> {
        let raw = self.text()?;
        match line(&raw, NAME_CHARS_MAX) {
            Ok(name) => Ok(name),
            Err(fault) => {
                self.path.push(element.to_owned());
                self.wrong(fault);
                self.path.pop();
                Ok(None)
            }
        }
    }

    fn validity(&mut self) -> Result<(), Stop> {
        while let Some(name) = self.child()? {
            let raw = self.text()?;
            let day = CivilDate::parse(raw.trim());
            if day.is_none() {
                self.path.push(format!("Gueltigkeit/{name}"));
                self.wrong(Fault::WrongFormat {
                    expected: text("ein Datum JJJJ-MM-TT", "a date YYYY-MM-DD"),
                });
                self.path.pop();
            }
            match name.as_str() {
                "Beginn" => self.drafting.draft.valid_from = day,
                "Ende" => self.drafting.draft.valid_until = day,
                _ => {}
            }
        }
        Ok(())
    }

    /// A unit, and those within it.
    fn unit(&mut self, number: usize, above: Above, level: usize) -> Result<(), Stop> {
        self.path.push(format!("Einheit[{number}]"));
        if level > DEPTH_MAX {
            self.wrong(super::draft::misplaced_fault(super::model::Misplaced::Deep));
            self.skip()?;
            self.path.pop();
            return Ok(());
        }
        if self.drafting.len() >= UNITS_MAX {
            return Err(Stop(Fault::TooMany {
                max: u64::try_from(UNITS_MAX).unwrap_or(u64::MAX),
            }));
        }
        let place = self.drafting.push(Raw {
            spot: Spot::Path(self.path()),
            above,
            cells: HashMap::new(),
        });
        let (mut below, mut short) = (0_usize, None);
        while let Some(name) = self.child()? {
            let column = match name.as_str() {
                "Einheit" => {
                    below += 1;
                    self.unit(below, Above::Place(place), level + 1)?;
                    continue;
                }
                "Aussonderungsart" => {
                    let found = self.disposal()?;
                    self.drafting.say(place, Column::Disposal, found);
                    continue;
                }
                "Aufbewahrungsdauer" => {
                    let found = self.retention()?;
                    self.drafting.say(place, Column::Retention, found);
                    continue;
                }
                "AnwendungsspezifischeErweiterung" => {
                    self.extension(place)?;
                    continue;
                }
                "BetreffKurz" => {
                    short = Some(self.text()?);
                    continue;
                }
                "Kennzeichen" => Column::Code,
                "Inhaltsangabe" => Column::Title,
                "Stillgelegt" => Column::Retired,
                _ => {
                    self.skip()?;
                    continue;
                }
            };
            let cell = self.text()?;
            self.drafting.say(place, column, cell);
        }
        if let Some(short) = short {
            self.drafting.say_if_silent(place, Column::Title, short);
        }
        self.path.pop();
        Ok(())
    }

    /// The code of the list; the words of a configurable one are no code, and found to be none.
    fn disposal(&mut self) -> Result<String, Stop> {
        let mut found = String::new();
        while let Some(name) = self.child()? {
            match name.as_str() {
                "Aussonderungsart" => {
                    while let Some(name) = self.child()? {
                        let text = self.text()?;
                        if name == "code" {
                            found = text;
                        }
                    }
                }
                _ => found = self.text()?,
            }
        }
        Ok(found)
    }

    fn retention(&mut self) -> Result<String, Stop> {
        let mut found = String::new();
        while let Some(name) = self.child()? {
            let text = self.text()?;
            match name.as_str() {
                "AnzahlJahre" => found = text,
                "Unbefristet" => super::cells::FOREVER.clone_into(&mut found),
                _ => {}
            }
        }
        Ok(found)
    }

    /// What we say beyond xdomea; the extensions of others are passed over.
    fn extension(&mut self, place: usize) -> Result<(), Stop> {
        let mut own = false;
        let mut fields: Vec<(String, String)> = Vec::new();
        while let Some(name) = self.child()? {
            match name.as_str() {
                "Kennung" => own = self.text()?.trim() == OWN,
                "Feld" => {
                    let (mut key, mut value) = (String::new(), String::new());
                    while let Some(name) = self.child()? {
                        let text = self.text()?;
                        match name.as_str() {
                            "Name" => key = text,
                            "Wert" => value = text,
                            _ => {}
                        }
                    }
                    // Those of others may be many; ours are few.
                    if fields.len() < EXTENDED.len() {
                        fields.push((key, value));
                    }
                }
                _ => self.skip()?,
            }
        }
        if own {
            for (key, value) in fields {
                let column = EXTENDED.into_iter().find(|one| one.german() == key.trim());
                if let Some(column) = column {
                    self.drafting.say(place, column, value);
                }
            }
        }
        Ok(())
    }
}

fn cut_off() -> Fault {
    rule(
        "cut-off",
        "Die Datei bricht ab, bevor die Nachricht zu Ende ist.",
        "The content ends before the message does.",
    )
}

/// The character that a reference means: by number, or one of the five that XML itself names.
fn character(named: &BytesRef<'_>) -> Result<char, Stop> {
    if let Ok(Some(found)) = named.resolve_char_ref() {
        return Ok(found);
    }
    let name: &[u8] = named;
    match name {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        _ => Err(Stop(rule(
            "entity",
            "Entitäten werden nicht angenommen.",
            "Entities are not accepted.",
        ))),
    }
}

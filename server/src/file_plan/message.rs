//! The plan as an xdomea message 0301: writing it, valid under the schemas of 3.1.0 and 4.0.0.

use std::collections::HashMap;

use quick_xml::escape::partial_escape;
use uuid::Uuid;

use super::draft::{Column, Draft, Entry};
use super::xdomea::{EXTENDED, MESSAGE, OWN, Xdomea};
use crate::base::Timestamp;

/// What a message says about itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope {
    /// Its own id.
    pub(super) message: Uuid,
    /// The id of what it belongs to: of the plan.
    pub(super) process: Uuid,
    /// When it was written.
    pub(super) at: Timestamp,
}

/// Writes a message.
pub(super) fn write(draft: &Draft, version: Xdomea, envelope: Envelope) -> String {
    let mut xml = Xml::default();
    xml.out
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let space = format!("xmlns:xdomea=\"{}\"", version.namespace());
    match version {
        Xdomea::V310 => {
            xml.open_with(MESSAGE, &space);
            head_310(&mut xml, envelope);
        }
        Xdomea::V400 => {
            let product = format!(
                "{space} produkt=\"Papierlos\" produkthersteller=\"Papierlos\" \
                 produktversion=\"{}\" standard=\"xdomea\" version=\"4.0.0\"",
                env!("CARGO_PKG_VERSION")
            );
            xml.open_with(MESSAGE, &product);
            head_400(&mut xml, envelope);
        }
    }
    plan(&mut xml, draft);
    xml.close(MESSAGE);
    xml.out
}

fn head_310(xml: &mut Xml, envelope: Envelope) {
    xml.open("Kopf");
    xml.leaf("ProzessID", &envelope.process.to_string());
    xml.open("Nachrichtentyp");
    xml.bare("code", "0301");
    xml.close("Nachrichtentyp");
    xml.leaf("Erstellungszeitpunkt", &envelope.at.to_string());
    // Who sends it to whom is known to those who do.
    xml.open("Absender");
    xml.close("Absender");
    xml.open("Empfaenger");
    xml.close("Empfaenger");
    xml.open("SendendesSystem");
    xml.leaf("Produktname", "Papierlos");
    xml.leaf("Version", env!("CARGO_PKG_VERSION"));
    xml.close("SendendesSystem");
    xml.leaf("Empfangsbestaetigung", "0");
    xml.close("Kopf");
}

fn head_400(xml: &mut Xml, envelope: Envelope) {
    xml.open("nachrichtenkopf");
    xml.open("identifikation.nachricht");
    xml.bare("nachrichtenUUID", &envelope.message.to_string());
    xml.line("<nachrichtentyp listURI=\"urn:xoev-de:xdomea:codeliste:nachrichtentyp\" listVersionID=\"3.0\">");
    xml.bare("code", "0301");
    xml.line("</nachrichtentyp>");
    xml.bare("erstellungszeitpunkt", &envelope.at.to_string());
    xml.close("identifikation.nachricht");
    xml.open("leser");
    xml.close("leser");
    xml.open("autor");
    xml.close("autor");
    xml.leaf("ProzessID", &envelope.process.to_string());
    xml.close("nachrichtenkopf");
    xml.leaf("Empfangsbestaetigung", "0");
}

fn plan(xml: &mut Xml, draft: &Draft) {
    xml.open("Aktenplan");
    xml.leaf("Bezeichnung", draft.name.as_deref().unwrap_or_default());
    xml.leaf("Version", draft.edition.as_deref().unwrap_or_default());
    let mut below: HashMap<Option<&str>, Vec<&Entry>> = HashMap::new();
    for entry in &draft.entries {
        below
            .entry(entry.parent.as_deref())
            .or_default()
            .push(entry);
    }
    units(xml, &below, None);
    if draft.valid_from.is_some() || draft.valid_until.is_some() {
        xml.open("Gueltigkeit");
        if let Some(from) = draft.valid_from {
            xml.leaf("Beginn", &from.to_string());
        }
        if let Some(until) = draft.valid_until {
            xml.leaf("Ende", &until.to_string());
        }
        xml.close("Gueltigkeit");
    }
    xml.close("Aktenplan");
}

/// The units below one, each with those below it: as deep as a plan may be.
fn units(xml: &mut Xml, below: &HashMap<Option<&str>, Vec<&Entry>>, parent: Option<&str>) {
    for entry in below.get(&parent).map(Vec::as_slice).unwrap_or_default() {
        xml.open("Einheit");
        xml.leaf("Kennzeichen", &entry.code);
        xml.leaf("Inhaltsangabe", &entry.title);
        xml.open("Aussonderungsart");
        xml.open("Aussonderungsart");
        xml.bare("code", entry.disposal.code());
        xml.close("Aussonderungsart");
        xml.close("Aussonderungsart");
        xml.leaf("Stillgelegt", if entry.retired { "1" } else { "0" });
        xml.open("Aufbewahrungsdauer");
        match entry.retention_years {
            Some(years) => xml.leaf("AnzahlJahre", &years.to_string()),
            None => xml.leaf("Unbefristet", "1"),
        }
        xml.close("Aufbewahrungsdauer");
        units(xml, below, Some(&entry.code));
        extension(xml, entry);
        xml.close("Einheit");
    }
}

fn extension(xml: &mut Xml, entry: &Entry) {
    let said = |column: Column| -> Option<String> {
        match column {
            Column::Protection => entry.protection.clone(),
            Column::Note => entry.note.clone(),
            Column::FilePattern => entry.file_pattern.clone(),
            Column::CasePattern => entry.case_pattern.clone(),
            Column::DocumentPattern => entry.document_pattern.clone(),
            Column::Transfer => entry.transfer_years.map(|years| years.to_string()),
            Column::Compartment => entry.compartment.clone(),
            Column::LegalBasis => entry.legal_basis.clone(),
            Column::Code
            | Column::Title
            | Column::Retention
            | Column::Disposal
            | Column::Parent
            | Column::Retired => None,
        }
    };
    let fields: Vec<(Column, String)> = EXTENDED
        .into_iter()
        .filter_map(|column| Some((column, said(column)?)))
        .collect();
    if fields.is_empty() {
        return;
    }
    xml.open("AnwendungsspezifischeErweiterung");
    xml.leaf("Kennung", OWN);
    xml.leaf("Name", "Papierlos");
    for (column, value) in fields {
        xml.open("Feld");
        xml.leaf("Name", column.german());
        xml.leaf("Wert", &value);
        xml.close("Feld");
    }
    xml.close("AnwendungsspezifischeErweiterung");
}

/// Elements, indented.
#[derive(Debug, Default)]
struct Xml {
    out: String,
    depth: usize,
}

impl Xml {
    fn line(&mut self, line: &str) {
        self.out.push_str(&"  ".repeat(self.depth));
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn open(&mut self, name: &str) {
        self.line(&format!("<xdomea:{name}>"));
        self.depth += 1;
    }

    fn open_with(&mut self, name: &str, attributes: &str) {
        self.line(&format!("<xdomea:{name} {attributes}>"));
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line(&format!("</xdomea:{name}>"));
    }

    fn leaf(&mut self, name: &str, text: &str) {
        let text = partial_escape(text);
        self.line(&format!("<xdomea:{name}>{text}</xdomea:{name}>"));
    }

    /// An element without a namespace, as code lists have them.
    fn bare(&mut self, name: &str, text: &str) {
        let text = partial_escape(text);
        self.line(&format!("<{name}>{text}</{name}>"));
    }
}

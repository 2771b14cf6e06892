//! What the metadata of a file say: of what people read nothing is changed by whoever only proves a signature.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::structure::{Broken, Dictionary, Object, View};

use super::super::model::Reason;
use super::{Step, different};

/// What programs note in the document information about their writing.
const NOTED: [&str; 2] = ["ModDate", "Producer"];
/// The same in XMP, by names without prefix.
const NOTED_XMP: [&str; 5] = [
    "ModifyDate",
    "MetadataDate",
    "Producer",
    "InstanceID",
    "History",
];
/// XMP that differs in no more than that.
const XMP_NOTED: &str = "Metadata: ModifyDate";
/// Elements of XMP that lie in others, at most.
const DEPTH_MAX: usize = 32;

/// Whether a change of metadata is no more than what a program notes about its own writing.
pub(in crate::verify) fn is_noted(what: Option<&str>) -> bool {
    what.is_some_and(|what| what == XMP_NOTED || NOTED.contains(&what))
}

impl Step<'_> {
    /// The document information, entry by entry.
    pub(super) fn information(&mut self) -> Result<(), Broken> {
        let none = Dictionary::default();
        let (old, new) = (
            self.old.value(self.old.trailer(), "Info")?,
            self.new.value(self.new.trailer(), "Info")?,
        );
        if old == new {
            return Ok(());
        }
        let entries = |object: &Object| {
            if object.is_null() {
                return Some(none.clone());
            }
            object.dictionary().cloned()
        };
        let (Some(before), Some(after)) = (entries(&old), entries(&new)) else {
            self.say(Reason::MetadataChangedLater, "Info".to_owned());
            return Ok(());
        };
        for key in different(&before, &after) {
            let name = String::from_utf8_lossy(&key).into_owned();
            let name = if name == XMP_NOTED {
                "Info".to_owned()
            } else {
                name
            };
            self.say(Reason::MetadataChangedLater, name);
        }
        Ok(())
    }

    /// How a change of the XMP is called, which stood there before and stands there now.
    pub(super) fn xmp(&self, before: &Object, after: &Object) -> String {
        let said = |view: View<'_>, object: &Object| {
            if object.is_null() {
                return Some(Said::new());
            }
            words(&String::from_utf8(view.stream(object)?).ok()?)
        };
        let (old, new) = (said(self.old, before), said(self.new, after));
        if old.is_some() && old == new {
            XMP_NOTED.to_owned()
        } else {
            "Metadata".to_owned()
        }
    }
}

/// What XMP says: values by the names under which they stand, in their order.
type Said = BTreeMap<String, Vec<String>>;

/// The namespaces by their prefixes. Whoever gives one prefix to two is not understood.
#[derive(Default)]
struct Spaces(BTreeMap<Vec<u8>, Vec<u8>>);

impl Spaces {
    fn learn(&mut self, tag: &BytesStart<'_>) -> Option<()> {
        for one in tag.attributes().with_checks(false) {
            let one = one.ok()?;
            let key = one.key.as_ref();
            let prefix = match key.strip_prefix(b"xmlns") {
                Some([]) => &[][..],
                Some([b':', prefix @ ..]) => prefix,
                Some(_) | None => continue,
            };
            let space = one.value.to_vec();
            let known = self.0.entry(prefix.to_vec()).or_insert(space.clone());
            if *known != space {
                return None;
            }
        }
        Some(())
    }

    /// A name with its namespace; what programs note about their writing is told by its name alone.
    fn full(&self, prefix: Option<&[u8]>, local: &[u8]) -> String {
        let local = String::from_utf8_lossy(local).into_owned();
        if NOTED_XMP.contains(&local.as_str()) {
            return local;
        }
        let prefix = prefix.unwrap_or_default();
        let space = self.0.get(prefix).map_or(prefix, Vec::as_slice);
        format!("{}:{local}", String::from_utf8_lossy(space))
    }

    /// The name of an element; of those that only hold others no more than their language.
    fn named(&self, tag: &BytesStart<'_>) -> String {
        let name = tag.name();
        let prefix = name.prefix().map(|prefix| prefix.as_ref().to_vec());
        let holds = matches!(prefix.as_deref(), Some(b"rdf" | b"x"));
        let mut named = if holds {
            String::new()
        } else {
            self.full(prefix.as_deref(), name.local_name().as_ref())
        };
        let mut all = tag.attributes();
        let all = all.with_checks(false).filter_map(Result::ok);
        for one in all.filter(|one| one.key.as_ref() == b"xml:lang") {
            named.push('@');
            named.push_str(&String::from_utf8_lossy(&one.value));
        }
        named
    }
}

/// What XMP says, without what programs note; nothing where it cannot be read.
fn words(text: &str) -> Option<Said> {
    let mut reader = Reader::from_str(text);
    let (mut found, mut spaces) = (Said::new(), Spaces::default());
    let mut open: Vec<String> = Vec::new();
    let mut value = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                keep(&mut found, &open, &mut value);
                spaces.learn(&tag)?;
                attributes(&tag, (&mut found, &spaces), &open)?;
                open.push(spaces.named(&tag));
                if open.len() > DEPTH_MAX {
                    return None;
                }
            }
            Event::Empty(tag) => {
                keep(&mut found, &open, &mut value);
                spaces.learn(&tag)?;
                attributes(&tag, (&mut found, &spaces), &open)?;
            }
            Event::End(_) => {
                keep(&mut found, &open, &mut value);
                open.pop()?;
            }
            Event::Text(piece) => value.push_str(&piece.decode().ok()?),
            Event::CData(piece) => value.push_str(&piece.decode().ok()?),
            Event::GeneralRef(piece) => {
                value.push('&');
                value.push_str(&piece.decode().ok()?);
                value.push(';');
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    open.is_empty().then_some(found)
}

fn keep(found: &mut Said, open: &[String], value: &mut String) {
    let said = std::mem::take(value);
    let names: Vec<&str> = open.iter().map(String::as_str).collect();
    add(found, &names, said.trim());
}

fn attributes(
    tag: &BytesStart<'_>,
    (found, spaces): (&mut Said, &Spaces),
    open: &[String],
) -> Option<()> {
    let own = spaces.named(tag);
    let mut all = tag.attributes();
    for one in all.with_checks(false) {
        let one = one.ok()?;
        let prefix = one.key.prefix().map(|prefix| prefix.as_ref().to_vec());
        let local = one.key.local_name();
        // Names of kinds, of languages, and of what is about to come; where something leads is said.
        let beside = match prefix.as_deref() {
            None | Some(b"xmlns" | b"xml" | b"x") => true,
            Some(b"rdf") => !matches!(local.as_ref(), b"resource" | b"value"),
            Some(_) => false,
        };
        if beside {
            continue;
        }
        let name = spaces.full(prefix.as_deref(), local.as_ref());
        let mut names: Vec<&str> = open.iter().map(String::as_str).collect();
        names.extend([own.as_str(), name.as_str()]);
        add(found, &names, String::from_utf8_lossy(&one.value).trim());
    }
    Some(())
}

fn add(found: &mut Said, names: &[&str], value: &str) {
    if value.is_empty() || names.iter().any(|name| NOTED_XMP.contains(name)) {
        return;
    }
    let names: Vec<&str> = names.iter().copied().filter(|it| !it.is_empty()).collect();
    let said = found.entry(names.join("/")).or_default();
    said.push(value.to_owned());
}

#[cfg(test)]
mod tests {
    use super::{is_noted, words};

    #[test]
    fn xmp_says_the_same_however_it_is_written_and_another_title_is_another() {
        let packet = |inside: &str| {
            format!(
                "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>\n<x:xmpmeta xmlns:x='adobe:ns:meta/'>\
                 <rdf:RDF xmlns:rdf='r' xmlns:xmp='p' xmlns:dc='d'>{inside}</rdf:RDF></x:xmpmeta>"
            )
        };
        let title = |title: &str| {
            format!(
                "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>{title}</rdf:li></rdf:Alt></dc:title>"
            )
        };
        let flat = packet(&format!(
            "<rdf:Description rdf:about='' xmp:CreatorTool='Amt' xmp:ModifyDate='2026-01-01'>{}</rdf:Description>",
            title("Bescheid")
        ));
        let nested = |name: &str| {
            packet(&format!(
                "<rdf:Description rdf:about=''><xmp:CreatorTool>Amt</xmp:CreatorTool>\
                 <xmp:ModifyDate>2026-02-02</xmp:ModifyDate></rdf:Description>\
                 <rdf:Description>{}</rdf:Description>",
                title(name)
            ))
        };
        assert!(words(&flat).is_some_and(|all| all.len() == 2));
        assert_eq!(words(&flat), words(&nested("Bescheid")));
        assert_ne!(words(&flat), words(&nested("Anderes")));
        assert_ne!(words(&flat), words(&nested("")));
        // Another namespace, another language, another order, another place to which it leads.
        let renamed = flat.replace("xmlns:dc='d'", "xmlns:dc='other'");
        assert_ne!(words(&flat), words(&renamed));
        let renamed = flat.replace("xmlns:dc='d'", "xmlns:dc='d' xmlns:zz='z'");
        let renamed = renamed.replace("dc:title", "zz:title");
        assert_ne!(words(&flat), words(&renamed));
        let two = |one: &str, other: &str| {
            packet(&format!(
                "<rdf:Description><dc:title><rdf:Alt><rdf:li xml:lang='{one}'>A</rdf:li>\
                 <rdf:li xml:lang='{other}'>B</rdf:li></rdf:Alt></dc:title></rdf:Description>"
            ))
        };
        assert_ne!(
            words(&two("x-default", "de")),
            words(&two("de", "x-default"))
        );
        let by = |one: &str, other: &str| {
            packet(&format!(
                "<rdf:Description><dc:creator><rdf:Seq><rdf:li>{one}</rdf:li><rdf:li>{other}</rdf:li></rdf:Seq>\
                 </dc:creator></rdf:Description>"
            ))
        };
        assert_ne!(words(&by("Amt", "Rat")), words(&by("Rat", "Amt")));
        let leads = |to: &str| {
            packet(&format!(
                "<rdf:Description><dc:source rdf:resource='{to}'/></rdf:Description>"
            ))
        };
        assert_ne!(words(&leads("a")), words(&leads("b")));
        let again = "<a xmlns:p='1'><b xmlns:p='2'/></a>";
        assert_eq!(words(again), None);
        assert_eq!(words("<a><b></a>"), None);
        assert_eq!(words("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), None);
    }

    #[test]
    fn what_programs_note_is_told_apart() {
        for what in ["ModDate", "Producer", "Metadata: ModifyDate"] {
            assert!(is_noted(Some(what)), "{what}");
        }
        for what in ["Title", "Metadata", "Info", "Author"] {
            assert!(!is_noted(Some(what)), "{what}");
        }
        assert!(!is_noted(None));
    }
}

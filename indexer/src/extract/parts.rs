//! What is in a document that contains others: the mail's own words, and its parts. Names are data
//! only: nothing is ever written under one.

use serde::{Deserialize, Serialize};

use super::Reason;

/// Addresses of one field of a mail that are kept.
const ADDRESSES_MAX: usize = 100;
/// Identifications of other mails that are kept.
const ANSWERED_MAX: usize = 20;
/// The longest field of a mail that is kept whole, in characters.
const FIELD_CHARS_MAX: usize = 1_000;
/// The longest path of a part, in characters.
const PATH_CHARS_MAX: usize = 1_000;
/// So many parts that were not taken out are named.
pub(super) const LEFT_OUT_MAX: usize = 100;

/// What a mail says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Address>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Address>,
    /// To whom else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// What about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was sent, by its own words: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<i64>,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What those that it answers call themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_reply_to: Vec<String>,
}

/// Somebody in a field of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Characters that nobody sees, those among them that turn the direction of what follows: `gpj.exe` must
/// not be shown as `exe.jpg`. The names of files that the server gives out lack the same.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}')
}

/// One line, without control characters and what nobody sees, not longer than it may be; nothing where
/// nothing is left.
fn line(raw: Option<String>, chars_max: usize) -> Option<String> {
    let raw: String = raw?.chars().filter(|c| !is_invisible(*c)).collect();
    let mut out = String::new();
    for word in raw.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    if let Some((end, _)) = out.char_indices().nth(chars_max) {
        out.truncate(end);
    }
    (!out.is_empty()).then_some(out)
}

impl Address {
    fn bounded(self) -> Option<Self> {
        let bounded = Self {
            name: line(self.name, FIELD_CHARS_MAX),
            address: line(self.address, FIELD_CHARS_MAX),
        };
        (bounded != Self::default()).then_some(bounded)
    }

    /// As people write it.
    pub fn spelled(&self) -> String {
        match (&self.name, &self.address) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => String::new(),
        }
    }
}

impl Mail {
    /// The same, in the limits that a mail's fields have.
    pub(super) fn bounded(self) -> Self {
        let some = |all: Vec<Address>| -> Vec<Address> {
            let all = all.into_iter().filter_map(Address::bounded);
            all.take(ADDRESSES_MAX).collect()
        };
        let answered = self.in_reply_to.into_iter();
        let answered = answered.filter_map(|id| line(Some(id), FIELD_CHARS_MAX));
        Self {
            from: some(self.from),
            to: some(self.to),
            cc: some(self.cc),
            subject: line(self.subject, FIELD_CHARS_MAX),
            sent: self.sent,
            message_id: line(self.message_id, FIELD_CHARS_MAX),
            in_reply_to: answered.take(ANSWERED_MAX).collect(),
        }
    }

    /// What stands above the text when a mail is read or printed.
    pub(super) fn head(&self) -> String {
        let people = |all: &[Address]| -> String {
            let all: Vec<String> = all.iter().map(Address::spelled).collect();
            all.join(", ")
        };
        let mut lines = String::new();
        for (label, value) in [
            ("Von", people(&self.from)),
            ("An", people(&self.to)),
            ("Kopie", people(&self.cc)),
            ("Betreff", self.subject.clone().unwrap_or_default()),
        ] {
            if !value.is_empty() {
                lines.push_str(label);
                lines.push_str(": ");
                lines.push_str(&value);
                lines.push('\n');
            }
        }
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines
    }
}

/// What a part is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHead {
    /// Its name, with the folders in which it lies: as a stranger wrote it.
    #[serde(default)]
    pub path: String,
    /// What it is about, where that is not its name: the subject of a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl PartHead {
    pub(super) fn bounded(self) -> Self {
        Self {
            path: line(Some(self.path), PATH_CHARS_MAX).unwrap_or_default(),
            title: line(self.title, FIELD_CHARS_MAX),
        }
    }
}

/// A part that was not taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why it was not.
    pub reason: Reason,
}

impl LeftOut {
    pub(super) fn new(name: &str, reason: Reason) -> Self {
        Self {
            name: line(Some(name.to_owned()), PATH_CHARS_MAX).unwrap_or_default(),
            reason,
        }
    }

    /// The number of its reason in a frame.
    pub(super) fn number(&self) -> u8 {
        let at = Reason::ALL.iter().position(|it| *it == self.reason);
        at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
    }

    /// From a frame: only reasons that a part can have.
    pub(super) fn of(number: u8, name: &str) -> Option<Self> {
        let reason = *Reason::ALL.get(usize::from(number))?;
        let of_parts = matches!(
            reason,
            Reason::PartsEncrypted
                | Reason::PartsDamaged
                | Reason::PartsOverLimit
                | Reason::PartsElsewhere
                | Reason::Biometric
        );
        of_parts.then(|| Self::new(name, reason))
    }
}

/// What the taker of parts is told, in this order: a head, its bytes, its end.
#[derive(Debug)]
pub enum Taken {
    /// A part begins.
    Head(PartHead),
    /// Its next bytes.
    Bytes(Vec<u8>),
    /// It ends; what is not whole is to be thrown away.
    End {
        /// Whether it is whole.
        whole: bool,
    },
}

/// How much may still be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many parts.
    pub parts: u32,
    /// So many bytes.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_turn_no_direction() {
        let turned = "Rechnung\u{202e}fdp.exe";
        let left = LeftOut::new(turned, Reason::PartsDamaged);
        assert_eq!(left.name, "Rechnungfdp.exe");
        let again =
            LeftOut::of(left.number(), "a\u{2066}b\r\nc\u{200b}").expect("a reason of parts");
        assert_eq!(again.name, "ab c");
        let mail = Mail {
            from: vec![Address {
                name: Some("Bank\u{202e}knaB".into()),
                address: Some("a\u{200f}@b.example".into()),
            }],
            subject: Some("\u{2067}\u{feff}".into()),
            ..Mail::default()
        };
        let mail = mail.bounded();
        assert_eq!(mail.from[0].spelled(), "BankknaB <a@b.example>");
        assert_eq!(mail.subject, None);
        let head = PartHead {
            path: "Ordner/\u{202d}x".into(),
            title: Some("\u{2028}Grüße".into()),
        };
        let head = head.bounded();
        assert_eq!(head.path, "Ordner/x");
        assert_eq!(head.title.as_deref(), Some("Grüße"));
    }
}

//! A template as it stands in TOML, before it is checked.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use toml::Spanned;

use super::template::Wording;

/// The whole source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sheet {
    pub(super) id: Spanned<String>,
    pub(super) version: Spanned<u32>,
    pub(super) title: Spanned<Wording>,
    #[serde(default)]
    pub(super) legal_basis: Vec<Spanned<String>>,
    pub(super) document_type: Spanned<String>,
    pub(super) plan_unit: Option<Spanned<String>>,
    pub(super) retention: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) sample: bool,
    #[serde(default)]
    pub(super) identity_check: IdentityWord,
    #[serde(default)]
    pub(super) field: Vec<Spanned<FieldSheet>>,
    #[serde(default)]
    pub(super) signature: Vec<Spanned<SignatureSheet>>,
    #[serde(default)]
    pub(super) block: Vec<Spanned<BlockSheet>>,
}

/// Whether an identity check must be recorded before a form is signed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum IdentityWord {
    #[default]
    Optional,
    Required,
}

/// A field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSheet {
    pub(super) key: String,
    pub(super) label: Wording,
    pub(super) hint: Option<Wording>,
    pub(super) kind: FieldWord,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) from: Option<String>,
    pub(super) when: Option<ConditionSheet>,
    pub(super) chars_max: Option<usize>,
    pub(super) lines: Option<usize>,
    pub(super) pattern: Option<String>,
    pub(super) entries: Option<Vec<EntrySheet>>,
    pub(super) decimals: Option<usize>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) unit: Option<String>,
}

/// The kind of a field.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FieldWord {
    Text,
    Date,
    Choice,
    YesNo,
    Number,
}

/// What can be chosen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntrySheet {
    pub(super) value: String,
    pub(super) label: Wording,
}

/// When something holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionSheet {
    pub(super) field: String,
    pub(super) is: String,
}

/// Where somebody signs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureSheet {
    pub(super) key: String,
    pub(super) label: Wording,
    pub(super) who: SignerWord,
    pub(super) width_mm: Option<u16>,
    pub(super) height_mm: Option<u16>,
}

/// Who signs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SignerWord {
    Citizen,
    Clerk,
}

/// A block. Which of its words it may have follows from its kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockSheet {
    pub(super) kind: BlockWord,
    pub(super) when: Option<ConditionSheet>,
    pub(super) level: Option<u16>,
    pub(super) title: Option<Wording>,
    pub(super) text: Option<Wording>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) items: Option<Vec<Wording>>,
    pub(super) field: Option<String>,
    pub(super) is: Option<String>,
    pub(super) signatures: Option<Vec<String>>,
}

/// The kind of a block.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BlockWord {
    Heading,
    Paragraph,
    Fields,
    List,
    Checkbox,
    Signature,
    PageBreak,
    Notice,
}

impl BlockWord {
    /// As it stands in a template.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Paragraph => "paragraph",
            Self::Fields => "fields",
            Self::List => "list",
            Self::Checkbox => "checkbox",
            Self::Signature => "signature",
            Self::PageBreak => "page-break",
            Self::Notice => "notice",
        }
    }
}

/// Words are a text, in German; or a table with one text in German and one in simple words.
impl<'de> Deserialize<'de> for Wording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

struct Words;

const LANGUAGES: &[&str] = &["de", "de-simple"];

impl<'de> Visitor<'de> for Words {
    type Value = Wording;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ein Text, oder eine Tabelle mit `de` und `de-simple`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Wording, E> {
        Ok(Wording {
            german: text.to_owned(),
            simple: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wording, A::Error> {
        let (mut german, mut simple) = (None, None);
        while let Some(language) = map.next_key::<String>()? {
            match language.as_str() {
                "de" => german = Some(map.next_value()?),
                "de-simple" => simple = Some(map.next_value()?),
                other => return Err(A::Error::unknown_field(other, LANGUAGES)),
            }
        }
        let german = german.ok_or_else(|| A::Error::missing_field("de"))?;
        Ok(Wording { german, simple })
    }
}

//! What a template says, once it was checked.

use regex_lite::Regex;

/// Longest id of a template, in characters.
pub const ID_CHARS_MAX: usize = 60;

/// The language of a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// German.
    #[default]
    German,
    /// German in simple words.
    Simple,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::German, Self::Simple];

    /// As BCP 47 has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::Simple => "de-simple",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// Words in German, and in simple words where there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// In German.
    pub german: String,
    /// In simple words.
    pub simple: Option<String>,
}

impl Wording {
    /// In a language; in German where there is nothing in simple words.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match (language, &self.simple) {
            (Language::Simple, Some(simple)) => simple,
            (Language::Simple, None) | (Language::German, _) => &self.german,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.german.as_str()).chain(self.simple.as_deref())
    }
}

/// Where a value comes from, if nobody says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The reference of the case.
    CaseReference,
    /// What the case is about.
    CaseSubject,
    /// The type of the case.
    CaseKind,
    /// The day on which the case was opened.
    CaseOpenedOn,
    /// The reference of the file in which the case stands.
    FileReference,
    /// The department.
    DepartmentName,
    /// The name of the person on the other side.
    PartyName,
    /// Street and number.
    PartyStreet,
    /// The postal code.
    PartyPostalCode,
    /// The town in which the person lives.
    PartyCity,
    /// The e-mail address.
    PartyEmail,
    /// Who fills in the form.
    ClerkName,
    /// The day on which it is made.
    Today,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CaseReference,
        Self::CaseSubject,
        Self::CaseKind,
        Self::CaseOpenedOn,
        Self::FileReference,
        Self::DepartmentName,
        Self::PartyName,
        Self::PartyStreet,
        Self::PartyPostalCode,
        Self::PartyCity,
        Self::PartyEmail,
        Self::ClerkName,
        Self::Today,
    ];

    /// As a template has it.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::CaseReference => "case.reference",
            Self::CaseSubject => "case.subject",
            Self::CaseKind => "case.type",
            Self::CaseOpenedOn => "case.opened_on",
            Self::FileReference => "file.reference",
            Self::DepartmentName => "department.name",
            Self::PartyName => "party.name",
            Self::PartyStreet => "party.street",
            Self::PartyPostalCode => "party.postal_code",
            Self::PartyCity => "party.city",
            Self::PartyEmail => "party.email",
            Self::ClerkName => "clerk.name",
            Self::Today => "today",
        }
    }

    /// Reads what `path` wrote.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.path() == path)
    }

    /// Whether it is a day.
    #[must_use]
    pub const fn is_day(self) -> bool {
        matches!(self, Self::CaseOpenedOn | Self::Today)
    }
}

/// What a text must look like.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As the template has it.
    pub source: String,
    /// The whole text must match.
    pub(super) whole: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As programs have it.
    pub value: String,
    /// As it stands in the form.
    pub label: Wording,
}

/// What is said in a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// Words.
    Text {
        /// How many characters at most.
        chars_max: usize,
        /// How many lines: with more than one, lines can be broken.
        lines: usize,
        /// What it must look like.
        pattern: Option<Pattern>,
    },
    /// A day.
    Date,
    /// One of several.
    Choice(Vec<Entry>),
    /// Yes or no.
    YesNo,
    /// A number.
    Number {
        /// Places behind the comma, at most.
        decimals: usize,
        /// The smallest.
        min: Option<i64>,
        /// The largest.
        max: Option<i64>,
        /// What stands behind it.
        unit: Option<String>,
    },
}

impl FieldKind {
    /// As a template has it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Date => "date",
            Self::Choice(_) => "choice",
            Self::YesNo => "yes-no",
            Self::Number { .. } => "number",
        }
    }
}

/// Something holds only where a field has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The field: a choice, or yes or no.
    pub field: String,
    /// Its value; `yes` and `no` for yes or no.
    pub is: String,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// By which it is known in the template.
    pub key: String,
    /// How it is called in the form.
    pub label: Wording,
    /// What helps to fill it in.
    pub hint: Option<Wording>,
    /// What can be said.
    pub kind: FieldKind,
    /// Whether something must be.
    pub required: bool,
    /// Where it comes from, if nobody says it.
    pub source: Option<Source>,
    /// When it is asked.
    pub when: Option<Condition>,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Who stands before the counter.
    Citizen,
    /// Who sits behind it.
    Clerk,
}

impl Signer {
    /// As a template has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Clerk => "clerk",
        }
    }
}

/// Where somebody signs.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// By which it is known in the template.
    pub key: String,
    /// What stands below it.
    pub label: Wording,
    /// Who signs.
    pub who: Signer,
    /// From left to right, in millimetres.
    pub width_mm: u16,
    /// From top to bottom, in millimetres.
    pub height_mm: u16,
}

/// A part of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// When it stands there.
    pub when: Option<Condition>,
    /// What it is.
    pub block: Block,
}

/// What a part of a form is.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading: 2 is the highest, for the title is 1.
    Heading {
        /// 2, 3 or 4.
        level: u16,
        /// What it says.
        text: Wording,
    },
    /// Words.
    Paragraph(Wording),
    /// Fields with their labels, one below the other.
    Fields(Vec<String>),
    /// Points.
    List(Vec<Wording>),
    /// A box that is crossed where a field of the kind yes or no says yes, or a choice has a value.
    Checkbox {
        /// The field and the value for which it is crossed.
        crossed: Condition,
        /// What stands beside it.
        text: Wording,
    },
    /// Places to sign, side by side where there is room.
    Signatures(Vec<String>),
    /// The next page begins.
    PageBreak,
    /// Words that must not be overlooked.
    Notice {
        /// In bold letters.
        title: Option<Wording>,
        /// Below them.
        text: Wording,
    },
}

/// A form that can be filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// By which it is known.
    pub id: String,
    /// Counts what was changed.
    pub version: u32,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What it is called.
    pub title: Wording,
    /// Why there is such a form.
    pub legal_basis: Vec<String>,
    /// The type of the documents that are made of it.
    pub document_type: String,
    /// Where they belong in the file plan.
    pub plan_unit: Option<String>,
    /// How long they are kept, in words.
    pub retention: Option<String>,
    /// Whether it is a sample that a lawyer must look at.
    pub sample: bool,
    /// Whether an identity check must be recorded before it is signed.
    pub identity_check: bool,
    /// What is asked.
    pub fields: Vec<Field>,
    /// Where it is signed.
    pub signatures: Vec<Signature>,
    /// What it consists of.
    pub parts: Vec<Part>,
}

impl Template {
    /// A field.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|one| one.key == key)
    }

    /// Whether there is anything of it in simple words.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        self.title.simple.is_some()
    }

    /// SHA-256 of its bytes, in hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        self.sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

//! Forms: templates as data, and what is made of them when somebody filled them in. PDF/A-2a and PDF/UA-1.
//!
//! A template is one source in TOML ([`Template::read`]), known by its id and its version and pinned by SHA-256 of
//! its bytes. What is said in its fields is checked all at once ([`Template::fill`]); [`render`] writes it.
//!
//! Nothing is asked of anybody here: where values come from is named by a template ([`Source`]), and looked up by
//! whoever calls.

mod layout;
mod read;
mod sheet;
mod template;
mod text;
mod values;

pub use read::{Complaint, TEMPLATE_BYTES_MAX};
pub use template::{
    Block, Condition, Entry, Field, FieldKind, ID_CHARS_MAX, Language, Part, Pattern, Signature,
    Signer, Source, Template, Wording,
};
pub use values::{Filled, Given, Refused, Why};

use crate::page::draw::{self, About};
use crate::page::letters::Letters;
pub use crate::page::letters::{plain, unprintable};
use crate::{Moment, PaperError};

/// The forms that come with the program: samples, each under its name.
pub const SHIPPED: [(&str, &[u8]); 12] = [
    (
        "ab-vermerk.toml",
        include_bytes!("../../forms/ab-vermerk.toml"),
    ),
    (
        "ausweis-empfang.toml",
        include_bytes!("../../forms/ausweis-empfang.toml"),
    ),
    (
        "bewohnerparkausweis.toml",
        include_bytes!("../../forms/bewohnerparkausweis.toml"),
    ),
    (
        "dienstreise-genehmigung.toml",
        include_bytes!("../../forms/dienstreise-genehmigung.toml"),
    ),
    (
        "eingangsbestaetigung.toml",
        include_bytes!("../../forms/eingangsbestaetigung.toml"),
    ),
    (
        "einwilligung.toml",
        include_bytes!("../../forms/einwilligung.toml"),
    ),
    (
        "fuehrungszeugnis.toml",
        include_bytes!("../../forms/fuehrungszeugnis.toml"),
    ),
    (
        "fund-verlust.toml",
        include_bytes!("../../forms/fund-verlust.toml"),
    ),
    (
        "laufzettel.toml",
        include_bytes!("../../forms/laufzettel.toml"),
    ),
    (
        "meldebestaetigung.toml",
        include_bytes!("../../forms/meldebestaetigung.toml"),
    ),
    (
        "rechnung-rueckgabe.toml",
        include_bytes!("../../forms/rechnung-rueckgabe.toml"),
    ),
    (
        "zwischennachricht.toml",
        include_bytes!("../../forms/zwischennachricht.toml"),
    ),
];

/// What stands around a form: who issues it, when, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letterhead {
    /// The town.
    pub town: String,
    /// The office in it.
    pub office: String,
    /// Under which reference it is kept.
    pub reference: Option<String>,
    /// The civil date, as it is written.
    pub date: String,
    /// What made it.
    pub creator: String,
    /// When it was made.
    pub made: Moment,
    /// What is kept in it and nowhere else, for whoever binds to what is said by a digest.
    pub salt: Option<String>,
}

/// A form that is filled in, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The document.
    pub pdf: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// Where it is signed.
    pub places: Vec<Place>,
}

/// Where somebody signs. Points, from the lower left corner of a page: as PDF counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The key of the signature.
    pub key: String,
    /// What stands below it.
    pub label: String,
    /// Who signs.
    pub who: Signer,
    /// The page, from 1.
    pub page: usize,
    /// Its left edge.
    pub left: f32,
    /// Its lower edge.
    pub bottom: f32,
    /// From left to right.
    pub width: f32,
    /// From bottom to top.
    pub height: f32,
}

/// Makes a form of a template and of what is said in its fields. The same makes the same bytes.
///
/// # Errors
///
/// See [`PaperError`]; never for what a field says.
pub fn render(
    template: &Template,
    filled: &Filled,
    head: &Letterhead,
    language: Language,
) -> Result<Rendered, PaperError> {
    let letters = Letters::new()?;
    let (flow, places) = layout::lay(&letters, template, filled, (head, language));
    let mut description = format!(
        "Formular {}, Fassung {}, SHA-256 {}",
        template.id,
        template.version,
        template.sha256_hex()
    );
    if let Some(salt) = &head.salt {
        description.push_str(", Salz ");
        description.push_str(salt);
    }
    let about = About {
        title: template.title.of(language).to_owned(),
        language: language.code(),
        description,
        author: head.town.clone(),
        creator: head.creator.clone(),
        made: head.made,
    };
    let pdf = draw::write(&flow, &about)?;
    let pages = flow.pages.len();
    Ok(Rendered { pdf, pages, places })
}

#[cfg(test)]
mod tests;

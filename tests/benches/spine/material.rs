//! Texts, PDFs and questions: German, invented, the same in every run.

use std::fs;
use std::path::{Path, PathBuf};

use lopdf::{Document, Stream, dictionary};
use serde_json::Value;

const DOCUMENTS: &str = include_str!("../../../server/data/town/documents.jsonl");
const QUERIES: &str = include_str!("../../data/quality/queries.jsonl");

/// Chance that is the same in every run (`SplitMix64`).
#[derive(Clone, Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len());
        all.get(at).expect("something to choose from")
    }
}

/// A word that no other text has.
pub(crate) fn unique_word(number: u64) -> String {
    let mut chance = Chance(number ^ 0x5eed);
    let letters: Vec<u8> = ('a'..='z')
        .map(|letter| u8::try_from(letter).unwrap_or(b'x'))
        .collect();
    let word: String = (0..12).map(|_| char::from(*chance.of(&letters))).collect();
    format!("Qx{word}")
}

/// What the texts are made of.
#[derive(Debug)]
pub(crate) struct Pool {
    paragraphs: Vec<String>,
    titles: Vec<String>,
    kinds: Vec<String>,
    correspondents: Vec<String>,
    tags: Vec<String>,
}

/// A document without its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) correspondent: String,
    pub(crate) tags: Vec<String>,
    pub(crate) reference: String,
    /// `YYYY-MM-DD`
    pub(crate) date: String,
}

/// Endings of invented names of places and firms; with the beginnings they widen the vocabulary.
const BEGINNINGS: &[&str] = &[
    "Alten", "Berg", "Birken", "Brunn", "Buchen", "Eichen", "Erlen", "Falken", "Fuchs", "Grün",
    "Hasel", "Heide", "Hirsch", "Hohen", "Kirch", "Königs", "Linden", "Löwen", "Mühl", "Neuen",
    "Nieder", "Ober", "Rosen", "Sand", "Schön", "Stein", "Tannen", "Wald", "Weiden", "Wiesen",
];
const MIDDLES: &[&str] = &[
    "", "fel", "mar", "ler", "ber", "rin", "wal", "hil", "gun", "tro", "del", "sel",
];
const ENDINGS: &[&str] = &[
    "bach", "berg", "brück", "burg", "dorf", "feld", "furt", "hagen", "hausen", "heim", "hof",
    "horst", "ingen", "kamp", "rode", "stedt", "tal", "wald",
];

impl Pool {
    pub(crate) fn new() -> Self {
        let mut pool = Self {
            paragraphs: vec![],
            titles: vec![],
            kinds: vec![],
            correspondents: vec![],
            tags: vec![],
        };
        for line in DOCUMENTS.lines() {
            let value: Value = serde_json::from_str(line).expect("the shipped corpus");
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            pool.titles.push(text("title"));
            pool.kinds.push(text("type"));
            pool.correspondents.push(text("correspondent"));
            let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
            pool.tags.extend(
                list("tags")
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
            for page in list("pages").iter().filter_map(Value::as_str) {
                pool.paragraphs
                    .extend(page.split("\n\n").map(str::to_owned));
            }
        }
        pool.paragraphs.retain(|text| text.chars().count() > 60);
        pool.correspondents.retain(|name| !name.is_empty());
        for list in [&mut pool.kinds, &mut pool.tags, &mut pool.correspondents] {
            list.sort();
            list.dedup();
        }
        pool
    }

    /// Three pages of about 1,800 characters.
    pub(crate) fn pages(&self, number: u64) -> Vec<String> {
        let mut chance = Chance(number.wrapping_mul(7919) ^ 0x7e47);
        (0..3)
            .map(|_| {
                let mut page = String::new();
                while page.chars().count() < 1_500 {
                    let name = invented(&mut chance);
                    let other = invented(&mut chance);
                    let paragraph: &String = chance.of(&self.paragraphs);
                    page.push_str(paragraph);
                    page.push_str(&format!(
                        "\n\nFrau {name}, {other}straße {}, Kassenzeichen {}.\n\n",
                        chance.below(180) + 1,
                        chance.next() % 10_000_000_000
                    ));
                }
                page
            })
            .collect()
    }

    /// Metadata.
    pub(crate) fn paper(&self, number: u64) -> Paper {
        let mut chance = Chance(number.wrapping_mul(104_729) ^ 0x9a9e);
        let (year, month, day) = (
            2015 + chance.below(12),
            chance.below(12) + 1,
            chance.below(28) + 1,
        );
        let correspondent = if chance.below(2) == 0 {
            format!("{} GmbH", invented(&mut chance))
        } else {
            chance.of(&self.correspondents).clone()
        };
        let count = chance.below(3);
        let mut tags: Vec<String> = (0..count).map(|_| chance.of(&self.tags).clone()).collect();
        tags.sort();
        tags.dedup();
        Paper {
            title: format!("{} {}", chance.of(&self.titles), invented(&mut chance)),
            kind: chance.of(&self.kinds).clone(),
            correspondent,
            tags,
            reference: format!(
                "{:02}.{}.{}-{year}/{:04}",
                chance.below(9) + 1,
                chance.below(9) + 1,
                chance.below(9) + 1,
                chance.below(9999)
            ),
            date: format!("{year:04}-{month:02}-{day:02}"),
        }
    }
}

fn invented(chance: &mut Chance) -> String {
    format!(
        "{}{}{}",
        chance.of(BEGINNINGS),
        chance.of(MIDDLES),
        chance.of(ENDINGS)
    )
}

/// Born-digital PDFs of three pages and `bytes` bytes, no two alike, written to a folder. Each has a
/// word of its own ([`unique_word`] of its number).
pub(crate) fn pdfs(
    pool: &Pool,
    folder: &Path,
    numbers: std::ops::Range<u64>,
    bytes: usize,
) -> Vec<PathBuf> {
    fs::create_dir_all(folder).expect("a folder");
    let mut paths = Vec::new();
    for number in numbers {
        let path = folder.join(format!("{number}.pdf"));
        fs::write(&path, pdf(pool, number, bytes)).expect("room on the disk");
        paths.push(path);
    }
    paths
}

/// One such PDF. What is missing to its size is a stream that no page uses, as the program of an
/// embedded font would be.
pub(crate) fn pdf(pool: &Pool, number: u64, bytes: usize) -> Vec<u8> {
    let mut pages = pool.pages(number);
    if let Some(first) = pages.first_mut() {
        first.insert_str(0, &format!("Kennwort {}\n\n", unique_word(number)));
    }
    let pages: Vec<String> = pages.iter().map(|page| wrapped(page)).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let plain = tests::fixtures::pdf(&pages);
    let mut document = Document::load_mem(&plain).expect("our own PDF");
    let mut chance = Chance(number ^ 0xf047);
    let missing = bytes.saturating_sub(plain.len() + 200);
    let padding = (0..missing).map(|_| u8::try_from(chance.next() & 0xff).unwrap_or_default());
    document.add_object(Stream::new(dictionary! {}, padding.collect()));
    let mut whole = Vec::new();
    document
        .save_to(&mut whole)
        .expect("a vector takes every byte");
    whole
}

/// Lines of at most 95 characters that the standard encoding of PDF can carry.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let mut width = 0;
        for word in line.split_whitespace() {
            let letters = word
                .chars()
                .map(|letter| if u32::from(letter) < 256 { letter } else { '-' });
            let word: String = letters.collect();
            width += word.chars().count() + 1;
            if width > 95 {
                lines.push('\n');
                width = word.chars().count() + 1;
            }
            lines.push_str(&word);
            lines.push(' ');
        }
        lines.push('\n');
    }
    lines
}

/// The questions of the quality set that raw tantivy can be asked too: words, compounds, phrases and
/// typing errors, in the proportions of the set.
pub(crate) fn queries() -> Vec<(String, String)> {
    const CLASSES: &[&str] = &[
        "words",
        "compound",
        "compound-negative",
        "umlaut",
        "eszett",
        "inflection",
        "line-end",
        "name",
        "trap",
        "phrase",
        "stop-words",
        "typo",
        "english",
    ];
    let all = QUERIES
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("the shipped questions"));
    all.filter_map(|value| {
        let (class, query) = (value["class"].as_str()?, value["q"].as_str()?);
        CLASSES
            .contains(&class)
            .then(|| (class.to_owned(), query.to_owned()))
    })
    .collect()
}

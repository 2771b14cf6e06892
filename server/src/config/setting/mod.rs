//! Every setting, once: name, shape, default and what it means.

mod extract;
mod ground;
mod people;
mod sealing;
mod working;

use super::shape::Shape;

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Section and name, as in the file: `server.listen`.
    pub key: &'static str,
    /// What its value must look like.
    pub shape: Shape,
    /// The value where nothing is said; `{data_dir}` stands for that setting.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

impl Setting {
    /// The name of its environment variable.
    pub fn variable(&self) -> String {
        format!("PAPIERLOS_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// The setting with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }
}

const fn setting(
    key: &'static str,
    shape: Shape,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        shape,
        default,
        help,
    }
}

const fn count(min: u64, max: u64) -> Shape {
    Shape::Count { min, max }
}

const fn bytes(min: u64, max: u64) -> Shape {
    Shape::Bytes { min, max }
}

const fn words(chars_max: usize) -> Shape {
    Shape::Text { chars_max }
}

/// The tables, in the order of the documents.
const TABLES: &[&[Setting]] = &[
    ground::GROUND,
    extract::EXTRACT,
    ground::WEBHOOKS,
    people::PEOPLE,
    sealing::SEALING,
    working::WORKFLOWS,
    ground::HOUSE,
];

/// How many settings there are.
const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

/// The tables as one.
const fn joined() -> [Setting; COUNT] {
    let mut all = [TABLES[0][0]; COUNT];
    let (mut at, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut line = 0;
        while line < TABLES[table].len() {
            all[at] = TABLES[table][line];
            at += 1;
            line += 1;
        }
        table += 1;
    }
    all
}

/// All settings, in the order of the documents.
pub const SETTINGS: &[Setting] = &joined();

/// Variables that begin like ours but belong to the command line.
pub const RESERVED_VARIABLES: &[&str] = &["PAPIERLOS_CONFIG", "PAPIERLOS_URL", "PAPIERLOS_TOKEN"];

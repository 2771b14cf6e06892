//! Rich Text Format: its text, with tables, notes, headers and footers, in whatever code page.

use encoding_rs::Encoding;

use super::Engine;
use super::flow::Flow;
use super::pager::{Pager, Reading};
use super::wire::End;

pub(super) const ENGINE: Engine = Engine {
    name: "rtf",
    version: "1",
};

/// Most groups within each other.
const DEPTH_MAX: usize = 256;
/// The longest control word, and the longest number behind one.
const WORD_BYTES_MAX: usize = 32;
const DIGITS_MAX: usize = 10;

/// Groups without text of a reader.
const HIDDEN: [&str; 25] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "fldinst",
    "listtable",
    "listoverridetable",
    "revtbl",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "themedata",
    "colorschememapping",
    "latentstyles",
    "datastore",
    "filetbl",
    "listtext",
    "atnid",
    "atnauthor",
    "private",
    "sp",
    "shprslt",
    "pntext",
];
/// Groups marked as to be passed over that hold text all the same.
const SHOWN: [&str; 4] = ["shpinst", "shptxt", "annotation", "footnote"];
/// Groups that stand beside the text.
const BESIDE: [&str; 11] = [
    "footnote",
    "annotation",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "shptxt",
];

/// What holds within a group.
#[derive(Clone, Copy)]
struct State {
    is_hidden: bool,
    is_deleted: bool,
    is_beside: bool,
    in_table: bool,
    /// So many characters follow one in Unicode, for programs that do not know it.
    substitutes: usize,
    encoding: &'static Encoding,
}

struct Document<'c, 'p, 's> {
    rest: &'c [u8],
    flow: Flow<'p, 's>,
    state: State,
    groups: Vec<State>,
    /// Substitutes that are still to be passed over.
    to_skip: usize,
    /// Bytes of the code page that wait for the rest of their character.
    pending: Vec<u8>,
    /// The first half of a character outside of the first plane.
    high: Option<u16>,
    /// Fonts with a code page of their own.
    fonts: Vec<(i32, &'static Encoding)>,
    /// The code page of the document, and the font that is being described.
    page: &'static Encoding,
    font: Option<i32>,
}

pub(super) fn read(content: &[u8], pager: &mut Pager<'_>) -> Reading {
    let encoding = encoding_rs::WINDOWS_1252;
    let mut document = Document {
        rest: content,
        flow: Flow::new(pager),
        state: State {
            is_hidden: false,
            is_deleted: false,
            is_beside: false,
            in_table: false,
            substitutes: 1,
            encoding,
        },
        groups: Vec::new(),
        to_skip: 0,
        pending: Vec::new(),
        high: None,
        fonts: Vec::new(),
        page: encoding,
        font: None,
    };
    let read = document.read();
    document.flush_bytes();
    // What stands before the damage is kept.
    document.flow.flush()?;
    read
}

impl Document<'_, '_, '_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn read(&mut self) -> Reading {
        while let Some(byte) = self.next() {
            match byte {
                b'{' => {
                    self.flush_bytes();
                    if self.groups.len() >= DEPTH_MAX {
                        return Err(End::Unsafe.into());
                    }
                    self.groups.push(self.state);
                    self.state.is_beside = false;
                    self.to_skip = 0;
                }
                b'}' => {
                    self.flush_bytes();
                    self.to_skip = 0;
                    let Some(mut state) = self.groups.pop() else {
                        return Err(End::Damaged.into());
                    };
                    if self.state.is_beside {
                        self.flow.beside_end();
                    } else {
                        // Programs put it into a group of its own and mean what follows.
                        state.in_table = self.state.in_table;
                    }
                    self.state = state;
                    if self.groups.is_empty() {
                        return Ok(());
                    }
                }
                b'\\' => self.control()?,
                b'\r' | b'\n' => {}
                _ => self.byte(byte),
            }
        }
        Err(End::Damaged.into())
    }

    fn control(&mut self) -> Reading {
        let Some(byte) = self.next() else {
            return Err(End::Damaged.into());
        };
        match byte {
            b'\'' => {
                let digits = [self.next().unwrap_or(b'0'), self.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                if let Ok(byte) = u8::from_str_radix(&digits, 16) {
                    self.byte(byte);
                }
            }
            b'{' | b'}' | b'\\' => self.byte(byte),
            b'~' => self.text(" "),
            b'_' => self.text("-"),
            b'\n' | b'\r' => self.word("par", None)?,
            b'*' => {
                let (word, _) = peek(self.rest.strip_prefix(b"\\").unwrap_or_default());
                if !SHOWN.contains(&word.as_str()) {
                    self.state.is_hidden = true;
                }
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                let mut word = String::from(char::from(byte));
                let (more, length) = peek(self.rest);
                word.push_str(&more);
                self.rest = self.rest.get(length..).unwrap_or_default();
                let number = self.number();
                self.word(&word, number)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The number behind a control word, with the space that ends it.
    fn number(&mut self) -> Option<i32> {
        let is_negative = self.rest.first() == Some(&b'-');
        let digits = self
            .rest
            .get(usize::from(is_negative)..)
            .unwrap_or_default();
        let length = digits
            .iter()
            .take(DIGITS_MAX)
            .take_while(|it| it.is_ascii_digit())
            .count();
        let written = String::from_utf8_lossy(digits.get(..length).unwrap_or_default());
        let number = written.parse::<i32>().ok();
        if length > 0 {
            let used = usize::from(is_negative) + length;
            self.rest = self.rest.get(used..).unwrap_or_default();
        }
        self.rest = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
        number.map(|number| if is_negative { -number } else { number })
    }

    fn word(&mut self, word: &str, number: Option<i32>) -> Reading {
        self.flush_bytes();
        if word == "bin" {
            let length = number.and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
            self.rest = self.rest.get(length..).unwrap_or_default();
            return Ok(());
        }
        if word == "fonttbl" {
            self.state.is_hidden = true;
        }
        self.settings(word, number);
        if HIDDEN.contains(&word) {
            self.state.is_hidden = true;
        }
        if self.state.is_hidden || self.state.is_deleted {
            return Ok(());
        }
        if BESIDE.contains(&word) && !self.state.is_beside {
            self.state.is_beside = true;
            self.state.in_table = false;
            self.flow.beside_begin();
        }
        match word {
            "par" if self.state.in_table => self.text(" "),
            "par" | "sect" => self.flow.paragraph_end()?,
            "line" => self.flow.line_break(),
            "page" => self.flow.page_break(),
            "tab" => self.flow.tab(),
            "cell" | "nestcell" => self.flow.cell_end(),
            "row" | "nestrow" => self.flow.row_end()?,
            "u" => self.unicode(number.unwrap_or(0)),
            "emdash" => self.text("—"),
            "endash" => self.text("–"),
            "lquote" => self.text("‘"),
            "rquote" => self.text("’"),
            "ldblquote" => self.text("“"),
            "rdblquote" => self.text("”"),
            "bullet" => self.text("•"),
            "emspace" | "enspace" | "qmspace" => self.text(" "),
            _ => {}
        }
        Ok(())
    }

    /// What changes how the following is read.
    fn settings(&mut self, word: &str, number: Option<i32>) {
        let on = number != Some(0);
        match word {
            "ansicpg" => {
                self.page = code_page(number.unwrap_or(1252));
                self.state.encoding = self.page;
            }
            "mac" => self.state.encoding = encoding_rs::MACINTOSH,
            "uc" => {
                let count = number.and_then(|it| usize::try_from(it).ok());
                self.state.substitutes = count.unwrap_or(1).min(64);
            }
            "deleted" => self.state.is_deleted = on,
            "plain" => {
                self.state.is_deleted = false;
                self.state.encoding = self.page;
            }
            "intbl" => self.state.in_table = true,
            "pard" => self.state.in_table = false,
            "f" if self.state.is_hidden => self.font = number,
            "f" => {
                let font = self.fonts.iter().find(|(id, _)| Some(*id) == number);
                self.state.encoding = font.map_or(self.page, |(_, encoding)| encoding);
            }
            "fcharset" => {
                if let (Some(font), Some(encoding)) = (self.font, char_set(number))
                    && self.fonts.len() < 1_000
                {
                    self.fonts.push((font, encoding));
                }
            }
            _ => {}
        }
    }

    fn unicode(&mut self, number: i32) {
        self.to_skip = self.state.substitutes;
        // Written as a signed number of 16 bits.
        let Ok(unit) = u16::try_from(number.rem_euclid(0x1_0000)) else {
            return;
        };
        let units: Vec<u16> = self.high.take().into_iter().chain([unit]).collect();
        if units.len() == 1 && (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            return;
        }
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.text(&text);
    }

    fn byte(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if !self.state.is_hidden && !self.state.is_deleted {
            self.pending.push(byte);
        }
    }

    fn text(&mut self, text: &str) {
        self.flush_bytes();
        if !self.state.is_hidden && !self.state.is_deleted {
            self.flow.text(text);
        }
    }

    fn flush_bytes(&mut self) {
        if !self.pending.is_empty() {
            let bytes = std::mem::take(&mut self.pending);
            let (text, _) = self.state.encoding.decode_without_bom_handling(&bytes);
            self.flow.text(&text);
        }
    }
}

/// The letters that follow, and how many they are.
fn peek(rest: &[u8]) -> (String, usize) {
    let letters = rest
        .iter()
        .take(WORD_BYTES_MAX)
        .take_while(|it| it.is_ascii_alphabetic());
    let word: String = letters.map(|byte| char::from(*byte)).collect();
    let length = word.len();
    (word, length)
}

fn code_page(number: i32) -> &'static Encoding {
    let label = match number {
        874 => "windows-874".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10000 => "macintosh".to_owned(),
        65001 => "utf-8".to_owned(),
        _ => format!("windows-{number}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252)
}

/// The code page of a set of characters of Windows.
fn char_set(number: Option<i32>) -> Option<&'static Encoding> {
    let page = match number? {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    };
    Some(code_page(page))
}

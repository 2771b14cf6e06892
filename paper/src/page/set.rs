//! How headings, paragraphs, lists, notices and rows look.

use super::flow::{
    BOTTOM, Drawn, Entry, Flow, Ink, LEFT, MM, Mark, PAGE_HEIGHT, RIGHT, Style, TOP, Tag,
};
use super::flow::{baseline, broken};
use super::letters::{Letters, Weight};

/// Between a label and its value.
pub(crate) const COLUMN: f32 = 58.0 * MM;
/// Between what stands side by side.
pub(crate) const GAP: f32 = 4.0 * MM;
/// Above a line to sign on, and how long it is.
const SIGN_ABOVE: f32 = 11.0 * MM;
const SIGN_WIDTH: f32 = 110.0 * MM;
/// What stands where nothing is said.
pub(crate) const NOTHING: &str = "–";

/// How large letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    /// For what is to stand on a single sheet.
    Small,
    /// As in any letter.
    Usual,
    /// For whoever reads with difficulty.
    Large,
}

/// What letters look like, by what they are for.
#[derive(Clone, Copy)]
pub(crate) struct Styles {
    pub(crate) body: Style,
    pub(crate) label: Style,
    pub(crate) small: Style,
    pub(crate) bold: Style,
    pub(crate) title: Style,
}

impl Styles {
    pub(crate) fn new(letter: Letter) -> Self {
        let (size, leading) = match letter {
            Letter::Small => (9.0, 12.0),
            Letter::Usual => (10.5, 14.5),
            Letter::Large => (12.5, 18.0),
        };
        let style = |size, leading, weight, ink| Style {
            size,
            leading,
            weight,
            ink,
        };
        Self {
            body: style(size, leading, Weight::Regular, Ink::Black),
            label: style(size - 1.0, leading, Weight::Regular, Ink::Grey),
            small: style(size - 2.0, leading - 3.0, Weight::Regular, Ink::Grey),
            bold: style(size, leading, Weight::Bold, Ink::Black),
            title: style(size + 7.5, leading + 9.0, Weight::Bold, Ink::House),
        }
    }

    pub(crate) fn heading(&self, level: u16) -> Style {
        let larger = match level {
            2 => 2.5,
            3 => 1.0,
            _ => 0.0,
        };
        Style {
            size: self.body.size + larger,
            leading: self.body.leading + larger,
            weight: Weight::Bold,
            ink: Ink::House,
        }
    }
}

/// A cell of a row.
pub(crate) struct Cell {
    /// To which node it belongs; to none where it is for the eye alone.
    pub(crate) node: Option<usize>,
    pub(crate) lines: Vec<String>,
    pub(crate) style: Style,
    pub(crate) left: f32,
    /// Where its lines end on the right; where they begin on the left, if nothing is said.
    pub(crate) right: Option<f32>,
}

/// What stands around each page.
pub(crate) struct Around<'a> {
    /// Above, on the left.
    pub(crate) town: &'a str,
    /// Above, on the right of the first page.
    pub(crate) office: &'a str,
    /// Above, on the right of the others.
    pub(crate) title: &'a str,
    /// Below, on the left.
    pub(crate) foot: &'a str,
    /// Below, on the right: a page of how many.
    pub(crate) count: fn(usize, usize) -> String,
}

/// Sets words on pages.
pub(crate) struct Setter<'l> {
    pub(crate) flow: Flow<'l>,
    pub(crate) styles: Styles,
}

impl<'l> Setter<'l> {
    pub(crate) fn new(letters: &'l Letters, styles: Styles) -> Self {
        Self {
            flow: Flow::new(letters),
            styles,
        }
    }

    pub(crate) fn heading(&mut self, level: u16, text: String, style: Style) {
        // A heading does not stand alone at the end of a page.
        self.flow
            .need(style.leading + 3.0 * self.styles.body.leading);
        let node = self.flow.node(Tag::Heading(level, text.clone()), None);
        let (page, top) = (self.flow.pages.len() - 1, self.flow.top);
        self.flow.words(node, &text, style, (LEFT, RIGHT));
        self.flow.contents.push(Entry {
            level,
            text,
            page,
            top,
        });
        self.flow.space(1.2 * MM);
    }

    pub(crate) fn paragraph(&mut self, text: &str, style: Style) {
        let node = self.flow.node(Tag::Paragraph, None);
        self.flow.words(node, text, style, (LEFT, RIGHT));
    }

    pub(crate) fn list(&mut self, items: &[String]) {
        let list = self.flow.node(Tag::List, None);
        let body = self.styles.body;
        for text in items {
            let item = self.flow.node(Tag::Item, Some(list));
            let bullet = self.flow.node(Tag::Bullet, Some(item));
            let words = self.flow.node(Tag::ItemBody, Some(item));
            let lines = broken(self.flow.letters, text, body, RIGHT - LEFT - 5.0 * MM);
            self.flow
                .need(body.leading * if lines.len() > 1 { 2.0 } else { 1.0 });
            let mark = Mark::Words {
                left: LEFT + MM,
                line: self.flow.top + baseline(body),
                text: "• ".to_owned(),
                style: body,
            };
            self.flow.draw(Some(bullet), mark);
            self.flow.words(words, text, body, (LEFT + 5.0 * MM, RIGHT));
            self.flow.space(0.8 * MM);
        }
        self.flow.space(1.4 * MM);
    }

    /// Text with a bar beside it.
    pub(crate) fn notice(&mut self, title: Option<String>, texts: Vec<String>, ink: Ink) {
        let left = LEFT + 5.0 * MM;
        let bar = |flow: &mut Flow<'_>, height: f32| {
            let mark = Mark::Filled {
                left: LEFT,
                top: flow.top,
                width: 1.0 * MM,
                height,
                ink,
            };
            flow.draw(None, mark);
        };
        self.flow.space(1.0 * MM);
        let title = title.map(|title| (title, self.styles.bold));
        let texts = texts.into_iter().map(|text| (text, self.styles.body));
        let all: Vec<_> = title.into_iter().chain(texts).collect();
        if all.len() > 1 {
            self.flow.need(4.0 * self.styles.body.leading);
        }
        for (text, style) in all {
            let node = self.flow.node(Tag::Paragraph, None);
            self.flow.marked(node, &text, style, (left, RIGHT), bar);
        }
        self.flow.space(3.0 * MM);
    }

    /// A line to sign on, and below it what that says.
    pub(crate) fn signature(&mut self, text: &str) {
        let small = self.styles.small;
        self.flow.need(SIGN_ABOVE + 3.0 * small.leading);
        self.flow.top += SIGN_ABOVE;
        let mark = Mark::Filled {
            left: LEFT,
            top: self.flow.top,
            width: SIGN_WIDTH,
            height: 0.6,
            ink: Ink::Black,
        };
        self.flow.draw(None, mark);
        self.flow.top += 0.8 * MM;
        self.paragraph(text, small);
        self.flow.space(2.0 * MM);
    }

    /// Labels and values, one row below the other.
    pub(crate) fn pairs(&mut self, rows: &[(String, String)]) {
        if rows.is_empty() {
            return;
        }
        let table = self.flow.node(Tag::Table, None);
        self.flow.space(0.8 * MM);
        self.flow.need(self.styles.body.leading + 4.0);
        self.rule();
        for (label, value) in rows {
            self.pair(table, label, value);
        }
        self.flow.space(3.0 * MM);
    }

    fn pair(&mut self, table: usize, label: &str, value: &str) {
        let Styles {
            label: beside,
            body,
            ..
        } = self.styles;
        let row = self.flow.node(Tag::Row, Some(table));
        let head = self.flow.node(Tag::Label, Some(row));
        let cell = self.flow.node(Tag::Value, Some(row));
        let letters = self.flow.letters;
        let cells = vec![
            Cell {
                node: Some(head),
                lines: broken(letters, label, beside, COLUMN - GAP),
                style: beside,
                left: LEFT,
                right: None,
            },
            Cell {
                node: Some(cell),
                lines: broken(letters, value, body, RIGHT - LEFT - COLUMN),
                style: body,
                left: LEFT + COLUMN,
                right: None,
            },
        ];
        let height = self.height(&cells);
        if height < BOTTOM - TOP {
            self.flow.need(height);
        }
        self.row(cells, |_| {});
        self.rule();
    }

    /// How high a row becomes.
    pub(crate) fn height(&self, cells: &[Cell]) -> f32 {
        let many = cells.iter().map(|cell| cell.lines.len()).max();
        let leading = self.styles.body.leading;
        (0..many.unwrap_or_default()).fold(4.0, |height, _| height + leading)
    }

    /// Cells side by side, line by line. What is longer than a page goes on on the next one, below what `anew` draws
    /// there.
    pub(crate) fn row(&mut self, cells: Vec<Cell>, anew: impl Fn(&mut Self)) {
        let leading = self.styles.body.leading;
        self.flow.top += 2.0;
        let many = cells.iter().map(|cell| cell.lines.len()).max();
        let letters = self.flow.letters;
        let mut cells: Vec<_> = cells
            .into_iter()
            .map(|cell| {
                let measures = (cell.node, cell.style, cell.left, cell.right);
                (measures, cell.lines.into_iter())
            })
            .collect();
        for _ in 0..many.unwrap_or_default() {
            let before = self.flow.pages.len();
            self.flow.need(leading);
            if self.flow.pages.len() > before {
                anew(self);
            }
            let line = self.flow.top + baseline(self.styles.body);
            for ((node, style, left, right), lines) in &mut cells {
                let Some(text) = lines.next() else { continue };
                let wide =
                    |right: f32| right - letters.width(text.trim_end(), style.weight) * style.size;
                let mark = Mark::Words {
                    left: right.map_or(*left, wide),
                    line,
                    text,
                    style: *style,
                };
                self.flow.draw(*node, mark);
            }
            self.flow.top += leading;
        }
        self.flow.top += 2.0;
    }

    pub(crate) fn rule(&mut self) {
        let mark = Mark::Filled {
            left: LEFT,
            top: self.flow.top,
            width: RIGHT - LEFT,
            height: 0.5,
            ink: Ink::Line,
        };
        self.flow.draw(None, mark);
    }

    /// What stands around each page: who issues it, what it is, and which page it is.
    pub(crate) fn around(&mut self, around: &Around<'_>) {
        let style = |size: f32, weight, ink| Style {
            size,
            leading: size,
            weight,
            ink,
        };
        let (bold, plain) = (
            style(12.0, Weight::Bold, Ink::House),
            style(9.0, Weight::Regular, Ink::Grey),
        );
        let small = style(7.5, Weight::Regular, Ink::Grey);
        let letters = self.flow.letters;
        let many = self.flow.pages.len();
        let (width, foot_line) = (RIGHT - LEFT, PAGE_HEIGHT - 12.0 * MM);
        let first = |text: &str, style, width| {
            let lines = broken(letters, text, style, width);
            lines.into_iter().next().unwrap_or_default()
        };
        let ends = |text: &str, style: Style| {
            RIGHT - letters.width(text.trim_end(), style.weight) * style.size
        };
        let town = first(around.town, bold, width * 0.48);
        let office = first(around.office, plain, width * 0.5);
        let title = first(around.title, plain, width * 0.5);
        let foot = first(around.foot, small, width * 0.8);
        for (number, page) in self.flow.pages.iter_mut().enumerate() {
            let beside = if number == 0 { &office } else { &title };
            let count = (around.count)(number + 1, many);
            let lines = [
                (LEFT, 19.0 * MM, town.clone(), bold),
                (ends(beside, plain), 19.0 * MM, beside.clone(), plain),
                (LEFT, foot_line, foot.clone(), small),
                (ends(&count, small), foot_line, count, small),
            ];
            for (left, line, text, style) in lines {
                if text.is_empty() {
                    continue;
                }
                let mark = Mark::Words {
                    left,
                    line,
                    text,
                    style,
                };
                page.push(Drawn { node: None, mark });
            }
            let rules = [
                (22.0 * MM, 1.4, Ink::House),
                (PAGE_HEIGHT - 17.0 * MM, 0.5, Ink::Line),
            ];
            for (top, height, ink) in rules {
                let mark = Mark::Filled {
                    left: LEFT,
                    top,
                    width,
                    height,
                    ink,
                };
                page.push(Drawn { node: None, mark });
            }
        }
    }
}

/// In German, which page of how many this is.
pub(crate) fn german_count(page: usize, many: usize) -> String {
    format!("Seite {page} von {many}")
}

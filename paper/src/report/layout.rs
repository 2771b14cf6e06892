//! A report on pages.

use super::{Align, Block, Code, Head, Lang, PAGES_MAX, Report, Table, Tone};
use crate::PaperError;
use crate::page::flow::{
    BOTTOM, Flow, Ink, LEFT, MM, Mark, RIGHT, Style, TOP, Tag, baseline, broken,
};
use crate::page::letters::{Letters, Weight, plain};
use crate::page::set::{Around, Cell, GAP, Letter, NOTHING, Setter, Styles, german_count};

/// Where the window of an envelope shows who sends a letter, and to whom: DIN 5008, form B.
const SENDER: f32 = 58.0 * MM;
const ADDRESS: f32 = 62.7 * MM;
const ADDRESS_WIDTH: f32 = 80.0 * MM;
/// Where a letter begins below it.
const BELOW_ADDRESS: f32 = 98.5 * MM;
/// A head that takes more of a page than this is not drawn again on the next one.
const HEAD_MAX: f32 = 60.0 * MM;
/// A side of a code: of some eighty squares each is more than half a millimetre wide, so that it is read from a scan
/// of 200 dots an inch.
const CODE: f32 = 64.0 * MM;
/// Before what goes on on a further line though it is one.
const FURTHER: &str = "  ";

/// Lays out a report.
pub(super) fn lay<'l>(letters: &'l Letters, report: &Report) -> Result<Flow<'l>, PaperError> {
    lay_in(
        letters,
        report,
        match report.lang {
            Lang::German | Lang::English => Letter::Usual,
            Lang::Simple => Letter::Large,
        },
    )
}

/// The same in small letters.
pub(super) fn lay_dense<'l>(letters: &'l Letters, report: &Report) -> Result<Flow<'l>, PaperError> {
    lay_in(letters, report, Letter::Small)
}

fn lay_in<'l>(
    letters: &'l Letters,
    report: &Report,
    letter: Letter,
) -> Result<Flow<'l>, PaperError> {
    let mut layout = Layout {
        setter: Setter::new(letters, Styles::new(letter)),
        level: 1,
    };
    layout.top(report);
    for block in &report.blocks {
        layout.block(block)?;
    }
    let (head, title) = (&report.head, line(&report.title));
    layout.setter.around(&Around {
        town: &line_or(&head.town, ""),
        office: &line_or(&head.office, ""),
        title: &title,
        foot: &line_or(&head.foot, ""),
        count: match report.lang {
            Lang::German | Lang::Simple => german_count,
            Lang::English => |page, many| format!("Page {page} of {many}"),
        },
    });
    Ok(layout.setter.flow)
}

/// A text as one line; a dash, where it says nothing.
pub(super) fn line(text: &str) -> String {
    line_or(text, NOTHING)
}

fn line_or(text: &str, nothing: &str) -> String {
    let text = plain(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return nothing.to_owned();
    }
    words.join(" ")
}

/// A text with its lines; a dash, where it says nothing.
fn said(text: &str) -> String {
    let text = plain(text);
    match text.trim() {
        "" => NOTHING.to_owned(),
        said => said.to_owned(),
    }
}

/// The paragraphs of a text: an empty line parts them.
fn paragraphs(text: &str) -> Vec<String> {
    let text = plain(text);
    let mut all = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end).chain(std::iter::once("")) {
        if !line.trim().is_empty() {
            lines.push(line);
        } else if !lines.is_empty() {
            all.push(lines.join("\n"));
            lines.clear();
        }
    }
    all
}

struct Layout<'l> {
    setter: Setter<'l>,
    /// Of the last heading.
    level: u16,
}

impl Layout<'_> {
    fn top(&mut self, report: &Report) {
        let Styles { title, small, .. } = self.setter.styles;
        let head = &report.head;
        if !head.to.is_empty() {
            self.address(head);
        }
        self.setter.heading(1, line(&report.title), title);
        let (reference_word, date_word) = match report.lang {
            Lang::German | Lang::Simple => ("Geschäftszeichen", "Datum"),
            Lang::English => ("Reference", "Date"),
        };
        let reference = head.reference.as_deref();
        let reference = reference.map(|text| format!("{reference_word} {}", line(text)));
        let date = head.date.as_deref();
        let date = date.map(|text| format!("{date_word} {}", line(text)));
        let about: Vec<String> = reference.into_iter().chain(date).collect();
        if !about.is_empty() {
            self.setter.paragraph(&about.join("  ·  "), small);
        }
        self.setter.flow.space(3.0 * MM);
    }

    /// To whom a letter goes, and above it, small, who sends it.
    fn address(&mut self, head: &Head) {
        let Styles { body, small, .. } = self.setter.styles;
        let tiny = Style {
            size: 7.5,
            leading: 10.0,
            ..small
        };
        let right = LEFT + ADDRESS_WIDTH;
        let flow = &mut self.setter.flow;
        let sender: Vec<String> = [&head.town, &head.office]
            .into_iter()
            .map(|text| line_or(text, ""))
            .filter(|text| !text.is_empty())
            .collect();
        let sender = broken(flow.letters, &sender.join(" · "), tiny, ADDRESS_WIDTH);
        if let Some(text) = sender.into_iter().next() {
            let node = flow.node(Tag::Paragraph, None);
            let mark = Mark::Words {
                left: LEFT,
                line: SENDER + baseline(tiny),
                text,
                style: tiny,
            };
            flow.draw(Some(node), mark);
        }
        let lines: Vec<String> = head.to.iter().map(|text| line_or(text, "")).collect();
        flow.top = ADDRESS;
        let node = flow.node(Tag::Paragraph, None);
        let close = Style {
            leading: body.size + 2.2,
            ..body
        };
        flow.words(node, &lines.join("\n"), close, (LEFT, right));
        flow.top = flow.top.max(BELOW_ADDRESS);
    }

    fn block(&mut self, block: &Block) -> Result<(), PaperError> {
        let body = self.setter.styles.body;
        match block {
            Block::Heading { level, text } => {
                self.level = (*level).clamp(2, 4).min(self.level + 1);
                self.setter.flow.space(4.0 * MM);
                let style = self.setter.styles.heading(self.level);
                self.setter.heading(self.level, line(text), style);
            }
            Block::Paragraph(text) => {
                for text in paragraphs(text) {
                    self.setter.paragraph(&text, body);
                    self.setter.flow.space(2.2 * MM);
                }
            }
            Block::Rows(rows) => {
                let rows: Vec<_> = rows
                    .iter()
                    .map(|row| (line(&row.label), said(&row.value)))
                    .collect();
                self.setter.pairs(&rows);
            }
            Block::Table(table) => self.table(table)?,
            Block::List(items) => {
                let items: Vec<String> = items.iter().map(|item| said(item)).collect();
                self.setter.list(&items);
            }
            Block::Notice { tone, title, text } => {
                let ink = match tone {
                    Tone::Plain => Ink::House,
                    Tone::Warning => Ink::Warning,
                };
                let title = title.as_deref().map(line);
                self.setter.notice(title, paragraphs(text), ink);
            }
            Block::Code(code) => self.code(code),
            Block::Signature(text) => self.setter.signature(&line(text)),
            Block::PageBreak => self.setter.flow.next_page(),
        }
        short_enough(&self.setter.flow)
    }

    /// A code, and on its right what it says.
    fn code(&mut self, code: &Code) {
        let body = self.setter.styles.body;
        let flow = &mut self.setter.flow;
        flow.space(1.0 * MM);
        flow.need(CODE);
        let (top, pages) = (flow.top, flow.pages.len());
        let figure = flow.node(Tag::Figure(line(&code.told)), None);
        let mark = Mark::Squares {
            left: LEFT,
            top,
            side: CODE / f32::from(code.squares.max(1)),
            dark: code.dark.clone(),
        };
        flow.draw(Some(figure), mark);
        let left = LEFT + CODE + GAP + 2.0 * MM;
        for text in paragraphs(&code.text) {
            let node = flow.node(Tag::Paragraph, None);
            flow.words(node, &text, body, (left, RIGHT));
            flow.space(1.4 * MM);
        }
        let style = Style {
            size: body.size - 2.0,
            leading: body.leading - 2.0,
            weight: Weight::Fixed,
            ink: Ink::Black,
        };
        let node = flow.node(Tag::Paragraph, None);
        for text in copied(flow.letters, &code.letters, style, RIGHT - left) {
            flow.need(style.leading);
            let line = flow.top + baseline(style);
            if !text.is_empty() {
                let mark = Mark::Words {
                    left,
                    line,
                    text,
                    style,
                };
                flow.draw(Some(node), mark);
            }
            flow.top += style.leading;
        }
        if flow.pages.len() == pages {
            flow.top = flow.top.max(top + CODE);
        }
        flow.space(2.0 * MM);
    }

    fn table(&mut self, table: &Table) -> Result<(), PaperError> {
        if table.columns.is_empty() {
            return Ok(());
        }
        let setter = &mut self.setter;
        let columns = Columns::new(setter, table);
        let node = setter.flow.node(Tag::Table, None);
        setter.flow.space(0.8 * MM);
        let head = columns.head(&mut setter.flow, Some(node));
        let high = setter.height(&head);
        let repeats = high <= HEAD_MAX;
        setter
            .flow
            .need(high.min(HEAD_MAX) + 4.0 * setter.styles.body.leading);
        rule(setter);
        setter.row(head, |_| {});
        rule(setter);
        let again = |setter: &mut Setter<'_>| {
            if repeats {
                rule(setter);
                let head = columns.head(&mut setter.flow, None);
                setter.row(head, |_| {});
                rule(setter);
            }
        };
        let room = BOTTOM - TOP - if repeats { high + 4.0 } else { 0.0 };
        for row in &table.rows {
            let cells = columns.cells(&mut setter.flow, (node, row));
            let high = setter.height(&cells);
            let before = setter.flow.pages.len();
            if high <= room {
                setter.flow.need(high);
            }
            if setter.flow.pages.len() > before {
                again(setter);
            }
            setter.row(cells, again);
            setter.rule();
            short_enough(&setter.flow)?;
        }
        setter.flow.space(3.0 * MM);
        Ok(())
    }
}

/// The lines of a text that is copied from paper: as they stand, empty ones too. What is longer goes on below, a
/// little further to the right.
fn copied(letters: &Letters, text: &str, style: Style, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for hard in letters.fixed(text).lines() {
        let (mut line, mut used) = (String::new(), 0.0);
        for c in hard.chars() {
            let mut raw = [0; 4];
            let wide = letters.width(c.encode_utf8(&mut raw), style.weight) * style.size;
            if used + wide > width && !line.trim().is_empty() {
                lines.push(std::mem::replace(&mut line, FURTHER.to_owned()));
                used = letters.width(FURTHER, style.weight) * style.size;
            }
            line.push(c);
            used += wide;
        }
        lines.push(line);
    }
    lines
}

fn short_enough(flow: &Flow<'_>) -> Result<(), PaperError> {
    if flow.pages.len() > PAGES_MAX {
        return Err(PaperError::TooLong {
            pages_max: PAGES_MAX,
        });
    }
    Ok(())
}

/// A line above and below the head of a table.
fn rule(setter: &mut Setter<'_>) {
    let mark = Mark::Filled {
        left: LEFT,
        top: setter.flow.top,
        width: RIGHT - LEFT,
        height: 0.9,
        ink: Ink::House,
    };
    setter.flow.draw(None, mark);
}

/// Where the columns of a table stand.
struct Columns {
    /// Of each: what stands above it, where it begins, how wide it is, and where its cells stand.
    all: Vec<(String, f32, f32, Align)>,
    cell: Style,
    label: Style,
}

impl Columns {
    fn new(setter: &Setter<'_>, table: &Table) -> Self {
        let body = setter.styles.body;
        let shares = table.columns.iter().map(|one| f32::from(one.share.max(1)));
        let parts: f32 = shares.clone().sum();
        let mut left = LEFT;
        let mut all = Vec::with_capacity(table.columns.len());
        for (column, share) in table.columns.iter().zip(shares) {
            let width = (RIGHT - LEFT) * share / parts;
            all.push((line(&column.label), left, width, column.align));
            left += width;
        }
        let cell = Style {
            size: body.size - 1.5,
            ..body
        };
        let label = Style {
            weight: Weight::Bold,
            ink: Ink::House,
            ..cell
        };
        Self { all, cell, label }
    }

    /// The head, for whoever reads; for the eye alone where it is not in the table.
    fn head(&self, flow: &mut Flow<'_>, table: Option<usize>) -> Vec<Cell> {
        let row = table.map(|table| flow.node(Tag::Row, Some(table)));
        let mut cells = Vec::with_capacity(self.all.len());
        for at in 0..self.all.len() {
            let node = row.map(|row| flow.node(Tag::ColumnLabel, Some(row)));
            cells.extend(self.cell(flow.letters, (at, None), (node, self.label)));
        }
        cells
    }

    fn cells(&self, flow: &mut Flow<'_>, (table, row): (usize, &[String])) -> Vec<Cell> {
        let node = flow.node(Tag::Row, Some(table));
        let last = self.all.len().saturating_sub(1);
        let mut cells = Vec::with_capacity(self.all.len());
        for at in 0..self.all.len() {
            let text = if at == last {
                row.get(at..).unwrap_or_default().join(" ")
            } else {
                row.get(at).cloned().unwrap_or_default()
            };
            let node = flow.node(Tag::Value, Some(node));
            let written = (Some(node), self.cell);
            cells.extend(self.cell(flow.letters, (at, Some(&text)), written));
        }
        cells
    }

    /// A cell of the column at a place; with what stands above it, where nothing is said.
    fn cell(
        &self,
        letters: &Letters,
        (at, text): (usize, Option<&str>),
        (node, style): (Option<usize>, Style),
    ) -> Option<Cell> {
        let (label, left, width, align) = self.all.get(at)?;
        let inner = (width - GAP).max(style.size);
        let text = text.map_or_else(|| label.clone(), said);
        Some(Cell {
            node,
            lines: broken(letters, &text, style, inner),
            style,
            left: *left,
            right: match align {
                Align::Left => None,
                Align::Right => Some(left + inner),
            },
        })
    }
}

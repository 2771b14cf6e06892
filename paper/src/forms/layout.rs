//! A filled form on pages: which block goes where, and how it looks.

use super::Letterhead;
use super::flow::{
    BOTTOM, Drawn, Entry, Flow, Ink, LEFT, MM, Mark, PAGE_HEIGHT, RIGHT, Style, TOP, Tag,
};
use super::flow::{baseline, broken};
use super::letters::{Letters, Weight};
use super::template::{Block, Field, Language, Signature, Template, Wording};
use super::text::{self, Piece};
use super::values::Filled;

/// Between a label and its value.
const COLUMN: f32 = 58.0 * MM;
const GAP: f32 = 4.0 * MM;
/// Between places to sign, side by side.
const BESIDE: f32 = 8.0 * MM;
/// What stands where nothing is said.
const NOTHING: &str = "–";

/// The sizes of letters: in simple language all is larger.
#[derive(Clone, Copy)]
struct Styles {
    body: Style,
    label: Style,
    small: Style,
    bold: Style,
    title: Style,
    language: Language,
}

impl Styles {
    fn new(language: Language) -> Self {
        let (size, leading) = match language {
            Language::German => (10.5, 14.5),
            Language::Simple => (12.5, 18.0),
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
            language,
        }
    }

    fn heading(&self, level: u16) -> Style {
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

/// Lays out a form.
pub(super) fn lay<'l>(
    letters: &'l Letters,
    template: &Template,
    filled: &Filled,
    (head, language): (&Letterhead, Language),
) -> Flow<'l> {
    let mut layout = Layout {
        flow: Flow::new(letters),
        styles: Styles::new(language),
        template,
        filled,
    };
    layout.top(head);
    let shown = template.parts.iter();
    let shown = shown.filter(|part| part.when.as_ref().is_none_or(|when| filled.holds(when)));
    let blocks: Vec<&Block> = shown.map(|part| &part.block).collect();
    let together = signed_together(&blocks);
    let mut kept = 0;
    for (number, block) in blocks.iter().enumerate() {
        // Nobody signs a page on which nothing stands of what is signed.
        for (from, to) in &together {
            if *from != number || number < kept {
                continue;
            }
            if layout.keep_together(blocks.get(*from..=*to).unwrap_or_default()) {
                kept = *to;
            }
        }
        layout.block(block);
    }
    layout.around(head);
    layout.flow
}

/// What should stand on a page with the places to sign below it: from its heading on, and at least what is next
/// to them.
fn signed_together(blocks: &[&Block]) -> Vec<(usize, usize)> {
    let mut together = Vec::new();
    for (end, block) in blocks.iter().enumerate() {
        if !matches!(block, Block::Signatures(_)) {
            continue;
        }
        let before = blocks.iter().enumerate().take(end).rev();
        let mut from = end;
        for (number, block) in before {
            let belongs = matches!(
                block,
                Block::Heading { .. }
                    | Block::Paragraph(_)
                    | Block::Checkbox { .. }
                    | Block::List(_)
                    | Block::Notice { .. }
            );
            if !belongs {
                break;
            }
            from = number;
            if matches!(block, Block::Heading { .. }) {
                break;
            }
        }
        together.push((from, end));
        let next = end.saturating_sub(1);
        if next != from && !matches!(blocks.get(next), Some(Block::PageBreak)) {
            together.push((next, end));
        }
    }
    together
}

struct Layout<'l, 't> {
    flow: Flow<'l>,
    styles: Styles,
    template: &'t Template,
    filled: &'t Filled,
}

impl Layout<'_, '_> {
    fn told<'w>(&self, wording: &'w Wording) -> &'w str {
        wording.of(self.styles.language)
    }

    /// What a field says, as it is printed.
    fn said(&self, field: &Field) -> String {
        let said = self.filled.printed(field, self.styles.language);
        said.unwrap_or_else(|| NOTHING.to_owned())
    }

    /// Words with what fields say in their places.
    fn with_values(&self, text: &str) -> String {
        let pieces = text::pieces(text).unwrap_or_default();
        let words = pieces.into_iter().map(|piece| match piece {
            Piece::Words(words) => words,
            Piece::Field(key) => {
                let field = self.template.field(&key);
                let said = field.map(|field| self.said(field)).unwrap_or_default();
                said.replace('\n', ", ")
            }
        });
        words.collect()
    }

    /// The paragraphs of words. They are parted before values come in, which part nothing.
    fn paragraphs(&self, wording: &Wording) -> Vec<String> {
        let all = text::paragraphs(self.told(wording));
        all.iter().map(|text| self.with_values(text)).collect()
    }

    fn line(&self, wording: &Wording) -> String {
        self.paragraphs(wording).join(" ")
    }

    fn top(&mut self, head: &Letterhead) {
        let title = self.told(&self.template.title).to_owned();
        let small = self.styles.small;
        self.heading(1, title, self.styles.title);
        let reference = head.reference.as_ref();
        let reference = reference.map(|reference| format!("Geschäftszeichen {reference}"));
        let lines = [Some(format!("Datum {}", head.date)), reference];
        let about: Vec<String> = lines.into_iter().rev().flatten().collect();
        self.paragraph(&about.join("  ·  "), small);
        let basis = &self.template.legal_basis;
        if !basis.is_empty() {
            let text = format!("Rechtsgrundlage: {}", basis.join("; "));
            self.paragraph(&text, small);
        }
        if self.template.sample {
            let style = Style {
                weight: Weight::Bold,
                ink: Ink::Warning,
                ..small
            };
            self.paragraph("Muster – rechtlich zu prüfen", style);
        }
        self.flow.space(3.0 * MM);
    }

    fn heading(&mut self, level: u16, text: String, style: Style) {
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

    fn paragraph(&mut self, text: &str, style: Style) {
        let node = self.flow.node(Tag::Paragraph, None);
        self.flow.words(node, text, style, (LEFT, RIGHT));
    }

    fn block(&mut self, block: &Block) {
        let body = self.styles.body;
        match block {
            Block::Heading { level, text } => {
                self.flow.space(4.0 * MM);
                let text = self.line(text);
                self.heading(*level, text, self.styles.heading(*level));
            }
            Block::Paragraph(text) => {
                for text in self.paragraphs(text) {
                    self.paragraph(&text, body);
                    self.flow.space(2.2 * MM);
                }
            }
            Block::Fields(keys) => self.fields(keys),
            Block::List(items) => self.list(items),
            Block::Checkbox { crossed, text } => {
                let is_crossed = self.filled.holds(crossed);
                let text = self.line(text);
                self.checkbox(is_crossed, &text);
            }
            Block::Signatures(keys) => self.signatures(keys),
            Block::PageBreak => self.flow.next_page(),
            Block::Notice { title, text } => self.notice(title.as_ref(), text),
        }
    }

    /// Begins a new page where blocks have room on one, but not on what is left of this one. Whether they stay
    /// together.
    fn keep_together(&mut self, blocks: &[&Block]) -> bool {
        let mut alone = Layout {
            flow: Flow::new(self.flow.letters),
            ..*self
        };
        for block in blocks {
            alone.block(block);
        }
        let fits = alone.flow.pages.len() == 1;
        if fits {
            self.flow.need(alone.flow.top - TOP + 5.0 * MM);
        }
        fits
    }

    fn list(&mut self, items: &[Wording]) {
        let list = self.flow.node(Tag::List, None);
        let body = self.styles.body;
        for item in items {
            let text = self.line(item);
            let item = self.flow.node(Tag::Item, Some(list));
            let bullet = self.flow.node(Tag::Bullet, Some(item));
            let words = self.flow.node(Tag::ItemBody, Some(item));
            let lines = broken(self.flow.letters, &text, body, RIGHT - LEFT - 5.0 * MM);
            self.flow
                .need(body.leading * if lines.len() > 1 { 2.0 } else { 1.0 });
            let mark = Mark::Words {
                left: LEFT + MM,
                line: self.flow.top + baseline(body),
                text: "• ".to_owned(),
                style: body,
            };
            self.flow.draw(Some(bullet), mark);
            self.flow
                .words(words, &text, body, (LEFT + 5.0 * MM, RIGHT));
            self.flow.space(0.8 * MM);
        }
        self.flow.space(1.4 * MM);
    }

    fn checkbox(&mut self, is_crossed: bool, text: &str) {
        let body = self.styles.body;
        let left = LEFT + 8.0 * MM;
        let lines = broken(self.flow.letters, text, body, RIGHT - left);
        self.flow
            .need(body.leading * if lines.len() > 1 { 2.0 } else { 1.0 });
        let told = if is_crossed {
            "Angekreuzt"
        } else {
            "Nicht angekreuzt"
        };
        let paragraph = self.flow.node(Tag::Paragraph, None);
        let figure = self
            .flow
            .node(Tag::Figure(told.to_owned()), Some(paragraph));
        let words = self.flow.node(Tag::Words, Some(paragraph));
        let side = body.size * 0.95;
        let mark = Mark::Box {
            left: LEFT + MM,
            top: self.flow.top + baseline(body) - side * 0.88,
            side,
            crossed: is_crossed,
        };
        self.flow.draw(Some(figure), mark);
        self.flow.words(words, text, body, (left, RIGHT));
        self.flow.space(1.6 * MM);
    }

    fn notice(&mut self, title: Option<&Wording>, text: &Wording) {
        let left = LEFT + 5.0 * MM;
        let bar = |flow: &mut Flow<'_>, height: f32| {
            let mark = Mark::Filled {
                left: LEFT,
                top: flow.top,
                width: 1.0 * MM,
                height,
                ink: Ink::House,
            };
            flow.draw(None, mark);
        };
        self.flow.space(1.0 * MM);
        let title = title.map(|title| (self.line(title), self.styles.bold));
        let text = self.paragraphs(text).into_iter();
        let text = text.map(|text| (text, self.styles.body));
        let all: Vec<_> = title.into_iter().chain(text).collect();
        if all.len() > 1 {
            self.flow.need(4.0 * self.styles.body.leading);
        }
        for (text, style) in all {
            let node = self.flow.node(Tag::Paragraph, None);
            self.flow.marked(node, &text, style, (left, RIGHT), bar);
        }
        self.flow.space(3.0 * MM);
    }

    /// Labels and values, one row below the other.
    fn fields(&mut self, keys: &[String]) {
        let fields = keys.iter().filter_map(|key| self.template.field(key));
        let asked = fields.filter(|field| {
            field
                .when
                .as_ref()
                .is_none_or(|when| self.filled.holds(when))
        });
        let rows: Vec<(String, String)> = asked
            .map(|field| (self.told(&field.label).to_owned(), self.said(field)))
            .collect();
        if rows.is_empty() {
            return;
        }
        let table = self.flow.node(Tag::Table, None);
        self.flow.space(0.8 * MM);
        self.flow.need(self.styles.body.leading + 4.0);
        self.rule();
        for (label, value) in rows {
            self.row(table, &label, &value);
        }
        self.flow.space(3.0 * MM);
    }

    fn rule(&mut self) {
        let mark = Mark::Filled {
            left: LEFT,
            top: self.flow.top,
            width: RIGHT - LEFT,
            height: 0.5,
            ink: Ink::Line,
        };
        self.flow.draw(None, mark);
    }

    fn row(&mut self, table: usize, label: &str, value: &str) {
        let Styles {
            label: beside,
            body,
            ..
        } = self.styles;
        let row = self.flow.node(Tag::Row, Some(table));
        let head = self.flow.node(Tag::Label, Some(row));
        let cell = self.flow.node(Tag::Value, Some(row));
        let letters = self.flow.letters;
        let labels = broken(letters, label, beside, COLUMN - GAP);
        let values = broken(letters, value, body, RIGHT - LEFT - COLUMN);
        let many = labels.len().max(values.len());
        let height = (0..many).fold(0.0, |height, _| height + body.leading) + 4.0;
        if height < BOTTOM - TOP {
            self.flow.need(height);
        }
        self.flow.top += 2.0;
        let (mut labels, mut values) = (labels.into_iter(), values.into_iter());
        for _ in 0..many {
            self.flow.need(body.leading);
            let line = self.flow.top + baseline(body);
            let cells = [
                (labels.next(), head, LEFT, beside),
                (values.next(), cell, LEFT + COLUMN, body),
            ];
            for (text, node, left, style) in cells {
                if let Some(text) = text {
                    let mark = Mark::Words {
                        left,
                        line,
                        text,
                        style,
                    };
                    self.flow.draw(Some(node), mark);
                }
            }
            self.flow.top += body.leading;
        }
        self.flow.top += 2.0;
        self.rule();
    }

    /// Places to sign, as many side by side as have room.
    fn signatures(&mut self, keys: &[String]) {
        let template = self.template;
        let all = keys
            .iter()
            .filter_map(|key| template.signatures.iter().find(|one| one.key == *key));
        let wide = |one: &Signature| f32::from(one.width_mm) * MM;
        let mut rows: Vec<Vec<&Signature>> = Vec::new();
        let mut used = 0.0;
        for one in all {
            let fits = used + BESIDE + wide(one) <= RIGHT - LEFT;
            match rows.last_mut() {
                Some(row) if fits => {
                    row.push(one);
                    used += BESIDE + wide(one);
                }
                _ => {
                    rows.push(vec![one]);
                    used = wide(one);
                }
            }
        }
        for row in rows {
            self.signature_row(&row);
        }
    }

    fn signature_row(&mut self, row: &[&Signature]) {
        let small = self.styles.small;
        let wide = |one: &Signature| f32::from(one.width_mm) * MM;
        let high = |one: &Signature| f32::from(one.height_mm) * MM;
        let labels: Vec<Vec<String>> = row
            .iter()
            .map(|one| broken(self.flow.letters, self.told(&one.label), small, wide(one)))
            .collect();
        let tallest = row.iter().map(|one| high(one)).fold(0.0, f32::max);
        let below = labels.iter().map(Vec::len).max().unwrap_or_default();
        let below = (0..below).fold(0.0, |height, _| height + small.leading);
        self.flow.space(4.0 * MM);
        self.flow.need(tallest + below + 2.0 * MM);
        let (top, mut left) = (self.flow.top, LEFT);
        for (one, lines) in row.iter().zip(labels) {
            let label = self.told(&one.label).to_owned();
            self.flow
                .place(one, &label, (left, top + tallest - high(one)));
            let node = self.flow.node(Tag::Paragraph, None);
            let mut line = top + tallest + 1.5 + baseline(small);
            for text in lines {
                let mark = Mark::Words {
                    left,
                    line,
                    text,
                    style: small,
                };
                self.flow.draw(Some(node), mark);
                line += small.leading;
            }
            left += wide(one) + BESIDE;
        }
        self.flow.top = top + tallest + below + 2.0 * MM;
        self.flow.space(2.0 * MM);
    }

    /// What stands around each page: who issues it, what it is, and which page it is.
    fn around(&mut self, head: &Letterhead) {
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
        let title = self.told(&self.template.title).to_owned();
        let hash: String = self.template.sha256_hex().chars().take(12).collect();
        let which = format!(
            "Formular {}, Fassung {}, SHA-256 {hash}",
            self.template.id, self.template.version
        );
        let many = self.flow.pages.len();
        for (number, page) in self.flow.pages.iter_mut().enumerate() {
            let width = RIGHT - LEFT;
            let first = |text: &str, style, width| {
                let lines = broken(letters, text, style, width);
                lines.into_iter().next().unwrap_or_default()
            };
            let beside = if number == 0 { &head.office } else { &title };
            let beside = first(beside, plain, width * 0.5);
            let count = format!("Seite {} von {many}", number + 1);
            let ends = |text: &str, style: Style| {
                RIGHT - letters.width(text.trim_end(), style.weight) * style.size
            };
            let (right, count_left) = (ends(&beside, plain), ends(&count, small));
            let lines = [
                (LEFT, 19.0 * MM, first(&head.town, bold, width * 0.48), bold),
                (right, 19.0 * MM, beside, plain),
                (
                    LEFT,
                    PAGE_HEIGHT - 12.0 * MM,
                    first(&which, small, width * 0.8),
                    small,
                ),
                (count_left, PAGE_HEIGHT - 12.0 * MM, count, small),
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

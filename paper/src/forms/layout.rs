//! A filled form on pages: which block goes where, and how it looks.

use super::template::{Block, Field, Language, Signature, Template, Wording};
use super::text::{self, Piece};
use super::values::Filled;
use super::{Letterhead, Place};
use crate::page::flow::{Flow, Ink, LEFT, MM, Mark, PAGE_HEIGHT, RIGHT, Style, TOP, Tag};
use crate::page::flow::{baseline, broken};
use crate::page::letters::{Letters, Weight};
use crate::page::set::{Around, Letter, NOTHING, Setter, Styles, german_count};

/// Between places to sign, side by side.
const BESIDE: f32 = 8.0 * MM;

/// In simple language all letters are larger.
fn styles(language: Language) -> Styles {
    Styles::new(match language {
        Language::German => Letter::Usual,
        Language::Simple => Letter::Large,
    })
}

/// Lays out a form; with it, where it is signed.
pub(super) fn lay<'l>(
    letters: &'l Letters,
    template: &Template,
    filled: &Filled,
    (head, language): (&Letterhead, Language),
) -> (Flow<'l>, Vec<Place>) {
    let mut layout = Layout {
        setter: Setter::new(letters, styles(language)),
        places: Vec::new(),
        language,
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
    (layout.setter.flow, layout.places)
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
    setter: Setter<'l>,
    places: Vec<Place>,
    language: Language,
    template: &'t Template,
    filled: &'t Filled,
}

impl Layout<'_, '_> {
    fn told<'w>(&self, wording: &'w Wording) -> &'w str {
        wording.of(self.language)
    }

    /// What a field says, as it is printed.
    fn said(&self, field: &Field) -> String {
        let said = self.filled.printed(field, self.language);
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
        let small = self.setter.styles.small;
        self.setter.heading(1, title, self.setter.styles.title);
        let reference = head.reference.as_ref();
        let reference = reference.map(|reference| format!("Geschäftszeichen {reference}"));
        let lines = [Some(format!("Datum {}", head.date)), reference];
        let about: Vec<String> = lines.into_iter().rev().flatten().collect();
        self.setter.paragraph(&about.join("  ·  "), small);
        let basis = &self.template.legal_basis;
        if !basis.is_empty() {
            let text = format!("Rechtsgrundlage: {}", basis.join("; "));
            self.setter.paragraph(&text, small);
        }
        if self.template.sample {
            let style = Style {
                weight: Weight::Bold,
                ink: Ink::Warning,
                ..small
            };
            self.setter.paragraph("Muster – rechtlich zu prüfen", style);
        }
        self.setter.flow.space(3.0 * MM);
    }

    fn block(&mut self, block: &Block) {
        let body = self.setter.styles.body;
        match block {
            Block::Heading { level, text } => {
                self.setter.flow.space(4.0 * MM);
                let text = self.line(text);
                self.setter
                    .heading(*level, text, self.setter.styles.heading(*level));
            }
            Block::Paragraph(text) => {
                for text in self.paragraphs(text) {
                    self.setter.paragraph(&text, body);
                    self.setter.flow.space(2.2 * MM);
                }
            }
            Block::Fields(keys) => self.fields(keys),
            Block::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.line(item)).collect();
                self.setter.list(&items);
            }
            Block::Checkbox { crossed, text } => {
                let is_crossed = self.filled.holds(crossed);
                let text = self.line(text);
                self.checkbox(is_crossed, &text);
            }
            Block::Signatures(keys) => self.signatures(keys),
            Block::PageBreak => self.setter.flow.next_page(),
            Block::Notice { title, text } => {
                let title = title.as_ref().map(|title| self.line(title));
                let texts = self.paragraphs(text);
                self.setter.notice(title, texts, Ink::House);
            }
        }
    }

    /// Begins a new page where blocks have room on one, but not on what is left of this one. Whether they stay
    /// together.
    fn keep_together(&mut self, blocks: &[&Block]) -> bool {
        let mut alone = Layout {
            setter: Setter::new(self.setter.flow.letters, self.setter.styles),
            places: Vec::new(),
            ..*self
        };
        for block in blocks {
            alone.block(block);
        }
        let fits = alone.setter.flow.pages.len() == 1;
        if fits {
            self.setter
                .flow
                .need(alone.setter.flow.top - TOP + 5.0 * MM);
        }
        fits
    }

    fn checkbox(&mut self, is_crossed: bool, text: &str) {
        let body = self.setter.styles.body;
        let left = LEFT + 8.0 * MM;
        let lines = broken(self.setter.flow.letters, text, body, RIGHT - left);
        self.setter
            .flow
            .need(body.leading * if lines.len() > 1 { 2.0 } else { 1.0 });
        let told = if is_crossed {
            "Angekreuzt"
        } else {
            "Nicht angekreuzt"
        };
        let paragraph = self.setter.flow.node(Tag::Paragraph, None);
        let figure = self
            .setter
            .flow
            .node(Tag::Figure(told.to_owned()), Some(paragraph));
        let words = self.setter.flow.node(Tag::Words, Some(paragraph));
        let side = body.size * 0.95;
        let mark = Mark::Box {
            left: LEFT + MM,
            top: self.setter.flow.top + baseline(body) - side * 0.88,
            side,
            crossed: is_crossed,
        };
        self.setter.flow.draw(Some(figure), mark);
        self.setter.flow.words(words, text, body, (left, RIGHT));
        self.setter.flow.space(1.6 * MM);
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
        self.setter.pairs(&rows);
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
        let small = self.setter.styles.small;
        let wide = |one: &Signature| f32::from(one.width_mm) * MM;
        let high = |one: &Signature| f32::from(one.height_mm) * MM;
        let labels: Vec<Vec<String>> = row
            .iter()
            .map(|one| {
                broken(
                    self.setter.flow.letters,
                    self.told(&one.label),
                    small,
                    wide(one),
                )
            })
            .collect();
        let tallest = row.iter().map(|one| high(one)).fold(0.0, f32::max);
        let below = labels.iter().map(Vec::len).max().unwrap_or_default();
        let below = (0..below).fold(0.0, |height, _| height + small.leading);
        self.setter.flow.space(4.0 * MM);
        self.setter.flow.need(tallest + below + 2.0 * MM);
        let (top, mut left) = (self.setter.flow.top, LEFT);
        for (one, lines) in row.iter().zip(labels) {
            let label = self.told(&one.label).to_owned();
            self.place(one, label, (left, top + tallest - high(one)));
            let node = self.setter.flow.node(Tag::Paragraph, None);
            let mut line = top + tallest + 1.5 + baseline(small);
            for text in lines {
                let mark = Mark::Words {
                    left,
                    line,
                    text,
                    style: small,
                };
                self.setter.flow.draw(Some(node), mark);
                line += small.leading;
            }
            left += wide(one) + BESIDE;
        }
        self.setter.flow.top = top + tallest + below + 2.0 * MM;
        self.setter.flow.space(2.0 * MM);
    }

    /// A place to sign, whose lower edge is a line; what stands below it is drawn by whoever calls.
    fn place(&mut self, signature: &Signature, label: String, (left, top): (f32, f32)) {
        let (width, height) = (
            f32::from(signature.width_mm) * MM,
            f32::from(signature.height_mm) * MM,
        );
        let paper = Mark::Filled {
            left,
            top,
            width,
            height,
            ink: Ink::Paper,
        };
        let line = Mark::Filled {
            left,
            top: top + height,
            width,
            height: 0.8,
            ink: Ink::Black,
        };
        let flow = &mut self.setter.flow;
        flow.draw(None, paper);
        flow.draw(None, line);
        self.places.push(Place {
            key: signature.key.clone(),
            label,
            who: signature.who,
            page: flow.pages.len(),
            left,
            bottom: PAGE_HEIGHT - top - height,
            width,
            height,
        });
    }

    /// What stands around each page.
    fn around(&mut self, head: &Letterhead) {
        let title = self.told(&self.template.title).to_owned();
        let hash: String = self.template.sha256_hex().chars().take(12).collect();
        let foot = format!(
            "Formular {}, Fassung {}, SHA-256 {hash}",
            self.template.id, self.template.version
        );
        self.setter.around(&Around {
            town: &head.town,
            office: &head.office,
            title: &title,
            foot: &foot,
            count: german_count,
        });
    }
}

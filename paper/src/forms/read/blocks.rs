//! Reads the blocks of a template.

use toml::Spanned;

use super::{At, Reader};
use crate::forms::sheet::{BlockSheet, BlockWord, ConditionSheet};
use crate::forms::template::{Block, Part};

impl Reader<'_> {
    pub(super) fn part(
        &mut self,
        number: usize,
        spanned: Spanned<BlockSheet>,
        level: &mut u16,
    ) -> Option<Part> {
        let word = spanned.get_ref().kind;
        let at = At::of(&spanned, format!("block {number} ({})", word.code()));
        let mut sheet = spanned.into_inner();
        self.only_its_words(&at, &sheet);
        let when = sheet.when.take().map(|when| self.condition(&at, when));
        let block = self.block(&at, sheet, level)?;
        Some(Part { when, block })
    }

    fn only_its_words(&mut self, at: &At, sheet: &BlockSheet) {
        use BlockWord::{Checkbox, Fields, Heading, List, Notice, Paragraph, Signature};
        let given: [(&str, bool, &[BlockWord]); 8] = [
            ("level", sheet.level.is_some(), &[Heading]),
            ("title", sheet.title.is_some(), &[Notice]),
            (
                "text",
                sheet.text.is_some(),
                &[Heading, Paragraph, Checkbox, Notice],
            ),
            ("fields", sheet.fields.is_some(), &[Fields]),
            ("items", sheet.items.is_some(), &[List]),
            ("field", sheet.field.is_some(), &[Checkbox]),
            ("is", sheet.is.is_some(), &[Checkbox]),
            ("signatures", sheet.signatures.is_some(), &[Signature]),
        ];
        for (key, is_given, kinds) in given {
            if is_given && !kinds.contains(&sheet.kind) {
                let at = at.below(key);
                self.complain(
                    &at,
                    "Das passt nicht zur Art des Blocks.",
                    "Bitte entfernen.",
                );
            }
        }
    }

    fn needed<T>(&mut self, at: &At, key: &str, found: Option<T>) -> Option<T> {
        if found.is_none() {
            let remedy = format!("Bitte {key} angeben.");
            self.complain(&at.below(key), "Das fehlt.", remedy);
        }
        found
    }

    fn block(&mut self, at: &At, sheet: BlockSheet, level: &mut u16) -> Option<Block> {
        match sheet.kind {
            BlockWord::Heading => {
                let wanted = sheet.level.unwrap_or(2);
                if !(2..=4).contains(&wanted) || wanted > *level + 1 {
                    let said = format!(
                        "Auf eine Überschrift der Stufe {level} folgt keine der Stufe {wanted}."
                    );
                    let remedy = "Die Titelzeile ist Stufe 1; darunter folgen 2, 3 und 4, ohne eine auszulassen.";
                    self.complain(&at.below("level"), said, remedy);
                }
                *level = wanted;
                let text = self.needed(at, "text", sheet.text)?;
                let text = self.filled(&at.below("text"), text);
                Some(Block::Heading {
                    level: wanted,
                    text,
                })
            }
            BlockWord::Paragraph => {
                let text = self.needed(at, "text", sheet.text)?;
                Some(Block::Paragraph(self.filled(&at.below("text"), text)))
            }
            BlockWord::Notice => {
                let title = sheet.title;
                let title = title.map(|title| self.filled(&at.below("title"), title));
                let text = self.needed(at, "text", sheet.text)?;
                let text = self.filled(&at.below("text"), text);
                Some(Block::Notice { title, text })
            }
            BlockWord::Fields => {
                let keys = self.needed(at, "fields", sheet.fields.filter(|all| !all.is_empty()))?;
                for key in &keys {
                    self.uses_field(&at.below("fields"), key);
                }
                Some(Block::Fields(keys))
            }
            BlockWord::List => {
                let items = self.needed(at, "items", sheet.items.filter(|all| !all.is_empty()))?;
                let items = items.into_iter();
                let items = items.map(|item| self.filled(&at.below("items"), item));
                Some(Block::List(items.collect()))
            }
            BlockWord::Checkbox => {
                let field = self.needed(at, "field", sheet.field)?;
                let is = sheet.is.unwrap_or_else(|| "yes".to_owned());
                self.uses_field(&at.below("field"), &field);
                let crossed = self.condition(at, ConditionSheet { field, is });
                let text = self.needed(at, "text", sheet.text)?;
                let text = self.filled(&at.below("text"), text);
                Some(Block::Checkbox { crossed, text })
            }
            BlockWord::Signature => {
                let keys = sheet.signatures.filter(|all| !all.is_empty());
                let keys = self.needed(at, "signatures", keys)?;
                for key in &keys {
                    self.uses_signature(&at.below("signatures"), key);
                }
                Some(Block::Signatures(keys))
            }
            BlockWord::PageBreak => Some(Block::PageBreak),
        }
    }

    fn uses_signature(&mut self, at: &At, key: &str) {
        if !self.signatures.iter().any(|one| one.key == key) {
            let said = format!("Eine Unterschrift „{key}“ gibt es nicht.");
            self.complain(at, said, "Bitte als [[signature]] beschreiben.");
        } else if !self.used.insert(format!("signature {key}")) {
            let said = format!("Die Unterschrift „{key}“ steht schon anderswo.");
            self.complain(at, said, "Bitte für jede Stelle eine eigene beschreiben.");
        }
    }
}

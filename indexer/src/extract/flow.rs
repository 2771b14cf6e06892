//! Running text as it is put together: paragraphs, tables, and what stands beside the text.
//!
//! A paragraph is held until it ends. Text boxes, notes and comments within it wait and follow it,
//! so that no word is broken by them; a row of a table is a line, its cells parted by tabs.

use super::pager::{Pager, Reading};

/// Stands in a line where a page ends.
const PAGE: char = '\u{c}';

/// Where lines go.
enum Out<'p, 's> {
    Pages(&'p mut Pager<'s>),
    Text(String),
}

/// Puts lines together.
pub(super) struct Flow<'p, 's> {
    out: Out<'p, 's>,
    line: String,
    tables: usize,
    /// The lines and tables around a text box or note that is being read.
    around: Vec<(String, usize)>,
    /// What follows the line.
    beside: Vec<String>,
}

impl<'p, 's> Flow<'p, 's> {
    pub(super) fn new(pager: &'p mut Pager<'s>) -> Self {
        Self::to(Out::Pages(pager))
    }

    fn to(out: Out<'p, 's>) -> Self {
        Self {
            out,
            line: String::new(),
            tables: 0,
            around: Vec::new(),
            beside: Vec::new(),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        // What parts cells, lines and pages is said by elements and never by characters.
        self.line
            .extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
    }

    pub(super) fn tab(&mut self) {
        // Within a cell a tab would be the end of it.
        self.line.push(if self.tables > 0 { ' ' } else { '\t' });
    }

    pub(super) fn line_break(&mut self) {
        self.line.push(if self.tables > 0 { ' ' } else { '\n' });
    }

    /// A page ends here; within tables and boxes that is not told.
    pub(super) fn page_break(&mut self) {
        if self.tables == 0 && self.around.is_empty() {
            self.line.push(PAGE);
        }
    }

    pub(super) fn paragraph_end(&mut self) -> Reading {
        if self.tables > 0 {
            self.line.push(' ');
            return Ok(());
        }
        if !self.around.is_empty() {
            self.line.push('\n');
            return Ok(());
        }
        self.flush()
    }

    pub(super) fn table_begin(&mut self) -> Reading {
        if self.tables == 0 && self.around.is_empty() {
            self.flush()?;
        }
        self.tables += 1;
        Ok(())
    }

    pub(super) fn table_end(&mut self) {
        self.tables = self.tables.saturating_sub(1);
    }

    pub(super) fn cell_end(&mut self) {
        let length = self.line.trim_end_matches(' ').len();
        self.line.truncate(length);
        // A table in a cell is not told apart from the cell.
        self.line.push(if self.tables > 1 { ' ' } else { '\t' });
    }

    pub(super) fn row_end(&mut self) -> Reading {
        if self.tables > 1 {
            self.line.push(' ');
            return Ok(());
        }
        if !self.around.is_empty() {
            self.line.push('\n');
            return Ok(());
        }
        self.flush()
    }

    /// A text box, note or comment begins.
    pub(super) fn beside_begin(&mut self) {
        let tables = std::mem::take(&mut self.tables);
        self.around.push((std::mem::take(&mut self.line), tables));
    }

    pub(super) fn beside_end(&mut self) {
        if let Some((line, tables)) = self.around.pop() {
            let beside = std::mem::replace(&mut self.line, line);
            self.tables = tables;
            self.beside(beside);
        }
    }

    /// What follows the line that is being put together.
    pub(super) fn beside(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.beside.push(text);
        }
    }

    /// Ends the line.
    pub(super) fn flush(&mut self) -> Reading {
        let line = std::mem::take(&mut self.line);
        let beside = std::mem::take(&mut self.beside);
        for (number, part) in line.split(PAGE).enumerate() {
            if number > 0
                && let Out::Pages(pager) = &mut self.out
            {
                pager.page_break()?;
            }
            self.lines(part)?;
        }
        beside.iter().try_for_each(|text| self.lines(text))
    }

    fn lines(&mut self, text: &str) -> Reading {
        for line in text.split('\n') {
            match &mut self.out {
                Out::Pages(pager) => pager.flow(line)?,
                Out::Text(all) => {
                    if !all.is_empty() && !line.trim().is_empty() {
                        all.push('\n');
                    }
                    all.push_str(line.trim());
                }
            }
        }
        Ok(())
    }
}

impl Flow<'_, '_> {
    /// Puts lines together that are wanted in one piece.
    pub(super) fn collecting() -> Self {
        Self::to(Out::Text(String::new()))
    }

    /// The lines that were put together.
    pub(super) fn collected(mut self) -> Reading<String> {
        self.flush()?;
        Ok(match self.out {
            Out::Text(all) => all,
            Out::Pages(_) => String::new(),
        })
    }
}

//! Tables as text: cells parted by semicolons, tabs or commas, rows by line ends.

use super::pager::{Pager, Reading};
use super::wire::End;
use super::{Engine, plain};

pub(super) const ENGINE: Engine = Engine {
    name: "csv",
    version: "1",
};

/// So many first lines decide.
const LINES_LOOKED_AT: usize = 20;
/// What parts cells, the likeliest first, and how often it must do so in each line: a comma also
/// stands in sentences.
const SEPARATORS: [(u8, usize); 3] = [(b';', 1), (b'\t', 1), (b',', 2)];

/// What parts the cells of a text that begins with `head`, if it is a table: at least two lines,
/// and in each of them the same sign equally often.
pub(super) fn separator(head: &str, is_whole: bool) -> Option<u8> {
    let mut lines: Vec<&str> = head.lines().take(LINES_LOOKED_AT + 1).collect();
    if !is_whole || lines.len() > LINES_LOOKED_AT {
        // The last one may have been cut.
        lines.pop();
    }
    lines.retain(|line| !line.trim().is_empty());
    // A quoted cell may hold line ends; then lines say nothing.
    if lines.len() < 2 || lines.iter().any(|line| line.matches('"').count() % 2 == 1) {
        return None;
    }
    SEPARATORS.into_iter().find_map(|(separator, least)| {
        let cells = |line: &&str| outside_quotes(line, separator);
        let first = lines.first().map_or(0, cells);
        (first >= least && lines.iter().all(|line| cells(line) == first)).then_some(separator)
    })
}

fn outside_quotes(line: &str, separator: u8) -> usize {
    let mut is_quoted = false;
    let mut count = 0;
    for byte in line.bytes() {
        is_quoted ^= byte == b'"';
        count += usize::from(byte == separator && !is_quoted);
    }
    count
}

pub(super) fn read(content: &[u8], pager: &mut Pager<'_>) -> Reading {
    let text = plain::decode(content).ok_or(End::NotText)?;
    let separator = separator(&text, true).unwrap_or(b';');
    let mut table = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut row = csv::StringRecord::new();
    loop {
        match table.read_record(&mut row) {
            Ok(true) => {
                let cells = row
                    .iter()
                    .map(|cell| cell.trim().replace(['\n', '\r', '\t'], " "));
                let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
                pager.line(&cells.join("\t"))?;
            }
            Ok(false) => return Ok(()),
            Err(_source) => return Err(End::Damaged.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_told_from_sentences() {
        let check = |text: &str, expect: Option<u8>| {
            assert_eq!(separator(text, true), expect, "{text:?}");
        };
        check("Name;Ort\nMüller;Bonn\n", Some(b';'));
        check("a,b,c\n1,\"2,5\",3\n", Some(b','));
        check("a\tb\n1\t2\n", Some(b'\t'));
        check(
            "Sehr geehrte Frau Müller,\nwir danken, wie besprochen.\n",
            None,
        );
        check("Eins, zwei\nDrei, vier\n", None);
        check("Name;Ort\n", None);
        check("Satz mit; Zeichen\nZweiter Satz\n", None);
    }
}

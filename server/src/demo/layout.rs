//! From paragraphs to rows: line breaking, tables, lists, headings.

use super::metrics::Font;

/// How the text of a page is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) regular: Font,
    pub(super) bold: Font,
    pub(super) size: f64,
    pub(super) width: f64,
    /// Both margins straight, and words broken at the end of a line.
    pub(super) justify: bool,
    pub(super) hyphenate: bool,
    /// Lines of the shape `name: value` stand in two columns.
    pub(super) columns: bool,
}

/// A piece of a row.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) x: f64,
    pub(super) text: String,
    pub(super) font: Font,
    /// Added to each blank.
    pub(super) spread: f64,
}

/// A row of the page.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Space above, in points.
    pub(super) gap: f64,
    pub(super) runs: Vec<Run>,
    /// A hairline below.
    pub(super) rule: bool,
}

impl Style {
    pub(super) fn leading(&self) -> f64 {
        self.size * 1.32
    }

    /// Height of the rows when set one below the other.
    pub(super) fn height(&self, rows: &[Row]) -> f64 {
        rows.iter().map(|row| row.gap + self.leading()).sum()
    }

    /// Breaks the text of a page into rows.
    pub(super) fn rows(&self, page: &str) -> Vec<Row> {
        let mut out = Vec::new();
        let mut paragraphs = page
            .split("\n\n")
            .filter(|text| !text.is_empty())
            .peekable();
        let mut signing = false;
        while let Some(paragraph) = paragraphs.next() {
            let first = out.len();
            if paragraph.contains('\t') {
                self.table(paragraph, &mut out);
            } else if self.columns && is_record(paragraph) {
                self.record(paragraph, &mut out);
            } else {
                let heading = is_heading(paragraph, paragraphs.peek().copied());
                self.paragraph(
                    paragraph,
                    if heading { self.bold } else { self.regular },
                    &mut out,
                );
            }
            if let (true, Some(row)) = (first > 0, out.get_mut(first)) {
                row.gap += self.size * if signing { 1.9 } else { 0.62 };
            }
            signing = paragraph.starts_with("Mit freundlichen Grüßen\nIm Auftrag");
        }
        out
    }

    fn paragraph(&self, paragraph: &str, font: Font, out: &mut Vec<Row>) {
        for line in paragraph.split('\n') {
            let (mark, rest) = list_mark(line);
            let indent = if mark.is_empty() {
                0.0
            } else {
                self.size * 1.5
            };
            let lines = self.broken(rest, font, self.width - indent);
            let last = lines.len().saturating_sub(1);
            for (index, text) in lines.into_iter().enumerate() {
                let mut row = Row::default();
                if index == 0 && !mark.is_empty() {
                    row.runs.push(Run {
                        x: 0.0,
                        text: mark.to_owned(),
                        font,
                        spread: 0.0,
                    });
                }
                let spread = if self.justify && index < last {
                    self.spread(&text, font, self.width - indent)
                } else {
                    0.0
                };
                row.runs.push(Run {
                    x: indent,
                    text,
                    font,
                    spread,
                });
                out.push(row);
            }
        }
    }

    fn record(&self, paragraph: &str, out: &mut Vec<Row>) {
        let left = self.width * 0.36;
        for line in paragraph.split('\n') {
            let Some((name, value)) = line.split_once(": ") else {
                self.paragraph(line, self.regular, out);
                continue;
            };
            let name = format!("{name}:");
            let names = self.broken(&name, self.regular, left - self.size);
            let values = self.broken(value, self.bold, self.width - left);
            for index in 0..names.len().max(values.len()) {
                let mut row = Row {
                    gap: if index == 0 { 1.5 } else { 0.0 },
                    ..Row::default()
                };
                if let Some(text) = names.get(index) {
                    let text = text.clone();
                    row.runs.push(Run {
                        x: 0.0,
                        text,
                        font: self.regular,
                        spread: 0.0,
                    });
                }
                if let Some(text) = values.get(index) {
                    let text = text.clone();
                    row.runs.push(Run {
                        x: left,
                        text,
                        font: self.bold,
                        spread: 0.0,
                    });
                }
                out.push(row);
            }
        }
    }

    fn table(&self, paragraph: &str, out: &mut Vec<Row>) {
        let cells: Vec<Vec<&str>> = paragraph
            .split('\n')
            .map(|line| line.split('\t').collect())
            .collect();
        let columns = self.columns_of(&cells);
        let last = cells.len().saturating_sub(1);
        for (index, line) in cells.iter().enumerate() {
            let head = index == 0;
            let total = !head && line.iter().any(|cell| is_total(cell));
            let font = if head || total {
                self.bold
            } else {
                self.regular
            };
            let texts: Vec<Vec<String>> = columns
                .iter()
                .zip(line)
                .map(|(column, cell)| self.broken(cell, font, column.width + 0.5))
                .collect();
            let depth = texts.iter().map(Vec::len).max().unwrap_or(1);
            for level in 0..depth {
                let mut row = Row {
                    gap: if level == 0 { 2.5 } else { 0.0 },
                    ..Row::default()
                };
                row.rule = (head || index == last) && level + 1 == depth;
                for (column, lines) in columns.iter().zip(&texts) {
                    let Some(text) = lines.get(level).filter(|text| !text.is_empty()) else {
                        continue;
                    };
                    let slack = if column.right {
                        column.width - font.width(text, self.size)
                    } else {
                        0.0
                    };
                    row.runs.push(Run {
                        x: column.x + slack,
                        text: text.clone(),
                        font,
                        spread: 0.0,
                    });
                }
                out.push(row);
            }
        }
    }

    /// Natural widths; what is too much is taken from the widest column.
    fn columns_of(&self, cells: &[Vec<&str>]) -> Vec<Column> {
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let gutter = self.size * 1.2;
        let mut widths = vec![0.0_f64; count];
        let mut right = vec![true; count];
        for (index, line) in cells.iter().enumerate() {
            for ((width, right), cell) in widths.iter_mut().zip(&mut right).zip(line) {
                *width = width.max(self.bold.width(cell, self.size));
                *right &= index == 0 || is_number(cell);
            }
        }
        if let Some(first) = right.first_mut() {
            *first = false;
        }
        let between = gutter * f64::from(u32::try_from(count.saturating_sub(1)).unwrap_or(0));
        let excess = widths.iter().sum::<f64>() + between - self.width;
        if let Some(widest) = widths.iter_mut().max_by(|a, b| a.total_cmp(b)) {
            // Also grows it, so that the table fills the line.
            *widest -= excess;
        }
        let mut x = 0.0;
        widths
            .into_iter()
            .zip(right)
            .map(|(width, right)| {
                let column = Column { x, width, right };
                x += width + gutter;
                column
            })
            .collect()
    }

    fn spread(&self, text: &str, font: Font, width: f64) -> f64 {
        let blanks = u32::try_from(text.matches(' ').count()).unwrap_or(0);
        if blanks == 0 {
            return 0.0;
        }
        let spread = (width - font.width(text, self.size)) / f64::from(blanks);
        // A line so loose looks worse than a ragged one.
        if spread > self.size * 0.9 {
            0.0
        } else {
            spread.max(0.0)
        }
    }

    fn broken(&self, text: &str, font: Font, width: f64) -> Vec<String> {
        let mut out = Vec::new();
        let mut line = String::new();
        for word in words(text) {
            let word = word.as_str();
            let glue = if line.is_empty() { "" } else { " " };
            let longer = format!("{line}{glue}{word}");
            if font.width(&longer, self.size) <= width {
                line = longer;
                continue;
            }
            let cut = if self.hyphenate {
                hyphenation(word)
            } else {
                Vec::new()
            };
            let fitting = cut
                .into_iter()
                .rev()
                .find(|(head, _)| font.width(&format!("{line}{glue}{head}-"), self.size) <= width);
            if let Some((head, tail)) = fitting {
                out.push(format!("{line}{glue}{head}-"));
                line = tail.to_owned();
            } else {
                if !line.is_empty() {
                    out.push(std::mem::take(&mut line));
                }
                line = word.to_owned();
            }
        }
        out.push(line);
        out
    }
}

/// The words of a text; a paragraph sign stays with its number.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match out.last_mut() {
            Some(last) if last.ends_with('§') => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => out.push(word.to_owned()),
        }
    }
    out
}

struct Column {
    x: f64,
    width: f64,
    right: bool,
}

/// Where German words may surely be broken: before these parts.
const PARTS: [&str; 53] = [
    "antrag",
    "arbeit",
    "ausweis",
    "beratung",
    "bereich",
    "bericht",
    "bescheid",
    "bewertung",
    "bung",
    "dung",
    "fahrzeug",
    "fristen",
    "fung",
    "geber",
    "gebühr",
    "genehmigung",
    "gung",
    "haltung",
    "heit",
    "hung",
    "keit",
    "leistung",
    "lich",
    "lung",
    "maßnahme",
    "mung",
    "nachweis",
    "nehmer",
    "nung",
    "ordnung",
    "pflicht",
    "planung",
    "prüfung",
    "reinigung",
    "rung",
    "schaft",
    "schreibung",
    "sitzung",
    "stellung",
    "steuer",
    "straße",
    "termin",
    "tung",
    "vereinbarung",
    "versicherung",
    "vertrag",
    "verwaltung",
    "vorlage",
    "wertung",
    "zeichen",
    "zeichnung",
    "zung",
    "übersicht",
];

/// The ways to break a word, shortest head first. A light rule: it misses many places and takes no wrong one that we know.
fn hyphenation(word: &str) -> Vec<(&str, &str)> {
    let plain = word.trim_end_matches(['.', ',', ';', ':', ')', '“']);
    if !plain.chars().all(char::is_alphabetic) {
        return Vec::new();
    }
    let mut places: Vec<usize> = PARTS
        .iter()
        .flat_map(|part| plain.match_indices(part).map(|(place, _)| place))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
        .into_iter()
        .filter_map(|place| word.split_at_checked(place))
        .filter(|(head, tail)| {
            head.chars().count() > 3
                && tail.chars().count() > 3
                && !head.ends_with('c')
                && !(head.ends_with('f') && tail.starts_with("lich"))
        })
        .collect()
}

/// A short line that is no sentence; what follows tells it from a signature.
fn is_heading(paragraph: &str, next: Option<&str>) -> bool {
    let short = paragraph.chars().count() < 80 && !paragraph.contains(['\n', '\t']);
    let sentence = paragraph.ends_with(['.', ',', ':', '!', '?'])
        || ["Mit ", "Im Auftrag", "gez. ", "Viele Grüße", "Hollerfurt, "]
            .iter()
            .any(|start| paragraph.starts_with(start));
    short && !sentence && next.is_some_and(|next| next.chars().count() > 30)
}

fn is_record(paragraph: &str) -> bool {
    let lines = paragraph.split('\n');
    let fitting = lines.clone().filter(|line| {
        line.split_once(": ")
            .is_some_and(|(name, _)| name.chars().count() < 46)
    });
    lines.count() > 1 && fitting.count() * 3 >= paragraph.split('\n').count() * 2
}

fn is_number(cell: &str) -> bool {
    cell.is_empty()
        || cell.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
            && cell.chars().filter(|letter| letter.is_alphabetic()).count() < 4
}

fn is_total(cell: &str) -> bool {
    [
        "Rechnungsbetrag",
        "Gesamt",
        "Zu zahlen",
        "Gutschrift gesamt",
        "Erstattungsbetrag",
    ]
    .iter()
    .chain(&["Nachforderung", "Anschlussbeitrag", "Jahresbetrag"])
    .any(|word| cell.starts_with(word))
}

/// `– ` or `12. ` at the start of a line, and what follows.
fn list_mark(line: &str) -> (&str, &str) {
    if let Some(rest) = line.strip_prefix("– ") {
        return ("–", rest);
    }
    match line.split_once(' ') {
        Some((mark, rest))
            if mark.len() < 4
                && mark.ends_with('.')
                && mark
                    .trim_end_matches('.')
                    .chars()
                    .all(|letter| letter.is_ascii_digit())
                && mark.len() > 1 =>
        {
            (mark, rest)
        }
        Some(_) | None => ("", line),
    }
}

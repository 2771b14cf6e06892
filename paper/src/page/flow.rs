//! Where words go: lines, pages, and what is read in which order.

use super::letters::{Letters, Weight, is_mark};

/// Points in a millimetre.
pub(crate) const MM: f32 = 72.0 / 25.4;
/// A page, A4.
pub(crate) const PAGE_WIDTH: f32 = 210.0 * MM;
pub(crate) const PAGE_HEIGHT: f32 = 297.0 * MM;
/// Margins as in DIN 5008.
pub(crate) const LEFT: f32 = 25.0 * MM;
pub(crate) const RIGHT: f32 = PAGE_WIDTH - 20.0 * MM;
/// Where what is read begins and ends on a page.
pub(crate) const TOP: f32 = 30.0 * MM;
pub(crate) const BOTTOM: f32 = PAGE_HEIGHT - 22.0 * MM;

/// What letters look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub(crate) size: f32,
    /// From line to line.
    pub(crate) leading: f32,
    pub(crate) weight: Weight,
    pub(crate) ink: Ink,
}

/// The colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// What is read.
    Black,
    /// What stands beside it.
    Grey,
    /// The colour of the house.
    House,
    /// What must not be overlooked.
    Warning,
    /// Lines.
    Line,
    /// Behind places to sign.
    Paper,
}

/// Something on a page. Places are points from its upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// Words on a line.
    Words {
        left: f32,
        line: f32,
        text: String,
        style: Style,
    },
    /// A filled rectangle.
    Filled {
        left: f32,
        top: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    /// The outline of a box, with a cross in it or without.
    Box {
        left: f32,
        top: f32,
        side: f32,
        crossed: bool,
    },
    /// Dark squares in a field of squares: a code.
    Squares {
        left: f32,
        top: f32,
        /// Of one square.
        side: f32,
        /// The dark ones: how many squares from the left and from the top.
        dark: Vec<(u16, u16)>,
    },
}

/// What something is to whom it is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tag {
    Heading(u16, String),
    Paragraph,
    Words,
    /// With what is said instead of seeing it.
    Figure(String),
    List,
    Item,
    Bullet,
    ItemBody,
    Table,
    Row,
    /// Of a row: what the cells beside it say.
    Label,
    /// Of a column: what the cells below it say.
    ColumnLabel,
    Value,
}

/// A node of what is read.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) tag: Tag,
    pub(crate) children: Vec<usize>,
}

/// A mark, and to which node it belongs: to none where it is for the eye alone.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) node: Option<usize>,
    pub(crate) mark: Mark,
}

/// A heading, for the list of contents.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) level: u16,
    pub(crate) text: String,
    pub(crate) page: usize,
    pub(crate) top: f32,
}

/// Pages that grow.
pub(crate) struct Flow<'l> {
    pub(crate) letters: &'l Letters,
    pub(crate) pages: Vec<Vec<Drawn>>,
    /// How far the page is full.
    pub(crate) top: f32,
    pub(crate) nodes: Vec<Node>,
    /// The nodes that are in no other.
    pub(crate) roots: Vec<usize>,
    pub(crate) contents: Vec<Entry>,
}

impl<'l> Flow<'l> {
    pub(crate) fn new(letters: &'l Letters) -> Self {
        Self {
            letters,
            pages: vec![Vec::new()],
            top: TOP,
            nodes: Vec::new(),
            roots: Vec::new(),
            contents: Vec::new(),
        }
    }

    /// A new node, in another one or in none.
    pub(crate) fn node(&mut self, tag: Tag, within: Option<usize>) -> usize {
        let id = self.nodes.len();
        self.nodes.push(Node {
            tag,
            children: Vec::new(),
        });
        match within.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(id),
            None => self.roots.push(id),
        }
        id
    }

    pub(crate) fn draw(&mut self, node: Option<usize>, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(Drawn { node, mark });
        }
    }

    /// Begins a new page, unless this one is empty.
    pub(crate) fn next_page(&mut self) {
        if self.top > TOP {
            self.pages.push(Vec::new());
            self.top = TOP;
        }
    }

    /// Makes room: a new page where there is not so much left.
    pub(crate) fn need(&mut self, height: f32) {
        if self.top + height > BOTTOM {
            self.next_page();
        }
    }

    /// Leaves some room, but not at the beginning of a page.
    pub(crate) fn space(&mut self, height: f32) {
        if self.top > TOP {
            self.top += height;
        }
    }

    /// Words between two edges, line by line. A single line is left alone neither at the end of a page nor at the
    /// beginning of the next.
    pub(crate) fn words(
        &mut self,
        node: usize,
        text: &str,
        style: Style,
        (left, right): (f32, f32),
    ) {
        self.marked(node, text, style, (left, right), |_, _| {});
    }

    /// The same, and for each line something beside it.
    pub(crate) fn marked(
        &mut self,
        node: usize,
        text: &str,
        style: Style,
        (left, right): (f32, f32),
        beside: impl Fn(&mut Self, f32),
    ) {
        let lines = broken(self.letters, text, style, right - left);
        let many = lines.len();
        for (number, text) in lines.into_iter().enumerate() {
            let first_of_several = number == 0 && many > 1;
            let last_but_one = many > 2 && number + 2 == many;
            let together = if first_of_several || last_but_one {
                2.0
            } else {
                1.0
            };
            self.need(style.leading * together);
            beside(self, style.leading);
            let line = self.top + baseline(style);
            self.draw(
                Some(node),
                Mark::Words {
                    left,
                    line,
                    text,
                    style,
                },
            );
            self.top += style.leading;
        }
    }
}

/// How far below the upper edge of a line its letters stand.
pub(crate) fn baseline(style: Style) -> f32 {
    (style.leading - style.size) / 2.0 + style.size * 0.86
}

/// The lines of a text. It is broken at spaces, behind hyphens and slashes, and where a word is longer than a line,
/// in the word. A space at which it is broken stays: it parts words for whoever reads without seeing.
pub(crate) fn broken(letters: &Letters, text: &str, style: Style, width: f32) -> Vec<String> {
    let measure = |text: &str| letters.width(text, style.weight) * style.size;
    let mut lines = Vec::new();
    for hard in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0.0);
        for piece in pieces(hard) {
            let (all, seen) = (measure(piece), measure(piece.trim_end_matches(' ')));
            if used + seen <= width {
                line.push_str(piece);
                used += all;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if seen <= width {
                line.push_str(piece);
                used = all;
                continue;
            }
            for letter in letters_of(piece) {
                let wide = measure(letter);
                if used + wide > width && !line.is_empty() && letter != " " {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push_str(letter);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// Where a line can be broken: each piece ends with its spaces, or behind a hyphen or a slash between letters.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len();
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let is_space = c == ' ' && next != Some(' ');
            let is_hyphen =
                matches!(c, '-' | '/' | '–') && at > 0 && next.is_some_and(char::is_alphabetic);
            if is_space || is_hyphen {
                end = at + c.len_utf8();
                break;
            }
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The letters of a word, each with the marks that stand on it.
fn letters_of(word: &str) -> Vec<&str> {
    let mut letters = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| !is_mark(*c))
            .map_or(rest.len(), |(at, _)| at);
        let (letter, after) = rest.split_at(end);
        letters.push(letter);
        rest = after;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style {
        size: 10.0,
        leading: 14.0,
        weight: Weight::Regular,
        ink: Ink::Black,
    };

    #[test]
    fn lines_are_broken_where_words_end_and_nothing_is_lost() {
        let letters = Letters::new().expect("fonts");
        let text = "Hiermit bestätige ich, Đorđević-Müller-Lüdenscheidt, den Empfang.";
        let lines = broken(&letters, text, STYLE, 120.0);
        assert!(lines.len() > 2, "{lines:?}");
        assert_eq!(lines.concat(), text);
        for line in &lines {
            let width = letters.width(line.trim_end(), Weight::Regular) * 10.0;
            assert!(width <= 120.0, "{line}: {width}");
        }
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_and_marks_stay_on_their_letters() {
        let letters = Letters::new().expect("fonts");
        let word = "S\u{30c}\u{331}".repeat(200);
        let lines = broken(&letters, &word, STYLE, 60.0);
        assert!(lines.len() > 10);
        assert_eq!(lines.concat(), word);
        for line in lines {
            assert!(line.starts_with('S'), "{line}");
            assert!(letters.width(&line, Weight::Regular) * 10.0 <= 60.0);
        }
        // Even where not one letter has room, it ends.
        assert_eq!(broken(&letters, "MMM", STYLE, 1.0), ["M", "M", "M"]);
        assert!(broken(&letters, " \n ", STYLE, 60.0).is_empty());
    }
}

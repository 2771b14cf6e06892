//! Words with places in them: `{field}` stands for what is said in a field.

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it stands.
    Words(String),
    /// What is said in this field.
    Field(String),
}

/// What is wrong with braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpaired {
    /// One is opened and not closed.
    Opened,
    /// One is closed that was not opened.
    Closed,
}

/// The pieces of a text. `{{` and `}}` are braces.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, Unpaired> {
    let mut pieces = Vec::new();
    let mut words = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.next_if_eq(&'{').is_some() => words.push('{'),
            '}' if chars.next_if_eq(&'}').is_some() => words.push('}'),
            '}' => return Err(Unpaired::Closed),
            '{' => {
                let mut key = String::new();
                loop {
                    match chars.next() {
                        Some('}') => break,
                        Some('{') | None => return Err(Unpaired::Opened),
                        Some(other) => key.push(other),
                    }
                }
                if !words.is_empty() {
                    pieces.push(Piece::Words(std::mem::take(&mut words)));
                }
                pieces.push(Piece::Field(key));
            }
            other => words.push(other),
        }
    }
    if !words.is_empty() {
        pieces.push(Piece::Words(words));
    }
    Ok(pieces)
}

/// The paragraphs of a text as it stands in a template: an empty line parts them, a single line break is a space.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim).chain(std::iter::once("")) {
        if !line.is_empty() {
            lines.push(line);
        } else if !lines.is_empty() {
            all.push(lines.join(" "));
            lines.clear();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_places_or_twice_themselves() {
        let field = |key: &str| Piece::Field(key.to_owned());
        let words = |text: &str| Piece::Words(text.to_owned());
        let found = pieces("Ich, {name}, habe {{}} {n}").expect("paired");
        assert_eq!(
            found,
            [
                words("Ich, "),
                field("name"),
                words(", habe {} "),
                field("n")
            ]
        );
        assert_eq!(pieces("{name"), Err(Unpaired::Opened));
        assert_eq!(pieces("{a{b}"), Err(Unpaired::Opened));
        assert_eq!(pieces("name}"), Err(Unpaired::Closed));
        assert_eq!(pieces(""), Ok(Vec::new()));
    }

    #[test]
    fn an_empty_line_parts_paragraphs() {
        assert_eq!(
            paragraphs("\n eins\nzwei \n\n\n drei\n"),
            ["eins zwei", "drei"]
        );
        assert!(paragraphs(" \n").is_empty());
    }
}

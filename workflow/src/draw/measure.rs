//! How wide text becomes, and how it is broken: by the widest of the fonts that are asked for, so that it fits
//! in each of them.

/// Width of a letter in thousandths of the size of the font.
const fn letter(letter: char) -> u32 {
    match letter {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | 'i' | 'j' | 'l' | 'I' => 340,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | '!' => 420,
        'm' | 'M' | 'W' | '@' | '%' | '…' | '—' | '→' | '←' => 1_000,
        'w' | '+' | '=' | '<' | '>' => 840,
        'A'..='Z' | 'Ä' | 'Ö' | 'Ü' => 760,
        'a'..='z' | '0'..='9' | 'ä' | 'ö' | 'ü' | 'ß' | '§' | '„' | '“' | '–' | '·' | '?' => {
            640
        }
        // Unknown ones are as wide as they are high.
        _ => 1_000,
    }
}

/// Width of a text in pixels, rounded up; bold is an eighth wider.
pub(super) fn width(text: &str, size: u32, bold: bool) -> u32 {
    let all: u32 = text.chars().map(letter).sum();
    let all = if bold { all + all / 8 } else { all };
    (all * size).div_ceil(1_000)
}

/// A text in lines that fit. A word that is too long alone is broken.
pub(super) fn lines(text: &str, size: u32, bold: bool, most: u32) -> Vec<String> {
    let mut done = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if width(&longer, size, bold) <= most {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            done.push(std::mem::take(&mut line));
        }
        for one in word.chars() {
            line.push(one);
            if width(&line, size, bold) > most {
                let last = line.pop();
                done.push(std::mem::take(&mut line));
                line.extend(last);
            }
        }
    }
    if !line.is_empty() || done.is_empty() {
        done.push(line);
    }
    done
}

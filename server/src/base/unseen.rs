//! Characters that nobody sees and that change what others show.

/// Whether a character is not seen and turns, hides or tags what stands beside it, so that two people may read
/// different things: marks of direction, spaces without width, tags. What joins letters in some scripts, and soft
/// hyphens, change nothing that is read.
#[must_use]
pub const fn steers(one: char) -> bool {
    matches!(
        one,
        '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_scripts_steer_nothing() {
        for one in "aä ßﬁĐ中אب\u{200c}\u{200d}\u{ad}👨‍👩‍👧€–".chars() {
            assert!(!steers(one), "{one:?}");
        }
        for one in "\u{202a}\u{202e}\u{2066}\u{2069}\u{200b}\u{feff}".chars() {
            assert!(steers(one), "{one:?}");
        }
    }
}

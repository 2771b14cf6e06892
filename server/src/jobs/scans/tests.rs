//! What becomes of the pages of a scan, without an engine.

use indexer::extract::{Code, CodeKind};

use super::*;
use crate::documents::Details;

fn page(text: &str, state: &str) -> Page {
    Page {
        text: text.to_owned(),
        state: state.to_owned(),
        ..Page::default()
    }
}

fn info(state: &str, reason: Option<&str>) -> TextInfo {
    TextInfo {
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        pages: 2,
        engine: "hayro 1".to_owned(),
        components: None,
        details: Details::default(),
    }
}

#[test]
fn the_state_of_a_text_follows_from_what_both_engines_read() {
    let check = |before: &TextInfo, pages: &[Page], failed, expect: (&str, Option<&str>)| {
        let after = judged(before, pages, (failed, false), "tesseract 5");
        assert_eq!((after.state.as_str(), after.reason.as_deref()), expect);
        assert_eq!(after.engine, "hayro 1, tesseract 5");
        assert_eq!(after.pages, before.pages);
    };
    let scan = info("unreadable", Some("no_text"));
    let read = [page("Text", "read"), page("Wort", RECOGNISED)];
    check(&scan, &read, None, ("readable", None));
    let blank = [page("", RECOGNISED), page(" ", RECOGNISED)];
    check(&scan, &blank, None, ("unreadable", Some("no_text")));
    let half = [page("Text", "read"), page("", NEEDS_OCR)];
    let late = Some(Reason::TimedOut);
    check(&scan, &half, late, ("partly_readable", Some("timed_out")));
    check(&scan, &half[1..], late, ("unreadable", Some("timed_out")));
    let cut = info("partly_readable", Some("too_large"));
    check(&cut, &read, None, ("partly_readable", Some("too_large")));
}

#[test]
fn while_pages_are_left_the_text_is_partly_readable() {
    let scan = info("unreadable", Some("no_text"));
    let check = |pages: &[Page], failed, expect: (&str, Option<&str>)| {
        let after = judged(&scan, pages, (failed, true), "tesseract 5");
        assert_eq!((after.state.as_str(), after.reason.as_deref()), expect);
    };
    let half = [page("Wort", RECOGNISED), page("", NEEDS_OCR)];
    check(&half, None, ("partly_readable", Some("no_text")));
    check(&half[1..], None, ("unreadable", Some("no_text")));
    let crashed = Some(Reason::Crashed);
    check(&half, crashed, ("partly_readable", Some("crashed")));
}

fn found(words: &[&str]) -> Found {
    let one = |text: &&str| Word {
        text: (*text).to_owned(),
        place: [0, 0, 10, 10],
        confidence: 90,
    };
    let read = Read {
        text: words.join(" "),
        words: words.iter().map(one).collect(),
        confidence: 90,
        languages: "deu".to_owned(),
    };
    let size = Size {
        width: 100,
        height: 100,
    };
    Found::Words(Box::new(read), size, 0, Seen::default())
}

#[test]
fn nothing_is_kept_beyond_the_characters_and_words_of_a_document() {
    let pages = || {
        vec![
            page("Vorspann", "read"),
            page("?", NEEDS_OCR),
            page("", NEEDS_OCR),
        ]
    };
    let begin = Progress::default();
    // Eight characters are taken, and one that is worth nothing.
    let mut reading = Reading::new(pages(), 17, &begin);
    reading.take(1, found(&["neun", "acht"]));
    assert!(!reading.full);
    assert_eq!(reading.pages[1], page("neun acht", RECOGNISED));
    reading.take(2, found(&["zu", "viel"]));
    assert!(reading.full && reading.reason == Some(Reason::TooLarge));
    assert_eq!(reading.pages[2], page("", "cut"));
    let kept: Vec<usize> = reading.words.iter().map(|page| page.words.len()).collect();
    assert_eq!(kept, [2, 0]);

    // Two words are left of all.
    let before = Progress {
        through: 1,
        words: u64::try_from(WORDS_MAX).expect("a number") - 2,
        failed: None,
    };
    let mut reading = Reading::new(pages(), 1_000, &before);
    reading.take(1, found(&["eins", "zwei"]));
    assert!(!reading.full);
    reading.take(2, found(&["drei"]));
    assert!(reading.full);
    let kept: Vec<usize> = reading.words.iter().map(|page| page.words.len()).collect();
    assert_eq!(kept, [2, 0]);
}

#[test]
fn a_page_is_blank_where_neither_ink_nor_code_nor_word_is() {
    let read = |words: &[&str]| match found(words) {
        Found::Words(read, ..) => *read,
        Found::Failed(_) => panic!("it was read"),
    };
    let bare = Seen {
        bare: true,
        codes: Vec::new(),
    };
    assert!(is_blank(&read(&[]), &bare));
    // A speck is no word.
    assert!(is_blank(&read(&["|", "i."]), &bare));
    assert!(!is_blank(&read(&["Seite"]), &bare));
    assert!(!is_blank(&read(&[]), &Seen::default()));
    let code = Code {
        kind: CodeKind::Qr,
        text: "PL1:T".to_owned(),
        place: [0, 0, 1, 1],
    };
    let mut coded = bare.clone();
    coded.codes.push(code);
    assert!(!is_blank(&read(&[]), &coded));
    let mut doubtful = read(&["Seite"]);
    doubtful.words[0].confidence = 30;
    assert!(is_blank(&doubtful, &bare));
}

#[test]
fn what_was_seen_is_kept_with_the_page_even_where_no_text_is() {
    let pages = vec![page("", NEEDS_OCR)];
    let mut reading = Reading::new(pages, 100, &Progress::default());
    let seen = Seen {
        bare: true,
        codes: Vec::new(),
    };
    let Found::Words(read, size, turned, _) = found(&[]) else {
        panic!("it was read");
    };
    reading.take(0, Found::Words(read, size, turned, seen));
    assert!(reading.pages[0].blank);
}

#[test]
fn a_page_that_fails_keeps_its_state_and_its_reason_is_carried_on() {
    let pages = vec![page("", NEEDS_OCR), page("", NEEDS_OCR)];
    let mut reading = Reading::new(pages.clone(), 100, &Progress::default());
    reading.take(0, Found::Failed(Reason::TimedOut));
    assert_eq!((reading.failed, &reading.pages[0]), (1, &pages[0]));
    let before = Progress {
        through: 1,
        words: 0,
        failed: Some("timed_out".to_owned()),
    };
    let mut reading = Reading::new(pages, 100, &before);
    reading.take(1, found(&["Wort"]));
    assert_eq!(reading.reason, Some(Reason::TimedOut));
    assert_eq!(reading.failed, 0);
}

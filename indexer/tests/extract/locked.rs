//! PDFs that are locked, by every kind of lock that there is: read with the password, and not without it.

use indexer::extract::{
    Extraction, Format, Password, Passwords, PictureState, Reason, TextState, Unlocked, Want,
};

use crate::builder::simple;
use crate::support::{block_on, data, extract, extractor, limits, text};

/// What stands in each of them, and what is attached to each.
const WORDS: &str = "Gehaltsmitteilung für Erika Beispiel\nBruttobezug Besoldungsgruppe A9\n";

const LOCKED: [&str; 5] = ["rc4-40", "rc4-128", "aes-128", "aes-256-r5", "aes-256"];

const NONE: &[&str] = &[];

fn locked(name: &str) -> Vec<u8> {
    data(&format!("locked/{name}.pdf"))
}

fn some(words: &[&str]) -> Passwords {
    Passwords::of(words.iter().filter_map(|word| Password::new(word)))
}

fn read(content: &[u8], words: &[&str]) -> Extraction {
    let (extractor, passwords) = (extractor(limits()), some(words));
    let reading = extractor.opening(&passwords).extract(content, None);
    block_on(reading).expect("a worker")
}

fn unlock(content: &[u8], words: &[&str]) -> Unlocked {
    let (extractor, passwords) = (extractor(limits()), some(words));
    block_on(extractor.opening(&passwords).unlock(content)).expect("a worker")
}

pub(crate) fn a_locked_pdf_is_read_by_the_first_password_that_fits() {
    let reason = Reason::Encrypted;
    for name in LOCKED {
        let content = locked(name);
        for none in [NONE, &["gehalt2026"], &["falsch", "auch falsch"]] {
            let extraction = read(&content, none);
            let state = TextState::Unreadable { reason };
            assert_eq!(extraction.state, state, "{name}: {none:?}");
            assert_eq!(extraction.format, Format::Pdf);
            assert_eq!((extraction.opened, extraction.parts), (None, 0));
        }
        // The password of whoever may read, and that of whoever locked it.
        for fits in ["Gehalt2026", "Chef"] {
            let extraction = read(&content, &["falsch", fits, "Gehalt2026"]);
            assert_eq!(extraction.state, TextState::Readable, "{name}: {fits}");
            assert_eq!(text(&extraction), WORDS, "{name}: {fits}");
            assert!(matches!(extraction.opened, Some(1 | 2)), "{name}: {fits}");
            assert_eq!(extraction.parts, 1, "{name}: {fits}");
        }
    }
}

pub(crate) fn a_pdf_that_anyone_may_open_is_read_like_any_other() {
    for name in ["empty", "empty-rc4"] {
        for words in [NONE, &["falsch"]] {
            let extraction = read(&locked(name), words);
            assert_eq!(extraction.state, TextState::Readable, "{name}");
            assert_eq!(text(&extraction), WORDS, "{name}");
            assert_eq!((extraction.opened, extraction.parts), (None, 1), "{name}");
        }
    }
    let extraction = read(&simple(&["Offen"]), &["falsch"]);
    assert_eq!((extraction.opened, extraction.portfolio), (None, false));
    assert_eq!(text(&extraction), "Offen\n");
}

pub(crate) fn a_password_with_umlauts_opens_in_every_way_of_writing_it() {
    for name in ["umlaut-128", "umlaut-256"] {
        let content = locked(name);
        for password in ["Grünfläche", "Gru\u{308}nfla\u{308}che"] {
            let extraction = read(&content, &[password]);
            assert_eq!(text(&extraction), WORDS, "{name}: {password}");
        }
        assert_eq!(unlock(&content, &["Grunflache"]), Unlocked::Wrong);
    }
}

pub(crate) fn whether_a_password_fits_is_told_without_reading() {
    for name in LOCKED {
        let content = locked(name);
        assert_eq!(unlock(&content, &["falsch"]), Unlocked::Wrong, "{name}");
        assert_eq!(unlock(&content, &[]), Unlocked::Wrong, "{name}");
        let fits = unlock(&content, &["falsch", "Gehalt2026"]);
        assert_eq!(fits, Unlocked::By(1), "{name}");
    }
    for open in [locked("empty"), simple(&["Offen"]), b"kein PDF".to_vec()] {
        assert_eq!(unlock(&open, &["Gehalt2026"]), Unlocked::NotLocked);
    }
    let broken = unlock(b"%PDF-1.7\nund nichts weiter", &["Gehalt2026"]);
    assert_eq!(broken, Unlocked::Unread(Reason::Damaged));
}

pub(crate) fn pages_of_a_locked_pdf_are_drawn_with_its_password() {
    let content = locked("aes-256");
    let (extractor, fits) = (extractor(limits()), some(&["Gehalt2026"]));
    let want = Want::Shown { width: 320 };
    let refused = block_on(extractor.picture(content.as_slice(), 0, want)).expect("a worker");
    assert_eq!(refused, PictureState::Refused(Reason::Encrypted));
    let opening = extractor.opening(&fits);
    let drawn = block_on(opening.picture(content.as_slice(), 0, want)).expect("a worker");
    assert!(matches!(drawn, PictureState::Drawn(picture) if picture.width == 320));
    let shapes = block_on(opening.shapes(content.as_slice())).expect("a worker");
    assert!(matches!(shapes, PictureState::Drawn(shapes) if shapes.len() == 1));
    let words = block_on(opening.words(content.as_slice(), 0)).expect("a worker");
    let PictureState::Drawn(page) = words else {
        panic!("no words");
    };
    assert!(page.words.iter().any(|word| word.text == "Bruttobezug"));
}

pub(crate) fn a_picture_that_nothing_decodes_says_so() {
    let heic = [
        &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..],
        b"\0\0\0\x08mdat",
    ]
    .concat();
    let reason = Reason::UnreadPicture;
    let extraction = extract(&heic);
    assert_eq!(extraction.state, TextState::Unreadable { reason });
    assert_eq!(extraction.format, Format::Unknown);
    let want = Want::Shown { width: 320 };
    let drawn = block_on(extractor(limits()).picture(heic.as_slice(), 0, want));
    assert_eq!(drawn.expect("an answer"), PictureState::Refused(reason));
}

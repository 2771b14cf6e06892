use super::*;

const SIZE: f64 = 10.0;
const ADVANCE: f64 = 5.0;

/// Draws a text of monospaced glyphs; a space moves on without being drawn.
fn draw(layout: &mut Layout, text: &str, x: f64, y: f64) {
    draw_with(layout, text, x, y, 0.0);
}

fn draw_with(layout: &mut Layout, text: &str, x: f64, y: f64, tracking: f64) {
    let mut x = x;
    for c in text.chars() {
        if c != ' ' {
            layout
                .push(
                    &c.to_string(),
                    Place {
                        angle: 0,
                        x,
                        y,
                        advance: ADVANCE,
                        size: SIZE,
                    },
                )
                .expect("room on the page");
        }
        x += ADVANCE + tracking;
    }
}

fn check(lines: &[(&str, f64, f64)], expect: &str) {
    let mut layout = Layout::new(10_000);
    for (text, x, y) in lines {
        draw(&mut layout, text, *x, *y);
    }
    assert_eq!(layout.finish(), expect);
}

#[test]
fn gaps_part_words_and_baselines_part_lines() {
    check(
        &[("Der Antrag", 0.0, 10.0), ("liegt vor.", 0.0, 22.0)],
        "Der Antrag\nliegt vor.\n",
    );
}

#[test]
fn a_label_and_its_value_share_a_row() {
    check(
        &[
            ("Aktenzeichen:", 0.0, 10.0),
            ("01.4.1-2026/0042", 200.0, 10.0),
            ("Ort", 0.0, 22.0),
        ],
        "Aktenzeichen: 01.4.1-2026/0042\nOrt\n",
    );
}

#[test]
fn a_word_drawn_later_fills_its_place() {
    check(
        &[
            ("ist eine       Frist", 0.0, 10.0),
            ("naechste", 0.0, 22.0),
            ("feste", 45.0, 10.0),
        ],
        "ist eine feste Frist\nnaechste\n",
    );
}

#[test]
fn letters_set_apart_stay_one_word() {
    let mut layout = Layout::new(1_000);
    draw_with(&mut layout, "Sperrung heute", 0.0, 10.0, 3.0);
    assert_eq!(layout.finish(), "Sperrung heute\n");
}

#[test]
fn what_is_drawn_twice_is_read_once() {
    check(
        &[
            ("Bescheid", 0.0, 10.0),
            ("Bescheid", 0.3, 10.0),
            ("vom", 60.0, 10.0),
        ],
        "Bescheid vom\n",
    );
    let mut layout = Layout::new(1_000);
    for (c, x) in [
        ("a", 0.0),
        ("a", 0.2),
        ("l", 5.0),
        ("l", 5.2),
        ("l", 10.0),
        ("l", 10.2),
    ] {
        let place = Place {
            angle: 0,
            x,
            y: 0.0,
            advance: ADVANCE,
            size: SIZE,
        };
        layout.push(c, place).expect("room on the page");
    }
    assert_eq!(layout.finish(), "all\n");
}

#[test]
fn an_exponent_stays_on_its_line() {
    let mut layout = Layout::new(1_000);
    draw(&mut layout, "120 m", 0.0, 10.0);
    let place = Place {
        angle: 0,
        x: 25.0,
        y: 6.0,
        advance: 3.0,
        size: 6.0,
    };
    layout.push("2", place).expect("room on the page");
    draw(&mut layout, "frei", 33.0, 10.0);
    assert_eq!(layout.finish(), "120 m2 frei\n");
}

#[test]
fn accents_ligatures_and_hidden_characters_become_plain_text() {
    let mut layout = Layout::new(1_000);
    let at = |x: f64| Place {
        angle: 0,
        x,
        y: 0.0,
        advance: ADVANCE,
        size: SIZE,
    };
    for (text, x) in [
        ("f", 0.0),
        ("\u{a8}", 5.0),
        ("u", 5.0),
        ("r", 10.0),
        ("o", 20.0),
        ("\u{a8}", 20.0),
        ("\u{fb03}", 30.0),
        ("\u{200b}x\u{202e}", 35.0),
        ("\u{ad}", 40.0),
    ] {
        layout.push(text, at(x)).expect("room on the page");
    }
    assert_eq!(layout.finish(), "für ö ffix-\n");
}

#[test]
fn columns_drawn_row_by_row_are_read_one_after_the_other() {
    let left = [
        "Die Stadt erhebt fuer die",
        "Benutzung der Stadthalle",
        "Gebuehren nach dieser",
        "Satzung. Schuldner ist,",
    ];
    let right = [
        "wer die Halle benutzt oder",
        "benutzen laesst. Mehrere",
        "Schuldner haften als",
        "Gesamtschuldner dafuer.",
    ];
    let mut layout = Layout::new(10_000);
    for (row, (l, r)) in left.iter().zip(right).enumerate() {
        let y = 12.0 * f64::from(u32::try_from(row).expect("few rows"));
        draw(&mut layout, l, 0.0, y);
        draw(&mut layout, r, 160.0, y);
    }
    let expect: String = left
        .iter()
        .chain(&right)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(layout.finish(), expect);
}

#[test]
fn a_table_of_labels_is_read_row_by_row() {
    let rows = [
        ("Name", "Muster"),
        ("Ort", "Musterstadt"),
        ("Tag", "01.02.2026"),
        ("Amt", "20"),
    ];
    let mut layout = Layout::new(10_000);
    let mut y = 0.0;
    for (label, value) in rows {
        draw(&mut layout, label, 0.0, y);
        draw(&mut layout, value, 100.0, y);
        y += 12.0;
    }
    assert_eq!(
        layout.finish(),
        "Name Muster\nOrt Musterstadt\nTag 01.02.2026\nAmt 20\n"
    );
}

#[test]
fn a_page_takes_no_more_than_it_may() {
    let mut layout = Layout::new(3);
    let place = Place {
        angle: 0,
        x: 0.0,
        y: 0.0,
        advance: ADVANCE,
        size: SIZE,
    };
    assert!(layout.push("abcd", place).is_err());
    assert_eq!(layout.finish(), "abc\n");
}

/// The words that were drawn, each with its place.
fn placed(lines: &[(&str, f64, f64)]) -> Vec<(String, [i32; 4])> {
    let mut layout = Layout::placing(10_000);
    for (text, x, y) in lines {
        draw(&mut layout, text, *x, *y);
    }
    let whole = |edge: f64| format!("{:.0}", edge * 10.0).parse().expect("a number");
    let words = layout.words().into_iter();
    words
        .map(|word| (word.text, word.edges.map(whole)))
        .collect()
}

#[test]
fn each_word_has_its_place() {
    let words = placed(&[("Der Antrag", 10.0, 20.0), ("liegt", 10.0, 32.0)]);
    let expected = [
        ("Der", [100, 120, 250, 222]),
        ("Antrag", [300, 120, 600, 222]),
        ("liegt", [100, 240, 350, 342]),
    ];
    let expected = expected.map(|(text, edges)| (text.to_owned(), edges));
    assert_eq!(words, expected);
}

#[test]
fn what_was_drawn_in_two_goes_is_one_word_in_its_place() {
    let words = placed(&[("Sied lung", 0.0, 10.0), ("Weg", 100.0, 10.0)]);
    assert_eq!(words.len(), 3);
    let words = placed(&[("lung", 20.0, 10.0), ("Sied", 0.0, 10.0)]);
    assert_eq!(words, [("Siedlung".to_owned(), [0, 20, 400, 122])]);
}

#[test]
fn a_word_that_runs_upwards_is_higher_than_wide() {
    let mut layout = Layout::placing(100);
    for (c, x) in [("o", -80.0), ("b", -75.0)] {
        let place = Place {
            angle: -90,
            x,
            y: 50.0,
            advance: ADVANCE,
            size: SIZE,
        };
        layout.push(c, place).expect("room on the page");
    }
    let words = layout.words();
    let [word] = words.as_slice() else {
        panic!("not one word: {words:?}");
    };
    let [left, top, right, bottom] = word.edges;
    assert_eq!(word.text, "ob");
    assert!((left - 42.0).abs() < 0.1 && (right - 52.2).abs() < 0.1);
    assert!((top - 70.0).abs() < 0.1 && (bottom - 80.0).abs() < 0.1);
}

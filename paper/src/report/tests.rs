//! Reports are written: whatever they say, it ends on pages that can be read.

use super::*;
use crate::page::flow::{MM, Mark, Tag};
use crate::page::letters::Weight;

fn head() -> Head {
    Head {
        town: "Stadt Haltern am See".to_owned(),
        office: "Bürgerbüro".to_owned(),
        to: Vec::new(),
        reference: Some("02.1.1-2026-0042/7".to_owned()),
        date: Some("26.11.2026".to_owned()),
        foot: "Protokoll 01922f3c".to_owned(),
        about: "Unterschriftsprotokoll zu 01922f3c".to_owned(),
        creator: "Papierlos".to_owned(),
        made: Moment {
            year: 2026,
            month: 11,
            day: 26,
            hour: 9,
            minute: 5,
            second: 0,
        },
    }
}

fn report(blocks: Vec<Block>) -> Report {
    Report {
        title: "Unterschriftsprotokoll".to_owned(),
        lang: Lang::German,
        head: head(),
        blocks,
    }
}

fn heading(level: u16, text: &str) -> Block {
    Block::Heading {
        level,
        text: text.to_owned(),
    }
}

/// A code with this text beside it, said and in letters of one width.
fn code(text: &str) -> Code {
    Code {
        squares: 21,
        dark: vec![(0, 0), (20, 0), (0, 20), (20, 20)],
        told: text.to_owned(),
        text: text.to_owned(),
        letters: text.to_owned(),
    }
}

/// All kinds of blocks, each with this text.
fn of_all_kinds(text: &str) -> Vec<Block> {
    let text = text.to_owned();
    vec![
        heading(4, &text),
        heading(9, &text),
        heading(2, &text),
        heading(0, &text),
        Block::Paragraph(text.clone()),
        Block::Rows(vec![Row::new(&text, &text), Row::new("kurz", &text)]),
        Block::Table(Table {
            columns: vec![
                Column::new(&text, 3),
                Column::of_numbers("Zahl", 1),
                Column::new("Wort", 0),
            ],
            rows: vec![
                vec![text.clone(), "12".to_owned(), text.clone()],
                vec![],
                vec![String::new(), text.clone()],
                vec!["a".to_owned(), "b".to_owned(), "c".to_owned(), text.clone()],
            ],
        }),
        Block::List(vec![text.clone(), "kurz".to_owned()]),
        Block::Code(code(&text)),
        Block::Signature(text.clone()),
        Block::Notice {
            tone: Tone::Warning,
            title: Some(text.clone()),
            text: text.clone(),
        },
        Block::PageBreak,
        Block::PageBreak,
        Block::Notice {
            tone: Tone::Plain,
            title: None,
            text,
        },
    ]
}

fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes
        .windows(wanted.len())
        .any(|piece| piece == wanted.as_bytes())
}

/// Keeps what was made where `PAPER_SAMPLES` names a folder: to be judged from outside.
fn keep(name: &str, pdf: &[u8]) {
    if let Some(folder) = option_env!("PAPER_SAMPLES") {
        let path = std::path::Path::new(folder).join(name);
        std::fs::write(path, pdf).expect("a folder");
    }
}

#[test]
fn a_report_becomes_pdf_a_with_a_structure_that_can_be_read() {
    for (lang, code) in [
        (Lang::German, "de"),
        (Lang::Simple, "de-simple"),
        (Lang::English, "en"),
    ] {
        let report = Report {
            lang,
            ..report(of_all_kinds("Đorđević bestätigt"))
        };
        let made = render(&report).expect("a report");
        for wanted in [
            "<pdfaid:part>2</pdfaid:part>",
            "<pdfaid:conformance>A</pdfaid:conformance>",
            "<pdfuaid:part>1</pdfuaid:part>",
            "/StructTreeRoot",
            "/Marked true",
            "/ToUnicode",
            "/Lang",
            "Unterschriftsprotokoll zu 01922f3c",
        ] {
            assert!(contains(&made, wanted), "{code}: {wanted}");
        }
        for missing in ["/JavaScript", "/AcroForm", "/EmbeddedFiles", "/Launch"] {
            assert!(!contains(&made, missing), "{code}: {missing}");
        }
        assert_eq!(made, render(&report).expect("a report"), "twice the same");
        keep(&format!("bericht.{code}.pdf"), &made);
    }
}

#[test]
fn whatever_is_said_ends_on_pages() {
    let texts = [
        String::new(),
        " \n\n\t".to_owned(),
        "W".repeat(4_000),
        "S\u{30c}\u{331}".repeat(1_333),
        ["Zeile"; 300].join("\n"),
        ["Absatz"; 40].join("\n\n"),
        "Wort ".repeat(2_000),
        "\u{202e}\u{0}\u{ad}\u{feff}\u{fffe}".to_owned(),
        "中文 \u{e000}\u{f0000} 😀 \u{fffd} \u{10ffff} مرحبا".to_owned(),
        "(((\\)%PDF-1.7 <</AcroForm>> endstream endobj {field} <b>".to_owned(),
    ];
    for (number, text) in texts.iter().enumerate() {
        let of = Report {
            title: text.chars().take(300).collect(),
            head: Head {
                town: text.clone(),
                office: text.clone(),
                to: vec![text.chars().take(400).collect(); 3],
                reference: Some(text.chars().take(300).collect()),
                date: None,
                foot: text.clone(),
                about: text.clone(),
                creator: text.clone(),
                ..head()
            },
            ..report(of_all_kinds(text))
        };
        let made = render(&of);
        let made = made.unwrap_or_else(|error| panic!("{number}: {error}"));
        keep(&format!("bericht-{number}.pdf"), &made);
    }
}

fn list_of(rows: usize) -> Report {
    let row = |number: usize| {
        vec![
            number.to_string(),
            format!("Schritt {number}"),
            "–".to_owned(),
        ]
    };
    report(vec![
        heading(2, "Verlauf"),
        Block::Table(Table {
            columns: vec![
                Column::of_numbers("Nr.", 1),
                Column::new("Was", 6),
                Column::new("Wer", 3),
            ],
            rows: (1..=rows).map(row).collect(),
        }),
    ])
}

#[test]
fn the_head_of_a_table_stands_on_each_page_and_once_in_what_is_read() {
    let letters = Letters::new().expect("fonts");
    let flow = layout::lay(&letters, &list_of(200)).expect("pages");
    assert!(flow.pages.len() > 4, "{}", flow.pages.len());
    for (number, page) in flow.pages.iter().enumerate() {
        let heads = page
            .iter()
            .filter(|drawn| matches!(&drawn.mark, Mark::Words { text, .. } if text == "Was"));
        let read: Vec<bool> = heads.map(|drawn| drawn.node.is_some()).collect();
        assert_eq!(read, [number == 0], "page {number}");
    }
    let labels = flow
        .nodes
        .iter()
        .filter(|node| node.tag == Tag::ColumnLabel);
    assert_eq!(labels.count(), 3);
    let made = render(&list_of(200)).expect("a report");
    keep("bericht-tabelle.pdf", &made);
}

#[test]
fn a_letter_has_its_address_in_the_window() {
    let letter = Report {
        title: "Ihr Antrag auf einen Bewohnerparkausweis".to_owned(),
        head: Head {
            to: vec![
                "Frau".to_owned(),
                "Ljiljana Đorđević".to_owned(),
                "Lange Straße 1".to_owned(),
                "45721 Haltern am See".to_owned(),
            ],
            ..head()
        },
        ..report(vec![Block::Paragraph(
            "Sehr geehrte Frau Đorđević,\n\nder Ausweis liegt bereit.".to_owned(),
        )])
    };
    let letters = Letters::new().expect("fonts");
    let flow = layout::lay(&letters, &letter).expect("pages");
    let first = flow.pages.first().expect("a page");
    let line_of = |wanted: &str| {
        first.iter().find_map(|drawn| match &drawn.mark {
            Mark::Words { text, line, .. } if text.trim_end() == wanted => Some(*line / MM),
            Mark::Words { .. } | Mark::Filled { .. } | Mark::Box { .. } | Mark::Squares { .. } => {
                None
            }
        })
    };
    let name = line_of("Ljiljana Đorđević").expect("the name");
    assert!((62.7..90.0).contains(&name), "{name}");
    let text = line_of("der Ausweis liegt bereit.").expect("the text");
    assert!(text > 98.0, "{text}");
    keep("brief.pdf", &render(&letter).expect("a letter"));
}

#[test]
fn what_is_copied_letter_by_letter_stands_beside_its_code_line_by_line() {
    let letters = Letters::new().expect("fonts");
    let note = format!(
        "archiv.example/audit\n7\n{}\n\n\u{2014} archiv.example/audit {}\n",
        "A".repeat(44),
        "b".repeat(92)
    );
    let blocks = vec![Block::Code(code(&note)), Block::Signature("Ort".to_owned())];
    let report = report(blocks);
    let flow = layout::lay_dense(&letters, &report).expect("pages");
    assert_eq!(flow.pages.len(), 1);
    let drawn = flow.pages.iter().flatten();
    let lines: Vec<(&str, f32)> = drawn
        .clone()
        .filter_map(|one| match &one.mark {
            Mark::Words {
                text, line, style, ..
            } if style.weight == Weight::Fixed => Some((text.as_str(), *line)),
            Mark::Words { .. } | Mark::Filled { .. } | Mark::Box { .. } | Mark::Squares { .. } => {
                None
            }
        })
        .collect();
    // What is broken goes on a little further to the right; the empty line is left empty.
    let said: String = lines.iter().map(|(text, _)| text.trim_start()).collect();
    assert_eq!(said, note.replace('\n', ""));
    let [first, second, third, signed, ..] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let leading = second.1 - first.1;
    assert!((third.1 - second.1 - leading).abs() < 0.01);
    assert!((signed.1 - third.1 - 2.0 * leading).abs() < 0.01);
    let squares = drawn.filter(|one| matches!(one.mark, Mark::Squares { .. }));
    let told: Vec<_> = squares
        .map(|one| one.node.and_then(|node| flow.nodes.get(node)))
        .collect();
    assert!(
        matches!(told.as_slice(), [Some(node)] if matches!(node.tag, Tag::Figure(_))),
        "{told:?}"
    );
    keep(
        "bericht-code.pdf",
        &render_dense(&report).expect("a report"),
    );
}

#[test]
fn headings_leave_no_level_out() {
    let letters = Letters::new().expect("fonts");
    let blocks = [4, 4, 2, 9, 1].map(|level| heading(level, "x")).to_vec();
    let flow = layout::lay(&letters, &report(blocks)).expect("pages");
    let levels: Vec<u16> = flow.contents.iter().map(|entry| entry.level).collect();
    assert_eq!(levels, [1, 2, 3, 2, 3, 2]);
}

#[test]
fn a_report_without_end_is_refused() {
    let blocks = vec![Block::Paragraph("a\n".repeat(PAGES_MAX * 60))];
    let refused = render(&report(blocks));
    assert!(matches!(refused, Err(PaperError::TooLong { .. })));
}

//! Forms are written: one PDF/A with all that was said, whatever that was.

use super::*;

fn rendered(template: &Template, language: Language) -> Rendered {
    let filled = fill(template, &values(&template.id));
    render(template, &filled, &head(), language).expect("a form")
}

/// Keeps what was made where `PAPER_SAMPLES` names a folder: to be judged from outside.
fn keep(name: &str, pdf: &[u8]) {
    if let Some(folder) = option_env!("PAPER_SAMPLES") {
        let path = std::path::Path::new(folder).join(name);
        std::fs::write(path, pdf).expect("a folder");
    }
}

#[test]
fn the_shipped_forms_become_pdf_a_with_a_structure_that_can_be_read() {
    for template in shipped() {
        for language in Language::ALL {
            let made = rendered(&template, language);
            let name = format!("{}.{}.pdf", template.id, language.code());
            for wanted in [
                "<pdfaid:part>2</pdfaid:part>",
                "<pdfaid:conformance>A</pdfaid:conformance>",
                "<pdfuaid:part>1</pdfuaid:part>",
                "/StructTreeRoot",
                "/Marked true",
                "/DisplayDocTitle true",
                "/OutputIntents",
                "/ToUnicode",
                "/Lang",
                "Salz 5a175a17",
            ] {
                assert!(contains(&made.pdf, wanted), "{name}: {wanted}");
            }
            for missing in ["/JavaScript", "/AcroForm", "/EmbeddedFiles", "/Launch"] {
                assert!(!contains(&made.pdf, missing), "{name}: {missing}");
            }
            assert!(made.pages <= 3, "{name}: {} pages", made.pages);
            assert_eq!(made.places.len(), template.signatures.len(), "{name}");
            keep(&name, &made.pdf);
            assert_eq!(
                made,
                rendered(&template, language),
                "{name}: twice the same"
            );
        }
    }
}

#[test]
fn places_to_sign_lie_on_their_pages_and_not_on_each_other() {
    for template in shipped() {
        let made = rendered(&template, Language::German);
        for place in &made.places {
            assert!((1..=made.pages).contains(&place.page));
            assert!(
                place.left >= 70.0 && place.left + place.width <= 595.3 - 56.0,
                "{place:?}"
            );
            assert!(
                place.bottom >= 70.0 && place.bottom + place.height <= 842.0 - 90.0,
                "{place:?}"
            );
            assert!(place.height >= 60.0 && !place.label.is_empty());
        }
        for (number, one) in made.places.iter().enumerate() {
            for other in made.places.iter().skip(number + 1) {
                let apart = one.page != other.page
                    || one.left + one.width <= other.left
                    || other.bottom + other.height <= one.bottom;
                assert!(apart, "{one:?} {other:?}");
            }
        }
    }
}

/// A form with one field of many lines, and all kinds of blocks around it.
const LONG: &str = r#"
id = "lang"
version = 7
title = "Ein Titel mit einem sehr langen Wort: Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzentwurfsbegründungsanlage"
document_type = "Antrag"
[[field]]
key = "a"
label = "Bezeichnung, die viel länger ist als die Spalte, in der sie steht, und Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
kind = "text"
lines = 40
chars_max = 4000
[[field]]
key = "b"
label = "B"
kind = "yes-no"
[[signature]]
key = "one"
label = "Eins"
who = "citizen"
width_mm = 165
height_mm = 80
[[signature]]
key = "two"
label = "Zwei mit einer Bezeichnung, die nicht in eine Zeile passt"
who = "clerk"
width_mm = 40
height_mm = 15
[[block]]
kind = "page-break"
[[block]]
kind = "fields"
fields = ["a", "b"]
[[block]]
kind = "heading"
text = "{a}"
[[block]]
kind = "notice"
title = "Achtung {{}}"
text = "{a}"
[[block]]
kind = "list"
items = ["{a}", "kurz"]
[[block]]
kind = "checkbox"
field = "b"
text = "{a}"
[[block]]
kind = "page-break"
[[block]]
kind = "page-break"
[[block]]
kind = "signature"
signatures = ["one", "two"]
"#;

#[test]
fn whatever_is_said_ends_on_pages_and_nothing_of_it_is_lost() {
    let template = Template::read(LONG.as_bytes()).expect("right");
    let texts = [
        "W".repeat(4_000),
        "S\u{30c}\u{331}".repeat(1_333),
        ["Zeile"; 40].join("\n"),
        "Wort ".repeat(799),
        "a-/–".repeat(1_000),
        "-".repeat(4_000),
        "\u{a0}".repeat(10) + "x",
        "(((\\)%PDF-1.7 <</AcroForm>> endstream endobj".to_owned(),
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let given = BTreeMap::from([("a".to_owned(), Given::Text(text.clone()))]);
        let filled = fill(&template, &given);
        for language in Language::ALL {
            let made = render(&template, &filled, &head(), language).expect("a form");
            assert!(made.pages >= 2, "{number}");
            assert!(made.pages <= 90, "{number}: {}", made.pages);
            keep(&format!("lang-{number}.{}.pdf", language.code()), &made.pdf);
        }
    }
}

#[test]
fn an_empty_form_says_that_nothing_is_said() {
    let template = Template::read(LONG.as_bytes()).expect("right");
    let filled = fill(&template, &BTreeMap::new());
    let made = render(&template, &filled, &head(), Language::German).expect("a form");
    let keys: Vec<_> = made.places.iter().map(|place| place.key.as_str()).collect();
    assert_eq!(keys, ["one", "two"]);
    keep("leer.pdf", &made.pdf);
}

#[test]
fn a_form_without_a_letterhead_and_with_braces_in_its_title_is_made() {
    let source = LONG.replace("Ein Titel mit", "Ein {Titel mit");
    let template = Template::read(source.as_bytes()).expect("right");
    let bare = Letterhead {
        town: String::new(),
        office: String::new(),
        reference: None,
        salt: None,
        ..head()
    };
    let filled = fill(&template, &BTreeMap::new());
    let made = render(&template, &filled, &bare, Language::German).expect("a form");
    keep("ohne-kopf.pdf", &made.pdf);
}

#[test]
fn a_letterhead_of_any_length_has_its_place() {
    let template = shipped().into_iter().next().expect("a form");
    let filled = fill(&template, &values(&template.id));
    let long = Letterhead {
        town: "Stadt ".repeat(60),
        office: "Fachbereich".repeat(40),
        reference: None,
        ..head()
    };
    let made = render(&template, &filled, &long, Language::German).expect("a form");
    keep("briefkopf.pdf", &made.pdf);
}

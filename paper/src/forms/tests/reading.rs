//! Templates are read, and what is wrong with them is said with its place.

use super::*;

/// A template that is right, but for what is put in.
fn template(field: &str, block: &str) -> String {
    format!(
        r#"id = "probe"
version = 1
title = "Probe"
document_type = "Antrag"

[[field]]
key = "name"
label = "Name"
kind = "text"
{field}

[[block]]
kind = "fields"
fields = ["name"]
{block}
"#
    )
}

/// The one complaint about a template: its line and its key.
fn complaint(source: &str) -> (usize, String, String) {
    let complaints = Template::read(source.as_bytes()).expect_err(source);
    let [one] = complaints.as_slice() else {
        panic!("{source}: {complaints:?}")
    };
    assert!(!one.remedy.is_empty());
    (one.line, one.key.clone(), one.said.clone())
}

/// Those that stay in the house or go to a company: nobody asks for them in simple language.
const INTERNAL: [&str; 4] = [
    "ab-vermerk",
    "dienstreise-genehmigung",
    "laufzettel",
    "rechnung-rueckgabe",
];

#[test]
fn the_shipped_forms_are_right_and_say_that_they_are_samples() {
    for (template, (name, bytes)) in shipped().iter().zip(SHIPPED) {
        assert_eq!(format!("{}.toml", template.id), name);
        let internal = INTERNAL.contains(&template.id.as_str());
        assert!(template.sample, "{name}");
        assert_ne!(template.is_simple(), internal, "{name}");
        assert!(!template.legal_basis.is_empty(), "{name}");
        assert!(internal || !template.signatures.is_empty(), "{name}");
        assert_eq!(template.sha256_hex().len(), 64);
        // Whoever edits one knows by its hash.
        let other = [bytes, b"\n# "].concat();
        let other = Template::read(&other).expect("still right");
        assert_ne!(other.sha256, template.sha256);
    }
}

#[test]
fn a_form_may_ask_for_an_identity_check() {
    let read = |words: &str| {
        let source = template("", "").replacen("version = 1", &format!("version = 1\n{words}"), 1);
        Template::read(source.as_bytes()).map(|template| template.identity_check)
    };
    assert_eq!(read(""), Ok(false));
    assert_eq!(read("identity_check = \"optional\""), Ok(false));
    assert_eq!(read("identity_check = \"required\""), Ok(true));
    assert!(read("identity_check = \"sometimes\"").is_err());
    assert!(read("identity_check = true").is_err());
}

#[test]
fn a_complaint_names_line_key_and_remedy() {
    let check = |field: &str, block: &str, line: usize, key: &str| {
        let (found_line, found_key, said) = complaint(&template(field, block));
        assert_eq!((found_line, found_key.as_str()), (line, key), "{said}");
    };
    let paragraph = |text: &str| format!("[[block]]\nkind = \"paragraph\"\ntext = \"{text}\"");
    check("chars_max = 0", "", 6, "field name.chars_max");
    check("pattern = '(['", "", 6, "field name.pattern");
    check("from = 'case.colour'", "", 6, "field name.from");
    check("decimals = 2", "", 6, "field name.decimals");
    check("", &paragraph("{other}"), 15, "block 2 (paragraph).text");
    check("", &paragraph("{name"), 15, "block 2 (paragraph).text");
    check("", &paragraph(""), 15, "block 2 (paragraph).text");
    check("", &paragraph("a\\u202eb"), 15, "block 2 (paragraph).text");
    check(
        "",
        "[[block]]\nkind = \"heading\"\nlevel = 3\ntext = \"T\"",
        15,
        "block 2 (heading).level",
    );
    check(
        "",
        "[[block]]\nkind = \"page-break\"\ntext = \"T\"",
        15,
        "block 2 (page-break).text",
    );
    check("", "[[block]]\nkind = \"list\"", 15, "block 2 (list).items");
    check(
        "",
        "[[block]]\nkind = \"signature\"\nsignatures = [\"a\"]",
        15,
        "block 2 (signature).signatures",
    );
    check(
        "",
        "[[block]]\nkind = \"paragraph\"\ntext = \"T\"\nwhen = { field = \"name\", is = \"a\" }",
        15,
        "block 2 (paragraph).when",
    );
    check(
        "[[field]]\nkey = \"name\"\nlabel = \"N\"\nkind = \"date\"",
        "",
        10,
        "field name",
    );
    check(
        "[[field]]\nkey = \"n\"\nlabel = \"N\"\nkind = \"date\"",
        "",
        1,
        "field n",
    );
}

#[test]
fn what_is_no_template_is_said_with_its_line() {
    let check = |source: &str, line: usize, expect: &str| {
        let (found, _, said) = complaint(source);
        assert_eq!(found, line, "{said}");
        assert!(said.contains(expect), "{said}");
    };
    check(&template("colour = 1", ""), 10, "colour");
    check(&template("", "").replace("\"text\"", "\"blob\""), 9, "blob");
    check(
        &template("", "").replace("\"Probe\"", "\"a\\nb\""),
        3,
        "mehrere Zeilen",
    );
    check(
        &template("", "").replace("Probe", &"x".repeat(201)),
        3,
        "mehr als 200",
    );
    check(
        &template("", "").replace("Antrag", &"x".repeat(101)),
        4,
        "mehr als 100",
    );
    check("id = \"probe\"\nversion = ", 2, "");
    check("", 1, "id");
    let (_, _, said) = complaint(&format!("# {}", "x".repeat(300_000)));
    assert!(said.contains("262144 Bytes"), "{said}");
    let read = Template::read(b"id = \"\xff\"");
    assert!(read.is_err_and(|all| all.len() == 1));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let source = template("chars_max = 0", "").replace("version = 1", "version = 0");
    let source = source.replace("\"probe\"", "\"Probe 1\"");
    let complaints = Template::read(source.as_bytes()).expect_err("three faults");
    let keys: Vec<_> = complaints.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["id", "version", "field name.chars_max"]);
    let said = complaints
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    assert!(said.starts_with("Zeile 1, id: "), "{said}");
}

#[test]
fn values_are_checked_all_at_once() {
    let all = shipped();
    let form = all
        .iter()
        .find(|one| one.id == "ausweis-empfang")
        .expect("a form");
    let given = BTreeMap::from([
        ("family_name".to_owned(), Given::Text("x".repeat(121))),
        ("born_on".to_owned(), Given::Text("29.02.1984".to_owned())),
        ("collected_by".to_owned(), Given::Text("friend".to_owned())),
        ("collector".to_owned(), Given::Text("Łukasz".to_owned())),
        (
            "given_names".to_owned(),
            Given::Text("a\u{202e}b".to_owned()),
        ),
        ("handed_over_at".to_owned(), Given::Text("24:00".to_owned())),
        ("pin_letter".to_owned(), Given::Flag(true)),
        (
            "serial_number".to_owned(),
            Given::Text("L01X00T47".to_owned()),
        ),
        ("clerk".to_owned(), Given::Text(" ".to_owned())),
    ]);
    let found = BTreeMap::from([("handed_over_on".to_owned(), "2026-11-26".to_owned())]);
    let refused = form.fill(&given, &found).expect_err("much is wrong");
    let why: Vec<_> = refused
        .into_iter()
        .map(|one| (one.key, one.label.is_some(), one.why))
        .collect();
    let entries = |all: &[&str]| Why::NotAnEntry {
        entries: all.iter().map(|one| (*one).to_owned()).collect(),
    };
    let expect = [
        ("family_name", true, Why::TooLong { chars_max: 120 }),
        (
            "given_names",
            true,
            Why::Unprintable {
                character: '\u{202e}',
            },
        ),
        ("born_on", true, Why::NotADay),
        (
            "collected_by",
            true,
            entries(&["applicant", "custodian", "authorised"]),
        ),
        (
            "collector",
            true,
            Why::NotAsked {
                field: "collected_by".to_owned(),
            },
        ),
        ("identity_checked", true, Why::Missing),
        ("pin_letter", true, Why::WrongKind),
        ("old_card", true, Why::Missing),
        (
            "handed_over_at",
            true,
            Why::Pattern {
                pattern: "([01][0-9]|2[0-3]):[0-5][0-9]".to_owned(),
            },
        ),
        ("serial_number", false, Why::Unknown),
    ];
    let expect: Vec<_> = expect
        .into_iter()
        .map(|(key, known, why)| (key.to_owned(), known, why))
        .collect();
    assert_eq!(why, expect);
}

#[test]
fn what_is_given_stands_above_what_was_found() {
    let source = template("from = \"party.name\"", "");
    let form = Template::read(source.as_bytes()).expect("right");
    let check = |given: Option<&str>, found: Option<&str>, expect: Option<&str>| {
        let key = || "name".to_owned();
        let given = given.map(|text| (key(), Given::Text(text.to_owned())));
        let found = found.map(|text| (key(), text.to_owned()));
        let filled = form.fill(&given.into_iter().collect(), &found.into_iter().collect());
        let filled = filled.expect("fits");
        assert_eq!(filled.codes().next().map(|(_, code)| code), expect);
    };
    check(Some("A"), Some("B"), Some("A"));
    check(None, Some("B"), Some("B"));
    check(Some(" "), Some("B"), Some("B"));
    check(None, Some(""), None);
}

#[test]
fn the_template_of_the_manual_is_right_and_all_its_words_are_there() {
    let manual = include_str!("../../../../docs/forms.md");
    let (_, after) = manual.split_once("```toml\n").expect("a template");
    let (source, _) = after.split_once("\n```").expect("its end");
    let template = Template::read(source.as_bytes()).expect("right");
    let given = BTreeMap::from([
        ("name".to_owned(), Given::Text("Erika Beispiel".to_owned())),
        ("races".to_owned(), Given::Text("listed".to_owned())),
        ("permit".to_owned(), Given::Flag(true)),
    ]);
    let filled = fill(&template, &given);
    let made = render(&template, &filled, &head(), Language::Simple).expect("a form");
    assert_eq!(made.places.len(), 1);
    // Every source of a value is in the manual, and every form that comes with the program.
    for source in Source::ALL {
        assert!(
            manual.contains(&format!("`{}`", source.path())),
            "{source:?}"
        );
    }
    for template in shipped() {
        assert!(
            manual.contains(&format!("| `{}` |", template.id)),
            "{}",
            template.id
        );
    }
}

#[test]
fn every_key_that_there_is_not_and_every_wrong_kind_is_said_at_once() {
    let source = template("colour = \"red\"\nlines = \"drei\"\nsize = 3", "margin = 2")
        .replace(
            "document_type = \"Antrag\"",
            "document_type = 7\nauthor = \"ich\"",
        )
        .replace("kind = \"fields\"", "kind = \"feld\"");
    let all = Template::read(source.as_bytes()).expect_err("no template");
    let said: Vec<String> = all.iter().map(ToString::to_string).collect();
    let lines: Vec<usize> = all.iter().map(|one| one.line).collect();
    assert_eq!(lines, [4, 5, 11, 12, 13, 16, 18], "{said:#?}");
    assert_eq!(all[1].key, "author");
    assert!(all[1].remedy.contains("legal_basis"), "{said:#?}");
    assert!(all[5].remedy.contains("page-break"), "{said:#?}");
}

#[test]
fn several_mistakes_of_toml_are_said_at_once_and_a_missing_key_by_its_name() {
    let source = template("lines = drei", "level 1");
    let all = Template::read(source.as_bytes()).expect_err("no TOML");
    let lines: Vec<usize> = all.iter().map(|one| one.line).collect();
    assert_eq!(lines, [10, 15], "{all:#?}");
    let (_, key, said) = complaint(&template("", "").replace("version = 1", ""));
    assert_eq!(
        (key.as_str(), said.as_str()),
        ("version", "„version“ fehlt.")
    );
}

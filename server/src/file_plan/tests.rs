//! The rules of the file plan, and that what is written reads as what it was.

use proptest::prelude::*;
use uuid::Uuid;

use super::draft::{Draft, Entry, Finding, Findings};
use super::message::{self, Envelope};
use super::model::{DEPTH_MAX, Disposal, Misplaced, Plan, Tree, UNITS_MAX};
use super::sheet;
use super::transfer;
use super::xdomea::Xdomea;
use crate::base::{CivilDate, PlanId, Timestamp};
use crate::http::Language;

const DEMO: &str = include_str!("../../data/town/aktenplan.csv");
const HEAD: &str = "kennzeichen;bezeichnung;aufbewahrung_jahre;aussonderungsart";

const ENVELOPE: Envelope = Envelope {
    message: Uuid::nil(),
    process: Uuid::nil(),
    at: Timestamp::of_micros(0),
};

fn read(bytes: impl AsRef<[u8]>) -> Result<Draft, Findings> {
    transfer::read(bytes.as_ref())
}

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).expect("a day")
}

/// What is wrong, in German, one sentence a line.
fn wrong(bytes: impl AsRef<[u8]>) -> String {
    let findings: Findings = read(bytes).expect_err("a finding");
    let said = findings
        .list()
        .iter()
        .map(|one: &Finding| one.sentence(Language::German));
    said.collect::<Vec<_>>().join("\n")
}

fn codes(draft: &Draft) -> Vec<(&str, Option<&str>)> {
    let entries = draft.entries.iter();
    entries
        .map(|one| (one.code.as_str(), one.parent.as_deref()))
        .collect()
}

#[test]
fn the_plan_that_ships_is_read_with_its_tree() {
    let draft = read(DEMO).expect("the shipped plan");
    assert_eq!(draft.entries.len(), 27);
    let codes = codes(&draft);
    assert!(codes.contains(&("01", None)));
    assert!(codes.contains(&("01.4.1", Some("01.4"))));
    assert!(codes.contains(&("16", None)));
    let one = draft
        .entries
        .iter()
        .find(|one| one.code == "01.3.1")
        .expect("a unit");
    assert_eq!(one.retention_years, Some(5));
    assert_eq!(one.disposal, Disposal::Appraise);
    assert_eq!(one.protection.as_deref(), Some("PERSONAL"));
    assert_eq!(one.note.as_deref(), Some("ab Abschluss der Akte"));
}

#[test]
fn a_table_is_read_with_commas_a_byte_order_mark_and_in_windows_1252() {
    let comma = "\u{feff}code,title,retention_years,disposal\r\n1,\"Bau, Wege\",unbefristet,a\r\n";
    let draft = read(comma).expect("commas");
    assert_eq!(draft.entries[0].title, "Bau, Wege");
    assert_eq!(draft.entries[0].retention_years, None);
    let (old, _, _) = encoding_rs::WINDOWS_1252
        .encode("code;title;retention_years;disposal\n1;Straßen – Öffentliches;10;V\n");
    let draft = read(&old).expect("an old spreadsheet");
    assert_eq!(draft.entries[0].title, "Straßen – Öffentliches");
}

#[test]
fn a_parent_is_named_or_is_the_longest_beginning_of_the_mark() {
    let draft = read(format!(
        "{HEAD}\n0;Null;1;V\n0-1/2;Tief;1;V\n02;Kein Kind;1;V\n"
    ))
    .expect("a plan");
    assert_eq!(
        codes(&draft),
        [("0", None), ("0-1/2", Some("0")), ("02", None)]
    );
    let named = format!("{HEAD};uebergeordnet\n0.1;Oben;1;V;\n7;Unten;1;V; 0.1 \n");
    let draft = read(named).expect("a plan");
    assert_eq!(codes(&draft), [("0.1", None), ("7", Some("0.1"))]);
}

#[test]
fn everything_that_is_wrong_with_a_table_is_said_at_once_with_its_line() {
    let table = format!(
        "{HEAD};uebergeordnet;muster_akte\n\
         1;;111;X;;\n\
         \n\
         1;Doppelt;10;B;9;{{unit}}\n\
         2 # 3;Zeichen;;V;;\n\
         3;Schleife;1;V;4;\n\
         4;Schleife;1;V;3;\n\
         5;Kurz\n"
    );
    insta::assert_snapshot!(wrong(table), @r"
    Zeile 8: Die Zeile hat 2 Felder, der Kopf 6.
    Zeile 4, kennzeichen: Diese Angabe kommt mehrfach vor.
    Zeile 5, kennzeichen: Nicht lesbar; erwartet wird ein Kennzeichen aus Buchstaben, Ziffern und . - / _ : ( ) +.
    Zeile 4, uebergeordnet: Die übergeordnete Einheit 9 steht nicht in der Datei.
    Zeile 6, uebergeordnet: Die Einheit wäre sich selbst untergeordnet.
    Zeile 7, uebergeordnet: Die Einheit wäre sich selbst untergeordnet.
    Zeile 2, bezeichnung: Diese Angabe fehlt.
    Zeile 2, aufbewahrung_jahre: Zu groß; höchstens 110.
    Zeile 2, aussonderungsart: Nicht vorgesehen; möglich sind: A, B, V.
    Zeile 4, muster_akte: Nicht lesbar; erwartet wird ein Muster mit genau einer laufenden Nummer, zum Beispiel {unit}/{year}/{seq:4}.
    Zeile 5, aufbewahrung_jahre: Diese Angabe fehlt.
    ");
}

#[test]
fn a_head_that_is_misspelt_is_refused_with_what_was_meant() {
    insta::assert_snapshot!(wrong("kennzeichen;bezeichnug;aufbewahrung_jahre\n1;a;1\n"), @r"
    Zeile 1, bezeichnug: Diese Angabe gibt es hier nicht. Gemeint war vielleicht „bezeichnung“.
    Zeile 1, bezeichnung: Diese Angabe fehlt.
    Zeile 1, aussonderungsart: Diese Angabe fehlt.
    ");
    insta::assert_snapshot!(wrong(""), @r"
    Zeile 1, kennzeichen: Diese Angabe fehlt.
    Zeile 1, bezeichnung: Diese Angabe fehlt.
    Zeile 1, aufbewahrung_jahre: Diese Angabe fehlt.
    Zeile 1, aussonderungsart: Diese Angabe fehlt.
    ");
    insta::assert_snapshot!(wrong(format!("{HEAD}\n")), @"Die Datei enthält keine Einheit eines Aktenplans.");
}

/// A message of xdomea 3.1.0 with this in its plan.
fn message(plan: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><x:Aktenplan.Aktenplan.0301 xmlns:x=\"urn:xoev-de:xdomea:schema:3.1.0\">\
         <x:Kopf><x:Hinweis>a &lt; b</x:Hinweis></x:Kopf><x:Aktenplan>\
         <x:Bezeichnung>Plan</x:Bezeichnung><x:Version>1</x:Version>{plan}\
         </x:Aktenplan></x:Aktenplan.Aktenplan.0301>"
    )
}

#[test]
fn everything_that_is_wrong_with_a_message_is_said_at_once_with_its_place() {
    let plan = "<x:Einheit><x:Kennzeichen>1</x:Kennzeichen>\
        <x:Aussonderungsart><x:AussonderungsartKonfigurierbar>später</x:AussonderungsartKonfigurierbar></x:Aussonderungsart>\
        <x:Aufbewahrungsdauer><x:AnzahlJahre>200</x:AnzahlJahre></x:Aufbewahrungsdauer>\
        <x:Einheit><x:Inhaltsangabe>ohne Zeichen</x:Inhaltsangabe></x:Einheit></x:Einheit>";
    insta::assert_snapshot!(wrong(message(plan)), @r"
    /Aktenplan.Aktenplan.0301/Aktenplan/Einheit[1]/Einheit[1]/Kennzeichen: Diese Angabe fehlt.
    /Aktenplan.Aktenplan.0301/Aktenplan/Einheit[1]/Inhaltsangabe: Diese Angabe fehlt.
    /Aktenplan.Aktenplan.0301/Aktenplan/Einheit[1]/Aufbewahrungsdauer: Zu groß; höchstens 110.
    /Aktenplan.Aktenplan.0301/Aktenplan/Einheit[1]/Aussonderungsart: Nicht vorgesehen; möglich sind: A, B, V.
    /Aktenplan.Aktenplan.0301/Aktenplan/Einheit[1]/Einheit[1]/Aufbewahrungsdauer: Diese Angabe fehlt.
    /Aktenplan.Aktenplan.0301/Aktenplan/Einheit[1]/Einheit[1]/Aussonderungsart: Diese Angabe fehlt.
    ");
}

#[test]
fn no_document_type_and_no_entity_is_followed() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"c\">]>\n<a/>";
    insta::assert_snapshot!(wrong(bomb), @"Zeile 2: Eine Dokumenttyp-Deklaration (DTD) wird nicht angenommen.");
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    for doctype in [
        format!("<!DOCTYPE a [<!ENTITY l0 \"ha\">{laughs}]>"),
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">".to_owned(),
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>".to_owned(),
        "<!DOCTYPE a [<!ENTITY % b SYSTEM \"http://127.0.0.1:1/b.dtd\"> %b;]>".to_owned(),
    ] {
        let unit = "<x:Einheit><x:Kennzeichen>&b;&l9;</x:Kennzeichen></x:Einheit>";
        let sent = message(unit).replace("?>", &format!("?>{doctype}"));
        assert_eq!(
            wrong(sent),
            "Zeile 1: Eine Dokumenttyp-Deklaration (DTD) wird nicht angenommen."
        );
    }
    let named = message("<x:Einheit><x:Kennzeichen>&b;</x:Kennzeichen></x:Einheit>");
    assert!(wrong(named).ends_with("Entitäten werden nicht angenommen."));
}

#[test]
fn what_would_cost_too_much_to_read_is_refused_at_once() {
    let begun = std::time::Instant::now();
    // The reader counts open elements in 16 bits.
    let nested = message(&"<x:a>".repeat(70_000));
    assert!(wrong(nested).contains("verschachtelte Elemente"));
    let text = format!("<x:Einheit><x:Kennzeichen>{}", "<a>".repeat(70_000));
    assert!(wrong(message(&text)).contains("verschachtelte Elemente"));
    let spaces: String = (0..1000).map(|n| format!(" xmlns:p{n}=\"u\"")).collect();
    assert!(wrong(message(&format!("<x:a{spaces}/>"))).contains("wohlgeformtes XML"));
    // A head that is one long name, and one of many.
    assert!(wrong("a".repeat(4 << 20)).starts_with("Zeile 1, aaaa"));
    assert_eq!(
        wrong(";".repeat(4 << 20)).lines().next(),
        Some("Zeile 1: Zu viele Einträge; höchstens 64.")
    );
    // All hang below a loop of two.
    let below: String = (2..UNITS_MAX)
        .map(|n| format!("{n};Einheit;1;V;0\n"))
        .collect();
    let table = format!("{HEAD};uebergeordnet\n0;Null;1;V;1\n1;Eins;1;V;0\n{below}");
    assert!(wrong(table).contains("sich selbst untergeordnet"));
    // The walk from each unit to the top would take minutes.
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

#[test]
fn what_is_no_such_message_is_refused() {
    for (bytes, end) in [
        ("<a/>", "von xdomea 3.1.0 oder 4.0.0."),
        ("<a", "wohlgeformtes XML."),
        ("<a></b>", "von xdomea 3.1.0 oder 4.0.0."),
    ] {
        assert!(wrong(bytes).ends_with(end), "{bytes}: {}", wrong(bytes));
    }
    assert!(
        wrong(message("<x:Einheit>").replace("</x:Aktenplan>", "")).contains("wohlgeformtes XML")
    );
    let whole = message("");
    let cut = &whole.as_bytes()[..whole.len() - 40];
    assert!(!wrong(cut).is_empty());
    assert!(wrong(b"<\xff>").ends_with("XML in UTF-8."));
    let other = message("").replace("3.1.0", "2.4.0");
    assert!(wrong(other).ends_with("von xdomea 3.1.0 oder 4.0.0."));
    let two = message("</x:Aktenplan><x:Aktenplan>");
    assert!(wrong(two).contains("mehrere Aktenpläne"));
}

#[test]
fn a_tree_that_is_too_deep_is_refused_in_both_formats() {
    let deep = |levels: usize| -> String { vec!["1"; levels].join(".") };
    let lines: Vec<String> = (1..=DEPTH_MAX + 1)
        .map(|levels| format!("{};Ebene;1;V", deep(levels)))
        .collect();
    let said = wrong(format!("{HEAD}\n{}\n", lines.join("\n")));
    assert_eq!(
        said,
        format!(
            "Zeile {}, uebergeordnet: Ein Aktenplan hat höchstens 12 Ebenen.",
            DEPTH_MAX + 2
        )
    );
    let open = "<x:Einheit>".repeat(DEPTH_MAX + 1);
    let close = "</x:Einheit>".repeat(DEPTH_MAX + 1);
    assert!(wrong(message(&format!("{open}{close}"))).contains("höchstens 12 Ebenen"));
}

#[test]
fn a_plan_with_too_many_units_is_refused_in_both_formats() {
    let table: String = (0..=UNITS_MAX)
        .map(|number| format!("{number};Einheit;1;V\n"))
        .collect();
    assert_eq!(
        wrong(format!("{HEAD}\n{table}")),
        "Zu viele Einträge; höchstens 20000."
    );
    let units = "<x:Einheit/>".repeat(UNITS_MAX + 1);
    assert!(wrong(message(&units)).contains("höchstens 20000."));
}

#[test]
fn a_loop_is_seen_from_each_of_its_units_and_from_those_below() {
    let parents = [
        (1, Some(2)),
        (2, Some(1)),
        (3, Some(1)),
        (4, None),
        (5, Some(4)),
    ];
    let parents = parents.into_iter().collect();
    let levels = Tree::of(&parents).levels();
    for unit in [1, 2, 3] {
        assert_eq!(levels[&unit], Err(Misplaced::Loop), "{unit}");
    }
    assert_eq!(levels[&4], Ok(1));
    assert_eq!(levels[&5], Ok(2));
}

fn plan(from: &str, until: Option<&str>) -> Plan {
    Plan {
        id: PlanId::of(Uuid::nil()),
        version: 1,
        name: "Plan".to_owned(),
        edition: "1".to_owned(),
        valid_from: day(from),
        valid_until: until.map(day),
        created_at: Timestamp::of_micros(0),
    }
}

#[test]
fn editions_overlap_where_one_day_belongs_to_both() {
    let old = plan("2020-01-01", Some("2024-12-31"));
    let open = plan("2025-01-01", None);
    assert!(!old.overlaps(&open) && !open.overlaps(&old));
    let late = plan("2024-12-31", None);
    assert!(old.overlaps(&late) && late.overlaps(&old) && late.overlaps(&open));
    assert!(old.in_force(day("2024-12-31")) && !old.in_force(day("2025-01-01")));
    assert!(!open.in_force(day("2024-12-31")));
}

/// A text as it stands in a plan: one line, no blanks around it.
fn text() -> impl Strategy<Value = String> {
    let strange = "[a-zA-ZäöüßÄ0-9;,\"'&<>\\]\u{a0}–§=+@-]([ a-z;,\"'&<>ß\\]]{0,20}[a-z;\"<&ß])?";
    let strange = proptest::string::string_regex(strange).expect("a pattern");
    strange.prop_map(|text| {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        words.join(" ")
    })
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(text())
}

fn pattern() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(text().prop_map(|text| {
        let plain: String = text.chars().filter(|c| !"{}".contains(*c)).collect();
        format!("{plain}{{seq:4}}")
    }))
}

prop_compose! {
    fn entry()(
        title in text(),
        patterns in (pattern(), pattern(), pattern()),
        periods in (proptest::option::of(0_u32..=110), proptest::option::of(0_u32..=110)),
        disposal in proptest::sample::select(Disposal::ALL),
        words in (maybe(), maybe(), maybe(), maybe()),
        retired in any::<bool>(),
    ) -> Entry {
        Entry {
            code: String::new(),
            parent: None,
            title,
            file_pattern: patterns.0,
            case_pattern: patterns.1,
            document_pattern: patterns.2,
            retention_years: periods.0,
            transfer_years: periods.1,
            disposal,
            protection: words.0,
            compartment: words.1,
            legal_basis: words.2,
            note: words.3,
            retired,
        }
    }
}

/// A plan whose units stand as a tree is walked: each behind the one that it is part of.
fn draft() -> impl Strategy<Value = Draft> {
    let units = proptest::collection::vec((entry(), 0_usize..4), 1..20);
    (units, text(), text()).prop_map(|(units, name, edition)| {
        let mut open: Vec<String> = Vec::new();
        let mut entries = Vec::new();
        for (number, (mut entry, level)) in units.into_iter().enumerate() {
            open.truncate(level);
            entry.code = format!("{number:02}");
            entry.parent = open.last().cloned();
            open.push(entry.code.clone());
            entries.push(entry);
        }
        Draft {
            name: Some(name),
            edition: Some(edition),
            valid_from: Some(day("2026-01-01")),
            valid_until: None,
            entries,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_table_reads_as_what_was_written(draft in draft()) {
        let written = sheet::write(&draft).expect("a table");
        let again = read(&written);
        // A table does not say what the plan is called.
        let bare = Draft { entries: draft.entries, ..Draft::default() };
        prop_assert_eq!(again, Ok(bare));
    }

    #[test]
    fn a_message_reads_as_what_was_written(draft in draft()) {
        for version in [Xdomea::V310, Xdomea::V400] {
            let written = message::write(&draft, version, ENVELOPE);
            prop_assert_eq!(read(&written), Ok(draft.clone()));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut xml = b"<x:Aktenplan.Aktenplan.0301 xmlns:x=\"urn:xoev-de:xdomea:schema:4.0.0\">".to_vec();
        xml.extend_from_slice(&bytes);
        drop(read(&xml));
        drop(read(&bytes));
        let mut table = format!("{HEAD}\n").into_bytes();
        table.extend_from_slice(&bytes);
        drop(read(&table));
    }
}

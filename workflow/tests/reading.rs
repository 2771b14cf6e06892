//! Definitions are read, and what is wrong with them is said with its line and what to do.

use proptest::prelude::*;
use workflow::definition::{
    Assignee, Complaint, DEFINITION_BYTES_MAX, Definition, Effect, FieldKind, StepKind, Term,
    line_naming,
};
use workflow::instance::Value;

const FULL: &str = include_str!("data/full.toml");
const SMALL: &str = include_str!("data/small.toml");
const KEYS: &str = include_str!("data/schluesselausgabe.toml");
const ENTRY: &str = include_str!("../definitions/personnel-entry.toml");

fn read(source: &str) -> Result<Definition, Vec<Complaint>> {
    Definition::read(source.as_bytes())
}

#[test]
fn the_samples_are_right() {
    for source in [FULL, SMALL, KEYS] {
        if let Err(complaints) = read(source) {
            panic!("{complaints:?}");
        }
    }
}

#[test]
fn what_is_read_is_what_was_written() {
    let full = read(FULL).expect("right");
    assert_eq!((full.id.as_str(), full.version), ("full-sample", 7));
    assert_eq!(full.title.en.as_deref(), Some("All of it"));
    assert_eq!(full.sha256_hex().len(), 64);
    let functions = [
        "anordnung",
        "kst-20",
        "kst-30",
        "poststelle",
        "rechnungseingang",
    ];
    assert_eq!(full.functions(), functions);
    assert_eq!(full.forms(), ["beleg", "pruefvermerk"]);
    assert_eq!(full.unique, ["number", "sort"]);
    assert!(full.per_document);
    let note = full.field("note").expect("a field");
    let text = FieldKind::Text {
        chars_max: 1000,
        pattern: None,
    };
    assert_eq!(note.kind, text);
    assert!(note.private && !note.required);
    let (state, check) = full.step("check").expect("a step");
    assert_eq!(
        (state.id.as_str(), check.kind),
        ("checked", StepKind::Attest)
    );
    assert_eq!(check.assignee, Assignee::Field("clerk".to_owned()));
    let due = check.due.as_ref().expect("a term");
    assert_eq!(due.term, Term::WorkingDays(5));
    assert_eq!(due.remind, [-2, 0]);
    let (_, seal) = full.step("seal").expect("a step");
    let sealed = Effect::Seal {
        document: "receipt".to_owned(),
    };
    assert_eq!(seal.effect, Some(sealed));
    // Who takes a step of the system, and how it ends, need not be said.
    let (_, made) = full.step("make").expect("a step");
    assert_eq!(made.assignee, Assignee::System);
    assert_eq!(made.outcomes.len(), 1);
    assert_eq!(
        made.outcomes.first().map(|one| one.key.as_str()),
        Some("done")
    );
    let other = read(&format!("{FULL}\n# ")).expect("still right");
    assert_ne!(other.sha256, full.sha256);
}

#[test]
fn a_text_looks_as_its_field_says() {
    let full = read(FULL).expect("right");
    let fits = |key: &str, text: &str| {
        let value = Value::Text(text.to_owned());
        full.field(key).expect(key).kind.fits(&value)
    };
    for text in ["00:00", "08:30", "23:59"] {
        assert!(fits("opens_at", text), "{text}");
    }
    for text in [
        "99:99",
        "24:00",
        "12:60",
        "8:30",
        "08:3",
        "08.30",
        "",
        "+8:30",
        "０８:30",
    ] {
        assert!(!fits("opens_at", text), "{text}");
    }
    assert!(fits("plate", "BO-AB 1234"));
    for text in ["BO-AB 12345", "xBO-A 1", "BO-A 1\n", "bo-a 1", "BO-A 0"] {
        assert!(!fits("plate", text), "{text}");
    }
}

#[test]
fn what_an_older_program_took_in_is_read_for_ever() {
    let event = "  event = \"booked\"\n";
    let said = "  assignee = { role = \"clerk\" }\n  outcomes = [{ key = \"done\", label = \"gebucht\", reason = true }]\n";
    let old = FULL.replacen(event, &format!("{event}{said}"), 1);
    let old = old.replacen(
        "\"b\" = \"function:kst-30\"",
        "\"c\" = \"function:kst-30\"",
        1,
    );
    assert!(read(&old).is_err());
    let kept = Definition::read_kept(old.as_bytes()).expect("kept");
    assert_eq!(kept.id, "full-sample");
    assert!(Definition::read_kept(b"id = 1").is_err());
}

/// What is unfounded is destroyed because somebody says so, and not because nobody says anything.
#[test]
fn time_has_nothing_destroyed() {
    let due = "after = 2, to = { role = \"head\" } }]\n";
    let (before, decide) = ENTRY.split_once("id = \"decide\"").expect("a step");
    let lapsing = |outcome: &str| {
        let lapse = format!("{due}    lapse = {{ after = 5, outcome = \"{outcome}\" }}\n");
        format!("{before}id = \"decide\"{}", decide.replacen(due, &lapse, 1))
    };
    let wrong = read(&lapsing("unfounded")).expect_err("refused");
    let said: Vec<_> = wrong.iter().map(|one| one.said.as_str()).collect();
    assert_eq!(
        said,
        ["Dass etwas vernichtet wird, beschließt ein Mensch und nicht die Zeit."]
    );
    assert!(Definition::read_kept(lapsing("unfounded").as_bytes()).is_ok());
    assert!(read(ENTRY).is_ok());
}

#[test]
fn where_each_document_has_its_own_one_is_named() {
    let without = ENTRY.replacen("from = \"document\"\n", "", 1);
    let wrong = read(&without).expect_err("refused");
    let [wrong] = wrong.as_slice() else {
        panic!("{wrong:?}");
    };
    assert_eq!(wrong.key, "per_document");
    assert!(wrong.remedy.contains("from = \"document\""), "{wrong}");
    let closing = KEYS.replace("close_case = true", "close_file = true");
    let closing = read(&closing).expect("right");
    let mut ends = closing.states.iter().flat_map(|state| &state.on_enter);
    assert!(ends.any(|one| *one == Effect::CloseFile));
}

/// The form `beleg` is made by a step before anything else is asked.
#[test]
fn what_a_form_must_have_is_known_before_it_is_made() {
    let full = read(FULL).expect("right");
    let [form, ..] = full.forms()[..] else {
        panic!("{:?}", full.forms());
    };
    // Known from the beginning; not at all.
    assert_eq!(full.lacking(form, ["number", "colour"]), ["colour"]);
    assert!(full.lacking("another", ["colour"]).is_empty());
    // What only the step itself asks comes too late.
    let late = format!("{KEYS}\n").replace(
        "ask = [{ field = \"back_by\"",
        "form = { form = \"key-receipt\", into = \"receipt\" }\n  ask = [{ field = \"back_by\"",
    );
    let late = late.replacen(
        "[[state]]",
        "[[field]]\nkey = \"receipt\"\nlabel = \"Beleg\"\nkind = \"document\"\n\n[[state]]",
        1,
    );
    let late = read(&late).expect("right");
    assert_eq!(
        late.lacking("key-receipt", ["back_by", "room"]),
        ["back_by"]
    );
}

/// Changes of a source, each of which has one fault: what is replaced, by what, and `@ LINES KEY: WORDS`, where
/// the lines are counted from the first that was replaced.
fn all_found(source: &str, cases: &str) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.split("\n\n@@\n") {
        let (change, expected) = case.rsplit_once("\n@ ").expect(case);
        let (old, new) = change.split_once("\n=>\n").expect(case);
        let (below, expected) = expected.split_once(' ').expect(case);
        let (key, words) = expected.trim_end().split_once(": ").expect(case);
        let below: isize = below.parse().expect(case);
        let Some((before, _)) = source.split_once(old) else {
            wrong.push(format!("{old} is not there"));
            continue;
        };
        let line = before.matches('\n').count();
        let line = line.saturating_add_signed(1 + below);
        let changed = source.replacen(old, new, 1);
        let complaints = read(&changed).err().unwrap_or_default();
        let is_it = |one: &Complaint| {
            let whole = one.to_string();
            (one.line, one.key.as_str()) == (line, key)
                && whole.contains(words)
                && one.said.ends_with('.')
                && one.remedy.ends_with('.')
        };
        if complaints.len() != 1 || !complaints.iter().all(is_it) {
            let found: Vec<_> = complaints.iter().map(ToString::to_string).collect();
            let found = found.join("\n    ");
            wrong.push(format!(
                "{new}\n  expected {line}, {key}: {words}\n  found\n    {found}"
            ));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 5, "{count}");
}

#[test]
fn each_part_is_checked() {
    all_found(FULL, include_str!("data/full.faults"));
}

#[test]
fn the_whole_is_checked() {
    all_found(SMALL, include_str!("data/small.faults"));
}

#[test]
fn what_is_missing_is_named() {
    for (line, key) in [
        ("id = \"full-sample\"\n", "id"),
        ("version = 7\n", "version"),
        ("title = { de = \"Alles\", en = \"All of it\" }\n", "title"),
        ("case_type = \"invoice\"\n", "case_type"),
        ("start = \"received\"\n", "start"),
    ] {
        let complaints = read(&FULL.replacen(line, "", 1)).expect_err(key);
        let [one] = complaints.as_slice() else {
            panic!("{key}: {complaints:?}");
        };
        assert_eq!((one.line, one.key.as_str()), (1, key));
        assert_eq!(one.said, format!("„{key}“ fehlt."));
    }
}

/// What is said about a source, each with its line.
fn said(source: &str) -> Vec<String> {
    let complaints = read(source).err().unwrap_or_default();
    complaints.iter().map(ToString::to_string).collect()
}

#[test]
fn what_leads_nowhere_is_said_for_each_state() {
    let found = said(&SMALL.replace("start = \"one\"", "start = \"end\""));
    assert!(
        found
            .iter()
            .any(|one| one.contains("in dem er schon endet")),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|one| one.contains("state two: Von „end“ aus")),
        "{found:?}"
    );
    let endless = SMALL.replace("end = \"done\"", "next = \"one\"");
    let endless = endless.replace("end = \"dropped\"", "next = \"one\"");
    let found = said(&endless);
    assert!(
        found.iter().any(|one| one.contains("endet nirgends")),
        "{found:?}"
    );
}

#[test]
fn what_is_no_definition_is_said_with_its_line() {
    let check = |bytes: &[u8], line: usize, expect: &str| {
        let complaints = Definition::read(bytes).expect_err(expect);
        let is_it = |one: &Complaint| one.line == line && one.to_string().contains(expect);
        assert!(complaints.iter().any(is_it), "{complaints:?}");
    };
    check(b"", 1, "fehlt");
    check(b"id = \"a1\"\nid = \"a2\"", 2, "Das ist kein TOML");
    check(b"id = \"a1\"\ntitle = 'x", 2, "Das ist kein TOML");
    check(b"id = 1\nx = \xff", 2, "kein Text in UTF-8");
    check(b"field = 5", 1, "als [[");
    let size = usize::try_from(DEFINITION_BYTES_MAX).expect("a size") + 1;
    check(&vec![b'#'; size], 1, "mehr als 262144 Bytes");
    check(b"a = { a = { a = { a = 1 } } }\n", 1, "gibt es hier nicht");
    let deep = format!("a = {}1{}", "[".repeat(5_000), "]".repeat(5_000));
    check(deep.as_bytes(), 1, "");
}

#[test]
fn there_is_a_limit_to_everything() {
    let many = |what: &str, count: usize, limit: &str| {
        let one = |number: usize| what.replace('#', &number.to_string());
        let all: String = (0..count).map(one).collect();
        let found = said(&format!("{SMALL}\n{all}"));
        assert!(
            found.iter().any(|one| one.contains(limit)),
            "{limit}: {found:?}"
        );
    };
    many(
        "[[field]]\nkey = \"f#\"\nlabel = \"F\"\nkind = \"day\"\n",
        198,
        "Das sind 201, mehr als 200",
    );
    many(
        "[[state]]\nid = \"s#\"\nlabel = \"F\"\nend = \"done\"\n",
        97,
        "Das sind 101, mehr als 100",
    );
    let step = "\n[[state.step]]\nid = \"s#\"\nlabel = \"F\"\nkind = \"task\"\nassignee = { anybody = true }\n";
    let steps = format!("[[state]]\nid = \"x\"\nlabel = \"X\"\nnext = \"end\"\n{step}");
    many(&steps.replace("\"x\"", "\"x#\""), 97, "mehr als 100");
    let state = "[[state]]\nid = \"x\"\nlabel = \"X\"\nnext = \"end\"\n";
    let steps: String = (0..498)
        .map(|number| step.replace('#', &number.to_string()))
        .collect();
    let found = said(&format!("{SMALL}\n{state}{steps}"));
    assert!(
        found
            .iter()
            .any(|one| one.contains("501 Schritte, mehr als 500")),
        "{found:?}"
    );
}

#[test]
fn what_is_said_stays_short() {
    let long = format!("id = \"{}\"", "\\n!".repeat(50_000));
    let found = said(&SMALL.replacen("id = \"small\"", &long, 1));
    assert_eq!(found.len(), 1);
    assert!(
        found
            .iter()
            .all(|one| one.len() < 1_000 && !one.contains('\n')),
        "{found:?}"
    );
    let rubbish: String = (0..20_000)
        .map(|number| format!("k{number} = 1\n"))
        .collect();
    assert_eq!(said(&rubbish).len(), 100);
}

#[test]
fn unknown_fields_are_not_complained_about_twice() {
    let found = said(&FULL.replacen("kind = \"number\"", "kind = \"whole\"", 1));
    assert_eq!(found.len(), 1, "{found:?}");
}

proptest! {
    /// Lines are lost, doubled, exchanged, and words put where others stood.
    #[test]
    fn nothing_is_too_strange_to_be_read(
        changes in prop::collection::vec((0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
        small in any::<bool>(),
    ) {
        let source = if small { SMALL } else { FULL };
        let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
        for (change, one, other) in changes {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            match change {
                0 => drop(lines.remove(one)),
                1 => lines.insert(one, lines[other].clone()),
                2 => lines.swap(one, other),
                _ => {
                    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
                    let (from, mut into) = (words(&lines[other]), words(&lines[one]));
                    if let (Some(from), Some(into)) = (from.last(), into.last_mut()) {
                        into.clone_from(from);
                    }
                    lines[one] = into.join(" ");
                }
            }
        }
        let changed = lines.join("\n");
        if let Err(complaints) = read(&changed) {
            prop_assert!(!complaints.is_empty());
            for one in complaints {
                prop_assert!((1..=lines.len() + 1).contains(&one.line), "{}", one);
                prop_assert!(!one.remedy.is_empty(), "{}", one);
            }
        }
    }
}

#[test]
fn what_is_no_toml_is_said_with_what_to_do() {
    for (old, new, line, words) in [
        (
            "required = true",
            "required = yes",
            13,
            "ja und nein heißen true und false",
        ),
        (
            "title = \"Schlüsselausgabe\"",
            "title = „Schlüsselausgabe“",
            4,
            "nicht in „…“",
        ),
        (
            "label = \"Raum\"",
            "label = \"Raum",
            17,
            "Anführungszeichen am Ende",
        ),
        (
            "label = \"Raum\"",
            "label = \"Raum\"\nlabel = \"Raum\"",
            18,
            "einmal entfernen",
        ),
        (
            "label = \"Raum\"",
            "label = \"Raum\" Zimmer",
            17,
            "neue Zeile",
        ),
        ("label = \"Raum\"", "label == \"Raum\"", 17, "= zu viel"),
        ("label = \"Raum\"", "label \"Raum\"", 17, "schlüssel = wert"),
        (
            "label = \"Raum\"",
            "läbel = \"Raum\"",
            17,
            "Buchstaben von a bis z",
        ),
        (
            "matter_of = [\"holder\"]",
            "matter_of = [\"holder\"",
            9,
            "Klammer ]",
        ),
        ("{ role = \"head\" }", "{ role = \"head\"", 37, "Klammer }"),
        ("{ role = \"head\" }", "{ role: \"head\" }", 36, "="),
        ("[[state.step]]", "[[state.step]", 32, "Klammern ergänzen"),
    ] {
        let source = KEYS.replacen(old, new, 1);
        assert_ne!(source, KEYS);
        let complaints = read(&source).expect_err("wrong");
        let [one] = complaints.as_slice() else {
            panic!("{complaints:?}");
        };
        let said = one.to_string();
        assert!(said.contains(words), "{new}: {said}");
        assert_eq!(one.line, line, "{new}: {said}");
        assert!(!said.contains("expected"), "{said}");
    }
}

#[test]
fn what_whoever_writes_german_writes_is_understood() {
    for (expression, words) in [
        ("known(room) und known(holder)", "Und heißt and."),
        ("known(room) oder known(holder)", "Oder heißt or."),
        ("nicht known(room)", "Die Verneinung heißt not."),
        (
            "arbeitstage(today, back_by) > 3",
            "„arbeitstage(…)“ gibt es nicht. Möglich sind: known, count",
        ),
        ("arbeitstage > 3", "Ein Feld „arbeitstage“ gibt es nicht."),
    ] {
        let complaints = read(&KEYS.replace("back_by > today", expression)).expect_err("wrong");
        let said: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert!(
            matches!(said.as_slice(), [one] if one.contains(words)),
            "{said:?}"
        );
    }
    let said = |old: &str, new: &str| {
        let complaints = read(&KEYS.replacen(old, new, 1)).expect_err("wrong");
        complaints
            .iter()
            .map(ToString::to_string)
            .collect::<String>()
    };
    let float = said("working_days = 3", "working_days = 3.5");
    assert!(float.ends_with("Bitte ohne Punkt schreiben."), "{float}");
    let text = said("{ role = \"head\" }", "\"head\"");
    assert!(text.contains("Zum Beispiel: { role = \"head\" }"), "{text}");
}

#[test]
fn where_something_outside_is_named_is_found() {
    let source = format!("# \"hausmeisterei\" ist eine Funktion\n{KEYS}");
    let line = |name: &str| line_naming(source.as_bytes(), name);
    assert_eq!(line("hausmeisterei"), Some(58));
    assert_eq!(line("head"), Some(37));
    assert_eq!(line("hausmeister"), None);
    let table = b"rows = { a = 'function:kst-20' }";
    assert_eq!(line_naming(table, "kst-20"), Some(1));
    assert_eq!(line_naming(b"\xff\"kst-20\"", "kst-20"), None);
}

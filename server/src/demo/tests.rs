//! The shipped data keeps its promises, and the pages say what the data says.

use std::collections::BTreeSet;

use serde::Deserialize;

use workflow::definition::Definition;

use super::content::{Role, Town, TownDocument};
use super::fill::roles;
use super::pdf;
use super::script::{Doing, Format, documents_in};
use crate::base::rights::{Reach, reach};
use crate::base::{self, Right};

const QUERIES: &str = include_str!("../../../tests/data/quality/queries.jsonl");
/// Documents that only the quality set has.
const LETTERS: &str = include_str!("../../../tests/data/quality/documents.jsonl");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    q: String,
    class: String,
    expect: Vec<String>,
    forbid: Vec<String>,
    note: String,
}

fn town() -> Town {
    Town::load().expect("the shipped data is readable")
}

fn text(document: &TownDocument) -> String {
    format!("{}\n{}", document.title, document.pages.join("\n"))
}

#[test]
fn the_town_is_as_large_as_promised() {
    let town = town();
    assert_eq!(town.departments.len(), 3);
    assert!(town.people.len() >= 12);
    assert!(town.documents.len() >= 300);
    assert!(town.file_plan.entries.len() >= 20);
    for document in &town.documents {
        assert!((1..=6).contains(&document.pages.len()), "{}", document.id);
        assert!(
            document.pages.iter().all(|page| !page.trim().is_empty()),
            "{}",
            document.id
        );
        assert!(document.received >= document.date, "{}", document.id);
    }
}

#[test]
fn ids_are_unique_and_names_resolve() {
    let town = town();
    let ids: BTreeSet<&str> = town.documents.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), town.documents.len());
    for document in &town.documents {
        assert!(
            town.department(&document.department).is_some(),
            "{}",
            document.id
        );
        assert!(document.clerk.is_empty() || town.person(&document.clerk).is_some());
        let unit = document
            .references
            .first()
            .and_then(|it| it.split('-').next());
        assert!(
            town.file_plan
                .entries
                .iter()
                .any(|it| Some(it.code.as_str()) == unit),
            "{}",
            document.id
        );
    }
    assert!(
        town.people
            .iter()
            .all(|person| town.department(&person.department).is_some())
    );
}

#[test]
fn somebody_in_the_town_maintains_its_plan_and_files_too() {
    let town = town();
    let manager = town
        .people
        .iter()
        .find(|person| person.role == Role::RecordsManager)
        .expect("a records manager");
    for right in [Right::ManagePlan, Right::Receive] {
        let reaches = |role: &base::Role| reach(*role, right) != Reach::Nowhere;
        assert!(roles(manager.role).iter().any(reaches), "{right:?}");
    }
}

#[test]
fn no_two_documents_have_the_same_text() {
    let town = town();
    let texts: BTreeSet<String> = town.documents.iter().map(text).collect();
    assert_eq!(texts.len(), town.documents.len());
}

/// ISO 7064 over the digits, letters counted from ten.
fn remainder(digits: &str) -> u64 {
    digits
        .chars()
        .filter_map(|letter| letter.to_digit(36))
        .fold(0, |rest, value| {
            (rest * if value > 9 { 100 } else { 10 } + u64::from(value)) % 97
        })
}

/// German IBANs in a text, blanks removed.
fn ibans(text: &str) -> Vec<String> {
    text.match_indices("DE")
        .filter_map(|(place, _)| text.get(place..))
        .map(|rest| {
            rest.chars()
                .filter(|letter| *letter != ' ')
                .take(22)
                .collect::<String>()
        })
        .filter(|it| {
            it.chars().skip(2).count() == 20 && it.chars().skip(2).all(|c| c.is_ascii_digit())
        })
        .collect()
}

#[test]
fn accounts_are_valid_and_belong_to_no_bank() {
    let town = town();
    let mut seen = 0;
    for document in &town.documents {
        for iban in ibans(&text(document)) {
            let (head, bank) = iban.split_at(4);
            assert_eq!(
                remainder(&format!("{bank}{head}")),
                1,
                "{iban} in {}",
                document.id
            );
            assert!(
                bank.starts_with('9'),
                "{iban} in {} could be real",
                document.id
            );
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} accounts were looked at");
}

#[test]
fn telephones_are_of_ranges_kept_for_fiction() {
    let town = town();
    let fiction = [
        "0221 4710",
        "030 23125",
        "040 66969",
        "069 90009",
        "089 99998",
        "0176 04069",
    ];
    let mut seen = 0;
    for document in &town.documents {
        let text = text(document);
        for (place, _) in text.match_indices(" 0") {
            let Some((before, rest)) = text.split_at_checked(place + 1) else {
                continue;
            };
            // A group of an account number.
            if before
                .trim_end()
                .ends_with(|letter: char| letter.is_ascii_digit())
            {
                continue;
            }
            let number: String = rest
                .chars()
                .take_while(|it| it.is_ascii_digit() || " -/".contains(*it))
                .collect();
            let area = number.split(' ').next().unwrap_or_default();
            let digits = number.chars().filter(char::is_ascii_digit).count();
            if !(3..=5).contains(&area.len()) || digits < 9 || number.contains('/') {
                continue;
            }
            assert!(
                fiction.iter().any(|it| number.starts_with(it)),
                "{number} in {}",
                document.id
            );
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} numbers were looked at");
}

#[test]
fn mail_and_web_addresses_lead_nowhere() {
    let town = town();
    for document in &town.documents {
        for word in text(document).split([' ', '\n', '<', '>', ',']) {
            if word.contains('@') {
                assert!(
                    word.trim_end_matches('.').ends_with(".example"),
                    "{word} in {}",
                    document.id
                );
            }
            assert!(!word.contains("www.") && !word.contains("http"), "{word}");
        }
    }
}

#[test]
fn printing_twice_gives_the_same_bytes() {
    let town = town();
    for document in town.documents.iter().step_by(29) {
        let once = pdf::render(document, &town).expect("printed");
        assert_eq!(once, pdf::render(document, &town).expect("printed again"));
    }
}

/// Words of a text; what a line end has broken counts as its two halves.
fn words(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

#[test]
fn every_page_says_what_the_data_says() {
    let town = town();
    for document in &town.documents {
        let bytes = pdf::render(document, &town).expect("printed");
        let read = lopdf::Document::load_mem(&bytes).expect("readable");
        assert_eq!(
            read.get_pages().len(),
            document.pages.len(),
            "{}",
            document.id
        );
        for (number, page) in (1_u32..).zip(&document.pages) {
            let printed = words(&read.extract_text(&[number]).expect("text"));
            let first = number == 1 && !printed.contains(&words(&document.title));
            assert!(!first, "{}: no title", document.id);
            for paragraph in page.split("\n\n") {
                // Two columns, printed side by side: their words stand in another order.
                let found = if paragraph.contains('\t') {
                    paragraph
                        .split_whitespace()
                        .all(|word| printed.contains(&words(word)))
                } else {
                    paragraph.contains(": ") || printed.contains(&words(paragraph))
                };
                assert!(found, "{}: {paragraph}", document.id);
            }
        }
    }
}

#[test]
fn the_quality_set_speaks_of_documents_that_exist() {
    let town = town();
    let letters = LETTERS.lines().map(|line| {
        let letter: serde_json::Value = serde_json::from_str(line).expect("a document");
        letter["id"].as_str().expect("a name").to_owned()
    });
    let ids: BTreeSet<String> = town.documents.iter().map(|it| it.id.clone()).collect();
    let both = ids.len() + LETTERS.lines().count();
    let ids: BTreeSet<String> = ids.into_iter().chain(letters).collect();
    assert_eq!(ids.len(), both, "a name stands there twice");
    let queries: Vec<Query> = QUERIES
        .lines()
        .map(|line| serde_json::from_str(line).expect("a query"))
        .collect();
    assert!(queries.len() >= 150, "{}", queries.len());
    let asked: BTreeSet<&str> = queries.iter().map(|it| it.q.as_str()).collect();
    assert_eq!(asked.len(), queries.len(), "a query stands there twice");
    for query in &queries {
        assert!(
            !query.class.is_empty() && query.note.len() < 200,
            "{}",
            query.q
        );
        assert!((1..=10).contains(&query.expect.len()), "{}", query.q);
        for id in query.expect.iter().chain(&query.forbid) {
            assert!(ids.contains(id.as_str()), "{}: {id}", query.q);
        }
        assert!(
            query.expect.iter().all(|id| !query.forbid.contains(id)),
            "{}",
            query.q
        );
    }
}

#[test]
fn every_file_can_be_opened_by_its_clerk() {
    let town = town();
    let mut registered = BTreeSet::new();
    assert!(town.files.len() >= 8);
    for file in &town.files {
        let clerk = town.person(&file.clerk).expect("a clerk");
        let units = &town.file_plan.entries;
        let unit = units.iter().find(|one| one.code == file.plan_unit);
        let unit = unit.expect("a unit");
        if let Some(code) = &unit.compartment {
            let compartment = town.compartments.iter().find(|one| one.code == *code);
            let people = &compartment.expect("a compartment").people;
            assert!(people.contains(&file.clerk), "{}", file.subject);
        }
        for id in file.cases.iter().flat_map(|case| &case.documents) {
            let document = town.documents.iter().find(|one| one.id == *id);
            let document = document.expect("a document");
            assert_eq!(document.department, clerk.department, "{id}");
            assert!(registered.insert(id.as_str()), "{id} stands in two cases");
        }
        for case in &file.cases {
            for one in &case.relations {
                let (source, target) = (&one.source, &one.target);
                assert!(case.documents.contains(source), "{source}");
                assert!(case.documents.contains(target), "{target}");
            }
        }
        assert!(!file.closed || file.cases.iter().all(|case| case.closed));
    }
    let hidden = town.file_plan.entries.iter();
    let hidden = hidden.filter(|one| one.compartment.is_some()).count();
    assert_eq!(hidden, 6);
}

#[test]
fn one_inspection_is_approved_and_one_waits() {
    let town = town();
    let mut approvals = Vec::new();
    for one in &town.inspections {
        let file = town.files.iter().find(|file| file.subject == one.file);
        let file = file.expect("a file");
        let units = &town.file_plan.entries;
        let unit = units.iter().find(|unit| unit.code == file.plan_unit);
        let code = unit.and_then(|unit| unit.compartment.clone());
        let inside = town
            .compartments
            .iter()
            .find(|one| Some(&one.code) == code.as_ref());
        let people = &inside.expect("a compartment").people;
        for login in one.approved_by.iter().chain([&one.asked_by]) {
            assert!(people.contains(login), "{login}");
        }
        assert!(!people.contains(&one.user) && !one.approved_by.contains(&one.asked_by));
        approvals.push(one.approved_by.len());
    }
    assert_eq!(approvals, [2, 0]);
}

#[test]
fn what_is_handed_on_comes_to_several_people_and_stands_in_no_file() {
    let town = town();
    let mut receivers = BTreeSet::new();
    for one in &town.handed_on {
        let document = town.documents.iter().find(|it| it.id == one.document);
        let by = town.person(&one.by).expect("who hands it on");
        let to = town.person(&one.to).expect("who gets it");
        assert_eq!(document.expect("a document").department, by.department);
        let cases = town.files.iter().flat_map(|file| &file.cases);
        let registered = cases.flat_map(|case| &case.documents);
        assert!(!registered.into_iter().any(|id| *id == one.document));
        receivers.insert(to.user.as_str());
    }
    assert!(receivers.len() >= 2, "{receivers:?}");
}

#[test]
fn what_documents_say_stands_in_fields_of_their_types() {
    let town = Town::load().expect("the town is readable");
    let types: toml::Value =
        toml::from_str(include_str!("../../data/town/types.toml")).expect("types");
    let carried = |kind: &str| -> Vec<String> {
        let all = types["type"].as_array().expect("a list");
        let found = all.iter().find(|one| one["code"].as_str() == Some(kind));
        let fields = found.and_then(|one| one["fields"].as_array());
        let code = |one: &toml::Value| one["field"].as_str().map(str::to_owned);
        fields.into_iter().flatten().filter_map(code).collect()
    };
    let mut said = 0;
    for (id, values) in &town.values {
        let document = town.documents.iter().find(|one| one.id == *id);
        let document = document.unwrap_or_else(|| panic!("no document {id}"));
        let carried = carried(&document.kind);
        for code in values.keys() {
            assert!(
                carried.contains(code),
                "{id}: {} has no {code}",
                document.kind
            );
            said += 1;
        }
    }
    assert!(said > 80, "only {said} values");
    // What an invoice must have to be registered, every invoice has.
    for document in town.documents.iter().filter(|one| one.kind == "Rechnung") {
        let said = town.values.get(&document.id);
        assert!(
            said.is_some_and(|said| said.contains_key("betrag")),
            "{}",
            document.id
        );
    }
}

fn definitions() -> Vec<Definition> {
    let all = workflow::shipped::SHIPPED.iter();
    all.map(|(name, source)| Definition::read(source).unwrap_or_else(|_wrong| panic!("{name}")))
        .collect()
}

#[test]
fn whom_the_workflows_of_the_program_name_somebody_is() {
    let town = town();
    for definition in definitions() {
        for code in definition.functions() {
            let function = town.functions.iter().find(|one| one.code == code);
            let function = function.unwrap_or_else(|| panic!("nobody is {code}"));
            assert!(!function.holders.is_empty(), "{code}");
            for login in &function.holders {
                assert!(town.person(login).is_some(), "{login}");
            }
        }
    }
}

#[test]
fn what_runs_in_the_town_fits_the_definitions() {
    let town = town();
    let definitions = definitions();
    let mut slugs: BTreeSet<&str> = town.documents.iter().map(|it| it.id.as_str()).collect();
    let mut cases = BTreeSet::new();
    let mut run = BTreeSet::new();
    for flow in &town.script.flows {
        let name = &flow.case;
        let file = town.script.file(&flow.file).expect(name);
        let clerk = town.person(&file.clerk).expect(name);
        assert!(cases.insert(name.as_str()), "{name} stands there twice");
        assert!(town.person(&flow.by).is_some(), "{name}: {}", flow.by);
        let definition = definitions.iter().find(|one| one.id == flow.definition);
        let definition = definition.expect(name);
        run.insert(definition.id.as_str());
        for document in flow.documents() {
            assert!(slugs.insert(&document.id), "{} is there twice", document.id);
            assert_eq!(document.department, clerk.department, "{}", document.id);
            assert!(!document.pages.is_empty(), "{}", document.id);
        }
        for act in town.script.acts(flow) {
            let named = documents_in(&act.fields).chain(act.document.as_deref());
            for slug in named {
                assert!(flow.documents().any(|one| one.id == slug), "{slug}");
            }
            if act.command == Doing::Work {
                continue;
            }
            assert!(town.person(&act.by).is_some(), "{name}: {}", act.by);
            if matches!(act.command, Doing::Event | Doing::Version) {
                continue;
            }
            let (_, step) = definition.step(&act.step).expect(&act.step);
            if let Some(outcome) = &act.outcome {
                let known = step.outcomes.iter().any(|one| one.key == *outcome);
                assert!(known, "{name}: {} has no {outcome}", act.step);
            }
            for key in act.fields.keys() {
                assert!(definition.field(key).is_some(), "{name}: {key}");
            }
        }
    }
    // All but the removal from a personnel file, which takes two years.
    assert_eq!(run.len(), definitions.len() - 1, "{run:?}");
    for desk in &town.script.desks {
        assert!(town.person(&desk.user).is_some(), "{}", desk.user);
    }
}

#[test]
fn limits_are_given_by_one_administrator_and_approved_by_another() {
    let town = town();
    let is_admin = |login: &str| town.person(login).is_some_and(|it| it.role == Role::Admin);
    assert!(!town.limits.is_empty());
    for one in &town.limits {
        assert!(one.given_by != one.approved_by, "{}", one.who);
        assert!(is_admin(&one.given_by) && is_admin(&one.approved_by));
    }
}

#[test]
fn what_runs_in_the_town_is_printed_with_its_days() {
    let town = town();
    let today = time::macros::date!(2026 - 11 - 26);
    let flows = town.script.flows.iter();
    let mut printed = 0;
    for document in flows.flat_map(|flow| flow.documents()) {
        let said = document.on(today).expect(&document.id);
        assert!(!said.pages.concat().contains('{'), "{}", document.id);
        if document.format == Format::Xml {
            assert!(said.pages.concat().starts_with("<?xml"));
            continue;
        }
        let bytes = pdf::render(&said, &town).expect(&document.id);
        let read = lopdf::Document::load_mem(&bytes).expect("readable");
        assert_eq!(read.get_pages().len(), said.pages.len(), "{}", document.id);
        printed += 1;
    }
    assert!(printed > 25, "{printed}");
}

//! Values, kinds, and what is said where.

use proptest::prelude::*;

use super::*;

/// A small world.
struct World {
    fields: Vec<(&'static str, Kind, Option<Value>)>,
    actor: bool,
    calendar: Calendar,
}

fn day(text: &str) -> Day {
    Day::parse(text).expect(text)
}

fn world() -> World {
    let person = |id: &str| person(Id(id.to_owned()));
    let anna = Assigned::Person {
        account: Id("anna".to_owned()),
    };
    let whos = Value::Whos(vec![anna, Assigned::System]);
    World {
        fields: vec![
            ("gross", Kind::Money, Some(Value::Money(1_000_050))),
            ("net", Kind::Money, None),
            ("pages", Kind::Number, Some(Value::Number(3))),
            ("due_on", Kind::Day, Some(Value::Day(day("2026-04-02")))),
            ("paid_on", Kind::Day, None),
            ("urgent", Kind::YesNo, Some(Value::YesNo(true))),
            ("waived", Kind::YesNo, None),
            ("sort", Kind::Text, Some(Value::Text("b".to_owned()))),
            (
                "note",
                Kind::Text,
                Some(Value::Text("sagt \"ja\"".to_owned())),
            ),
            ("clerk", Kind::Who, Some(person("anna"))),
            ("people", Kind::Whos, Some(whos)),
            ("nobody", Kind::Whos, None),
            (
                "draft",
                Kind::Document,
                Some(Value::Document(Id("d1".to_owned()))),
            ),
            ("letter", Kind::Document, None),
        ],
        actor: true,
        calendar: Calendar::new([]),
    }
}

impl Names for World {
    fn field(&self, key: &str) -> Option<Kind> {
        let found = self.fields.iter().find(|(name, ..)| *name == key);
        found.map(|(_, kind, _)| *kind)
    }

    fn entries(&self, key: &str) -> Option<Vec<String>> {
        (key == "sort").then(|| vec!["a".to_owned(), "b".to_owned()])
    }

    fn lookup(&self, table: &str) -> bool {
        table == "routes"
    }

    fn outcomes(&self, step: &str) -> Option<Vec<String>> {
        (step == "check").then(|| vec!["approved".to_owned(), "rejected".to_owned()])
    }

    fn actor(&self) -> bool {
        self.actor
    }

    fn all(&self, what: Named) -> Vec<String> {
        match what {
            Named::Field => self
                .fields
                .iter()
                .map(|(key, ..)| (*key).to_owned())
                .collect(),
            Named::Lookup => vec!["routes".to_owned()],
            Named::Step => vec!["check".to_owned()],
        }
    }
}

impl Facts for World {
    fn field(&self, key: &str) -> Option<Value> {
        let found = self.fields.iter().find(|(name, ..)| *name == key);
        found.and_then(|(_, _, value)| value.clone())
    }

    fn today(&self) -> Day {
        day("2026-03-30")
    }

    fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    fn limit(&self) -> Option<i64> {
        Some(2_000_000)
    }

    fn actor(&self) -> Option<Id> {
        Some(Id("anna".to_owned()))
    }

    fn initiator(&self) -> Option<Id> {
        Some(Id("bert".to_owned()))
    }

    fn lookup(&self, _: &str, key: &str) -> Option<String> {
        (key == "b" || key == "3").then(|| "function:kst-20".to_owned())
    }

    fn done(&self, _: &str) -> bool {
        true
    }

    fn outcome(&self, _: &str) -> Option<String> {
        Some("approved".to_owned())
    }

    fn taker(&self, _: &str) -> Option<Id> {
        Some(Id("anna".to_owned()))
    }

    fn holds(&self, person: &Id, function: &str) -> bool {
        person.0 == "anna" && function == "bm"
    }

    fn registered(&self, document: &Id) -> bool {
        document.0 == "d1"
    }

    fn frozen(&self, _: &Id) -> bool {
        false
    }

    fn destroyed(&self, document: &Id) -> bool {
        document.0 == "d1"
    }
}

fn holds(text: &str) -> bool {
    let world = world();
    match Expr::read_condition(text, &world) {
        Ok(expr) => expr.holds(&world),
        Err(fault) => panic!("{text}: {fault}"),
    }
}

#[test]
fn what_is_true_is_true() {
    for text in [
        "gross > 10000.00",
        "gross >= 10000.50 and gross <= 10000.50",
        "gross - 0.50 == 10000.00",
        "-gross < -1.00",
        "- 5 < 2 and 2 - 5 == -3",
        "actor.limit >= gross",
        "actor.limit >= 0.00 and not (actor.limit >= -0.01)",
        "-0.01 > actor.limit and not (-gross <= actor.limit)",
        "pages == 3 and not (pages != 3)",
        "pages + 1 - 2 == 2",
        "pages - (1 - 2) == 4",
        "today == @2026-03-30",
        "due_on - today == 3",
        "due_on + 1 == @2026-04-03",
        "working_days(today, due_on + 5) == 4",
        "urgent",
        "not waived",
        "urgent or waived and false",
        "false == waived or urgent == true",
        "sort in [\"a\", \"b\"]",
        "not sort in [\"a\"]",
        "pages in [-3, 3]",
        "note == \"sagt \\\"ja\\\"\"",
        "known(gross) and not known(net)",
        "net == null and gross != null and null == letter",
        "count(people) == 2 and count(nobody) == 0",
        "clerk == actor.id and clerk != initiator",
        "taker(\"check\") == clerk",
        "lookup(\"routes\", sort) == \"function:kst-20\"",
        "lookup(\"routes\", pages) != null and lookup(\"routes\", note) == null",
        "lookup(\"routes\", \"b\") != lookup(\"routes\", \"c\") or true",
        "lookup(\"routes\", \"b\") == lookup(\"routes\", pages)",
        "add_months(due_on, 1) == @2026-05-02 and add_months(@2026-01-31, 1) == @2026-02-28",
        "done(\"check\") and outcome(\"check\") == \"approved\"",
        "outcome(\"check\") in [\"approved\", \"rejected\"]",
        "registered(draft) and not registered(letter) and not frozen(draft)",
        "destroyed(draft) and not destroyed(letter)",
        "holds(clerk, \"bm\") and not holds(clerk, \"kst-20\")",
        "clerk in people and not initiator in people",
        "if(known(net), 1, 2) == 2 and if(urgent, 1, 2) == 1 and if(waived, urgent, null) == null",
        "if(net > 1.00, due_on, due_on + 30) == due_on + 30",
        "not (clerk in nobody)",
        "  urgent\n  and\turgent ",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_is_not_known_is_not_true() {
    for text in [
        "net > 1.00",
        "net <= 1.00",
        "net == 1.00",
        "net != 1.00",
        "net == net",
        "waived",
        "waived == false",
        "waived and urgent",
        "paid_on < today",
        "paid_on + 3 > today",
        "working_days(paid_on, today) >= 0",
        "net in [1.00]",
        "-net < 1.00",
        "gross == null",
        "net != null",
    ] {
        assert!(!holds(text), "{text}");
    }
}

fn check(text: &str, at: usize, expect: &str) {
    let fault = Expr::read_condition(text, &world()).expect_err(text);
    assert_eq!(fault.at, at, "{text}: {fault}");
    let whole = fault.to_string();
    assert!(whole.contains(expect), "{text}: {whole}");
    assert!(fault.remedy.ends_with('.'), "{text}: {whole}");
}

#[test]
fn a_fault_is_said_with_its_place_and_a_remedy() {
    check("", 1, "Hier fehlt etwas");
    check("gross", 1, "keine Bedingung");
    check("gross > ", 9, "Hier fehlt etwas");
    check("brutto > 1.00", 1, "Felder sind: gross");
    check("gross > 100", 7, "zwei Stellen nach dem Punkt: 100.00");
    check("gross > 100.5", 9, "genau zwei Stellen");
    check("gross > 1.234,50", 9, "genau zwei Stellen");
    check("gross > 1234567890123456", 9, "zu groß");
    check("gross = 1.00", 7, "Gleich ist ==");
    check("urgent && waived", 8, "Und heißt and");
    check("!urgent", 1, "Nicht heißt not");
    check("sort == 'a'", 9, "in TOML");
    check("sort == \"c\"", 9, "Möglich sind: a, b");
    check("\"c\" == sort", 1, "Möglich sind: a, b");
    check("sort in [\"a\", \"c\"]", 15, "Möglich sind: a, b");
    check("sort in [1]", 10, "Verglichen wird mit einem Text");
    check("sort in []", 10, "feste Werte");
    check("sort in [sort]", 10, "feste Werte");
    check("sort == \"a", 9, "der nicht endet");
    check("sort == \"\\n\"", 10, "Nach \\");
    check("sort > \"a\"", 6, "Größer und kleiner");
    check("due_on < \"2026-03-01\"", 8, "@2026-03-01");
    check("due_on < @2026-02-30", 10, "kein Tag");
    check("urgent and gross", 12, "erwartet wird Ja oder Nein");
    check("not gross", 5, "erwartet wird Ja oder Nein");
    check("pages < 3 < 4", 11, "aneinanderreihen");
    check("(urgent", 8, "Hier fehlt „)“");
    check("urgent)", 7, "enden");
    check("urgent waived", 8, "enden");
    check("gross + 1 > 2.00", 7, "lassen sich nicht");
    check("people == people", 8, "count(feld)");
    check("null == null", 6, "vergleichen");
}

#[test]
fn a_fault_within_a_function_is_said_with_its_place() {
    check("-sort == \"a\"", 1, "Minus");
    check("count(gross) > 1", 7, "der Art whos");
    check("registered(gross)", 12, "der Art document");
    check("holds(people, \"bm\")", 7, "der Art who");
    check("holds(clerk, bm)", 14, "Kurzbezeichnung einer Funktion");
    check(
        "holds(clerk, \"B M\")",
        14,
        "Kurzbezeichnung einer Funktion",
    );
    check("clerk in sort", 10, "der Art whos");
    check("sort in people", 1, "gesucht wird ein Text");
    check("clerk in people in people", 17, "aneinanderreihen");
    check("known(3)", 7, "Schlüssel eines Feldes");
    check("known(brutto)", 7, "gibt es nicht");
    check("lookup(routes, sort) == \"a\"", 8, "Name einer Tabelle");
    check(
        "lookup(\"wege\", sort) == \"a\"",
        8,
        "Tabellen sind: routes",
    );
    check("lookup(\"routes\", due_on) == \"a\"", 18, "der Art text");
    check("done(check)", 6, "Schlüssel eines Schrittes");
    check("done(\"chek\")", 6, "Schritte sind: check");
    check(
        "outcome(\"check\") == \"done\"",
        21,
        "Möglich sind: approved, rejected",
    );
    check("actor.name == \"x\"", 7, "actor.id, actor.limit");
    check("working_days(today, 3) > 1", 21, "kein Tag");
    check("add_months(due_on, pages) > today", 20, "1 bis 120");
    check("add_months(due_on, 200) > today", 20, "1 bis 120");
    check("add_months(gross, 2) > today", 12, "kein Tag");
    check("if(pages, 1, 2) == 1", 4, "Ja oder Nein");
    check("if(urgent, pages, gross) == 1", 19, "zur Wahl");
    check("if(urgent, urgent, gross) == 1", 20, "dieselbe Art");
    check("if(urgent, pages) == 1", 17, ",");
    check("and urgent", 1, "steht hier falsch");
    check("urgent # ja", 8, "Das Zeichen „#“");
    check("ürgent", 1, "Das Zeichen „ü“");
    let deep = format!("{}urgent{}", "(".repeat(40), ")".repeat(40));
    check(&deep, 33, "verschachtelt");
    check(&"not ".repeat(40), 129, "verschachtelt");
    check(&"urgent or ".repeat(300), 1, "2000 Bytes");
    let long = format!("pages in [{}1]", "1, ".repeat(LIST_MAX));
    check(&long, 311, "mehr als 100 Werte");
}

#[test]
fn who_acts_is_known_only_where_somebody_acts() {
    let mut world = world();
    world.actor = false;
    let fault = Expr::read_condition("actor.limit > 1.00", &world).expect_err("nobody acts");
    assert_eq!(
        (fault.at, fault.said.as_str()),
        (1, "Hier handelt niemand.")
    );
}

#[test]
fn an_expression_says_what_it_names() {
    let text = "known(net) and gross > 1.00 and done(\"check\") or gross < 2.00 and frozen(draft)";
    let expr = Expr::read_condition(text, &world()).expect(text);
    assert_eq!(expr.fields(), ["net", "gross", "draft"]);
    assert_eq!(expr.steps(), ["check"]);
    assert_eq!(expr.to_string(), text);
    let text = "holds(clerk, \"bm\") or not actor.id in people";
    let expr = Expr::read_condition(text, &world()).expect(text);
    assert_eq!(expr.fields(), ["clerk", "people"]);
    assert_eq!(expr.functions(), ["bm"]);
    assert_eq!(expr.to_string(), text);
}

#[test]
fn it_is_written_with_the_brackets_that_it_needs() {
    let check = |text: &str, expect: &str| {
        let expr = Expr::read(text, &world()).expect(text).0;
        assert_eq!(expr.to_string(), expect);
    };
    check("(urgent)", "urgent");
    check(
        "(urgent or waived) and urgent",
        "(urgent or waived) and urgent",
    );
    check(
        "urgent or (waived and urgent)",
        "urgent or waived and urgent",
    );
    check(
        "urgent or (waived or urgent)",
        "urgent or (waived or urgent)",
    );
    check("not (urgent and waived)", "not (urgent and waived)");
    check("not(urgent==waived)", "not urgent == waived");
    check("(not urgent) == waived", "(not urgent) == waived");
    check("pages-(1-2)", "pages - (1 - 2)");
    check("-(pages + 1)", "-(pages + 1)");
    check("-(-(3))", "-(-3)");
    check("gross in[1.00,-2.05]", "gross in [1.00, -2.05]");
}

/// Expressions of any shape, mostly right ones.
fn any_text() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "urgent",
        "waived",
        "pages > 2",
        "gross <= 3.00",
        "not urgent",
        "sort == \"a\"",
        "net == null",
        "due_on + 3 > today",
        "sort in [\"a\"]",
        "-pages < 1",
        "count(people) - 1 >= 0",
        "known(net)",
        "working_days(today, due_on - 2) > -1",
        "add_months(due_on + 1, 12) > today",
        "if(urgent or waived, due_on - 1, null) > today",
        "if(waived, (urgent and waived), (pages > 1))",
        "outcome(\"check\") != null",
        "(waived)",
    ]);
    let atom = atom.prop_map(str::to_owned);
    atom.prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,80}") {
        if let Err(fault) = Expr::read(&text, &world()) {
            prop_assert!(fault.at <= text.chars().count() + 1);
        }
    }

    #[test]
    fn no_row_of_pieces_is_too_strange(pieces in prop::collection::vec(prop::sample::select(vec![
        "urgent", "gross", "pages", "people", "draft", "sort", "and", "or", "not", "in", "(", ")", "[", "]", ",", "==",
        "!=", "<", ">=", "+", "-", "-", "1", "2.50", "\"a\"", "@2026-03-01", "null", "true", "today", "actor", ".",
        "limit", "count", "lookup", "done", "\"check\"", "working_days", "add_months", "if", "due_on", "@9999-12-31",
        "999999999999999",
    ]), 0..30)) {
        let text = pieces.join(" ");
        if let Ok((expr, _)) = Expr::read(&text, &world()) {
            prop_assert_eq!(expr.value(&world()), expr.value(&world()));
            let written = expr.to_string();
            let (again, _) = Expr::read(&written, &world()).expect("what was written is read");
            prop_assert_eq!(&again, &expr, "{}", written);
        }
    }

    #[test]
    fn what_is_written_is_what_was_read(text in any_text()) {
        let (expr, kind) = Expr::read(&text, &world()).expect("right");
        let written = expr.to_string();
        let (again, same) = Expr::read(&written, &world()).expect("right");
        prop_assert_eq!(&again, &expr);
        prop_assert_eq!(same, kind);
        prop_assert_eq!(again.to_string(), written);
        prop_assert_eq!(again.value(&world()), expr.value(&world()));
    }
}

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::definition::Definition;
use crate::instance::Instance;
use crate::shipped::SHIPPED;

fn all() -> Vec<Definition> {
    let read = |(name, bytes): &(&str, &[u8])| match Definition::read(bytes) {
        Ok(definition) => definition,
        Err(complaints) => panic!("{name}: {complaints:?}"),
    };
    SHIPPED.iter().map(read).collect()
}

fn small() -> Definition {
    Definition::read(include_bytes!("../draw/data/small.toml")).expect("it fits")
}

/// The town, as far as it is needed here.
struct Town;

impl Names for Town {
    fn account(&self, id: &Id) -> Option<String> {
        let names = BTreeMap::from([("a", "Annegret Voßkuhl"), ("b", "Sabine Oberländer")]);
        names.get(id.0.as_str()).map(|name| (*name).to_owned())
    }

    fn function(&self, code: &str) -> Option<String> {
        (code == "kaemmerei").then(|| "Kämmerei".to_owned())
    }

    fn department(&self, slug: &str) -> Option<String> {
        (slug == "internes").then(|| "Fachbereich Internes".to_owned())
    }

    fn document(&self, id: &Id) -> Option<String> {
        (id.0 == "d").then(|| "Antwort an Hollmann".to_owned())
    }
}

#[test]
fn the_text_names_each_state_step_field_and_way_out() {
    for definition in all() {
        let text = text(&definition, &NoNames);
        let plain = text.replace('\\', "");
        for state in &definition.states {
            assert!(plain.contains(&state.label.de), "{}", state.id);
            for step in &state.steps {
                assert!(
                    plain.contains(&format!("Schritt „{}“", step.label.de)),
                    "{}",
                    step.id
                );
                for outcome in &step.outcomes {
                    assert!(
                        plain.contains(&format!("„{}“", outcome.label.de)),
                        "{}",
                        outcome.key
                    );
                }
                for requirement in &step.require {
                    assert!(plain.contains(&requirement.otherwise.de), "{}", step.id);
                }
            }
        }
        for field in &definition.fields {
            assert!(plain.contains(&field.label.de), "{}", field.key);
        }
        for legal in &definition.legal {
            assert!(plain.contains(legal), "{legal}");
        }
    }
}

/// No word of the language of guards is left.
#[test]
fn the_text_is_german_and_no_expression_is_left_in_it() {
    for definition in all() {
        let text = text(&definition, &NoNames);
        for word in [
            " == ", " != ", " and ", " or ", "outcome(", "known(", "done(", "actor.", "null",
            "true",
        ] {
            assert!(!text.contains(word), "{}: {word}", definition.id);
        }
    }
}

#[test]
fn conditions_are_told_as_sentences() {
    let invoice = all()
        .into_iter()
        .find(|one| one.id == "incoming-invoice")
        .expect("invoice");
    let (_, step) = invoice.step("order_payment").expect("order");
    let said: Vec<_> = step
        .require
        .iter()
        .map(|one| condition(&one.is, &invoice))
        .collect();
    assert_eq!(
        said,
        [
            "die eigene Anordnungsbefugnis ist mindestens „Bruttobetrag“",
            "„Rechnung“ ist unveränderlich",
            "„Haushaltsmittel stehen bereit“ ist mit Ja beantwortet",
        ]
    );
    let handover = all()
        .into_iter()
        .find(|one| one.id == "id-handover")
        .expect("handover");
    let (_, step) = handover.step("hand_over").expect("hand over");
    assert_eq!(
        condition(&step.require[2].is, &handover),
        "„Empfang des PIN-Briefs klären“ endete mit „bestätigt oder nicht vorgesehen“ oder \
         „Geheimnummer am Gerät neu setzen“ endete mit „neu gesetzt“"
    );
    let trip = all()
        .into_iter()
        .find(|one| one.id == "business-trip")
        .expect("trip");
    let (_, step) = trip.step("request").expect("request");
    assert_eq!(
        condition(&step.require[1].is, &trip),
        "heute liegt nicht nach: „Beginn“ und „Beginn“ liegt nicht nach: „Ende“"
    );
    let exit = &small().states[1].exits[0];
    let when = exit.when.as_ref().expect("a condition");
    assert_eq!(
        condition(when, &small()),
        "„Kosten“ ist größer als 1.000,00 €"
    );
}

#[test]
fn amounts_are_written_as_in_letters() {
    for (cents, said) in [
        (0, "0,00 €"),
        (-5, "-0,05 €"),
        (123_456_789, "1.234.567,89 €"),
        (99_900, "999,00 €"),
    ] {
        assert_eq!(say::euros(cents), said);
    }
}

#[test]
fn a_small_workflow_is_told_in_whole() {
    let told = text(&small(), &Town);
    for line in [
        "# Kleines Verfahren \\<& mehr>",
        "- **Rechtsgrundlagen:** § 1 Beispielgesetz",
        "- **Wer:** Kämmerei",
        "- **Nur wenn gilt:** „Kosten“ ist größer als 0,00 €",
        "- **Frist:** 3 Arbeitstage",
        "- **Erinnerung:** am letzten Tag",
        "- **Verfall:** 1 Arbeitstag nach Ablauf der Frist endet der Schritt von selbst mit „nie geprüft“",
        "- **Vier Augen:** Wer „Entwerfen“ erledigt hat, auch in Vertretung oder vertreten, darf es nicht.",
        "- **Zurückgeben:** mit Begründung zu „Entwurf“",
        "- **Ergebnis:** „nicht einverstanden“, mit Begründung, führt zu „Entwurf“",
        "Danach geht es weiter: wenn gilt: „Kosten“ ist größer als 1.000,00 €, zu „Zeichnung“; sonst zu „Zu den Akten“.",
        "- **Abgebrochen:** das Verfahren endet ohne Abschluss",
    ] {
        assert!(told.lines().any(|one| one == line), "{line}\n{told}");
    }
}

fn step(
    number: u32,
    key: &str,
    kind: &str,
    status: &str,
    more: &serde_json::Value,
) -> serde_json::Value {
    let mut step = json!({
        "number": number, "key": key, "state": "check", "round": 1, "kind": kind,
        "label": {"de": "Mitzeichnen"}, "mark": kind,
        "assigned": [{"kind": "function", "code": "kaemmerei"}],
        "claimed": null, "status": status, "directive": null, "opened_at": 1_772_352_300_000_000_i64,
        "due": null, "held_until": null, "done": null, "fired": [],
    });
    for (key, value) in more.as_object().expect("an object") {
        step[key] = value.clone();
    }
    step
}

fn instance(steps: &[serde_json::Value]) -> Instance {
    let whole = json!({
        "definition": "small", "definition_version": 2, "definition_sha256": "00", "state": "check",
        "round": 1, "ended": null, "initiator": {"account": "a"},
        "started_at": 1_772_352_300_000_000_i64, "changed_at": 1_772_352_300_000_000_i64, "fields": {},
        "steps": steps, "excluded": [], "editorial": {}, "dispatched": {}, "events": 1,
    });
    serde_json::from_value(whole).expect("an instance")
}

#[test]
fn a_mark_says_what_when_and_who_in_whose_stead() {
    let done = json!({"done": {
        "outcome": "agreed", "by": {"account": "a", "on_behalf_of": "b", "function": "kaemmerei"},
        "at": 1_772_360_000_000_000_i64, "note": "mit Hinweis",
        "bound": {"document": "d", "version": 3, "sha512": "0123456789abcdef0123456789abcdef"},
        "documents": ["d", "x"],
    }});
    let at = instance(&[
        step(1, "look", "co_sign", "done", &done),
        step(2, "look", "co_sign", "voided", &done),
        step(3, "look", "co_sign", "skipped", &done),
    ]);
    let lines = slip_of(&small(), &at, &Town);
    let first = &lines[0];
    assert_eq!(first.state, "Prüfung");
    assert_eq!(first.kind, "Mitzeichnung (Mz.)");
    assert_eq!(first.status, "erledigt");
    assert_eq!(first.opened.as_deref(), Some("01.03.2026, 09:05 Uhr"));
    assert_eq!(
        first.mark.as_deref(),
        Some("Mz. 01.03.2026, Annegret Voßkuhl i. V. Sabine Oberländer (Kämmerei)")
    );
    assert_eq!(first.outcome.as_deref(), Some("einverstanden"));
    assert_eq!(first.note.as_deref(), Some("mit Hinweis"));
    assert_eq!(
        first.bound.as_deref(),
        Some("Antwort an Hollmann, Fassung 3, SHA-512 0123456789abcdef…")
    );
    assert_eq!(first.documents, ["Antwort an Hollmann", "Dokument x"]);
    assert!(
        lines[1]
            .mark
            .as_deref()
            .expect("a mark")
            .ends_with(", hinfällig")
    );
    assert_eq!(lines[1].status, "hinfällig, eine neue Fassung liegt vor");
    assert_eq!(lines[2].mark, None, "what was skipped leaves no mark");
    assert_eq!(slip(&at, &NoNames)[0].outcome.as_deref(), Some("agreed"));
    assert_eq!(
        slip(&at, &NoNames)[0].by.as_deref(),
        Some("Konto a i. V. Konto b (Funktion kaemmerei)")
    );
}

#[test]
fn what_is_open_says_by_when_who_inserted_it_and_until_when_it_rests() {
    let more = json!({
        "held_until": 1_772_841_600_000_000_i64,
        "due": {
            "on": "2026-03-10", "overdue_at": 0, "kind": "deadline", "rule": "Frist: 5 Arbeitstage",
            "extended": [{"from": "2026-03-06", "to": "2026-03-10", "by": {"account": "a"}, "reason": "krank"}],
            "remind_at": [], "escalate_at": [], "lapse_at": null,
        },
        "directive": {"by": {"account": "b"}, "at": 1_772_352_300_000_000_i64, "text": "Bitte prüfen", "holds": 1},
        "assigned": [{"kind": "role", "role": "clerk", "department": "internes"}, {"kind": "person", "account": "a"}],
    });
    let at = instance(&[step(2, "adhoc", "statement", "open", &more)]);
    let line = &slip(&at, &Town)[0];
    assert_eq!(
        line.due.as_deref(),
        Some("10.03.2026 (verlängert, zuvor 06.03.2026)")
    );
    assert_eq!(line.rule.as_deref(), Some("Frist: 5 Arbeitstage"));
    assert_eq!(line.status, "zu erledigen, Wv. 07.03.2026");
    assert_eq!(
        line.asked,
        "Sachbearbeitung (Fachbereich Internes) und Annegret Voßkuhl"
    );
    assert_eq!(
        line.directive.as_deref(),
        Some(
            "Eingefügt von Sabine Oberländer am 01.03.2026, 09:05 Uhr, Schritt 1 wartet darauf: Bitte prüfen"
        )
    );
    assert_eq!((line.mark.as_deref(), line.by.as_deref()), (None, None));
}

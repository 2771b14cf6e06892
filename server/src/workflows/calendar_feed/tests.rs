//! The rules of calendars as text.

use super::ics::{self, Form};
use super::model::{Entry, What, has_form};
use crate::base::Timestamp;

fn entry(label: &str) -> Entry {
    Entry {
        uid: "1-2-due@papierlos".to_owned(),
        what: What::Deadline,
        day: "2026-12-31".to_owned(),
        label: label.to_owned(),
        title: "Eingangsrechnung".to_owned(),
        reference: "01.4.1/7-2".to_owned(),
        url: "https://archiv.example/workflows/1".to_owned(),
        sequence: 2,
        changed_at: Timestamp::parse("2026-11-26T12:00:00Z").expect("an instant"),
    }
}

fn calendar(entries: &[Entry]) -> String {
    ics::calendar(entries, Form::Events)
}

/// The lines of a calendar, laid together again.
fn unfolded(text: &str) -> Vec<String> {
    let whole = text.replace("\r\n ", "");
    whole.split_terminator("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_day_is_an_event_that_ends_with_the_next() {
    let text = calendar(&[entry("prüfen")]);
    let lines = unfolded(&text);
    for line in [
        "BEGIN:VCALENDAR",
        "UID:1-2-due@papierlos",
        "DTSTAMP:20261126T120000Z",
        "SEQUENCE:2",
        "DTSTART;VALUE=DATE:20261231",
        "DTEND;VALUE=DATE:20270101",
        "SUMMARY:Frist: prüfen – Eingangsrechnung",
        "DESCRIPTION:Vorgang 01.4.1/7-2\\nhttps://archiv.example/workflows/1",
        "END:VCALENDAR",
    ] {
        assert!(lines.iter().any(|one| one == line), "{line}\n{text}");
    }
}

#[test]
fn as_a_task_it_is_due_on_that_day_and_what_rests_begins_on_it() {
    let resting = Entry {
        what: What::Resubmission,
        uid: "1-2-held@papierlos".to_owned(),
        ..entry("prüfen")
    };
    let text = ics::calendar(&[entry("prüfen"), resting], Form::Tasks);
    let lines = unfolded(&text);
    for line in [
        "BEGIN:VTODO",
        "UID:1-2-due@papierlos",
        "DUE;VALUE=DATE:20261231",
        "DTSTART;VALUE=DATE:20261231",
        "STATUS:NEEDS-ACTION",
        "SUMMARY:Wiedervorlage: prüfen – Eingangsrechnung",
        "END:VTODO",
    ] {
        assert!(lines.iter().any(|one| one == line), "{line}\n{text}");
    }
    for never in ["VEVENT", "DTEND", "TRANSP"] {
        assert!(!text.contains(never), "{never}\n{text}");
    }
}

#[test]
fn no_line_is_longer_than_75_octets_and_none_is_cut_within_a_letter() {
    let label = "ä€🦀;,\\ ".repeat(40);
    let text = calendar(&[entry(&label)]);
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
    }
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    let escaped = label.replace('\\', "\\\\");
    let escaped = escaped.replace(';', "\\;").replace(',', "\\,");
    let lines = unfolded(&text);
    let summary = format!("SUMMARY:Frist: {escaped} – Eingangsrechnung");
    assert!(lines.contains(&summary), "{text}");
}

#[test]
fn nothing_that_was_said_begins_a_line_of_its_own() {
    let text = calendar(&[entry("a\r\nBEGIN:VALARM\u{7}\nb")]);
    let lines = unfolded(&text);
    assert!(!lines.iter().any(|line| line.starts_with("BEGIN:VALARM")));
    assert!(!text.contains('\u{7}'));
}

#[test]
fn a_day_that_is_none_is_left_out() {
    let wrong = Entry {
        day: "bald".to_owned(),
        ..entry("prüfen")
    };
    assert!(!calendar(&[wrong]).contains("VEVENT"));
}

#[test]
fn a_secret_has_its_form() {
    let secret = format!("plc_{}", "a".repeat(43));
    assert!(has_form(&secret));
    for wrong in [
        "",
        "plc_",
        secret.trim_start_matches('p'),
        &format!("{secret}a"),
    ] {
        assert!(!has_form(wrong), "{wrong}");
    }
}

//! A calendar as text: iCalendar (RFC 5545), with all-day events, or with tasks in their place, and nothing else.

use time::Date;
use time::format_description::well_known::Iso8601;
use time::macros::format_description;

use super::model::{Entry, What};
use crate::base::Timestamp;

/// Most octets of a line, without its end.
const LINE_OCTETS_MAX: usize = 75;

/// Text as a value: what parts values is escaped, control characters are left out.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '\\' | ';' | ',' => {
                plain.push('\\');
                plain.push(one);
            }
            '\n' => plain.push_str("\\n"),
            one if one.is_control() => {}
            one => plain.push(one),
        }
    }
    plain
}

/// A line, folded where it is too long: never within a character.
fn line(into: &mut String, content: &str) {
    let mut octets = 0;
    for one in content.chars() {
        if octets + one.len_utf8() > LINE_OCTETS_MAX {
            into.push_str("\r\n ");
            octets = 1;
        }
        into.push(one);
        octets += one.len_utf8();
    }
    into.push_str("\r\n");
}

/// `20261203` for `2026-12-03`, and the day after it.
fn days(day: &str) -> Option<(String, String)> {
    let format = format_description!("[year][month][day]");
    let first = Date::parse(day, &Iso8601::DATE).ok()?;
    let next = first.next_day()?;
    Some((first.format(&format).ok()?, next.format(&format).ok()?))
}

/// `20261126T120000Z`.
fn instant(at: Timestamp) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    at.utc().format(&format).unwrap_or_default()
}

const fn german(what: What) -> &'static str {
    match what {
        What::Deadline => "Frist",
        What::Appointment => "Termin",
        What::Resubmission => "Wiedervorlage",
    }
}

/// What an entry stands in a calendar as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Events: what every calendar shows.
    Events,
    /// Tasks, for programs that show those of a subscription: they stay in sight when their day is over.
    Tasks,
}

impl Form {
    const fn component(self) -> &'static str {
        match self {
            Self::Events => "VEVENT",
            Self::Tasks => "VTODO",
        }
    }
}

/// The days of an entry, and how busy it makes: tasks are due on their day, and what rests begins on it.
fn when(entry: &Entry, form: Form) -> Option<Vec<String>> {
    let (first, next) = days(&entry.day)?;
    let lines = match (form, entry.what) {
        (Form::Events, _) => vec![
            format!("DTSTART;VALUE=DATE:{first}"),
            format!("DTEND;VALUE=DATE:{next}"),
            "TRANSP:TRANSPARENT".to_owned(),
        ],
        (Form::Tasks, What::Deadline | What::Appointment) => vec![
            format!("DUE;VALUE=DATE:{first}"),
            "STATUS:NEEDS-ACTION".to_owned(),
        ],
        (Form::Tasks, What::Resubmission) => vec![
            format!("DTSTART;VALUE=DATE:{first}"),
            "STATUS:NEEDS-ACTION".to_owned(),
        ],
    };
    Some(lines)
}

fn component(into: &mut String, entry: &Entry, form: Form) {
    let Some(when) = when(entry, form) else {
        return;
    };
    let (what, name) = (german(entry.what), form.component());
    let summary = format!("{what}: {} – {}", entry.label, entry.title);
    let said = format!("Vorgang {}\n{}", entry.reference, entry.url);
    let changed = instant(entry.changed_at);
    let head = [
        format!("BEGIN:{name}"),
        format!("UID:{}", escaped(&entry.uid)),
        format!("DTSTAMP:{changed}"),
        format!("LAST-MODIFIED:{changed}"),
        format!("SEQUENCE:{}", entry.sequence),
    ];
    let rest = [
        format!("SUMMARY:{}", escaped(&summary)),
        format!("DESCRIPTION:{}", escaped(&said)),
        format!("CATEGORIES:{what}"),
        format!("URL:{}", entry.url),
        "CLASS:PRIVATE".to_owned(),
        format!("END:{name}"),
    ];
    for content in head.iter().chain(&when).chain(&rest) {
        line(into, content);
    }
}

/// The calendar with these entries.
pub(super) fn calendar(entries: &[Entry], form: Form) -> String {
    let mut text = String::new();
    for content in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Papierlos//Fristen und Termine//DE",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Papierlos",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ] {
        line(&mut text, content);
    }
    for entry in entries {
        component(&mut text, entry, form);
    }
    line(&mut text, "END:VCALENDAR");
    text
}

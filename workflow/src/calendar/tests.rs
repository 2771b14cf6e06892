//! Days that everybody can look up, and the cases of the law.

use proptest::prelude::*;

use super::*;
use crate::definition::{Assignee, Due, DueKind, Escalation, Lapse, Term};
use crate::instance::Assigned;

fn day(text: &str) -> Day {
    Day::parse(text).expect(text)
}

fn at(text: &str) -> Instant {
    Instant::parse(text).expect(text)
}

fn calendar() -> Calendar {
    Calendar::new([])
}

fn due(term: Term, kind: DueKind) -> Due {
    Due {
        term,
        kind,
        before: None,
        remind: Vec::new(),
        remind_hours: Vec::new(),
        remind_to: None,
        escalate: Vec::new(),
        lapse: None,
        extend_by: None,
    }
}

/// The day on which a term ends that begins with what happens on a day at noon.
fn ends(term: Term, kind: DueKind, opened: &str) -> String {
    let opened = at(&format!("{opened}T12:00:00Z"));
    let state = calendar().due(
        &due(term, kind),
        opened,
        |_| None,
        str::to_owned,
        |_| Vec::new(),
    );
    state.expect("no field").on.to_string()
}

#[test]
fn holidays_are_those_of_north_rhine_westphalia() {
    // Karfreitag, Ostermontag, Christi Himmelfahrt, Pfingstmontag, Fronleichnam.
    for (year, moving) in [
        (2000, ["04-21", "04-24", "06-01", "06-12", "06-22"]),
        (2017, ["04-14", "04-17", "05-25", "06-05", "06-15"]),
        (2024, ["03-29", "04-01", "05-09", "05-20", "05-30"]),
        (2025, ["04-18", "04-21", "05-29", "06-09", "06-19"]),
        (2026, ["04-03", "04-06", "05-14", "05-25", "06-04"]),
        (2027, ["03-26", "03-29", "05-06", "05-17", "05-27"]),
        (2028, ["04-14", "04-17", "05-25", "06-05", "06-15"]),
        (2029, ["03-30", "04-02", "05-10", "05-21", "05-31"]),
        (2030, ["04-19", "04-22", "05-30", "06-10", "06-20"]),
        // The latest Easter that there is, and the earliest of this century.
        (2038, ["04-23", "04-26", "06-03", "06-14", "06-24"]),
        (2285, ["03-20", "03-23", "04-30", "05-11", "05-21"]),
    ] {
        let fixed = ["01-01", "05-01", "10-03", "11-01", "12-25", "12-26"];
        let mut expected: Vec<_> = moving
            .iter()
            .chain(&fixed)
            .map(|text| format!("{year}-{text}"))
            .collect();
        if year == 2017 {
            expected.push("2017-10-31".to_owned());
        }
        expected.sort();
        expected.dedup();
        let mut found = Vec::new();
        let mut next = day(&format!("{year}-01-01"));
        while next.0.year() == year {
            if calendar().holiday(next).is_some() {
                found.push(next.to_string());
            }
            next = next.plus_days(1);
        }
        assert_eq!(found, expected, "{year}");
    }
}

#[test]
fn a_town_keeps_days_free_besides_and_its_calendar_says_so() {
    let free = [day("2026-12-24"), day("2026-12-31"), day("2026-02-16")];
    let own = Calendar::new(free);
    assert!(calendar().is_working(day("2026-12-24")));
    assert!(!own.is_working(day("2026-12-24")));
    assert_eq!(own.next_working(day("2026-12-24")), day("2026-12-28"));
    assert_eq!(calendar().version(), "NRW-1");
    assert!(own.version().starts_with("NRW-1+3 frei ("));
    let other = Calendar::new([day("2026-12-24"), day("2026-12-31"), day("2026-02-17")]);
    assert_ne!(own.version(), other.version());
    let again = Calendar::new(free.into_iter().rev());
    assert_eq!(own, again);
}

#[test]
fn working_days_are_counted() {
    let check = |from: &str, count: i32, to: &str| {
        let found = calendar().plus_working(day(from), count);
        assert_eq!(found.to_string(), to, "{from} {count}");
    };
    check("2026-12-23", 1, "2026-12-24");
    check("2026-12-24", 1, "2026-12-28");
    check("2026-12-28", -1, "2026-12-24");
    check("2026-04-02", 1, "2026-04-07");
    check("2026-04-07", -1, "2026-04-02");
    check("2026-04-05", 0, "2026-04-05");
    check("2026-04-05", 1, "2026-04-07");
    check("2026-04-05", -1, "2026-04-02");
    check("2024-02-28", 2, "2024-03-01");
    let between = |from: &str, to: &str| calendar().working_days(day(from), day(to));
    assert_eq!(between("2026-04-02", "2026-04-07"), 1);
    assert_eq!(between("2026-04-07", "2026-04-02"), -1);
    assert_eq!(between("2026-03-02", "2026-03-09"), 5);
    assert_eq!(between("2026-03-02", "2026-03-02"), 0);
}

#[test]
fn a_deadline_ends_as_the_law_has_it() {
    use DueKind::{Appointment, Deadline};
    let check = |term: Term, opened: &str, deadline: &str, appointment: &str| {
        assert_eq!(ends(term.clone(), Deadline, opened), deadline, "{term:?}");
        assert_eq!(
            ends(term.clone(), Appointment, opened),
            appointment,
            "{term:?}"
        );
    };
    // It begins on the day after: § 187 I BGB.
    check(Term::Days(14), "2026-03-02", "2026-03-16", "2026-03-16");
    check(Term::Days(0), "2026-03-02", "2026-03-02", "2026-03-02");
    // It would end at Christmas, on a Friday: § 31 III VwVfG; an appointment stays, § 31 V.
    check(Term::Days(14), "2026-12-11", "2026-12-28", "2026-12-25");
    check(Term::Weeks(2), "2026-12-11", "2026-12-28", "2026-12-25");
    // On a Saturday; on Karfreitag, which moves it over Easter.
    check(Term::Days(5), "2026-03-02", "2026-03-09", "2026-03-07");
    check(Term::Weeks(1), "2026-03-27", "2026-04-07", "2026-04-03");
    // Months end on the same number, or on the last day there is: § 188 II and III BGB.
    check(Term::Months(1), "2026-01-31", "2026-03-02", "2026-02-28");
    check(Term::Months(1), "2024-01-31", "2024-02-29", "2024-02-29");
    check(Term::Months(1), "2024-02-29", "2024-04-02", "2024-03-29");
    check(Term::Months(12), "2024-02-29", "2025-02-28", "2025-02-28");
    check(Term::Months(1), "2026-02-28", "2026-03-30", "2026-03-28");
    check(Term::Months(3), "2026-11-30", "2027-03-01", "2027-02-28");
    check(Term::Months(1), "2026-12-15", "2027-01-15", "2027-01-15");
    // Working days never end on another.
    check(
        Term::WorkingDays(5),
        "2026-12-21",
        "2026-12-29",
        "2026-12-29",
    );
    check(
        Term::WorkingDays(1),
        "2026-03-06",
        "2026-03-09",
        "2026-03-09",
    );
    // Opened on a Sunday, due the same day.
    check(
        Term::WorkingDays(0),
        "2026-03-08",
        "2026-03-09",
        "2026-03-08",
    );
}

#[test]
fn the_day_of_a_field_moves_by_days_forwards_and_backwards() {
    let term = |offset: i32, working: bool| Term::Field {
        field: "meeting_on".to_owned(),
        offset,
        working,
    };
    let check = |offset: i32, working: bool, kind: DueKind, field: &str, expected: &str| {
        let due = due(term(offset, working), kind);
        let state = calendar().due(
            &due,
            at("2026-01-01T12:00:00Z"),
            |key| (key == "meeting_on").then(|| day(field)),
            str::to_owned,
            |_| Vec::new(),
        );
        assert_eq!(state.expect("a day").on.to_string(), expected);
    };
    check(0, false, DueKind::Deadline, "2026-03-10", "2026-03-10");
    check(0, false, DueKind::Deadline, "2026-03-08", "2026-03-09");
    check(0, false, DueKind::Appointment, "2026-03-08", "2026-03-08");
    check(3, false, DueKind::Deadline, "2026-03-05", "2026-03-09");
    // Counted backwards it ends on the working day before, or it would be too short.
    check(-2, false, DueKind::Deadline, "2026-03-10", "2026-03-06");
    check(-10, true, DueKind::Deadline, "2026-04-14", "2026-03-27");
    check(2, true, DueKind::Deadline, "2026-04-02", "2026-04-08");
    let nothing = calendar().due(
        &due(term(0, false), DueKind::Deadline),
        at("2026-01-01T12:00:00Z"),
        |_| None,
        str::to_owned,
        |_| Vec::new(),
    );
    assert_eq!(nothing, None);
}

#[test]
fn it_is_never_later_than_the_day_before_which_it_must_be() {
    let mut due = due(Term::WorkingDays(10), DueKind::Deadline);
    due.before = Some("pay_by".to_owned());
    let on = |due: &Due, field: Option<&str>| {
        let opened = at("2026-03-02T09:00:00Z");
        let state = calendar().due(
            due,
            opened,
            |_| field.map(day),
            str::to_uppercase,
            |_| Vec::new(),
        );
        state.expect("a term")
    };
    assert_eq!(on(&due, None).on, day("2026-03-16"));
    assert_eq!(on(&due, Some("2026-05-01")).on, day("2026-03-16"));
    // A Sunday: the Friday before.
    let state = on(&due, Some("2026-03-08"));
    assert_eq!(state.on, day("2026-03-06"));
    assert_eq!(state.overdue_at, at("2026-03-06T23:00:00Z"));
    assert!(state.rule.contains("nicht später als „PAY_BY“: 06.03.2026"));
    due.term = Term::Hours(400);
    assert_eq!(on(&due, Some("2026-03-08")).on, day("2026-03-06"));
    due.term = Term::Hours(4);
    assert_eq!(
        on(&due, Some("2026-03-08")).overdue_at,
        at("2026-03-02T13:00:00Z")
    );
}

#[test]
fn it_is_reminded_in_hours_from_the_opening() {
    let mut due = due(Term::WorkingDays(5), DueKind::Deadline);
    due.remind = vec![-1];
    due.remind_hours = vec![24, 4];
    // A Friday evening: hours run through the weekend.
    let opened = at("2026-03-06T19:30:00Z");
    let state = calendar().due(&due, opened, |_| None, str::to_owned, |_| Vec::new());
    let expected = [
        at("2026-03-06T23:30:00Z"),
        at("2026-03-07T19:30:00Z"),
        at("2026-03-12T06:00:00Z"),
    ];
    assert_eq!(state.expect("a term").remind_at, expected);
}

#[test]
fn reminders_escalations_and_the_end_stand_around_the_day() {
    let head = Assigned::Function {
        code: "leitung".to_owned(),
    };
    let mut due = due(Term::WorkingDays(5), DueKind::Deadline);
    due.remind = vec![0, -2, -9, 0];
    let to = |after| Escalation {
        after,
        to: Assignee::Function("leitung".to_owned()),
    };
    due.escalate = vec![to(0), to(2)];
    due.lapse = Some(Lapse {
        after: 1,
        outcome: "expired".to_owned(),
    });
    // Thursday; the clocks go forward on 29 March.
    let opened = at("2026-03-26T09:30:00Z");
    let state = calendar().due(
        &due,
        opened,
        |_| None,
        str::to_owned,
        |_| vec![head.clone()],
    );
    let state = state.expect("a term");
    assert_eq!(state.on, day("2026-04-02"));
    assert_eq!(state.overdue_at, at("2026-04-02T22:00:00Z"));
    // At seven by the clocks of Germany; what lies before the opening is left out.
    let remind = [at("2026-03-31T05:00:00Z"), at("2026-04-02T05:00:00Z")];
    assert_eq!(state.remind_at, remind);
    let escalate = [
        (at("2026-04-02T22:00:00Z"), head.clone()),
        (at("2026-04-08T05:00:00Z"), head),
    ];
    assert_eq!(state.escalate_at, escalate);
    let lapse = (at("2026-04-07T22:00:00Z"), "expired".to_owned());
    assert_eq!(state.lapse_at, Some(lapse));
    assert_eq!(
        state.rule,
        "Frist: 5 Arbeitstage nach dem 26.03.2026 (§ 31 VwVfG, §§ 187 bis 193 BGB); Kalender NRW-1"
    );
}

#[test]
fn hours_run_through_nights_and_over_the_change_of_clocks() {
    let due = due(Term::Hours(24), DueKind::Deadline);
    let opened = at("2026-03-28T12:00:00.5Z");
    let state = calendar().due(&due, opened, |_| None, str::to_owned, |_| Vec::new());
    let state = state.expect("a term");
    assert_eq!(state.overdue_at, at("2026-03-29T12:00:00.5Z"));
    assert_eq!(state.on, day("2026-03-29"));
    assert_eq!(
        state.rule,
        "Frist: 24 Stunden ab 28.03.2026, 13:00 Uhr (§ 31 VI VwVfG); Kalender NRW-1"
    );
}

#[test]
fn a_day_that_somebody_set_stays_where_it_is() {
    let state = calendar().due_on(None, day("2026-12-26"), at("2026-12-01T00:00:00Z"), |_| {
        Vec::new()
    });
    assert_eq!(state.on, day("2026-12-26"));
    assert_eq!(state.overdue_at, at("2026-12-26T23:00:00Z"));
    assert_eq!(state.rule, "festgesetzt auf den 26.12.2026; Kalender NRW-1");
}

#[test]
fn days_are_those_of_german_clocks() {
    let calendar = calendar();
    for (instant, expected) in [
        ("2026-01-15T22:59:59Z", "2026-01-15"),
        ("2026-01-15T23:00:00Z", "2026-01-16"),
        ("2026-07-15T21:59:59Z", "2026-07-15"),
        ("2026-07-15T22:00:00Z", "2026-07-16"),
        ("2026-10-25T22:59:59Z", "2026-10-25"),
        ("2026-10-25T23:00:00Z", "2026-10-26"),
    ] {
        let found = calendar.day_of(at(instant)).to_string();
        assert_eq!(found, expected, "{instant}");
    }
    let end = |text: &str| calendar.end_of(day(text)).to_string();
    assert_eq!(end("2026-03-28"), "2026-03-28T23:00:00Z");
    assert_eq!(end("2026-03-29"), "2026-03-29T22:00:00Z");
    assert_eq!(end("2026-10-25"), "2026-10-25T23:00:00Z");
}

#[test]
fn a_day_is_written_as_it_is_read() {
    let read = |text: &str| serde_json::from_value::<Day>(serde_json::json!(text));
    let read_day = read("2024-02-29").expect("a leap day");
    assert_eq!(serde_json::json!(read_day), serde_json::json!("2024-02-29"));
    for wrong in ["2026-02-29", "2026-2-9", "29.02.2024", "+2024-02-29", ""] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_of_a_calendar_it_answers(
        instant in any::<i64>(),
        count in -70_000_i32..70_000,
        hours in any::<u16>(),
        months in any::<u16>(),
        kind in prop::bool::ANY,
    ) {
        let calendar = calendar();
        let kind = if kind { DueKind::Deadline } else { DueKind::Appointment };
        let from = calendar.day_of(Instant(instant));
        let moved = calendar.plus_working(from, count);
        prop_assert!((moved >= from) == (count >= 0) || moved == from);
        for term in [Term::Hours(hours), Term::Months(months), Term::Days(hours), Term::WorkingDays(9)] {
            let state = calendar.due(&due(term, kind), Instant(instant), |_| None, str::to_owned, |_| Vec::new());
            prop_assert!(state.is_some());
        }
    }

    #[test]
    fn a_day_holds_the_instants_between_its_ends(number in -20_000_i64..200_000) {
        let calendar = calendar();
        let day = Day::of(1970, 1, 1).expect("a day").plus_days(number);
        let (start, end) = (calendar.start_of(day), calendar.end_of(day));
        prop_assert_eq!(calendar.day_of(start), day);
        prop_assert_eq!(calendar.day_of(Instant(end.0 - 1)), day);
        prop_assert_eq!(calendar.day_of(end), day.plus_days(1));
    }

    #[test]
    fn a_deadline_never_ends_on_a_free_day_or_too_early(number in 0_i64..30_000, days in 0_u16..400) {
        let calendar = calendar();
        let opened = Instant::of_seconds(number * 86_400 + 43_200);
        let state = calendar.due(&due(Term::Days(days), DueKind::Deadline), opened, |_| None, str::to_owned, |_| Vec::new());
        let state = state.expect("a term");
        prop_assert!(calendar.is_working(state.on));
        let early = calendar.day_of(opened).plus_days(i64::from(days));
        prop_assert!(state.on >= early && early.days_to(state.on) <= 6);
    }
}

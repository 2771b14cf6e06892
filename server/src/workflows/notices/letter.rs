//! What stands in a mail: that something waits. No case, no citizen, no field; of a workflow in a compartment nothing.

use super::model::{Letter, Notice, NoticeKind};

/// What is said of a workflow in a compartment.
const HIDDEN: &str = "Ein Vorgang wartet";

/// `03.12.2026` for `2026-12-03`.
fn german_day(day: &str) -> String {
    let mut parts = day.splitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day)) => format!("{day}.{month}.{year}"),
        _ => day.to_owned(),
    }
}

/// What a notice says of its step and workflow.
fn named(notice: &Notice) -> String {
    match &notice.step {
        Some((_, label)) if !label.is_empty() => format!("{label} – {}", notice.title),
        Some(_) | None => notice.title.clone(),
    }
}

/// Whether the day on which it is due is of interest.
fn due(notice: &Notice) -> Option<String> {
    let day = notice.due_on.as_deref()?;
    match notice.kind {
        NoticeKind::Asked | NoticeKind::Reminded | NoticeKind::Due | NoticeKind::Escalated => {
            Some(german_day(day))
        }
        NoticeKind::Done | NoticeKind::Voided | NoticeKind::Ended | NoticeKind::Notify => None,
    }
}

impl Letter {
    /// Its subject.
    pub(super) fn subject(&self) -> String {
        let count = self.notices.len() + self.more;
        if self.daily {
            return match count {
                1 => "Papierlos: Tagesübersicht, eine Meldung".to_owned(),
                _ => format!("Papierlos: Tagesübersicht, {count} Meldungen"),
            };
        }
        match self.notices.as_slice() {
            [one] if self.more == 0 && one.hidden => format!("Papierlos: {HIDDEN}"),
            [one] if self.more == 0 => match due(one) {
                Some(day) => format!("Papierlos: {} (fällig am {day})", named(one)),
                None => format!("Papierlos: {}", named(one)),
            },
            _ => format!("Papierlos: {count} Meldungen"),
        }
    }

    /// Its text; links begin with `url`.
    pub(super) fn text(&self, url: &str) -> String {
        let mut text = "Guten Tag,\n\nin Papierlos gibt es für Sie:\n".to_owned();
        for notice in &self.notices {
            text.push('\n');
            text.push_str(&entry(notice, url));
        }
        if self.more > 0 {
            text.push_str(&format!("\nUnd {} weitere.\n", self.more));
        }
        text.push_str(&format!(
            "\nIhre Aufgaben: {url}/#/aufgaben\n\n-- \nDiese Nachricht wurde automatisch versandt; Antworten liest \
             niemand. Ob Sie Mails bekommen, stellen Sie in Papierlos selbst ein.\n"
        ));
        text
    }
}

/// The lines about one notice.
fn entry(notice: &Notice, url: &str) -> String {
    if notice.hidden {
        return format!("* {HIDDEN}\n");
    }
    let stead = match notice.in_stead_of {
        Some(_) => " (in Vertretung)",
        None => "",
    };
    let day = due(notice).map_or_else(String::new, |day| format!(", fällig am {day}"));
    format!(
        "* {}{stead}: {}{day}\n  {url}/#/umlaeufe/{}\n",
        notice.kind.german(),
        named(notice),
        notice.workflow
    )
}

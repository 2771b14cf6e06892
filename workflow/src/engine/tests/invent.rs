//! Small definitions that are made up: as their files are written, so that what is read is what may be written.

use std::fmt::Write as _;

use super::play::Dice;
use crate::definition::{Complaint, Definition};

const HEAD: &str = r#"id = "made-up"
version = 1
title = "Erdacht"
case_type = "made_up"
legal = ["Erdachte Satzung § 1"]
start = "s0"
"#;

const FIELDS: [(&str, &str); 8] = [
    ("lead", "who"),
    ("owner", "who"),
    ("people", "whos"),
    ("paper", "document"),
    ("other", "document"),
    ("amount", "money"),
    ("by_day", "day"),
    ("flag", "yes_no"),
];

/// A definition by a seed: its source, and what it says, if it is sound.
pub(super) fn invent(seed: u64) -> (String, Result<Definition, Vec<Complaint>>) {
    let mut inventor = Inventor {
        dice: Dice(seed ^ 0x1de4),
        source: HEAD.to_owned(),
        steps: Vec::new(),
        many: 0,
    };
    inventor.whole();
    let read = Definition::read(inventor.source.as_bytes());
    (inventor.source, read)
}

struct Inventor {
    dice: Dice,
    source: String,
    steps: Vec<String>,
    many: usize,
}

impl Inventor {
    fn line(&mut self, line: &str) {
        writeln!(self.source, "{line}").unwrap();
    }

    fn whole(&mut self) {
        if self.dice.once_in(2) {
            let matter =
                *self
                    .dice
                    .pick(&["\"owner\"", "\"initiator\"", "\"owner\", \"initiator\""]);
            self.line(&format!("matter_of = [{matter}]"));
        }
        if self.dice.once_in(3) {
            self.line("cancel_by = [{ function = \"f1\" }]");
        }
        if self.dice.once_in(4) {
            self.line("start_by = [{ role = \"clerk\" }, { function = \"f2\" }]");
        }
        for (key, kind) in FIELDS {
            let required =
                matches!(key, "paper" | "lead" | "owner" | "amount") || self.dice.once_in(2);
            self.line(&format!(
                "[[field]]\nkey = \"{key}\"\nlabel = \"{key}\"\nkind = \"{kind}\"\nrequired = {required}"
            ));
        }
        let states = 2 + self.dice.below(4);
        for number in 0..states {
            self.state(number, states);
        }
        let close = *self.dice.pick(&["", "on_enter = [{ close_case = true }]"]);
        self.line(&format!(
            "[[state]]\nid = \"good\"\nlabel = \"gut\"\nend = \"done\"\n{close}"
        ));
        self.line("[[state]]\nid = \"bad\"\nlabel = \"schlecht\"\nend = \"dropped\"");
    }

    fn after(number: usize, states: usize) -> String {
        if number + 1 < states {
            format!("s{}", number + 1)
        } else {
            "good".to_owned()
        }
    }

    fn state(&mut self, number: usize, states: usize) {
        self.line(&format!(
            "[[state]]\nid = \"s{number}\"\nlabel = \"Stand {number}\""
        ));
        let order = *self.dice.pick(&["sequence", "sequence", "parallel"]);
        let join = *self.dice.pick(&["all", "all", "all", "any"]);
        self.line(&format!("order = \"{order}\"\njoin = \"{join}\""));
        let next = Self::after(number, states);
        if self.dice.once_in(4) {
            let other = self.dice.below(states);
            let when = *self
                .dice
                .pick(&["flag == true", "amount > 500.00", "count(people) == 2"]);
            let other = if other <= number {
                next.clone()
            } else {
                format!("s{other}")
            };
            self.line(&format!(
                "exits = [{{ when = '{when}', to = \"{other}\" }}, {{ to = \"{next}\" }}]"
            ));
        } else {
            self.line(&format!("next = \"{next}\""));
        }
        let adhoc = *self.dice.pick(&[
            "",
            "adhoc = [\"consult\", \"co_sign\", \"information\"]",
            "adhoc = [\"consult\", \"information\", \"statement\", \"task\", \"co_sign\", \"seen\"]",
        ]);
        self.line(adhoc);
        let enter = *self.dice.pick(&[
            "",
            "",
            "on_enter = [{ register = \"paper\" }]",
            "on_enter = [{ exclude = \"owner\" }]",
            "on_enter = [{ set = \"flag\", to = \"null\" }]",
        ]);
        self.line(enter);
        for _ in 0..=self.dice.below(3) {
            self.step(number);
        }
    }

    fn step(&mut self, state: usize) {
        let id = format!("t{}", self.many);
        let kind = *self.dice.pick(&[
            "task",
            "task",
            "statement",
            "attest",
            "attest",
            "order",
            "approve",
            "co_sign",
            "co_sign",
            "final_sign",
            "final_sign",
            "dispatch",
            "seen",
            "event",
            "resubmit",
        ]);
        self.line(&format!(
            "[[state.step]]\nid = \"{id}\"\nlabel = \"{id}\"\nkind = \"{kind}\""
        ));
        self.asked(kind);
        let signs = matches!(kind, "co_sign" | "final_sign" | "dispatch");
        if signs || (kind == "attest" && self.dice.once_in(2)) {
            let binds = *self.dice.pick(&["paper", "paper", "paper", "other"]);
            self.line(&format!("binds = \"{binds}\""));
        }
        if kind == "order" {
            self.line("require = [{ is = \"actor.limit >= amount\", otherwise = \"zu viel\" }]");
        } else if self.dice.once_in(6) {
            self.line("require = [{ is = 'known(paper) and not flag', otherwise = \"nicht so\" }]");
        }
        let earlier = self.steps.clone();
        if !earlier.is_empty() && (kind == "order" || self.dice.once_in(3)) {
            let others: Vec<String> = earlier.iter().map(|one| format!("\"{one}\"")).collect();
            self.line(&format!("distinct_from = [{}]", others.join(", ")));
        }
        if self.dice.once_in(3) && kind != "resubmit" {
            let asks = *self.dice.pick(&[
                "\"people\"",
                "\"paper\"",
                "\"owner\", \"amount\"",
                "\"flag\", { field = \"lead\", required = false }",
            ]);
            self.line(&format!("ask = [{asks}]"));
        }
        if self.dice.once_in(8) {
            self.line("when = 'not flag'");
        }
        self.ends(state, kind);
        // The system tells nobody apart from others.
        if kind != "event" {
            self.steps.push(id);
        }
        self.many += 1;
    }

    fn asked(&mut self, kind: &str) {
        if kind == "event" {
            self.line("assignee = { system = true }\nevent = \"happened\"");
            return;
        }
        if self.dice.once_in(5) {
            self.line("each = \"people\"\nassignee = { each = true }");
            return;
        }
        let asked = *self.dice.pick(&[
            "{ function = \"f1\" }",
            "{ function = \"f2\" }",
            "{ function = \"f3\" }",
            "{ role = \"head\" }",
            "{ role = \"clerk\" }",
            "{ field = \"lead\" }",
            "{ initiator = true }",
            "{ manager_of = \"owner\" }",
            "{ anybody = true }",
        ]);
        self.line(&format!("assignee = {asked}"));
    }

    fn ends(&mut self, state: usize, kind: &str) {
        let back = self.dice.below(state + 1);
        let effects = match kind {
            "final_sign" => "effects = [{ register = \"paper\" }, { freeze = \"paper\" }]",
            "task" => "effects = [{ notify = { field = \"lead\" }, text = \"fertig\" }]",
            _ => "effects = []",
        };
        let drop = *self.dice.pick(&[
            "",
            "{ key = \"drop\", label = \"nicht\", to = \"bad\", reason = true },",
        ]);
        let again = if self.dice.once_in(2) {
            format!("{{ key = \"back\", label = \"zurück\", to = \"s{back}\", reason = true }},")
        } else {
            String::new()
        };
        self.line(&format!(
            "outcomes = [{{ key = \"done\", label = \"ja\", {effects} }}, {again} {drop}]"
        ));
        let person = !matches!(kind, "event" | "system");
        if person && self.dice.once_in(4) {
            self.line(&format!("return_to = [\"s{back}\"]"));
        }
        if self.dice.once_in(5) {
            let overdue = self.dice.once_in(2);
            self.line(&format!(
                "skip = {{ by = {{ role = \"head\" }}, overdue = {overdue} }}"
            ));
        }
        if self.dice.once_in(2) || kind == "resubmit" {
            self.due(kind, !drop.is_empty());
        }
    }

    fn due(&mut self, kind: &str, drops: bool) {
        let term = *self.dice.pick(&[
            "working_days = 3",
            "days = 10",
            "weeks = 2",
            "months = 1",
            "hours = 24",
            "field = \"by_day\"",
        ]);
        self.line(&format!("[state.step.due]\n{term}\nremind = [0]"));
        self.line("escalate = [{ after = 1, to = { function = \"f3\" } }]");
        self.line("extend_by = { role = \"head\" }");
        let lapses = matches!(kind, "task" | "statement" | "seen" | "event") && drops;
        if lapses && self.dice.once_in(2) {
            self.line("lapse = { after = 2, outcome = \"drop\" }");
        }
    }
}

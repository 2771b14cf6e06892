//! Steps: what is asked for, of whom, and how it can end.

use super::head::{FEW, LABEL_CHARS_MAX, TEXT_CHARS_MAX};
use super::known::STEP_KINDS;
use super::sheet::{ASK, At, OUTCOME, Placed, REQUIREMENT, SKIP, STEP, STEP_FORM, Sheet, Text};
use super::who::Where;
use super::{Age, Reader};
use crate::definition::{
    Ask, Assignee, Effect, Outcome, Requirement, Skip, Step, StepForm, StepKind, Words,
};
use crate::expr::{Expr, Kind};
use toml::de::DeValue;

/// The outcome of a step that names none.
pub(super) const DONE: &str = "done";
const ASKS_MAX: usize = 50;
/// The key of steps that are inserted.
const ADHOC: &str = "adhoc";

/// Kinds that bind to a version.
const fn must_bind(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::CoSign | StepKind::FinalSign | StepKind::Dispatch | StepKind::Counter
    )
}

/// Kinds whose mark a person answers for: no system takes them, and no time that passes.
pub(super) const fn is_personal(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::Attest
            | StepKind::Order
            | StepKind::Approve
            | StepKind::CoSign
            | StepKind::FinalSign
            | StepKind::Identity
            | StepKind::Counter
    )
}

impl Reader {
    pub(super) fn step(
        &mut self,
        found: &Placed<'_>,
        taken: impl Fn(&str) -> bool,
    ) -> Option<Step> {
        let sheet = self.sheet(found, STEP)?;
        let id = self.need(&sheet, "id")?;
        self.key(&id, taken(&id.text) || id.text == ADHOC);
        let label = self.need_words(&sheet, "label", LABEL_CHARS_MAX);
        let help = self.words(&sheet, "help", TEXT_CHARS_MAX);
        let kind = self.need(&sheet, "kind");
        let kind = kind.and_then(|text| self.word(&text, &STEP_KINDS, "Die Art"));
        // Without its kind nothing else of it can be judged.
        let kind = kind?;
        let each = self.text(&sheet, "each");
        let each = each.and_then(|text| self.field_of(&text, &[Kind::Whos]));
        let has_each = sheet.has("each");
        let assignee = self.assignee(&sheet, kind, has_each);
        let outcomes = self.outcomes(&sheet, (kind, has_each));
        let mut step = Step {
            id: id.text,
            label,
            help,
            kind,
            mark: self.mark(&sheet),
            assignee,
            each,
            when: self.when(&sheet, false),
            require: Vec::new(),
            distinct_from: Vec::new(),
            own_matter: self.own(&sheet, kind),
            asks: Vec::new(),
            binds: self.binds(&sheet, kind),
            form: self.form(&sheet, kind),
            due: None,
            outcomes,
            skip: self.skip(&sheet, has_each),
            return_to: Vec::new(),
            event: self.event(&sheet, kind),
            effect: self.system(&sheet, kind),
        };
        step.require = self.require(&sheet, &step.id);
        step.asks = self.asks(&sheet, &step.id);
        step.distinct_from = self.steps_in(&sheet, "distinct_from");
        step.return_to = self.states_in(&sheet, "return_to");
        step.due = self.due(&sheet, &step, has_each);
        Some(step)
    }

    fn assignee(&mut self, sheet: &Sheet<'_>, kind: StepKind, each: bool) -> Assignee {
        let may_lack = matches!(kind, StepKind::System | StepKind::Event) && !each;
        if !sheet.has("assignee") && may_lack {
            return Assignee::System;
        }
        if !sheet.has("assignee") {
            let at = sheet.below("assignee");
            let remedy =
                "Bitte sagen, wer den Schritt erledigt, zum Beispiel { role = \"clerk\" }.";
            self.complain(&at, "„assignee“ fehlt.", remedy);
        }
        let found = self.who_in(sheet, "assignee", Where::Step { each });
        let found = found.unwrap_or(Assignee::Anybody);
        let at = sheet.below("assignee");
        if kind == StepKind::System && found != Assignee::System && sheet.has("assignee") {
            let said = "Einen Schritt der Art system erledigt das System.";
            self.complain(
                &at,
                said,
                "Bitte { system = true } schreiben oder weglassen.",
            );
        }
        let is_event = kind == StepKind::Event && !each && self.age == Age::New;
        if is_event && found != Assignee::System && sheet.has("assignee") {
            let said =
                "Ein Ereignis meldet eine Anwendung; wer hier genannt ist, wird nie gefragt.";
            let remedy = "Bitte „assignee“ weglassen. Darf es auch ein Mensch sagen: einen Schritt der Art task daneben \
                          stellen, in einem Zustand mit order = \"parallel\" und join = \"any\".";
            self.complain(&at, said, remedy);
        }
        if found == Assignee::System && is_personal(kind) {
            let said = "Dafür steht ein Mensch ein, nicht das System.";
            self.complain(
                &at,
                said,
                "Bitte eine Funktion, eine Rolle oder ein Feld nennen.",
            );
        }
        found
    }

    /// What is ordered or approved is never one's own matter.
    fn own(&mut self, sheet: &Sheet<'_>, kind: StepKind) -> bool {
        let own = self.yes(sheet, "own_matter");
        if own && matches!(kind, StepKind::Order | StepKind::Approve) {
            let said = "In eigener Sache wird nicht angeordnet und nicht genehmigt.";
            self.complain(&sheet.below("own_matter"), said, "Bitte entfernen.");
        }
        own
    }

    fn mark(&mut self, sheet: &Sheet<'_>) -> Option<String> {
        let mark = self.text(sheet, "mark")?;
        self.key(&mark, false);
        Some(mark.text)
    }

    fn binds(&mut self, sheet: &Sheet<'_>, kind: StepKind) -> Option<String> {
        if !sheet.has("binds") && must_bind(kind) {
            let at = sheet.below("binds");
            let said = "Dieser Schritt gilt einem Dokument, es ist aber keines genannt.";
            let remedy = "Bitte binds = \"feld\" angeben, mit einem Feld der Art document.";
            self.complain(&at, said, remedy);
        }
        let text = self.text(sheet, "binds")?;
        self.field_of(&text, &[Kind::Document])
    }

    fn form(&mut self, sheet: &Sheet<'_>, kind: StepKind) -> Option<StepForm> {
        let found = sheet.get("form")?;
        if kind == StepKind::System {
            let said = "Das System macht ein Formular durch „effect“.";
            let remedy = "Bitte effect = { form = \"id\", into = \"feld\" } schreiben.";
            self.complain(&found.at, said, remedy);
        }
        let sheet = self.sheet(&found, STEP_FORM)?;
        let form = self.need(&sheet, "form").map(|code| self.code(code))?;
        let into = self.need(&sheet, "into")?;
        let into = self.field_of(&into, &[Kind::Document])?;
        Some(StepForm { form, into })
    }

    fn event(&mut self, sheet: &Sheet<'_>, kind: StepKind) -> Option<String> {
        let at = sheet.below("event");
        match (kind == StepKind::Event, sheet.has("event")) {
            (true, false) => {
                let said = "Worauf gewartet wird, ist nicht gesagt.";
                self.complain(&at, said, "Bitte event = \"name\" angeben.");
            }
            (false, true) => {
                let said = "„event“ gehört zu Schritten der Art event.";
                self.complain(&at, said, "Bitte entfernen.");
            }
            (true, true) | (false, false) => {}
        }
        let event = self.text(sheet, "event")?;
        self.key(&event, false);
        Some(event.text)
    }

    fn system(&mut self, sheet: &Sheet<'_>, kind: StepKind) -> Option<Effect> {
        let at = sheet.below("effect");
        match (kind == StepKind::System, sheet.get("effect")) {
            (true, None) => {
                let said = "Was das System tut, ist nicht gesagt.";
                let remedy = "Bitte effect angeben: { seal = F }, { export = \"ziel\" } oder { form = \"id\", into = F }.";
                self.complain(&at, said, remedy);
                None
            }
            (false, Some(_)) => {
                let said = "„effect“ gehört zu Schritten der Art system.";
                let remedy = "Bitte als effects an ein Ergebnis schreiben oder entfernen.";
                self.complain(&at, said, remedy);
                None
            }
            (true, Some(found)) => self.work(&found),
            (false, None) => None,
        }
    }

    fn skip(&mut self, sheet: &Sheet<'_>, each: bool) -> Option<Skip> {
        let found = sheet.get("skip")?;
        let sheet = self.sheet(&found, SKIP)?;
        if !sheet.has("by") {
            let said = "Wer überspringen darf, ist nicht gesagt.";
            let remedy = "Bitte by = { … } angeben.";
            self.complain(&sheet.below("by"), said, remedy);
        }
        let overdue = self.yes(&sheet, "overdue");
        let by = self.who_in(&sheet, "by", Where::Beside { each })?;
        Some(Skip { by, overdue })
    }

    fn require(&mut self, sheet: &Sheet<'_>, step: &str) -> Vec<Requirement> {
        let mut found = Vec::new();
        for one in self.list(sheet, "require", FEW) {
            let Some(sheet) = self.sheet(&one, REQUIREMENT) else {
                continue;
            };
            let is = self.need(&sheet, "is");
            let is = is.and_then(|text| self.condition(&text, true));
            let otherwise = self.need_words(&sheet, "otherwise", TEXT_CHARS_MAX);
            let with = self.texts(&sheet, "with", FEW);
            let with = self.outcomes_of(step, with);
            found.extend(is.map(|is| Requirement {
                is,
                otherwise,
                with,
            }));
        }
        found
    }

    fn asks(&mut self, sheet: &Sheet<'_>, step: &str) -> Vec<Ask> {
        let mut asks: Vec<Ask> = Vec::new();
        for one in self.list(sheet, "ask", ASKS_MAX) {
            let Some((text, ask)) = self.ask(one, step) else {
                continue;
            };
            let twice = asks.iter().any(|other| {
                let both = |key: &String| ask.with.is_empty() || ask.with.contains(key);
                other.field == ask.field && (other.with.is_empty() || other.with.iter().any(both))
            });
            if twice {
                let said = format!("Nach „{}“ wird zweimal gefragt.", ask.field);
                self.complain(&text.at, said, "Bitte einmal entfernen.");
            }
            asks.push(ask);
        }
        asks
    }

    fn ask(&mut self, one: Placed<'_>, step: &str) -> Option<(Text, Ask)> {
        if matches!(one.value, DeValue::String(_)) {
            let text = self.as_text(one)?;
            let field = self.field_of(&text, &[])?;
            let ask = Ask {
                field,
                required: true,
                with: Vec::new(),
            };
            return Some((text, ask));
        }
        let sheet = self.sheet(&one, ASK)?;
        let text = self.need(&sheet, "field")?;
        let field = self.field_of(&text, &[]);
        let required = self.yes_or(&sheet, "required", true);
        let with = self.texts(&sheet, "with", FEW);
        let with = self.outcomes_of(step, with);
        let ask = Ask {
            field: field?,
            required,
            with,
        };
        Some((text, ask))
    }

    fn outcomes(&mut self, sheet: &Sheet<'_>, of: (StepKind, bool)) -> Vec<Outcome> {
        if !sheet.has("outcomes") {
            return vec![Outcome {
                key: DONE.to_owned(),
                label: Words {
                    de: "erledigt".to_owned(),
                    en: Some("done".to_owned()),
                },
                to: None,
                reason: false,
                said: false,
                effects: Vec::new(),
                when: None,
            }];
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        for one in self.list(sheet, "outcomes", FEW) {
            let outcome = self.outcome(&one, of, &outcomes);
            let unsaid = self.age == Age::New && matches!(of.0, StepKind::Event | StepKind::System);
            if unsaid && outcome.as_ref().is_some_and(|outcome| outcome.reason) {
                let said = "Ein Ereignis und das System nennen keinen Grund: So könnte der Schritt nie enden.";
                let remedy = "Bitte „reason“ entfernen und bei einem Ereignis mit „ask“ nach einem Feld fragen.";
                self.complain(&one.at, said, remedy);
            }
            outcomes.extend(outcome);
        }
        let at: At = sheet.below("outcomes");
        if !always(&outcomes) {
            let said = "Es gibt kein Ergebnis, das immer möglich ist.";
            let remedy = "Bitte mindestens ein Ergebnis ohne „when“ angeben.";
            self.complain(&at, said, remedy);
        }
        outcomes
    }

    fn outcome(
        &mut self,
        one: &Placed<'_>,
        (kind, each): (StepKind, bool),
        others: &[Outcome],
    ) -> Option<Outcome> {
        let sheet = self.sheet(one, OUTCOME)?;
        let key = self.need(&sheet, "key")?;
        let sheet = sheet.renamed(format!("{}.{}", one.at.key, key.text));
        let key = Text {
            at: sheet.below("key"),
            ..key
        };
        let taken = others.iter().any(|other| other.key == key.text);
        self.key(&key, taken);
        let label = self.need_words(&sheet, "label", LABEL_CHARS_MAX);
        let to = self.text(&sheet, "to");
        let to = to.and_then(|to| self.state_of(&to));
        let reason = self.yes(&sheet, "reason");
        let said = self.yes(&sheet, "said");
        let effects = self.effects(&sheet, "effects", true, each);
        let destroys = |effect: &Effect| matches!(effect, Effect::Destroy { .. });
        if kind != StepKind::Approve && effects.iter().any(destroys) {
            let why = "Vernichtet wird nur, was ein Mensch so beschließt.";
            let remedy = "Bitte an ein Ergebnis eines Schritts der Art approve schreiben.";
            self.complain(&sheet.below("effects"), why, remedy);
        }
        if self.age == Age::New && each && effects.iter().any(destroys) {
            let why = "Jeder, der gefragt ist, ließe dasselbe noch einmal vernichten.";
            let remedy = "Bitte an einen Schritt danach schreiben, den einer für alle übernimmt.";
            self.complain(&sheet.below("effects"), why, remedy);
        }
        Some(Outcome {
            key: key.text,
            label,
            to,
            reason,
            said,
            effects,
            when: self.when(&sheet, true),
        })
    }

    fn steps_in(&mut self, sheet: &Sheet<'_>, key: &str) -> Vec<String> {
        let texts = self.texts(sheet, key, FEW);
        let found = texts.iter().filter_map(|text| self.step_of(text));
        found.collect()
    }

    fn states_in(&mut self, sheet: &Sheet<'_>, key: &str) -> Vec<String> {
        let texts = self.texts(sheet, key, FEW);
        let found = texts.iter().filter_map(|text| self.state_of(text));
        found.collect()
    }
}

/// Whether there is an outcome at any time: one without a condition, or two of which one says `not` to what
/// the other asks for.
fn always(outcomes: &[Outcome]) -> bool {
    let opposite = |when: &Expr| {
        let mut others = outcomes.iter().filter_map(|other| other.when.as_ref());
        others.any(|other| matches!(other, Expr::Not(inner) if **inner == *when))
    };
    outcomes
        .iter()
        .any(|outcome| outcome.when.as_ref().is_none_or(opposite))
}

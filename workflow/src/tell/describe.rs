//! A definition as plain German text, in Markdown.

use super::Names;
use super::say::{condition, set_to};
use super::words::{
    assignee, assignees, beside_said, counted, due, field, field_kind, kind, mark, state, step,
};
use crate::definition::{
    Assignee, CaseFact, Definition, DocumentFact, Due, Effect, End, Field, FieldKind, InvoiceFact,
    Join, Order, Outcome, Source, State, Step, Words,
};
use crate::tell::joined;

/// All that a definition says, in plain German: for the description of procedures (Verfahrensdokumentation).
/// The same text for the same definition and names.
#[must_use]
pub fn text(definition: &Definition, names: &dyn Names) -> String {
    let mut teller = Teller {
        definition,
        names,
        out: String::new(),
    };
    teller.head();
    teller.fields();
    teller.lookups();
    teller.line("## Ablauf");
    teller.line(&format!(
        "Das Verfahren beginnt mit {}.",
        state(&definition.start, definition)
    ));
    for (number, one) in (1_u32..).zip(definition.states.iter().filter(|one| one.end.is_none())) {
        teller.state(number, one);
    }
    teller.ends();
    teller.out
}

struct Teller<'a> {
    definition: &'a Definition,
    names: &'a dyn Names,
    out: String,
}

impl Teller<'_> {
    /// A paragraph.
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\n\n");
    }

    /// A point of a list.
    fn point(&mut self, what: &str, text: &str) {
        if what.is_empty() {
            put_line!(self.out, "- {text}");
        } else {
            put_line!(self.out, "- **{what}:** {text}");
        }
    }

    fn end_list(&mut self) {
        self.out.push('\n');
    }

    fn words(words: &Words) -> String {
        plain(&words.de)
    }

    fn head(&mut self) {
        let definition = self.definition;
        self.line(&format!("# {}", Self::words(&definition.title)));
        let short: String = definition.sha256_hex().chars().take(16).collect();
        self.line(&format!(
            "Verfahren `{}`, Fassung {}, Prüfsumme (SHA-256) beginnt mit `{short}`.",
            definition.id, definition.version
        ));
        if let Some(description) = &definition.description {
            self.line(&Self::words(description));
        }
        self.line("## Grundlagen");
        if !definition.legal.is_empty() {
            let all = definition.legal.join("; ");
            self.point("Rechtsgrundlagen", &plain(&all));
        }
        self.point("Art der Vorgänge", &format!("`{}`", definition.case_type));
        if let Some(unit) = &definition.plan_unit {
            self.point("Aktenplan", &plain(unit));
        }
        if let Some(compartment) = &definition.compartment {
            let said = format!("Der Vorgang muss im Bereich {} stehen.", plain(compartment));
            self.point("Geschützter Bereich", &said);
        }
        let who = assignees(&definition.start_by, definition, self.names);
        self.point("Beginnen darf", &plain(&who));
        let who = assignees(&definition.cancel_by, definition, self.names);
        self.point("Mit Begründung abbrechen darf", &plain(&who));
        if !definition.matter_of.is_empty() {
            let all: Vec<_> = definition
                .matter_of
                .iter()
                .map(|key| match key.as_str() {
                    "initiator" => "wer das Verfahren begonnen hat".to_owned(),
                    key => format!("wer unter {} steht", field(key, definition)),
                })
                .collect();
            let said = format!(
                "Nichts genehmigen, anordnen, feststellen oder zeichnen darf, {}.",
                joined(&all, "oder")
            );
            self.point("Eigene Sache", &plain(&said));
        }
        if !definition.unique.is_empty() {
            let fields = definition.unique.iter();
            let all: Vec<_> = fields.map(|key| field(key, definition)).collect();
            let said = format!(
                "Beginnt nur einmal, solange {} dasselbe sagt; eine Wiederholung führt zu dem Umlauf, den es schon gibt.",
                joined(&all, "und")
            );
            self.point("Wiedererkannt", &plain(&said));
        }
        if definition.per_document {
            let said = "In einem Vorgang können mehrere zugleich laufen, für jedes Dokument einer.";
            self.point("Je Dokument", &plain(said));
        }
        self.end_list();
    }

    fn fields(&mut self) {
        if self.definition.fields.is_empty() {
            return;
        }
        self.line("## Angaben");
        self.out
            .push_str("| Angabe | Art | Woher | Besonderes |\n| --- | --- | --- | --- |\n");
        for one in &self.definition.fields {
            put_line!(
                self.out,
                "| {} | {} | {} | {} |",
                Self::words(&one.label),
                plain(&holds(one)),
                origin(one),
                remarks(one),
            );
        }
        self.end_list();
    }

    fn lookups(&mut self) {
        for one in &self.definition.lookups {
            self.line(&format!("## Tabelle „{}“", plain(&one.key)));
            self.out.push_str("| Wert | dazu gehört |\n| --- | --- |\n");
            for (from, to) in &one.rows {
                put_line!(self.out, "| {} | {} |", plain(from), plain(&self.row(to)));
            }
            if let Some(to) = &one.default {
                put_line!(self.out, "| sonst | {} |", plain(&self.row(to)));
            }
            self.end_list();
        }
    }

    fn row(&self, to: &str) -> String {
        to.strip_prefix("function:").map_or_else(
            || to.to_owned(),
            |code| super::words::function(code, self.names),
        )
    }

    fn state(&mut self, number: u32, one: &State) {
        self.line(&format!("### {number}. {}", Self::words(&one.label)));
        if let Some(said) = how(one) {
            self.line(said);
        }
        if let Some(beside) = &one.beside {
            let said = beside_said(beside, self.definition, self.names);
            self.line(&plain(&said));
        }
        for effect in &one.on_enter {
            let said = self.effect(effect);
            self.point("Beim Eintritt", &said);
        }
        if !one.on_enter.is_empty() {
            self.end_list();
        }
        for step in &one.steps {
            self.step(step);
        }
        let exits: Vec<_> = one
            .exits
            .iter()
            .map(|exit| {
                let to = state(&exit.to, self.definition);
                match &exit.when {
                    Some(when) => {
                        format!("wenn gilt: {}, zu {to}", condition(when, self.definition))
                    }
                    None if one.exits.len() > 1 => format!("sonst zu {to}"),
                    None => format!("zu {to}"),
                }
            })
            .collect();
        if !exits.is_empty() {
            self.line(&format!(
                "Danach geht es weiter: {}.",
                plain(&exits.join("; "))
            ));
        }
        if !one.adhoc.is_empty() {
            let all: Vec<_> = one.adhoc.iter().map(|one| kind(*one).to_owned()).collect();
            self.line(&format!(
                "Wer hier einen Schritt hat, kann einfügen: {}.",
                joined(&all, "und")
            ));
        }
    }

    fn step(&mut self, one: &Step) {
        let definition = self.definition;
        self.line(&format!("#### Schritt „{}“", Self::words(&one.label)));
        if let Some(help) = &one.help {
            self.line(&Self::words(help));
        }
        let said = match &one.mark {
            Some(said) => format!("{}, Vermerk „{}“", kind(one.kind), plain(&mark(said))),
            None => kind(one.kind).to_owned(),
        };
        self.point("Art", &said);
        let mut who = assignee(&one.assignee, definition, self.names);
        if let Some(each) = &one.each {
            who = format!(
                "{who}, je ein Schritt für alle unter {}",
                field(each, definition)
            );
        }
        self.point("Wer", &plain(&who));
        if let Some(when) = &one.when {
            self.point("Nur wenn gilt", &plain(&condition(when, definition)));
        }
        if let Some(due) = &one.due {
            self.due(due, one);
        }
        self.asked(one);
        self.guards(one);
        for outcome in &one.outcomes {
            self.outcome(outcome);
        }
        self.ways_out(one);
        self.end_list();
    }

    fn asked(&mut self, one: &Step) {
        let definition = self.definition;
        for ask in &one.asks {
            let must = if ask.required { "" } else { " (freiwillig)" };
            let label = field(&ask.field, definition);
            self.point(
                "Gefragt wird",
                &plain(&format!("{label}{must}{}", with(&ask.with, one))),
            );
        }
        if let Some(form) = &one.form {
            let into = field(&form.into, definition);
            let said = format!("`{}`, abgelegt unter {}", form.form, plain(&into));
            self.point("Formular", &said);
        }
        if let Some(event) = &one.event {
            self.point("Wartet auf", &format!("die Meldung `{event}`"));
        }
        if let Some(effect) = &one.effect {
            let said = self.effect(effect);
            self.point("Das System", &said);
        }
    }

    fn guards(&mut self, one: &Step) {
        let definition = self.definition;
        for requirement in &one.require {
            let said = format!(
                "{}{}. Sonst heißt es: {}",
                condition(&requirement.is, definition),
                with(&requirement.with, one),
                requirement.otherwise.de
            );
            self.point("Voraussetzung", &plain(&said));
        }
        if !one.distinct_from.is_empty() {
            let all: Vec<_> = one
                .distinct_from
                .iter()
                .map(|key| step(key, definition))
                .collect();
            let said = format!(
                "Wer {} erledigt hat, auch in Vertretung oder vertreten, darf es nicht.",
                joined(&all, "oder")
            );
            self.point("Vier Augen", &plain(&said));
        }
        if one.own_matter {
            self.point("", "Darf auch in eigener Sache erledigt werden.");
        }
        if let Some(binds) = &one.binds {
            let said = format!(
                "an die geltende Fassung von {}; eine neue Fassung macht den Vermerk hinfällig",
                field(binds, definition)
            );
            self.point("Gebunden", &plain(&said));
        }
    }

    fn due(&mut self, one: &Due, step: &Step) {
        let definition = self.definition;
        self.point("Frist", &plain(&due(one, definition)));
        for days in &one.remind {
            let count = counted(i64::from(days.unsigned_abs()), "Arbeitstag", "Arbeitstage");
            let said = match days.signum() {
                0 => "am letzten Tag".to_owned(),
                1 => format!("{count} danach"),
                _ => format!("{count} vorher"),
            };
            self.point("Erinnerung", &said);
        }
        for hours in &one.remind_hours {
            let count = counted(i64::from(*hours), "Stunde", "Stunden");
            self.point("Erinnerung", &format!("{count} nach dem Öffnen"));
        }
        if let Some(who) = &one.remind_to {
            let who = assignee(who, definition, self.names);
            self.point("Erinnert wird", &plain(&who));
        }
        for one in &one.escalate {
            let to = assignee(&one.to, definition, self.names);
            self.point(
                "Eskalation",
                &plain(&format!("{} an: {to}", after(one.after))),
            );
        }
        if let Some(lapse) = &one.lapse {
            let label = outcome_label(step, &lapse.outcome);
            let said = format!(
                "{} endet der Schritt von selbst mit {label}",
                after(lapse.after)
            );
            self.point("Verfall", &plain(&said));
        }
        if let Some(who) = &one.extend_by {
            let who = assignee(who, definition, self.names);
            self.point("Verlängern darf", &plain(&who));
        }
    }

    fn outcome(&mut self, one: &Outcome) {
        let mut said = format!("„{}“", one.label.de);
        if let Some(when) = &one.when {
            put!(
                said,
                ", nur wenn gilt: {}",
                condition(when, self.definition)
            );
        }
        if one.reason {
            said.push_str(", mit Begründung");
        }
        if one.said {
            said.push_str(", mit Vermerk oder Dokument");
        }
        match &one.to {
            Some(to) => {
                put!(said, ", führt zu {}", state(to, self.definition));
            }
            None => said.push_str(", der Schritt ist erledigt"),
        }
        said = plain(&said);
        for effect in &one.effects {
            said.push_str("; ");
            said.push_str(&self.effect(effect));
        }
        self.point("Ergebnis", &said);
    }

    fn ways_out(&mut self, one: &Step) {
        let definition = self.definition;
        if !one.return_to.is_empty() {
            let all: Vec<_> = one
                .return_to
                .iter()
                .map(|id| state(id, definition))
                .collect();
            let said = format!("mit Begründung zu {}", joined(&all, "oder"));
            self.point("Zurückgeben", &plain(&said));
        }
        if let Some(skip) = &one.skip {
            let who = assignee(&skip.by, definition, self.names);
            let when = if skip.overdue {
                ", erst nach Ablauf der Frist"
            } else {
                ""
            };
            let said = format!("mit Begründung durch: {who}{when}");
            self.point("Überspringen", &plain(&said));
        }
    }

    fn ends(&mut self) {
        self.line("## Ende");
        for one in &self.definition.states {
            let how = match one.end {
                Some(End::Done) => "das Verfahren ist abgeschlossen",
                Some(End::Dropped) => "das Verfahren endet ohne Abschluss",
                None => continue,
            };
            let mut said = how.to_owned();
            for effect in &one.on_enter {
                said.push_str("; ");
                said.push_str(&self.effect(effect));
            }
            self.point(&Self::words(&one.label), &said);
        }
        self.end_list();
    }

    fn effect(&self, effect: &Effect) -> String {
        let definition = self.definition;
        let of = |key: &String| field(key, definition);
        let said = match effect {
            Effect::Register { document } => format!("{} wird registriert", of(document)),
            Effect::Freeze { document } => format!("{} wird unveränderlich", of(document)),
            Effect::Seal { document } => format!("siegelt {}", of(document)),
            Effect::Dispatch { document } => format!("{} erhält den Ab-Vermerk", of(document)),
            Effect::Destroy { document } => format!(
                "{} wird gesperrt und zum Vernichten beantragt; eine weitere Person gibt das frei",
                of(document)
            ),
            Effect::Form { form, into } => {
                format!("erstellt das Formular „{form}“ als {}", of(into))
            }
            Effect::Export { to } => format!("übergibt an das Verfahren „{to}“, genau einmal"),
            Effect::CloseCase => "der Vorgang geht zu den Akten (z. d. A.)".to_owned(),
            Effect::CloseFile => {
                "der Vorgang geht zu den Akten (z. d. A.), und die Akte wird geschlossen; ihre Aufbewahrungsfrist beginnt"
                    .to_owned()
            }
            Effect::MoveTo {
                compartment,
                plan_unit,
                lead,
            } => format!(
                "der Vorgang geht mit allen Unterlagen in die Abschottung „{compartment}“, in eine eigene \
                 Akte unter {plan_unit}; die Federführung hat dann: {}",
                assignee(&Assignee::Function(lead.clone()), definition, self.names)
            ),
            Effect::OpenCase { case_type, subject } => format!(
                "in derselben Akte wird ein Folgevorgang „{subject}“ der Art „{case_type}“ eröffnet"
            ),
            Effect::Exclude { who } => {
                format!("wer unter {} steht, wirkt nicht mehr mit", of(who))
            }
            Effect::Set { field: key, to } => {
                format!("{} wird gesetzt: {}", of(key), set_to(to, key, definition))
            }
            Effect::Notify { to, text } => format!(
                "Mitteilung an: {} („{}“)",
                assignee(to, definition, self.names),
                text.de
            ),
        };
        plain(&said)
    }
}

fn how(one: &State) -> Option<&'static str> {
    match (one.steps.len(), one.order, one.join) {
        (0, ..) => Some("Hier ist nichts zu tun; es geht sofort weiter."),
        (_, Order::Parallel, Join::All) => Some(
            "Die Schritte liegen gleichzeitig vor; alle müssen erledigt oder übersprungen sein.",
        ),
        (_, Order::Parallel, Join::Any) => {
            Some("Die Schritte liegen gleichzeitig vor; einer genügt, die anderen entfallen.")
        }
        (_, Order::Sequence, Join::Any) => Some("Einer der Schritte genügt."),
        (1, Order::Sequence, Join::All) => None,
        (_, Order::Sequence, Join::All) => Some("Die Schritte folgen aufeinander."),
    }
}

fn after(days: u16) -> String {
    if days == 0 {
        return "sofort nach Ablauf der Frist".to_owned();
    }
    let count = counted(i64::from(days), "Arbeitstag", "Arbeitstage");
    format!("{count} nach Ablauf der Frist")
}

fn with(outcomes: &[String], step: &Step) -> String {
    if outcomes.is_empty() || outcomes.len() == step.outcomes.len() {
        return String::new();
    }
    let all: Vec<_> = outcomes
        .iter()
        .map(|key| outcome_label(step, key))
        .collect();
    format!(" (bei {})", joined(&all, "oder"))
}

fn outcome_label(step: &Step, key: &str) -> String {
    let found = step.outcomes.iter().find(|one| one.key == key);
    format!("„{}“", found.map_or(key, |one| one.label.de.as_str()))
}

fn holds(one: &Field) -> String {
    let FieldKind::Choice(entries) = &one.kind else {
        return field_kind(&one.kind).to_owned();
    };
    let all: Vec<_> = entries.iter().map(|one| one.label.de.clone()).collect();
    format!("Auswahl: {}", all.join("; "))
}

fn remarks(one: &Field) -> String {
    let mut all = Vec::new();
    if one.required {
        all.push("zu Beginn nötig");
    }
    if one.private {
        all.push("steht in keiner Liste und keiner Nachricht");
    }
    all.join("; ")
}

/// Where a field comes from.
fn origin(one: &Field) -> String {
    let Some(from) = &one.source else {
        return "wird gefragt oder gesetzt".to_owned();
    };
    let first = plain(&source(from));
    match &one.fallback {
        Some(other) => format!("{first}; sonst {}", plain(&source(other))),
        None => first,
    }
}

fn source(from: &Source) -> String {
    match from {
        Source::Case(CaseFact::Reference) => "Vorgangszeichen".to_owned(),
        Source::Case(CaseFact::Subject) => "Betreff des Vorgangs".to_owned(),
        Source::Case(CaseFact::OpenedOn) => "Tag, an dem der Vorgang angelegt wurde".to_owned(),
        Source::Document => "Dokument, mit dem begonnen wird".to_owned(),
        Source::DocumentField(code) => format!("Feld „{code}“ dieses Dokuments"),
        Source::DocumentFact(DocumentFact::Title) => "Titel dieses Dokuments".to_owned(),
        Source::DocumentFact(DocumentFact::Correspondent) => {
            "Korrespondent dieses Dokuments".to_owned()
        }
        Source::DocumentFact(DocumentFact::ReceivedOn) => "Eingang dieses Dokuments".to_owned(),
        Source::DocumentFact(DocumentFact::Dated) => "Datum dieses Dokuments".to_owned(),
        Source::Invoice(fact) => invoice(*fact).to_owned(),
        Source::Initiator => "wer das Verfahren beginnt".to_owned(),
        Source::Today => "Tag des Beginns".to_owned(),
    }
}

fn invoice(fact: InvoiceFact) -> &'static str {
    match fact {
        InvoiceFact::Number => "Nummer in der E-Rechnung",
        InvoiceFact::Gross => "Bruttobetrag in der E-Rechnung, in Euro",
        InvoiceFact::DueOn => "Fälligkeit in der E-Rechnung",
        InvoiceFact::IssuedOn => "Datum in der E-Rechnung",
        InvoiceFact::LeitwegId => "Leitweg-ID in der E-Rechnung",
        InvoiceFact::SellerId => "Steuerkennung des Verkäufers in der E-Rechnung",
        InvoiceFact::Seller => "Verkäufer in der E-Rechnung",
        InvoiceFact::Duplicate => "ob dieselbe E-Rechnung schon da ist",
    }
}

/// Text that means nothing else in Markdown than what it says.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '|' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

//! Whether each way leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use super::sheet::At;
use crate::definition::{Assignee, Definition, Join, Order, State, Step};

/// Where one can get from each state, by one step on the way or more.
struct Ways<'a> {
    from: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

/// Where a state leads: by outcomes and exits, and with `back` by being sent back. A side way can begin beside each of
/// its states; what comes after it there is told by [`Ways`].
fn leads<'a>(definition: &'a Definition, state: &'a State, back: bool) -> BTreeSet<&'a str> {
    let mut to: BTreeSet<&str> = state.exits.iter().map(|exit| exit.to.as_str()).collect();
    for step in &state.steps {
        let outcomes = step.outcomes.iter();
        to.extend(outcomes.filter_map(|outcome| outcome.to.as_deref()));
        if back {
            to.extend(step.return_to.iter().map(String::as_str));
        }
    }
    let begins = |one: &&State| {
        let beside = one.beside.as_ref();
        beside.is_some_and(|beside| beside.states.contains(&state.id))
    };
    let aside = definition.states.iter().filter(begins);
    to.extend(aside.map(|one| one.id.as_str()));
    to
}

/// All that can be reached over these, which are not necessarily in it themselves.
fn closure<'a>(
    first: BTreeSet<&'a str>,
    next: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = first.into_iter().collect();
    while let Some(one) = open.pop() {
        if found.insert(one) {
            open.extend(next.get(one).into_iter().flatten());
        }
    }
    found
}

impl<'a> Ways<'a> {
    fn of(definition: &'a Definition) -> Self {
        let states = definition.states.iter();
        let next: BTreeMap<_, _> = states
            .map(|state| {
                let mut to = leads(definition, state, true);
                // What was done on a side way comes before what is still to come beside it.
                let beside = state.beside.iter().flat_map(|one| &one.states);
                to.extend(beside.map(String::as_str));
                (state.id.as_str(), to)
            })
            .collect();
        let from = next
            .iter()
            .map(|(state, to)| (*state, closure(to.clone(), &next)));
        Self {
            from: from.collect(),
        }
    }

    fn leads(&self, from: &str, to: &str) -> bool {
        self.from.get(from).is_some_and(|all| all.contains(to))
    }

    /// Whether one step can have been taken before another, or while it is open.
    fn before(&self, one: (&State, &Step), other: (&State, &Step)) -> bool {
        if one.0.id != other.0.id || self.leads(&one.0.id, &one.0.id) {
            return self.leads(&one.0.id, &other.0.id);
        }
        one.0.order == Order::Parallel || comes_first(one, other.1)
    }
}

/// Whether a step comes before another one of its state.
fn comes_first(one: (&State, &Step), other: &Step) -> bool {
    let place = |step: &Step| one.0.steps.iter().position(|found| found.id == step.id);
    one.0.order == Order::Sequence && place(one.1) < place(other)
}

/// Whether each way to a step leads over another, so that somebody has taken that one.
fn always_before(definition: &Definition, one: (&State, &Step), other: (&State, &Step)) -> bool {
    if one.0.id == other.0.id {
        return comes_first(one, other.1);
    }
    let around = definition
        .states
        .iter()
        .filter(|state| state.id != one.0.id);
    let next: BTreeMap<_, _> = around
        .map(|state| (state.id.as_str(), leads(definition, state, true)))
        .collect();
    let start = definition.start.as_str();
    let mut found = closure(BTreeSet::from([start]), &next);
    found.remove(one.0.id.as_str());
    start == one.0.id || !found.contains(other.0.id.as_str())
}

/// Whether a state is left by this step in any case.
fn leaves(step: &Step) -> bool {
    step.when.is_none()
        && step.each.is_none()
        && step.skip.is_none()
        && step.outcomes.iter().all(|outcome| outcome.to.is_some())
}

impl Reader {
    /// Every state is reached and left, everything ends, and what is referred to can have been before.
    pub(super) fn ways(&mut self, definition: &Definition) {
        let ways = Ways::of(definition);
        self.reached(definition, &ways);
        self.left(definition);
        self.ended(definition, &ways);
        self.turning(definition);
        self.aside(definition);
        for state in &definition.states {
            for step in &state.steps {
                self.sent_back(definition, &ways, state, step);
                self.taken_before(definition, &ways, (state, step));
            }
        }
    }

    fn reached(&mut self, definition: &Definition, ways: &Ways<'_>) {
        for state in &definition.states {
            let at = self.known.at_state(&state.id);
            let is_start = state.id == definition.start;
            if is_start && state.end.is_some() {
                let said = "Der Geschäftsgang beginnt in einem Zustand, in dem er schon endet.";
                self.complain(&at, said, "Bitte unter „start“ einen anderen nennen.");
            }
            if !is_start && !ways.leads(&definition.start, &state.id) {
                let said = format!("Von „{}“ aus führt kein Weg hierher.", definition.start);
                let remedy =
                    "Bitte den Zustand als „to“, „next“ oder in „exits“ nennen oder entfernen.";
                self.complain(&at, said, remedy);
            }
        }
    }

    /// A state is left, whatever happens in it, and each of its steps has its turn.
    fn left(&mut self, definition: &Definition) {
        let left = |state: &&State| state.end.is_none() && state.beside.is_none();
        for state in definition.states.iter().filter(left) {
            let by_steps = match state.join {
                Join::All => state.steps.iter().any(leaves),
                Join::Any => {
                    let all = |step: &Step| {
                        step.skip.is_none() && step.outcomes.iter().all(|one| one.to.is_some())
                    };
                    state.steps.iter().any(leaves) && state.steps.iter().all(all)
                }
            };
            if state.exits.is_empty() && !by_steps {
                let at = self.known.at_state(&state.id);
                let said = "Aus diesem Zustand führt nicht jeder Weg hinaus.";
                let remedy = "Bitte next = \"zustand\" angeben, oder „to“ an jedem Ergebnis eines Schrittes, \
                              der immer verlangt wird und nicht übersprungen werden kann.";
                self.complain(&at, said, remedy);
            }
            let last = state.steps.iter().position(leaves);
            if let (Order::Sequence, Some(last)) = (state.order, last) {
                for step in state.steps.iter().skip(last + 1) {
                    let at = self.known.at_step(&step.id);
                    let said = "Dieser Schritt kommt nie an die Reihe: Davor wird der Zustand immer verlassen.";
                    let remedy =
                        "Bitte davor ein Ergebnis ohne „to“ vorsehen, oder order = \"parallel\".";
                    self.complain(&at, said, remedy);
                }
            }
        }
    }

    /// From every state an end can be reached.
    fn ended(&mut self, definition: &Definition, ways: &Ways<'_>) {
        let ends: Vec<_> = definition
            .states
            .iter()
            .filter(|state| state.end.is_some())
            .collect();
        if ends.is_empty() {
            let said = "Der Geschäftsgang endet nirgends.";
            let remedy =
                "Bitte mindestens einen Zustand mit end = \"done\" oder end = \"dropped\" angeben.";
            self.complain(&At::start().below("state"), said, remedy);
            return;
        }
        for state in definition.states.iter().filter(|state| state.end.is_none()) {
            if !ends.iter().any(|end| ways.leads(&state.id, &end.id)) {
                let at = self.known.at_state(&state.id);
                let said = "Von hier aus wird kein Ende erreicht.";
                let remedy = "Bitte einen Weg zu einem Zustand mit „end“ vorsehen.";
                self.complain(&at, said, remedy);
            }
        }
    }

    /// A side way stands beside states, leads nowhere, and nothing leads into it.
    fn aside(&mut self, definition: &Definition) {
        let is_aside = |id: &str| {
            let state = definition.state(id);
            state.is_some_and(|state| state.beside.is_some())
        };
        for state in &definition.states {
            let at = self.known.at_state(&state.id);
            if state.beside.is_some() && state.id == definition.start {
                let said = "Ein Nebenweg ist kein Zustand, in dem etwas beginnt.";
                self.complain(&at, said, "Bitte unter „start“ einen anderen nennen.");
            }
            if state.beside.is_some() && state.steps.is_empty() {
                let said = "Auf diesem Nebenweg ist nichts zu tun.";
                self.complain(&at, said, "Bitte mindestens einen Schritt angeben.");
            }
            for beside in state.beside.iter().flat_map(|one| &one.states) {
                let fits = definition
                    .state(beside)
                    .is_some_and(|one| one.end.is_none() && one.beside.is_none());
                if !fits {
                    let said = format!("Neben „{beside}“ läuft nichts.");
                    let remedy = "Bitte Zustände nennen, in denen etwas zu tun ist.";
                    self.complain(&at.below("beside"), said, remedy);
                }
            }
            let exits = state.exits.iter().map(|exit| exit.to.as_str());
            let steps = state.steps.iter();
            let outcomes = steps.clone().flat_map(|step| &step.outcomes);
            let ways = outcomes.filter_map(|outcome| outcome.to.as_deref());
            let back = steps.flat_map(|step| &step.return_to).map(String::as_str);
            for to in exits.chain(ways).chain(back) {
                if to != state.id && (state.beside.is_some() || is_aside(to)) {
                    let said = format!("Von „{}“ führt kein Weg nach „{to}“.", state.id);
                    let remedy = "Ein Nebenweg wird begonnen und endet von selbst; er führt höchstens in sich selbst zurück.";
                    self.complain(&at, said, remedy);
                }
            }
        }
    }

    /// States that ask for nothing are left at once: they do not lead to themselves.
    fn turning(&mut self, definition: &Definition) {
        let empty = definition
            .states
            .iter()
            .filter(|state| state.end.is_none() && state.beside.is_none())
            .filter(|state| state.steps.is_empty());
        let next: BTreeMap<_, _> = empty
            .map(|state| (state.id.as_str(), leads(definition, state, false)))
            .collect();
        let found = next.keys().find(|state| {
            closure(next.get(*state).cloned().unwrap_or_default(), &next).contains(*state)
        });
        if let Some(state) = found {
            let at = self.known.at_state(state);
            let said = "Von diesem Zustand führt ein Weg zu ihm zurück, auf dem nichts zu tun ist.";
            self.complain(&at, said, "Bitte auf dem Weg einen Schritt vorsehen.");
        }
    }

    fn sent_back(&mut self, definition: &Definition, ways: &Ways<'_>, state: &State, step: &Step) {
        for to in &step.return_to {
            let at = self.known.at_step(&step.id).below("return_to");
            let ends = definition.state(to).is_some_and(|to| to.end.is_some());
            if ends {
                let said = format!("In „{to}“ endet es; dorthin wird nichts zurückgegeben.");
                self.complain(&at, said, "Bitte ein Ergebnis mit „to“ dafür vorsehen.");
            } else if *to != state.id && !ways.leads(to, &state.id) {
                let said = format!("Von „{to}“ führt kein Weg wieder hierher.");
                self.complain(&at, said, "Bitte einen früheren Zustand nennen.");
            }
        }
    }

    /// Steps that are referred to can have been taken before; one whose taker takes this one has been.
    fn taken_before(&mut self, definition: &Definition, ways: &Ways<'_>, this: (&State, &Step)) {
        let step = this.1;
        let mut named: Vec<(&str, &str)> = Vec::new();
        let distinct = step.distinct_from.iter();
        named.extend(distinct.map(|other| ("distinct_from", other.as_str())));
        named.extend(taker(&step.assignee).map(|other| (ASSIGNEE, other)));
        let skip = step.skip.as_ref().and_then(|skip| taker(&skip.by));
        named.extend(skip.map(|other| ("skip", other)));
        if let Some(due) = &step.due {
            let extend = due.extend_by.as_ref().and_then(taker);
            named.extend(extend.map(|other| ("due.extend_by", other)));
            let escalate = due.escalate.iter().filter_map(|one| taker(&one.to));
            named.extend(escalate.map(|other| ("due.escalate", other)));
            let remind = due.remind_to.as_ref().and_then(taker);
            named.extend(remind.map(|other| ("due.remind_to", other)));
        }
        for (key, other) in named {
            let at = self.known.at_step(&step.id).below(key);
            if other == step.id && (key == "distinct_from" || key == ASSIGNEE) {
                let said = "Der Schritt nennt sich selbst.";
                self.complain(&at, said, "Bitte einen anderen nennen oder entfernen.");
                continue;
            }
            let Some(found) = definition.step(other) else {
                continue;
            };
            if !ways.before(found, this) {
                let said = format!("„{other}“ kann vorher nicht erledigt worden sein.");
                let remedy = "Bitte einen Schritt nennen, der davor liegt.";
                self.complain(&at, said, remedy);
            } else if key == ASSIGNEE && !always_before(definition, found, this) {
                let said = format!(
                    "Es gibt einen Weg hierher, auf dem „{other}“ noch nicht erledigt ist: Dann ginge der Schritt an die Leitung."
                );
                let remedy = "Bitte einen Schritt nennen, der immer davor liegt, oder eine Funktion, eine Rolle, ein Feld.";
                self.complain(&at, said, remedy);
            }
        }
    }
}

const ASSIGNEE: &str = "assignee";

fn taker(who: &Assignee) -> Option<&str> {
    if let Assignee::TakerOf(step) = who {
        return Some(step);
    }
    None
}

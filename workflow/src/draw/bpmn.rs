//! A definition as a process of BPMN 2.0: each state a lane, each step a task, each choice a gateway.
//!
//! What BPMN cannot say (who may insert what, who is one of four eyes) stands in the documentation of a task.

use super::shapes;
use crate::definition::{Definition, Due, Effect, End, Exit, Join, Order, State, Step, StepKind};
use crate::tell::{Names, assignee, beside_said, condition, due, kind};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Start,
    End,
    /// An end without what was wanted.
    Stopped,
    User,
    Service,
    Receive,
    /// One way of several.
    Exclusive,
    /// All ways at once, or all of them awaited.
    Parallel,
    /// A state in which nothing is to be done.
    Pass,
    /// A timer beside a task that goes on.
    Reminds(usize),
    /// The end of what a timer beside a task does.
    Told(usize),
    /// A timer that ends a task.
    Lapses(usize),
}

/// Something that is drawn and has an id.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) what: What,
    pub(super) lane: usize,
    pub(super) column: u32,
    pub(super) row: u32,
    /// One of it for each of several.
    pub(super) many: bool,
    /// Until when a timer waits, or what else there is to say.
    pub(super) said: String,
}

/// A way from one to another.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) name: String,
    pub(super) condition: Option<String>,
    /// Taken where no condition of another one is true.
    pub(super) otherwise: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) flows: Vec<Flow>,
}

/// A way that is not yet led anywhere.
#[derive(Clone, Debug)]
struct Loose {
    from: usize,
    name: String,
    condition: Option<String>,
    otherwise: bool,
}

impl Loose {
    const fn plain(from: usize) -> Self {
        Self {
            from,
            name: String::new(),
            condition: None,
            otherwise: false,
        }
    }
}

pub(super) fn write(definition: &Definition, names: &dyn Names) -> String {
    let mut builder = Builder {
        definition,
        names,
        graph: Graph::default(),
        entries: vec![None; definition.states.len()],
        leads: Vec::new(),
    };
    for (lane, state) in definition.states.iter().enumerate() {
        builder.state(lane, state);
    }
    shapes::write(definition, &builder.done())
}

struct Builder<'a> {
    definition: &'a Definition,
    names: &'a dyn Names,
    graph: Graph,
    /// The first node of each state.
    entries: Vec<Option<usize>>,
    /// Ways to a state.
    leads: Vec<(Loose, String)>,
}

impl Builder<'_> {
    fn node(&mut self, id: String, name: &str, what: What, at: (usize, u32, u32)) -> usize {
        let (lane, column, row) = at;
        self.graph.nodes.push(Node {
            id,
            name: name.to_owned(),
            what,
            lane,
            column,
            row,
            many: false,
            said: String::new(),
        });
        self.graph.nodes.len() - 1
    }

    fn join(&mut self, loose: Vec<Loose>, to: usize) {
        for one in loose {
            self.graph.flows.push(Flow {
                from: one.from,
                to,
                name: one.name,
                condition: one.condition,
                otherwise: one.otherwise,
            });
        }
    }

    fn state(&mut self, lane: usize, state: &State) {
        let first = self.graph.nodes.len();
        let label = &state.label.de;
        if let Some(end) = state.end {
            let what = match end {
                End::Done => What::End,
                End::Dropped => What::Stopped,
            };
            self.node(format!("end_{}", state.id), label, what, (lane, 1, 0));
        } else if state.steps.is_empty() {
            let at = self.node(
                format!("state_{}", state.id),
                label,
                What::Pass,
                (lane, 1, 0),
            );
            self.exits(state, vec![Loose::plain(at)], (lane, 2));
        } else if state.order == Order::Parallel {
            self.parallel(lane, state);
        } else {
            self.sequence(lane, state);
        }
        if let Some(entry) = self.entries.get_mut(lane) {
            // Behind the beginning of a side way stands its first step.
            *entry = Some(first + usize::from(state.beside.is_some()));
        }
    }

    fn sequence(&mut self, lane: usize, state: &State) {
        let mut column = 1;
        let mut loose = Vec::new();
        if let Some(beside) = &state.beside {
            let id = format!("begin_{}", state.id);
            let begin = self.node(id, "Nebenweg", What::Start, (lane, 0, 0));
            let said = beside_said(beside, self.definition, self.names);
            if let Some(node) = self.graph.nodes.get_mut(begin) {
                node.said = said;
            }
            loose.push(Loose::plain(begin));
        }
        for step in &state.steps {
            loose = self.step(step, loose, lane, &mut column, 0);
        }
        if state.beside.is_some() && !loose.is_empty() {
            let id = format!("finish_{}", state.id);
            let finish = self.node(id, "Nebenweg erledigt", What::End, (lane, column, 0));
            self.join(loose, finish);
            return;
        }
        self.exits(state, loose, (lane, column));
    }

    fn parallel(&mut self, lane: usize, state: &State) {
        let entry = self.node(
            format!("enter_{}", state.id),
            "",
            What::Exclusive,
            (lane, 1, 0),
        );
        let split = self.node(
            format!("split_{}", state.id),
            "",
            What::Parallel,
            (lane, 2, 0),
        );
        self.join(vec![Loose::plain(entry)], split);
        let mut loose = Vec::new();
        // Tasks stand below each other, so that no way runs through one.
        let first = 3 + u32::from(state.steps.iter().any(|step| step.when.is_some()));
        let mut most = first;
        for (row, step) in (0_u32..).zip(&state.steps) {
            let mut column = first - u32::from(step.when.is_some());
            let begin = vec![Loose::plain(split)];
            loose.extend(self.step(step, begin, lane, &mut column, row));
            most = most.max(column);
        }
        if loose.is_empty() {
            return;
        }
        let (what, name) = match state.join {
            Join::All => (What::Parallel, ""),
            Join::Any => (What::Exclusive, "einer genügt"),
        };
        let join = self.node(format!("join_{}", state.id), name, what, (lane, most, 0));
        self.join(loose, join);
        self.exits(state, vec![Loose::plain(join)], (lane, most + 1));
    }

    /// A step with what stands before and behind it. What it leaves goes on in the state.
    fn step(
        &mut self,
        step: &Step,
        mut before: Vec<Loose>,
        lane: usize,
        column: &mut u32,
        row: u32,
    ) -> Vec<Loose> {
        let definition = self.definition;
        let mut goes_on = Vec::new();
        if let Some(when) = &step.when {
            let asked = format!("asked_{}", step.id);
            let gate = self.node(asked, "nötig?", What::Exclusive, (lane, *column, row));
            *column += 1;
            self.join(std::mem::take(&mut before), gate);
            before.push(Loose {
                from: gate,
                name: "ja".to_owned(),
                condition: Some(condition(when, definition)),
                otherwise: false,
            });
            goes_on.push(Loose {
                from: gate,
                name: "nein".to_owned(),
                condition: None,
                otherwise: true,
            });
        }
        let what = match step.kind {
            StepKind::System => What::Service,
            StepKind::Event => What::Receive,
            StepKind::Task
            | StepKind::Seen
            | StepKind::Information
            | StepKind::Consult
            | StepKind::Statement
            | StepKind::CoSign
            | StepKind::FinalSign
            | StepKind::Attest
            | StepKind::Order
            | StepKind::Approve
            | StepKind::Identity
            | StepKind::Counter
            | StepKind::Resubmit
            | StepKind::Dispatch => What::User,
        };
        let id = format!("step_{}", step.id);
        let task = self.node(id, &step.label.de, what, (lane, *column, row));
        *column += 1;
        self.join(before, task);
        let said = self.said(step);
        if let Some(node) = self.graph.nodes.get_mut(task) {
            node.many = step.each.is_some();
            node.said = said;
        }
        let at = (lane, *column - 1, row);
        let lapses = step
            .due
            .as_ref()
            .and_then(|due| self.timers(due, step, task, at));
        goes_on.extend(self.outcomes(step, task, lapses, (lane, row), column));
        goes_on
    }

    fn said(&self, step: &Step) -> String {
        let who = assignee(&step.assignee, self.definition, self.names);
        let mut said = format!("{}; {who}", kind(step.kind));
        for key in &step.distinct_from {
            let label = self
                .definition
                .step(key)
                .map(|(_, step)| step.label.de.as_str());
            said.push_str("; nicht, wer erledigt hat: ");
            said.push_str(label.unwrap_or(key));
        }
        for requirement in &step.require {
            said.push_str("; Voraussetzung: ");
            said.push_str(&condition(&requirement.is, self.definition));
        }
        for outcome in &step.outcomes {
            for effect in &outcome.effects {
                if let Effect::MoveTo { compartment, .. } = effect {
                    said.push_str("; bei „");
                    said.push_str(&outcome.label.de);
                    said.push_str("“ geht der Vorgang in die Abschottung ");
                    said.push_str(compartment);
                }
                if let Effect::OpenCase { subject, .. } = effect {
                    said.push_str("; bei „");
                    said.push_str(&outcome.label.de);
                    said.push_str("“ wird ein Folgevorgang eröffnet: ");
                    said.push_str(subject);
                }
            }
        }
        said
    }

    /// Timers of a task; that which ends it is given back with its outcome.
    fn timers(
        &mut self,
        due: &Due,
        step: &Step,
        task: usize,
        at: (usize, u32, u32),
    ) -> Option<(usize, String)> {
        let until = self::due(due, self.definition);
        let id = format!("due_{}", step.id);
        let timer = self.node(id, "Frist", What::Reminds(task), at);
        let told = match (
            due.escalate.is_empty(),
            due.remind.is_empty() && due.remind_hours.is_empty(),
        ) {
            (false, _) => "Eskalation",
            (true, false) => "Erinnerung",
            (true, true) => "überfällig",
        };
        let end = self.node(format!("told_{}", step.id), told, What::Told(task), at);
        self.join(vec![Loose::plain(timer)], end);
        if let Some(node) = self.graph.nodes.get_mut(timer) {
            node.said.clone_from(&until);
        }
        let lapse = due.lapse.as_ref()?;
        let id = format!("lapse_{}", step.id);
        let timer = self.node(id, "Verfall", What::Lapses(task), at);
        if let Some(node) = self.graph.nodes.get_mut(timer) {
            node.said = format!("{} Arbeitstage nach Ablauf: {until}", lapse.after);
        }
        Some((timer, lapse.outcome.clone()))
    }

    /// The ways out of a task: those that leave the state, and those that go on in it.
    fn outcomes(
        &mut self,
        step: &Step,
        task: usize,
        lapses: Option<(usize, String)>,
        at: (usize, u32),
        column: &mut u32,
    ) -> Vec<Loose> {
        let leaves: Vec<(String, String)> = step
            .outcomes
            .iter()
            .filter_map(|one| Some((one.label.de.clone(), one.to.clone()?)))
            .chain(
                step.return_to
                    .iter()
                    .map(|to| ("zurückgeben".to_owned(), to.clone())),
            )
            .collect();
        let stays = step.outcomes.iter().any(|one| one.to.is_none());
        let mut goes_on = Vec::new();
        if leaves.is_empty() {
            goes_on.push(Loose::plain(task));
        } else {
            let id = format!("how_{}", step.id);
            let gate = self.node(id, "Ergebnis", What::Exclusive, (at.0, *column, at.1));
            *column += 1;
            self.join(vec![Loose::plain(task)], gate);
            for (name, to) in leaves {
                let one = Loose {
                    from: gate,
                    condition: Some(name.clone()),
                    name,
                    otherwise: false,
                };
                self.leads.push((one, to));
            }
            if stays {
                goes_on.push(Loose {
                    otherwise: true,
                    ..Loose::plain(gate)
                });
            }
        }
        if let Some((timer, outcome)) = lapses {
            let found = step.outcomes.iter().find(|one| one.key == outcome);
            match found.and_then(|one| one.to.clone()) {
                Some(to) => self.leads.push((Loose::plain(timer), to)),
                None => goes_on.push(Loose::plain(timer)),
            }
        }
        goes_on
    }

    fn exits(&mut self, state: &State, loose: Vec<Loose>, at: (usize, u32)) {
        if loose.is_empty() {
            return;
        }
        if let [Exit { when: None, to }] = state.exits.as_slice() {
            self.leads
                .extend(loose.into_iter().map(|one| (one, to.clone())));
            return;
        }
        let id = format!("exit_{}", state.id);
        let gate = self.node(id, "weiter", What::Exclusive, (at.0, at.1, 0));
        self.join(loose, gate);
        for exit in &state.exits {
            let said = exit
                .when
                .as_ref()
                .map(|when| condition(when, self.definition));
            let one = Loose {
                from: gate,
                name: said.clone().unwrap_or_else(|| "sonst".to_owned()),
                otherwise: said.is_none(),
                condition: said,
            };
            self.leads.push((one, exit.to.clone()));
        }
    }

    /// Leads all ways to their states.
    fn done(mut self) -> Graph {
        let start = self.definition.start.clone();
        let lane = self.index(&start).unwrap_or_default();
        let at = self.node("start".to_owned(), "Beginn", What::Start, (lane, 0, 0));
        let mut leads = vec![(Loose::plain(at), start)];
        leads.append(&mut self.leads);
        for (one, to) in leads {
            let entry = self
                .index(&to)
                .and_then(|at| self.entries.get(at).copied().flatten());
            if let Some(entry) = entry {
                self.join(vec![one], entry);
            }
        }
        self.graph
    }

    fn index(&self, id: &str) -> Option<usize> {
        self.definition
            .states
            .iter()
            .position(|state| state.id == id)
    }
}

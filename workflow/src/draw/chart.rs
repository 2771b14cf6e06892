//! What stands where: one box for each state, below each other in the order of the definition. Each way out of a
//! state is a line of text in its box, with an arrow that leaves beside it. So no text can lie on another, and no
//! arrow on text. Ways down run on the right, ways back on the left.

use super::lanes::{Bus, lane};
use super::measure::lines;
use crate::definition::{Assignee, Definition, Effect, End, Join, Order, State, Step};
use crate::tell::{Names, assignee, beside_said, condition, due, kind};

pub(super) const BOX_WIDTH: u32 = 500;
pub(super) const MARGIN: u32 = 20;
pub(super) const LANE: u32 = 14;
/// What a box leaves free between its text and its edge.
const PAD: u32 = 12;
const GAP: u32 = 34;
/// What a way out leaves free between its text and the edge.
const PORT_PAD: u32 = 14;

/// How a line of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What a state is called.
    Title,
    /// What a step is called.
    Step,
    /// What is said of it.
    Small,
    /// A way out.
    Way,
}

impl Look {
    pub(super) const fn size(self) -> u32 {
        match self {
            Self::Title => 15,
            Self::Step => 13,
            Self::Small | Self::Way => 12,
        }
    }

    pub(super) const fn bold(self) -> bool {
        match self {
            Self::Title | Self::Step => true,
            Self::Small | Self::Way => false,
        }
    }

    const fn height(self) -> u32 {
        match self {
            Self::Title => 22,
            Self::Step => 19,
            Self::Small | Self::Way => 17,
        }
    }
}

/// On which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A line of text, by its base line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) look: Look,
    pub(super) y: u32,
    /// Where it stands: at the left, or of a way out at the side where that leaves.
    pub(super) side: Side,
    /// How far from the edge.
    pub(super) indent: u32,
}

/// A way out, where it leaves its box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    pub(super) to: usize,
    pub(super) y: u32,
    pub(super) side: Side,
}

/// A state.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) y: u32,
    pub(super) height: u32,
    pub(super) header: u32,
    pub(super) end: Option<End>,
    pub(super) is_here: bool,
    pub(super) lines: Vec<Line>,
    pub(super) ports: Vec<Port>,
    /// Whether it simply goes on to the one below it.
    pub(super) goes_down: bool,
    /// Lines that part its steps.
    pub(super) rules: Vec<u32>,
    /// All of it in one sentence, for whoever does not see it.
    pub(super) said: String,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: String,
    /// What stands above the boxes.
    pub(super) head: Vec<Line>,
    pub(super) cards: Vec<Card>,
    pub(super) start: usize,
    pub(super) left: Vec<Bus>,
    pub(super) right: Vec<Bus>,
    /// Where the boxes begin.
    pub(super) x: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Lays a definition out.
pub(super) fn chart(definition: &Definition, at: Option<&str>, names: &dyn Names) -> Chart {
    let title = format!(
        "{} ({}, Fassung {})",
        definition.title.de, definition.id, definition.version
    );
    let mut y = MARGIN;
    let mut head = Vec::new();
    for (text, look) in [
        (&title, Look::Title),
        (&definition.legal.join("; "), Look::Small),
    ] {
        for text in lines(text, look.size(), look.bold(), BOX_WIDTH) {
            y += look.height();
            head.push(Line {
                text,
                look,
                y,
                side: Side::Left,
                indent: 0,
            });
        }
    }
    y += 44;
    let mut cards = Vec::new();
    for (index, state) in definition.states.iter().enumerate() {
        let mut writer = Writer::new(definition, names, index, y);
        writer.state(state, at == Some(state.id.as_str()));
        y += writer.card.height + GAP;
        cards.push(writer.card);
    }
    let left = buses(&cards, Side::Left);
    let right = buses(&cards, Side::Right);
    let side = |all: &[Bus]| {
        MARGIN
            + 2 * LANE
            + LANE
                * all
                    .iter()
                    .map(|bus| bus.lane)
                    .max()
                    .map_or(0, |most| most + 1)
    };
    let x = side(&left);
    let start = index_of(definition, &definition.start);
    Chart {
        title,
        head,
        start,
        x,
        width: x + BOX_WIDTH + side(&right),
        height: y,
        cards,
        left,
        right,
    }
}

fn index_of(definition: &Definition, id: &str) -> usize {
    let found = definition.states.iter().position(|state| state.id == id);
    found.unwrap_or_default()
}

/// One line for all ways to one state on one side.
fn buses(cards: &[Card], side: Side) -> Vec<Bus> {
    let mut all = Vec::new();
    for (to, target) in cards.iter().enumerate() {
        let from: Vec<u32> = cards
            .iter()
            .flat_map(|card| &card.ports)
            .filter(|port| port.to == to && port.side == side)
            .map(|port| port.y)
            .collect();
        if !from.is_empty() {
            let enters = target.y + target.header / 2;
            all.push(Bus::new(to, enters, from));
        }
    }
    lane(all)
}

struct Writer<'a> {
    definition: &'a Definition,
    names: &'a dyn Names,
    index: usize,
    y: u32,
    card: Card,
}

impl<'a> Writer<'a> {
    fn new(definition: &'a Definition, names: &'a dyn Names, index: usize, y: u32) -> Self {
        let card = Card {
            y,
            height: 0,
            header: 0,
            end: None,
            is_here: false,
            lines: Vec::new(),
            ports: Vec::new(),
            goes_down: false,
            rules: Vec::new(),
            said: String::new(),
        };
        Self {
            definition,
            names,
            index,
            y,
            card,
        }
    }

    fn write(&mut self, text: &str, look: Look) {
        let most = BOX_WIDTH - 2 * PAD;
        for text in lines(text, look.size(), look.bold(), most) {
            self.put(text, look, Side::Left, PAD);
        }
    }

    fn put(&mut self, text: String, look: Look, side: Side, indent: u32) {
        self.y += look.height();
        self.card.lines.push(Line {
            text,
            look,
            y: self.y,
            side,
            indent,
        });
    }

    /// A way out: text, and the place where its arrow leaves.
    fn way(&mut self, text: &str, to: &str) {
        let to = index_of(self.definition, to);
        let side = if to > self.index {
            Side::Right
        } else {
            Side::Left
        };
        let label = self.definition.states.get(to);
        let label = label.map_or("", |state| state.label.de.as_str());
        let text = match side {
            Side::Right => format!("{text} → {label}"),
            Side::Left => format!("{label} ← {text}"),
        };
        self.card.said.push_str(&format!(" {text}."));
        let most = BOX_WIDTH - 2 * PORT_PAD - 40;
        for (number, text) in lines(&text, Look::Way.size(), false, most)
            .into_iter()
            .enumerate()
        {
            self.put(text, Look::Way, side, PORT_PAD);
            if number == 0 {
                let y = self.y - 4;
                self.card.ports.push(Port { to, y, side });
            }
        }
    }

    fn state(&mut self, state: &State, is_here: bool) {
        self.card.end = state.end;
        self.card.is_here = is_here;
        self.y += 2;
        self.write(&state.label.de, Look::Title);
        let mut said = state.label.de.clone();
        if is_here {
            self.write("Hier steht der Vorgang.", Look::Small);
            said.push_str(", hier steht der Vorgang");
        }
        said.push('.');
        self.card.said = said;
        if let Some(said) = how(state) {
            self.write(said, Look::Small);
            self.card.said.push_str(&format!(" {said}"));
        }
        if let Some(beside) = &state.beside {
            let said = beside_said(beside, self.definition, self.names);
            self.write(&said, Look::Small);
            self.card.said.push_str(&format!(" {said}"));
        }
        if state
            .on_enter
            .iter()
            .any(|one| matches!(one, Effect::CloseCase))
        {
            self.write("Der Vorgang geht zu den Akten (z. d. A.).", Look::Small);
        }
        if state
            .on_enter
            .iter()
            .any(|one| matches!(one, Effect::CloseFile))
        {
            self.write("Vorgang und Akte werden geschlossen.", Look::Small);
        }
        for effect in &state.on_enter {
            self.moves(effect, None);
        }
        self.y += 8;
        self.card.header = self.y - self.card.y;
        for (number, step) in state.steps.iter().enumerate() {
            if number > 0 {
                self.y += 7;
                self.card.rules.push(self.y);
            }
            self.y += 2;
            self.step(step);
        }
        self.exits(state);
        if state.end.is_some() {
            self.y += 4;
        }
        if self.y > self.card.y + self.card.header + 4 {
            self.y += 10;
        }
        self.card.height = self.y - self.card.y;
    }

    /// That the case goes into a compartment, or another one is opened; with an outcome, where it is one by which
    /// it does.
    fn moves(&mut self, effect: &Effect, outcome: Option<&str>) {
        let goes = if let Effect::MoveTo { compartment, .. } = effect {
            format!("Der Vorgang geht in die Abschottung „{compartment}“")
        } else if let Effect::OpenCase { subject, .. } = effect {
            format!("Ein Folgevorgang „{subject}“ wird eröffnet")
        } else {
            return;
        };
        let said = match outcome {
            Some(outcome) => format!("{goes} bei: {outcome}"),
            None => format!("{goes}."),
        };
        self.write(&said, Look::Small);
    }

    fn step(&mut self, step: &Step) {
        let definition = self.definition;
        self.write(&step.label.de, Look::Step);
        self.card
            .said
            .push_str(&format!(" Schritt: {}.", step.label.de));
        let mut who = match (&step.each, &step.assignee) {
            (Some(each), _) => {
                let label = definition
                    .field(each)
                    .map_or(each.as_str(), |field| &field.label.de);
                format!("je ein Schritt für alle unter „{label}“")
            }
            (None, Assignee::System) => String::new(),
            (None, who) => assignee(who, definition, self.names),
        };
        if !who.is_empty() {
            who.insert_str(0, " · ");
        }
        self.write(&format!("{}{who}", kind(step.kind)), Look::Small);
        if let Some(when) = &step.when {
            self.write(
                &format!("Nur wenn gilt: {}", condition(when, definition)),
                Look::Small,
            );
        }
        if let Some(one) = &step.due {
            self.write(&format!("Frist: {}", due(one, definition)), Look::Small);
        }
        if !step.distinct_from.is_empty() {
            let all: Vec<_> = step
                .distinct_from
                .iter()
                .map(|key| {
                    definition
                        .step(key)
                        .map_or(key.as_str(), |(_, step)| &step.label.de)
                })
                .collect();
            let said = format!("Vier Augen: nicht, wer erledigt hat: {}", all.join(", "));
            self.write(&said, Look::Small);
        }
        for outcome in &step.outcomes {
            for effect in &outcome.effects {
                self.moves(effect, Some(&outcome.label.de));
            }
            if let Some(to) = &outcome.to {
                self.way(&outcome.label.de, to);
            }
        }
        for to in &step.return_to {
            self.way("zurückgeben", to);
        }
    }

    fn exits(&mut self, state: &State) {
        if let [only] = state.exits.as_slice()
            && only.when.is_none()
            && index_of(self.definition, &only.to) == self.index + 1
        {
            self.card.goes_down = true;
            return;
        }
        if !state.exits.is_empty() && !state.steps.is_empty() {
            self.y += 7;
            self.card.rules.push(self.y);
            self.y += 2;
        }
        for exit in &state.exits {
            let said = match &exit.when {
                Some(when) => format!("wenn gilt: {}", condition(when, self.definition)),
                None if state.exits.len() > 1 => "sonst".to_owned(),
                None => "weiter".to_owned(),
            };
            self.way(&said, &exit.to);
        }
    }
}

fn how(state: &State) -> Option<&'static str> {
    match (state.end, state.order, state.join) {
        (Some(End::Done), ..) => Some("Ende: abgeschlossen."),
        (Some(End::Dropped), ..) => Some("Ende ohne Abschluss."),
        (None, Order::Parallel, Join::All) => Some("Alle Schritte gleichzeitig."),
        (None, Order::Parallel, Join::Any) => Some("Gleichzeitig; einer genügt."),
        (None, Order::Sequence, Join::Any) => Some("Einer genügt."),
        (None, Order::Sequence, Join::All) => None,
    }
}

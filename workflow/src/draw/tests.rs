use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::chart::{BOX_WIDTH, Chart, Line, Side, chart};
use super::measure::{lines, width};
use super::*;
use crate::definition::{End, StepKind};
use crate::shipped::SHIPPED;

fn all() -> Vec<Definition> {
    let read = |(name, bytes): &(&str, &[u8])| match Definition::read(bytes) {
        Ok(definition) => definition,
        Err(complaints) => panic!("{name}: {complaints:?}"),
    };
    SHIPPED.iter().map(read).collect()
}

/// An element: its name, its attributes, and the text in it.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

impl Element {
    fn get(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).map(String::as_str)
    }
}

/// All elements; fails where it is not well-formed.
fn elements(xml: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                open.push(found.len());
                found.push(element(&tag));
            }
            Event::Empty(tag) => found.push(element(&tag)),
            Event::Text(text) => {
                let text = text.decode().expect("UTF-8").into_owned();
                if let Some(at) = open.last() {
                    found[*at].text.push_str(&text);
                }
            }
            Event::End(_) => {
                open.pop().expect("it was open");
            }
            Event::Eof => break,
            Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
    assert!(open.is_empty(), "all of it is closed");
    found
}

fn element(tag: &quick_xml::events::BytesStart<'_>) -> Element {
    let attributes = tag.attributes().map(|one| {
        let one = one.expect("an attribute, once");
        let key = String::from_utf8(one.key.as_ref().to_vec()).expect("UTF-8");
        let value = String::from_utf8(one.value.to_vec()).expect("UTF-8");
        (key, value)
    });
    Element {
        name: String::from_utf8(tag.name().as_ref().to_vec()).expect("UTF-8"),
        attributes: attributes.collect(),
        text: String::new(),
    }
}

#[test]
fn each_picture_is_well_formed_and_says_what_it_shows() {
    for definition in all() {
        let found = elements(&svg(&definition));
        let root = &found[0];
        assert_eq!(root.name, "svg");
        assert_eq!(root.get("role"), Some("img"));
        let ids: BTreeSet<_> = found.iter().filter_map(|one| one.get("id")).collect();
        for id in root
            .get("aria-labelledby")
            .expect("it has a name")
            .split(' ')
        {
            assert!(ids.contains(id), "{id}");
        }
        let desc = found.iter().find(|one| one.name == "desc").expect("desc");
        for state in &definition.states {
            assert!(
                desc.text.contains(&escaped(&state.label.de)),
                "{}",
                state.id
            );
        }
        let names: BTreeSet<_> = found.iter().map(|one| one.name.as_str()).collect();
        let known = BTreeSet::from([
            "svg", "title", "desc", "rect", "g", "path", "circle", "text",
        ]);
        assert!(
            names.is_subset(&known),
            "nothing that acts or is loaded: {names:?}"
        );
        assert!(found.iter().all(|one| one.get("style").is_none()));
    }
}

/// Where a line of text stands at most: left, right, top, bottom.
fn area(line: &Line, x: u32) -> (u32, u32, u32, u32) {
    let wide = width(&line.text, line.look.size(), line.look.bold());
    let left = match line.side {
        Side::Left => x + line.indent,
        Side::Right => x + BOX_WIDTH - line.indent - wide,
    };
    (left, left + wide, line.y - line.look.size(), line.y + 4)
}

fn texts(chart: &Chart) -> Vec<(u32, u32, u32, u32)> {
    let head = chart
        .head
        .iter()
        .map(|line| area(line, super::chart::MARGIN));
    let cards = chart.cards.iter().flat_map(|card| &card.lines);
    head.chain(cards.map(|line| area(line, chart.x))).collect()
}

#[test]
fn no_text_lies_on_another_or_leaves_its_box() {
    for definition in all() {
        let chart = chart(&definition, Some("received"), &NoNames);
        let texts = texts(&chart);
        for (number, one) in texts.iter().enumerate() {
            assert!(one.1 <= chart.width && one.3 <= chart.height, "{one:?}");
            for other in &texts[number + 1..] {
                let beside = one.1 <= other.0 || other.1 <= one.0;
                let below = one.3 <= other.2 || other.3 <= one.2;
                assert!(beside || below, "{}: {one:?} {other:?}", definition.id);
            }
        }
        for card in &chart.cards {
            for line in &card.lines {
                let (left, right, top, bottom) = area(line, chart.x);
                let inside = left > chart.x && right < chart.x + BOX_WIDTH;
                let within = top > card.y && bottom <= card.y + card.height;
                assert!(inside && within, "{}: {}", definition.id, line.text);
            }
        }
    }
}

#[test]
fn ways_to_different_states_never_share_a_line() {
    for definition in all() {
        let chart = chart(&definition, None, &NoNames);
        for side in [&chart.left, &chart.right] {
            for (number, one) in side.iter().enumerate() {
                for other in &side[number + 1..] {
                    let ((top, bottom), (other_top, other_bottom)) = (one.span(), other.span());
                    let apart = bottom < other_top || other_bottom < top;
                    assert!(one.lane != other.lane || apart, "{}", definition.id);
                }
            }
        }
        let ways: usize = chart.cards.iter().map(|card| card.ports.len()).sum();
        let joined: usize = chart
            .left
            .iter()
            .chain(&chart.right)
            .map(|bus| bus.from.len())
            .sum();
        assert_eq!(ways, joined, "each way out leads somewhere");
    }
}

#[test]
fn each_way_out_has_an_arrow() {
    for definition in all() {
        let chart = chart(&definition, None, &NoNames);
        for (state, card) in definition.states.iter().zip(&chart.cards) {
            let leaves = state.steps.iter().flat_map(|step| &step.outcomes);
            let leaves = leaves.filter(|one| one.to.is_some()).count();
            let back: usize = state.steps.iter().map(|step| step.return_to.len()).sum();
            let exits = state.exits.len() - usize::from(card.goes_down);
            assert_eq!(card.ports.len(), leaves + back + exits, "{}", state.id);
        }
    }
}

#[test]
fn the_same_definition_makes_the_same_bytes() {
    for definition in all() {
        assert_eq!(svg(&definition), svg(&definition.clone()));
        assert_eq!(bpmn(&definition), bpmn(&definition.clone()));
    }
    let small = Definition::read(include_bytes!("data/small.toml")).expect("it fits");
    assert_eq!(svg(&small), include_str!("data/small.svg"));
    assert_eq!(bpmn(&small), include_str!("data/small.bpmn"));
}

#[test]
fn the_state_of_an_instance_stands_out_without_colour() {
    let small = Definition::read(include_bytes!("data/small.toml")).expect("it fits");
    let here = svg::write(&chart(&small, Some("check"), &NoNames));
    assert_eq!(here.matches("Hier steht der Vorgang.").count(), 1);
    assert_eq!(here.matches("stroke-width=\"4\"").count(), 1);
    assert!(!svg(&small).contains("Hier steht"));
    elements(&here);
}

/// What refers to an id, by attribute or by the text of an element.
fn references(found: &[Element]) -> Vec<&str> {
    const ATTRIBUTES: [&str; 6] = [
        "sourceRef",
        "targetRef",
        "attachedToRef",
        "default",
        "processRef",
        "bpmnElement",
    ];
    const TEXTS: [&str; 3] = ["bpmn:incoming", "bpmn:outgoing", "bpmn:flowNodeRef"];
    let mut all = Vec::new();
    for one in found {
        all.extend(ATTRIBUTES.iter().filter_map(|key| one.get(key)));
        if TEXTS.contains(&one.name.as_str()) {
            all.push(&one.text);
        }
    }
    all
}

#[test]
fn each_process_has_ids_once_and_refers_to_what_is_there() {
    for definition in all() {
        let xml = bpmn(&definition);
        let found = elements(&xml);
        let ids: Vec<_> = found.iter().filter_map(|one| one.get("id")).collect();
        let once: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), once.len(), "{}", definition.id);
        for id in &once {
            let first = id.chars().next().expect("not empty");
            assert!(first.is_ascii_alphabetic(), "{id}");
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            assert!(id.chars().all(fits), "{id}");
        }
        for reference in references(&found) {
            assert!(once.contains(reference), "{}: {reference}", definition.id);
        }
        let drawn: BTreeSet<_> = found
            .iter()
            .filter_map(|one| one.get("bpmnElement"))
            .collect();
        for one in &found {
            let is_flow = one.name == "bpmn:sequenceFlow";
            let is_node = ["Task", "Event", "Gateway"]
                .iter()
                .any(|end| one.name.ends_with(end));
            if is_flow || is_node {
                assert!(
                    drawn.contains(one.get("id").expect("an id")),
                    "{:?}",
                    one.name
                );
            }
        }
    }
}

#[test]
fn each_step_is_a_task_and_each_end_an_event() {
    for definition in all() {
        let xml = bpmn(&definition);
        let found = elements(&xml);
        let by_id: BTreeMap<_, _> = found
            .iter()
            .filter_map(|one| Some((one.get("id")?, one)))
            .collect();
        for state in &definition.states {
            for step in &state.steps {
                let task = by_id[format!("step_{}", step.id).as_str()];
                let wanted = if step.kind == StepKind::System {
                    "bpmn:serviceTask"
                } else if step.kind == StepKind::Event {
                    "bpmn:receiveTask"
                } else {
                    "bpmn:userTask"
                };
                assert_eq!(task.name, wanted, "{}", step.id);
                let timer = by_id.get(format!("due_{}", step.id).as_str());
                assert_eq!(timer.is_some(), step.due.is_some(), "{}", step.id);
            }
            let end = by_id.get(format!("end_{}", state.id).as_str());
            assert_eq!(
                end.is_some(),
                matches!(state.end, Some(End::Done | End::Dropped))
            );
        }
        let leads = |id: &str| {
            let from = |one: &&Element| one.get("sourceRef") == Some(id);
            found.iter().filter(from).count()
        };
        for one in found
            .iter()
            .filter(|one| one.name.ends_with("Gateway") || one.name.ends_with("Task"))
        {
            assert!(
                leads(one.get("id").expect("an id")) > 0,
                "{:?}",
                one.get("id")
            );
        }
    }
}

#[test]
fn what_means_something_in_xml_is_written_as_it_is_read() {
    assert_eq!(
        escaped("a<b> & \"c\"\n\u{1}"),
        "a&lt;b&gt; &amp; &quot;c&quot; ?"
    );
}

proptest! {
    #[test]
    fn lines_fit_and_lose_nothing(text in "[a-zA-ZäöüßÄ0-9 .,„“-]{0,200}", most in 40_u32..400) {
        let found = lines(&text, 12, false, most);
        for line in &found {
            prop_assert!(width(line, 12, false) <= most);
        }
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(squeezed(&found.concat()), squeezed(&text));
    }
}

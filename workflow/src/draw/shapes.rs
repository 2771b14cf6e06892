//! A process as XML of BPMN 2.0, with the diagram that shows it.

use super::bpmn::{Flow, Graph, Node, What};
use super::escaped;
use super::place::{Area, Places, Route, place};
use crate::definition::Definition;
use crate::tell::{put, put_line};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<bpmn:definitions xmlns:bpmn=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" xmlns:bpmndi=\"http://www.omg.org/spec/BPMN/20100524/DI\" xmlns:dc=\"http://www.omg.org/spec/DD/20100524/DC\" xmlns:di=\"http://www.omg.org/spec/DD/20100524/DI\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" id=\"definitions\" targetNamespace=\"https://papierlos.example/workflows\" exporter=\"Papierlos\">
";

pub(super) fn write(definition: &Definition, graph: &Graph) -> String {
    let places = place(graph, definition.states.len());
    let mut out = HEAD.to_owned();
    let title = escaped(&definition.title.de);
    put_line!(out, "<bpmn:collaboration id=\"collaboration\">");
    put_line!(
        out,
        "<bpmn:participant id=\"participant\" name=\"{title}\" processRef=\"process\"/>"
    );
    put_line!(out, "</bpmn:collaboration>");
    put_line!(
        out,
        "<bpmn:process id=\"process\" name=\"{title}\" isExecutable=\"false\">"
    );
    let said = format!(
        "{}, Fassung {}, SHA-256 {}. {}",
        definition.id,
        definition.version,
        definition.sha256_hex(),
        definition.legal.join("; ")
    );
    put_line!(
        out,
        "<bpmn:documentation>{}</bpmn:documentation>",
        escaped(&said)
    );
    lanes(definition, graph, &mut out);
    for (at, node) in graph.nodes.iter().enumerate() {
        element(at, node, graph, &mut out);
    }
    for (number, flow) in graph.flows.iter().enumerate() {
        sequence(number, flow, graph, &mut out);
    }
    put_line!(out, "</bpmn:process>");
    diagram(graph, &places, &mut out);
    put_line!(out, "</bpmn:definitions>");
    out
}

fn lanes(definition: &Definition, graph: &Graph, out: &mut String) {
    put_line!(out, "<bpmn:laneSet id=\"lanes\">");
    for (lane, state) in definition.states.iter().enumerate() {
        let name = escaped(&state.label.de);
        put_line!(out, "<bpmn:lane id=\"lane_{lane}\" name=\"{name}\">");
        for node in graph.nodes.iter().filter(|node| node.lane == lane) {
            put_line!(out, "<bpmn:flowNodeRef>{}</bpmn:flowNodeRef>", node.id);
        }
        put_line!(out, "</bpmn:lane>");
    }
    put_line!(out, "</bpmn:laneSet>");
}

fn element(at: usize, node: &Node, graph: &Graph, out: &mut String) {
    let tag = match node.what {
        What::Start => "startEvent",
        What::End | What::Stopped | What::Told(_) => "endEvent",
        What::User => "userTask",
        What::Service => "serviceTask",
        What::Receive => "receiveTask",
        What::Exclusive => "exclusiveGateway",
        What::Parallel => "parallelGateway",
        What::Pass => "intermediateThrowEvent",
        What::Reminds(_) | What::Lapses(_) => "boundaryEvent",
    };
    put!(out, "<bpmn:{tag} id=\"{}\"", node.id);
    if !node.name.is_empty() {
        put!(out, " name=\"{}\"", escaped(&node.name));
    }
    if let What::Reminds(task) | What::Lapses(task) = node.what
        && let Some(task) = graph.nodes.get(task)
    {
        let ends = matches!(node.what, What::Lapses(_));
        put!(
            out,
            " attachedToRef=\"{}\" cancelActivity=\"{ends}\"",
            task.id
        );
    }
    let flows = || graph.flows.iter().enumerate();
    if let Some((number, _)) = flows().find(|(_, flow)| flow.from == at && flow.otherwise) {
        put!(out, " default=\"flow_{number}\"");
    }
    out.push_str(">\n");
    let is_timer = matches!(node.what, What::Reminds(_) | What::Lapses(_));
    if !node.said.is_empty() && !is_timer {
        let said = escaped(&node.said);
        put_line!(out, "<bpmn:documentation>{said}</bpmn:documentation>");
    }
    for (number, _) in flows().filter(|(_, flow)| flow.to == at) {
        put_line!(out, "<bpmn:incoming>flow_{number}</bpmn:incoming>");
    }
    for (number, _) in flows().filter(|(_, flow)| flow.from == at) {
        put_line!(out, "<bpmn:outgoing>flow_{number}</bpmn:outgoing>");
    }
    if node.many {
        put_line!(
            out,
            "<bpmn:multiInstanceLoopCharacteristics isSequential=\"false\"/>"
        );
    }
    if is_timer {
        put_line!(
            out,
            "<bpmn:timerEventDefinition id=\"timer_{}\"><bpmn:timeDuration xsi:type=\"bpmn:tFormalExpression\">{}</bpmn:timeDuration></bpmn:timerEventDefinition>",
            node.id,
            escaped(&node.said)
        );
    }
    if node.what == What::Stopped {
        put_line!(
            out,
            "<bpmn:terminateEventDefinition id=\"stop_{}\"/>",
            node.id
        );
    }
    put_line!(out, "</bpmn:{tag}>");
}

fn sequence(number: usize, flow: &Flow, graph: &Graph, out: &mut String) {
    let ends = (graph.nodes.get(flow.from), graph.nodes.get(flow.to));
    let (Some(from), Some(to)) = ends else { return };
    put!(
        out,
        "<bpmn:sequenceFlow id=\"flow_{number}\" sourceRef=\"{}\" targetRef=\"{}\"",
        from.id,
        to.id
    );
    if !flow.name.is_empty() {
        put!(out, " name=\"{}\"", escaped(&flow.name));
    }
    match &flow.condition {
        Some(condition) => {
            put_line!(
                out,
                "><bpmn:conditionExpression xsi:type=\"bpmn:tFormalExpression\">{}</bpmn:conditionExpression></bpmn:sequenceFlow>",
                escaped(condition)
            );
        }
        None => out.push_str("/>\n"),
    }
}

fn diagram(graph: &Graph, places: &Places, out: &mut String) {
    put_line!(out, "<bpmndi:BPMNDiagram id=\"diagram\">");
    put_line!(
        out,
        "<bpmndi:BPMNPlane id=\"plane\" bpmnElement=\"collaboration\">"
    );
    shape(
        "participant",
        places.pool,
        " isHorizontal=\"true\"",
        None,
        out,
    );
    for (lane, area) in places.lanes.iter().enumerate() {
        shape(
            &format!("lane_{lane}"),
            *area,
            " isHorizontal=\"true\"",
            None,
            out,
        );
    }
    for (node, area) in graph.nodes.iter().zip(&places.nodes) {
        let marker = match node.what {
            What::Exclusive => " isMarkerVisible=\"true\"",
            What::Start
            | What::End
            | What::Stopped
            | What::User
            | What::Service
            | What::Receive
            | What::Parallel
            | What::Pass
            | What::Reminds(_)
            | What::Told(_)
            | What::Lapses(_) => "",
        };
        shape(&node.id, *area, marker, name_of(node, *area), out);
    }
    for (number, route) in places.routes.iter().enumerate() {
        edge(number, route, out);
    }
    put_line!(out, "</bpmndi:BPMNPlane>");
    put_line!(out, "</bpmndi:BPMNDiagram>");
}

/// Where the name of what is small stands.
fn name_of(node: &Node, area: Area) -> Option<Area> {
    if node.name.is_empty() {
        return None;
    }
    let wide = super::measure::width(&node.name, 11, false);
    let middle = area.x + area.width / 2;
    let below = area.y + area.height + 3;
    let at = |x: u32, y: u32| {
        Some(Area {
            x,
            y,
            width: wide,
            height: 14,
        })
    };
    match node.what {
        What::User | What::Service | What::Receive => None,
        // A way may leave or enter at the top: beside it.
        What::Exclusive | What::Parallel => {
            at(middle.saturating_sub(wide + 8), area.y.saturating_sub(14))
        }
        What::Told(_) => at(area.x + area.width + 4, area.y + 7),
        What::Reminds(_) => at(area.x.saturating_sub(wide + 2), below - 12),
        What::Lapses(_) => at(area.x + area.width + 2, below - 12),
        What::Start => at(middle.saturating_sub(wide / 2), area.y.saturating_sub(16)),
        What::End | What::Stopped | What::Pass => at(middle.saturating_sub(wide / 2), below),
    }
}

fn bounds(area: Area, out: &mut String) {
    put!(
        out,
        "<dc:Bounds x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        area.x,
        area.y,
        area.width,
        area.height
    );
}

fn label(area: Option<Area>, out: &mut String) {
    if let Some(area) = area {
        out.push_str("<bpmndi:BPMNLabel>");
        bounds(area, out);
        out.push_str("</bpmndi:BPMNLabel>");
    }
}

fn shape(id: &str, area: Area, more: &str, name: Option<Area>, out: &mut String) {
    put!(
        out,
        "<bpmndi:BPMNShape id=\"shape_{id}\" bpmnElement=\"{id}\"{more}>"
    );
    bounds(area, out);
    label(name, out);
    out.push_str("</bpmndi:BPMNShape>\n");
}

fn edge(number: usize, route: &Route, out: &mut String) {
    put!(
        out,
        "<bpmndi:BPMNEdge id=\"edge_{number}\" bpmnElement=\"flow_{number}\">"
    );
    for (x, y) in &route.points {
        put!(out, "<di:waypoint x=\"{x}\" y=\"{y}\"/>");
    }
    label(route.label, out);
    out.push_str("</bpmndi:BPMNEdge>\n");
}

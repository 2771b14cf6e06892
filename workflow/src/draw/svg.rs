//! A chart as SVG.

use super::chart::{BOX_WIDTH, Card, Chart, LANE, Line, Look, MARGIN, Side};
use super::escaped;
use super::lanes::Bus;
use crate::definition::End;
use crate::tell::put_line;

const FONT: &str = "Noto Sans, DejaVu Sans, Arial, sans-serif";
const PAD: u32 = 12;

pub(super) fn write(chart: &Chart) -> String {
    let mut out = String::new();
    let (width, height) = (chart.width, chart.height);
    put_line!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"titel ablauf\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\" fill=\"#000\">"
    );
    put_line!(out, "<title id=\"titel\">{}</title>", escaped(&chart.title));
    let said: Vec<_> = (1_u32..)
        .zip(&chart.cards)
        .map(|(number, card)| format!("{number}. {}", card.said))
        .collect();
    put_line!(
        out,
        "<desc id=\"ablauf\">{}</desc>",
        escaped(&said.join(" "))
    );
    put_line!(
        out,
        "<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"
    );
    for line in &chart.head {
        text(line, MARGIN, &mut out);
    }
    // Lines first: where one runs behind a box, the box is whole.
    put_line!(
        out,
        "<g fill=\"none\" stroke=\"#000\" stroke-width=\"1.3\">"
    );
    for bus in &chart.left {
        line_of(bus, chart.x, Side::Left, &mut out);
    }
    for bus in &chart.right {
        line_of(bus, chart.x + BOX_WIDTH, Side::Right, &mut out);
    }
    down(chart, &mut out);
    out.push_str("</g>\n");
    for card in &chart.cards {
        draw(card, chart.x, &mut out);
    }
    heads(chart, &mut out);
    out.push_str("</svg>\n");
    out
}

/// The way of a bus, with a dot where another one joins it.
fn line_of(bus: &Bus, edge: u32, side: Side, out: &mut String) {
    let away = LANE * (bus.lane + 1) + LANE / 2;
    let x = match side {
        Side::Left => edge.saturating_sub(away),
        Side::Right => edge + away,
    };
    let (top, bottom) = bus.span();
    put_line!(
        out,
        "<path d=\"M{x} {top}V{bottom}M{x} {0}H{edge}\"/>",
        bus.enters
    );
    for y in &bus.from {
        put_line!(out, "<path d=\"M{edge} {y}H{x}\"/>");
        if *y != top && *y != bottom {
            put_line!(
                out,
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"2.6\" fill=\"#000\"/>"
            );
        }
    }
    if bus.enters != top && bus.enters != bottom {
        put_line!(
            out,
            "<circle cx=\"{x}\" cy=\"{}\" r=\"2.6\" fill=\"#000\"/>",
            bus.enters
        );
    }
}

/// Where it begins, and where it simply goes on.
fn down(chart: &Chart, out: &mut String) {
    let middle = chart.x + BOX_WIDTH / 2;
    for pair in chart.cards.windows(2) {
        if let [card, next] = pair
            && card.goes_down
        {
            put_line!(
                out,
                "<path d=\"M{middle} {}V{}\"/>",
                card.y + card.height,
                next.y - 8
            );
        }
    }
    if let Some(card) = chart.cards.get(chart.start) {
        let x = chart.x + PAD + 8;
        put_line!(
            out,
            "<circle cx=\"{x}\" cy=\"{}\" r=\"7\" fill=\"#000\"/><path d=\"M{x} {}V{}\"/>",
            card.y - 27,
            card.y - 20,
            card.y - 8
        );
    }
}

fn heads(chart: &Chart, out: &mut String) {
    put_line!(out, "<g>");
    let downward = |x: u32, y: u32| format!("<path d=\"M{x} {y}l-5 -9h10z\"/>\n");
    let middle = chart.x + BOX_WIDTH / 2;
    for pair in chart.cards.windows(2) {
        if let [card, next] = pair
            && card.goes_down
        {
            out.push_str(&downward(middle, next.y));
        }
    }
    if let Some(card) = chart.cards.get(chart.start) {
        out.push_str(&downward(chart.x + PAD + 8, card.y));
    }
    for bus in &chart.left {
        put_line!(out, "<path d=\"M{} {}l-9 -5v10z\"/>", chart.x, bus.enters);
    }
    for bus in &chart.right {
        put_line!(
            out,
            "<path d=\"M{} {}l9 -5v10z\"/>",
            chart.x + BOX_WIDTH,
            bus.enters
        );
    }
    out.push_str("</g>\n");
}

fn draw(card: &Card, x: u32, out: &mut String) {
    let stroke = if card.is_here { 4 } else { 1 };
    let dash = match card.end {
        Some(End::Dropped) => " stroke-dasharray=\"7 4\"",
        Some(End::Done) | None => "",
    };
    let round = if card.end.is_some() { 14 } else { 3 };
    let (y, width, height) = (card.y, BOX_WIDTH, card.height);
    put_line!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" fill=\"#fff\" stroke=\"#000\" stroke-width=\"{stroke}\"{dash}/>"
    );
    if card.end == Some(End::Done) {
        put_line!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"11\" fill=\"none\" stroke=\"#000\"/>",
            x + 3,
            y + 3,
            width - 6,
            height - 6
        );
    }
    if card.end.is_none() {
        put_line!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#e6e6e6\"/><path d=\"M{x} {}h{width}\" stroke=\"#000\"/>",
            x + 2,
            y + 2,
            width - 4,
            card.header - 2,
            y + card.header,
        );
    }
    for rule in &card.rules {
        put_line!(
            out,
            "<path d=\"M{} {rule}h{}\" stroke=\"#777\" stroke-dasharray=\"2 3\"/>",
            x + PAD,
            width - 2 * PAD
        );
    }
    for line in &card.lines {
        text(line, x, out);
    }
}

fn text(line: &Line, x: u32, out: &mut String) {
    let (x, anchor) = match line.side {
        Side::Right => (x + BOX_WIDTH - line.indent, " text-anchor=\"end\""),
        Side::Left => (x + line.indent, ""),
    };
    let weight = if line.look.bold() {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let slant = if line.look == Look::Way {
        " font-style=\"italic\""
    } else {
        ""
    };
    put_line!(
        out,
        "<text x=\"{x}\" y=\"{}\" font-size=\"{}\"{anchor}{weight}{slant}>{}</text>",
        line.y,
        line.look.size(),
        escaped(&line.text)
    );
}

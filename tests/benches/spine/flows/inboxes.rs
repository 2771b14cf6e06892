//! The inbox of a person, through REST.

use std::time::Instant;

use super::house::House;
use super::shown;
use crate::Plan;
use crate::client::Http;
use crate::process::Served;
use crate::table::{Line, Series, figure};

/// What is asked for, and what it is called.
const ASKED: [(&str, &str); 4] = [
    ("inbox, a page of 50 by deadline", "/api/v1/inbox?limit=50"),
    (
        "inbox, a page of 50, longest open first",
        "/api/v1/inbox?limit=50&sort=opened",
    ),
    (
        "inbox, what is asked by name",
        "/api/v1/inbox?limit=50&box=me",
    ),
    ("counts of all inboxes", "/api/v1/inbox/counts"),
];

/// How much lies in the inboxes of somebody.
fn lying(http: &mut Http, token: &str) -> u64 {
    let said = http.get("/api/v1/inbox/counts", Some(token)).is(200).json();
    let boxes = said["items"].as_array().cloned().unwrap_or_default();
    boxes.iter().filter_map(|one| one["total"].as_u64()).sum()
}

/// Lists and counts, one request at a time, the people in turns.
pub(super) fn inboxes(
    plan: &Plan,
    name: &str,
    house: &House,
    (served, tokens): (&Served, &[String]),
) -> Vec<Line> {
    let mut http = Http::connect(&served.address);
    let of_each = tokens.iter().map(|token| lying(&mut http, token));
    let sum: u64 = of_each.sum();
    let count = u32::try_from(tokens.len()).unwrap_or(1);
    let mean = sum as f64 / f64::from(count);
    plan.note(&format!("{} steps lie in somebody's inboxes", figure(mean)));
    let rounds = if plan.quick { 5 } else { 50 };
    let mut lines = Vec::new();
    for (what, path) in ASKED {
        let mut took = Vec::new();
        let cpu = served.cpu();
        for round in 0..=rounds {
            for token in tokens {
                let since = Instant::now();
                http.get(path, Some(token)).is(200);
                let one = since.elapsed().as_secs_f64() * 1e3;
                // Once for the caches.
                if round > 0 {
                    took.push(one);
                }
            }
        }
        let requests = f64::from(rounds + 1) * f64::from(count);
        let cost = (served.cpu() - cpu) * 1e3 / requests;
        let took = Series::of(took);
        let line = Line::new(
            format!(
                "workflow, {name}: {what}, {} steps of {} open",
                figure(mean),
                house.open
            ),
            format!("{}; {} CPU ms", shown(&took), figure(cost)),
        );
        lines.push(line.must("p99 ≤ 25 ms", took.percentile(99) <= 25.0));
    }
    lines
}

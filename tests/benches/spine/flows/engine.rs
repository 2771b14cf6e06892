//! The engine alone: cases that are walked from their beginning to their end with an imagined clock.

use std::time::{Duration, Instant};

use workflow::calendar::Calendar;
use workflow::definition::Definition;
use workflow::instance::Day;
use workflow::shipped::SHIPPED;
use workflow::simulate::Simulation;

use crate::Plan;
use crate::table::{Line, Series, figure};

/// Ways in which the fields of a case are filled.
const WAYS: usize = 4;

/// The definitions of the program, in turns, on one thread.
pub(super) fn engine(plan: &Plan) -> Line {
    let read = SHIPPED.iter().map(|(_, source)| Definition::read(source));
    let definitions: Vec<Definition> = read.map(|one| one.expect("a definition")).collect();
    let calendar = Calendar::new([]);
    let start = calendar.at(Day::of(2026, 3, 2).expect("a day"), 9);
    let (rounds, seconds) = if plan.quick { (3, 1) } else { (7, 5) };
    let mut rates = Vec::new();
    let (mut all, mut ended, mut commands) = (0_u32, 0_u32, 0_usize);
    for _ in 0..rounds {
        let since = Instant::now();
        let mut cases = 0_u32;
        while since.elapsed() < Duration::from_secs(seconds) {
            for way in 0..WAYS {
                for definition in &definitions {
                    let mut walk = Simulation::new(definition, &calendar, start).varying(way);
                    ended += u32::from(walk.run().is_ok());
                    commands += walk.commands();
                    cases += 1;
                }
            }
        }
        rates.push(f64::from(cases) * 60.0 / since.elapsed().as_secs_f64());
        all += cases;
    }
    // Those that do not end wait for somebody who is not imagined: a citizen who signs.
    let each = commands as f64 / f64::from(all);
    let rates = Series::of(rates);
    Line::new(
        format!(
            "workflow, engine alone: simulated cases by {} definitions, {} commands each, {} % to their end",
            definitions.len(),
            figure(each),
            figure(f64::from(ended) * 100.0 / f64::from(all))
        ),
        rates.show("cases/min"),
    )
    .must("≥ 50,000/min", rates.median() >= 50_000.0)
}

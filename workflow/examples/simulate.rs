//! Walks definitions with an imagined clock, prints the routing slip, and measures how many cases of each go
//! through the engine in a minute on one core.
//!
//! `cargo run --release -p workflow --example simulate -- [--cases N] [DEFINITION.toml]...`

#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::process::ExitCode;
use std::time::Instant as Watch;

use workflow::calendar::Calendar;
use workflow::definition::Definition;
use workflow::instance::Instant;
use workflow::simulate::{Simulation, explore};

const SAMPLES: [&str; 3] = [
    include_str!("../tests/data/full.toml"),
    include_str!("../tests/data/schluesselausgabe.toml"),
    include_str!("../tests/data/letter.toml"),
];
/// Monday, 2 March 2026, 9 o'clock in Germany.
const START: Instant = Instant(1_772_438_400_000_000);

fn main() -> ExitCode {
    let mut cases = 5_000_u32;
    let mut sources: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--cases" {
            let count = arguments.next().and_then(|count| count.parse().ok());
            cases = count.unwrap_or(cases);
            continue;
        }
        match std::fs::read_to_string(&argument) {
            Ok(source) => sources.push(source),
            Err(error) => {
                println!("{argument}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    if sources.is_empty() {
        sources = SAMPLES.map(ToOwned::to_owned).to_vec();
    }
    for source in sources {
        match Definition::read(source.as_bytes()) {
            Ok(definition) => show(&definition, cases),
            Err(complaints) => {
                println!("{complaints:#?}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn show(definition: &Definition, cases: u32) {
    let calendar = Calendar::new([]);
    let mut once = Simulation::new(definition, &calendar, START);
    let ended = once.run();
    println!("{}", once.slip());
    if let Err(dead) = ended {
        println!("{dead}");
    }
    for finding in explore(definition, &calendar, START) {
        println!("{finding:?}");
    }
    let watch = Watch::now();
    let (mut commands, mut events) = (0_usize, 0_usize);
    for _ in 0..cases {
        let mut walk = Simulation::new(definition, &calendar, START);
        if walk.run().is_err() {
            println!("a walk did not come to an end");
        }
        commands += walk.commands();
        events += walk.events().len();
    }
    let seconds = watch.elapsed().as_secs_f64().max(f64::EPSILON);
    let minute = f64::from(cases) / seconds * 60.0;
    println!(
        "{}: {minute:.0} cases a minute ({cases} in {seconds:.2} s, {commands} commands, {events} events)\n",
        definition.id
    );
}

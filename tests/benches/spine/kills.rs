//! Kills at random moments: the test that does it, asked for more of them.

use std::path::Path;
use std::process::Command;

use crate::Plan;
use crate::table::{Line, figure};

const WHAT: &str =
    "kill -9 at random moments under load (import and upload; each time a rebuild by itself)";
/// Its name; it builds with the parts that this program was built with.
const TEST: &str = "nothing_acknowledged_is_lost_when_the_server_is_killed";
const MUST: &str = "nothing lost, no gap, `check` clean";

/// Row 10.
pub(crate) fn kills_row(plan: &Plan) -> Vec<Line> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let kills = if plan.quick { "10" } else { "200" };
    let since = std::time::Instant::now();
    let run = Command::new(root.join("scripts/cargo.sh"))
        .args([
            "test",
            "--workspace",
            "--locked",
            "--release",
            "--test",
            "it",
            "--",
            TEST,
            "--nocapture",
        ])
        .env("TEST_KILLS", kills)
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&run.stdout);
    let ran = said
        .lines()
        .any(|line| line.starts_with("test result: ok. ") && !line.contains(" 0 passed"));
    if !run.status.success() {
        plan.note(&format!("{said}\n{}", String::from_utf8_lossy(&run.stderr)));
    }
    let took = figure(since.elapsed().as_secs_f64());
    let text = match (run.status.success(), ran) {
        (true, true) => format!("{kills} kills, no finding, in {took} s"),
        (true, false) => "no test of this name ran".to_owned(),
        (false, _) => format!("a finding after at most {kills} kills: see above"),
    };
    vec![Line::new(WHAT, text).must(MUST, run.status.success() && ran)]
}

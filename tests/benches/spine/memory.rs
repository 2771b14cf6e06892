//! Memory of the server, and how soon it is ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Plan;
use crate::client::{Http, upload_frame};
use crate::filled::filled;
use crate::material::Chance;
use crate::process::{Memory, Served, scratch};
use crate::table::{Line, Series, figure};
use crate::town::{Town, set_up};

const MB: f64 = 1_048_576.0;

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MB
}

fn shown(memory: Memory) -> String {
    format!(
        "{} MB resident, of them {} MB its own; peak {} MB",
        figure(megabytes(memory.resident)),
        figure(megabytes(memory.anonymous)),
        figure(megabytes(memory.peak))
    )
}

/// Row 8.
pub(crate) fn memory_row(plan: &Plan) -> Vec<Line> {
    let folder = scratch();
    let data = folder.path().join("data");
    let token = set_up(&plan.runtime, &data);
    let served = Served::start(&data);
    served.ready();
    std::thread::sleep(Duration::from_secs(3));
    let idle = served.memory();
    let mut lines = vec![
        Line::new("memory: idle", shown(idle)).must("≤ 60 MB", megabytes(idle.resident) <= 60.0),
    ];
    lines.push(huge(plan, &served, &token));
    served.stop();
    let filled = filled(plan, plan.large());
    let served = Served::start(&filled.data);
    served.ready();
    std::thread::sleep(Duration::from_secs(3));
    let full = served.memory();
    let what = format!("memory: at {} documents", filled.count);
    lines.push(Line::new(what, shown(full)).must("≤ 300 MB", megabytes(full.peak) <= 300.0));
    lines
}

/// One upload of 2 GiB, generated as it is sent.
fn huge(plan: &Plan, served: &Served, token: &str) -> Line {
    const PIECE: usize = 1 << 20;
    let pieces: u64 = if plan.quick { 256 } else { 2048 };
    let bytes = pieces << 20;
    served.forget_peak();
    let mut http = Http::connect(&served.address);
    let metadata = serde_json::json!({ "title": "Ein sehr großer Plan" }).to_string();
    let file = ("plan.bin", "application/octet-stream");
    let (head, end) = upload_frame(&served.address, token, &metadata, file, bytes);
    let mut chance = Chance(11);
    let mut piece: Vec<u8> = (0..PIECE)
        .map(|_| u8::try_from(chance.next() & 0xff).unwrap_or(0))
        .collect();
    let sending = Arc::new(AtomicBool::new(true));
    let since = std::time::Instant::now();
    http.write(&head);
    for number in 0..pieces {
        // No two pieces are alike.
        piece.splice(..8, number.to_be_bytes());
        http.write(&piece);
    }
    http.write(&end);
    let reply = http.read();
    sending.store(false, Ordering::Relaxed);
    let took = since.elapsed().as_secs_f64();
    let memory = served.memory();
    let what = format!(
        "memory: during an upload of {} MiB ({} MB/s)",
        bytes >> 20,
        figure(megabytes(bytes) / took)
    );
    if reply.status != 201 {
        return Line::new(
            what,
            format!(
                "refused with {}: {}",
                reply.status,
                String::from_utf8_lossy(&reply.body)
            ),
        );
    }
    Line::new(what, shown(memory)).must("≤ 120 MB", megabytes(memory.peak) <= 120.0)
}

/// Row 9.
pub(crate) fn start_row(plan: &Plan) -> Vec<Line> {
    let filled = filled(plan, plan.large());
    plan.runtime
        .block_on(async { Town::open(&filled.data).await.close().await });
    let starts = (0..5).map(|_| {
        let served = Served::start(&filled.data);
        let took = served.ready().as_secs_f64();
        served.stop();
        took
    });
    let starts = Series::of(starts);
    let what = format!(
        "start with {} documents: process made to `/health/ready` 200",
        filled.count
    );
    vec![Line::new(what, starts.show("s")).must("≤ 1 s", starts.median() <= 1.0)]
}

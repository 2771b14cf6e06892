//! The server as a process, watched from outside: its CPU time and its memory out of `/proc`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::client::Http;

/// How long anything may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// A running server.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    /// Since when the process exists.
    pub(crate) started: Instant,
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
    pub(crate) peak: u64,
}

impl Served {
    /// Starts the server on a data folder; no rate limits, warnings only.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// As [`Served::start`], with further settings by their variables.
    pub(crate) fn start_with(data: &Path, variables: &[(&str, String)]) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))
            .expect("a log file");
        let started = Instant::now();
        let mut child = Command::new(tests::app::binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--announce", "--data"])
            .arg(data)
            .env("PAPIERLOS_RATES_ADDRESS_PER_SECOND", "0")
            .env("PAPIERLOS_RATES_PRINCIPAL_PER_SECOND", "0")
            .env("PAPIERLOS_LOGGING_LEVEL", "warn")
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the server speaks");
        let announced: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let address = announced["listening"]
            .as_str()
            .expect("an address")
            .replace("http://", "");
        Self {
            child,
            address,
            started,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says that it is ready; the time since the process was made.
    pub(crate) fn ready(&self) -> Duration {
        let mut http = Http::connect(&self.address);
        wait("ready", || http.get("/health/ready", None).status == 200);
        self.started.elapsed()
    }

    /// CPU seconds of the server and of all it has started, living or not.
    pub(crate) fn cpu(&self) -> f64 {
        cpu_of_tree(self.pid())
    }

    pub(crate) fn memory(&self) -> Memory {
        memory(self.pid())
    }

    /// From now on the peak is counted anew.
    pub(crate) fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").expect("our own child");
    }

    /// SIGTERM, and waits.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let pid = self.pid().to_string();
        // Without unsafe code there is no kill(2); the shell has one built in.
        Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status()
            .ok();
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(60) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// Asks until the answer is yes.
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(
            since.elapsed() < PATIENCE,
            "{what}: not within {} s",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ticks in a second, as the kernel counts CPU time for `/proc`.
fn ticks() -> f64 {
    static TICKS: OnceLock<f64> = OnceLock::new();
    *TICKS.get_or_init(|| {
        let asked = Command::new("getconf").arg("CLK_TCK").output().ok();
        let said = asked.and_then(|out| String::from_utf8(out.stdout).ok());
        said.and_then(|text| text.trim().parse().ok())
            .unwrap_or(100.0)
    })
}

struct Stat {
    parent: u32,
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold blanks.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
    let ticks = (11..15).filter_map(number).sum();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        ticks,
    })
}

fn cpu_of_tree(root: u32) -> f64 {
    let mut all: Vec<(u32, Stat)> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        all.extend(pid.and_then(|pid| Some((pid, stat(pid)?))));
    }
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(parent) = tree.get(at).copied() {
        tree.extend(
            all.iter()
                .filter(|(_, stat)| stat.parent == parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    let ours = all.iter().filter(|(pid, _)| tree.contains(pid));
    let sum: u64 = ours.map(|(_, stat)| stat.ticks).sum();
    sum as f64 / ticks()
}

/// CPU seconds of this program and of all that it has started and seen end.
pub(crate) fn cpu_of_ours() -> f64 {
    stat(std::process::id()).map_or(0.0, |own| own.ticks as f64 / ticks())
}

/// Memory of a process.
pub(crate) fn memory(pid: u32) -> Memory {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or_default() * 1024
    };
    Memory {
        resident: kib("VmRSS"),
        anonymous: kib("RssAnon"),
        peak: kib("VmHWM"),
    }
}

/// What this machine is.
pub(crate) fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse::<u64>().ok());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    format!(
        "{} × {}, {} GiB, Linux {}, load at the start {}",
        cores,
        model.unwrap_or("unknown processor"),
        kib.unwrap_or_default() >> 20,
        kernel.trim(),
        load.join(" ")
    )
}

/// The folder for what the measurements keep: on the disk that the build lies on.
pub(crate) fn place() -> PathBuf {
    let binary = tests::app::binary();
    let target = binary
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE/papierlos");
    let place = target.join("bench");
    fs::create_dir_all(&place).expect("a folder beside the build");
    place
}

/// A folder that goes away.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("scratch-")
        .tempdir_in(place())
        .expect("a folder")
}

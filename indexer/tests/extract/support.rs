use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indexer::extract::{Extraction, Extractor, Limits};

/// Limits under which even the worst document is over soon.
pub(crate) fn limits() -> Limits {
    Limits {
        memory_bytes_max: 320 << 20,
        cpu_seconds_max: 3,
        wall_time_max: Duration::from_secs(40),
        workers_max: 2,
        ..Limits::default()
    }
}

/// An extractor whose workers are this binary.
pub(crate) fn extractor(limits: Limits) -> Extractor {
    Extractor::new(PathBuf::from("/proc/self/exe"), limits)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Extracts under [`limits`].
pub(crate) fn extract(content: &[u8]) -> Extraction {
    let extractor = extractor(limits());
    block_on(extractor.extract(content, None)).expect("a worker")
}

/// The text of all pages.
pub(crate) fn text(extraction: &Extraction) -> String {
    extraction
        .pages
        .iter()
        .map(|page| page.text.as_str())
        .collect()
}

pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Words with their number; a word broken at a line's end is put together again.
pub(crate) fn words(text: &str) -> HashMap<String, usize> {
    let mut joined = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("-\n") {
        joined.push_str(before);
        if !after.starts_with(char::is_lowercase) {
            joined.push_str("-\n");
        }
        rest = after;
    }
    joined.push_str(rest);
    let mut words = HashMap::new();
    for word in joined
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

/// The share of the words of `truth` that `text` has too, each as often as it stands there.
pub(crate) fn recall(text: &str, truth: &str) -> f64 {
    let (found, wanted) = (words(text), words(truth));
    let count = |number: usize| f64::from(u32::try_from(number).expect("a short text"));
    let hits = wanted
        .iter()
        .map(|(word, n)| (*n).min(found.get(word).copied().unwrap_or(0)));
    count(hits.sum()) / count(wanted.values().sum())
}

/// Waits until `condition` holds; fails after a minute.
pub(crate) async fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The children of this process that still run, by their process id.
pub(crate) fn workers() -> Vec<u32> {
    let own = std::process::id();
    let processes = std::fs::read_dir("/proc").expect("a process file system");
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // pid (name) state ppid
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let state = fields.next();
        fields.next().and_then(|ppid| ppid.parse().ok()) == Some(own) && state != Some("Z")
    })
    .collect()
}

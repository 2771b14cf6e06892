use std::collections::HashMap;
use std::path::PathBuf;

use indexer::extract::{Attempt, ExtractError, Extractor, Layer, Layers, Outcome};
use tokio::io::AsyncReadExt as _;

use crate::builder::simple;
use crate::support::{block_on, extractor, limits, wait_until, workers};

fn try_all(layers: Layers) -> (Layers, HashMap<Attempt, Outcome>) {
    let (held, probes) =
        block_on(extractor(limits()).self_test(layers)).expect("a worker that tests itself");
    assert_eq!(probes.len(), Attempt::ALL.len(), "{probes:?}");
    (
        held,
        probes
            .into_iter()
            .map(|probe| (probe.attempt, probe.outcome))
            .collect(),
    )
}

pub(crate) fn a_worker_can_do_nothing_but_read() {
    let (held, outcomes) = try_all(Layers::ALL);
    assert!(held.suffice() && held.has(Layer::SystemCalls), "{held:?}");
    for attempt in Attempt::ALL {
        assert_eq!(outcomes[&attempt], Outcome::Refused, "{attempt:?}");
    }
}

pub(crate) fn without_layers_the_same_attempts_succeed() {
    let (held, outcomes) = try_all(Layers::NONE);
    assert_eq!(held, Layers::NONE);
    for attempt in Attempt::ALL {
        assert_eq!(outcomes[&attempt], Outcome::Succeeded, "{attempt:?}");
    }
}

pub(crate) fn each_layer_refuses_by_itself() {
    let check = |layer: Layer, refused: &[Attempt]| {
        let (held, outcomes) = try_all(Layers::NONE.with(layer));
        if !held.has(layer) {
            println!("not checked: this kernel does not have {layer:?}");
            return;
        }
        for attempt in refused {
            assert_eq!(outcomes[attempt], Outcome::Refused, "{layer:?} {attempt:?}");
        }
    };
    check(
        Layer::Landlock,
        &[Attempt::ReadFile, Attempt::ListFolder, Attempt::Connect],
    );
    check(
        Layer::SystemCalls,
        &[
            Attempt::ReadFile,
            Attempt::ListFolder,
            Attempt::Connect,
            Attempt::Datagram,
            Attempt::Fork,
            Attempt::Thread,
            Attempt::Exec,
        ],
    );
    check(Layer::Limits, &[Attempt::Memory]);
}

pub(crate) fn the_kernel_says_the_same_of_a_waiting_worker() {
    block_on(async {
        let extractor = extractor(limits());
        let (_open, rest) = tokio::io::duplex(64);
        let content =
            std::io::Cursor::new([&b"%PDF-1.7\n"[..], &[b' '; 20_000]].concat()).chain(rest);
        let extraction = extractor.extract(content, None);
        tokio::pin!(extraction);
        let read = |name: &str| {
            let worker = workers().first().copied();
            worker.and_then(|id| std::fs::read_to_string(format!("/proc/{id}/{name}")).ok())
        };
        let is_held = || read("status").is_some_and(|status| status.contains("Seccomp:\t2"));
        tokio::select! {
            result = &mut extraction => panic!("the content has no end: {result:?}"),
            () = wait_until("a worker is held", is_held) => {}
        }
        let status = read("status").expect("it waits");
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        let limits = read("limits").expect("it waits");
        let limit = |name: &str| {
            let line = limits
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap_or_default();
            line.trim_start_matches(name)
                .split_whitespace()
                .next()
                .map(str::to_owned)
        };
        assert_eq!(limit("Max address space").as_deref(), Some("335544320"));
        assert_eq!(limit("Max cpu time").as_deref(), Some("3"));
        for none in [
            "Max open files",
            "Max processes",
            "Max file size",
            "Max core file size",
        ] {
            assert_eq!(limit(none).as_deref(), Some("0"), "{none}");
        }
        assert_eq!(read("environ").as_deref(), Some(""));
        // nice is the 19th field; the second ends in a bracket.
        let nice = |stat: &str| -> Option<i32> {
            stat.rsplit(") ").next()?.split(' ').nth(16)?.parse().ok()
        };
        let own = nice(&std::fs::read_to_string("/proc/self/stat").expect("a process file system"));
        let worker = nice(&read("stat").expect("it waits"));
        assert_eq!(worker, own.map(|own| (own + 15).min(19)));
    });
}

pub(crate) fn another_program_is_no_worker() {
    let content = simple(&["Text"]);
    let try_with = |exe: &str| {
        let extractor = Extractor::new(PathBuf::from(exe), limits());
        block_on(extractor.extract(content.as_slice(), None))
    };
    assert!(matches!(
        try_with("/nonexistent"),
        Err(ExtractError::Start { .. })
    ));
    assert!(matches!(
        try_with("/bin/true"),
        Err(ExtractError::NotAWorker { .. })
    ));
    assert!(matches!(
        try_with("/usr/bin/yes"),
        Err(ExtractError::NotAWorker { .. })
    ));
}

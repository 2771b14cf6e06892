//! Every hostile document ends in a defined state, within its limits, and costs nobody else anything.

use std::time::Instant;

use indexer::extract::{Limit, Limits, PageState, Reason, TextState};

use crate::builder::{Builder, bomb, simple};
use crate::hostile::{Expect, all, forms};
use crate::support::{block_on, extract, extractor, limits, text};

/// The most memory this process ever held, in KiB.
pub(crate) fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process file system");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a peak");
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .expect("a number")
}

pub(crate) fn every_hostile_document_ends_in_its_state() {
    let documents = all();
    let before = peak_kib();
    let mut wrong = Vec::new();
    let extractor = extractor(Limits {
        cpu_seconds_max: 1,
        ..limits()
    });
    for (name, content, expect) in &documents {
        let start = Instant::now();
        let extraction = block_on(extractor.extract(content.as_slice(), None)).expect("a worker");
        let seconds = start.elapsed().as_secs_f32();
        println!(
            "{name}: {} bytes, {seconds:.2} s, {:?}, {} pages",
            content.len(),
            extraction.state,
            extraction.pages.len()
        );
        let right = match (expect, extraction.state) {
            (Expect::Read(words), TextState::Readable) => text(&extraction).contains(words),
            (Expect::Not(reasons), TextState::Unreadable { reason }) => reasons.contains(&reason),
            (Expect::Any, _) => true,
            (Expect::Read(_) | Expect::Not(_), _) => false,
        };
        if !right {
            wrong.push((name, extraction.state));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let grown = peak_kib() - before;
    assert!(grown < 64 << 10, "this process grew by {grown} KiB");
}

pub(crate) fn hostile_documents_hold_up_nobody() {
    let hostile = forms(9, "q Q", &[]);
    let letter = simple(&["Ein Brief"]);
    block_on(async {
        // One slot is held by a document that uses up all of its time.
        let extractor = extractor(Limits {
            workers_max: 2,
            ..limits()
        });
        let trap = extractor.extract(hostile.as_slice(), None);
        tokio::pin!(trap);
        for _ in 0..3 {
            tokio::select! {
                biased;
                result = &mut trap => panic!("three letters take longer than the trap: {result:?}"),
                read = extractor.extract(letter.as_slice(), None) => {
                    assert_eq!(read.expect("a worker").pages[0].text, "Ein Brief\n");
                }
            }
        }
        let extraction = trap.await.expect("a worker");
        assert_eq!(
            extraction.state,
            TextState::Unreadable {
                reason: Reason::TimedOut
            }
        );
        assert_eq!(extraction.limits_hit, [Limit::Time]);
    });
}

pub(crate) fn what_was_read_before_the_trap_is_kept() {
    let mut pdf = Builder::new();
    let first = pdf.text_page(&["Seite eins ist harmlos"]);
    let contents = pdf.stream("/Filter /FlateDecode", &bomb(b" ", 1 << 30));
    let trap = pdf.page(&format!("{contents} 0 R"), "");
    let extraction = extract(&pdf.finish(&[first, trap]));
    assert!(
        matches!(
            extraction.state,
            TextState::PartlyReadable {
                reason: Reason::OutOfMemory | Reason::TimedOut
            }
        ),
        "{:?}",
        extraction.state
    );
    assert_eq!(text(&extraction), "Seite eins ist harmlos\n");

    // A page that draws for ever is stopped from inside and keeps what it showed.
    let endless = forms(9, "0 0 m 9 9 l S", &["Davor"]);
    let limits = Limits {
        cpu_seconds_max: 2,
        wall_time_max: std::time::Duration::from_secs(120),
        ..limits()
    };
    let extraction =
        block_on(extractor(limits).extract(endless.as_slice(), None)).expect("a worker");
    assert_eq!(
        extraction.state,
        TextState::PartlyReadable {
            reason: Reason::TimedOut
        }
    );
    assert_eq!(extraction.pages[0].state, PageState::Cut);
    assert_eq!(text(&extraction), "Davor\n");
}

pub(crate) fn limits_on_size_are_kept() {
    let mut pdf = Builder::new();
    let pages: Vec<usize> = (0..6)
        .map(|_| pdf.text_page(&["abcdefghij", "klmnopqrst"]))
        .collect();
    let content = pdf.finish(&pages);
    let check = |change: fn(&mut Limits), content: &[u8], pages: usize, limit: Limit| {
        let mut limits = limits();
        change(&mut limits);
        let extraction = block_on(extractor(limits).extract(content, None)).expect("a worker");
        assert_eq!(
            extraction.state.reason(),
            Some(Reason::TooLarge),
            "{limit:?}"
        );
        assert_eq!(extraction.limits_hit, [limit]);
        assert_eq!(extraction.pages.len(), pages, "{limit:?}");
    };
    check(|limits| limits.pages_max = 4, &content, 4, Limit::Pages);
    check(
        |limits| limits.page_chars_max = 15,
        &content,
        6,
        Limit::PageChars,
    );
    check(
        |limits| limits.document_chars_max = 50,
        &content,
        3,
        Limit::DocumentChars,
    );
    check(
        |limits| limits.content_bytes_max = 500,
        &content,
        0,
        Limit::Content,
    );
    check(
        |limits| limits.document_chars_max = 7,
        b"zehn Zeichen",
        1,
        Limit::DocumentChars,
    );
    check(
        |limits| limits.pages_max = 2,
        b"1\x0c2\x0c3",
        2,
        Limit::Pages,
    );
    check(
        |limits| limits.content_bytes_max = 200_000,
        &[b'x'; 300_000],
        0,
        Limit::Content,
    );
}

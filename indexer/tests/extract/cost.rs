use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use indexer::extract::{ExtractError, Limits};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use crate::builder::simple;
use crate::support::{block_on, extractor, limits, wait_until, workers};

/// A PDF whose beginning is there, so that its format can be told, and whose end does not come
/// as long as the first value lives.
fn unfinished_pdf() -> (tokio::io::DuplexStream, impl AsyncRead + Unpin) {
    let (open, rest) = tokio::io::duplex(64);
    let beginning = [b"%PDF-1.7\n".to_vec(), vec![b' '; 20_000]].concat();
    (open, io::Cursor::new(beginning).chain(rest))
}

pub(crate) fn a_dropped_extraction_kills_its_worker() {
    block_on(async {
        let extractor = extractor(limits());
        let (_open, content) = unfinished_pdf();
        let mut extraction = Box::pin(extractor.extract(content, None));
        tokio::select! {
            _ = &mut extraction => panic!("the content has no end"),
            () = wait_until("a worker runs", || !workers().is_empty()) => {}
        }
        drop(extraction);
        wait_until("no worker runs", || workers().is_empty()).await;
        let after = extractor
            .extract(simple(&["Danach"]).as_slice(), None)
            .await;
        assert_eq!(after.expect("a free slot").pages[0].text, "Danach\n");
    });
}

pub(crate) fn content_that_does_not_come_is_an_error_and_not_a_verdict() {
    block_on(async {
        let limits = Limits {
            wall_time_max: Duration::from_millis(300),
            ..limits()
        };
        let (_open, content) = unfinished_pdf();
        let result = extractor(limits).extract(content, None).await;
        assert!(
            matches!(result, Err(ExtractError::SourceStalled)),
            "{result:?}"
        );
        wait_until("no worker runs", || workers().is_empty()).await;
    });
}

/// Fails at once.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the disk is gone")))
    }
}

pub(crate) fn content_that_cannot_be_read_is_an_error_and_not_a_verdict() {
    block_on(async {
        let extractor = extractor(limits());
        let result = extractor.extract(Broken, None).await;
        assert!(matches!(result, Err(ExtractError::Source(_))), "{result:?}");
        let later = io::Cursor::new([b"%PDF-1.7\n".to_vec(), vec![b' '; 20_000]].concat());
        let result = extractor.extract(later.chain(Broken), None).await;
        assert!(matches!(result, Err(ExtractError::Source(_))), "{result:?}");
    });
}

pub(crate) fn no_more_workers_run_than_may() {
    block_on(async {
        let extractor = extractor(Limits {
            workers_max: 2,
            ..limits()
        });
        let ((one, first), (two, second)) = (unfinished_pdf(), unfinished_pdf());
        let both = async {
            tokio::join!(
                extractor.extract(first, None),
                extractor.extract(second, None)
            )
        };
        tokio::pin!(both);
        tokio::select! {
            _ = &mut both => panic!("the content has no end"),
            () = wait_until("two workers run", || workers().len() == 2) => {}
        }
        let content = simple(&["Der Dritte wartet"]);
        let third = extractor.extract(content.as_slice(), None);
        tokio::pin!(third);
        // Polled until it waits for a slot; then slots become free.
        tokio::select! {
            biased;
            _ = &mut third => panic!("both slots are taken"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(workers().len(), 2);
        drop((one, two));
        let (_, third) = tokio::join!(both, third);
        assert_eq!(
            third.expect("a free slot").pages[0].text,
            "Der Dritte wartet\n"
        );
    });
}

//! The rules of following the log and of showing what was found.

use futures_util::stream;
use indexer::{Entry, Highlighted, Key};
use uuid::Uuid;

use super::follower::{Named, Step, batch};
use super::wire::titled;
use crate::base::DocumentId;

fn step(firsts: &[u64], seq: u64) -> Step {
    let documents = firsts.iter().zip(1_u128..).map(|(first, number)| Named {
        id: DocumentId::of(Uuid::from_u128(number)),
        first: *first,
    });
    Step {
        seq,
        documents: documents.collect(),
    }
}

#[test]
fn a_step_is_cut_only_where_no_record_is_split() {
    // The second and the third document stand in one record.
    let step = step(&[10, 12, 12, 20], 25);
    assert_eq!(step.cut_behind(0), Some(11));
    assert_eq!(step.cut_behind(1), None);
    assert_eq!(step.cut_behind(2), Some(19));
    assert_eq!(step.cut_behind(3), Some(25));
}

fn with_text(bytes: usize) -> Entry {
    Entry {
        key: Key(1),
        version: 1,
        acl: Vec::new(),
        within: Vec::new(),
        title: String::new(),
        pages: vec!["x".repeat(bytes)],
        references: Vec::new(),
        correspondent: None,
        also_called: Vec::new(),
        tags: Vec::new(),
        kind: None,
        department: String::new(),
        direction: None,
        channel: None,
        state: String::new(),
        document_date: None,
        received_at: 0,
        added_at: 0,
        file_name: None,
        values: Vec::new(),
    }
}

#[tokio::test]
async fn a_batch_ends_with_the_text_that_fills_it() {
    let texts = [40, 40, 40, 10].map(|bytes| Ok(with_text(bytes)));
    let mut texts = stream::iter(texts);
    let mut sizes = Vec::new();
    loop {
        let held = batch(&mut texts, 64).await.expect("entries");
        if held.is_empty() {
            break;
        }
        sizes.push(held.len());
    }
    assert_eq!(sizes, [2, 2]);
}

#[test]
fn a_title_is_that_of_the_database_and_marked_only_where_the_index_has_the_same() {
    let indexed = Highlighted {
        text: "Antrag auf Wohngeld".to_owned(),
        marks: vec![indexer::Marked {
            range: 0..6,
            part: None,
        }],
    };
    let shown = |title: &str| -> Vec<(String, bool)> {
        titled(&indexed, title)
            .into_iter()
            .map(|piece| (piece.text, piece.mark))
            .collect()
    };
    let plain = |text: &str| (text.to_owned(), false);
    assert_eq!(
        shown("Antrag auf Wohngeld"),
        [("Antrag".to_owned(), true), plain(" auf Wohngeld")]
    );
    assert_eq!(shown("Antrag (geschwärzt)"), [plain("Antrag (geschwärzt)")]);
}

//! How far an answer of the change feed says that it has looked.

use uuid::Uuid;

use super::http::{ChangeEntry, Changes, page, window};

fn answer(seqs: &[u64], limit: u64, end: i64, head: u64) -> (Vec<u64>, Option<u64>, bool) {
    let entry = |seq: &u64| ChangeEntry {
        seq: *seq,
        hash: String::new(),
        at: String::new(),
        action: String::new(),
        document: Some(Uuid::nil()),
        case: None,
        file: None,
        relation: None,
    };
    let items = seqs.iter().map(entry).collect();
    let Changes {
        items,
        next_after,
        more,
    } = page(items, limit, None, window(end, Some(head)));
    (items.iter().map(|one| one.seq).collect(), next_after, more)
}

#[test]
fn an_answer_ends_where_its_window_ends_and_says_that_there_is_more() {
    assert_eq!(answer(&[], 10, 99, 500), (vec![], Some(99), true));
    assert_eq!(answer(&[3, 7], 10, 99, 500), (vec![3, 7], Some(99), true));
}

#[test]
fn an_answer_at_the_end_of_the_log_goes_on_behind_it() {
    assert_eq!(answer(&[], 10, 99, 50), (vec![], Some(50), false));
    assert_eq!(answer(&[3, 60], 10, 99, 50), (vec![3, 60], Some(60), false));
}

#[test]
fn a_full_answer_goes_on_behind_its_last_change() {
    assert_eq!(answer(&[3, 7, 8], 2, 99, 500), (vec![3, 7], Some(7), true));
    assert_eq!(answer(&[3, 7, 7], 2, 99, 500), (vec![3], Some(3), true));
    assert_eq!(answer(&[7, 7, 7], 2, 99, 500), (vec![7, 7], Some(7), true));
}

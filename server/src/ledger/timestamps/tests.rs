//! When the next timestamp is due, and when it is tried again.

use std::time::Duration;

use super::is_overdue;
use super::task::{again_seconds, is_due};
use crate::base::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp::parse("2026-11-25T10:00:00Z").expect("a time")
}

fn due(signed: u64, newest: Option<(u64, i64)>) -> bool {
    let newest = newest.map(|(size, seconds)| (size, now().plus_seconds(seconds)));
    is_due((signed, newest), now(), DAY)
}

#[test]
fn the_first_timestamp_is_due_with_the_first_checkpoint() {
    assert!(!due(0, None));
    assert!(due(1, None));
}

#[test]
fn the_next_is_due_after_the_interval_where_the_log_has_grown() {
    assert!(due(12, Some((10, -86_400))));
    assert!(!due(12, Some((10, -86_399))));
    assert!(!due(10, Some((10, -90_000))));
}

#[test]
fn the_record_that_names_a_timestamp_makes_none_due() {
    assert!(!due(11, Some((10, -900_000))), "its own record, no other");
    assert!(due(12, Some((10, -900_000))));
}

#[test]
fn a_clock_that_was_set_back_keeps_the_next_no_longer_than_the_interval() {
    assert!(!due(12, Some((10, 3_600))));
    assert!(due(12, Some((10, 86_400))));
}

#[test]
fn what_fails_is_tried_again_less_and_less_often() {
    let seconds = [1, 2, 3, 6, 7, 8, u64::MAX].map(again_seconds);
    assert_eq!(seconds, [60, 120, 240, 1_920, 3_600, 3_600, 3_600]);
}

#[test]
fn three_intervals_without_one_are_worth_a_warning() {
    let after = |seconds| is_overdue(now(), now().plus_seconds(seconds), DAY);
    assert!(!after(-10));
    assert!(!after(3 * 86_400));
    assert!(after(3 * 86_400 + 1));
}

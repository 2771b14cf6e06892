//! Whose turn it is among the messages.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::turns::{Turn, UnderWay, Waits};
use crate::base::WebhookId;

fn turn(webhook: Uuid, test: bool) -> Turn {
    Turn {
        job: WebhookId::new().raw(),
        webhook: Some(webhook),
        test,
    }
}

#[test]
fn a_subscription_has_half_of_the_places() {
    let (busy, idle) = (WebhookId::new().raw(), WebhookId::new().raw());
    let sound = BTreeSet::new();
    let mut under_way = vec![turn(idle, false)];
    under_way.extend([turn(busy, false); 3]);
    let waits = |under_way: &[Turn]| Waits::of(under_way.iter(), &sound, 8);
    assert_eq!(waits(&under_way).full, Vec::<Uuid>::new());
    under_way.push(turn(busy, true));
    assert_eq!(waits(&under_way).full, [busy]);
    assert!(!waits(&under_way).failing);
    // Where there is one place it is for all.
    let one = Waits::of([].iter(), &sound, 1);
    assert_eq!(one, Waits::default());
}

#[test]
fn those_that_fail_have_half_of_the_places_together_and_tests_do_not_count() {
    let mut ids: Vec<Uuid> = (0..3).map(|_| WebhookId::new().raw()).collect();
    ids.sort_unstable();
    let failing: BTreeSet<Uuid> = ids.iter().copied().collect();
    let turns = |tests: [bool; 3]| -> Vec<Turn> {
        let each = ids.iter().zip(tests);
        each.map(|(id, test)| turn(*id, test)).collect()
    };
    let waits = |under_way: &[Turn]| Waits::of(under_way.iter(), &failing, 6);
    assert!(waits(&turns([false, false, false])).failing);
    let with_a_test = waits(&turns([false, true, false]));
    assert!(!with_a_test.failing);
    assert_eq!(with_a_test.tried, [ids[0], ids[2]]);
    // The same messages of sound ones leave those that fail their places.
    let sound = Waits::of(turns([false; 3]).iter(), &BTreeSet::new(), 6);
    assert!(!sound.failing);
}

#[test]
fn what_was_sent_is_under_way_no_longer() {
    let (mut under_way, id) = (UnderWay::default(), WebhookId::new().raw());
    let (first, second) = (Arc::new(turn(id, false)), Arc::new(turn(id, false)));
    under_way.add(&first);
    under_way.add(&second);
    assert_eq!(under_way.now(), [*first, *second]);
    let last = *second;
    drop(first);
    assert_eq!(under_way.now(), [last]);
}

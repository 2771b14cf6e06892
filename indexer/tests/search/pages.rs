//! Walking through long answers.

use indexer::{SearchError, SearchRequest, Sort};

use crate::house::{EVERYONE, House, day, entry, keys};

fn walk(house: &House, sort: Sort, limit: usize, mut between: impl FnMut()) -> Vec<u128> {
    let mut all = Vec::new();
    let mut request = SearchRequest::new("Text", vec![EVERYONE]);
    request.sort = sort;
    request.limit = limit;
    loop {
        let answer = house.search(&request);
        all.extend(keys(&answer));
        between();
        match answer.next {
            Some(next) => request.after = Some(next),
            None => return all,
        }
    }
}

#[test]
fn every_hit_is_visited_once_in_every_order() {
    let entries = (1..=57_u8).map(|number| {
        let mut it = entry(u128::from(number), "eins", &["Text"]);
        it.document_date = if number % 5 == 0 {
            None
        } else {
            day(2025, number % 12 + 1, 1)
        };
        it.received_at = i64::from(number % 4);
        it
    });
    let house = House::with(entries);
    for sort in [
        Sort::Relevance,
        Sort::DateDesc,
        Sort::DateAsc,
        Sort::ReceivedDesc,
    ] {
        for limit in [1, 7, 57, 100] {
            let mut all = walk(&house, sort, limit, || {});
            assert_eq!(all.len(), 57, "{sort:?} by {limit}");
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 57, "{sort:?} by {limit}");
        }
    }
}

#[test]
fn what_is_added_while_walking_disturbs_nothing() {
    let house = House::with((1..=20).map(|number| entry(number, "eins", &["Text"])));
    let mut next = 100;
    let mut all = walk(&house, Sort::ReceivedDesc, 3, || {
        house.put([entry(next, "neu", &["Text"])]);
        next += 1;
    });
    assert_eq!(all.len(), 20);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 20);
}

#[test]
fn foreign_cursors_and_limits_are_refused() {
    let house = House::of_texts(&["Text", "Text"]);
    let mut request = SearchRequest::new("Text", vec![EVERYONE]);
    request.limit = 1;
    let next = house.search(&request).next;
    request.after = next;
    request.sort = Sort::DateDesc;
    assert!(matches!(
        house.index.search(&request),
        Err(SearchError::Cursor)
    ));
    request.after = Some("unsinn".to_owned());
    assert!(matches!(
        house.index.search(&request),
        Err(SearchError::Cursor)
    ));
    for limit in [0, 101] {
        let mut request = SearchRequest::new("Text", vec![EVERYONE]);
        request.limit = limit;
        assert!(matches!(
            house.index.search(&request),
            Err(SearchError::Limit { .. })
        ));
    }
}

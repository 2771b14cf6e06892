//! The rules of the foreign interface.

use actix_web::http::header::{ACCEPT, HeaderMap, HeaderValue};

use super::model::{NUMBER_MAX, Paging, day, instant, numbers, yes};
use super::version::Version;
use crate::documents::Bound;

fn spoken(accept: &'static str) -> Option<Version> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    Version::wanted(&headers)
}

#[test]
fn the_form_is_named_in_accept_and_the_newest_where_nothing_is_said() {
    assert!(Version::wanted(&HeaderMap::new()).is_some_and(Version::is_tenth));
    assert!(spoken("*/*").is_some_and(Version::is_tenth));
    assert!(spoken("application/json; version=10").is_some_and(Version::is_tenth));
    let ninth = spoken("application/json; version=9").expect("the ninth is spoken");
    assert!(!ninth.is_tenth() && ninth.has_civil_dates());
    let second = spoken("application/json;version=2").expect("the second is spoken");
    assert!(!second.is_tenth() && !second.has_civil_dates());
    for refused in [
        "version=1",
        "version=11",
        "version=",
        "version=ten",
        "version=-9",
    ] {
        let accept: &'static str =
            Box::leak(format!("application/json; {refused}").into_boxed_str());
        assert_eq!(spoken(accept), None, "{refused}");
    }
}

fn paging(query: &[(&str, &str)], most: u64) -> Option<Paging> {
    let pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Paging::read(&pairs, most)
}

#[test]
fn pages_are_counted_from_one_and_none_is_behind_the_last() {
    let first = paging(&[], 100).expect("a page");
    assert_eq!((first.page, first.size, first.offset()), (1, 25, 0));
    assert!(first.exists(0), "an empty list has a page");
    assert!(!first.has_next(25) && first.has_next(26));
    let third = paging(&[("page", "3"), ("page_size", "10")], 100).expect("a page");
    assert_eq!(third.offset(), 20);
    assert!(third.exists(21) && !third.exists(20));
    assert_eq!(
        paging(&[("page_size", "100000")], 100).map(|one| one.size),
        Some(100)
    );
    assert_eq!(
        paging(&[("page_size", "no")], 100).map(|one| one.size),
        Some(25)
    );
    assert_eq!(paging(&[("page", "0")], 100), None);
    assert_eq!(paging(&[("page", "last")], 100), None);
    for far in ["1000000001", "1000000000000000000", "18446744073709551615"] {
        assert_eq!(paging(&[("page", far)], 100), None, "{far}");
    }
    let last = paging(&[("page", "1000000000"), ("page_size", "100")], 100);
    assert!(last.is_some_and(|last| i64::try_from(last.offset()).is_ok()));
}

#[test]
fn numbers_dates_and_answers_are_read_as_clients_write_them() {
    assert_eq!(numbers("3, 7,"), Some(vec![3, 7]));
    assert_eq!(numbers(""), Some(vec![]));
    assert_eq!(numbers("3,x"), None);
    assert_eq!(numbers(&(NUMBER_MAX + 1).to_string()), None);
    assert_eq!(
        (yes("True"), yes("0"), yes("maybe")),
        (Some(true), Some(false), None)
    );
    let read = |text| day(text).map(|day| day.to_string());
    assert_eq!(read("2026-03-02").as_deref(), Some("2026-03-02"));
    assert_eq!(
        read("2026-03-02T10:00:00+01:00").as_deref(),
        Some("2026-03-02")
    );
    assert_eq!(read("02.03.2026"), None);
    assert_eq!(read("2026-03-02Tnever"), None);
}

#[test]
fn a_day_as_a_bound_means_the_whole_day() {
    let micros = |text: &str| instant(Bound::From, text).map(|(_, micros)| micros);
    let (second, third) = (micros("2026-03-02"), micros("2026-03-03"));
    let of = |bound| instant(bound, "2026-03-02");
    assert_eq!(of(Bound::After), third.map(|at| (Bound::From, at)));
    assert_eq!(of(Bound::UpTo), third.map(|at| (Bound::Before, at)));
    assert_eq!(of(Bound::Before), second.map(|at| (Bound::Before, at)));
    let exact = instant(Bound::After, "2026-03-02T00:00:00Z");
    assert_eq!(exact, second.map(|at| (Bound::After, at)));
    assert_eq!(instant(Bound::From, "yesterday"), None);
}

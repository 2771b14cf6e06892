use std::collections::BTreeSet;

use crate::http::Kind;

const DOCUMENT: &str = include_str!("../../../../docs/http.md");

#[test]
fn the_document_lists_exactly_the_kinds_that_exist() {
    assert!(
        DOCUMENT.contains(&Kind::table()),
        "docs/http.md must contain this table:\n{}",
        Kind::table()
    );
    let mentioned: BTreeSet<&str> = DOCUMENT
        .split("urn:papierlos:problem:")
        .skip(1)
        .map(|rest| {
            rest.split(|c: char| !(c.is_ascii_lowercase() || c == '-'))
                .next()
        })
        .map(Option::unwrap_or_default)
        .filter(|slug| !slug.is_empty())
        .collect();
    let known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
    assert!(mentioned.is_subset(&known), "{mentioned:?}");
}

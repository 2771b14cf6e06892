//! Nobody learns what he may not know: hits, counts, facets, suggestions, corrections.

use indexer::{Key, SearchRequest, SuggestRequest};

use crate::house::{EVERYONE, House, entry, keys};

const SECRET: u64 = 99;

/// One entry for everyone, one behind the fence.
fn house() -> House {
    let open = entry(1, "Antrag auf Parkausweis", &["Ein Antrag"]);
    let mut hidden = entry(
        2,
        "Disziplinarverfahren Antrag",
        &["Ein Antrag, Disziplinarmaßnahme, Zeugenaussage"],
    );
    hidden.acl = vec![SECRET, 100];
    hidden.department = "Personal".to_owned();
    hidden.tags = vec!["geheim".to_owned()];
    hidden.kind = Some("Verfügung".to_owned());
    hidden.correspondent = Some("Anwalt Schweiger".to_owned());
    House::with([open, hidden])
}

#[test]
fn hits_totals_and_facets_are_those_of_the_asker() {
    let house = house();
    for (token, expected) in [
        (EVERYONE, vec![1]),
        (SECRET, vec![2]),
        (100, vec![2]),
        (3, vec![]),
    ] {
        let mut request = SearchRequest::new("Antrag", vec![token]);
        request.facets = true;
        let answer = house.search(&request);
        assert_eq!(keys(&answer), expected);
        assert_eq!(answer.total, u64::try_from(expected.len()).expect("few"));
    }
    let mut request = SearchRequest::new("Antrag", vec![EVERYONE]);
    request.facets = true;
    let facets = house.search(&request).facets.expect("asked for");
    assert_eq!(facets.department.len(), 1);
    assert!(facets.tag.is_empty() && facets.kind.is_empty() && facets.correspondent.is_empty());
    assert_eq!(
        house
            .search(&SearchRequest::new("Antrag", vec![EVERYONE, SECRET]))
            .total,
        2
    );
}

#[test]
fn without_tokens_nothing_is_found() {
    let house = house();
    for query in ["", "Antrag", "-Unfug", "jahr:..2100"] {
        assert_eq!(
            house.search(&SearchRequest::new(query, vec![])).total,
            0,
            "{query}"
        );
    }
    let request = SuggestRequest {
        text: "Antr".to_owned(),
        access: vec![],
        opened: Vec::new(),
        hidden: Vec::new(),
        limit: 5,
    };
    assert!(
        house
            .index
            .suggest(&request)
            .expect("an answer")
            .words
            .is_empty()
    );
}

#[test]
fn hidden_words_are_never_offered_as_corrections() {
    let house = house();
    let answer = house.ask("Disziplinarmasnahme");
    assert_eq!((answer.total, answer.corrected), (0, None));
    let answer = house.search(&SearchRequest::new("Disziplinarmasnahme", vec![SECRET]));
    assert_eq!(answer.corrected.as_deref(), Some("Disziplinarmaßnahme"));
    assert_eq!(keys(&answer), [2]);
}

#[test]
fn hidden_words_and_titles_are_never_suggested() {
    let house = house();
    let ask = |text: &str, token: u64| {
        let request = SuggestRequest {
            text: text.to_owned(),
            access: vec![token],
            opened: Vec::new(),
            hidden: Vec::new(),
            limit: 10,
        };
        house.index.suggest(&request).expect("an answer")
    };
    assert!(ask("Diszi", EVERYONE).words.is_empty());
    assert!(ask("Diszi", EVERYONE).titles.is_empty());
    assert_eq!(ask("Diszi", SECRET).words.len(), 2);
    assert_eq!(ask("Diszi", SECRET).titles.len(), 1);
    let counted = ask("Antra", EVERYONE).words;
    assert_eq!(
        counted
            .first()
            .map(|word| (word.word.as_str(), word.entries)),
        Some(("Antrag", 1))
    );
    // The words are visible one by one, but not together.
    assert!(ask("Parkausweis Disz", SECRET).words.is_empty());
}

#[test]
fn explanations_count_only_what_may_be_seen() {
    let house = house();
    let mut request = SearchRequest::new("Zeugenaussage", vec![EVERYONE]);
    request.explain = true;
    let answer = house.search(&request);
    assert_eq!(answer.explained.first().map(|piece| piece.entries), Some(0));
    assert_eq!(answer.corrected, None);
}

#[test]
fn a_change_of_rights_takes_effect_with_the_next_commit() {
    let house = house();
    let mut moved = entry(1, "Antrag auf Parkausweis", &["Ein Antrag"]);
    moved.acl = vec![SECRET];
    house.put([moved]);
    assert_eq!(house.ask("Antrag").total, 0);
    assert_eq!(
        house
            .search(&SearchRequest::new("Antrag", vec![SECRET]))
            .total,
        2
    );
}

#[test]
fn what_is_named_as_hidden_is_found_counted_and_suggested_to_nobody() {
    let house = house();
    let everything = vec![EVERYONE, SECRET];
    let mut request = SearchRequest::new("Antrag", everything.clone());
    request.facets = true;
    request.explain = true;
    assert_eq!(house.search(&request).total, 2);
    request.hidden = vec![Key(2), Key(77)];
    let answer = house.search(&request);
    assert_eq!((keys(&answer), answer.total), (vec![1], 1));
    assert!(answer.facets.expect("asked for").tag.is_empty());
    assert_eq!(answer.explained.first().map(|piece| piece.entries), Some(1));
    let request = SearchRequest {
        opened: Vec::new(),
        hidden: vec![Key(2)],
        ..SearchRequest::new("Disziplinarmasnahme", everything.clone())
    };
    let answer = house.search(&request);
    assert_eq!((answer.total, answer.corrected), (0, None));
    let request = SuggestRequest {
        text: "Diszi".to_owned(),
        access: everything.clone(),
        opened: Vec::new(),
        hidden: vec![Key(2)],
        limit: 10,
    };
    let found = house.index.suggest(&request).expect("an answer");
    assert!(found.words.is_empty() && found.titles.is_empty());
    // The next question with the same tokens is not answered from what was hidden in this one.
    assert_eq!(
        house
            .search(&SearchRequest::new("Antrag", everything))
            .total,
        2
    );
}

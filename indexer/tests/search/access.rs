//! Nobody learns what he may not know: hits, counts, facets, suggestions, corrections.

use indexer::{Key, Opened, SearchRequest, SuggestRequest};

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
    hidden.references = vec!["P-4711/26".to_owned()];
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
        fields: Vec::new(),
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
            fields: Vec::new(),
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
    // Nor where something is mistyped, or is a number.
    assert!(ask("Diszpl", EVERYONE).words.is_empty());
    assert_eq!(ask("Diszpl", SECRET).words.len(), 2);
    assert!(ask("4711", EVERYONE).titles.is_empty());
    assert_eq!(ask("4711", SECRET).titles.len(), 1);
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
        fields: Vec::new(),
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

#[test]
fn what_is_opened_by_itself_is_found_where_its_places_and_its_state_fit() {
    let house = house();
    let mut inside = entry(3, "Antrag im Vorgang", &["Ein Antrag, Zeugenvernehmung"]);
    inside.acl = vec![SECRET];
    inside.within = vec![Key(50)];
    inside.state = "registered".to_owned();
    inside.tags = vec!["innen".to_owned()];
    house.put([inside]);
    let opened = |within: u128, token: u64, states: &[&str]| Opened {
        within: vec![Key(within)],
        tokens: vec![token],
        states: states.iter().map(|&state| state.to_owned()).collect(),
    };
    let ask = |opened: Vec<Opened>, hidden: Vec<Key>| {
        let mut request = SearchRequest::new("Antrag", Vec::new());
        (request.opened, request.hidden, request.facets) = (opened, hidden, true);
        house.search(&request)
    };
    // By its own name, and by that of what it stands in; nothing else comes along.
    for (within, found) in [(3, vec![3]), (50, vec![3]), (2, vec![2]), (51, vec![])] {
        let answer = ask(vec![opened(within, SECRET, &[])], Vec::new());
        assert_eq!(keys(&answer), found, "{within}");
        assert_eq!(answer.total, u64::try_from(found.len()).expect("few"));
    }
    let answer = ask(vec![opened(50, SECRET, &["registered"])], Vec::new());
    let tags = answer.facets.expect("asked for").tag;
    assert_eq!(tags.len(), 1, "{tags:?}");
    // It has moved to another place, is in another state, or is hidden.
    assert_eq!(ask(vec![opened(50, 7, &[])], Vec::new()).total, 0);
    assert_eq!(
        ask(vec![opened(50, SECRET, &["draft"])], Vec::new()).total,
        0
    );
    assert_eq!(ask(vec![opened(50, SECRET, &[])], vec![Key(3)]).total, 0);
    // The next question with the same tokens is not answered from what was opened in this one.
    assert_eq!(ask(Vec::new(), Vec::new()).total, 0);
    let both = ask(
        vec![opened(50, SECRET, &[]), opened(2, 100, &[])],
        Vec::new(),
    );
    assert_eq!(both.total, 2);
    let request = SuggestRequest {
        fields: Vec::new(),
        text: "Zeugenv".to_owned(),
        access: Vec::new(),
        opened: vec![opened(50, SECRET, &[])],
        hidden: Vec::new(),
        limit: 5,
    };
    let found = house.index.suggest(&request).expect("an answer");
    let words: Vec<&str> = found.words.iter().map(|one| one.word.as_str()).collect();
    assert_eq!(words, ["Zeugenvernehmung"]);
}

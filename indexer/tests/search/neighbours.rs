//! What is most like a text, and what it agrees on: in one department, of what the asker may see, as it is now.

use indexer::{Change, Key, Neighbours, NeighboursRequest, Opened, Vote, votes};

use crate::house::{EVERYONE, House, entry};

const SECRET: u64 = 99;
const BILL: &str = "Rechnung über Pflanzen, Rechnungsbetrag und Skonto, zahlbar netto";
const NOTICE: &str = "Bescheid mit Rechtsbehelfsbelehrung, Festsetzung der Gebühr";

fn request(text: &str) -> NeighboursRequest {
    NeighboursRequest {
        pages: vec![text.to_owned()],
        key: None,
        department: "Bürgerbüro".to_owned(),
        states_left_out: vec!["ausgesondert".to_owned()],
        access: vec![EVERYONE],
        opened: Vec::new(),
        hidden: Vec::new(),
    }
}

fn keys(found: &Neighbours) -> Vec<u128> {
    found.all.iter().map(|one| one.key.0).collect()
}

impl House {
    fn neighbours(&self, request: &NeighboursRequest) -> Neighbours {
        self.index.neighbours(request).expect("an answer")
    }

    /// What the neighbours agree on, where the entries up to 10 are bills and the others notices.
    fn agreed(&self, request: &NeighboursRequest) -> Vec<Vote<&'static str>> {
        votes(&self.neighbours(request), |one| {
            Some(if one.key.0 <= 10 {
                "Rechnung"
            } else {
                "Bescheid"
            })
        })
    }
}

/// Three bills and three notices.
fn house() -> House {
    let bills = (1..=3).map(|number| entry(number, "Lieferung", &[BILL]));
    let notices = (11..=13).map(|number| entry(number, "Festsetzung", &[NOTICE]));
    House::with(bills.chain(notices))
}

#[test]
fn what_is_most_like_a_text_comes_first_and_agrees_on_something() {
    let house = house();
    let asked =
        request("Wir erlauben uns, den Rechnungsbetrag für die Pflanzen zu berechnen: Skonto");
    let found = house.neighbours(&asked);
    let mut first: Vec<u128> = keys(&found).into_iter().take(3).collect();
    first.sort_unstable();
    assert_eq!(first, [1, 2, 3]);
    assert!(found.all.iter().all(|one| (0.0..=1.0).contains(&one.score)));
    let votes = house.agreed(&asked);
    let best = votes.first().expect("a vote");
    assert_eq!((best.value, best.entries), ("Rechnung", 3));
    let mut words = best.words.clone();
    words.sort();
    assert_eq!(words, ["Pflanzen", "Rechnungsbetrag", "Skonto"]);
}

#[test]
fn the_answer_is_the_same_each_time_and_after_a_restart() {
    let house = house();
    let asked = request("Festsetzung der Gebühr mit Rechtsbehelfsbelehrung, Rechnung");
    let before = house.neighbours(&asked);
    assert_eq!(house.neighbours(&asked), before);
    assert_eq!(house.reopen().neighbours(&asked), before);
}

#[test]
fn nobody_is_his_own_neighbour() {
    let house = house();
    let mut asked = request(BILL);
    asked.key = Some(Key(2));
    assert!(!keys(&house.neighbours(&asked)).contains(&2));
}

#[test]
fn what_the_asker_may_not_see_changes_nothing_at_all() {
    let asked = request("Rechnungsbetrag der Pflanzen, Skonto, Festsetzung der Gebühr");
    let before = house().neighbours(&asked);
    let hidden = |number: u128| {
        let mut one = entry(number, "Disziplinarsache", &[BILL, NOTICE, "Skonto Skonto"]);
        one.acl = vec![SECRET];
        one
    };
    let house = house();
    house.put((20..60).map(hidden));
    assert_eq!(
        house.neighbours(&asked),
        before,
        "neither neighbours nor scores"
    );

    let mut insider = asked.clone();
    insider.access = vec![EVERYONE, SECRET];
    assert_ne!(house.neighbours(&insider), before);
    let mut opened = asked.clone();
    opened.opened = vec![Opened {
        within: vec![Key(20)],
        tokens: vec![SECRET],
        states: Vec::new(),
    }];
    assert!(keys(&house.neighbours(&opened)).contains(&20));
    let mut nobody = asked;
    nobody.access = Vec::new();
    assert!(house.neighbours(&nobody).all.is_empty());
}

#[test]
fn another_department_and_what_was_put_aside_change_nothing_at_all() {
    let asked = request("Rechnungsbetrag der Pflanzen, Skonto, Festsetzung der Gebühr");
    let before = house().neighbours(&asked);
    let house = house();
    house.put((20..40).map(|number| {
        let mut one = entry(number, "Lieferung", &[BILL]);
        one.department = "Finanzen".to_owned();
        one
    }));
    house.put((40..60).map(|number| {
        let mut one = entry(number, "Werbung", &[BILL]);
        one.state = "ausgesondert".to_owned();
        one
    }));
    assert_eq!(house.neighbours(&asked), before);
    let mut hidden = asked.clone();
    hidden.hidden = (1..=3).map(Key).collect();
    let left = keys(&house.neighbours(&hidden));
    assert!(left.iter().all(|key| (11..=13).contains(key)), "{left:?}");
}

#[test]
fn what_was_changed_or_removed_counts_as_it_is_now() {
    let house = house();
    let asked = request(BILL);
    let bills = |house: &House| {
        keys(&house.neighbours(&asked))
            .iter()
            .filter(|key| **key <= 10)
            .count()
    };
    assert_eq!(bills(&house), 3);
    house.put([entry(3, "Festsetzung", &[NOTICE])]);
    house
        .index
        .apply([Change::Remove(Key(2))], 9)
        .expect("applied");
    let nearest = keys(&house.neighbours(&asked));
    assert_eq!(nearest.first(), Some(&1));
    assert!(!nearest.contains(&2));
}

#[test]
fn one_alone_decides_nothing() {
    let house = House::with([
        entry(1, "Lieferung", &[BILL]),
        entry(11, "Festsetzung", &[NOTICE]),
    ]);
    assert!(house.agreed(&request(BILL)).is_empty());
    let nobody = votes(&house.neighbours(&request(BILL)), |_| None::<u8>);
    assert!(nobody.is_empty());
}

#[test]
fn any_text_is_compared() {
    let house = house();
    let long = "Rechnung Skonto Pflanzen ä€\u{1f600} ".repeat(40_000);
    for text in ["", "der die das", "42 1.1.2025", "ä", &long] {
        let mut asked = request(text);
        asked.pages.push(text.to_owned());
        for one in house.neighbours(&asked).all {
            assert!((0.0..=1.0).contains(&one.score), "{}", one.score);
        }
    }
}

//! What only the sentence tells: verbs in two places, words written apart, forms that are verbs when they are
//! written small.

use super::*;

/// The verbs that stand in a text in two places or written small.
fn verbs(text: &str) -> String {
    let terms = terms(text);
    let found = terms
        .split([' ', '|'])
        .filter_map(|term| term.strip_prefix(PARTED));
    found.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_verb_in_two_places_is_one() {
    for (text, verb) in [
        ("Frau Öztürk rief am Montag im Ordnungsamt an.", "anruf"),
        ("Er nimmt an der Sitzung des Rates teil.", "teilnehm"),
        ("Die Stadt stellt die beantragten Ausweise aus", "ausstell"),
        (
            "Die Stadt stellt Ausweise, Pässe und Urkunden aus.",
            "ausstell",
        ),
        (
            "Sie reicht den Antrag ein und bittet um Rückruf.",
            "einreich",
        ),
        (
            "Nehmen Sie Platz und bringen Sie ihn bitte mit.",
            "mitbring",
        ),
        ("Bringen Sie bitte Ihren Ausweis mit!", "mitbring"),
        ("Wir teilen Ihnen mit, dass der Termin entfällt.", "mitteil"),
        (
            "Die Sitzung findet am 3. März um 17:00 Uhr im Saal statt.",
            "stattfind",
        ),
        ("Das Amt lehnt ihn nach § 5 Abs. 2 ab.", "ablehn"),
        ("Er zog seinen Einspruch gegen Nr. 5 zurück.", "zuruckzieh"),
        ("Der Rat ordnet an: Das Bad bleibt zu.", "anordn"),
        ("Sie sah sich den Plan an, dann ging sie.", "anseh"),
        ("Er geht mit den Akten sorgsam um.", "umgeh"),
        ("So gehen Sie mit der Karte um: nicht knicken", "umgeh"),
        ("Wir ziehen um: ab Montag im Rathaus.", "umzieh"),
        ("Er sagte: »Wir rufen an« und ging.", "anruf"),
    ] {
        assert!(
            verbs(text).split(' ').any(|found| found == verb),
            "{text}: {}",
            verbs(text)
        );
    }
    assert!(terms("Sie rief im Amt an.").starts_with("sie ruf|~anruf im"));
}

#[test]
fn what_ends_a_clause_and_is_no_prefix_makes_no_verb() {
    for text in [
        "Er rief von Anfang an.",
        "Sie stellt es vom 1. Mai an.",
        "Sie kam ab und zu.",
        "Er nahm nach wie vor.",
        // Another verb, another clause, another sentence, a noun, a prefix that goes on.
        "Er nimmt es und kann an.",
        "Sie rief, weil er kommt, an.",
        "Er nimmt den Antrag. Die Stadt an.",
        "Die Nahme an.",
        "Er nimmt an der Wahl.",
        "Die beantragte Stelle teil.",
        "Er stellt mit und ohne Antrag.",
        // What is announced belongs to the preposition.
        "Bitte wenden Sie sich an: Frau Müller, Zimmer 12.",
        "Bitte wenden Sie sich direkt an\n\nFrau Müller",
        "Er nimmt teil an: Sitzung des Rates.",
        "Es geht um: Wohngeld und Miete.",
        "Es geht um\n\nWohngeld",
        "Es geht um\n– Wohngeld\n– Miete",
        "Es geht um \"Wohngeld\".",
        "Es geht um »Wohngeld«.",
        "Es handelt sich um: Wohngeld",
        "Die Gebühr steigt um: 5 Euro",
        "Kopie geht an: Frau Meier",
    ] {
        let found = verbs(text);
        let parted = [
            "anruf",
            "annehm",
            "anstell",
            "zukomm",
            "vornehm",
            "mitstell",
            "teilbeantrag",
            "anwend",
            "umgeh",
            "umsteig",
            "angeh",
        ];
        assert!(
            !found.split(' ').any(|verb| parted.contains(&verb)),
            "{text}: {found}"
        );
    }
}

#[test]
fn a_noun_is_no_verb_that_is_written_alike() {
    apart("Zutritt zutreten");
    apart("Eintritt eintreten");
    apart("Brache brechen");
    apart("Klang klingen");
    apart("Zwang zwingen");
    apart("Andrang andringen");
    apart("Rängen ringen");
    apart("Bote bieten");
    apart("Weiß wissen");
    same("Brache Brachen brach");
    same("Klang Klänge Klängen Klangs");
    same("Zutritt Zutritts");
    check("Es klang laut", "es ~kling laut");
    // With a prefix both may be meant.
    check("wenn er eintritt", "wenn er eintritt|~eintret");
    check("der klang", "der klang|~kling");
    assert_eq!(verbs("Die Brache, der Klang, der Zutritt"), "");
    assert_eq!(
        verbs("es brach, es klang, wenn er eintritt"),
        "brech kling eintret"
    );
}

#[test]
fn who_types_a_verb_asks_for_both_its_places() {
    let mut analyzer = Analyzer::new(100);
    for (typed, term) in [
        ("anrufen", Some("~anruf")),
        ("angerufen", Some("~anruf")),
        ("anzurufen", Some("~anruf")),
        ("teilnehmen", Some("~teilnehm")),
        ("ausgestellt", Some("~ausstell")),
        ("klingen", Some("~kling")),
        ("Beitrag", None),
        ("Ausweise", None),
        ("Zutritt", None),
        ("Klang", None),
    ] {
        let word = analyzer.word(typed);
        assert_eq!(analyzer.parted_term(&word).as_deref(), term, "{typed}");
    }
}

#[test]
fn nouns_written_apart_are_also_one() {
    check("Straßen Sperrung", "strass|+strassensperrung sperrung");
    check(
        "Grundsteuer Bescheid",
        "grundsteuer|+grund|+steuer|+grundsteuerbescheid bescheid",
    );
    // Other words, other signs.
    assert!(!terms("straßen sperrung").contains("strassensperrung"));
    assert!(!terms("Straßen, Sperrung").contains("strassensperrung"));
    assert!(!terms("Öztürk Sperrung").contains("ozturksperrung"));
}

#[test]
fn abbreviations_are_their_words() {
    same("MwSt Mwst MWST USt Mehrwertsteuer Umsatzsteuer");
    same("Abt Abteilung Abteilungen");
    same("PLZ Postleitzahl Postleitzahlen");
    same("Nr Nummer");
    check("KW 38", "kw|+kalenderwoch|#kw.38 38");
    check("Kalenderwoche", "kalenderwoch|+kalend|+woch|+kw");
    check("kW", "kw");
}

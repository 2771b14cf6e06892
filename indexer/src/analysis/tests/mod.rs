//! The analysis as a table: what is written, and the terms it is found under.

mod codes;
mod sentences;

use super::*;

/// The terms of a text: positions are parted by blanks, terms at one position by `|`.
fn terms(text: &str) -> String {
    let mut analyzer = Analyzer::new(1_000);
    let mut vocabulary = Vec::new();
    let positions = analyzer.text(text, &mut vocabulary);
    let each = positions.iter().map(|position| {
        let mut terms = Vec::new();
        position.each_term(|term| terms.push(term.to_owned()));
        terms.join("|")
    });
    each.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(input: &str, expect: &str) {
    assert_eq!(terms(input), expect, "analysis of {input:?}");
}

/// All of the forms fall together.
#[track_caller]
fn same(forms: &str) {
    let mut analyzer = Analyzer::new(1_000);
    let stems: Vec<String> = forms
        .split_whitespace()
        .map(|form| analyzer.word(form).stem.clone())
        .collect();
    let first = stems.first().cloned().unwrap_or_default();
    assert!(
        stems.iter().all(|stem| *stem == first),
        "{forms}: {stems:?}"
    );
}

/// No two of the words fall together.
#[track_caller]
fn apart(words: &str) {
    let mut analyzer = Analyzer::new(1_000);
    let mut stems: Vec<String> = words
        .split_whitespace()
        .map(|form| analyzer.word(form).stem.clone())
        .collect();
    let count = stems.len();
    stems.sort();
    stems.dedup();
    assert_eq!(stems.len(), count, "{words}: {stems:?}");
}

/// The word is found by each of the others as a part.
#[track_caller]
fn contains(word: &str, parts: &str) {
    let mut analyzer = Analyzer::new(1_000);
    let known = analyzer.word(word);
    for part in parts.split_whitespace() {
        let part = format!("{PART}{}", analyzer.word(part).stem);
        assert!(
            known.marked_parts.contains(&part),
            "{word} has {:?}, not {part}",
            known.marked_parts
        );
    }
}

/// The word is found by none of the others as a part.
#[track_caller]
fn lacks(word: &str, parts: &str) {
    let mut analyzer = Analyzer::new(1_000);
    let known = analyzer.word(word);
    for part in parts.split_whitespace() {
        let part = format!("{PART}{}", analyzer.word(part).stem);
        assert!(!known.marked_parts.contains(&part), "{word} has {part}");
    }
}

#[test]
fn three_spellings_of_an_umlaut_fall_together() {
    same("Müller Mueller Muller MÜLLER müller Mu\u{308}ller");
    same("Größe Groesse Grosse GRÖSSE größe");
    same("Straße Strasse STRASSE STRAẞE strasse Str Straßen");
    same("Bürgerbüro Buergerbuero Burgerburo");
    same("Gebäude Gebaeude Gebaude");
    same("Schröder Schroeder Schroder");
    same("Weiß Weiss");
    same("Übergabe Uebergabe Ubergabe");
    same("Café Cafe CAFÉ");
    same("Łukasz Lukasz");
    same("Øster Oster");
}

#[test]
fn an_e_that_belongs_to_another_sound_stays() {
    check("Steuer", "steuer");
    check("Bauer", "bauer");
    check("Quelle", "quell");
    check("neue", "neu");
    check("Feuer", "feuer");
    apart("Bauer Bar");
    apart("Mauer Mar");
}

#[test]
fn forms_of_nouns_fall_together() {
    same("Vertrag Vertrags Vertrages Verträge Verträgen");
    same("Antrag Antrags Anträge Anträgen Antrages");
    same("Haus Hauses Häuser Häusern");
    same("Buch Buches Bücher Büchern");
    same("Land Länder Ländern Landes");
    same("Amt Amtes Amts Ämter Ämtern");
    same("Kind Kinder Kindern Kindes");
    same("Genehmigung Genehmigungen");
    same("Rechnung Rechnungen");
    same("Bescheid Bescheide Bescheides Bescheids Bescheiden");
    same("Ausweis Ausweise Ausweises Ausweisen");
    same("Zeugnis Zeugnisse Zeugnisses Zeugnissen");
    same("Akte Akten");
    same("Rat Rates Rats Räte Räten");
    same("Rate Raten");
    same("Straße Straßen");
    same("Gebühr Gebühren");
    same("Steuer Steuern");
    same("Bürger Bürgers Bürgern Bürgerin Bürgerinnen BürgerInnen");
    same("Antragsteller Antragstellers Antragstellerin Antragstellerinnen");
    same("Ministerium Ministeriums Ministerien");
    same("Museum Museums Museen");
    same("Firma Firmen");
    same("Konto Kontos Konten");
    same("Zins Zinsen");
    same("Kurs Kurse Kurses Kursen");
    same("Idee Ideen");
    same("Allee Alleen");
    same("Verfahren Verfahrens");
    same("Schreiben Schreibens");
    same("System Systeme Systems Systemen");
    same("Büro Büros");
    same("Herr Herrn Herren");
    same("Name Namen");
    same("Nachbar Nachbarn");
    same("Mitglied Mitglieder Mitgliedern Mitglieds");
    same("Grundstück Grundstücke Grundstücks Grundstücken");
    same("Baum Bäume Bäumen Baumes");
    same("Hund Hunde Hunden Hundes");
    same("Formular Formulare Formularen Formulars");
    same("Einwohner Einwohnern Einwohners");
    same("Beamte Beamten Beamter");
}

#[test]
fn a_genitive_or_plural_in_s_falls_together_with_its_noun() {
    same("Widerspruch Widerspruchs Widersprüche");
    same("Gespräch Gesprächs Gespräche");
    same("Kita Kitas");
    same("Azubi Azubis");
    same("Taxi Taxis");
    same("Kamera Kameras");
    same("Archiv Archivs Archive");
    same("Prinzip Prinzips");
    same("Workshop Workshops");
    same("Interview Interviews");
    same("Handy Handys");
    same("Personal Personals");
    same("Verein Vereins Vereine");
    same("Ausbau Ausbaus");
    same("Unfall Unfalls Unfälle");
    same("Baurecht Baurechts Baurechte");
    same("Zweifel Zweifels");
    same("Girokonto Girokonten Girokontos");
    same("Garten Gartens Gärten");
    same("Ärztin Ärztinnen Arzt Ärzte");
    same("Kollegin Kolleginnen Kollege Kollegen");
    apart("Garten Gart");
    apart("Graben Grab");
    apart("Fall falls");
}

#[test]
fn an_s_that_belongs_to_the_word_stays() {
    for word in [
        "Fuchs", "Dachs", "Lachs", "Luchs", "Wachs", "sechs", "Basis", "Praxis", "Kreis", "Preis",
        "Beweis", "Ausweis", "Atlas", "Gas", "Glas", "Gras", "Zins", "Kurs", "Haus", "Bus", "Mais",
    ] {
        let stem = Analyzer::new(10).word(word).stem.clone();
        assert!(stem.ends_with('s') || word == "Praxis", "{word}: {stem}");
    }
    same("Fuchs Fuchses Füchse Füchsen");
    same("Kreis Kreises Kreise");
    apart("Mai Mais");
    apart("Gas Gast");
}

#[test]
fn forms_of_verbs_fall_together() {
    same("ablehnen abgelehnt abzulehnen");
    same("verschieben verschoben");
    same("überweisen überwiesen");
    same("aufheben aufgehoben aufzuheben");
    same("stehlen gestohlen");
    same("pflanzen gepflanzt pflanzte");
    // No list names these with their prefixes.
    same("zurückschneiden zurückgeschnitten zurückzuschneiden");
    same("abschrubben abgeschrubbt abzuschrubben");
    same("schrubben geschrubbt");
    same("beantragen beantragt beantragte beantragten");
    same("genehmigen genehmigt genehmigte genehmigten");
    same("anmelden angemeldet anzumelden anmeldet");
    same("einreichen eingereicht einzureichen einreicht");
    same("zahlen gezahlt zahlte");
    same("bezahlen bezahlt bezahlte");
    same("kündigen gekündigt kündigte");
    same("prüfen geprüft prüfte");
    same("ändern geändert änderte");
    same("schreiben geschrieben");
    same("beschließen beschlossen");
    same("verlängern verlängert verlängerte");
    same("entscheiden entschieden");
    same("regulieren reguliert regulierte");
}

#[test]
fn forms_of_adjectives_fall_together() {
    same("öffentlich öffentliche öffentlicher öffentliches öffentlichen öffentlichem");
    same("neu neue neuer neues neuen neuem");
    same("gültig gültige gültiger gültigen");
    same("städtisch städtische städtischen städtischer");
    same("groß große großer großen");
}

#[test]
fn different_words_stay_apart() {
    apart("Sicherheit sich sicher");
    apart("Rat Ratte Rate");
    apart("Bürger Burg");
    apart("Akte Akt");
    apart("Freund freundlich");
    apart("Ordnung ordentlich Ort");
    apart("Gemeinde gemein");
    apart("ändern andere");
    apart("Steuer stehen");
    apart("Dienst dienen");
    apart("Daten Datum");
    apart("Vorlage vorliegen");
    apart("Note Not");
    apart("Kosten Kost");
    apart("Posten Post");
    apart("Verlust verlieren");
    apart("Eigentum Eigentümer");
    apart("Antrag Auftrag Vertrag Beitrag Eintrag");
    apart("Rechnung Rechner");
    apart("Gericht richten Gerüst rüsten");
    apart("Gewerbegebiet Gebiet Gewerbe");
}

#[test]
fn compounds_are_found_by_their_parts() {
    check("Parkausweis", "parkausweis|+park|+ausweis");
    check(
        "Bewohnerparkausweis",
        "bewohnerparkausweis|+bewohner|+bewohnerpark|+park|+parkausweis|+ausweis|+bewohnerausweis",
    );
    contains("Anwohnerparkausweise", "Parkausweis Ausweis Anwohner");
    contains(
        "Grundsteuerbescheid",
        "Steuerbescheid Bescheid Grundsteuer Steuer",
    );
    contains("Kinderreisepass", "Reisepass Pass Kind");
    contains("Personalausweise", "Ausweis");
    contains("Führungszeugnisses", "Zeugnis");
    contains("Baugenehmigungen", "Genehmigung");
    contains("Ordnungsamt", "Amt Ordnung");
    contains("Rechnungsprüfungsamt", "Rechnungsprüfung Prüfungsamt Amt");
    contains("Gemeinderatssitzung", "Ratssitzung Gemeinderat Sitzung Rat");
    contains("Stadtrat", "Rat Stadt");
    contains(
        "Abfallgebührenbescheid",
        "Gebührenbescheid Abfallgebühr Gebühren",
    );
    contains("Hundesteuer", "Steuer Hund");
    contains(
        "Straßenreinigungssatzung",
        "Satzung Straßenreinigung Reinigung",
    );
    contains("Verwaltungsverfahrensgesetz", "Gesetz Verwaltung Verfahren");
    contains("Friedhofsgebühren", "Gebühr Friedhof");
    contains("Reisekostenabrechnung", "Reisekosten Abrechnung Kosten");
    contains("Haushaltsplan", "Plan Haushalt");
    contains("Mietvertrag", "Vertrag");
    contains("Winterdienst", "Dienst Winter");
    contains("Fundbüro", "Büro");
    contains("Geburtsurkunde", "Urkunde Geburt");
    contains("Wohngeldantrag", "Antrag Wohngeld");
    contains("Sperrmüllabfuhr", "Sperrmüll Abfuhr");
    contains("Schulausschuss", "Ausschuss Schule");
    contains("Vertragsstrafe", "Strafe Vertrag");
    contains("Schwerbehindertenausweis", "Ausweis");
    contains(
        "Fußgängerüberwegsmarkierung",
        "Fußgängerüberweg Fußgänger Überweg Markierung",
    );
    contains("Ordnungswidrigkeitenanzeige", "Ordnungswidrigkeit Anzeige");
    contains(
        "Obdachlosenunterkunftsverordnung",
        "Obdachlosenunterkunft Obdachlose Unterkunft",
    );
    contains("Elternbeitragsstaffel", "Elternbeitrag Staffel");
    contains("Wahlbenachrichtigung", "Benachrichtigung Wahl");
    contains("Mahnbescheid", "Bescheid");
    contains("Grünfläche", "Fläche");
    contains("Datenschutzbeauftragter", "Datenschutz");
    contains("Wohnungsgeberbestätigung", "Bestätigung Wohnungsgeber");
    contains("Häuserzeile", "Haus");
    contains("Städtepartnerschaft", "Stadt");
    contains("Bewohnerparkzonen", "Parkzone Zone");
    contains("Waldbrandgefahr", "Brandgefahr Gefahr Waldbrand");
    contains("Turmuhrwerk", "Turmuhr Uhrwerk Uhr");
}

#[test]
fn the_middle_of_a_compound_may_be_left_out() {
    contains("Bewohnerparkausweis", "Bewohnerausweis");
    contains("Straßenreinigungsgebühr", "Straßengebühr");
    lacks("Bewohnerparkausweis", "Parkbewohner");
}

#[test]
fn a_known_end_behind_an_unknown_beginning_is_found() {
    contains("Goethestraße", "Straße");
    contains("Kröpelinerstraßenreinigung", "Straßenreinigung Reinigung");
    lacks("Kröpelinerstraße", "Kröpeliner");
    // Prefixes are no beginnings: these are no kinds of Stellung, Prüfung, Nahme.
    lacks("Zusammenstellung", "Stellung");
    lacks("Wiederherstellung", "Stellung Erstellung Herstellung");
    lacks("Überprüfung", "Prüfung");
    lacks("Unterlassung", "Lassung");
    lacks("Studenten", "Enten");
    lacks("Semester", "Ester");
}

#[test]
fn what_only_looks_like_a_compound_is_left_whole() {
    lacks("Vertrag", "Trag Rag");
    lacks("Haushaltsplan", "Haus");
    lacks("Bürgermeister", "Bürger Meister");
    lacks("Kindergarten", "Garten Kind");
    lacks("Friedhof", "Hof");
    lacks("Sicherheit", "sicher");
    lacks("Mitarbeiterinnen", "Innen");
    lacks("Rathaus", "Rat Haus");
    lacks("Landrat", "Land");
    lacks("Verrat", "Rat");
    lacks("Vorrat", "Rat");
    lacks("Heirat", "Rat");
    lacks("Ratte", "Rat");
    lacks("Monat", "Rat");
    lacks("Freitag", "Tag");
    lacks("Beitrag", "Tag");
    lacks("mangelhaft", "Haft");
    lacks("Wirtschaft", "Wirt");
    lacks("Zeitpunkt", "Punkt");
    lacks("beispielsweise", "Beispiel");
    lacks("Kaufvertrag", "Kaufvertrag");
    lacks("Feststellung", "Fest Stellung");
    lacks("Schwester", "Ester Wester");
    lacks("Legende", "Ende");
    lacks("Kalender", "Ende");
    lacks("Deutschland", "Land");
}

#[test]
fn words_broken_at_the_end_of_a_line_are_whole() {
    check("die Verwal-\ntung", "die verwaltung");
    check("die Verwal-\r\n  tung", "die verwaltung");
    check("Verwal\u{ad}tung", "verwaltung");
    check("Verwal\u{ad}\ntung", "verwaltung");
    check("Ver\u{ad}wal\u{ad}tung", "verwaltung");
    check("Verwal\u{2010}\ntung", "verwaltung");
    check("Ein-\nund Ausgang", "ein|+eingang und ausgang");
}

#[test]
fn a_suspended_hyphen_is_completed() {
    check("Ein- und Ausgang", "ein|+eingang und ausgang");
    check(
        "Kauf- und Mietvertrag",
        "kauf|+kaufvertrag und mietvertrag|+miet|+vertrag",
    );
    check(
        "Verwaltungs- und Benutzungsgebühren",
        "verwaltung|+verwaltungsgebuhr und benutzungsgebuhr|+benutzung|+gebuhr",
    );
    check(
        "Haus-\noder Gartenarbeit",
        "haus|+hausarbeit oder gartenarbeit|+garten|+arbeit",
    );
}

#[test]
fn a_hanging_hyphen_stands_for_the_end_of_every_word_of_a_list() {
    check(
        "Straßen-, Brücken- und Wegebau",
        "strass|+strassenbau bruck|+bruckenbau und wegebau|+weg|+bau",
    );
    check(
        "Steuereinnahmen und -ausgaben",
        "steuereinnahm|+steuer|+einnahm und ausgab|+steuerausgab",
    );
}

#[test]
fn joined_words_are_found_together_and_apart() {
    check("z.d.A.", "z|zda d a");
    check("z. d. A.", "z|zda d a");
    check("Herr A. B. Meier", "herr a|ab b meier");
    check("am Ende. A. B.", "am end a|ab b");
    assert!(terms("Corona-Test-Zentrum").contains("testzentr"));
    check("E-Mail", "e|email mail");
    check(
        "Bewohner-Parkausweis",
        "bewohner|bewohnerparkausweis|+bewohner|+bewohnerpark|+park|+parkausweis|+ausweis|+bewohnerausweis parkausweis|+park|+ausweis",
    );
    check(
        "Anwohner-\nParkausweis",
        "anwohner|anwohnerparkausweis|+anwohner|+anwohnerpark|+park|+parkausweis|+ausweis|+anwohnerausweis parkausweis|+park|+ausweis",
    );
    check(
        "Müller-Lüdenscheidt",
        "muller|mullerludenscheidt ludenscheidt",
    );
    check("und/oder", "und oder");
}

#[test]
fn gendered_forms_are_one_word() {
    check("Bürger:innen", "burger");
    check("Bürger*innen", "burger");
    check("Bürger_innen", "burger");
    check("Bürger/-innen", "burger");
    check("Antragsteller/in", "antragsteller");
    check("Montag: innen", "montag inn");
}

#[test]
fn ligatures_and_marks_are_folded() {
    check("Oﬃzier", "offizier");
    check("ﬁnden", "find");
    check("25 m²", "25 m2");
    check("Ｖｅｒｔｒａｇ", "vertrag");
}

#[test]
fn english_words_are_found_in_their_forms() {
    same("invoice invoices");
    same("payment payments");
    same("office offices");
    same("report reports");
}

#[test]
fn offsets_are_those_of_the_text() {
    let text = "Über die Verwal-\ntung: § 17, DE89370400440532013000.";
    let mut analyzer = Analyzer::new(100);
    let positions = analyzer.text(text, &mut Vec::new());
    let written: Vec<&str> = positions
        .iter()
        .filter_map(|position| text.get(position.start..position.end))
        .collect();
    assert_eq!(
        written,
        [
            "Über",
            "die",
            "Verwal-\ntung",
            "§",
            "17",
            "DE89",
            "3704",
            "0044",
            "0532",
            "0130",
            "00"
        ]
    );
}

#[test]
fn the_vocabulary_has_each_word_once() {
    let mut analyzer = Analyzer::new(100);
    analyzer.begin();
    let mut vocabulary = Vec::new();
    analyzer.text("Antrag Antrag Anträge 2025", &mut vocabulary);
    let words: Vec<&str> = vocabulary
        .iter()
        .map(|word| word.vocabulary.as_str())
        .collect();
    assert_eq!(words, ["antrag\u{4}Antrag", "antrage\u{4}Anträge"]);
    analyzer.begin();
    vocabulary.clear();
    analyzer.text("Antrag", &mut vocabulary);
    assert_eq!(vocabulary.len(), 1);
}

#[test]
fn verbs_of_the_past_fall_together() {
    same("stehlen gestohlen stahlen");
    same("einschlagen einschlugen eingeschlagen einzuschlagen");
    same("rutschen rutschte gerutscht");
    same("Zeuge Zeugin Zeugen Zeuginnen");
    same("Fahrt Fahrten");
    apart("Anlage anliegen");
    apart("Stahl stehlen");
    apart("Abfahrt abfahren");
}

#[test]
fn a_noun_in_the_plural_is_no_verb_of_the_past() {
    same("Abschnitt Abschnitte Abschnitten");
    same("Umriss Umrissen");
    same("Feier Feiern");
    same("Gärtner Gärtnern");
    same("Bremse Bremsen bremst");
    same("abschneiden abgeschnitten");
    apart("Rang Ring");
    check("Bauabschnitten", "bauabschnitt|+bau|+abschnitt");
}

#[test]
fn an_abstract_noun_that_no_list_has_is_a_part() {
    check("Erfrischungsgeld", "erfrischungsgeld|+erfrischung|+geld");
    check("Hausnr.", "hausnummer|+haus|+nummer");
}

//! References, laws, accounts, amounts, days, telephone numbers.

use super::*;

#[test]
fn references_are_found_whole_and_by_parts() {
    check(
        "01.4.1-2026/0042",
        "01|1|#01.4.1.2026.0042 4 1 2026 0042|42",
    );
    check(
        "01.4.1-2O26/OO42",
        "01|1|#01.4.1.2026.0042 4 1 2o26|2026 oo42|0042",
    );
    check("II-3/2025", "ii|#11.3.2025|11 3 2025");
    check("AZ 32-117/25", "aktenzeich 32|#32.117.25 117 25");
    check("RE-2025-1017", "re|#re.2025.1017 2025 1017");
    check("0042", "0042|42");
    check("A4", "a4|#a.4");
}

#[test]
fn sections_of_a_law_are_terms() {
    check("§ 17 Abs. 7 PAuswV", "§|#§17 17 absatz|#abs7 7 pauswv");
    check("§17a", "§|#§17a 17a|#17.a");
    check("§§ 16, 17", "§|#§16 16 17|#§17");
    check("Artikel 3", "artikel|#art3 3");
    check("Absatz 7", "absatz|#abs7 7");
    check("Nr. 12", "nummer|#nr12 12");
}

#[test]
fn accounts_are_found_with_and_without_blanks() {
    let spaced = "de89|#de89370400440532013000 3704 0044|44 0532|532 0130|130 00";
    check("DE89 3704 0044 0532 0130 00", spaced);
    check("DE89370400440532013000", spaced);
}

#[test]
fn amounts_fall_together() {
    check("1.234,56", "1|#1234,56|1234 234 56");
    check("1234,56", "1234|#1234,56 56");
    check("12.500", "12|#12500|12500 500");
    check("0,99", "0|#0,99 99");
}

#[test]
fn dates_fall_together() {
    assert!(terms("01.03.2025").contains("@20250301"));
    assert!(terms("1.3.2025").contains("@20250301"));
    assert!(terms("1.3.25").contains("@20250301"));
    assert!(terms("2025-03-01").contains("@20250301"));
    assert!(terms("1. März 2025").contains("@20250301"));
    assert!(terms("01. Maerz 2025").contains("@20250301"));
    assert!(terms("01. 03. 2025").contains("@20250301"));
    assert!(!terms("31.02.2025").contains('@'));
}

#[test]
fn addresses_and_telephone_numbers_are_terms() {
    check(
        "max.mustermann@stadt.de",
        "max|#max.mustermann.stadt.de mustermann|+muster|+mann stadt de",
    );
    assert!(terms("02364 / 933-123").contains("#t02364933123"));
    assert!(terms("+49 2364 933123").contains("#t02364933123"));
    assert!(terms("+49 (0) 2364 933123").contains("#t02364933123"));
    assert!(terms("02364/933123").contains("#t02364933123"));
}

#[test]
fn days_in_words_courts_and_plates_are_codes() {
    for (text, term) in [
        ("dritten Juli 2025", "@20250703"),
        ("Einunddreißigster Mai 2026", "@20260531"),
        ("4 K 2318/25", "#4.k.2318.25"),
        ("HOL-RM 2210", "#holrm.2210"),
    ] {
        assert!(terms(text).contains(term), "{text}: {}", terms(text));
    }
    assert!(!terms("Dritte Mai-Woche 2025").contains('@'));
}

#[test]
fn days_before_a_date_share_its_month_and_its_year() {
    for (text, days) in [
        ("22. und 23.09.2025", "20250922 20250923"),
        ("22./23.09.2025", "20250922 20250923"),
        ("22.–24. September 2025", "20250922 20250923 20250924"),
        ("22. bis 24.9.2025", "20250922 20250923 20250924"),
        (
            "22., 23. und 25. September 2025",
            "20250922 20250923 20250925",
        ),
        ("22.09. und 01.10.2025", "20250922 20251001"),
        ("30.12. bis 1.1.2026", "20251230 20251231 20260101"),
        ("30. September und 2. Oktober 2025", "20250930 20251002"),
        ("am 5., 12. und 19.09.2025", "20250905 20250912 20250919"),
        ("Punkt 5., 12. und 19.09.2025", "20250912 20250919"),
    ] {
        let terms = terms(text);
        let mut found: Vec<&str> = terms
            .split([' ', '|'])
            .filter_map(|term| term.strip_prefix('@'))
            .collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), days, "{text}: {terms}");
    }
}

#[test]
fn what_is_no_day_before_a_date_is_none() {
    for text in [
        "25. und 23.09.2025",
        "Seite 22 und 23.09.2025",
        "7.14.22. und 23.09.2025",
        "32. und 23.09.2025",
        "22 Stühle bis 23.09.2025",
        // What is counted is no day.
        "Punkt 5., 12.09.2025",
        "Ziffer 5., 12.09.2025",
        "Beschluss-Nr. 5., 12.09.2025",
        "Hausnr. 5., 12.09.2025",
        "TOP 5.2., 12.09.2025",
        "Seite 5. und 12.09.2025",
        "§ 5., 12.09.2025",
        "S. 5.–12.09.2025",
        // The number of an item in a list of days.
        "3. 12.09.2025",
    ] {
        let terms = terms(text);
        assert_eq!(terms.matches('@').count(), 1, "{text}: {terms}");
    }
}

#[test]
fn a_number_is_one_in_groups_or_together() {
    check("4500-0291", "4500|#4500.0291|45000291 0291|291");
    check("4500 0291", "4500|45000291 0291|291");
    check("77 1234 98", "77|77123498 1234 98");
    // Too short, a reference of many parts, a row of single digits.
    check("2025 12", "2025 12");
    assert!(!terms("01.4.1-2026/0042").contains("0141"));
    check("1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8");
}

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

//! What is one of them and what is not.

use std::path::{Path, PathBuf};

use super::{Biometric, SerialShape, Serials};

/// Valid beginnings of every container, as their standards have them.
fn samples() -> Vec<(&'static str, Vec<u8>, Biometric)> {
    let filled = |head: &[u8]| [head, &[0x55; 300]].concat();
    let tlv = |tag: &[u8], value: &[u8]| {
        let length = u16::try_from(value.len())
            .expect("a short value")
            .to_be_bytes();
        [tag, &[0x82], &length, value].concat()
    };
    let template = tlv(
        &[0x7f, 0x60],
        &[
            &[0xa1_u8, 0x04, 0x87, 0x02, 0x01, 0x01][..],
            &tlv(&[0x5f, 0x2e], &[0; 40]),
        ]
        .concat(),
    );
    let group = tlv(
        &[0x7f, 0x61],
        &[&[0x02_u8, 0x01, 0x01][..], &template].concat(),
    );
    let block = [
        0xa0, 0x07, 0x80, 0x01, 0x03, 0x81, 0x02, 0x07, 0xe3, 0xa1, 0x03, 0x30, 0x01, 0x00,
    ];
    vec![
        ("19794-2:2005", filled(b"FMR\0 20\0\0\0\x01\x40"), Biometric::FingerMinutiae),
        ("19794-2:2011", filled(b"FMR\x00030\0\0\0\x01\x40"), Biometric::FingerMinutiae),
        ("19794-4:2005", filled(b"FIR\x00010\0\0\0\0\0\x01\x40"), Biometric::FingerImage),
        ("19794-5:2005", filled(b"FAC\x00010\0\0\0\x01\x40\0\x01"), Biometric::FaceImage),
        ("19794-6", filled(b"IIR\x00020\0\0\x01"), Biometric::IrisImage),
        ("19794-7", filled(b"SDI\0 10\0"), Biometric::SignatureSeries),
        ("19794-8", filled(b"FSK\x00010\0"), Biometric::FingerPattern),
        ("19794-9", filled(b"VIR\x00010\0"), Biometric::VascularImage),
        ("39794-4", tlv(&[0x64], &block), Biometric::FingerImage),
        ("39794-5", tlv(&[0x65], &block), Biometric::FaceImage),
        ("WSQ with a comment", filled(b"\xff\xa0\xff\xa8\x00\x7aNIST_COM 9\n"), Biometric::FingerImage),
        ("WSQ with its table first", filled(b"\xff\xa0\xff\xa4\x00\x3a\x09\x07"), Biometric::FingerImage),
        ("data group 2", tlv(&[0x75], &group), Biometric::FaceImage),
        ("data group 3", tlv(&[0x63], &group), Biometric::FingerImage),
        ("data group 4", tlv(&[0x76], &group), Biometric::IrisImage),
        ("a group of templates", group.clone(), Biometric::Cbeff),
        ("a template", template, Biometric::Cbeff),
        ("ANSI/NIST-ITL", filled(b"1.001:219\x1d1.002:0400\x1d1.003:1\x1f1"), Biometric::AnsiNist),
        ("an older one", filled(b"1.01:0000219\x1d1.02:0200\x1d"), Biometric::AnsiNist),
        (
            "ANSI/NIST-ITL in XML",
            b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- made by x -->\n\
              <itl:NISTBiometricInformationExchangePackage xmlns:itl=\"http://biometrics.nist.gov/standard/2011\">"
                .to_vec(),
            Biometric::AnsiNist,
        ),
    ]
}

#[test]
fn biometric_records_are_told_by_their_beginning() {
    for (name, bytes, kind) in samples() {
        assert_eq!(Biometric::of(&bytes), Some(kind), "{name}");
        let head = &bytes[..bytes.len().min(64)];
        if kind != Biometric::AnsiNist {
            assert_eq!(Biometric::of(head), Some(kind), "{name}, cut");
        }
    }
    for kind in Biometric::ALL {
        assert_eq!(Biometric::from_name(kind.as_str()), Some(kind));
    }
    assert_eq!(Biometric::from_name("letter"), None);
}

#[test]
fn what_only_begins_alike_is_none() {
    for head in [
        &b""[..],
        b"FMR\0",
        b"FMR\0abc\0",
        b"FMR 030 ist die Kennung",
        b"FIR\x00010",
        b"FAC\0\0\0\0\0",
        b"FACHBEREICH Internes",
        b"\xff\xa0",
        b"\xff\xa0\xff\xd8\0\x10",
        b"\xff\xa0\xff\xa4\0\0",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\xff\x4f\xff\x51\0\x2f",
        b"u\x7fa",
        b"uns wurde mitgeteilt",
        b"\x75\x82\x01\x00\x7f\x61\x82\x00\x10\x02\x01\x00\x53\x08",
        b"\x75\x10\x30\x0e\x02\x01\x01",
        b"\x63\x05\x7f\x61\x02\x02\x01",
        b"\x65\x10\xa0\x03\x80\x01\x03",
        b"\x65\x0b\xa0\x09\x80\x01\x03\x81\x04\0\0\x07\xe3",
        b"\x64\x09\xa0\x07\x80\x01\x03\x81\x02\x00\x01",
        b"1.001:219 und 1.002:0400",
        b"1.001:\x1d1.002:0400",
        b"1.001:219\x1d2.001",
        b"1. Allgemeines\n1.1: Zweck",
        b"<?xml version='1.0'?><xs:schema><xs:element name=\"NISTBiometricInformationExchangePackage\"/>",
        b"<!-- NISTBiometricInformationExchangePackage",
        b"NISTBiometricInformationExchangePackage ist ein Name",
    ] {
        assert_eq!(Biometric::of(head), None, "{head:?}");
    }
}

/// Every file below `folder`.
fn below(folder: &Path, all: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            below(&path, all);
        } else {
            all.push(path);
        }
    }
}

#[test]
fn no_document_of_the_tests_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["tests/data", "data", "../tests/data", "../server/data"] {
        below(&root.join(folder), &mut all);
    }
    assert!(all.len() > 20, "{all:?}");
    for path in all {
        let bytes = std::fs::read(&path).expect("a file");
        assert_eq!(Biometric::of(&bytes), None, "{}", path.display());
    }
}

/// What a house has that says nothing else.
fn serials() -> Serials {
    let shapes = ["LXXXXXXXXC", "LXXXXXXXX", "999999999C", "MRZ"];
    let shapes = shapes.map(|shape| SerialShape::parse(shape).expect("a shape"));
    let words = [
        "personalausweis",
        "ausweisnummer",
        "ausweis-nr",
        "reisepass",
        "aufenthaltstitel",
    ];
    Serials::new(shapes.to_vec(), words.map(str::to_owned).to_vec())
}

/// The text with every masked sign as `#`.
fn masked(text: &str) -> String {
    serials().mask(text).replace(super::MASK, "#")
}

#[test]
fn serial_numbers_with_their_words_are_masked() {
    let check = |text: &str, expect: &str| assert_eq!(masked(text), expect, "{text}");
    // The numbers of the specimens that the federal government shows.
    check(
        "Personalausweis Nr. L01X00T471, gültig",
        "Personalausweis Nr. ##########, gültig",
    );
    check(
        "Personalausweis Nr. L01X00T47",
        "Personalausweis Nr. #########",
    );
    check("Reisepass: C01X00T478", "Reisepass: ##########");
    check("reisepass c01x00t478", "reisepass ##########");
    check(
        "Nummer C01X00T478 (Reisepass)",
        "Nummer ########## (Reisepass)",
    );
    check(
        "Seriennummer: L01X00T471\nPersonalausweis der Stadt Hollerfurt",
        "Seriennummer: ##########\nPersonalausweis der Stadt Hollerfurt",
    );
    check(
        "PERSONALAUSWEIS des Antragstellers: L01X00T471",
        "PERSONALAUSWEIS des Antragstellers: ##########",
    );
    check(
        "Personalausweis beantragt, Urkunde L01X00T471",
        "Personalausweis beantragt, Urkunde ##########",
    );
    check(
        "Personalausweis, ausgestellt am 01.02.2020\nvon der Stadt Hollerfurt, Nr.: T22000129",
        "Personalausweis, ausgestellt am 01.02.2020\nvon der Stadt Hollerfurt, Nr.: #########",
    );
    check("Personalausweis 1220001297", "Personalausweis ##########");
    check(
        "Ausweisnummer L01X00T47; Müller, Reisepass C01X00T47",
        "Ausweisnummer #########; Müller, Reisepass #########",
    );
}

#[test]
fn machine_readable_zones_are_masked_without_any_word() {
    let card = "IDD<<L01X00T471<<<<<<<<<<<<<<<\n6408125F2702283D<<<<<<<<<<<<<4\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<";
    let expect = format!(
        "{}\n6408125F2702283D<<<<<<<<<<<<<4\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<",
        "#".repeat(30)
    );
    assert_eq!(masked(card), expect);
    let passport = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4\n";
    let expect = format!(
        "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\n{}\n",
        "#".repeat(44)
    );
    assert_eq!(masked(passport), expect);
    // Recognition puts spaces anywhere.
    let spaced = masked("IDD<< L01X00T471 <<<<<<<< <<<<<<<");
    assert!(!spaced.contains("L01X00T47"), "{spaced}");
    // With a wrong check digit it is no zone.
    let wrong = "IDD<<L01X00T472<<<<<<<<<<<<<<<";
    assert_eq!(masked(wrong), wrong);
}

#[test]
fn ordinary_numbers_stay() {
    for text in [
        "Aktenzeichen 32.4-2024/117, Personalausweis beantragt",
        "Rechnung R20240017 über die Gebühr",
        "Personalausweis: Gebühr 37,00 EUR, Rechnung R20240017",
        "Personalausweis liegt vor. Kassenzeichen: 1220001297",
        "IBAN DE89370400440532013000 und DE89 3704 0044 0532 0130 00",
        "Personalausweis abgeholt am 01.02.2024, Telefon 1220001297",
        "Personalausweis 1220001298",
        "Bestellung L01X00T471",
        "Laptop, Seriennummer: L01X00T472",
        "L01X00T471",
        "Personalausweis des Bürgermeisters",
        "Reisepass und Kinderreisepass 2024",
        "Geschäftszeichen FH-2024-000123 zum Reisepass",
        "Personalausweis XL01X00T4719 ist länger",
        "Personalausweis B01X00T47 beginnt anders",
        "Reisepass\nTel.: 1220001297",
        "Reisepass, Handy 1220001297",
        "Personalausweis, Rufnummer 1220001297",
        "Personalausweis, Fax 1220001297",
        "Personalausweis beantragt.\nAz.: K12345678",
        "Personalausweis\nGZ K12345678",
        "Personalausweis, GESCHÄFTSZEICHEN K12345678",
        "Gebühr Reisepass, Buchungszeichen 1220001297",
        "Reisepass, Zahlung zu 1220001297",
        "Reisepass, Referenz 1220001297",
        "Reisepass, Debitor 1220001297",
        "Reisepass, Kunde 1220001297",
        "Personalausweis Antrag K12345678",
        "Personalausweis, Antragsnummer K12345678",
        "Personalausweis, Ordnungsmerkmal K12345678",
        "Personalausweis mit der Post, Sendungsnummer RR1234567",
        "Laptop, Seriennummer: L01X00T471",
    ] {
        assert_eq!(masked(text), text);
    }
    let none = Serials::default();
    assert_eq!(
        none.mask("Personalausweis L01X00T471"),
        "Personalausweis L01X00T471"
    );
}

#[test]
fn what_is_masked_is_not_found_again() {
    for text in [
        "Personalausweis Nr. L01X00T471, gültig",
        "Personalausweis 1220001297 1220001297",
    ] {
        assert!(serials().finds(text), "{text}");
        let masked = serials().mask(text).into_owned();
        assert!(!serials().finds(&masked), "{masked}");
    }
    assert!(!serials().finds("Geschäftszeichen FH-2024-000123 zum Reisepass"));
}

#[test]
fn shapes_are_read_as_they_are_written() {
    let check = |text: &str, expect: Option<&str>| {
        let shape = SerialShape::parse(text).map(|shape| shape.to_string());
        assert_eq!(shape.as_deref(), expect, "{text}");
    };
    check("MRZ", Some("MRZ"));
    check("LXXXXXXXXC", Some("LXXXXXXXXC"));
    check("'at'999999", Some("'A''T'999999"));
    check("99999", None);
    check("AAAAAAAAAAAAAAAAAAAAA", None);
    check("9999-999", None);
    check("'AT999999", None);
    check("'A T'9999", None);
    let own = SerialShape::parse("'AT'999999").expect("a shape");
    let own = Serials::new(vec![own], vec!["Dienstausweis".to_owned()]);
    assert_eq!(
        own.mask("Dienstausweis AT123456").replace(super::MASK, "#"),
        "Dienstausweis ########"
    );
    assert_eq!(own.mask("Dienstausweis AU123456"), "Dienstausweis AU123456");
}

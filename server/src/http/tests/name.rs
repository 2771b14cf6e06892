use std::os::unix::ffi::OsStrExt;

use actix_web::http::header::{ContentDisposition, HeaderValue};
use proptest::prelude::*;

use crate::http::name::{Disposition, FileName};

fn clean(raw: &str) -> Option<String> {
    FileName::clean(raw).map(|name| name.as_str().to_owned())
}

#[test]
fn a_name_loses_path_and_what_cannot_be_seen() {
    let check = |raw: &str, expected: Option<&str>| {
        assert_eq!(clean(raw).as_deref(), expected, "{raw:?}");
    };
    check("Antrag.pdf", Some("Antrag.pdf"));
    check("../../etc/passwd", Some("passwd"));
    check("C:\\Users\\x\\Antrag.pdf", Some("Antrag.pdf"));
    check("a\r\nSet-Cookie: x.pdf", Some("aSet-Cookie: x.pdf"));
    check("rechnung\u{202e}fdp.exe", Some("rechnungfdp.exe"));
    check("Mu\u{308}ller.pdf", Some("Müller.pdf"));
    check("  .hidden  ", Some(".hidden"));
    check("name.", Some("name"));
    check("..", None);
    check("/", None);
    check("", None);
    check("\u{200b}", None);
    check("a\u{61c}b\u{206f}c\u{e0041}.pdf", Some("abc.pdf"));
}

#[test]
fn a_name_of_a_disk_need_not_be_utf8() {
    let check = |raw: &[u8], expected: &str| {
        let name = FileName::of_disk(std::ffi::OsStr::from_bytes(raw));
        assert_eq!(name.as_ref().map(FileName::as_str), Some(expected));
    };
    check("Grüße.pdf".as_bytes(), "Grüße.pdf");
    check(b"Gr\xfc\xdfe \x80.pdf", "Grüße €.pdf");
}

#[test]
fn a_long_name_keeps_its_extension() {
    let name = clean(&format!("{}.pdf", "ä".repeat(300))).expect("something is left");
    assert!(name.len() <= 255 && name.ends_with("ä.pdf"));
    assert_eq!(clean(&"x".repeat(300)).map(|name| name.len()), Some(255));
}

#[test]
fn a_part_is_named_by_the_extended_form_first() {
    let named = |header: &str| {
        let header = HeaderValue::from_bytes(header.as_bytes()).expect("a header");
        let disposition = ContentDisposition::from_raw(&header).expect("readable");
        FileName::of_part(&disposition).map(|name| name.as_str().to_owned())
    };
    let check = |header: &str, expected: &str| {
        assert_eq!(named(header).as_deref(), Some(expected), "{header}");
    };
    check("form-data; name=content; filename=\"a.pdf\"", "a.pdf");
    check(
        "form-data; name=content; filename=\"Größe.pdf\"",
        "Größe.pdf",
    );
    check(
        "form-data; name=content; filename=\"a%22b%0D%0A.pdf\"",
        "a\"b.pdf",
    );
    check(
        "form-data; name=content; filename=\"100%25.pdf\"",
        "100%25.pdf",
    );
    check(
        "form-data; name=content; filename=\"x.pdf\"; filename*=UTF-8''M%C3%BCller.pdf",
        "Müller.pdf",
    );
    check(
        "form-data; name=content; filename*=ISO-8859-1''M%FCller.pdf",
        "Müller.pdf",
    );
    check(
        "form-data; name=content; filename=\"x.pdf\"; filename*=UTF-8''%FF",
        "x.pdf",
    );
    assert_eq!(named("form-data; name=content"), None);
}

#[test]
fn a_browser_is_told_the_name_in_both_forms() {
    let header = |raw: &str| {
        FileName::clean(raw)
            .expect("a name")
            .disposition(Disposition::Attachment)
    };
    assert_eq!(header("a.pdf"), "attachment; filename=\"a.pdf\"");
    assert_eq!(
        header("Müller & \"Söhne\".pdf"),
        "attachment; filename=\"M_ller & _S_hne_.pdf\"; filename*=UTF-8''M%C3%BCller%20&%20%22S%C3%B6hne%22.pdf"
    );
}

proptest! {
    #[test]
    fn whatever_comes_in_what_goes_out_is_a_header_and_no_path(raw in "\\PC{0,400}") {
        if let Some(name) = FileName::clean(&raw) {
            prop_assert!((1..=255).contains(&name.as_str().len()));
            prop_assert!(!name.as_str().contains(['/', '\\', '\0', '\n', '\r']));
            let header = name.disposition(Disposition::Inline);
            prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        }
    }
}

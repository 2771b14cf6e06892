use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::media::guess;
use super::walk::{Found, Refusal, open, walk};

fn paths(found: &[Found]) -> Vec<(String, Option<Refusal>)> {
    let shown = |one: &Found| (one.path.display().to_string(), one.refused.clone());
    found.iter().map(shown).collect()
}

#[test]
fn a_folder_is_walked_in_order_and_says_what_is_left_out() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret.txt"), "x").expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir_all(root.join("b/.git")).expect("a folder");
    fs::write(root.join("b/.git/config"), "x").expect("written");
    for name in [
        "b/2.txt",
        "b/1.txt",
        "a.txt",
        "a.txt.metadata.json",
        ".hidden",
    ] {
        fs::write(root.join(name), "x").expect("written");
    }
    fs::write(root.join("empty.txt"), "").expect("written");
    let old = std::ffi::OsStr::from_bytes(b"Gr\xfc\xdfe.txt");
    let beside = std::ffi::OsStr::from_bytes(b"Gr\xfc\xdfe.txt.metadata.json");
    for name in [old, beside] {
        fs::write(root.join(name), "{}").expect("written");
    }
    fs::write(root.join("gone.pdf.metadata.json"), "{}").expect("written");
    symlink(outside.path().join("secret.txt"), root.join("out.txt")).expect("a link");
    symlink(outside.path(), root.join("outside")).expect("a link");
    symlink("nowhere", root.join("lost.txt")).expect("a link");
    symlink("a.txt", root.join("z.txt")).expect("a link");
    let found = walk(root).expect("readable");
    let expected = [
        (".hidden", Some(Refusal::Hidden)),
        ("Gr\u{fffd}\u{fffd}e.txt", None),
        ("a.txt", None),
        ("b/.git", Some(Refusal::Hidden)),
        ("b/1.txt", None),
        ("b/2.txt", None),
        ("empty.txt", Some(Refusal::Empty)),
        ("gone.pdf.metadata.json", Some(Refusal::Widowed)),
        ("lost.txt", Some(Refusal::Link)),
        ("out.txt", Some(Refusal::Link)),
        ("outside", Some(Refusal::Link)),
        ("z.txt", None),
    ];
    let expected: Vec<_> = expected.map(|(path, why)| (path.to_owned(), why)).into();
    assert_eq!(paths(&found), expected);
}

#[test]
fn a_link_put_in_the_place_of_content_is_not_followed_out_of_the_folder() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret.txt"), "x").expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), "x").expect("written");
    assert!(open(folder.path(), Path::new("a.txt")).is_ok());
    fs::remove_file(folder.path().join("a.txt")).expect("removed");
    symlink(
        outside.path().join("secret.txt"),
        folder.path().join("a.txt"),
    )
    .expect("a link");
    assert_eq!(
        open(folder.path(), Path::new("a.txt")).err(),
        Some(Refusal::Link)
    );
}

#[test]
fn a_folder_that_is_none_is_an_error() {
    assert!(walk(Path::new("/no/such/folder")).is_err());
}

#[test]
fn content_is_known_by_its_first_bytes() {
    let check = |name: &str, head: &[u8], expected: &str| assert_eq!(guess(name, head), expected);
    check("brief.txt", b"%PDF-1.7\n", "application/pdf");
    check("scan", b"\0\0junk%PDF-1.4", "application/pdf");
    check("bild.pdf", b"\x89PNG\r\n\x1a\n....", "image/png");
    check("bild.jpg", b"\xff\xd8\xff\xe0", "image/jpeg");
    check("seite.TIF", b"II*\0....", "image/tiff");
    check(
        "a.docx",
        b"PK\x03\x04",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    );
    check(
        "a.odt",
        b"PK\x03\x04",
        "application/vnd.oasis.opendocument.text",
    );
    check("a.bin", b"PK\x03\x04", "application/zip");
    check("a.docx", b"not a container", "text/plain");
    check("notiz.txt", "Grüße".as_bytes(), "text/plain");
    check("notiz", b"abc\xc3", "text/plain");
    check("mail.eml", b"From: a@b.example\n", "message/rfc822");
    check("liste.csv", b"a;b\n", "text/csv");
    check("a.pdf", b"\x01\x02\x03", "application/octet-stream");
}

//! What is not in a mail or an archive, or cannot be told from another: named, and why.

use std::io::Cursor;

use cfb::CompoundFile;
use indexer::extract::{Reason, TextState};

use crate::containers::zip;
use crate::outlook::{Outlook, wide};
use crate::parts::take;

pub(crate) fn a_link_in_a_mail_is_no_damaged_attachment() {
    let file = CompoundFile::create(Cursor::new(Vec::new())).expect("a file");
    let mut mail = Outlook { file };
    mail.storage(
        "/",
        32,
        &[],
        &[("1000001F", &wide("die Pläne liegen in der Wolke"))],
    );
    // By a link to the web, by a path, and one that is broken.
    for (number, (name, method)) in [("Pläne.pdf", 7), ("Liste.xlsx", 4), ("kaputt.bin", 1)]
        .into_iter()
        .enumerate()
    {
        let at = format!("/__attach_version1.0_#0000000{number}");
        let name = wide(name);
        mail.storage(&at, 8, &[(0x3705_0003, method)], &[("3707001F", &name)]);
    }
    mail.file.flush().expect("a vector takes all");
    let (read, parts) = take(&mail.file.into_inner().into_inner());
    assert_eq!(parts, []);
    let reason = Reason::PartsElsewhere;
    assert_eq!(read.state, TextState::PartlyReadable { reason });
    let left: Vec<_> = read
        .left_out
        .iter()
        .map(|one| (one.name.as_str(), one.reason))
        .collect();
    let expected = [
        ("Pläne.pdf", Reason::PartsElsewhere),
        ("Liste.xlsx", Reason::PartsElsewhere),
        ("kaputt.bin", Reason::PartsDamaged),
    ];
    assert_eq!(left, expected);
}

pub(crate) fn a_member_whose_name_stands_twice_is_named() {
    let mut archive = zip(&[
        ("Ordner/Brief-1.txt", b"der erste"),
        ("Notiz.txt", b"eine Notiz"),
        ("Ordner/Brief-2.txt", b"der zweite"),
    ]);
    let other = b"Brief-2";
    for at in 0..archive.len() - other.len() {
        if archive[at..].starts_with(other) {
            archive[at + other.len() - 1] = b'1';
        }
    }
    let (read, parts) = take(&archive);
    assert_eq!(parts.len(), 2, "of two with one name there is one");
    let left: Vec<_> = read.left_out.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(left, ["Ordner/Brief-1.txt"]);
}

//! Mails as Outlook keeps them, by a generator: read and taken apart.

use std::io::{Cursor, Write as _};

use cfb::CompoundFile;
use indexer::extract::{Format, TextState};

use crate::builder::simple;
use crate::parts::take;
use crate::support::text;

/// Writes a mail as Outlook does, into a storage of a file.
pub(crate) struct Outlook {
    pub(crate) file: CompoundFile<Cursor<Vec<u8>>>,
}

pub(crate) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Outlook {
    fn stream(&mut self, path: &str, bytes: &[u8]) {
        let mut stream = self.file.create_stream(path).expect("a place");
        stream.write_all(bytes).expect("a vector takes all");
    }

    /// `head`: bytes before the properties. Each of these is its number and eight bytes.
    pub(crate) fn storage(
        &mut self,
        at: &str,
        head: usize,
        fixed: &[(u32, u64)],
        texts: &[(&str, &[u8])],
    ) {
        if at != "/" {
            self.file.create_storage(at).expect("a storage");
        }
        let mut properties = vec![0; head];
        for (tag, value) in fixed {
            properties.extend(tag.to_le_bytes());
            properties.extend([6, 0, 0, 0]);
            properties.extend(value.to_le_bytes());
        }
        let within = at.trim_end_matches('/');
        self.stream(&format!("{within}/__properties_version1.0"), &properties);
        for (name, bytes) in texts {
            self.stream(&format!("{within}/__substg1.0_{name}"), bytes);
        }
    }
}

pub(crate) fn golden_outlook(pdf: &[u8]) -> Vec<u8> {
    let file = CompoundFile::create(Cursor::new(Vec::new())).expect("a file");
    let mut mail = Outlook { file };
    // 2026-03-02T08:15:00Z in hundreds of nanoseconds since 1601.
    let sent = (1_772_439_300 + 11_644_473_600) * 10_000_000;
    mail.storage(
        "/",
        32,
        &[(0x0039_0040, sent)],
        &[
            ("0037001F", &wide("Straßenaufbruch Mühlengasse")),
            ("0C1A001F", &wide("Jörg Müller")),
            ("5D01001F", &wide("joerg.mueller@stadtwerke.example")),
            ("1000001F", &wide("die Sperrung der Mühlengasse dauert")),
            ("1035001F", &wide("20260302.0815@stadtwerke.example")),
        ],
    );
    mail.storage(
        "/__recip_version1.0_#00000000",
        8,
        &[(0x0c15_0003, 1)],
        &[
            ("3001001F", &wide("Bürgerbüro")),
            ("39FE001F", &wide("buergerbuero@hollerfurt.example")),
        ],
    );
    mail.storage(
        "/__recip_version1.0_#00000001",
        8,
        &[(0x0c15_0003, 2)],
        &[("3001001E", b"K\xfcche")],
    );
    mail.storage(
        "/__attach_version1.0_#00000000",
        8,
        &[],
        &[("3707001F", &wide("Lagepläne.pdf")), ("37010102", pdf)],
    );
    mail.storage("/__attach_version1.0_#00000001", 8, &[], &[]);
    let inner = "/__attach_version1.0_#00000001/__substg1.0_3701000D";
    mail.storage(
        inner,
        24,
        &[(0x0039_0040, sent)],
        &[
            ("0037001F", &wide("Nachfrage")),
            ("10130102", b"<p>Wann ist die <b>Gasse</b> frei?</p>"),
        ],
    );
    mail.storage(
        &format!("{inner}/__attach_version1.0_#00000000"),
        8,
        &[],
        &[
            ("3704001E", b"notiz.txt"),
            ("37010102", b"Kreuzung beachten"),
        ],
    );
    mail.file.flush().expect("a vector takes all");
    mail.file.into_inner().into_inner()
}

pub(crate) fn a_mail_of_outlook_is_read_and_taken_apart() {
    let pdf = simple(&["Lageplan der Sperrung"]);
    let (mail, parts) = take(&golden_outlook(&pdf));
    assert_eq!(mail.format, Format::Outlook);
    assert_eq!(mail.state, TextState::Readable);
    assert!(text(&mail).contains("die Sperrung der Mühlengasse dauert"));
    let fields = mail.mail.expect("fields");
    assert_eq!(
        fields.subject.as_deref(),
        Some("Straßenaufbruch Mühlengasse")
    );
    assert_eq!(fields.sent, Some(1_772_439_300));
    assert_eq!(fields.from[0].name.as_deref(), Some("Jörg Müller"));
    assert_eq!(
        fields.to[0].address.as_deref(),
        Some("buergerbuero@hollerfurt.example")
    );
    assert_eq!(fields.cc[0].name.as_deref(), Some("Küche"));
    let paths: Vec<_> = parts.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(paths, ["Lagepläne.pdf", "Nachfrage.msg"]);
    assert_eq!(parts[0].2, pdf);
    // A mail inside is a file that can be opened by itself, and the same bytes each time.
    let (again, twice) = take(&golden_outlook(&pdf));
    assert_eq!((again.parts, &twice), (2, &parts));
    let (inner, parts) = take(&parts[1].2);
    assert_eq!(inner.format, Format::Outlook);
    assert!(text(&inner).contains("Wann ist die Gasse frei?"));
    assert_eq!(inner.mail.expect("fields").sent, Some(1_772_439_300));
    assert_eq!(
        parts,
        [("notiz.txt".into(), None, b"Kreuzung beachten".to_vec())]
    );
}

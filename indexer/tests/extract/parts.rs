//! Mails and archives, good and bad, by generators: what they contain is taken out as it was, and
//! nothing of it costs more than it may.

use indexer::extract::{
    Address, ExtractError, Extraction, Extractor, Format, Limits, Reason, Room, Taken, TextState,
};
use tokio::sync::mpsc;

use crate::builder::simple;
use crate::containers::zip;
use crate::outlook::golden_outlook;
use crate::support::{block_on, extractor, limits, text};

/// What was taken out: path, title, bytes.
pub(crate) type Part = (String, Option<String>, Vec<u8>);

pub(crate) fn apart(extractor: &Extractor, content: &[u8], room: Room) -> (Extraction, Vec<Part>) {
    block_on(async {
        let (taker, mut taken) = mpsc::channel(4);
        let reading = extractor.take_apart(content, None, room, taker);
        let keeping = async {
            let mut parts = Vec::new();
            let mut open = None;
            while let Some(one) = taken.recv().await {
                match one {
                    Taken::Head(head) => open = Some((head.path, head.title, Vec::new())),
                    Taken::Bytes(bytes) => {
                        let (_, _, all) = open.as_mut().expect("a part that began");
                        all.extend(bytes);
                    }
                    Taken::End { whole } => {
                        let part = open.take().expect("a part that began");
                        if whole {
                            parts.push(part);
                        }
                    }
                }
            }
            parts
        };
        let (extraction, parts) = tokio::join!(reading, keeping);
        (extraction.expect("a worker"), parts)
    })
}

pub(crate) const ROOM: Room = Room {
    parts: 1_000,
    bytes: 64 << 20,
};

pub(crate) fn take(content: &[u8]) -> (Extraction, Vec<Part>) {
    apart(&extractor(limits()), content, ROOM)
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (number, three) in bytes.chunks(3).enumerate() {
        let word = three
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let sign = usize::try_from(word >> (18 - 6 * place) & 63).expect("six bits");
            out.push(if place <= three.len() {
                char::from(SIGNS[sign])
            } else {
                '='
            });
        }
        if number % 19 == 18 {
            out.push_str("\r\n");
        }
    }
    out
}

/// A mail as a town hall gets it: umlauts in every encoding, an attachment, and a mail inside.
pub(crate) fn golden_mail(pdf: &[u8]) -> Vec<u8> {
    let pdf = base64(pdf);
    let mail = format!(
        "Received: from mx.example by mail.hollerfurt.example; Mon, 2 Mar 2026 09:15:01 +0100\r\n\
         From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <joerg.mueller@stadtwerke.example>\r\n\
         To: =?iso-8859-1?Q?B=FCrgerb=FCro?= <buergerbuero@hollerfurt.example>,\r\n \
         poststelle@hollerfurt.example\r\n\
         Cc: \"Vosskuhl, Anke\" <a.vosskuhl@hollerfurt.example>\r\n\
         Subject: =?utf-8?B?U3RyYcOfZW5hdWZicnVjaCBNw7xobGVuZ2Fzc2U=?=\r\n\
         Date: Mon, 2 Mar 2026 09:15:00 +0100\r\n\
         Message-ID: <20260302.0815@stadtwerke.example>\r\n\
         In-Reply-To: <frage-7@hollerfurt.example>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"aussen\"\r\n\r\n\
         Vorspann\r\n\
         --aussen\r\n\
         Content-Type: multipart/alternative; boundary=innen\r\n\r\n\
         --innen\r\n\
         Content-Type: text/plain; charset=iso-8859-15\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n\
         die Sperrung der M=FChlengasse kostet 250 =A4 je Woche und dauert bis zum =\r\n\
         Fr=FChjahr.\r\n\
         --innen\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n\
         <p>nur im Netz zu lesen</p>\r\n\
         --innen--\r\n\
         --aussen\r\n\
         Content-Type: application/pdf; name=\"=?utf-8?Q?Lagepl=C3=A4ne.pdf?=\"\r\n\
         Content-Disposition: attachment; filename*=utf-8''Lagepl%C3%A4ne.pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{pdf}\r\n\
         --aussen\r\n\
         Content-Type: text/csv; charset=windows-1252\r\n\
         Content-Disposition: attachment; filename=\"Anwohner.csv\"\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n\
         M=FCller;Schl=FCsselgasse\r\n\
         --aussen\r\n\
         Content-Type: message/rfc822\r\n\r\n{INNER}\
         --aussen--\r\n"
    );
    mail.into_bytes()
}

/// The mail within it, byte for byte.
const INNER: &str = "From: anke@hollerfurt.example\r\n\
    Subject: =?utf-8?Q?Nachfrage_zur_M=C3=BChlengasse?=\r\n\
    Date: Sun, 1 Mar 2026 08:00:00 +0100\r\n\
    Message-ID: <frage-7@hollerfurt.example>\r\n\
    Content-Type: multipart/mixed; boundary=drin\r\n\r\n\
    --drin\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    Wann ist die Gasse wieder frei?\r\n\
    --drin\r\n\
    Content-Type: text/plain; name=notiz.txt\r\n\
    Content-Disposition: attachment\r\n\r\n\
    Kreuzung beachten\r\n\
    --drin--\r\n";

#[expect(clippy::too_many_lines, reason = "one table of cases")]
pub(crate) fn a_mail_is_read_and_taken_apart() {
    let pdf = simple(&["Lageplan der Sperrung"]);
    let (mail, parts) = take(&golden_mail(&pdf));
    assert_eq!(mail.format, Format::Mail);
    assert_eq!(mail.state, TextState::Readable);
    let words = text(&mail);
    assert!(
        words.contains("die Sperrung der Mühlengasse kostet 250 € je Woche"),
        "{words}"
    );
    assert!(words.contains("bis zum Frühjahr."), "{words}");
    assert!(
        words.contains("Von: Jörg Müller <joerg.mueller@stadtwerke.example>"),
        "{words}"
    );
    assert!(
        !words.contains("nur im Netz"),
        "plain text is preferred: {words}"
    );
    assert!(!words.contains("Vorspann"), "{words}");
    let fields = mail.mail.expect("fields");
    let named = |name: Option<&str>, address: &str| Address {
        name: name.map(ToOwned::to_owned),
        address: Some(address.to_owned()),
    };
    assert_eq!(
        fields.from,
        [named(
            Some("Jörg Müller"),
            "joerg.mueller@stadtwerke.example"
        )]
    );
    assert_eq!(
        fields.to,
        [
            named(Some("Bürgerbüro"), "buergerbuero@hollerfurt.example"),
            named(None, "poststelle@hollerfurt.example")
        ]
    );
    assert_eq!(
        fields.cc,
        [named(
            Some("Vosskuhl, Anke"),
            "a.vosskuhl@hollerfurt.example"
        )]
    );
    assert_eq!(
        fields.subject.as_deref(),
        Some("Straßenaufbruch Mühlengasse")
    );
    assert_eq!(fields.sent, Some(1_772_439_300));
    assert_eq!(
        fields.message_id.as_deref(),
        Some("20260302.0815@stadtwerke.example")
    );
    assert_eq!(fields.in_reply_to, ["frage-7@hollerfurt.example"]);
    let names: Vec<_> = parts.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(
        names,
        [
            "Lagepläne.pdf",
            "Anwohner.csv",
            "Nachfrage zur Mühlengasse.eml"
        ]
    );
    assert_eq!(parts[0].2, pdf);
    // As it was sent, and not as we would write it.
    assert_eq!(parts[1].2.trim_ascii_end(), b"M\xfcller;Schl\xfcsselgasse");
    assert_eq!(parts[2].1.as_deref(), Some("Nachfrage zur Mühlengasse"));
    assert_eq!(
        parts[2].2.trim_ascii_end(),
        INNER.trim_ascii_end().as_bytes()
    );
    assert_eq!(mail.parts, 3);
    let (inner, parts) = take(&parts[2].2);
    assert!(text(&inner).contains("Wann ist die Gasse wieder frei?"));
    assert!(
        !text(&inner).contains("Kreuzung"),
        "an attachment is none of the text"
    );
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].2.trim_ascii_end(), b"Kreuzung beachten");
}

pub(crate) fn mails_of_every_kind_are_read() {
    let check = |mail: &[u8], words: &str| {
        let (read, _) = take(mail);
        assert_eq!(read.format, Format::Mail, "{words}");
        assert!(
            text(&read).contains(words),
            "{:?} lacks {words}",
            text(&read)
        );
    };
    check(
        b"From: a@b.example\nSubject: nur html\nContent-Type: text/html; charset=windows-1252\n\n\
          <html><head><title>weg</title><style>p{}</style></head><body>\
          <p>Die Geb\xfchr betr\xe4gt&nbsp;12&nbsp;\x80</p><td>Stra\xdfe</td><td>7</td></body></html>",
        "Die Gebühr beträgt 12 €\nStraße\t7",
    );
    check(
        b"From nobody Mon Mar  2 09:15:00 2026\nFrom: a@b.example\nTo: c@d.example\n\nText",
        "Text",
    );
    // Not one field tells how the text is written.
    check(
        "From: a@b.example\r\nTo: c@d.example\r\n\r\nGrüße ohne Angabe".as_bytes(),
        "Grüße ohne Angabe",
    );
    check(
        b"From: a@b.example\nSubject: Stand\nDate: x\n\n",
        "Betreff: Stand",
    );
}

/// A member of an archive: name, bytes.
type Member<'a> = (&'a str, &'a [u8]);

/// The archive with the mark of a password on its only member.
fn locked(mut archive: Vec<u8>) -> Vec<u8> {
    let mark = |archive: &mut Vec<u8>, sign: &[u8], at: usize| {
        let found = archive.windows(4).position(|four| four == sign);
        archive[found.expect("a head") + at] |= 1;
    };
    mark(&mut archive, b"PK\x03\x04", 6);
    mark(&mut archive, b"PK\x01\x02", 8);
    archive
}

pub(crate) fn an_archive_is_taken_apart() {
    let pdf = simple(&["Bescheid"]);
    let archive = zip(&[
        ("Unterlagen/", b""),
        ("Unterlagen/Bescheid.pdf", &pdf),
        ("Unterlagen/Fotos/Größe.txt", "Größe: 5 €".as_bytes()),
        ("leer.txt", b""),
    ]);
    let (read, parts) = take(&archive);
    assert_eq!(read.format, Format::Archive);
    assert_eq!(read.state, TextState::Readable);
    assert!(text(&read).contains("Unterlagen/Fotos/Größe.txt\n"));
    let paths: Vec<_> = parts.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "Unterlagen/Bescheid.pdf",
            "Unterlagen/Fotos/Größe.txt",
            "leer.txt"
        ]
    );
    assert_eq!(parts[0].2, pdf);
    assert_eq!(parts[2].2, b"");

    let (read, parts) = take(&locked(zip(&[("geheim.pdf", &pdf)])));
    assert_eq!(parts, []);
    assert_eq!(
        read.state,
        TextState::PartlyReadable {
            reason: Reason::PartsEncrypted
        }
    );
    assert_eq!(read.left_out[0].name, "geheim.pdf");

    // Documents of offices are for others to read.
    for office in ["[Content_Types].xml", "mimetype"] {
        let (read, parts) = take(&zip(&[(office, b"x"), ("word/document.xml", b"<w/>")]));
        assert_eq!((read.format, parts), (Format::Unknown, Vec::new()));
        assert_eq!(
            read.state,
            TextState::Unreadable {
                reason: Reason::UnknownFormat
            }
        );
    }
    let (read, _) = take(&zip(&[]));
    assert_eq!(
        read.state,
        TextState::Unreadable {
            reason: Reason::Empty
        }
    );
}

/// Archives in archives, and mails in mails.
fn nested(depth: usize, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    (0..depth).fold(b"Kern".to_vec(), |inner, _| wrap(&inner))
}

fn recursion(depth: usize) -> Vec<u8> {
    let mut mail = b"From: a@b.example\r\nTo: c@d.example\r\n".to_vec();
    for _ in 0..depth {
        mail.extend(b"Content-Type: message/rfc822\r\n\r\n");
    }
    mail.extend(b"\r\nKern");
    mail
}

fn multiparts(depth: usize) -> Vec<u8> {
    let mut mail = b"From: a@b.example\r\nTo: c@d.example\r\n".to_vec();
    for level in 0..depth {
        let line =
            format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
        mail.extend(line.into_bytes());
    }
    mail.extend(b"\r\nKern");
    mail
}

fn many(parts: usize) -> Vec<u8> {
    let mut mail = b"From: a@b.example\r\nTo: c@d.example\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n"
        .to_vec();
    for number in 0..parts {
        let part = format!(
            "--b\r\nContent-Type: application/octet-stream; name=\"{number}.bin\"\r\n\r\n{number}\r\n"
        );
        mail.extend(part.into_bytes());
    }
    mail.extend(b"--b--\r\n");
    mail
}

#[expect(clippy::too_many_lines, reason = "one table of cases")]
pub(crate) fn hostile_containers_end_in_a_state() {
    let zeros = vec![0; 40 << 20];
    let bomb = zip(&[("gross.bin", &zeros), ("klein.txt", b"klein")]);
    assert!(bomb.len() < 1 << 20);
    let (read, parts) = take(&bomb);
    assert_eq!(
        read.state,
        TextState::PartlyReadable {
            reason: Reason::PartsOverLimit
        }
    );
    assert_eq!(read.left_out.len(), 1);
    assert_eq!(read.left_out[0].name, "gross.bin");
    assert_eq!(parts.len(), 1, "what comes behind the bomb is taken out");

    // No limit but that on all bytes stops what is packed honestly.
    let room = Room {
        parts: 1_000,
        bytes: 5_000,
    };
    let (large, small) = ([1; 3_000], [3; 1_000]);
    let members: [Member<'_>; 3] = [("a", &large), ("b", &large), ("c", &small)];
    let (read, parts) = apart(&extractor(limits()), &zip(&members), room);
    assert_eq!(parts.len(), 1);
    assert_eq!(read.left_out.len(), 2);

    let names = [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "C:\\boot.ini",
        "a\r\nb.txt",
    ];
    let members: Vec<Member<'_>> = names.iter().map(|name| (*name, b"x".as_slice())).collect();
    let (_, parts) = take(&zip(&members));
    assert_eq!(parts.len(), 4, "names are data");
    assert!(
        parts
            .iter()
            .all(|(path, _, _)| !path.chars().any(char::is_control))
    );

    let (read, parts) = take(&many(1_500));
    assert_eq!(parts.len(), 1_000);
    assert_eq!(read.left_out.len(), 100, "so many are named");
    assert_eq!(
        read.state,
        TextState::PartlyReadable {
            reason: Reason::PartsOverLimit
        }
    );
    let room = Room { parts: 0, bytes: 0 };
    let (read, parts) = apart(&extractor(limits()), &many(2), room);
    assert_eq!((parts.len(), read.left_out.len()), (0, 2));

    let deep = nested(40, |inner| zip(&[("innen.zip", inner)]));
    let (read, parts) = take(&deep);
    assert_eq!(
        (read.format, parts.len()),
        (Format::Archive, 1),
        "one level at a time"
    );

    for (name, content) in [
        ("mails in mails", recursion(200_000)),
        ("parts in parts", multiparts(5_000)),
        (
            "an endless boundary",
            [many(3), b"--b".repeat(100_000)].concat(),
        ),
        (
            "a long line",
            [
                b"From: ".to_vec(),
                vec![b'a'; 4 << 20],
                b"\nTo: x\n\n".to_vec(),
            ]
            .concat(),
        ),
    ] {
        let (read, parts) = take(&content);
        println!("{name}: {:?}, {} parts", read.state, parts.len());
        let ended = match read.state.reason() {
            None => true,
            Some(reason) => reason != Reason::Crashed,
        };
        assert!(ended, "{name}: {:?}", read.state);
    }
}

pub(crate) fn broken_containers_end_in_a_state() {
    let pdf = simple(&["Lageplan"]);
    let seeds = [
        golden_mail(&pdf),
        golden_outlook(&pdf),
        zip(&[
            ("a/b.pdf", &pdf),
            ("c.txt", b"Text"),
            ("d.txt", b"mehr Text"),
        ]),
    ];
    let extractor = extractor(Limits {
        cpu_seconds_max: 2,
        ..limits()
    });
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 16).expect("48 bits") % below
    };
    for (kind, seed) in seeds.iter().enumerate() {
        for round in 0..24 {
            let mut content = seed.clone();
            if round % 4 == 0 {
                content.truncate(next(content.len()));
            } else {
                for _ in 0..=next(12) {
                    let at = next(content.len());
                    content[at] ^= 1 << next(8);
                }
            }
            let (read, parts) = apart(&extractor, &content, ROOM);
            assert_ne!(
                read.state.reason(),
                Some(Reason::Crashed),
                "{kind} {round}: {:?}",
                read.state
            );
            assert_eq!(
                usize::try_from(read.parts),
                Ok(parts.len()),
                "{kind} {round}"
            );
        }
    }
}

pub(crate) fn whoever_stops_taking_is_told() {
    let extractor = extractor(limits());
    let ended = block_on(async {
        let (taker, taken) = mpsc::channel(1);
        drop(taken);
        extractor
            .take_apart(many(3).as_slice(), None, ROOM, taker)
            .await
    });
    assert!(matches!(ended, Err(ExtractError::NotTaken)), "{ended:?}");
}

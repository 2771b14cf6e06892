//! Settings of forms, of the virus scanner, of signatures and the seal, of mail.

use super::{Setting, bytes, count, setting, words};
use crate::config::shape::{GIB, KIB, Shape};

/// Forms, the virus scanner, signatures, the seal, and mail.
pub(super) const SEALING: &[Setting] = &[
    setting(
        "forms.folder",
        words(1_000),
        "",
        "The folder with your own forms: each `.toml` in it is a template (`docs/forms.md`). Empty: only those that come with the program.",
    ),
    setting(
        "forms.town",
        words(120),
        "Stadtverwaltung",
        "Who issues forms: stands at the head of each page.",
    ),
    setting(
        "virus.clamd",
        Shape::Clamd,
        "",
        "Where clamd listens, which looks at everything that is put in: `unix:` and the path of its socket, or a host and a port. Empty: nothing is looked at.",
    ),
    setting(
        "virus.seconds_max",
        count(1, 3_600),
        "120",
        "How long clamd is waited for: that it takes a piece, and that it answers.",
    ),
    setting(
        "virus.bytes_max",
        bytes(KIB, 4 * GIB),
        "100 MiB",
        "The largest content that clamd is shown; what is larger is not taken in. No larger than what clamd takes (`StreamMaxLength`, `MaxFileSize`, `MaxScanSize`).",
    ),
    setting(
        "signatures.trust",
        Shape::Path,
        "{data_dir}/trust",
        "The folder of those whose signatures are trusted: certificates as `.pem`, `.crt`, `.cer` or `.der`, trusted lists of the EU as `.xml`. Read at the start; without it nobody is trusted.",
    ),
    setting(
        "signatures.lists",
        words(10_000),
        "",
        "Which trusted lists are meant, as names of files in `signatures.trust` and their SHA-256, such as `de.xml=3f0a…`, separated by commas. A file that is named and is another one is not trusted; a trusted list that is not named is, and `papierlos check` names it.",
    ),
    setting(
        "seal.key",
        words(1_000),
        "",
        "The private key of the seal in PEM (PKCS #8), for demonstrations and tests. Empty, and `seal.module` and `seal.remote` too: nothing is signed on tablets.",
    ),
    setting(
        "seal.certificates",
        words(1_000),
        "",
        "The PEM with the certificates of the seal, that of its key first.",
    ),
    setting(
        "seal.module",
        words(1_000),
        "",
        "The library of the PKCS #11 module in which the key of the seal lies, in place of `seal.key`.",
    ),
    setting(
        "seal.token",
        words(100),
        "",
        "The label of the token in the module.",
    ),
    setting(
        "seal.key_label",
        words(100),
        "",
        "The label of the key on the token.",
    ),
    setting("seal.pin", Shape::Secret, "", "The PIN of the token."),
    setting(
        "seal.remote",
        Shape::Url,
        "",
        "The service that seals (`docs/sealing.md`), in place of `seal.key` and `seal.module`: what `/signatures/signHash` is added to. By `https://`, but for one on this machine.",
    ),
    setting(
        "seal.remote_credential",
        words(200),
        "",
        "The name by which the service knows the key (`credentialID`).",
    ),
    setting(
        "seal.remote_token",
        Shape::Secret,
        "",
        "What shows the service who asks (`Authorization: Bearer`).",
    ),
    setting(
        "seal.remote_seconds_max",
        count(1, 60),
        "10",
        "How long the service is waited for. Whoever signs at the counter waits for it.",
    ),
    setting(
        "seal.name",
        words(200),
        "",
        "What the seal is called in a document, such as `Stadt Musterstadt`. Empty: what its certificate says.",
    ),
    setting(
        "seal.tsa",
        Shape::Url,
        "",
        "The timestamp authority (RFC 3161) that is asked when a seal was put on. Empty: none is, and seals stay at B-B.",
    ),
    setting(
        "seal.tsa_seconds_max",
        count(1, 60),
        "10",
        "How long the timestamp authority is waited for, and whoever is asked about certificates. Nobody at a counter waits for them.",
    ),
    setting(
        "seal.level",
        Shape::OneOf(&["b-b", "b-t", "b-lt", "b-lta"]),
        "b-t",
        "How far seals are raised after the counter: put on, with a timestamp (where `seal.tsa` names an authority), with what is known about their certificates, with a timestamp over all of it that is renewed.",
    ),
    setting(
        "seal.renew_before_days",
        count(1, 3_650),
        "90",
        "How many days before the certificate of its newest timestamp ends a document at B-LTA gets another one.",
    ),
    setting(
        "seal.allow_private",
        Shape::Networks,
        "",
        "Networks that are not public and may be asked about certificates all the same, where a certificate names an address there.",
    ),
    setting(
        "seal.ports",
        Shape::Ports,
        "80, 443",
        "Ports at which those may listen who are asked about certificates.",
    ),
    setting(
        "signing.job_seconds_max",
        count(1, 3_600),
        "600",
        "How long a document is shown on a tablet at most, from when it was sent.",
    ),
    setting(
        "signing.notary_certificate",
        words(1_000),
        "",
        "The certificate (PEM, a key on P-256 or P-384) to which the strokes of signatures are sealed at once; its private key is nowhere near. Empty: no strokes are kept, only what they look like.",
    ),
    setting(
        "signing.warn_days",
        count(1, 3_650),
        "60",
        "How many days before its end a certificate of the seal or of the notary is warned of: at the start, by `papierlos check`, and every night.",
    ),
    setting(
        "mail.host",
        words(253),
        "",
        "The host to which mail about workflows is handed over (SMTP). Empty: no mail is sent.",
    ),
    setting("mail.port", count(1, 65_535), "587", "Its port."),
    setting(
        "mail.tls",
        Shape::OneOf(&["none", "starttls", "tls"]),
        "starttls",
        "How the way there is protected: `starttls`, `tls` from the first byte on (port 465), or `none`, only within one machine and without a password.",
    ),
    setting(
        "mail.user",
        words(200),
        "",
        "Who the archive is for that host. Empty: nobody; it is not signed in.",
    ),
    setting("mail.password", Shape::Secret, "", "The password for that."),
    setting(
        "mail.from",
        words(320),
        "",
        "Whose mails they are, such as `Papierlos <papierlos@stadt.example>`.",
    ),
    setting(
        "mail.domains",
        words(1_000),
        "",
        "Domains to which mail goes, parted by commas. Empty: only that of `mail.from`.",
    ),
    setting(
        "mail.public_url",
        Shape::Url,
        "",
        "What links in mails and the addresses of calendars begin with, where it is not `server.public_url`. Counts only with `mail.host`.",
    ),
    setting(
        "mail.seconds_max",
        count(1, 300),
        "30",
        "How long the host is waited for, for one mail altogether.",
    ),
];

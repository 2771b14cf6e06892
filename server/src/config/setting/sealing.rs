//! Settings of forms, of the virus scanner, of signatures and the seal.

use super::{Setting, bytes, count, setting, words};
use crate::config::shape::{GIB, KIB, Shape};

/// Forms, the virus scanner, signatures and the seal.
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
        "seal.key",
        words(1_000),
        "",
        "The private key of the seal in PEM (PKCS #8), for demonstrations and tests. Empty, and `seal.module` too: nothing is signed on tablets.",
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
        "How long the timestamp authority is waited for. Nobody at a counter waits for it.",
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
];

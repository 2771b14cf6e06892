//! Every setting, once: name, shape, default and what it means.

use super::shape::{GIB, KIB, MIB, Shape, TIB};

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Section and name, as in the file: `server.listen`.
    pub key: &'static str,
    /// What its value must look like.
    pub shape: Shape,
    /// The value where nothing is said; `{data_dir}` stands for that setting.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

impl Setting {
    /// The name of its environment variable.
    pub fn variable(&self) -> String {
        format!("PAPIERLOS_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// The setting with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }
}

const fn setting(
    key: &'static str,
    shape: Shape,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        shape,
        default,
        help,
    }
}

const fn count(min: u64, max: u64) -> Shape {
    Shape::Count { min, max }
}

const fn bytes(min: u64, max: u64) -> Shape {
    Shape::Bytes { min, max }
}

const fn words(chars_max: usize) -> Shape {
    Shape::Text { chars_max }
}

/// All settings, in the order of the documents.
pub const SETTINGS: &[Setting] = &[
    setting(
        "data_dir",
        Shape::Path,
        "papierlos-data",
        "The folder under which everything lies that has no place of its own.",
    ),
    setting(
        "server.listen",
        Shape::Listen,
        "127.0.0.1:8080",
        "Where the server listens. Port 0 takes any that is free.",
    ),
    setting(
        "server.public_url",
        Shape::Url,
        "",
        "The address that people and programs use, where it is not the one the server listens on.",
    ),
    setting(
        "server.workers",
        count(0, 256),
        "0",
        "Threads that answer requests; 0 is one for each core.",
    ),
    setting(
        "server.trusted_proxies",
        Shape::Addresses,
        "",
        "Proxies whose `X-Forwarded-For` is believed.",
    ),
    setting(
        "server.shutdown_seconds",
        count(1, 600),
        "30",
        "How long a stopping server finishes what it has begun.",
    ),
    setting(
        "limits.upload_bytes_max",
        bytes(KIB, TIB),
        "4 GiB",
        "The largest content of one upload.",
    ),
    setting(
        "limits.body_bytes_max",
        bytes(KIB, 64 * MIB),
        "1 MiB",
        "The largest JSON body.",
    ),
    setting(
        "limits.connections_max",
        count(16, 100_000),
        "4096",
        "Connections at the same time.",
    ),
    setting(
        "timeouts.head_seconds",
        count(1, 600),
        "10",
        "How long the head of a request may take.",
    ),
    setting(
        "timeouts.idle_seconds",
        count(1, 3_600),
        "30",
        "How long a request may stand still: no piece of the body, no answer.",
    ),
    setting(
        "timeouts.request_seconds_max",
        count(1, 86_400),
        "21600",
        "How long a request may take altogether, uploads included.",
    ),
    setting(
        "timeouts.keep_alive_seconds",
        count(1, 3_600),
        "75",
        "How long an idle connection stays open.",
    ),
    setting(
        "rates.address_per_second",
        count(0, 1_000_000),
        "1000",
        "Requests of one address; twice as many in a burst; 0 is no limit.",
    ),
    setting(
        "rates.principal_per_second",
        count(0, 1_000_000),
        "500",
        "Requests of one person, token or device; twice as many in a burst; 0 is no limit.",
    ),
    setting(
        "rates.sign_in_per_minute",
        count(0, 10_000),
        "10",
        "Attempts to sign in by one address; 0 is no limit. What holds for one name stands in `[sign_in]`.",
    ),
    setting(
        "database.url",
        Shape::Database,
        "sqlite:{data_dir}/papierlos.db",
        "Where the database is.",
    ),
    setting(
        "database.connections_max",
        count(1, 500),
        "10",
        "Connections for reading.",
    ),
    setting(
        "storage.backend",
        Shape::OneOf(&["folder", "s3"]),
        "folder",
        "Where blobs are stored.",
    ),
    setting(
        "storage.folder",
        Shape::Path,
        "{data_dir}/blobs",
        "The folder of the blobs, with `folder`.",
    ),
    setting(
        "storage.s3_endpoint",
        Shape::Url,
        "",
        "The address of the S3 service, with `s3`.",
    ),
    setting("storage.s3_bucket", words(63), "", "The bucket, with `s3`."),
    setting(
        "storage.s3_prefix",
        words(512),
        "",
        "What the name of every object begins with.",
    ),
    setting("storage.s3_region", words(64), "us-east-1", "The region."),
    setting(
        "storage.s3_access_key",
        words(256),
        "",
        "The access key, with `s3`.",
    ),
    setting(
        "storage.s3_secret_key",
        Shape::Secret,
        "",
        "The secret key, with `s3`.",
    ),
    setting(
        "storage.s3_allow_http",
        Shape::Flag,
        "false",
        "Whether the service may be reached without TLS.",
    ),
    setting(
        "keys.key_file",
        Shape::Path,
        "{data_dir}/keys/domains.toml",
        "The keys that wrap the keys of the blobs. Made on first start; back it up apart from the data.",
    ),
    setting(
        "log.origin",
        words(200),
        "",
        "The name of the audit log, for ever; where nothing is said, the host of the public address followed by `/audit`.",
    ),
    setting(
        "log.signing_key_file",
        Shape::Path,
        "{data_dir}/keys/log.key",
        "The key that signs the head of the log. Made on first start.",
    ),
    setting(
        "log.lock_dir",
        Shape::Path,
        "{data_dir}/lock",
        "Where the last signed head is kept. Best on a disk that no backup of the database restores.",
    ),
    setting(
        "log.publish_milliseconds",
        count(50, 60_000),
        "1000",
        "How soon after a change the head of the log is signed, and how long the pause between two signatures is.",
    ),
    setting(
        "log.heartbeat_seconds",
        count(1, 86_400),
        "3600",
        "How often the head is signed where nothing changes.",
    ),
    setting(
        "index.dir",
        Shape::Path,
        "{data_dir}/index",
        "The folder of the search index. May be lost; it is rebuilt.",
    ),
    setting(
        "index.memory_bytes_max",
        bytes(16 * MIB, 4 * GIB),
        "64 MiB",
        "Memory for writing the index.",
    ),
    setting(
        "index.commit_milliseconds",
        count(20, 60_000),
        "100",
        "The pause between two commits of the index: the longer, the later a change can be found, and the less it costs.",
    ),
    setting(
        "extract.workers",
        count(1, 64),
        "1",
        "Processes that read text out of documents; pages are drawn by as many again.",
    ),
    setting(
        "extract.memory_bytes_max",
        bytes(64 * MIB, 16 * GIB),
        "512 MiB",
        "Memory of one such process.",
    ),
    setting(
        "extract.seconds_max",
        count(1, 3_600),
        "60",
        "Time for one document, by the clock and of the processor.",
    ),
    setting(
        "extract.pages_max",
        count(1, 1_000_000),
        "10000",
        "Pages of one document that are read.",
    ),
    setting(
        "extract.text_chars_max",
        count(10_000, 8_000_000),
        "5000000",
        "Characters of the text of one document that are kept.",
    ),
    setting(
        "extract.parts_max",
        count(0, 5_000),
        "1000",
        "Attachments and members of archives that are taken out of one document, with what lies in them in turn.",
    ),
    setting(
        "extract.parts_bytes_max",
        bytes(MIB, 64 * GIB),
        "1 GiB",
        "Bytes of all of them, unpacked.",
    ),
    setting(
        "extract.parts_ratio_max",
        count(2, 2_000),
        "250",
        "How many times larger than in its archive a member may become; up to 1 MiB it may in any case.",
    ),
    setting(
        "extract.parts_depth_max",
        count(1, 20),
        "5",
        "How deep what is taken out may lie in mails and archives.",
    ),
    setting(
        "extract.pdf_passwords",
        Shape::Secret,
        "",
        "Passwords that are tried at locked PDFs, one in a line: at most 20, each of at most 127 bytes.",
    ),
    setting(
        "extract.ocr_workers",
        count(0, 256),
        "0",
        "Processes that recognise the text of pictures; 0 is one for each core.",
    ),
    setting(
        "extract.ocr_program",
        Shape::Path,
        "/usr/bin/tesseract",
        "Where tesseract is. Where it is missing, scans wait until it is there.",
    ),
    setting(
        "extract.ocr_languages",
        Shape::OneOf(&["deu+eng", "deu", "eng+deu", "eng"]),
        "deu+eng",
        "The languages of pictures, the most frequent first: pages are read in it, and in all of them where they look English.",
    ),
    setting(
        "extract.office_workers",
        count(1, 64),
        "1",
        "Processes that make pages of documents of an office, where LibreOffice is there.",
    ),
    setting(
        "extract.office_program",
        Shape::Path,
        "/usr/lib/libreoffice/program/soffice.bin",
        "Where LibreOffice is. Where it is missing, the text of such documents is drawn instead of their pages.",
    ),
    setting(
        "extract.office_dir",
        Shape::Path,
        "/dev/shm",
        "The folder below which it works: what it converts lies there in the clear for as long. It should be one in memory.",
    ),
    setting(
        "extract.office_memory_bytes_max",
        bytes(512 * MIB, 16 * GIB),
        "1 GiB",
        "Memory of one such process.",
    ),
    setting(
        "extract.office_seconds_max",
        count(5, 600),
        "60",
        "Time of the processor that it may take for one document; by the clock five times as much.",
    ),
    setting(
        "extract.copies_always",
        Shape::Flag,
        "false",
        "Whether a searchable copy (PDF/A) is made of every scan as soon as it was recognised; otherwise when somebody asks for it. A copy takes about as much room as the scan.",
    ),
    setting(
        "privacy.serial_numbers",
        Shape::SerialNumbers,
        "LXXXXXXXXC, LXXXXXXXX, 999999999C, MRZ",
        "What serial numbers of identity documents look like, by which nobody may search: they are masked in the index. Empty: none are.",
    ),
    setting(
        "privacy.serial_words",
        words(2_000),
        "personalausweis, ausweisnummer, ausweis-nr, ausweisnr, ausweis nr, reisepass, passnummer, pass-nr, passnr, pass nr, aufenthaltstitel, identity card, id card, passport, residence permit",
        "The words near which a number of such a shape is a serial number.",
    ),
    setting(
        "webhooks.allow_http",
        Shape::Flag,
        "false",
        "Whether receivers of webhooks may be reached without TLS.",
    ),
    setting(
        "webhooks.allow_private",
        Shape::Networks,
        "",
        "Networks that are not public and may receive webhooks all the same.",
    ),
    setting(
        "webhooks.ports",
        Shape::Ports,
        "443",
        "Ports at which receivers of webhooks may listen.",
    ),
    setting(
        "webhooks.at_once_max",
        count(1, 64),
        "8",
        "Webhooks that one process delivers at the same time.",
    ),
    setting(
        "webhooks.keep_days",
        count(1, 3_650),
        "30",
        "How long the list of deliveries keeps those that are over.",
    ),
    setting(
        "auth.session_hours",
        count(1, 720),
        "12",
        "How long someone stays signed in.",
    ),
    setting(
        "auth.argon2_memory_bytes",
        bytes(8 * MIB, 4 * GIB),
        "19 MiB",
        "Memory for checking one password (argon2id); holds for passwords that are set from then on.",
    ),
    setting(
        "auth.argon2_passes",
        count(1, 20),
        "2",
        "Passes over that memory.",
    ),
    setting(
        "auth.password_chars_min",
        count(8, 128),
        "10",
        "The fewest characters of a password.",
    ),
    setting(
        "rights.role_grants_by_two",
        Shape::Flag,
        "false",
        "Whether a role that is given holds only when another administrator has approved it.",
    ),
    setting(
        "rights.inspection_days_max",
        count(1, 400),
        "90",
        "Days that an inspection of a file, a case or a document lasts at most.",
    ),
    setting(
        "rights.inspection_days_inside_max",
        count(1, 400),
        "30",
        "The same where what is inspected stands in a compartment.",
    ),
    setting(
        "rights.break_glass_hours_max",
        count(1, 72),
        "4",
        "Hours that an administrator may read in an emergency at most.",
    ),
    setting(
        "access_log.classes",
        Shape::Classes,
        "*:all:go_on",
        "What is recorded of looks at which protection class, and whether nothing is shown when that cannot be recorded.",
    ),
    setting(
        "sign_in.failures_max",
        count(1, 100),
        "5",
        "Failed attempts to sign in under one name from one network before the next has to wait.",
    ),
    setting(
        "sign_in.failures_everywhere_max",
        count(1, 1_000),
        "50",
        "The same from all networks together from which nobody has signed in lately.",
    ),
    setting(
        "sign_in.delay_seconds",
        count(1, 3_600),
        "2",
        "How long it has to wait then; doubled with each further failure.",
    ),
    setting(
        "sign_in.delay_seconds_max",
        count(1, 86_400),
        "900",
        "The longest that it has to wait.",
    ),
    setting(
        "sign_in.forget_hours",
        count(1, 720),
        "24",
        "After how long without a failure they are forgotten.",
    ),
    setting(
        "sign_in.network_days",
        count(1, 400),
        "30",
        "How long a network from which somebody signed in is known.",
    ),
    setting(
        "sign_in.idle_seconds",
        count(10, 86_400),
        "3600",
        "How long the session of a browser may go unused before it ends.",
    ),
    setting(
        "oidc.issuer",
        Shape::Url,
        "",
        "The provider of identities by which people sign in: `iss` of its tokens, to the letter. Empty: there is none.",
    ),
    setting(
        "oidc.client_id",
        Shape::Text { chars_max: 200 },
        "",
        "Who we are for it.",
    ),
    setting(
        "oidc.client_secret",
        Shape::Secret,
        "",
        "What proves that to it; empty for a public client.",
    ),
    setting(
        "oidc.scopes",
        Shape::Text { chars_max: 500 },
        "openid profile",
        "What it is asked to say, parted by spaces.",
    ),
    setting(
        "oidc.login_claim",
        Shape::Text { chars_max: 100 },
        "preferred_username",
        "Under which name it says the login.",
    ),
    setting(
        "oidc.name_claim",
        Shape::Text { chars_max: 100 },
        "name",
        "Under which it says the name for people.",
    ),
    setting(
        "oidc.groups_claim",
        Shape::Text { chars_max: 100 },
        "groups",
        "Under which it says the groups.",
    ),
    setting(
        "oidc.roles",
        Shape::GroupRoles,
        "",
        "Which roles its groups stand for. They come and end with the groups; roles that people gave are not touched.",
    ),
    setting(
        "oidc.may_give_admin",
        Shape::Flag,
        "false",
        "Whether `oidc.roles` may name the role of an administrator, and an administrator may be linked by login.",
    ),
    setting(
        "oidc.create_accounts",
        Shape::Flag,
        "false",
        "Whether an account is made for whoever comes from the provider for the first time.",
    ),
    setting(
        "oidc.link_by_login",
        Shape::Flag,
        "false",
        "Whether whoever comes for the first time is linked with the account that bears the login. Only where nobody chooses the login at the provider.",
    ),
    setting(
        "oidc.post_logout_redirect",
        Shape::Url,
        "",
        "Where the provider sends whoever has signed out there. Empty: the address that people use.",
    ),
    setting(
        "oidc.allow_http",
        Shape::Flag,
        "false",
        "Whether the provider may be reached without TLS. For trials.",
    ),
    setting(
        "oidc.seconds_max",
        count(1, 60),
        "10",
        "How long an answer of the provider is waited for.",
    ),
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
    setting(
        "check.nightly_hour",
        count(0, 23),
        "2",
        "At which hour (UTC) rows, blobs, log and index are checked against each other.",
    ),
    setting(
        "logging.format",
        Shape::OneOf(&["text", "json"]),
        "text",
        "How log lines look.",
    ),
    setting(
        "logging.level",
        words(500),
        "info",
        "What is logged: `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,server::audit=debug`.",
    ),
];

/// Variables that begin like ours but belong to the command line.
pub const RESERVED_VARIABLES: &[&str] = &["PAPIERLOS_CONFIG", "PAPIERLOS_URL", "PAPIERLOS_TOKEN"];

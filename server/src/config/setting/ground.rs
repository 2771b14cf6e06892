//! Settings of what the server stands on, of what it tells others, and of how it looks after itself.

use super::{Setting, bytes, count, setting, words};
use crate::config::shape::{GIB, KIB, MIB, Shape, TIB};

/// What the server stands on, from its folder to its index.
pub(super) const GROUND: &[Setting] = &[
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
        "Connections at the same time, of all workers together: each takes an equal part, rounded down, and at least one.",
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
        "Where the last signed head of each log is kept. Best on a disk that no backup of the database restores.",
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
        "log.report_dir",
        words(1_000),
        "",
        "The folder into which the daily report of the log is written soon after midnight, by the clocks of Germany, as `2026-11-26.pdf`, once; it must be there. Empty: none is written.",
    ),
    setting(
        "log.witnesses",
        words(4_000),
        "",
        "Who cosigns the head of the log (C2SP tlog-witness): the public key and the address of each, such as `NAME+ID+KEY https://zeuge.example`, parted by commas. Empty: nobody is asked.",
    ),
    setting(
        "log.witness_quorum",
        words(3),
        "all",
        "How many of them must have cosigned: `all`, or a number; 0 asks them and wants none.",
    ),
    setting(
        "log.tsa",
        Shape::Url,
        "",
        "The timestamp authority (RFC 3161) that stamps checkpoints of the log; it is sent a digest. Empty: none is asked.",
    ),
    setting(
        "log.tsa_every_hours",
        count(1, 720),
        "24",
        "How often it is asked, where the log has grown since.",
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
        "The pause between two commits of the index, up to four times as long while much comes in: the longer, the later a change can be found, and the less it costs.",
    ),
];

/// Messages to subscribers.
pub(super) const WEBHOOKS: &[Setting] = &[
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
];

/// What the house looks after by itself.
pub(super) const HOUSE: &[Setting] = &[
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

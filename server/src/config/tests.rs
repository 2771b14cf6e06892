use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{
    Config, ConfigErrors, DatabaseUrl, LogFormat, SETTINGS, Shape, Sources, Storage, table,
};

/// Loads a file with this text, these variables and these files of secrets.
fn load(
    file: &str,
    env: &[(&str, &str)],
    arguments: &[(&'static str, String)],
) -> Result<Config, ConfigErrors> {
    let env: BTreeMap<String, String> = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let read = |path: &Path| match path.to_str() {
        Some("papierlos.toml") => Ok(file.to_owned()),
        Some("/run/secret") => Ok("geheim\n".to_owned()),
        Some(_) | None => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let path = (!file.is_empty()).then_some(Path::new("papierlos.toml"));
    Config::load(&Sources {
        file: path,
        env: &env,
        arguments,
        read: &read,
    })
}

fn refusal(file: &str, env: &[(&str, &str)]) -> String {
    load(file, env, &[]).expect_err("it is refused").to_string()
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let config = load("", &[], &[("data_dir", "/srv/p/".to_owned())]).expect("it is fine");
    assert_eq!(config.data_dir, Path::new("/srv/p"));
    assert_eq!(
        config.database.url,
        DatabaseUrl::Sqlite(PathBuf::from("/srv/p/papierlos.db"))
    );
    assert_eq!(
        config.storage,
        Storage::Folder(PathBuf::from("/srv/p/blobs"))
    );
    assert_eq!(config.index.dir, Path::new("/srv/p/index"));
    assert_eq!(config.limits.upload_bytes_max, 4 * 1024 * 1024 * 1024);
    assert_eq!(config.server.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.log.origin, "127.0.0.1:8080/audit");
    assert_eq!(config.server.workers, None);
    assert_eq!(config.auth.argon2_memory_kib, 19 * 1024);
    assert!(
        config
            .shown()
            .iter()
            .filter(|shown| !shown.is_default)
            .count()
            == 1
    );
}

#[test]
fn the_later_speaker_counts() {
    let file = "data_dir = \"/file\"\n[server]\nlisten = \"0.0.0.0:1\"\nworkers = 3\n[limits]\nupload_bytes_max = 2_000_000\n";
    let env = [
        ("PAPIERLOS_SERVER_LISTEN", "0.0.0.0:2"),
        ("PAPIERLOS_LIMITS_BODY_BYTES_MAX", "2MiB"),
    ];
    let config = load(file, &env, &[("data_dir", "/args".to_owned())]).expect("it is fine");
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.workers, Some(3));
    assert_eq!(config.limits.upload_bytes_max, 2_000_000);
    assert_eq!(config.limits.body_bytes_max, 2 * 1024 * 1024);
    assert_eq!(config.key_file, Path::new("/args/keys/domains.toml"));
    let origin = |key: &str| {
        let shown = config.shown().iter().find(|shown| shown.key == key);
        shown.map(|shown| shown.origin.clone()).unwrap_or_default()
    };
    assert_eq!(origin("server.listen"), "PAPIERLOS_SERVER_LISTEN");
    assert_eq!(origin("server.workers"), "papierlos.toml");
    assert_eq!(origin("data_dir"), "command line");
    assert_eq!(origin("logging.level"), "default");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let file = "datadir = \"x\"\n[server]\nlissten = \"a\"\nlisten = \"nowhere\"\nworkers = 9999\n[limits]\nupload_bytes_max = \"4 bananas\"\n[logging]\nformat = \"xml\"\nlevel = \"a=b=c\"\n[nonsense]\nx = 1\n";
    let env = [
        ("PAPIERLOS_SERVER_LISTE", "a"),
        ("PAPIERLOS_AUTH_SESSION_HOURS", "-3"),
    ];
    let text = refusal(file, &env);
    for expected in [
        "datadir (papierlos.toml): diese Einstellung gibt es nicht; war vielleicht data_dir gemeint?",
        "server.lissten (papierlos.toml): diese Einstellung gibt es nicht; war vielleicht server.listen gemeint?",
        "PAPIERLOS_SERVER_LISTE (Umgebung): diese Einstellung gibt es nicht; war vielleicht PAPIERLOS_SERVER_LISTEN gemeint?",
        "nonsense.x (papierlos.toml): diese Einstellung gibt es nicht",
        "server.listen = \"nowhere\" (papierlos.toml): erlaubt ist eine IP-Adresse mit Port, etwa 127.0.0.1:8080",
        "server.workers = \"9999\" (papierlos.toml): erlaubt ist eine ganze Zahl von 0 bis 256",
        "limits.upload_bytes_max = \"4 bananas\" (papierlos.toml): erlaubt ist eine Größe von 1 KiB bis 1 TiB, etwa 64 MiB",
        "auth.session_hours = \"-3\" (PAPIERLOS_AUTH_SESSION_HOURS): erlaubt ist eine ganze Zahl von 1 bis 720",
        "logging.format = \"xml\" (papierlos.toml): erlaubt ist eines von text, json",
        "logging.level = \"a=b=c\" (papierlos.toml): erlaubt ist error, warn",
    ] {
        assert!(
            text.contains(expected),
            "{expected:?} is missing in:\n{text}"
        );
    }
    assert_eq!(text.lines().count(), 11, "{text}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let text = refusal("a = [", &[]);
    assert!(
        text.contains("papierlos.toml ist kein TOML") && text.contains("line 1"),
        "{text}"
    );
    let read = |_: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
    let env = BTreeMap::new();
    let sources = Sources {
        file: Some(Path::new("x.toml")),
        env: &env,
        arguments: &[],
        read: &read,
    };
    let text = Config::load(&sources)
        .expect_err("it is refused")
        .to_string();
    assert!(
        text.contains("x.toml kann nicht gelesen werden: permission denied"),
        "{text}"
    );
}

#[test]
fn a_wrong_type_in_the_file_is_refused() {
    let text = refusal("[server]\nworkers = 1.5\nlisten = [1]\n", &[]);
    assert!(text.contains("server.workers = (Kommazahl)"), "{text}");
    assert!(text.contains("server.listen = (Liste)"), "{text}");
}

const S3: &str = "[storage]\nbackend = \"s3\"\ns3_endpoint = \"https://s3.example\"\ns3_bucket = \"b\"\ns3_access_key = \"k\"\n";

#[test]
fn a_secret_may_come_from_a_file_of_its_own() {
    let by_variable = [("PAPIERLOS_STORAGE_S3_SECRET_KEY_FILE", "/run/secret")];
    let by_setting = format!("{S3}s3_secret_key_file = \"/run/secret\"\n");
    let config = load(S3, &by_variable, &[]).expect("it is fine");
    let Storage::S3(one) = &config.storage else {
        unreachable!("it says s3")
    };
    assert_eq!(one.secret_key.expose(), "geheim");
    let config = load(&by_setting, &[], &[]).expect("it is fine");
    let Storage::S3(other) = &config.storage else {
        unreachable!("it says s3")
    };
    assert_eq!(one, other);
    let both = [
        ("PAPIERLOS_STORAGE_S3_SECRET_KEY", "x"),
        ("PAPIERLOS_STORAGE_S3_SECRET_KEY_FILE", "/run/secret"),
    ];
    assert!(refusal(S3, &both).contains("sind beide gesetzt"));
    let missing = [("PAPIERLOS_STORAGE_S3_SECRET_KEY_FILE", "/run/nothing")];
    assert!(refusal(S3, &missing).contains("/run/nothing kann nicht gelesen werden"));
    let not_a_secret = [("PAPIERLOS_SERVER_LISTEN_FILE", "/run/secret")];
    assert!(refusal("", &not_a_secret).contains("diese Einstellung gibt es nicht"));
}

#[test]
fn what_s3_needs_is_asked_for_together() {
    let text = refusal(
        "[storage]\nbackend = \"s3\"\ns3_endpoint = \"http://s3.example\"\n",
        &[],
    );
    for name in [
        "storage.s3_bucket",
        "storage.s3_access_key",
        "storage.s3_secret_key",
    ] {
        assert!(text.contains(&format!("{name} fehlt")), "{text}");
    }
    assert!(text.contains("storage.s3_allow_http = true"), "{text}");
}

#[test]
fn secrets_are_never_shown() {
    let env = [
        ("PAPIERLOS_STORAGE_S3_SECRET_KEY", "hunter2"),
        (
            "PAPIERLOS_DATABASE_URL",
            "postgres://p:hunter3@db/p?password=hunter4",
        ),
    ];
    let config = load(S3, &env, &[]).expect("it is fine");
    let printed = format!("{}{config:?}{:?}", config.print(), config.shown());
    assert!(!printed.contains("hunter"), "{printed}");
    assert!(printed.contains("postgres://p:********@db/p"), "{printed}");
    let DatabaseUrl::Postgres(url) = &config.database.url else {
        unreachable!("it is one")
    };
    assert!(url.expose().contains("hunter3"));
    let wrong = refusal("", &[("PAPIERLOS_DATABASE_URL", "mysql://p:hunter5@db")]);
    assert!(!wrong.contains("hunter"), "{wrong}");
    assert!(wrong.contains("sqlite:PFAD"), "{wrong}");
    // What no address can be is not handed to the driver, which would name it.
    for url in ["postgres://p:hunt/er#6@db/p", "postgres://p:12#hunter@db/p"] {
        let wrong = refusal("", &[("PAPIERLOS_DATABASE_URL", url)]);
        assert!(!wrong.contains("hunt"), "{wrong}");
        assert!(wrong.contains("%2F"), "{wrong}");
    }
}

#[test]
fn what_is_printed_says_in_german_where_it_comes_from() {
    let env = [("PAPIERLOS_LOGGING_LEVEL", "warn")];
    let data = [("data_dir", "/srv/p".to_owned())];
    let config = load("[logging]\nformat = \"json\"\n", &env, &data).expect("it is fine");
    let printed = config.print();
    for line in [
        "data_dir = \"/srv/p\"  # Befehlszeile",
        "level = \"warn\"  # PAPIERLOS_LOGGING_LEVEL",
        "format = \"json\"  # papierlos.toml",
        "allow_http = \"false\"  # Vorgabe",
    ] {
        assert!(printed.lines().any(|one| one == line), "{line}: {printed}");
    }
}

#[test]
fn what_is_printed_reads_back_as_the_same() {
    let file = "data_dir = \"/srv/ä \\\"p\\\"\"\n[server]\ntrusted_proxies = [\"10.0.0.1\", \"::1\"]\n[logging]\nformat = \"json\"\n";
    let config = load(file, &[], &[]).expect("it is fine");
    let again = load(&config.print(), &[], &[]).expect("what is printed is a configuration");
    assert_eq!(config.data_dir, again.data_dir);
    assert_eq!(config.server, again.server);
    assert_eq!(again.logging.format, LogFormat::Json);
    assert_eq!(config.database, again.database);
    assert_eq!(config.server.trusted_proxies.len(), 2);
}

#[test]
fn variables_of_the_command_line_and_of_others_are_left_alone() {
    let env = [
        ("PAPIERLOS_TOKEN", "x"),
        ("PATH", "/bin"),
        ("PAPIERLOS_SERVER_LISTEN", ""),
    ];
    let config = load("", &env, &[]).expect("it is fine");
    assert_eq!(config.server.listen.port(), 8080);
}

#[test]
fn an_origin_that_cannot_stand_in_a_checkpoint_is_refused() {
    assert!(refusal("[log]\norigin = \"a b\"\n", &[]).contains("log.origin = \"a b\""));
    let named = load(
        "[server]\npublic_url = \"https://akten.stadt.example/x/\"\n",
        &[],
        &[],
    );
    let named = named.expect("it is fine");
    assert_eq!(named.log.origin, "akten.stadt.example/audit");
    assert!(named.server.is_https());
    assert_eq!(named.server.public_url, "https://akten.stadt.example/x");
}

#[test]
fn no_variable_stands_for_two_settings() {
    let mut names: Vec<String> = SETTINGS.iter().map(super::Setting::variable).collect();
    for setting in SETTINGS.iter().filter(|setting| setting.shape.is_secret()) {
        names.push(format!("{}_FILE", setting.variable()));
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(SETTINGS.iter().all(|setting| setting.help.ends_with('.')));
    assert!(
        SETTINGS
            .iter()
            .all(|setting| setting.shape != Shape::Secret || setting.default.is_empty())
    );
}

#[test]
fn the_document_lists_every_setting() {
    let document = include_str!("../../../docs/configuration.md");
    assert!(
        document.contains(&table()),
        "docs/configuration.md must contain:\n{}",
        table()
    );
}

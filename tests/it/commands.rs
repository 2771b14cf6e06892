//! The command line speaks German: what a person reads of it, word for word.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use tests::app::binary;

/// Runs `papierlos ARGUMENTS --data DIR`, without what the environment says.
fn papierlos(data: &TempDir, arguments: &[&str]) -> Output {
    papierlos_at(data.path(), arguments)
}

fn papierlos_at(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--data").arg(data);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAPIERLOS_") {
            command.env_remove(&name);
        }
    }
    let output = command.stdin(Stdio::null()).output();
    output.expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// It was refused with this code, and these are the last words.
fn refuses(data: &TempDir, arguments: &[&str], code: i32, words: &str) {
    let output = papierlos(data, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(
        said.ends_with(&format!("papierlos: {words}\n")),
        "{arguments:?}: {said}"
    );
}

#[test]
fn help_and_what_was_wrong_are_in_german() {
    let data = TempDir::new().expect("a folder");
    let help = papierlos(&data, &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = text(&help.stdout);
    let begins = "Das papierlose Archiv eines Rathauses\n\n\
                  Aufruf: papierlos [OPTIONEN] <BEFEHL>\n\n\
                  Befehle:\n  serve       Startet den Server\n";
    assert!(help.starts_with(begins), "{help}");
    let ends = "\n  help        Zeigt diese Hilfe oder die eines Befehls\n\n\
                Optionen:\n\
                \x20     --config <DATEI>  Die Datei mit den Einstellungen\n\
                \x20     --data <ORDNER>   Der Ordner für alles, was keinen eigenen Ort hat\n\
                \x20 -h, --help            Zeigt diese Hilfe\n\
                \x20 -V, --version         Zeigt die Version\n";
    assert!(help.ends_with(ends), "{help}");
    // Without a command the help is the answer, but not a success.
    let nothing = Command::new(binary()).output().expect("the binary starts");
    assert_eq!(nothing.status.code(), Some(3));
    assert!(text(&nothing.stderr).starts_with(begins));
    refuses(
        &data,
        &["verfy"],
        3,
        "„verfy“ ist kein Befehl\n  gemeint vielleicht: verify-pdf, verify\n\n\
         Aufruf: papierlos [OPTIONEN] <BEFEHL>\n\nMehr dazu mit --help.",
    );
}

#[test]
fn accounts_and_their_roles_are_told_in_german() {
    let data = TempDir::new().expect("a folder");
    let mut adds = vec!["user", "add", "anna", "--name", "Anna Alt", "--no-password"];
    adds.extend(["--role", "clerk", "--department", "buergerbuero"]);
    let added = papierlos(&data, &adds);
    assert_eq!(text(&added.stdout), "anna: angelegt\n");
    // What the interface says of a refusal, the command line says too.
    refuses(&data, &adds, 2, "Schon vorhanden");
    let mut gives = vec!["user", "grant", "anna", "--from", "2100-01-01T00:00:00Z"];
    gives.extend(["--role", "mail_room", "--department", "buergerbuero"]);
    let given = papierlos(&data, &gives);
    let id = text(&given.stdout).trim().to_owned();
    let roles = text(&papierlos(&data, &["user", "roles", "anna"]).stdout);
    for words in [
        " gilt clerk buergerbuero ",
        " beginnt noch mail_room buergerbuero ",
    ] {
        assert_eq!(roles.matches(words).count(), 1, "{roles}");
    }
    let ended = papierlos(&data, &["user", "end-role", &id]);
    assert_eq!(text(&ended.stdout), format!("{id}: beendet\n"));
    let nobody = "niemand: ein solches Konto gibt es nicht";
    refuses(&data, &["user", "roles", "niemand"], 3, nobody);
    refuses(&data, &["user", "token", "niemand"], 2, nobody);
    let nowhere = [
        "user",
        "grant",
        "anna",
        "--role",
        "head",
        "--department",
        "mond",
    ];
    let words = "mond: eine solche Abteilung gibt es nicht";
    refuses(&data, &nowhere, 3, words);
}

#[test]
fn separator_sheets_are_written_and_nothing_is_overwritten_unasked() {
    let data = TempDir::new().expect("a folder");
    let out = data.path().join("blatt.pdf");
    let out = out.to_str().expect("a path");
    let mut sheet = vec!["sheets", "separator", "--out", out];
    let written = papierlos(&data, &sheet);
    assert_eq!(text(&written.stdout), format!("{out}: 1 Trennblatt\n"));
    let plain = std::fs::read(out).expect("a file");
    assert!(plain.starts_with(b"%PDF-"));
    sheet.extend(["--type", " Antrag "]);
    let there = format!("{out} gibt es schon; mit --force wird die Datei überschrieben");
    refuses(&data, &sheet, 3, &there);
    assert_eq!(std::fs::read(out).expect("a file"), plain);
    sheet.push("--force");
    let written = papierlos(&data, &sheet);
    assert!(written.status.success(), "{written:?}");
    let other = std::fs::read(out).expect("a file");
    assert!(other.starts_with(b"%PDF-") && other != plain);
    let left: Vec<_> = std::fs::read_dir(data.path()).expect("a folder").collect();
    assert!(!left.iter().flatten().any(|one| {
        let name = one.file_name();
        name.to_string_lossy().ends_with(".neu")
    }));

    let nowhere = data.path().join("nirgends").join("blatt.pdf");
    let nowhere = nowhere.to_str().expect("a path");
    let lost = papierlos(&data, &["sheets", "separator", "--out", nowhere]);
    assert_eq!(lost.status.code(), Some(2), "{lost:?}");
    let wrong = [
        "sheets",
        "separator",
        "--type",
        " ",
        "--force",
        "--out",
        out,
    ];
    refuses(&data, &wrong, 3, "--type: 1 bis 100 Zeichen");
    let adds = [
        "user",
        "add",
        "anna",
        "--name",
        "A",
        "--role",
        "admin",
        "--no-password",
    ];
    assert!(papierlos(&data, &adds).status.success());
    let wrong = [
        "sheets",
        "separator",
        "--department",
        "mond",
        "--force",
        "--out",
        out,
    ];
    refuses(
        &data,
        &wrong,
        3,
        "mond: eine solche Abteilung gibt es nicht",
    );
    let wrong = ["sheets", "label", "02.1", "9", "--force", "--out", out];
    let words = "02.1, 9: eine Akte oder einen Vorgang mit diesem Zeichen gibt es nicht";
    refuses(&data, &wrong, 2, words);
    assert_eq!(std::fs::read(out).expect("a file"), other);
}

#[test]
fn document_types_are_told_in_german_to_people_and_as_before_to_programs() {
    let data = TempDir::new().expect("a folder");
    let mut adds = vec!["user", "add", "anna", "--name", "Anna Alt", "--no-password"];
    adds.extend(["--role", "admin"]);
    assert!(papierlos(&data, &adds).status.success());
    let file = data.path().join("typen.toml");
    let sheet = "[[field]]\ncode = \"betrag\"\nlabel = \"Betrag\"\nkind = \"money\"\n";
    std::fs::write(&file, sheet).expect("written");
    let file = file.to_str().expect("a path");
    let brought = papierlos(&data, &["types", "import", file]);
    assert_eq!(text(&brought.stdout), "betrag: angelegt\n", "{brought:?}");
    let again = papierlos(&data, &["types", "import", file]);
    assert_eq!(text(&again.stdout), "es ändert sich nichts\n");
    let listed = papierlos(&data, &["types", "list"]);
    assert_eq!(text(&listed.stdout), "betrag: Feld\n");
    let listed = papierlos(&data, &["types", "list", "--json"]);
    assert_eq!(
        text(&listed.stdout),
        "{\"code\":\"betrag\",\"what\":\"field\"}\n"
    );
}

#[test]
fn a_folder_that_was_mistyped_is_not_taken_for_a_new_archive_without_findings() {
    let folder = TempDir::new().expect("a folder");
    let missing = folder.path().join("nichts");
    let empty = folder.path().join("leer");
    std::fs::create_dir(&empty).expect("a folder");
    let out = folder.path().join("aus");
    let out = out.to_str().expect("a path");
    let import = folder.path().to_str().expect("a path");
    for arguments in [
        &["check", "--json"][..],
        &["audit", "invariants"],
        &["export", "--log", out],
        &["reindex"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["log", "rotate-key"],
        &["plan", "list"],
        &["types", "list"],
        &["workflow", "list"],
        &["quarantine", "list"],
        &["tablets", "list"],
        &["user", "roles", "anna"],
        &["import", import, "--dry-run"],
    ] {
        for (data, words) in [
            (&missing, "nichts gibt es nicht. --data nennt den Ordner"),
            (&empty, "Hier ist kein Archiv: "),
        ] {
            let output = papierlos_at(data, arguments);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(said.contains(words), "{arguments:?}: {said}");
            assert_eq!(text(&output.stdout), "", "{arguments:?}");
        }
        assert!(!missing.exists(), "{arguments:?} made the folder");
        let made = std::fs::read_dir(&empty).expect("a folder").count();
        assert_eq!(made, 0, "{arguments:?} set something up");
    }
    // What the program brings along is shown without an archive, and none is made for it.
    let shown = papierlos_at(&empty, &["workflow", "show", "incoming-invoice"]);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let made = std::fs::read_dir(&empty).expect("a folder").count();
    assert_eq!(made, 0, "something was set up");
}

#[test]
fn what_cannot_be_read_is_said_in_german_before_its_cause() {
    let data = TempDir::new().expect("a folder");
    let inside = |name: &str| data.path().join(name).display().to_string();
    let all = (inside("nichts"), inside("quittungen"), inside("da"));
    let (missing, list, there) = (all.0.as_str(), all.1.as_str(), all.2.as_str());
    std::fs::write(list, "# Nummer,Prüfsumme\nroot:x:0:0\n").expect("written");
    let cases = [
        (
            &["verify", missing][..],
            2,
            format!("papierlos: {missing} ist kein Prüfbündel: "),
        ),
        (
            &["verify", there, "--receipts", list][..],
            3,
            format!("papierlos: {list}: Zeile 2 ist keine Quittung; "),
        ),
        (
            &["verify", there, "--since", missing][..],
            2,
            format!("papierlos: {missing} gibt es nicht. "),
        ),
    ];
    for (arguments, code, words) in cases {
        let output = papierlos(&data, arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(&words), "{arguments:?}: {said}");
        assert!(said.contains(" (Ursache: "), "{arguments:?}: {said}");
    }
}

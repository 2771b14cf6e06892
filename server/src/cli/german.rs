//! The command line in German: what clap says by itself (headings, usage, what an argument takes, what was
//! wrong) is said here. Names of commands and options stay as they are.

use clap::builder::PossibleValue;
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, Command, Error};

/// How clap begins a line of usage.
const USAGE: &str = "Usage: ";
/// Behind everything else, which clap orders by 999 where nothing is said.
const LAST: usize = 1_000;

/// The command with everything that clap adds to it, in German.
pub(super) fn german(command: Command) -> Command {
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .display_order(LAST + 1)
        .help("Zeigt die Version");
    let command = command.disable_version_flag(true).arg(version);
    let mut command = with_words(command);
    // From here on the usage of each command is known, and `help` is there.
    command.build();
    with_usage(command)
}

/// The order of a help text, with the headings that clap would say in English.
fn with_template(command: Command) -> Command {
    let style = command.get_styles().get_usage();
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{style}Aufruf:{style:#} {{usage}}\n\n{{all-args}}{{after-help}}"
    );
    command
        .help_template(template)
        .subcommand_help_heading("Befehle")
}

fn with_words(command: Command) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .display_order(LAST)
        .help("Zeigt diese Hilfe");
    command
        .disable_help_flag(true)
        .arg(help)
        .mut_args(with_values)
        .mut_subcommands(with_words)
}

/// Says what an argument takes behind its help, and puts it under its heading.
fn with_values(arg: Arg) -> Arg {
    let heading = if arg.is_positional() {
        "Argumente"
    } else {
        "Optionen"
    };
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|one| one.to_string_lossy().into_owned())
        .filter(|one| !one.is_empty())
        .collect();
    if !defaults.is_empty() {
        help.push_str(&format!(" [Vorgabe: {}]", defaults.join(", ")));
    }
    let takes_values = arg.get_action().takes_values();
    let possible = arg.get_possible_values();
    let possible: Vec<_> = possible.iter().map(PossibleValue::get_name).collect();
    if takes_values && !possible.is_empty() {
        help.push_str(&format!(" [möglich: {}]", possible.join(", ")));
    }
    arg.help(help)
        .help_heading(heading)
        .hide_default_value(takes_values)
        .hide_possible_values(takes_values)
}

fn with_usage(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage
        .trim_start_matches(USAGE)
        .replace("[OPTIONS]", "[OPTIONEN]")
        .replace("COMMAND", "BEFEHL");
    // What clap has made only now comes with its own words.
    if command.get_name() == "help" {
        command = command.about("Zeigt diese Hilfe oder die eines Befehls");
    }
    with_template(command)
        .override_usage(usage)
        .mut_subcommands(with_usage)
}

/// What was wrong with a command line, for a person: a sentence, what may have been meant, the usage.
pub(super) fn sentence(error: &Error) -> String {
    let mut lines = vec![what(error)];
    let hints = [
        (ContextKind::ValidValue, "möglich"),
        (ContextKind::ValidSubcommand, "möglich"),
        (ContextKind::SuggestedSubcommand, "gemeint vielleicht"),
        (ContextKind::SuggestedArg, "gemeint vielleicht"),
        (ContextKind::SuggestedValue, "gemeint vielleicht"),
    ];
    for (kind, word) in hints {
        let named = said(error, kind);
        if !named.is_empty() {
            lines.push(format!("  {word}: {named}"));
        }
    }
    let usage = said(error, ContextKind::Usage);
    if !usage.is_empty() {
        lines.push(format!("\nAufruf: {}", usage.trim_start_matches(USAGE)));
    }
    lines.push("\nMehr dazu mit --help.".to_owned());
    lines.join("\n")
}

fn said(error: &Error, kind: ContextKind) -> String {
    error.get(kind).map(ToString::to_string).unwrap_or_default()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest are no refusals, and clap may add kinds"
)]
fn what(error: &Error) -> String {
    let argument = said(error, ContextKind::InvalidArg);
    let value = said(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("„{argument}“ wird hier nicht erwartet"),
        ErrorKind::InvalidSubcommand => {
            let command = said(error, ContextKind::InvalidSubcommand);
            format!("„{command}“ ist kein Befehl")
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("für {argument} fehlt der Wert"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("„{value}“ ist kein gültiger Wert für {argument}")
        }
        ErrorKind::TooManyValues => format!("„{value}“ ist für {argument} ein Wert zu viel"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("für {argument} ist die Zahl der Werte falsch")
        }
        ErrorKind::NoEquals => format!("zwischen {argument} und seinem Wert fehlt „=“"),
        ErrorKind::ArgumentConflict => {
            let other = said(error, ContextKind::PriorArg);
            if other.is_empty() || other == argument {
                format!("{argument} darf nur einmal dastehen")
            } else {
                format!("{argument} und {other} gehen nicht zusammen")
            }
        }
        ErrorKind::MissingRequiredArgument => format!("es fehlt: {argument}"),
        ErrorKind::MissingSubcommand => "es fehlt ein Befehl".to_owned(),
        ErrorKind::InvalidUtf8 => "die Befehlszeile ist kein gültiges UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::Papierlos;
    use super::*;

    fn refused(arguments: &[&str]) -> Error {
        let words = std::iter::once("papierlos").chain(arguments.iter().copied());
        let read = german(Papierlos::command()).try_get_matches_from(words);
        read.expect_err("a refusal")
    }

    fn said(arguments: &[&str]) -> String {
        sentence(&refused(arguments))
    }

    /// Every help text: of the command itself and of everything below it.
    fn helps() -> Vec<(String, String)> {
        fn walk(path: &str, command: &mut Command, found: &mut Vec<(String, String)>) {
            found.push((path.to_owned(), command.render_long_help().to_string()));
            for inner in command.get_subcommands_mut() {
                let path = format!("{path} {}", inner.get_name());
                walk(&path, inner, found);
            }
        }
        let mut found = Vec::new();
        walk("papierlos", &mut german(Papierlos::command()), &mut found);
        found
    }

    #[test]
    fn nothing_of_clap_is_left_in_english() {
        let all = helps();
        assert!(all.len() > 25, "{}", all.len());
        for (path, help) in all {
            assert!(help.contains(&format!("Aufruf: {path}")), "{help}");
            for english in [
                "Usage",
                "Options",
                "OPTIONS",
                "COMMAND",
                "Commands",
                "Arguments",
                "Print ",
                "[default",
                "possible",
            ] {
                assert!(!help.contains(english), "{path}: {english}: {help}");
            }
        }
    }

    #[test]
    fn every_argument_and_every_command_says_what_it_is() {
        fn walk(command: &Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty(), "{}: {arg}", command.get_name());
            }
            for inner in command.get_subcommands() {
                walk(inner);
            }
        }
        walk(&with_words(Papierlos::command()));
    }

    #[test]
    fn help_reads_as_one_page_of_german() {
        let error = refused(&["user", "token", "--help"]);
        assert_eq!(error.kind(), ErrorKind::DisplayHelp);
        let help = error.to_string();
        for line in [
            "Gibt einen Zugangsschlüssel aus; er wird nur dieses eine Mal gezeigt",
            "Aufruf: papierlos user token [OPTIONEN] <LOGIN>",
            "Argumente:",
            "Optionen:",
            "[Vorgabe: full] [möglich: full, read, intake]",
            "Zeigt diese Hilfe",
        ] {
            assert!(help.contains(line), "{line}: {help}");
        }
        let help = refused(&["help", "plan"]).to_string();
        assert!(help.contains("Befehle:"), "{help}");
        assert!(
            help.contains("Aufruf: papierlos plan [OPTIONEN] <BEFEHL>"),
            "{help}"
        );
    }

    #[test]
    fn a_wrong_command_line_is_answered_in_german() {
        let rest = "\n\nMehr dazu mit --help.";
        assert_eq!(
            said(&["verfy"]),
            format!(
                "„verfy“ ist kein Befehl\n  gemeint vielleicht: verify-pdf, verify\n\n\
                 Aufruf: papierlos [OPTIONEN] <BEFEHL>{rest}"
            )
        );
        assert!(
            said(&["check", "--deeep"]).starts_with(
                "„--deeep“ wird hier nicht erwartet\n  gemeint vielleicht: --deep\n\n"
            )
        );
        assert!(said(&["check", "alles"]).starts_with("„alles“ wird hier nicht erwartet\n"));
        assert!(said(&["import"]).starts_with("es fehlt: <ORDNER>\n\nAufruf: papierlos import "));
        assert!(said(&["check", "--data"]).starts_with("für --data <ORDNER> fehlt der Wert\n"));
        assert!(
            said(&["user", "grant", "anna", "--role", "boss"]).starts_with(
                "„boss“ ist kein gültiger Wert für --role <ROLLE>\n  möglich: tablet, archive, "
            )
        );
        assert!(
            said(&["user", "token", "anna", "--days", "viele"])
                .starts_with("„viele“ ist kein gültiger Wert für --days <TAGE>\n")
        );
        assert!(
            said(&["check", "--deep", "--deep"]).starts_with("--deep darf nur einmal dastehen\n")
        );
        assert!(
            said(&["migrate", "--grants", "app"])
                .starts_with("für --grants <ANWENDUNG> <PRÜFUNG> ist die Zahl der Werte falsch\n")
        );
    }
}

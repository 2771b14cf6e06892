//! What the reader of TOML says, in German and with what to do.

/// How its messages begin, what that means, and what to do.
const SAID: &[(&[&str], &str, &str)] = &[
    (
        &["string values must be quoted"],
        "Hier fehlen gerade Anführungszeichen.",
        "Ein Text steht in \"…\" oder in '…', nicht in „…“; ja und nein heißen true und false, ohne Anführungszeichen.",
    ),
    (
        &["duplicate key"],
        "Dieser Schlüssel steht hier schon.",
        "Bitte einmal entfernen.",
    ),
    (
        &[
            "invalid basic string",
            "invalid literal string",
            "missing opening quote",
        ],
        "Ein Text ist hier nicht zu Ende.",
        "Bitte das Anführungszeichen am Ende ergänzen; ein Text steht in einer Zeile.",
    ),
    (
        &["missing comma between array elements", "unclosed array,"],
        "In einer Liste fehlt ein Komma, oder ihre Klammer ] am Ende.",
        "Bitte ergänzen; begonnen hat die Liste vielleicht in einer Zeile davor.",
    ),
    (
        &[
            "missing comma between key-value pairs",
            "unclosed inline table",
            "invalid inline table element",
            "missing key for inline table element",
        ],
        "In einer Tabelle in { } fehlt ein Komma, oder ihre Klammer } am Ende.",
        "Bitte ergänzen; begonnen hat sie vielleicht in einer Zeile davor.",
    ),
    (
        &["extra comma"],
        "Hier steht ein Komma zu viel.",
        "Bitte entfernen.",
    ),
    (
        &["extra `=`", "extra assignment", "unexpected `=` in array"],
        "Hier steht ein = zu viel.",
        "Bitte entfernen; == gibt es nur in Ausdrücken, und die stehen in Anführungszeichen.",
    ),
    (
        &[
            "key with no value",
            "missing assignment",
            "missing value",
            "invalid key-value pair",
        ],
        "Hier fehlt = und ein Wert.",
        "Eine Zeile heißt schlüssel = wert; eine Bemerkung beginnt mit #.",
    ),
    (
        &[
            "unclosed table",
            "unclosed array table",
            "missing table open",
        ],
        "Eine Zeile wie [[state]] ist nicht geschlossen.",
        "Bitte die Klammern ergänzen, ein Paar oder zwei.",
    ),
    (
        &["invalid unquoted key", "unquoted keys cannot be empty"],
        "So heißt kein Schlüssel.",
        "Schlüssel bestehen aus Buchstaben von a bis z, Ziffern, _ und -.",
    ),
    (
        &["unexpected key or value"],
        "Nach dem Wert steht noch etwas.",
        "Bitte in eine neue Zeile schreiben; eine Bemerkung beginnt mit #, und ein Betrag steht als 500.00 in einem Ausdruck.",
    ),
];

/// What a message means, and what to do. One that is not known stands as it is.
pub(super) fn german(message: &str) -> (String, &'static str) {
    // The comma tells `unclosed array` from `unclosed array table`.
    let message_ended = format!("{message},");
    let begins = |begin: &str| message_ended.starts_with(begin);
    let known = SAID
        .iter()
        .find(|(begins_so, _, _)| begins_so.iter().any(|begin| begins(begin)));
    match known {
        Some((_, said, remedy)) => (format!("Das ist kein TOML: {said}"), remedy),
        None => (
            format!("Das ist kein TOML: {message}."),
            "Wie TOML geschrieben wird, steht in docs/workflows.md.",
        ),
    }
}

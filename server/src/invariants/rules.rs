//! The invariants: what each says, and where it comes from.

use std::collections::BTreeSet;

/// An invariant.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub number: u8,
    /// What it says, in German.
    pub de: &'static str,
    /// In English.
    pub en: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

impl Rule {
    /// As it is called: `I-9`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("I-{}", self.number)
    }
}

const fn rule(number: u8, de: &'static str, en: &'static str, source: &'static str) -> Rule {
    Rule {
        number,
        de,
        en,
        source,
    }
}

/// All of them, in their order.
pub static RULES: [Rule; 26] = [
    rule(
        1,
        "Jedes registrierte Dokument steht in genau einem Vorgang, einer Akte und einer Aktenplaneinheit.",
        "Every registered document stands in exactly one case, one file and one plan unit.",
        "xdomea 4.0.0; EGovG NRW § 9",
    ),
    rule(
        2,
        "Zeichen sind eindeutig und werden nie neu vergeben; Lücken sind erklärt.",
        "References are unique and never given again; gaps are explained.",
        "xdomea 4.0.0, Kennzeichen",
    ),
    rule(
        3,
        "Keine Fassung eines registrierten Dokuments ändert sich: Die Prüfsumme ist die gespeicherte.",
        "No version of a registered document ever changes: its digest is the stored one.",
        "GoBD; EGovG NRW § 11",
    ),
    rule(
        4,
        "Fassungen zählen 1 bis n ohne Lücke.",
        "Versions are numbered 1 to n without a hole.",
        "xdomea 4.0.0, Version.Nummer",
    ),
    rule(
        5,
        "Das Protokoll ist eine ungebrochene Kette; es hat so viele Einträge, wie es Änderungen gibt.",
        "The log is an unbroken chain; it has as many records as there are changes.",
        "GoBD; BSI OPS.1.1.5",
    ),
    rule(
        6,
        "Wer etwas änderte, hatte damals die Rolle oder Funktion dafür.",
        "Whoever changed something had the role or function for it at that time.",
        "AGA; KomHVO NRW § 31 Abs. 2",
    ),
    rule(
        7,
        "Wer für andere handelte, vertrat sie damals oder hatte die Funktion inne.",
        "Whoever acted for another stood in for him at that time, or held the function.",
        "AGA, Vertretung",
    ),
    rule(
        8,
        "Erledigte Schritte ändern sich nie; was gezeigt wird, folgt aus dem Verlauf.",
        "Completed steps never change; what is shown follows from the journal.",
        "xdomea 4.0.0, Beteiligungsschritt",
    ),
    rule(
        9,
        "Mit- und Schlusszeichnungen gelten der Fassung, die abgesandt wurde.",
        "Co-signatures and the final signature are of the version that was dispatched.",
        "GGO; AGA, Zeichnung",
    ),
    rule(
        10,
        "Vier Augen: Wer schlusszeichnet, hat nicht entworfen; wer anordnet, hat nicht festgestellt; niemand entscheidet in eigener Sache oder allein.",
        "Four eyes: the final signer is not the drafter, the orderer none of the checkers; nobody decides his own matter, or alone.",
        "KomHVO NRW § 31; VwVfG §§ 20, 21",
    ),
    rule(
        11,
        "Kein Betrag wurde angeordnet, der an diesem Tag über der Anordnungsbefugnis lag.",
        "No amount was ordered beyond the limit of that day.",
        "KomHVO NRW § 31 Abs. 2",
    ),
    rule(
        12,
        "Nichts wurde ohne Schlusszeichnung abgesandt, es sei denn, eine Regel erlaubt es.",
        "Nothing was dispatched without a final signature, unless a rule permits it.",
        "AGA, Zeichnung",
    ),
    rule(
        13,
        "Was eine Gebühr kostet, wurde erst nach Zahlung oder begründetem Erlass erteilt.",
        "What costs a fee was issued after payment or a waiver with a reason only.",
        "XBezahldienste 1.0; GebG NRW",
    ),
    rule(
        14,
        "Eine Einreichung wird erst bestätigt, wenn sie dauerhaft liegt; jede führt zu einem Vorgang.",
        "A submission is accepted once it is durable only; each leads to one case.",
        "FIT-Connect, SET",
    ),
    rule(
        15,
        "Ein Ausweis wurde nur nach Identitätsprüfung und PIN-Bestätigung (oder neuer PIN) ausgegeben; die Fingerabdrücke sind gelöscht.",
        "An identity card was handed over after the check of identity and the confirmation of the PIN (or a new one) only; the fingerprints are deleted.",
        "PAuswV § 17 Abs. 7, § 18 Abs. 2; PAuswG § 26 Abs. 2",
    ),
    rule(
        16,
        "Kein biometrischer Datensatz liegt offen im Archiv.",
        "No biometric record lies open in the archive.",
        "PAuswG § 26 Abs. 2; PassG § 16 Abs. 2",
    ),
    rule(
        17,
        "Von Vernichtetem bleibt kein Inhalt, kein Schlüssel und kein Text, aber der Nachweis.",
        "Of what was destroyed no content, no key and no text is left, but the tombstone is.",
        "DSGVO Art. 17",
    ),
    rule(
        18,
        "Nichts wurde unter einer Löschsperre, vor seiner Zeit oder von einer Person allein vernichtet.",
        "Nothing was destroyed under a hold, before its time or by one person alone.",
        "ArchivG NRW § 4; DSGVO Art. 17 Abs. 3",
    ),
    rule(
        19,
        "Was das Archiv übernimmt, wird erst nach dessen Bestätigung gelöscht.",
        "What the archive takes over is deleted after its confirmation only.",
        "xdomea 4.0.0, 0506",
    ),
    rule(
        20,
        "Ein Vorgang z. d. A. hat keinen offenen Schritt und keinen Entwurf, und nichts in ihm ändert sich.",
        "A closed case has no open step and no draft, and nothing in it changes.",
        "AGA, z. d. A.",
    ),
    rule(
        21,
        "Was in einem Schutzbereich steht, finden andere nicht.",
        "What stands in a compartment is not found by others.",
        "DSGVO Art. 32; LBG NRW § 83",
    ),
    rule(
        22,
        "Keine Seriennummer eines Ausweises steht in Suchindex oder Protokoll.",
        "No serial number of an identity document stands in the index or in the log.",
        "PAuswG § 20 Abs. 3; PassG § 16 Abs. 4",
    ),
    rule(
        23,
        "Zu jedem ersetzenden Scan gibt es Transfervermerk und Qualitätsprüfung; Papier wird erst nach der Sperrfrist vernichtet.",
        "Each replacement scan has a transfer note and a check of its quality; paper is destroyed after the blocking period only.",
        "BSI TR-03138; EGovG NRW § 10",
    ),
    rule(
        24,
        "Fristen folgen ihrer Regel; jede Verlängerung ist festgehalten.",
        "Due dates follow their rule; each extension is kept.",
        "VwVfG § 31; BGB §§ 187 bis 193",
    ),
    rule(
        25,
        "Ein Umlauf folgt der Definition, mit der er begann.",
        "A workflow runs by the definition with which it began.",
        "Verfahrensdokumentation, GoBD",
    ),
    rule(
        26,
        "Was ausgegeben und anderswo eingelesen wird, ist dort dasselbe.",
        "What is exported and imported elsewhere is the same there.",
        "xdomea 4.0.0, 0401",
    ),
];

/// Which are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted(BTreeSet<u8>);

impl Wanted {
    /// All.
    #[must_use]
    pub fn all() -> Self {
        Self(RULES.iter().map(|rule| rule.number).collect())
    }

    /// Those that a text names: `I-9,I-10`. What names none of them is given back.
    ///
    /// # Errors
    /// The first name that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut numbers = BTreeSet::new();
        for name in text.split(',').map(str::trim) {
            let known = RULES.iter().find(|rule| rule.id() == name);
            let rule = known.ok_or_else(|| name.chars().take(20).collect::<String>())?;
            numbers.insert(rule.number);
        }
        Ok(Self(numbers))
    }

    /// Whether one is asked for.
    #[must_use]
    pub fn has(&self, number: u8) -> bool {
        self.0.contains(&number)
    }

    /// Whether one of these is.
    #[must_use]
    pub fn has_any(&self, numbers: &[u8]) -> bool {
        numbers.iter().any(|number| self.has(*number))
    }
}

//! Why text is missing, with a sentence for each reason.

use std::fmt;

/// Why text is missing. Each has a sentence for the clerk who looks at the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// There is not one byte.
    Empty,
    /// A password is needed, or the encryption is unknown.
    Encrypted,
    /// The structure cannot be made sense of.
    Damaged,
    /// A limit on bytes, pages or characters was reached.
    TooLarge,
    /// Reading took too long and was stopped.
    TimedOut,
    /// Reading needed more memory than it may have and was stopped.
    OutOfMemory,
    /// The worker died.
    Crashed,
    /// Pages without text, such as a scan: a matter for character recognition.
    NoText,
    /// No format that can be read.
    UnknownFormat,
    /// Declared as text, but it is not.
    NotText,
    /// Built so that reading it would do harm: it swells or nests without end.
    Unsafe,
    /// Some of what it contains is protected by a password.
    PartsEncrypted,
    /// Some of what it contains cannot be unpacked.
    PartsDamaged,
    /// It contains more, or larger things, than are taken out.
    PartsOverLimit,
    /// It lies too deep in others for its contents to be taken out.
    PartsTooDeep,
    /// Some of what it names lies elsewhere: it holds no more than a link.
    PartsElsewhere,
    /// It is, or contains, a biometric record, which no archive hands out.
    Biometric,
    /// It is withheld, to be removed from a file: no archive hands it out.
    Withheld,
    /// The virus scanner knows something against some of what it contains. Told by whoever files the parts.
    PartsInfected,
    /// The virus scanner gave no verdict on some of what it contains. Told by whoever files the parts.
    PartsUnscanned,
    /// A picture in a format that nothing here decodes, such as HEIC.
    UnreadPicture,
}

impl Reason {
    /// Every reason, for documents and tests.
    pub const ALL: [Self; 21] = [
        Self::Empty,
        Self::Encrypted,
        Self::Damaged,
        Self::TooLarge,
        Self::TimedOut,
        Self::OutOfMemory,
        Self::Crashed,
        Self::NoText,
        Self::UnknownFormat,
        Self::NotText,
        Self::Unsafe,
        Self::PartsEncrypted,
        Self::PartsDamaged,
        Self::PartsOverLimit,
        Self::PartsTooDeep,
        Self::PartsElsewhere,
        Self::Biometric,
        Self::Withheld,
        Self::PartsInfected,
        Self::PartsUnscanned,
        Self::UnreadPicture,
    ];

    /// The stable name of the reason, for rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Encrypted => "encrypted",
            Self::Damaged => "damaged",
            Self::TooLarge => "too_large",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::Crashed => "crashed",
            Self::NoText => "no_text",
            Self::UnknownFormat => "unknown_format",
            Self::NotText => "not_text",
            Self::Unsafe => "unsafe",
            Self::PartsEncrypted => "parts_encrypted",
            Self::PartsDamaged => "parts_damaged",
            Self::PartsOverLimit => "parts_over_limit",
            Self::PartsTooDeep => "parts_too_deep",
            Self::PartsElsewhere => "parts_elsewhere",
            Self::Biometric => "biometric",
            Self::Withheld => "withheld",
            Self::PartsInfected => "parts_infected",
            Self::PartsUnscanned => "parts_unscanned",
            Self::UnreadPicture => "unread_picture",
        }
    }

    /// The reason of that stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// The sentence in German.
    #[expect(clippy::too_many_lines, reason = "one sentence for each reason")]
    pub const fn german(self) -> &'static str {
        match self {
            Self::Empty => "Die Datei ist leer.",
            Self::Encrypted => {
                "Die Datei ist mit einem Kennwort geschützt; ohne das Kennwort kann ihr Text nicht \
                 gelesen werden."
            }
            Self::Damaged => {
                "Die Datei ist beschädigt; ihr Text konnte nicht oder nur zum Teil gelesen werden."
            }
            Self::TooLarge => {
                "Die Datei ist sehr umfangreich; ihr Text wurde nicht oder nur bis zur Obergrenze \
                 gelesen."
            }
            Self::TimedOut => "Das Lesen des Textes hat zu lange gedauert und wurde abgebrochen.",
            Self::OutOfMemory => {
                "Das Lesen des Textes hätte zu viel Speicher gebraucht und wurde abgebrochen."
            }
            Self::Crashed => {
                "Das Lesen des Textes ist an dieser Datei gescheitert. Das Original ist \
                 unversehrt gespeichert."
            }
            Self::NoText => {
                "Die Datei enthält Seiten ohne lesbaren Text, vermutlich eingescannte Bilder."
            }
            Self::UnknownFormat => {
                "Der Text dieses Dateiformats wird nicht gelesen; das Dokument ist über seine \
                 Metadaten auffindbar."
            }
            Self::NotText => "Die Datei ist als Text angegeben, enthält aber keinen.",
            Self::Unsafe => {
                "Die Datei ist so gebaut, dass sie sich beim Lesen übermäßig aufbläht oder \
                 verschachtelt; das Lesen ihres Textes wurde vorsichtshalber abgebrochen."
            }
            Self::PartsEncrypted => {
                "Mindestens eine enthaltene Datei ist mit einem Kennwort geschützt und konnte \
                 nicht entnommen werden."
            }
            Self::PartsDamaged => {
                "Mindestens eine enthaltene Datei ist beschädigt oder auf unbekannte Weise \
                 gepackt und konnte nicht entnommen werden."
            }
            Self::PartsOverLimit => {
                "Die Datei enthält mehr oder größere Dateien, als entnommen werden; der Rest \
                 steht nur im Original."
            }
            Self::PartsTooDeep => {
                "Die Datei steckt zu tief in anderen; was sie enthält, steht nur im Original."
            }
            Self::PartsElsewhere => {
                "Mindestens eine Anlage ist nur ein Verweis und nicht in der Datei enthalten."
            }
            Self::Biometric => {
                "Die Datei ist ein biometrischer Datensatz oder enthält einen, etwa von \
                 Fingerabdrücken; ihr Inhalt ist gesperrt."
            }
            Self::Withheld => {
                "Die Datei soll aus einer Akte entfernt werden oder wurde es; ihr Inhalt ist gesperrt."
            }
            Self::PartsInfected => {
                "In mindestens einer enthaltenen Datei wurde Schadsoftware gefunden; sie liegt in \
                 Quarantäne. Das Original bitte nicht öffnen."
            }
            Self::PartsUnscanned => {
                "Mindestens eine enthaltene Datei konnte nicht auf Schadsoftware geprüft werden und \
                 wurde nicht entnommen; sie steht nur im Original."
            }
            Self::UnreadPicture => {
                "Das Bild ist im Format HEIC oder einem verwandten gespeichert, das hier weder \
                 gelesen noch angezeigt wird. Bitte als JPEG oder PDF hinzufügen."
            }
        }
    }

    /// The sentence in English.
    pub const fn english(self) -> &'static str {
        match self {
            Self::Empty => "The file is empty.",
            Self::Encrypted => {
                "The file is protected by a password; without it its text cannot be read."
            }
            Self::Damaged => "The file is damaged; its text could not be read, or only in part.",
            Self::TooLarge => {
                "The file is very large; its text was not read, or only up to the limit."
            }
            Self::TimedOut => "Reading the text took too long and was stopped.",
            Self::OutOfMemory => "Reading the text needed too much memory and was stopped.",
            Self::Crashed => {
                "Reading the text failed on this file. The original is stored unharmed."
            }
            Self::NoText => "The file has pages without readable text, probably scanned images.",
            Self::UnknownFormat => {
                "The text of this file format is not read; the document can be found by its \
                 metadata."
            }
            Self::NotText => "The file is declared as text but contains none.",
            Self::Unsafe => {
                "The file is built so that it swells or nests beyond measure when it is read; \
                 reading its text was stopped as a precaution."
            }
            Self::PartsEncrypted => {
                "At least one contained file is protected by a password and could not be taken out."
            }
            Self::PartsDamaged => {
                "At least one contained file is damaged or packed in an unknown way and could not \
                 be taken out."
            }
            Self::PartsOverLimit => {
                "The file contains more or larger files than are taken out; the rest is in the \
                 original only."
            }
            Self::PartsTooDeep => {
                "The file lies too deep in others; what it contains is in the original only."
            }
            Self::PartsElsewhere => {
                "At least one attachment is only a link and not contained in the file."
            }
            Self::Biometric => {
                "The file is a biometric record or contains one, such as of fingerprints; its \
                 content is withheld."
            }
            Self::Withheld => {
                "It is to be removed from the records, or was; its content is withheld."
            }
            Self::PartsInfected => {
                "At least one contained file is infected and lies in quarantine. Please do not open \
                 the original."
            }
            Self::PartsUnscanned => {
                "At least one contained file could not be scanned for viruses and was not taken out; it \
                 is in the original only."
            }
            Self::UnreadPicture => {
                "The picture is in HEIC or a format like it, which is neither read nor shown here. \
                 Please add it as JPEG or PDF."
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

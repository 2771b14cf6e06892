//! What the check can find: a closed set of codes.

use std::collections::BTreeMap;

use serde_json::json;

/// Most findings of one code that are listed; all are counted.
pub const FINDINGS_LISTED_MAX: usize = 50;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $german:literal;)+) => {
        /// A kind of finding. Names are stable: scripts may match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// A German sentence for the administrator: what it is and what to do.
            #[must_use]
            pub const fn german(self) -> &'static str {
                match self { $(Self::$variant => $german,)+ }
            }

            /// One English sentence.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+).trim_ascii_start(),)+ }
            }
        }
    };
}

codes! {
    /// The head of the log does not name its last record.
    LogHead = "log-head", "Der Kopf des Protokolls nennt nicht seinen letzten Eintrag. Das Programm tut das nie: Datenbank sichern, mit verify prüfen.";
    /// The head of the access log does not name its last record.
    AccessHead = "access-head", "Der Kopf des Zugriffsprotokolls nennt nicht seinen letzten Eintrag. Das Programm tut das nie: Datenbank sichern, mit verify prüfen.";
    /// The signed checkpoint in the lock covers more records than the database has.
    LockAhead = "lock-ahead", "Der festgehaltene Prüfpunkt nennt mehr Einträge, als die Datenbank hat: Sie wurde zurückgesetzt. Nichts schreiben; fehlende Einträge anhand der Quittungen feststellen.";
    /// The lock is missing although checkpoints were published.
    LockMissing = "lock-missing", "Der festgehaltene Prüfpunkt fehlt, obwohl schon Prüfpunkte veröffentlicht wurden. Den letzten bekannten zurücklegen.";
    /// The lock is older than the published checkpoint.
    LockBehind = "lock-behind", "Der festgehaltene Prüfpunkt ist älter als der veröffentlichte: Er wurde zurückgesetzt. Den neueren zurücklegen.";
    /// The lock is not a checkpoint, or none that a key of the log signed in its time.
    LockUnreadable = "lock-unreadable", "Der festgehaltene Prüfpunkt ist nicht lesbar, oder kein Schlüssel dieses Protokolls durfte ihn signieren. Solange das so ist, startet nichts, was schreibt, und nichts wird signiert. Feststellen, wer ihn ausgetauscht hat, und den letzten bekannten zurücklegen.";
    /// The log in the database does not continue the one that was signed.
    LogForked = "log-forked", "Das Protokoll in der Datenbank setzt das signierte nicht fort: Es wurde umgeschrieben oder zurückgesetzt. Nichts schreiben, Datenbank sichern, mit verify prüfen.";
    /// The signed checkpoint in the lock of the access log covers more records than the database has.
    AccessLockAhead = "access-lock-ahead", "Der festgehaltene Prüfpunkt des Zugriffsprotokolls nennt mehr Einträge, als die Datenbank hat: Es wurde zurückgesetzt. Was vor der Ausgabe protokolliert sein muss, wird nicht gezeigt; die neuere Datenbank zurücklegen.";
    /// The lock of the access log is missing although its checkpoints were published.
    AccessLockMissing = "access-lock-missing", "Der festgehaltene Prüfpunkt des Zugriffsprotokolls fehlt, obwohl schon Prüfpunkte veröffentlicht wurden. Solange das so ist, wird keiner signiert. Den letzten bekannten zurücklegen.";
    /// The lock of the access log is older than its published checkpoint.
    AccessLockBehind = "access-lock-behind", "Der festgehaltene Prüfpunkt des Zugriffsprotokolls ist älter als der veröffentlichte: Er wurde zurückgesetzt. Den neueren zurücklegen.";
    /// The lock of the access log is not a checkpoint, or none that a key of this log signed in its time.
    AccessLockUnreadable = "access-lock-unreadable", "Der festgehaltene Prüfpunkt des Zugriffsprotokolls ist nicht lesbar, oder kein Schlüssel dieses Protokolls durfte ihn signieren. Solange das so ist, wird keiner signiert. Feststellen, wer ihn ausgetauscht hat, und den letzten bekannten zurücklegen.";
    /// The access log in the database does not continue the one that was signed.
    AccessForked = "access-forked", "Das Zugriffsprotokoll in der Datenbank setzt das signierte nicht fort: Es wurde umgeschrieben oder zurückgesetzt. Datenbank sichern, mit verify prüfen.";
    /// The daily report of the log is not in its folder.
    ReportMissing = "report-missing", "Der Tagesbericht des Protokolls liegt nicht in seinem Ordner (log.report_dir). Im Protokoll des Servers steht, warum: Ordner, Rechte und Platz prüfen. `papierlos log report` schreibt ihn von Hand.";
    /// A witness that the settings name has cosigned nothing for a day, or never.
    WitnessSilent = "witness-silent", "Ein Zeuge aus log.witnesses hat seit einem Tag nichts mitgezeichnet, oder noch nie. Im Protokoll des Servers steht, warum: Läuft er, ist er erreichbar, kennt er den Schlüssel dieses Protokolls? Lehnt er das Protokoll ab, nichts löschen und mit verify --since prüfen, mit dem Prüfpunkt aus seinem Ordner.";
    /// The log was to be stamped, and the last timestamp is older than three intervals, or there is none.
    StampOld = "stamp-old", "Das Protokoll hat seit mehr als drei Abständen (log.tsa_every_hours) keinen Zeitstempel bekommen. Im Protokoll des Servers steht, warum: log.tsa und die Uhr dieses Rechners prüfen.";
    /// A job was put aside after too many attempts.
    JobFailed = "job-failed", "Ein Auftrag wurde nach zu vielen Versuchen beiseitegelegt. --repair gibt ihm neue Versuche.";
    /// A mail about workflows was given up in the last seven days, or nobody knows whether it was taken.
    MailGivenUp = "mail-given-up", "Eine Nachricht über Vorgänge wurde in den letzten sieben Tagen aufgegeben, oder niemand weiß, ob sie ankam. Im Protokoll des Servers steht, warum: Einstellungen unter mail oder die hinterlegte Adresse prüfen.";
    /// The versions of a document are not 1, 2, 3 … up to the one in force.
    VersionGap = "version-gap", "Die Fassungen eines Dokuments sind nicht lückenlos. Datenbank aus der Sicherung wiederherstellen.";
    /// The tags for filters are not those of the document.
    TagsAstray = "tags-astray", "Die Schlagworte für Filter sind nicht die des Dokuments. --repair schreibt sie neu, wo sich die Zeile lesen lässt.";
    /// A document is not found by what stands in its fields, or by something that does not.
    FieldsAstray = "fields-astray", "Ein Dokument wird nicht unter dem gefunden, was in seinen Feldern steht. --repair schreibt es neu, wo sich die Zeile lesen lässt.";
    /// A correspondent is not found by one of its names, or by one that it does not bear.
    NameAstray = "name-astray", "Ein Korrespondent wird unter einem seiner Namen nicht gefunden, oder unter einem, den er nicht trägt. --repair schreibt die Namen neu, wo sich die Zeile lesen lässt.";
    /// A role was given by one person although it takes two.
    RoleByOne = "role-by-one", "Eine Rolle hat nur eine Person vergeben, obwohl es zwei braucht. Eine andere Administration bestätigt oder beendet sie.";
    /// A registered document stands in no case.
    WithoutCase = "without-case", "Ein veraktetes Dokument steht in keinem Vorgang. Das Programm tut das nie: Datenbank sichern, mit verify prüfen.";
    /// A counter of references is lower than a number that was given.
    CounterBehind = "counter-behind", "Ein Zähler für Aktenzeichen steht niedriger als eine vergebene Nummer: Sie könnte noch einmal vergeben werden. Datenbank aus der Sicherung wiederherstellen.";
    /// A reference names more than one thing.
    ReferenceDoubled = "reference-doubled", "Ein Aktenzeichen nennt mehr als eine Sache. Datenbank sichern, mit verify prüfen.";
    /// A version has no text, and no job will read it.
    TextMissing = "text-missing", "Zu einer Fassung fehlt der Text, und kein Auftrag wird ihn lesen. --repair legt den Auftrag an.";
    /// Content is a biometric record, and nothing withholds it.
    BiometricFound = "biometric-found", "Ein Inhalt ist ein biometrischer Datensatz und wird noch ausgegeben. --deep --repair sperrt ihn und alles, worin er steckt.";
    /// A version is withheld because it is, or holds, a biometric record.
    BiometricWithheld = "biometric-withheld", "Eine Fassung ist gesperrt, weil sie ein biometrischer Datensatz ist oder einen enthält. Datenschutzbeauftragte verständigen; zwei Personen vernichten sie oder geben sie frei (docs/privacy.md).";
    /// A version is withheld to be removed from a file, and nobody has approved its destruction yet.
    RemovalWaits = "removal-waits", "Eine Fassung soll nach einem Verfahren aus einer Akte entfernt werden und ist gesperrt; vernichtet ist sie noch nicht. Eine zweite Person gibt den Antrag auf der Seite Gesperrt frei, oder zwei geben sie wieder heraus (docs/privacy.md).";
    /// Fewer documents were taken out of a version than its text says.
    ComponentsMissing = "components-missing", "Aus einer Fassung wurden weniger Anlagen entnommen, als ihr Text angibt. --repair legt den Auftrag an, der sie noch einmal liest.";
    /// A component does not stand where the document stands out of which it was taken, or says wrongly whether the version is in force.
    ComponentAstray = "component-astray", "Eine Anlage steht nicht, wo das Dokument steht, aus dem sie stammt, oder nennt die geltende Fassung falsch. Das Programm tut das nie: Datenbank sichern, mit verify prüfen.";
    /// A certificate of the seal or of the notary has ended, or ends soon.
    CertificateEnds = "certificate-ends", "Ein Zertifikat des Siegels oder des Notariats ist abgelaufen oder läuft bald ab. Ein neues beschaffen und in den Einstellungen eintragen (seal.certificates, signing.notary_certificate).";
    /// A seal is raised no further: a certificate on which it rests is revoked, or names nobody who can be asked about it.
    SealEnded = "seal-ended", "Ein Siegel wird nicht weiter angehoben: Ein Zertifikat, auf dem es beruht, ist widerrufen (revoked) oder nennt niemanden, der über es Auskunft gibt (no_sources). Ein anderes Zertifikat eintragen (seal.certificates) und das Dokument neu siegeln oder unterschreiben lassen.";
    /// A seal has waited for more than three days to be raised, or the certificate of its newest archive timestamp has ended.
    SealWaits = "seal-waits", "Ein Siegel wartet seit mehr als drei Tagen darauf, angehoben zu werden, oder das Zertifikat seines jüngsten Archivzeitstempels ist abgelaufen. Im Protokoll des Servers steht, warum: seal.tsa und die Adressen prüfen, die die Zertifikate nennen.";
    /// A trusted list is named by nobody: its signature is not checked here, and it counts as it lies there.
    ListUnnamed = "list-unnamed", "Eine Vertrauensliste ist nicht festgelegt: Ihre Signatur wird hier nicht geprüft, sie gilt, wie sie im Ordner liegt. Mit einem anderen Programm prüfen, dann Name und SHA-256 in signatures.lists eintragen.";
    /// A file of the trust folder is not the one that the settings name, or is missing, and is not trusted.
    ListAstray = "list-astray", "Eine Datei im Vertrauensordner ist nicht die, die signatures.lists nennt, oder fehlt: Ihr wird nicht vertraut. Feststellen, wer sie ausgetauscht hat; eine neue Liste prüfen und eintragen.";
    /// A blob that a row names is not in the store.
    BlobMissing = "blob-missing", "Ein Inhalt fehlt im Speicher. Die Datei dieses Namens aus der Sicherung zurücklegen.";
    /// A blob in the store has another length than its row says.
    BlobLength = "blob-length", "Ein Inhalt hat im Speicher eine falsche Länge. Die Datei dieses Namens aus der Sicherung zurücklegen.";
    /// A blob is not what its name or its row says, or its key does not open it.
    BlobDamaged = "blob-damaged", "Ein Inhalt ist beschädigt oder passt nicht zu seinem Schlüssel. Datei oder Datenbank aus der Sicherung zurücklegen.";
    /// A blob has no key.
    BlobKeyMissing = "blob-key-missing", "Zu einem Inhalt fehlt der Schlüssel in der Datenbank: Er ist nicht mehr lesbar. Datenbank aus der Sicherung wiederherstellen.";
    /// Content lies under other keys than those of the compartment of its document, and no job will move it.
    BlobAstray = "blob-astray", "Ein Inhalt liegt unter anderen Schlüsseln als denen der Abschottung, in der sein Dokument steht, und kein Auftrag holt ihn nach. --repair legt den Auftrag an.";
    /// A compartment has no key: nothing can be filed in it.
    DomainWithoutKey = "domain-without-key", "Eine Abschottung hat keinen Schlüssel: In ihr kann nichts abgelegt werden. `papierlos keys add BEREICH` ausführen, auch neben dem laufenden Server, dann die Schlüsseldatei sichern.";
    /// The bytes of a blob that was destroyed are in the store all the same, or again.
    BlobNotDestroyed = "blob-not-destroyed", "Ein vernichteter Inhalt liegt im Speicher, etwa aus einer Sicherung zurückgelegt; ohne Schlüssel liest ihn niemand. --repair löscht ihn.";
    /// A blob in the store is named by no row.
    BlobUnreferenced = "blob-unreferenced", "Eine Datei im Speicher gehört zu keinem Dokument, etwa nach einem Absturz. Nach der Wiederherstellung einer alten Datenbank zuerst klären; --repair löscht sie.";
    /// Uploads were begun and never finished.
    StagingLeftover = "staging-leftover", "Angefangene Uploads sind liegen geblieben. --repair löscht sie.";
    /// The index has applied records that the log does not have.
    IndexAhead = "index-ahead", "Der Suchindex kennt Einträge, die das Protokoll nicht hat: Die Datenbank ist älter als er. --repair baut ihn neu.";
    /// A document is not in the index.
    IndexMissing = "index-missing", "Ein Dokument fehlt im Suchindex. --repair baut ihn neu.";
    /// The index has another version of a document.
    IndexStale = "index-stale", "Der Suchindex kennt einen anderen Stand eines Dokuments. --repair baut ihn neu.";
    /// The index has a document that does not exist.
    IndexExtra = "index-extra", "Der Suchindex nennt ein Dokument, das es nicht gibt. --repair baut ihn neu.";
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// Which one: an id, a name of a blob, figures. Never content.
    pub what: String,
    /// Whether it was repaired.
    pub repaired: bool,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The rows of documents.
    Documents,
    /// The blobs.
    Blobs,
    /// Whether the blobs are what their digests say.
    BlobDigests,
    /// The index.
    Index,
}

impl Part {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Blobs => "blobs",
            Self::BlobDigests => "blob digests",
            Self::Index => "index",
        }
    }

    /// For people.
    const fn german(self) -> &'static str {
        match self {
            Self::Documents => "Dokumente",
            Self::Blobs => "Inhalte",
            Self::BlobDigests => "Prüfsummen der Inhalte",
            Self::Index => "Suchindex",
        }
    }
}

/// What a check found, and what it did not look at.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    list: Vec<Finding>,
    counts: BTreeMap<Code, Count>,
    skipped: Vec<Part>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    found: u64,
    repaired: u64,
}

impl Outcome {
    /// Adds a finding.
    pub(super) fn push(&mut self, code: Code, what: impl std::fmt::Display, repaired: bool) {
        let count = self.counts.entry(code).or_default();
        count.found += 1;
        count.repaired += u64::from(repaired);
        if usize::try_from(count.found).is_ok_and(|found| found <= FINDINGS_LISTED_MAX) {
            self.list.push(Finding {
                code,
                what: what.to_string(),
                repaired,
            });
        }
    }

    /// Notes that something was not looked at.
    pub(super) fn skip(&mut self, part: Part) {
        self.skipped.push(part);
    }

    /// The findings of these codes are mended after all.
    pub(super) fn mend(&mut self, codes: &[Code]) {
        for code in codes {
            if let Some(count) = self.counts.get_mut(code) {
                count.repaired = count.found;
            }
        }
        for finding in self
            .list
            .iter_mut()
            .filter(|finding| codes.contains(&finding.code))
        {
            finding.repaired = true;
        }
    }

    /// Whether there is one of this code.
    #[must_use]
    pub fn has(&self, code: Code) -> bool {
        self.counts.contains_key(&code)
    }

    /// The listed findings.
    #[must_use]
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// How many findings remain, those that were repaired left out.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.counts
            .values()
            .map(|count| count.found - count.repaired)
            .sum()
    }

    /// For scripts.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let counts: serde_json::Map<String, serde_json::Value> = self
            .counts
            .iter()
            .map(|(code, count)| {
                let count = json!({ "found": count.found, "repaired": count.repaired });
                (code.name().to_owned(), count)
            })
            .collect();
        let findings = self.list.iter().map(|finding| {
            json!({
                "code": finding.code.name(), "what": finding.what, "repaired": finding.repaired,
            })
        });
        json!({
            "clean": self.open() == 0,
            "open": self.open(),
            "counts": counts,
            "findings": findings.collect::<Vec<_>>(),
            "not_checked": self.skipped.iter().map(|one| one.name()).collect::<Vec<_>>(),
        })
    }

    /// For people, in German.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = Vec::new();
        for (code, count) in &self.counts {
            let repaired = match count.repaired {
                0 => String::new(),
                some => format!(", {some} behoben"),
            };
            lines.push(format!(
                "{} ({}{repaired}): {}",
                code.name(),
                count.found,
                code.german()
            ));
            let listed = self
                .list
                .iter()
                .filter(|finding| finding.code == *code)
                .take(10);
            lines.extend(listed.map(|finding| format!("    {}", finding.what)));
        }
        if !self.skipped.is_empty() {
            let skipped: Vec<&str> = self.skipped.iter().map(|one| one.german()).collect();
            lines.push(format!("nicht geprüft: {}", skipped.join(", ")));
        }
        lines.push(self.said());
        lines.join("\n")
    }

    /// How it ended, for people.
    #[must_use]
    pub fn said(&self) -> String {
        match self.open() {
            0 => "ohne Befund".to_owned(),
            1 => "1 offener Befund".to_owned(),
            open => format!("{open} offene Befunde"),
        }
    }
}

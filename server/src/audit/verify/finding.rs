//! What verification can find: a closed set of codes, each with its check and its weight.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::report::Check;

/// Most findings of one code that are listed; all are counted.
pub const FINDINGS_LISTED_MAX: usize = 100;

/// Whether something was changed or is merely not there to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The archive contradicts itself, its signature or the auditor's memory.
    Tampering,
    /// Material that the check needs is not there.
    Missing,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $check:ident, $weight:ident, $german:literal;)+) => {
        /// A kind of finding. Names are stable: scripts may match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The check that finds it.
            pub const fn check(self) -> Check {
                match self { $(Self::$variant => Check::$check,)+ }
            }

            /// How much it weighs.
            pub const fn weight(self) -> Weight {
                match self { $(Self::$variant => Weight::$weight,)+ }
            }

            /// One English sentence.
            pub const fn english(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+).trim_ascii_start(),)+ }
            }

            /// One German sentence.
            pub const fn german(self) -> &'static str {
                match self { $(Self::$variant => $german,)+ }
            }
        }
    };
}

codes! {
    /// A file of the bundle differs from its manifest.
    BundleFileChanged = "bundle-file-changed", Transport, Tampering, "Eine Datei des Pakets weicht von ihrem Verzeichnis ab.";
    /// A file of the bundle is named in its manifest and not there.
    BundleFileMissing = "bundle-file-missing", Transport, Missing, "Eine Datei des Pakets fehlt.";
    /// A file lies in the bundle that its manifest does not name.
    BundleFileUnlisted = "bundle-file-unlisted", Transport, Tampering, "Im Paket liegt eine Datei, die ihr Verzeichnis nicht nennt.";
    /// The checkpoint is not a signed checkpoint.
    CheckpointMalformed = "checkpoint-malformed", Signature, Tampering, "Der Prüfpunkt ist kein signierter Prüfpunkt.";
    /// A known key is named in the checkpoint and its signature is wrong.
    CheckpointSignatureInvalid = "checkpoint-signature-invalid", Signature, Tampering, "Die Signatur des Prüfpunkts ist falsch.";
    /// The checkpoint is signed by no key that is trusted.
    KeyUnknown = "key-unknown", Signature, Tampering, "Kein vertrauter Schlüssel hat den Prüfpunkt signiert.";
    /// A key signed a checkpoint outside of its era: after it was handed over, or before it was given the log.
    KeyRetired = "key-retired", Signature, Tampering, "Ein Schlüssel hat einen Prüfpunkt außerhalb seiner Zeit signiert: nach seiner Übergabe oder vor seinem Beginn.";
    /// The handovers of the signing key are not genuine, do not fit each other or the records of the log, or do not lead to every key that is trusted.
    KeyHandoverInvalid = "key-handover-invalid", Signature, Tampering, "Die Übergaben des Signaturschlüssels sind nicht echt, passen nicht zueinander oder nicht zu den Einträgen des Protokolls, oder sie führen nicht zu jedem vertrauten Schlüssel.";
    /// The log says that its key was handed over, and the handover is not there; or there is none at all, and nothing leads from one trusted key to the other.
    KeyHandoverMissing = "key-handover-missing", Signature, Missing, "Laut Protokoll wurde der Signaturschlüssel übergeben, und die Übergabe fehlt; oder es liegt gar keine vor, und nichts führt von einem vertrauten Schlüssel zum anderen.";
    /// A stored bundle of records cannot be taken apart.
    EntriesMalformed = "entries-malformed", Chain, Tampering, "Ein Bündel von Einträgen lässt sich nicht zerlegen.";
    /// A record is not written in the canonical form.
    LeafNotCanonical = "leaf-not-canonical", Chain, Tampering, "Ein Eintrag steht nicht in der kanonischen Form.";
    /// A record has fields that no record has, or lacks one.
    LeafMalformed = "leaf-malformed", Chain, Tampering, "Ein Eintrag hat falsche oder fehlende Felder.";
    /// The hash stored beside a record is not its hash.
    LeafHashMismatch = "leaf-hash-mismatch", Chain, Tampering, "Der gespeicherte Hash eines Eintrags ist nicht sein Hash.";
    /// What is stored beside a record (number, link, time, unit of work, subjects) differs from the record.
    RowMismatch = "row-mismatch", Chain, Tampering, "Was neben einem Eintrag steht (Nummer, Verkettung, Zeit, Vorgang, Gegenstände), weicht von ihm ab.";
    /// A record names another log.
    OriginMismatch = "origin-mismatch", Chain, Tampering, "Ein Eintrag nennt ein anderes Protokoll.";
    /// The first record is not bound to this log and its key.
    GenesisMismatch = "genesis-mismatch", Chain, Tampering, "Der erste Eintrag ist nicht an dieses Protokoll und seinen Schlüssel gebunden.";
    /// A record does not name the hash of the record before it.
    ChainLinkBroken = "chain-link-broken", Chain, Tampering, "Ein Eintrag nennt nicht den Hash seines Vorgängers.";
    /// Numbers are missing in the sequence of records.
    SeqGap = "seq-gap", Chain, Tampering, "In der Folge der Einträge fehlen Nummern.";
    /// A number comes again or out of order.
    SeqRepeated = "seq-repeated", Chain, Tampering, "Eine Nummer kommt doppelt oder außer der Reihe.";
    /// What is noted as the last record is not the last record.
    HeadMismatch = "head-mismatch", Chain, Tampering, "Als letzter Eintrag ist ein anderer vermerkt, als der letzte ist.";
    /// A record is older than the record before it.
    TimeRegress = "time-regress", Chain, Tampering, "Ein Eintrag ist älter als sein Vorgänger.";
    /// The records do not have the signed root.
    CheckpointRootMismatch = "checkpoint-root-mismatch", Tree, Tampering, "Die Einträge ergeben nicht die signierte Wurzel.";
    /// There are fewer records than a signed checkpoint says.
    LogShorterThanCheckpoint = "log-shorter-than-checkpoint", Tree, Tampering, "Es gibt weniger Einträge, als ein signierter Prüfpunkt nennt.";
    /// A published tile differs from the records.
    TileMismatch = "tile-mismatch", Tree, Tampering, "Eine veröffentlichte Kachel weicht von den Einträgen ab.";
    /// A published tile is not there.
    TileMissing = "tile-missing", Tree, Missing, "Eine veröffentlichte Kachel fehlt.";
    /// A published bundle of records differs from the records.
    EntriesMismatch = "entries-mismatch", Tree, Tampering, "Ein veröffentlichtes Bündel weicht von den Einträgen ab.";
    /// A published bundle of records is not there.
    EntriesMissing = "entries-missing", Tree, Missing, "Ein veröffentlichtes Bündel von Einträgen fehlt.";
    /// A proof made from the published tiles does not lead to the root.
    InclusionProofFailed = "inclusion-proof-failed", Proofs, Tampering, "Ein Nachweis aus den Kacheln führt nicht zur Wurzel.";
    /// The published tiles do not prove that an older tree is the beginning of this one.
    ConsistencyProofFailed = "consistency-proof-failed", Proofs, Tampering, "Die Kacheln belegen nicht, dass ein älterer Stand der Anfang ist.";
    /// An opening is not there and no record says that it was erased.
    OpeningMissing = "opening-missing", Openings, Tampering, "Eine Öffnung fehlt, ohne dass ihre Löschung protokolliert ist.";
    /// An opening does not open its commitment.
    OpeningMismatch = "opening-mismatch", Openings, Tampering, "Eine Öffnung passt nicht zu ihrem Siegel.";
    /// An opening belongs to no commitment.
    OpeningUnrecorded = "opening-unrecorded", Openings, Tampering, "Eine Öffnung gehört zu keinem Siegel.";
    /// An opening cannot be read.
    OpeningMalformed = "opening-malformed", Openings, Tampering, "Eine Öffnung ist nicht lesbar.";
    /// A record erases an opening that is still there or never was.
    ErasureWithoutEffect = "erasure-without-effect", Openings, Tampering, "Eine protokollierte Löschung betrifft eine Öffnung, die noch da ist oder nie da war.";
    /// The state of an entity differs from its last record.
    StateMismatch = "state-mismatch", States, Tampering, "Der Zustand eines Objekts weicht von seinem letzten Eintrag ab.";
    /// An entity of the log has no state.
    StateRowMissing = "state-row-missing", States, Tampering, "Ein protokolliertes Objekt hat keinen Zustand.";
    /// The state of an entity is older than its last record.
    StateRowOutdated = "state-row-outdated", States, Tampering, "Der Zustand eines Objekts ist älter als sein letzter Eintrag.";
    /// A state has no record.
    StateRowUnrecorded = "state-row-unrecorded", States, Tampering, "Ein Zustand ist nicht protokolliert.";
    /// A version of an entity has no record.
    VersionGap = "version-gap", States, Tampering, "Ein Stand eines Objekts ist nicht protokolliert.";
    /// The content that a record names is not in the store.
    BlobMissing = "blob-missing", Blobs, Tampering, "Der Inhalt, den ein Eintrag nennt, fehlt im Speicher.";
    /// The content in the store is not what its record names.
    BlobDigestMismatch = "blob-digest-mismatch", Blobs, Tampering, "Der Inhalt im Speicher ist nicht der, den sein Eintrag nennt.";
    /// The opening of content does not say which content.
    BlobClaimMalformed = "blob-claim-malformed", Blobs, Tampering, "Die Öffnung eines Inhalts sagt nicht, welcher Inhalt es ist.";
    /// The log does not continue a checkpoint that was kept.
    ForkAgainstKeptCheckpoint = "fork-against-kept-checkpoint", Kept, Tampering, "Das Protokoll setzt einen aufbewahrten Prüfpunkt nicht fort.";
    /// There are fewer records than a kept checkpoint says.
    LogShorterThanKeptCheckpoint = "log-shorter-than-kept-checkpoint", Kept, Tampering, "Es gibt weniger Einträge, als ein aufbewahrter Prüfpunkt nennt.";
    /// A kept checkpoint carries no valid signature of a trusted key and proves nothing.
    KeptCheckpointUnusable = "kept-checkpoint-unusable", Kept, Missing, "Ein aufbewahrter Prüfpunkt trägt keine gültige Signatur und beweist nichts.";
    /// A witness is named in the cosigned checkpoint and its cosignature is wrong.
    CosignatureInvalid = "cosignature-invalid", Witnesses, Tampering, "Im bezeugten Prüfpunkt ist eine Mitzeichnung falsch.";
    /// No checkpoint is there that as many witnesses cosigned as the policy asks for.
    WitnessQuorumMissed = "witness-quorum-missed", Witnesses, Missing, "Es liegt kein Prüfpunkt vor, den so viele Zeugen mitgezeichnet haben, wie verlangt sind.";
    /// The log does not continue a checkpoint that witnesses cosigned.
    ForkAgainstWitnessedCheckpoint = "fork-against-witnessed-checkpoint", Witnesses, Tampering, "Das Protokoll setzt einen bezeugten Prüfpunkt nicht fort.";
    /// There are fewer records than a checkpoint says that witnesses cosigned.
    LogShorterThanWitnessedCheckpoint = "log-shorter-than-witnessed-checkpoint", Witnesses, Tampering, "Es gibt weniger Einträge, als ein bezeugter Prüfpunkt nennt.";
    /// A receipt names a record that the log does not have.
    ReceiptNotInLog = "receipt-not-in-log", Receipts, Tampering, "Eine Quittung nennt einen Eintrag, den das Protokoll nicht hat.";
    /// A timestamp is none, or its signature is wrong.
    TimestampInvalid = "timestamp-invalid", Timestamps, Tampering, "Ein Zeitstempel ist keiner, oder seine Signatur ist falsch.";
    /// A timestamp is over something else than the checkpoint beside it.
    TimestampImprintMismatch = "timestamp-imprint-mismatch", Timestamps, Tampering, "Ein Zeitstempel gilt nicht dem Prüfpunkt, der bei ihm liegt.";
    /// A timestamp is by no authority that the caller trusts.
    TimestampUntrusted = "timestamp-untrusted", Timestamps, Tampering, "Ein Zeitstempel stammt von keiner Stelle, der vertraut wird.";
    /// A checkpoint that was stamped is not one that a trusted key of this log signed.
    TimestampCheckpointInvalid = "timestamp-checkpoint-invalid", Timestamps, Tampering, "Ein gestempelter Prüfpunkt ist keiner, den ein vertrauter Schlüssel dieses Protokolls signiert hat.";
    /// The log does not continue a checkpoint that was stamped.
    ForkAgainstTimestamp = "fork-against-timestamp", Timestamps, Tampering, "Das Protokoll setzt einen gestempelten Prüfpunkt nicht fort.";
    /// A record under a stamped checkpoint is later than the timestamp: it was dated ahead.
    RecordAfterTimestamp = "record-after-timestamp", Timestamps, Tampering, "Ein Eintrag unter einem gestempelten Prüfpunkt ist jünger als der Zeitstempel: Er ist vordatiert.";
    /// A record that came after a timestamp is earlier than it: it was dated back.
    RecordBeforeTimestamp = "record-before-timestamp", Timestamps, Tampering, "Ein Eintrag, der nach einem Zeitstempel kam, ist älter als dieser: Er ist zurückdatiert.";
    /// A timestamp lies here that no record names.
    TimestampUnrecorded = "timestamp-unrecorded", Timestamps, Tampering, "Hier liegt ein Zeitstempel, den kein Eintrag nennt.";
    /// A record names a timestamp that is not here.
    TimestampMissing = "timestamp-missing", Timestamps, Missing, "Ein Eintrag nennt einen Zeitstempel, der fehlt.";
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// At which record.
    pub seq: Option<u64>,
    /// About which entity.
    pub entity: Option<Uuid>,
    /// Where exactly: a slot, a path, a field. Never content.
    pub detail: Option<String>,
}

impl Finding {
    /// A finding without a place.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            seq: None,
            entity: None,
            detail: None,
        }
    }

    /// A finding at a record.
    pub fn at(code: Code, seq: u64) -> Self {
        Self {
            seq: Some(seq),
            ..Self::new(code)
        }
    }

    /// Adds the entity.
    #[must_use]
    pub fn about(self, entity: Uuid) -> Self {
        Self {
            entity: Some(entity),
            ..self
        }
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(self, detail: impl ToString) -> Self {
        Self {
            detail: Some(detail.to_string()),
            ..self
        }
    }
}

/// Findings: listed up to a limit for each code, counted without one.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    list: Vec<Finding>,
    counts: BTreeMap<Code, u64>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code).or_default();
        *count += 1;
        if usize::try_from(*count).is_ok_and(|count| count <= FINDINGS_LISTED_MAX) {
            self.list.push(finding);
        }
    }

    /// Adds several.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// The listed findings.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// How many there are of each code.
    pub fn counts(&self) -> &BTreeMap<Code, u64> {
        &self.counts
    }

    /// Whether there is one of this code.
    pub fn has(&self, code: Code) -> bool {
        self.counts.contains_key(&code)
    }

    /// Whether a check found something of this weight.
    pub(crate) fn weigh(&self, check: Check, weight: Weight) -> bool {
        self.counts
            .keys()
            .any(|code| code.check() == check && code.weight() == weight)
    }
}

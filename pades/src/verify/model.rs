//! What is said of a signature.

use serde::{Deserialize, Serialize};

/// What a reason does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing: it is worth knowing.
    Note,
    /// The signature holds, and whoever relies on it should know this.
    But,
    /// It cannot be said that the signature holds.
    Indeterminate,
    /// The signature does not hold, or not for what is shown.
    Invalid,
}

impl Effect {
    /// What it leads to, as the documents have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::But => "valid, but",
            Self::Indeterminate => "indeterminate",
            Self::Invalid => "invalid",
        }
    }
}

/// The one word about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds, and nothing is to be said against it.
    Valid,
    /// It holds; the reasons say what to mind.
    ValidBut,
    /// It cannot be said.
    Indeterminate,
    /// It does not hold, or not for what is shown.
    Invalid,
}

impl Verdict {
    /// Every verdict, the best first.
    pub const ALL: [Self; 4] = [
        Self::Valid,
        Self::ValidBut,
        Self::Indeterminate,
        Self::Invalid,
    ];

    /// What reasons come to.
    pub fn of(reasons: &[Reason]) -> Self {
        let worst = reasons.iter().map(|reason| reason.effect()).max();
        match worst {
            None | Some(Effect::Note) => Self::Valid,
            Some(Effect::But) => Self::ValidBut,
            Some(Effect::Indeterminate) => Self::Indeterminate,
            Some(Effect::Invalid) => Self::Invalid,
        }
    }

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidBut => "valid_but",
            Self::Indeterminate => "indeterminate",
            Self::Invalid => "invalid",
        }
    }

    /// In German.
    pub const fn german(self) -> &'static str {
        match self {
            Self::Valid => "gültig",
            Self::ValidBut => "gültig, aber",
            Self::Indeterminate => "nicht feststellbar",
            Self::Invalid => "ungültig",
        }
    }

    /// In English.
    pub const fn english(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidBut => "valid, but",
            Self::Indeterminate => "cannot be determined",
            Self::Invalid => "invalid",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident $code:literal $effect:ident $german:literal $english:literal;)*) => {
        /// Why a verdict is what it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $(#[doc = $english] #[serde(rename = $code)] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it does to the verdict.
            pub const fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)* }
            }

            /// The sentence in German.
            pub const fn german(self) -> &'static str {
                match self { $(Self::$variant => $german,)* }
            }

            /// The sentence in English.
            pub const fn english(self) -> &'static str {
                match self { $(Self::$variant => $english,)* }
            }

            /// The table that `docs/signatures.md` must contain, word for word.
            pub fn table() -> String {
                let mut table = String::from("| code | leads to | when |\n| --- | --- | --- |\n");
                for reason in Self::ALL {
                    let (code, effect) = (reason.as_str(), reason.effect().as_str());
                    let line = format!("| `{code}` | {effect} | {} |\n", reason.english());
                    table.push_str(&line);
                }
                table
            }
        }
    };
}

reasons! {
    RangeInvalid "range_invalid" Invalid
        "Der Bereich, über den unterschrieben wurde, ist nicht so angegeben, wie es sein muss."
        "The range that was signed is not given as it must be.";
    ContentsInvalid "contents_invalid" Invalid
        "Die Lücke im unterschriebenen Bereich ist nicht genau die Unterschrift."
        "The gap in the signed range is not exactly the signature.";
    CoverageIncomplete "coverage_incomplete" Invalid
        "Die Unterschrift deckt keinen abgeschlossenen Stand der Datei ab."
        "The signature covers no complete revision of the file.";
    NotInSignedRevision "not_in_signed_revision" Invalid
        "Das Unterschriftsfeld gehört nicht zu dem Stand, über den unterschrieben wurde."
        "The signature field does not belong to the revision that was signed.";
    SignatureShared "signature_shared" Invalid
        "Mehrere Felder zeigen dieselbe Unterschrift."
        "Several fields show the same signature.";
    SignatureRemoved "signature_removed" Invalid
        "Die Unterschrift wurde später aus dem Dokument entfernt."
        "The signature was later removed from the document.";
    CmsInvalid "cms_invalid" Invalid
        "Die Unterschrift ist kein lesbarer Datensatz mit genau einem Unterzeichner."
        "The signature is no readable CMS with exactly one signer.";
    AttributesInvalid "attributes_invalid" Invalid
        "Die unterschriebenen Angaben fehlen, sind doppelt oder passen nicht."
        "The signed attributes are missing, stand twice or do not match.";
    DigestMismatch "digest_mismatch" Invalid
        "Das Dokument wurde nach der Unterschrift verändert: Die Prüfsumme stimmt nicht."
        "The document was changed after it was signed: the digest does not match.";
    SignatureMismatch "signature_mismatch" Invalid
        "Die Unterschrift passt nicht zum Schlüssel des Unterzeichners."
        "The signature does not match the key of the signer.";
    SigningCertificateMismatch "signing_certificate_mismatch" Invalid
        "Die Unterschrift nennt ein anderes Zertifikat als das beigelegte."
        "The signature names another certificate than the one that comes with it.";
    CertificateExpired "certificate_expired" Invalid
        "Ein Zertifikat war zum Zeitpunkt der Unterschrift abgelaufen."
        "A certificate had expired when it was signed.";
    CertificateNotYetValid "certificate_not_yet_valid" Invalid
        "Ein Zertifikat war zum Zeitpunkt der Unterschrift noch nicht gültig."
        "A certificate was not yet valid when it was signed.";
    CertificateRevoked "certificate_revoked" Invalid
        "Ein Zertifikat ist widerrufen, und dass vorher unterschrieben wurde, ist nicht belegt."
        "A certificate is revoked, and nothing proves that it was signed before.";
    TimestampInvalid "timestamp_invalid" Invalid
        "Der Zeitstempel passt nicht zur Unterschrift oder stammt nicht von einem Zeitstempeldienst."
        "The timestamp does not match the signature, or comes from no time-stamping authority.";
    ChangedPages "changed_pages" Invalid
        "Nach der Unterschrift wurden Seiten hinzugefügt, entfernt oder verändert."
        "Pages were added, removed or changed after signing.";
    ChangedCatalogue "changed_catalogue" Invalid
        "Nach der Unterschrift wurde der Aufbau des Dokuments verändert."
        "The structure of the document was changed after signing.";
    ChangedScripts "changed_scripts" Invalid
        "Nach der Unterschrift wurden Aktionen oder Skripte hinzugefügt oder verändert."
        "Actions or scripts were added or changed after signing.";
    ChangedNames "changed_names" Invalid
        "Nach der Unterschrift wurden Anlagen oder Namen des Dokuments verändert."
        "Attachments or names of the document were changed after signing.";
    ChangedObjects "changed_objects" Invalid
        "Nach der Unterschrift wurden Bestandteile ersetzt, die das Dokument anzeigt."
        "Objects that the document shows were replaced after signing.";
    ChangedFields "changed_fields" Invalid
        "Nach der Unterschrift wurden Felder des Formulars hinzugefügt, entfernt, verschoben oder umgebaut."
        "Fields of the form were added, removed, moved or rebuilt after signing.";
    ChangedSignatureField "changed_signature_field" Invalid
        "Nach der Unterschrift wurde ein unterschriebenes Feld verändert, etwa sein Aussehen oder sein Ort."
        "A signed field was changed after signing, such as its appearance or its place.";
    ChangedAnnotations "changed_annotations" Invalid
        "Nach der Unterschrift wurden Anmerkungen hinzugefügt, entfernt oder verändert."
        "Annotations were added, removed or changed after signing.";
    ChangedValidationData "changed_validation_data" Invalid
        "Nach der Unterschrift wurden Prüfdaten entfernt oder ersetzt."
        "Validation data was removed or replaced after signing.";
    ChangedBytes "changed_bytes" Invalid
        "Hinter dem unterschriebenen Stand stehen Daten, die zu keinem Bestandteil gehören."
        "Behind the signed revision there is data that belongs to no object.";
    ChangedLocked "changed_locked" Invalid
        "Nach der Unterschrift wurde geändert, was der Unterzeichner gesperrt hatte."
        "What the signer had locked was changed after signing.";
    StructureNotUnderstood "structure_not_understood" Indeterminate
        "Der Aufbau der Datei ist beschädigt oder mehrdeutig; verschiedene Programme könnten Verschiedenes zeigen."
        "The structure of the file is damaged or ambiguous; different programs may show different things.";
    Encrypted "encrypted" Indeterminate
        "Die Datei ist verschlüsselt; was nach der Unterschrift geschah, kann nicht geprüft werden."
        "The file is encrypted; what happened after signing cannot be checked.";
    HybridReferences "hybrid_references" Indeterminate
        "Die Datei hat zwei Verzeichnisse ihrer Bestandteile; ältere und neuere Programme zeigen Verschiedenes."
        "The file has two tables of its objects; older and newer programs show different things.";
    LimitReached "limit_reached" Indeterminate
        "Die Datei ist zu umfangreich für eine vollständige Prüfung."
        "The file is too large to be checked completely.";
    FormatUnsupported "format_unsupported" Indeterminate
        "Diese Art von Unterschrift wird nicht geprüft."
        "This kind of signature is not checked.";
    AlgorithmUnsupported "algorithm_unsupported" Indeterminate
        "Das kryptographische Verfahren wird nicht unterstützt."
        "The cryptographic algorithm is not supported.";
    AlgorithmWeak "algorithm_weak" Indeterminate
        "Das kryptographische Verfahren gilt als unsicher (etwa SHA-1, MD5 oder ein kurzer RSA-Schlüssel)."
        "The cryptographic algorithm is held to be unsafe (such as SHA-1, MD5 or a short RSA key).";
    SigningCertificateMissing "signing_certificate_missing" Indeterminate
        "Die Unterschrift legt nicht fest, mit welchem Zertifikat unterschrieben wurde."
        "The signature does not say with which certificate it was made.";
    CertificateMissing "certificate_missing" Indeterminate
        "Das Zertifikat des Unterzeichners liegt nicht bei."
        "The certificate of the signer is not there.";
    CertificateUntrusted "certificate_untrusted" Indeterminate
        "Das Zertifikat führt zu keiner Stelle, der dieses Haus vertraut."
        "The certificate leads to nobody whom this house trusts.";
    CertificateUnfit "certificate_unfit" Indeterminate
        "Ein Zertifikat ist für diesen Zweck nicht ausgestellt."
        "A certificate was not issued for this purpose.";
    ChainConstraints "chain_constraints" Indeterminate
        "Die Kette der Zertifikate verletzt eine ihrer Beschränkungen oder enthält eine, die nicht geprüft wird."
        "The chain of certificates breaks one of its constraints, or has one that is not checked.";
    ExpiredWithoutProof "expired_without_proof" Indeterminate
        "Ein Zertifikat ist inzwischen abgelaufen, und nichts belegt, dass vorher unterschrieben wurde."
        "A certificate has expired meanwhile, and nothing proves that it was signed before.";
    TimestampUntrusted "timestamp_untrusted" Indeterminate
        "Der Zeitstempel stammt von keinem Dienst, dem dieses Haus vertraut."
        "The timestamp comes from no authority that this house trusts.";
    TimeInFuture "time_in_future" Indeterminate
        "Die angegebene Zeit der Unterschrift liegt in der Zukunft."
        "The time of signing lies in the future.";
    ChangesNotUnderstood "changes_not_understood" Indeterminate
        "Was nach der Unterschrift geändert wurde, lässt sich nicht feststellen."
        "What was changed after signing cannot be told.";
    TimeClaimed "time_claimed" But
        "Die Zeit der Unterschrift ist nur behauptet; ein Zeitstempel fehlt."
        "The time of signing is only claimed; there is no timestamp.";
    RevocationNotChecked "revocation_not_checked" But
        "Ob ein Zertifikat widerrufen wurde, ist nicht geprüft: Die Datei enthält dazu keine brauchbaren Angaben."
        "Whether a certificate was revoked is not checked: the file holds nothing usable about it.";
    FormFilledLater "form_filled_later" But
        "Nach der Unterschrift wurden Felder des Formulars ausgefüllt."
        "Fields of the form were filled in after signing.";
    AnnotatedLater "annotated_later" But
        "Nach der Unterschrift wurden Anmerkungen hinzugefügt."
        "Annotations were added after signing.";
    MetadataChangedLater "metadata_changed_later" Note
        "Nach der Unterschrift wurden beschreibende Angaben zur Datei geändert."
        "Metadata of the file was changed after signing.";
    LaterSignatureBad "later_signature_bad" But
        "Eine spätere Unterschrift in diesem Dokument ist nicht gültig oder nicht feststellbar."
        "A later signature in this document is not valid, or cannot be determined.";
    LaterSignature "later_signature" Note
        "Nach dieser Unterschrift wurde das Dokument noch einmal unterschrieben."
        "The document was signed again after this signature.";
    LaterSignatureAdded "later_signature_added" But
        "Nach dieser Unterschrift kam ein sichtbares Unterschriftsfeld hinzu und wurde unterschrieben."
        "A signature field that is seen was added after signing, and was signed.";
    LaterTimestamp "later_timestamp" Note
        "Nach der Unterschrift kam ein Zeitstempel über das ganze Dokument hinzu."
        "A timestamp over the whole document was added after signing.";
    LaterValidationData "later_validation_data" Note
        "Nach der Unterschrift kamen Prüfdaten hinzu."
        "Validation data was added after signing.";
    ClaimsQualified "claims_qualified" Note
        "Das Zertifikat bezeichnet sich selbst als qualifiziert; ob es das ist, wird nicht geprüft."
        "The certificate calls itself qualified; whether it is, is not checked.";
    NotPades "not_pades" Note
        "Die Unterschrift folgt einem älteren Format und nicht PAdES."
        "The signature follows an older format and not PAdES.";
}

/// How far a signature is prepared for the years to come (ETSI EN 319 142-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// A signature.
    #[serde(rename = "B-B")]
    Basic,
    /// With proof of when.
    #[serde(rename = "B-T")]
    Time,
    /// With all that is needed to check it.
    #[serde(rename = "B-LT")]
    LongTerm,
    /// With a timestamp over that.
    #[serde(rename = "B-LTA")]
    Archive,
}

impl Level {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "B-B",
            Self::Time => "B-T",
            Self::LongTerm => "B-LT",
            Self::Archive => "B-LTA",
        }
    }
}

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody signs or seals.
    Approval,
    /// Somebody signs and says what may be changed afterwards.
    Certification,
    /// A timestamp over the document.
    DocumentTimestamp,
}

impl Kind {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Certification => "certification",
            Self::DocumentTimestamp => "document_timestamp",
        }
    }
}

/// Who says when it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// A timestamp over the signature.
    SignatureTimestamp,
    /// A timestamp over the document with the signature.
    DocumentTimestamp,
    /// The signer alone.
    Claimed,
}

impl TimeSource {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignatureTimestamp => "signature_timestamp",
            Self::DocumentTimestamp => "document_timestamp",
            Self::Claimed => "claimed",
        }
    }
}

/// A time and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAt {
    /// Seconds since 1970, in UTC.
    pub seconds: i64,
    /// Who says so.
    pub source: TimeSource,
}

/// A certificate in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// Whom it names, as RFC 4514 writes it.
    pub subject: String,
    /// The common name among it.
    pub common_name: Option<String>,
    /// The organisation among it.
    pub organisation: Option<String>,
    /// Who issued it.
    pub issuer: String,
    /// Its number, in hexadecimal digits.
    pub serial: String,
    /// SHA-256 of it, in hexadecimal digits.
    pub sha256: String,
    /// From when it holds, in seconds since 1970.
    pub not_before: i64,
    /// Until when it holds.
    pub not_after: i64,
    /// It calls itself qualified.
    pub claims_qualified: bool,
}

/// What of the file was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The revision that was signed, beginning with 1.
    pub revision: u32,
    /// How many there are.
    pub revisions: u32,
    /// It is the file as it is.
    pub whole_file: bool,
    /// Bytes up to the end of what was signed.
    pub bytes: u64,
}

/// Something that happened to the file after the signature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// In which revision, beginning with 1.
    pub revision: u32,
    /// What kind of change it is, as a reason names it.
    pub reason: Reason,
    /// What it happened to: a field, a key, an object.
    pub what: Option<String>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The name of its field.
    pub field: String,
    /// What it is for.
    pub kind: Kind,
    /// The one word.
    pub verdict: Verdict,
    /// Why, each once, the gravest first.
    pub reasons: Vec<Reason>,
    /// The format, as the file names it.
    pub sub_filter: String,
    /// The digest of the document in the signature.
    pub digest: Option<String>,
    /// How it was signed.
    pub algorithm: Option<String>,
    /// The certificate of who signed.
    pub signer: Option<CertificateInfo>,
    /// The certificates above it, as far as they were found.
    pub chain: Vec<CertificateInfo>,
    /// From where the trust in the last of them comes: the name of a file.
    pub anchor: Option<String>,
    /// When it was signed, and who says so.
    pub signed_at: Option<SignedAt>,
    /// What the signer says of the time.
    pub claimed_at: Option<i64>,
    /// Who stamped the time, where somebody did.
    pub timestamp_by: Option<CertificateInfo>,
    /// How far it is prepared; nothing where it is no PAdES.
    pub level: Option<Level>,
    /// What of the file was signed.
    pub coverage: Option<Coverage>,
    /// What of later changes the signer of the document allowed: 1 none, 2 forms, 3 annotations too.
    pub permits: Option<u8>,
    /// What happened to the file afterwards.
    pub changes: Vec<Change>,
    /// What the signer wrote as the reason; nobody checked it.
    pub stated_reason: Option<String>,
    /// What the signer wrote as the place.
    pub stated_location: Option<String>,
}

/// What is said of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Revisions of the file; none where its structure could not be read.
    pub revisions: u32,
    /// When it was checked, in seconds since 1970: certificates count as of then.
    pub checked_at: i64,
    /// How many certificates were trusted.
    pub anchors: u32,
    /// Why the file as a whole could not be checked.
    pub problem: Option<Reason>,
    /// Its signatures, in the order in which they were made.
    pub signatures: Vec<Signature>,
}

impl Report {
    /// The worst of it; nothing where nothing is signed and nothing speaks against that.
    pub fn verdict(&self) -> Option<Verdict> {
        let problem = self.problem.map(|problem| Verdict::of(&[problem]));
        let worst = self.signatures.iter().map(|one| one.verdict).max();
        problem.max(worst)
    }
}

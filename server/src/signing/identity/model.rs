//! Checks of an identity: types and rules. No async, no IO, no clock.

use crate::base::{AccountId, DepartmentId, DocumentId, IdentityCheckId, Timestamp};
use crate::signing::model::Wanting;

/// How long a check does for a signature: a working day.
pub(super) const SECONDS_MAX: i64 = 12 * 3_600;

/// By what an identity was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signing) enum Method {
    /// By an identity card, also by the old one that is given back.
    IdentityCard,
    /// By a passport.
    Passport,
    /// By a residence permit.
    ResidencePermit,
    /// By the online function of an identity document.
    Electronic,
    /// By the photo of what is handed out, or of the application.
    Photo,
    /// By questions about what stands in the register.
    Register,
    /// The clerk knows who it is.
    Known,
    /// Somebody with a power of attorney, who showed who he is.
    PowerOfAttorney,
}

impl Method {
    /// All of them.
    pub(in crate::signing) const ALL: &'static [Self] = &[
        Self::IdentityCard,
        Self::Passport,
        Self::ResidencePermit,
        Self::Electronic,
        Self::Photo,
        Self::Register,
        Self::Known,
        Self::PowerOfAttorney,
    ];

    /// As it stands in rows, records and answers.
    pub(in crate::signing) const fn code(self) -> &'static str {
        match self {
            Self::IdentityCard => "identity_card",
            Self::Passport => "passport",
            Self::ResidencePermit => "residence_permit",
            Self::Electronic => "electronic",
            Self::Photo => "photo",
            Self::Register => "register",
            Self::Known => "known",
            Self::PowerOfAttorney => "power_of_attorney",
        }
    }

    /// Reads what `code` wrote.
    pub(in crate::signing) fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }

    /// For people, German.
    pub(in crate::signing) const fn german(self) -> &'static str {
        match self {
            Self::IdentityCard => "Personalausweis",
            Self::Passport => "Reisepass",
            Self::ResidencePermit => "Aufenthaltstitel",
            Self::Electronic => "Online-Ausweisfunktion",
            Self::Photo => "Abgleich mit dem Lichtbild",
            Self::Register => "Angaben aus dem Register",
            Self::Known => "persönlich bekannt",
            Self::PowerOfAttorney => "bevollmächtigte Person mit Vollmacht",
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::signing) enum Outcome {
    /// Whoever stood there is who he says.
    Confirmed,
    /// That stayed open.
    Doubtful,
    /// He is not.
    Refuted,
}

impl Outcome {
    /// All of them.
    pub(in crate::signing) const ALL: &'static [Self] =
        &[Self::Confirmed, Self::Doubtful, Self::Refuted];

    /// As it stands in rows, records and answers.
    pub(in crate::signing) const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Doubtful => "doubtful",
            Self::Refuted => "refuted",
        }
    }

    /// Reads what `code` wrote.
    pub(in crate::signing) fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }

    /// For people, German.
    pub(in crate::signing) const fn german(self) -> &'static str {
        match self {
            Self::Confirmed => "bestätigt",
            Self::Doubtful => "nicht sicher festgestellt",
            Self::Refuted => "nicht bestätigt",
        }
    }
}

/// A check of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::signing) struct Check {
    /// Its id.
    pub(in crate::signing) id: IdentityCheckId,
    /// Beside which document.
    pub(in crate::signing) document: DocumentId,
    /// Where that stood.
    pub(in crate::signing) department: DepartmentId,
    /// Who checked.
    pub(in crate::signing) clerk: AccountId,
    /// By what.
    pub(in crate::signing) method: Method,
    /// With what result.
    pub(in crate::signing) outcome: Outcome,
    /// When.
    pub(in crate::signing) created_at: Timestamp,
}

impl Check {
    /// What it lacks for `document` to be signed beside it at `now`. `None`: it does.
    pub(super) fn wanting(&self, document: DocumentId, now: Timestamp) -> Option<Wanting> {
        if self.document != document {
            Some(Wanting::OfThis)
        } else if self.outcome != Outcome::Confirmed {
            Some(Wanting::Result)
        } else if self.created_at.plus_seconds(SECONDS_MAX) < now {
            Some(Wanting::Age)
        } else {
            None
        }
    }
}

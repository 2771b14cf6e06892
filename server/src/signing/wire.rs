//! Signing jobs on the wire, and how what comes in becomes a command: all faults at once.

use std::collections::HashSet;

use pades::strokes::Pointer;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{
    FIELD_CHARS_MAX, New, PAGES_MAX, PURPOSE_CHARS_MAX, REASON_CHARS_MAX, SECONDS_MAX,
    SENTENCE_CHARS_MAX, SeenPage, SigningJob, Spot, State, Step, Tongue,
};
use super::ops::Told;
use crate::base::{DocumentId, IdentityCheckId, TabletId, Timestamp};
use crate::http::gather::Fields;
use crate::http::{Fault, Problem, text};
use crate::tablets::Tablet;

/// The largest coordinate, in points: no page of a PDF is larger.
const POINTS_MAX: f32 = 14_400.0;

/// Where a new signature goes, in points (1/72 inch) from the lower left corner of the page that is not turned.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignaturePlace {
    /// 1, 2, 3 …
    #[schema(minimum = 1)]
    page: u32,
    /// From the left.
    left: f32,
    /// From below.
    bottom: f32,
    /// How wide.
    width: f32,
    /// How high.
    height: f32,
}

/// In which language whoever signs is spoken to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SigningLanguage {
    /// German.
    De,
    /// English.
    En,
}

impl From<SigningLanguage> for Tongue {
    fn from(language: SigningLanguage) -> Self {
        match language {
            SigningLanguage::De => Self::German,
            SigningLanguage::En => Self::English,
        }
    }
}

/// As it stands in what was found out.
pub(super) fn code_of(language: SigningLanguage) -> &'static str {
    Tongue::from(language).code()
}

/// With what somebody wrote, as it stands in what was found out.
pub(super) const fn pointer_of(pointer: Pointer) -> &'static str {
    match pointer {
        Pointer::Pen => "pen",
        Pointer::Touch => "touch",
        Pointer::Mouse => "mouse",
    }
}

/// A document to send to a tablet. Exactly one of `field` and `place` is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tablet": "01922f3c-0000-7000-8000-000000000000", "version": 1,
    "purpose": "Aushändigung des Personalausweises",
    "sentence": "Ich habe den Ausweis und den Brief mit der PIN erhalten.", "language": "de",
    "place": {"page": 1, "left": 60.0, "bottom": 90.0, "width": 220.0, "height": 70.0}}))]
pub(super) struct SigningRequest {
    /// On which tablet. It must be free, or yours.
    tablet: Uuid,
    /// The number of the version in force, as you have seen it.
    #[schema(minimum = 1)]
    version: u64,
    /// What for.
    #[schema(min_length = 1, max_length = 200)]
    purpose: String,
    /// What whoever signs confirms.
    #[schema(min_length = 1, max_length = 500)]
    sentence: String,
    /// In which language the tablet begins; whoever signs may change it.
    language: SigningLanguage,
    /// An empty signature field of the document, by its whole name.
    #[serde(default)]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    field: Option<String>,
    /// A place for a new field.
    #[serde(default)]
    #[schema(nullable = false)]
    place: Option<SignaturePlace>,
    /// The check of the identity of whoever signs, recorded beside this document; some forms ask for one.
    #[serde(default)]
    #[schema(nullable = false)]
    identity_check: Option<Uuid>,
}

impl SigningRequest {
    pub(super) fn read(&self, document: DocumentId) -> Result<New, Problem> {
        let mut fields = Fields::new();
        let purpose = fields.line_to_sign("/purpose", &self.purpose, PURPOSE_CHARS_MAX);
        let sentence = fields.line_to_sign("/sentence", &self.sentence, SENTENCE_CHARS_MAX);
        let spot = match (&self.field, &self.place) {
            (Some(name), None) => fields
                .line("/field", name, FIELD_CHARS_MAX)
                .map(Spot::Field),
            (None, Some(place)) => spot_of(&mut fields, place),
            (_, _) => {
                let detail = text(
                    "Genau eines von field und place angeben.",
                    "Give exactly one of field and place.",
                );
                let code = "one-place";
                fields.fault("", Fault::Rule { code, detail });
                None
            }
        };
        let read = || {
            Some(New {
                document,
                number: self.version,
                tablet: TabletId::of(self.tablet),
                purpose: purpose?,
                sentence: sentence?,
                language: self.language.into(),
                spot: spot?,
                identity_check: self.identity_check.map(IdentityCheckId::of),
            })
        };
        let read = read();
        fields
            .done(read)?
            .ok_or_else(|| Problem::internal("fields without a fault are there"))
    }
}

fn spot_of(fields: &mut Fields, place: &SignaturePlace) -> Option<Spot> {
    let SignaturePlace {
        page,
        left,
        bottom,
        width,
        height,
    } = *place;
    let fits = |number: f32| number.is_finite() && (-POINTS_MAX..=POINTS_MAX).contains(&number);
    let all = [left, bottom, width, height];
    if page == 0 || !all.into_iter().all(fits) || width <= 0.0 || height <= 0.0 {
        let expected = text(
            "eine Seite ab 1 und ein Rechteck in Punkt",
            "a page from 1 on and a rectangle in points",
        );
        fields.fault("/place", Fault::WrongFormat { expected });
        return None;
    }
    Some(Spot::On {
        page,
        left,
        bottom,
        width,
        height,
    })
}

/// Why a job is called off.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Es wird auf Papier unterschrieben."}))]
pub(super) struct SigningCancellation {
    /// Why: that it is signed on paper, for instance.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

impl SigningCancellation {
    pub(super) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// What was signed on paper instead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"document": "01922f3c-0000-7000-8000-000000000000"}))]
pub(super) struct SignedOnPaper {
    /// The scan: a document of its own.
    pub(super) document: Uuid,
}

/// Takes a tablet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseRequest {
    /// Whether it is taken from somebody else who works with it; what that one had sent to it is called off.
    #[serde(default)]
    pub(super) take_over: bool,
}

/// How a stream of events is read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct EventQuery {
    /// Says what there is now, and ends: for programs that ask again by themselves.
    #[param(nullable = false)]
    pub(super) once: Option<bool>,
}

/// Where in its life a signing job is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SigningState {
    /// Sent, and not shown yet.
    Waiting,
    /// The tablet shows it.
    Shown,
    /// Somebody is signing.
    Signing,
    /// Signed: the sealed document is a new version.
    Done,
    /// Whoever was to sign refused.
    Refused,
    /// A clerk called it off.
    Cancelled,
    /// Its time was over, or nobody touched the tablet for too long.
    Expired,
    /// It could not be signed or sealed.
    Failed,
    /// The document got another version meanwhile.
    Changed,
    /// It was signed on paper instead, and the scan of that is linked.
    Paper,
}

impl From<State> for SigningState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Shown => Self::Shown,
            State::Signing => Self::Signing,
            State::Done => Self::Done,
            State::Refused => Self::Refused,
            State::Cancelled => Self::Cancelled,
            State::Expired => Self::Expired,
            State::Failed => Self::Failed,
            State::Changed => Self::Changed,
            State::Paper => Self::Paper,
        }
    }
}

/// A page that was seen, and for how long.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenPageView {
    /// 1, 2, 3 …
    #[schema(minimum = 1)]
    page: u32,
    /// Whole seconds.
    #[schema(maximum = 3600)]
    seconds: u32,
}

fn seen_views(pages: &[SeenPage]) -> Vec<SeenPageView> {
    let view = |one: &SeenPage| SeenPageView {
        page: one.page,
        seconds: one.seconds,
    };
    pages.iter().map(view).collect()
}

/// What came of a signature.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SigningOutcome {
    /// The id of the version that was added when it was signed.
    signed_version: Uuid,
    /// How far its seal has come: `B-B`; `B-T` with a timestamp; `B-LT` with what is known of its certificates;
    /// `B-LTA` with a timestamp over the whole document. Each in a version of its own.
    #[schema(example = "B-B")]
    level: &'static str,
    /// The id of the version that bears the seal at that level.
    sealed_version: Uuid,
    /// At `B-LTA`: when the certificate of the newest timestamp over the whole document ends.
    archive_until: Option<String>,
    /// SHA-256 of the record of the strokes, in hexadecimal digits.
    strokes_sha256: String,
    /// What was found out when it was signed: see `docs/signing.md`.
    evidence: serde_json::Value,
}

/// A document that is shown on a tablet, to be signed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SigningJobView {
    /// Its id.
    id: Uuid,
    /// Which document.
    document: Uuid,
    /// The number of the version that is shown.
    version: u64,
    /// SHA-256 of its content, in hexadecimal digits.
    sha256: String,
    /// On which tablet.
    tablet: Uuid,
    /// Which account sent it.
    clerk: Uuid,
    /// What for.
    purpose: String,
    /// What whoever signs confirms.
    sentence: String,
    /// In which language the tablet begins.
    language: &'static str,
    /// Where in its life it is.
    state: SigningState,
    /// Why it ended so, where that was said. `taken_over`: somebody else took the tablet; `tablet_revoked`: the
    /// tablet was revoked; `idle`: nobody touched it; `superseded`: there was another version before the timestamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// When it was sent.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When it was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    shown_at: Option<String>,
    /// When the pad was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    signing_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    ended_at: Option<String>,
    /// The pages that were seen, as the tablet told.
    pages_seen: Vec<SeenPageView>,
    /// How often somebody began to sign anew.
    restarts: u32,
    /// What came of it, where it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome: Option<SigningOutcome>,
    /// The check of the identity of whoever signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    identity_check: Option<Uuid>,
    /// The document that is the readable protocol of the signature, once it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    protocol: Option<Uuid>,
    /// The scan of what was signed on paper instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paper: Option<Uuid>,
}

impl SigningJobView {
    pub(super) fn of(job: &SigningJob, now: Timestamp) -> Self {
        let when = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: job.id.raw(),
            document: job.document.raw(),
            version: job.number,
            sha256: hex::encode(job.sha256),
            tablet: job.tablet.raw(),
            clerk: job.clerk.raw(),
            purpose: job.purpose.clone(),
            sentence: job.sentence.clone(),
            language: job.language.code(),
            state: job.state_at(now).into(),
            reason: job.reason.clone(),
            created_at: job.created_at.to_string(),
            expires_at: job.expires_at.to_string(),
            shown_at: when(job.shown_at),
            signing_at: when(job.signing_at),
            ended_at: when(job.ended_at),
            pages_seen: seen_views(&job.pages),
            restarts: job.restarts,
            outcome: job.outcome.as_ref().map(|it| SigningOutcome {
                signed_version: it.signed.raw(),
                level: it.level.code(),
                sealed_version: it.bearer().raw(),
                archive_until: when(it.archive_until),
                strokes_sha256: hex::encode(it.strokes_sha256),
                evidence: serde_json::from_str(&it.evidence).unwrap_or_default(),
            }),
            identity_check: job.identity_check.map(IdentityCheckId::raw),
            protocol: job.protocol.map(DocumentId::raw),
            paper: job.paper.map(DocumentId::raw),
        }
    }
}

/// The jobs about a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SigningJobList {
    /// The newest first, at most 100.
    pub(super) items: Vec<SigningJobView>,
}

/// What a tablet is, as it is told itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnTablet {
    /// Its id.
    id: Uuid,
    /// What it is called.
    name: String,
    /// At which counter it stands.
    counter: String,
    /// The time here: milliseconds since 1970.
    now: i64,
    /// What it has to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    job: Option<Uuid>,
}

impl OwnTablet {
    pub(super) fn of(tablet: &Tablet, job: Option<&SigningJob>, now: Timestamp) -> Self {
        Self {
            id: tablet.id.raw(),
            name: tablet.name.clone(),
            counter: tablet.counter.clone(),
            now: now.micros() / 1_000,
            job: job.map(|job| job.id.raw()),
        }
    }
}

/// How far somebody has come.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenReport {
    /// The pages that were seen so far: those that the document has, each once.
    #[schema(max_items = 500)]
    pages: Vec<SeenPageView>,
    /// Whether the pad is open.
    #[serde(default)]
    signing: bool,
    /// How often somebody began to sign anew.
    #[serde(default)]
    restarts: u32,
}

impl SeenReport {
    pub(super) fn read(&self) -> Result<Told, Problem> {
        let mut fields = Fields::new();
        let pages = pages_of(&mut fields, &self.pages);
        fields.done(Told {
            pages,
            signing: self.signing,
            restarts: self.restarts,
        })
    }
}

/// Each page once, and none for longer than any job lasts. Which pages there are the caller knows.
fn pages_of(fields: &mut Fields, told: &[SeenPageView]) -> Vec<SeenPage> {
    if told.len() > PAGES_MAX {
        let max = u64::try_from(PAGES_MAX).unwrap_or(u64::MAX);
        fields.fault("/pages", Fault::TooMany { max });
    }
    let mut before = HashSet::new();
    for (at, one) in told.iter().enumerate().take(PAGES_MAX) {
        if !before.insert(one.page) {
            fields.fault(format!("/pages/{at}/page"), Fault::Duplicate);
        }
        if one.seconds > SECONDS_MAX {
            let max = i64::from(SECONDS_MAX);
            fields.fault(format!("/pages/{at}/seconds"), Fault::TooLarge { max });
        }
    }
    let page = |one: &SeenPageView| SeenPage {
        page: one.page,
        seconds: one.seconds,
    };
    told.iter().take(PAGES_MAX).map(page).collect()
}

/// Why there is no signature.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefusalKind {
    /// Whoever was to sign refused.
    Refused,
    /// Nobody touched the tablet for too long.
    Idle,
}

/// There is no signature.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalReport {
    /// Why.
    kind: RefusalKind,
    /// The same in the words of whoever refused.
    #[serde(default)]
    #[schema(nullable = false, max_length = 500)]
    reason: Option<String>,
}

impl RefusalReport {
    pub(super) fn read(&self) -> Result<(Step, Option<String>), Problem> {
        let mut fields = Fields::new();
        let said = self.reason.as_deref().filter(|it| !it.trim().is_empty());
        let reason = said.and_then(|it| fields.line("/reason", it, REASON_CHARS_MAX));
        fields.done(match self.kind {
            RefusalKind::Refused => (Step::Refuse, reason),
            RefusalKind::Idle => (Step::Expire, Some("idle".to_owned())),
        })
    }
}

/// A signature.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureReport {
    /// The record of the strokes: see `docs/signing.md`. Not larger than 512 KiB.
    #[schema(value_type = Object)]
    pub(super) strokes: serde_json::Value,
    /// The pages that were seen.
    #[schema(max_items = 500)]
    pages: Vec<SeenPageView>,
    /// The sentence that was confirmed, as it was shown.
    #[schema(max_length = 500)]
    pub(super) sentence: String,
    /// In which language it was shown in the end.
    pub(super) language: SigningLanguage,
    /// How large it was shown, in hundredths.
    #[serde(default)]
    pub(super) zoom: u32,
    /// How often somebody began to sign anew.
    #[serde(default)]
    restarts: u32,
}

impl SignatureReport {
    pub(super) fn told(&self) -> Result<Told, Problem> {
        let mut fields = Fields::new();
        let pages = pages_of(&mut fields, &self.pages);
        fields.done(Told {
            pages,
            signing: true,
            restarts: self.restarts,
        })
    }
}

/// What became of a job, as the tablet is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobStanding {
    /// Where in its life it is.
    pub(super) state: SigningState,
}

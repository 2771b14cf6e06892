//! What goes over the wire, and what of it is wrong.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{
    DESCRIPTION_CHARS_MAX, Delivery, EventTypes, Health, Ids, State, Told, Webhook, ids,
    known_events,
};
use super::ops::{Change, NewWebhook};
use super::sign::Secret;
use super::target::{Rules, TargetFault, URL_CHARS_MAX};
use crate::base::Timestamp;
use crate::http::{Fault, Kind, Problem, text};

/// A new subscription.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://fachverfahren.example/papierlos", "events": ["*"]}))]
pub(super) struct WebhookRequest {
    /// Where messages are sent to: `https`, without name and password, at an allowed port and not in a
    /// private network.
    #[schema(min_length = 1, max_length = 2000)]
    url: String,
    /// What is told: `*` for everything, or `document.receive`, `document.component`, `document.split`, `document.change`, `document.version`,
    /// `document.discard`, `document.restore`, `document.text`, `document.withhold`, `content.destroy`, `content.release`,
    /// `document.register`, `document.route`, `document.refile`, `document.undo`; `file.open`, `file.change`, `file.close`, `file.reopen`, `file.refile`; the
    /// same of `case`; `break_glass.request`, `break_glass.approve`, `break_glass.end`,
    /// `break_glass.expire`.
    #[schema(min_items = 1, max_items = 32)]
    events: Vec<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 200, default = "")]
    description: String,
    /// Whether it is told at once; else it is paused.
    #[serde(default = "yes")]
    #[schema(default = true)]
    active: bool,
}

const fn yes() -> bool {
    true
}

/// What of a subscription changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"active": false}))]
pub(super) struct WebhookPatch {
    /// Another address.
    #[schema(nullable = false, min_length = 1, max_length = 2000)]
    url: Option<String>,
    /// Other types of change.
    #[schema(nullable = false, min_items = 1, max_items = 32)]
    events: Option<Vec<String>>,
    /// Another description.
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// Paused or taken up again. What happened meanwhile is not told.
    #[schema(nullable = false)]
    active: Option<bool>,
}

fn url_fault(problem: Problem, rules: &Rules, url: &str) -> Problem {
    let rule = |code, german: &'static str, english: &'static str| Fault::Rule {
        code,
        detail: text(german, english),
    };
    let fault = match rules.target(url) {
        Ok(_) => return problem,
        Err(TargetFault::NoUrl) if url.chars().count() > URL_CHARS_MAX => Fault::TooLong {
            max: u64::try_from(URL_CHARS_MAX).unwrap_or(u64::MAX),
        },
        Err(TargetFault::NoUrl) => Fault::WrongFormat {
            expected: text(
                "eine Adresse wie https://fachverfahren.example/papierlos",
                "an address such as https://application.example/papierlos",
            ),
        },
        Err(TargetFault::Scheme) => rule(
            "url-scheme",
            "Die Adresse muss mit https:// beginnen; http:// muss die Konfiguration erlauben.",
            "The address must begin with https://; the configuration must allow http://.",
        ),
        Err(TargetFault::Credentials) => rule(
            "url-credentials",
            "Die Adresse darf weder Namen noch Passwort enthalten; Nachrichten sind signiert.",
            "The address must hold neither name nor password; messages are signed.",
        ),
        Err(TargetFault::Port) => rule(
            "url-port",
            "An diesen Port wird nicht zugestellt; die Konfiguration nennt die erlaubten.",
            "Nothing is delivered to this port; the configuration names those that are allowed.",
        ),
        Err(TargetFault::Private) => rule(
            "url-private",
            "Die Adresse liegt in einem nicht öffentlichen Netz; das muss die Konfiguration erlauben.",
            "The address lies in a network that is not public; the configuration must allow it.",
        ),
    };
    problem.field("/url", fault)
}

fn events_of(mut problem: Problem, words: &[String]) -> (Problem, Option<EventTypes>) {
    let known = known_events();
    if words.is_empty() {
        problem = problem.field("/events", Fault::Required);
        return (problem, None);
    }
    match EventTypes::parse(words) {
        Ok(events) => (problem, Some(events)),
        Err(at) => {
            let allowed = known.into_iter().map(str::to_owned).collect();
            let problem = problem.field(format!("/events/{at}"), Fault::NotOneOf { allowed });
            (problem, None)
        }
    }
}

fn description_fault(problem: Problem, description: &str) -> Problem {
    let max = u64::try_from(DESCRIPTION_CHARS_MAX).unwrap_or(u64::MAX);
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        problem.field("/description", Fault::TooLong { max })
    } else if description.chars().any(char::is_control) {
        let expected = text("Text ohne Steuerzeichen", "text without control characters");
        problem.field("/description", Fault::WrongFormat { expected })
    } else {
        problem
    }
}

impl WebhookRequest {
    /// The command, or everything that is wrong.
    pub(super) fn command(&self, rules: &Rules) -> Result<NewWebhook, Problem> {
        let problem = url_fault(Problem::new(Kind::Validation), rules, &self.url);
        let (problem, events) = events_of(problem, &self.events);
        let description = self.description.trim().to_owned();
        let problem = description_fault(problem, &description);
        let Some(events) = events.filter(|_| problem.faults() == 0) else {
            return Err(problem);
        };
        Ok(NewWebhook {
            url: self.url.clone(),
            events,
            description,
            state: if self.active {
                State::Active
            } else {
                State::Paused
            },
        })
    }
}

impl WebhookPatch {
    /// The command, or everything that is wrong.
    pub(super) fn command(self, rules: &Rules) -> Result<Change, Problem> {
        let mut problem = Problem::new(Kind::Validation);
        if let Some(url) = &self.url {
            problem = url_fault(problem, rules, url);
        }
        let mut events = None;
        if let Some(words) = &self.events {
            (problem, events) = events_of(problem, words);
        }
        let description = self.description.map(|text| text.trim().to_owned());
        if let Some(description) = &description {
            problem = description_fault(problem, description);
        }
        if problem.faults() > 0 {
            return Err(problem);
        }
        Ok(Change {
            url: self.url,
            events,
            description,
            active: self.active,
        })
    }
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// Where messages are sent to.
    url: String,
    /// What is told.
    events: Vec<String>,
    /// What it is for.
    description: String,
    /// Whether it is told.
    active: bool,
    /// How it stands.
    state: StateView,
    /// Why it was switched off: `failing` for days, or the receiver answered 410, `gone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Whether a message was given up since the last success.
    failing: bool,
    /// When a message was delivered last, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    delivered_at: Option<String>,
    /// Since when no message was delivered, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    failing_since: Option<String>,
    /// Until when the secret before the last one signs too, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    old_secret_until: Option<String>,
    /// When it was created, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ended, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    ended_at: Option<String>,
    /// The secret, `whsec_…`: only in the answer that made it, and in no repetition of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookState)]
pub(super) enum StateView {
    /// It is told.
    Active,
    /// Its owner has paused it.
    Paused,
    /// The system has switched it off.
    SwitchedOff,
    /// Its owner has ended it.
    Ended,
}

impl WebhookView {
    pub(super) fn of(webhook: &Webhook, health: Health, now: Timestamp) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let (state, reason, ended_at) = match webhook.state {
            State::Active => (StateView::Active, None, None),
            State::Paused => (StateView::Paused, None, None),
            State::SwitchedOff(reason) => (StateView::SwitchedOff, Some(reason), None),
            State::Ended(at) => (StateView::Ended, None, Some(at)),
        };
        Self {
            id: webhook.id.raw(),
            version: webhook.version,
            url: webhook.url.clone(),
            events: webhook.events.words().to_vec(),
            description: webhook.description.clone(),
            active: webhook.state == State::Active,
            state,
            reason: reason.map(|reason| reason.code().to_owned()),
            failing: health.given_up_at.is_some(),
            delivered_at: text(health.delivered_at),
            failing_since: text(health.first_failure_at),
            old_secret_until: text(webhook.before_until.filter(|until| now < *until)),
            created_at: webhook.created_at.to_string(),
            ended_at: text(ended_at),
            secret: None,
        }
    }

    pub(super) fn with(mut self, secret: &Secret) -> Self {
        self.secret = Some(secret.text());
        self
    }
}

/// The own subscriptions that have not ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookList {
    /// The subscriptions, oldest first.
    pub(super) items: Vec<WebhookView>,
}

/// A message to the receiver of a subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    /// Its id, which the receiver reads as `webhook-id`.
    pub(super) id: Uuid,
    /// What is told: `document.receive`, …, `workflow.export`, or `webhook.test`.
    r#type: String,
    /// The number of the record that is told; none for a test and for what is handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    seq: Option<i64>,
    /// The document, where one has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    document: Option<Uuid>,
    /// The case, where one has changed, or something of it is handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    case: Option<Uuid>,
    /// The file, where one has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    file: Option<Uuid>,
    /// The emergency, where one was asked for, approved or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    emergency: Option<Uuid>,
    /// How it stands: `pending`, `delivered`, `failed`, `withheld` or `cancelled`.
    status: String,
    /// How often it was tried.
    #[schema(minimum = 0)]
    attempts: i64,
    /// When it was made, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was tried last, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_attempt_at: Option<String>,
    /// How long that took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    duration_ms: Option<i64>,
    /// When it is tried next, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    next_attempt_at: Option<String>,
    /// The status code of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 100, maximum = 999)]
    response_status: Option<i64>,
    /// Why the last attempt failed: `status`, `redirect`, `timeout`, `connection`, `tls`, `dns`,
    /// `address-refused` or `url-refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

impl From<&Delivery> for DeliveryView {
    fn from(one: &Delivery) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let seq = match one.told {
            Told::Change { seq, .. } => Some(seq),
            Told::Test(_) | Told::Export { .. } => None,
        };
        let Ids {
            document,
            case,
            file,
            emergency,
        } = ids(one.told);
        Self {
            id: one.id.raw(),
            r#type: one.action.clone(),
            seq,
            document,
            case,
            file,
            emergency,
            status: one.status.code().to_owned(),
            attempts: one.attempts,
            created_at: one.created_at.to_string(),
            last_attempt_at: text(one.last_at),
            duration_ms: one.duration_ms,
            next_attempt_at: text(one.next_at),
            response_status: one.response_status,
            error: one.error.clone(),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    /// The deliveries, newest first.
    pub(super) items: Vec<DeliveryView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

/// A message that waits to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queued {
    /// Its id, which the receiver reads as `webhook-id`.
    pub(super) delivery: Uuid,
}

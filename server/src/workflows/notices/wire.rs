//! Notices and what is said about mail, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::mailer::Mailer;
use super::model::{ADDRESS_CHARS_MAX, HOUR_DEFAULT, Mode, Notice, READ_MAX, Setting};
use super::rows::Read;
use crate::base::NoticeId;
use crate::departments::Named;
use crate::http::gather::{Fields, not_null};
use crate::http::{Fault, Problem, text};

/// A person, as others are shown him.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NoticePerson)]
pub(super) struct PersonView {
    /// The name to sign in with.
    login: String,
    /// The name for people.
    name: String,
}

impl From<&Named> for PersonView {
    fn from(named: &Named) -> Self {
        Self {
            login: named.login.clone(),
            name: named.name.clone(),
        }
    }
}

/// Something that you are told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(super) struct NoticeView {
    /// Its id.
    id: Uuid,
    /// Why: `asked`, `reminded`, `due`, `escalated`, `done` (a step that you inserted), `voided` (your mark),
    /// `ended` (what you began) or `notify`.
    kind: &'static str,
    /// The workflow.
    workflow: Uuid,
    /// The short name of its definition.
    definition: String,
    /// What the definition is called.
    title: String,
    /// The number of the step, unless it is of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    step: Option<u32>,
    /// What the step is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<String>,
    /// The last day of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    due_on: Option<String>,
    /// What the workflow says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// In whose stead you are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    in_stead_of: Option<PersonView>,
    /// When, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When you read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    read_at: Option<String>,
}

impl NoticeView {
    pub(super) fn of(notice: &Notice, in_stead_of: Option<&Named>) -> Self {
        let (step, label) = notice.step.clone().unzip();
        Self {
            id: notice.id.raw(),
            kind: notice.kind.code(),
            workflow: notice.workflow.raw(),
            definition: notice.definition.clone(),
            title: notice.title.clone(),
            step,
            label: label.filter(|label| !label.is_empty()),
            due_on: notice.due_on.clone(),
            text: notice.said.clone(),
            in_stead_of: in_stead_of.map(PersonView::from),
            created_at: notice.created_at.to_string(),
            read_at: notice.read_at.map(|at| at.to_string()),
        }
    }
}

/// A page of what you are told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPage)]
pub(super) struct NoticePage {
    /// The notifications, the newest first.
    pub(super) items: Vec<NoticeView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
    /// How many you have not read, on all pages.
    pub(super) unread: u64,
}

/// Which notifications.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct NoticeFilter {
    /// Only those that you have not read.
    #[param(nullable = false)]
    pub(super) unread: Option<bool>,
}

/// What you have read: some by their ids, or all until a time. One of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationsRead, example = json!({"until": "2026-11-26T12:00:00Z"}))]
pub(super) struct ReadRequest {
    /// Ids of notifications.
    #[serde(default)]
    #[schema(max_items = 200)]
    ids: Option<Vec<Uuid>>,
    /// All that were written until then (RFC 3339).
    #[serde(default)]
    #[schema(format = DateTime)]
    until: Option<String>,
}

impl ReadRequest {
    pub(super) fn read(&self) -> Result<Read, Problem> {
        let mut fields = Fields::new();
        let most = u64::try_from(READ_MAX).unwrap_or(u64::MAX);
        let until = self
            .until
            .as_deref()
            .and_then(|raw| fields.instant("/until", raw));
        let read = match (&self.ids, until) {
            (Some(ids), _) if ids.len() > READ_MAX => {
                fields.fault("/ids", Fault::TooMany { max: most });
                Read::These(Vec::new())
            }
            (Some(ids), None) => Read::These(ids.iter().copied().map(NoticeId::of).collect()),
            (None, Some(until)) => Read::Until(until),
            (Some(_), Some(_)) => {
                let detail = text(
                    "Entweder ids oder until, nicht beides.",
                    "Either ids or until, not both.",
                );
                let code = "one-of-both";
                fields.fault("", Fault::Rule { code, detail });
                Read::These(Vec::new())
            }
            (None, None) => {
                if self.until.is_none() {
                    fields.fault("/until", Fault::Required);
                }
                Read::These(Vec::new())
            }
        };
        fields.done(read)
    }
}

/// What was marked as read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationsMarked)]
pub(super) struct MarkedView {
    /// How many were not read before.
    pub(super) marked: u64,
    /// How many you have not read now.
    pub(super) unread: u64,
}

/// Whether somebody gets mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MailMode)]
pub(super) enum ModeView {
    /// No mail.
    Off,
    /// As soon as there is something.
    Each,
    /// Once a day.
    Daily,
}

impl From<Mode> for ModeView {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Off => Self::Off,
            Mode::Each => Self::Each,
            Mode::Daily => Self::Daily,
        }
    }
}

impl From<ModeView> for Mode {
    fn from(mode: ModeView) -> Self {
        match mode {
            ModeView::Off => Self::Off,
            ModeView::Each => Self::Each,
            ModeView::Daily => Self::Daily,
        }
    }
}

/// A mail that did not arrive, as far as is known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailFailure)]
pub(super) struct FailureView {
    /// When.
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// What was said: the number of the answer of the host, or `timeout`, `connection`, `tls`, `address`, `domain`.
    pub(super) error: String,
}

/// How you are told by mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationSettings)]
pub(super) struct SettingsView {
    /// Whether this archive sends mail at all.
    pub(super) mail_available: bool,
    /// Domains to which it sends mail.
    pub(super) domains: Vec<String>,
    /// Whether you get mail.
    pub(super) mail: ModeView,
    /// At which hour you get the daily one, by the clocks of Germany.
    pub(super) hour: u8,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) address: Option<String>,
    /// The last mail to you that was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) last_failure: Option<FailureView>,
}

/// How you want to be told by mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationSettingsChange,
    example = json!({"mail": "daily", "hour": 7, "address": "m.brandt@stadt.example"}))]
pub(super) struct SettingsRequest {
    /// Whether.
    mail: ModeView,
    /// At which hour the daily one comes, by the clocks of Germany; 7, if nothing is said.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, minimum = 0, maximum = 23)]
    hour: Option<u8>,
    /// Where; needed unless it is `off`. Null or missing: nowhere.
    #[serde(default)]
    #[schema(max_length = 254)]
    address: Option<String>,
}

impl SettingsRequest {
    /// What is wanted, and the address; `mailer` knows where mail goes.
    pub(super) fn read(
        &self,
        mailer: Option<&Mailer>,
    ) -> Result<(Setting, Option<String>), Problem> {
        let mut fields = Fields::new();
        let hour = self.hour.unwrap_or(HOUR_DEFAULT);
        if hour > 23 {
            fields.fault("/hour", Fault::TooLarge { max: 23 });
        }
        let address = self
            .address
            .as_deref()
            .and_then(|raw| fields.line("/address", raw, ADDRESS_CHARS_MAX));
        if self.mail != ModeView::Off && self.address.is_none() {
            fields.fault("/address", Fault::Required);
        }
        if let (Some(address), Some(mailer)) = (&address, mailer)
            && !mailer.takes(address)
        {
            let those = mailer.domains().join(", ");
            let expected = text(
                format!("eine Mailadresse dieses Hauses (hinter dem @: {those})"),
                format!("an address of this house (behind the @: {those})"),
            );
            fields.fault("/address", Fault::WrongFormat { expected });
        }
        let mode = self.mail.into();
        fields.done((Setting { mode, hour }, address))
    }
}

//! Inboxes on the wire.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::counting::Counted;
use super::model::{Claimed, Due, Filter, Held, Inbox, Me, Range, Sort};
use super::rows::{Entry, Who};
use crate::base::db::DbError;
use crate::base::{AccountId, Timestamp};
use crate::departments::{self, Department, Named, functions};
use crate::http::gather::{WORDS_CHARS_MAX, narrowing};
use crate::http::{Fault, Kind, Problem, text};

/// Longest short name of a definition, in characters.
const CODE_CHARS_MAX: usize = 100;
/// Most characters of a kind of step.
const KIND_CHARS_MAX: usize = 40;

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InboxDue)]
pub(super) enum DueView {
    /// Its time is over.
    Overdue,
    /// Today.
    Today,
    /// In the next seven days, without today.
    Week,
    /// After that.
    Later,
    /// It has no deadline.
    None,
}

impl From<DueView> for Due {
    fn from(due: DueView) -> Self {
        match due {
            DueView::Overdue => Self::Overdue,
            DueView::Today => Self::Today,
            DueView::Week => Self::Week,
            DueView::Later => Self::Later,
            DueView::None => Self::None,
        }
    }
}

/// Who has claimed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InboxClaimed)]
pub(super) enum ClaimedView {
    /// You.
    Me,
    /// Nobody.
    Nobody,
    /// Somebody else.
    Others,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InboxSort)]
pub(super) enum SortView {
    /// What is due first comes first, what has no deadline last.
    #[default]
    Due,
    /// What has been open for longest comes first.
    Opened,
}

/// Which steps.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct InboxFilter {
    /// `me`: asked of you by name. `function:CODE`: of whoever holds a function, which you do. `unit`: of whoever has
    /// a role in a department, which you have, or may work there. All of them, if nothing is said.
    #[serde(rename = "box")]
    #[param(rename = "box", nullable = false, max_length = 80)]
    inbox: Option<String>,
    /// Short name of a definition.
    #[param(nullable = false, max_length = 100)]
    definition: Option<String>,
    /// A kind of step: `task`, `co_sign`, `order` …
    #[param(nullable = false, max_length = 40)]
    kind: Option<String>,
    /// When it is due.
    #[param(nullable = false)]
    due: Option<DueView>,
    /// Who has claimed it.
    #[param(nullable = false)]
    claimed: Option<ClaimedView>,
    /// `true`: what rests (Wiedervorlage), and nothing else. Without it what rests is left out.
    #[param(nullable = false)]
    held: Option<bool>,
    /// Words in subject or reference of the case, in any order; ä is ae.
    #[param(nullable = false, max_length = 200)]
    q: Option<String>,
    /// In which order.
    #[param(nullable = false)]
    sort: Option<SortView>,
}

impl InboxFilter {
    /// What is looked for, and in which order.
    pub(super) fn read(&self) -> Result<(Filter, Sort), Problem> {
        let inbox = match self.inbox.as_deref().map(Inbox::parse) {
            None => None,
            Some(Some(inbox)) => Some(inbox),
            Some(None) => {
                let expected = text(
                    "me, unit oder function: und das Kürzel einer Funktion",
                    "me, unit, or function: and the short name of a function",
                );
                let fault = Fault::WrongFormat { expected };
                return Err(Problem::new(Kind::QueryInvalid).parameter("box", fault));
            }
        };
        let filter = Filter {
            inbox,
            definition: narrowing("definition", self.definition.as_deref(), CODE_CHARS_MAX)?,
            kind: narrowing("kind", self.kind.as_deref(), KIND_CHARS_MAX)?,
            due: self.due.map(Due::from),
            claimed: self.claimed.map(|claimed| match claimed {
                ClaimedView::Me => Claimed::Me,
                ClaimedView::Nobody => Claimed::Nobody,
                ClaimedView::Others => Claimed::Others,
            }),
            held: match self.held {
                Some(true) => Held::Only,
                Some(false) | None => Held::Without,
            },
            words: narrowing("q", self.q.as_deref(), WORDS_CHARS_MAX)?,
        };
        let sort = match self.sort.unwrap_or_default() {
            SortView::Due => Sort::Due,
            SortView::Opened => Sort::Opened,
        };
        Ok((filter, sort))
    }
}

/// A person, with whoever stands in for him now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxPerson {
    /// The name to sign in with.
    login: String,
    /// The name for people.
    name: String,
    /// Who stands in, where he is away: name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    deputy: Option<String>,
}

/// Somebody who is asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxAsked {
    /// `person`, `function`, `role`, `anybody` or `system`.
    kind: &'static str,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    person: Option<InboxPerson>,
    /// Short name of the function.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    function: Option<String>,
    /// The role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    role: Option<String>,
    /// Short name of the department of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
}

/// A definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxDefinition {
    /// Its short name.
    id: String,
    /// Its version.
    version: u32,
    /// What it is called.
    title: String,
}

/// A case.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxCase {
    /// Its id.
    id: Uuid,
    /// Its Vorgangszeichen.
    reference: String,
    /// Its Betreff.
    subject: String,
}

/// An open step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxItem {
    /// The workflow.
    workflow: Uuid,
    /// Its version, for `If-Match`.
    version: u64,
    /// By which it runs.
    definition: InboxDefinition,
    /// In which it runs.
    case: InboxCase,
    /// The number of the step.
    step: u32,
    /// Its key in the definition; `adhoc`, where it was inserted.
    key: String,
    /// Its kind.
    kind: String,
    /// What it is called.
    label: String,
    /// In which of your inboxes it lies.
    boxes: Vec<String>,
    /// Who is asked.
    asked: Vec<InboxAsked>,
    /// Who has claimed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    claimed_by: Option<InboxPerson>,
    /// Since when it is open.
    #[schema(format = DateTime)]
    opened_at: String,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    due_on: Option<String>,
    /// Whether that is over.
    overdue: bool,
    /// It rests until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    held_until: Option<String>,
}

/// A page of an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InboxPage {
    /// The steps.
    pub(super) items: Vec<InboxItem>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

/// What names are needed to show steps: read once for a page.
pub(super) struct Shown<'a> {
    me: &'a Me,
    now: Timestamp,
    departments: &'a [Department],
    names: HashMap<AccountId, Named>,
    away: HashMap<AccountId, AccountId>,
}

impl<'a> Shown<'a> {
    /// For these steps.
    pub(super) async fn of(
        on: &impl ConnectionTrait,
        (me, now): (&'a Me, Timestamp),
        departments: &'a [Department],
        entries: &BTreeMap<(Uuid, i64), Entry>,
    ) -> Result<Self, DbError> {
        let mut ids = BTreeSet::new();
        for entry in entries.values() {
            ids.extend(entry.claimed_by);
            ids.extend(entry.asked.iter().filter_map(|one| one.account));
        }
        let away = departments::away(on, &ids, now).await?;
        ids.extend(away.values().copied());
        let ids: Vec<AccountId> = ids.into_iter().collect();
        Ok(Self {
            me,
            now,
            departments,
            names: departments::named(on, &ids).await?,
            away,
        })
    }

    fn person(&self, id: AccountId) -> Option<InboxPerson> {
        let named = self.names.get(&id)?;
        let deputy = self.away.get(&id).and_then(|id| self.names.get(id));
        Some(InboxPerson {
            login: named.login.clone(),
            name: named.name.clone(),
            deputy: deputy.map(|one| one.name.clone()),
        })
    }

    fn asked(&self, who: &Who) -> InboxAsked {
        let nobody = InboxAsked {
            kind: "system",
            person: None,
            function: None,
            role: None,
            department: None,
        };
        if let Some(id) = who.account {
            let named = self.names.get(&id).map(|one| one.login.as_str());
            return match named.and_then(functions::code_of) {
                Some(code) => InboxAsked {
                    kind: "function",
                    function: Some(code.to_owned()),
                    ..nobody
                },
                None => InboxAsked {
                    kind: "person",
                    person: self.person(id),
                    ..nobody
                },
            };
        }
        if who.role.is_some() {
            let mut all = self.departments.iter();
            let found = all.find(|one| Some(one.id.raw()) == who.department);
            return InboxAsked {
                kind: "role",
                role: who.role.clone(),
                department: found.map(|one| one.slug.clone()),
                ..nobody
            };
        }
        match who.who.strip_prefix("function:") {
            Some(code) => InboxAsked {
                kind: "function",
                function: Some(code.to_owned()),
                ..nobody
            },
            None if who.who == "anybody" => InboxAsked {
                kind: "anybody",
                ..nobody
            },
            None => nobody,
        }
    }

    /// In which inboxes a step lies.
    fn boxes(&self, entry: &Entry) -> Vec<String> {
        let lies_in = |inbox: &Inbox| {
            let ranges = self.me.ranges(inbox);
            entry.asked.iter().any(|one| {
                ranges.iter().any(|range| match range {
                    Range::Who(who) => who.contains(&one.who),
                    Range::Anybody(units) => {
                        one.who == "anybody" && one.department.is_some_and(|id| units.contains(&id))
                    }
                })
            })
        };
        let all = self.me.boxes();
        let those = all.iter().filter(|inbox| lies_in(inbox));
        those.map(ToString::to_string).collect()
    }

    /// A step as it is shown.
    pub(super) fn item(&self, entry: &Entry) -> InboxItem {
        InboxItem {
            workflow: entry.workflow.raw(),
            version: entry.version,
            definition: InboxDefinition {
                id: entry.definition.clone(),
                version: entry.definition_version,
                title: entry.title.clone(),
            },
            case: InboxCase {
                id: entry.case.raw(),
                reference: entry.reference.clone(),
                subject: entry.subject.clone(),
            },
            step: entry.step,
            key: entry.key.clone(),
            kind: entry.kind.clone(),
            label: entry.label.clone(),
            boxes: self.boxes(entry),
            asked: entry.asked.iter().map(|one| self.asked(one)).collect(),
            claimed_by: entry.claimed_by.and_then(|id| self.person(id)),
            opened_at: entry.opened_at.to_string(),
            due_on: entry.due_on.clone(),
            overdue: entry.overdue_at.is_some_and(|at| at <= self.now),
            held_until: entry.held_until.map(|at| at.to_string()),
        }
    }
}

/// What lies in one inbox. What rests is in `held` and in nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct InboxCounts {
    /// `me`, `function:CODE` or `unit`.
    #[serde(rename = "box")]
    inbox: String,
    /// All that does not rest.
    total: u64,
    /// Whose time is over.
    overdue: u64,
    /// Due today.
    today: u64,
    /// Due in the next seven days.
    week: u64,
    /// Due after that.
    later: u64,
    /// Without a deadline.
    none: u64,
    /// What rests.
    held: u64,
    /// By the short name of the definition, without what rests.
    definitions: BTreeMap<String, u64>,
}

/// What lies in your inboxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct InboxCountList {
    /// Your inboxes. A step that lies in two of them is counted in both.
    pub(super) items: Vec<InboxCounts>,
}

impl InboxCountList {
    pub(super) fn of(boxes: &[Inbox], counted: Vec<Counted>) -> Self {
        let mut items: Vec<InboxCounts> = boxes
            .iter()
            .map(|inbox| InboxCounts {
                inbox: inbox.to_string(),
                ..InboxCounts::default()
            })
            .collect();
        for one in counted {
            let Some(into) = items.get_mut(one.inbox) else {
                continue;
            };
            let Some(due) = one.due else {
                into.held += one.count;
                continue;
            };
            into.total += one.count;
            *into.definitions.entry(one.definition).or_default() += one.count;
            match due {
                Due::Overdue => into.overdue += one.count,
                Due::Today => into.today += one.count,
                Due::Week => into.week += one.count,
                Due::Later => into.later += one.count,
                Due::None => into.none += one.count,
            }
        }
        Self { items }
    }
}

/// How a stream is read.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct InboxEventQuery {
    /// Whether the stream says what there is now, and ends.
    #[param(nullable = false)]
    pub(super) once: Option<bool>,
}

/// What an event says.
#[derive(Debug, Serialize)]
pub(super) struct InboxEvent {
    /// Notifications that you have not read.
    pub(super) unread: u64,
    /// When the last of them was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<String>,
    /// What lies in your inboxes.
    pub(super) boxes: Vec<InboxCounts>,
}

//! Lists of documents over HTTP.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::asking;
use super::fields;
use super::list::{self, Filter, Inbox, Order, Place};
use super::looking;
use super::model::{Channel, CivilDate, Direction, Document, State};
use super::wire::DocumentView;
use crate::audit::event::Look;
use crate::base::{Actor, CaseId, CorrespondentId, FileId, Timestamp};
use crate::correspondents;
use crate::departments::{self, Department, SignedIn, functions};
use crate::http::extract::{FieldParams, FieldQuery};
use crate::http::openapi::ListProblems;
use crate::http::page::{Cursors, PageRequest, scope_of};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;

/// Whose inbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum InboxOf {
    /// One's own.
    Me,
    /// Those of the departments.
    Units,
    /// That of the function with this short name.
    Function(String),
}

impl TryFrom<String> for InboxOf {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match (text.as_str(), functions::code_of(&text)) {
            ("me", _) => Ok(Self::Me),
            ("units", _) => Ok(Self::Units),
            (_, Some(code)) => Ok(Self::Function(code.to_owned())),
            (_, None) => Err("invalid value, expected me, units or function:CODE"),
        }
    }
}

impl From<InboxOf> for String {
    fn from(inbox: InboxOf) -> Self {
        match inbox {
            InboxOf::Me => "me".to_owned(),
            InboxOf::Units => "units".to_owned(),
            InboxOf::Function(code) => format!("function:{code}"),
        }
    }
}

impl InboxOf {
    /// The inbox that is meant. What lies there is listed as far as the actor may see it.
    pub(crate) async fn inbox(
        &self,
        on: &impl ConnectionTrait,
        actor: &Actor,
    ) -> Result<Inbox, Problem> {
        Ok(match self {
            Self::Me => Inbox::Of(actor.on_behalf_of.unwrap_or(actor.account)),
            Self::Units => Inbox::OfUnits,
            Self::Function(code) => {
                // What lies with one that was ended stays there.
                let found = functions::once_named(on, code).await?;
                let nothing =
                    || Problem::new(Kind::QueryInvalid).parameter("inbox", Fault::NotFound);
                Inbox::Of(found.ok_or_else(nothing)?.id)
            }
        })
    }
}

/// The filters of a list. Each may be given several times: then one of them must hold.
#[derive(Debug, Clone, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
#[schema(as = DocumentFilter)]
pub(super) struct ListFilter {
    /// Short names of departments.
    department: Vec<String>,
    /// States.
    state: Vec<State>,
    /// Document types, exactly.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Vec<String>,
    /// Tags, exactly.
    tag: Vec<String>,
    /// Correspondents: as it is written on the document, or by a name or alias of one that you know.
    correspondent: Vec<String>,
    /// Correspondents, and what was merged into them.
    correspondent_id: Vec<Uuid>,
    /// Directions.
    direction: Vec<Direction>,
    /// Channels.
    channel: Vec<Channel>,
    /// Dated from here on.
    #[param(nullable = false, format = Date)]
    date_from: Option<String>,
    /// Dated up to and including here.
    #[param(nullable = false, format = Date)]
    date_to: Option<String>,
    /// Received from here on.
    #[param(nullable = false, format = DateTime)]
    received_from: Option<String>,
    /// Received before here.
    #[param(nullable = false, format = DateTime)]
    received_before: Option<String>,
    /// The case in which they stand.
    #[param(nullable = false)]
    case: Option<Uuid>,
    /// The file in whose cases they stand.
    #[param(nullable = false)]
    file: Option<Uuid>,
    /// `me`: what was handed to you, or to the one for whom you act; `units`: what came in and lies
    /// with nobody, with a function that was ended or with somebody who was switched off;
    /// `function:CODE`: what was handed to a function.
    #[param(nullable = false, value_type = Option<String>, pattern = "^(me|units|function:[a-z][a-z0-9-]*)$")]
    #[schema(value_type = Option<String>)]
    inbox: Option<InboxOf>,
    /// Whether they are registered.
    #[param(nullable = false)]
    registered: Option<bool>,
    /// Whether components are listed too: attachments, and what was taken out of archives. They are not, if
    /// nothing is said.
    #[param(nullable = false)]
    components: Option<bool>,
    /// `newest` (the last received first) or `oldest`.
    #[param(nullable = false, inline)]
    order: Option<ListOrder>,
    /// Whether the answer says how many there are in all.
    #[param(nullable = false)]
    count: Option<bool>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ListOrder {
    Newest,
    Oldest,
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentPage {
    /// The documents.
    items: Vec<DocumentView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// How many there are in all; only where `count=true` was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<u64>,
}

impl ListFilter {
    /// All that it says of documents.
    pub(super) async fn whole(
        &self,
        db: &Db,
        actor: &Actor,
        all: &[Department],
    ) -> Result<Filter, Problem> {
        let mut filter = self.filter(all)?;
        filter.known = self.known(db, actor).await?;
        if let Some(inbox) = &self.inbox {
            filter.inbox = Some(inbox.inbox(db.read(), actor).await?);
        }
        Ok(filter)
    }

    /// The correspondents that are meant, by id or by name, with all that was merged into them. One that
    /// the actor does not know stands for itself: nothing that he sees names it.
    async fn known(&self, db: &Db, actor: &Actor) -> Result<Vec<Uuid>, Problem> {
        let mut wanted: Vec<_> = self.correspondent_id.to_vec();
        if !self.correspondent.is_empty() {
            let named = correspondents::spelled(db.read(), actor, &self.correspondent).await?;
            wanted.extend(named.iter().map(|one| one.id.raw()));
        }
        let ids: Vec<_> = wanted.iter().copied().map(CorrespondentId::of).collect();
        wanted.extend(correspondents::with_below(db.read(), &ids).await?);
        Ok(wanted)
    }

    fn filter(&self, all: &[Department]) -> Result<Filter, Problem> {
        let mut problem = Problem::new(Kind::QueryInvalid);
        let mut date = |name: &'static str, raw: Option<&String>| {
            let read = raw.and_then(|raw| CivilDate::parse(raw));
            if raw.is_some() && read.is_none() {
                let expected = text("ein Datum JJJJ-MM-TT", "a date YYYY-MM-DD");
                let so_far = std::mem::replace(&mut problem, Problem::new(Kind::QueryInvalid));
                problem = so_far.parameter(name, Fault::WrongFormat { expected });
            }
            read
        };
        let dated_from = date("date_from", self.date_from.as_ref());
        let dated_to = date("date_to", self.date_to.as_ref());
        let mut instant = |name: &'static str, raw: Option<&String>| {
            let read = raw.and_then(|raw| Timestamp::parse(raw));
            if raw.is_some() && read.is_none() {
                let expected = text("ein Zeitpunkt nach RFC 3339", "a time by RFC 3339");
                let so_far = std::mem::replace(&mut problem, Problem::new(Kind::QueryInvalid));
                problem = so_far.parameter(name, Fault::WrongFormat { expected });
            }
            read
        };
        let received_from = instant("received_from", self.received_from.as_ref());
        let received_before = instant("received_before", self.received_before.as_ref());
        if problem.faults() > 0 {
            return Err(problem);
        }
        Ok(Filter {
            departments: crate::files::departments_named(&self.department, all),
            case: self.case.map(CaseId::of),
            file: self.file.map(FileId::of),
            inbox: None,
            registered: self.registered,
            states: self.state.clone(),
            kinds: self.kind.clone(),
            tags: self.tag.clone(),
            correspondents: self.correspondent.clone(),
            known: Vec::new(),
            directions: self.direction.clone(),
            channels: self.channel.clone(),
            dated_from,
            dated_to,
            received_from,
            received_before,
            by_field: asking::ByField::new(),
            components: self.components.unwrap_or(false),
        })
    }
}

/// Documents by their metadata; what you may not see is neither listed nor counted.
#[utoipa::path(
    get, path = "/api/v1/documents", tag = "documents", operation_id = "listDocuments",
    params(ListFilter, FieldParams, PageRequest),
    responses((status = 200, description = "A page", body = DocumentPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_documents(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    FieldQuery {
        filter: asked,
        fields: by_field,
        page: wanted,
    }: FieldQuery<ListFilter>,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments_of(&request, &db).await?;
    let mut filter = asked.whole(&db, &actor, &all).await?;
    filter.by_field = asking::by_field(db.read(), &actor, &by_field).await?;
    let order = match asked.order {
        Some(ListOrder::Oldest) => Order::Oldest,
        Some(ListOrder::Newest) | None => Order::Newest,
    };
    // Whether they are counted decides neither which documents are listed nor in which order.
    let scope = scope_of("documents", &asked, &["count"])?;
    let scope = FieldQuery::<()>::scope(scope, &by_field);
    let after: Option<Place> = wanted.after(&cursors, &scope)?;
    let (found, more) = list::page(
        db.read(),
        &actor,
        &filter,
        order,
        after,
        u64::from(wanted.limit),
    )
    .await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &Place::of(last))?),
        Some(_) | None => None,
    };
    let total = match asked.count {
        Some(true) => Some(list::count(db.read(), &actor, &filter).await?),
        Some(false) | None => None,
    };
    let shown = found.iter().map(Document::shown).collect();
    looks
        .note(Looked::of(Look::List, &actor).showing(shown))
        .await?;
    let held = looking::hold(db.read(), found).await?;
    let mut items: Vec<DocumentView> = held
        .iter()
        .map(|one| DocumentView::of(one, &all, language))
        .collect();
    fields::tell(db.read(), &actor, &held, &mut items).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, crate::http::page::next_link(&request, cursor)));
    }
    Ok(response.json(DocumentPage {
        items,
        next_cursor,
        total,
    }))
}

//! Putting in: a token, an upload, what became of it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::{Called, Paging, UPLOADS_MAX, Upload, day, numbers};
use super::paging::{Page, no_page};
use super::queries::DetailProblems;
use super::rows::{self, Which};
use super::tasks::{Task, TaskNine, TaskTen, Tasks as TaskList};
use super::version::Version;
use super::wire::{Credentials, DuplicateView, TokenView};
use super::{ops, queries};
use crate::audit::event::Look;
use crate::base::actor::Scope;
use crate::base::{Actor, DocumentId, Tasks};
use crate::config::Auth;
use crate::departments::{self, AnyToken, Attempts, Carrier, Door, Intake};
use crate::documents::{self, Channel, Document, DocumentError, Entrance, NewDocument, Words};
use crate::http::extract::{ClientAddress, Path, body_within, json_of, pairs};
use crate::http::limits::RateLimits;
use crate::http::multipart::Upload as Form;
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks, Shown};
use crate::replay::with_receipt;
use crate::unit::Db;

/// The most bytes of name and password.
const CREDENTIALS_BYTES_MAX: usize = 16 * 1024;

/// What a document without any name is called.
const NAMELESS: &str = "Scan";

/// Name and password, as JSON or as a form.
async fn credentials(request: &HttpRequest, payload: Payload) -> Result<Credentials, Problem> {
    let body = body_within(request, payload.into_inner(), CREDENTIALS_BYTES_MAX).await?;
    let media = request.headers().get(header::CONTENT_TYPE);
    let media = media
        .and_then(|media| media.to_str().ok())
        .unwrap_or_default();
    if !media.starts_with("application/x-www-form-urlencoded") {
        return json_of(&body, "");
    }
    let unreadable = || Problem::new(Kind::BadRequest);
    let form = std::str::from_utf8(&body).map_err(|_source| unreadable())?;
    let (mut username, mut password) = (None, None);
    for (name, value) in pairs(form)? {
        match name.as_str() {
            "username" => username = Some(value),
            "password" => password = Some(Zeroizing::new(value)),
            _ => {}
        }
    }
    let required = |name: &'static str| Problem::new(Kind::BadRequest).field(name, Fault::Required);
    Ok(Credentials {
        username: username.ok_or_else(|| required("username"))?,
        password: password.ok_or_else(|| required("password"))?,
    })
}

/// Signs in. The token does everything that the account may, for as long as a session; for a scanner
/// issue one for intake by `POST /api/v1/tokens`.
#[utoipa::path(
    post, path = "/api/token/", tag = "intake", operation_id = "paperlessToken",
    request_body(content = Credentials, content_type = "application/json"),
    responses((status = 200, description = "Signed in", body = TokenView), DetailProblems)
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an attempt to sign in needs of its request"
)]
pub(super) async fn post_token(
    request: HttpRequest,
    db: Data<Db>,
    auth: Data<Auth>,
    attempts: Data<Attempts>,
    looks: Data<Looks>,
    limits: Data<RateLimits>,
    client: ClientAddress,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let Credentials { username, password } = credentials(&request, payload).await?;
    let door = Door {
        db: &db,
        auth: &auth,
        attempts: &attempts,
        looks: &looks,
        limits: &limits,
        client,
    };
    let entered = departments::enter(&request, door, (&username, password), Carrier::Bearer).await;
    let written = entered.map_err(|problem| {
        if problem.kind() != Kind::Unauthenticated {
            return problem;
        }
        // Clients look for the reason in this field.
        let detail = text(
            "Name oder Passwort stimmen nicht.",
            "Unable to log in with provided credentials.",
        );
        let fault = Fault::Rule {
            code: "credentials",
            detail,
        };
        Problem::new(Kind::BadRequest).field("non_field_errors", fault)
    })?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    let token = written.value.1.0.to_string();
    Ok(response.json(TokenView { token }))
}

/// The parts of an upload.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the parts for the contract")]
pub(super) struct UploadForm {
    /// The document's bytes, as they are.
    #[schema(value_type = String, format = Binary)]
    document: Vec<u8>,
    /// Betreff; without it the file name is taken.
    #[schema(max_length = 300, nullable = false)]
    title: Option<String>,
    /// Datum des Schreibens: a civil date, or an instant of which the date counts.
    #[schema(nullable = false)]
    created: Option<String>,
    /// The number of a correspondent that you see.
    #[schema(nullable = false)]
    correspondent: Option<i64>,
    /// The number of a type that you see.
    #[schema(nullable = false)]
    document_type: Option<i64>,
    /// The numbers of tags that you see; the part may come several times.
    #[schema(nullable = false)]
    tags: Option<Vec<i64>>,
}

/// What of a form is told of the document. Words are named by numbers of what the actor sees.
async fn described(
    db: &Db,
    actor: &Actor,
    fields: &[(String, String)],
) -> Result<NewDocument, Problem> {
    let mut new = NewDocument {
        channel: Some(Channel::Scan),
        ..NewDocument::default()
    };
    let mut seen = Seen::new(db, actor);
    for (name, value) in fields {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match name.as_str() {
            "title" => new.title = Some(value.to_owned()),
            "created" => {
                let expected = text("ein Datum JJJJ-MM-TT", "a date YYYY-MM-DD");
                let fault = Fault::WrongFormat { expected };
                let day = day(value).ok_or_else(|| refused("created", fault))?;
                new.document_date = Some(day.to_string());
            }
            "correspondent" => {
                new.correspondent = seen
                    .named((Words::Correspondents, "correspondent"), value)
                    .await?
                    .pop();
            }
            "document_type" => {
                new.kind = seen
                    .named((Words::Kinds, "document_type"), value)
                    .await?
                    .pop();
            }
            "tags" => new
                .tags
                .extend(seen.named((Words::Tags, "tags"), value).await?),
            "storage_path" | "archive_serial_number" | "custom_fields" => {
                return Err(refused(name, Fault::Unknown { near: None }));
            }
            // What clients send for themselves.
            _ => {}
        }
    }
    new.tags.sort_unstable();
    new.tags.dedup();
    Ok(new)
}

fn refused(field: &str, fault: Fault) -> Problem {
    Problem::new(Kind::BadRequest).field(field.to_owned(), fault)
}

/// The words that the actor sees on documents, each kind read once, however many parts name one.
struct Seen<'a> {
    db: &'a Db,
    actor: &'a Actor,
    words: HashMap<Called, HashMap<i64, String>>,
}

impl<'a> Seen<'a> {
    fn new(db: &'a Db, actor: &'a Actor) -> Self {
        Self {
            db,
            actor,
            words: HashMap::new(),
        }
    }

    /// The words with these numbers.
    async fn named(
        &mut self,
        (which, field): (Words, &'static str),
        value: &str,
    ) -> Result<Vec<String>, Problem> {
        let not_found = || refused(field, Fault::NotFound);
        let wanted = numbers(value.trim_matches(['[', ']'])).ok_or_else(not_found)?;
        let known = match self.words.entry(ops::called(which)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let words = ops::words(self.db, self.actor, which).await?.into_iter();
                new.insert(words.map(|(number, word)| (number, word.name)).collect())
            }
        };
        let mut found = Vec::with_capacity(wanted.len());
        for number in wanted {
            found.push(known.get(&number).ok_or_else(not_found)?.clone());
        }
        Ok(found)
    }
}

/// Puts a document in. The answer comes when content, rows and record are durable.
///
/// It goes into the department, and the inbox, that are laid down for the token; without, into the
/// only department in which the account files. Content that is there already is accepted.
#[utoipa::path(
    post, path = "/api/documents/post_document/", tag = "intake", operation_id = "paperlessPostDocument",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The id to ask by what became of it; durable", body = String,
        content_type = "application/json"),
        DetailProblems),
    security(("token" = []))
)]
pub(super) async fn post_document(
    request: HttpRequest,
    db: Data<Db>,
    entrance: Data<Entrance>,
    tasks: Data<Tasks>,
    Intake(actor): Intake,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments_of(&request, &db).await?;
    documents::may_file(&actor, &all)?;
    let department = documents::department_of(&actor, None, &all).map_err(|_several| {
        Problem::new(Kind::Forbidden).detail(text(
            "Dieses Konto reicht in mehreren Abteilungen ein. Bitte ein Token mit festgelegter Abteilung benutzen.",
            "This account files in several departments. Please use a token with a department of its own.",
        ))
    })?;
    let received = form
        .read_form("document", async |content| {
            let entered = documents::stage(&entrance, content).await?;
            entered.admit(&db, &actor, Some(department)).await
        })
        .await?;
    let fields = received.metadata;
    let arrived = documents::admit(&db, &actor, Some(department), received.content).await?;
    let prepared = async {
        let new = described(&db, &actor, &fields).await?;
        let name = arrived.file_name().unwrap_or(NAMELESS);
        let metadata = new.metadata(Some(name), db.now())?;
        documents::may_say(db.read(), &actor, &metadata).await?;
        Ok::<_, Problem>(metadata)
    };
    let metadata = match prepared.await {
        Ok(metadata) => metadata,
        Err(problem) => {
            arrived.discard().await;
            return Err(problem);
        }
    };
    let content = arrived.keep_as(&db, &actor, &tasks).await?;
    let written = ops::put_in(&db, &actor, department, (metadata, content)).await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(written.value))
}

/// How much is told of the duplicates of uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Same {
    /// The earlier upload of the same content by the same token: no news to whoever has it.
    Earlier,
    /// All documents with the same content that the actor sees, with their titles.
    Seen,
}

/// Documents with the same content as an upload, of those that the actor sees; and as a look names them.
async fn same(
    db: &Db,
    actor: &Actor,
    upload: &Upload,
) -> Result<(Vec<DuplicateView>, Vec<Shown>), Problem> {
    let held = match documents::read(db.read(), actor, upload.document).await {
        Ok(held) => held,
        Err(DocumentError::NotFound) => return Ok((Vec::new(), Vec::new())),
        Err(error) => return Err(error.into()),
    };
    let found = documents::duplicates(db.read(), actor, &held).await?;
    let ids: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
    let numbers = rows::numbers(db, Called::Document, &ids).await?;
    let shown = found.iter().map(Document::shown).collect();
    let named = found.into_iter().filter_map(|one| {
        let id = numbers.get(&one.id.to_string()).copied()?;
        Some(DuplicateView {
            id,
            title: Some(one.metadata.title),
            deleted_at: None,
        })
    });
    Ok((named.collect(), shown))
}

/// What is told of uploads. Titles that are shown are a look, which names their documents.
async fn told(
    (db, looks): (&Db, &Looks),
    actor: &Actor,
    uploads: Vec<Upload>,
    how: Same,
) -> Result<Vec<(Upload, i64, Vec<DuplicateView>)>, Problem> {
    let named = uploads
        .iter()
        .flat_map(|one| std::iter::once(one.document).chain(one.before));
    let ids: BTreeSet<String> = named.map(|id| id.to_string()).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let numbers = rows::numbers(db, Called::Document, &ids).await?;
    let number = |id: DocumentId| numbers.get(&id.to_string()).copied();
    let (mut all, mut shown) = (Vec::with_capacity(uploads.len()), Vec::new());
    for upload in uploads {
        let same = match how {
            Same::Seen => {
                let (same, seen) = same(db, actor, &upload).await?;
                shown.extend(seen);
                same
            }
            Same::Earlier => {
                let earlier = upload.before.and_then(number).into_iter();
                let view = |id| DuplicateView {
                    id,
                    title: None,
                    deleted_at: None,
                };
                earlier.map(view).collect()
            }
        };
        let number = number(upload.document).unwrap_or_default();
        all.push((upload, number, same));
    }
    if how == Same::Seen {
        let looked = Looked::of(Look::List, actor).showing(shown);
        looks.note(looked).await?;
    }
    Ok(all)
}

/// What is told of duplicates: of one upload that is asked for, and only to whoever may read.
fn how(actor: &Actor, one: bool) -> Same {
    match actor.scope {
        Scope::Full | Scope::Read if one => Same::Seen,
        Scope::Intake | Scope::Full | Scope::Read => Same::Earlier,
    }
}

/// What became of uploads: of those of the token, where it is one for intake, else of those of the
/// account. All documents with the same content are named where one upload is asked for by `task_id`; in
/// a list it is the earlier upload of the same token.
#[utoipa::path(
    get, path = "/api/tasks/", tag = "intake", operation_id = "paperlessTasks",
    params(queries::TaskQuery),
    responses((status = 200, description = "The newest first", body = TaskList), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_tasks(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    version: Version,
    AnyToken(actor): AnyToken,
) -> Result<HttpResponse, Problem> {
    let query = pairs(request.query_string())?;
    let asked = query.iter().rev().find(|(name, _)| name == "task_id");
    let which = match asked.map(|(_, id)| Uuid::parse_str(id)) {
        None => Some(Which::Any),
        // What is no id is the id of nothing.
        Some(id) => id.ok().map(Which::Id),
    };
    let paging = match version.is_tenth() {
        true => Paging::read(&query, UPLOADS_MAX).ok_or_else(no_page)?,
        false => Paging {
            page: 1,
            size: UPLOADS_MAX,
        },
    };
    let window = (paging.offset(), paging.size);
    let (uploads, count) = match which {
        Some(which) => rows::uploads(db.read(), &actor, which, window).await?,
        None => (Vec::new(), 0),
    };
    let how = how(&actor, which != Some(Which::Any));
    let told = told((&db, &looks), &actor, uploads, how).await?;
    let told = told.into_iter();
    let tasks = if version.is_tenth() {
        let results = told.map(|(upload, number, same)| TaskTen::of(upload, number, &same));
        TaskList::Ten(Page::of(&request, paging, count, None, results.collect())?)
    } else {
        let results = told.map(|(upload, number, same)| TaskNine::of(upload, number, same));
        TaskList::Nine(results.collect())
    };
    Ok(HttpResponse::Ok().json(tasks))
}

/// What became of one upload.
#[utoipa::path(
    get, path = "/api/tasks/{id}/", tag = "intake", operation_id = "paperlessTask",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The upload", body = Task), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_task(
    db: Data<Db>,
    looks: Data<Looks>,
    version: Version,
    AnyToken(actor): AnyToken,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let which = Which::Number(number);
    let (uploads, _) = rows::uploads(db.read(), &actor, which, (0, 1)).await?;
    let how = how(&actor, true);
    let mut told = told((&db, &looks), &actor, uploads, how).await?;
    let (upload, number, same) = told.pop().ok_or_else(|| Problem::new(Kind::NotFound))?;
    let task = match version.is_tenth() {
        true => Task::Ten(TaskTen::of(upload, number, &same)),
        false => Task::Nine(TaskNine::of(upload, number, same)),
    };
    Ok(HttpResponse::Ok().json(task))
}

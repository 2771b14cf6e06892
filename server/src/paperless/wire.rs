//! Things as clients of paperless-ngx read them.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::custom::CustomValue;
use super::model::{Paging, Upload};
use super::ops::Numbers;
use super::version::Version;
use crate::base::Timestamp;
use crate::documents::{Held, Word, Words};
use crate::http::edge::Edge;
use crate::http::extract::pairs;
use crate::http::{Kind, Problem, text};

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[schema(as = Credentials)]
pub(super) struct Credentials {
    /// The name to sign in with.
    #[schema(max_length = 64)]
    pub(super) username: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 256)]
    pub(super) password: zeroize::Zeroizing<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    /// Send it as `Authorization: Token …`.
    pub(super) token: String,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T: ToSchema> {
    /// How many entries there are in all, of those that you may see.
    pub(super) count: u64,
    /// Where the next page is.
    pub(super) next: Option<String>,
    /// Where the page before is.
    pub(super) previous: Option<String>,
    /// The numbers of all entries, not only of this page; in forms below the tenth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) all: Option<Vec<i64>>,
    /// The entries of this page.
    pub(super) results: Vec<T>,
}

impl<T: ToSchema> Page<T> {
    /// A page of a list that is there as a whole.
    pub(super) fn cut(
        request: &HttpRequest,
        version: Version,
        paging: Paging,
        entries: Vec<T>,
        number: impl Fn(&T) -> i64,
    ) -> Result<Self, Problem> {
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let all = (!version.is_tenth()).then(|| entries.iter().map(number).collect());
        let (skip, take) = (paging.offset(), paging.size);
        let results = entries
            .into_iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            .take(usize::try_from(take).unwrap_or(usize::MAX));
        Self::of(request, paging, count, all, results.collect())
    }

    /// A page of a list with `count` entries.
    pub(super) fn of(
        request: &HttpRequest,
        paging: Paging,
        count: u64,
        all: Option<Vec<i64>>,
        results: Vec<T>,
    ) -> Result<Self, Problem> {
        if !paging.exists(count) {
            return Err(no_page());
        }
        let next = paging.has_next(count).then_some(paging.page + 1);
        let previous = paging.page.checked_sub(1).filter(|page| *page > 0);
        Ok(Self {
            count,
            next: next.map(|page| address(request, page)),
            previous: previous.map(|page| address(request, page)),
            all,
            results,
        })
    }
}

/// Nothing is on this page.
pub(super) fn no_page() -> Problem {
    Problem::new(Kind::NotFound).detail(text("Diese Seite gibt es nicht.", "Invalid page."))
}

/// Which page is asked for.
pub(super) fn paging(request: &HttpRequest, most: u64) -> Result<Paging, Problem> {
    Paging::read(&pairs(request.query_string())?, most).ok_or_else(no_page)
}

/// The beginning of our own addresses, as the client has come here.
pub(super) fn origin(request: &HttpRequest) -> String {
    let edge = request.app_data::<Data<Edge>>();
    let scheme = match edge.is_some_and(|edge| edge.https) {
        true => "https",
        false => "http",
    };
    let host = request.headers().get(header::HOST);
    let host = host
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// The address of another page of the same list.
fn address(request: &HttpRequest, page: u64) -> String {
    let mut query: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && *pair != "page" && !pair.starts_with("page="))
        .collect();
    let page = format!("page={page}");
    query.push(&page);
    format!("{}{}?{}", origin(request), request.path(), query.join("&"))
}

/// A tag, a correspondent or a type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Word)]
pub(super) struct WordView {
    /// Its number.
    pub(super) id: i64,
    /// Its name in small letters and hyphens.
    slug: String,
    /// Its name.
    pub(super) name: String,
    /// Nothing is assigned by matching.
    #[serde(rename = "match")]
    matches: &'static str,
    /// Nothing is assigned by matching: 0.
    matching_algorithm: u8,
    /// Nothing is assigned by matching.
    is_insensitive: bool,
    /// On how many documents it stands, of those that you may see.
    document_count: i64,
    /// Whom it belongs to: nobody.
    #[schema(value_type = Option<i64>)]
    owner: Option<i64>,
    /// Nothing is changed by this interface.
    user_can_change: bool,
    /// Of a correspondent: when the last document came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    last_correspondence: Option<String>,
    /// Of a tag: its colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = String)]
    color: Option<&'static str>,
    /// Of a tag: the colour of its letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = String)]
    text_color: Option<&'static str>,
    /// Of a tag: what is in the inbox is not told by tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    is_inbox_tag: Option<bool>,
}

impl WordView {
    pub(super) fn of(which: Words, number: i64, word: Word) -> Self {
        let tag = which == Words::Tags;
        let last = (which == Words::Correspondents).then(|| Timestamp::of_micros(word.last));
        Self {
            id: number,
            slug: slug(&word.name),
            name: word.name,
            matches: "",
            matching_algorithm: 0,
            is_insensitive: true,
            document_count: word.documents,
            owner: None,
            user_can_change: false,
            last_correspondence: last.map(|at| at.to_string()),
            color: tag.then_some("#a6cee3"),
            text_color: tag.then_some("#000000"),
            is_inbox_tag: tag.then_some(false),
        }
    }
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

/// Something that does not exist here: a storage path, a saved view, a note.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Nothing {}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub(super) struct DocumentView {
    /// Its number.
    pub(super) id: i64,
    /// The number of its correspondent.
    correspondent: Option<i64>,
    /// The number of its type.
    document_type: Option<i64>,
    /// There are none.
    #[schema(value_type = Option<i64>)]
    storage_path: Option<i64>,
    /// Betreff.
    title: String,
    /// Its text, where one document is asked for; in lists it is empty.
    pub(super) content: String,
    /// The numbers of its tags.
    tags: Vec<i64>,
    /// The date on it, or the day on which it came; in forms below the ninth an instant.
    created: String,
    /// The date on it, or the day on which it came.
    #[schema(format = Date)]
    created_date: String,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    modified: String,
    /// When it was put in, UTC.
    #[schema(format = DateTime)]
    added: String,
    /// What is shown is not put aside.
    #[schema(value_type = Option<String>)]
    deleted_at: Option<String>,
    /// There are none; the reference stands in the title of none.
    #[schema(value_type = Option<i64>)]
    archive_serial_number: Option<i64>,
    /// The name under which it came.
    original_file_name: Option<String>,
    /// There is no other copy than the original.
    #[schema(value_type = Option<String>)]
    archived_file_name: Option<String>,
    /// Whom it belongs to: a department, and that is no account.
    #[schema(value_type = Option<i64>)]
    owner: Option<i64>,
    /// Nothing is changed by this interface.
    user_can_change: bool,
    /// Nothing is shared by links.
    is_shared_by_requester: bool,
    /// There are none.
    notes: Vec<Nothing>,
    /// What stands in its fields; references are not told here.
    custom_fields: Vec<CustomValue>,
    /// Its pages, once they have been read.
    page_count: Option<u64>,
    /// What it claims to be.
    mime_type: String,
    /// How well it answers the question; where one was asked.
    #[serde(rename = "__search_hit__", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) search_hit: Option<HitView>,
}

/// How well a document answers a question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchHit)]
pub(super) struct HitView {
    /// The higher the better.
    pub(super) score: f32,
    /// Passages are not shown here.
    pub(super) highlights: &'static str,
    /// There are no notes.
    pub(super) note_highlights: &'static str,
    /// Its place, from 0.
    pub(super) rank: u64,
}

impl DocumentView {
    pub(super) fn of(held: &Held, numbers: &Numbers, version: Version) -> Self {
        let (document, metadata) = (&held.document, &held.document.metadata);
        let date = match metadata.document_date {
            Some(date) => date.to_string(),
            None => metadata.received_at.to_string().chars().take(10).collect(),
        };
        let created = match version.has_civil_dates() {
            true => date.clone(),
            false => format!("{date}T00:00:00Z"),
        };
        Self {
            id: numbers.document(document.id),
            correspondent: numbers.correspondent(metadata.correspondent.as_ref()),
            document_type: numbers.kind(metadata.kind.as_ref()),
            storage_path: None,
            title: metadata.title.clone(),
            content: String::new(),
            tags: numbers.tags(&metadata.tags),
            created,
            created_date: date,
            modified: document.changed_at.to_string(),
            added: document.created_at.to_string(),
            deleted_at: None,
            archive_serial_number: None,
            original_file_name: held.version.file_name.clone(),
            archived_file_name: None,
            owner: None,
            user_can_change: false,
            is_shared_by_requester: false,
            notes: Vec::new(),
            custom_fields: CustomValue::of(&metadata.fields, numbers),
            page_count: held.text.as_ref().map(|text| text.pages),
            mime_type: held.version.media_type.clone(),
            search_hit: None,
        }
    }
}

/// What is known of the content of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContentView {
    /// SHA-256 of the content, in hex.
    pub(super) original_checksum: String,
    /// Bytes.
    pub(super) original_size: u64,
    /// What it claims to be.
    pub(super) original_mime_type: String,
    /// The name under which it came.
    pub(super) media_filename: Option<String>,
    /// The name under which it came.
    pub(super) original_filename: Option<String>,
    /// There is no other copy than the original.
    pub(super) has_archive_version: bool,
    /// Nothing is read out of it.
    pub(super) original_metadata: Vec<Nothing>,
    /// There is no other copy than the original.
    #[schema(value_type = Option<String>)]
    pub(super) archive_checksum: Option<String>,
    /// There is no other copy than the original.
    #[schema(value_type = Option<i64>)]
    pub(super) archive_size: Option<u64>,
    /// The language.
    pub(super) lang: &'static str,
}

/// Another document with the same content.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Duplicate)]
pub(super) struct DuplicateView {
    /// Its number.
    pub(super) id: i64,
    /// Betreff; none where you may not read it.
    pub(super) title: Option<String>,
    /// What is named here is not put aside.
    #[schema(value_type = Option<String>)]
    pub(super) deleted_at: Option<String>,
}

/// What became of an upload, up to the ninth form. It is done when it is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskNine {
    /// Its number.
    pub(super) id: i64,
    /// The id that was answered to the upload.
    task_id: Uuid,
    /// `consume_file`.
    task_name: &'static str,
    /// The name under which it came.
    task_file_name: Option<String>,
    /// `manual_task`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `SUCCESS`.
    status: &'static str,
    /// When it came, UTC.
    #[schema(format = DateTime)]
    date_created: String,
    /// When it was durable, UTC.
    #[schema(format = DateTime)]
    date_done: String,
    /// What came of it, in the words that clients look for.
    result: String,
    /// Nothing is changed by this interface.
    acknowledged: bool,
    /// The number of the document.
    related_document: i64,
    /// Documents with the same content, of those that you may know of.
    duplicate_documents: Vec<DuplicateView>,
    /// Whom it belongs to: nobody else sees it.
    #[schema(value_type = Option<i64>)]
    owner: Option<i64>,
}

/// What became of an upload, in the tenth form.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskTen {
    /// Its number.
    pub(super) id: i64,
    /// The id that was answered to the upload.
    task_id: Uuid,
    /// `consume_file`.
    task_type: &'static str,
    /// In words.
    task_type_display: &'static str,
    /// `api_upload`.
    trigger_source: &'static str,
    /// In words.
    trigger_source_display: &'static str,
    /// `success`.
    status: &'static str,
    /// In words.
    status_display: &'static str,
    /// When it came, UTC.
    #[schema(format = DateTime)]
    date_created: String,
    /// When it came, UTC.
    #[schema(format = DateTime)]
    date_started: String,
    /// When it was durable, UTC.
    #[schema(format = DateTime)]
    date_done: String,
    /// It is done when it is answered: 0.
    duration_seconds: u8,
    /// It is done when it is answered: 0.
    wait_time_seconds: u8,
    /// What came.
    input_data: TaskInput,
    /// What came of it.
    result_data: TaskResult,
    /// The number of the document.
    related_document_ids: Vec<i64>,
    /// Nothing is changed by this interface.
    acknowledged: bool,
    /// Whom it belongs to: nobody else sees it.
    #[schema(value_type = Option<i64>)]
    owner: Option<i64>,
}

/// What came.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskInput {
    /// The name under which it came.
    filename: Option<String>,
    /// What it claims to be.
    mime_type: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskResult {
    /// The number of the document.
    document_id: i64,
    /// The number of one with the same content, where you may know of one. It was accepted all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duplicate_of: Option<i64>,
}

/// Uploads, in the form that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Tasks {
    /// The newest, up to the ninth form.
    Nine(Vec<TaskNine>),
    /// In pages, in the tenth form.
    Ten(Page<TaskTen>),
}

/// One upload, in the form that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Task {
    /// Up to the ninth form.
    Nine(TaskNine),
    /// In the tenth form.
    Ten(TaskTen),
}

impl TaskNine {
    pub(super) fn of(upload: Upload, document: i64, same: Vec<DuplicateView>) -> Self {
        Self {
            id: upload.number,
            task_id: upload.id,
            task_name: "consume_file",
            task_file_name: upload.file_name,
            kind: "manual_task",
            status: "SUCCESS",
            date_created: upload.at.to_string(),
            date_done: upload.at.to_string(),
            result: format!("Success. New document id {document} created"),
            acknowledged: false,
            related_document: document,
            duplicate_documents: same,
            owner: None,
        }
    }
}

impl TaskTen {
    pub(super) fn of(upload: Upload, document: i64, same: &[DuplicateView]) -> Self {
        let at = upload.at.to_string();
        Self {
            id: upload.number,
            task_id: upload.id,
            task_type: "consume_file",
            task_type_display: "Einreichung",
            trigger_source: "api_upload",
            trigger_source_display: "Schnittstelle",
            status: "success",
            status_display: "Erledigt",
            date_created: at.clone(),
            date_started: at.clone(),
            date_done: at,
            duration_seconds: 0,
            wait_time_seconds: 0,
            input_data: TaskInput {
                filename: upload.file_name,
                mime_type: upload.media_type,
            },
            result_data: TaskResult {
                document_id: document,
                duplicate_of: same.first().map(|one| one.id),
            },
            related_document_ids: vec![document],
            acknowledged: false,
            owner: None,
        }
    }
}

/// Who one is and what one may, for the client's own page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsView {
    /// The account.
    pub(super) user: UserView,
    /// Settings of the client: none are kept here.
    pub(super) settings: Settings,
    /// What the client may offer.
    pub(super) permissions: Vec<&'static str>,
}

/// The account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserView {
    /// Its number.
    pub(super) id: i64,
    /// The name to sign in with.
    pub(super) username: String,
    /// The name for people.
    pub(super) first_name: String,
    /// It stands in `first_name`.
    pub(super) last_name: &'static str,
    /// Rights are told by `permissions`.
    pub(super) is_staff: bool,
    /// Rights are told by `permissions`.
    pub(super) is_superuser: bool,
    /// There are none.
    pub(super) groups: Vec<i64>,
}

/// Settings of the client.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Settings {
    /// `de`.
    pub(super) language: &'static str,
    /// What it is called.
    pub(super) app_title: &'static str,
    /// The release whose interface this is.
    pub(super) version: &'static str,
}

/// How much there is, of what you may see.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatisticsView {
    /// Documents.
    pub(super) documents_total: u64,
    /// Documents that are not registered yet.
    pub(super) documents_inbox: u64,
    /// What is in the inbox is not told by tags.
    #[schema(value_type = Option<i64>)]
    pub(super) inbox_tag: Option<i64>,
    /// What is in the inbox is not told by tags.
    pub(super) inbox_tags: Vec<i64>,
    /// Documents by type of content.
    pub(super) document_file_type_counts: Vec<MediaView>,
    /// Characters are not counted: 0.
    pub(super) character_count: u8,
    /// Tags.
    pub(super) tag_count: u64,
    /// Correspondents.
    pub(super) correspondent_count: u64,
    /// Types.
    pub(super) document_type_count: u64,
    /// There are none.
    pub(super) storage_path_count: u8,
    /// There are none.
    #[schema(value_type = Option<i64>)]
    pub(super) current_asn: Option<i64>,
}

/// Documents of one type of content.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MediaView {
    /// The type.
    pub(super) mime_type: String,
    /// How many.
    pub(super) mime_type_count: i64,
}

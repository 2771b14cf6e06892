//! Things as clients of paperless-ngx read them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::custom::CustomValue;
use super::ops::Numbers;
use super::version::Version;
use crate::base::Timestamp;
use crate::documents::{Held, Word, Words};

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
            title: match &held.parent {
                Some(parent) => format!("{} (Anlage zu: {})", metadata.title, parent.title),
                None => metadata.title.clone(),
            },
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

//! What became of uploads, as clients of paperless-ngx read it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::Upload;
use super::paging::Page;
use super::wire::DuplicateView;

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

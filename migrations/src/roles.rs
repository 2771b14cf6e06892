//! PostgreSQL's fourth layer: who may do what to which table.
//!
//! The owner migrates; the application may add to the logs and read them, no more; the auditor
//! reads. A superuser can still switch a trigger off: that is detected, not prevented.

/// The statements that give `application` and `auditor` (existing roles) their rights.
///
/// The names must be plain identifiers; anything else is refused by returning `None`.
#[must_use]
pub fn grants(application: &str, auditor: &str) -> Option<Vec<String>> {
    let plain = |name: &str| {
        !name.is_empty()
            && name.len() <= 63
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !plain(application) || !plain(auditor) {
        return None;
    }
    let mut all = Vec::new();
    for table in APPEND_ONLY {
        all.push(format!("GRANT SELECT, INSERT ON {table} TO {application}"));
    }
    for table in VERSIONED {
        all.push(format!(
            "GRANT SELECT, INSERT, UPDATE ON {table} TO {application}"
        ));
    }
    for table in FREE {
        all.push(format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {application}"
        ));
    }
    all.push(format!("GRANT SELECT ON seaql_migrations TO {application}"));
    for table in APPEND_ONLY.iter().chain(VERSIONED).chain(VERIFIED) {
        all.push(format!("GRANT SELECT ON {table} TO {auditor}"));
    }
    Some(all)
}

/// Tables that only grow.
pub const APPEND_ONLY: &[&str] = &[
    "audit",
    "audit_subject",
    "access",
    "access_subject",
    "checkpoint",
    "log_timestamp",
    "blob",
    "destroyed_blob",
    "reference_alias",
    "form_template",
    "workflow_entry",
    "workflow_frozen",
];
/// Tables whose rows move from version to version and stay.
pub const VERSIONED: &[&str] = &[
    "audit_head",
    "access_head",
    "access_signed_head",
    "people_head",
    "department",
    "account",
    "role_grant",
    "access_token",
    "sign_in_lock",
    "compartment",
    "compartment_grant",
    "deputation",
    "function_holder",
    "inspection",
    "file_plan",
    "plan_unit",
    "record_file",
    "record_case",
    "hold",
    "document",
    "document_version",
    "rendition",
    "webhook",
    "note",
    "relation",
    "correspondent",
    "field",
    "document_type",
    "quarantine",
    "proposal",
    "tablet",
    "signing_job",
    "identity_check",
    "workflow_definition",
    "workflow_instance",
    "order_limit",
];
/// Tables that hold no evidence of their own, or whose rows erasure must reach.
pub const FREE: &[&str] = &[
    "audit_private",
    "subject_key",
    "blob_key",
    "document_tag",
    "document_field",
    "text_sketch",
    "sketch_key",
    "correspondent_name",
    "reference_counter",
    "idempotency",
    "sign_in_attempt",
    "known_network",
    "token_use",
    "oidc_once",
    "job",
    "webhook_delivery",
    "webhook_follower",
    "webhook_health",
    "installation",
    "log_timestamp_turn",
    "paperless_number",
    "paperless_upload",
    "tablet_presence",
    "tablet_pairing",
    "seal_wait",
    "workflow_step",
    "workflow_asked",
    "workflow_timer",
    "workflow_document",
    "workflow_key",
    "workflow_work",
    "notification_setting",
    "mail",
    "notice",
    "calendar_feed",
];
/// Tables that verification reads beside those of the evidence: openings and their keys, both of use
/// only to whoever has the key file.
pub const VERIFIED: &[&str] = &["audit_private", "subject_key", "installation"];

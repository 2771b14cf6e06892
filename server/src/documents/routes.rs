//! The routes of documents, and the part of the contract that they bring.

use actix_web::web;
use utoipa::OpenApi;

use super::proposals::http as proposals;
use super::quarantine::http as quarantine;
use super::{
    batches, bulk, components, copies, duplicates, http, listing, pictures, reading, registering,
    undoing, unlocking, uploading,
};

/// The part of the contract that documents bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        uploading::post_document,
        listing::get_documents,
        http::get_document,
        http::patch_document,
        uploading::post_version,
        reading::get_versions,
        reading::get_content,
        reading::get_version_content,
        copies::http::get_copy,
        copies::http::get_version_copy,
        reading::get_text,
        unlocking::post_unlock,
        pictures::http::get_page,
        pictures::http::get_picture,
        pictures::http::get_thumbnail,
        reading::get_history,
        http::post_discard,
        http::post_restore,
        components::http::get_components,
        batches::http::get_split,
        batches::http::post_split,
        batches::http::get_separator_sheet,
        duplicates::http::get_duplicates,
        registering::post_register,
        registering::post_route,
        registering::get_recipients,
        undoing::post_undo,
        bulk::http::post_preview,
        bulk::http::post_apply,
        quarantine::get_quarantine,
        proposals::get_withheld,
        proposals::post_on_withheld,
        proposals::post_on_quarantined,
        proposals::get_proposal,
        proposals::post_approve,
        proposals::post_end
    ),
    components(schemas(
        super::wire::FieldValue,
        super::invoices::InvoiceView,
        super::wire::Duplicate,
        super::wire::TextView,
        super::wire::VersionView,
        reading::PageView
    ))
)]
pub struct ApiDoc;

/// What is about documents and has an address of its own.
fn routes_beside(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(to("/separator-sheets").get(batches::http::get_separator_sheet))
        .service(to("/quarantine").get(quarantine::get_quarantine))
        .service(to("/quarantine/{id}/proposals").post(proposals::post_on_quarantined))
        .service(to("/withheld").get(proposals::get_withheld))
        .service(to("/withheld/{version}/proposals").post(proposals::post_on_withheld))
        .service(to("/proposals/{id}").get(proposals::get_proposal))
        .service(to("/proposals/{id}/approve").post(proposals::post_approve))
        .service(to("/proposals/{id}/end").post(proposals::post_end));
}

/// The routes of documents.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/documents{path}"));
    config
        .configure(routes_beside)
        .service(
            to("")
                .get(listing::get_documents)
                .post(uploading::post_document),
        )
        // Before what has an id in the same place.
        .service(to("/bulk/preview").post(bulk::http::post_preview))
        .service(to("/bulk/apply").post(bulk::http::post_apply))
        .service(
            to("/{id}")
                .get(http::get_document)
                .patch(http::patch_document),
        )
        .service(
            to("/{id}/versions")
                .get(reading::get_versions)
                .post(uploading::post_version),
        )
        .service(to("/{id}/versions/{number}/content").get(reading::get_version_content))
        .service(to("/{id}/versions/{number}/unlock").post(unlocking::post_unlock))
        .service(to("/{id}/content").get(reading::get_content))
        .service(to("/{id}/versions/{number}/copy").get(copies::http::get_version_copy))
        .service(to("/{id}/copy").get(copies::http::get_copy))
        .service(to("/{id}/text").get(reading::get_text))
        .service(to("/{id}/pages/{number}").get(pictures::http::get_page))
        .service(to("/{id}/pages/{number}/picture").get(pictures::http::get_picture))
        .service(to("/{id}/thumbnail").get(pictures::http::get_thumbnail))
        .service(to("/{id}/components").get(components::http::get_components))
        .service(
            to("/{id}/split")
                .get(batches::http::get_split)
                .post(batches::http::post_split),
        )
        .service(to("/{id}/duplicates").get(duplicates::http::get_duplicates))
        .service(to("/{id}/history").get(reading::get_history))
        .service(to("/{id}/discard").post(http::post_discard))
        .service(to("/{id}/restore").post(http::post_restore))
        .service(to("/{id}/register").post(registering::post_register))
        .service(to("/{id}/route").post(registering::post_route))
        .service(to("/{id}/recipients").get(registering::get_recipients))
        .service(to("/{id}/undo").post(undoing::post_undo));
}

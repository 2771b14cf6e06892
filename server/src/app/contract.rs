//! The contract: what each room brings, and what holds for all of it.

use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Contract;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use crate::http::openapi::EdgeParts;
use crate::http::parameters::{Parameters, list};
use crate::{
    cases, correspondents, departments, documents, excerpts, feed, file_plan, files, forms,
    inspections, invariants, notes, oidc, paperless, refiling, relations, retention, search,
    signatures, signing, suggestions, tablets, types, webhooks, workflows,
};

/// The contract of everything that this server answers.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Papierlos",
        description = "The paperless archive of a town hall: file a document, find it, prove it.\n\n\
            Every mutating answer carries a receipt, `Papierlos-Log-Seq` and `Papierlos-Log-Hash`: keep \
            it, and nobody can take the record out of the log unseen. Problems are RFC 9457; lists go \
            on by `cursor`; changes need `If-Match`; `Idempotency-Key` makes a repetition harmless.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    tags(
        (name = "file plan", description = "The file plan: editions, units, import and export"),
        (name = "files", description = "Files and sub-files: open, read, refile, close, hold"),
        (name = "cases", description = "Cases and sub-cases in files"),
        (name = "documents", description = "File, read, register and change documents"),
        (name = "forms", description = "Forms: what they ask, and documents made of them"),
        (name = "types", description = "Document types and the fields that they carry"),
        (name = "correspondents", description = "Who stands on the other side of documents"),
        (name = "notes", description = "What people write on files, cases and documents"),
        (name = "relations", description = "What one document is to another"),
        (name = "inspections", description = "Reading for a time: inspections, emergencies, and who looked"),
        (name = "signing", description = "Documents that are signed by hand on a tablet at the counter"),
        (name = "workflows", description = "Workflows: definitions, what runs by them in cases, order limits"),
        (name = "tablets", description = "Tablets at the counter: pairing, and what they ask for themselves"),
        (name = "inbox", description = "What is asked of you in workflows"),
        (name = "notifications", description = "What you are told of workflows: a feed, mails, calendars"),
        (name = "quarantine", description = "Content that came in infected"),
        (name = "withheld", description = "Versions that are withheld, and what two people decide about them and the quarantine"),
        (name = "search", description = "Find documents"),
        (name = "log", description = "The change feed, and the log for auditors"),
        (name = "webhooks", description = "Changes, told to your own program"),
        (name = "people", description = "Sign-in, tokens, accounts, departments"),
        (name = "health", description = "For whoever runs the server")
    ),
    paths(
        crate::http::health::get_live,
        crate::http::health::get_ready,
        crate::http::metrics::get_metrics
    )
)]
struct Base;

/// The part of the contract that each room brings.
const ROOMS: [fn() -> Contract; 25] = [
    departments::ApiDoc::openapi,
    oidc::ApiDoc::openapi,
    file_plan::ApiDoc::openapi,
    files::ApiDoc::openapi,
    cases::ApiDoc::openapi,
    correspondents::ApiDoc::openapi,
    types::ApiDoc::openapi,
    documents::ApiDoc::openapi,
    forms::ApiDoc::openapi,
    signatures::ApiDoc::openapi,
    refiling::ApiDoc::openapi,
    retention::ApiDoc::openapi,
    notes::ApiDoc::openapi,
    relations::ApiDoc::openapi,
    inspections::ApiDoc::openapi,
    tablets::ApiDoc::openapi,
    signing::ApiDoc::openapi,
    workflows::ApiDoc::openapi,
    workflows::people_contract,
    feed::ApiDoc::openapi,
    search::ApiDoc::openapi,
    suggestions::ApiDoc::openapi,
    webhooks::ApiDoc::openapi,
    invariants::ApiDoc::openapi,
    excerpts::ApiDoc::openapi,
];

/// The contract: what `openapi.yaml` holds. It takes tens of megabytes while it is being made.
#[must_use]
pub fn contract() -> Contract {
    let mut contract = Base::openapi();
    for room in ROOMS {
        contract.merge(room());
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    if let Some(components) = contract.components.as_mut() {
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::new("__Host-papierlos");
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        components.add_security_scheme("session", cookie);
        let device = ApiKeyValue::new("__Host-papierlos-tablet");
        let device = SecurityScheme::ApiKey(ApiKey::Cookie(device));
        components.add_security_scheme("tablet", device);
    }
    // Whatever a token may ask for, a session may too. A tablet has neither.
    let token = SecurityRequirement::new("token", Vec::<String>::new());
    for item in contract.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            if let Some(ways) = &mut operation.security
                && ways.contains(&token)
            {
                ways.push(SecurityRequirement::new("session", Vec::<String>::new()));
            }
        }
    }
    utoipa::Modify::modify(&EdgeParts, &mut contract);
    utoipa::Modify::modify(&departments::OnBehalfOf, &mut contract);
    contract
}

/// The query parameters of the contract: what `parameters.txt` holds.
#[must_use]
pub fn listed_parameters() -> String {
    list(&contract())
}

/// The same, for a server that starts.
pub(super) fn known_parameters() -> Parameters {
    Parameters::of(include_str!("parameters.txt"))
}

/// The contract of the foreign interface: what `openapi-paperless.yaml` holds.
#[must_use]
pub fn paperless_contract() -> Contract {
    let mut contract = paperless::ApiDoc::openapi();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    if let Some(components) = contract.components.as_mut() {
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
    utoipa::Modify::modify(&EdgeParts, &mut contract);
    contract
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_of_parameters_is_that_of_the_contract() {
        assert!(
            super::listed_parameters() == include_str!("parameters.txt"),
            "it is not current: papierlos openapi --parameters >server/src/app/parameters.txt"
        );
    }
}

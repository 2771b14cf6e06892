//! Refusals are recorded: of whoever is signed in, and of whoever comes with a token that is none.

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::signed_in::credential;
use crate::audit::event::Look;
use crate::base::Actor;
use crate::http::extract::{ClientAddress, RequestId};
use crate::http::limits::RateLimits;
use crate::http::metrics::Metrics;
use crate::ledger::looks::{Looked, Looks};

/// Records every refusal: who was signed in and was not allowed, and whoever came with a token that
/// has the form of ours and is none. Requests with less would let anybody fill the log; so would
/// every single forged token, of which only the first few of an address are recorded in a minute
/// and the rest is counted.
pub async fn refusals<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let answered = next.call(request).await?;
    let refused = match answered.status() {
        StatusCode::FORBIDDEN => answered.request().extensions().get::<Actor>().is_some(),
        StatusCode::UNAUTHORIZED => is_worth_a_record(answered.request()),
        _ => false,
    };
    let asked = answered.request();
    if refused && let Some(looks) = asked.app_data::<Data<Looks>>().cloned() {
        let known = asked.extensions().get::<Actor>().cloned();
        let mut actor = known.unwrap_or_else(Actor::nobody);
        if actor.request.is_none() {
            actor.request = RequestId::known(asked);
        }
        // The answer is a refusal already; that it could not be noted is in the log of the process.
        drop(looks.note(Looked::of(Look::Refused, &actor)).await);
    }
    Ok(answered)
}

fn is_worth_a_record(request: &actix_web::HttpRequest) -> bool {
    if !credential(request).is_some_and(|one| one.has_form()) {
        return false;
    }
    let address = request.extensions().get::<ClientAddress>().copied();
    let limits = request.app_data::<Data<RateLimits>>();
    let within = match (limits, address) {
        (Some(limits), Some(address)) => limits.records_forged(address.0),
        (_, _) => true,
    };
    if !within && let Some(metrics) = request.app_data::<Data<Metrics>>() {
        metrics.forged_tokens_unrecorded.inc();
    }
    within
}

//! Calls on tablets and on what is signed on them.

use serde_json::{Value, json};
use tests::tablet::{FakeTablet, form, named, request, send};
use tests::town::{Town, id_of};

use super::calls::{By, Call, call};
use crate::signing::JOBS;

/// A call by a tablet, signed for this body.
fn by(tablet: &FakeTablet, path: String, nonce: &str, body: Option<Value>) -> Call {
    let bytes = body.as_ref().map(Value::to_string).unwrap_or_default();
    let headers = tablet.headers(&path, nonce, bytes.as_bytes());
    let call = call(path, By::Device).device(headers);
    match body {
        Some(body) => call.json(body),
        None => call,
    }
}

/// A tablet with a document that was sent to it.
async fn sent(town: &Town) -> (FakeTablet, String, String) {
    let tablet = FakeTablet::paired(town).await;
    let (filed, _) = form(town).await;
    let document = id_of(&filed);
    let job = send(town, &document, &tablet).await;
    (tablet, document, job)
}

/// What clerks and administrators do.
pub(super) async fn signing(town: &Town, operation: &str) -> Option<Call> {
    let why = json!({"reason": "Es wird auf Papier unterschrieben"});
    let tablets = "/api/v1/tablets";
    Some(match operation {
        "pairTablet" => {
            let (_, code) = FakeTablet::new(town.app.anonymous()).ask().await;
            call(tablets, By::Admin).json(named(&code))
        }
        "listTablets" => call(tablets, By::Clerk),
        "readTablet" => {
            let tablet = FakeTablet::paired(town).await;
            call(format!("{tablets}/{}", tablet.id), By::Clerk)
        }
        "revokeTablet" => {
            let tablet = FakeTablet::paired(town).await;
            call(format!("{tablets}/{}/revoke", tablet.id), By::Admin).json(why)
        }
        "leaseTablet" => {
            let tablet = FakeTablet::paired(town).await;
            call(format!("{tablets}/{}/lease", tablet.id), By::Clerk).json(json!({}))
        }
        "releaseTablet" => {
            let (tablet, _, _) = sent(town).await;
            call(format!("{tablets}/{}/release", tablet.id), By::Clerk)
        }
        "sendToTablet" => {
            let tablet = FakeTablet::paired(town).await;
            let (filed, _) = form(town).await;
            let path = format!("/api/v1/documents/{}/signing-jobs", id_of(&filed));
            call(path, By::Clerk).json(request(&tablet.id))
        }
        "listSigningJobs" => {
            let (_, document, _) = sent(town).await;
            call(
                format!("/api/v1/documents/{document}/signing-jobs"),
                By::Clerk,
            )
        }
        "readSigningJob" => {
            let (_, _, job) = sent(town).await;
            call(format!("{JOBS}/{job}"), By::Clerk)
        }
        "watchSigningJob" => {
            let (_, _, job) = sent(town).await;
            call(format!("{JOBS}/{job}/events?once=true"), By::Clerk)
        }
        "cancelSigningJob" => {
            let (_, _, job) = sent(town).await;
            call(format!("{JOBS}/{job}/cancel"), By::Clerk).json(why)
        }
        "signedOnPaper" => {
            let (_, _, job) = sent(town).await;
            let cancel = format!("{JOBS}/{job}/cancel");
            town.clerk().post(&cancel, &why).await.is(200);
            let (scan, _) = form(town).await;
            let body = json!({"document": id_of(&scan)});
            call(format!("{JOBS}/{job}/paper"), By::Clerk).json(body)
        }
        "recordIdentityCheck" | "listIdentityChecks" => {
            let (filed, _) = form(town).await;
            let path = format!("/api/v1/documents/{}/identity-checks", id_of(&filed));
            let call = call(path, By::Clerk);
            if operation == "listIdentityChecks" {
                return Some(call);
            }
            call.json(json!({"method": "passport", "result": "confirmed"}))
        }
        other => return device(town, other).await,
    })
}

/// What tablets do.
async fn device(town: &Town, operation: &str) -> Option<Call> {
    let own = "/api/v1/tablet";
    Some(match operation {
        "askForPairing" => {
            let tablet = FakeTablet::new(town.app.anonymous());
            let body = json!({"public_key": tablet.public_key()});
            call("/api/v1/tablets/pairings", By::Clerk).json(body)
        }
        "claimPairing" => {
            let tablet = FakeTablet::new(town.app.anonymous());
            let (pairing, code) = tablet.ask().await;
            let body = named(&code);
            town.admin().post("/api/v1/tablets", &body).await.is(201);
            let path = format!("/api/v1/tablets/pairings/{pairing}/claim");
            by(&tablet, path, &pairing, Some(json!({})))
        }
        "readOwnTablet" => {
            let tablet = FakeTablet::paired(town).await;
            by(&tablet, own.to_owned(), "", None)
        }
        "watchOwnTablet" => {
            let tablet = FakeTablet::paired(town).await;
            by(&tablet, format!("{own}/events?once=true"), "", None)
        }
        "readJobToShow" => {
            let (tablet, _, job) = sent(town).await;
            by(&tablet, format!("{own}/jobs/{job}"), "", None)
        }
        "readPictureToShow" => {
            let (tablet, _, job) = sent(town).await;
            let path = format!("{own}/jobs/{job}/pages/1/picture");
            by(&tablet, path, "", None)
        }
        "reportSeen" | "reportRefusal" | "handInSignature" => {
            let (tablet, _, job) = sent(town).await;
            let shown = tablet.show(&job).await;
            let (what, body) = match operation {
                "reportSeen" => ("seen", json!({"pages": [{"page": 1, "seconds": 3}]})),
                "reportRefusal" => ("refusal", json!({"kind": "refused"})),
                _ => ("signature", shown.signature()),
            };
            let path = format!("{own}/jobs/{job}/{what}");
            by(&tablet, path, &shown.nonce, Some(body))
        }
        _ => return None,
    })
}

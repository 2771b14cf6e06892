//! Calls on inspections, emergencies and who looked.

use serde_json::json;
use tests::town::{OWN, Town, add, id_of};

use super::calls::{By, Call, call};
use crate::inspections::attempts::{asked_for_another, emergency};
use crate::inspections::{ASK, EMERGENCY, in_time};

/// A file of [`OWN`] and a case in it.
async fn filed(town: &Town) -> (String, String) {
    let new = json!({"plan_unit": "02.1", "subject": "Akte"});
    let file = town.clerk().post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Vorgang"});
    let case = town.clerk().post("/api/v1/cases", &new).await.is(201);
    (id_of(&file), id_of(&case))
}

pub(super) async fn inspecting(town: &Town, operation: &str) -> Option<Call> {
    Some(match operation {
        "askForInspection" => {
            let reader = format!("gast-{}", uuid::Uuid::now_v7());
            add(&town.app, &reader, "archive", None).await;
            let letter = id_of(&town.letter("Antrag", "Antrag").await);
            let ask = json!({"account": reader, "document": letter, "reason": "court",
                "purpose": "Anforderung", "valid_until": in_time(86_400)});
            call(ASK, By::Clerk).json(ask)
        }
        "listInspections" => call(ASK, By::Clerk),
        "readInspection" => {
            let id = asked_for_another(town).await;
            call(format!("{ASK}/{id}"), By::Clerk)
        }
        "approveInspection" => {
            let id = asked_for_another(town).await;
            call(format!("{ASK}/{id}/approve"), By::Clerk)
        }
        "endInspection" => {
            let id = asked_for_another(town).await;
            call(format!("{ASK}/{id}/end"), By::Clerk)
        }
        "listInspectionLooks" => {
            let id = asked_for_another(town).await;
            call(format!("{ASK}/{id}/looks"), By::Auditor)
        }
        "askInEmergency" => call(EMERGENCY, By::Admin)
            .json(json!({"department": OWN, "reason": "Wiederherstellung"})),
        "listEmergencies" => call(EMERGENCY, By::Auditor),
        "readEmergency" => {
            let id = emergency(town).await;
            call(format!("{EMERGENCY}/{id}"), By::Auditor)
        }
        "approveEmergency" => {
            let id = emergency(town).await;
            call(format!("{EMERGENCY}/{id}/approve"), By::Admin)
        }
        "endEmergency" => {
            let id = emergency(town).await;
            call(format!("{EMERGENCY}/{id}/end"), By::Admin)
        }
        "listFileLooks" => {
            let (file, _) = filed(town).await;
            call(format!("/api/v1/files/{file}/looks"), By::Auditor)
        }
        "listCaseLooks" => {
            let (_, case) = filed(town).await;
            call(format!("/api/v1/cases/{case}/looks"), By::Auditor)
        }
        "listDocumentLooks" => {
            let letter = id_of(&town.letter("Antrag", "Antrag").await);
            call(format!("/api/v1/documents/{letter}/looks"), By::Auditor)
        }
        _ => return None,
    })
}

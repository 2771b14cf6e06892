//! What the text of a letter says, and what a mail says of itself.

use serde_json::json;
use tests::Town;
use tests::town::id_of;

use super::{arrived, each, file, path, suggested};
use crate::records::{Registry, act, act_on, register, text};

fn letter(reference: &str) -> String {
    format!(
        "Gärtnerei Immergrün OHG\nLindenweg 3\nStadt Hollerfurt\nRathausplatz 1\nIhr Zeichen: {reference}\n\
         Hollerfurt, den 11. Februar 2025\nAngebot über die Pflege der Grünflächen\n\
         Sehr geehrte Damen und Herren,\nwir bieten die Pflege an, geboren am 03.07.1971 ist unser Gärtner.\n\
         Mit freundlichen Grüßen\nHeidrun Krömer"
    )
}

#[tokio::test]
async fn a_letter_is_proposed_title_date_sender_and_case() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let case = registry
        .case(&registry.file("02.1", "Grünflächen").await, "Pflege")
        .await;
    let reference = text(&case, "reference");
    let known = json!({"title": "Katalog", "correspondent": "Gärtnerei Immergrün OHG"});
    file(&town.clerk(), "Unser Katalog", &known).await;
    let id = arrived(town, &letter(&reference)).await;

    let found = suggested(&town.clerk(), &id).await;
    assert_eq!(found["pending"], false, "{found}");
    let title = "Angebot über die Pflege der Grünflächen";
    assert_eq!(found["title"][0]["value"], title, "{found}");
    assert_eq!(found["title"][0]["reason"], "steht über der Anrede");
    assert_eq!(each(&found, "date", "value"), ["2025-02-11"], "{found}");
    assert_eq!(found["date"][0]["reason"], "Ort und Datum des Schreibens");
    let who = &found["correspondent"][0];
    assert_eq!(who["name"], "Gärtnerei Immergrün OHG", "{found}");
    let why = who["reason"].as_str().unwrap_or_default();
    assert!(why.contains("im Kopf des Schreibens"), "{found}");
    assert_eq!(found["case"][0]["id"], id_of(&case), "{found}");
    let why = format!("Aktenzeichen {reference} in der Zeile „Ihr Zeichen“");
    assert_eq!(found["case"][0]["reason"], why);
    for kind in ["title", "type", "correspondent", "date", "case"] {
        for one in found[kind].as_array().expect("a list") {
            let score = one["score"].as_f64().expect("a number");
            assert!((0.0..1.0).contains(&score), "{kind}: {one}");
            assert_ne!(one["reason"], "", "{kind}: {one}");
        }
    }

    // Nothing was said by itself, and in English the reasons are English.
    let document = town.clerk().get(&format!("/api/v1/documents/{id}")).await;
    assert_eq!(document.is(200).json()["title"], "scan_0815");
    let client = town.clerk();
    let request = client
        .request(reqwest::Method::GET, &path(&id))
        .header("accept-language", "en");
    let english = client.send(request).await.is(200).json();
    assert_eq!(english["date"][0]["reason"], "place and date of the letter");
}

#[tokio::test]
async fn a_case_is_found_by_an_old_reference_and_by_that_of_a_document_in_it() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let (from, into) = (
        registry.file("02.1", "Bäume").await,
        registry.file("02.2", "Straßen").await,
    );
    let case = registry.case(&from, "Linde").await;
    let document = registry.registered(&case, "Gutachten").await;
    let (old, of_document) = (text(&case, "reference"), text(&document, "reference"));
    let refile = format!("/api/v1/cases/{}/refile", id_of(&case));
    let etag = town
        .clerk()
        .get(&format!("/api/v1/cases/{}", id_of(&case)))
        .await
        .is(200)
        .etag();
    let body = json!({"file": id_of(&into), "reason": "Zuständigkeit"});
    act(&registry.manager, &refile, &etag, &body).await.is(200);

    for (reference, why) in [
        (&old, "früheres Aktenzeichen"),
        (&of_document, "Geschäftszeichen"),
    ] {
        let id = arrived(
            town,
            &format!("Zu Ihrem Zeichen {reference} teilen wir mit."),
        )
        .await;
        let found = suggested(&town.clerk(), &id).await;
        assert_eq!(found["case"][0]["id"], id_of(&case), "{reference}: {found}");
        let reason = found["case"][0]["reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with(why), "{found}");
    }
    // A closed case takes nothing: it is not suggested.
    let at = format!("/api/v1/cases/{}", id_of(&case));
    let now = town.clerk().get(&at).await.is(200);
    let closed = act_on(&town.clerk(), &format!("{at}/close"), &now.etag()).await;
    closed.is(200);
    let id = arrived(town, &format!("Noch einmal zu {old}.")).await;
    let found = suggested(&town.clerk(), &id).await;
    assert_eq!(found["case"], json!([]), "{found}");
}

#[tokio::test]
async fn a_mail_is_proposed_what_it_says_of_itself() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let new = json!({"name": "Stadtwerke Hollerfurt", "email": "Joerg@Stadtwerke.example"});
    clerk.post("/api/v1/correspondents", &new).await.is(201);
    let mail = "From: Joerg Mueller <joerg@stadtwerke.example>\r\nTo: stadt@hollerfurt.example\r\n\
        Subject: Sperrung der Gasse\r\nDate: Mon, 4 Mar 2024 09:15:00 +0100\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\nGuten Tag,\r\n\r\ndie Gasse wird gesperrt.\r\n";
    let metadata = json!({"title": "mail", "channel": "email"});
    let filed = clerk.file("mail.eml", mail.as_bytes(), &metadata).await;
    let id = id_of(&filed.is(201));
    town.settle().await;
    let found = suggested(&clerk, &id).await;
    assert_eq!(found["title"][0]["value"], "Sperrung der Gasse", "{found}");
    assert_eq!(found["title"][0]["reason"], "Betreff der E-Mail");
    assert_eq!(found["date"][0]["value"], "2024-03-04", "{found}");
    let who = &found["correspondent"][0];
    assert_eq!(who["name"], "Stadtwerke Hollerfurt", "{found}");
    assert_eq!(who["reason"], "E-Mail-Adresse joerg@stadtwerke.example");
}

#[tokio::test]
async fn who_may_not_change_a_document_is_told_nothing() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let town = &registry.town;
    let id = arrived(town, "Ein Antrag").await;
    town.other()
        .get(&path(&id))
        .await
        .is_problem(404, "not-found");
    town.auditor()
        .get(&path(&id))
        .await
        .is_problem(403, "forbidden");
    town.app.anonymous().get(&path(&id)).await.is(401);
    let read = town.app.with_token(&town.token("read").await);
    read.get(&path(&id)).await.is_problem(403, "forbidden");
    let missing = uuid::Uuid::now_v7().to_string();
    town.clerk()
        .get(&path(&missing))
        .await
        .is_problem(404, "not-found");

    // What is registered keeps what is said about it.
    let document = town.clerk().get(&format!("/api/v1/documents/{id}")).await;
    let case = registry
        .case(&registry.file("02.1", "Anträge").await, "Antrag")
        .await;
    register(&town.clerk(), &document.is(200), &case)
        .await
        .is(200);
    let refused = town.clerk().get(&path(&id)).await;
    refused.is_problem(409, "state-conflict");
}

//! Calls on what describes documents.

use serde_json::json;
use tests::fixtures;
use tests::town::{Town, id_of};

use super::calls::{By, Call, call};

/// Somebody of its own for each operation, on a document of the own department.
pub(super) async fn correspondents(town: &Town, operation: &str) -> Option<Call> {
    let all = "/api/v1/correspondents";
    let mut made = Vec::new();
    for _ in 0..2 {
        let name = format!("Firma {}", uuid::Uuid::now_v7());
        let metadata = json!({"title": "Angebot", "correspondent": name});
        let content = fixtures::unique_pdf("Angebot");
        let filed = town.clerk().file("a.pdf", &content, &metadata).await;
        let id = filed.is(201).json()["correspondent_id"].clone();
        made.push(id.as_str().unwrap_or_default().to_owned());
    }
    let one = format!("{all}/{}", made[0]);
    let into = json!({"into": made[1]});
    let merge = call(format!("{one}/merge"), By::Clerk)
        .based_on("\"v1\"")
        .json(into);
    Some(match operation {
        "createCorrespondent" => call(all, By::Clerk).json(json!({"name": "Firma"})),
        "listCorrespondents" => call(all, By::Clerk),
        "readCorrespondent" => call(one, By::Clerk),
        "readCorrespondentHistory" => call(format!("{one}/history"), By::Clerk),
        "changeCorrespondent" => call(one, By::Clerk)
            .based_on("\"v1\"")
            .json(json!({"kind": "organisation"})),
        "mergeCorrespondent" => merge,
        "splitCorrespondent" => {
            let merged = merge.send("POST", &town.clerk()).await.is(200);
            call(format!("{one}/split"), By::Clerk)
                .based_on(merged.etag())
                .json(json!({"reason": "Irrtum"}))
        }
        _ => return None,
    })
}

/// A note, and a relation between two documents, of its own for each operation.
pub(super) async fn described(town: &Town, operation: &str) -> Option<Call> {
    let document = town.letter("Antrag", "Antrag").await;
    let answer = town.letter("Bescheid", "Bescheid").await;
    let (notes, relations) = ("/api/v1/notes", "/api/v1/relations");
    let note = json!({"document": id_of(&document), "text": "Ruft zurück"});
    let relation = json!({"kind": "answers", "source": id_of(&answer), "target": id_of(&document)});
    let of = format!("?document={}", id_of(&document));
    match operation {
        "addNote" => return Some(call(notes, By::Clerk).json(note)),
        "listNotes" => return Some(call(format!("{notes}{of}"), By::Clerk)),
        "relateDocuments" => return Some(call(relations, By::Clerk).json(relation)),
        "listRelations" => return Some(call(format!("{relations}{of}"), By::Clerk)),
        _ => {}
    }
    let (all, new) = if operation.contains("Note") {
        (notes, note)
    } else {
        (relations, relation)
    };
    let made = town.clerk().post(all, &new).await.is(201);
    let one = format!("{all}/{}", id_of(&made));
    Some(match operation {
        "readNote" | "readRelation" => call(one, By::Clerk),
        "readNoteHistory" | "readRelationHistory" => call(format!("{one}/history"), By::Clerk),
        "changeNote" => call(one, By::Clerk)
            .based_on(made.etag())
            .json(json!({"text": "Hat zurückgerufen"})),
        "withdrawNote" | "withdrawRelation" => call(format!("{one}/withdraw"), By::Clerk)
            .based_on(made.etag())
            .json(json!({"reason": "Irrtum"})),
        _ => return None,
    })
}

/// A type or a field of its own for each operation.
pub(super) async fn types(town: &Town, operation: &str) -> Option<Call> {
    let number = uuid::Uuid::now_v7().simple().to_string();
    let (all, new) = if operation.contains("Field") {
        let new = json!({"code": format!("f{number}"), "label": number, "kind": "date"});
        ("/api/v1/fields", new)
    } else {
        ("/api/v1/document-types", json!({"code": number}))
    };
    if operation.starts_with("create") {
        return Some(call(all, By::Registrar).json(new));
    }
    if operation.starts_with("list") {
        return Some(call(all, By::Clerk));
    }
    let made = town.registrar().await.post(all, &new).await.is(201);
    let one = format!("{all}/{}", id_of(&made));
    Some(if operation.starts_with("change") {
        call(one, By::Registrar)
            .based_on(made.etag())
            .json(json!({"retired": true}))
    } else if operation.ends_with("History") {
        call(format!("{one}/history"), By::Clerk)
    } else {
        call(one, By::Clerk)
    })
}

//! What the server writes to the log of its process.

use serde_json::json;
use tests::town::{OWN, Town, id_of};
use tests::{Start, fixtures};

use crate::records::act;

const PASSWORD: &str = "ein langer Satz";
/// By which somebody could be told, or what he was about; without the letters that percent-encoding changes.
const TOLD: [&str; 13] = [
    "m.brandt",
    "r.pruefer",
    "zieglbauer",
    "walburga",
    "ohnesorg",
    "xaver",
    "irgendwer",
    "obermeyr",
    "kreszenz",
    "umungskl",
    "ckstand",
    "verschwiegen",
    PASSWORD,
];

#[tokio::test]
async fn no_line_tells_who_did_something_what_it_was_about_or_what_was_looked_for() {
    // More than a house writes: our own code says all it has to say.
    let level = "info,server=debug,indexer=debug,storage=debug";
    let start = Start::new().with("PAPIERLOS_LOGGING_LEVEL", level);
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    for (login, name) in [
        ("w.zieglbauer", "Walburga Zieglbauer"),
        ("x.ohnesorg", "Xaver Ohnesorg"),
    ] {
        let new = json!({"login": login, "name": name, "password": PASSWORD,
            "roles": [{"role": "clerk", "department": OWN}]});
        town.admin().post("/api/v1/accounts", &new).await.is(201);
    }

    let anonymous = town.app.anonymous();
    for login in ["w.zieglbauer", "n.irgendwer"] {
        let wrong = json!({"login": login, "password": "verschwiegen, aber falsch"});
        anonymous.post("/api/v1/session", &wrong).await.is(401);
    }
    let right = json!({"login": "w.zieglbauer", "password": PASSWORD});
    let session = anonymous.post("/api/v1/session", &right).await.is(201);
    let session = session.json();
    let secret = session["secret"].as_str().expect("a secret");
    let clerk = town.app.with_token(secret);

    let content = fixtures::unique_pdf("Mietrückstand der Kreszenz Obermeyr");
    let metadata = json!({"title": "Räumungsklage", "correspondent": "Kreszenz Obermeyr",
        "tags": ["Mietrückstand"]});
    let filed = clerk.file("Räumungsklage.pdf", &content, &metadata).await;
    let id = id_of(&filed.is(201));
    let note = json!({"document": id, "text": "Frau Obermeyr bleibt verschwiegen"});
    clerk.post("/api/v1/notes", &note).await.is(201);
    town.read(&id).await;
    town.settle().await;
    for (path, query) in [
        ("/api/v1/search", "Obermeyr Mietrückstand"),
        ("/api/v1/search/suggest", "Räumungskl"),
    ] {
        clerk.get_with(path, &[("q", query)]).await.is(200);
    }
    let by_name = [("correspondent", "Kreszenz Obermeyr")];
    clerk.get_with("/api/v1/documents", &by_name).await.is(200);
    clerk.get("/api/v1/nirgends/Obermeyr").await.is(404);

    let at = format!("/api/v1/documents/{id}");
    let (route, etag) = (format!("{at}/route"), clerk.get(&at).await.is(200).etag());
    let mut to = json!({"department": OWN, "inbox": "n.irgendwer", "note": "verschwiegen"});
    act(&clerk, &route, &etag, &to).await.is(422);
    to["inbox"] = json!("x.ohnesorg");
    act(&clerk, &route, &etag, &to).await.is(200);

    assert!(town.app.stop().success(), "{}", town.app.log());
    let log = town.app.log();
    assert!(log.contains("/route 200"), "{log}");
    for word in TOLD.iter().chain([&secret]) {
        let told = |line: &&str| line.to_lowercase().contains(&word.to_lowercase());
        let lines: Vec<&str> = log.lines().filter(told).collect();
        assert!(lines.is_empty(), "{word}: {lines:?}");
    }
}

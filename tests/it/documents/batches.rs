//! Batches: split at the separator sheets in them, and by hand; codes and blank pages told; sheets and labels
//! printed and read again.

use indexer::qr::Qr;
use lopdf::{Dictionary, Object, ObjectId, Stream, dictionary};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use tests::tesseract::has_tesseract;
use tests::town::{id_of, send};
use tests::{Town, fixtures, wait_until, wait_until_within};

use super::scans::{file, recognised, sample};
use super::{faults, path};
use crate::records::Registry;

/// Pages are read and read again, and their readers give way to everything else.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(240);

/// A page of a batch as a scanner gives it.
enum Sheet<'a> {
    /// A sheet with this code.
    Code(&'a str),
    /// A scanned letter.
    Letter,
    /// Another one.
    Photo,
    /// The back of a letter.
    Blank,
}

/// A4 at 150 dots of an inch, in grey.
const DOTS: (usize, usize) = (1_240, 1_754);

fn picture(dots: Vec<u8>) -> Stream {
    let about = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => 1_240, "Height" => 1_754,
        "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
    };
    let mut picture = Stream::new(about, dots);
    picture.compress().expect("a vector takes all");
    picture
}

/// Paper with specks on it.
fn paper() -> Vec<u8> {
    let mut dots = vec![245_u8; DOTS.0 * DOTS.1];
    for speck in dots.iter_mut().step_by(4_999) {
        *speck = 90;
    }
    dots
}

fn code(text: &str) -> Vec<u8> {
    let qr = Qr::of(text).expect("a code");
    let mut dots = paper();
    for (x, y) in &qr.dark {
        for at in 0..100_usize {
            let x = 300 + usize::try_from(*x).expect("small") * 10 + at % 10;
            let y = 300 + usize::try_from(*y).expect("small") * 10 + at / 10;
            dots[y * DOTS.0 + x] = 15;
        }
    }
    dots
}

/// A page that is one picture.
fn page_of(pdf: &mut lopdf::Document, tree: ObjectId, picture: Stream) -> Dictionary {
    let picture = pdf.add_object(picture);
    let drawn = b"q 595 0 0 842 0 0 cm /P Do Q".to_vec();
    let contents = pdf.add_object(Stream::new(dictionary! {}, drawn));
    dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => contents,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "P" => picture } },
    }
}

fn batch(sheets: &[Sheet<'_>]) -> Vec<u8> {
    let mut pdf = lopdf::Document::load_mem(&sample("scan-emog.pdf")).expect("a PDF");
    let tree = pdf.catalog().and_then(|catalog| catalog.get(b"Pages"));
    let tree = tree.and_then(Object::as_reference).expect("its pages");
    let letter = pdf.page_iter().next().expect("a page");
    let letter = pdf.get_dictionary(letter).expect("a page").clone();
    let mut kids: Vec<Object> = Vec::new();
    for sheet in sheets {
        let page = match sheet {
            Sheet::Letter => letter.clone(),
            Sheet::Code(text) => page_of(&mut pdf, tree, picture(code(text))),
            Sheet::Blank => page_of(&mut pdf, tree, picture(paper())),
            Sheet::Photo => {
                let about = dictionary! {
                    "Type" => "XObject", "Subtype" => "Image", "Width" => 1_241,
                    "Height" => 1_755, "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
                    "Filter" => "DCTDecode",
                };
                let photo = Stream::new(about, sample("photo-eurhiuebk.jpg"));
                page_of(&mut pdf, tree, photo)
            }
        };
        kids.push(pdf.add_object(page).into());
    }
    let count = i64::try_from(kids.len()).expect("a few");
    let node = pdf.get_object_mut(tree).and_then(Object::as_dict_mut);
    let node = node.expect("the tree of pages");
    node.set("Kids", kids);
    node.set("Count", count);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("a vector takes all");
    bytes
}

fn post_of_a_day() -> Vec<u8> {
    batch(&[
        Sheet::Code("PL1:T?type=Antrag"),
        Sheet::Letter,
        Sheet::Blank,
        Sheet::Code("PL1:T"),
        Sheet::Photo,
    ])
}

/// Waits until a batch is split; gives its parts.
async fn split(town: &Town, id: &str) -> Vec<Value> {
    let at = format!("{}/split", path(id));
    let mut parts = Vec::new();
    wait_until_within(PATIENCE, "the batch is split", async || {
        let told = town.clerk().get(&at).await.is(200).json();
        parts = told["parts"].as_array().cloned().unwrap_or_default();
        told["pending"] == false && !parts.is_empty()
    })
    .await;
    parts
}

fn pages_of(parts: &[Value]) -> Vec<(u64, u64)> {
    let page = |part: &Value, name: &str| part[name].as_u64().expect("a page");
    parts
        .iter()
        .map(|part| (page(part, "first_page"), page(part, "last_page")))
        .collect()
}

async fn found(town: &Town, word: &str) -> Vec<String> {
    let found = town
        .clerk()
        .get_with("/api/v1/search", &[("q", word)])
        .await;
    let items = found.is(200).json()["items"].clone();
    let items = items.as_array().into_iter().flatten();
    items
        .filter_map(|hit| hit["id"].as_str().map(str::to_owned))
        .collect()
}

/// How many documents were made of pages of others.
async fn made(town: &Town) -> i64 {
    let database = Database::connect(town.app.database_url()).await;
    let database = database.expect("the database");
    let text = "SELECT CAST(count(*) AS BIGINT) FROM document WHERE cut_from IS NOT NULL";
    let statement = Statement::from_string(database.get_database_backend(), text);
    let row = database.query_one_raw(statement).await.expect("an answer");
    let number = row.expect("a row").try_get_by_index(0).expect("a number");
    database.close().await.expect("closed");
    number
}

/// What was seen on the pages of the batch is told with them.
async fn told_of_pages(town: &Town, id: &str) {
    let clerk = town.clerk();
    let text = clerk
        .get(&format!("{}/text", path(id)))
        .await
        .is(200)
        .json();
    let pages = text["pages"].as_array().expect("pages");
    assert_eq!(
        pages[0]["codes"],
        json!([{"kind": "qr", "text": "PL1:T?type=Antrag"}])
    );
    let blank: Vec<bool> = pages.iter().map(|page| page["blank"] == true).collect();
    assert_eq!(blank, [false, false, true, false, false], "{text}");
    let page = clerk
        .get(&format!("{}/pages/1", path(id)))
        .await
        .is(200)
        .json();
    let code = &page["codes"][0];
    let near = |name: &str, at: f64| (code[name].as_f64().expect("a place") - at).abs() < 0.06;
    assert!(
        near("x", 300.0 / 1_240.0) && near("y", 300.0 / 1_754.0),
        "{code}"
    );
}

/// Each part is a document in its own right, with its pages, the blank one too; gives their ids.
async fn stand_alone(town: &Town, (id, before): (&str, &Value), parts: &[Value]) -> Vec<String> {
    let clerk = town.clerk();
    let mut ids = Vec::new();
    for (part, count) in parts.iter().zip([2, 1]) {
        let part = part["id"].as_str().expect("an id").to_owned();
        let document = recognised(town, &part).await;
        assert_eq!(document["text"]["pages"], count, "{document}");
        assert_eq!(document["state"], "incoming");
        assert_eq!(document["department"], before["department"]);
        assert_eq!(document["received_at"], before["received_at"]);
        assert_eq!(document["content"]["media_type"], "application/pdf");
        assert_eq!(document["batch"]["id"], id, "{document}");
        assert_eq!(document["batch"]["version"], 1);
        ids.push(part);
    }
    let text = clerk
        .get(&format!("{}/text", path(&ids[0])))
        .await
        .is(200)
        .json();
    assert_eq!(text["pages"][1]["blank"], true, "{text}");
    let history = clerk
        .get(&format!("{}/history", path(&ids[0])))
        .await
        .is(200)
        .json();
    let first = &history["items"][0];
    assert_eq!(first["action"], "document.split", "{history}");
    assert_eq!(first["details"]["batch"], id, "{history}");
    assert_eq!(first["details"]["by"], "sheets");
    ids
}

#[tokio::test]
async fn a_batch_is_split_at_its_separator_sheets_and_stays_as_it_came() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let content = post_of_a_day();
    let id = file(&town, "Posteingang", &content).await;
    let before = recognised(&town, &id).await;
    let parts = split(&town, &id).await;
    assert_eq!(pages_of(&parts), [(2, 3), (5, 5)], "{parts:?}");
    assert_eq!(parts[0]["type"], "Antrag");
    assert_eq!(parts[0]["title"], "Posteingang – Teil 1");
    assert_eq!(parts[1]["title"], "Posteingang – Teil 2");
    assert!(parts[1]["type"].is_null());

    // The batch keeps every byte, and nothing about it has changed.
    let kept = clerk.get(&format!("{}/content", path(&id))).await.is(200);
    assert_eq!(kept.body.to_vec(), content);
    let after = clerk.get(&path(&id)).await.is(200).json();
    assert_eq!(
        (&after["version"], &after["state"]),
        (&before["version"], &before["state"])
    );

    told_of_pages(&town, &id).await;
    let ids = stand_alone(&town, (&id, &before), &parts).await;

    // They are found by what stands on them.
    town.settle().await;
    assert!(found(&town, "Fahrzeuge").await.contains(&ids[0]));
    assert!(found(&town, "Rechtshilfe").await.contains(&ids[1]));
    assert!(!found(&town, "Rechtshilfe").await.contains(&ids[0]));

    // Nothing is made twice.
    let again = json!({});
    let etag = format!("\"v{}\"", after["version"]);
    let headers = [("If-Match", etag.as_str())];
    let at = format!("{}/split", path(&id));
    send(&clerk, Method::POST, &at, &headers, Some(&again))
        .await
        .is_problem(409, "conflict");
    assert_eq!(made(&town).await, 2);
    // What another department may not know of it is not told.
    town.other().get(&at).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_batch_whose_server_is_killed_is_split_once() {
    if !has_tesseract() {
        return;
    }
    let Some(mut town) = Town::start().await else {
        return;
    };
    let id = file(&town, "Posteingang", &post_of_a_day()).await;
    let at = format!("{}/split", path(&id));
    wait_until_within(PATIENCE, "it is to be split, or was", async || {
        let told = town.clerk().get(&at).await.is(200).json();
        let parts = told["parts"].as_array().map_or(0, Vec::len);
        told["pending"] == true || parts > 0
    })
    .await;
    town.app.kill();
    town.app.resume();
    let parts = split(&town, &id).await;
    assert_eq!(pages_of(&parts), [(2, 3), (5, 5)]);
    assert_eq!(made(&town).await, 2);
}

#[tokio::test]
async fn what_is_asked_for_by_hand_is_made_of_any_pdf() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let pages = ["Hundesteuer", "Anlage", "Wohngeld", "Parkausweis"];
    let id = file(&town, "Sammelpost", &fixtures::pdf(&pages)).await;
    let document = town.read(&id).await;
    let etag = format!("\"v{}\"", document["version"]);
    let at = format!("{}/split", path(&id));
    let ask = async |headers: &[(&str, &str)], body: &Value| {
        send(&clerk, Method::POST, &at, headers, Some(body)).await
    };
    let based = [("If-Match", etag.as_str())];
    let parts = json!({"parts": [
        {"first_page": 1, "last_page": 2, "title": "Anmeldung eines Hundes", "type": "Antrag"},
        {"first_page": 4, "last_page": 4},
    ]});

    let mut dry = parts.clone();
    dry["dry_run"] = json!(true);
    let plan = ask(&based, &dry).await.is(200).json();
    assert_eq!(plan["parts"][1]["title"], "Sammelpost – Teil 2", "{plan}");
    assert!(plan["parts"][0]["id"].is_null());
    assert_eq!(made(&town).await, 0);

    ask(&[], &parts)
        .await
        .is_problem(428, "precondition-required");
    ask(&[("If-Match", "\"v99\"")], &parts)
        .await
        .is_problem(412, "precondition-failed");
    let wrong =
        json!({"parts": [{"first_page": 2, "last_page": 5}, {"first_page": 3, "last_page": 3}]});
    let refused = ask(&based, &wrong).await.is_problem(422, "validation");
    let pointers: Vec<_> = faults(&refused).into_iter().map(|(at, _)| at).collect();
    assert_eq!(pointers, ["/parts/0/last_page", "/parts/1/first_page"]);
    // There is no separator sheet on it.
    ask(&based, &json!({})).await.is_problem(409, "conflict");
    send(&town.other(), Method::POST, &at, &based, Some(&parts))
        .await
        .is_problem(404, "not-found");
    assert_eq!(made(&town).await, 0);

    let once = [("If-Match", etag.as_str()), ("Idempotency-Key", "teilen-1")];
    let first = ask(&once, &parts).await.is(201).json();
    let second = ask(&once, &parts).await.is(201);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(second.json(), first);
    ask(&based, &parts).await.is_problem(409, "conflict");
    // Other pages may still be asked for.
    let other = json!({"parts": [{"first_page": 3, "last_page": 3}]});
    ask(&based, &other).await.is(201);
    assert_eq!(made(&town).await, 3);

    let told = clerk.get(&at).await.is(200).json();
    let told = told["parts"].as_array().cloned().unwrap_or_default();
    assert_eq!(pages_of(&told), [(1, 2), (3, 3), (4, 4)]);
    let dog = told[0]["id"].as_str().expect("an id").to_owned();
    let read = town.read(&dog).await;
    assert_eq!(read["title"], "Anmeldung eines Hundes");
    assert_eq!(read["type"], "Antrag");
    assert_eq!(read["text"]["pages"], 2);
    town.settle().await;
    assert_eq!(found(&town, "Parkausweis").await.len(), 2);
    assert!(found(&town, "Hundesteuer").await.contains(&dog));
    assert!(!found(&town, "Wohngeld").await.contains(&dog));
    let after = clerk.get(&path(&id)).await.is(200).json();
    assert_eq!(after["version"], document["version"]);
}

/// What is printed, scanned: a picture of its first page.
async fn scanned(town: &Town, at: &str) -> String {
    let printed = town.clerk().get(at).await.is(200);
    assert_eq!(printed.media_type(), Some("application/pdf"));
    let paper = file(town, "gedruckt.pdf", &printed.body).await;
    let picture = format!("{}/pages/1/picture?width=1600", path(&paper));
    let picture = town.clerk().get(&picture).await.is(200);
    let id = file(town, "gescannt.webp", &picture.body).await;
    recognised(town, &id).await;
    id
}

#[tokio::test]
async fn a_sheet_that_is_printed_and_scanned_reads_as_what_it_says() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let at = "/api/v1/separator-sheets?department=buergerbuero&type=Antrag";
    let id = scanned(&town, at).await;
    let text = town
        .clerk()
        .get(&format!("{}/text", path(&id)))
        .await
        .is(200)
        .json();
    let said = &text["pages"][0]["codes"][0]["text"];
    assert_eq!(said, "PL1:T?dept=buergerbuero&type=Antrag", "{text}");
    // A sheet alone parts nothing.
    assert_eq!(made(&town).await, 0);
    for wrong in [
        "department=finanzen",
        "department=nirgends",
        "type=",
        "colour=blue",
    ] {
        let at = format!("/api/v1/separator-sheets?{wrong}");
        town.clerk().get(&at).await.is_problem(400, "query-invalid");
    }
    town.app
        .anonymous()
        .get("/api/v1/separator-sheets")
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_label_that_is_scanned_leads_to_its_case() {
    if !has_tesseract() {
        return;
    }
    let Some(registry) = Registry::start().await else {
        return;
    };
    let record = registry.file("02.1", "Grünflächen").await;
    let case = registry.case(&record, "Pflege").await;
    let town = &registry.town;
    let (file_at, case_at) = (
        format!("/api/v1/files/{}/label", id_of(&record)),
        format!("/api/v1/cases/{}/label", id_of(&case)),
    );
    for (at, why) in [
        (&case_at, "QR-Code auf Seite 1"),
        (&file_at, "QR-Code der Akte"),
    ] {
        let id = scanned(town, at).await;
        town.settle().await;
        let suggested = format!("{}/suggestions", path(&id));
        let suggested = town.clerk().get(&suggested).await.is(200).json();
        let first = &suggested["case"][0];
        assert_eq!(first["id"], id_of(&case).as_str(), "{suggested}");
        let reason = first["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(why), "{suggested}");
        // Whoever may not know of it prints no label of it.
        town.other().get(at).await.is_problem(404, "not-found");
    }
    wait_until("nothing was split", async || made(town).await == 0).await;
}

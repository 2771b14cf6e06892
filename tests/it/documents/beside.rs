//! Codes on pages that bring their text: told, and reason to split where they are separator sheets.

use indexer::qr::Qr;
use lopdf::{Document, Object, Stream, dictionary};
use serde_json::{Value, json};
use tests::town::id_of;
use tests::{Town, wait_until};

use super::path;
use super::scans::file;
use crate::records::{Registry, text};

/// A page with a line of text, and a code where one is given.
struct Leaf<'a>(&'a str, Option<&'a str>);

/// A PDF that no scanner made.
fn written(leaves: &[Leaf<'_>]) -> Vec<u8> {
    let mut pdf = Document::with_version("1.7");
    let tree = pdf.new_object_id();
    let font = pdf.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
    });
    let mut kids: Vec<Object> = Vec::new();
    for Leaf(text, code) in leaves {
        let mut drawn = format!("BT /F1 12 Tf 60 780 Td ({text}) Tj ET\n");
        let qr = code.map(|code| Qr::of(code).expect("a code"));
        for (x, y) in qr.iter().flat_map(|qr| &qr.dark) {
            drawn.push_str(&format!("{} {} 7 7 re ", 150 + x * 7, 600 - y * 7));
        }
        if code.is_some() {
            drawn.push('f');
        }
        let contents = pdf.add_object(Stream::new(dictionary! {}, drawn.into_bytes()));
        let page = pdf.add_object(dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => contents,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
            "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
        });
        kids.push(page.into());
    }
    let count = i64::try_from(kids.len()).expect("a few");
    let node = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    pdf.objects.insert(tree, Object::Dictionary(node));
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("a vector takes all");
    bytes
}

/// What the codes of each page say.
async fn codes(town: &Town, id: &str) -> Vec<Vec<String>> {
    let text = town.clerk().get(&format!("{}/text", path(id))).await;
    let text = text.is(200).json();
    let pages = text["pages"].as_array().cloned().unwrap_or_default();
    let said = |page: &Value| {
        let codes = page["codes"].as_array().cloned().unwrap_or_default();
        let codes = codes.iter().filter_map(|code| code["text"].as_str());
        codes.map(str::to_owned).collect()
    };
    pages.iter().map(said).collect()
}

#[tokio::test]
async fn a_pile_that_no_scanner_made_is_split_at_its_sheets_too() {
    let Some(town) = Town::start().await else {
        return;
    };
    let sheet = "PL1:T?type=Antrag";
    let pile = written(&[
        Leaf("Trennblatt vor jedem Brief", Some(sheet)),
        Leaf("Anmeldung eines Hundes zur Hundesteuer", None),
        Leaf("Anlage zur Anmeldung eines Hundes", None),
        Leaf("Trennblatt vor jedem Brief", Some("PL1:T")),
        Leaf("Antrag auf einen Parkausweis", None),
    ]);
    let id = file(&town, "Sammelpost", &pile).await;
    town.read(&id).await;
    let at = format!("{}/split", path(&id));
    let mut parts = Vec::new();
    wait_until("the pile is split", async || {
        let told = town.clerk().get(&at).await.is(200).json();
        parts = told["parts"].as_array().cloned().unwrap_or_default();
        told["pending"] == false && !parts.is_empty()
    })
    .await;
    let of = |part: &Value| (part["first_page"].clone(), part["last_page"].clone());
    let pages: Vec<_> = parts.iter().map(of).collect();
    assert_eq!(pages, [(json!(2), json!(3)), (json!(5), json!(5))]);
    assert_eq!(parts[0]["type"], "Antrag");
    let told = codes(&town, &id).await;
    let sheet = vec![sheet.to_owned()];
    let none: Vec<String> = Vec::new();
    assert_eq!(told[..3], [sheet, none.clone(), none]);
    let page = town.clerk().get(&format!("{}/pages/1", path(&id))).await;
    let page = page.is(200).json();
    assert_eq!(page["codes"][0]["kind"], "qr", "{page}");
}

#[tokio::test]
async fn a_separator_sheet_by_itself_is_a_document_like_any_other() {
    let Some(town) = Town::start().await else {
        return;
    };
    let sheet = town.clerk().get("/api/v1/separator-sheets").await.is(200);
    let id = file(&town, "Trennblatt", &sheet.body).await;
    town.read(&id).await;
    town.settle().await;
    assert_eq!(codes(&town, &id).await, [["PL1:T"], ["PL1:T"]]);
    let at = format!("{}/split", path(&id));
    let told = town.clerk().get(&at).await.is(200).json();
    assert_eq!(told["parts"], json!([]), "{told}");
}

#[tokio::test]
async fn labels_are_written_by_the_command_line_and_read_from_what_it_wrote() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let record = registry.file("02.1", "Grünflächen").await;
    let case = registry.case(&record, "Pflege").await;
    let town = &registry.town;
    let folder = tempfile::TempDir::new().expect("a folder");
    let out = folder.path().join("etiketten.pdf");
    let out = out.to_str().expect("a path");
    let (of_file, of_case) = (text(&record, "reference"), text(&case, "reference"));
    let labels = ["sheets", "label", &of_file, &of_case, "--out", out];
    let output = town.app.command(&labels).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("{out}: 2 Aktenetiketten\n"), "{output:?}");
    let again = town.app.command(&labels).await;
    assert_eq!(again.status.code(), Some(3), "{again:?}");

    let printed = std::fs::read(out).expect("a file");
    let id = file(town, "etiketten.pdf", &printed).await;
    town.read(&id).await;
    let told = codes(town, &id).await;
    let label = |reference: &str| vec![format!("PL1:A?ref={reference}")];
    assert_eq!(told, [label(&of_file), label(&of_case)]);
    // What is printed leads to its case without having been scanned.
    town.settle().await;
    let suggested = format!("{}/suggestions", path(&id));
    let suggested = town.clerk().get(&suggested).await.is(200).json();
    assert_eq!(
        suggested["case"][0]["id"],
        id_of(&case).as_str(),
        "{suggested}"
    );
}

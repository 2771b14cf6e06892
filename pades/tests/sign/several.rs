//! Forms and pages as others write them: where lists stand, how pages are turned, what is tagged.

use lopdf::{Dictionary, Document, Object};
use pades::sign::{
    Appearance, At, Kind, NewField, Pdf, Place, Rect, Seal, add_fields, add_validation_data, sign,
};

use crate::data;
use crate::refusals::plain;

fn small(name: &str) -> NewField {
    NewField {
        place: Place::On {
            page: 1,
            rect: Rect {
                left: 20.0,
                bottom: 20.0,
                width: 150.0,
                height: 40.0,
            },
        },
        ..data::field(name)
    }
}

fn sealed(bytes: Vec<u8>, name: &str) -> Pdf {
    let pdf = Pdf::open(bytes).unwrap();
    let field = small(name);
    let strokes = data::strokes();
    let appearance = Appearance::Strokes(&strokes);
    let prepared = data::prepare(&pdf, At::New(&field), Kind::Signature, appearance);
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    prepared.complete(&cms).unwrap()
}

fn widgets(document: &Document) -> usize {
    let page = document.page_iter().next().unwrap();
    let page = document.get_dictionary(page).unwrap();
    page.get_deref(b"Annots", document)
        .and_then(Object::as_array)
        .unwrap()
        .len()
}

fn fields(document: &Document) -> usize {
    let form = document
        .catalog()
        .and_then(|catalog| catalog.get_deref(b"AcroForm", document))
        .and_then(Object::as_dict)
        .unwrap();
    let fields = form.get_deref(b"Fields", document);
    fields.and_then(Object::as_array).unwrap().len()
}

/// A form with a text field, whose lists stand within or apart.
fn with_text_field(apart: bool) -> Vec<u8> {
    plain(|document, catalog, page| {
        let mut text = Dictionary::new();
        text.set("Type", "Annot");
        text.set("Subtype", "Widget");
        text.set("FT", "Tx");
        text.set("T", Object::string_literal("Name"));
        text.set("Rect", [10, 300, 100, 320].map(Object::from).to_vec());
        let text = document.add_object(text);
        let mut list = Object::Array(vec![Object::Reference(text)]);
        let mut annotations = list.clone();
        if apart {
            list = Object::Reference(document.add_object(list));
            annotations = Object::Reference(document.add_object(annotations));
        }
        let mut form = Dictionary::new();
        form.set("Fields", list);
        let form = if apart {
            Object::Reference(document.add_object(form))
        } else {
            Object::Dictionary(form)
        };
        let catalog = document.get_dictionary_mut(catalog).unwrap();
        catalog.set("AcroForm", form);
        let page = document.get_dictionary_mut(page).unwrap();
        page.set("Annots", annotations);
    })
}

#[test]
fn lists_within_and_lists_apart_are_both_found() {
    for apart in [false, true] {
        let signed = sealed(with_text_field(apart), "Unterschrift");
        let document = Document::load_mem(signed.bytes()).unwrap();
        assert_eq!((widgets(&document), fields(&document)), (2, 2), "{apart}");
        Seal::find(&signed, "Unterschrift").unwrap();
    }
}

#[test]
fn a_table_is_followed_by_a_table_and_a_stream_by_a_stream() {
    let table = plain(|document, _, _| {
        document.reference_table.cross_reference_type = lopdf::xref::XrefType::CrossReferenceTable;
    });
    let stream = plain(|document, _, _| {
        document.reference_table.cross_reference_type = lopdf::xref::XrefType::CrossReferenceStream;
    });
    for (before, sign_of_table) in [(table, true), (stream, false)] {
        let signed = sealed(before.clone(), "Unterschrift");
        let update = &signed.bytes()[before.len()..];
        assert_eq!(update.windows(7).any(|w| w == b"trailer"), sign_of_table);
    }
}

#[test]
fn what_is_written_stands_upright_on_a_page_that_is_turned() {
    for (turned, expected) in [
        (0, [1, 0, 0, 1]),
        (90, [0, 1, -1, 0]),
        (180, [-1, 0, 0, -1]),
        (270, [0, -1, 1, 0]),
        (-90, [0, -1, 1, 0]),
    ] {
        let bytes = plain(|document, _, page| {
            document
                .get_dictionary_mut(page)
                .unwrap()
                .set("Rotate", turned);
        });
        let signed = sealed(bytes, "Unterschrift");
        let document = Document::load_mem(signed.bytes()).unwrap();
        let form = document
            .objects
            .values()
            .filter_map(|object| object.as_stream().ok())
            .find(|stream| stream.dict.has(b"Matrix"))
            .unwrap();
        let matrix: Vec<i64> = form
            .dict
            .get(b"Matrix")
            .and_then(Object::as_array)
            .unwrap()
            .iter()
            .take(4)
            .map(|number| number.as_i64().unwrap())
            .collect();
        assert_eq!(matrix, expected, "{turned}");
    }
}

#[test]
fn a_field_that_is_seen_has_its_place_in_the_structure() {
    let form = data::form();
    let two = add_fields(&form, &[data::field("Eins"), data::unseen("Zwei")]).unwrap();
    let document = Document::load_mem(two.bytes()).unwrap();
    let widget = |name: &[u8]| {
        document
            .objects
            .iter()
            .find(|(_, object)| {
                object.as_dict().is_ok_and(|dictionary| {
                    dictionary
                        .get(b"T")
                        .and_then(Object::as_str)
                        .is_ok_and(|found| found == name)
                })
            })
            .map(|(id, object)| (*id, object.as_dict().unwrap()))
            .unwrap()
    };
    let (id, seen) = widget(b"Eins");
    let key = seen.get(b"StructParent").and_then(Object::as_i64).unwrap();
    assert!(!widget(b"Zwei").1.has(b"StructParent"));
    let root = document
        .catalog()
        .and_then(|catalog| catalog.get_deref(b"StructTreeRoot", &document))
        .and_then(Object::as_dict)
        .unwrap();
    assert_eq!(
        root.get(b"ParentTreeNextKey")
            .and_then(Object::as_i64)
            .unwrap(),
        key + 1
    );
    let numbers = root
        .get_deref(b"ParentTree", &document)
        .and_then(Object::as_dict)
        .and_then(|tree| tree.get_deref(b"Nums", &document))
        .and_then(Object::as_array)
        .unwrap();
    let at = numbers
        .chunks(2)
        .find(|pair| pair[0].as_i64().is_ok_and(|found| found == key))
        .unwrap();
    let element = document
        .get_dictionary(at[1].as_reference().unwrap())
        .unwrap();
    assert_eq!(
        element.get(b"S").and_then(Object::as_name).unwrap(),
        b"Form"
    );
    let reference = element.get(b"K").and_then(Object::as_dict).unwrap();
    assert_eq!(
        reference
            .get(b"Obj")
            .and_then(Object::as_reference)
            .unwrap(),
        id
    );
}

#[test]
fn what_the_store_has_is_not_added_again() {
    let signed = sealed(data::read("unsigned/form.pdf"), "Unterschrift");
    let data = data::validation_data(&["seal", "tsa"]);
    let once = add_validation_data(&signed, &data).unwrap();
    let twice = add_validation_data(&once, &data).unwrap();
    let streams = |pdf: &Pdf| pdf.bytes().windows(9).filter(|w| w == b"endstream").count();
    assert_eq!(streams(&once), streams(&signed) + 4);
    assert_eq!(streams(&twice), streams(&once));
}

#[test]
fn a_certificate_names_who_can_be_asked_about_it() {
    let chain = data::chain("seal");
    let sources = pades::sign::sources(chain.leaf());
    assert_eq!(sources.ocsp, ["http://pki.test/ocsp"]);
    assert_eq!(sources.crls, ["http://pki.test/root.crl"]);
    assert_eq!(sources.issuers, ["http://pki.test/root.cer"]);
}

#[test]
fn a_list_says_who_is_revoked() {
    let list = pades::sign::Crl::from_der(&data::pki("root.crl")).unwrap();
    let (seal, revoked) = (data::chain("seal"), data::chain("revoked"));
    list.verify(&seal.certificates()[1]).unwrap();
    assert!(list.verify(seal.leaf()).is_err());
    assert_eq!(list.revoked_at(seal.leaf()), None);
    let since = list.revoked_at(revoked.leaf()).unwrap();
    assert_eq!(since.unix_seconds(), 1_769_904_000);
    assert!(list.this_update() < data::NOON);
    assert!(list.next_update().is_some());
    let mut broken = data::pki("root.crl");
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let broken = pades::sign::Crl::from_der(&broken).unwrap();
    assert!(broken.verify(&seal.certificates()[1]).is_err());
}

#[test]
fn a_responder_says_whether_a_certificate_holds() {
    use pades::sign::{Holds, OcspRequest, OcspResponse};
    if !data::has("openssl") {
        return;
    }
    let pki = data::folder().join("pki");
    for (name, good) in [("seal", true), ("revoked", false)] {
        let chain = data::chain(name);
        let root = &chain.certificates()[1];
        let request = OcspRequest::new(chain.leaf(), root, Some([1; 16])).unwrap();
        let place = tempfile::tempdir().unwrap();
        let (query, reply) = (place.path().join("query"), place.path().join("reply"));
        std::fs::write(&query, request.der()).unwrap();
        let output = std::process::Command::new("openssl")
            .args(["ocsp", "-index", "index.txt", "-rsigner", "ocsp.pem"])
            .args(["-rkey", "ocsp.key", "-CA", "root.pem", "-ndays", "7"])
            .arg("-reqin")
            .arg(&query)
            .arg("-respout")
            .arg(&reply)
            .current_dir(&pki)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", data::said(&output));
        let der = std::fs::read(&reply).unwrap();
        let response = OcspResponse::from_der(&der).unwrap();
        let answer = response.answer(&request, root).unwrap();
        assert_eq!(answer.holds == Holds::Good, good, "{answer:?}");
        assert!(answer.next_update.unwrap() > answer.this_update);
        // Neither another issuer nor another certificate is answered for.
        assert!(response.answer(&request, chain.leaf()).is_err());
        let other = OcspRequest::new(data::chain("sealrsa").leaf(), root, None).unwrap();
        assert!(response.answer(&other, root).is_err());
        let mut broken = der.clone();
        let middle = broken.len() / 4;
        broken[middle] ^= 1;
        let still = OcspResponse::from_der(&broken)
            .ok()
            .and_then(|response| response.answer(&request, root).ok());
        assert_eq!(still, None);
        let validation = pades::sign::ValidationData {
            ocsps: vec![der],
            ..pades::sign::ValidationData::default()
        };
        add_validation_data(&data::form(), &validation).unwrap();
    }
}

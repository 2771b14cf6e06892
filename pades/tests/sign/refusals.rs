//! What is not signed, and is said why.

use lopdf::{Dictionary, Document, Object, Stream};
use pades::sign::{
    Appearance, AppearanceError, At, Chain, ChainError, FieldName, Kind, NewField, Pdf, PemSigner,
    Place, PrepareError, Prepared, Rect, Request, SignerError, Statement, UnfitError, add_fields,
};

use crate::data;

/// A file of one page, as a table or as a stream of references.
pub(crate) fn plain(
    change: impl FnOnce(&mut Document, lopdf::ObjectId, lopdf::ObjectId),
) -> Vec<u8> {
    let mut document = Document::with_version("1.7");
    let pages = document.new_object_id();
    let content = document.add_object(Stream::new(Dictionary::new(), b"0 0 m".to_vec()));
    let mut page = Dictionary::new();
    page.set("Type", "Page");
    page.set("Parent", Object::Reference(pages));
    page.set("Contents", Object::Reference(content));
    page.set("Resources", Dictionary::new());
    let sides = [0, 0, 300, 400];
    page.set("MediaBox", sides.map(Object::from).to_vec());
    let page = document.add_object(page);
    let mut tree = Dictionary::new();
    tree.set("Type", "Pages");
    tree.set("Count", 1);
    tree.set("Kids", vec![Object::Reference(page)]);
    document.objects.insert(pages, Object::Dictionary(tree));
    let mut catalog = Dictionary::new();
    catalog.set("Type", "Catalog");
    catalog.set("Pages", Object::Reference(pages));
    let catalog = document.add_object(catalog);
    document.trailer.set("Root", Object::Reference(catalog));
    change(&mut document, catalog, page);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn files_that_are_not_fit_are_named_by_what_is_wrong() {
    Pdf::open(plain(|_, _, _| {})).unwrap();
    let unfit = |bytes: Vec<u8>| Pdf::open(bytes).unwrap_err();
    assert!(matches!(unfit(b"text".to_vec()), UnfitError::NotAPdf));
    let mut shifted = b"x".to_vec();
    shifted.extend(data::read("form.pdf"));
    assert!(matches!(unfit(shifted), UnfitError::NotAPdf));
    let mut cut = data::read("form.pdf");
    cut.truncate(cut.len() - 400);
    assert!(matches!(unfit(cut), UnfitError::Damaged { .. }));
    // A table that is some bytes off could be mended, and is not.
    let text = plain(|_, _, _| {});
    let mut off = text.clone();
    off.splice(30..30, *b"      ");
    assert!(matches!(
        unfit(off),
        UnfitError::Damaged { .. } | UnfitError::Broken { .. }
    ));
    let xfa = plain(|document, catalog, _| {
        let mut form = Dictionary::new();
        form.set("XFA", Object::string_literal("x"));
        form.set("Fields", Vec::<Object>::new());
        let catalog = document.get_dictionary_mut(catalog).unwrap();
        catalog.set("AcroForm", form);
    });
    assert!(matches!(unfit(xfa), UnfitError::Xfa));
    let encrypted = plain(|document, _, _| {
        let mut encryption = Dictionary::new();
        encryption.set("Filter", "Standard");
        encryption.set("V", 1);
        document.trailer.set("Encrypt", encryption);
    });
    assert!(matches!(unfit(encrypted), UnfitError::Encrypted));
    let no_page = plain(|document, catalog, _| {
        let pages = document
            .get_dictionary(catalog)
            .and_then(|catalog| catalog.get(b"Pages"))
            .and_then(Object::as_reference)
            .unwrap();
        let tree = document.get_dictionary_mut(pages).unwrap();
        tree.set("Kids", Vec::<Object>::new());
        tree.set("Count", 0);
    });
    assert!(matches!(unfit(no_page), UnfitError::Broken { .. }));
}

fn refused(pdf: &Pdf, field: &NewField, appearance: Appearance<'_>) -> PrepareError {
    let request = Request {
        at: At::New(field),
        kind: Kind::Signature,
        appearance,
        statement: &Statement::default(),
        reserve_bytes: 8_192,
    };
    Prepared::new(pdf, &request).unwrap_err()
}

#[test]
fn a_place_that_is_none_is_refused() {
    let form = data::form();
    let at = |page, left, width| NewField {
        place: Place::On {
            page,
            rect: Rect {
                left,
                bottom: 10.0,
                width,
                height: 20.0,
            },
        },
        ..data::field("Siegel")
    };
    let nothing = Appearance::Nothing;
    for page in [0, 2] {
        assert!(matches!(
            refused(&form, &at(page, 10.0, 100.0), nothing),
            PrepareError::NoSuchPage { pages: 1, .. }
        ));
    }
    for (left, width) in [
        (-20.0, 100.0),
        (550.0, 100.0),
        (10.0, 1.0),
        (f32::NAN, 50.0),
    ] {
        assert!(matches!(
            refused(&form, &at(1, left, width), nothing),
            PrepareError::OutsidePage { page: 1 }
        ));
    }
}

#[test]
fn names_are_taken_once() {
    let form = add_fields(&data::form(), &[data::field("Siegel")]).unwrap();
    let taken = refused(&form, &data::field("Siegel"), Appearance::Nothing);
    assert!(matches!(taken, PrepareError::NameTaken { .. }));
    let twice = [data::field("Eins"), data::field("Eins")];
    assert!(matches!(
        add_fields(&form, &twice),
        Err(PrepareError::NameTaken { .. })
    ));
    for name in ["", "a.b", "a\u{7}", &"x".repeat(101)] {
        assert!(FieldName::new(name).is_err(), "{name:?}");
    }
    let request = Request {
        at: At::Existing("Nichts"),
        kind: Kind::Signature,
        appearance: Appearance::Nothing,
        statement: &Statement::default(),
        reserve_bytes: 8_192,
    };
    assert!(matches!(
        Prepared::new(&form, &request),
        Err(PrepareError::NoSuchField { .. })
    ));
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let form = data::form();
    let font = data::read("font.ttf");
    let field = data::field("Siegel");
    let drawn = |font: &[u8], lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let text = Appearance::Text {
            font,
            lines: &lines,
        };
        let PrepareError::Appearance(error) = refused(&form, &field, text) else {
            panic!("something else is wrong");
        };
        error
    };
    let lost = refused(
        &form,
        &data::unseen("Siegel"),
        Appearance::Strokes(&data::strokes()),
    );
    assert!(matches!(
        lost,
        PrepareError::Appearance(AppearanceError::Unseen)
    ));
    assert_eq!(drawn(b"no font", &["Text"]), AppearanceError::Font);
    assert_eq!(
        drawn(&font, &["日"]),
        AppearanceError::NoLetter { letter: '日' }
    );
    assert_eq!(drawn(&font, &[]), AppearanceError::Lines { lines: 0 });
    assert_eq!(
        drawn(&font, &["Wort ".repeat(38).as_str()]),
        AppearanceError::TooSmall
    );
}

#[test]
fn keys_and_certificates_must_belong_together() {
    let signer = |key: &str, chain: &str| {
        PemSigner::new(&data::pki(&format!("{key}.key")), data::chain(chain)).unwrap_err()
    };
    assert!(matches!(signer("revoked", "seal"), SignerError::OtherKey));
    assert!(matches!(
        signer("sealrsa", "seal"),
        SignerError::Unusable { .. }
    ));
    let mut wrong = data::pki("seal.pem");
    wrong.extend(data::pki("foreign.pem"));
    assert!(matches!(
        Chain::from_pem(&wrong),
        Err(ChainError::NotIssuedByNext { index: 0 })
    ));
    assert!(matches!(
        Chain::from_pem(&data::pki("root.pem")),
        Err(ChainError::NotForSignatures)
    ));
    assert!(Chain::from_pem(b"").is_err());
}

#[test]
fn a_certificate_says_until_when_it_holds() {
    let expired = data::chain("expired");
    assert_eq!(expired.not_after().unix_seconds(), 1_609_459_200);
    assert!(data::chain("seal").not_after() > data::NOON);
    assert!(data::chain("seal").not_before() < data::NOON);
}

/// Whatever was done to a PDF, it is signed or refused; nothing here falls over it.
#[test]
fn broken_pdfs_are_signed_or_refused() {
    let signed = data::signed_by(&data::form(), "Unterschrift", "seal");
    let field = data::field("Zwei");
    let (mut chance, mut opened) = (1_u64, 0);
    for _ in 0..150 {
        let mut bytes = signed.bytes().to_vec();
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(99);
        let at = usize::try_from(chance >> 33).unwrap() % bytes.len();
        bytes[at] = chance.to_le_bytes()[3];
        let Ok(pdf) = Pdf::open(bytes) else { continue };
        opened += 1;
        let request = Request {
            at: At::New(&field),
            kind: Kind::Signature,
            appearance: Appearance::Nothing,
            statement: &data::statement(),
            reserve_bytes: 8_192,
        };
        if let Ok(prepared) = Prepared::new(&pdf, &request) {
            let cms = pades::sign::sign(&prepared, &data::signer("seal")).unwrap();
            prepared.complete(&cms).unwrap();
        }
        let _seal = pades::sign::Seal::find(&pdf, "Unterschrift").is_ok();
    }
    assert!(opened > 20, "{opened}");
}

#[test]
fn a_field_with_rules_of_its_own_is_refused() {
    let bytes = plain(|document, catalog, page| {
        let mut field = Dictionary::new();
        field.set("Type", "Annot");
        field.set("Subtype", "Widget");
        field.set("FT", "Sig");
        field.set("T", Object::string_literal("Siegel"));
        field.set("Rect", [0, 0, 0, 0].map(Object::from).to_vec());
        let mut lock = Dictionary::new();
        lock.set("Action", "All");
        field.set("Lock", lock);
        let field = document.add_object(field);
        let list = vec![Object::Reference(field)];
        let page = document.get_dictionary_mut(page).unwrap();
        page.set("Annots", list.clone());
        let mut form = Dictionary::new();
        form.set("Fields", list);
        let catalog = document.get_dictionary_mut(catalog).unwrap();
        catalog.set("AcroForm", form);
    });
    let request = Request {
        at: At::Existing("Siegel"),
        kind: Kind::Signature,
        appearance: Appearance::Nothing,
        statement: &Statement::default(),
        reserve_bytes: 8_192,
    };
    assert!(matches!(
        Prepared::new(&Pdf::open(bytes).unwrap(), &request),
        Err(PrepareError::FieldRules { .. })
    ));
}

//! Separator sheets and labels as PDF: vectors only, the fonts of every reader, the same bytes each time.

use indexer::qr::Qr;
use lopdf::{Document, Object, Stream, dictionary};
use unicode_normalization::UnicodeNormalization as _;

/// Points in a millimetre.
const MM: f64 = 72.0 / 25.4;
const PAGE_HEIGHT_MM: f64 = 297.0;
/// The side of the code on a separator sheet, in millimetres.
const SEPARATOR_MM: f64 = 90.0;
/// The side of the code on a label, in millimetres.
const LABEL_MM: f64 = 45.0;
/// So many characters of the subject of a label stand in a line.
const LINE_CHARS: usize = 34;
/// So many of those lines fit.
const LINES_MAX: usize = 3;

/// What is drawn on a page; places are in millimetres from the upper left corner.
#[derive(Default)]
struct Page(Vec<u8>);

#[derive(Clone, Copy)]
enum Font {
    Plain,
    Bold,
}

impl Page {
    fn put(&mut self, operations: &str) {
        self.0.extend_from_slice(operations.as_bytes());
        self.0.push(b'\n');
    }

    fn code(&mut self, qr: &Qr, (left, top): (f64, f64), side_mm: f64) {
        let square = side_mm / f64::from(qr.side.max(1));
        for (x, y) in &qr.dark {
            let from_left = (left + f64::from(*x) * square) * MM;
            let from_below = (PAGE_HEIGHT_MM - top - f64::from(*y + 1) * square) * MM;
            let side = square * MM;
            self.put(&format!(
                "{from_left:.3} {from_below:.3} {side:.3} {side:.3} re"
            ));
        }
        self.put("f");
    }

    fn text(&mut self, (left, top): (f64, f64), font: Font, size: f64, text: &str) {
        let (x, y) = (left * MM, (PAGE_HEIGHT_MM - top) * MM);
        let font = match font {
            Font::Plain => "F1",
            Font::Bold => "F2",
        };
        self.put(&format!("BT /{font} {size:.1} Tf {x:.2} {y:.2} Td"));
        self.0.push(b'(');
        for byte in printable(text) {
            if matches!(byte, b'(' | b')' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
        self.put(") Tj ET");
    }

    fn frame(&mut self, (left, top): (f64, f64), (width, height): (f64, f64)) {
        let (x, y) = (left * MM, (PAGE_HEIGHT_MM - top - height) * MM);
        let (width, height) = (width * MM, height * MM);
        self.put(&format!(
            "0.4 w [3 3] 0 d {x:.2} {y:.2} {width:.2} {height:.2} re S [] 0 d"
        ));
    }
}

/// As the fonts of every reader have it: Windows-1252; else without its marks, else a question mark.
fn printable(text: &str) -> Vec<u8> {
    let one = |c: char| {
        let raw = c.to_string();
        let (bytes, _, missing) = encoding_rs::WINDOWS_1252.encode(&raw);
        (!missing && !c.is_control()).then(|| bytes.into_owned())
    };
    let plain = |c: char| std::iter::once(c).nfd().next().and_then(one);
    text.chars()
        .flat_map(|c| one(c).or_else(|| plain(c)).unwrap_or_else(|| vec![b'?']))
        .collect()
}

/// What stands on a label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label<'l> {
    /// The reference of a file or a case.
    pub(crate) reference: &'l str,
    /// What that is about.
    pub(crate) subject: &'l str,
}

/// A separator sheet, front and back; `lines` say for whom and for what it is. `None`: the code says more than
/// can be printed.
pub(super) fn separator(payload: &str, lines: &[String]) -> Option<Vec<u8>> {
    let qr = Qr::of(payload)?;
    let mut page = Page::default();
    page.text((25.0, 32.0), Font::Bold, 30.0, "Trennblatt");
    page.code(&qr, ((210.0 - SEPARATOR_MM) / 2.0, 52.0), SEPARATOR_MM);
    let mut top = 168.0;
    for line in lines {
        page.text((25.0, top), Font::Bold, 16.0, line);
        top += 9.0;
    }
    for line in [
        "Dieses Blatt vor jedes Schriftstück eines Stapels legen und den Stapel als eine Datei scannen.",
        "Aus jedem Abschnitt zwischen zwei Trennblättern wird ein eigenes Dokument; der Stapel bleibt",
        "unverändert erhalten. Das Blatt selbst kommt in keines der Dokumente.",
        "Vorder- und Rückseite sind gleich: bei beidseitigem Scannen bitte beidseitig drucken.",
        "Das Blatt lässt sich beliebig oft verwenden. Den Code nicht verdecken oder beschreiben.",
    ] {
        top += 7.0;
        page.text((25.0, top), Font::Plain, 10.5, line);
    }
    page.text((25.0, 282.0), Font::Plain, 8.0, payload);
    document(&[page.0.clone(), page.0])
}

/// Labels for files and cases, to be cut out: a page each, with what its code says. `None`: a code says more than
/// can be printed.
pub(super) fn labels(all: &[(String, Label<'_>)]) -> Option<Vec<u8>> {
    let pages = all.iter().map(|(payload, one)| label(payload, *one));
    document(&pages.collect::<Option<Vec<_>>>()?)
}

fn label(payload: &str, Label { reference, subject }: Label<'_>) -> Option<Vec<u8>> {
    let qr = Qr::of(payload)?;
    let mut page = Page::default();
    page.frame((20.0, 20.0), (150.0, 65.0));
    page.code(&qr, (30.0, 30.0), LABEL_MM);
    page.text((82.0, 38.0), Font::Bold, 15.0, reference);
    let mut top = 49.0;
    for line in lines_of(subject) {
        page.text((82.0, top), Font::Plain, 11.0, &line);
        top += 6.0;
    }
    page.text((82.0, 74.0), Font::Plain, 8.0, "Aktenetikett");
    for (at, line) in [
        (
            96.0,
            "Entlang der Linie ausschneiden und auf die Akte oder auf das Schriftstück kleben.",
        ),
        (
            102.0,
            "Wird das Etikett mitgescannt, schlägt Papierlos den Vorgang vor; abgelegt wird nichts von selbst.",
        ),
    ] {
        page.text((20.0, at), Font::Plain, 10.0, line);
    }
    Some(page.0)
}

/// A subject in lines; what does not fit is left out.
fn lines_of(subject: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in subject.split_whitespace() {
        let word: String = word.chars().take(LINE_CHARS).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LINE_CHARS => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines.truncate(LINES_MAX);
    lines
}

/// Pages of A4.
fn document(pages: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut pdf = Document::with_version("1.7");
    let tree = pdf.new_object_id();
    let font = |name: &str| {
        dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => name,
            "Encoding" => "WinAnsiEncoding",
        }
    };
    let fonts = pdf.add_object(dictionary! {
        "F1" => font("Helvetica"),
        "F2" => font("Helvetica-Bold"),
    });
    let mut kids: Vec<Object> = Vec::new();
    for drawn in pages {
        let contents = pdf.add_object(Stream::new(dictionary! {}, drawn.clone()));
        let page = pdf.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => tree,
            "MediaBox" => vec![0.into(), 0.into(), Object::Real(595.28), Object::Real(841.89)],
            "Contents" => contents,
            "Resources" => dictionary! { "Font" => fonts },
        });
        kids.push(page.into());
    }
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    let node = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    pdf.objects.insert(tree, Object::Dictionary(node));
    let catalog = pdf.add_object(dictionary! {
        "Type" => "Catalog", "Pages" => tree, "Lang" => Object::string_literal("de-DE"),
    });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).ok()?;
    Some(bytes)
}

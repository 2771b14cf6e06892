//! Documents built to break their reader, each with what may become of it.

use indexer::extract::Reason;

use crate::builder::{Builder, FONT, bomb, show, simple};

/// What may become of a hostile document.
pub(crate) enum Expect {
    /// It is read as if nothing were wrong.
    Read(&'static str),
    /// Nothing is read for one of these reasons.
    Not(&'static [Reason]),
    /// Read or not, in whole or in part: it only must come to an end.
    Any,
}

use Expect::{Any, Not, Read};
use Reason::{Crashed, Damaged, Empty, Encrypted, NoText, OutOfMemory, TimedOut, UnknownFormat};

/// A resource ran out.
const EXHAUSTED: &[Reason] = &[OutOfMemory, TimedOut, Crashed];

pub(crate) type Hostile = (&'static str, Vec<u8>, Expect);

/// All of them.
pub(crate) fn all() -> Vec<Hostile> {
    [bombs(), loops(), nests(), numbers(), rubble()]
        .into_iter()
        .flatten()
        .collect()
}

/// One page whose contents are a stream with these entries.
fn page_of(entries: &str, data: &[u8], resources: &str) -> Vec<u8> {
    let mut pdf = Builder::new();
    let contents = pdf.stream(entries, data);
    let page = pdf.page(&format!("{contents} 0 R"), resources);
    pdf.finish(&[page])
}

fn bombs() -> Vec<Hostile> {
    let flate = "/Filter /FlateDecode";
    let twice = {
        // The inner bomb, deflated again as stored blocks.
        let inner = bomb(b"q Q ", 1 << 30);
        let mut stored = vec![0x78, 0x01];
        for (at, block) in inner.chunks(0xffff).enumerate() {
            let length = u16::try_from(block.len()).expect("a block");
            let last = (at + 1) * 0xffff >= inner.len();
            stored.push(u8::from(last));
            stored.extend(length.to_le_bytes());
            stored.extend((!length).to_le_bytes());
            stored.extend(block);
        }
        stored.extend([0; 4]);
        stored
    };
    let many = {
        let mut pdf = Builder::new();
        let contents = pdf.stream(flate, &bomb(b"q Q ", 8 << 20));
        let array: String = (0..1_000).map(|_| format!("{contents} 0 R ")).collect();
        let page = pdf.page(&format!("[{array}]"), "");
        pdf.finish(&[page])
    };
    let xref_stream = {
        let data = bomb(&[0], 1 << 30);
        let mut file = b"%PDF-1.7\n1 0 obj\n<< /Type /XRef /Size 100000000 /W [1 2 1] /Root 2 0 R \
                         /Filter /FlateDecode /Length "
            .to_vec();
        file.extend(format!("{} >>\nstream\n", data.len()).into_bytes());
        file.extend(data);
        file.extend(b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n");
        file
    };
    vec![
        (
            "contents swell to 1 GiB",
            page_of(flate, &bomb(b" ", 1 << 30), ""),
            Not(EXHAUSTED),
        ),
        (
            "contents swell twice",
            page_of("/Filter [/FlateDecode /FlateDecode]", &twice, ""),
            Not(EXHAUSTED),
        ),
        (
            "64 million operations",
            page_of(flate, &bomb(b"q Q ", 256 << 20), ""),
            Not(EXHAUSTED),
        ),
        ("1,000 times the same contents", many, Not(EXHAUSTED)),
        (
            "a table of objects of 1 GiB",
            xref_stream,
            Not(&[OutOfMemory, TimedOut, Crashed, Damaged]),
        ),
        (
            "ten to the ninth forms",
            forms(9, "q Q", &[]),
            Not(EXHAUSTED),
        ),
    ]
}

/// A page that shows these lines and then a form that draws a form ten times that draws a form
/// ten times.
pub(crate) fn forms(depth: usize, innermost: &str, before: &[&str]) -> Vec<u8> {
    let mut pdf = Builder::new();
    let entries = "/Type /XObject /Subtype /Form /BBox [0 0 600 900]";
    let mut form = pdf.stream(entries, innermost.as_bytes());
    for _ in 0..depth {
        let resources = format!("{entries} /Resources << /XObject << /Fm {form} 0 R >> {FONT} >>");
        form = pdf.stream(&resources, "/Fm Do ".repeat(10).as_bytes());
    }
    let contents = pdf.stream("", &[&show(before)[..], b"/Fm Do"].concat());
    let page = pdf.page(
        &format!("{contents} 0 R"),
        &format!("/XObject << /Fm {form} 0 R >>"),
    );
    pdf.finish(&[page])
}

fn loops() -> Vec<Hostile> {
    let text = "BT /F1 12 Tf 60 700 Td (Schleife) Tj ET";
    let form_of_itself = {
        let mut pdf = Builder::new();
        let own = pdf.next();
        pdf.stream(
            &format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 9 9] \
                 /Resources << /XObject << /Fm {own} 0 R >> >>"
            ),
            b"/Fm Do /Fm Do",
        );
        let contents = pdf.stream("", format!("{text} /Fm Do").as_bytes());
        let page = pdf.page(
            &format!("{contents} 0 R"),
            &format!("/XObject << /Fm {own} 0 R >>"),
        );
        pdf.finish(&[page])
    };
    let page_tree = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Schleife"]);
        pdf.set(
            2,
            format!("<< /Type /Pages /Kids [{page} 0 R 2 0 R 1 0 R 2 0 R] /Count 4 >>"),
        );
        pdf.finish_with("")
    };
    let parents = {
        let mut pdf = Builder::new();
        let page = pdf.object("<< /Type /Page /Parent 3 0 R /Contents 3 0 R /Resources 3 0 R >>");
        pdf.finish(&[page])
    };
    let itself = {
        let mut pdf = Builder::new();
        let own = pdf.next();
        pdf.object(format!("{own} 0 R"));
        let page = pdf.page(&format!("{own} 0 R"), &format!("/XObject {own} 0 R"));
        pdf.finish(&[page])
    };
    let length_of_itself = {
        let mut pdf = Builder::new();
        let own = pdf.next();
        pdf.object(format!(
            "<< /Length {own} 0 R >>\nstream\n{text}\nendstream"
        ));
        let page = pdf.page(&format!("{own} 0 R"), "");
        pdf.finish(&[page])
    };
    let tables = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Schleife"]);
        let whole = pdf.finish(&[page]);
        let start = whole
            .windows(5)
            .position(|it| it == b"xref\n")
            .expect("a table");
        pdf.finish_with(&format!("/Prev {start} /XRefStm {start}"))
    };
    vec![
        ("a form that draws itself", form_of_itself, Read("Schleife")),
        ("pages that contain their parent", page_tree, Any),
        (
            "a page that is its own parent",
            parents,
            Not(&[NoText, Damaged]),
        ),
        ("an object that is itself", itself, Any),
        ("a length that is its stream", length_of_itself, Any),
        ("a table that follows itself", tables, Read("Schleife")),
    ]
}

fn nests() -> Vec<Hostile> {
    let nested = |open: &str, close: &str, depth: usize| {
        let body = [open.repeat(depth), close.repeat(depth)].concat();
        let mut pdf = Builder::new();
        let deep = pdf.object(body.clone());
        let contents = pdf.stream("", format!("/Span {body} BDC EMC").as_bytes());
        let page = pdf.page(
            &format!("{contents} 0 R"),
            &format!("/ExtGState {deep} 0 R"),
        );
        pdf.finish(&[page])
    };
    let page_tree = {
        let mut pdf = Builder::new();
        let mut kid = pdf.text_page(&["Ganz unten"]);
        for _ in 0..20_000 {
            kid = pdf.object(format!("<< /Type /Pages /Kids [{kid} 0 R] /Count 1 >>"));
        }
        pdf.finish(&[kid])
    };
    let saves = "q ".repeat(1_000_000);
    let marks = "/Span << /ActualText (x) >> BDC ".repeat(300_000);
    vec![
        ("arrays a million deep", nested("[", "]", 1_000_000), Any),
        (
            "dictionaries 200,000 deep",
            nested("<</A", ">>", 200_000),
            Any,
        ),
        (
            "strings in brackets",
            page_of("", &[b'('; 2_000_000], ""),
            Any,
        ),
        ("a tree of pages 20,000 deep", page_tree, Any),
        (
            "a million saved states",
            page_of("", saves.as_bytes(), ""),
            Any,
        ),
        ("300,000 open marks", page_of("", marks.as_bytes(), ""), Any),
    ]
}

/// A font that maps every code there is.
fn endless_map() -> Vec<u8> {
    let mut pdf = Builder::new();
    let map = pdf.stream(
        "",
        b"begincmap 1 begincodespacerange <00000000> <ffffffff> endcodespacerange\n\
      1 beginbfrange <00000000> <ffffffff> <0041> endbfrange endcmap",
    );
    let contents = pdf.stream("", &show(&["Abbildung"]));
    let page = pdf.object(format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} 0 R \
     /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica \
     /ToUnicode {map} 0 R >> >> >> >>"
    ));
    pdf.finish(&[page])
}

/// An image that swells.
fn huge_image() -> Vec<u8> {
    let mut pdf = Builder::new();
    let image = pdf.stream(
        "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 \
     /ColorSpace /DeviceRGB /Filter /FlateDecode",
        &bomb(&[0], 1 << 30),
    );
    let contents = pdf.stream("", b"/Im Do");
    let page = pdf.page(
        &format!("{contents} 0 R"),
        &format!("/XObject << /Im {image} 0 R >>"),
    );
    pdf.finish(&[page])
}

fn numbers() -> Vec<Hostile> {
    let counts = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Eine Seite"]);
        pdf.set(
            2,
            format!("<< /Type /Pages /Kids [{page} 0 R] /Count 2147483647 >>"),
        );
        pdf.finish_with("")
    };
    let kids = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Immer dieselbe"]);
        pdf.finish(&vec![page; 300_000])
    };
    let sizes = {
        let mut pdf = Builder::new();
        let contents = pdf.stream("", &show(&["Grosses Blatt"]));
        let page = pdf.object(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [-1e38 -1e38 1e38 1e38] /Rotate 2147483640 \
             /UserUnit 1e30 /Contents {contents} 0 R /Resources << {FONT} >> >>"
        ));
        pdf.finish(&[page])
    };
    let matrices = {
        let contents = b"BT /F1 1e38 Tf 1e38 0 0 1e-38 1e38 -1e38 Tm (Weit) Tj 0 0 0 0 0 0 Tm \
                         (Nichts) Tj ET BT /F1 12 Tf 1 0 0 1 60 700 Tm (Hier) Tj ET";
        page_of("", contents, "")
    };
    vec![
        (
            "a count of two thousand million pages",
            counts,
            Read("Eine Seite"),
        ),
        ("300,000 times the same page", kids, Any),
        ("a sheet larger than the world", sizes, Any),
        ("letters larger than the world", matrices, Any),
        (
            "a map of four thousand million characters",
            endless_map(),
            Any,
        ),
        (
            "an image of 10 GiB",
            huge_image(),
            Not(&[NoText, OutOfMemory, TimedOut, Crashed]),
        ),
        (
            "a dash of nothing",
            page_of("", b"[1e-30] 0 d 0 0 m 1e30 1e30 l S", ""),
            Any,
        ),
    ]
}

fn rubble() -> Vec<Hostile> {
    let whole = simple(&["Vollständiger Text"]);
    let cut = |share: usize| whole[..whole.len() * share / 100].to_vec();
    let random: Vec<u8> = {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(1 << 20).collect()
    };
    let encrypted = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Geheim"]);
        pdf.finish(&[page]);
        let key = "<0011223344556677889900112233445566778899001122334455667788990011>";
        pdf.finish_with(&format!(
            "/ID [<00> <00>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O {key} \
             /U {key} >>"
        ))
    };
    let mut overwritten = whole.clone();
    let middle = overwritten.len() / 3;
    overwritten[middle..middle + 64].fill(0xff);
    let header = |rest: &[u8]| [b"%PDF-1.7\n", rest].concat();
    vec![
        ("nothing", Vec::new(), Not(&[Empty])),
        ("a header alone", header(b""), Not(&[Damaged])),
        (
            "a header and noise",
            header(&random),
            Not(&[Damaged, NoText]),
        ),
        ("noise", random.clone(), Not(&[UnknownFormat])),
        ("a tenth of a document", cut(10), Not(&[Damaged, NoText])),
        ("half a document", cut(50), Any),
        ("all but its end", cut(95), Read("Vollständiger Text")),
        ("a hole in the middle", overwritten, Any),
        ("a password", encrypted, Not(&[Encrypted])),
    ]
}

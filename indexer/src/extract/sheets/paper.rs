//! A sheet as a PDF of one page, which the drawing of every other PDF draws. It is made in the worker and
//! never leaves it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::face::{FONT, Face, Letter, UNITS};
use super::{FOOT_SIZE, HEIGHT, LEADING, MARGIN, Row, SIZE, WIDTH};

/// What stands below every sheet that is looked at.
const FOOT: &str = "Gezeichnet aus dem Text, der gelesen wurde. So sieht das Original nicht aus.";
/// So many codes stand in one list of what they mean.
const MEANINGS_AT_ONCE: usize = 100;

/// The codes of the letters of a sheet, in the order in which they were met.
struct Codes<'a> {
    face: &'a Face,
    codes: BTreeMap<char, u16>,
    letters: Vec<(char, Letter)>,
}

impl Codes<'_> {
    /// A text as the page shows it.
    fn hex(&mut self, text: &str) -> String {
        let mut hex = String::with_capacity(text.len() * 4);
        for c in text.chars() {
            let code = match self.codes.get(&c) {
                Some(code) => *code,
                None => {
                    self.letters.push((c, self.face.letter(c)));
                    let code = u16::try_from(self.letters.len()).unwrap_or_default();
                    self.codes.insert(c, code);
                    code
                }
            };
            let _endless = write!(hex, "{code:04x}").is_ok();
        }
        hex
    }

    /// How wide each is, in thousandths of their height.
    fn widths(&self) -> String {
        let each = self.letters.iter().map(|(_, letter)| {
            let thousandths = f64::from(letter.wide) * 1_000.0 / f64::from(UNITS);
            format!("{thousandths:.3}")
        });
        each.collect::<Vec<_>>().join(" ")
    }

    /// Where each is in the face.
    fn glyphs(&self) -> Vec<u8> {
        let each = self.letters.iter().map(|(_, letter)| letter.glyph);
        std::iter::once(0)
            .chain(each)
            .flat_map(u16::to_be_bytes)
            .collect()
    }

    /// What each means.
    fn meanings(&self) -> String {
        let mut map = String::from(
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
             /CMapName /Meanings def /CMapType 2 def\n\
             1 begincodespacerange <0000> <ffff> endcodespacerange\n",
        );
        let each: Vec<String> = (1_u32..)
            .zip(&self.letters)
            .map(|(code, (c, _))| {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units).iter();
                let units: String = units.map(|unit| format!("{unit:04x}")).collect();
                format!("<{code:04x}> <{units}>\n")
            })
            .collect();
        for some in each.chunks(MEANINGS_AT_ONCE) {
            let list = some.concat();
            let _endless = writeln!(map, "{} beginbfchar\n{list}endbfchar", some.len()).is_ok();
        }
        map.push_str("endcmap CMapName currentdict /CMap defineresource pop end end\n");
        map
    }
}

/// Whether the sheet says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::extract) enum Foot {
    /// To be looked at: it does.
    Shown,
    /// For its words: only those of the text count.
    Left,
}

/// A sheet with these rows.
pub(super) fn pdf(face: &Face, rows: &[Row], foot: Foot) -> Vec<u8> {
    let mut codes = Codes {
        face,
        codes: BTreeMap::new(),
        letters: Vec::new(),
    };
    let shown = shown(&mut codes, rows, foot);
    let objects: [Vec<u8>; 8] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents 4 0 R \
             /Resources << /Font << /F 5 0 R >> >> >>"
        )
        .into_bytes(),
        stream("", shown.as_bytes()),
        format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /DejaVuSans /Encoding /Identity-H \
             /ToUnicode 6 0 R /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 \
             /BaseFont /DejaVuSans /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) \
             /Supplement 0 >> /DW 600 /W [1 [{}]] /CIDToGIDMap 7 0 R /FontDescriptor << \
             /Type /FontDescriptor /FontName /DejaVuSans /Flags 4 /FontBBox [-1021 -463 1793 1232] \
             /ItalicAngle 0 /Ascent 928 /Descent -236 /CapHeight 729 /StemV 80 \
             /FontFile2 8 0 R >> >>] >>",
            codes.widths()
        )
        .into_bytes(),
        stream("", codes.meanings().as_bytes()),
        stream("", &codes.glyphs()),
        stream(&format!("/Length1 {} ", FONT.len()), FONT),
    ];
    file(&objects)
}

/// What stands on the page.
fn shown(codes: &mut Codes<'_>, rows: &[Row], foot: Foot) -> String {
    let mut shown = format!("BT /F {SIZE} Tf 0 g\n");
    let mut baseline = HEIGHT - MARGIN - SIZE;
    for row in rows {
        for piece in row.pieces() {
            let left = MARGIN + f64::from(piece.left) * SIZE / f64::from(UNITS);
            let hex = codes.hex(&piece.text);
            let _endless = writeln!(shown, "1 0 0 1 {left:.3} {baseline:.3} Tm <{hex}> Tj").is_ok();
        }
        baseline -= LEADING;
    }
    if foot == Foot::Shown {
        let hex = codes.hex(FOOT);
        let below = MARGIN / 2.0;
        let _endless = writeln!(
            shown,
            "/F {FOOT_SIZE} Tf 0.45 g 1 0 0 1 {MARGIN:.3} {below:.3} Tm <{hex}> Tj"
        )
        .is_ok();
    }
    shown.push_str("ET\n");
    shown
}

fn stream(more: &str, bytes: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {more}/Length {} >>\nstream\n", bytes.len()).into_bytes();
    object.extend(bytes);
    object.extend(b"\nendstream");
    object
}

/// The file of these objects, numbered from 1; the first is the catalog.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::with_capacity(objects.len());
    for (number, object) in (1_u32..).zip(objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").as_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    let count = objects.len() + 1;
    file.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").as_bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").as_bytes());
    }
    let trailer = format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.extend(trailer.as_bytes());
    file
}

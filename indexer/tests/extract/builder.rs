//! Writes small PDFs, right and wrong ones.

use std::fmt::Write as _;

/// A PDF in the making. Object 1 is the catalogue, 2 the root of the pages.
pub(crate) struct Builder {
    objects: Vec<Vec<u8>>,
}

/// The resources of an ordinary page.
pub(crate) const FONT: &str = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica \
                        /Encoding /WinAnsiEncoding >> >>";

impl Builder {
    pub(crate) fn new() -> Self {
        let catalogue = b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
        Self {
            objects: vec![catalogue, Vec::new()],
        }
    }

    /// The number that the next object will have.
    pub(crate) fn next(&self) -> usize {
        self.objects.len() + 1
    }

    pub(crate) fn object(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.objects.push(body.into());
        self.objects.len()
    }

    pub(crate) fn set(&mut self, number: usize, body: impl Into<Vec<u8>>) {
        self.objects[number - 1] = body.into();
    }

    pub(crate) fn stream(&mut self, entries: &str, data: &[u8]) -> usize {
        let mut body = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
        body.extend(data);
        body.extend(b"\nendstream");
        self.object(body)
    }

    /// A page with these contents and resources.
    pub(crate) fn page(&mut self, contents: &str, resources: &str) -> usize {
        self.object(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} \
             /Resources << {FONT} {resources} >> >>"
        ))
    }

    /// A page that shows these lines.
    pub(crate) fn text_page(&mut self, lines: &[&str]) -> usize {
        let contents = self.stream("", &show(lines));
        self.page(&format!("{contents} 0 R"), "")
    }

    pub(crate) fn finish(&mut self, pages: &[usize]) -> Vec<u8> {
        let kids: String = pages.iter().map(|page| format!("{page} 0 R ")).collect();
        self.set(
            2,
            format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        );
        self.finish_with("")
    }

    /// Writes the file with these further entries in its trailer.
    pub(crate) fn finish_with(&self, trailer: &str) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut table = String::from("0000000000 65535 f \n");
        for (index, body) in self.objects.iter().enumerate() {
            writeln!(table, "{:010} 00000 n ", file.len()).expect("a string takes all");
            file.extend(format!("{} 0 obj\n", index + 1).into_bytes());
            file.extend(body);
            file.extend(b"\nendobj\n");
        }
        let (start, size) = (file.len(), self.objects.len() + 1);
        file.extend(
            format!(
                "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\n\
                 startxref\n{start}\n%%EOF\n"
            )
            .into_bytes(),
        );
        file
    }
}

/// Page contents that show these lines, in Windows-1252 as far as it goes here.
pub(crate) fn show(lines: &[&str]) -> Vec<u8> {
    let mut out = b"BT /F1 12 Tf 14 TL 60 780 Td\n".to_vec();
    for line in lines {
        out.push(b'(');
        for c in line.chars() {
            out.extend(match c {
                '(' | ')' | '\\' => vec![b'\\', u8::try_from(c).expect("ASCII")],
                '€' => vec![0x80],
                '„' => vec![0x84],
                '“' => vec![0x93],
                '–' => vec![0x96],
                _ => vec![u8::try_from(c).expect("a character of Latin-1")],
            });
        }
        out.extend(b") Tj T*\n");
    }
    out.extend(b"ET\n");
    out
}

/// A PDF of one page that shows these lines.
pub(crate) fn simple(lines: &[&str]) -> Vec<u8> {
    let mut pdf = Builder::new();
    let page = pdf.text_page(lines);
    pdf.finish(&[page])
}

/// Deflated data that swells to `length` bytes: `pattern` (1 to 4 bytes) over and over. Written by
/// hand, because a compressor would need to see it all: each 258 bytes become 13 bits.
pub(crate) fn bomb(pattern: &[u8], length: usize) -> Vec<u8> {
    assert!(
        (1..=4).contains(&pattern.len()),
        "distances without extra bits"
    );
    let mut bits = Bits {
        bytes: vec![0x78, 0x9c],
        used: 0,
    };
    bits.put(0b011, 3); // the last block, with the fixed code
    for &byte in pattern {
        match byte {
            0..=143 => bits.put_code(0x30 + u32::from(byte), 8),
            _ => bits.put_code(0x190 + u32::from(byte) - 144, 9),
        }
    }
    let distance = u32::try_from(pattern.len() - 1).expect("at most 3");
    for _ in 0..length.div_ceil(258) {
        bits.put_code(0b1100_0101, 8); // 258 bytes
        bits.put_code(distance, 5);
    }
    bits.put_code(0, 7);
    bits.bytes.extend([0; 5]);
    bits.bytes
}

struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    /// Lowest bit first, as numbers are written.
    fn put(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::from(value >> at & 1 == 1) << (self.used % 8);
            *self.bytes.last_mut().expect("pushed above") |= bit;
            self.used += 1;
        }
    }

    /// Highest bit first, as codes are written.
    fn put_code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }
}

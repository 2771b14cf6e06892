//! Biometric records, by the first bytes of their containers.
//!
//! A record is told by more than its magic: a version behind it, a length that can be one, the element
//! that must come first. So no letter, no scan and no table is taken for one.

/// How much of the beginning is looked at.
pub const HEAD_BYTES: usize = 1024;

/// What a biometric record is of. The name goes into the log; nothing else of the content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Biometric {
    /// Minutiae of fingers: ISO/IEC 19794-2, ISO/IEC 39794-2, ANSI INCITS 378.
    FingerMinutiae,
    /// Pictures of fingers: ISO/IEC 19794-4, ISO/IEC 39794-4, WSQ, data group 3 of a chip.
    FingerImage,
    /// Patterns of fingers: ISO/IEC 19794-3 and 19794-8.
    FingerPattern,
    /// Pictures of faces: ISO/IEC 19794-5, ISO/IEC 39794-5, data group 2 of a chip.
    FaceImage,
    /// Pictures of irises: ISO/IEC 19794-6, ISO/IEC 39794-6, data group 4 of a chip.
    IrisImage,
    /// Pictures of veins: ISO/IEC 19794-9, ISO/IEC 39794-9.
    VascularImage,
    /// The time series of a signature, in the clear: ISO/IEC 19794-7.
    SignatureSeries,
    /// A record of ANSI/NIST-ITL, whatever is in it.
    AnsiNist,
    /// A container of CBEFF (ISO/IEC 19785-3, ISO/IEC 7816-11), whatever is in it.
    Cbeff,
}

/// Magics that are followed by a version of three signs and a zero (ISO/IEC 19794, first and second
/// edition; the ANSI formats before them).
const MAGICS: [(&[u8], Biometric); 8] = [
    (b"FMR\0", Biometric::FingerMinutiae),
    (b"FIR\0", Biometric::FingerImage),
    (b"FSP\0", Biometric::FingerPattern),
    (b"FSK\0", Biometric::FingerPattern),
    (b"FAC\0", Biometric::FaceImage),
    (b"IIR\0", Biometric::IrisImage),
    (b"VIR\0", Biometric::VascularImage),
    (b"SDI\0", Biometric::SignatureSeries),
];
/// The application tags of ISO/IEC 39794, by the number of the part.
const PARTS: [(u8, Biometric); 5] = [
    (0x62, Biometric::FingerMinutiae),
    (0x64, Biometric::FingerImage),
    (0x65, Biometric::FaceImage),
    (0x66, Biometric::IrisImage),
    (0x69, Biometric::VascularImage),
];
/// The tags of the data groups of an electronic travel document (ICAO Doc 9303-10).
const GROUPS: [(u8, Biometric); 3] = [
    (0x75, Biometric::FaceImage),
    (0x63, Biometric::FingerImage),
    (0x76, Biometric::IrisImage),
];
/// A group of biometric information templates.
const GROUP_TEMPLATE: [u8; 2] = [0x7f, 0x61];
/// One of them.
const TEMPLATE: [u8; 2] = [0x7f, 0x60];
/// What stands first in it: its header.
const TEMPLATE_HEADER: u8 = 0xa1;
/// The data that a template is about, in the clear or enciphered.
const TEMPLATE_DATA: [&[u8]; 2] = [&[0x5f, 0x2e], &[0x7f, 0x2e]];
/// The root of ANSI/NIST-ITL in XML.
const ANSI_NIST_ROOT: &[u8] = b"NISTBiometricInformationExchangePackage";
/// What parts the fields of ANSI/NIST-ITL.
const GROUP_SEPARATOR: u8 = 0x1d;

impl Biometric {
    /// Every kind, for documents and tests.
    pub const ALL: [Self; 9] = [
        Self::FingerMinutiae,
        Self::FingerImage,
        Self::FingerPattern,
        Self::FaceImage,
        Self::IrisImage,
        Self::VascularImage,
        Self::SignatureSeries,
        Self::AnsiNist,
        Self::Cbeff,
    ];

    /// The stable name, for rows and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FingerMinutiae => "finger_minutiae",
            Self::FingerImage => "finger_image",
            Self::FingerPattern => "finger_pattern",
            Self::FaceImage => "face_image",
            Self::IrisImage => "iris_image",
            Self::VascularImage => "vascular_image",
            Self::SignatureSeries => "signature_series",
            Self::AnsiNist => "ansi_nist",
            Self::Cbeff => "cbeff",
        }
    }

    /// The kind of that stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What content is that begins with `head`; nothing where it is no biometric record.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        versioned(head)
            .or_else(|| wsq(head))
            .or_else(|| extensible(head))
            .or_else(|| data_group(head))
            .or_else(|| template(head))
            .or_else(|| ansi_nist(head))
    }
}

/// A magic of ISO/IEC 19794 with a version: ` 20`, `010`, `030` and the like, then zero.
fn versioned(head: &[u8]) -> Option<Biometric> {
    let (_, kind) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic))?;
    let [first, second, third, end] = *head.get(4..)?.first_chunk::<4>()?;
    let fits = (first == b' ' || first.is_ascii_digit())
        && second.is_ascii_digit()
        && third.is_ascii_digit()
        && end == 0;
    fits.then_some(*kind)
}

/// WSQ (IAFIS-IC-0110): the start of an image, then a segment that may follow it, with its length.
fn wsq(head: &[u8]) -> Option<Biometric> {
    let rest = head.strip_prefix(b"\xff\xa0")?;
    let [mark, kind, high, low] = *rest.first_chunk::<4>()?;
    // Frame header, transform table, quantisation table, Huffman table, comment.
    let follows = mark == 0xff && matches!(kind, 0xa2 | 0xa4 | 0xa5 | 0xa6 | 0xa8);
    let length = u16::from_be_bytes([high, low]);
    (follows && length > 2).then_some(Biometric::FingerImage)
}

/// ISO/IEC 39794: the application tag of its part, then the block that says generation and year.
fn extensible(head: &[u8]) -> Option<Biometric> {
    let (_, kind) = PARTS.iter().find(|(tag, _)| head.first() == Some(tag))?;
    let inner = value(head.get(1..)?)?;
    let version = value(inner.strip_prefix(b"\xa0")?)?;
    let generation = value(version.strip_prefix(b"\x80")?)?;
    let rest = version.get(2..)?.get(generation.len()..)?;
    let year = value(rest.strip_prefix(b"\x81")?)?;
    let [high, low] = *year.first_chunk::<2>()?;
    let is_year = year.len() == 2 && (2019..2100).contains(&u16::from_be_bytes([high, low]));
    (generation.len() == 1 && is_year).then_some(*kind)
}

/// A data group of a chip: its tag, then a group of templates.
fn data_group(head: &[u8]) -> Option<Biometric> {
    let (_, kind) = GROUPS.iter().find(|(tag, _)| head.first() == Some(tag))?;
    is_group(value(head.get(1..)?)?).then_some(*kind)
}

/// A group of templates, or one of them, by itself.
fn template(head: &[u8]) -> Option<Biometric> {
    (is_group(head) || is_template(head)).then_some(Biometric::Cbeff)
}

/// `7F61`, the number of templates, then the first of them.
fn is_group(bytes: &[u8]) -> bool {
    let read = || {
        let inner = value(bytes.strip_prefix(&GROUP_TEMPLATE)?)?;
        let count = inner.strip_prefix(b"\x02\x01")?;
        let (count, rest) = count.split_first()?;
        // A chip on which there are none says so, and is none.
        Some(*count > 0 && is_template(rest))
    };
    read().unwrap_or(false)
}

/// `7F60`, then its header, or its data where there is none.
fn is_template(bytes: &[u8]) -> bool {
    let read = || {
        let inner = value(bytes.strip_prefix(&TEMPLATE)?)?;
        let has_header = inner.first() == Some(&TEMPLATE_HEADER);
        Some(has_header || TEMPLATE_DATA.iter().any(|tag| inner.starts_with(tag)))
    };
    read().unwrap_or(false)
}

/// The value behind a length in BER, as far as it is there; nothing where that is no length, or one of
/// nothing.
fn value(bytes: &[u8]) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length
                .iter()
                .fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    (length > 0).then(|| rest.get(..length).unwrap_or(rest))
}

/// ANSI/NIST-ITL: the length of the first record (`1.001`) and then its version (`1.002`), or the root
/// of the same in XML.
fn ansi_nist(head: &[u8]) -> Option<Biometric> {
    (is_traditional(head) || is_xml(head)).then_some(Biometric::AnsiNist)
}

fn is_traditional(head: &[u8]) -> bool {
    let read = || {
        let rest = field(head, b'1')?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let rest = rest.get(digits..)?.strip_prefix(&[GROUP_SEPARATOR])?;
        Some(digits > 0 && field(rest, b'2').is_some())
    };
    read().unwrap_or(false)
}

/// What stands behind `1.1:`, `1.01:` or `1.001:`.
fn field(bytes: &[u8], number: u8) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"1.")?;
    while let Some(shorter) = rest.strip_prefix(b"0") {
        rest = shorter;
    }
    rest.strip_prefix(&[number, b':'])
}

/// The first element, behind declarations and comments, is the root of an exchange package.
fn is_xml(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut rest = head.trim_ascii_start();
    loop {
        let end: &[u8] = if rest.starts_with(b"<?") {
            b"?>"
        } else if rest.starts_with(b"<!--") {
            b"-->"
        } else {
            break;
        };
        let Some(at) = rest.windows(end.len()).position(|part| part == end) else {
            return false;
        };
        rest = rest
            .get(at + end.len()..)
            .unwrap_or_default()
            .trim_ascii_start();
    }
    let Some(name) = rest.strip_prefix(b"<") else {
        return false;
    };
    let length = name
        .iter()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.')
        })
        .count();
    let name = name.get(..length).unwrap_or_default();
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    local == ANSI_NIST_ROOT
}

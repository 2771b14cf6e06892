//! Packed streams, as far as the structure of a file needs them.

use std::io::Read as _;

use super::{Broken, Dictionary, Object, UNPACKED_BYTES_MAX};

/// The bytes of a stream, unpacked. Only what cross-references and object streams are packed with.
pub(super) fn unpack(entries: &Dictionary, packed: &[u8], at: usize) -> Result<Vec<u8>, Broken> {
    let first = |key: &str| match entries.get(key) {
        Some(Object::Array(items)) if items.len() <= 1 => Ok(items.first()),
        Some(Object::Array(_)) => Err(Broken::new(at, "a stream packed several times")),
        other => Ok(other),
    };
    let Some(filter) = first("Filter")? else {
        return Ok(packed.to_vec());
    };
    if filter.name() != Some(b"FlateDecode") {
        return Err(Broken::new(at, "a stream packed in an unknown way"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(UNPACKED_BYTES_MAX).unwrap_or(u64::MAX);
    flate2::read::ZlibDecoder::new(packed)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|_bad| Broken::new(at, "a stream that cannot be unpacked"))?;
    if bytes.len() > UNPACKED_BYTES_MAX {
        return Err(Broken::new(at, "a stream that swells"));
    }
    match first("DecodeParms")? {
        None => Ok(bytes),
        Some(parameters) => {
            let parameters = parameters
                .dictionary()
                .ok_or(Broken::new(at, "parameters of a stream"))?;
            unpredict(parameters, bytes, at)
        }
    }
}

fn unpredict(parameters: &Dictionary, bytes: Vec<u8>, at: usize) -> Result<Vec<u8>, Broken> {
    let number = |key: &str, default: i64| {
        parameters
            .get(key)
            .map_or(Some(default), Object::integer)
            .and_then(|number| usize::try_from(number).ok())
    };
    let wrong = || Broken::new(at, "parameters of a stream");
    let predictor = number("Predictor", 1).ok_or_else(wrong)?;
    if predictor == 1 {
        return Ok(bytes);
    }
    let columns = number("Columns", 1).ok_or_else(wrong)?;
    let plain = number("Colors", 1) == Some(1) && number("BitsPerComponent", 8) == Some(8);
    if !(10..=15).contains(&predictor) || !plain || columns == 0 || columns > 1 << 16 {
        return Err(wrong());
    }
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut above = vec![0_u8; columns];
    for line in bytes.chunks(columns + 1) {
        let (kind, values) = line.split_first().ok_or_else(wrong)?;
        if values.len() != columns {
            return Err(wrong());
        }
        let (mut left, mut corner) = (0_u8, 0_u8);
        let mut row = Vec::with_capacity(columns);
        for (value, up) in values.iter().zip(&above) {
            let guess = match kind {
                0 => 0,
                1 => left,
                2 => *up,
                3 => u8::try_from(u16::midpoint(u16::from(left), u16::from(*up))).unwrap_or(0),
                4 => paeth(left, *up, corner),
                _ => return Err(wrong()),
            };
            left = value.wrapping_add(guess);
            corner = *up;
            row.push(left);
        }
        out.extend(&row);
        above = row;
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let away = |from: u8| (guess - i16::from(from)).abs();
    if away(left) <= away(up) && away(left) <= away(corner) {
        left
    } else if away(up) <= away(corner) {
        up
    } else {
        corner
    }
}

//! A picture as the program takes it: a file in memory that nobody changes any more.
//!
//! Given its picture by a pipe, tesseract takes it byte by byte, which costs a twelfth of all that it does for a page; a
//! file it opens and reads in one go, and a TIFF with a palette fastest of what it knows without loss. It opens
//! standard input as a file: Landlock has nothing to say about files that lie nowhere.
//!
//! What is a file can be mapped to be run, and the dots are those of a stranger. So each value stands for another one,
//! in an order that is made anew for each picture: what the bytes will be can be chosen by nobody.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::extract::Picture;

/// Where the program finds it.
pub(in crate::extract) const PATH: &str = "/proc/self/fd/0";

/// Values that a dot may have.
const VALUES: usize = 256;
/// So many dots are written at once; others get a turn in between.
const PIECE_BYTES: usize = 1 << 20;
/// Where the entries of the directory begin, and how long each is, in bytes.
const ENTRIES_AT: usize = 10;
const ENTRY_BYTES: usize = 12;
/// How many there are.
const ENTRIES: usize = 10;
/// Where the palette stands, and the dots behind it.
const PALETTE_AT: usize = ENTRIES_AT + ENTRIES * ENTRY_BYTES + 4;
const DOTS_AT: usize = PALETTE_AT + 3 * VALUES * 2;

/// Types of entries.
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// Lays a picture ready.
pub(super) async fn lay_ready(picture: &Picture) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("page", flags)?);
    let order = shuffled();
    file.write_all(&head(picture, &order))?;
    for piece in picture.bytes.chunks(PIECE_BYTES) {
        let dots: Vec<u8> = piece.iter().map(|dot| order[usize::from(*dot)]).collect();
        file.write_all(&dots)?;
        tokio::task::yield_now().await;
    }
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file)
}

/// For each value another one, in an order that nobody knows.
fn shuffled() -> [u8; VALUES] {
    let chance = RandomState::new();
    let mut order: [u8; VALUES] = std::array::from_fn(|at| u8::try_from(at).unwrap_or_default());
    for at in (1..VALUES).rev() {
        let many = u64::try_from(at + 1).unwrap_or(u64::MAX);
        let other = usize::try_from(chance.hash_one(at) % many).unwrap_or_default();
        order.swap(at, other);
    }
    order
}

/// What stands in front of the dots: a TIFF of one strip, not packed, with a palette of greys.
fn head(picture: &Picture, order: &[u8; VALUES]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (palette, colours) = (number(PALETTE_AT), number(3 * VALUES));
    let entries: [(u16, u16, u32, u32); ENTRIES] = [
        (256, LONG, 1, picture.width),
        (257, LONG, 1, picture.height),
        // Bits of a dot; not packed; by its place in the palette.
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 3),
        (273, LONG, 1, number(DOTS_AT)),
        (277, SHORT, 1, 1),
        (278, LONG, 1, picture.height),
        (279, LONG, 1, number(picture.bytes.len())),
        (320, SHORT, colours, palette),
    ];
    let mut head = Vec::with_capacity(DOTS_AT);
    head.extend(b"II*\0");
    head.extend(8_u32.to_le_bytes());
    head.extend(u16::try_from(ENTRIES).unwrap_or_default().to_le_bytes());
    for (tag, kind, many, value) in entries {
        head.extend(tag.to_le_bytes());
        head.extend(kind.to_le_bytes());
        head.extend(many.to_le_bytes());
        // A short value stands in the first half of its place: what follows it is nothing.
        head.extend(value.to_le_bytes());
    }
    head.extend(0_u32.to_le_bytes());
    let mut greys = [0_u16; VALUES];
    for (grey, value) in (0_u16..).zip(order) {
        greys[usize::from(*value)] = grey * 257;
    }
    for _colour in 0..3 {
        head.extend(greys.iter().flat_map(|grey| grey.to_le_bytes()));
    }
    head
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;
    use crate::extract::Size;

    fn picture() -> Picture {
        Picture {
            size: Size {
                width: 7_200,
                height: 7_200,
            },
            width: 256,
            height: 2,
            turned: 0,
            bytes: (0..=255).chain((0..=255).rev()).collect(),
        }
    }

    #[test]
    fn each_value_stands_for_one_and_nobody_knows_for_which() {
        let (one, other) = (shuffled(), shuffled());
        assert_ne!(one, other);
        let mut all = one;
        all.sort_unstable();
        assert!((0..=255).eq(all));
    }

    #[tokio::test]
    async fn what_lies_ready_is_the_picture_and_cannot_be_changed() {
        let picture = picture();
        let mut file = lay_ready(&picture).await.expect("memory");
        assert!(file.write_all(b"x").is_err());
        assert!(file.set_len(1).is_err());
        let mut bytes = Vec::new();
        file.rewind().expect("a file");
        file.read_to_end(&mut bytes).expect("a file");
        assert_eq!(bytes.len(), DOTS_AT + picture.bytes.len());
        let (head, dots) = bytes.split_at(DOTS_AT);
        let palette: Vec<u16> = head[PALETTE_AT..]
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let seen: Vec<u8> = dots
            .iter()
            .map(|dot| u8::try_from(palette[usize::from(*dot)] / 257).expect("a grey"))
            .collect();
        assert_eq!(seen, picture.bytes);
        // Red, green and blue are the same: it is grey.
        assert_eq!(palette[..VALUES], palette[VALUES..2 * VALUES]);
        assert_eq!(palette[..VALUES], palette[2 * VALUES..]);
        // Those who read pictures of others take it for one.
        let mut decoder = tiff::decoder::Decoder::new(io::Cursor::new(&bytes)).expect("a TIFF");
        assert_eq!(decoder.dimensions().expect("its size"), (256, 2));
    }
}

//! A picture as the program takes it: a file in memory that nobody changes any more.
//!
//! Given its picture by a pipe, tesseract takes it byte by byte, which costs a twelfth of all that it does for a page; a
//! file it opens and reads in one go. It opens standard input as a file: Landlock has nothing to say about files that
//! lie nowhere. A palette would be quicker still, but the words of photographs come out differently then.
//!
//! What is a file can be mapped to be run, and the dots are those of a stranger: whoever has taken over the program
//! can bring code of his own that way. The other layers hold all the same (docs/trust.md).

use std::fs::File;
use std::io::{self, Write as _};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::extract::Picture;

/// Where the program finds it.
pub(in crate::extract) const PATH: &str = "/proc/self/fd/0";

/// So many dots are written at once; others get a turn in between.
const PIECE_BYTES: usize = 1 << 20;
/// Where the entries of the directory begin, and how long each is, in bytes.
const ENTRIES_AT: usize = 10;
const ENTRY_BYTES: usize = 12;
/// How many there are.
const ENTRIES: usize = 9;
/// Where the dots stand.
const DOTS_AT: usize = ENTRIES_AT + ENTRIES * ENTRY_BYTES + 4;

/// Types of entries.
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// Lays a picture ready.
pub(super) async fn lay_ready(picture: &Picture) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("page", flags)?);
    file.write_all(&head(picture))?;
    for piece in picture.bytes.chunks(PIECE_BYTES) {
        file.write_all(piece)?;
        tokio::task::yield_now().await;
    }
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file)
}

/// What stands in front of the dots: a TIFF of one strip, not packed, in grey.
fn head(picture: &Picture) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let entries: [(u16, u16, u32, u32); ENTRIES] = [
        (256, LONG, 1, picture.width),
        (257, LONG, 1, picture.height),
        // Bits of a dot; not packed; 0 is black.
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 1),
        (273, LONG, 1, number(DOTS_AT)),
        (277, SHORT, 1, 1),
        (278, LONG, 1, picture.height),
        (279, LONG, 1, number(picture.bytes.len())),
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
        let (_head, dots) = bytes.split_at(DOTS_AT);
        assert_eq!(dots, picture.bytes);
        // Those who read pictures of others take it for one.
        let mut decoder = tiff::decoder::Decoder::new(io::Cursor::new(&bytes)).expect("a TIFF");
        assert_eq!(decoder.dimensions().expect("its size"), (256, 2));
    }
}

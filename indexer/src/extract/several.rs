//! Several pages of one document, drawn by one worker: it is given the content once and opens it once. A worker is
//! still there for one document only.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_syntax::Pdf;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

use super::carry::Carrier;
use super::detect;
use super::host::{ExtractError, Extractor};
use super::opening;
use super::parts::{PartHead, Taken};
use super::password::Passwords;
use super::picture::{Picture, PlacedPage, Want};
use super::talk::{PICTURE_BYTES_MAX, WORDS_BYTES_MAX};
use super::wire::{End, Header, Task};
use super::worker::Deadline;
use super::{Format, Limits, pdf, raster};

/// So many pages are drawn by one worker at most.
pub const PAGES_AT_ONCE_MAX: usize = 64;
/// Pieces that wait to be put together.
const PIECES_WAITING_MAX: usize = 4;
/// In the number of a page: its words are wanted too.
const WORDS: u32 = 1 << 31;
/// Bytes of a number.
const NUMBER_BYTES: usize = 4;

/// A page that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageWish {
    /// Its number, beginning with 0.
    pub number: u32,
    /// Whether the words are wanted too that it brings. Only a PDF has such.
    pub words: bool,
}

/// A page as it was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnPage {
    /// Its picture.
    pub picture: Picture,
    /// The words that it brings, where they were wanted and could be told.
    pub words: Option<PlacedPage>,
}

/// The wishes as they stand in front of a content.
fn pack(wishes: &[PageWish]) -> Vec<u8> {
    let many = u32::try_from(wishes.len()).unwrap_or(u32::MAX);
    let number = |wish: &PageWish| (wish.number & !WORDS) | if wish.words { WORDS } else { 0 };
    let numbers = wishes.iter().map(number);
    let all = std::iter::once(many).chain(numbers);
    all.flat_map(u32::to_be_bytes).collect()
}

/// Reads what `pack` wrote; gives what stands behind it, too.
fn unpack(mut packed: Vec<u8>) -> Option<(Vec<PageWish>, Vec<u8>)> {
    let (many, rest) = packed.split_first_chunk::<NUMBER_BYTES>()?;
    let many = usize::try_from(u32::from_be_bytes(*many)).ok()?;
    if many > PAGES_AT_ONCE_MAX {
        return None;
    }
    let (numbers, _) = rest.split_at_checked(many * NUMBER_BYTES)?;
    let numbers = numbers.as_chunks::<NUMBER_BYTES>().0.iter();
    let wishes = numbers.map(|number| {
        let number = u32::from_be_bytes(*number);
        PageWish {
            number: number & !WORDS,
            words: number & WORDS != 0,
        }
    });
    let wishes: Vec<PageWish> = wishes.collect();
    packed.drain(..(many + 1) * NUMBER_BYTES);
    Some((wishes, packed))
}

/// What pages are drawn of, opened.
enum Open {
    Pdf(Box<Pdf>),
    Pictures(Vec<u8>, Format),
}

impl Open {
    fn of(content: Vec<u8>, format: Format, passwords: &Passwords) -> Result<Self, End> {
        if format != Format::Pdf {
            return Ok(Self::Pictures(content, format));
        }
        let pdf = pdf::open(content, passwords)?.pdf;
        Ok(Self::Pdf(Box::new(pdf)))
    }

    fn picture(&self, want: Want, number: u32, header: &Header) -> Result<Vec<u8>, End> {
        match self {
            Self::Pdf(pdf) => raster::draw_opened(pdf, want, number),
            Self::Pictures(content, format) => {
                raster::draw_leaf(content, (*format, want, number), header)
            }
        }
    }

    /// The words of a page; nothing where they cannot be told: a page without them is a page all the same.
    fn words(&self, number: u32, header: &Header, deadline: Deadline) -> Vec<u8> {
        let Self::Pdf(pdf) = self else {
            return Vec::new();
        };
        let told = || pdf::words_of(pdf, number, header, deadline);
        let told = catch_unwind(AssertUnwindSafe(told));
        told.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// Draws the pages that are wished for in front of the content, and hands them over one after the other, each
/// with its words behind it where those are wished for.
pub(super) fn draw(
    given: Vec<u8>,
    (format, want): (Format, Want),
    passwords: &Passwords,
    (header, deadline): (&Header, Deadline),
    carrier: &mut Carrier<'_>,
) -> io::Result<End> {
    let Some((wishes, content)) = unpack(given) else {
        return Ok(End::Damaged);
    };
    let open = match Open::of(content, format, passwords) {
        Ok(open) => open,
        Err(end) => return Ok(end),
    };
    for wish in wishes {
        if deadline.has_passed() {
            return Ok(End::Time);
        }
        let picture = match open.picture(want, wish.number, header) {
            Ok(picture) => picture,
            Err(end) => return Ok(end),
        };
        carrier.part(&PartHead::default(), picture.as_slice(), None)?;
        drop(picture);
        if wish.words {
            let words = open.words(wish.number, header, deadline);
            carrier.part(&PartHead::default(), words.as_slice(), None)?;
        }
    }
    Ok(End::Complete)
}

/// What was put together of what a worker handed over.
#[derive(Debug, Default)]
struct Together {
    done: u32,
    /// It handed over something else than was wanted.
    wrong: bool,
}

/// Puts pages together from their pieces, and gives each away.
async fn put_together(
    wishes: &[PageWish],
    want: Want,
    mut pieces: mpsc::Receiver<Taken>,
    give: mpsc::Sender<DrawnPage>,
) -> Together {
    let mut together = Together::default();
    let mut wishes = wishes.iter();
    let mut part: Vec<u8> = Vec::new();
    let mut half: Option<Picture> = None;
    let most = usize::try_from(PICTURE_BYTES_MAX).unwrap_or(usize::MAX);
    while let Some(piece) = pieces.recv().await {
        match piece {
            Taken::Head(_) => part = Vec::new(),
            Taken::Bytes(bytes) if part.len() + bytes.len() <= most => part.extend(bytes),
            Taken::End { whole: true } => {
                let packed = std::mem::take(&mut part);
                let page = match half.take() {
                    Some(picture) => DrawnPage {
                        picture,
                        words: PlacedPage::unpack(&packed),
                    },
                    None => {
                        let wish = wishes.next();
                        let drawn = Picture::unpack(packed, want);
                        let (Some(wish), Some(picture)) = (wish, drawn) else {
                            together.wrong = true;
                            return together;
                        };
                        if wish.words {
                            half = Some(picture);
                            continue;
                        }
                        DrawnPage {
                            picture,
                            words: None,
                        }
                    }
                };
                if give.send(page).await.is_err() {
                    return together;
                }
                together.done += 1;
            }
            // Its time was over.
            Taken::End { whole: false } => return together,
            Taken::Bytes(_) => {
                together.wrong = true;
                return together;
            }
        }
    }
    together
}

/// Draws pages of a document in one worker and gives them away in their order, as far as there is time; tells how
/// many there were. None: the first of them cannot be drawn together with others, and is to be asked for alone.
pub(super) async fn several(
    (extractor, passwords): (&Extractor, &Passwords),
    content: &mut (dyn AsyncRead + Send + Unpin),
    (wishes, want): (&[PageWish], Want),
    give: mpsc::Sender<DrawnPage>,
) -> Result<u32, ExtractError> {
    let wishes = wishes.get(..PAGES_AT_ONCE_MAX).unwrap_or(wishes);
    let head = opening::head_of(content).await?;
    let format = detect::format(&head);
    if !format.is_drawn() {
        return Ok(0);
    }
    let passwords = if format == Format::Pdf {
        passwords
    } else {
        Passwords::none()
    };
    let mut front = pack(wishes);
    let before = u64::try_from(front.len()).unwrap_or(u64::MAX);
    front.extend(head);
    let many = u32::try_from(wishes.len()).unwrap_or(u32::MAX);
    let limits = extractor.limits();
    let limits = Limits {
        content_bytes_max: limits.content_bytes_max.saturating_add(before),
        parts_max: many.saturating_mul(2),
        parts_bytes_max: u64::from(many) * (PICTURE_BYTES_MAX + WORDS_BYTES_MAX),
        ..limits.clone()
    };
    let (taker, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    let task = (Task::Several(format, want), passwords);
    let talking = async {
        let talk = extractor.talk(task, &limits, front, content, Some(taker));
        let mut talk = talk.await?;
        // Nothing more comes: whoever puts pages together waits for that.
        talk.carried.taker = None;
        Ok::<_, ExtractError>(talk)
    };
    let (talk, together) = tokio::join!(
        Box::pin(talking),
        Box::pin(put_together(wishes, want, pieces, give))
    );
    let talk = talk?;
    if talk.held.is_some() && !talk.held().suffice() {
        return Err(ExtractError::Unprotected { held: talk.held() });
    }
    Ok(if together.wrong { 0 } else { together.done })
}

#[cfg(test)]
mod tests {
    use super::super::picture::Size;
    use super::*;

    fn wish(number: u32, words: bool) -> PageWish {
        PageWish { number, words }
    }

    fn picture(dot: u8) -> Picture {
        Picture {
            size: Size::of_points(595.0, 842.0),
            width: 2,
            height: 1,
            turned: 0,
            bytes: vec![dot; 2],
        }
    }

    fn part(bytes: Vec<u8>) -> Vec<Taken> {
        vec![
            Taken::Head(PartHead::default()),
            Taken::Bytes(bytes),
            Taken::End { whole: true },
        ]
    }

    const WANT: Want = Want::Copy { dots_per_inch: 200 };

    /// What comes of these pieces: the pages, and what is said of them.
    fn put(wishes: &[PageWish], pieces: Vec<Taken>) -> (Vec<DrawnPage>, Together) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            let (send, take) = mpsc::channel(100);
            for piece in pieces {
                send.send(piece).await.expect("room");
            }
            drop(send);
            let (give, mut given) = mpsc::channel(100);
            let together = put_together(wishes, WANT, take, give).await;
            let mut pages = Vec::new();
            while let Some(page) = given.recv().await {
                pages.push(page);
            }
            (pages, together)
        })
    }

    #[test]
    fn wishes_stand_in_front_of_the_content() {
        let wishes = vec![wish(0, false), wish(499, true)];
        let mut packed = pack(&wishes);
        packed.extend(b"%PDF");
        assert_eq!(unpack(packed), Some((wishes, b"%PDF".to_vec())));
        let many = vec![wish(1, false); PAGES_AT_ONCE_MAX + 1];
        assert_eq!(unpack(pack(&many)), None);
        assert_eq!(unpack(vec![0, 0, 0, 2, 0, 0, 0, 1]), None);
    }

    #[test]
    fn pages_are_put_together_in_their_order_with_their_words() {
        let words = PlacedPage {
            size: Size::of_points(595.0, 842.0),
            words: Vec::new(),
        };
        let packed = |dot: u8| picture(dot).pack().expect("memory");
        let pieces = [
            part(packed(1)),
            part(packed(2)),
            part(words.pack().expect("words")),
            part(packed(3)),
            vec![Taken::Head(PartHead::default()), Taken::End { whole: true }],
        ];
        let wishes = [wish(0, false), wish(1, true), wish(2, true), wish(3, false)];
        let (pages, together) = put(&wishes, pieces.into_iter().flatten().collect());
        let expect = [(1, None), (2, Some(words)), (3, None)].map(|(dot, words)| DrawnPage {
            picture: picture(dot),
            words,
        });
        assert_eq!(pages, expect);
        assert_eq!((together.done, together.wrong), (3, false));

        // What is no picture, and a page nobody has asked for.
        let (pages, together) = put(&wishes, part(b"?".to_vec()));
        assert!(pages.is_empty() && together.wrong);
        let (pages, together) = put(&[], part(packed(1)));
        assert!(pages.is_empty() && together.wrong);
        // What is not whole ends it, and what came before is kept.
        let mut cut = part(packed(1));
        cut.extend([
            Taken::Head(PartHead::default()),
            Taken::End { whole: false },
        ]);
        let (pages, together) = put(&wishes, cut);
        assert_eq!((pages.len(), together.done, together.wrong), (1, 1, false));
    }
}

//! The conversation with one worker. Nothing it says is believed: it may have been taken over by
//! its document.

use std::io;
use std::process::ExitStatus;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::mpsc;

use super::codes::Seen;
use super::parts::{LEFT_OUT_MAX, LeftOut, Mail, Taken};
use super::sandbox::Layers;
use super::wire::{BYTES, End, FRAME_HEAD_BYTES, Frame, Header, Task};
use super::{Format, Invoice, Limits, PageText, Probe};

/// Content is handed on in parts of this size.
const PART_BYTES: usize = 64 << 10;
/// So much of what a dying worker says is looked at.
const LAST_WORDS_BYTES: usize = 4 << 10;
/// A piece of a part has at most so many bytes.
const PART_BYTES_MAX: u64 = 64 << 10;
/// What a part may take to be named, in bytes.
const NAME_BYTES_MAX: u64 = 16 << 10;
/// So many frames beside those of parts that come whole: parts that are left out, the mail itself.
const MAIL_NAMES: u64 = 2_000;
/// What a UTF-8 character takes at most.
const CHAR_BYTES_MAX: u64 = 4;
/// Room that is made for a frame because it is announced, in bytes: a picture of A4 for recognition fits.
const ROOM_BYTES: usize = 12 << 20;
/// The longest picture that a worker hands over, in bytes.
pub(super) const PICTURE_BYTES_MAX: u64 = 96 << 20;
/// The longest list of the words of a page that it hands over, in bytes.
pub(super) const WORDS_BYTES_MAX: u64 = 24 << 20;
/// The longest answer to a task that was given, in bytes.
const GIVEN_BYTES_MAX: u64 = 8 << 20;
/// Line ends and joining characters that a page may have beside the characters that count.
const PAGE_SLACK: u64 = 4;

/// Whom the conversation waits for on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Feeding {
    #[default]
    WaitsForWorker,
    WaitsForSource,
    Done,
}

/// What a worker said and how it ended.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) held: Option<Layers>,
    pub(super) pages: Vec<PageText>,
    pub(super) probes: Vec<Probe>,
    pub(super) format: Option<Format>,
    pub(super) invoice: Option<Invoice>,
    pub(super) drawn: Option<Vec<u8>>,
    /// The place of the password that opened the document, as the worker says.
    pub(super) opened: Option<u8>,
    pub(super) seen: Option<Seen>,
    /// The pages that may hold codes beside their text.
    pub(super) marked: Option<Vec<u32>>,
    pub(super) end: Option<End>,
    /// The worker said something that no worker says.
    pub(super) broken: bool,
    pub(super) feeding: Feeding,
    pub(super) source_error: Option<io::Error>,
    pub(super) too_long: bool,
    pub(super) last_words: Vec<u8>,
    pub(super) timed_out: bool,
    pub(super) status: Option<ExitStatus>,
    pub(super) carried: Carried,
}

/// What comes beside the text: the fields of a mail, and parts.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) mail: Option<Box<Mail>>,
    /// Parts that ended whole.
    pub(super) parts: u32,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) portfolio: bool,
    /// Who takes the parts; else they go nowhere.
    pub(super) taker: Option<mpsc::Sender<Taken>>,
    /// The taker went away.
    pub(super) not_taken: bool,
    /// A part has begun and not ended.
    in_part: bool,
}

impl Carried {
    /// Takes what belongs to parts. An error: it is out of order; false: the taker went away.
    async fn take(&mut self, frame: Frame) -> Result<bool, Malformed> {
        let taken = match frame {
            Frame::Part(head) if !self.in_part => {
                self.in_part = true;
                Taken::Head(head)
            }
            Frame::Bytes(bytes) if self.in_part => Taken::Bytes(bytes),
            Frame::PartEnd(whole) if self.in_part => {
                self.in_part = false;
                self.parts += u32::from(whole);
                Taken::End { whole }
            }
            Frame::LeftOut(left) if self.left_out.len() < LEFT_OUT_MAX => {
                self.left_out.push(left);
                return Ok(true);
            }
            Frame::Mail(mail) if self.mail.is_none() => {
                self.mail = Some(mail);
                return Ok(true);
            }
            Frame::Portfolio => {
                self.portfolio = true;
                return Ok(true);
            }
            Frame::Mail(_)
            | Frame::LeftOut(_)
            | Frame::Part(_)
            | Frame::Bytes(_)
            | Frame::PartEnd(_)
            | Frame::Layers(_)
            | Frame::Page(_)
            | Frame::Format(_)
            | Frame::Invoice(_)
            | Frame::Drawn(_)
            | Frame::Opened(_)
            | Frame::Seen(_)
            | Frame::Marked(_)
            | Frame::End(_)
            | Frame::Probe(..) => return Err(Malformed),
        };
        if let Some(taker) = &self.taker {
            self.not_taken = taker.send(taken).await.is_err();
        }
        Ok(!self.not_taken)
    }
}

/// Hands over header and content, takes the frames, until the worker says its end or falls silent.
#[expect(clippy::too_many_lines, reason = "one arm for each frame")]
pub(super) async fn converse(
    child: &mut Child,
    (header, passwords): (Header, &[u8]),
    head: Vec<u8>,
    content: &mut (dyn AsyncRead + Send + Unpin),
    limits: &Limits,
    talk: &mut Talk,
) {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return;
    };
    let Talk {
        held,
        pages,
        probes,
        format,
        invoice,
        drawn,
        opened,
        seen,
        marked,
        end,
        broken,
        feeding,
        source_error,
        too_long,
        last_words,
        carried,
        ..
    } = talk;
    let mut budget = Budget::new(header.task, limits);
    let feed = async {
        let front = (header, passwords);
        match feed(stdin, front, head, content, limits, feeding).await {
            Ok(all) => *too_long = !all,
            Err(error) => *source_error = Some(error),
        }
    };
    let listen = async {
        let mut stdout = stdout;
        while let Some(frame) = next_frame(&mut stdout, &mut budget).await {
            match frame {
                Ok(Frame::Layers(layers)) if held.is_none() => *held = Some(layers),
                Ok(Frame::Page(page)) if held.is_some() => pages.push(page),
                Ok(Frame::Probe(attempt, outcome)) => {
                    probes.extend(Probe::from_numbers(attempt, outcome));
                }
                Ok(Frame::Format(it)) if held.is_some() && format.is_none() => *format = Some(it),
                Ok(Frame::Invoice(it)) if held.is_some() && invoice.is_none() => {
                    *invoice = Some(*it);
                }
                Ok(Frame::Drawn(bytes)) if held.is_some() && drawn.is_none() => {
                    *drawn = Some(bytes);
                }
                Ok(Frame::Opened(by)) if held.is_some() && opened.is_none() => {
                    *opened = Some(by);
                }
                Ok(Frame::Seen(it)) if drawn.is_some() && seen.is_none() => *seen = Some(*it),
                Ok(Frame::Marked(it)) if held.is_some() && marked.is_none() => *marked = Some(it),
                Ok(Frame::End(it)) if held.is_some() => {
                    *end = Some(it);
                    return Heard::Enough;
                }
                Ok(
                    frame @ (Frame::Mail(_)
                    | Frame::LeftOut(_)
                    | Frame::Part(_)
                    | Frame::Bytes(_)
                    | Frame::PartEnd(_)
                    | Frame::Portfolio),
                ) if held.is_some() => match carried.take(frame).await {
                    Ok(true) => {}
                    Ok(false) => return Heard::Enough,
                    Err(Malformed) => {
                        *broken = true;
                        return Heard::Enough;
                    }
                },
                Ok(_) | Err(Malformed) => {
                    *broken = true;
                    return Heard::Enough;
                }
            }
        }
        Heard::Silence
    };
    let rest = async { tokio::join!(feed, overhear(stderr, last_words)) };
    tokio::pin!(listen, rest);
    tokio::select! {
        heard = &mut listen => match heard {
            Heard::Enough => {}
            // It is dying: the way in ends by a broken pipe, and its last words are of interest.
            Heard::Silence => {
                rest.await;
            }
        },
        _ = &mut rest => {
            listen.await;
        }
    }
}

/// Why nothing more comes from a worker.
enum Heard {
    /// It said its end, or nonsense.
    Enough,
    /// It closed its output.
    Silence,
}

/// Hands over the content; tells whether that was all of it. Only the source can fail here: a
/// worker that reads no further has its reasons, and they are found elsewhere.
async fn feed(
    mut stdin: ChildStdin,
    (header, passwords): (Header, &[u8]),
    head: Vec<u8>,
    content: &mut (dyn AsyncRead + Send + Unpin),
    limits: &Limits,
    feeding: &mut Feeding,
) -> Result<bool, io::Error> {
    let mut part = header.to_bytes();
    part.extend(passwords);
    part.extend(&head);
    let mut sent = u64::try_from(head.len()).unwrap_or(u64::MAX);
    loop {
        *feeding = Feeding::WaitsForWorker;
        if stdin.write_all(&part).await.is_err() {
            break;
        }
        // One part too many goes out, so that the worker knows as well.
        if sent > limits.content_bytes_max {
            return Ok(false);
        }
        *feeding = Feeding::WaitsForSource;
        part.resize(PART_BYTES, 0);
        let read = content.read(&mut part).await?;
        part.truncate(read);
        if read == 0 {
            break;
        }
        sent = sent.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    *feeding = Feeding::Done;
    Ok(true)
}

async fn overhear(mut stderr: ChildStderr, last_words: &mut Vec<u8>) {
    let mut part = vec![0; LAST_WORDS_BYTES];
    while let Ok(read) = stderr.read(&mut part).await
        && read > 0
    {
        let room = LAST_WORDS_BYTES - last_words.len();
        last_words.extend(part.iter().take(read.min(room)));
    }
}

/// What a worker may still say.
struct Budget {
    page_bytes: u64,
    bytes: u64,
    frames: u64,
    parts_bytes: u64,
}

impl Budget {
    fn new(task: Task, limits: &Limits) -> Self {
        let drawn = match task {
            Task::Shapes(_) | Task::Draw(..) | Task::Sheets | Task::DrawSheet(..) => {
                Some(PICTURE_BYTES_MAX)
            }
            Task::Words(_) | Task::SheetWords(_) | Task::Look => Some(WORDS_BYTES_MAX),
            Task::Given => Some(GIVEN_BYTES_MAX),
            Task::Pdf
            | Task::Text
            | Task::Leaves(_)
            | Task::Several(..)
            | Task::Cut(_)
            | Task::Package
            | Task::Xml
            | Task::Html
            | Task::Rtf
            | Task::Csv
            | Task::Mail
            | Task::Outlook
            | Task::SelfTest(_) => None,
        };
        if let Some(bytes) = drawn {
            return Self {
                page_bytes: bytes,
                bytes,
                frames: 16,
                parts_bytes: 0,
            };
        }
        let bytes = |chars: u32| u64::from(chars) * CHAR_BYTES_MAX * PAGE_SLACK + 64;
        Self {
            page_bytes: bytes(limits.page_chars_max),
            bytes: bytes(limits.document_chars_max).saturating_add(
                // What parts are called, and the fields of a mail.
                u64::from(limits.parts_max).saturating_add(MAIL_NAMES) * NAME_BYTES_MAX,
            ),
            frames: u64::from(limits.pages_max) + 16 + u64::from(limits.parts_max) * 2 + MAIL_NAMES,
            // A part that did not fit has cost as much as one piece more than there was room for.
            parts_bytes: limits.parts_bytes_max.saturating_mul(2).max(1 << 20),
        }
    }

    fn spend(&mut self, tag: u8, bytes: u64) -> bool {
        if tag == BYTES {
            let fits = bytes <= self.parts_bytes && bytes <= PART_BYTES_MAX;
            self.parts_bytes = self.parts_bytes.saturating_sub(bytes);
            return fits;
        }
        let fits = bytes <= self.page_bytes && bytes <= self.bytes && self.frames > 0;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.frames = self.frames.saturating_sub(1);
        fits
    }
}

/// What a worker said is no frame, or more than it may say.
#[derive(Debug)]
pub(super) struct Malformed;

async fn next_frame(
    stdout: &mut ChildStdout,
    budget: &mut Budget,
) -> Option<Result<Frame, Malformed>> {
    let mut head = [0; FRAME_HEAD_BYTES];
    stdout.read_exact(&mut head).await.ok()?;
    let (tag, length) = Frame::head(head);
    if !budget.spend(tag, u64::from(length)) {
        return Some(Err(Malformed));
    }
    // Room for a page's picture is made at once; beyond that it grows with what comes, not with what is promised.
    let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(ROOM_BYTES));
    stdout
        .take(u64::from(length))
        .read_to_end(&mut body)
        .await
        .ok()?;
    if u64::try_from(body.len()) != Ok(u64::from(length)) {
        return None;
    }
    Some(Frame::parse(tag, body).ok_or(Malformed))
}

//! The conversation with one worker. Nothing it says is believed: it may have been taken over by
//! its document.

use std::io;
use std::process::ExitStatus;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use super::sandbox::Layers;
use super::wire::{End, FRAME_HEAD_BYTES, Frame, Header};
use super::{Format, Invoice, Limits, PageText, Probe};

/// Content is handed on in parts of this size.
const PART_BYTES: usize = 64 << 10;
/// So much of what a dying worker says is looked at.
const LAST_WORDS_BYTES: usize = 4 << 10;
/// What a UTF-8 character takes at most.
const CHAR_BYTES_MAX: u64 = 4;
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
    pub(super) end: Option<End>,
    /// The worker said something that no worker says.
    pub(super) broken: bool,
    pub(super) feeding: Feeding,
    pub(super) source_error: Option<io::Error>,
    pub(super) too_long: bool,
    pub(super) last_words: Vec<u8>,
    pub(super) timed_out: bool,
    pub(super) status: Option<ExitStatus>,
}

/// Hands over header and content, takes the frames, until the worker says its end or falls silent.
pub(super) async fn converse(
    child: &mut Child,
    header: Header,
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
        end,
        broken,
        feeding,
        source_error,
        too_long,
        last_words,
        ..
    } = talk;
    let feed = async {
        match feed(stdin, header, head, content, limits, feeding).await {
            Ok(all) => *too_long = !all,
            Err(error) => *source_error = Some(error),
        }
    };
    let listen = async {
        let mut budget = Budget::new(limits);
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
                Ok(Frame::End(it)) if held.is_some() => {
                    *end = Some(it);
                    return Heard::Enough;
                }
                Ok(
                    Frame::Layers(_)
                    | Frame::Page(_)
                    | Frame::Format(_)
                    | Frame::Invoice(_)
                    | Frame::End(_),
                )
                | Err(Malformed) => {
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
    header: Header,
    head: Vec<u8>,
    content: &mut (dyn AsyncRead + Send + Unpin),
    limits: &Limits,
    feeding: &mut Feeding,
) -> Result<bool, io::Error> {
    let mut part = header.to_bytes();
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
}

impl Budget {
    fn new(limits: &Limits) -> Self {
        let bytes = |chars: u32| u64::from(chars) * CHAR_BYTES_MAX * PAGE_SLACK + 64;
        Self {
            page_bytes: bytes(limits.page_chars_max),
            bytes: bytes(limits.document_chars_max),
            frames: u64::from(limits.pages_max) + 16,
        }
    }

    fn spend(&mut self, bytes: u64) -> bool {
        let fits = bytes <= self.page_bytes && bytes <= self.bytes && self.frames > 0;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.frames = self.frames.saturating_sub(1);
        fits
    }
}

/// What a worker said is no frame, or more than it may say.
struct Malformed;

async fn next_frame(
    stdout: &mut ChildStdout,
    budget: &mut Budget,
) -> Option<Result<Frame, Malformed>> {
    let mut head = [0; FRAME_HEAD_BYTES];
    stdout.read_exact(&mut head).await.ok()?;
    let (tag, length) = Frame::head(head);
    if !budget.spend(u64::from(length)) {
        return Some(Err(Malformed));
    }
    // Grows with what comes, not with what is promised.
    let mut body = Vec::new();
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

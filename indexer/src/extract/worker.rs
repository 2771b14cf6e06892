//! The worker: one document, then the end.
//!
//! The order is the point. Descriptors are copied, the thread and its stack are there and the
//! layers hold before the first byte of the document is read.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::carry::Carrier;
use super::pager::{Pager, Reading, Say};
use super::sandbox::{self, Layers};
use super::wire::{End, Frame, Header, Task};
use super::{
    LeftOut, Limits, PageState, PageText, Probe, Reason, archive, attached, html, invoice, mail,
    office, outlook, pdf, plain, raster, rtf, separated,
};

/// The hidden subcommand of the binary that must lead to [`worker_main`] before anything of the
/// server is set up.
pub const WORKER_COMMAND: &str = "extract-worker";

/// Deeply nested documents need a deep stack; one that needs more than this ends its worker.
const STACK_BYTES: usize = 16 << 20;

/// Reads one document from standard input behind every layer and writes its pages to standard
/// output. Only an [`super::Extractor`] can make sense of either.
///
/// Must be called first thing in `main`, while the process has one thread and no open files.
pub fn worker_main() -> ExitCode {
    // What a reader says when it stumbles may quote the document: it goes nowhere.
    std::panic::set_hook(Box::new(|_| {}));
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Runs work of somebody else behind every layer: it is given standard input and standard output, and has
/// neither files nor network nor time without end. Of `limits` those of memory and of processor time count.
///
/// Must be called first thing in `main`, while the process has one thread and no open files.
pub fn behind_layers(
    limits: &Limits,
    work: impl FnOnce(File, File) -> io::Result<()> + Send + 'static,
) -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    let header = Header::new(Task::Pdf, limits);
    let run = || {
        let (input, output) = (copy(io::stdin())?, copy(io::stdout())?);
        let held = sandbox::before_thread(&header, Layers::ALL);
        let thread = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || {
                if sandbox::in_thread(Layers::ALL, held).suffice() {
                    work(input, output)
                } else {
                    Err(io::ErrorKind::PermissionDenied.into())
                }
            })?;
        thread
            .join()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    let mut input = copy(io::stdin())?;
    let mut output = copy(io::stdout())?;
    let header = Header::read(&mut input)?;
    let wanted = match header.task {
        Task::SelfTest(layers) => layers,
        Task::Pdf
        | Task::Text
        | Task::Package
        | Task::Xml
        | Task::Html
        | Task::Rtf
        | Task::Csv
        | Task::Mail
        | Task::Outlook
        | Task::Leaves(_)
        | Task::Shapes(_)
        | Task::Words(_)
        | Task::Draw(..) => Layers::ALL,
    };
    let held = sandbox::before_thread(&header, wanted);
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let held = sandbox::in_thread(wanted, held);
            Frame::Layers(held).write(&mut output)?;
            if matches!(header.task, Task::SelfTest(_)) {
                try_all(&header, &mut output)
            } else if held.suffice() {
                read(&header, &mut input, &mut output)
            } else {
                // The server sees in the first frame what is missing.
                Err(io::ErrorKind::PermissionDenied.into())
            }
        })?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

/// A descriptor of our own, without the buffers of the standard library.
fn copy(stream: impl AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

/// When a worker stops by itself: at three quarters of its time, so that a slow document ends with
/// what was read of it rather than by a signal.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    wall: Instant,
    cpu: Duration,
}

impl Deadline {
    fn new(header: &Header) -> Self {
        let share = |all: Duration| all.saturating_mul(3) / 4;
        Self {
            wall: Instant::now() + share(Duration::from_millis(u64::from(header.wall_millis))),
            cpu: share(Duration::from_secs(u64::from(header.cpu_seconds))),
        }
    }

    pub(super) fn has_passed(self) -> bool {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let used = Duration::try_from(used).unwrap_or(Duration::MAX);
        used >= self.cpu || Instant::now() >= self.wall
    }
}

fn read(header: &Header, input: &mut File, output: &mut File) -> io::Result<()> {
    let mut content = Vec::new();
    input
        .take(header.content_bytes.saturating_add(1))
        .read_to_end(&mut content)?;
    let too_long = u64::try_from(content.len()).unwrap_or(u64::MAX) > header.content_bytes;
    let deadline = Deadline::new(header);
    let mut say = |frame: Frame| frame.write(output);
    let end = if too_long {
        End::Content
    } else {
        let reading = catch_unwind(AssertUnwindSafe(|| {
            read_as(content, header, deadline, &mut say)
        }));
        // A panic outside of a page: there is no sense in the structure.
        reading.unwrap_or(Ok(End::Stumbled))?
    };
    Frame::End(end).write(output)
}

/// Reads the content as what it is.
fn read_as(content: Vec<u8>, header: &Header, deadline: Deadline, say: Say<'_>) -> io::Result<End> {
    let read: fn(&[u8], &mut Pager<'_>) -> Reading = match header.task {
        Task::Pdf => {
            let content = Arc::new(content);
            let give = |page: PageText| say(Frame::Page(page));
            let end = pdf::read(Arc::clone(&content), header, deadline, give)?;
            if !deadline.has_passed() {
                let found = attached::look(&content, deadline);
                if let Some(invoice) = found.invoice {
                    say(Frame::Invoice(Box::new(invoice)))?;
                }
                if let Some(kind) = found.biometric {
                    // What it is called there is nobody's business; what it is stands in its place.
                    say(Frame::LeftOut(LeftOut::new(
                        kind.as_str(),
                        Reason::Biometric,
                    )))?;
                }
            }
            return Ok(end);
        }
        Task::Text => {
            return match plain::decode(&content) {
                Some(text) => pages(&text, header, &mut |page| say(Frame::Page(page))),
                None => Ok(End::NotText),
            };
        }
        Task::Mail => return mail::read(&content, &mut Carrier::new(header, deadline, say)),
        Task::Outlook => return outlook::read(content, &mut Carrier::new(header, deadline, say)),
        Task::Leaves(format) => {
            let give = |page: PageText| say(Frame::Page(page));
            return raster::leaves(&content, format, header, give);
        }
        Task::Shapes(format) => return drawn(raster::shapes(content, format, header), say),
        Task::Words(number) => {
            return drawn(pdf::words(content, number, header, deadline), say);
        }
        Task::Draw(format, want, number) => {
            return drawn(raster::draw(content, format, want, number, header), say);
        }
        Task::SelfTest(_) => return Ok(End::Complete),
        Task::Package => office::read,
        Task::Xml => invoice::read,
        Task::Html => html::read,
        Task::Rtf => rtf::read,
        Task::Csv => separated::read,
    };
    let mut pager = Pager::new(header, deadline, &mut *say);
    // What was read before the reader stumbled is kept.
    let end = catch_unwind(AssertUnwindSafe(|| read(&content, &mut pager)));
    let end = pager.finish(end.unwrap_or(Err(End::Stumbled.into())))?;
    // A container that no office program wrote is an archive.
    if header.task == Task::Package && end == End::Unknown {
        return archive::read(&content, &mut Carrier::new(header, deadline, say));
    }
    Ok(end)
}

fn drawn(result: Result<Vec<u8>, End>, say: Say<'_>) -> io::Result<End> {
    match result {
        Ok(bytes) => {
            say(Frame::Drawn(bytes))?;
            Ok(End::Complete)
        }
        Err(end) => Ok(end),
    }
}

/// Gives the pages of a text, as far as the limits go.
pub(super) fn pages(
    text: &str,
    header: &Header,
    give: &mut impl FnMut(PageText) -> io::Result<()>,
) -> io::Result<End> {
    let size = |max: u32| usize::try_from(max).unwrap_or(usize::MAX);
    let mut chars_left = size(header.document_chars);
    for (number, page) in plain::pages(text, size(header.page_chars)).enumerate() {
        if number >= size(header.pages) {
            return Ok(End::Pages);
        }
        match page.char_indices().nth(chars_left) {
            None => {
                chars_left -= page.chars().count();
                give(PageText {
                    text: page,
                    state: PageState::Read,
                })?;
            }
            Some((end, _)) => {
                let (head, _) = page.split_at(end);
                give(PageText {
                    text: head.to_owned(),
                    state: PageState::Cut,
                })?;
                return Ok(End::Chars);
            }
        }
    }
    Ok(End::Complete)
}

fn try_all(header: &Header, output: &mut File) -> io::Result<()> {
    for probe in Probe::make_all(header.memory_bytes) {
        let (attempt, outcome) = probe.to_numbers();
        Frame::Probe(attempt, outcome).write(output)?;
    }
    Frame::End(End::Complete).write(output)
}

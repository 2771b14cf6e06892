//! The worker: one document, then the end.
//!
//! The order is the point. Descriptors are copied, the thread and its stack are there and the
//! layers hold before the first byte of the document is read.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::carry::Carrier;
use super::pager::{Pager, Reading, Say};
use super::password::Passwords;
use super::sandbox::{self, Layers};
use super::sheets::Foot;
use super::wire::{End, Frame, Header, Task};
use super::{
    Format, Limits, PageState, PageText, Probe, archive, attached, codes, cut, html, invoice, mail,
    marks, office, outlook, pdf, plain, raster, rtf, separated, several, sheets,
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
    ended(serve(None))
}

/// As [`worker_main`], for a task of another program: does with what comes in what `run` does, behind the
/// same layers, and says what came of it. Nothing: it was no such task.
///
/// Only [`super::Extractor::give`] can make sense of what it says.
pub fn given_main(run: Given) -> ExitCode {
    ended(serve(Some(run)))
}

/// What another program wants done with a content.
pub type Given = fn(&[u8]) -> Option<Vec<u8>>;

fn ended(served: io::Result<()>) -> ExitCode {
    match served {
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

fn serve(given: Option<Given>) -> io::Result<()> {
    // What a reader says when it stumbles may quote the document: it goes nowhere.
    std::panic::set_hook(Box::new(|_| {}));
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
        | Task::Given
        | Task::Draw(..)
        | Task::Sheets
        | Task::DrawSheet(..)
        | Task::SheetWords(_)
        | Task::Look
        | Task::Several(..)
        | Task::Cut(_) => Layers::ALL,
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
                read(&header, given, &mut input, &mut output)
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
    pub(super) fn new(header: &Header) -> Self {
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

fn read(
    header: &Header,
    given: Option<Given>,
    input: &mut File,
    output: &mut File,
) -> io::Result<()> {
    let passwords = Passwords::read(input, header.password_bytes)?;
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
        let reading = catch_unwind(AssertUnwindSafe(|| match (header.task, given) {
            (Task::Given, Some(run)) => drawn(run(&content).ok_or(End::Unknown), &mut say),
            (_, None) => read_as((content, &passwords), header, deadline, &mut say),
            // Whoever is there for one task does no other.
            (_, Some(_)) => Ok(End::Unknown),
        }));
        // A panic outside of a page: there is no sense in the structure.
        reading.unwrap_or(Ok(End::Stumbled))?
    };
    Frame::End(end).write(output)
}

/// Reads the content as what it is.
fn read_as(
    (content, passwords): (Vec<u8>, &Passwords),
    header: &Header,
    deadline: Deadline,
    say: Say<'_>,
) -> io::Result<End> {
    let read: fn(&[u8], &mut Pager<'_>) -> Reading = match header.task {
        Task::Pdf => return read_pdf((content, passwords), header, deadline, say),
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
        Task::Shapes(format) => {
            let shapes = raster::shapes(content, format, passwords, header);
            if let Ok((_, Some(by))) = &shapes {
                say(Frame::Opened(*by))?;
            }
            return drawn(shapes.map(|(packed, _)| packed), say);
        }
        Task::Words(number) => {
            let words = pdf::words(content, passwords, number, header, deadline);
            return drawn(words, say);
        }
        Task::Draw(format, want, number) => {
            let page = raster::draw(content, (format, want, number), passwords, header);
            return drawn_and_seen(page, deadline, say);
        }
        Task::Sheets => return drawn(sheets::leaves(content, header, deadline), say),
        Task::DrawSheet(want, number) => {
            let sheet = sheets::page(content, number, Foot::Shown, deadline);
            let draw = |pdf| {
                let page = (Format::Pdf, want, 0);
                raster::draw(pdf, page, Passwords::none(), header).map(|(packed, _)| packed)
            };
            return drawn(sheet.and_then(draw), say);
        }
        Task::SheetWords(number) => {
            let sheet = sheets::page(content, number, Foot::Left, deadline);
            let words = |pdf| pdf::words(pdf, Passwords::none(), 0, header, deadline);
            return drawn(sheet.and_then(words), say);
        }
        Task::Look => return drawn(marks::look(content, passwords, header, deadline), say),
        Task::Several(format, want) => {
            let mut carrier = Carrier::new(header, deadline, say);
            let with = (header, deadline);
            return several::draw(content, (format, want), passwords, with, &mut carrier);
        }
        Task::Cut(format) => {
            let mut carrier = Carrier::new(header, deadline, say);
            return cut::cut(&content, format, header, &mut carrier);
        }
        Task::SelfTest(_) => return Ok(End::Complete),
        Task::Given => return Ok(End::Unknown),
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

/// Gives a page, and what is seen on it where it was drawn to be looked at.
fn drawn_and_seen(
    page: Result<(Vec<u8>, Option<codes::Sheet>), End>,
    deadline: Deadline,
    say: Say<'_>,
) -> io::Result<End> {
    let (packed, sheet) = match page {
        Ok(drawn) => drawn,
        Err(end) => return Ok(end),
    };
    say(Frame::Drawn(packed))?;
    // The page is out: what looking at it costs, it costs what there is to see.
    if let Some(sheet) = sheet {
        let seen = codes::look(&sheet, || deadline.has_passed());
        say(Frame::Seen(Box::new(seen)))?;
    }
    Ok(End::Complete)
}

/// Reads a PDF: by which password it opened, its pages, what it carries.
fn read_pdf(
    (content, passwords): (Vec<u8>, &Passwords),
    header: &Header,
    deadline: Deadline,
    say: Say<'_>,
) -> io::Result<End> {
    let opened = match pdf::open(content, passwords) {
        Ok(opened) => opened,
        Err(end) => return Ok(end),
    };
    if let Some(by) = opened.by {
        say(Frame::Opened(by))?;
    }
    let mut marked = Vec::new();
    let give = |page: PageText| say(Frame::Page(page));
    let end = pdf::read(&opened.pdf, header, deadline, &mut marked, give)?;
    if !marked.is_empty() {
        say(Frame::Marked(marked))?;
    }
    let key = opened.by.and_then(|by| passwords.get(usize::from(by)));
    // What was made of its pages makes room for its attachments.
    let content = opened.pdf.data().clone();
    drop(opened);
    let mut out = Carrier::new(header, deadline, say);
    attached::read(content.as_ref(), key, (end, deadline), &mut out)
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

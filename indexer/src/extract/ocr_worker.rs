//! The worker that becomes the recognition program: it lays the layers on itself, says which hold, and
//! goes on as tesseract. What comes after the first bytes is the program's own.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::becoming::{self, LIBRARIES};
use super::ocr::PICTURE;
use super::sandbox::{self, Cage};

/// The hidden subcommand of the binary that must lead to [`recognise_main`] before anything of the
/// server is set up.
pub const RECOGNISE_COMMAND: &str = "recognise-worker";

/// What stands in front of what the program says; a byte with the layers follows.
pub(super) const GREETING: [u8; 4] = *b"plo1";

/// What the loader looks at, where it is there.
const LOADER: [&str; 2] = ["/etc/ld.so.cache", "/usr/local/lib"];

/// What a worker for recognition is told. It comes from the server alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    pub(super) program: PathBuf,
    pub(super) data: PathBuf,
    pub(super) languages: String,
    /// How the program looks at a page: 1 finds out first which side is up, 3 does not.
    pub(super) mode: u8,
    pub(super) dpi: u32,
}

impl Order {
    pub(super) fn to_arguments(&self) -> Vec<OsString> {
        vec![
            RECOGNISE_COMMAND.into(),
            self.memory_bytes.to_string().into(),
            self.cpu_seconds.to_string().into(),
            self.program.clone().into(),
            self.data.clone().into(),
            self.languages.clone().into(),
            self.mode.to_string().into(),
            self.dpi.to_string().into(),
        ]
    }

    fn read(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut next = || arguments.next();
        let number = |word: OsString| word.into_string().ok();
        Some(Self {
            memory_bytes: number(next()?)?.parse().ok()?,
            cpu_seconds: number(next()?)?.parse().ok()?,
            program: next()?.into(),
            data: next()?.into(),
            languages: number(next()?)?,
            mode: number(next()?)?.parse().ok()?,
            dpi: number(next()?)?.parse().ok()?,
        })
    }
}

/// Becomes the recognition program behind every layer: standard input is a file with the picture, words come on
/// standard output. Only a [`super::Recogniser`] starts it.
///
/// Must be called first thing in `main`, while the process has one thread and no open files.
pub fn recognise_main() -> ExitCode {
    becoming::main(Order::read(std::env::args_os().skip(2)), become_program)
}

fn become_program(order: &Order) -> io::Result<()> {
    let mut run = vec![order.program.as_path()];
    run.extend(LIBRARIES.map(Path::new));
    let mut read = vec![order.data.as_path()];
    read.extend(LOADER.map(Path::new));
    let cage = Cage {
        memory_bytes: order.memory_bytes,
        cpu_seconds: order.cpu_seconds,
        run: &run,
        read: &read,
    };
    let mut program = Command::new(&order.program);
    program
        .args([PICTURE, "stdout", "--tessdata-dir"])
        .arg(&order.data)
        .args(["-l", &order.languages])
        .args(["--psm", &order.mode.to_string()])
        .args(["--dpi", &order.dpi.to_string()])
        .args(["-c", "tessedit_create_tsv=1"])
        .env_clear()
        // More threads would take the cores of other pages and give less than they take.
        .env("OMP_THREAD_LIMIT", "1")
        .env("LC_ALL", "C");
    becoming::go_on(GREETING, || sandbox::before_program(&cage), &mut program)
}

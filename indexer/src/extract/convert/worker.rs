//! The worker that becomes the office program: it lays the layers on itself, says which hold, and goes on as
//! LibreOffice. What comes after the first bytes is the program's own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::cage::{self, Cage};
use crate::extract::Format;
use crate::extract::becoming::{self, LIBRARIES};

/// The hidden subcommand of the binary that must lead to [`convert_main`] before anything of the server is
/// set up.
pub const CONVERT_COMMAND: &str = "convert-worker";

/// What stands in front of what the program says; a byte with the layers follows.
pub(super) const GREETING: [u8; 4] = *b"plv1";
/// Within the scratch folder: the content, what is made of it, and the settings of the program.
pub(super) const CONTENT: &str = "content";
pub(super) const MADE: &str = "content.pdf";
pub(super) const PROFILE: &str = "profile";

/// What it reads beside: fonts, settings of this machine, what goes with the program.
const READ: [&str; 11] = [
    "/etc/ld.so.cache",
    "/usr/local/lib",
    "/usr/share",
    "/usr/local/share/fonts",
    "/etc/fonts",
    "/var/cache/fontconfig",
    "/etc/libreoffice",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/dev/null",
    "/dev/urandom",
];
/// PDF/A-2b: every font is in it, and nothing that does anything.
const FILTER: &str = "{\"SelectPdfVersion\":{\"type\":\"long\",\"value\":\"2\"}}";

/// What a worker for conversion is told. It comes from the server alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    pub(super) file_bytes: u64,
    pub(super) program: PathBuf,
    pub(super) scratch: PathBuf,
    pub(super) format: Format,
}

impl Order {
    pub(super) fn to_arguments(&self) -> Vec<OsString> {
        vec![
            CONVERT_COMMAND.into(),
            self.memory_bytes.to_string().into(),
            self.cpu_seconds.to_string().into(),
            self.file_bytes.to_string().into(),
            self.program.clone().into(),
            self.scratch.clone().into(),
            self.format.as_str().into(),
        ]
    }

    fn read(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut next = || arguments.next();
        let number = |word: OsString| word.into_string().ok()?.parse().ok();
        let order = Self {
            memory_bytes: number(next()?)?,
            cpu_seconds: number(next()?)?,
            file_bytes: number(next()?)?,
            program: next()?.into(),
            scratch: next()?.into(),
            format: {
                let name = next()?;
                let mut known = Format::ALL.into_iter();
                known.find(|format| OsStr::new(format.as_str()) == name)?
            },
        };
        Some(order)
    }
}

/// The name of the content in the scratch folder: by its end the program tells what it is.
pub(super) fn content_name(format: Format) -> String {
    format!("{CONTENT}.{}", format.as_str())
}

/// How the program is to write what it made of such a document; nothing where it is no document of an office.
fn filter(format: Format) -> Option<String> {
    let family = match format {
        Format::Docx | Format::Odt | Format::Rtf => "writer",
        Format::Xlsx | Format::Ods => "calc",
        Format::Pptx | Format::Odp => "impress",
        Format::Pdf
        | Format::Text
        | Format::Csv
        | Format::Html
        | Format::Ubl
        | Format::Cii
        | Format::Mail
        | Format::Outlook
        | Format::Archive
        | Format::Jpeg
        | Format::Png
        | Format::Tiff
        | Format::Webp
        | Format::Unknown => return None,
    };
    Some(format!("pdf:{family}_pdf_Export:{FILTER}"))
}

/// Becomes the office program behind every layer. Only a [`super::Converter`] starts it.
///
/// Must be called first thing in `main`, while the process has one thread and no open files.
pub fn convert_main() -> ExitCode {
    becoming::main(Order::read(std::env::args_os().skip(2)), become_program)
}

fn become_program(order: &Order) -> io::Result<()> {
    let filter = filter(order.format).ok_or(io::ErrorKind::InvalidInput)?;
    // The program, and what lies beside it.
    let folder = order.program.parent().and_then(Path::parent);
    let is_own = |folder: &&Path| folder.components().count() > 2;
    let mut run = vec![order.program.as_path()];
    run.extend(folder.filter(is_own));
    run.extend(LIBRARIES.map(Path::new));
    let read = READ.map(Path::new);
    let cage = Cage {
        memory_bytes: order.memory_bytes,
        cpu_seconds: order.cpu_seconds,
        file_bytes: order.file_bytes,
        run: &run,
        read: &read,
        write: &order.scratch,
    };
    let folder = order.scratch.display();
    let mut program = Command::new(&order.program);
    program
        .arg(format!("-env:UserInstallation=file://{folder}/{PROFILE}"))
        // From the folder itself: an address of a socket has 107 bytes, and a longer path ends the program.
        .arg("-env:OSL_SOCKET_PATH=.")
        .args(["--headless", "--norestore", "--nologo", "--nodefault"])
        .args(["--nolockcheck", "--convert-to", &filter])
        .arg("--outdir")
        .arg(&order.scratch)
        .arg(order.scratch.join(content_name(order.format)))
        .env_clear()
        .env("HOME", &order.scratch)
        .env("TMPDIR", &order.scratch)
        .env("LC_ALL", "C.UTF-8")
        .env("SAL_USE_VCLPLUGIN", "svp");
    becoming::go_on(GREETING, || cage::before_office(&cage), &mut program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_reads_what_the_server_wrote() {
        for format in Format::ALL {
            let order = Order {
                memory_bytes: 1 << 30,
                cpu_seconds: 60,
                file_bytes: 7,
                program: "/usr/lib/libreoffice/program/soffice.bin".into(),
                scratch: "/dev/shm/x".into(),
                format,
            };
            let arguments = order.to_arguments().into_iter().skip(1);
            assert_eq!(Order::read(arguments), Some(order));
            assert_eq!(
                filter(format).is_some(),
                format.is_of_office(),
                "{format:?}"
            );
        }
    }
}

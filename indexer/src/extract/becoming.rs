//! Workers that become a program which is not ours: they lay the layers on themselves, say which hold, and go
//! on as that program.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use super::sandbox::Layers;

/// Where a program finds its loader and its libraries.
pub(super) const LIBRARIES: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];

/// Becomes what an order asks for. Whoever comes back did not become the program: the server hears why.
pub(super) fn main<O>(
    order: Option<O>,
    become_program: impl FnOnce(&O) -> io::Result<()>,
) -> ExitCode {
    let became = order.map(|order| become_program(&order));
    if let Some(Err(error)) = became {
        let _unheard = writeln!(io::stderr(), "cannot become the program: {error}").is_err();
    }
    ExitCode::FAILURE
}

/// Lays the layers on, says behind the greeting which hold, and goes on as the program if they are enough. It
/// comes back only with an error.
pub(super) fn go_on(
    greeting: [u8; 4],
    lay_on: impl FnOnce() -> Layers,
    program: &mut Command,
) -> io::Result<()> {
    // Without the buffers of the standard library: what is written must be out before the change.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let held = lay_on();
    output.write_all(&greeting)?;
    output.write_all(&[held.bits()])?;
    if !Layers::suffice_for_program(held) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    drop(output);
    Err(program.exec())
}

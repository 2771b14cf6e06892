//! Whether the trusted lists by which signatures are judged are those that somebody has looked at.

use std::path::Path;

use super::{Code, Outcome};
use crate::config::Lists;
use crate::signatures::{self, FileFault};

/// Names lists that the settings do not name, and files that are not those that they name.
pub fn lists((folder, named): (&Path, &Lists), outcome: &mut Outcome) {
    let Ok(trusted) = signatures::trust_of(folder, named) else {
        // Without a folder nobody is trusted; a list that was named is missed.
        for name in named.keys() {
            outcome.push(Code::ListAstray, name, false);
        }
        return;
    };
    for list in trusted.unnamed {
        outcome.push(Code::ListUnnamed, list, false);
    }
    for fault in trusted.faults {
        match fault {
            FileFault::Other { path } | FileFault::Absent { path } => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                outcome.push(Code::ListAstray, name, false);
            }
            FileFault::Read { .. } | FileFault::Content { .. } => {}
        }
    }
}

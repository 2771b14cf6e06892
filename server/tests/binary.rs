//! Cargo builds a package's binary for its own integration tests only: this one sees to it that the tests
//! of the whole workspace find a binary of today.

use std::process::Command;

#[test]
fn the_binary_says_its_name_and_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_papierlos"))
        .arg("--version")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        said.trim(),
        concat!("papierlos ", env!("CARGO_PKG_VERSION"))
    );
}

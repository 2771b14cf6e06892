//! The contracts as JSON. They are large, and reading YAML takes a fifth of a small test.

use std::path::PathBuf;

fn main() {
    let out = std::env::var_os("OUT_DIR").expect("cargo names a folder");
    for name in ["openapi", "openapi-paperless"] {
        let from = format!("../{name}.yaml");
        println!("cargo:rerun-if-changed={from}");
        let text = std::fs::read_to_string(&from).expect("the contract stands in the root");
        let read: serde_json::Value = yaml_serde::from_str(&text).expect("the contract is YAML");
        let to = PathBuf::from(&out).join(format!("{name}.json"));
        std::fs::write(to, read.to_string()).expect("cargo's folder");
    }
}

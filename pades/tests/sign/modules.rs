//! Keys in a module: SoftHSM, with a token of its own for each test run.

use std::path::{Path, PathBuf};
use std::process::Command;

use pades::sign::{Appearance, At, Kind, ModuleKey, Pkcs11Signer, Seal, Signer, SignerError, sign};
use zeroize::Zeroizing;

use crate::data;

const MODULES: [&str; 2] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
];

fn module() -> Option<PathBuf> {
    let found = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() || !data::has("softhsm2-util") {
        data::skip("softhsm2 is missing");
        return None;
    }
    found
}

/// A module reads its settings from the environment of the process, which a test cannot set: each test of a
/// module is a process of its own, started again with them.
fn in_own_process(test: &str) -> Option<PathBuf> {
    let module = module()?;
    if is_inside() {
        return Some(module);
    }
    let place = tempfile::tempdir().unwrap();
    let tokens = place.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let settings = place.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&settings, text).unwrap();
    let tool = |arguments: &[&str]| {
        let output = Command::new("softhsm2-util")
            .args(arguments)
            .env("SOFTHSM2_CONF", &settings)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", data::said(&output));
    };
    tool(&[
        "--init-token",
        "--free",
        "--label",
        "siegel",
        "--pin",
        "1234",
        "--so-pin",
        "4321",
    ]);
    for (id, key) in [("01", "seal"), ("02", "seal384"), ("03", "sealrsa")] {
        let file = data::folder().join(format!("pki/{key}.key"));
        let file = file.to_str().unwrap();
        tool(&[
            "--import", file, "--token", "siegel", "--label", key, "--id", id, "--pin", "1234",
        ]);
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SOFTHSM2_CONF", &settings)
        .env("PADES_INSIDE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", data::said(&output));
    assert!(
        data::said(&output).contains("1 passed"),
        "{}",
        data::said(&output)
    );
    None
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings")]
fn is_inside() -> bool {
    std::env::var_os("PADES_INSIDE").is_some()
}

fn key(module: &Path, label: &str) -> ModuleKey {
    ModuleKey {
        module: module.to_owned(),
        token_label: "siegel".to_owned(),
        key_label: label.to_owned(),
    }
}

fn pin(pin: &str) -> Zeroizing<String> {
    Zeroizing::new(pin.to_owned())
}

#[test]
fn a_key_in_a_module_signs() {
    let Some(module) = in_own_process("modules::a_key_in_a_module_signs") else {
        return;
    };
    for label in ["seal", "seal384", "sealrsa"] {
        let chain = data::chain(label);
        let signer = Pkcs11Signer::open(key(&module, label), pin("1234"), chain).unwrap();
        let mut pdf = data::form();
        for name in ["Eins", "Zwei"] {
            let field = data::unseen(name);
            let nothing = Appearance::Nothing;
            let prepared = data::prepare(&pdf, At::New(&field), Kind::Signature, nothing);
            let cms = sign(&prepared, &signer).unwrap();
            pdf = prepared.complete(&cms).unwrap();
            Seal::find(&pdf, name).unwrap();
        }
    }
}

#[test]
fn what_a_module_refuses_is_named() {
    let Some(module) = in_own_process("modules::what_a_module_refuses_is_named") else {
        return;
    };
    let open = |place: ModuleKey, code: &str| {
        Pkcs11Signer::open(place, pin(code), data::chain("seal")).unwrap_err()
    };
    assert!(matches!(
        open(key(&module, "seal"), "9999"),
        SignerError::Pin
    ));
    let mut other = key(&module, "seal");
    other.token_label = "anderes".to_owned();
    assert!(matches!(open(other, "1234"), SignerError::NoToken { .. }));
    assert!(matches!(
        open(key(&module, "nichts"), "1234"),
        SignerError::NotOneKey { found: 0 }
    ));
    let mut missing = key(&module, "seal");
    missing.module = PathBuf::from("/nonexistent.so");
    assert!(matches!(open(missing, "1234"), SignerError::Module(_)));
}

#[test]
fn a_key_of_another_certificate_makes_no_signature() {
    let Some(module) = in_own_process("modules::a_key_of_another_certificate_makes_no_signature")
    else {
        return;
    };
    // The token has the key of `seal`; the certificate is that of another key of the same kind.
    let chain = data::chain("revoked");
    let signer = Pkcs11Signer::open(key(&module, "seal"), pin("1234"), chain).unwrap();
    let form = data::form();
    let field = data::unseen("Siegel");
    let prepared = data::prepare(&form, At::New(&field), Kind::Signature, Appearance::Nothing);
    assert!(matches!(
        sign(&prepared, &signer),
        Err(SignerError::Container(_))
    ));
}

/// One thing at a time goes through a session, whoever asks.
#[test]
fn a_module_signs_for_several_at_once() {
    let Some(module) = in_own_process("modules::a_module_signs_for_several_at_once") else {
        return;
    };
    let signer =
        Pkcs11Signer::open(key(&module, "seal"), pin("1234"), data::chain("seal")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..5_u8 {
                    signer.sign(&[number]).unwrap();
                }
            });
        }
    });
}

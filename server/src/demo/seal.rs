//! The seal of the demo town: a key in PEM with a certificate that vouches for itself. It proves nothing to
//! anybody, and says so in its name.

use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use tokio::io::AsyncWriteExt;

use crate::base::Timestamp;
use crate::config::{Seal, SealKey, SealLevel};

/// What the seal is called in a document.
const NAME: &str = "Hollerfurt an der Aue (Vorführung, ohne Beweiswert)";
const KEY: &str = "seal.key";
const CERTIFICATE: &str = "seal.pem";
/// The folder of those whose signatures are trusted, where nothing else is set.
const TRUSTED: &str = "trust";
/// So long its certificate is good, in days; and so long it was before it was made, for clocks that are behind.
const GOOD_FOR_DAYS: i64 = 3_650;
const BEFORE_DAYS: i64 = 1;
const SECONDS_PER_DAY: i64 = 86_400;
const SERIAL_BYTES: usize = 16;
const PEM_COLUMNS: usize = 64;
/// Nobody is asked for a timestamp in the demo.
const PATIENCE: Duration = Duration::from_secs(10);

/// `ecdsa-with-SHA256`, as an algorithm.
const ECDSA_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// A key on P-256, as an algorithm.
const ON_P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
/// `commonName`.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
/// Critical extensions: what the key is for (`digitalSignature`, `contentCommitment`), and that it is no authority.
const EXTENSIONS: &[u8] = &[
    0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x06, 0xc0,
    0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00,
];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8: u8 = 0x0c;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const WITH_EXTENSIONS: u8 = 0xa3;

/// The seal of the demo town, made where there is none yet.
///
/// # Errors
/// Where it cannot be made or written.
pub async fn seal(folder: &Path, now: Timestamp) -> io::Result<Seal> {
    let (key, certificate) = (folder.join(KEY), folder.join(CERTIFICATE));
    if !tokio::fs::try_exists(&certificate).await? {
        tokio::fs::create_dir_all(folder).await?;
        let (secret, vouched) = made(now).ok_or_else(|| io::Error::other("no key was made"))?;
        write(&key, &secret).await?;
        write(&certificate, &vouched).await?;
        // Its own house trusts it: what was signed at the counter of the demo is judged like any other.
        let trusted = folder.join(TRUSTED);
        tokio::fs::create_dir_all(&trusted).await?;
        write(&trusted.join(CERTIFICATE), &vouched).await?;
    }
    Ok(Seal {
        key: SealKey::Pem(key),
        certificates: certificate,
        name: NAME.to_owned(),
        tsa: None,
        patience: PATIENCE,
        level: SealLevel::Basic,
        renew_before: PATIENCE,
        allow_private: Vec::new(),
        ports: Vec::new(),
    })
}

/// Only its owner reads it.
async fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut written = options.open(path).await?;
    written.write_all(text.as_bytes()).await?;
    written.sync_all().await
}

/// A key and its certificate, both in PEM.
fn made(now: Timestamp) -> Option<(String, String)> {
    let random = SystemRandom::new();
    let with = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let secret = EcdsaKeyPair::generate_pkcs8(with, &random).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(with, secret.as_ref(), &random).ok()?;
    let mut serial = [0; SERIAL_BYTES];
    random.fill(&mut serial).ok()?;
    // A number above zero, in as few bytes as it takes.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    let tbs = to_be_signed(&serial, pair.public_key().as_ref(), now);
    let signature = pair.sign(&random, &tbs).ok()?;
    let certificate = within(SEQUENCE, &[&tbs, ECDSA_SHA256, &bits(signature.as_ref())]);
    Some((
        pem("PRIVATE KEY", secret.as_ref()),
        pem("CERTIFICATE", &certificate),
    ))
}

fn to_be_signed(serial: &[u8], point: &[u8], now: Timestamp) -> Vec<u8> {
    let name = within(
        SEQUENCE,
        &[&within(
            SET,
            &[&within(
                SEQUENCE,
                &[COMMON_NAME, &within(UTF8, &[NAME.as_bytes()])],
            )],
        )],
    );
    let from = now.plus_seconds(-BEFORE_DAYS * SECONDS_PER_DAY);
    let until = now.plus_seconds(GOOD_FOR_DAYS * SECONDS_PER_DAY);
    let validity = within(SEQUENCE, &[&instant(from), &instant(until)]);
    let key = within(SEQUENCE, &[ON_P256, &bits(point)]);
    let extensions = within(WITH_EXTENSIONS, &[&within(SEQUENCE, &[EXTENSIONS])]);
    // Version 3 is written as 2.
    let version = within(VERSION, &[&within(INTEGER, &[&[2]])]);
    let serial = within(INTEGER, &[serial]);
    within(
        SEQUENCE,
        &[
            &version,
            &serial,
            ECDSA_SHA256,
            &name,
            &validity,
            &name,
            &key,
            &extensions,
        ],
    )
}

/// An instant: years before 2050 have a shorter form, which they must have.
fn instant(at: Timestamp) -> Vec<u8> {
    const UTC_TIME: u8 = 0x17;
    let at = at.utc();
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    let year = at.year();
    if (1950..2050).contains(&year) {
        let text = format!("{:02}{rest}", year % 100);
        return within(UTC_TIME, &[text.as_bytes()]);
    }
    within(GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()])
}

/// A bit string of whole bytes.
fn bits(bytes: &[u8]) -> Vec<u8> {
    within(BIT_STRING, &[&[0], bytes])
}

/// Parts within a value of ASN.1 (DER).
fn within(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut value = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => value.push(short),
        Ok(long) => value.extend([0x81, long]),
        Err(_longer) => {
            // What is made here is far below 64 KiB.
            let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
            value.extend([0x82, high, low]);
        }
    }
    for part in parts {
        value.extend_from_slice(part);
    }
    value
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = format!("-----BEGIN {label}-----\n");
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % PEM_COLUMNS == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push_str(&format!("\n-----END {label}-----\n"));
    lines
}

#[cfg(test)]
mod tests {
    use super::{NAME, made};
    use crate::base::Timestamp;

    #[test]
    fn the_seal_of_the_demo_is_one() {
        for now in ["2026-03-02T08:15:00Z", "2062-03-02T08:15:00Z"] {
            let now = Timestamp::parse(now).expect("a time");
            let (key, certificate) = made(now).expect("a seal");
            let chain =
                pades::sign::Chain::from_pem(certificate.as_bytes()).expect("a certificate");
            assert_eq!(chain.name(), NAME);
            let seconds = u64::try_from(now.micros() / 1_000_000).expect("after 1970");
            assert!(chain.not_before().unix_seconds() < seconds);
            assert!(chain.not_after().unix_seconds() > seconds);
            pades::sign::PemSigner::new(key.as_bytes(), chain).expect("the key of the certificate");
        }
    }
}

//! The audit log, and who outside keeps something of it.

use std::path::PathBuf;
use std::time::Duration;

use super::read::Reader;
use super::{Server, seconds};

const WITNESSES: &str = "log.witnesses";
const QUORUM: &str = "log.witness_quorum";
/// Most witnesses that are named.
const WITNESSES_MAX: usize = 32;

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its name, for ever.
    pub origin: String,
    /// The key that signs its head.
    pub signing_key_file: PathBuf,
    /// Where the last signed head is kept.
    pub lock_dir: PathBuf,
    /// How soon after a change the head is signed, and the pause between two signatures.
    pub publish: Duration,
    /// How often it is signed where nothing changes.
    pub heartbeat: Duration,
    /// The folder of the daily reports, where they are written.
    pub report_dir: Option<PathBuf>,
    /// Who is asked to cosign its head.
    pub witnesses: Vec<LogWitness>,
    /// How many of them must have.
    pub witness_quorum: usize,
    /// Who stamps its checkpoints, where anybody does.
    pub tsa: Option<String>,
    /// How often that one is asked, where the log has grown since.
    pub tsa_every: Duration,
}

/// A witness, and where it is asked. Whether its key is one is for the log to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogWitness {
    /// Its public key: `NAME+ID+KEY`.
    pub key: String,
    /// Where it is asked: what its paths are added to.
    pub url: String,
}

pub(super) fn read(reader: &mut Reader, server: &Server) -> Log {
    let origin = match reader.text("log.origin") {
        origin if origin.is_empty() => {
            let host = server.public_url.split("://").nth(1).unwrap_or_default();
            let host = host.split('/').next().unwrap_or_default();
            format!("{}/audit", host.rsplit('@').next().unwrap_or_default())
        }
        origin => origin,
    };
    // The first line of a checkpoint: no space, no plus sign (C2SP signed-note).
    if origin.contains(|c: char| c.is_whitespace() || c == '+') {
        reader.refuse(
            "log.origin",
            &origin,
            "ein Name ohne Leerzeichen und Pluszeichen",
        );
    }
    let (witnesses, witness_quorum) = witnesses(reader);
    Log {
        origin,
        signing_key_file: reader.path("log.signing_key_file"),
        lock_dir: reader.path("log.lock_dir"),
        publish: Duration::from_millis(reader.number("log.publish_milliseconds")),
        heartbeat: seconds(reader, "log.heartbeat_seconds"),
        report_dir: Some(PathBuf::from(reader.text("log.report_dir")))
            .filter(|dir| !dir.as_os_str().is_empty()),
        witnesses,
        witness_quorum,
        tsa: Some(reader.text("log.tsa")).filter(|url| !url.is_empty()),
        tsa_every: Duration::from_secs(reader.number("log.tsa_every_hours") * 60 * 60),
    }
}

fn witnesses(reader: &mut Reader) -> (Vec<LogWitness>, usize) {
    let said = reader.text(WITNESSES);
    let mut witnesses: Vec<LogWitness> = Vec::new();
    for one in said.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let named = |witness: &LogWitness| name(&witness.key).to_owned();
        let found = witness(one).filter(|found| {
            let known = witnesses.iter().any(|known| named(known) == named(found));
            !known && witnesses.len() < WITNESSES_MAX
        });
        match found {
            Some(found) => witnesses.push(found),
            None => reader.refuse(
                WITNESSES,
                one,
                "je Zeuge sein öffentlicher Schlüssel NAME+KENNUNG+SCHLÜSSEL und seine Adresse, durch ein Leerzeichen \
                 getrennt, durch Kommas mehrere, höchstens 32, jeder mit eigenem Namen",
            ),
        }
    }
    let quorum = reader.text(QUORUM);
    match count(&quorum, witnesses.len()) {
        Some(count) => (witnesses, count),
        None => {
            let allowed = "all oder eine Zahl, höchstens so groß wie die der Zeugen";
            reader.refuse(QUORUM, &quorum, allowed);
            (witnesses, 0)
        }
    }
}

fn name(key: &str) -> &str {
    key.split('+').next().unwrap_or_default()
}

/// `NAME+ID+KEY URL`.
fn witness(text: &str) -> Option<LogWitness> {
    let (key, url) = text.split_once(' ')?;
    let url = url.trim().trim_end_matches('/');
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    // A name before the host would hide which host it is.
    let is_url = !host.is_empty() && !host.contains(['@', ' ', '?', '#']);
    let is_key = key.splitn(3, '+').filter(|part| !part.is_empty()).count() == 3;
    (is_url && is_key).then(|| LogWitness {
        key: key.to_owned(),
        url: url.to_owned(),
    })
}

fn count(text: &str, all: usize) -> Option<usize> {
    match text {
        "all" => Some(all),
        number => number.parse::<usize>().ok().filter(|count| *count <= all),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, witness};

    #[test]
    fn a_witness_is_a_key_and_an_address() {
        let read = witness("w.example+0a1b2c3d+BA+/= https://w.example:8443/zeuge/ ");
        let read = read.expect("a witness");
        assert_eq!(read.key, "w.example+0a1b2c3d+BA+/=");
        assert_eq!(read.url, "https://w.example:8443/zeuge");
        for wrong in [
            "",
            "w+0a1b2c3d+BA",
            "w+0a1b2c3d+BA w.example",
            "w+0a1b2c3d+BA http://",
            "w+0a1b2c3d+BA https://a@b",
            "w+0a1b2c3d+BA https://a?b",
            "w++BA https://w.example",
            "https://w.example w+0a1b2c3d+BA",
        ] {
            assert_eq!(witness(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_quorum_is_all_of_them_or_some_or_none() {
        assert_eq!(count("all", 3), Some(3));
        assert_eq!(count("all", 0), Some(0));
        assert_eq!(count("0", 3), Some(0));
        assert_eq!(count("3", 3), Some(3));
        for wrong in ["4", "", "alle", "-1"] {
            assert_eq!(count(wrong, 3), None, "{wrong}");
        }
    }
}

//! What looks for viruses, as settings name it.

use std::path::PathBuf;
use std::time::Duration;

use super::read::Reader;

/// What looks for viruses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Virus {
    /// Where it listens.
    pub clamd: Clamd,
    /// How long it is waited for.
    pub patience: Duration,
    /// The largest content that it is shown.
    pub bytes_max: u64,
}

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clamd {
    /// On a socket of this machine.
    Unix(PathBuf),
    /// At a host and a port.
    Tcp(String),
}

impl Clamd {
    /// Reads `unix:PATH` or `HOST:PORT`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let fits = !host.is_empty()
            && !host.contains(['/', ' ', '@'])
            && port.parse::<u16>().is_ok_and(|port| port > 0);
        fits.then(|| Self::Tcp(text.to_owned()))
    }
}

pub(super) fn read(reader: &mut Reader) -> Option<Virus> {
    let clamd = reader.clamd("virus.clamd");
    let patience = Duration::from_secs(reader.number("virus.seconds_max"));
    let bytes_max = reader.number("virus.bytes_max");
    clamd.map(|clamd| Virus {
        clamd,
        patience,
        bytes_max,
    })
}

#[cfg(test)]
mod tests {
    use super::Clamd;

    #[test]
    fn an_address_is_a_socket_or_a_host_with_a_port() {
        let read = Clamd::parse;
        let socket = "/run/clamav/clamd.ctl";
        assert_eq!(
            read("unix:/run/clamav/clamd.ctl"),
            Some(Clamd::Unix(socket.into()))
        );
        for one in ["127.0.0.1:3310", "[::1]:3310", "clamd.rathaus.example:3310"] {
            assert_eq!(read(one), Some(Clamd::Tcp(one.to_owned())), "{one}");
        }
        for wrong in [
            "unix:clamd.ctl",
            "unix:",
            "/run/clamav/clamd.ctl",
            "clamd",
            ":3310",
            "clamd:0",
            "clamd:99999",
            "http://clamd:3310",
            "a b:3310",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

//! What a value of a setting must look like.

pub(super) const KIB: u64 = 1024;
pub(super) const MIB: u64 = 1024 * KIB;
pub(super) const GIB: u64 = 1024 * MIB;
pub(super) const TIB: u64 = 1024 * GIB;

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A path.
    Path,
    /// An address and a port.
    Listen,
    /// An address for browsers, or nothing.
    Url,
    /// A list of IP addresses.
    Addresses,
    /// A list of networks.
    Networks,
    /// A list of ports.
    Ports,
    /// A list of groups with the roles that they stand for.
    GroupRoles,
    /// A whole number.
    Count {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A number of bytes.
    Bytes {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// Protection classes, each with what is recorded of it and what happens when that cannot be.
    Classes,
    /// A list of shapes of serial numbers.
    SerialNumbers,
    /// Words, possibly none.
    Text {
        /// The most characters.
        chars_max: usize,
    },
    /// Words that are never shown.
    Secret,
    /// Where the database is; may hold a password.
    Database,
    /// Where clamd listens, or nothing.
    Clamd,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
}

impl Shape {
    /// Whether it may hold a secret, and so may come out of a file of its own.
    pub fn is_secret(self) -> bool {
        match self {
            Self::Secret | Self::Database => true,
            Self::Path
            | Self::Listen
            | Self::Url
            | Self::Addresses
            | Self::Networks
            | Self::Ports
            | Self::Classes
            | Self::GroupRoles
            | Self::SerialNumbers
            | Self::Count { .. }
            | Self::Bytes { .. }
            | Self::Text { .. }
            | Self::Clamd
            | Self::OneOf(_)
            | Self::Flag => false,
        }
    }

    /// What is allowed, for whoever has set something else.
    pub fn german(self) -> String {
        match self {
            Self::Path => "ein Pfad".to_owned(),
            Self::Listen => "eine IP-Adresse mit Port, etwa 127.0.0.1:8080".to_owned(),
            Self::Url => "eine Adresse, die mit http:// oder https:// beginnt".to_owned(),
            Self::Addresses => "eine Liste von IP-Adressen".to_owned(),
            Self::Networks => "eine Liste von Netzen, etwa 10.1.0.0/16, fd00::/8".to_owned(),
            Self::GroupRoles => {
                "eine Liste von GRUPPE=ROLLE oder GRUPPE=ROLLE@ABTEILUNG, getrennt durch Semikolons"
                    .to_owned()
            }
            Self::SerialNumbers => {
                "eine Liste aus MRZ oder Formen von 6 bis 20 Zeichen: 9 eine Ziffer, A ein Buchstabe, \
                L ein Buchstabe, mit dem Seriennummern beginnen, X ein solcher oder eine Ziffer, \
                C die Prüfziffer, 'AT' diese Buchstaben"
                    .to_owned()
            }
            Self::Ports => "eine Liste von Ports, etwa 443, 8000-8999".to_owned(),
            Self::Classes => {
                "eine Liste von KLASSE:WAS:WANN, etwa PERSONAL:all:refuse, *:content:go_on; \
                WAS ist none, content oder all, WANN ist refuse oder go_on, * ist jede andere Klasse"
                    .to_owned()
            }
            Self::Count { min, max } => format!("eine ganze Zahl von {min} bis {max}"),
            Self::Bytes { min, max } => {
                format!(
                    "eine Größe von {} bis {}, etwa 64 MiB",
                    bytes_text(min),
                    bytes_text(max)
                )
            }
            Self::Text { chars_max } => format!("bis zu {chars_max} Zeichen"),
            Self::Secret => "ein Geheimnis".to_owned(),
            Self::Database => {
                "sqlite:PFAD oder postgres://NAME:PASSWORT@HOST/NAME; /, #, ? und @ im Passwort als %2F, \
                %23, %3F und %40"
                    .to_owned()
            }
            Self::Clamd => {
                "unix: und der Pfad eines Sockets, etwa unix:/run/clamav/clamd.ctl, oder ein Name und \
                ein Port, etwa 127.0.0.1:3310"
                    .to_owned()
            }
            Self::OneOf(words) => format!("eines von {}", words.join(", ")),
            Self::Flag => "true oder false".to_owned(),
        }
    }

    /// What is allowed, in words, for the document.
    pub fn allowed(self) -> String {
        match self {
            Self::Path => "a path".to_owned(),
            Self::Listen => "an IP address and a port, such as 127.0.0.1:8080".to_owned(),
            Self::Url => "an address that begins with http:// or https://".to_owned(),
            Self::Addresses => "a list of IP addresses".to_owned(),
            Self::Networks => "a list of networks, such as 10.1.0.0/16, fd00::/8".to_owned(),
            Self::GroupRoles => {
                "a list of GROUP=ROLE or GROUP=ROLE@DEPARTMENT, parted by semicolons".to_owned()
            }
            Self::SerialNumbers => {
                "a list of MRZ or of shapes of 6 to 20 signs: 9 a digit, A a letter, L a letter with which \
                 serial numbers begin, X such a letter or a digit, C the check digit, 'AT' these letters"
                    .to_owned()
            }
            Self::Ports => "a list of ports, such as 443, 8000-8999".to_owned(),
            Self::Classes => {
                "a list of CLASS:WHAT:WHEN, such as PERSONAL:all:refuse, *:content:go_on; \
                WHAT is none, content or all, WHEN is refuse or go_on, * is every other class"
                    .to_owned()
            }
            Self::Count { min, max } => format!("a whole number from {min} to {max}"),
            Self::Bytes { min, max } => {
                format!(
                    "bytes from {} to {}, such as 64 MiB",
                    bytes_text(min),
                    bytes_text(max)
                )
            }
            Self::Text { chars_max } => format!("up to {chars_max} characters"),
            Self::Secret => "a secret".to_owned(),
            Self::Database => {
                "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; /, #, ? and @ in the password as %2F, \
                %23, %3F and %40"
                    .to_owned()
            }
            Self::Clamd => {
                "unix: and the path of a socket, such as unix:/run/clamav/clamd.ctl, or a host and a \
                port, such as 127.0.0.1:3310"
                    .to_owned()
            }
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Flag => "true or false".to_owned(),
        }
    }
}

/// `4 GiB` for 4294967296, where it is even.
fn bytes_text(bytes: u64) -> String {
    [(TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")]
        .into_iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(
            || bytes.to_string(),
            |(unit, name)| format!("{} {name}", bytes / unit),
        )
}

//! Whom a house trusts: certificates as files, and trusted lists of the EU (ETSI TS 119 612).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;

/// Certificates that are trusted at most.
pub const ANCHORS_MAX: usize = 20_000;
/// The longest file of them, in bytes.
pub const TRUST_FILE_BYTES_MAX: u64 = 64 << 20;

/// What somebody is trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Both.
    Any,
    /// To say who somebody is.
    Signing,
    /// To say what time it is.
    Timestamping,
}

/// One certificate that is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchor {
    #[serde(with = "digits")]
    pub(super) der: Vec<u8>,
    pub(super) purpose: Purpose,
    /// The file that it comes from.
    pub(super) source: String,
}

/// Bytes as digits, on their way to a worker.
mod digits {
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        hex::decode(text).map_err(D::Error::custom)
    }
}

/// Whom a house trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    pub(super) anchors: Vec<Anchor>,
}

/// Why a file is no source of trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is no certificate in it.
    #[error("neither certificates nor a trusted list")]
    Unreadable,
    /// There are more than are taken.
    #[error("more than {ANCHORS_MAX} certificates")]
    TooMany,
}

impl Trust {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many certificates are trusted.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Adds what is in a file: certificates as PEM or DER, or a trusted list. Tells how many they were.
    ///
    /// Nothing of a trusted list is checked, its own signature neither: whoever may put files here is trusted.
    /// Of its services those count that are granted now and issue certificates or timestamps.
    ///
    /// # Errors
    ///
    /// Where there is none in it, or too many.
    pub fn add(&mut self, source: &str, bytes: &[u8]) -> Result<usize, TrustError> {
        let found = if bytes.first() == Some(&0x30) {
            vec![(bytes.to_vec(), Purpose::Any)]
        } else {
            let text = str::from_utf8(bytes).map_err(|_other| TrustError::Unreadable)?;
            if text.contains("-----BEGIN CERTIFICATE-----") {
                pem(text)
            } else {
                trusted_list(text).ok_or(TrustError::Unreadable)?
            }
        };
        let before = self.anchors.len();
        let mut readable = false;
        for (der, purpose) in found {
            if Certificate::read(&der).is_err() {
                continue;
            }
            readable = true;
            if self.anchors.len() >= ANCHORS_MAX {
                return Err(TrustError::TooMany);
            }
            let known = |one: &Anchor| one.der == der && one.purpose == purpose;
            if !self.anchors.iter().any(known) {
                self.anchors.push(Anchor {
                    der,
                    purpose,
                    source: source.to_owned(),
                });
            }
        }
        if readable {
            Ok(self.anchors.len() - before)
        } else {
            Err(TrustError::Unreadable)
        }
    }
}

fn pem(text: &str) -> Vec<(Vec<u8>, Purpose)> {
    let pieces = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = pieces.filter_map(|piece| piece.split_once("-----END CERTIFICATE-----"));
    bodies
        .filter_map(|(body, _)| {
            let body: String = body.split_whitespace().collect();
            Some((BASE64_STANDARD.decode(body).ok()?, Purpose::Any))
        })
        .collect()
}

const GRANTED: &str = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted";
const TYPES: [(&str, Purpose); 4] = [
    (
        "http://uri.etsi.org/TrstSvc/Svctype/CA/QC",
        Purpose::Signing,
    ),
    (
        "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST",
        Purpose::Timestamping,
    ),
    (
        "http://uri.etsi.org/TrstSvc/Svctype/TSA",
        Purpose::Timestamping,
    ),
    (
        "http://uri.etsi.org/TrstSvc/Svctype/TSA/TSS-QC",
        Purpose::Timestamping,
    ),
];

/// What a service of the list is, while it is read.
#[derive(Default)]
struct Service {
    kind: String,
    status: String,
    certificates: Vec<Vec<u8>>,
}

/// The certificates of the services that are granted. History is passed over: it says what was.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all else is no part of a list"
)]
fn trusted_list(text: &str) -> Option<Vec<(Vec<u8>, Purpose)>> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    let mut service: Option<Service> = None;
    let (mut is_list, mut within, mut open) = (false, Vec::<u8>::new(), false);
    let mut content = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_vec();
                match name.as_slice() {
                    b"TrustServiceStatusList" => is_list = true,
                    b"ServiceInformation" => service = Some(Service::default()),
                    b"ServiceTypeIdentifier" | b"ServiceStatus" | b"X509Certificate" => {
                        open = true;
                        content.clear();
                    }
                    _ => {}
                }
                within = name;
            }
            Event::Text(piece) if open => content.push_str(&piece.decode().ok()?),
            Event::End(tag) => {
                let name = tag.local_name().as_ref().to_vec();
                if let Some(service) = service.as_mut().filter(|_| open && within == name) {
                    let text: String = content.split_whitespace().collect();
                    match name.as_slice() {
                        b"ServiceTypeIdentifier" => service.kind = text,
                        b"ServiceStatus" => service.status = text,
                        _ => service.certificates.extend(BASE64_STANDARD.decode(text)),
                    }
                }
                open = false;
                if name == b"ServiceInformation"
                    && let Some(service) = service.take()
                {
                    let purpose = TYPES.iter().find(|(kind, _)| *kind == service.kind);
                    if let Some((_, purpose)) = purpose
                        && service.status == GRANTED
                    {
                        let all = service.certificates.into_iter();
                        found.extend(all.map(|der| (der, *purpose)));
                    }
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    is_list.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = include_str!("../../tests/data/trust/root.pem");

    #[test]
    fn certificates_come_as_text_and_as_bytes_and_once() {
        let mut trust = Trust::new();
        assert_eq!(trust.add("root.pem", ROOT.as_bytes()), Ok(1));
        let der = trust.anchors[0].der.clone();
        assert_eq!(trust.add("root.der", &der), Ok(0));
        assert_eq!(trust.len(), 1);
        // Of those behind others too it is told that they are none.
        for wrong in [&b"hello"[..], b"0\x03abc", b"<a/>"] {
            assert_eq!(trust.add("x", wrong), Err(TrustError::Unreadable));
        }
        assert_eq!(Trust::new().add("x", b"hello"), Err(TrustError::Unreadable));
        assert_eq!(Trust::new().add("x", b"<a/>"), Err(TrustError::Unreadable));
    }

    #[test]
    fn of_a_trusted_list_count_the_services_that_are_granted() {
        let body: String = ROOT.lines().filter(|line| !line.starts_with('-')).collect();
        let list = |kind: &str, status: &str| {
            format!(
                "<tsl:TrustServiceStatusList xmlns:tsl='x'><tsl:ServiceInformation>\
                 <tsl:ServiceTypeIdentifier>{kind}</tsl:ServiceTypeIdentifier>\
                 <tsl:ServiceDigitalIdentity><tsl:X509Certificate>{body}</tsl:X509Certificate></tsl:ServiceDigitalIdentity>\
                 <tsl:ServiceStatus>\n{status}\n</tsl:ServiceStatus></tsl:ServiceInformation>\
                 </tsl:TrustServiceStatusList>"
            )
        };
        for (kind, purpose) in TYPES {
            let found = trusted_list(&list(kind, GRANTED)).expect("a list");
            assert_eq!(
                found.iter().map(|(_, it)| *it).collect::<Vec<_>>(),
                [purpose]
            );
        }
        let withdrawn = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn";
        assert_eq!(trusted_list(&list(TYPES[0].0, withdrawn)), Some(Vec::new()));
        assert_eq!(trusted_list(&list("another", GRANTED)), Some(Vec::new()));
    }
}

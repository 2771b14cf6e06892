//! Until when the certificates hold by which the house seals, and to which it seals strokes; and how far seals shall come.

use std::time::Duration;

use pades::sign::{Chain, not_after, read_certificate};

use super::model::Level;
use super::raising::timestamp;
use super::stamp::{StampError, bytes_of};
use crate::base::Timestamp;
use crate::config::{Seal, Signing};

/// The chain of the seal, as figures and findings name it.
const SEAL: &str = "seal";
/// The certificate of the notary.
const NOTARY: &str = "notary";

/// The ends of certificates, and how long before them somebody is told; and how far seals are raised.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    all: Vec<(&'static str, Timestamp)>,
    warn_before: Duration,
    /// None: no further than they are put on.
    level: Option<Level>,
}

impl Ends {
    /// By the settings; no key is needed for that.
    ///
    /// # Errors
    /// [`StampError`] where a certificate cannot be read.
    pub async fn read(seal: Option<&Seal>, signing: &Signing) -> Result<Self, StampError> {
        let mut all = Vec::new();
        if let Some(seal) = seal {
            let pem = bytes_of("seal.certificates", &seal.certificates).await?;
            all.push((SEAL, timestamp(Chain::from_pem(&pem)?.not_after())));
        }
        if let Some(path) = &signing.notary_certificate {
            let pem = bytes_of("signing.notary_certificate", path).await?;
            let notary = read_certificate(&pem);
            all.extend(notary.map(|notary| (NOTARY, timestamp(not_after(&notary)))));
        }
        let raised = seal.filter(|seal| seal.tsa.is_some());
        Ok(Self {
            all,
            warn_before: signing.warn_before,
            level: raised.map(|seal| Level::from(seal.level)),
        })
    }

    /// Those that are known: `seal` is the first of its chain that ends.
    #[must_use]
    pub fn all(&self) -> &[(&'static str, Timestamp)] {
        &self.all
    }

    /// How far seals are raised.
    pub(super) fn level(&self) -> Level {
        self.level.unwrap_or(Level::Basic)
    }

    /// Whether seals are raised at all.
    #[must_use]
    pub fn raises(&self) -> bool {
        self.level() > Level::Basic
    }

    /// Those that have ended by then, or end soon afterwards.
    #[must_use]
    pub fn soon(&self, now: Timestamp) -> Vec<(&'static str, Timestamp)> {
        let seconds = i64::try_from(self.warn_before.as_secs()).unwrap_or(i64::MAX);
        let by = now.plus_seconds(seconds);
        let soon = self.all.iter().filter(|(_, end)| *end <= by);
        soon.copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Ends, NOTARY, SEAL};
    use crate::base::Timestamp;

    #[test]
    fn an_end_is_told_before_it_comes_and_afterwards() {
        let day = |days: i64| Timestamp::of_micros(0).plus_seconds(days * 86_400);
        let ends = Ends {
            all: vec![(SEAL, day(100)), (NOTARY, day(200))],
            warn_before: Duration::from_secs(60 * 86_400),
            level: None,
        };
        assert!(ends.soon(day(39)).is_empty());
        assert_eq!(ends.soon(day(40)), [(SEAL, day(100))]);
        assert_eq!(ends.soon(day(300)).len(), 2);
        assert!(Ends::default().soon(day(300)).is_empty());
        assert!(!ends.raises());
    }
}

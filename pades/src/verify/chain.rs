//! From a certificate to somebody who is trusted (RFC 5280 §6, without policies).

use super::certificate::Certificate;
use super::crypto::{Bad, Strength};
use super::model::Reason;
use super::names::NameConstraints;
use super::trust::{Purpose, Trust};

/// Certificates of one chain, the anchor not counted.
const CHAIN_MAX: usize = 8;
/// Certificates that are tried for one chain.
const TRIES_MAX: usize = 400;

/// Those who are trusted, read once.
pub(super) struct Anchors {
    all: Vec<(Certificate, Purpose, String)>,
}

impl Anchors {
    pub(super) fn of(trust: &Trust) -> Self {
        let read = |one: &super::trust::Anchor| {
            let certificate = Certificate::read(&one.der).ok()?;
            Some((certificate, one.purpose, one.source.clone()))
        };
        Self {
            all: trust.anchors.iter().filter_map(read).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// A chain that leads to somebody who is trusted: the certificate itself first, the anchor last.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Certificate>,
    /// The file that the anchor comes from.
    pub(super) source: String,
}

impl Chain {
    /// What time says against it; the anchor is trusted whatever its own dates say.
    pub(super) fn at(&self, seconds: i64) -> Option<Reason> {
        let below = self.certificates.len().saturating_sub(1).max(1);
        let checked = self.certificates.iter().take(below);
        checked.fold(None, |found, one| {
            found.or(if one.not_before > seconds {
                Some(Reason::CertificateNotYetValid)
            } else if one.not_after < seconds {
                Some(Reason::CertificateExpired)
            } else {
                None
            })
        })
    }

    /// Each certificate that somebody else vouches for, with that one.
    pub(super) fn links(&self) -> impl Iterator<Item = (&Certificate, &Certificate)> {
        self.certificates
            .iter()
            .zip(self.certificates.iter().skip(1))
    }
}

struct Search<'a> {
    anchors: &'a Anchors,
    pool: &'a [Certificate],
    wanted: Purpose,
    tries: usize,
    /// The nearest that came of it, for the answer.
    fault: Reason,
}

/// The chain of a certificate. Where several lead to an anchor, one that holds at that time.
pub(super) fn find(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &Anchors,
    (wanted, seconds): (Purpose, i64),
) -> Result<Chain, Reason> {
    let mut search = Search {
        anchors,
        pool,
        wanted,
        tries: 0,
        fault: Reason::CertificateUntrusted,
    };
    let mut path = vec![leaf.clone()];
    let mut found = Vec::new();
    search.go(&mut path, &mut found);
    let best = found
        .iter()
        .position(|chain: &Chain| chain.at(seconds).is_none())
        .unwrap_or(0);
    if found.is_empty() {
        return Err(search.fault);
    }
    Ok(found.swap_remove(best))
}

/// Chains that are compared at most.
const FOUND_MAX: usize = 8;

impl Search<'_> {
    fn go(&mut self, path: &mut Vec<Certificate>, found: &mut Vec<Chain>) {
        let Some(last) = path.last().cloned() else {
            return;
        };
        if found.len() >= FOUND_MAX {
            return;
        }
        if let Some(fault) = unfit(path) {
            self.fault = fault;
            return;
        }
        for (anchor, purpose, source) in &self.anchors.all {
            if *purpose != Purpose::Any && *purpose != self.wanted {
                continue;
            }
            let mut certificates = path.clone();
            if anchor.der == last.der {
                // Trusted itself.
            } else if anchor.subject == last.issuer
                && (anchor.extensions.ca.is_some() || !has_extensions(anchor))
            {
                match self.tried(&last, anchor) {
                    Ok(()) => certificates.push(anchor.clone()),
                    Err(fault) => {
                        self.fault = fault;
                        continue;
                    }
                }
                if let Some(fault) = unfit(&certificates) {
                    self.fault = fault;
                    continue;
                }
            } else {
                continue;
            }
            found.push(Chain {
                certificates,
                source: source.clone(),
            });
        }
        if path.len() >= CHAIN_MAX {
            return;
        }
        let candidates = self.pool.iter().filter(|one| {
            one.subject == last.issuer
                && one.extensions.ca.is_some()
                && path
                    .iter()
                    .all(|known| known.spki != one.spki || known.subject != one.subject)
        });
        let candidates: Vec<&Certificate> = candidates.collect();
        for candidate in candidates {
            match self.tried(&last, candidate) {
                Ok(()) => {
                    path.push(candidate.clone());
                    self.go(path, found);
                    path.pop();
                }
                Err(Reason::LimitReached) => {
                    self.fault = Reason::LimitReached;
                    return;
                }
                Err(_other) => {}
            }
        }
    }

    fn tried(&mut self, one: &Certificate, issuer: &Certificate) -> Result<(), Reason> {
        self.tries += 1;
        if self.tries > TRIES_MAX {
            return Err(Reason::LimitReached);
        }
        match one.issued_by(&issuer.spki) {
            Ok(Strength::Enough) => Ok(()),
            Ok(Strength::Weak) => Err(Reason::AlgorithmWeak),
            Err(Bad::Unsupported) => Err(Reason::AlgorithmUnsupported),
            Err(Bad::Mismatch) => Err(Reason::CertificateUntrusted),
        }
    }
}

fn has_extensions(one: &Certificate) -> bool {
    one.extensions.key_usage.is_some() || one.extensions.key_identifier.is_some()
}

/// What the certificates of a chain say against it themselves.
fn unfit(path: &[Certificate]) -> Option<Reason> {
    for (below, one) in path.iter().enumerate() {
        let extensions = &one.extensions;
        if extensions.unknown_critical {
            return Some(Reason::ChainConstraints);
        }
        if below == 0 {
            continue;
        }
        if let Some(constraints) = &extensions.name_constraints
            && !names_allowed(constraints, path.get(..below).unwrap_or_default())
        {
            return Some(Reason::ChainConstraints);
        }
        if extensions.key_usage.is_some_and(|usage| !usage.certifies()) {
            return Some(Reason::ChainConstraints);
        }
        // Those between this one and the leaf that are not merely new keys of the same name.
        let between = path.iter().take(below).skip(1);
        let between = between.filter(|one| !one.is_self_issued()).count();
        if let Some(Some(most)) = extensions.ca
            && usize::try_from(most).is_ok_and(|most| between > most)
        {
            return Some(Reason::ChainConstraints);
        }
    }
    None
}

/// Whether those below an issuer have names that it may give; a new key of an issuer between them is none of them.
fn names_allowed(constraints: &NameConstraints, below: &[Certificate]) -> bool {
    below.iter().enumerate().all(|(at, one)| {
        (at > 0 && one.is_self_issued())
            || constraints.allow(&one.subject, &one.extensions.alternatives)
    })
}

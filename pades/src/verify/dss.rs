//! The validation data that a file brings: the document security store (ISO 32000-2, 12.8.4.3).

use crate::structure::{Broken, Dictionary, Object, Pdf, View};

use super::certificate::Certificate;
use super::revocation::{LISTS_MAX, Material};

/// Certificates of one file.
const CERTIFICATES_MAX: usize = 1_000;

/// What the store of a file holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) certificates: Vec<Certificate>,
    pub(super) material: Material,
    pub(super) is_there: bool,
}

impl Store {
    pub(super) fn read(view: View<'_>) -> Result<Self, Broken> {
        let catalogue = view.catalogue()?;
        let store = view.value(&catalogue, "DSS")?;
        let Some(entries) = store.dictionary() else {
            return Ok(Self::default());
        };
        let certificates = streams(view, entries, "Certs", CERTIFICATES_MAX)?;
        let certificates = certificates.iter();
        Ok(Self {
            certificates: certificates
                .filter_map(|der| Certificate::read(der).ok())
                .collect(),
            material: Material {
                crls: streams(view, entries, "CRLs", LISTS_MAX)?,
                ocsps: streams(view, entries, "OCSPs", LISTS_MAX)?,
            },
            is_there: true,
        })
    }
}

impl Store {
    /// What answers of OCSP said in earlier revisions counts too: newer ones may have taken their place. Of the oldest on,
    /// as many as are read of a file.
    pub(super) fn remember(&mut self, pdf: &Pdf<'_>) {
        let mut room = LISTS_MAX;
        let newest = pdf.newest();
        let known = list(newest, "OCSPs").unwrap_or_default();
        for revision in 0..newest.revision {
            let view = pdf.view(revision);
            for one in list(view, "OCSPs").unwrap_or_default() {
                if known.contains(&one) {
                    continue;
                }
                let Some(left) = room.checked_sub(1) else {
                    return;
                };
                room = left;
                let answer = view.stream(&one);
                let ocsps = &mut self.material.ocsps;
                ocsps.extend(answer.filter(|answer| !ocsps.contains(answer)));
            }
        }
    }
}

/// A list of the store.
fn list(view: View<'_>, key: &str) -> Result<Vec<Object>, Broken> {
    let store = view.value(&view.catalogue()?, "DSS")?;
    let Some(entries) = store.dictionary() else {
        return Ok(Vec::new());
    };
    let list = view.value(entries, key)?;
    Ok(list.array().unwrap_or_default().to_vec())
}

fn streams(
    view: View<'_>,
    entries: &Dictionary,
    key: &str,
    max: usize,
) -> Result<Vec<Vec<u8>>, Broken> {
    let list = view.value(entries, key)?;
    let items: &[Object] = list.array().unwrap_or_default();
    let items = items.iter().take(max);
    Ok(items.filter_map(|item| view.stream(item)).collect())
}

//! Validation data: it may grow.

use std::collections::BTreeMap;

use crate::structure::{Broken, Dictionary, Object, View};

use super::super::model::Reason;
use super::super::revocation::about;
use super::{Step, different};

/// The lists of a store, and of the part of it that belongs to one signature.
const LISTS: [&str; 6] = ["Certs", "CRLs", "OCSPs", "Cert", "CRL", "OCSP"];

/// Of which certificates an answer speaks, and as of when.
type Spoken = BTreeMap<Vec<u8>, i64>;

fn spoken(view: View<'_>, answer: &Object) -> Option<Spoken> {
    about(&view.stream(answer)?).ok()
}

impl Step<'_> {
    pub(super) fn store(&mut self) -> Result<(), Broken> {
        let (old, new) = (self.old.catalogue()?, self.new.catalogue()?);
        self.judged
            .extend(old.get("DSS").and_then(Object::reference));
        let (old, new) = (self.old.value(&old, "DSS")?, self.new.value(&new, "DSS")?);
        let Some(after) = new.dictionary() else {
            if !old.is_null() || !new.is_null() {
                self.say(Reason::ChangedValidationData, None);
            }
            return Ok(());
        };
        let none = Dictionary::default();
        let before = old.dictionary().unwrap_or(&none);
        let (mut grown, mut fine) = (false, true);
        self.lists(before, after, (&mut grown, &mut fine))?;
        let (old, new) = (
            self.old.value(before, "VRI")?,
            self.new.value(after, "VRI")?,
        );
        self.judged
            .extend(before.get("VRI").and_then(Object::reference));
        let (old, new) = (
            old.dictionary().unwrap_or(&none),
            new.dictionary().unwrap_or(&none),
        );
        for (key, value) in &new.0 {
            let known = old.0.get(key);
            self.judged.extend(known.and_then(Object::reference));
            let known = match known {
                Some(known) => self.old.dictionary(known)?,
                None => None,
            };
            let value = self.new.dictionary(value)?;
            let (known, value) = (known.unwrap_or_default(), value.unwrap_or_default());
            self.lists(&known, &value, (&mut grown, &mut fine))?;
        }
        if !fine {
            self.say(Reason::ChangedValidationData, None);
        } else if grown {
            self.say(Reason::LaterValidationData, None);
        }
        Ok(())
    }

    /// Whether a list holds the same again under another number.
    fn among(&self, one: &Object, after: &[Object]) -> Result<bool, Broken> {
        let one = self.old.resolve(one)?;
        for other in after {
            if self.new.same(&one, &*self.new.resolve(other)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an answer of OCSP has given way to others that speak of the same certificates, and not of earlier times. What
    /// it said counts all the same, as it stands in its revision.
    fn is_renewed(&self, one: &Object, later: &[Spoken]) -> bool {
        let before = spoken(self.old, one).filter(|all| !all.is_empty());
        let Some(before) = before else {
            return false;
        };
        before.iter().all(|(id, this)| {
            let mut times = later.iter().filter_map(|all| all.get(id));
            times.any(|time| time >= this)
        })
    }

    /// Whether each list holds what it held.
    fn lists(
        &mut self,
        old: &Dictionary,
        new: &Dictionary,
        (grown, fine): (&mut bool, &mut bool),
    ) -> Result<(), Broken> {
        for key in different(old, new) {
            let key = String::from_utf8_lossy(&key).into_owned();
            let known = LISTS.contains(&key.as_str())
                || matches!(key.as_str(), "VRI" | "Type" | "TU" | "TS");
            *fine &= known;
        }
        for key in LISTS {
            let answers = matches!(key, "OCSP" | "OCSPs");
            self.judged.extend(old.get(key).and_then(Object::reference));
            let (before, after) = (self.old.value(old, key)?, self.new.value(new, key)?);
            let before = before.array().unwrap_or_default();
            let after = after.array().unwrap_or_default();
            let mut later: Option<Vec<Spoken>> = None;
            for one in before {
                let stays = after.contains(one) || self.among(one, after)?;
                let renewed = !stays && answers && {
                    let new = self.new;
                    let all = || after.iter().filter_map(|it| spoken(new, it)).collect();
                    self.is_renewed(one, later.get_or_insert_with(all))
                };
                *fine &= stays || renewed;
                *grown |= renewed;
            }
            *grown |= after.len() > before.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::model::Reason;
    use super::super::tests::{file, reasons};

    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("short");
        assert!(length < 128);
        [&[tag, length], content].concat()
    }

    /// An answer of OCSP about this certificate, as of this year; nobody has signed it.
    fn answer(serial: u8, year: u32) -> Vec<u8> {
        let time = value(0x18, format!("{year}0101000000Z").as_bytes());
        let id = value(0x30, &value(0x02, &[serial]));
        let single = value(0x30, &[id, value(0x80, b""), time.clone()].concat());
        let responder = value(0xa1, &value(0x30, b""));
        let data = value(0x30, &[responder, time, value(0x30, &single)].concat());
        let inside = [value(0x06, &[0x2a]), value(0x04, &value(0x30, &data))].concat();
        let whole = [value(0x0a, &[0]), value(0xa0, &value(0x30, &inside))].concat();
        let der = value(0x30, &whole);
        let head = format!("<< /Length {} >>\nstream\n", der.len());
        [head.as_bytes(), &der, b"\nendstream"].concat()
    }

    #[test]
    fn an_answer_gives_way_to_a_newer_one_about_the_same_and_to_nothing_else() {
        let first = [
            b"<< /Type /Catalog /Pages 2 0 R /DSS 3 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
            b"<< /OCSPs [4 0 R] >>".to_vec(),
            answer(7, 2026),
        ];
        let check = |store: &str, later: &[u8], expected: &[Reason]| {
            let later = [(3, store.as_bytes().to_vec()), (5, later.to_vec())];
            let bytes = file(&first, &later);
            assert_eq!(reasons(&bytes), expected, "{store}");
        };
        let only = "<< /OCSPs [5 0 R] >>";
        check(only, &answer(7, 2027), &[Reason::LaterValidationData]);
        check(only, &answer(7, 2025), &[Reason::ChangedValidationData]);
        check(only, &answer(8, 2027), &[Reason::ChangedValidationData]);
        check(
            only,
            b"<< /Length 0 >>\nstream\n\nendstream",
            &[Reason::ChangedValidationData],
        );
        check(
            "<< /OCSPs [] >>",
            &answer(7, 2027),
            &[Reason::ChangedValidationData],
        );
        check(
            "<< /OCSPs [4 0 R 5 0 R] >>",
            &answer(7, 2027),
            &[Reason::LaterValidationData],
        );
        check(
            "<< /CRLs [5 0 R] >>",
            &answer(7, 2027),
            &[Reason::ChangedValidationData],
        );
    }
}

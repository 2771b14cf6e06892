//! Which trusted lists are meant, as settings name them.

use std::collections::BTreeMap;

use super::read::Reader;

/// The SHA-256 of files of the trust folder, by their names.
pub type Lists = BTreeMap<String, [u8; 32]>;

pub(super) fn read(reader: &mut Reader) -> Lists {
    const KEY: &str = "signatures.lists";
    let said = reader.text(KEY);
    let mut lists = Lists::new();
    for one in said.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        match pin(one).filter(|(name, _)| !lists.contains_key(name)) {
            Some((name, sha256)) => {
                lists.insert(name, sha256);
            }
            None => reader.refuse(
                KEY,
                one,
                "Dateinamen mit je einer SHA-256 in 64 Hexziffern wie de.xml=3f0a…, durch Kommas getrennt",
            ),
        }
    }
    lists
}

fn pin(one: &str) -> Option<(String, [u8; 32])> {
    let (name, digits) = one.split_once('=')?;
    let (name, digits) = (name.trim(), digits.trim());
    let mut sha256 = [0; 32];
    hex::decode_to_slice(digits, &mut sha256).ok()?;
    let is_name = !name.is_empty() && !name.contains(['/', '\\']);
    is_name.then(|| (name.to_owned(), sha256))
}

#[cfg(test)]
mod tests {
    use super::pin;

    #[test]
    fn a_list_is_named_with_its_hash_and_nothing_else() {
        let digits = "0f".repeat(32);
        let read = pin(&format!(" de.xml = {digits} "));
        assert_eq!(read, Some(("de.xml".to_owned(), [15; 32])));
        for wrong in ["de.xml", "=", "de.xml=0f", "de.xml=", "a/de.xml=0f"] {
            assert_eq!(pin(wrong), None, "{wrong}");
        }
        assert_eq!(pin(&format!("../de.xml={digits}")), None);
        assert_eq!(pin(&format!("={digits}")), None);
    }
}

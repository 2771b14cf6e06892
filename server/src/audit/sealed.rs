//! Openings as they are stored: those of one owner in one record, sealed together under the owner's key.

use sea_orm::QueryResult;
use storage::DataKey;
use uuid::Uuid;

use super::Opening;
use crate::base::db::DbError;

/// The openings of one owner in one record, as they are stored.
#[derive(Debug)]
pub struct SealedOpenings {
    /// The record.
    pub seq: u64,
    /// Under whose key they are sealed.
    pub owner: Uuid,
    /// Which they are, parted by blanks.
    pub slots: String,
    /// Them, sealed together.
    pub sealed: Vec<u8>,
}

impl SealedOpenings {
    /// Seals openings: of each its length (four bytes, big-endian), its salt, its bytes.
    pub(super) fn seal(
        key: &DataKey,
        seq: u64,
        owner: Uuid,
        openings: &[(String, Opening)],
    ) -> Result<Self, DbError> {
        let names: Vec<&str> = openings.iter().map(|(slot, _)| slot.as_str()).collect();
        let slots = names.join(" ");
        let mut packed = Vec::new();
        for (_, opening) in openings {
            let length = opening.salt.len() + opening.bytes.len();
            let length =
                u32::try_from(length).map_err(|_source| DbError::Log("an opening is too large"))?;
            packed.extend_from_slice(&length.to_be_bytes());
            packed.extend_from_slice(&opening.salt);
            packed.extend_from_slice(&opening.bytes);
        }
        let sealed = storage::seal(key, &bound_to(seq, owner, &slots), &packed)?;
        Ok(Self {
            seq,
            owner,
            slots,
            sealed,
        })
    }

    /// Opens them: each slot with its opening. `None` where they are not what was sealed.
    #[must_use]
    pub fn open(&self, key: &DataKey) -> Option<Vec<(String, Opening)>> {
        let bound = bound_to(self.seq, self.owner, &self.slots);
        let packed = storage::open(key, &bound, &self.sealed).ok()?;
        let mut rest = packed.as_slice();
        let mut found = Vec::new();
        for slot in self.slots() {
            let (length, behind) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (one, behind) = behind.split_at_checked(length)?;
            let (salt, bytes) = one.split_first_chunk()?;
            let opening = Opening {
                salt: *salt,
                bytes: bytes.to_vec(),
            };
            found.push((slot.to_owned(), opening));
            rest = behind;
        }
        rest.is_empty().then_some(found)
    }

    /// Which they are.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.slots.split(' ')
    }

    /// Of a row that begins with `seq, key_owner, slots, sealed`.
    pub fn of_row(row: &QueryResult) -> Result<Self, DbError> {
        let seq: i64 = row.try_get_by_index(0)?;
        Ok(Self {
            seq: u64::try_from(seq).unwrap_or(u64::MAX),
            owner: row.try_get_by_index(1)?,
            slots: row.try_get_by_index(2)?,
            sealed: row.try_get_by_index(3)?,
        })
    }
}

/// What openings are bound to, so that they cannot be moved to another place.
fn bound_to(seq: u64, owner: Uuid, slots: &str) -> Vec<u8> {
    format!("papierlos.openings/v1\n{seq}\n{owner}\n{slots}").into_bytes()
}

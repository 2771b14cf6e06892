//! The one tablet that is paired without anybody typing a code: that of the demo, by a ticket in its address.
//!
//! Invariants: there is no ticket unless the demo made one; it is good once, and only as long as the process runs.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::model::TabletError;

/// Bytes of chance in a ticket.
const TICKET_BYTES: usize = 16;

/// Who may come without a code; nobody, unless somebody was invited.
#[derive(Debug, Clone, Default)]
pub struct Invitation(Arc<Mutex<Option<Invited>>>);

/// The tablet that is invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invited {
    ticket_sha256: [u8; 32],
    /// Its name.
    pub(super) name: String,
    /// Its counter.
    pub(super) counter: String,
    /// The short name of its department.
    pub(super) department: String,
}

impl Invitation {
    /// Invites one tablet, and gives the ticket that it shows. Who was invited before is no more.
    ///
    /// # Errors
    /// Where there is no chance to be had.
    pub fn invite(
        &self,
        (name, counter): (&str, &str),
        department: &str,
    ) -> Result<String, TabletError> {
        let mut chance = [0; TICKET_BYTES];
        getrandom::fill(&mut chance).map_err(|_none| TabletError::NoChance)?;
        let ticket = hex::encode(chance);
        let invited = Invited {
            ticket_sha256: Sha256::digest(ticket.as_bytes()).into(),
            name: name.to_owned(),
            counter: counter.to_owned(),
            department: department.to_owned(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(invited);
        Ok(ticket)
    }

    /// Who is invited by a ticket; he is not again.
    pub(super) fn take(&self, ticket: &str) -> Option<Invited> {
        let shown: [u8; 32] = Sha256::digest(ticket.as_bytes()).into();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|invited| invited.ticket_sha256 == shown)
    }
}

#[cfg(test)]
mod tests {
    use super::Invitation;

    #[test]
    fn a_ticket_is_good_once_and_no_other_is() {
        let invitation = Invitation::default();
        assert_eq!(invitation.take(""), None);
        let first = invitation
            .invite(("Tablet", "Schalter 1"), "buergerbuero")
            .expect("a ticket");
        let ticket = invitation
            .invite(("Tablet", "Schalter 2"), "buergerbuero")
            .expect("a ticket");
        assert_eq!(invitation.take(&first), None);
        assert_eq!(invitation.take("0".repeat(32).as_str()), None);
        let invited = invitation.clone().take(&ticket).expect("invited");
        assert_eq!(invited.counter, "Schalter 2");
        assert_eq!(invitation.take(&ticket), None);
    }
}

//! Sends messages to receivers, one job each.

use tokio_util::sync::CancellationToken;

use super::rows::{self, Claimed};
use super::runner::{JobError, Runner};
use crate::base::db::DbError;
use crate::base::{Actor, DeliveryId};
use crate::unit::Unit;
use crate::webhooks::{self, WebhookError};

impl Runner {
    /// Sends a message and writes down how it went. At the end of the process an attempt is broken
    /// off: the receiver may have got it, and gets it again.
    pub(super) async fn deliver(
        &self,
        id: DeliveryId,
        claimed: &Claimed,
        end: &CancellationToken,
    ) -> Result<(), JobError> {
        let attempt = tokio::select! {
            attempt = self.postman.attempt(id) => attempt?,
            () = end.cancelled() => return Ok(()),
        };
        let (job, chance) = (claimed.id, chance());
        let concluded = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                let concluded = webhooks::conclude(unit, id, &attempt, chance).await?;
                match concluded.next {
                    Some(next) => rows::later(unit, job, next).await?,
                    None => rows::done(unit, job).await?,
                }
                Ok::<_, DbError>(concluded)
            })
            .await?;
        let Some((webhook, reason)) = concluded.off else {
            return Ok(());
        };
        let off = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                webhooks::switch_off(unit, webhook, reason).await
            })
            .await;
        match off {
            // Another delivery has done it.
            Ok(_) | Err(WebhookError::NotFound) => Ok(()),
            Err(error) => {
                tracing::error!(webhook.id = %webhook, error = %error, "a webhook could not be switched off");
                Ok(())
            }
        }
    }
}

/// A byte of chance; where the machine has none, none is needed.
fn chance() -> u8 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => u8::from_be_bytes(byte),
        Err(_none) => 0,
    }
}

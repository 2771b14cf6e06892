//! Hands mails about workflows over, one job each.

use super::rows::{self, Claimed};
use super::runner::{JobError, Runner};
use crate::base::MailId;
use crate::base::db::DbError;
use crate::unit::Unit;
use crate::workflows::{self, BegunMail};

impl Runner {
    /// Hands a mail over and writes down what became of it. It is taken up first: where this process ends in between,
    /// nobody knows whether it was sent, and it is not sent again. The end of the process waits for it.
    pub(super) async fn send_mail(&self, id: MailId, claimed: &Claimed) -> Result<(), JobError> {
        let Some(mailer) = &self.mailer else {
            return Ok(());
        };
        let job = claimed.id;
        let begun = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                let begun = workflows::begin_mail(unit, id).await?;
                match &begun {
                    BegunMail::Over => rows::done(unit, job).await?,
                    BegunMail::Later(at) => rows::later(unit, job, *at).await?,
                    BegunMail::Send(_) => {}
                }
                Ok::<_, DbError>(begun)
            })
            .await?;
        let BegunMail::Send(letter) = begun else {
            return Ok(());
        };
        let sent = mailer.send(&letter).await;
        self.db
            .keep_house(async move |unit: &mut Unit| {
                match workflows::conclude_mail(unit, id, &sent).await? {
                    Some(next) => rows::later(unit, job, next).await,
                    None => rows::done(unit, job).await,
                }
            })
            .await?;
        Ok(())
    }
}

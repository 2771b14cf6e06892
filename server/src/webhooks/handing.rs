//! What workflows hand over is delivered as everything else is: signed, tried again, under one id.

use super::model::{EXPORT, Status, Told, Webhook};
use super::rows;
use crate::base::db::DbError;
use crate::base::{AccountId, DeliveryId, Job, WebhookId};
use crate::departments;
use crate::unit::Unit;
use crate::workflows::{Handed, Handing, HandsOver, Parcel};

/// How workflows hand something over to an application of the house.
pub const HANDS_OVER: HandsOver = HandsOver(hands_over);

fn hands_over(unit: &mut Unit, parcel: Parcel) -> Handing<'_> {
    Box::pin(hand_over(unit, parcel))
}

/// Where the parcels of an account go: to the first of its subscriptions that names them.
async fn receiver(unit: &Unit, account: AccountId) -> Result<Option<WebhookId>, DbError> {
    for row in rows::of_account(unit.tx(), account).await? {
        let webhook = Webhook::try_from(&row)?;
        if webhook.events.takes_exports() {
            return Ok(Some(webhook.id));
        }
    }
    Ok(None)
}

/// Makes the delivery of a parcel, once; one that was given up or kept back begins anew, with the same id and the same
/// body.
async fn hand_over(unit: &mut Unit, parcel: Parcel) -> Result<Handed, DbError> {
    let account = departments::account_of_login(unit.tx(), &parcel.login).await?;
    let webhook = match account {
        Some(account) => receiver(unit, account).await?,
        None => None,
    };
    let Some(webhook) = webhook else {
        return Ok(Handed::Nobody);
    };
    let known = rows::delivery_of(unit.tx(), (webhook, parcel.work)).await?;
    let Some(mut delivery) = known else {
        let told = Told::Export {
            case: parcel.case,
            work: parcel.work,
        };
        let mut row = rows::waiting(webhook, told, EXPORT, unit.now());
        row.body = Some(parcel.body);
        let id = DeliveryId::of(row.id);
        rows::insert_deliveries(unit, vec![row]).await?;
        unit.enqueue(Job::DeliverWebhook(id));
        return Ok(Handed::UnderWay);
    };
    match delivery.status {
        Status::Pending => Ok(Handed::UnderWay),
        Status::Delivered => Ok(Handed::Taken),
        Status::Failed | Status::Withheld | Status::Cancelled => {
            delivery.status = Status::Pending;
            delivery.attempts = 0;
            delivery.next_at = Some(unit.now());
            rows::update_delivery(unit, &delivery).await?;
            unit.enqueue(Job::DeliverWebhook(delivery.id));
            Ok(Handed::Again)
        }
    }
}

//! Rows of what counts once: attempts that came back, and tokens that ended sessions. No evidence.

use sea_orm::ConnectionTrait;

use crate::base::db::{DbError, sql};
use crate::unit::Unit;

/// Notes that something came, and says whether it is the first time. What could not come any more is
/// forgotten.
pub(super) async fn first(unit: &Unit, digest: [u8; 32], seconds: i64) -> Result<bool, DbError> {
    let now = unit.now();
    let text = "DELETE FROM oidc_once WHERE ends_at < $1";
    let values = [now.micros().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    let text = "INSERT INTO oidc_once (digest, ends_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let values = [
        digest.to_vec().into(),
        now.plus_seconds(seconds).micros().into(),
    ];
    let done = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(done.rows_affected() == 1)
}

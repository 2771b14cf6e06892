//! What a server asks of its parts before it says that it is ready.

use crate::base::db::{DbError, sql};
use crate::http::health::Probe;
use crate::jobs::{OfficeStanding, Standing};
use crate::ledger::looks::Looks;
use crate::ledger::publisher::{Contradiction, Published};
use crate::unit::Db;
use crate::virus::Scanner;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use storage::{Sha256Digest, Storage};
use tokio::sync::watch;

pub(super) struct DatabaseProbe(pub(super) Db);

impl Probe for DatabaseProbe {
    fn name(&self) -> &'static str {
        "database"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        async {
            use sea_orm::ConnectionTrait;
            let on = self.0.read();
            let asked = on.query_one_raw(sql(on, "SELECT 1", [])).await;
            asked
                .map(|_row| "answers".to_owned())
                .map_err(|error| DbError::from(error).to_string())
        }
        .boxed()
    }
}

pub(super) struct BlobsProbe(pub(super) Storage);

impl Probe for BlobsProbe {
    fn name(&self) -> &'static str {
        "blobs"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        async {
            let asked = self.0.exists(&Sha256Digest([0; 32])).await;
            asked
                .map(|_there| "answers".to_owned())
                .map_err(|error| error.to_string())
        }
        .boxed()
    }
}

pub(super) struct LogProbe(pub(super) watch::Receiver<Published>);

impl Probe for LogProbe {
    fn name(&self) -> &'static str {
        "log"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let now = *self.0.borrow();
        std::future::ready(if now.failing {
            Err(format!("not published beyond {} records", now.size))
        } else {
            Ok(format!("{} records under the last checkpoint", now.size))
        })
        .boxed()
    }
}

/// Whether the log of looks is signed. A server whose looks are not is ready all the same: what must be recorded first
/// is refused by itself where the log is not the one that was signed.
pub(super) struct AccessLogProbe(pub(super) Looks);

impl Probe for AccessLogProbe {
    fn name(&self) -> &'static str {
        "access_log"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let now = self.0.published();
        let size = now.size;
        let detail = if now.contradicts() {
            format!("not the log that was signed (over {size} records): set back or forked")
        } else if now.failing {
            format!("not signed beyond {size} records")
        } else if now.contradiction == Contradiction::NotLookedFor {
            "not held against its lock yet".to_owned()
        } else {
            format!("{size} records under the last checkpoint")
        };
        std::future::ready(Ok(detail)).boxed()
    }
}

/// Whether pictures can be read. A server that cannot is ready all the same: they wait.
pub(super) struct ScansProbe(pub(super) watch::Receiver<Standing>);

impl Probe for ScansProbe {
    fn name(&self) -> &'static str {
        "scans"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let detail = match &*self.0.borrow() {
            Standing::Unknown => "not looked for yet".to_owned(),
            Standing::Ready(program) => program.engine(),
            Standing::Missing(reason) => format!("not read, they wait: {reason}"),
        };
        std::future::ready(Ok(detail)).boxed()
    }
}

/// Whether documents of an office are shown as pages. A server that cannot is ready all the same: their text
/// is shown.
pub(super) struct OfficeProbe(pub(super) watch::Receiver<OfficeStanding>);

impl Probe for OfficeProbe {
    fn name(&self) -> &'static str {
        "office"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let detail = match &*self.0.borrow() {
            OfficeStanding::Unknown => "not looked for yet".to_owned(),
            OfficeStanding::Ready(office) => office.engine(),
            OfficeStanding::Missing(reason) => format!("their text is shown: {reason}"),
        };
        std::future::ready(Ok(detail)).boxed()
    }
}

/// Whether viruses are looked for. A server whose scanner is silent is ready all the same: what is there
/// can be read, and what comes in is refused with the reason.
pub(super) struct VirusProbe(pub(super) Scanner);

impl Probe for VirusProbe {
    fn name(&self) -> &'static str {
        "virus"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        async {
            Ok(match self.0.version().await {
                Ok(version) => version,
                Err(error) => format!("nothing is taken in: {error}"),
            })
        }
        .boxed()
    }
}

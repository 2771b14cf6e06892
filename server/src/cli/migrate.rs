//! `papierlos migrate`

use clap::Args;
use sea_orm::{ConnectionTrait, DbBackend};

use super::{Ended, Failure, USAGE, say};
use crate::archive::{OpenError, bring_up, database_url, require_folder};
use crate::base::db::{Access, DbError, connect};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Gibt zwei Rollen, die es schon gibt, ihre Rechte: der des Servers und der von `verify`; nur PostgreSQL.
    #[arg(long, num_args = 2, value_names = ["ANWENDUNG", "PRÜFUNG"])]
    grants: Option<Vec<String>>,
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> Ended {
        require_folder(config)?;
        let on = connect(&database_url(config), Access::Write).await?;
        bring_up(&on).await.map_err(OpenError::from)?;
        if let Some([application, auditor]) = self.grants.as_deref() {
            if on.get_database_backend() != DbBackend::Postgres {
                return Err(Failure::new(USAGE, "--grants: Rollen hat nur PostgreSQL"));
            }
            let grants = migrations::roles::grants(application, auditor);
            let grants = grants.ok_or_else(|| {
                Failure::new(
                    USAGE,
                    "--grants: der Name einer Rolle besteht aus a-z, 0-9 und _",
                )
            })?;
            for grant in grants {
                on.execute_unprepared(&grant).await.map_err(DbError::from)?;
            }
            say(&format!("{application}, {auditor}: Rechte erteilt"));
        }
        on.close().await.map_err(DbError::from)?;
        Ok(())
    }
}

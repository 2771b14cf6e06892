//! The keys of an archive: those that wrap, and those that sign the log.

use sea_orm::ConnectionTrait;
use storage::{KeyDomain, KeyFile};

use super::{OpenError, lock_file, stored};
use crate::audit::{Checkpoint, NoteKey, NoteSigner, Origin, Policy};
use crate::base::db::{DbError, sql};
use crate::config::Config;
use crate::ledger::Which;
use crate::ledger::keys::{KeysError, LogKeys};
use crate::ledger::publisher::PublishError;

/// The wrapping keys: those of the file, or the first ones of a new archive.
pub(super) fn open_keys(
    config: &Config,
    known: bool,
    domains: &[KeyDomain],
    now: &str,
) -> Result<KeyFile, OpenError> {
    if config.key_file.exists() {
        return Ok(KeyFile::open(&config.key_file, domains)?);
    }
    if known {
        return Err(OpenError::Missing {
            what: "key file",
            path: config.key_file.clone(),
        });
    }
    Ok(KeyFile::create(&config.key_file, domains, now)?)
}

/// The keys of the log: those of an archive that was set up with `known`, or the first one of a new archive.
pub(super) async fn open_log_keys(
    config: &Config,
    known: Option<String>,
    origin: &Origin,
    on: &impl ConnectionTrait,
) -> Result<LogKeys, OpenError> {
    let path = &config.log.signing_key_file;
    let wrong = |source| OpenError::Signer {
        path: path.clone(),
        source,
    };
    if let Some(known) = known {
        // Under another name there are no keys: that is said first.
        if let Some(found) = stored(on, "origin").await?
            && found != origin.as_str()
        {
            return Err(OpenError::Foreign {
                what: "log",
                found,
                expected: origin.to_string(),
            });
        }
        let first = known.parse::<NoteKey>().map_err(wrong)?;
        let opened = LogKeys::open(path, origin, first, on).await;
        return match opened {
            Ok(keys) => Ok(keys),
            Err(error) => Err(refused_key(config, error).await),
        };
    }
    let signer = if path.exists() {
        NoteSigner::load(path).map_err(wrong)?
    } else {
        let signer = NoteSigner::generate(origin).map_err(wrong)?;
        signer.save(path).map_err(wrong)?;
        signer
    };
    Ok(LogKeys::begin(path, origin, signer))
}

/// Why there is no key to sign with. A key that the database never heard of and that has signed the lock says that
/// the database was set back to before it was given the log.
async fn refused_key(config: &Config, error: KeysError) -> OpenError {
    match error {
        KeysError::Missing { path } => OpenError::Missing {
            what: "signing key",
            path,
        },
        KeysError::Signer { path, source } => OpenError::Signer { path, source },
        KeysError::Db(error) => OpenError::Db(error),
        KeysError::Foreign {
            path,
            found,
            newest,
        } => match locked_by(config, &found).await {
            Some(locked) => OpenError::Lock(PublishError::RolledBack { locked }),
            None => OpenError::SigningKey(Box::new(KeysError::Foreign {
                path,
                found,
                newest,
            })),
        },
        error @ (KeysError::Retired { .. } | KeysError::Handover { .. }) => {
            OpenError::SigningKey(Box::new(error))
        }
    }
}

/// Over how many records the lock stands, if this key has signed it.
async fn locked_by(config: &Config, key: &NoteKey) -> Option<u64> {
    let note = tokio::fs::read(lock_file(config, Which::Changes))
        .await
        .ok()?;
    let only = Policy::new(vec![key.clone()]);
    let (checkpoint, _) = Checkpoint::open(&note, &only).ok()?;
    Some(checkpoint.size)
}

/// The keys that rows need: they must be in the key file before anything else happens. From each
/// key to the next by the index, however many rows there are.
pub(super) async fn needed_keys(
    on: &impl ConnectionTrait,
) -> Result<Vec<(KeyDomain, String)>, OpenError> {
    let mut needed = Vec::new();
    for (table, domain) in [
        (
            "blob_key",
            "SELECT k.domain FROM blob_key k WHERE k.kek = seen.kek LIMIT 1",
        ),
        (
            "subject_key",
            "SELECT k.domain FROM subject_key k WHERE k.kek = seen.kek LIMIT 1",
        ),
    ] {
        let text = format!(
            "WITH RECURSIVE seen(kek) AS (SELECT min(kek) FROM {table} UNION ALL \
             SELECT (SELECT min(next.kek) FROM {table} next WHERE next.kek > seen.kek) FROM seen \
             WHERE seen.kek IS NOT NULL) \
             SELECT ({domain}), seen.kek FROM seen WHERE seen.kek IS NOT NULL"
        );
        let rows = on.query_all_raw(sql(on, text, [])).await;
        for row in rows.map_err(DbError::from)? {
            let domain: Option<String> = row.try_get_by_index(0).map_err(DbError::from)?;
            let kek: String = row.try_get_by_index(1).map_err(DbError::from)?;
            if let Some(domain) = domain {
                needed.push((KeyDomain::parse(&domain)?, kek));
            }
        }
    }
    Ok(needed)
}

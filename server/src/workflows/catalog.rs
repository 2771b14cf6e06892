//! Which definitions there are: those of the program, and those that the town has put in. What was read is kept,
//! by the hash of its source. The departments and functions of the house are kept as well, by the last record about
//! people.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::ConnectionTrait;
use workflow::calendar::Calendar;
use workflow::definition::{Complaint, Definition};
use workflow::instance::Day;

use super::model::{Kept, Standing, WorkflowError};
use super::rows;
use crate::base::db::DbError;
use crate::config;
use crate::departments::functions::{self, Function};
use crate::departments::{self, Department};
use crate::unit::Db;

/// Most definitions that are kept as they were read; beyond, reading begins anew.
const READ_MAX: usize = 1_000;

/// A definition that comes with the program.
#[derive(Debug, Clone)]
pub struct Shipped {
    /// As it was read.
    pub definition: Arc<Definition>,
    /// Its TOML.
    pub source: &'static [u8],
}

/// The definitions, the calendar, and where exports go: what every command needs beside the database.
#[derive(Clone)]
pub struct Rules(Arc<Inner>);

struct Inner {
    shipped: Vec<Shipped>,
    read: Mutex<HashMap<[u8; 32], Arc<Definition>>>,
    units: Mutex<Option<Units>>,
    /// Whether somebody asked for them to whom they were not known.
    missed: AtomicBool,
    calendar: Calendar,
    export_folder: Option<PathBuf>,
    export_webhooks: BTreeMap<String, String>,
}

/// The departments and functions of the house.
#[derive(Debug, Clone)]
pub(super) struct Units {
    /// The last record about people when they were read.
    seq: i64,
    /// All departments.
    pub(super) departments: Arc<Vec<Department>>,
    /// All functions that were not ended.
    pub(super) functions: Arc<Vec<Function>>,
}

impl Units {
    async fn read(on: &impl ConnectionTrait, seq: i64) -> Result<Self, DbError> {
        Ok(Self {
            seq,
            departments: Arc::new(departments::departments(on).await?),
            functions: Arc::new(functions::all(on).await?),
        })
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("shipped", &self.0.shipped.len())
            .finish_non_exhaustive()
    }
}

/// The calendar of the house: the holidays of the state, and the days that the settings name besides.
#[must_use]
pub fn calendar(settings: &config::Workflows) -> Calendar {
    Calendar::new(settings.free_days.iter().map(|day| Day(day.date())))
}

/// The definitions that come with the program.
///
/// # Errors
/// What is wrong with one of them.
pub fn shipped() -> Result<Vec<Shipped>, Vec<Complaint>> {
    let read = |(_, source): &(&'static str, &'static [u8])| {
        let definition = Definition::read(source)?;
        Ok(Shipped {
            definition: Arc::new(definition),
            source,
        })
    };
    workflow::shipped::SHIPPED.iter().map(read).collect()
}

impl Rules {
    /// By the settings.
    ///
    /// # Errors
    /// Where a definition of the program is wrong: a fault of ours.
    pub fn open(settings: &config::Workflows) -> Result<Self, WorkflowError> {
        let shipped = if settings.shipped {
            shipped().map_err(WorkflowError::Complaints)?
        } else {
            Vec::new()
        };
        Ok(Self(Arc::new(Inner {
            shipped,
            read: Mutex::default(),
            units: Mutex::default(),
            missed: AtomicBool::default(),
            calendar: calendar(settings),
            export_folder: settings.export_folder.clone(),
            export_webhooks: settings.export_webhooks.clone(),
        })))
    }

    /// Which days are working days.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// The type of the cases in which a definition of the program runs.
    pub(crate) fn case_type(&self, code: &str) -> Option<String> {
        let mut shipped = self.0.shipped.iter();
        let found = shipped.find(|one| one.definition.id == code);
        found.map(|one| one.definition.case_type.clone())
    }

    /// Where exports go.
    pub(super) fn export_folder(&self) -> Option<&PathBuf> {
        self.0.export_folder.as_ref()
    }

    /// The login of the application to which exports for a target are handed over.
    pub(super) fn export_webhook(&self, target: &str) -> Option<&str> {
        self.0.export_webhooks.get(target).map(String::as_str)
    }

    /// A definition of the program.
    pub(super) fn shipped(&self, code: &str, number: u32) -> Option<&Shipped> {
        let is = |one: &&Shipped| one.definition.id == code && one.definition.version == number;
        self.0.shipped.iter().find(is)
    }

    /// The definition of the program, where its version is newer than this one.
    pub(super) fn newer(&self, code: &str, number: u32) -> Option<&Shipped> {
        let mut shipped = self.0.shipped.iter();
        shipped.find(|one| one.definition.id == code && one.definition.version > number)
    }

    /// Reads a source that was taken in, or finds it read.
    pub(super) fn read(&self, source: &[u8]) -> Result<Arc<Definition>, WorkflowError> {
        self.kept(source).map_err(|_wrong| {
            // What an older program took in is read for ever: a fault of ours.
            WorkflowError::Db(DbError::Corrupt {
                table: "workflow_definition",
                key: hex::encode(rows::digest(source)),
                what: "it cannot be read any more",
            })
        })
    }

    /// Reads a source that somebody proposes. What is kept is not asked: the same bytes may have been read by the rules
    /// of what was taken in before, which complain of less.
    pub(super) fn check(&self, source: &[u8]) -> Result<Arc<Definition>, WorkflowError> {
        let read = Definition::read(source).map_err(WorkflowError::Complaints)?;
        Ok(Arc::new(read))
    }

    /// As it was read before, or as it is read now by the rules of what was taken in.
    fn kept(&self, source: &[u8]) -> Result<Arc<Definition>, Vec<Complaint>> {
        let sha256 = rows::digest(source);
        if let Some(known) = self.known(&sha256) {
            return Ok(known);
        }
        let read = Arc::new(Definition::read_kept(source)?);
        let mut all = self.0.read.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= READ_MAX {
            all.clear();
        }
        all.insert(sha256, Arc::clone(&read));
        Ok(read)
    }

    fn known(&self, sha256: &[u8; 32]) -> Option<Arc<Definition>> {
        let mut shipped = self.0.shipped.iter();
        if let Some(one) = shipped.find(|one| one.definition.sha256 == *sha256) {
            return Some(Arc::clone(&one.definition));
        }
        let all = self.0.read.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(sha256).cloned()
    }

    /// The definition by which a workflow runs: the one with which it began, by its hash (I-25).
    pub(super) async fn of(
        &self,
        on: &impl ConnectionTrait,
        (code, number): (&str, u32),
        sha256: &str,
    ) -> Result<Arc<Definition>, WorkflowError> {
        let wanted: Option<[u8; 32]> = hex::decode(sha256).ok().and_then(|it| it.try_into().ok());
        let corrupt = |what| DbError::Corrupt {
            table: "workflow_instance",
            key: format!("{code} {number}"),
            what,
        };
        let wanted = wanted.ok_or_else(|| corrupt("a digest has the wrong length"))?;
        if let Some(known) = self.known(&wanted) {
            return Ok(known);
        }
        let kept = rows::definition(on, (code, number)).await?;
        let kept = kept.filter(|kept| kept.sha256 == wanted);
        let kept = kept.ok_or_else(|| corrupt("its definition is not there"))?;
        self.read(&kept.source)
    }
}

impl Rules {
    fn known_units(&self, seq: i64) -> Option<Units> {
        let known = self.0.units.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.seq == seq).cloned()
    }

    /// The departments and functions: as they are known, or read.
    pub(super) async fn units(&self, on: &impl ConnectionTrait) -> Result<Units, DbError> {
        let seq = departments::people_seq(on).await?;
        match self.known_units(seq) {
            Some(known) => Ok(known),
            None => {
                self.0.missed.store(true, Ordering::Relaxed);
                Units::read(on, seq).await
            }
        }
    }

    /// Keeps the departments and functions for those who ask next: of what is durable, and never of a unit of work
    /// that may come to nothing.
    pub(super) async fn keep_units(&self, db: &Db) -> Result<(), DbError> {
        let on = db.read();
        let seq = departments::people_seq(on).await?;
        if self.known_units(seq).is_none() {
            let read = Units::read(on, seq).await?;
            let mut known = self.0.units.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some(read);
        }
        Ok(())
    }

    /// The same, where they were missed by those who asked before: for whoever asks a single thing.
    pub(super) async fn keep_missed_units(&self, db: &Db) -> Result<(), DbError> {
        if self.0.missed.swap(false, Ordering::Relaxed) {
            self.keep_units(db).await?;
        }
        Ok(())
    }
}

/// A version of a definition: kept in a row, or in the program only.
#[derive(Debug, Clone)]
pub enum Listed {
    /// It is kept.
    Kept(Box<Kept>),
    /// It comes with the program and was not used yet.
    Shipped(Shipped),
}

impl Listed {
    /// Its short name.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Kept(kept) => &kept.code,
            Self::Shipped(one) => &one.definition.id,
        }
    }

    /// Its version.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::Kept(kept) => kept.number,
            Self::Shipped(one) => one.definition.version,
        }
    }

    /// Where in its life it is.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Kept(kept) => kept.standing,
            Self::Shipped(_) => Standing::Active,
        }
    }

    /// Whether it holds, or held until it was retired; what was turned down never did.
    fn held(&self) -> bool {
        match self {
            Self::Shipped(_) => true,
            Self::Kept(kept) => match kept.standing {
                Standing::Active => true,
                Standing::Retired => kept.shipped || kept.second.is_some(),
                Standing::Proposed => false,
            },
        }
    }

    /// Its TOML.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        match self {
            Self::Kept(kept) => &kept.source,
            Self::Shipped(one) => one.source,
        }
    }
}

impl Rules {
    /// All versions of all definitions.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn all(&self, on: &impl ConnectionTrait) -> Result<Vec<Listed>, DbError> {
        self.list(on, None).await
    }

    /// A definition: in this version, or in the newest one that holds.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn named(
        &self,
        on: &impl ConnectionTrait,
        named: (&str, Option<u32>),
    ) -> Result<Option<Listed>, DbError> {
        self.find(on, named).await
    }

    /// A version as it is read.
    ///
    /// # Errors
    /// What is wrong with it: nothing is, of what was taken in.
    pub fn definition(&self, listed: &Listed) -> Result<Arc<Definition>, WorkflowError> {
        self.read(listed.source())
    }

    /// All versions, or those of one definition: by short name, the newest first. Where a definition of the town
    /// under the name of one of the program has come to hold, the program's are not offered.
    pub(super) async fn list(
        &self,
        on: &impl ConnectionTrait,
        code: Option<&str>,
    ) -> Result<Vec<Listed>, DbError> {
        let kept = rows::definitions(on, code).await?;
        // What was only proposed, or turned down, takes nothing away from the house.
        let owned = |code: &str| {
            let mut all = kept.iter();
            all.any(|one| one.code == code && !one.shipped && one.second.is_some())
        };
        // What the house has retired of the program does not come back with the next version of the program.
        let given_up = |code: &str| {
            let of_program = kept.iter().filter(|one| one.code == code && one.shipped);
            let newest = of_program.max_by_key(|one| one.number);
            newest.is_some_and(|one| one.standing == Standing::Retired)
        };
        let written = |code: &str, number: u32| {
            let mut all = kept.iter();
            all.any(|one| one.code == code && one.number == number)
        };
        let of_program = self.0.shipped.iter().filter(|one| {
            let own = &one.definition;
            code.is_none_or(|code| code == own.id)
                && !owned(&own.id)
                && !given_up(&own.id)
                && !written(&own.id, own.version)
        });
        let mut all: Vec<Listed> = of_program.cloned().map(Listed::Shipped).collect();
        all.extend(kept.iter().cloned().map(|one| Listed::Kept(Box::new(one))));
        all.sort_by(|a, b| (a.code(), b.number()).cmp(&(b.code(), a.number())));
        Ok(all)
    }

    /// A definition: in this version, or in the newest one that holds. Where that was retired no older one comes back
    /// by itself: it is told as it is, retired.
    pub(super) async fn find(
        &self,
        on: &impl ConnectionTrait,
        (code, number): (&str, Option<u32>),
    ) -> Result<Option<Listed>, DbError> {
        let all = self.list(on, Some(code)).await?;
        let found = match number {
            Some(number) => all.into_iter().find(|one| one.number() == number),
            None => {
                let held = all.iter().position(Listed::held);
                all.into_iter().nth(held.unwrap_or(0))
            }
        };
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../../workflow/tests/data/full.toml");

    #[test]
    fn what_an_older_program_took_in_is_looked_at_anew_when_it_is_proposed() {
        let rules = Rules::open(&config::Workflows::default()).expect("rules");
        assert!(rules.check(FULL.as_bytes()).is_ok());
        let event = "  event = \"booked\"\n";
        let old = format!("{event}  assignee = {{ role = \"clerk\" }}\n");
        let old = FULL.replacen(event, &old, 1);
        for _ in 0..2 {
            assert!(rules.read(old.as_bytes()).is_ok());
            let checked = rules.check(old.as_bytes());
            assert!(matches!(checked, Err(WorkflowError::Complaints(_))));
        }
    }
}

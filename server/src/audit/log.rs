//! Appending to the log: number, link, commit to the details, move the head.
//!
//! The head's row is locked last and held until the commit, so the order of locks is always the
//! same. Openings are encrypted under a key of the entity they speak of: destroying that key
//! destroys them in every backup.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Value};
use serde::Serialize;
use storage::{DataKey, KeyDomain, Kms, WrappedKey};
use uuid::Uuid;

use super::event::{Action, Event, Kind, Subject};
use super::leaf::{LeafDraft, Outcome, Subject as LeafSubject};
use super::sealed::SealedOpenings;
use super::{Commitment, LeafHash, Opening, Origin, Slot};
use crate::base::db::{DbError, placeholders, sql};
use crate::base::insert::{Insert, Together, Told};
use crate::base::{AccountId, Actor, DepartmentId, RequestId, Timestamp, UnitId};

/// Keys of entities that are kept in memory; beyond, all are forgotten and read again.
const KEYS_KEPT_MAX: usize = 20_000;
/// A step back of the clock that is recorded as an event of its own, in microseconds.
const REGRESS_MICROS: i64 = 2_000_000;
/// Owners in one query.
const ROWS_MAX: usize = 500;

/// Subjects of one record that are never too many for it.
const SUBJECTS_SURE: usize = 8;
/// The longest number and the longest step of the clock, for measuring a record before it has its own.
const SEQ_LONG: u64 = 9_007_199_254_740_991;
const CLK_LONG: i64 = -9_007_199_254_740_991;

/// What a caller may keep to prove later that his write was in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The number of the record.
    pub seq: u64,
    /// Its hash.
    #[serde(serialize_with = "hash_as_hex")]
    pub hash: LeafHash,
}

fn hash_as_hex<S: serde::Serializer>(hash: &LeafHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hash)
}

/// What one unit has to say.
#[derive(Debug)]
pub struct Records {
    /// Who acted.
    pub actor: Actor,
    /// When the unit began.
    pub now: Timestamp,
    /// The unit.
    pub unit: UnitId,
    /// What happened.
    pub events: Vec<Event>,
}

/// What a batch has appended, before it is committed.
#[derive(Debug)]
pub struct Appended {
    /// One per unit, in their order. Units without records get the head.
    pub receipts: Vec<Receipt>,
    /// The last record's number, if any was written.
    pub last: Option<u64>,
    regress: bool,
    fresh_keys: Vec<(Uuid, Arc<DataKey>)>,
}

/// The log of this archive, as the one thread sees it that appends to it.
pub struct Log {
    origin: Origin,
    genesis: LeafHash,
    kms: Arc<dyn Kms>,
    domain: KeyDomain,
    keys: HashMap<Uuid, Arc<DataKey>>,
    /// Keys that units of this batch have read; kept when it is committed.
    read: HashMap<Uuid, Arc<DataKey>>,
    regress_said: bool,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct Head {
    seq: Option<u64>,
    hash: LeafHash,
    ts: i64,
}

/// Rows that a batch will add, gathered first and written with one statement a table.
#[derive(Debug, Default)]
struct Rows {
    audit: Vec<[Value; 6]>,
    subjects: Vec<[Value; 6]>,
    openings: BTreeMap<(u64, Uuid), Vec<(String, Opening)>>,
    /// Those that begin here: they have no key yet.
    born: HashSet<Uuid>,
    /// The last record that speaks of people, units or what they may do.
    people: Option<u64>,
}

impl Rows {
    /// Commits to `bytes` and keeps the opening.
    fn open(
        &mut self,
        seq: u64,
        slot: Slot,
        owner: Uuid,
        bytes: Vec<u8>,
    ) -> Result<Commitment, DbError> {
        let opening = Opening::new(bytes)
            .map_err(|_source| DbError::Log("the machine gave no random bytes"))?;
        let commitment = opening.commitment(slot.tag());
        let of_owner = self.openings.entry((seq, owner)).or_default();
        of_owner.push((slot.to_string(), opening));
        Ok(commitment)
    }

    /// The line about one entity, with commitments to its state and its content.
    fn subject(&mut self, seq: u64, slot: u16, one: &Subject) -> Result<LeafSubject, DbError> {
        if begins(one) {
            self.born.insert(one.root);
        }
        if one.kind.is_of_people() {
            self.people = Some(seq);
        }
        let state = self.open(seq, Slot::State(slot), one.root, one.state.clone())?;
        let blob = match &one.content {
            Some(claim) => Some(self.open(seq, Slot::Blob(slot), one.root, claim.to_bytes())?),
            None => None,
        };
        self.subjects.push([
            one.id.into(),
            signed(one.version)?.into(),
            signed(seq)?.into(),
            i64::from(slot).into(),
            one.kind.code().into(),
            one.root.into(),
        ]);
        let kind = one.kind.code().into();
        Ok(LeafSubject {
            kind,
            id: one.id,
            version: one.version,
            state: Some(state),
            blob,
        })
    }
}

/// An entity that begins with this record, so that it has no key yet. A subscription brings its own.
fn begins(one: &Subject) -> bool {
    one.version == 1 && one.id == one.root && one.kind != Kind::Webhook
}

/// A hash out of a row.
pub(crate) fn hash_of(bytes: &[u8]) -> Result<LeafHash, DbError> {
    let hash = <[u8; 32]>::try_from(bytes);
    Ok(LeafHash(hash.map_err(|_source| {
        DbError::Log("a hash in a row is not a hash")
    })?))
}

fn draft(records: &Records, event: &Event) -> LeafDraft {
    LeafDraft {
        action: event.action.code().into(),
        actor: records.actor.account.raw(),
        obo: records.actor.on_behalf_of.map(AccountId::raw),
        role: records.actor.role().code().into(),
        dept: event.department.map(DepartmentId::raw),
        outcome: Outcome::Ok,
        req: records.actor.request.map(RequestId::raw),
        uow: records.unit.raw(),
        subjects: Vec::with_capacity(event.subjects.len()),
        private: BTreeMap::new(),
        targets: event.targets.clone(),
    }
}

/// Under whose key the context of an event is sealed.
fn owner(records: &Records, event: &Event) -> Uuid {
    let first = event.subjects.first();
    first.map_or(records.actor.account.raw(), |one| one.root)
}

impl Log {
    /// The log named `origin`, whose first record follows `genesis`.
    #[must_use]
    pub fn new(origin: Origin, genesis: LeafHash, kms: Arc<dyn Kms>, domain: KeyDomain) -> Self {
        Self {
            origin,
            genesis,
            kms,
            domain,
            keys: HashMap::new(),
            read: HashMap::new(),
            regress_said: false,
        }
    }

    /// Who holds the wrapping keys.
    #[must_use]
    pub fn kms(&self) -> Arc<dyn Kms> {
        Arc::clone(&self.kms)
    }

    /// The number of the last record, if there is one.
    pub async fn last(&self, connection: &impl ConnectionTrait) -> Result<Option<u64>, DbError> {
        Ok(self.head(connection, "").await?.seq)
    }

    async fn head(&self, on: &impl ConnectionTrait, lock: &str) -> Result<Head, DbError> {
        let text = format!("SELECT seq, h, ts FROM audit_head WHERE id = 1{lock}");
        let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
            return Ok(Head {
                seq: None,
                hash: self.genesis,
                ts: 0,
            });
        };
        let seq: i64 = row.try_get_by_index(0)?;
        let hash: Vec<u8> = row.try_get_by_index(1)?;
        let hash = hash_of(&hash)?;
        let seq = u64::try_from(seq).map_err(|_source| DbError::Log("the head is negative"))?;
        Ok(Head {
            seq: Some(seq),
            hash,
            ts: row.try_get_by_index(2)?,
        })
    }

    /// Whether what a unit has to say can be appended: reads the keys of the entities it speaks of,
    /// within the unit's own savepoint, so that a key that does not open undoes this unit and no other.
    pub async fn admit(
        &mut self,
        savepoint: &DatabaseTransaction,
        records: &Records,
    ) -> Result<(), DbError> {
        let mut owners = Vec::new();
        for event in &records.events {
            self.measure(records, event)?;
            owners.extend(event.context.as_ref().map(|_| owner(records, event)));
            // What begins here has no key yet.
            let older = event.subjects.iter().filter(|one| !begins(one));
            owners.extend(older.map(|one| one.root));
        }
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|owner| !self.keys.contains_key(owner) && !self.read.contains_key(owner));
        for part in owners.chunks(ROWS_MAX) {
            for row in savepoint.query_all_raw(keys_query(savepoint, part)).await? {
                let (owner, key) = unwrap_row(self.kms.as_ref(), &row).await?;
                self.read.insert(owner, Arc::new(key));
            }
        }
        Ok(())
    }

    /// Refuses an event whose record would be longer than a record may be.
    fn measure(&self, records: &Records, event: &Event) -> Result<(), DbError> {
        if event.subjects.len() <= SUBJECTS_SURE {
            return Ok(());
        }
        let (mut rows, ts) = (Rows::default(), records.now.micros());
        let mut draft = draft(records, event);
        for (slot, subject) in (0_u16..).zip(&event.subjects) {
            draft.subjects.push(rows.subject(SEQ_LONG, slot, subject)?);
        }
        if event.context.is_some() {
            let commitment = Commitment(LeafHash::default().0);
            draft.private.insert("ctx".into(), commitment);
        }
        let sealed = draft.seal(SEQ_LONG, self.genesis, ts, CLK_LONG, &self.origin);
        match sealed {
            Ok(_) => Ok(()),
            Err(_source) => Err(DbError::Log("a record is too large")),
        }
    }

    /// Appends what the units of a batch have to say, in their order.
    pub async fn append(
        &mut self,
        tx: &DatabaseTransaction,
        now: Timestamp,
        batch: Vec<Option<Records>>,
    ) -> Result<Appended, DbError> {
        let nothing_to_say = batch.iter().all(Option::is_none);
        let postgres = tx.get_database_backend() == DbBackend::Postgres;
        let lock = if postgres && !nothing_to_say {
            " FOR UPDATE"
        } else {
            ""
        };
        let before = self.head(tx, lock).await?;
        let mut head = before;
        let mut rows = Rows::default();
        let mut receipts = Vec::with_capacity(batch.len());
        let regress = before.ts.saturating_sub(now.micros()) > REGRESS_MICROS;
        if regress && !self.regress_said && !nothing_to_say {
            let event = plain_event(Action::ClockRegress);
            self.seal(
                &mut head,
                &mut rows,
                &system_records(now, Vec::new()),
                &event,
            )?;
        }
        for records in batch {
            if let Some(records) = records {
                for event in &records.events {
                    self.seal(&mut head, &mut rows, &records, event)?;
                }
            }
            receipts.push(Receipt {
                seq: head.seq.unwrap_or_default(),
                hash: head.hash,
            });
        }
        let mut appended = Appended {
            receipts,
            last: None,
            // A batch that says nothing leaves it to the next one that does.
            regress: regress && (self.regress_said || !nothing_to_say),
            fresh_keys: Vec::new(),
        };
        if head.seq != before.seq {
            appended.fresh_keys = self.write(tx, rows, before, head).await?;
            appended.last = head.seq;
        }
        Ok(appended)
    }

    /// Makes one record of `event` and moves `head` over it.
    fn seal(
        &self,
        head: &mut Head,
        rows: &mut Rows,
        records: &Records,
        event: &Event,
    ) -> Result<(), DbError> {
        let seq = head.seq.map_or(0, |last| last + 1);
        let ts = records.now.micros().max(head.ts);
        let mut draft = draft(records, event);
        if let Some(context) = &event.context {
            let owner = owner(records, event);
            let commitment = rows.open(seq, Slot::context(), owner, context.clone())?;
            draft.private.insert("ctx".into(), commitment);
        }
        for (slot, subject) in (0_u16..).zip(&event.subjects) {
            draft.subjects.push(rows.subject(seq, slot, subject)?);
        }
        let clk = (records.now.micros() - ts) / 1000;
        let (leaf, hash) = draft
            .seal(seq, head.hash, ts, clk, &self.origin)
            .map_err(|_source| DbError::Log("a record is too large"))?;
        rows.audit.push([
            signed(seq)?.into(),
            head.hash.0.to_vec().into(),
            hash.0.to_vec().into(),
            records.unit.raw().into(),
            ts.into(),
            leaf.into(),
        ]);
        *head = Head {
            seq: Some(seq),
            hash,
            ts,
        };
        Ok(())
    }

    async fn write(
        &mut self,
        tx: &DatabaseTransaction,
        rows: Rows,
        before: Head,
        head: Head,
    ) -> Result<Vec<(Uuid, Arc<DataKey>)>, DbError> {
        let owners = rows.openings.keys().map(|(_, owner)| *owner).collect();
        let (fresh, made) = self.keys_of(tx, owners, &rows.born).await?;
        let mut sealed = Vec::with_capacity(rows.openings.len());
        for ((seq, owner), openings) in &rows.openings {
            let kept = || self.keys.get(owner).or_else(|| self.read.get(owner));
            let key = fresh.get(owner).or_else(kept);
            let key = key.ok_or(DbError::Log("an entity has no key"))?;
            let row = SealedOpenings::seal(key, *seq, *owner, openings)?;
            sealed.push([
                signed(*seq)?.into(),
                row.owner.into(),
                row.slots.into(),
                row.sealed.into(),
            ]);
        }
        let mut all = Together::default();
        all.put(Insert::new(
            "audit (seq, prev, h, uow, ts, leaf)",
            rows.audit,
        ));
        all.put(Insert::new(
            "audit_subject (entity_id, version, seq, slot, kind, root_id)",
            rows.subjects,
        ));
        all.put(Insert::new(
            "subject_key (owner_id, domain, kek, wrapped)",
            made,
        ));
        all.put(Insert::new(
            "audit_private (seq, key_owner, slots, sealed)",
            sealed,
        ));
        if all.run_with(tx, moved(before, head)?).await? != 1 {
            return Err(DbError::Log("the head has moved"));
        }
        if let Some(seq) = rows.people {
            let text = "UPDATE people_head SET seq = $1 WHERE id = 1";
            tx.execute_raw(sql(tx, text, [signed(seq)?.into()])).await?;
        }
        Ok(fresh.into_iter().collect())
    }

    /// The keys of `owners` that are not in memory: read, or made, with the rows of those that were made.
    async fn keys_of(
        &self,
        tx: &DatabaseTransaction,
        mut owners: Vec<Uuid>,
        born: &HashSet<Uuid>,
    ) -> Result<(HashMap<Uuid, Arc<DataKey>>, Vec<[Value; 4]>), DbError> {
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|owner| !self.keys.contains_key(owner) && !self.read.contains_key(owner));
        let mut found = HashMap::new();
        let older: Vec<Uuid> = owners
            .iter()
            .filter(|owner| !born.contains(owner))
            .copied()
            .collect();
        for part in older.chunks(ROWS_MAX) {
            for row in tx.query_all_raw(keys_query(tx, part)).await? {
                let (owner, key) = unwrap_row(self.kms.as_ref(), &row).await?;
                found.insert(owner, Arc::new(key));
            }
        }
        owners.retain(|owner| !found.contains_key(owner));
        let mut made = Vec::with_capacity(owners.len());
        for owner in owners {
            let key = DataKey::generate()?;
            let wrapped = self.kms.wrap(&self.domain, &key).await?;
            let domain = self.domain.as_str().to_owned();
            made.push([
                owner.into(),
                domain.into(),
                wrapped.kek.into(),
                wrapped.bytes.into(),
            ]);
            found.insert(owner, Arc::new(key));
        }
        Ok((found, made))
    }

    /// The batch is committed: what was learned may be kept.
    pub fn settle(&mut self, appended: &Appended) {
        self.regress_said = appended.regress;
        let more = appended.fresh_keys.len() + self.read.len();
        if self.keys.len() + more > KEYS_KEPT_MAX {
            self.keys.clear();
        }
        self.keys.extend(self.read.drain());
        self.keys.extend(appended.fresh_keys.iter().cloned());
    }

    /// Nothing of the batch is left: what its units have read is not kept.
    pub fn unread(&mut self) {
        self.read.clear();
    }

    /// The batch is not committed: nothing was learned.
    pub fn forget(&mut self) {
        self.keys.clear();
        self.read.clear();
    }
}

fn keys_query(on: &impl ConnectionTrait, owners: &[Uuid]) -> sea_orm::Statement {
    let list = placeholders(on.get_database_backend(), 1, owners.len().max(1), 0);
    let text =
        format!("SELECT owner_id, domain, kek, wrapped FROM subject_key WHERE owner_id IN {list}");
    let values = if owners.is_empty() {
        vec![Uuid::nil().into()]
    } else {
        owners
            .iter()
            .map(|owner| (*owner).into())
            .collect::<Vec<Value>>()
    };
    sql(on, text, values)
}

async fn unwrap_row(kms: &dyn Kms, row: &QueryResult) -> Result<(Uuid, DataKey), DbError> {
    let owner: Uuid = row.try_get_by_index(0)?;
    let domain: String = row.try_get_by_index(1)?;
    let domain = KeyDomain::parse(&domain)?;
    let wrapped = WrappedKey {
        kek: row.try_get_by_index(2)?,
        bytes: row.try_get_by_index(3)?,
    };
    Ok((owner, kms.unwrap(&domain, &wrapped).await?))
}

/// The number of the last record that any process has committed.
pub async fn last_seq(on: &impl ConnectionTrait) -> Result<Option<u64>, DbError> {
    let row = on
        .query_one_raw(sql(on, "SELECT seq FROM audit_head WHERE id = 1", []))
        .await?;
    let seq: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(seq.and_then(|seq| u64::try_from(seq).ok()))
}

/// The keys of `owners`, for reading openings. Owners whose key was destroyed are missing.
pub async fn read_keys(
    on: &impl ConnectionTrait,
    kms: &dyn Kms,
    owners: &[Uuid],
) -> Result<HashMap<Uuid, DataKey>, DbError> {
    let mut found = HashMap::new();
    for part in owners.chunks(ROWS_MAX) {
        for row in on.query_all_raw(keys_query(on, part)).await? {
            let (owner, key) = unwrap_row(kms, &row).await?;
            found.insert(owner, key);
        }
    }
    Ok(found)
}

fn plain_event(action: Action) -> Event {
    Event {
        action,
        department: None,
        subjects: Vec::new(),
        context: None,
        targets: Vec::new(),
    }
}

fn system_records(now: Timestamp, events: Vec<Event>) -> Records {
    Records {
        actor: Actor::system(),
        now,
        unit: UnitId::new(),
        events,
    }
}

fn signed(number: u64) -> Result<i64, DbError> {
    i64::try_from(number).map_err(|_source| DbError::Log("a number is beyond what a row holds"))
}

/// The statement that moves the head.
fn moved(before: Head, head: Head) -> Result<Told, DbError> {
    let text = match before.seq {
        None => {
            "INSERT INTO audit_head (id, seq, h, ts) \
             SELECT 1, $1, $2, $3 WHERE $4 = 0"
        }
        Some(_) => "UPDATE audit_head SET seq = $1, h = $2, ts = $3 WHERE id = 1 AND seq = $4",
    };
    let values = vec![
        signed(head.seq.unwrap_or_default())?.into(),
        head.hash.0.to_vec().into(),
        head.ts.into(),
        signed(before.seq.unwrap_or_default())?.into(),
    ];
    Ok((text, values))
}

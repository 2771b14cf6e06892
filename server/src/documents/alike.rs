//! What a unit of work reads once, however many documents it changes alike.

use sea_orm::ConnectionTrait;

use super::fields::{self, Led};
use super::filing;
use super::model::DocumentError;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, CorrespondentId, Place};
use crate::correspondents::{self, Correspondent};
use crate::departments::{self, Department};
use crate::types::{self, Catalog};
use crate::unit::Unit;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Alike {
    catalog: Option<Catalog>,
    departments: Option<Vec<Department>>,
    named: Option<(String, CorrespondentId)>,
    known: Option<(CorrespondentId, Option<Correspondent>)>,
    inboxes: Vec<(Place, String, Option<AccountId>)>,
    asked: Led,
    told: Led,
}

impl Alike {
    /// All types and fields.
    pub(super) async fn catalog(&mut self, on: &impl ConnectionTrait) -> Result<&Catalog, DbError> {
        let catalog = match self.catalog.take() {
            Some(catalog) => catalog,
            None => types::catalog(on).await?,
        };
        Ok(self.catalog.insert(catalog))
    }

    /// All types and fields, where they have been read.
    pub(super) const fn read_catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    /// All departments.
    pub(super) async fn departments(
        &mut self,
        on: &impl ConnectionTrait,
    ) -> Result<&[Department], DbError> {
        let all = match self.departments.take() {
            Some(all) => all,
            None => departments::departments(on).await?,
        };
        Ok(self.departments.insert(all))
    }

    /// The correspondent that a name means.
    pub(super) async fn named(
        &mut self,
        unit: &mut Unit,
        name: &str,
    ) -> Result<CorrespondentId, DbError> {
        if let Some((known, id)) = &self.named
            && known == name
        {
            return Ok(*id);
        }
        let id = correspondents::named(unit, name).await?;
        self.named = Some((name.to_owned(), id));
        Ok(id)
    }

    /// The correspondent with this id, if the actor knows it.
    pub(super) async fn known(
        &mut self,
        unit: &Unit,
        id: CorrespondentId,
    ) -> Result<Option<&Correspondent>, DbError> {
        let found = match self.known.take() {
            Some((known, found)) if known == id => found,
            Some(_) | None => correspondents::known(unit.tx(), unit.actor(), id).await?,
        };
        let (_, found) = self.known.insert((id, found));
        Ok(found.as_ref())
    }

    /// The inbox that is meant at a place; `None`: nothing can lie there.
    pub(super) async fn inbox(
        &mut self,
        unit: &Unit,
        wanted: &str,
        place: Place,
    ) -> Result<Option<AccountId>, DbError> {
        let mut before = self.inboxes.iter();
        if let Some((.., inbox)) = before.find(|(at, name, _)| *at == place && name == wanted) {
            return Ok(*inbox);
        }
        let inbox = filing::inbox(unit, wanted, place).await?;
        self.inboxes.push((place, wanted.to_owned(), inbox));
        Ok(inbox)
    }

    /// Those of what values lead to of which the actor may know.
    pub(super) async fn led(
        &mut self,
        (on, actor): (&impl ConnectionTrait, &Actor),
        led: &Led,
    ) -> Result<Led, DocumentError> {
        let new: Led = led.difference(&self.asked).copied().collect();
        self.told.extend(fields::known(on, actor, &new).await?);
        self.asked.extend(new);
        Ok(led.intersection(&self.told).copied().collect())
    }
}

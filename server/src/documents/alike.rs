//! What a unit of work reads once, however many documents it changes alike.

use sea_orm::ConnectionTrait;

use crate::base::CorrespondentId;
use crate::base::db::DbError;
use crate::correspondents;
use crate::departments::{self, Department};
use crate::types::{self, Catalog};
use crate::unit::Unit;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Alike {
    catalog: Option<Catalog>,
    departments: Option<Vec<Department>>,
    named: Option<(String, CorrespondentId)>,
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
}

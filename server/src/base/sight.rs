//! What someone reaches with a right, as a part of each question: of rows, and of the index.
//!
//! Beside the places of roles stand inspections: single things that are opened to an account for a
//! time. Both are in the same condition, so that lists, counts and searches agree.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement, UnionType};
use sea_orm::{Condition, ConnectionTrait};
use uuid::Uuid;

use super::db::DbError;
use super::ids::{CaseId, DocumentId, FileId, InspectionId};
use super::rights::{ARRIVING, Compartment, OrgUnit, Place, Stage, token};

/// What an inspection opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// A document.
    Document(DocumentId),
    /// A case with its parts, and what stands in them.
    Case(CaseId),
    /// A file with its parts, and what stands in them.
    File(FileId),
    /// All that a department has outside of compartments.
    Unit(OrgUnit),
    /// All that stands in the compartment of the inspection.
    Compartment,
}

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Registered documents only, and of them the version in force: no drafts, nothing that has just come in,
    /// nothing that was taken out of an older version.
    Registered,
}

/// Why something is inspected; what follows from that stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A party to proceedings, § 29 `VwVfG`: no drafts, nothing that has just come in.
    Party,
    /// Somebody whom a personnel file is about, or who decides on it.
    Personnel,
    /// The audit office, for a purpose.
    Audit,
    /// A court or a public prosecutor.
    Court,
    /// Whom the data are about, Art. 15 GDPR.
    DataSubject,
    /// Anything else, as the purpose says.
    Other,
    /// An administrator in an emergency.
    Emergency,
}

impl Reason {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Party,
        Self::Personnel,
        Self::Audit,
        Self::Court,
        Self::DataSubject,
        Self::Other,
        Self::Emergency,
    ];

    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Personnel => "personnel",
            Self::Audit => "audit",
            Self::Court => "court",
            Self::DataSubject => "data_subject",
            Self::Other => "other",
            Self::Emergency => "emergency",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.code() == code)
    }

    /// How much is opened for it.
    #[must_use]
    pub const fn extent(self) -> Extent {
        match self {
            Self::Party => Extent::Registered,
            Self::Personnel
            | Self::Audit
            | Self::Court
            | Self::DataSubject
            | Self::Other
            | Self::Emergency => Extent::Whole,
        }
    }

    /// Whether it is also told who looked.
    #[must_use]
    pub const fn tells_looks(self) -> bool {
        match self {
            Self::Audit | Self::DataSubject => true,
            Self::Party | Self::Personnel | Self::Court | Self::Other | Self::Emergency => false,
        }
    }
}

/// Something that is opened to an account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    /// The inspection.
    pub id: InspectionId,
    /// What it opens.
    pub covers: Covers,
    /// The unit in which it stays: those who opened it had no say in what another one has, wherever
    /// that stands. `None`: it stays in none, as in an emergency.
    pub unit: Option<OrgUnit>,
    /// The compartment into which it reaches.
    pub inside: Option<Compartment>,
    /// How much of it.
    pub extent: Extent,
    /// Whether it also tells who looked.
    pub tells_looks: bool,
    /// Whether it is an emergency: for administrators, and for nobody else.
    pub emergency: bool,
}

/// The tables whose rows stand somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Documents.
    Document,
    /// Cases.
    Case,
    /// Files.
    File,
}

impl Table {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Case => "record_case",
            Self::File => "record_file",
        }
    }

    /// As its rows are named in records.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Case => "case",
            Self::File => "file",
        }
    }
}

/// How rows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// All that there are.
    Many,
    /// One by one, by their names. Left to itself, SQLite would walk through all rows of a department
    /// by its index to find a few of them: an expression is not looked up.
    ByName,
}

/// Everything for which someone has a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All of it, compartments too: the system itself.
    All,
    /// What stands in one of these units, and in no compartment or one of these; and what is opened
    /// by itself.
    Some {
        /// The units.
        units: Vec<OrgUnit>,
        /// Further units, of which only what arrives is reached.
        arriving: Vec<OrgUnit>,
        /// The compartments.
        compartments: Vec<Compartment>,
        /// What is opened by itself.
        inspected: Vec<Inspected>,
    },
}

/// A part of what may be found in the index: what is, or stands in, one of these things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The things: a document, or a case or a file with their parts.
    pub names: Vec<Uuid>,
    /// The access tokens of the places where its parts may stand.
    pub tokens: Vec<u64>,
    /// How much of it.
    pub extent: Extent,
}

/// A column of a table that goes by the name `at`.
pub(crate) fn column(at: &str, name: &'static str) -> Expr {
    Expr::col((Alias::new(at), Alias::new(name)))
}

/// Never true, and never unknown: what is negated counts on it.
fn never() -> Condition {
    Condition::all().add(Expr::val(1).eq(0))
}

/// The ids of a table that are `id` or have it as their parent.
fn with_parts(table: &'static str, id: Uuid) -> SelectStatement {
    let own = Condition::any()
        .add(column("p", "id").eq(id))
        .add(column("p", "parent_id").eq(id));
    Query::select()
        .expr(column("p", "id"))
        .from_as(Alias::new(table), Alias::new("p"))
        .cond_where(own)
        .to_owned()
}

/// The ids of the cases in a file and its parts.
fn cases_in(file: Uuid) -> SelectStatement {
    Query::select()
        .expr(column("q", "id"))
        .from_as(Alias::new("record_case"), Alias::new("q"))
        .and_where(column("q", "file_id").in_subquery(with_parts("record_file", file)))
        .to_owned()
}

/// A column that names something, and names one of these. Never unknown.
fn stands_in(at: &str, name: &'static str, among: SelectStatement) -> Condition {
    Condition::all()
        .add(column(at, name).is_not_null())
        .add(column(at, name).in_subquery(among))
}

fn outside_or_in(at: &str, compartments: &[Compartment]) -> Condition {
    let hidden = || column(at, "compartment_id");
    let outside = Condition::any().add(hidden().is_null());
    if compartments.is_empty() {
        return outside;
    }
    let inside = compartments.iter().map(|one| one.id.raw());
    let inside = Condition::all()
        .add(hidden().is_not_null())
        .add(hidden().is_in(inside));
    outside.add(inside)
}

fn of_units(at: &str, units: &[OrgUnit], asked: Asked) -> Condition {
    if units.is_empty() {
        return never();
    }
    let department = || column(at, "department_id");
    let department = match asked {
        Asked::Many => department(),
        Asked::ByName => Func::coalesce([department(), department()]).into(),
    };
    Condition::all().add(department.is_in(units.iter().map(|unit| unit.id.raw())))
}

impl Covers {
    /// What a row of a table must fulfil to be what is covered, a part of it, or in it; `None`: no row does.
    fn on(self, table: Table, at: &str) -> Option<Condition> {
        let own = || column(at, "id");
        Some(match (self, table) {
            // With what was taken out of it. Never unknown.
            (Self::Document(id), Table::Document) => Condition::any().add(own().eq(id.raw())).add(
                Condition::all()
                    .add(column(at, "family_id").is_not_null())
                    .add(column(at, "family_id").eq(id.raw())),
            ),
            (Self::Case(id), Table::Document) => {
                stands_in(at, "case_id", with_parts("record_case", id.raw()))
            }
            (Self::Case(id), Table::Case) => {
                Condition::all().add(own().in_subquery(with_parts("record_case", id.raw())))
            }
            (Self::File(id), Table::Document) => stands_in(at, "case_id", cases_in(id.raw())),
            (Self::File(id), Table::Case) => {
                stands_in(at, "file_id", with_parts("record_file", id.raw()))
            }
            (Self::File(id), Table::File) => {
                Condition::all().add(own().in_subquery(with_parts("record_file", id.raw())))
            }
            (Self::Document(_), Table::Case | Table::File) | (Self::Case(_), Table::File) => {
                return None;
            }
            (Self::Unit(unit), _) => of_units(at, &[unit], Asked::ByName),
            (Self::Compartment, _) => Condition::all(),
        })
    }

    /// The ids of the rows of a table that are covered and that a sight reaches; `None`: there are none. Not
    /// for a compartment, which is not named here.
    #[must_use]
    pub fn rows(self, table: Table, sight: &Sight) -> Option<SelectStatement> {
        if self == Self::Compartment {
            return None;
        }
        let reached = sight.on(table, "o", Asked::ByName);
        let rows = Query::select()
            .expr(column("o", "id"))
            .from_as(Alias::new(table.name()), Alias::new("o"))
            .cond_where(Condition::all().add(self.on(table, "o")?).add(reached))
            .to_owned();
        Some(rows)
    }
}

impl Inspected {
    /// What a row must fulfil to be opened by it.
    fn on(&self, table: Table, at: &str) -> Condition {
        let Some(object) = self.covers.on(table, at) else {
            return never();
        };
        let hidden = || column(at, "compartment_id");
        let place = match (self.covers, self.inside) {
            (Covers::Compartment, None) => return never(),
            (Covers::Compartment, Some(inside)) => Condition::all()
                .add(hidden().is_not_null())
                .add(hidden().eq(inside.id.raw())),
            (_, inside) => outside_or_in(at, inside.as_slice()),
        };
        let mut all = Condition::all().add(object).add(place);
        if let Some(unit) = self.unit {
            all = all.add(of_units(at, &[unit], Asked::ByName));
        }
        match (self.extent, table) {
            (Extent::Registered, Table::Document) => all
                .add(column(at, "state").eq("registered"))
                .add(column(at, "superseded").eq(0)),
            (Extent::Registered | Extent::Whole, _) => all,
        }
    }
}

impl Sight {
    /// Nothing at all.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Some {
            units: Vec::new(),
            arriving: Vec::new(),
            compartments: Vec::new(),
            inspected: Vec::new(),
        }
    }

    /// The same without what is opened only as far as it is done: how that came about is not told.
    #[must_use]
    pub fn as_it_came_about(mut self) -> Self {
        if let Self::Some { inspected, .. } = &mut self {
            inspected.retain(|one| one.extent == Extent::Whole);
        }
        self
    }

    /// Whether it reaches a place. What is opened by itself is no place: ask [`Sight::reaches_row`].
    #[must_use]
    pub fn reaches(&self, place: Place) -> bool {
        match self {
            Self::All => true,
            Self::Some {
                units,
                arriving,
                compartments,
                ..
            } => {
                let arrives = place.stage == Stage::Arriving;
                let mut reached = units.iter().chain(arriving.iter().filter(|_| arrives));
                reached.any(|unit| unit.id == place.unit)
                    && place
                        .compartment
                        .is_none_or(|id| compartments.iter().any(|one| one.id == id))
            }
        }
    }

    /// Whether it reaches a row that stands at a place, by the place or by an inspection.
    pub async fn reaches_row(
        &self,
        on: &impl ConnectionTrait,
        table: Table,
        (id, place): (Uuid, Place),
    ) -> Result<bool, DbError> {
        if self.reaches(place) {
            return Ok(true);
        }
        Ok(!self.opened_by(on, table, id).await?.is_empty())
    }

    /// The inspections that open a row.
    pub async fn opened_by(
        &self,
        on: &impl ConnectionTrait,
        table: Table,
        id: Uuid,
    ) -> Result<Vec<InspectionId>, DbError> {
        let Self::Some { inspected, .. } = self else {
            return Ok(Vec::new());
        };
        let Some((first, others)) = inspected.split_first() else {
            return Ok(Vec::new());
        };
        let number = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        let of = |one: &Inspected, at: usize| {
            Query::select()
                .expr(Expr::val(number(at)))
                .from_as(Alias::new(table.name()), Alias::new("t"))
                .and_where(column("t", "id").eq(id))
                .cond_where(one.on(table, "t"))
                .to_owned()
        };
        let mut query = of(first, 0);
        for (one, at) in others.iter().zip(1..) {
            query.union(UnionType::All, of(one, at));
        }
        let rows = on.query_all(&query).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let at: i64 = row.try_get_by_index(0)?;
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            found.extend(inspected.get(at).map(|one| one.id));
        }
        Ok(found)
    }

    /// Whether a row is reached only as far as it is done: by inspections without drafts, and in no
    /// other way.
    pub async fn only_results(
        &self,
        on: &impl ConnectionTrait,
        table: Table,
        (id, place): (Uuid, Place),
    ) -> Result<bool, DbError> {
        let Self::Some { inspected, .. } = self else {
            return Ok(false);
        };
        if inspected.is_empty() || self.reaches(place) {
            return Ok(false);
        }
        let by = self.opened_by(on, table, id).await?;
        let whole = |one: &Inspected| one.extent == Extent::Whole && by.contains(&one.id);
        Ok(!inspected.iter().any(whole))
    }

    /// What rows of a table must fulfil that goes by the name `at`. What only arrives in a unit counts
    /// for nothing here.
    #[must_use]
    pub fn settled(&self, table: Table, at: &str, asked: Asked) -> Condition {
        let Self::Some {
            units,
            compartments,
            inspected,
            ..
        } = self
        else {
            return Condition::all();
        };
        let by_place = of_units(at, units, asked).add(outside_or_in(at, compartments));
        if inspected.is_empty() {
            return by_place;
        }
        let opened = inspected.iter().map(|one| one.on(table, at));
        opened.fold(Condition::any().add(by_place), Condition::add)
    }

    /// The same with what arrives: of documents only, files and cases do not arrive.
    #[must_use]
    pub fn on(&self, table: Table, at: &str, asked: Asked) -> Condition {
        let settled = self.settled(table, at, asked);
        match self {
            Self::Some {
                arriving,
                compartments,
                ..
            } if table == Table::Document && !arriving.is_empty() => {
                let arrives = of_units(at, arriving, asked)
                    .add(column(at, "state").eq("incoming"))
                    .add(column(at, "inbox_id").is_null())
                    .add(outside_or_in(at, compartments));
                Condition::any().add(settled).add(arrives)
            }
            Self::All | Self::Some { .. } => settled,
        }
    }

    /// The access tokens in the index; `house` are all units. `None`: no filter at all.
    #[must_use]
    pub fn tokens(&self, house: &[OrgUnit]) -> Option<Vec<u64>> {
        let Self::Some {
            units,
            arriving,
            compartments,
            inspected,
        } = self
        else {
            return None;
        };
        let inside: Vec<Option<u64>> = std::iter::once(None)
            .chain(compartments.iter().map(|one| Some(one.number)))
            .collect();
        let of = |units: &[OrgUnit], mark: u64| -> Vec<u64> {
            let each = |unit: &OrgUnit| {
                let number = unit.number;
                inside.iter().map(move |one| mark | token(number, *one))
            };
            units.iter().flat_map(each).collect()
        };
        let mut all = of(units, 0);
        all.extend(of(arriving, ARRIVING));
        for one in inspected {
            match (one.covers, one.inside) {
                (Covers::Unit(unit), _) => all.push(token(unit.number, None)),
                (Covers::Compartment, Some(inside)) => {
                    let of = |unit: &OrgUnit| token(unit.number, Some(inside.number));
                    all.extend(house.iter().map(of));
                }
                (Covers::Compartment, None)
                | (Covers::Document(_) | Covers::Case(_) | Covers::File(_), _) => {}
            }
        }
        Some(all)
    }

    /// The single things that are opened, as the index tells them apart; `house` are all units.
    pub async fn opened(
        &self,
        on: &impl ConnectionTrait,
        house: &[OrgUnit],
    ) -> Result<Vec<Opened>, DbError> {
        let Self::Some { inspected, .. } = self else {
            return Ok(Vec::new());
        };
        let mut parts: Vec<SelectStatement> = Vec::new();
        let mut all = Vec::new();
        for one in inspected {
            let (id, table) = match one.covers {
                Covers::Document(id) => (id.raw(), None),
                Covers::Case(id) => (id.raw(), Some("record_case")),
                Covers::File(id) => (id.raw(), Some("record_file")),
                Covers::Unit(_) | Covers::Compartment => continue,
            };
            if let Some(table) = table {
                let number = i64::try_from(all.len()).unwrap_or(i64::MAX);
                let mut query = with_parts(table, id);
                parts.push(query.expr(Expr::val(number)).to_owned());
            }
            let places = std::iter::once(None).chain(one.inside.map(|inside| Some(inside.number)));
            let units = one.unit.as_ref().map_or(house, std::slice::from_ref);
            let of = |place: Option<u64>| units.iter().map(move |unit| token(unit.number, place));
            all.push(Opened {
                names: vec![id],
                tokens: places.flat_map(of).collect(),
                extent: one.extent,
            });
        }
        let mut parts = parts.into_iter();
        let Some(mut query) = parts.next() else {
            return Ok(all);
        };
        for part in parts {
            query.union(UnionType::All, part);
        }
        for row in &on.query_all(&query).await? {
            let (id, number): (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(one) = all.get_mut(number).filter(|one| !one.names.contains(&id)) {
                one.names.push(id);
            }
        }
        Ok(all)
    }
}

//! The schema, a step a file. A step is frozen once it was released; the next change is a new file.
//!
//! The steps import none of our crates: what they create must not move when the code does.

mod dialect;
mod m0001_log;
mod m0002_people;
mod m0003_documents;
mod m0004_rights;
mod m0005_webhooks;
mod m0006_file_plan;
mod m0007_files;
mod m0008_sign_in;
mod m0009_describing;
mod m0010_grants;
mod m0011_intake;
mod m0012_sessions;
mod m0013_types;
mod m0014_inspections;
mod m0015_oidc;
mod m0016_inspected_unit;
mod m0017_token_index;
mod m0018_told_emergency;
mod m0019_key_domains;
mod m0020_components;
mod m0022_quarantine;
mod m0024_sketches;
mod m0025_superseded;
mod m0026_turns;
mod m0027_cuts;
mod m0028_proposals;
mod m0033_signing;
mod m0034_forms;
mod m0035_seals;
mod m0036_counter;
mod m0038_workflows;
mod m0039_inboxes;
mod m0040_invoices;
mod m0041_workflow_keys;
mod m0042_inbox_counts;
mod m0043_workflows_per_document;
mod m0045_timestamps;
mod m0046_access_signed;
pub mod roles;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The columns that all steps together make, each behind its table: to be compared without making them.
pub fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = include_str!("columns.txt").lines();
    let tables = tables.filter_map(|line| line.split_once(": "));
    tables.flat_map(|(table, columns)| columns.split(' ').map(move |column| (table, column)))
}

/// All steps, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_log::Step),
            Box::new(m0002_people::Step),
            Box::new(m0003_documents::Step),
            Box::new(m0004_rights::Step),
            Box::new(m0005_webhooks::Step),
            Box::new(m0006_file_plan::Step),
            Box::new(m0007_files::Step),
            Box::new(m0008_sign_in::Step),
            Box::new(m0009_describing::Step),
            Box::new(m0010_grants::Step),
            Box::new(m0011_intake::Step),
            Box::new(m0012_sessions::Step),
            Box::new(m0013_types::Step),
            Box::new(m0014_inspections::Step),
            Box::new(m0015_oidc::Step),
            Box::new(m0016_inspected_unit::Step),
            Box::new(m0017_token_index::Step),
            Box::new(m0018_told_emergency::Step),
            Box::new(m0019_key_domains::Step),
            Box::new(m0020_components::Step),
            Box::new(m0022_quarantine::Step),
            Box::new(m0024_sketches::Step),
            Box::new(m0025_superseded::Step),
            Box::new(m0026_turns::Step),
            Box::new(m0027_cuts::Step),
            Box::new(m0028_proposals::Step),
            Box::new(m0033_signing::Step),
            Box::new(m0034_forms::Step),
            Box::new(m0035_seals::Step),
            Box::new(m0036_counter::Step),
            Box::new(m0038_workflows::Step),
            Box::new(m0039_inboxes::Step),
            Box::new(m0040_invoices::Step),
            Box::new(m0041_workflow_keys::Step),
            Box::new(m0042_inbox_counts::Step),
            Box::new(m0043_workflows_per_document::Step),
            Box::new(m0045_timestamps::Step),
            Box::new(m0046_access_signed::Step),
        ]
    }
}

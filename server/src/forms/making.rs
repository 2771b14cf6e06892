//! Forms that are made of a case from within, by a rule of the house or for the demo town: nobody is asked, so all
//! that is asked must be known.

use std::collections::BTreeMap;
use std::sync::Arc;

use paper::forms::{Language, Refused};
use serde_json::Value;
use storage::Storage;

use super::catalog::{Form, Forms};
use super::model::{FormsError, given, legible, letterhead, sentence};
use super::ops::{self, Around};
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, CivilDate, DocumentId, Tasks};
use crate::cases::{self, CaseError};
use crate::departments::{self, Department};
use crate::documents::{self, Direction, Made, Metadata};
use crate::types::Values;
use crate::unit::{Db, Unit};

/// A form that was made of a case and lies in the store: to be filed.
#[derive(Debug)]
pub struct ForCase {
    form: Arc<Form>,
    made: Made,
    departments: Vec<Department>,
}

/// What is missing in a form or does not fit, in German, in one line.
fn lines(all: &[Refused]) -> String {
    let line = |one: &Refused| format!("{}: {}", one.key, sentence(&one.why).0);
    all.iter().map(line).collect::<Vec<_>>().join("; ")
}

/// Why a form was not made, for whoever looks after it.
#[must_use]
pub fn why_not(error: &FormsError) -> String {
    if let FormsError::Refused(all) = error {
        return lines(all);
    }
    error.to_string()
}

/// The values that the form asks, with characters that it can hold.
fn asked(form: &Form, mut values: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    values.retain(|key, _| form.template.fields.iter().any(|field| field.key == *key));
    for value in values.values_mut() {
        if let Value::String(text) = value {
            *text = legible(text);
        }
    }
    values
}

/// Makes a form of a case that the actor sees: of what stands around the case, and of values by the keys of fields.
/// Those that the form does not ask are left out, and a character that no form can hold is seen to be missing.
///
/// # Errors
/// [`FormsError`]: among others, that something is missing.
pub async fn make_for_case(
    (db, storage, tasks): (&Db, &Storage, &Tasks),
    forms: &Forms,
    (actor, case, form): (&Actor, CaseId, &str),
    values: BTreeMap<String, Value>,
) -> Result<ForCase, FormsError> {
    let (on, now) = (db.read(), db.now());
    let form = forms.find(form, None)?;
    let case = cases::read(on, actor, case).await;
    let case = case.map_err(FormsError::Case)?;
    let filed = ops::filed(on, &case).await?;
    let filed = filed.ok_or(FormsError::Case(CaseError::NotFound))?;
    let all = departments::departments(on).await?;
    let office = all.iter().find(|one| one.id == case.department);
    let office = office.ok_or(DbError::Log("a case of no department"))?;
    let party = ops::party(on, actor, (None, Some(&filed))).await?;
    let around = Around {
        department: office,
        filed: Some(&filed),
        party: party.as_ref(),
        now,
    };
    let found = ops::found(on, actor, &form, &around).await?;
    let found = found.into_iter();
    let found = found.map(|(key, text)| (key, legible(&text))).collect();
    let known = asked(&form, values);
    let filled = form.template.fill(&given(&known), &found);
    let filled = filled.map_err(FormsError::Refused)?;
    let mut head = letterhead(
        &forms.town,
        office.name.clone(),
        Some(case.reference.clone()),
        now,
    );
    let commitment = ops::commit(&filled)?;
    head.salt = Some(commitment.salt);
    let making = Arc::clone(&form);
    let rendered = tokio::task::spawn_blocking(move || {
        paper::forms::render(&making.template, &filled, &head, Language::German)
    });
    let rendered = rendered.await.map_err(|_fell| DbError::GivenUp)??;
    let metadata = Metadata {
        title: form.template.title.of(Language::German).to_owned(),
        kind: Some(form.template.document_type.clone()),
        direction: Direction::Internal,
        channel: None,
        correspondent: party.as_ref().map(|party| party.details.name.clone()),
        correspondent_id: party.as_ref().map(|party| party.id),
        document_date: CivilDate::on(now),
        received_at: now,
        references: Vec::new(),
        tags: Vec::new(),
        fields: Values::new(),
    };
    let described = ops::described(&form, &rendered, (Language::German, commitment.sha256));
    let name = format!("{}.pdf", form.template.id);
    let pages = u64::try_from(rendered.pages).unwrap_or(u64::MAX);
    let into = (actor, Some(case.id));
    let content = documents::store_form((db, storage, tasks), into, rendered.pdf, name).await?;
    let made = Made {
        department: case.department,
        case: Some(case.id),
        metadata,
        content,
        form: described,
        pages,
    };
    Ok(ForCase {
        form,
        made,
        departments: all,
    })
}

/// Files it as a draft in its case; gives the document.
///
/// # Errors
/// [`FormsError`].
pub async fn file_for_case(unit: &mut Unit, one: ForCase) -> Result<DocumentId, FormsError> {
    let answer = ops::file(unit, &one.form, one.made, &one.departments).await?;
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let id = said["id"].as_str().and_then(|id| id.parse().ok());
    Ok(id.ok_or(DbError::Log("a document without an id"))?)
}

//! A form that is filled in from within, in a case: the demo town begins with one that waits for its signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use paper::forms::Language;
use serde_json::Value;
use storage::Storage;

use super::catalog::Forms;
use super::model::{FormsError, given, letterhead};
use super::ops::{self, Around};
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, CivilDate};
use crate::cases;
use crate::departments;
use crate::documents::{Arriving, Content, Direction, DocumentError, Made, Metadata};
use crate::types::Values;
use crate::unit::{Db, Unit};

/// Fills in a form in a case, as the actor may.
///
/// # Errors
/// Those of filling it in by hand.
pub async fn fill_in(
    (db, storage, forms): (&Db, &Storage, &Forms),
    (actor, case): (&Actor, CaseId),
    (id, said): (&str, &BTreeMap<String, Value>),
) -> Result<(), FormsError> {
    let form = forms.find(id, None)?;
    let case = cases::read(db.read(), actor, case).await;
    let case = case.map_err(FormsError::Case)?;
    let filed = ops::filed(db.read(), &case).await?;
    let all = departments::departments(db.read()).await?;
    let office = all.iter().find(|one| one.id == case.department);
    let office = office.ok_or(FormsError::NotFound)?;
    let around = Around {
        department: office,
        filed: filed.as_ref(),
        party: None,
        now: db.now(),
    };
    let found = ops::found(db.read(), actor, &form, &around).await?;
    let filled = form.template.fill(&given(said), &found);
    let filled = filled.map_err(FormsError::Refused)?;
    let (office, reference) = (office.name.clone(), Some(case.reference.clone()));
    let mut head = letterhead(&forms.town, office, reference, around.now);
    let commitment = ops::commit(&filled)?;
    head.salt = Some(commitment.salt);
    let (making, language) = (Arc::clone(&form), Language::German);
    let rendered = tokio::task::spawn_blocking(move || {
        paper::forms::render(&making.template, &filled, &head, language)
    });
    let rendered = rendered.await.map_err(|_gone| DbError::GivenUp)??;
    let described = ops::described(&form, &rendered, (language, commitment.sha256));
    let metadata = Metadata {
        title: form.template.title.of(language).to_owned(),
        kind: Some(form.template.document_type.clone()),
        direction: Direction::Internal,
        channel: None,
        correspondent: None,
        correspondent_id: None,
        document_date: CivilDate::on(around.now),
        received_at: around.now,
        references: Vec::new(),
        tags: Vec::new(),
        fields: Values::new(),
    };
    let file_name = format!("{id}.pdf");
    let pages = u64::try_from(rendered.pages).unwrap_or(u64::MAX);
    let content = stored((db, storage), &case, (rendered.pdf, file_name)).await?;
    let made = Made {
        department: case.department,
        case: Some(case.id),
        metadata,
        content,
        form: described,
        pages,
    };
    db.write(actor, async move |unit: &mut Unit| {
        ops::file(unit, &form, made, &all).await
    })
    .await?;
    Ok(())
}

async fn stored(
    (db, storage): (&Db, &Storage),
    case: &cases::Case,
    (pdf, file_name): (Vec<u8>, String),
) -> Result<Content, DocumentError> {
    let mut arriving = Arriving::begin(storage).await?;
    arriving.push(Bytes::from(pdf)).await?;
    let media_type = "application/pdf".to_owned();
    let arrived = arriving.finish(media_type, Some(file_name)).await?;
    let arrived = arrived.within(db.read(), case.compartment).await?;
    arrived.keep(db).await
}

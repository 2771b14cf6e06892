//! The counter of the demo town: a case with a form that waits for its signature.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::fill::FillError;
use crate::base::Actor;
use crate::cases::{self, NewCase};
use crate::documents;
use crate::files::{self, Confidentiality, Medium, NewFile};
use crate::forms::{self, FormsError};
use crate::unit::Unit;
use crate::workflows::Bench;

/// Who stands at it: somebody who enters the compartment of identity cards.
pub const CLERK: &str = "k.yildirim";
/// What its tablet is called, and where it stands.
pub const TABLET: (&str, &str) = ("Demo-Tablet", "Schalter 1");
/// Where the form stands: the unit of the file plan, the file, and the case.
const PLAN_UNIT: &str = "02.1.1";
const FILE: &str = "Aushändigung von Personalausweisen";
/// The case: what the welcome names.
pub const CASE: &str = "Personalausweis Lilli Ostermann";
/// The form, and what is said in it.
const FORM: &str = "ausweis-empfang";
const SAID: [(&str, &str); 8] = [
    ("family_name", "Ostermann"),
    ("given_names", "Lilli"),
    ("born_on", "1991-05-17"),
    ("collected_by", "applicant"),
    ("identity_checked", "old_card"),
    ("pin_letter", "handed_over"),
    ("old_card", "returned"),
    ("handed_over_at", "09:05"),
];

/// Opens the case and fills in the form, where that was not done before. A house with forms of its own, in which this
/// one is another, does without.
pub(super) async fn prepare(
    Bench {
        db,
        storage,
        tasks,
        forms,
        ..
    }: &Bench,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    let Some(actor) = actors.get(CLERK) else {
        return Ok(());
    };
    let known = documents::first_named(db.read(), &format!("{FORM}.pdf")).await?;
    if known.is_some() || files::has_subject(db.read(), FILE).await? {
        return Ok(());
    }
    let opened = db.write(actor, async move |unit: &mut Unit| {
        let file = files::open(unit, new_file()).await?;
        let new = NewCase {
            file: file.id,
            parent: None,
            subject: CASE.to_owned(),
            kind: None,
            department: None,
            opened_on: None,
            note: None,
            tags: Vec::new(),
        };
        Ok::<_, FillError>(cases::open(unit, new).await?.id)
    });
    let case = opened.await?.value;
    let said = SAID.map(|(key, value)| (key.to_owned(), Value::String(value.to_owned())));
    let said = BTreeMap::from(said);
    let with = (db, storage, tasks);
    let made = forms::make_for_case(with, forms, (actor, case, FORM), said);
    let made = match Box::pin(made).await {
        Err(FormsError::NotFound | FormsError::Refused(_)) => return Ok(()),
        other => other?,
    };
    let filed = db.write(actor, async move |unit: &mut Unit| {
        forms::file_for_case(unit, made).await
    });
    filed.await?;
    Ok(())
}

fn new_file() -> NewFile {
    NewFile {
        plan_unit: Some(PLAN_UNIT.to_owned()),
        subject: FILE.to_owned(),
        department: None,
        medium: Medium::Electronic,
        confidentiality: Confidentiality::Open,
        opened_on: None,
        tags: Vec::new(),
        note: None,
        parent: None,
    }
}

//! What is done with forms; the only code that writes about them.

use std::collections::BTreeMap;

use paper::forms::{Filled, Language, Place, Rendered, Source};
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};

use super::catalog::{Form, Forms};
use super::model::FormsError;
use super::rows;
use crate::audit::canonical::Object;
use crate::base::db::DbError;
use crate::base::{Actor, CivilDate, CorrespondentId, Timestamp};
use crate::cases::{self, Filed};
use crate::correspondents::{self, Correspondent};
use crate::departments::{self, Department};
use crate::documents::{self, DocumentForm, Made, SignaturePlace};
use crate::replay::Answer;
use crate::unit::Unit;

/// Refuses to go on where a template was changed after documents had been made of it.
///
/// # Errors
/// Names the first such template.
pub async fn check(on: &impl ConnectionTrait, forms: &Forms) -> Result<(), FormsError> {
    for used in rows::used(on).await? {
        let Ok(form) = forms.find(&used.id, Some(used.version)) else {
            // It is offered no more; what was made of it stays, and so does its text.
            continue;
        };
        same(&form, Some(used.sha256.as_slice()))?;
    }
    Ok(())
}

fn same(form: &Form, used: Option<&[u8]>) -> Result<(), FormsError> {
    match used {
        Some(used) if used != form.template.sha256.as_slice() => Err(FormsError::Changed {
            name: form.name.clone(),
            id: form.template.id.clone(),
            version: form.template.version,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Of what a form is filled besides what is said.
pub(super) struct Around<'a> {
    /// Where it goes.
    pub department: &'a Department,
    /// The case for which it is, with its file.
    pub filed: Option<&'a Filed>,
    /// Who stands on the other side.
    pub party: Option<&'a Correspondent>,
    /// When.
    pub now: Timestamp,
}

/// Who stands on the other side: the one that was named, or the only one that documents of the case name.
pub(super) async fn party(
    on: &impl ConnectionTrait,
    actor: &Actor,
    (named, filed): (Option<CorrespondentId>, Option<&Filed>),
) -> Result<Option<Correspondent>, FormsError> {
    let id = match (named, filed) {
        (Some(id), _) => Some(id),
        (None, Some(filed)) => documents::correspondent_of_case(on, actor, filed.case.id).await?,
        (None, None) => None,
    };
    match id {
        Some(id) => Ok(correspondents::known(on, actor, id).await?),
        None => Ok(None),
    }
}

/// The case with its file.
pub(super) async fn filed(
    on: &impl ConnectionTrait,
    case: &cases::Case,
) -> Result<Option<Filed>, DbError> {
    let mut found = cases::filed(on, &[case.id]).await?;
    Ok(found.remove(&case.id))
}

/// What the fields of a form say that nobody is asked for.
pub(super) async fn found(
    on: &impl ConnectionTrait,
    actor: &Actor,
    form: &Form,
    around: &Around<'_>,
) -> Result<BTreeMap<String, String>, DbError> {
    let mut found = BTreeMap::new();
    for field in &form.template.fields {
        let Some(source) = field.source else { continue };
        let value = match source {
            Source::ClerkName => departments::account(on, actor.account)
                .await?
                .map(|account| account.name),
            Source::CaseReference
            | Source::CaseSubject
            | Source::CaseKind
            | Source::CaseOpenedOn
            | Source::FileReference
            | Source::DepartmentName
            | Source::PartyName
            | Source::PartyStreet
            | Source::PartyPostalCode
            | Source::PartyCity
            | Source::PartyEmail
            | Source::Today => around.value(source),
        };
        if let Some(value) = value {
            found.insert(field.key.clone(), value);
        }
    }
    Ok(found)
}

impl Around<'_> {
    fn value(&self, source: Source) -> Option<String> {
        let case = self.filed.map(|filed| &filed.case);
        let party = self.party.map(|party| &party.details);
        match source {
            Source::CaseReference => case.map(|case| case.reference.clone()),
            Source::CaseSubject => case.map(|case| case.subject.clone()),
            Source::CaseKind => case.and_then(|case| case.kind.clone()),
            Source::CaseOpenedOn => case.map(|case| case.opened_on.to_string()),
            Source::FileReference => self.filed.map(|filed| filed.file.reference.clone()),
            Source::DepartmentName => Some(self.department.name.clone()),
            Source::PartyName => party.map(|party| party.name.clone()),
            Source::PartyStreet => party.and_then(|party| party.address.street.clone()),
            Source::PartyPostalCode => party.and_then(|party| party.address.postal_code.clone()),
            Source::PartyCity => party.and_then(|party| party.address.city.clone()),
            Source::PartyEmail => party.and_then(|party| party.email.clone()),
            Source::Today => CivilDate::on(self.now).map(|day| day.to_string()),
            // Asked of the database by whoever calls.
            Source::ClerkName => None,
        }
    }
}

/// What binds to the values of a form without telling them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commitment {
    /// 32 random bytes, in hex: for the form alone.
    pub salt: String,
    /// SHA-256 over them and the values, in hex.
    pub sha256: String,
}

/// Binds to the values of a form.
pub(super) fn commit(filled: &Filled) -> Result<Commitment, FormsError> {
    let mut salt = [0_u8; 32];
    getrandom::fill(&mut salt).map_err(|_none| DbError::Log("the system gives no random bytes"))?;
    let mut values = Object::new();
    for (key, value) in filled.codes() {
        values
            .insert(key, value)
            .map_err(|_key| DbError::Log("a field has a key that is none"))?;
    }
    let digest = Sha256::new()
        .chain_update(salt)
        .chain_update(values.to_bytes())
        .finalize();
    Ok(Commitment {
        salt: hex::encode(salt),
        sha256: hex::encode(digest),
    })
}

/// What is remembered of a form beside the document that was made of it.
pub(super) fn described(
    form: &Form,
    rendered: &Rendered,
    (language, values_sha256): (Language, String),
) -> DocumentForm {
    DocumentForm {
        id: form.template.id.clone(),
        version: form.template.version,
        sha256: form.template.sha256_hex(),
        language: language.code().to_owned(),
        values_sha256,
        identity_check: form.template.identity_check,
        signatures: rendered.places.iter().map(place).collect(),
    }
}

fn place(place: &Place) -> SignaturePlace {
    SignaturePlace {
        key: place.key.clone(),
        label: place.label.clone(),
        who: place.who.code().to_owned(),
        page: u64::try_from(place.page).unwrap_or(u64::MAX),
        left: place.left,
        bottom: place.bottom,
        width: place.width,
        height: place.height,
    }
}

/// Files what was made of a form. From now on that version of the form cannot be changed.
pub(super) async fn file(
    unit: &mut Unit,
    form: &Form,
    made: Made,
    departments: &[Department],
) -> Result<Answer, FormsError> {
    let used = rows::used_as(unit.tx(), form).await?;
    same(form, used.as_deref())?;
    if used.is_none() {
        rows::remember(unit, form).await?;
    }
    Ok(documents::file_form(unit, made, departments).await?)
}

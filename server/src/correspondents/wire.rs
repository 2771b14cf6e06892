//! Correspondents on the wire, and how what comes in becomes a command: all faults at once.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{
    ADDRESS_CHARS_MAX, ALIASES_MAX, Address, Change, Correspondent, CorrespondentKind, Details,
    EMAIL_CHARS_MAX, NAME_CHARS_MAX,
};
use crate::base::CorrespondentId;
use crate::files::REASON_CHARS_MAX;
use crate::http::gather::{Fields, present};
use crate::http::{Fault, Problem, text};

/// Where letters reach a correspondent; each part where it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = PostalAddress)]
pub(super) struct AddressParts {
    /// Street and number, or a box.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false, example = "Marktgasse 3")]
    street: Option<String>,
    /// Postleitzahl.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false, example = "00000")]
    postal_code: Option<String>,
    /// Ort.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false, example = "Hollerfurt")]
    city: Option<String>,
    /// Staat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false)]
    country: Option<String>,
}

impl AddressParts {
    fn read(&self, fields: &mut Fields) -> Address {
        let mut part = |name: &str, raw: &Option<String>| {
            let pointer = format!("/address/{name}");
            raw.as_deref()
                .and_then(|raw| fields.line(&pointer, raw, ADDRESS_CHARS_MAX))
        };
        Address {
            street: part("street", &self.street),
            postal_code: part("postal_code", &self.postal_code),
            city: part("city", &self.city),
            country: part("country", &self.country),
        }
    }
}

impl From<&Address> for AddressParts {
    fn from(address: &Address) -> Self {
        Self {
            street: address.street.clone(),
            postal_code: address.postal_code.clone(),
            city: address.city.clone(),
            country: address.country.clone(),
        }
    }
}

fn email(fields: &mut Fields, raw: &str) -> Option<String> {
    let line = fields.line("/email", raw, EMAIL_CHARS_MAX)?;
    let whole = |(name, house): (&str, &str)| {
        !name.is_empty() && house.contains('.') && !house.contains('@') && !house.ends_with('.')
    };
    if line.contains(' ') || !line.split_once('@').is_some_and(whole) {
        let expected = text(
            "eine E-Mail-Adresse, zum Beispiel post@example.org",
            "an e-mail address, post@example.org for instance",
        );
        fields.fault("/email", Fault::WrongFormat { expected });
        return None;
    }
    Some(line)
}

/// A new correspondent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "organisation", "name": "Blitzblank Gebäudereinigung GmbH",
    "aliases": ["Blitzblank"], "address": {"city": "Hollerfurt"}, "email": "post@blitzblank.example"}))]
pub(super) struct CorrespondentRequest {
    /// What it is, where that is known.
    #[serde(default)]
    #[schema(nullable = false)]
    kind: Option<CorrespondentKind>,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it is also called, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    aliases: Vec<String>,
    /// Its address.
    #[serde(default)]
    #[schema(nullable = false)]
    address: Option<AddressParts>,
    /// Its e-mail address.
    #[serde(default)]
    #[schema(max_length = 254, nullable = false)]
    email: Option<String>,
}

impl CorrespondentRequest {
    /// What is said about it.
    pub(super) fn details(&self) -> Result<Details, Problem> {
        let mut fields = Fields::new();
        let name = fields.line("/name", &self.name, NAME_CHARS_MAX);
        let aliases = fields.lines("/aliases", &self.aliases, ALIASES_MAX, NAME_CHARS_MAX);
        let address = self.address.clone().unwrap_or_default().read(&mut fields);
        let email = self
            .email
            .as_deref()
            .and_then(|raw| email(&mut fields, raw));
        fields.done(Details {
            kind: self.kind,
            name: name.unwrap_or_default(),
            aliases,
            address,
            email,
        })
    }
}

/// A change of a correspondent. What is missing stays; what is null is emptied.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"name": "Blitzblank Service GmbH"}))]
pub(super) struct CorrespondentChange {
    /// What it is.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<CorrespondentKind>)]
    kind: Option<Option<CorrespondentKind>>,
    /// Its name; the one before stays as an alias, unless `aliases` are given.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// All aliases.
    #[schema(max_items = 50, nullable = false)]
    aliases: Option<Vec<String>>,
    /// The whole address.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<AddressParts>)]
    address: Option<Option<AddressParts>>,
    /// Its e-mail address.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 254)]
    email: Option<Option<String>>,
}

impl CorrespondentChange {
    /// The change.
    pub(super) fn change(&self) -> Result<Change, Problem> {
        let mut fields = Fields::new();
        let name = self
            .name
            .as_deref()
            .and_then(|raw| fields.line("/name", raw, NAME_CHARS_MAX));
        let aliases = self
            .aliases
            .as_ref()
            .map(|raw| fields.lines("/aliases", raw, ALIASES_MAX, NAME_CHARS_MAX));
        let address = self.address.as_ref().map(|raw| {
            let parts = raw.clone().unwrap_or_default();
            parts.read(&mut fields)
        });
        let email = self
            .email
            .as_ref()
            .map(|raw| raw.as_deref().and_then(|raw| email(&mut fields, raw)));
        fields.done(Change {
            kind: self.kind,
            name,
            aliases,
            address,
            email,
        })
    }
}

/// Into which correspondent one is merged.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"into": "01922f3c-0000-7000-8000-000000000000", "reason": "Doppelt angelegt"}))]
pub(super) struct MergeRequest {
    /// The survivor. It must not have been merged itself.
    into: Uuid,
    /// Why; stands in the history.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    reason: Option<String>,
}

impl MergeRequest {
    /// The survivor, and why.
    pub(super) fn read(&self) -> Result<(CorrespondentId, Option<String>), Problem> {
        let mut fields = Fields::new();
        let reason = self
            .reason
            .as_deref()
            .and_then(|raw| fields.line("/reason", raw, REASON_CHARS_MAX));
        fields.done((CorrespondentId::of(self.into), reason))
    }
}

/// Why a correspondent is split off again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Zwei verschiedene Personen"}))]
pub(super) struct SplitRequest {
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl SplitRequest {
    /// The reason.
    pub(super) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// The filters of a list.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct CorrespondentFilter {
    /// Beginnings of words in a name or an alias, in any order; ä is ae.
    #[param(nullable = false, max_length = 200)]
    pub(super) q: Option<String>,
    /// Of this kind.
    #[param(nullable = false)]
    pub(super) kind: Option<CorrespondentKind>,
    /// Instead of those that stand for themselves: those that were merged into this one, not what was merged
    /// into these before.
    #[param(nullable = false)]
    pub(super) merged_into: Option<Uuid>,
}

/// A correspondent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Correspondent)]
pub(super) struct CorrespondentView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// What it is, where that is known.
    kind: Option<CorrespondentKind>,
    /// Its name.
    name: String,
    /// What it is also called.
    aliases: Vec<String>,
    /// Its address.
    address: AddressParts,
    /// Its e-mail address.
    email: Option<String>,
    /// The survivor, where it was merged into another one: go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    merged_into: Option<Uuid>,
    /// Whether you may change, merge and split off, as far as it is this one.
    may_change: bool,
    /// When it was made, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// By which account.
    created_by: Uuid,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    changed_at: String,
    /// By which account.
    changed_by: Uuid,
}

impl CorrespondentView {
    /// A correspondent, for somebody who may change it or not.
    pub(super) fn of(one: &Correspondent, may_change: bool) -> Self {
        let details = &one.details;
        Self {
            id: one.id.raw(),
            version: one.version,
            kind: details.kind,
            name: details.name.clone(),
            aliases: details.aliases.clone(),
            address: AddressParts::from(&details.address),
            email: details.email.clone(),
            merged_into: one.merged.as_ref().map(|merged| merged.into.raw()),
            may_change,
            created_at: one.created_at.to_string(),
            created_by: one.created_by.raw(),
            changed_at: one.changed_at.to_string(),
            changed_by: one.changed_by.raw(),
        }
    }
}

/// A page of correspondents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CorrespondentPage {
    /// The correspondents, by name.
    pub(super) items: Vec<CorrespondentView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

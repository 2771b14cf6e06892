//! How workflows begin, and how one goes on by another version of its definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use workflow::definition::{CaseFact, Definition, DocumentFact, FieldKind, Source};
use workflow::instance::{Command, Day, Id, Value};

use super::billed::{self, Known};
use super::catalog::{Listed, Rules, Shipped};
use super::facts::Around;
use super::keyed::Beginning;
use super::model::{Kept, Refused, Standing, Step, WorkflowError, Wrong};
use super::ops::{self, Commanded, Desk};
use super::rows;
use super::values::{Reader, Said, cents_of, day_of, may_bring};
use crate::audit::event::Action;
use crate::base::{Actor, CaseId, CivilDate, DefinitionId, DocumentId, WorkflowId};
use crate::cases::{self, Case, CaseError, Life};
use crate::departments;
use crate::documents::{self, Billed, Document, DocumentError};
use crate::types;
use crate::unit::Unit;

/// The currency of all amounts.
const EURO: &str = "EUR";

/// A workflow that shall begin.
#[derive(Debug, Clone)]
pub struct New {
    /// Short name of its definition.
    pub definition: String,
    /// In which version; the newest that holds, if nothing is said.
    pub version: Option<u32>,
    /// In which case.
    pub case: CaseId,
    /// The document with which it begins.
    pub document: Option<DocumentId>,
    /// What that document says of itself as an invoice, where that was read.
    pub billed: Option<Billed>,
    /// What is said, by the keys of the fields, as it stands on the wire.
    pub fields: Said,
}

/// Begins a workflow in an open case.
///
/// # Errors
/// [`WorkflowError`]; then nothing has happened.
pub async fn start(unit: &mut Unit, rules: &Rules, new: New) -> Result<Commanded, WorkflowError> {
    // Documents are locked before their case, as by whoever adds a version.
    documents::lock_all(unit, new.document.as_slice()).await?;
    let case = ops::case_to_begin(unit, new.case).await?;
    ops::require_full(unit.actor())?;
    let wanted = (new.definition.as_str(), new.version);
    let found = rules.find(unit.tx(), wanted).await?;
    let found = found.filter(|listed| listed.standing() == Standing::Active);
    let Some(listed) = found else {
        require_open(&case)?;
        return Err(WorkflowError::NoDefinition);
    };
    let definition = rules.read(listed.source())?;
    // What is known again is answered by what there is, wherever that runs or ran: the place is looked at after that.
    let once = !definition.unique.is_empty();
    if !once {
        require_open(&case)?;
    }
    require_newest(unit, rules, &listed).await?;
    fits(unit, &definition, &case).await?;
    if !once {
        require_none_runs(unit, (&definition, new.document), case.id).await?;
    }
    if let Listed::Shipped(one) = &listed {
        adopt(unit, one, Standing::Active, None).await?;
    }
    let document = with_which(unit, (case.id, new.document)).await?;
    if !once {
        require_free(unit, rules, (&definition, case.id), document.as_ref()).await?;
    }
    let beside = (&case, document.as_ref());
    let (fields, said) = filled(unit, &definition, beside, &new).await?;
    let command = Command::Start { fields };
    let around = Around::of(unit.tx(), rules, case).await?;
    let doer = around.doer(unit.tx(), unit.actor(), unit.now()).await?;
    let desk = Desk {
        around,
        definition,
        doer,
    };
    let (decided, house) = desk
        .decide(unit.tx(), rules, (None, &command), (&desk.doer, unit.now()))
        .await?;
    let events = decided.map_err(|refusal| {
        WorkflowError::Refused(Box::new(Refused {
            refusal,
            state: desk.definition.start.clone(),
            step: None,
        }))
    })?;
    let beginning = Beginning {
        definition: &desk.definition,
        said: &said,
        events: &events,
    };
    if once {
        beginning.require_new(unit, rules).await?;
        require_here(unit, &desk, &new).await?;
        require_open(&desk.around.case)?;
        let place = (&*desk.definition, desk.around.case.id);
        require_none_runs(unit, (place.0, new.document), place.1).await?;
        require_free(unit, rules, place, document.as_ref()).await?;
    }
    let what = (&command, events.as_slice());
    let flow = ops::written(unit, (None, &desk.around), &house, what).await?;
    beginning.keep(unit, rules, flow.id).await?;
    let desk = Box::new(desk);
    Ok(Commanded { flow, events, desk })
}

/// Refuses a case that is closed.
fn require_open(case: &Case) -> Result<(), WorkflowError> {
    match case.life {
        Life::Open => Ok(()),
        Life::Closed(_) => Err(CaseError::Closed.into()),
    }
}

/// Refuses documents in fields that stand in another case.
async fn require_here(unit: &Unit, desk: &Desk, new: &New) -> Result<(), WorkflowError> {
    let reader = Reader {
        on: unit.tx(),
        actor: unit.actor(),
        case: desk.around.case.id,
        definition: &desk.definition,
        anywhere: false,
    };
    reader.read(&new.fields).await.map(drop)
}

/// Refuses a case in which a workflow by that definition runs. Where each document has its own, only that document is
/// looked at, when it is known whether it is free.
async fn require_none_runs(
    unit: &Unit,
    (definition, document): (&Definition, Option<DocumentId>),
    case: CaseId,
) -> Result<(), WorkflowError> {
    if definition.per_document && document.is_some() {
        return Ok(());
    }
    match rows::running(unit.tx(), (case, &definition.id)).await? {
        Some(existing) => Err(WorkflowError::Runs { existing }),
        None => Ok(()),
    }
}

/// Refuses a document that stands in another case, or with which a workflow by that definition runs already.
async fn require_free(
    unit: &Unit,
    rules: &Rules,
    (definition, case): (&Definition, CaseId),
    document: Option<&Document>,
) -> Result<(), WorkflowError> {
    let Some(document) = document else {
        return Ok(());
    };
    if let Some(id) = billed::runs_with(unit.tx(), definition, document.id).await? {
        let asks = (unit.actor(), unit.now());
        let existing = match Box::pin(ops::read(unit.tx(), rules, asks, id)).await {
            Ok((flow, desk)) => Some((flow.id, desk.around.case.reference)),
            Err(WorkflowError::NotFound) => None,
            Err(error) => return Err(error),
        };
        return Err(WorkflowError::Begun { existing });
    }
    let Some(stands_in) = document.case.filter(|stands_in| *stands_in != case) else {
        return Ok(());
    };
    let other = cases::find(unit.tx(), stands_in).await?;
    let reference = match other {
        Some(other) if ops::sees(unit.tx(), unit.actor(), &other).await? => Some(other.reference),
        Some(_) | None => None,
    };
    Err(WorkflowError::Elsewhere { reference })
}

/// Refuses a field that names another document than the one with which it begins, where each document has its own: that
/// one may have its own already, or get it later.
fn require_own(
    definition: &Definition,
    document: Option<&Document>,
    said: &BTreeMap<String, Value>,
) -> Result<(), WorkflowError> {
    let Some(document) = document.filter(|_| definition.per_document) else {
        return Ok(());
    };
    let id = document.id.to_string();
    let own = Value::Document(Id(id.clone()));
    let fields = definition.fields.iter();
    let named = fields.filter(|field| field.source == Some(Source::Document));
    let wrong = named.filter(|field| said.get(&field.key).is_some_and(|said| *said != own));
    let wrong: Vec<_> = wrong
        .map(|field| (field.key.clone(), Wrong::NotOneOf(vec![id.clone()])))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(WorkflowError::Values(wrong))
    }
}

/// What is known as it begins, and what of that was said.
async fn filled(
    unit: &Unit,
    definition: &Definition,
    (case, document): (&Case, Option<&Document>),
    new: &New,
) -> Result<(BTreeMap<String, Value>, BTreeMap<String, Value>), WorkflowError> {
    let known = match document {
        Some(document) => {
            let said = (document, new.billed.as_ref());
            billed::known(unit.tx(), definition, said).await?
        }
        None => None,
    };
    let reader = Reader {
        on: unit.tx(),
        actor: unit.actor(),
        case: case.id,
        definition,
        // What is known again is answered before that, whatever case it was said for.
        anywhere: !definition.unique.is_empty(),
    };
    let mut fields = found(definition, (case, document, known.as_ref()));
    let said = reader.read(&new.fields).await?;
    require_own(definition, document, &said)?;
    fields.extend(said.clone());
    for field in &definition.fields {
        if billed::is_twin(field.source.as_ref(), known.as_ref()) {
            fields.insert(field.key.clone(), Value::YesNo(true));
        }
    }
    Ok((fields, said))
}

/// Refuses a version that a newer one has taken the place of: whoever begins does not choose the rules that suit him.
async fn require_newest(unit: &Unit, rules: &Rules, listed: &Listed) -> Result<(), WorkflowError> {
    let newest = rules.find(unit.tx(), (listed.code(), None)).await?;
    match newest {
        Some(newest) if newest.number() != listed.number() => Err(WorkflowError::State {
            current: "superseded",
        }),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a case of another type, or one that stands in another compartment than is asked for.
async fn fits(unit: &Unit, definition: &Definition, case: &Case) -> Result<(), WorkflowError> {
    if case.kind.as_deref() != Some(definition.case_type.as_str()) {
        return Err(WorkflowError::CaseType {
            wanted: definition.case_type.clone(),
        });
    }
    let Some(code) = &definition.compartment else {
        return Ok(());
    };
    let wanted = departments::compartments::by_code(unit.tx(), code).await?;
    if wanted.is_none() || case.compartment != wanted {
        return Err(WorkflowError::OutsideCompartment);
    }
    Ok(())
}

/// The document with which it begins: one that the actor sees, in a case; or in none yet, where he works with it.
/// One in another case may say that this begins a second time: it is refused after that.
async fn with_which(
    unit: &Unit,
    (case, document): (CaseId, Option<DocumentId>),
) -> Result<Option<Document>, WorkflowError> {
    let Some(id) = document else {
        return Ok(None);
    };
    match documents::read(unit.tx(), unit.actor(), id).await {
        Ok(held)
            if held.document.case.is_some() || may_bring(unit.actor(), &held.document, case) =>
        {
            Ok(Some(held.document))
        }
        Ok(_) | Err(DocumentError::NotFound) => Err(WorkflowError::NoDocument),
        Err(error) => Err(error.into()),
    }
}

/// What the fields are that nobody is asked for.
fn found(
    definition: &Definition,
    (case, document, billed): (&Case, Option<&Document>, Option<&Known<'_>>),
) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    for field in &definition.fields {
        let told = |source: &Source| match source {
            Source::Case(fact) => of_case(*fact, case),
            Source::Document => {
                document.map(|document| Value::Document(Id(document.id.to_string())))
            }
            Source::DocumentField(code) => {
                let said = document.and_then(|it| it.metadata.fields.get(code));
                said.and_then(|said| of_field(&field.kind, said))
            }
            Source::DocumentFact(fact) => document.and_then(|it| of_document(*fact, it)),
            Source::Invoice(fact) => billed.and_then(|it| it.value(*fact)),
            // The rules know who begins, and the day.
            Source::Initiator | Source::Today => None,
        };
        // The first that tells something which fits.
        let mut sources = field.source.iter().chain(&field.fallback);
        let fitting = sources.find_map(|source| fitted(&field.kind, told(source)?));
        fields.extend(fitting.map(|value| (field.key.clone(), value)));
    }
    fields
}

fn day(day: CivilDate) -> Value {
    Value::Day(Day(day.date()))
}

fn of_case(fact: CaseFact, case: &Case) -> Option<Value> {
    Some(match fact {
        CaseFact::Reference => Value::Text(case.reference.clone()),
        CaseFact::Subject => Value::Text(case.subject.clone()),
        CaseFact::OpenedOn => day(case.opened_on),
    })
}

fn of_document(fact: DocumentFact, document: &Document) -> Option<Value> {
    let said = &document.metadata;
    match fact {
        DocumentFact::Title => Some(Value::Text(said.title.clone())),
        DocumentFact::Correspondent => said.correspondent.clone().map(Value::Text),
        DocumentFact::ReceivedOn => CivilDate::on(said.received_at).map(day),
        DocumentFact::Dated => said.document_date.map(day),
    }
}

/// What stands in a field of a document, by the kind of the field that takes it.
fn of_field(kind: &FieldKind, said: &types::Value) -> Option<Value> {
    match (kind, said) {
        (
            FieldKind::Text { .. } | FieldKind::Time | FieldKind::Choice(_),
            types::Value::Text(text),
        ) => Some(Value::Text(text.clone())),
        (FieldKind::Number, types::Value::Text(text)) => text.parse().ok().map(Value::Number),
        (FieldKind::Day, types::Value::Text(text)) => day_of(text).map(Value::Day),
        (FieldKind::Money, types::Value::Text(amount)) => cents_of(amount).map(Value::Money),
        // Amounts here are in euro: what is in another currency is not known.
        (FieldKind::Money, types::Value::Money { amount, currency }) => {
            let is_euro = currency.as_deref().is_none_or(|code| code == EURO);
            cents_of(amount).filter(|_| is_euro).map(Value::Money)
        }
        (FieldKind::YesNo, types::Value::Flag(flag)) => Some(Value::YesNo(*flag)),
        (_, _) => None,
    }
}

/// A value that was found, cut to what the field takes; none where it takes no such thing.
fn fitted(kind: &FieldKind, value: Value) -> Option<Value> {
    match (kind, value) {
        // What must look in some way is taken as it is, or not at all.
        (
            FieldKind::Text {
                chars_max,
                pattern: None,
            },
            Value::Text(text),
        ) => {
            let text: String = text.chars().take(*chars_max).collect();
            (!text.is_empty()).then_some(Value::Text(text))
        }
        (FieldKind::Text { .. } | FieldKind::Time | FieldKind::Choice(_), Value::Text(text)) => {
            kind.of_text(&text)
        }
        (FieldKind::Number, value @ Value::Number(_))
        | (FieldKind::Money, value @ Value::Money(_))
        | (FieldKind::Day, value @ Value::Day(_))
        | (FieldKind::YesNo, value @ Value::YesNo(_))
        | (FieldKind::Who, value @ Value::Who(_))
        | (FieldKind::Document, value @ Value::Document(_)) => Some(value),
        (FieldKind::Whos, Value::Who(one)) => Some(Value::Whos(vec![one])),
        (_, _) => None,
    }
}

/// Writes down a definition of the program: it is used for the first time, or retired.
pub(super) async fn adopt(
    unit: &mut Unit,
    one: &Shipped,
    standing: Standing,
    reason: Option<String>,
) -> Result<Kept, WorkflowError> {
    let by_program = Step {
        at: unit.now(),
        by: Actor::system().account,
    };
    let retired = (standing == Standing::Retired).then(|| Step {
        at: unit.now(),
        by: unit.actor().account,
    });
    let kept = Kept {
        id: DefinitionId::new(),
        version: 1,
        code: one.definition.id.clone(),
        number: one.definition.version,
        sha256: one.definition.sha256,
        source: one.source.to_vec(),
        title: one.definition.title.de.clone(),
        standing,
        shipped: true,
        proposed: by_program,
        first: None,
        second: None,
        retired,
        reason,
    };
    rows::insert_definition(unit, &kept).await?;
    unit.record(Action::WorkflowDefinitionAdopt, None);
    Ok(kept)
}

/// A change to another version of the definition.
#[derive(Debug, Clone)]
pub(super) struct Migration {
    /// To which version.
    pub(super) version: u32,
    /// What becomes of the states.
    pub(super) states: BTreeMap<String, String>,
    /// Why.
    pub(super) reason: String,
}

/// Lets a workflow go on by another version of its definition, which holds. The engine says who may and whether its
/// state fits.
pub(super) async fn migrate(
    unit: &mut Unit,
    rules: &Rules,
    asked: (WorkflowId, Option<u64>),
    to: Migration,
) -> Result<Commanded, WorkflowError> {
    let (flow, desk) = ops::to_command(unit, rules, asked).await?;
    let code = flow.instance.definition.clone();
    let listed = rules.find(unit.tx(), (&code, Some(to.version))).await?;
    let listed = listed.filter(|one| one.standing() == Standing::Active);
    let listed = listed.ok_or(WorkflowError::NoDefinition)?;
    require_newest(unit, rules, &listed).await?;
    let definition: Arc<Definition> = rules.read(listed.source())?;
    if let Listed::Shipped(one) = &listed {
        adopt(unit, one, Standing::Active, None).await?;
    }
    let command = Command::Migrate {
        states: to.states,
        reason: to.reason,
    };
    let desk = Desk { definition, ..desk };
    ops::run(unit, rules, (flow, desk), command).await
}

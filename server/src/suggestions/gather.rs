//! What is suggested of what the house knows: correspondents, cases, and what the department files. The right is
//! part of every question; what is asked for and not answered leaves no trace in the suggestions.

use std::collections::HashMap;

use indexer::letter::{Code, Letter, Zone};
use indexer::{Neighbours, Vote, votes};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::model::{Gathered, Suggested, mail_of};
use super::reasons::{self, Referred};
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, CorrespondentId, DepartmentId, DocumentId};
use crate::cases::{self, Case};
use crate::correspondents::{self, Correspondent};
use crate::documents::{self, Basis, Document, State};
use crate::files::{self, What};
use crate::http::{Problem, Text};
use crate::search::{self, Engine, Findable};

/// So many references are asked for in one question.
const CODES_AT_ONCE: usize = 400;
/// So many accounts and tax numbers are looked for.
const KEYS_MAX: usize = 4;
/// So many documents on which one of them stands are looked at.
const HAVING_MAX: usize = 20;
/// So many labels are looked at.
const LABELS_MAX: usize = 10;
/// Of those that many in a hundred must have the same correspondent: the town's own account stands everywhere.
const AGREEING_PERCENT: usize = 67;

/// What is asked, by whom, of what.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) engine: Engine<'a>,
    pub(super) actor: &'a Actor,
    /// What the index may tell him.
    pub(super) findable: &'a Findable,
    pub(super) basis: &'a Basis,
    pub(super) letter: &'a Letter,
    /// The short name of its department.
    pub(super) department: &'a str,
}

/// The documents of the department that are most like this one, with what is said about them now.
pub(super) struct Alike {
    neighbours: Neighbours,
    said: HashMap<u128, Document>,
}

/// The documents that count: those that the actor may see, of this department, not put aside. The index may
/// not have followed yet.
async fn counting(
    on: &impl ConnectionTrait,
    actor: &Actor,
    department: DepartmentId,
    ids: &[DocumentId],
) -> Result<Vec<Document>, Problem> {
    let mut found = documents::visible_among(on, actor, ids).await?;
    found.retain(|one| one.department == department && one.state != State::Discarded);
    Ok(found)
}

/// Looks for what is most like a document.
pub(super) async fn alike(asking: Asking<'_>) -> Result<Alike, Problem> {
    let document = &asking.basis.held.document;
    let pages = asking.basis.pages.clone().unwrap_or_default();
    let of = (document.id, asking.department);
    let neighbours = search::neighbours(asking.engine, asking.findable, of, pages).await?;
    let ids = neighbours.all.iter().map(|one| one.key.0);
    let ids: Vec<DocumentId> = ids
        .map(|key| DocumentId::of(Uuid::from_u128(key)))
        .collect();
    let on = asking.engine.db.read();
    let found = counting(on, asking.actor, document.department, &ids).await?;
    let said = found.into_iter().map(|one| (one.id.raw().as_u128(), one));
    Ok(Alike {
        neighbours,
        said: said.collect(),
    })
}

impl Alike {
    /// On which types those agree that are most like it.
    pub(super) fn kinds(&self) -> Vec<Vote<String>> {
        votes(&self.neighbours, |one| {
            self.said.get(&one.key.0)?.metadata.kind.clone()
        })
    }

    fn correspondents(&self) -> Vec<CorrespondentId> {
        let said = self.said.values();
        said.filter_map(|one| one.metadata.correspondent_id)
            .collect()
    }
}

/// What each of these is today: itself, or the one into which it was merged; those that the actor knows.
async fn today(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[CorrespondentId],
) -> Result<HashMap<CorrespondentId, Correspondent>, DbError> {
    let mut found = correspondents::of_ids(on, ids).await?;
    let mut wanted: Vec<CorrespondentId> = found.values().map(|one| one.id).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known = correspondents::known_among(on, actor, &wanted).await?;
    found.retain(|_, one| known.contains(&one.id));
    Ok(found)
}

/// A correspondent by id and name.
pub(super) type Who = (CorrespondentId, String);

fn who(one: &Correspondent) -> Who {
    (one.id, one.details.name.clone())
}

/// From or to whom the document may be.
pub(super) async fn correspondents(
    asking: Asking<'_>,
    alike: &Alike,
) -> Result<Vec<Suggested<Who>>, Problem> {
    let on = asking.engine.db.read();
    let mut gathered = Gathered::new();
    let spelled = spelled(asking);
    let names: Vec<String> = spelled.iter().map(|one| one.name.clone()).collect();
    for (at, one) in correspondents::named_among(on, asking.actor, &names).await? {
        if let Some(spelled) = spelled.get(at) {
            gathered.add(who(&one), spelled.score, spelled.reason.clone());
        }
    }
    by_address(asking, &mut gathered).await?;
    by_key(asking, &mut gathered).await?;
    let known = today(on, asking.actor, &alike.correspondents()).await?;
    let votes = votes(&alike.neighbours, |one| {
        let said = alike.said.get(&one.key.0)?;
        known.get(&said.metadata.correspondent_id?).map(who)
    });
    for vote in votes {
        let reason = reasons::like_of_correspondent(vote.entries, &vote.words);
        gathered.add(vote.value, vote.score, reason);
    }
    Ok(gathered.done())
}

/// A name as it may be that of a correspondent.
struct Spelled {
    name: String,
    score: f64,
    reason: Text,
}

/// What may be names, what speaks most for itself first.
fn spelled(asking: Asking<'_>) -> Vec<Spelled> {
    let mut all = Vec::new();
    let mut add = |name: &str, score: f64, reason: Text| {
        all.push(Spelled {
            name: name.to_owned(),
            score,
            reason,
        });
    };
    let mail = mail_of(&asking.basis.held);
    let sender = mail.and_then(|mail| mail.from.first());
    if let Some(name) = sender.and_then(|sender| sender.name.as_deref()) {
        add(name, 0.9, reasons::mail_sender());
    }
    let invoice = asking.basis.invoice.as_ref();
    if let Some(seller) = invoice.and_then(|invoice| invoice.seller.as_deref()) {
        add(seller, 0.95, reasons::invoice());
    }
    for name in &asking.letter.names {
        let score = match name.zone {
            Zone::Head => 0.8,
            Zone::Closing => 0.75,
            Zone::Body => 0.4,
        };
        add(&name.text, score, reasons::name(name.zone, &name.text));
    }
    all
}

/// Correspondents whose address of e-mail stands in the mail or in the text.
async fn by_address(asking: Asking<'_>, gathered: &mut Gathered<Who>) -> Result<(), Problem> {
    let mail = mail_of(&asking.basis.held);
    let sender = mail.and_then(|mail| mail.from.first());
    let sender = sender.and_then(|sender| sender.address.as_ref());
    let sender = sender.map(|address| address.to_lowercase());
    let mut mails: Vec<String> = sender.iter().cloned().collect();
    mails.extend(asking.letter.mails.iter().cloned());
    let on = asking.engine.db.read();
    for one in correspondents::reached_at(on, asking.actor, &mails).await? {
        let email = one.details.email.as_deref().unwrap_or_default();
        let email = email.to_lowercase();
        let score = if sender.as_deref() == Some(email.as_str()) {
            0.97
        } else {
            0.8
        };
        gathered.add(who(&one), score, reasons::address(&email));
    }
    Ok(())
}

/// Correspondents of documents on which the same account or tax number stands.
async fn by_key(asking: Asking<'_>, gathered: &mut Gathered<Who>) -> Result<(), Problem> {
    let letter = asking.letter;
    let invoice = asking.basis.invoice.as_ref();
    let mut keys: Vec<String> = invoice.map(|one| one.ibans.clone()).unwrap_or_default();
    keys.extend(letter.tax_ids.iter().chain(&letter.accounts).cloned());
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    let document = &asking.basis.held.document;
    let on = asking.engine.db.read();
    for key in keys.into_iter().take(KEYS_MAX) {
        let asked = (asking.department, key.as_str());
        let ids = search::having(asking.engine, asking.findable, asked, HAVING_MAX).await?;
        let mut found = counting(on, asking.actor, document.department, &ids).await?;
        found.retain(|one| one.id != document.id);
        let named: Vec<CorrespondentId> = found
            .iter()
            .filter_map(|one| one.metadata.correspondent_id)
            .collect();
        let known = today(on, asking.actor, &named).await?;
        let mut counts: HashMap<CorrespondentId, (usize, Who)> = HashMap::new();
        for id in &named {
            if let Some(one) = known.get(id) {
                let count = counts.entry(one.id).or_insert_with(|| (0, who(one)));
                count.0 += 1;
            }
        }
        for (count, who) in counts.into_values() {
            if count * 100 >= named.len() * AGREEING_PERCENT {
                gathered.add(who, 0.85, reasons::code(&key, count));
            }
        }
    }
    Ok(())
}

/// The case to which a reference in the text belongs: compared whole with those that there are, never taken
/// apart.
pub(super) async fn cases(asking: Asking<'_>) -> Result<Vec<Suggested<Meant>>, Problem> {
    let (on, actor) = (asking.engine.db.read(), asking.actor);
    let mut gathered: Gathered<Meant> = Gathered::new();
    by_label(asking, &mut gathered).await?;
    for codes in asking.letter.codes.chunks(CODES_AT_ONCE) {
        let texts: Vec<String> = codes.iter().map(|code| code.text.clone()).collect();
        let code_of = |text: &str| codes.iter().find(|code| code.text == text);
        for case in cases::open_among(on, actor, &texts, &[]).await? {
            if let Some(code) = code_of(&case.reference) {
                add_case(&mut gathered, &case, Referred::Case, code);
            }
        }
        let mut led: Vec<(CaseId, &Code, Referred)> = Vec::new();
        let mut moved: Vec<(DocumentId, &Code)> = Vec::new();
        for (text, what) in files::formerly(on, &texts).await? {
            match (what, code_of(&text)) {
                (What::Case(id), Some(code)) => led.push((id, code, Referred::Former)),
                (What::Document(id), Some(code)) => moved.push((id, code)),
                (What::File(_), _) | (What::Case(_) | What::Document(_), None) => {}
            }
        }
        let ids: Vec<DocumentId> = moved.iter().map(|(id, _)| *id).collect();
        for document in documents::visible_among(on, actor, &ids).await? {
            let code = moved.iter().find(|(id, _)| *id == document.id);
            if let (Some(case), Some((_, code))) = (document.case, code) {
                led.push((case, *code, Referred::Document));
            }
        }
        for (text, id) in documents::cases_of_references(on, actor, &texts).await? {
            if let Some(code) = code_of(&text) {
                led.push((id, code, Referred::Document));
            }
        }
        let ids: Vec<CaseId> = led.iter().map(|(id, ..)| *id).collect();
        for case in cases::open_among(on, actor, &[], &ids).await? {
            let found = led.iter().find(|(id, ..)| *id == case.id);
            if let Some((_, code, what)) = found {
                add_case(&mut gathered, &case, *what, code);
            }
        }
    }
    Ok(gathered.done())
}

/// Cases that a label on a page names, or the open ones of a file that it names.
async fn by_label(asking: Asking<'_>, gathered: &mut Gathered<Meant>) -> Result<(), Problem> {
    let (on, actor) = (asking.engine.db.read(), asking.actor);
    for (page, reference) in asking.basis.labels.iter().take(LABELS_MAX) {
        let named = files::resolve(on, reference).await?;
        let (ids, of_file) = match named.map(|named| named.what) {
            Some(What::Case(id)) => (vec![id], false),
            Some(What::File(id)) => {
                let all = cases::in_file(on, &[id]).await?;
                (all.iter().map(|case| case.id).collect(), true)
            }
            Some(What::Document(_)) | None => continue,
        };
        let found = cases::open_among(on, actor, &[], &ids).await?;
        // Where a file has several, its label says less.
        let score = match (of_file, found.len()) {
            (false, _) => 0.97,
            (true, 1) => 0.95,
            (true, _) => 0.7,
        };
        for case in found {
            let reason = reasons::label(of_file, reference, *page);
            gathered.add(meant(&case), score, reason);
        }
    }
    Ok(())
}

fn meant(case: &Case) -> Meant {
    Meant {
        id: case.id,
        reference: case.reference.clone(),
        subject: case.subject.clone(),
    }
}

/// A case as it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) id: CaseId,
    pub(super) reference: String,
    pub(super) subject: String,
}

fn add_case(gathered: &mut Gathered<Meant>, case: &Case, what: Referred, code: &Code) {
    let label = code.label.as_deref();
    let labelled = label.is_some();
    let score = match what {
        Referred::Case if labelled => 0.95,
        Referred::Case => 0.9,
        Referred::Former | Referred::Document if labelled => 0.9,
        Referred::Former | Referred::Document => 0.8,
    };
    let reason = reasons::reference(what, &code.text, label, code.page);
    gathered.add(meant(case), score, reason);
}

//! Definitions, persons and documents of the tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{
    Ask, Assignee, Definition, Due, DueKind, Effect, End, Escalation, Exit, Field, FieldKind, Join,
    Lapse, Order, Outcome, Person, Requirement, Skip, State, Step, StepKind, Term, Words,
};
use crate::expr::{Expr, Kind, Named, Names};
use crate::instance::{Actor, Assigned, Directory, DocumentState, Id, Value};

pub(super) fn words(text: &str) -> Words {
    Words {
        de: text.to_owned(),
        en: None,
    }
}

pub(super) fn id(text: &str) -> Id {
    Id(text.to_owned())
}

pub(super) fn person(name: &str) -> Assigned {
    Assigned::Person { account: id(name) }
}

pub(super) fn function(code: &str) -> Assigned {
    Assigned::Function {
        code: code.to_owned(),
    }
}

/// Names whatever stands in the fields of the test definitions.
struct Any;

impl Names for Any {
    fn field(&self, key: &str) -> Option<Kind> {
        fields()
            .iter()
            .find(|field| field.key == key)
            .map(|field| match field.kind {
                FieldKind::Text { .. } | FieldKind::Time | FieldKind::Choice(_) => Kind::Text,
                FieldKind::Number => Kind::Number,
                FieldKind::Money => Kind::Money,
                FieldKind::Day => Kind::Day,
                FieldKind::YesNo => Kind::YesNo,
                FieldKind::Who => Kind::Who,
                FieldKind::Whos => Kind::Whos,
                FieldKind::Document => Kind::Document,
            })
    }
    fn entries(&self, _key: &str) -> Option<Vec<String>> {
        None
    }
    fn lookup(&self, _table: &str) -> bool {
        true
    }
    fn outcomes(&self, _step: &str) -> Option<Vec<String>> {
        Some(
            ["done", "agreed", "refused", "expired"]
                .map(ToOwned::to_owned)
                .to_vec(),
        )
    }
    fn actor(&self) -> bool {
        true
    }
    fn all(&self, _what: Named) -> Vec<String> {
        Vec::new()
    }
}

pub(super) fn expr(text: &str) -> Expr {
    Expr::read(text, &Any).unwrap().0
}

fn fields() -> Vec<Field> {
    let field = |key: &str, kind| Field {
        key: key.to_owned(),
        label: words(key),
        kind,
        source: None,
        fallback: None,
        required: false,
        private: false,
    };
    vec![
        field("gross", FieldKind::Money),
        field(
            "note",
            FieldKind::Text {
                chars_max: 20,
                pattern: None,
            },
        ),
        field("lead", FieldKind::Who),
        field("applicant", FieldKind::Who),
        field("participants", FieldKind::Whos),
        field("draft", FieldKind::Document),
        field("wv_on", FieldKind::Day),
        field("latest", FieldKind::Day),
        field("urgent", FieldKind::YesNo),
        field("count", FieldKind::Number),
    ]
}

pub(super) fn outcome(key: &str) -> Outcome {
    Outcome {
        key: key.to_owned(),
        label: words(key),
        to: None,
        reason: false,
        said: false,
        effects: Vec::new(),
        when: None,
    }
}

pub(super) fn back(key: &str, to: &str) -> Outcome {
    Outcome {
        to: Some(to.to_owned()),
        reason: true,
        ..outcome(key)
    }
}

pub(super) fn step(key: &str, kind: StepKind, assignee: Assignee) -> Step {
    Step {
        id: key.to_owned(),
        label: words(key),
        help: None,
        kind,
        mark: None,
        assignee,
        each: None,
        when: None,
        require: Vec::new(),
        distinct_from: Vec::new(),
        own_matter: false,
        asks: Vec::new(),
        binds: None,
        form: None,
        due: None,
        outcomes: vec![outcome("done")],
        skip: None,
        return_to: Vec::new(),
        event: None,
        effect: None,
    }
}

pub(super) fn ask(field: &str) -> Ask {
    Ask {
        field: field.to_owned(),
        required: true,
        with: Vec::new(),
    }
}

pub(super) fn state(key: &str, next: &str, steps: Vec<Step>) -> State {
    State {
        id: key.to_owned(),
        label: words(key),
        end: None,
        order: Order::Sequence,
        join: Join::All,
        steps,
        exits: vec![Exit {
            when: None,
            to: next.to_owned(),
        }],
        adhoc: Vec::new(),
        on_enter: Vec::new(),
        beside: None,
    }
}

pub(super) fn end(key: &str, how: End) -> State {
    State {
        end: Some(how),
        exits: Vec::new(),
        ..state(key, "", Vec::new())
    }
}

pub(super) fn due(term: Term) -> Due {
    Due {
        term,
        kind: DueKind::Deadline,
        before: None,
        remind: Vec::new(),
        remind_hours: Vec::new(),
        remind_to: None,
        escalate: Vec::new(),
        lapse: None,
        extend_by: None,
    }
}

pub(super) fn by(code: &str) -> Assignee {
    Assignee::Function(code.to_owned())
}

pub(super) fn role(code: &str) -> Assignee {
    Assignee::Role {
        role: code.to_owned(),
        department: None,
    }
}

pub(super) fn definition(key: &str, states: Vec<State>) -> Definition {
    Definition {
        id: key.to_owned(),
        version: 1,
        sha256: [u8::try_from(key.len()).unwrap_or(0); 32],
        title: words(key),
        description: None,
        case_type: key.to_owned(),
        plan_unit: None,
        compartment: None,
        legal: Vec::new(),
        start_by: vec![Assignee::Anybody],
        cancel_by: Vec::new(),
        start: states
            .first()
            .map(|state| state.id.clone())
            .unwrap_or_default(),
        matter_of: vec!["applicant".to_owned()],
        unique: Vec::new(),
        per_document: false,
        fields: fields(),
        lookups: Vec::new(),
        states,
    }
}

/// W7: factual and arithmetic check, order within the limit by somebody else, export.
pub(super) fn invoice() -> Definition {
    let clock = Due {
        remind: vec![-2, 0],
        escalate: vec![Escalation {
            after: 2,
            to: role("head"),
        }],
        extend_by: Some(role("head")),
        ..due(Term::WorkingDays(5))
    };
    let factual = Step {
        due: Some(clock),
        outcomes: vec![outcome("done"), back("refused", "rejected")],
        ..step("factual", StepKind::Attest, by("kst"))
    };
    let arithmetic = step("arithmetic", StepKind::Attest, by("kst"));
    let order = Step {
        require: vec![Requirement {
            is: expr("actor.limit >= gross"),
            otherwise: words("zu viel"),
            with: Vec::new(),
        }],
        distinct_from: vec!["factual".to_owned(), "arithmetic".to_owned()],
        outcomes: vec![outcome("done"), back("refused", "check")],
        return_to: vec!["check".to_owned()],
        ..step("order", StepKind::Order, by("aob"))
    };
    let export = Step {
        effect: Some(Effect::Export {
            to: "finance".to_owned(),
        }),
        outcomes: vec![outcome("done"), back("refused", "check")],
        ..step("export", StepKind::System, Assignee::System)
    };
    let mut check = state("check", "ordered", vec![factual, arithmetic]);
    check.adhoc = vec![
        StepKind::Consult,
        StepKind::Information,
        StepKind::Statement,
    ];
    let mut closed = end("closed", End::Done);
    closed.on_enter = vec![Effect::CloseCase];
    definition(
        "invoice",
        vec![
            check,
            state("ordered", "exported", vec![order]),
            state("exported", "closed", vec![export]),
            closed,
            end("rejected", End::Dropped),
        ],
    )
}

/// W4: assignment, statements, draft, co-signatures, final signature, dispatch, resubmission.
pub(super) fn letter() -> Definition {
    let mut states = signing();
    let assign = Step {
        asks: vec![ask("lead"), ask("participants")],
        ..step("assign", StepKind::Task, by("office"))
    };
    let statement = Step {
        each: Some("participants".to_owned()),
        due: Some(Due {
            extend_by: Some(Assignee::TakerOf("assign".to_owned())),
            before: Some("latest".to_owned()),
            ..due(Term::WorkingDays(3))
        }),
        skip: Some(Skip {
            by: Assignee::TakerOf("assign".to_owned()),
            overdue: true,
        }),
        ..step("statement", StepKind::Statement, Assignee::Each)
    };
    let mut statements = state("statements", "drafting", vec![statement]);
    statements.order = Order::Parallel;
    states.insert(0, statements);
    states.insert(0, state("assigned", "statements", vec![assign]));
    definition("letter", states)
}

fn signing() -> Vec<State> {
    let draft = Some("draft".to_owned());
    let drafting = Step {
        asks: vec![ask("draft")],
        ..step(
            "drafting",
            StepKind::Task,
            Assignee::Field("lead".to_owned()),
        )
    };
    let agree = Step {
        each: Some("participants".to_owned()),
        binds: draft.clone(),
        outcomes: vec![outcome("agreed"), back("refused", "drafting")],
        ..step("agree", StepKind::CoSign, Assignee::Each)
    };
    let sign = Step {
        binds: draft.clone(),
        outcomes: vec![outcome("done"), back("refused", "drafting")],
        return_to: vec!["drafting".to_owned()],
        ..step("sign", StepKind::FinalSign, by("mayor"))
    };
    let send = Step {
        binds: draft,
        outcomes: vec![outcome("done"), back("refused", "drafting")],
        ..step("send", StepKind::Dispatch, by("post"))
    };
    let wv = Step {
        due: Some(due(Term::Days(14))),
        outcomes: vec![outcome("done"), back("refused", "drafting")],
        ..step("wv", StepKind::Resubmit, Assignee::Field("lead".to_owned()))
    };
    let mut co_signing = state("co_signing", "signing", vec![agree]);
    co_signing.order = Order::Parallel;
    co_signing.adhoc = vec![
        StepKind::CoSign,
        StepKind::Consult,
        StepKind::Information,
        StepKind::FinalSign,
    ];
    let mut closed = end("closed", End::Done);
    closed.on_enter = vec![Effect::CloseCase];
    vec![
        state("drafting", "co_signing", vec![drafting]),
        co_signing,
        state("signing", "sending", vec![sign]),
        state("sending", "waiting", vec![send]),
        state("waiting", "closed", vec![wv]),
        closed,
    ]
}

/// W8: nobody approves his own travel; the claim lapses; the payment is waited for.
pub(super) fn travel() -> Definition {
    let approve = Step {
        outcomes: vec![outcome("done"), back("refused", "dropped")],
        ..step(
            "approve",
            StepKind::Approve,
            Assignee::ManagerOf(Person::Initiator),
        )
    };
    let claim = Step {
        asks: vec![ask("gross")],
        due: Some(Due {
            lapse: Some(Lapse {
                after: 0,
                outcome: "expired".to_owned(),
            }),
            ..due(Term::Months(6))
        }),
        outcomes: vec![
            outcome("done"),
            Outcome {
                to: Some("dropped".to_owned()),
                ..outcome("expired")
            },
        ],
        ..step("claim", StepKind::Task, Assignee::Initiator)
    };
    let paid = Step {
        event: Some("paid".to_owned()),
        asks: vec![Ask {
            required: false,
            ..ask("count")
        }],
        ..step("paid", StepKind::Event, Assignee::System)
    };
    let mut travel = definition(
        "travel",
        vec![
            state("approval", "claiming", vec![approve]),
            state("claiming", "paying", vec![claim]),
            state("paying", "closed", vec![paid]),
            end("closed", End::Done),
            end("dropped", End::Dropped),
        ],
    );
    travel.matter_of = vec!["initiator".to_owned()];
    travel
}

/// What the tests know of persons and documents.
#[derive(Clone, Debug, Default)]
pub(super) struct Town {
    pub(super) documents: BTreeMap<Id, DocumentState>,
    pub(super) makers: BTreeMap<Id, Vec<(String, Id)>>,
    pub(super) managers: BTreeMap<Id, Assigned>,
    /// Who holds which function by himself.
    pub(super) holders: BTreeSet<(Id, String)>,
}

impl Town {
    /// A version of a document by somebody. Gives its SHA-512.
    pub(super) fn write(&mut self, document: &str, by: &str) -> String {
        let old = self.documents.get(&id(document)).cloned();
        let version = old.as_ref().map_or(1, |old| old.version + 1);
        let registered = old.as_ref().is_some_and(|old| old.registered);
        let mut authors = old.map_or_else(BTreeSet::new, |old| old.authors);
        authors.insert(id(by));
        let sha512 = format!("{document}{version:02x}");
        let makers = self.makers.entry(id(document)).or_default();
        makers.push((sha512.clone(), id(by)));
        self.documents.insert(
            id(document),
            DocumentState {
                version,
                sha512: sha512.clone(),
                author: id(by),
                authors,
                registered,
                frozen: false,
                destroyed: false,
            },
        );
        sha512
    }

    pub(super) fn sha(&self, document: &str) -> Option<String> {
        self.documents
            .get(&id(document))
            .map(|known| known.sha512.clone())
    }
}

impl Directory for Town {
    fn new_case(&self, number: usize) -> Id {
        id(&format!("case-{number}"))
    }
    fn department(&self) -> &'static str {
        "amt"
    }
    fn manager_of(&self, person: &Id) -> Option<Assigned> {
        self.managers.get(person).cloned()
    }
    fn holds(&self, person: &Id, function: &str) -> bool {
        self.holders
            .contains(&(person.clone(), function.to_owned()))
    }
    fn document(&self, id: &Id) -> Option<&DocumentState> {
        self.documents.get(id)
    }
    fn makers(&self, id: &Id) -> Vec<(String, Id)> {
        self.makers.get(id).cloned().unwrap_or_default()
    }
}

/// Somebody with functions.
pub(super) fn actor(name: &str, functions: &[&str]) -> Actor {
    Actor {
        account: id(name),
        on_behalf_of: None,
        function: None,
        functions: functions.iter().map(|one| (*one).to_owned()).collect(),
        roles: BTreeSet::new(),
        limit: None,
        works_here: true,
        system: false,
    }
}

/// The head of the department.
pub(super) fn head(name: &str) -> Actor {
    Actor {
        roles: BTreeSet::from([("head".to_owned(), "amt".to_owned())]),
        ..actor(name, &[])
    }
}

/// Somebody in the stead of another.
pub(super) fn deputy(name: &str, of: &Actor) -> Actor {
    Actor {
        account: id(name),
        on_behalf_of: Some(of.account.clone()),
        ..of.clone()
    }
}

pub(super) fn machine() -> Actor {
    Actor {
        works_here: false,
        system: true,
        ..actor("system", &[])
    }
}

pub(super) fn known(fields: &[(&str, Value)]) -> BTreeMap<String, Value> {
    let fields = fields.iter();
    fields
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

/// The letter, which the system seals before it is sent.
pub(super) fn letter_that_is_sealed() -> Definition {
    let mut definition = letter();
    let sealing = Step {
        effect: Some(Effect::Seal {
            document: "draft".to_owned(),
        }),
        ..step("seal", StepKind::System, Assignee::System)
    };
    let sending = definition
        .states
        .iter_mut()
        .find(|state| state.id == "sending")
        .unwrap();
    sending.steps.insert(0, sealing);
    definition
}

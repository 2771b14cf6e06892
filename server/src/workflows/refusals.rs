//! Refusals over HTTP: a sentence for each, and a pointer for each field.

use workflow::definition::Complaint;
use workflow::instance::Refusal;

use super::model::{Refused, Told, WorkflowError, Wrong};
use super::wire::status_word;
use crate::base::{CivilDate, Timestamp, WorkflowId};
use crate::documents::{DocumentError, ProposalError};
use crate::http::extract::ETag;
use crate::http::{Fault, Kind, Problem, Text, text};
use crate::retention::RetentionError;

/// Hours and minutes by the clocks of UTC are of no use to a person: the day is enough, the instant stands in the slip.
fn day(at: Timestamp) -> String {
    match CivilDate::on(at) {
        Some(day) => {
            let (year, month, day) = day.date().to_calendar_date();
            format!("{day:02}.{:02}.{year:04}", u8::from(month))
        }
        None => at.to_string(),
    }
}

fn rule(code: &'static str, german: &str, english: &str) -> Fault {
    Fault::Rule {
        code,
        detail: text(german.to_owned(), english.to_owned()),
    }
}

/// What is wrong with a value.
fn fault(wrong: &Wrong) -> Fault {
    match wrong {
        Wrong::Unknown => Fault::Unknown { near: None },
        Wrong::NotFound => Fault::NotFound,
        Wrong::TooLong(max) => Fault::TooLong { max: *max },
        Wrong::TooMany(max) => Fault::TooMany { max: *max },
        Wrong::NotOneOf(allowed) => Fault::NotOneOf {
            allowed: allowed.clone(),
        },
        Wrong::Kind(kind) => Fault::WrongFormat {
            expected: expected(kind),
        },
        Wrong::Pattern { pattern, example } => Fault::WrongFormat {
            expected: text(
                format!("ein Text wie \"{example}\" (Muster: {pattern})"),
                format!("text like \"{example}\" (pattern: {pattern})"),
            ),
        },
    }
}

/// What is expected of a kind of field.
fn expected(kind: &str) -> Text {
    match kind {
        "number" => text("eine ganze Zahl wie 3", "a whole number like 3"),
        "money" => text("ein Betrag wie \"12.50\"", "an amount like \"12.50\""),
        "day" => text(
            "ein Tag wie \"2026-03-02\", zwischen 1500 und 2200",
            "a day like \"2026-03-02\", between 1500 and 2200",
        ),
        "time" => text(
            "eine Uhrzeit wie \"08:30\", von 00:00 bis 23:59",
            "a time of day like \"08:30\", from 00:00 to 23:59",
        ),
        "yes_no" => text("true oder false", "true or false"),
        "choice" => text("ein Eintrag der Auswahl", "an entry of the choice"),
        "who" => text(
            "eine Anmeldung oder function: und eine Kurzbezeichnung",
            "a login, or function: and a short name",
        ),
        "whos" => text(
            "eine Liste von Anmeldungen oder Funktionen",
            "a list of logins or functions",
        ),
        "document" => text("die Kennung eines Dokuments", "the id of a document"),
        _ => text("Text, nicht leer", "text, not empty"),
    }
}

/// A fault for each complaint about a definition, with its line and what to do.
pub(super) fn complaint(one: &Complaint) -> Fault {
    let said = one.to_string();
    Fault::Rule {
        code: "definition",
        detail: text(said.clone(), said),
    }
}

/// Under which pointer a value stands: most in the fields, some in the body itself.
fn pointer(key: &str) -> String {
    let body = ["to", "person", "documents", "who"];
    let own = body.contains(&key) || key.starts_with("to/");
    if own {
        return format!("/{key}");
    }
    format!("/fields/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Who did what when, of a step that is not open any more.
fn done(told: &Told) -> Option<Text> {
    let (label, who) = (&told.label, told.who.as_deref()?);
    let (Some(at), Some(outcome)) = (told.at, told.outcome.as_deref()) else {
        return Some(text(
            format!("Den Schritt „{label}“ hat {who} übernommen."),
            format!("{who} has claimed the step “{label}”."),
        ));
    };
    let day = day(at);
    Some(text(
        format!("Den Schritt „{label}“ hat {who} am {day} erledigt ({outcome})."),
        format!("{who} did the step “{label}” on {day} ({outcome})."),
    ))
}

fn forbidden(german: &str, english: &str) -> Problem {
    Problem::new(Kind::Forbidden).detail(text(german.to_owned(), english.to_owned()))
}

fn conflict(german: &str, english: &str) -> Problem {
    Problem::new(Kind::StateConflict).detail(text(german.to_owned(), english.to_owned()))
}

fn invalid(at: &'static str, code: &'static str, german: &str, english: &str) -> Problem {
    Problem::new(Kind::Validation).field(at, rule(code, german, english))
}

/// How it stands with a step that is not open.
fn german(status: &str) -> &'static str {
    match status {
        "future" => "kommt erst noch an die Reihe",
        "waiting" => "wartet auf einen Schritt, der davor eingefügt wurde",
        "done" => "ist erledigt",
        "voided" => "war erledigt, und eine spätere Fassung hat den Vermerk hinfällig gemacht",
        "skipped" => "wurde übersprungen",
        "withdrawn" => "wird nicht mehr verlangt",
        _ => "ist vergeben",
    }
}

/// What a step is like now, for whoever wanted to take it.
fn not_open(refused: &Refused, status: &'static str) -> Problem {
    let told = refused.step.as_ref();
    let problem = Problem::new(Kind::StateConflict).current_state(status);
    let sentence = told.and_then(done);
    let problem = problem.detail(sentence.unwrap_or_else(|| {
        text(
            format!("Der Schritt ist nicht offen: er {}.", german(status)),
            format!("The step is not open ({status})."),
        )
    }));
    match told {
        Some(told) => problem.current_etag(&ETag::of_version(told.version)),
        None => problem,
    }
}

fn of_four_eyes(refused: &Refused) -> Problem {
    let told = refused.step.as_ref();
    let other = told.map_or("", |told| told.label.as_str());
    // Who only sent it back, or skipped it, has taken it too: that he is told so.
    let outcome = told.and_then(|told| told.outcome.as_deref());
    let how = outcome.map_or_else(String::new, |outcome| format!(" ({outcome})"));
    Problem::new(Kind::Forbidden).detail(text(
        format!(
            "Wer „{other}“ übernommen hat{how}, darf diesen Schritt nicht übernehmen (Vier-Augen-Prinzip)."
        ),
        format!("Whoever took “{other}”{how} may not take this step (dual control)."),
    ))
}

/// Another one began with the same key; who may not know of it is told no more than that.
fn key_taken(by: &[String], existing: Option<WorkflowId>) -> Problem {
    let by = by.join(", ");
    let problem = Problem::new(Kind::AlreadyExists).detail(text(
        format!("Einen Umlauf mit denselben Angaben ({by}) gibt es schon."),
        format!("There is a workflow that says the same ({by}) already."),
    ));
    match existing {
        Some(existing) => problem.existing(existing.raw()),
        None => problem,
    }
}

/// A workflow of that kind runs with the document already: where, if that is for whoever asks.
fn begun(existing: Option<(WorkflowId, String)>) -> Problem {
    let problem = Problem::new(Kind::StateConflict).current_state("begun");
    match existing {
        Some((id, reference)) => problem
            .detail(text(
                format!(
                    "Mit diesem Dokument läuft ein solcher Umlauf schon, im Vorgang {reference}."
                ),
                format!(
                    "Such a workflow runs with this document already, in the case {reference}."
                ),
            ))
            .existing(id.raw()),
        None => problem.detail(text(
            "Mit diesem Dokument läuft ein solcher Umlauf schon.",
            "Such a workflow runs with this document already.",
        )),
    }
}

/// The document stands in another case: in which, if that is for whoever asks.
fn elsewhere(reference: Option<String>) -> Problem {
    let detail = match reference {
        Some(reference) => text(
            format!("Das Dokument steht schon im Vorgang {reference}. Bitte dort beginnen."),
            format!("The document stands in the case {reference} already. Please begin there."),
        ),
        None => text(
            "Das Dokument steht schon in einem anderen Vorgang.",
            "The document stands in another case already.",
        ),
    };
    Problem::new(Kind::StateConflict)
        .detail(detail)
        .current_state("elsewhere")
}

/// Nothing was said where several outcomes are possible.
fn which_outcome(possible: &[String]) -> Problem {
    let all = possible.join(", ");
    let detail = text(
        format!("Bitte ein Ergebnis angeben. Möglich sind: {all}."),
        format!("Name an outcome. Possible are: {all}."),
    );
    let code = "required";
    Problem::new(Kind::Validation).field("/outcome", Fault::Rule { code, detail })
}

/// What was said is no outcome of the step, or not as things are.
fn no_outcome(possible: &[String]) -> Problem {
    let all = possible.join(", ");
    let (german, english) = if possible.is_empty() {
        (String::new(), String::new())
    } else {
        (
            format!(" Möglich sind: {all}."),
            format!(" Possible are: {all}."),
        )
    };
    let detail = text(
        format!("Dieses Ergebnis gibt es hier nicht, oder jetzt nicht.{german}"),
        format!("There is no such outcome here, or not now.{english}"),
    );
    let code = "no-outcome";
    Problem::new(Kind::Validation).field("/outcome", Fault::Rule { code, detail })
}

/// Sent back is to the states that the step names, and to no other.
fn no_way_back(ways: &[String]) -> Problem {
    let allowed = ways.to_vec();
    Problem::new(Kind::Validation).field("/to", Fault::NotOneOf { allowed })
}

/// Where a workflow stands, or shall go by `states`, the newer version has no state.
fn no_state_for(state: &str) -> Problem {
    let detail = text(
        format!(
            "Die neue Fassung hat keinen Zustand „{state}“. Bitte unter states angeben, wohin es von dort geht."
        ),
        format!("The new version has no state “{state}”. Say by states where it goes from there."),
    );
    let code = "no-state";
    Problem::new(Kind::Validation).field("/states", Fault::Rule { code, detail })
}

#[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
fn refused(refused: &Refused) -> Problem {
    match &refused.refusal {
        Refusal::Begun => conflict(
            "Der Umlauf hat schon begonnen, oder noch nicht.",
            "The workflow has begun already, or not yet.",
        )
        .current_state(refused.state.clone()),
        Refusal::Ended => conflict("Der Umlauf ist beendet.", "The workflow has ended.")
            .current_state("ended"),
        Refusal::NoStep => Problem::new(Kind::NotFound),
        Refusal::NotOpen(status) => not_open(refused, status_word(*status)),
        Refusal::Claimed(_) => not_open(refused, "claimed"),
        Refusal::NotAssigned => forbidden(
            "Darum sind andere gebeten.",
            "This is asked of others.",
        ),
        Refusal::FourEyes(_) => of_four_eyes(refused),
        Refusal::OwnMatter => forbidden(
            "In eigener Sache wird nicht geprüft, genehmigt, angeordnet oder gezeichnet.",
            "Nobody attests, approves, orders or signs in his own matter.",
        ),
        Refusal::Excluded => forbidden(
            "Sie sind von diesem Umlauf ausgeschlossen (Befangenheit).",
            "You are excluded from this workflow.",
        ),
        Refusal::OtherExcluded => forbidden(
            "Wer hier gefragt werden soll, ist von diesem Umlauf ausgeschlossen (Befangenheit). Bitte \
             jemand anderen nennen.",
            "Whoever shall be asked is excluded from this workflow. Name somebody else.",
        ),
        Refusal::Drafter => forbidden(
            "Wer entworfen hat, zeichnet nicht schluss.",
            "Whoever drafted it does not sign it finally.",
        ),
        Refusal::Requirement(words) => {
            let english = words.en.clone().unwrap_or_else(|| words.de.clone());
            let detail = text(words.de.clone(), english);
            let code = "requirement";
            Problem::new(Kind::Validation).field("", Fault::Rule { code, detail })
        }
        Refusal::NoOutcome(possible) => no_outcome(possible),
        Refusal::WhichOutcome(possible) => which_outcome(possible),
        Refusal::NoReason => Problem::new(Kind::Validation).field("/note", Fault::Required),
        Refusal::Missing(fields) => {
            let problem = Problem::new(Kind::Validation);
            let add = |problem: Problem, field: &String| problem.field(pointer(field), Fault::Required);
            fields.iter().fold(problem, add)
        }
        Refusal::Field(field) => Problem::new(Kind::Validation).field(
            pointer(field),
            rule(
                "not-asked",
                "Das wird hier nicht gefragt oder passt nicht.",
                "This is not asked here, or does not fit.",
            ),
        ),
        Refusal::Given(field) => Problem::new(Kind::Validation).field(
            pointer(field),
            rule(
                "given",
                "Das legt der Beginn selbst fest: wer beginnt und der heutige Tag. Für jemand anderen beginnt \
                 nur, wem das Verfahren das durch Funktion oder Rolle einräumt.",
                "The beginning itself says this: who begins, and today. For another one begins only whom the \
                 definition names by a function or a role.",
            ),
        ),
        Refusal::NotSeen => Problem::new(Kind::Validation).field("/seen", Fault::Required),
        Refusal::OtherVersion => conflict(
            "In Kraft ist inzwischen eine andere Fassung. Bitte ansehen und dann zeichnen.",
            "Another version is in force by now. Look at it, then sign.",
        )
        .current_state("other_version"),
        Refusal::NoDocument => conflict(
            "Es gibt noch kein Dokument, an das der Vermerk gebunden werden kann.",
            "There is no document yet to which the mark could be bound.",
        )
        .current_state(refused.state.clone()),
        Refusal::NotProvided => conflict(
            "Das ist hier nicht vorgesehen.",
            "That is not provided for here.",
        )
        .current_state(refused.state.clone()),
        Refusal::NoState => invalid(
            "/to",
            "no-state",
            "Diesen Zustand gibt es nicht.",
            "There is no such state.",
        ),
        Refusal::NoWayBack(ways) => no_way_back(ways),
        Refusal::NoStateFor(state) => no_state_for(state),
        Refusal::Day => invalid(
            "/until",
            "day",
            "Dieser Tag passt nicht: er ist vorbei oder zu weit weg.",
            "That day does not fit: it has passed, or is too far away.",
        ),
        Refusal::NoTimer => Problem::new(Kind::NotFound),
        Refusal::NotAwaited => conflict(
            "Darauf wartet hier nichts.",
            "Nothing waits for this here.",
        )
        .current_state(refused.state.clone()),
        Refusal::Nobody(step) => Problem::new(Kind::StateConflict)
            .detail(text(
                format!("Für den Schritt „{step}“ findet sich niemand. Bitte Zuständigkeit oder Feld ergänzen."),
                format!("Nobody could be found for the step “{step}”. Fill in the field, or name somebody."),
            ))
            .current_state(refused.state.clone()),
        Refusal::Stuck(state) => Problem::new(Kind::StateConflict)
            .detail(text(
                format!("Aus „{state}“ führt jetzt kein Weg weiter."),
                format!("No exit of “{state}” is open now."),
            ))
            .current_state(refused.state.clone()),
        Refusal::TooMany => conflict(
            "Das wären zu viele Schritte oder Dokumente.",
            "These would be too many steps or documents.",
        )
        .current_state(refused.state.clone()),
    }
}

impl From<WorkflowError> for Problem {
    #[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
    fn from(error: WorkflowError) -> Self {
        let field = |pointer, fault| Self::new(Kind::Validation).field(pointer, fault);
        match error {
            WorkflowError::NotFound => Self::new(Kind::NotFound),
            WorkflowError::NoCase => field("/case", Fault::NotFound),
            WorkflowError::NoDocument => field("/document", Fault::NotFound),
            WorkflowError::NoDefinition => field("/definition", Fault::NotFound),
            WorkflowError::Forbidden => forbidden(
                "Das dürfen Sie nicht, oder nicht in Vertretung.",
                "You may not do this, or not in another's stead.",
            ),
            WorkflowError::Scope => forbidden(
                "Mit diesem Token kann nur gelesen oder abgelegt werden.",
                "This token only reads, or only files.",
            ),
            WorkflowError::CaseType { wanted } => field(
                "/case",
                Fault::Rule {
                    code: "case-type",
                    detail: text(
                        format!("Der Vorgang muss vom Typ „{wanted}“ sein."),
                        format!("The case must be of the type “{wanted}”."),
                    ),
                },
            ),
            WorkflowError::OutsideCompartment => field(
                "/case",
                rule(
                    "compartment",
                    "Der Vorgang steht nicht in der Abschottung, die dafür verlangt ist.",
                    "The case does not stand in the compartment that this asks for.",
                ),
            ),
            WorkflowError::Runs { existing } => Self::new(Kind::AlreadyExists)
                .detail(text(
                    "Ein solcher Umlauf läuft in dem Vorgang schon.",
                    "Such a workflow runs in the case already.",
                ))
                .existing(existing.raw()),
            // Whoever begins over HTTP is shown it instead.
            WorkflowError::Repeats { existing } => Self::new(Kind::AlreadyExists)
                .detail(text("Das hat schon begonnen.", "This has begun already."))
                .existing(existing.raw()),
            WorkflowError::KeyTaken { by, existing } => key_taken(&by, existing),
            WorkflowError::Outsider { name } => Self::new(Kind::Forbidden).detail(text(
                format!("{name} darf die Abschottung des Vorgangs nicht betreten und kann nicht beteiligt werden."),
                format!("{name} may not enter the compartment of the case, and cannot be asked."),
            )),
            WorkflowError::Values(all) => all.iter().fold(
                Self::new(Kind::Validation),
                |problem, (key, wrong)| problem.field(pointer(key), fault(wrong)),
            ),
            WorkflowError::Refused(why) => refused(&why),
            WorkflowError::OtherRuns => conflict(
                "In dem Vorgang läuft noch ein anderer Umlauf. Bitte den zuerst zu Ende führen.",
                "Another workflow still runs in the case. Bring that to its end first.",
            )
            .current_state("open"),
            WorkflowError::Complaints(all) => all.iter().fold(
                Self::new(Kind::Validation),
                |problem, one| problem.field("/source", complaint(one)),
            ),
            WorkflowError::Taken => Self::new(Kind::AlreadyExists).detail(text(
                "Diese Fassung gibt es schon. Jede Änderung ist eine neue Fassung.",
                "There is such a version already. Every change is a new one.",
            )),
            WorkflowError::State { current } => conflict(
                "Das ist in diesem Stand nicht mehr oder noch nicht möglich.",
                "That cannot be done in this state.",
            )
            .current_state(current),
            WorkflowError::FourEyes => forbidden(
                "Das braucht eine andere Person: niemand billigt, was er selbst vorgeschlagen oder schon \
                 gebilligt hat oder was für ihn ist.",
                "This takes another person: nobody approves what he proposed, approved already, or what is for himself.",
            ),
            WorkflowError::Days => invalid(
                "/valid_from",
                "days",
                "Der erste Tag liegt nicht vor heute und nicht nach dem letzten.",
                "The first day is not before today and not after the last one.",
            ),
            WorkflowError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Der Umlauf wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The workflow was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            WorkflowError::Case(error) => error.into(),
            WorkflowError::Document(DocumentError::NotFound) => Self::new(Kind::StateConflict)
                .detail(text(
                    "Ein Dokument des Umlaufs ist nicht mehr da.",
                    "A document of the workflow is not there any more.",
                ))
                .current_state("no_document"),
            WorkflowError::Document(error) => error.into(),
            WorkflowError::NotPdf { field } => Self::new(Kind::Validation).field(
                pointer(&field),
                rule(
                    "not-pdf",
                    "Dieses Dokument wird gesiegelt, und dafür braucht es ein PDF. Bitte als PDF hinzufügen.",
                    "This document is sealed, and only a PDF can be. Please add it as a PDF.",
                ),
            ),
            WorkflowError::Begun { existing } => begun(existing),
            WorkflowError::Elsewhere { reference } => elsewhere(reference),
            WorkflowError::Proposal(ProposalError::OpenElsewhere) => {
                Self::new(Kind::Conflict).detail(text(
                    "Denselben Inhalt hat noch ein anderes Dokument, als Ganzes oder als Anlage. Solange er dort steht, \
                     kann er hier nicht vernichtet werden.",
                    "Another document has the same content, as a whole or as an attachment. As long as it stands there \
                     it cannot be destroyed here.",
                ))
            }
            WorkflowError::Proposal(error) => error.into(),
            WorkflowError::Retention(RetentionError::UnregisteredInside) => conflict(
                "Im Vorgang steht noch ein Entwurf oder ein Eingang: bitte zuerst verakten oder aussortieren. \
                 Der Schritt wurde nicht erledigt.",
                "A draft or an incoming document is still inside: register or discard it first. The step was \
                 not done.",
            )
            .current_state("open"),
            WorkflowError::Retention(error) => error.into(),
            WorkflowError::Refiling(error) => error.into(),
            WorkflowError::Inspection(error) => error.into(),
            WorkflowError::Db(error) => error.into(),
        }
    }
}

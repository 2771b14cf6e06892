//! What was found on a walk, in German, for whoever writes the definition.

use super::{Choice, DeadEnd, Finding};
use crate::definition::Definition;
use crate::instance::Refusal;

/// Why a step of a walk could not be taken.
fn why(definition: &Definition, refusal: &Refusal) -> String {
    let label = |key: &str| {
        let field = definition.field(key);
        field.map_or_else(|| key.to_owned(), |field| field.label.de.clone())
    };
    match refusal {
        Refusal::Requirement(words) => format!(
            "Mit keiner Angabe, die versucht wurde, ist eine Bedingung (require) erfüllt: „{}“",
            words.de
        ),
        Refusal::NoOutcome(_) => "Kein Ergebnis, das weiterführt, ist möglich.".to_owned(),
        Refusal::WhichOutcome(possible) => {
            format!("Ein Ergebnis muss genannt werden: {}.", possible.join(", "))
        }
        Refusal::NotAssigned => "Es sind andere gefragt.".to_owned(),
        Refusal::FourEyes(step) => {
            format!(
                "Wer Schritt {step} übernommen hat, darf diesen nicht übernehmen (distinct_from)."
            )
        }
        Refusal::OwnMatter => "Es ist seine eigene Sache (matter_of).".to_owned(),
        Refusal::Excluded | Refusal::OtherExcluded => "Er ist ausgeschlossen.".to_owned(),
        Refusal::Drafter => "Wer es entworfen hat, zeichnet es nicht.".to_owned(),
        Refusal::Missing(keys) => {
            let missing: Vec<String> = keys
                .iter()
                .map(|key| format!("„{}“ ist nicht bekannt.", label(key)))
                .collect();
            missing.join(" ")
        }
        Refusal::Field(key) => format!("„{}“ passt nicht.", label(key)),
        Refusal::Given(key) => format!("„{}“ sagt der Beginn selbst.", label(key)),
        Refusal::NoDocument => "Es ist kein Dokument genannt.".to_owned(),
        Refusal::OtherVersion => "Eine andere Fassung ist in Kraft.".to_owned(),
        Refusal::NotSeen => "Welche Fassung gesehen wurde, ist nicht gesagt.".to_owned(),
        Refusal::NotProvided => "Das ist hier nicht vorgesehen.".to_owned(),
        Refusal::NoReason => "Ein Grund fehlt.".to_owned(),
        Refusal::NoWayBack(ways) => {
            format!("Zurückgegeben wird nach: {}.", ways.join(", "))
        }
        Refusal::NoStateFor(state) => format!("Einen Zustand „{state}“ gibt es dort nicht."),
        Refusal::NoState => "Diesen Zustand gibt es nicht.".to_owned(),
        Refusal::Nobody(key) => format!("Für den Schritt „{key}“ findet sich niemand."),
        Refusal::Stuck(state) => format!("Aus dem Zustand „{state}“ führt kein Ausgang."),
        Refusal::TooMany => "Es sind zu viele Schritte.".to_owned(),
        Refusal::Begun
        | Refusal::Ended
        | Refusal::NoStep
        | Refusal::NotOpen(_)
        | Refusal::Claimed(_)
        | Refusal::Day
        | Refusal::NoTimer
        | Refusal::NotAwaited => refusal.to_string(),
    }
}

/// A choice as it is said: `STEP=OUTCOME`, `STEP=!lapse`.
fn said(step: &str, choice: &Choice) -> String {
    match choice {
        Choice::Outcome(outcome) => format!("{step}={outcome}"),
        Choice::Lapse => format!("{step}=!lapse"),
        Choice::Skip => format!("{step}=!skip"),
        Choice::Return(state) => format!("{step}=!return:{state}"),
        Choice::Beside(state) => format!("{step}=!beside:{state}"),
    }
}

impl DeadEnd {
    /// In German: where it stops, and why.
    #[must_use]
    pub fn german(&self, definition: &Definition) -> String {
        match self {
            Self::Start(refusal) => format!("Er kann nicht beginnen: {}", why(definition, refusal)),
            Self::Nobody { step, key, why: of } => format!(
                "Schritt {step} ({key}) kann niemand übernehmen: {}",
                why(definition, of)
            ),
            Self::NoWay { step, key, why: of } => format!(
                "Schritt {step} ({key}) lässt sich nicht erledigen: {}",
                why(definition, of)
            ),
            Self::Endless => "Er kommt an kein Ende.".to_owned(),
            Self::Idle(state) => {
                format!("Im Zustand {state} ist nichts offen, und beendet ist er nicht.")
            }
        }
    }
}

impl Finding {
    /// In German: what was found, and with what it is seen again.
    #[must_use]
    pub fn german(&self, definition: &Definition) -> String {
        match self {
            Self::Unreached(state) => format!(
                "In den Zustand {state} kam keine der Proben. Hängt er an zweierlei zugleich, bitte mit --script und --field versuchen."
            ),
            Self::DeadEnd { choice: None, at } => at.german(definition),
            Self::DeadEnd {
                choice: Some((step, choice)),
                at,
            } => format!("Mit {}: {}", said(step, choice), at.german(definition)),
        }
    }
}

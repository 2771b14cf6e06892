//! What is chosen on a walk.

/// What somebody does with a step, where it is not the first outcome that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This outcome.
    Outcome(String),
    /// He lets it lapse.
    Lapse,
    /// He skips it once it is overdue.
    Skip,
    /// He sends it back to this state.
    Return(String),
    /// Before that, somebody begins this side way.
    Beside(String),
}

impl Choice {
    /// Reads `STEP=OUTCOME`, `STEP=!lapse`, `STEP=!skip`, `STEP=!return:STATE` or `STEP=!beside:STATE`.
    #[must_use]
    pub fn parse(text: &str) -> Option<(String, Self)> {
        let (step, what) = text.split_once('=')?;
        let choice = match what.strip_prefix('!') {
            None => Self::Outcome(what.to_owned()),
            Some("lapse") => Self::Lapse,
            Some("skip") => Self::Skip,
            Some(more) => match more.split_once(':')? {
                ("return", state) => Self::Return(state.to_owned()),
                ("beside", state) => Self::Beside(state.to_owned()),
                _ => return None,
            },
        };
        (!step.is_empty() && !what.is_empty()).then(|| (step.to_owned(), choice))
    }
}

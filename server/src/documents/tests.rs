//! Rules of documents.

use proptest::prelude::*;

use super::model::{Direction, State, Step};

const STEPS: [Step; 7] = [
    Step::Change,
    Step::AddVersion,
    Step::Route,
    Step::Discard,
    Step::Restore,
    Step::Register,
    Step::Refile,
];

#[test]
fn what_a_state_allows() {
    let allowed = |state: State| {
        let kept = STEPS
            .iter()
            .filter(|step| state.after(**step, Direction::Incoming).is_some());
        kept.copied().collect::<Vec<_>>()
    };
    assert_eq!(
        allowed(State::Incoming),
        [
            Step::Change,
            Step::AddVersion,
            Step::Route,
            Step::Discard,
            Step::Register
        ]
    );
    assert_eq!(
        allowed(State::Draft),
        [
            Step::Change,
            Step::AddVersion,
            Step::Discard,
            Step::Register
        ]
    );
    assert_eq!(allowed(State::Registered), [Step::AddVersion, Step::Refile]);
    assert_eq!(allowed(State::Discarded), [Step::Restore]);
}

proptest! {
    #[test]
    fn no_path_leads_away_from_registered(
        steps in proptest::collection::vec(0_usize..STEPS.len(), 0..40),
        directions in proptest::collection::vec(0_usize..Direction::ALL.len(), 40),
    ) {
        let mut state = State::Incoming;
        let mut registered = false;
        for (step, direction) in steps.into_iter().zip(directions) {
            state = state.after(STEPS[step], Direction::ALL[direction]).unwrap_or(state);
            registered |= state == State::Registered;
            prop_assert_eq!(registered, state == State::Registered);
        }
    }
}

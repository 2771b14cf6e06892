//! What an excerpt says.

use crate::audit::told::sentence;

#[test]
fn actions_are_told_in_german_as_the_page_of_actions_has_them() {
    for (action, told) in [
        ("workflow.start", "Ein Umlauf hat begonnen."),
        (
            "case.export",
            "Der Aktenauszug eines Vorgangs wurde ausgegeben.",
        ),
        ("nothing.known", "nothing.known"),
    ] {
        assert_eq!(sentence(action), told);
    }
}

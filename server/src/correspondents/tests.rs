//! Rules of correspondents.

use super::model::{Change, Details, spelling};

fn of(name: &str, aliases: &[&str]) -> Details {
    Details {
        name: name.to_owned(),
        aliases: aliases.iter().map(|&one| one.to_owned()).collect(),
        ..Details::default()
    }
}

#[test]
fn names_are_compared_without_case_umlauts_and_points() {
    assert_eq!(spelling("  Dr. Jörg  MÜLLER "), "dr joerg mueller");
    assert_eq!(spelling("Dr Joerg Mueller"), spelling("dr. jörg müller"));
    assert_ne!(spelling("Muller"), spelling("Müller"));
}

#[test]
fn a_former_name_stays_as_an_alias() {
    let name = |name: &str| Change {
        name: Some(name.to_owned()),
        ..Change::default()
    };
    let renamed = of("Erika Muster", &["E. Muster"]).changed(name("Erika Muster-Klein"));
    assert_eq!(
        renamed,
        of("Erika Muster-Klein", &["E. Muster", "Erika Muster"])
    );
    // Another spelling of the same name is no alias.
    let respelled = of("Erika Mueller", &[]).changed(name("Erika Müller"));
    assert_eq!(respelled, of("Erika Müller", &[]));
    let aliases = Change {
        aliases: Some(vec!["B".to_owned(), "b".to_owned(), "C".to_owned()]),
        ..name("C")
    };
    assert_eq!(of("A", &["X"]).changed(aliases), of("C", &["B"]));
}

#[test]
fn a_merger_brings_what_is_new_to_the_survivor() {
    let survivor = of("Müller GmbH", &["Mueller Bau"]);
    let brought = survivor.brought_by(&of("MUELLER GmbH", &["Müller Bau", "Müller Hochbau"]));
    assert_eq!(brought, ["Müller Hochbau"]);
    let brought = survivor.brought_by(&of("Bau-Müller", &["bau-mueller"]));
    assert_eq!(brought, ["Bau-Müller"]);
}

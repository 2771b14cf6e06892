//! Rules of relations.

use std::collections::HashSet;

use super::model::RelationKind;

#[test]
fn every_relation_has_a_name_of_its_own_from_either_side() {
    let mut names = HashSet::new();
    for kind in RelationKind::ALL {
        for name in [kind.name(), kind.inverse()] {
            assert!(names.insert(name.code), "{} twice", name.code);
            assert!(names.insert(name.german), "{} twice", name.german);
        }
        assert_eq!(RelationKind::parse(kind.code()), Some(*kind));
        assert_eq!(RelationKind::parse(kind.inverse().code), None);
    }
}

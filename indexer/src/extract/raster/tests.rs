use super::*;

#[test]
fn the_engine_is_the_one_that_is_locked() {
    let lock = include_str!("../../../../Cargo.lock");
    let (version, _) = ENGINE.version.split_once('+').expect("our own part");
    let entry = format!("name = \"image\"\nversion = \"{version}\"\n");
    assert!(lock.contains(&entry), "the version must follow Cargo.lock");
}

#[test]
fn a_picture_has_the_dots_that_are_wanted_and_no_side_is_too_long() {
    let check = |points, own, want, expect| assert_eq!(target(points, own, want), expect);
    let a4 = (595.28, 841.89);
    let shown = Want::Shown { width: 800 };
    check(a4, 4.2, shown, (800, 1131));
    check((100.0, 1e6), 1.0, shown, (1, 4800));
    check(a4, 300.0 / 72.0, Want::Recognition, (2480, 3508));
    check((2e6, 2e6), 4.0, Want::Recognition, (5000, 5000));
    let copy = Want::Copy { dots_per_inch: 200 };
    check(a4, 300.0 / 72.0, copy, (1654, 2339));
    check(a4, 1.0, copy, (595, 842));
    check((2e6, 1e6), 4.0, copy, (4500, 2250));
}

#[test]
fn the_size_of_a_page_follows_its_density_or_is_that_of_a4() {
    assert_eq!(points((1728, 1100), Some((204.0, 98.0))).0.round(), 610.0);
    assert_eq!(points((1728, 1100), Some((204.0, 98.0))).1.round(), 808.0);
    assert_eq!(points((4000, 3000), None), (842.0, 631.5));
}

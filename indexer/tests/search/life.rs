//! Opening, writing, rebuilding, and being killed in between.

use std::fs;

use indexer::guard::{SerialShape, Serials};
use indexer::{Change, Index, IndexError, Key, Options, Rebuild, Unusable};

use crate::house::{House, entry};

fn generations(house: &House) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(house.dir.path())
        .expect("the folder")
        .filter_map(|file| file.expect("a file").file_name().into_string().ok())
        .filter(|name| name.starts_with("gen-"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_index_knows_nothing() {
    let house = House::empty();
    assert_eq!((house.index.applied(), house.index.len()), (None, 0));
    assert!(house.index.is_empty());
}

#[test]
fn entries_and_the_number_of_the_log_survive_a_restart() {
    let house = House::empty();
    house
        .index
        .apply([Change::Put(entry(1, "eins", &["Antrag"]))], 41)
        .expect("applied");
    house.index.apply([], 42).expect("applied");
    let house = house.reopen();
    assert_eq!((house.index.applied(), house.index.len()), (Some(42), 1));
    assert_eq!(house.ask("Antrag").seq, Some(42));
}

#[test]
fn applying_twice_is_applying_once() {
    let house = House::empty();
    let changes = || {
        [
            Change::Put(entry(1, "eins", &["Antrag"])),
            Change::Put(entry(2, "zwei", &["Antrag"])),
        ]
    };
    house.index.apply(changes(), 1).expect("applied");
    house.index.apply(changes(), 1).expect("applied again");
    assert_eq!(house.ask("Antrag").total, 2);
}

#[test]
fn the_last_step_about_a_key_counts() {
    let house = House::empty();
    let mut newer = entry(1, "neu", &["Bescheid"]);
    newer.version = 2;
    house
        .index
        .apply(
            [
                Change::Put(entry(1, "alt", &["Antrag"])),
                Change::Put(newer),
                Change::Put(entry(2, "zwei", &["Antrag"])),
                Change::Remove(Key(2)),
                Change::Remove(Key(3)),
                Change::Put(entry(3, "drei", &["Antrag"])),
            ],
            1,
        )
        .expect("applied");
    assert_eq!(house.found("Bescheid"), [1]);
    assert_eq!(house.found("Antrag"), [3]);
    let mut entries = Vec::new();
    house
        .index
        .entries(|key, version| entries.push((key.0, version)))
        .expect("listed");
    entries.sort_unstable();
    assert_eq!(entries, [(1, 2), (3, 1)]);
}

#[test]
fn one_process_writes() {
    let house = House::empty();
    let second = Index::open(house.dir.path(), Options::default());
    assert!(matches!(second, Err(IndexError::Locked { .. })));
    drop(house.index);
    Index::open(house.dir.path(), Options::default()).expect("free again");
}

#[test]
fn many_commits_leave_no_stray_files_and_few_segments() {
    let house = House::empty();
    for number in 0..80_u64 {
        let it = entry(u128::from(number % 30), "eins", &["Antrag"]);
        house
            .index
            .apply([Change::Put(it)], number)
            .expect("applied");
    }
    house.index.close_writer().expect("closed");
    assert_eq!(
        house.index.stray_files().expect("listed"),
        Vec::<String>::new()
    );
    assert_eq!(house.ask("Antrag").total, 30);
    house
        .index
        .apply([Change::Remove(Key(0))], 99)
        .expect("writes again");
    assert_eq!(house.ask("Antrag").total, 29);
}

#[test]
fn an_index_of_another_version_asks_for_a_rebuild() {
    let house = House::of_texts(&["Antrag"]);
    let House { index, dir, .. } = house;
    drop(index);
    fs::write(dir.path().join("gen-0001/version"), "0").expect("written");
    let opened = Index::open(dir.path(), Options::default());
    assert!(matches!(
        opened,
        Err(IndexError::NeedsRebuild {
            reason: Unusable::Version { found: 0, .. },
            ..
        })
    ));
    let options = Options {
        replace_unusable: true,
        ..Options::default()
    };
    let index = Index::open(dir.path(), options).expect("begins anew");
    assert_eq!((index.applied(), index.len()), (None, 0));
}

#[test]
fn an_index_that_masks_something_else_asks_for_a_rebuild() {
    let House { index, dir, .. } = House::of_texts(&["Antrag"]);
    drop(index);
    let shape = SerialShape::parse("LXXXXXXXX").expect("a shape");
    let options = Options {
        serials: Serials::new(vec![shape], vec!["Reisepass".to_owned()]),
        ..Options::default()
    };
    let masks = |opened: Result<Index, IndexError>| {
        let reason = Unusable::Masks;
        matches!(opened, Err(IndexError::NeedsRebuild { reason: found, .. }) if found == reason)
    };
    assert!(masks(Index::open(dir.path(), options.clone())));
    let anew = Options {
        replace_unusable: true,
        ..options.clone()
    };
    let index = Index::open(dir.path(), anew).expect("begins anew");
    assert!(index.is_empty());
    assert_eq!(index.stray_files().expect("a folder"), [""; 0]);
    drop(index);
    let index = Index::open(dir.path(), options).expect("the same masks");
    drop(index);
    assert!(masks(Index::open(dir.path(), Options::default())));
}

#[test]
fn a_serial_number_that_is_not_masked_is_found_in_the_index() {
    let House { index, dir, .. } = House::of_texts(&["Reisepass L01X00T47", "Reisepass beantragt"]);
    drop(index);
    let shape = SerialShape::parse("LXXXXXXXX").expect("a shape");
    let options = Options {
        serials: Serials::new(vec![shape], vec!["Reisepass".to_owned()]),
        ..Options::default()
    };
    // It says of itself that it masks what it does not.
    let other = tempfile::tempdir().expect("a folder");
    drop(Index::open(other.path(), options.clone()).expect("a new index"));
    let masks = |of: &std::path::Path| of.join("gen-0001/masks");
    fs::copy(masks(other.path()), masks(dir.path())).expect("copied");
    let index = Index::open(dir.path(), options).expect("the same masks");
    let mut found = Vec::new();
    let looked = index.unmasked(|key| found.push(key), || true);
    assert_eq!((looked.expect("read"), found.len()), (2, 1));
    let looked = index.unmasked(|_| {}, || false);
    assert_eq!(looked.expect("read"), 0, "it was given up");
}

#[test]
fn damaged_files_ask_for_a_rebuild() {
    let damages: [fn(&std::path::Path); 4] = [
        |dir| fs::remove_file(dir.join("gen-0001/meta.json")).expect("removed"),
        |dir| fs::write(dir.join("gen-0001/meta.json"), "{").expect("written"),
        |dir| fs::remove_dir_all(dir.join("gen-0001")).expect("removed"),
        |dir| fs::write(dir.join("CURRENT"), "nonsense").expect("written"),
    ];
    for damage in damages {
        let House { index, dir, .. } = House::of_texts(&["Antrag"]);
        drop(index);
        damage(dir.path());
        let opened = Index::open(dir.path(), Options::default());
        assert!(
            matches!(
                opened,
                Err(IndexError::NeedsRebuild {
                    reason: Unusable::Damaged,
                    ..
                })
            ),
            "{opened:?}"
        );
        let options = Options {
            replace_unusable: true,
            ..Options::default()
        };
        assert!(
            Index::open(dir.path(), options)
                .expect("begins anew")
                .is_empty()
        );
    }
}

fn put(rebuild: &Rebuild, numbers: std::ops::Range<u128>) {
    for number in numbers {
        rebuild
            .put(&entry(number, "neu", &["Bescheid"]))
            .expect("put");
    }
}

#[test]
fn a_rebuild_swaps_while_the_old_index_serves() {
    let house = House::of_texts(&["Antrag", "Antrag"]);
    let rebuild = house.index.rebuild().expect("begins");
    assert!(rebuild.resume().is_none());
    assert!(matches!(house.index.rebuild(), Err(IndexError::Rebuilding)));
    put(&rebuild, 10..60);
    house.put([entry(3, "drei", &["Antrag"])]);
    assert_eq!(house.ask("Antrag").total, 3);
    assert_eq!(house.ask("Bescheid").total, 0);
    rebuild.finish(77).expect("finished");
    assert_eq!(house.ask("Antrag").total, 0);
    assert_eq!(house.ask("Bescheid").total, 50);
    assert_eq!(house.index.applied(), Some(77));
    assert_eq!(generations(&house), ["gen-0002"]);
    assert_eq!(
        house.index.stray_files().expect("listed"),
        Vec::<String>::new()
    );
    house.put([entry(3, "drei", &["Antrag"])]);
    assert_eq!(house.ask("Antrag").total, 1);
    let house = house.reopen();
    assert_eq!(house.index.len(), 51);
}

#[test]
fn what_changed_after_it_was_put_is_replaced_in_a_rebuild() {
    let house = House::of_texts(&["Antrag"]);
    let rebuild = house.index.rebuild().expect("begins");
    put(&rebuild, 0..20);
    rebuild.checkpoint("20", 5).expect("durable");
    rebuild.settle().expect("nothing is left to join");
    // One from before the checkpoint, one that is new, and one twice.
    for number in [3, 40, 40] {
        let changed = entry(number, "neu", &["Widerspruch"]);
        rebuild.replace(&changed).expect("replaced");
    }
    assert_eq!(house.found("Antrag"), [1], "the old one serves");
    rebuild.finish(9).expect("finished");
    assert_eq!(house.ask("Bescheid").total, 19);
    assert_eq!(house.ask("Widerspruch").total, 2);
    assert_eq!((house.index.len(), house.index.applied()), (21, Some(9)));
}

#[test]
fn a_rebuild_that_was_killed_goes_on_behind_its_checkpoint() {
    let house = House::of_texts(&["Antrag"]);
    let rebuild = house.index.rebuild().expect("begins");
    put(&rebuild, 0..20);
    rebuild.checkpoint("20", 5).expect("durable");
    put(&rebuild, 20..30);
    drop(rebuild);
    let house = house.reopen();
    assert_eq!(house.found("Antrag"), [1]);
    assert_eq!(house.index.applied(), Some(0));
    let rebuild = house.index.rebuild().expect("goes on");
    let checkpoint = rebuild.resume().expect("a checkpoint");
    assert_eq!((checkpoint.cursor.as_str(), checkpoint.seq), ("20", 5));
    put(&rebuild, 20..40);
    rebuild.finish(9).expect("finished");
    assert_eq!(house.ask("Bescheid").total, 40);
    assert_eq!(generations(&house), ["gen-0002"]);
}

#[test]
fn a_rebuild_that_was_killed_before_its_first_checkpoint_begins_again() {
    let house = House::of_texts(&["Antrag"]);
    let rebuild = house.index.rebuild().expect("begins");
    put(&rebuild, 0..20);
    drop(rebuild);
    let house = house.reopen();
    let rebuild = house.index.rebuild().expect("begins again");
    assert!(rebuild.resume().is_none());
    put(&rebuild, 0..20);
    rebuild.finish(9).expect("finished");
    assert_eq!(house.ask("Bescheid").total, 20);
    assert_eq!(
        house.index.stray_files().expect("listed"),
        Vec::<String>::new()
    );
}

#[test]
fn a_rebuild_that_was_interrupted_can_be_discarded_and_one_that_runs_cannot() {
    let house = House::of_texts(&["Antrag"]);
    let rebuild = house.index.rebuild().expect("begins");
    put(&rebuild, 0..20);
    rebuild.checkpoint("20", 5).expect("durable");
    let running = house.index.discard_rebuild();
    assert!(
        matches!(running, Err(IndexError::Rebuilding)),
        "{running:?}"
    );
    drop(rebuild);
    let house = house.reopen();
    assert!(house.index.has_unfinished_rebuild().expect("looked"));
    let before = house.index.bytes().expect("counted");
    house.index.discard_rebuild().expect("discarded");
    assert!(!house.index.has_unfinished_rebuild().expect("looked"));
    assert_eq!(generations(&house), ["gen-0001"]);
    let after = house.index.bytes().expect("counted");
    assert!(0 < after && after < before, "{after} of {before}");
    assert_eq!(house.found("Antrag"), [1]);
    let rebuild = house.index.rebuild().expect("begins anew");
    assert!(rebuild.resume().is_none());
}

#[test]
fn the_old_index_goes_on_until_it_is_removed_and_the_new_one_is_written_meanwhile() {
    let house = House::of_texts(&["Antrag"]);
    let rebuild = house.index.rebuild().expect("begins");
    put(&rebuild, 10..20);
    let old = rebuild.serve(9).expect("serves");
    assert_eq!(generations(&house), ["gen-0001", "gen-0002"]);
    house.put([entry(3, "drei", &["Antrag"])]);
    assert_eq!(house.found("Antrag"), [3]);
    assert!(matches!(house.index.rebuild(), Err(IndexError::Rebuilding)));
    old.remove().expect("removed");
    assert_eq!(generations(&house), ["gen-0002"]);
    assert_eq!(house.reopen().index.len(), 11);
}

#[test]
fn the_index_that_serves_is_not_removed_where_another_one_is_in_force() {
    let house = House::of_texts(&["Antrag"]);
    // As after a swap whose name could not be made durable.
    fs::create_dir(house.dir.path().join("gen-0002")).expect("made");
    fs::write(house.dir.path().join("CURRENT"), "gen-0002\n").expect("written");
    let rebuild = house.index.rebuild().expect("begins");
    assert_eq!(generations(&house), ["gen-0001", "gen-0002", "gen-0003"]);
    house.put([entry(3, "drei", &["Antrag"])]);
    assert_eq!(house.found("Antrag"), [1, 3]);
    put(&rebuild, 0..20);
    rebuild.finish(9).expect("finished");
    assert_eq!(generations(&house), ["gen-0003"]);
}

#[test]
fn what_a_crash_left_over_is_removed_at_opening() {
    let house = House::of_texts(&["Antrag"]);
    fs::create_dir(house.dir.path().join("gen-0007")).expect("made");
    let house = house.reopen();
    assert_eq!(generations(&house), ["gen-0001"]);
    assert_eq!(house.found("Antrag"), [1]);
}

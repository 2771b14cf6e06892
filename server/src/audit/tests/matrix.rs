//! The table of attacks in `docs/trust.md`: each row is carried out by a test, and each test of an attack has a row.

use std::collections::BTreeSet;

use crate::audit::verify::{Check, Code};

const MANUAL: &str = include_str!("../../../../docs/trust.md");

/// Where attacks are carried out and nothing else is.
const ATTACKS: [&str; 10] = [
    include_str!("attacks.rs"),
    include_str!("proofs.rs"),
    include_str!("relinked.rs"),
    include_str!("witnessed.rs"),
    include_str!("stamped.rs"),
    include_str!("rotated.rs"),
    include_str!("../../../../tests/it/attacks/mod.rs"),
    include_str!("../../../../tests/it/attacks/looks.rs"),
    include_str!("../../../../tests/it/attacks/printed.rs"),
    include_str!("../../../../tests/it/attacks/stores.rs"),
];

/// Where some are.
const OTHERS: [&str; 6] = [
    include_str!("bundles.rs"),
    include_str!("../../proof/rotated_looks.rs"),
    include_str!("../../proof/signed_looks.rs"),
    include_str!("../../proof/published.rs"),
    include_str!("../../witness/tests.rs"),
    include_str!("../../../../tests/it/witness.rs"),
];

/// Nobody attacks there.
const NO_ATTACKS: [&str; 9] = [
    "what_witnesses_cosigned_is_checked_and_told",
    "an_honest_archive_is_clean_on_every_level",
    "an_untouched_archive_is_clean_at_every_level",
    "a_stamped_archive_is_clean_and_vouched_for_by_the_roots_of_the_caller",
    "a_log_that_went_over_twice_is_clean_with_any_of_its_keys",
    "an_export_from_before_a_log_went_over_misses_what_leads_to_the_newest_key",
    "what_others_said_of_a_log_before_it_went_over_counts_after_it",
    "proofs_out_of_tiles_that_stay_as_they_were_are_clean",
    "what_holds_no_checkpoint_is_told_from_an_honest_log",
];

/// What stands in the table and is no finding.
const NO_CODES: [&str; 2] = ["clk", "clock.regress"];

const BY_HAND: &str = "records_that_are_edited_deleted_or_linked_anew_are_found";
const RELINKED: &str = "relinking_the_whole_chain_is_found_by_the_signed_root";
const SWAPPED: &str = "swapped_records_with_fitting_links_are_found_by_the_signed_root";
const INSERTED: &str = "a_record_inserted_below_the_checkpoint_is_found_by_the_signed_root";
const WITH_KEY: &str = "with_the_key_only_outside_memory_finds_a_consistent_change";
const SIGNED_ANEW: &str = "what_the_key_signed_anew_only_outside_memory_finds";
const ON_PAPER: &str = "a_filed_report_finds_a_past_that_was_rewritten_with_the_key";
const TAIL: &str = "a_truncated_tail_leaves_states_without_records";
const CUT: &str = "truncating_below_the_checkpoint_is_found_by_it_or_by_a_kept_one";
const CUT_BY_HAND: &str = "a_log_that_was_cut_or_set_back_is_found";
const BACKUP: &str = "a_backup_that_goes_on_is_found_by_a_receipt_a_kept_checkpoint_or_the_lock";
const REFUSED: &str = "what_does_not_continue_it_is_refused_and_changes_nothing";
const FORK_REFUSED: &str = "a_log_that_was_set_back_with_everything_is_refused_by_its_witness";
const UNPINNED: &str = "a_key_that_nobody_pinned_is_unknown";
const DISHONEST: &str = "records_that_no_honest_log_writes_are_found_even_with_the_key";
const TOGETHER: &str = "judges_find_handovers_and_records_of_them_that_do_not_belong_together";
const STORES: &str = "changed_stores_beside_the_log_are_found_by_their_commitments";
const OPENINGS: &str = "openings_that_are_changed_or_gone_without_a_record_are_found";
const OPENINGS_BY_HAND: &str = "openings_that_were_erased_or_changed_are_found";
const DAMAGED: &str = "damage_in_the_object_store_is_found";
const DAMAGED_BY_HAND: &str = "published_material_that_was_damaged_is_found";

/// The rows by how they begin, with the tests that carry them out.
const ROWS: &[(&str, &[&str])] = &[
    (
        "a record edited |",
        &["an_edited_record_breaks_the_chain", BY_HAND],
    ),
    (
        "a record deleted |",
        &["a_deleted_record_leaves_a_gap", BY_HAND],
    ),
    ("records swapped |", &["swapped_records_are_out_of_order"]),
    ("a record edited and the whole", &[RELINKED, BY_HAND]),
    ("the same, and tiles", &[RELINKED]),
    (
        "a record deleted, all",
        &["deleting_and_relinking_also_leaves_a_gap_in_versions"],
    ),
    ("records swapped with", &[SWAPPED, INSERTED]),
    (
        "a record inserted after",
        &["an_inserted_record_is_found_by_the_root_and_by_its_missing_state"],
    ),
    (
        "a consistent change, a swap",
        &[
            WITH_KEY,
            SWAPPED,
            INSERTED,
            SIGNED_ANEW,
            ON_PAPER,
            "with_the_key_a_consistent_change_is_found_by_what_witnesses_cosigned",
        ],
    ),
    (
        "a consistent change in the tail",
        &[
            "in_the_tail_only_a_receipt_finds_a_consistent_change",
            SIGNED_ANEW,
        ],
    ),
    ("the tail cut off, states kept", &[TAIL, CUT_BY_HAND]),
    ("the tail cut off, states rolled", &[TAIL, CUT_BY_HAND]),
    ("cut below", &[CUT, CUT_BY_HAND]),
    (
        "the same, checkpoint",
        &[
            CUT,
            CUT_BY_HAND,
            "a_log_that_was_cut_is_shorter_than_what_witnesses_cosigned",
        ],
    ),
    (
        "a database restored",
        &[
            "a_database_set_back_and_continued_does_not_have_the_signed_root",
            "a_database_that_was_set_back_does_not_start",
        ],
    ),
    (
        "the same, lock",
        &[
            "a_restored_backup_that_goes_on_is_a_fork",
            BACKUP,
            "a_backup_with_all_that_is_published_is_found_by_what_the_witness_itself_has",
            REFUSED,
            FORK_REFUSED,
        ],
    ),
    (
        "what witnesses cosigned taken",
        &["without_enough_cosignatures_nothing_is_witnessed_and_that_is_said"],
    ),
    (
        "a cosignature of something",
        &["a_cosignature_of_another_checkpoint_is_found"],
    ),
    (
        "signed with another key",
        &[UNPINNED, "another_key_is_not_the_one_on_paper"],
    ),
    ("signature of another", &[UNPINNED, DAMAGED_BY_HAND]),
    (
        "a key that was handed over",
        &[
            "a_key_that_was_handed_over_signs_nothing_more",
            "judges_follow_the_handovers_from_any_key",
        ],
    ),
    (
        "a handover forged",
        &[
            "a_handover_that_is_forged_or_does_not_follow_is_found",
            TOGETHER,
        ],
    ),
    (
        "handovers taken away",
        &["handovers_that_were_taken_away_are_missed", TOGETHER],
    ),
    (
        "the log cut at a handover",
        &[
            "a_handover_of_which_the_log_says_nothing_is_found",
            TOGETHER,
        ],
    ),
    (
        "records before a handover",
        &["with_the_newest_key_the_past_before_a_handover_stays_what_it_was"],
    ),
    (
        "a stolen key that",
        &["a_stolen_key_that_hands_a_log_written_anew_over_is_told_by_the_newest_key"],
    ),
    (
        "a log written anew",
        &[
            "a_log_written_anew_under_a_stolen_key_is_told_by_a_newer_key_beside_it",
            TOGETHER,
        ],
    ),
    ("records dated back with", &[DISHONEST, SIGNED_ANEW]),
    (
        "records dated back behind",
        &["records_dated_back_behind_a_timestamp_are_found"],
    ),
    (
        "records dated ahead with",
        &["records_dated_ahead_with_the_key_are_found_by_outside_memory_alone"],
    ),
    (
        "records dated ahead of",
        &["records_dated_ahead_of_a_timestamp_are_found"],
    ),
    (
        "what was stamped",
        &["what_was_stamped_cannot_be_written_anew_even_with_the_key"],
    ),
    (
        "a timestamp taken",
        &["timestamps_that_were_taken_away_exchanged_or_slipped_in_are_found"],
    ),
    (
        "a timestamp forged",
        &[
            "a_timestamp_that_is_forged_or_of_something_else_is_found",
            "no_bit_of_a_timestamp_can_be_changed_unseen",
        ],
    ),
    (
        "the clock of the host",
        &["each_time_the_clock_is_set_back_the_log_says_so_once"],
    ),
    ("a record in another writing", &[DISHONEST]),
    ("a record of another log", &[DISHONEST]),
    (
        "a state changed",
        &[STORES, "states_that_no_record_explains_are_found"],
    ),
    (
        "content swapped",
        &[
            STORES,
            "content_that_was_swapped_or_lost_is_found",
            "an_opening_of_content_that_names_none_is_found",
        ],
    ),
    ("an opening erased", &[OPENINGS, OPENINGS_BY_HAND]),
    (
        "what stands beside",
        &[
            "columns_beside_a_record_must_agree_with_it",
            "rows_beside_the_records_that_were_changed_are_found",
        ],
    ),
    ("an opening or its key", &[OPENINGS_BY_HAND]),
    ("the note of what", &[BY_HAND]),
    ("an erasure recorded", &[OPENINGS]),
    (
        "a tile or a published bundle of records damaged",
        &[DAMAGED, DAMAGED_BY_HAND],
    ),
    (
        "a tile or a published bundle of records taken",
        &[
            DAMAGED,
            DAMAGED_BY_HAND,
            "without_its_tile_nothing_is_proven_and_that_is_said",
        ],
    ),
    (
        "a tile exchanged",
        &[
            "a_tile_that_was_exchanged_proves_no_record",
            "a_tile_that_was_exchanged_does_not_prove_what_was_kept",
        ],
    ),
    (
        "a bundle of records in an export",
        &["files_that_are_changed_or_gone_are_found_by_what_they_held"],
    ),
    (
        "a kept checkpoint",
        &["a_kept_checkpoint_without_valid_signature_proves_nothing"],
    ),
    ("a lawful erasure", &["a_lawful_erasure_is_clean"]),
];

const LOOKS: &str = "looks_that_are_edited_deleted_or_linked_anew_are_found";
const LOOKS_SIGNED: &str = "what_the_key_signed_anew_of_looks_only_a_kept_checkpoint_finds";
const LOOKS_CUT: &str = "looks_that_were_cut_off_are_found_by_the_lock_or_a_kept_checkpoint";
const LOOKS_KEY: &str = "looks_under_another_key_are_not_signed_by_the_one_on_paper";
const LOOKS_BACK: &str =
    "looks_of_a_database_that_was_set_back_hold_back_what_must_be_recorded_first";
const LOOKS_RETIRED: &str = "a_key_that_was_handed_over_signs_no_looks_any_more";
const LOOKS_HANDED: &str = "handovers_of_looks_that_are_forged_or_were_taken_away_are_found";

/// The same for the log of looks.
const ROWS_OF_LOOKS: &[(&str, &[&str])] = &[
    ("a look edited |", &[LOOKS]),
    ("a look deleted", &[LOOKS]),
    ("a look edited and", &[LOOKS]),
    ("a consistent change", &[LOOKS_SIGNED]),
    ("a look changed or cut off", &[LOOKS_SIGNED]),
    ("looks cut off", &[LOOKS_CUT, LOOKS_BACK]),
    (
        "the same, lock",
        &[
            LOOKS_CUT,
            "a_log_of_looks_is_signed_before_its_first_so_that_its_checkpoint_can_be_missed",
        ],
    ),
    (
        "a database restored",
        &[
            LOOKS_BACK,
            "over_looks_that_were_set_back_a_server_shows_nothing_that_must_be_recorded_first",
        ],
    ),
    ("signed with another key", &[LOOKS_KEY]),
    (
        "the checkpoint of the log of changes",
        &[
            LOOKS_KEY,
            "looks_are_signed_under_the_name_of_their_log_and_proven_without_their_records",
        ],
    ),
    ("a key that was handed over", &[LOOKS_RETIRED]),
    (
        "a handover of looks",
        &[
            LOOKS_HANDED,
            "handovers_of_looks_that_are_not_those_of_the_changes_are_found",
        ],
    ),
    ("handovers of looks", &[LOOKS_HANDED]),
    ("looks cut below a handover", &[LOOKS_RETIRED]),
    ("looks dated back", &[LOOKS_SIGNED]),
    (
        "the time beside",
        &["rows_beside_the_records_that_were_changed_are_found"],
    ),
    (
        "a tile of looks",
        &["tiles_of_looks_that_were_damaged_or_lost_are_found"],
    ),
];

/// The rows of the table of attacks on the log of changes.
fn rows() -> Vec<&'static str> {
    rows_under("attack")
}

/// The rows of the table whose first column is called so, without the line at their left.
fn rows_under(attack: &str) -> Vec<&'static str> {
    let heading = format!("| {attack} | found as | by |\n| --- | --- | --- |\n");
    let (_, table) = MANUAL.split_once(&heading).expect("the table of attacks");
    table
        .lines()
        .map_while(|line| line.strip_prefix("| "))
        .collect()
}

/// The names of the tests in a source.
fn tests(source: &str) -> impl Iterator<Item = &str> {
    let marked = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let lines = source.lines();
    let after = source.lines().skip(1);
    lines.zip(after).filter_map(move |(line, next)| {
        let (_, name) = next.split_once("fn ").filter(|_| marked(&line))?;
        Some(name.split_once('(')?.0)
    })
}

#[test]
fn each_row_of_the_tables_of_attacks_is_a_test_and_each_test_of_an_attack_a_row() {
    let known: BTreeSet<&str> = ATTACKS.into_iter().chain(OTHERS).flat_map(tests).collect();
    let of_looks = rows_under("attack on the log of looks");
    let tables = [(rows(), ROWS), (of_looks, ROWS_OF_LOOKS)];
    for (rows, expected) in &tables {
        for row in rows {
            let of_row = expected
                .iter()
                .filter(|(begins, _)| row.starts_with(begins));
            assert_eq!(of_row.count(), 1, "tests of: {row}");
        }
        for (begins, tests) in *expected {
            let found = rows.iter().filter(|row| row.starts_with(begins));
            assert_eq!(found.count(), 1, "rows that begin: {begins}");
            for test in *tests {
                assert!(known.contains(test), "{begins}: there is no {test}");
            }
        }
    }
    let all = ROWS.iter().chain(ROWS_OF_LOOKS);
    let named: BTreeSet<&str> = all.flat_map(|(_, tests)| *tests).copied().collect();
    for test in ATTACKS.into_iter().flat_map(tests) {
        let told = named.contains(test) || NO_ATTACKS.contains(&test);
        assert!(told, "docs/trust.md has no row for {test}");
    }
}

#[test]
fn the_table_of_attacks_names_every_finding_about_a_log_and_no_other() {
    let codes = rows()
        .into_iter()
        .flat_map(|row| row.split('`').skip(1).step_by(2));
    let named: BTreeSet<&str> = codes.filter(|code| !NO_CODES.contains(code)).collect();
    // What is wrong with a bundle as files is no attack on the log.
    let about_the_log = Code::ALL
        .iter()
        .filter(|code| code.check() != Check::Transport);
    let expected: BTreeSet<&str> = about_the_log.map(|code| code.name()).collect();
    assert_eq!(named, expected);
}

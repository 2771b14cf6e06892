//! Text extraction from outside: an [`Extractor`](indexer::extract::Extractor), its workers, and
//! documents good and bad.
//!
//! The workers are this very test binary; therefore it has its own `main`.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "all of this is a test, though none of it wears the attribute"
)]

mod attached;
mod broken;
mod builder;
mod codes;
mod containers;
mod cost;
mod german;
mod hostile;
mod invoices;
mod left_out;
mod locked;
mod mutated;
mod office;
mod outlook;
mod pages;
mod parts;
mod runner;
mod sandbox;
mod scans;
mod support;
mod swollen;
mod torture;
mod wicked;

use std::process::ExitCode;

use runner::Test;

/// Names each test after its function.
macro_rules! tests {
    ($($module:ident::$test:ident),* $(,)?) => {
        [$((concat!(stringify!($module), "::", stringify!($test)), $module::$test as fn())),*]
    };
}

const TESTS: &[Test] = &tests![
    attached::everything_that_is_attached_to_a_pdf_is_taken_out_once,
    attached::an_attachment_costs_no_more_than_it_may,
    attached::the_invoice_of_a_pdf_stays_where_it_is,
    codes::a_code_is_told_with_the_page_that_is_drawn,
    codes::a_page_on_which_nothing_stands_is_told_from_a_scan,
    codes::pages_of_a_document_become_documents,
    codes::pages_that_one_worker_draws_are_those_that_many_draw,
    codes::a_code_beside_text_is_looked_for_where_something_looks_like_one,
    cost::a_dropped_extraction_kills_its_worker,
    cost::content_that_does_not_come_is_an_error_and_not_a_verdict,
    cost::content_that_cannot_be_read_is_an_error_and_not_a_verdict,
    cost::no_more_workers_run_than_may,
    german::every_word_of_a_german_document_is_found,
    german::german_letters_and_signs_are_right,
    german::plain_text_is_read_in_every_encoding,
    german::pages_without_text_ask_for_recognition,
    german::form_objects_and_rotated_pages_are_read,
    german::marked_replacements_count_instead_of_glyphs,
    invoices::an_invoice_in_xml_gives_its_facts_and_its_text,
    invoices::a_pdf_with_an_invoice_keeps_its_text_and_gives_the_facts,
    invoices::a_biometric_record_in_a_pdf_is_told_wherever_it_is_attached,
    left_out::a_link_in_a_mail_is_no_damaged_attachment,
    left_out::a_member_whose_name_stands_twice_is_named,
    locked::a_locked_pdf_is_read_by_the_first_password_that_fits,
    locked::a_pdf_that_anyone_may_open_is_read_like_any_other,
    locked::a_password_with_umlauts_opens_in_every_way_of_writing_it,
    locked::whether_a_password_fits_is_told_without_reading,
    locked::pages_of_a_locked_pdf_are_drawn_with_its_password,
    locked::a_picture_that_nothing_decodes_says_so,
    mutated::a_mutated_document_ends_in_a_defined_state,
    office::a_letter_is_read_with_all_that_belongs_to_it,
    office::running_text_becomes_pages_at_the_ends_of_paragraphs,
    office::open_document_texts_are_read,
    office::tables_show_numbers_and_dates_as_a_person_sees_them,
    office::a_slide_is_a_page,
    office::rich_text_is_read_in_its_code_page,
    office::pages_of_the_web_are_read_without_their_scripts,
    office::separated_values_are_a_table,
    office::what_is_no_office_document_says_so,
    office::what_stands_before_the_damage_is_kept,
    parts::a_mail_is_read_and_taken_apart,
    parts::mails_of_every_kind_are_read,
    outlook::a_mail_of_outlook_is_read_and_taken_apart,
    parts::an_archive_is_taken_apart,
    parts::hostile_containers_end_in_a_state,
    parts::broken_containers_end_in_a_state,
    parts::whoever_stops_taking_is_told,
    swollen::every_container_built_to_do_harm_ends_in_its_state,
    swollen::cut_and_flipped_documents_end_in_a_state,
    sandbox::a_worker_can_do_nothing_but_read,
    sandbox::without_layers_the_same_attempts_succeed,
    sandbox::each_layer_refuses_by_itself,
    sandbox::the_kernel_says_the_same_of_a_waiting_worker,
    sandbox::another_program_is_no_worker,
    pages::text_is_drawn_on_sheets_with_its_words_in_their_places,
    pages::a_long_text_is_parted_among_sheets_and_ends,
    pages::strange_letters_are_boxes_and_keep_their_names,
    pages::documents_of_an_office_become_pages,
    pages::an_office_program_reads_no_file_that_a_document_names,
    pages::an_office_program_works_in_a_folder_of_any_length,
    pages::a_hostile_document_costs_its_own_pages,
    scans::scans_are_read_as_well_as_by_plain_tesseract,
    scans::picture_files_ask_for_recognition_page_by_page,
    scans::a_page_on_its_head_is_read_and_its_words_are_found_in_place,
    scans::a_crooked_page_is_read_and_its_words_are_found_in_place,
    scans::pages_are_drawn_for_people_at_the_width_that_is_wanted,
    scans::pages_are_drawn_for_a_copy_dot_by_dot,
    scans::what_is_told_of_a_page_fits_its_picture,
    scans::the_program_is_looked_for_and_named,
    scans::hostile_pictures_end_in_a_reason,
    scans::a_tiff_whose_pages_go_round_in_a_circle_ends,
    scans::a_word_of_a_scan_is_found_in_its_text,
    torture::every_hostile_document_ends_in_its_state,
    torture::hostile_documents_hold_up_nobody,
    torture::what_was_read_before_the_trap_is_kept,
    torture::limits_on_size_are_kept,
    wicked::files_of_every_format_end_within_their_limits,
    wicked::archives_that_lie_give_no_more_than_there_is_room_for,
    wicked::mails_whose_chains_go_round_end,
    wicked::pictures_that_promise_too_much_are_not_drawn,
    broken::every_good_sample_ends_in_a_state_however_it_is_broken,
];

fn main() -> ExitCode {
    runner::run(TESTS)
}

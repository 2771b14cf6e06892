//! Documents: what comes in, its versions, its text, its history.
//!
//! Invariants: bytes are durable before the row that names them; a document's metadata and versions
//! change only with a record; versions are numbered 1, 2, 3 … without holes and never change; what
//! one may not see does not exist.

mod alike;
mod asking;
mod batches;
mod browse;
mod bulk;
mod components;
mod converting;
mod copies;
mod domains;
mod duplicates;
mod entrance;
pub mod evidence;
mod fields;
mod filing;
mod formed;
mod guard;
mod guarded;
mod http;
mod indexing;
mod intake;
mod invoices;
mod keeping;
mod list;
mod listing;
mod looking;
mod model;
mod naming;
mod ops;
mod passwords;
mod pictures;
mod proposals;
mod quarantine;
mod reading;
mod registering;
mod reported;
mod routes;
mod rows;
mod same;
mod scans;
mod signed;
mod standing;
mod suggesting;
#[cfg(test)]
mod tests;
mod text;
mod undoing;
mod unlocking;
mod unqueued;
mod uploading;
mod views;
mod wire;
mod words;

pub(crate) use asking::{askable, by_field};
pub use batches::{
    Batch, By, Cut, MakeError, NotSplit, Section, forget as forget_parts, has_sheets, keep_parts,
    make, sections, to_split,
};
pub(crate) use browse::{
    Bound, Choice, Instant, Key, Tagged, Wanted, Window, Word, Words, ids, many, media, plain_text,
    window, words,
};
pub(crate) use components::wire::ParentView;
pub use components::{NewPart, Room, room};
pub use converting::{ToConvert, keep_converted, may_be_converted, to_convert, unconverted};
pub use copies::{
    COPY_MEDIA_TYPE, Refusal, ToCopy, has_copy, is_signed, keep_copy, recognised_words, to_copy,
};
pub use domains::{
    Astray, Ready, astray, department_of_version, domain_of, is_settled, prepare, settle,
};
pub use duplicates::{Unsketched, keep_older, unsketched};
pub use entrance::{Entered, Entering, Entrance, EntryError, prepare_quarantine};
pub(crate) use fields::may_say;
pub use filing::{
    FOLLOWERS_MAX, Route, count_in_cases, followed, in_case, in_file, of_correspondent, refile,
    register, register_by_rule, route, unregistered_in, with_field,
};
pub(crate) use formed::{
    DocumentForm, Made, SignaturePlace, file as file_form, store as store_form,
    wants_identity_check,
};
pub(crate) use guard::admit;
pub use guard::{biometric_in, is_released, is_withheld, withhold_version};
pub(crate) use http::{act, store_problem};
pub use indexing::{Indexed, to_extract, to_index};
pub use intake::{Arrived, Arriving};
pub(crate) use invoices::billed;
pub use invoices::{Billed, INVOICE_BYTES_MAX, comparable, invoice_key, unpack_invoice};
pub use keeping::{ReadText, keep_text};
pub use list::{Filter, Inbox, Order, Place, count, page};
pub(crate) use list::{
    Listed, correspondent_of_case, lines_among, out_of_sight_since, visible_among, visible_with_id,
};
pub(crate) use listing::InboxOf;
pub use looking::{Which, content, hold, read};
pub use model::{
    CORRESPONDENT_CHARS_MAX, Change, Channel, CivilDate, Details, Direction, Document,
    DocumentError, Held, Kept, LeftOut, Metadata, Parent, Part, REASON_CHARS_MAX,
    REFERENCE_CHARS_MAX, REFERENCES_MAX, Registered, State, Step, TAG_CHARS_MAX, TAGS_MAX,
    TITLE_CHARS_MAX, TYPE_CHARS_MAX, TextInfo, Version,
};
pub use ops::{Content, lock, receive, to_work_on};
pub(crate) use ops::{add_version, draft};
pub use passwords::{Known as KnownPasswords, known as known_passwords, store as store_password};
pub use pictures::Painter;
pub(crate) use pictures::showing::Showing;
pub use proposals::{
    About, Act, Asking as AskingOwn, Next, OwnMatter, ProposalError, bytes_to_remove,
    destroy_content, destroy_made, finish_destroying, next_step, propose, remove_by_rule,
};
pub use quarantine::{
    Discarded, Infected, QuarantineError, Quarantined, count_quarantined, quarantine,
};
pub use reported::{file_report, store_report};
pub use routes::{ApiDoc, routes};
pub use same::{duplicates, first_named, holds_content, known_content, named_with_content, names};
pub use scans::{
    Progress, Recognised, Scan, Waiting, WaitingState, engines, keep_recognised, to_recognise,
    unrecognised,
};
pub use signed::{add_signed, keep_sealed_strokes, raise, sealed_strokes, to_sign};
pub use standing::{Standing, destroyed, lock_all, standing};
pub(crate) use suggesting::{Basis, cases_of_references, to_suggest};
pub use text::{Page, Pages, TEXT_BYTES_MAX};
pub(crate) use uploading::{department_of, may_file, stage};
pub(crate) use wire::{DocumentView, NewDocument};
pub use words::{PlacedWords, WORDS_BYTES_MAX, WordsPage};

/// The key domains that an archive begins with. Compartments add theirs.
pub const DOMAINS: &[&str] = &[crate::departments::GENERAL];

//! Settings of how texts are read, and of what nobody may search by.

use super::{Setting, bytes, count, setting, words};
use crate::config::shape::{GIB, MIB, Shape};

/// Reading, and what nobody may search by.
pub(super) const EXTRACT: &[Setting] = &[
    setting(
        "extract.workers",
        count(1, 64),
        "1",
        "Processes that read text out of documents; pages are drawn by as many again.",
    ),
    setting(
        "extract.memory_bytes_max",
        bytes(64 * MIB, 16 * GIB),
        "512 MiB",
        "Memory of one such process.",
    ),
    setting(
        "extract.seconds_max",
        count(1, 3_600),
        "60",
        "Time for one document, by the clock and of the processor.",
    ),
    setting(
        "extract.pages_max",
        count(1, 1_000_000),
        "10000",
        "Pages of one document that are read.",
    ),
    setting(
        "extract.text_chars_max",
        count(10_000, 8_000_000),
        "5000000",
        "Characters of the text of one document that are kept.",
    ),
    setting(
        "extract.parts_max",
        count(0, 5_000),
        "1000",
        "Attachments and members of archives that are taken out of one document, with what lies in them in turn.",
    ),
    setting(
        "extract.parts_bytes_max",
        bytes(MIB, 64 * GIB),
        "1 GiB",
        "Bytes of all of them, unpacked.",
    ),
    setting(
        "extract.parts_ratio_max",
        count(2, 2_000),
        "250",
        "How many times larger than in its archive a member may become; up to 1 MiB it may in any case.",
    ),
    setting(
        "extract.parts_depth_max",
        count(1, 20),
        "5",
        "How deep what is taken out may lie in mails and archives.",
    ),
    setting(
        "extract.codes_pages_max",
        count(0, 2_000),
        "200",
        "Pages of one document that bring their text and are looked at for QR codes, Data Matrices and bars, where pictures or many small boxes stand on them; 0 is none.",
    ),
    setting(
        "extract.pdf_passwords",
        Shape::Secret,
        "",
        "Passwords that are tried at locked PDFs, one in a line: at most 20, each of at most 127 bytes.",
    ),
    setting(
        "extract.ocr_workers",
        count(0, 256),
        "0",
        "Processes that recognise the text of pictures; 0 is one for each core.",
    ),
    setting(
        "extract.ocr_program",
        Shape::Path,
        "/usr/bin/tesseract",
        "Where tesseract is. Where it is missing, scans wait until it is there.",
    ),
    setting(
        "extract.ocr_languages",
        Shape::OneOf(&["deu+eng", "deu", "eng+deu", "eng"]),
        "deu+eng",
        "The languages of pictures, the most frequent first: pages are read in it, and in all of them where they look English.",
    ),
    setting(
        "extract.office_workers",
        count(1, 64),
        "1",
        "Processes that make pages of documents of an office, where LibreOffice is there.",
    ),
    setting(
        "extract.office_program",
        Shape::Path,
        "/usr/lib/libreoffice/program/soffice.bin",
        "Where LibreOffice is. Where it is missing, the text of such documents is drawn instead of their pages.",
    ),
    setting(
        "extract.office_dir",
        Shape::Path,
        "/dev/shm",
        "The folder below which it works: what it converts lies there in the clear for as long. It should be one in memory.",
    ),
    setting(
        "extract.office_memory_bytes_max",
        bytes(512 * MIB, 16 * GIB),
        "1 GiB",
        "Memory of one such process.",
    ),
    setting(
        "extract.office_seconds_max",
        count(5, 600),
        "60",
        "Time of the processor that it may take for one document; by the clock five times as much.",
    ),
    setting(
        "extract.copies_always",
        Shape::Flag,
        "false",
        "Whether a searchable copy (PDF/A) is made of every scan as soon as it was recognised; otherwise when somebody asks for it. A copy takes about as much room as the scan.",
    ),
    setting(
        "privacy.serial_numbers",
        Shape::SerialNumbers,
        "LXXXXXXXXC, LXXXXXXXX, 999999999C, MRZ",
        "What serial numbers of identity documents look like, by which nobody may search: they are masked in the index. Empty: none are.",
    ),
    setting(
        "privacy.serial_words",
        words(2_000),
        "personalausweis, ausweisnummer, ausweis-nr, ausweisnr, ausweis nr, reisepass, passnummer, pass-nr, passnr, pass nr, aufenthaltstitel, identity card, id card, passport, residence permit",
        "The words near which a number of such a shape is a serial number.",
    ),
];

//! Office formats: what a person sees in them is read, in their order, page by page.

use indexer::extract::{Extraction, Format, PageState, Reason, TextState};

use crate::containers::{WORD, docx, open_document, paragraph, pptx, xlsx, zip};
use crate::support::{extract, text};

/// Readable, of this format and with these pages.
fn check(content: &[u8], format: Format, pages: &[&str]) -> Extraction {
    let extraction = extract(content);
    let found: Vec<&str> = extraction
        .pages
        .iter()
        .map(|page| page.text.as_str())
        .collect();
    assert_eq!(found, pages);
    assert_eq!(
        (extraction.state, extraction.format),
        (TextState::Readable, format)
    );
    assert_eq!(extraction.engine, format.engine());
    extraction
}

pub(crate) fn a_letter_is_read_with_all_that_belongs_to_it() {
    let body = [
        "<w:p><w:r><w:t>Größen</w:t></w:r><w:r><w:t xml:space='preserve'>nachweis &amp; </w:t>\
         <w:tab/><w:t>Anlage</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r></w:p>",
        // Tracked changes: what was taken out is gone, what was put in is there.
        "<w:p><w:del><w:r><w:delText>gestrichen</w:delText></w:r></w:del>\
         <w:ins><w:r><w:t>eingefügt</w:t></w:r></w:ins>\
         <w:moveFrom><w:r><w:t>verschoben</w:t></w:r></w:moveFrom></w:p>",
        // A text box stands twice: for new programs and for old ones.
        "<w:p><w:r><w:t>Um</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p>\
         <w:r><w:t>Kasten</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback>\
         <w:txbxContent><w:p><w:r><w:t>Kasten</w:t></w:r></w:p></w:txbxContent></mc:Fallback>\
         </mc:AlternateContent></w:r><w:r><w:t>schlag</w:t></w:r></w:p>",
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Straße</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>\
         <w:t>Nr</w:t></w:r></w:p><w:p><w:r><w:t>12</w:t></w:r></w:p></w:tc></w:tr>\
         <w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>leer davor</w:t></w:r></w:p></w:tc></w:tr>\
         </w:tbl>",
        "<w:p><w:r><w:fldChar/><w:instrText>PAGE</w:instrText><w:br w:type='page'/><w:t>Seite \
         zwei</w:t><w:commentReference w:id='0'/></w:r></w:p>",
    ]
    .concat();
    let note = |element: &str, id: &str, said: &str| {
        format!("<w:{element}s {WORD}><w:{element} w:id='{id}'>{said}</w:{element}></w:{element}s>")
    };
    let said = |text: &str| paragraph(text);
    let content = docx(
        &body,
        &[
            ("header", "header1.xml"),
            ("header", "header2.xml"),
            ("footer", "footer1.xml"),
            ("footnotes", "footnotes.xml"),
            ("comments", "comments.xml"),
        ],
        &[
            (
                "word/header1.xml",
                format!("<w:hdr {WORD}>{}</w:hdr>", said("Stadt Musterlingen")),
            ),
            (
                "word/header2.xml",
                format!("<w:hdr {WORD}>{}</w:hdr>", said("Stadt Musterlingen")),
            ),
            (
                "word/footer1.xml",
                format!("<w:ftr {WORD}>{}</w:ftr>", said("Bankverbindung")),
            ),
            (
                "word/footnotes.xml",
                note("footnote", "2", &said("Vgl. § 9")),
            ),
            (
                "word/comments.xml",
                note("comment", "0", &said("Bitte prüfen")),
            ),
        ],
    );
    check(
        &content,
        Format::Docx,
        &[
            "Stadt Musterlingen\nGrößennachweis & \tAnlage\nVgl. § 9\neingefügt\nUmschlag\n\
             Kasten\nStraße\tNr 12\n\tleer davor\n",
            "Seite zwei\nBitte prüfen\nBankverbindung\n",
        ],
    );
}

pub(crate) fn running_text_becomes_pages_at_the_ends_of_paragraphs() {
    let sentence = "Der Antrag wird geprüft. ".repeat(20);
    let body: String = (1..=20)
        .map(|number| paragraph(&format!("Absatz {number}: {sentence}")))
        .collect();
    let extraction = extract(&docx(&body, &[], &[]));
    assert_eq!(extraction.state, TextState::Readable);
    assert_eq!(extraction.pages.len(), 4);
    for page in &extraction.pages {
        assert!(page.text.starts_with("Absatz ") && page.text.ends_with("geprüft.\n"));
        assert!(page.text.chars().count() <= 3_000);
    }
    // A paragraph longer than a page is parted between two words, and nothing is lost.
    let long = "Verwaltungsvorgang ".repeat(1_000);
    let extraction = extract(&docx(&paragraph(&long), &[], &[]));
    assert!(
        extraction
            .pages
            .iter()
            .all(|page| page.text.chars().count() <= 3_000)
    );
    assert_eq!(text(&extraction).split_whitespace().count(), 1_000);
}

pub(crate) fn open_document_texts_are_read() {
    let body = "<text:tracked-changes><text:changed-region><text:deletion><text:p>gestrichen\
        </text:p></text:deletion></text:changed-region></text:tracked-changes>\
        <text:h>Satzung</text:h>\n  <text:p>Ge<text:span>bühren</text:span>ordnung<text:s text:c='2'/>\
        und<text:tab/>mehr<text:note><text:note-citation>1</text:note-citation><text:note-body>\
        <text:p>Fußnote</text:p></text:note-body></text:note> weiter</text:p>\
        <text:p>Rahmen<draw:frame><draw:text-box><text:p>im Kasten</text:p></draw:text-box>\
        </draw:frame><office:annotation><dc:creator>Meier</dc:creator><dc:date>2026-01-01</dc:date>\
        <text:p>Anmerkung</text:p></office:annotation></text:p>\
        <table:table><table:table-row><table:table-cell><text:p>Hund</text:p></table:table-cell>\
        <table:table-cell><text:p>120 €</text:p></table:table-cell></table:table-row></table:table>\
        <text:p>Stand <text:date>01.03.2026</text:date></text:p>\
        <text:p><text:soft-page-break/>Seite zwei</text:p>";
    let styles = "<style:master-page><style:header><text:p>Kopf</text:p></style:header>\
        <style:header-style/><style:footer><text:p>Fuß</text:p></style:footer></style:master-page>";
    check(
        &open_document("text", body, styles),
        Format::Odt,
        &[
            "Kopf\nSatzung\nGebührenordnung  und\tmehr weiter\nFußnote\nRahmen\nim Kasten\n\
             Anmerkung\nHund\t120 €\nStand 01.03.2026\n",
            "Seite zwei\nFuß\n",
        ],
    );
}

pub(crate) fn tables_show_numbers_and_dates_as_a_person_sees_them() {
    let strings = "<si><t>Haushaltsstelle</t></si><si><r><t>Straßen</t></r><r><t>bau</t></r>\
        <rPh><t>nicht</t></rPh></si>";
    let styles = "<numFmts><numFmt numFmtId='164' formatCode='#,##0.00\\ &quot;€&quot;'/>\
        <numFmt numFmtId='165' formatCode='dd\\.mm\\.yyyy'/></numFmts><cellStyleXfs><xf numFmtId='9'/>\
        </cellStyleXfs><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='165'/>\
        <xf numFmtId='14'/></cellXfs>";
    let first = "<row><c t='s'><v>0</v></c><c r='C1' t='s'><v>1</v></c></row>\
        <row><c s='1'><f>SUM(A1)</f><v>1234567.5</v></c><c s='2'><v>46082</v></c>\
        <c s='3'><v>46082</v></c><c><v>0.30000000000000004</v></c></row>\
        <row><c t='b'><v>1</v></c><c t='str'><v>errechnet</v></c><c t='inlineStr'><is><t>direkt</t>\
        </is></c><c t='e'><v>#DIV/0!</v></c></row><row/>";
    check(
        &xlsx(&[("Ansätze", first), ("Leer", "")], strings, styles),
        Format::Xlsx,
        &[
            "Ansätze\nHaushaltsstelle\tStraßenbau\n1.234.567,50 €\t01.03.2026\t2026-03-01\t0.3\n\
             WAHR\terrechnet\tdirekt\t#DIV/0!\n",
            "Leer\n",
        ],
    );
    let body = "<table:table table:name='Gebühren'><table:table-row><table:table-cell \
        office:value-type='float' office:value='1234.5'><text:p>1.234,50 €</text:p>\
        <office:annotation><text:p>geprüft</text:p></office:annotation></table:table-cell>\
        <table:table-cell table:number-columns-repeated='16000'/><table:table-cell><text:p>zwei</text:p>\
        <text:p>Zeilen</text:p></table:table-cell></table:table-row>\
        <table:table-row table:number-rows-repeated='1000000'><table:table-cell/></table:table-row>\
        </table:table><table:table table:name='Zweite'/>";
    check(
        &open_document("spreadsheet", body, ""),
        Format::Ods,
        &["Gebühren\n1.234,50 €\tzwei Zeilen\ngeprüft\n", "Zweite\n"],
    );
}

pub(crate) fn a_slide_is_a_page() {
    let paragraph = |text: &str| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>");
    let first = paragraph("Bürgerversammlung")
        + "<a:tbl><a:tr><a:tc><a:p><a:r><a:t>Ort</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r>\
           <a:t>Rathaus</a:t></a:r></a:p></a:tc></a:tr></a:tbl>";
    let content = pptx(
        &[&first, "", &paragraph("Ende")],
        &paragraph("Notiz der Rednerin"),
    );
    check(
        &content,
        Format::Pptx,
        &[
            "Bürgerversammlung\nOrt\tRathaus\nNotiz der Rednerin\n",
            "",
            "Ende\n",
        ],
    );
    let body = "<draw:page draw:name='eins'><draw:frame><draw:text-box><text:p>Haushalt</text:p>\
        <text:p>2026</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame>\
        <draw:text-box><text:p>Notiz</text:p></draw:text-box></draw:frame></presentation:notes>\
        </draw:page><draw:page><draw:custom-shape><text:p>Form</text:p></draw:custom-shape></draw:page>";
    check(
        &open_document("presentation", body, ""),
        Format::Odp,
        &["Haushalt\n2026\nNotiz\n", "Form\n"],
    );
}

pub(crate) fn rich_text_is_read_in_its_code_page() {
    let content = b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}{\\f1\\fcharset238 Arial CE;}}\
        {\\info{\\author Meier}}{\\header Kopf\\par}\\pard Stra\\'dfe \\u252?ber \\uc2\\u8364\\'80x Br\\'fccke\
        {\\footnote Fu\\'dfnote}\\par{\\f1 \\'f8\\'eda} {\\deleted weg}da\\par\
        \\trowd\\intbl Name\\cell Ort\\cell\\row\\pard{\\field{\\*\\fldinst HYPERLINK x}{\\fldrslt Verweis}}\
        {\\*\\unknown nichts}{\\pict 0123}\\page Seite\\~zwei\\par}";
    check(
        content,
        Format::Rtf,
        &[
            "Straße über € Brücke\nKopf\nFußnote\nřía da\nName\tOrt\nVerweis\n",
            "Seite zwei\n",
        ],
    );
}

pub(crate) fn pages_of_the_web_are_read_without_their_scripts() {
    let content = "<!DOCTYPE html><html><head><meta charset='iso-8859-1'><title>Anschlag</title>\
        <style>p { color: red }</style><script>var geheim = '</p>';</script></head><body>\
        <!-- nichts --><h1>Gr&ouml;&szlig;e</h1><p>Ein   Satz\n mit &euro;&nbsp;5 &#8211; und \
        M\u{fc}ll<br>Zeile</p><table><tr><td><div>Hund</div></td><td>120</td></tr></table>\
        <pre>a\nb</pre><p title='x>y'>3 < 4</p><svg><text>Bild</text></svg></body></html>";
    let latin: Vec<u8> = content
        .chars()
        .map(|c| u8::try_from(u32::from(c)).expect("Latin-1"))
        .collect();
    check(
        &latin,
        Format::Html,
        &["Anschlag\nGröße\nEin Satz mit € 5 – und Müll\nZeile\nHund\t120\na\nb\n3 < 4\n"],
    );
}

pub(crate) fn separated_values_are_a_table() {
    let content = "\u{feff}Name;Ort;Betrag\r\n\"Müller; Söhne\";Bonn;\"1.234,50\"\r\nMeier;;7\r\n";
    check(
        content.as_bytes(),
        Format::Csv,
        &["Name\tOrt\tBetrag\nMüller; Söhne\tBonn\t1.234,50\nMeier\t7\n"],
    );
}

pub(crate) fn what_is_no_office_document_says_so() {
    let not = |content: &[u8], reason: Reason| {
        let extraction = extract(content);
        assert_eq!(extraction.state, TextState::Unreadable { reason });
        assert_eq!(extraction.format, Format::Unknown);
    };
    not(
        &zip(&[("mimetype", b"application/epub+zip")]),
        Reason::UnknownFormat,
    );
    not(b"<?xml version='1.0'?><plan/>", Reason::UnknownFormat);
    let nothing = extract(b"PK\x03\x04 and then nothing");
    let reason = Reason::Damaged;
    assert_eq!(nothing.state, TextState::Unreadable { reason });
    // What its name says makes nothing an office document.
    let archive = extract(&zip(&[("brief.docx", b"kein Brief")]));
    assert_eq!(archive.format, Format::Archive);
    assert_eq!(text(&archive), "brief.docx\n");
    let locked = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        (
            "META-INF/manifest.xml",
            b"<m:manifest xmlns:m='m'><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>",
        ),
        ("content.xml", b"\x01\x02"),
    ]);
    let extraction = extract(&locked);
    assert_eq!(
        extraction.state,
        TextState::Unreadable {
            reason: Reason::Encrypted
        }
    );
    assert_eq!(extraction.format, Format::Odt);
}

pub(crate) fn what_stands_before_the_damage_is_kept() {
    let body = paragraph("vor dem Bruch") + "<w:p><w:r><w:t>im Bruch";
    let document = format!("<w:document {WORD}><w:body>{body}");
    let content = zip(&[
        (
            "[Content_Types].xml",
            crate::containers::types("word/document.xml", "wordprocessingml.document").as_bytes(),
        ),
        ("word/document.xml", document.as_bytes()),
    ]);
    let extraction = extract(&content);
    assert_eq!(
        extraction.state,
        TextState::PartlyReadable {
            reason: Reason::Damaged
        }
    );
    assert_eq!(text(&extraction), "vor dem Bruch\nim Bruch\n");
    assert_eq!(
        extraction.pages.last().map(|page| page.state),
        Some(PageState::Damaged)
    );
}

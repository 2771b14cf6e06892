"""Writes `golden/` and `golden.jsonl`: a document of each format and the words that must be read in it.

    pip install python-docx==1.2.0 openpyxl==3.1.5 python-pptx==1.0.2 odfpy==1.4.1 pypdf==7.1.1
    python3 tests/data/reading/golden.py

The documents are written by libraries that have nothing to do with ours. Words are those that a person sees.
"""

import csv
import datetime
import io
import json
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
from odf import opendocument, presentation, style, table, text, draw
from pptx.util import Inches
from pypdf import PdfReader, PdfWriter

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
ROWS = [
    ("Haushaltsstelle", "Bezeichnung", "Ansatz"),
    ("54100.52210", "Unterhaltung der Gemeindestraßen", "Prüfung"),
    ("55300.43110", "Friedhofsgebühren", "geändert"),
]
LETTER = (
    "Sehr geehrte Frau Großmüller, für das Grundstück Mühlengasse 7, Flurstück 112/4, wird die "
    "Sondernutzung der Gehwegfläche erlaubt."
)
FEE = "Die Verwaltungsgebühr beträgt 125 € und ist bis zum 28. Februar zu überweisen."
HEAD = "Ordnungsamt Hollerfurt"
FOOT = "Öffnungszeiten nach Vereinbarung"


def letter_docx():
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = HEAD
    document.sections[0].footer.paragraphs[0].text = FOOT
    document.add_heading("Erlaubnisbescheid", 1)
    paragraph = document.add_paragraph("")
    half = len(LETTER) // 2
    paragraph.add_run(LETTER[:half]).bold = True
    paragraph.add_run(LETTER[half:])
    document.add_paragraph(FEE, style="List Bullet")
    grid = document.add_table(rows=0, cols=3)
    for row in ROWS:
        for cell, value in zip(grid.add_row().cells, row):
            cell.text = value
    document.save(GOLDEN / "letter.docx")
    return [HEAD, "Erlaubnisbescheid", LETTER, FEE, FOOT, *sum(ROWS, ())]


def letter_odt():
    document = opendocument.OpenDocumentText()
    layout = style.PageLayout(name="Seite")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Standard", pagelayoutname=layout)
    document.masterstyles.addElement(master)
    for part, said in ((style.Header, HEAD), (style.Footer, FOOT)):
        one = part()
        one.addElement(text.P(text=said))
        master.addElement(one)
    document.text.addElement(text.H(outlinelevel=1, text="Erlaubnisbescheid"))
    paragraph = text.P(text="")
    half = len(LETTER) // 2
    paragraph.addElement(text.Span(text=LETTER[:half]))
    paragraph.addText(LETTER[half:])
    document.text.addElement(paragraph)
    bullets, item = text.List(), text.ListItem()
    item.addElement(text.P(text=FEE))
    bullets.addElement(item)
    document.text.addElement(bullets)
    document.text.addElement(grid("Ansätze"))
    document.save(str(GOLDEN / "letter.odt"))
    return [HEAD, "Erlaubnisbescheid", LETTER, FEE, FOOT, *sum(ROWS, ())]


def grid(name):
    sheet = table.Table(name=name)
    for row in ROWS:
        line = table.TableRow()
        for value in row:
            cell = table.TableCell(valuetype="string")
            cell.addElement(text.P(text=value))
            line.addElement(cell)
        sheet.addElement(line)
    return sheet


def budget_xlsx():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Ansätze"
    for row in ROWS:
        sheet.append(row)
    sheet["D1"] = 1234567.5
    sheet["D1"].number_format = '#,##0.00\\ "€"'
    sheet["D2"] = datetime.date(2026, 3, 1)
    sheet["D2"].number_format = "dd\\.mm\\.yyyy"
    other = book.create_sheet("Erläuterungen")
    other["B2"] = FEE
    book.save(GOLDEN / "budget.xlsx")
    return ["Ansätze", *sum(ROWS, ()), "1.234.567,50 €", "01.03.2026", "Erläuterungen", FEE]


def budget_ods():
    document = opendocument.OpenDocumentSpreadsheet()
    document.spreadsheet.addElement(grid("Ansätze"))
    other, line = table.Table(name="Erläuterungen"), table.TableRow()
    cell = table.TableCell(valuetype="currency", currency="EUR", value="1234567.5")
    cell.addElement(text.P(text="1.234.567,50 €"))
    line.addElement(cell)
    other.addElement(line)
    document.spreadsheet.addElement(other)
    document.save(str(GOLDEN / "budget.ods"))
    return ["Ansätze", *sum(ROWS, ()), "Erläuterungen", "1.234.567,50 €"]


def slides_pptx():
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Bürgerversammlung Südstadt"
    slide.placeholders[1].text = LETTER
    slide.notes_slide.notes_text_frame.text = FEE
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Ansätze"
    shape = slide.shapes.add_table(len(ROWS), 3, Inches(1), Inches(2), Inches(8), Inches(2))
    for number, row in enumerate(ROWS):
        for column, value in enumerate(row):
            shape.table.cell(number, column).text = value
    show.save(GOLDEN / "slides.pptx")
    return ["Bürgerversammlung Südstadt", LETTER, FEE, "Ansätze", *sum(ROWS, ())]


def slides_odp():
    document = opendocument.OpenDocumentPresentation()
    layout = style.PageLayout(name="Folie")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Folien", pagelayoutname=layout)
    document.masterstyles.addElement(master)
    for title, said in (("Bürgerversammlung Südstadt", LETTER), ("Kosten", FEE)):
        page = draw.Page(masterpagename=master, name=title)
        for one in (title, said):
            frame, box = draw.Frame(width="20cm", height="4cm", x="2cm", y="2cm"), draw.TextBox()
            box.addElement(text.P(text=one))
            frame.addElement(box)
            page.addElement(frame)
        notes = presentation.Notes()
        frame, box = draw.Frame(width="20cm", height="4cm", x="2cm", y="2cm"), draw.TextBox()
        box.addElement(text.P(text=f"Zu {title}: Rückfragen notieren"))
        frame.addElement(box)
        notes.addElement(frame)
        page.addElement(notes)
        document.presentation.addElement(page)
    document.save(str(GOLDEN / "slides.odp"))
    said = ["Bürgerversammlung Südstadt", LETTER, "Kosten", FEE]
    return said + [f"Zu {said[0]}: Rückfragen notieren", "Zu Kosten: Rückfragen notieren"]


def letter_rtf():
    def coded(said):
        return "".join(
            c if ord(c) < 128 else "\\'%02x" % c.encode("cp1252")[0] for c in said
        )

    cells = "".join(
        "\\trowd\\cellx3000\\cellx6000\\cellx9000\\intbl "
        + "".join(coded(value) + "\\cell " for value in row)
        + "\\row\n"
        for row in ROWS
    )
    content = (
        "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\n"
        "{\\header " + coded(HEAD) + "\\par}\n"
        "\\pard\\b Erlaubnisbescheid\\b0\\par\n"
        + coded(LETTER) + "\\par\n" + coded(FEE) + "\\par\n" + cells + "\\pard\\par}\n"
    )
    (GOLDEN / "letter.rtf").write_bytes(content.encode("ascii"))
    return [HEAD, "Erlaubnisbescheid", LETTER, FEE, *sum(ROWS, ())]


def notice_html():
    rows = "".join(
        "<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>\n" for row in ROWS
    )
    content = (
        "<!DOCTYPE html>\n<html lang='de'><head><meta charset='utf-8'>"
        "<title>Erlaubnisbescheid</title></head><body>\n"
        f"<h1>{HEAD}</h1>\n<p>{LETTER.replace('ü', '&uuml;')}</p>\n<p>{FEE.replace('€', '&#8364;')}</p>\n"
        f"<table>\n{rows}</table></body></html>\n"
    )
    (GOLDEN / "notice.html").write_text(content, encoding="utf-8")
    return ["Erlaubnisbescheid", HEAD, LETTER, FEE, *sum(ROWS, ())]


def budget_csv():
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([*ROWS, ("00000.00000", FEE, 'sogenannte "Rücklage"')])
    (GOLDEN / "budget.csv").write_bytes(out.getvalue().encode("cp1252"))
    return [*sum(ROWS, ()), "00000.00000", FEE, "sogenannte Rücklage"]


def mail_eml():
    mail = EmailMessage()
    mail["From"] = "Jörg Großmüller <joerg.grossmueller@hollerfurt.example>"
    mail["To"] = "Bürgerbüro Hollerfurt <buergerbuero@hollerfurt.example>"
    mail["Subject"] = "Sondernutzung Mühlengasse"
    mail["Date"] = datetime.datetime(2026, 3, 2, 9, 15, tzinfo=datetime.timezone.utc)
    mail["Message-ID"] = "<20260302.0915@hollerfurt.example>"
    mail.set_content(LETTER + "\n\n" + FEE + "\n", cte="quoted-printable")
    mail.add_alternative(f"<p>{LETTER}</p><p>{FEE}</p>", subtype="html")
    for part in mail.walk():
        if part.is_multipart():
            part.set_boundary("grenze")
    (GOLDEN / "mail.eml").write_bytes(mail.as_bytes())
    said = ["Jörg Großmüller", "joerg.grossmueller@hollerfurt.example", "Bürgerbüro Hollerfurt"]
    return [*said, "Sondernutzung Mühlengasse", LETTER, FEE]


def invoice_pdf():
    source = HERE.parent.parent.parent / "indexer/tests/data/muenz5dmbek-1977-03.pdf"
    writer = PdfWriter(clone_from=PdfReader(source))
    invoice = HERE.parent / "xrechnung/01.01a-INVOICE_uncefact.xml"
    writer.add_attachment("factur-x.xml", invoice.read_bytes())
    writer.write(GOLDEN / "invoice.pdf")
    # The first words are those of its page, the others what the invoice in it says.
    return ["Ausprägung von Bundesmünzen im Nennwert von 5 Deutschen Mark", *INVOICE[:4]]


INVOICE = ["123456XX", "2016-04-04", "336.9", "04011000-12345-03"]
PRINTED = [
    "123456XX", "04.04.2016", "336,9 EUR", "Zeitschrift Inland", "Zahlbar sofort ohne Abzug.", "DE 123456789",
]


# How we call the formats that others call otherwise.
KINDS = {"eml": "mail", "XRechnung UBL": "ubl", "XRechnung CII": "cii", "ZUGFeRD": "pdf"}


def main():
    GOLDEN.mkdir(exist_ok=True)
    made = [
        ("docx", "golden/letter.docx", letter_docx()),
        ("odt", "golden/letter.odt", letter_odt()),
        ("xlsx", "golden/budget.xlsx", budget_xlsx()),
        ("ods", "golden/budget.ods", budget_ods()),
        ("pptx", "golden/slides.pptx", slides_pptx()),
        ("odp", "golden/slides.odp", slides_odp()),
        ("rtf", "golden/letter.rtf", letter_rtf()),
        ("html", "golden/notice.html", notice_html()),
        ("csv", "golden/budget.csv", budget_csv()),
        ("eml", "golden/mail.eml", mail_eml()),
        ("XRechnung UBL", "../xrechnung/01.01a-INVOICE_ubl.xml", PRINTED),
        ("XRechnung CII", "../xrechnung/01.01a-INVOICE_uncefact.xml", PRINTED),
        ("ZUGFeRD", "golden/invoice.pdf", invoice_pdf()),
    ]
    with open(HERE / "golden.jsonl", "w", encoding="utf-8") as out:
        for name, file, words in made:
            kind = KINDS.get(name, name)
            line = {"name": name, "format": kind, "file": file, "words": " ".join(words)}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


main()

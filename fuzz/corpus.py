#!/usr/bin/env python3
"""Makes the samples from which the fuzzer starts, the same bytes each time: python3 fuzz/corpus.py

What a run of the fuzzer finds lies beside them, under the name that the fuzzer gives it, and is not touched.
"""

import base64
import hashlib
import hmac
import io
import json
import struct
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def keep(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)


def packed(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, (2026, 3, 1, 8, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def questions():
    for name, text in {
        "words.txt": "Antrag Parkausweis -Hund",
        "groups.txt": '(Antrag ODER Widerspruch) "neuer Parkausweis" Parkaus*',
        "fields.txt": "titel:(Antrag ODER Bescheid) az:\"01.4 2026\" betrag:>=10,50 feld.nummer:R-1*",
        "days.txt": "datum:2025-01-01..31.03.2025 jahr:>=2024 eingang:..2025 datum:<2025-03",
        "open.txt": "„offen (( ODER UND titel: datum:gestern --a* §§",
        "signs.txt": "Ein- und Ausgang 01.4.1-2026/0042 § 9 Abs. 2 DE79 0000 0000 1234 5678 90 1.234,56 €",
    }.items():
        keep("query", name, text)
    page = "Die Genehmigung vom 5. März; Baugenehmigungen zu 01.4.1-2026/0042, 1.234,56 €, Verwal-\ntung § 9."
    keep("marked", "forms.txt", f"Genehmigungen\n{page}")
    keep("marked", "number.txt", f"01.4.1-2026/0042 \"vom 5. März\"\n{page}")
    keep("marked", "parts.txt", f"Bau* Verwaltung -März betrag:1234,56\n{page}")
    for name, text in {"german.txt": "-1.234.567,891 €", "plain.txt": "1234.5", "range.txt": "1..2"}.items():
        keep("amount", name, text)
    keep("cursor", "relevance.txt", "01" + "00" * 32)
    keep("cursor", "date.txt", "02" + "7f" * 16 + "ff" * 16)


def letters():
    letter = (
        "Stadt Hollerfurt\nDer Bürgermeister\nOrdnungsamt\nMarkt 1, 12345 Hollerfurt\n"
        "ordnung@hollerfurt.example\n\nFrau\nErika Beispiel\nAm Weg 7\n12345 Hollerfurt\n\n"
        "Hollerfurt, den 11.02.2026\nUnser Zeichen: 02.1.4-2026/0007\n\n"
        "Betreff: Ihr Antrag auf einen Parkausweis\n\nSehr geehrte Frau Beispiel,\n\n"
        "wir haben Ihren Antrag vom 3. Februar 2026 geprüft. Bitte überweisen Sie 1.234,56 Euro auf "
        "DE79 0000 0000 1234 5678 90, Steuernummer 123/456/78901, USt-IdNr. DE123456789.\n\n"
        "Mit freundlichen Grüßen\nAnke Voßkuhl\n"
    )
    keep("letter", "letter.txt", letter)
    keep("letter", "pages.txt", letter + "\f" + "Rechnung Nr. 4711\nDatum: 01.03.2026\n" + "\f")
    keep("letter", "lines.txt", "Betr.: ::\nDatum\n31.02.2026\nAz.: ////\n@\n" * 8)
    keep("likeness", "same.txt", letter * 2 + "\f" + letter.replace("rn", "m") * 2)
    keep("likeness", "other.txt", letter + "\f" + letter.replace("1.234,56", "1.234,65"))
    keep("likeness", "sketch.bin", bytes(range(256)) * 2)
    keep("serials", "card.txt", "LXXXXXXXXC\nPersonalausweis Nr. L01X00T471, Seriennummer: T22000129; Az. T22000129")
    keep("serials", "zone.txt", "'AB'999999\nP<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4\n")
    keep("serials", "words.txt", "A99999999\nReisepass Nr.: C01X00T478 und Rechnung C01X00T478 für Größe ẞ İ Ⱥ C01X00T478")
    keep("biometric", "finger.bin", b"FMR\x00 20\x00" + struct.pack(">I", 64) + bytes(52))
    keep("biometric", "nist.bin", b"1.001:120\x1d1.002:0500\x1d1.003:1\x1f1\x1e2\x1f0\x1d1.004:ABC\x1c")
    keep("biometric", "part.bin", b"\x64\x20\xa0\x0a\x80\x01\x03\x81\x02\x07\xe3" + bytes(32))
    keep("biometric", "wsq.bin", b"\xff\xa0\xff\xa4\x00\x3a\x09\x07" + bytes(60))


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def bodies():
    def body(title, pages):
        head, data = varint(len(title)) + title + varint(len(pages)), b""
        for text, places in pages:
            table, end = b"", 0
            for start, stop in places:
                table += varint(start - end) + varint(stop - start)
                end = stop
            head += varint(len(places)) + varint(len(table)) + varint(len(text)) + varint(len(text))
            data += table + text
        whole = head + data
        return whole + struct.pack("<I", len(whole))

    text = "Grüße aus Hollerfurt".encode()
    keep("body", "pages.bin", body(b"Ein Titel", [(text, [(0, 7), (8, 11), (12, 22)]), (b"zwei", [(0, 4)])]))
    keep("body", "behind.bin", b"\x01\x02engine" + body(b"", [(b"x" * 200, [(0, 200)])]))
    keep("body", "numbers.bin", body(b"", []) + struct.pack("<I", 0xFFFFFFFF))


def documents():
    golden = ROOT / "tests/data/reading/golden"
    keep("csv", "budget.csv", (golden / "budget.csv").read_bytes())
    keep("csv", "quoted.csv", 'a;"b ""c"";\r\nd";e\r\n1;2;3\r\n"offen')
    keep("csv", "tabs.csv", "a\tb\n1\t2\n".encode("utf-16"))
    keep("html", "notice.html", (golden / "notice.html").read_bytes())
    keep("html", "broken.html", "<html><head><title>x</head><p a='<' b=\">\">&auml;&#xffffffff;&#228;&uuml<td>1<td>2<script>if (a<b) '</p>'</SCRIPT ><!-- -- ><svg/><pre>  a\n b</pre>")
    keep("html", "declared.html", "<meta charset=windows-1252><p>Gr\xfc\xdfe".encode("latin-1"))
    keep("html", "long.html", "<p>ab</p><p>" + "ä" * 9_000 + "</p><p>danach</p>")
    keep("rtf", "letter.rtf", (golden / "letter.rtf").read_bytes())
    keep("rtf", "controls.rtf", r"{\rtf1\ansi\ansicpg1252\uc2{\fonttbl{\f0\fcharset238 A;}}{\footnote f}\f0\'fc\u228??\u-10179?\u-8704?\trowd\intbl a\cell b\cell\row\pard\par{\*\shpinst x}\bin5 {}}{}\page\deleted weg\plain da\~\_}")
    keep("rtf", "numbers.rtf", r"{\rtf1\bin99999999999 \uc-1\u99999999999 \f-2147483648\fcharset0\ansicpg-1 x")
    for name in ["01.01a-INVOICE_ubl.xml", "01.01a-INVOICE_uncefact.xml"]:
        keep("invoice", name, (ROOT / "tests/data/xrechnung" / name).read_bytes())
    keep("invoice", "small.xml", "<?xml version='1.0'?><Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'><ID> R&#x2D;7 </ID><IssueDate>2026-02-30</IssueDate><PaymentMeans><PayeeFinancialAccount><ID>DE79 0000 0000 1234 5678 90</ID></PayeeFinancialAccount></PaymentMeans><!-- x --><![CDATA[y]]></Invoice>")
    keep("invoice", "entity.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'>&b;</Invoice>")
    for name in ["budget.ods", "letter.odt", "slides.odp"]:
        keep("package", name, (golden / name).read_bytes())
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument"

    def part(main, kind, *parts):
        types = f"<Types><Override PartName='/{main}' ContentType='{kinds}.{kind}.main+xml'/></Types>"
        return packed(("[Content_Types].xml", types), *parts)

    def relations(*targets):
        each = "".join(f"<Relationship Id='rId{n}' Type='{office}/{kind}' Target='{target}'/>" for n, (kind, target) in enumerate(targets, 1))
        return f"<Relationships>{each}</Relationships>"

    keep("package", "letter.docx", part("word/document.xml", "wordprocessingml.document",
        ("word/document.xml", "<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>Bescheid</w:t><w:footnoteReference w:id='2'/><w:tab/><w:br w:type='page'/></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl></w:body></w:document>"),
        ("word/_rels/document.xml.rels", relations(("header", "../word/h.xml"), ("footnotes", "/word/f.xml"))),
        ("word/h.xml", "<w:hdr xmlns:w='w'><w:p><w:r><w:t>Kopf</w:t></w:r></w:p></w:hdr>"),
        ("word/f.xml", "<w:footnotes xmlns:w='w'><w:footnote w:id='2'><w:p><w:r><w:t>Fuß</w:t></w:r></w:p></w:footnote></w:footnotes>")))
    keep("package", "table.xlsx", part("xl/workbook.xml", "spreadsheetml.sheet",
        ("xl/workbook.xml", f"<workbook xmlns:r='{office}'><workbookPr date1904='1'/><sheets><sheet name='A' r:id='rId1'/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", relations(("worksheet", "worksheets/s.xml"), ("sharedStrings", "s.xml"), ("styles", "t.xml"))),
        ("xl/s.xml", "<sst><si><t>Haushalt</t></si></sst>"),
        ("xl/t.xml", "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='#,##0.00\\ &quot;€&quot;'/></numFmts><cellXfs><xf numFmtId='164'/><xf numFmtId='14'/></cellXfs></styleSheet>"),
        ("xl/worksheets/s.xml", "<worksheet><sheetData><row><c r='A1' t='s'><v>0</v></c><c r='XFD1' s='0'><v>1234.5</v></c><c s='1'><v>46082</v></c></row></sheetData></worksheet>")))
    keep("package", "slides.pptx", part("ppt/presentation.xml", "presentationml.presentation",
        ("ppt/presentation.xml", f"<p:presentation xmlns:p='p' xmlns:r='{office}'><p:sldIdLst><p:sldId id='256' r:id='rId1'/></p:sldIdLst></p:presentation>"),
        ("ppt/_rels/presentation.xml.rels", relations(("slide", "slides/s.xml"))),
        ("ppt/slides/s.xml", "<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>Folie</a:t></a:r></a:p></p:sld>")))
    keep("package", "members.zip", packed(("a/b.txt", "Text"), ("../../c.txt", "x" * 3_000), ("d\\e.csv", "1;2")))
    types, noted = "[Content_Types].xml", b"PK\x05\x06 und mehr"
    for name, members in {
        "letter.docx": (types, "word/document.xml"), "table.xlsx": ("xl/workbook.xml", "a", types), "slides.pptx": (types, "ppt/presentation.xml"),
        "macros.docm": (types, "word/document.xml", "word/vbaProject.bin"), "text.odt": ("mimetype", "content.xml"), "members.zip": ("a/b.txt", "word/x.xml"), "empty.zip": (),
    }.items():
        keep("directory", name, packed(*((member, "x") for member in members)))
    keep("directory", "noted.zip", packed(("a.txt", "x"))[:-2] + struct.pack("<H", len(noted)) + noted)
    keep("text", "german.txt", "Grüße aus Hollerfurt\r\nSeite zwei\f\fVer\u00adwal\u00ad\ntung\r§ 3")
    keep("text", "wide.txt", "Größe: 5 €\f„ab“".encode("utf-16"))
    keep("text", "windows.txt", b"Gr\xf6\xdfe: 5 \x80 \x84ab\x93")
    for name, head in {
        "pdf.bin": b"\n\n junk %PDF-1.7\n%\xe2\xe3", "mail.bin": b"From a@b Mon\nReceived: from a by b\r\n\tfor c;\r\nSubject: x\r\n\r\nText",
        "xml.bin": b"\xef\xbb\xbf <?xml version='1.0'?><a/>", "tiff.bin": b"II*\0\x08\0\0\0", "webp.bin": b"RIFF\x10\0\0\0WEBPVP8L",
        "html.bin": b"<!-- mail --><HTML>", "table.bin": b"Name;Ort\nM\xfcller;Bonn\n", "wide.bin": "<?xml?>".encode("utf-16"),
    }.items():
        keep("detect", name, head)
    for name, code in {
        "money.txt": "#,##0.00\\ \"€\";[Red]-#,##0.00\n-1234567.891", "date.txt": "[$-407]d. mmmm yyyy hh:mm:ss;@\n46082.6041",
        "share.txt": "[$-407]0.0%\n0.195", "strange.txt": "_-* #,##0.00\\ [$€-407]_-;\\\n1e308", "none.txt": "\nNaN", "early.txt": "yyyy-mm-dd\n59.99999",
    }.items():
        keep("numbers", name, code)
    glyphs = b"".join(struct.pack("<HBBBBBB", ord(c), 90, 60 + 6 * n, 100, 6, 12, 0) for n, c in enumerate("Gruße aus dem Amt"))
    keep("layout", "line.bin", glyphs)
    keep("layout", "columns.bin", b"".join(struct.pack("<HBBBBBB", ord(c), 90, x, y, 6, 12, s) for y in (20, 40, 60) for x, c in ((10, "a"), (16, "b"), (200, "c")) for s in (0, 1)))
    keep("layout", "accents.bin", b"".join(struct.pack("<HBBBBBB", code, turn, 40, 40, adv, 12, s) for code in (0xA8, 0x61, 0x308, 0x20, 0xAD, 0xFB01) for turn in (0, 90, 180) for adv in (0, 200) for s in (0, 4, 5)))


def boundary_mail():
    golden = ROOT / "tests/data/reading/golden"
    keep("mail", "mail.eml", (golden / "mail.eml").read_bytes())
    keep("mail", "nested.eml", "\r\n".join([
        "From: =?utf-8?Q?J=C3=B6rg?= <j@a.example>", "To: \"X, Y\" <x@b.example>, z@c.example", "Subject: =?utf-8?B?R3LDvMOfZQ==?=",
        "Date: Mon, 2 Mar 2026 09:15:00 +0100", "Message-ID: <a@b>", "In-Reply-To: <c@d>", "Content-Type: multipart/mixed; boundary=\"o\"", "",
        "--o", "Content-Type: text/html; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "<p>M=FCller=", "</p>",
        "--o", "Content-Type: application/pdf; name=\"../a.pdf\"", "Content-Disposition: attachment; filename*=utf-8''%E2%80%AEfdp.exe",
        "Content-Transfer-Encoding: base64", "", "JVBERi0xLjcK", "--o", "Content-Type: message/rfc822", "", "From: i@j.example", "Subject: drin",
        "Content-Type: multipart/mixed; boundary=i", "", "--i", "", "Text", "--i--", "--o--", ""]))
    keep("mail", "rough.eml", "From a Mon\nFrom: a\nTo: b\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n--\nContent-Transfer-Encoding: base64\n\n====\n")
    keep("outlook", "mail.msg", compound([
        ("__nameid_version1.0", None, [("__substg1.0_00020102", b"\0" * 16)]),
        ("__properties_version1.0", b"\0" * 32 + struct.pack("<IIQ", 0x00390040, 6, 134_000_000_000_000_000), None),
        ("__substg1.0_0037001F", "Grüße".encode("utf-16-le"), None), ("__substg1.0_1000001F", "Text der Nachricht".encode("utf-16-le"), None),
        ("__substg1.0_0C1A001F", "Jörg Müller".encode("utf-16-le"), None),
        ("__attach_version1.0_#00000000", None, [("__properties_version1.0", b"\0" * 8), ("__substg1.0_3707001F", "notiz.txt".encode("utf-16-le")), ("__substg1.0_37010102", b"Inhalt")]),
        ("__recip_version1.0_#00000000", None, [("__properties_version1.0", b"\0" * 8 + struct.pack("<IIQ", 0x0C150003, 6, 2)), ("__substg1.0_3001001F", "Amt".encode("utf-16-le"))]),
    ]))


def compound(tree):
    """A compound file in which every stream is long enough to need no short sectors."""
    size, end, none = 512, 0xFFFFFFFE, 0xFFFFFFFF
    entries, sectors, chains = [["Root Entry", 5, none, none, none, end, 0]], [], []

    def stream(content):
        content = content.ljust(4_096, b"\0")
        first = len(sectors)
        blocks = [content[at:at + size].ljust(size, b"\0") for at in range(0, len(content), size)]
        sectors.extend(blocks)
        chains.extend(list(range(first + 1, first + len(blocks))) + [end])
        return first, len(content)

    def add(parent, members):
        before = None
        for name, content, below in sorted(members, key=lambda one: (len(one[0]), one[0].upper())):
            at = len(entries)
            first, length = stream(content) if below is None else (0, 0)
            entries.append([name, 2 if below is None else 1, none, none, none, first, length])
            entries[parent][4] = at if before is None else entries[parent][4]
            if before is not None:
                entries[before][3] = at
            before = at
            if below is not None:
                add(at, [(name, content, None) for name, content in below])

    add(0, tree)
    while len(entries) % 4:
        entries.append(["", 0, none, none, none, 0, 0])
    directory = b""
    for name, kind, left, right, child, first, length in entries:
        wide = name.encode("utf-16-le")
        directory += wide.ljust(64, b"\0") + struct.pack("<HBBIII", len(wide) + 2 if name else 0, kind, 1, left, right, child)
        directory += bytes(36) + struct.pack("<IQ", first, length)
    begin = len(sectors)
    blocks = [directory[at:at + size] for at in range(0, len(directory), size)]
    sectors.extend(blocks)
    chains.extend(list(range(begin + 1, begin + len(blocks))) + [end])
    tables = (len(sectors) + 127) // 127
    places = list(range(len(sectors), len(sectors) + tables))
    chains.extend([0xFFFFFFFD] * tables)
    chains.extend([none] * (tables * 128 - len(chains)))
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, tables, begin, 0, 4_096, end, 0, end, 0)
    head += struct.pack(f"<{109}I", *(places + [none] * (109 - tables)))
    return head + b"".join(sectors) + struct.pack(f"<{len(chains)}I", *chains)


def talk():
    def frame(tag, content):
        return bytes([tag]) + struct.pack(">I", len(content)) + content

    page = frame(2, b"\0" + "Grüße\n".encode())
    mail = frame(30, b"\0" + json.dumps({"from": [{"name": "A", "address": "a@b.example"}], "subject": "Grüße", "sent": 1}).encode())
    keep("frames", "pages.bin", frame(1, b"\x07") + frame(20, b"\x05") + page + page + frame(3, b"\0"))
    keep("frames", "parts.bin", frame(1, b"\x07") + mail + frame(32, b"\0" + b'{"path":"a/b.pdf"}') + frame(33, b"bytes") + frame(34, b"\1") + frame(31, b"\x0dgeheim.pdf") + frame(3, b"\0"))
    keep("frames", "facts.bin", frame(21, b'{"number":"RE-7","ibans":["DE79000000001234567890"]}') + frame(4, b"\1\2") + frame(5, b"\xff"))
    head = struct.pack(">QQIIIIIIQI", 1 << 30, 256 << 20, 20, 60_000, 2_000, 200_000, 5_000_000, 1_000, 1 << 30, 250)
    keep("header", "pdf.bin", b"plx1\x01\0\0\0" + head + bytes(4))
    keep("header", "draw.bin", b"plx1\x06\x04\x06\x40" + head + struct.pack(">I", 70_000))
    keep("header", "probe.bin", b"plx1\x03\xff\0\0" + head + bytes(4))
    keep("pictures", "grey.bin", struct.pack(">IIIIi", 59_500, 84_200, 2, 3, -123) + bytes(6))
    keep("pictures", "webp.bin", struct.pack(">IIIIi", 59_500, 84_200, 800, 1_132, 0) + b"RIFF\x10\0\0\0WEBPVP8L")
    keep("pictures", "shapes.bin", struct.pack(">IIIIII", 59_500, 84_200, 0, 1, 100_000_000, 270))
    keep("pictures", "words.bin", json.dumps([59_500, 84_200, [{"text": "Antrag", "place": [6_000, 7_000, 3_000, 1_100]}]]))
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    keep("recognised", "table.txt", head + "1\t1\t0\t0\t0\t0\t0\t0\t800\t600\t-1\t\n5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\tSehr\n5\t1\t1\t1\t2\t2\t50\t20\t60\t12\t90.0\tgeehrte\n")
    keep("recognised", "numbers.txt", head + "5\t1\t4294967295\t1\t1\t1\t4294967295\t0\t0\t0\t1e308\tx\n5\t1\t1\t1\t1\t1\t1\t1\t1\t1\tNaN\ty\n5\t1\t2\t1\t1\t1\t1\t1\t1\t1\t-5\t\u202ez\n")


def proofs():
    said = {}
    for line in (ROOT / "tests/data/audit/vectors.txt").read_text().splitlines():
        name, _, value = line.partition(" = ")
        said[name] = value.replace("\\n", "\n").encode()
    leaves = [said[f"leaf {seq}"] for seq in (0, 1, 3, 60)]
    for seq, leaf in zip((0, 1, 3, 60), leaves):
        keep("leaf", f"{seq}.bin", leaf)
    keep("note", "checkpoint.txt", said["checkpoint"])
    witness = b"zeuge.example/w1+cf5d5f88+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY"
    log = said["policy"].replace(b"quorum none\n", b"")
    keep("note", "policy.txt", log + b"# a comment\nwitness w " + witness + b" https://w.example\ngroup g 1 w\nquorum g\n")
    keep("note", "witness.txt", witness)
    keep("note", "question.txt", b"old 41\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\n" + said["checkpoint"])
    keep("note", "key.txt", said["key"])
    keep("note", "handover.txt", said["handover"])
    keep("tiles", "entries.bin", b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in leaves[:2]))
    keep("tiles", "path.txt", "tile/2/x001/x234/067.p/17")
    keep("tiles", "bundle.txt", "tile/entries/000")
    keep("tiles", "frontier.bin", struct.pack(">Q", 5) + bytes(range(64)))
    keep("proof", "inclusion.bin", struct.pack(">QQ", 2, 5) + bytes(range(96)))
    keep("proof", "consistency.bin", struct.pack(">QQ", 3, 7) + bytes(range(128)))
    keep("proof", "largest.bin", struct.pack(">QQ", (1 << 64) - 1, (1 << 64) - 1) + bytes(64))
    salt, opened = "01" * 32, base64.b64encode(b"{\"title\":\"x\"}").decode()
    keep("openings", "lines.jsonl", f'{{"seq":20,"slot":"ctx","salt":"{salt}","bytes":"{opened}"}}\n{{"seq":21,"slot":"state:0",'
         f'"erased":true}}\n{{"seq":22,"slot":"blob:17","withheld":true}}\n')
    keep("openings", "short.jsonl", '{"seq":18446744073709551616,"slot":"a","salt":"","bytes":""}\n{"seq":,"slot":"","\n')
    keep("canonical", "record.txt", leaves[1].split(b"\n", 1)[1])
    keep("canonical", "values.txt", '{"a":[true,false,-9007199254740991,""],"b":{"c":"\\u001f\\"\\\\ä"}}')
    keep("canonical", "deep.txt", "[" * 16 + "]" * 16)


def edge():
    keep("headers", "tags.txt", '"v1", W/"v2", "sha256-ab"')
    keep("headers", "range.txt", "bytes=0-99")
    keep("headers", "suffix.txt", "bytes=-18446744073709551616")
    keep("headers", "trace.txt", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    keep("headers", "cookie.txt", "a=b; papierlos=secret; c")
    keep("headers", "language.txt", "en-GB;q=0.8, de;q=1.0, *;q=0")
    keep("headers", "id.txt", "01946b2e-7f6a-7c1e-8d2f-5a3b6c7d8e9f")

    def cursor(scope, key):
        body = json.dumps({"v": 1, "k": key}, separators=(",", ":")).encode()
        digest = hmac.new(bytes([7] * 32), b"papierlos.cursor/v1\n" + scope + b"\n" + body, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:12] + body).rstrip(b"=").decode()

    keep("page", "cursor.txt", f"limit=20&cursor={cursor(b'fuzz', [17, 'Grüße'])}")
    keep("page", "encoded.txt", "limit=1000&tag=a%20b+c&q=%C3%BC%00&limit=0&cursor=AAAA")
    keep("page", "foreign.txt", f"cursor={cursor(b'other', [17, 'x'])}&&=&%")
    keep("json", "fine.txt", '{"title":"Antrag","tags":["Eilt","Stra\\u00dfe"],"number":7}')
    keep("json", "faults.txt", '{"titel":"x","tags":[1,null],"number":256}')
    keep("json", "nul.txt", '{"title":"a\\u0000\\\\u0000"}')
    keep("json", "deep.txt", '{"tags":' + "[" * 140 + "]" * 140 + "}")
    keep("value", "money.txt", '{"amount":"1.234,56","currency":"EUR"}')
    keep("value", "many.txt", '["a","b"]')
    keep("value", "reference.txt", '{"document":"01946b2e-7f6a-7c1e-8d2f-5a3b6c7d8e9f"}')
    keep("value", "nested.txt", '{"amount":{"amount":{"amount":1e400}}}')
    keep("file_name", "path.txt", "C:\\Akten\\..\\geheim.pdf")
    keep("file_name", "turned.txt", "Rechnung\u202efdp.exe\u0000.pdf ..")
    keep("file_name", "long.txt", "Prüfbericht " * 40 + ".tar.gz")
    keep("file_name", "signs.txt", "a\"b%22c\r\n\u0308ü€;filename=x")
    content = "--XX\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a.pdf\"; filename*=UTF-8''%C3%9C.pdf\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7 Inhalt\r\n"
    metadata = "--XX\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n{\"title\":\"T\"}\r\n"
    keep("multipart", "both.txt", metadata + content + "--XX--\r\n")
    keep("multipart", "twice.txt", content + content + "--XX--\r\n")
    keep("multipart", "open.txt", content + metadata)
    keep("multipart", "rough.txt", "--XX\r\n\r\n\r\n--XX\r\nContent-Disposition: form-data; name=\"x\"; filename=\"\"\r\n\r\n--XX--")
    keep("clamd", "clean.txt", "stream: OK")
    keep("clamd", "found.txt", "stream: Papierlos.Test.UNOFFICIAL FOUND")
    keep("clamd", "refused.txt", "INSTREAM size limit exceeded. ERROR")
    for name, text in {"file.txt": "{unit}-{year}/{seq:4}", "case.txt": "{file}-{seq}", "broken.txt": "{seq:0}{{}}{seq:99}{", "org.txt": "{org} {seq:9}/{case}"}.items():
        keep("pattern", name, text)
    lines = (ROOT / "server/data/town/aktenplan.csv").read_text().splitlines(keepends=True)
    keep("plan", "plan.csv", "".join(lines[:9]))
    keep("plan", "rough.csv", "kennzeichen;bezeichnung;aufbewahrung_jahre\n01;\"a\nb\";-1\n01;;99999999999\n02.1;x;dauernd\n")
    space = "urn:xoev-de:xdomea:schema:4.0.0"
    unit = "<x:Einheit><x:Kennzeichen>{}</x:Kennzeichen><x:Inhaltsangabe>{}</x:Inhaltsangabe><x:Aussonderungsart><x:Aussonderungsart><code>B</code></x:Aussonderungsart></x:Aussonderungsart><x:Stillgelegt>0</x:Stillgelegt><x:Aufbewahrungsdauer>{}</x:Aufbewahrungsdauer>{}</x:Einheit>"
    inner = unit.format("01.1", "Gremien &amp; Leitung", "<x:Unbefristet>1</x:Unbefristet>", "<x:AnwendungsspezifischeErweiterung><x:Kennung>urn:papierlos:aktenplan</x:Kennung><x:Name>Papierlos</x:Name><x:Feld><x:Name>hinweis</x:Name><x:Wert>Amt</x:Wert></x:Feld></x:AnwendungsspezifischeErweiterung>")
    outer = unit.format("01", "Innere Verwaltung", "<x:AnzahlJahre>10</x:AnzahlJahre>", inner)
    for version in ["3.1.0", "4.0.0"]:
        keep("plan", f"plan-{version}.xml", f"<?xml version='1.0' encoding='UTF-8'?>\n<x:Aktenplan.Aktenplan.0301 xmlns:x='urn:xoev-de:xdomea:schema:{version}'><x:Aktenplan>"
             f"<x:Bezeichnung>Plan</x:Bezeichnung><x:Version>2026</x:Version>{outer}<x:Gueltigkeit><x:Beginn>2026-01-01</x:Beginn></x:Gueltigkeit></x:Aktenplan></x:Aktenplan.Aktenplan.0301>")
    keep("plan", "entity.xml", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>")
    town = (ROOT / "server/data/town/types.toml").read_text()
    keep("types", "types.txt", town)
    keep("types", "day.txt", "2026-02-29")

    def token(algorithm):
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        return f"{part({'alg': algorithm, 'kid': 'a', 'typ': 'JWT'})}.{part({'iss': 'x', 'sub': 'y'})}.{'A' * 86}"

    keys = json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "A" * 43}, {"kty": "EC", "crv": "P-256", "kid": "a", "x": "A" * 43, "y": "A" * 43},
                                {"kty": "RSA", "kid": "a", "n": "A" * 342, "e": "AQAB"}]})
    for algorithm in ["EdDSA", "ES256", "RS256", "none"]:
        keep("token", f"{algorithm.lower()}.txt", f"{token(algorithm)}\n{keys}")


def stored():
    keep("blob", "first.bin", struct.pack("<QQQ", 200_000, 70_000, 10) + b"Inhalt")
    keep("blob", "end.bin", struct.pack("<QQQ", 65_536, 65_536, 0))
    keep("blob", "largest.bin", struct.pack("<QQQ", 1 << 48, (1 << 48) - 1, 1) + bytes(64))
    key = bytes([7] * 32)
    check = hashlib.sha256(b"papierlos.key-check/v1\ngeneral\n" + key).hexdigest()[:32]
    keep("key_file", "one.txt", "format = 1\n\n[[domain.general]]\n" f'id = "k-{check[:16]}"\nactive = true\ncreated = "2026-03-01"\n'
         f'key = "{base64.b64encode(key).decode()}"\ncheck = "{check}"\n')
    keep("key_file", "broken.txt", 'format = 1\n[[domain."A B"]]\nid = ""\nactive = false\ncreated = ""\nkey = "AAAA"\ncheck = ""\n')
    keep("names", "object.txt", "tile/2/x001/067.p/17")
    keep("names", "digest.txt", "ab" * 32)
    keep("names", "domain.txt", "personal-2")
    keep("sealed", "value.bin", bytes(range(64)))
    keep("sealed", "short.bin", b"short")


def signatures():
    data = ROOT / "pades/tests/data"
    for name in ["other-text", "bb-invisible", "bt", "packed-two", "name-constraints"]:
        keep("signature", f"{name}.pdf", (data / f"{name}.pdf").read_bytes())
    signed = (data / "bt.pdf").read_bytes()
    place = signed[signed.index(b"/Contents <") + 11:]
    keep("container", "signature.der", bytes.fromhex(place[:place.index(b">")].decode()).rstrip(b"\0"))
    for name in ["certificate", "good", "own-place", "only-what-is-new"]:
        keep("container", f"{name}.der", (data / f"lists/{name}.der").read_bytes())
    for name in ["seal", "tsa", "notary"]:
        keep("container", f"{name}.pem", (data / f"pki/{name}.pem").read_bytes())
    points = [{"x": 120 + 2 * at, "y": 160 + 40 * (at % 3), "t": 5 * at, "p": 0.5, "tx": 12, "ty": -7} for at in range(12)]
    record = {"v": 1, "unit": "css-px", "ppi": 96, "w": 900, "h": 320, "dpr": 2, "started": {"client": 1, "server": 2}, "pointerType": "pen"}
    keep("strokes", "pen.json", json.dumps({**record, "strokes": [{"pts": points}, {"pts": points[:3]}]}))
    keep("strokes", "finger.json", json.dumps({**record, "pointerType": "touch", "strokes": [{"pts": [{"x": 1.5, "y": 2.25, "t": 0.1}]}]}))


for make in [questions, letters, bodies, documents, boundary_mail, talk, proofs, edge, stored, signatures]:
    make()

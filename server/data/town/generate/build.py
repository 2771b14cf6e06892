"""Reads the hand-written texts, expands their macros, breaks lines and pages."""

import hashlib
import math
import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

DEPARTMENTS = {"b": "buergerbuero", "m": "buergermeisterbuero", "i": "internes"}
DIRECTIONS = {"in": "incoming", "out": "outgoing", "int": "internal"}

SIGN = {
    "s.oberlaender": "Sabine Oberländer", "k.yildirim": "Kerem Yildirim", "a.vosskuhl": "Annegret Voßkuhl",
    "j.brinkhoff": "Jonas Brinkhoff", "m.wisniewska-tapper": "Malgorzata Wisniewska-Tapper",
    "h.falkenrath": "Dr. Henrike Falkenrath", "t.meyer-luedinghoff": "Tobias Meyer-Lüdinghoff",
    "f.suenderkamp": "Frauke Sünderkamp", "u.grothenkemper": "Ulrich Grothenkemper",
    "b.haeusermann": "Birgit Häusermann", "d.poggendiek": "Dennis Poggendiek", "c.steinweg": "Carola Steinweg",
    "g.ahlsdorf": "Günter Ahlsdorf", "r.kleinhanns": "Roswitha Kleinhanns", "m.petersen": "Milan Petersen",
}

RBB = """Rechtsbehelfsbelehrung

Gegen diesen Bescheid kann innerhalb eines Monats nach Bekanntgabe Klage erhoben werden. Die Klage ist beim Verwaltungsgericht Altenrode, Königswall 2, 04100 Altenrode, schriftlich einzureichen oder zur Niederschrift der Urkundsbeamtin oder des Urkundsbeamten der Geschäftsstelle zu erklären. Sie kann auch als elektronisches Dokument nach Maßgabe des § 55a VwGO übermittelt werden.

Hinweis: Bevor Sie klagen, sprechen Sie gern mit uns. Viele Fragen lassen sich in einem Gespräch klären. Die Klagefrist wird dadurch allerdings nicht verlängert."""

DSGVO = """Hinweise zum Datenschutz nach Art. 13 DSGVO

Verantwortlich für die Verarbeitung Ihrer Daten ist die Stadt Hollerfurt, Die Bürgermeisterin, Rathausplatz 1, 05321 Hollerfurt. Die behördliche Datenschutzbeauftragte erreichen Sie unter datenschutz@hollerfurt.example.

Ihre Angaben werden verarbeitet, um Ihr Anliegen zu bearbeiten und die dafür vorgesehenen Gebühren zu erheben. Rechtsgrundlage ist Art. 6 Abs. 1 Buchst. c und e DSGVO in Verbindung mit dem jeweiligen Fachgesetz. Weitergegeben werden Daten nur, soweit eine Vorschrift dies vorsieht oder Sie eingewilligt haben.

Die Daten werden gelöscht, sobald sie nicht mehr benötigt werden und die Fristen des Aktenplans abgelaufen sind. Sie können Auskunft, Berichtigung und Löschung verlangen und sich bei der Aufsichtsbehörde des Landes beschweren."""


def iban(key):
    """A German IBAN with a valid check and a bank code nobody has (none begins with 9)."""
    number = int(hashlib.sha256(key.encode()).hexdigest(), 16)
    bban = f"999{number % 100000:05d}{number // 100000 % 10**10:010d}"
    return f"DE{98 - int(bban + '131400') % 97:02d}{bban}"


def spaced(value):
    return " ".join(value[i:i + 4] for i in range(0, len(value), 4))


def routing_id(tail):
    """Leitweg-ID of the town: a district that does not exist, ISO 7064 MOD 97-10."""
    coarse, fine = "05999012", f"{int(tail):05d}"
    return f"{coarse}-{fine}-{98 - int(coarse + fine) * 100 % 97:02d}"


def euro(value):
    text = f"{value:,.2f}"
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def positions(rows, rate):
    """An invoice table with sums: name; quantity; unit; price."""
    cents = Decimal("0.01")
    net = Decimal(0)
    out = ["Pos.\tBezeichnung\tMenge\tEinheit\tEinzelpreis\tGesamt"]
    for index, (name, quantity, unit, price) in enumerate(rows, 1):
        amount = Decimal(str(quantity).replace(".", "").replace(",", "."))
        price = Decimal(str(price).replace(".", "").replace(",", "."))
        total = (amount * price).quantize(cents, ROUND_HALF_UP)
        net += total
        out.append(f"{index}\t{name}\t{quantity}\t{unit}\t{euro(price)}\t{euro(total)}")
    tax = (net * rate / 100).quantize(cents, ROUND_HALF_UP)
    out.append(f"\tSumme netto\t\t\t\t{euro(net)}")
    out.append(f"\tUmsatzsteuer {rate} %\t\t\t\t{euro(tax)}")
    out.append(f"\tRechnungsbetrag brutto\t\t\t\t{euro(net + tax)} EUR")
    return "\n".join(out)


def signature(user):
    if user == "h.falkenrath":
        return "Mit freundlichen Grüßen\n\nDr. Henrike Falkenrath\nBürgermeisterin"
    return f"Mit freundlichen Grüßen\nIm Auftrag\n\n{SIGN[user]}"


def expand(text):
    def table(match):
        rows = [[cell.strip() for cell in line.split(";")] for line in match.group(2).strip().split("\n")]
        return positions(rows, int(match.group(1)))

    text = re.sub(r"\[positions (\d+)\]\n(.*?)\n\[/positions\]", table, text, flags=re.S)
    text = text.replace("{RBB}", RBB).replace("{DSGVO}", DSGVO)
    text = re.sub(r"\{GRUSS ([^}]+)\}", lambda m: signature(m.group(1)), text)
    text = re.sub(r"\{IBAN ([^}]+)\}", lambda m: spaced(iban(m.group(1))), text)
    text = re.sub(r"\{IBANC ([^}]+)\}", lambda m: iban(m.group(1)), text)
    text = re.sub(r"\{LEITWEG ([^}]+)\}", lambda m: routing_id(m.group(1)), text)
    return re.sub(
        r"\{ZAHLUNG ([^}]+)\}",
        lambda m: "Bitte überweisen Sie den Betrag bis zum Fälligkeitstag unter Angabe des Kassenzeichens "
        f"{m.group(1)} auf das Konto der Stadtkasse Hollerfurt, IBAN {spaced(iban('stadtkasse'))}. "
        "Wenn Sie ein Lastschriftmandat erteilt haben, wird der Betrag abgebucht.",
        text,
    )


def wrap(text, width):
    """Lines as a scanner sees them; `~` is where a word may break, with a hyphen."""
    out = []
    for line in text.split("\n"):
        current = ""
        for word in line.split(" "):
            parts = word.split("~")
            plain = "".join(parts)
            glue = " " if current else ""
            if len(current) + len(glue) + len(plain) <= width:
                current += glue + plain
                continue
            for cut in range(len(parts) - 1, 0, -1):
                head = "".join(parts[:cut])
                if len(current) + len(glue) + len(head) + 1 <= width:
                    out.append(current + glue + head + "-")
                    current = "".join(parts[cut:])
                    break
            else:
                out.append(current)
                current = plain
        out.append(current)
    return "\n".join(out)


def is_heading(paragraph):
    return len(paragraph) < 80 and "\n" not in paragraph and paragraph[-1] not in ".,:!?"


def lines_of(paragraph):
    return sum(max(1, math.ceil(len(line) / 94)) for line in paragraph.split("\n")) + 0.55


def paginate(text, first, rest):
    """Fills pages by estimate; the renderer has some slack to make them fit."""
    pages, page, used = [], [], 0.0
    queue = [part.strip("\n") for part in text.strip().split("\n\n")]
    while queue:
        part = queue.pop(0)
        if part.startswith("Mit freundlichen Grüßen\nIm Auftrag") and queue:
            # A signature does not go to another page than its greeting.
            part += "\n\n" + queue.pop(0)
        room = (first if not pages else rest) - used
        need = lines_of(part)
        tail = sum(lines_of(p) for p in queue)
        if need <= room or (need + tail <= room + 2.5):
            page.append(part)
            used += need
            continue
        if "\n" not in part and room > 5 and need > room:
            sentences = re.split(r"(?<=[a-zß0-9“)][.!?]) (?=[A-ZÄÖÜ])", part)
            head = []
            while sentences and lines_of(" ".join(head + sentences[:1])) <= room:
                head.append(sentences.pop(0))
            if head and sentences and lines_of(" ".join(head)) > 2.5:
                page.append(" ".join(head))
                part = " ".join(sentences)
        carry = []
        while page and is_heading(page[-1]) and len(page) > 1:
            carry.insert(0, page.pop())
        pages.append("\n\n".join(page))
        page, used = [], 0.0
        queue = carry + [part] + queue
    if page:
        pages.append("\n\n".join(page))
    return pages


def finish(doc, text, width=0):
    """A document out of its facts and its text."""
    text = expand(text)
    counter = doc["direction"] == "incoming" and doc["channel"] in ("counter", "portal")
    if counter and doc["type"] in ("Formular", "Antrag"):
        text += "\n\n" + DSGVO
    if width:
        text = wrap(text, width)
    letter = doc["direction"] == "outgoing" and doc["type"] in ("Brief", "Bescheid", "Mahnung", "Einladung")
    letter = letter or doc["type"] in ("Rechnung", "Angebot") or (doc["direction"] == "incoming" and doc["type"] in ("Brief", "Beschwerde", "Bescheid"))
    doc["pages"] = paginate(text, 31 if letter else 42, 46)
    return doc


def received(day, direction, channel):
    if direction != "incoming":
        return day
    wait = {"post": 2, "scan": 3, "email": 0, "portal": 0, "counter": 0, "fax": 0}.get(channel, 1)
    moment = date.fromisoformat(day) + timedelta(days=wait)
    while wait and moment.weekday() >= 5:
        moment += timedelta(days=1)
    return moment.isoformat()


def parse(path):
    """The hand-written texts of one file."""
    for block in path.read_text(encoding="utf-8").split("=== ")[1:]:
        head, text = block.split("\n---\n", 1)
        slug, *rest = head.split("\n")
        facts = {}
        fields = [rest[0].split("; ")] + [re.split(r"; (?=(?:addr|frref): )", line) for line in rest[1:]]
        for line in fields:
            for field in line:
                key, value = field.split(": ", 1)
                facts[key.strip()] = value.strip()
        direction = DIRECTIONS[facts["dir"]]
        doc = {
            "id": slug.strip(),
            "department": DEPARTMENTS[facts["dep"]],
            "type": facts["type"],
            "title": facts["title"],
            "date": facts["date"],
            "received": received(facts["date"], direction, facts["chan"]),
            "direction": direction,
            "channel": facts["chan"],
            "correspondent": facts["who"],
            "address": [line.strip() for line in facts.get("addr", "").split(" / ") if line.strip()],
            "clerk": facts.get("clerk", ""),
            "tags": [tag.strip() for tag in facts["tags"].split(",")],
            "references": [facts["ref"]] + ([facts["frref"]] if "frref" in facts else []),
        }
        yield finish(doc, text.strip(), int(facts.get("wrap", 0)))

"""Writes documents.jsonl of the demo town: `python3 server/data/town/generate`.

The same input gives the same bytes.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import compose  # noqa: E402
import counter  # noqa: E402
from build import parse  # noqa: E402


def documents():
    for path in sorted((HERE.parent / "texts").glob("*.txt")):
        yield from parse(path)
    town = compose.Town()
    compose.invoices(town, 36)
    compose.complaints(town)
    compose.minutes(town, 11)
    compose.papers(town)
    compose.contracts(town)
    compose.mails(town)
    compose.trips(town)
    counter.certificates(town, 16)
    counter.trades(town)
    counter.finds(town)
    counter.taxes(town, 22)
    counter.occupations(town, 12)
    counter.reminders(town, 8)
    counter.register_inquiries(town, 8)
    yield from town.docs


def main():
    lines = []
    for doc in documents():
        line = json.dumps(doc, ensure_ascii=False)
        line.encode("cp1252")
        lines.append(line)
    (HERE.parent / "documents.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


main()

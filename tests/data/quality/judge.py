"""Candidates by plain-text search over the corpus; the judgement stands in queries.py.

A document is evidence for a query when all its patterns are found in the text that a reader would see:
title, correspondent, tags, references and pages, words joined again where a line end broke them.
"""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = [HERE.parents[2] / "server/data/town/documents.jsonl", HERE / "documents.jsonl"]
DOCUMENTS = [json.loads(line) for file in CORPUS for line in file.read_text(encoding="utf-8").splitlines()]
IDS = {doc["id"]: doc for doc in DOCUMENTS}


def text_of(doc):
    parts = [doc["title"], doc["correspondent"], *doc["address"], *doc["tags"], *doc["references"], *doc["pages"]]
    return re.sub(r"\s+", " ", re.sub(r"\u00ad|-\n(?=[a-zäöü])", "", "\n".join(parts)))


TEXTS = {doc["id"]: text_of(doc) for doc in DOCUMENTS}
QUERIES = []
RELEVANT_MAX = 10
FORBIDDEN_MAX = 8


def evidence(want):
    """Ids of documents that satisfy patterns (all of them) or a function of the document."""
    if callable(want):
        return [doc["id"] for doc in DOCUMENTS if want(doc)]
    patterns = [want] if isinstance(want, str) else want
    return [key for key, text in TEXTS.items() if all(re.search(p, text, re.I) for p in patterns)]


def case(kind, query, want, forbid=None, note="", some=None):
    """One judged query. `some`: only these of the many relevant ones are asked for."""
    found = evidence(want)
    expect = found
    if some:
        missing = [key for key in some if key not in found]
        assert not missing, f"{query}: no evidence in {missing}"
        expect = some
    assert 1 <= len(expect) <= RELEVANT_MAX, f"{query}: {len(expect)} relevant: {expect}"
    if isinstance(forbid, list):
        unknown = [key for key in forbid if key not in IDS or key in found]
        assert not unknown, f"{query}: {unknown} cannot be forbidden"
        forbidden = forbid
    else:
        forbidden = [key for key in evidence(forbid) if key not in found][:FORBIDDEN_MAX] if forbid else []
        assert forbidden or not forbid, f"{query}: no distractor matches {forbid}"
    assert not any(query == other["q"] for other in QUERIES), f"{query} twice"
    QUERIES.append({"q": query, "class": kind, "expect": expect, "forbid": forbidden, "note": note})


def write():
    lines = [json.dumps(query, ensure_ascii=False) for query in QUERIES]
    (HERE / "queries.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

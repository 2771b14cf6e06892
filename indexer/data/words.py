#!/usr/bin/env python3
"""Makes words.txt, the frozen list of words that German compounds are made of.

    python3 words.py TEXT... > words.txt
    python3 words.py --again words.txt > new.txt

The second form puts a changed seed over the list in force, without the texts.

TEXT are files of German text free of copyright; the list in force was made from the laws and ordinances
of the Federal Republic (public domain, section 5 UrhG; repository bundestag/gesetze, commit 77abca2) and
from seed.txt beside this script, which was written by hand for this project.

A word of the texts is kept if it is nearly always written with a capital inside of sentences (a noun),
stands in enough places, is no inflection of a kept word and is not itself a compound of kept words. What
the rules get wrong is put right in seed.txt: `word` adds it (unless it is a compound of others), `word -`
as a modifier only, `word +` as a head only, `word !` adds it and never splits it, `word x` removes.
"""

import collections
import pathlib
import re
import sys
import unicodedata

VOWELS = set("aeiouq")
LINKS = ["", "s", "es", "n", "en", "er", "e", "ens", "ern"]
ENDINGS = ["e", "en", "n", "er", "ern", "es", "s", "em", "nen"]
SHORT = {"amt", "bau", "rat", "weg", "rad", "tag", "hof", "uhr", "bus", "bad"}
COUNT_MIN = 12


def fold(word):
    """As the program folds: see src/analysis/fold.rs."""
    text = unicodedata.normalize("NFKD", word).lower().replace("ß", "ss")
    text = "".join(c for c in text if not unicodedata.combining(c))
    out, before, skip = [], " ", False
    for here, after in zip(text, text[1:] + " "):
        if skip:
            skip = False
            continue
        out.append(here)
        skip = here in "aou" and before not in VOWELS and after == "e"
        before = here
    return "".join(out)


def count(paths):
    capital, small = collections.Counter(), collections.Counter()
    inside = re.compile(r"(?<=[a-zäöüß,;] )([A-ZÄÖÜ]?[a-zäöüß]{2,})(?![\w-])")
    for path in paths:
        text = re.sub(r"-\n(?!und|oder|bzw|sowie)([a-zäöüß])", r"\1", pathlib.Path(path).read_text("utf-8", "replace"))
        for word in inside.findall(text.replace("\n", " ")):
            (capital if word[0].isupper() else small)[fold(word)] += 1
    return capital, small


def is_compound(word, kept):
    """Whether kept words make up the word."""
    reach = {0: 0}
    for start in range(len(word)):
        if start not in reach:
            continue
        for end in range(start + 3, len(word) + 1):
            piece = word[start:end]
            known = piece in kept and (len(piece) > 3 or piece in SHORT)
            if end == len(word):
                if start and (known or any(
                        piece.endswith(e) and piece[: -len(e)] in kept and len(piece) - len(e) > 3 for e in ENDINGS)):
                    return True
                continue
            if known or (len(piece) > 3 and piece + "e" in kept):
                for link in LINKS:
                    if word.startswith(link, end) and end + len(link) < len(word):
                        reach.setdefault(end + len(link), 1)
    return False


def main():
    seed = {}
    for line in (pathlib.Path(__file__).parent / "seed.txt").read_text("utf-8").splitlines():
        parts = line.split("#")[0].split()
        if parts:
            for word in parts[0].split(","):
                mark = parts[1] if len(parts) > 1 else ""
                seed[fold(word)] = mark or seed.get(fold(word), "")
    if sys.argv[1] == "--again":
        lines = pathlib.Path(sys.argv[2]).read_text("utf-8").splitlines()
        frozen = dict((line.split() + [""])[:2] for line in lines if not line.startswith("#"))
        finish({word for word in frozen if seed.get(word) != "x"} | {w for w, m in seed.items() if m != "x"}, seed)
        return
    capital, small = count(sys.argv[1:])
    candidates = [
        word for word, seen in capital.items()
        if seen >= COUNT_MIN and seen >= 9 * small[word] and 4 <= len(word) <= 14 and word.isascii()
    ]
    kept = {word for word, mark in seed.items() if mark != "x"}
    nouns = {word for word, mark in seed.items() if mark not in ("x", "-")}
    removed = {word for word, mark in seed.items() if mark == "x"}
    for word in sorted(candidates, key=lambda word: (len(word), -capital[word])):
        if word in kept or word in removed:
            continue
        if any(word.endswith(e) and word[: -len(e)] in nouns and len(word) - len(e) > 2 for e in ENDINGS):
            continue
        if not is_compound(word, kept):
            kept.add(word)
            nouns.add(word)
    finish(kept, seed)


def finish(kept, seed):
    # What is no whole by its mark, and whose halves are there as well, is found by its halves.
    for word in sorted(kept, key=len, reverse=True):
        if not seed.get(word) and len(word) > 6 and is_compound(word, kept - {word}):
            kept.discard(word)
    print("# Made by words.py; do not edit. Folded; marks as in seed.txt.")
    for word in sorted(kept):
        print(f"{word} {seed.get(word, '')}".rstrip())


main()

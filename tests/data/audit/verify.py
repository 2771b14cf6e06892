#!/usr/bin/env python3
"""Checks an exported Papierlos log with nothing but the standard library of Python 3.9 or newer.

    python3 verify.py [--key NAME+ID+KEY | --policy FILE] [--since CHECKPOINT]... [FOLDER]

Written from the description in VERIFY.txt, not from the code of the archive. Prints one line for
each check and one for each finding. Exit: 0 nothing found, 1 tampering, 2 material missing, 3 usage.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import sys

LINE = b"papierlos.audit/v1\n"
TAGS = {"state": b"papierlos.state/v1\n", "blob": b"papierlos.blob/v1\n", "": b"papierlos.priv/v1\n"}
LEAF_BYTES_MAX = 8192
SAFE_INT_MAX = 2**53 - 1
MISSING = {
    "bundle-file-missing", "tile-missing", "no-checkpoint", "kept-checkpoint-unusable", "witness-quorum-missed",
    "key-handover-missing",
}
LISTED_MAX = 20

found = {}


def finding(code, place=""):
    found[code] = found.get(code, 0) + 1
    if found[code] <= LISTED_MAX:
        print(f"  {code}: {place}")


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


# --- Ed25519 (RFC 8032, verification only; nothing here is secret) ---------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = recover(BASE_Y.to_bytes(32, "little"))


def ed25519(public, message, signature):
    point, commitment = recover(public), recover(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or commitment is None or len(signature) != 64 or scalar >= L:
        return False
    if same(multiply(8, point), (0, 1, 1, 0)):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    return same(multiply(scalar, BASE), add(commitment, multiply(challenge, point)))


# --- notes and checkpoints -------------------------------------------------------------------------


def read_key(text, kind=1):
    name, short, encoded = text.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if len(raw) != 33 or raw[0] != kind or sha256(name.encode(), b"\n", raw)[:4].hex() != short:
        raise ValueError("not a key")
    return {"name": name, "id": bytes.fromhex(short), "public": raw[1:], "text": text, "from": 0, "until": None, "began": True}


def read_handover(note):
    """What an old key says about a new one: a note that both have signed."""
    text, lines = note.decode().rsplit("\n\n", 1)
    text += "\n"
    first, origin, size, root, old, new, end = text.split("\n")
    lines = lines.split("\n")
    if first != "papierlos.key/v1" or end or len(lines) != 3 or lines[2] or not re.fullmatch("0|[1-9][0-9]*", size):
        raise ValueError("not a handover")
    if len(base64.b64decode(root, validate=True)) != 32 or old == new:
        raise ValueError("not a handover")
    signatures = {}
    for line in lines[:2]:
        dash, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        signatures[dash, name, raw[:4]] = raw[4:]
    old, new = read_key(old), read_key(new)
    for key in (old, new):
        signature = signatures.get(("\u2014", origin, key["id"]), b"")
        if key["name"] != origin or not ed25519(key["public"], text.encode(), signature):
            raise ValueError("not signed by both keys")
    return {"size": int(size), "root": base64.b64decode(root), "old": old, "new": new}


def follow_handovers(log, trusted):
    """The keys that count, each with its era, the handovers, their digests, and keys that nothing links where there are none."""
    notes, run, unlinked = [], [], []
    while (note := read(os.path.join(log, "keys", str(len(notes) + 1)))) is not None:
        notes.append(note)
    for number, note in enumerate(notes, 1):
        try:
            handover = read_handover(note)
            last = run[-1] if run else None
            if last and (last["new"]["text"] != handover["old"]["text"] or handover["size"] <= last["size"]):
                raise ValueError("does not follow the one before it")
            if any(one["old"]["text"] == handover["new"]["text"] for one in run):
                raise ValueError("goes to a key that had the log before")
            run.append(handover)
        except ValueError as error:
            finding("key-handover-invalid", f"keys/{number}: {error}")
            break
    keys = []
    for handover in run:
        start = keys.pop() if keys else handover["old"]
        keys.append({**start, "until": handover["size"]})
        keys.append({**handover["new"], "from": handover["size"], "began": False})
    known = {key["text"] for key in keys}
    for key in trusted:
        # Without a handover a key stands for itself, and leads to no second one of its name: told at the end.
        beside = any(other["name"] == key["name"] and other["text"] != key["text"] for other in trusted)
        if key["text"] not in known and notes:
            finding("key-handover-invalid", f"the handovers do not lead to {key['name']}+{key['id'].hex()}")
        elif key["text"] not in known and beside:
            unlinked.append(f"{key['name']}+{key['id'].hex()}")
    if not known & {key["text"] for key in trusted}:
        keys, run = [], []
    keys += [key for key in trusted if key["text"] not in {one["text"] for one in keys}]
    return keys, run, [hashlib.sha256(note).hexdigest() for note in notes], unlinked


def open_checkpoint(note, keys):
    """Returns (origin, size, root, code): code is None if a known key signed it."""
    try:
        text, lines = note.decode().rsplit("\n\n", 1)
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        if not re.fullmatch("0|[1-9][0-9]*", size) or not lines.endswith("\n"):
            raise ValueError
        claim = (origin, int(size), base64.b64decode(root, validate=True))
        signed = False
        for line in lines[:-1].split("\n"):
            dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if dash != "\u2014":
                raise ValueError
            for key in keys:
                if key["name"] == name and key["id"] == raw[:4]:
                    if not ed25519(key["public"], text.encode(), raw[4:]):
                        return (*claim, "checkpoint-signature-invalid")
                    if not key["from"] <= claim[1] <= (claim[1] if key["until"] is None else key["until"]):
                        return (*claim, "key-retired")
                    signed = signed or name == origin
        return (*claim, None if signed else "key-unknown")
    except ValueError:
        return (None, 0, b"", "checkpoint-malformed")


def read_policy(text):
    """A C2SP policy: the keys of the log, the witnesses by name, a test for a set of names, or ValueError."""
    keys, witnesses, groups, wanted = [], {}, {}, None
    for line in text.split("\n"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log" and len(words) in (2, 3):
            keys.append(read_key(words[1]))
        elif words[0] == "witness" and len(words) in (3, 4) and words[1] not in {*witnesses, *groups, "none"}:
            witnesses[words[1]] = read_key(words[2], 4)
        elif words[0] == "group" and len(words) > 3 and words[1] not in {*witnesses, *groups, "none"}:
            members = words[3:]
            if not {*witnesses, *groups} >= set(members):
                raise ValueError(line)
            count = {"any": 1, "all": len(members)}.get(words[2]) or int(words[2])
            if not 1 <= count <= len(members):
                raise ValueError(line)
            groups[words[1]] = (count, members)
        elif words[0] == "quorum" and len(words) == 2 and wanted is None and words[1] in {*witnesses, *groups, "none"}:
            wanted = words[1]
        else:
            raise ValueError(line)
    if wanted is None:
        raise ValueError("no quorum")

    def enough(names):
        names = set(names)
        for group, (count, members) in groups.items():
            if sum(member in names for member in members) >= count:
                names.add(group)
        return wanted == "none" or wanted in names

    return keys, witnesses, enough


def check_witnesses(note, keys, witnesses, enough):
    """What witnesses cosigned (c2sp.org/tlog-cosignature); gives size and root, which the log must continue."""
    if note is None:
        if not enough([]):
            finding("witness-quorum-missed", "nothing is cosigned")
        return None
    origin, size, root, code = open_checkpoint(note, keys)
    if code:
        finding("key-retired" if code == "key-retired" else "witness-quorum-missed", code)
        return None
    text, lines = note.decode().rsplit("\n\n", 1)
    cosigned = {}
    for line in lines[:-1].split("\n"):
        _, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded)
        for witness, key in witnesses.items():
            if key["name"] == name and key["id"] == raw[:4]:
                time = int.from_bytes(raw[4:12], "big")
                if not ed25519(key["public"], f"cosignature/v1\ntime {time}\n{text}\n".encode(), raw[12:]):
                    finding("cosignature-invalid", name)
                    return size, root
                cosigned[witness] = max(time, cosigned.get(witness, 0))
    if not enough(cosigned):
        finding("witness-quorum-missed", f"cosigned by {len(cosigned)}")
    said = ", ".join(f"{name} at {time}" for name, time in cosigned.items())
    print(f"witnessed {size} records, by {said or 'nobody'}")
    return size, root


# --- the tree --------------------------------------------------------------------------------------


def node(left, right):
    return sha256(b"\x01", left, right)


class Tree:
    """Grows leaf by leaf; keeps the root and the tiles as they fill."""

    def __init__(self):
        self.size, self.peaks, self.tiles = 0, [], []

    def append(self, leaf, full):
        value, size = leaf, self.size
        while size & 1:
            value, size = node(self.peaks.pop(), value), size >> 1
        self.peaks.append(value)
        self.size += 1
        level, value = 0, leaf
        while True:
            if level == len(self.tiles):
                self.tiles.append([0, []])
            tile = self.tiles[level]
            tile[1].append(value)
            if len(tile[1]) < 256:
                return
            full(level, tile[0], tile[1])
            row = tile[1]
            while len(row) > 1:
                row = [node(row[at], row[at + 1]) for at in range(0, len(row), 2)]
            self.tiles[level] = [tile[0] + 1, []]
            level, value = level + 1, row[0]

    def root(self):
        if not self.peaks:
            return sha256()
        value = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            value = node(left, value)
        return value


def tile_path(level, index, width):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return os.path.join("tile", str(level), *groups) + (f".p/{width}" if width < 256 else "")


# --- timestamps (RFC 3161): what one is over, and when; its signature is for openssl ------------------


def values(der):
    """The values side by side in these bytes, as (tag, content)."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("cut")
        yield tag, der[at : at + length]
        at += length


def inside(der, *path):
    """The content of the value that is reached by these places, each within the one before."""
    for place in path:
        der = list(values(der))[place][1]
    return der


DIGESTS = {
    bytes.fromhex("608648016503040201"): hashlib.sha256,
    bytes.fromhex("608648016503040202"): hashlib.sha384,
    bytes.fromhex("608648016503040203"): hashlib.sha512,
}
# By how much the clocks may differ (VERIFY.txt), and the accuracy of the authority at most.
SLACK_SECONDS = 60


def check_timestamps(log, keys, origin):
    """Root by size of the checkpoints that were stamped, with the latest time that a record under them may have."""
    folder = os.path.join(log, "anchors")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    stamped = {}
    for name in sorted(name for name in names if name.endswith(".tsr")):
        note = read(os.path.join(folder, name[:-4] + ".checkpoint")) or b""
        reply = read(os.path.join(folder, name)) or b""
        try:
            # TimeStampResp: status, token. ContentInfo: OID, [0] SignedData: version, digests, content.
            content = inside(reply, 0, 1, 1, 0, 2)
            info = list(values(inside(content, 1, 0, 0)))
            algorithm, imprint = (value for _, value in values(info[2][1]))
            digest = DIGESTS[inside(algorithm, 0)]
            stamp = datetime.datetime.strptime(info[4][1].decode()[:14], "%Y%m%d%H%M%S")
        except (ValueError, IndexError, KeyError):
            finding("timestamp-invalid", name)
            continue
        if digest(note).digest() != imprint:
            finding("timestamp-imprint-mismatch", name)
            continue
        checkpoint = open_checkpoint(note, keys)
        if checkpoint[3] == "key-retired":
            finding("key-retired", name)
            continue
        if checkpoint[3] or checkpoint[0] != origin or f"{checkpoint[1]}.tsr" != name:
            finding("timestamp-checkpoint-invalid", name)
            continue
        accuracy = SLACK_SECONDS if len(info) > 5 and info[5][0] == 0x30 else 0
        latest = stamp + datetime.timedelta(seconds=SLACK_SECONDS + accuracy + 1)
        stamped[checkpoint[1]] = (checkpoint[2], latest.isoformat(timespec="microseconds") + "Z")
    return stamped


# --- reading ---------------------------------------------------------------------------------------


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def records(log, size):
    """Yields (place in the log, bytes); a cut bundle yields None and ends."""
    place = 0
    index = 0
    while place < size:
        width = min(256, size - index * 256)
        bundle = read(os.path.join(log, tile_path("entries", index, 256)))
        if bundle is None:
            bundle = read(os.path.join(log, tile_path("entries", index, width)))
        if bundle is None:
            return
        at, count = 0, 0
        while at < len(bundle):
            length = int.from_bytes(bundle[at : at + 2], "big")
            leaf = bundle[at + 2 : at + 2 + length]
            if at + 2 + length > len(bundle) or length > LEAF_BYTES_MAX:
                yield place, None
                return
            yield place, leaf
            at, count, place = at + 2 + length, count + 1, place + 1
        if count < width:
            yield place, None
            return
        index += 1
    try:
        with open(os.path.join(log, "tail"), "rb") as file:
            while prefix := file.read(2):
                length = int.from_bytes(prefix, "big")
                leaf = file.read(length)
                if len(prefix) < 2 or len(leaf) < length or length > LEAF_BYTES_MAX:
                    yield place, None
                    return
                yield place, leaf
                place += 1
    except (FileNotFoundError, IsADirectoryError):
        pass


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def refuse(*_):
    raise ValueError("floats and null are not allowed")


def safe_int(text):
    number = int(text)
    return number if abs(number) <= SAFE_INT_MAX else refuse()


def parse(leaf):
    if not leaf.startswith(LINE):
        raise ValueError("domain line")
    body = leaf[len(LINE) :]
    value = json.loads(body, parse_float=refuse, parse_constant=refuse, parse_int=safe_int)
    if canonical(value) != body:
        raise ValueError("not canonical")
    return value


KEYS = {"action", "actor", "clk", "log", "outcome", "prev", "role", "seq", "subj", "ts", "uow", "v"}
OPTIONAL = {"dept", "obo", "priv", "req", "targets"}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def is_record(value):
    return (
        isinstance(value, dict)
        and KEYS <= value.keys() <= KEYS | OPTIONAL
        and value["v"] == 1
        and isinstance(value["seq"], int)
        and isinstance(value["ts"], str)
        and bool(STAMP.fullmatch(value["ts"]))
        and ("targets" in value) == (value["action"] == "privacy.erase")
    )


def slots(record):
    """All commitments of a record by slot."""
    all_slots = dict(record.get("priv", {}))
    for index, subject in enumerate(record["subj"]):
        for kind in ("state", "blob"):
            if kind in subject:
                all_slots[f"{kind}:{index}"] = subject[kind]
    return all_slots


class Openings:
    """The lines of openings, read beside the records."""

    def __init__(self, log):
        path = os.path.join(log, "private", "openings.jsonl")
        self.file = open(path, encoding="utf-8") if os.path.isfile(path) else None
        self.next, self.checked, self.absent, self.erased = None, 0, set(), 0
        self.handovers = {}

    def of(self, seq):
        rows = []
        while self.file:
            if self.next is None:
                line = self.file.readline()
                if not line:
                    break
                self.next = json.loads(line)
            if self.next["seq"] > seq:
                break
            rows.append(self.next)
            self.next = None
        return rows

    def check(self, record):
        seq = record["seq"]
        wanted = slots(record)
        for row in self.of(seq):
            slot = row["slot"]
            if row["seq"] != seq or slot not in wanted:
                finding("opening-unrecorded", f"record {row['seq']}, {slot}")
                continue
            commitment = wanted.pop(slot)
            if row.get("withheld"):
                continue
            if row.get("erased"):
                self.absent.add((seq, slot))
                continue
            self.checked += 1
            kind = slot.split(":")[0] if ":" in slot else ""
            bytes_ = base64.b64decode(row["bytes"], validate=True)
            length = len(bytes_).to_bytes(8, "big")
            digest = sha256(TAGS[kind], bytes.fromhex(row["salt"]), length, bytes_)
            if digest.hex() != commitment:
                finding("opening-mismatch", f"record {seq}, {slot}")
            elif slot == "ctx" and record["action"] == "log.rotate_key":
                claim = json.loads(bytes_)
                if isinstance(claim, dict) and "handover" in claim:
                    self.handovers[seq] = claim["handover"]
        self.absent.update((seq, slot) for slot in wanted)
        for target in record.get("targets", []):
            target = (target["seq"], target["slot"])
            if target[0] < seq and target in self.absent:
                self.absent.remove(target)
                self.erased += 1
            else:
                finding("erasure-without-effect", f"record {seq}, target {target}")

    def finish(self):
        for row in self.of(float("inf")):
            finding("opening-unrecorded", f"record {row['seq']}, {row['slot']}")
        for seq, slot in sorted(self.absent):
            finding("opening-missing", f"record {seq}, {slot}")


# --- the checks ------------------------------------------------------------------------------------


def listed_in(folder, name, payload):
    """The digest by path that a manifest says, None without one; a line that is none is a finding."""
    manifest = read(os.path.join(folder, name))
    if manifest is None:
        finding("bundle-file-missing", name)
        return None
    lines = manifest.decode("utf-8", "replace").split("\n")
    listed = {}
    for line in lines[: -1 if lines[-1] == "" else None]:
        digest, blanks, path = line.removesuffix("\r").partition("  ")
        parts = path.split("/")
        inside = (parts[0] == "data") == payload and not {"", ".", ".."} & set(parts) and "\0" not in path
        if not blanks or not inside or listed.setdefault(path, digest) != digest:
            finding("bundle-file-changed", f"{name}: {line!a}")
    return listed


def payload_files(folder):
    """Every file below data/, by its path from the folder; a link is a file and not followed."""
    for place, folders, files in os.walk(os.path.join(folder, "data")):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in files + links:
            path = os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")
            yield os.fsencode(path).decode("utf-8", "replace")


def check_transport(folder):
    payload = listed_in(folder, "manifest-sha256.txt", True)
    tags = listed_in(folder, "tagmanifest-sha256.txt", False)
    for path, digest in [*(payload or {}).items(), *(tags or {}).items()]:
        try:
            bytes_ = read(os.path.join(folder, path))
        except OSError:
            bytes_ = None
        if bytes_ is None:
            finding("bundle-file-missing", path)
        elif hashlib.sha256(bytes_).hexdigest() != digest:
            finding("bundle-file-changed", path)
    # RFC 8493: every file of the payload is listed, the tags list the manifest, and bagit.txt is there.
    if payload is not None:
        for path in sorted(set(payload_files(folder)) - payload.keys()):
            finding("bundle-file-unlisted", path)
        if tags is not None and "manifest-sha256.txt" not in tags:
            finding("bundle-file-unlisted", "manifest-sha256.txt")
    if "bagit.txt" not in (tags or {}) and not os.path.isfile(os.path.join(folder, "bagit.txt")):
        finding("bundle-file-missing", "bagit.txt")


def check_log(log, checkpoint, keys, kept, handovers, notes, unlinked, witnessed, stamped):
    origin, size, root, _ = checkpoint or (None, 0, None, None)
    tree, openings = Tree(), Openings(log)
    previous, last_ts, expected = None, "", 0
    watched = [(*old, "kept") for old in kept] + ([(*witnessed, "witnessed")] if witnessed else [])
    broken, unbound, rotations, contradicted = False, False, [], []
    handed = {handover["size"]: handover["root"] for handover in handovers}

    def compare(level, index, hashes):
        if (index + 1) * 256 ** (level + 1) > size and len(hashes) == 256:
            return
        stored = read(os.path.join(log, tile_path(level, index, len(hashes))))
        if stored is None and len(hashes) < 256:
            stored = (read(os.path.join(log, tile_path(level, index, 256))) or b"")[: 32 * len(hashes)]
        if not stored:
            finding("tile-missing", tile_path(level, index, len(hashes)))
        elif stored != b"".join(hashes):
            finding("tile-mismatch", tile_path(level, index, len(hashes)))

    def at_size():
        for old_size, old_root, of in watched:
            if old_size == tree.size and not broken and tree.root() != old_root:
                finding(f"fork-against-{of}-checkpoint", f"size {tree.size}")
        if tree.size in stamped and not broken:
            if tree.root() != stamped[tree.size][0]:
                finding("fork-against-timestamp", f"size {tree.size}")
            elif last_ts > stamped[tree.size][1]:
                finding("record-after-timestamp", f"record {tree.size - 1}")
        if tree.size in handed and not broken and tree.root() != handed[tree.size]:
            contradicted.append(tree.size)
        if checkpoint and tree.size == size:
            if broken or tree.root() != root:
                finding("checkpoint-root-mismatch", f"size {size}")
            if not broken:
                for level, (index, hashes) in enumerate(tree.tiles):
                    if hashes:
                        compare(level, index, hashes)

    full = lambda level, index, hashes: None if broken else compare(level, index, hashes)
    at_size()
    for place, leaf in records(log, size):
        if leaf is None:
            finding("entries-malformed", f"after record {place - 1}")
            broken = True
            break
        digest = sha256(b"\x00", leaf)
        try:
            record = parse(leaf)
            if is_record(record):
                if record["action"] == "log.rotate_key":
                    rotations.append(record["seq"])
                if origin is not None and record["log"] != origin:
                    finding("origin-mismatch", f"record {record['seq']}")
                if record["seq"] > expected:
                    finding("seq-gap", f"{expected} to {record['seq'] - 1}")
                    broken = True
                elif record["seq"] < expected:
                    finding("seq-repeated", f"record {record['seq']}")
                    broken = True
                else:
                    if previous is None:
                        starts = [sha256(LINE[:-1], b"/genesis\n", record["log"].encode(), b"\n", key["text"].encode()).hex() for key in keys if key["began"]]
                        unbound = record["prev"] not in starts
                    elif record["prev"] != previous.hex():
                        finding("chain-link-broken", f"record {record['seq']}")
                    if record["ts"] < last_ts:
                        finding("time-regress", f"record {record['seq']}")
                last_ts, expected = record["ts"], record["seq"]
                if openings.file:
                    openings.check(record)
            else:
                finding("leaf-malformed", f"record {place}")
        except (ValueError, KeyError, TypeError) as error:
            finding("leaf-not-canonical", f"record {place}: {error}")
        expected += 1
        previous = digest
        tree.append(digest, full)
        at_size()
    if openings.file:
        openings.finish()
    if checkpoint and tree.size < size and "bundle-file-missing" not in found:
        finding("checkpoint-root-mismatch" if broken else "log-shorter-than-checkpoint", f"{tree.size} of {size}")
    for old_size, _, of in watched:
        if tree.size < old_size and "bundle-file-missing" not in found:
            finding(f"log-shorter-than-{of}-checkpoint", f"{tree.size} of {old_size}")
    for old_size in stamped:
        if tree.size < old_size and not broken and "bundle-file-missing" not in found:
            finding("fork-against-timestamp", f"{tree.size} of {old_size}")
    if "bundle-file-missing" not in found and not broken:
        contradicted += [old_size for old_size in handed if tree.size < old_size]
    # Records that are not those of the checkpoint are told once.
    signed = not {"checkpoint-root-mismatch", "log-shorter-than-checkpoint"} & found.keys()
    for old_size in contradicted:
        if signed:
            finding("key-handover-invalid", f"the log does not have the root over {old_size} records that the old key signed")
    # Said once: where the log tells of handovers, their number says all.
    if len(rotations) > len(notes):
        finding("key-handover-missing", f"{len(rotations) - len(notes)} of {len(rotations)}")
    elif unlinked:
        finding("key-handover-missing", f"none leads to {', '.join(unlinked)}")
    if len(rotations) <= len(notes) and unbound and "key-handover-invalid" not in found:
        finding("genesis-mismatch")
    # A handover and its record are made together: where all records were read, none is without one.
    unread = {"bundle-file-missing", "no-checkpoint", "checkpoint-malformed", "leaf-not-canonical", "leaf-malformed"}
    if signed and not broken and not unread & found.keys():
        if len(rotations) < len(notes):
            finding("key-handover-invalid", f"the log tells of {len(rotations)} handovers, {len(notes)} are here")
        elif len(rotations) == len(notes):
            for seq, digest in zip(rotations, notes):
                if openings.handovers.get(seq, digest) != digest:
                    finding("key-handover-invalid", f"record {seq}: the handover is not the one of its record")
    print(f"timestamps {len(stamped)}, their signatures not checked (verify.sh --tsa-roots does)")
    print(f"records {tree.size}, under the checkpoint {min(size, tree.size)}")
    if openings.file:
        print(f"openings compared {openings.checked}, lawfully erased {openings.erased}")
    else:
        print("openings: not checked (not part of this bundle)")


def main():
    parser = argparse.ArgumentParser(description="Checks an exported Papierlos log.")
    parser.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--key", action="append", default=[], help="the key of the log, from paper")
    parser.add_argument("--policy", help="the keys of the log and of its witnesses, from paper: a C2SP policy")
    parser.add_argument("--since", action="append", default=[], help="a checkpoint kept before")
    try:
        arguments = parser.parse_args()
        pinned = [read_key(text) for text in arguments.key]
        witnesses, enough = {}, lambda _: True
        if arguments.policy:
            if pinned:
                raise ValueError("--key and --policy")
            pinned, witnesses, enough = read_policy((read(arguments.policy) or b"").decode())
    except (SystemExit, ValueError) as error:
        if isinstance(error, SystemExit) and error.code == 0:
            raise
        print(f"usage: {error}", file=sys.stderr)
        return 3
    log = os.path.join(arguments.folder, "data", "log")
    if not os.path.isdir(log):
        print(f"{arguments.folder} is not an exported log", file=sys.stderr)
        return 3
    check_transport(arguments.folder)
    keys = pinned
    if not keys:
        policy = read(os.path.join(log, "policy"))
        try:
            if policy is not None:
                keys, witnesses, enough = read_policy(policy.decode())
        except ValueError as error:
            print(f"the policy of the bundle cannot be read: {error}", file=sys.stderr)
            return 2
        print("signature: the key came with the bundle; nobody vouched for it")
    note = read(os.path.join(log, "checkpoint"))
    # Keys of other logs say nothing of this one.
    name = (note or b"").decode("utf-8", "replace").split("\n")[0]
    keys, handovers, notes, unlinked = follow_handovers(log, [key for key in keys if key["name"] == name] or keys)
    checkpoint = None
    if note is None:
        finding("no-checkpoint")
    else:
        checkpoint = open_checkpoint(note, keys)
        if checkpoint[3]:
            finding(checkpoint[3])
        if checkpoint[0] is None:
            checkpoint = None
    kept = []
    for path in arguments.since:
        old = open_checkpoint(read(path) or b"", keys)
        if old[3]:
            finding("key-retired" if old[3] == "key-retired" else "kept-checkpoint-unusable", path)
        else:
            kept.append((old[1], old[2]))
    witnessed = None
    if witnesses:
        witnessed = check_witnesses(read(os.path.join(log, "witnessed")), keys, witnesses, enough)
    else:
        print("witnesses: not checked (the policy names none)")
    origin = checkpoint[0] if checkpoint else (keys[0]["name"] if keys else None)
    stamped = check_timestamps(log, keys, origin)
    check_log(log, checkpoint, keys, kept, handovers, notes, unlinked, witnessed, stamped)
    if not found:
        print("nothing found")
        return 0
    print("found: " + ", ".join(f"{code} ({count})" for code, count in sorted(found.items())))
    return 2 if found.keys() <= MISSING else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Reads a vault or a backup without any of our code: what it knows of the format stands in docs/vault.md.

usage: vault_reader.py [--backup] [--json] FILE (--password-file F | --recovery-file F | --device-key-file F)

A password file loses one newline at its end; a device key is written in hexadecimal. Exit status: 0 all of it was read;
1 refused (newer, out of bounds), 2 usage, 3 the password or code is wrong, 4 there is no such file, 5 damaged.
"""
import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import pathlib
import sqlite3
import struct
import sys

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

APPLICATION_ID = 0x4353474E
KNOWN = 1  # the schema and every format so far
SEALED = (
    "(id BLOB PRIMARY KEY, kind INTEGER NOT NULL, revision INTEGER NOT NULL, format INTEGER NOT NULL, "
    "sealed BLOB NOT NULL) WITHOUT ROWID"
)
SLOT_COLUMNS = "(id BLOB PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID"
TABLES = {
    "attempts": "CREATE TABLE attempts(one INTEGER PRIMARY KEY, failures INTEGER NOT NULL, last INTEGER NOT NULL)",
    "icon": "CREATE TABLE icon" + SEALED,
    "inbox": (
        "CREATE TABLE inbox(id BLOB NOT NULL, kind INTEGER NOT NULL, revision INTEGER NOT NULL, "
        "format INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY(id, kind)) WITHOUT ROWID"
    ),
    "manifest": "CREATE TABLE manifest(one INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
    "record": "CREATE TABLE record" + SEALED,
    "slot": "CREATE TABLE slot" + SLOT_COLUMNS,
    "slot_copy": "CREATE TABLE slot_copy" + SLOT_COLUMNS,
}
TABLE_NUMBERS = {"record": 1, "icon": 2, "slot": 3, "slot_copy": 4}
OTP_KINDS = {1: "totp", 2: "hotp", 3: "steam", 4: "motp", 5: "yandex"}
ALGORITHMS = {1: "SHA1", 2: "SHA224", 3: "SHA256", 4: "SHA384", 5: "SHA512"}
SLOT_KINDS = {1: "password", 2: "recovery", 3: "device", 4: "per-use", 5: "inbox"}
ACCOUNT_ROW, SETTINGS_ROW, BACKUP_KEY_ROW, IMPORT_ROW, PUSH_ROW, ICON_ITEM = 1, 2, 3, 4, 5, 100
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
PIECE = 65536 + 16
MAX_HEADER, MAX_WRAPS = 65536, 8


class Refused(Exception):
    status = 1


class Wrong(Refused):
    status = 3


class Absent(Refused):
    status = 4


class Damaged(Refused):
    status = 5


# --- Ciphers ---


def hkdf(material, salt, label):
    return HKDF(SHA256(), 32, salt, label.encode()).derive(material)


def aad(*parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def unseal(key, data, sealed):
    """The plaintext, or None where the key or the data are others or anything was changed."""
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], data)
    except (InvalidTag, ValueError):
        return None


def unpad(padded):
    length = int.from_bytes(padded[:4], "little")
    if len(padded) < 4 + length or any(padded[4 + length :]):
        raise Damaged("the padding of a row is not as it should be")
    return padded[4 : 4 + length]


# --- Messages ---


class Fields(dict):
    """A message's fields by name."""

    def __missing__(self, name):
        raise Damaged(f"the field {name!r} is missing")


def varint(message, at):
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(message):
            raise Damaged("a message ends in the middle of a field")
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >= 1 << 64:
                break
            return value, at
    raise Damaged("a number of a message has more than 64 bits")


def raw_fields(message):
    """Pairs of a field's number and its value, an int or bytes."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        value, at = varint(message, at)
        if key & 7 == 2:
            value, at = message[at : at + value], at + value
            if at > len(message):
                raise Damaged("a message ends in the middle of a field")
        elif key & 7 != 0:
            raise Damaged("a message has a field of an unknown kind")
        yield key >> 3, value


def read(message, layout):
    """The message's fields, by a layout of number → (name, how to read it[, True if repeated])."""
    found = Fields({name: [] for name, _, *many in layout.values() if many})
    for field, value in raw_fields(message):
        if field not in layout:
            raise Damaged(f"unknown field {field}")
        name, convert, *many = layout[field]
        value = convert(value)
        if name in ("format", "schema") and value != KNOWN:
            raise newer(name, value)
        found[name] = found[name] + [value] if many else value
    return found


def newer(what, found):
    if found > KNOWN:
        return Refused(f"this was written by a newer version: {what} {found}, and only {KNOWN} is known")
    return Damaged(f"{what} {found} is none")


def number(value):
    if not isinstance(value, int):
        raise Damaged("bytes stand where a number should be")
    return value


def flag(value):
    if number(value) > 1:
        raise Damaged(f"{value} stands where 0 or 1 should be")
    return value == 1


def signed(value):
    return (number(value) >> 1) ^ -(value & 1)


def blob(value):
    if not isinstance(value, bytes):
        raise Damaged("something else stands where bytes should be")
    return value


def sized(length):
    def convert(value):
        if len(blob(value)) != length:
            raise Damaged(f"{len(value)} bytes stand where {length} should be")
        return value

    return convert


def little(value):
    """16 bytes as a number, the lowest byte first."""
    return int.from_bytes(sized(16)(value), "little")


def text(value):
    try:
        return blob(value).decode()
    except UnicodeDecodeError:
        raise Damaged("a text is not UTF-8") from None


def within(what, value, low, high):
    if not low <= value <= high:
        raise Damaged(f"{what}: {value} is not within {low} and {high}")
    return value


def one_of(names, what):
    def convert(value):
        if number(value) not in names:
            raise Damaged(f"{what} {value} is none")
        return names[value]

    return convert


SLOT = {
    1: ("format", number), 2: ("vault", sized(16)), 3: ("id", sized(16)), 4: ("kind", number), 5: ("salt", sized(16)),
    6: ("memory", number), 7: ("passes", number), 8: ("lanes", number), 9: ("wrapped", blob), 10: ("sealed", blob),
    11: ("sealed_uv_root", blob), 12: ("confirmed", flag), 13: ("created", signed),
}
ACCOUNT = {
    1: ("issuer", text), 2: ("name", text), 3: ("note", text), 4: ("tags", text, True), 5: ("favourite", flag),
    6: ("type", one_of(OTP_KINDS, "kind of account")), 7: ("secret", blob),
    8: ("algorithm", one_of(ALGORITHMS, "algorithm")), 9: ("digits", number), 10: ("period", number),
    11: ("counter", number), 12: ("pin", text), 13: ("clock_offset", signed), 14: ("may_be_behind", flag),
    15: ("position", number), 16: ("has_icon", flag), 17: ("uses", number), 18: ("last_use", signed),
    19: ("created", signed), 20: ("modified", signed), 21: ("trashed", signed),
}
ALWAYS = (
    "issuer", "name", "note", "tags", "favourite", "type", "clock_offset", "may_be_behind", "position", "has_icon",
    "uses", "created", "modified",
)
PAIR = {1: ("key", text), 2: ("value", text)}
SETTINGS = {
    1: ("trash_days", number), 2: ("count_usage", flag), 3: ("backups_kept", number),
    4: ("shell", lambda value: read(blob(value), PAIR), True),
}
BACKUP_KEY = {1: ("key", sized(32)), 2: ("wraps", blob, True)}
SUM = {1: ("count", number), 2: ("ids", sized(16)), 3: ("macs", sized(32)), 4: ("revisions", little)}
MANIFEST = {
    1: ("schema", number), 2: ("generation", number), 3: ("seals", number),
    4: ("rows", lambda value: read(blob(value), SUM)), 5: ("icons", lambda value: read(blob(value), SUM)),
}
HEADER = {
    1: ("format", number), 2: ("id", sized(16)), 3: ("vault", sized(16)), 4: ("created", signed), 5: ("sealed", blob),
    6: ("wraps", blob, True),
}
PUSH = {
    1: ("protocol", number), 2: ("summary", blob), 3: ("sealed_uv", blob), 4: ("sealed_offline", blob),
    5: ("account", sized(16)), 6: ("renew", flag), 7: ("created", signed),
}
LAST_IMPORT = {1: ("at", signed), 2: ("ids", blob)}
ITEM = {1: ("kind", number), 2: ("id", sized(16)), 3: ("payload", blob)}
ITEMS = {1: ("items", lambda value: read(blob(value), ITEM), True)}


# --- Slots ---


class Slot:
    def __init__(self, body):
        self.fields = read(body, SLOT)
        self.vault, self.id, self.salt = (self.fields[name] for name in ("vault", "id", "salt"))
        self.kind = one_of(SLOT_KINDS, "kind of slot")(self.fields["kind"])
        self.cost = tuple(self.fields[name] for name in ("memory", "passes", "lanes"))
        memory, passes, lanes = self.cost
        fits = 65536 <= memory <= 262144 and 3 <= passes <= 10 and 1 <= lanes <= 4
        if self.kind == "password" and not fits:
            raise Refused(f"a slot asks for an Argon2id out of bounds: {memory} KiB, {passes} passes, {lanes} lanes")
        if self.kind != "password" and any(self.cost):
            raise Damaged("a slot without a password asks for an Argon2id")

    def opener(self, secret):
        if self.kind == "password":
            memory, passes, lanes = self.cost
            return hash_secret_raw(secret, self.salt, passes, memory, lanes, 32, Type.ID)
        if self.kind == "recovery":
            return hkdf(secret, self.salt, "countersign v1 recovery code")
        return secret

    def open(self, secret, label, field="sealed"):
        data = aad(
            b"countersign-slot-v1", self.vault, self.id, struct.pack("<Q", self.fields["kind"]), self.salt,
            *(struct.pack("<I", part) for part in self.cost), label.encode(),
        )
        return unseal(hkdf(self.opener(secret), self.vault, label), data, self.fields[field])

    def described(self):
        return {"id": self.id.hex(), "kind": self.kind} | {name: self.fields[name] for name in ("confirmed", "created")}


def open_slots(slots, problems, label, way, secret):
    """Vault id and key of the first slot that the secret of this kind opens."""
    fitting = [slot for slot in slots if slot.kind == way]
    for slot in fitting:
        key = slot.open(secret, label)
        if key:
            return slot.vault, key
    if not fitting and problems:
        raise problems[-1]
    if not fitting:
        raise Refused(f"nothing here opens by {way}")
    if way == "device":
        raise Wrong("that device key opens nothing here")
    raise Wrong("that recovery code is well formed but another one's" if way == "recovery" else "wrong password")


def stored_slots(stored):
    """The whole slots, each once, and what is wrong with others."""
    slots, problems = {}, []
    for table, rows in stored.items():
        for row_id, body, digest in rows:
            try:
                if hashlib.sha256(body).digest() != digest:
                    raise Damaged("its digest is another")
                slot = Slot(body)
                if slot.id != row_id:
                    raise Damaged("it stands in another one's place")
                slots.setdefault(row_id, slot)
            except Refused as refused:
                problems.append(type(refused)(f"slot {row_id.hex()} of {table} is refused: {refused}"))
    return list(slots.values()), problems


# --- What rows and items hold ---


def account(row_id, payload):
    found = read(payload, ACCOUNT)
    secret = found["secret"]
    within("bytes of a secret", len(secret), 1, 1024)
    known = {"id": row_id.hex(), "secret": base64.b32encode(secret).decode().rstrip("=")}
    known |= {name: found[name] for name in ALWAYS}
    known |= {name: found.get(name) for name in ("last_use", "trashed")}
    kind = found["type"]
    if kind in ("totp", "hotp"):
        known |= {"algorithm": found["algorithm"], "digits": within("digits", found["digits"], 4, 10)}
    if kind == "totp":
        known["period"] = within("period", found["period"], 1, 86400)
    if kind == "hotp":
        known["counter"] = found["counter"]
    if kind in ("motp", "yandex"):
        known["pin"] = found["pin"]
        within("characters of a PIN", len(found["pin"]), *((1, 64) if kind == "motp" else (4, 16)))
    return known


def settings(payload):
    found = read(payload, SETTINGS)
    shell = {pair["key"]: pair["value"] for pair in found["shell"]}
    return {name: found[name] for name in ("trash_days", "count_usage", "backups_kept")} | {"shell": shell}


def check_backup_key(payload):
    found = read(payload, BACKUP_KEY)
    for body in found["wraps"]:
        Slot(body)
    return found["key"]


def last_import(payload):
    found = read(payload, LAST_IMPORT)
    ids = found["ids"]
    if len(ids) % 16:
        raise Damaged("the ids of the last import are cut")
    return {"at": found["at"], "ids": [ids[at : at + 16].hex() for at in range(0, len(ids), 16)]}


def push(row_id, payload):
    found = read(payload, PUSH)
    within("protocol", found["protocol"], 0, 2**32 - 1)
    within("bytes of a summary", len(found["summary"]), 0, 16 * 1024)
    for name in ("sealed_uv", "sealed_offline"):
        within("bytes of a sealed key", len(found.get(name, b"")), 0, 4 * 1024)
    if found["renew"] and ("sealed_uv" in found or "sealed_offline" in found):
        raise Damaged("an enrolment that has to be renewed has keys")
    inside = {name: found[name].hex() if name in found else None for name in ("sealed_uv", "sealed_offline", "account")}
    known = {"id": row_id.hex(), "summary": found["summary"].hex()} | inside
    return known | {name: found[name] for name in ("protocol", "renew", "created")}


class Content:
    """What a vault or a backup holds."""

    def __init__(self):
        self.accounts, self.icons, self.settings, self.last_import = [], {}, None, None
        self.pushes, self.inbox = [], []

    def take(self, kind, row_id, payload):
        if kind == ACCOUNT_ROW:
            self.accounts.append(account(row_id, payload))
        elif kind == SETTINGS_ROW and row_id == b"settings".ljust(16, b"\0"):
            self.settings = settings(payload)
        elif kind == BACKUP_KEY_ROW and row_id == b"backup key".ljust(16, b"\0"):
            check_backup_key(payload)
        elif kind == IMPORT_ROW and row_id == b"last import".ljust(16, b"\0"):
            self.last_import = last_import(payload)
        elif kind == PUSH_ROW:
            self.pushes.append(push(row_id, payload))
        elif kind == ICON_ITEM:
            self.icons[row_id.hex()] = hashlib.sha256(payload).hexdigest()
        else:
            raise Damaged(f"{kind} is no kind of thing")

    def described(self, **more):
        accounts = sorted(self.accounts, key=lambda one: one["id"])
        return {"accounts": accounts, "icons": self.icons, "settings": self.settings,
                "last_import": self.last_import, "pushes": self.pushes, "inbox": self.inbox} | more


# --- The manifest ---


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


MODULUS = 1 << 128


def weight(row_id):
    return int.from_bytes(row_id, "little") | 1


class Sum:
    """What the rows that are there sum up to."""

    def __init__(self, mac, tables):
        self.mac, self.tables, self.seen = mac, tables, []
        self.found = {"count": 0, "ids": bytes(16), "macs": bytes(32), "revisions": 0}

    def code(self, table, row_id, rest):
        return hmac.digest(self.mac, bytes((1, TABLE_NUMBERS[table])) + row_id + rest, "sha256")

    def add(self, table, row_id, stored, revision):
        self.found["count"] += 1
        for name, code in (("ids", row_id), ("macs", self.code(table, row_id, stored))):
            self.found[name] = xor(self.found[name], code)
        self.found["revisions"] = (self.found["revisions"] + weight(row_id) * (revision & (1 << 64) - 1)) % MODULUS
        self.seen.append((table, row_id))

    def compare(self, written):
        """Says what a difference to what was last written means."""
        if written == self.found:
            return
        tables = ", ".join(self.tables)
        more = self.found["count"] - written["count"]
        which = f": {xor(written['ids'], self.found['ids']).hex()}" if abs(more) == 1 else ""
        if more < 0:
            raise Damaged(f"{-more} row(s) of {tables} are missing{which}")
        if more > 0:
            raise Damaged(f"{more} row(s) of {tables} were added{which}")
        if written["revisions"] != self.found["revisions"]:
            raise Damaged(f"a row of {tables} is an old one: {self.old(written) or 'it can not be told which'}")
        raise Damaged(f"a row of {tables} was replaced by another of the same revision")

    def old(self, written):
        """The row that, were it of a later revision, would explain the difference."""
        difference = written["revisions"] - self.found["revisions"]
        for table, row_id in self.seen:
            if 0 < difference * pow(weight(row_id), -1, MODULUS) % MODULUS < 1 << 32:
                return f"{row_id.hex()} of {table}"
        return None


# --- The vault ---


def connect(path):
    if not path.is_file():
        raise Absent(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise Absent(f"{path} is empty: no vault was made there")
    database = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True, isolation_level=None)
    database.execute("BEGIN")
    return database


def check_schema(database):
    application, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != APPLICATION_ID:
        raise Damaged("this is another program's SQLite database, not a vault")
    if version != KNOWN:
        raise newer("schema", version)
    there = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    wanted = [("table", name, name, sql) for name, sql in TABLES.items()]
    if sorted(there, key=str) != sorted(wanted, key=str):
        names = sorted({str(row[1]) for row in set(there) ^ set(wanted)})
        raise Damaged(f"the tables are not those of schema {version}: {', '.join(names)}")


def slot_rows(database, table):
    rows = database.execute(f"SELECT id, body, digest FROM {table} ORDER BY id").fetchall()
    return [(sized(16)(row_id), blob(body), blob(digest)) for row_id, body, digest in rows]


def rows_of(database, table):
    for row in database.execute(f"SELECT * FROM {table} ORDER BY id"):
        row_id, kind, revision, form, sealed = row
        if not all(isinstance(value, int) for value in (kind, revision, form)):
            raise Damaged(f"a row of {table} has a text where a number should be")
        within("kind", kind, 0, 2**32 - 1)
        within("format", form, 0, 2**32 - 1)
        yield sized(16)(row_id), kind, revision, form, blob(sealed)


def read_row(content, keys, table, row):
    row_id, kind, revision, form, sealed = row
    data = aad(b"countersign-row-v1", keys["vault"], table.encode(), row_id, *place(row))
    padded = unseal(keys["records"], data, sealed)
    if padded is None:
        raise Damaged(f"row {row_id.hex()} of {table} was changed: it can't be opened")
    try:
        if form != KNOWN:
            raise newer("row format", form)
        content.take(ICON_ITEM if table == "icon" else kind, row_id, unpad(padded))
    except Refused as refused:
        raise type(refused)(f"row {row_id.hex()} of {table}: {refused}") from None


def read_inbox(content, keys, row):
    """A row of the inbox: it proves itself, and stands in no sum."""
    row_id, kind, revision, form, sealed = row
    data = aad(b"countersign-inbox-v1", keys["vault"], row_id, *place(row))
    padded = unseal(keys["inbox"], data, sealed)
    if padded is None:
        raise Damaged(f"row {row_id.hex()} of inbox was changed: kind {kind} can't be opened")
    if form != KNOWN:
        raise newer("row format", form)
    payload = unpad(padded)
    within("bytes of a row of the inbox", len(payload), 0, 1 << 20)
    digest = hashlib.sha256(payload).hexdigest()
    content.inbox.append({"id": row_id.hex(), "kind": kind, "revision": revision, "bytes": digest})


def check_enrollments(content):
    """Each that is not to be renewed has something to work with."""
    there = {row["id"] for row in content.inbox}
    for one in content.pushes:
        if not one["renew"] and one["id"] not in there:
            raise Damaged(f"push enrolment {one['id']} has no row of the inbox")
    within("rows of the inbox", len(content.inbox), 0, 10_000)


def open_under_root(keys, root, row_id, purpose, sealed):
    """What an enrolment keeps sealed under the root of user verification: 1 signs, 2 makes offline codes."""
    key = hkdf(root + keys["uv"], keys["vault"], "countersign v1 uv seal")
    return unseal(key, aad(b"countersign-uv-v1", keys["vault"], row_id, struct.pack("<I", purpose)), sealed)


def place(row):
    return struct.pack("<I", row[1]), struct.pack("<q", row[2]), struct.pack("<I", row[3])


def read_manifest(database, keys):
    found = database.execute("SELECT sealed FROM manifest WHERE one = 1").fetchone()
    if found is None:
        raise Damaged("the manifest is missing: nothing proves that the vault is whole")
    padded = unseal(keys["manifest seal"], aad(b"countersign-manifest-v1", keys["vault"]), blob(found[0]))
    if padded is None:
        raise Damaged("the manifest was changed: it can't be opened")
    return read(unpad(padded), MANIFEST)


def read_attempts(database):
    """How many wrong passwords and when the last (those at approvals are counted in row 2); None where there is no such row, or one that can't be."""
    found = database.execute("SELECT failures, last FROM attempts WHERE one = 1").fetchone()
    return found if found and all(isinstance(value, int) for value in found) else None


def keys_of(vault, vault_key):
    labels = "records", "manifest seal", "manifest mac", "inbox", "uv"
    return {"vault": vault} | {label: hkdf(vault_key, vault, f"countersign v1 {label}") for label in labels}


def read_vault(path, way, secret):
    with contextlib.closing(connect(path)) as database:
        check_schema(database)
        stored = {table: slot_rows(database, table) for table in ("slot", "slot_copy")}
        slots, problems = stored_slots(stored)
        keys = keys_of(*open_slots(slots, problems, "countersign v1 slot vault key", way, secret))
        sums = {
            "rows": Sum(keys["manifest mac"], ("record", "slot", "slot_copy")),
            "icons": Sum(keys["manifest mac"], ("icon",)),
        }
        for table, rows in stored.items():
            for row_id, body, digest in rows:
                sums["rows"].add(table, row_id, struct.pack("<I", len(body)) + body + digest, 0)
        content = Content()
        for table, group in (("record", "rows"), ("icon", "icons")):
            for row in rows_of(database, table):
                sums[group].add(table, row[0], struct.pack("<q", row[2]) + row[4][:12] + row[4][-16:], row[2])
                read_row(content, keys, table, row)
        for row in rows_of(database, "inbox"):
            read_inbox(content, keys, row)
        if problems:
            raise problems[0]
        manifest = read_manifest(database, keys)
        for group, there in sums.items():
            there.compare(manifest[group])
        check_enrollments(content)
        return content.described(slots=[slot.described() for slot in slots], attempts=read_attempts(database))


# --- Backups ---


def backup_header(file):
    """The header's fields, and where the pieces begin."""
    if not file:
        raise Damaged("the backup is empty")
    if file[:8] != b"CSBACKUP":
        raise Damaged("this is not a backup")
    length = int.from_bytes(file[8:12], "little")
    if length > MAX_HEADER:
        raise Damaged(f"the backup's header of {length} bytes is over the bound")
    if len(file) < 12 + length:
        raise Damaged("the backup is cut off in its header")
    header = read(file[12 : 12 + length], HEADER)
    if len(header["wraps"]) > MAX_WRAPS:
        raise Damaged(f"the backup has {len(header['wraps'])} wraps, over the bound")
    return header, 12 + length


def backup_plaintext(key, data, body):
    pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    if not pieces:
        raise Damaged("the backup is cut off behind its header")
    for index, piece in enumerate(pieces):
        nonce = bytes(7) + struct.pack(">I", index) + bytes([index + 1 == len(pieces)])
        opened = unseal(key, data, nonce + piece)
        if opened is None:
            which = f"piece {index + 1} of {len(pieces)} of the backup"
            raise Damaged(f"{which} was changed or moved, or the end is cut off")
        yield opened


def read_backup(path, way, secret):
    file = read_file(path)
    header, end = backup_header(file)
    slots = [Slot(body) for body in header["wraps"]]
    _, backup_key = open_slots(slots, [], "countersign v1 slot backup key", way, secret)
    key = unseal(backup_key, aad(b"countersign-backup-key-v1", header["vault"], header["id"]), header["sealed"])
    if key is None:
        raise Damaged("the backup's header was changed: its key can't be opened")
    content = Content()
    plaintext = b"".join(backup_plaintext(key, hashlib.sha256(file[:end]).digest(), file[end:]))
    for item in read(plaintext, ITEMS)["items"]:
        content.take(item["kind"], item["id"], item["payload"])
    return content.described(created=header["created"])


# --- What a person typed ---


def recovery_code(typed):
    """The 20 bytes of a recovery code, however sloppily it was typed."""
    mistyped = Wrong("that recovery code is mistyped")
    symbols = [symbol for symbol in typed.decode("latin-1") if symbol not in " -\t\r\n"]
    if len(symbols) != 33 or not all(symbol.isascii() for symbol in symbols):
        raise mistyped
    read_as = str.maketrans("OIL", "011")
    values = [CROCKFORD.find(symbol.upper().translate(read_as)) for symbol in symbols]
    code = 0
    for value in values[:-1]:
        code = code << 5 | value
    if not all(0 <= value < 32 for value in values[:-1]) or code % 37 != values[-1]:
        raise mistyped
    return code.to_bytes(20, "big")


def password(typed):
    return typed.removesuffix(b"\n").removesuffix(b"\r") if typed.endswith(b"\n") else typed


def device_key(written):
    try:
        return sized(32)(bytes.fromhex(written.decode("latin-1")))
    except (ValueError, Damaged):
        raise Wrong("a device key is 64 hexadecimal digits") from None


def read_file(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Absent(f"there is no file {path}") from None
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror}") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--backup", action="store_true", help="it is a backup")
    parser.add_argument("--json", action="store_true", help="print what it holds")
    ways = parser.add_mutually_exclusive_group(required=True)
    ways.add_argument("--password-file", type=pathlib.Path)
    ways.add_argument("--recovery-file", type=pathlib.Path)
    ways.add_argument("--device-key-file", type=pathlib.Path)
    arguments = parser.parse_args()
    given = (
        ("password", arguments.password_file, password),
        ("recovery", arguments.recovery_file, recovery_code),
        ("device", arguments.device_key_file, device_key),
    )
    way, path, convert = next(one for one in given if one[1])
    try:
        secret = convert(read_file(path))
        found = (read_backup if arguments.backup else read_vault)(arguments.file, way, secret)
    except Refused as refused:
        print(f"vault_reader: {refused}", file=sys.stderr)
        return refused.status
    except sqlite3.Error as error:
        print(f"vault_reader: SQLite can't read the file: {error}", file=sys.stderr)
        return Damaged.status
    print(json.dumps(found) if arguments.json else f"{len(found['accounts'])} accounts, all as they were last written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

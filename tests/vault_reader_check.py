#!/usr/bin/env python3
"""Has vaults and backups made, by the command line and by an example of core, and reads them with vault_reader.py.

Of whole ones, everything must be read as it was put in; each broken one must be refused in words of its own.

usage: vault_reader_check.py COUNTERSIGN_BINARY MAKE_VAULT_BINARY
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import vault_reader as reader

READER = pathlib.Path(reader.__file__)
DOCUMENT = READER.parent.parent / "docs" / "vault.md"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
LINKS = [
    f"otpauth://totp/ACME:bob?secret={SECRET}&issuer=ACME&algorithm=SHA384&digits=10&period=45",
    f"otpauth://hotp/B%C3%BCcherei:ada?secret={SECRET}&issuer=B%C3%BCcherei&counter=7&digits=8",
    f"otpauth://steam/Steam:gabe?secret={SECRET}&issuer=Steam",
]
REFUSED, USAGE, WRONG, ABSENT, DAMAGED = 1, 2, 3, 4, 5
ROWS = "record, slot, slot_copy"
results = []


def check(what, right):
    results.append(right)
    print(f"{'ok' if right else 'FAILED'}: {what}")


def run_reader(*arguments):
    return subprocess.run([sys.executable, READER, *arguments], text=True, capture_output=True, timeout=60)


def read(*arguments):
    """What the reader prints; None where it refuses."""
    done = run_reader("--json", *arguments)
    if done.returncode != 0:
        print(done.stderr, end="")
        return None
    return json.loads(done.stdout)


def refused(what, status, words, *arguments):
    """The reader ends with this status and one line that has these words."""
    done = run_reader(*arguments)
    lines = done.stderr.splitlines()
    right = done.returncode == status and not done.stdout and len(lines) == 1 and words in lines[0]
    if not right:
        print(f"expected status {status} and {words!r}, got {done.returncode}:\n{done.stdout}{done.stderr}")
    check(f"{what}: {words}", right)


def same(what, made, found, parts):
    """Compares field by field, and says which ones differ."""
    right = made is not None and found is not None
    for part in parts if right else ():
        for path, here, there in differences(part, in_order(made[part]), in_order(found[part])):
            print(f"{path}: {here!r} was put in, {there!r} was read")
            right = False
    check(what, right)


def in_order(value):
    return sorted(value, key=lambda one: one["id"]) if isinstance(value, list) else value


def differences(path, made, found):
    if isinstance(made, dict) and isinstance(found, dict):
        for key in sorted(made.keys() | found.keys()):
            yield from differences(f"{path}.{key}", made.get(key, "nothing"), found.get(key, "nothing"))
    elif isinstance(made, list) and isinstance(found, list) and len(made) == len(found):
        for index, pair in enumerate(zip(made, found)):
            yield from differences(f"{path}[{index}]", *pair)
    elif made != found or type(made) is not type(found):
        yield path, made, found


# --- Making broken ones ---


class Vaults:
    """Copies of one vault, each changed by somebody who may even have its keys."""

    def __init__(self, folder, made):
        self.folder, self.original = folder, folder / "vault"
        with contextlib.closing(reader.connect(self.original)) as database:
            stored = {"slot": database.execute("SELECT id, body, digest FROM slot").fetchall()}
            self.slots, _ = reader.stored_slots(stored)
            shown = {one["id"]: one["type"] for one in made["vault"]["accounts"] if one["trashed"] is None}
            self.accounts = [row for row in reader.rows_of(database, "record") if row[0].hex() in shown]
            self.totp = next(row for row in self.accounts if shown[row[0].hex()] == "totp")
            self.icons = list(reader.rows_of(database, "icon"))
        secret, label = reader.recovery_code(made["recovery_code"].encode()), "countersign v1 slot vault key"
        self.keys = reader.keys_of(*reader.open_slots(self.slots, [], label, "recovery", secret))

    def changed(self, *statements, of=None):
        """A copy after these statements, each text and arguments."""
        path = self.folder / "changed"
        for left_over in self.folder.glob("changed*"):
            left_over.unlink()
        shutil.copy(of or self.original, path)
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            for sql, *arguments in statements:
                database.execute(sql, arguments)
        return path

    def resealed(self, table, row, change, form=1):
        """A copy with another payload in a row, sealed as it should be."""
        key, nonce = self.keys["records"], os.urandom(12)
        payload = change(reader.unpad(reader.unseal(key, self.row_data(table, row), row[4])))
        padded = (struct.pack("<I", len(payload)) + payload).ljust(1 << 18, b"\0")
        row = (*row[:3], form)
        sealed = nonce + AESGCM(key).encrypt(nonce, padded, self.row_data(table, row))
        return self.changed((f"UPDATE {table} SET sealed = ?, format = ? WHERE id = ?", sealed, form, row[0]))

    def row_data(self, table, row):
        return reader.aad(b"countersign-row-v1", self.keys["vault"], table.encode(), row[0], *reader.place(row))

    def slot(self, kind, change, tables=("slot", "slot_copy"), digest=True):
        """A copy with another body in a slot, with the digest that fits or the old one."""
        slot = next(slot for slot in self.slots if slot.kind == kind)
        with contextlib.closing(sqlite3.connect(self.original)) as database:
            (body,) = database.execute("SELECT body FROM slot WHERE id = ?", [slot.id]).fetchone()
        body = change(body)
        statements = [(f"UPDATE {table} SET body = ? WHERE id = ?", body, slot.id) for table in tables]
        if digest:
            there = hashlib.sha256(body).digest()
            statements += [(f"UPDATE {table} SET digest = ? WHERE id = ?", there, slot.id) for table in tables]
        return self.changed(*statements)


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def message(fields):
    """The bytes of pairs of a number and an int or bytes."""
    written = b""
    for field, value in fields:
        if isinstance(value, int):
            written += varint(field << 3) + varint(value)
        else:
            written += varint(field << 3 | 2) + varint(len(value)) + value
    return written


def with_field(field, value):
    """Changes a message: this field has this value, added where there is none."""

    def change(body):
        fields = list(reader.raw_fields(body))
        if field not in (number for number, _ in fields):
            return message([*fields, (field, value)])
        return message((number, value if number == field else old) for number, old in fields)

    return change


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


# --- What is checked ---


def check_command_line(folder, binary):
    """A vault that people make by typing; gives back its recovery code and a backup."""
    vault = folder / "vault"
    # Windows' line end: as the command line reads it, so does the reader.
    write(folder / "password", b"correct horse\r\n")
    write(folder / "wrong", b"wrong horse\n")

    def countersign(*arguments, text="", password="password", right=True):
        command = [binary, "--vault", vault, "--password-file", folder / password, "--json", *arguments]
        return subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, check=right).stdout

    code = json.loads(countersign("init"))["recovery_code"]
    write(folder / "recovery", code.encode())
    for link in LINKS:
        countersign("add", "--secret-stdin", text=link)
    countersign("tag", "acme", "work", "home")
    countersign("edit", "acme", "--note", "Zwei Wörter", "--favourite", "true")
    countersign("rm", "steam")
    countersign("code", "ada")
    backup = pathlib.Path(json.loads(countersign("backup", str(folder)))["backup"])
    by_password, by_recovery = ("--password-file", folder / "password"), ("--recovery-file", folder / "recovery")

    found = read(vault, *by_password)
    check("command line: the vault opens with the password", found is not None)
    accounts = {one["name"]: one for one in (found or {"accounts": []})["accounts"]}
    bob, ada, gabe = (accounts.get(one, {}) for one in ("bob", "ada", "gabe"))
    check("command line: a TOTP account is as it was added", bob.items() >= {
        "type": "totp", "issuer": "ACME", "secret": SECRET, "algorithm": "SHA384", "digits": 10, "period": 45,
        "note": "Zwei Wörter", "favourite": True, "trashed": None}.items() and bob.get("tags") == ["work", "home"])
    check("command line: an HOTP account has counted on", ada.items() >= {
        "type": "hotp", "issuer": "Bücherei", "counter": 8, "digits": 8, "algorithm": "SHA1"}.items())
    check("command line: what was removed is in the trash", gabe.get("type") == "steam" and gabe.get("trashed", 0) > 0)
    parts = ("accounts", "icons", "settings")
    same("command line: the recovery code opens the same", found, read(vault, *by_recovery), (*parts, "slots"))
    for way, arguments in (("password", by_password), ("recovery code", by_recovery)):
        in_backup = read("--backup", backup, *arguments)
        same(f"command line: the backup holds the same, by {way}", found, in_backup, parts)
    countersign("list", password="wrong", right=False)
    found = read(vault, *by_recovery)
    check("command line: a wrong password is counted in the clear", found is not None and found["attempts"][0] == 1)
    return code, backup


def check_made(folder, made):
    """Everything that the example put in is read, by each way."""
    vault, parts = folder / "vault", ("accounts", "icons", "settings")
    everything = (*parts, "slots", "last_import", "pushes", "inbox")
    ways = {way: (f"--{way}-file", folder / way) for way in ("password", "recovery", "device-key")}
    check("there is something of every kind", len(made["vault"]["icons"]) == 3 and len(made["vault"]["slots"]) == 5
          and {one["type"] for one in made["vault"]["accounts"]} == set(reader.OTP_KINDS.values()))
    for way, arguments in ways.items():
        same(f"the vault is read as it was made, by {way}", made["vault"], read(vault, *arguments), everything)
    check_keystore(vault, made, ways["password"][1].read_bytes())
    for way in ("password", "recovery"):
        found = read("--backup", made["backup"], *ways[way])
        same(f"the backup is read as it was made, by {way}", made["vault"], found, parts)
        same(f"the backup has enrolments without keys, by {way}", made["restored"], found, ("pushes", "inbox"))
    found = read(folder / "restored", *ways["password"])
    same("a vault made from the backup is read as it was made", made["restored"], found, everything)
    lines = [line.strip() for line in DOCUMENT.read_text().splitlines() if line.startswith("    CREATE")]
    check("the document has the text of every table", lines == list(reader.TABLES.values()))


def check_keystore(vault, made, password):
    """The inbox key and the root of user verification, each through the slot that a keystore's key opens."""
    with contextlib.closing(sqlite3.connect(f"file:{vault}?mode=ro", uri=True)) as database:
        bodies = [body for (body,) in database.execute("SELECT body FROM slot")]
    slots = {slot.kind: slot for slot in map(reader.Slot, bodies)}
    _, inbox, per_use = (bytes.fromhex(one["key"]) for one in made["keystore"])
    vault_key = slots["password"].open(reader.password(password), "countersign v1 slot vault key")
    inbox_key = reader.hkdf(vault_key, slots["inbox"].vault, "countersign v1 inbox")
    check("the inbox slot has the inbox key", slots["inbox"].open(inbox, "countersign v1 slot inbox key") == inbox_key)
    root = slots["password"].open(reader.password(password), "countersign v1 slot uv root", "sealed_uv_root")
    check("password and per-use slot have the same root",
          root is not None and slots["per-use"].open(per_use, "countersign v1 slot uv root") == root)
    keys = reader.keys_of(slots["password"].vault, vault_key)
    enrolled = next(one for one in made["vault"]["pushes"] if not one["renew"])
    row_id, sealed = bytes.fromhex(enrolled["id"]), [bytes.fromhex(enrolled[name]) for name in ("sealed_uv", "sealed_offline")]
    opened = [reader.open_under_root(keys, root, row_id, purpose, one) for purpose, one in enumerate(sealed, 1)]
    check("an enrolment's keys open with root and vault key", opened == [bytes.fromhex(key) for key in made["keys"]])
    others = {"another purpose": (keys, root, row_id, 2), "another enrolment": (keys, root, bytes(16), 1),
              "the root alone": (keys | {"uv": b""}, root, row_id, 1), "the vault key alone": (keys, b"", row_id, 1)}
    for what, other in others.items():
        check(f"an enrolment's key does not open with {what}", reader.open_under_root(*other, sealed[0]) is None)


def check_typed(folder, made, other_code):
    """Passwords, recovery codes and device keys, right and wrong."""
    vault, typed, code = folder / "vault", folder / "typed", made["recovery_code"]
    for what, ending in (("\\n", b"\n"), ("\\r\\n", b"\r\n")):
        write(typed, b"correct horse" + ending)
        check(f"a password file loses {what}", read(vault, "--password-file", typed) is not None)
    for what, content in {
        "another password": b"wrong horse", "two line ends": b"correct horse\n\n", "a space": b"correct horse ",
        "no password": b"",
    }.items():
        write(typed, content)
        refused(what, WRONG, "wrong password", vault, "--password-file", typed)
    refused("no password, at the backup", WRONG, "wrong password", "--backup", made["backup"], "--password-file", typed)
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    write(typed, f"\t{sloppy}\r\n".encode())
    check("a recovery code may be typed sloppily", read(vault, "--recovery-file", typed) is not None)
    check("o, i and l are read as digits, big-endian", code_of(b"ooooOOOO0000-oooo oooo oooo oooo oiL4 r") == 0x424)
    other = "B" if code[0] == "A" else "A"
    for what, wrong in {
        "another symbol": other + code[1:], "two symbols exchanged": exchanged(code), "too short": code[1:],
        "too long": code + "0", "a check symbol inside": "*" + code[1:], "nothing": "", "no symbol": "ı" + code[1:],
    }.items():
        write(typed, wrong.encode())
        refused(f"a recovery code, {what}", WRONG, "mistyped", vault, "--recovery-file", typed)
    write(typed, other_code.encode())
    refused("the recovery code of another vault", WRONG, "another one's", vault, "--recovery-file", typed)
    refused("the same at the backup", WRONG, "another one's", "--backup", made["backup"], "--recovery-file", typed)
    write(typed, b"00" * 32)
    refused("another device's key", WRONG, "that device key opens nothing", vault, "--device-key-file", typed)
    refused("a device's key at the backup", REFUSED, "nothing here opens by device", "--backup", made["backup"],
            "--device-key-file", typed)
    write(typed, b"zz")
    refused("no device's key", WRONG, "64 hexadecimal digits", vault, "--device-key-file", typed)
    refused("no password file", ABSENT, "there is no file", vault, "--password-file", folder / "nowhere")
    for what, arguments in (("no way to unlock", ()), ("two ways", ("--password-file", "a", "--recovery-file", "b"))):
        check(f"{what} is a mistake of usage", run_reader(vault, *arguments).returncode == USAGE)


def code_of(typed):
    """The number of a recovery code; None where it is refused."""
    with contextlib.suppress(reader.Refused):
        return int.from_bytes(reader.recovery_code(typed), "big")


def exchanged(code):
    """The code with the first two neighbours that differ exchanged."""
    at = next(at for at in range(len(code)) if "-" not in code[at : at + 2] and code[at] != code[at + 1])
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def check_files(vaults, by):
    """Files that are no vaults, and vaults whose structure is another."""
    folder = vaults.folder
    refused("no file", ABSENT, "there is no file", folder / "nowhere", *by)
    refused("a folder", ABSENT, "there is no file", folder, *by)
    for what, bytes_, status, words in (
        ("an empty file", b"", ABSENT, "is empty"),
        ("a text", b"These are words. " * 500, DAMAGED, "file is not a database"),
        ("half a vault", vaults.original.read_bytes()[: 1 << 16], DAMAGED, "SQLite can't read"),
    ):
        write(folder / "file", bytes_)
        refused(what, status, words, folder / "file", *by)
    for what, statement, status, words in (
        ("another application_id", "PRAGMA application_id = 7", DAMAGED, "another program's"),
        ("a newer schema", "PRAGMA user_version = 2", REFUSED, "newer version: schema 2"),
        ("an older schema", "PRAGMA user_version = 0", DAMAGED, "schema 0 is none"),
        ("a table too many", "CREATE TABLE more(a)", DAMAGED, "tables are not those of schema 1: more"),
        ("a table too few", "DROP TABLE attempts", DAMAGED, "tables are not those of schema 1: attempts"),
        ("an index", "CREATE INDEX by_kind ON record(kind)", DAMAGED, "tables are not those of schema 1: by_kind"),
        ("a view", "CREATE VIEW seen AS SELECT 1", DAMAGED, "tables are not those of schema 1: seen"),
        ("a trigger", "CREATE TRIGGER t AFTER DELETE ON icon BEGIN SELECT 1; END", DAMAGED, "not those of schema 1: t"),
        ("another column", "ALTER TABLE slot ADD COLUMN more", DAMAGED, "tables are not those of schema 1: slot"),
        ("a text as an id", "UPDATE record SET id = 'x' WHERE kind = 2", DAMAGED, "where bytes should be"),
        ("a short id", "UPDATE record SET id = x'00' WHERE kind = 2", DAMAGED, "where 16 should be"),
        ("a text as a number", "UPDATE record SET kind = 'x' WHERE kind = 2", DAMAGED, "where a number should be"),
    ):
        refused(what, status, words, vaults.changed((statement,)), *by)
    found = read(vaults.changed(("REPLACE INTO attempts VALUES (1, x'00', 'x')",)), *by)
    check("a count of wrong passwords that is none keeps nobody out", found is not None and found["attempts"] is None)


def check_rows(vaults, by, later):
    """Rows that are changed, gone, added or old; `later` is the vault after an edit and a removal."""
    first, second = vaults.accounts[:2]
    icon = vaults.icons[0]
    delete = "DELETE FROM {} WHERE id = ?"
    update = "UPDATE {} SET sealed = ? WHERE id = ?"
    gone = vaults.changed((delete.format("record"), first[0]))
    refused("a row is gone", DAMAGED, f"1 row(s) of {ROWS} are missing: {first[0].hex()}", gone, *by)
    gone = vaults.changed((delete.format("record"), first[0]), (delete.format("record"), second[0]))
    refused("two rows are gone", DAMAGED, f"2 row(s) of {ROWS} are missing", gone, *by)
    gone = vaults.changed((delete.format("icon"), icon[0]))
    refused("a picture is gone", DAMAGED, f"1 row(s) of icon are missing: {icon[0].hex()}", gone, *by)
    for table, row in (("record", first), ("icon", icon)):
        bad = vaults.changed((update.format(table), flipped(row[4], 40), row[0]))
        refused("a byte of a row is another", DAMAGED, f"row {row[0].hex()} of {table} was changed", bad, *by)
    bad = vaults.changed((update.format("record"), first[4], second[0]), (update.format("record"), second[4], first[0]))
    refused("two rows exchanged", DAMAGED, "of record was changed", bad, *by)
    bad = vaults.changed(("UPDATE record SET revision = revision + 1 WHERE id = ?", first[0]))
    refused("another revision", DAMAGED, f"row {first[0].hex()} of record was changed", bad, *by)
    same_revision = vaults.resealed("record", first, with_field(3, b"another note"))
    refused("another row under the same revision", DAMAGED, "was replaced by another", same_revision, *by)
    for what, change, words in (
        ("an unknown field", with_field(22, 1), "unknown field 22"),
        ("an unknown kind of account", with_field(6, 6), "kind of account 6 is none"),
        ("an unknown algorithm", with_field(8, 6), "algorithm 6 is none"),
        ("digits out of bounds", with_field(9, 11), "digits: 11 is not within"),
        ("a number cut off", lambda payload: payload[:-1], "in the middle of a field"),
        ("a text cut off", lambda payload: payload + b"\x0a\x05ab", "in the middle of a field"),
        ("a text that is none", with_field(1, b"\xff"), "a text is not UTF-8"),
        ("a number in place of a text", with_field(1, 1), "where bytes should be"),
        ("a missing field", lambda payload: message(pair for pair in reader.raw_fields(payload) if pair[0] != 7),
         "the field 'secret' is missing"),
    ):
        refused(f"a record with {what}", DAMAGED, words, vaults.resealed("record", vaults.totp, change), *by)
    newer = vaults.resealed("record", first, lambda payload: payload, form=2)
    refused("a newer record", REFUSED, "newer version: row format 2", newer, *by)

    edited, removed = later["edited"], later["removed"]
    replace = "REPLACE INTO record VALUES (?, ?, ?, ?, ?)"
    old = vaults.changed((replace, *edited), of=later["vault"])
    refused("a row as it was earlier", DAMAGED, f"is an old one: {edited[0].hex()} of record", old, *by)
    added = vaults.changed((replace, *removed), of=later["vault"])
    refused("a removed row is back", DAMAGED, f"1 row(s) of {ROWS} were added: {removed[0].hex()}", added, *by)
    with contextlib.closing(sqlite3.connect(vaults.original)) as database:
        (manifest,) = database.execute("SELECT sealed FROM manifest").fetchone()
    old = vaults.changed(("UPDATE manifest SET sealed = ?", manifest), of=later["vault"])
    refused("an old manifest", DAMAGED, f"2 row(s) of {ROWS} are missing", old, *by)
    refused("no manifest", DAMAGED, "the manifest is missing", vaults.changed(("DELETE FROM manifest",)), *by)
    bad = vaults.changed(("UPDATE manifest SET sealed = ?", flipped(manifest, 40)))
    refused("a changed manifest", DAMAGED, "the manifest was changed", bad, *by)


def check_inbox(vaults, by):
    """Rows of the inbox that are changed or moved; gone; old ones."""
    with contextlib.closing(reader.connect(vaults.original)) as database:
        first, second, *_ = reader.rows_of(database, "inbox")
    where = "WHERE id = ? AND kind = ?"
    update = f"UPDATE inbox SET sealed = ? {where}"
    words = f"row {first[0].hex()} of inbox was changed: kind {first[1]}"
    for at in (0, 11, 12, 100, len(first[4]) - 1):
        bad = vaults.changed((update, flipped(first[4], at), *first[:2]))
        refused(f"byte {at} of a row of the inbox is another", DAMAGED, words, bad, *by)
    bad = vaults.changed((update, second[4], *first[:2]), (update, first[4], *second[:2]))
    refused("two rows of the inbox exchanged", DAMAGED, words, bad, *by)
    bad = vaults.changed((f"UPDATE inbox SET revision = revision + 1 {where}", *first[:2]))
    refused("another revision in the inbox", DAMAGED, words, bad, *by)
    bad = vaults.changed((f"UPDATE inbox SET kind = 77 {where}", *first[:2]))
    refused("another kind in the inbox", DAMAGED, "of inbox was changed: kind 77", bad, *by)
    bad = vaults.changed((f"UPDATE inbox SET id = ? {where}", bytes(16), *first[:2]))
    refused("another enrolment's row", DAMAGED, f"row {bytes(16).hex()} of inbox was changed", bad, *by)
    bad = vaults.changed((f"UPDATE inbox SET format = 'x' {where}", *first[:2]))
    refused("a text as a number in the inbox", DAMAGED, "where a number should be", bad, *by)
    refused("the inbox is emptied", DAMAGED, f"push enrolment {first[0].hex()} has no row of the inbox",
            vaults.changed(("DELETE FROM inbox",)), *by)
    key = vaults.keys["inbox"]

    def sealed(payload, *place):
        padded, nonce = (struct.pack("<I", len(payload)) + payload).ljust(256, b"\0"), os.urandom(12)
        data = reader.aad(b"countersign-inbox-v1", vaults.keys["vault"], first[0], *reader.place((None, *place)))
        return nonce + AESGCM(key).encrypt(nonce, padded, data)

    insert = "REPLACE INTO inbox VALUES (?, ?, ?, ?, ?)"
    bad = vaults.changed((insert, first[0], 9, 1, 2, sealed(b"newer", 9, 1, 2)))
    refused("a newer row of the inbox", REFUSED, "newer version: row format 2", bad, *by)
    found = read(vaults.changed((insert, first[0], 9, 1, 1, sealed(b"another", 9, 1, 1))), *by)
    check("who has the inbox key may add rows, which no sum forbids", found is not None
          and {"id": first[0].hex(), "kind": 9, "revision": 1, "bytes": hashlib.sha256(b"another").hexdigest()} in found["inbox"])


def check_slots(vaults, by_password, by_recovery):
    damaged = lambda body: flipped(body, len(body) - 3)
    bad = vaults.slot("password", damaged, digest=False)
    refused("a damaged slot is no wrong password", DAMAGED, "its digest is another", bad, *by_password)
    refused("another slot opens, and the damage is told", DAMAGED, "its digest is another", bad, *by_recovery)
    bad = vaults.slot("password", damaged, tables=("slot_copy",), digest=False)
    refused("one damaged copy of a slot is told", DAMAGED, "of slot_copy is refused", bad, *by_password)
    bad = vaults.slot("password", with_field(13, 0))
    refused("a slot changed with its digest", DAMAGED, "was replaced by another", bad, *by_password)
    bad = vaults.slot("password", with_field(5, bytes(16)))
    refused("another salt", WRONG, "wrong password", bad, *by_password)
    bad = vaults.slot("password", with_field(14, 1))
    refused("a slot with an unknown field", DAMAGED, "unknown field 14", bad, *by_password)
    bad = vaults.slot("password", with_field(4, 6))
    refused("a slot of an unknown kind", DAMAGED, "kind of slot 6 is none", bad, *by_password)
    bad = vaults.slot("password", with_field(1, 2))
    refused("a newer slot", REFUSED, "newer version: format 2", bad, *by_password)
    # Four tebibytes: whoever tries runs out of memory instead of saying this.
    bad = vaults.slot("password", with_field(6, 2**32 - 1))
    refused("memory without bounds", REFUSED, "Argon2id out of bounds: 4294967295 KiB", bad, *by_password)
    bad = vaults.slot("recovery", with_field(6, 2**40))
    refused("memory where there is no password", DAMAGED, "without a password asks for an Argon2id", bad, *by_recovery)
    delete = [(f"DELETE FROM {table}",) for table in ("slot", "slot_copy")]
    refused("no slot at all", REFUSED, "nothing here opens by password", vaults.changed(*delete), *by_password)
    check("the bounds of Argon2id are exact", all(accepted(*case) for case in (
        (65536, 3, 1, True), (262144, 10, 4, True), (65535, 3, 1, False), (262145, 3, 1, False), (65536, 2, 1, False),
        (65536, 11, 1, False), (65536, 3, 0, False), (65536, 3, 5, False))))


def accepted(memory, passes, lanes, expected):
    head = [(1, 1), (2, bytes(16)), (3, bytes(16)), (4, 1), (5, bytes(16))]
    body = message([*head, (6, memory), (7, passes), (8, lanes)])
    try:
        reader.Slot(body)
        return expected
    except reader.Refused:
        return not expected


def check_backups(folder, backup, other_backup, by_password, by_recovery):
    file, path = backup.read_bytes(), folder / "broken.csbackup"
    end = 12 + int.from_bytes(file[8:12], "little")
    head, pieces = file[:end], [file[at : at + reader.PIECE] for at in range(end, len(file), reader.PIECE)]
    other = other_backup.read_bytes()
    other_end = 12 + int.from_bytes(other[8:12], "little")

    def header(change):
        changed = change(file[12:end])
        return file[:8] + struct.pack("<I", len(changed)) + changed + file[end:]

    wraps = [value for field, value in reader.raw_fields(file[12:end]) if field == 6]
    nine = message([(6, wraps[0])] * (9 - len(wraps)))
    swapped, count = head + b"".join([pieces[1], pieces[0], *pieces[2:]]), len(pieces)
    for what, bytes_, status, words in (
        ("an empty backup", b"", DAMAGED, "the backup is empty"),
        ("another file", b"CSBACKUQ" + file[8:], DAMAGED, "this is not a backup"),
        ("cut off in its first bytes", file[:10], DAMAGED, "cut off in its header"),
        ("cut off in its header", file[: end - 1], DAMAGED, "cut off in its header"),
        ("cut off behind its header", head, DAMAGED, "cut off behind its header"),
        ("cut off in a piece", file[:-1], DAMAGED, f"piece {count} of {count}"),
        ("cut off between pieces", head + b"".join(pieces[:-1]), DAMAGED, f"piece {count - 1} of {count - 1}"),
        ("two pieces exchanged", swapped, DAMAGED, f"piece 1 of {count}"),
        ("a piece left out", head + b"".join([pieces[0], *pieces[2:]]), DAMAGED, f"piece 2 of {count - 1}"),
        ("something behind it", file + b"\0", DAMAGED, f"piece {count} of {count}"),
        ("a byte of a piece is another", flipped(file, end + reader.PIECE + 7), DAMAGED, f"piece 2 of {count}"),
        ("another backup's pieces", head + other[other_end:], DAMAGED, "piece 1"),
        ("another time", header(with_field(4, 0)), DAMAGED, "piece 1"),
        ("another id", header(with_field(2, bytes(16))), DAMAGED, "its key can't be opened"),
        ("a newer backup", header(with_field(1, 2)), REFUSED, "newer version: format 2"),
        ("an unknown field", header(with_field(7, 1)), DAMAGED, "unknown field 7"),
        ("a header over its bound", file[:8] + struct.pack("<I", 65537) + file[12:], DAMAGED, "over the bound"),
        ("nine wraps", header(lambda body: body + nine), DAMAGED, "9 wraps, over"),
        ("memory without bounds", header(with_field(6, with_field(6, 2**32 - 1)(wraps[0]))), REFUSED, "out of bounds"),
    ):
        write(path, bytes_)
        refused(f"backup, {what}", status, words, "--backup", path, *by_recovery)
    write(path, header(with_field(6, with_field(5, bytes(16))(wraps[0]))))
    refused("backup, another salt", WRONG, "wrong password", "--backup", path, *by_password)
    refused("no backup", ABSENT, "there is no file", "--backup", folder / "nowhere", *by_password)
    refused("a vault in place of a backup", DAMAGED, "this is not a backup", "--backup", folder / "vault", *by_password)
    refused("a backup in place of a vault", DAMAGED, "file is not a database", backup, *by_password)


def edit_and_remove(folder, binary, vaults):
    """The vault some time later: one account edited, another one gone for good with what was in the trash."""
    later = folder / "later"
    shutil.copy(vaults.original, later)
    edited, removed = vaults.accounts[0], vaults.accounts[1]
    for arguments in (
        ("edit", edited[0].hex(), "--note", "a later note"),
        ("edit", edited[0].hex(), "--note", "and another one"),
        ("rm", removed[0].hex()),
        ("trash", "--empty"),
    ):
        command = [binary, "--vault", later, "--password-file", folder / "password", *arguments]
        subprocess.run(command, capture_output=True, timeout=60, check=True)
    return {"vault": later, "edited": edited, "removed": removed}


def write(path, content):
    path.write_bytes(content)


def main():
    binary, make_vault = sys.argv[1:]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        other_code, other_backup = check_command_line(pathlib.Path(one), binary)
        folder = pathlib.Path(two)
        write(folder / "password", b"correct horse")
        made = json.loads(subprocess.check_output([make_vault, folder, folder / "password"], timeout=60))
        write(folder / "recovery", made["recovery_code"].encode())
        write(folder / "device-key", made["keystore"][0]["key"].encode())
        by_password, by_recovery = ("--password-file", folder / "password"), ("--recovery-file", folder / "recovery")
        check_made(folder, made)
        check_typed(folder, made, other_code)
        vaults = Vaults(folder, made)
        check_files(vaults, by_recovery)
        check_rows(vaults, by_recovery, edit_and_remove(folder, binary, vaults))
        check_inbox(vaults, by_recovery)
        check_slots(vaults, by_password, by_recovery)
        check_backups(folder, pathlib.Path(made["backup"]), other_backup, by_password, by_recovery)
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Reads a vault or a backup with nothing but docs/vault.md: an independent proof that the format is documented.

usage: vault_reader.py [--backup] FILE (--password-file F | --recovery-file F)
Prints JSON; exit 1 where it can't be opened or is not complete.
"""
import argparse, base64, hashlib, hmac, json, sqlite3, struct, sys
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KINDS = {1: "totp", 2: "hotp", 3: "steam", 4: "motp", 5: "yandex"}
ALGORITHMS = {1: "SHA1", 2: "SHA224", 3: "SHA256", 4: "SHA384", 5: "SHA512"}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"


class Refused(Exception):
    pass


def hkdf(material, salt, label):
    return HKDF(SHA256(), 32, salt, label.encode()).derive(material)


def aad(*parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def unseal(key, data, sealed):
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], data)
    except InvalidTag:
        return None


def unpad(padded):
    (length,) = struct.unpack("<I", padded[:4])
    return padded[4 : 4 + length]


def fields(message):
    """Number → list of values of a message of varints and bytes."""
    at, found = 0, {}

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 2:
            length = varint()
            value, at = message[at : at + length], at + length
        else:
            raise Refused("a field of an unknown kind")
        found.setdefault(key >> 3, []).append(value)
    return {number: values if number == 4 else values[-1] for number, values in found.items()} | {"all": found}


class Slot:
    def __init__(self, body):
        read = fields(body)
        self.body = read
        self.vault, self.id, self.kind, self.salt = read[2], read[3], read["all"][4][0], read[5]
        self.cost = read[6], read[7], read[8]

    def opener(self, password, recovery):
        if self.kind == 1 and password is not None:
            memory, passes, lanes = self.cost
            return hash_secret_raw(password, self.salt, passes, memory, lanes, 32, Type.ID)
        if self.kind == 2 and recovery is not None:
            return hkdf(recovery, self.salt, "countersign v1 recovery code")
        return None

    def open(self, opener, label):
        data = aad(
            b"countersign-slot-v1", self.vault, self.id, struct.pack("<Q", self.kind), self.salt,
            *(struct.pack("<I", number) for number in self.cost), label.encode(),
        )
        return unseal(hkdf(opener, self.vault, label), data, self.body[10])


def open_slots(slots, label, password, recovery):
    for slot in slots:
        opener = slot.opener(password, recovery)
        key = opener and slot.open(opener, label)
        if key:
            return slot.vault, key
    raise Refused("no way to unlock fits")


def text(read, number):
    return read.get(number, b"").decode()


def account(row_id, payload):
    read = fields(payload)
    kind = KINDS[read[6]]
    found = {
        "id": row_id.hex(), "type": kind, "issuer": text(read, 1), "name": text(read, 2), "note": text(read, 3),
        "tags": [tag.decode() for tag in read["all"].get(4, [])], "favourite": read[5] == 1,
        "secret": base64.b32encode(read[7]).decode().rstrip("="), "trashed": 21 in read,
    }
    if kind in ("totp", "hotp"):
        found |= {"algorithm": ALGORITHMS[read[8]], "digits": read[9]}
        found |= {"period": read[10]} if kind == "totp" else {"counter": read[11]}
    if kind in ("motp", "yandex"):
        found["pin"] = text(read, 12)
    return found


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def read_vault(path, password, recovery):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    numbers = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    if numbers != [0x4353474E, 1]:
        raise Refused("not a vault of version 1")
    stored = {table: database.execute(f"SELECT id, body, digest FROM {table}").fetchall() for table in ("slot", "slot_copy")}
    whole = [Slot(body) for _, body, digest in stored["slot"] + stored["slot_copy"] if hashlib.sha256(body).digest() == digest]
    vault, vault_key = open_slots(whole, "countersign v1 slot vault key", password, recovery)
    records, seal, mac = (hkdf(vault_key, vault, f"countersign v1 {name}") for name in ("records", "manifest seal", "manifest mac"))
    sums = {}

    def add(group, table, row_id, stored_bytes, revision):
        count, ids, macs, revisions = sums.get(group, (0, bytes(16), bytes(32), bytes(32)))
        head = struct.pack("<I", len(table)) + table.encode() + row_id
        code = hmac.digest(mac, b"row" + head + stored_bytes, "sha256")
        age = hmac.digest(mac, b"revision" + head + struct.pack("<q", revision), "sha256")
        sums[group] = count + 1, xor(ids, row_id), xor(macs, code), xor(revisions, age)

    for table, rows in stored.items():
        for row_id, body, digest in rows:
            add("rows", table, row_id, struct.pack("<I", len(body)) + body + digest, 0)
    accounts, icons = [], {}
    for table, group in (("record", "rows"), ("icon", "icons")):
        for row_id, kind, revision, form, sealed in database.execute(f"SELECT * FROM {table}"):
            place = struct.pack("<I", kind), struct.pack("<q", revision), struct.pack("<I", form)
            add(group, table, row_id, b"".join(place) + sealed, revision)
            padded = unseal(records, aad(b"countersign-row-v1", vault, table.encode(), row_id, *place), sealed)
            if padded is None:
                raise Refused(f"row {row_id.hex()} of {table} can't be opened")
            if table == "icon":
                icons[row_id.hex()] = hashlib.sha256(unpad(padded)).hexdigest()
            elif kind == 1:
                accounts.append(account(row_id, unpad(padded)))
    sealed = database.execute("SELECT sealed FROM manifest").fetchone()[0]
    padded = unseal(seal, aad(b"countersign-manifest-v1", vault), sealed)
    if padded is None:
        raise Refused("the manifest can't be opened")
    manifest = fields(unpad(padded))
    for number, group in ((4, "rows"), (5, "icons")):
        read = fields(manifest["all"][number][0])
        written = read[1], read[2], read[3], read["all"][4][0]
        if written != sums.get(group, (0, bytes(16), bytes(32), bytes(32))):
            raise Refused(f"the manifest does not fit: {group}")
    return accounts, icons


def read_backup(path, password, recovery):
    file = open(path, "rb").read()
    if file[:8] != b"CSBACKUP":
        raise Refused("not a backup")
    end = 12 + struct.unpack("<I", file[8:12])[0]
    header = fields(file[12:end])
    slots = [Slot(body) for body in header["all"][6]]
    _, backup_key = open_slots(slots, "countersign v1 slot backup key", password, recovery)
    key = unseal(backup_key, aad(b"countersign-backup-key-v1", header[3], header[2]), header[5])
    body, plain, size = file[end:], b"", 65536 + 16
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    for number, piece in enumerate(pieces):
        nonce = bytes(7) + struct.pack(">I", number) + bytes([number + 1 == len(pieces)])
        plain += AESGCM(key).decrypt(nonce, piece, hashlib.sha256(file[:end]).digest())
    accounts, icons = [], {}
    for item in fields(plain)["all"][1]:
        read = fields(item)
        if read[1] == 1:
            accounts.append(account(read[2], read[3]))
        elif read[1] == 100:
            icons[read[2].hex()] = hashlib.sha256(read[3]).hexdigest()
    return accounts, icons


def recovery_bytes(shown):
    values = [CROCKFORD.index(symbol) for symbol in shown.strip().replace("-", "")]
    number = 0
    for value in values[:-1]:
        number = number << 5 | value
    if len(values) != 33 or number % 37 != values[-1]:
        raise Refused("not a recovery code")
    return number.to_bytes(20, "big")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--backup", action="store_true")
    parser.add_argument("--password-file")
    parser.add_argument("--recovery-file")
    arguments = parser.parse_args()
    password = recovery = None
    if arguments.password_file:
        password = open(arguments.password_file, "rb").read().removesuffix(b"\n")
    try:
        if arguments.recovery_file:
            recovery = recovery_bytes(open(arguments.recovery_file).read())
        read = read_backup if arguments.backup else read_vault
        accounts, icons = read(arguments.file, password, recovery)
    except InvalidTag:
        sys.exit("vault_reader: a piece of the backup can't be opened")
    except Refused as refused:
        sys.exit(f"vault_reader: {refused}")
    print(json.dumps({"accounts": sorted(accounts, key=lambda one: one["id"]), "icons": icons}))


if __name__ == "__main__":
    main()

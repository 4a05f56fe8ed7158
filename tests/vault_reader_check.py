#!/usr/bin/env python3
"""Makes a vault and a backup with the command line and reads both with vault_reader.py.

usage: vault_reader_check.py COUNTERSIGN_BINARY
"""
import contextlib, json, pathlib, sqlite3, subprocess, sys, tempfile

READER = pathlib.Path(__file__).with_name("vault_reader.py")
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
LINKS = [
    f"otpauth://totp/ACME:bob?secret={SECRET}&issuer=ACME&algorithm=SHA384&digits=10&period=45",
    f"otpauth://hotp/B%C3%BCcherei:ada?secret={SECRET}&issuer=B%C3%BCcherei&counter=7&digits=8",
    f"otpauth://steam/Steam:gabe?secret={SECRET}&issuer=Steam",
]
results = []


def check(what, right):
    results.append(right)
    print(f"{'ok' if right else 'FAILED'}: {what}")


def main():
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "password").write_text("correct horse\n")
        (folder / "wrong").write_text("wrong horse\n")

        def countersign(*arguments, text=""):
            command = [binary, "--vault", folder / "vault", "--password-file", folder / "password", "--json", *arguments]
            return subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, check=True).stdout

        def reader(*arguments):
            done = subprocess.run([sys.executable, READER, *arguments], text=True, capture_output=True, timeout=60)
            return json.loads(done.stdout) if done.returncode == 0 else None

        (folder / "recovery").write_text(json.loads(countersign("init"))["recovery_code"])
        for link in LINKS:
            countersign("add", "--secret-stdin", text=link)
        countersign("tag", "acme", "work", "home")
        countersign("edit", "acme", "--note", "Zwei Wörter", "--favourite", "true")
        countersign("rm", "steam")
        countersign("code", "ada")
        backup = json.loads(countersign("backup", str(folder)))["backup"]

        password, recovery = ("--password-file", folder / "password"), ("--recovery-file", folder / "recovery")
        read = reader(folder / "vault", *password)
        check("the vault opens with the password, and its manifest fits", read is not None)
        accounts = {one["name"]: one for one in (read or {"accounts": []})["accounts"]}
        bob, ada, gabe = (accounts.get(one, {}) for one in ("bob", "ada", "gabe"))
        check("a TOTP account is as it was added", all(bob.get(key) == value for key, value in {
            "type": "totp", "issuer": "ACME", "secret": SECRET, "algorithm": "SHA384", "digits": 10, "period": 45,
            "tags": ["work", "home"], "note": "Zwei Wörter", "favourite": True, "trashed": False}.items()))
        check("an HOTP account has counted on", all(ada.get(key) == value for key, value in {
            "type": "hotp", "issuer": "Bücherei", "counter": 8, "digits": 8, "algorithm": "SHA1"}.items()))
        check("what was removed is in the trash", gabe.get("type") == "steam" and gabe.get("trashed") is True)
        check("the recovery code opens the same", read is not None and reader(folder / "vault", *recovery) == read)
        check("the backup holds the same, by password", reader("--backup", backup, *password) == read)
        check("the backup holds the same, by recovery code", reader("--backup", backup, *recovery) == read)
        wrong = ("--password-file", folder / "wrong")
        check("a wrong password opens neither", reader(folder / "vault", *wrong) is None and reader("--backup", backup, *wrong) is None)
        (folder / "short").write_bytes((folder / "vault").read_bytes())
        with contextlib.closing(sqlite3.connect(folder / "short")) as database, database:
            database.execute("DELETE FROM record WHERE id = ?", [bytes.fromhex(bob.get("id", ""))])
        check("a vault that lacks a row does not fit its manifest", reader(folder / "short", *password) is None)
        changed = bytearray(pathlib.Path(backup).read_bytes())
        changed[-1] ^= 1
        (folder / "changed").write_bytes(changed)
        check("a changed backup is refused", reader("--backup", folder / "changed", *password) is None)
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

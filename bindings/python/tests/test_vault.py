"""Vaults, codes, scanning and transfer, against the real library; and vaults that the command line made or opens."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from conftest import PASSWORD, SECRET, link
from countersign import ApiError, Scanned, Vault
from countersign.countersign_ffi import Oddity, ScanEvent, qr_code


def test_a_vault_opens_with_its_password_and_with_its_recovery_code(path: Path) -> None:
    created = Vault.create(path, PASSWORD)
    code = created.recovery.show()
    created.vault.close()
    with pytest.raises(ApiError.WrongPassword) as wrong:
        Vault.open(path, password="wrong horse")
    assert (wrong.value.remaining, wrong.value.code) == (4, "wrong-password")
    for key in ({"password": bytearray(PASSWORD.encode())}, {"recovery_code": code.lower()}):
        with Vault.open(path, **key) as vault:
            assert vault.is_unlocked and vault.verify().findings == []
    with Vault.open(path) as vault, pytest.raises(ApiError.Locked):
        vault.accounts()
    with pytest.raises(ApiError.AlreadyThere):
        Vault.create(path, PASSWORD)


def test_a_closed_vault_says_so_and_never_crashes(path: Path) -> None:
    vault = Vault.create(path, PASSWORD).vault
    vault.close()
    vault.close()
    for call in (vault.accounts, vault.codes, vault.backup, vault.verify, vault.history):
        with pytest.raises(ApiError.Locked) as locked:
            call()
        assert locked.value.code == "shut"


def test_codes_are_those_that_another_program_makes(vault: Vault) -> None:
    id = vault.add(link())
    code = vault.code(id)
    moment = code.from_ms // 1000
    assert code == vault.codes()[0]
    assert code.code == oath(SECRET, moment) and code.next == oath(SECRET, moment + 30)
    counter = vault.add(f"otpauth://hotp/Example:bob?secret={SECRET}&issuer=Example&counter=0")
    # RFC 4226, appendix D.
    assert [vault.code(counter).code for _ in range(3)] == ["755224", "287082", "359152"]
    with pytest.raises(ApiError.AlreadyThere) as there:
        vault.add(link())
    assert there.value.id == id


def oath(secret: str, moment: int) -> str:
    """RFC 6238 with SHA-1 and six digits, by the standard library alone."""
    import base64
    import hashlib
    import hmac

    mac = hmac.digest(base64.b32decode(secret), (moment // 30).to_bytes(8, "big"), hashlib.sha1)
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def test_a_picture_is_scanned_and_what_is_odd_is_said(vault: Vault) -> None:
    matrix = qr_code(link() + "&digits=7")
    scale, border = 4, 4
    side = (matrix.size + 2 * border) * scale
    luma = bytearray(b"\xff" * side * side)
    for y in range(matrix.size * scale):
        for x in range(matrix.size * scale):
            if matrix.modules[y // scale * matrix.size + x // scale]:
                luma[(y + border * scale) * side + x + border * scale] = 0
    (event,) = vault.scan(bytes(luma), side, side)
    assert isinstance(event, ScanEvent.FOUND) and isinstance(event.scanned, Scanned.ACCOUNT)
    (oddity,) = event.scanned.draft.oddities()
    assert isinstance(oddity, Oddity.UNUSUAL_DIGITS) and oddity.digits == 7
    assert len(vault.code(vault.add(event.scanned.draft)).code) == 7
    with pytest.raises(ApiError.InvalidInput) as size:
        vault.scan(bytes(luma), side, side + 1)
    assert size.value.code == "picture-size"


def test_accounts_are_imported_taken_back_and_exported(vault: Vault, tmp_path: Path) -> None:
    text = "\n".join([link("One"), link("Two"), "nonsense"]).encode()
    preview = vault.preview_import(text)
    assert [item.profile.issuer for item in preview.items()] == ["One", "Two"] and len(preview.refused()) == 1
    assert len(preview.apply(None, None).added) == 2
    exported = vault.export_links(PASSWORD)
    assert exported.accounts == 2 and exported.text.count("otpauth://") == 2
    with pytest.raises(ApiError.WrongPassword):
        vault.export_links("wrong horse")
    backup = vault.backup()
    assert vault.undo_import().removed == 2 and vault.accounts() == []
    restored = Vault.restore(tmp_path / "restored", backup, PASSWORD, "another horse battery")
    with restored.vault as other:
        assert [account.profile.issuer for account in other.accounts("ada")] == ["One", "Two"]
    with pytest.raises(ApiError.InvalidInput) as needs:
        vault.preview_import(backup)
    assert needs.value.code == "file-needs-password"
    assert len(vault.preview_import(backup, key=PASSWORD).items()) == 2


def test_the_command_line_opens_it_and_it_opens_the_command_lines(command_line: Path, tmp_path: Path) -> None:
    path, password = tmp_path / "vault", tmp_path / "password"
    password.write_text(PASSWORD)
    environment = {**os.environ, "HOME": str(tmp_path)}

    def run(*arguments: str) -> str:
        command = [str(command_line), "--vault", str(path), "--password-file", str(password), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("init")
    run("add", link("Shell"))
    with Vault.open(path, password=PASSWORD) as vault:
        assert [account.profile.issuer for account in vault.accounts()] == ["Shell"]
        vault.add(link("Script"))
    assert [account["issuer"] for account in json.loads(run("--json", "list"))] == ["Script", "Shell"]


def test_what_is_secret_shows_its_name_alone(vault: Vault) -> None:
    id = vault.add(link())
    assert vault.reveal(id, PASSWORD).secret == SECRET
    shown = [str(vault.reveal(id, PASSWORD)), str(vault.code(id)), str(vault.read(link()))]
    assert shown == ["Revealed(..)", "AccountCode(..)", "Scanned(..)"]


def test_no_error_shows_what_was_typed(vault: Vault) -> None:
    for text in (f"otpauth://totp/a?secret={SECRET}&secret=GEZDGNBVGY3TQOJA", "otpauth://totp/a?secret=notbase32!"):
        with pytest.raises(ApiError.InvalidInput) as error:
            vault.add(text)
        assert SECRET not in repr(error.value) and "notbase32" not in repr(error.value)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux lists threads there")
def test_an_idle_vault_has_no_thread_and_does_nothing(path: Path) -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    before = threads()
    with Vault.create(path, PASSWORD).vault as vault:
        vault.add(link())
        vault.codes()
        vault.preview_import(link("Other").encode()).apply(None, None)
        vault.verify()
        assert threads() == before
        used = time.process_time()
        time.sleep(1)
        assert time.process_time() - used < 0.05
        assert threads() == before

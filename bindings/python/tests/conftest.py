"""What the tests share: a vault of their own, and the command line with its sign-in service, as real processes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign import Vault

PASSWORD = "correct horse battery"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def link(issuer: str = "Example", name: str = "ada") -> str:
    return f"otpauth://totp/{issuer}:{name}?secret={SECRET}&issuer={issuer}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def vault(path: Path) -> Iterator[Vault]:
    with Vault.create(path, PASSWORD).vault as vault:
        yield vault


@pytest.fixture(scope="session")
def command_line() -> Path:
    path = Path(os.environ["COUNTERSIGN_CLI"])
    assert path.is_file(), f"{path} is not there: cargo build --release"
    return path


@pytest.fixture
def service(command_line: Path) -> Iterator[str]:
    """The address of the demonstration's sign-in service; it ends with its standard input."""
    process = subprocess.Popen(
        [command_line, "demo", "--serve", "--port", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        for line in process.stdout:
            at = line.find("http://127.0.0.1:")
            if at >= 0:
                yield line[at:].split()[0].rstrip("/")
                break
        else:
            raise AssertionError("the service did not say where it listens")
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)

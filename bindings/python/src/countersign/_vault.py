"""A vault, as scripts use it: one class over the library's desks."""

from __future__ import annotations

import platform as machine
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike, fspath
from types import TracebackType

from . import countersign_ffi as ffi
from ._http import UrllibHttpClient

Secret = bytes | bytearray | str
"""A password, recovery code or PIN: bytes, or text that is read as UTF-8. A `bytearray` can be wiped by its owner."""


def _secret(secret: Secret) -> ffi.SecretInput:
    return ffi.SecretInput(secret.encode() if isinstance(secret, str) else bytes(secret))


def _device(name: str) -> ffi.DeviceInfo:
    return ffi.DeviceInfo(
        name=name[:40],
        model=(machine.machine() or "computer")[:40],
        os=(machine.system() or "unknown")[:40],
        app=f"countersign {ffi.version()}"[:40],
    )


@dataclass(frozen=True)
class Created:
    """A new vault, and its recovery code, which is shown once: keep it on paper."""

    vault: Vault
    recovery: ffi.RecoveryCode


class Vault:
    """An encrypted vault. Used in a `with` statement, it is locked and closed at the end.

    Everything here blocks but what is `async`; errors are `ApiError`.
    """

    def __init__(self, authenticator: ffi.Authenticator) -> None:
        self._authenticator = authenticator
        self._accounts = authenticator.accounts()
        self._approvals = authenticator.approvals()
        self._transfer = authenticator.transfer()

    @staticmethod
    def _platform(http: ffi.HttpClient | None, allow_loopback_http: bool) -> ffi.Platform:
        return ffi.Platform(http=http or UrllibHttpClient(), allow_loopback_http=allow_loopback_http)

    @classmethod
    def create(
        cls,
        path: str | PathLike[str],
        password: Secret,
        *,
        http: ffi.HttpClient | None = None,
        allow_loopback_http: bool = False,
    ) -> Created:
        """Makes a new vault, unlocked. The path must be free."""
        platform = cls._platform(http, allow_loopback_http)
        new = ffi.create_vault(fspath(path), _secret(password), platform, None)
        return Created(cls(new.authenticator), new.recovery)

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        password: Secret | None = None,
        recovery_code: Secret | None = None,
        http: ffi.HttpClient | None = None,
        allow_loopback_http: bool = False,
    ) -> Vault:
        """Opens a vault, and unlocks it where a password or the recovery code is given."""
        vault = cls(ffi.Authenticator.open(fspath(path), cls._platform(http, allow_loopback_http)))
        try:
            if password is not None:
                vault.unlock(password)
            elif recovery_code is not None:
                vault._authenticator.unlock_with_recovery_code(_secret(recovery_code), None)
        except BaseException:
            vault.close()
            raise
        return vault

    @classmethod
    def restore(
        cls, path: str | PathLike[str], backup: bytes, key: Secret, password: Secret, *, by_recovery_code: bool = False
    ) -> Created:
        """Makes a new vault of a backup that `key` opens, with a new password."""
        new = ffi.restore_backup(
            fspath(path), backup, _file_key(key, by_recovery_code), _secret(password), cls._platform(None, False), None
        )
        return Created(cls(new.authenticator), new.recovery)

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Locks the vault and closes its file. Later calls raise `ApiError.Locked`."""
        self._authenticator.shut()

    # --- Lock ---

    def unlock(self, password: Secret) -> ffi.Report:
        """Unlocks with the password."""
        return self._authenticator.unlock_with_password(_secret(password), None)

    def lock(self) -> None:
        """Locks: every key and secret is wiped."""
        self._authenticator.lock()

    @property
    def is_unlocked(self) -> bool:
        """Whether the vault is unlocked."""
        return self._authenticator.is_unlocked()

    def verify(self) -> ffi.Report:
        """Checks everything in the vault; what is damaged stands in the report's findings."""
        return self._authenticator.verify(None)

    # --- Accounts and codes ---

    def accounts(self, search: str = "", *, tag: str | None = None, trash: bool = False) -> list[ffi.AccountInfo]:
        """The accounts that are selected: favourites first, then the person's order, then by names."""
        return self._accounts.list(ffi.AccountFilter(search=search, tag=tag, trash=trash))

    def codes(self) -> list[ffi.AccountCode]:
        """The codes of all accounts but counter-based ones, in the order of the list."""
        return self._accounts.codes()

    def code(self, id: str) -> ffi.AccountCode:
        """One account's code. A counter-based one is used up by this."""
        return self._accounts.code(id)

    def read(self, text: Secret) -> ffi.Scanned:
        """What a link or typed text is; nothing is added."""
        return self._authenticator.read_text(_secret(text))

    def scan(self, luma: bytes, width: int, height: int, row_stride: int | None = None) -> list[ffi.ScanEvent]:
        """What the QR codes of a picture are: one byte of brightness a pixel. Nothing is added."""
        scanner = self._authenticator.scanner()
        stride = width if row_stride is None else row_stride
        return scanner.read_picture(luma, width, height, stride, ffi.Rotation.NONE, None).events

    def add(self, what: ffi.AccountDraft | Secret, *, even_if_there: bool = False) -> str:
        """Adds an account, from a draft or a link; gives back its id."""
        if not isinstance(what, ffi.AccountDraft):
            scanned = self.read(what)
            if not isinstance(scanned, ffi.Scanned.ACCOUNT):
                raise ffi.ApiError.InvalidInput("text", "it is no whole account", "not-an-account")
            what = scanned.draft
        return self._accounts.add(what, None, even_if_there)

    def reveal(self, id: str, password: Secret) -> ffi.Revealed:
        """An account's secret in the clear, to whoever knows the password."""
        return self._accounts.reveal_with_password(id, _secret(password))

    # --- Transfer ---

    def preview_import(
        self, *files: bytes, key: Secret | None = None, by_recovery_code: bool = False, even_incomplete: bool = False
    ) -> ffi.ImportPreview:
        """What importing these files would do. `apply(None, None)` of it does it; `undo_import` takes it back."""
        started = self._transfer.begin_import()
        for file in files:
            started.add_file(file, None if key is None else _file_key(key, by_recovery_code), None, None)
        return started.preview(even_incomplete, None, None)

    def undo_import(self) -> ffi.Undone:
        """Takes the last import back."""
        return self._transfer.undo()

    def export_links(self, password: Secret, ids: Iterable[str] = ()) -> ffi.LinksExport:
        """Accounts as a text of links, in the clear: all of them where none is named."""
        return self._transfer.export_links_with_password(_secret(password), list(ids))

    def backup(self) -> bytes:
        """The whole vault as an encrypted backup file."""
        return self._authenticator.backup_bytes()

    # --- Approvals ---

    async def enroll(self, invitation: str, password: Secret, *, device: str = "script") -> ffi.Enrolled:
        """Enrols this program by a server's invitation; its digits are typed into the server's page."""
        check = ffi.PersonCheck.PASSWORD(password=_secret(password))
        nowhere, software = ffi.PushAddress.NOWHERE(), ffi.NewKeys.SOFTWARE
        return await self._approvals.enroll(invitation, _device(device), nowhere, software, check, None)

    def enrollments(self) -> list[ffi.EnrollmentInfo]:
        """All enrolments."""
        return self._approvals.enrollments()

    async def poll(self) -> list[ffi.PendingRequest]:
        """Asks every server, one after the other; gives back the requests that wait for an answer."""
        for enrollment in self._approvals.enrollments():
            if not enrollment.renew:
                await self._approvals.poll(enrollment.id, None)
        return self._approvals.requests()

    async def approve(
        self, request: ffi.PendingRequest, password: Secret | None = None, *, code: str | None = None
    ) -> ffi.HistoryEntry:
        """Approves a request, with what the page shows where it asks for that."""
        check = None if password is None else ffi.PersonCheck.PASSWORD(password=_secret(password))
        return await self._approvals.approve(request.enrollment, request.id, code, check, None)

    async def deny(self, request: ffi.PendingRequest) -> ffi.HistoryEntry:
        """Turns a request down."""
        return await self._approvals.deny(request.enrollment, request.id, None)

    async def report(self, request: ffi.PendingRequest) -> ffi.HistoryEntry:
        """"It wasn't me": the server blocks this enrolment's requests until it has checked."""
        return await self._approvals.report(request.enrollment, request.id, None)

    def history(self) -> list[ffi.HistoryEntry]:
        """What was decided, the latest first."""
        return self._approvals.history()


def _file_key(key: Secret, by_recovery_code: bool) -> ffi.FileKey:
    if by_recovery_code:
        return ffi.FileKey.RECOVERY(code=_secret(key))
    return ffi.FileKey.PASSWORD(password=_secret(key))

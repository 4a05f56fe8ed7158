"""Countersign: an open authenticator core, for scripts.

`Vault` opens an encrypted vault, gives its codes, adds what QR codes and links hold, imports and exports, verifies, and
approves sign-ins. Errors are `ApiError`, by what the person can do; each has a `code` that names the exact cause.
"""

from ._http import UrllibHttpClient
from ._vault import Created, Vault
from .countersign_ffi import (
    AccountCode,
    AccountDraft,
    AccountInfo,
    ApiError,
    Enrolled,
    EnrollmentInfo,
    HistoryEntry,
    Imported,
    ImportPreview,
    OfflineCode,
    PendingRequest,
    Polled,
    Report,
    Revealed,
    Scanned,
    Settings,
    version,
)

__all__ = [
    "AccountCode",
    "AccountDraft",
    "AccountInfo",
    "ApiError",
    "Created",
    "Enrolled",
    "EnrollmentInfo",
    "HistoryEntry",
    "ImportPreview",
    "Imported",
    "OfflineCode",
    "PendingRequest",
    "Polled",
    "Report",
    "Revealed",
    "Scanned",
    "Settings",
    "UrllibHttpClient",
    "Vault",
    "version",
]

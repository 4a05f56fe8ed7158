//! Imports, by value.

use countersign_core::otp;
use countersign_core::transfer::{Format, Item, Like, Refused};
use countersign_core::vault;

use crate::errors::refused_code;
use crate::{Oddity, OtpParameters, Profile, Resemblance};

/// A format of files.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FormatInfo {
    /// A word that stays the same for ever.
    pub id: String,
    /// What it is called, in English.
    pub name: String,
    /// Of a file: it needs a password. In a list of formats: its files may need one.
    pub encrypted: bool,
    /// A recovery code may stand for the password.
    pub takes_recovery_code: bool,
    /// It is a picture of QR codes: where it isn't `built_in`, the platform decodes it and a [`Scanner`](crate::Scanner) reads it.
    pub picture: bool,
    /// What the names of such files end with, without the dot: for asking for one, not for telling what it is.
    pub extensions: Vec<String>,
    /// This build reads it.
    pub built_in: bool,
}

impl From<Format> for FormatInfo {
    fn from(format: Format) -> Self {
        Self {
            id: format.id().to_owned(),
            name: format.name().to_owned(),
            encrypted: format.is_encrypted(),
            takes_recovery_code: format.takes_recovery_code(),
            picture: format.is_picture(),
            extensions: format.extensions().iter().map(|&extension| extension.to_owned()).collect(),
            built_in: format.is_built_in(),
        }
    }
}

/// What an account of an import is like.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum LikeWhat {
    /// An account in the vault.
    Account {
        /// Its id.
        id: String,
    },
    /// An earlier item of the same import.
    Item {
        /// Its index, from 0.
        index: u64,
    },
}

/// Something that an account of an import is like, and in which sense.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ImportLikeness {
    /// What.
    pub what: LikeWhat,
    /// In which sense.
    pub resemblance: Resemblance,
}

/// An account of an import, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ImportItem {
    /// Which file or text of the import, from 1.
    pub file: u64,
    /// Which line, account or code of it, from 1.
    pub number: u64,
    /// Its names, note and tags.
    pub profile: Profile,
    /// How its codes are made.
    pub otp: OtpParameters,
    /// What the person should know.
    pub oddities: Vec<Oddity>,
    /// What it is like, the most alike first; at most eight.
    pub like: Vec<ImportLikeness>,
    /// It comes with a picture.
    pub has_icon: bool,
    /// It comes from a trash, since then, and goes there.
    pub trashed_ms: Option<i64>,
    /// It will be added: at first all are but those that are there with the same secret and names.
    pub add: bool,
}

impl From<&Item> for ImportItem {
    fn from(item: &Item) -> Self {
        let incoming = &item.candidate.incoming;
        let like = item.like.iter().map(|(what, resemblance)| ImportLikeness {
            what: match what {
                Like::InVault(id) => LikeWhat::Account { id: id.to_string() },
                Like::InImport(index) => LikeWhat::Item { index: *index as u64 },
            },
            resemblance: (*resemblance).into(),
        });
        Self {
            file: item.candidate.place.file as u64,
            number: item.candidate.place.number as u64,
            profile: (&incoming.account.profile).into(),
            otp: (&incoming.account.otp).into(),
            oddities: item.candidate.oddities.iter().map(Oddity::from).collect(),
            like: like.collect(),
            has_icon: incoming.icon.is_some(),
            trashed_ms: incoming.trashed.map(|since| since.millis()),
            add: item.add,
        }
    }
}

/// Something of an import that can't be added.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RefusedItem {
    /// Which file or text of the import, from 1.
    pub file: u64,
    /// Which line, account or code of it, from 1.
    pub number: u64,
    /// Its issuer, as far as it can be read.
    pub issuer: String,
    /// Its name, alike.
    pub name: String,
    /// The exact cause, as in [`ApiError`](crate::ApiError).
    pub code: String,
    /// A short English sentence for logs.
    pub reason: String,
}

impl From<&Refused> for RefusedItem {
    fn from(refused: &Refused) -> Self {
        Self {
            file: refused.place.file as u64,
            number: refused.place.number as u64,
            issuer: refused.profile.issuer.clone(),
            name: refused.profile.name.clone(),
            code: refused_code(&refused.reason),
            reason: refused.reason.to_string(),
        }
    }
}

/// A code of an account that is not in the vault yet. Not for logs: a code is a secret while it is good.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct PreviewCode {
    /// The code's characters, ungrouped.
    pub code: String,
    /// From when it is good, by this device's clock, in milliseconds since 1970; none for HOTP, whose first code it is.
    pub from_ms: Option<i64>,
    /// The first moment after it, alike.
    pub until_ms: Option<i64>,
}

impl PreviewCode {
    pub(super) fn new(code: &otp::Code, clock_offset: i32) -> Self {
        let here = |time: countersign_core::time::UnixTime| time.plus_seconds(-i64::from(clock_offset)).millis();
        Self {
            code: code.code.as_str().to_owned(),
            from_ms: code.window.map(|window| here(window.from)),
            until_ms: code.window.map(|window| here(window.until)),
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Imported {
    /// The ids of the accounts that are new, in the order in which they came.
    pub added: Vec<String>,
    /// How many were passed over, because the same came into the vault since the preview.
    pub passed_over: u64,
}

impl From<vault::Imported> for Imported {
    fn from(imported: vault::Imported) -> Self {
        Self {
            added: imported.added.iter().map(ToString::to_string).collect(),
            passed_over: imported.passed_over as u64,
        }
    }
}

/// The import that would be taken back.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LastImport {
    /// When it was, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it added; some of it may be gone since.
    pub ids: Vec<String>,
}

impl From<vault::LastImport> for LastImport {
    fn from(last: vault::LastImport) -> Self {
        Self { at_ms: last.at.millis(), ids: last.ids.iter().map(ToString::to_string).collect() }
    }
}

/// What taking an import back did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Undone {
    /// Accounts that were as they had come: removed for good.
    pub removed: u64,
    /// Accounts that had been changed or used since: in the trash.
    pub trashed: u64,
}

impl From<vault::Undone> for Undone {
    fn from(undone: vault::Undone) -> Self {
        Self { removed: undone.removed as u64, trashed: undone.trashed as u64 }
    }
}

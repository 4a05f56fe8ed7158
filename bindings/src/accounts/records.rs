//! Accounts and codes, by value.

use countersign_core::account::{self, AccountId};
use countersign_core::otp::{self, Otp};
use countersign_core::time::UnixTime;
use countersign_core::vault::Selection;
use data_encoding::HEXLOWER;

use crate::ApiError;

/// A kind of one-time password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum OtpKind {
    /// Time-based, RFC 6238.
    Totp,
    /// Counter-based, RFC 4226.
    Hotp,
    /// Steam Guard.
    Steam,
    /// Mobile-OTP.
    Motp,
    /// Yandex.Key.
    Yandex,
}

impl From<otp::Kind> for OtpKind {
    fn from(kind: otp::Kind) -> Self {
        match kind {
            otp::Kind::Totp => Self::Totp,
            otp::Kind::Hotp => Self::Hotp,
            otp::Kind::Steam => Self::Steam,
            otp::Kind::Motp => Self::Motp,
            otp::Kind::Yandex => Self::Yandex,
        }
    }
}

impl From<OtpKind> for otp::Kind {
    fn from(kind: OtpKind) -> Self {
        match kind {
            OtpKind::Totp => Self::Totp,
            OtpKind::Hotp => Self::Hotp,
            OtpKind::Steam => Self::Steam,
            OtpKind::Motp => Self::Motp,
            OtpKind::Yandex => Self::Yandex,
        }
    }
}

/// The hash inside the HMAC of TOTP and HOTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum OtpAlgorithm {
    /// SHA-1: what nearly every site uses.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl From<otp::Algorithm> for OtpAlgorithm {
    fn from(algorithm: otp::Algorithm) -> Self {
        match algorithm {
            otp::Algorithm::Sha1 => Self::Sha1,
            otp::Algorithm::Sha224 => Self::Sha224,
            otp::Algorithm::Sha256 => Self::Sha256,
            otp::Algorithm::Sha384 => Self::Sha384,
            otp::Algorithm::Sha512 => Self::Sha512,
        }
    }
}

impl From<OtpAlgorithm> for otp::Algorithm {
    fn from(algorithm: OtpAlgorithm) -> Self {
        match algorithm {
            OtpAlgorithm::Sha1 => Self::Sha1,
            OtpAlgorithm::Sha224 => Self::Sha224,
            OtpAlgorithm::Sha256 => Self::Sha256,
            OtpAlgorithm::Sha384 => Self::Sha384,
            OtpAlgorithm::Sha512 => Self::Sha512,
        }
    }
}

/// How codes are made, but for the secret.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OtpParameters {
    /// Which kind.
    pub kind: OtpKind,
    /// TOTP and HOTP: the hash.
    pub algorithm: Option<OtpAlgorithm>,
    /// How many characters a code has: 4 to 10.
    pub digits: u8,
    /// How long a code lasts, in seconds; none for HOTP.
    pub period: Option<u32>,
    /// HOTP: the counter of the next code.
    pub counter: Option<u64>,
}

impl From<&Otp> for OtpParameters {
    fn from(otp: &Otp) -> Self {
        let kind = otp.kind().into();
        let plain = |digits, period| Self { kind, algorithm: None, digits, period: Some(period), counter: None };
        match otp {
            Otp::Totp(totp) => Self {
                kind,
                algorithm: Some(totp.algorithm().into()),
                digits: totp.digits().get(),
                period: Some(totp.period().seconds()),
                counter: None,
            },
            Otp::Hotp(hotp) => Self {
                kind,
                algorithm: Some(hotp.algorithm().into()),
                digits: hotp.digits().get(),
                period: None,
                counter: Some(hotp.counter()),
            },
            Otp::Steam(_) => plain(otp::Steam::LENGTH, otp::Steam::PERIOD.seconds()),
            Otp::Motp(_) => plain(otp::Motp::LENGTH, otp::Motp::PERIOD_SECONDS),
            Otp::Yandex(_) => plain(otp::Yandex::LENGTH, otp::Yandex::PERIOD.seconds()),
        }
    }
}

/// How an account is named, sorted and found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Profile {
    /// Who runs the service; may be empty; up to 1,024 bytes, as the name and each tag.
    pub issuer: String,
    /// Which account there; may be empty.
    pub name: String,
    /// What the person noted, up to 16 KiB.
    #[uniffi(default = "")]
    pub note: String,
    /// The person's own labels, at most 64.
    #[uniffi(default = [])]
    pub tags: Vec<String>,
    /// Shown first.
    #[uniffi(default = false)]
    pub favourite: bool,
}

impl From<&account::Profile> for Profile {
    fn from(profile: &account::Profile) -> Self {
        let account::Profile { issuer, name, note, tags, favourite } = profile.clone();
        Self { issuer, name, note, tags, favourite }
    }
}

impl From<Profile> for account::Profile {
    fn from(profile: Profile) -> Self {
        let Profile { issuer, name, note, tags, favourite } = profile;
        Self { issuer, name, note, tags, favourite }
    }
}

/// An account, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccountInfo {
    /// Its lasting name: 32 hexadecimal digits.
    pub id: String,
    /// Its names.
    pub profile: Profile,
    /// How its codes are made.
    pub otp: OtpParameters,
    /// Seconds that the site's clock is ahead of this one (negative: behind).
    pub clock_offset: i32,
    /// HOTP: the counter comes from an older copy, so the site may be ahead of it; true until resynced.
    pub may_be_behind: bool,
    /// Place in the person's own order, lowest first.
    pub position: u64,
    /// Whether it has a picture.
    pub has_icon: bool,
    /// How often it was used, where that is counted.
    pub used: u64,
    /// When last.
    pub last_used_ms: Option<i64>,
    /// When it came into the vault.
    pub created_ms: i64,
    /// When anything about it but its counter and use was last changed.
    pub modified_ms: i64,
    /// In the trash since then.
    pub trashed_ms: Option<i64>,
}

impl From<&account::Account> for AccountInfo {
    fn from(account: &account::Account) -> Self {
        Self {
            id: id_text(account.id),
            profile: (&account.profile).into(),
            otp: (&account.otp).into(),
            clock_offset: account.clock_offset,
            may_be_behind: account.may_be_behind,
            position: account.position,
            has_icon: account.has_icon,
            used: account.usage.count,
            last_used_ms: account.usage.last.map(|last| last.millis()),
            created_ms: account.created.millis(),
            modified_ms: account.modified.millis(),
            trashed_ms: account.trashed.map(|since| since.millis()),
        }
    }
}

/// Which accounts a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, uniffi::Record)]
pub struct AccountFilter {
    /// Words that must all stand in issuer, name, note or tags, in any case; empty: all.
    #[uniffi(default = "")]
    pub search: String,
    /// A tag that it must have, exactly.
    #[uniffi(default = None)]
    pub tag: Option<String>,
    /// The trash instead of everything else.
    #[uniffi(default = false)]
    pub trash: bool,
}

impl From<AccountFilter> for Selection {
    fn from(filter: AccountFilter) -> Self {
        Self { search: filter.search, tag: filter.tag, trash: filter.trash }
    }
}

/// A code, how long it is good for, and the one after it. Not for logs: a code is a secret while it is good.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct AccountCode {
    /// The account.
    pub id: String,
    /// The code's characters, ungrouped.
    pub code: String,
    /// The code of the next window, or of the next counter.
    pub next: Option<String>,
    /// From when it is good, by this device's clock, in milliseconds since 1970; none for HOTP, which is good until used.
    pub from_ms: Option<i64>,
    /// The first moment after it, alike.
    pub until_ms: Option<i64>,
}

impl AccountCode {
    /// The window is told by this device's clock, whatever the site's is.
    pub(crate) fn new(account: &account::Account, code: otp::Code) -> Self {
        let here = |time: UnixTime| time.plus_seconds(-i64::from(account.clock_offset)).millis();
        Self {
            id: id_text(account.id),
            code: code.code.as_str().to_owned(),
            next: code.next.map(|next| next.as_str().to_owned()),
            from_ms: code.window.map(|window| here(window.from)),
            until_ms: code.window.map(|window| here(window.until)),
        }
    }
}

/// A tag, and how many accounts have it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TagCount {
    /// The tag.
    pub tag: String,
    /// How many accounts outside of the trash have it.
    pub accounts: u64,
}

/// As its `Display`, which asks the formatter for each byte: that was a third of what a list of accounts costs.
fn id_text(id: AccountId) -> String {
    HEXLOWER.encode(&id.to_bytes())
}

/// An account's id from its text.
pub(crate) fn account_id(text: &str) -> Result<AccountId, ApiError> {
    text.parse().map_err(|_| ApiError::input("account", "an account's id has 32 hexadecimal digits", "not-an-id"))
}

/// Several of them; the first that is none refuses all.
pub(crate) fn account_ids(texts: &[String]) -> Result<Vec<AccountId>, ApiError> {
    texts.iter().map(|text| account_id(text)).collect()
}

//! An account that is not in the vault yet.

use std::sync::Arc;

use countersign_core::account::NewAccount;
use countersign_core::enroll::{self, ByHand, Duplicate, Enrollment, by_hand, duplicates};
use countersign_core::otp::{Digits, Period};
use countersign_core::time::UnixTime;

use crate::{Accounts, ApiError, Oddity, OtpAlgorithm, OtpKind, OtpParameters, Profile, SecretInput};

/// An account that could be added; its secret stays on this side.
#[derive(uniffi::Object)]
pub struct AccountDraft(Enrollment);

impl AccountDraft {
    pub(crate) fn new(enrollment: Enrollment) -> Arc<Self> {
        Arc::new(Self(enrollment))
    }

    pub(crate) fn account(&self) -> &NewAccount {
        &self.0.account
    }
}

#[uniffi::export]
impl AccountDraft {
    /// Its names, as the site wrote them.
    #[must_use]
    pub fn profile(&self) -> Profile {
        (&self.0.account.profile).into()
    }

    /// How its codes are made.
    #[must_use]
    pub fn otp(&self) -> OtpParameters {
        (&self.0.account.otp).into()
    }

    /// What the person should know before adding it; empty where all is as usual.
    #[must_use]
    pub fn oddities(&self) -> Vec<Oddity> {
        self.0.oddities.iter().map(Oddity::from).collect()
    }

    /// Its code at that moment, in milliseconds since 1970: to compare with the page before it is added. For HOTP the first one,
    /// which uses nothing up.
    ///
    /// # Errors
    /// `InvalidInput` (`clock-before-1970`, `counter-used-up`).
    pub fn code(&self, at_ms: i64) -> Result<String, ApiError> {
        Ok(self.0.account.otp.code(UnixTime::from_millis(at_ms))?.code.as_str().to_owned())
    }
}

/// An account that a person types part by part; its secret and PIN come apart.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ManualAccount {
    /// Its names.
    pub profile: Profile,
    /// Which kind of codes.
    pub kind: OtpKind,
    /// TOTP, HOTP: the hash.
    pub algorithm: OtpAlgorithm,
    /// TOTP, HOTP: how many digits, 4 to 10.
    #[uniffi(default = 6)]
    pub digits: u8,
    /// TOTP: how long a code lasts, 1 to 86,400 seconds.
    #[uniffi(default = 30)]
    pub period: u32,
    /// HOTP: the counter of the next code.
    #[uniffi(default = 0)]
    pub counter: u64,
}

#[uniffi::export]
impl AccountDraft {
    /// Of what a person types. The secret is base32 in any case, with blanks and dashes; for mOTP hexadecimal. mOTP and Yandex
    /// need a PIN.
    ///
    /// # Errors
    /// `InvalidInput` names the part: `secret-unreadable`, `secret-missing`, `secret-form`, `digits`, `period`, `pin-form`, …
    #[uniffi::constructor]
    pub fn by_hand(
        account: ManualAccount,
        secret: Arc<SecretInput>,
        pin: Option<Arc<SecretInput>>,
    ) -> Result<Arc<Self>, ApiError> {
        let form = ByHand {
            profile: account.profile.into(),
            kind: account.kind.into(),
            algorithm: account.algorithm.into(),
            digits: Digits::new(account.digits.into())?,
            period: Period::new(account.period.into())?,
            counter: account.counter,
        };
        let pin = pin.map(|pin| pin.text("PIN")).transpose()?;
        Ok(Self::new(by_hand(form, secret.text("secret")?.expose(), pin)?))
    }
}

/// In which sense an account is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Resemblance {
    /// The same secret and names: adding it again is refused unless asked for.
    Same,
    /// The same names, another secret: perhaps a second enrolment that replaces the first.
    NamesOnly,
    /// The same secret, other names: perhaps renamed.
    SecretOnly,
}

impl From<Duplicate> for Resemblance {
    fn from(duplicate: Duplicate) -> Self {
        match duplicate {
            Duplicate::Same => Self::Same,
            Duplicate::NamesOnly => Self::NamesOnly,
            Duplicate::SecretOnly => Self::SecretOnly,
        }
    }
}

/// An account in the vault that a draft is like.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Likeness {
    /// The account in the vault.
    pub id: String,
    /// In which sense.
    pub resemblance: Resemblance,
}

/// What adding a draft would mean.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DraftPreview {
    /// What the person should know, with these names.
    pub oddities: Vec<Oddity>,
    /// What is like it in the vault, the most alike first.
    pub like: Vec<Likeness>,
}

#[uniffi::export]
impl Accounts {
    /// What adding a draft would mean, with `profile` under these names instead of its own. From memory: quick.
    ///
    /// # Errors
    /// `Locked`.
    pub fn preview(&self, draft: Arc<AccountDraft>, profile: Option<Profile>) -> Result<DraftPreview, ApiError> {
        let mut account = draft.account().clone();
        let oddities = match profile {
            Some(profile) => {
                account.profile = profile.into();
                enroll::oddities(&account).iter().map(Oddity::from).collect()
            }
            None => draft.oddities(),
        };
        let like = self.shared().with(|core| Ok(duplicates(&account, core.accounts().all_accounts()?)))?;
        let like = like
            .into_iter()
            .map(|(id, duplicate)| Likeness { id: id.to_string(), resemblance: duplicate.into() })
            .collect();
        Ok(DraftPreview { oddities, like })
    }
}

/// A two-step enrolment, completed.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct TwoStepResult {
    /// The account. To be added once the server took the response.
    pub draft: Arc<AccountDraft>,
    /// What the person types into the page: base32.
    pub response: String,
}

//! Secrets that go out on purpose: after a check of the person within the same call, never on a caller's word.

use std::sync::Arc;

use countersign_core::account::AccountId;
use countersign_core::enroll::{Pin, to_uri};
use countersign_core::otp::Otp;

use super::{Accounts, account_id};
use crate::{ApiError, Operation, SecretInput};

/// An account's secret in the clear, to be moved to another app. It lies in memory that nobody wipes: ask for it once, show it,
/// let go of it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Revealed {
    /// The account as a link, with its PIN if it has one; [`qr_code`](crate::qr_code) draws it.
    pub uri: String,
    /// The secret alone: base32 without padding, for mOTP hexadecimal.
    pub secret: String,
}

#[uniffi::export]
impl Accounts {
    /// Reveals an account's secret to whoever knows the password. Blocks: derives a key.
    ///
    /// # Errors
    /// `WrongPassword` (counted as at an approval), `KeysGone`, `InvalidInput` (`not-found`), `Locked`.
    pub fn reveal_with_password(&self, id: String, password: Arc<SecretInput>) -> Result<Revealed, ApiError> {
        let id = account_id(&id)?;
        self.shared.root_by_password(&password)?;
        self.reveal(id)
    }

    /// Reveals an account's secret to whoever the keystore lets use its per-use key. Async: waits for the person.
    ///
    /// # Errors
    /// `Cancelled`, `KeysGone`, `InvalidInput` (`not-found`, `no-such-slot`), `NotSupported` (`no-port`), `Locked`.
    pub async fn reveal_with_device(
        &self,
        id: String,
        operation: Option<Arc<Operation>>,
    ) -> Result<Revealed, ApiError> {
        let id = account_id(&id)?;
        let run = self.shared.begin(operation)?;
        self.shared.root_by_keystore(&run).await?;
        self.reveal(id)
    }
}

impl Accounts {
    fn reveal(&self, id: AccountId) -> Result<Revealed, ApiError> {
        self.shared.with(|core| {
            let account = core.accounts().account(id)?;
            let uri = to_uri(&account.profile, &account.otp, Pin::Include);
            let secret = account.otp.secret();
            let secret = match account.otp {
                Otp::Motp(_) => data_encoding::HEXLOWER.encode(secret),
                _ => data_encoding::BASE32_NOPAD.encode(secret),
            };
            Ok(Revealed { uri: uri.expose().to_owned(), secret })
        })
    }
}

//! How secrets come in and go out.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::secret::SecretText;
use countersign_core::vault;
use zeroize::Zeroizing;

use crate::ApiError;

/// Something secret that a person typed: a password, a recovery code, a PIN, a secret. Kept in memory that is wiped.
///
/// It is made of bytes that the library only borrows: whoever has typed them wipes their own buffer afterwards. In Kotlin that is a
/// direct `ByteBuffer`.
#[derive(uniffi::Object)]
pub struct SecretInput(Mutex<Zeroizing<Vec<u8>>>);

/// The longest secret input in bytes; longer ones are refused where they are used.
const LONGEST: usize = 64 * 1024;

#[uniffi::export]
impl SecretInput {
    /// A copy of these bytes, texts in UTF-8.
    #[uniffi::constructor]
    #[must_use]
    pub fn new(bytes: &[u8]) -> Arc<Self> {
        // One byte too many is enough to be refused later.
        let bytes = bytes.get(..LONGEST + 1).unwrap_or(bytes);
        Arc::new(Self(Mutex::new(Zeroizing::new(bytes.to_vec()))))
    }

    /// Wipes it now, instead of when it is dropped. From then on it is empty.
    pub fn wipe(&self) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = Zeroizing::new(Vec::new());
    }
}

impl SecretInput {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).to_vec()
    }

    /// As a password that opens something.
    pub(crate) fn password(&self) -> vault::Password {
        vault::Password::typed(self.bytes())
    }

    /// As a new password.
    pub(crate) fn new_password(&self) -> Result<vault::Password, ApiError> {
        Ok(vault::Password::chosen(self.bytes())?)
    }

    /// As a recovery code.
    pub(crate) fn recovery_code(&self) -> Result<vault::RecoveryCode, ApiError> {
        let text = self.text("recovery code")?;
        Ok(vault::RecoveryCode::parse(text.expose())?)
    }

    /// As a text.
    pub(crate) fn text(&self, what: &str) -> Result<SecretText, ApiError> {
        let mut bytes = Zeroizing::new(self.bytes());
        if bytes.len() > LONGEST {
            return Err(ApiError::input(what, "it is longer than 64 KiB", "secret-too-long"));
        }
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(SecretText::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(ApiError::input(what, "it is not UTF-8", "secret-not-utf8"))
            }
        }
    }
}

/// A new recovery code: what opens the vault when the password is forgotten and the phone is lost.
///
/// It is shown once. It counts only after a part of it was typed back
/// ([`Authenticator::confirm_recovery_code`](crate::Authenticator::confirm_recovery_code)).
#[derive(uniffi::Object)]
pub struct RecoveryCode(pub(crate) vault::RecoveryCode);

#[uniffi::export]
impl RecoveryCode {
    /// The code for the screen or the printer: eight groups of four symbols and a check symbol, with hyphens. The text lies in
    /// memory that nobody wipes: ask for it once, and let go of it.
    #[must_use]
    pub fn show(&self) -> String {
        self.0.show().expose().to_owned()
    }
}

impl RecoveryCode {
    pub(crate) fn new(code: vault::RecoveryCode) -> Arc<Self> {
        Arc::new(Self(code))
    }
}

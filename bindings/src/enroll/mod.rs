//! From what a camera sees or a person types to an account that could be added. Nothing here writes anything, and the texts of
//! codes stay on this side: what crosses is what may be shown.
//!
//! `draft`: an account that is not in the vault yet. `scanned`: what a text turned out to be. `scanner`: pictures and the
//! camera. `matrix`: the way back, a text as a QR code.

mod draft;
mod matrix;
mod scanned;
mod scanner;

use std::sync::Arc;

pub use draft::{AccountDraft, DraftPreview, Likeness, ManualAccount, Resemblance, TwoStepResult};
pub use matrix::{QrMatrix, qr_code};
pub use scanned::{BareSecret, ExportPart, ForeignCode, NotYetCode, PendingPin, PendingTwoStep, Scanned};
pub use scanner::{PictureReading, Point, Rotation, ScanEvent, ScanHint, Scanner};

use crate::{ApiError, Authenticator, SecretInput};

#[uniffi::export]
impl Authenticator {
    /// Reads a link or a text that a person typed, pasted or was sent. Works while the vault is locked.
    ///
    /// # Errors
    /// `InvalidInput` with the exact cause for what enrols nothing; `NotSupported` (`challenge-by-link`) for a sign-in request,
    /// which counts from a camera or a picture alone.
    pub fn read_text(&self, text: Arc<SecretInput>) -> Result<Scanned, ApiError> {
        let text = text.text("text")?;
        match Scanned::read(text.expose(), self.shared.platform()?.allow_loopback_http)? {
            Scanned::OfflineChallenge { .. } => Err(ApiError::unsupported(
                "sign-in request",
                "it counts from a camera or a picture alone",
                "challenge-by-link",
            )),
            scanned => Ok(scanned),
        }
    }

    /// A new scanner, which has seen nothing. Works while the vault is locked.
    ///
    /// # Errors
    /// `Locked` (`shut`).
    pub fn scanner(&self) -> Result<Arc<Scanner>, ApiError> {
        Ok(Scanner::new(self.shared.platform()?.allow_loopback_http))
    }
}

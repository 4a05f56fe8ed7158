//! Placeholder.
use super::{Code, Error, Secret};
/// Placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hotp {
    secret: Secret,
}
impl Hotp {
    pub(super) fn code(&self) -> Result<Code, Error> {
        Err(Error::BeforeEpoch)
    }
    pub(super) fn secret(&self) -> &[u8] {
        self.secret.expose()
    }
}

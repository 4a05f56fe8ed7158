//! Placeholder.
use super::{Code, Error, Secret};
/// Placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motp {
    secret: Secret,
}
impl Motp {
    pub(super) fn code(&self, _at: crate::time::UnixTime) -> Result<Code, Error> {
        Err(Error::BeforeEpoch)
    }
    pub(super) fn secret(&self) -> &[u8] {
        self.secret.expose()
    }
}

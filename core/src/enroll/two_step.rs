//! privacyIDEA's two-step enrolment: the server makes one part of the secret, the phone the other.
//!
//! The link has `2step_salt` and `2step_output` (bytes) and `2step_difficulty` (iterations). The phone draws the salt;
//! the account's secret is PBKDF2-HMAC-SHA1(password = lower-case hexadecimal text of the link's secret, salt,
//! difficulty, output), and the person types the salt into the page: base32 of SHA1(salt)[0..4] ‖ salt, unpadded.

use std::num::NonZeroU32;

use ring::{digest, pbkdf2};
use zeroize::Zeroizing;

use super::blueprint::Blueprint;
use super::uri::Parameters;
use super::{Enrollment, Error, Oddity, otpauth};
use crate::account::Profile;
use crate::entropy::Entropy;
use crate::otp::Secret;
use crate::secret::SecretText;

pub(super) const SALT: &str = "2step_salt";
pub(super) const OUTPUT: &str = "2step_output";
pub(super) const DIFFICULTY: &str = "2step_difficulty";

/// The longest salt in bytes.
pub const MAX_SALT: usize = 64;
/// The longest derived secret in bytes.
pub const MAX_OUTPUT: usize = 128;
/// The most work: iterations times blocks of 20 bytes (some seconds on a phone).
pub const MAX_WORK: u64 = 10_000_000;

/// An account that waits for the phone's part of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    profile: Profile,
    secret: Secret,
    blueprint: Blueprint,
    salt: usize,
    output: usize,
    difficulty: NonZeroU32,
    oddities: Vec<Oddity>,
}

/// The finished account, and what to tell the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// What would be added.
    pub enrollment: Enrollment,
    /// What the person types into the page: base32, ungrouped, unpadded.
    pub response: SecretText,
}

impl Pending {
    /// Its names.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Draws the phone's part and derives the secret: up to some seconds of work. Each call makes another account; the
    /// one to keep is the one whose response the server took.
    ///
    /// # Errors
    /// [`Error::Entropy`] without randomness.
    pub fn complete(&self, entropy: &dyn Entropy) -> Result<Completed, Error> {
        let mut salt = Zeroizing::new(vec![0; self.salt]);
        entropy.fill(&mut salt)?;
        let password = Zeroizing::new(data_encoding::HEXLOWER.encode(self.secret.expose()));
        let mut derived = Zeroizing::new(vec![0; self.output]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, self.difficulty, &salt, password.as_bytes(), &mut derived);
        let secret = Secret::new(std::mem::take(&mut *derived))?;
        let enrollment = otpauth::finish(self.profile.clone(), self.blueprint.build(secret), self.oddities.clone());
        Ok(Completed { enrollment, response: response(&salt) })
    }
}

fn response(salt: &[u8]) -> SecretText {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, salt);
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + salt.len()));
    bytes.extend(hash.as_ref().iter().take(4));
    bytes.extend_from_slice(salt);
    SecretText::new(data_encoding::BASE32_NOPAD.encode(&bytes))
}

pub(super) fn is_asked_for(parameters: &Parameters) -> bool {
    [SALT, OUTPUT, DIFFICULTY].into_iter().any(|name| parameters.has(name))
}

/// The server always writes all three; a default of our own could derive another secret than the server's.
pub(super) fn read(
    profile: Profile,
    secret: Secret,
    blueprint: Blueprint,
    parameters: &Parameters,
    mut oddities: Vec<Oddity>,
) -> Result<Pending, Error> {
    let mut number = |parameter: &'static str, limit: u64| {
        let value = parameters.number(parameter, &mut oddities)?.ok_or(Error::MissingParameter(parameter))?;
        match value {
            0 => Err(Error::BadParameter(parameter)),
            value if value > limit => Err(Error::OverBound { parameter, value, limit }),
            value => u32::try_from(value).map_err(|_| Error::BadParameter(parameter)),
        }
    };
    let salt = number(SALT, MAX_SALT as u64)?;
    let output = number(OUTPUT, MAX_OUTPUT as u64)?;
    let difficulty = number(DIFFICULTY, MAX_WORK / u64::from(output.div_ceil(20)))?;
    let (Ok(salt), Ok(output)) = (usize::try_from(salt), usize::try_from(output)) else {
        return Err(Error::BadParameter(OUTPUT));
    };
    let difficulty = NonZeroU32::new(difficulty).ok_or(Error::BadParameter(DIFFICULTY))?;
    Ok(Pending { profile, secret, blueprint, salt, output, difficulty, oddities })
}

//! What an account has beside phones that approve: an authenticator app, and recovery codes on paper.

use countersign_core::otp::{Digits, Hotp, Otp, Period, Secret, Totp};
use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;

use crate::error::{CredentialError, Error};
use crate::keyring::Purpose;
use crate::otp::{HotpPolicy, HotpState, TotpPolicy, TotpState, Verdict};
use crate::records::{Seed, SeedUsed};
use crate::recovery::{self, CodeSet};
use crate::store::{Actor, Kind, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::attempt;

/// What became of a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryUse {
    /// It was right, and is used up.
    Accepted {
        /// So many are left.
        left: usize,
    },
    /// It was used before.
    AlreadyUsed {
        /// When.
        at: UnixTime,
    },
    /// It is none of them.
    Unknown,
    /// It can't be one: another length or characters.
    NotACode,
}

/// An authenticator app as it is computed with.
enum App {
    Totp(Totp, TotpState),
    Hotp(Hotp, HotpState),
}

impl<S: Store> Verifier<S> {
    /// Gives an account an authenticator app ([`crate::otp::offer::Offer`]), in place of one that it had. It counts once the
    /// person has typed a first code of it: where that isn't accepted, nothing is stored.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub fn add_otp(
        &self,
        account: &str,
        otp: &Otp,
        first_code: &str,
        now: UnixTime,
    ) -> Result<Verdict, CredentialError> {
        let (algorithm, digits, used) = match otp {
            Otp::Totp(totp) => {
                let judged = TotpPolicy::default().judge(totp, TotpState::default(), first_code, now)?;
                let used = SeedUsed::Totp { period: totp.period().seconds(), state: judged.state };
                (totp.algorithm(), totp.digits(), (judged.verdict, used))
            }
            Otp::Hotp(hotp) => {
                let state = HotpState { counter: hotp.counter(), ..HotpState::default() };
                let judged = HotpPolicy::default().judge(hotp, state, first_code, now)?;
                (hotp.algorithm(), hotp.digits(), (judged.verdict, SeedUsed::Hotp(judged.state)))
            }
            _ => return Err(CredentialError::Kind),
        };
        let (verdict, used) = used;
        if !matches!(verdict, Verdict::Accepted(_)) {
            return Ok(verdict);
        }
        let sealed = self.seal(Purpose::Seed, account.as_bytes(), otp.secret())?;
        let seed = Seed { sealed, algorithm, digits: digits.get(), used };
        attempt(&self.store, |work| {
            // The row is compared with what it was, so that two at once don't both count.
            work.has(Kind::Seed, account.as_bytes())?;
            work.save(account.as_bytes(), &seed, account, None)?;
            work.tell(now, Actor::Page, account, None, What::Otp, Outcome::Done);
            Ok(Ok(verdict))
        })
    }

    /// Judges a code of an account's authenticator app. An accepted code, and every earlier one, is used up with it.
    ///
    /// # Errors
    /// [`CredentialError`]; none costs a try.
    pub fn check_otp(&self, account: &str, code: &str, now: UnixTime) -> Result<Verdict, CredentialError> {
        self.judge_otp(account, now, |app| {
            Ok(match app {
                App::Totp(totp, state) => {
                    let judged = TotpPolicy::default().judge(totp, *state, code, now)?;
                    *state = judged.state;
                    judged.verdict
                }
                App::Hotp(hotp, state) => {
                    let judged = HotpPolicy::default().judge(hotp, *state, code, now)?;
                    *state = judged.state;
                    judged.verdict
                }
            })
        })
    }

    /// Finds the counter of an account's HOTP authenticator again, by two codes that follow each other.
    ///
    /// # Errors
    /// [`CredentialError::Kind`] for one that has no counter, and others.
    pub fn resync_otp(&self, account: &str, codes: (&str, &str), now: UnixTime) -> Result<Verdict, CredentialError> {
        self.judge_otp(account, now, |app| match app {
            App::Totp(..) => Err(CredentialError::Kind),
            App::Hotp(hotp, state) => {
                let judged = HotpPolicy::default().resync(hotp, *state, codes, now)?;
                *state = judged.state;
                Ok(judged.verdict)
            }
        })
    }

    fn judge_otp(
        &self,
        account: &str,
        now: UnixTime,
        judge: impl Fn(&mut App) -> Result<Verdict, CredentialError>,
    ) -> Result<Verdict, CredentialError> {
        let id = account.as_bytes();
        attempt(&self.store, |work| {
            let Some(mut seed) = work.load::<Seed>(id)? else { return Ok(Err(CredentialError::None)) };
            let mut app = self.app(id, &seed)?;
            let verdict = match judge(&mut app) {
                Ok(verdict) => verdict,
                Err(error) => return Ok(Err(error)),
            };
            match (&mut seed.used, app) {
                (SeedUsed::Totp { state, .. }, App::Totp(_, now)) => *state = now,
                (SeedUsed::Hotp(state), App::Hotp(_, now)) => *state = now,
                _ => {}
            }
            work.save(id, &seed, account, None)?;
            let outcome = if matches!(verdict, Verdict::Accepted(_)) { Outcome::Done } else { Outcome::Refused };
            work.tell(now, Actor::Page, account, None, What::Otp, outcome);
            Ok(Ok(verdict))
        })
    }

    fn app(&self, id: &[u8], seed: &Seed) -> Result<App, Error> {
        let damaged = || Error::Message("an authenticator");
        let secret = Secret::new(self.ring.open(Purpose::Seed, id, &seed.sealed)?).map_err(|_| damaged())?;
        let digits = Digits::new(seed.digits.into()).map_err(|_| damaged())?;
        Ok(match seed.used {
            SeedUsed::Totp { period, state } => {
                let period = Period::new(period.into()).map_err(|_| damaged())?;
                App::Totp(Totp::new(secret, seed.algorithm, digits, period), state)
            }
            SeedUsed::Hotp(state) => App::Hotp(Hotp::new(secret, seed.algorithm, digits, state.counter), state),
        })
    }

    /// After a signed approval, or by the operator: a way that wrong codes closed is open again.
    ///
    /// # Errors
    /// [`CredentialError::None`] if the account has no authenticator app.
    pub fn lift_otp(&self, account: &str, now: UnixTime) -> Result<(), CredentialError> {
        attempt(&self.store, |work| {
            let Some(mut seed) = work.load::<Seed>(account.as_bytes())? else { return Ok(Err(CredentialError::None)) };
            seed.lift();
            work.save(account.as_bytes(), &seed, account, None)?;
            work.tell(now, Actor::Operator, account, None, What::Otp, Outcome::Done);
            Ok(Ok(()))
        })
    }

    /// Makes an account's recovery codes, in place of those that it had. They are shown once; only hashes are kept.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub fn make_recovery(
        &self,
        account: &str,
        count: usize,
        now: UnixTime,
    ) -> Result<Vec<SecretText>, CredentialError> {
        let (shown, set) = CodeSet::make(count, self.entropy.as_ref()).map_err(Error::from)?;
        attempt::<(), CredentialError>(&self.store, |work| {
            let id = account.as_bytes();
            work.has(Kind::Recovery, id)?;
            work.put(Kind::Recovery, id, set.to_bytes(), Some(account), None)?;
            work.tell(now, Actor::Page, account, None, What::Recovery, Outcome::Done);
            Ok(Ok(()))
        })?;
        Ok(shown)
    }

    /// Uses a recovery code up. What it lets in is the embedding code's business: at least a new phone's invitation.
    ///
    /// # Errors
    /// [`CredentialError::None`] if the account has none, and others.
    pub fn use_recovery(&self, account: &str, typed: &str, now: UnixTime) -> Result<RecoveryUse, CredentialError> {
        attempt(&self.store, |work| {
            let id = account.as_bytes();
            let Some(set) = work.bytes(Kind::Recovery, id)? else { return Ok(Err(CredentialError::None)) };
            let (used, set) = match CodeSet::from_bytes(&set)?.redeem(typed, now) {
                recovery::Redeemed::Accepted { set, left } => (RecoveryUse::Accepted { left }, Some(set)),
                recovery::Redeemed::AlreadyUsed { at } => (RecoveryUse::AlreadyUsed { at }, None),
                recovery::Redeemed::Unknown => (RecoveryUse::Unknown, None),
                recovery::Redeemed::NotACode => (RecoveryUse::NotACode, None),
            };
            let outcome = if set.is_some() { Outcome::Done } else { Outcome::Refused };
            if let Some(set) = set {
                work.put(Kind::Recovery, id, set.to_bytes(), Some(account), None)?;
            }
            work.tell(now, Actor::Page, account, None, What::Recovery, outcome);
            Ok(Ok(used))
        })
    }
}

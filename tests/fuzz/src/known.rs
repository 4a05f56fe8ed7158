//! What the vaults and backups in `corpus/` hold, and what opens them: test data, secret to nobody.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::account::{Account, NewAccount, Profile};
use countersign_core::entropy::{Entropy, EntropyError};
use countersign_core::otp::{Algorithm, Digits, Hotp, Motp, Otp, Period, Secret, Steam, Totp, Yandex};
use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;
use countersign_core::vault::{PushId, RawKey, RecoveryCode};

/// The moment of everything here.
pub const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// The recovery code, as `make_corpus` wrote it.
const RECOVERY: &str = include_str!("../corpus/recovery-code.txt");

/// The numbers of the accounts in one state of the vault: those in the list, and those in the trash.
pub type State<'a> = (&'a [u8], &'a [u8]);

/// The states of the vault that were ever written.
pub const STATES: [State<'static>; 3] = [(&[], &[]), (&[1, 2, 3, 4, 5], &[]), (&[2, 3, 4, 5, 6, 7, 8], &[1])];

/// Whether the vault was ever in this state.
#[must_use]
pub fn ever(list: &[u8], trash: &[u8]) -> bool {
    STATES.contains(&(list, trash))
}

/// What opens the recovery slot and the backups.
///
/// # Panics
/// If `corpus/recovery-code.txt` is none.
#[must_use]
pub fn recovery() -> RecoveryCode {
    RecoveryCode::parse(RECOVERY).unwrap_or_else(|error| panic!("corpus/recovery-code.txt: {error}"))
}

/// What opens the device slot.
///
/// # Panics
/// Never: it has 32 bytes.
#[must_use]
pub fn device_key() -> RawKey {
    RawKey::from_bytes(&[0xd5; 32]).unwrap_or_else(|error| panic!("{error}"))
}

/// The push enrolment of some vaults.
pub const PUSH: PushId = PushId::from_bytes([0xe7; 16]);
/// What every row of its inbox holds.
pub const INBOX: &[u8] = &[0x1b; 300];

/// Account `number`; every kind occurs.
///
/// # Panics
/// Never: each of its parts is within the bounds.
#[must_use]
pub fn account(number: u8) -> NewAccount {
    let secret = |length| Secret::new(vec![number; length]).unwrap_or_else(|error| panic!("{error}"));
    let pin = |pin: &str| SecretText::new(pin.to_owned());
    let otp = match number % 5 {
        0 => Ok(Otp::Steam(Steam::new(secret(20)))),
        1 => Ok(Otp::Totp(Totp::new(secret(20), Algorithm::Sha1, Digits::SIX, Period::THIRTY))),
        2 => Ok(Otp::Hotp(Hotp::new(secret(32), Algorithm::Sha256, Digits::EIGHT, number.into()))),
        3 => Motp::new(secret(16), pin("1234")).map(Otp::Motp),
        _ => Yandex::new(secret(16), pin("12345678")).map(Otp::Yandex),
    };
    let otp = otp.unwrap_or_else(|error| panic!("account {number}: {error}"));
    NewAccount { profile: Profile::named(format!("Site {number}"), "ada"), otp }
}

/// Which account this is.
///
/// # Panics
/// If nobody ever put it into the vault: then it was forged.
#[must_use]
pub fn number_of(found: &Account) -> u8 {
    let same = |new: &NewAccount| new.profile == found.profile && new.otp == found.otp;
    let number = (1..=9).find(|number| same(&account(*number)));
    number.unwrap_or_else(|| panic!("an account that never was: {found:?}"))
}

/// The same bytes in every run: what is found once is found again.
#[derive(Debug)]
pub struct Stream(AtomicU64);

impl Stream {
    /// Another stream for each seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 32))
    }

    /// The next number (`SplitMix64`).
    pub fn next(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

impl Entropy for Stream {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        for bytes in buffer.chunks_mut(8) {
            bytes.iter_mut().zip(self.next().to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

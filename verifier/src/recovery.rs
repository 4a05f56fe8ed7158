//! Recovery codes of an account: random, on paper, each good once.
//!
//! A set is a value: [`CodeSet::make`] gives it with the codes to be shown once, [`CodeSet::redeem`] gives the set that is
//! to be stored when a code was right. Store it by compare-and-set (a [`Transition`](crate::store::Transition) that names
//! the version at which the row was read) *before* the person is let in; of two who redeem the same code at the same time
//! one gets a conflict, reads again, and finds it used.
//!
//! **Why a fast hash.** A code is 80 random bits. Whoever steals the hashes has to try 2⁷⁹ codes for one hit; a slow hash
//! would make each try some 2²⁰ times dearer, which words that people choose need and this does not, and it would let
//! anybody keep the server busy. The salt of each code makes one search good for one code only.
//!
//! **Why no limit of tries.** Nobody guesses 80 bits through a network; a limit would let anybody lock the owner out.

use std::fmt;

use countersign_core::entropy::{Entropy, EntropyError, random};
use countersign_core::push::jose::sha256;
use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;
use countersign_core::wire::{Value, Writer, fields};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::store::StoreError;

/// Crockford's 32 symbols: no I, L, O or U.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 80 bits in bytes.
const BYTES: usize = 10;
/// 80 bits in symbols of 5.
const LENGTH: usize = 16;
/// How many symbols stand together.
const GROUP: usize = 4;

/// An account's codes as they are stored: salts and hashes, and when each was used.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CodeSet {
    codes: Vec<Stored>,
}

#[derive(Clone, PartialEq, Eq)]
struct Stored {
    salt: [u8; 16],
    hash: [u8; 32],
    used: Option<UnixTime>,
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeSet({} of {} left)", self.left(), self.codes.len())
    }
}

/// How a typed code was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an accepted code that isn't stored can be used again"]
pub enum Redeemed {
    /// Right: store the set, then let the person in, and tell them how many are left.
    Accepted {
        /// The set from now on.
        set: CodeSet,
        /// Codes that are still good.
        left: usize,
    },
    /// Right once; used since then.
    AlreadyUsed {
        /// When.
        at: UnixTime,
    },
    /// None of this account's codes.
    Unknown,
    /// Not 16 symbols: mistyped.
    NotACode,
}

impl CodeSet {
    /// How many codes an account usually gets.
    pub const USUAL: usize = 10;
    /// The most codes of a set.
    pub const MOST: usize = 100;

    /// Makes so many codes (at most [`Self::MOST`]), to be shown once, and the set to be stored in place of an older one,
    /// whose codes are void then.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(count: usize, entropy: &dyn Entropy) -> Result<(Vec<SecretText>, Self), EntropyError> {
        let (mut shown, mut codes) = (Vec::new(), Vec::new());
        for _ in 0..count.min(Self::MOST) {
            let mut code = Zeroizing::new([0; BYTES]);
            entropy.fill(&mut *code)?;
            let salt = random(entropy)?;
            codes.push(Stored { salt, hash: hash(&salt, &code), used: None });
            shown.push(show(&code));
        }
        Ok((shown, Self { codes }))
    }

    /// Judges what was typed: any case, blanks and hyphens anywhere, `O` for 0, `I` and `L` for 1.
    ///
    /// Every code of the set is compared, in constant time.
    pub fn redeem(&self, typed: &str, now: UnixTime) -> Redeemed {
        let Some(code) = read(typed) else { return Redeemed::NotACode };
        let mut found = None;
        for (at, stored) in self.codes.iter().enumerate() {
            if bool::from(hash(&stored.salt, &code).ct_eq(&stored.hash)) {
                found = Some((at, stored.used));
            }
        }
        match found {
            None => Redeemed::Unknown,
            Some((_, Some(at))) => Redeemed::AlreadyUsed { at },
            Some((at, None)) => {
                let mut set = self.clone();
                if let Some(stored) = set.codes.get_mut(at) {
                    stored.used = Some(now);
                }
                let left = set.left();
                Redeemed::Accepted { set, left }
            }
        }
    }

    /// How many codes are still good.
    #[must_use]
    pub fn left(&self) -> usize {
        self.codes.iter().filter(|stored| stored.used.is_none()).count()
    }

    /// As a row's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut row = Writer::new();
        row.number(1, FORMAT);
        for stored in &self.codes {
            let mut code = Writer::new();
            code.bytes(1, &stored.salt).bytes(2, &stored.hash);
            if let Some(used) = stored.used {
                code.number(3, u64::try_from(used.millis()).unwrap_or(0));
            }
            row.bytes(2, &code.finish());
        }
        row.finish().to_vec()
    }

    /// From a row's bytes.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let (mut format, mut codes) = (None, Vec::new());
        for field in fields(bytes) {
            match field.map_err(|_| DAMAGED)? {
                (1, Value::Number(number)) => format = Some(number),
                (2, Value::Bytes(bytes)) => codes.push(Stored::from_bytes(bytes)?),
                _ => {}
            }
        }
        if format == Some(FORMAT) { Ok(Self { codes }) } else { Err(DAMAGED) }
    }
}

const FORMAT: u64 = 1;
const DAMAGED: StoreError = StoreError::Damaged("recovery codes");

impl Stored {
    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let (mut salt, mut hash, mut used) = (None, None, None);
        for field in fields(bytes) {
            match field.map_err(|_| DAMAGED)? {
                (1, Value::Bytes(bytes)) => salt = bytes.try_into().ok(),
                (2, Value::Bytes(bytes)) => hash = bytes.try_into().ok(),
                // A time that can't be read still says that the code was used.
                (3, Value::Number(millis)) => used = Some(UnixTime::from_millis(i64::try_from(millis).unwrap_or(0))),
                (3, Value::Bytes(_)) => return Err(DAMAGED),
                _ => {}
            }
        }
        Ok(Self { salt: salt.ok_or(DAMAGED)?, hash: hash.ok_or(DAMAGED)?, used })
    }
}

fn hash(salt: &[u8; 16], code: &[u8; BYTES]) -> [u8; 32] {
    sha256(&[b"countersign-recovery-v1", salt, code])
}

fn show(code: &[u8; BYTES]) -> SecretText {
    // At its full length from the start: a string that grows leaves copies behind.
    let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
    let mut digits = [0u8; LENGTH];
    for (bytes, digits) in code.chunks_exact(5).zip(digits.chunks_exact_mut(8)) {
        let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        for (place, digit) in (0..8u32).rev().zip(digits) {
            *digit = (number >> (5 * place) & 31).to_le_bytes()[0];
        }
    }
    for (at, digit) in digits.iter().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(SYMBOLS.get(usize::from(*digit)).map_or('?', |byte| char::from(*byte)));
    }
    SecretText::new(text)
}

fn read(typed: &str) -> Option<Zeroizing<[u8; BYTES]>> {
    let mut code = Zeroizing::new([0; BYTES]);
    let (mut number, mut count) = (Zeroizing::new(0u128), 0usize);
    for symbol in typed.chars().filter(|symbol| !symbol.is_whitespace() && *symbol != '-') {
        let symbol = match u8::try_from(symbol).ok()?.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let value = SYMBOLS.iter().position(|known| *known == symbol).and_then(|value| u128::try_from(value).ok())?;
        *number = *number << 5 | value;
        count = count.checked_add(1).filter(|count| *count <= LENGTH)?;
    }
    let bytes = Zeroizing::new(number.to_be_bytes());
    code.copy_from_slice(bytes.get(bytes.len() - BYTES..)?);
    (count == LENGTH).then_some(code)
}

#[cfg(test)]
mod tests {
    use countersign_core::entropy::SystemEntropy;
    use countersign_core::time::UnixTime;
    use proptest::prelude::*;

    use super::{BYTES, CodeSet, Redeemed, read, show};

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn ten() -> (Vec<countersign_core::secret::SecretText>, CodeSet) {
        CodeSet::make(CodeSet::USUAL, &SystemEntropy::new()).unwrap()
    }

    #[test]
    fn each_code_is_good_once_and_what_is_left_is_counted() {
        let (codes, mut set) = ten();
        assert_eq!(codes.len(), 10);
        for (used, code) in (1..).zip(&codes) {
            let Redeemed::Accepted { set: after, left } = set.redeem(code.expose(), NOW) else { panic!("refused") };
            assert_eq!((left, after.left()), (10 - used, 10 - used));
            set = CodeSet::from_bytes(&after.to_bytes()).unwrap();
            assert_eq!(set, after);
            assert_eq!(set.redeem(code.expose(), NOW.plus_seconds(9)), Redeemed::AlreadyUsed { at: NOW });
        }
        assert_eq!(set.left(), 0);
    }

    #[test]
    fn people_type_as_they_like() {
        let code = show(&[0x08, 0x42, 0x10, 0x84, 0x21, 0, 0, 0, 0, 0]);
        assert_eq!(code.expose(), "1111-1111-0000-0000");
        for typed in ["1111111100000000", " 1i1l-ILli oOoO 0000\n", "11-11 11-11 00000000"] {
            assert_eq!(read(typed).unwrap(), read(code.expose()).unwrap(), "{typed:?}");
        }
        for not in ["", "1111-1111-0000-000", "1111-1111-0000-00000", "u111-1111-0000-0000", "1111_1111-0000-0000"] {
            assert!(read(not).is_none(), "{not:?}");
        }
    }

    #[test]
    fn another_accounts_code_is_unknown_and_what_is_no_code_is_told_apart() {
        let ((codes, _), (_, other)) = (ten(), ten());
        assert_eq!(other.redeem(codes[0].expose(), NOW), Redeemed::Unknown);
        assert_eq!(other.redeem("1234", NOW), Redeemed::NotACode);
    }

    #[test]
    fn the_row_and_debug_hold_no_code() {
        let (codes, set) = ten();
        let row = set.to_bytes();
        for code in &codes {
            let bytes = read(code.expose()).unwrap();
            assert!(!row.windows(BYTES).any(|window| window == bytes.as_slice()));
        }
        assert_eq!(format!("{set:?}"), "CodeSet(10 of 10 left)");
        assert!(CodeSet::from_bytes(&row[..row.len() - 1]).is_err());
        assert!(CodeSet::from_bytes(b"").is_err());
    }

    proptest! {
        #[test]
        fn every_code_reads_as_it_is_shown(code: [u8; BYTES]) {
            prop_assert_eq!(*read(show(&code).expose()).unwrap(), code);
        }
    }
}

//! The recovery code: 160 random bits as Crockford's base32 with his check symbol, in groups of four.
//!
//! Source: Douglas Crockford, "Base 32": no I, L, O or U; `O` reads as 0, `I` and `L` as 1; hyphens do not count; the
//! check symbol stands for the number modulo 37.

use zeroize::Zeroizing;

use super::Error;
use crate::entropy::Entropy;
use crate::secret::SecretText;

/// The 32 symbols, and the five more that only a check symbol uses.
const SYMBOLS: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
/// 160 bits in bytes.
const BYTES: usize = 20;
/// 160 bits in symbols of 5.
const LENGTH: usize = 32;

/// What opens a vault when the password is forgotten and the phone is lost. Shown once, kept on paper.
#[derive(Clone)]
pub struct RecoveryCode(Box<Zeroizing<[u8; BYTES]>>);

impl RecoveryCode {
    /// A new one.
    pub(crate) fn make(entropy: &dyn Entropy) -> Result<Self, Error> {
        let mut code = Self(Box::new(Zeroizing::new([0; BYTES])));
        entropy.fill(code.0.as_mut_slice())?;
        Ok(code)
    }

    /// Reads what a person typed: any case, spaces and hyphens anywhere.
    ///
    /// # Errors
    /// [`Error::MistypedRecoveryCode`] if it has another length, a symbol that is none, or a wrong check symbol; so a
    /// slip of the finger is told apart from the code of another vault.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let mut values = Zeroizing::new(Vec::with_capacity(LENGTH + 1));
        for symbol in typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-' | b'\n' | b'\r' | b'\t')) {
            if values.len() > LENGTH {
                return Err(Error::MistypedRecoveryCode);
            }
            values.push(value(symbol).ok_or(Error::MistypedRecoveryCode)?);
        }
        let (check, digits) = values.split_last().ok_or(Error::MistypedRecoveryCode)?;
        let mut code = Self(Box::new(Zeroizing::new([0; BYTES])));
        if digits.len() != LENGTH || digits.iter().any(|digit| *digit > 31) || *check != modulo_37(digits) {
            return Err(Error::MistypedRecoveryCode);
        }
        for (bytes, digits) in code.0.chunks_exact_mut(5).zip(digits.chunks_exact(8)) {
            let number = digits.iter().fold(0u64, |number, digit| number << 5 | u64::from(*digit));
            bytes.copy_from_slice(number.to_be_bytes().get(3..).unwrap_or_default());
        }
        Ok(code)
    }

    /// As it is shown: eight groups of four symbols and the check symbol, with hyphens.
    #[must_use]
    pub fn show(&self) -> SecretText {
        let digits = self.digits();
        let mut text = String::with_capacity(LENGTH + 10);
        for group in digits.chunks_exact(4) {
            group.iter().for_each(|digit| text.push(symbol(*digit)));
            text.push('-');
        }
        text.push(symbol(modulo_37(&digits)));
        SecretText::new(text)
    }

    /// Whether the person typed back the right group, `number` from 1 to 8: proof that it was written down.
    #[must_use]
    pub fn group_matches(&self, number: usize, typed: &str) -> bool {
        let digits = self.digits();
        let Some(group) = number.checked_sub(1).and_then(|index| digits.chunks_exact(4).nth(index)) else {
            return false;
        };
        let typed: Vec<_> = typed.trim().bytes().map(value).collect();
        typed.len() == group.len() && group.iter().zip(typed).all(|(digit, typed)| Some(*digit) == typed)
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    fn digits(&self) -> Zeroizing<Vec<u8>> {
        let mut digits = Zeroizing::new(Vec::with_capacity(LENGTH));
        for bytes in self.0.chunks_exact(5) {
            let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                digits.push((number >> (5 * place) & 31).to_le_bytes()[0]);
            }
        }
        digits
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

fn modulo_37(digits: &[u8]) -> u8 {
    digits.iter().fold(0u32, |rest, digit| (rest * 32 + u32::from(*digit)) % 37).to_le_bytes()[0]
}

fn symbol(value: u8) -> char {
    SYMBOLS.get(usize::from(value)).map_or('?', |byte| char::from(*byte))
}

fn value(symbol: u8) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    SYMBOLS.iter().position(|known| *known == symbol).and_then(|index| u8::try_from(index).ok())
}

#[cfg(test)]
mod tests {
    use super::RecoveryCode;
    use crate::entropy::SystemEntropy;
    use crate::vault::Error;

    #[test]
    fn a_code_reads_as_it_is_shown_and_as_people_type_it() {
        let code = RecoveryCode::make(&SystemEntropy::new()).unwrap();
        let shown = code.show();
        let sloppy = shown.expose().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for text in [shown.expose(), &sloppy] {
            assert_eq!(RecoveryCode::parse(text).unwrap().expose(), code.expose());
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }

    #[test]
    fn a_known_code_has_the_known_symbols() {
        let mut bytes = [0; 20];
        bytes[19] = 1;
        let shown = RecoveryCode::parse("0000-0000-0000-0000-0000-0000-0000-0001-1").unwrap();
        assert_eq!(shown.expose(), bytes);
        // 36 modulo 37 is U, the last check symbol: 36 = "14" in base 32.
        assert!(RecoveryCode::parse("0000-0000-0000-0000-0000-0000-0000-0014-U").is_ok());
    }

    #[test]
    fn every_slip_of_one_symbol_is_noticed() {
        let code = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ";
        let check = (0..37).find_map(|index| {
            let text = format!("{code}-{}", char::from(super::SYMBOLS[index]));
            RecoveryCode::parse(&text).ok().map(|_| text)
        });
        let right = check.unwrap();
        for at in (0..right.len() - 1).filter(|at| right.as_bytes()[*at] != b'-') {
            let mut wrong = right.clone().into_bytes();
            wrong[at] = if wrong[at] == b'7' { b'8' } else { b'7' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(matches!(RecoveryCode::parse(&wrong), Err(Error::MistypedRecoveryCode)), "{wrong}");
        }
        for wrong in ["", "0123", &format!("{right}0"), &right[1..]] {
            assert!(RecoveryCode::parse(wrong).is_err());
        }
    }

    #[test]
    fn typing_a_group_back_proves_that_it_was_read() {
        let code = RecoveryCode::parse("0000-0000-0000-0000-0000-0000-0000-0014-U").unwrap();
        assert!(code.group_matches(8, " oo14 ") && code.group_matches(1, "0000"));
        assert!(!code.group_matches(8, "0000") && !code.group_matches(8, "014") && !code.group_matches(9, "0000"));
        assert!(!code.group_matches(0, "0000"));
    }
}

//! Secrets as base32 (RFC 4648 §6) or hexadecimal text.

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::{Error, Oddity, SecretProblem};
use crate::otp::Secret;

/// Reads a base32 secret as people and sites write it: in any case, with blanks and dashes between groups, with or
/// without padding.
///
/// Look-alikes (0, 1, 8) are refused rather than repaired. Leftover bits are dropped (as RFC 4648 has it for the usual
/// lengths); where the length itself is impossible that is flagged.
pub(super) fn secret(text: &str, oddities: &mut Vec<Oddity>) -> Result<Secret, Error> {
    if let Some(mut bytes) = as_it_should_be(text) {
        return Ok(Secret::new(std::mem::take(&mut *bytes))?);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut bits, mut waiting) = (0u16, 0u32);
    let (mut characters, mut padded) = (0usize, false);
    for (at, c) in text.chars().enumerate() {
        let Some(value) = symbol(c) else {
            match c {
                '=' => padded = true,
                _ if is_separator(c) => {}
                _ => return Err(Error::BadSecret(SecretProblem::NotBase32 { position: at + 1 })),
            }
            continue;
        };
        if padded {
            return Err(Error::BadSecret(SecretProblem::AfterPadding));
        }
        characters += 1;
        bits = bits << 5 | value;
        waiting += 5;
        if waiting >= 8 {
            waiting -= 8;
            bytes.push((bits >> waiting).to_le_bytes()[0]);
        }
    }
    if characters == 0 {
        return Err(Error::MissingSecret);
    }
    if matches!(characters % 8, 1 | 3 | 6) {
        oddities.push(Oddity::LeftoverBits);
    }
    Ok(Secret::new(std::mem::take(&mut *bytes))?)
}

/// Upper case without anything between: nearly every secret, and quickly read.
fn as_it_should_be(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; BASE32_NOPAD.decode_len(text.len()).ok()?]);
    let length = BASE32_NOPAD.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    (length > 0 && length == bytes.len()).then_some(bytes)
}

/// Reads a hexadecimal secret (mOTP), in any case, with blanks and dashes between groups.
pub(super) fn hex_secret(text: &str) -> Result<Secret, Error> {
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    for (at, c) in text.chars().enumerate() {
        if is_separator(c) {
            continue;
        }
        let digit = u8::try_from(c).ok().filter(u8::is_ascii_hexdigit);
        digits.push(digit.ok_or(Error::BadSecret(SecretProblem::NotHex { position: at + 1 }))?);
    }
    if digits.is_empty() {
        return Err(Error::MissingSecret);
    }
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(&digits);
    Ok(Secret::new(bytes.map_err(|_| Error::BadSecret(SecretProblem::HalfByte))?)?)
}

/// Blanks of all kinds and dashes: what people put between groups.
pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}' | '\u{feff}')
}

/// The five bits of a symbol; none where it is not base32's.
pub(super) fn symbol(c: char) -> Option<u16> {
    let byte = u8::try_from(c).ok()?.to_ascii_uppercase();
    match byte {
        b'A'..=b'Z' => Some(u16::from(byte - b'A')),
        b'2'..=b'7' => Some(u16::from(byte - b'2') + 26),
        _ => None,
    }
}

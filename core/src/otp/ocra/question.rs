//! The challenge, and how it becomes the 128 bytes that are hashed.

use std::fmt;

use super::{Error, Input, Suite};

/// What a question is made of: `QA`, `QN`, `QH` of RFC 6287 §6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// ASCII letters and digits; their bytes are hashed, so that case counts.
    Alphanumeric,
    /// Decimal digits; the number is hashed, so that zeros in front do not count. Its hexadecimal digits are aligned to
    /// the left, so that 1 and 16 are hashed alike: verifiers ask questions of the full length.
    Numeric,
    /// Hexadecimal digits, of any case; the bytes that they stand for are hashed.
    Hexadecimal,
}

impl Format {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Numeric => byte.is_ascii_digit(),
            Self::Hexadecimal => byte.is_ascii_hexdigit(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alphanumeric => "letters and digits",
            Self::Numeric => "decimal digits",
            Self::Hexadecimal => "hexadecimal digits",
        })
    }
}

/// The challenge, as the suite's format writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// One side asks (RFC 6287 §7.1, §7.3).
    One(&'a str),
    /// Both sides ask (§7.2): the other side's question, then that of the one who answers — that is, for the server's
    /// response client and server, for the client's server and client. Each one may have the suite's length.
    ///
    /// They are hashed one after the other, with nothing in between: give yours its full length.
    Pair(&'a str, &'a str),
}

/// How many bytes `Q` is hashed as.
const LENGTH: usize = 128;

impl Question<'_> {
    /// Left-aligned, padded with zeros on the right (RFC 6287 §5.1). Two questions of 64 characters just fit.
    pub(super) fn encode(self, suite: &Suite) -> Result<[u8; LENGTH], Error> {
        let (first, second) = match self {
            Self::One(only) => (only, None),
            Self::Pair(first, second) => (first, Some(second)),
        };
        check(first, suite)?;
        second.map_or(Ok(()), |second| check(second, suite))?;
        let characters = first.bytes().chain(second.unwrap_or_default().bytes());
        let mut block = [0; LENGTH];
        match suite.question_format() {
            Format::Alphanumeric => block.iter_mut().zip(characters).for_each(|(slot, byte)| *slot = byte),
            Format::Numeric => fill(&mut block, hexadecimal(characters.map(digit))),
            Format::Hexadecimal => fill(&mut block, characters.map(digit)),
        }
        Ok(block)
    }
}

fn check(question: &str, suite: &Suite) -> Result<(), Error> {
    let (format, most) = (suite.question_format(), suite.question_length());
    if question.is_empty() {
        return Err(Error::Missing(Input::Question));
    }
    if !question.bytes().all(|byte| format.has(byte)) {
        return Err(Error::QuestionCharacters(format));
    }
    match question.len() {
        given if given > usize::from(most) => Err(Error::LongQuestion { given, most }),
        _ => Ok(()),
    }
}

/// The digit's value, 0 to 15; [`check`] let nothing else through.
fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or_default()
}

/// A decimal number's hexadecimal digits, the highest first. It may have 128 decimal digits.
fn hexadecimal(decimal: impl Iterator<Item = u8>) -> impl Iterator<Item = u8> {
    let mut lowest_first: Vec<u8> = Vec::new();
    for digit in decimal {
        // At most 15 · 10 + 9: the carry is at most 9, one more digit.
        let mut carry = digit;
        for place in &mut lowest_first {
            let value = *place * 10 + carry;
            (*place, carry) = (value & 0xf, value >> 4);
        }
        if carry > 0 {
            lowest_first.push(carry);
        }
    }
    lowest_first.into_iter().rev()
}

/// Two hexadecimal digits to a byte, from the left; an odd last one is the upper half of its byte.
fn fill(block: &mut [u8], digits: impl Iterator<Item = u8>) {
    for (place, digit) in digits.enumerate() {
        if let Some(byte) = block.get_mut(place / 2) {
            *byte |= if place % 2 == 0 { digit << 4 } else { digit };
        }
    }
}

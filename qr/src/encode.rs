//! Texts in, modules out.

use qrcodegen::{QrCode, QrCodeEcc};

/// How much of a code may be damaged and still be read. A code gets a higher level than asked for where that makes it no
/// larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// About 7 % of the code words.
    Low,
    /// About 15 %: right for a screen.
    #[default]
    Medium,
    /// About 25 %.
    Quartile,
    /// About 30 %: right for paper that will be folded.
    High,
}

/// What was to be encoded fits in no code of this level: the largest holds 2,953 bytes at [`Level::Low`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are more than a QR code of this level can hold")]
pub struct TooLong {
    /// How long it was.
    pub bytes: usize,
}

/// A code's modules, without quiet zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Matrix {
    size: usize,
    dark: Vec<bool>,
}

impl std::fmt::Debug for Matrix {
    /// The size only: what the code says may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matrix({0}×{0})", self.size)
    }
}

impl Matrix {
    /// Modules a side: 21, 25, … 177.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether the module at column `x` and row `y`, from the top left, is dark; outside of the code none is.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.size && self.dark.get(y.saturating_mul(self.size).saturating_add(x)).copied().unwrap_or(false)
    }
}

/// Digits, capital letters and UTF-8, whichever makes the smallest code.
///
/// # Errors
/// [`TooLong`].
pub fn encode(text: &str, level: Level) -> Result<Matrix, TooLong> {
    let too_long = TooLong { bytes: text.len() };
    // No code holds more than 7,089 digits; what is far beyond is not even turned into segments.
    if text.len() > 7_089 {
        return Err(too_long);
    }
    QrCode::encode_text(text, ecc(level)).map(|code| matrix(&code)).map_err(|_| too_long)
}

/// Bytes as they are.
///
/// # Errors
/// [`TooLong`].
pub fn encode_bytes(bytes: &[u8], level: Level) -> Result<Matrix, TooLong> {
    let too_long = TooLong { bytes: bytes.len() };
    if bytes.len() > 2_953 {
        return Err(too_long);
    }
    QrCode::encode_binary(bytes, ecc(level)).map(|code| matrix(&code)).map_err(|_| too_long)
}

const fn ecc(level: Level) -> QrCodeEcc {
    match level {
        Level::Low => QrCodeEcc::Low,
        Level::Medium => QrCodeEcc::Medium,
        Level::Quartile => QrCodeEcc::Quartile,
        Level::High => QrCodeEcc::High,
    }
}

pub(crate) fn matrix(code: &QrCode) -> Matrix {
    let side = code.size();
    let dark = (0..side).flat_map(|y| (0..side).map(move |x| code.get_module(x, y))).collect();
    Matrix { size: usize::try_from(side).unwrap_or(0), dark }
}

#[cfg(test)]
mod tests {
    use super::{Level, TooLong, encode, encode_bytes};

    #[test]
    fn a_matrix_has_its_three_finders() {
        let code = encode("HELLO", Level::Quartile).unwrap();
        assert_eq!(code.size(), 21);
        for (x, y) in [(0, 0), (14, 0), (0, 14)] {
            assert!(code.is_dark(x, y) && code.is_dark(x + 3, y + 3) && !code.is_dark(x + 1, y + 1));
        }
        assert!(!code.is_dark(21, 0) && !code.is_dark(0, 21) && !code.is_dark(usize::MAX, usize::MAX));
    }

    #[test]
    fn too_much_is_an_error_with_its_length() {
        assert!(encode_bytes(&[0x80; 2_953], Level::Low).is_ok());
        assert_eq!(encode_bytes(&[0x80; 2_954], Level::Low), Err(TooLong { bytes: 2_954 }));
        assert_eq!(encode(&"a".repeat(2_000), Level::High), Err(TooLong { bytes: 2_000 }));
        assert_eq!(encode(&"7".repeat(100_000), Level::Low), Err(TooLong { bytes: 100_000 }));
    }
}

//! What comes out of OCRA.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::otp::Text;
use crate::secret::SecretBytes;

/// A response: never in `Debug`, compared in constant time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Decimal digits.
    Code(Text),
    /// The whole HMAC, of a suite with 0 digits. RFC 6287 §5.2 says that it is used as it is, and not how it is
    /// written: here, as lower-case hexadecimal digits.
    Mac(SecretBytes),
}

impl Response {
    /// Whether that is what a person typed or a client sent, in constant time. White space and hyphens do not count,
    /// nor does the case of hexadecimal digits.
    #[must_use]
    pub fn is(&self, answer: &str) -> bool {
        match self {
            Self::Code(code) => Text::typed(answer).is_some_and(|typed| typed == *code),
            Self::Mac(mac) => {
                let mut digits = Zeroizing::new(Vec::with_capacity(answer.len()));
                digits.extend(answer.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-'));
                HEXLOWER_PERMISSIVE.decode(&digits).is_ok_and(|bytes| SecretBytes::new(bytes) == *mac)
            }
        }
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Mac(mac) => f.pad(&Zeroizing::new(HEXLOWER.encode(mac.expose()))),
        }
    }
}

//! Bytes or text?

use std::fmt;

/// What a code says.
///
/// A code holds bytes, and seldom says in which character set. The rule: what the code declares (ECI, Kanji mode) holds;
/// else UTF-8 if the bytes are valid UTF-8; else what the bytes look most like (ISO 8859-1, Shift-JIS), but only if that
/// gives a text without control characters. Everything else is bytes: nothing is ever replaced or left out.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text(String),
    /// Binary data, or a text in a character set that nobody declared.
    Bytes(Vec<u8>),
}

impl Content {
    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }

    /// From bytes without a declaration: UTF-8 or bytes.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Bytes(error.into_bytes()), Self::Text)
    }

    /// From the bytes as the code holds them and the text that the decoder made of them.
    pub(crate) fn decide(bytes: Vec<u8>, decoded: String, declared: bool) -> Self {
        if !declared && let Ok(text) = std::str::from_utf8(&bytes) {
            return Self::Text(text.to_owned());
        }
        // The decoder leaves out, in silence, a segment that is invalid in its declared character set. The sets that a
        // code can declare have at most 4 bytes a character, so a text much shorter than its bytes tells of it.
        let left_out = decoded.chars().count() < bytes.len().div_ceil(4);
        let not_text = decoded.chars().any(|c| c == '\u{fffd}' || c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
        if left_out || not_text { Self::Bytes(bytes) } else { Self::Text(decoded) }
    }
}

impl fmt::Debug for Content {
    /// Without the content: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[test]
    fn undeclared_bytes_are_utf8_before_anything_else() {
        let utf8 = "Müller ☃".as_bytes().to_vec();
        assert_eq!(Content::decide(utf8, "wrong".into(), false).text(), Some("Müller ☃"));
        let latin1 = b"M\xfcller".to_vec();
        assert_eq!(Content::decide(latin1, "Müller".into(), false).text(), Some("Müller"));
    }

    #[test]
    fn what_is_no_text_stays_bytes() {
        let binary = vec![0xff, 0x00, 0x81, 0x13];
        assert_eq!(Content::decide(binary.clone(), "ÿ\0\u{81}\u{13}".into(), false), Content::Bytes(binary));
        let dropped = vec![0xff; 40];
        assert_eq!(Content::decide(dropped.clone(), String::new(), true), Content::Bytes(dropped));
    }

    #[test]
    fn debug_does_not_show_what_may_be_a_secret() {
        assert_eq!(format!("{:?}", Content::Text("otpauth".into())), "Text(7 bytes)");
    }
}

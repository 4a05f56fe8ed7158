//! The enrolment link: `countersign://enroll?u=…&k=…&t=…[&n=…][&a=…]`.

use std::fmt;

use super::BaseUrl;
use crate::push::MessageError;
use crate::push::jose::{Thumbprint, decode, encode};
use crate::push::shown::{NAME, TEXT, is_shown};
use crate::secret::SecretBytes;

/// What every invitation begins with.
pub const PREFIX: &str = "countersign://enroll?";
/// The longest invitation in bytes.
const MAX: usize = 4096;

/// A verifier's invitation to enrol: read from a QR code or a link, nothing in it is proven yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The verifier's address; its host is shown to the person before anything is fetched.
    pub base: BaseUrl,
    /// The thumbprint of its identity key.
    pub identity: Thumbprint,
    /// The ticket, 16 to 32 bytes; never sent.
    pub ticket: SecretBytes,
    /// What it says the verifier's name is: a hint, unverified.
    pub name: Option<String>,
    /// What it says the account's name is: a hint, unverified.
    pub account: Option<String>,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("base", &self.base).field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Invitation {
    /// Reads an invitation.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] names the part.
    pub fn parse(text: &str, allow_loopback_http: bool) -> Result<Self, MessageError> {
        let wrong = MessageError::Malformed;
        let query = text.strip_prefix(PREFIX).ok_or(wrong("invitation"))?;
        if text.len() > MAX {
            return Err(wrong("invitation"));
        }
        let mut parts: [Option<String>; 5] = Default::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').ok_or(wrong("invitation"))?;
            let at = ["u", "k", "t", "n", "a"].iter().position(|known| *known == name);
            let part = at.and_then(|at| parts.get_mut(at)).ok_or(wrong("unknown parameter"))?;
            if part.replace(unescape(value).ok_or(wrong("percent-encoding"))?).is_some() {
                return Err(wrong("doubled parameter"));
            }
        }
        let [base, identity, ticket, name, account] = parts;
        let ticket = decode(&ticket.ok_or(wrong("t"))?).filter(|bytes| (16..=32).contains(&bytes.len()));
        let hint = |text: Option<String>, longest, what| match text {
            Some(text) if !is_shown(&text, longest) => Err(wrong(what)),
            text => Ok(text),
        };
        Ok(Self {
            base: BaseUrl::parse(&base.ok_or(wrong("u"))?, allow_loopback_http)?,
            identity: identity.and_then(|text| Thumbprint::parse(&text)).ok_or(wrong("k"))?,
            ticket: ticket.map(SecretBytes::new).ok_or(wrong("t"))?,
            name: hint(name, NAME, "n")?,
            account: hint(account, TEXT, "a")?,
        })
    }

    /// The link, with the ticket in it: for a QR code, never for a log.
    #[must_use]
    pub fn to_uri(&self) -> crate::secret::SecretText {
        let mut uri =
            format!("{PREFIX}u={}&k={}&t={}", escape(self.base.as_str()), self.identity, encode(self.ticket.expose()));
        for (name, value) in [("n", &self.name), ("a", &self.account)] {
            if let Some(value) = value {
                uri.push_str(&format!("&{name}={}", escape(value)));
            }
        }
        crate::secret::SecretText::new(uri)
    }
}

/// Percent-encoding: only unreserved characters (RFC 3986, section 2.3) stand as they are, so that there is one form of each.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Undoes percent-encoding; `+` means `+`. Only printable ASCII may stand unescaped.
#[must_use]
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                bytes.push(u8::try_from(digit()?.checked_mul(16)?.checked_add(digit()?)?).ok()?);
            }
            0x21..=0x7e => bytes.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

//! Accounts as parts of an export that Google Authenticator and most others read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::account::{AccountId, Profile};
use crate::entropy::{Entropy, EntropyError, random};
use crate::otp::{Algorithm, Digits, Kind, Otp, Period};
use crate::secret::SecretText;
use crate::wire::Writer;

/// The most payload bytes of one part: its QR code is still read off another phone's screen.
const MAX_PAYLOAD: usize = 1000;
/// The most payload bytes of one entry: more does not fit in any QR code.
const MAX_ENTRY: usize = 1500;

/// Why the format can't hold an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotExportable {
    /// Only TOTP and HOTP.
    #[error("the format has no codes of the kind {}", .0.name())]
    Kind(Kind),
    /// Only 30 seconds: other apps would make wrong codes without a word.
    #[error("the format has codes of 30 seconds only, not {}", .0.seconds())]
    Period(Period),
    /// Only 6 and 8 digits.
    #[error("the format has codes of 6 or 8 digits only, not {}", .0.get())]
    Digits(Digits),
    /// Only SHA-1, SHA-256 and SHA-512.
    #[error("the format has no {0}")]
    Algorithm(Algorithm),
    /// A counter over 2⁶³ − 1.
    #[error("the format has no counter that high")]
    Counter,
    /// Names and secret that fill more than one QR code.
    #[error("its names and secret do not fit in one QR code")]
    TooLong,
}

/// An account that can't be exported this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CannotExport {
    /// Which.
    pub id: AccountId,
    /// Why.
    pub reason: NotExportable,
}

/// Why there is no export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Accounts that the format can't hold. Leave them out, or choose another format.
    #[error("{} accounts can't be exported in this format", .0.len())]
    NotExportable(Vec<CannotExport>),
    /// More than 1,000 parts.
    #[error("the accounts would need more than 1,000 QR codes")]
    TooMany,
    /// No randomness for the batch's number.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The texts of an export's QR codes, with at most `per_part` accounts in each (fewer where names are long; Google
/// Authenticator itself writes 10).
///
/// # Errors
/// [`ExportError::NotExportable`] names every account that the format can't hold; nothing is exported then.
pub fn export<'a>(
    accounts: impl IntoIterator<Item = (AccountId, &'a Profile, &'a Otp)>,
    per_part: usize,
    entropy: &dyn Entropy,
) -> Result<Vec<SecretText>, ExportError> {
    let (mut entries, mut refused) = (Vec::new(), Vec::new());
    for (id, profile, otp) in accounts {
        match entry(profile, otp) {
            Ok(entry) => entries.push(entry),
            Err(reason) => refused.push(CannotExport { id, reason }),
        }
    }
    if !refused.is_empty() {
        return Err(ExportError::NotExportable(refused));
    }
    let groups = grouped(&entries, per_part.max(1));
    let size = u32::try_from(groups.len()).ok().filter(|size| *size <= super::MAX_PARTS).ok_or(ExportError::TooMany)?;
    // A signed number there: positive, and never the 0 of apps that number no batches.
    let batch = u64::from((u32::from_le_bytes(random(entropy)?) >> 1).max(1));
    Ok((0..size).zip(groups).map(|(index, group)| part(group, size, index, batch)).collect())
}

type Message = Zeroizing<Vec<u8>>;

/// Cuts the entries into parts by number and by bytes.
fn grouped(entries: &[Message], per_part: usize) -> Vec<&[Message]> {
    let mut groups = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |entry: &&Message| {
            bytes += entry.len();
            bytes <= MAX_PAYLOAD
        };
        let count = rest.iter().take(per_part).take_while(fits).count().max(1);
        let (group, behind) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        groups.push(group);
        rest = behind;
    }
    groups
}

fn entry(profile: &Profile, otp: &Otp) -> Result<Message, NotExportable> {
    let (kind, algorithm, digits, counter) = match otp {
        Otp::Totp(totp) if totp.period() != Period::THIRTY => return Err(NotExportable::Period(totp.period())),
        Otp::Totp(totp) => (2, totp.algorithm(), totp.digits(), None),
        Otp::Hotp(hotp) => (1, hotp.algorithm(), hotp.digits(), Some(hotp.counter())),
        Otp::Steam(_) | Otp::Motp(_) | Otp::Yandex(_) => return Err(NotExportable::Kind(otp.kind())),
    };
    let algorithm = match algorithm {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
        Algorithm::Sha224 | Algorithm::Sha384 => return Err(NotExportable::Algorithm(algorithm)),
    };
    let digits = match digits.get() {
        6 => 1,
        8 => 2,
        _ => return Err(NotExportable::Digits(digits)),
    };
    let mut writer = Writer::new();
    writer.bytes(1, otp.secret()).bytes(2, name(profile).as_bytes()).bytes(3, profile.issuer.as_bytes());
    writer.number(4, algorithm).number(5, digits).number(6, kind);
    if let Some(counter) = counter {
        i64::try_from(counter).map_err(|_| NotExportable::Counter)?;
        writer.number(7, counter);
    }
    let message = writer.finish();
    if message.len() > MAX_ENTRY { Err(NotExportable::TooLong) } else { Ok(message) }
}

/// As Google Authenticator writes it: `Issuer:account`. A name with a colon and no issuer stands behind an empty one.
fn name(profile: &Profile) -> String {
    let padded = super::super::names::padded(&profile.name);
    match profile.issuer.as_str() {
        "" if !profile.name.contains(':') => profile.name.clone(),
        issuer => format!("{issuer}:{padded}"),
    }
}

fn part(entries: &[Message], size: u32, index: u32, batch: u64) -> SecretText {
    let mut writer = Writer::new();
    for entry in entries {
        writer.bytes(1, entry);
    }
    writer.number(2, 1).number(3, u64::from(size)).number(4, u64::from(index)).number(5, batch);
    let base64 = Zeroizing::new(STANDARD.encode(writer.finish()));
    let mut text = String::with_capacity(64 + 3 * base64.len());
    text.push_str("otpauth-migration://offline?data=");
    for c in base64.chars() {
        match c {
            '+' => text.push_str("%2B"),
            '/' => text.push_str("%2F"),
            '=' => text.push_str("%3D"),
            other => text.push(other),
        }
    }
    SecretText::new(text)
}

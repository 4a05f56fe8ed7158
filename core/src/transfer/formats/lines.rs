//! A text with a link on each line, as many apps export it. Empty lines and lines that begin with `#` say nothing.

use super::super::{Entry, Error, Reader, Reason, Refused};
use crate::account::Profile;
use crate::watch::{Steps, Watch};

/// After how many bytes the one who watches is told.
const STRIDE: usize = 1 << 14;

/// What a line of such a text begins with.
const SCHEMES: [&str; 4] = ["otpauth://", "otpauth-migration://", "steam://", "motp://"];

/// Whether any line is a link that can be added.
pub(super) fn recognise(file: &[u8]) -> bool {
    lines(file).any(|line| {
        let starts = |scheme: &&str| line.get(..scheme.len()).map(<[u8]>::to_ascii_lowercase);
        SCHEMES.iter().any(|scheme| starts(scheme).as_deref() == Some(scheme.as_bytes()))
    })
}

/// A line that is not UTF-8 is refused alone: the others are not touched by that.
pub(super) fn read(reader: &mut Reader, file: &[u8], watch: Watch<'_>) -> Result<(), Error> {
    let mut steps = Steps::new(watch, file.len(), STRIDE);
    for line in lines(file) {
        // With what ended it.
        steps.done(line.len() + 1)?;
        let place = reader.next_place();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        match std::str::from_utf8(line) {
            Ok(line) => reader.take_text(place, line)?,
            Err(_) => {
                let refused = Refused { place, profile: Profile::default(), reason: Reason::NotUtf8 };
                reader.push(Entry::Refused(Box::new(refused)))?;
            }
        }
    }
    Ok(())
}

fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)
}

//! A picture of QR codes: each code is one text.

use countersign_qr::Budget;

use super::super::{Entry, Error, Reader, Reason, Refused};
use crate::account::Profile;
use crate::enroll::picture::Picture;

pub(super) fn read(reader: &mut Reader, file: &[u8]) -> Result<(), Error> {
    let reading = Picture::decode(file)?.read(Budget::default())?;
    if reading.codes.is_empty() {
        return Err(Error::NoCode);
    }
    for code in reading.codes {
        let place = reader.next_place();
        match code.content.text() {
            Some(text) => reader.take_text(place, text)?,
            None => {
                let refused = Refused { place, profile: Profile::default(), reason: Reason::NoText };
                reader.push(Entry::Refused(Box::new(refused)))?;
            }
        }
    }
    Ok(())
}

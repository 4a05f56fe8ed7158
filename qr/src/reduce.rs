//! A large picture, averaged down by a whole factor.

use crate::budget::Meter;
use crate::luma::Luma;

/// A picture of our own.
pub(crate) struct Owned {
    bytes: Vec<u8>,
    width: usize,
    height: usize,
}

impl Owned {
    pub(crate) fn luma(&self) -> Option<Luma<'_>> {
        Luma::new(&self.bytes, self.width, self.height, self.width).ok()
    }
}

/// More pixels than this are averaged first.
const LARGE: usize = 4_000_000;
/// A longer side is averaged too: the finder counts the pixels of a run in 16 bits.
const LONG: usize = 16_384;

/// The least factor that brings the picture to 4 megapixels; 1 if it is there already.
pub(crate) fn factor(picture: Luma<'_>) -> usize {
    let (width, height) = (picture.width(), picture.height());
    let fits = |k: &usize| (width / k) * (height / k) <= LARGE && width.max(height) / k <= LONG;
    // 64 megapixels in a row of 21 pixels' height need a factor of 187.
    (1..=256).find(fits).unwrap_or(256)
}

/// Each square of `factor` × `factor` pixels becomes one, their mean; the rest at the right and bottom is left out.
/// None when time is up.
pub(crate) fn averaged(picture: Luma<'_>, factor: usize, meter: &Meter<'_>) -> Option<Owned> {
    let (width, height) = (picture.width() / factor, picture.height() / factor);
    let area = u32::try_from(factor * factor).ok()?;
    let mut bytes = Vec::with_capacity(width * height);
    let mut sums = vec![0u32; width];
    for (y, row) in picture.rows().take(height * factor).enumerate() {
        for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(factor)) {
            *sum += pixels.iter().map(|pixel| u32::from(*pixel)).sum::<u32>();
        }
        if (y + 1) % factor == 0 {
            bytes.extend(sums.iter().map(|sum| u8::try_from(sum / area).unwrap_or(u8::MAX)));
            sums.fill(0);
            if !meter.may_go_on() {
                return None;
            }
        }
    }
    Some(Owned { bytes, width, height })
}

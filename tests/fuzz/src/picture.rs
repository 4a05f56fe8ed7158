use countersign_core::enroll::picture::Picture;
use countersign_qr::{Budget, Content, Luma, Reading, read};

/// A small budget: what it costs to use it up is measured by the QR crate's own corpus.
const BUDGET: Budget<'static> = Budget { passes: 4, sets: 12, deadline: None };
/// The most bytes that one QR code holds.
const MOST: usize = 2953;

/// A picture file is refused or decoded within 64 megapixels, and read; each code lies near the picture and holds no
/// more than a code can. Bytes that are no picture file are grey pixels themselves, behind the picture's width.
pub fn picture(bytes: &[u8]) {
    match Picture::decode(bytes) {
        Ok(picture) => {
            let (width, height) = picture.size();
            assert!(width.saturating_mul(height) <= Luma::MAX_PIXELS);
            if let Ok(reading) = picture.read(BUDGET) {
                plausible(&reading, width, height);
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "an error says something");
            pixels(bytes);
        }
    }
}

fn pixels(bytes: &[u8]) {
    let Some((width, pixels)) = bytes.split_first() else { return };
    let width = usize::from(*width);
    let height = pixels.len().checked_div(width).unwrap_or(0);
    if let Ok(luma) = Luma::new(pixels, width, height, width) {
        plausible(&read(luma, BUDGET), width, height);
    }
}

fn plausible(reading: &Reading, width: usize, height: usize) {
    let side = |pixels: usize| u32::try_from(pixels).map_or(f64::MAX, f64::from);
    let near = |at: f32, side: f64| (-side..=2.0 * side).contains(&f64::from(at));
    for code in &reading.codes {
        let corners = &code.corners;
        assert!(
            corners.iter().all(|corner| near(corner.x, side(width)) && near(corner.y, side(height))),
            "{corners:?}"
        );
        let bytes = match &code.content {
            Content::Text(text) => text.len(),
            Content::Bytes(bytes) => bytes.len(),
        };
        // A byte of another character set is up to four of UTF-8, and two digits are under seven bits.
        assert!(bytes <= 4 * MOST, "{bytes} bytes of one code");
    }
}

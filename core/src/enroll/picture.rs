//! Picture files: PNG, JPEG and WebP in, the texts of their QR codes out; and PNG out, for codes that we draw.
//!
//! Only the command line uses this (feature `pictures`); a phone decodes files itself and hands over luma.

use std::io::Cursor;

use countersign_qr::{Budget, Luma, Reading};
use image_webp::WebPDecoder;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The largest decoded picture in bytes.
const MAX_DECODED: usize = 256 << 20;

/// Why a picture file can't be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Neither PNG nor JPEG nor WebP.
    #[error("this file is no PNG, JPEG or WebP picture")]
    UnknownFormat,
    /// Cut short or damaged.
    #[error("the picture is damaged or cut short")]
    Damaged,
    /// Over 64 megapixels, or 256 MiB decoded.
    #[error("the picture is larger than 64 megapixels")]
    TooLarge,
    /// Too small for any QR code.
    #[error("the picture is too small for a QR code")]
    TooSmall,
}

/// A decoded picture: one byte of brightness a pixel, row after row.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    luma: Vec<u8>,
    width: usize,
    height: usize,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}×{})", self.width, self.height)
    }
}

impl Picture {
    /// Decodes a file; the format is told by its first bytes, its size before memory is taken.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn decode(file: &[u8]) -> Result<Self, PictureError> {
        if file.starts_with(b"\x89PNG\r\n\x1a\n") {
            png(file)
        } else if file.starts_with(&[0xff, 0xd8, 0xff]) {
            jpeg(file)
        } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
            webp(file)
        } else {
            Err(PictureError::UnknownFormat)
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// All QR codes in it.
    ///
    /// # Errors
    /// [`PictureError::TooSmall`].
    pub fn read(&self, budget: Budget<'_>) -> Result<Reading, PictureError> {
        let luma = Luma::new(&self.luma, self.width, self.height, self.width).map_err(|_| PictureError::TooSmall)?;
        Ok(countersign_qr::read(luma, budget))
    }
}

fn check(width: usize, height: usize, bytes: Option<usize>) -> Result<usize, PictureError> {
    let pixels = width.checked_mul(height).ok_or(PictureError::TooLarge)?;
    match bytes {
        Some(bytes) if pixels <= Luma::MAX_PIXELS && bytes <= MAX_DECODED => Ok(bytes),
        _ => Err(PictureError::TooLarge),
    }
}

fn png(file: &[u8]) -> Result<Picture, PictureError> {
    let limits = png::Limits { bytes: MAX_DECODED };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(file), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| PictureError::Damaged)?;
    let (width, height) = (side(reader.info().width)?, side(reader.info().height)?);
    let bytes = check(width, height, reader.output_buffer_size())?;
    let mut pixels = vec![0; bytes];
    reader.next_frame(&mut pixels).map_err(|_| PictureError::Damaged)?;
    let channels = reader.output_color_type().0.samples();
    Ok(Picture { luma: to_luma(&pixels, channels), width, height })
}

fn side(pixels: u32) -> Result<usize, PictureError> {
    usize::try_from(pixels).map_err(|_| PictureError::TooLarge)
}

fn jpeg(file: &[u8]) -> Result<Picture, PictureError> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(|_| PictureError::Damaged)?;
    let info = decoder.info().ok_or(PictureError::Damaged)?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    check(width, height, width.checked_mul(height).and_then(|pixels| pixels.checked_mul(3)))?;
    let luma = decoder.decode().map_err(|_| PictureError::Damaged)?;
    if luma.len() == width * height { Ok(Picture { luma, width, height }) } else { Err(PictureError::Damaged) }
}

fn webp(file: &[u8]) -> Result<Picture, PictureError> {
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(|_| PictureError::Damaged)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (side(width)?, side(height)?);
    let bytes = check(width, height, decoder.output_buffer_size())?;
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![0; bytes];
    decoder.read_image(&mut pixels).map_err(|_| PictureError::Damaged)?;
    Ok(Picture { luma: to_luma(&pixels, channels), width, height })
}

/// Brightness by ITU-R BT.601; what is transparent lies on white paper.
fn to_luma(pixels: &[u8], channels: usize) -> Vec<u8> {
    let grey = |r: u8, g: u8, b: u8| (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000;
    let on_white = |value: u32, alpha: u8| (value * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255;
    let pixel = |pixel: &[u8]| match *pixel {
        [grey] => u32::from(grey),
        [grey, alpha] => on_white(grey.into(), alpha),
        [r, g, b] => grey(r, g, b),
        [r, g, b, alpha] => on_white(grey(r, g, b), alpha),
        _ => 255,
    };
    pixels.chunks_exact(channels.max(1)).map(|bytes| pixel(bytes).to_le_bytes()[0]).collect()
}

/// A grey PNG of `side` × `side` pixels.
///
/// # Errors
/// [`PictureError::Damaged`] if `luma` does not have that many bytes.
pub fn write_png(luma: &[u8], side: usize) -> Result<Vec<u8>, PictureError> {
    let pixels = u32::try_from(side).map_err(|_| PictureError::TooLarge)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels, pixels);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(luma)?;
        writer.finish()
    });
    written.map(|()| file).map_err(|_| PictureError::Damaged)
}

#[cfg(test)]
mod tests {
    use countersign_qr::{Budget, Level, encode};

    use super::{Picture, PictureError, write_png};

    #[test]
    fn a_code_that_we_draw_is_read_from_its_png() {
        let text = "otpauth://totp/Example:me?secret=GEZDGNBVGY3TQOJQ&issuer=Example";
        let (luma, side) = encode(text, Level::Medium).unwrap().to_luma(4);
        let picture = Picture::decode(&write_png(&luma, side).unwrap()).unwrap();
        assert_eq!(picture.size(), (side, side));
        let reading = picture.read(Budget::default()).unwrap();
        assert_eq!(reading.codes.len(), 1);
        assert_eq!(reading.codes[0].content.text(), Some(text));
    }

    #[test]
    fn transparent_and_coloured_pixels_become_brightness() {
        assert_eq!(super::to_luma(&[0, 0, 0, 255, 9, 9, 9, 0], 4), [0, 255]);
        assert_eq!(super::to_luma(&[255, 255, 255, 255, 0, 0], 3), [255, 76]);
        assert_eq!(super::to_luma(&[7, 255, 7, 0], 2), [7, 255]);
    }

    #[test]
    fn cut_and_foreign_files_are_refused() {
        let (luma, side) = encode("text", Level::Low).unwrap().to_luma(4);
        let file = write_png(&luma, side).unwrap();
        for length in [9, 30, file.len() / 2] {
            assert_eq!(Picture::decode(&file[..length]), Err(PictureError::Damaged), "{length}");
        }
        assert_eq!(Picture::decode(b"GIF89a"), Err(PictureError::UnknownFormat));
        assert_eq!(Picture::decode(&[0xff, 0xd8, 0xff, 0xe0, 0]), Err(PictureError::Damaged));
        assert_eq!(Picture::decode(b"RIFF\0\0\0\0WEBPVP8 "), Err(PictureError::Damaged));
        assert!(write_png(&[0; 5], 3).is_err());
    }
}

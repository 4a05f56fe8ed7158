//! The picture, borrowed as the camera gives it.

/// Why bytes are not a picture that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A side is under [`Luma::MIN_SIDE`]: no code has so few modules.
    #[error("a picture of {width}×{height} pixels is too small to hold a code")]
    TooSmall {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// More than [`Luma::MAX_PIXELS`].
    #[error("a picture of {width}×{height} pixels is over the limit of 64 megapixels")]
    TooLarge {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// Rows would overlap.
    #[error("rows of {width} pixels can't start {row_stride} bytes apart")]
    StrideTooShort {
        /// Pixels across.
        width: usize,
        /// Bytes from one row's start to the next one's.
        row_stride: usize,
    },
    /// The bytes end before the last row does.
    #[error("the picture needs {needed} bytes and has {given}")]
    BufferTooShort {
        /// `row_stride * (height - 1) + width`.
        needed: usize,
        /// The buffer's length.
        given: usize,
    },
}

/// A picture in shades of grey, one byte a pixel, 0 black and 255 white, borrowed without a copy: the Y plane of a
/// camera's frame, padding included.
#[derive(Clone, Copy)]
pub struct Luma<'a> {
    bytes: &'a [u8],
    width: usize,
    height: usize,
    row_stride: usize,
}

impl std::fmt::Debug for Luma<'_> {
    /// Sizes only: the pixels may show a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Luma({}×{}, stride {})", self.width, self.height, self.row_stride)
    }
}

impl<'a> Luma<'a> {
    /// The least side in pixels: the smallest code has 21 modules.
    pub const MIN_SIDE: usize = 21;
    /// The most pixels of a picture: 64 megapixels.
    pub const MAX_PIXELS: usize = 64_000_000;

    /// A picture of `width` × `height` pixels whose rows start `row_stride` bytes apart. The last row needs no padding.
    ///
    /// # Errors
    /// Each [`Error`], checked in the order of its variants.
    pub fn new(bytes: &'a [u8], width: usize, height: usize, row_stride: usize) -> Result<Self, Error> {
        if width < Self::MIN_SIDE || height < Self::MIN_SIDE {
            return Err(Error::TooSmall { width, height });
        }
        if width.checked_mul(height).is_none_or(|pixels| pixels > Self::MAX_PIXELS) {
            return Err(Error::TooLarge { width, height });
        }
        if row_stride < width {
            return Err(Error::StrideTooShort { width, row_stride });
        }
        let needed = row_stride.saturating_mul(height - 1).saturating_add(width);
        if bytes.len() < needed {
            return Err(Error::BufferTooShort { needed, given: bytes.len() });
        }
        Ok(Self { bytes, width, height, row_stride })
    }

    /// Pixels across.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The rows from the top, each [`width`](Self::width) bytes.
    pub(crate) fn rows(self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks(self.row_stride).take(self.height).map(move |row| row.get(..self.width).unwrap_or(row))
    }

    /// The part of this picture that lies in the rectangle, still without a copy; none where that is too small.
    pub(crate) fn crop(self, left: usize, top: usize, right: usize, bottom: usize) -> Option<Self> {
        let (right, bottom) = (right.min(self.width), bottom.min(self.height));
        let start = top.checked_mul(self.row_stride)?.checked_add(left)?;
        let bytes = self.bytes.get(start..)?;
        Self::new(bytes, right.checked_sub(left)?, bottom.checked_sub(top)?, self.row_stride).ok()
    }
}

//! The way back: a text as a QR code.

use countersign_qr::{Level, encode};

use crate::ApiError;

/// A QR code to draw, dark on light, with at least four modules of light around it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct QrMatrix {
    /// Modules on each side.
    pub size: u32,
    /// One byte a module, row after row: 1 dark, 0 light.
    pub modules: Vec<u8>,
}

/// A text as a QR code, with error correction of level M, or L where it would not fit otherwise.
///
/// # Errors
/// `InvalidInput` (`text-too-long`) for more than a code can hold (2,953 bytes).
#[uniffi::export]
pub fn qr_code(text: String) -> Result<QrMatrix, ApiError> {
    let matrix = encode(&text, Level::Medium)
        .or_else(|_| encode(&text, Level::Low))
        .map_err(|error| ApiError::input("text", &error.to_string(), "text-too-long"))?;
    let size = matrix.size();
    let rows = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let modules = rows.map(|(x, y)| u8::from(matrix.is_dark(x, y))).collect();
    // At most 177.
    Ok(QrMatrix { size: u32::try_from(size).unwrap_or(u32::MAX), modules })
}

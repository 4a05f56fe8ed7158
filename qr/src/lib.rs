//! QR codes: luma in, texts and corners out.

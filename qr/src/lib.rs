//! QR codes: luma in, texts and corners out; texts in, pictures out.
//!
//! The crate knows nothing of accounts, cameras, files or clocks. It is handed bytes and gives values back, and it
//! never panics on a picture, whatever the picture holds.
//!
//! - [`read`] finds the codes in one picture ([`Luma`]) within a [`Budget`], and says what a camera's screen could show.
//! - [`Stream`] does so over a camera's frames: each code is told once, and a code split over several symbols
//!   ("structured append") is told when its last part was seen.
//! - [`encode`] makes a code ([`Matrix`]), drawn as SVG, as terminal text or as luma.
//!
//! How a picture becomes a text, room by room: `luma` (the borrowed picture) → `reduce` (a large one is averaged) →
//! `threshold` (dark or light?) → `engine` (finders, sampling, Reed–Solomon; the only file that knows what we build on)
//! → `content` (bytes or text?) → `reader` (passes, budget, large pictures).

mod budget;
mod content;
mod encode;
mod engine;
mod found;
mod luma;
mod reader;
mod reduce;
mod render;
mod stream;
mod threshold;

#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use content::Content;
pub use encode::{Level, Matrix, TooLong, encode, encode_bytes};
pub use found::{Found, Hint, Part, Point, Reading};
pub use luma::{Error, Luma};
pub use reader::read;
pub use render::Ink;
pub use stream::{Event, Stream};

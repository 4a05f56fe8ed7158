//! What a picture held.

use crate::content::Content;

/// A place in a picture, in pixels from its top left corner; may lie a little outside of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// Whether a point lies inside of four corners, in whichever direction they run.
pub(crate) fn covers(corners: &[Point; 4], at: Point) -> bool {
    let [a, b, c, d] = *corners;
    let side = |from: Point, to: Point| (to.x - from.x) * (at.y - from.y) - (to.y - from.y) * (at.x - from.x) >= 0.0;
    let sides = [side(a, b), side(b, c), side(c, d), side(d, a)];
    sides.iter().all(|side| *side) || sides.iter().all(|side| !*side)
}

/// One symbol of a code that was split over several (ISO/IEC 18004, "structured append").
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Part {
    /// Which one, from 0.
    pub index: u8,
    /// How many there are, 1 to 16.
    pub count: u8,
    /// All bytes of the whole message, XORed; the same in each part, so it tells one message from another.
    pub parity: u8,
    /// This part's bytes. A character may be cut between two parts, so texts are made of the bytes of all parts.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Part {
    /// Without the bytes: they may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({} of {}, {} bytes)", usize::from(self.index) + 1, self.count, self.bytes.len())
    }
}

/// A code that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it says. For a part of a larger message: this part's share, which alone means little.
    pub content: Content,
    /// Where it is: the *code's own* top left, top right, bottom right and bottom left corner, quiet zone excluded. In an
    /// upright picture that is clockwise; the code may be turned, and in a mirrored picture it is counter-clockwise.
    pub corners: [Point; 4],
    /// Set when this symbol is one of several that make up a message; [`Stream`](crate::Stream) puts them together.
    pub structured_append: Option<Part>,
    /// 1 to 40; the code has `17 + 4 * version` modules a side.
    pub version: u8,
    /// Whether the picture shows it mirrored.
    pub mirrored: bool,
}

/// What a camera's screen could tell the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hint {
    /// Nothing that looks like a code.
    #[default]
    Nothing,
    /// Corners of a code but never three that fit together: "show the whole code".
    PartInView,
    /// A whole code, so small that its modules are under 3 pixels: "move closer".
    MoveCloser,
    /// A whole code, large enough, that could not be decoded: "hold still", "more light", "avoid reflections".
    HoldStill,
    /// At least one code was read.
    Read,
}

/// The answer to one picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The codes, each once, in no particular order. Two codes with one text at two places are two.
    pub codes: Vec<Found>,
    /// What to tell the person.
    pub hint: Hint,
    /// Whether all was tried. False when the [`Budget`](crate::Budget) ended first, or the decoder failed on a hostile
    /// picture: there may be codes that are not in `codes`.
    pub complete: bool,
}

//! A camera: each code is told once, and split codes are put together.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use crate::budget::Budget;
use crate::content::Content;
use crate::found::{Found, Hint, Part, Point, Reading};
use crate::luma::Luma;
use crate::reader::read;

/// Something that the person or the app should know of.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A code, or the last part of one.
    Code {
        /// What it says. Of a split code: the bytes of all parts, a text if they are UTF-8.
        content: Content,
        /// Where the code, or its last part, is in this frame; the order as in [`Found::corners`].
        corners: [Point; 4],
    },
    /// A new part of a code that is split over several symbols: "2 of 3".
    Progress {
        /// Parts seen so far, this one included.
        seen: u8,
        /// Parts in all.
        count: u8,
    },
    /// All parts were seen, and their check byte says that they don't belong together. They are forgotten; show them
    /// again, or the code is wrongly made.
    PartsDiffer,
    /// What to tell the person has changed.
    Hint(Hint),
}

/// Reads one frame after the other. Holds no thread, clock or camera; memory is bounded (fingerprints of the last 256
/// codes, 4 split codes of at most 16 symbols).
#[derive(Debug, Default)]
pub struct Stream {
    /// Keyed at random for each stream, so that a fingerprint says nothing about a secret.
    fingerprints: RandomState,
    told: VecDeque<u64>,
    collections: VecDeque<Collection>,
    hint: Hint,
}

const MOST_TOLD: usize = 256;
const MOST_COLLECTIONS: usize = 4;

/// Parts of one split code.
#[derive(Debug)]
struct Collection {
    count: u8,
    parity: u8,
    /// In order of their index, without gaps only when complete.
    parts: Vec<Part>,
}

impl Stream {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a frame; what is new, in order. [`Budget::frame`] suits a live camera.
    pub fn push(&mut self, frame: Luma<'_>, budget: Budget<'_>) -> Vec<Event> {
        self.accept(read(frame, budget))
    }

    /// Forgets everything, so that codes are told again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes what was read of a frame elsewhere; what is new, in order.
    pub fn accept(&mut self, reading: Reading) -> Vec<Event> {
        let mut events: Vec<Event> = reading.codes.into_iter().filter_map(|code| self.code(code)).collect();
        if self.hint != reading.hint {
            self.hint = reading.hint;
            events.push(Event::Hint(reading.hint));
        }
        events
    }

    fn code(&mut self, code: Found) -> Option<Event> {
        let Found { content, corners, structured_append, .. } = code;
        let Some(part) = structured_append else {
            let new = match &content {
                Content::Text(text) => self.tell(("text", text.as_bytes())),
                Content::Bytes(bytes) => self.tell(("bytes", bytes.as_slice())),
            };
            return new.then_some(Event::Code { content, corners });
        };
        if self.told.contains(&self.fingerprint(&part)) {
            return None;
        }
        let mut collection = self.collection(&part);
        if !collection.add(part) {
            self.collections.push_back(collection);
            return None;
        }
        if collection.parts.len() < usize::from(collection.count) {
            // At most 16.
            let seen = u8::try_from(collection.parts.len()).unwrap_or(u8::MAX);
            let count = collection.count;
            self.collections.push_back(collection);
            return Some(Event::Progress { seen, count });
        }
        let bytes: Vec<u8> = collection.parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
        if bytes.iter().fold(0, |parity, byte| parity ^ byte) != collection.parity {
            return Some(Event::PartsDiffer);
        }
        for part in &collection.parts {
            self.tell(part);
        }
        Some(Event::Code { content: Content::from_bytes(bytes), corners })
    }

    /// Takes out the collection that a part belongs to; the oldest one makes room for a new one.
    fn collection(&mut self, part: &Part) -> Collection {
        let at = self.collections.iter().position(|c| (c.count, c.parity) == (part.count, part.parity));
        if let Some(collection) = at.and_then(|at| self.collections.remove(at)) {
            return collection;
        }
        if self.collections.len() >= MOST_COLLECTIONS {
            self.collections.pop_front();
        }
        Collection { count: part.count, parity: part.parity, parts: Vec::new() }
    }

    fn fingerprint(&self, what: impl Hash) -> u64 {
        self.fingerprints.hash_one(what)
    }

    /// Remembers it; false where it was told before.
    fn tell(&mut self, what: impl Hash) -> bool {
        let fingerprint = self.fingerprint(what);
        if self.told.contains(&fingerprint) {
            return false;
        }
        if self.told.len() >= MOST_TOLD {
            self.told.pop_front();
        }
        self.told.push_back(fingerprint);
        true
    }
}

impl Collection {
    /// False where the part is there already. Another one at its place means that a new code is shown: the old parts go.
    fn add(&mut self, part: Part) -> bool {
        match self.parts.binary_search_by_key(&part.index, |known| known.index) {
            Ok(at) if self.parts.get(at) == Some(&part) => return false,
            Ok(_) => self.parts = vec![part],
            Err(at) => self.parts.insert(at, part),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Stream};
    use crate::content::Content;
    use crate::found::{Found, Hint, Part, Reading};

    fn reading(codes: Vec<Found>) -> Reading {
        let hint = if codes.is_empty() { Hint::Nothing } else { Hint::Read };
        Reading { codes, hint, complete: true }
    }

    fn code(text: &str, structured_append: Option<Part>) -> Found {
        let corners = Default::default();
        Found { content: Content::Text(text.into()), corners, structured_append, version: 1, mirrored: false }
    }

    fn part(index: u8, count: u8, parity: u8, text: &[u8]) -> Found {
        code("?", Some(Part { index, count, parity, bytes: text.to_vec() }))
    }

    fn only(event: Option<Event>) -> Option<String> {
        match event? {
            Event::Code { content, .. } => content.text().map(str::to_owned),
            Event::Progress { seen, count } => Some(format!("{seen} of {count}")),
            other => Some(format!("{other:?}")),
        }
    }

    #[test]
    fn each_code_is_told_once_until_reset() {
        let mut stream = Stream::new();
        let told = stream.accept(reading(vec![code("a", None), code("b", None), code("a", None)]));
        assert_eq!(told.len(), 3, "a, b and the hint: {told:?}");
        assert_eq!(stream.accept(reading(vec![code("a", None)])), []);
        assert_eq!(stream.accept(reading(vec![])), [Event::Hint(Hint::Nothing)]);
        stream.reset();
        assert_eq!(stream.accept(reading(vec![code("a", None)])).len(), 2);
    }

    #[test]
    fn parts_in_any_order_make_the_text_even_where_a_character_is_cut() {
        let whole = "grüße".as_bytes();
        let parity = whole.iter().fold(0, |a, b| a ^ b);
        let (first, second, third) = (&whole[..3], &whole[3..5], &whole[5..]);
        let mut stream = Stream::new();
        assert_eq!(only(stream.code(part(2, 3, parity, third))).unwrap(), "1 of 3");
        assert_eq!(stream.code(part(2, 3, parity, third)), None);
        assert_eq!(only(stream.code(part(0, 3, parity, first))).unwrap(), "2 of 3");
        assert_eq!(only(stream.code(part(1, 3, parity, second))).unwrap(), "grüße");
        for seen_again in [part(0, 3, parity, first), part(1, 3, parity, second), part(2, 3, parity, third)] {
            assert_eq!(stream.code(seen_again), None);
        }
    }

    #[test]
    fn parts_of_two_codes_are_not_put_together() {
        let mut stream = Stream::new();
        let parity = b'a' ^ b'b';
        stream.code(part(0, 2, parity, b"a"));
        assert_eq!(stream.code(part(1, 2, parity, b"x")), Some(Event::PartsDiffer));
        // Another first part replaces the one of the code that was shown before.
        stream.code(part(0, 2, parity, b"q"));
        stream.code(part(0, 2, parity, b"a"));
        assert_eq!(only(stream.code(part(1, 2, parity, b"b"))).unwrap(), "ab");
    }

    #[test]
    fn memory_is_bounded() {
        let mut stream = Stream::new();
        for n in 0..1000u16 {
            stream.code(code(&n.to_string(), None));
            stream.code(part(0, 16, n.to_le_bytes()[0], b"part"));
        }
        assert!(stream.told.len() <= super::MOST_TOLD && stream.collections.len() <= super::MOST_COLLECTIONS);
    }
}

//! From bits to codes. The only file that knows what we build on: the finder, sampler and decoder of `rxing`'s port of
//! zxing-cpp (`docs/adr/0002-qr-engine.md`). No type of theirs leaves it.
//!
//! They were not written for hostile pictures: their work is bounded here, and a panic of theirs costs one candidate
//! and not the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{BitArray, BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR};

use crate::budget::Meter;
use crate::content::Content;
use crate::found::{Found, Part, Point, covers};
use crate::threshold::Bits;

/// The finder compares each finder pattern with all before it, so a picture of nothing else could cost a second. Grain has
/// under 3,000 suspects a megapixel, a page of text some hundreds.
const MOST_SUSPECTS: usize = 6_000;

/// One finder pattern, the square of 7 modules in three corners of a code.
#[derive(Clone, Copy)]
pub(crate) struct Finder {
    /// Its middle.
    pub(crate) at: Point,
    /// Its width, pixels.
    pub(crate) size: f32,
}

/// Three finders that could be one code: top left, top right, bottom left.
pub(crate) type Trio = [Finder; 3];

/// What one pass saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) codes: Vec<Found>,
    /// Could be a code, but did not decode; most plausible first.
    pub(crate) unread: Vec<Trio>,
    pub(crate) finders: Vec<Finder>,
}

/// Finds, samples and decodes.
pub(crate) fn look(bits: &Bits, meter: &Meter<'_>) -> Seen {
    let mut seen = Seen::default();
    if bits.suspects() > MOST_SUSPECTS {
        meter.failed();
        return seen;
    }
    let Some(matrix) = matrix(bits) else { return seen };
    // `true`: look at every third row. 0: modules of any size.
    let Some(mut finders) = guarded(meter, || FindFinderPatterns(&matrix, true, 0)) else { return seen };
    if !meter.may_go_on() {
        return seen;
    }
    let sets = guarded(meter, || GenerateFinderPatternSets(&mut finders)).unwrap_or_default();
    seen.finders = finders.iter().map(finder).collect();
    for set in sets {
        let trio = [finder(&set.tl), finder(&set.tr), finder(&set.bl)];
        let taken = |code: &Found| trio.iter().any(|finder| covers(&code.corners, finder.at));
        if seen.codes.iter().any(taken) {
            continue;
        }
        if !meter.take_set() {
            break;
        }
        match guarded(meter, || decode(&matrix, &set)).flatten() {
            Some(code) => seen.codes.push(code),
            None => seen.unread.push(trio),
        }
    }
    // A wrong trio often comes before the right one that shares a finder with it.
    let codes = &seen.codes;
    seen.unread.retain(|trio| !trio.iter().any(|finder| codes.iter().any(|code| covers(&code.corners, finder.at))));
    seen
}

/// The engine's panics end here. The process's panic hook still hears of them, and prints, if that is what it does.
fn guarded<T>(meter: &Meter<'_>, work: impl FnOnce() -> T) -> Option<T> {
    // Nothing that the closure could leave half done is used afterwards.
    let done = catch_unwind(AssertUnwindSafe(work));
    if done.is_err() {
        meter.failed();
    }
    done.ok()
}

fn matrix(bits: &Bits) -> Option<BitMatrix> {
    let mut matrix = BitMatrix::new(u32::try_from(bits.width).ok()?, u32::try_from(bits.height).ok()?).ok()?;
    let mut row = BitArray::with_size(bits.width);
    for (y, words) in (0..).zip(bits.words.chunks(bits.words_per_row)) {
        for (index, word) in words.iter().enumerate() {
            row.setBulk(index * rxing::common::BIT_FIELD_BASE_BITS, *word);
        }
        matrix.setRow(y, &row);
    }
    Some(matrix)
}

fn decode(matrix: &BitMatrix, set: &FinderPatternSet) -> Option<Found> {
    let sampled = SampleQR(matrix, set).ok()?;
    let modules = sampled.getBits();
    // Smaller ones are Micro QR: they have one finder, so this is none of them, and their error correction is weak.
    if modules.width() < 21 || modules.width() != modules.height() {
        return None;
    }
    let [top_left, top_right, bottom_left, bottom_right] =
        sampled.getPoints().try_into().ok().map(|p: [_; 4]| p.map(point))?;
    let decoded = Decode(modules).ok().filter(rxing::common::cpp_essentials::DecoderResult::isValid)?;
    let bytes = decoded.content().bytes().to_vec();
    if bytes.is_empty() {
        // A blank square decodes to nothing: no code says nothing.
        return None;
    }
    let append = decoded.structuredAppend();
    let part = (append.count > 0)
        .then(|| {
            let index = u8::try_from(append.index).ok()?;
            let count = u8::try_from(append.count).ok()?;
            Some(Part { index, count, parity: append.id.parse().ok()?, bytes: bytes.clone() })
        })
        .flatten()
        .filter(|part| part.index < part.count);
    let mirrored = decoded.isMirrored();
    let (second, fourth) = if mirrored { (bottom_left, top_right) } else { (top_right, bottom_left) };
    Some(Found {
        content: Content::decide(bytes, decoded.text(), decoded.content().has_eci),
        corners: [top_left, second, bottom_right, fourth],
        structured_append: part,
        version: u8::try_from(decoded.versionNumber()).ok()?,
        mirrored,
    })
}

fn point(point: rxing::Point) -> Point {
    Point { x: point.x, y: point.y }
}

fn finder(pattern: &ConcentricPattern) -> Finder {
    // A finder is at most as wide as the picture, 16,384 pixels, so that 16 bits hold it.
    let size = u16::try_from(pattern.size).unwrap_or(u16::MAX);
    Finder { at: point(pattern.p), size: f32::from(size) }
}

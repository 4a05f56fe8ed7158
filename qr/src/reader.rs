//! One picture: passes over it, and a closer look at parts of a large one.

use crate::budget::{Budget, Meter};
use crate::engine::{Finder, Trio, look};
use crate::found::{Found, Hint, Point, Reading, covers};
use crate::luma::Luma;
use crate::reduce::{averaged, factor};
use crate::threshold::{Bits, below_mean, midpoint16, softened};

/// Finds and decodes the codes in a picture.
///
/// Each pass tells dark from light in another way; the first pass that reads a code is the last, and it reads all that it
/// can see. A picture of over 4 megapixels is averaged by a whole factor first; what was seen there but not read is
/// looked at again in full resolution. Corners are always in pixels of the given picture.
///
/// Never panics: a failure of the decoder on a hostile picture is caught (the process's panic hook still hears of it; with
/// `panic = "abort"` nothing can be caught) and shows as `complete == false`.
#[must_use]
pub fn read(picture: Luma<'_>, budget: Budget<'_>) -> Reading {
    let meter = Meter::new(budget);
    let mut scan = Scan { meter, codes: Vec::new(), hint: Hint::Nothing };
    match factor(picture) {
        1 => drop(scan.passes(picture, 1.0, Point::default())),
        large => scan.large(picture, large),
    }
    let hint = if scan.codes.is_empty() { scan.hint } else { Hint::Read };
    Reading { codes: scan.codes, hint, complete: scan.meter.complete() }
}

/// What one scan has gathered so far; codes are in pixels of the whole picture.
struct Scan<'a> {
    meter: Meter<'a>,
    codes: Vec<Found>,
    hint: Hint,
}

/// Places worth a closer look, in pixels of the picture that was looked at.
#[derive(Default)]
struct Leads {
    trios: Vec<Trio>,
    finders: Vec<Finder>,
}

/// Modules under this width, in pixels, are hard to tell apart.
const SMALL_MODULE: f32 = 3.0;

impl Scan<'_> {
    /// Runs the passes over a picture, which is a part of the whole one, from `origin`, averaged by `scale`.
    fn passes(&mut self, picture: Luma<'_>, scale: f32, origin: Point) -> Leads {
        let mut leads = Leads::default();
        let mut bits: Option<Bits> = None;
        for pass in 0..self.meter.passes().min(PASSES) {
            if !self.meter.may_go_on() {
                break;
            }
            let now = threshold(picture, pass, bits.take());
            let seen = look(&now, &self.meter);
            if pass < 2 {
                // The later passes see a finder or two in any noise.
                self.hint = better_hint(self.hint, &seen.unread, &seen.finders);
            }
            leads.trios.extend(seen.unread);
            leads.finders.extend(seen.finders);
            let hit = !seen.codes.is_empty();
            for code in seen.codes {
                self.add(code, scale, origin);
            }
            if hit {
                leads.finders.clear();
                break;
            }
            bits = Some(now);
        }
        leads
    }

    fn add(&mut self, mut code: Found, scale: f32, origin: Point) {
        code.corners = code.corners.map(|p| Point { x: p.x * scale + origin.x, y: p.y * scale + origin.y });
        let [a, _, c, _] = code.corners;
        let middle = Point { x: f32::midpoint(a.x, c.x), y: f32::midpoint(a.y, c.y) };
        if !self.codes.iter().any(|known| covers(&known.corners, middle)) {
            self.codes.push(code);
        }
    }

    fn large(&mut self, picture: Luma<'_>, factor: usize) {
        let Some(reduced) = averaged(picture, factor, &self.meter) else { return };
        let Some(small) = reduced.luma() else { return };
        let scale = as_f32(factor);
        let leads = self.passes(small, scale, Point::default());
        let mut pixels_left = CLOSER;
        let mut looked_at: Vec<Area> = Vec::new();
        for area in areas(&leads).map(|area| area.scaled(scale)) {
            let known = self.codes.iter().any(|code| covers(&code.corners, area.middle()));
            if known || looked_at.iter().any(|before| before.holds(area.middle())) || looked_at.len() == MOST_AREAS {
                continue;
            }
            let (left, top) = (whole(area.left), whole(area.top));
            let Some(part) = picture.crop(left, top, whole(area.right), whole(area.bottom)) else { continue };
            let Some(rest) = pixels_left.checked_sub(part.width() * part.height()) else { continue };
            pixels_left = rest;
            looked_at.push(area);
            drop(self.passes(part, 1.0, Point { x: as_f32(left), y: as_f32(top) }));
            if !self.meter.may_go_on() {
                break;
            }
        }
    }
}

const PASSES: u32 = 4;
/// Pixels of a large picture that are looked at in full resolution, and in how many areas.
const CLOSER: usize = 1_500_000;
const MOST_AREAS: usize = 8;

/// `before`: the bits of the pass before this one.
fn threshold(picture: Luma<'_>, pass: u32, before: Option<Bits>) -> Bits {
    match (pass, before) {
        (1, Some(mut bits)) => {
            bits.invert();
            bits
        }
        (2, _) => {
            let soft = softened(picture);
            let (width, height) = (picture.width(), picture.height());
            below_mean(Luma::new(&soft, width, height, width).unwrap_or(picture), 12, 2)
        }
        (3, _) => below_mean(picture, 7, 3),
        _ => midpoint16(picture),
    }
}

fn better_hint(before: Hint, unread: &[Trio], finders: &[Finder]) -> Hint {
    match unread.first() {
        Some(trio) if trio.iter().map(|finder| finder.size).sum::<f32>() < 21.0 * SMALL_MODULE => Hint::MoveCloser,
        Some(_) => Hint::HoldStill,
        // One alone may be anything.
        None if finders.len() > 1 && before == Hint::Nothing => Hint::PartInView,
        None => before,
    }
}

/// A rectangle in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Area {
    fn scaled(self, by: f32) -> Self {
        Self { left: self.left * by, top: self.top * by, right: self.right * by, bottom: self.bottom * by }
    }

    fn middle(&self) -> Point {
        Point { x: f32::midpoint(self.left, self.right), y: f32::midpoint(self.top, self.bottom) }
    }

    fn holds(&self, at: Point) -> bool {
        (self.left..self.right).contains(&at.x) && (self.top..self.bottom).contains(&at.y)
    }
}

/// Where codes may be: around each trio; and around single finders, as far as a code of 60 modules could reach.
fn areas(leads: &Leads) -> impl Iterator<Item = Area> {
    let trios = leads.trios.iter().map(|[top_left, top_right, bottom_left]| {
        let (a, b, c) = (top_left.at, top_right.at, bottom_left.at);
        let points = [a, b, c, Point { x: b.x + c.x - a.x, y: b.y + c.y - a.y }];
        let margin = 1.5 * top_left.size.max(top_right.size).max(bottom_left.size);
        let least = |of: fn(&Point) -> f32| points.iter().map(of).fold(f32::INFINITY, f32::min) - margin;
        let most = |of: fn(&Point) -> f32| points.iter().map(of).fold(f32::NEG_INFINITY, f32::max) + margin;
        Area { left: least(|p| p.x), top: least(|p| p.y), right: most(|p| p.x), bottom: most(|p| p.y) }
    });
    let finders = leads.finders.iter().map(|Finder { at, size }| {
        let reach = 9.0 * size;
        Area { left: at.x - reach, top: at.y - reach, right: at.x + reach, bottom: at.y + reach }
    });
    trios.chain(finders)
}

/// Whole pixels; what lies left of or above the picture becomes its edge.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of a picture's side")]
fn whole(pixels: f32) -> usize {
    pixels.clamp(0.0, 16_777_216.0) as usize
}

/// Exact up to 2²⁴, and no side or factor is larger than 64 million / 21 pixels.
#[expect(clippy::cast_precision_loss, reason = "a picture's side has under 24 bits")]
fn as_f32(pixels: usize) -> f32 {
    pixels as f32
}

//! Dark or light? The pixel kernels: a picture in, one bit a pixel out.
#![expect(
    clippy::indexing_slicing,
    reason = "pixel kernels; each index is bounded by the sides of the picture that it belongs to"
)]

use crate::luma::Luma;

/// One bit a pixel, set where dark; rows of whole words, the lowest bit leftmost.
pub(crate) struct Bits {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) words_per_row: usize,
    pub(crate) words: Vec<usize>,
}

const WORD: usize = usize::BITS as usize;

impl Bits {
    fn new(width: usize, height: usize) -> Self {
        let words_per_row = width.div_ceil(WORD);
        Self { width, height, words_per_row, words: vec![0; words_per_row * height] }
    }

    fn set_row(&mut self, y: usize, dark: impl Iterator<Item = bool>) {
        let row = &mut self.words[y * self.words_per_row..(y + 1) * self.words_per_row];
        for (x, dark) in dark.enumerate() {
            row[x / WORD] |= usize::from(dark) << (x % WORD);
        }
    }

    /// Dark becomes light and light dark.
    pub(crate) fn invert(&mut self) {
        let rest = self.width % WORD;
        let last = if rest == 0 { usize::MAX } else { (1 << rest) - 1 };
        for row in self.words.chunks_mut(self.words_per_row) {
            row.iter_mut().for_each(|word| *word = !*word);
            if let Some(word) = row.last_mut() {
                *word &= last;
            }
        }
    }

    /// How often every third row has five runs that are a little like a finder pattern's (1:1:3:1:1): as the engine chooses
    /// what to look at closely. Its work may grow with the square of this.
    pub(crate) fn suspects(&self) -> usize {
        self.words.chunks(self.words_per_row).skip(2).step_by(3).map(|row| suspects(row, self.width)).sum()
    }
}

fn suspects(row: &[usize], width: usize) -> usize {
    let (mut count, mut runs, mut start, mut dark) = (0, [0usize; 5], 0, false);
    let mut end_run = |end: usize, start: &mut usize, was_dark: bool| {
        runs.rotate_left(1);
        runs[4] = end - *start;
        *start = end;
        let [first, second, middle, fourth, fifth] = runs;
        let alike = middle >= 3 && middle >= 2 * first.max(fifth) && middle >= second.max(fourth);
        // White margins count as runs too, but nothing comes before the row's start.
        count += usize::from(was_dark && alike && first > 0);
    };
    for (index, word) in row.iter().enumerate() {
        // A bit of `edges` is set where a pixel differs from the one to its left.
        let mut edges = *word ^ (*word << 1 | usize::from(dark));
        while edges != 0 {
            // At most 64, so it fits.
            let x = index * WORD + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            end_run(x.min(width), &mut start, dark);
            dark = !dark;
        }
    }
    if dark {
        end_run(width, &mut start, true);
    }
    count
}

const BLOCK: usize = 16;
/// A block and its neighbours with less between dark and light than this hold nothing but noise.
const FLAT: u8 = 12;
/// How many blocks far a flat block looks for a threshold: enough for modules of 50 pixels.
const REACH: usize = 4;

/// Each pixel against the middle between the darkest and the lightest around its 16×16 block: the blocks' extremes are
/// widened to 3×3 blocks, and the thresholds smoothed over 3×3 blocks so that they have no steps. A flat block is inside
/// of a large module if a block near it is not flat, and takes the threshold from there; else it is light.
pub(crate) fn midpoint16(picture: Luma<'_>) -> Bits {
    let (columns, rows) = (picture.width().div_ceil(BLOCK), picture.height().div_ceil(BLOCK));
    let mut extremes = vec![(u8::MAX, u8::MIN); columns * rows];
    for (y, row) in picture.rows().enumerate() {
        let blocks = &mut extremes[y / BLOCK * columns..][..columns];
        for (extreme, pixels) in blocks.iter_mut().zip(row.chunks(BLOCK)) {
            let (low, high) = pixels.iter().fold(*extreme, |(low, high), p| (low.min(*p), high.max(*p)));
            *extreme = (low, high);
        }
    }
    let mut thresholds: Vec<Option<u8>> = (0..columns * rows)
        .map(|at| {
            let around = around(at, columns, rows).map(|other| extremes[other]);
            let (low, high) = around.fold((u8::MAX, u8::MIN), |(l, h), (low, high)| (l.min(low), h.max(high)));
            (high - low >= FLAT).then(|| u8::midpoint(low, high))
        })
        .collect();
    let mean_around = |thresholds: &[Option<u8>], at| {
        let known = around(at, columns, rows).filter_map(|other| thresholds[other]);
        let (sum, count) = known.fold((0u32, 0u32), |(sum, count), t| (sum + u32::from(t), count + 1));
        sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok())
    };
    for _ in 0..REACH {
        thresholds = (0..columns * rows).map(|at| thresholds[at].or_else(|| mean_around(&thresholds, at))).collect();
    }
    let smooth: Vec<u8> = (0..columns * rows).map(|at| mean_around(&thresholds, at).unwrap_or(0)).collect();
    let mut bits = Bits::new(picture.width(), picture.height());
    for (y, row) in picture.rows().enumerate() {
        let blocks = &smooth[y / BLOCK * columns..][..columns];
        bits.set_row(y, row.iter().enumerate().map(|(x, pixel)| *pixel < blocks[x / BLOCK]));
    }
    bits
}

/// The block at this index and those around it.
fn around(at: usize, columns: usize, rows: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % columns, at / columns);
    let across = x.saturating_sub(1)..(x + 2).min(columns);
    (y.saturating_sub(1)..(y + 2).min(rows)).flat_map(move |y| across.clone().map(move |x| y * columns + x))
}

/// Each pixel against the mean of the `2 * radius + 1` square around it: dark if more than `margin` below.
pub(crate) fn below_mean(picture: Luma<'_>, radius: usize, margin: u32) -> Bits {
    let (width, height) = (picture.width(), picture.height());
    let rows: Vec<&[u8]> = picture.rows().collect();
    let mut columns = vec![0u32; width];
    let mut bits = Bits::new(width, height);
    let add = |columns: &mut [u32], row: &[u8]| columns.iter_mut().zip(row).for_each(|(c, p)| *c += u32::from(*p));
    rows.iter().take(radius).for_each(|row| add(&mut columns, row));
    for y in 0..height {
        if let Some(row) = rows.get(y + radius) {
            add(&mut columns, row);
        }
        if let Some(gone) = y.checked_sub(radius + 1) {
            columns.iter_mut().zip(rows[gone]).for_each(|(c, p)| *c -= u32::from(*p));
        }
        let rows_in = (y + radius + 1).min(height) - y.saturating_sub(radius);
        let mut sum: u32 = columns.iter().take(radius).sum();
        let row = rows[y];
        let columns = &columns;
        bits.set_row(
            y,
            (0..width).map(move |x| {
                sum += columns.get(x + radius).copied().unwrap_or(0);
                sum -= x.checked_sub(radius + 1).map_or(0, |gone| columns[gone]);
                let columns_in = (x + radius + 1).min(width) - x.saturating_sub(radius);
                // At most 51 × 51 pixels.
                let count = u32::try_from(rows_in * columns_in).unwrap_or(u32::MAX);
                (u32::from(row[x]) + margin) * count < sum
            }),
        );
    }
    bits
}

/// A 1-2-1 Gauss across and down: less noise. The picture comes back without padding.
pub(crate) fn softened(picture: Luma<'_>) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let rows: Vec<&[u8]> = picture.rows().collect();
    let mut soft = Vec::with_capacity(width * height);
    let mut columns = vec![0u16; width];
    for y in 0..height {
        let (above, row, below) = (rows[y.saturating_sub(1)], rows[y], rows[(y + 1).min(height - 1)]);
        for (x, column) in columns.iter_mut().enumerate() {
            *column = u16::from(above[x]) + 2 * u16::from(row[x]) + u16::from(below[x]);
        }
        soft.extend((0..width).map(|x| {
            let sum = columns[x.saturating_sub(1)] + 2 * columns[x] + columns[(x + 1).min(width - 1)];
            u8::try_from(sum / 16).unwrap_or(u8::MAX)
        }));
    }
    soft
}

#[cfg(test)]
mod tests {
    use super::{Bits, below_mean, midpoint16, suspects};
    use crate::luma::Luma;

    fn dark(bits: &Bits, x: usize, y: usize) -> bool {
        bits.words[y * bits.words_per_row + x / super::WORD] >> (x % super::WORD) & 1 == 1
    }

    #[test]
    fn both_kernels_find_a_dark_square_on_a_gradient() {
        let pixels: Vec<u8> = (0..100 * 70)
            .map(|at| {
                let (x, y) = (at % 100, at / 100);
                let light = u8::try_from(100 + x).unwrap();
                if (40..46).contains(&x) && (30..36).contains(&y) { light - 60 } else { light }
            })
            .collect();
        let picture = Luma::new(&pixels, 100, 70, 100).unwrap();
        for mut bits in [midpoint16(picture), below_mean(picture, 12, 2)] {
            assert!(dark(&bits, 43, 33) && !dark(&bits, 38, 33) && !dark(&bits, 43, 38));
            bits.invert();
            assert!(!dark(&bits, 43, 33) && dark(&bits, 38, 33));
            assert_eq!(bits.words[1] >> 36, 0, "nothing is set beyond the row's end");
        }
    }

    #[test]
    fn a_flat_picture_is_light() {
        let picture = Luma::new(&[90; 40 * 40], 40, 40, 40).unwrap();
        assert!(midpoint16(picture).words.iter().all(|word| *word == 0));
        assert!(below_mean(picture, 7, 3).words.iter().all(|word| *word == 0));
    }

    #[test]
    fn suspects_are_runs_like_a_finder() {
        // 1:1:3:1:1, twice, across a word's border and up to the end.
        let pattern = 0b1011101usize;
        assert_eq!(suspects(&[pattern << 4, 0], 70), 1);
        assert_eq!(suspects(&[pattern << 60, pattern >> 4], 67), 1);
        assert_eq!(suspects(&[0b1010101], 20), 0);
    }
}

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

    fn set_row(&mut self, y: usize, mut dark: impl Iterator<Item = bool>) {
        for word in &mut self.words[y * self.words_per_row..(y + 1) * self.words_per_row] {
            let bits = dark.by_ref().take(WORD).enumerate();
            *word = bits.fold(0, |word, (bit, dark)| word | usize::from(dark) << bit);
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

    /// How many places in every third row look like the middle of a finder pattern, across and down: the engine looks at
    /// each closely, and compares those that it finds with each other.
    pub(crate) fn suspects(&self) -> usize {
        let rows = self.words.chunks(self.words_per_row).enumerate().skip(2).step_by(3);
        rows.map(|(y, row)| {
            let mut count = 0;
            each_suspect(row, self.width, |x, reach| count += usize::from(self.is_crossed(x, y, reach)));
            count
        })
        .sum()
    }

    /// Whether the column through a dark pixel has a finder's proportions too, within `reach` up and down.
    fn is_crossed(&self, x: usize, y: usize, reach: usize) -> bool {
        let dark = |y: usize| self.words[y * self.words_per_row + x / WORD] >> (x % WORD) & 1 == 1;
        let three_runs = |ys: &mut dyn Iterator<Item = usize>| {
            let (mut runs, mut run) = ([0; 3], 0);
            for y in ys.take(reach) {
                if dark(y) == (run % 2 == 1) {
                    run += 1;
                }
                let Some(length) = runs.get_mut(run) else { break };
                *length += 1;
            }
            runs
        };
        let [below_middle, second, first] = three_runs(&mut (0..y).rev());
        let [middle, fourth, fifth] = three_runs(&mut (y..self.height));
        proportioned([first, second, below_middle + middle, fourth, fifth])
    }
}

/// Tells the middle of each five runs that look like a finder pattern's, and three times their length.
fn each_suspect(row: &[usize], width: usize, mut found: impl FnMut(usize, usize)) {
    let (mut runs, mut start, mut dark) = ([0usize; 5], 0, false);
    let mut end_run = |end: usize, start: &mut usize, was_dark: bool| {
        runs.rotate_left(1);
        runs[4] = end - *start;
        *start = end;
        if was_dark && finder_like(runs) {
            found(end - runs[4] - runs[3] - runs[2].div_ceil(2), 3 * runs.iter().sum::<usize>());
        }
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
}

/// As the engine chooses in a row what to look at.
fn finder_like(runs: [usize; 5]) -> bool {
    let [first, second, middle, fourth, fifth] = runs;
    middle >= 3 && 2 * first.max(fifth) <= middle && second.max(fourth) <= middle && proportioned(runs)
}

/// Dark, light, dark, light, dark as 1:1:3:1:1; a dark module may be three quarters of one too wide or narrow, a light one
/// a third, both half a pixel more. This is what the engine asks too.
fn proportioned(runs: [usize; 5]) -> bool {
    let [first, second, middle, fourth, fifth] = runs;
    let (dark, light) = (first + middle + fifth, second + fourth);
    // 5 modules are dark and 2 light: 4 * dark is 20 modules.
    let dark_run = |run: usize, modules: usize| (20 * run).abs_diff(4 * modules * dark) <= 3 * dark + 10;
    runs.iter().all(|run| *run > 0)
        && dark <= 10 * light
        && 5 * light <= 8 * dark
        && (6 * second).abs_diff(3 * light) <= light + 3
        && dark_run(first, 1)
        && dark_run(middle, 3)
        && dark_run(fifth, 1)
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
    use super::{Bits, below_mean, midpoint16};
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
    fn suspects_are_crossed_runs_like_a_finder() {
        // The smallest finder, across a word's border, and the same rows without its light ring above and below.
        let rows = [0b1111111usize, 0b1000001, 0b1011101, 0b1011101, 0b1011101, 0b1000001, 0b1111111];
        let bits = |rows: &[usize]| {
            let words = rows.iter().flat_map(|row| [row << 60, row >> 4]).collect();
            Bits { width: 80, height: rows.len(), words_per_row: 2, words }
        };
        assert_eq!(super::WORD, 64);
        assert_eq!(bits(&rows).suspects(), 1);
        assert_eq!(bits(&[rows[2]; 7]).suspects(), 0);
        assert_eq!(bits(&[0b1010101; 7]).suspects(), 0);
    }
}

//! Mutations of a corpus: what a flipped bit, a torn file or a spiteful person makes of it.

use countersign_fuzz::known::Stream;

/// The files of a corpus as they are, then mutations of them in turn, without end.
pub(crate) struct Mutations {
    corpus: Vec<Vec<u8>>,
    made: usize,
    stream: Stream,
}

impl Mutations {
    pub(crate) fn new(corpus: Vec<Vec<u8>>) -> Self {
        Self { corpus, made: 0, stream: Stream::new(6) }
    }

    /// A number below `bound`; 0 if that is 0.
    fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap().max(1);
        usize::try_from(self.stream.next() % bound).unwrap()
    }

    /// A range within so many bytes, mostly a short one.
    fn range(&self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        let most = if self.below(8) == 0 { length } else { 64 };
        start..(start + 1 + self.below(most)).min(length)
    }

    fn change(&self, file: &mut Vec<u8>) {
        let range = self.range(file.len());
        match self.below(9) {
            0 => file.truncate(range.start),
            1 => drop(file.drain(range)),
            2 => {
                let copy: Vec<u8> = file.get(range.clone()).unwrap_or_default().to_vec();
                drop(file.splice(range.end..range.end, copy));
            }
            3 => {
                let noise: Vec<u8> = range.map(|_| self.stream.next().to_le_bytes()[0]).collect();
                let at = self.below(file.len() + 1);
                drop(file.splice(at..at, noise));
            }
            4 => {
                // The head of this one and the tail of another.
                let other = self.corpus.get(self.below(self.corpus.len())).unwrap();
                file.truncate(range.start);
                file.extend(other.iter().skip(if self.below(2) == 0 { range.start } else { self.below(other.len()) }));
            }
            5 => {
                // Lengths, counts and offsets that nobody means.
                let extremes = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
                let extreme: u32 = extremes.get(self.below(extremes.len())).copied().unwrap();
                let bytes = if self.below(2) == 0 { extreme.to_le_bytes() } else { extreme.to_be_bytes() };
                let width = 1 << self.below(3);
                file.iter_mut().skip(range.start).zip(bytes.iter().take(width)).for_each(|(to, from)| *to = *from);
            }
            _ => {
                if let Some(byte) = file.get_mut(range.start) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}

impl Iterator for Mutations {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let round = self.made / self.corpus.len();
        let mut file = self.corpus.get(self.made % self.corpus.len())?.clone();
        self.made += 1;
        // The first round is the corpus itself.
        for _ in 0..round.min(1 + self.below(4)) {
            self.change(&mut file);
        }
        Some(file)
    }
}

//! Codes that were made are read: sizes, levels, turned, padded, inverted, several; and hostile pictures.

use proptest::prelude::{ProptestConfig, any, proptest};
use qrcodegen::{QrCode, QrCodeEcc, QrSegment, QrSegmentMode};

use crate::encode::matrix;
use crate::{Budget, Content, Error, Event, Hint, Level, Luma, Reading, Stream, encode, encode_bytes, read};

/// A picture that the test may change.
#[derive(Clone)]
struct Canvas {
    bytes: Vec<u8>,
    width: usize,
    height: usize,
}

impl Canvas {
    fn of(text: &str, level: Level, scale: usize) -> Self {
        let (bytes, side) = encode(text, level).unwrap().to_luma(scale);
        Self { bytes, width: side, height: side }
    }

    fn blank(width: usize, height: usize) -> Self {
        Self { bytes: vec![255; width * height], width, height }
    }

    fn draw(&mut self, other: &Self, left: usize, top: usize) {
        for y in 0..other.height {
            let from = &other.bytes[y * other.width..][..other.width];
            self.bytes[(top + y) * self.width + left..][..other.width].copy_from_slice(from);
        }
    }

    /// The picture whose pixel at (x, y) is this one's at `from(x, y)`.
    fn mapped(&self, from: impl Fn(usize, usize) -> (usize, usize)) -> Self {
        let pixel = |at: usize| {
            let (x, y) = from(at % self.width, at / self.width);
            self.bytes[y * self.width + x]
        };
        Self { bytes: (0..self.bytes.len()).map(pixel).collect(), ..*self }
    }

    fn read(&self) -> Reading {
        read(Luma::new(&self.bytes, self.width, self.height, self.width).unwrap(), Budget::default())
    }
}

fn texts(reading: &Reading) -> Vec<&str> {
    reading.codes.iter().map(|code| code.content.text().unwrap()).collect()
}

/// Numbers that look random and are the same on each run.
fn noise(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

const URI: &str = "otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example";

#[test]
fn what_is_made_is_read_at_each_level_and_many_sizes() {
    for level in [Level::Low, Level::Medium, Level::Quartile, Level::High] {
        for length in [1, 17, 60, 180, 400, 1000] {
            let text: String = URI.chars().cycle().take(length).collect();
            for scale in [3, 4, 7] {
                let reading = Canvas::of(&text, level, scale).read();
                assert_eq!(texts(&reading), [text.as_str()], "{level:?}, {length}, {scale}");
                assert_eq!((reading.hint, reading.complete), (Hint::Read, true));
            }
        }
    }
}

#[test]
fn the_largest_code_is_read() {
    let text = "0123456789abcdef".repeat(184);
    assert_eq!(texts(&Canvas::of(&text, Level::Low, 4).read()), [text.as_str()]);
}

#[test]
fn a_code_with_large_modules_is_read() {
    assert_eq!(texts(&Canvas::of("hello", Level::Low, 35).read()), ["hello"]);
}

#[test]
fn padding_between_rows_is_not_looked_at() {
    let code = Canvas::of(URI, Level::Medium, 4);
    for padding in [1, 13, 64] {
        let stride = code.width + padding;
        let mut padded: Vec<u8> = vec![0; stride * code.height];
        for (row, from) in padded.chunks_mut(stride).zip(code.bytes.chunks(code.width)) {
            row[..code.width].copy_from_slice(from);
        }
        padded.truncate(stride * (code.height - 1) + code.width);
        let picture = Luma::new(&padded, code.width, code.height, stride).unwrap();
        assert_eq!(texts(&read(picture, Budget::default())), [URI]);
    }
}

#[test]
fn corners_follow_the_code_as_it_turns_and_mirrors() {
    let code = Canvas::of(URI, Level::Medium, 6);
    let last = code.width - 1;
    let (low, high) = (24.0, f32::from(u16::try_from(code.width).unwrap()) - 24.0);
    let (tl, tr, br, bl) = ((low, low), (high, low), (high, high), (low, high));
    let turned = [
        (code.clone(), [tl, tr, br, bl], false),
        (code.mapped(|x, y| (y, last - x)), [tr, br, bl, tl], false),
        (code.mapped(|x, y| (last - x, last - y)), [br, bl, tl, tr], false),
        (code.mapped(|x, y| (last - y, x)), [bl, tl, tr, br], false),
        (code.mapped(|x, y| (last - x, y)), [tr, tl, bl, br], true),
    ];
    for (turn, (picture, corners, mirrored)) in turned.iter().enumerate() {
        let reading = picture.read();
        assert_eq!(texts(&reading), [URI], "turn {turn}");
        let found = &reading.codes[0];
        assert_eq!(found.mirrored, *mirrored, "turn {turn}");
        for (found, (x, y)) in found.corners.iter().zip(corners) {
            assert!((found.x - x).abs() < 3.0 && (found.y - y).abs() < 3.0, "turn {turn}: {found:?}, not {x}, {y}");
        }
    }
}

#[test]
fn light_on_dark_is_read() {
    let mut code = Canvas::of(URI, Level::Medium, 4);
    code.bytes.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    assert_eq!(texts(&code.read()), [URI]);
}

#[test]
fn low_contrast_is_read() {
    let mut code = Canvas::of(URI, Level::Medium, 5);
    code.bytes.iter_mut().for_each(|pixel| *pixel = if *pixel == 0 { 120 } else { 128 });
    assert_eq!(texts(&code.read()), [URI]);
}

#[test]
fn several_codes_are_each_told_once() {
    let mut page = Canvas::blank(900, 700);
    let wanted = ["first", "second", "third", URI, "first"];
    for (index, text) in wanted.iter().enumerate() {
        page.draw(&Canvas::of(text, Level::Medium, 5), 10 + 290 * (index % 3), 10 + 300 * (index / 3));
    }
    let reading = page.read();
    let mut read = texts(&reading);
    read.sort_unstable();
    assert_eq!(read, ["first", "first", URI, "second", "third"]);
}

#[test]
fn a_small_code_in_a_large_picture_is_read_with_corners_in_its_pixels() {
    // 12 megapixels: averaged by 2, a module has 1.5 pixels.
    let mut page = Canvas::blank(4000, 3000);
    page.draw(&Canvas::of(URI, Level::Medium, 3), 2603, 1701);
    page.draw(&Canvas::of("large", Level::Medium, 20), 100, 100);
    let reading = page.read();
    let mut read = texts(&reading);
    read.sort_unstable();
    assert_eq!(read, ["large", URI]);
    let small = reading.codes.iter().find(|code| code.content.text() == Some(URI)).unwrap();
    let [top_left, ..] = small.corners;
    assert!((top_left.x - 2615.0).abs() < 3.0 && (top_left.y - 1713.0).abs() < 3.0, "{top_left:?}");
}

#[test]
fn bytes_and_character_sets() {
    let binary: Vec<u8> = (0..=255).collect();
    let read_back = |code: &QrCode| {
        let (bytes, side) = matrix(code).to_luma(4);
        Canvas { bytes, width: side, height: side }.read().codes.remove(0)
    };
    let (bytes, side) = encode_bytes(&binary, Level::Low).unwrap().to_luma(4);
    let code = Canvas { bytes, width: side, height: side }.read().codes.remove(0);
    assert_eq!(code.content, Content::Bytes(binary));

    let text = "Bücher ☃ 試験";
    assert_eq!(texts(&Canvas::of(text, Level::Low, 4).read()), [text]);

    // ECI 26 is UTF-8, 7 is ISO 8859-5.
    let eci = |set, bytes: &[u8]| {
        let segments = [QrSegment::make_eci(set), QrSegment::make_bytes(bytes)];
        read_back(&QrCode::encode_segments(&segments, QrCodeEcc::Low).unwrap()).content
    };
    assert_eq!(eci(26, text.as_bytes()), Content::Text(text.into()));
    assert_eq!(eci(7, &[0xbc, 0xd8, 0xe0]), Content::Text("Мир".into()));

    // Kanji mode, 13 bits a character: 点 is 0x935F in Shift-JIS, so (0x93 - 0x81) * 0xC0 + (0x5F - 0x40).
    let value = (0x93 - 0x81) * 0xc0 + (0x5f - 0x40);
    let bits = (0..13).rev().map(|bit| value >> bit & 1 == 1).collect();
    let kanji = QrSegment::new(QrSegmentMode::Kanji, 1, bits);
    let code = read_back(&QrCode::encode_segments(&[kanji], QrCodeEcc::Low).unwrap());
    assert_eq!(code.content, Content::Text("点".into()));
}

#[test]
fn a_split_code_is_told_when_complete() {
    let parity = URI.bytes().fold(0, |parity, byte| parity ^ byte);
    let mut stream = Stream::new();
    let mut told = Vec::new();
    for (index, share) in [(1, &URI[30..]), (1, &URI[30..]), (0, &URI[..30])] {
        let (bytes, side) = split_symbol(index, 2, parity, share.as_bytes());
        told.extend(stream.push(Luma::new(&bytes, side, side, side).unwrap(), Budget::frame()));
    }
    assert!(matches!(told[0], Event::Progress { seen: 1, count: 2 }), "{told:?}");
    assert_eq!(told[1], Event::Hint(Hint::Read));
    let Event::Code { content, .. } = &told[2] else { panic!("{told:?}") };
    assert_eq!((content.text(), told.len()), (Some(URI), 3));
}

/// A version 10 symbol of a split code, its code words put together by hand: mode 3, index, last index, parity; then the
/// bytes as usual.
fn split_symbol(index: u8, count: u8, parity: u8, share: &[u8]) -> (Vec<u8>, usize) {
    let mut bits: Vec<bool> = Vec::new();
    let mut push = |value: usize, length: usize| bits.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
    push(3, 4);
    push(index.into(), 4);
    push(usize::from(count) - 1, 4);
    push(parity.into(), 8);
    push(4, 4);
    push(share.len(), 16);
    share.iter().for_each(|byte| push(usize::from(*byte), 8));
    push(0, 4);
    // Version 10 at level L has 274 data code words.
    let mut words: Vec<u8> = bits
        .chunks(8)
        .map(|byte| (0..8).fold(0, |word, bit| word << 1 | u8::from(byte.get(bit) == Some(&true))))
        .collect();
    words.extend([0xec, 0x11].iter().cycle().take(274 - words.len()));
    matrix(&QrCode::encode_codewords(qrcodegen::Version::new(10), QrCodeEcc::Low, &words, None)).to_luma(4)
}

#[test]
fn damage_in_the_middle_gives_the_right_text_or_none() {
    for size in (0..=20usize).step_by(2) {
        for level in [Level::Low, Level::High] {
            let mut code = Canvas::of(URI, level, 4);
            let patch = Canvas { bytes: vec![0; size * size * 64], width: size * 8, height: size * 8 };
            let start = (code.width - patch.width) / 2;
            if size > 0 {
                code.draw(&patch, start, start);
            }
            for found in code.read().codes {
                assert_eq!(found.content.text(), Some(URI), "{size} {level:?}");
            }
        }
    }
}

#[test]
fn a_code_that_is_seen_but_not_read_gives_a_hint() {
    let mut code = Canvas::of(URI, Level::Low, 6);
    let patch = Canvas { bytes: vec![0; 100 * 100], width: 100, height: 100 };
    code.draw(&patch, 80, 80);
    assert_eq!(code.read().hint, Hint::HoldStill);
    let mut small = Canvas::of(URI, Level::Low, 2);
    small.draw(&Canvas { bytes: vec![0; 30 * 30], width: 30, height: 30 }, 30, 30);
    assert_eq!(small.read().hint, Hint::MoveCloser);
    let half = Canvas { bytes: code.bytes[..code.width * 80].to_vec(), width: code.width, height: 80 };
    assert_eq!(half.read().hint, Hint::PartInView);
    assert_eq!(Canvas::blank(300, 300).read(), Reading { complete: true, ..Reading::default() });
}

#[test]
fn a_spent_budget_is_told() {
    let code = Canvas::of(URI, Level::Low, 4);
    let picture = Luma::new(&code.bytes, code.width, code.height, code.width).unwrap();
    let none = read(picture, Budget { sets: 0, ..Budget::default() });
    assert!(none.codes.is_empty() && !none.complete);
    let late = read(picture, Budget { deadline: Some(&|| true), ..Budget::default() });
    assert!(late.codes.is_empty() && !late.complete);
    let asked = std::cell::Cell::new(0);
    let soon = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    assert!(!read(picture, Budget { deadline: Some(&soon), ..Budget::default() }).complete, "asked inside of the pass");
}

#[test]
fn a_picture_that_is_none_is_an_error() {
    let bytes = [0; 1000];
    assert_eq!(Luma::new(&bytes, 0, 30, 30).unwrap_err(), Error::TooSmall { width: 0, height: 30 });
    assert_eq!(Luma::new(&bytes, 30, 1, 30).unwrap_err(), Error::TooSmall { width: 30, height: 1 });
    let side = usize::MAX;
    assert_eq!(Luma::new(&bytes, side, side, side).unwrap_err(), Error::TooLarge { width: side, height: side });
    assert!(matches!(Luma::new(&bytes, 8001, 8000, 8001), Err(Error::TooLarge { .. })));
    assert_eq!(Luma::new(&bytes, 30, 30, 29).unwrap_err(), Error::StrideTooShort { width: 30, row_stride: 29 });
    assert_eq!(Luma::new(&bytes, 30, 34, 30).unwrap_err(), Error::BufferTooShort { needed: 1020, given: 1000 });
    assert!(matches!(Luma::new(&bytes, 30, 30, usize::MAX), Err(Error::BufferTooShort { .. })));
    assert!(Luma::new(&bytes, 30, 33, 30).is_ok());
}

#[test]
fn mutated_codes_never_give_a_wrong_text() {
    for seed in 0..200 {
        let mut next = noise(seed);
        let mut code = Canvas::of(URI, Level::Low, 3);
        let length = code.bytes.len() as u64;
        for _ in 0..next() % 4_000 {
            let at = usize::try_from(next() % length).unwrap();
            code.bytes[at] = next().to_le_bytes()[0];
        }
        for found in code.read().codes {
            assert_eq!(found.content.text(), Some(URI), "seed {seed}");
        }
    }
}

#[test]
fn hostile_bit_streams_never_panic() {
    for seed in 0..200 {
        let mut next = noise(seed);
        let words: Vec<u8> = (0..274).map(|_| next().to_le_bytes()[0]).collect();
        let code = QrCode::encode_codewords(qrcodegen::Version::new(10), QrCodeEcc::Low, &words, None);
        let (bytes, side) = matrix(&code).to_luma(3);
        let _ = Canvas { bytes, width: side, height: side }.read();
    }
}

#[test]
fn noise_and_stripes_hold_no_code() {
    for seed in 0..20 {
        let mut next = noise(seed);
        let random =
            Canvas { bytes: (0..200 * 200).map(|_| next().to_le_bytes()[0]).collect(), width: 200, height: 200 };
        assert_eq!(random.read().codes, []);
    }
    for period in 2..12 {
        let stripes = Canvas::blank(300, 200).mapped(|x, y| (x, y));
        let bytes = (0..stripes.bytes.len()).map(|at| if at % 300 / period % 2 == 0 { 0 } else { 255 }).collect();
        assert_eq!(Canvas { bytes, ..stripes }.read().codes, []);
    }
}

#[test]
fn a_swarm_of_finders_is_bounded() {
    // The smallest finder, 7 pixels, 9 apart: 50,000 of them.
    let finder = |x: usize, y: usize| x < 7 && y < 7 && [x, 6 - x, y, 6 - y].into_iter().min() != Some(1);
    let bytes = (0..2000 * 2000).map(|at| if finder(at % 2000 % 9, at / 2000 % 9) { 0 } else { 255 }).collect();
    let reading = Canvas { bytes, width: 2000, height: 2000 }.read();
    assert!(reading.codes.is_empty() && !reading.complete);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_buffer_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4000), width in 0usize..80, height in 0usize..80, stride in 0usize..90) {
        if let Ok(picture) = Luma::new(&bytes, width, height, stride) {
            let _ = read(picture, Budget::default());
        }
    }

    #[test]
    fn any_text_comes_back(text in "\\PC{1,80}") {
        let reading = Canvas::of(&text, Level::Medium, 4).read();
        proptest::prop_assert_eq!(texts(&reading), [text.as_str()]);
    }
}

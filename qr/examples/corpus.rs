//! Reads a corpus made by `tests/qr/make_corpus.py` and tells how much of it was read.
//!
//! `cargo run --release -p countersign-qr --example corpus -- DIRECTORY [passes]` prints a line per category and fails
//! when under 80 % of the pictures were read, or when any text is wrong.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use countersign_qr::{Budget, Luma, Reading, read};
use serde::Deserialize;

/// What the corpus says of a picture.
#[derive(Deserialize)]
struct Entry {
    file: String,
    category: String,
    texts: Vec<String>,
}

/// One category's results.
#[derive(Default)]
struct Row {
    read: usize,
    total: usize,
    hits: Vec<Duration>,
    misses: Vec<Duration>,
}

/// The share of pictures that must be read, per cent.
const BAR: usize = 80;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let mut budget = Budget::default();
    if let Some(passes) = arguments.next() {
        budget.passes = passes.parse()?;
    }
    let directory = Path::new(&directory);
    let entries: Vec<Entry> = serde_json::from_slice(&std::fs::read(directory.join("manifest.json"))?)?;
    let mut rows = BTreeMap::<&str, Row>::new();
    let mut wrong = 0;
    let mut missed = Vec::new();
    for entry in &entries {
        let (reading, took) = timed(&directory.join(&entry.file), budget)?;
        let row = rows.entry(&entry.category).or_default();
        row.total += 1;
        let read = |text: &String| reading.codes.iter().any(|code| code.content.text() == Some(text));
        let all = entry.texts.iter().all(read);
        row.read += usize::from(all);
        if all { &mut row.hits } else { &mut row.misses }.push(took);
        if !all {
            missed.push(format!("{} ({:?})", entry.file, reading.hint));
        }
        for code in &reading.codes {
            let expected = entry.texts.iter().any(|text| code.content.text() == Some(text));
            if !expected || reading.codes.len() > entry.texts.len() {
                println!("WRONG {}: {:?}", entry.file, code);
                wrong += 1;
            }
        }
    }
    println!("{:12} {:>9} {:>9} {:>9} {:>9}", "", "read", "hit ms", "miss ms", "most ms");
    for (category, row) in &mut rows {
        print_row(category, row);
    }
    let codes = rows.iter().filter(|(category, _)| **category != "negative");
    let (read, total) = codes.fold((0, 0), |(read, total), (_, row)| (read + row.read, total + row.total));
    println!("missed: {}", missed.join(", "));
    println!("{read}/{total} read, {wrong} wrong");
    Ok(if read * 100 >= total * BAR && wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn timed(file: &Path, budget: Budget<'_>) -> Result<(Reading, Duration), Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let (pixels, width, height) = pgm(&bytes).ok_or_else(|| format!("{}: not a PGM", file.display()))?;
    let picture = Luma::new(pixels, width, height, width)?;
    let start = Instant::now();
    let reading = read(picture, budget);
    Ok((reading, start.elapsed()))
}

/// The pixels, width and height of a binary PGM with one value a line or space, as the corpus has them.
fn pgm(bytes: &[u8]) -> Option<(&[u8], usize, usize)> {
    let mut rest = bytes.strip_prefix(b"P5\n")?;
    let mut number = || {
        let end = rest.iter().position(u8::is_ascii_whitespace)?;
        let (digits, after) = rest.split_at_checked(end)?;
        rest = after.get(1..)?;
        std::str::from_utf8(digits).ok()?.parse::<usize>().ok()
    };
    let (width, height, _) = (number()?, number()?, number()?);
    Some((rest, width, height))
}

fn print_row(category: &str, row: &mut Row) {
    let most = row.hits.iter().chain(&row.misses).max().copied().unwrap_or_default();
    println!(
        "{category:12} {:>9} {:>9} {:>9} {:>9.1}",
        format!("{}/{}", row.read, row.total),
        median(&mut row.hits),
        median(&mut row.misses),
        most.as_secs_f64() * 1000.0
    );
}

fn median(times: &mut [Duration]) -> String {
    times.sort_unstable();
    times.get(times.len() / 2).map_or_else(|| "-".into(), |time| format!("{:.1}", time.as_secs_f64() * 1000.0))
}

//! `countersign-surface`: lists what a built library exports, from the metadata that UniFFI leaves in it.
//!
//! - `countersign-surface LIBRARY`: prints the surface.
//! - `countersign-surface LIBRARY --check FILE`: compares it with a file, and says what has changed.
//!
//! `render`: from metadata to text. `types`: types and defaults. `compare`: what is different between two texts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

mod compare;
mod render;
mod types;

use std::path::Path;
use std::process::ExitCode;

use uniffi_bindgen::macro_metadata::extract_from_bytes;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [library] => surface(library).map(|text| {
            print!("{text}");
            ExitCode::SUCCESS
        }),
        [library, "--check", file] => check(library, file),
        _ => Err("usage: countersign-surface LIBRARY [--check FILE]".to_owned()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn surface(library: &str) -> Result<String, String> {
    let bytes = std::fs::read(Path::new(library)).map_err(|error| format!("{library}: {error}"))?;
    let metadata = extract_from_bytes(&bytes).map_err(|error| format!("{library}: {error:#}"))?;
    if metadata.is_empty() {
        return Err(format!("{library}: it has no metadata: take a build that isn't stripped of all symbols"));
    }
    render::surface(&metadata)
}

fn check(library: &str, file: &str) -> Result<ExitCode, String> {
    let there = std::fs::read_to_string(Path::new(file)).map_err(|error| format!("{file}: {error}"))?;
    let differences = compare::lines(&there, &surface(library)?);
    differences.iter().for_each(|difference| println!("{difference}"));
    if differences.is_empty() {
        println!("surface: as in {file}");
        return Ok(ExitCode::SUCCESS);
    }
    let (added, removed) = compare::count(&differences);
    println!(
        "surface: {added} lines added, {removed} removed; if that is meant: countersign-surface {library} > {file}"
    );
    Ok(ExitCode::FAILURE)
}

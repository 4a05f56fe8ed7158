//! The codes that the sources of this crate give, found where they are written.

use std::collections::BTreeSet;
use std::path::Path;

/// What makes an error of one text, in the errors' own folder.
const SHORT: [&str; 4] = ["input(", "storage(", "gone(", "internal("];

/// Every code in this crate's sources.
pub(super) fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), false, &mut codes);
    assert!(codes.len() > 100, "the sources were not found");
    codes
}

fn read(folder: &Path, errors: bool, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("tests") {
            continue;
        }
        if path.is_dir() {
            read(&path, name == "errors", codes);
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            find(&code, errors, codes);
        }
    }
}

/// A literal is a code where it is the last argument of several (`input("file", …, "newer")`, or a pair of a match), a field
/// `code`, or, in the errors' folder, what a match gives or the one argument of a short maker of errors.
fn find(text: &str, errors: bool, codes: &mut BTreeSet<String>) {
    let mut parts = text.split('"');
    let mut before = parts.next().unwrap_or_default();
    while let (Some(literal), Some(after)) = (parts.next(), parts.next()) {
        let (start, end) = (before.trim_end(), after.trim_start());
        let only = SHORT.iter().any(|maker| start.ends_with(maker)) && end.starts_with(')') || start.ends_with("=>");
        let end = end.strip_prefix(',').map_or(end, str::trim_start);
        let last = start.ends_with(',') && end.starts_with(')');
        if is_code(literal) && (last || start.ends_with("code:") || errors && only) {
            codes.insert(literal.to_owned());
        }
        before = after;
    }
}

fn is_code(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.split('-').all(word)
}

#[test]
fn codes_are_found_where_they_stand_and_nothing_else_is() {
    let mut codes = BTreeSet::new();
    let text = r#"input("file", &reason(), "a-b"); unsupported(
        "request", "it is so", "c",
    ); E::X => ("text", "d"), Self::Locked { code: "e".into() }, E::Y => storage("f"), E::Z => "g", text("what")"#;
    find(text, true, &mut codes);
    assert_eq!(codes.into_iter().collect::<String>(), "a-bcdefg");
}

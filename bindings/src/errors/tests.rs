//! Every code stands in `docs/bindings.md`, under its variant, once, and none stands there that nothing gives.

mod samples;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use super::ApiError;

const DOCS: &str = include_str!("../../../docs/bindings.md");

/// Of each code that is documented: the heading it stands under.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let mut codes = BTreeMap::new();
    let errors = DOCS.split("\n## ").find_map(|section| section.strip_prefix("Errors\n")).unwrap();
    for section in errors.split("\n### ").skip(1) {
        let (heading, rest) = section.split_once('\n').unwrap();
        let rows = rest.lines().filter_map(|line| line.strip_prefix("| `"));
        let mut before = "";
        for row in rows {
            let [code, meaning, advice, ""] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
                panic!("{heading}: three columns, please: {row}")
            };
            let code = code.strip_suffix('`').unwrap();
            assert!(meaning.ends_with('.') && advice.ends_with('.'), "{code} is not explained");
            assert!(before < code, "{heading} is not sorted at {code}");
            assert_eq!(codes.insert(code, heading), None, "{code} stands there twice");
            before = code;
        }
    }
    codes
}

/// The variant's name, as the bindings have it.
fn variant(error: &ApiError) -> String {
    format!("{error:?}").split([' ', '{']).next().unwrap().to_owned()
}

#[test]
fn the_documented_codes_are_those_of_the_sources() {
    let documented: BTreeSet<String> = documented().into_keys().map(str::to_owned).collect();
    let used = sources::codes();
    let missing: Vec<_> = used.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&used).collect();
    assert!(missing.is_empty(), "not in docs/bindings.md: {missing:?}");
    assert!(gone.is_empty(), "in docs/bindings.md, and given by nothing: {gone:?}");
}

#[test]
fn each_error_of_core_is_documented_under_its_variant() {
    let documented = documented();
    for error in samples::errors() {
        assert_eq!(documented.get(error.code()), Some(&variant(&error).as_str()), "{error:?}");
    }
    for code in samples::entries() {
        let heading = documented.get(code.as_str());
        assert!(matches!(heading, Some(&"Entries of a file" | &"InvalidInput")), "{code}: {heading:?}");
    }
}

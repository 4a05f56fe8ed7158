//! Searching 10,000 accounts, against scans of the same texts.

use countersign_core::account::Profile;
use countersign_core::vault::Selection;

use super::accounts::{profile, vault};
use super::harness::{Harness, Outcome, Side, worked};

/// Two words, in other cases than the accounts have them.
const SEARCH: &str = "ZÜRICH dörte.";

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(10_000);
    let vault = vault(&harness.path("search"), count)?;
    let profiles: Vec<_> = (0..count).map(profile).collect();
    let selection = Selection { search: SEARCH.to_owned(), ..Selection::default() };
    let words: Vec<_> = SEARCH.split_whitespace().map(str::to_lowercase).collect();

    let folded = |profile: &Profile| texts(profile).map(|text| text.to_lowercase()).collect::<Vec<_>>();
    let hits = profiles.iter().filter(|profile| matches(&words, &folded(profile))).count();
    if vault.accounts(&selection)?.len() != hits || hits == 0 {
        return Err("the search and the scan find different accounts".into());
    }
    harness.ratio("search: 10,000 accounts / scan that folds case", 3.0, 200, |side| match side {
        Side::Ours => worked(|| Ok(vault.accounts(&selection)?)),
        Side::Reference => worked(|| Ok(profiles.iter().filter(|p| matches(&words, &folded(p))).collect::<Vec<_>>())),
    })?;

    let ready: Vec<String> = profiles.iter().map(|profile| folded(profile).join("\n")).collect();
    harness.ratio("search: 10,000 accounts / scan, folded before", 3.0, 200, |side| match side {
        Side::Ours => worked(|| Ok(vault.accounts(&selection)?)),
        Side::Reference => worked(|| {
            Ok(ready.iter().filter(|text| words.iter().all(|word| text.contains(word.as_str()))).collect::<Vec<_>>())
        }),
    })
}

fn texts(profile: &Profile) -> impl Iterator<Item = &String> {
    [&profile.issuer, &profile.name, &profile.note].into_iter().chain(&profile.tags)
}

fn matches(words: &[String], texts: &[String]) -> bool {
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

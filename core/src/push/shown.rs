//! Text that may stand on a screen: nothing in it can reorder, hide or break what stands beside it.

use unicode_normalization::is_nfc;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::newer::is_newer;

/// The longest name of a server or device, member of a device, or label, in code points.
pub const NAME: usize = 40;
/// The longest of all other shown strings, in code points.
pub const TEXT: usize = 200;

/// Whether a text may be shown: in NFC (Unicode Annex 15), not empty, at most so many code points, none of them a control,
/// surrogate, private-use or unassigned one, a line or paragraph separator, or a format character but U+200C and U+200D
/// (which Persian and Indic scripts and emoji need). It still has to be *isolated* where it is shown beside other text.
#[must_use]
pub fn is_shown(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().count() <= longest && text.chars().all(may_show) && is_nfc(text)
}

fn may_show(character: char) -> bool {
    match character.general_category() {
        GeneralCategory::Control
        | GeneralCategory::Surrogate
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => false,
        GeneralCategory::Format => matches!(character, '\u{200c}' | '\u{200d}'),
        _ => true,
    }
}

/// Makes a text fit: composed, what may not be shown or came after Unicode 13.0 left out, cut to the longest; `fallback` where nothing is left.
///
/// For what this side sends; what it receives is refused, never mended.
#[must_use]
pub fn fit(text: &str, longest: usize, fallback: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let kept = |text: &str| text.nfc().filter(|c| may_show(*c) && !is_newer(*c)).take(longest).collect::<String>();
    // Leaving characters out can bring two together that compose: once more.
    let fitted = kept(&kept(text));
    if is_shown(&fitted, longest) { fitted } else { fallback.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{NAME, TEXT, fit, is_shown};

    #[test]
    fn text_that_misleads_is_refused() {
        for text in [
            "",
            "a\nb",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200b}b",
            "\u{ad}",
            "a\u{2028}",
            "\u{e000}",
            "e\u{301}",
            "\u{378}",
            "a\tb",
            "\u{7f}",
            "\u{feff}",
        ] {
            assert!(!is_shown(text, TEXT), "{text:?}");
        }
        assert!(!is_shown(&"a".repeat(41), NAME));
    }

    #[test]
    fn words_of_all_scripts_may_be_shown() {
        for text in
            ["Payroll", "é", "Straße 5", "می\u{200c}خواهم", "👩\u{200d}💻", "支付 120.00 €", &"\u{1f600}".repeat(40)]
        {
            assert!(is_shown(text, NAME), "{text:?}");
        }
    }

    #[test]
    fn what_is_sent_is_made_to_fit() {
        assert_eq!(fit("Ann\u{2019}s\u{202e} phone\n", NAME, "phone"), "Ann\u{2019}s phone");
        assert_eq!(fit("\u{202e}", NAME, "phone"), "phone");
        assert_eq!(fit("Ann\u{1fae0}", NAME, "phone"), "Ann");
        assert_eq!(fit("e\u{200b}\u{301}", NAME, "phone"), "\u{e9}");
        assert!(is_shown(&fit(&"ä".repeat(100), NAME, "phone"), NAME));
    }
}

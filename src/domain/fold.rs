//! Folding: the form in which texts are searched and titles sorted, the same on every database.
//!
//! Compatibility decomposition (NFKD), Unicode default case folding, diacritics of the Latin,
//! Greek and Cyrillic kind dropped, then NFC, then the letters of [`LETTERS`], which Unicode does not decompose.
//! Marks that make other letters (Japanese voicing, Indic vowels, Arabic points) stay.

use unicode_normalization::UnicodeNormalization;

/// Letters that stand for others in a search, though Unicode does not decompose them. Lower case:
/// it is applied after case folding. Ligatures of the kind of U+FB01 are already taken apart by NFKD.
pub const LETTERS: [(char, &str); 14] = [
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ħ', "h"),
    ('ı', "i"),
    ('ĸ', "k"),
    ('ł', "l"),
    ('ŋ', "n"),
    ('þ', "th"),
    ('ŧ', "t"),
    ('ƒ', "f"),
    ('ʼ', "'"),
];

/// Folds a text; folding twice gives what folding once gives.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed: String = text.nfkd().collect();
    let cased = caseless::default_case_fold_str(&decomposed);
    let bare: String = cased.nfkd().filter(|c| !is_diacritic(*c)).nfc().collect();
    let mut folded = String::with_capacity(bare.len());
    for c in bare.chars() {
        match LETTERS.iter().find(|(letter, _)| *letter == c) {
            Some((_, plain)) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    folded
}

/// The blocks of combining marks that serve alphabets; see the module's text for what is left out.
fn is_diacritic(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// The words of a search, folded; each must occur.
#[must_use]
pub fn words(query: &str) -> Vec<String> {
    query.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Tâche", "tache")]
    #[case("Straße", "strasse")]
    #[case("STRASSE", "strasse")]
    #[case("Łódź", "lodz")]
    #[case("smørrebrød", "smorrebrod")]
    #[case("ŒUVRE", "oeuvre")]
    #[case("DIYARBAKIR ı İ", "diyarbakir i i")]
    #[case("ﬁnal", "final")]
    #[case("ΣΊΣΥΦΟΣ", "σισυφοσ")]
    #[case("Ёлка", "елка")]
    #[case("が", "が")]
    #[case("각", "각")]
    #[case("100% \"quoted\\\" _", "100% \"quoted\\\" _")]
    fn folds(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(fold(text), expected);
    }

    #[test]
    fn splits_at_unicode_white_space() {
        assert_eq!(words(" Crème\u{a0}brûlée\u{2003}x\n"), ["creme", "brulee", "x"]);
        assert!(words(" \t\u{a0}").is_empty());
    }

    proptest! {
        #[test]
        fn is_idempotent(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn makes_no_line_break(text in "[^\n\r\t]{0,40}") {
            prop_assert!(!fold(&text).contains('\n'));
        }
    }
}

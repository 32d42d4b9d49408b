//! How a text stands in a cell of a CSV file, and how it is read out of one again.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or white space of some kinds for a formula, which may
//! call programs (<https://owasp.org/www-community/attacks/CSV_Injection>). An apostrophe before it says that it is a
//! text. It is put there where a spreadsheet needs it, and before the empty text, which an empty cell is not; and to
//! be taken off without a doubt also where apostrophes alone stand before such a sign. All other texts, `'tis` among
//! them, stand as they are.

use std::borrow::Cow;

/// What makes a formula of a cell, the wide forms of Chinese and Japanese spreadsheets included.
const SIGNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The cell for a text.
pub(super) fn write(text: &str) -> Cow<'_, str> {
    if is_marked(text) { format!("'{text}").into() } else { text.into() }
}

/// The text of a cell that is not empty.
pub(super) fn read(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_marked(text)).unwrap_or(cell)
}

/// Whether the text gets an apostrophe.
fn is_marked(text: &str) -> bool {
    let rest = text.trim_start_matches('\'');
    rest.is_empty() || rest.starts_with(SIGNS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "'")]
    #[case("'", "''")]
    #[case("=1+1", "'=1+1")]
    #[case("'=1", "''=1")]
    #[case("-5", "'-5")]
    #[case("\t=1", "'\t=1")]
    #[case("＝1", "'＝1")]
    #[case("'tis", "'tis")]
    #[case("a=b", "a=b")]
    fn marks_what_a_spreadsheet_would_run(#[case] text: &str, #[case] cell: &str) {
        assert_eq!(write(text), cell);
        assert_eq!(read(cell), text);
    }

    proptest! {
        #[test]
        fn comes_back_and_never_begins_with_a_sign(text in "['=+@a-]{0,4}|\\PC*|[\t\r\n＝＋].*") {
            let cell = write(&text);
            prop_assert!(!cell.is_empty() && !cell.starts_with(SIGNS));
            prop_assert_eq!(read(&cell), text.as_str());
        }
    }
}

//! Keys without a character: <https://www.w3.org/TR/webdriver2/#keyboard-actions>.

pub(crate) const TAB: char = '\u{E004}';
pub(crate) const ENTER: char = '\u{E007}';
pub(crate) const SHIFT: char = '\u{E008}';
pub(crate) const CONTROL: char = '\u{E009}';
pub(crate) const ALT: char = '\u{E00A}';
pub(crate) const ESCAPE: char = '\u{E00C}';
pub(crate) const END: char = '\u{E010}';
pub(crate) const LEFT: char = '\u{E012}';
pub(crate) const UP: char = '\u{E013}';
pub(crate) const RIGHT: char = '\u{E014}';
pub(crate) const DOWN: char = '\u{E015}';
pub(crate) const DELETE: char = '\u{E017}';

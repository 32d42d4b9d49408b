//! Finds the line of a place in a file, as a person sees it in an editor.

/// Counts lines up to places that come one after the other, so that the whole file is read once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// The line of an offset that is not before those that were asked for. CR, LF and CRLF end a line.
    pub(super) fn of(&mut self, offset: usize) -> u64 {
        let passed = self.bytes.get(self.at..offset).unwrap_or_default();
        let ends = passed.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => self.bytes.get(self.at + at + 1) != Some(&b'\n'),
            _ => false,
        });
        self.line += u64::try_from(ends.count()).unwrap_or(u64::MAX);
        self.at = self.at.max(offset);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn counts_every_kind_of_line_end_once() {
        let text = b"a\r\nb\nc\rd\r\n\r\ne";
        let mut lines = Lines::new(text);
        let found: Vec<_> = [0, 3, 5, 7, 12].map(|at| lines.of(at)).into();
        assert_eq!(found, [1, 2, 3, 4, 6]);
        // Between the halves of a line end is still the line before.
        assert_eq!(Lines::new(text).of(2), 1);
        assert_eq!(Lines::new(text).of(99), 1, "a place that is not there is not counted");
    }
}

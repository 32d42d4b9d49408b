//! Where a head begins and ends in what a client sends: enough to know that one is not complete, and no more.

/// The bytes of an HTTP/1 connection.
///
/// The parser keeps what came after a request until that is answered, and does not say that there is something. So what
/// has come is compared with what the request takes.
#[derive(Debug)]
pub(super) struct Heads {
    /// How far the end of the head is seen: its last bytes are line ends.
    line_ends: LineEnds,
    /// What came after the head's end.
    behind: u64,
    rest: Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnds {
    /// Only empty lines, which may stand before a head.
    Before,
    Within,
    /// A line has just ended.
    One,
    /// An empty line: the head is complete.
    Both,
}

/// What comes before the next head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// So many bytes of the request's body.
    Bytes(u64),
    /// Nobody knows: chunks, or requests that came together.
    Unknown,
}

impl Default for Heads {
    fn default() -> Self {
        Self { line_ends: LineEnds::Before, behind: 0, rest: Rest::Bytes(0) }
    }
}

impl Heads {
    /// These bytes came while a head was waited for.
    pub(super) fn read_head(&mut self, bytes: &[u8]) {
        for (at, byte) in bytes.iter().enumerate() {
            self.line_ends = match (self.line_ends, byte) {
                (LineEnds::Both, _) => {
                    self.behind += (bytes.len() - at) as u64;
                    return;
                }
                (LineEnds::One, b'\n') => LineEnds::Both,
                (before @ (LineEnds::Before | LineEnds::One), b'\r') => before,
                (LineEnds::Before, b'\n') => LineEnds::Before,
                (LineEnds::Within, b'\n') => LineEnds::One,
                _ => LineEnds::Within,
            };
        }
    }

    /// These bytes came while a request was under way, or after it; whether some of them are of a next head.
    pub(super) fn read_rest(&mut self, bytes: &[u8]) -> bool {
        let Rest::Bytes(left) = self.rest else { return true };
        let length = bytes.len() as u64;
        self.rest = if length > left { Rest::Unknown } else { Rest::Bytes(left - length) };
        let begins = length > left;
        if begins {
            *self = Self { rest: Rest::Unknown, ..Self::default() };
            let skipped = usize::try_from(left).unwrap_or(bytes.len());
            self.read_head(bytes.get(skipped..).unwrap_or_default());
        }
        begins
    }

    /// A head is complete, and its request has a body of this length, if that is known.
    pub(super) fn end_head(&mut self, body: Option<u64>) {
        let left = body.filter(|_| self.line_ends == LineEnds::Both);
        let left = left.and_then(|body| body.checked_sub(self.behind));
        *self = Self { rest: left.map_or(Rest::Unknown, Rest::Bytes), ..Self::default() };
    }

    /// Whether something of a next head may have come already.
    pub(super) fn may_have_begun(&self) -> bool {
        self.rest == Rest::Unknown
    }
}

/// The frames of an HTTP/2 connection (RFC 9113 section 4.1), their payloads passed over.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; Frames::HEAD_BYTES],
    had: usize,
    payload_left: usize,
    /// Whether the client has said its settings, which it must before all else.
    is_set_up: bool,
    in_headers: bool,
}

impl Frames {
    const HEAD_BYTES: usize = 9;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    const CONTINUATION: u8 = 9;
    const END_HEADERS: u8 = 4;

    /// These bytes came.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.had < Self::HEAD_BYTES {
                let length = bytes.len().min(Self::HEAD_BYTES - self.had);
                self.head[self.had..self.had + length].copy_from_slice(&bytes[..length]);
                self.had += length;
                bytes = &bytes[length..];
                if self.had < Self::HEAD_BYTES {
                    return;
                }
                let [a, b, c, ..] = self.head;
                self.payload_left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                self.in_headers |= self.is_of_headers();
            }
            let length = bytes.len().min(self.payload_left);
            self.payload_left -= length;
            bytes = &bytes[length..];
            if self.payload_left == 0 {
                self.end_frame();
            }
        }
    }

    /// Whether the client is in the middle of something that it must not leave undone.
    pub(super) fn is_in_head(&self) -> bool {
        let in_frame_head = (1..Self::HEAD_BYTES).contains(&self.had);
        !self.is_set_up || self.in_headers || in_frame_head
    }

    fn is_of_headers(&self) -> bool {
        matches!(self.head[3], Self::HEADERS | Self::CONTINUATION)
    }

    fn end_frame(&mut self) {
        self.had = 0;
        self.is_set_up |= self.head[3] == Self::SETTINGS;
        if self.is_of_headers() && self.head[4] & Self::END_HEADERS != 0 {
            self.in_headers = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GET: &[u8] = b"\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n";

    #[rstest]
    #[case(b"", Some(0), false)]
    #[case(b"G", Some(0), true)]
    #[case(b"abc", Some(3), false)]
    #[case(b"abcG", Some(3), true)]
    #[case(b"ab", Some(3), false)]
    #[case(b"", None, true)]
    fn knows_what_is_left(
        #[case] behind: &[u8],
        #[case] body: Option<u64>,
        #[case] begun: bool,
        #[values(1, 7, 1_000)] piece: usize,
    ) {
        let mut heads = Heads::default();
        for bytes in [GET, behind].concat().chunks(piece) {
            heads.read_head(bytes);
        }
        heads.end_head(body);
        assert_eq!(heads.may_have_begun(), begun);
    }

    #[test]
    fn knows_the_body_from_the_next_head() {
        let mut heads = Heads::default();
        heads.read_head(GET);
        heads.end_head(Some(5));
        assert!(!heads.read_rest(b"abc"));
        assert!(!heads.read_rest(b"de"));
        assert!(!heads.may_have_begun());
        assert!(heads.read_rest(GET));
        heads.end_head(Some(0));
        assert!(!heads.may_have_begun());
    }

    /// A frame of this type and these flags, with a payload of so many bytes.
    fn frame(kind: u8, flags: u8, bytes: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, bytes, kind, flags, 0, 0, 0, 1];
        frame.resize(9 + usize::from(bytes), 0);
        frame
    }

    #[rstest]
    fn knows_heads_of_http2(#[values(1, 7, 1_000)] piece: usize) {
        let mut frames = Frames::default();
        let mut read = |sent: Vec<u8>| {
            sent.chunks(piece).for_each(|bytes| frames.read(bytes));
            frames.is_in_head()
        };
        assert!(read(Vec::new()), "no settings yet");
        assert!(!read(frame(4, 0, 6)));
        assert!(!read(frame(8, 0, 4)));
        assert!(read(frame(1, 0, 20)));
        assert!(read(frame(9, 0, 0)));
        assert!(!read(frame(9, 4, 20)));
        assert!(read(frame(1, 4, 20)[..12].to_vec()));
        assert!(!read(vec![0; 17]));
        assert!(!read(frame(0, 4, 200)));
        assert!(read(vec![0]));
    }
}

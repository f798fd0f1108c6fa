//! Where a message's head ends: bytes go in as they arrive, each is looked at once.

use super::{EslError, MAX_HEADER, MAX_HEADERS, MAX_MESSAGE};

/// How far a head was scanned.
#[derive(Default)]
pub(super) struct Scan {
    /// The first byte that was not looked at yet.
    at: usize,
    /// Where the line that `at` is in began.
    line: usize,
    lines: usize,
}

/// A head that is complete: its header lines, and where what follows begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub lines: usize,
    pub after: usize,
}

impl Scan {
    /// Nothing was looked at yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// Looks at what is new in `bytes`, which begin where the head begins.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Result<Option<End>, EslError> {
        while let Some(ahead) = bytes[self.at..].iter().position(|&byte| byte == b'\n') {
            let line_feed = self.at + ahead;
            self.at = line_feed + 1;
            if matches!(&bytes[self.line..line_feed], [] | [b'\r']) {
                return Ok(Some(End { lines: self.line, after: self.at }));
            }
            self.end_line(line_feed)?;
        }
        self.at = bytes.len();
        self.check_length(bytes.len())?;
        Ok(None)
    }

    fn end_line(&mut self, line_feed: usize) -> Result<(), EslError> {
        self.check_length(line_feed)?;
        self.line = line_feed + 1;
        self.lines += 1;
        if self.lines > MAX_HEADERS { Err(EslError::TooManyHeaders) } else { Ok(()) }
    }

    /// Checks the line that reaches to `end` so far.
    fn check_length(&self, end: usize) -> Result<(), EslError> {
        match () {
            () if end - self.line > MAX_HEADER => Err(EslError::HeaderTooLong),
            () if end > MAX_MESSAGE => Err(EslError::MessageTooLong),
            () => Ok(()),
        }
    }
}

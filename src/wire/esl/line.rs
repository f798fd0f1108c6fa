//! Text that may go on the wire: it cannot hold a line break.

use std::fmt;

/// One line without CR, LF or NUL; what follows a line break would be read as a command of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Line(Box<str>);

/// One word of a command: a [`Line`] that is not empty and holds no blank.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Line);

/// The text holds a line break or NUL, or, for a word, a blank or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineError;

impl Line {
    pub fn new(text: impl Into<Box<str>>) -> Result<Line, LineError> {
        let text = text.into();
        let breaks = text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        if breaks { Err(LineError) } else { Ok(Line(text)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word {
    pub fn new(text: impl Into<Box<str>>) -> Result<Word, LineError> {
        let line = Line::new(text)?;
        let fits = !line.0.is_empty() && !line.0.contains(char::is_whitespace);
        if fits { Ok(Word(line)) } else { Err(LineError) }
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Compares without regard to case, as the switch does.
    pub fn is(&self, other: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(other)
    }
}

impl From<Word> for Line {
    fn from(word: Word) -> Line {
        word.0
    }
}

impl fmt::Debug for Line {
    /// The size only: a line may be a password or hold a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word({} bytes)", self.as_str().len())
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text for the switch holds a line break or a blank where none may be")
    }
}

impl std::error::Error for LineError {}

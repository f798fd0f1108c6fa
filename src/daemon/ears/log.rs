//! What is logged of ears.

use crate::border::Recogniser;
use tracing::{info, warn};

/// An ear is ready; it was refused so many acts.
pub struct EarReady {
    pub recogniser: Recogniser,
    pub acts_refused: u16,
}

impl EarReady {
    pub fn log(&self) {
        info!(recogniser = self.recogniser.word(), acts_refused = self.acts_refused, "ear ready, locked in");
    }
}

/// A line that an ear wrote before it was locked in, when it had heard nothing.
pub struct EarSays<'a> {
    pub recogniser: Recogniser,
    pub line: &'a str,
}

impl EarSays<'_> {
    pub fn log(&self) {
        warn!(recogniser = self.recogniser.word(), line = self.line, "ear says");
    }
}

pub struct EarEnded<'a> {
    pub recogniser: Recogniser,
    pub why: &'a str,
}

impl EarEnded<'_> {
    pub fn log(&self) {
        warn!(recogniser = self.recogniser.word(), why = self.why, "ear ended");
    }
}

//! What is logged of ears, as small structs: our own sentences and whole numbers, and what an ear had to explain
//! before it had heard anything.

use super::held::Held;
use crate::border::Recogniser;
use tracing::{info, warn};

/// An ear is ready: so many acts were tried from each of its threads, and refused.
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

/// What ears of one kind hold in memory: the gauges.
pub struct EarHolds {
    pub recogniser: Recogniser,
    pub held: Held,
}

impl EarHolds {
    pub fn log(&self) {
        let Held { calls, audio, oldest } = self.held;
        let (audio_s, oldest_s) = (audio.as_secs(), oldest.as_secs());
        info!(recogniser = self.recogniser.word(), calls, audio_s, oldest_s, "ear holds");
    }
}

/// An ear is gone, or could not be started.
pub struct EarEnded<'a> {
    pub recogniser: Recogniser,
    pub why: &'a str,
}

impl EarEnded<'_> {
    pub fn log(&self) {
        warn!(recogniser = self.recogniser.word(), why = self.why, "ear ended");
    }
}

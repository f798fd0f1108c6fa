//! Words as a recogniser gave them: with start, end, probability and speaker.

use crate::call::AgentLeg;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Who spoke: one of the two parties, or a further agent after a transfer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaker {
    Caller,
    /// 1 is the first agent, 2 the one after a transfer, and so on.
    Agent(u8),
}

impl Speaker {
    pub fn is_caller(self) -> bool {
        self == Speaker::Caller
    }
}

/// One recognised word, as the recogniser wrote it: Vosk in lower case and without punctuation, Whisper with
/// capitals, digits and punctuation attached.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Word {
    text: String,
    /// Milliseconds since the bridge.
    pub start_ms: u32,
    pub end_ms: u32,
    /// 0 to 1, as the recogniser gave it.
    pub probability: f32,
}

impl Word {
    pub fn new(text: String, start_ms: u32, end_ms: u32, probability: f32) -> Word {
        Word { text, start_ms, end_ms, probability }
    }

    pub(in crate::confidential) fn text(&self) -> &str {
        &self.text
    }
}

/// What one speaker said before another one did.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Turn {
    #[zeroize(skip)]
    pub speaker: Speaker,
    pub words: Vec<Word>,
}

/// A call's turns in the order of their beginning.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Transcript {
    pub turns: Vec<Turn>,
    /// Where agents are not heard, their silence says nothing.
    #[zeroize(skip)]
    pub agent_leg: AgentLeg,
}

impl Transcript {
    /// Of a call whose parties were both heard.
    pub fn new(turns: Vec<Turn>) -> Transcript {
        Transcript { turns, agent_leg: AgentLeg::Heard }
    }
}

super::never_shown!(Word, Turn, Transcript);
super::wiped!(Word, Turn, Transcript);

//! The life of one call: events of any switch go in, commands come out; no socket, no clock.

mod ids;
mod life;
mod moment;
pub mod numbering;
mod proof;
mod reason;

pub use ids::{CallId, Leg, LegError, Number, NumberError};
pub use life::{Answer, Command, EarEnding, Ending, Event, Life, Phase};
pub use moment::Moment;
pub use proof::{Announced, Stop, SwitchTime};
pub use reason::NoSummary;

use serde::{Deserialize, Serialize};

/// One of the two sides of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Party {
    Caller,
    Agent,
}

impl Party {
    pub fn word(self) -> &'static str {
        match self {
            Party::Caller => "caller",
            Party::Agent => "agent",
        }
    }
}

/// Whether the callers of a line are asked before they are heard, and who may say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The notice tells them, and they may object.
    NotAsked,
    /// The caller, by a key behind the notice.
    ByKey,
    /// Or later the agent, by a key of his, when the caller has told him so.
    ByKeyOrAgent,
}

/// Whether what the agents of a line say is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AgentLeg {
    Heard,
    /// One copy alone is made, of what the caller's own phone sends: nothing that an agent says can be in it.
    NotHeard,
}

impl AgentLeg {
    /// Whose voices are copied.
    pub fn voices(self) -> &'static [Party] {
        match self {
            AgentLeg::Heard => &[Party::Caller, Party::Agent],
            AgentLeg::NotHeard => &[Party::Caller],
        }
    }

    pub fn heard(is: bool) -> AgentLeg {
        if is { AgentLeg::Heard } else { AgentLeg::NotHeard }
    }

    pub fn is_heard(self) -> bool {
        self == AgentLeg::Heard
    }

    pub fn of(word: &str) -> Option<AgentLeg> {
        [AgentLeg::Heard, AgentLeg::NotHeard].into_iter().find(|leg| leg.word() == word)
    }

    /// As the settings say it.
    pub fn word(self) -> &'static str {
        match self {
            AgentLeg::Heard => "heard",
            AgentLeg::NotHeard => "not_heard",
        }
    }
}

/// Which way the sound of a leg goes that is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What its phone is sent: the voice of whoever talks with it.
    ToPhone,
    /// What its phone sends: the voice of whoever holds it.
    FromPhone,
}

/// The language a line speaks: the recogniser is set to it and the note is written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    De,
    Fr,
}

impl Language {
    /// The ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::De => "de",
            Language::Fr => "fr",
        }
    }
}

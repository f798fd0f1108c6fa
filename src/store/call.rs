//! One call as it is kept.

use crate::border::{Channels, Heard, ModelId, Purpose, Recogniser, Topics, Trust};
use crate::call::{AgentLeg, CallId, Language, NoSummary, Number};
use std::collections::BTreeMap;
use std::fmt;

/// A call that has ended, as the daemon tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    pub id: CallId,
    /// The line's name in the config.
    pub line: Name,
    /// The version of the notice that was played, when one was.
    pub notice_version: Option<Name>,
    /// The language of the line and of the note.
    pub language: Language,
    /// `None` when the number was withheld.
    pub caller: Option<Number>,
    pub called: Option<Number>,
    pub offered: UtcMillis,
    pub announced: Option<UtcMillis>,
    /// How the notice was played, where it was to its end.
    pub notice: Option<Played>,
    /// What came of the question of a line that asks for consent.
    pub consent: Option<Decision>,
    pub bridged: Option<UtcMillis>,
    pub ended: UtcMillis,
    /// The switch's word for how it ended (`NORMAL_CLEARING`).
    pub end_cause: Option<Name>,
    pub outcome: Outcome,
    pub origin: Origin,
    /// What was heard; not kept of a call with an objection.
    pub heard: Option<Heard>,
    /// Whether the agents were heard, too; nothing where nobody was, and not kept of a call with an objection.
    pub agent_leg: Option<AgentLeg>,
    /// Who had the call, one after the other; not kept of a call with an objection.
    pub segments: Vec<Segment>,
    /// Where the note is to be looked at by a person first.
    pub draft: Option<Draft>,
}

/// A notice that was played to its end: from when to when by the switch's clock, and what that was measured against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    pub from: UtcMillis,
    pub to: UtcMillis,
    /// Nothing where an earlier run had it played.
    pub measured: Option<Measured>,
}

/// The sounds of a line as they were read from their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// SHA-256 of the notice's file, and of the question's on a line that asks.
    pub sound: Sha256,
    pub question: Option<Sha256>,
    /// Milliseconds that the notice lasts.
    pub lasts: u32,
    /// The version of the settings.
    pub settings: Name,
}

/// A hash, printed as hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Sha256 {
        use sha2::Digest;
        Sha256(sha2::Sha256::digest(bytes).into())
    }

    pub(super) fn parse(digits: &str) -> Option<Sha256> {
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        (digits.len() == 64).then_some(Sha256(bytes))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::hex(&self.0))
    }
}

/// Whether a caller consented, and when that was decided. To what is told by the notice's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub given: bool,
    pub at: UtcMillis,
}

/// A note that its agent may still correct, approve or discard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    pub until: UtcMillis,
    /// It is discarded after that when nobody has corrected or approved it.
    pub discard: bool,
}

/// The talk with one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// His extension or his name for the day, as the line has it, or `outside`.
    pub agent: Option<Name>,
    pub from: UtcMillis,
    pub to: UtcMillis,
}

/// A note, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Noted(Summary),
    NotNoted(NoSummary),
}

/// What a checked `border::Note` says. The border's type cannot be made, so the daemon copies it into this one.
#[derive(Clone, PartialEq)]
pub struct Summary {
    pub text: String,
    pub topics: Topics,
    pub trust: Trust,
}

/// What made the note. The engine is `notes`, the only one yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Recogniser and model; `None` when no ear heard the call.
    pub ear: Option<(Recogniser, ModelId)>,
    /// The version of Callgist that wrote the row.
    pub version: Name,
}

/// A request not to be contacted, made in a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The call, unless there was an objection in it.
    pub call: Option<CallId>,
    /// Its line, unless there was an objection in it.
    pub line: Option<Name>,
    /// The caller's number or the one that was named, in E.164; `None` when it is the caller's and was withheld.
    pub number: Option<Number>,
    pub channels: Channels,
    pub purpose: Purpose,
    pub created: UtcMillis,
}

/// A call read back, with the requests made in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub call: CallRecord,
    pub requests: Vec<Request>,
    pub marks: Marks,
    /// When which promise of the note was marked as kept, by its number.
    pub promises_kept: BTreeMap<u32, UtcMillis>,
}

/// What was done with a call's row since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Not shown (Art. 18 GDPR).
    pub restricted: bool,
    /// Not erased when its time is up (legal hold).
    pub held: bool,
    /// A person put the note's text right.
    pub corrected: bool,
    /// A person found it right as it was.
    pub approved: bool,
}

impl Kept {
    /// Without the note's text where it is restricted.
    pub(super) fn shown(mut self) -> Kept {
        if let (true, Outcome::Noted(summary)) = (self.marks.restricted, &mut self.call.outcome) {
            summary.text.clear();
        }
        self
    }
}

/// Milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcMillis(pub i64);

impl UtcMillis {
    /// Milliseconds of a day.
    pub const DAY: i64 = 86_400_000;

    /// So many days before it.
    pub fn days_before(self, days: u32) -> UtcMillis {
        UtcMillis(self.0.saturating_sub(i64::from(days) * UtcMillis::DAY))
    }

    /// So many days after it.
    pub fn days_after(self, days: u32) -> UtcMillis {
        UtcMillis(self.0.saturating_add(i64::from(days) * UtcMillis::DAY))
    }
}

/// A name without blanks: 1 to 40 letters, digits, `-`, `_`, `.` and `+`. No sentence fits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(Box<str>);

/// The text is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameError;

impl Name {
    pub fn new(text: &str) -> Result<Name, NameError> {
        let fits = (1..=40).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b));
        if fits && plain { Ok(Name(text.into())) } else { Err(NameError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Origin {
    /// Made by this version of Callgist.
    pub fn here(ear: Option<(Recogniser, ModelId)>) -> Origin {
        // Cargo allows no character in a version that a name cannot hold, and a test reads it.
        let version = Name::new(env!("CARGO_PKG_VERSION")).expect("our own version is a name");
        Origin { ear, version }
    }
}

impl Outcome {
    /// Somebody did not want a summary, or may not have.
    pub fn is_objection(&self) -> bool {
        matches!(self, Outcome::NotNoted(NoSummary::Objection | NoSummary::ObjectionSuspected))
    }
}

impl fmt::Debug for Summary {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Summary({} bytes, {:?}, {:?})", self.text.len(), self.topics.words(), self.trust)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name is 1 to 40 letters, digits, -, _, . and +")
    }
}

impl std::error::Error for NameError {}

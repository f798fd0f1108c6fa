//! Every message that may pass between the process that writes (`callgist`) and a process that hears (an ear).
//!
//! A message is one packet of the `SOCK_SEQPACKET` pair on the ear's descriptor 3, at most [`MAX_MESSAGE`] bytes.
//! To the ear goes [`ToEar`]; [`ToEar::Hear`] carries one descriptor (`SCM_RIGHTS`), every other message none.
//! From the ear comes [`FromEar`], never with a descriptor. **No field can hold a sentence except the note's
//! text**, and that is bounded by its type: an ear can encode only `confidential::guard::Guarded`, which only the
//! guard makes; the daemon decodes [`Note`], which nobody can make or encode, and checks it again.

mod left_out;
pub mod table;

pub use left_out::{Kind, LeftOut};

use crate::call::{AgentLeg, CallId, Language, NoSummary, Party};
use crate::wire::rtp::Format;
use arrayvec::ArrayString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Largest message either way, in bytes. A larger one would let a note grow into a transcript.
pub const MAX_MESSAGE: usize = 2_048;

/// Largest text of a note, in bytes: 130 words of ten letters and their blanks fit with room.
pub const MAX_TEXT: usize = 1_536;

/// What the daemon tells an ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToEar {
    /// A call that has been announced begins. `today` is its date, so that "on Thursday" can be told apart; `agent_leg`
    /// says whether a second party will ever be heard.
    Open {
        call: CallId,
        language: Language,
        today: Day,
        agent_leg: AgentLeg,
        left_out: LeftOut,
    },
    /// One party's RTP socket, connected and shut for writing; it comes with this message. A second one for the
    /// same party takes the place of the first.
    Hear {
        call: CallId,
        party: Party,
        format: Format,
    },
    /// The parties are joined: what arrives from here on is heard, what arrived before is thrown away undecoded.
    Bridged {
        call: CallId,
    },
    /// Nothing is heard until `Resumed` (hold).
    Paused {
        call: CallId,
    },
    Resumed {
        call: CallId,
    },
    /// The call is over: recognise what is left and answer. `partial` says that we caused a gap.
    End {
        call: CallId,
        partial: bool,
    },
    /// Wipe the call now and answer `Stopped`: an objection, or nothing more is wanted.
    Stop {
        call: CallId,
    },
    /// Take no more calls; end with the last one.
    Retire,
    /// Are you there?
    Ping {
        number: u32,
    },
}

/// What an ear tells the daemon. `N` is the note: `Guarded` on the ear's side, [`Note`] on the daemon's.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromEar<N> {
    /// Locked in, every forbidden act tried and refused, model warm.
    Ready { recogniser: Recogniser, model: ModelId, acts_refused: u16 },
    /// The first packet of a party has come.
    Flowing { call: CallId, party: Party },
    /// Whole numbers, at most once in ten seconds.
    Counters { call: CallId, heard: Heard },
    /// The call's one ending, with a note.
    Noted { call: CallId, heard: Heard, note: N },
    /// The call's one ending, without a note.
    NotNoted { call: CallId, heard: Heard, reason: NoSummary },
    /// Somebody objected; everything of the call is wiped. The call's one ending.
    Objected { call: CallId },
    /// Somebody asked not to be contacted; at most two a call, before its ending.
    DoNotContact { call: CallId, request: DoNotContact },
    /// The answer to `Stop`: wiped.
    Stopped { call: CallId },
    /// Work on this call panicked there; it is wiped. The ear wants to be rotated. The call's one ending.
    Panicked { call: CallId, file: u16, line: u32 },
    /// The answer to `Ping`.
    Pong { number: u32 },
}

/// What was heard of a call, in whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Milliseconds of the call that were listened to, since the bridge.
    pub listened_ms: u32,
    /// Milliseconds of speech that the voice gate let through, both parties together.
    pub speech_ms: u32,
    /// Milliseconds of that which are recognised.
    pub recognised_ms: u32,
    /// Milliseconds of closed windows that wait for the recogniser or are in it.
    pub backlog_ms: u32,
    /// Words recognised.
    pub words: u32,
    /// RTP packets missing by sequence number.
    pub lost_packets: u32,
}

/// Which library recognises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recogniser {
    Vosk,
    Whisper,
}

impl Recogniser {
    pub fn word(self) -> &'static str {
        match self {
            Recogniser::Vosk => "vosk",
            Recogniser::Whisper => "whisper",
        }
    }
}

/// The first eight bytes of the SHA-256 of the model's largest file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId(pub [u8; 8]);

impl std::fmt::Display for ModelId {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A day of the Gregorian calendar, and the minute of that day when the call began (local time of the line).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub year: i16,
    pub month: u8,
    pub day: u8,
    pub minute: u16,
}

/// A request not to be contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotContact {
    pub channels: Channels,
    pub purpose: Purpose,
    pub number: WhoseNumber,
}

/// Channels that a request names; at least one is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    pub calls: bool,
    pub email: bool,
    pub letters: bool,
    pub sms: bool,
}

impl Channels {
    pub const ALL: Channels = Channels { calls: true, email: true, letters: true, sms: true };

    /// The words of `calls/README.md`: `["all"]` when every channel is named.
    pub fn words(self) -> Vec<&'static str> {
        if self == Channels::ALL {
            return vec!["all"];
        }
        let named =
            [(self.calls, "calls"), (self.email, "email"), (self.letters, "letters"), (self.sms, "sms")];
        named.into_iter().filter_map(|(set, word)| set.then_some(word)).collect()
    }
}

/// What a request not to be contacted is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    Advertising,
    Everything,
}

/// The number a request is about: the caller's own, or the digits of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhoseNumber {
    Caller,
    Named(Digits),
}

/// Up to fifteen decimal digits, packed; nothing else fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digits {
    count: u8,
    value: u64,
}

impl Digits {
    /// `None` unless `text` is 1 to 15 digits.
    pub fn new(text: &str) -> Option<Digits> {
        let fits = (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let value = fits.then(|| text.parse().ok()).flatten()?;
        Some(Digits { count: text.len() as u8, value })
    }

    /// The digits as text, leading zeros included; `None` when a hostile ear sent what `new` cannot make.
    pub fn text(self) -> Option<String> {
        let fits = (1..=15).contains(&self.count) && self.value < 10u64.pow(u32::from(self.count));
        fits.then(|| format!("{:0width$}", self.value, width = usize::from(self.count)))
    }
}

/// The topics of a note, one bit each, in the order of [`TOPICS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topics(pub u32);

/// The closed list of topics (`calls/README.md`).
pub const TOPICS: [&str; 18] = [
    "fault",
    "billing",
    "payment",
    "appointment",
    "booking",
    "cancellation",
    "contract",
    "information",
    "complaint",
    "order",
    "delivery",
    "callback",
    "porting",
    "access",
    "damage_claim",
    "contact_preferences",
    "change_of_data",
    "other",
];

impl Topics {
    pub fn words(self) -> Vec<&'static str> {
        TOPICS.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1).map(|(_, word)| *word).collect()
    }

    /// The same set with the topic `word` in it; an unknown word changes nothing.
    pub fn with(self, word: &str) -> Topics {
        TOPICS.iter().position(|topic| *topic == word).map_or(self, |bit| Topics(self.0 | 1 << bit))
    }
}

/// How far a note can be trusted, with its causes as whole per cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    pub label: TrustLabel,
    /// Mean probability of the recognised words.
    pub confidence_pct: u8,
    /// Recognised words that passed the gates for ghost words and doubt.
    pub kept_pct: u8,
    /// RTP packets that arrived, of those that should have.
    pub arrived_pct: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustLabel {
    Low,
    Fair,
    Good,
}

/// A note as the daemon decodes it. It has no constructor and cannot be encoded.
///
/// Field for field it is what `confidential::guard::Guarded` encodes.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Note {
    language: Language,
    topics: Topics,
    trust: Trust,
    text: ArrayString<MAX_TEXT>,
}

impl Note {
    pub fn language(&self) -> Language {
        self.language
    }

    pub fn topics(&self) -> Topics {
        self.topics
    }

    pub fn trust(&self) -> Trust {
        self.trust
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// How an ear ends: its exit code, the last thing that it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarExit {
    /// It was retired, and its last call has ended.
    Retired,
    Usage,
    /// The model is missing, broken, or does not decode.
    Model,
    Lock,
    /// The daemon is gone, or one of the two did not keep to the border.
    Border,
    /// It panicked before it was ready; what Rust itself ends with.
    Panicked,
    /// A library that it needs is not there; what the dynamic loader ends with, before any code of ours.
    Library,
    /// The kernel did not refuse the act of this number.
    NotRefused(u8),
    /// A code that no ear of ours ends with.
    Unknown,
}

impl EarExit {
    pub fn code(self) -> u8 {
        match self {
            EarExit::Retired => 0,
            EarExit::Usage => 2,
            EarExit::Model => 10,
            EarExit::Lock => 11,
            EarExit::Border => 12,
            EarExit::Panicked => PANICKED,
            EarExit::Library => LIBRARY,
            EarExit::NotRefused(act) => FIRST_ACT.saturating_add(act),
            EarExit::Unknown => 1,
        }
    }

    pub fn of(code: u8) -> EarExit {
        match code {
            0 => EarExit::Retired,
            2 => EarExit::Usage,
            10 => EarExit::Model,
            11 => EarExit::Lock,
            12 => EarExit::Border,
            PANICKED => EarExit::Panicked,
            LIBRARY => EarExit::Library,
            FIRST_ACT.. => EarExit::NotRefused(code - FIRST_ACT),
            _ => EarExit::Unknown,
        }
    }

    /// A sentence for the log.
    pub fn words(self) -> &'static str {
        match self {
            EarExit::Retired => "retired",
            EarExit::Usage => "it was started with arguments that it does not know",
            EarExit::Model => "its model is missing, broken or does not decode",
            EarExit::Lock => "it could not lock itself in",
            EarExit::Border => "the border was broken",
            EarExit::Panicked => "it panicked before it was ready",
            EarExit::Library => "a library that it needs cannot be loaded",
            EarExit::NotRefused(_) => "its lock does not hold",
            EarExit::Unknown => "it ended for a reason that has no number",
        }
    }
}

/// Not ours to choose: Rust's code for a panic, and the dynamic loader's for a library that it did not find.
const PANICKED: u8 = 101;
const LIBRARY: u8 = 127;

/// Acts that were not refused are numbered from here: above what a loader or a shell ends with, and low enough for all
/// of them.
const FIRST_ACT: u8 = 150;

/// A message that is not what this version of the border speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorderError;

impl std::fmt::Display for BorderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a message at the border has the wrong form")
    }
}

impl std::error::Error for BorderError {}

/// Writes one message into `room` and returns the bytes used.
pub fn encode<'a, M: Serialize>(
    message: &M,
    room: &'a mut [u8; MAX_MESSAGE],
) -> Result<&'a [u8], BorderError> {
    postcard::to_slice(message, room).map(|used| &*used).map_err(|_| BorderError)
}

/// Reads one message; bytes left over are an error.
pub fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, BorderError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(BorderError);
    }
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        _ => Err(BorderError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rtp::Codec;
    use proptest::prelude::*;

    #[test]
    fn a_message_is_read_back() {
        let format = Format { codec: Codec::Pcma, payload_type: 8, clock_rate: 8_000, ptime_ms: 20 };
        let said = ToEar::Hear { call: CallId(7), party: Party::Agent, format };
        let mut room = [0; MAX_MESSAGE];
        let bytes = encode(&said, &mut room).unwrap();
        assert_eq!(decode::<ToEar>(bytes), Ok(said));
        assert_eq!(decode::<ToEar>(&[bytes, &[0]].concat()), Err(BorderError));
    }

    #[test]
    fn an_exit_is_read_back_from_its_code() {
        for code in (0..=u8::MAX).filter(|code| EarExit::of(*code) != EarExit::Unknown) {
            assert_eq!(EarExit::of(code).code(), code);
        }
    }

    #[test]
    fn what_the_loader_and_a_panic_end_with_is_no_act_that_was_not_refused() {
        for (code, exit) in [(101, EarExit::Panicked), (126, EarExit::Unknown), (127, EarExit::Library)] {
            assert_eq!(EarExit::of(code), exit);
        }
    }

    #[test]
    fn digits_keep_leading_zeros_and_hold_nothing_else() {
        assert_eq!(Digits::new("0049301").unwrap().text().unwrap(), "0049301");
        assert_eq!(Digits::new("12a"), None);
        assert_eq!(Digits::new("1234567890123456"), None);
        assert_eq!(Digits { count: 2, value: 100 }.text(), None);
    }

    #[test]
    fn topics_are_named_from_the_closed_list() {
        let topics = Topics::default().with("fault").with("callback").with("feelings");
        assert_eq!(topics.words(), ["fault", "callback"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_daemon_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
            let _ = decode::<FromEar<Note>>(&bytes);
            let _ = decode::<ToEar>(&bytes);
        }
    }
}

//! What happens on a simulated call: who speaks, who answers when, who presses what; and what came of it.

use crate::call::Party;
use crate::wire::rtp::Codec;
use std::time::Duration;

/// One call from the outside, told in advance. Speech is 8 kHz, one channel, and begins with the bridge.
#[derive(Clone)]
pub struct Script {
    /// The number that is dialled.
    pub line: String,
    /// Nobody sees who calls where it is `None`.
    pub caller: Option<String>,
    pub caller_speech: Vec<i16>,
    pub agent_speech: Vec<i16>,
    /// What the caller says from the answer on, before there is an agent: nobody may hear it.
    pub caller_before: Vec<i16>,
    /// How long the agent's phone rings; `None` rings until the switch gives up after 60 s.
    pub answer_after: Option<Duration>,
    /// Since the INVITE; `None` is one second after both have said everything.
    pub hangup_after: Option<Duration>,
    pub hangup_by: Party,
    pub events: Vec<(When, Act)>,
    /// The number of the switch's own dialplan (`extensions.xml`) to which the line leads behind the snippet.
    pub leads_to: String,
    /// Who else may be called there, besides `agent`, or in his place.
    pub others: Vec<Agent>,
    pub codec: Codec,
    /// Where the agent's phone speaks another one; the switch transcodes.
    pub agent_codec: Option<Codec>,
    /// The caller's leg is in the codec of this name, which the switch only hands on.
    pub passed_on: Option<&'static str>,
    /// RTP does not pass the switch: such a call cannot be tapped.
    pub bypass_media: bool,
    /// Sound in one packet of the phones: 10, 20, 30, 40 or 60 ms.
    pub ptime_ms: u8,
    /// The phones' way to the switch.
    pub phones: Network,
    /// The taps' way to us.
    pub taps: Network,
    pub seed: u64,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            line: "352260000".into(),
            caller: Some("+352621123456".into()),
            caller_speech: Vec::new(),
            agent_speech: Vec::new(),
            caller_before: Vec::new(),
            answer_after: Some(Duration::from_millis(500)),
            hangup_after: None,
            hangup_by: Party::Caller,
            events: Vec::new(),
            leads_to: "6000".into(),
            others: Vec::new(),
            codec: Codec::Pcma,
            agent_codec: None,
            passed_on: None,
            bypass_media: false,
            ptime_ms: 20,
            phones: Network::default(),
            taps: Network::default(),
            seed: 1,
        }
    }
}

/// Somebody whose phone may ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// As the dialplan calls him: `agent`, `agent2`, `agent3`.
    pub name: String,
    /// What he says from the bridge on.
    pub speech: Vec<i16>,
    pub answers: Answers,
}

/// What becomes of a call to an agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answers {
    After(Duration),
    /// His phone refuses (486).
    BusyAfter(Duration),
    Never,
}

impl Script {
    /// The agent of that name.
    pub(super) fn agent(&self, name: &str) -> Option<Agent> {
        let other = self.others.iter().find(|agent| agent.name == name).cloned();
        other.or_else(|| {
            (name == "agent").then(|| Agent {
                name: name.into(),
                speech: self.agent_speech.clone(),
                answers: self.answer_after.map_or(Answers::Never, Answers::After),
            })
        })
    }
}

/// How bad a way is; nothing is lost and nothing late by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Network {
    /// Share of packets lost, 0.0 to 1.0.
    pub loss: f64,
    /// Packets are late by up to that many milliseconds; more than 20 reorders them.
    pub jitter_ms: u32,
}

/// A moment of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the INVITE.
    Started(Duration),
    /// After the first PLAYBACK_START of a file: the notice.
    Noticed(Duration),
    /// After the first CHANNEL_BRIDGE.
    Bridged(Duration),
}

/// Something that a person, or another operator of the switch, does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Presses keys one after the other, each released 190 ms after the one before.
    Keys(Party, String),
    /// The phone holds by re-INVITE.
    Hold(Party),
    Resume(Party),
    /// `uuid_hold` and `uuid_hold off` of that leg, whose phone keeps sending.
    SwitchHold(Party),
    SwitchResume(Party),
    HangUp(Party),
    /// `uuid_kill`.
    Kill(Party),
    /// The agent transfers blind (REFER): the caller is bridged to a new agent, who says this.
    Transfer {
        speech: Vec<i16>,
        answer_after: Duration,
    },
    /// The agent transfers blind to a number of the switch: of its own dialplan, or the line itself.
    TransferTo(String),
    /// The agent holds, asks `agent2` back, and hands the caller over to him after so long (REFER with Replaces).
    HandOver(Duration),
    /// Somebody calls `agent2` from the switch's console and joins the caller to him (`uuid_bridge`).
    JoinOther,
    /// An agent dials a number of the switch's own dialplan: to fetch a caller from a queue or a parking place.
    DialIn {
        name: String,
        number: String,
    },
    /// `uuid_transfer <caller> -bleg`: the caller is dropped, the agent's leg lives on elsewhere.
    KeepAgent,
    /// `uuid_transfer <caller> -both` to a conference.
    Confer,
    /// The agent hangs up and the caller's leg stays, parked.
    KeepCaller,
    /// `uuid_transfer` of the caller to an extension that echoes.
    Divert,
    /// `uuid_break`.
    Break,
    /// `uuid_broadcast` of a file to the caller.
    Broadcast(String),
    /// `uuid_fileman stop`.
    StopFile,
    /// `uuid_fileman seek:+ms`.
    SeekFile(u32),
    /// Somebody records that leg.
    Record(Party),
    StopRecord(Party),
}

/// What came of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub caller_leg: String,
    /// The last one.
    pub agent_leg: Option<String>,
    /// Since the INVITE, as all that follow.
    pub answered: Option<Duration>,
    pub agent_invited: Option<Duration>,
    pub agent_answered: Option<Duration>,
    pub bridged: Option<Duration>,
    pub ended: Duration,
    pub cause: String,
    /// How much of files (the notice) was sent to the caller's phone, before the bridge and after it.
    pub notice_heard: Duration,
    pub file_heard_in_talk: Duration,
    /// How much of a ringing tone was sent to the caller.
    pub ringing_heard: Duration,
    /// Packets of the caller's voice that reached the agent, and the other way round.
    pub caller_packets: u64,
    pub agent_packets: u64,
    pub taps: Vec<TapReport>,
}

/// What one tap carried.
#[derive(Clone, Debug, PartialEq)]
pub struct TapReport {
    pub leg: String,
    /// The party whose leg is tapped; in a write tap the other one is heard.
    pub target: Party,
    pub side: Side,
    /// Since the INVITE of the call.
    pub attached: Duration,
    pub sent: u64,
    /// Of those sent: packets that the switch made up because it had read nothing.
    pub fillers: u64,
    /// Packets that the network took.
    pub lost: u64,
}

/// What a tap copies: what the switch reads from the leg's phone, or what it writes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Read,
    Write,
}

//! One leg as FreeSWITCH keeps it, and the headers by which its events tell about it.

use super::dialplan::Action;
use super::media::{Beat, Phone, Playing};
use crate::wire::esl::{Event, Execute};
use crate::wire::rtp::Codec;
use std::collections::VecDeque;
use std::time::Duration;

/// A leg.
pub(super) struct Channel {
    pub(super) uuid: String,
    /// The call it is of; a tap has none.
    pub(super) call: Option<u64>,
    pub(super) inbound: bool,
    pub(super) name: String,
    pub(super) caller_name: String,
    pub(super) caller_number: String,
    pub(super) destination: String,
    pub(super) session: u64,
    variables: Vec<(String, String)>,
    pub(super) state: State,
    pub(super) call_state: &'static str,
    pub(super) answer: Answer,
    pub(super) cause: Option<String>,
    pub(super) codec: Option<Codec>,
    /// The name of another one, which the switch does not decode.
    pub(super) passed_on: Option<&'static str>,
    /// `originator` or `originatee`, and the leg.
    pub(super) other: Option<(&'static str, String)>,
    pub(super) call_uuid: String,
    pub(super) times: Times,
    /// What runs, the innermost last.
    pub(super) apps: Vec<App>,
    /// What `sendmsg` asked for and has not begun.
    pub(super) queue: VecDeque<Execute>,
    /// What the dialplan has still to do.
    pub(super) todo: VecDeque<Action>,
    pub(super) bindings: Vec<Binding>,
    pub(super) realm: Option<String>,
    /// Of the keys that the other party of a talk presses.
    pub(super) peer_realm: Option<String>,
    /// Keys that may become a bound sequence.
    pub(super) digits: String,
    /// Counts keys, so that an old time-out is known as such.
    pub(super) digit_no: u64,
    pub(super) break_asked: bool,
    /// `Application-Response` of what ended last: a variable that only the next application resets.
    pub(super) response: Option<String>,
    /// Recordings and taps by their function and target.
    pub(super) bugs: Vec<Bug>,
    /// A tap that runs names its own number as the caller's (F68).
    pub(super) flipped: bool,
    /// The phone behind the leg.
    pub(super) phone: Phone,
    /// The leg that it is joined to, and whether it is the A of that bridge.
    pub(super) partner: Option<String>,
    pub(super) leads: bool,
    /// It will be joined to another one in a moment, whatever its dialplan has left.
    pub(super) promised: bool,
    /// The other half of a loopback (F117).
    pub(super) half: Option<String>,
    /// Hung up, and only remembered until its last event.
    pub(super) gone: bool,
}

/// An application that is running.
pub(super) struct App {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) argument: String,
    pub(super) what: What,
    /// Of one that came by `sendmsg` or as a broadcast, not by the dialplan: how the event begins that tells so
    /// when it has run.
    pub(super) told: Option<Event>,
}

impl App {
    /// What runs on a leg without being an application of its own: a question's file, a queue's music.
    pub(super) fn inside(what: What) -> App {
        App { uuid: String::new(), name: String::new(), argument: String::new(), what, told: None }
    }
}

pub(super) enum What {
    Sleep {
        until: Duration,
    },
    Play(Playing),
    /// A question that waits for keys, after its file.
    Ask(Question),
    Bridge(Dialling),
    Park,
    Echo,
    Eavesdrop,
    /// In mod_callcenter's queue: the agents whose phones ring.
    Queue(Dialling),
    /// In mod_fifo's queue, or in a valet parking place: waits to be fetched.
    Waits {
        place: String,
    },
    /// An agent who has fetched a caller from mod_fifo.
    Serves,
    Conference,
    /// A machine records.
    Record {
        path: String,
        until: Duration,
    },
}

/// Whom a leg has called.
#[derive(Default)]
pub(super) struct Dialling {
    pub(super) ringing: Vec<String>,
    /// Who is called next where nobody of these answers.
    pub(super) next: VecDeque<Vec<String>>,
}

/// What `play_and_get_digits` waits for: one try.
pub(super) struct Question {
    pub(super) most: usize,
    pub(super) wait: Duration,
    pub(super) variable: String,
    pub(super) accepts: String,
    pub(super) keys: String,
    /// When it gives up; set when its file has ended.
    pub(super) until: Option<Duration>,
}

/// A key sequence bound to an action (`bind_digit_action`).
pub(super) struct Binding {
    pub(super) realm: String,
    pub(super) digits: String,
    pub(super) action: Action,
    /// The other party presses it; what it does is done on this leg.
    pub(super) peer: bool,
}

#[derive(Clone, PartialEq)]
pub(super) struct Bug {
    pub(super) function: &'static str,
    pub(super) target: String,
}

/// `Channel-State` with its number.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct State(pub(super) &'static str, pub(super) u8);

impl State {
    pub(super) const SOFT_EXECUTE: State = State("CS_SOFT_EXECUTE", 3);
    pub(super) const INIT: State = State("CS_INIT", 2);
    pub(super) const EXECUTE: State = State("CS_EXECUTE", 4);
    pub(super) const EXCHANGE: State = State("CS_EXCHANGE_MEDIA", 5);
    pub(super) const CONSUME: State = State("CS_CONSUME_MEDIA", 7);
    pub(super) const REPORTING: State = State("CS_REPORTING", 11);
    pub(super) const DESTROYED: State = State("CS_REPORTING", 12);
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Answer {
    Ringing,
    Answered,
    Hangup,
}

impl Answer {
    fn word(self) -> &'static str {
        match self {
            Answer::Ringing => "ringing",
            Answer::Answered => "answered",
            Answer::Hangup => "hangup",
        }
    }
}

/// Microseconds of the time of day, 0 for never.
#[derive(Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) created: u64,
    pub(super) answered: u64,
    pub(super) progress: u64,
    pub(super) bridged: u64,
    pub(super) hangup: u64,
    pub(super) hold: u64,
}

impl Channel {
    pub(super) fn new(uuid: String, call: Option<u64>, inbound: bool, name: String) -> Channel {
        Channel {
            call_uuid: uuid.clone(),
            uuid,
            call,
            inbound,
            name,
            caller_name: String::new(),
            caller_number: String::new(),
            destination: String::new(),
            session: 0,
            variables: Vec::new(),
            state: State::INIT,
            call_state: "DOWN",
            answer: Answer::Ringing,
            cause: None,
            codec: None,
            passed_on: None,
            other: None,
            times: Times::default(),
            apps: Vec::new(),
            queue: VecDeque::new(),
            todo: VecDeque::new(),
            bindings: Vec::new(),
            realm: None,
            peer_realm: None,
            digits: String::new(),
            digit_no: 0,
            break_asked: false,
            response: None,
            bugs: Vec::new(),
            flipped: false,
            phone: Phone::default(),
            partner: None,
            leads: false,
            promised: false,
            half: None,
            gone: false,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.variables.iter_mut().find(|(key, _)| key == name) {
            _ if value.is_empty() => self.variables.retain(|(key, _)| key != name),
            Some((_, old)) => *old = value.into(),
            None => self.variables.push((name.into(), value.into())),
        }
    }

    /// The codec is agreed on: the headers and variables that tell so are there.
    pub(super) fn agree(&mut self, codec: Codec, beat: Beat) {
        self.codec = Some(codec);
        let (name, rate) = codec_name(codec);
        let ptime = beat.0.as_millis().to_string();
        let clock = if codec == Codec::G722 { "8000" } else { rate };
        let string = [name, "@", clock, "h@", &ptime, "i@1c"].concat();
        for (variable, value) in [
            ("rtp_use_codec_name", name),
            ("rtp_use_codec_rate", clock),
            ("rtp_use_codec_ptime", &ptime),
            ("rtp_use_codec_channels", "1"),
            ("rtp_last_audio_codec_string", &*string),
            ("read_codec", name),
            ("original_read_codec", name),
            ("read_rate", rate),
            ("original_read_rate", rate),
            ("write_codec", name),
            ("write_rate", rate),
        ] {
            self.set(variable, value);
        }
    }

    /// Only the phones decode this codec.
    pub(super) fn hands_on(&mut self, codec: &'static str) {
        self.passed_on = Some(codec);
        for variable in ["rtp_use_codec_name", "read_codec", "original_read_codec", "write_codec"] {
            self.set(variable, codec);
        }
    }

    /// Of half a loopback: it has no RTP, so its codec has no string (observed on a 1.11.2).
    pub(super) fn agree_inside(&mut self, codec: Codec) {
        self.codec = Some(codec);
        let (name, rate) = codec_name(codec);
        for (variable, value) in
            [("read_codec", name), ("read_rate", rate), ("write_codec", name), ("write_rate", rate)]
        {
            self.set(variable, value);
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answer == Answer::Answered
    }

    /// What keys do on this leg that are pressed on it, or by the other party.
    pub(super) fn bound(&self, peer: bool) -> impl Iterator<Item = &Binding> {
        let realm = if peer { &self.peer_realm } else { &self.realm };
        self.bindings.iter().filter(move |bound| bound.peer == peer && realm.as_ref() == Some(&bound.realm))
    }

    /// Neither hung up nor forgotten.
    pub(super) fn is_alive(&self) -> bool {
        !self.gone && self.cause.is_none()
    }

    /// Whom it has called and who has not answered yet.
    pub(super) fn dialling(&mut self) -> Option<&mut Dialling> {
        self.apps.iter_mut().rev().find_map(|app| match &mut app.what {
            What::Bridge(dialling) | What::Queue(dialling) => Some(dialling),
            _ => None,
        })
    }

    /// Whether it waits at that place to be fetched.
    pub(super) fn waits_at(&self, place: &str) -> bool {
        let waits = |app: &App| matches!(&app.what, What::Waits { place: at } if at == place);
        self.partner.is_none() && self.apps.iter().any(waits)
    }

    pub(super) fn direction(&self) -> &'static str {
        if self.inbound { "inbound" } else { "outbound" }
    }

    /// The playback that is running innermost.
    pub(super) fn playing(&mut self) -> Option<&mut Playing> {
        match self.apps.last_mut().map(|app| &mut app.what) {
            Some(What::Play(playing)) => Some(playing),
            _ => None,
        }
    }

    pub(super) fn in_bridge(&self) -> bool {
        self.partner.is_some() || self.apps.iter().any(|app| matches!(app.what, What::Bridge(_)))
    }
}

/// The leg's own headers, in FreeSWITCH's order. `full` events carry the channel's variables too.
pub(super) fn describe(mut event: Event, leg: &Channel, other: Option<&Channel>, full: bool) -> Event {
    let mut put = |name: &str, value: &str| event = std::mem::take(&mut event).with(name, value);
    put("Channel-State", leg.state.0);
    put("Channel-Call-State", leg.call_state);
    // A leg that is hanging up keeps its state's name and has the number of the next one.
    let number = if leg.answer == Answer::Hangup { leg.state.1.max(10) } else { leg.state.1 };
    put("Channel-State-Number", &number.to_string());
    put("Channel-Name", &leg.name);
    put("Unique-ID", &leg.uuid);
    put("Call-Direction", leg.direction());
    put("Presence-Call-Direction", leg.direction());
    put("Channel-HIT-Dialplan", if leg.inbound || leg.flipped { "true" } else { "false" });
    put("Channel-Call-UUID", &leg.call_uuid);
    put("Answer-State", leg.answer.word());
    if let Some(cause) = &leg.cause {
        put("Hangup-Cause", cause);
    }
    if let Some(codec) = leg.codec {
        let (name, rate) = codec_name(codec);
        let name = leg.passed_on.unwrap_or(name);
        for side in ["Read", "Write"] {
            put(&format!("Channel-{side}-Codec-Name"), name);
            put(&format!("Channel-{side}-Codec-Rate"), rate);
            put(
                &format!("Channel-{side}-Codec-Bit-Rate"),
                if codec == Codec::L16 { "128000" } else { "64000" },
            );
        }
    }
    put_profile(&mut put, "Caller", leg, true);
    if let (Some((kind, _)), Some(other)) = (&leg.other, other) {
        put("Other-Type", kind);
        put_profile(&mut put, "Other-Leg", other, false);
    }
    if full {
        for (name, value) in &leg.variables {
            put(&format!("variable_{name}"), value);
        }
    }
    event
}

/// One of the two blocks that tell who is on a leg; another leg's times are not told (measured: zeros).
fn put_profile(put: &mut dyn FnMut(&str, &str), prefix: &str, leg: &Channel, own: bool) {
    // What is empty is not told.
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() {
            put(&format!("{prefix}-{name}"), value);
        }
    };
    say("Direction", leg.direction());
    say("Logical-Direction", leg.direction());
    if leg.call.is_some() {
        say("Username", &leg.caller_number);
        say("Dialplan", "XML");
    }
    let (name, number) = match leg.flipped {
        true => ("Outbound Call", &leg.destination),
        false => (&*leg.caller_name, &leg.caller_number),
    };
    say("Caller-ID-Name", name);
    say("Caller-ID-Number", number);
    say("Orig-Caller-ID-Name", &leg.caller_name);
    say("Orig-Caller-ID-Number", &leg.caller_number);
    if !leg.inbound && own {
        let tap = leg.call.is_none();
        say("Callee-ID-Name", if tap { &leg.caller_name } else { "Outbound Call" });
        say("Callee-ID-Number", if tap { &leg.caller_number } else { &leg.destination });
    }
    say("Network-Addr", if leg.call.is_some() || leg.times.answered > 0 { "127.0.0.1" } else { "" });
    say("ANI", &leg.caller_number);
    say("Destination-Number", &leg.destination);
    say("Unique-ID", &leg.uuid);
    say("Source", if leg.call.is_some() { "mod_sofia" } else { "src/switch_ivr_originate.c" });
    say("Context", "default");
    say("Channel-Name", &leg.name);
    let times = if own { leg.times } else { Times::default() };
    if own {
        say("Profile-Index", "1");
    }
    for (name, micros) in [
        ("Profile-Created-Time", times.created),
        ("Channel-Created-Time", times.created),
        ("Channel-Answered-Time", times.answered),
        ("Channel-Progress-Time", times.progress),
        ("Channel-Progress-Media-Time", 0),
        ("Channel-Hangup-Time", times.hangup),
        ("Channel-Transfer-Time", 0),
        ("Channel-Resurrect-Time", 0),
        ("Channel-Bridged-Time", times.bridged),
        ("Channel-Last-Hold", times.hold),
        ("Channel-Hold-Accum", 0),
    ] {
        say(name, &micros.to_string());
    }
    say("Screen-Bit", "true");
    say("Privacy-Hide-Name", "false");
    say("Privacy-Hide-Number", "false");
}

/// A codec's name and its samples' rate, as FreeSWITCH spells them.
pub(super) fn codec_name(codec: Codec) -> (&'static str, &'static str) {
    match codec {
        Codec::Pcma => ("PCMA", "8000"),
        Codec::Pcmu => ("PCMU", "8000"),
        Codec::L16 => ("L16", "8000"),
        Codec::G722 => ("G722", "16000"),
        Codec::Opus => ("opus", "48000"),
    }
}

//! The switch itself, without a socket or a clock: commands, datagrams and the time go in, frames and packets come
//! out. Here are the time, the events and the beginning of calls; what an application does is in `apps.rs`, who is called
//! in `agents.rs`, where else a caller may be in `places.rs`, bridges and ends are in `joins.rs`, what people do in
//! `moves.rs`, how sound is carried in `carry.rs`, taps are in `tap.rs`, connections in `commands.rs` and `api.rs`.

use super::agents::EXTENSIONS;
use super::apps::Stop;
use super::channel::{Channel, State, describe};
use super::dialplan::{self, Action};
use super::expand::{Lookup, expand};
use super::joins::After;
use super::link::{Link, origin};
use super::media::{Beat, Sound};
use super::script::{Act, Report, Script, When};
use super::tap::Tap;
use super::{Files, Settings};
use crate::call::Party;
use crate::wire::esl::{Event, Form, Frame as Message};
use crate::wire::rtp::Codec;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// A connection's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(pub(super) u64);

/// A call's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallNo(pub(super) u64);

/// What the world wants done at its edge.
pub(super) enum Output {
    Frame(LinkId, Message),
    Close(LinkId),
    /// Bind an RTP socket and tell [`World::opened`] its port.
    Open(String),
    Shut(String),
    Sip(SocketAddr, Vec<u8>),
    Rtp {
        tap: String,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Ended(CallNo, Report),
}

/// What happens later.
pub(super) enum Timer {
    Tick(CallNo),
    Act(CallNo, Act),
    ScriptEnds(CallNo),
    Rings(String),
    Answers(String),
    Fails(String, &'static str),
    Joins(String, String),
    Together(String, String),
    UuidBridge(String, String),
    BowsOut(String),
    Parks(String),
    Leaves(String, &'static str),
    /// The agent who asks back, and the leg on which he does.
    Refers(String, String),
    HandsOver(String, String, String),
    /// A queue calls its agent; he has answered.
    Offers(String),
    Fetched(String, String),
    Key(String, char),
    DigitsEnd(String, u64),
    Music(String, Event),
    GoesOn(String),
    Parted(String, String, After),
    DropTaps(String),
    Finish(CallNo),
    Heartbeat,
    AuthEnds(LinkId),
    Tap(String, super::tap::Step),
    Packet {
        tap: String,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
}

/// A call under way.
pub(super) struct Call {
    pub(super) script: Script,
    pub(super) started: Duration,
    pub(super) a: String,
    /// The agent who is on the line, or who was called last.
    pub(super) b: Option<String>,
    /// The first bridge.
    pub(super) talk_from: Option<Duration>,
    pub(super) beat: Beat,
    pub(super) ends: Option<Duration>,
    pub(super) ringing: Option<(Sound, Duration)>,
    pub(super) noticed: bool,
    pub(super) rng: StdRng,
    pub(super) report: Report,
    pub(super) over: bool,
}

/// The simulated switch.
pub(super) struct World {
    pub(super) now: Duration,
    pub(super) settings: Settings,
    pub(super) files: Files,
    pub(super) sip: SocketAddr,
    /// Microseconds of the time of day at the start.
    pub(super) epoch: u64,
    /// By how many microseconds its clock was set since.
    pub(super) stepped: i64,
    core: String,
    pub(super) rng: StdRng,
    sequence: u64,
    pub(super) sessions: u64,
    timers: BTreeMap<(Duration, u64), Timer>,
    timer_no: u64,
    next_call: u64,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) calls: BTreeMap<CallNo, Call>,
    pub(super) taps: BTreeMap<String, Tap>,
    /// The -a halves of loopbacks, and the calls that their other halves are.
    pub(super) loops: BTreeMap<String, CallNo>,
    pub(super) links: BTreeMap<LinkId, Link>,
    pub(super) globals: BTreeMap<String, String>,
    /// What mod_hash holds, by realm and key.
    pub(super) hash: BTreeMap<String, String>,
    outputs: VecDeque<Output>,
    /// A native tap of a leg that never had a codec brought the switch down.
    pub(super) crashed: bool,
}

impl World {
    pub(super) fn new(settings: Settings, files: Files, sip: SocketAddr, epoch: u64) -> World {
        let rng = StdRng::seed_from_u64(settings.seed);
        let globals = [
            ("de-ring", "%(1000,4000,425)"),
            ("hostname", "pbx"),
            ("domain", "127.0.0.1"),
            ("conf_dir", "/etc/freeswitch"),
            ("local_ip_v4", "127.0.0.1"),
            ("external_sip_port", "5080"),
        ];
        let mut world = World {
            now: Duration::ZERO,
            settings,
            files,
            sip,
            epoch,
            stepped: 0,
            core: String::new(),
            rng,
            sequence: 500,
            sessions: 0,
            timers: BTreeMap::new(),
            timer_no: 0,
            next_call: 0,
            channels: BTreeMap::new(),
            calls: BTreeMap::new(),
            taps: BTreeMap::new(),
            loops: BTreeMap::new(),
            links: BTreeMap::new(),
            globals: globals.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            hash: BTreeMap::new(),
            outputs: VecDeque::new(),
            crashed: false,
        };
        world.core = world.uuid();
        world.at(world.settings.heartbeat, Timer::Heartbeat);
        world
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due, each at its own time.
    pub(super) fn handle_timeout(&mut self, now: Duration) {
        while let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= now) {
            self.now = entry.key().0;
            let timer = entry.remove();
            if !self.crashed {
                self.happens(timer);
                self.settle();
            }
        }
        self.now = self.now.max(now);
    }

    fn happens(&mut self, timer: Timer) {
        match timer {
            Timer::Tick(no) => self.tick(no),
            Timer::Act(no, act) => self.act(no, act),
            Timer::ScriptEnds(no) => self.script_ends(no),
            Timer::Rings(b) => self.rings(&b),
            Timer::Answers(b) => self.answers(&b),
            Timer::Fails(b, cause) => self.fails(&b, cause),
            Timer::Joins(a, b) => self.joins(&a, &b),
            Timer::Together(a, b) => self.together(&a, &b),
            Timer::UuidBridge(a, b) => self.uuid_bridge(&a, &b),
            Timer::BowsOut(half) => self.bows_out(&half),
            Timer::Parks(leg) => self.parks(&leg),
            Timer::Leaves(leg, cause) => self.leave(&leg, cause, Stop::Torn),
            Timer::Refers(agent, own) => self.refers(&agent, &own),
            Timer::HandsOver(a, agent, c) => self.hands_over(&a, &agent, &c),
            Timer::Offers(caller) => self.offers(&caller),
            Timer::Fetched(caller, agent) => self.fetched(&caller, &agent),
            Timer::Key(leg, key) => self.key_released(&leg, key),
            Timer::DigitsEnd(leg, no) => self.digits_end(&leg, no),
            Timer::Music(leg, told) => self.music_begins(&leg, told),
            Timer::GoesOn(leg) => self.go_on(&leg),
            Timer::Parted(a, b, after) => self.parted(&a, &b, after),
            Timer::DropTaps(leg) => self.drop_taps(&leg),
            Timer::Finish(no) => self.finish(no),
            Timer::Heartbeat => self.heartbeat(),
            Timer::AuthEnds(id) => self.auth_ends(id),
            Timer::Tap(tap, step) => self.tap_step(&tap, step),
            Timer::Packet { tap, to, bytes } => self.output(Output::Rtp { tap, to, bytes }),
        }
    }

    pub(super) fn at(&mut self, at: Duration, timer: Timer) {
        self.timer_no += 1;
        self.timers.insert((at, self.timer_no), timer);
    }

    pub(super) fn after(&mut self, wait: Duration, timer: Timer) {
        self.at(self.now + wait, timer);
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    /// The switch's time of day in microseconds.
    pub(super) fn micros(&self) -> u64 {
        let since = self.epoch + u64::try_from(self.now.as_micros()).unwrap_or(0);
        since.saturating_add_signed(self.stepped)
    }

    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.rng.next_u64(), self.rng.next_u64());
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
        format!("{a:08x}-{b:04x}-4{c:03x}-{:04x}-{:012x}", 0x8000 | (low >> 50), low & 0xffff_ffff_ffff)
    }

    // Events

    /// Raises an event about a leg: `front` stands before its headers, `back` behind them.
    pub(super) fn fire(&mut self, name: &str, leg: &str, front: &[(&str, &str)], back: &[(&str, &str)]) {
        let Some(channel) = self.channels.get(leg) else { return };
        let other = channel.other.as_ref().and_then(|(_, uuid)| self.channels.get(uuid));
        let full = !matches!(name, "DTMF" | "CHANNEL_OUTGOING" | "CHANNEL_STATE");
        let base = self.stamp(name, self.sequence + 1);
        let base = front.iter().fold(base, |event, (name, value)| event.with(name, value));
        let event = describe(base, channel, other, full);
        let event = back.iter().fold(event, |event, (name, value)| event.with(name, value));
        self.sequence += 1;
        self.raise(event);
    }

    /// An event as it stands so far: its name, the switch, the time, and where in the code it was made.
    pub(super) fn stamp(&self, name: &str, sequence: u64) -> Event {
        let micros = self.micros();
        let time = jiff::Timestamp::from_microsecond(i64::try_from(micros).unwrap_or(0)).unwrap_or_default();
        let (file, function, line) = origin(name);
        Event::new(name)
            .with("Core-UUID", &self.core)
            .with("FreeSWITCH-Hostname", "pbx")
            .with("FreeSWITCH-Switchname", "pbx")
            .with("FreeSWITCH-IPv4", "192.0.2.10")
            .with("FreeSWITCH-IPv6", "::1")
            .with("Event-Date-Local", &time.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .with("Event-Date-GMT", &time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .with("Event-Date-Timestamp", &micros.to_string())
            .with("Event-Calling-File", file)
            .with("Event-Calling-Function", function)
            .with("Event-Calling-Line-Number", line)
            .with("Event-Sequence", &sequence.to_string())
    }

    /// A number of the sequence; some are used by events that nobody is told of.
    pub(super) fn sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) fn raise(&mut self, event: Event) {
        // States and call states that we do not tell take numbers too (F33).
        self.sequence += u64::from(self.rng.random_bool(0.3));
        for link in self.links.values_mut().filter(|link| link.wants(&event)) {
            link.waiting.push(event.clone());
        }
    }

    /// What a step caused goes out; of different legs some events overtake each other (F33).
    pub(super) fn settle(&mut self) {
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            self.flush(id);
        }
    }

    pub(super) fn flush(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let form = link.form.unwrap_or(Form::Plain);
        let mut events = std::mem::take(&mut link.waiting);
        for n in 1..events.len() {
            if self.settings.reorder > 0.0 && self.rng.random_bool(self.settings.reorder) {
                overtake(&mut events, n, self.rng.random_range(1..=3));
            }
        }
        for event in events {
            self.outputs.push_back(Output::Frame(id, Message::Event(event, form)));
        }
    }

    fn heartbeat(&mut self) {
        self.beat();
        self.after(self.settings.heartbeat, Timer::Heartbeat);
    }

    /// The sign of life that is told on every connection.
    pub(super) fn beat(&mut self) {
        let sequence = self.sequence();
        let live = self.live().to_string();
        let uptime = self.now.as_millis().to_string();
        let event = [
            ("Event-Info", "System Ready"),
            ("Up-Time", &*self.up_time()),
            ("FreeSWITCH-Version", VERSION),
            ("Uptime-msec", &*uptime),
            ("Session-Count", &*live),
            ("Max-Sessions", &*self.settings.max_sessions.to_string()),
            ("Session-Per-Sec", "200"),
            ("Session-Per-Sec-Last", "0"),
            ("Session-Since-Startup", &*self.sessions.to_string()),
            ("Idle-CPU", "98.500000"),
        ]
        .iter()
        .fold(self.stamp("HEARTBEAT", sequence), |event, (name, value)| event.with(name, value));
        self.raise(event);
        self.settle();
    }

    pub(super) fn up_time(&self) -> String {
        let ms = self.now.as_millis();
        let (days, hours, minutes) = (ms / 86_400_000, ms / 3_600_000 % 24, ms / 60_000 % 60);
        let (seconds, ms, micros) = (ms / 1_000 % 60, ms % 1_000, self.now.subsec_micros() % 1_000);
        format!(
            "0 years, {days} days, {hours} hours, {minutes} minutes, {seconds} seconds, {ms} milliseconds, \
             {micros} microseconds"
        )
    }

    /// Legs that are there, taps included.
    pub(super) fn live(&self) -> usize {
        self.channels.values().filter(|channel| !channel.gone).count()
    }

    /// A text of the dialplan as a leg reads it; the api commands in it are told as everybody's are.
    pub(super) fn expand(&mut self, text: &str, leg: &str) -> String {
        let names = Names { world: self, leg, asked: RefCell::default() };
        let expanded = expand(text, &names);
        for (command, arguments) in names.asked.into_inner() {
            let stamp = self.api_stamp(&command, &arguments);
            self.raise(stamp);
        }
        expanded
    }

    /// An api command is run. Its number is older than those of what it causes, but it is told after that (observed:
    /// `uuid_hold` 1868 after CHANNEL_HOLD 1871).
    pub(super) fn api_stamp(&mut self, command: &str, arguments: &str) -> Event {
        let sequence = self.sequence();
        let stamp = self.stamp("API", sequence).with("API-Command", command);
        let arguments = arguments.trim();
        if arguments.is_empty() { stamp } else { stamp.with("API-Command-Argument", arguments) }
    }

    /// What came from outside to a leg has run: the event begins as the command did, or with the whole beginning of
    /// the broadcast's own event, so that there each of those headers stands twice (F9).
    pub(super) fn has_run(&mut self, leg: &str, told: Event) {
        let sequence = self.sequence();
        let Some(channel) = self.channels.get(leg) else { return };
        let other = channel.other.as_ref().and_then(|(_, uuid)| self.channels.get(uuid));
        let stamp = self.stamp("PRIVATE_COMMAND", sequence);
        let base = stamp
            .headers()
            .iter()
            .fold(told, |event, (name, _)| event.with(name, stamp.get(name).unwrap_or_default()));
        let event = describe(base, channel, other, false);
        self.raise(event);
    }

    // Calls

    /// A call comes in; tells its number and the name of the caller's leg.
    pub(super) fn call(&mut self, script: Script, now: Duration) -> (CallNo, String) {
        self.now = self.now.max(now);
        let placed = self.place(script, None);
        self.settle();
        placed
    }

    /// The same, or the -b half of a loopback: its name, and the -a half.
    pub(super) fn place(&mut self, script: Script, half: Option<(&str, &str)>) -> (CallNo, String) {
        self.next_call += 1;
        let no = CallNo(self.next_call);
        let uuid = self.uuid();
        if self.live() + 1 >= self.settings.max_sessions as usize {
            self.refuse(no);
            return (no, uuid);
        }
        let mut leg = self.caller_leg(&uuid, no, &script);
        if let Some((name, other)) = half {
            name.clone_into(&mut leg.name);
            leg.set("channel_name", name);
            leg.set("loopback_leg", "B");
            leg.set("other_loopback_leg_uuid", other);
        }
        self.channels.insert(uuid.clone(), leg);
        for (when, act) in &script.events {
            if let When::Started(wait) = when {
                self.after(*wait, Timer::Act(no, act.clone()));
            }
        }
        if let Some(wait) = script.hangup_after {
            self.after(wait, Timer::Act(no, Act::HangUp(script.hangup_by)));
        }
        let call = self.new_call(script, &uuid);
        let beat = call.beat.0;
        self.calls.insert(no, call);
        self.fire("CHANNEL_CREATE", &uuid, &[], &[]);
        self.edit(&uuid, |leg| (leg.state, leg.call_state) = (State::EXECUTE, "RINGING"));
        self.go_on(&uuid);
        self.after(beat, Timer::Tick(no));
        (no, uuid)
    }

    /// Calls from outside get all but one of the sessions (F112); 503 goes back, and no event is raised.
    fn refuse(&mut self, no: CallNo) {
        let report = Report { cause: "NORMAL_TEMPORARY_FAILURE".into(), ..Report::default() };
        self.output(Output::Ended(no, report));
    }

    fn new_call(&mut self, script: Script, uuid: &str) -> Call {
        Call {
            started: self.now,
            a: uuid.to_owned(),
            b: None,
            talk_from: None,
            beat: beat_of(&script),
            ends: None,
            ringing: None,
            noticed: false,
            rng: StdRng::seed_from_u64(script.seed),
            report: Report { caller_leg: uuid.to_owned(), ..Report::default() },
            over: false,
            script,
        }
    }

    fn caller_leg(&mut self, uuid: &str, no: CallNo, script: &Script) -> Channel {
        let number = script.caller.clone().unwrap_or_else(|| "anonymous".into());
        let name = format!("sofia/internal/{number}@127.0.0.1:6061");
        let mut leg = Channel::new(uuid.to_owned(), Some(no.0), true, name);
        leg.caller_name = script.caller.as_ref().map_or("Anonymous", |_| "caller").to_owned();
        leg.destination.clone_from(&script.line);
        leg.caller_number.clone_from(&number);
        leg.times.created = self.micros();
        self.sessions += 1;
        leg.session = self.sessions;
        for (name, value) in [
            ("direction", "inbound"),
            ("uuid", uuid),
            ("session_id", &*leg.session.to_string()),
            ("sip_from_user", &*number),
            ("sip_from_host", "127.0.0.1"),
            ("channel_name", &*leg.name.clone()),
            ("sip_network_ip", "127.0.0.1"),
            ("sofia_profile_name", "internal"),
            ("sip_req_user", &*script.line),
            ("sip_to_user", &*script.line),
            ("call_uuid", uuid),
        ] {
            leg.set(name, value);
        }
        if script.bypass_media {
            leg.set("bypass_media", "true");
        }
        leg.agree(script.codec, beat_of(script));
        if let Some(codec) = script.passed_on {
            leg.hands_on(codec);
        }
        leg.phone.speech = script.caller_speech.clone().into();
        leg.phone.before = script.caller_before.clone().into();
        self.set_clocks(&mut leg);
        leg.todo = dialplan::actions(&self.settings.snippet, &script.line).into();
        leg.todo.extend(dialplan::actions(EXTENSIONS, &script.leads_to));
        leg
    }

    /// Phones begin their timestamps anywhere.
    pub(super) fn set_clocks(&mut self, leg: &mut Channel) {
        (leg.phone.clock, leg.phone.written) = (self.rng.next_u32(), self.rng.next_u32());
    }

    /// What the dialplan has for a number: the line's own leads through the snippet again.
    pub(super) fn route(&self, no: CallNo, number: &str) -> Vec<Action> {
        let mut todo = dialplan::actions(&self.settings.snippet, number);
        let script = self.calls.get(&no).map(|call| &call.script);
        let next = script.filter(|script| script.line == number).map_or(number, |script| &script.leads_to);
        todo.extend(dialplan::actions(EXTENSIONS, next));
        todo
    }

    /// Changes a leg that may be gone.
    pub(super) fn edit(&mut self, leg: &str, change: impl FnOnce(&mut Channel)) {
        if let Some(channel) = self.channels.get_mut(leg) {
            change(channel);
        }
    }

    pub(super) fn call_of(&self, leg: &str) -> Option<CallNo> {
        self.channels.get(leg)?.call.map(CallNo)
    }

    pub(super) fn party_of(&self, leg: &str) -> Option<(CallNo, Party)> {
        let no = self.call_of(leg)?;
        let call = self.calls.get(&no)?;
        let party = if call.a == leg { Party::Caller } else { Party::Agent };
        Some((no, party))
    }

    pub(super) fn leg_of(&self, no: CallNo, party: Party) -> Option<String> {
        let call = self.calls.get(&no)?;
        let leg = match party {
            Party::Caller => Some(call.a.clone()),
            Party::Agent => self.talks_with(&call.a).or_else(|| call.b.clone()),
        };
        leg.filter(|leg| self.channels.get(leg).is_some_and(|channel| !channel.gone))
    }

    /// All legs of a call that are there, the caller's first.
    pub(super) fn legs(&self, no: CallNo) -> Vec<String> {
        let Some(call) = self.calls.get(&no) else { return Vec::new() };
        let there = self.channels.values().filter(|leg| leg.call == Some(no.0) && !leg.gone);
        let mut legs: Vec<String> = there.map(|leg| leg.uuid.clone()).collect();
        legs.sort_by_key(|leg| *leg != call.a);
        legs
    }

    /// The other half of a loopback.
    pub(super) fn half_of(&self, leg: &str) -> Option<String> {
        self.channels.get(leg)?.half.clone()
    }

    /// Whose phone is heard on this leg, through whatever loopbacks.
    pub(super) fn talks_with(&self, leg: &str) -> Option<String> {
        let partner = self.channels.get(leg)?.partner.clone()?;
        match self.half_of(&partner) {
            Some(half) => self.talks_with(&half),
            None => Some(partner),
        }
    }

    pub(super) fn since_start(&self, no: CallNo) -> Duration {
        self.calls.get(&no).map_or(Duration::ZERO, |call| self.now.saturating_sub(call.started))
    }

    fn script_ends(&mut self, no: CallNo) {
        let Some(call) = self.calls.get(&no) else { return };
        let by = call.script.hangup_by;
        match call.ends {
            Some(ends) if ends > self.now => self.at(ends, Timer::ScriptEnds(no)),
            Some(_) if !call.over => self.act(no, Act::HangUp(by)),
            _ => {}
        }
    }

    /// One file begins: the first of them is the notice.
    pub(super) fn file_begins(&mut self, no: CallNo) {
        let Some(call) = self.calls.get_mut(&no).filter(|call| !call.noticed) else { return };
        call.noticed = true;
        self.due(no, |when| match when {
            When::Noticed(wait) => Some(wait),
            _ => None,
        });
    }

    /// What the script has for a moment that is now.
    pub(super) fn due(&mut self, no: CallNo, which: impl Fn(When) -> Option<Duration>) {
        let Some(call) = self.calls.get(&no) else { return };
        let acts: Vec<(Duration, Act)> =
            call.script.events.iter().filter_map(|(when, act)| Some((which(*when)?, act.clone()))).collect();
        for (wait, act) in acts {
            self.after(wait, Timer::Act(no, act));
        }
    }
}

fn beat_of(script: &Script) -> Beat {
    Beat(Duration::from_millis(u64::from(script.ptime_ms.max(10))))
}

/// Names in a dialplan of one leg, and the api commands that were run for it.
struct Names<'a> {
    world: &'a World,
    leg: &'a str,
    asked: RefCell<Vec<(String, String)>>,
}

impl Lookup for Names<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let leg = self.world.channels.get(self.leg);
        let own = leg.and_then(|leg| match name {
            "caller_id_number" => Some(leg.caller_number.as_str()),
            "destination_number" => Some(leg.destination.as_str()),
            _ => leg.get(name),
        });
        own.map(str::to_owned).or_else(|| self.world.globals.get(name).cloned())
    }

    fn asked(&self, command: &str, arguments: &str) {
        self.asked.borrow_mut().push((command.to_owned(), arguments.to_owned()));
    }

    fn api(&self, command: &str, arguments: &str) -> Option<String> {
        self.world.ask(command, arguments).map(|answer| answer.trim_end_matches('\n').to_owned())
    }
}

/// Moves the event at `n` up to `places` forward, never past one of its own leg.
fn overtake(events: &mut [Event], n: usize, places: usize) {
    for at in (n.saturating_sub(places) + 1..=n).rev() {
        if events[at].get("Unique-ID") == events[at - 1].get("Unique-ID") {
            return;
        }
        events.swap(at, at - 1);
    }
}

pub(super) fn codec_of(name: &str) -> Option<Codec> {
    match name {
        "PCMA" => Some(Codec::Pcma),
        "PCMU" => Some(Codec::Pcmu),
        "L16" => Some(Codec::L16),
        "G722" => Some(Codec::G722),
        "opus" => Some(Codec::Opus),
        _ => None,
    }
}

pub(super) const VERSION: &str = "1.11.3-dev+git~20260821T141014Z~cc93a683ca~64bit";

//! The simulated switch against what a real one did: the traces' order, their times, and their numbers.

use super::media::FRAME;
use super::script::{Act, Network, Report, Script, Side, When};
use super::world::{CallNo, LinkId, Output, World};
use super::{Settings, User};
use crate::call::Party;
use crate::wire::esl::{ClientCodec, Command, Event, Frame, ServerCodec};
use crate::wire::rtp::{Codec, Packet};
use crate::wire::sip::{self, DialogId, Status, Uas};
use bytes::BytesMut;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::codec::{Decoder, Encoder};

const NOTICE: &str = "/n/notice.wav";
/// As long as the study's announcement: 3662 ms.
const NOTICE_SAMPLES: usize = 29_302;
const LINK: LinkId = LinkId(1);
const SIP: &str = "127.0.0.1:5088";
const EAR: &str = "127.0.0.1:5090";
const EPOCH: u64 = 1_795_460_214_000_000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How our side answers an INVITE.
#[derive(Clone, Copy, PartialEq)]
enum Ear {
    Accepts,
    Refuses(Status),
    Rings,
    Silent,
    Dead,
}

/// A switch with a sidecar's two sockets, in a time that the test moves.
struct Bench {
    world: World,
    now: Duration,
    ear: Ear,
    uas: Uas,
    dialogs: BTreeMap<String, DialogId>,
    events: Vec<(Duration, Event)>,
    frames: Vec<Frame>,
    packets: BTreeMap<String, Vec<(Duration, Vec<u8>)>>,
    byes: u32,
    ports: u16,
    report: Option<Report>,
    started: Duration,
    /// What the sidecar does when it sees a sleep begin: nothing, play, or decline.
    at_sleep: AtSleep,
    /// Taps to be made at the bridge: the tapped party and the side.
    at_bridge: Vec<(Party, &'static str)>,
    a: String,
    b: String,
}

#[derive(Clone, Copy, PartialEq)]
enum AtSleep {
    Hangs,
    Plays,
    Declines,
}

impl Bench {
    fn with(settings: Settings) -> Bench {
        let files = |path: &str| -> Option<Arc<[i16]>> {
            let length = match path {
                NOTICE => NOTICE_SAMPLES,
                "/n/short.wav" => 5_728,
                "/n/ask.wav" => 16_000,
                _ => return None,
            };
            Some(vec![900; length].into())
        };
        let world = World::new(settings, Box::new(files), SIP.parse().unwrap(), EPOCH);
        let mut bench = Bench {
            world,
            now: Duration::ZERO,
            ear: Ear::Accepts,
            uas: Uas::new(EAR.parse().unwrap(), [3; 32]),
            dialogs: BTreeMap::new(),
            events: Vec::new(),
            frames: Vec::new(),
            packets: BTreeMap::new(),
            byes: 0,
            ports: 40_000,
            report: None,
            started: Duration::ZERO,
            at_sleep: AtSleep::Plays,
            at_bridge: Vec::new(),
            a: String::new(),
            b: String::new(),
        };
        bench.world.connected(LINK);
        bench.now = ms(100);
        bench
    }

    /// A sidecar that is logged in, listens as R6 says, and is alive.
    fn new() -> Bench {
        let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
        bench.say("auth ClueCon");
        bench.say(&format!("event json {EVENTS}"));
        for filter in ["variable_callgist /.+/", "variable_callgist_tap 1", "Event-Name BACKGROUND_JOB"] {
            bench.say(&format!("filter {filter}"));
        }
        bench.say(&format!("api global_setvar callgist_alive_until={}", EPOCH / 1_000_000 + 3_600));
        bench
    }

    fn say(&mut self, text: &str) {
        for command in commands(&format!("{text}\n\n")) {
            self.world.handle_command(LINK, command, self.now);
        }
        self.flush();
    }

    fn api(&mut self, text: &str) -> String {
        self.say(&format!("api {text}"));
        match self.frames.iter().rev().find(|frame| matches!(frame, Frame::Api(_))) {
            Some(Frame::Api(reply)) => reply.text().to_owned(),
            _ => panic!("no answer"),
        }
    }

    fn flush(&mut self) {
        while let Some(output) = self.world.poll_output() {
            match output {
                Output::Frame(_, Frame::Event(event, _)) => self.heard(event),
                Output::Frame(_, frame) => self.frames.push(frame),
                Output::Open(tap) => {
                    self.ports += 2;
                    self.world.opened(&tap, self.ports, self.now);
                }
                Output::Sip(to, bytes) => self.sip(to, &bytes),
                Output::Rtp { tap, bytes, .. } => {
                    self.packets.entry(tap).or_default().push((self.now, bytes))
                }
                Output::Ended(_, report) => self.report = Some(report),
                Output::Shut(_) | Output::Close(_) => {}
            }
        }
    }

    fn sip(&mut self, to: SocketAddr, bytes: &[u8]) {
        self.byes += u32::from(bytes.starts_with(b"BYE"));
        match self.ear {
            Ear::Silent => return,
            Ear::Dead => return self.world.refused(to, self.now + ms(22)),
            Ear::Rings if bytes.starts_with(b"INVITE") => {
                let invite = sip::Message::parse(bytes).unwrap();
                let ringing = sip::Message::response(&invite, Status::RINGING, "r").to_bytes();
                return self.world.handle_sip(&ringing, to, self.now);
            }
            _ => self.uas.handle(bytes, SIP.parse().unwrap(), self.now).unwrap(),
        }
        while let Some(event) = self.uas.poll_event() {
            let sip::Event::Invited { dialog, token, .. } = event else { continue };
            self.dialogs.insert(token.as_str().to_owned(), dialog);
            match self.ear {
                Ear::Refuses(status) => self.uas.refuse(dialog, status, self.now).unwrap(),
                _ => self.uas.accept(dialog, "127.0.0.1:41000".parse().unwrap(), self.now).unwrap(),
            }
        }
        self.answer();
    }

    fn answer(&mut self) {
        while let Some((_, bytes)) = self.uas.poll_transmit() {
            self.world.handle_sip(&bytes, EAR.parse().unwrap(), self.now);
        }
    }

    /// The sidecar, in as few words as possible.
    fn heard(&mut self, event: Event) {
        let (name, leg) = (
            event.get("Event-Name").unwrap_or_default().to_owned(),
            event.unique_id().unwrap_or_default().to_owned(),
        );
        let sleeps = name == "CHANNEL_EXECUTE" && event.application() == Some("sleep");
        let pair = event.bridge_pair().map(|(a, b)| (a.to_owned(), b.to_owned()));
        self.events.push((self.now, event));
        match (name.as_str(), pair) {
            ("CHANNEL_EXECUTE", _) if sleeps && self.at_sleep == AtSleep::Plays => self.play_notice(&leg),
            ("CHANNEL_EXECUTE", _) if sleeps && self.at_sleep == AtSleep::Declines => {
                self.say(&format!("api uuid_break {leg}"));
            }
            ("CHANNEL_BRIDGE", Some((a, b))) => {
                (self.a, self.b) = (a, b);
                for (party, side) in self.at_bridge.clone() {
                    self.tap(party, side);
                }
            }
            _ => {}
        }
    }

    fn play_notice(&mut self, leg: &str) {
        self.say(&format!(
            "sendmsg {leg}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: \
             ${{cond(${{callgist_waiting}} == true ? {NOTICE} : silence_stream://0)}}\nEvent-UUID: own-1\n\
             event-lock: true"
        ));
    }

    /// The originate of R4.
    fn tap(&mut self, party: Party, side: &str) {
        let target = if party == Party::Caller { self.a.clone() } else { self.b.clone() };
        let tap = format!("tap-{party:?}-{side}");
        self.originate(&tap, &target, "PCMA", side);
    }

    fn originate(&mut self, tap: &str, target: &str, codec: &str, side: &str) {
        self.say(&format!(
            "bgapi originate {{origination_uuid={tap},origination_caller_id_number=tap,absolute_codec_string={codec}@8000h@20i@1c,ignore_early_media=true,\
             originate_timeout=3,callgist_tap=1,callgist_target={target}}}sofia/callgist/sip:{tap}@{EAR};transport=udp \
             'native_eavesdrop:${{cond(${{uuid_getvar({target} read_codec)}} == {codec} ? {target} : none)}} {side}' \
             inline\nJob-UUID: job-{tap}"
        ));
    }

    fn until(&mut self, time: Duration) {
        let time = self.started + time;
        while let Some(next) = self.world.poll_timeout().filter(|next| *next <= time) {
            self.now = next;
            self.world.handle_timeout(next);
            self.flush();
        }
        self.now = time;
        self.world.handle_timeout(time);
    }

    fn call(&mut self, script: Script) -> CallNo {
        self.started = self.now;
        let (no, a) = self.world.call(script, self.now);
        self.a = a;
        self.flush();
        no
    }

    fn ended(&mut self, script: Script) -> Report {
        self.call(script);
        for second in 1..600 {
            self.until(ms(second * 1_000));
            if let Some(report) = self.report.take() {
                return report;
            }
        }
        panic!("the call never ends");
    }

    fn act(&mut self, no: CallNo, act: Act) {
        self.world.act(no, act);
        self.world.settle();
        self.flush();
    }

    /// `NAME leg` and what distinguishes it, in the order of arrival.
    fn story(&self) -> Vec<String> {
        let short = |event: &Event| {
            let name = event.get("Event-Name").unwrap_or_default();
            let leg = match event.unique_id() {
                Some(leg) if leg == self.a => "A",
                Some(leg) if leg == self.b => "B",
                Some(leg) if leg.starts_with("tap-") => "T",
                _ => "-",
            };
            let app = event.application().map_or(String::new(), |app| format!(" {app}"));
            format!("{name} {leg}{app}")
        };
        self.events.iter().map(|(_, event)| short(event)).collect()
    }

    fn time_of(&self, story: &str) -> u64 {
        let at = self.story().iter().position(|line| line == story).unwrap_or_else(|| panic!("no {story}"));
        (self.events[at].0 - self.started).as_millis() as u64
    }

    fn event(&self, story: &str) -> &Event {
        let at = self.story().iter().position(|line| line == story).unwrap_or_else(|| panic!("no {story}"));
        &self.events[at].1
    }

    fn payloads(&self, tap: &str) -> Vec<Vec<u8>> {
        let packets = self.packets.get(tap).map(|list| &list[..]).unwrap_or_default();
        packets.iter().map(|(_, bytes)| Packet::parse(bytes).unwrap().payload.to_vec()).collect()
    }
}

const EVENTS: &str = "CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HOLD CHANNEL_UNHOLD \
                      CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE PLAYBACK_START PLAYBACK_STOP CHANNEL_EXECUTE \
                      CHANNEL_EXECUTE_COMPLETE MEDIA_BUG_START MEDIA_BUG_STOP BACKGROUND_JOB HEARTBEAT";

fn commands(text: &str) -> Vec<Command> {
    let (mut codec, mut bytes) = (ServerCodec::default(), BytesMut::from(text));
    std::iter::from_fn(|| codec.decode(&mut bytes).unwrap()).collect()
}

/// Every 20 ms other sounds: the number of the frame in loud and soft samples, so that none is like another.
fn steps(frames: usize, base: i16) -> Vec<i16> {
    let sample = |n: usize, at: usize| if at < 16 && n >> at & 1 == 1 { 20_000 } else { base };
    (0..frames).flat_map(|n| (0..FRAME).map(move |at| sample(n, at))).collect()
}

fn talk(seconds: usize) -> Script {
    Script {
        caller_speech: steps(seconds * 50, 1_000),
        agent_speech: steps(seconds * 50, 9_000),
        ..Script::default()
    }
}

// The notice

/// N01, "alive play"; the bridge is followed in the next test.
const NOTICE_STORY: [&str; 22] = [
    "CHANNEL_EXECUTE_COMPLETE A export",
    "CHANNEL_EXECUTE A answer",
    "CHANNEL_ANSWER A",
    "CHANNEL_EXECUTE_COMPLETE A answer",
    "CHANNEL_EXECUTE A bind_digit_action",
    "CHANNEL_EXECUTE_COMPLETE A bind_digit_action",
    "CHANNEL_EXECUTE A digit_action_set_realm",
    "CHANNEL_EXECUTE_COMPLETE A digit_action_set_realm",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_EXECUTE A sleep",
    "CHANNEL_EXECUTE A playback",
    "PLAYBACK_START A",
    "PLAYBACK_STOP A",
    "CHANNEL_EXECUTE_COMPLETE A playback",
    "CHANNEL_EXECUTE_COMPLETE A sleep",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
];

#[test]
fn the_notice_is_played_into_the_guarded_sleep_as_on_a_real_switch() {
    let mut bench = Bench::new();
    let report = bench.ended(talk(1));
    assert_eq!(bench.story()[..22], NOTICE_STORY);
    assert_eq!(bench.time_of("PLAYBACK_START A"), 20);
    assert_eq!(bench.time_of("PLAYBACK_STOP A"), 3_700);
    assert_eq!(bench.time_of("CHANNEL_EXECUTE_COMPLETE A sleep"), 3_720);
    assert_eq!(bench.event("CHANNEL_EXECUTE_COMPLETE A sleep").application_response(), Some("FILE PLAYED"));
    assert_eq!(bench.event("CHANNEL_EXECUTE A playback").application_data(), Some(NOTICE));
    assert_eq!(bench.event("CHANNEL_EXECUTE_COMPLETE A playback").application_uuid(), Some("own-1"));
    assert_eq!(report.notice_heard, ms(3_680));
    assert_eq!(report.agent_invited, Some(ms(3_720)));
    assert_eq!(report.file_heard_in_talk, Duration::ZERO);
}

#[test]
fn a_dead_sidecar_costs_nothing_a_hung_one_520_ms_and_one_that_declines_next_to_nothing() {
    let invited = |bench: &mut Bench| bench.ended(talk(1)).agent_invited.unwrap().as_millis();
    let mut dead = Bench::new();
    dead.api("global_setvar callgist_alive_until=1");
    dead.at_sleep = AtSleep::Hangs;
    assert_eq!(invited(&mut dead), 0);
    let mut hung = Bench::new();
    hung.at_sleep = AtSleep::Hangs;
    assert_eq!(invited(&mut hung), 520);
    let mut declines = Bench::new();
    declines.at_sleep = AtSleep::Declines;
    assert_eq!(invited(&mut declines), 20);
    assert!(!declines.story().iter().any(|line| line.starts_with("PLAYBACK")));
}

#[test]
fn a_notice_that_comes_too_late_is_not_heard() {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    bench.call(talk(3));
    bench.until(ms(1_500));
    let a = bench.a.clone();
    bench.play_notice(&a);
    bench.until(ms(2_000));
    let late = bench.event("CHANNEL_EXECUTE_COMPLETE A playback");
    assert_eq!(
        (late.application_response(), late.application_data()),
        (Some("FILE NOT FOUND"), Some("silence_stream://0"))
    );
    assert!(!bench.story().iter().any(|line| line.starts_with("PLAYBACK")));
}

/// One row of the table of what proves that a file was played: status, response, state, read, elapsed.
fn proof(act: Option<Act>) -> (String, String, String, String, u64) {
    let mut bench = Bench::new();
    let events = act.map(|act| (When::Noticed(ms(1_000)), act)).into_iter().collect();
    bench.call(Script { events, ..talk(1) });
    bench.until(ms(12_000));
    let of = |event: &Event, name: &str| event.get(name).unwrap_or_default().to_owned();
    let stops: Vec<&Event> =
        bench.events.iter().map(|(_, e)| e).filter(|e| of(e, "Event-Name") == "PLAYBACK_STOP").collect();
    let stop = stops.iter().find(|event| event.playback_path() == Some(NOTICE)).unwrap();
    let complete = bench.events.iter().map(|(_, event)| event).find(|event| {
        event.application_uuid() == Some("own-1") && of(event, "Event-Name") == "CHANNEL_EXECUTE_COMPLETE"
    });
    let start = bench.event("PLAYBACK_START A").date_micros().unwrap();
    let elapsed = (stop.date_micros().unwrap() - start) / 1_000;
    (
        of(stop, "Playback-Status"),
        of(complete.unwrap(), "Application-Response"),
        of(stop, "Answer-State"),
        of(stop, "variable_playback_ms"),
        elapsed,
    )
}

#[test]
fn what_is_said_of_a_broken_notice_is_as_misleading_as_on_a_real_switch() {
    let row = |status: &str, response: &str, state: &str, read: &str, elapsed: u64| {
        (status.to_owned(), response.to_owned(), state.to_owned(), read.to_owned(), elapsed)
    };
    let keys = |keys: &str| Some(Act::Keys(Party::Caller, keys.into()));
    let played = row("done", "FILE PLAYED", "answered", "3662", 3_680);
    assert_eq!(proof(None), played);
    assert_eq!(proof(Some(Act::Break)), row("break", "FILE PLAYED", "answered", "2048", 1_000));
    assert_eq!(
        proof(Some(Act::HangUp(Party::Caller))),
        row("done", "PLAYBACK ERROR", "hangup", "2048", 1_000)
    );
    assert_eq!(proof(Some(Act::Kill(Party::Caller))), row("done", "FILE PLAYED", "hangup", "2048", 1_000));
    assert_eq!(proof(Some(Act::Divert)), row("done", "PLAYBACK ERROR", "answered", "2048", 1_000));
    assert_eq!(proof(Some(Act::StopFile)), row("done", "FILE PLAYED", "answered", "2048", 1_000));
    assert_eq!(proof(Some(Act::SeekFile(2_000))), row("done", "FILE PLAYED", "answered", "3662", 1_680));
    assert_eq!(
        proof(Some(Act::Broadcast("/n/short.wav".into()))),
        row("done", "FILE PLAYED", "answered", "3662", 4_500)
    );
    assert_eq!(proof(Some(Act::Hold(Party::Caller))), row("done", "FILE PLAYED", "answered", "3662", 3_940));
    // A star ends a file by default; here it may also begin *9, so it does after 1.5 s.
    assert_eq!(proof(keys("*")).4, 1_000 + 190 + 1_540);
    assert_eq!(proof(keys("5")), played);
}

// A whole call

/// F01: what follows the bridge, with two taps and the caller hanging up.
const TALK_STORY: [&str; 37] = [
    "CHANNEL_EXECUTE A bridge",
    "CHANNEL_CREATE B",
    "CHANNEL_ANSWER B",
    "CHANNEL_BRIDGE A",
    "CHANNEL_CREATE T",
    "CHANNEL_CREATE T",
    "CHANNEL_ANSWER T",
    "CHANNEL_ANSWER T",
    "BACKGROUND_JOB -",
    "CHANNEL_EXECUTE T native_eavesdrop",
    "MEDIA_BUG_START A",
    "BACKGROUND_JOB -",
    "CHANNEL_EXECUTE T native_eavesdrop",
    "MEDIA_BUG_START B",
    "CHANNEL_HOLD B",
    "CHANNEL_EXECUTE A playback",
    "PLAYBACK_START A",
    "PLAYBACK_STOP A",
    "CHANNEL_EXECUTE_COMPLETE A playback",
    "CHANNEL_UNHOLD B",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_HANGUP A",
    "CHANNEL_HANGUP B",
    "CHANNEL_UNBRIDGE A",
    "CHANNEL_HANGUP_COMPLETE B",
    "CHANNEL_EXECUTE_COMPLETE A bridge",
    "CHANNEL_HANGUP_COMPLETE A",
    "MEDIA_BUG_STOP A",
    "CHANNEL_EXECUTE_COMPLETE T native_eavesdrop",
    "CHANNEL_HANGUP T",
    "CHANNEL_HANGUP_COMPLETE T",
    "MEDIA_BUG_STOP B",
    "CHANNEL_EXECUTE_COMPLETE T native_eavesdrop",
    "CHANNEL_HANGUP T",
    "CHANNEL_HANGUP_COMPLETE T",
    "",
];

#[test]
fn a_whole_call_with_taps_a_hold_and_an_objection_is_told_in_the_order_of_the_trace() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read"), (Party::Agent, "read")];
    let events = vec![
        (When::Bridged(ms(700)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(1_700)), Act::Resume(Party::Agent)),
        (When::Bridged(ms(3_000)), Act::Keys(Party::Caller, "*9".into())),
    ];
    let report = bench.ended(Script { events, ..talk(4) });
    let story = bench.story();
    assert_eq!(story[22..], TALK_STORY[..36], "{:#?}", &story[22..]);
    let bridge = bench.event("CHANNEL_BRIDGE A");
    assert_eq!(bridge.bridge_pair(), Some((&*bench.a, &*bench.b)));
    assert_eq!(bench.event("CHANNEL_UNBRIDGE A").hangup_cause(), Some("NORMAL_CLEARING"));
    assert_eq!(bench.event("CHANNEL_CREATE B").variable("callgist"), Some("main"));
    assert_eq!(bench.event("CHANNEL_CREATE T").variable("callgist"), None);
    let objection = bench.events.iter().rfind(|(_, event)| event.application() == Some("set")).unwrap();
    assert_eq!(objection.1.application_data(), Some("callgist_objection=caller"));
    assert_eq!(bench.event("CHANNEL_HANGUP A").variable("callgist_objection"), Some("caller"));
    assert_eq!((report.cause.as_str(), report.taps.len(), bench.byes), ("NORMAL_CLEARING", 2, 2));
}

#[test]
fn the_headers_of_an_event_stand_in_the_order_of_the_trace_and_say_the_same() {
    let raw = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/esl/F01-filters-and-taps.server.raw"
    ));
    let (mut codec, mut bytes) = (ClientCodec::default(), BytesMut::from(&raw.unwrap()[..]));
    let mut golden: BTreeMap<String, (Vec<String>, Vec<Vec<String>>)> = BTreeMap::new();
    while let Some(frame) = codec.decode(&mut bytes).unwrap() {
        if let Frame::Event(event, _) = frame {
            let known = golden.entry(kind(&event)).or_insert_with(|| (names(&event), Vec::new()));
            known.1.push(states(&event));
        }
    }
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read"), (Party::Agent, "read")];
    let events = vec![
        (When::Bridged(ms(700)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(1_700)), Act::Resume(Party::Agent)),
        (When::Bridged(ms(2_000)), Act::Keys(Party::Caller, "*9".into())),
    ];
    bench.ended(Script { events, ..talk(2) });
    let mut compared = 0;
    for (_, event) in &bench.events {
        if let Some((headers, values)) = golden.get(&kind(event)) {
            let ours = names(event);
            let differ = ours.iter().zip(headers).find(|(ours, theirs)| ours != theirs);
            assert_eq!((differ, ours.len()), (None, headers.len()), "{}", kind(event));
            let ours = states(event);
            let differ: Vec<_> =
                ours.iter().filter(|ours| !values.iter().any(|all| all.contains(ours))).collect();
            assert!(values.contains(&ours), "{} {differ:?}", kind(event));
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

/// What does not depend on who calls when.
fn states(event: &Event) -> Vec<String> {
    let names = [
        "Event-Calling-File",
        "Event-Calling-Function",
        "Event-Calling-Line-Number",
        "Channel-State",
        "Channel-Call-State",
        "Channel-State-Number",
        "Channel-HIT-Dialplan",
        "Answer-State",
        "Hangup-Cause",
        "Channel-Read-Codec-Name",
        "Other-Type",
        "Media-Bug-Function",
        "Playback-Status",
        "Application-Response",
    ];
    let own = event.get("Channel-Call-UUID") == event.get("Unique-ID");
    let values = names.iter().map(|name| format!("{name}={}", event.get(name).unwrap_or("")));
    values.chain([format!("own call: {own}")]).collect()
}

/// What events are alike: name, direction, and whether another leg is named.
fn kind(event: &Event) -> String {
    let part = |name: &str| event.get(name).unwrap_or_default().to_owned();
    let other = event.get("Other-Type").is_some();
    let tap = event.get("variable_callgist_tap").is_some();
    format!(
        "{} {} {other} {tap} {}",
        part("Event-Name"),
        part("Call-Direction"),
        event.application().unwrap_or("")
    )
}

/// The headers that are no channel variables, and not those that come and go.
fn names(event: &Event) -> Vec<String> {
    let all = event.headers().iter().map(|(name, _)| name.to_owned());
    all.filter(|name| {
        !name.starts_with("variable_") && !name.contains("Callee-ID") && !name.contains("Codec")
    })
    .collect()
}

#[test]
fn an_agent_who_hangs_up_leaves_first_and_the_unbridge_names_no_cause() {
    let mut bench = Bench::new();
    bench.ended(Script { hangup_by: Party::Agent, ..talk(1) });
    let story = bench.story();
    let end = story.iter().position(|line| line == "CHANNEL_HANGUP B").unwrap();
    assert_eq!(
        story[end..],
        [
            "CHANNEL_HANGUP B",
            "CHANNEL_HANGUP_COMPLETE B",
            "CHANNEL_UNBRIDGE A",
            "CHANNEL_HANGUP A",
            "CHANNEL_EXECUTE_COMPLETE A bridge",
            "CHANNEL_HANGUP_COMPLETE A"
        ]
    );
    assert_eq!(bench.event("CHANNEL_UNBRIDGE A").hangup_cause(), None);
}

#[test]
fn a_caller_hears_ringing_and_a_call_that_nobody_takes_ends() {
    let mut bench = Bench::new();
    let report = bench.ended(Script { answer_after: None, ..talk(1) });
    assert_eq!((report.bridged, report.cause.as_str()), (None, "NO_ANSWER"));
    assert_eq!(report.ended, ms(3_720 + 60_000));
    assert!(report.ringing_heard >= ms(11_000), "{:?}", report.ringing_heard);
}

#[test]
fn a_wrong_ringback_kills_the_call() {
    let snippet = Settings::default().snippet.replace("'${transfer_ringback}' ==", "${transfer_ringback} ==");
    let mut bench = Bench::with(Settings { snippet, reorder: 0.0, ..Settings::default() });
    let report = bench.ended(Script { answer_after: Some(ms(1_000)), ..talk(1) });
    assert_eq!((report.bridged, report.cause.as_str()), (None, "NO_ANSWER"));
}

#[test]
fn a_transfer_keeps_the_caller_and_his_tap_and_brings_a_new_leg() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "write")];
    let transfer = Act::Transfer { speech: steps(100, 5_000), answer_after: ms(100) };
    let report = bench.ended(Script { events: vec![(When::Bridged(ms(1_000)), transfer)], ..talk(3) });
    let bridges: Vec<&Event> = bench
        .events
        .iter()
        .map(|(_, e)| e)
        .filter(|e| e.get("Event-Name") == Some("CHANNEL_BRIDGE"))
        .collect();
    let pairs: Vec<(&str, &str)> = bridges.iter().filter_map(|event| event.bridge_pair()).collect();
    assert_eq!(pairs.len(), 2);
    assert_eq!(pairs[0].0, pairs[1].0);
    assert_ne!(pairs[0].1, pairs[1].1);
    assert_eq!(bridges[1].variable("callgist"), Some("main"));
    // The second originate of the same name is refused; the first tap hears both agents.
    assert_eq!(report.taps.len(), 1);
    let heard = bench.payloads("tap-Caller-write");
    assert!(heard.len() > 150, "{}", heard.len());
}

#[test]
fn a_caller_may_be_dropped_while_the_agents_leg_and_its_tap_live_on() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "read")];
    let no = bench.call(Script { events: vec![(When::Bridged(ms(500)), Act::KeepAgent)], ..talk(10) });
    bench.until(ms(7_000));
    let before = bench.payloads("tap-Agent-read").len();
    bench.until(ms(8_000));
    assert_eq!(bench.payloads("tap-Agent-read").len() - before, 50);
    assert_eq!(bench.event("CHANNEL_UNBRIDGE A").hangup_cause(), None);
    bench.act(no, Act::HangUp(Party::Agent));
    bench.until(ms(9_000));
    assert!(bench.report.is_some());
}

#[test]
fn a_call_for_which_there_is_no_room_is_refused() {
    let mut bench = Bench::with(Settings { max_sessions: 1, ..Settings::default() });
    let refused = bench.ended(talk(1));
    assert_eq!((refused.cause.as_str(), refused.answered), ("NORMAL_TEMPORARY_FAILURE", None));
}

// Commands

#[test]
fn without_event_lock_a_second_file_plays_inside_the_first_and_with_it_after_it() {
    let stops = |lock: &str| {
        let mut bench = Bench::new();
        bench.at_sleep = AtSleep::Hangs;
        bench.call(talk(1));
        let leg = bench.a.clone();
        for file in [NOTICE, "/n/short.wav"] {
            bench.say(&format!(
                "sendmsg {leg}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: {file}{lock}"
            ));
        }
        bench.until(ms(8_000));
        let stops = bench.events.iter().filter(|(_, event)| event.get("Event-Name") == Some("PLAYBACK_STOP"));
        stops.map(|(_, event)| event.playback_path().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(stops(""), ["/n/short.wav", NOTICE]);
    assert_eq!(stops("\nevent-lock: true"), [NOTICE, "/n/short.wav"]);
}

#[test]
fn a_file_that_is_not_there_plays_in_no_time_and_without_a_word() {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    bench.call(talk(1));
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: /n/none.wav"
    ));
    bench.until(ms(2_000));
    let done = bench.event("CHANNEL_EXECUTE_COMPLETE A playback");
    assert_eq!(done.application_response(), Some("FILE NOT FOUND"));
    assert!(!bench.story().iter().any(|line| line.starts_with("PLAYBACK")));
    assert_eq!(bench.time_of("CHANNEL_EXECUTE_COMPLETE A sleep"), 520);
}

#[test]
fn a_break_in_the_notice_ends_the_sleep_too_and_in_the_ringing_nothing() {
    let mut bench = Bench::new();
    let events = vec![(When::Noticed(ms(1_000)), Act::Break), (When::Started(ms(1_300)), Act::Break)];
    let report = bench.ended(Script { events, ..talk(1) });
    assert_eq!(report.agent_invited, Some(ms(1_040)));
    assert!(report.bridged.is_some());
}

/// The time from the sleep to the agent's INVITE, and the consent that was given.
fn asked(keys: Option<(u64, &str)>) -> (u64, Option<String>) {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    let press = keys.map(|(at, keys)| (When::Started(ms(at - 190)), Act::Keys(Party::Caller, keys.into())));
    bench.call(Script { events: press.into_iter().collect(), ..talk(1) });
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: play_and_get_digits\nexecute-app-arg: \
         ${{cond(${{callgist_waiting}} == true ? 1 1 1 3000 # /n/ask.wav /n/none.wav callgist_consent [19] 3000 : no)}}"
    ));
    bench.until(ms(9_000));
    let invited = bench.time_of("CHANNEL_EXECUTE A bridge");
    (invited, bench.event("CHANNEL_BRIDGE A").variable("callgist_consent").map(str::to_owned))
}

#[test]
fn a_question_in_the_sleep_takes_a_key_or_waits_for_none() {
    for (at, key, consent) in [(1_100, "1", Some("1")), (3_600, "9", Some("9")), (1_100, "5", None)] {
        let (invited, given) = asked(Some((at, key)));
        assert!((at + 20..at + 80).contains(&invited), "{invited}");
        assert_eq!(given.as_deref(), consent);
    }
    let (waited, consent) = asked(None);
    assert!((5_000..5_100).contains(&waited), "{waited}");
    assert_eq!(consent, None);
}

#[test]
fn another_realm_kills_our_key_without_an_error() {
    let mut bench = Bench::new();
    bench.call(Script {
        events: vec![(When::Bridged(ms(1_000)), Act::Keys(Party::Caller, "*9".into()))],
        ..talk(4)
    });
    bench.until(ms(4_000));
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: bind_digit_action\nexecute-app-arg: \
         local,7,exec[i]:set,other=1"
    ));
    bench.until(ms(8_000));
    let objects = |event: &Event| event.application_data() == Some("callgist_objection=caller");
    assert!(!bench.events.iter().any(|(_, event)| objects(event)));
}

// Taps

#[test]
fn write_taps_carry_exactly_what_each_party_is_sent() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write"), (Party::Caller, "write")];
    let report = bench.ended(talk(4));
    let said = |base: i16| -> Vec<Vec<u8>> { steps(200, base).chunks(FRAME).map(encoder).collect() };
    for (tap, base) in [("tap-Agent-write", 1_000), ("tap-Caller-write", 9_000)] {
        let heard = bench.payloads(tap);
        let first = heard.iter().position(|payload| said(base).contains(payload)).unwrap();
        let at = said(base).iter().position(|payload| *payload == heard[first]).unwrap();
        assert!(heard[first..][..200 - at] == said(base)[at..], "{tap}");
        assert!(at <= 6, "{at}");
    }
    assert!(report.taps.iter().all(|tap| tap.fillers == 0 && tap.side == Side::Write));
    // Each attach costs the tapped party's voice two packets.
    let total = report.bridged.map(|bridged| (report.ended - bridged).as_millis() as u64 / 20).unwrap();
    assert!(total - report.caller_packets <= 4, "{total} {}", report.caller_packets);
}

fn encoder(pcm: &[i16]) -> Vec<u8> {
    use audio_codec::Encoder;
    audio_codec::pcma::PcmaEncoder::new().encode(pcm)
}

#[test]
fn nothing_that_the_caller_says_on_hold_reaches_the_agents_write_tap() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write"), (Party::Caller, "read")];
    let events = vec![
        (When::Bridged(ms(1_000)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(3_000)), Act::Resume(Party::Agent)),
    ];
    bench.ended(Script { events, ..talk(4) });
    let in_hold: Vec<Vec<u8>> = steps(200, 1_000).chunks(FRAME).skip(55).take(90).map(encoder).collect();
    let heard = bench.payloads("tap-Agent-write");
    assert!(!heard.iter().any(|payload| in_hold.contains(payload)));
    // The read tap of the caller's leg goes on hearing him (F88).
    let read = bench.payloads("tap-Caller-read");
    assert!(in_hold.iter().all(|payload| read.contains(payload)));
}

#[test]
fn a_tap_of_the_leg_that_holds_pauses_and_goes_on_with_the_next_number() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "read")];
    let events = vec![
        (When::Bridged(ms(1_000)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(3_000)), Act::Resume(Party::Agent)),
    ];
    bench.ended(Script { events, ..talk(4) });
    let packets = &bench.packets["tap-Agent-read"];
    let pause = packets.windows(2).map(|two| two[1].0 - two[0].0).max().unwrap();
    assert_eq!(pause, ms(2_020));
    let seqs: Vec<u16> =
        packets.iter().map(|(_, bytes)| Packet::parse(bytes).unwrap().header.seq.0).collect();
    assert!(seqs.windows(2).all(|two| two[0].wrapping_add(1) == two[1]));
}

#[test]
fn after_a_hold_by_the_switch_what_was_said_meanwhile_comes_out_late() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    let events = vec![
        (When::Bridged(ms(1_000)), Act::SwitchHold(Party::Caller)),
        (When::Bridged(ms(3_000)), Act::SwitchResume(Party::Caller)),
    ];
    bench.ended(Script { events, ..talk(6) });
    let said_on_hold = encoder(&steps(200, 1_000)[100 * FRAME..101 * FRAME]);
    let late = bench.packets["tap-Agent-write"]
        .iter()
        .find(|(_, bytes)| Packet::parse(bytes).unwrap().payload == said_on_hold)
        .map(|(at, _)| *at - bench.started)
        .unwrap();
    let bridged = ms(bench.time_of("CHANNEL_BRIDGE A"));
    // Said 2.0 s into the talk, it comes out 0.8 s or more after the hold's end.
    assert!(late >= bridged + ms(3_700), "{late:?} {bridged:?}");
}

#[test]
fn a_read_tap_ticks_on_with_fillers_where_packets_are_lost_and_a_write_tap_has_gaps() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read"), (Party::Agent, "write")];
    let phones = Network { loss: 0.05, jitter_ms: 0 };
    let report = bench.ended(Script { phones, ..talk(20) });
    let of = |side: Side| report.taps.iter().find(|tap| tap.side == side).unwrap();
    let (read, write) = (of(Side::Read), of(Side::Write));
    let fillers =
        bench.payloads("tap-Caller-read").iter().filter(|payload| **payload == [0xff; 160]).count() as u64;
    assert_eq!(fillers, read.fillers);
    assert!((25..90).contains(&fillers), "{fillers}");
    assert!(read.sent - write.sent >= fillers - 5, "{} {}", read.sent, write.sent);
}

#[test]
fn jitter_over_a_tick_brings_fillers_for_packets_that_come_after_them() {
    let fillers = |jitter_ms: u32| {
        let mut bench = Bench::new();
        bench.at_bridge = vec![(Party::Caller, "read")];
        bench.ended(Script { phones: Network { loss: 0.0, jitter_ms }, ..talk(10) }).taps[0].fillers
    };
    assert_eq!(fillers(15), 1);
    assert!((30..90).contains(&fillers(40)), "{}", fillers(40));
}

#[test]
fn the_way_to_us_may_lose_and_reorder_by_seed() {
    let run = |seed: u64| {
        let mut bench = Bench::new();
        bench.at_bridge = vec![(Party::Agent, "write")];
        let taps = Network { loss: 0.1, jitter_ms: 60 };
        let report = bench.ended(Script { taps, seed, ..talk(4) });
        let seqs: Vec<u16> = bench.packets["tap-Agent-write"]
            .iter()
            .map(|(_, bytes)| Packet::parse(bytes).unwrap().header.seq.0)
            .collect();
        (report.taps[0].lost, seqs)
    };
    let (lost, seqs) = run(5);
    assert!((5..50).contains(&lost), "{lost}");
    assert!(seqs.windows(2).any(|two| two[1].wrapping_sub(two[0]) > 0x8000));
    assert_eq!(run(5), (lost, seqs.clone()));
    assert_ne!(run(6).1, seqs);
}

/// The end of a tap: the job's answer, whether it ever ran, and when the answer came after the command.
fn attempt(ear: Ear, codec: &str, target: Option<&str>) -> (String, bool, u64) {
    let mut bench = Bench::new();
    bench.ear = ear;
    bench.call(talk(10));
    bench.until(ms(5_000));
    let target = target.map_or(bench.a.clone(), str::to_owned);
    bench.originate("tap-1", &target, codec, "read");
    bench.until(ms(10_000));
    let job = bench.event("BACKGROUND_JOB -");
    let runs = bench.story().iter().any(|line| line == "MEDIA_BUG_START A");
    (job.body().unwrap().to_owned(), runs, bench.time_of("BACKGROUND_JOB -") - 5_000)
}

#[test]
fn taps_fail_with_the_answers_and_at_the_times_of_a_real_switch() {
    assert_eq!(attempt(Ear::Accepts, "PCMA", None), ("+OK tap-1\n".into(), true, 39));
    let (busy, ..) = attempt(Ear::Refuses(Status::BUSY), "PCMA", None);
    assert_eq!(busy, "-ERR USER_BUSY\n");
    let (unavailable, ..) = attempt(Ear::Refuses(Status::UNAVAILABLE), "PCMA", None);
    assert_eq!(unavailable, "-ERR NORMAL_TEMPORARY_FAILURE\n");
    let (dead, runs, _) = attempt(Ear::Dead, "PCMA", None);
    assert_eq!((&*dead, runs), ("-ERR NORMAL_TEMPORARY_FAILURE\n", false));
    let (rings, _, after) = attempt(Ear::Rings, "PCMA", None);
    assert_eq!(rings, "-ERR NO_ANSWER\n");
    assert!((2_000..3_000).contains(&after), "{after}");
}

#[test]
fn a_tap_that_wakes_up_late_is_acked_and_ended() {
    let mut bench = Bench::new();
    bench.ear = Ear::Silent;
    bench.call(talk(20));
    bench.until(ms(5_000));
    let target = bench.a.clone();
    bench.originate("tap-1", &target, "PCMA", "read");
    bench.until(ms(7_999));
    assert_eq!(bench.event("BACKGROUND_JOB -").body(), Some("-ERR NO_ANSWER\n"));
    bench.ear = Ear::Accepts;
    // The INVITE is still said again, 1 s and 3 s after the first.
    bench.until(ms(8_100));
    assert_eq!(bench.byes, 1);
    assert!(!bench.story().contains(&"MEDIA_BUG_START A".to_owned()));
}

#[test]
fn a_tap_of_a_leg_that_rings_waits_for_its_first_sound_at_most_6_seconds() {
    let tapped = |answer_after: u64| {
        let mut bench = Bench::new();
        bench.call(Script { answer_after: Some(ms(answer_after)), ..talk(3) });
        bench.until(ms(4_000));
        let b = bench.world.calls.values().next().unwrap().b.clone().unwrap();
        bench.say(&format!(
            "bgapi originate {{origination_uuid=tap-1,absolute_codec_string=PCMA,callgist_tap=1}}sofia/callgist/sip:t@{EAR} \
             'native_eavesdrop:{b} read' inline"
        ));
        bench.until(ms(15_000));
        bench.b = b;
        bench.story().contains(&"MEDIA_BUG_START B".to_owned())
    };
    assert!(tapped(4_000));
    assert!(!tapped(8_000));
}

#[test]
fn success_says_nothing_about_a_tap_whose_target_is_unknown_or_speaks_otherwise() {
    for (codec, target) in [("PCMU", None), ("PCMA", Some("no-such-leg"))] {
        assert_eq!(attempt(Ear::Accepts, codec, target), ("+OK tap-1\n".into(), false, 39));
    }
}

#[test]
fn a_native_tap_without_the_check_brings_a_bypassed_calls_switch_down() {
    let run = |guarded: bool| {
        let mut bench = Bench::new();
        bench.call(Script { bypass_media: true, ..talk(5) });
        bench.until(ms(5_000));
        let b = bench.b.clone();
        match guarded {
            true => bench.originate("tap-1", &b, "PCMA", "write"),
            false => bench.say(&format!(
                "bgapi originate {{absolute_codec_string=PCMA,callgist_tap=1}}sofia/callgist/sip:t@{EAR} \
                 '&native_eavesdrop({b} read)'"
            )),
        }
        bench.until(ms(6_000));
        bench.world.crashed
    };
    assert!(!run(true));
    assert!(run(false));
}

#[test]
fn our_bye_ends_a_tap_and_nothing_else() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    bench.call(talk(5));
    bench.until(ms(6_000));
    let dialog = bench.dialogs["tap-Agent-write"];
    bench.uas.bye(dialog, bench.now).unwrap();
    bench.answer();
    bench.flush();
    let count = bench.payloads("tap-Agent-write").len();
    bench.until(ms(7_000));
    assert_eq!(bench.payloads("tap-Agent-write").len(), count);
    assert!(bench.story().contains(&"MEDIA_BUG_STOP B".to_owned()));
    assert!(!bench.story().contains(&"CHANNEL_HANGUP A".to_owned()));
    assert_eq!(bench.api("uuid_exists tap-Agent-write"), "false");
}

#[test]
fn a_call_from_inside_the_switch_reaches_the_snippet_and_is_no_callers() {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    let try_it = |bench: &mut Bench, number: &str| {
        bench.say(&format!(
            "bgapi originate {{origination_uuid=half-1,originate_timeout=2,origination_caller_id_number=callgist}}\
             loopback/{number}/public &park"
        ));
        bench.until(ms(1_000));
    };
    try_it(&mut bench, "4711");
    assert_eq!(bench.event("BACKGROUND_JOB -").body(), Some("-ERR NO_ROUTE_DESTINATION\n"));
    bench.events.clear();
    try_it(&mut bench, "352260000");
    let sleep = bench.event("CHANNEL_EXECUTE - sleep");
    assert_eq!(sleep.get("Channel-Name"), Some("loopback/352260000-b"));
    assert_eq!(
        (sleep.variable("callgist"), sleep.variable("callgist_waiting")),
        (Some("main"), Some("true"))
    );
    assert_eq!(bench.api("uuid_kill half-1"), "+OK\n");
    bench.until(ms(2_000));
    assert_eq!(bench.api("show channels as json"), "{\"row_count\": 0}\n");
}

// Keys

/// What the agent's side was told of keys pressed in the talk, and whether they objected.
fn pressed(keys: &[(u64, &str)]) -> (String, bool) {
    let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
    bench.say("auth ClueCon");
    bench.say("event plain DTMF CHANNEL_EXECUTE CHANNEL_HANGUP");
    let presses =
        keys.iter().map(|(at, keys)| (When::Bridged(ms(*at)), Act::Keys(Party::Caller, (*keys).into())));
    bench.ended(Script { events: presses.collect(), ..talk(8) });
    let told: String = bench.events.iter().filter_map(|(_, event)| event.get("DTMF-Digit")).collect();
    let objects = |event: &Event| event.application_data() == Some("callgist_objection=caller");
    (told, bench.events.iter().any(|(_, event)| objects(event)))
}

#[test]
fn keys_are_matched_and_passed_on_as_on_a_real_switch() {
    let passed = |text: &str| (text.to_owned(), false);
    let objected = |text: &str| (text.to_owned(), true);
    assert_eq!(pressed(&[(100, "*9")]), objected(""));
    assert_eq!(pressed(&[(100, "9")]), passed("9"));
    assert_eq!(pressed(&[(100, "1939")]), passed("1939"));
    assert_eq!(pressed(&[(100, "*")]), passed("*"));
    assert_eq!(pressed(&[(100, "*5")]), passed("*5"));
    assert_eq!(pressed(&[(100, "*"), (900, "9")]), objected(""));
    assert_eq!(pressed(&[(100, "*"), (2_300, "9")]), passed("*9"));
    assert_eq!(pressed(&[(100, "**9")]), passed("**9"));
    assert_eq!(pressed(&[(100, "1*9")]), objected("1"));
}

// The event socket

#[test]
fn every_answer_of_the_trace_of_commands_and_errors_is_given_again() {
    let read = |side: &str| {
        let path =
            format!("{}/tests/golden/esl/A07-commands-and-errors.{side}.raw", env!("CARGO_MANIFEST_DIR"));
        BytesMut::from(&std::fs::read(path).unwrap()[..])
    };
    let (mut client, mut asked) = (ServerCodec::default(), read("client"));
    let mut bench = Bench::with(Settings::default());
    bench.flush();
    while let Some(command) = client.decode(&mut asked).unwrap() {
        bench.world.handle_command(LINK, command, bench.now);
        bench.flush();
    }
    let (mut server, mut told) = (ClientCodec::default(), read("server"));
    let golden: Vec<Frame> = std::iter::from_fn(|| server.decode(&mut told).unwrap())
        .filter(|frame| !matches!(frame, Frame::Event(..)))
        .collect();
    assert_eq!(bench.frames.len(), golden.len());
    for (ours, theirs) in bench.frames.iter().zip(&golden) {
        assert_eq!(shown(ours), shown(theirs));
    }
}

/// A frame as text, with ids left out.
fn shown(frame: &Frame) -> String {
    let mut bytes = BytesMut::new();
    ServerCodec::default().encode(frame, &mut bytes).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let id = regex::Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    let nil = "00000000-0000-0000-0000-000000000000";
    let ids =
        id.replace_all(&text, |found: &regex::Captures| if &found[0] == nil { nil } else { "ID" }.to_owned());
    ids.into_owned()
}

#[test]
fn a_user_of_the_directory_hears_and_calls_only_what_he_may() {
    let user = User {
        name: "sidecar@pbx.example".into(),
        password: "s3cret".into(),
        events: ["CHANNEL_BRIDGE", "CHANNEL_HANGUP", "BACKGROUND_JOB"].map(str::to_owned).into(),
        apis: ["show", "bgapi", "originate", "uuid_kill"].map(str::to_owned).into(),
    };
    let mut bench = Bench::with(Settings { users: vec![user], ..Settings::default() });
    let read = |side: &str| {
        let path =
            format!("{}/tests/golden/esl/A05-userauth-restricted.{side}.raw", env!("CARGO_MANIFEST_DIR"));
        BytesMut::from(&std::fs::read(path).unwrap()[..])
    };
    let (mut client, mut asked) = (ServerCodec::default(), read("client"));
    bench.flush();
    while let Some(command) = client.decode(&mut asked).unwrap() {
        bench.world.handle_command(LINK, command, bench.now);
        bench.flush();
    }
    let (mut server, mut told) = (ClientCodec::default(), read("server"));
    let golden: Vec<String> =
        std::iter::from_fn(|| server.decode(&mut told).unwrap()).map(|f| shown(&f)).collect();
    assert_eq!(bench.frames.iter().map(shown).collect::<Vec<_>>(), golden);
}

#[test]
fn a_wrong_password_and_a_stranger_are_told_and_shown_out() {
    let mut wrong = Bench::with(Settings::default());
    wrong.say("auth Wrong");
    assert!(matches!(&wrong.frames[..], [Frame::AuthRequest, Frame::Reply(_), Frame::Disconnect(_)]));
    let mut stranger = Bench::with(Settings { acl_refuses: true, ..Settings::default() });
    stranger.flush();
    assert!(matches!(&stranger.frames[..], [Frame::Rejected(_), Frame::Disconnect(_)]));
    let mut silent = Bench::with(Settings::default());
    silent.until(ms(25_000));
    assert!(matches!(&silent.frames[..], [Frame::AuthRequest, Frame::Disconnect(_)]));
}

#[test]
fn events_overtake_each_other_only_across_legs() {
    let mut displaced = 0;
    for seed in 0..20 {
        let mut bench = Bench::with(Settings { reorder: 0.5, seed, ..Settings::default() });
        bench.say("auth ClueCon");
        bench.say("event json ALL");
        bench.ended(talk(1));
        let numbers: Vec<(Option<&str>, u64)> = bench
            .events
            .iter()
            .filter_map(|(_, event)| Some((event.unique_id(), event.sequence()?)))
            .collect();
        displaced += numbers.windows(2).filter(|two| two[0].1 > two[1].1).count();
        let legs: std::collections::BTreeSet<Option<&str>> = numbers.iter().map(|(leg, _)| *leg).collect();
        for leg in legs {
            let own: Vec<u64> = numbers.iter().filter(|(of, _)| *of == leg).map(|(_, n)| *n).collect();
            assert!(own.is_sorted());
        }
    }
    assert!(displaced > 5, "{displaced}");
}

#[test]
fn a_resyncing_sidecar_finds_legs_taps_and_variables() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    bench.call(talk(5));
    bench.until(ms(6_000));
    let (a, b) = (bench.a.clone(), bench.b.clone());
    assert_eq!(bench.api(&format!("uuid_setvar {a} callgist_notice v1;1;2")), "+OK\n");
    assert_eq!(bench.api(&format!("uuid_getvar {a} callgist_notice")), "v1;1;2");
    let dump: serde_json::Value = serde_json::from_str(&bench.api(&format!("uuid_dump {b} json"))).unwrap();
    assert_eq!(dump["Channel-Read-Codec-Name"], "PCMA");
    assert_eq!(dump["variable_rtp_last_audio_codec_string"], "PCMA@8000h@20i@1c");
    assert_eq!(dump["Other-Leg-Unique-ID"], a);
    assert!(bench.api(&format!("uuid_buglist {b}")).contains("<function>eavesdrop</function>"));
    let shown: serde_json::Value = serde_json::from_str(&bench.api("show channels as json")).unwrap();
    assert_eq!(shown["row_count"], 3);
    let rows = shown["rows"].as_array().unwrap();
    let tap = rows.iter().find(|row| row["application"] == "native_eavesdrop").unwrap();
    assert_eq!(tap["application_data"], format!("{b} write"));
    assert_eq!(bench.api("uuid_kill tap-Agent-write"), "+OK\n");
    bench.until(ms(6_100));
    assert!(bench.story().contains(&"MEDIA_BUG_STOP B".to_owned()));
    assert_eq!(bench.api("uuid_kill no-such-leg"), "-ERR No such channel!\n");
    assert_eq!(bench.api("uuid_setvar no-such-leg a b"), "-ERR No such channel!\n");
}

#[test]
fn the_heart_beats_on_the_switchs_own_clock() {
    let mut bench = Bench::with(Settings::default());
    bench.say("auth ClueCon");
    bench.say("event plain HEARTBEAT");
    bench.until(ms(65_000));
    let beats: Vec<u64> = bench.events.iter().filter_map(|(_, event)| event.date_micros()).collect();
    assert_eq!(beats, [20, 40, 60].map(|seconds| EPOCH + seconds * 1_000_000));
}

#[test]
fn another_codec_is_spoken_on_the_other_leg() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    bench.ended(Script { agent_codec: Some(Codec::Pcmu), ..talk(1) });
    assert!(bench.payloads("tap-Agent-write").is_empty());
    assert_eq!(bench.event("CHANNEL_ANSWER B").get("Channel-Read-Codec-Name"), Some("PCMU"));
}

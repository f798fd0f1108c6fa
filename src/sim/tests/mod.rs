//! The simulated switch against what a real one did: the traces' order, their times, and their numbers.

mod commands;
mod inside;
mod keys;
mod notice;
mod socket;
mod talk;
mod taps;
mod topologies;

use super::script::{Act, Agent, Answers, Network, Report, Script, Side, When};
use super::world::{CallNo, LinkId, Output, World};
use super::{Settings, User};
use crate::call::Party;
use crate::wire::esl::{ClientCodec, Command, Event, Frame, ServerCodec, Value};
use crate::wire::rtp::{Codec, Packet};
use crate::wire::sip::{self, DialogId, Status, Uas};
use bytes::BytesMut;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::codec::{Decoder, Encoder};

/// 20 ms at 8 kHz.
const FRAME: usize = 160;
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

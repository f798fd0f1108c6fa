//! A talk in which something goes wrong, what it comes to, and the means to make it go wrong.

use crate::live::sidecar::{self, Sidecar};
use crate::restart::Way;
use crate::scripted::{Manner, NOTE};
use crate::stories::{Stage, seconds};
use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Report, Script, Settings, Switch};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use serde_json::Value;
use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

/// Two people talk, and are copied.
pub(super) struct Talk {
    pub(super) stage: Stage,
    pub(super) callgist: Sidecar,
    pub(super) call: LiveCall,
    pub(super) way: Option<Way>,
}

impl Talk {
    pub(super) fn forked() -> Talk {
        Talk::on(|_| {}, |settings| settings)
    }

    pub(super) fn on(change: impl FnOnce(&mut Settings), settings: impl Fn(String) -> String) -> Talk {
        let stage = Stage::scripted(change);
        let callgist = stage.sidecar_with(stage.switch.event_socket().port(), settings);
        Talk::begin(stage, callgist, None, |_| {})
    }

    pub(super) fn told(change: impl FnOnce(&mut Script)) -> Talk {
        let stage = Stage::scripted(|_| {});
        let callgist = stage.sidecar();
        Talk::begin(stage, callgist, None, change)
    }

    pub(super) fn over_a_way() -> Talk {
        let stage = Stage::scripted(|_| {});
        let way = Way::to(&stage);
        let callgist = stage.sidecar_with(way.port, |settings| settings);
        Talk::begin(stage, callgist, Some(way), |_| {})
    }

    /// Its ear behaves like that.
    pub(super) fn with(manner: Manner) -> Talk {
        let stage = Stage::scripted(|_| {});
        let mut callgist = stage.sidecar();
        callgist.manner(manner);
        callgist.kill_the_ear();
        callgist.says("ear ready, locked in");
        callgist.manner(Manner::Honest);
        // The switch learns within two seconds that we are alive.
        std::thread::sleep(seconds(3));
        Talk::begin(stage, callgist, None, |_| {})
    }

    pub(super) fn begin(
        stage: Stage,
        mut callgist: Sidecar,
        way: Option<Way>,
        change: impl FnOnce(&mut Script),
    ) -> Talk {
        let mut script = stage.speech(120);
        change(&mut script);
        let call = stage.call(script);
        callgist.step("forked");
        let from = Instant::now();
        while stage.copies() < 2 {
            assert!(from.elapsed() < seconds(2), "there are not two copies");
            std::thread::sleep(Duration::from_millis(20));
        }
        Talk { stage, callgist, call, way }
    }

    pub(super) fn way(&self) -> &Way {
        self.way.as_ref().unwrap()
    }

    /// The row, once the caller has rung off.
    #[track_caller]
    pub(super) fn row(&mut self) -> Value {
        self.call.act(Act::HangUp(Party::Caller));
        self.callgist.kept()
    }

    #[track_caller]
    pub(super) fn noted(mut self) -> (Stage, Sidecar) {
        let row = self.row();
        assert_eq!(row["summary"], NOTE, "{row}");
        self.goes_on()
    }

    /// The call's row has that reason, and it goes on.
    #[track_caller]
    pub(super) fn ends(mut self, reason: &str) -> (Stage, Sidecar) {
        let row = self.row();
        assert_eq!(row["no_summary_reason"], reason, "{row}");
        assert_eq!(row["summary"], Value::Null, "{row}");
        assert_eq!(self.callgist.counted(reason), 1);
        self.goes_on()
    }

    /// The ear has failed: the call is kept so while it goes on.
    #[track_caller]
    pub(super) fn fails_and_the_next_is_noted(mut self) {
        let row = self.callgist.kept();
        assert_eq!(row["no_summary_reason"], "engine_failed", "{row}");
        self.stage.without_copies_within(seconds(5));
        let (stage, mut callgist) = self.goes_on();
        // The switch learns within two seconds that we are alive.
        std::thread::sleep(seconds(3));
        next_is_noted(&stage, &mut callgist);
    }

    /// The ear is killed, no other one can be started, and the next call waits for nobody.
    #[track_caller]
    pub(super) fn not_announced_after_its_end(mut self) {
        self.callgist.kill_the_ear();
        self.callgist
            .says("calls are not announced: no ear is ready, there is no room, or the switch is crowded");
        let (stage, mut callgist) = self.goes_on();
        let report = unannounced(&stage);
        assert!(waited(&report) < Duration::from_millis(100), "{report:?}");
        assert!(callgist.said("ear ended") > 1);
    }

    /// Both hear each other to the end, which is the caller's.
    #[track_caller]
    pub(super) fn goes_on(self) -> (Stage, Sidecar) {
        let Talk { stage, callgist, call, .. } = self;
        rings_off(&stage, call);
        stage.without_copies_within(seconds(5));
        (stage, callgist)
    }
}

/// The caller hangs up now, and nothing was missing in the talk until then.
#[track_caller]
pub(super) fn rings_off(stage: &Stage, call: LiveCall) -> Report {
    call.act(Act::HangUp(Party::Caller));
    let report = stage.ended(call);
    assert_eq!(report.cause, "NORMAL_CLEARING", "{report:?}");
    if let Some(bridged) = report.bridged {
        // Each copy costs 40 ms once.
        let packets = ((report.ended - bridged).as_millis() / 20).saturating_sub(20);
        let heard = u128::from(report.caller_packets.min(report.agent_packets));
        assert!(heard >= packets, "{packets}: {report:?}");
    }
    report
}

/// A short call that hears no notice and reaches its agent.
#[track_caller]
pub(super) fn unannounced(stage: &Stage) -> Report {
    let call = stage.call(stage.speech(2));
    let report = stage.ended(call);
    assert_eq!(report.cause, "NORMAL_CLEARING", "{report:?}");
    assert!(report.bridged.is_some(), "{report:?}");
    assert_eq!(report.notice_heard, Duration::ZERO, "{report:?}");
    report
}

/// How long a caller waited until an agent was called.
pub(super) fn waited(report: &Report) -> Duration {
    report.agent_invited.unwrap() - report.answered.unwrap()
}

#[track_caller]
pub(super) fn next_is_noted(stage: &Stage, callgist: &mut Sidecar) {
    let next = stage.call(stage.speech(60));
    callgist.step("forked");
    rings_off(stage, next);
    let row = callgist.kept();
    assert_eq!(row["summary"], NOTE, "{row}");
    stage.without_copies_within(seconds(5));
}

/// A switch comes up in the place of one that carried a call.
#[track_caller]
pub(super) fn restarted(exchange: impl FnOnce(&mut Stage, Switch)) {
    let mut talk = Talk::over_a_way();
    let settings = Settings { seed: 2, ..crate::stories::settings() };
    let fresh = talk.stage.runtime.block_on(Switch::start(settings)).unwrap();
    let way = talk.way.take().unwrap();
    way.leads_to(fresh.event_socket());
    exchange(&mut talk.stage, fresh);
    let row = talk.callgist.kept();
    assert!(row["summary"].is_null() || row["summary"] == NOTE, "{row}");
    talk.callgist.said_twice("switch connected");
    talk.callgist.announced_again();
    next_is_noted(&talk.stage, &mut talk.callgist);
}

#[track_caller]
pub(super) fn stepped(by: i64) {
    let talk = Talk::forked();
    talk.stage.switch.step_clock(by);
    // The next refresh goes by the new time.
    std::thread::sleep(seconds(5));
    let (stage, mut callgist) = talk.noted();
    next_is_noted(&stage, &mut callgist);
}

/// A daemon that is killed in a talk and cannot start again on what the store has become.
#[track_caller]
pub(super) fn not_started_on(spoil: impl FnOnce(&Path)) {
    let mut talk = Talk::forked();
    talk.callgist.kill();
    let path = talk.callgist.path("store/callgist.db");
    for part in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{part}", path.display()));
    }
    spoil(&path);
    talk.callgist.again();
    let (code, said) = talk.callgist.exit();
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("callgist.db"), "{said}");
    let Talk { stage, call, .. } = talk;
    rings_off(&stage, call);
}

// ---------------------------------------------------------------- means

impl Sidecar {
    pub(crate) fn manner(&mut self, manner: Manner) {
        manner.write(&self.path("models/vosk-en"));
    }

    /// Changes its settings and asks it to read them.
    pub(crate) fn resets(&mut self, change: impl Fn(String) -> String) {
        let path = self.path("callgist.toml");
        let settings = change(std::fs::read_to_string(&path).unwrap());
        // As an editor does it: a new file takes the old one's name.
        std::fs::write(self.path("new"), settings).unwrap();
        std::fs::rename(self.path("new"), path).unwrap();
        sidecar::signal(self.pid(), Signal::HUP);
    }

    /// The value of a setting.
    pub(crate) fn setting(&self, name: &str) -> String {
        let settings = std::fs::read_to_string(self.path("callgist.toml")).unwrap();
        let line = settings.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).unwrap();
        line.trim_matches('"').to_owned()
    }

    /// Waits until it has said so a second time.
    #[track_caller]
    pub(super) fn said_twice(&mut self, message: &str) {
        let from = Instant::now();
        while self.said(message) < 2 {
            assert!(from.elapsed() < seconds(30), "{message:?} was not said twice");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The switch has been told again that we are alive.
    pub(super) fn announced_again(&mut self) {
        std::thread::sleep(seconds(3));
    }
}

/// A process that is stopped as long as this lives.
pub(crate) struct Stopped(i32);

impl Stopped {
    pub(crate) fn now(process: i32) -> Stopped {
        sidecar::signal(process, Signal::STOP);
        Stopped(process)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have been killed meanwhile.
        let _ = rustix::process::kill_process(Pid::from_raw(self.0).unwrap(), Signal::CONT);
    }
}

/// Sets a limit of a process; gives the old one.
pub(crate) fn limit(process: i32, resource: Resource, to: u64) -> u64 {
    let new = Rlimit { current: Some(to), maximum: rustix::process::getrlimit(resource).maximum };
    let old = rustix::process::prlimit(Pid::from_raw(process), resource, new).unwrap();
    old.current.unwrap_or(u64::MAX)
}

/// Holds the database as another program does.
pub(super) fn lock(path: &Path) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

/// What the content-free log tells of ears of the kind that is used here.
pub(super) fn deeds_of_ears(callgist: &Sidecar) -> Vec<String> {
    let told = callgist.ask(&["log", "export"]);
    let deeds = told.iter().filter(|entry| entry["detail"] == "vosk" && entry["call"].is_null());
    deeds.map(|entry| entry["deed"].as_str().unwrap().to_owned()).collect()
}

/// A sound that somebody else plays.
pub(super) fn prompt_of(length: Duration) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file.path(), spec).unwrap();
    (0..length.as_millis() * 8).for_each(|_| writer.write_sample(900i16).unwrap());
    writer.finalize().unwrap();
    file
}

/// Two even ports that follow each other, and who holds them.
pub(super) fn two_even_ports() -> (u16, Vec<UdpSocket>) {
    let pair = |first: u16| [first, first + 2].map(|port| UdpSocket::bind(("127.0.0.1", port)));
    let found =
        std::iter::repeat_with(|| UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let mut found = found.map(|port| port & !1).filter_map(|first| match pair(first) {
        [Ok(one), Ok(other)] => Some((first, vec![one, other])),
        _ => None,
    });
    found.next().unwrap()
}

pub(super) fn with_ports(settings: &str, first: u16, last: u16) -> String {
    let line = |line: &str| match line.split(" = ").next() {
        Some("first_rtp_port") => format!("first_rtp_port = {first}\n"),
        Some("last_rtp_port") => format!("last_rtp_port = {last}\n"),
        _ => format!("{line}\n"),
    };
    settings.lines().map(line).collect()
}

/// Strangers ask for copies at the port for SIP, and send what is no SIP.
pub(crate) fn strangers_call(callgist: &Sidecar) {
    let sip = callgist.setting("listen");
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..3_000 {
        let invite = format!(
            "INVITE sip:{number:032x}@{sip} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{number}\r\n\
             From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:y@127.0.0.1>\r\nCall-ID: {number}\r\nCSeq: 1 INVITE\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let said: &[u8] = if number % 2 == 0 { invite.as_bytes() } else { &[0xff; 1_400] };
        stranger.send_to(said, &sip).unwrap();
    }
}

/// Strangers send RTP to its ports.
pub(crate) fn strangers_speak(callgist: &Sidecar) {
    let first: u16 = callgist.setting("first_rtp_port").parse().unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..10_000u16 {
        let mut packet = vec![0x80, 8];
        packet.extend(number.to_be_bytes());
        packet.extend([0; 168]);
        // Where nobody listens the kernel says so, and it is no matter.
        let _ = stranger.send_to(&packet, ("127.0.0.1", first + number % 20));
    }
}

/// More events than the switch keeps for a reader that does not read.
pub(super) fn flood(stage: &Stage) {
    use std::io::{Read, Write};
    let mut other = std::net::TcpStream::connect(stage.switch.event_socket()).unwrap();
    let mut answer = [0; 4_096];
    other.write_all(b"auth ClueCon\n\n").unwrap();
    let _ = other.read(&mut answer).unwrap();
    let big = "x".repeat(60_000);
    let begun = Instant::now();
    for _ in 0..900 {
        other.write_all(format!("sendevent HEARTBEAT\nX-Big: {big}\n\n").as_bytes()).unwrap();
        let _ = other.read(&mut answer).unwrap();
        assert!(begun.elapsed() < seconds(60));
    }
}

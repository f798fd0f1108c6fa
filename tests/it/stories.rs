//! Whole calls of `callgist run`, a process of its own with a real locked ear, on the simulated switch: what people
//! do in them, and what dies in the middle. The phone call goes on whatever becomes of us.

use crate::live::{recording, sidecar};
use crate::table;
use crate::turn::Turn;
use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Report, Script, Settings, Switch, User, When};
use serde_json::Value;
use sidecar::{At, Sidecar};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[test]
fn a_call_hung_up_during_the_notice_is_never_copied() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(with(When::Noticed(seconds(1)), Act::HangUp(Party::Caller)));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "notice_incomplete", "{row}");
    assert_eq!(row["announced"], Value::Null, "{row}");
    assert!(stage.ended(call).taps.is_empty());
}

#[test]
fn the_key_in_the_talk_ends_the_copies_within_a_second_and_the_row_says_only_that() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(stage.talk(20));
    callgist.step("forked");
    stage.runtime.block_on(async { tokio::time::sleep(seconds(2)).await });
    assert_eq!(stage.copies(), 2);
    call.act(Act::Keys(Party::Caller, "*9".into()));
    stage.without_copies_within(seconds(1));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    assert_eq!((&row["heard"], &row["summary"]), (&Value::Null, &Value::Null), "{row}");
    goes_on(&stage.ended(call), 20);
}

#[test]
fn whoever_objected_for_good_is_never_announced_again_and_the_log_tells_what_was_done() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(stage.talk(20));
    callgist.step("forked");
    call.act(Act::Keys(Party::Caller, "*9".into()));
    let row = callgist.kept();
    stage.ended(call);
    let id = row["id"].as_str().unwrap();
    let told = callgist.ask(&["log", "export"]);
    let deeds: Vec<_> = told.iter().filter(|entry| entry["call"] == id).map(|entry| &entry["deed"]).collect();
    let life =
        ["notice_played", "listening_started", "listening_ended", "objection", "note_refused", "shown"];
    assert_eq!(deeds, life, "{told:?}");
    let of_us: Vec<_> = told.iter().take(2).map(|entry| entry["deed"].as_str().unwrap()).collect();
    assert!(of_us.contains(&"settings_changed") && of_us.contains(&"ear_started"), "{told:?}");

    let caller = row["caller"].as_str().unwrap();
    let word = callgist.ask(&["person", "object", caller])[0]["confirm"].as_str().unwrap().to_owned();
    callgist.ask(&["person", "object", caller, "--confirm", &word]);
    let call = stage.call(stage.talk(3));
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["announced"]), (&"excluded".into(), &Value::Null), "{row}");
    let report = stage.ended(call);
    assert!(report.taps.is_empty());
    goes_on(&report, 3);
    assert_eq!(callgist.ask(&["log", "verify"])[0]["faults"], Value::Array(vec![]));
}

#[test]
fn a_caller_whom_nobody_answers_gets_no_note() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script { answer_after: None, hangup_after: Some(seconds(6)), ..Script::default() });
    callgist.step("announced");
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "unanswered", "{row}");
    assert_eq!(row["bridged"], Value::Null, "{row}");
    assert!(stage.ended(call).bridged.is_none());
}

#[test]
fn a_call_whose_media_bypasses_the_switch_is_never_copied() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script { bypass_media: true, ..stage.talk(3) });
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "not_tappable", "{row}");
    assert!(stage.ended(call).taps.is_empty());
}

#[test]
fn a_switch_that_cannot_make_copies_carries_its_calls_all_the_same() {
    let stage = Stage::with(Settings { profile: false, ..settings() });
    let mut callgist = stage.callgist();
    let call = stage.call(Script { answer_after: Some(seconds(3)), ..stage.talk(6) });
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "partial", "{row}");
    let report = stage.ended(call);
    assert!(report.taps.is_empty());
    goes_on(&report, 6);
}

#[test]
fn an_ear_killed_in_the_middle_costs_its_call_the_note_and_the_next_call_is_announced_again() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(stage.talk(8));
    callgist.step("forked");
    callgist.kill_the_ear();
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "engine_failed", "{row}");
    stage.without_copies_within(seconds(1));
    callgist.until("ready", seconds(120), |line| line["message"] == "ear ready, locked in");
    goes_on(&stage.ended(call), 8);
    // The switch learns within two seconds that we are alive.
    std::thread::sleep(seconds(3));
    let next = stage.call(stage.talk(3));
    callgist.step("forked");
    let row = callgist.kept();
    assert_ne!(row["no_summary_reason"], "engine_failed", "{row}");
    goes_on(&stage.ended(next), 3);
}

#[test]
fn a_callgist_killed_in_the_middle_costs_the_call_nothing_and_the_next_one_ends_its_copies() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(stage.talk(20));
    callgist.step("forked");
    callgist.kill();
    assert_eq!(stage.copies(), 2);
    callgist.again();
    for _ in 0..2 {
        callgist.until("orphan ended", seconds(30), |line| {
            line["message"] == "ended a copy that an earlier run had left at the switch"
        });
    }
    stage.without_copies_within(seconds(1));
    goes_on(&stage.ended(call), 20);
}

#[test]
fn a_callgist_that_is_stopped_in_the_middle_takes_its_copies_with_it() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(stage.talk(10));
    callgist.step("forked");
    callgist.ask_to_stop();
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "shutdown", "{row}");
    stage.without_copies_within(seconds(2));
    goes_on(&stage.ended(call), 10);
}

#[test]
fn a_hold_with_its_music_costs_a_call_nothing_and_it_is_heard_to_its_end() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let events = vec![
        (When::Bridged(seconds(3)), Act::Hold(Party::Agent)),
        (When::Bridged(seconds(8)), Act::Resume(Party::Agent)),
    ];
    let call = stage.call(Script { events, hangup_after: Some(seconds(18)), ..stage.talk(14) });
    callgist.step("forked");
    let row = callgist.kept();
    let report = stage.ended(call);
    assert!(!["partial", "engine_failed"].map(Value::from).contains(&row["no_summary_reason"]), "{row}");
    let talk = report.ended - report.bridged.unwrap();
    let voice = Duration::from_millis(20) * u32::try_from(report.agent_packets).unwrap();
    assert!(voice + seconds(4) < talk, "nobody held: {report:?}");
    let listened = Duration::from_millis(row["heard"]["listened_ms"].as_u64().unwrap());
    assert!(listened + seconds(1) > talk, "{listened:?} of {talk:?}: {row}");
}

// ---------------------------------------------------------------- the stage

pub(crate) struct Stage {
    pub(crate) runtime: Runtime,
    pub(crate) switch: Switch,
    pub(crate) folder: TempDir,
    pub(crate) caller: Vec<i16>,
    pub(crate) agent: Vec<i16>,
    _turn: Option<Turn>,
    _told: Option<table::Told>,
}

impl Stage {
    pub(crate) fn set() -> Stage {
        Stage::with(settings())
    }

    /// One whose switch is another.
    pub(crate) fn changed(change: impl FnOnce(&mut Settings)) -> Stage {
        let mut settings = settings();
        change(&mut settings);
        Stage::with(settings)
    }

    fn with(settings: Settings) -> Stage {
        Stage::made(settings, Some(Turn::with_others()), Some(table::Told::begin()))
    }

    /// One on which ears follow a script ([`crate::scripted`]); several may play at once.
    pub(crate) fn scripted(change: impl FnOnce(&mut Settings)) -> Stage {
        let mut settings = settings();
        change(&mut settings);
        Stage::made(settings, None, Some(table::Told::begin()))
    }

    /// A second one of the same story.
    pub(crate) fn beside(change: impl FnOnce(&mut Settings)) -> Stage {
        let mut settings = Settings { seed: 2, ..settings() };
        change(&mut settings);
        Stage::made(settings, None, None)
    }

    fn made(settings: Settings, turn: Option<Turn>, told: Option<table::Told>) -> Stage {
        let runtime = Runtime::new().unwrap();
        let switch = runtime.block_on(Switch::start(settings)).unwrap();
        let [caller, agent] = recording().map(|voice| voice.to_vec());
        let folder = tempfile::tempdir().unwrap();
        let stage = Stage { runtime, switch, folder, caller, agent, _turn: turn, _told: told };
        stage.write_files();
        stage
    }

    fn write_files(&self) {
        let password = self.folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        std::fs::set_permissions(password, PermissionsExt::from_mode(0o600)).unwrap();
        // About the shortest that there may be: nobody listens to them here.
        for (name, samples) in [("notice.wav", 20_800), ("question.wav", 9_600)] {
            let mut whole = hound::WavReader::open("sounds/en/8000/notice.wav").unwrap();
            let mut short = hound::WavWriter::create(self.folder.path().join(name), whole.spec()).unwrap();
            let samples = whole.samples::<i16>().take(samples);
            samples.for_each(|sample| short.write_sample(sample.unwrap()).unwrap());
            short.finalize().unwrap();
        }
    }

    pub(crate) fn callgist(&self) -> Sidecar {
        self.callgist_at(self.switch.event_socket().port())
    }

    /// One that finds the event socket at another port.
    pub(crate) fn callgist_at(&self, event_socket: u16) -> Sidecar {
        let (password_file, notice) =
            (&self.folder.path().join("password"), &self.folder.path().join("notice.wav"));
        Sidecar::beside(&At { event_socket, password_file, notice }, |settings| settings)
    }

    /// One whose ear follows a script, announcing.
    pub(crate) fn sidecar(&self) -> Sidecar {
        self.sidecar_with(self.switch.event_socket().port(), |settings| settings)
    }

    pub(crate) fn sidecar_with(&self, event_socket: u16, change: impl Fn(String) -> String) -> Sidecar {
        let mut sidecar = self.sidecar_unready(event_socket, change);
        sidecar.announcing();
        sidecar
    }

    pub(crate) fn sidecar_unready(&self, event_socket: u16, change: impl Fn(String) -> String) -> Sidecar {
        let (password_file, notice) =
            (&self.folder.path().join("password"), &self.folder.path().join("notice.wav"));
        Sidecar::scripted(&At { event_socket, password_file, notice }, change)
    }

    /// Both speak for that long; there is no silence at its beginning.
    pub(crate) fn speech(&self, length: usize) -> Script {
        let cut = |voice: &[i16]| {
            let mut speech = voice[8_000 * 5..].to_vec();
            speech.resize(8_000 * length, 0);
            speech
        };
        Script { caller_speech: cut(&self.caller), agent_speech: cut(&self.agent), ..Script::default() }
    }

    pub(crate) fn call(&self, script: Script) -> LiveCall {
        self.runtime.block_on(self.switch.call(script))
    }

    pub(crate) fn ended(&self, call: LiveCall) -> Report {
        let ended = async { tokio::time::timeout(seconds(600), call.ended()).await };
        let report =
            self.runtime.block_on(ended).expect("a call that nobody ends is a fault of the switch's");
        table::call(&report);
        report
    }

    /// The demo's call, cut after so many seconds.
    pub(crate) fn talk(&self, length: usize) -> Script {
        let cut = |voice: &[i16]| voice[..length * 8_000].to_vec();
        Script { caller_speech: cut(&self.caller), agent_speech: cut(&self.agent), ..Script::default() }
    }

    /// What somebody at the switch's console is answered.
    pub(crate) fn asks(&self, command: &str) -> String {
        self.runtime.block_on(self.switch.console(command))
    }

    /// A variable of a leg that is there.
    pub(crate) fn variable(&self, leg: &str, name: &str) -> String {
        self.asks(&format!("uuid_getvar {leg} {name}"))
    }

    /// Keys may end what is played to the caller again, as before the notice.
    #[track_caller]
    pub(crate) fn keys_as_before(&self, leg: &str, before: &str) {
        let from = Instant::now();
        while self.variable(leg, "playback_terminators") != before {
            assert!(from.elapsed() < seconds(2), "{}", self.variable(leg, "playback_terminators"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many of our copies run at the switch.
    pub(crate) fn copies(&self) -> usize {
        let channels: Value = serde_json::from_str(&self.asks("show channels as json")).unwrap();
        let rows = channels["rows"].as_array().cloned().unwrap_or_default();
        rows.iter().filter(|row| row["application"] == "native_eavesdrop").count()
    }

    #[track_caller]
    pub(crate) fn without_copies_within(&self, wait: Duration) {
        let from = Instant::now();
        while self.copies() > 0 {
            assert!(from.elapsed() < wait, "the copies go on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A long call in which something happens.
pub(crate) fn with(when: When, act: Act) -> Script {
    Script { events: vec![(when, act)], caller_speech: vec![0; 80_000], ..Script::default() }
}

/// Both parties heard each other for that many seconds, and the caller rang off.
#[track_caller]
pub(crate) fn goes_on(report: &Report, length: u64) {
    assert_eq!(report.cause, "NORMAL_CLEARING", "{report:?}");
    let packets = length * 50;
    assert!(report.caller_packets >= packets && report.agent_packets >= packets, "{report:?}");
}

/// An extension that runs these actions before whatever takes the call of the line.
pub(crate) fn extension(actions: &[(&str, &str)]) -> String {
    let action = |(name, data): &(&str, &str)| format!("<action application=\"{name}\" data=\"{data}\"/>\n");
    let actions: String = actions.iter().map(action).collect();
    let line = Script::default().line;
    format!(
        "<extension name=\"more\" continue=\"true\">\n<condition field=\"destination_number\" \
         expression=\"^{line}$\">\n{actions}</condition>\n</extension>\n"
    )
}

pub(crate) fn settings() -> Settings {
    // A busy machine may be late with the notice; here nobody waits in earnest.
    Settings { patience: 3, users: vec![user()], ..Settings::default() }
}

/// The user that we ship, with no more rights than its file gives it.
fn user() -> User {
    let file = std::fs::read_to_string("dialplan/callgist_user.xml").unwrap();
    User { password: PASSWORD.into(), ..user_in(&file) }
}

/// The directory's user as a switch reads it from that file.
pub(crate) fn user_in(file: &str) -> User {
    let value = |name: &str| {
        let (_, rest) = file.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let listed = |name: &str| value(name).split([' ', ',']).map(str::to_owned).collect();
    User {
        name: "callgist@callgist.invalid".into(),
        password: value("esl-password"),
        events: listed("esl-allowed-events"),
        apis: listed("esl-allowed-api"),
    }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const PASSWORD: &str = "only for these stories";

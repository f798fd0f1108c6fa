//! Stories on a real FreeSWITCH: our shipped files, real phones, `callgist run` with a locked ear, and the calls go on
//! whatever becomes of us.
//!
//! `CALLGIST_FREESWITCH` names the switch's program. Without it every story says that it was skipped.

mod added;
mod audio;
mod baresip;
mod caller_alone;
mod codecs;
mod coding;
mod commanded;
mod consent;
mod keys;
mod listed;
mod machines;
mod makers;
mod phone;
mod recorded;
mod saturated;
mod secured;
pub(crate) mod sidecar;
mod stamped;
mod stock;
mod switch;
mod two;
mod vanilla;
mod ways;
mod wishes;
mod worst;

use crate::canary::Canary;
use crate::turn::Turn;
use coding::Codec;
use phone::{Phone, Sound, Talk, Voice};
use sidecar::{At, Sidecar, models, settings};
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switch::FreeSwitch;
use ways::Way;

#[test]
fn a_call_through_the_shipped_files_ends_in_a_note_that_names_its_reason_and_its_appointment() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(6));
    let (answered, announced) = (call.caller.answered(), Instant::now());
    let talk = call.agent.answered();
    callgist.step("forked");
    std::thread::sleep(stage.length() + Duration::from_secs(1));
    call.caller.hang_up();
    let hung_up = Instant::now();
    let row = callgist.kept();
    let kept = hung_up.elapsed();

    let note = row["summary"].as_str().unwrap_or_default().to_lowercase();
    assert!(note.contains("dishwasher") && note.contains("thursday"), "{row}");
    assert_eq!(row["notice_version"], "live");
    assert_eq!(row["caller"], phone::CALLER);
    let heard = call.caller.state();
    let notice = heard.count(Sound::Voice, answered, announced);
    assert!(notice > 500, "only {notice} packets of the notice were heard");
    let ringing = heard.count(Sound::Ringing, announced, talk);
    assert!(ringing > 40, "only {ringing} packets of ringing were heard before the answer");
    // A vowel may sound like it for a moment.
    assert!(heard.count(Sound::Ringing, talk + SETTLED, hung_up) < 10);
    assert_eq!((heard.lost(), call.agent.state().lost()), (0, 0));
    let to_agent = call.agent.invited().saturating_duration_since(announced).as_millis();
    eprintln!(
        "the agent's phone was called {to_agent} ms after the notice was proved; kept {kept:?} after the hang-up"
    );
}

#[test]
fn the_event_sockets_user_is_no_phone() {
    let Some(stage) = Stage::set() else { return };
    for port in [stage.switch.phones, SocketAddr::from(([127, 0, 0, 1], 5088))] {
        for method in ["REGISTER", "INVITE"] {
            let status = refused(port, method);
            assert!((400..500).contains(&status), "{method} at {port}: {status}");
            eprintln!("{method} at {port}: {status}");
        }
    }
}

#[test]
fn without_callgist_the_call_goes_on_at_once() {
    let Some(stage) = Stage::set() else { return };
    let call = stage.call(Duration::ZERO);
    let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
    assert!(delay < Duration::from_millis(100), "{delay:?}");
    eprintln!("without Callgist the agent's phone was called {delay:?} after the answer");
    stage.goes_on(&call);
}

#[test]
fn a_call_of_a_line_that_is_switched_off_goes_on_at_once() {
    let Some(stage) = Stage::set() else { return };
    // Another line is served, so the switch knows that Callgist is alive.
    let notice = notice();
    let password_file = &stage.switch.password_file();
    let at = At { event_socket: stage.switch.event_socket, password_file, notice: &notice };
    let mut callgist = Sidecar::beside(&at, |settings| {
        crate::calls::with_a_second_line(settings).replacen("mode = \"notice\"", "mode = \"off\"", 1)
    });
    let call = stage.call(Duration::ZERO);
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "switched_off", "{row}");
    let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
    assert!(delay < Duration::from_millis(200), "{delay:?}");
    eprintln!("declined, the agent's phone was called {delay:?} after the answer");
    stage.goes_on(&call);
}

#[test]
fn a_call_outlives_a_callgist_that_is_killed_in_the_middle() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    callgist.kill();
    stage.goes_on(&call);
}

#[test]
fn just_after_its_death_a_caller_waits_for_callgist_half_a_second_and_no_longer() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    callgist.kill();
    let call = stage.call(Duration::ZERO);
    let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
    assert!((HALF_A_SECOND - SETTLED..HALF_A_SECOND + SETTLED).contains(&delay), "{delay:?}");
    eprintln!("just after its death the agent's phone was called {delay:?} after the answer");
    stage.goes_on(&call);
}

#[test]
fn just_after_it_was_stopped_nobody_waits_for_callgist() {
    let Some(stage) = Stage::set() else { return };
    Sidecar::start(&stage.switch).stop();
    let call = stage.call(Duration::ZERO);
    let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
    assert!(delay < Duration::from_millis(100), "{delay:?}");
}

#[test]
fn an_ear_that_is_killed_costs_its_call_the_note_and_the_next_call_gets_one() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    callgist.kill_the_ear();
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "engine_failed", "{row}");
    stage.goes_on(&call);
    callgist.until("ready again", EAR_BACK, |line| line["message"] == "calls are announced");
    stage.gone(call);
    let next = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    std::thread::sleep(stage.length());
    next.caller.hang_up();
    let row = callgist.kept();
    assert!(row["summary"].as_str().is_some_and(|note| !note.is_empty()), "{row}");
}

#[test]
fn the_key_in_the_talk_objects_and_the_copies_are_gone_within_a_second() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(stage.switch.copies(), 2);
    call.caller.press("*9");
    eprintln!("the copies were gone {:?} after the keys were pressed", stage.without_copies());
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    assert_eq!(row["heard"], serde_json::Value::Null, "{row}");
    stage.goes_on(&call);
}

#[test]
fn a_call_that_is_hung_up_during_the_notice_is_never_heard() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.call(Duration::from_secs(1));
    callgist.step("offered");
    std::thread::sleep(Duration::from_secs(3));
    call.caller.hang_up();
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "notice_incomplete", "{row}");
    assert_eq!(row["announced"], serde_json::Value::Null, "{row}");
    assert!(call.agent.state().invited.is_none());
}

/// The shipped user may do all that a proof asks of the switch; what the ear recognises is a script.
#[test]
fn a_proof_on_a_call_of_the_real_switch_finds_nothing_but_what_was_planted() {
    let Some(stage) = Stage::set() else { return };
    let canary = Canary::saying("hello my washing machine leaks water please send somebody on thursday");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("callgist.toml");
    let notice = notice();
    let password_file = &stage.switch.password_file();
    let at = At { event_socket: stage.switch.event_socket, password_file, notice: &notice };
    let settings = settings(folder.path(), &at)
        .replace(&models().display().to_string(), &canary.models().display().to_string());
    std::fs::write(&config, settings).unwrap();
    let trunk = stage.switch.trunk.to_string();
    let once = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
        command.arg("--config").arg(&config).args(["prove", "--json", "--live", NUMBER, "--trunk", &trunk]);
        canary.hears(command.args(more)).output().unwrap()
    };
    let prove = |more: &[&str]| {
        let mut done = once(more);
        // On a busy machine the notice may come too late; then nothing is heard, and nothing is proved.
        for _ in 0..2 {
            if String::from_utf8_lossy(&done.stderr).contains("notice_incomplete") {
                eprintln!("this machine is busy: the notice came too late for a call");
                done = once(more);
            }
        }
        let told = serde_json::from_slice::<serde_json::Value>(&done.stdout)
            .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&done.stderr)));
        (done.status.code(), told)
    };
    let (code, told) = prove(&[]);
    assert!([Some(0), Some(3)].contains(&code), "{told:#}");
    assert_eq!(told["report"]["call"]["kind"], "live");
    let listened = told["report"]["call"]["listened_ms"].as_u64().unwrap();
    assert!(listened > 20_000, "{told:#}");
    let places = told["report"]["places"].as_array().unwrap();
    assert!(places.iter().all(|place| place["found"].as_array().unwrap().is_empty()), "{told:#}");
    assert_eq!(prove(&["--plant", "samples"]).0, Some(1));
    assert_eq!(stage.switch.legs(), 0);
}

// ---------------------------------------------------------------- the stage

#[test]
fn a_number_on_the_list_is_refused_by_the_switch_until_the_entry_is_withdrawn() {
    let Some(stage) = Stage::set() else { return };
    let refused = |purpose: &str, number: &str| stage.switch.refuses(purpose, number);
    let becomes = |what: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !what() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the switch was not told in time");
            std::thread::sleep(Duration::from_millis(500));
        }
    };
    assert!(refused("advertising", "+49301111"), "nothing is loaded yet");
    let mut callgist = stage.scripted("");
    becomes(&|| !refused("advertising", "+49301111"));
    let added = callgist.ask(&["contacts", "add", "+49301111", "--channels", "calls"]);
    becomes(&|| refused("advertising", "+49301111"));
    for number in ["49301111", "0049301111"] {
        assert!(refused("advertising", number), "{number}");
    }
    assert!(!refused("service", "+49301111") && !refused("callback", "+49301111"));
    assert!(!refused("advertising", "+49301112"));
    callgist.ask(&["contacts", "add", "+49302222", "--channels", "calls", "--purpose", "everything"]);
    becomes(&|| refused("callback", "+49302222"));
    assert!(!refused("service", "+49302222"), "a call about a contract is warned, not refused");
    // The list is the switch's own: it protects while we are dead, and is brought up to date when we are there again.
    callgist.kill();
    assert!(refused("advertising", "+49301111") && refused("callback", "+49302222"));
    callgist.again();
    callgist.announcing();
    // What is taken back before the list was looked at anew would block until the switch is restarted.
    std::thread::sleep(Duration::from_secs(11));
    assert!(refused("advertising", "+49301111"));
    callgist.ask(&["contacts", "withdraw", &added[0]["added"][0].to_string()]);
    becomes(&|| !refused("advertising", "+49301111"));
    assert!(refused("callback", "+49302222"));
}

struct Stage {
    switch: FreeSwitch,
    /// What the caller's and the agent's phone speak.
    codecs: [Codec; 2],
    caller: Arc<[i16]>,
    agent: Arc<[i16]>,
    _turn: Turn,
}

struct Call {
    caller: Phone,
    agent: Phone,
}

impl Stage {
    fn set() -> Option<Stage> {
        Stage::on(Way::Straight)
    }

    /// One whose calls go this way behind the snippet.
    fn on(way: Way) -> Option<Stage> {
        Stage::with(way, [Codec::Pcma; 2])
    }

    /// One whose caller and agent speak these.
    fn speaking(codecs: [Codec; 2]) -> Option<Stage> {
        Stage::with(Way::Straight, codecs)
    }

    fn with(way: Way, codecs: [Codec; 2]) -> Option<Stage> {
        Stage::of(codecs, || FreeSwitch::start(way, codecs))
    }

    fn of(codecs: [Codec; 2], switch: impl FnOnce() -> Option<FreeSwitch>) -> Option<Stage> {
        // One at a time, and no demo beside it: the shipped profile has one port, and the switch waits half a second.
        let turn = Turn::alone();
        let switch = switch()?;
        let [caller, agent] = recording();
        Some(Stage { switch, codecs, caller, agent, _turn: turn })
    }

    /// A call to the main line, whose agent's phone rings so long.
    fn call(&self, ring: Duration) -> Call {
        let talk = Talk::default();
        let [of_caller, of_agent] = self.codecs;
        let voice = |speech: &Arc<[i16]>, codec| Voice { speech: speech.clone(), talk: talk.clone(), codec };
        let agent = Phone::waits(self.switch.agent, ring, voice(&self.agent, of_agent));
        let caller = Phone::calls(NUMBER, self.switch.trunk, voice(&self.caller, of_caller));
        Call { caller, agent }
    }

    /// A call whose notice was played to its end. On a busy machine it may come too late, and the call goes on
    /// without it, as it should; then another one is made.
    fn announced(&self, callgist: &mut Sidecar, ring: Duration) -> Call {
        for _ in 0..3 {
            let call = self.call(ring);
            if callgist.announces() {
                return call;
            }
            eprintln!("this machine is busy: the notice came too late for a call");
            self.gone(call);
        }
        panic!("three notices came too late");
    }

    /// A Callgist whose ear follows a script; `more` follows the settings of its line.
    fn scripted(&self, more: &str) -> Sidecar {
        self.scripted_over(self.switch.event_socket, more)
    }

    /// The same, whose way to the switch leads over this port.
    fn scripted_over(&self, event_socket: u16, more: &str) -> Sidecar {
        let notice = notice();
        let password_file = &self.switch.password_file();
        let at = At { event_socket, password_file, notice: &notice };
        let mut callgist = Sidecar::scripted(&at, |settings| settings + more);
        callgist.announcing();
        callgist
    }

    /// Waits for the end of the copies, which is due at once; how long it took.
    fn without_copies(&self) -> Duration {
        self.without_copies_within(Duration::from_secs(1))
    }

    #[track_caller]
    fn without_copies_within(&self, limit: Duration) -> Duration {
        let since = Instant::now();
        while self.switch.copies() > 0 {
            assert!(since.elapsed() < limit, "the copies go on");
            std::thread::sleep(Duration::from_millis(20));
        }
        since.elapsed()
    }

    /// The caller rings off, and that reaches the agent.
    fn rings_off(&self, call: Call) {
        call.caller.hang_up();
        call.agent.until("hung up on", Duration::from_secs(5), |state| state.ended);
        self.gone(call);
    }

    /// Ends a call, and waits until the switch knows nothing of it any more.
    fn gone(&self, call: Call) {
        drop(call);
        let begun = Instant::now();
        while self.switch.legs() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(5), "{}", self.switch.api("show channels"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How long the notice takes.
    fn notice(&self) -> Duration {
        let notice = hound::WavReader::open("sounds/en/8000/notice.wav").unwrap();
        Duration::from_millis(u64::from(notice.duration()) * 1_000 / u64::from(notice.spec().sample_rate))
    }

    fn length(&self) -> Duration {
        Duration::from_secs(self.caller.len() as u64 / 8_000)
    }

    /// Both parties hear each other for some seconds more, without a hole.
    fn goes_on(&self, call: &Call) {
        call.agent.answered();
        std::thread::sleep(SETTLED);
        let from = Instant::now();
        std::thread::sleep(Duration::from_secs(4));
        let to = Instant::now();
        let busy = call.caller.state().late + call.agent.state().late;
        for (who, phone) in [("caller", &call.caller), ("agent", &call.agent)] {
            let state = phone.state();
            assert!(state.ended.is_none(), "the {who} was hung up on");
            let gap = state.longest_gap(from, to);
            let most = HALF_A_SECOND + busy;
            assert!(gap < most, "the {who} heard nothing for {gap:?}, and the phones were late by {busy:?}");
            let came = state.count(Sound::Voice, from, to) + state.count(Sound::Silence, from, to);
            assert!(came > 150, "only {came} of 200 packets reached the {who}");
        }
    }
}

/// The shipped notice in English.
fn notice() -> std::path::PathBuf {
    std::fs::canonicalize("sounds/en/8000/notice.wav").unwrap()
}

/// The demo's call in English: the caller's and the agent's voice.
pub(crate) fn recording() -> [Arc<[i16]>; 2] {
    let file = std::fs::read("sounds/demo/en.flac").unwrap();
    let mut reader = claxon::FlacReader::new(&file[..]).unwrap();
    let info = reader.streaminfo();
    assert_eq!((info.sample_rate, info.channels, info.bits_per_sample), (8_000, 2, 16));
    let both: Vec<i16> = reader.samples().map(|sample| sample.unwrap().try_into().unwrap()).collect();
    [0, 1].map(|voice| both.iter().skip(voice).step_by(2).copied().collect())
}

/// Asks as the event socket's user with a made-up password, answering the challenge that comes first; gives the final
/// status.
fn refused(port: SocketAddr, method: &str) -> u16 {
    let socket = UdpSocket::bind((port.ip(), 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (user, own) = ("callgist@callgist.invalid", socket.local_addr().unwrap());
    let uri = match method {
        "REGISTER" => "sip:callgist.invalid".to_owned(),
        _ => format!("sip:{NUMBER}@callgist.invalid"),
    };
    let ask = |number: u32, proof: &str| {
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKask{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}>;tag=ask\r\nTo: <sip:{user}>\r\nCall-ID: ask-{method}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:callgist@{own}>\r\n{proof}Content-Length: 0\r\n\r\n"
        );
        socket.send_to(text.as_bytes(), port).unwrap();
        let mut datagram = [0; 65_535];
        loop {
            let length = socket.recv(&mut datagram).unwrap();
            let answer = String::from_utf8_lossy(&datagram[..length]).into_owned();
            let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
            let own = answer.contains(&format!("CSeq: {number} "));
            if own && status >= 200 {
                return (status, answer);
            }
        }
    };
    let (status, challenge) = ask(1, "");
    let (header, answer) = match status {
        401 => ("WWW-Authenticate: ", "Authorization"),
        407 => ("Proxy-Authenticate: ", "Proxy-Authorization"),
        _ => return status,
    };
    let challenge = challenge.lines().find_map(|line| line.strip_prefix(header)).unwrap();
    let quoted =
        |name: &str| challenge.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
    let proof = format!(
        "{answer}: Digest username=\"callgist\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", algorithm=MD5, qop=auth, \
         nc=00000001, cnonce=\"ask\", response=\"{:032x}\"\r\n",
        quoted("realm"),
        quoted("nonce"),
        0
    );
    ask(2, &proof).0
}

/// The number in the shipped snippet.
const NUMBER: &str = "352260000";
/// The first packets after an answer may still be ringing.
const SETTLED: Duration = Duration::from_millis(300);
/// The guarded sleep of the shipped snippet.
const HALF_A_SECOND: Duration = Duration::from_millis(500);
/// A new ear is up within 10 s on a machine that is not busy.
const EAR_BACK: Duration = Duration::from_secs(300);

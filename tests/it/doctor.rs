//! `callgist doctor --call`: a whole call that the switch plays both sides of, and what it finds out; and who holds the
//! SIP port.

use crate::live::sidecar::Sidecar;
use crate::scripted::Manner;
use crate::stories::Stage;
use callgist::call::{Language, Party};
use callgist::cli::doctor::talk::Legs;
use callgist::sim::{Act, When};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_test_call_whose_voices_come_from_their_own_sides_is_good_and_leaves_no_row() {
    let stage = Stage::set();
    let callgist = stage.callgist();
    let found = test_call(&callgist);
    assert_eq!(found["state"], "good", "{found}");
    assert_eq!(callgist.rows(), 0);
}

#[test]
fn the_key_is_pressed_on_a_test_call_and_the_call_is_an_objection_of_which_nothing_is_left() {
    the_test_of_the_key(&Stage::scripted(|_| {}), "good", "*9 was pressed on a test call (RFC 4733)");
}

#[test]
fn a_key_that_another_realm_takes_away_is_bad() {
    let stage = Stage::scripted(|settings| {
        let realm = "data=\"callgist\"";
        settings.snippet = settings.snippet.replace(realm, "data=\"another\"");
    });
    the_test_of_the_key(
        &stage,
        "bad",
        "*9 was pressed on the test call (RFC 4733), and the switch did not see it",
    );
}

#[track_caller]
fn the_test_of_the_key(stage: &Stage, state: &str, says: &str) {
    let callgist = stage.sidecar();
    let found = finding(&callgist, "key of main", "--call");
    assert!(found["says"].as_str().unwrap().starts_with(says), "{found}");
    assert_eq!((&found["state"], callgist.rows()), (&state.into(), 0));
}

#[test]
fn whoever_waits_for_a_persons_key_is_told_whether_it_came() {
    for (keys, state, says) in [("*9", "good", "*9 reached the switch"), ("5", "bad", "no *9 came")] {
        let stage = Stage::scripted(|_| {});
        let callgist = stage.sidecar();
        let mut script = stage.speech(8);
        let pressed = Act::Keys(Party::Caller, keys.to_owned());
        script.events.push((When::Noticed(Duration::from_secs(1)), pressed));
        let mut doctor = command(&callgist.path("callgist.toml"), None, &["--key"]);
        let mut doctor = doctor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut asks = BufReader::new(doctor.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(asks.any(|line| line.contains("within two minutes")));
        let call = stage.call(script);
        assert!(asks.any(|line| line.contains("a call is here on line main: press *9 now")));
        let told = serde_json::from_slice(&doctor.wait_with_output().unwrap().stdout).unwrap();
        stage.ended(call);
        let found = named(&told, "key of main").unwrap();
        assert!(found["says"].as_str().unwrap().contains(says), "{found}");
        assert_eq!(found["state"], state);
    }
}

#[test]
fn a_test_call_whose_copies_are_swapped_is_bad_and_says_so() {
    let stage = Stage::changed(|settings| settings.swaps_copies = true);
    let callgist = stage.callgist();
    let found = test_call(&callgist);
    assert_eq!(found["state"], "bad", "{found}");
    assert!(found["says"].as_str().unwrap().contains("swapped"), "{found}");
    assert_eq!(callgist.rows(), 0);
}

#[test]
fn a_test_call_of_which_the_agents_words_do_not_come_out_is_bad() {
    let stage = Stage::scripted(|_| {});
    let callgist = stage.sidecar();
    let found = test_call(&callgist);
    assert!(found["says"].as_str().unwrap().contains("what the agent said is not in the note"), "{found}");
    assert_eq!((&found["state"], callgist.rows()), (&"bad".into(), 0));
}

#[test]
fn a_test_call_beside_a_callgist_that_is_stopped_says_that_it_must_run() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    callgist.ask_to_stop();
    callgist.ended();
    let found = test_call(&callgist);
    assert!(found["says"].as_str().unwrap().contains("is callgist run running?"), "{found}");
    assert_eq!(found["state"], "bad");
}

#[test]
fn a_test_call_beside_an_ear_that_is_not_ready_says_so() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    Manner::Broken.write(&callgist.path("models/vosk-en"));
    callgist.kill_the_ear();
    callgist.says("ear ended");
    let found = test_call(&callgist);
    assert!(found["says"].as_str().unwrap().contains("as soon as an ear is ready"), "{found}");
    assert_eq!((&found["state"], callgist.rows()), (&"bad".into(), 0));
}

#[test]
fn a_whole_call_that_is_asked_for_and_cannot_be_placed_is_bad() {
    let stage = Stage::scripted(|settings| settings.modules.retain(|module| module != "mod_loopback"));
    let found = finding(&stage.sidecar(), "snippet", "--call");
    assert!(found["says"].as_str().unwrap().contains("mod_loopback is not loaded"), "{found}");
    assert_eq!(found["state"], "bad");
}

#[test]
fn who_holds_the_sip_port_is_known_to_be_callgist_or_told_to_be_a_stranger() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let found = finding(&callgist, "SIP port", "--no-call");
    assert_eq!(found["state"], "good", "{found}");
    callgist.ask_to_stop();
    callgist.ended();
    let settings = std::fs::read_to_string(callgist.path("callgist.toml")).unwrap();
    let listen = settings.split("listen = \"").nth(1).unwrap().split('"').next().unwrap();
    let _stranger = UdpSocket::bind(listen).unwrap();
    let found = finding(&callgist, "SIP port", "--no-call");
    assert!(found["says"].as_str().unwrap().contains("no Callgist"), "{found}");
    assert_eq!(found["state"], "warning");
}

#[test]
fn the_note_of_the_test_talk_tells_who_spoke_on_which_side() {
    for (language, code) in [(Language::En, "en"), (Language::De, "de")] {
        assert_eq!(Legs::told_by(&note(code, ["caller", "agent"], &[]), language), Legs::Right, "{code}");
        assert_eq!(Legs::told_by(&note(code, ["agent", "caller"], &[]), language), Legs::Swapped, "{code}");
        // The same on a line whose agents are not heard.
        let alone = |speakers| note(code, speakers, &["--caller-alone"]);
        let of_the_caller = alone(["caller", "agent"]);
        assert_eq!(
            Legs::told_by_the_caller(&of_the_caller, language),
            Legs::Right,
            "{code}: {of_the_caller}"
        );
        let both = note(code, ["caller", "agent"], &[]);
        assert_eq!(Legs::told_by_the_caller(&both, language), Legs::AgentOverheard, "{code}");
        let swapped = alone(["agent", "caller"]);
        assert_ne!(Legs::told_by_the_caller(&swapped, language), Legs::Right, "{code}: {swapped}");
    }
}

#[test]
fn doctor_says_whether_agents_are_heard_since_when_they_know_and_which_day_is_still_to_come() {
    let stage = Stage::scripted(|_| {});
    let callgist = stage.sidecar();
    let path = callgist.path("callgist.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let day = "employees_told = \"2026-01-31\"\n";
    for (line, state, says) in [
        (day, "good", "told so on 2026-01-31"),
        ("employees_told = \"2999-01-31\"\n", "bad", "still to come"),
        ("agent_leg = \"not_heard\"\n", "good", "never copied"),
    ] {
        std::fs::write(&path, settings.replace(day, line)).unwrap();
        let found = finding(&callgist, "agents of main", "--no-call");
        assert_eq!(found["state"], state, "{found}");
        assert!(found["says"].as_str().unwrap().contains(says), "{found}");
    }
    std::fs::write(&path, settings.replace(day, "")).unwrap();
    let found = finding(&callgist, "line main", "--no-call");
    assert_eq!(found["state"], "bad", "{found}");
    assert!(found["says"].as_str().unwrap().contains("agent_leg = \"not_heard\""), "{found}");
}

#[test]
fn a_model_that_does_not_load_and_a_profile_that_is_not_there_are_told_with_what_mends_them() {
    let stage = Stage::scripted(|settings| settings.profile = false);
    let callgist = stage.sidecar();
    Manner::Broken.write(&callgist.path("models/vosk-en"));
    let ears = callgist.path("ears");
    let told = told(&callgist.path("callgist.toml"), Some(&ears), &["--no-call"]);
    for (what, command) in [
        ("ear vosk", "callgist models fetch --again vosk-en"),
        ("SIP profile callgist", "fs_cli -x 'sofia profile callgist start'"),
    ] {
        let found = named(&told, what).unwrap();
        assert!(found["state"] == "bad" && found["says"].as_str().unwrap().contains(command), "{found}");
    }
}

/// What `doctor --call` finds about the line's call.
fn test_call(callgist: &Sidecar) -> Value {
    finding(callgist, "test call to main", "--call")
}

fn finding(callgist: &Sidecar, what: &str, flag: &str) -> Value {
    let told = told(&callgist.path("callgist.toml"), None, &[flag]);
    named(&told, what).unwrap_or_else(|| panic!("nothing of {what}: {told}")).clone()
}

/// What `callgist doctor` tells of these settings. `ears` is the folder of the ears' programs, if they are not beside it.
pub(crate) fn told(config: &Path, ears: Option<&Path>, flags: &[&str]) -> Value {
    let output = command(config, ears, flags).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn command(config: &Path, ears: Option<&Path>, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
    command.envs(ears.map(|ears| ("CALLGIST_EAR_DIR", ears)));
    command.arg("--config").arg(config).args(["doctor", "--json"]).args(flags).stdin(Stdio::null());
    command
}

/// The finding of that name.
pub(crate) fn named<'a>(told: &'a Value, what: &str) -> Option<&'a Value> {
    told["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == what)
}

/// What the note engine makes of the test talk's words, spoken by these two.
fn note(language: &str, [caller, agent]: [&str; 2], flags: &[&str]) -> String {
    let text = std::fs::read_to_string(format!("sounds/demo/{language}.txt")).unwrap();
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    // Those that `cli/doctor/talk.rs` cuts out of the recording.
    let said = all[..2].iter().chain(&all[10..]);
    let turns: Vec<Value> = said
        .map(|line| {
            let [start, who, words] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let speaker = if who == "caller" { caller } else { agent };
            json!({ "speaker": speaker, "start_s": start.parse::<f64>().unwrap(), "heard": words })
        })
        .collect();
    let call = json!({ "id": "talk", "language": language, "turns": turns }).to_string();
    let mut engine = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .arg("note")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(engine.stdin.take().unwrap(), "{call}").unwrap();
    let told: Value = serde_json::from_slice(&engine.wait_with_output().unwrap().stdout).unwrap();
    told["summary"].as_str().unwrap_or_default().to_owned()
}

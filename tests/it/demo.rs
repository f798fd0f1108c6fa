//! The demo, as a user starts it: real sockets, a real locked ear, real recognition, a real database.

use crate::shout::{shout, skipped};
use crate::turn::Turn;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `callgist demo` with a folder of its own for what it writes, and hands the folder on.
fn demo(arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let _turn = Turn::with_others();
    demo_now(arguments)
}

fn demo_now(arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let temporary = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (output, temporary)
}

fn told(arguments: &[&str]) -> Value {
    let _turn = Turn::with_others();
    told_now(arguments)
}

fn told_now(arguments: &[&str]) -> Value {
    let (output, _) = demo_now(&[arguments, &["--json", "--recogniser", "whisper"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON came; {said}"))
}

#[track_caller]
fn names(told: &Value, stems: &[&[&str]]) {
    let summary = told["summary"].as_str().unwrap();
    let text = summary.to_lowercase();
    for any in stems {
        assert!(any.iter().any(|stem| text.contains(stem)), "none of {any:?} is in: {told}");
    }
}

/// The name of the folder, and the beginning of the hash of what is in it.
const MODEL: &str = "whisper listened, with the model whisper-base (d01c3014…)";

/// The half past ten of both built-in calls, as a note may write it.
const HALF_PAST_TEN: &[&str] = &["10:30", "10.30", "half past ten", "ten thirty", "10 uhr 30"];

#[test]
fn the_note_names_the_reason_the_promise_and_the_time_agreed() {
    let told = told(&["--fast", "--id", "en"]);
    names(&told, &[&["dishwasher"], &["thursday"], HALF_PAST_TEN, &["call"], &["tomorrow", "noon"]]);
    assert_eq!(told["id"], "en");
    assert_eq!(told["objection"], false);
    assert_eq!(told["no_summary_reason"], Value::Null);
}

#[test]
fn the_german_call_gives_a_german_note() {
    let told = told(&["--fast", "--language", "de"]);
    names(&told, &[&["heizung"], &["freitag"], HALF_PAST_TEN, &["morgen", "rückruf", "zurück"]]);
}

#[test]
fn another_recording_gives_another_note() {
    let garage = told(&["--fast", "--audio", "tests/audio/09-en-garage-injection.flac"]);
    names(&garage, &[&["van"], &["brake", "break"], &["friday"], &["8:00", "eight"]]);
    let energy = told(&["--fast", "--audio", "tests/audio/08-en-energy-dnc-calls.flac"]);
    names(&energy, &[&["advertising"], &["call"], &["text message", "sms"], &["e-mail"]]);
    assert_eq!(energy["do_not_contact"]["purpose"], "advertising", "{energy}");
    for (told, words) in [(&garage, ["dishwasher", "advertising"]), (&energy, ["dishwasher", "friday"])] {
        let text = told["summary"].as_str().unwrap().to_lowercase();
        assert!(!words.iter().any(|word| text.contains(word)), "{told}");
    }
}

#[test]
fn a_spoken_objection_leaves_no_note() {
    let told = told(&["--fast", "--audio", "tests/audio/04-en-saas-objection.flac"]);
    assert_eq!(told["summary"], "", "{told}");
    assert_eq!(told["no_summary_reason"], "objection", "{told}");
    assert_eq!(told["objection"], true);
}

#[test]
fn the_same_call_fast_and_in_real_time_gives_the_same_note() {
    let _turn = Turn::alone();
    let (fast, real) = (told_now(&["--fast"]), told_now(&[]));
    if fast != real {
        // A machine that is busy with other things lets the two voices shift against each other, and nothing in a row
        // tells it. A difference of ours is there in every run, so two of three have to be the same.
        shout(format_args!("once more in real time, for these differ: {fast} and {real}"));
        assert_eq!(fast, told_now(&[]), "and the first in real time was {real}");
    }
}

#[test]
fn every_step_is_shown_and_nothing_is_left_behind() {
    let (output, temporary) = demo(&["--fast", "--recogniser", "whisper"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let steps = [
        "announced",
        "bridged",
        "heard ",
        "words were recognised",
        "guarded",
        MODEL,
        "they are gone",
        "calls show",
    ];
    for step in steps {
        assert!(said.contains(step), "{step:?} is not in: {said}");
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn what_is_kept_on_demand_can_be_shown_again() {
    let (output, temporary) = demo(&["--fast", "--keep", "--recogniser", "whisper"]);
    assert!(output.status.success());
    let kept = std::fs::read_dir(temporary.path()).unwrap().next().unwrap().unwrap().path();
    let database = kept.join("store/callgist.db");
    let list = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(["calls", "list", "--json", "--database"])
        .arg(&database)
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["calls"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["calls"][0]["recogniser"], "whisper");
}

#[test]
fn the_demo_runs_on_an_english_vosk_model_where_one_is() {
    let model = std::env::var("CALLGIST_VOSK_MODEL_EN").unwrap_or_default();
    if !Path::new(&model).is_dir() {
        skipped("no English Vosk model; set CALLGIST_VOSK_MODEL_EN to its folder to run this test");
        return;
    }
    let (output, _) = demo(&["--fast", "--json", "--recogniser", "vosk"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    names(&told, &[&["dishwasher"], &["thursday"]]);
}

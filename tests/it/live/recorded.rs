//! Calls that the real switch records: it tells so, nobody listens, and the call goes on.

use super::ways::Way;
use super::{SETTLED, Stage};
use serde_json::Value;
use std::fs;
use std::time::Duration;

#[test]
fn a_call_that_the_dialplan_records_before_the_snippet_hears_no_notice_and_goes_on() {
    let Some(stage) = Stage::on(Way::RecordedFromTheFirst) else { return };
    let mut callgist = stage.scripted("");
    let call = stage.call(Duration::ZERO);
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "recorded", "{row}");
    assert_eq!(row["announced"], Value::Null, "{row}");
    let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
    assert!(delay < Duration::from_millis(200), "{delay:?}");
    eprintln!("the agent's phone was called {delay:?} after the answer");
    stage.goes_on(&call);
    recorded_something(&stage);
}

#[test]
fn a_call_that_the_dialplan_records_after_the_notice_is_not_listened_to() {
    let Some(stage) = Stage::on(Way::Recorded) else { return };
    let mut callgist = stage.scripted("");
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "recorded", "{row}");
    assert_eq!(row["heard"], Value::Null, "{row}");
    eprintln!("the copies were gone {:?} after the recording began", stage.without_copies());
    stage.goes_on(&call);
    recorded_something(&stage);
}

#[test]
fn a_recording_of_the_callers_leg_that_begins_in_the_talk_ends_the_copies_and_not_the_call() {
    begins_in_the_talk(|leg| !leg.contains("outbound"));
}

#[test]
fn a_recording_of_the_agents_leg_that_begins_in_the_talk_ends_the_copies_and_not_the_call() {
    begins_in_the_talk(|leg| leg.contains("outbound"));
}

#[test]
fn where_the_notice_tells_of_recordings_a_call_that_the_switch_records_gets_its_note() {
    let Some(stage) = Stage::on(Way::Recorded) else { return };
    let mut callgist = stage.scripted("recordings_told = true\n");
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    std::thread::sleep(Duration::from_secs(15));
    assert_eq!(stage.switch.copies(), 2);
    call.caller.hang_up();
    let row = callgist.kept();
    assert!(row["summary"].as_str().is_some_and(|note| !note.is_empty()), "{row}");
    recorded_something(&stage);
}

/// An ordinary call is none that is recorded: the switch's answer about its media bugs says so at every moment.
#[test]
fn of_a_call_that_nobody_records_the_switch_lists_no_recording_before_the_talk_and_in_it() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = stage.scripted("");
    let call = stage.announced(&mut callgist, Duration::from_secs(2));
    let before = bugs(&stage);
    callgist.step("forked");
    let within = bugs(&stage);
    for (when, list) in [("while it rings", &before), ("in the talk", &within)] {
        eprintln!("{when}: {list:?}");
        assert!(!list.iter().any(|bugs| bugs.contains("record")), "{when}: {list:?}");
    }
    assert!(within.iter().any(|bugs| bugs.contains("<function>eavesdrop</function>")), "{within:?}");
    std::thread::sleep(Duration::from_secs(15));
    call.caller.hang_up();
    let row = callgist.kept();
    assert!(row["summary"].as_str().is_some_and(|note| !note.is_empty()), "{row}");
}

#[track_caller]
fn begins_in_the_talk(is_the_one: impl Fn(&str) -> bool) {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = stage.scripted("");
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(stage.switch.copies(), 2);
    let leg = stage.switch.legs_of_the_call().into_iter().find(|(_, row)| is_the_one(row)).unwrap().0;
    let file = stage.switch.recordings().join("talk.wav");
    let answer = stage.switch.api(&format!("uuid_record {leg} start {}", file.display()));
    assert!(answer.starts_with("+OK"), "{answer}");
    eprintln!("the copies were gone {:?} after the recording began", stage.without_copies());
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "recorded", "{row}");
    assert_eq!(row["summary"], Value::Null, "{row}");
    stage.goes_on(&call);
    recorded_something(&stage);
}

/// What the switch says of the media bugs of each leg.
fn bugs(stage: &Stage) -> Vec<String> {
    let legs = stage.switch.legs_of_the_call();
    legs.iter().map(|(leg, _)| stage.switch.api(&format!("uuid_buglist {leg}"))).collect()
}

fn recorded_something(stage: &Stage) {
    std::thread::sleep(SETTLED);
    let files = fs::read_dir(stage.switch.recordings()).unwrap();
    let largest = files.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap_or_default();
    assert!(largest > 16_000, "only {largest} bytes were recorded");
}

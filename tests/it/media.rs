//! Whole calls of `callgist run` on the simulated switch: calls that the switch records.
//!
//! The ear follows a script, so nothing here hangs on what is understood.

use crate::calls::{Live, sides};
use crate::stories::{Stage, goes_on, seconds};
use callgist::call::Party;
use callgist::sim::{Act, Script, When};
use serde_json::Value;
use std::time::Duration;

// ---------------------------------------------------------------- recordings

#[test]
fn a_call_that_is_recorded_before_it_waits_hears_no_notice_and_goes_on() {
    let call = recorded(When::Started(Duration::ZERO), Party::Caller);
    let (row, report) = call.without("recorded");
    assert_eq!(row["announced"], Value::Null, "{row}");
    assert!(report.taps.is_empty() && report.notice_heard.is_zero(), "{report:?}");
    goes_on(&report, 6);
}

#[test]
fn a_call_that_the_dialplan_records_from_the_notice_on_is_not_listened_to() {
    let call = Live::scripted(|stage| Script { leads_to: "6003".into(), ..stage.speech(6) });
    let (row, report) = call.without("recorded");
    assert_eq!(row["heard"], Value::Null, "{row}");
    assert_ne!(row["announced"], Value::Null, "{row}");
    goes_on(&report, 6);
}

#[test]
fn a_recording_of_the_caller_that_begins_in_the_talk_ends_the_copies() {
    begins_in_the_talk(Party::Caller);
}

#[test]
fn a_recording_of_the_agent_that_begins_in_the_talk_ends_the_copies() {
    begins_in_the_talk(Party::Agent);
}

#[track_caller]
fn begins_in_the_talk(party: Party) {
    let mut call = recorded(When::Bridged(seconds(2)), party);
    call.callgist.step("forked");
    call.callgist.step("kept");
    call.stage.without_copies_within(seconds(1));
    assert_eq!(call.callgist.counted("recorded"), 1);
    let report = call.stage.ended(call.call);
    goes_on(&report, 6);
    let ended = report.ended - report.bridged.unwrap();
    let copied = report.taps.iter().map(|tap| tap.sent).max().unwrap() * 20;
    assert!(u128::from(copied) < ended.as_millis() - 2_000, "{report:?}");
}

#[test]
fn a_recording_that_ended_before_anybody_answered_costs_no_note() {
    let call = Live::scripted(|stage| Script { leads_to: "6004".into(), ..stage.speech(6) });
    let (_, report) = call.noted();
    assert_eq!(sides(&report), (1, 1));
}

#[test]
fn where_the_notice_tells_of_recordings_a_recorded_call_gets_its_note() {
    let told = |settings: String| settings + "recordings_told = true\n";
    let script = |stage: &Stage| Script { leads_to: "6003".into(), ..stage.speech(6) };
    let (_, report) = Live::with_settings(told, script).noted();
    assert_eq!(sides(&report), (1, 1));
}

#[test]
fn a_line_that_is_said_to_be_never_recorded_warns_when_it_is() {
    let never = |settings: String| settings + "never_recorded = true\n";
    let script = |stage: &Stage| Script { leads_to: "6003".into(), ..stage.speech(6) };
    let mut call = Live::with_settings(never, script);
    call.callgist.says("the switch recorded a call of a line that is never recorded");
    call.without("recorded");
}

fn recorded(when: When, party: Party) -> Live {
    Live::scripted(|stage| Script { events: vec![(when, Act::Record(party))], ..stage.speech(6) })
}

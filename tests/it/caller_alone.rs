//! Whole calls of lines whose agents are not heard: one copy, of what the caller's own phone sends, and nothing that an
//! agent says reaches an ear by any way.

use crate::canary::Canary;
use crate::live::sidecar::{At, Sidecar};
use crate::scripted::NOTE;
use crate::stories::{Stage, extension, goes_on, seconds};
use callgist::call::Party;
use callgist::sim::{Act, Agent, Answers, Report, Script, Side, When};
use serde_json::Value;

#[test]
fn a_line_whose_agents_are_not_heard_gets_one_copy_of_the_callers_own_phone_and_a_note() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = alone(&stage);
    let call = stage.call(Script { agent_speech: vec![0; 8_000 * 6], ..stage.speech(6) });
    callgist.step("forked");
    assert_eq!(stage.copies(), 1);
    let row = callgist.kept();
    assert_eq!((&row["summary"], &row["agent_heard"]), (&NOTE.into(), &false.into()), "{row}");
    assert!(row["heard"]["speech_ms"].as_u64().unwrap() > 2_000, "{row}");
    assert!(row["heard"]["listened_ms"].as_u64().unwrap() > 5_000, "{row}");
    let report = stage.ended(call);
    one_copy_of_the_caller(&report);
    goes_on(&report, 6);
    let evidence = callgist.ask(&["calls", "evidence", row["id"].as_str().unwrap()]);
    assert_eq!(evidence[0]["evidence"]["voices"], serde_json::json!(["caller"]), "{evidence:?}");
}

/// The caller is silent, so whatever an ear takes for speech is the agent's.
#[test]
fn of_a_call_in_which_the_agent_alone_speaks_an_ear_hears_no_speech() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = alone(&stage);
    let script = || Script {
        caller_speech: vec![0; 8_000 * 6],
        agent_speech: stage.speech(6).caller_speech,
        ..Script::default()
    };
    let call = stage.call(script());
    let row = callgist.kept();
    assert_eq!(row["heard"]["speech_ms"], 0, "{row}");
    assert!(row["heard"]["listened_ms"].as_u64().unwrap() > 5_000, "{row}");
    let report = stage.ended(call);
    one_copy_of_the_caller(&report);
    goes_on(&report, 6);
    // Which is not because nobody was to be heard there: told to hear agents, the next call is full of speech.
    callgist.resets(|settings| settings.replace(NOT_HEARD, "agent_leg = \"heard\"\n"));
    callgist.says("settings reloaded");
    let call = stage.call(script());
    let row = callgist.kept();
    assert!(row["heard"]["speech_ms"].as_u64().unwrap() > 2_000, "{row}");
    assert_eq!(row["agent_heard"], true, "{row}");
    assert_eq!(stage.ended(call).taps.len(), 2);
}

/// By the real note engine, from what a recogniser that follows a script gives once for each voice that it hears.
#[test]
fn the_note_is_told_from_the_callers_words_and_what_two_voices_would_say_is_said_once() {
    let said = "Hello, my dishwasher is leaking since Thursday and the kitchen floor is wet. I would like a technician.";
    let heard = |agent_leg: &str| {
        let stage = Stage::scripted(|_| {});
        let canary = Canary::saying(said);
        let at = |name: &str| stage.folder.path().join(name);
        let (password_file, notice) = (&at("password"), &at("notice.wav"));
        let at = At { event_socket: stage.switch.event_socket().port(), password_file, notice };
        let mut callgist = Sidecar::canary_with(&at, &canary, |settings| settings + agent_leg);
        let call = stage.call(stage.talk(10));
        let row = callgist.kept();
        assert_ne!(row["no_summary_reason"], "engine_failed", "{}", callgist.log());
        (row, stage.ended(call))
    };
    let (row, report) = heard(NOT_HEARD);
    one_copy_of_the_caller(&report);
    let note = row["summary"].as_str().unwrap_or_else(|| panic!("{row}"));
    assert!(note.contains("dishwasher"), "{row}");
    assert!(note.split(". ").all(|sentence| sentence.starts_with("The caller ")), "{row}");
    let words = |row: &Value| row["heard"]["words"].as_u64().unwrap();
    assert_eq!(words(&row), said.split_whitespace().count() as u64, "{row}");
    assert_eq!(words(&heard("").0), 2 * words(&row), "the same call with both voices");
}

#[test]
fn the_agents_key_and_the_callers_object_though_the_agent_is_not_heard() {
    for party in [Party::Agent, Party::Caller] {
        let stage = Stage::scripted(|settings| settings.snippet += &extension(AGENTS_KEY));
        let mut callgist = alone(&stage);
        let events = vec![(When::Bridged(seconds(3)), Act::Keys(party, "*9".into()))];
        let call = stage.call(Script { events, ..stage.speech(8) });
        callgist.step("forked");
        let row = callgist.kept();
        assert_eq!(row["no_summary_reason"], "objection", "{party:?}: {row}");
        assert_eq!((&row["heard"], &row["agent_heard"]), (&Value::Null, &Value::Null), "{row}");
        stage.without_copies_within(seconds(1));
        let report = stage.ended(call);
        one_copy_of_the_caller(&report);
        goes_on(&report, 6);
    }
}

/// The first agent hands the caller on: the second is heard as little as the first, and nobody else by the way.
#[test]
fn after_a_transfer_the_caller_is_copied_again_and_no_agent_ever_is() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = alone(&stage);
    let agent_speech = stage.speech(10).caller_speech;
    let others = vec![Agent {
        name: "agent2".into(),
        speech: agent_speech.clone(),
        answers: Answers::After(seconds(1)),
    }];
    let events = vec![(When::Bridged(seconds(4)), Act::HandOver(seconds(2)))];
    let script =
        Script { agent_speech, others, events, hangup_after: Some(seconds(20)), ..Script::default() };
    let call = stage.call(Script { caller_speech: vec![0; 80_000], ..script });
    let row = callgist.kept();
    let report = stage.ended(call);
    assert!(!report.taps.is_empty());
    assert!(
        report.taps.iter().all(|tap| (tap.target, tap.side) == (Party::Caller, Side::Read)),
        "{report:?}"
    );
    assert_eq!(row["heard"]["speech_ms"], 0, "no word of either agent was copied: {row}");
    assert_ne!(row["no_summary_reason"], "partial", "{row}");
}

#[test]
fn a_reload_in_a_talk_changes_nothing_of_it_and_counts_from_the_next_call_on() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = alone(&stage);
    let call = stage.call(stage.speech(8));
    callgist.step("forked");
    callgist.resets(|settings| settings.replace(NOT_HEARD, "agent_leg = \"heard\"\n"));
    callgist.says("settings reloaded");
    let row = callgist.kept();
    assert_eq!(row["agent_heard"], false, "{row}");
    one_copy_of_the_caller(&stage.ended(call));
    let call = stage.call(stage.speech(6));
    callgist.step("forked");
    callgist.resets(|settings| settings.replace("agent_leg = \"heard\"\n", NOT_HEARD));
    callgist.says("settings reloaded");
    assert_eq!(callgist.kept()["agent_heard"], true);
    assert_eq!(stage.ended(call).taps.len(), 2);
}

#[test]
fn a_line_whose_agents_were_told_nothing_is_off_and_both_ways_out_are_named() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let told = "employees_told = \"2026-01-31\"\n";
    callgist.resets(|settings| settings.replace(told, ""));
    let line =
        "the line is off, for its settings are not all there: decide them, and write them into its [[line]]";
    let waits = callgist.says(line)["unset"].as_str().unwrap().to_owned();
    assert!(waits.contains("employees_told") && waits.contains("agent_leg = \"not_heard\""), "{waits}");
    let call = stage.call(stage.speech(3));
    let row = callgist.kept();
    assert_eq!(
        (&row["no_summary_reason"], &row["announced"]),
        (&"switched_off".into(), &Value::Null),
        "{row}"
    );
    let report = stage.ended(call);
    assert!(report.taps.is_empty() && report.notice_heard.is_zero(), "{report:?}");
    callgist.resets(|settings| settings + NOT_HEARD);
    callgist.says("settings reloaded");
    std::thread::sleep(seconds(3));
    let call = stage.call(stage.speech(4));
    assert_eq!(callgist.kept()["agent_heard"], false);
    one_copy_of_the_caller(&stage.ended(call));
}

/// Four even ports are two calls of both voices, and four of one.
#[test]
fn a_call_of_one_voice_takes_one_port() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), |settings| {
        let mut first = 0u16;
        let lines = settings.lines().map(|line| match line.split_once(" = ") {
            Some(("first_rtp_port", port)) => {
                first = port.parse().unwrap();
                line.to_owned()
            }
            Some(("last_rtp_port", _)) => format!("last_rtp_port = {}", first + 3),
            _ => line.to_owned(),
        });
        lines.map(|line| line + "\n").collect::<String>() + NOT_HEARD
    });
    let calls = [(); 2].map(|()| {
        let call = stage.call(stage.speech(12));
        callgist.step("forked");
        call
    });
    assert_eq!(stage.copies(), 2);
    let third = stage.call(stage.speech(3));
    assert_eq!(callgist.kept()["no_summary_reason"], "overload");
    stage.ended(third);
    for call in calls {
        assert_eq!(callgist.kept()["summary"], NOTE);
        one_copy_of_the_caller(&stage.ended(call));
    }
}

fn alone(stage: &Stage) -> Sidecar {
    stage.sidecar_with(stage.switch.event_socket().port(), |settings| settings + NOT_HEARD)
}

/// What the switch itself says of its copies.
#[track_caller]
fn one_copy_of_the_caller(report: &Report) {
    let [tap] = &report.taps[..] else { panic!("{} copies: {report:?}", report.taps.len()) };
    assert_eq!((tap.target, tap.side), (Party::Caller, Side::Read), "{report:?}");
}

const NOT_HEARD: &str = "agent_leg = \"not_heard\"\n";

/// As dialplan/README.md says.
const AGENTS_KEY: &[(&str, &str)] = &[
    ("bind_digit_action", "callgist,*9,exec[i]:set,callgist_objection=agent,peer,self"),
    ("digit_action_set_realm", "callgist,peer"),
];

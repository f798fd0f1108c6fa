//! Whole calls of `callgist run` on the simulated switch: calls that it records, in every codec, by machines, and to
//! somebody outside.
//!
//! The ear follows a script, so nothing here hangs on what is understood.

use crate::calls::{Live, sides};
use crate::scripted::{NOTE, WITHOUT_TIMES};
use crate::stories::{Stage, goes_on, seconds};
use callgist::call::Party;
use callgist::sim::{Act, Agent, Answers, Script, When};
use callgist::wire::rtp::Codec;
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

// ---------------------------------------------------------------- codecs

#[test]
fn a_call_in_g722_is_heard_as_well_as_one_in_a_law() {
    heard_as_well(|script| Script { codec: Codec::G722, ..script });
}

#[test]
fn a_call_in_opus_is_heard_as_well_as_one_in_a_law() {
    heard_as_well(|script| Script { codec: Codec::Opus, ..script });
}

#[test]
fn phones_of_a_wide_and_a_narrow_codec_are_both_heard() {
    heard_as_well(|script| Script { agent_codec: Some(Codec::G722), ..script });
}

/// The voice gate hears as much of the same talk as it does in A-law, and no packet is missed.
#[track_caller]
fn heard_as_well(change: impl Fn(Script) -> Script) {
    let speech = |call: Live| {
        let (row, report) = call.noted();
        assert_eq!((sides(&report), &row["heard"]["lost_packets"]), ((1, 1), &0.into()), "{row}");
        row["heard"]["speech_ms"].as_f64().unwrap()
    };
    let narrow = speech(Live::scripted(|stage| stage.speech(8)));
    let other = speech(Live::scripted(|stage| change(stage.speech(8))));
    assert!(narrow > 3_000.0 && (0.85..1.15).contains(&(other / narrow)), "{other} of {narrow} ms");
}

// ---------------------------------------------------------------- fax

#[test]
fn a_fax_that_calls_is_not_listened_to() {
    machine(|from| [calling_tone(from), Vec::new()]);
}

#[test]
fn a_fax_that_answers_is_not_listened_to() {
    machine(|from| [Vec::new(), tone(2_100.0, from, 3.0)]);
}

/// What caller and agent send, in place of speech, from that second on.
#[track_caller]
fn machine(sounds: impl FnOnce(f64) -> [Vec<i16>; 2]) {
    let mut call = Live::scripted(|stage| {
        let [caller_speech, agent_speech] = sounds(1.0);
        Script { caller_speech, agent_speech, hangup_after: Some(seconds(12)), ..stage.speech(1) }
    });
    call.callgist.step("forked");
    call.callgist.step("kept");
    call.stage.without_copies_within(seconds(1));
    assert_eq!(call.callgist.counted("fax"), 1);
    let report = call.stage.ended(call.call);
    assert_eq!(report.cause, "NORMAL_CLEARING", "{report:?}");
}

/// Half a second every three and a half (T.30).
pub(crate) fn calling_tone(from: f64) -> Vec<i16> {
    let burst = |n: f64| tone(1_100.0, if n == 0.0 { from } else { 3.0 }, 0.5);
    [0.0, 1.0, 2.0].into_iter().flat_map(burst).collect()
}

/// Silence, and then a tone, for so many seconds each; 8 kHz.
pub(crate) fn tone(hertz: f64, silence: f64, sound: f64) -> Vec<i16> {
    let mut samples = vec![0; (silence * 8_000.0) as usize];
    let step = hertz * std::f64::consts::TAU / 8_000.0;
    samples.extend((0..(sound * 8_000.0) as u32).map(|n| ((f64::from(n) * step).sin() * 8_000.0) as i16));
    samples
}

// ---------------------------------------------------------------- the outside, and who had the call

#[test]
fn a_caller_who_is_transferred_outside_is_listened_to_up_to_there() {
    let mut call = Live::scripted(goes_outside);
    call.callgist.step("forked");
    call.callgist.step("heard");
    call.stage.without_copies_within(seconds(1));
    let (row, report) = call.noted();
    assert_eq!(sides(&report), (1, 1), "nobody outside is copied: {report:?}");
    let listened = row["heard"]["listened_ms"].as_u64().unwrap();
    assert!((2_500..4_500).contains(&listened), "{row}");
    assert_eq!(agents(&row), ["unknown", "outside"], "{row}");
    assert_eq!(report.cause, "NORMAL_CLEARING");
}

#[test]
fn a_line_that_listens_outside_follows_its_callers_there() {
    let outside = |settings: String| settings + "listen_outside = true\n";
    let (row, report) = Live::with_settings(outside, goes_outside).noted();
    assert_eq!(sides(&report), (1, 2), "{report:?}");
    assert!(row["heard"]["listened_ms"].as_u64().unwrap() > 6_000, "{row}");
}

#[test]
fn an_agent_who_is_outside_from_the_first_is_the_lines_own_choice() {
    let call = Live::scripted(|stage| Script {
        leads_to: "6200".into(),
        answer_after: None,
        others: vec![somebody_outside(stage)],
        ..stage.speech(5)
    });
    let (row, report) = call.noted();
    assert_eq!((sides(&report), agents(&row)), ((1, 1), vec!["outside".to_owned()]), "{row}");
}

/// The row of a call that a first agent has, then a second one, then the first again; the line has that setting.
fn three_in_a_row(agents: &str) -> Value {
    let second = |stage: &Stage| Act::Transfer {
        speech: stage.speech(30).agent_speech,
        answer_after: Duration::from_millis(300),
    };
    let set = format!("agents = \"{agents}\"\n");
    let call = Live::with_settings(
        move |settings| settings + &set,
        |stage| Script {
            events: vec![
                (When::Bridged(seconds(3)), second(stage)),
                (When::Bridged(seconds(6)), Act::TransferTo("6102".into())),
            ],
            hangup_after: Some(seconds(14)),
            ..stage.speech(30)
        },
    );
    call.noted().0
}

#[test]
fn three_agents_in_a_row_are_three_segments_of_one_call() {
    let row = three_in_a_row("kept");
    assert_eq!(agents(&row), ["agent", "agent2", "agent"], "{row}");
    let times: Vec<&str> = row["segments"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|segment| [segment["from"].as_str().unwrap(), segment["to"].as_str().unwrap()])
        .collect();
    assert!(times.is_sorted() && times[1] < times[2] && times[3] < times[4], "{times:?}");
    assert!(
        times[0] <= row["bridged"].as_str().unwrap() && times[5] <= row["ended"].as_str().unwrap(),
        "{row}"
    );
}

#[test]
fn under_pseudonyms_the_same_agent_is_the_same_for_the_day_and_no_row_names_an_extension() {
    let row = three_in_a_row("pseudonym");
    let agents = agents(&row);
    let short = |name: &str| name.strip_prefix("agent-").is_some_and(|hash| hash.len() == 6);
    assert!(agents.len() == 3 && agents.iter().all(|name| short(name)), "{row}");
    assert!(agents[0] == agents[2] && agents[0] != agents[1], "{row}");
    let text = row.to_string();
    assert!(!text.contains("\"agent\":\"agent\"") && !text.contains("agent2"), "{row}");
    let after_a_restart = three_in_a_row("pseudonym");
    assert_ne!(after_a_restart["segments"][0]["agent"], row["segments"][0]["agent"], "{after_a_restart}");
}

#[test]
fn where_agents_are_not_told_a_row_has_their_times_alone() {
    let row = three_in_a_row("none");
    assert_eq!(agents(&row), ["unknown"; 3], "{row}");
}

#[test]
fn what_a_line_leaves_out_is_known_to_the_ear_that_writes_its_notes() {
    let noted = |redact: &'static str| {
        let mut call = Live::with_settings(move |settings| settings + redact, |stage| stage.speech(4));
        let row = call.callgist.kept();
        call.stage.ended(call.call);
        row["summary"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(noted("redact = [\"amounts\", \"times\"]\n"), WITHOUT_TIMES);
    assert_eq!(noted("redact = [\"amounts\"]\n"), NOTE);
}

#[test]
fn of_a_call_with_an_objection_no_row_tells_who_had_it() {
    let keys = Act::Keys(Party::Caller, "*9".into());
    let call =
        Live::scripted(|stage| Script { events: vec![(When::Bridged(seconds(2)), keys)], ..stage.speech(5) });
    let (row, _) = call.without("objection");
    assert_eq!(row["segments"], Value::Array(vec![]), "{row}");
}

fn goes_outside(stage: &Stage) -> Script {
    Script {
        events: vec![(When::Bridged(seconds(3)), Act::TransferTo("6200".into()))],
        others: vec![somebody_outside(stage)],
        hangup_after: Some(seconds(13)),
        ..stage.speech(30)
    }
}

fn somebody_outside(stage: &Stage) -> Agent {
    let answers = Answers::After(Duration::from_millis(400));
    Agent { name: "352691000111".into(), speech: stage.speech(30).agent_speech, answers }
}

fn agents(row: &Value) -> Vec<String> {
    let segments = row["segments"].as_array().unwrap();
    segments.iter().map(|segment| segment["agent"].as_str().unwrap_or("unknown").to_owned()).collect()
}

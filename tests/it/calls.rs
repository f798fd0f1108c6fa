//! Whole calls of `callgist run` over everything that may stand between a caller and an agent: groups, queues, menus,
//! parking places, transfers of every kind. Each is told by the simulated switch in the events of a real one.
//!
//! Where it matters who said what, a real ear recognises; where only the call's own life does, the ear follows a script.

use crate::live::sidecar::Sidecar;
use crate::scripted::NOTE;
use crate::stories::{Stage, extension, seconds};
use callgist::call::Party;
use callgist::sim::{Act, Agent, Answers, LiveCall, Report, Script, Settings, Side, When};
use callgist::wire::rtp::Codec;
use serde_json::Value;
use std::time::Duration;

// ---------------------------------------------------------------- who is heard, and as whom

#[test]
fn a_blind_transfer_that_rings_for_a_while_is_one_call_with_one_notice_and_a_note_of_both_parts() {
    let mut call = Live::begin(|talk| {
        let transfer = Act::Transfer { speech: talk.second_agent(1), answer_after: seconds(4) };
        talk.with_the_rest_at(16, vec![(When::Bridged(seconds(9)), transfer)])
    });
    call.forked_and_after(11);
    assert_eq!(call.stage.copies(), 0, "somebody listens while it rings");
    assert_eq!(sides(&call.whole()), (2, 2));
}

#[test]
fn an_agent_who_asks_back_and_hands_the_caller_over_is_followed_to_the_next_one() {
    let call = Live::begin(|talk| Script {
        others: vec![answering("agent2", talk.second_agent(1), 200)],
        ..talk.in_two_parts(vec![(When::Bridged(seconds(9)), Act::HandOver(seconds(2)))])
    });
    assert_eq!(sides(&call.whole()), (1, 2));
}

#[test]
fn a_caller_whom_an_operator_joins_to_another_agent_is_heard_on() {
    let call = Live::begin(|talk| Script {
        others: vec![answering("agent2", talk.second_agent(2), 0)],
        ..talk.in_two_parts(vec![(When::Bridged(seconds(10)), Act::JoinOther)])
    });
    assert_eq!(sides(&call.whole()), (1, 2));
}

#[test]
fn a_transfer_back_to_the_line_runs_the_snippet_again_and_plays_no_second_notice() {
    let call = Live::begin(|talk| {
        let events = vec![(When::Bridged(seconds(10)), Act::TransferTo(Script::default().line))];
        // The same phone answers again, and this time it comes to the rest.
        let agent_speech = talk.second_agent(11);
        Script { agent_speech, answer_after: Some(seconds(2)), ..talk.with_the_rest_at(26, events) }
    });
    assert_eq!(sides(&call.whole()), (2, 2));
}

#[test]
fn an_agent_whose_leg_is_sent_elsewhere_is_not_heard_there() {
    let mut call = Live::begin(|talk| Script {
        events: vec![
            (When::Bridged(seconds(14)), Act::KeepAgent),
            (When::Bridged(seconds(40)), Act::HangUp(Party::Agent)),
        ],
        ..talk.script()
    });
    call.callgist.step("forked");
    call.callgist.step("heard");
    call.stage.without_copies_within(seconds(1));
    let there = format!("uuid_exists {}", call.call.leg());
    assert_eq!(call.stage.runtime.block_on(call.stage.switch.console(&there)), "false");
    let row = call.callgist.kept();
    assert!(row["summary"].as_str().unwrap_or_default().contains("dishwasher"), "{row}");
    assert_eq!(call.stage.ended(call.call).file_heard_in_talk, Duration::ZERO);
}

#[test]
fn of_three_phones_that_ring_the_one_that_answers_is_heard() {
    let call = Live::begin(|talk| Script {
        leads_to: "6100".into(),
        answer_after: None,
        others: vec![answering("agent2", talk.agent.clone(), 1_500), refusing("agent3", 500)],
        ..talk.script()
    });
    assert_eq!(sides(&call.whole()), (1, 1));
}

#[test]
fn where_the_first_phone_is_not_picked_up_the_second_agent_is_heard() {
    let call = Live::begin(|talk| Script {
        leads_to: "6101".into(),
        answer_after: None,
        others: vec![answering("agent2", talk.agent.clone(), 500)],
        ..talk.script()
    });
    call.whole();
}

#[test]
fn a_caller_behind_a_loopback_is_heard_before_it_bows_out_and_after_it() {
    Live::begin(|talk| Script { leads_to: "6102".into(), ..talk.script() }).whole();
}

#[test]
fn a_caller_in_a_queue_hears_its_music_and_is_heard_with_the_agent_who_takes_him() {
    let call = Live::begin(|talk| Script {
        leads_to: "6103".into(),
        answer_after: Some(seconds(2)),
        ..talk.script()
    });
    assert_eq!(sides(&call.whole()), (1, 1));
}

#[test]
fn an_agent_who_fetches_the_caller_from_a_fifo_is_the_a_of_the_bridge_and_still_the_agent() {
    let fetch = Act::DialIn { name: "agent".into(), number: "6105".into() };
    let call = Live::begin(|talk| Script {
        leads_to: "6104".into(),
        events: vec![(When::Noticed(seconds(5)), fetch)],
        ..talk.script()
    });
    assert_eq!(sides(&call.whole()), (1, 1));
}

#[test]
fn a_menu_before_the_agent_is_neither_heard_nor_a_second_notice() {
    let call = Live::begin(|talk| Script {
        leads_to: "6106".into(),
        events: vec![(When::Noticed(seconds(4)), Act::Keys(Party::Caller, "1".into()))],
        ..talk.script()
    });
    call.whole();
}

#[test]
fn a_parked_caller_is_not_copied_while_he_waits_and_heard_again_with_whoever_fetches_him() {
    let fetch = Act::DialIn { name: "agent2".into(), number: "6107".into() };
    let events = vec![
        (When::Bridged(seconds(9)), Act::TransferTo("6107".into())),
        (When::Bridged(seconds(12)), fetch),
    ];
    let mut call = Live::begin(|talk| Script {
        others: vec![answering("agent2", talk.second_agent(1), 0)],
        ..talk.in_two_parts(events)
    });
    call.forked_and_after(11);
    assert_eq!(call.stage.copies(), 0, "somebody listens to a parked caller");
    assert_eq!(sides(&call.whole()), (2, 2));
}

#[test]
fn two_who_move_on_to_a_conference_are_heard_up_to_there() {
    let mut call = Live::begin(|talk| Script {
        // The agent stays in the conference a little longer.
        events: vec![
            (When::Bridged(seconds(18)), Act::Confer),
            (When::Bridged(seconds(30)), Act::HangUp(Party::Agent)),
        ],
        hangup_after: Some(seconds(30)),
        ..talk.script()
    });
    call.forked_and_after(21);
    assert_eq!(call.stage.copies(), 0, "somebody listens to the conference");
    call.whole();
}

#[test]
fn phones_that_speak_in_packets_of_30_ms_are_heard_like_any_others() {
    in_packets_of(30);
}

#[test]
fn phones_that_speak_in_packets_of_60_ms_are_heard_like_any_others() {
    in_packets_of(60);
}

#[track_caller]
fn in_packets_of(ptime_ms: u8) {
    let call = Live::begin(|talk| Script { ptime_ms, ..talk.script() });
    let report = call.whole();
    let talk = report.ended - report.bridged.unwrap();
    let sent = report.taps.iter().map(|tap| tap.sent).min().unwrap();
    assert!(u128::from(sent) * u128::from(ptime_ms) + 2_000 > talk.as_millis(), "{report:?}");
}

// ---------------------------------------------------------------- hang-ups

#[test]
fn a_call_hung_up_before_the_notice_begins_is_never_copied() {
    hung_up(When::Started(Duration::from_millis(60)), "notice_incomplete");
}

#[test]
fn a_call_hung_up_in_the_first_word_of_the_notice_is_never_copied() {
    hung_up(When::Noticed(Duration::from_millis(300)), "notice_incomplete");
}

#[test]
fn a_call_hung_up_in_the_second_second_of_the_notice_is_never_copied() {
    hung_up(When::Noticed(Duration::from_millis(1_500)), "notice_incomplete");
}

#[test]
fn a_call_hung_up_in_the_last_word_of_the_notice_is_never_copied() {
    hung_up(When::Noticed(Duration::from_millis(2_540)), "notice_incomplete");
}

#[test]
fn a_call_hung_up_while_the_agents_phone_rings_is_unanswered() {
    hung_up(When::Noticed(Duration::from_millis(4_000)), "unanswered");
}

#[track_caller]
fn hung_up(when: When, reason: &str) {
    let call = Live::scripted(|stage| Script {
        answer_after: Some(seconds(4)),
        events: vec![(when, Act::HangUp(Party::Caller))],
        ..stage.speech(30)
    });
    let (row, report) = call.without(reason);
    assert_eq!((&row["bridged"], &row["heard"]), (&Value::Null, &Value::Null), "{row}");
    assert!(report.bridged.is_none(), "{report:?}");
}

#[test]
fn a_call_hung_up_between_the_bridge_and_its_copies_leaves_none() {
    ended_after(Duration::from_millis(10), Party::Caller);
}

#[test]
fn a_call_hung_up_half_a_second_after_the_bridge_leaves_no_copy() {
    ended_after(Duration::from_millis(500), Party::Caller);
}

#[test]
fn a_call_hung_up_in_the_second_second_of_the_talk_leaves_no_copy() {
    ended_after(Duration::from_millis(1_500), Party::Caller);
}

#[test]
fn a_call_that_the_agent_hangs_up_leaves_no_copy() {
    ended_after(Duration::from_millis(3_000), Party::Agent);
}

#[track_caller]
fn ended_after(talk: Duration, by: Party) {
    let mut call = Live::scripted(|stage| Script {
        events: vec![(When::Bridged(talk), Act::HangUp(by))],
        ..stage.speech(30)
    });
    let row = call.callgist.kept();
    // What is to be said of so short a talk is the note taker's business; this one says it of every talk.
    assert_eq!(row["summary"], NOTE, "{row}");
    let listened = row["heard"]["listened_ms"].as_u64().unwrap();
    assert!(u128::from(listened) <= talk.as_millis() + 500, "{row}");
    let report = call.stage.ended(call.call);
    assert_eq!(report.cause, "NORMAL_CLEARING");
    call.stage.without_copies_within(seconds(1));
    assert_eq!(call.callgist.rows(), 1);
}

#[test]
fn a_call_that_somebody_kills_at_the_switch_is_noted() {
    let events = vec![(When::Bridged(seconds(3)), Act::Kill(Party::Caller))];
    Live::scripted(|stage| Script { events, ..stage.speech(30) }).noted();
}

// ---------------------------------------------------------------- nobody there

#[test]
fn a_caller_whose_agent_is_busy_gets_no_note() {
    let busy = vec![refusing("agent", 500)];
    let call = Live::scripted(|stage| Script { answer_after: None, others: busy, ..stage.speech(30) });
    assert!(call.without("unanswered").1.bridged.is_none());
}

#[test]
fn a_group_in_which_nobody_answers_gets_no_note() {
    let call = Live::scripted(|stage| Script {
        leads_to: "6100".into(),
        answer_after: None,
        others: vec![refusing("agent2", 300), refusing("agent3", 600)],
        hangup_after: Some(seconds(6)),
        ..stage.speech(30)
    });
    call.without("unanswered");
}

#[test]
fn a_caller_who_rings_off_in_the_queue_gets_no_note() {
    rings_off_in("6103", vec![]);
}

#[test]
fn a_caller_who_rings_off_in_the_fifo_gets_no_note() {
    rings_off_in("6104", vec![]);
}

#[test]
fn a_caller_who_rings_off_in_the_menu_gets_no_note() {
    rings_off_in("6106", vec![]);
}

#[test]
fn a_caller_in_a_conference_is_joined_to_nobody_and_never_copied_further() {
    rings_off_in("6108", vec![]);
}

#[test]
fn a_machine_that_answers_for_a_busy_agent_is_not_heard() {
    rings_off_in("6109", vec![refusing("agent", 500)]);
}

#[test]
fn a_machine_that_answers_for_an_agent_who_does_not_is_not_heard() {
    rings_off_in("6109", vec![Agent { name: "agent".into(), speech: Vec::new(), answers: Answers::Never }]);
}

#[track_caller]
fn rings_off_in(place: &str, others: Vec<Agent>) {
    let call = Live::scripted(|stage| Script {
        leads_to: place.into(),
        caller_before: stage.speech(8).caller_speech,
        answer_after: None,
        others,
        hangup_after: Some(seconds(9)),
        ..stage.speech(30)
    });
    let (row, report) = call.without("unanswered");
    assert_eq!((&row["bridged"], &row["heard"]), (&Value::Null, &Value::Null), "{row}");
    assert!((2_560..=2_700).contains(&report.notice_heard.as_millis()), "{report:?}");
}

// ---------------------------------------------------------------- what people do in the middle

#[test]
fn a_caller_who_holds_is_heard_to_the_end() {
    held(Act::Hold(Party::Caller), Act::Resume(Party::Caller));
}

#[test]
fn an_agent_who_holds_is_heard_to_the_end() {
    held(Act::Hold(Party::Agent), Act::Resume(Party::Agent));
}

#[test]
fn a_hold_by_the_switch_is_heard_to_the_end() {
    held(Act::SwitchHold(Party::Agent), Act::SwitchResume(Party::Agent));
}

#[track_caller]
fn held(hold: Act, resume: Act) {
    let events = vec![(When::Bridged(seconds(2)), hold), (When::Bridged(seconds(4)), resume)];
    let mut call =
        Live::scripted(|stage| Script { events, hangup_after: Some(seconds(11)), ..stage.speech(30) });
    let row = call.callgist.kept();
    assert_eq!(row["summary"], NOTE, "{row}");
    let report = call.stage.ended(call.call);
    assert_eq!(sides(&report), (1, 1));
    call.stage.without_copies_within(seconds(1));
}

#[test]
fn three_agents_in_a_row_are_one_call_with_one_notice() {
    let transfer = |stage: &Stage| Act::Transfer {
        speech: stage.speech(30).agent_speech,
        answer_after: Duration::from_millis(300),
    };
    let call = Live::scripted(|stage| Script {
        events: vec![
            (When::Bridged(seconds(3)), transfer(stage)),
            (When::Bridged(seconds(6)), transfer(stage)),
        ],
        hangup_after: Some(seconds(14)),
        ..stage.speech(30)
    });
    let (_, report) = call.noted();
    assert_eq!(sides(&report).1, 3, "{report:?}");
}

#[test]
fn a_caller_whose_agent_leaves_him_parked_is_copied_no_more_and_noted() {
    leaves_the_talk(Act::KeepCaller);
}

#[test]
fn a_caller_who_is_sent_to_an_echo_is_copied_no_more_and_noted() {
    leaves_the_talk(Act::Divert);
}

#[test]
fn a_caller_who_rings_off_while_he_is_parked_is_noted() {
    leaves_the_talk(Act::TransferTo("6107".into()));
}

#[track_caller]
fn leaves_the_talk(act: Act) {
    let mut call = Live::scripted(|stage| Script {
        events: vec![(When::Bridged(seconds(3)), act)],
        hangup_after: Some(seconds(14)),
        ..stage.speech(60)
    });
    call.forked_and_after(6);
    assert_eq!(call.stage.copies(), 0, "he is copied on");
    call.noted();
}

#[test]
fn an_objection_in_the_notice_ends_it_and_the_call_goes_on() {
    objects(When::Noticed(Duration::from_millis(700)));
}

#[test]
fn an_objection_while_it_rings_counts_and_the_call_goes_on() {
    objects(When::Noticed(Duration::from_millis(3_200)));
}

#[test]
fn an_objection_in_the_first_second_of_the_talk_counts_and_the_call_goes_on() {
    objects(When::Bridged(Duration::from_millis(100)));
}

#[track_caller]
fn objects(when: When) {
    let call = Live::scripted(|stage| Script {
        answer_after: Some(seconds(2)),
        events: vec![(when, Act::Keys(Party::Caller, "*9".into()))],
        hangup_after: Some(seconds(10)),
        ..stage.speech(30)
    });
    let (row, report) = call.without_and_keys_as_before("objection");
    assert_eq!(row["heard"], Value::Null, "{row}");
    assert!(report.bridged.is_some() && report.caller_packets > 100, "{report:?}");
}

#[test]
fn a_notice_that_somebody_breaks_off_at_the_switch_proves_nothing() {
    notice_cut(Act::Break);
}

#[test]
fn a_notice_that_somebody_stops_at_the_switch_proves_nothing() {
    notice_cut(Act::StopFile);
}

#[test]
fn a_notice_of_which_somebody_skips_a_part_proves_nothing() {
    notice_cut(Act::SeekFile(8_000));
}

#[track_caller]
fn notice_cut(act: Act) {
    let call =
        Live::scripted(|stage| Script { events: vec![(When::Noticed(seconds(1)), act)], ..stage.speech(4) });
    let (_, report) = call.without_and_keys_as_before("notice_incomplete");
    assert!(report.bridged.is_some() && report.taps.is_empty(), "{report:?}");
}

#[test]
fn the_log_tells_of_a_notice_that_failed() {
    let events = vec![(When::Noticed(seconds(1)), Act::Break)];
    let mut call = Live::scripted(|stage| Script { events, ..stage.speech(4) });
    let row = call.callgist.kept();
    call.stage.ended(call.call);
    let deeds: Vec<_> = call.callgist.deeds(&row["id"]).iter().map(|entry| entry["deed"].clone()).collect();
    assert_eq!(deeds, ["notice_failed", "note_refused", "shown"]);
}

#[test]
fn keys_that_the_dialplan_lets_end_a_file_are_the_same_behind_the_notice() {
    let before = extension(&[("set", "playback_terminators=#")]);
    let mut call =
        Live::on(|settings| settings.snippet = before + &settings.snippet, |stage| stage.speech(6));
    call.callgist.step("announced");
    call.stage.keys_as_before(call.call.leg(), "#");
    call.noted();
}

// ---------------------------------------------------------------- keys behind the notice

#[test]
fn a_pin_that_is_typed_behind_the_notice_and_again_in_the_talk_is_no_objection_and_arrives_whole() {
    let question = "4 4 1 6000 # tone_stream://%(2000,100,600);loops=1 silence_stream://100 pin [0-9]+ 3000";
    let asks = extension(&[("play_and_get_digits", question)]);
    let pin = |when| (when, Act::Keys(Party::Caller, "1939".into()));
    let events = vec![pin(When::Noticed(seconds(4))), pin(When::Bridged(seconds(2)))];
    let script = |stage: &Stage| Script { events, ..stage.speech(8) };
    let mut call = Live::on(|settings| settings.snippet += &asks, script);
    call.forked_and_after(4);
    let leg = call.call.leg();
    assert_eq!(call.stage.variable(leg, "pin"), "1939");
    assert_eq!(call.stage.variable(leg, "callgist_objection"), UNSET);
    call.noted();
}

/// It is told once of the line, and the key does nothing, as on a real switch (F110).
#[test]
fn a_dialplan_that_binds_keys_of_its_own_behind_the_snippet_is_told() {
    let theirs = extension(&[("bind_digit_action", "local,*1,exec[i]:set,theirs=1")]);
    let presses = vec![(When::Bridged(seconds(1)), Act::Keys(Party::Caller, "*9".into()))];
    let script = |stage: &Stage| Script { events: presses.clone(), ..stage.speech(5) };
    let mut call = Live::on(|settings| settings.snippet += &theirs, script);
    let dead = call.callgist.until("told of its key", seconds(20), |line| line["realm"] == "local");
    assert!(dead["message"].as_str().unwrap().contains("bind ours into that realm"), "{dead}");
    assert_eq!(call.callgist.kept()["summary"], NOTE);
    let second = call.stage.call(script(&call.stage));
    for ended in [call.call, second] {
        call.stage.ended(ended);
    }
    assert_eq!(call.callgist.kept()["summary"], NOTE);
    assert_eq!(call.callgist.said(dead["message"].as_str().unwrap()), 1);
}

// ---------------------------------------------------------------- who calls, where, and how

#[test]
fn a_caller_whose_number_is_withheld_is_noted_without_one() {
    let call = Live::scripted(|stage| Script { caller: None, ..stage.speech(4) });
    let (row, _) = call.noted();
    assert_eq!(row["caller"], Value::Null, "{row}");
}

#[test]
fn a_caller_whose_number_is_no_number_is_noted_without_one() {
    let call = Live::scripted(|stage| Script { caller: Some("anonymous".into()), ..stage.speech(4) });
    let (row, _) = call.noted();
    assert_eq!(row["caller"], Value::Null, "{row}");
}

#[test]
fn a_caller_with_a_national_number_is_noted_under_his_countrys() {
    let call = Live::scripted(|stage| Script { caller: Some("00352621123456".into()), ..stage.speech(4) });
    let (row, _) = call.noted();
    assert_eq!(row["caller"], "+352621123456", "{row}");
}

#[test]
fn two_calls_on_one_line_at_once_are_two_notes() {
    let mut call = Live::scripted(|stage| stage.speech(6));
    let other = call.stage.call(Script { caller: Some("+352621999999".into()), ..call.stage.speech(6) });
    for _ in 0..2 {
        assert_eq!(call.callgist.kept()["summary"], NOTE);
    }
    for report in [call.stage.ended(call.call), call.stage.ended(other)] {
        assert_eq!(sides(&report), (1, 1), "{report:?}");
    }
    call.stage.without_copies_within(seconds(1));
    assert_eq!(call.callgist.rows(), 2);
}

#[test]
fn two_lines_have_each_their_own_settings() {
    let stage = Stage::scripted(with_a_second_snippet);
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), with_a_second_line);
    for (number, name, version) in [("352260001", "second", "two"), ("352260000", "main", "live")] {
        let call = stage.call(Script { line: number.into(), ..stage.speech(3) });
        let row = callgist.kept();
        assert_eq!(
            (&row["line"], &row["notice_version"], &row["called"]),
            (&name.into(), &version.into(), &format!("+{number}").into()),
            "{row}"
        );
        told_once(&stage, &stage.ended(call));
    }
}

#[test]
fn phones_of_two_codecs_are_both_heard() {
    let call = Live::scripted(|stage| Script { agent_codec: Some(Codec::Pcmu), ..stage.speech(4) });
    assert_eq!(sides(&call.noted().1), (1, 1));
}

#[test]
fn a_call_whose_media_bypasses_the_switch_is_never_copied() {
    let call = Live::scripted(|stage| Script { bypass_media: true, ..stage.speech(4) });
    assert!(call.without("not_tappable").1.taps.is_empty());
}

#[test]
fn a_caller_whose_codec_no_ear_decodes_is_promised_nothing() {
    let call = Live::scripted(|stage| Script { passed_on: Some("G729"), ..stage.speech(4) });
    let (row, report) = call.without("not_tappable");
    assert_eq!(row["announced"], Value::Null, "{row}");
    assert!(report.taps.is_empty() && report.notice_heard == Duration::ZERO, "{report:?}");
}

/// The switch has the snippet of the line `second`, too.
pub(crate) fn with_a_second_snippet(settings: &mut Settings) {
    let second =
        settings.snippet.replace("352260000", "352260001").replace("callgist=main", "callgist=second");
    let (first, second) = (settings.snippet.trim_end(), second.replacen("<include>", "", 1));
    settings.snippet = first.strip_suffix("</include>").unwrap().to_owned() + &second;
}

/// The settings have the line `second`, too, which is like the first.
pub(crate) fn with_a_second_line(settings: String) -> String {
    let (_, line) = settings.split_once("[[line]]").unwrap();
    let line = line.replace("main", "second").replace("352260000", "352260001").replace("live", "two");
    format!("{settings}\n[[line]]{line}")
}

// ---------------------------------------------------------------- a call under way

pub(crate) struct Live {
    pub(crate) stage: Stage,
    pub(crate) callgist: Sidecar,
    pub(crate) call: LiveCall,
}

impl Live {
    /// With an ear that recognises.
    fn begin(script: impl FnOnce(&Talk) -> Script) -> Live {
        let stage = Stage::set();
        let callgist = stage.callgist();
        let call = stage.call(script(&Talk::of(&stage)));
        Live { stage, callgist, call }
    }

    /// With an ear that writes the same of every talk.
    pub(crate) fn scripted(script: impl FnOnce(&Stage) -> Script) -> Live {
        Live::with_settings(|settings| settings, script)
    }

    /// The same with other settings.
    pub(crate) fn with_settings(
        change: impl Fn(String) -> String,
        script: impl FnOnce(&Stage) -> Script,
    ) -> Live {
        let stage = Stage::scripted(|_| {});
        let callgist = stage.sidecar_with(stage.switch.event_socket().port(), change);
        let call = stage.call(script(&stage));
        Live { stage, callgist, call }
    }

    /// The same on another switch.
    fn on(change: impl FnOnce(&mut Settings), script: impl FnOnce(&Stage) -> Script) -> Live {
        let stage = Stage::scripted(change);
        let callgist = stage.sidecar();
        let call = stage.call(script(&stage));
        Live { stage, callgist, call }
    }

    pub(crate) fn forked_and_after(&mut self, wait: u64) {
        self.callgist.step("forked");
        std::thread::sleep(seconds(wait));
    }

    /// One note that tells everything, after one notice.
    #[track_caller]
    fn whole(mut self) -> Report {
        let row = self.callgist.kept();
        let report = self.stage.ended(self.call);
        whole_note(&row);
        told_once(&self.stage, &report);
        report
    }

    /// One note after one notice, by the script.
    #[track_caller]
    pub(crate) fn noted(mut self) -> (Value, Report) {
        let row = self.callgist.kept();
        let report = self.stage.ended(self.call);
        assert_eq!(row["summary"], NOTE, "{row}");
        told_once(&self.stage, &report);
        assert_eq!(self.callgist.rows(), 1);
        (row, report)
    }

    /// One row that says why there is no note.
    #[track_caller]
    pub(crate) fn without(mut self, reason: &str) -> (Value, Report) {
        let row = self.callgist.kept();
        self.ended_without(row, reason)
    }

    /// The same of a call that goes on: nothing of the notice is left on its leg.
    #[track_caller]
    fn without_and_keys_as_before(mut self, reason: &str) -> (Value, Report) {
        let row = self.callgist.kept();
        self.stage.keys_as_before(self.call.leg(), UNSET);
        self.ended_without(row, reason)
    }

    #[track_caller]
    fn ended_without(self, row: Value, reason: &str) -> (Value, Report) {
        assert_eq!(row["no_summary_reason"], reason, "{row}");
        assert_eq!(row["summary"], Value::Null, "{row}");
        let report = self.stage.ended(self.call);
        assert_eq!(report.file_heard_in_talk, Duration::ZERO, "{report:?}");
        self.stage.without_copies_within(seconds(1));
        assert_eq!(self.callgist.rows(), 1);
        (row, report)
    }
}

// ---------------------------------------------------------------- who says what

/// A minute's call in 22 seconds: the caller's reason, his request, and the appointment that the agent makes.
struct Talk {
    caller: Vec<i16>,
    agent: Vec<i16>,
}

impl Talk {
    fn of(stage: &Stage) -> Talk {
        let brief = |voice: &[i16]| {
            let mut brief = vec![0; 8_000];
            for (from, to) in [REASON, REST] {
                brief.extend(&voice[at(from)..at(to)]);
            }
            brief
        };
        Talk { caller: brief(&stage.caller), agent: brief(&stage.agent) }
    }

    fn script(&self) -> Script {
        Script {
            caller_speech: self.caller.clone(),
            agent_speech: self.agent.clone(),
            // Nobody is heard before the bridge, whatever he says.
            caller_before: self.caller.clone(),
            ..Script::default()
        }
    }

    /// The caller waits between his reason and the rest, for which he has another agent.
    fn in_two_parts(&self, events: Vec<(When, Act)>) -> Script {
        self.with_the_rest_at(13, events)
    }

    fn with_the_rest_at(&self, second: usize, events: Vec<(When, Act)>) -> Script {
        let reason = 8_000 + at(REASON.1) - at(REASON.0);
        let mut caller_speech = self.caller[..reason].to_vec();
        caller_speech.resize(second * 8_000, 0);
        caller_speech.extend(&self.caller[reason..]);
        Script { caller_speech, agent_speech: self.agent[..reason].to_vec(), events, ..self.script() }
    }

    /// What the agent says who comes in for the rest, so many seconds before it.
    fn second_agent(&self, wait: usize) -> Vec<i16> {
        let reason = 8_000 + at(REASON.1) - at(REASON.0);
        let mut speech = vec![0; wait * 8_000];
        speech.extend(&self.agent[reason..]);
        speech
    }
}

fn at(seconds: f64) -> usize {
    (seconds * 8_000.0) as usize
}

/// What the switch says of a variable that is not there.
pub(crate) const UNSET: &str = "_undef_";
const REASON: (f64, f64) = (5.0, 12.2);
const REST: (f64, f64) = (37.1, 46.0);

fn answering(name: &str, speech: Vec<i16>, after_ms: u64) -> Agent {
    Agent { name: name.into(), speech, answers: Answers::After(Duration::from_millis(after_ms)) }
}

fn refusing(name: &str, after_ms: u64) -> Agent {
    let answers = Answers::BusyAfter(Duration::from_millis(after_ms));
    Agent { name: name.into(), speech: Vec::new(), answers }
}

/// A note that tells what the caller reported and what was agreed: swapped, it would be another one.
#[track_caller]
fn whole_note(row: &Value) {
    let summary = row["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("The caller reported") && summary.contains("dishwasher"), "{row}");
    assert!(summary.contains("Thursday at 10:30"), "{row}");
}

/// The notice was heard once and to its end, nothing of ours was played into a talk, and no copy is left.
#[track_caller]
fn told_once(stage: &Stage, report: &Report) {
    let notice = report.notice_heard.as_millis();
    assert!((2_560..=2_700).contains(&notice), "{report:?}");
    assert_eq!(report.file_heard_in_talk, Duration::ZERO, "{report:?}");
    assert_eq!(stage.copies(), 0);
}

/// How many copies were made of what the caller was sent (it carries the agents' voices), and of what agents were.
#[track_caller]
pub(crate) fn sides(report: &Report) -> (usize, usize) {
    assert!(report.taps.iter().all(|tap| tap.side == Side::Write), "{report:?}");
    let of = |party: Party| report.taps.iter().filter(|tap| tap.target == party).count();
    (of(Party::Caller), of(Party::Agent))
}

//! Whole calls of `callgist run` over everything that may stand between a caller and an agent: groups, queues, menus,
//! parking places, transfers of every kind. Each is told by the simulated switch in the events of a real one.

use crate::stories::{Stage, seconds};
use callgist::call::Party;
use callgist::sim::{Act, Agent, Answers, Report, Script, Side, When};
use serde_json::Value;
use std::time::Duration;

#[test]
fn a_blind_transfer_that_rings_for_a_while_is_one_call_with_one_notice_and_a_note_of_both_parts() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let transfer = Act::Transfer { speech: talk.second_agent(1), answer_after: seconds(4) };
    let call = stage.call(talk.with_the_rest_at(16, vec![(When::Bridged(seconds(9)), transfer)]));
    callgist.step("forked");
    std::thread::sleep(seconds(11));
    assert_eq!(stage.copies(), 0, "somebody listens while it rings");
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (2, 2), "{report:?}");
}

#[test]
fn an_agent_who_asks_back_and_hands_the_caller_over_is_followed_to_the_next_one() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let mut script = talk.in_two_parts(vec![(When::Bridged(seconds(9)), Act::HandOver(seconds(2)))]);
    script.others = vec![answering("agent2", talk.second_agent(1), 200)];
    let call = stage.call(script);
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (1, 2), "{report:?}");
}

#[test]
fn a_caller_whom_an_operator_joins_to_another_agent_is_heard_on() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let mut script = talk.in_two_parts(vec![(When::Bridged(seconds(10)), Act::JoinOther)]);
    script.others = vec![answering("agent2", talk.second_agent(2), 0)];
    let call = stage.call(script);
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (1, 2), "{report:?}");
}

#[test]
fn a_transfer_back_to_the_line_runs_the_snippet_again_and_plays_no_second_notice() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let line = Script::default().line;
    let events = vec![(When::Bridged(seconds(10)), Act::TransferTo(line))];
    // The same phone answers again, and this time it comes to the rest.
    let agent_speech = talk.second_agent(11);
    let answer_after = Some(seconds(2));
    let call = stage.call(Script { agent_speech, answer_after, ..talk.with_the_rest_at(26, events) });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (2, 2), "{report:?}");
}

#[test]
fn an_agent_whose_leg_is_sent_elsewhere_is_not_heard_there() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script {
        events: vec![
            (When::Bridged(seconds(14)), Act::KeepAgent),
            (When::Bridged(seconds(40)), Act::HangUp(Party::Agent)),
        ],
        ..Talk::of(&stage).script()
    });
    callgist.step("forked");
    callgist.step("heard");
    stage.without_copies_within(seconds(1));
    assert_eq!(stage.runtime.block_on(stage.switch.console(&format!("uuid_exists {}", call.leg()))), "false");
    let row = callgist.kept();
    assert!(row["summary"].as_str().unwrap_or_default().contains("dishwasher"), "{row}");
    assert_eq!(stage.ended(call).file_heard_in_talk, Duration::ZERO);
}

#[test]
fn of_three_phones_that_ring_the_one_that_answers_is_heard() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let call = stage.call(Script {
        leads_to: "6100".into(),
        answer_after: None,
        others: vec![answering("agent2", talk.agent.clone(), 1_500), refusing("agent3", 500)],
        ..talk.script()
    });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (1, 1), "{report:?}");
}

#[test]
fn where_the_first_phone_is_not_picked_up_the_second_agent_is_heard() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let call = stage.call(Script {
        leads_to: "6101".into(),
        answer_after: None,
        others: vec![answering("agent2", talk.agent.clone(), 500)],
        ..talk.script()
    });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
}

#[test]
fn a_caller_behind_a_loopback_is_heard_before_it_bows_out_and_after_it() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script { leads_to: "6102".into(), ..Talk::of(&stage).script() });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
}

#[test]
fn a_caller_in_a_queue_hears_its_music_and_is_heard_with_the_agent_who_takes_him() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script {
        leads_to: "6103".into(),
        answer_after: Some(seconds(2)),
        ..Talk::of(&stage).script()
    });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (1, 1), "{report:?}");
}

#[test]
fn an_agent_who_fetches_the_caller_from_a_fifo_is_the_a_of_the_bridge_and_still_the_agent() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let fetch = Act::DialIn { name: "agent".into(), number: "6105".into() };
    let call = stage.call(Script {
        leads_to: "6104".into(),
        events: vec![(When::Noticed(seconds(5)), fetch)],
        ..Talk::of(&stage).script()
    });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (1, 1), "{report:?}");
}

#[test]
fn a_menu_before_the_agent_is_neither_heard_nor_a_second_notice() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script {
        leads_to: "6106".into(),
        events: vec![(When::Noticed(seconds(4)), Act::Keys(Party::Caller, "1".into()))],
        ..Talk::of(&stage).script()
    });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
}

#[test]
fn a_parked_caller_is_not_copied_while_he_waits_and_heard_again_with_whoever_fetches_him() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let fetch = Act::DialIn { name: "agent2".into(), number: "6107".into() };
    let talk = Talk::of(&stage);
    let events = vec![
        (When::Bridged(seconds(9)), Act::TransferTo("6107".into())),
        (When::Bridged(seconds(12)), fetch),
    ];
    let mut script = talk.in_two_parts(events);
    script.others = vec![answering("agent2", talk.second_agent(1), 0)];
    let call = stage.call(script);
    callgist.step("forked");
    std::thread::sleep(seconds(11));
    assert_eq!(stage.copies(), 0, "somebody listens to a parked caller");
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
    assert_eq!(sides(&report), (2, 2), "{report:?}");
}

#[test]
fn a_caller_in_a_conference_is_joined_to_nobody_and_never_copied_further() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script {
        leads_to: "6108".into(),
        hangup_after: Some(seconds(8)),
        ..Talk::of(&stage).script()
    });
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "unanswered", "{row}");
    assert_eq!(row["heard"], Value::Null, "{row}");
    let report = stage.ended(call);
    told_once(&stage, &report);
}

#[test]
fn two_who_move_on_to_a_conference_are_heard_up_to_there() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script {
        // The agent stays in the conference a little longer.
        events: vec![
            (When::Bridged(seconds(18)), Act::Confer),
            (When::Bridged(seconds(30)), Act::HangUp(Party::Agent)),
        ],
        hangup_after: Some(seconds(30)),
        ..Talk::of(&stage).script()
    });
    callgist.step("forked");
    std::thread::sleep(seconds(21));
    assert_eq!(stage.copies(), 0, "somebody listens to the conference");
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    told_once(&stage, &report);
}

#[test]
fn a_machine_that_answers_for_a_busy_agent_is_not_heard() {
    machine(refusing("agent", 500));
}

#[test]
fn a_machine_that_answers_for_an_agent_who_does_not_is_not_heard() {
    machine(Agent { name: "agent".into(), speech: Vec::new(), answers: Answers::Never });
}

#[track_caller]
fn machine(agent: Agent) {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let talk = Talk::of(&stage);
    let call = stage.call(Script {
        leads_to: "6109".into(),
        caller_before: talk.caller.clone(),
        others: vec![agent],
        hangup_after: Some(seconds(14)),
        ..talk.script()
    });
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "unanswered", "{row}");
    assert_eq!((&row["bridged"], &row["heard"]), (&Value::Null, &Value::Null), "{row}");
    let report = stage.ended(call);
    assert!(report.bridged.is_none());
    told_once(&stage, &report);
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
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(Script { ptime_ms, ..Talk::of(&stage).script() });
    let row = callgist.kept();
    let report = stage.ended(call);
    whole_note(&row);
    assert_eq!(row["trust"]["arrived_pct"], 100, "{row}");
    told_once(&stage, &report);
    let talk = report.ended - report.bridged.unwrap();
    let sent = report.taps.iter().map(|tap| tap.sent).min().unwrap();
    assert!(u128::from(sent) * u128::from(ptime_ms) + 2_000 > talk.as_millis(), "{report:?}");
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
fn sides(report: &Report) -> (usize, usize) {
    assert!(report.taps.iter().all(|tap| tap.side == Side::Write), "{report:?}");
    let of = |party: Party| report.taps.iter().filter(|tap| tap.target == party).count();
    (of(Party::Caller), of(Party::Agent))
}

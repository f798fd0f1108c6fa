//! Whole calls of those who are never heard: by their number, without one, from in the house, and with an extension of
//! the works council's.
//!
//! The ear follows a script, so nothing here hangs on what is understood.

use crate::calls::{Live, sides};
use crate::stories::{Stage, goes_on, seconds};
use callgist::sim::{Act, Report, Script, When};
use serde_json::Value;
use std::time::Duration;

const CALLER: &str = "+352621123456";

/// A call to a line with these settings.
fn call(more: &'static str, script: impl FnOnce(&Stage) -> Script) -> Live {
    Live::with_settings(move |settings| settings + more, script)
}

/// Declined like a standing objection: no notice, no wait, and a row that names nobody.
#[track_caller]
fn is_spared(live: Live) {
    let (row, report) = live.without("excluded");
    assert_eq!(
        (&row["announced"], &row["heard"], &row["caller"]),
        (&Value::Null, &Value::Null, &Value::Null),
        "{row}"
    );
    assert!(report.taps.is_empty() && report.notice_heard.is_zero(), "{report:?}");
    goes_on(&report, 3);
}

#[test]
fn a_number_that_is_never_heard_gets_no_notice_and_the_row_does_not_name_it() {
    let mut live = call("never_heard = [\"+352621123456\"]\n", |stage| stage.speech(3));
    let row = live.callgist.kept();
    let told = live.callgist.ask(&["log", "export"]);
    let of_call: Vec<_> = told.iter().filter(|entry| entry["call"] == row["id"]).collect();
    assert_eq!(of_call[0]["deed"], "note_refused", "{of_call:?}");
    assert!(of_call.iter().all(|entry| entry["person"].is_null()), "{of_call:?}");
    let found = live.callgist.ask(&["calls", "list", "--number", CALLER]);
    assert_eq!(found[0]["calls"], Value::Array(vec![]), "{found:?}");
    let report = live.stage.ended(live.call);
    assert!(report.notice_heard.is_zero() && report.taps.is_empty(), "{report:?}");
    goes_on(&report, 3);
}

#[test]
fn whoever_has_a_number_that_begins_so_is_never_heard() {
    is_spared(call("never_heard = [\"+49*\", \"+35262*\"]\n", |stage| stage.speech(3)));
}

#[test]
fn a_caller_without_a_number_is_never_heard_where_the_line_says_so() {
    let withheld = |stage: &Stage| Script { caller: None, ..stage.speech(3) };
    is_spared(call("withheld_numbers = \"never_heard\"\n", withheld));
}

#[test]
fn a_colleague_in_the_house_is_never_heard_where_the_line_says_so() {
    let colleague = |stage: &Stage| Script { caller: Some("1044".into()), ..stage.speech(3) };
    is_spared(call("internal_callers = \"never_heard\"\n", colleague));
}

#[test]
fn the_evidence_of_a_call_with_a_notice_alone_names_its_sound_and_its_order() {
    let mut live = call("", |stage| stage.speech(4));
    let row = live.callgist.kept();
    let told = live.callgist.ask(&["calls", "evidence", row["id"].as_str().unwrap()]);
    let evidence = &told[0]["evidence"];
    assert_eq!((&evidence["mode"], &evidence["consent"]), (&"notice".into(), &Value::Null), "{told:?}");
    assert_eq!(evidence["question_sha256"], Value::Null, "{told:?}");
    assert_eq!(evidence["notice_sha256"].as_str().unwrap().len(), 64, "{told:?}");
    assert!(evidence["notice_to"].as_str() < evidence["listening_started"].as_str(), "{told:?}");
    assert!(evidence["checks"].as_array().unwrap().iter().all(|check| check["holds"] == true), "{told:?}");
    live.stage.ended(live.call);
}

#[test]
fn whoever_is_not_named_is_heard_as_ever() {
    let others = "never_heard = [\"+352621123457\", \"+35261*\", \"1900\"]\nwithheld_numbers = \"never_heard\"\n\
                  internal_callers = \"never_heard\"\nnever_heard_extensions = [\"agent1\", \"19*\"]\n";
    let (row, report) = call(others, |stage| stage.speech(4)).noted();
    assert_eq!((&row["caller"], sides(&report)), (&CALLER.into(), (1, 1)));
}

#[test]
fn of_a_talk_with_an_extension_that_is_never_heard_only_the_reason_stays() {
    let names = "agents = \"kept\"\nnever_heard_extensions = [\"agent\"]\n";
    let (row, report) = call(names, |stage| stage.speech(5)).without("excluded");
    assert_ne!(row["announced"], Value::Null, "nobody knew yet where it would go: {row}");
    assert_eq!((&row["heard"], &row["caller"]), (&Value::Null, &Value::Null), "{row}");
    assert_eq!(row["segments"], Value::Array(vec![]), "{row}");
    assert_eq!(copied_after_the_bridge(&report).as_secs(), 0, "{report:?}");
    goes_on(&report, 5);
}

#[test]
fn a_caller_who_is_transferred_to_such_an_extension_is_listened_to_up_to_there() {
    let names = "agents = \"kept\"\nnever_heard_extensions = [\"agent2\"]\n";
    let live = call(names, |stage| {
        let to =
            Act::Transfer { speech: stage.speech(30).agent_speech, answer_after: Duration::from_millis(300) };
        let events = vec![(When::Bridged(seconds(3)), to)];
        Script { events, hangup_after: Some(seconds(13)), ..stage.speech(30) }
    });
    let (row, report) = live.noted();
    assert_eq!(sides(&report), (1, 1), "the second agent is not copied: {report:?}");
    let listened = row["heard"]["listened_ms"].as_u64().unwrap();
    assert!((2_500..4_500).contains(&listened), "{row}");
    let agents: Vec<_> =
        row["segments"].as_array().unwrap().iter().map(|segment| &segment["agent"]).collect();
    assert_eq!(agents, [&Value::from("agent"), &Value::Null], "{row}");
}

/// How long the longest copy went on in the talk.
fn copied_after_the_bridge(report: &Report) -> Duration {
    let copied = report.taps.iter().map(|tap| Duration::from_millis(20) * u32::try_from(tap.sent).unwrap());
    // The agent's voice is copied from the end of the notice on, while the phone rings.
    copied.max().unwrap_or_default().saturating_sub(seconds(1))
}

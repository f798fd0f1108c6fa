//! What a caller wants, on the real switch: an objection in the first second and in the sixtieth, one that stands for every
//! call, and the list of who must not be called, through restarts of the switch.

use super::phone::CALLER;
use super::sidecar::Sidecar;
use super::{SETTLED, Stage};
use crate::scripted::NOTE;
use serde_json::Value;
use std::time::{Duration, Instant};

#[test]
fn the_key_counts_in_the_first_second_of_the_notice_and_in_the_sixtieth_of_the_talk() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = stage.scripted("");
    let call = stage.call(A_SECOND);
    call.caller.answered();
    callgist.step("offered");
    call.caller.press("*9");
    let pressed = Instant::now();
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["announced"]), (&"objection".into(), &Value::Null), "{row}");
    let invited = call.agent.invited();
    eprintln!("the agent's phone was called {:?} after a key in the first second", invited - pressed);
    stage.goes_on(&call);
    stage.rings_off(call);

    let call = stage.announced(&mut callgist, A_SECOND);
    let answered = call.agent.answered();
    callgist.step("forked");
    std::thread::sleep((answered + 59 * A_SECOND + A_SECOND / 2).saturating_duration_since(Instant::now()));
    assert_eq!(stage.switch.copies(), 2);
    call.caller.press("*9");
    eprintln!("the copies were gone {:?} after a key in second sixty", stage.without_copies());
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["heard"]), (&"objection".into(), &Value::Null), "{row}");
    stage.goes_on(&call);
    stage.rings_off(call);
    assert!(callgist.list().iter().all(|row| row["summary"].is_null()));
}

#[test]
fn who_objected_for_good_hears_no_notice_on_the_real_switch_until_that_is_taken_back() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = stage.scripted("");
    changed(&callgist, &["person", "object", CALLER]);
    for _ in 0..2 {
        let call = stage.call(Duration::ZERO);
        let row = callgist.kept();
        assert_eq!(row["no_summary_reason"], "excluded", "{row}");
        let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
        eprintln!("of one who objected for good the agent's phone was called {delay:?} after the answer");
        assert!(delay < 2 * SETTLED, "{delay:?}");
        stage.goes_on(&call);
        assert_eq!(stage.switch.copies(), 0);
        stage.rings_off(call);
        callgist.kill();
        callgist.again();
        callgist.announcing();
    }
    changed(&callgist, &["person", "object", CALLER, "--withdraw"]);
    noted(&stage, &mut callgist);
}

#[test]
fn a_real_switch_that_is_restarted_refuses_until_it_is_told_and_then_knows_the_list_and_gets_its_notes() {
    let Some(mut stage) = Stage::set() else { return };
    let mut callgist = stage.scripted("");
    callgist.ask(&["contacts", "add", LISTED, "--channels", "calls"]);
    until("the list is there", || refuses(&stage, LISTED) && !refuses(&stage, FREE));
    let call = stage.announced(&mut callgist, A_SECOND);
    callgist.step("forked");
    stage.switch.begins_anew();
    let row = callgist.kept();
    assert!(row["summary"] == NOTE || row["no_summary_reason"] == "partial", "{row}");
    drop(call);
    until("the list is there again", || refuses(&stage, LISTED) && !refuses(&stage, FREE));
    noted(&stage, &mut callgist);

    // With nobody to tell it, a switch that begins anew refuses every call that advertises.
    callgist.kill();
    stage.switch.begins_anew();
    assert!(refuses(&stage, LISTED) && refuses(&stage, FREE));
    callgist.again();
    callgist.announcing();
    until("the list is there for the third time", || refuses(&stage, LISTED) && !refuses(&stage, FREE));
    noted(&stage, &mut callgist);
}

/// A call that advertises, which the switch makes by itself.
fn refuses(stage: &Stage, number: &str) -> bool {
    stage.switch.refuses("advertising", number)
}

/// A command that is confirmed by the word which it prints.
fn changed(callgist: &Sidecar, words: &[&str]) {
    let word = callgist.ask(words)[0]["confirm"].as_str().unwrap().to_owned();
    callgist.ask(&[words, &["--confirm", &word]].concat());
}

/// The next call is announced and gets its note.
#[track_caller]
fn noted(stage: &Stage, callgist: &mut Sidecar) {
    let call = stage.announced(callgist, A_SECOND);
    callgist.step("forked");
    stage.goes_on(&call);
    stage.rings_off(call);
    let row = callgist.kept();
    assert_eq!(row["summary"], NOTE, "{row}");
}

#[track_caller]
fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < 30 * A_SECOND, "not in time: {what}");
        std::thread::sleep(A_SECOND / 2);
    }
    eprintln!("{what} after {:?}", begun.elapsed());
}

const A_SECOND: Duration = Duration::from_secs(1);
const LISTED: &str = "+49301111";
const FREE: &str = "+49301112";

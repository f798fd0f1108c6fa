//! A line whose agents are not heard, on a real switch: one copy, of what the caller's own phone sends.

use super::sidecar::Sidecar;
use super::ways::Way;
use super::{SETTLED, Stage};
use crate::scripted::NOTE;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_call_whose_agent_is_not_heard_on_the_real_switch_has_one_copy_and_a_note_from_the_callers_words() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::with(&stage.switch, NOT_HEARD);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    // A copy that was taken runs a moment later.
    std::thread::sleep(Duration::from_secs(1));
    for _ in 0..=stage.length().as_secs() {
        assert_eq!(stage.switch.copies(), 1);
        std::thread::sleep(Duration::from_secs(1));
    }
    call.caller.hang_up();
    let row = callgist.kept();
    eprintln!("{row:#}");
    let note = row["summary"].as_str().unwrap_or_default();
    assert!(note.contains("dishwasher") && !note.contains("noon"), "the agent alone names a time: {row}");
    assert!(note.split(". ").all(|sentence| sentence.starts_with("The caller ")), "{row}");
    assert_eq!(row["agent_heard"], false, "{row}");
    assert_eq!((call.caller.state().lost(), call.agent.state().lost()), (0, 0));
}

/// The caller is silent: what an ear takes for speech would be the agent's. Then the same with the agent silent.
#[test]
fn of_what_an_agent_says_on_the_real_switch_nothing_reaches_an_ear() {
    let Some(mut stage) = Stage::on(Way::AgentsKeys) else { return };
    let (caller, silence) = (stage.caller.clone(), Arc::<[i16]>::from(vec![0; stage.caller.len()]));
    stage.agent = caller.clone();
    let mut heard = |speaks: bool| {
        stage.caller = if speaks { caller.clone() } else { silence.clone() };
        let mut callgist = stage.scripted(NOT_HEARD);
        let call = stage.announced(&mut callgist, Duration::from_secs(1));
        callgist.step("forked");
        call.agent.answered();
        std::thread::sleep(Duration::from_secs(15));
        assert_eq!(stage.switch.copies(), 1);
        stage.rings_off(call);
        let row = callgist.kept();
        assert_eq!((&row["summary"], &row["agent_heard"]), (&NOTE.into(), &false.into()), "{row}");
        assert!(row["heard"]["listened_ms"].as_u64().unwrap() > 13_000, "{row}");
        row["heard"]["speech_ms"].as_u64().unwrap()
    };
    let [of_agent, of_caller] = [heard(false), heard(true)];
    eprintln!(
        "speech heard: {of_agent} ms where the agent alone spoke, {of_caller} ms where the caller did, too"
    );
    assert!(of_agent == 0 && of_caller > 3_000, "{of_agent} {of_caller}");
}

#[test]
fn the_agents_key_objects_on_the_real_switch_though_the_agent_is_not_heard() {
    let Some(stage) = Stage::on(Way::AgentsKeys) else { return };
    let mut callgist = stage.scripted(NOT_HEARD);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    call.agent.answered();
    std::thread::sleep(Duration::from_secs(1) + SETTLED);
    call.agent.press("*9");
    eprintln!("the one copy was gone {:?} after the agent objected", stage.without_copies());
    assert_eq!(callgist.kept()["no_summary_reason"], "objection");
    stage.goes_on(&call);
}

const NOT_HEARD: &str = "agent_leg = \"not_heard\"\n";

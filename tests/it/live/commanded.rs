//! An agent's command to object on the real switch, with the rights of the shipped user: how soon the copies are gone, with a
//! daemon that lives and with one that hangs, and what it costs the talk.

use super::phone::Sound;
use super::sidecar::{Sidecar, signal};
use super::{Call, Stage};
use crate::objects::object;
use rustix::process::Signal;
use std::time::{Duration, Instant};

#[test]
fn an_agents_command_ends_the_copies_and_costs_the_talk_nothing_whether_the_daemon_lives_or_hangs() {
    let Some(stage) = Stage::set() else { return };
    for hangs in [false, true] {
        let mut callgist = stage.scripted("");
        let call = stage.announced(&mut callgist, Duration::from_secs(1));
        callgist.step("forked");
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(stage.switch.copies(), 2);
        if hangs {
            signal(callgist.pid(), Signal::STOP);
        }
        objects(&stage, &call, &callgist, hangs);
        if hangs {
            signal(callgist.pid(), Signal::CONT);
        }
        let row = callgist.kept();
        assert_eq!(row["no_summary_reason"], "objection", "{row}");
        assert_eq!(row["heard"], serde_json::Value::Null, "{row}");
        stage.goes_on(&call);
        stage.rings_off(call);
        callgist.stop();
    }
}

#[test]
fn an_agents_command_in_the_notice_is_kept_by_the_switch_and_nobody_is_copied() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = stage.scripted("");
    let call = stage.call(Duration::from_secs(1));
    callgist.step("offered");
    std::thread::sleep(Duration::from_secs(2));
    let leg = inbound(&stage);
    let begun = Instant::now();
    let (code, told, said) = object(&callgist.path("callgist.toml"), &[&leg]);
    assert_eq!(code, Some(0), "{said}");
    eprintln!("the command in the notice took {:?}: {told}", begun.elapsed());
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], row["announced"].is_null()), (&"objection".into(), true), "{row}");
    stage.goes_on(&call);
    assert_eq!(stage.switch.copies(), 0);
    assert_eq!(stage.switch.api(&format!("uuid_getvar {leg} callgist_objection")), "agent");
}

fn objects(stage: &Stage, call: &Call, callgist: &Sidecar, hangs: bool) {
    let leg = inbound(stage);
    let config = callgist.path("callgist.toml");
    let begun = Instant::now();
    let (given, gone) = std::thread::scope(|scope| {
        let given = scope.spawn(|| (object(&config, &[&leg]), begun.elapsed()));
        let gone = stage.without_copies_within(Duration::from_secs(3));
        (given.join().unwrap(), gone)
    });
    let ((code, told, said), took) = given;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(stage.switch.copies(), 0);
    assert!(!told["agents"].as_array().unwrap().is_empty(), "{told}");
    std::thread::sleep(Duration::from_secs(2));
    let (from, to) = (begun - Duration::from_secs(2), begun + Duration::from_secs(2));
    let came = [&call.caller, &call.agent].map(|phone| {
        let state = phone.state();
        let packets = state.count(Sound::Voice, from, to) + state.count(Sound::Silence, from, to);
        (packets, state.longest_gap(from, to), state.lost())
    });
    eprintln!(
        "hangs {hangs}: the copies were gone {gone:?} after the command began and it ended after {took:?}; in the four \
         seconds around it caller and agent got of 200 packets (longest gap, lost) {came:?}; {told}"
    );
}

/// The caller's leg.
fn inbound(stage: &Stage) -> String {
    stage.switch.legs_of_the_call().into_iter().find(|(_, row)| !row.contains("outbound")).unwrap().0
}

//! Keys on the real switch: those that are no objection arrive whole, and the objection from phones that send keys by SIP
//! INFO or as tones.

use super::phone::Phone;
use super::sidecar::Sidecar;
use super::ways::Way;
use super::{Call, Stage};
use crate::scripted::NOTE;
use std::time::Duration;

#[test]
fn a_pin_that_is_typed_behind_the_notice_and_again_in_the_talk_arrives_whole_and_is_no_objection() {
    let Some(stage) = Stage::on(Way::Pin) else { return };
    let mut callgist = stage.scripted("");
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    std::thread::sleep(Duration::from_secs(1));
    assert!(call.agent.state().invited.is_none(), "nobody is called before the PIN was typed");
    call.caller.press("1939");
    call.agent.answered();
    callgist.step("forked");
    call.caller.press("1939");
    std::thread::sleep(Duration::from_secs(15));
    let leg =
        stage.switch.legs_of_the_call().into_iter().find(|(_, row)| !row.contains("outbound")).unwrap().0;
    let variable = |name: &str| stage.switch.api(&format!("uuid_getvar {leg} {name}"));
    assert_eq!(variable("pin"), "1939");
    assert_eq!(call.agent.state().dialled(), "1939");
    for unset in ["callgist_objection", "playback_terminators", "callgist_keys_off"] {
        assert_eq!(variable(unset), "_undef_", "{unset}");
    }
    assert_eq!(stage.switch.copies(), 2);
    call.caller.hang_up();
    let row = callgist.kept();
    assert_eq!(row["summary"], NOTE, "{row}");
}

/// F54.
#[test]
fn a_key_by_sip_info_objects_where_the_profile_is_told_to_take_it() {
    for (way, told) in [(Way::Info, "dtmf-type=info"), (Way::Liberal, "liberal-dtmf")] {
        objects(way, told, |phone| phone.press_by_info("*9"));
    }
}

#[test]
fn a_key_by_sip_info_means_nothing_to_a_profile_with_default_settings() {
    means_nothing(Way::Straight, |phone| phone.press_by_info("*9"));
}

/// F55.
#[test]
fn a_key_as_tones_objects_where_the_snippet_listens_for_tones() {
    objects(Way::Tones, "start_dtmf", |phone| phone.press_as_tones("*9"));
}

#[test]
fn a_key_as_tones_means_nothing_where_nobody_listens_for_tones() {
    means_nothing(Way::Straight, |phone| phone.press_as_tones("*9"));
}

/// In the talk, and on another call in the notice.
#[track_caller]
fn objects(way: Way, told: &str, press: impl Fn(&Phone)) {
    let Some(stage) = Stage::on(way) else { return };
    let (mut callgist, call) = in_the_talk(&stage);
    press(&call.caller);
    let gone = stage.without_copies_within(Duration::from_secs(2));
    eprintln!("{told}: the copies were gone {gone:?} after the key");
    assert_eq!(callgist.kept()["no_summary_reason"], "objection");
    goes_on(&stage, call);

    let call = stage.call(Duration::from_secs(1));
    call.caller.answered();
    std::thread::sleep(Duration::from_secs(1));
    press(&call.caller);
    assert_eq!(callgist.kept()["no_summary_reason"], "objection");
    call.agent.answered();
    goes_on(&stage, call);
}

#[track_caller]
fn means_nothing(way: Way, press: impl Fn(&Phone)) {
    let Some(stage) = Stage::on(way) else { return };
    let (mut callgist, call) = in_the_talk(&stage);
    press(&call.caller);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(stage.switch.copies(), 2);
    goes_on(&stage, call);
    assert_eq!(callgist.kept()["summary"], NOTE);
}

/// A call that has been listened to for two seconds.
#[track_caller]
fn in_the_talk(stage: &Stage) -> (Sidecar, Call) {
    let mut callgist = stage.scripted("");
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    call.agent.answered();
    callgist.step("forked");
    std::thread::sleep(Duration::from_secs(2));
    (callgist, call)
}

#[track_caller]
fn goes_on(stage: &Stage, call: Call) {
    stage.goes_on(&call);
    stage.rings_off(call);
}

//! Keys on the real switch that are no objection: whatever a caller types behind the notice arrives whole.

use super::Stage;
use super::ways::Way;
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

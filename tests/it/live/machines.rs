//! Fax machines on the real switch: they are known by their tones, nobody listens to them, and their call goes on.

use super::Stage;
use crate::media::{calling_tone, tone};
use std::time::Duration;

#[test]
fn a_fax_that_calls_the_real_switch_is_not_listened_to() {
    machine([calling_tone(1.0), Vec::new()]);
}

#[test]
fn a_fax_that_answers_a_call_of_the_real_switch_is_not_listened_to() {
    machine([Vec::new(), tone(2_100.0, 1.0, 3.0)]);
}

/// What caller and agent send in place of speech.
#[track_caller]
fn machine(sounds: [Vec<i16>; 2]) {
    let Some(mut stage) = Stage::set() else { return };
    [stage.caller, stage.agent] = sounds.map(Into::into);
    let mut callgist = stage.scripted("");
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "fax", "{row}");
    stage.without_copies();
    stage.goes_on(&call);
}

//! Two real switches on this machine, and one Callgist for both.

use super::coding::Codec;
use super::phone::{Phone, Talk, Voice};
use super::sidecar::{At, Sidecar};
use super::switch::FreeSwitch;
use super::ways::Way;
use super::{Call, NUMBER, Stage};
use crate::faults::switches::with_both;
use crate::scripted::NOTE;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[test]
fn of_two_real_switches_the_one_that_dies_costs_the_others_call_nothing() {
    let Some(stage) = Stage::set() else { return };
    let Some(south) = FreeSwitch::another(Way::Straight, [Codec::Pcma; 2]) else { return };
    let notice = super::notice();
    let password_file = &stage.switch.password_file();
    let at = At { event_socket: stage.switch.event_socket, password_file, notice: &notice };
    let mut callgist = Sidecar::scripted(&at, |settings| with_both(&settings, south.event_socket));
    let mut silent = BTreeSet::from(["north", "south"]);
    while !silent.is_empty() {
        let told = callgist.says("calls are announced");
        assert!(silent.remove(told["switch"].as_str().unwrap()), "{told}");
    }

    let in_the_north = stage.announced(&mut callgist, Duration::from_secs(1));
    callgist.step("forked");
    let in_the_south = at_the_other(&stage, &south);
    callgist.step("forked");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!((stage.switch.copies(), south.copies()), (2, 2));

    drop(south);
    let row = callgist.kept();
    assert_eq!(row["line"], "second", "{row}");
    assert!(row["summary"] == NOTE || row["no_summary_reason"] == "partial", "{row}");
    let died = Instant::now();
    stage.goes_on(&in_the_north);
    assert_eq!(stage.switch.copies(), 2);
    stage.rings_off(in_the_north);
    let row = callgist.kept();
    assert_eq!((&row["line"], &row["summary"]), (&"main".into(), &NOTE.into()), "{row}");
    eprintln!("the other call went on to its note, {:?} after the death", died.elapsed());
    drop(in_the_south);
}

/// A call to the line of the same number there.
fn at_the_other(stage: &Stage, switch: &FreeSwitch) -> Call {
    let talk = Talk::default();
    let voice = |speech| Voice { speech, talk: talk.clone(), codec: Codec::Pcma };
    let agent = Phone::waits(switch.agent, Duration::from_secs(1), voice(stage.agent.clone()));
    let caller = Phone::calls(NUMBER, switch.trunk, voice(stage.caller.clone()));
    Call { caller, agent }
}

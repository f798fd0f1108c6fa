//! Calls that an agent objects to by a command, whatever the daemon is doing meanwhile.

use crate::faults::switches::with_both;
use crate::faults::talk::rings_off;
use crate::live::sidecar::{Sidecar, signal};
use crate::restart::{hang_up, long};
use crate::scripted::NOTE;
use crate::stories::{Stage, seconds};
use callgist::sim::{Act, Script, When};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// The caller of every call here.
const CALLER: &str = "+352621123456";

/// The code with which `calls object` with these words ends, what it prints, and what it says of it.
pub(crate) fn object(config: &Path, words: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
    command.args(["calls", "object", "--json", "--config"]).arg(config).args(words);
    let told = command.output().unwrap();
    let printed = serde_json::from_slice(&told.stdout).unwrap_or_default();
    (told.status.code(), printed, String::from_utf8(told.stderr).unwrap())
}

#[test]
fn an_agents_command_in_the_talk_ends_the_copies_and_row_and_log_say_who_objected() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let config = callgist.path("callgist.toml");
    let other = stage.call(stage.speech(60));
    callgist.step("forked");
    let call = stage.call(Script { caller: Some("+352621999888".into()), ..stage.speech(60) });
    callgist.step("forked");
    assert_eq!(stage.copies(), 4);

    let (code, _, said) = object(&config, &["--agent", "7"]);
    assert!(code == Some(1) && said.contains("no call that is going on fits"), "{code:?} {said}");
    // Both telephones are rung by the same name.
    let (code, _, said) = object(&config, &["--agent", "agent"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("caller …56, agent agent") && said.contains("caller …88, agent agent"), "{said}");
    assert!(!said.contains("352621"), "{said}");
    assert_eq!((stage.copies(), stage.variable(call.leg(), "callgist_objection").as_str()), (4, "_undef_"));

    let (code, told, said) = object(&config, &["--agent", "agent", "--caller", "+352 621 999888"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((stage.copies(), &told["copies_ended"]), (2, &json!(2)), "{told}");
    assert_eq!(stage.variable(call.leg(), "callgist_objection"), "agent");
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["id"]), (&"objection".into(), &told["call"]), "{row}");
    assert_eq!((&row["heard"], &row["summary"]), (&Value::Null, &Value::Null), "{row}");
    let deeds = callgist.deeds(&row["id"]);
    assert!(
        deeds.iter().any(|entry| entry["deed"] == "objection" && entry["detail"] == "agent"),
        "{deeds:?}"
    );
    hang_up(&stage, call);
    rings_off(&stage, other);
    assert_eq!(callgist.kept()["summary"], NOTE);
}

#[test]
fn an_agents_command_in_the_notice_breaks_it_off_and_the_call_is_never_copied() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let call = stage.call(stage.speech(5));
    callgist.step("offered");
    let leg = call.leg().to_owned();
    let (code, told, said) = object(&callgist.path("callgist.toml"), &[&leg[..8]]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((&told["copies_ended"], &told["leg"]), (&json!(0), &json!(leg)), "{told}");
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["announced"]), (&"objection".into(), &Value::Null), "{row}");
    let report = stage.ended(call);
    assert!(report.taps.is_empty() && report.bridged.is_some(), "{report:?}");
    // The whole notice takes 2.6 s.
    let waited = report.agent_invited.unwrap() - report.answered.unwrap();
    assert!(waited < seconds(2), "it was played on: {report:?}");
}

#[test]
fn an_agents_command_while_the_daemon_is_dead_ends_the_copies_and_the_next_daemon_keeps_the_objection() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let call = stage.call(long());
    callgist.step("forked");
    callgist.kill();
    assert_eq!(stage.copies(), 2);
    let (code, told, said) = object(&callgist.path("callgist.toml"), &["--caller", CALLER]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((stage.copies(), &told["copies_ended"]), (0, &json!(2)), "{told}");
    callgist.again();
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["id"]), (&"objection".into(), &told["call"]), "{row}");
    hang_up(&stage, call);
    assert_eq!(callgist.rows(), 1);
}

#[test]
fn an_agents_command_while_the_daemon_hangs_ends_the_copies_at_once() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let call = stage.call(long());
    callgist.step("forked");
    signal(callgist.pid(), Signal::STOP);
    let (code, told, said) = object(&callgist.path("callgist.toml"), &["--caller", CALLER]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((stage.copies(), &told["copies_ended"]), (0, &json!(2)), "{told}");
    signal(callgist.pid(), Signal::CONT);
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    hang_up(&stage, call);
}

/// What was said before stays in the ear's memory for as long as the talk may go on, and there is no copy to be ended.
#[test]
fn an_agents_command_between_two_talks_is_heard_by_the_daemon_at_once() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let parks = vec![(When::Bridged(seconds(3)), Act::KeepCaller)];
    let call = stage.call(Script { events: parks, ..long() });
    callgist.step("forked");
    stage.without_copies_within(seconds(10));
    let (code, told, said) = object(&callgist.path("callgist.toml"), &["--caller", CALLER]);
    assert_eq!((code, &told["copies_ended"]), (Some(0), &json!(0)), "{said}");
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    hang_up(&stage, call);
}

#[test]
fn of_two_switches_the_command_looks_at_both_and_takes_the_one_that_is_named() {
    let north = Stage::scripted(|_| {});
    let south = Stage::beside(|settings| {
        settings.snippet = settings.snippet.replace("callgist=main", "callgist=second");
    });
    let (here, there) = (north.switch.event_socket().port(), south.switch.event_socket().port());
    let mut callgist = north.sidecar_unready(here, |settings| with_both(&settings, there));
    both_announce(&mut callgist);
    let config = callgist.path("callgist.toml");
    let in_the_north = north.call(long());
    callgist.step("forked");
    let in_the_south = south.call(long());
    callgist.step("forked");
    let (code, _, said) = object(&config, &["--caller", CALLER]);
    assert!(
        code == Some(1) && said.contains("on switch north") && said.contains("on switch south"),
        "{said}"
    );
    assert_eq!((north.copies(), south.copies()), (2, 2));
    let (code, told, said) = object(&config, &["--caller", CALLER, "--switch", "south"]);
    assert_eq!(
        (code, &told["switch"], &told["line"]),
        (Some(0), &"south".into(), &"second".into()),
        "{said}"
    );
    assert_eq!((north.copies(), south.copies()), (2, 0));
    let row = callgist.kept();
    assert_eq!((&row["line"], &row["no_summary_reason"]), (&"second".into(), &"objection".into()), "{row}");
    hang_up(&south, in_the_south);
    hang_up(&north, in_the_north);
}

fn both_announce(callgist: &mut Sidecar) {
    let mut silent = std::collections::BTreeSet::from(["north", "south"]);
    while !silent.is_empty() {
        let told = callgist.says("calls are announced");
        assert!(silent.remove(told["switch"].as_str().unwrap()), "{told}");
    }
}

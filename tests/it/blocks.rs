//! The list of who must not be called, as the switch holds it: what is taken back goes from there, too, whenever that was.

use crate::live::sidecar::Sidecar;
use crate::restart::{Way, connected};
use crate::stories::{Stage, seconds};
use std::time::{Duration, Instant};

const BLOCKED: &str = "+352621987654";

/// Waits until the switch's own memory says this of the number; nothing is `None`.
#[track_caller]
fn holds(stage: &Stage, wanted: Option<&str>) {
    let from = Instant::now();
    loop {
        let told = stage.asks(&format!("hash select/callgist_dnc/{BLOCKED}"));
        if told.trim() == wanted.unwrap_or("-ERR no reply") {
            return;
        }
        assert!(from.elapsed() < seconds(40), "{told:?} instead of {wanted:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn add(callgist: &Sidecar) -> String {
    callgist.ask(&["contacts", "add", BLOCKED, "--channels", "calls"])[0]["added"][0].to_string()
}

#[test]
fn what_is_taken_back_right_after_it_was_added_blocks_no_longer() {
    let stage = Stage::scripted(|_| {});
    let callgist = stage.sidecar();
    let id = add(&callgist);
    holds(&stage, Some("a"));
    callgist.ask(&["contacts", "withdraw", &id]);
    holds(&stage, None);
}

#[test]
fn a_switch_whose_module_was_loaded_anew_is_told_all_again() {
    let stage = Stage::scripted(|_| {});
    let callgist = stage.sidecar();
    add(&callgist);
    holds(&stage, Some("a"));
    for key in ["loaded", BLOCKED] {
        assert_eq!(stage.asks(&format!("hash delete/callgist_dnc/{key}")).trim(), "+OK");
    }
    holds(&stage, Some("a"));
    assert_eq!(stage.asks("hash select/callgist_dnc/loaded").trim(), "yes");
}

#[test]
fn a_switch_that_had_not_the_module_is_told_all_when_it_is_loaded() {
    let stage = Stage::scripted(|settings| settings.modules.retain(|module| module != "mod_hash"));
    let mut callgist = stage.sidecar_unready(stage.switch.event_socket().port(), |settings| settings);
    callgist.until("refused", seconds(20), |line| {
        line["message"].as_str().is_some_and(|told| told.contains("load mod_hash"))
    });
    add(&callgist);
    stage.asks("load mod_hash");
    holds(&stage, Some("a"));
    assert_eq!(stage.asks("hash select/callgist_dnc/loaded").trim(), "yes");
}

/// The switch has taken the entry, and what it answered was lost with the link.
#[test]
fn what_is_taken_back_while_the_link_is_away_blocks_no_longer_when_it_is_back() {
    let stage = Stage::scripted(|_| {});
    let way = Way::to(&stage);
    let mut callgist = stage.sidecar_with(way.port, |settings| settings);
    let id = add(&callgist);
    way.says(&[&format!("api hash insert/callgist_dnc/{BLOCKED}/a")]);
    way.cut();
    holds(&stage, Some("a"));
    callgist.ask(&["contacts", "withdraw", &id]);
    way.mend();
    connected(&mut callgist);
    holds(&stage, None);
    assert_eq!(stage.asks("hash select/callgist_dnc/loaded").trim(), "yes");
}

#[test]
fn what_is_taken_back_while_no_callgist_lives_blocks_no_longer_when_one_does() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let id = add(&callgist);
    holds(&stage, Some("a"));
    callgist.kill();
    callgist.ask(&["contacts", "withdraw", &id]);
    callgist.again();
    holds(&stage, None);
}

/// The user's file is from before, so the switch does not tell what it holds.
#[test]
fn where_the_switch_does_not_tell_what_it_holds_what_we_sent_ourselves_is_taken_back_all_the_same() {
    let stage = Stage::scripted(|settings| {
        settings.users.iter_mut().for_each(|user| user.apis.retain(|api| api != "hash_dump"));
    });
    let way = Way::to(&stage);
    let mut callgist = stage.sidecar_with(way.port, |settings| settings);
    let id = add(&callgist);
    holds(&stage, Some("a"));
    way.cut();
    callgist.ask(&["contacts", "withdraw", &id]);
    way.mend();
    connected(&mut callgist);
    holds(&stage, None);
}

//! Every way we can fail, in the middle of calls: the phone call goes on, no copy is left behind, the row says why there is
//! no note, and the log says it once.
//!
//! The ear follows a script ([`crate::scripted`]), so nothing here hangs on what is understood.

pub(crate) mod switches;
pub(crate) mod talk;

use crate::calls::{with_a_second_line, with_a_second_snippet};
use crate::doctor;
use crate::ear::ByHand;
use crate::live::sidecar::Sidecar;
use crate::restart::{Trouble, connected, object};
use crate::scripted::{Manner, NOTE, SLOW};
use crate::stories::{Stage, extension, seconds};
use crate::table::Told;
use callgist::border::{FromEar, ToEar};
use callgist::call::Party;
use callgist::sim::{Act, Network, Script, When};
use rustix::process::Resource;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use talk::{
    Stopped, Talk, deeds_of_ears, flood, limit, lock, next_is_noted, not_started_on, prompt_of, restarted,
    rings_off, stepped, strangers_call, strangers_speak, two_even_ports, unannounced, waited, with_ports,
};

// ---------------------------------------------------------------- the daemon

#[test]
fn a_daemon_that_is_killed_costs_the_call_nothing_and_the_next_one_ends_its_copies() {
    let mut talk = Talk::forked();
    talk.callgist.kill();
    talk.callgist.again();
    for _ in 0..2 {
        talk.callgist.says("ended a copy that an earlier run had left at the switch");
    }
    // Who hangs up before the call is found again leaves nobody to keep its row.
    talk.callgist.step("found");
    talk.stage.without_copies_within(seconds(5));
    talk.ends("partial");
}

#[test]
fn a_daemon_that_is_killed_in_the_notice_lets_it_play_to_its_end() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let call = stage.call(stage.speech(60));
    callgist.step("offered");
    std::thread::sleep(seconds(1));
    callgist.kill();
    callgist.again();
    callgist.step("found");
    stage.keys_as_before(call.leg(), "_undef_");
    let report = rings_off(&stage, call);
    assert!(report.notice_heard > Duration::from_millis(2_500) && report.taps.is_empty(), "{report:?}");
    assert_eq!(callgist.kept()["no_summary_reason"], "notice_incomplete");
}

#[test]
fn a_daemon_that_is_dead_for_over_five_seconds_costs_a_call_nothing() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    callgist.kill();
    std::thread::sleep(seconds(7));
    let report = unannounced(&stage);
    assert!(waited(&report) < Duration::from_millis(100), "{report:?}");
}

#[test]
fn a_daemon_that_hangs_for_over_five_seconds_costs_a_call_nothing() {
    let stage = Stage::scripted(|_| {});
    let callgist = stage.sidecar();
    let _stopped = Stopped::now(callgist.pid());
    std::thread::sleep(seconds(7));
    let report = unannounced(&stage);
    assert!(waited(&report) < Duration::from_millis(100), "{report:?}");
}

#[test]
fn a_daemon_that_hangs_newly_costs_a_call_half_a_second_and_its_late_notice_is_not_heard() {
    let stage = Stage::scripted(|settings| settings.patience = 1);
    let mut callgist = stage.sidecar();
    let stopped = Stopped::now(callgist.pid());
    let call = stage.call(stage.speech(60));
    std::thread::sleep(seconds(2));
    drop(stopped);
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "notice_incomplete", "{row}");
    let report = rings_off(&stage, call);
    assert!(waited(&report) < Duration::from_millis(650), "{report:?}");
    assert_eq!((report.notice_heard, report.file_heard_in_talk), (Duration::ZERO, Duration::ZERO));
}

/// F106: a break that comes too late cuts whatever is played then.
#[test]
fn a_caller_who_goes_on_while_the_daemon_hangs_hears_the_next_prompt_to_its_end_though_he_is_declined() {
    let prompt = prompt_of(seconds(3));
    let stage = Stage::scripted(|settings| {
        settings.patience = 1;
        // Who is recorded is declined.
        let recorded = extension(&[("record_session", "/var/lib/freeswitch/recordings/all.wav")]);
        let plays = extension(&[("playback", &prompt.path().display().to_string())]);
        settings.snippet = recorded + &settings.snippet + &plays;
    });
    let mut callgist = stage.sidecar();
    let stopped = Stopped::now(callgist.pid());
    let call = stage.call(stage.speech(2));
    std::thread::sleep(seconds(2));
    drop(stopped);
    assert_eq!(callgist.kept()["no_summary_reason"], "recorded");
    let report = stage.ended(call);
    assert!(report.notice_heard > Duration::from_millis(2_900), "{report:?}");
}

#[test]
fn a_daemon_that_stands_still_for_four_seconds_in_a_talk_hears_it_to_its_end() {
    let talk = Talk::forked();
    let stopped = Stopped::now(talk.callgist.pid());
    std::thread::sleep(seconds(4));
    drop(stopped);
    talk.noted();
}

#[test]
fn a_daemon_that_is_asked_to_stop_takes_its_copies_with_it() {
    let mut talk = Talk::forked();
    talk.callgist.ask_to_stop();
    let row = talk.callgist.kept();
    assert_eq!(row["no_summary_reason"], "shutdown", "{row}");
    talk.callgist.ended();
    talk.stage.without_copies_within(seconds(1));
    talk.goes_on();
}

#[test]
fn a_daemon_that_is_asked_to_stop_in_the_notice_ends_the_wait() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let call = stage.call(stage.speech(60));
    callgist.step("offered");
    std::thread::sleep(seconds(1));
    callgist.ask_to_stop();
    assert_eq!(callgist.kept()["no_summary_reason"], "shutdown");
    stage.keys_as_before(call.leg(), "_undef_");
    let report = rings_off(&stage, call);
    assert!(report.notice_heard < seconds(2) && report.taps.is_empty(), "{report:?}");
}

#[test]
fn a_daemon_that_is_upgraded_in_a_talk_leaves_its_row_and_hears_the_next_call() {
    let mut talk = Talk::forked();
    // The package puts the new program in the place of the old one, and then restarts the service.
    let program = talk.callgist.path("callgist");
    std::fs::copy(env!("CARGO_BIN_EXE_callgist"), &program).unwrap();
    talk.callgist.ask_to_stop();
    assert_eq!(talk.callgist.kept()["no_summary_reason"], "shutdown");
    talk.callgist.ended();
    talk.callgist.again_as(&program);
    talk.callgist.announcing();
    let (stage, mut callgist) = talk.goes_on();
    next_is_noted(&stage, &mut callgist);
    assert_eq!(callgist.rows(), 2);
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let talk = Talk::forked();
    let config = talk.callgist.path("callgist.toml");
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_callgist"))
        .arg("--config")
        .arg(config)
        .arg("run")
        .env("CALLGIST_EAR_DIR", talk.callgist.path("ears"))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(6), "{second:?}");
    talk.noted();
}

#[test]
fn an_objection_after_the_daemon_was_stopped_takes_the_place_of_the_row() {
    let mut talk = Talk::forked();
    talk.callgist.ask_to_stop();
    assert_eq!(talk.callgist.kept()["no_summary_reason"], "shutdown");
    talk.callgist.ended();
    object(&talk.stage, &talk.call);
    talk.callgist.again();
    talk.callgist.step("amended");
    assert_eq!((talk.callgist.counted("objection"), talk.callgist.rows()), (1, 1));
    talk.goes_on();
}

// ---------------------------------------------------------------- the ear

#[test]
fn an_ear_that_is_killed_costs_its_call_the_note_and_the_next_call_is_heard() {
    let mut talk = Talk::forked();
    talk.callgist.kill_the_ear();
    talk.callgist.says("ear ended");
    let from = Instant::now();
    while deeds_of_ears(&talk.callgist) != ["ear_started", "ear_ended", "ear_started"] {
        assert!(from.elapsed() < seconds(20), "{:?}", deeds_of_ears(&talk.callgist));
        std::thread::sleep(Duration::from_millis(100));
    }
    talk.fails_and_the_next_is_noted();
}

#[test]
fn an_ear_that_is_killed_in_the_notice_costs_its_call_the_note() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    callgist.manner(Manner::Broken);
    let call = stage.call(stage.speech(60));
    callgist.step("offered");
    callgist.kill_the_ear();
    assert_eq!(callgist.kept()["no_summary_reason"], "engine_failed");
    let report = rings_off(&stage, call);
    assert!(report.taps.is_empty(), "{report:?}");
}

#[test]
fn an_ear_that_hangs_is_ended_and_its_call_goes_on() {
    let mut talk = Talk::forked();
    let _stopped = Stopped::now(talk.callgist.ears()[0]);
    let ended = talk.callgist.says("ear ended");
    assert!(ended["why"].as_str().unwrap().starts_with("killed: "), "{ended}");
    talk.fails_and_the_next_is_noted();
}

#[test]
fn an_objection_is_kept_though_the_ear_hangs_and_cannot_wipe_the_call() {
    let mut talk = Talk::forked();
    let _stopped = Stopped::now(talk.callgist.ears()[0]);
    talk.call.act(Act::Keys(Party::Caller, "*9".into()));
    talk.stage.without_copies_within(seconds(1));
    talk.callgist.says("ear ended");
    talk.ends("objection");
}

#[test]
fn an_ear_whose_memory_is_used_up_costs_its_call_the_note() {
    let mut talk = Talk::with(Manner::Greedy);
    talk.callgist.says("ear ended");
    talk.fails_and_the_next_is_noted();
}

#[test]
fn an_ear_whose_library_aborts_costs_its_call_the_note() {
    let mut talk = Talk::with(Manner::Aborts);
    talk.callgist.says("ear ended");
    talk.fails_and_the_next_is_noted();
}

#[test]
fn an_ear_that_panics_in_a_call_says_where_and_is_replaced() {
    let mut talk = Talk::with(Manner::Panics);
    talk.callgist.says("the ear gave a call up");
    talk.fails_and_the_next_is_noted();
}

#[test]
fn an_ear_that_is_slow_delays_the_note_and_not_the_call() {
    let talk = Talk::with(SLOW);
    std::thread::sleep(seconds(4));
    talk.noted();
}

#[test]
fn an_ear_that_breaks_the_rules_of_the_border_is_killed_and_its_note_is_not_kept() {
    let mut talk = Talk::with(Manner::Lies);
    std::thread::sleep(seconds(1));
    talk.call.act(Act::HangUp(Party::Caller));
    let ended = talk.callgist.says("ear ended");
    assert!(ended["why"].as_str().unwrap().contains("card"), "{ended}");
    talk.ends("engine_failed");
}

#[test]
fn an_ear_whose_program_is_gone_is_told_and_calls_are_not_announced() {
    let talk = Talk::forked();
    std::fs::remove_file(talk.callgist.path("ears/callgist-ear-vosk")).unwrap();
    talk.not_announced_after_its_end();
}

#[test]
fn an_ear_whose_model_breaks_is_told_and_calls_are_not_announced() {
    let mut talk = Talk::forked();
    talk.callgist.manner(Manner::Broken);
    talk.not_announced_after_its_end();
}

#[test]
fn a_model_that_is_there_and_broken_is_told_with_the_command_that_brings_it_anew() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    callgist.manner(Manner::Broken);
    callgist.kill();
    callgist.again();
    let explains = |line: &Value| {
        line["line"].as_str().is_some_and(|said| said.contains("models/vosk-en cannot be loaded"))
    };
    callgist.until("told what cannot be loaded", seconds(60), explains);
    let why = callgist.says("ear ended")["why"].to_string();
    assert!(
        why.contains("its model is missing, broken") && why.contains("models fetch --again vosk-en"),
        "{why}"
    );
    unannounced(&stage);
    assert_eq!(callgist.kept()["no_summary_reason"], "engine_failed");
    let found = told_of_ears(&callgist, "ear vosk");
    assert_eq!(found["state"], "bad", "{found}");
    assert!(found["says"].as_str().unwrap().contains("models fetch --again vosk-en"), "{found}");
}

#[test]
fn a_vosk_ear_without_its_library_is_told_and_the_whisper_line_works_on() {
    let stage = Stage::scripted(with_a_second_snippet);
    let with_whisper = |settings| {
        let two = with_a_second_line(settings);
        let (vosk, whisper) = two.rsplit_once("\"vosk\"").unwrap();
        format!("{vosk}\"whisper\"{whisper}")
    };
    let mut callgist = stage.sidecar_unready(stage.switch.event_socket().port(), with_whisper);
    callgist.manner(Manner::Unlinked);
    let (ears, models) = (callgist.path("ears"), callgist.path("models"));
    crate::canary::lay(&ears, &models, "Hello, my heating is broken.", "");
    callgist.kill();
    callgist.again();
    let ended = callgist.says("ear ended");
    let place = callgist.path("lib/callgist").display().to_string();
    assert_eq!(ended["recogniser"], "vosk", "{ended}");
    let sentence = format!("its library cannot be loaded: put libvosk.so into {place}");
    assert_eq!(ended["why"], sentence.as_str());
    callgist.announcing();
    let call = stage.call(Script { line: "352260001".into(), ..stage.speech(4) });
    let row = callgist.kept();
    assert_eq!((&row["line"], &row["recogniser"]), (&"second".into(), &"whisper".into()), "{row}");
    assert!(stage.ended(call).notice_heard > Duration::from_millis(2_500));
    unannounced(&stage);
    let row = callgist.kept();
    assert_eq!((&row["line"], &row["no_summary_reason"]), (&"main".into(), &"engine_failed".into()), "{row}");
    let found = told_of_ears(&callgist, "ear vosk");
    assert_eq!((&found["state"], &found["says"]), (&"bad".into(), &sentence.into()));
    assert_eq!(told_of_ears(&callgist, "ear whisper")["state"], "good");
}

#[track_caller]
fn told_of_ears(callgist: &Sidecar, what: &str) -> Value {
    let told = doctor::told(&callgist.path("callgist.toml"), Some(&callgist.path("ears")), &["--no-call"]);
    doctor::named(&told, what).unwrap_or_else(|| panic!("nothing of {what}: {told}")).clone()
}

#[test]
fn an_ear_that_is_not_ready_yet_costs_a_call_nothing() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar_unready(stage.switch.event_socket().port(), |settings| settings);
    callgist.manner(Manner::Late);
    callgist.kill();
    callgist.again();
    callgist.says("switch connected");
    let report = unannounced(&stage);
    assert!(waited(&report) < Duration::from_millis(100), "{report:?}");
    assert_eq!(callgist.kept()["no_summary_reason"], "engine_failed");
    callgist.announcing();
}

#[test]
fn an_ear_is_replaced_in_a_talk_and_both_calls_are_noted() {
    let mut talk = Talk::on(|_| {}, |settings| settings.replace("[ears]", "[ears]\nrotate_after_calls = 1"));
    talk.callgist.said_twice("ear ready, locked in");
    assert_eq!(talk.callgist.ears().len(), 2);
    let (stage, mut callgist) = talk.noted();
    next_is_noted(&stage, &mut callgist);
}

// ---------------------------------------------------------------- the event socket

#[test]
fn a_link_that_is_lost_for_a_moment_costs_nothing() {
    let mut talk = Talk::over_a_way();
    talk.way().cut();
    talk.callgist.says("no connection to the switch");
    talk.way().mend();
    connected(&mut talk.callgist);
    talk.noted();
}

#[test]
fn a_link_that_is_lost_for_long_ends_the_copies() {
    let mut talk = Talk::over_a_way();
    talk.way().cut();
    talk.stage.without_copies_within(seconds(10));
    assert_eq!(talk.callgist.kept()["no_summary_reason"], "partial");
    talk.way().mend();
    connected(&mut talk.callgist);
    talk.goes_on();
}

#[test]
fn an_objection_after_the_row_was_kept_takes_its_place() {
    let mut talk = Talk::over_a_way();
    talk.way().cut();
    assert_eq!(talk.callgist.kept()["no_summary_reason"], "partial");
    talk.way().mend();
    connected(&mut talk.callgist);
    talk.call.act(Act::Keys(Party::Caller, "*9".into()));
    talk.callgist.step("amended");
    assert_eq!((talk.callgist.counted("objection"), talk.callgist.rows()), (1, 1));
    talk.goes_on();
}

#[test]
fn an_objection_pressed_while_the_link_was_away_counts() {
    let mut talk = Talk::over_a_way();
    talk.way().cut();
    object(&talk.stage, &talk.call);
    talk.way().mend();
    connected(&mut talk.callgist);
    talk.stage.without_copies_within(seconds(1));
    talk.ends("objection");
}

#[test]
fn half_an_event_and_then_the_end_is_a_lost_link_that_comes_back() {
    let mut talk = Talk::over_a_way();
    talk.way().trouble(Trouble::Half);
    talk.callgist.says("no connection to the switch");
    connected(&mut talk.callgist);
    talk.noted();
}

#[test]
fn what_is_no_message_ends_the_link_and_it_comes_back() {
    let mut talk = Talk::over_a_way();
    talk.way().trouble(Trouble::Junk);
    talk.callgist.says("no connection to the switch");
    connected(&mut talk.callgist);
    talk.noted();
}

#[test]
fn a_link_that_comes_byte_by_byte_is_read_all_the_same() {
    let mut talk = Talk::over_a_way();
    talk.way().trouble(Trouble::Dribbles);
    std::thread::sleep(seconds(2));
    assert_eq!(talk.callgist.said("no connection to the switch"), 0);
    talk.noted();
}

#[test]
fn a_link_on_which_nothing_more_comes_is_lost_within_twenty_seconds() {
    let mut talk = Talk::over_a_way();
    talk.way().trouble(Trouble::Hangs);
    let row = talk.callgist.until("kept", seconds(20), |line| line["step"] == "kept");
    assert_eq!(row["reason"], "partial", "{row}");
    talk.stage.without_copies_within(seconds(1));
    talk.goes_on();
}

#[test]
fn a_reader_that_was_too_slow_and_was_cut_off_connects_again() {
    let mut talk = Talk::on(|settings| settings.event_queue = 20, |settings| settings);
    let stopped = Stopped::now(talk.callgist.pid());
    flood(&talk.stage);
    drop(stopped);
    talk.callgist.says("no connection to the switch");
    connected(&mut talk.callgist);
    talk.noted();
}

// ---------------------------------------------------------------- the switch

#[test]
fn a_switch_that_is_killed_and_comes_back_is_found_again() {
    restarted(|stage, fresh| drop(std::mem::replace(&mut stage.switch, fresh)));
}

#[test]
fn a_switch_that_is_stopped_and_comes_back_is_found_again() {
    restarted(|stage, fresh| {
        let old = std::mem::replace(&mut stage.switch, fresh);
        stage.runtime.block_on(old.shut_down());
    });
}

#[test]
fn a_switch_that_cannot_make_copies_carries_its_calls_all_the_same() {
    let stage = Stage::scripted(|settings| settings.profile = false);
    let mut callgist = stage.sidecar();
    let call = stage.call(stage.speech(60));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "partial", "{row}");
    let report = rings_off(&stage, call);
    assert!(report.taps.is_empty(), "{report:?}");
}

#[test]
fn a_switch_that_is_crowded_is_left_alone() {
    let stage = Stage::scripted(|settings| {
        settings.max_sessions = 4;
        settings.heartbeat = seconds(1);
    });
    let mut callgist = stage.sidecar();
    let first = stage.call(stage.speech(60));
    callgist.says("calls are not announced: no ear is ready, there is no room, or the switch is crowded");
    let alive_until = || stage.runtime.block_on(stage.switch.console("global_getvar callgist_alive_until"));
    let from = Instant::now();
    while alive_until() != "0" {
        assert!(from.elapsed() < seconds(1), "the switch is not told");
        std::thread::sleep(Duration::from_millis(20));
    }
    rings_off(&stage, first);
    callgist.announcing();
}

#[test]
fn a_switch_whose_clock_steps_forward_is_told_its_own_time() {
    stepped(3_600);
}

#[test]
fn a_switch_whose_clock_steps_back_is_told_its_own_time() {
    stepped(-3_600);
}

// ---------------------------------------------------------------- SIP and RTP

#[test]
fn a_call_for_whose_copies_there_is_no_port_goes_on() {
    let (taken, held) = two_even_ports();
    let stage = Stage::scripted(|_| {});
    let range = move |settings: String| with_ports(&settings, taken, taken + 3);
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), range);
    let call = stage.call(stage.speech(60));
    callgist.says("no port for a copy: widen [sip] first_rtp_port to last_rtp_port");
    assert_eq!(callgist.kept()["no_summary_reason"], "partial");
    rings_off(&stage, call);
    drop(held);
}

/// What cannot be kept is not promised.
#[test]
fn a_call_more_than_there_are_ports_for_is_not_announced() {
    let (first, held) = two_even_ports();
    drop(held);
    let stage = Stage::scripted(|_| {});
    let range = move |settings: String| with_ports(&settings, first, first + 3);
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), range);
    let call = stage.call(stage.speech(60));
    // The switch has been told by then, before the first one's copies came.
    callgist.step("forked");
    let report = unannounced(&stage);
    assert!(waited(&report) < Duration::from_millis(100), "{report:?}");
    assert_eq!(
        callgist.said("calls are not announced: no ear is ready, there is no room, or the switch is crowded"),
        1
    );
    rings_off(&stage, call);
    assert_eq!(callgist.kept()["summary"], NOTE);
}

/// The log tells of listening also where the second copy never comes.
#[test]
fn a_call_of_which_there_is_room_for_one_copy_alone_is_told_as_listened_to_as_long_as_it_was() {
    let (free, mut held) = two_even_ports();
    held.remove(0);
    let stage = Stage::scripted(|_| {});
    let range = move |settings: String| with_ports(&settings, free, free + 3);
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), range);
    let call = stage.call(stage.speech(60));
    callgist.says("no port for a copy: widen [sip] first_rtp_port to last_rtp_port");
    let row = callgist.kept();
    rings_off(&stage, call);
    let listened = row["heard"]["listened_ms"].as_i64().unwrap();
    assert!(listened > 200, "{row}");
    let deeds = callgist.deeds(&row["id"]);
    let at =
        |deed: &str| deeds.iter().find(|entry| entry["deed"] == deed).unwrap()["at_ms"].as_i64().unwrap();
    let told = at("listening_ended") - at("listening_started");
    assert!((told - listened).abs() < 500, "{told} ms are told of {listened}: {deeds:?}");
}

#[test]
fn strangers_who_flood_the_port_for_sip_cost_a_call_nothing() {
    let talk = Talk::forked();
    strangers_call(&talk.callgist);
    talk.noted();
}

#[test]
fn rtp_from_elsewhere_is_not_heard_and_does_no_harm() {
    let mut talk = Talk::forked();
    strangers_speak(&talk.callgist);
    std::thread::sleep(seconds(1));
    talk.call.act(Act::HangUp(Party::Caller));
    let row = talk.callgist.kept();
    assert_eq!(row["summary"], NOTE, "{row}");
    assert_eq!(row["heard"]["lost_packets"], 0, "{row}");
}

#[test]
fn copies_of_which_a_third_is_lost_are_heard_and_the_loss_is_counted() {
    let mut talk = Talk::told(|script| script.taps = Network { loss: 0.3, jitter_ms: 0 });
    std::thread::sleep(seconds(2));
    talk.call.act(Act::HangUp(Party::Caller));
    let row = talk.callgist.kept();
    assert!(row["heard"]["lost_packets"].as_u64().unwrap() > 20, "{row}");
}

#[test]
fn copies_that_come_late_and_out_of_order_are_heard() {
    let talk = Talk::told(|script| script.taps = Network { loss: 0.0, jitter_ms: 60 });
    std::thread::sleep(seconds(2));
    talk.noted();
}

#[test]
fn copies_of_which_nothing_arrives_are_ended_and_the_call_goes_on() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let taps = Network { loss: 1.0, jitter_ms: 0 };
    let call = stage.call(Script { taps, ..stage.speech(60) });
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "partial", "{row}");
    stage.without_copies_within(seconds(1));
    rings_off(&stage, call);
}

#[test]
fn a_copy_that_the_switch_ends_makes_the_call_partial() {
    let mut talk = Talk::forked();
    let channels = talk.stage.runtime.block_on(talk.stage.switch.console("show channels as json"));
    let channels: Value = serde_json::from_str(&channels).unwrap();
    let rows = channels["rows"].as_array().unwrap();
    let tap = rows.iter().find(|row| row["application"] == "native_eavesdrop").unwrap()["uuid"].as_str();
    let kill = format!("uuid_kill {}", tap.unwrap());
    talk.stage.runtime.block_on(talk.stage.switch.console(&kill));
    assert_eq!(talk.callgist.kept()["no_summary_reason"], "partial");
    talk.stage.without_copies_within(seconds(1));
    talk.goes_on();
}

#[test]
fn copies_that_are_answered_late_make_the_call_partial_or_are_heard_and_none_is_left() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let script = Script { answer_after: Some(Duration::from_millis(200)), ..stage.speech(60) };
    let call = stage.call(script);
    callgist.step("announced");
    let stopped = Stopped::now(callgist.pid());
    std::thread::sleep(seconds(4));
    drop(stopped);
    std::thread::sleep(seconds(3));
    assert!([0, 2].contains(&stage.copies()));
    rings_off(&stage, call);
    let row = callgist.kept();
    assert!(row["summary"] == NOTE || row["no_summary_reason"] == "partial", "{row}");
    stage.without_copies_within(seconds(1));
}

#[test]
fn a_stream_that_goes_on_under_another_ssrc_is_heard() {
    let _told = Told::begin();
    let mut ear = ByHand::ready("honest-ear");
    let (call, mut switch) = ear.called();
    switch.speak(50);
    switch.ssrc = 8;
    switch.speak(50);
    assert!(matches!(ear.receive(), FromEar::Flowing { .. }));
    ear.send(&ToEar::End { call, partial: false });
    assert!(matches!(ear.receive(), FromEar::Noted { .. }));
}

#[test]
fn a_flood_of_packets_is_borne_and_the_ear_answers_meanwhile() {
    let _told = Told::begin();
    let mut ear = ByHand::ready("honest-ear");
    let (call, mut switch) = ear.called();
    switch.speak(20_000);
    assert!(matches!(ear.receive(), FromEar::Flowing { .. }));
    let asked = Instant::now();
    ear.send(&ToEar::Ping { number: 5 });
    while ear.receive() != (FromEar::Pong { number: 5 }) {}
    assert!(asked.elapsed() < seconds(3), "{:?}", asked.elapsed());
    ear.send(&ToEar::Stop { call });
    while ear.receive() != (FromEar::Stopped { call }) {}
}

// ---------------------------------------------------------------- the store

#[test]
fn a_database_that_is_locked_for_a_second_gets_its_row() {
    let mut talk = Talk::forked();
    let lock = lock(&talk.callgist.path("store/callgist.db"));
    talk.call.act(Act::HangUp(Party::Caller));
    std::thread::sleep(seconds(1));
    drop(lock);
    let row = talk.callgist.kept();
    assert_eq!(row["summary"], NOTE, "{row}");
}

#[test]
fn a_database_that_stays_locked_is_told_and_the_next_call_is_kept() {
    let mut talk = Talk::forked();
    let lock = lock(&talk.callgist.path("store/callgist.db"));
    talk.call.act(Act::HangUp(Party::Caller));
    let told = talk.callgist.says("an entry of the log could not be stored");
    assert_eq!(told["deed"], "listening_ended");
    talk.callgist.says("a row could not be stored");
    drop(lock);
    let (stage, mut callgist) = talk.goes_on();
    next_is_noted(&stage, &mut callgist);
    assert_eq!(callgist.rows(), 1);
}

#[test]
fn a_disk_that_is_full_is_told_and_keeps_no_half_note() {
    let mut talk = Talk::forked();
    // No file can grow any more.
    let whole = limit(talk.callgist.pid(), Resource::Fsize, 0);
    talk.call.act(Act::HangUp(Party::Caller));
    talk.callgist.says("a row could not be stored");
    limit(talk.callgist.pid(), Resource::Fsize, whole);
    let (stage, mut callgist) = talk.goes_on();
    next_is_noted(&stage, &mut callgist);
    assert_eq!(callgist.rows(), 1);
}

#[test]
fn a_database_that_is_corrupt_keeps_the_daemon_from_starting_and_no_call_from_going_on() {
    not_started_on(|path| std::fs::write(path, "this is no database ".repeat(400)).unwrap());
}

#[test]
fn a_database_of_a_newer_version_keeps_the_daemon_from_starting_and_no_call_from_going_on() {
    not_started_on(|path| {
        rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    });
}

#[test]
fn a_database_that_is_read_only_keeps_the_daemon_from_starting_and_no_call_from_going_on() {
    not_started_on(|path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o400)).unwrap());
}

// ---------------------------------------------------------------- the machine

#[test]
fn a_daemon_without_file_handles_loses_the_note_and_recovers() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    let call = stage.call(stage.speech(60));
    callgist.step("offered");
    // Whatever is open stays so, and nothing more can be opened.
    let before = limit(callgist.pid(), Resource::Nofile, 3);
    callgist.says("no port for a copy: widen [sip] first_rtp_port to last_rtp_port");
    assert_eq!(callgist.kept()["no_summary_reason"], "partial");
    limit(callgist.pid(), Resource::Nofile, before);
    rings_off(&stage, call);
    next_is_noted(&stage, &mut callgist);
}

// ---------------------------------------------------------------- settings and room

#[test]
fn a_line_that_is_switched_off_by_a_reload_plays_no_notice() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    callgist.resets(|settings| settings.replace("mode = \"notice\"", "mode = \"off\""));
    callgist.says("settings reloaded");
    let report = unannounced(&stage);
    assert!(report.taps.is_empty(), "{report:?}");
    assert_eq!(callgist.kept()["no_summary_reason"], "switched_off");
}

#[test]
fn a_line_whose_contact_nobody_has_set_plays_no_notice_and_is_named() {
    let stage = Stage::scripted(|_| {});
    let mut callgist = stage.sidecar();
    callgist.resets(|settings| settings.replace("contact = \"privacy@example.com\"\n", ""));
    let line =
        "the line is off, for its settings are not all there: decide them, and write them into its [[line]]";
    let told = callgist.says(line);
    assert_eq!((&told["line"], &told["unset"]), (&"main".into(), &"contact".into()), "{told}");
    let report = unannounced(&stage);
    assert!(report.taps.is_empty(), "{report:?}");
    assert_eq!(callgist.kept()["no_summary_reason"], "switched_off");
}

#[test]
fn a_reload_in_a_talk_leaves_it_alone_and_counts_from_the_next_call_on() {
    let mut talk = Talk::forked();
    talk.callgist.resets(|settings| settings.replace("\"live\"", "\"second\""));
    talk.callgist.says("settings reloaded");
    talk.call.act(Act::HangUp(Party::Caller));
    let row = talk.callgist.kept();
    assert_eq!((&row["notice_version"], &row["summary"]), (&"live".into(), &NOTE.into()), "{row}");
    let next = talk.stage.call(talk.stage.speech(60));
    talk.callgist.step("forked");
    rings_off(&talk.stage, next);
    assert_eq!(talk.callgist.kept()["notice_version"], "second");
}

#[test]
fn settings_that_are_wrong_are_told_and_the_old_ones_stay() {
    let mut talk = Talk::forked();
    talk.callgist.resets(|settings| settings.replace("language = \"en\"", "language = \"nl\""));
    let told = talk.callgist.says("settings not reloaded: the old ones stay");
    assert!(told["why"].as_str().unwrap().contains("language must be"), "{told}");
    let (stage, mut callgist) = talk.noted();
    next_is_noted(&stage, &mut callgist);
}

#[test]
fn settings_whose_notice_is_missing_are_told_and_the_old_ones_stay() {
    let mut talk = Talk::forked();
    talk.callgist.resets(|settings| settings.replace("notice.wav", "nothing.wav"));
    let told = talk.callgist.says("settings not reloaded: the old ones stay");
    assert!(told["why"].as_str().unwrap().contains("nothing.wav"), "{told}");
    talk.noted();
}

#[test]
fn a_section_that_is_read_at_the_start_alone_waits_for_a_restart() {
    let mut talk = Talk::forked();
    talk.callgist.resets(|settings| settings.replace("[ears]", "[ears]\nthreads = 2"));
    let told = talk.callgist.says("this section has changed and waits for a restart");
    assert_eq!(told["section"], "[ears]");
    talk.noted();
}

#[test]
fn a_call_for_which_there_is_no_room_hears_no_notice_and_is_counted() {
    let mut talk = Talk::on(|_| {}, |settings| settings.replace("[ears]", "[ears]\nmax_calls = 1"));
    let report = unannounced(&talk.stage);
    assert!(waited(&report) < Duration::from_millis(1_000), "{report:?}");
    assert_eq!(talk.callgist.kept()["no_summary_reason"], "overload");
    let (stage, mut callgist) = talk.noted();
    assert_eq!(callgist.counted("overload"), 1);
    callgist.announcing();
    next_is_noted(&stage, &mut callgist);
}

#[test]
fn a_call_that_comes_while_an_ear_holds_more_speech_than_its_budget_hears_no_notice_and_is_counted() {
    let stage = Stage::scripted(|_| {});
    let budget = |settings: String| settings.replace("[ears]", "[ears]\naudio_budget_s = 60");
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), budget);
    callgist.manner(SLOW);
    callgist.kill_the_ear();
    callgist.says("ear ready, locked in");
    // The switch learns within two seconds that we are alive.
    std::thread::sleep(seconds(3));
    let calls: Vec<_> = (0..6).map(|_| stage.call(stage.speech(120))).collect();
    let holds = callgist.until("over its budget", seconds(90), |line| {
        line["message"] == "ear holds" && line["audio_s"].as_u64() >= Some(60)
    });
    assert!(holds["calls"] == 6 && holds["oldest_s"].as_u64() >= Some(10), "{holds}");
    unannounced(&stage);
    assert_eq!(callgist.kept()["no_summary_reason"], "overload");
    for call in calls {
        call.act(Act::HangUp(Party::Caller));
        stage.ended(call);
    }
}

#[test]
fn a_machine_whose_memory_is_used_up_hears_no_call() {
    let stage = Stage::scripted(|_| {});
    let full = |settings: String| settings.replace("[ears]", "[ears]\nmemory_reserve_mb = 100000000");
    let mut callgist = stage.sidecar_unready(stage.switch.event_socket().port(), full);
    callgist.says("ear ready, locked in");
    let report = unannounced(&stage);
    assert!(report.taps.is_empty(), "{report:?}");
    assert_eq!(callgist.kept()["no_summary_reason"], "overload");
}

#[test]
fn a_call_that_was_declined_and_comes_back_to_the_line_has_one_row() {
    let stage = Stage::scripted(|_| {});
    let off = |settings: String| settings.replace("mode = \"notice\"", "mode = \"off\"");
    let mut callgist = stage.sidecar_unready(stage.switch.event_socket().port(), off);
    callgist.says("switch connected");
    let back = (When::Bridged(seconds(1)), Act::TransferTo(Script::default().line));
    let call = stage.call(Script { events: vec![back], ..stage.speech(60) });
    assert_eq!(callgist.kept()["no_summary_reason"], "switched_off");
    std::thread::sleep(seconds(4));
    call.act(Act::HangUp(Party::Caller));
    let report = stage.ended(call);
    assert!(report.bridged.is_some() && report.notice_heard == Duration::ZERO, "{report:?}");
    std::thread::sleep(seconds(1));
    assert_eq!(callgist.rows(), 1);
}

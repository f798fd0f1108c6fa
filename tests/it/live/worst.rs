//! The fifteen worst faults for a caller, on a real switch: what both phones heard is compared, packet for packet, with the
//! same call on the same switch without us. Every other fault is played on the simulated one ([`crate::faults`]).
//!
//! The ear follows a script: nothing here hangs on what is understood.

use super::audio::Audio;
use super::phone::Sound;
use super::sidecar::Sidecar;
use super::{Call, HALF_A_SECOND, SETTLED, Stage};
use crate::faults::talk::{Stopped, limit, strangers_call, strangers_speak};
use crate::kills::lives;
use crate::restart::{Trouble, Way, connected};
use crate::scripted::{Manner, NOTE};
use crate::table::{self, Told};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Resource;
use serde_json::Value;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

// ---------------------------------------------------------------- the daemon

#[test]
fn callgist_killed_in_the_notice_lets_the_real_switch_play_it_to_its_end() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.noticed(&mut callgist);
    callgist.kill();
    callgist.again();
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.copies(), 0);
    worst.stage.rings_off(call);
    assert_eq!(callgist.kept()["no_summary_reason"], "notice_incomplete");
}

/// Nobody holds the sockets any more to which the switch sends.
#[test]
fn callgist_killed_in_a_real_talk_leaves_copies_that_go_nowhere_and_the_next_start_ends_them() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.forked(&mut callgist);
    std::thread::sleep(SECOND);
    let ears = callgist.ears();
    callgist.kill();
    std::thread::sleep(2 * SECOND);
    assert!(!ears.is_empty() && !ears.into_iter().any(lives), "an ear outlives its daemon");
    assert_eq!(worst.stage.switch.copies(), 2);
    callgist.again();
    for _ in 0..2 {
        callgist.says("ended a copy that an earlier run had left at the switch");
    }
    worst.stage.without_copies();
    worst.compares(&call, worst.announced());
    worst.stage.rings_off(call);
    assert_eq!(callgist.kept()["no_summary_reason"], "partial");
}

#[test]
fn callgist_hanging_newly_costs_a_real_call_half_a_second_and_its_late_notice_is_not_heard() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let stopped = Stopped::now(callgist.pid());
    let call = worst.stage.call(RING);
    let talk = call.agent.answered();
    std::thread::sleep(2 * SECOND);
    drop(stopped);
    worst.compares(&call, HALF_A_SECOND - SETTLED..HALF_A_SECOND + A_LITTLE);
    worst.heard_no_notice(&call, talk);
    assert_eq!(callgist.kept()["no_summary_reason"], "notice_incomplete");
    worst.stage.rings_off(call);
}

#[test]
fn callgist_hanging_for_over_five_seconds_costs_a_real_call_nothing() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let stopped = Stopped::now(callgist.pid());
    std::thread::sleep(7 * SECOND);
    let call = worst.stage.call(RING);
    let talk = call.agent.answered();
    worst.compares(&call, NOTHING);
    worst.heard_no_notice(&call, talk);
    drop(stopped);
    // Its link may have been lost meanwhile; then the call is found, and its row waits for its end.
    let known = |line: &Value| line["step"] == "found" || line["step"] == "offered";
    callgist.until("aware of the call", 60 * SECOND, known);
    worst.stage.rings_off(call);
    assert_eq!(callgist.kept()["no_summary_reason"], "notice_incomplete");
}

#[test]
fn callgist_standing_still_for_four_seconds_in_a_real_talk_hears_it_to_its_end() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.forked(&mut callgist);
    let stopped = Stopped::now(callgist.pid());
    std::thread::sleep(4 * SECOND);
    drop(stopped);
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.copies(), 2);
    worst.stage.rings_off(call);
    assert_eq!(callgist.kept()["summary"], NOTE);
}

#[test]
fn callgist_upgraded_in_a_real_talk_takes_its_copies_with_it() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.forked(&mut callgist);
    let program = callgist.path("callgist");
    std::fs::copy(env!("CARGO_BIN_EXE_callgist"), &program).unwrap();
    callgist.ask_to_stop();
    assert_eq!(callgist.kept()["no_summary_reason"], "shutdown");
    callgist.ended();
    worst.stage.without_copies();
    callgist.again_as(&program);
    callgist.announcing();
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.copies(), 0);
    worst.stage.rings_off(call);
    assert_eq!(callgist.rows(), 1);
}

#[test]
fn callgist_asked_to_stop_in_the_notice_puts_the_real_caller_through_at_once() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.noticed(&mut callgist);
    callgist.ask_to_stop();
    assert_eq!(callgist.kept()["no_summary_reason"], "shutdown");
    worst.compares(&call, SECOND - SETTLED..2 * SECOND);
    assert_eq!(worst.stage.switch.copies(), 0);
    worst.stage.rings_off(call);
}

// ---------------------------------------------------------------- the ear

#[test]
fn an_ear_killed_in_a_real_talk_costs_it_nothing_but_the_note() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.forked(&mut callgist);
    std::thread::sleep(SECOND);
    callgist.kill_the_ear();
    worst.fails(call, &mut callgist);
}

#[test]
fn an_ear_hanging_in_a_real_talk_costs_it_nothing_but_the_note() {
    let Some(worst) = Worst::lasting(12) else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.forked(&mut callgist);
    let _stopped = Stopped::now(callgist.ears()[0]);
    worst.fails(call, &mut callgist);
}

#[test]
fn an_ear_whose_memory_is_used_up_in_a_real_talk_costs_it_nothing_but_the_note() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    callgist.manner(Manner::Greedy);
    callgist.kill_the_ear();
    callgist.says("ear ready, locked in");
    // The switch learns within two seconds that we are alive.
    std::thread::sleep(3 * SECOND);
    let call = worst.forked(&mut callgist);
    worst.fails(call, &mut callgist);
}

// ---------------------------------------------------------------- the ways to the switch

#[test]
fn a_link_lost_for_long_in_a_real_talk_ends_the_copies_and_not_the_call() {
    let Some(worst) = Worst::lasting(14) else { return };
    let runtime = Runtime::new().unwrap();
    let way = worst.way(&runtime);
    let mut callgist = worst.stage.scripted_over(way.port, "");
    let call = worst.forked(&mut callgist);
    way.cut();
    worst.stage.without_copies_within(10 * SECOND);
    assert_eq!(callgist.kept()["no_summary_reason"], "partial");
    way.mend();
    connected(&mut callgist);
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.copies(), 0);
    worst.stage.rings_off(call);
    assert_eq!(callgist.rows(), 1);
}

#[test]
fn copies_that_nobody_answers_are_given_up_by_the_real_switch_and_the_talk_goes_on() {
    let Some(worst) = Worst::set() else { return };
    let runtime = Runtime::new().unwrap();
    let way = worst.way(&runtime);
    let mut callgist = worst.stage.scripted_over(way.port, "");
    // It takes what comes and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(SECOND)).unwrap();
    let port = |address: SocketAddr| address.port();
    let from = port(callgist.setting("listen").parse().unwrap());
    way.trouble(Trouble::Misleads { from, to: port(silent.local_addr().unwrap()) });
    let call = worst.stage.announced(&mut callgist, RING);
    assert_eq!(callgist.kept()["no_summary_reason"], "partial");
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.legs_of_the_call().len(), 2);
    assert!(silent.recv(&mut [0; 65_535]).is_ok(), "nobody was asked to take a copy");
    worst.stage.rings_off(call);
}

#[test]
fn strangers_who_flood_our_ports_cost_a_real_talk_nothing_and_it_is_heard() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.forked(&mut callgist);
    for _ in 0..4 {
        strangers_call(&callgist);
        strangers_speak(&callgist);
        std::thread::sleep(SECOND);
    }
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.copies(), 2);
    worst.stage.rings_off(call);
    assert_eq!(callgist.kept()["summary"], NOTE);
}

// ---------------------------------------------------------------- the machine

#[test]
fn a_disk_that_is_full_from_the_notice_on_costs_a_real_call_nothing_but_the_row() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.noticed(&mut callgist);
    // No file can grow any more.
    let whole = limit(callgist.pid(), Resource::Fsize, 0);
    worst.compares(&call, worst.announced());
    worst.stage.rings_off(call);
    callgist.says("a row could not be stored");
    assert_eq!(worst.stage.switch.copies(), 0);
    limit(callgist.pid(), Resource::Fsize, whole);
    assert_eq!(callgist.rows(), 0);
    assert_eq!(callgist.ask(&["log", "verify"])[0]["faults"], Value::Array(vec![]));
}

#[test]
fn a_callgist_without_file_handles_costs_a_real_call_nothing_but_the_note() {
    let Some(worst) = Worst::set() else { return };
    let mut callgist = worst.stage.scripted("");
    let call = worst.noticed(&mut callgist);
    // Whatever is open stays so, and nothing more can be opened.
    let before = limit(callgist.pid(), Resource::Nofile, 3);
    callgist.says("no port for a copy: widen [sip] first_rtp_port to last_rtp_port");
    assert_eq!(callgist.kept()["no_summary_reason"], "partial");
    worst.compares(&call, worst.announced());
    assert_eq!(worst.stage.switch.copies(), 0);
    limit(callgist.pid(), Resource::Nofile, before);
    worst.stage.rings_off(call);
}

// ---------------------------------------------------------------- the comparison

/// A switch that has just carried a call without us.
struct Worst {
    stage: Stage,
    without: Audio,
    /// How much of a talk is compared, from its begin on.
    part: Duration,
    _told: Told,
}

impl Worst {
    fn set() -> Option<Worst> {
        Worst::lasting(8)
    }

    fn lasting(seconds: u32) -> Option<Worst> {
        let mut stage = Stage::set()?;
        let told = Told::begin();
        stage.caller = noisy(&stage.caller, 1);
        stage.agent = noisy(&stage.agent, 2);
        let part = seconds * SECOND;
        let call = stage.call(RING);
        let without = heard(&call, part);
        stage.rings_off(call);
        Some(Worst { stage, without, part, _told: told })
    }

    /// How much longer than without us a call takes to its agent that hears the notice, which may begin as late as the
    /// guarded sleep lasts.
    fn announced(&self) -> Range<Duration> {
        let notice = self.stage.notice();
        notice..notice + HALF_A_SECOND + A_LITTLE
    }

    /// A call in the first second of whose notice we are. On a busy machine it may have gone on without it, as it should;
    /// then another one is made.
    fn noticed(&self, callgist: &mut Sidecar) -> Call {
        for _ in 0..3 {
            let call = self.stage.call(RING);
            callgist.step("offered");
            std::thread::sleep(SECOND);
            if call.agent.state().invited.is_none() {
                return call;
            }
            eprintln!("this machine is busy: the notice came too late for a call");
            self.stage.gone(call);
            callgist.step("kept");
        }
        panic!("three notices came too late");
    }

    /// A call that was announced and is copied.
    fn forked(&self, callgist: &mut Sidecar) -> Call {
        let call = self.stage.announced(callgist, RING);
        callgist.step("forked");
        call
    }

    fn way(&self, runtime: &Runtime) -> Way {
        Way::between(runtime, ([127, 0, 0, 1], self.stage.switch.event_socket).into())
    }

    /// The ear has failed: the row says so while the talk goes on.
    fn fails(&self, call: Call, callgist: &mut Sidecar) {
        callgist.says("ear ended");
        assert_eq!(callgist.kept()["no_summary_reason"], "engine_failed");
        self.stage.without_copies_within(5 * SECOND);
        self.compares(&call, self.announced());
        assert_eq!(self.stage.switch.copies(), 0);
        self.stage.rings_off(call);
    }

    /// Before the talk the caller heard ringing alone; in it strange voices are counted anyway.
    #[track_caller]
    fn heard_no_notice(&self, call: &Call, talk: Instant) {
        let answered = call.caller.answered();
        let voice = call.caller.state().count(Sound::Voice, answered, talk);
        // A ring's first and last packet are not all tone.
        assert!(voice < 10, "{voice} packets of the notice were heard");
    }

    /// Waits until the part of the talk is over. Both phones heard in it what they hear without us, and the way to the
    /// agent took so much longer than then.
    #[track_caller]
    fn compares(&self, call: &Call, longer: Range<Duration>) {
        let with = heard(call, self.part);
        let figures = with.beside(&self.without);
        let name = std::thread::current().name().unwrap_or_default().replace('_', " ");
        eprintln!("{name}: {figures}");
        table::did(figures);
        for (who, phone) in [("caller", &call.caller), ("agent", &call.agent)] {
            assert!(phone.state().ended.is_none(), "the {who} was hung up on");
        }
        with.compares_with(&self.without);
        let added = with.set_up.saturating_sub(self.without.set_up);
        let most = longer.end + with.late;
        assert!((longer.start..most).contains(&added), "the caller waited {added:?} longer");
    }
}

/// What was heard of the first part of a talk, once it is over.
fn heard(call: &Call, part: Duration) -> Audio {
    let over = call.agent.answered() + part + SETTLED;
    std::thread::sleep(over.saturating_duration_since(Instant::now()));
    Audio::of(call, part)
}

/// A voice on a noisy line: no packet of it is silent, and none is like another.
fn noisy(speech: &[i16], seed: u64) -> Arc<[i16]> {
    let mut noise = StdRng::seed_from_u64(seed);
    speech.iter().map(|sample| sample.saturating_add(noise.random_range(-300..=300))).collect()
}

/// How long the agent's phone rings.
const RING: Duration = Duration::from_secs(1);
const SECOND: Duration = Duration::from_secs(1);
/// What the guarded sleep may take beside its half second.
const A_LITTLE: Duration = Duration::from_millis(60);
const NOTHING: Range<Duration> = Duration::ZERO..Duration::from_millis(60);

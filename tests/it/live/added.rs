//! What our copies cost the switch itself, beside what two eavesdroppers on each call cost it, by turns on the same calls.
//!
//! `CALLGIST_ROUNDS` makes more turns than one. The figures are the CPU time of FreeSWITCH's process alone; the ear follows
//! a script, so that recognition is not in the way.

use super::coding::Codec;
use super::phone::{Phone, Talk, Voice};
use super::sidecar::{At, Sidecar, with_ports_for};
use super::switch::FreeSwitch;
use super::ways::Way;
use super::{Call, NUMBER, Stage, recording};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn our_copies_cost_the_switch_less_than_two_eavesdroppers_a_call() {
    let Some(stage) = Stage::of(CODECS, || FreeSwitch::start(Way::Named, CODECS)) else { return };
    let rounds = std::env::var("CALLGIST_ROUNDS").map_or(1, |number| number.parse().unwrap());
    let [mut alone, mut copied, mut overheard] = [0.0; 3];
    for _ in 0..rounds {
        alone += untouched(&stage);
        copied += with_copies(&stage);
        overheard += with_eavesdroppers(&stage);
    }
    let of_a_core =
        |seconds: f64| seconds / f64::from(rounds) / MEASURED.as_secs_f64() / CALLS as f64 * 100.0;
    let [ours, theirs] = [copied - alone, overheard - alone];
    eprintln!(
        "of a core for each call: {:.2} % alone, {:.2} % more with our copies, {:.2} % more with two eavesdroppers; \
         ratio {:.2}",
        of_a_core(alone),
        of_a_core(ours),
        of_a_core(theirs),
        ours / theirs
    );
    assert!(ours <= theirs * MOST, "our copies cost more than {MOST} of what eavesdroppers do");
}

fn untouched(stage: &Stage) -> f64 {
    let calls = calls(stage);
    let used = cpu_of(stage);
    gone(stage, calls, Vec::new());
    used
}

fn with_copies(stage: &Stage) -> f64 {
    let notice = super::notice();
    let password_file = &stage.switch.password_file();
    let at = At { event_socket: stage.switch.event_socket, password_file, notice: &notice };
    let most = CALLS + 1;
    let mut callgist = Sidecar::scripted(&at, |settings| {
        let room = format!("[ears]\nmax_calls = {most}");
        with_ports_for(most, &super::sidecar::unported(&settings)).replace("[ears]", &room)
    });
    callgist.announcing();
    let calls = calls(stage);
    let begun = Instant::now();
    while stage.switch.copies() < 2 * CALLS {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", callgist.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    let used = cpu_of(stage);
    assert_eq!(stage.switch.copies(), 2 * CALLS, "a copy ended meanwhile");
    gone(stage, calls, Vec::new());
    used
}

/// As one would without us: for each leg a phone more, which hears what is said there.
fn with_eavesdroppers(stage: &Stage) -> f64 {
    let calls = calls(stage);
    let legs = stage.switch.legs_of_the_call();
    assert_eq!(legs.len(), 2 * CALLS);
    let listeners: Vec<Phone> = legs
        .iter()
        .map(|(leg, _)| {
            let silent = Voice { speech: Arc::from([]), talk: Talk::default(), codec: Codec::Pcma };
            let phone = Phone::waits((stage.switch.trunk.ip(), 0).into(), Duration::ZERO, silent);
            let at = phone.address();
            stage.switch.api(&format!("bgapi originate sofia/trunk/sip:listener@{at} &eavesdrop({leg})"));
            phone
        })
        .collect();
    for phone in &listeners {
        phone.answered();
    }
    let used = cpu_of(stage);
    let hears = |phone: &Phone| phone.state().heard.len() as u128 * 20 > MEASURED.as_millis() / 2;
    assert!(listeners.iter().all(hears), "somebody who listens hears nothing");
    gone(stage, calls, listeners);
    used
}

/// Seconds of CPU that the switch takes from when all is quiet on.
fn cpu_of(stage: &Stage) -> f64 {
    std::thread::sleep(Duration::from_secs(2));
    let before = ticks(stage.switch.pid());
    std::thread::sleep(MEASURED);
    (ticks(stage.switch.pid()) - before) as f64 / 100.0
}

/// User and system time of a process, in hundredths of a second.
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

fn calls(stage: &Stage) -> Vec<Call> {
    let [caller, agent] = recording();
    let calls: Vec<Call> = (0..CALLS)
        .map(|_| {
            let talk = Talk::default();
            let voice = |speech: &Arc<[i16]>| {
                let long = speech.iter().copied().cycle().take(LONGEST).collect();
                Voice { speech: long, talk: talk.clone(), codec: Codec::Pcma }
            };
            let agent = Phone::waits((stage.switch.trunk.ip(), 0).into(), RING, voice(&agent));
            let caller = Phone::calls_agent(NUMBER, stage.switch.trunk, agent.address(), voice(&caller));
            std::thread::sleep(Duration::from_millis(150));
            Call { caller, agent }
        })
        .collect();
    for call in &calls {
        call.agent.answered();
    }
    calls
}

fn gone(stage: &Stage, calls: Vec<Call>, listeners: Vec<Phone>) {
    for call in calls {
        call.caller.hang_up();
    }
    drop(listeners);
    let begun = Instant::now();
    while stage.switch.legs() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(15), "{}", stage.switch.api("show channels"));
        std::thread::sleep(Duration::from_millis(100));
    }
}

const CODECS: [Codec; 2] = [Codec::Pcma; 2];
const CALLS: usize = 10;
const RING: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(20);
/// Two minutes.
const LONGEST: usize = 120 * 8_000;
/// Of what two eavesdroppers cost.
const MOST: f64 = 0.85;

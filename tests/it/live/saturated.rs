//! Every core is full of recognition, and phones on a real switch do not notice: what reaches them, and how regularly,
//! beside the same calls without us, by turns.
//!
//! `CALLGIST_ROUNDS` makes more turns than one. Phones and switch stand on the same machine here, where phones of a site are
//! machines of their own: ours go before all else where that is allowed, say by how much they sent late, and take the
//! kernel's time for what came ([`super::stamped`]).

use super::audio::{Side, ms, quantile};
use super::coding::Codec;
use super::phone::{Heard, Phone, Sound, Talk, Voice, sound};
use super::sidecar::{At, Sidecar, with_ports_for};
use super::switch::FreeSwitch;
use super::ways::Way;
use super::{Call, NUMBER, SETTLED, Stage, recording};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{fmt, fs};

#[test]
fn phones_notice_nothing_of_recognition_that_fills_every_core() {
    story(|| FreeSwitch::start(Way::Named, CODECS));
}

/// As in a container that may not have better priorities.
#[test]
fn phones_notice_nothing_of_it_though_the_switch_has_no_better_priority_than_any_program() {
    story(|| FreeSwitch::modest(Way::Named, CODECS));
}

fn story(switch: impl FnOnce() -> Option<FreeSwitch>) {
    let Some(stage) = Stage::of(CODECS, switch) else { return };
    eprintln!("the switch's threads: {}", priorities(stage.switch.pid()));
    let rounds = std::env::var("CALLGIST_ROUNDS").map_or(1, |number| number.parse().unwrap());
    let (mut without, mut with) = (Arrivals::default(), Arrivals::default());
    for round in 1..=rounds {
        let (quiet, idle) = undisturbed(&stage);
        eprintln!("round {round}, without Callgist, {:.0} % idle: {}", idle * 100.0, quiet.figures());
        let (full, load) = recognised(&stage);
        eprintln!("round {round}, recognised, {load}: {}", full.figures());
        assert!(load.ear > 0.6 && load.idle < 0.05, "the cores are not full of recognition: {load}");
        without.add(quiet);
        with.add(full);
    }
    let (without, with) = (without.figures(), with.figures());
    eprintln!("without Callgist: {without}\nrecognised:       {with}");
    assert!(with.lost <= without.lost, "packets were lost");
    let p99 = with.jitter[1].saturating_sub(without.jitter[1]);
    assert!(p99 <= Duration::from_millis(2), "the jitter of 99 of 100 packets grew by {p99:?}");
}

/// The calls without us.
fn undisturbed(stage: &Stage) -> (Arrivals, f64) {
    let calls = calls(stage);
    for call in &calls {
        call.agent.answered();
    }
    std::thread::sleep(Duration::from_secs(2));
    let before = Load::now(&[]);
    let arrivals = Arrivals::of(&calls);
    let idle = before.until_now(&[]).idle;
    gone(stage, calls);
    (arrivals, idle)
}

/// The same calls, all of which are recognised.
fn recognised(stage: &Stage) -> (Arrivals, Share) {
    let notice = super::notice();
    let password_file = &stage.switch.password_file();
    let at = At { event_socket: stage.switch.event_socket, password_file, notice: &notice };
    let threads = format!("[ears]\nthreads = {}\nmax_calls = {}", cores(), CALLS + 1);
    let mut callgist =
        Sidecar::beside(&at, |settings| with_ports_for(CALLS + 1, &settings).replace("[ears]", &threads));
    let calls = calls(stage);
    let told = |line: &Value| line["step"] == "forked" || line["step"] == "kept";
    for _ in &calls {
        let told = callgist.until("forked", Duration::from_secs(60), told);
        assert_eq!(told["step"], "forked", "this machine is busy: {told}");
    }
    let ears = callgist.ears();
    fills(&mut callgist, &ears);
    let before = Load::now(&ears);
    let arrivals = Arrivals::of(&calls);
    let load = before.until_now(&ears);
    gone(stage, calls);
    (arrivals, load)
}

/// Waits until the ear takes all that there is.
fn fills(callgist: &mut Sidecar, ears: &[i32]) {
    let begun = Instant::now();
    loop {
        let before = Load::now(ears);
        std::thread::sleep(Duration::from_secs(2));
        let load = before.until_now(ears);
        if load.ear > 0.7 && load.idle < 0.02 {
            return;
        }
        if begun.elapsed() > Duration::from_secs(90) {
            panic!("the cores are not full of recognition: {load}\n{}", callgist.log());
        }
    }
}

// ---------------------------------------------------------------- the calls

fn calls(stage: &Stage) -> Vec<Call> {
    let voices = recording().map(|voice| without_pauses(&voice));
    let calls = (0..CALLS).map(|number| {
        // Speech of another length for everybody: windows are not full all at once.
        let speech =
            |voice: &[i16]| voice.iter().copied().cycle().skip(number * 30_000).take(LONGEST).collect();
        let talk = Talk::default();
        let voice = |voice| Voice { speech: speech(voice), talk: talk.clone(), codec: Codec::Pcma };
        let [caller, agent] = [&voices[0], &voices[1]].map(|said| voice(said));
        let agent = Phone::waits((stage.switch.trunk.ip(), 0).into(), RING, agent);
        let caller = Phone::calls_agent(NUMBER, stage.switch.trunk, agent.address(), caller);
        std::thread::sleep(Duration::from_millis(150));
        Call { caller, agent }
    });
    calls.collect()
}

fn gone(stage: &Stage, calls: Vec<Call>) {
    for call in calls {
        call.caller.hang_up();
    }
    let begun = Instant::now();
    while stage.switch.legs() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", stage.switch.api("show channels"));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// As hardly anybody speaks: every pause is a short one. Without any it would be taken for music, which never rests, and
/// not be recognised.
fn without_pauses(voice: &[i16]) -> Vec<i16> {
    let mut silent = 0;
    let spoken = voice.chunks(160).filter(|frame| {
        silent = if sound(frame) == Sound::Silence { silent + 1 } else { 0 };
        silent <= LONGEST_PAUSE
    });
    spoken.flatten().copied().collect()
}

// ---------------------------------------------------------------- what is measured

/// What reached the phones.
#[derive(Default)]
struct Arrivals {
    /// By how much the time from one packet to the next was not 20 ms.
    jitter: Vec<Duration>,
    said: usize,
    lost: usize,
    /// By how much the phones themselves were late with what they sent.
    sent_late: Vec<Duration>,
}

impl Arrivals {
    /// Of the seconds that begin now.
    fn of(calls: &[Call]) -> Arrivals {
        let from = Instant::now();
        std::thread::sleep(MEASURED + SETTLED);
        let within = from..from + MEASURED;
        let mut arrivals = Arrivals::default();
        for Call { caller, agent } in calls {
            let (caller, agent) = (caller.state(), agent.state());
            assert!(caller.ended.is_none() && agent.ended.is_none(), "somebody was hung up on");
            for (speaker, listener) in [(&caller, &agent), (&agent, &caller)] {
                let side = Side::between(speaker, listener, within.clone());
                arrivals.said += side.said;
                arrivals.lost += side.lost;
                let sent = speaker.said.iter().filter(|said| within.contains(&said.at));
                arrivals.sent_late.extend(sent.map(|said| said.late));
                let pairs = listener.heard.windows(2).filter(|pair| within.contains(&pair[0].at));
                arrivals.jitter.extend(pairs.filter_map(jitter));
            }
        }
        arrivals
    }

    fn add(&mut self, other: Arrivals) {
        self.jitter.extend(other.jitter);
        self.sent_late.extend(other.sent_late);
        self.said += other.said;
        self.lost += other.lost;
    }

    fn figures(&self) -> Figures {
        let quantiles = |times: &[Duration]| {
            let mut sorted = times.to_vec();
            sorted.sort_unstable();
            [500, 990, 999, 1_000].map(|of_1000| quantile(&sorted, of_1000))
        };
        Figures {
            said: self.said,
            lost: self.lost,
            jitter: quantiles(&self.jitter),
            sent_late: quantiles(&self.sent_late),
        }
    }
}

/// Of two packets that follow each other.
fn jitter(pair: &[Heard]) -> Option<Duration> {
    let [first, next] = pair else { return None };
    let follows = first.ssrc == next.ssrc && next.seq.0 == first.seq.0.wrapping_add(1);
    follows.then(|| next.at.saturating_duration_since(first.at).abs_diff(TICK))
}

/// Half of the packets, 99 of 100, 999 of 1000, and the worst.
struct Figures {
    said: usize,
    lost: usize,
    jitter: [Duration; 4],
    sent_late: [Duration; 4],
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, p99, p999, worst] = self.jitter.map(ms);
        let [_, late, _, latest] = self.sent_late.map(ms);
        let Figures { said, lost, .. } = self;
        write!(
            f,
            "{lost} of {said} packets lost; jitter {half:.2} ms, p99 {p99:.2}, p99.9 {p999:.2}, worst {worst:.2}; \
             the phones sent late by p99 {late:.2}, worst {latest:.2}"
        )
    }
}

/// What the kernel has counted so far, in ticks of all cores.
struct Load {
    ears: u64,
    idle: u64,
    all: u64,
}

/// Of what all cores could have done.
struct Share {
    ear: f64,
    idle: f64,
}

impl Load {
    fn now(ears: &[i32]) -> Load {
        let text = fs::read_to_string("/proc/stat").unwrap();
        let counted = text.lines().next().unwrap().split_whitespace().skip(1);
        // User, nice, system, idle, waiting for a disk, two kinds of interrupts, and what another machine took.
        let ticks: Vec<u64> = counted.take(8).map(|ticks| ticks.parse().unwrap()).collect();
        let of_ears = ears.iter().map(|ear| {
            let stat = fs::read_to_string(format!("/proc/{ear}/stat")).unwrap();
            let fields = fields(&stat);
            fields[USER].parse::<u64>().unwrap() + fields[SYSTEM].parse::<u64>().unwrap()
        });
        Load { ears: of_ears.sum(), idle: ticks[3] + ticks[4], all: ticks.iter().sum() }
    }

    fn until_now(&self, ears: &[i32]) -> Share {
        let now = Load::now(ears);
        let share = |now: u64, then: u64, all: u64| (now - then) as f64 / all.max(1) as f64;
        let all = now.all - self.all;
        Share { ear: share(now.ears, self.ears, all), idle: share(now.idle, self.idle, all) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Share { ear, idle } = self;
        write!(f, "{:.2} of {} cores for the ear, {:.1} % idle", ear * cores() as f64, cores(), idle * 100.0)
    }
}

/// How the threads of a process are scheduled, and how many so.
fn priorities(process: u32) -> String {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten() {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let fields = fields(&stat);
        let [nice, priority, policy] = [NICE, REAL_TIME, POLICY].map(|at| fields[at]);
        let how = match policy {
            "0" => format!("usual, nice {nice}"),
            "1" | "2" => format!("real time {priority}"),
            other => format!("policy {other}, nice {nice}"),
        };
        *counted.entry(how).or_default() += 1;
    }
    counted.iter().map(|(how, count)| format!("{count} {how}")).collect::<Vec<_>>().join("; ")
}

/// What `/proc` tells of a process or a thread, from its state on.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect()
}

fn cores() -> usize {
    std::thread::available_parallelism().unwrap().get()
}

const USER: usize = 11;
const SYSTEM: usize = 12;
const NICE: usize = 16;
const REAL_TIME: usize = 37;
const POLICY: usize = 38;
const CODECS: [Codec; 2] = [Codec::Pcma; 2];
/// Speech of both parties without long pauses of so many calls is more than two cores recognise as it comes.
const CALLS: usize = 16;
/// Frames of 20 ms: no more than there may be between two words.
const LONGEST_PAUSE: usize = 10;
const RING: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(20);
/// Four minutes.
const LONGEST: usize = 240 * 8_000;

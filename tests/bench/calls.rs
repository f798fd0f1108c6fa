//! Recordings go in, what calls cost comes out: N calls at once in real time, through real RTP, a real ear and store.
//!
//!     LD_LIBRARY_PATH=FOLDER-OF-LIBVOSK cargo bench --bench calls -- --calls 4 --audio FOLDER --recogniser whisper
//!
//! FOLDER holds stereo FLAC files at 8 kHz, left the caller. The simulated switch runs in this process, so that its
//! cost is in no figure; `callgist run` and its ears are processes of their own, and the kernel says what they used.
//! In the same run a bare loop receives as many packets as the calls had. Before the calls nothing happens for
//! `--idle-s` seconds, which shows what waiting costs. `--json` prints one object on one line.
//!
//! The parts: an ear's first thread takes packets and is media and gate; `recognise` makes features, words and notes (with
//! Vosk it decodes, too); `network` is Whisper's decoding. All of the daemon's threads together, switch, border and store,
//! are more than the border alone.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[path = "../it/program.rs"]
mod program;
#[path = "sidecar.rs"]
mod sidecar;

use callgist::sim::{Script, Settings, Switch};
use program::{children, started};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use sidecar::{Arguments, Ear, Lines, json_line, recording, settings};
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

struct Wanted {
    calls: usize,
    seconds: usize,
    idle_s: usize,
    audio: PathBuf,
    models: PathBuf,
    /// Ours, unless another build of it is to be measured.
    daemon: PathBuf,
    recogniser: String,
    json: bool,
}

fn main() {
    let Some(wanted) = Wanted::read() else {
        eprintln!(
            "usage: calls --audio FOLDER --models FOLDER [--calls 4] [--seconds 60] [--idle-s 60] [--recogniser whisper] [--daemon FILE] [--json]"
        );
        return;
    };
    let voices = voices(&wanted);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let measured = runtime.block_on(measure(&wanted, voices));
    if wanted.json {
        println!("{measured}");
    } else {
        println!("{measured:#}");
    }
}

impl Wanted {
    fn read() -> Option<Wanted> {
        let given = Arguments::given();
        Some(Wanted {
            calls: given.number("--calls", 4)?,
            seconds: given.number("--seconds", 60)?,
            idle_s: given.number("--idle-s", 60)?,
            audio: given.after("--audio")?.into(),
            models: given.after("--models")?.into(),
            daemon: given.daemon(),
            recogniser: given.after("--recogniser").unwrap_or("whisper").into(),
            json: std::env::args().any(|word| word == "--json"),
        })
    }
}

/// Caller and agent of each call; recordings are taken in turn.
fn voices(wanted: &Wanted) -> Vec<[Vec<i16>; 2]> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&wanted.audio).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|name| name == "flac"));
    files.sort();
    assert!(!files.is_empty(), "no FLAC files in {}", wanted.audio.display());
    files.iter().cycle().take(wanted.calls).map(|file| recording(file, wanted.seconds)).collect()
}

async fn measure(wanted: &Wanted, voices: Vec<[Vec<i16>; 2]>) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let switch = Switch::start(Settings::default()).await.unwrap();
    let Wanted { models, recogniser, calls, .. } = wanted;
    let config = settings(folder.path(), &switch, &Ear { models, recogniser, calls: *calls });
    let (mut daemon, mut lines) = started(&wanted.daemon, &config, None);
    while json_line(&mut lines)["message"] != "calls are announced" {}
    // What comes after the start has its turn.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = Usage::of(daemon.id());
    tokio::time::sleep(Duration::from_secs(wanted.idle_s as u64)).await;
    let before = Usage::of(daemon.id());
    let idle = Idle { used: before.since(&waiting).values().sum(), memory_mb: before.memory_mb.clone() };

    let mut calls = Vec::new();
    for [caller_speech, agent_speech] in voices {
        calls.push(switch.call(Script { caller_speech, agent_speech, ..Script::default() }).await);
        // Calls do not come in step.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let count = calls.len();
    let log = tokio::task::spawn_blocking(move || Log::until_kept(&mut lines, count));
    let pid = daemon.id();
    let most = tokio::spawn(most_memory(pid));
    let (mut sent, mut lost_on_the_way) = (0, 0);
    for call in calls {
        for tap in call.ended().await.taps {
            sent += tap.sent;
            lost_on_the_way += tap.lost;
        }
    }
    let log = log.await.unwrap();
    let after = Usage::of(daemon.id());
    most.abort();
    let bare = bare_loop(sent);
    let pid = rustix::process::Pid::from_child(&daemon);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    daemon.wait().unwrap();
    switch.shut_down().await;
    report(wanted, &log, &after.since(&before), &idle, [sent, lost_on_the_way], bare)
}

/// Before the first call.
struct Idle {
    /// Seconds of CPU.
    used: f64,
    memory_mb: BTreeMap<String, f64>,
}

/// Looks every second at what both processes have in memory, until it is stopped.
async fn most_memory(daemon: u32) {
    loop {
        look_at_memory(daemon);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn look_at_memory(daemon: u32) {
    let mut most = MOST_MEMORY_MB.lock().unwrap();
    for (name, held) in Usage::of(daemon).memory_mb {
        let most = most.entry(name).or_default();
        *most = held.max(*most);
    }
}

static MOST_MEMORY_MB: Mutex<BTreeMap<String, f64>> = Mutex::new(BTreeMap::new());

/// What the daemon said of the calls.
#[derive(Default)]
struct Log {
    took_ms: Vec<u64>,
    listened_ms: u64,
    speech_ms: u64,
    words: u64,
    without_note: Vec<String>,
    most_backlog_ms: u64,
    /// The last count of each call.
    lost: BTreeMap<String, u64>,
}

impl Log {
    fn until_kept(lines: &mut Lines, calls: usize) -> Log {
        let mut log = Log::default();
        while log.took_ms.len() < calls {
            let line = json_line(lines);
            let number = |name: &str| line[name].as_u64().unwrap_or(0);
            match line["step"].as_str() {
                Some("hearing") => {
                    log.most_backlog_ms = log.most_backlog_ms.max(number("backlog_ms"));
                    log.lost.insert(line["call"].to_string(), number("lost_packets"));
                }
                Some("kept") => {
                    log.took_ms.push(number("took_ms"));
                    log.listened_ms += number("listened_ms");
                    log.speech_ms += number("speech_ms");
                    log.words += number("words");
                    let reason = line["reason"].as_str().filter(|reason| !reason.is_empty());
                    log.without_note.extend(reason.map(str::to_owned));
                }
                _ => {}
            }
        }
        log.took_ms.sort_unstable();
        log
    }

    fn quantile(&self, of_100: usize) -> u64 {
        self.took_ms[(self.took_ms.len() * of_100).div_ceil(100).saturating_sub(1)]
    }
}

/// Seconds of CPU by process and thread, and memory by process, of the daemon and all that it started.
struct Usage {
    cpu: BTreeMap<String, f64>,
    memory_mb: BTreeMap<String, f64>,
}

impl Usage {
    fn of(daemon: u32) -> Usage {
        let mut usage = Usage { cpu: BTreeMap::new(), memory_mb: BTreeMap::new() };
        for pid in family(daemon) {
            let process = PathBuf::from(format!("/proc/{pid}"));
            let name = word(&process.join("comm"));
            *usage.memory_mb.entry(name.clone()).or_default() += resident_mb(&process);
            for thread in std::fs::read_dir(process.join("task")).into_iter().flatten().flatten() {
                let thread = thread.path();
                let whole = format!("{name}/{}", word(&thread.join("comm")));
                *usage.cpu.entry(whole).or_default() += cpu(&thread);
            }
        }
        usage
    }

    fn since(&self, before: &Usage) -> BTreeMap<String, f64> {
        let used = |name: &String, now: f64| now - before.cpu.get(name).unwrap_or(&0.0);
        self.cpu.iter().map(|(name, now)| (name.clone(), used(name, *now))).collect()
    }
}

fn family(daemon: u32) -> Vec<i32> {
    let mut family = vec![daemon.cast_signed()];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(children(parent.cast_unsigned()));
        next += 1;
    }
    family
}

fn word(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default().trim().to_owned()
}

/// Time of one thread on a core, in the scheduler's nanoseconds.
fn cpu(thread: &Path) -> f64 {
    let told = word(&thread.join("schedstat"));
    told.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn resident_mb(process: &Path) -> f64 {
    let status = word(&process.join("status"));
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
}

/// CPU seconds that a loop takes which only receives so many packets of 20 ms.
fn bare_loop(packets: u64) -> f64 {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut buffer = [0; 2_048];
    let mut used = 0.0;
    for _ in 0..packets {
        sender.send_to(&[0; 172], to).unwrap();
        let before = thread_cpu();
        receiver.recv_from(&mut buffer).unwrap();
        used += thread_cpu() - before;
    }
    used
}

fn thread_cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What a thread's time is spent on.
fn part(thread: &str) -> &'static str {
    match thread.split_once('/') {
        Some((process, _)) if !process.starts_with("callgist-ear") => "daemon",
        Some((_, "recognise")) => "features_words_and_note",
        Some((_, "network")) => "network",
        _ => "media_and_gate",
    }
}

fn report(
    wanted: &Wanted,
    log: &Log,
    used: &BTreeMap<String, f64>,
    idle: &Idle,
    [sent, lost_on_the_way]: [u64; 2],
    bare: f64,
) -> Value {
    let minutes = log.listened_ms as f64 / 60_000.0;
    let all: f64 = used.values().sum();
    let round = |number: f64| (number * 10_000.0).round() / 10_000.0;
    let mut parts: BTreeMap<&str, f64> = BTreeMap::new();
    for (thread, seconds) in used {
        *parts.entry(part(thread)).or_default() += seconds;
    }
    let of_all: BTreeMap<_, _> = parts.iter().map(|(part, seconds)| (part, round(seconds / all))).collect();
    let per_minute: BTreeMap<_, _> =
        parts.iter().map(|(part, seconds)| (part, round(seconds / minutes))).collect();
    let most = MOST_MEMORY_MB.lock().unwrap();
    let memory = |name: &str, most: f64| {
        let before = idle.memory_mb.get(name).copied().unwrap_or(0.0);
        json!({"idle_mb": round(before), "most_mb": round(most), "more_a_call_mb": round((most - before) / wanted.calls as f64)})
    };
    let memory: BTreeMap<_, _> = most.iter().map(|(name, most)| (name, memory(name, *most))).collect();
    let missing = log.lost.values().sum::<u64>();
    json!({
        "recogniser": wanted.recogniser,
        "calls": wanted.calls,
        "call_minutes": round(minutes),
        "speech_share_of_both_sides": round(log.speech_ms as f64 / (2.0 * log.listened_ms as f64)),
        "words": log.words,
        "without_note": log.without_note,
        "cpu_s_per_call_minute": round(all / minutes),
        "cpu_s_per_call_minute_by_part": per_minute,
        "share_of_cpu_by_part": of_all,
        "bare_receive_loop_cpu_s_per_call_minute": round(bare / minutes),
        "calls_per_core": round(60.0 * minutes / all),
        "idle_share_of_a_core": round(idle.used / wanted.idle_s.max(1) as f64),
        "hang_up_to_note_ms": {"p50": log.quantile(50), "p95": log.quantile(95), "p99": log.quantile(99)},
        "most_backlog_ms": log.most_backlog_ms,
        "packets_sent": sent,
        "packets_lost_on_the_way": lost_on_the_way,
        "packets_lost_by_us": missing.saturating_sub(lost_on_the_way),
        "memory": memory,
    })
}

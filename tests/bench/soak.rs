//! Thousands of simulated calls go through one daemon and its ear; what they hold after each few hundred comes out, and
//! what is left at the end.
//!
//!     LD_LIBRARY_PATH=FOLDER-OF-LIBVOSK cargo bench --locked --bench soak -- --calls 10000
//!
//! Real sockets, real RTP, the real border and store; the ear is locked in as always and follows a script in place of
//! a recogniser, on a clock that runs five times as fast (`--factor`; on a busy machine that is too fast for the notice).
//! `--recogniser whisper --models FOLDER` recognises in earnest, for as many calls as you have time for, in real time.
//!
//! Every `--every` calls, when all of those are kept, both processes are looked at; the slopes at the end are lines
//! through those looks but the first fifth. Run it as root: nobody else is told what such processes hold open. It ends
//! with 1 when hardly any call got its note, or a file, a thread, a socket or a copy at the switch is left.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[path = "../it/program.rs"]
#[allow(dead_code, reason = "the daemon is started here, with a clock of its own")]
mod program;
#[path = "../it/samples.rs"]
mod samples;
#[path = "../it/scripted.rs"]
#[allow(dead_code, reason = "the ear is honest here")]
mod scripted;
#[path = "sidecar.rs"]
#[allow(dead_code, reason = "the daemon's lines are read here")]
mod sidecar;

/// What the scripted ear needs of the tests.
mod roles {
    pub fn number(end: std::process::ExitCode) -> u8 {
        u8::from(end != std::process::ExitCode::SUCCESS)
    }
}

use callgist::sim::{Script, Settings, SimClock, Switch};
use program::children;
use samples::{Held, slope, udp_sockets};
use serde_json::{Value, json};
use sidecar::{Arguments, Ear, recording, settings};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

fn main() -> ExitCode {
    let named = std::env::args_os().next().map(PathBuf::from);
    if named.is_some_and(|program| program.file_name() == Some(EAR.as_ref())) {
        return ExitCode::from(scripted::ear());
    }
    let Some(wanted) = Wanted::read() else {
        eprintln!(
            "usage: soak [--calls 1000] [--at-once 30] [--every 100] [--seconds 4] [--factor 5] [--models FOLDER --recogniser whisper] \
             [--daemon FILE]"
        );
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (told, faults) = runtime.block_on(soak(&wanted));
    println!("{told:#}");
    faults.iter().for_each(|fault| eprintln!("soak: {fault}"));
    ExitCode::from(u8::from(!faults.is_empty()))
}

struct Wanted {
    calls: usize,
    at_once: usize,
    every: usize,
    seconds: usize,
    factor: u32,
    models: Option<PathBuf>,
    recogniser: String,
    daemon: PathBuf,
}

impl Wanted {
    fn read() -> Option<Wanted> {
        let given = Arguments::given();
        let models = given.after("--models").map(PathBuf::from);
        // In earnest a clock cannot be hurried.
        let usual_factor = if models.is_some() { 1 } else { 5 };
        Some(Wanted {
            calls: given.number("--calls", 1_000)?,
            at_once: given.number("--at-once", 30)?,
            every: given.number("--every", 100)?.max(1),
            seconds: given.number("--seconds", 4)?,
            factor: u32::try_from(given.number("--factor", usual_factor)?).ok()?,
            recogniser: given.after("--recogniser").unwrap_or("vosk").into(),
            models,
            daemon: given.daemon(),
        })
    }
}

/// One look at both processes, when so many calls had been kept.
struct Look {
    calls: usize,
    daemon: Held,
    ear: Held,
    database: u64,
}

async fn soak(wanted: &Wanted) -> (Value, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let quick = Settings {
        clock: SimClock::times(wanted.factor),
        // A sleep lasts as long on the wall as without the hurry.
        patience: wanted.factor.max(3),
        ..Settings::default()
    };
    let switch = Arc::new(Switch::start(quick).await.unwrap());
    let mut daemon = Daemon::start(wanted, folder.path(), &switch);
    let begun = Instant::now();
    let (mut looks, mut started) = (vec![daemon.look(0, folder.path())], 0);
    let speech = recording(Path::new("tests/audio/08-en-energy-dnc-calls.flac"), 60);
    while started < wanted.calls {
        let some = wanted.every.min(wanted.calls - started);
        talks(&switch, wanted, some, &speech).await;
        started += some;
        daemon.keeps(started);
        looks.push(daemon.look(started, folder.path()));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut faults = daemon.faults(started, &looks);
    let channels: Value =
        serde_json::from_str(&switch.console("show channels as json").await).unwrap_or_default();
    let copies = channels["rows"].as_array().map_or(0, Vec::len);
    if copies > 0 {
        faults.push(format!("{copies} legs are left at the switch"));
    }
    (report(wanted, &looks, &daemon, seconds), faults)
}

/// So many calls, no more than a few at a time; all have ended when it returns.
async fn talks(switch: &Arc<Switch>, wanted: &Wanted, calls: usize, speech: &[Vec<i16>; 2]) {
    let seats = Arc::new(Semaphore::new(wanted.at_once));
    let mut talks = Vec::new();
    for n in 0..calls {
        let seat = Arc::clone(&seats).acquire_owned().await.unwrap();
        let (switch, script) = (Arc::clone(switch), script(n, wanted.seconds, speech));
        talks.push(tokio::spawn(async move {
            let report = switch.call(script).await.ended().await;
            drop(seat);
            report
        }));
    }
    for talk in talks {
        talk.await.unwrap();
    }
}

/// Both say something else in each of many calls.
fn script(n: usize, seconds: usize, speech: &[Vec<i16>; 2]) -> Script {
    let from = 8_000 * (5 + n % 40);
    let cut = |voice: &[i16]| voice.iter().skip(from).take(8_000 * seconds).copied().collect();
    let [caller_speech, agent_speech] = [cut(&speech[0]), cut(&speech[1])];
    let answer_after = Some(Duration::from_millis(200 + n as u64 % 7 * 100));
    Script { caller_speech, agent_speech, answer_after, seed: n as u64, ..Script::default() }
}

/// `callgist run` and what it says.
struct Daemon {
    child: Child,
    lines: Receiver<Value>,
    kept: usize,
    endings: BTreeMap<String, usize>,
    warnings: BTreeMap<String, usize>,
}

impl Daemon {
    fn start(wanted: &Wanted, folder: &Path, switch: &Switch) -> Daemon {
        let (ears, scripted) = (folder.join("ears"), folder.join("models"));
        std::fs::create_dir(&ears).unwrap();
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), ears.join(EAR)).unwrap();
        scripted::write_model(&scripted.join("vosk-en"));
        let models = wanted.models.as_deref().unwrap_or(&scripted);
        let ear = Ear { models, recogniser: &wanted.recogniser, calls: wanted.at_once };
        let config = settings(folder, switch, &ear);
        shorten(&folder.join("notice.wav"));
        // One ear lives through it all, so that what it keeps is seen.
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("[ears]\n", &format!("[ears]\nrotate_after_calls = {}\n", wanted.calls + 1));
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(&wanted.daemon);
        if wanted.models.is_none() {
            command.env("CALLGIST_EAR_DIR", &ears);
        }
        let mut child = command
            .arg("--config")
            .arg(&config)
            .args(["run", "--log", "json", "--factor", &wanted.factor.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let (endings, warnings) = Default::default();
        let mut daemon = Daemon { child, lines, kept: 0, endings, warnings };
        daemon.until("calls are announced", |line| line["message"] == "calls are announced");
        daemon
    }

    fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("not yet, or never: {what}"));
            if line["step"] == "kept" {
                self.kept += 1;
                let reason = line["reason"].as_str().filter(|reason| !reason.is_empty()).unwrap_or("noted");
                *self.endings.entry(reason.to_owned()).or_default() += 1;
            }
            if line.is_string() || ["WARN", "ERROR"].iter().any(|level| line["level"] == *level) {
                let words = line["message"].as_str().map_or_else(|| line.to_string(), str::to_owned);
                *self.warnings.entry(words).or_default() += 1;
            }
            if fits(&line) {
                return;
            }
        }
    }

    /// Waits until so many calls are kept.
    fn keeps(&mut self, calls: usize) {
        while self.kept < calls {
            self.until("kept", |line| line["step"] == "kept");
        }
    }

    fn look(&self, calls: usize, folder: &Path) -> Look {
        // What ends a call's last step has its turn.
        std::thread::sleep(SETTLES);
        let ears = children(self.child.id());
        let [ear] = ears[..] else { panic!("one ear was expected: {ears:?}") };
        let held = |pid: i32| Held::by(pid).expect("only root is told what these processes hold");
        let size =
            |name: &str| std::fs::metadata(folder.join("store").join(name)).map_or(0, |file| file.len());
        Look {
            calls,
            daemon: held(self.child.id().cast_signed()),
            ear: held(ear),
            database: size("callgist.db"),
        }
    }

    fn faults(&self, calls: usize, looks: &[Look]) -> Vec<String> {
        let mut faults = Vec::new();
        let noted = self.endings.get("noted").copied().unwrap_or(0);
        // Without a recogniser's doubts every call that was heard gets its note.
        if noted * 100 < calls * 95 {
            faults.push(format!("{noted} of {calls} calls got a note"));
        }
        // The first look is at processes that have not yet done anything.
        let (first, last) = (&looks[1.min(looks.len() - 1)], &looks[looks.len() - 1]);
        for (who, first, last) in [("daemon", first.daemon, last.daemon), ("ear", first.ear, last.ear)] {
            if last.files > first.files {
                faults.push(format!("the {who} held {} files, now {}", first.files, last.files));
            }
            if last.threads > first.threads {
                faults.push(format!("the {who} had {} threads, now {}", first.threads, last.threads));
            }
        }
        match udp_sockets(20_000..=20_999) {
            0 => {}
            left => faults.push(format!("{left} sockets for RTP are left")),
        }
        faults
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// About the shortest notice that there may be: nobody listens to it here.
fn shorten(notice: &Path) {
    let mut whole = hound::WavReader::open(notice).unwrap();
    let (spec, samples) =
        (whole.spec(), whole.samples::<i16>().take(20_800).map(Result::unwrap).collect::<Vec<_>>());
    drop(whole);
    let mut short = hound::WavWriter::create(notice, spec).unwrap();
    samples.into_iter().for_each(|sample| short.write_sample(sample).unwrap());
    short.finalize().unwrap();
}

fn report(wanted: &Wanted, looks: &[Look], daemon: &Daemon, seconds: f64) -> Value {
    let settled = &looks[looks.len() / 5 + 1..];
    let grows = |of: &dyn Fn(&Look) -> f64| {
        let points: Vec<_> = settled.iter().map(|look| (look.calls as f64 / 1_000.0, of(look))).collect();
        let (slope, error) = slope(&points);
        let tenth = |number: f64| (number * 10.0).round() / 10.0;
        json!({"first": of(&looks[0]), "last": of(&looks[looks.len() - 1]),
               "per_1000_calls": tenth(slope), "standard_error": tenth(error)})
    };
    let held = |of: &dyn Fn(&Look) -> Held| {
        json!({
            "resident_kb": grows(&|look| of(look).resident_kb),
            "own_kb": grows(&|look| of(look).own_kb),
            "files": grows(&|look| of(look).files as f64),
            "threads": grows(&|look| of(look).threads as f64),
        })
    };
    let course: Vec<Value> = looks
        .iter()
        .map(|look| json!([look.calls, look.daemon.own_kb, look.ear.own_kb, look.database]))
        .collect();
    json!({
        "calls": wanted.calls,
        "at_once": wanted.at_once,
        "talk_s": wanted.seconds,
        "clock_factor": wanted.factor,
        "recogniser": if wanted.models.is_some() { &wanted.recogniser } else { "scripted" },
        "took_s": seconds.round(),
        "endings": daemon.endings,
        "warnings": daemon.warnings,
        "daemon": held(&|look| look.daemon),
        "ear": held(&|look| look.ear),
        "database_bytes": grows(&|look| look.database as f64),
        "rtp_sockets_left": udp_sockets(20_000..=20_999),
        "course_calls_daemon_kb_ear_kb_database": course,
    })
}

/// What the daemon starts.
const EAR: &str = "callgist-ear-vosk";

const SETTLES: Duration = Duration::from_millis(500);

const PATIENCE: Duration = Duration::from_secs(300);

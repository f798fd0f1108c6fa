//! Daemon and ear are killed (SIGKILL) at random moments of calls; whatever they were doing, the database that is left
//! opens and is whole, no row holds half a note, the phone calls go on, and nothing that was said lies on the disk.
//!
//! Twelve kills belong to the tests; `CALLGIST_KILLS=200` makes more, `CALLGIST_KILLS_SEED` draws other moments. Each
//! scene is a switch, a folder and one database, over which daemons are started and killed one after the other, so a
//! daemon always begins with what a killed one left. What the ear hears is speech, and what it recognises a script
//! ([`crate::canary`]), so that the words to look for are certain.

use crate::canary::Canary;
use crate::live::sidecar::{At, models, settings, signal, with_own_ports};
use crate::program::children;
use crate::sought::{SAID, Sought};
use crate::stories::{Stage, seconds};
use callgist::sim::{LiveCall, Script};
use callgist::store::{Clerk, Deed, Filter, Kept, Outcome, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn wherever_daemon_and_ear_are_killed_the_database_is_whole_and_nothing_said_is_on_the_disk() {
    let (kills, seed) = (number("CALLGIST_KILLS", 12), number("CALLGIST_KILLS_SEED", 1));
    let share = usize::try_from(kills).unwrap().div_ceil(SCENES);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let play = |scene: usize| move || Scene::set(seed + scene as u64).plays(share);
        let scenes: Vec<_> = (0..SCENES).map(|scene| scope.spawn(play(scene))).collect();
        scenes.into_iter().map(|scene| scene.join().unwrap()).collect()
    });
    let all = tallies.into_iter().fold(Tally::default(), Tally::with);
    eprintln!("{all}, seed {seed}");
    let killed = |victim: Victim| all.kills.keys().any(|(whom, _)| *whom == victim);
    assert!(killed(Victim::Daemon) && killed(Victim::Ear), "both are to be killed: {all}");
}

/// Whom a kill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Daemon,
    Ear,
}

/// A switch and a database, and the daemon that runs with them now.
struct Scene {
    stage: Stage,
    folder: tempfile::TempDir,
    canary: Canary,
    rng: StdRng,
    tally: Tally,
    /// The whole note of such a call.
    note: Option<String>,
}

impl Scene {
    fn set(seed: u64) -> Scene {
        // Where the notice comes too late on a busy machine, nothing is heard, and the kill tells little.
        let stage = Stage::scripted(|settings| settings.patience = 5);
        let canary = Canary::saying(SAID);
        let folder = tempfile::Builder::new().prefix("callgist-kills-").tempdir().unwrap();
        for made in ["work", "tmp"] {
            fs::create_dir(folder.path().join(made)).unwrap();
        }
        let at = |name: &str| stage.folder.path().join(name);
        let (password_file, notice) = (&at("password"), &at("notice.wav"));
        let at = At { event_socket: stage.switch.event_socket().port(), password_file, notice };
        let text = settings(folder.path(), &at)
            .replace(&models().display().to_string(), &canary.models().display().to_string());
        fs::write(folder.path().join("callgist.toml"), with_own_ports(&text)).unwrap();
        Scene { stage, folder, canary, rng: StdRng::seed_from_u64(seed), tally: Tally::default(), note: None }
    }

    fn plays(mut self, kills: usize) -> Tally {
        let life = self.lives_once();
        for _ in 0..kills {
            self.kills_once(life);
        }
        // What every daemon of this scene wrote, and left behind.
        let sought = Sought::new(&self.stage);
        assert_eq!(sought.below(self.folder.path(), self.note()), Vec::<String>::new());
        let log = fs::read(self.folder.path().join("log")).unwrap();
        assert_eq!(sought.within(&log, ""), None, "not even a note may be in the log");
        for empty in ["work", "tmp"] {
            let left = fs::read_dir(self.folder.path().join(empty)).unwrap().count();
            assert_eq!(left, 0, "something was left in {empty}");
        }
        self.tally.rows_of(&self.rows());
        self.tally
    }

    /// Calls that nobody disturbs: what their note is, and how long they take here and now. On a busy machine a notice
    /// may come too late, as it may for callers; then others are made.
    fn lives_once(&mut self) -> Duration {
        let mut last = String::new();
        for _ in 0..TRIES {
            let (mut daemon, calls) = self.begins();
            let begun = Instant::now();
            daemon.says_step("kept", calls.len());
            let life = begun.elapsed();
            for call in calls {
                self.stage.ended(call);
            }
            let warnings = daemon.warnings();
            daemon.stops();
            self.note = self.rows().iter().find_map(|kept| text(&kept.call.outcome));
            if self.note.is_some() {
                self.looks();
                return life;
            }
            last = warnings;
        }
        panic!("no undisturbed call got a note to compare with: {last}")
    }

    /// A daemon, and two calls that it follows.
    fn begins(&mut self) -> (Daemon, [LiveCall; 2]) {
        let daemon = Daemon::start(self.folder.path(), &self.canary);
        daemon.says("calls are announced", 1);
        (daemon, [self.call(), self.call()])
    }

    /// One daemon, two calls, one kill.
    fn kills_once(&mut self, life: Duration) {
        let (mut daemon, calls) = self.begins();
        std::thread::sleep(self.moment(life));
        let victim = if self.rng.random_bool(0.5) { Victim::Daemon } else { Victim::Ear };
        let ears = children(daemon.child.id());
        match victim {
            Victim::Daemon => daemon.is_killed(&ears),
            Victim::Ear => ears.iter().for_each(|ear| signal(*ear, Signal::KILL)),
        }
        *self.tally.kills.entry((victim, daemon.last_step())).or_default() += 1;
        for call in calls {
            let report = self.stage.ended(call);
            assert_eq!(report.cause, "NORMAL_CLEARING", "{report:?}");
        }
        if victim == Victim::Ear {
            daemon.says_step("kept", 2);
            daemon.stops();
        }
        self.looks();
    }

    /// Somebody talks for some seconds, and hangs up.
    fn call(&mut self) -> LiveCall {
        let answer_after = Some(Duration::from_millis(self.rng.random_range(100..2_000)));
        // Both say the same, one after the other: which turn came first would make another note.
        let speech = self.stage.speech(TALK);
        let mut agent_speech = vec![0; (TALK + 1) * 8_000];
        agent_speech.extend(&speech.caller_speech);
        self.stage.call(Script { answer_after, agent_speech, ..speech })
    }

    /// When the kill comes: anywhere in the calls' life, and as often about their ends, where notes are made and kept.
    fn moment(&mut self, life: Duration) -> Duration {
        let share = if self.rng.random_bool(0.5) { 0.0..1.0 } else { 0.75..1.05 };
        life.mul_f64(self.rng.random_range(share))
    }

    /// The database as it was left: first its bytes with the write-ahead log, then what SQLite and the log say of it.
    fn looks(&self) {
        let store = self.folder.path().join("store");
        assert_eq!(Sought::new(&self.stage).below(&store, self.note()), Vec::<String>::new());
        drop(Store::open(&self.database()).unwrap());
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        let says = |ask: &str| connection.query_row(ask, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(says("PRAGMA integrity_check"), "ok");
        let broken: i64 = connection
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(broken, 0);
        self.each_row_stands_whole_beside_its_entry_in_the_log();
    }

    /// A note, its topics and its entry in the log are kept together or not at all.
    fn each_row_stands_whole_beside_its_entry_in_the_log(&self) {
        let clerk = Clerk::open(&self.database()).unwrap();
        assert_eq!(clerk.verify_log(None).unwrap().faults, vec![]);
        let told = |deed: Deed| -> BTreeSet<String> {
            let log = clerk.whole_log().unwrap().into_iter();
            log.filter(|entry| entry.deed == deed.word()).filter_map(|entry| entry.call).collect()
        };
        let (mut noted, mut refused) = (BTreeSet::new(), BTreeSet::new());
        for kept in self.rows() {
            match kept.call.outcome {
                Outcome::Noted(summary) => {
                    assert_eq!(Some(&summary.text), self.note.as_ref());
                    assert!(!summary.topics.words().is_empty());
                    noted.insert(kept.call.id.to_string());
                }
                Outcome::NotNoted(_) => drop(refused.insert(kept.call.id.to_string())),
            }
        }
        assert_eq!(told(Deed::NoteKept), noted);
        assert_eq!(told(Deed::NoteRefused), refused);
    }

    /// The words of whole notes are kept on purpose, also where they were said beside a canary; a part of one is found.
    fn note(&self) -> &str {
        self.note.as_deref().unwrap_or_default()
    }

    fn rows(&self) -> Vec<Kept> {
        let everything = Filter { limit: 10_000, ..Filter::default() };
        Clerk::open(&self.database()).unwrap().calls(&everything).unwrap()
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("store/callgist.db")
    }
}

/// `callgist run`; everything that it says goes into one file for all of a scene's daemons.
struct Daemon {
    child: Child,
    log: PathBuf,
    /// Where its own lines begin.
    from: usize,
}

impl Daemon {
    fn start(folder: &Path, canary: &Canary) -> Daemon {
        let log = folder.join("log");
        let file = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let from = file.metadata().unwrap().len() as usize;
        let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
        command.arg("--config").arg(folder.join("callgist.toml")).args(["run", "--log", "json"]);
        let child = canary
            .hears(&mut command)
            .env("CALLGIST_LOG", "trace")
            .env("TMPDIR", folder.join("tmp"))
            .current_dir(folder.join("work"))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Daemon { child, log, from }
    }

    fn lines(&self) -> Vec<Value> {
        let bytes = fs::read(&self.log).unwrap();
        let own = String::from_utf8_lossy(&bytes[self.from..]).into_owned();
        own.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    #[track_caller]
    fn says(&self, message: &str, times: usize) {
        self.tells(times, |line| line["message"] == message);
    }

    #[track_caller]
    fn says_step(&self, step: &str, times: usize) {
        self.tells(times, |line| line["step"] == step);
    }

    #[track_caller]
    fn tells(&self, times: usize, fits: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        while self.lines().iter().filter(|line| fits(line)).count() < times {
            let log = || fs::read_to_string(&self.log).unwrap();
            assert!(begun.elapsed() < PATIENCE, "it was not said {times} times: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a person should look at.
    fn warnings(&self) -> String {
        let told = self.lines().into_iter();
        told.filter(|line| line["level"] == "WARN" || line["level"] == "ERROR")
            .map(|line| format!("{line}\n"))
            .collect()
    }

    /// What it was doing.
    fn last_step(&self) -> String {
        let lines = self.lines();
        let mut steps = lines.iter().filter_map(|line| line["step"].as_str());
        steps.rfind(|step| *step != "hearing").unwrap_or("before a call").to_owned()
    }

    /// Its ears end by themselves when they have lost it.
    fn is_killed(&mut self, ears: &[i32]) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let begun = Instant::now();
        while ears.iter().any(|ear| lives(*ear)) {
            assert!(begun.elapsed() < seconds(20), "an ear outlives its daemon");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stops(&mut self) {
        signal(self.child.id().cast_signed(), Signal::TERM);
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was killed when, and what became of the calls.
#[derive(Debug, Default)]
struct Tally {
    kills: BTreeMap<(Victim, String), usize>,
    rows: BTreeMap<String, usize>,
}

impl Tally {
    fn rows_of(&mut self, rows: &[Kept]) {
        for kept in rows {
            let outcome = match &kept.call.outcome {
                Outcome::Noted(_) => "note",
                Outcome::NotNoted(reason) => reason.word(),
            };
            *self.rows.entry(outcome.to_owned()).or_default() += 1;
        }
    }

    fn with(mut self, other: Tally) -> Tally {
        other.kills.into_iter().for_each(|(kind, count)| *self.kills.entry(kind).or_default() += count);
        other.rows.into_iter().for_each(|(kind, count)| *self.rows.entry(kind).or_default() += count);
        self
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kills: usize = self.kills.values().sum();
        write!(f, "{kills} kills:")?;
        for ((victim, step), count) in &self.kills {
            write!(f, " {victim:?} after \"{step}\" {count},")?;
        }
        write!(f, " the rows of their calls: {:?}", self.rows)
    }
}

fn text(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Noted(summary) => Some(summary.text.clone()),
        Outcome::NotNoted(_) => None,
    }
}

/// One that nobody has asked for yet is dead all the same.
pub(crate) fn lives(process: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains("zombie"))
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Scenes that play at once: each mostly waits.
const SCENES: usize = 2;

/// How often undisturbed calls are made until one has a note.
const TRIES: usize = 5;

/// Seconds that both talk.
const TALK: usize = 4;

/// On a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

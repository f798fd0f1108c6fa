//! Canaries: whole calls at TRACE in which known words, a known number and known samples are heard, through every way
//! in which a call can end; then they are looked for in the log, on standard output, in the database byte by byte, in
//! temporary and working folders, and in all that either process ever wrote, sent or named to the kernel. Of core files the
//! kernel is asked while both run: where they go is this machine's to say, and may be a pipe.
//!
//! What the ear "recognises" is a script ([`crate::canary`]), so that the words are certain; what it hears is speech.

use crate::canary::Canary;
use crate::live::sidecar::{At, models, settings, signal};
use crate::program::children;
use crate::roles;
use crate::sought::{SAID, Sought};
use crate::stories::{Stage, goes_on, seconds, with};
use callgist::call::Party;
use callgist::cli::prove::dumpable::{Dumpable, dumpable};
use callgist::daemon;
use callgist::sandbox::MAY_BE_DUMPED;
use callgist::sim::{Act, Script, When};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[test]
fn a_call_with_a_note_leaves_the_note_and_nothing_else() {
    let mut scene = Scene::set(SAID);
    let call = scene.stage.call(scene.stage.talk(4));
    let row = scene.kept();
    assert!(row["heard"]["words"].as_u64().unwrap() > 20, "{row}");
    goes_on(&scene.stage.ended(call), 4);
    scene.ends_clean();
}

#[test]
fn an_objection_by_key_leaves_nothing() {
    let mut scene = Scene::set(SAID);
    let call = scene.stage.call(scene.stage.talk(6));
    scene.step("forked");
    std::thread::sleep(seconds(2));
    call.act(Act::Keys(Party::Caller, "*9".into()));
    let row = scene.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    scene.stage.ended(call);
    scene.ends_clean();
}

#[test]
fn a_spoken_objection_leaves_nothing() {
    let mut scene = Scene::set(&format!("{SAID} Stop, I object, please do not make a summary of this call."));
    let call = scene.stage.call(scene.stage.talk(4));
    let row = scene.kept();
    assert!(row["no_summary_reason"].as_str().unwrap().starts_with("objection"), "{row}");
    scene.stage.ended(call);
    scene.ends_clean();
}

#[test]
fn a_hang_up_during_the_notice_leaves_nothing() {
    let mut scene = Scene::set(SAID);
    let call = scene.stage.call(Script {
        caller_before: scene.stage.caller[..40_000].to_vec(),
        ..with(When::Noticed(seconds(1)), Act::HangUp(Party::Caller))
    });
    let row = scene.kept();
    assert_eq!(
        (&row["no_summary_reason"], &row["heard"]),
        (&"notice_incomplete".into(), &Value::Null),
        "{row}"
    );
    scene.stage.ended(call);
    scene.ends_clean();
}

#[test]
fn a_recogniser_that_fails_leaves_nothing() {
    ends_without_a_note(&format!("{SAID} FAIL"));
}

#[test]
fn a_panic_that_quotes_what_was_said_leaves_nothing() {
    ends_without_a_note(&format!("{SAID} PANIC"));
}

fn ends_without_a_note(script: &str) {
    let mut scene = Scene::set(script);
    let call = scene.stage.call(scene.stage.talk(4));
    let row = scene.kept();
    assert_eq!(row["no_summary_reason"], "engine_failed", "{row}");
    goes_on(&scene.stage.ended(call), 4);
    scene.ends_clean();
}

#[test]
fn an_ear_that_is_killed_leaves_nothing() {
    let mut scene = Scene::set(SAID);
    let call = scene.stage.call(scene.stage.talk(5));
    scene.step("forked");
    std::thread::sleep(seconds(2));
    signal(scene.ear(), Signal::KILL);
    let row = scene.kept();
    assert_eq!(row["no_summary_reason"], "engine_failed", "{row}");
    goes_on(&scene.stage.ended(call), 5);
    scene.ends_clean();
}

#[test]
fn a_daemon_that_is_killed_leaves_nothing_and_a_whole_database() {
    let mut scene = Scene::set(SAID);
    let call = scene.stage.call(scene.stage.talk(5));
    scene.step("forked");
    std::thread::sleep(seconds(2));
    signal(scene.daemon(), Signal::KILL);
    goes_on(&scene.stage.ended(call), 5);
    scene.ends_clean();
}

#[test]
fn a_database_that_takes_nothing_more_leaves_nothing() {
    let mut scene = Scene::set(SAID);
    let call = scene.stage.call(scene.stage.talk(4));
    scene.step("forked");
    // No file of the daemon's may grow beyond one page any more: every write to the database fails.
    let full = Rlimit { current: Some(4_096), maximum: Some(4_096) };
    prlimit(Pid::from_raw(scene.daemon()), Resource::Fsize, full).unwrap();
    scene.until(|line| line["message"] == "a row could not be stored");
    goes_on(&scene.stage.ended(call), 4);
    scene.ends_clean();
}

/// The daemon's own hook, in a process of its own: nothing can make the daemon panic from outside, and nothing should.
#[test]
fn a_fault_of_the_daemons_own_tells_its_place_and_not_what_was_at_hand() {
    let played = roles::play("faulty").output().unwrap();
    let said = String::from_utf8([played.stdout, played.stderr].concat()).unwrap();
    assert!(said.contains("callgist has a fault") && said.contains("privacy.rs"), "{said}");
    let all = said.to_lowercase();
    assert!(!all.contains("quokka") && !all.contains("panicked at"), "{said}");
    let main = fs::read_to_string("src/main.rs").unwrap();
    let first = main.split("fn main()").nth(1).unwrap().lines().nth(1).unwrap().trim();
    assert_eq!(first, "std::panic::set_hook(Box::new(callgist::daemon::panicked));");
}

/// Role: a process with the daemon's hook and its log at TRACE, in which a thread panics with what was said.
pub fn faulty() -> u8 {
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::stderr)
        .init();
    std::panic::set_hook(Box::new(daemon::panicked));
    let fault = std::thread::spawn(|| panic!("a message that quotes what was said: zyzzyva quokka"));
    u8::from(fault.join().is_ok())
}

// ---------------------------------------------------------------- the scene

/// The stage, with `callgist run` under `strace` beside it, and an ear that follows a script.
struct Scene {
    stage: Stage,
    traced: Child,
    lines: Receiver<Value>,
    reading: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
    _canary: Canary,
}

impl Scene {
    fn set(script: &str) -> Scene {
        let stage = Stage::set();
        let canary = Canary::saying(script);
        let folder = tempfile::Builder::new().prefix("callgist-privacy-").tempdir().unwrap();
        let [work, temp] = ["work", "tmp"].map(|name| folder.path().join(name));
        fs::create_dir(&work).unwrap();
        fs::create_dir(&temp).unwrap();
        let at = |name: &str| stage.folder.path().join(name);
        let (password_file, notice) = (&at("password"), &at("notice.wav"));
        let at = At { event_socket: stage.switch.event_socket().port(), password_file, notice };
        let text = settings(folder.path(), &at)
            .replace(&models().display().to_string(), &canary.models().display().to_string());
        let config = folder.path().join("callgist.toml");
        fs::write(&config, text).unwrap();
        let (traced, lines, reading) = start(&canary, &config, folder.path());
        let mut scene = Scene { stage, traced, lines, reading: Some(reading), folder, _canary: canary };
        scene.until(|line| line["message"] == "calls are announced");
        scene.leaves_no_core();
        scene
    }

    /// While they run: the kernel writes no core file of either process, wherever it would put it.
    #[track_caller]
    fn leaves_no_core(&self) {
        for process in [self.daemon(), self.ear()].map(i32::unsigned_abs) {
            let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
            let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
            assert_eq!(core.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
            let expected = if MAY_BE_DUMPED.is_none() { Dumpable::No } else { Dumpable::Yes };
            assert_eq!(dumpable(process), Some(expected));
        }
    }

    #[track_caller]
    fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let line =
                self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("it did not come: {}", self.log()));
            if fits(&line) {
                return line;
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    #[track_caller]
    fn step(&mut self, step: &str) -> Value {
        self.until(|line| line["step"] == step)
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("store/callgist.db")
    }

    #[track_caller]
    fn kept(&mut self) -> Value {
        let id = self.step("kept")["id"].as_str().unwrap().to_owned();
        let shown = callgist(&["calls", "show", &id, "--json"], &self.database());
        serde_json::from_slice(&shown).unwrap()
    }

    fn daemon(&self) -> i32 {
        children(self.traced.id())[0]
    }

    fn ear(&self) -> i32 {
        children(self.daemon().unsigned_abs())[0]
    }

    /// Ends it, and looks everywhere.
    #[track_caller]
    fn ends_clean(mut self) {
        if let Some(daemon) = children(self.traced.id()).first() {
            signal(*daemon, Signal::TERM);
        }
        self.traced.wait().unwrap();
        self.reading.take().unwrap().join().unwrap();
        let folder = self.folder.path();
        // Both processes were followed, and what they wrote was seen.
        let trace = fs::read_to_string(folder.join("trace")).unwrap();
        for seen in ["pwrite64(", "sendto(3<UNIX:[", "openat("] {
            assert!(trace.contains(seen), "the trace shows no {seen}");
        }
        let notes = self.notes();
        let sought = Sought::new(&self.stage);
        assert_eq!(sought.below(folder, &notes), Vec::<String>::new());
        for empty in ["work", "tmp"] {
            let left = fs::read_dir(folder.join(empty)).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(left.collect::<Vec<_>>(), [""; 0], "something was left in {empty}");
        }
        let log = self.log();
        assert!(log.contains("\"level\":\"TRACE\""), "{log}");
    }

    /// The texts of all notes: they are kept on purpose.
    fn notes(&self) -> String {
        let listed = callgist(&["calls", "list", "--json"], &self.database());
        let listed: Value =
            serde_json::from_slice(&listed).unwrap_or_else(|_| panic!("no list: {}", self.log()));
        let calls = listed["calls"].as_array().unwrap();
        calls
            .iter()
            .filter_map(|call| call["summary"]["text"].as_str().or(call["summary"].as_str()))
            .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for process in children(self.traced.id()) {
            signal(process, Signal::KILL);
        }
        let _ = self.traced.kill();
        let _ = self.traced.wait();
    }
}

fn callgist(arguments: &[&str], database: &Path) -> Vec<u8> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_callgist"));
    program.args(arguments).arg("--database").arg(database).output().unwrap().stdout
}

/// Starts it so that a write beyond a limit is an error and not its death, and every write of both is traced.
fn start(canary: &Canary, config: &Path, folder: &Path) -> (Child, Receiver<Value>, JoinHandle<()>) {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-xx", "-yy", "-s", "65536", "-e", TRACED, "-o"]).arg(folder.join("trace"));
    command.args(["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_callgist")).arg("--config").arg(config).args(["run", "--log", "json"]);
    canary.hears(&mut command);
    let mut traced = command
        .env("CALLGIST_LOG", "trace")
        .env("TMPDIR", folder.join("tmp"))
        .current_dir(folder.join("work"))
        .stdin(Stdio::null())
        .stdout(fs::File::create(folder.join("stdout")).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(traced.stderr.take().unwrap());
    let mut log = fs::File::create(folder.join("log")).unwrap();
    let (sender, lines) = channel();
    let reading = std::thread::spawn(move || {
        for line in said.lines().map_while(Result::ok) {
            use std::io::Write;
            writeln!(log, "{line}").unwrap();
            if let Ok(value) = serde_json::from_str(&line) {
                // A scene that is over reads no more, and its log is still written.
                let _ = sender.send(value);
            }
        }
    });
    (traced, lines, reading)
}

/// What carries bytes, and what carries a name, which can be words too: of files (opened, made, linked, renamed, looked
/// at), of their attributes, of memory, of keys, of threads.
const TRACED: &str = "trace=%file,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,setxattr,lsetxattr,\
                      fsetxattr,memfd_create,shmget,msgsnd,mq_open,mq_timedsend,add_key,request_key,prctl,sethostname,\
                      connect,bind";

/// On a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

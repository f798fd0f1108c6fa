//! `callgist run` beside that switch, as a process of its own; its log is read line by line.

use super::switch::FreeSwitch;
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct Sidecar {
    child: Child,
    folder: TempDir,
    lines: Receiver<Value>,
    /// Every line so far.
    seen: Vec<Value>,
}

impl Sidecar {
    /// Starts it, and waits until calls are announced.
    pub fn start(switch: &FreeSwitch) -> Sidecar {
        Sidecar::with(switch, "")
    }

    /// Starts it with more settings, which follow those of the line `main`.
    pub fn with(switch: &FreeSwitch, more: &str) -> Sidecar {
        let notice = fs::canonicalize("sounds/en/8000/notice.wav").unwrap();
        let password_file = &switch.password_file();
        Sidecar::beside(&At { event_socket: switch.event_socket, password_file, notice: &notice }, more)
    }

    /// The same beside any switch.
    pub fn beside(at: &At<'_>, more: &str) -> Sidecar {
        let folder = tempfile::Builder::new().prefix("callgist-live-").tempdir().unwrap();
        let config = folder.path().join("callgist.toml");
        fs::write(&config, settings(folder.path(), at) + more).unwrap();
        let (child, lines) = run(&config);
        let mut sidecar = Sidecar { child, folder, lines, seen: Vec::new() };
        sidecar.announcing();
        sidecar
    }

    /// Starts it again, with the same settings, after it was killed.
    pub fn again(&mut self) {
        (self.child, self.lines) = run(&self.folder.path().join("callgist.toml"));
    }

    pub fn announcing(&mut self) {
        self.until("announcing", READY_WITHIN, |line| line["message"] == "calls are announced");
    }

    /// Waits for the next line of its log that fits.
    #[track_caller]
    pub fn until(&mut self, what: &str, within: Duration, fits: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            match self.lines.recv_timeout(within.saturating_sub(begun.elapsed())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if fits(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("not {what} within {within:?}:\n{}", self.log()),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before it was {what}:\n{}", self.log())
                }
            }
        }
    }

    fn log(&self) -> String {
        self.seen.iter().map(|line| format!("{line}\n")).collect()
    }

    #[track_caller]
    pub fn step(&mut self, step: &str) -> Value {
        self.until(step, PATIENCE, |line| line["step"] == step)
    }

    /// Whether the call that comes now gets its notice, told when that is over or the call is kept without it.
    #[track_caller]
    pub fn announces(&mut self) -> bool {
        let told = |line: &Value| line["step"] == "announced" || line["step"] == "kept";
        self.until("announced", PATIENCE, told)["step"] == "announced"
    }

    /// Waits until the call is kept; its row as `calls show` prints it.
    #[track_caller]
    pub fn kept(&mut self) -> Value {
        let id = self.step("kept")["id"].as_str().unwrap().to_owned();
        let shown = Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args(["calls", "show", &id, "--json", "--database"])
            .arg(self.folder.path().join("store/callgist.db"))
            .output()
            .unwrap();
        serde_json::from_slice(&shown.stdout).unwrap()
    }

    /// How many calls are kept.
    pub fn rows(&self) -> usize {
        let listed = Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args(["calls", "list", "--json", "--database"])
            .arg(self.folder.path().join("store/callgist.db"))
            .output()
            .unwrap();
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed["calls"].as_array().unwrap().len()
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) {
        assert!(self.child.wait().unwrap().success());
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn ask_to_stop(&self) {
        signal(self.child.id().cast_signed(), Signal::TERM);
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) {
        self.ask_to_stop();
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills the process that hears.
    pub fn kill_the_ear(&self) {
        let ears = children(self.child.id());
        assert_eq!(ears.len(), 1, "one ear was expected: {ears:?}");
        signal(ears[0], Signal::KILL);
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(process: i32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
}

pub fn children(parent: u32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let listed = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    listed
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Its process, and every line of its log as it comes.
fn run(config: &Path) -> (Child, Receiver<Value>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .arg("--config")
        .arg(config)
        .args(["run", "--log", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            // What is no JSON is a sentence for people, said when it cannot start.
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if sender.send(value).is_err() {
                return;
            }
        }
    });
    (child, lines)
}

/// Where its switch and its notice are.
pub struct At<'a> {
    pub event_socket: u16,
    pub password_file: &'a Path,
    pub notice: &'a Path,
}

pub fn settings(folder: &Path, at: &At<'_>) -> String {
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let At { event_socket: port, password_file: secret, notice } = at;
    format!(
        "[switch]\nport = {port}\npassword_file = \"{secret}\"\n\
         [sip]\nlisten = \"{sip}\"\nfirst_rtp_port = 33000\nlast_rtp_port = 33019\n\
         [store]\ndatabase = \"{folder}/store/callgist.db\"\n\
         [ears]\nmodels = \"{models}\"\n\
         [[line]]\nname = \"main\"\nnumber = \"+{number}\"\ncountry_code = \"352\"\nlanguage = \"en\"\n\
         recogniser = \"whisper\"\nnotice = \"{notice}\"\nnotice_version = \"live\"\n",
        secret = secret.display(),
        folder = folder.display(),
        models = models().display(),
        number = super::NUMBER,
        notice = notice.display(),
    )
}

/// Where `make` puts the models, unless the environment names another folder.
pub fn models() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CALLGIST_MODELS")
        .or_else(|| set("CALLGIST_CACHE"))
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("callgist")))
        .or_else(|| Some(set("HOME")?.join(".cache/callgist")))
        .expect("a folder with the models")
}

/// Loading a model and warming up take a few seconds on a machine that is not busy.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// The longest talk lasts a minute; on a busy machine recognising the rest takes several.
const PATIENCE: Duration = Duration::from_secs(600);

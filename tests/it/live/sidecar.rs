//! `callgist run` beside that switch, as a process of its own; its log is read line by line.

use super::switch::FreeSwitch;
use crate::canary::Canary;
use crate::program::{children, started};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct Sidecar {
    child: Child,
    folder: TempDir,
    lines: Receiver<Value>,
    /// Every line so far.
    seen: Vec<Value>,
    /// Where its ears' programs are, if they are not ours.
    ears: Option<PathBuf>,
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
        Sidecar::beside(
            &At { event_socket: switch.event_socket, password_file, notice: &notice },
            |settings| settings + more,
        )
    }

    /// The same beside any switch; `change` may change its settings.
    pub fn beside(at: &At<'_>, change: impl FnOnce(String) -> String) -> Sidecar {
        let folder = tempfile::Builder::new().prefix("callgist-live-").tempdir().unwrap();
        let config = folder.path().join("callgist.toml");
        fs::write(&config, change(settings(folder.path(), at))).unwrap();
        let (child, lines) = run(PROGRAM.as_ref(), &config, None);
        let mut sidecar = Sidecar { child, folder, lines, seen: Vec::new(), ears: None };
        sidecar.announcing();
        sidecar
    }

    /// One with settings that are there already. It is waited for.
    pub fn of(config: &Path) -> Sidecar {
        let folder = tempfile::Builder::new().prefix("callgist-live-").tempdir().unwrap();
        let (child, lines) = run(PROGRAM.as_ref(), config, None);
        let mut sidecar = Sidecar { child, folder, lines, seen: Vec::new(), ears: None };
        sidecar.announcing();
        sidecar
    }

    /// One whose ear follows a script; `change` may change its settings. It is not waited for.
    pub fn scripted(at: &At<'_>, change: impl Fn(String) -> String) -> Sidecar {
        let folder = tempfile::Builder::new().prefix("callgist-scripted-").tempdir().unwrap();
        let (ears, models) = (folder.path().join("ears"), folder.path().join("models"));
        fs::create_dir(&ears).unwrap();
        crate::roles::program(&ears, "callgist-ear-vosk");
        crate::scripted::write_model(&models.join("vosk-en"));
        let settings = settings(folder.path(), at)
            .replace(&format!("\"{}\"", self::models().display()), &format!("\"{}\"", models.display()))
            .replace("\"whisper\"", "\"vosk\"");
        let settings = with_own_ports(&settings);
        let config = folder.path().join("callgist.toml");
        fs::write(&config, change(settings)).unwrap();
        let (child, lines) = run(PROGRAM.as_ref(), &config, Some(&ears));
        Sidecar { child, folder, lines, seen: Vec::new(), ears: Some(ears) }
    }

    /// One with room for many calls, whose ear recognises the words of a script, announcing.
    pub fn canary(at: &At<'_>, canary: &Canary) -> Sidecar {
        Sidecar::canary_with(at, canary, |settings| settings)
    }

    /// The same; `change` may change its settings.
    pub fn canary_with(at: &At<'_>, canary: &Canary, change: impl FnOnce(String) -> String) -> Sidecar {
        let folder = tempfile::Builder::new().prefix("callgist-canary-").tempdir().unwrap();
        let ears = canary.models().to_owned();
        let settings = settings(folder.path(), at)
            .replace(&format!("\"{}\"", self::models().display()), &format!("\"{}\"", ears.display()))
            .replace("[ears]", "[ears]\nmax_calls = 40");
        let settings = with_ports_for(40, &settings);
        let config = folder.path().join("callgist.toml");
        fs::write(&config, change(settings)).unwrap();
        let (child, lines) = run(PROGRAM.as_ref(), &config, Some(&ears));
        let mut sidecar = Sidecar { child, folder, lines, seen: Vec::new(), ears: Some(ears) };
        sidecar.announcing();
        sidecar
    }

    /// A file of its own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// The processes that hear.
    pub fn ears(&self) -> Vec<i32> {
        children(self.child.id())
    }

    /// How many lines of its log so far have that message.
    pub fn said(&mut self, message: &str) -> usize {
        self.seen.extend(self.lines.try_iter());
        self.seen.iter().filter(|line| line["message"] == message).count()
    }

    /// Waits for the next line with that message.
    #[track_caller]
    pub fn says(&mut self, message: &str) -> Value {
        self.until(message, self.patience(), |line| line["message"] == message)
    }

    /// How it ended, and the last that it said.
    pub fn exit(&mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        while let Ok(line) = self.lines.recv() {
            self.seen.push(line);
        }
        (code, self.log())
    }

    /// Starts it again, with the same settings, after it was killed.
    pub fn again(&mut self) {
        self.again_as(PROGRAM.as_ref());
    }

    /// The same, from another file.
    pub fn again_as(&mut self, program: &Path) {
        let config = self.folder.path().join("callgist.toml");
        (self.child, self.lines) = run(program, &config, self.ears.as_deref());
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

    /// An ear that follows a script is never late.
    fn patience(&self) -> Duration {
        if self.ears.is_some() { Duration::from_secs(60) } else { PATIENCE }
    }

    /// All that it has said, a line each.
    pub fn log(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.iter().map(|line| format!("{line}\n")).collect()
    }

    #[track_caller]
    pub fn step(&mut self, step: &str) -> Value {
        self.until(step, self.patience(), |line| line["step"] == step)
    }

    /// Waits for a line of its log with that step, or finds that there was one.
    #[track_caller]
    pub fn has(&mut self, step: &str) {
        if !self.seen.iter().any(|line| line["step"] == step) {
            self.step(step);
        }
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
        let row = serde_json::from_slice(&shown.stdout).unwrap();
        crate::table::row(&row);
        row
    }

    /// The rows with that reason: every call is counted so.
    pub fn counted(&self, reason: &str) -> usize {
        self.list().iter().filter(|row| row["no_summary_reason"] == reason).count()
    }

    /// What another command says of the same database, as JSON lines.
    #[track_caller]
    pub fn ask(&self, words: &[&str]) -> Vec<Value> {
        let told = Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args(words)
            .args(["--json", "--database"])
            .arg(self.folder.path().join("store/callgist.db"))
            .output()
            .unwrap();
        assert!(told.status.success(), "{words:?}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What the content-free log tells of a call.
    pub fn deeds(&self, call: &Value) -> Vec<Value> {
        self.ask(&["log", "export"]).into_iter().filter(|entry| entry["call"] == *call).collect()
    }

    /// How many calls are kept.
    pub fn rows(&self) -> usize {
        self.list().len()
    }

    fn list(&self) -> Vec<Value> {
        let listed = Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args(["calls", "list", "--json", "--database"])
            .arg(self.folder.path().join("store/callgist.db"))
            .output()
            .unwrap();
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed["calls"].as_array().unwrap().clone()
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

/// Its process, and every line of its log as it comes.
fn run(program: &Path, config: &Path, ears: Option<&Path>) -> (Child, Receiver<Value>) {
    let (child, log) = started(program, config, ears);
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in log.map_while(Result::ok) {
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
         recogniser = \"whisper\"\nnotice = \"{notice}\"\nnotice_version = \"live\"\nmode = \"notice\"\n\
         basis = \"legitimate_interest\"\nkeep_notes_days = 90\ncontact = \"privacy@example.com\"\n",
        secret = secret.display(),
        folder = folder.display(),
        models = models().display(),
        number = super::NUMBER,
        notice = notice.display(),
    )
}

/// The same settings with a line that asks for consent.
pub fn asking(settings: &str, question: &Path) -> String {
    let asks = format!("mode = \"consent\"\nquestion = \"{}\"", question.display());
    settings.replace("mode = \"notice\"", &asks).replace("\"legitimate_interest\"", "\"consent\"")
}

/// The same settings with ports for RTP that no other sidecar of these tests has.
pub fn with_own_ports(settings: &str) -> String {
    with_ports_for(CALLS, settings)
}

/// The same settings as they were before they were given ports of their own.
pub fn unported(settings: &str) -> String {
    let lines = settings.lines().map(|line| match line.split_once(" = ") {
        Some(("first_rtp_port", _)) => "first_rtp_port = 33000",
        Some(("last_rtp_port", _)) => "last_rtp_port = 33019",
        _ => line,
    });
    lines.map(|line| [line, "\n"].concat()).collect()
}

/// RTP takes two even ports for a call.
pub fn with_ports_for(calls: usize, settings: &str) -> String {
    let ports = calls as u16 * 4;
    let first = PORTS.fetch_add(ports, Ordering::Relaxed);
    settings.replace("33000", &first.to_string()).replace("33019", &(first + ports - 1).to_string())
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

const PROGRAM: &str = env!("CARGO_BIN_EXE_callgist");

/// Ports for RTP that no other sidecar of these tests has.
static PORTS: AtomicU16 = AtomicU16::new(34_000);

/// As many have room at once as any test but those of a load needs.
const CALLS: usize = 10;

/// Loading a model and warming up take a few seconds on a machine that is not busy.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// The longest talk lasts a minute; on a busy machine recognising the rest takes several.
const PATIENCE: Duration = Duration::from_secs(600);

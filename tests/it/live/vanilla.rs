//! What a new administrator does on a vanilla FreeSWITCH: `callgist init`, the commands that it prints, `doctor`, and a
//! whole call.

use super::sidecar::{Sidecar, models};
use super::switch::FreeSwitch;
use crate::turn::Turn;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

#[test]
fn on_a_vanilla_switch_the_commands_that_init_prints_lead_to_a_whole_call_that_doctor_finds_good() {
    let _turn = Turn::alone();
    let Some(switch) = FreeSwitch::vanilla() else { return };
    let desk = Desk::new(&switch);
    let told = desk.init();
    let advice = told["advice"].as_array().unwrap();
    assert!(advice.len() == 1 && advice[0].as_str().unwrap().contains("ClueCon"), "{told:#}");
    // The last of them is doctor's.
    let commands = told["commands"].as_array().unwrap();
    commands.iter().for_each(|command| desk.types(command.as_str().unwrap()));
    let _callgist = Sidecar::of(&desk.config());
    let found = desk.callgist(&["doctor", "--call", "--json"]);
    for finding in found["findings"].as_array().unwrap() {
        eprintln!("{}  {}: {}", finding["state"], finding["what"], finding["says"]);
        let may_warn =
            finding["state"] == "warning" && NOT_THE_SWITCHS.iter().any(|what| finding["what"] == *what);
        assert!(finding["state"] == "good" || may_warn, "{finding}");
    }
    for what in ["test call to main", "key of main"] {
        let calls = found["findings"].as_array().unwrap().iter().filter(|found| found["what"] == what);
        assert_eq!(calls.count(), 1, "{found:#}");
    }
}

/// No texts were published, and what the machine of a test cannot restrict is not to be mended here.
const NOT_THE_SWITCHS: [&str; 6] = [
    "texts of main",
    "kernel",
    "locked memory",
    "legal basis of main",
    "who answers for main",
    "permission to process speech on main",
];

/// Where the administrator sits: a folder for what `init` writes, and the programs at hand.
struct Desk<'a> {
    switch: &'a FreeSwitch,
    folder: TempDir,
}

impl Desk<'_> {
    fn new(switch: &FreeSwitch) -> Desk<'_> {
        Desk { switch, folder: tempfile::Builder::new().prefix("callgist-desk-").tempdir().unwrap() }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("etc/callgist.toml")
    }

    fn init(&self) -> Value {
        let event_socket = format!("127.0.0.1:{}", self.switch.event_socket);
        let sounds = std::fs::canonicalize("sounds").unwrap();
        let database = self.folder.path().join("store/callgist.db");
        let shown = |path: &Path| path.display().to_string();
        let (conf, sounds, models) = (shown(&self.switch.conf()), shown(&sounds), shown(&models()));
        self.callgist(&[
            "init",
            "--json",
            "--number",
            "+352260000",
            "--language",
            "en",
            "--contact",
            "privacy@example.com",
            "--basis",
            "legitimate_interest",
            "--event-socket",
            &event_socket,
            "--conf-dir",
            &conf,
            "--sounds",
            &sounds,
            "--models",
            &models,
            "--database",
            &shown(&database),
        ])
    }

    /// What a command says as JSON, which must end well.
    #[track_caller]
    fn callgist(&self, words: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
        let told =
            command.arg("--config").arg(self.config()).args(words).stdin(Stdio::null()).output().unwrap();
        let told_json = serde_json::from_slice(&told.stdout);
        told_json.unwrap_or_else(|_| panic!("{words:?}: {}", String::from_utf8_lossy(&told.stderr)))
    }

    /// A line as it was printed, in a shell that knows both programs' folders.
    #[track_caller]
    fn types(&self, line: &str) {
        let switch = PathBuf::from(std::env::var_os("CALLGIST_FREESWITCH").unwrap());
        let folders = [switch.parent().unwrap(), Path::new(env!("CARGO_BIN_EXE_callgist")).parent().unwrap()];
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            folders.into_iter().map(Path::to_owned).chain(std::env::split_paths(&usual)),
        );
        let done = Command::new("sh").args(["-c", line]).env("PATH", path.unwrap()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        eprintln!("$ {line}\n{said}{}", String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success() && !said.contains("-ERR"), "{line}: {said}");
    }
}

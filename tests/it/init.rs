//! `callgist init` beside the simulated switch: what it writes can be used, and what it refuses says what to do.

use crate::stories::user_in;
use callgist::sim::{Settings, Switch};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[test]
fn what_init_writes_passes_the_check_and_names_each_file_with_its_place() {
    let bench = Bench::new();
    let told = bench.done(&["--number", "+493012345", "--language", "de", "--line", "front"]);
    let config = bench.path("etc/callgist.toml");
    let checked = callgist(&config, &["config", "check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert_eq!(told["config"], config.to_str().unwrap());
    assert_eq!(told["switch"]["context"], "public");
    assert!(told["switch"]["version"].as_str().unwrap().starts_with("FreeSWITCH Version"), "{told}");

    let password = fs::read_to_string(bench.path("etc/switch.password")).unwrap();
    let mode = fs::metadata(bench.path("etc/switch.password")).unwrap().permissions().mode();
    assert_eq!((password.trim().len(), mode & 0o777), (64, 0o600));
    let user = bench.staged(&told, 2, "/etc/freeswitch/directory/callgist_user.xml");
    assert!(user.contains(&format!("name=\"esl-password\" value=\"{}\"", password.trim())));
    let snippet = bench.staged(&told, 0, "/etc/freeswitch/dialplan/public/00_callgist.xml");
    assert!(snippet.contains(r"^\+?493012345$") && snippet.contains("callgist=front"), "{snippet}");
    bench.staged(&told, 1, "/etc/freeswitch/sip_profiles/callgist_profile.xml");

    let commands: Vec<&str> = told["commands"].as_array().unwrap().iter().flat_map(Value::as_str).collect();
    assert_eq!(
        commands.iter().filter(|command| command.starts_with("install -m ")).count(),
        3,
        "{commands:?}"
    );
    assert!(commands.iter().any(|command| command.ends_with("-x reloadxml")), "{commands:?}");
    assert!(
        commands.iter().any(|command| command.ends_with("-x 'sofia profile callgist start'")),
        "{commands:?}"
    );
}

#[test]
fn init_takes_the_day_on_which_agents_were_told_or_has_them_not_heard_and_else_names_both() {
    let bench = Bench::new();
    let line = ["--number", "+493012345", "--language", "de", "--force"];
    let decided = ["--contact", "privacy@example.com", "--basis", "legitimate_interest"];
    let config = bench.path("etc/callgist.toml");
    let check = |more: &[&str]| {
        bench.done(&[&line[..], &decided, more].concat());
        let checked = callgist(&config, &["config", "check"]);
        assert!(checked.status.success(), "{checked:?}");
        String::from_utf8(checked.stderr).unwrap()
    };
    let off = check(&[]);
    assert!(
        off.contains("is off until") && off.contains("employees_told") && off.contains("not_heard"),
        "{off}"
    );
    assert_eq!(check(&["--employees-told", "2026-01-31"]), "");
    assert_eq!(check(&["--agent-leg", "not_heard"]), "");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("\nagent_leg = \"not_heard\"\n") && !text.contains("\nemployees_told"), "{text}");
    bench.refuses(
        &[&line[..], &["--employees-told", "31.1.2026"]].concat(),
        2,
        &["written as \"2026-01-31\""],
    );
}

#[test]
fn another_key_is_filled_in_with_advice_and_one_that_no_telephone_has_is_refused() {
    let bench = Bench::new();
    let line = ["--number", "+493012345", "--language", "de", "--force"];
    let with_key = |key| [&line[..], &["--key", key]].concat();
    for (key, pins) in [("#17", 0), ("99", 1)] {
        let told = bench.done(&with_key(key));
        let snippet = bench.staged(&told, 0, "/etc/freeswitch/dialplan/public/00_callgist.xml");
        assert!(
            snippet.contains(&format!("callgist,{key},exec[i]:set,callgist_objection=caller")),
            "{snippet}"
        );
        let advice = told["advice"].to_string();
        assert!(advice.contains("say star nine"), "{advice}");
        assert_eq!(advice.matches("within a PIN").count(), pins, "{advice}");
    }
    assert!(!bench.done(&line)["advice"].to_string().contains("star nine"));
    for key in ["", "9,exec", "*9\"", "A", "*123456"] {
        bench.refuses(&with_key(key), 2, &["--key", "0 to 9, * and #"]);
    }
}

#[test]
fn a_switch_with_the_files_that_init_filled_in_lets_callgist_in() {
    let bench = Bench::new();
    let told = bench.done(&["--number", "+493012345", "--language", "en"]);
    // What the administrator does with the printed commands.
    let mut settings = Settings {
        snippet: bench.staged(&told, 0, "/etc/freeswitch/dialplan/public/00_callgist.xml"),
        ..Settings::default()
    };
    settings.users = vec![user_in(&bench.staged(&told, 2, "/etc/freeswitch/directory/callgist_user.xml"))];
    let switch = bench.runtime.block_on(Switch::start(settings)).unwrap();
    // It is the same switch, restarted; only its port is another.
    let config = bench.path("etc/callgist.toml");
    let [old, new] =
        [&bench.switch, &switch].map(|switch| format!("port = {}\n", switch.event_socket().port()));
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains(&old));
    fs::write(&config, text.replace(&old, &new)).unwrap();
    let output = callgist(&config, &["doctor", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let state = |what: &str| {
        let found = found["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == what);
        found.unwrap_or_else(|| panic!("nothing of {what}"))["state"].clone()
    };
    for what in [
        "settings",
        "switch",
        "SIP profile callgist",
        "snippet of main",
        "RTP ports",
        "notice of main at the switch",
    ] {
        assert_eq!(state(what), "good", "{what}: {found}");
    }
    // What nobody but its controller can decide.
    assert_eq!(state("line main"), "bad", "{found}");
    assert!(
        found.to_string().contains("until these are set in its [[line]]: basis (of the note), contact"),
        "{found}"
    );
}

#[test]
fn settings_that_are_there_are_kept_unless_force_is_given_and_the_password_even_then() {
    let bench = Bench::new();
    bench.done(&["--number", "+493012345", "--language", "de"]);
    let before = bench.written();
    bench.refuses(&["--number", "+493099999", "--language", "de"], 1, &["is there already", "--force"]);
    assert_eq!(bench.written(), before);
    bench.done(&["--number", "+493099999", "--language", "de", "--force"]);
    let after = bench.written();
    assert!(after[0].contains("+493099999"));
    assert_eq!(after[1], before[1], "another password was made");
}

#[test]
fn without_a_terminal_what_is_missing_is_named_and_nothing_is_written() {
    let bench = Bench::new();
    bench.refuses(&["--language", "de"], 2, &["--number is missing"]);
    bench.refuses(&["--number", "+493012345"], 2, &["--language is missing"]);
    bench.refuses(&["--number", "03012345", "--language", "de"], 2, &["--number", "E.164"]);
    bench.refuses(&["--number", "+493012345", "--language", "nl"], 2, &["--language", "en, de or fr"]);
    bench.refuses(
        &["--number", "+493012345", "--language", "de", "--line", "a b"],
        3,
        &["name must be letters"],
    );
    bench.refuses(
        &["--number", "+493012345", "--language", "de", "--context", "trunk"],
        2,
        &["--context", "the switch has no dialplan context"],
    );
    bench.refuses(
        &["--number", "+493012345", "--language", "de", "--sounds", "/nowhere"],
        7,
        &["the switch does not find /nowhere/de/8000/notice.wav", "--sounds"],
    );
    assert!(!bench.path("etc").exists());
}

#[test]
fn a_switch_that_cannot_be_asked_is_told_with_the_ways_round_it() {
    let bench = Bench::new();
    fs::write(bench.path("wrong"), "wrong").unwrap();
    let wrong = bench.path("wrong").display().to_string();
    let line = ["--number", "+493012345", "--language", "de"];
    bench.refuses(
        &[&line[..], &["--event-socket-password", &wrong]].concat(),
        4,
        &["refuses the user or its password", "--without-switch"],
    );
    bench.refuses(&[&line[..], &["--event-socket", "127.0.0.1:1"]].concat(), 4, &["cannot be reached"]);
    bench.refuses(&[&line[..], &["--without-switch"]].concat(), 2, &["--context is missing"]);
    bench
        .done(&[&line[..], &["--without-switch", "--context", "public", "--conf-dir", "/opt/conf"]].concat());
    assert!(fs::read_to_string(bench.path("etc/callgist.toml")).unwrap().contains("+493012345"));
}

// ---------------------------------------------------------------- the bench

/// A vanilla switch, and an empty folder for the settings.
struct Bench {
    runtime: Runtime,
    switch: Switch,
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let runtime = Runtime::new().unwrap();
        let switch = runtime.block_on(Switch::start(Settings::default())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.password"), "ClueCon\n").unwrap();
        Bench { runtime, switch, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn init(&self, arguments: &[&str]) -> Output {
        let address = self.switch.event_socket().to_string();
        let (password, sounds) = (self.path("own.password"), fs::canonicalize("sounds").unwrap());
        let (password, sounds) = (password.display().to_string(), sounds.display().to_string());
        let mut words = vec!["init", "--json"];
        for (flag, value) in
            [("--event-socket", &address), ("--event-socket-password", &password), ("--sounds", &sounds)]
        {
            if !arguments.contains(&flag) {
                words.extend([flag, value.as_str()]);
            }
        }
        words.extend(arguments);
        callgist(&self.path("etc/callgist.toml"), &words)
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> Value {
        let output = self.init(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], code: i32, sentences: &[&str]) {
        let output = self.init(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        for sentence in sentences {
            assert!(said.contains(sentence), "{sentence:?} is not in: {said}");
        }
    }

    /// The filled-in file of that number, whose place is this one.
    #[track_caller]
    fn staged(&self, told: &Value, number: usize, place: &str) -> String {
        let copy = &told["copies"][number];
        assert_eq!(copy["to"], place);
        fs::read_to_string(copy["from"].as_str().unwrap()).unwrap()
    }

    /// Settings and password.
    fn written(&self) -> [String; 2] {
        ["etc/callgist.toml", "etc/switch.password"].map(|name| fs::read_to_string(self.path(name)).unwrap())
    }
}

fn callgist(config: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
    command.arg("--config").arg(config).args(words).stdin(Stdio::null()).output().unwrap()
}

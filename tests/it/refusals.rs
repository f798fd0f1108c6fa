//! Bad input of every kind: a sentence that says what to do, and the documented exit code.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with settings that would work, were there a switch.
pub(crate) struct House {
    folder: tempfile::TempDir,
    settings: String,
}

impl House {
    pub(crate) fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::copy("sounds/en/8000/notice.wav", path("notice.wav")).unwrap();
        fs::write(path("password"), "secret").unwrap();
        fs::set_permissions(path("password"), fs::Permissions::from_mode(0o600)).unwrap();
        let model = folder.path().join("models/whisper-base");
        fs::create_dir_all(&model).unwrap();
        for file in ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"] {
            fs::write(model.join(file), "x").unwrap();
        }
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = format!(
            "[switch]\nport = 1\npassword_file = \"{}\"\n[sip]\nlisten = \"{sip}\"\n\
             [store]\ndatabase = \"{}\"\n[ears]\nmodels = \"{}\"\n\
             [[line]]\nname = \"main\"\nnumber = \"+352260000\"\nlanguage = \"en\"\n\
             recogniser = \"whisper\"\nnotice = \"{}\"\nmode = \"notice\"\nbasis = \"legitimate_interest\"\n\
             keep_notes_days = 90\ncontact = \"privacy@example.com\"\nemployees_told = \"2026-01-31\"\n",
            path("password"),
            path("store/callgist.db"),
            path("models"),
            path("notice.wav"),
        );
        House { folder, settings }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The settings, as a file.
    pub(crate) fn written(&self) -> PathBuf {
        let config = self.path("callgist.toml");
        fs::write(&config, &self.settings).unwrap();
        config
    }

    pub(crate) fn with(mut self, old: &str, new: &str) -> House {
        assert!(self.settings.contains(old), "the settings hold no {old}");
        self.settings = self.settings.replace(old, new);
        self
    }

    fn callgist(&self, arguments: &[&str]) -> Output {
        let config = self.written();
        let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
        command.arg("--config").arg(&config).args(arguments).stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.wait_with_output().unwrap()
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], code: i32, sentences: &[&str]) {
        let output = self.callgist(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        for sentence in sentences {
            assert!(said.contains(sentence), "{sentence:?} is not in: {said}");
        }
    }
}

/// Something that listens where the event socket should be, and answers a fixed text to each piece that it reads.
fn switch_that_says(lines: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            for line in lines {
                // Whoever was refused may be gone.
                let _ = stream.write_all(line.as_bytes());
                let mut room = [0; 512];
                let _ = stream.read(&mut room);
            }
        }
    });
    port
}

const AUTH: &str = "Content-Type: auth/request\n\n";

#[test]
fn three_mistakes_in_the_settings_are_all_told() {
    let house = House::new()
        .with("port = 1\n", "port = \"x\"\n")
        .with("language = \"en\"", "language = \"nl\"")
        .with("name = \"main\"", "nam = \"main\"");
    house.refuses(
        &["run"],
        3,
        &["port must be", "language must be", "nam is no setting: did you mean \"name\"?"],
    );
    house.refuses(&["config", "check"], 3, &["port must be", "language must be"]);
}

#[test]
fn a_line_that_does_not_say_when_its_agents_were_told_names_both_ways_out() {
    let told = "employees_told = \"2026-01-31\"\n";
    let ways = ["line main is off", "employees_told (the day", "agent_leg = \"not_heard\""];
    House::new().with(told, "").refuses(&["config", "check"], 0, &ways);
    let not_heard = House::new().with(told, "agent_leg = \"not_heard\"\n");
    let output = not_heard.callgist(&["config", "check"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    for (wrong, says) in [
        ("employees_told = \"2026-02-30\"", "employees_told must be a day of the calendar"),
        ("agent_leg = \"never\"", "agent_leg must be \"heard\" or \"not_heard\""),
        ("agent_legs = \"heard\"", "did you mean \"agent_leg\"?"),
    ] {
        House::new().with(told, &format!("{wrong}\n")).refuses(&["config", "check"], 3, &[says]);
    }
}

#[test]
fn a_day_that_is_still_to_come_tells_no_agent_anything() {
    let later = || House::new().with("2026-01-31", "2999-01-31");
    let says = ["employees_told is 2999-01-31, which is still to come", "agent_leg = \"not_heard\""];
    later().refuses(&["config", "check"], 3, &says);
    assert!(later().callgist(&["config", "check"]).stdout.is_empty(), "nothing is said to be good");
    let unheard = later().with("2999-01-31\"\n", "2999-01-31\"\nagent_leg = \"not_heard\"\n");
    unheard.refuses(&["config", "check"], 0, &[]);
}

#[test]
fn missing_settings_say_how_to_write_them() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_callgist")).args(["--config", "/nowhere.toml", "run"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("callgist --config /nowhere.toml init"));
}

#[test]
fn a_wrong_password_is_told_with_where_to_look() {
    let port = switch_that_says(&[AUTH, "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n"]);
    let house = House::new().with("port = 1\n", &format!("port = {port}\n"));
    house.refuses(&["run"], 4, &["refuses the user or its password", "esl-password"]);
}

#[test]
fn two_switches_that_both_refuse_the_password_end_the_daemon_and_are_both_told() {
    const REFUSES: &[&str] = &[AUTH, "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n"];
    let [north, south] = [(); 2].map(|()| switch_that_says(REFUSES));
    let two = format!(
        "[[switch]]\nname = \"north\"\npassword = \"x\"\nport = {north}\n\
         [[switch]]\nname = \"south\"\nport = {south}\n"
    );
    let house =
        House::new().with("[switch]\nport = 1\n", &two).with("[[line]]", "[[line]]\nswitch = \"north\"");
    let says = ["north: the switch refuses the user", "south: the switch refuses the user"];
    house.refuses(&["run"], 4, &says);
}

#[test]
fn a_switch_that_refuses_our_address_is_told_by_its_acl() {
    const REJECTION: &str =
        "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n";
    let port = switch_that_says(&[REJECTION]);
    let house = House::new().with("port = 1\n", &format!("port = {port}\n"));
    house.refuses(&["run"], 4, &["apply-inbound-acl"]);
}

#[test]
fn a_user_without_rights_is_told_which_file_to_copy() {
    const DENIED: &str = "Content-Type: command/reply\nReply-Text: -ERR permission denied\n\n";
    let port = switch_that_says(&[AUTH, "Content-Type: command/reply\nReply-Text: +OK accepted\n\n", DENIED]);
    let house = House::new().with("port = 1\n", &format!("port = {port}\n"));
    house.refuses(&["run"], 4, &["callgist_user.xml"]);
}

#[test]
fn a_password_file_that_is_missing_is_told() {
    let house = House::new();
    fs::remove_file(house.path("password")).unwrap();
    house.refuses(&["run"], 4, &["password", "mode 0600"]);
}

#[test]
fn a_missing_model_is_told_with_the_file_that_is_missing() {
    let house = House::new();
    fs::remove_file(house.path("models/whisper-base/model.bin")).unwrap();
    house.refuses(&["run"], 8, &["model.bin is missing", "models fetch"]);
    let vosk = House::new().with("\"whisper\"", "\"vosk\"");
    vosk.refuses(&["run"], 8, &["vosk model", "not there"]);
}

#[test]
fn a_missing_notice_is_told() {
    let house = House::new();
    fs::remove_file(house.path("notice.wav")).unwrap();
    house.refuses(&["run"], 7, &["notice.wav cannot be used", "sounds/README.md"]);
}

#[test]
fn a_database_that_is_none_is_told_and_left_alone() {
    let house = House::new();
    let path = house.path("store/callgist.db");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "this is no database, and nobody may write over it".repeat(40)).unwrap();
    let before = fs::read(&path).unwrap();
    let says = [
        "callgist.db is no database of Callgist",
        "was not touched",
        "name another file in [store] database",
    ];
    house.refuses(&["run"], 5, &says);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_read_only_database_is_told() {
    let house = House::new();
    make_database(&house.path("store/callgist.db"));
    fs::set_permissions(house.path("store/callgist.db"), fs::Permissions::from_mode(0o400)).unwrap();
    house.refuses(&["run"], 5, &["callgist.db is read-only", "run chmod 0600 on it"]);
}

#[test]
fn a_locked_database_is_told() {
    let house = House::new();
    let path = house.path("store/callgist.db");
    make_database(&path);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    house.refuses(&["run"], 5, &["another process holds the database", "end it", "try again"]);
}

#[test]
fn a_database_of_a_newer_version_is_told_and_left_alone() {
    let house = House::new();
    let path = house.path("store/callgist.db");
    make_database(&path);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 999).unwrap();
    drop(other);
    house.refuses(&["run"], 5, &["has version 999", "install the newer Callgist again"]);
    let version: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 999);
}

#[cfg(not(feature = "sqlcipher"))]
#[test]
fn a_key_for_the_database_is_refused_by_a_build_that_would_not_use_it() {
    let mut house = House::new();
    house.settings = house.settings.replace("[store]\n", "[store]\nkey_file = \"/etc/callgist/store.key\"\n");
    house.refuses(&["run"], 3, &["[store] key_file cannot be used", "--features sqlcipher"]);
    let database = house.path("store/callgist.db");
    make_database(&database);
    let asked =
        ["calls", "list", "--database", database.to_str().unwrap(), "--key-file", "/etc/callgist/store.key"];
    house.refuses(&asked, 5, &["--features sqlcipher"]);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let held = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap();
    let mut house = House::new();
    let line = house.settings.lines().find(|line| line.starts_with("listen")).unwrap().to_owned();
    house.settings = house.settings.replace(&line, &format!("listen = \"{port}\""));
    house.refuses(&["run"], 6, &["cannot listen for SIP", "[sip] listen"]);
}

#[test]
fn a_call_that_is_not_there_and_wrong_arguments_have_their_own_codes() {
    let house = House::new();
    make_database(&house.path("store/callgist.db"));
    house.refuses(&["calls", "show", "0123456789abcdef"], 1, &["calls list"]);
    house.refuses(&["calls", "list", "--number", "x"], 2, &["E.164"]);
    house.refuses(&["calls", "sell"], 2, &["Usage"]);
    assert_eq!(house.callgist(&["calls", "list"]).status.code(), Some(0));
}

#[test]
fn a_recording_with_one_channel_is_refused_with_what_is_needed() {
    let house = House::new();
    house.refuses(&["demo", "--audio", "sounds/en/8000/notice.wav"], 2, &["left the caller"]);
}

#[test]
fn the_default_settings_are_printed_and_pass_the_check() {
    let mut house = House::new();
    let printed = house.callgist(&["config", "default"]);
    assert_eq!(printed.status.code(), Some(0));
    house.settings = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(house.callgist(&["config", "check"]).status.code(), Some(0));
}

/// By the daemon's own store, so that it has the schema of this version.
fn make_database(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    drop(callgist::store::Store::open(path).unwrap());
}

//! Figures, by command and by HTTP: what is wrong shows in them, and nobody does.

use crate::http::{free_port, get, said};
use crate::rights::{CALLER, now_ms, request, wait};
use crate::stories::Stage;
use callgist::call::{CallId, Language, NoSummary, Number};
use callgist::store::{CallRecord, Name, Origin, Outcome, Store, UtcMillis};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const EXTENSION: &str = "10770";

struct House {
    folder: TempDir,
}

impl House {
    /// A call that ended so many days ago, and a wish.
    fn of(days: i64) -> House {
        let house = House { folder: tempfile::tempdir().unwrap() };
        let store = Store::open(&house.database()).unwrap();
        let ended = UtcMillis(now_ms() - days * UtcMillis::DAY);
        wait(store.keep(call(1, ended))).unwrap();
        wait(store.keep_request(request(ended))).unwrap();
        house
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("data/callgist.db")
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("callgist.toml")
    }

    /// Settings of the line main, with these lines at its end.
    fn set(&self, more: &str) {
        let notice = self.folder.path().join("notice.wav");
        if !notice.exists() {
            std::fs::write(&notice, "one").unwrap();
        }
        let default = callgist::config::DEFAULT
            .replace("/var/lib/callgist/callgist.db", self.database().to_str().unwrap())
            .replace("/usr/share/callgist/sounds/en/8000/notice.wav", notice.to_str().unwrap());
        std::fs::write(self.config(), format!("{default}{more}\n")).unwrap();
    }

    fn ask(&self, words: &[&str]) -> (i32, String, String) {
        let told = Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args(words)
            .arg("--config")
            .arg(self.config())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (told.status.code().unwrap(), text(told.stdout), text(told.stderr))
    }

    #[track_caller]
    fn figures(&self) -> String {
        let (code, told, said) = self.ask(&["store", "figures"]);
        assert_eq!(code, 0, "{said}");
        told
    }

    /// What doctor says of it: state and words.
    #[track_caller]
    fn doctor(&self, what: &str) -> (String, String) {
        let (_, told, said) = self.ask(&["doctor", "--json", "--no-call"]);
        let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told} {said}"));
        let found = told["findings"].as_array().unwrap().iter().find(|found| found["what"] == what);
        let found = found.unwrap_or_else(|| panic!("{what} is missing: {told}"));
        (found["state"].as_str().unwrap().to_owned(), found["says"].as_str().unwrap().to_owned())
    }
}

fn call(id: u64, ended: UtcMillis) -> CallRecord {
    CallRecord {
        id: CallId(id),
        line: Name::new("main").unwrap(),
        notice_version: None,
        language: Language::En,
        caller: Some(Number::new(CALLER).unwrap()),
        called: Some(Number::new(EXTENSION).unwrap()),
        offered: ended,
        announced: None,
        notice: None,
        consent: None,
        bridged: None,
        ended,
        end_cause: None,
        outcome: Outcome::NotNoted(NoSummary::TooShort),
        origin: Origin::here(None),
        heard: None,
        agent_leg: None,
        segments: Vec::new(),
        draft: None,
    }
}

#[track_caller]
fn has(figures: &str, line: &str) {
    assert!(figures.lines().any(|told| told == line), "{line}: {figures}");
}

#[test]
fn rows_past_their_time_show_until_a_sweep_takes_them_and_one_that_cannot_is_an_alarm() {
    let house = House::of(100);
    house.set("");
    has(&house.figures(), "callgist_rows_past_retention{kind=\"calls\"} 1");
    has(&house.figures(), "callgist_last_good_sweep_age_seconds +Inf");
    assert_eq!(house.doctor("retention").0, "bad");

    let raw = rusqlite::Connection::open(house.database()).unwrap();
    raw.execute_batch("CREATE TRIGGER stop BEFORE DELETE ON calls BEGIN SELECT RAISE(IGNORE); END").unwrap();
    let (code, told, _) = house.ask(&["store", "sweep"]);
    assert!(code == 1 && told.contains("1 row past"), "{code} {told}");
    has(&house.figures(), "callgist_rows_past_retention{kind=\"calls\"} 1");
    has(&house.figures(), "callgist_sweep_failed 1");
    // Also where nothing is late by then.
    raw.execute_batch("DROP TRIGGER stop; DELETE FROM calls").unwrap();
    let (state, says) = house.doctor("retention");
    assert!(state == "bad" && says.contains("failed"), "{state} {says}");

    assert_eq!(house.ask(&["store", "sweep"]).0, 0);
    let swept = house.figures();
    has(&swept, "callgist_rows_past_retention{kind=\"calls\"} 0");
    has(&swept, "callgist_sweep_failed 0");
    let age = swept.lines().find_map(|line| line.strip_prefix("callgist_last_good_sweep_age_seconds "));
    assert!(age.unwrap().parse::<u64>().unwrap() < 60, "{swept}");
    let (state, says) = house.doctor("retention");
    assert!(state == "good" && says.contains("last swept"), "{state} {says}");
}

#[test]
fn a_wish_goes_by_its_lines_period_and_a_list_and_an_answer_say_until_when() {
    let house = House::of(50);
    house.set("");
    let listed = |house: &House| -> Value {
        let (code, told, said) = house.ask(&["contacts", "list", "--json"]);
        assert_eq!(code, 0, "{said}");
        serde_json::from_str::<Value>(&told).unwrap()["do_not_contact"].clone()
    };
    assert_eq!(
        (&listed(&house)[0]["kept_until"], &listed(&house)[0]["line"]),
        (&Value::Null, &"main".into())
    );
    house.set("keep_wishes_days = 49");
    assert!(listed(&house)[0]["kept_until"].is_string());
    has(&house.figures(), "callgist_rows_past_retention{kind=\"contacts\"} 1");
    let (_, told, _) = house.ask(&["person", "export", CALLER]);
    assert!(
        told.contains("for 49 days after they were last made") && !told.contains("without an end"),
        "{told}"
    );
    assert_eq!(house.ask(&["store", "sweep"]).0, 0);
    assert_eq!(listed(&house), Value::Array(vec![]));
}

#[test]
fn what_is_no_longer_as_it_was_published_shows_by_its_part_until_it_is_published_anew() {
    let house = House::of(1);
    house.set("");
    has(&house.figures(), "callgist_texts_unpublished{line=\"main\"} 1");
    let version = || {
        let (_, told, _) = house.ask(&["notices", "render", "--json"]);
        serde_json::from_str::<Value>(&told).unwrap()["version"].as_str().unwrap().to_owned()
    };
    let drift = |figures: &str| {
        ["sound", "texts", "settings"].map(|part| {
            let of = format!("callgist_drift{{line=\"main\",part=\"{part}\"}} ");
            figures.lines().find_map(|line| line.strip_prefix(&of)).unwrap().to_owned()
        })
    };
    let published = format!("texts_version = \"{}\"", version());
    house.set(&published);
    let figures = house.figures();
    has(&figures, "callgist_texts_unpublished{line=\"main\"} 0");
    assert_eq!(drift(&figures), ["0", "0", "0"]);

    house.set(&format!("keep_wishes_days = 700\n{published}"));
    assert_eq!(drift(&house.figures()), ["0", "0", "1"]);
    let (state, says) = house.doctor("texts of main");
    assert!(state == "bad" && says.starts_with("settings no longer what was published"), "{says}");
    house.set(&format!("keep_wishes_days = 700\ntexts_version = \"{}\"", version()));
    assert_eq!(drift(&house.figures()), ["0", "0", "0"]);
    std::fs::write(house.folder.path().join("notice.wav"), "another").unwrap();
    assert_eq!(drift(&house.figures()), ["1", "0", "0"]);
    assert!(house.doctor("texts of main").1.starts_with("sound no longer"));
}

/// Of nobody: no number, no extension, and no name for how anybody did.
#[test]
fn no_figure_is_of_a_caller_or_of_anybody_who_takes_calls() {
    let house = House::of(1);
    house.set("");
    let (code, told, _) = house.ask(&["store", "figures", "--json"]);
    assert_eq!(code, 0);
    let told: Value = serde_json::from_str(&told).unwrap();
    let known = ["kind", "line", "part", "state", "reason"];
    for figure in told["figures"].as_array().unwrap() {
        let name = figure["name"].as_str().unwrap();
        assert!(callgist::figures::NAMES.iter().any(|(known, _)| *known == name), "{name}");
        for (key, value) in figure["labels"].as_object().unwrap() {
            assert!(known.contains(&key.as_str()), "{figure}");
            assert!(!value.as_str().unwrap().chars().any(|c| c.is_ascii_digit()), "{figure}");
        }
    }
    let text = house.figures();
    for of_somebody in [&CALLER[1..], EXTENSION, &CallId(1).to_string()] {
        assert!(!text.contains(of_somebody) && !told.to_string().contains(of_somebody), "{of_somebody}");
    }
}

#[test]
fn a_running_callgist_shows_the_figures_that_the_command_prints() {
    let port = free_port();
    let stage = Stage::scripted(|_| {});
    let http = |settings: String| format!("{settings}\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), http);
    let call = stage.call(stage.speech(3));
    let row = callgist.kept();
    stage.ended(call);
    callgist.ask(&["contacts", "add", CALLER, "--channels", "calls"]);
    let shown = get(port, &format!("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"));
    let (status, text) = said(&shown);
    assert_eq!(status, 200, "{shown}");
    assert!(shown.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{shown}");
    for line in [
        "callgist_rows_past_retention{kind=\"calls\"} 0",
        "callgist_sweep_failed 0",
        "callgist_contacts{state=\"confirmed\"} 1",
        "callgist_drafts_waiting 1",
    ] {
        has(&text, line);
    }
    let note = format!("callgist_calls_kept{{line={},reason=\"note\"}} 1", row["line"]);
    has(&text, &note);
    let unpublished = format!("callgist_texts_unpublished{{line={}}} 1", row["line"]);
    has(&text, &unpublished);
    let (age, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("callgist_last_good_sweep_age_seconds "));
    let seconds: u64 = age[0].split(' ').nth(1).unwrap().parse().unwrap();
    assert!(seconds < 120, "{age:?}");
    let told = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(["store", "figures", "--config"])
        .arg(callgist.path("callgist.toml"))
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let command: Vec<&str> =
        told.lines().filter(|line| !line.starts_with("callgist_last_good_sweep_age_seconds ")).collect();
    assert_eq!(rest, command);
    assert_eq!(said(&get(port, "GET /metrics HTTP/1.1\r\nHost: pbx.example\r\n\r\n")).0, 421);
    assert!(!text.contains(&CALLER[1..]) && !text.contains(&row["caller"].as_str().unwrap()[1..]), "{text}");

    // As published, and then no longer: by the settings that calls go by.
    let config = callgist.path("callgist.toml");
    let rendered = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(["notices", "render", "--json", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let rendered: Value = serde_json::from_slice(&rendered.stdout).unwrap();
    let published = format!("mode = \"notice\"\ntexts_version = {}\n", rendered["version"]);
    let mut shown_after = |change: &dyn Fn(String) -> String| {
        callgist.resets(change);
        callgist.says("settings reloaded");
        said(&get(port, &format!("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"))).1
    };
    let text = shown_after(&|settings| settings.replace("mode = \"notice\"\n", &published));
    has(&text, &unpublished.replace("} 1", "} 0"));
    for part in ["sound", "texts", "settings"] {
        has(&text, &format!("callgist_drift{{line={},part=\"{part}\"}} 0", row["line"]));
    }
    let text = shown_after(&|settings| settings.replace("keep_notes_days = 90", "keep_notes_days = 91"));
    for (part, differs) in [("sound", 0), ("texts", 0), ("settings", 1)] {
        has(&text, &format!("callgist_drift{{line={},part=\"{part}\"}} {differs}", row["line"]));
    }
    callgist.says("what was published for the line is no longer what holds: run callgist doctor");
    callgist.ask_to_stop();
    assert_eq!(callgist.exit().0, Some(0));
}

#[test]
fn without_settings_the_command_says_what_it_needs() {
    let house = House::of(1);
    let told = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(["store", "figures", "--database"])
        .arg(house.database())
        .args(["--config", "/nowhere/callgist.toml"])
        .output()
        .unwrap();
    assert!(!told.status.success() && String::from_utf8(told.stderr).unwrap().contains("--config"));
}

//! Two switches and one Callgist: what becomes of one is no matter of the other's calls.

use super::talk::{next_is_noted, rings_off, unannounced};
use crate::doctor;
use crate::live::sidecar::Sidecar;
use crate::restart::{Trouble, Way, connected};
use crate::scripted::NOTE;
use crate::stories::{Stage, seconds, settings};
use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Settings, Switch, When};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_call_on_each_of_two_switches_at_once_gets_the_note_of_its_own_line() {
    let mut two = Two::set();
    let (north, south) = two.talk_at_both();
    rings_off(&two.south, south);
    let row = two.callgist.kept();
    assert_eq!((&row["line"], &row["summary"]), (&"second".into(), &NOTE.into()), "{row}");
    assert_eq!(two.north.copies(), 2);
    rings_off(&two.north, north);
    let row = two.callgist.kept();
    assert_eq!((&row["line"], &row["summary"]), (&"main".into(), &NOTE.into()), "{row}");
    two.north.without_copies_within(seconds(5));
    two.south.without_copies_within(seconds(5));
    assert_eq!(two.callgist.rows(), 2);
}

#[test]
fn a_switch_that_is_killed_costs_the_others_call_nothing_and_comes_back() {
    let mut two = Two::set();
    let (north, _south) = two.talk_at_both();
    two.restart_south();
    let row = two.callgist.kept();
    assert_eq!(row["line"], "second", "{row}");
    assert!(row["summary"] == NOTE || row["no_summary_reason"] == "partial", "{row}");
    two.connected(3);
    // It was asked for the copies of earlier runs, and for calls that it carries.
    two.north_goes_on_to_its_note(north);
    next_is_noted(&two.south, &mut two.callgist);
}

#[test]
fn a_link_that_is_lost_for_long_ends_the_copies_of_its_own_switch_alone() {
    let mut two = Two::set();
    let (north, south) = two.talk_at_both();
    two.way.cut();
    two.south.without_copies_within(seconds(10));
    let row = two.callgist.kept();
    assert_eq!((&row["line"], &row["no_summary_reason"]), (&"second".into(), &"partial".into()), "{row}");
    two.way.mend();
    connected(&mut two.callgist);
    rings_off(&two.south, south);
    two.north_goes_on_to_its_note(north);
    // The switch learns within two seconds that we are alive.
    std::thread::sleep(seconds(3));
    next_is_noted(&two.south, &mut two.callgist);
}

#[test]
fn a_switch_that_refuses_the_password_is_told_once_and_tried_again_while_the_other_works() {
    let mut two = Two::unready(|settings| settings.users[0].password = "another".into());
    let of_south = |line: &Value| line["switch"] == "south";
    let told = two.callgist.until("told of the switch", seconds(60), of_south);
    assert_eq!(told["message"], "no connection to the switch");
    assert!(told["why"].as_str().unwrap().contains("refuses the user or its password"), "{told}");
    two.callgist.announcing();
    next_is_noted(&two.north, &mut two.callgist);
    assert_eq!(two.callgist.said("no connection to the switch"), 1);
    two.restart_south();
    two.connected(2);
    next_is_noted(&two.south, &mut two.callgist);
}

#[test]
fn a_switch_that_is_not_there_yet_is_found_when_it_comes_and_the_other_works_meanwhile() {
    let mut two = Two::unready_over(|_| {}, Way::cut);
    two.callgist.announcing();
    next_is_noted(&two.north, &mut two.callgist);
    two.way.mend();
    two.connected(2);
    next_is_noted(&two.south, &mut two.callgist);
}

#[test]
fn a_stop_withdraws_from_both_switches_and_leaves_no_copy_at_either() {
    let mut two = Two::set();
    let (north, south) = two.talk_at_both();
    two.callgist.ask_to_stop();
    for _ in 0..2 {
        assert_eq!(two.callgist.kept()["no_summary_reason"], "shutdown");
    }
    two.callgist.ended();
    for (stage, call) in [(&two.north, north), (&two.south, south)] {
        assert_eq!((stage.copies(), alive_until(stage).as_str()), (0, "0"));
        rings_off(stage, call);
    }
}

#[test]
fn a_stop_beside_a_switch_that_hangs_withdraws_from_the_other_all_the_same() {
    let mut two = Two::set();
    let (north, _south) = two.talk_at_both();
    two.way.trouble(Trouble::Hangs);
    two.callgist.ask_to_stop();
    for _ in 0..2 {
        assert_eq!(two.callgist.kept()["no_summary_reason"], "shutdown");
    }
    two.callgist.ended();
    assert_eq!((two.north.copies(), alive_until(&two.north).as_str()), (0, "0"));
    rings_off(&two.north, north);
}

#[test]
fn a_reload_changes_the_lines_of_each_switch_and_takes_no_new_switch() {
    let mut two = Two::set();
    let (north, south) = two.talk_at_both();
    // The second line stands last.
    let last = |settings: String, mode: &str, other: &str| {
        let (before, after) = settings.rsplit_once(&format!("mode = \"{mode}\"")).unwrap();
        format!("{before}mode = \"{other}\"{after}")
    };
    two.callgist.resets(|settings| last(settings, "notice", "off"));
    two.callgist.says("settings reloaded");
    rings_off(&two.south, south);
    assert_eq!(two.callgist.kept()["summary"], NOTE);
    unannounced(&two.south);
    let row = two.callgist.kept();
    assert_eq!(
        (&row["line"], &row["no_summary_reason"]),
        (&"second".into(), &"switched_off".into()),
        "{row}"
    );
    two.callgist.resets(|settings| last(settings, "off", "notice").replace("\"south\"", "\"west\""));
    let told = two.callgist.says("settings not reloaded: the old ones stay");
    assert!(
        told["why"].as_str().unwrap().contains("\"second\" is on a switch that callgist was not"),
        "{told}"
    );
    two.north_goes_on_to_its_note(north);
}

#[test]
fn both_switches_are_told_who_must_not_be_called() {
    let (north, south) = (Stage::scripted(|_| {}), Stage::beside(|_| {}));
    let ways = [&north, &south].map(Way::to);
    let callgist = north.sidecar_with(ways[0].port, |settings| with_both(&settings, ways[1].port));
    callgist.ask(&["contacts", "add", "+49301111", "--channels", "calls"]);
    for way in &ways {
        way.says(&["api hash insert/callgist_dnc/+49301111/", "api hash insert/callgist_dnc/loaded/yes"]);
    }
}

/// A mistake that nothing in the settings shows.
#[test]
fn two_links_that_lead_to_one_switch_leave_each_others_copies_alone() {
    let mut two = Two::unready_over(|_| {}, Way::cut);
    two.way.leads_to(two.north.switch.event_socket());
    two.callgist.announcing();
    let north = two.north.call(two.north.speech(60));
    two.callgist.step("forked");
    two.way.mend();
    connected(&mut two.callgist);
    two.north_goes_on_to_its_note(north);
}

#[test]
fn doctor_looks_at_each_switch_and_its_own_lines_or_at_the_one_that_is_named() {
    let two = Two::set();
    let looked = |flags: &[&str]| {
        doctor::told(&two.callgist.path("callgist.toml"), Some(&two.callgist.path("ears")), flags)
    };
    let all = looked(&[]);
    assert_eq!(states(&all, "switch"), [("north", "good"), ("south", "good")], "{all}");
    assert_eq!(states(&all, "snippet of main"), [("north", "good")], "{all}");
    assert_eq!(states(&all, "snippet of second"), [("south", "good")], "{all}");
    two.way.cut();
    let all = looked(&["--no-call"]);
    assert_eq!(states(&all, "switch"), [("north", "good"), ("south", "bad")], "{all}");
    let named = looked(&["--no-call", "--switch", "north"]);
    assert_eq!(states(&named, "switch"), [("north", "good")], "{named}");
}

#[test]
fn for_the_keys_of_two_switches_doctor_waits_at_the_same_time() {
    let two = Two::set();
    let config = two.callgist.path("callgist.toml");
    let mut doctor = doctor::command(&config, None, &["--key"]);
    let mut doctor = doctor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut asks = BufReader::new(doctor.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(asks.any(|line| line.contains("2 switches wait at the same time, two minutes in all")));
    assert_eq!(asks.by_ref().take(2).filter(|line| line.contains("within two minutes")).count(), 2);
    // The second one's caller comes first.
    let calls: Vec<_> = [&two.south, &two.north]
        .into_iter()
        .map(|stage| {
            let mut script = stage.speech(6);
            script.events.push((When::Noticed(seconds(1)), Act::Keys(Party::Caller, "*9".to_owned())));
            let call = stage.call(script);
            assert!(asks.any(|line| line.contains("press *9 now")));
            (stage, call)
        })
        .collect();
    let told = serde_json::from_slice(&doctor.wait_with_output().unwrap().stdout).unwrap();
    calls.into_iter().for_each(|(stage, call)| drop(stage.ended(call)));
    assert_eq!(states(&told, "key of main"), [("north", "good")], "{told}");
    assert_eq!(states(&told, "key of second"), [("south", "good")], "{told}");
}

#[test]
fn a_command_that_means_one_switch_lists_their_names_where_none_is_said() {
    let two = Two::set();
    for words in [
        ["doctor", "--trunk", "127.0.0.1:5080"].as_slice(),
        &["doctor", "--switch", "west"],
        &["prove", "--live", "+352260000"],
    ] {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_callgist"))
            .arg("--config")
            .arg(two.callgist.path("callgist.toml"))
            .args(words)
            .output()
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(said.trim_end().ends_with(": \"north\", \"south\""), "{words:?}: {said}");
        assert!([Some(2), Some(4)].contains(&done.status.code()), "{words:?}: {said}");
    }
}

// ---------------------------------------------------------------- both

/// The switches `north` and `south` with one line each, `main` and `second`, of the same number; and one Callgist, which
/// has a way to `south` that can be cut.
struct Two {
    north: Stage,
    south: Stage,
    way: Way,
    callgist: Sidecar,
}

impl Two {
    /// Both announce their calls.
    fn set() -> Two {
        let mut two = Two::unready(|_| {});
        let mut silent = BTreeSet::from(["north", "south"]);
        while !silent.is_empty() {
            let told = two.callgist.says("calls are announced");
            assert!(silent.remove(told["switch"].as_str().unwrap()), "{told}");
        }
        two
    }

    /// `change` is of the switch `south`.
    fn unready(change: impl FnOnce(&mut Settings)) -> Two {
        Two::unready_over(change, |_| {})
    }

    /// The same, with a way that something happened to.
    fn unready_over(change: impl FnOnce(&mut Settings), happens: impl FnOnce(&Way)) -> Two {
        let north = Stage::scripted(|_| {});
        let south = Stage::beside(|settings| {
            settings.snippet = settings.snippet.replace("callgist=main", "callgist=second");
            change(settings);
        });
        let way = Way::to(&south);
        happens(&way);
        let here = north.switch.event_socket().port();
        let callgist = north.sidecar_unready(here, |settings| with_both(&settings, way.port));
        Two { north, south, way, callgist }
    }

    /// Both have a call that is copied.
    fn talk_at_both(&mut self) -> (LiveCall, LiveCall) {
        let calls = (self.north.call(self.north.speech(120)), self.south.call(self.south.speech(120)));
        for _ in 0..2 {
            self.callgist.step("forked");
        }
        for stage in [&self.north, &self.south] {
            let from = Instant::now();
            while stage.copies() < 2 {
                assert!(from.elapsed() < seconds(2), "there are not two copies");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        calls
    }

    /// Its copies run, none was ended, and its caller rings off.
    #[track_caller]
    fn north_goes_on_to_its_note(&mut self, call: LiveCall) {
        assert_eq!(self.callgist.said("ended a copy that an earlier run had left at the switch"), 0);
        assert_eq!(self.north.copies(), 2);
        let report = rings_off(&self.north, call);
        assert_eq!(report.taps.len(), 2, "{report:?}");
        let row = self.callgist.kept();
        assert_eq!((&row["line"], &row["summary"]), (&"main".into(), &NOTE.into()), "{row}");
        self.north.without_copies_within(seconds(5));
    }

    /// Another switch takes the place of `south`; it has the right password.
    fn restart_south(&mut self) {
        let snippet = settings().snippet.replace("callgist=main", "callgist=second");
        let fresh = Switch::start(Settings { seed: 3, snippet, ..settings() });
        let fresh = self.south.runtime.block_on(fresh).unwrap();
        self.way.leads_to(fresh.event_socket());
        self.south.switch = fresh;
    }

    /// Waits until that many connections were made in all, and calls are announced over the last.
    #[track_caller]
    fn connected(&mut self, times: usize) {
        let from = Instant::now();
        while self.callgist.said("switch connected") < times {
            assert!(from.elapsed() < seconds(30), "there were not {times} connections");
            std::thread::sleep(Duration::from_millis(20));
        }
        // The switch learns within two seconds that we are alive.
        std::thread::sleep(seconds(3));
    }
}

/// The settings of one switch as those of two: what is there becomes `north`, and `south` listens at that port.
pub(crate) fn with_both(settings: &str, port: u16) -> String {
    let (switch, rest) = settings.split_once("[sip]").unwrap();
    let (others, line) = rest.split_once("[[line]]\n").unwrap();
    let north = switch.replace("[switch]", "[[switch]]\nname = \"north\"");
    let secret = switch.lines().find(|line| line.starts_with("password_file")).unwrap();
    let second = line.replace("\"main\"", "\"second\"");
    format!(
        "{north}[[switch]]\nname = \"south\"\nport = {port}\n{secret}\n[sip]{others}[[line]]\nswitch = \"north\"\n{line}\
         [[line]]\nswitch = \"south\"\n{second}"
    )
}

fn alive_until(stage: &Stage) -> String {
    stage.asks("global_getvar callgist_alive_until")
}

/// The findings of that name: of which switch, and how it is.
fn states<'a>(told: &'a Value, what: &str) -> Vec<(&'a str, &'a str)> {
    let findings = told["findings"].as_array().unwrap().iter().filter(|finding| finding["what"] == what);
    findings.map(|of| (of["switch"].as_str().unwrap(), of["state"].as_str().unwrap())).collect()
}

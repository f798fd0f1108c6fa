//! Whole calls of a line that asks for consent: the notice, the question, a key, and only then an ear. Whatever becomes of us
//! in the question, the caller goes on when it has ended.

use crate::faults::talk::Stopped;
use crate::live::sidecar::{Sidecar, asking};
use crate::scripted::NOTE;
use crate::stories::{Stage, extension, goes_on, seconds};
use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Report, Script, When};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::process::Command;
use std::time::Duration;

// ---------------------------------------------------------------- yes and no

#[test]
fn who_presses_one_is_heard_from_then_on_and_his_decision_is_kept() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION, "1")]);
    asked.callgist.step("consented");
    asked.callgist.step("forked");
    let row = asked.callgist.kept();
    assert_eq!((&row["summary"], &row["notice_version"]), (&NOTE.into(), &"live".into()), "{row}");
    assert_eq!(row["consent"]["given"], true, "{row}");
    let at = |time: &Value| time.as_str().unwrap().to_owned();
    let (announced, decided) = (at(&row["announced"]), at(&row["consent"]["at"]));
    assert!(announced < decided && decided < at(&row["bridged"]), "{row}");
    let deeds = asked.callgist.deeds(&row["id"]);
    let given = deeds.iter().find(|deed| deed["deed"] == "consent_given").unwrap();
    assert_eq!((&given["detail"], &given["line"]), (&"live".into(), &"main".into()), "{given}");
    let report = asked.ended();
    let key = NOTICE + IN_THE_QUESTION;
    assert!(!report.taps.is_empty() && report.taps.iter().all(|tap| tap.attached > key), "{report:?}");
    invited(&report, key..key + A_SECOND);
    goes_on(&report, 6);
}

#[test]
fn the_evidence_of_a_call_shows_notice_question_yes_and_listening_in_their_order() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION, "1")]);
    let row = asked.callgist.kept();
    let id = row["id"].as_str().unwrap();
    let told = asked.callgist.ask(&["calls", "evidence", id]);
    let evidence = &told[0]["evidence"];
    assert_eq!(
        (&evidence["mode"], &evidence["notice_version"]),
        (&"consent".into(), &"live".into()),
        "{told:?}"
    );
    let hash = |name: &str| {
        let digest = Sha256::digest(std::fs::read(asked.stage.folder.path().join(name)).unwrap());
        Value::from(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    assert_eq!(evidence["notice_sha256"], hash("notice.wav"), "{told:?}");
    assert_eq!(evidence["question_sha256"], hash("question.wav"), "{told:?}");
    let order = ["offered", "notice_from", "notice_to", "announced", "listening_started", "ended"];
    let times: Vec<_> = order.iter().map(|name| evidence[*name].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{told:?}");
    let decided = evidence["consent"]["at"].as_str().unwrap();
    assert!(times[3] < decided && decided < times[4], "{told:?}");
    assert_eq!(evidence["notice_lasts_ms"], (NOTICE - FRAME).as_millis() as u64, "{told:?}");
    let checks = evidence["checks"].as_array().unwrap();
    assert!(checks.len() == 8 && checks.iter().all(|check| check["holds"] == true), "{told:?}");
    assert_eq!(evidence["announcement"], "proved", "{told:?}");
    let settings = &evidence["settings_version"];
    let log = asked.callgist.ask(&["log", "export"]);
    assert!(
        log.iter().any(|entry| entry["deed"] == "settings_changed" && entry["detail"] == *settings),
        "{log:?}"
    );
    assert!(!told[0].to_string().contains(NOTE), "{told:?}");
    asked.ended();
}

#[test]
fn the_evidence_of_a_call_without_consent_shows_that_nothing_was_listened_to() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION, "2")]);
    let row = asked.callgist.kept();
    let told = asked.callgist.ask(&["calls", "evidence", row["id"].as_str().unwrap()]);
    let evidence = &told[0]["evidence"];
    assert_eq!(
        (&evidence["mode"], &evidence["consent"]["given"]),
        (&"consent".into(), &false.into()),
        "{told:?}"
    );
    assert_eq!(
        (&evidence["listening_started"], &evidence["no_summary_reason"]),
        (&Value::Null, &"no_consent".into())
    );
    asked.ended();
}

#[test]
fn who_presses_nothing_is_asked_once_more_and_never_heard() {
    let asked = Asked::answering(&[]);
    let report = asked.refused();
    invited(&report, NOTICE + TWICE..NOTICE + TWICE + A_SECOND);
    let heard = report.notice_heard;
    assert!(heard + 5 * FRAME > NOTICE + 2 * QUESTION, "it was not asked twice: {heard:?}");
}

#[test]
fn who_presses_a_wrong_key_is_asked_once_more_and_may_consent_then() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION, "5"), (IN_THE_QUESTION + A_SECOND, "1")]);
    asked.callgist.step("consented");
    assert_eq!(asked.callgist.kept()["summary"], NOTE);
    let report = asked.ended();
    let key = NOTICE + IN_THE_QUESTION + A_SECOND;
    invited(&report, key..key + A_SECOND);
}

#[test]
fn who_presses_two_goes_on_at_once_and_is_not_heard() {
    let report = Asked::answering(&[(IN_THE_QUESTION, "2")]).refused();
    invited(&report, NOTICE + IN_THE_QUESTION..NOTICE + IN_THE_QUESTION + A_SECOND);
}

#[test]
fn a_key_in_the_notice_is_no_answer_to_the_question() {
    let report = Asked::at(When::Noticed(seconds(1)), "1").refused();
    invited(&report, NOTICE + TWICE..NOTICE + TWICE + A_SECOND);
}

/// He has heard nothing of the question when he presses it.
#[test]
fn a_key_that_is_pressed_in_the_last_word_of_the_notice_is_no_consent() {
    Asked::at(When::Noticed(NOTICE - 4 * FRAME), "1").refused();
}

#[test]
fn nobody_is_copied_while_he_is_being_asked() {
    let mut asked = Asked::answering(&[(QUESTION + seconds(2), "1")]);
    asked.callgist.step("announced");
    for _ in 0..6 {
        assert_eq!(asked.stage.copies(), 0);
        std::thread::sleep(Duration::from_millis(300));
    }
    asked.callgist.step("forked");
    asked.callgist.kept();
}

// ---------------------------------------------------------------- the agent's key

#[test]
fn a_spoken_yes_counts_when_the_agent_presses_his_key_and_nothing_before_it_is_heard() {
    let confirms = (When::Bridged(seconds(3)), Act::Keys(Party::Agent, "*1".into()));
    let mut asked = Asked::of_an_agent(vec![confirms]);
    asked.callgist.step("consented");
    asked.callgist.step("forked");
    let row = asked.callgist.kept();
    assert_eq!((&row["summary"], &row["consent"]["given"]), (&NOTE.into(), &true.into()), "{row}");
    assert!(row["bridged"].as_str() < row["consent"]["at"].as_str(), "{row}");
    let report = asked.ended();
    let key = report.bridged.unwrap() + seconds(3);
    assert!(report.taps.len() == 2 && report.taps.iter().all(|tap| tap.attached > key), "{report:?}");
    goes_on(&report, 6);
}

#[test]
fn without_the_agents_key_a_call_in_which_nothing_was_pressed_is_never_heard() {
    let by_caller = (When::Bridged(seconds(3)), Act::Keys(Party::Caller, "*1".into()));
    for events in [vec![], vec![by_caller]] {
        let mut asked = Asked::of_an_agent(events);
        let row = asked.callgist.kept();
        assert_eq!(
            (&row["no_summary_reason"], &row["consent"]["given"]),
            (&"no_consent".into(), &false.into())
        );
        assert!(row["bridged"].is_string() && row["heard"].is_null(), "{row}");
        let report = asked.ended();
        assert!(report.taps.is_empty(), "{report:?}");
        goes_on(&report, 6);
    }
}

/// The dialplan has the key, and the line does not say so.
#[test]
fn an_agent_confirms_nothing_on_a_line_that_does_not_say_so() {
    let confirms = (When::Bridged(seconds(3)), Act::Keys(Party::Agent, "*1".into()));
    let asked = Asked::set("", AGENTS_KEY, |stage| Script { events: vec![confirms], ..stage.speech(8) });
    assert!(asked.refused().taps.is_empty());
}

// ---------------------------------------------------------------- objections

#[test]
fn who_objects_in_the_question_is_not_asked_again() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION, "*9")]);
    let row = asked.callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["consent"]), (&"objection".into(), &Value::Null), "{row}");
    let report = asked.ended();
    assert!(report.taps.is_empty(), "{report:?}");
    // And waits for nothing more.
    invited(&report, NOTICE + IN_THE_QUESTION..NOTICE + IN_THE_QUESTION + A_SECOND);
    goes_on(&report, 6);
}

#[test]
fn a_consent_is_taken_back_by_the_objection_key_at_any_time() {
    let mut asked = Asked::with(&[(IN_THE_QUESTION, "1")], |script| Script {
        events: [script.events, vec![(When::Bridged(seconds(3)), Act::Keys(Party::Caller, "*9".into()))]]
            .concat(),
        ..script
    });
    asked.callgist.step("forked");
    let row = asked.callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["heard"]), (&"objection".into(), &Value::Null), "{row}");
    assert_eq!(row["consent"]["given"], true, "that it was given is kept, too: {row}");
    asked.stage.without_copies_within(A_SECOND);
    let deeds = asked.callgist.deeds(&row["id"]);
    let told: Vec<_> = deeds.iter().map(|deed| deed["deed"].as_str().unwrap()).collect();
    assert!(told.contains(&"consent_given") && told.contains(&"objection"), "{told:?}");
    goes_on(&asked.ended(), 6);
}

// ---------------------------------------------------------------- what becomes of us

#[test]
fn a_callgist_that_hangs_in_the_question_keeps_nobody_waiting() {
    let mut asked = Asked::answering(&[]);
    asked.callgist.step("announced");
    let stopped = Stopped::now(asked.callgist.pid());
    // Longer than the question lasts.
    std::thread::sleep(NOTICE + TWICE);
    drop(stopped);
    let report = asked.refused();
    invited(&report, NOTICE + TWICE..NOTICE + TWICE + A_SECOND);
}

#[test]
fn a_callgist_that_dies_in_the_question_costs_the_call_nothing_and_nothing_of_it_is_heard() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION + A_SECOND, "1")]);
    asked.callgist.step("announced");
    // The mark of the notice is on its way.
    std::thread::sleep(10 * FRAME);
    asked.callgist.kill();
    asked.callgist.again();
    let row = asked.callgist.kept();
    assert_eq!(row["no_summary_reason"], "no_consent", "nobody saw it: {row}");
    let report = asked.ended();
    let key = NOTICE + IN_THE_QUESTION + A_SECOND;
    invited(&report, key..key + A_SECOND);
    assert!(report.taps.is_empty(), "{report:?}");
    goes_on(&report, 6);
}

#[test]
fn a_callgist_that_is_started_anew_after_the_consent_keeps_it_and_hears_nothing_more() {
    let mut asked = Asked::answering(&[(IN_THE_QUESTION, "1")]);
    asked.callgist.step("forked");
    asked.callgist.kill();
    asked.callgist.again();
    asked.callgist.step("found");
    let row = asked.callgist.kept();
    assert_eq!(
        (&row["no_summary_reason"], &row["consent"]["given"]),
        (&"partial".into(), &true.into()),
        "{row}"
    );
    assert_eq!(asked.callgist.rows(), 1);
    goes_on(&asked.ended(), 6);
}

#[test]
fn a_callgist_that_is_stopped_in_the_question_asks_no_further() {
    let mut asked = Asked::answering(&[]);
    asked.callgist.step("announced");
    asked.callgist.ask_to_stop();
    assert_eq!(asked.callgist.kept()["no_summary_reason"], "shutdown");
    let report = asked.ended();
    assert!(report.agent_invited.unwrap() < NOTICE + QUESTION + WAIT + A_SECOND, "{report:?}");
    goes_on(&report, 6);
}

// ---------------------------------------------------------------- settings

#[test]
fn a_line_of_special_categories_that_asks_nobody_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("callgist.toml");
    let default = Command::new(env!("CARGO_BIN_EXE_callgist")).args(["config", "default"]).output().unwrap();
    let default = String::from_utf8(default.stdout).unwrap();
    std::fs::write(&config, default.replace("special_categories = false", "special_categories = true"))
        .unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(["config", "check", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let says = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(3), "{says}");
    assert!(says.contains("special_categories allows mode = \"consent\" or \"off\" only"), "{says}");
}

// ---------------------------------------------------------------- the stage

/// A call on a line that asks.
struct Asked {
    stage: Stage,
    callgist: Sidecar,
    call: LiveCall,
}

impl Asked {
    /// The caller presses these keys so long after the notice's end.
    fn answering(keys: &[(Duration, &str)]) -> Asked {
        Asked::with(keys, |script| script)
    }

    fn at(when: When, keys: &str) -> Asked {
        let events = vec![(when, Act::Keys(Party::Caller, keys.into()))];
        Asked::with(&[], |script| Script { events, ..script })
    }

    fn with(keys: &[(Duration, &str)], change: impl FnOnce(Script) -> Script) -> Asked {
        let press = |(after, keys): &(Duration, &str)| {
            (When::Noticed(NOTICE + *after), Act::Keys(Party::Caller, (*keys).into()))
        };
        let events = keys.iter().map(press).collect();
        Asked::set("", &[], |stage| change(Script { events, ..stage.speech(8) }))
    }

    /// The caller presses nothing, and his agent may confirm.
    fn of_an_agent(events: Vec<(When, Act)>) -> Asked {
        Asked::set("agent_confirms = true\n", AGENTS_KEY, |stage| Script { events, ..stage.speech(10) })
    }

    /// On a line with more settings, whose dialplan does this behind the snippet.
    fn set(more: &str, behind: &[(&str, &str)], script: impl FnOnce(&Stage) -> Script) -> Asked {
        let stage = Stage::scripted(|settings| settings.snippet += &extension(behind));
        let question = stage.folder.path().join("question.wav");
        let callgist = stage
            .sidecar_with(stage.switch.event_socket().port(), |settings| asking(&settings, &question) + more);
        let call = stage.call(script(&stage));
        Asked { stage, callgist, call }
    }

    /// The row says that no consent was given and nothing else of the call; the call went on all the same.
    #[track_caller]
    fn refused(mut self) -> Report {
        let row = self.callgist.kept();
        assert_eq!(row["no_summary_reason"], "no_consent", "{row}");
        assert_eq!((&row["consent"]["given"], &row["heard"]), (&false.into(), &Value::Null), "{row}");
        assert!(row["announced"].is_string(), "{row}");
        assert_eq!(row["ended"], row["consent"]["at"], "{row}");
        let deeds = self.callgist.deeds(&row["id"]);
        assert!(
            deeds.iter().any(|deed| deed["deed"] == "consent_refused" && deed["detail"] == "live"),
            "{deeds:?}"
        );
        let report = self.ended();
        assert!(report.taps.is_empty(), "{report:?}");
        goes_on(&report, 6);
        report
    }

    fn ended(self) -> Report {
        self.stage.ended(self.call)
    }
}

/// How long after the notice began the agent's phone was called.
#[track_caller]
fn invited(report: &Report, within: std::ops::Range<Duration>) {
    let after = report.agent_invited.unwrap() - report.answered.unwrap();
    // A notice begins when we have heard that the caller waits.
    let late = A_SECOND / 2;
    assert!((within.start..within.end + late).contains(&after), "{after:?} is not in {within:?}");
}

/// As dialplan/README.md says.
const AGENTS_KEY: &[(&str, &str)] = &[
    ("bind_digit_action", "callgist,*1,exec[i]:set,callgist_consent=agent,peer,self"),
    ("digit_action_set_realm", "callgist,peer"),
];

/// As long as the stage's sounds last.
pub(crate) const NOTICE: Duration = Duration::from_millis(2_620);
const QUESTION: Duration = Duration::from_millis(1_200);
const WAIT: Duration = Duration::from_millis(3_000);
/// Asked twice, without an answer.
const TWICE: Duration = Duration::from_millis(2 * (1_200 + 3_000));
/// Behind the notice.
pub(crate) const IN_THE_QUESTION: Duration = Duration::from_millis(900);
const A_SECOND: Duration = Duration::from_secs(1);
const FRAME: Duration = Duration::from_millis(20);

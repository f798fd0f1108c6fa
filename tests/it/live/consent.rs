//! A line that asks for consent, on a real switch: a key, none, a wrong one, one that came too early, an objection; and a
//! Callgist that hangs or dies in the question, which keeps nobody waiting.

use super::phone::{Phone, Sound};
use super::sidecar::{At, Sidecar, asking};
use super::ways::Way;
use super::{Call, SETTLED, Stage};
use crate::faults::talk::Stopped;
use crate::scripted::NOTE;
use serde_json::Value;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[test]
fn who_presses_one_on_the_real_switch_is_heard_from_then_on() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    line.in_the_question(&call, 1_000, "1");
    line.callgist.step("consented");
    line.invited(&call, "a key", 1_000..1_500);
    line.callgist.step("forked");
    line.stage.goes_on(&call);
    call.caller.hang_up();
    let row = line.callgist.kept();
    assert_eq!((&row["summary"], &row["consent"]["given"]), (&NOTE.into(), &true.into()), "{row}");
}

#[test]
fn who_presses_nothing_on_the_real_switch_is_asked_twice_and_never_copied() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    let row = line.refused(&call);
    let twice = 2 * (line.question() + WAIT_MS);
    line.invited(&call, "no key", twice..twice + 500);
    assert!(row["bridged"].is_null(), "{row}");
    line.goes_on_unheard(call);
}

#[test]
fn a_wrong_key_has_the_real_switch_ask_once_more_and_one_counts_then() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    line.in_the_question(&call, 1_000, "5");
    line.in_the_question(&call, 2_500, "1");
    line.callgist.step("consented");
    line.invited(&call, "a wrong key, then one", 2_500..3_000);
    line.callgist.step("forked");
    line.stage.rings_off(call);
    assert_eq!(line.callgist.kept()["consent"]["given"], true);
}

#[test]
fn two_lets_the_real_switch_go_on_at_once() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    line.in_the_question(&call, 1_000, "2");
    line.refused(&call);
    line.invited(&call, "two", 1_000..1_500);
    line.goes_on_unheard(call);
}

/// Of keys in the notice the switch keeps none for the question.
#[test]
fn keys_that_were_pressed_in_the_notice_answer_nothing_on_the_real_switch() {
    let Some(mut line) = Line::set() else { return };
    let call = line.call();
    std::thread::sleep(Duration::from_millis(800));
    call.caller.press("1");
    line.callgist.step("announced");
    line.refused(&call);
    let twice = 2 * (line.question() + WAIT_MS);
    line.invited(&call, "a key in the notice", twice..twice + 500);
    line.goes_on_unheard(call);
}

#[test]
fn a_callgist_hanging_in_the_question_keeps_no_caller_of_the_real_switch_waiting() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    let stopped = Stopped::now(line.callgist.pid());
    let twice = 2 * (line.question() + WAIT_MS);
    line.invited(&call, "hanging, no key", twice..twice + 500);
    line.stage.goes_on(&call);
    drop(stopped);
    line.refused(&call);
    line.goes_on_unheard(call);
}

#[test]
fn a_callgist_killed_in_the_question_costs_the_real_call_nothing_though_one_was_pressed() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    // The mark of the notice is on its way.
    std::thread::sleep(SETTLED);
    line.callgist.kill();
    line.in_the_question(&call, 1_500, "1");
    line.invited(&call, "killed, a key", 1_500..2_000);
    line.callgist.again();
    line.callgist.announcing();
    line.stage.goes_on(&call);
    assert_eq!(line.stage.switch.copies(), 0);
    line.stage.rings_off(call);
    assert_eq!(line.callgist.kept()["no_summary_reason"], "no_consent");
}

#[test]
fn the_objection_key_counts_in_the_first_second_of_the_question_and_after_a_consent() {
    let Some(mut line) = Line::set() else { return };
    let call = line.asked();
    line.in_the_question(&call, 500, "*9");
    let row = line.callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["consent"]), (&"objection".into(), &Value::Null), "{row}");
    line.invited(&call, "*9 in the question", 500..1_500);
    assert_eq!(call.agent.state().dialled(), "", "nothing of the key that ends the wait reaches the agent");
    line.goes_on_unheard(call);

    let call = line.asked();
    line.in_the_question(&call, 1_000, "1");
    line.callgist.step("forked");
    std::thread::sleep(Duration::from_secs(1));
    call.caller.press("*9");
    eprintln!("the copies were gone {:?} after the objection", line.stage.without_copies());
    let row = line.callgist.kept();
    assert_eq!(
        (&row["no_summary_reason"], &row["consent"]["given"]),
        (&"objection".into(), &true.into()),
        "{row}"
    );
    line.goes_on_unheard(call);
}

/// Nobody speaks, so whatever is heard in the talk is the question.
#[test]
fn a_question_that_comes_too_late_for_the_real_switch_is_not_heard_in_the_talk() {
    let Some(mut line) = Line::set() else { return };
    (line.stage.caller, line.stage.agent) = (vec![0; 80_000].into(), vec![0; 80_000].into());
    let stopped = Stopped::now(line.callgist.pid());
    let call = line.call();
    call.agent.answered();
    std::thread::sleep(SETTLED);
    let from = Instant::now();
    drop(stopped);
    assert_eq!(line.callgist.kept()["no_summary_reason"], "notice_incomplete");
    std::thread::sleep(Duration::from_secs(10));
    let heard = |phone: &Phone| phone.state().count(Sound::Voice, from, Instant::now());
    assert_eq!((heard(&call.caller), heard(&call.agent)), (0, 0));
    line.goes_on_unheard(call);
}

/// The agent's key costs the talk nothing, is not passed on, and means nothing where no consent is asked for.
#[test]
fn a_spoken_yes_counts_on_the_real_switch_from_the_agents_key_on() {
    let Some(mut line) = Line::on(Way::AgentsKeys, "agent_confirms = true\n") else { return };
    let call = line.asked();
    call.agent.answered();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(line.stage.switch.copies(), 0);
    let talk = Instant::now();
    call.agent.press("*1");
    line.callgist.step("consented");
    eprintln!("the agent's key was seen {:?} after it was pressed", talk.elapsed());
    line.callgist.step("forked");
    line.stage.goes_on(&call);
    assert_eq!(call.caller.state().dialled(), "");
    line.stage.rings_off(call);
    let row = line.callgist.kept();
    assert_eq!((&row["summary"], &row["consent"]["given"]), (&NOTE.into(), &true.into()), "{row}");
    assert!(row["bridged"].as_str() < row["consent"]["at"].as_str(), "{row}");
}

#[test]
fn the_agents_key_objects_on_the_real_switch_and_the_caller_hears_nothing_of_it() {
    let Some(mut line) = Line::on(Way::AgentsKeys, "") else { return };
    let call = line.asked();
    line.in_the_question(&call, 1_000, "1");
    line.callgist.step("forked");
    std::thread::sleep(Duration::from_secs(1));
    call.agent.press("*9");
    eprintln!("the copies were gone {:?} after the agent objected", line.stage.without_copies());
    assert_eq!(line.callgist.kept()["no_summary_reason"], "objection");
    assert_eq!(call.caller.state().dialled(), "");
    line.goes_on_unheard(call);
}

#[test]
fn a_caller_who_presses_the_agents_key_on_the_real_switch_has_consented_to_nothing() {
    let Some(mut line) = Line::on(Way::AgentsKeys, "agent_confirms = true\n") else { return };
    let call = line.asked();
    call.agent.answered();
    std::thread::sleep(Duration::from_secs(1));
    call.caller.press("*1");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(line.stage.switch.copies(), 0);
    // And his own key still works.
    call.caller.press("*9");
    let row = line.callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["consent"]), (&"objection".into(), &Value::Null), "{row}");
    line.goes_on_unheard(call);
}

// ---------------------------------------------------------------- the line

struct Line {
    stage: Stage,
    callgist: Sidecar,
    _folder: TempDir,
}

impl Line {
    fn set() -> Option<Line> {
        Line::on(Way::Straight, "")
    }

    fn on(way: Way, more: &str) -> Option<Line> {
        let stage = Stage::on(way)?;
        let folder = tempfile::Builder::new().prefix("callgist-consent-").tempdir().unwrap();
        let notice = short_notice(&folder);
        let question = std::fs::canonicalize(QUESTION).unwrap();
        let password_file = &stage.switch.password_file();
        let at = At { event_socket: stage.switch.event_socket, password_file, notice: &notice };
        let mut callgist = Sidecar::scripted(&at, |settings| asking(&settings, &question) + more);
        callgist.announcing();
        Some(Line { stage, callgist, _folder: folder })
    }

    fn call(&self) -> Call {
        self.stage.call(Duration::from_secs(1))
    }

    /// A call in whose question we are.
    fn asked(&mut self) -> Call {
        self.stage.announced(&mut self.callgist, Duration::from_secs(1))
    }

    /// Presses a key so many milliseconds after the notice's end.
    fn in_the_question(&self, call: &Call, ms: u64, keys: &str) {
        let at = call.caller.answered() + NOTICE + Duration::from_millis(ms);
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        call.caller.press(keys);
    }

    #[track_caller]
    fn refused(&mut self, call: &Call) -> Value {
        let row = self.callgist.kept();
        assert_eq!(row["no_summary_reason"], "no_consent", "{row}");
        assert_eq!((&row["consent"]["given"], &row["heard"]), (&false.into(), &Value::Null), "{row}");
        assert!(call.agent.state().ended.is_none());
        row
    }

    /// How many milliseconds after the notice the agent's phone was called. The notice begins as late as the guarded sleep
    /// allows.
    #[track_caller]
    fn invited(&self, call: &Call, what: &str, within: Range<u64>) {
        call.agent.answered();
        let after = call.agent.invited().saturating_duration_since(call.caller.answered() + NOTICE);
        let ms = u64::try_from(after.as_millis()).unwrap();
        eprintln!("{what}: the agent's phone was called {ms} ms after the notice's length");
        assert!((within.start..within.end + 500).contains(&ms), "{ms} ms is not in {within:?}");
    }

    fn goes_on_unheard(&self, call: Call) {
        self.stage.goes_on(&call);
        assert_eq!(self.stage.switch.copies(), 0);
        self.stage.rings_off(call);
    }

    /// How many milliseconds the question takes.
    fn question(&self) -> u64 {
        let question = hound::WavReader::open(QUESTION).unwrap();
        u64::from(question.duration()) * 1_000 / u64::from(question.spec().sample_rate)
    }
}

/// The first words of the shipped one: nobody listens to them here.
fn short_notice(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("notice.wav");
    let mut whole = hound::WavReader::open("sounds/en/8000/consent.wav").unwrap();
    let mut short = hound::WavWriter::create(&path, whole.spec()).unwrap();
    let samples = whole.samples::<i16>().take(NOTICE.as_millis() as usize * 8);
    samples.for_each(|sample| short.write_sample(sample.unwrap()).unwrap());
    short.finalize().unwrap();
    path
}

const NOTICE: Duration = Duration::from_secs(3);
const QUESTION: &str = "sounds/en/8000/question.wav";
/// How long a key is waited for behind it.
const WAIT_MS: u64 = 3_000;

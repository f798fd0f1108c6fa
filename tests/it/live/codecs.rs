//! Calls whose phones speak other codecs than A-law: each copy has its own leg's codec, and the note tells who said what.

use super::coding::{self, Codec};
use super::phone::Sound;
use super::sidecar::Sidecar;
use super::{SETTLED, Stage};
use callgist::call::Language;
use callgist::cli::doctor::talk::Legs;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[test]
fn a_call_in_g722_is_copied_in_g722_and_its_note_tells_who_said_what() {
    story([Codec::G722; 2]);
}

#[test]
fn a_call_in_opus_is_copied_in_opus_and_its_note_tells_who_said_what() {
    story([Codec::Opus; 2]);
}

#[test]
fn of_a_caller_in_mu_law_and_an_agent_in_a_law_each_is_copied_as_the_other_hears_it() {
    story([Codec::Pcmu, Codec::Pcma]);
}

#[test]
fn of_a_caller_in_a_law_and_an_agent_in_opus_each_is_copied_as_the_other_hears_it() {
    story([Codec::Pcma, Codec::Opus]);
}

#[test]
fn a_phone_that_changes_its_codec_in_mid_call_is_heard_before_it_and_after_it() {
    // The agent speaks G.722 from the first, so that the switch has both.
    let Some(stage) = Stage::speaking([Codec::Pcma, Codec::G722]) else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    call.agent.answered();
    callgist.step("forked");
    // Between what the caller reports and what the agent promises.
    std::thread::sleep(Duration::from_secs(20));
    call.caller.changes_to(Codec::G722);
    call.caller.until("agreed", Duration::from_secs(5), |state| state.speaks(Codec::G722).then_some(()));
    let (changed, copies) = (Instant::now(), stage.switch.codecs_of_copies());
    std::thread::sleep(stage.length() - Duration::from_secs(20));
    let over = Instant::now();
    call.caller.hang_up();
    let row = callgist.kept();
    eprintln!("copies after the change: {copies:?}; {row}");
    assert_eq!(
        Legs::told_by(row["summary"].as_str().unwrap_or_default(), Language::En),
        Legs::Right,
        "{row}"
    );
    let heard = call.caller.state().count(Sound::Voice, changed + SETTLED, over);
    assert!(heard > 200, "the caller heard only {heard} packets in the new codec");
}

/// A stock switch only hands G.729 on: it can play no notice into it, and nobody here could decode a copy.
#[test]
fn a_call_in_g729_is_left_alone_and_goes_on_at_once() {
    let Some(stage) = Stage::speaking([Codec::G729; 2]) else { return };
    let mut callgist = stage.scripted("");
    let call = stage.call(Duration::from_secs(1));
    let delay = call.agent.invited().saturating_duration_since(call.caller.answered());
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "not_tappable", "{row}");
    assert_eq!(row["announced"], serde_json::Value::Null, "{row}");
    assert!(delay < Duration::from_millis(100), "{delay:?}");
    eprintln!("the agent's phone was called {delay:?} after the answer");
    stage.goes_on(&call);
    assert_eq!(stage.switch.copies(), 0);
    stage.rings_off(call);
}

#[track_caller]
fn story(codecs: [Codec; 2]) {
    let Some(stage) = Stage::speaking(codecs) else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    let (answered, announced) = (call.caller.answered(), Instant::now());
    call.agent.answered();
    callgist.step("forked");
    std::thread::sleep(SETTLED);
    let copied: BTreeSet<String> =
        stage.switch.codecs_of_copies().iter().map(|codec| codec.to_lowercase()).collect();
    let spoken: BTreeSet<String> = codecs.map(|codec| coding::name(codec).to_lowercase()).into();
    assert_eq!(copied, spoken);
    std::thread::sleep(stage.length());
    let (talked, over) = (call.agent.answered(), Instant::now());
    call.caller.hang_up();
    let row = callgist.kept();
    let note = row["summary"].as_str().unwrap_or_default();
    assert_eq!(Legs::told_by(note, Language::En), Legs::Right, "{row}");
    let notice = call.caller.state().count(Sound::Voice, answered, announced);
    assert!(notice > 400, "only {notice} packets of the notice were heard");
    for (who, phone) in [("caller", &call.caller), ("agent", &call.agent)] {
        let heard = phone.state().count(Sound::Voice, talked, over);
        assert!(heard > 300, "the {who} heard only {heard} packets of the other");
        assert_eq!(phone.state().lost(), 0, "packets to the {who} were lost");
    }
    eprintln!("{note}");
}

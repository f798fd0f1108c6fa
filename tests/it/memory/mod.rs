//! Twenty calls in one ear, and one of them ends: then the memory of both processes is searched from outside, for its
//! words, for its sound from the packet to what a recogniser gets, and in the ear for the note itself.
//!
//! The recogniser follows a script here, so that the words are certain; `tests/bench/memory.rs` does the same to the
//! real ones, and measures.

mod forms;
mod search;

use crate::canary::Canary;
use crate::live::sidecar::{At, Sidecar};
use crate::objects::object;
use crate::shout::skipped;
use crate::stories::{Stage, seconds};
use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Script};
use forms::{Form, OURS};
use search::{Hit, Sought};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::time::{Duration, Instant};

/// A problem and a request, so that there is a note; and words that a note can hardly tell.
const SAID: &str = "Hello, my dishwasher is leaking since Thursday. Could you please send somebody to repair it? Thank you \
                    very much. That is very kind of you. Good. Well, zyzzyva quokka. Oh well, xylocarp borborygmus.";

const CANARIES: [&str; 4] = ["zyzzyva", "quokka", "xylocarp", "borborygmus"];

#[test]
fn five_seconds_after_a_note_neither_process_holds_a_word_or_a_sound_of_the_call_with_twenty_in_the_ear() {
    let Some(mut scene) = Scene::saying(SAID) else { return };
    let call = scene.stage.call(scene.stage.talk(40));
    scene.is_heard();
    let others = scene.others(19);
    let row = scene.callgist.kept();
    let note = row["summary"]["text"].as_str().or(row["summary"].as_str()).unwrap_or_else(|| panic!("{row}"));
    // Those that the note tells are in memory by right.
    let untold: Vec<&str> = CANARIES.into_iter().filter(|word| !note.contains(word)).collect();
    assert!(untold.len() >= 2, "{note}");
    scene.sought = sought(&scene.stage, &untold);
    std::thread::sleep(seconds(5));
    assert_eq!(scene.found(scene.daemon()), "");
    assert_eq!(scene.found(scene.ear()), "");
    // The note is the daemon's to keep. In the ear it was made, and is wiped.
    assert!(!runs(note).is_empty(), "{note}");
    scene.sought = Sought::new(runs(note).iter().flat_map(|run| forms::words(run)).collect());
    assert_eq!(scene.found(scene.ear()), "", "{note}");
    scene.stage.ended(call);
    scene.rings_off(others);
}

/// Of what was said too little is left to tell.
#[test]
fn five_seconds_after_a_refusal_neither_process_holds_a_word_or_a_sound_of_the_call_with_twenty_in_the_ear() {
    let Some(mut scene) = Scene::saying(&CANARIES.join(" ")) else { return };
    let call = scene.stage.call(scene.stage.talk(40));
    scene.is_heard();
    scene.refuses_and_forgets(call, 19, "too_short");
}

#[test]
fn five_seconds_after_a_recogniser_failed_neither_process_holds_a_word_or_a_sound_of_the_call() {
    let Some(mut scene) = Scene::saying(&format!("{SAID} FAIL")) else { return };
    // It is over too soon to be seen before; that the search is not blind, the others show.
    let call = scene.stage.call(scene.stage.talk(40));
    scene.callgist.step("forked");
    scene.refuses_and_forgets(call, 4, "engine_failed");
}

#[test]
fn after_an_objection_by_key_our_own_buffers_are_wiped_at_once_and_all_else_within_a_second() {
    let Some(mut scene) = Scene::saying(SAID) else { return };
    let call = scene.stage.call(scene.stage.talk(40));
    scene.is_heard();
    let hits = scene.sought.in_process(scene.ear());
    let (ours, all) = (Vec::from_iter(hits.iter().filter(|hit| scene.is_ours(hit)).copied()), hits);
    assert!(!ours.is_empty(), "no sound was in memory");
    let memory = File::open(format!("/proc/{}/mem", scene.ear())).unwrap();
    call.act(Act::Keys(Party::Caller, "*9".into()));
    std::thread::sleep(PRESSED);
    let pressed = Instant::now();
    for (hits, within) in [(&ours, OURS_WITHIN), (&all, ALL_WITHIN)] {
        while hits.iter().any(|hit| scene.sought.is_still(&memory, hit)) {
            assert!(pressed.elapsed() < within, "something is there still after {within:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    assert_eq!(scene.callgist.kept()["no_summary_reason"], "objection");
    assert_eq!((scene.found(scene.daemon()), scene.found(scene.ear())), (String::new(), String::new()));
    scene.stage.ended(call);
}

#[test]
fn when_an_agents_command_has_ended_nothing_of_the_call_is_in_memory_a_moment_later() {
    let Some(mut scene) = Scene::saying(SAID) else { return };
    let call = scene.stage.call(scene.stage.talk(40));
    scene.is_heard();
    let hits = scene.sought.in_process(scene.ear());
    assert!(!hits.is_empty(), "nothing was in memory");
    let memory = File::open(format!("/proc/{}/mem", scene.ear())).unwrap();
    let (code, told, said) = object(&scene.callgist.path("callgist.toml"), &["--agent", "agent"]);
    assert_eq!((code, scene.stage.copies()), (Some(0), 0), "{told} {said}");
    let ended = Instant::now();
    while hits.iter().any(|hit| scene.sought.is_still(&memory, hit)) {
        assert!(ended.elapsed() < ALL_WITHIN, "something is there still after {ALL_WITHIN:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(scene.callgist.kept()["no_summary_reason"], "objection");
    assert_eq!((scene.found(scene.daemon()), scene.found(scene.ear())), (String::new(), String::new()));
    scene.stage.ended(call);
}

#[test]
fn every_form_is_found_where_it_is_planted() {
    let stage = Stage::scripted(|_| {});
    let sound = forms::sound(&stage.caller[16_000..][..40_000]);
    let all = sound.into_iter().chain(forms::words("Xylocarp")).chain(forms::tokens(&[7, 50_000, 9]));
    let one_of_each: BTreeMap<&str, Form> = all.map(|form| (form.name, form)).collect();
    assert_eq!(one_of_each.len(), 11);
    for form in one_of_each.into_values() {
        // Anywhere, and at no round address.
        let mut place = vec![0x11u8; 5_003];
        place[4_091..4_091 + form.bytes.len()].copy_from_slice(&form.bytes);
        let name = form.name;
        let sought = Sought::new(vec![form]);
        let mut found = Vec::new();
        sought.within(&place, |at, _| found.push(at));
        assert_eq!(found, [4_091], "{name}");
    }
}

#[test]
fn a_word_in_the_memory_of_a_process_is_found() {
    let word: String = std::hint::black_box("yxorcalyx".chars().rev().collect());
    let sought = Sought::new(forms::words(&word));
    let (own, at) = (std::process::id().cast_signed(), word.as_ptr() as u64);
    assert!(sought.in_process(own).iter().any(|hit| hit.at == at));
}

// ---------------------------------------------------------------- the scene

/// The stage, `callgist run` beside it with an ear that follows a script, and what is looked for.
struct Scene {
    stage: Stage,
    callgist: Sidecar,
    sought: Sought,
    _canary: Canary,
}

impl Scene {
    /// Nothing where their memory may not be read: a process that is not dumpable shows it to root alone.
    fn saying(script: &str) -> Option<Scene> {
        if !rustix::process::geteuid().is_root() && !cfg!(feature = "dumpable") {
            skipped("what is left in memory; run it as root, or build with the feature dumpable");
            return None;
        }
        let stage = Stage::set();
        let canary = Canary::saying_once(script);
        let at = |name: &str| stage.folder.path().join(name);
        let (password_file, notice) = (&at("password"), &at("notice.wav"));
        let at = At { event_socket: stage.switch.event_socket().port(), password_file, notice };
        let callgist = Sidecar::canary(&at, &canary);
        let sought = sought(&stage, &CANARIES);
        Some(Scene { stage, callgist, sought, _canary: canary })
    }

    /// Waits until the call is in the ear's memory: so the search is not blind.
    fn is_heard(&mut self) {
        self.callgist.step("forked");
        let from = Instant::now();
        loop {
            let found = self.found(self.ear());
            if found.contains(forms::UTF_8) && found.contains(forms::I16_16) {
                return;
            }
            assert!(from.elapsed() < seconds(60), "only {found:?} is in the ear's memory");
        }
    }

    /// So many calls more, of which the first words are another voice's; all are heard when this returns.
    fn others(&mut self, count: usize) -> Vec<LiveCall> {
        let speech = &self.stage.talk(55).agent_speech[45 * 8_000..];
        let script = Script {
            caller_speech: speech[..16_000].to_vec(),
            hangup_after: Some(seconds(90)),
            ..Script::default()
        };
        // Not in step: that many notices at once are more than two cores play in time.
        let call = |_| {
            std::thread::sleep(Duration::from_millis(300));
            self.stage.call(script.clone())
        };
        let calls = (0..count).map(call).collect();
        (0..count).for_each(|_| drop(self.callgist.step("forked")));
        calls
    }

    /// A call ends without a note while others go on, and 5 s later nothing of it is anywhere.
    fn refuses_and_forgets(mut self, call: LiveCall, others: usize, reason: &str) {
        let others = self.others(others);
        let row = self.callgist.kept();
        assert_eq!(row["no_summary_reason"], reason, "{row}");
        std::thread::sleep(seconds(5));
        assert_eq!((self.found(self.daemon()), self.found(self.ear())), (String::new(), String::new()));
        self.stage.ended(call);
        self.rings_off(others);
    }

    fn rings_off(&self, calls: Vec<LiveCall>) {
        for call in calls {
            call.act(Act::HangUp(Party::Caller));
            self.stage.ended(call);
        }
    }

    /// Which forms are there, and of words which.
    fn found(&self, process: i32) -> String {
        let hits = self.sought.in_process(process);
        let words = hits.iter().filter_map(|hit| self.sought.word(hit).map(str::to_owned));
        let forms = hits.iter().map(|hit| self.sought.name(hit).to_owned());
        forms.chain(words).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    }

    fn is_ours(&self, hit: &Hit) -> bool {
        OURS.contains(&self.sought.name(hit))
    }

    fn daemon(&self) -> i32 {
        self.callgist.pid()
    }

    fn ear(&self) -> i32 {
        self.callgist.ears()[0]
    }
}

/// These words, and the sound of the call that is searched for.
fn sought(stage: &Stage, words: &[&str]) -> Sought {
    let talk = stage.talk(40);
    let words = words.iter().flat_map(|word| forms::words(word));
    let sound = [&talk.caller_speech, &talk.agent_speech].into_iter().flat_map(|said| forms::sound(said));
    Sought::new(words.chain(sound).collect())
}

/// Every three words in a row of which two were said: other words are the ear's own, which it writes every note with.
fn runs(text: &str) -> Vec<String> {
    let letters = |word: &str| word.trim_matches(|letter: char| !letter.is_alphabetic()).to_owned();
    let was_said = |word: &&&str| letters(word).len() > 3 && SAID.contains(&letters(word));
    let words: Vec<&str> = text.split_whitespace().collect();
    let runs = words.windows(3).filter(|run| run.iter().filter(was_said).count() >= 2);
    runs.map(|run| run.join(" ")).collect()
}

/// Two keys are released this long after they are asked for.
const PRESSED: Duration = Duration::from_millis(380);

/// On a busy machine; the bench measures what it is on a quiet one.
const OURS_WITHIN: Duration = Duration::from_millis(700);
const ALL_WITHIN: Duration = Duration::from_millis(1_700);

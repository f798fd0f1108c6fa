//! A recording goes in; how long anything of it stays in the memory of `callgist run` and its ear comes out.
//!
//!     LD_LIBRARY_PATH=FOLDER-OF-LIBVOSK cargo bench --features dumpable --bench memory -- \
//!         --models FOLDER --recogniser vosk --calls 20 --objections 5
//!
//! Calls run in the same ear, all but one with another recording. That one ends; 5 s after its row was stored both
//! processes are searched from outside. Then calls of the same recording are objected to by key, and followed until
//! nothing of them is left. What is looked for is looked for while it must be there, too. Prints one JSON object.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[path = "../../it/heard.rs"]
mod confidential;
mod expected;
#[path = "../../it/memory/forms.rs"]
mod forms;
#[path = "../../it/program.rs"]
mod program;
#[path = "../../it/memory/search.rs"]
mod search;
#[path = "../sidecar.rs"]
mod sidecar;
mod watched;

use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Script, Settings, Switch};
use callgist::store::{Clerk, Filter, Outcome};
use expected::{Expected, expected};
use forms::Form;
use program::{children, started};
use search::Sought;
use serde_json::{Value, json};
use sidecar::{Arguments, Ear, json_line, recording, settings};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use watched::{Counts, Stay, Watched};

struct Wanted {
    models: PathBuf,
    recogniser: String,
    /// Stereo, 8 kHz, FLAC; its first seconds.
    audio: PathBuf,
    seconds: usize,
    calls: usize,
    objections: usize,
    /// Seconds from the begin of a call to the first objection, and from each to the next.
    after: usize,
    apart: usize,
    /// Ours, unless another build of it is to be measured.
    daemon: PathBuf,
}

fn main() {
    let Some(wanted) = Wanted::read() else {
        eprintln!(
            "usage: memory --models FOLDER [--recogniser vosk] [--calls 20] [--objections 5] [--after 14] [--apart 2] [--seconds 40] [--audio FILE] [--daemon FILE]"
        );
        return;
    };
    println!("{:#}", measure(&wanted));
}

impl Wanted {
    fn read() -> Option<Wanted> {
        let given = Arguments::given();
        Some(Wanted {
            models: given.after("--models")?.into(),
            recogniser: given.after("--recogniser").unwrap_or("vosk").into(),
            audio: given.after("--audio").unwrap_or("tests/audio/09-en-garage-injection.flac").into(),
            seconds: given.number("--seconds", 40)?,
            calls: given.number("--calls", 20)?,
            objections: given.number("--objections", 5)?,
            after: given.number("--after", 14)?,
            apart: given.number("--apart", 2)?,
            daemon: given.daemon(),
        })
    }
}

fn measure(wanted: &Wanted) -> Value {
    let voices = recording(&wanted.audio, wanted.seconds);
    let others = recording(Path::new("sounds/demo/en.flac"), OTHERS_SPEAK);
    let forms = forms_of(wanted, &voices, &others);
    let sought = Sought::new(forms);
    let scene = Scene::set(wanted);
    scene.is_used(&others);
    let [daemon, ear] = [scene.daemon, scene.ear].map(|process| Watched::new(&sought, process));

    let crowd = scene.crowd(wanted.calls - 1, &others);
    let call = scene.call(&voices);
    let (heard_in_ear, row) = scene.heard(&ear);
    std::thread::sleep(Duration::from_secs(5));
    let (in_daemon, in_ear) = (daemon.hits(), ear.hits());
    let note = scene.note();
    let after = json!({
        "calls_in_the_ear": wanted.calls,
        "reason": row["reason"], "words": row["words"], "took_ms": row["took_ms"],
        "found_while_it_ran": heard_in_ear,
        "daemon_after_5_s": daemon.count(&in_daemon),
        "ear_after_5_s": ear.count(&in_ear),
        "note": note,
        "seen": ear.words(&in_ear),
        "seen_in_the_daemon": daemon.words(&in_daemon),
    });
    // At once, for the rest takes minutes and may fail.
    eprintln!("{after:#}");
    scene.ended(call);
    crowd.into_iter().for_each(|other| scene.hung_up(other));

    let moments = (0..wanted.objections).map(|n| wanted.after + n * wanted.apart);
    let stays: Vec<Value> = moments
        .map(|after| told(after, &scene.objected(&ear, &voices, after)))
        .inspect(|stay| eprintln!("{stay}"))
        .collect();
    json!({ "recogniser": wanted.recogniser, "after_the_note": after, "after_the_key_ms": stays })
}

/// Sound, every two words in a row, rare words, every three token numbers in a row; nothing that the others say, too.
fn forms_of(wanted: &Wanted, voices: &[Vec<i16>; 2], others: &[Vec<i16>; 2]) -> Vec<Form> {
    let said = |voices: &[Vec<i16>; 2]| {
        voices
            .each_ref()
            .map(|voice| expected(&wanted.recogniser, &wanted.models, &confidential::at_16_khz(voice)))
    };
    let theirs = said(others);
    let known: BTreeSet<&str> = theirs.iter().flat_map(|one| one.words.iter().map(String::as_str)).collect();
    let mut forms: Vec<Form> = voices.iter().flat_map(|voice| forms::sound(voice)).collect();
    for Expected { words, tokens } in said(voices) {
        let runs: BTreeSet<String> = words.windows(2).map(|run| run.join(" ")).collect();
        let alone: BTreeSet<&String> =
            words.iter().filter(|word| word.len() >= 6 && !known.contains(word.as_str())).collect();
        let long =
            runs.iter().filter(|run| run.len() >= 8 && run.split(' ').any(|word| !known.contains(word)));
        forms.extend(long.chain(alone).flat_map(|text| forms::words(text)));
        let theirs: BTreeSet<&[usize]> = theirs.iter().flat_map(|one| one.tokens.windows(3)).collect();
        forms.extend(tokens.windows(3).filter(|run| !theirs.contains(run)).flat_map(forms::tokens));
    }
    forms
}

/// The switch, `callgist run` and its ear.
struct Scene {
    runtime: Runtime,
    switch: Switch,
    lines: Receiver<Value>,
    child: std::process::Child,
    daemon: i32,
    ear: i32,
    folder: tempfile::TempDir,
}

impl Scene {
    fn set(wanted: &Wanted) -> Scene {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let switch =
            runtime.block_on(Switch::start(Settings { patience: 5, ..Settings::default() })).unwrap();
        let Wanted { models, recogniser, calls, .. } = wanted;
        let config = settings(folder.path(), &switch, &Ear { models, recogniser, calls: calls + 1 });
        let (child, mut said) = started(&wanted.daemon, &config, None);
        while json_line(&mut said)["message"] != "calls are announced" {}
        let (sender, lines) = channel();
        // It ends with the process whose log it reads.
        std::thread::spawn(move || {
            while let Some(Ok(line)) = said.next() {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::Null));
            }
        });
        let (daemon, ear) = (child.id().cast_signed(), children(child.id())[0]);
        Scene { runtime, switch, lines, child, daemon, ear, folder }
    }

    /// A call of the recording; it is heard when this returns.
    fn call(&self, [caller, agent]: &[Vec<i16>; 2]) -> LiveCall {
        let script =
            Script { caller_speech: caller.clone(), agent_speech: agent.clone(), ..Script::default() };
        let call = self.runtime.block_on(self.switch.call(script));
        self.step("forked");
        call
    }

    /// Calls of somebody else's, which go on until they are hung up; all are heard when this returns.
    fn crowd(&self, count: usize, voices: &[Vec<i16>; 2]) -> Vec<LiveCall> {
        let [caller_speech, agent_speech] = voices.clone();
        let hangup_after = Some(Duration::from_secs(3_600));
        let script = Script { caller_speech, agent_speech, hangup_after, ..Script::default() };
        // Not in step: that many notices at once are more than two cores play in time.
        let call = |_| {
            std::thread::sleep(Duration::from_millis(300));
            self.runtime.block_on(self.switch.call(script.clone()))
        };
        let calls = (0..count).map(call).collect();
        (0..count).for_each(|_| drop(self.step("forked")));
        calls
    }

    /// A whole call of somebody else's with its ending: an ear makes the tables of its note engine when it first needs
    /// them, and they hold words.
    fn is_used(&self, voices: &[Vec<i16>; 2]) {
        let call = self.call(voices);
        self.kept();
        self.ended(call);
    }

    fn step(&self, step: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(600)).expect("callgist run goes on");
            if line["step"] == step {
                return line;
            }
        }
    }

    fn kept(&self) -> Value {
        self.step("kept")
    }

    /// What is found in the ear until the call's row is stored, and that row.
    fn heard(&self, ear: &Watched<'_>) -> (Counts, Value) {
        let mut seen = Counts::new();
        loop {
            for (name, count) in ear.counts() {
                let most: &mut usize = seen.entry(name).or_default();
                *most = count.max(*most);
            }
            if let Some(row) = self.lines.try_iter().find(|line| line["step"] == "kept") {
                return (seen, row);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// What is told of the call: its words are in the daemon by right.
    fn note(&self) -> Option<String> {
        let clerk = Clerk::open(&self.folder.path().join("store/callgist.db")).unwrap();
        let kept = clerk.calls(&Filter { limit: 1, ..Filter::default() }).unwrap();
        kept.into_iter().find_map(|kept| match kept.call.outcome {
            Outcome::Noted(note) => Some(note.text),
            Outcome::NotNoted(_) => None,
        })
    }

    fn ended(&self, call: LiveCall) {
        self.runtime.block_on(call.ended());
    }

    fn hung_up(&self, call: LiveCall) {
        call.act(Act::HangUp(Party::Caller));
        self.ended(call);
        self.kept();
    }

    /// A call that is objected to so many seconds after it began.
    fn objected(&self, ear: &Watched<'_>, voices: &[Vec<i16>; 2], after: usize) -> Stay {
        let call = self.call(voices);
        std::thread::sleep(Duration::from_secs(after as u64));
        let known = ear.hits();
        call.act(Act::Keys(Party::Caller, "*9".into()));
        std::thread::sleep(PRESSED);
        let stay = ear.follow(&known, Instant::now(), FOLLOWED);
        self.kept();
        call.act(Act::HangUp(Party::Caller));
        self.ended(call);
        stay
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn told(after: usize, stay: &Stay) -> Value {
    let ms = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let all: serde_json::Map<String, Value> =
        stay.all.iter().map(|(name, time)| ((*name).to_owned(), ms(time).into())).collect();
    let look = |(begun, found, words): &(Duration, Counts, Vec<String>)| json!({ "from": ms(begun), "found": found, "words": words });
    let looks = stay.looks.iter().map(look);
    json!({
        "after_s": after, "our_buffers": ms(&stay.ours), "last_seen": all, "ear_at_work": ms(&stay.at_work),
        "looks": looks.collect::<Vec<_>>(),
    })
}

/// Seconds. So little that two cores have decoded it when the call in question ends.
const OTHERS_SPEAK: usize = 15;

/// Two keys are released this long after they are asked for.
const PRESSED: Duration = Duration::from_millis(380);

/// How long a call is followed after the key.
const FOLLOWED: Duration = Duration::from_secs(20);

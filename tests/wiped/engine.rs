//! The note engine on written calls in three languages, in which every sixth longer word is one that is looked for.

use crate::allocator::{alone, watched};
use crate::canary;
use crate::places::assert_none;
use callgist::border::Day;
use callgist::call::Language;
use callgist::confidential::notes::Quality;
use callgist::confidential::{Engine, NoteTaker, Speaker, Transcript, Turn, Word};
use serde_json::Value;
use std::path::Path;

const TODAY: Day = Day { year: 2026, month: 3, day: 5, minute: 600 };
const QUALITY: Quality = Quality { confidence_pct: 95, kept_pct: 100, arrived_pct: 100 };

/// Of so many words with four letters or more one is a canary: fewer leave the engine nothing to understand.
const EVERY: usize = 6;

/// A written call, kept for ever: what is not given back is not found.
struct Written {
    language: Language,
    turns: Vec<(Speaker, u32, Vec<String>)>,
}

fn written_calls() -> &'static [Written] {
    let mut files: Vec<_> =
        std::fs::read_dir(Path::new("tests/calls/dev")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let json = files.iter().filter(|path| path.extension().is_some_and(|end| end == "json"));
    let calls = json.map(|path| written(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()));
    Box::leak(calls.collect())
}

fn written(call: &Value) -> Written {
    let language = match call["language"].as_str().unwrap() {
        "de" => Language::De,
        "fr" => Language::Fr,
        _ => Language::En,
    };
    let turn = |turn: &Value| {
        let speaker = match turn["speaker"].as_str().unwrap() {
            "caller" => Speaker::Caller,
            _ => Speaker::Agent(1),
        };
        let words = turn["heard"].as_str().unwrap().split_whitespace().map(str::to_owned).collect();
        (speaker, (turn["start_s"].as_f64().unwrap() * 1_000.0) as u32, words)
    };
    Written { language, turns: call["turns"].as_array().unwrap().iter().map(turn).collect() }
}

impl Written {
    /// The same with every sixth longer word, from the `first` on, a canary.
    fn with_canaries(&self, first: usize) -> Transcript {
        let mut longer = first;
        let mut turns = Vec::new();
        for (speaker, start, written) in &self.turns {
            let mut words = Vec::with_capacity(written.len());
            for (at, word) in written.iter().enumerate() {
                longer += usize::from(word.len() >= 4);
                let said = if word.len() >= 4 && longer.is_multiple_of(EVERY) {
                    canary::word(longer / EVERY)
                } else {
                    word
                };
                let from = start + at as u32 * 350;
                words.push(Word::new(said.to_owned(), from, from + 350, 0.95));
            }
            turns.push(Turn { speaker: *speaker, words });
        }
        Transcript::new(turns)
    }
}

#[test]
fn the_note_engine_leaves_nothing_of_what_it_reads() {
    let _alone = alone();
    let calls = written_calls();
    for language in [Language::En, Language::De, Language::Fr] {
        let _ = Engine.objection(&Transcript::new(Vec::new()), language);
    }
    let (notes, found) = watched(|| {
        let mut notes = 0;
        for call in calls {
            for first in [0, EVERY / 2] {
                let said = call.with_canaries(first);
                let _ = Engine.do_not_contact(&said, call.language);
                notes += usize::from(Engine.summarise(&said, call.language, TODAY, QUALITY).is_ok());
            }
        }
        notes
    });
    assert_none(&found);
    assert!(notes > calls.len() / 2, "{notes} notes of {} calls", calls.len());
}

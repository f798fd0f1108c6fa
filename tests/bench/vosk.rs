//! Labelled calls go through libvosk in two ways; the CPU of each and how far their words agree come out.
//!
//!     LD_LIBRARY_PATH=FOLDER-OF-LIBVOSK cargo bench --locked --bench vosk -- --audio FOLDER --model FOLDER
//!
//! Theirs is what vosk-server does: a recogniser for each leg, fed with all that the leg sends, at its 8 kHz and with word
//! times. Ours is the ear's hall: packets of both legs, gate, recogniser, note. One model, one library, one thread, by
//! turns. FOLDER of the audio holds stereo FLAC (8 kHz, left the caller) named as the calls in tests/calls/dev.
//! `--a-language` takes more calls of each language, `--turns` measures more often. A model of another language than
//! the calls' understands none of it; then cost and agreement are told, and nothing about errors.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[cfg(feature = "vosk")]
mod confidential;
#[cfg(feature = "vosk")]
#[path = "cpu.rs"]
mod cpu;
#[cfg(feature = "vosk")]
#[path = "heard.rs"]
mod heard;
#[cfg(feature = "vosk")]
#[path = "sidecar.rs"]
#[allow(dead_code, reason = "it needs recordings and the command line alone")]
mod sidecar;
#[cfg(feature = "vosk")]
#[path = "spoken.rs"]
#[allow(dead_code, reason = "it is not asked what was really said")]
mod spoken;

#[cfg(feature = "vosk")]
fn main() {
    let given = sidecar::Arguments::given();
    let wanted = || {
        let (audio, model) = (given.after("--audio")?, given.after("--model")?);
        Some((audio, model, given.number("--a-language", 1)?, given.number("--turns", 1)?))
    };
    let Some((audio, model, a_language, turns)) = wanted() else {
        eprintln!("usage: vosk --audio FOLDER --model FOLDER [--a-language 1] [--turns 1]");
        return;
    };
    let labels = given.after("--labels").unwrap_or("tests/calls/dev");
    let calls = spoken::Spoken::choose(audio.as_ref(), labels.as_ref(), a_language);
    ways::measure(&calls, model.as_ref(), turns);
}

#[cfg(feature = "vosk")]
mod ways {
    use crate::confidential::{frames, gated};
    use crate::cpu::process_cpu;
    use crate::heard::{Cost, Ear, on_time};
    use crate::spoken::{Spoken, packets, plain_words, word_errors};
    use callgist::call::Language;
    use callgist::confidential::recogniser::vosk::Vosk;
    use callgist::confidential::recogniser::{Packing, Recogniser};
    use serde_json::json;
    use std::path::Path;
    use vosk::{CompleteResult, DecodingState, LogLevel, Model, Recognizer};

    pub fn measure(calls: &[Spoken], model: &Path, turns: usize) {
        vosk::set_log_level(LogLevel::Error);
        let theirs = Model::new(model.to_str().unwrap()).expect("libvosk does not take this model");
        // Which language it is said to be changes nothing in how it is decoded.
        let own =
            Vosk::load(model, Language::En).unwrap_or_else(|error| panic!("{}: {error}", model.display()));
        own.warm_up().unwrap();
        let ear = Ear::new(own);
        let (mut ours, mut naive, mut bare) = (Cost::default(), 0.0, 0.0);
        let (mut spoken_by_them, mut differ) = (0, 0);
        for turn in 0..turns {
            for (n, call) in calls.iter().enumerate() {
                let number = (turn * calls.len() + n) as u64 + 1;
                let sides = [0, 1].map(|side| on_time(packets(&call.voices[side])));
                ours = ours.plus(ear.hear(number, Language::En, sides));
                for voice in &call.voices {
                    let before = process_cpu();
                    let all = words(&theirs, 8_000.0, voice.chunks(1_600));
                    naive += process_cpu() - before;
                    let blocks = gated(&frames(voice), Packing::Stream, false);
                    let before = process_cpu();
                    let gated = words(&theirs, 16_000.0, blocks.iter().map(Vec::as_slice));
                    bare += process_cpu() - before;
                    let all = plain_words(&all);
                    differ += word_errors(&all, &plain_words(&gated));
                    spoken_by_them += all.len();
                }
                eprintln!("{}, turn {} of {turns}", call.name, turn + 1);
            }
        }
        let seconds = calls.iter().map(|call| call.seconds).sum::<f64>() * turns as f64;
        let round = |number: f64| (number * 10_000.0).round() / 10_000.0;
        // Of the sound of both legs, which the naive way decodes all of.
        let share = ours.speech_s / (2.0 * seconds);
        println!(
            "{:#}",
            json!({
                "calls": calls.iter().map(|call| &call.name).collect::<Vec<_>>(),
                "call_s": round(seconds),
                "naive_cpu_s_per_s_of_call": round(naive / seconds),
                "ours_cpu_s_per_s_of_call": round(ours.all / seconds),
                "bare_recogniser_on_the_speech_cpu_s_per_s_of_call": round(bare / seconds),
                "share_that_the_gate_lets_through": round(share),
                "ours_of_naive": round(ours.all / naive),
                "ours_of_naive_times_the_share": round(ours.all / (naive * share)),
                "ours_of_the_bare_recogniser": round(ours.all / bare),
                "our_media_and_gate_cpu_s_per_s_of_call": round(ours.media_and_gate / seconds),
                "our_note_cpu_s_per_s_of_call": round(ours.note / seconds),
                "words_of_the_naive_way": spoken_by_them,
                "words_that_agree": round(1.0 - differ as f64 / spoken_by_them.max(1) as f64),
                "calls_per_core": round(seconds / ours.all),
            })
        );
    }

    /// What a recogniser of its own says to one leg.
    fn words<'a>(model: &Model, rate: f32, pieces: impl Iterator<Item = &'a [i16]>) -> String {
        let mut recogniser = Recognizer::new(model, rate).unwrap();
        recogniser.set_words(true);
        let mut said = String::new();
        let mut add = |result: CompleteResult<'_>| {
            said.push_str(result.single().unwrap().text);
            said.push(' ');
        };
        for piece in pieces {
            if recogniser.accept_waveform(piece).unwrap() == DecodingState::Finalized {
                add(recogniser.result());
            }
        }
        add(recogniser.final_result());
        said
    }
}

#[cfg(not(feature = "vosk"))]
fn main() {}

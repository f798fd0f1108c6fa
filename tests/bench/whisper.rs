//! Labelled calls go through Whisper in five ways; CPU and word errors of each come out, all from one run by turns.
//!
//!     python3 -m venv venv && venv/bin/pip install faster-whisper
//!     cargo bench --locked --bench whisper -- --audio FOLDER --model FOLDER --python venv/bin/python
//!
//! FOLDER of the audio holds stereo FLAC (8 kHz, left the caller) named as the calls in tests/calls/dev; MODEL-FOLDER is
//! whisper-base, whose weights all ways share. int8, one thread, beam 5, word times on. Each way hears the same A-law.
//!
//! 1. ours: both parties' packets through the ear's hall, to the note;
//! 2. bare: the windows that our gate and packer make, given to our recogniser and to nothing else;
//! 3. a window for each utterance that our gate lets through, same recogniser;
//! 4. both legs all the time, in windows of 30 s, same recogniser;
//! 5. faster-whisper with its own voice gate, and Python's ctranslate2 wheel on the windows of (2)
//!    (`tests/bench/whisper_peers.py`; without `--python` they are left out).
//!
//! `--beams 1` tells instead what our way costs and mishears with narrower beams. `--a-language 1` takes fewer calls,
//! `--turns` measures more often. Words written as digits count as errors on all sides, and of ours what the model
//! gave is counted, before doubtful words are thrown away.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[cfg(feature = "whisper")]
mod confidential;
#[cfg(feature = "whisper")]
#[path = "cpu.rs"]
mod cpu;
#[cfg(feature = "whisper")]
#[path = "heard.rs"]
mod heard;
#[cfg(feature = "whisper")]
#[path = "sidecar.rs"]
#[allow(dead_code, reason = "it needs recordings and the command line alone")]
mod sidecar;
#[cfg(feature = "whisper")]
#[path = "spoken.rs"]
mod spoken;
#[cfg(feature = "whisper")]
#[path = "whisper_spy.rs"]
mod whisper_spy;

#[cfg(feature = "whisper")]
fn main() {
    let given = sidecar::Arguments::given();
    let wanted = || {
        Some((
            given.after("--audio")?,
            given.after("--model")?,
            given.number("--a-language", 2)?,
            given.number("--turns", 1)?,
        ))
    };
    let Some((audio, model, a_language, turns)) = wanted() else {
        eprintln!(
            "usage: whisper --audio FOLDER --model FOLDER [--python PROGRAM] [--a-language 2] [--turns 1]"
        );
        return;
    };
    let labels = given.after("--labels").unwrap_or("tests/calls/dev");
    let calls = spoken::Spoken::choose(audio.as_ref(), labels.as_ref(), a_language);
    if given.after("--beams").is_some() {
        return ways::beams(&calls, model.as_ref());
    }
    ways::measure(&calls, model.as_ref(), given.after("--python"), turns);
}

#[cfg(feature = "whisper")]
mod ways {
    use crate::confidential::{frames, gated};
    use crate::cpu::process_cpu;
    use crate::heard::{Cost, Ear, on_time};
    use crate::spoken::{Spoken, packets, plain_words, word_errors};
    use crate::whisper_spy::{CTranslate2, Spying, Usual, text_of};
    use callgist::confidential::Pcm;
    use callgist::confidential::recogniser::{Found, Packing, Recogniser};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::process::Command;

    pub fn beams(calls: &[Spoken], model: &Path) {
        fn one<const WIDTH: usize>(calls: &[Spoken], model: &Path) {
            let ear = Ear::new(Spying::<CTranslate2<WIDTH>>::load(model));
            let (cost, texts) = through_the_hall(&ear, calls, 0);
            let way = Way { seconds: cost.all, texts };
            println!("beam {WIDTH}: {:.2} s of CPU, word errors {:.4}", cost.all, way.word_errors(calls));
        }
        one::<1>(calls, model);
        one::<2>(calls, model);
        one::<3>(calls, model);
        one::<5>(calls, model);
    }

    pub fn measure(calls: &[Spoken], model: &Path, python: Option<&str>, turns: usize) {
        let ear = Ear::new(<Spying>::load(model));
        let recogniser = Spying::<Usual>::load(model);
        let place = tempfile::tempdir().unwrap();
        let pieces = Pieces::cut(calls);
        pieces.write(place.path());
        let languages: Vec<&str> = calls.iter().map(|call| call.language.code()).collect();
        std::fs::write(place.path().join("languages"), languages.join(" ")).unwrap();
        let mut ways: BTreeMap<&str, Way> = BTreeMap::new();
        let mut ours = Cost::default();
        for turn in 0..turns {
            let (cost, way) = through_the_hall(&ear, calls, turn);
            ours = ours.plus(cost);
            ways.entry("ours").or_default().add(cost.all, way);
            for (name, windows) in [
                ("bare", &pieces.packed),
                ("window_an_utterance", &pieces.utterances),
                ("both_legs_in_30_s_windows", &pieces.everything),
            ] {
                let (seconds, texts) = bare(&recogniser, calls, windows);
                ways.entry(name).or_default().add(seconds, texts);
            }
            for way in ["faster_whisper", "wheel_packed"] {
                if let Some(python) = python {
                    let told = peer(python, way, model, place.path());
                    let texts = texts_of(&told["texts"], calls.len());
                    ways.entry(way).or_default().add(told["cpu_s"].as_f64().unwrap(), texts);
                }
            }
            eprintln!("turn {} of {turns}", turn + 1);
        }
        report(calls, turns, ours, &ways);
    }

    /// What each call's sides were heard as.
    type Texts = Vec<[String; 2]>;

    #[derive(Default)]
    struct Way {
        seconds: f64,
        texts: Texts,
    }

    impl Way {
        fn add(&mut self, seconds: f64, texts: Texts) {
            self.seconds += seconds;
            self.texts = texts;
        }

        /// Errors a word that was spoken.
        fn word_errors(&self, calls: &[Spoken]) -> f64 {
            let (mut errors, mut words) = (0, 0);
            for (call, heard) in calls.iter().zip(&self.texts) {
                for (written, heard) in call.written.iter().zip(heard) {
                    let spoken = plain_words(written);
                    errors += word_errors(&spoken, &plain_words(heard));
                    words += spoken.len();
                }
            }
            errors as f64 / words as f64
        }
    }

    /// Windows of each call's sides, at 16 kHz.
    type Windows = Vec<[Vec<Vec<i16>>; 2]>;

    struct Pieces {
        packed: Windows,
        utterances: Windows,
        everything: Windows,
    }

    impl Pieces {
        fn cut(calls: &[Spoken]) -> Pieces {
            let each = |cut: &dyn Fn(&[i16]) -> Vec<Vec<i16>>| -> Windows {
                calls.iter().map(|call| [0, 1].map(|side| cut(&call.voices[side]))).collect()
            };
            Pieces {
                packed: each(&|voice| gated(&frames(voice), LONGEST, false)),
                utterances: each(&|voice| gated(&frames(voice), LONGEST, true)),
                everything: each(&|voice| {
                    let samples: Vec<i16> = frames(voice).into_iter().flatten().collect();
                    samples.chunks(480_000).map(<[i16]>::to_vec).collect()
                }),
            }
        }

        /// For the peers: `CALL-SIDE-all.wav`, and `CALL-SIDE-NNN.wav` for each packed window.
        fn write(&self, place: &Path) {
            let sides = |windows: &Windows, name: &dyn Fn(usize, usize, usize) -> String| {
                for (call, sides) in windows.iter().enumerate() {
                    for (side, windows) in sides.iter().enumerate() {
                        for (n, window) in windows.iter().enumerate() {
                            write_wav(&place.join(name(call, side, n)), window);
                        }
                    }
                }
            };
            sides(&self.packed, &|call, side, n| format!("{call}-{side}-{n:03}.wav"));
            for (call, parts) in self.everything.iter().enumerate() {
                for (side, parts) in parts.iter().enumerate() {
                    write_wav(&place.join(format!("{call}-{side}-all.wav")), &parts.concat());
                }
            }
        }
    }

    fn write_wav(file: &Path, samples: &[i16]) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(file, spec).unwrap();
        samples.iter().for_each(|sample| wav.write_sample(*sample).unwrap());
        wav.finalize().unwrap();
    }

    fn through_the_hall<R: Recogniser>(ear: &Ear<R>, calls: &[Spoken], turn: usize) -> (Cost, Texts) {
        let (mut cost, mut texts) = (Cost::default(), Texts::new());
        for (n, call) in calls.iter().enumerate() {
            let number = (turn * calls.len() + n) as u64 + 1;
            let sides = [0, 1].map(|side| on_time(packets(&call.voices[side])));
            cost = cost.plus(ear.hear(number, call.language, sides));
            texts.push(text_of(call));
        }
        (cost, texts)
    }

    fn bare<R: Recogniser>(recogniser: &R, calls: &[Spoken], windows: &Windows) -> (f64, Texts) {
        let (mut seconds, mut texts) = (0.0, Texts::new());
        for (call, sides) in calls.iter().zip(windows) {
            let before = process_cpu();
            for windows in sides {
                let (mut stream, mut found) = (recogniser.open(call.language).unwrap(), Found::default());
                for window in windows {
                    recogniser.listen(&mut stream, Pcm::of(window), &mut found).unwrap();
                }
            }
            seconds += process_cpu() - before;
            texts.push(text_of(call));
        }
        (seconds, texts)
    }

    fn peer(python: &str, way: &str, model: &Path, place: &Path) -> Value {
        let out = Command::new(python)
            .args(["tests/bench/whisper_peers.py", way])
            .args([model, place])
            .stderr(std::process::Stdio::inherit())
            .output()
            .unwrap();
        serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{python} did not answer for {way}"))
    }

    fn texts_of(told: &Value, calls: usize) -> Texts {
        let text =
            |call: usize, side: usize| told[format!("{call}-{side}")].as_str().unwrap_or_default().to_owned();
        (0..calls).map(|call| [0, 1].map(|side| text(call, side))).collect()
    }

    fn report(calls: &[Spoken], turns: usize, ours: Cost, ways: &BTreeMap<&str, Way>) {
        let turns = turns as f64;
        let seconds: f64 = calls.iter().map(|call| call.seconds).sum();
        let speech = ours.speech_s / turns;
        let round = |number: f64| (number * 10_000.0).round() / 10_000.0;
        let our_cost = ours.all / turns;
        let table: BTreeMap<&str, Value> = ways
            .iter()
            .map(|(name, way)| {
                let cost = way.seconds / turns;
                let told = json!({
                    "cpu_s_per_s_of_call": round(cost / seconds),
                    "cpu_s_per_s_of_speech": round(cost / speech),
                    "word_errors": round(way.word_errors(calls)),
                    "ours_of_it": round(our_cost / cost),
                });
                (*name, told)
            })
            .collect();
        let wheel = ways.get("wheel_packed").map(|way| way.seconds / turns / speech * (speech / seconds));
        println!(
            "{:#}",
            json!({
                "calls": calls.iter().map(|call| &call.name).collect::<Vec<_>>(),
                "call_s": round(seconds),
                "speech_s_of_both_parties": round(speech),
                "speech_s_per_s_of_call": round(speech / seconds),
                "ways": table,
                "our_parts_cpu_s_per_s_of_call": {
                    "media_and_gate": round(ours.media_and_gate / turns / seconds),
                    "note": round(ours.note / turns / seconds),
                    "recognition": round((ours.all - ours.media_and_gate - ours.note) / turns / seconds),
                },
                "ours_of_the_wheel_times_the_gates_share": wheel.map(|wheel| round(our_cost / seconds / wheel)),
                "calls_per_core": round(seconds / our_cost),
            })
        );
    }

    const LONGEST: Packing = Packing::Windows { longest_ms: 29_000 };
}

#[cfg(not(feature = "whisper"))]
fn main() {}

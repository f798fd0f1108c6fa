//! Labelled calls lose packets and get them late on the way to the ear; how many words are then heard wrong comes out.
//!
//!     cargo bench --locked --bench loss -- --audio FOLDER --model FOLDER
//!
//! Both parties' packets go through the ear's hall (reorder buffer, gate, Whisper base, the note) as fast as it takes
//! them; each was drawn to be lost with one probability and to be late by up to so many milliseconds, evenly, with seeds
//! that stay the same. FOLDER of the audio holds stereo FLAC (8 kHz, left the caller) named as the calls in
//! tests/calls/dev. Loss alone and lateness alone are tried, and the worst of both; `--grid 1` tries every pair,
//! `--a-language` takes more calls of each language, `--seeds` draws more often. Words written as digits count as errors.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[cfg(feature = "whisper")]
#[path = "cpu.rs"]
mod cpu;
#[cfg(feature = "whisper")]
#[path = "heard.rs"]
#[allow(dead_code, reason = "it is not asked what hearing costs")]
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
        let (audio, model) = (given.after("--audio")?, given.after("--model")?);
        Some((
            audio,
            model,
            given.number("--a-language", 1)?,
            given.number("--seeds", 1)?,
            given.number("--grid", 0)?,
        ))
    };
    let Some((audio, model, a_language, seeds, grid)) = wanted() else {
        eprintln!("usage: loss --audio FOLDER --model FOLDER [--a-language 1] [--seeds 1] [--grid 1]");
        return;
    };
    let labels = given.after("--labels").unwrap_or("tests/calls/dev");
    let calls = spoken::Spoken::choose(audio.as_ref(), labels.as_ref(), a_language);
    ways::measure(&calls, model.as_ref(), seeds as u64, grid > 0);
}

#[cfg(feature = "whisper")]
mod ways {
    use crate::heard::{Arrivals, Ear, on_time};
    use crate::spoken::{Spoken, packets, plain_words, word_errors};
    use crate::whisper_spy::{Spying, text_of};
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use serde_json::json;
    use std::path::Path;
    use std::time::Duration;

    /// How bad the way is.
    #[derive(Clone, Copy)]
    struct Network {
        loss_pct: u32,
        late_ms: u64,
    }

    pub fn measure(calls: &[Spoken], model: &Path, seeds: u64, grid: bool) {
        let ear = Ear::new(<Spying>::load(model));
        let mut number = 0;
        println!("{}", json!({"calls": calls.iter().map(|call| &call.name).collect::<Vec<_>>()}));
        for network in networks(grid) {
            let (mut errors, mut words, mut speech, mut lost, mut sent) = (0, 0, 0.0, 0, 0);
            for (call, seed) in calls.iter().flat_map(|call| (0..seeds).map(move |seed| (call, seed))) {
                number += 1;
                let mut rng = StdRng::seed_from_u64(seed);
                let sides = [0, 1].map(|side| {
                    let whole = on_time(packets(&call.voices[side]));
                    let count = whole.len();
                    let rest = network.carry(whole, &mut rng);
                    sent += count;
                    lost += count - rest.len();
                    rest
                });
                speech += ear.hear(number, call.language, sides).speech_s;
                for (written, heard) in call.written.iter().zip(text_of(call)) {
                    let spoken = plain_words(written);
                    errors += word_errors(&spoken, &plain_words(&heard));
                    words += spoken.len();
                }
            }
            let round = |number: f64| (number * 10_000.0).round() / 10_000.0;
            println!(
                "{}",
                json!({
                    "loss_pct": network.loss_pct,
                    "late_by_up_to_ms": network.late_ms,
                    "word_errors": round(f64::from(errors as u32) / f64::from(words as u32)),
                    "words": words,
                    "speech_s": round(speech),
                    "lost_pct": round(100.0 * lost as f64 / sent as f64),
                })
            );
        }
    }

    fn networks(grid: bool) -> Vec<Network> {
        let all = LOSSES.into_iter().flat_map(|loss_pct| LATE.map(|late_ms| Network { loss_pct, late_ms }));
        let on_an_axis = |network: &Network| network.loss_pct == 0 || network.late_ms == 0;
        let worst = |network: &Network| network.loss_pct == LOSSES[3] && network.late_ms == LATE[3];
        all.filter(|network| grid || on_an_axis(network) || worst(network)).collect()
    }

    impl Network {
        /// What of these comes, and when.
        fn carry(self, packets: Arrivals, rng: &mut StdRng) -> Arrivals {
            let mut carried = Arrivals::new();
            for (at, packet) in packets {
                // Drawn for every packet, so that one seed loses the same ones however late they are.
                let (lost, late) = (rng.random_range(0..100), rng.random_range(0..=60));
                if lost >= self.loss_pct {
                    carried.push((at + Duration::from_millis(late * self.late_ms / 60), packet));
                }
            }
            carried
        }
    }

    const LOSSES: [u32; 4] = [0, 1, 3, 5];
    const LATE: [u64; 4] = [0, 20, 40, 60];
}

#[cfg(not(feature = "whisper"))]
fn main() {}

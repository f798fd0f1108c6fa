//! Frames of sound go in; whether a fax or a modem makes them comes out.
//!
//! Two tones tell (ITU-T T.30, 4; V.25): a calling fax sends 1100 Hz for half a second every three and a half (CNG), a
//! machine that answers sends 2100 Hz for some seconds (CED, and the answer tone of modems, which turns its phase every
//! 450 ms). How much of a frame's energy is at a tone is told by Goertzel's algorithm; a voice, music or a key may have
//! most of it there for a moment, but not alone, for so long, and in that rhythm.

use super::pcm::{PER_MS, RATE};
use super::resample::FRAME;
use std::f64::consts::TAU;
use std::ops::RangeInclusive;

/// What has been heard of both tones so far.
#[derive(Default)]
pub(in crate::confidential) struct Fax {
    calling: Burst,
    answering: Burst,
    /// When the last burst of the calling tone ended that was as long as it should be.
    called_until: Option<u32>,
    heard: bool,
}

/// A tone that sounds, in the call's milliseconds.
#[derive(Default)]
struct Burst {
    since: Option<u32>,
    /// The end of the last frame in which it sounded.
    until: u32,
}

impl Fax {
    /// Takes the next frame, which ends at `call_ms`.
    pub(in crate::confidential) fn handle(&mut self, frame: &[i16; FRAME], call_ms: u32) {
        let energy: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        let sounds =
            |tones: &[f64]| energy > QUIETEST && tones.iter().any(|at| share(frame, energy, *at) > PURE);
        if let Some((since, until)) = self.calling.note(sounds(&CALLING), call_ms) {
            self.called(since, until);
        }
        self.answering.note(sounds(&ANSWERING), call_ms);
        self.heard |= self.answering.lasts() >= ANSWERS_FOR;
    }

    pub(in crate::confidential) fn is_heard(&self) -> bool {
        self.heard
    }

    /// A burst of the calling tone is over: a second one in the right rhythm is no accident.
    fn called(&mut self, since: u32, until: u32) {
        if !CALLS_FOR.contains(&(until - since)) {
            return;
        }
        self.heard |= self.called_until.is_some_and(|last| RESTS_FOR.contains(&since.saturating_sub(last)));
        self.called_until = Some(until);
    }
}

impl Burst {
    /// Takes a frame that ends at `call_ms`; gives a burst that is over.
    fn note(&mut self, sounds: bool, call_ms: u32) -> Option<(u32, u32)> {
        if sounds {
            self.since.get_or_insert(call_ms.saturating_sub(FRAME_MS));
            self.until = call_ms;
            return None;
        }
        if call_ms.saturating_sub(self.until) <= BRIDGED {
            return None;
        }
        self.since.take().map(|since| (since, self.until))
    }

    fn lasts(&self) -> u32 {
        self.since.map_or(0, |since| self.until - since)
    }
}

/// The share of the frame's energy at a frequency: 1 where there is nothing else.
fn share(frame: &[i16; FRAME], energy: f64, hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / f64::from(RATE)).cos();
    let step = |(last, before): (f64, f64), sample: &i16| (f64::from(*sample) + turn * last - before, last);
    let (last, before) = frame.iter().fold((0.0, 0.0), step);
    let power = last * last + before * before - turn * last * before;
    2.0 * power / (FRAME as f64 * energy)
}

/// 1100 Hz and 2100 Hz, with what T.30 lets them be off (38 Hz and 15 Hz), so close that one of each is near enough.
const CALLING: [f64; 3] = [1_072.0, 1_100.0, 1_128.0];
const ANSWERING: [f64; 3] = [2_087.0, 2_100.0, 2_113.0];

/// A frame with more of its energy at the tone has it. A tone between two of ours has 0.8; lower would take a whistle's
/// overtone or a loud vowel for it, higher a noisy line's tone for none.
const PURE: f64 = 0.75;

/// Less energy in a frame is no sound: -55 dB of full scale.
const QUIETEST: f64 = FRAME as f64 * 60.0 * 60.0;

const FRAME_MS: u32 = (FRAME / PER_MS) as u32;

/// Frames without the tone that do not end it: where its phase turns, one has none.
const BRIDGED: u32 = 2 * FRAME_MS;

/// Milliseconds of the answering tone that tell; it lasts 2.6 s at least, and a flute holds its highest C for less.
const ANSWERS_FOR: u32 = 1_600;

/// Milliseconds that the calling tone sounds and rests (0.5 s and 3 s, 15 % more or less, and the frames' grain).
const CALLS_FOR: RangeInclusive<u32> = 400..=620;
const RESTS_FOR: RangeInclusive<u32> = 2_500..=3_550;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::resample::Resampler;
    use claxon::FlacReader;
    use std::io::Write;

    /// Whether these samples sound like a fax to us.
    fn is_fax(rate: u32, samples: impl IntoIterator<Item = i16>) -> bool {
        let (mut resampler, mut fax, mut passed) = (Resampler::new(rate), Fax::default(), 0);
        for sample in samples {
            resampler.push(&[sample]);
            while let Some(frame) = resampler.poll() {
                passed += FRAME_MS;
                fax.handle(&frame, passed);
            }
        }
        fax.is_heard()
    }

    /// One tone after the other: hertz, and how many milliseconds.
    fn tones(parts: &[(f64, u32)]) -> Vec<i16> {
        let tone = |(hertz, ms): (f64, u32)| {
            (0..ms * 8).map(move |n| ((f64::from(n) * hertz * TAU / 8_000.0).sin() * 5_000.0) as i16)
        };
        parts.iter().copied().flat_map(tone).collect()
    }

    #[test]
    fn a_fax_that_calls_is_known_by_its_second_tone_however_far_off_it_may_be() {
        for hertz in [1_062.0, 1_085.0, 1_100.0, 1_115.0, 1_138.0] {
            for (on, off) in [(430, 2_600), (500, 3_000), (570, 3_440)] {
                let twice = [(0.0, 700), (hertz, on), (0.0, off), (hertz, on), (0.0, 300)];
                assert!(is_fax(8_000, tones(&twice)), "{hertz} Hz, {on} and {off} ms");
                assert!(!is_fax(8_000, tones(&twice[..3])), "{hertz} Hz once");
            }
        }
    }

    #[test]
    fn a_machine_that_answers_is_known_with_turns_of_its_phase_and_without() {
        for hertz in [2_085.0, 2_100.0, 2_115.0] {
            assert!(is_fax(8_000, tones(&[(0.0, 333), (hertz, 2_600)])), "{hertz} Hz");
        }
        // Each turn begins in the middle of a frame and in another phase.
        let turns = [(2_100.0, 450); 6];
        let turned = turns.iter().enumerate().flat_map(|(n, part)| {
            let sign = if n % 2 == 0 { 1 } else { -1 };
            tones(&[*part]).into_iter().map(move |sample| sample * sign)
        });
        assert!(is_fax(8_000, turned));
        assert!(!is_fax(8_000, tones(&[(2_100.0, 1_200), (0.0, 900)])));
    }

    #[test]
    fn a_tone_in_noise_is_one_and_another_rhythm_or_another_tone_is_none() {
        let mut seed = 1u32;
        let mut noise = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 20) as i16 - 2_048
        };
        let noisy: Vec<i16> = tones(&[(2_100.0, 3_000)]).into_iter().map(|s| s + noise() / 2).collect();
        assert!(is_fax(8_000, noisy));
        let beeps = [(1_100.0, 500), (0.0, 500)].repeat(10);
        assert!(!is_fax(8_000, tones(&beeps)), "a machine's beeps");
        for hertz in [350.0, 425.0, 440.0, 950.0, 1_000.0, 1_400.0, 1_800.0, 2_225.0] {
            assert!(!is_fax(8_000, tones(&[(hertz, 4_000)])), "{hertz} Hz");
        }
    }

    #[test]
    fn no_key_is_a_fax_however_long_it_is_pressed() {
        for low in [697.0, 770.0, 852.0, 941.0] {
            for high in [1_209.0, 1_336.0, 1_477.0, 1_633.0] {
                let (low, high) = (tones(&[(low, 4_000)]), tones(&[(high, 4_000)]));
                let key: Vec<i16> = low.iter().zip(&high).map(|(a, b)| a + b).collect();
                assert!(!is_fax(8_000, key));
            }
        }
    }

    #[test]
    fn no_call_and_no_notice_of_ours_is_a_fax() {
        let mut tried = 0;
        for file in std::fs::read_dir("tests/audio").unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|end| end == "flac") {
                let mut reader = FlacReader::open(&file).unwrap();
                let (rate, channels) =
                    (reader.streaminfo().sample_rate, reader.streaminfo().channels as usize);
                let samples: Vec<i16> = reader.samples().map(|sample| sample.unwrap() as i16).collect();
                for channel in 0..channels {
                    let one = samples.iter().skip(channel).step_by(channels).copied();
                    assert!(!is_fax(rate, one), "{}", file.display());
                    tried += 1;
                }
            }
        }
        for language in ["en", "de", "fr"] {
            let path = ["sounds/", language, "/8000/notice.wav"].concat();
            let mut reader = hound::WavReader::open(&path).unwrap();
            assert!(!is_fax(8_000, reader.samples().map(Result::unwrap)), "{path}");
            tried += 1;
        }
        assert!(tried >= 7);
    }

    /// Hold music is not ours to ship. Debian has some (asterisk-moh-opsound-wav); `CALLGIST_MUSIC` names another folder
    /// of WAV files.
    #[test]
    fn no_hold_music_is_a_fax() {
        let named = std::env::var_os("CALLGIST_MUSIC").map(|folder| std::fs::read_dir(folder).unwrap());
        let Some(files) = named.or_else(|| std::fs::read_dir("/usr/share/asterisk/moh").ok()) else {
            // Past the harness, which shows nothing that a passing test prints by macros.
            let _ = writeln!(
                std::io::stderr().lock(),
                "\n*** SKIPPED: hold music. apt-get install asterisk-moh-opsound-wav ***"
            );
            return;
        };
        let mut tried = 0;
        for file in files.map(|file| file.unwrap().path()) {
            if let Ok(mut reader) = hound::WavReader::open(&file) {
                let (rate, channels) = (reader.spec().sample_rate, usize::from(reader.spec().channels));
                let one: Vec<i16> = reader.samples().map(Result::unwrap).step_by(channels).collect();
                assert!(one.len() > 100_000 && !is_fax(rate, one), "{}", file.display());
                tried += 1;
            }
        }
        assert!(tried > 0, "no music there");
    }
}

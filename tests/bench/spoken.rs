//! Labelled calls and their recordings go in; both sides' sound, packets and words come out, and the errors between words.

use crate::sidecar::recording;
use callgist::call::Language;
use callgist::sim::Coder;
use callgist::wire::rtp::{Codec, Format, Header, Packet, Seq, Ssrc, Timestamp};
use serde_json::Value;
use std::path::Path;

/// One call: caller and agent.
pub struct Spoken {
    pub name: String,
    pub language: Language,
    pub seconds: f64,
    /// 8 kHz, as A-law leaves it.
    pub voices: [Vec<i16>; 2],
    pub written: [String; 2],
}

impl Spoken {
    /// So many of each language, the shortest over a minute; `audio` holds stereo FLAC files named as the `labels`.
    pub fn choose(audio: &Path, labels: &Path, a_language: usize) -> Vec<Spoken> {
        let mut calls: Vec<Spoken> = Vec::new();
        for entry in std::fs::read_dir(labels).unwrap() {
            let label = entry.unwrap().path();
            let name = label.file_stem().unwrap().to_string_lossy().into_owned();
            let sound = audio.join(format!("{name}.flac"));
            if sound.exists() {
                calls.extend(Spoken::read(&name, &label, &sound));
            }
        }
        calls.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let mut chosen = Vec::new();
        for language in [Language::En, Language::De, Language::Fr] {
            let (of_it, others) = calls.into_iter().partition(|call: &Spoken| call.language == language);
            calls = others;
            chosen.extend(Vec::from_iter(of_it).into_iter().take(a_language));
        }
        assert!(!chosen.is_empty(), "no call over a minute has both its labels and its sound");
        chosen
    }

    /// Nothing of a call under a minute.
    fn read(name: &str, label: &Path, sound: &Path) -> Option<Spoken> {
        let call: Value = serde_json::from_str(&std::fs::read_to_string(label).unwrap()).unwrap();
        let voices = recording(sound, 3_600).map(|voice| through_alaw(&voice));
        let seconds = voices[0].len() as f64 / 8_000.0;
        let turns = call["turns"].as_array()?;
        let side = |caller: bool| {
            let its = turns.iter().filter(|turn| (turn["speaker"] == "caller") == caller);
            its.filter_map(|turn| turn["written"].as_str()).collect::<Vec<_>>().join(" ")
        };
        let language = match call["language"].as_str()? {
            "de" => Language::De,
            "fr" => Language::Fr,
            _ => Language::En,
        };
        let (name, written) = (name.to_owned(), [side(true), side(false)]);
        // A call that somebody objects to is heard no further.
        let heard_out = call["gold"]["objection"] == false && seconds > 60.0;
        heard_out.then_some(Spoken { name, language, seconds, voices, written })
    }
}

pub const FORMAT: Format = Format { codec: Codec::Pcma, payload_type: 8, clock_rate: 8_000, ptime_ms: 20 };

/// A party's sound as a switch's copy carries it.
pub fn packets(voice: &[i16]) -> Vec<Vec<u8>> {
    let mut coder = Coder::new(Codec::Pcma);
    let packet = |(n, samples): (usize, &[i16])| {
        let (seq, timestamp) = (Seq(n as u16), Timestamp(n as u32 * 160));
        let header = Header { marker: n == 0, payload_type: 8, seq, timestamp, ssrc: Ssrc(1) };
        Packet { header, payload: &coder.encode(samples) }.to_bytes()
    };
    voice.chunks_exact(160).enumerate().map(packet).collect()
}

fn through_alaw(voice: &[i16]) -> Vec<i16> {
    let mut coder = Coder::new(Codec::Pcma);
    coder.encode(voice).into_iter().map(from_alaw).collect()
}

/// ITU-T G.711, table 1a.
fn from_alaw(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let (segment, step) = (u32::from(bits >> 4 & 7), i16::from(bits & 15));
    let size = match segment {
        0 => step * 16 + 8,
        _ => (step * 16 + 264) << (segment - 1),
    };
    if bits & 0x80 == 0 { -size } else { size }
}

/// Words as they are counted: lower case, letters and digits alone.
pub fn plain_words(text: &str) -> Vec<String> {
    let plain = |word: &str| {
        word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    text.split([' ', '-', '\n', '\'', '\u{2019}'])
        .map(plain)
        .filter(|word: &String| !word.is_empty())
        .collect()
}

/// Words to change, leave out or put in to get from one text to the other.
pub fn word_errors(spoken: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in spoken.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let changed = before + usize::from(word != other);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[heard.len()]
}

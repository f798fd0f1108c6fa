//! Words and a number that nobody says, other ones each time, and the sound of the calls in each form that it takes from
//! packet to recogniser.

use crate::confidential::at_16_khz;
use audio_codec::{Decoder as _, Encoder as _};
use callgist::wire::rtp::{Codec, Format};
use std::sync::OnceLock;

/// Letters that begin each word; no language has them in a row.
const LETTERS: &[u8] = b"bdfgjkpqvwxz";
const MARKED: usize = 6;

/// What is looked for.
struct Canaries {
    mark: [u8; MARKED],
    words: Vec<String>,
    number: String,
    voices: Vec<Voice>,
    /// Eight bytes in a row of each form of the sound, in order.
    sound: Vec<u64>,
    /// Bits of their hashes: most blocks are told apart by it alone.
    hashes: Vec<u64>,
}

static CANARIES: OnceLock<Canaries> = OnceLock::new();

/// Made on a stack of their own: what is left of them there would come into the gaps of the next values, as ours would.
fn canaries() -> &'static Canaries {
    CANARIES.get_or_init(|| std::thread::spawn(Canaries::new).join().unwrap())
}

/// Makes them, before anything is looked for.
pub fn ready() {
    canaries();
}

/// The word of that number, in small letters.
pub fn word(number: usize) -> &'static str {
    let words = &canaries().words;
    &words[number % words.len()]
}

/// A telephone number.
pub fn number() -> &'static str {
    &canaries().number
}

/// What of a call is in these bytes.
pub fn within(bytes: &[u8]) -> Option<&'static str> {
    // A block of the canaries' own, while they are made.
    let canaries = CANARIES.get()?;
    (0..bytes.len()).find_map(|at| canaries.at(&bytes[at..]))
}

impl Canaries {
    fn new() -> Canaries {
        let mark = [0; MARKED].map(|_: u8| LETTERS[rand::random_range(0..LETTERS.len())]);
        let begin = String::from_utf8(mark.to_vec()).unwrap();
        let words = ["el", "a", "or", "um", "in", "e", "is", "on"].map(|end| [&begin, end].concat()).to_vec();
        let number = format!("691{}", rand::random_range(100_000..1_000_000));
        let voices: Vec<Voice> = Sound::ALL.into_iter().map(Voice::new).collect();
        let mut sound: Vec<u64> = voices.iter().flat_map(Voice::forms).collect();
        sound.sort_unstable();
        sound.dedup();
        let mut hashes = vec![0; 1 << (HASH_BITS - 6)];
        for key in &sound {
            let hash = hash(*key);
            hashes[hash / 64] |= 1 << (hash % 64);
        }
        Canaries { mark, words, number, voices, sound, hashes }
    }

    /// What begins here.
    fn at(&self, bytes: &[u8]) -> Option<&'static str> {
        let first = bytes[0];
        if first | 0x20 == self.mark[0] {
            let marked = |step: usize| {
                bytes.len() > step * (MARKED - 1)
                    && (0..MARKED).all(|n| bytes[n * step] | 0x20 == self.mark[n])
            };
            if marked(1) || marked(4) {
                return Some("a word");
            }
        }
        if first == b'6' && bytes.starts_with(self.number.as_bytes()) {
            return Some("the number");
        }
        let key = u64::from_le_bytes(*bytes.first_chunk()?);
        let hash = hash(key);
        let known = self.hashes[hash / 64] >> (hash % 64) & 1 == 1 && self.sound.binary_search(&key).is_ok();
        known.then_some("sound")
    }
}

const HASH_BITS: usize = 24;

fn hash(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS)) as usize
}

/// A voice as a codec carries it.
#[derive(Clone, Copy, Debug)]
pub enum Sound {
    L16,
    Pcma,
    G722,
    Opus,
}

impl Sound {
    pub const ALL: [Sound; 4] = [Sound::L16, Sound::Pcma, Sound::G722, Sound::Opus];

    pub fn format(self) -> Format {
        let (codec, payload_type, clock_rate) = match self {
            Sound::L16 => (Codec::L16, 96, 16_000),
            Sound::Pcma => (Codec::Pcma, 8, 8_000),
            Sound::G722 => (Codec::G722, 9, 8_000),
            Sound::Opus => (Codec::Opus, 98, 48_000),
        };
        Format { codec, payload_type, clock_rate, ptime_ms: 20 }
    }

    /// The payloads of its packets, 20 ms each.
    pub fn payloads(self) -> &'static [Vec<u8>] {
        &canaries().voices[self as usize].payloads
    }

    /// What comes to the recogniser of it.
    pub fn heard(self) -> &'static [i16] {
        &canaries().voices[self as usize].heard
    }

    fn coded(self) -> Vec<Vec<u8>> {
        match self {
            Sound::L16 => {
                let bytes = |piece: &[i16]| piece.iter().flat_map(|sample| sample.to_be_bytes()).collect();
                voice(16_000).chunks_exact(320).map(bytes).collect()
            }
            Sound::Pcma => {
                let coded = audio_codec::pcma::PcmaEncoder::new().encode(voice(8_000));
                coded.chunks_exact(160).map(<[u8]>::to_vec).collect()
            }
            Sound::G722 => {
                let coded = std::fs::read("tests/golden/rtp/speech.g722").unwrap();
                coded.chunks_exact(160).map(<[u8]>::to_vec).collect()
            }
            Sound::Opus => packets_of_opus(),
        }
    }

    /// What its codec makes of them.
    fn decoded(self, payloads: &[Vec<u8>]) -> Vec<i16> {
        match self {
            Sound::L16 => voice(16_000).to_vec(),
            Sound::Pcma => audio_codec::pcma::PcmaDecoder::new().decode(&payloads.concat()),
            Sound::G722 => {
                let mut decoder = audio_codec::g722::G722Decoder::new();
                payloads.iter().flat_map(|payload| decoder.decode(payload)).collect()
            }
            Sound::Opus => decoded_opus(payloads),
        }
    }
}

/// A voice on its way.
struct Voice {
    payloads: Vec<Vec<u8>>,
    decoded: Vec<i16>,
    heard: Vec<i16>,
}

impl Voice {
    fn new(sound: Sound) -> Voice {
        let payloads = sound.coded();
        let decoded = sound.decoded(&payloads);
        let heard = match sound {
            Sound::Pcma => at_16_khz(&decoded),
            Sound::L16 | Sound::G722 | Sound::Opus => decoded.clone(),
        };
        Voice { payloads, decoded, heard }
    }

    /// Each form from packet to recogniser.
    fn forms(&self) -> Vec<u64> {
        let mut keys = Vec::new();
        for payload in &self.payloads {
            keys.extend(windows(payload, 1, lively));
        }
        for samples in [&self.decoded, &self.heard] {
            let bytes = |one: fn(&i16) -> Vec<u8>| samples.iter().flat_map(one).collect::<Vec<u8>>();
            keys.extend(windows(&bytes(|sample| sample.to_le_bytes().to_vec()), 2, lively));
            keys.extend(windows(&bytes(|sample| f32::from(*sample).to_le_bytes().to_vec()), 4, loud));
            let scaled = |sample: &i16| (f32::from(*sample) / 32_768.0).to_le_bytes().to_vec();
            keys.extend(windows(&bytes(scaled), 4, loud));
        }
        keys
    }
}

/// Eight bytes in a row, wherever one of `step` bytes begins; those that may be found by chance left out.
fn windows(bytes: &[u8], step: usize, keep: fn(&[u8]) -> bool) -> impl Iterator<Item = u64> {
    let all = bytes.windows(8).step_by(step).filter(move |window| keep(window));
    all.map(|window| u64::from_le_bytes(window.try_into().unwrap()))
}

/// Silence is everywhere, and so are small numbers, which look like a quiet sound.
fn lively(window: &[u8]) -> bool {
    let small = window.iter().filter(|byte| matches!(byte, 0 | 0xff)).count();
    let mut seen = window.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.len() >= 6 && small <= 2
}

/// Two samples of no silence, neither of which is the other.
fn loud(window: &[u8]) -> bool {
    let [one, other] = [0, 4].map(|at| f32::from_le_bytes(window[at..at + 4].try_into().unwrap()).abs());
    let least = if one.max(other) <= 1.0 { 100.0 / 32_768.0 } else { 100.0 };
    one >= least && other >= least && one != other
}

/// The notice's voice with a noise in it that nobody else has, so that no other sound is taken for it.
fn voice(rate: u32) -> &'static [i16] {
    static AT_16: OnceLock<Vec<i16>> = OnceLock::new();
    static AT_8: OnceLock<Vec<i16>> = OnceLock::new();
    let (cell, path) = match rate {
        8_000 => (&AT_8, "sounds/en/8000/notice.wav"),
        _ => (&AT_16, "sounds/en/16000/notice.wav"),
    };
    cell.get_or_init(|| {
        let spoken = hound::WavReader::open(path).unwrap().into_samples::<i16>().map(Result::unwrap);
        let noisy = |sample: i16| sample.saturating_add(rand::random_range(-20..=20));
        spoken.take(SECONDS * rate as usize).map(noisy).collect()
    })
}

/// Of each voice.
const SECONDS: usize = 6;

/// Packets of speech that libopus coded, each after its length.
fn packets_of_opus() -> Vec<Vec<u8>> {
    let bytes = std::fs::read("tests/golden/rtp/mono-20ms.opus").unwrap();
    let mut rest = bytes.as_slice();
    let mut packets = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (packet, later) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        packets.push(packet.to_vec());
        rest = later;
    }
    packets
}

/// As the crate under the ear's Opus decodes it.
fn decoded_opus(packets: &[Vec<u8>]) -> Vec<i16> {
    let mut decoder = opus_rs::OpusDecoder::new(16_000, 1).unwrap();
    let mut samples = Vec::new();
    for packet in packets {
        let mut room = [0.0f32; 320];
        decoder.decode(packet, 320, &mut room).unwrap();
        samples.extend(room.map(|made| (made * 32_768.0).round() as i16));
    }
    samples
}

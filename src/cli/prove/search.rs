//! Bytes of any place go in; out come the phrase's words and samples that are in them, in every form that is looked for.
//!
//! Words: any eight of the digits in a row, as digits or as English words, whatever stands between them, in plain
//! text, UTF-16 and UTF-32, base64, hexadecimal, percent and `\u` signs; and a whole row as one number of eight bytes.
//! Samples: any 10 ms of the phrase that are no silence, as A-law, µ-law, 16 bit of both byte orders, and 32 bit
//! floating point. A packet of 20 ms always holds a whole window of 10 ms, wherever it begins.

use super::phrase::Phrase;
use audio_codec::{Decoder, Encoder, pcma, pcmu};
use std::collections::{BTreeMap, BTreeSet};

/// What is looked for.
pub struct Search {
    words: BTreeSet<Vec<u8>>,
    /// Samples, whole numbers and stretches of the note, by their first bytes.
    exact: BTreeMap<[u8; KEY], Vec<(&'static str, Vec<u8>)>>,
    /// Which first two bytes there are among them at all.
    first: Vec<bool>,
}

impl Search {
    pub fn new(phrase: &Phrase) -> Search {
        let rows = [&phrase.caller, &phrase.agent];
        let words = rows.iter().flat_map(|row| row.windows(RUN)).map(<[u8]>::to_vec).collect();
        let mut search = Search { words, exact: BTreeMap::new(), first: vec![false; 1 << 16] };
        for row in rows {
            let number = row.iter().fold(0u64, |number, digit| number * 10 + u64::from(*digit));
            search.add("words as one number", number.to_le_bytes().to_vec());
            search.add("words as one number", number.to_be_bytes().to_vec());
        }
        for voice in [&phrase.sound.caller, &phrase.sound.agent] {
            for window in voice.chunks_exact(WINDOW) {
                search.add_sound(window);
            }
        }
        search
    }

    /// Looks for any stretch of this note, too.
    pub fn and_note(mut self, note: &str) -> Search {
        for stretch in note.as_bytes().windows(STRETCH) {
            self.add(NOTE, stretch.to_vec());
        }
        self
    }

    /// How many windows of samples are looked for, in all forms.
    pub fn windows(&self) -> usize {
        self.exact.values().flatten().filter(|(form, _)| is_sound(form)).count()
    }

    /// The forms in which the phrase is in these bytes; none when it is not.
    pub fn look(&self, bytes: &[u8]) -> BTreeSet<&'static str> {
        let mut found = BTreeSet::new();
        self.look_exactly(bytes, &mut found);
        for (form, view) in views(bytes) {
            if self.has_words(&view) {
                found.insert(form);
            }
        }
        found
    }

    /// Samples and numbers alone, byte for byte: what is quick enough for a process's memory.
    pub fn look_exactly(&self, bytes: &[u8], found: &mut BTreeSet<&'static str>) {
        for at in 0..bytes.len().saturating_sub(KEY - 1) {
            if !self.first[usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))] {
                continue;
            }
            let Some(key) = bytes[at..].first_chunk::<KEY>() else { continue };
            for (form, needle) in self.exact.get(key).into_iter().flatten() {
                if bytes[at..].starts_with(needle) {
                    found.insert(form);
                }
            }
        }
    }

    fn add_sound(&mut self, window: &[i16]) {
        let mut a_law = vec![0; WINDOW];
        let mut mu_law = vec![0; WINDOW];
        let encoded = pcma::PcmaEncoder::new().encode_into(window, &mut a_law).is_ok();
        // Silence and hum are in many places.
        if !encoded || a_law.iter().collect::<BTreeSet<_>>().len() < MIXED {
            return;
        }
        // What a telephone line leaves of it is what an ear gets.
        let mut heard = vec![0i16; WINDOW];
        if pcma::PcmaDecoder::new().decode_into(&a_law, &mut heard).is_err()
            || pcmu::PcmuEncoder::new().encode_into(&heard, &mut mu_law).is_err()
        {
            return;
        }
        self.add("A-law", a_law);
        self.add("µ-law", mu_law);
        self.add("32 bit", heard.iter().flat_map(|s| (f32::from(*s) / 32_768.0).to_le_bytes()).collect());
        for samples in [window, &heard] {
            self.add("16 bit", samples.iter().flat_map(|sample| sample.to_le_bytes()).collect());
            self.add("16 bit", samples.iter().flat_map(|sample| sample.to_be_bytes()).collect());
        }
    }

    fn add(&mut self, form: &'static str, needle: Vec<u8>) {
        let Some(key) = needle.first_chunk::<KEY>().copied() else { return };
        self.first[usize::from(u16::from_le_bytes([key[0], key[1]]))] = true;
        let same = self.exact.entry(key).or_default();
        if !same.iter().any(|(_, other)| *other == needle) {
            same.push((form, needle));
        }
    }

    /// Walks over digits and their words; what else stands between them ends the row, punctuation does not.
    fn has_words(&self, text: &[u8]) -> bool {
        let (mut row, mut gap, mut at) = (Vec::new(), 0, 0);
        while at < text.len() {
            let (digit, length) = match text[at] {
                byte @ b'0'..=b'9' => (Some(byte - b'0'), 1),
                byte if byte.is_ascii_alphabetic() => digit_word(&text[at..]),
                byte if byte.is_ascii() && gap < LONGEST_GAP => {
                    (gap, at) = (gap + 1, at + 1);
                    continue;
                }
                _ => (None, 1),
            };
            match digit {
                Some(digit) => row.push(digit),
                None => row.clear(),
            }
            if row.len() >= RUN && self.words.contains(&row[row.len() - RUN..]) {
                return true;
            }
            (gap, at) = (0, at + length);
        }
        false
    }
}

/// Whether a form is one of samples.
pub fn is_sound(form: &str) -> bool {
    !form.starts_with("words")
}

/// The digit whose word the text begins with, and how many letters to go on by.
fn digit_word(text: &[u8]) -> (Option<u8>, usize) {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = text[..length].to_ascii_lowercase();
    let digit = WORDS.iter().position(|known| known.as_bytes() == word);
    (digit.map(|digit| digit as u8 % 10), length)
}

/// The bytes, and what they say in other writings.
fn views(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut views =
        vec![("words", bytes.to_vec()), ("words in base64", base64(bytes)), ("words in hex", hex(bytes))];
    if bytes.contains(&b'%') || bytes.contains(&b'\\') {
        views.push(("words in signs", signs(bytes)));
    }
    // Wide characters are those of ASCII with zeros between them.
    let wide: Vec<_> = views
        .iter()
        .filter(|(_, view)| view.contains(&0))
        .map(|(_, view)| ("words in UTF-16", view.iter().copied().filter(|byte| *byte != 0).collect()))
        .collect();
    views.extend(wide);
    views
}

/// Every stretch of base64 is read from each of its first four letters, since it may begin anywhere.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let mut read = Vec::new();
    for stretch in bytes.split(|byte| value(*byte).is_none()).filter(|stretch| stretch.len() >= 10) {
        for start in 0..4 {
            for four in stretch[start..].chunks(4).filter(|four| four.len() > 1) {
                let bits =
                    four.iter().fold(0u32, |bits, byte| bits << 6 | u32::from(value(*byte).unwrap_or(0)));
                let bits = bits << (6 * (4 - four.len()));
                read.extend(&bits.to_be_bytes()[1..four.len()]);
            }
            read.push(b'\x80');
        }
    }
    read
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    for stretch in bytes.split(|byte| !byte.is_ascii_hexdigit()).filter(|stretch| stretch.len() >= 2) {
        for start in 0..2 {
            read.extend(stretch[start..].chunks_exact(2).map(|two| pair(two[0], two[1])));
            read.push(b'\x80');
        }
        // A dump puts something between every two.
        if stretch.len() == 2 {
            read.truncate(read.len() - 2);
        }
    }
    read
}

/// `%34`, `\x34` and `\u0034`.
fn signs(bytes: &[u8]) -> Vec<u8> {
    let (mut read, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let (skip, digits) = match &bytes[at..] {
            [b'%', a, b, ..] => (3, Some((*a, *b))),
            [b'\\', b'x', a, b, ..] => (4, Some((*a, *b))),
            [b'\\', b'u', b'0', b'0', a, b, ..] => (6, Some((*a, *b))),
            _ => (1, None),
        };
        match digits {
            Some((a, b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                read.push(pair(a, b));
                at += skip;
            }
            _ => {
                read.push(bytes[at]);
                at += 1;
            }
        }
    }
    read
}

fn pair(a: u8, b: u8) -> u8 {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    value(a) << 4 | value(b)
}

const WORDS: [&str; 11] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"];

/// Digits in a row that count as found. Fewer are in many a timestamp by chance (a row of eight in one of five million).
const RUN: usize = 8;

/// Other signs that may stand between two digits: a line break and some blanks.
const LONGEST_GAP: usize = 4;

/// The form of what is the note's own text.
pub const NOTE: &str = "words of the note";

/// Bytes of the note in a row that count as found. Fewer are in other texts by chance, more miss what was cut.
const STRETCH: usize = 24;

/// Samples in a window: 10 ms.
const WINDOW: usize = 80;

const KEY: usize = 8;

/// Different A-law values in a window of speech. Fewer would take hum for speech, more would miss soft vowels.
const MIXED: usize = 20;

#[cfg(test)]
mod tests {
    use super::super::phrase::written;
    use super::*;

    fn phrase() -> Phrase {
        Phrase::draw().unwrap()
    }

    fn spelled(digits: &[u8], between: &str) -> String {
        digits.iter().map(|digit| WORDS[usize::from(*digit)]).collect::<Vec<_>>().join(between)
    }

    #[test]
    fn words_are_found_in_every_writing() {
        let phrase = phrase();
        let search = Search::new(&phrase);
        let digits = written(&phrase.agent);
        let half = &digits[4..13];
        let utf16: Vec<u8> = half.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let texts: Vec<Vec<u8>> = vec![
            half.into(),
            format!("{{\"said\":\"{}\"}}", spelled(&phrase.caller, " ")).into(),
            spelled(&phrase.caller[3..12], ", ").to_uppercase().into(),
            half.chars().map(|digit| format!("{digit} - ")).collect::<String>().into(),
            utf16,
            half.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
            half.bytes().map(|byte| format!("{byte:02X} ")).collect::<String>().into(),
            half.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>().into(),
            half.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>().into(),
            digits.parse::<u64>().unwrap().to_le_bytes().into(),
        ];
        for text in texts {
            let dirty = [b"x\xff\x00 ".as_slice(), &text, b" \x00end"].concat();
            assert!(!search.look(&dirty).is_empty(), "{:?}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn words_are_found_in_base64_wherever_it_begins() {
        let phrase = phrase();
        let search = Search::new(&phrase);
        let text = format!("said {}", written(&phrase.caller));
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<u8> =
            text.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let encoded: Vec<u8> = bits
            .chunks(6)
            .map(|six| alphabet[(0..6).fold(0, |n, i| n << 1 | usize::from(*six.get(i).unwrap_or(&0)))])
            .collect();
        for before in ["", "a", "ab", "abc"] {
            assert!(search.look(&[before.as_bytes(), &encoded].concat()).contains("words in base64"));
        }
    }

    #[test]
    fn samples_are_found_in_every_form_and_in_any_packet_of_speech() {
        let phrase = phrase();
        let search = Search::new(&phrase);
        assert!(search.windows() > 500, "{}", search.windows());
        // From the middle of a digit, at an odd place.
        let voice = &phrase.sound.caller[16_000 + 1_333..][..1_600];
        let mut a_law = vec![0; voice.len()];
        pcma::PcmaEncoder::new().encode_into(voice, &mut a_law).unwrap();
        let in_packets: Vec<u8> =
            a_law.chunks(160).flat_map(|part| [b"header bytes", part].concat()).collect();
        assert!(search.look(&in_packets).contains("A-law"));
        let raw: Vec<u8> = voice.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert!(search.look(&[b"x", raw.as_slice()].concat()).contains("16 bit"));
    }

    #[test]
    fn a_part_of_the_note_is_found() {
        let note = "The caller reported a leaking washing machine.";
        let search = Search::new(&phrase()).and_note(note);
        assert!(search.look(b"{\"text\":\"reported a leaking washing\"}").contains(NOTE));
        assert!(search.look(b"a leaking roof").is_empty());
    }

    #[test]
    fn what_was_not_said_is_not_found() {
        let (said, other) = (phrase(), phrase());
        let search = Search::new(&said);
        let others = format!("{} {}", written(&other.caller), spelled(&other.agent, " "));
        assert!(search.look(others.as_bytes()).is_empty());
        assert!(search.look(&[0; 10_000]).is_empty());
        assert!(search.look(written(&said.caller[..7]).as_bytes()).is_empty());
    }
}

//! What may be nowhere: words and a number that were said, and the sound that was heard; and the search for them in files
//! and in memory, in every form that they could take there.

use crate::stories::Stage;
use audio_codec::{Decoder, Encoder, pcma, pcmu};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A problem, a request and a promise, so that there is a note; and words that no note may have.
pub const SAID: &str = "Hello, my dishwasher is leaking since Thursday, zyzzyva quokka. Could you please send somebody to \
                    repair it? My secret is xylocarp borborygmus and the code is 48 15 16 23 42 99.";

/// Words and numbers that may be nowhere.
const CANARIES: &[&str] =
    &["zyzzyva", "quokka", "xylocarp", "borborygmus", "481516234299", "48 15 16 23 42 99", "48, 15, 16, 23"];

/// What the names of all its files begin with.
const DATABASE: &str = "callgist.db";

/// Words, numbers and samples.
pub struct Sought {
    /// Windows of 10 ms of both voices in four forms, by their first bytes.
    samples: BTreeMap<[u8; 8], Vec<Vec<u8>>>,
}

impl Sought {
    pub fn new(stage: &Stage) -> Sought {
        let mut samples: BTreeMap<[u8; 8], Vec<Vec<u8>>> = BTreeMap::new();
        for voice in [&stage.caller, &stage.agent] {
            for window in voice[..80_000].chunks_exact(80) {
                let (mut a_law, mut mu_law, mut heard) = (vec![0; 80], vec![0; 80], vec![0i16; 80]);
                pcma::PcmaEncoder::new().encode_into(window, &mut a_law).unwrap();
                pcma::PcmaDecoder::new().decode_into(&a_law, &mut heard).unwrap();
                pcmu::PcmuEncoder::new().encode_into(&heard, &mut mu_law).unwrap();
                // Silence is everywhere.
                if a_law.iter().collect::<std::collections::BTreeSet<_>>().len() < 20 {
                    continue;
                }
                let raw = |samples: &[i16]| {
                    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>()
                };
                for form in [raw(window), raw(&heard), a_law, mu_law] {
                    samples.entry(*form.first_chunk().unwrap()).or_default().push(form);
                }
            }
        }
        assert!(samples.len() > 500);
        Sought { samples }
    }

    /// Every file below a folder in which a canary is, or the note where it may not be: it may be in the database alone,
    /// and on its way there.
    pub fn below(&self, folder: &Path, note: &str) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(self.below(&path, note));
            } else {
                let bytes = fs::read(&path).unwrap();
                let name = entry.file_name().to_string_lossy().into_owned();
                let what = match name.as_str() {
                    "trace" => bytes.split(|byte| *byte == b'\n').find_map(|line| self.in_line(line, note)),
                    _ => self.in_file(&bytes, note, name.starts_with(DATABASE)),
                };
                found.extend(what.map(|what| format!("{}: {what}", path.display())));
            }
        }
        found
    }

    fn in_file(&self, bytes: &[u8], note: &str, may_hold_it: bool) -> Option<String> {
        if may_hold_it {
            return self.within(bytes, note);
        }
        let tells = !note.is_empty() && bytes.windows(note.len()).any(|window| window == note.as_bytes());
        if tells {
            return Some("the note".to_owned());
        }
        [bytes, &unescape(bytes)].into_iter().find_map(|bytes| self.within(bytes, ""))
    }

    /// One line of a trace with the descriptors' names (`strace -yy`): what an ear sends on descriptor 3 and what is written
    /// into the database's files may hold the note.
    fn in_line(&self, line: &[u8], note: &str) -> Option<String> {
        let line = unescape(line);
        let end = line.iter().position(|byte| *byte == b'"').unwrap_or(line.len());
        let call = String::from_utf8_lossy(&line[..end]);
        let to_the_daemon = call.contains("sendto(3<UNIX:[");
        let to_the_store = call.contains("write") && call.contains(&format!("/store/{DATABASE}"));
        self.in_file(&line, note, to_the_daemon || to_the_store)
    }

    pub fn within(&self, bytes: &[u8], notes: &str) -> Option<String> {
        let text: String = bytes.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
        let text = if notes.is_empty() { text } else { text.replace(notes, "") };
        let text = text.to_lowercase();
        if let Some(word) = CANARIES.iter().find(|word| text.contains(**word)) {
            return Some((*word).to_owned());
        }
        let begins = |at: usize, form: &Vec<u8>| bytes[at..].starts_with(form);
        let sound = (0..bytes.len().saturating_sub(80)).any(|at| {
            let key: &[u8; 8] = bytes[at..].first_chunk().unwrap();
            self.samples.get(key).is_some_and(|forms| forms.iter().any(|form| begins(at, form)))
        });
        sound.then(|| "samples".to_owned())
    }
}

/// What `strace -xx` writes as `\x71`.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len() / 4), 0);
    while at < bytes.len() {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        match &bytes[at..] {
            [b'\\', b'x', a, b, ..] if digit(*a).is_some() && digit(*b).is_some() => {
                plain.push(digit(*a).unwrap_or(0) << 4 | digit(*b).unwrap_or(0));
                at += 4;
            }
            _ => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    plain
}

#[test]
fn the_search_finds_what_is_there() {
    let stage = Stage::set();
    let sought = Sought::new(&stage);
    let folder = tempfile::tempdir().unwrap();
    let frame = &stage.caller[16_000..][..40_000];
    let mut a_law = vec![0; frame.len()];
    pcma::PcmaEncoder::new().encode_into(frame, &mut a_law).unwrap();
    let raw: Vec<u8> = frame.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let wide: Vec<u8> = "a quokka".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let traced = "7 sendto(9, \"\\x71\\x75\\x6f\\x6b\\x6b\\x61\", 6) = 6";
    for (name, bytes) in [
        ("a-law", a_law),
        ("raw", raw),
        ("wide", wide),
        ("word", b"say ZYZZYVA".to_vec()),
        ("trace", traced.into()),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
        let found = sought.below(folder.path(), "");
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        fs::remove_file(folder.path().join(name)).unwrap();
    }
}

#[test]
fn the_note_is_found_wherever_it_is_not_in_the_database_nor_on_its_way_there() {
    let sought = Sought::new(&Stage::set());
    let folder = tempfile::tempdir().unwrap();
    let note = "The caller asked for a repair.";
    let hex = |text: &str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let line = |to: &str| format!("7 {to}, \"{}\", 30) = 30", hex(note));
    let log = format!("7<{}>", hex("/t/log"));
    let store = format!("9<{}>", hex("/t/store/callgist.db-wal"));
    for (name, bytes, may) in [
        ("callgist.db", note.to_owned(), true),
        ("callgist.db-wal", note.to_owned(), true),
        ("trace", line(&format!("pwrite64({store}")), true),
        ("trace", line("sendto(3<UNIX:[1->2]>"), true),
        ("log", note.to_owned(), false),
        ("trace", line(&format!("write({log}")), false),
        ("trace", line(&format!("openat({store}")), false),
        ("trace", line("sendto(5<TCP:[127.0.0.1:1->127.0.0.1:2]>"), false),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
        assert_eq!(sought.below(folder.path(), note).is_empty(), may, "{name}");
        fs::remove_file(folder.path().join(name)).unwrap();
    }
}

//! Seeds go through the bodies of the fuzz targets, so that what a fuzzer once found stays found; and so do small changes of
//! them, the same in every run, since no fuzzer runs here.
//!
//! `ROUNDS=1000 cargo test --test it fuzz_seeds` makes so many changes of each seed.

#[path = "../fuzz/targets.rs"]
pub mod targets;

use callgist::config::Config;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[test]
fn no_seed_of_the_event_socket_breaks_a_promise() {
    assert!(replay("esl", targets::esl, 4) >= 30);
}

#[test]
fn no_seed_of_the_taps_breaks_a_promise() {
    assert!(replay("sip", targets::sip, 20) >= 10);
    assert!(replay("sdp", targets::sdp, 20) >= 12);
    assert!(replay("rtp", targets::rtp, 100) >= 4);
}

#[test]
fn no_seed_of_the_border_breaks_a_promise() {
    assert!(replay("border", targets::border, 100) >= 24);
}

#[test]
fn no_seed_of_a_calls_life_breaks_a_promise() {
    assert!(replay("call", targets::call, 100) >= 24);
}

#[test]
fn no_seed_of_what_an_ear_hears_breaks_a_promise() {
    assert!(replay("media", targets::media, 0) >= 24);
}

#[test]
fn no_seed_of_a_written_call_breaks_a_promise() {
    assert!(replay("note", targets::note, 0) >= 12);
}

#[test]
fn no_seed_of_what_people_and_programs_write_breaks_a_promise() {
    assert!(replay("settings", targets::settings, 4) >= 10);
    let taken = seeds("settings").into_iter().filter(|(_, seed)| is_taken(seed)).count();
    assert!(taken >= 6, "of settings that are not taken no promise is asked: {taken}");
    assert!(replay("contacts", targets::contacts, 50) >= 10);
    assert!(replay("numbers", targets::numbers, 50) >= 10);
    assert!(replay("http", targets::http, 20) >= 10);
    assert!(replay("replies", targets::replies, 20) >= 6);
}

/// Runs `target` on every seed of its folder and on so many changes of each, and counts the seeds.
fn replay(name: &str, target: fn(&[u8]), rounds: usize) -> usize {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(rounds);
    let (files, seeds): (Vec<PathBuf>, Vec<Vec<u8>>) = seeds(name).into_iter().unzip();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (file, seed) in files.iter().zip(&seeds) {
        tried(target, seed, &file.display().to_string());
        for _ in 0..rounds {
            let changed = changed(seed, &seeds, &mut dice);
            tried(target, &changed, &format!("a change of {}: {}", file.display(), changed.escape_ascii()));
        }
    }
    seeds.len()
}

fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(name);
    let files = std::fs::read_dir(folder).expect("the seeds are in the repository");
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

fn is_taken(settings: &[u8]) -> bool {
    Config::parse(&String::from_utf8_lossy(settings)).is_ok()
}

fn tried(target: fn(&[u8]), bytes: &[u8], which: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(bytes))) {
        eprintln!("it breaks at {which}");
        std::panic::resume_unwind(panic);
    }
}

/// One to four bytes or pieces changed, taken out, put in or taken from another seed.
fn changed(seed: &[u8], seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let to = bytes.len().min(at + dice.below(12));
        match dice.below(6) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            2 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            3 => drop(bytes.drain(at..to)),
            4 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let piece = other[from..other.len().min(from + dice.below(24))].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// Numbers that look drawn (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

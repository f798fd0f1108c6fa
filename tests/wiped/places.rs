//! Blocks that held a canary go in; the places of ours that gave them back come out.

use std::backtrace::Backtrace;
use std::collections::BTreeMap;

/// A block that was given back with something in it.
pub struct Finding {
    pub what: &'static str,
    pub bytes: usize,
    pub way: Backtrace,
}

/// Code of others that gives back memory with something of a call in it, and why nothing can be done about it here. In an
/// ear the C library overwrites it (`GLIBC_TUNABLES`, see docs/proof.md).
const LIBRARIES: &[(&str, &str)] = &[(
    "FormatStringPayload",
    "the language puts the message of a panic together in a text that grows; what came of it is wiped by us",
)];

/// Crates of the language's own: whoever called them gave the block back.
const STANDARD: [&str; 7] = ["__rustc", "std", "core", "alloc", "wiped", "zeroize", "backtrace"];

/// The first function on the way there that is not the language's own.
fn place(way: &str) -> String {
    let mut names = way.lines().filter_map(|line| Some(line.trim().split_once(": ")?.1));
    let own = |name: &&str| {
        let bare = name.trim_start_matches(['<', '&']).trim_start_matches("mut ");
        let first = bare.split_once("::").map_or("", |(first, _)| first);
        !first.is_empty() && !first.contains(' ') && !STANDARD.contains(&first)
    };
    names.find(own).unwrap_or(way).to_owned()
}

/// Fails with each place of ours that gave back a block that held something.
#[track_caller]
pub fn assert_none(found: &[Finding]) {
    let mut places: BTreeMap<(String, &str), (usize, usize)> = BTreeMap::new();
    for finding in found.iter().take(MOST) {
        let way = finding.way.to_string();
        if LIBRARIES.iter().any(|(library, _)| way.contains(library)) {
            continue;
        }
        let (count, bytes) = places.entry((place(&way), finding.what)).or_default();
        (*count, *bytes) = (*count + 1, *bytes + finding.bytes);
    }
    assert!(places.is_empty(), "{} blocks, by place (blocks, bytes): {places:#?}", found.len());
}

/// Ways that are looked up; each takes some milliseconds.
const MOST: usize = 2_000;

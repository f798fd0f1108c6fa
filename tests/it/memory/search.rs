//! A process and the forms of what was said go in; every place in its memory where one stands comes out.
//!
//! Read from outside, by `/proc/PID/mem`, while the process runs: all memory that it can write to and all that belongs
//! to no file. A key of each form's most varied bytes is looked up at every byte, so that many thousand forms cost one
//! look, and zeros, which are everywhere, cost none.

use super::forms::{self, Form};
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Forms to look for.
pub struct Sought {
    forms: Vec<Form>,
    /// By eight of their bytes, and those that are shorter by four.
    long: Table,
    short: Table,
    longest: usize,
}

/// A form, by its number, at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub at: u64,
    pub form: usize,
}

impl Sought {
    /// Each form has four bytes at least.
    pub fn new(forms: Vec<Form>) -> Sought {
        assert!(forms.iter().all(|form| form.bytes.len() >= 4));
        let longest = forms.iter().map(|form| form.bytes.len()).max().unwrap_or(0);
        let (long, short) = (0..forms.len()).partition(|form| forms[*form].bytes.len() >= 8);
        let (long, short) = (Table::new::<8>(&forms, long), Table::new::<4>(&forms, short));
        Sought { forms, long, short, longest }
    }

    /// For a person: the word, where it stands in UTF-8.
    pub fn word(&self, hit: &Hit) -> Option<&str> {
        let Form { name, bytes } = &self.forms[hit.form];
        (*name == forms::UTF_8).then(|| std::str::from_utf8(bytes).ok())?
    }

    pub fn name(&self, hit: &Hit) -> &'static str {
        self.forms[hit.form].name
    }

    /// Every place in the memory of a process where one of them stands; nothing of one that has ended.
    pub fn in_process(&self, process: i32) -> Vec<Hit> {
        let mut hits = Vec::new();
        let Ok(memory) = File::open(format!("/proc/{process}/mem")) else { return hits };
        let mut room = vec![0; PIECE + self.longest];
        for (from, to) in own_memory(process) {
            let mut at = from;
            while at < to {
                let length = usize::try_from(to - at).unwrap().min(room.len());
                // What is not there any more holds nothing.
                if memory.read_exact_at(&mut room[..length], at).is_ok() {
                    self.within(&room[..length], |offset, form| {
                        if offset < PIECE {
                            hits.push(Hit { at: at + offset as u64, form });
                        }
                    });
                }
                at += PIECE as u64;
            }
        }
        hits
    }

    /// Whether the form stands there still.
    pub fn is_still(&self, memory: &File, hit: &Hit) -> bool {
        let bytes = &self.forms[hit.form].bytes;
        let mut room = vec![0; bytes.len()];
        memory.read_exact_at(&mut room, hit.at).is_ok() && room == *bytes
    }

    /// Tells where in these bytes which form stands.
    pub fn within(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        for (n, page) in bytes.chunks(PAGE).enumerate() {
            // Most of the memory of a process that has done nothing yet. A form that begins here has bytes here.
            if page.iter().all(|byte| *byte == 0) {
                continue;
            }
            for at in n * PAGE..n * PAGE + page.len() {
                let long = self.long.candidates::<8>(&bytes[at..]);
                for Key { form, before, .. } in long.chain(self.short.candidates::<4>(&bytes[at..])) {
                    // One that begins before these bytes was found with those.
                    let begin = at.checked_sub(*before);
                    if let Some(begin) =
                        begin.filter(|begin| bytes[*begin..].starts_with(&self.forms[*form].bytes))
                    {
                        found(begin, *form);
                    }
                }
            }
        }
    }
}

/// Private memory of a process that holds what it made itself: what it may write to, and what belongs to no file.
fn own_memory(process: i32) -> Vec<(u64, u64)> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap_or_default();
    let own = maps.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (range, rights) = (fields.next()?, fields.next()?);
        let (file, name) = (fields.nth(2)?, fields.next().unwrap_or_default());
        let searched = rights.starts_with("rw") || (rights.starts_with('r') && file == "0");
        let (from, to) = range.split_once('-')?;
        let [from, to] = [from, to].map(|place| u64::from_str_radix(place, 16).ok());
        (searched && !["[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]"].contains(&name))
            .then_some((from?, to?))
    });
    own.collect()
}

/// The keys of forms, in the order of their hashes, behind a filter of one bit for each hash.
struct Table {
    filter: Vec<u64>,
    /// Where the keys begin whose hash begins with these bits, and where the last ones end.
    starts: Vec<usize>,
    keys: Vec<Key>,
}

/// Some bytes of a form, and how many stand before them.
struct Key {
    key: u64,
    form: usize,
    before: usize,
}

impl Table {
    fn new<const KEY: usize>(forms: &[Form], these: Vec<usize>) -> Table {
        let mut filter = vec![0; 1 << (BITS - 6)];
        let mut keys = Vec::with_capacity(these.len());
        for form in these {
            let bytes = &forms[form].bytes;
            let varied = |before: &usize| bytes[*before..][..KEY].iter().collect::<BTreeSet<_>>().len();
            // Of several the last; a form has as many bytes as a key at least.
            let Some(before) = (0..=bytes.len() - KEY).max_by_key(varied) else { continue };
            if let Some(key) = key::<KEY>(&bytes[before..]) {
                let bit = hash(key);
                filter[bit >> 6] |= 1 << (bit & 63);
                keys.push(Key { key, form, before });
            }
        }
        keys.sort_unstable_by_key(|key| hash(key.key));
        let start = |first: usize| keys.partition_point(|key| hash(key.key) >> (BITS - FIRST) < first);
        let starts = (0..=1 << FIRST).map(start).collect();
        Table { filter, starts, keys }
    }

    /// Forms that hold these bytes.
    fn candidates<const KEY: usize>(&self, bytes: &[u8]) -> impl Iterator<Item = &Key> {
        let wanted = key::<KEY>(bytes).map(|key| (key, hash(key)));
        let known = wanted.filter(|(_, bit)| self.filter[bit >> 6] >> (bit & 63) & 1 == 1);
        let near = known.map_or(0..0, |(_, bit)| {
            let first = bit >> (BITS - FIRST);
            self.starts[first]..self.starts[first + 1]
        });
        self.keys[near].iter().filter(move |key| known.is_some_and(|(wanted, _)| key.key == wanted))
    }
}

fn key<const KEY: usize>(bytes: &[u8]) -> Option<u64> {
    let mut key = [0; 8];
    key[..KEY].copy_from_slice(bytes.first_chunk::<KEY>()?);
    Some(u64::from_le_bytes(key))
}

fn hash(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}

/// Bits of the filter's places: a thousand forms for each would still leave it nearly empty.
const BITS: u32 = 22;

/// Bits that say where to begin among the keys.
const FIRST: u32 = 16;

const PAGE: usize = 4_096;

/// Read at once.
const PIECE: usize = 1 << 20;

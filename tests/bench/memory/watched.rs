//! The memory of one process, watched: what is sought goes in; what is there beyond what was there before any call, and
//! until when, come out.

use crate::forms::OURS;
use crate::search::{Hit, Sought};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::time::{Duration, Instant};

/// Counts by the name of a form.
pub type Counts = BTreeMap<&'static str, usize>;

pub struct Watched<'a> {
    sought: &'a Sought,
    process: i32,
    /// How often each form was there before: a recogniser's vocabulary holds every word.
    before: BTreeMap<usize, usize>,
    /// And where.
    places: BTreeSet<Hit>,
}

/// Until when anything of ours, and anything at all, was seen after a moment, where it was known to be.
#[derive(Clone, Debug, Default)]
pub struct Stay {
    pub ours: Duration,
    pub all: BTreeMap<&'static str, Duration>,
    /// The ear used the processor until then, of the time in which anything was left: a window was in work.
    pub at_work: Duration,
    /// When each look through all memory began, what it found, and the words among it.
    pub looks: Vec<(Duration, Counts, Vec<String>)>,
}

impl<'a> Watched<'a> {
    /// To be made while nothing is heard.
    pub fn new(sought: &'a Sought, process: i32) -> Watched<'a> {
        let places = BTreeSet::from_iter(sought.in_process(process));
        let mut before = BTreeMap::new();
        places.iter().for_each(|hit| *before.entry(hit.form).or_default() += 1);
        Watched { sought, process, before, places }
    }

    /// What is there now and was not before.
    pub fn hits(&self) -> Vec<Hit> {
        let hits = self.sought.in_process(self.process);
        let mut now: BTreeMap<usize, usize> = BTreeMap::new();
        hits.iter().for_each(|hit| *now.entry(hit.form).or_default() += 1);
        let more = |form: &usize| now[form] > self.before.get(form).copied().unwrap_or(0);
        hits.into_iter().filter(|hit| more(&hit.form)).collect()
    }

    /// How often each kind of form is there now.
    pub fn counts(&self) -> Counts {
        self.count(&self.hits())
    }

    pub fn count(&self, hits: &[Hit]) -> Counts {
        let mut counts = Counts::new();
        hits.iter().for_each(|hit| *counts.entry(self.sought.name(hit)).or_default() += 1);
        counts
    }

    /// The words among what was found, for a person.
    pub fn words(&self, hits: &[Hit]) -> Vec<String> {
        let words: BTreeSet<_> = hits.iter().filter_map(|hit| self.sought.word(hit)).collect();
        words.into_iter().map(str::to_owned).take(20).collect()
    }

    /// Follows what is known to be there from `since` on until it has gone, each place again and again, and then looks
    /// through all memory twice: when our own buffers must be gone, and when all must.
    pub fn follow(&self, known: &[Hit], since: Instant, long: Duration) -> Stay {
        let mut stay = Stay::default();
        let memory = File::open(format!("/proc/{}/mem", self.process)).unwrap();
        let mut left: Vec<Hit> = known.iter().filter(|hit| !self.places.contains(hit)).copied().collect();
        let mut used = (since.elapsed(), self.processor_ticks());
        while !left.is_empty() && since.elapsed() < long {
            let now = since.elapsed();
            left.retain(|hit| self.sought.is_still(&memory, hit));
            for name in left.iter().map(|hit| self.sought.name(hit)) {
                stay.all.insert(name, now);
                if OURS.contains(&name) {
                    stay.ours = now;
                }
            }
            if now > used.0 + OFTEN {
                let ticks = self.processor_ticks();
                if ticks > used.1 + IDLE_TICKS {
                    stay.at_work = now;
                }
                used = (now, ticks);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        for from in [OURS_GONE, ALL_GONE] {
            std::thread::sleep(from.saturating_sub(since.elapsed()));
            let begun = since.elapsed();
            let hits = self.hits();
            stay.looks.push((begun, self.count(&hits), self.words(&hits)));
        }
        stay
    }

    /// Hundredths of a second.
    fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process)).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
    }
}

/// After a key.
const OURS_GONE: Duration = Duration::from_millis(200);
const ALL_GONE: Duration = Duration::from_secs(1);

/// Between two looks at the processor time.
const OFTEN: Duration = Duration::from_millis(100);

/// What an ear needs between two looks when it decodes nothing.
const IDLE_TICKS: u64 = 3;

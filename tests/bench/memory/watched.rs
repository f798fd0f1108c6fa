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
}

/// Until when anything of ours, and anything at all, was seen after a moment.
#[derive(Clone, Debug, Default)]
pub struct Stay {
    pub ours: Duration,
    pub all: BTreeMap<&'static str, Duration>,
    /// The words among what was seen last.
    pub seen: Vec<String>,
    /// Processor time was used until then: the last window was in work.
    pub at_work: Duration,
}

impl<'a> Watched<'a> {
    /// To be made while nothing is heard.
    pub fn new(sought: &'a Sought, process: i32) -> Watched<'a> {
        let mut watched = Watched { sought, process, before: BTreeMap::new() };
        for hit in sought.in_process(process) {
            *watched.before.entry(hit.form).or_default() += 1;
        }
        watched
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

    /// Follows what is there from `since` on, for so long: the known places at once and often, then all memory again
    /// and again.
    pub fn follow(&self, known: &[Hit], since: Instant, long: Duration) -> Stay {
        let mut stay = Stay::default();
        let memory = File::open(format!("/proc/{}/mem", self.process)).unwrap();
        let ours = |hit: &&Hit| OURS.contains(&self.sought.name(hit));
        let mut left: Vec<Hit> = known.iter().filter(ours).copied().collect();
        while !left.is_empty() && since.elapsed() < long {
            let now = since.elapsed();
            left.retain(|hit| self.sought.is_still(&memory, hit));
            if !left.is_empty() {
                stay.ours = now;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut used = self.processor_ticks();
        while since.elapsed() < long {
            let hits = self.hits();
            let now = since.elapsed();
            if hits.iter().any(|hit| ours(&hit)) {
                stay.ours = now;
            }
            stay.seen = self.words(&hits);
            for hit in &hits {
                stay.all.insert(self.sought.name(hit), now);
            }
            let ticks = self.processor_ticks();
            if ticks > used + IDLE_TICKS {
                stay.at_work = now;
            }
            used = ticks;
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

/// What an ear needs between two looks when it decodes nothing.
const IDLE_TICKS: u64 = 3;

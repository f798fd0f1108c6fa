//! What two people heard of each other on a real switch, packet for packet, beside the same call without us.

use super::Call;
use super::phone::{Said, Sound, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A call as both parties had it, from the agent's answer on.
pub struct Audio {
    /// From the answer of the caller's call to the ringing of the agent's phone.
    pub set_up: Duration,
    caller: Side,
    agent: Side,
    /// By how much the phones themselves were late at most: the machine is busy then.
    pub late: Duration,
}

/// What reached one party of the other's voice.
pub struct Side {
    pub said: usize,
    /// Packets that never came.
    pub lost: usize,
    /// Packets of a voice that is not the other's.
    foreign: usize,
    longest_gap: Duration,
    /// From mouth to ear: what half of the packets took, and 99 of 100.
    delay: [Duration; 2],
    /// Packets that the other's phone sent late: the switch drops what comes in bunches.
    sent_late: usize,
}

impl Audio {
    /// Of the first part of a talk, which lies so far back that nothing of it is under way any more.
    pub fn of(call: &Call, part: Duration) -> Audio {
        let begun = call.agent.answered();
        let set_up = call.agent.invited().saturating_duration_since(call.caller.answered());
        let (caller, agent) = (call.caller.state(), call.agent.state());
        let heard = |by: &State, from: &State| Side::between(from, by, begun..begun + part);
        Audio {
            set_up,
            caller: heard(&caller, &agent),
            agent: heard(&agent, &caller),
            late: caller.late.max(agent.late),
        }
    }

    /// Both parties heard each other as well as they did without us, save what the two copies cost.
    #[track_caller]
    pub fn compares_with(&self, without: &Audio) {
        for (who, with, without) in
            [("caller", &self.caller, &without.caller), ("agent", &self.agent, &without.agent)]
        {
            assert_eq!(with.foreign, 0, "the {who} heard somebody else: {self}");
            let lost = without.lost + COPIES + with.sent_late;
            assert!(with.lost <= lost, "{} packets did not reach the {who}: {self}", with.lost);
            let gap = without.longest_gap + TICK * COPIES as u32 + self.late;
            assert!(with.longest_gap <= gap, "the {who} heard nothing for {:?}: {self}", with.longest_gap);
            let late = with.delay[0].saturating_sub(without.delay[0]);
            assert!(late <= TICK + self.late, "the other's voice reached the {who} {late:?} later: {self}");
        }
    }

    /// The figures of both, for people.
    pub fn beside(&self, without: &Audio) -> String {
        let added = self.set_up.as_secs_f64() - without.set_up.as_secs_f64();
        format!(
            "set-up {:+.0} ms; caller: {}; agent: {}; phones late by {:.0} ms",
            added * 1_000.0,
            self.caller.beside(&without.caller),
            self.agent.beside(&without.agent),
            ms(self.late),
        )
    }
}

impl fmt::Display for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.beside(self))
    }
}

impl Side {
    pub fn between(speaker: &State, listener: &State, within: Range<Instant>) -> Side {
        let said: Vec<&Said> = speaker.said.iter().filter(|said| within.contains(&said.at)).collect();
        let mut came: BTreeMap<u64, Vec<Instant>> = BTreeMap::new();
        for heard in &listener.heard {
            came.entry(heard.print).or_default().push(heard.at);
        }
        let took = |said: &&Said| {
            let after = |at: &Instant| at.checked_duration_since(said.at).filter(|took| *took < LATEST);
            came.get(&said.print)?.iter().find_map(after)
        };
        let mut delays: Vec<Duration> = said.iter().filter_map(took).collect();
        delays.sort_unstable();
        let others: BTreeSet<u64> = speaker.said.iter().map(|said| said.print).collect();
        // What rang before the answer may still come.
        let settled = within.start + super::SETTLED..within.end;
        let strange = listener.heard.iter().filter(|heard| {
            heard.sound == Sound::Voice && settled.contains(&heard.at) && !others.contains(&heard.print)
        });
        Side {
            said: said.len(),
            lost: said.len() - delays.len(),
            foreign: strange.count(),
            longest_gap: listener.longest_gap(within.start, within.end),
            delay: [500, 990].map(|of_1000| quantile(&delays, of_1000)),
            sent_late: said.iter().filter(|said| said.late > TICK / 2).count(),
        }
    }

    fn beside(&self, without: &Side) -> String {
        format!(
            "lost {} of {} ({} of {}), gap {:.0} ms ({:.0}), delay {:.1}/{:.1} ms ({:.1}/{:.1})",
            self.lost,
            self.said,
            without.lost,
            without.said,
            ms(self.longest_gap),
            ms(without.longest_gap),
            ms(self.delay[0]),
            ms(self.delay[1]),
            ms(without.delay[0]),
            ms(without.delay[1]),
        )
    }
}

/// Of what is in order.
pub fn quantile(sorted: &[Duration], of_1000: usize) -> Duration {
    sorted.get((sorted.len() * of_1000).div_ceil(1_000).saturating_sub(1)).copied().unwrap_or_default()
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// What was not heard by then was never heard.
const LATEST: Duration = Duration::from_secs(2);
/// Each copy costs two packets once, and its attach now and then one of the other direction.
const COPIES: usize = 3;
const TICK: Duration = Duration::from_millis(20);

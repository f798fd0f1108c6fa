//! Who talked with the caller, and from when to when: bridges and names go in, the call's segments come out; pure.
//!
//! A segment tells which extension had the call, as every switch's own list of calls does; nothing is counted or
//! compared by it.

use crate::call::Leg;
use crate::store::{Name, Segment, UtcMillis};

#[derive(Default)]
pub struct Segments(Vec<Talk>);

/// The talk with one agent's leg.
struct Talk {
    leg: Leg,
    agent: Option<Name>,
    /// The leg is only on the way to an agent's, as one half of a loopback is.
    passing: bool,
    from: i64,
    to: Option<i64>,
}

impl Segments {
    /// The caller is joined to this leg. One who comes back to the same leg goes on with it.
    pub fn joined(&mut self, leg: &Leg, now: i64) {
        match self.0.last_mut() {
            Some(last) if last.leg == *leg => last.to = None,
            Some(last) if last.passing => {
                let from = last.from;
                *last = Talk::new(leg, from);
            }
            last => {
                if let Some(last) = last {
                    last.to.get_or_insert(now);
                }
                if self.0.len() < MOST {
                    self.0.push(Talk::new(leg, now));
                }
            }
        }
    }

    /// Whose leg it is has been asked.
    pub fn named(&mut self, leg: &Leg, agent: Option<Name>, passing: bool) {
        if let Some(talk) = self.0.iter_mut().rev().find(|talk| talk.leg == *leg) {
            (talk.agent, talk.passing) = (agent, passing);
        }
    }

    pub fn parted(&mut self, now: i64) {
        if let Some(last) = self.0.last_mut() {
            last.to.get_or_insert(now);
        }
    }

    /// All of them, up to the end of the listening.
    pub fn until(&self, end: i64) -> Vec<Segment> {
        let begun = self.0.iter().filter(|talk| talk.from <= end);
        let told = begun.map(|talk| Segment {
            agent: talk.agent.clone(),
            from: UtcMillis(talk.from),
            to: UtcMillis(talk.to.unwrap_or(end).min(end)),
        });
        told.collect()
    }
}

impl Talk {
    fn new(leg: &Leg, from: i64) -> Talk {
        Talk { leg: leg.clone(), agent: None, passing: false, from, to: None }
    }
}

/// More agents than that no caller has patience for; the rest of such a call is not told.
const MOST: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(name: &str) -> Leg {
        Leg::new(name).unwrap()
    }

    fn told(segments: &Segments, end: i64) -> Vec<(Option<String>, i64, i64)> {
        let told = segments.until(end).into_iter();
        told.map(|of| (of.agent.map(|name| name.as_str().to_owned()), of.from.0, of.to.0)).collect()
    }

    fn name(text: &str) -> Option<Name> {
        Some(Name::new(text).unwrap())
    }

    #[test]
    fn each_agent_has_his_time_and_a_pause_between_them_is_nobodys() {
        let mut segments = Segments::default();
        segments.joined(&leg("b"), 10);
        segments.named(&leg("b"), name("1001"), false);
        segments.parted(20);
        segments.joined(&leg("c"), 30);
        segments.named(&leg("c"), name("1002"), false);
        assert_eq!(told(&segments, 40), [(Some("1001".into()), 10, 20), (Some("1002".into()), 30, 40)]);
        assert_eq!(told(&segments, 15), [(Some("1001".into()), 10, 15)], "only what was listened to");
    }

    #[test]
    fn an_agent_told_twice_or_taken_up_again_goes_on() {
        let mut segments = Segments::default();
        segments.joined(&leg("b"), 10);
        segments.joined(&leg("b"), 11);
        segments.parted(20);
        segments.joined(&leg("b"), 30);
        assert_eq!(told(&segments, 40), [(None, 10, 40)]);
    }

    #[test]
    fn one_half_of_a_loopback_is_told_as_the_agent_behind_it() {
        let mut segments = Segments::default();
        segments.joined(&leg("l"), 10);
        segments.named(&leg("l"), None, true);
        segments.parted(2_090);
        segments.joined(&leg("b"), 2_131);
        segments.named(&leg("b"), name("1001"), false);
        assert_eq!(told(&segments, 9_000), [(Some("1001".into()), 10, 9_000)]);
    }

    #[test]
    fn their_number_is_bounded() {
        let mut segments = Segments::default();
        for n in 0..500 {
            segments.joined(&leg(&n.to_string()), n);
        }
        assert_eq!(segments.until(600).len(), MOST);
    }
}

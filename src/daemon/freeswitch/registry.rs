//! Who is who: which leg, job, token and copy belongs to which call.

use super::super::switch::Mailbox;
use super::words::Tappable;
use crate::call::{CallId, Leg, Party};
use crate::config::Line;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One call that is being followed.
pub(super) struct Entry {
    pub caller: Leg,
    pub agent: Option<Leg>,
    pub line: Arc<Line>,
    pub mailbox: Mailbox,
    /// The Event-UUID of the notice's playback.
    pub playback: Option<String>,
    /// Legs that were examined and may be copied.
    pub tappable: BTreeMap<Leg, Tappable>,
    /// The switch's leg of each party's copy.
    pub taps: BTreeMap<Party, String>,
}

/// All calls that are being followed.
#[derive(Default)]
pub(super) struct Registry {
    pub calls: BTreeMap<CallId, Entry>,
    /// One leg may be of several calls: an agent who asks back, two callers whom somebody joined.
    legs: BTreeSet<(Leg, CallId)>,
    /// Job-UUIDs of copies that were asked for.
    jobs: BTreeMap<String, (CallId, Party)>,
}

impl Registry {
    pub fn add(&mut self, call: CallId, entry: Entry) {
        self.legs.insert((entry.caller.clone(), call));
        self.calls.insert(call, entry);
    }

    /// Every call whose caller or agent one of these legs is.
    pub fn concerned(&self, legs: &[Option<&str>]) -> BTreeSet<CallId> {
        let legs = legs.iter().flatten().filter_map(|leg| Leg::new(leg).ok());
        let of = |leg: Leg| self.legs.range((leg.clone(), CallId(0))..=(leg, CallId(u64::MAX)));
        legs.flat_map(of).map(|(_, call)| *call).collect()
    }

    pub fn set_agent(&mut self, call: CallId, agent: &Leg) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        if let Some(old) = entry.agent.replace(agent.clone()).filter(|old| *old != entry.caller) {
            self.legs.remove(&(old, call));
        }
        self.legs.insert((agent.clone(), call));
    }

    pub fn add_job(&mut self, job: &str, call: CallId, party: Party) {
        self.jobs.insert(job.to_owned(), (call, party));
    }

    pub fn take_job(&mut self, job: &str) -> Option<(CallId, Party)> {
        self.jobs.remove(job)
    }

    /// A copy is no longer wanted: what becomes of the command that asked for it concerns nobody.
    pub fn drop_jobs(&mut self, call: CallId, party: Party) {
        self.jobs.retain(|_, asked| *asked != (call, party));
    }

    /// Whether a copy's leg is one of ours that lives.
    pub fn holds_tap(&self, tap: &str) -> bool {
        self.calls.values().any(|entry| entry.taps.values().any(|held| held == tap))
    }

    /// Forgets a call; gives its caller's leg.
    pub fn remove(&mut self, call: CallId) -> Option<Leg> {
        self.legs.retain(|(_, held)| *held != call);
        self.jobs.retain(|_, (held, _)| *held != call);
        self.calls.remove(&call).map(|entry| entry.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT};

    fn registry(callers: &[(u64, &str)]) -> Registry {
        let line = Arc::new(Config::parse(DEFAULT).unwrap().lines[0].clone());
        let mut registry = Registry::default();
        for (call, caller) in callers {
            let entry = Entry {
                caller: Leg::new(caller).unwrap(),
                agent: None,
                line: line.clone(),
                mailbox: tokio::sync::mpsc::unbounded_channel().0,
                playback: None,
                tappable: BTreeMap::new(),
                taps: BTreeMap::new(),
            };
            registry.add(CallId(*call), entry);
        }
        registry
    }

    fn concerned(registry: &Registry, leg: &str) -> Vec<u64> {
        registry.concerned(&[Some(leg), None]).into_iter().map(|call| call.0).collect()
    }

    #[test]
    fn two_callers_whom_somebody_joined_both_hear_of_each_other_and_keep_their_own_calls() {
        let mut registry = registry(&[(1, "a"), (2, "z")]);
        registry.set_agent(CallId(1), &Leg::new("z").unwrap());
        assert_eq!(concerned(&registry, "z"), [1, 2]);
        registry.set_agent(CallId(1), &Leg::new("b").unwrap());
        assert_eq!(concerned(&registry, "z"), [2]);
        registry.remove(CallId(1));
        assert_eq!((concerned(&registry, "a"), concerned(&registry, "z")), (vec![], vec![2]));
    }

    #[test]
    fn an_agent_of_two_calls_is_known_in_both_until_one_of_them_ends() {
        let mut registry = registry(&[(1, "a"), (2, "z")]);
        let agent = Leg::new("b").unwrap();
        registry.set_agent(CallId(1), &agent);
        registry.set_agent(CallId(2), &agent);
        assert_eq!(concerned(&registry, "b"), [1, 2]);
        registry.remove(CallId(2));
        assert_eq!(concerned(&registry, "b"), [1]);
    }
}

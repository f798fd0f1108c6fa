//! Who is who: which leg, job, token and copy belongs to which call.

use super::super::switch::Mailbox;
use super::words::Tappable;
use crate::call::{CallId, Leg, Party};
use crate::config::Line;
use std::collections::BTreeMap;
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
    legs: BTreeMap<Leg, CallId>,
    /// Job-UUIDs of copies that were asked for.
    jobs: BTreeMap<String, (CallId, Party)>,
}

impl Registry {
    pub fn add(&mut self, call: CallId, entry: Entry) {
        self.legs.insert(entry.caller.clone(), call);
        self.calls.insert(call, entry);
    }

    pub fn of_leg(&self, leg: &str) -> Option<CallId> {
        self.legs.get(&Leg::new(leg).ok()?).copied()
    }

    /// The call whose caller or agent one of these legs is; the caller's word counts first.
    pub fn of_any(&self, legs: &[Option<&str>]) -> Option<CallId> {
        let calls = legs.iter().flatten().filter_map(|leg| self.of_leg(leg)).collect::<Vec<_>>();
        let callers = |call: &&CallId| {
            self.calls.get(call).is_some_and(|entry| legs.contains(&Some(entry.caller.as_str())))
        };
        calls.iter().find(callers).or(calls.first()).copied()
    }

    pub fn set_agent(&mut self, call: CallId, agent: &Leg) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        if let Some(old) = entry.agent.replace(agent.clone()) {
            self.legs.remove(&old);
        }
        self.legs.insert(agent.clone(), call);
    }

    pub fn add_job(&mut self, job: &str, call: CallId, party: Party) {
        self.jobs.insert(job.to_owned(), (call, party));
    }

    pub fn take_job(&mut self, job: &str) -> Option<(CallId, Party)> {
        self.jobs.remove(job)
    }

    /// Whether a copy's leg is one of ours that lives.
    pub fn holds_tap(&self, tap: &str) -> bool {
        self.calls.values().any(|entry| entry.taps.values().any(|held| held == tap))
    }

    /// Forgets a call; gives its caller's leg.
    pub fn remove(&mut self, call: CallId) -> Option<Leg> {
        self.legs.retain(|_, held| *held != call);
        self.jobs.retain(|_, (held, _)| *held != call);
        self.calls.remove(&call).map(|entry| entry.caller)
    }
}

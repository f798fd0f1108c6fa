//! What ears tell of their calls goes in; what is in their memory comes out: how much audio, and how old the oldest.
//!
//! One gauge for each kind of ear, so that a fresh one and the one that it takes over from are counted together. What
//! an ear holds of a call it tells every ten seconds; nothing that was said can be older than the call's bridge.

use crate::border::Heard;
use crate::call::{CallId, Moment};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What ears of one kind hold at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Calls of which something may be in memory.
    pub calls: usize,
    /// Speech that is not recognised yet, both parties together.
    pub audio: Duration,
    /// Since the oldest of those calls was bridged: no word of any is older.
    pub oldest: Duration,
}

#[derive(Default)]
pub struct Gauge(Mutex<BTreeMap<CallId, Share>>);

/// One call's part.
#[derive(Clone, Copy)]
struct Share {
    since: Moment,
    audio: Duration,
}

impl Gauge {
    /// From now on the call is heard.
    pub fn bridged(&self, call: CallId, now: Moment) {
        self.calls().entry(call).or_insert(Share { since: now, audio: Duration::ZERO });
    }

    /// What its ear told of it.
    pub fn counted(&self, call: CallId, heard: &Heard) {
        let waits = heard.speech_ms.saturating_sub(heard.recognised_ms);
        if let Some(share) = self.calls().get_mut(&call) {
            share.audio = Duration::from_millis(waits.into());
        }
    }

    /// It has had its ending, and nothing of it is held.
    pub fn gone(&self, call: CallId) {
        self.calls().remove(&call);
    }

    pub fn held(&self, now: Moment) -> Held {
        let calls = self.calls();
        let oldest = calls.values().map(|share| now.since(share.since)).max().unwrap_or_default();
        Held { calls: calls.len(), audio: calls.values().map(|share| share.audio).sum(), oldest }
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<CallId, Share>> {
        // The map is whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_added_up_and_the_oldest_call_tells_the_age() {
        let (gauge, at) = (Gauge::default(), |s: u64| Moment::START + Duration::from_secs(s));
        assert_eq!(gauge.held(at(9)), Held::default());
        gauge.bridged(CallId(1), at(10));
        gauge.bridged(CallId(2), at(30));
        let heard = |speech_ms, recognised_ms| Heard { speech_ms, recognised_ms, ..Heard::default() };
        gauge.counted(CallId(1), &heard(20_000, 15_000));
        gauge.counted(CallId(2), &heard(7_000, 0));
        let held = gauge.held(at(40));
        assert_eq!(held, Held { calls: 2, audio: Duration::from_secs(12), oldest: Duration::from_secs(30) });
        gauge.gone(CallId(1));
        // What comes late of a call that is gone is of nobody's.
        gauge.counted(CallId(1), &heard(20_000, 0));
        let held = gauge.held(at(40));
        assert_eq!(held, Held { calls: 1, audio: Duration::from_secs(7), oldest: Duration::from_secs(10) });
    }
}

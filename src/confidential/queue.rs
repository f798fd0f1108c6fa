//! Who waits for the recogniser goes in; whose turn it is comes out.
//!
//! A party stands in the queue at most once and goes to its end after each stretch, so no call can keep others
//! waiting; parties of calls that are over go first, for somebody waits for their note.

use crate::call::{CallId, Party};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Default)]
pub(in crate::confidential) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    ended: VecDeque<(CallId, Party)>,
    running: VecDeque<(CallId, Party)>,
    closed: bool,
}

impl Queue {
    pub(in crate::confidential) fn push(&self, call: CallId, party: Party, ended: bool) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.running.retain(|other| *other != (call, party));
        waiting.ended.retain(|other| *other != (call, party));
        if ended { &mut waiting.ended } else { &mut waiting.running }.push_back((call, party));
        self.changed.notify_one();
    }

    /// Waits for the next turn; `None` once the queue is closed.
    pub(in crate::confidential) fn next(&self) -> Option<(CallId, Party)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if waiting.closed {
                return None;
            }
            if let Some(turn) = waiting.ended.pop_front().or_else(|| waiting.running.pop_front()) {
                return Some(turn);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    #[cfg(test)]
    pub(in crate::confidential) fn is_empty(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.ended.is_empty() && waiting.running.is_empty()
    }

    pub(in crate::confidential) fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_round_and_calls_that_are_over_go_first() {
        let queue = Queue::default();
        queue.push(CallId(1), Party::Caller, false);
        queue.push(CallId(1), Party::Agent, false);
        queue.push(CallId(2), Party::Caller, false);
        assert_eq!(queue.next(), Some((CallId(1), Party::Caller)));
        queue.push(CallId(1), Party::Caller, false);
        queue.push(CallId(3), Party::Agent, true);
        let order: Vec<u64> = (0..4).map(|_| queue.next().unwrap().0.0).collect();
        assert_eq!(order, [3, 1, 2, 1]);
    }

    #[test]
    fn a_party_stands_in_the_queue_once_and_moves_up_when_its_call_ends() {
        let queue = Queue::default();
        queue.push(CallId(1), Party::Agent, false);
        queue.push(CallId(2), Party::Agent, false);
        queue.push(CallId(2), Party::Agent, true);
        assert_eq!(queue.next(), Some((CallId(2), Party::Agent)));
        assert_eq!(queue.next(), Some((CallId(1), Party::Agent)));
        queue.close();
        assert_eq!(queue.next(), None);
    }
}

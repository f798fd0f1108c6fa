//! The time of the simulated switch: real time, a multiple of it, or moved by a test; it can be made to stand still.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A clock that is shared by its clones.
#[derive(Clone)]
pub struct SimClock(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// The time at `mark`.
    base: Duration,
    mark: Instant,
    /// How much faster than real time it runs; 0 when a test moves it.
    factor: f64,
    held: bool,
}

impl State {
    fn pace(&self) -> f64 {
        if self.held { 0.0 } else { self.factor }
    }

    fn now(&self) -> Duration {
        self.base + self.mark.elapsed().mul_f64(self.pace())
    }

    fn settle(&mut self) {
        self.base = self.now();
        self.mark = Instant::now();
    }
}

impl SimClock {
    pub fn real_time() -> SimClock {
        SimClock::times(1)
    }

    /// Runs `factor` times as fast as real time.
    pub fn times(factor: u32) -> SimClock {
        SimClock::new(f64::from(factor))
    }

    /// Stands still until [`SimClock::advance`] moves it.
    pub fn owned() -> SimClock {
        SimClock::new(0.0)
    }

    fn new(factor: f64) -> SimClock {
        let state = State { base: Duration::ZERO, mark: Instant::now(), factor, held: false };
        SimClock(Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }))
    }

    /// Since the clock was made.
    pub fn now(&self) -> Duration {
        self.state().now()
    }

    pub fn advance(&self, by: Duration) {
        self.state().base += by;
        self.0.changed.notify_one();
    }

    /// While held, the time stands still, and nobody on the simulated line says a word.
    pub fn hold_back(&self, held: bool) {
        let mut state = self.state();
        state.settle();
        state.held = held;
        drop(state);
        self.0.changed.notify_one();
    }

    /// Returns when the time is `at`, or earlier when the clock was touched.
    pub(super) async fn reach(&self, at: Option<Duration>) {
        let changed = self.0.changed.notified();
        match at.and_then(|at| self.real_wait(at)) {
            // Whoever is late on a busy machine lets the others run all the same.
            Some(Duration::ZERO) => tokio::task::yield_now().await,
            Some(wait) => {
                let _ = tokio::time::timeout(wait, changed).await;
            }
            None => changed.await,
        }
    }

    /// Waits for `until` while the clock is held, for ever when it is not.
    pub(super) async fn held_until(&self, until: tokio::time::Instant) {
        let held = self.state().held;
        match held {
            true => tokio::time::sleep_until(until).await,
            false => std::future::pending().await,
        }
    }

    /// How long `time` lasts really.
    pub(super) fn real(&self, time: Duration) -> Duration {
        let factor = self.state().factor;
        if factor > 0.0 { time.div_f64(factor) } else { time }
    }

    fn real_wait(&self, at: Duration) -> Option<Duration> {
        let state = self.state();
        let missing = at.saturating_sub(state.now());
        if missing.is_zero() {
            return Some(Duration::ZERO);
        }
        (state.pace() > 0.0).then(|| missing.div_f64(state.pace()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The lock is never held across anything that could panic.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_owned_clock_moves_only_when_it_is_moved() {
        let clock = SimClock::owned();
        assert_eq!(clock.now(), Duration::ZERO);
        clock.advance(Duration::from_secs(5));
        clock.reach(Some(Duration::from_secs(5))).await;
        assert_eq!(clock.now(), Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_held_clock_stands_still_and_then_goes_on_from_there() {
        let clock = SimClock::times(1_000);
        clock.reach(Some(Duration::from_secs(1))).await;
        clock.hold_back(true);
        let held = clock.now();
        assert!(held >= Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(clock.now(), held);
        clock.hold_back(false);
        clock.reach(Some(held + Duration::from_secs(1))).await;
        assert!(clock.now() > held);
    }
}

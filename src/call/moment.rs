//! A point on the daemon's or an ear's own monotonic clock.

use std::time::Duration;

/// Microseconds since the process began, as its clock tells them; never the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    pub const START: Moment = Moment(0);

    pub fn from_micros(micros: u64) -> Moment {
        Moment(micros)
    }

    pub fn micros(self) -> u64 {
        self.0
    }

    pub fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Time since `earlier`, zero when `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }
}

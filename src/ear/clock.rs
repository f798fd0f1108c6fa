//! The ear's only clock: the kernel's monotonic one, times the demo's factor, told as moments since the start.

use crate::call::Moment;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Time since it was made, `factor` times as fast as the wall's.
pub struct Clock {
    start: Duration,
    factor: f64,
}

impl Clock {
    pub fn start(factor: f64) -> Clock {
        Clock { start: monotonic(), factor }
    }

    pub fn now(&self) -> Moment {
        let passed = monotonic().saturating_sub(self.start).mul_f64(self.factor);
        Moment::START + passed
    }

    /// How long the wall's clock takes from now until `then`.
    pub fn until(&self, then: Moment) -> Duration {
        self.on_the_wall(then.since(self.now()))
    }

    /// How long the wall's clock takes for so much of this one's time.
    pub fn on_the_wall(&self, time: Duration) -> Duration {
        time.div_f64(self.factor)
    }
}

fn monotonic() -> Duration {
    let read = clock_gettime(ClockId::Monotonic);
    Duration::new(read.tv_sec.try_into().unwrap_or(0), read.tv_nsec.try_into().unwrap_or(0))
}

//! The one clock of the daemon: monotonic moments, the time of day, and waiting.

use crate::border::Day;
use crate::call::Moment;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time since the daemon began, times a factor that only a demonstration sets above one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_utc_ms: i64,
    factor: u32,
}

impl Clock {
    /// `factor` is how many times faster than real time everything runs; 1 for every real call.
    pub fn new(factor: u32) -> Clock {
        Clock { start: Instant::now(), start_utc_ms: system_ms(), factor: factor.max(1) }
    }

    pub fn factor(&self) -> u32 {
        self.factor
    }

    pub fn now(&self) -> Moment {
        let micros = self.start.elapsed().as_micros().saturating_mul(u128::from(self.factor));
        Moment::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Milliseconds since 1970, UTC.
    pub fn utc_ms(&self) -> i64 {
        match self.factor {
            1 => system_ms(),
            _ => self.start_utc_ms + i64::try_from(self.now().millis()).unwrap_or(0),
        }
    }

    /// Today's date and minute where this machine stands.
    pub fn today(&self) -> Day {
        let now = jiff::Timestamp::from_millisecond(self.utc_ms()).unwrap_or_default();
        let here = now.to_zoned_datetime(jiff::tz::TimeZone::system());
        let minute = i16::from(here.hour()) * 60 + i16::from(here.minute());
        Day {
            year: here.year(),
            month: here.month().unsigned_abs(),
            day: here.day().unsigned_abs(),
            minute: minute.unsigned_abs(),
        }
    }

    /// Waits until `when`; for ever when there is nothing to wait for.
    pub async fn sleep_until(&self, when: Option<Moment>) {
        match when {
            Some(when) => tokio::time::sleep(self.real(when.since(self.now()))).await,
            None => std::future::pending().await,
        }
    }

    pub async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(self.real(wait)).await;
    }

    /// How long `wait` lasts on the wall.
    pub fn real(&self, wait: Duration) -> Duration {
        wait / self.factor
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fast_clock_waits_a_fraction_of_the_time() {
        let clock = Clock::new(50);
        let (before, began) = (clock.now(), Instant::now());
        clock.sleep_until(Some(before + Duration::from_secs(2))).await;
        assert!(clock.now().since(before) >= Duration::from_secs(2));
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

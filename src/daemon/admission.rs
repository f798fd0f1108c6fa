//! Whether one more call may be heard: a budget of calls for the cores, one of memory, and what waits to be recognised.
//!
//! Recognition may lag and catch up after the hang-up; what must not happen is that it takes what the switch needs. So
//! there is a bound on the calls that are heard at once, and one below which free memory must not fall. Where either is
//! used up no notice is played, and the call is kept with the reason `overload`.

use crate::config::{Ears, Sip};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget, and how much of it is taken.
pub struct Admission {
    most: usize,
    reserve_kb: u64,
    taken: Arc<AtomicUsize>,
}

/// One call's part of the budget; given back when it is dropped.
pub struct Seat(Arc<AtomicUsize>);

impl Admission {
    pub fn new(ears: &Ears, sip: &Sip) -> Admission {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let most = match ears.max_calls {
            0 => cores * CALLS_PER_CORE,
            set => set as usize,
        };
        let most = most.min(sip.calls());
        Admission { most, reserve_kb: u64::from(ears.memory_reserve_mb) * 1_024, taken: Arc::default() }
    }

    /// Whether there is room for one more now.
    pub fn has_room(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.most && self.has_memory()
    }

    /// Takes room for one call, if there is any.
    pub fn seat(&self) -> Option<Seat> {
        if !self.has_memory() {
            return None;
        }
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.taken));
        (taken < self.most).then_some(seat)
    }

    /// A kernel that does not say how much is free is believed to have enough.
    fn has_memory(&self) -> bool {
        let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        available_kb(&told).is_none_or(|free| free >= self.reserve_kb)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `MemAvailable` of proc_meminfo(5).
fn available_kb(told: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// A core recognises ten seconds and more of speech in one, and of a call half is silence. More would let recognition lag
/// for longer after busy hours; fewer would leave calls without a note on a machine that has time.
const CALLS_PER_CORE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(max_calls: u32, memory_reserve_mb: u32) -> Admission {
        let config = crate::config::Config::parse(crate::config::DEFAULT).unwrap();
        Admission::new(&Ears { max_calls, memory_reserve_mb, ..config.ears }, &config.sip)
    }

    #[test]
    fn no_more_calls_are_taken_than_there_are_ports_for_two_copies_of_each() {
        let config = crate::config::Config::parse(crate::config::DEFAULT).unwrap();
        let sip = Sip { first_rtp_port: 30_001, last_rtp_port: 30_007, ..config.sip };
        let admission = Admission::new(&config.ears, &sip);
        let _only = admission.seat().unwrap();
        assert!(
            !admission.has_room() && admission.seat().is_none(),
            "30002, 30004 and 30006 are for one call"
        );
    }

    #[test]
    fn a_seat_is_given_back_when_its_call_has_ended() {
        let admission = of(2, 0);
        let (first, _second) = (admission.seat(), admission.seat());
        assert!(admission.seat().is_none() && !admission.has_room());
        drop(first);
        assert!(admission.has_room() && admission.seat().is_some());
    }

    #[test]
    fn a_machine_without_free_memory_takes_no_call() {
        assert!(of(0, 1).seat().is_some());
        assert!(of(0, 100_000_000).seat().is_none());
        assert_eq!(available_kb("MemTotal:  9 kB\nMemAvailable:    1234 kB\n"), Some(1_234));
        assert_eq!(available_kb("MemTotal:  9 kB\n"), None);
    }
}

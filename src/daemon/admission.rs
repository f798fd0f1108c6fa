//! Whether one more call may be heard: a budget of calls for the cores, one of memory, and what waits to be recognised.
//!
//! Recognition may lag and catch up after the hang-up; what must not happen is that it takes what the switch needs. So
//! there is a bound on the calls that are heard at once, and one below which free memory must not fall. Where either is
//! used up no notice is played, and the call is kept with the reason `overload`.

use crate::call::AgentLeg;
use crate::config::{Ears, Sip};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget, and how much of it is taken.
pub struct Admission {
    most: usize,
    ports: usize,
    reserve_kb: u64,
    taken: Arc<Taken>,
}

/// Calls, and the ports of their copies.
#[derive(Default)]
struct Taken {
    calls: AtomicUsize,
    ports: AtomicUsize,
}

/// One call's part of the budget; given back when it is dropped.
pub struct Seat {
    taken: Arc<Taken>,
    ports: usize,
}

impl Admission {
    pub fn new(ears: &Ears, sip: &Sip) -> Admission {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let most = match ears.max_calls {
            0 => cores * CALLS_PER_CORE,
            set => set as usize,
        };
        let reserve_kb = u64::from(ears.memory_reserve_mb) * 1_024;
        Admission { most, ports: sip.ports(), reserve_kb, taken: Arc::default() }
    }

    /// Whether there is room now for one more that is copied so.
    pub fn has_room(&self, agent_leg: AgentLeg) -> bool {
        let (calls, ports) = (&self.taken.calls, &self.taken.ports);
        calls.load(Ordering::Relaxed) < self.most
            && ports.load(Ordering::Relaxed) + agent_leg.voices().len() <= self.ports
            && self.has_memory()
    }

    /// Takes room for one call that is copied so, if there is any.
    pub fn seat(&self, agent_leg: AgentLeg) -> Option<Seat> {
        if !self.has_memory() {
            return None;
        }
        let ports = agent_leg.voices().len();
        let calls = self.taken.calls.fetch_add(1, Ordering::Relaxed);
        let before = self.taken.ports.fetch_add(ports, Ordering::Relaxed);
        let seat = Seat { taken: Arc::clone(&self.taken), ports };
        (calls < self.most && before + ports <= self.ports).then_some(seat)
    }

    /// A kernel that does not say how much is free is believed to have enough.
    fn has_memory(&self) -> bool {
        let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        available_kb(&told).is_none_or(|free| free >= self.reserve_kb)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.calls.fetch_sub(1, Ordering::Relaxed);
        self.taken.ports.fetch_sub(self.ports, Ordering::Relaxed);
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

    const BOTH: AgentLeg = AgentLeg::Heard;

    #[test]
    fn no_more_calls_are_taken_than_there_are_ports_for_the_copies_of_each() {
        let config = crate::config::Config::parse(crate::config::DEFAULT).unwrap();
        let sip = Sip { first_rtp_port: 30_001, last_rtp_port: 30_007, ..config.sip };
        let admission = Admission::new(&config.ears, &sip);
        let only = admission.seat(BOTH).unwrap();
        assert!(
            !admission.has_room(BOTH) && admission.seat(BOTH).is_none(),
            "of 30002, 30004 and 30006 one is left"
        );
        let alone = admission.seat(AgentLeg::NotHeard).expect("one copy needs one port");
        assert!(!admission.has_room(AgentLeg::NotHeard) && admission.seat(AgentLeg::NotHeard).is_none());
        drop((only, alone));
        let three = [(); 3].map(|()| admission.seat(AgentLeg::NotHeard));
        assert!(three.iter().all(Option::is_some) && !admission.has_room(AgentLeg::NotHeard));
    }

    #[test]
    fn a_seat_is_given_back_when_its_call_has_ended() {
        let admission = of(2, 0);
        let (first, _second) = (admission.seat(BOTH), admission.seat(AgentLeg::NotHeard));
        assert!(admission.seat(BOTH).is_none() && !admission.has_room(AgentLeg::NotHeard));
        drop(first);
        assert!(admission.has_room(BOTH) && admission.seat(BOTH).is_some());
    }

    #[test]
    fn a_machine_without_free_memory_takes_no_call() {
        assert!(of(0, 1).seat(BOTH).is_some());
        assert!(of(0, 100_000_000).seat(BOTH).is_none());
        assert_eq!(available_kb("MemTotal:  9 kB\nMemAvailable:    1234 kB\n"), Some(1_234));
        assert_eq!(available_kb("MemTotal:  9 kB\n"), None);
    }
}

//! CPU seconds as the kernel counts them.

use rustix::time::{ClockId, clock_gettime};

/// Of the thread that asks.
#[allow(dead_code, reason = "a bench asks for one of the two")]
pub fn thread_cpu() -> f64 {
    read(ClockId::ThreadCPUTime)
}

/// Of all threads of this process.
#[allow(dead_code, reason = "a bench asks for one of the two")]
pub fn process_cpu() -> f64 {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

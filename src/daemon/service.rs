//! Tells the service manager how we are (sd_notify(3)): ready, alive, stopping; nothing where none started us.

use sd_notify::NotifyState;

/// Calls are followed from now on; whether they are announced hangs on the switch and the ears.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// The task that follows the switch still runs (`WatchdogSec`).
pub fn alive() {
    tell(NotifyState::Watchdog);
}

pub fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    // A manager that does not listen must not end us; it will say so itself.
    let _ = sd_notify::notify(&[state]);
}

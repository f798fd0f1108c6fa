//! Who may listen at the same time: recognisers that share two cores make each other late.

use std::sync::{Condvar, Mutex, PoisonError};

/// As many real ears as these cores carry beside each other; a story waits most of its time.
const SEATS: usize = 2;

static TAKEN: Mutex<usize> = Mutex::new(0);
static LEFT: Condvar = Condvar::new();

/// Seats, until it is dropped.
pub(crate) struct Turn(usize);

impl Turn {
    /// For something with an ear of its own.
    pub(crate) fn with_others() -> Turn {
        Turn::take(1)
    }

    /// For something that must not be late, or that takes what there is only one of.
    pub(crate) fn alone() -> Turn {
        Turn::take(SEATS)
    }

    fn take(seats: usize) -> Turn {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut usize| *taken + seats > SEATS;
        *LEFT.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner) += seats;
        Turn(seats)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        LEFT.notify_all();
    }
}

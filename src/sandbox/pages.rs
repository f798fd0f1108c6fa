//! A process goes in whose pages may be swapped out; it comes out with all of them locked, where its limit allows.
//!
//! Only where there is no limit: below one, the first library that needs more memory than it would fail in the middle
//! of a call. A service gets it by `LimitMEMLOCK=infinity`, which our unit has.

use super::raw;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Said by an ear whose pages are not locked, and by `doctor`.
pub const NOT_LOCKED: &str = "the limit on locked memory (LimitMEMLOCK, ulimit -l) is not infinite, so pages that hold \
                              speech may be swapped out";

/// Whether this process, and what it starts, may lock all of its pages.
pub fn may_be_locked() -> bool {
    getrlimit(Resource::Memlock).maximum.is_none()
}

/// Locks those that there are and all that come; whether they are.
pub fn lock() -> bool {
    let unlimited = Rlimit { current: None, maximum: None };
    may_be_locked() && setrlimit(Resource::Memlock, unlimited).is_ok() && raw::lock_pages().is_ok()
}

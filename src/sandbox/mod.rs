//! Gives up rights, then proves it: a process goes in, the same process with less comes out.
//!
//! Two kinds of process, two lists. [`ear`] locks the process that hears: memory, threads, the clock, receiving,
//! and sending on descriptor 3 are left, nothing else. [`daemon`] takes from the process that writes what it would
//! need to look into an ear, and every path but its own. Nothing given up can be had back, and what was given up
//! is tried afterwards ([`trial`]): a right that is only believed to be gone is not counted.
//!
//! `unsafe` stands in `raw.rs` alone.

pub mod daemon;
pub mod ear;
mod filter;
pub mod pages;
mod paths;
mod raw;
mod rights;
pub mod table;
pub mod trial;

pub use paths::Given;

use std::fmt;

/// What a build that may be dumped says of itself, in the log of `callgist run` and in `doctor`; any other build has
/// nothing to say. `.ci/setup package` looks for these words in what it packs.
pub const MAY_BE_DUMPED: Option<&str> = if cfg!(feature = "dumpable") {
    Some("this build may be dumped: it is for tests of its memory and for no real call")
} else {
    None
};

/// The step at which a process could not give up a right. The process must end then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockError {
    /// There is a second thread already; what is given up now, it would keep.
    Threads,
    Descriptors,
    Capabilities,
    NoNewPrivileges,
    Dumpable,
    CoreSize,
    Paths,
    Filter,
    /// The act of this number was tried and not refused ([`trial::name`]).
    NotRefused(u8),
    /// A way to look into another process was tried and not refused.
    LooksAllowed(&'static str),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::Threads => "a thread was started before the lock",
            LockError::Descriptors => "descriptors could not be put in order",
            LockError::Capabilities => "capabilities could not be dropped",
            LockError::NoNewPrivileges => "no_new_privs could not be set",
            LockError::Dumpable => "the process could not be made not dumpable",
            LockError::CoreSize => "the size of core files could not be set to zero",
            LockError::Paths => "Landlock refused its rules",
            LockError::Filter => "the seccomp filter could not be installed",
            LockError::LooksAllowed(way) => return write!(f, "the kernel did not refuse to {way}"),
            LockError::NotRefused(act) => {
                return write!(f, "the kernel did not refuse: {}", trial::name(*act).unwrap_or("an act"));
            }
        })
    }
}

impl std::error::Error for LockError {}

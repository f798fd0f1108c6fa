//! The lock of the process that hears, in the order that it needs.
//!
//! [`before_threads`], then the model is loaded and warmed up, then [`lock`], then [`super::trial::run`] from
//! every thread of ours. A thread started before Landlock would keep its paths, a library loads lazily, and a filter
//! on the number 3 is worth nothing while 3 can be closed: hence the order, and hence the list of calls in `filter`.

use super::filter;
use super::paths::{self, Given, Paths, Tcp};
use super::{LockError, raw, rights};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stdin};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

pub use super::filter::Code;

/// Variables that an ear may have; any other is removed.
pub const ENVIRONMENT: &[&str] = &["LD_LIBRARY_PATH"];

/// The ear's only way out: descriptor 3, its end of the pair that the daemon made.
///
/// The lock refuses to close it, whatever becomes of this value.
pub struct Way(pub OwnedFd);

/// What is left of the process's birth, and what the kernel gave.
pub struct Begun {
    pub way: Way,
    pub given: Given,
}

/// Step 1, first in `main`, where there is one thread: descriptors, environment, capabilities, privileges,
/// dumps, and Landlock's first layer, which leaves `model`, libraries and system files to read.
///
/// The daemon gives its end of the pair as standard input, the one descriptor besides 1 and 2 that a program can be
/// started with by safe means. Here it becomes 3, and `/dev/null` takes its place.
pub fn before_threads(model: &Path) -> Result<Begun, LockError> {
    if !raw::is_alone() {
        return Err(LockError::Threads);
    }
    let way = order_descriptors().map_err(|()| LockError::Descriptors)?;
    raw::keep_environment(ENVIRONMENT);
    rights::drop_capabilities()?;
    rights::refuse_new_privileges()?;
    rights::refuse_dumps()?;
    let given = paths::restrict(&Paths { read: readable(model), ..Paths::default() }, &Tcp::None)?;
    Ok(Begun { way, given })
}

/// Step 3, when the model is warm and our own threads wait: standard error ends, Landlock's second layer leaves
/// no path, and the filter locks all threads, the library's too.
///
/// Landlock's second layer holds for this thread and those it started; the library's threads keep the first one, and
/// the filter refuses them every path all the same.
pub fn lock(code: Code) -> Result<(), LockError> {
    dup2_stderr(stdin()).map_err(|_| LockError::Descriptors)?;
    filter::lock_ear(code, std::process::id())
}

/// Ends the ear at once: no thread is waited for, nothing is cleaned up by anybody but the kernel.
pub fn leave(code: u8) -> ! {
    raw::leave(code)
}

/// Landlock's second layer: no path at all. Called before our own threads are started, so that they have it too.
pub fn leave_no_path() -> Result<Given, LockError> {
    paths::restrict(&Paths::default(), &Tcp::None)
}

fn order_descriptors() -> Result<Way, ()> {
    raw::close_from(3).map_err(drop)?;
    let way = fcntl_dupfd_cloexec(stdin(), 3).map_err(drop)?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(drop)?;
    dup2_stdin(&null).map_err(drop)?;
    dup2_stdout(&null).map_err(drop)?;
    if way.as_raw_fd() == 3 { Ok(Way(way)) } else { Err(()) }
}

/// What loading a model may read. `/proc` and `/sys` by single files that tell about processors and memory.
fn readable(model: &Path) -> Vec<PathBuf> {
    let named = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let libraries = std::env::split_paths(&named).filter(|folder| folder.is_absolute());
    SYSTEM.iter().map(PathBuf::from).chain(libraries).chain(paths::with_links(model)).collect()
}

pub(super) const SYSTEM: &[&str] = &[
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
];

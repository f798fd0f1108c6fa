//! What the process that writes gives up before it starts a thread: looking into an ear, and every path but its own.
//!
//! What is given up here, the ears started later are born without; so the paths hold what an ear needs, too.

use super::paths::{self, Given, Paths, Tcp};
use super::{LockError, filter, raw, rights, trial};
use std::path::PathBuf;

/// The paths and ports a daemon keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Sounds, the config, models, libraries of ours: to read.
    pub read: Vec<PathBuf>,
    /// The store's folder, and nothing else of ours.
    pub write: Vec<PathBuf>,
    /// The ears' programs.
    pub execute: Vec<PathBuf>,
    /// Ports that may be connected to by TCP (those of the event sockets); `None` leaves TCP as it is.
    pub connect_to: Option<Vec<u16>>,
}

/// Gives up all else, and tries it, for the calling thread and what it starts; to be called where there is only one thread.
///
/// No `/proc` is among the paths, so no other process can be seen in it.
pub fn give_up(kept: Kept) -> Result<Given, LockError> {
    if !raw::is_alone() {
        return Err(LockError::Threads);
    }
    rights::drop_capabilities()?;
    rights::refuse_new_privileges()?;
    rights::refuse_dumps()?;
    let paths = Paths {
        // Links in a model's folder are followed for the ears, which are born with these limits.
        read: SYSTEM_READ
            .iter()
            .map(PathBuf::from)
            .chain(kept.read.iter().flat_map(|path| paths::with_links(path)))
            .collect(),
        write: SYSTEM_WRITTEN.iter().map(PathBuf::from).chain(kept.write).collect(),
        execute: LOADER.iter().map(PathBuf::from).chain(kept.execute).collect(),
    };
    let tcp = kept.connect_to.map_or(Tcp::Any, Tcp::ConnectTo);
    let given = paths::restrict(&paths, &tcp)?;
    filter::refuse_looking_into_others()?;
    match allowed(&paths, &tcp, &given)? {
        Some(allowed) => Err(LockError::LooksAllowed(allowed)),
        None => Ok(given),
    }
}

/// Tries what was given up; an act that was not refused.
fn allowed(paths: &Paths, tcp: &Tcp, given: &Given) -> Result<Option<&'static str>, LockError> {
    let bait = trial::Bait::new().map_err(|_| LockError::Descriptors)?;
    let needless = trial::needless_allowed(&bait);
    let outside = trial::outside_allowed(paths, tcp, given);
    // What it may not do to itself it may not do to an ear.
    let looks = trial::calls_allowed(std::process::id());
    Ok(needless.into_iter().chain(outside).chain(looks).next())
}

/// What this kernel cannot restrict, a sentence each; nothing when it can restrict all. Tried on a thread that ends with
/// the question, for a right that is given up cannot be had back.
pub fn cannot_restrict() -> Vec<&'static str> {
    let tried = std::thread::spawn(|| paths::restrict(&Paths::default(), &Tcp::None)).join();
    match tried {
        Ok(Ok(given)) => given.in_words().collect(),
        _ => vec!["this kernel refused Landlock's rules, so callgist would not run"],
    }
}

/// Libraries, names of hosts, the time zone; and the files an ear asks about processors and memory.
pub(super) const SYSTEM_READ: &[&str] = &[
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
];

/// What a child gets as standard output is opened for writing.
pub(super) const SYSTEM_WRITTEN: &[&str] = &["/dev/null"];

/// The dynamic loader is started with every program that needs one.
pub(super) const LOADER: &[&str] = &["/lib64/ld-linux-x86-64.so.2"];

//! A process goes in; out comes whether the kernel lets another process of its user look into it, which is what being
//! dumpable means, and what a core file depends on where `core_pattern` is a pipe.

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// From the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dumpable {
    No,
    /// It is another user's, or has rights of its own, or the look failed for another reason.
    Unknown,
    Yes,
}

/// Nothing of a process that has ended.
pub fn dumpable(process: u32) -> Option<Dumpable> {
    // Root may look into any process by its capabilities. They are a thread's own: this one gives its up and ends.
    let look = std::thread::spawn(move || give_up_capabilities().ok().and_then(|()| look(process)));
    look.join().unwrap_or(Some(Dumpable::Unknown))
}

/// This thread's, for good.
pub(super) fn give_up_capabilities() -> rustix::io::Result<()> {
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
}

/// What stands in a process's environment is for whoever may look into it.
fn look(process: u32) -> Option<Dumpable> {
    let opened = fs::File::open(folder(process).join("environ"));
    // A process that has ended has no memory, and its environment opens for anybody.
    let status = status(process).filter(|status| field(status, "VmSize:").is_some())?;
    Some(match opened {
        Ok(_) => Dumpable::Yes,
        Err(error) if error.kind() == ErrorKind::PermissionDenied && is_like_us(&status) => Dumpable::No,
        Err(_) => Dumpable::Unknown,
    })
}

/// Who asks for another user's process, or for one with more rights, is refused for that alone.
fn is_like_us(theirs: &str) -> bool {
    let own = status(std::process::id()).unwrap_or_default();
    let same = |name| field(theirs, name).is_some() && field(theirs, name) == field(&own, name);
    let rights = field(theirs, "CapPrm:").and_then(|rights| u64::from_str_radix(rights, 16).ok());
    same("Uid:") && same("Gid:") && rights == Some(0)
}

fn status(process: u32) -> Option<String> {
    fs::read_to_string(folder(process).join("status")).ok()
}

/// What stands behind a name in `/proc/PID/status`.
pub(super) fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn folder(process: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{process}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_that_may_be_looked_into_is_known() {
        // Without capabilities, as ours are; started by root it would have them all again.
        let started = std::thread::spawn(|| {
            give_up_capabilities().unwrap();
            rustix::thread::set_no_new_privs(true).unwrap();
            Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap()
        });
        let mut child = started.join().unwrap();
        let seen = dumpable(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, Some(Dumpable::Yes));
        assert_eq!(dumpable(child.id()), None);
    }
}

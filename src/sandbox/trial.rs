//! Tries what was given up: every forbidden act goes to the kernel, and each must come back refused.

use super::LockError;
use super::filter::Code;
use super::raw::{self, ACTS};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::File;
use std::io::{self, Read};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// Something to try acts of sending on: a UDP socket as RTP comes in on, connected and alone.
///
/// It is made before the lock and closed after the trial.
pub struct Bait(UdpSocket);

impl Bait {
    /// A socket connected to itself, so that nothing tried on it could reach anybody.
    pub fn new() -> io::Result<Bait> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        socket.connect(socket.local_addr()?)?;
        Ok(Bait(socket))
    }
}

/// Tries every act from the calling thread; answers how many were refused, or the first that was not.
pub fn run(code: Code, bait: &Bait) -> Result<u16, LockError> {
    let mut refused = 0;
    for (number, act) in
        ACTS.iter().enumerate().filter(|(_, act)| code == Code::Fixed || !act.fixed_code_only)
    {
        if !raw::refuses(act, &bait.0) {
            return Err(LockError::NotRefused(number as u8));
        }
        refused += 1;
    }
    Ok(refused)
}

/// Tries every act and names those that were *not* refused: what a process without a lock may do.
pub fn unrefused(bait: &Bait) -> Vec<&'static str> {
    ACTS.iter().filter(|act| !raw::refuses(act, &bait.0)).map(|act| act.name).collect()
}

/// Tries every way to look into `process` (an ear of ours); the names of those that worked, none for a daemon that
/// has given up what it should.
pub fn looks_allowed(process: u32) -> Vec<&'static str> {
    let mut allowed = calls_allowed(process);
    let folder = PathBuf::from(format!("/proc/{process}"));
    allowed.extend(File::open(folder.join("mem")).is_ok().then_some("open its memory"));
    allowed.extend(
        File::open(folder.join("maps")).is_ok_and(|mut maps| has_bytes(&mut maps)).then_some("read its map"),
    );
    allowed.extend(std::fs::read_link(folder.join("fd/3")).is_ok().then_some("see its descriptors"));
    allowed
}

/// Tries what a daemon never needs; the names of acts that were not refused.
pub fn needless_allowed(bait: &Bait) -> Vec<&'static str> {
    raw::NEEDLESS.iter().filter(|act| !raw::refuses(act, &bait.0)).map(|act| act.name).collect()
}

/// The same for the system calls alone.
pub(super) fn calls_allowed(process: u32) -> Vec<&'static str> {
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return vec![] };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => raw::looks_allowed(process, pidfd.as_fd()),
        Err(_) => vec!["find out, for the process is gone"],
    }
}

fn has_bytes(file: &mut File) -> bool {
    file.read(&mut [0]).is_ok_and(|read| read > 0)
}

/// The act of this number, in words.
pub fn name(number: u8) -> Option<&'static str> {
    ACTS.get(usize::from(number)).map(|act| act.name)
}

/// How many acts there are in all.
pub fn count() -> usize {
    ACTS.len()
}

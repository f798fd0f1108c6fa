//! The daemon's process goes in; what can be seen of it and its ears from outside, over the call's life, comes out.
//!
//! Looked at many times a second: the files and sockets that each process holds, where those sockets lead, whether pages
//! of theirs are swapped out, how large a core file may be, whether they may be dumped, whether their memory can be
//! opened, and the database's write-ahead log, which is gone after the end. Where the kernel refuses a look, that is
//! noted.

use super::dumpable::{Dumpable, dumpable, field};
use super::sockets;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// All that was seen.
#[derive(Default)]
pub struct Seen {
    /// How often all processes were looked at.
    pub looks: u32,
    /// By process: its name.
    pub processes: BTreeMap<u32, String>,
    /// Processes whose descriptors the kernel did not show.
    pub hidden: BTreeSet<u32>,
    /// Processes whose memory could not be opened.
    pub memory_refused: BTreeSet<u32>,
    /// Files that were open for writing, with the process's name.
    pub written: BTreeSet<(String, PathBuf)>,
    /// Files that were open only for reading.
    pub read: BTreeSet<PathBuf>,
    /// Where their sockets lead.
    pub ends: BTreeSet<String>,
    /// Those that lead out of this machine.
    pub elsewhere: BTreeSet<String>,
    /// Where descriptors are hidden: sockets of this user's that lead out of this machine, and that no process holds whose
    /// descriptors can be seen.
    pub unowned: BTreeSet<String>,
    /// Names of their unix sockets.
    pub unix: BTreeSet<String>,
    /// Processes of which the kernel says that a core file may have bytes.
    pub core_allowed: BTreeSet<u32>,
    /// By process: the worst that was seen.
    pub dumpable: BTreeMap<u32, Dumpable>,
    /// Processes that run without a seccomp filter.
    pub unfiltered: BTreeSet<u32>,
    /// The largest part of one that was ever swapped out, in kB.
    pub swapped_kb: u64,
    /// Processes that are in a group which may not swap, or hold all pages locked.
    pub never_swapped: BTreeSet<u32>,
    /// The write-ahead log as it was at several moments.
    pub wals: Vec<Vec<u8>>,
    pub wal_length: Option<u64>,
}

pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Watch {
    pub fn start(daemon: u32, database: &Path) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let wal = database.with_extension("db-wal");
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while !stopped.load(Ordering::Relaxed) {
                seen.look(daemon, &wal);
                std::thread::sleep(BETWEEN_LOOKS);
            }
            seen
        });
        Watch { stop, thread }
    }

    pub fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

impl Seen {
    fn look(&mut self, daemon: u32, wal: &Path) {
        self.looks += 1;
        let mut sockets = BTreeSet::new();
        for process in [daemon].into_iter().chain(children(daemon)) {
            self.look_at(process, &mut sockets);
        }
        self.look_at_connections(daemon, &sockets);
        let length = fs::metadata(wal).ok().map(|about| about.len());
        if length != self.wal_length && self.wals.len() < MOST_WALS {
            self.wal_length = length;
            self.wals.extend(fs::read(wal));
        }
    }

    fn look_at(&mut self, process: u32, sockets: &mut BTreeSet<u64>) {
        let folder = PathBuf::from(format!("/proc/{process}"));
        let Ok(name) = fs::read_to_string(folder.join("comm")) else { return };
        let name = name.trim().to_owned();
        self.processes.insert(process, name.clone());
        if fs::File::open(folder.join("mem")).is_err() {
            self.memory_refused.insert(process);
        }
        self.look_at_cores(process, &folder);
        self.look_at_status(process, &folder);
        match fs::read_dir(folder.join("fd")) {
            Ok(descriptors) => descriptors.flatten().for_each(|entry| {
                self.look_at_descriptor(&folder, &entry.file_name().to_string_lossy(), &name, sockets);
            }),
            // One that has just ended has none.
            Err(_) if alive(process) => drop(self.hidden.insert(process)),
            Err(_) => {}
        }
    }

    fn look_at_descriptor(&mut self, folder: &Path, number: &str, name: &str, sockets: &mut BTreeSet<u64>) {
        let Ok(target) = fs::read_link(folder.join("fd").join(number)) else { return };
        let text = target.to_string_lossy();
        if let Some(socket) = text.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')) {
            sockets.extend(socket.parse::<u64>());
        } else if text.starts_with('/') && !text.starts_with("/dev/null") {
            let about = fs::read_to_string(folder.join("fdinfo").join(number)).unwrap_or_default();
            let flags = about.lines().find_map(|line| line.strip_prefix("flags:")).map(str::trim);
            // The last octal digit: 0 reads, 1 writes, 2 does both.
            match flags.is_some_and(|flags| flags.ends_with(['0', '4'])) {
                true => drop(self.read.insert(target)),
                false => drop(self.written.insert((name.to_owned(), target))),
            }
        }
    }

    fn look_at_cores(&mut self, process: u32, folder: &Path) {
        let Ok(limits) = fs::read_to_string(folder.join("limits")) else { return };
        let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
        if core.is_none_or(|core| core.split_whitespace().take(2).any(|limit| limit != "0")) {
            self.core_allowed.insert(process);
        }
        if let Some(now) = dumpable(process) {
            let worst = self.dumpable.entry(process).or_insert(now);
            *worst = now.max(*worst);
        }
    }

    fn look_at_status(&mut self, process: u32, folder: &Path) {
        let Ok(status) = fs::read_to_string(folder.join("status")) else { return };
        if field(&status, "Seccomp:") != Some("2") {
            self.unfiltered.insert(process);
        }
        let kb = |name: &str| field(&status, name)?.trim_end_matches("kB").trim().parse::<u64>().ok();
        self.swapped_kb = self.swapped_kb.max(kb("VmSwap:").unwrap_or(0));
        let all_locked =
            kb("VmLck:").zip(kb("VmRSS:")).is_some_and(|(locked, held)| held > 0 && locked >= held);
        let group = fs::read_to_string(folder.join("cgroup")).unwrap_or_default();
        let group = group.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
        let limit = fs::read_to_string(Path::new("/sys/fs/cgroup").join(group).join("memory.swap.max"));
        if all_locked || limit.is_ok_and(|limit| limit.trim() == "0") {
            self.never_swapped.insert(process);
        }
    }

    /// Where descriptors are hidden, nobody tells which sockets are theirs; but whatever leads out of this machine and is
    /// this user's must be somebody else's.
    fn look_at_connections(&mut self, daemon: u32, held: &BTreeSet<u64>) {
        let user = rustix::process::getuid().as_raw();
        for end in sockets::ends(daemon) {
            if held.contains(&end.socket) {
                self.ends.insert(end.words());
                self.elsewhere.extend(end.leads_elsewhere().then(|| end.words()));
            } else if !self.hidden.is_empty()
                && end.leads_elsewhere()
                && end.user == user
                && !self.is_anothers(end.socket)
            {
                self.unowned.insert(end.words());
            }
        }
        let theirs = sockets::unix(daemon).into_iter().filter(|(socket, _)| held.contains(socket));
        self.unix.extend(theirs.filter_map(|(_, name)| name));
    }

    /// Whether a process that is not looked at holds it.
    fn is_anothers(&self, socket: u64) -> bool {
        let link = PathBuf::from(format!("socket:[{socket}]"));
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let others = processes.filter(|entry| {
            let process = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            process.is_some_and(|process| !self.processes.contains_key(&process))
        });
        let descriptors =
            others.flat_map(|entry| fs::read_dir(entry.path().join("fd")).into_iter().flatten());
        descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == link))
    }
}

fn children(parent: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let listed = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    listed
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Whether a process still holds memory; one that has ended and that nobody has asked for yet holds none.
pub fn alive(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.strip_prefix("State:").is_some_and(|state| !state.trim().starts_with(['Z', 'X'])))
}

/// Longer misses files that are open only for a moment; shorter takes time from the recogniser.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Copies of the write-ahead log that are kept for the search.
const MOST_WALS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_open_for_writing_is_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut seen = Seen::default();
        seen.look(std::process::id(), Path::new("/nonexistent"));
        assert!(seen.written.iter().any(|(_, path)| path == file.path()), "{:?}", seen.written);
    }

    #[test]
    fn a_socket_that_leads_elsewhere_is_seen_and_so_are_those_of_whom_nothing_else_is_known() {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let is_it = |end: &String| end.contains(&format!(":{port} "));
        let mut seen = Seen::default();
        seen.look(std::process::id(), Path::new("/nonexistent"));
        assert!(seen.elsewhere.iter().any(is_it), "{:?}", seen.elsewhere);
        assert!(!seen.unowned.iter().any(is_it));
        // The same, as if the kernel showed nobody's descriptors.
        let mut blind = Seen { hidden: seen.processes.keys().copied().collect(), ..Seen::default() };
        blind.processes = seen.processes;
        blind.look_at_connections(std::process::id(), &BTreeSet::new());
        assert!(blind.unowned.iter().any(is_it), "{:?}", blind.unowned);
        assert!(blind.elsewhere.is_empty());
        // Another process holds it, and shows it.
        blind = Seen { hidden: blind.hidden, ..Seen::default() };
        blind.look_at_connections(std::process::id(), &BTreeSet::new());
        assert!(!blind.unowned.iter().any(is_it), "{:?}", blind.unowned);
    }
}

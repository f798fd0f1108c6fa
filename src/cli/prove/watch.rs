//! The daemon's process goes in; what can be seen of it and its ears from outside, over the call's life, comes out.
//!
//! Looked at many times a second: the files and sockets that each process holds, the connections of those sockets,
//! whether pages of theirs are swapped out, how large a core file may be, whether their memory can be opened, and
//! the database's write-ahead log, which is gone after the end. Where the kernel refuses a look, that is noted.

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
    /// Far ends of connections.
    pub peers: BTreeSet<String>,
    /// Processes of which the kernel says that a core file may have bytes.
    pub may_dump: BTreeSet<u32>,
    /// The largest part of one that was ever swapped out, in kB.
    pub swapped_kb: u64,
    /// Processes that are in a group which may not swap, or hold all pages locked.
    pub never_swapped: BTreeSet<u32>,
    /// The write-ahead log as it was at several moments.
    pub wals: Vec<Vec<u8>>,
    wal_length: Option<u64>,
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
        let limits = fs::read_to_string(folder.join("limits")).unwrap_or_default();
        let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
        if core.is_none_or(|core| core.split_whitespace().take(2).any(|limit| limit != "0")) {
            self.may_dump.insert(process);
        }
        self.look_at_swap(process, &folder);
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

    fn look_at_swap(&mut self, process: u32, folder: &Path) {
        let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
        let kb = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
        };
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

    /// `/proc/net` tells which socket is joined to whom.
    fn look_at_connections(&mut self, daemon: u32, sockets: &BTreeSet<u64>) {
        for kind in ["tcp", "tcp6", "udp", "udp6"] {
            let table = fs::read_to_string(format!("/proc/{daemon}/net/{kind}")).unwrap_or_default();
            for row in table.lines().skip(1) {
                let fields: Vec<&str> = row.split_whitespace().collect();
                let (Some(far), Some(Ok(socket))) = (fields.get(2), fields.get(9).map(|n| n.parse::<u64>()))
                else {
                    continue;
                };
                if sockets.contains(&socket) && !far.ends_with(":0000") {
                    self.peers.insert(format!("{kind} {}", address(far)));
                }
            }
        }
    }
}

/// `0100007F:1F55` is 127.0.0.1:8021. Others than IPv4's stay as the kernel writes them.
fn address(text: &str) -> String {
    let read = |(host, port): (&str, &str)| {
        let host = (host.len() == 8).then(|| u32::from_str_radix(host, 16).ok()).flatten()?;
        let host = std::net::Ipv4Addr::from(host.swap_bytes());
        Some(format!("{host}:{}", u16::from_str_radix(port, 16).ok()?))
    };
    text.split_once(':').and_then(read).unwrap_or_else(|| text.to_owned())
}

/// Whether a far end is this machine itself.
pub fn is_loopback(peer: &str) -> bool {
    let address = peer.rsplit(' ').next().unwrap_or_default();
    address.starts_with("127.") || address.starts_with("00000000000000000000000001000000:")
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
    fn an_address_is_read_as_the_kernel_writes_it() {
        assert_eq!(address("0100007F:1F55"), "127.0.0.1:8021");
        assert!(is_loopback("tcp 127.0.0.1:8021") && !is_loopback("tcp 192.0.2.7:443"));
        assert!(is_loopback("tcp6 00000000000000000000000001000000:1F55"));
    }

    #[test]
    fn a_file_that_is_open_for_writing_is_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut seen = Seen::default();
        seen.look(std::process::id(), Path::new("/nonexistent"));
        assert!(seen.written.iter().any(|(_, path)| path == file.path()), "{:?}", seen.written);
    }
}

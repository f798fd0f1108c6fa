//! What was seen of the processes while they ran goes in; out come the report's rows of what no file tells: swap, open
//! files, connections, memory.

use super::places::{self, Finding, Ground, Status};
use super::watch::{Seen, alive, is_loopback};
use std::collections::BTreeSet;
use std::fs;

pub fn rows(ground: &Ground, seen: &Seen) -> [Finding; 4] {
    [swap(seen), open_files(ground, seen), connections(seen), memory(seen)]
}

fn swap(seen: &Seen) -> Finding {
    let swaps = fs::read_to_string("/proc/swaps").map(|text| text.lines().count().saturating_sub(1));
    let all_held =
        !seen.processes.is_empty() && seen.processes.keys().all(|id| seen.never_swapped.contains(id));
    let (status, evidence) = match swaps {
        Ok(0) => (Status::Excluded, "this machine has no swap (/proc/swaps)".to_owned()),
        _ if all_held => (
            Status::Excluded,
            "no process may swap: each is in a group with memory.swap.max = 0, or has all pages locked"
                .to_owned(),
        ),
        _ => (
            Status::NotReadable,
            format!(
                "there is swap, and it cannot be searched; at {} looks at most {} kB of a process were in it. Run the \
                 proof where nothing can be swapped: systemd-run --scope -p MemorySwapMax=0 callgist prove",
                seen.looks, seen.swapped_kb
            ),
        ),
    };
    beside("swap", status, evidence)
}

/// Files that were open for writing and are in none of the places above.
fn open_files(ground: &Ground, seen: &Seen) -> Finding {
    let strange: Vec<_> = seen
        .written
        .iter()
        .filter(|(_, path)| !places::mine(ground, path))
        .map(|(name, path)| format!("{name} had {} open for writing", path.display()))
        .collect();
    let mut row = match seen.hidden.is_empty() {
        true => beside(
            "open files",
            Status::Searched,
            format!(
                "at {} looks: {} files open for writing, all in the places above, and {} only for reading",
                seen.looks,
                seen.written.len(),
                seen.read.len()
            ),
        ),
        false => beside(
            "open files",
            Status::Excluded,
            "tried, and refused by the kernel, since the processes are not dumpable; by Landlock the daemon can write to \
             its store's folder alone, and an ear to no file"
                .to_owned(),
        ),
    };
    row.found = strange;
    row
}

fn connections(seen: &Seen) -> Finding {
    let mut row = match seen.hidden.is_empty() {
        true => beside("connections", Status::Searched, format!("seen: {}", list(&seen.peers))),
        false => beside(
            "connections",
            Status::Excluded,
            "tried, and refused by the kernel, since the processes are not dumpable; the daemon may connect by TCP to \
             the event socket's port alone, and an ear can make no socket"
                .to_owned(),
        ),
    };
    row.found = seen
        .peers
        .iter()
        .filter(|peer| !is_loopback(peer))
        .map(|peer| format!("connected to {peer}"))
        .collect();
    row
}

/// While a process runs its memory is not for others to see; afterwards it is nobody's.
fn memory(seen: &Seen) -> Finding {
    let (all, refused) = (seen.processes.len(), seen.memory_refused.len());
    let tried = match refused {
        0 => "only root, who may read any memory, could have opened it while they ran".to_owned(),
        _ => format!("while they ran, the memory of {refused} was tried and refused: they are not dumpable"),
    };
    match seen.processes.keys().find(|process| alive(**process)) {
        Some(process) => {
            beside("memory", Status::NotReadable, format!("process {process} has not ended; {tried}"))
        }
        None => beside(
            "memory",
            Status::Excluded,
            format!(
                "all {all} processes have ended, and the kernel has taken back every page of theirs; {tried}"
            ),
        ),
    }
}

fn beside(place: &str, status: Status, evidence: String) -> Finding {
    Finding { place: place.to_owned(), status, found: vec![], files: 0, bytes: 0, evidence }
}

fn list(words: &BTreeSet<String>) -> String {
    if words.is_empty() { "none".to_owned() } else { words.iter().cloned().collect::<Vec<_>>().join(", ") }
}

//! What was seen of the processes while they ran goes in; out come the report's rows of what no file tells: swap, open
//! files, connections, memory.

use super::places::{self, Finding, Ground, Status};
use super::watch::{Seen, alive};
use crate::cli::counter::counted;
use crate::sandbox;
use std::collections::BTreeSet;
use std::fs;

pub fn rows(ground: &Ground, seen: &Seen) -> [Finding; 4] {
    // The daemon asks the same kernel for the same; what it could not get it said in its log, too.
    let missing = sandbox::daemon::cannot_restrict();
    [swap(seen), open_files(ground, seen, &missing), connections(seen), memory(seen)]
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
                "there is swap, and it cannot be searched; at {} at most {} kB of a process were in it. Run the \
                 proof where nothing can be swapped: systemd-run --scope -p MemorySwapMax=0 callgist prove",
                counted(seen.looks, "look", "looks"),
                seen.swapped_kb
            ),
        ),
    };
    beside("swap", status, evidence)
}

/// Files that were open for writing and are in none of the places above.
fn open_files(ground: &Ground, seen: &Seen, missing: &[&str]) -> Finding {
    let strange = seen.written.iter().filter(|(_, path)| !places::mine(ground, path));
    let found =
        strange.map(|(name, path)| format!("{name} had {} open for writing", path.display())).collect();
    let (status, evidence) = match seen.hidden.is_empty() {
        true => (
            Status::Searched,
            format!(
                "at {}: {} open for writing, all in the places above, and {} only for reading",
                counted(seen.looks, "look", "looks"),
                counted(seen.written.len(), "file", "files"),
                seen.read.len()
            ),
        ),
        false => hidden_files(seen, missing),
    };
    Finding { found, ..beside("open files", status, evidence) }
}

/// Nobody may see the descriptors of a process that is not dumpable; what it could open at most is told by its limits.
fn hidden_files(seen: &Seen, missing: &[&str]) -> (Status, String) {
    let missing: Vec<_> =
        missing.iter().filter(|words| !NO_WAY_TO_WRITE.iter().any(|known| words.contains(known))).collect();
    let refused = "tried, and refused by the kernel";
    if let Some(missing) = missing.first() {
        return (Status::NotReadable, format!("{refused}; nor do limits exclude anything: {missing}"));
    }
    match seen.unfiltered.first() {
        Some(process) => (
            Status::NotReadable,
            format!(
                "{refused}; nor do limits exclude anything: process {process} was seen without a seccomp filter"
            ),
        ),
        None => (
            Status::Excluded,
            format!(
                "{refused}; this kernel was tried and restricts paths (Landlock), without which the daemon would have said so \
                 in its log: it can write to its store's folder alone, and an ear, under the seccomp filter that was seen on \
                 each process, to no file"
            ),
        ),
    }
}

fn connections(seen: &Seen) -> Finding {
    let (status, evidence) = match (seen.hidden.is_empty(), seen.unowned.is_empty()) {
        (true, _) => (
            Status::Searched,
            format!(
                "their sockets lead to: {}; names of unix sockets: {}",
                list(&seen.ends),
                list(&seen.unix)
            ),
        ),
        (false, true) => (
            Status::Searched,
            format!(
                "whose sockets are whose was not shown; at {} none of this user's led out of this machine, but \
                 those that other processes hold",
                counted(seen.looks, "look", "looks")
            ),
        ),
        (false, false) => (
            Status::NotReadable,
            format!(
                "whose sockets are whose was not shown, and some of this user's lead out of this machine, perhaps those of \
                 other programs: {}",
                list(&seen.unowned)
            ),
        ),
    };
    let found = seen.elsewhere.iter().map(|end| format!("a socket leads to {end}")).collect();
    Finding { found, ..beside("connections", status, evidence) }
}

/// While a process runs its memory is not for others to see; afterwards it is nobody's.
fn memory(seen: &Seen) -> Finding {
    let (all, refused) = (seen.processes.len(), seen.memory_refused.len());
    let tried = match refused {
        0 => "only root, who may read any memory, could have opened it while they ran".to_owned(),
        _ => format!("while they ran, the memory of {refused} was tried and refused"),
    };
    match seen.processes.keys().find(|process| alive(**process)) {
        Some(process) => {
            beside("memory", Status::NotReadable, format!("process {process} has not ended; {tried}"))
        }
        None => beside(
            "memory",
            Status::Excluded,
            format!(
                "{} ended, and the kernel has taken back every page of that; {tried}",
                counted(all, "process has", "processes have")
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

/// What a kernel may be unable to restrict without that a file could be written by it.
const NO_WAY_TO_WRITE: [&str; 4] = ["cutting short", "TCP ports", "devices", "signals"];

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Seen {
        Seen { hidden: BTreeSet::from([7]), ..Seen::default() }
    }

    #[test]
    fn hidden_files_are_excluded_only_where_the_kernel_restricts_paths_and_a_filter_was_seen() {
        let status = |seen: &Seen, missing: &[&str]| hidden_files(seen, missing).0;
        assert_eq!(status(&hidden(), &[]), Status::Excluded);
        assert_eq!(status(&hidden(), &["it does not restrict TCP ports", "nor signals"]), Status::Excluded);
        let without = ["this kernel has no Landlock, so paths are not restricted"];
        assert_eq!(status(&hidden(), &without), Status::NotReadable);
        assert_eq!(status(&hidden(), &["a sentence that is new"]), Status::NotReadable);
        let unfiltered = Seen { unfiltered: BTreeSet::from([7]), ..hidden() };
        assert_eq!(status(&unfiltered, &[]), Status::NotReadable);
    }

    #[test]
    fn a_socket_that_leads_elsewhere_is_found_or_makes_the_proof_incomplete() {
        let end = || BTreeSet::from(["udp 192.0.2.7:443".to_owned()]);
        let seen = connections(&Seen { elsewhere: end(), ..Seen::default() });
        assert_eq!((seen.status, seen.found.len()), (Status::Searched, 1));
        let doubtful = connections(&Seen { unowned: end(), ..hidden() });
        assert_eq!((doubtful.status, doubtful.found.len()), (Status::NotReadable, 0));
        assert_eq!(connections(&hidden()).status, Status::Searched);
    }
}

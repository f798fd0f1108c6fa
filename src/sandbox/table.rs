//! The rights of each process as data: what is left, what is gone, by which means, and the tests that try it.
//!
//! A test looks for every test that is named here, and for this list, word for word, in `docs/proof.md`.

/// A process of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// The process that writes.
    Daemon,
    /// The process that hears.
    Ear,
}

/// One row: a right, or that it is gone.
pub struct Right {
    pub process: Process,
    pub what: &'static str,
    pub left: &'static str,
    pub means: &'static str,
    /// The name of a test that tries it.
    pub test: &'static str,
}

/// A row of Markdown for each right, with a head.
pub fn markdown() -> String {
    let head =
        "| process | right | what is left | by what | the test that tries it |\n|---|---|---|---|---|\n";
    TABLE.iter().fold(head.to_owned(), |table, right| {
        let process = if right.process == Process::Daemon { "daemon" } else { "ear" };
        let Right { what, left, means, test, .. } = right;
        table + &format!("| {process} | {what} | {left} | {means} | `{test}` |\n")
    })
}

const fn ear(what: &'static str, left: &'static str, means: &'static str, test: &'static str) -> Right {
    Right { process: Process::Ear, what, left, means, test }
}

const fn daemon(what: &'static str, left: &'static str, means: &'static str, test: &'static str) -> Right {
    Right { process: Process::Daemon, what, left, means, test }
}

const EVERY_ACT: &str = "every_forbidden_act_is_refused_from_the_main_thread_and_from_one_that_decodes";

/// All of them.
pub const TABLE: &[Right] = &[
    ear("open, make, rename or look at a file", "none", "seccomp, and Landlock with no path", EVERY_ACT),
    ear("write or send", "on descriptor 3, to nobody by name", "seccomp", EVERY_ACT),
    ear("make a socket, connect, bind, listen", "none", "seccomp, Landlock for TCP", EVERY_ACT),
    ear("copy or close descriptors 0 to 3", "none", "seccomp", EVERY_ACT),
    ear("start a program, fork", "none; threads of its own", "seccomp", EVERY_ACT),
    ear("look into or signal a process", "none", "seccomp, no capability", EVERY_ACT),
    ear("memory that others see, keys, queues", "none", "seccomp", EVERY_ACT),
    ear("memory that runs", "none in the Vosk ear; oneDNN needs it in the Whisper ear", "seccomp", EVERY_ACT),
    ear("any call that is on no list", "death", "seccomp", "a_call_that_is_on_no_list_kills_the_ear"),
    ear(
        "what it asks for while it hears",
        "memory, futexes, clocks, receiving, sending on 3",
        "seen from outside",
        "after_its_lock_an_ear_asks_for_nothing_but_what_it_needs_to_hear",
    ),
    ear(
        "core files, debuggers",
        "none",
        "not dumpable, limit of zero",
        "an_ear_leaves_no_core_and_cannot_be_dumped",
    ),
    ear(
        "send on an RTP socket",
        "none, whoever holds it",
        "connected and shut for writing by the daemon",
        "only_the_offers_own_port_is_heard_and_nothing_can_be_sent",
    ),
    daemon(
        "read an ear's memory, take its descriptors, attach to it",
        "none, as root neither",
        "seccomp, no capability, not dumpable, no `/proc`",
        "a_daemon_can_neither_read_an_ear_nor_take_its_descriptor_nor_attach_to_it_as_root_either",
    ),
    daemon("write files", "the store's folder", "Landlock", "a_daemon_writes_to_its_store_and_nowhere_else"),
    daemon(
        "keep an RTP socket",
        "none: it is given away by value",
        "the compiler",
        "the_daemon_keeps_no_copy_of_a_socket_that_it_handed_over",
    ),
    daemon(
        "write to devices",
        "`/dev/null`",
        "Landlock",
        "a_daemon_reads_starts_and_writes_to_nothing_but_its_own",
    ),
    daemon(
        "read files",
        "settings, notices, models; libraries and what the system says of itself, listed below",
        "Landlock",
        "a_daemon_reads_starts_and_writes_to_nothing_but_its_own",
    ),
    daemon(
        "start programs",
        "the ears and the loader",
        "Landlock",
        "a_daemon_reads_starts_and_writes_to_nothing_but_its_own",
    ),
    daemon(
        "what an ear needs, which is born with these limits",
        "its model, libraries and lock",
        "the same lists",
        "an_ear_is_started_and_locks_itself_in_under_the_daemons_own_limits",
    ),
    daemon(
        "core files, debuggers",
        "none",
        "not dumpable, limit of zero",
        "a_daemon_leaves_no_core_and_cannot_be_dumped",
    ),
    daemon(
        "capabilities, and new ones by starting a program",
        "none, as root neither",
        "all five sets emptied, no_new_privs",
        "a_daemon_has_no_capability_and_cannot_use_one_as_root_either",
    ),
    daemon(
        "kernel interfaces it never needs (io_uring, keys, tracing, modules)",
        "none",
        "seccomp",
        "a_daemon_is_refused_what_it_never_needs",
    ),
    daemon(
        "new name spaces, and entering others'",
        "none; threads and programs are started as ever",
        "seccomp",
        "a_daemon_is_refused_each_new_name_space_and_starts_threads_and_programs_as_ever",
    ),
    daemon(
        "send and receive by UDP, and the addresses of TCP",
        "any, by the process; this host alone in the unit",
        "the unit (`IPAddressDeny=any`, `IPAddressAllow=localhost`)",
        "the_unit_keeps_the_daemon_from_what_it_never_needs",
    ),
    daemon(
        "connect by TCP",
        "the ports of the switches' event sockets",
        "Landlock (kernel 6.7)",
        "a_daemon_connects_to_its_event_sockets_and_to_no_other_port",
    ),
    daemon(
        "listen on a TCP port",
        "the one of `[http]`, where that is set: it is opened before the rights are given up",
        "Landlock (kernel 6.7)",
        "a_daemon_listens_on_no_tcp_port_but_on_one_that_was_opened_before",
    ),
];

#[cfg(test)]
mod tests {
    use super::{TABLE, markdown};
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, text: &mut String) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            match path.is_dir() {
                true => sources(&path, text),
                false if path.extension().is_some_and(|end| end == "rs") => {
                    text.push_str(&std::fs::read_to_string(path).unwrap());
                }
                false => {}
            }
        }
    }

    #[test]
    fn every_right_is_tried_by_a_test_that_exists() {
        let mut text = String::new();
        sources(Path::new("src"), &mut text);
        sources(Path::new("tests/it"), &mut text);
        for right in TABLE {
            assert!(text.contains(&format!("fn {}()", right.test)), "{}: {}", right.what, right.test);
        }
    }

    #[test]
    fn the_auditors_page_has_every_path_of_the_systems_that_is_left() {
        let page = std::fs::read_to_string("docs/proof.md").unwrap();
        let listed = |what: &str, paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
            let line = format!("| {what} | {} |", paths.join(", "));
            assert!(page.contains(&line), "docs/proof.md must hold:\n{line}");
        };
        listed("daemon, to read", super::super::daemon::SYSTEM_READ);
        listed("daemon, to write", super::super::daemon::SYSTEM_WRITTEN);
        listed("daemon, to start", super::super::daemon::LOADER);
        listed("ear, to read until it is locked in", super::super::ear::SYSTEM);
        listed("ear, of its environment", super::super::ear::ENVIRONMENT);
    }

    #[test]
    fn the_auditors_page_has_the_rights_word_for_word() {
        let page = std::fs::read_to_string("docs/proof.md").unwrap();
        assert!(page.contains(&markdown()), "docs/proof.md must hold:\n{}", markdown());
    }
}

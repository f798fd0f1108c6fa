//! What the whole thing does, seen from outside: one binary, one module a theme.

#![expect(clippy::print_stderr, reason = "a test says what it skipped, and what it measured")]

/// Whole calls of somebody who rings again.
mod again;
/// The list of who must not be called, as the switch holds it.
mod blocks;
/// Whole calls of lines whose agents are not heard.
mod caller_alone;
/// Whole calls over queues, groups, menus and transfers.
mod calls;
/// An ear that hears what a script says.
mod canary;
/// What the ear makes of a sound, to the sample.
#[path = "heard.rs"]
mod confidential;
/// Lines that ask their callers before they hear them.
mod consent;
/// Whole calls through the demo.
mod demo;
/// Objections and requests not to be contacted, told apart from what only sounds like them.
mod detectors;
/// A test call that the switch plays both sides of.
mod doctor;
/// Ears as processes, honest and hostile.
mod ear;
/// An encrypted database, from the outside.
#[cfg(feature = "sqlcipher")]
mod encrypted;
/// Every way we can fail, in the middle of calls.
mod faults;
/// Figures, by command and by HTTP.
mod figures;
/// Every seed of every fuzz target, replayed.
mod fuzz_seeds;
/// What a real switch and its clients said, read as it was and however it is split.
mod golden;
/// Questions about the do-not-contact list by HTTP.
mod http;
/// Settings and the switch's files, written from what the switch says.
mod init;
/// Kernels that cannot restrict everything.
mod kernel;
/// Daemon and ear killed at random moments of calls, many times.
mod kills;
/// What each binary links, and what it must not.
mod linkage;
/// Whole calls through a real FreeSWITCH, where one is.
mod live;
/// Calls that are recorded, in every codec, by fax, and to the outside.
mod media;
/// What is left of calls in the memory of both processes.
mod memory;
/// Models fetched from a site that breaks off, changes and lies; completions and the manual.
mod models;
/// The note engine on written calls, scored.
mod notes;
/// Calls that an agent objects to by a command.
mod objects;
/// Canary words, a canary number and known samples, looked for wherever a byte can come to rest.
mod privacy;
/// `callgist run` as a process, and the processes that it started.
mod program;
/// The proof that nothing spoken is kept, and what it finds when something is planted.
mod prove;
/// Bad input of every kind.
mod refusals;
/// Daemons that are started anew and links that come back, in the middle of calls.
mod restart;
/// A person's rights, the list of who must not be contacted, the log and backups, from the command line.
mod rights;
mod roles;
/// What a process holds, looked at again and again.
mod samples;
mod sandbox;
/// An ear that follows a script: no recogniser, and every way to fail.
mod scripted;
/// As a service of systemd's, and as a package.
mod service;
/// What must be read though the tests pass.
mod shout;
/// Which types of what was said can be printed or copied, and what does not compile.
mod shown;
/// Many calls one after the other, and nothing that is left of them.
mod soak;
/// Known words and known sound, looked for in files and in memory.
mod sought;
/// Whole calls of those who are never heard.
mod spared;
/// Whole calls of the daemon on the simulated switch, and what may go wrong in them.
mod stories;
/// What became of each story, a line each.
mod table;
/// The order of the house.
mod tidy;
/// Who may listen at the same time.
mod turn;

//! Callgist: a short written note of each call, and nothing that was spoken.
//!
//! # The sentence
//!
//! A call is **offered** (a caller waits in the dialplan's guarded sleep), **announced** (the notice was played to its
//! end, which is proved and not believed), **consented** to where the line asks, **bridged** (caller and agent talk),
//! **forked** (the switch copies both voices to an ear, or the caller's alone), **heard** (the talk is over),
//! **summarised**, **guarded** and **kept**. `daemon/follow.rs` tells it, one verb a line; every early ending is one of
//! the reasons of [`call::NoSummary`].
//!
//! # The two processes
//!
//! *The process that hears cannot write; the process that writes cannot hear.*
//!
//! ```text
//!   FreeSWITCH ──event socket──▶ callgist (the daemon)          callgist-ear-whisper, callgist-ear-vosk
//!        │                        link, calls, SIP, store         jitter, codecs, gate, recogniser, note, guard
//!        │                             │                                     ▲            │
//!        │                             └──orders, RTP sockets (SCM_RIGHTS)───┘            │
//!        │                             ◀──a guarded note, a reason, whole numbers─────────┘
//!        └──────────────────────────RTP, straight into the socket that the ear holds──────▶
//! ```
//!
//! Each of several switches on the host has a link and calls of its own; ears and store are shared.
//!
//! The daemon binds each RTP socket, connects it to the switch's own port, shuts it for writing, hands it over and
//! closes its copy; it never reads one. An ear has no path, no socket of its own and no way out but descriptor 3, on
//! which only the messages of [`border`] pass; the kernel holds it to that ([`sandbox`]), and before it says that it
//! is ready it tries every forbidden act and is refused. The daemon links no recogniser and names nothing of
//! [`confidential`]; tests say so. Of the commands two do, for what was never heard: `cli/note.rs` tries the note engine
//! on written calls, and `cli/typed.rs` has a text that somebody typed pass the guard.
//!
//! # The layers
//!
//! A module uses only what stands above it in this list.
//!
//! | layer | module | in, out |
//! |---|---|---|
//! | 1 | [`config`] | `callgist.toml` → checked settings, or every problem at once |
//! | 1 | [`wire`] | bytes ↔ meaning: event socket, SIP, SDP, RTP; no socket, no clock |
//! | 2 | [`call`] | events of any switch → commands: one call's life, and the proof of its notice and consent |
//! | 2 | [`border`] | every message that may pass between the processes |
//! | 2 | [`sandbox`] | a process → the same with fewer rights, each tried afterwards |
//! | 3 | [`confidential`] | RTP packets → a guarded note or a reason; memory only |
//! | 4 | [`ear`] | the process around it: locks itself in, takes sockets |
//! | 4 | [`store`] | rows ↔ SQLite, by one writer |
//! | 5 | [`http`] | the head of a request ↔ a question about the do-not-contact list or the figures, and its answer |
//! | 5 | [`figures`] | the store's counts and whether what was published holds → the text that Prometheus reads |
//! | 6 | [`daemon`] | switches, ears and store joined by the sentence |
//! | 6 | [`sim`] | a FreeSWITCH that is not there, for the demo and the tests |
//! | 7 | [`cli`] | one file for each command |
//!
//! # What must stay true
//!
//! - No socket reaches an ear without [`call::Announced`], which only the evidence of a whole notice makes, and of the
//!   caller's yes where the line asks for one; an objection takes it away.
//! - A note that is kept came through `confidential::guard`, the only maker of what an ear can encode.
//! - The call never depends on us: the dialplan waits for at most half a second, and only while we are alive; once the
//!   caller has gone on, nothing that he hears is broken off.
//! - What becomes of one switch touches no call and no copy of another.
//! - What was said has no `Debug`, `Display`, `Clone` or `Serialize`, is wiped on drop, and is never logged.
//! - Only `daemon/clock.rs` and the ear read the time; everything else gets `now` as an argument.

// The tests compile `confidential/recogniser/whisper/ctranslate2.rs`, which sees the library as the ear does: from outside.
#[cfg(test)]
extern crate self as callgist;

pub mod border;
pub mod call;
pub mod cli;
pub mod confidential;
pub mod config;
pub mod daemon;
pub mod ear;
pub mod figures;
pub mod http;
pub mod sandbox;
pub mod sim;
pub mod store;
pub mod wire;

//! Everything that the daemon may log, as small structs: fixed sentences, short call ids, whole numbers; never
//! anything that was said, and no number that is not masked.
//!
//! The messages and fields of these are what `callgist run --log json` prints, a line each; `demo` reads them.

use super::freeswitch::LinkError;
use crate::border::{Heard, Recogniser};
use crate::call::{CallId, NoSummary, Number};
use crate::store::Deed;
use tracing::{error, info, warn};

pub struct Started<'a> {
    pub version: &'a str,
    pub switches: usize,
    pub lines: usize,
}

impl Started<'_> {
    pub fn log(&self) {
        let Started { version, switches, lines } = self;
        info!(version, switches, lines, "callgist runs");
    }
}

/// Which recogniser a line got, and why.
pub struct Chosen<'a> {
    pub line: &'a str,
    pub recogniser: Recogniser,
    pub why: &'a str,
}

impl Chosen<'_> {
    pub fn log(&self) {
        info!(line = self.line, recogniser = self.recogniser.word(), why = self.why, "recogniser chosen");
    }
}

/// A right that this kernel cannot take from us.
pub struct NotRestricted<'a> {
    pub missing: &'a str,
}

impl NotRestricted<'_> {
    pub fn log(&self) {
        warn!(missing = self.missing, "this kernel cannot restrict everything");
    }
}

/// This build is for tests only.
pub struct MayBeDumped<'a> {
    pub says: &'a str,
}

impl MayBeDumped<'_> {
    pub fn log(&self) {
        error!(says = self.says, "not for real calls");
    }
}

/// Questions about the list are answered by HTTP.
pub struct DoorOpen {
    pub listen: std::net::SocketAddr,
}

impl DoorOpen {
    pub fn log(&self) {
        info!(listen = %self.listen, "questions about the do-not-contact list are answered by HTTP");
    }
}

/// Whatever concerns one switch names it, where it has a name.
pub struct SwitchUp<'a> {
    pub switch: Option<&'a str>,
}

impl SwitchUp<'_> {
    pub fn log(&self) {
        info!(switch = self.switch, "switch connected");
    }
}

pub struct SwitchDown<'a> {
    pub switch: Option<&'a str>,
    pub why: &'a LinkError,
}

impl SwitchDown<'_> {
    pub fn log(&self) {
        warn!(switch = self.switch, why = %self.why, "no connection to the switch");
    }
}

/// Whether the switch is told that we are alive: calls are announced from now on, or no longer.
pub struct Announcing<'a> {
    pub switch: Option<&'a str>,
    pub now: bool,
}

impl Announcing<'_> {
    pub fn log(&self) {
        let switch = self.switch;
        match self.now {
            true => info!(switch, "calls are announced"),
            false => {
                warn!(
                    switch,
                    "calls are not announced: no ear is ready, there is no room, or the switch is crowded"
                )
            }
        }
    }
}

pub struct OrphanEnded<'a> {
    pub switch: Option<&'a str>,
}

impl OrphanEnded<'_> {
    pub fn log(&self) {
        warn!(switch = self.switch, "ended a copy that an earlier run had left at the switch");
    }
}

/// The dialplan binds keys of its own behind the snippet (told once of each line).
pub struct KeyDead<'a> {
    pub line: &'a str,
    pub realm: &'a str,
}

impl KeyDead<'_> {
    pub fn log(&self) {
        warn!(
            line = self.line,
            realm = self.realm,
            "the objection key of this line does not work: the dialplan switches to keys of another realm behind the \
             snippet; bind ours into that realm (dialplan/README.md), or do not promise the key in the notice"
        );
    }
}

/// A call was under way when we came: its end leaves a row, and nothing of it is heard.
pub struct Found<'a> {
    pub call: CallId,
    pub line: &'a str,
}

impl Found<'_> {
    pub fn log(&self) {
        info!(call = ?self.call, step = "found", line = self.line, "call");
    }
}

/// One change in a call's life.
pub struct Step<'a> {
    pub call: CallId,
    pub step: &'a str,
}

impl Step<'_> {
    pub fn log(&self) {
        info!(call = ?self.call, step = self.step, "call");
    }
}

pub struct Offered<'a> {
    pub call: CallId,
    pub line: &'a str,
    pub caller: Option<&'a Number>,
}

impl Offered<'_> {
    pub fn log(&self) {
        info!(call = ?self.call, step = "offered", line = self.line, caller = self.caller.map(tracing::field::debug), "call");
    }
}

pub struct Progress {
    pub call: CallId,
    pub heard: Heard,
}

impl Progress {
    pub fn log(&self) {
        let Heard { listened_ms, speech_ms, recognised_ms, backlog_ms, words, lost_packets } = self.heard;
        info!(
            call = ?self.call,
            step = "hearing",
            listened_ms,
            speech_ms,
            recognised_ms,
            backlog_ms,
            words,
            lost_packets,
            "call"
        );
    }
}

pub struct Kept {
    pub call: CallId,
    pub reason: Option<NoSummary>,
    pub heard: Heard,
    /// Milliseconds from the hang-up to the stored row.
    pub took_ms: u64,
}

impl Kept {
    pub fn log(&self) {
        let reason = self.reason.map_or("", NoSummary::word);
        // The whole id, so that `calls show` finds the row.
        let id = self.call.to_string();
        let Heard { listened_ms, speech_ms, words, .. } = self.heard;
        let took_ms = self.took_ms;
        info!(call = ?self.call, step = "kept", id, reason, listened_ms, speech_ms, words, took_ms, "call");
    }
}

pub struct NotKept<'a> {
    pub call: CallId,
    pub why: &'a str,
}

impl NotKept<'_> {
    pub fn log(&self) {
        error!(call = ?self.call, why = self.why, "a row could not be stored");
    }
}

/// The content-free log has a gap; what was done is a word of its own list.
pub struct NotLogged<'a> {
    pub deed: Deed,
    pub why: &'a str,
}

impl NotLogged<'_> {
    pub fn log(&self) {
        error!(deed = self.deed.word(), why = self.why, "an entry of the log could not be stored");
    }
}

/// Rows past their retention were erased.
pub struct Swept {
    pub swept: crate::store::Swept,
}

impl Swept {
    pub fn log(&self) {
        let crate::store::Swept {
            calls,
            requests,
            objections,
            erased_ids,
            log_entries,
            overdue,
            log_broken,
            held_up,
        } = self.swept;
        if !self.swept.is_good() {
            error!(
                overdue,
                log_broken,
                "rows past their retention are left, or the log does not verify: run callgist doctor"
            );
        } else if self.swept.erased() {
            info!(calls, requests, objections, erased_ids, log_entries, "rows past their retention erased");
        }
        if held_up {
            warn!(
                "another process has been reading the database for long: what was erased may be in its write-ahead log until \
                 the next hourly sweep"
            );
        }
    }
}

/// What callers and staff were told is no longer what holds.
pub struct Drifted<'a> {
    pub drift: &'a crate::figures::LineDrift,
}

impl Drifted<'_> {
    pub fn log(&self) {
        let crate::figures::LineDrift { line, texts, settings, sound, .. } = self.drift;
        warn!(
            line,
            texts,
            settings,
            sound,
            "what was published for the line is no longer what holds: run callgist doctor"
        );
    }
}

pub struct NotSwept<'a> {
    pub why: &'a str,
}

impl NotSwept<'_> {
    pub fn log(&self) {
        error!(why = self.why, "rows past their retention could not be erased");
    }
}

/// Drafts that nobody had approved in time.
pub struct DraftsDiscarded {
    pub notes: usize,
}

impl DraftsDiscarded {
    pub fn log(&self) {
        if self.notes > 0 {
            info!(notes = self.notes, "drafts that nobody approved in time were discarded");
        }
    }
}

pub struct NotSettled<'a> {
    pub why: &'a str,
}

impl NotSettled<'_> {
    pub fn log(&self) {
        error!(why = self.why, "drafts that nobody approved in time could not be discarded");
    }
}

/// The switch does not take the list of who must not be called.
pub struct BlocksRefused<'a> {
    pub switch: Option<&'a str>,
}

impl BlocksRefused<'_> {
    pub fn log(&self) {
        warn!(
            switch = self.switch,
            "the switch does not take the list of who must not be called: load mod_hash, and copy \
             dialplan/callgist_user.xml again"
        );
    }
}

/// An objection came after the call's row was kept: it has taken its place.
pub struct Amended {
    pub call: CallId,
}

impl Amended {
    pub fn log(&self) {
        info!(call = ?self.call, step = "amended", reason = NoSummary::Objection.word(), "call");
    }
}

/// Something that only whoever answers for a line can decide is not set.
pub struct LineWaits<'a> {
    pub line: &'a str,
    pub unset: &'a str,
}

impl LineWaits<'_> {
    pub fn log(&self) {
        let Self { line, unset } = self;
        warn!(
            line,
            unset,
            "the line is off, for its settings are not all there: decide them, and write them into its [[line]]"
        );
    }
}

/// The settings were read anew, and calls from now on go by them.
pub struct Reloaded {
    pub lines: usize,
}

impl Reloaded {
    pub fn log(&self) {
        info!(lines = self.lines, "settings reloaded");
    }
}

/// The settings are wrong, and the old ones stay.
pub struct NotReloaded<'a> {
    pub why: &'a str,
}

impl NotReloaded<'_> {
    pub fn log(&self) {
        warn!(why = self.why, "settings not reloaded: the old ones stay");
    }
}

/// A section has changed that is read at the start alone.
pub struct NeedsRestart<'a> {
    pub section: &'a str,
}

impl NeedsRestart<'_> {
    pub fn log(&self) {
        warn!(section = self.section, "this section has changed and waits for a restart");
    }
}

/// The switch records a call though the line's settings say that it never does.
pub struct RecordedAllTheSame<'a> {
    pub call: CallId,
    pub line: &'a str,
}

impl RecordedAllTheSame<'_> {
    pub fn log(&self) {
        warn!(call = ?self.call, line = self.line, "the switch recorded a call of a line that is never recorded");
    }
}

/// No socket could be bound for a copy.
pub struct NoSocket {
    pub call: CallId,
    pub why: std::io::ErrorKind,
}

impl NoSocket {
    pub fn log(&self) {
        let why = self.why.to_string();
        warn!(call = ?self.call, why, "no port for a copy: widen [sip] first_rtp_port to last_rtp_port");
    }
}

/// The ear gave a call up; the place is a file's number and a line in its code.
pub struct EarFailed {
    pub call: CallId,
    pub place: Option<(u16, u32)>,
}

impl EarFailed {
    pub fn log(&self) {
        let (file, line) = self.place.unwrap_or_default();
        warn!(call = ?self.call, file, line, "the ear gave a call up");
    }
}

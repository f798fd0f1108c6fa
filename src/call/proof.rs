//! The proof that a call's notice was played to its end (rule R3 of the FreeSWITCH findings).
//!
//! A switch that says "done" has not proved it: a hang-up, a transfer, a seek and a kill all end with "done" or
//! "file played" (table in section 5 of the findings). Only all marks together count, and the notice's own
//! length, read from the file by us, is one of them. On a line that asks for consent a proved notice is not enough: the
//! caller's yes to the question behind it belongs to the proof.

use super::CallId;
use std::time::Duration;

/// The notice of one call was played to its end, on an answered line, and nobody objected; where the line asks for
/// consent, it was given.
///
/// Only [`Evidence::prove`] makes one. Whoever hands a socket to an ear needs it: it is an argument, not a check.
///
/// Whoever has one can ask it and give it on:
///
/// ```
/// use callgist::call::{Announced, CallId, SwitchTime};
/// fn ask(proof: &Announced) -> (CallId, (SwitchTime, SwitchTime)) {
///     (proof.call(), proof.times())
/// }
/// fn give(proof: callgist::call::Announced) -> callgist::call::Announced {
///     proof
/// }
/// ```
///
/// Nobody else can make one:
///
/// ```compile_fail,E0451
/// use callgist::call::{Announced, CallId, SwitchTime};
/// let forged = Announced { call: CallId(1), from: SwitchTime(0), to: SwitchTime(1), consented: None };
/// ```
///
/// nor copy that of another call:
///
/// ```compile_fail,E0599
/// fn copy(proof: &callgist::call::Announced) -> callgist::call::Announced {
///     callgist::call::Announced::clone(proof)
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Announced {
    call: CallId,
    from: SwitchTime,
    to: SwitchTime,
    consented: Option<SwitchTime>,
}

impl Announced {
    pub fn call(&self) -> CallId {
        self.call
    }

    /// When the notice began and ended, on the switch's clock.
    pub fn times(&self) -> (SwitchTime, SwitchTime) {
        (self.from, self.to)
    }

    /// When the caller consented, on the switch's clock; nothing on a line that asks nobody.
    pub fn consented(&self) -> Option<SwitchTime> {
        self.consented
    }
}

/// Microseconds since 1970 on the switch's own clock, which may differ from ours (finding F123).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SwitchTime(pub u64);

/// How the switch says that a playback stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    pub at: SwitchTime,
    /// `Playback-Status: done`.
    pub done: bool,
    /// `Answer-State: answered`.
    pub answered: bool,
    /// The event carries a hang-up cause.
    pub hung_up: bool,
}

/// What has been seen of the notice so far, and of the answer to the question behind it.
#[derive(Debug)]
pub(super) struct Evidence {
    /// Whether there is such a question.
    asks: bool,
    started: Option<SwitchTime>,
    stopped: Option<Stop>,
    file_played: Option<bool>,
    spoilt: bool,
    consented: Option<SwitchTime>,
}

/// How far the evidence reaches.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something is still to come.
    Open,
    /// The notice was played to its end, from when to when; the consent that the line asks for is still to come.
    Told(SwitchTime, SwitchTime),
    Proved(Announced),
    /// It can no longer be proved.
    Refuted,
}

impl Evidence {
    pub(super) fn new(asks: bool) -> Evidence {
        Evidence { asks, started: None, stopped: None, file_played: None, spoilt: false, consented: None }
    }

    pub(super) fn started(&mut self, at: SwitchTime) {
        // A second start of the same playback cannot be told from a seek or a nested one: no proof.
        self.spoilt |= self.started.replace(at).is_some();
    }

    pub(super) fn stopped(&mut self, stop: Stop) {
        self.spoilt |= self.stopped.replace(stop).is_some() || self.started.is_none();
    }

    pub(super) fn completed(&mut self, file_played: bool) {
        self.spoilt |= self.file_played.replace(file_played).is_some();
    }

    /// A hold or a bridge came in between, while the notice was under way.
    pub(super) fn spoil(&mut self) {
        self.spoilt = true;
    }

    /// The caller said yes to the question behind the notice; false for a key that was on its way before the question
    /// can have been understood.
    pub(super) fn consented(&mut self, at: SwitchTime) -> bool {
        let ended = self.stopped.map_or(SwitchTime::default(), |stop| stop.at);
        let later = Duration::from_micros(at.0.saturating_sub(ended.0)) >= UNDERSTOOD_AFTER;
        self.consented = Some(at).filter(|_| later);
        later
    }

    /// Takes the evidence so far for the notice of `call`, whose file lasts `length`.
    pub(super) fn prove(&self, call: CallId, length: Duration) -> Verdict {
        if self.spoilt || self.file_played == Some(false) {
            return Verdict::Refuted;
        }
        let (Some(from), Some(stop), Some(played)) = (self.started, self.stopped, self.file_played) else {
            return Verdict::Open;
        };
        let lasted = Duration::from_micros(stop.at.0.saturating_sub(from.0));
        let whole = lasted + TOLERANCE >= length;
        if !(played && stop.done && stop.answered && !stop.hung_up && whole) {
            return Verdict::Refuted;
        }
        match self.consented {
            None if self.asks => Verdict::Told(from, stop.at),
            consented => Verdict::Proved(Announced { call, from, to: stop.at, consented }),
        }
    }
}

/// A full playback takes the file's length and 18 to 20 ms more (F49). On a leg that agrees on its keys meanwhile (DTLS-SRTP,
/// tried on 1.11.2) the first two packets follow each other at once, and it takes 22 ms less; the switch's clock has steps of
/// 20 ms. So three packets are allowed: no word is that short.
const TOLERANCE: Duration = Duration::from_millis(60);

/// A key is told when it is released: one that is pressed in the notice's last word comes a quarter of a second later
/// (F52). More would refuse callers who know the question.
const UNDERSTOOD_AFTER: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_millis(3_662);
    const WHOLE: Stop = Stop { at: SwitchTime(3_680_000), done: true, answered: true, hung_up: false };

    fn verdict(stop: Stop, file_played: bool) -> Verdict {
        let mut evidence = Evidence::new(false);
        evidence.started(SwitchTime(0));
        evidence.stopped(stop);
        evidence.completed(file_played);
        evidence.prove(CallId(1), LENGTH)
    }

    #[test]
    fn a_notice_played_to_its_end_is_proved() {
        assert!(matches!(verdict(WHOLE, true), Verdict::Proved(_)));
    }

    #[test]
    fn where_consent_is_asked_for_a_whole_notice_is_no_proof_without_a_yes_that_came_after_it() {
        let answered = |at: u64| {
            let mut evidence = Evidence::new(true);
            evidence.started(SwitchTime(0));
            evidence.stopped(WHOLE);
            evidence.completed(true);
            assert_eq!(evidence.prove(CallId(1), LENGTH), Verdict::Told(SwitchTime(0), WHOLE.at));
            evidence.consented(SwitchTime(at));
            match evidence.prove(CallId(1), LENGTH) {
                Verdict::Proved(announced) => announced.consented(),
                _ => None,
            }
        };
        assert_eq!(answered(WHOLE.at.0 + 500_000), Some(SwitchTime(4_180_000)));
        assert_eq!(answered(WHOLE.at.0 + 499_000), None, "it was pressed in the notice");
        assert_eq!(answered(1_000_000), None);
    }

    #[test]
    fn every_row_of_the_matrix_that_was_broken_off_is_refuted() {
        let early = SwitchTime(1_000_000);
        let rows = [
            ("key or uuid_break", Stop { at: early, done: false, ..WHOLE }, true),
            ("caller hangs up", Stop { at: early, answered: false, hung_up: true, ..WHOLE }, false),
            ("uuid_kill or shutdown", Stop { at: early, answered: false, hung_up: true, ..WHOLE }, true),
            ("uuid_transfer or uuid_park", Stop { at: early, ..WHOLE }, false),
            ("fileman stop", Stop { at: SwitchTime(2_060_000), ..WHOLE }, true),
            ("fileman seek", Stop { at: SwitchTime(1_700_000), ..WHOLE }, true),
        ];
        for (what, stop, played) in rows {
            assert_eq!(verdict(stop, played), Verdict::Refuted, "{what}");
        }
    }

    #[test]
    fn nothing_is_proved_before_all_three_marks_are_there() {
        let mut evidence = Evidence::new(false);
        assert_eq!(evidence.prove(CallId(1), LENGTH), Verdict::Open);
        evidence.started(SwitchTime(0));
        evidence.stopped(WHOLE);
        assert_eq!(evidence.prove(CallId(1), LENGTH), Verdict::Open);
    }

    #[test]
    fn a_missing_file_is_refuted_since_it_never_starts() {
        let mut evidence = Evidence::new(false);
        evidence.stopped(WHOLE);
        evidence.completed(true);
        assert_eq!(evidence.prove(CallId(1), LENGTH), Verdict::Refuted);
    }

    #[test]
    fn a_second_start_spoils_the_proof() {
        let mut evidence = Evidence::new(false);
        evidence.started(SwitchTime(0));
        evidence.started(SwitchTime(1));
        evidence.stopped(WHOLE);
        evidence.completed(true);
        assert_eq!(evidence.prove(CallId(1), LENGTH), Verdict::Refuted);
    }
}

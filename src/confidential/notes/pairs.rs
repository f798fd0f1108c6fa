//! Deeds go in, deeds that somebody answered come out: an offer accepted, a request granted or refused.
//!
//! Most of the truth is in the second half: "yes, let's do that" turns the last offer into a promise. A bare yes
//! binds only to what the other side proposed at most two turns before.

use super::clauses::Clause;
use super::deeds::{Deed, Mode};

/// How a deed was answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    None,
    Accepted,
    Rejected,
}

/// Turns that an answer may be away; more binds a yes to something else.
const REACH: u16 = 2;

/// The answer to what was said in `clause`.
pub(super) fn answer(clauses: &[Clause], clause: usize) -> (Answer, Option<u16>) {
    let asked = &clauses[clause];
    for later in &clauses[clause + 1..] {
        if later.turn > asked.turn + REACH {
            break;
        }
        if later.speaker.is_caller() == asked.speaker.is_caller() {
            continue;
        }
        if later.rejects || later.negated && !later.accepts {
            return (Answer::Rejected, Some(later.turn));
        }
        if later.accepts {
            return (Answer::Accepted, Some(later.turn));
        }
    }
    (Answer::None, None)
}

/// Turns accepted offers and granted requests into commitments, and drops what was taken back.
pub(super) fn settle(deeds: &mut Vec<Deed>, clauses: &[Clause]) {
    let answered: Vec<(Answer, Option<u16>)> =
        deeds.iter().map(|deed| answer(clauses, deed.clause)).collect();
    let mut settled: Vec<Deed> = Vec::new();
    for (deed, (answer, turn)) in deeds.drain(..).zip(answered) {
        let mut deed = deed;
        if answer == Answer::Accepted {
            deed.evidence.extend(turn);
        }
        let granted = answer == Answer::Accepted && !deed.conditional;
        match deed.mode {
            // "Shall I cancel it?" of the caller's stays a question.
            Mode::Offer if granted && !deed.speaker.is_caller() => deed.mode = Mode::Commit,
            // The agent asks, the caller agrees: the caller will do it.
            Mode::Ask if granted && !deed.speaker.is_caller() => {
                deed.mode = Mode::Commit;
                deed.speaker = crate::confidential::Speaker::Caller;
            }
            _ => {}
        }
        settled.push(deed);
    }
    merge(&mut settled);
    *deeds = settled;
}

/// The same act by the same side, said twice: once is enough, with all that is known of it.
fn merge(deeds: &mut Vec<Deed>) {
    let mut merged: Vec<Deed> = Vec::new();
    for deed in deeds.drain(..) {
        let same = merged.iter_mut().rev().find(|earlier| {
            earlier.act == deed.act
                && earlier.mode == deed.mode
                && earlier.speaker.is_caller() == deed.speaker.is_caller()
                && deed.turn - earlier.turn.min(deed.turn) <= 4
        });
        match same {
            Some(earlier) => {
                if deed.when.is_some() {
                    earlier.when = deed.when;
                }
                earlier.object = earlier.object.take().or(deed.object);
                earlier.evidence.extend(deed.evidence);
            }
            None => merged.push(deed),
        }
    }
    *deeds = merged;
}

//! Tokens go in, whether somebody objects to the summary comes out.
//!
//! A matcher of its own, tuned for recall: doubt protects. It needs the thing (summary, recording, a machine that
//! writes) and a refusal near it, or a refusal that points back at the thing. Asking about it, not minding it and
//! telling what somebody else said are none.

use super::Objection;
use super::pattern::{self, View};
use std::ops::Range;

/// Tokens between the thing and the refusal; more finds more and errs more.
const NEAR: usize = 14;

/// Turns over which "I don't want that" may point back at the thing.
const BACK: u16 = 2;

pub(super) struct Hit {
    pub what: Objection,
    /// The turn in which it was said.
    pub turn: u16,
}

/// The first objection of the call, or the first suspicion of one.
pub(super) fn find(view: View<'_>) -> Hit {
    let mut suspected: Option<u16> = None;
    let mut spoken_of: Option<u16> = None;
    let mut offered: Option<(u16, bool)> = None;
    for turn in turns(view) {
        let number = view.tokens[turn.start].turn;
        let caller = view.tokens[turn.start].speaker.is_caller();
        let mut doubt = false;
        for part in parts(view, &turn) {
            let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, &part);
            let none = says("objection_none") && !says("objection_despite");
            let subject = pattern::first(view.lexicon.cue("objection_subject"), view, &part);
            if says("objection_direct") && !none && !is_question(view, &part) {
                return Hit { what: Objection::Heard, turn: number };
            }
            if let Some(subject) = &subject {
                let near =
                    subject.from.saturating_sub(NEAR).max(part.start)..(subject.to + NEAR).min(part.end);
                if offers(view, &part, caller) {
                    offered = Some((number, caller));
                }
                let refuses = pattern::any(view.lexicon.cue("objection_refuse"), view, &near);
                if refuses && !none && !offers(view, &part, caller) {
                    if is_question(view, &part) {
                        doubt = true;
                    } else {
                        return Hit { what: Objection::Heard, turn: number };
                    }
                } else if says("objection_weak") && !none {
                    doubt = true;
                }
            }
            let back = spoken_of.is_some_and(|said| number - said <= BACK);
            if back && says("objection_back") && !none && subject.is_none() && !is_question(view, &part) {
                return Hit { what: Objection::Heard, turn: number };
            }
            let answered = offered.is_some_and(|(said, by)| number - said <= 1 && by != caller);
            if answered && says("accept") && !none {
                return Hit { what: Objection::Heard, turn: number };
            }
            if subject.is_some() {
                spoken_of = Some(number);
            }
        }
        if doubt && suspected.is_none() {
            suspected = Some(number);
        }
    }
    match suspected {
        Some(turn) => Hit { what: Objection::Suspected, turn },
        None => Hit { what: Objection::None, turn: u16::MAX },
    }
}

/// "Shall I switch the summary off?"
fn offers(view: View<'_>, part: &Range<usize>, caller: bool) -> bool {
    !caller && pattern::any(view.lexicon.cue("objection_offer"), view, part)
}

fn is_question(view: View<'_>, part: &Range<usize>) -> bool {
    // "Can you switch it off?" asks for it, it does not ask about it.
    if pattern::any(view.lexicon.cue("objection_request"), view, part) {
        return false;
    }
    let marked = view.tokens[part.clone()].last().is_some_and(|token| token.question);
    marked && !pattern::any(view.lexicon.cue("objection_direct"), view, part)
        || pattern::any(view.lexicon.cue("question"), view, part)
}

/// The tokens of each turn.
pub(super) fn turns(view: View<'_>) -> Vec<Range<usize>> {
    let mut turns: Vec<Range<usize>> = Vec::new();
    for (at, token) in view.tokens.iter().enumerate() {
        match turns.last_mut() {
            Some(last) if view.tokens[last.start].turn == token.turn => last.end = at + 1,
            _ => turns.push(at..at + 1),
        }
    }
    turns
}

/// A turn's sentences, where they are marked; the whole turn otherwise.
fn parts(view: View<'_>, turn: &Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut from = turn.start;
    for at in turn.clone() {
        if view.tokens[at].stop || at + 1 == turn.end {
            parts.push(from..at + 1);
            from = at + 1;
        }
    }
    parts
}

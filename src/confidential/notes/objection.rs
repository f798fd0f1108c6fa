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

/// Tokens around an objection in which something may say that it is none; recognised text may have no sentences.
const EXCUSE: usize = 8;

pub(super) struct Hit {
    pub what: Objection,
    /// The turn in which it was said.
    pub turn: u16,
}

/// What was said of the summary so far.
#[derive(Default)]
struct Before {
    spoken_of: Option<u16>,
    /// An offer to leave it out, and whether the caller made it.
    offered: Option<(u16, bool)>,
    /// "Is that all right with you?" and "do you mind?", asked by the other side.
    asked: Option<u16>,
    minds: Option<u16>,
}

/// The first objection of the call, or the first suspicion of one.
pub(super) fn find(view: View<'_>) -> Hit {
    let mut suspected: Option<u16> = None;
    let mut before = Before::default();
    let turns = turns(view);
    for (index, turn) in turns.iter().enumerate() {
        let number = view.tokens[turn.start].turn;
        let raised = index.checked_sub(1).map(|before| &turns[before]);
        if raised.is_some_and(|raised| granted(view, raised, turn)) {
            return Hit { what: Objection::Heard, turn: number };
        }
        for part in parts(view, turn) {
            match judge(view, turn, &part, &mut before) {
                Objection::Heard => return Hit { what: Objection::Heard, turn: number },
                Objection::Suspected => suspected = suspected.or(Some(number)),
                Objection::None => {}
            }
        }
    }
    match suspected {
        Some(turn) => Hit { what: Objection::Suspected, turn },
        None => Hit { what: Objection::None, turn: u16::MAX },
    }
}

fn judge(view: View<'_>, turn: &Range<usize>, part: &Range<usize>, before: &mut Before) -> Objection {
    let number = view.tokens[part.start].turn;
    let caller = view.tokens[part.start].speaker.is_caller();
    let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, part);
    let none = says("objection_none") && !says("objection_despite");
    let subject = pattern::first(view.lexicon.cue("objection_subject"), view, part);
    let question = is_question(view, part);
    let offers = offers(view, part, caller);
    let explains = !caller && says("objection_explain");
    if !explains && !offers && !question && direct(view, part) {
        return Objection::Heard;
    }
    let mut doubt = false;
    if let Some(subject) = &subject {
        let near = subject.from.saturating_sub(NEAR).max(part.start)..(subject.to + NEAR).min(part.end);
        if offers {
            before.offered = Some((number, caller));
        }
        let refuses = pattern::any(view.lexicon.cue("objection_refuse"), view, &near);
        if refuses && !none && !offers && !explains {
            if !question {
                return Objection::Heard;
            }
            doubt = true;
        } else if says("objection_weak") && !none {
            doubt = true;
        }
    }
    let back = before.spoken_of.is_some_and(|said| number - said <= BACK);
    // "It writes all of it down? I don't want that", without a mark between the sentences.
    let rest = subject.as_ref().map_or(part.start, |subject| subject.to)..part.end;
    let refused =
        (back || subject.is_some()) && pattern::any(view.lexicon.cue("objection_back"), view, &rest);
    if refused && !none && !question && !offers && !explains && !consents(view, turn, part, before) {
        return Objection::Heard;
    }
    if answers(view, turn, part, before) && !none {
        return Objection::Heard;
    }
    if says("objection_deliver") {
        before.spoken_of = None;
    } else if subject.is_some() {
        before.spoken_of = Some(number);
    }
    if !caller && before.spoken_of == Some(number) {
        if says("objection_mind") {
            before.minds = Some(number);
        } else if says("objection_agreed") {
            before.asked = Some(number);
        }
    }
    if doubt { Objection::Suspected } else { Objection::None }
}

/// Whether an agent acts at once on what the caller said of the summary ("I've switched it off"): words may be lost.
fn granted(view: View<'_>, raised: &Range<usize>, turn: &Range<usize>) -> bool {
    let by_caller = |turn: &Range<usize>| view.tokens[turn.start].speaker.is_caller();
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    by_caller(raised)
        && !by_caller(turn)
        && says("objection_granted", turn)
        && says("objection_subject", raised)
        && !says("objection_none", raised)
}

/// Thing and refusal in one, and nothing beside it that says otherwise.
fn direct(view: View<'_>, part: &Range<usize>) -> bool {
    let despite = pattern::any(view.lexicon.cue("objection_despite"), view, part);
    pattern::all(view.lexicon.cue("objection_direct"), view, part).any(|hit| {
        let beside = hit.start.saturating_sub(EXCUSE).max(part.start)..(hit.end + EXCUSE).min(part.end);
        despite || !pattern::any(view.lexicon.cue("objection_none"), view, &beside)
    })
}

/// Yes to "shall I leave it out?" and to "do you mind?", no to "is that all right with you?".
fn answers(view: View<'_>, turn: &Range<usize>, part: &Range<usize>, before: &Before) -> bool {
    let number = view.tokens[part.start].turn;
    let caller = view.tokens[part.start].speaker.is_caller();
    let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, part);
    let last = |asked: Option<u16>| asked.is_some_and(|said| caller && number == said + 1);
    let offered = before.offered.is_some_and(|(said, by)| number - said <= 1 && by != caller);
    let first = part.start == turn.start;
    offered && says("accept")
        || first && last(before.minds) && says("accept") && !says("negation")
        || first && last(before.asked) && says("objection_no")
}

/// No to "shall I leave it out?" and to "do you mind?".
fn consents(view: View<'_>, turn: &Range<usize>, part: &Range<usize>, before: &Before) -> bool {
    let (number, by_caller) = (view.tokens[part.start].turn, view.tokens[part.start].speaker.is_caller());
    let minds = before.minds.is_some_and(|said| by_caller && number == said + 1);
    let offered = before.offered.is_some_and(|(said, by)| by != by_caller && number == said + 1);
    let no = pattern::any(view.lexicon.cue("objection_no"), view, part);
    part.start == turn.start && (minds || offered) && no
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
pub(super) fn parts(view: View<'_>, turn: &Range<usize>) -> Vec<Range<usize>> {
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

//! Tokens go in, clauses come out: where each begins and ends, who says it, whether it asks, denies or hedges.
//!
//! A clause ends with its turn, at punctuation, before a conjunction that goes on with a function word, and before a
//! subject with its verb where a sentence may have ended.

use super::pattern::{self, View};
use super::values::Kind;
use crate::confidential::Speaker;
use std::ops::Range;

pub(super) struct Clause {
    pub place: Range<usize>,
    pub turn: u16,
    pub speaker: Speaker,
    pub question: bool,
    pub negated: bool,
    pub hedged: bool,
    /// It depends on something, or the clause beside it says so.
    pub conditional: bool,
    pub past: bool,
    pub accepts: bool,
    pub rejects: bool,
}

/// The call's clauses, in order.
pub(super) fn read(view: View<'_>) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = places(view).into_iter().map(|place| judge(view, place)).collect();
    for at in 1..clauses.len() {
        let conditional = is_conditional(view, "condition", &clauses[at - 1].place);
        if conditional && clauses[at - 1].turn == clauses[at].turn {
            clauses[at].conditional = true;
        }
    }
    clauses
}

fn places(view: View<'_>) -> Vec<Range<usize>> {
    let tokens = view.tokens;
    let mut places = Vec::new();
    let mut from = 0;
    for at in 1..=tokens.len() {
        let ends = at == tokens.len() || tokens[at].turn != tokens[at - 1].turn;
        let same_value =
            at < tokens.len() && view.covered[at].is_some() && view.covered[at] == view.covered[at - 1];
        let stops = tokens[at - 1].stop
            && !same_value
            && view.covered[at - 1].is_none_or(|_| !is_ordinal(view, at - 1));
        let fresh = |at| {
            at - from >= 3
                && (starts_clause(view, at) || starts_sentence(view, at) || starts_with_time(view, at))
        };
        if ends || stops || !same_value && fresh(at) {
            places.push(from..at);
            from = at;
        }
    }
    places
}

/// "den 4. um 8 Uhr": the stop belongs to the number.
fn is_ordinal(view: View<'_>, at: usize) -> bool {
    let next = view.tokens.get(at + 1);
    view.tokens[at].is_number() && next.is_some_and(|next| next.shown.starts_with(char::is_lowercase))
}

fn starts_clause(view: View<'_>, at: usize) -> bool {
    let words = view.words();
    let token = &view.tokens[at];
    let next = view.tokens.get(at + 1).filter(|next| next.turn == token.turn);
    words.starters.contains(&token.text)
        && view.covered[at].is_none()
        && !stands_in_a_time(view, at)
        && next.is_some_and(|next| words.stop.contains(&next.text) || words.determiners.contains(&next.text))
}

/// "Thursdays then until half past six": the day and its hour stay together.
fn stands_in_a_time(view: View<'_>, at: usize) -> bool {
    let value = |at: usize| view.covered.get(at).copied().flatten().map(|index| &view.values[index].kind);
    let day = value(at - 1)
        .is_some_and(|kind| matches!(kind, Kind::Weekday(_) | Kind::Date { .. } | Kind::Relative(_)));
    day && (at + 1..at + 3)
        .any(|at| value(at).is_some_and(|kind| matches!(kind, Kind::Time { .. } | Kind::Window { .. })))
}

/// "... by two i'll tell him ...": a subject and its verb behind what may end a sentence.
fn starts_sentence(view: View<'_>, at: usize) -> bool {
    let words = view.words();
    let (token, before) = (&view.tokens[at], &view.tokens[at - 1]);
    let next = view.tokens.get(at + 1).filter(|next| next.turn == token.turn);
    let ended = view.covered[at - 1].is_some()
        || words.closers.contains(&before.text)
        || !words.stop.contains(&before.text) && !words.determiners.contains(&before.text);
    ended
        && words.subjects.contains(&token.text)
        && next.is_some_and(|next| words.auxiliaries.contains(&next.text))
}

/// "... ist zu spät am montag haben sie sie": German puts a time before its verb and that before the subject.
fn starts_with_time(view: View<'_>, at: usize) -> bool {
    let words = view.words();
    let turn = view.tokens[at].turn;
    let value = |at: usize| view.covered.get(at).copied().flatten().map(|index| &view.values[index]);
    let opens = value(at).is_none() && view.lexicon.time.date_openers.contains(&view.tokens[at].text);
    let mut next = at + usize::from(opens);
    if !opens && view.lexicon.time.date_openers.contains(&view.tokens[at - 1].text) {
        return false;
    }
    let Some(first) = value(next).filter(|value| value.from == next && value.kind.is_when()) else {
        return false;
    };
    next = first.to;
    while let Some(more) = value(next).filter(|value| value.kind.is_when()) {
        next = more.to;
    }
    let has = |at: usize, set: &std::collections::BTreeSet<String>| {
        view.tokens.get(at).is_some_and(|token| token.turn == turn && set.contains(&token.text))
    };
    has(next, &words.auxiliaries) && has(next + 1, &words.subjects)
}

/// Tokens before a clause in which the verb may stand that makes its "if" a question.
const ASKING: usize = 3;

/// Whether a condition is named; "to say if it is sorted" names none.
pub(super) fn is_conditional(view: View<'_>, cue: &str, place: &Range<usize>) -> bool {
    // The clause may begin with its "if".
    let with_verb = place.start.saturating_sub(ASKING)..place.end;
    let asked: Vec<Range<usize>> = pattern::all(view.lexicon.cue("whether"), view, &with_verb).collect();
    pattern::all(view.lexicon.cue(cue), view, place)
        .any(|hit| !asked.iter().any(|asked| pattern::meet(asked, &hit)))
}

fn judge(view: View<'_>, place: Range<usize>) -> Clause {
    let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, &place);
    let tokens = &view.tokens[place.clone()];
    let marked = tokens.last().is_some_and(|token| token.question);
    Clause {
        turn: tokens.first().map_or(0, |token| token.turn),
        speaker: tokens.first().map_or(Speaker::Caller, |token| token.speaker),
        question: marked || says("question"),
        negated: says("negation"),
        hedged: says("hedge"),
        conditional: is_conditional(view, "condition", &place),
        past: says("past"),
        accepts: says("accept"),
        rejects: says("reject"),
        place,
    }
}

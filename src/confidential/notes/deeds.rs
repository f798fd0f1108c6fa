//! Clauses go in, deeds come out: who commits to, refuses, asks for or offers which act, about what and when.
//!
//! Modality is a ladder, and doubt only moves down: a hedge makes a promise possible, a question makes it nothing.

use super::clauses::Clause;
use super::lexicon::Need;
use super::pattern::{self, Found, View};
use super::phrase;
use super::when::{self, When};
use crate::confidential::Speaker;
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// The speaker will do it.
    Commit,
    /// The speaker will not or cannot do it.
    Refuse,
    /// The speaker could do it, if the other side wants.
    Offer,
    /// It may happen.
    Possible,
    /// The other side may do it.
    Permit,
    /// The speaker asks the other side to do it.
    Ask,
    /// The speaker wants to do it.
    Want,
}

#[derive(Clone)]
pub(super) struct Deed {
    pub mode: Mode,
    /// Its place in the lexicon's acts.
    pub act: usize,
    pub clause: usize,
    pub turn: u16,
    pub speaker: Speaker,
    pub object: Option<Range<usize>>,
    /// An amount of money that the act is about, by its value.
    pub amount: Option<usize>,
    pub when: Option<When>,
    pub conditional: bool,
    pub free: bool,
    /// Turns that bear it out.
    pub evidence: Vec<u16>,
}

/// Probability of its verb below which a deed is not believed; lower believes more, and more that was misheard.
const FLOOR: f32 = 0.35;

/// Tokens between a time and the verb behind it.
const NEAR: usize = 5;

/// Every deed of the call, in order.
pub(super) fn read(view: View<'_>, clauses: &[Clause]) -> Vec<Deed> {
    let mut deeds: Vec<Deed> = Vec::new();
    for (index, clause) in clauses.iter().enumerate() {
        let Some((mode, found)) = mode_of(view, clause, deeds.last()) else { continue };
        let Some((act, from, to)) = found.act else { continue };
        if view.tokens[from].probability < FLOOR {
            continue;
        }
        let pronoun = is_pronoun(view, &clause.place, from);
        // "open an investigation": the last word of the act is no object of it.
        let mut object = object_of(view, &clause.place, from).filter(|found| !pronoun && found.end != to);
        let named =
            to > from + 1 && view.tokens[to - 1].turn == clause.turn && !view.verbs[to - 1] && !pronoun;
        if object.is_none()
            && !named
            // "Je ne peux pas l'enlever" is easily told of the wrong thing: its pronoun has a gender and no more.
            && !(pronoun && mode == Mode::Refuse && view.lexicon.elides)
            && (pronoun || view.lexicon.acts[act].object == Need::Needed)
            && view.lexicon.acts[act].object != Need::None
        {
            object = meant_before(view, clauses, index);
        }
        let amount = amount_of(view, &(from..clause.place.end)).or_else(|| {
            let own = pronoun.then(|| amount_of(view, &clause.place)).flatten();
            let before = index.checked_sub(1).map(|before| &clauses[before]).filter(|_| pronoun);
            own.or_else(|| amount_of(view, &before.filter(|before| before.turn == clause.turn)?.place))
        });
        deeds.push(Deed {
            mode,
            act,
            clause: index,
            turn: clause.turn,
            speaker: clause.speaker,
            object,
            amount,
            when: when_of(view, clauses, index, from, to),
            conditional: clause.conditional
                || !clause.speaker.is_caller() && is_held_to(view, clauses, index),
            free: pattern::any(view.lexicon.cue("free"), view, &clause.place),
            evidence: vec![clause.turn],
        });
    }
    deeds
}

fn mode_of(view: View<'_>, clause: &Clause, last: Option<&Deed>) -> Option<(Mode, Found)> {
    let find = |cue: &str| {
        let found = view.lexicon.cue(cue).iter().filter_map(|p| p.find(view, clause.place.clone()));
        found.filter(|found| found.act.is_some()).min_by_key(|found| found.from)
    };
    let caller = clause.speaker.is_caller();
    if let Some(found) = find("refuse") {
        return Some((Mode::Refuse, found));
    }
    if clause.question {
        let asked = find("ask").map(|found| (Mode::Ask, found));
        return asked.or_else(|| find("offer").map(|found| (Mode::Offer, found))).filter(|_| !clause.negated);
    }
    if clause.negated {
        return None;
    }
    if caller && let Some(found) = find("want") {
        return Some((Mode::Want, found));
    }
    for (cue, mode) in [("ask", Mode::Ask), ("possible", Mode::Possible), ("permit", Mode::Permit)] {
        let fits = mode != Mode::Permit || !caller;
        let own = |found: &Found| mode == Mode::Ask && is_own(view, clause, found);
        if let Some(found) = find(cue).filter(|found| fits && !own(found)) {
            return Some((mode, found));
        }
    }
    if !caller && let Some(found) = find("offer") {
        return Some((Mode::Offer, found));
    }
    let commit = find(if caller { "willing" } else { "commit" });
    let chained = || {
        let same = last.is_some_and(|last| last.mode == Mode::Commit && last.turn == clause.turn);
        same.then(|| find("chain")).flatten()
    };
    let found = commit.or_else(chained)?;
    // "I can do this, or we send it back": one of two is offered.
    let either = pattern::any(view.lexicon.cue("tell_or"), view, &(clause.place.start..found.to));
    let mode = match (clause.hedged, either && !caller) {
        (true, _) => Mode::Possible,
        (false, true) => Mode::Offer,
        (false, false) => Mode::Commit,
    };
    Some((mode, found))
}

/// "I'll send it, once the form is there": the clause behind begins with a condition.
fn is_held_to(view: View<'_>, clauses: &[Clause], index: usize) -> bool {
    let next = clauses.get(index + 1).filter(|next| next.turn == clauses[index].turn);
    next.is_some_and(|next| {
        let opens = next.place.start..(next.place.start + 2).min(next.place.end);
        pattern::all(view.lexicon.cue("condition"), view, &next.place).any(|hit| opens.contains(&hit.start))
    })
}

/// "You can throw it away, the reminders I stop": the verb is the speaker's own.
fn is_own(view: View<'_>, clause: &Clause, found: &Found) -> bool {
    let Some((_, from, to)) = found.act else { return false };
    let caller = clause.speaker.is_caller();
    let (cue, back) = if caller { ("tell_will", 3) } else { ("tell_commit", 1) };
    let near = from.saturating_sub(back).max(clause.place.start)..(to + 1).min(clause.place.end);
    pattern::any(view.lexicon.cue(cue), view, &near)
}

/// "credit seventeen euros".
fn amount_of(view: View<'_>, place: &Range<usize>) -> Option<usize> {
    super::values::within(view.values, place)
        .find(|&index| matches!(view.values[index].kind, super::values::Kind::Amount { .. }))
}

/// "send me that", "order it": the object was named before.
fn is_pronoun(view: View<'_>, place: &Range<usize>, from: usize) -> bool {
    let after = from + 1..(from + 3).min(place.end);
    // "je vous l'envoie": what would be an article is a pronoun right before the verb.
    let before = from.checked_sub(1).filter(|at| place.contains(at) && view.lexicon.elides);
    let clitic = before.is_some_and(|at| view.words().determiners.contains(&view.tokens[at].text));
    clitic
        || after.clone().any(|at| {
            let next_is_content = at + 1 < place.end && phrase::is_content(view, at + 1);
            view.words().pronouns.contains(&view.tokens[at].text) && !next_is_content
        })
}

/// The noun phrase beside the verb: after it, or, where the verb stands late, before it.
fn object_of(view: View<'_>, place: &Range<usize>, from: usize) -> Option<Range<usize>> {
    // The act's own words may hold its object ("schicke" ... "raus"), so the search begins after its first word.
    let channels = ["channel_email", "channel_text", "channel_post"].map(|cue| view.lexicon.cue(cue));
    let is_channel = |phrase: &Range<usize>| {
        let near = phrase.start.saturating_sub(1).max(place.start)..phrase.end;
        channels.iter().any(|cue| pattern::any(cue, view, &near))
    };
    let after = phrases(view, &(from + 1..place.end)).into_iter().find(|phrase| !is_channel(phrase));
    let before = phrases(view, &(place.start..from)).into_iter().last();
    let determined = |phrase: &Option<Range<usize>>| {
        phrase.as_ref().is_some_and(|p| view.words().determiners.contains(&view.tokens[p.start].text))
    };
    if !determined(&after) && determined(&before) {
        return before;
    }
    after.or(before)
}

/// The noun phrases of a place, in order.
pub(super) fn phrases(view: View<'_>, place: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = place.start;
    while at < place.end {
        match phrase::at(view, place, at) {
            Some(phrase) => {
                at = phrase.end;
                found.push(phrase);
            }
            None => at += 1,
        }
    }
    found
}

/// "it", "that": what was spoken of last, by whom ever, within three clauses.
fn meant_before(view: View<'_>, clauses: &[Clause], index: usize) -> Option<Range<usize>> {
    let before = clauses[..index].iter().rev().take(6);
    before.filter(|clause| clauses[index].turn - clause.turn <= 2).find_map(|clause| {
        let named = |phrase: &Range<usize>| {
            let determined = view.words().determiners.contains(&view.tokens[phrase.start].text);
            determined && phrase.clone().any(|at| view.words().nouns.contains(&view.tokens[at].text))
        };
        phrases(view, &clause.place).into_iter().rev().find(named)
    })
}

/// When it will be: after the verb, in the next clause of the same turn, or before the verb.
fn when_of(view: View<'_>, clauses: &[Clause], index: usize, from: usize, to: usize) -> Option<When> {
    let clause = &clauses[index];
    let usable = |when: &When| when.bound.is_some() || when.duration.is_none();
    // "They go out today, you should have them on Thursday": the time within the act's own words.
    let within = when::read(view, &(from..to)).into_iter().find(usable);
    let (before, after): (Vec<When>, Vec<When>) = when::read(view, &clause.place)
        .into_iter()
        .filter(usable)
        .partition(|when| when.values.first().is_some_and(|&value| view.values[value].from < to));
    if let Some(own) = within {
        // "... back today, by four o'clock".
        let hour = after.into_iter().next().filter(|when| when.day.is_none() && own.time.is_none());
        return Some(hour.map_or(own.clone(), |hour| own.with_hour(&hour)));
    }
    after
        .into_iter()
        .next()
        .or_else(|| {
            let next = clauses.get(index + 1).filter(|next| next.turn == clause.turn && !next.question)?;
            let soon = |when: &When| {
                when.values.first().is_some_and(|&value| view.values[value].from <= next.place.start + 6)
            };
            when::read(view, &next.place).into_iter().find(|when| usable(when) && soon(when))
        })
        .or_else(|| {
            // "It is a quarter to eight, the letter was wrong, we send a new one": a time far before is another's.
            let end = |when: &When| when.values.iter().map(|&value| view.values[value].to).max();
            before.into_iter().next_back().filter(|when| end(when).is_none_or(|end| from <= end + NEAR))
        })
}

//! Tokens go in, whether somebody objects to the summary comes out.
//!
//! A matcher of its own, tuned for recall: doubt protects. It needs the thing (summary, recording, a machine that
//! writes) and a refusal near it, or a refusal that points back at the thing. Asking about it, not minding it and
//! telling what somebody else said are none.

use super::Objection;
use super::pattern::{self, View};
use super::tokens::turns;
use std::ops::Range;

/// Tokens between the thing and the refusal; more finds more and errs more.
const NEAR: usize = 14;

/// Turns over which "I don't want that" may point back at the thing.
const BACK: u16 = 3;

/// Tokens between a thing ("that gadget") and what makes it the summary ("the call").
const BESIDE: usize = 8;

/// Tokens before a refusal in which its owner is looked for.
const OWNER: usize = 7;

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
    /// Whether the sentence before asked about something else.
    elsewhere: bool,
}

/// The first objection of the call, or the first suspicion of one.
pub(super) fn find(view: View<'_>) -> Hit {
    let mut suspected: Option<u16> = None;
    let mut before = Before::default();
    let turns = turns(view.tokens);
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
    let part = Part { view, place: part.clone(), caller: view.tokens[part.start].speaker.is_caller() };
    let back = before.spoken_of.is_some_and(|said| number - said <= BACK);
    let subjects = part.subjects(back);
    let refusals = part.refusals();
    let none = part.is_excused(&refusals);
    let question = is_question(view, &part.place);
    let offers = offers(view, &part.place, part.caller);
    let explains = !part.caller && part.says("objection_explain");
    if !explains && !offers && !question && direct(view, &part) {
        return Objection::Heard;
    }
    let mut doubt = false;
    if !subjects.is_empty() {
        if offers {
            before.offered = Some((number, part.caller));
        }
        let bare = part.caller && beside(&part.own("objection_bare"), &part.named("objection_subject"));
        if (bare || beside(&refusals, &subjects)) && !none && !offers && !explains {
            if !question && !part.is_taken_back(turn) {
                return Objection::Heard;
            }
            doubt = true;
        } else if part.says("objection_weak") && !none {
            doubt = true;
        }
    }
    let elsewhere = before.elsewhere && before.spoken_of != Some(number);
    let open = back && !elsewhere;
    // "It writes all of it down? I don't want that", without a mark between the sentences.
    let named = subjects.iter().map(|subject| subject.end).min();
    let from = if open { Some(part.place.start) } else { named };
    let points = part.caller
        && from.is_some_and(|from| part.own("objection_back").iter().any(|hit| hit.start >= from));
    let excused = none || part.is_taken_back(turn) || consents(view, turn, &part.place, before);
    if points && !offers && !explains && !question && !excused {
        return Objection::Heard;
    }
    if answers(view, turn, &part.place, before) && !none {
        return Objection::Heard;
    }
    if part.says("objection_deliver") {
        before.spoken_of = None;
    } else if !subjects.is_empty() {
        before.spoken_of = Some(number);
    }
    if !part.caller && before.spoken_of == Some(number) {
        if part.says("objection_mind") {
            before.minds = Some(number);
        } else if part.says("objection_agreed") {
            before.asked = Some(number);
        }
    }
    let marked = view.tokens[part.place.clone()].last().is_some_and(|token| token.question);
    before.elsewhere = marked && before.spoken_of != Some(number);
    if doubt { Objection::Suspected } else { Objection::None }
}

/// Whether an agent acts at once on what the caller said of the summary ("I've switched it off"): words may be lost.
fn granted(view: View<'_>, raised: &Range<usize>, turn: &Range<usize>) -> bool {
    let by_caller = |turn: &Range<usize>| view.tokens[turn.start].speaker.is_caller();
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    by_caller(raised)
        && !by_caller(turn)
        && says("objection_granted", turn)
        // "It is only a few lines, nothing is recorded" answers a question.
        && !says("objection_explain", turn)
        && says("objection_subject", raised)
        && !says("objection_none", raised)
}

/// A sentence of a turn, or the whole turn where none is marked.
struct Part<'a> {
    view: View<'a>,
    place: Range<usize>,
    caller: bool,
}

impl Part<'_> {
    fn says(&self, cue: &str) -> bool {
        pattern::any(self.view.lexicon.cue(cue), self.view, &self.place)
    }

    fn hits(&self, cue: &str) -> Vec<Range<usize>> {
        pattern::all(self.view.lexicon.cue(cue), self.view, &self.place).collect()
    }

    /// Where the summary, or what makes it, is named: by itself, or by a thing ("that gadget") that is the one when
    /// the call is named beside it or the summary was spoken of just before.
    fn subjects(&self, spoken_of: bool) -> Vec<Range<usize>> {
        let mut subjects = self.named("objection_subject");
        let calls = self.hits("objection_call");
        let is_one = |thing: &Range<usize>| {
            spoken_of || calls.iter().any(|call| call != thing && distance(call, thing) <= BESIDE)
        };
        subjects.extend(self.named("objection_thing").into_iter().filter(is_one));
        subjects
    }

    /// Where a cue names the summary and nothing else ("the summary on the invoice").
    fn named(&self, cue: &str) -> Vec<Range<usize>> {
        let others = self.hits("objection_else");
        let mut hits = self.hits(cue);
        hits.retain(|hit| !others.iter().any(|other| pattern::meet(other, hit)));
        hits
    }

    /// Refusals of the caller's own; of anybody on the call, where an agent speaks.
    fn refusals(&self) -> Vec<Range<usize>> {
        let mut refusals = self.own("objection_refuse");
        refusals.extend(self.own(if self.caller { "objection_refuse_caller" } else { "objection_confirm" }));
        refusals
    }

    fn own(&self, cue: &str) -> Vec<Range<usize>> {
        let mut hits = self.hits(cue);
        hits.retain(|hit| !self.is_of_others(hit));
        hits
    }

    /// Whether somebody who is not on the call refuses: the person named in the refusal, or nearest before it.
    fn is_of_others(&self, refusal: &Range<usize>) -> bool {
        if !self.caller {
            return self.says("objection_people");
        }
        let place = refusal.start.saturating_sub(OWNER).max(self.place.start)..refusal.end;
        let last = |cue: &str| {
            let hits = pattern::all(self.view.lexicon.cue(cue), self.view, &place);
            hits.map(|hit| hit.start).max()
        };
        let (me, they) = (last("objection_me"), last("objection_they"));
        they.is_some() && they > me && !self.says("objection_present")
    }

    /// Not minding it, or something else that takes the refusal away: unless the refusal comes after a "but".
    fn is_excused(&self, refusals: &[Range<usize>]) -> bool {
        let Some(last) = self.hits("objection_none").iter().map(|excuse| excuse.end).max() else {
            return false;
        };
        let buts = self.hits("objection_but");
        let after = buts.iter().filter(|but| but.start >= last).map(|but| but.start).min();
        let refused = after.is_some_and(|but| refusals.iter().any(|refusal| refusal.start >= but));
        !refused && !self.says("objection_despite")
    }

    /// "I didn't want it at first. Now I don't mind."
    fn is_taken_back(&self, turn: &Range<usize>) -> bool {
        let rest = Part { view: self.view, place: self.place.end..turn.end, caller: self.caller };
        rest.says("objection_settled")
    }
}

/// Tokens between two places; none when they overlap or touch.
pub(super) fn distance(one: &Range<usize>, other: &Range<usize>) -> usize {
    one.start.saturating_sub(other.end).max(other.start.saturating_sub(one.end))
}

/// Whether a refusal stands near a subject.
fn beside(refusals: &[Range<usize>], subjects: &[Range<usize>]) -> bool {
    refusals.iter().any(|refusal| subjects.iter().any(|subject| distance(subject, refusal) <= NEAR))
}

/// Thing and refusal in one, and nothing beside it that says otherwise.
fn direct(view: View<'_>, part: &Part<'_>) -> bool {
    let despite = part.says("objection_despite");
    let others = part.hits("objection_else");
    pattern::all(view.lexicon.cue("objection_direct"), view, &part.place).any(|hit| {
        let of_else = others.iter().any(|other| pattern::meet(other, &hit));
        let end = (hit.end + EXCUSE).min(part.place.end);
        let beside = hit.start.saturating_sub(EXCUSE).max(part.place.start)..end;
        let excused = !despite && pattern::any(view.lexicon.cue("objection_none"), view, &beside);
        !excused && !of_else && !part.is_of_others(&hit)
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
        || first && last(before.minds) && (says("accept") && !says("negation") || says("objection_minds"))
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
    let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, part);
    let marked = view.tokens[part.clone()].last().is_some_and(|token| token.question);
    (marked && !says("objection_direct") || says("question")) && !says("objection_demand")
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

//! Times proposed, accepted, rejected and corrected go in; the appointments that stand come out, with a dead list.
//!
//! The last accepted time stands. What was rejected or corrected is dead: the guard bans it from appointments.

use super::clauses::Clause;
use super::pattern::{self, View};
use super::values::Kind;
use super::when::{self, When};
use std::ops::Range;

pub(super) struct Appointment {
    pub when: When,
    pub evidence: Vec<u16>,
    /// The clause in which it was accepted.
    pub clause: usize,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub appointments: Vec<Appointment>,
    /// Days and times that were proposed and fell.
    pub dead: Vec<Kind>,
}

/// A time that waits for the other side.
struct Proposal {
    when: When,
    turn: u16,
    by_caller: bool,
    /// Whether it was put as a question or a wish; what a caller merely tells is no proposal.
    asked: bool,
    limit: bool,
    /// Whether the agent was to look first.
    checks: bool,
    /// Whether the agent promised nothing.
    guess: bool,
    /// Whether it was put as a change of mind.
    anew: bool,
    /// Whether the other side has taken it up: another day, named later, is another matter's.
    taken: bool,
}

/// Its place in every lexicon's relative days.
const YESTERDAY: u8 = 3;

/// Turns within which another day may replace the one agreed.
const SOON: u16 = 3;

/// Turns after which another time of an agreed day is no change of it, unless it is said to be one.
const LATE: u16 = 8;

/// Turns that a proposal waits for its answer.
const PATIENCE: u16 = 3;

pub(super) fn read(view: View<'_>, clauses: &[Clause]) -> Ledger {
    let mut ledger = Ledger::default();
    let mut open: Option<Proposal> = None;
    for turn in turns(clauses) {
        let place = clauses[turn.start].place.start..clauses[turn.end - 1].place.end;
        let number = clauses[turn.start].turn;
        let by_caller = clauses[turn.start].speaker.is_caller();
        if open.as_ref().is_some_and(|open| number - open.turn > PATIENCE) {
            open = None;
        }
        let denies = clauses[turn.clone()].iter().any(|clause| clause.negated);
        for clause in &clauses[turn.clone()] {
            let off = clause.negated && !clause.question && !by_caller && !clause.accepts;
            if pattern::any(view.lexicon.cue("tell_gone"), view, &clause.place) {
                take_away(view, &clause.place, &mut ledger);
            } else if off {
                cancel(view, &clause.place, &mut ledger);
            }
        }
        let checks = pattern::any(view.lexicon.cue("tell_check"), view, &place);
        let guess = !by_caller && pattern::any(view.lexicon.cue("tell_guess"), view, &place);
        let renews = pattern::any(view.lexicon.cue("tell_anew"), view, &place);
        let anew = renews || open.as_ref().is_some_and(|open| open.anew);
        let (said, taken_back) = in_turn(view, &place, &mut ledger.dead);
        let accepts = clauses[turn.clone()].iter().any(|clause| clause.accepts);
        // The last word counts: "yes, that should ... no, wait, on Tuesday I am away".
        let last = |says: fn(&Clause) -> bool| clauses[turn.clone()].iter().rposition(says);
        let (accept_at, reject_at) = (last(|clause| clause.accepts), last(|clause| clause.rejects));
        let rejects = reject_at.is_some() && reject_at > accept_at;
        let past = clauses[turn.clone()].iter().all(|clause| clause.past);
        let asks = clauses[turn.clone()].iter().any(|clause| clause.question);
        if taken_back {
            open = None;
            continue;
        }
        let asked = asks || clauses[turn.clone()].iter().any(|clause| clause.hedged);
        match (said, &open) {
            (None, Some(proposal)) if proposal.by_caller != by_caller => {
                if rejects {
                    kill(&mut ledger.dead, &proposal.when);
                    open = None;
                } else if accepts
                    && !asks
                    && !proposal.limit
                    && !proposal.checks
                    && !proposal.guess
                    && (proposal.asked || !proposal.by_caller)
                    && is_appointment(view, &proposal.when, &place)
                {
                    let evidence = vec![proposal.turn, number];
                    let when = proposal.when.clone();
                    settle(&mut ledger, Appointment { when, evidence, clause: turn.start }, anew);
                    open = None;
                }
            }
            (Some(when), Some(proposal)) if proposal.by_caller != by_caller => {
                let when = taken_up(view, &place, &proposal.when).unwrap_or(when);
                let same = shares_a_value(&when, &proposal.when);
                let whole = if proposal.limit { when.clone() } else { when.completed_by(&proposal.when) };
                let fell = other_day(&when, &proposal.when);
                let limit = when.is_limit(view.lexicon) || proposal.limit && when.time.is_none();
                if fell && !proposal.taken {
                    kill(&mut ledger.dead, &proposal.when);
                }
                // "The nineteenth: there is the evening at half past seven" is an offer, no agreement.
                let more = when.time.is_some() && when.time != proposal.when.time;
                // A time that the caller adds waits for the agent's word.
                let waits = more && (asks || by_caller && proposal.when.time.is_none());
                let troubled = !accepts && pattern::any(view.lexicon.cue("tell_issue"), view, &place);
                let agreed = !fell
                    && !rejects
                    && !proposal.guess
                    && (accepts && !waits || same && !more && !asks && !denies && !troubled);
                if agreed && !limit && is_appointment(view, &whole, &place) {
                    let evidence = vec![proposal.turn, number];
                    settle(
                        &mut ledger,
                        Appointment { when: whole.clone(), evidence, clause: turn.start },
                        anew,
                    );
                }
                open = Some(Proposal {
                    when: whole,
                    turn: number,
                    by_caller,
                    asked,
                    limit,
                    anew: renews,
                    checks,
                    guess,
                    taken: same && !fell && !rejects && !asks && !denies,
                });
            }
            (Some(when), earlier) => {
                let whole = earlier
                    .as_ref()
                    .filter(|open| !open.limit)
                    .map_or_else(|| when.clone(), |open| when.completed_by(&open.when));
                let limit = when.is_limit(view.lexicon) || when.habitual || past;
                open = Some(Proposal {
                    when: whole,
                    turn: number,
                    by_caller,
                    asked,
                    limit,
                    anew: renews,
                    checks,
                    guess,
                    taken: false,
                });
            }
            _ => {}
        }
    }
    let standing: Vec<Kind> = ledger.appointments.iter().flat_map(|a| kinds(&a.when)).collect();
    ledger.dead.retain(|dead| !standing.iter().any(|kind| when::same_day(kind, dead)));
    ledger
}

/// The clauses of each turn.
pub(super) fn turns(clauses: &[Clause]) -> Vec<Range<usize>> {
    let mut turns: Vec<Range<usize>> = Vec::new();
    for (index, clause) in clauses.iter().enumerate() {
        match turns.last_mut() {
            Some(last) if clauses[last.start].turn == clause.turn => last.end = index + 1,
            _ => turns.push(index..index + 1),
        }
    }
    turns
}

/// The time that stands at the end of a turn: of two days the later one, and what a correction left; whether a
/// correction took it back. One that brings nothing new ("no, wait, Wednesday he is taken ...") leaves nothing.
fn in_turn(view: View<'_>, place: &Range<usize>, dead: &mut Vec<Kind>) -> (Option<When>, bool) {
    let mut standing: Option<When> = None;
    let mut renewed = false;
    let corrected_at = pattern::first(view.lexicon.cue("correction"), view, place).map(|found| found.from);
    for when in when::read(view, place) {
        if when.day.is_none() && when.time.is_none() {
            continue;
        }
        let starts = first_token(view, &when);
        // "Missing since Monday" proposes nothing.
        let before = starts.saturating_sub(2).max(place.start)..starts;
        let behind = |cue| pattern::all(view.lexicon.cue(cue), view, &before).any(|hit| hit.end == starts);
        // Nor does "not tomorrow".
        if pattern::any(view.lexicon.cue("tell_since"), view, &before) || behind("tell_not") {
            continue;
        }
        let Some(earlier) = standing.take() else {
            standing = Some(when);
            continue;
        };
        let corrected = corrected_at.is_some_and(|at| at <= starts && at >= first_token(view, &earlier));
        if other_day(&when, &earlier) || corrected && clashes(&when, &earlier) {
            renewed = true;
            // "Bring it on Thursday, he comes on Friday": two days stand beside each other unless one is taken back.
            let between = first_token(view, &earlier)..starts;
            let falls = |cue| pattern::any(view.lexicon.cue(cue), view, &between);
            if !corrected && !["negation", "tell_refuse", "tell_gone"].into_iter().any(falls) {
                standing = Some(when.completed_by(&earlier));
                continue;
            }
            dead.extend(kinds(&earlier).into_iter().filter(|kind| !kinds(&when).contains(kind)));
        }
        standing = Some(when.completed_by(&earlier));
    }
    let Some(whole) = standing else { return (None, false) };
    let taken_back = corrected_at.is_some_and(|at| at > first_token(view, &whole) && !renewed);
    if taken_back {
        kill(dead, &whole);
    }
    ((!taken_back).then_some(whole), taken_back)
}

/// "Friday noon, that fits; and will it be ready by the twentieth?": the day that was proposed, taken up before another
/// is named.
fn taken_up(view: View<'_>, place: &Range<usize>, proposed: &When) -> Option<When> {
    let mut said = when::read(view, place).into_iter().filter(|when| when.day.is_some());
    let same = |when: &When| matches!((&when.day, &proposed.day), (Some(a), Some(b)) if when::same_day(a, b));
    let first = said.next().filter(same)?;
    let next = said.find(|when| !same(when))?;
    let between = first_token(view, &first)..first_token(view, &next);
    let says = |cue| pattern::any(view.lexicon.cue(cue), view, &between);
    let moves = ["negation", "reject", "correction", "hedge"].into_iter().any(says);
    (says("accept") && !moves).then_some(first)
}

fn first_token(view: View<'_>, when: &When) -> usize {
    when.values.iter().map(|&index| view.values[index].from).min().unwrap_or(0)
}

fn clashes(a: &When, b: &When) -> bool {
    a.time.is_some() && b.time.is_some() && a.time != b.time || other_day(a, b)
}

fn other_day(a: &When, b: &When) -> bool {
    matches!((&a.day, &b.day), (Some(a), Some(b)) if !when::same_day(a, b))
}

fn shares_a_value(a: &When, b: &When) -> bool {
    let day = matches!((&a.day, &b.day), (Some(a), Some(b)) if when::same_day(a, b));
    let time = a.time.is_some() && a.time == b.time;
    day || time
}

pub(super) fn kinds(when: &When) -> Vec<Kind> {
    [&when.day, &when.end, &when.time].into_iter().flatten().cloned().collect()
}

/// "The eleven o'clock is full": its times are dead, and what was agreed for them.
fn take_away(view: View<'_>, place: &Range<usize>, ledger: &mut Ledger) {
    when::read(view, place).iter().for_each(|when| kill(&mut ledger.dead, when));
    cancel(view, place, ledger);
}

/// "At eleven he cannot": what was agreed for that time falls.
fn cancel(view: View<'_>, place: &Range<usize>, ledger: &mut Ledger) {
    for time in when::read(view, place).into_iter().filter_map(|when| when.time) {
        ledger.appointments.retain(|old| old.when.time.as_ref() != Some(&time));
    }
}

fn kill(dead: &mut Vec<Kind>, when: &When) {
    dead.extend(kinds(when));
}

/// A time of day, or somebody who comes, makes a day an appointment.
fn is_appointment(view: View<'_>, when: &When, place: &Range<usize>) -> bool {
    // "Yesterday" is none, however much it is agreed upon.
    if when.day.is_none() || when.habitual || when.day == Some(Kind::Relative(YESTERDAY)) {
        return false;
    }
    let around = place.start.saturating_sub(20)..place.end;
    let comes = || {
        let mut near = view.tokens[around.clone()].iter();
        near.any(|token| {
            view.lexicon.visits.iter().any(|v| v.person && v.stems.iter().any(|s| s.fits(&token.text)))
        })
    };
    matches!(when.day, Some(Kind::Weekday(_) | Kind::Date { .. } | Kind::Relative(_)))
        && (when.time.is_some() || when.part.is_some() || when.end.is_some() || comes())
}

/// A later appointment on the same day replaces the earlier; one that only adds a time completes it. One of another
/// day replaces what was agreed just before when it was proposed `anew` ("wait, ...").
fn settle(ledger: &mut Ledger, new: Appointment, anew: bool) {
    let same = ledger
        .appointments
        .iter_mut()
        .find(|old| matches!((&old.when.day, &new.when.day), (Some(a), Some(b)) if when::same_day(a, b)));
    match same {
        Some(old) => {
            let other = old.when.time.is_some() && new.when.time.is_some() && old.when.time != new.when.time;
            // "That Saturday at seven, in the foyer, it is free": much later, something else on the same day.
            let since = new.evidence.iter().min().zip(old.evidence.iter().max());
            let late = since.is_some_and(|(new, old)| new.saturating_sub(*old) > LATE);
            if other && late && !anew {
                return;
            }
            if other {
                ledger.dead.extend(old.when.time.clone());
            }
            old.when = new.when.completed_by(&old.when);
            old.evidence.extend(new.evidence);
            old.clause = new.clause;
        }
        None => {
            let (first, last) =
                (new.evidence.iter().min().copied(), |old: &Appointment| old.evidence.iter().max().copied());
            let soon = |old: &Appointment| {
                first
                    .zip(last(old))
                    .is_some_and(|(first, last)| first.saturating_sub(last) <= SOON && first > 0)
            };
            let replaced =
                ledger.appointments.iter().position(|old| anew && soon(old) && old.when.end.is_none());
            if let Some(at) = replaced {
                let old = ledger.appointments.remove(at);
                kill(&mut ledger.dead, &old.when);
            }
            ledger.appointments.push(new);
        }
    }
}

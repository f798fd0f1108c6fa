//! Tokens go in, requests not to be contacted come out: which channels, for what, whose number.
//!
//! A matcher of its own. Advertising unless the caller clearly wants no contact for whatever reason; every channel
//! that is named, all where none is; a channel left open is not in it. Reports about others are no requests.

use super::objection;
use super::pattern::{self, Pattern, View};
use super::values::Kind;
use crate::border::{Channels, Digits, DoNotContact, Purpose, WhoseNumber};
use std::ops::Range;

/// Where a request was heard, and which channels (calls, SMS, e-mail, letters) were left open.
pub(super) struct Heard {
    pub turns: Vec<u16>,
    pub kept: [bool; 4],
}

/// At most this many requests of one call.
const MOST: usize = 2;

const CHANNELS: [&str; 4] = ["contact_calls", "contact_sms", "contact_email", "contact_letters"];

pub(super) fn find(view: View<'_>) -> Vec<(DoNotContact, Heard)> {
    let turns = objection::turns(view);
    let mut found: Vec<(DoNotContact, Heard)> = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        if !view.tokens[turn.start].speaker.is_caller() || found.len() >= MOST {
            continue;
        }
        let Some(asked) = request_in(view, &turns, index) else { continue };
        let (request, heard) = detail(view, &turns, index, &asked);
        match found.iter_mut().find(|(other, _)| other.number == request.number) {
            Some((other, earlier)) => merge(other, earlier, request, heard),
            None => found.push((request, heard)),
        }
    }
    found
}

/// The place of a request in a caller's turn.
fn request_in(view: View<'_>, turns: &[Range<usize>], index: usize) -> Option<Range<usize>> {
    let turn = &turns[index];
    let stop = pattern::first(view.lexicon.cue("contact_stop"), view, turn);
    let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, turn);
    if let Some(hit) = stop {
        let excused = says("contact_not") || says("contact_other") && !says("contact_behalf");
        return (!excused && !is_question(view, turn)).then(|| reach(view, turn, hit.from..hit.to));
    }
    let before = index.checked_sub(1).map(|before| &turns[before])?;
    let offered = !view.tokens[before.start].speaker.is_caller()
        && pattern::any(view.lexicon.cue("contact_offer"), view, before)
        && CHANNELS
            .iter()
            .chain(&["contact_all"])
            .any(|cue| pattern::any(view.lexicon.cue(cue), view, before));
    let yes = says("accept") && !says("contact_other") && !says("negation") && turn.len() <= 12;
    (offered && yes).then(|| turn.clone())
}

/// How far a request reaches for its channels: a few words when its verb names one, the turn otherwise.
fn reach(view: View<'_>, turn: &Range<usize>, hit: Range<usize>) -> Range<usize> {
    let named = CHANNELS.iter().any(|cue| pattern::any(view.lexicon.cue(cue), view, &hit));
    let end = if named { (hit.end + 2).min(turn.end) } else { turn.end };
    hit.start..end
}

fn is_question(view: View<'_>, turn: &Range<usize>) -> bool {
    let marked = view.tokens[turn.clone()].iter().any(|token| token.question);
    let stops = view.tokens[turn.clone()].iter().filter(|token| token.stop).count();
    marked && stops <= 1
}

fn detail(
    view: View<'_>,
    turns: &[Range<usize>],
    index: usize,
    asked: &Range<usize>,
) -> (DoNotContact, Heard) {
    let turn = &turns[index];
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    // What is left open may be said in the caller's next turns, too.
    let later: Vec<&Range<usize>> =
        turns[index..].iter().take(4).filter(|turn| view.tokens[turn.start].speaker.is_caller()).collect();
    let kept = CHANNELS.map(|cue| later.iter().any(|turn| keeps(view, view.lexicon.cue(cue), turn)));
    let mut named = CHANNELS.map(|cue| says(cue, asked) || denied(view, view.lexicon.cue(cue), turn));
    if !named.iter().any(|named| *named) || named.iter().zip(kept).all(|(named, kept)| !named || kept) {
        named = CHANNELS.map(|cue| says(cue, turn));
    }
    let all = says("contact_all", asked);
    if !named.iter().any(|named| *named) && !all && index > 0 {
        named = CHANNELS.map(|cue| says(cue, &turns[index - 1]));
    }
    let mut open = [false; 4];
    for channel in 0..4 {
        open[channel] = named[channel] && !kept[channel];
    }
    if !open.iter().any(|open| *open) {
        open = kept.map(|kept| !kept);
    }
    let channels = Channels { calls: open[0], sms: open[1], email: open[2], letters: open[3] };
    let everything = says("contact_everything", turn) && !says("contact_advertising", turn);
    let purpose = if everything { Purpose::Everything } else { Purpose::Advertising };
    let number = named_number(view, turns, index);
    let numbers: Vec<u16> = vec![view.tokens[turn.start].turn];
    (DoNotContact { channels, purpose, number }, Heard { turns: numbers, kept })
}

fn keeps(view: View<'_>, channel: &[Pattern], turn: &Range<usize>) -> bool {
    let view = View { channel, ..view };
    view.lexicon.cue("contact_keep").iter().any(|pattern| {
        pattern
            .find(view, turn.clone())
            .map(|hit| hit.from.saturating_sub(2).max(turn.start)..hit.to)
            .is_some_and(|place| !pattern::any(view.lexicon.cue("negation"), view, &place))
    })
}

/// "No calls and no texts": a channel with a negation or an "and" right before it.
fn denied(view: View<'_>, channel: &[Pattern], turn: &Range<usize>) -> bool {
    turn.clone().any(|at| {
        let named = channel.iter().any(|pattern| pattern.at(view, turn, at).is_some());
        let before = at.saturating_sub(2).max(turn.start)..at;
        let joined = at > turn.start
            && view.lexicon.cue("joined").iter().any(|p| p.find(view, before.clone()).is_some());
        named && (joined || pattern::any(view.lexicon.cue("negation"), view, &before))
    })
}

/// Somebody else's number, where the request is made for somebody else and a number is said.
fn named_number(view: View<'_>, turns: &[Range<usize>], index: usize) -> WhoseNumber {
    let until = turns[(index + 3).min(turns.len() - 1)].end;
    let from = turns[index.saturating_sub(2)].start;
    let behalf = pattern::any(view.lexicon.cue("contact_behalf"), view, &(from..until));
    let mut near = view.values.iter().filter(|value| value.from >= from && value.to <= until);
    let digits = near.find_map(|value| match &value.kind {
        Kind::Digits(text) if text.len() >= 6 => Digits::new(text),
        _ => None,
    });
    match digits {
        Some(digits) if behalf => WhoseNumber::Named(digits),
        _ => WhoseNumber::Caller,
    }
}

fn merge(other: &mut DoNotContact, earlier: &mut Heard, request: DoNotContact, heard: Heard) {
    other.channels.calls |= request.channels.calls && !earlier.kept[0];
    other.channels.sms |= request.channels.sms && !earlier.kept[1];
    other.channels.email |= request.channels.email && !earlier.kept[2];
    other.channels.letters |= request.channels.letters && !earlier.kept[3];
    if request.purpose == Purpose::Everything {
        other.purpose = Purpose::Everything;
    }
    earlier.turns.extend(heard.turns);
}

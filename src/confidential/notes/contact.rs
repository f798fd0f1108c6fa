//! Tokens go in, requests not to be contacted come out: which channels, for what, whose number.
//!
//! A matcher of its own. Advertising unless the caller clearly wants no contact for whatever reason; every channel
//! that is named, all where none is; a channel left open is not in it. Reports about others are no requests.

use super::objection::parts;
use super::pattern::{self, Pattern, View};
use super::tokens::turns;
use super::values::Kind;
use crate::border::{Channels, Digits, DoNotContact, Purpose, WhoseNumber};
use std::ops::Range;

/// Where a request was heard, and which channels (calls, SMS, e-mail, letters) were left open.
pub(super) struct Heard {
    pub turns: Vec<u16>,
    pub kept: [bool; 4],
}

/// A stop: its own words, and the words around it that may say more of it.
struct Stop {
    hit: Range<usize>,
    near: Range<usize>,
    /// Whether it is about somebody else.
    of_others: bool,
}

/// At most this many requests of one call.
const MOST: usize = 2;

/// Tokens around a stop in which something may say that it is none.
const EXCUSE: usize = 12;

/// The same, for what only a few words can say.
const BESIDE: usize = 5;

/// Tokens before a stop in which its owner is looked for.
const OWNER: usize = 6;

/// Tokens around a stop in which its channels are looked for.
const REACH: usize = 14;

/// Turns within which what is granted belongs to a request made before.
const ANSWERED: u16 = 4;

/// Tokens between two channels of one list.
const LISTED: usize = 6;

/// A sentence of more tokens was not marked as one.
const LONG: usize = 30;

/// Digits of a telephone number that nobody announces as one.
const LINE: usize = 9;

const CHANNELS: [&str; 4] = ["contact_calls", "contact_sms", "contact_email", "contact_letters"];

pub(super) fn find(view: View<'_>) -> Vec<(DoNotContact, Heard)> {
    let turns = turns(view.tokens);
    let mut found: Vec<(DoNotContact, Heard)> = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        if !view.tokens[turn.start].speaker.is_caller() || found.len() >= MOST {
            continue;
        }
        let Some(asked) = request_in(view, &turns, index) else { continue };
        // "Only the calls": says more of what was just asked for somebody else.
        let granted = asked.iter().all(|stop| stop.hit == *turn);
        let now = view.tokens[turn.start].turn;
        let answers = |(other, heard): &(DoNotContact, Heard)| {
            other.number != WhoseNumber::Caller
                && heard.turns.iter().any(|&then| now > then && now - then <= ANSWERED)
        };
        if granted && found.iter().any(answers) {
            continue;
        }
        let (request, heard) = detail(view, &turns, index, &asked);
        // "You may write to her, only don't ring": whose it is was said before, and nobody else is named.
        let own = pattern::any(view.lexicon.cue("contact_me"), view, turn);
        if request.number == WhoseNumber::Caller && !own && found.iter().any(answers) {
            continue;
        }
        match found.iter_mut().find(|(other, _)| other.number == request.number) {
            Some((other, earlier)) => merge(other, earlier, request, heard),
            None => found.push((request, heard)),
        }
    }
    found
}

/// The places of a request in a caller's turn; empty when there is none.
fn request_in(view: View<'_>, turns: &[Range<usize>], index: usize) -> Option<Vec<Stop>> {
    let turn = &turns[index];
    let (stops, others) = stops(view, turns, index);
    if !stops.is_empty() {
        let reported = relayed(view, turns, index);
        return (!reported).then_some(stops);
    }
    // Somebody else's request needs that person's number.
    if !others.is_empty() && named_number(view, turns, index, true) != WhoseNumber::Caller {
        return Some(others);
    }
    let asked = accepted(view, turns, index) || granted(view, turns, index);
    asked.then(|| vec![Stop { hit: turn.clone(), near: turn.clone(), of_others: false }])
}

/// "Shall I take you off the list?" "Yes, please."
fn accepted(view: View<'_>, turns: &[Range<usize>], index: usize) -> bool {
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    let turn = &turns[index];
    let offered = index.checked_sub(1).map(|before| &turns[before]).is_some_and(|before| {
        !view.tokens[before.start].speaker.is_caller()
            && says("contact_offer", before)
            && CHANNELS.iter().chain(&["contact_all"]).any(|cue| says(cue, before))
    });
    let yes = says("accept", turn) && !says("contact_other", turn) && !says("negation", turn);
    offered && yes && turn.len() <= 12
}

/// Whether an agent acts at once on what was said of something unwanted ("I'll take you off"): words may be lost.
fn granted(view: View<'_>, turns: &[Range<usize>], index: usize) -> bool {
    let turn = &turns[index];
    let says = |cue: &str| pattern::any(view.lexicon.cue(cue), view, turn);
    let acts = turns.get(index + 1).is_some_and(|next| {
        !view.tokens[next.start].speaker.is_caller()
            && pattern::any(view.lexicon.cue("contact_granted"), view, next)
    });
    let asks = parts(view, turn).iter().all(|part| is_question(view, part));
    acts && !asks && says("contact_topic") && !says("contact_not") && !says("contact_other")
}

/// Where somebody says stop and nothing beside it says otherwise: the caller's own stops, and somebody else's.
fn stops(view: View<'_>, turns: &[Range<usize>], index: usize) -> (Vec<Stop>, Vec<Stop>) {
    let (mut stops, mut others) = (Vec::new(), Vec::new());
    for part in parts(view, &turns[index]) {
        if is_question(view, &part) {
            continue;
        }
        let stop = pattern::all(view.lexicon.cue("contact_stop"), view, &part);
        let back = pattern::all(view.lexicon.cue("contact_back"), view, &part)
            .filter(|hit| has_topic(view, turns, index, hit));
        for hit in stop.chain(back) {
            if !excused(view, &part, &hit) {
                let of_others = is_of_others(view, &part, &hit);
                let stop = Stop { near: reach(view, &part, &hit), hit, of_others };
                (if of_others { &mut others } else { &mut stops }).push(stop);
            }
        }
    }
    (stops, others)
}

/// Whether the person nearest before the stop, or in it, is not the caller.
fn is_of_others(view: View<'_>, part: &Range<usize>, hit: &Range<usize>) -> bool {
    let place = hit.start.saturating_sub(OWNER).max(part.start)..(hit.end + 1).min(part.end);
    let last = |cue: &str| pattern::all(view.lexicon.cue(cue), view, &place).map(|hit| hit.end).max();
    let (me, they) = (last("contact_me"), last("contact_they"));
    they.is_some() && they > me
}

/// "I don't want them any more": there must be something unwanted before it.
fn has_topic(view: View<'_>, turns: &[Range<usize>], index: usize, hit: &Range<usize>) -> bool {
    let says = |place: &Range<usize>| pattern::any(view.lexicon.cue("contact_topic"), view, place);
    let mut before = turns[..index].iter().rev().take(2);
    says(&(turns[index].start..hit.end)) || before.any(says)
}

/// Another time, a parcel, not minding: what stands beside a stop and makes it none.
fn excused(view: View<'_>, part: &Range<usize>, hit: &Range<usize>) -> bool {
    let end = (hit.end + EXCUSE).min(part.end);
    let beside = hit.start.saturating_sub(EXCUSE).max(part.start)..end;
    let near = hit.start.saturating_sub(BESIDE).max(part.start)..(hit.end + BESIDE).min(part.end);
    pattern::any(view.lexicon.cue("contact_not"), view, &beside)
        || pattern::any(view.lexicon.cue("contact_not_near"), view, &near)
        || pattern::any(view.lexicon.cue("contact_not_after"), view, &(hit.start..end))
}

/// Whether somebody else's wish is only told of: it is a request when it is made for them, with their number.
fn relayed(view: View<'_>, turns: &[Range<usize>], index: usize) -> bool {
    let turn = &turns[index];
    if !pattern::any(view.lexicon.cue("contact_other"), view, turn) {
        return false;
    }
    !pattern::any(view.lexicon.cue("contact_behalf"), view, &around(turns, index))
}

/// The turns in which more is said of a request.
fn around(turns: &[Range<usize>], index: usize) -> Range<usize> {
    turns[index.saturating_sub(2)].start..turns[(index + 3).min(turns.len() - 1)].end
}

/// How far a stop reaches for its channels: its sentence, or some words of it where none is marked.
fn reach(view: View<'_>, part: &Range<usize>, hit: &Range<usize>) -> Range<usize> {
    let near = hit.start.saturating_sub(REACH).max(part.start)..(hit.end + REACH).min(part.end);
    let named =
        |place: &Range<usize>| CHANNELS.iter().any(|cue| pattern::any(view.lexicon.cue(cue), view, place));
    if named(hit) && part.len() > LONG { hit.start..(hit.end + 2).min(part.end) } else { near }
}

fn is_question(view: View<'_>, part: &Range<usize>) -> bool {
    let marked = view.tokens[part.clone()].last().is_some_and(|token| token.question);
    let asks = marked || pattern::any(view.lexicon.cue("contact_enquiry"), view, part);
    asks && !pattern::any(view.lexicon.cue("contact_request"), view, part)
}

fn detail(view: View<'_>, turns: &[Range<usize>], index: usize, asked: &[Stop]) -> (DoNotContact, Heard) {
    let turn = &turns[index];
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    // What is left open may be said in the caller's next turns, too.
    let later: Vec<&Range<usize>> =
        turns[index..].iter().take(4).filter(|turn| view.tokens[turn.start].speaker.is_caller()).collect();
    let keeps = |cue: &str, turn: &Range<usize>| keeps(view, view.lexicon.cue(cue), turn);
    let kept = CHANNELS.map(|cue| {
        // "He can call. But no more sales calls": what a stop names is stopped, unless it only ran into what is kept.
        let stopped = asked.iter().any(|stop| says(cue, &stop.hit));
        let runs_in = |keep: &Range<usize>| {
            asked.iter().any(|stop| stop.hit.contains(&keep.start) && stop.hit.end < keep.end)
        };
        keeps(cue, turn).iter().any(|keep| !stopped || runs_in(keep))
            || later.iter().skip(1).any(|turn| !keeps(cue, turn).is_empty())
    });
    let mut named = named(view, turns, index, asked, kept);
    for next in later.iter().skip(1).filter(|next| says("contact_also", next)) {
        for (named, cue) in named.iter_mut().zip(CHANNELS) {
            *named |= says(cue, next);
        }
    }
    let mut open = [false; 4];
    for channel in 0..4 {
        open[channel] = named[channel] && !kept[channel];
    }
    if !open.iter().any(|open| *open) {
        open = kept.map(|kept| !kept);
    }
    let channels = Channels { calls: open[0], sms: open[1], email: open[2], letters: open[3] };
    let everything = says("contact_everything", turn) && !says("contact_advertising", turn)
        || later.iter().take(2).any(|turn| says("contact_whatever", turn));
    let purpose = if everything { Purpose::Everything } else { Purpose::Advertising };
    let number = named_number(view, turns, index, asked.iter().all(|stop| stop.of_others));
    let numbers: Vec<u16> = vec![view.tokens[turn.start].turn];
    (DoNotContact { channels, purpose, number }, Heard { turns: numbers, kept })
}

/// The channels that are asked about: near the stops, else in the turn, else in what was spoken of before.
fn named(view: View<'_>, turns: &[Range<usize>], index: usize, asked: &[Stop], kept: [bool; 4]) -> [bool; 4] {
    let turn = &turns[index];
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    let some = |named: &[bool; 4]| named.iter().zip(kept).any(|(named, kept)| *named && !kept);
    if says("contact_each", turn) {
        return [true; 4];
    }
    let denied = CHANNELS.map(|cue| denied(view, view.lexicon.cue(cue), turn));
    let listed: Vec<Range<usize>> = asked.iter().map(|stop| listed(view, turn, &stop.hit)).collect();
    let by_stop = CHANNELS.map(|cue| listed.iter().any(|place| says(cue, place)));
    let near = CHANNELS.map(|cue| asked.iter().any(|stop| says(cue, &stop.near)));
    for mut named in [by_stop, near] {
        if some(&named) {
            (0..4).for_each(|channel| named[channel] |= denied[channel]);
            return named;
        }
    }
    let whole = CHANNELS.map(|cue| says(cue, turn));
    if some(&whole) {
        return whole;
    }
    if asked.iter().any(|stop| says("contact_all", &stop.near)) {
        return [false; 4];
    }
    let before = |back: usize| {
        index.checked_sub(back).map_or([false; 4], |at| CHANNELS.map(|cue| says(cue, &turns[at])))
    };
    [before(1), before(2)].into_iter().find(some).unwrap_or([
        says("contact_calls_weak", turn),
        false,
        false,
        false,
    ])
}

/// A stop with the channels that are listed right beside it: "by post, e-mail or text".
fn listed(view: View<'_>, turn: &Range<usize>, hit: &Range<usize>) -> Range<usize> {
    let one = |cue: &str, at: usize| pattern::any(view.lexicon.cue(cue), view, &(at..at + 1));
    let linked = |mut place: Range<usize>| {
        let mut before = place.start.saturating_sub(1)..place.end;
        let sentence = before.all(|at| !view.tokens[at].stop);
        sentence && place.all(|at| one("contact_link", at) || one("joined", at))
    };
    let channel = |at: usize| {
        let patterns = CHANNELS.iter().flat_map(|cue| view.lexicon.cue(cue));
        patterns.filter_map(|pattern| pattern.at(view, turn, at)).map(|found| found.to).max()
    };
    let Range { mut start, mut end } = hit.clone();
    let next =
        |end: usize| (end..turn.end.min(end + LISTED)).find_map(|at| channel(at).filter(|_| linked(end..at)));
    while let Some(further) = next(end).filter(|further| *further > end) {
        end = further;
    }
    let last = |start: usize| {
        let named = |at: &usize| channel(*at).is_some_and(|to| to <= start && linked(to..start));
        (start.saturating_sub(LISTED).max(turn.start)..start).rev().find(named)
    };
    while let Some(earlier) = last(start) {
        start = earlier;
    }
    start..end
}

/// Where a channel is left open.
fn keeps(view: View<'_>, channel: &[Pattern], turn: &Range<usize>) -> Vec<Range<usize>> {
    let view = View { channel, ..view };
    let mut kept = Vec::new();
    for part in parts(view, turn) {
        let open = |keep: &Range<usize>| {
            let place = keep.start.saturating_sub(2).max(part.start)..keep.end;
            let bothers = pattern::all(view.lexicon.cue("contact_keep_no"), view, &place);
            !pattern::any(view.lexicon.cue("negation"), view, &place)
                && !bothers.into_iter().any(|hit| hit.contains(&keep.start))
        };
        kept.extend(pattern::all(view.lexicon.cue("contact_keep"), view, &part).filter(open));
        // "Letters don't bother me": the negation is in the pattern.
        kept.extend(pattern::all(view.lexicon.cue("contact_keep_not"), view, &part));
    }
    kept
}

/// "No calls and no texts": a channel with a negation right before it, or with an "and" behind another channel.
fn denied(view: View<'_>, channel: &[Pattern], turn: &Range<usize>) -> bool {
    let says = |cue: &str, place: &Range<usize>| pattern::any(view.lexicon.cue(cue), view, place);
    turn.clone().filter(|at| channel.iter().any(|pattern| pattern.at(view, turn, *at).is_some())).any(|at| {
        let back = |tokens: usize| at.saturating_sub(tokens).max(turn.start)..at;
        let other = || CHANNELS.iter().any(|cue| says(cue, &back(LISTED)));
        says("negation", &back(2)) || says("joined", &back(2)) && other()
    })
}

/// The number that is spoken, where the request is for somebody else or for "that number".
fn named_number(view: View<'_>, turns: &[Range<usize>], index: usize, of_others: bool) -> WhoseNumber {
    let place = around(turns, index);
    let behalf = of_others || pattern::any(view.lexicon.cue("contact_behalf"), view, &place);
    let number = pattern::any(view.lexicon.cue("contact_number"), view, &place);
    let near = || view.values.iter().filter(|value| value.from >= place.start && value.to <= place.end);
    // What both sides said stands; what was corrected was said by one.
    let (both, one): (Vec<_>, Vec<_>) = near().partition(|value| value.read_back);
    for value in both.into_iter().chain(one.into_iter().rev()) {
        if value.kind != Kind::Digits {
            continue;
        }
        let text = &value.digits;
        // "Ring me back on ...", "rufen Sie mich unter ... zurück".
        let beside = value.from.saturating_sub(EXCUSE).max(place.start)..(value.to + 1).min(place.end);
        let reached = pattern::any(view.lexicon.cue("contact_reach"), view, &beside);
        let own = pattern::any(view.lexicon.cue("contact_own"), view, &beside);
        let theirs = behalf && text.len() >= 6 && !own || number && text.len() >= LINE && !reached;
        if let Some(digits) = theirs.then(|| Digits::new(text)).flatten() {
            return WhoseNumber::Named(digits);
        }
    }
    WhoseNumber::Caller
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

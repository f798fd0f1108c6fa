//! Clauses and their cues go in, statements of every kind come out, each with what makes it worth its words.
//!
//! Nothing here knows an act or an object: a class of cues says what kind of thing was said, the teller says of what.

mod amounts;
mod answers;
mod issues;
mod promises;
mod refusals;
mod times;

use super::clauses::Clause;
use super::ledger::Ledger;
use super::pattern::View;
use super::say;
use super::tell::{OWN, Place, Teller};
use super::values::Kind as Valued;
use super::when::{self, When};
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::{Speaker, Text};
use std::ops::Range;

/// A statement and how much it is worth to the reader.
pub(super) struct Candidate {
    pub statement: Statement,
    pub worth: i32,
}

/// One turn: its clauses, its tokens.
struct Turn<'a> {
    number: u16,
    clauses: &'a [Clause],
    /// The place of its first clause.
    first: usize,
    place: Range<usize>,
    caller: bool,
    /// Turns of the caller before it that said something.
    nth: usize,
}

pub(super) struct Told<'a> {
    pub teller: &'a Teller<'a>,
    pub ledger: &'a Ledger,
    turns: Vec<Turn<'a>>,
}

/// Words in a statement's list.
const MOST: usize = 5;

/// Words below which a list gets the topic, too, and the turns in which that is looked for.
const FEW: usize = 3;
const BACK: u16 = 6;

/// Weight below which a clause alone does not say what it is about.
const SPARSE: i32 = 12;

/// Tokens from which on a turn says something, whatever its words.
const LONG: usize = 9;

/// Turns of the caller that may still tell why they call.
const EARLY: usize = 4;

/// What it is worth to know that something costs nothing.
const FREE: i32 = 8;

/// What another matter, brought up late, is worth.
const ANOTHER: i32 = 8;

/// Tokens on either side of a cue that are nearest to it.
const NEAR: usize = 4;

/// Tokens within which an answer says a time back.
const ECHO: usize = 8;

/// Tokens before a number in which it is called one.
const LABEL: usize = 6;

/// Weight below which a word is not worth telling; lower tells more small talk.
const FLOOR: i32 = 4;

impl<'a> Told<'a> {
    pub fn new(teller: &'a Teller<'a>, ledger: &'a Ledger) -> Told<'a> {
        let mut nth = 0;
        let clauses = teller.clauses;
        let mut turns = Vec::new();
        for range in super::ledger::turns(clauses) {
            let place = clauses[range.start].place.start..clauses[range.end - 1].place.end;
            let caller = clauses[range.start].speaker.is_caller();
            let told = place.clone().filter(|&at| teller.is_told(at)).count();
            let says = caller && (told >= 3 || place.len() >= LONG);
            turns.push(Turn {
                number: clauses[range.start].turn,
                clauses: &clauses[range.clone()],
                first: range.start,
                place,
                caller,
                nth,
            });
            nth += usize::from(says);
        }
        Told { teller, ledger, turns }
    }

    fn view(&self) -> View<'a> {
        self.teller.view
    }

    /// The clauses that hold the cue, none that holds `not`.
    fn hits(&self, turn: &Turn<'a>, cue: &str, not: &str) -> Vec<usize> {
        let fits = |clause: &Clause| self.teller.says(cue, clause) && !self.teller.says(not, clause);
        (0..turn.clauses.len()).filter(|&at| fits(&turn.clauses[at])).collect()
    }

    /// The same, where nothing is asked.
    fn stated(&self, turn: &Turn<'a>, cue: &str, not: &str) -> Vec<usize> {
        self.hits(turn, cue, not).into_iter().filter(|&at| !turn.clauses[at].question).collect()
    }

    /// What stands at the cues, fainter the clauses around them.
    fn places(&self, turn: &Turn<'a>, cue: &str, hits: &[usize]) -> Vec<Place> {
        let own: Vec<Range<usize>> = hits.iter().map(|&at| self.own_place(cue, &turn.clauses[at])).collect();
        let mut places: Vec<Place> = own.iter().map(|place| (place.clone(), OWN)).collect();
        for clause in &own {
            let cues = self.view().lexicon.cue(cue).iter();
            for found in cues.filter_map(|pattern| pattern.find(self.view(), clause.clone())) {
                let from = found.from.saturating_sub(NEAR).max(clause.start);
                places.push((from..(found.to + NEAR).min(clause.end), 4));
            }
        }
        places
    }

    /// The same, and faintest the clauses beside those: for what is told of, never for what somebody takes on or wants,
    /// which has no word of another sentence.
    fn places_around(&self, turn: &Turn<'a>, cue: &str, hits: &[usize]) -> Vec<Place> {
        let mut places = self.places(turn, cue, hits);
        for &at in hits {
            for near in [at.checked_sub(1), Some(at + 1)].into_iter().flatten() {
                let clause = turn.clauses.get(near).filter(|_| !hits.contains(&near));
                let own = |clause: &&Clause| self.teller.is_plain(clause) && !self.is_other_act(cue, clause);
                if let Some(clause) = clause.filter(own) {
                    places.push((clause.place.clone(), 0));
                }
            }
        }
        places
    }

    /// Whether a clause beside one with that cue is another act: a promise or a question beside what is refused or asked.
    fn is_other_act(&self, cue: &str, clause: &Clause) -> bool {
        matches!(cue, "tell_refuse" | "tell_ask") && (clause.question || self.commits(clause))
    }

    /// The plain clauses of a turn, as what stands around something.
    fn context(&self, turn: &Turn<'a>, bonus: i32) -> Vec<Place> {
        let plain = turn.clauses.iter().filter(|clause| self.teller.is_plain(clause));
        plain.map(|clause| (clause.place.clone(), bonus)).collect()
    }

    /// The turn before.
    fn before(&self, index: usize, bonus: i32) -> Vec<Place> {
        let turn = index.checked_sub(1).and_then(|at| self.turns.get(at));
        turn.map(|turn| self.context(turn, bonus)).unwrap_or_default()
    }

    /// What the same side, one turn before, called its own ("my van"), and that turn.
    fn owned_before(&self, turn: &Turn<'a>) -> Option<(Vec<Place>, u16)> {
        let view = self.view();
        let mut before = self.turns.iter().rev().skip_while(|other| other.number >= turn.number);
        let before = before.find(|other| other.caller == turn.caller)?;
        let plain = before.clauses.iter().filter(|clause| self.teller.is_plain(clause));
        let owned = plain.flat_map(|clause| {
            let own = clause.place.clone().filter(|&at| view.words().own.contains(&view.tokens[at].text));
            own.filter_map(|at| super::phrase::at(view, &clause.place, at))
        });
        let owned: Vec<Place> = owned.map(|place| (place, OWN)).collect();
        (!owned.is_empty()).then_some((owned, before.number))
    }

    fn list(&self, places: &[Place], most: usize, said: &str) -> Option<Text> {
        let items = self.teller.list(places, most, FLOOR, said);
        (!items.is_empty()).then(|| say::list(self.view().lexicon, &items))
    }

    /// The same, and what was spoken of before where that alone says little and points back: "send me that".
    fn list_of(
        &self,
        places: &[Place],
        most: usize,
        (turn, hits, few): (&Turn<'a>, &[usize], usize),
    ) -> Option<Text> {
        let mut items = self.teller.list(places, most, FLOOR, "");
        if words_of(&items) < few && self.points_back(turn, hits) {
            items.extend(self.teller.topic(turn.number, BACK, &Text::joined(&items, " ")));
        }
        (!items.is_empty()).then(|| say::list(self.view().lexicon, &items))
    }

    /// How many words would be told there.
    fn words_at(&self, places: &[Place]) -> usize {
        words_of(&self.teller.list(places, MOST, FLOOR, ""))
    }

    /// Whether the clauses speak of something by a pronoun.
    fn points_back(&self, turn: &Turn<'a>, hits: &[usize]) -> bool {
        let view = self.view();
        let is_pronoun = |at: usize| {
            let word = &view.tokens[at].text;
            // "Je l'apporte": what would be an article stands right before a verb.
            let clitic = view.lexicon.elides && view.words().determiners.contains(word);
            view.words().pronouns.contains(word) || clitic && view.verbs.get(at + 1).copied().unwrap_or(false)
        };
        hits.iter().any(|&at| turn.clauses[at].place.clone().any(is_pronoun))
    }

    /// Whether the places tell something of their own.
    fn tells(&self, places: &[Place]) -> bool {
        let own: Vec<Place> = places.iter().filter(|(_, bonus)| *bonus >= OWN).cloned().collect();
        !self.teller.list(&own, 1, FLOOR + OWN, "").is_empty()
    }

    /// The places without what stands beside another time than that one: "keys on the 12th, move on the 19th".
    fn beside(&self, places: Vec<Place>, when: &When) -> Vec<Place> {
        let values = self.view().values;
        let own = |index: usize| when.values.contains(&index);
        let cut = |(place, bonus): Place| {
            let inside: Vec<usize> =
                super::values::within(values, &place).filter(|&at| values[at].kind.is_when()).collect();
            let (Some(first), Some(last)) =
                (inside.iter().position(|&at| own(at)), inside.iter().rposition(|&at| own(at)))
            else {
                return (place, bonus);
            };
            let from = first.checked_sub(1).map_or(place.start, |before| values[inside[before]].to);
            let to = inside.get(last + 1).map_or(place.end, |&after| values[after].from);
            (from..to, bonus)
        };
        places.into_iter().map(cut).collect()
    }

    /// The last time in a place that did not fall.
    fn when(&self, place: &Range<usize>) -> Option<When> {
        let mut all = when::read(self.view(), place);
        // "In the middle of June ..., the week of the 15th".
        let month = all.iter().find_map(|when| match when.day {
            Some(Valued::Month(month)) => Some(month),
            _ => None,
        });
        for when in &mut all {
            if let Some(Valued::Date { month: none @ None, .. }) = &mut when.day {
                *none = month;
            }
        }
        let usable = |when: &When| {
            let says =
                when.day.is_some() || when.time.is_some() || when.part.is_some() || when.bound.is_some();
            says && !when.habitual && !self.is_dead(when)
        };
        let at = all.iter().rposition(usable)?;
        // "On Monday you have it, our driver brings it by noon": the day was named before.
        let day = all[..at].iter().rev().find(|when| when.day.is_some()).filter(|when| usable(when));
        let whole = day.filter(|_| all[at].day.is_none()).map(|day| all[at].completed_by(day));
        Some(whole.unwrap_or_else(|| all[at].clone()))
    }

    fn is_dead(&self, when: &When) -> bool {
        let fell = super::ledger::kinds(when).iter().any(|kind| self.ledger.dead.contains(kind));
        fell || self.ledger.appointments.iter().any(|appointment| {
            let other = &appointment.when;
            let same = matches!((&when.day, &other.day), (Some(a), Some(b)) if when::same_day(a, b));
            same && when.time.is_some() && other.time.is_some() && when.time != other.time
        })
    }

    /// Whether a turn says one of the time's values again.
    fn echoes(&self, turn: &Turn<'a>, when: &When) -> bool {
        let said =
            super::values::within(self.view().values, &turn.place).map(|at| &self.view().values[at].kind);
        let known = super::ledger::kinds(when);
        said.into_iter().any(|kind| known.iter().any(|other| kind == other))
    }

    /// Whether an appointment names it already.
    fn is_settled(&self, when: &When) -> bool {
        let kinds = super::ledger::kinds(when);
        let same = |a: &Valued, b: &Valued| a == b || when::same_day(a, b);
        self.ledger.appointments.iter().any(|appointment| {
            let known = super::ledger::kinds(&appointment.when);
            kinds.iter().all(|kind| known.iter().any(|other| same(kind, other)))
        })
    }

    /// A day that was named and not taken, where another one was agreed.
    pub fn is_other_day(&self, when: &When) -> bool {
        let appointments = &self.ledger.appointments;
        when.day.is_some() && !appointments.is_empty() && !self.is_settled(when)
    }

    /// How many turns of the caller said something before this one.
    pub fn nth(&self, turn: u16) -> i32 {
        self.turns.iter().find(|other| other.number == turn).map_or(0, |turn| turn.nth as i32)
    }

    fn said(&self, when: Option<&When>) -> Text {
        when.map(|when| when.say(self.view().lexicon)).unwrap_or_default()
    }

    /// Whether a turn wants an answer: what it names belongs to what answers it.
    fn asks(&self, turn: &Turn<'a>) -> bool {
        turn.clauses.last().is_some_and(|clause| clause.question)
    }

    /// What was said in a clause, or in some turns and the question that they answer, for a statement that needs an
    /// object: nothing that was heard once.
    pub fn details(
        &self,
        turns: &[u16],
        focus: Option<Range<usize>>,
        answers: bool,
        most: usize,
        said: &str,
    ) -> Option<Text> {
        let first = turns.iter().min().copied().unwrap_or(0);
        let mut places: Vec<Place> = focus.iter().map(|place| (place.clone(), 0)).collect();
        for turn in &self.turns {
            let own = focus.is_none() && turns.contains(&turn.number);
            if own || answers && turn.number + 1 == first && self.asks(turn) {
                places.extend(self.context(turn, 0));
            }
        }
        let items = self.teller.list(&places, most, FLOOR + 1, said);
        (!items.is_empty()).then(|| say::list(self.view().lexicon, &items))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a statement, once")]
    fn push(
        &self,
        out: &mut Vec<Candidate>,
        kind: Kind,
        by: Speaker,
        modality: Modality,
        text: Text,
        evidence: Vec<u16>,
        rule: &'static str,
        worth: i32,
    ) {
        let mut statement = super::select::make(kind, by, modality, text, evidence, rule);
        statement.reason = matches!(kind, Kind::Issue | Kind::Request);
        out.push(Candidate { statement, worth });
    }
}

fn side(caller: bool) -> (Speaker, &'static str) {
    if caller { (Speaker::Caller, "Caller") } else { (Speaker::Agent(1), "Agent") }
}

fn words_of(items: &[Text]) -> usize {
    items.iter().map(|item| item.split(' ').count()).sum()
}

/// A word alone, without a time, is no news.
fn says_little(list: &str, when: Option<&When>) -> bool {
    !list.contains(' ') && when.is_none()
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

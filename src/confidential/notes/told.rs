//! Clauses and their cues go in, statements of every kind come out, each with what makes it worth its words.
//!
//! Nothing here knows an act or an object: a class of cues says what kind of thing was said, the teller says of what.

use super::clauses::{Clause, is_conditional};
use super::ledger::Ledger;
use super::pairs::{self, Answer};
use super::pattern::View;
use super::say;
use super::tell::{OWN, Place, Teller};
use super::values::Kind as Valued;
use super::when::{self, When};
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::{Speaker, Text};
use std::collections::BTreeSet;
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

    /// What is wrong: the two heaviest of the caller's early turns that hold a state of that class, in one statement.
    pub fn issues(&self, asked: &[Statement], out: &mut Vec<Candidate>) {
        let mut found: Vec<(i32, &Turn<'a>, Vec<usize>)> = Vec::new();
        let mut more = Vec::new();
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| turn.caller) {
            let late = turn.nth > EARLY;
            if late && !self.is_another_matter(index)
                || asked.iter().any(|statement| statement.evidence.contains(&turn.number))
            {
                continue;
            }
            let mut hits = self.hits(turn, "tell_issue", "tell_fine");
            hits.extend((0..turn.clauses.len()).filter(|&at| self.is_known(&turn.clauses[at].place)));
            hits.sort_unstable();
            hits.dedup();
            // "And what if it stays broken?" is a worry, no report.
            hits.retain(|&at| !(turn.clauses[at].question || late && turn.clauses[at].conditional));
            let worth = 12 - 2 * turn.nth as i32 + self.teller.weight_of(&turn.place) / 8;
            match (hits.is_empty(), late) {
                (true, _) => {}
                (false, true) => more.push((ANOTHER, turn, hits)),
                (false, false) => found.push((worth, turn, hits)),
            }
        }
        more.truncate(1);
        self.issue(more, out);
        found.sort_by_key(|(worth, _, _)| std::cmp::Reverse(*worth));
        found.truncate(2);
        self.issue(found, out);
    }

    /// One statement of what is wrong, told of one or two turns.
    fn issue(&self, found: Vec<(i32, &Turn<'a>, Vec<usize>)>, out: &mut Vec<Candidate>) {
        let Some(worth) = found.first().map(|(worth, _, _)| *worth) else { return };
        let (mut places, mut evidence, mut state) = (Vec::new(), Vec::new(), None);
        let first = found[0].1.nth;
        for (_, turn, hits) in
            found.iter().filter(|(own, turn, _)| worth - own <= 6 && turn.nth.abs_diff(first) <= 2)
        {
            state = state.or(self.state(&turn.place, &mut places));
            places.extend(self.places_around(turn, "tell_issue", hits));
            evidence.push(turn.number);
        }
        // "I had my van in with you." - "Brakes, wasn't it?" - "Yes, and now it's squealing."
        let (_, turn, hits) = &found[0];
        if self.words_at(&places) < FEW
            && self.points_back(turn, hits)
            && let Some((owned, before)) = self.owned_before(turn)
        {
            places.extend(owned);
            evidence.push(before);
        }
        let Some(list) = self.list(&places, MOST + evidence.len(), "") else { return };
        if says_little(&list, None) {
            return;
        }
        let frame = if state.is_some() { "told_issue" } else { "told_issue_plain" };
        let values = [("state", state.unwrap_or_default()), ("list", list.as_str())];
        let text = say::sentence(self.view().lexicon, frame, &values);
        self.push(out, Kind::Issue, Speaker::Caller, Modality::Claim, text, evidence, "told.issue", worth);
    }

    /// Whether the caller begins with another matter, here or in the turn before.
    fn is_another_matter(&self, index: usize) -> bool {
        let own = [index.checked_sub(2), Some(index)].into_iter().flatten();
        own.flat_map(|at| self.turns[at].clauses).any(|clause| self.teller.says("tell_more", clause))
    }

    /// Whether it is a way to be wrong that the lexicon names.
    fn is_known(&self, place: &Range<usize>) -> bool {
        self.state(place, &mut Vec::new()).is_some()
    }

    /// The noun for what is wrong, where one is known.
    fn state(&self, place: &Range<usize>, places: &mut Vec<Place>) -> Option<&'a str> {
        let view = self.view();
        let known =
            view.lexicon.issues.iter().filter(|issue| {
                !super::pattern::any(&issue.not, view, place) && !is_question(view, &issue.say)
            });
        let found =
            known.filter_map(|issue| Some((issue, super::pattern::first(&issue.patterns, view, place)?)));
        let (issue, hit) = found.max_by_key(|(_, hit)| hit.phrases.len())?;
        places.extend(hit.phrases.into_iter().map(|phrase| (phrase, 6)));
        Some(issue.say.as_str())
    }

    /// What the call is about, where nothing says what is wrong or wanted: the caller's first words that weigh.
    pub fn about(&self, out: &mut Vec<Statement>) {
        let first =
            self.turns.iter().find(|turn| turn.caller && self.teller.weight_of(&turn.place) >= SPARSE);
        let Some(turn) = first else { return };
        let Some(list) = self.list(&self.context(turn, OWN), MOST, "") else { return };
        let text = say::sentence(self.view().lexicon, "told_about", &[("list", &list)]);
        let mut candidates = Vec::new();
        let evidence = vec![turn.number];
        self.push(
            &mut candidates,
            Kind::Request,
            Speaker::Caller,
            Modality::Claim,
            text,
            evidence,
            "told.about",
            0,
        );
        out.extend(candidates.into_iter().map(|candidate| candidate.statement));
    }

    /// What the caller wants: the two heaviest of their early turns that ask for something, in one statement.
    pub fn needs(&self, out: &mut Vec<Candidate>) {
        let mut found: Vec<(i32, usize, Vec<usize>)> = Vec::new();
        for (index, turn) in
            self.turns.iter().enumerate().filter(|(_, turn)| turn.caller && turn.nth <= EARLY)
        {
            let hits = self.hits(turn, "tell_need", "tell_decline");
            if !hits.is_empty() {
                let worth = 11 - 2 * turn.nth as i32 + self.teller.weight_of(&turn.place) / 8;
                found.push((worth, index, hits));
            }
        }
        found.sort_by_key(|(worth, _, _)| std::cmp::Reverse(*worth));
        found.truncate(2);
        let Some((worth, first, first_hits)) = found.first().cloned() else { return };
        let (mut places, mut evidence) = (Vec::new(), Vec::new());
        let nth = self.turns[first].nth;
        for (own, index, hits) in found.into_iter().filter(|(own, _, _)| worth - own <= 4) {
            let turn = &self.turns[index];
            if turn.nth.abs_diff(nth) > 1 || turn.number.abs_diff(self.turns[first].number) > BACK {
                continue;
            }
            let mut wanted = self.places(turn, "tell_need", &hits);
            // "I have four tickets for the matinee, I'd like to swap them."
            if self.words_at(&wanted) < 2 && self.points_back(turn, &hits) {
                wanted.extend(self.context(turn, 0));
                wanted.extend(self.before(index, -1));
            }
            places.extend(wanted);
            evidence.push((turn.number, own));
        }
        let evidence: Vec<u16> = evidence.into_iter().map(|(turn, _)| turn).collect();
        let back = (&self.turns[first], first_hits.as_slice(), 2);
        let Some(list) = self.list_of(&places, MOST + evidence.len() - 1, back) else { return };
        // A word alone that nobody says again tells of no wish.
        if says_little(&list, None) && !self.teller.is_grounded(&places) {
            return;
        }
        let text = say::sentence(self.view().lexicon, "told_request", &[("list", &list)]);
        self.push(out, Kind::Request, Speaker::Caller, Modality::Wish, text, evidence, "told.request", worth);
    }

    /// What the agent commits to, turn by turn.
    pub fn commitments(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let mut hits: Vec<usize> =
                (0..turn.clauses.len()).filter(|&at| self.commits(&turn.clauses[at])).collect();
            // What says an appointment once more is none of what is promised beside it.
            let repeats =
                |&at: &usize| self.when(&turn.clauses[at].place).is_some_and(|when| self.is_settled(&when));
            if !hits.iter().all(repeats) {
                hits.retain(|at| !repeats(at));
            }
            let Some(&last) = hits.last() else { continue };
            let (answer, answered) = pairs::answer(self.teller.clauses, turn.first + last);
            if answer == Answer::Rejected {
                continue;
            }
            // What stands far before the promise is another thing's time.
            let from = |clause: &Clause| {
                let first =
                    |cue| super::pattern::first(self.view().lexicon.cue(cue), self.view(), &clause.place);
                let near = || Some(first("tell_commit")?.from.saturating_sub(NEAR).max(clause.place.start));
                first("tell_sure").map(|sure| sure.from).or_else(near).unwrap_or(clause.place.start)
            };
            let focus = from(&turn.clauses[hits[0]])..turn.clauses[last].place.end;
            let whole = focus.start..turn.clauses.get(last + 1).map_or(focus.end, |next| next.place.end);
            let when = self.when(&whole).or_else(|| self.read_back(index));
            let said = self.said(when.as_ref());
            let mut places = self.places(turn, "tell_commit", &hits);
            if let Some(when) = &when {
                places = self.beside(places, when);
            }
            for &at in hits.iter().filter(|&&at| self.teller.says("tell_sure", &turn.clauses[at])) {
                let before = at.checked_sub(1).and_then(|before| turn.clauses.get(before));
                places.extend(
                    before.filter(|c| self.teller.is_plain(c)).map(|clause| (clause.place.clone(), 3)),
                );
            }
            // What is told once more without its object is easily told of the wrong one.
            let settled = when.as_ref().is_none_or(|when| self.is_settled(when));
            if settled && !(self.tells(&places) && self.teller.is_grounded(&places)) {
                continue;
            }
            // "What I can promise is before six": who comes was said right before.
            if !self.tells(&places) {
                places.extend(self.context(turn, 0));
                places.extend(self.before(index, -1));
            }
            let calls = hits.iter().any(|&at| self.teller.says("tell_callback", &turn.clauses[at]));
            let list = self
                .list_of(&places, MOST, (turn, &hits, FEW))
                .filter(|list| !says_little(list, when.as_ref()));
            // A call at its time is told without its matter, which is easily the wrong one.
            let Some(list) = list.or_else(|| (calls && when.is_some()).then(Text::default)) else { continue };
            let depends = hits.iter().all(|&at| self.depends(turn, at));
            let (frame, kind) = match (calls, depends) {
                (true, true) => ("told_callback_if", Kind::Callback),
                (true, false) => ("told_callback", Kind::Callback),
                (false, true) => ("told_promise_if", Kind::Promise),
                (false, false) => ("told_promise", Kind::Promise),
            };
            let channel = self.channel(&focus);
            let values = [("list", list.as_str()), ("when", &said), ("channel", channel)];
            let text = say::sentence(self.view().lexicon, frame, &values);
            let mut worth = 2 + self.teller.weight_of(&focus) / 8;
            worth +=
                5 * i32::from(when.is_some()) + 3 * i32::from(calls) + i32::from(answer == Answer::Accepted);
            let mut evidence = vec![turn.number];
            evidence.extend(answered);
            self.push(
                out,
                kind,
                Speaker::Agent(1),
                Modality::Committed,
                text,
                evidence,
                "told.promise",
                worth,
            );
        }
    }

    /// Whether a commitment depends on something, said in it or beside it.
    fn depends(&self, turn: &Turn<'a>, at: usize) -> bool {
        let beside = [at.checked_sub(1), Some(at), Some(at + 1)];
        let mut clauses = beside.into_iter().flatten().filter_map(|at| turn.clauses.get(at));
        clauses.any(|clause| is_conditional(self.teller.view, "tell_if", &clause.place))
    }

    /// "I can't do that, well, actually, if she has moved": thought over as soon as it was said.
    pub fn is_taken_back(&self, clause: usize) -> bool {
        let clauses = self.teller.clauses;
        let behind = clauses[clause + 1..].iter().take_while(|behind| behind.turn == clauses[clause].turn);
        behind.into_iter().any(|behind| self.teller.says("tell_taken_back", behind))
    }

    /// Whether what is refused may be had under a condition, said in the clause or beside it.
    pub fn depends_at(&self, clause: usize) -> bool {
        let clauses = self.teller.clauses;
        let turn = clauses[clause].turn;
        let beside = [clause.checked_sub(1), Some(clause), Some(clause + 1)].into_iter().flatten();
        let near = beside.filter_map(|at| clauses.get(at)).filter(|other| other.turn == turn);
        near.into_iter().any(|other| {
            is_conditional(self.view(), "tell_if", &other.place) || self.teller.says("tell_unless", other)
        })
    }

    /// Whether a list says the condition itself: "without lunch".
    fn names_it(&self, turn: &Turn<'a>, at: usize, list: &str) -> bool {
        let view = self.view();
        let hit = super::pattern::first(view.lexicon.cue("tell_unless"), view, &turn.clauses[at].place);
        hit.is_some_and(|hit| list.split(' ').any(|word| word == view.tokens[hit.from].text))
    }

    /// The time that the caller says back and takes, for a turn in which none was heard.
    fn read_back(&self, index: usize) -> Option<When> {
        let turn = &self.turns[index];
        let timed =
            when::read(self.view(), &turn.place).iter().any(|when| when.day.is_some() || when.time.is_some());
        let reply = self.turns.get(index + 1).filter(|_| !timed)?;
        let open = reply.clauses.iter().any(|c| c.question || c.rejects || c.negated || c.hedged);
        let takes = reply.clauses.iter().any(|c| c.accepts) && !open;
        let first = &reply.clauses.first()?.place;
        // "... fits, will you make more of them for Saturday": what stands far from the answer is another matter's.
        let soon = first.start..first.end.min(first.start + ECHO);
        self.when(&soon).filter(|when| takes && when.day.is_some() && when.bound.is_none())
    }

    /// Whether a clause of the agent's binds: "what I can promise" does, whatever stands beside it.
    fn commits(&self, clause: &Clause) -> bool {
        let says = |cue| self.teller.says(cue, clause);
        let firm = !clause.question
            && !clause.negated
            && !says("tell_unsure")
            && !says("tell_duty")
            && !says("tell_or");
        says("tell_sure") || firm && says("tell_commit") && !says("tell_refuse")
    }

    /// Whether something is asked behind what is promised.
    fn begs(&self, clause: &Clause) -> bool {
        self.own_place("tell_commit", clause).end < clause.place.end
    }

    /// Where a clause's own act stands: "I enter it, the card please bring along" promises no card, and no stop parts
    /// what the caller is asked from what is promised.
    fn own_place(&self, cue: &str, clause: &Clause) -> Range<usize> {
        let view = self.view();
        let first = |cue| super::pattern::first(view.lexicon.cue(cue), view, &clause.place);
        let beg = first("tell_beg").filter(|_| cue == "tell_commit");
        let Some((commit, beg)) = first(cue).zip(beg).filter(|(commit, beg)| beg.from >= commit.to) else {
            return clause.place.clone();
        };
        let asked = super::deeds::phrases(view, &(commit.to..beg.from)).into_iter().last();
        let end = asked.filter(|phrase| phrase.end == beg.from).map_or(beg.from, |phrase| phrase.start);
        clause.place.start..end
    }

    /// By which channel, where one is named.
    fn channel(&self, place: &Range<usize>) -> &'a str {
        let lexicon = self.view().lexicon;
        let named = ["channel_email", "channel_text", "channel_post"]
            .into_iter()
            .find(|key| super::pattern::any(lexicon.cue(key), self.view(), place));
        named.map_or("", |key| lexicon.frame(key))
    }

    /// What the agent refuses, with what was asked.
    pub fn refusals(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let hits = self.stated(turn, "tell_refuse", "tell_fine");
            if hits.is_empty() {
                continue;
            }
            let mut places = self.places_around(turn, "tell_refuse", &hits);
            let tells = self.tells(&places);
            let before =
                index.checked_sub(1).map(|before| &self.turns[before]).filter(|before| before.caller);
            let needs = before.map(|before| self.hits(before, "tell_need", "tell_fine")).unwrap_or_default();
            match before {
                Some(before) if !needs.is_empty() => places.extend(self.places(before, "tell_need", &needs)),
                Some(before) => places.push((before.place.clone(), 0)),
                None => {}
            }
            let asked = !needs.is_empty() || before.is_some_and(|b| b.clauses.iter().any(|c| c.question));
            // Where nothing was asked and the refusal names nothing, it is not known what is refused.
            if !tells && !asked || hits.last().is_some_and(|last| self.is_taken_back(turn.first + last)) {
                continue;
            }
            // "Before that I cannot confirm it" refuses nothing.
            if hits.iter().all(|&at| self.teller.says("not_yet", &turn.clauses[at])) {
                continue;
            }
            let when = hits.iter().find_map(|&at| self.when_refused(&turn.clauses[at].place));
            let said = when.filter(|when| when.day.is_some()).map(|when| when.say(self.view().lexicon));
            let mut items = self.teller.list(&places, MOST, FLOOR, "");
            items.extend(hits.iter().find_map(|&at| self.amount_in(&turn.clauses[at].place)));
            if items.is_empty() {
                continue;
            }
            let list = say::list(self.view().lexicon, &items);
            if items.len() == 1
                && said.is_none()
                && self.view().words().not_before.contains_key(first_word(&list))
            {
                continue;
            }
            let values = [("list", list.as_str()), ("when", said.as_deref().unwrap_or_default())];
            // "Whether that works I can't say": nothing is refused, and nothing promised.
            let open = hits.iter().all(|&at| self.teller.says("tell_open", &turn.clauses[at]));
            let depends =
                hits.iter().all(|&at| self.depends_at(turn.first + at) && !self.names_it(turn, at, &list));
            let frame = match (open, depends) {
                (true, _) => "told_open",
                (false, true) => "told_refused_if",
                (false, false) => "told_refused",
            };
            let text = say::sentence(self.view().lexicon, frame, &values);
            let worth = 4 + 4 * i32::from(asked) + self.teller.weight_of(&turn.place) / 8;
            let mut evidence = vec![turn.number];
            evidence.extend(turn.number.checked_sub(1));
            self.push(
                out,
                Kind::Refusal,
                Speaker::Agent(1),
                Modality::Committed,
                text,
                evidence,
                "told.refusal",
                worth,
            );
        }
    }

    /// The time right beside the refusal: "Thursday I cannot do".
    fn when_refused(&self, clause: &Range<usize>) -> Option<When> {
        let view = self.view();
        let hits: Vec<Range<usize>> =
            super::pattern::all(view.lexicon.cue("tell_refuse"), view, clause).collect();
        let near = |value: &super::values::Value| {
            hits.iter().any(|hit| value.from < hit.end + NEAR && hit.start < value.to + NEAR)
        };
        when::read(view, clause).into_iter().find(|when| when.values.iter().any(|&at| near(&view.values[at])))
    }

    /// Why it is so, as the agent says: a caller's "because" is mostly why they ask.
    pub fn causes(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let hits = self.stated(turn, "tell_cause", "tell_unsure");
            if hits.is_empty() {
                continue;
            }
            let places = self.places_around(turn, "tell_cause", &hits);
            let Some(list) = self.list(&places, MOST, "") else { continue };
            let (by, speaker) = side(false);
            let values = [("Speaker", self.view().lexicon.frame(speaker)), ("list", list.as_str())];
            let text = say::sentence(self.view().lexicon, "told_cause", &values);
            let asked = index > 0 && self.turns[index - 1].clauses.iter().any(|c| c.question);
            let worth =
                6 + self.teller.weight_of(&turn.place) / 8 + 3 * i32::from(asked) - turn.nth as i32 / 2;
            self.push(out, Kind::Cause, by, Modality::Claim, text, vec![turn.number], "told.cause", worth);
        }
    }

    /// What the caller will do.
    pub fn follow_ups(&self, out: &mut Vec<Candidate>) {
        for turn in self.turns.iter().filter(|turn| turn.caller) {
            let firm = |clause: &Clause| {
                !clause.question
                    && !clause.negated
                    && !clause.conditional
                    && !clause.hedged
                    && !self.teller.says("tell_unsure", clause)
            };
            let hits: Vec<usize> = self
                .hits(turn, "tell_will", "tell_enough")
                .into_iter()
                .filter(|&at| firm(&turn.clauses[at]))
                .collect();
            let Some(&last) = hits.last() else { continue };
            let focus = turn.clauses[hits[0]].place.start..turn.clauses[last].place.end;
            let when = self.when(&focus);
            let said = self.said(when.as_ref());
            let places = self.places(turn, "tell_will", &hits);
            let Some(list) = self.list(&places, 4, "") else { continue };
            if says_little(&list, None) {
                continue;
            }
            let text = say::sentence(self.view().lexicon, "told_caller", &[("list", &list), ("when", &said)]);
            let worth = self.teller.weight_of(&focus) / 6 + 2 * i32::from(when.is_some());
            self.push(
                out,
                Kind::FollowUp,
                Speaker::Caller,
                Modality::Committed,
                text,
                vec![turn.number],
                "told.caller",
                worth,
            );
        }
    }

    /// What the agent asks of the caller, and the caller agrees to.
    pub fn asked(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let mut hits = self.hits(turn, "tell_ask", "tell_refuse");
            hits.retain(|&at| {
                let clause = &turn.clauses[at];
                // What is not to be done is nothing to see to.
                (!self.commits(clause) || self.begs(clause))
                    && !clause.negated
                    && !self.teller.says("tell_check", clause)
            });
            let Some(&last) = hits.last() else { continue };
            let (answer, answered) = pairs::answer(self.teller.clauses, turn.first + last);
            let Some(reply) = self.turns.get(index + 1) else { continue };
            let will = reply.clauses.iter().any(|c| self.teller.says("tell_will", c) && !c.negated);
            if answer != Answer::Accepted && !will {
                continue;
            }
            let next = turn.clauses.get(last + 1).filter(|next| !self.is_other_act("tell_ask", next));
            let end = next.unwrap_or(&turn.clauses[last]).place.end;
            let focus = turn.clauses[hits[0]].place.start..end;
            let settled = |when: &When| when.time.is_some() && self.is_settled(when);
            let own = |place: &Range<usize>| self.when(place).filter(|when| !settled(when));
            let answer = reply.place.start..reply.place.end.min(reply.place.start + ECHO);
            let when = own(&answer).filter(|_| will).or_else(|| own(&focus));
            let mut places = self.places(turn, "tell_ask", &hits);
            if when.is_none() && !(self.tells(&places) && self.teller.is_grounded(&places)) {
                continue;
            }
            let takes = |c: &&Clause| self.teller.says("tell_will", c) && self.teller.is_plain(c);
            places.extend(reply.clauses.iter().filter(takes).map(|clause| (clause.place.clone(), 1)));
            let Some(list) = self.list_of(&places, 4, (turn, &hits, FEW)) else { continue };
            if says_little(&list, when.as_ref()) {
                continue;
            }
            let said = self.said(when.as_ref());
            let text = say::sentence(self.view().lexicon, "told_agreed", &[("list", &list), ("when", &said)]);
            let worth =
                3 + self.teller.weight_of(&focus) / 6 + 4 * i32::from(when.is_some()) + 2 * i32::from(will);
            let mut evidence = vec![turn.number, reply.number];
            evidence.extend(answered);
            self.push(
                out,
                Kind::FollowUp,
                Speaker::Caller,
                Modality::Committed,
                text,
                evidence,
                "told.agreed",
                worth,
            );
        }
    }

    /// What the caller takes of what the agent proposed, and what the agent sums up to a caller who agrees.
    pub fn decided(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate() {
            let Some(other) = (if turn.caller { index.checked_sub(1) } else { Some(index + 1) }) else {
                continue;
            };
            let Some(other) = self.turns.get(other).filter(|other| other.caller != turn.caller) else {
                continue;
            };
            let mut hits =
                self.hits(turn, if turn.caller { "tell_decide" } else { "tell_recap" }, "tell_refuse");
            hits.retain(|&at| !turn.clauses[at].question && !turn.clauses[at].negated);
            // "Normally it's half, the full price would be one thirty" sums up nothing that stands.
            let stands = |clause: &Clause| !clause.hedged && !self.teller.says("tell_instead", clause);
            hits.retain(|&at| turn.caller || stands(&turn.clauses[at]));
            let late = turn.caller || 2 * index > self.turns.len();
            let takes = turn.caller
                || late
                    && other.clauses.iter().any(|c| c.accepts)
                    && !other.clauses.iter().any(|c| c.rejects);
            let offered = |clause: &Clause| {
                self.teller.says("tell_offer", clause) || self.amount_in(&clause.place).is_some()
            };
            let takes_it = |&at: &usize| self.teller.says("tell_take", &turn.clauses[at]);
            let proposed = !turn.caller || hits.iter().any(takes_it) || other.clauses.iter().any(offered);
            if hits.is_empty() || !takes || !proposed {
                continue;
            }
            let (cue, by, kind) = match turn.caller {
                true => ("tell_decide", Speaker::Caller, Kind::Decision),
                false => ("tell_recap", Speaker::Agent(1), Kind::Appointment),
            };
            let mut places = self.places(turn, cue, &hits);
            if !self.tells(&places) || !self.teller.is_grounded(&places) {
                continue;
            }
            let when = hits.iter().rev().find_map(|&at| self.when(&turn.clauses[at].place));
            if let Some(when) = &when {
                places = self.beside(places, when);
            }
            let Some(list) = self.list_of(&places, MOST, (turn, &hits, FEW)) else { continue };
            if says_little(&list, when.as_ref()) {
                continue;
            }
            let said = self.said(when.as_ref());
            let frame = if turn.caller { "told_decided" } else { "told_fixed" };
            let values = [("list", list.as_str()), ("when", said.as_str())];
            let text = say::sentence(self.view().lexicon, frame, &values);
            let worth = 5 + self.teller.weight_of(&turn.place) / 6 + 2 * i32::from(when.is_some());
            let evidence = vec![turn.number, other.number];
            self.push(out, kind, by, Modality::Agreed, text, evidence, "told.decided", worth);
        }
    }

    /// Amounts that stand. What each is for is not told: it is easily the wrong one of two things beside it.
    pub fn amounts(&self, out: &mut Vec<Candidate>) {
        let view = self.view();
        let mut seen = BTreeSet::new();
        let mut sides: [(Vec<Text>, Vec<u16>, bool); 2] = Default::default();
        for (at, value) in view.values.iter().enumerate() {
            let Some((cents, currency)) = self.money(value) else { continue };
            let Some(clause) = self.teller.clauses.iter().position(|c| c.place.contains(&value.from)) else {
                continue;
            };
            let (answer, turn) = pairs::answer(self.teller.clauses, clause);
            let last = !view.values[at + 1..].iter().any(|later| {
                matches!(later.kind, Valued::Amount { .. })
                    && later.turn.saturating_sub(value.turn) <= 2
                    && later.kind != value.kind
            });
            let banned = view.banned[value.from..value.to].iter().any(|banned| *banned);
            let told = &self.teller.clauses[clause];
            let sure =
                !told.hedged && !told.negated && !told.question && !self.teller.says("tell_instead", told);
            let accepted = !value.speaker.is_caller() && last && (answer == Answer::Accepted || sure);
            let open = (told.hedged || told.conditional || self.teller.says("tell_unsure", told))
                && !value.read_back;
            // "Normally forty-five euros, but that is our mistake, we don't charge it."
            let free = |turn: &Turn<'a>| !self.stated(turn, "tell_free", "tell_not_free").is_empty();
            let waived = self.teller.says("tell_instead", told)
                && self.turns.iter().any(|turn| turn.number == value.turn && free(turn));
            if waived
                || self.fell(value.turn, &told.speaker)
                || self.is_turned_down(value)
                || self.is_replaced(value, &told.place)
                || open && answer != Answer::Accepted
            {
                seen.insert(cents);
                continue;
            }
            if banned || !(value.read_back || accepted) || !seen.insert(cents) {
                continue;
            }
            let place = self.teller.clauses[clause].place.clone();
            let mut text = match currency {
                Some(currency) => say::amount(view.lexicon, cents, currency),
                None => when::number(cents / 100),
            };
            text.push_str(super::select::rate(view, &(value.to..place.end)));
            let by_caller = value.speaker.is_caller() && !self.agent_says_soon(at);
            let (texts, evidence, firm) = &mut sides[usize::from(by_caller)];
            *firm |= value.read_back || answer == Answer::Accepted;
            texts.push(text);
            evidence.push(value.turn);
            evidence.extend(turn);
            if value.speaker.is_caller() && !by_caller {
                evidence
                    .extend(self.turns.iter().map(|turn| turn.number).find(|&number| number > value.turn));
            }
        }
        for (caller, (mut texts, evidence, firm)) in sides.into_iter().enumerate() {
            if texts.is_empty() {
                continue;
            }
            texts.truncate(3);
            let (by, speaker) = side(caller == 1);
            let frame = if texts.len() == 1 { "amount" } else { "amounts" };
            let values =
                [("Speaker", view.lexicon.frame(speaker)), ("amounts", &say::list(view.lexicon, &texts))];
            let text = say::sentence(view.lexicon, frame, &values);
            let worth = if firm { 13 } else { 9 };
            self.push(out, Kind::Amount, by, Modality::Fact, text, evidence, "told.amount", worth);
        }
    }

    /// What costs nothing, as the agent says.
    pub fn free(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let mut hits = self.stated(turn, "tell_free", "tell_not_free");
            hits.retain(|&at| !turn.clauses[at].hedged && !turn.clauses[at].conditional);
            if hits.is_empty() || self.fell(turn.number, &Speaker::Agent(1)) {
                continue;
            }
            let mut places = self.places(turn, "tell_free", &hits);
            // "Does it cost anything, the inspection?" - "No, it's free."
            let asked = index.checked_sub(1).map(|before| &self.turns[before]).filter(|before| before.caller);
            if let Some(asked) = asked.filter(|_| self.words_at(&places) < 2) {
                places.extend(self.context(asked, 0));
            }
            let Some(list) = self.list(&places, 3, "") else { continue };
            let text = say::sentence(self.view().lexicon, "told_free", &[("list", &list)]);
            let (by, evidence) = (Speaker::Agent(1), vec![turn.number]);
            self.push(out, Kind::Amount, by, Modality::Fact, text, evidence, "told.free", FREE);
        }
    }

    /// "Nineteen euros instead of thirty-nine": the second one is what it was.
    fn is_replaced(&self, value: &super::values::Value, clause: &Range<usize>) -> bool {
        let view = self.view();
        let mut replaced = super::pattern::all(view.lexicon.cue("tell_replaced"), view, clause);
        replaced.any(|place| super::pattern::meet(&place, &(value.from..value.to)))
    }

    /// What the caller asks for and the agent refuses in the next turn.
    fn is_turned_down(&self, value: &super::values::Value) -> bool {
        let reply = self.turns.iter().find(|turn| !turn.caller && turn.number > value.turn);
        let reply = reply.filter(|reply| value.speaker.is_caller() && reply.number - value.turn <= 2);
        reply.is_some_and(|reply| reply.clauses.iter().any(|clause| self.teller.says("tell_refuse", clause)))
    }

    /// Whether the agent says the same amount within two turns, before or after: then it is the agent's, whoever was
    /// heard first.
    fn agent_says_soon(&self, at: usize) -> bool {
        let values = self.view().values;
        let value = &values[at];
        let same = |other: &super::values::Value| {
            !other.speaker.is_caller() && self.money(other).map(|m| m.0) == self.money(value).map(|m| m.0)
        };
        values.iter().any(|other| same(other) && other.turn.abs_diff(value.turn) <= 2)
    }

    /// Times that the agent named for sure: agreed where the caller took them up, told where not.
    pub fn times(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            for (at, clause) in turn.clauses.iter().enumerate() {
                let says = |cue| self.teller.says(cue, clause);
                let unsure = (clause.hedged || says("tell_unsure")) && !says("tell_sure");
                if clause.question || clause.negated || says("tell_refuse") || says("tell_ask") {
                    continue;
                }
                let Some(when) = self.when(&clause.place).filter(|when| !self.is_settled(when)) else {
                    continue;
                };
                let other = self.is_other_day(&when);
                let Some(reply) = self.turns.get(index + 1) else { continue };
                let taken = when.values.iter().any(|&value| self.view().values[value].read_back);
                let (answer, answered) = pairs::answer(self.teller.clauses, turn.first + at);
                let open =
                    reply.clauses.iter().any(|c| c.question || c.rejects || self.teller.says("tell_need", c));
                let echoed = self.echoes(reply, &when) && !open;
                let agreed =
                    echoed || answer == Answer::Accepted && (taken || answered == Some(reply.number));
                let doubt =
                    other && !agreed || (unsure || clause.past) && !(echoed && answer == Answer::Accepted);
                if answer == Answer::Rejected
                    || doubt
                    || when.time.is_none() && matches!(when.day, None | Some(Valued::Month(_)))
                {
                    continue;
                }
                let places = self.places(turn, "tell_commit", &[at]);
                let items = self.teller.list(&self.beside(places, &when), 3, FLOOR, "");
                if items.is_empty() {
                    continue;
                }
                let binds = self.commits(clause) || says("tell_recap");
                let (frame, kind, modality) = match (agreed && binds, says("tell_callback")) {
                    (true, true) => ("told_call", Kind::Callback, Modality::Committed),
                    (true, false) => ("told_fixed", Kind::Appointment, Modality::Agreed),
                    (false, _) => ("told_time", Kind::Information, Modality::Fact),
                };
                let said = when.say(self.view().lexicon);
                let values = [("when", said.as_str()), ("list", &say::list(self.view().lexicon, &items))];
                let text = say::sentence(self.view().lexicon, frame, &values);
                let worth = 4 + 3 * i32::from(taken) + 4 * i32::from(agreed);
                let evidence = if agreed { vec![turn.number, reply.number] } else { vec![turn.number] };
                self.push(out, kind, Speaker::Agent(1), modality, text, evidence, "told.time", worth);
            }
        }
    }

    /// Whether the caller declines, in that turn or within the two after it, what was offered there.
    fn fell(&self, turn: u16, speaker: &Speaker) -> bool {
        let from = turn + u16::from(!speaker.is_caller());
        let near =
            self.turns.iter().filter(|other| other.caller && (from..=turn + 2).contains(&other.number));
        near.flat_map(|other| other.clauses).any(|clause| self.teller.says("tell_decline", clause))
    }

    /// The amount of money in a clause.
    fn amount_in(&self, place: &Range<usize>) -> Option<Text> {
        let view = self.view();
        let values = super::values::within(view.values, place).map(|at| &view.values[at]);
        let usable =
            |value: &&super::values::Value| !view.banned[value.from..value.to].iter().any(|banned| *banned);
        let (cents, currency) = values.filter(usable).find_map(|value| self.money(value))?;
        Some(match currency {
            Some(currency) => say::amount(view.lexicon, cents, currency),
            None => when::number(cents / 100),
        })
    }

    fn clause_of(&self, value: &super::values::Value) -> Option<&'a Clause> {
        self.teller.clauses.iter().find(|clause| clause.place.contains(&value.from))
    }

    /// "Two thousand nine hundred and eighty exactly": a number said to be the whole.
    fn sums_up(&self, value: &super::values::Value) -> bool {
        self.clause_of(value)
            .is_some_and(|clause| !clause.speaker.is_caller() && self.teller.says("tell_total", clause))
    }

    /// Cents and currency; a round number that both sides said where prices are spoken of has none.
    fn money(&self, value: &super::values::Value) -> Option<(u64, Option<u8>)> {
        match value.kind {
            Valued::Amount { cents, currency } => Some((cents, Some(currency))),
            Valued::Count(count) if count >= 100 && self.sums_up(value) && !self.is_numbered(value) => {
                Some((u64::from(count) * 100, None))
            }
            Valued::Count(count) if value.read_back && count >= 20 => {
                let near = self.turns.iter().find(|turn| turn.number == value.turn)?;
                let priced = near.clauses.iter().any(|clause| self.teller.says("tell_money", clause));
                (priced && !self.is_numbered(value)).then_some((u64::from(count) * 100, None))
            }
            _ => None,
        }
    }

    /// Whether a number is called one, by whomever: then it is no price.
    pub fn is_numbered(&self, value: &super::values::Value) -> bool {
        let view = self.view();
        let same = view.values.iter().filter(|other| other.kind == value.kind);
        same.into_iter().any(|other| {
            let named = |clause: &Clause| self.teller.says("tell_reference", clause);
            let mut from = other.from.saturating_sub(LABEL);
            while view.tokens[from].turn != other.turn {
                from += 1;
            }
            self.clause_of(other).is_some_and(named)
                || super::pattern::any(view.lexicon.cue("tell_reference"), view, &(from..other.from))
        })
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

fn is_question(view: View<'_>, say: &str) -> bool {
    view.lexicon.frame("question_states").split('|').any(|state| state == say)
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

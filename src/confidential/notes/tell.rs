//! Places in the call go in, the few words that say what was spoken of there come out: phrases of content words in
//! the order of speech, denied where they were denied.
//!
//! No list knows what a call is about. A word weighs by how rare, repeated and echoed it is, and how near it stands.

use super::clauses::Clause;
use super::pairs::{self, Answer};
use super::pattern::{self, View};
use super::values::Kind;
use super::{phrase, say, tokens, when};
use crate::confidential::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Content words in a row; one more and too much of the call is quoted.
const LONGEST: usize = 3;

/// Words of the call in a row that a list quotes; more reads better, and is nearer to the call's own sentence.
const QUOTED: usize = 4;

/// What a place counts at least whose words are told as its own, not as what stands around it.
pub(super) const OWN: i32 = 2;

/// Weight of a word that is more than one heard once.
const GROUNDED: i32 = 5;

/// Tokens within which somebody has said who they are.
const INTRODUCED: usize = 12;

/// Weight from which on a word is what a stretch of the call is about.
const TOPICAL: i32 = 8;

/// The call as the teller reads it.
pub(super) struct Teller<'a> {
    pub view: View<'a>,
    pub clauses: &'a [Clause],
    /// Words by which somebody was addressed.
    names: BTreeSet<&'a str>,
    /// Words that somebody said with an article: nouns, where a language tells them so.
    nouns: BTreeSet<&'a str>,
    /// Tokens of an offer that the other side let go.
    fallen: Vec<bool>,
}

/// A place to tell from, and how much its words count.
pub(super) type Place = (Range<usize>, i32);

impl<'a> Teller<'a> {
    pub fn new(view: View<'a>, clauses: &'a [Clause]) -> Teller<'a> {
        let mut names = BTreeSet::new();
        for clause in clauses {
            for pattern in view.lexicon.cue("tell_name") {
                let mut from = clause.place.start;
                while let Some(found) = pattern.find(view, from..clause.place.end) {
                    let words = found.phrases.iter().map(|p| view.tokens[p.start].text.as_str());
                    names.extend(words.filter(|word| !view.words().nouns.contains(*word)));
                    from = found.from + 1;
                }
            }
        }
        // A company's greeting tells nothing, as long as the caller does not take it up.
        let greeting = view.tokens.iter().take_while(|token| token.turn == 0 && !token.speaker.is_caller());
        let own = |word: &str| view.counts.get(word).is_some_and(|(caller, _)| *caller > 0);
        names.extend(greeting.map(|token| token.text.as_str()).filter(|word| !own(word)));
        let mut teller = Teller { view, clauses, names, nouns: nouns(view), fallen: Vec::new() };
        teller.fallen = teller.fallen();
        teller.skip_introduction();
        teller
    }

    /// How the caller presents themselves is told nowhere: what stands before their first "I" in their first turn.
    fn skip_introduction(&mut self) {
        let view = self.view;
        let Some(from) = view.tokens.iter().position(|token| token.speaker.is_caller()) else { return };
        let turn = view.tokens[from].turn;
        let end = view.tokens.partition_point(|token| token.turn <= turn);
        let opens = pattern::first(view.lexicon.cue("tell_self"), view, &(from..end.min(from + INTRODUCED)));
        // With little behind it, the words are what there is.
        if let Some(opens) = opens.filter(|opens| opens.from + INTRODUCED <= end) {
            self.fallen[from..opens.from].fill(true);
        }
    }

    /// Of what the agent offered and the caller let go no word is told: it is easily taken for what stands.
    fn fallen(&self) -> Vec<bool> {
        let mut fallen = vec![false; self.view.tokens.len()];
        for (index, clause) in self.clauses.iter().enumerate() {
            if clause.speaker.is_caller()
                || !self.says("tell_offer", clause)
                || self.says("tell_refuse", clause)
            {
                continue;
            }
            let later = &self.clauses[index + 1..];
            let reply = later.iter().filter(|c| c.speaker.is_caller() && c.turn <= clause.turn + 2);
            let turn = reply.clone().next().map(|reply| reply.turn);
            let mut reply = reply.filter(|reply| Some(reply.turn) == turn);
            let declines = reply.any(|c| self.says("tell_decline", c));
            if !declines && pairs::answer(self.clauses, index).0 != Answer::Rejected {
                continue;
            }
            let rest = later.iter().take_while(|c| c.turn == clause.turn).last();
            let offer = clause.place.start..rest.unwrap_or(clause).place.end;
            fallen[offer.clone()].fill(true);
            // "No thanks, the windows the caretaker does": nor where the caller says it again.
            let again = |at: &usize| {
                let token = &self.view.tokens[*at];
                Some(token.turn) == turn
                    && self.view.tokens[offer.clone()].iter().any(|o| o.text == token.text)
            };
            (offer.end..self.view.tokens.len()).filter(again).for_each(|at| fallen[at] = true);
        }
        fallen
    }

    /// Whether a clause holds one of the cues.
    pub fn says(&self, cue: &str, clause: &Clause) -> bool {
        pattern::any(self.view.lexicon.cue(cue), self.view, &clause.place)
    }

    /// The heaviest words of the places as phrases; none lighter than `floor`, none that `said` holds already.
    pub fn list(&self, places: &[Place], most: usize, floor: i32, said: &str) -> Vec<Text> {
        let said = Text::replaced(&tokens::fold(said), "e-mail", "email");
        let mut best: BTreeMap<&str, (i32, usize)> = BTreeMap::new();
        for (place, bonus) in places {
            for at in place.clone().filter(|&at| self.is_told(at) && (*bonus >= OWN || !self.is_grant(at))) {
                let word = self.view.tokens[at].text.as_str();
                if said.split(|c: char| !c.is_alphanumeric()).any(|other| same_word(other, word)) {
                    continue;
                }
                let known = best.keys().find(|other| same_word(other, word)).copied().unwrap_or(word);
                let light = self.view.words().light.contains(word);
                let weight = self.weight(at) + if light { (*bonus).min(0) } else { *bonus };
                let entry = best.entry(known).or_insert((weight, at));
                if weight > entry.0 {
                    *entry = (weight, at);
                }
            }
        }
        let mut ranked: Vec<(i32, usize)> =
            best.into_values().filter(|(weight, _)| *weight >= floor).collect();
        ranked.sort_by_key(|(weight, at)| (std::cmp::Reverse(*weight), *at));
        let chosen: BTreeSet<usize> = ranked.into_iter().take(most).map(|(_, at)| at).collect();
        // "New", "half", "long": what tells only beside another word tells nothing alone.
        if !chosen.iter().any(|&at| phrase::is_content(self.view, at)) {
            return Vec::new();
        }
        self.phrases(&chosen)
    }

    /// Whether one of the places' own words is more than one heard once: said again, echoed, or known as a noun.
    pub fn is_grounded(&self, places: &[Place]) -> bool {
        let own = places.iter().filter(|(_, bonus)| *bonus >= OWN);
        own.flat_map(|(place, _)| place.clone()).any(|at| self.is_told(at) && self.weight(at) >= GROUNDED)
    }

    /// How much the places have to tell: the weight of their best words.
    pub fn weight_of(&self, place: &Range<usize>) -> i32 {
        let mut weights: Vec<i32> =
            place.clone().filter(|&at| self.is_told(at)).map(|at| self.weight(at)).collect();
        weights.sort_unstable_by_key(|weight| std::cmp::Reverse(*weight));
        weights.into_iter().take(4).sum()
    }

    /// What was spoken of most within some turns before one: its heaviest words.
    pub fn topic(&self, turn: u16, back: u16, said: &str) -> Option<Text> {
        let near = |token: &tokens::Token| token.turn <= turn && turn - token.turn <= back;
        let all = self
            .view
            .tokens
            .iter()
            .enumerate()
            .filter(|(at, token)| near(token) && self.is_told(*at) && !self.is_grant(*at));
        let said = tokens::fold(said);
        let fresh = all.filter(|(_, token)| {
            !said.split(|c: char| !c.is_alphanumeric()).any(|word| same_word(word, &token.text))
        });
        let weigh = |at: usize, token: &tokens::Token| {
            let (caller, agent) = self.view.counts.get(&token.text).copied().unwrap_or_default();
            self.weight(at) + (caller + agent).min(6) as i32 - i32::from(turn - token.turn) / 2
        };
        let (at, token) = fresh.max_by_key(|(at, token)| (weigh(*at, token), *at))?;
        if weigh(at, token) < TOPICAL {
            return None;
        }
        // "Floor" alone says less than "floor plan".
        let beside = |other: usize| {
            let tokens = &self.view.tokens;
            other < tokens.len()
                && tokens[other].turn == token.turn
                && self.is_told(other)
                && self.weight(other) >= 3
        };
        let from = at - usize::from(at > 0 && beside(at - 1));
        let to = at + 1 + usize::from(from == at && beside(at + 1));
        Some(say::list(self.view.lexicon, &self.phrases(&(from..to).collect())))
    }

    /// Chosen words as they are said: neighbours together, each with its denial.
    fn phrases(&self, chosen: &BTreeSet<usize>) -> Vec<Text> {
        let mut phrases: Vec<Text> = Vec::new();
        let mut last: Option<(usize, usize)> = None;
        for &at in chosen {
            let text = self.shown(at);
            let denied = self.denied(at);
            if let (Some((end, long)), None, Some(phrase)) = (last, denied, phrases.last_mut())
                && self.is_linked(end, at)
                && long + at - end < QUOTED
            {
                phrase.push(' ');
                phrase.push_str(&say::phrase(self.view, &(end..at)));
                phrase.push_str(if phrase.ends_with('\'') { "" } else { " " });
                phrase.push_str(&text);
                last = Some((at + 1, long + at - end + 1));
                continue;
            }
            let joins = last.is_some_and(|(end, long)| {
                end == at
                    && long < LONGEST
                    && !self.view.tokens[at - 1].stop
                    && self.view.tokens[at - 1].turn == self.view.tokens[at].turn
            });
            match (phrases.last_mut(), joins, denied) {
                (Some(phrase), true, None) => {
                    phrase.push(' ');
                    phrase.push_str(&text);
                    last = last.map(|(_, long)| (at + 1, long + 1));
                }
                (_, _, denied) => {
                    let text = self.counted(at, text);
                    if phrases.contains(&text) {
                        continue;
                    }
                    phrases
                        .push(denied.map_or_else(|| text.again(), |frame| say::fill(frame, &[("", &text)])));
                    last = Some((at + 1, 1));
                }
            }
        }
        phrases
    }

    /// Whether only small words stand between what was told and what is to be: "the screw of my glasses".
    fn is_linked(&self, end: usize, at: usize) -> bool {
        let view = self.view;
        let joins = |at: usize| {
            let token = &view.tokens[at];
            view.words().joins.contains(&token.text)
                && view.covered[at].is_none()
                && !token.stop
                && !token.comma
        };
        let before = &view.tokens[end - 1];
        at > end
            && !before.stop
            && !before.comma
            && before.turn == view.tokens[at].turn
            && (end..at).all(joins)
    }

    /// "Two SIM cards": a number right before a word belongs to it.
    fn counted(&self, at: usize, text: Text) -> Text {
        let before =
            at.checked_sub(1).and_then(|before| self.view.covered[before]).map(|v| &self.view.values[v]);
        match before.map(|value| (&value.kind, value.to, value.turn)) {
            Some((Kind::Count(count), to, turn)) if to == at && turn == self.view.tokens[at].turn => {
                let mut counted = when::number(u64::from(*count));
                counted.push(' ');
                counted.push_str(&text);
                counted
            }
            _ => text,
        }
    }

    /// A word as it stands in a list: in German a noun has its capital, where it is known to be one.
    fn shown(&self, at: usize) -> Text {
        let view = self.view;
        let noun = |at: usize| {
            let word = view.tokens[at].text.as_str();
            view.words().nouns.contains(word) || self.nouns.contains(word)
        };
        if view.lexicon.numbers.is_german() && !noun(at) {
            return view.tokens[at].shown.as_str().into();
        }
        say::phrase(view, &(at..at + 1))
    }

    /// How a word is denied: a negation right before it, or right after it.
    fn denied(&self, at: usize) -> Option<&'a str> {
        let view = self.view;
        let (words, turn) = (view.words(), view.tokens[at].turn);
        for back in 1..=2 {
            let Some(place) = at.checked_sub(back).filter(|&place| view.tokens[place].turn == turn) else {
                break;
            };
            let text = &view.tokens[place].text;
            // "No, dogs are welcome" denies no dogs.
            let answers = back == 1 && (place == 0 || view.tokens[place - 1].turn != turn);
            if let Some(frame) = words.not_before.get(text).filter(|_| !answers) {
                return Some(frame);
            }
            if words.determiners.contains(text) || self.is_told(place) || view.tokens[place].stop {
                break;
            }
        }
        for place in at + 1..(at + 3).min(view.tokens.len()) {
            let text = &view.tokens[place].text;
            if view.tokens[place].turn != turn || view.tokens[place - 1].stop || self.is_told(place) {
                break;
            }
            if let Some(frame) = words.not_after.get(text) {
                return Some(frame);
            }
        }
        None
    }

    /// Whether a word may be told at all.
    pub fn is_told(&self, at: usize) -> bool {
        let token = &self.view.tokens[at];
        let word = token.text.as_str();
        let lexicon = self.view.lexicon;
        let numbers = &lexicon.numbers;
        let counts = numbers.ordinals.contains_key(word)
            || numbers.small.contains_key(word)
            || numbers.tens.contains_key(word)
            || lexicon.time.weekdays.contains_key(word)
            || lexicon.time.months.contains_key(word);
        let fell = self.fallen.get(at).is_some_and(|fell| *fell);
        (phrase::is_content(self.view, at) || self.may_tell(at))
            && !self.names.contains(word)
            && !counts
            && !fell
    }

    /// A word that would be a promise by itself ("refund"): told only where it was said.
    fn is_grant(&self, at: usize) -> bool {
        let word = &self.view.tokens[at].text;
        self.view.words().grants.iter().any(|stem| stem.fits(word))
    }

    /// Whether a clause says plainly that something is so: what stands beside another may be told with that.
    pub fn is_plain(&self, clause: &Clause) -> bool {
        let says = |cue| self.says(cue, clause);
        !clause.negated && !clause.rejects && !says("tell_refuse") && !says("tell_unsure") && !says("joke")
    }

    /// A stop word that tells something all the same.
    fn may_tell(&self, at: usize) -> bool {
        let view = self.view;
        view.words().telling.contains(&view.tokens[at].text)
            && view.covered[at].is_none()
            && !view.banned[at]
            && view.tokens[at].probability >= phrase::FLOOR
    }

    fn weight(&self, at: usize) -> i32 {
        let view = self.view;
        let token = &view.tokens[at];
        let (caller, agent) = view.counts.get(&token.text).copied().unwrap_or_default();
        let (own, other) = if token.speaker.is_caller() { (caller, agent) } else { (agent, caller) };
        let mut weight = 3;
        weight += i32::from(view.words().nouns.contains(&token.text));
        weight += i32::from(self.nouns.contains(token.text.as_str()));
        weight += i32::from(own > 1) + 2 * i32::from(other > 0);
        weight += i32::from(token.text.chars().count() >= 7);
        weight -= i32::from(token.text.chars().count() < 3);
        weight -= 4 * i32::from(view.words().light.contains(&token.text));
        weight
    }
}

/// Words that stand behind an article, and are no adjective before a noun. What ends like a verb may stand behind a
/// pronoun that looks like an article ("das reicht").
fn nouns(view: View<'_>) -> BTreeSet<&str> {
    let words = view.words();
    let ends =
        |word: &str, endings: &BTreeSet<String>| endings.iter().any(|end| word.ends_with(end.as_str()));
    let is_noun = |at: usize| {
        let (article, noun) = (&view.tokens[at], &view.tokens[at + 1]);
        let goes_on = view.tokens.get(at + 2).is_some_and(|next| next.turn == noun.turn)
            && phrase::is_content(view, at + 2)
            && !noun.stop
            && !noun.comma;
        let sure = words.articles.contains(&article.text);
        let inverted = view.tokens.get(at + 2).is_some_and(|next| words.subjects.contains(&next.text));
        let maybe =
            words.articles_maybe.contains(&article.text) && !inverted && !ends(&noun.text, &words.verbal);
        let adjective = goes_on && ends(&noun.text, &words.adjectival);
        article.turn == noun.turn && !article.stop && (sure || maybe) && !adjective
    };
    let all = 0..view.tokens.len().saturating_sub(1);
    all.filter(|&at| is_noun(at)).map(|at| view.tokens[at + 1].text.as_str()).collect()
}

/// The same word in another form: they begin alike.
fn same_word(a: &str, b: &str) -> bool {
    let alike = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let shorter = a.len().min(b.len());
    a == b || shorter >= 4 && alike >= shorter.saturating_sub(1) && a.len().abs_diff(b.len()) <= 3
}

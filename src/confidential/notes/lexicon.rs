//! A language's data go in, compiled patterns and word lists come out; the only place that knows of files.
//!
//! Every language must have every concept: loading fails otherwise, and a test loads all three.

mod load;

use super::pattern::Pattern;
use super::sound::Sounds;
use crate::call::Language;
use load::{fold, load};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// All that is known of a language.
pub(in crate::confidential) struct Lexicon {
    /// Whether an apostrophe ends a word ("j'ai").
    pub elides: bool,
    pub fillers: BTreeSet<String>,
    /// Words that recognisers write together.
    pub split: BTreeMap<String, Vec<String>>,
    /// Words that are known when they were torn apart.
    pub sounds: Sounds,
    /// Runs of words that are other words misheard ("let you no"), and those.
    pub meant: Vec<(Vec<String>, Vec<String>)>,
    pub words: Words,
    pub numbers: Numbers,
    pub time: Time,
    pub acts: Vec<Act>,
    pub issues: Vec<Issue>,
    pub visits: Vec<Visit>,
    pub topics: BTreeMap<String, Vec<Stem>>,
    pub sensitive: Sensitive,
    /// The words of our own sentences about acts, problems and visits.
    pub ours: BTreeSet<String>,
    cues: BTreeMap<String, Vec<Pattern>>,
    frames: BTreeMap<String, String>,
}

pub(in crate::confidential) struct Words {
    /// Function words, pronouns, common adverbs and verbs: never content.
    pub stop: BTreeSet<String>,
    pub determiners: BTreeSet<String>,
    /// Determiners by which speakers call a thing their own.
    pub own: BTreeSet<String>,
    pub links: BTreeSet<String>,
    /// What may stand for an object named before.
    pub pronouns: BTreeSet<String>,
    /// Words that begin a clause.
    pub starters: BTreeSet<String>,
    /// Given names: never quoted.
    pub names: BTreeSet<String>,
    /// Possessives and what the note says instead.
    pub swap: BTreeMap<String, String>,
    /// Common nouns of service calls, preferred as subjects; none is needed.
    pub nouns: BTreeSet<String>,
    /// Finite verbs of our own sentences.
    pub finite: BTreeSet<String>,
    /// Stop words that a note may tell all the same: "paid", "stopped".
    pub telling: BTreeSet<String>,
    /// Small words that may stand between two told ones: "of the".
    pub joins: BTreeSet<String>,
    /// Content words of small talk: told last.
    pub light: BTreeSet<String>,
    /// Words that would be a promise by themselves: "refund".
    pub grants: Vec<Stem>,
    /// A subject and its auxiliary begin a clause behind a content word or a closer.
    pub subjects: BTreeSet<String>,
    pub auxiliaries: BTreeSet<String>,
    pub closers: BTreeSet<String>,
    /// Articles, words that are articles or pronouns, and how a verb and an adjective end that stand behind them; empty
    /// where nouns need not be told from other words.
    pub articles: BTreeSet<String>,
    pub articles_maybe: BTreeSet<String>,
    pub verbal: BTreeSet<String>,
    pub adjectival: BTreeSet<String>,
    /// Negations before a word and after it, and how a told word is denied (`{}`).
    pub not_before: BTreeMap<String, String>,
    pub not_after: BTreeMap<String, String>,
    /// The small words by which a language is told.
    pub function: BTreeSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::confidential) enum Style {
    TensUnit,
    UnitAndTens,
    French,
}

pub(in crate::confidential) struct Numbers {
    pub style: Style,
    pub small: BTreeMap<String, u64>,
    pub tens: BTreeMap<String, u64>,
    pub hundred: BTreeSet<String>,
    pub thousand: BTreeSet<String>,
    pub and: BTreeSet<String>,
    pub ordinals: BTreeMap<String, u8>,
    pub repeats: BTreeMap<String, u8>,
    pub spelling: Vec<Vec<String>>,
    pub percent: Vec<Vec<String>>,
    pub currencies: BTreeMap<String, u8>,
    pub cents: BTreeSet<String>,
}

impl Numbers {
    pub fn is_german(&self) -> bool {
        self.style == Style::UnitAndTens
    }

    /// "sechshundertdreißig", "zwölfhundert", "zweitausendneunzehn": a German number of more than two digits is one word.
    pub fn glued(&self, word: &str) -> Option<u64> {
        let big = self.thousand.iter().chain(&self.hundred);
        if !self.is_german() || word.len() < 9 || !big.clone().any(|big| word.contains(big.as_str())) {
            return None;
        }
        let Some((thousands, rest)) = word.split_once("tausend") else { return self.hundreds(word) };
        let thousands = if thousands.is_empty() { Some(1) } else { self.hundreds(thousands) };
        let rest = if rest.is_empty() { Some(0) } else { self.hundreds(rest) };
        Some(thousands? * 1_000 + rest?)
    }

    fn hundreds(&self, word: &str) -> Option<u64> {
        let below = |word: &str| self.small.get(word).or_else(|| self.tens.get(word)).copied();
        let Some((hundreds, rest)) = word.split_once("hundert") else { return below(word) };
        let hundreds = if hundreds.is_empty() { Some(1) } else { below(hundreds).filter(|n| *n < 20) };
        let rest = rest.strip_prefix("und").unwrap_or(rest);
        let rest = if rest.is_empty() { Some(0) } else { below(rest) };
        Some(hundreds? * 100 + rest?)
    }
}

pub(in crate::confidential) struct Shift {
    pub words: Vec<String>,
    pub minutes: i16,
}

pub(in crate::confidential) struct Time {
    pub weekdays: BTreeMap<String, u8>,
    pub months: BTreeMap<String, u8>,
    pub relative: Vec<(Vec<String>, u8)>,
    pub parts: Vec<(Vec<String>, u8)>,
    pub units: BTreeMap<String, u8>,
    pub working: BTreeSet<String>,
    pub working_day: u8,
    pub hour: BTreeSet<String>,
    /// Lengths of time that have a name ("half an hour"), and their minutes.
    pub spans: Vec<(Vec<String>, u32)>,
    pub noon: BTreeMap<String, u8>,
    pub shifts: Vec<Shift>,
    pub articles: BTreeSet<String>,
    pub of: BTreeSet<String>,
    pub time_openers: BTreeSet<String>,
    pub date_openers: BTreeSet<String>,
    pub greeting_openers: BTreeSet<String>,
    pub window_openers: BTreeSet<String>,
    pub window_joiners: BTreeSet<String>,
    /// Which preposition bounds a time, and how it is said.
    pub bounds: Vec<Bound>,
    /// How weekdays, months, relative days, parts and units are said.
    pub say: SayTime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::confidential) struct Bound {
    pub id: String,
    pub cues: Vec<String>,
    /// What stands behind a duration instead: "half an hour before".
    #[serde(default)]
    pub behind: Vec<String>,
    /// Before a day or a time; `{}` is its place.
    pub say: String,
    /// Before a duration.
    pub duration: String,
}

impl Bound {
    /// Whether it stands behind a duration and bounds nothing else.
    pub fn stands_behind(&self) -> bool {
        !self.behind.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::confidential) struct SayTime {
    pub weekdays: Vec<String>,
    pub months: Vec<String>,
    pub relative: Vec<String>,
    pub parts: Vec<String>,
    /// One and many.
    pub units: Vec<[String; 2]>,
    /// Before a day that nothing else bounds.
    pub on: String,
    pub date: String,
    pub weekday_date: String,
    pub weekday_date_month: String,
    pub date_month: String,
    pub in_month: String,
    pub at_time: String,
    /// A time after a weekday with its date.
    pub after_date: String,
    /// Whether it stands before the date instead.
    pub time_first: bool,
    pub window: String,
    pub in_duration: String,
    pub clock: String,
    pub full_hour: String,
    /// Endings of 1, 2, 3 and all others; empty where there are none.
    pub ordinals: [String; 4],
}

/// Something that somebody may do: how it is heard and how it is said.
pub(in crate::confidential) struct Act {
    pub id: String,
    pub forms: Vec<Pattern>,
    /// The infinitive phrase after "promised to"; `{object}`, `{when}` and `{by}` are filled.
    pub say: String,
    /// The plain infinitive, where it differs ("wollte ... kündigen").
    pub plain: String,
    pub object: Need,
    pub default: Option<String>,
    /// Whether an amount of money may be its object.
    pub money: bool,
    pub kind: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::confidential) enum Need {
    None,
    Optional,
    Needed,
}

/// A way to be wrong: patterns with `{np}`, and the noun for it.
pub(in crate::confidential) struct Issue {
    pub patterns: Vec<Pattern>,
    pub not: Vec<Pattern>,
    pub say: String,
}

/// Somebody who comes, or something to go to.
pub(in crate::confidential) struct Visit {
    pub stems: Vec<Stem>,
    pub say: String,
    /// Whether it is somebody who comes.
    pub person: bool,
}

/// A folded word, or its beginning.
pub(in crate::confidential) struct Stem {
    text: String,
    prefix: bool,
}

impl Stem {
    pub fn new(text: &str) -> Stem {
        Stem { text: fold(text.trim_end_matches('*')), prefix: text.ends_with('*') }
    }

    pub fn fits(&self, word: &str) -> bool {
        if self.prefix { word.starts_with(&self.text) } else { word == self.text }
    }
}

pub(in crate::confidential) struct Sensitive {
    pub health: Vec<Stem>,
    /// The same in several words.
    pub health_phrases: Vec<Vec<Stem>>,
    /// Words of health that are known when they were torn apart.
    pub torn: Sounds,
    /// Parts of a body, what may be wrong with them, and whose they are: somebody's or a thing's.
    pub body: Vec<Stem>,
    pub complaints: Vec<Stem>,
    pub persons: BTreeSet<String>,
    pub things: Vec<Stem>,
    pub animals: BTreeSet<String>,
    pub streets: Vec<Stem>,
    /// Streets only behind a number and a name: "fourteen coopers yard".
    pub numbered_streets: BTreeSet<String>,
    /// Words beside which any name is a street's.
    pub named_streets: BTreeSet<String>,
    /// How streets end that are one word with their name; those of the second list need a number behind them.
    pub street_endings: Vec<String>,
    pub place_endings: Vec<String>,
    /// Words that end so and are no streets.
    pub no_streets: BTreeSet<String>,
    /// Of those, common words of other things, too.
    pub plain_streets: BTreeSet<String>,
    pub titles: BTreeSet<String>,
    pub relations: BTreeSet<String>,
    pub secrets: Vec<Stem>,
    /// The same in several words.
    pub secret_phrases: Vec<Vec<Stem>>,
    /// What a secret number may be called.
    pub codes: BTreeSet<String>,
    /// Words beside it that make it a number for everybody: "postal code".
    pub open_codes: BTreeSet<String>,
    pub cards: Vec<Stem>,
    /// What a card is called that may be something else, and words beside it that say so: "library card".
    pub card_words: BTreeSet<String>,
    pub open_cards: Vec<Stem>,
    /// How the end of a card's number is announced, and its expiry.
    pub endings: Vec<Vec<Stem>>,
    pub expiries: Vec<Vec<Stem>>,
    pub birth: Vec<Stem>,
    /// The same as written: without its accent "né" is a negation.
    pub born: BTreeSet<String>,
    /// How the point of an e-mail address is said.
    pub dots: BTreeSet<String>,
}

/// The language's lexicon, compiled once.
pub(in crate::confidential) fn of(language: Language) -> &'static Lexicon {
    static LEXICONS: [OnceLock<Lexicon>; 3] = [const { OnceLock::new() }; 3];
    let place = &LEXICONS[language as usize];
    // The files are part of the program, and a test loads all of them.
    place.get_or_init(|| load(language).expect("every lexicon loads"))
}

/// A file of a lexicon that cannot be used.
#[derive(Debug)]
pub(in crate::confidential) struct LexiconError {
    file: &'static str,
    what: String,
}

impl std::fmt::Display for LexiconError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "lexicon {}: {}", self.file, self.what)
    }
}

impl Lexicon {
    /// The patterns of a concept; every language has it (a test).
    pub fn cue(&self, id: &str) -> &[Pattern] {
        self.cues.get(id).map_or(&[], Vec::as_slice)
    }

    /// The sentence frame of a kind of statement; every language has it (a test).
    pub fn frame(&self, id: &str) -> &str {
        self.frames.get(id).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::load::{WordsFile, compile, parse};
    use super::*;

    fn all() -> [&'static Lexicon; 3] {
        [of(Language::En), of(Language::De), of(Language::Fr)]
    }

    #[test]
    fn every_language_has_every_concept_and_frame() {
        let keys = |l: &'static Lexicon| {
            let acts = l.acts.iter().map(|act| act.id.as_str());
            let names = l.cues.keys().map(String::as_str).chain(l.frames.keys().map(String::as_str));
            names.chain(acts).chain(l.topics.keys().map(String::as_str)).collect::<BTreeSet<_>>()
        };
        let [en, de, fr] = all().map(keys);
        assert_eq!(en.symmetric_difference(&de).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert_eq!(en.symmetric_difference(&fr).collect::<Vec<_>>(), Vec::<&&str>::new());
        for lexicon in all() {
            assert_eq!(lexicon.time.weekdays.values().max(), Some(&6));
            assert_eq!(lexicon.time.months.values().max(), Some(&12));
            assert_eq!(lexicon.time.say.units.len(), all()[0].time.say.units.len());
            assert_eq!(lexicon.time.say.relative.len(), all()[0].time.say.relative.len());
            assert_eq!(lexicon.time.say.parts.len(), all()[0].time.say.parts.len());
        }
    }

    #[test]
    fn a_lexicon_that_lacks_a_concept_is_refused() {
        let error = parse::<WordsFile>("words", "elides = true").err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("words")));
        assert!(compile("cues", &["[a|b".to_owned()]).is_err());
        assert!(compile("cues", &["a <nothing>".to_owned()]).is_err());
    }
}

//! A language's data go in, compiled patterns and word lists come out; the only place that knows of files.
//!
//! Every language must have every concept: loading fails otherwise, and a test loads all three.

use super::pattern::{Classes, Pattern};
use super::sound::Sounds;
use super::tokens;
use crate::call::Language;
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
    pub streets: Vec<Stem>,
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

macro_rules! files {
    ($language:literal) => {
        Files {
            words: include_str!(concat!("lexicon/", $language, "/words.toml")),
            numbers: include_str!(concat!("lexicon/", $language, "/numbers.toml")),
            time: include_str!(concat!("lexicon/", $language, "/time.toml")),
            acts: include_str!(concat!("lexicon/", $language, "/acts.toml")),
            problems: include_str!(concat!("lexicon/", $language, "/problems.toml")),
            cues: include_str!(concat!("lexicon/", $language, "/cues.toml")),
            tell: include_str!(concat!("lexicon/", $language, "/tell.toml")),
            objection: include_str!(concat!("lexicon/", $language, "/objection.toml")),
            contact: include_str!(concat!("lexicon/", $language, "/contact.toml")),
            objects: include_str!(concat!("lexicon/", $language, "/objects.toml")),
            sensitive: include_str!(concat!("lexicon/", $language, "/sensitive.toml")),
            render: include_str!(concat!("lexicon/", $language, "/render.toml")),
        }
    };
}

struct Files {
    words: &'static str,
    numbers: &'static str,
    time: &'static str,
    acts: &'static str,
    problems: &'static str,
    cues: &'static str,
    tell: &'static str,
    objection: &'static str,
    contact: &'static str,
    objects: &'static str,
    sensitive: &'static str,
    render: &'static str,
}

fn files(language: Language) -> Files {
    match language {
        Language::En => files!("en"),
        Language::De => files!("de"),
        Language::Fr => files!("fr"),
    }
}

#[derive(Deserialize)]
struct CuesFile {
    /// Whether long words of the patterns fit with one letter wrong.
    #[serde(default)]
    misheard: bool,
    #[serde(default)]
    class: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    cues: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    elides: bool,
    fillers: String,
    split: BTreeMap<String, String>,
    meant: BTreeMap<String, String>,
    torn: String,
    stop: String,
    determiners: String,
    own: String,
    links: String,
    pronouns: String,
    starters: String,
    names: String,
    swap: BTreeMap<String, String>,
    finite: String,
    function: String,
}

/// What the teller needs: words by how well they tell, and classes of cues.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TellFile {
    words: TellWords,
    #[serde(default)]
    class: BTreeMap<String, Vec<String>>,
    cues: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TellWords {
    telling: String,
    joins: String,
    light: String,
    grants: String,
    subjects: String,
    auxiliaries: String,
    closers: String,
    articles: String,
    articles_maybe: String,
    verbal: String,
    adjectival: String,
    not_before: BTreeMap<String, String>,
    not_after: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumbersFile {
    style: Style,
    small: BTreeMap<String, u64>,
    tens: BTreeMap<String, u64>,
    hundred: String,
    thousand: String,
    and: String,
    ordinals: BTreeMap<String, u8>,
    repeats: BTreeMap<String, u8>,
    spelling: Vec<String>,
    percent: Vec<String>,
    /// Euro, pound, dollar, franc.
    currencies: Vec<String>,
    cents: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeFile {
    weekdays: Vec<String>,
    months: Vec<String>,
    relative: Vec<Vec<String>>,
    parts: Vec<Vec<String>>,
    units: Vec<String>,
    working: String,
    working_day: u8,
    hour: String,
    spans: BTreeMap<String, u32>,
    noon: BTreeMap<String, u8>,
    shifts: BTreeMap<String, i16>,
    articles: String,
    of: String,
    time_openers: String,
    date_openers: String,
    greeting_openers: String,
    window_openers: String,
    window_joiners: String,
    bounds: Vec<Bound>,
    say: SayTime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActFile {
    forms: Vec<String>,
    say: String,
    plain: Option<String>,
    object: Need,
    default: Option<String>,
    #[serde(default)]
    money: bool,
    #[serde(default = "promise")]
    kind: String,
}

fn promise() -> String {
    "promise".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueFile {
    patterns: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
    say: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectsFile {
    nouns: String,
    visits: BTreeMap<String, VisitFile>,
    topics: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VisitFile {
    stems: String,
    say: String,
    #[serde(default)]
    person: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SensitiveFile {
    health: String,
    streets: String,
    plain_streets: String,
    titles: String,
    relations: String,
    secrets: String,
    secret_phrases: String,
    codes: String,
    open_codes: String,
    cards: String,
    birth: String,
    born: String,
    dots: String,
}

fn load(language: Language) -> Result<Lexicon, LexiconError> {
    let files = files(language);
    let words: WordsFile = parse("words", files.words)?;
    let objects: ObjectsFile = parse("objects", files.objects)?;
    let numbers: NumbersFile = parse("numbers", files.numbers)?;
    let time: TimeFile = parse("time", files.time)?;
    let sensitive: SensitiveFile = parse("sensitive", files.sensitive)?;
    let tell: TellFile = parse("tell", files.tell)?;
    let mut cues = load_cues(&files)?;
    let classes = Classes::compile(&tell.class, false).map_err(|what| LexiconError { file: "tell", what })?;
    for (id, patterns) in tell.cues {
        cues.insert(id, compile_with("tell", &patterns, &classes)?);
    }
    Ok(Lexicon {
        elides: words.elides,
        fillers: set(&words.fillers),
        sounds: Sounds::new(words.torn.split_whitespace()),
        meant: words.meant.iter().map(|(heard, meant)| (list(heard), list(meant))).collect(),
        split: words.split.iter().map(|(word, parts)| (fold(word), list(parts))).collect(),
        words: load_words(&words, &objects, tell.words),
        numbers: load_numbers(numbers),
        time: load_time(time),
        acts: load_acts(parse("acts", files.acts)?)?,
        issues: load_issues(parse("problems", files.problems)?)?,
        visits: objects
            .visits
            .into_values()
            .map(|visit| Visit { stems: stems(&visit.stems), say: visit.say, person: visit.person })
            .collect(),
        topics: objects.topics.iter().map(|(topic, words)| (topic.clone(), stems(words))).collect(),
        sensitive: Sensitive {
            health: stems(&sensitive.health),
            streets: stems(&sensitive.streets),
            plain_streets: set(&sensitive.plain_streets),
            titles: set(&sensitive.titles),
            relations: set(&sensitive.relations),
            secrets: stems(&sensitive.secrets),
            secret_phrases: sensitive.secret_phrases.split('|').map(stems).collect(),
            codes: set(&sensitive.codes),
            open_codes: set(&sensitive.open_codes),
            cards: stems(&sensitive.cards),
            birth: stems(&sensitive.birth),
            born: sensitive.born.split_whitespace().map(str::to_owned).collect(),
            dots: set(&sensitive.dots),
        },
        cues,
        frames: parse("render", files.render)?,
    })
}

/// The cues of the three files; each file has its own classes.
fn load_cues(files: &Files) -> Result<BTreeMap<String, Vec<Pattern>>, LexiconError> {
    let mut cues = BTreeMap::new();
    for (file, text) in [("cues", files.cues), ("objection", files.objection), ("contact", files.contact)] {
        let table: CuesFile = parse(file, text)?;
        let classes =
            Classes::compile(&table.class, table.misheard).map_err(|what| LexiconError { file, what })?;
        for (id, patterns) in table.cues {
            cues.insert(id, compile_with(file, &patterns, &classes)?);
        }
    }
    Ok(cues)
}

fn load_words(words: &WordsFile, objects: &ObjectsFile, tell: TellWords) -> Words {
    let fold_keys = |map: BTreeMap<String, String>| map.into_iter().map(|(k, v)| (fold(&k), v)).collect();
    Words {
        telling: set(&tell.telling),
        joins: set(&tell.joins),
        light: set(&tell.light),
        grants: stems(&tell.grants),
        subjects: set(&tell.subjects),
        auxiliaries: set(&tell.auxiliaries),
        closers: set(&tell.closers),
        articles: set(&tell.articles),
        articles_maybe: set(&tell.articles_maybe),
        verbal: set(&tell.verbal),
        adjectival: set(&tell.adjectival),
        not_before: fold_keys(tell.not_before),
        not_after: fold_keys(tell.not_after),
        stop: set(&words.stop),
        determiners: set(&words.determiners),
        own: set(&words.own),
        links: set(&words.links),
        pronouns: set(&words.pronouns),
        starters: set(&words.starters),
        names: set(&words.names),
        swap: words.swap.iter().map(|(from, to)| (fold(from), to.clone())).collect(),
        finite: set(&words.finite),
        nouns: set(&objects.nouns),
        function: set(&words.function),
    }
}

fn load_numbers(numbers: NumbersFile) -> Numbers {
    let fold_keys = |map: BTreeMap<String, u64>| -> BTreeMap<String, u64> {
        map.into_iter().map(|(word, value)| (fold(&word), value)).collect()
    };
    let (mut small, tens) = (fold_keys(numbers.small), fold_keys(numbers.tens));
    let mut ordinals: BTreeMap<String, u8> =
        numbers.ordinals.into_iter().map(|(word, day)| (fold(&word), day)).collect();
    if numbers.style == Style::UnitAndTens {
        let short: Vec<(String, u8)> = ordinals
            .iter()
            .filter_map(|(word, day)| Some((word.strip_suffix('n')?.to_owned(), *day)))
            .flat_map(|(word, day)| {
                let mut other = word.clone();
                other.push('r');
                [(other, day), (word, day)]
            })
            .collect();
        ordinals.extend(short);
        join_german(&mut small, &tens, &mut ordinals);
    }
    let indexed = |words: &[String]| -> BTreeMap<String, u8> {
        let each = words.iter().enumerate();
        each.flat_map(|(i, words)| list(words).into_iter().map(move |w| (w, i as u8))).collect()
    };
    Numbers {
        style: numbers.style,
        small,
        tens,
        hundred: set(&numbers.hundred),
        thousand: set(&numbers.thousand),
        and: set(&numbers.and),
        ordinals,
        repeats: numbers.repeats,
        spelling: numbers.spelling.iter().map(|aid| list(aid)).collect(),
        percent: numbers.percent.iter().map(|words| list(words)).collect(),
        currencies: indexed(&numbers.currencies),
        cents: set(&numbers.cents),
    }
}

/// "fünfundvierzig" and "einundzwanzigsten" are one word when they are written.
fn join_german(
    small: &mut BTreeMap<String, u64>,
    tens: &BTreeMap<String, u64>,
    ordinals: &mut BTreeMap<String, u8>,
) {
    let mut joined = Vec::new();
    for (unit, value) in small.iter().filter(|(_, value)| (1..10).contains(*value)) {
        for (ten, more) in tens {
            let mut word = unit.trim_end_matches('s').to_owned();
            if *unit == "sechs" || word.is_empty() {
                word = unit.clone();
            }
            word.push_str("und");
            word.push_str(ten);
            joined.push((word, value + more));
        }
    }
    for (word, value) in &joined {
        if *value < 32 {
            for ending in ["ste", "sten", "ster"] {
                let mut ordinal = word.clone();
                ordinal.push_str(ending);
                ordinals.insert(ordinal, *value as u8);
            }
        }
    }
    small.extend(joined);
}

fn load_time(time: TimeFile) -> Time {
    let indexed = |words: &[String], first: u8| -> BTreeMap<String, u8> {
        let each = words.iter().enumerate();
        each.flat_map(|(i, words)| list(words).into_iter().map(move |w| (w, i as u8 + first))).collect()
    };
    let phrases = |groups: &[Vec<String>]| -> Vec<(Vec<String>, u8)> {
        let each = groups.iter().enumerate();
        each.flat_map(|(i, group)| group.iter().map(move |phrase| (list(phrase), i as u8))).collect()
    };
    Time {
        weekdays: indexed(&time.weekdays, 0),
        months: indexed(&time.months, 1),
        relative: phrases(&time.relative),
        parts: phrases(&time.parts),
        units: indexed(&time.units, 0),
        working: set(&time.working),
        working_day: time.working_day,
        hour: set(&time.hour),
        spans: time.spans.iter().map(|(words, minutes)| (list(words), *minutes)).collect(),
        noon: time.noon,
        shifts: time
            .shifts
            .iter()
            .map(|(words, minutes)| Shift { words: list(words), minutes: *minutes })
            .collect(),
        articles: set(&time.articles),
        of: set(&time.of),
        time_openers: set(&time.time_openers),
        date_openers: set(&time.date_openers),
        greeting_openers: set(&time.greeting_openers),
        window_openers: set(&time.window_openers),
        window_joiners: set(&time.window_joiners),
        bounds: time.bounds,
        say: time.say,
    }
}

fn load_acts(acts: BTreeMap<String, ActFile>) -> Result<Vec<Act>, LexiconError> {
    let load = |(id, act): (String, ActFile)| {
        Ok(Act {
            forms: compile("acts", &act.forms)?,
            plain: act.plain.unwrap_or_else(|| act.say.clone()),
            say: act.say,
            object: act.object,
            default: act.default,
            money: act.money,
            kind: act.kind,
            id,
        })
    };
    acts.into_iter().map(load).collect()
}

fn load_issues(issues: BTreeMap<String, IssueFile>) -> Result<Vec<Issue>, LexiconError> {
    let load = |(_, issue): (String, IssueFile)| {
        Ok(Issue {
            patterns: compile("problems", &issue.patterns)?,
            not: compile("problems", &issue.not)?,
            say: issue.say,
        })
    };
    issues.into_iter().map(load).collect()
}

fn parse<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, LexiconError> {
    toml::from_str(text).map_err(|error| LexiconError { file, what: error.message().to_owned() })
}

fn compile(file: &'static str, patterns: &[String]) -> Result<Vec<Pattern>, LexiconError> {
    compile_with(file, patterns, &Classes::default())
}

fn compile_with(
    file: &'static str,
    patterns: &[String],
    classes: &Classes,
) -> Result<Vec<Pattern>, LexiconError> {
    let compile = |text: &String| {
        Pattern::compile(text, classes).ok_or_else(|| LexiconError { file, what: text.clone() })
    };
    patterns.iter().map(compile).collect()
}

/// A lexicon's text folded; it is part of the program, so it needs no wiping.
fn fold(text: &str) -> String {
    tokens::fold(text).into_string()
}

/// The words of a text, folded.
fn list(text: &str) -> Vec<String> {
    text.split_whitespace().map(fold).collect()
}

fn set(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(fold).collect()
}

fn stems(text: &str) -> Vec<Stem> {
    text.split_whitespace().map(Stem::new).collect()
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

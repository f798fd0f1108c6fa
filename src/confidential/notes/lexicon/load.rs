//! The files of a language go in, its lexicon comes out, or the name of the file that cannot be used.

use super::{
    Act, Bound, Issue, Lexicon, LexiconError, Need, Numbers, SayTime, Sensitive, Shift, Stem, Style, Time,
    Visit, Words,
};
use crate::call::Language;
use crate::confidential::notes::pattern::{Classes, Pattern};
use crate::confidential::notes::sound::Sounds;
use crate::confidential::notes::tokens;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

macro_rules! files {
    ($language:literal) => {
        Files {
            words: include_str!(concat!($language, "/words.toml")),
            numbers: include_str!(concat!($language, "/numbers.toml")),
            time: include_str!(concat!($language, "/time.toml")),
            acts: include_str!(concat!($language, "/acts.toml")),
            problems: include_str!(concat!($language, "/problems.toml")),
            cues: include_str!(concat!($language, "/cues.toml")),
            tell: include_str!(concat!($language, "/tell.toml")),
            objection: include_str!(concat!($language, "/objection.toml")),
            contact: include_str!(concat!($language, "/contact.toml")),
            names: include_str!(concat!($language, "/names.toml")),
            objects: include_str!(concat!($language, "/objects.toml")),
            sensitive: include_str!(concat!($language, "/sensitive.toml")),
            render: include_str!(concat!($language, "/render.toml")),
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
    names: &'static str,
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
pub(super) struct WordsFile {
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

pub(super) fn promise() -> String {
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
    health_phrases: String,
    torn: String,
    body: String,
    complaints: String,
    persons: String,
    things: String,
    animals: String,
    streets: String,
    numbered_streets: String,
    named_streets: String,
    street_endings: String,
    place_endings: String,
    no_streets: String,
    plain_streets: String,
    titles: String,
    relations: String,
    secrets: String,
    secret_phrases: String,
    codes: String,
    open_codes: String,
    cards: String,
    card_words: String,
    open_cards: String,
    endings: String,
    expiries: String,
    birth: String,
    born: String,
    dots: String,
}

pub(super) fn load(language: Language) -> Result<Lexicon, LexiconError> {
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
    let mut lexicon = Lexicon {
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
        sensitive: load_sensitive(&sensitive),
        ours: BTreeSet::new(),
        cues,
        frames: parse("render", files.render)?,
    };
    lexicon.ours = our_words(&lexicon);
    Ok(lexicon)
}

fn our_words(lexicon: &Lexicon) -> BTreeSet<String> {
    let acts = lexicon
        .acts
        .iter()
        .flat_map(|act| [act.say.as_str(), act.plain.as_str(), act.default.as_deref().unwrap_or_default()]);
    let issues = lexicon.issues.iter().map(|issue| issue.say.as_str());
    let visits = lexicon.visits.iter().map(|visit| visit.say.as_str());
    let said = acts.chain(issues).chain(visits);
    said.flat_map(|say| say.split(|c: char| !c.is_alphanumeric() && c != '-')).map(fold).collect()
}

fn load_sensitive(file: &SensitiveFile) -> Sensitive {
    Sensitive {
        health: stems(&file.health),
        health_phrases: phrases(&file.health_phrases),
        torn: Sounds::new(list(&file.torn).iter().map(String::as_str)),
        body: stems(&file.body),
        complaints: stems(&file.complaints),
        persons: set(&file.persons),
        things: stems(&file.things),
        animals: set(&file.animals),
        streets: stems(&file.streets),
        numbered_streets: set(&file.numbered_streets),
        named_streets: set(&file.named_streets),
        street_endings: list(&file.street_endings),
        place_endings: list(&file.place_endings),
        no_streets: set(&file.no_streets),
        plain_streets: set(&file.plain_streets),
        titles: set(&file.titles),
        relations: set(&file.relations),
        secrets: stems(&file.secrets),
        secret_phrases: phrases(&file.secret_phrases),
        codes: set(&file.codes),
        open_codes: set(&file.open_codes),
        cards: stems(&file.cards),
        card_words: set(&file.card_words),
        open_cards: stems(&file.open_cards),
        endings: phrases(&file.endings),
        expiries: phrases(&file.expiries),
        birth: stems(&file.birth),
        born: file.born.split_whitespace().map(str::to_owned).collect(),
        dots: set(&file.dots),
    }
}

/// Phrases are parted by `|`.
fn phrases(text: &str) -> Vec<Vec<Stem>> {
    text.split('|').map(stems).filter(|phrase| !phrase.is_empty()).collect()
}

/// The cues of the four files; each file has its own classes.
fn load_cues(files: &Files) -> Result<BTreeMap<String, Vec<Pattern>>, LexiconError> {
    let mut cues = BTreeMap::new();
    let all = [
        ("cues", files.cues),
        ("objection", files.objection),
        ("contact", files.contact),
        ("names", files.names),
    ];
    for (file, text) in all {
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

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    file: &'static str,
    text: &str,
) -> Result<T, LexiconError> {
    toml::from_str(text).map_err(|error| LexiconError { file, what: error.message().to_owned() })
}

pub(super) fn compile(file: &'static str, patterns: &[String]) -> Result<Vec<Pattern>, LexiconError> {
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
pub(super) fn fold(text: &str) -> String {
    tokens::fold(text).into_string()
}

/// The words of a text, folded.
fn list(text: &str) -> Vec<String> {
    text.split_whitespace().map(fold).collect()
}

fn set(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(fold).collect()
}

pub(super) fn stems(text: &str) -> Vec<Stem> {
    text.split_whitespace().map(Stem::new).collect()
}

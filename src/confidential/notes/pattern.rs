//! One token-pattern syntax for every lexicon: a line of text is compiled once, tokens are searched with it.
//!
//! `word`, `stem*`, `*stem*`, `[a|b*|c ..2 d]`, each with `?` when it may be missing; `..3` skips up to three tokens;
//! `{np}` takes a noun phrase, `{word}` one content word, `{when}`, `{amount}`, `{digits}`, `{count}` take a value, `{act}` takes any form of an act and
//! `{ch}` the channel that is asked about; `^` and `$` are the clause's ends. `<class>` takes any of the patterns of a
//! class; `!` before a word, brackets or a class takes nothing and fits where that does not follow.

use super::tokens::{Token, fold};
use super::values::{Kind, Value};
use super::{
    lexicon::{Lexicon, Words},
    phrase,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub(in crate::confidential) struct Pattern(Vec<Element>);

/// Patterns that may stand for each other, by the name of their class.
#[derive(Default)]
pub(in crate::confidential) struct Classes {
    named: BTreeMap<String, Arc<Vec<Pattern>>>,
    /// Whether long words fit with one letter wrong.
    misheard: bool,
}

struct Element {
    what: What,
    optional: bool,
    /// Fits where `what` does not follow.
    absent: bool,
}

enum What {
    /// Alternatives, each of one or more words.
    Word(Alternatives),
    Gap(usize),
    Phrase,
    Any,
    When,
    Amount,
    Digits,
    Count,
    Act,
    Channel,
    Class(Arc<Vec<Pattern>>),
    Start,
    End,
}

struct Alternatives {
    words: Vec<Vec<Stem>>,
    /// First bytes that a token may have where one of them stands; most tokens are told apart by it alone.
    opens: [u64; 4],
}

impl Alternatives {
    fn new(words: Vec<Vec<Stem>>) -> Alternatives {
        let mut opens = [0; 4];
        for first in words.iter().map(|words| words.first()) {
            match first.filter(|stem| !stem.open.0).and_then(|stem| stem.text.bytes().next()) {
                Some(byte) => opens[usize::from(byte / 64)] |= 1 << (byte % 64),
                None => opens = [u64::MAX; 4],
            }
        }
        Alternatives { words, opens }
    }

    /// Where each alternative ends that stands at `at`.
    fn at<'a>(
        &'a self,
        view: View<'a>,
        within: &'a Range<usize>,
        at: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let byte = view.tokens.get(at).and_then(|token| token.text.bytes().next()).unwrap_or(0);
        let may = self.opens[usize::from(byte / 64)] >> (byte % 64) & 1 == 1;
        let words = if may { self.words.as_slice() } else { &[] };
        words.iter().filter_map(move |words| words_at(words, view, within, at))
    }
}

struct Stem {
    text: String,
    /// Whether more may stand before and behind: "Werbeanrufe" is `*anruf*`.
    open: (bool, bool),
    misheard: bool,
}

/// Letters of a word that is known with one of them wrong; shorter words have too many neighbours.
const LONG: usize = 7;

impl Stem {
    fn new(text: &str, classes: &Classes) -> Stem {
        let open = (text.starts_with('*'), text.ends_with('*'));
        let text = fold(text.trim_matches('*')).into_string();
        Stem { misheard: classes.misheard && !open.0 && text.len() >= LONG, text, open }
    }

    fn fits(&self, word: &str) -> bool {
        let fits = match self.open {
            (false, false) => word == self.text,
            (false, true) => word.starts_with(&self.text),
            (true, false) => word.ends_with(&self.text),
            (true, true) => word.contains(&self.text),
        };
        fits || self.misheard && self.nearly(word.as_bytes())
    }

    /// Whether the word, or its beginning, has one letter wrong, too few or too many: not the first one, nor one of the
    /// last two, which are its form ("Angebot", "Angebote").
    fn nearly(&self, word: &[u8]) -> bool {
        let text = self.text.as_bytes();
        let same = text.iter().zip(word).take_while(|(one, other)| one == other).count();
        let form = if self.open.1 { 0 } else { 2 };
        if same == 0 || same + form >= text.len() {
            return false;
        }
        let rest = |word: Option<&[u8]>, text: &[u8]| {
            word.is_some_and(|word| if self.open.1 { word.starts_with(text) } else { word == text })
        };
        let (word, further) = (word.get(same..), word.get(same + 1..));
        let (text, text_further) = (&text[same..], &text[same + 1..]);
        rest(further, text_further) || rest(word, text_further) || rest(further, text)
    }
}

/// Whether two places share a token.
pub(in crate::confidential) fn meet(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// What a pattern is laid over: the call's tokens, its values and which value covers which token.
#[derive(Clone, Copy)]
pub(in crate::confidential) struct View<'a> {
    pub tokens: &'a [Token],
    pub values: &'a [Value],
    pub covered: &'a [Option<usize>],
    /// Tokens that may never be quoted.
    pub banned: &'a [bool],
    pub lexicon: &'a Lexicon,
    /// Which tokens are a verb of an act by themselves; empty before they are known.
    pub verbs: &'a [bool],
    /// How often the caller and the other side said a word; empty before it is counted.
    pub counts: &'a BTreeMap<String, (usize, usize)>,
    /// Whether nouns are known by their capitals.
    pub cased: bool,
    /// What `{ch}` stands for.
    pub channel: &'a [Pattern],
}

impl<'a> View<'a> {
    pub fn words(self) -> &'a Words {
        &self.lexicon.words
    }
}

/// A place where a pattern fits.
#[derive(Clone, Default)]
pub(in crate::confidential) struct Found {
    pub from: usize,
    pub to: usize,
    pub phrases: Vec<Range<usize>>,
    pub values: Vec<usize>,
    /// The act that `{act}` stood for, and where.
    pub act: Option<(usize, usize, usize)>,
}

impl Pattern {
    /// `None` when the text is no pattern.
    pub fn compile(text: &str, classes: &Classes) -> Option<Pattern> {
        let elements: Option<Vec<Element>> =
            pieces(text).into_iter().map(|piece| element(piece, classes)).collect();
        elements.filter(|elements| !elements.is_empty()).map(Pattern)
    }

    /// The first place in `within` where the pattern fits.
    pub fn find(&self, view: View<'_>, within: Range<usize>) -> Option<Found> {
        within.clone().find_map(|from| self.at(view, &within, from))
    }

    /// Whether the pattern fits at `from`.
    pub fn at(&self, view: View<'_>, within: &Range<usize>, from: usize) -> Option<Found> {
        let mut found = Found { from, ..Found::default() };
        let rest = Rest { elements: &self.0, then: None };
        step(rest, view, within, from, &mut found).then_some(found)
    }
}

impl Classes {
    /// Compiles each class after those that it names; the name of one that is no class or names itself, if any.
    pub fn compile(texts: &BTreeMap<String, Vec<String>>, misheard: bool) -> Result<Classes, String> {
        let mut classes = Classes { misheard, ..Classes::default() };
        while classes.named.len() < texts.len() {
            let mut stuck = None;
            let known = classes.named.len();
            for (name, texts) in
                texts.iter().filter(|(name, _)| !classes.named.contains_key(*name)).collect::<Vec<_>>()
            {
                let patterns: Result<Vec<Pattern>, &String> =
                    texts.iter().map(|text| Pattern::compile(text, &classes).ok_or(text)).collect();
                match patterns {
                    Ok(patterns) => {
                        classes.named.insert(name.clone(), Arc::new(patterns));
                    }
                    Err(text) => stuck = Some(text.clone()),
                }
            }
            if classes.named.len() == known {
                return Err(stuck.unwrap_or_default());
            }
        }
        Ok(classes)
    }
}

/// The elements of a pattern's text: blanks part them, but not within brackets.
fn pieces(text: &str) -> Vec<&str> {
    parted(text, char::is_whitespace).filter(|piece| !piece.is_empty()).collect()
}

/// The parts of a text between the marks that stand in no brackets.
fn parted(text: &str, mark: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    text.split(move |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && mark(c)
    })
}

fn element(text: &str, classes: &Classes) -> Option<Element> {
    let optional = text.len() > 1 && text.ends_with('?');
    let text = if optional { &text[..text.len() - 1] } else { text };
    let (absent, text) = text.strip_prefix('!').map_or((false, text), |text| (true, text));
    let what = match text {
        "{np}" => What::Phrase,
        "{word}" => What::Any,
        "{when}" => What::When,
        "{amount}" => What::Amount,
        "{digits}" => What::Digits,
        "{count}" => What::Count,
        "{act}" => What::Act,
        "{ch}" => What::Channel,
        "^" => What::Start,
        "$" => What::End,
        _ if text.starts_with("..") => What::Gap(text[2..].parse().ok()?),
        _ if text.starts_with('[') => {
            let inner = text.strip_prefix('[')?.strip_suffix(']')?;
            let plain = !inner.contains(['[', '<', '{', '!', '?', '^', '$']) && !inner.contains("..");
            if plain {
                let words =
                    |text: &str| text.split_whitespace().map(|word| Stem::new(word, classes)).collect();
                What::Word(Alternatives::new(inner.split('|').map(words).collect()))
            } else {
                let each: Option<Vec<Pattern>> =
                    parted(inner, |c| c == '|').map(|text| Pattern::compile(text, classes)).collect();
                What::Class(Arc::new(each?))
            }
        }
        _ if text.starts_with('<') => {
            let name = text.strip_prefix('<')?.strip_suffix('>')?;
            What::Class(classes.named.get(name)?.clone())
        }
        _ if text.contains(['{', '}', '[', ']', '|', '?', '<', '>', '!']) => return None,
        _ => What::Word(Alternatives::new(vec![vec![Stem::new(text, classes)]])),
    };
    Some(Element { what, optional, absent })
}

/// What is still to fit: the rest of a pattern, then what follows it in the pattern that named its class.
#[derive(Clone, Copy)]
struct Rest<'a> {
    elements: &'a [Element],
    then: Option<&'a Rest<'a>>,
}

fn step(rest: Rest<'_>, view: View<'_>, within: &Range<usize>, at: usize, found: &mut Found) -> bool {
    let Some((first, elements)) = rest.elements.split_first() else {
        let Some(then) = rest.then else {
            found.to = at;
            return true;
        };
        return step(*then, view, within, at, found);
    };
    let rest = Rest { elements, ..rest };
    let (phrases, values) = (found.phrases.len(), found.values.len());
    if first.absent {
        return !follows(&first.what, view, within, at) && step(rest, view, within, at, found);
    }
    match &first.what {
        What::Word(words) => {
            if words.at(view, within, at).any(|next| step(rest, view, within, next, found)) {
                return true;
            }
            return first.optional && step(rest, view, within, at, found);
        }
        What::Class(patterns) => {
            let fits = |pattern: &Pattern, found: &mut Found| {
                let inner = Rest { elements: &pattern.0, then: Some(&rest) };
                step(inner, view, within, at, found)
            };
            if patterns.iter().any(|pattern| fits(pattern, found)) {
                return true;
            }
            return first.optional && step(rest, view, within, at, found);
        }
        _ => {}
    }
    if let What::Gap(most) = first.what {
        return (0..=most)
            .take_while(|skip| at + skip <= within.end)
            .any(|skip| step(rest, view, within, at + skip, found));
    }
    if matches!(first.what, What::Act) {
        return acts_at(view, within, at).any(|(act, next)| {
            found.act = Some((act, at, next));
            step(rest, view, within, next, found)
        });
    }
    if let Some(next) = take(&first.what, view, within, at, found)
        && step(rest, view, within, next, found)
    {
        return true;
    }
    found.phrases.truncate(phrases);
    found.values.truncate(values);
    first.optional && step(rest, view, within, at, found)
}

fn take(what: &What, view: View<'_>, within: &Range<usize>, at: usize, found: &mut Found) -> Option<usize> {
    match what {
        What::Start => return (at == within.start).then_some(at),
        What::End => return (at == within.end).then_some(at),
        _ if at >= within.end => return None,
        _ => {}
    }
    let value = |fits: fn(&Kind) -> bool, found: &mut Found| {
        let index = view.covered[at]?;
        let value = &view.values[index];
        (value.from == at && value.to <= within.end && fits(&value.kind)).then(|| {
            found.values.push(index);
            value.to
        })
    };
    match what {
        What::Phrase => {
            let phrase = phrase::at(view, within, at)?;
            let end = phrase.end;
            found.phrases.push(phrase);
            Some(end)
        }
        What::Any => {
            let word = phrase::is_content(view, at) || view.words().names.contains(&view.tokens[at].text);
            word.then(|| {
                found.phrases.push(at..at + 1);
                at + 1
            })
        }
        What::When => value(Kind::is_when, found),
        What::Amount => value(|kind| matches!(kind, Kind::Amount { .. }), found),
        What::Digits => value(|kind| *kind == Kind::Digits, found),
        What::Count => value(|kind| matches!(kind, Kind::Count(_)), found),
        What::Channel => view.channel.iter().find_map(|p| p.at(view, within, at)).map(|f| f.to),
        What::Word(_) | What::Class(_) | What::Gap(_) | What::Act | What::Start | What::End => None,
    }
}

/// Where the words end, if they stand at `at`.
fn words_at(words: &[Stem], view: View<'_>, within: &Range<usize>, at: usize) -> Option<usize> {
    let end = at + words.len();
    let place = view.tokens.get(at..end).filter(|_| end <= within.end)?;
    words.iter().zip(place).all(|(stem, token)| stem.fits(&token.text)).then_some(end)
}

/// Whether something stands at `at`.
fn follows(what: &What, view: View<'_>, within: &Range<usize>, at: usize) -> bool {
    match what {
        What::Word(words) => words.at(view, within, at).next().is_some(),
        What::Class(patterns) => patterns.iter().any(|pattern| pattern.at(view, within, at).is_some()),
        other => take(other, view, within, at, &mut Found::default()).is_some(),
    }
}

/// The acts that are named at `at`, the longest name first.
fn acts_at<'a>(
    view: View<'a>,
    within: &'a Range<usize>,
    at: usize,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let each = view.lexicon.acts.iter().enumerate();
    let mut found: Vec<(usize, usize)> = each
        .flat_map(|(index, act)| {
            act.forms.iter().filter_map(move |f| Some((index, f.at(view, within, at)?.to)))
        })
        .collect();
    found.sort_by_key(|(_, next)| std::cmp::Reverse(*next));
    found.into_iter()
}

/// Which tokens are a verb of an act by themselves.
pub(in crate::confidential) fn verbs(view: View<'_>) -> Vec<bool> {
    let all = 0..view.tokens.len();
    let forms = || view.lexicon.acts.iter().flat_map(|act| &act.forms);
    all.clone()
        .map(|at| forms().any(|form| form.at(view, &all, at).is_some_and(|f| f.to == at + 1)))
        .collect()
}

/// Whether one of the patterns fits somewhere in `within`.
pub(in crate::confidential) fn any(patterns: &[Pattern], view: View<'_>, within: &Range<usize>) -> bool {
    patterns.iter().any(|pattern| pattern.find(view, within.clone()).is_some())
}

/// Every place where one of the patterns fits.
pub(in crate::confidential) fn all<'a>(
    patterns: &'a [Pattern],
    view: View<'a>,
    within: &'a Range<usize>,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let at = move |from| {
        patterns
            .iter()
            .filter_map(move |pattern| pattern.at(view, within, from).map(|found| found.from..found.to))
    };
    within.clone().flat_map(at)
}

/// The first place where one of the patterns fits, the earliest in the clause.
pub(in crate::confidential) fn first(
    patterns: &[Pattern],
    view: View<'_>,
    within: &Range<usize>,
) -> Option<Found> {
    patterns.iter().filter_map(|pattern| pattern.find(view, within.clone())).min_by_key(|found| found.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_fits_with_one_letter_wrong_but_not_in_another_form() {
        let classes = Classes { misheard: true, ..Classes::default() };
        let fits = |stem: &str, word: &str| Stem::new(stem, &classes).fits(word);
        assert!(fits("gespeichert", "gespeuchert") && fits("gespeichert", "gespechert"));
        assert!(fits("zusammenfass*", "zusamrmenfassung") && fits("zusammenfass*", "zusammanfassung"));
        assert!(!fits("angebote", "angebot") && !fits("werbung", "verbung") && !fits("nicht", "nichl"));
        assert!(!Stem::new("gespeichert", &Classes::default()).fits("gespeuchert"));
    }
}

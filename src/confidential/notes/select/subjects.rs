//! What a call can be about: phrases that weigh, and the heaviest of them where nothing else is known.

use super::wishes::is_form;
use super::{CALLER, Evidence, make};
use crate::confidential::Text;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::pattern::View;
use crate::confidential::notes::{deeds, phrase, say};
use std::collections::BTreeMap;
use std::ops::Range;

/// A phrase that can be what a call is about: it holds a common noun, or is said again by somebody.
pub(super) fn is_subject(view: View<'_>, phrase: &Range<usize>) -> bool {
    phrase.clone().any(|at| phrase::is_content(view, at) && weight(view, at) >= 2)
}

/// A phrase that can be what something is done with: one with a determiner, or a subject.
pub(super) fn is_named(view: View<'_>, phrase: &Range<usize>) -> bool {
    let determined = view.words().determiners.contains(&view.tokens[phrase.start].text);
    determined && phrase.len() <= 3 || is_subject(view, phrase)
}

/// How much a word counts: listed, repeated, echoed by the other side.
fn weight(view: View<'_>, at: usize) -> usize {
    let token = &view.tokens[at];
    let listed = usize::from(view.words().nouns.contains(&token.text)) * 2;
    if token.text.len() < 4 && listed == 0 {
        return 0;
    }
    let (caller, agent) = view.counts.get(&token.text).copied().unwrap_or_default();
    let (own, other) = if token.speaker.is_caller() { (caller, agent) } else { (agent, caller) };
    let echoed = usize::from(other > 0);
    listed + usize::from(own > 1) + echoed * 2
}

pub(super) fn weight_if_content(view: View<'_>, at: usize) -> usize {
    if phrase::is_content(view, at) { weight(view, at) } else { 0 }
}

/// The listed noun of a phrase alone, where there is one.
pub(super) fn noun_part(view: View<'_>, phrase: &Range<usize>) -> Range<usize> {
    let noun = phrase.clone().rev().find(|&at| view.words().nouns.contains(&view.tokens[at].text));
    noun.map_or_else(|| phrase.clone(), |at| at..at + 1)
}

/// What the call is about: the heaviest words, the caller's first.
pub(super) fn subjects(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut best: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, token) in view.tokens.iter().enumerate() {
        let light = view.words().light.contains(&token.text);
        if !token.speaker.is_caller() || !phrase::is_content(view, at) || is_form(view, at) || light {
            continue;
        }
        let early = usize::from(token.turn < 8);
        let relative = view.lexicon.sensitive.relations.contains(&token.text);
        let score = if relative { 0 } else { weight(view, at) + 1 + early };
        let entry = best.entry(token.text.as_str()).or_insert((0, at));
        if score > entry.0 {
            *entry = (score, entry.1);
        }
    }
    let mut ranked: Vec<(usize, usize)> = best.into_values().filter(|(score, _)| *score >= 4).collect();
    ranked.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    let chosen: Vec<usize> = ranked.into_iter().map(|(_, at)| at).take(3).collect();
    if chosen.is_empty() {
        return first_thing(evidence, out);
    }
    let turns: Vec<u16> = chosen.iter().map(|&at| view.tokens[at].turn).collect();
    let words: Vec<Text> = chosen.iter().map(|&at| say::phrase(view, &(at..at + 1))).collect();
    let text = say::sentence(view.lexicon, "about", &[("np", &say::list(view.lexicon, &words))]);
    let mut statement = make(Kind::Issue, CALLER, Modality::Claim, text, turns, "subject");
    statement.reason = true;
    out.push(statement);
}

/// Where nothing is known to be the subject: the first thing that the caller named as theirs.
fn first_thing(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let early = evidence.clauses.iter().filter(|clause| clause.speaker.is_caller()).take(8);
    let own = |phrase: &Range<usize>| view.words().swap.contains_key(&view.tokens[phrase.start].text);
    let found = early
        .flat_map(|clause| deeds::phrases(view, &clause.place).into_iter().map(move |p| (p, clause.turn)))
        .find(|(phrase, _)| phrase.len() > 1 && own(phrase));
    if let Some((phrase, turn)) = found {
        let text = say::sentence(view.lexicon, "about", &[("np", &say::bare_phrase(view, &phrase))]);
        let mut statement = make(Kind::Issue, CALLER, Modality::Claim, text, vec![turn], "subject");
        statement.reason = true;
        out.push(statement);
    }
}

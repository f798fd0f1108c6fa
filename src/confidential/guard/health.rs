//! The call goes in; where health, beliefs and unions are spoken of comes out.
//!
//! A word or a phrase is a hit, so is a part of a body with a complaint that is somebody's. What stands around a hit is
//! of its matter, whether a list knows it or not: a medicine is mostly misheard.

use crate::confidential::Text;
use crate::confidential::notes::lexicon::{Lexicon, Stem};
use crate::confidential::notes::tokens::{Token, turn_end};
use std::collections::BTreeSet;

/// Tokens of the same turn before and behind a hit that are of its matter.
const REACH: usize = 8;

/// Tokens between a part of a body and its complaint.
const COMPLAINT: usize = 4;

/// Tokens around both within which somebody or something has it.
const OWNER: usize = 6;

/// Tokens from a hit to the end of a turn that asks for more, and those of the answer.
const ASKED: usize = 4;
const ANSWER: usize = 12;

/// Mentions of animals that make a call about one.
const ANIMALS: usize = 2;

/// Turns behind a hit in which its words are an echo.
const ECHO: u16 = 2;

/// Per token.
pub(super) struct Told {
    pub hits: Vec<bool>,
    /// Beside a hit, the hits left out.
    pub around: Vec<bool>,
}

impl Told {
    pub fn find(tokens: &[Token], covered: &[Option<usize>], lexicon: &Lexicon) -> Told {
        let sensitive = &lexicon.sensitive;
        let mut hits = vec![false; tokens.len()];
        for at in 0..tokens.len() {
            hits[at] |= super::sensitive::fits(&sensitive.health, &tokens[at]);
            // Small words alone sound like anything.
            if let Some(parts) = sensitive.torn.parts(tokens, at)
                && tokens[at..at + parts].iter().any(|token| !lexicon.words.stop.contains(&token.text))
            {
                hits[at..at + parts].fill(true);
            }
            for phrase in &sensitive.health_phrases {
                if stands(tokens, at, phrase) {
                    hits[at..at + phrase.len()].fill(true);
                }
            }
            if let Some(complaint) = hurting(tokens, at, lexicon) {
                hits[at] = true;
                hits[complaint] = true;
            }
        }
        let tells: Vec<bool> = tokens
            .iter()
            .zip(covered)
            .map(|(token, value)| may_tell(token, lexicon) && value.is_none())
            .collect();
        let mut around = vec![false; tokens.len()];
        let animals = tokens.iter().filter(|token| sensitive.animals.contains(&token.text)).count();
        for at in (0..tokens.len()).filter(|&at| hits[at]) {
            let turn = turn_of(tokens, at);
            // An animal's health is nobody's.
            let somebody = |token: &Token| sensitive.relations.contains(&token.text);
            if animals >= ANIMALS && !tokens[turn.clone()].iter().any(somebody) {
                continue;
            }
            let behind =
                (at + 1..(at + 1 + REACH).min(turn.end)).take_while(|&place| !tokens[place - 1].stop);
            let before = (at.saturating_sub(REACH).max(turn.start)..at).rev();
            let before = before.take_while(|&place| !tokens[place].stop);
            // "Do you still take blood thinners?" is answered by their names.
            let asked = turn.end - at <= ASKED && turn.end < tokens.len();
            let answer = if asked { turn_of(tokens, turn.end) } else { turn.end..turn.end };
            let answer = answer.start..(answer.start + ANSWER).min(answer.end);
            behind.chain(before).chain(answer).for_each(|place| around[place] |= tells[place]);
        }
        (0..tokens.len()).filter(|&at| hits[at]).for_each(|at| around[at] = false);
        Told { hits, around }
    }

    /// The words around hits that are said nowhere else, but as an echo.
    pub fn words(&self, tokens: &[Token]) -> BTreeSet<Text> {
        let turns: BTreeSet<u16> =
            tokens.iter().zip(&self.hits).filter(|(_, hit)| **hit).map(|(token, _)| token.turn).collect();
        let near = |turn: u16| turns.range(turn.saturating_sub(ECHO)..=turn).next().is_some();
        let elsewhere: BTreeSet<&str> = tokens
            .iter()
            .zip(&self.around)
            .filter(|(token, around)| !**around && !near(token.turn))
            .map(|(token, _)| token.text.as_str())
            .collect();
        let beside = tokens.iter().zip(&self.around).filter(|(_, around)| **around);
        beside
            .map(|(token, _)| token.text.as_str())
            .filter(|text| !elsewhere.contains(text))
            .map(Text::from)
            .collect()
    }
}

/// Whether the tokens from `at` on are a phrase, all in one turn.
fn stands(tokens: &[Token], at: usize, phrase: &[Stem]) -> bool {
    tokens.get(at..at + phrase.len()).is_some_and(|run| {
        run.iter().zip(phrase).all(|(token, stem)| stem.fits(&token.text) && token.turn == run[0].turn)
    })
}

/// The complaint of a part of somebody's body. A sofa has legs, too, and a car a body.
fn hurting(tokens: &[Token], at: usize, lexicon: &Lexicon) -> Option<usize> {
    let sensitive = &lexicon.sensitive;
    if !super::sensitive::fits(&sensitive.body, &tokens[at]) {
        return None;
    }
    let turn = turn_of(tokens, at);
    let near = |reach: usize| at.saturating_sub(reach).max(turn.start)..(at + 1 + reach).min(turn.end);
    let complaint =
        near(COMPLAINT).find(|&place| super::sensitive::fits(&sensitive.complaints, &tokens[place]))?;
    let owners = near(OWNER);
    let thing = tokens[owners.clone()].iter().any(|token| super::sensitive::fits(&sensitive.things, token));
    let somebody = |token: &Token| {
        sensitive.persons.contains(&token.text)
            || sensitive.relations.contains(&token.text)
            || sensitive.titles.contains(&token.text)
            || lexicon.words.names.contains(&token.text)
    };
    (!thing && tokens[owners].iter().any(somebody)).then_some(complaint)
}

fn turn_of(tokens: &[Token], at: usize) -> std::ops::Range<usize> {
    let turn = tokens[at].turn;
    let from = tokens[..at].iter().rposition(|token| token.turn != turn).map_or(0, |before| before + 1);
    from..turn_end(tokens, at)
}

/// Whether a word may tell something about anybody's health: a small word, a thing of service calls and what our own
/// sentences are made of may not.
fn may_tell(token: &Token, lexicon: &Lexicon) -> bool {
    let text = &token.text;
    let month = lexicon.time.months.contains_key(text);
    let number = token.is_number() || lexicon.numbers.tens.contains_key(text);
    super::sensitive::is_unknown(text, lexicon) && !month && !number && !lexicon.ours.contains(text)
}

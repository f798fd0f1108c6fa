//! A text that a person has typed goes in; what the guard finds sensitive in it comes out: its sort, and in which sentence.
//!
//! Nothing of it was heard, so of the guard's checks only this one applies, and it is the same: the text is read as if it
//! were the call and the note at once, each sentence a turn.

use super::sensitive::{Secrets, Sort, holds_account};
use crate::call::Language;
use crate::confidential::notes::lexicon::{self, Lexicon};
use crate::confidential::notes::tokens::{self, Token};
use crate::confidential::notes::values::{self, Kind, Value};
use crate::confidential::{Speaker, Transcript, Turn, Word};
use std::ops::Range;

/// What was found, and the bytes of the sentence in which it stands.
pub struct Finding {
    pub sort: Sort,
    pub at: Range<usize>,
}

/// What is sensitive in a text of that language: by sorts, each in the order of the text.
pub fn look(text: &str, language: Language) -> Vec<Finding> {
    let lexicon = lexicon::of(language);
    let sentences = sentences(text, lexicon);
    let transcript = as_turns(text, &sentences);
    let tokens = tokens::read(&transcript, lexicon);
    let values = values::read(&tokens, lexicon);
    let covered = values::cover(&tokens, &values);
    let mut found = Vec::new();
    let no_times: Vec<Value> =
        values::read(&tokens, lexicon).into_iter().filter(|value| !is_written_time(value, &tokens)).collect();
    for sort in Sort::ALL {
        // A card that was heard may look like a time; in what was typed, a time beside a telephone number is no card.
        let values = if sort == Sort::Card { &no_times } else { &values };
        let secrets = Secrets::of(&[sort], &tokens, values, &covered, lexicon);
        let shows = |sentence: &str| match sort {
            Sort::Card => secrets.tells(sentence) || holds_account(sentence),
            // Such a word is never read, so that it cannot be quoted.
            Sort::Mail => secrets.tells(sentence) || sentence.contains('@'),
            _ => secrets.tells(sentence),
        };
        let standing = sentences.iter().filter(|at| shows(&text[at.start..at.end]));
        found.extend(standing.map(|at| Finding { sort, at: at.clone() }));
    }
    found
}

/// "10:30" and "10 Uhr", and not "1030".
fn is_written_time(value: &Value, tokens: &[Token]) -> bool {
    let digits = |token: &Token| token.text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(value.kind, Kind::Time { .. }) && !tokens[value.from..value.to].iter().all(digits)
}

fn as_turns(text: &str, sentences: &[Range<usize>]) -> Transcript {
    let word = |word: &str| {
        let title = TITLES.iter().find(|(written, _)| *written == word).map(|(_, said)| *said);
        Word::new(title.unwrap_or(word).to_owned(), 0, 0, 1.0)
    };
    let turn = |at: &Range<usize>| Turn {
        speaker: Speaker::Caller,
        words: text[at.clone()].split_whitespace().map(word).collect(),
    };
    Transcript::new(sentences.iter().map(turn).collect())
}

/// Where each sentence stands. One too few costs a false alarm, one too many could part a name from its title: "Mr. Weber".
fn sentences(text: &str, lexicon: &Lexicon) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut at = 0;
    for word in text.split_inclusive(' ') {
        at += word.len();
        let bare = word.trim_end();
        let goes_on = text[at..].starts_with(char::is_lowercase);
        if bare.ends_with(['.', '!', '?']) && !goes_on && !is_short(bare, lexicon) {
            found.push(from..at);
            from = at;
        }
    }
    found.push(from..text.len());
    found.retain(|at: &Range<usize>| !text[at.clone()].trim().is_empty());
    found
}

/// A title, an abbreviation such as "z. B.", or an ordinal such as "12. Mai".
fn is_short(word: &str, lexicon: &Lexicon) -> bool {
    let bare = tokens::fold(word.trim_end_matches('.'));
    let title = lexicon.sensitive.titles.contains(bare.as_str())
        || TITLES.iter().any(|(written, _)| *written == word);
    let letters = bare.chars().filter(|c| c.is_alphanumeric()).count();
    title || (1..=2).contains(&letters) && word.ends_with('.')
}

/// Titles as they are written, and as they are said: the lexicons know what is said.
const TITLES: &[(&str, &str)] = &[
    ("M.", "monsieur"),
    ("Mme", "madame"),
    ("Mlle", "mademoiselle"),
    ("Hr.", "herr"),
    ("Hrn.", "herrn"),
    ("Fr.", "frau"),
];

#[cfg(test)]
#[path = "typed_tests.rs"]
mod tests;

//! Tokens go in; where two or three of them sound like one word that the detectors must not miss, that word comes out.
//!
//! On a bad line a recogniser tears long words apart and puts others in their place ("wieder spreche", "cattle logs",
//! "niouze l'être"). Such a run of tokens is known by its consonants: those that sound alike count as one, vowels do
//! not count. Short words have too many neighbours and are left alone.

use super::tokens::Token;
use crate::confidential::Text;
use std::collections::BTreeMap;

/// Words by their consonants.
#[derive(Default)]
pub(in crate::confidential) struct Sounds(BTreeMap<String, String>);

/// Consonants that a word must have to be known by them.
const LEAST: usize = 4;

/// Tokens into which a word is torn at most.
const MOST_PARTS: usize = 3;

/// Letters by which the torn word may be longer or shorter.
const LETTERS: usize = 4;

impl Sounds {
    pub fn new<'a>(words: impl Iterator<Item = &'a str>) -> Sounds {
        let by_sound = words.map(|word| (skeleton(word.bytes()).into_string(), word.to_owned()));
        Sounds(by_sound.filter(|(sound, _)| sound.len() >= LEAST).collect())
    }

    /// Puts torn words of the tokens from `from` on together.
    pub fn join(&self, tokens: &mut Vec<Token>, from: usize) {
        let mut at = from;
        while at + 1 < tokens.len() {
            for parts in (2..=MOST_PARTS).rev() {
                let Some(word) = self.heard(tokens, at, parts) else { continue };
                let rest: Vec<Token> = tokens.drain(at + 1..at + parts).collect();
                let token = &mut tokens[at];
                token.tell(word.again());
                token.show(word);
                if let Some(last) = rest.last() {
                    (token.stop, token.question, token.comma) = (last.stop, last.question, last.comma);
                }
                break;
            }
            at += 1;
        }
    }

    /// Of how many tokens the torn word is that begins at `at`.
    pub fn parts(&self, tokens: &[Token], at: usize) -> Option<usize> {
        let same = |parts: usize| tokens.get(at + parts - 1).is_some_and(|t| t.turn == tokens[at].turn);
        (2..=MOST_PARTS).rev().find(|&parts| same(parts) && self.heard(tokens, at, parts).is_some())
    }

    fn heard(&self, tokens: &[Token], at: usize, parts: usize) -> Option<Text> {
        let torn = tokens.get(at..at + parts)?;
        let (_, before) = torn.split_last()?;
        if before.iter().any(|token| token.stop || token.comma) || torn.iter().any(Token::is_number) {
            return None;
        }
        let sound = skeleton(torn.iter().flat_map(|token| token.text.bytes()));
        let word = self.0.get(sound.as_str())?;
        // A part that is the word by itself was not torn: its neighbours only add vowels.
        if torn.iter().any(|token| skeleton(token.text.bytes()) == sound) {
            return None;
        }
        let length: usize = torn.iter().map(|token| token.text.len()).sum();
        let begins = first(torn.iter().flat_map(|token| token.text.bytes()));
        let alike = first(word.bytes()) == begins && word.len().abs_diff(length) <= LETTERS;
        alike.then(|| word.as_str().into())
    }
}

/// The consonants of a folded word, those that sound alike as one, none twice in a row.
fn skeleton(word: impl Iterator<Item = u8>) -> Text {
    let mut letters = word.filter(u8::is_ascii_alphabetic).peekable();
    let mut sounds = Text::new();
    while let Some(letter) = letters.next() {
        let sound = sound(letter, letters.peek().copied());
        if sound.is_some() && sounds.bytes().last() != sound {
            sounds.extend(sound.map(char::from));
        }
    }
    sounds
}

/// The consonant that stands for all that sound like `letter` before `next`; none for vowels and what is not heard.
fn sound(letter: u8, next: Option<u8>) -> Option<u8> {
    let soft = matches!(next, Some(b'e' | b'i' | b'y'));
    match letter {
        b'b' | b'p' if next == Some(b'h') => Some(b'f'),
        b'b' | b'p' => Some(b'p'),
        b'd' | b't' => Some(b't'),
        b'c' if soft => Some(b's'),
        b'g' if soft => Some(b'j'),
        b'c' | b'g' | b'k' | b'q' => Some(b'k'),
        b's' | b'z' | b'x' => Some(b's'),
        b'f' | b'v' => Some(b'f'),
        b'j' | b'l' | b'm' | b'n' | b'r' => Some(letter),
        _ => None,
    }
}

/// How a word begins: with which consonant, or with a vowel.
fn first(mut word: impl Iterator<Item = u8>) -> Option<u8> {
    let letter = word.find(|byte| byte.is_ascii_alphabetic() && *byte != b'h')?;
    sound(letter, None).or(Some(b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(torn: &str, word: &str) -> bool {
        skeleton(torn.bytes()) == skeleton(word.bytes()) && first(torn.bytes()) == first(word.bytes())
    }

    #[test]
    fn torn_and_misheard_words_sound_like_the_word() {
        for (torn, word) in [
            ("wiederspreche", "widerspreche"),
            ("cattlelogs", "catalogs"),
            ("newslater", "newsletter"),
            ("teletsails", "teletsales"),
            ("prospegten", "prospekten"),
            ("leaugicielle", "logicielle"),
            ("zusammenfassung", "zusammenfassung"),
        ] {
            assert!(same(torn, word), "{torn}");
        }
        assert!(!same("katerloge", "kataloge") && !same("according", "recording"));
    }
}

//! Tokens go in; where two or three of them sound like one word that the detectors must not miss, that word comes out.
//!
//! On a bad line a recogniser tears long words apart and puts others in their place ("wieder spreche", "cattle logs",
//! "niouze l'être"). Such a run of tokens is known by its consonants: those that sound alike count as one, vowels do
//! not count. Short words have too many neighbours and are left alone.

use super::tokens::Token;
use std::collections::BTreeMap;

/// Words by their consonants.
#[derive(Default)]
pub(in crate::confidential) struct Sounds(BTreeMap<Vec<u8>, String>);

/// Consonants that a word must have to be known by them.
const LEAST: usize = 4;

/// Tokens into which a word is torn at most.
const MOST_PARTS: usize = 3;

/// Letters by which the torn word may be longer or shorter.
const LETTERS: usize = 4;

impl Sounds {
    pub fn new<'a>(words: impl Iterator<Item = &'a str>) -> Sounds {
        let by_sound = words.map(|word| (skeleton(word), word.to_owned()));
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
                (token.text, token.shown) = (word.clone(), word);
                if let Some(last) = rest.last() {
                    (token.stop, token.question, token.comma) = (last.stop, last.question, last.comma);
                }
                break;
            }
            at += 1;
        }
    }

    fn heard(&self, tokens: &[Token], at: usize, parts: usize) -> Option<String> {
        let torn = tokens.get(at..at + parts)?;
        let (_, before) = torn.split_last()?;
        if before.iter().any(|token| token.stop || token.comma) || torn.iter().any(Token::is_number) {
            return None;
        }
        let letters: String = torn.iter().map(|token| token.text.as_str()).collect();
        let sound = skeleton(&letters);
        let word = self.0.get(&sound)?;
        // A part that is the word by itself was not torn: its neighbours only add vowels.
        if torn.iter().any(|token| skeleton(&token.text) == sound) {
            return None;
        }
        let alike = first(word) == first(&letters) && word.len().abs_diff(letters.len()) <= LETTERS;
        alike.then(|| word.clone())
    }
}

/// The consonants of a folded word, those that sound alike as one, none twice in a row.
fn skeleton(word: &str) -> Vec<u8> {
    let word: Vec<u8> = word.bytes().filter(u8::is_ascii_alphabetic).collect();
    let mut sounds: Vec<u8> = Vec::with_capacity(word.len());
    for (at, letter) in word.iter().enumerate() {
        let next = word.get(at + 1);
        let soft = matches!(next, Some(b'e' | b'i' | b'y'));
        let sound = match letter {
            b'b' | b'p' if next == Some(&b'h') => b'f',
            b'b' | b'p' => b'p',
            b'd' | b't' => b't',
            b'c' if soft => b's',
            b'c' | b'g' | b'k' | b'q' if !(soft && *letter == b'g') => b'k',
            b'g' | b'j' => b'j',
            b's' | b'z' | b'x' => b's',
            b'f' | b'v' => b'f',
            b'l' | b'm' | b'n' | b'r' => *letter,
            _ => continue,
        };
        if sounds.last() != Some(&sound) {
            sounds.push(sound);
        }
    }
    sounds
}

/// How a word begins: with which consonant, or with a vowel.
fn first(word: &str) -> Option<u8> {
    let letter = word.bytes().find(|byte| byte.is_ascii_alphabetic() && *byte != b'h')?;
    skeleton(std::str::from_utf8(&[letter]).ok()?).first().copied().or(Some(b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(torn: &str, word: &str) -> bool {
        skeleton(torn) == skeleton(word) && first(torn) == first(word)
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
